//! Writing order addenda.

use chrono::NaiveDate;
use rusqlite::params;

use super::files::{self, NewFile};
use super::new_documents::another_hint;
use super::rows;
use super::write::Writer;
use crate::error::{Error, Result, without_release};
use crate::model::{Added, Addenda, CodeSet, LoadedRelease, Provenance, ReleaseId};

/// An order addenda to be stored with its release.
#[derive(Debug)]
pub struct NewAddenda<'a> {
    /// The code set.
    pub code_set: CodeSet,
    /// The release that it leads to.
    pub id: ReleaseId,
    /// The parsed addenda.
    pub addenda: &'a Addenda,
    /// Where it came from.
    pub file: &'a NewFile,
    /// The day of the import.
    pub today: NaiveDate,
    /// Whether the catalogue knows its bytes. Of any other the footer must count what is stored.
    pub is_known: bool,
}

/// Returns how the footer of an addenda counts another release than the one that is stored whole.
fn counts_other(new: &NewAddenda<'_>, stored: &LoadedRelease) -> Option<String> {
    let [headers, codes] = new.addenda.footer.as_ref()?;
    let counted = (headers.new_rows + codes.new_rows, codes.new_rows);
    let is_cut = stored.trust.incomplete.is_some() || stored.trust.provenance == Provenance::Sample;
    (!is_cut && counted != (stored.rows, stored.billable)).then(|| {
        format!(
            "its footer counts {} rows ({} billable), and {} is stored with {} ({} billable): one of them is cut off, or of another release",
            counted.0, counted.1, new.id, stored.rows, stored.billable
        )
    })
}

impl Writer<'_> {
    /// Stores an order addenda with its release, which must be stored.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] if the release is not stored, [`crate::ErrorKind::Conflict`] if it has another
    /// addenda.
    pub fn add_addenda(&mut self, new: &NewAddenda<'_>) -> Result<Added> {
        let Some(stored) = self
            .releases()?
            .into_iter()
            .find(|stored| stored.release.code_set == new.code_set && stored.release.id == new.id)
        else {
            return Err(without_release(
                "order addenda",
                &format!("{} {}", new.code_set.name(), new.id),
            )
            .in_file(new.file.name.as_str()));
        };
        if let Some(addenda) = &stored.addenda {
            if addenda.published.sha256 == new.file.sha256 {
                return Ok(Added::AlreadyThere);
            }
            return Err(Error::conflict(format!(
                "{} {} is already stored with another order addenda",
                new.code_set.name(),
                new.id
            ))
            .in_file(new.file.name.as_str())
            .with_hint(another_hint(new.code_set, new.id)));
        }
        if let Some(reason) = (!new.is_known)
            .then(|| counts_other(new, &stored.release))
            .flatten()
        {
            return Err(Error::conflict(reason)
                .in_file(new.file.name.as_str())
                .with_hint(another_hint(new.code_set, new.id)));
        }
        self.store_addenda(new).map_err(|error| self.error(error))?;
        Ok(Added::New)
    }

    fn store_addenda(&self, new: &NewAddenda<'_>) -> rusqlite::Result<()> {
        let release = rows::release_number(self.connection(), new.code_set, new.id)?;
        let file = files::insert(
            self.connection(),
            release,
            "order_addenda",
            new.file,
            None,
            new.today,
        )?;
        let mut insert = self.connection().prepare(
            "INSERT INTO addenda_row (source_file, line, action, code, billable, short_title, long_title)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for row in &new.addenda.rows {
            insert.execute((
                file,
                row.line,
                row.action.name(),
                row.entry.code.as_str(),
                row.entry.billable,
                &row.entry.short_title,
                &row.entry.long_title,
            ))?;
        }
        let mut insert = self.connection().prepare(
            "INSERT INTO addenda_footer (source_file, block, old_rows, old_file, new_rows, new_file,
                 additions, deletions, revisions, both_titles, long_only, short_only)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        for (block, name) in new
            .addenda
            .footer
            .iter()
            .flatten()
            .zip(["headers", "codes"])
        {
            insert.execute(params![
                file,
                name,
                block.old_rows as i64,
                block.old_file,
                block.new_rows as i64,
                block.new_file,
                block.counts.additions as i64,
                block.counts.deletions as i64,
                block.counts.revisions as i64,
                block.counts.both_titles as i64,
                block.counts.long_only as i64,
                block.counts.short_only as i64,
            ])?;
        }
        Ok(())
    }
}
