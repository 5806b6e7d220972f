//! Import: files as published, recognised, identified, parsed and stored in one transaction.
//!
//! One thread unpacks, hashes and parses while this one writes, one release apart, so that memory does
//! not grow with the number of releases. The first error ends all of it and leaves the database as it
//! was.

mod prepare;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::NaiveDate;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, ReleaseId};
use crate::parse::addenda::parse_order_addenda;
use crate::parse::order::OrderFile;
use crate::source::archive::find;
use crate::source::catalogue::Catalogue;
use crate::source::identify::IdentifiedBy;
use crate::source::recognise::FileKind;
use crate::source::sample::{sample_bytes, sample_files};
use crate::store::{Added, NewAddenda, NewFile, NewRelease, Rows, Store, StoreKind, Writer};

use prepare::{Message, Order, Package, Part, Prepared, Preparer, Seen, pack, patches};

/// What the user states about the files.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// The release, where content and name do not tell it or tell it wrongly.
    pub release: Option<ReleaseId>,
    /// The code set, where content tells it wrongly.
    pub code_set: Option<CodeSet>,
    /// Take other bytes for a known or stored release as a correction of it, beside the first.
    pub revision: bool,
    /// The day of the import, which is recorded.
    pub today: NaiveDate,
}

impl ImportOptions {
    /// Nothing stated.
    pub fn on(today: NaiveDate) -> ImportOptions {
        ImportOptions {
            release: None,
            code_set: None,
            revision: false,
            today,
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// What was taken, in the order of the files.
    pub taken: Vec<Taken>,
    /// What was left, and why.
    pub left: Vec<Left>,
}

impl ImportReport {
    /// Tells whether anything new was stored.
    pub fn changed(&self) -> bool {
        self.taken.iter().any(|taken| taken.added == Added::New)
    }
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The file.
    pub file: String,
    /// Whether it is an order file; else it is an order addenda.
    pub is_order_file: bool,
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// How the release was told: `hash`, `archive`, `name`, `statement`, `sample`.
    pub identified_by: &'static str,
    /// Its rows; of an addenda, its lines of changes.
    pub rows: u64,
    /// Of an order file, its rows with flag 1.
    pub billable: u64,
    /// Whether it is new or was there already.
    pub added: Added,
    /// What the user should know of it.
    pub notes: Vec<String>,
}

/// A file that was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The file.
    pub file: String,
    /// What it is, or why it was left.
    pub why: String,
}

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The files are known.
    Found {
        /// The number of order files and addenda to come.
        files: usize,
    },
    /// A file is stored, or was there already.
    Done {
        /// The file.
        file: String,
        /// The release.
        release: ReleaseId,
    },
    /// Another import is running; this one waits for it to end.
    Waiting,
    /// Everything is stored; the transaction is being ended.
    Committing,
}

/// Imports what is found at some paths: zips, folders, files, as published. All or nothing.
///
/// # Errors
/// Whatever is wrong with a path, an archive, a file or the database; nothing is stored then.
pub fn import(
    store: &mut Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport> {
    let mut found = find(paths)?;
    if let Some(code_set) = options.code_set {
        for file in &mut found {
            match &mut file.kind {
                FileKind::OrderFile(kind) | FileKind::OrderAddenda(kind) => *kind = code_set,
                FileKind::Zip | FileKind::Other(_) => {}
            }
        }
    }
    let (packages, left) = pack(found);
    if packages.is_empty() {
        let what = match left.as_slice() {
            [] => "there are no files here".to_owned(),
            [one] => format!("{}: {}", one.file, one.why),
            several => format!(
                "of {} files, none is an order file or an order addenda",
                several.len()
            ),
        };
        return Err(Error::new(ErrorKind::NotFound, format!("nothing to import: {what}"))
            .with_hint("name a zip from CMS or NCHS with an order file in it (icd10cm_order_2026.txt), or the file itself"));
    }
    if options.release.is_some() && packages.len() > 1 {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "--release names one release, and {} order files or addenda were found",
                packages.len()
            ),
        )
        .with_hint("import them one at a time"));
    }
    progress(Progress::Found {
        files: packages.iter().map(Package::files).sum(),
    });
    let mut writer = store.begin_import(&mut || progress(Progress::Waiting))?;
    let seen = writer
        .releases()?
        .into_iter()
        .map(|stored| Seen {
            code_set: stored.release.code_set,
            id: stored.release.id,
            rows: stored.release.rows,
            billable: stored.release.billable,
            sha256: stored.release.sha256,
        })
        .collect();
    let mut preparer = Preparer {
        catalogue: Catalogue::bundled()?,
        sample: sample_files()?,
        options: *options,
        seen,
    };
    let mut report = ImportReport {
        taken: Vec::new(),
        left,
    };
    std::thread::scope(|scope| -> Result<()> {
        let (send, receive): (SyncSender<Message>, Receiver<Message>) = sync_channel(0);
        scope.spawn(move || {
            for package in &packages {
                // Told only if the writer has nothing to do; else it has what it needs by then.
                let mut parsing = |code_set| drop(send.try_send(Message::Parsing(code_set)));
                let prepared = preparer.prepare(package, &mut parsing);
                let failed = prepared.is_err();
                // The writer has given up if it no longer listens.
                if send.send(Message::Prepared(Box::new(prepared))).is_err() || failed {
                    break;
                }
            }
        });
        for message in receive {
            match message {
                Message::Parsing(code_set) => writer.prepare_for(code_set)?,
                Message::Prepared(prepared) => {
                    write(
                        &mut writer,
                        (*prepared)?,
                        options.today,
                        &mut report,
                        progress,
                    )?;
                }
            }
        }
        Ok(())
    })?;
    progress(Progress::Committing);
    if report.changed() {
        writer.commit()?;
    }
    Ok(report)
}

/// Imports the bundled sample into a database of its own.
///
/// # Errors
/// [`ErrorKind::Conflict`] if the database holds full releases.
pub fn import_sample(store: &mut Store, today: NaiveDate) -> Result<ImportReport> {
    let mut writer = store.begin_import(&mut || {})?;
    let mut report = ImportReport::default();
    // An addenda needs its release: order files first.
    for wants_order_file in [true, false] {
        for file in sample_files()?
            .iter()
            .filter(|file| file.is_order_file == wants_order_file)
        {
            let bytes = sample_bytes(file).to_vec();
            let new_file = NewFile {
                name: file.path.clone(),
                archive: None,
                url: None,
                sha256: file.sha256.clone(),
                bytes: bytes.len() as u64,
            };
            let in_file = |error: Error| error.in_file(format!("releases/sample/{}", file.path));
            let mut prepared = Prepared {
                code_set: file.code_set,
                id: file.release,
                identified_by: IdentifiedBy::Sample,
                order: None,
                addenda: None,
                patches: patches(Catalogue::bundled()?, file.code_set, file.release),
            };
            if file.is_order_file {
                prepared.order = Some(Part {
                    shown: file.path.clone(),
                    contents: Order::Parsed(
                        OrderFile::parse(file.code_set, bytes).map_err(in_file)?,
                    ),
                    file: new_file,
                    notes: Vec::new(),
                });
            } else {
                prepared.addenda = Some(Part {
                    shown: file.path.clone(),
                    contents: parse_order_addenda(file.code_set, &bytes).map_err(in_file)?,
                    file: new_file,
                    notes: Vec::new(),
                });
            }
            write(&mut writer, prepared, today, &mut report, &mut |_| {})?;
        }
    }
    writer.commit()?;
    Ok(report)
}

/// Names the file that an error is of; one of the database names the database.
fn in_part(error: Error, shown: &str) -> Error {
    match error.kind() {
        ErrorKind::Store | ErrorKind::Busy => error,
        _ => error.in_file(shown),
    }
}

fn write(
    writer: &mut Writer<'_>,
    prepared: Prepared,
    today: NaiveDate,
    report: &mut ImportReport,
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let Prepared {
        code_set,
        id,
        identified_by,
        order,
        addenda,
        patches,
    } = prepared;
    writer.set_kind(if identified_by == IdentifiedBy::Sample {
        StoreKind::Sample
    } else {
        StoreKind::Full
    })?;
    let mut done = |taken: Taken| {
        progress(Progress::Done {
            file: taken.file.clone(),
            release: id,
        });
        report.taken.push(taken);
    };
    if let Some(part) = order {
        let rows = match &part.contents {
            Order::Stored => None,
            Order::SameAs(other) => Some(Rows::SameAs(*other)),
            Order::Parsed(order) => Some(Rows::Parsed(order)),
        };
        let added = match rows {
            Some(rows) => writer
                .add_release(&NewRelease {
                    code_set,
                    id,
                    identified_by: identified_by.name(),
                    rows,
                    file: &part.file,
                    patches: &patches,
                    today,
                })
                .map_err(|error| in_part(error, &part.shown))?,
            None => Added::AlreadyThere,
        };
        let (rows, billable) = match &part.contents {
            Order::Parsed(order) => (order.rows().len() as u64, order.billable()),
            Order::Stored | Order::SameAs(_) => writer
                .releases()?
                .into_iter()
                .map(|stored| stored.release)
                .find(|stored| stored.code_set == code_set && stored.id == id)
                .map_or((0, 0), |stored| (stored.rows, stored.billable)),
        };
        done(Taken {
            file: part.shown,
            is_order_file: true,
            code_set,
            release: id,
            identified_by: identified_by.name(),
            rows,
            billable,
            added,
            notes: part.notes,
        });
    }
    if let Some(part) = addenda {
        let addenda = &part.contents;
        let added = writer
            .add_addenda(&NewAddenda {
                code_set,
                id,
                addenda,
                file: &part.file,
                today,
            })
            .map_err(|error| in_part(error, &part.shown))?;
        done(Taken {
            file: part.shown,
            is_order_file: false,
            code_set,
            release: id,
            identified_by: identified_by.name(),
            rows: addenda.rows.len() as u64,
            billable: 0,
            added,
            notes: part.notes,
        });
    }
    Ok(())
}
