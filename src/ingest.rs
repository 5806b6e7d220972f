//! Import: files as published, recognised, identified, parsed and stored in one transaction.
//!
//! One thread unpacks, hashes and parses while this one writes, one release apart, so that memory does
//! not grow with the number of releases. The first error ends all of it and leaves the database as it
//! was.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::NaiveDate;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Addenda, CodeSet, ReleaseId};
use crate::parse::addenda::parse_order_addenda;
use crate::parse::order::OrderFile;
use crate::source::archive::{Found, find};
use crate::source::catalogue::{Catalogue, Patch, Provenance};
use crate::source::identify::{Evidence, IdentifiedBy, identify, identify_sample};
use crate::source::recognise::FileKind;
use crate::source::sample::{SampleFile, sample_bytes, sample_files};
use crate::source::sha256_hex;
use crate::store::{Added, NewAddenda, NewFile, NewRelease, Rows, Store, StoreKind, Writer};

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

/// An order file with the addenda that was posted with it, or either alone.
struct Package {
    order: Option<(CodeSet, Found)>,
    addenda: Option<(CodeSet, Found)>,
}

impl Package {
    fn files(&self) -> usize {
        usize::from(self.order.is_some()) + usize::from(self.addenda.is_some())
    }
}

/// Puts order files and addenda that were posted together into packages.
fn pack(found: Vec<Found>) -> (Vec<Package>, Vec<Left>) {
    let mut packages: Vec<Package> = Vec::new();
    let mut addenda = Vec::new();
    let mut left = Vec::new();
    for file in found {
        match file.kind {
            FileKind::OrderFile(code_set) => packages.push(Package {
                order: Some((code_set, file)),
                addenda: None,
            }),
            FileKind::OrderAddenda(code_set) => addenda.push((code_set, file)),
            FileKind::Zip => {}
            FileKind::Other(why) => left.push(Left {
                file: file.shown,
                why: why.to_owned(),
            }),
        }
    }
    let together = |package: &Package, (code_set, file): &(CodeSet, Found)| {
        package
            .order
            .as_ref()
            .is_some_and(|(order_set, order)| order_set == code_set && order.group == file.group)
    };
    let mut alone = Vec::new();
    for one in addenda {
        let mut candidates = packages
            .iter_mut()
            .filter(|package| together(package, &one));
        match (candidates.next(), candidates.next()) {
            // Posted with exactly one order file, which has no addenda yet.
            (Some(package), None) if package.addenda.is_none() => package.addenda = Some(one),
            _ => alone.push(Package {
                order: None,
                addenda: Some(one),
            }),
        }
    }
    packages.extend(alone);
    (packages, left)
}

/// A file on its way to the store.
struct Part<T> {
    shown: String,
    file: NewFile,
    contents: T,
    notes: Vec<String>,
}

/// What the thread that unpacks and parses tells the one that writes.
enum Message {
    /// New bytes of a code set are being parsed.
    Parsing(CodeSet),
    /// A package is ready to be written, or not usable.
    Prepared(Box<Result<Prepared>>),
}

/// The rows of an order file, as far as they are needed.
enum Order {
    /// The release is stored with these bytes.
    Stored,
    /// Another release of the code set is stored, or about to be, with these bytes.
    SameAs(ReleaseId),
    /// New bytes.
    Parsed(OrderFile),
}

struct Prepared {
    code_set: CodeSet,
    id: ReleaseId,
    identified_by: IdentifiedBy,
    order: Option<Part<Order>>,
    addenda: Option<Part<Addenda>>,
    patches: Vec<Patch>,
}

struct Seen {
    code_set: CodeSet,
    id: ReleaseId,
    rows: u64,
    billable: u64,
    sha256: String,
}

/// An order file whose release is to be settled.
#[derive(Clone, Copy)]
struct Posted<'a> {
    code_set: CodeSet,
    sha256: &'a str,
    rows: u64,
    billable: u64,
    shown: &'a str,
}

/// Reads, identifies and parses, package after package.
struct Preparer {
    catalogue: &'static Catalogue,
    sample: &'static [SampleFile],
    options: ImportOptions,
    seen: Vec<Seen>,
}

impl Preparer {
    /// Calls `parsing` when the bytes turn out to be new, before it parses them.
    fn prepare(&mut self, package: &Package, parsing: &mut dyn FnMut(CodeSet)) -> Result<Prepared> {
        let addenda = match &package.addenda {
            Some((code_set, found)) => {
                let bytes = found.read()?;
                let parsed = parse_order_addenda(*code_set, &bytes)
                    .map_err(|error| error.in_file(found.shown.as_str()))?;
                Some((*code_set, found, parsed, sha256_hex(&bytes)))
            }
            None => None,
        };
        let order = match &package.order {
            Some((code_set, found)) => {
                let bytes = found.read()?;
                let sha256 = sha256_hex(&bytes);
                Some((*code_set, found, bytes, sha256))
            }
            None => None,
        };
        let (code_set, first) = match (&order, &addenda) {
            (Some((code_set, found, ..)), _) => (*code_set, *found),
            (None, Some((code_set, found, ..))) => (*code_set, *found),
            (None, None) => return Err(Error::new(ErrorKind::NotFound, "nothing to import")),
        };
        let evidence = Evidence {
            code_set,
            order_sha256: order.as_ref().map(|(.., sha256)| sha256.as_str()),
            addenda_sha256: addenda.as_ref().map(|(.., sha256)| sha256.as_str()),
            addenda: addenda.as_ref().map(|(_, _, parsed, _)| parsed),
            archive_sha256: first
                .archive
                .as_ref()
                .map(|archive| archive.sha256.as_str()),
            name: &first.name,
            archive_name: first.archive.as_ref().map(|archive| archive.name.as_str()),
            shown: &first.shown,
        };
        let (mut id, identified_by) = match (
            identify_sample(&evidence, self.options.release, self.sample)?,
            self.options.release,
        ) {
            (Some(id), _) => (id, IdentifiedBy::Sample),
            (None, Some(stated)) => (stated, IdentifiedBy::Statement),
            (None, None) => identify(self.catalogue, &evidence)?,
        };
        let order = match order {
            None => None,
            Some((_, found, bytes, sha256)) => {
                let mut notes = Vec::new();
                let file = self.new_file(found, code_set, &sha256);
                let is_sample = identified_by == IdentifiedBy::Sample;
                let same_bytes = |seen: &&Seen| seen.code_set == code_set && seen.sha256 == sha256;
                let there = self
                    .seen
                    .iter()
                    .filter(same_bytes)
                    .find(|seen| seen.id.edition() == id.edition());
                let contents = if let Some(seen) = there {
                    id = seen.id;
                    Order::Stored
                } else {
                    // Bytes that are stored under another release have been read and found good.
                    let (contents, rows, billable) = match self.seen.iter().find(same_bytes) {
                        Some(seen) => (Order::SameAs(seen.id), seen.rows, seen.billable),
                        None => {
                            parsing(code_set);
                            let parsed = OrderFile::parse(code_set, bytes)
                                .map_err(|error| error.in_file(found.shown.as_str()))?;
                            let (rows, billable) = (parsed.rows().len() as u64, parsed.billable());
                            (Order::Parsed(parsed), rows, billable)
                        }
                    };
                    let posted = Posted {
                        code_set,
                        sha256: &sha256,
                        rows,
                        billable,
                        shown: &found.shown,
                    };
                    if !is_sample {
                        id = self.settle(id, identified_by, &posted, &mut notes)?;
                    }
                    self.seen.push(Seen {
                        code_set,
                        id,
                        rows,
                        billable,
                        sha256,
                    });
                    contents
                };
                Some(Part {
                    shown: found.shown.clone(),
                    file,
                    contents,
                    notes,
                })
            }
        };
        let addenda = addenda.map(|(_, found, parsed, sha256)| Part {
            shown: found.shown.clone(),
            file: self.new_file(found, code_set, &sha256),
            contents: parsed,
            notes: Vec::new(),
        });
        Ok(Prepared {
            code_set,
            id,
            identified_by,
            patches: patches(self.catalogue, code_set, id),
            order,
            addenda,
        })
    }

    fn new_file(&self, found: &Found, code_set: CodeSet, sha256: &str) -> NewFile {
        let archive_sha256 = found
            .archive
            .as_ref()
            .map(|archive| archive.sha256.as_str());
        let url = self
            .catalogue
            .releases()
            .iter()
            .filter(|known| known.code_set == code_set)
            .flat_map(|known| &known.archives)
            .find(|archive| {
                Some(archive.sha256.as_str()) == archive_sha256 || archive.sha256 == sha256
            })
            .and_then(|archive| archive.url.clone());
        NewFile {
            name: found.name.clone(),
            archive: found
                .archive
                .as_ref()
                .map(|archive| (archive.name.clone(), archive.sha256.clone())),
            url,
            sha256: sha256.to_owned(),
            bytes: found.bytes,
        }
    }

    /// Decides whether the bytes are the release itself or a correction of it, and refuses other bytes
    /// for a release that is stored or known unless the user calls them a correction.
    fn settle(
        &self,
        id: ReleaseId,
        identified_by: IdentifiedBy,
        posted: &Posted<'_>,
        notes: &mut Vec<String>,
    ) -> Result<ReleaseId> {
        let Posted {
            code_set,
            sha256,
            rows,
            billable,
            shown,
        } = *posted;
        let name = code_set.name();
        let same_bytes: Vec<String> = self
            .catalogue
            .releases()
            .iter()
            .filter(|known| known.code_set == code_set && known.order_file.sha256 == sha256)
            .map(|known| known.id.to_string())
            .collect();
        let known = self.catalogue.find(code_set, id);
        let unlike_known = known.filter(|known| known.order_file.sha256 != sha256);
        let conflict = match unlike_known {
            Some(known)
                if known.provenance == Provenance::Derived
                    && known.order_file.rows == rows
                    && known.order_file.billable == billable =>
            {
                notes.push(format!(
                    "the catalogue's hash for {id} is of a derived file; this one has the same rows and billable rows"
                ));
                None
            }
            Some(_) if !same_bytes.is_empty() => Some(format!(
                "this is not {name} {id}: it has the bytes of {}",
                same_bytes.join(" and ")
            )),
            Some(known) => Some(format!(
                "this is not the {name} {id} that the catalogue knows: expected {} rows ({} billable), found {rows} ({billable} billable) with other contents",
                known.order_file.rows, known.order_file.billable,
            )),
            None => None,
        };
        let stored = self
            .seen
            .iter()
            .any(|seen| seen.code_set == code_set && seen.id == id);
        let conflict = if stored {
            Some(format!("{name} {id} is already stored with other contents"))
        } else {
            conflict
        };
        let newest = self
            .seen
            .iter()
            .filter(|seen| seen.code_set == code_set && seen.id.edition() == id.edition())
            .map(|seen| seen.id.revision())
            .chain(
                self.catalogue
                    .releases()
                    .iter()
                    .filter(|known| {
                        known.code_set == code_set && known.id.edition() == id.edition()
                    })
                    .map(|known| known.id.revision()),
            )
            .max();
        match conflict {
            Some(_) if self.options.revision => Ok(id.with_revision(newest.map_or(1, |newest| newest + 1))),
            Some(message) => Err(Error::new(ErrorKind::Conflict, message)
                .in_file(shown)
                .with_hint("if the publisher corrected the release, import it with --revision: both are kept and the correction answers")),
            None => {
                if self.options.revision && known.is_none() && id.revision() == 0 {
                    return Ok(id.with_revision(newest.map_or(1, |newest| newest + 1)));
                }
                if id.revision() > 0 {
                    notes.push(format!("a correction of {}; it answers in its place", id.edition()));
                }
                if identified_by == IdentifiedBy::Statement && known.is_none() && !same_bytes.is_empty() {
                    notes.push(format!("the same bytes as {}", same_bytes.join(" and ")));
                }
                if let Some(known) = known {
                    match known.provenance {
                        Provenance::Official => {}
                        Provenance::Rebuilt => notes.push("rebuilt from the previous release and the official addenda; it has the official hash".into()),
                        Provenance::Derived => notes.push("derived from a neighbouring release; the official bytes may differ".into()),
                    }
                }
                Ok(id)
            }
        }
    }
}

/// Names the file that an error is of; one of the database names the database.
fn in_part(error: Error, shown: &str) -> Error {
    match error.kind() {
        ErrorKind::Store | ErrorKind::Busy => error,
        _ => error.in_file(shown),
    }
}

fn patches(catalogue: &Catalogue, code_set: CodeSet, id: ReleaseId) -> Vec<Patch> {
    catalogue
        .find(code_set, id)
        .map(|known| known.patches.clone())
        .unwrap_or_default()
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
