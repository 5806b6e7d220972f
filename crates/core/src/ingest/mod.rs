//! Import: files as published, recognised, identified, parsed and stored in one transaction.
//!
//! One thread unpacks and hashes, the next parses and this one writes, each a file behind the one before, so that
//! memory does not grow with the number of releases. A release is the unit: what can be taken is taken, and what cannot
//! is named with its reason, unless the user wants all or nothing. What is taken goes in at once, or not at all.

mod ahead;
mod complete;
mod documents;
mod group;
mod identity;
mod packing;
mod prepare;
mod resolve;
mod rivals;
mod write;

use crate::parse::parse_listing;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::NaiveDate;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{CodeSet, ListedBy, Provenance, ReleaseId, ReleaseName, ReleasePart, Trust};
use crate::parse::addenda::parse_order_addenda;
use crate::source::archive::{Findings, find};
use crate::source::catalogue::Catalogue;
use crate::source::identify::IdentifiedBy;
use crate::source::kind::FileKind;
use crate::source::rows_sha256;
use crate::source::sample::{sample_bytes, sample_files};
use crate::store::{Added, NewFile, Store, Writer};

use documents::PostedDocument;
use group::{Package, group_files};
pub use packing::{Packing, choose_for_pack, import_pack, pack_would_add};
use prepare::{Message, Order, Part, PostedAddenda, Prepared, Preparer, StoredSummary};
use rivals::Item;
use write::write;

/// What the user states about the files.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// The release, where content and name do not tell it or tell it wrongly.
    pub release: Option<ReleaseName>,
    /// The code set, where content tells it wrongly.
    pub code_set: Option<CodeSet>,
    /// Take other rows for a known or stored release as a correction of it, beside the first.
    pub revision: bool,
    /// Insist on the stated release against a hash or a footer: every answer says so ever after.
    pub force: bool,
    /// Take a part of a release: every answer says so.
    pub allow_incomplete: bool,
    /// Take all or nothing.
    pub strict: bool,
    /// Store nothing, and report what would be stored.
    pub dry_run: bool,
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
            force: false,
            allow_incomplete: false,
            strict: false,
            dry_run: false,
            today,
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// What was taken, in the order of the files.
    pub taken: Vec<Imported>,
    /// What was left, and why: files of kinds that are not taken, and copies.
    pub left: Vec<Skipped>,
    /// What should have been taken and could not be.
    pub failed: Vec<Failed>,
    /// Whether nothing was stored because the user only asked what would be.
    pub dry_run: bool,
}

impl ImportReport {
    /// Checks whether anything new was stored.
    pub fn changed(&self) -> bool {
        self.taken.iter().any(|taken| taken.added.is_change())
    }
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The file.
    pub file: String,
    /// What it is.
    pub kind: ReleasePart,
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// How the release was identified: `hash`, `rows`, `archive`, `footer`, `name`,
    /// `statement`, `sample`.
    pub identified_by: &'static str,
    /// Its rows; of an addenda its lines of changes, of a document its items.
    pub rows: u64,
    /// Of an order file, its rows with flag 1.
    pub billable: u64,
    /// Whether it is new or was there already.
    pub added: Added,
    /// What the user should know of it.
    pub notes: Vec<String>,
    /// Of a document, how many things this version does not know of it; they are kept as they stand.
    pub unread: u64,
}

/// A file that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub file: String,
    /// What it is, or why it was left.
    pub why: String,
}

/// A file that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The file.
    pub file: String,
    /// The line, where the reason has one, from 1.
    pub line: Option<u64>,
    /// Why it could not be taken.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failed {
    /// Takes what an error says of a file.
    #[doc(hidden)]
    pub fn new(error: &Error) -> Failed {
        let place = error.place();
        Failed {
            file: place.map(|place| place.file.clone()).unwrap_or_default(),
            line: place.and_then(|place| place.line),
            why: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
        }
    }
}

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportProgress {
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

/// Imports what is found at some paths: zips, folders, files, as published. What cannot be taken is reported,
/// and the rest is stored in one transaction.
///
/// # Errors
/// Whatever is wrong with the database or a path; if nothing can be taken, why; with
/// [`ImportOptions::strict`] whatever is wrong with any file. Nothing is stored then.
pub fn import(
    store: &mut Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<ImportReport> {
    let mut run = run(store, &mut || find(paths), options, None, progress)?;
    match run.report.taken.is_empty() {
        true => Err(run.nothing_taken()),
        false => Ok(run.report),
    }
}

/// Imports as [`import`] does. That nothing can be taken is no error but a report with the reason of each file.
///
/// # Errors
/// As [`import`], but for that.
#[doc(hidden)]
pub fn import_if_any(
    store: &mut Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<ImportReport> {
    run(store, &mut || find(paths), options, None, progress).map(|run| run.report)
}

/// Imports files, wherever they are found, of any release or of some only. Where files disagree it begins again, and
/// looks for them again.
fn run(
    store: &mut Store,
    find: &mut dyn FnMut() -> Result<Findings>,
    options: &ImportOptions,
    only: Option<&BTreeSet<(CodeSet, ReleaseId)>>,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Run> {
    let mut contested = Vec::new();
    loop {
        let mut run = Run::new(*options, contested);
        run.attempt(store, find()?, only, progress)?;
        if run.rivals.is_empty() {
            return Ok(run);
        }
        contested = run.contested;
        contested.append(&mut run.rivals);
    }
}

/// Removes a release from the database.
///
/// # Errors
/// [`ErrorKind::NotFound`] if it is not stored, [`ErrorKind::Store`] if the database cannot be written.
pub fn remove(store: &mut Store, code_set: CodeSet, id: ReleaseId) -> Result<()> {
    let mut writer = store.begin_import(&mut || {})?;
    writer.remove_release(code_set, id)?;
    writer.commit()
}

/// An import in progress.
struct Run {
    report: ImportReport,
    first_error: Option<Error>,
    options: ImportOptions,
    /// What was stored so far.
    new_items: Vec<Item>,
    /// What files of this command disagree on, as earlier attempts found.
    contested: Vec<Item>,
    /// What files of this command disagree on, as this attempt found: it is not stored.
    rivals: Vec<Item>,
}

impl Run {
    fn new(options: ImportOptions, contested: Vec<Item>) -> Run {
        Run {
            report: ImportReport {
                dry_run: options.dry_run,
                ..ImportReport::default()
            },
            first_error: None,
            options,
            new_items: Vec::new(),
            contested,
            rivals: Vec::new(),
        }
    }

    /// Imports what can be taken. Stores nothing if files disagree on something, and notes what.
    fn attempt(
        &mut self,
        store: &mut Store,
        findings: Findings,
        only: Option<&BTreeSet<(CodeSet, ReleaseId)>>,
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<()> {
        let Findings { mut found, damaged } = findings;
        if let Some(code_set) = self.options.code_set {
            for file in &mut found {
                match &mut file.kind {
                    FileKind::OrderFile(kind) | FileKind::OrderAddenda(kind) => *kind = code_set,
                    FileKind::Document(_)
                    | FileKind::Zip
                    | FileKind::Broken(_)
                    | FileKind::Other(_) => {}
                }
            }
        }
        let (packages, left) = group_files(found);
        self.report.left = left;
        for error in damaged {
            self.failed(error)?;
        }
        if packages.is_empty() {
            return Ok(());
        }
        progress(ImportProgress::Found {
            files: packages.iter().map(Package::files).sum(),
        });
        let mut writer = store.begin_import(&mut || progress(ImportProgress::Waiting))?;
        self.prepare_and_write(&mut writer, &packages, progress)?;
        if !self.rivals.is_empty() || self.report.taken.is_empty() {
            return Ok(());
        }
        let mut taken = self.report.taken.iter();
        if let Some(only) = only
            && let Some(other) = taken.find(|one| !only.contains(&(one.code_set, one.release)))
        {
            return Err(Error::format(format!(
                "this is a file of {} {}, and stands under another release",
                other.code_set.name(),
                other.release
            ))
            .in_file(other.file.as_str()));
        }
        progress(ImportProgress::Committing);
        if self.report.changed() && !self.options.dry_run {
            writer.commit()?;
        }
        Ok(())
    }

    /// Prepares in one thread and writes in this one, until files show that disagree.
    fn prepare_and_write(
        &mut self,
        writer: &mut Writer<'_>,
        packages: &[Package],
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<()> {
        let mut preparer = preparer(writer, self.options, self.contested.clone())?;
        std::thread::scope(|scope| -> Result<()> {
            let (send, receive): (SyncSender<Message>, Receiver<Message>) = sync_channel(1);
            scope.spawn(move || {
                // The writer has given up if it no longer listens.
                let mut listens = true;
                let mut tell = |message| {
                    if let Message::Parsing(_) = message {
                        // Told only if the writer has nothing to do; else it has what it needs by then.
                        drop(send.try_send(message));
                    } else {
                        listens = listens && send.send(message).is_ok();
                    }
                    listens
                };
                preparer.prepare_all(packages, &mut tell);
            });
            for message in receive {
                match message {
                    Message::Parsing(code_set) => writer.prepare_for(code_set)?,
                    Message::Prepared(prepared) => {
                        write(writer, *prepared, self, progress)?;
                    }
                    Message::Failed(error) => self.failed(*error)?,
                    Message::Rivals(item) => self.rivals.push(item),
                    Message::Skipped(left) => self.report.left.push(left),
                }
            }
            Ok(())
        })
    }

    /// Records a file that cannot be imported, unless that ends the import: what is wrong with the database does, and
    /// with all or nothing asked for whatever is wrong.
    fn failed(&mut self, error: Error) -> Result<()> {
        let is_fatal = self.options.strict && self.rivals.is_empty();
        if is_fatal || matches!(error.kind(), ErrorKind::Store | ErrorKind::Busy) {
            return Err(error);
        }
        self.report.failed.push(Failed::new(&error));
        self.first_error.get_or_insert(error);
        Ok(())
    }

    /// Returns the error of an import that takes nothing: the one reason, or each file with its own.
    fn nothing_taken(&mut self) -> Error {
        let report = &self.report;
        let first_error = self.first_error.take();
        let reasons = report.failed.iter().map(|failed| {
            let line = failed.line.map(|line| format!(", line {line}"));
            format!(
                "{}{}: {}",
                failed.file,
                line.unwrap_or_default(),
                failed.why
            )
        });
        let left = report.left.iter();
        let reasons: Vec<String> = reasons
            .chain(left.map(|left| format!("{}: {}", left.file, left.why)))
            .collect();
        let hint = "name a zip from CMS or NCHS with an order file in it (icd10cm_order_2026.txt), or the file itself";
        match (reasons.as_slice(), first_error) {
            ([_], Some(error)) => error,
            ([], _) => {
                Error::not_found("nothing to import: there are no files here").with_hint(hint)
            }
            ([one], None) => Error::not_found(format!("nothing to import: {one}")).with_hint(hint),
            (several, first) => {
                let hint = first
                    .as_ref()
                    .and_then(Error::hint)
                    .unwrap_or(hint)
                    .to_owned();
                let kind = first.map_or(ErrorKind::NotFound, |error| error.kind());
                let mut message = format!(
                    "nothing to import: of {} files, none can be taken",
                    several.len()
                );
                for reason in several {
                    message.push_str("\n  ");
                    message.push_str(reason);
                }
                Error::new(kind, message).with_hint(hint)
            }
        }
    }
}

/// Makes the preparer of an import, which knows what is stored.
fn preparer(writer: &Writer<'_>, options: ImportOptions, contested: Vec<Item>) -> Result<Preparer> {
    Ok(Preparer {
        catalogue: Catalogue::bundled()?,
        sample: sample_files()?,
        options,
        seen: writer
            .releases()?
            .into_iter()
            .map(|stored| StoredSummary {
                code_set: stored.release.code_set,
                id: stored.release.id,
                sha256: stored.release.sha256,
                rows: stored.release.rows,
                trust: stored.release.trust,
                listed_by: stored.release.listed_by,
                documents: stored
                    .documents
                    .into_iter()
                    .map(|document| (document.kind, document.file.published.sha256))
                    .collect(),
                is_of_command: false,
                is_new: false,
            })
            .collect(),
        seen_documents: writer.document_hashes()?.into_iter().collect(),
        listed: Vec::new(),
        postponed: Vec::new(),
        contested,
        rivals: None,
        last_order: None,
        ahead: RefCell::new(None),
    })
}

/// Imports the bundled sample into a database of its own.
///
/// # Errors
/// [`ErrorKind::Conflict`] if the database holds full releases.
pub fn import_sample(store: &mut Store, today: NaiveDate) -> Result<ImportReport> {
    let mut writer = store.begin_import(&mut || {})?;
    let mut preparer = preparer(&writer, ImportOptions::on(today), Vec::new())?;
    let mut run = Run::new(preparer.options, Vec::new());
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
                let order = parse_listing(file.code_set, bytes).map_err(in_file)?;
                let trust = Trust {
                    rows_sha256: rows_sha256(&order),
                    provenance: Provenance::Sample,
                    incomplete: None,
                    forced: None,
                };
                preparer.seen.push(StoredSummary {
                    code_set: file.code_set,
                    id: file.release,
                    sha256: file.sha256.clone(),
                    rows: order.rows().len() as u64,
                    trust: trust.clone(),
                    listed_by: ListedBy::OrderFile,
                    documents: Vec::new(),
                    is_of_command: true,
                    is_new: true,
                });
                prepared.order = Some(Part {
                    shown: file.path.clone(),
                    contents: Order::Parsed(Arc::new(order), trust),
                    file: new_file,
                    notes: Vec::new(),
                });
            }
            FileKind::OrderAddenda(_) => {
                prepared.addenda = Some(Part {
                    shown: file.path.clone(),
                    contents: PostedAddenda {
                        parsed: parse_order_addenda(file.code_set, &bytes).map_err(in_file)?,
                        is_known: true,
                    },
                    file: new_file,
                    notes: Vec::new(),
                });
            }
            FileKind::Document(kind) => {
                let posted = PostedDocument {
                    shown: file.path.clone(),
                    file: new_file,
                    archive_sha256: None,
                    bytes,
                    forced: None,
                };
                preparer
                    .add_document(&mut prepared, kind, posted, None, &mut |_| {})
                    .map_err(in_file)?;
            }
            FileKind::Zip | FileKind::Broken(_) | FileKind::Other(_) => {}
        }
        write(&mut writer, prepared, &mut run, &mut |_| {})?;
    }
    writer.commit()?;
    Ok(run.report)
}
