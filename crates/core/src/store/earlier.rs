//! Databases of schemas before the first publication: they are refused, and what they hold is named with the commands
//! that build it again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::SCHEMA_VERSION;
use super::rows::parsed;
use crate::error::Error;
use crate::model::{CodeSet, ReleaseId, ReleasePart};
use crate::source::catalogue::Catalogue;
use crate::source::kind::FileKind;

/// A file of a release as such a database has it.
struct StoredFile {
    code_set: CodeSet,
    id: ReleaseId,
    part: ReleasePart,
    name: String,
    archive: Option<String>,
    sha256: String,
    archive_sha256: Option<String>,
}

impl StoredFile {
    /// Checks whether a pack can bring the file, or an address that the catalogue knows.
    fn comes_again(&self, catalogue: &Catalogue) -> bool {
        let kind = FileKind::of(self.part, self.code_set);
        catalogue.find(self.code_set, self.id).is_some_and(|known| {
            known.knows_file(kind, &self.sha256, self.archive_sha256.as_deref())
        })
    }

    /// Names the file as it was imported.
    fn shown(&self) -> String {
        match &self.archive {
            Some(archive) => format!("{archive} > {}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Returns the error for a database of an earlier schema: what it holds, and how it is built again. Nothing is written
/// to it.
pub(super) fn refusal(connection: &Connection, path: &str, version: i64) -> Error {
    let error = |holds: &str, hint: String| {
        Error::store(format!(
            "this database has schema {version}, from before the first publication, and this program reads {SCHEMA_VERSION}; it stays as it is{holds}"
        ))
        .in_file(path)
        .with_hint(hint)
    };
    let new = beside(path);
    let Ok(holding) = Holding::of(connection) else {
        let hint = format!("build a new one: codeyear --db {new} init");
        return error(", and what it holds cannot be read", hint);
    };
    if holding.is_sample {
        let hint = "build the sample again: codeyear demo FOLDER";
        return error("; it holds the bundled sample", hint.to_owned());
    }
    let holds = format!(". It holds:{}", holding.releases());
    error(&holds, holding.commands(&new))
}

/// What a database of an earlier schema holds.
struct Holding {
    is_sample: bool,
    files: Vec<StoredFile>,
    /// The releases that were taken out on purpose.
    removed: Vec<(CodeSet, ReleaseId)>,
}

impl Holding {
    fn of(connection: &Connection) -> rusqlite::Result<Holding> {
        let is_sample = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'kind' AND value = 'sample')",
            [],
            |row| row.get(0),
        )?;
        let files = connection
            .prepare(
                "SELECT code_set.name, release.name, kind, source_file.name, archive, sha256, archive_sha256
                 FROM source_file JOIN release ON release.id = source_file.release
                 JOIN code_set ON code_set.id = release.code_set
                 ORDER BY release.code_set, effective_from, revision, source_file.id",
            )?
            .query_map([], |row| {
                Ok(StoredFile {
                    code_set: parsed(row, 0)?,
                    id: parsed(row, 1)?,
                    part: parsed(row, 2)?,
                    name: row.get(3)?,
                    archive: row.get(4)?,
                    sha256: row.get(5)?,
                    archive_sha256: row.get(6)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        let has_removed: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'removed')",
            [],
            |row| row.get(0),
        )?;
        let removed = match has_removed {
            true => connection
                .prepare(
                    "SELECT code_set.name, release FROM removed JOIN code_set ON code_set.id = removed.code_set
                     ORDER BY removed.code_set, release",
                )?
                .query_map([], |row| Ok((parsed(row, 0)?, parsed(row, 1)?)))?
                .collect::<rusqlite::Result<_>>()?,
            false => Vec::new(),
        };
        Ok(Holding {
            is_sample,
            files,
            removed,
        })
    }

    /// Lists the releases, a line for each code set.
    fn releases(&self) -> String {
        let mut by_set: BTreeMap<CodeSet, BTreeSet<ReleaseId>> = BTreeMap::new();
        for file in &self.files {
            by_set.entry(file.code_set).or_default().insert(file.id);
        }
        let lines = by_set.into_iter().map(|(code_set, ids)| {
            let ids: Vec<String> = ids.iter().map(ReleaseId::to_string).collect();
            format!("\n  {}: {}", code_set.name(), ids.join(", "))
        });
        let lines: String = lines.collect();
        match lines.is_empty() {
            true => "\n  no release".to_owned(),
            false => lines,
        }
    }

    /// Returns the commands that build it again as a new file, and names what none of them brings.
    fn commands(&self, new: &str) -> String {
        let mut lines = vec![
            "build a new one beside it, from a pack and the publishers' addresses:".to_owned(),
            format!("codeyear --db {new} init"),
            format!("codeyear --db {new} fetch --missing"),
        ];
        let removed = self.removed.iter();
        lines.extend(removed.map(|(code_set, id)| {
            format!("codeyear --db {new} remove {id} --code-set {code_set}")
        }));
        let lost: Vec<&StoredFile> = match Catalogue::bundled() {
            Ok(catalogue) => {
                let files = self.files.iter();
                files.filter(|file| !file.comes_again(catalogue)).collect()
            }
            Err(_) => self.files.iter().collect(),
        };
        lines.push("then name it with --db, or put it in the place of the old one".to_owned());
        if !lost.is_empty() {
            lines
                .push("neither brings these files as they are here: import yours again".to_owned());
        }
        lines.extend(lost.into_iter().map(|file| {
            format!(
                "{} {}, {}: {}",
                file.code_set.name(),
                file.id,
                file.part.label(),
                file.shown()
            )
        }));
        lines.join("\n  ")
    }
}

/// Returns a name for the new file beside the old one, as a shell takes it.
fn beside(path: &str) -> String {
    let path = Path::new(path);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!("{stem}-{SCHEMA_VERSION}.db"));
    let new = new.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/\\:._-~".contains(c);
    match new.chars().all(is_plain) {
        true => new,
        false => format!("'{}'", new.replace('\'', "'\\''")),
    }
}
