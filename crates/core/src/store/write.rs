//! Writing: one import, one transaction.

use crate::store::schema;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::book::KnownItems;
use super::database::Store;
use super::derive;
use super::digests;
use super::entries::EntryIndex;
use super::files::{self, NewFile};
use super::fresh::Later;
use super::histories::{self, Changed};
use super::query;
use super::rows;
use super::rows::code_set_id;
use super::runs::RunSet;
use super::search::Searchable;
use super::spans;
use super::sqlite::{BUSY_TIMEOUT, store_error};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Added, CodeSet, Entry, ListedBy, ReleaseId, RowRef, StoreKind, StoredRelease, Timeline, Trust,
};
use crate::parse::order::{Envelope, OrderFile};
use crate::source::catalogue::Patch;

/// The rows of a release to be stored.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Those of a parsed order file.
    Parsed(&'a OrderFile),
    /// Those of a stored release of the same code set, whose order file has the same bytes.
    SameAs(ReleaseId),
    /// Those that a tabular list gives, expanded, in its sequence: of a release without order file.
    Expanded(&'a [Entry]),
}

impl Rows<'_> {
    /// Returns the name of the kind of file that the rows come from.
    fn listed_by(self) -> ListedBy {
        match self {
            Rows::Parsed(_) | Rows::SameAs(_) => ListedBy::OrderFile,
            Rows::Expanded(_) => ListedBy::Tabular,
        }
    }
}

/// A release to be stored.
#[derive(Debug)]
pub struct NewRelease<'a> {
    /// Its code set.
    pub code_set: CodeSet,
    /// Its name.
    pub id: ReleaseId,
    /// How it was identified: a name of [`crate::source::identify::IdentifiedBy`].
    pub identified_by: &'static str,
    /// How far it can be trusted.
    pub trust: &'a Trust,
    /// Its rows.
    pub rows: Rows<'a>,
    /// Where the order file came from.
    pub file: &'a NewFile,
    /// Facts that the order file does not tell.
    pub patches: &'a [Patch],
    /// The day of the import.
    pub today: NaiveDate,
}

const INSERT_ENTRY: &str = "INSERT INTO entry (id, code_set, code, billable, short_title, long_title, first_day, last_day) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// An import in progress. Dropping it without [`Writer::commit`] leaves the database as it was.
#[derive(Debug)]
pub struct Writer<'s> {
    transaction: Transaction<'s>,
    path: String,
    /// The entries of the code set at hand: two sets at once would double the memory, and releases of one
    /// set mostly come together.
    index: Option<(CodeSet, EntryIndex)>,
    next_entry: i64,
    /// What had been stored when the import began: the full-text index holds it.
    searchable: Searchable,
    /// What has changed of the full-text index.
    groups: digests::Groups,
    /// What has changed of the code sets.
    changed: BTreeMap<CodeSet, Changed>,
    /// The code sets whose files an import has been through.
    left: BTreeSet<CodeSet>,
    /// The indexes that are made when all rows are there.
    later: Later,
    /// The items of documents that are stored.
    items: KnownItems,
}

impl Store {
    /// Begins an import. If another one is running, calls `on_wait` and waits for it to end.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if the other one does not end within a minute.
    pub fn begin_import(&mut self, on_wait: &mut dyn FnMut()) -> Result<Writer<'_>> {
        let path = self.path.display().to_string();
        let fail = |error| store_error(&path, error);
        // 32 MB of pages in memory; what is more goes to the log.
        self.connection
            .pragma_update(None, "cache_size", -32_000)
            .map_err(fail)?;
        // A first try that does not wait, so that the user learns what is being waited for.
        self.connection.busy_timeout(Duration::ZERO).map_err(fail)?;
        let probe = self.connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
        self.connection.busy_timeout(BUSY_TIMEOUT).map_err(fail)?;
        if probe.is_err_and(|error| fail(error).kind() == ErrorKind::Busy) {
            on_wait();
        }
        // The rows of an empty database refer to those that this import itself wrote just before.
        let is_empty = query::kind(&self.connection).map_err(fail)? == StoreKind::Empty;
        self.connection
            .pragma_update(None, "foreign_keys", !is_empty)
            .map_err(fail)?;
        let groups = digests::notice_groups(&mut self.connection).map_err(fail)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fail)?;
        schema::bring_up_to_date(&transaction).map_err(fail)?;
        let next_entry = transaction
            .query_row("SELECT coalesce(max(id), 0) + 1 FROM entry", [], |row| {
                row.get(0)
            })
            .map_err(fail)?;
        let searchable = Searchable::stored(&transaction).map_err(fail)?;
        digests::watch(&transaction).map_err(fail)?;
        schema::add_code_sets(&transaction).map_err(fail)?;
        let later = Later::take_out(&transaction).map_err(fail)?;
        Ok(Writer {
            transaction,
            path,
            index: None,
            next_entry,
            searchable,
            groups,
            changed: BTreeMap::new(),
            left: BTreeSet::new(),
            later,
            items: KnownItems::default(),
        })
    }
}

impl Writer<'_> {
    /// Lists what is stored, this import included.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be read.
    pub fn releases(&self) -> Result<Vec<StoredRelease>> {
        query::releases(&self.transaction).map_err(|error| self.error(error))
    }

    /// Checks whether the database has full releases or the sample.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be read.
    pub fn kind(&self) -> Result<StoreKind> {
        query::kind(&self.transaction).map_err(|error| self.error(error))
    }

    /// Reads what the rows of a code set will be compared with, while they are still being parsed
    /// elsewhere. Leaving it out changes nothing but the time taken.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be read.
    pub fn prepare_for(&mut self, code_set: CodeSet) -> Result<()> {
        if self
            .index
            .as_ref()
            .is_none_or(|(held, _)| *held != code_set)
        {
            self.leave_set().map_err(|error| self.error(error))?;
            let index =
                EntryIndex::load(&self.transaction, code_set).map_err(|error| self.error(error))?;
            self.index = Some((code_set, index));
        }
        Ok(())
    }

    /// Leaves the code set at hand: takes up its words, and in an import into an empty database derives what follows
    /// from its releases, while the files of another are being parsed. That is done once: where files of it come again,
    /// it is derived again at the end.
    fn leave_set(&mut self) -> rusqlite::Result<()> {
        let Some((code_set, index)) = self.index.take() else {
            return Ok(());
        };
        self.searchable = self.searchable.add_new(&self.transaction)?;
        if self.later.is_all()
            && self.left.insert(code_set)
            && let Some(changed) = self.changed.remove(&code_set)
        {
            derive::all(&self.transaction, code_set, Some(&index))?;
            histories::write(&self.transaction, code_set, &changed, Some(&index))?;
        }
        Ok(())
    }

    /// Sets what the database holds, when the first release comes in.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if it holds the other kind.
    pub fn set_kind(&self, kind: StoreKind) -> Result<()> {
        let there = self.kind()?;
        if there == kind || kind == StoreKind::Empty {
            return Ok(());
        }
        if there != StoreKind::Empty {
            let (message, hint) = if kind == StoreKind::Sample {
                (
                    "these are files of the bundled sample, and the database has full releases",
                    "import the sample into a file of its own: --db sample.db",
                )
            } else {
                (
                    "the database has the bundled sample, which is never mixed with full releases",
                    "import full releases into another file with --db",
                )
            };
            return Err(Error::conflict(message)
                .in_file(self.path.as_str())
                .with_hint(hint));
        }
        let name = if kind == StoreKind::Sample {
            "sample"
        } else {
            "full"
        };
        self.transaction
            .execute("INSERT INTO meta (key, value) VALUES ('kind', ?1)", [name])
            .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Stores a release.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if the release is stored with other bytes.
    pub fn add_release(&mut self, new: &NewRelease<'_>) -> Result<Added> {
        let there = self
            .releases()?
            .into_iter()
            .find(|stored| stored.release.code_set == new.code_set && stored.release.id == new.id);
        if let Some(stored) = there {
            if stored.release.sha256 == new.file.sha256 {
                return Ok(Added::AlreadyThere);
            }
            let is_whole = new.trust.incomplete.is_none();
            if stored.release.listed_by == ListedBy::Tabular
                || (stored.release.trust.incomplete.is_some() && is_whole)
            {
                // Till now the tabular list, or a part, stood in for the order file.
                self.store(new, Some(stored.release.id))
                    .map_err(|error| self.error(error))?;
                return Ok(Added::New);
            }
            return Err(Error::conflict(format!("{} {} is already stored with other contents", new.code_set.name(), new.id),
            )
            .in_file(new.file.name.as_str())
            .with_hint("import it as a correction with --revision; both are kept and the correction is used"));
        }
        self.store(new, None).map_err(|error| self.error(error))?;
        Ok(Added::New)
    }

    /// Replaces the stored bytes of an order file with better known ones. The rows are the
    /// same; without an envelope the bytes are, too.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be written.
    pub fn replace_order_file(
        &mut self,
        code_set: CodeSet,
        id: ReleaseId,
        file: &NewFile,
        envelope: Option<&Envelope>,
        trust: &Trust,
        today: NaiveDate,
    ) -> Result<()> {
        let replace = |writer: &Writer<'_>| -> rusqlite::Result<()> {
            let release = rows::release_number(&writer.transaction, code_set, id)?;
            match envelope {
                Some(envelope) => {
                    writer.transaction.execute(
                        "DELETE FROM source_file WHERE release = ?1 AND kind = 'order_file'",
                        [release],
                    )?;
                    let kind = ListedBy::OrderFile.name();
                    files::insert(
                        &writer.transaction,
                        release,
                        kind,
                        file,
                        Some(envelope),
                        today,
                    )?;
                }
                None => {
                    let (archive, archive_sha256) = file.archive.clone().unzip();
                    writer.transaction.execute(
                        "UPDATE source_file SET name = ?2, archive = ?3, archive_sha256 = ?4, url = ?5, imported_on = ?6
                         WHERE release = ?1 AND kind = 'order_file'",
                        params![release, file.name, archive, archive_sha256, file.url, today.to_string()],
                    )?;
                }
            }
            // What was proven was proven of the bytes before.
            writer.transaction.execute(
                "DELETE FROM proof WHERE release = ?1 AND subject = 'order_file'",
                [release],
            )?;
            writer.transaction.execute(
                "UPDATE release SET provenance = ?2, incomplete = ?3 WHERE id = ?1",
                params![release, trust.provenance.name(), trust.incomplete],
            )?;
            Ok(())
        };
        replace(self).map_err(|error| self.error(error))
    }

    /// Checks whether a release is stored, this import included.
    pub(super) fn holds_release(&self, code_set: CodeSet, id: ReleaseId) -> Result<bool> {
        rows::release_ids(&self.transaction, code_set)
            .map(|ids| ids.contains(&id))
            .map_err(|error| self.error(error))
    }

    /// Stores a release; `instead_of` is the same one, stored from its tabular list or as a part.
    fn store(
        &mut self,
        new: &NewRelease<'_>,
        instead_of: Option<ReleaseId>,
    ) -> rusqlite::Result<()> {
        let is_held = |(code_set, _): &(CodeSet, EntryIndex)| *code_set == new.code_set;
        if !self.index.as_ref().is_some_and(is_held) {
            self.leave_set()?;
        }
        let mut index = self.index.take().map(|(_, index)| index);
        // A release with the bytes of another brings no entries, and little to look up.
        if index.is_none() && (!matches!(new.rows, Rows::SameAs(_)) || !new.patches.is_empty()) {
            index = Some(EntryIndex::load(&self.transaction, new.code_set)?);
        }
        let before = Timeline::new(
            new.code_set,
            rows::release_ids(&self.transaction, new.code_set)?,
        );
        let points_before = spans::point_dates(&self.transaction, new.code_set)?;
        let replaced = instead_of
            .map(|id| self.take_listing_out(new.code_set, id))
            .transpose()?;
        let release = match new.rows {
            Rows::Parsed(order) => {
                let counts = (order.rows().len(), order.billable());
                let release = self.insert_release(new, replaced, counts)?;
                files::insert(
                    &self.transaction,
                    release,
                    new.rows.listed_by().name(),
                    new.file,
                    Some(order.envelope()),
                    new.today,
                )?;
                let rows = order.rows().iter().map(|row| order.row(row));
                self.insert_listing(release, new.code_set, rows, index.as_mut())?;
                release
            }
            // The file is stored as a document.
            Rows::Expanded(entries) => {
                let billable = entries.iter().filter(|entry| entry.billable).count() as u64;
                let release = self.insert_release(new, None, (entries.len(), billable))?;
                let rows = entries.iter().map(Entry::as_row);
                self.insert_listing(release, new.code_set, rows, index.as_mut())?;
                release
            }
            Rows::SameAs(other) => self.insert_release_like(new, replaced, other)?,
        };
        // Whoever imports it again wants it again.
        self.transaction.execute(
            "DELETE FROM removed WHERE code_set = ?1 AND release = ?2",
            params![code_set_id(new.code_set), new.id.to_string()],
        )?;
        if let Some(index) = &mut index {
            self.insert_patches(release, new, index)?;
        }
        let changed = if self.later.is_all() {
            // All spans are derived at once when all releases are there, whatever the order they come in.
            None
        } else if replaced.is_some() {
            spans::rebuild(&self.transaction, new.code_set, index.as_ref())?;
            None
        } else {
            derive::of_release(
                &self.transaction,
                new.code_set,
                new.id,
                &before,
                &points_before,
                index.as_ref(),
            )?
        };
        let known = self.changed.entry(new.code_set).or_default();
        known.add(new.id, changed);
        self.index = index.map(|index| (new.code_set, index));
        Ok(())
    }

    /// Writes the row of a release: over the one that it replaces, which keeps its number.
    fn insert_release(
        &self,
        new: &NewRelease<'_>,
        replaced: Option<i64>,
        (rows, billable): (usize, u64),
    ) -> rusqlite::Result<i64> {
        self.transaction.execute(
            "INSERT OR REPLACE INTO release
                 (id, code_set, name, edition, revision, effective_from, listing, row_count, billable_count, identified_by, listed_by,
                 rows_sha256, provenance, incomplete, forced)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT coalesce(max(listing), 0) + 1 FROM release), ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                replaced,
                code_set_id(new.code_set),
                new.id.to_string(),
                new.id.edition().to_string(),
                new.id.revision(),
                new.id.effective_from().to_string(),
                rows as i64,
                billable as i64,
                new.identified_by,
                new.rows.listed_by().name(),
                new.trust.rows_sha256,
                new.trust.provenance.name(),
                new.trust.incomplete,
                new.trust.forced,
            ],
        )?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// Stores a release whose order file is, byte for byte, that of another.
    fn insert_release_like(
        &self,
        new: &NewRelease<'_>,
        replaced: Option<i64>,
        other: ReleaseId,
    ) -> rusqlite::Result<i64> {
        let other = rows::release_number(&self.transaction, new.code_set, other)?;
        self.transaction.execute(
            "INSERT OR REPLACE INTO release
                 (id, code_set, name, edition, revision, effective_from, listing, row_count, billable_count, identified_by, listed_by,
                 rows_sha256, provenance, incomplete, forced)
             SELECT ?7, code_set, ?2, ?3, ?4, ?5, listing, row_count, billable_count, ?6, ?8, ?9, ?10, ?11, ?12
             FROM release WHERE id = ?1",
            params![
                other,
                new.id.to_string(),
                new.id.edition().to_string(),
                new.id.revision(),
                new.id.effective_from().to_string(),
                new.identified_by,
                replaced,
                new.rows.listed_by().name(),
                new.trust.rows_sha256,
                new.trust.provenance.name(),
                new.trust.incomplete,
                new.trust.forced,
            ],
        )?;
        let release = self.transaction.last_insert_rowid();
        let envelope = rows::envelope(&self.transaction, other)?;
        files::insert(
            &self.transaction,
            release,
            new.rows.listed_by().name(),
            new.file,
            Some(&envelope),
            new.today,
        )?;
        Ok(release)
    }

    fn insert_listing<'e>(
        &mut self,
        release: i64,
        code_set: CodeSet,
        rows: impl Iterator<Item = RowRef<'e>>,
        index: Option<&mut EntryIndex>,
    ) -> rusqlite::Result<()> {
        // There is one whenever there are rows.
        let Some(index) = index else {
            return Ok(());
        };
        let mut numbers = Vec::new();
        let mut insert = self.transaction.prepare(INSERT_ENTRY)?;
        let mut likely = None;
        for entry in rows {
            let (number, slot) =
                index.number(&entry, likely, &mut self.next_entry, &mut insert, code_set)?;
            likely = Some(slot + 1);
            numbers.push(number);
        }
        let mut insert = self.transaction.prepare(
            "INSERT INTO listing_run (listing, first_entry, position, length)
             VALUES ((SELECT listing FROM release WHERE id = ?1), ?2, ?3, ?4)",
        )?;
        for run in RunSet::gather(numbers).runs() {
            insert.execute((release, run.first, run.position, run.length))?;
        }
        Ok(())
    }

    /// Removes the rows of a release that come from its tabular list, or from a part of its order file, and
    /// returns its number. Their entries stay, listed by no release: to drop them would mean to look for each in
    /// every listing.
    fn take_listing_out(&self, code_set: CodeSet, id: ReleaseId) -> rusqlite::Result<i64> {
        let release = rows::release_number(&self.transaction, code_set, id)?;
        let listing = rows::listing_number(&self.transaction, code_set, id)?;
        take_rows_out(&self.transaction, release, listing)?;
        self.transaction.execute(
            "DELETE FROM source_file WHERE release = ?1 AND kind = 'order_file'",
            [release],
        )?;
        Ok(release)
    }

    fn insert_patches(
        &mut self,
        release: i64,
        new: &NewRelease<'_>,
        index: &mut EntryIndex,
    ) -> rusqlite::Result<()> {
        let mut insert = self.transaction.prepare(INSERT_ENTRY)?;
        for patch in new.patches {
            let entry = RowRef {
                days: patch.days,
                ..patch.entry.as_row()
            };
            let (number, _) = index.number(
                &entry,
                None,
                &mut self.next_entry,
                &mut insert,
                new.code_set,
            )?;
            self.transaction.execute(
                "INSERT INTO patch (release, effective_from, entry, citation) VALUES (?1, ?2, ?3, ?4)",
                params![release, patch.effective_from.to_string(), number, patch.citation],
            )?;
        }
        Ok(())
    }

    /// Ends the import: from here on everyone sees it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] if the database cannot be written; it is then as it was before.
    pub fn commit(self) -> Result<()> {
        let path = self.path;
        self.searchable
            .add_new(&self.transaction)
            .and_then(|_| Searchable::settle(&self.transaction))
            .map_err(|error| store_error(&path, error))?;
        let is_all_new = self.later.is_all();
        self.later
            .make(&self.transaction)
            .map_err(|error| store_error(&path, error))?;
        for (code_set, changed) in self.changed {
            let index = self.index.as_ref();
            let index = index.and_then(|(held, index)| (*held == code_set).then_some(index));
            if is_all_new {
                derive::all(&self.transaction, code_set, index)
                    .map_err(|error| store_error(&path, error))?;
            }
            histories::write(&self.transaction, code_set, &changed, index)
                .map_err(|error| store_error(&path, error))?;
        }
        digests::extend(&self.transaction, &self.groups)
            .map_err(|error| store_error(&path, error))?;
        self.transaction
            .commit()
            .map_err(|error| store_error(&path, error))
    }

    /// Records that anything of a code set may have changed.
    pub(super) fn changed_all(&mut self, code_set: CodeSet) {
        self.index = None;
        self.changed.insert(code_set, Changed::All);
    }

    /// Returns the connection that the transaction runs on, and the items that are stored.
    pub(super) fn connection_and_items(&mut self) -> (&Connection, &mut KnownItems) {
        (&self.transaction, &mut self.items)
    }

    /// Returns the connection that the transaction runs on.
    pub(super) fn connection(&self) -> &Connection {
        &self.transaction
    }

    pub(super) fn error(&self, error: rusqlite::Error) -> Error {
        store_error(&self.path, error)
    }
}

/// Removes the rows and patches of a release, and the proofs of them.
pub(super) fn take_rows_out(
    connection: &Connection,
    release: i64,
    listing: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM listing_run WHERE listing = ?1
             AND NOT EXISTS (SELECT 1 FROM release WHERE listing = ?1 AND id <> ?2)",
        (listing, release),
    )?;
    for table in ["patch", "proof"] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE release = ?1"),
            [release],
        )?;
    }
    Ok(())
}
