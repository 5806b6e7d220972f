//! Import: files as published, recognised, identified, parsed and stored in one transaction.
//!
//! One thread unpacks, hashes and parses while this one writes, one release apart, so that memory does
//! not grow with the number of releases. The first error ends all of it and leaves the database as it
//! was.

mod pack;
mod prepare;
mod settle;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::NaiveDate;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, DifferenceKind, DocumentKind, ListedBy, ReleaseId, TabularDifference};
use crate::parse::addenda::parse_order_addenda;
use crate::parse::order::OrderFile;
use crate::source::archive::find;
use crate::source::catalogue::Catalogue;
use crate::source::identify::IdentifiedBy;
use crate::source::recognise::FileKind;
use crate::source::sample::{sample_bytes, sample_files};
use crate::store::{
    Added, Contents, NewAddenda, NewDocument, NewFile, NewRelease, Rows, Store, StoreKind, Writer,
};

use pack::{Package, pack};
use prepare::{DocumentPart, Message, Order, Part, PostedDocument, Prepared, Preparer, Seen};

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

/// What a file that was taken is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenKind {
    /// An order file.
    OrderFile,
    /// An order addenda.
    OrderAddenda,
    /// A file around the order file.
    Document(DocumentKind),
}

impl TakenKind {
    /// Gives the fixed name: `order_file`, `order_addenda`, or that of the kind of document.
    pub fn name(self) -> &'static str {
        match self {
            TakenKind::OrderFile => "order_file",
            TakenKind::OrderAddenda => "order_addenda",
            TakenKind::Document(kind) => kind.name(),
        }
    }

    /// Gives the words for people: `order file`, `tabular list`.
    pub fn label(self) -> &'static str {
        match self {
            TakenKind::OrderFile => "order file",
            TakenKind::OrderAddenda => "order addenda",
            TakenKind::Document(kind) => kind.label(),
        }
    }
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The file.
    pub file: String,
    /// What it is.
    pub kind: TakenKind,
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// How the release was told: `hash`, `archive`, `name`, `statement`, `sample`.
    pub identified_by: &'static str,
    /// Its rows; of an addenda its lines of changes, of a document its items.
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
                FileKind::Document(_) | FileKind::Zip | FileKind::Other(_) => {}
            }
        }
    }
    let (packages, left) = pack(found);
    if packages.is_empty() {
        let what = match left.as_slice() {
            [] => "there are no files here".to_owned(),
            [one] => format!("{}: {}", one.file, one.why),
            several => format!(
                "of {} files, none is of a kind that is taken",
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
                "--release names one release, and {} sets of files were found that were not posted together",
                packages.len()
            ),
        )
        .with_hint("import them one at a time"));
    }
    progress(Progress::Found {
        files: packages.iter().map(Package::files).sum(),
    });
    let mut writer = store.begin_import(&mut || progress(Progress::Waiting))?;
    let mut preparer = preparer(&writer, *options)?;
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
                let mut listens = true;
                let mut ready = |prepared| {
                    listens = send.send(Message::Prepared(Box::new(Ok(prepared)))).is_ok();
                    listens
                };
                let prepared = preparer.prepare(package, &mut parsing, &mut ready);
                if let Err(error) = prepared {
                    drop(send.send(Message::Prepared(Box::new(Err(error)))));
                    break;
                }
                // The writer has given up if it no longer listens.
                if !listens {
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

/// Makes the preparer of an import, which knows what is stored.
fn preparer(writer: &Writer<'_>, options: ImportOptions) -> Result<Preparer> {
    Ok(Preparer {
        catalogue: Catalogue::bundled()?,
        sample: sample_files()?,
        options,
        seen: writer
            .releases()?
            .into_iter()
            .map(|stored| Seen {
                code_set: stored.release.code_set,
                id: stored.release.id,
                rows: stored.release.rows,
                billable: stored.release.billable,
                sha256: stored.release.sha256,
                listed_by: stored.release.listed_by,
            })
            .collect(),
        seen_documents: writer.document_hashes()?.into_iter().collect(),
    })
}

/// Imports the bundled sample into a database of its own.
///
/// # Errors
/// [`ErrorKind::Conflict`] if the database holds full releases.
pub fn import_sample(store: &mut Store, today: NaiveDate) -> Result<ImportReport> {
    let mut writer = store.begin_import(&mut || {})?;
    let mut preparer = preparer(&writer, ImportOptions::on(today))?;
    let mut report = ImportReport::default();
    // What stands around an order file needs its release: order files first.
    let files = sample_files()?;
    let order_files = files.iter().filter(|file| file.is_order_file());
    let others = files.iter().filter(|file| !file.is_order_file());
    for file in order_files.chain(others) {
        let bytes = sample_bytes(file).to_vec();
        let new_file = NewFile {
            name: file.path.clone(),
            archive: None,
            url: None,
            sha256: file.sha256.clone(),
            bytes: bytes.len() as u64,
        };
        let in_file = |error: Error| error.in_file(format!("releases/sample/{}", file.path));
        let mut prepared = Prepared::new(
            preparer.catalogue,
            file.code_set,
            file.release,
            IdentifiedBy::Sample,
        );
        match file.kind {
            FileKind::OrderFile(_) => {
                let order = OrderFile::parse(file.code_set, bytes).map_err(in_file)?;
                preparer.seen.push(Seen {
                    code_set: file.code_set,
                    id: file.release,
                    rows: order.rows().len() as u64,
                    billable: order.billable(),
                    sha256: file.sha256.clone(),
                    listed_by: ListedBy::OrderFile,
                });
                prepared.order = Some(Part {
                    shown: file.path.clone(),
                    contents: Order::Parsed(Arc::new(order)),
                    file: new_file,
                    notes: Vec::new(),
                });
            }
            FileKind::OrderAddenda(_) => {
                prepared.addenda = Some(Part {
                    shown: file.path.clone(),
                    contents: parse_order_addenda(file.code_set, &bytes).map_err(in_file)?,
                    file: new_file,
                    notes: Vec::new(),
                });
            }
            FileKind::Document(kind) => {
                let posted = PostedDocument {
                    shown: file.path.clone(),
                    file: new_file,
                    bytes,
                };
                preparer
                    .add_document(&mut prepared, kind, posted, None, &mut |_| {})
                    .map_err(in_file)?;
            }
            FileKind::Zip | FileKind::Other(_) => {}
        }
        write(&mut writer, prepared, today, &mut report, &mut |_| {})?;
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
        documents,
        expanded,
        differences,
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
    let mut order_is_new = false;
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
        order_is_new = added == Added::New;
        done(Taken {
            file: part.shown,
            kind: TakenKind::OrderFile,
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
            kind: TakenKind::OrderAddenda,
            code_set,
            release: id,
            identified_by: identified_by.name(),
            rows: addenda.rows.len() as u64,
            billable: 0,
            added,
            notes: part.notes,
        });
    }
    // An order file is news to a list that came before it, and the other way round.
    let mut to_compare = code_set == CodeSet::Icd10Cm && order_is_new;
    if let (Some(entries), Some((_, part))) = (&expanded, documents.first()) {
        writer
            .add_release(&NewRelease {
                code_set,
                id,
                identified_by: identified_by.name(),
                rows: Rows::Expanded(entries),
                file: &part.file,
                patches: &patches,
                today,
            })
            .map_err(|error| in_part(error, &part.shown))?;
    }
    for (kind, part) in documents {
        let added = writer
            .add_document(&NewDocument {
                id,
                kind,
                contents: match &part.contents {
                    DocumentPart::Parsed(document) => Contents::Parsed(document),
                    DocumentPart::Stored => Contents::Stored,
                },
                file: &part.file,
                today,
            })
            .map_err(|error| in_part(error, &part.shown))?;
        to_compare |= kind == DocumentKind::Tabular && added == Added::New;
        let items = writer.document_items(id, kind)?;
        done(Taken {
            file: part.shown,
            kind: TakenKind::Document(kind),
            code_set,
            release: id,
            identified_by: identified_by.name(),
            rows: items,
            billable: 0,
            added,
            notes: part.notes,
        });
    }
    if to_compare {
        let found = writer.keep_differences(id, differences)?;
        if let Some(note) = differences_note(id, &found)
            && let Some(taken) = report.taken.last_mut()
        {
            taken.notes.push(note);
        }
    }
    Ok(())
}

/// Says in how much the tabular list of a release differs from its order file, if it does.
fn differences_note(id: ReleaseId, found: &[TabularDifference]) -> Option<String> {
    let count = |wanted: &dyn Fn(DifferenceKind) -> bool| {
        found.iter().filter(|found| wanted(found.kind)).count()
    };
    let codes = count(&DifferenceKind::is_of_codes);
    let titles = count(&|kind| kind == DifferenceKind::Title);
    let accents = count(&|kind| kind == DifferenceKind::Accents);
    (!found.is_empty()).then(|| {
        format!(
            "the tabular list of {id} gives the rows of its order file but for {codes} codes and {titles} titles; {accents} more titles differ in accents only"
        )
    })
}
