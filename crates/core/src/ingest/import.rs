//! One import from its files to its end: prepared in one thread, written in this one, and begun again where files
//! disagree.

use crate::parse::parse_listing;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::model::{CodeSet, ListedBy, Provenance, ReleaseId, Trust};
use crate::parse::addenda::parse_order_addenda;
use crate::source::archive::{Findings, find};
use crate::source::identify::IdentifiedBy;
use crate::source::kind::FileKind;
use crate::source::rows_sha256;
use crate::source::sample::{sample_bytes, sample_files};
use crate::store::{NewFile, Store, Writer};

use super::documents::PostedDocument;
use super::group::{Package, group_files};
use super::message::{Message, Order, Part, PostedAddenda, Prepared};
use super::preparer::{Preparer, StoredSummary};
use super::report::{ImportOptions, ImportProgress, ImportReport};
use super::run::Run;
use super::write::write;

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
    let mut run = import_found(store, &mut || find(paths), options, None, progress)?;
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
    import_found(store, &mut || find(paths), options, None, progress).map(|run| run.report)
}

/// Imports files, wherever they are found, of any release or of some only. Where files disagree it begins again, and
/// looks for them again.
pub(super) fn import_found(
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
/// [`crate::ErrorKind::NotFound`] if it is not stored, [`crate::ErrorKind::Store`] if the database cannot be written.
pub fn remove(store: &mut Store, code_set: CodeSet, id: ReleaseId) -> Result<()> {
    let mut writer = store.begin_import(&mut || {})?;
    writer.remove_release(code_set, id)?;
    writer.commit()
}

impl Run {
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
                "this is a file of {} {}, listed under another release",
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
        let mut preparer = Preparer::new(writer, self.options, self.contested.clone())?;
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
}

/// Imports the bundled sample into a database of its own.
///
/// # Errors
/// [`crate::ErrorKind::Conflict`] if the database has full releases.
pub fn import_sample(store: &mut Store, today: NaiveDate) -> Result<ImportReport> {
    let mut writer = store.begin_import(&mut || {})?;
    let mut preparer = Preparer::new(&writer, ImportOptions::on(today), Vec::new())?;
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
