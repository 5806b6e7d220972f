//! An import in progress: what was taken, what was left, and what files of it disagree on.

use crate::error::{Error, ErrorKind, Result};
use crate::model::Added;

use super::report::{Failed, ImportOptions, ImportReport};
use super::rivals::Item;

/// An import in progress.
pub(super) struct Run {
    pub(super) report: ImportReport,
    first_error: Option<Error>,
    pub(super) options: ImportOptions,
    /// What was stored so far.
    new_items: Vec<Item>,
    /// What files of this command disagree on, as earlier attempts found.
    pub(super) contested: Vec<Item>,
    /// What files of this command disagree on, as this attempt found: it is not stored.
    pub(super) rivals: Vec<Item>,
}

impl Run {
    pub(super) fn new(options: ImportOptions, contested: Vec<Item>) -> Run {
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

    /// Stores something, unless files of this command disagree on it. Notes such files when they show.
    pub(super) fn unless_rival(
        &mut self,
        item: Item,
        store: impl FnOnce() -> Result<Added>,
    ) -> Result<Added> {
        if self.contested.contains(&item) {
            return Err(item.error());
        }
        let added = store();
        match &added {
            Ok(Added::New) => self.new_items.push(item),
            Err(error) if error.kind() == ErrorKind::Conflict && self.new_items.contains(&item) => {
                self.rivals.push(item);
            }
            _ => {}
        }
        added
    }

    /// Records a file that cannot be imported, unless that ends the import: what is wrong with the database does, and
    /// with all or nothing asked for whatever is wrong.
    pub(super) fn failed(&mut self, error: Error) -> Result<()> {
        let is_fatal = self.options.strict && self.rivals.is_empty();
        if is_fatal || matches!(error.kind(), ErrorKind::Store | ErrorKind::Busy) {
            return Err(error);
        }
        self.report.failed.push(Failed::new(&error));
        self.first_error.get_or_insert(error);
        Ok(())
    }

    /// Returns the error of an import that takes nothing: the one reason, or each file with its own.
    pub(super) fn nothing_taken(&mut self) -> Error {
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
                let message = format!(
                    "nothing to import: none of {} files can be imported: {}",
                    several.len(),
                    several.join("; ")
                );
                Error::new(kind, message).with_hint(hint)
            }
        }
    }
}
