//! Databases of schemas before the first publication: they are refused, and what they hold is named with the commands
//! that build it again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::rows::parsed;
use super::schema::SCHEMA_VERSION;
use super::sqlite::open_unchanging;
use crate::error::{Error, in_quotes};
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

/// What brings a file again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// An address whose hash is known, and any pack.
    Address,
    /// An address without a known hash, and any pack.
    Unverified,
    /// A pack alone.
    Pack,
    /// Nothing: the bytes are not those of the catalogue.
    Nothing,
}

impl StoredFile {
    /// Returns what brings the file again.
    fn source(&self, catalogue: &Catalogue) -> Source {
        let kind = FileKind::of(self.part, self.code_set);
        let known = catalogue.find(self.code_set, self.id);
        let Some(known) = known
            .filter(|known| known.knows_file(kind, &self.sha256, self.archive_sha256.as_deref()))
        else {
            return Source::Nothing;
        };
        let held = match self.part {
            ReleasePart::Document(kind) => kind.held_as(),
            part => part.name(),
        };
        let with_it = known
            .archives
            .iter()
            .filter(|archive| archive.holds.iter().any(|one| one == held));
        let hashes: Vec<bool> = with_it.map(|archive| archive.sha256.is_some()).collect();
        match (hashes.contains(&true), hashes.is_empty()) {
            (true, _) => Source::Address,
            (false, false) => Source::Unverified,
            (false, true) => Source::Pack,
        }
    }

    /// Returns the file in words, with where it came from.
    fn shown(&self) -> String {
        let file = match &self.archive {
            Some(archive) => format!("{archive} > {}", self.name),
            None => self.name.clone(),
        };
        let (name, part) = (self.code_set.name(), self.part.label());
        format!("{name} {}, {part}: {file}", self.id)
    }
}

/// Returns the error for a file of an earlier schema. Nothing is written to it or beside it: it is opened as one that
/// nobody changes, or, where a log of an ended import stands beside it, to be read only.
pub(super) fn refuse(path: &Path, version: i64) -> Error {
    let shown = path.display().to_string();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut log = absolute.as_os_str().to_owned();
    log.push("-wal");
    let unchanging = match Path::new(&log).exists() {
        true => None,
        false => open_unchanging(&absolute),
    };
    let opened = unchanging.unwrap_or_else(|| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&absolute, flags)
    });
    refusal(opened.ok().as_ref(), &shown, version)
}

/// Returns the error for a database of an earlier schema: what it holds, and how it is built again.
pub(super) fn refusal(connection: Option<&Connection>, path: &str, version: i64) -> Error {
    let error = |holds: &str, hint: String| {
        Error::store(format!(
            "this database has schema {version}, from before the first publication, and this program reads {SCHEMA_VERSION}; it is not changed{holds}"
        ))
        .in_file(path)
        .with_hint(hint)
    };
    let new = beside(path);
    let holding = connection.and_then(|connection| Holding::of(connection).ok());
    let Some(holding) = holding else {
        let hint = format!("build a new one: codeyear --db {new} init");
        return error(", and what it holds cannot be read", hint);
    };
    if holding.is_sample {
        let hint = "build the sample again: codeyear demo --folder FOLDER";
        return error("; it has the bundled sample", hint.to_owned());
    }
    let holds = format!(". It has:{}", holding.releases());
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

    /// Returns the commands that build it again as a new file, and names what the addresses or nothing bring.
    fn commands(&self, new: &str) -> String {
        let mut lines = vec![
            "build a new one, then name it with --db or replace the old one:".to_owned(),
            format!("codeyear --db {new} init"),
        ];
        if cfg!(feature = "fetch") {
            lines.push(format!("codeyear --db {new} fetch --missing"));
        }
        let removed = self.removed.iter();
        lines.extend(removed.map(|(code_set, id)| {
            format!("codeyear --db {new} remove {id} --code-set {code_set}")
        }));
        let Ok(catalogue) = Catalogue::bundled() else {
            return lines.join("\n  ");
        };
        let from = |source: Source| {
            let files = self.files.iter();
            files.filter(move |file| file.source(catalogue) == source)
        };
        for (source, what) in [
            (
                Source::Unverified,
                "only a pack, or fetch --missing --unverified, brings",
            ),
            (Source::Pack, "only a pack brings"),
        ] {
            let files = grouped(from(source));
            if !files.is_empty() {
                lines.push(format!("{what}: {files}"));
            }
        }
        let mut lost = from(Source::Nothing).map(StoredFile::shown).peekable();
        if lost.peek().is_some() {
            lines.push(
                "nothing brings these files as they are here; import yours again:".to_owned(),
            );
        }
        lines.extend(lost);
        lines.join("\n  ")
    }
}

/// Lists files by code set and kind, each with its releases.
fn grouped<'f>(files: impl Iterator<Item = &'f StoredFile>) -> String {
    let mut groups: BTreeMap<(CodeSet, ReleasePart), BTreeSet<ReleaseId>> = BTreeMap::new();
    for file in files {
        let group = groups.entry((file.code_set, file.part)).or_default();
        group.insert(file.id);
    }
    let groups = groups.into_iter().map(|((code_set, part), ids)| {
        let ids: Vec<String> = ids.iter().map(ReleaseId::to_string).collect();
        format!("{} {} of {}", code_set.name(), part.label(), ids.join(", "))
    });
    groups.collect::<Vec<String>>().join("; ")
}

/// Returns a name for a new file beside the old one, as a shell takes it.
fn beside(path: &str) -> String {
    let path = Path::new(path);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let named = |number: u32| match number {
        1 => path.with_file_name(format!("{stem}-{SCHEMA_VERSION}.db")),
        number => path.with_file_name(format!("{stem}-{SCHEMA_VERSION}-{number}.db")),
    };
    let free = (1..100).map(named).find(|path| !path.exists());
    let new = free.unwrap_or_else(|| named(1)).display().to_string();
    // What begins with a hyphen is an option.
    let new = match new.starts_with('-') {
        true => format!("./{new}"),
        false => new,
    };
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || std::path::is_separator(c) || "/:._-".contains(c);
    match new.chars().all(is_plain) {
        true => new,
        false => in_quotes(&new),
    }
}
