//! Packs: which files belong into one, and the import from one.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{CodeSet, Provenance, ReleaseId, ReleasePart, StoreKind};
use crate::pack::{FileToPack, Pack, PackedFile, releases_of};
use crate::source::archive::{Findings, find};
use crate::source::catalogue::Catalogue;
use crate::store::Store;

use super::import::{import, import_found};
use super::report::{Failed, ImportOptions, ImportProgress, ImportReport, Imported, Skipped};

/// The files that belong into a pack, and those that do not.
#[derive(Debug)]
pub struct Packing {
    /// The files to pack.
    pub files: Vec<FileToPack>,
    /// What was left out, and why.
    pub left: Vec<Skipped>,
    /// The files that cannot be taken, and why.
    pub failed: Vec<Failed>,
}

/// By what one of two copies is chosen, the smaller first: whether its archive is unknown, and the names, so that
/// the sequence of the folders decides nothing.
type Rank = (bool, String, String);

/// Chooses the files for a pack: those that an import of these paths takes, each for the release that it takes it
/// for, and of those the ones whose bytes the catalogue knows. Of two copies the one stays whose archive is known.
///
/// # Errors
/// As [`import`].
pub fn choose_for_pack(
    paths: &[PathBuf],
    today: NaiveDate,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Packing> {
    let catalogue = Catalogue::bundled()?;
    let mut store = Store::in_memory()?;
    let report = import(&mut store, paths, &ImportOptions::on(today), progress)?;
    drop(store);
    let mut left = report.left;
    let taken: HashMap<&str, &Imported> = report
        .taken
        .iter()
        .map(|taken| (taken.file.as_str(), taken))
        .collect();
    // By what a release has one of.
    let mut chosen: BTreeMap<(CodeSet, ReleaseId, ReleasePart), (Rank, FileToPack)> =
        BTreeMap::new();
    for found in find(paths)?.found {
        let Some(taken) = taken.get(found.shown.as_str()) else {
            continue;
        };
        let (code_set, release) = (taken.code_set, taken.release);
        let (_, sha256) = found.read_hashed()?;
        let archive = found.archive.as_ref();
        let archive_sha256 = archive.map(|archive| archive.sha256.as_str());
        let known = catalogue
            .find(code_set, release)
            .filter(|known| known.knows_file(found.kind, &sha256, archive_sha256));
        let leave = |why: String| Skipped {
            file: found.shown.clone(),
            why,
        };
        let Some(known) = known else {
            left.push(leave("its hash is not in the catalogue".to_owned()));
            continue;
        };
        let published = known.archives.iter().find(|archive| {
            archive.sha256.is_some()
                && (archive.sha256.as_deref() == archive_sha256
                    || archive.sha256.as_deref() == Some(sha256.as_str()))
        });
        let file = FileToPack {
            code_set,
            release,
            url: published.map(|archive| archive.url.clone()),
            provenance: match (taken.kind, &known.order_file) {
                (ReleasePart::OrderFile, Some(facts)) if published.is_none() => facts.provenance,
                _ => Provenance::Official,
            },
            part: taken.kind,
            found: found.clone(),
        };
        let archive_name = archive.map_or_else(String::new, |archive| archive.name.clone());
        let rank = (published.is_none(), archive_name, found.name.clone());
        let place = (code_set, release, taken.kind);
        match chosen.get(&place) {
            Some((there, _)) if *there <= rank => {
                left.push(leave(format!(
                    "another file is the {} of {release} as well",
                    taken.kind.label()
                )));
            }
            there => {
                if let Some((_, other)) = there {
                    left.push(Skipped {
                        file: other.found.shown.clone(),
                        why: format!(
                            "another file is the {} of {release} as well",
                            taken.kind.label()
                        ),
                    });
                }
                chosen.insert(place, (rank, file));
            }
        }
    }
    Ok(Packing {
        files: chosen.into_values().map(|(_, file)| file).collect(),
        left,
        failed: report.failed,
    })
}

/// What becomes of the releases that the user took out of a database when a pack has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// They are left out.
    StayOut,
    /// They are added again.
    ComeBack,
}

/// Lists the files of a pack that an import from it would add to a database: those of releases that are neither stored
/// nor taken out by the user, and those that stored releases lack. What the user insisted on or took in part stays as
/// it is, and a database of the sample takes none.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn pack_would_add(pack: &Pack, store: &Store, removed: Removed) -> Result<Vec<PackedFile>> {
    if store.kind()? == StoreKind::Sample {
        return Ok(Vec::new());
    }
    let stored = store.releases()?;
    let removed = match removed {
        Removed::StayOut => store.removed_releases()?,
        Removed::ComeBack => Vec::new(),
    };
    let lacks = |file: &&PackedFile| {
        let release = (file.code_set, file.release);
        let mut stored = stored.iter();
        let there = stored.find(|one| (one.release.code_set, one.release.id) == release);
        let is_lacking = there.is_none_or(|there| there.takes_files() && !there.has(file.part));
        is_lacking && !removed.contains(&release)
    };
    Ok(pack.files().iter().filter(lacks).cloned().collect())
}

/// Imports what a pack [would add](pack_would_add): all of it, or nothing if a file of the pack cannot be taken,
/// whatever the options say of that. What the user imported is never replaced. The report is empty if there is
/// nothing to add.
///
/// # Errors
/// As [`import`], and [`crate::ErrorKind::Format`] for a damaged pack. Nothing is stored then.
pub fn import_pack(
    store: &mut Store,
    pack: &Pack,
    removed: Removed,
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<ImportReport> {
    let wanted = pack_would_add(pack, store, removed)?;
    if wanted.is_empty() {
        return Ok(ImportReport::default());
    }
    let releases = releases_of(&wanted).into_iter().collect();
    let options = ImportOptions {
        strict: true,
        ..*options
    };
    let mut found = || {
        Ok(Findings {
            found: pack.found(&|file| wanted.contains(file)),
            damaged: Vec::new(),
        })
    };
    import_found(store, &mut found, &options, Some(&releases), progress).map(|run| run.report)
}
