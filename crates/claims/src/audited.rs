//! What was counted of one file of claims or of several, and the summary of it.

use std::collections::BTreeMap;

use super::claim::{ClaimPlace, ClaimProblem, ProblemKind};
use super::columns::Columns;
use super::index::Index;
use super::not_judged::NotJudged;
use super::summary::AuditSummary;
use super::tally::Tally;
use codeyear_core::error::{Error, Result};

/// What was counted of files of claims.
pub struct Audited<'i> {
    index: &'i Index,
    tally: Tally,
    files: Vec<AuditedFile>,
    /// The files that could not be read, and why.
    unread: Vec<(String, String)>,
    pub(super) has_amounts: bool,
    /// How many columns have the codes, of a table.
    pub(super) code_columns: usize,
}

/// One file of them.
struct AuditedFile {
    name: String,
    notes: Vec<String>,
}

impl<'i> Audited<'i> {
    pub(super) fn new(
        index: &'i Index,
        name: &str,
        tally: Tally,
        notes: Vec<String>,
        has_amounts: bool,
    ) -> Audited<'i> {
        let name = name.to_owned();
        Audited {
            index,
            tally,
            files: vec![AuditedFile { name, notes }],
            unread: Vec::new(),
            has_amounts,
            code_columns: 0,
        }
    }

    /// Returns what was counted of a table, with what is to be noted of its columns beside `notes`.
    pub(super) fn of_table(
        index: &'i Index,
        name: &str,
        tally: Tally,
        columns: &Columns,
        notes: Vec<String>,
    ) -> Audited<'i> {
        let without_codes = match tally.has_counted() {
            true => None,
            false => columns.note_without_codes(&tally.columns_without_codes()),
        };
        let guessed = columns.guessed.iter().cloned();
        let notes = guessed
            .chain(columns.note_of_poa())
            .chain(notes)
            .chain(without_codes)
            .collect();
        let mut audited = Audited::new(index, name, tally, notes, columns.amount.is_some());
        audited.code_columns = columns.codes.len();
        audited
    }

    /// Returns what was counted before any file was read.
    pub fn of_none(index: &'i Index) -> Audited<'i> {
        Audited {
            index,
            tally: Tally::new(index),
            files: Vec::new(),
            unread: Vec::new(),
            has_amounts: false,
            code_columns: 0,
        }
    }

    /// Checks whether no file was read.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Adds a file that could not be read, and why, which holds no value of it.
    pub fn add_unread(&mut self, name: &str, error: &Error) {
        self.unread
            .push((name.to_owned(), error.message().to_owned()));
    }

    /// Adds a note on the file.
    pub(super) fn note(&mut self, note: impl IntoIterator<Item = String>) {
        if let Some(file) = self.files.last_mut() {
            file.notes.extend(note);
        }
    }

    /// Counts codes that were not judged and of which no claim was made.
    pub(super) fn count_not_judged(&mut self, reason: NotJudged, codes: u64) {
        if codes > 0 {
            self.tally.not_judged.add(reason, codes);
        }
    }

    /// Counts what ended the reading of the file before its end.
    pub(super) fn cut_off(&mut self, flaw: &str) {
        let place = ClaimPlace::Row(self.tally.rows() + 1);
        let kind = ProblemKind::Malformed(format!("{flaw}; the rest is missing"));
        self.tally.problem(ClaimProblem::new(place, None, kind));
    }

    /// Adds what was counted of another file.
    pub fn add(&mut self, mut other: Audited<'_>) {
        if self.files.is_empty() {
            self.tally = other.tally;
        } else {
            if let [only] = self.files.as_slice() {
                self.tally.name_file(&only.name);
            }
            if let Some(first) = other.files.first() {
                other.tally.name_file(&first.name);
            }
            self.tally.add_file(other.tally);
        }
        self.files.extend(other.files);
        self.has_amounts |= other.has_amounts;
        self.code_columns = self.code_columns.max(other.code_columns);
    }

    /// Sums up.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read.
    pub fn into_summary(self) -> Result<AuditSummary> {
        let mut summary = self.tally.into_summary(self.index)?;
        summary.files = self.files.len() as u64;
        summary.unread_files = self.unread;
        // What is noted of all files is said once.
        let mut noted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in &self.files {
            for note in &file.notes {
                noted.entry(note).or_default().push(&file.name);
            }
        }
        for (note, files) in noted {
            summary.notes.push(match files.as_slice() {
                all if all.len() == self.files.len() => note.to_owned(),
                [first] => format!("{first}: {note}"),
                [first, others @ ..] => format!("{first} and {} more: {note}", others.len()),
                [] => continue,
            });
        }
        summary.has_amounts = self.has_amounts;
        summary.code_columns = self.code_columns as u64;
        Ok(summary)
    }
}
