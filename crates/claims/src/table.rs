//! A row of a table as a claim: what CSV and Parquet read alike.

use super::amount::cents;
use super::auditor::{AuditedCode, KnownCode};
use super::claim::{Claim, ClaimCode, ClaimParts, ClaimPlace, ClaimProblem, ProblemKind};
use super::clean::split;
use super::columns::{Columns, Fields};
use super::options::Separators;
use super::pipeline::AuditedClaim;
use codeyear_core::model::{DateFormat, DateParts};

/// A row whose fields have been told apart.
pub(super) struct TableRow<'r, F> {
    pub(super) columns: &'r Columns,
    pub(super) fields: &'r F,
    pub(super) place: ClaimPlace,
    /// The day on which its codes have to be valid, or why there is none.
    pub(super) day: Result<DateParts, ProblemKind>,
    /// Which column is named where there is none.
    pub(super) date_column: Option<usize>,
    /// What it charges, as it stands there; empty for nothing.
    pub(super) amount: Option<&'r [u8]>,
    pub(super) format: DateFormat,
    /// What was found before of each of its codes; empty if none was looked up.
    pub(super) known: &'r [Option<KnownCode>],
}

impl<F: Fields> TableRow<'_, F> {
    fn problem_of(&self, column: Option<usize>, kind: ProblemKind) -> ClaimProblem {
        let field = column.and_then(|at| self.columns.names.get(at).cloned());
        ClaimProblem {
            value: column.map(|at| String::from_utf8_lossy(self.fields.field(at)).into_owned()),
            ..ClaimProblem::new(self.place, field, kind)
        }
    }
}

impl<F: Fields> AuditedClaim for TableRow<'_, F> {
    #[inline(always)]
    fn cents(&self) -> Result<Option<i64>, ClaimProblem> {
        match self.amount.filter(|text| !self.columns.nulls.are(text)) {
            None => Ok(None),
            Some(text) => cents(text)
                .map(Some)
                .map_err(|kind| self.problem_of(self.columns.amount, kind)),
        }
    }

    fn count(&self) -> usize {
        self.columns.codes.len()
    }

    #[inline(always)]
    fn nulls(&self) -> u64 {
        let nulls = &self.columns.nulls;
        let codes = self.columns.codes.iter();
        let texts = codes.map(|code| self.fields.field(code.at).trim_ascii());
        texts
            .filter(|text| !text.is_empty() && nulls.is_marker(text))
            .count() as u64
    }

    #[inline(always)]
    fn code(&self, at: usize) -> Option<AuditedCode<'_>> {
        let code = self.columns.codes.get(at)?;
        let text = self.fields.field(code.at);
        if self.columns.nulls.are(text) {
            return None;
        }
        let by = self.columns.code_set_by;
        Some(AuditedCode {
            system: self.columns.system(code, self.fields),
            label: by.map_or(&[], |at| self.fields.field(at)),
            text,
            day: self.day.as_ref().copied(),
            since: None,
            poa: self
                .columns
                .poa_of(at)
                .map_or(&[], |at| self.fields.field(at)),
            format: self.format,
            known: self.known.get(at).copied().flatten(),
        })
    }

    fn problem(&self, at: usize, kind: ProblemKind) -> ClaimProblem {
        let column = match kind {
            ProblemKind::NotUtf8 => self.columns.codes.get(at).map(|code| code.at),
            _ => self.date_column,
        };
        self.problem_of(column, kind)
    }
}

impl<F: Fields> TableRow<'_, F> {
    /// Returns the row as a claim of which a cell may hold several codes, with what stands between them.
    pub(super) fn into_claim(self, separators: &Separators) -> Claim {
        let columns = self.columns;
        let text = |at: usize| String::from_utf8_lossy(self.fields.field(at)).into_owned();
        let by = columns.code_set_by;
        let mut codes = Vec::new();
        let mut nulls = 0;
        for (number, column) in columns.codes.iter().enumerate() {
            let cell = text(column.at);
            if cell.trim().is_empty() {
                continue;
            }
            let system = columns.system(column, self.fields);
            let poa = columns.poa_of(number).map(text).unwrap_or_default();
            let parts: Vec<&str> = split(&cell, separators).collect();
            let many = parts.len() > 1;
            for (at, part) in parts.into_iter().enumerate() {
                if columns.nulls.are(part.as_bytes()) {
                    nulls += 1;
                    continue;
                }
                codes.push(ClaimCode {
                    field: match many {
                        true => format!("{}[{at}]", column.name),
                        false => column.name.clone(),
                    },
                    system,
                    label: by.map(text).unwrap_or_default(),
                    text: part.to_owned(),
                    day: self.day.clone().and_then(|day| {
                        day.date().ok_or_else(|| ProblemKind::BadDate {
                            expected: self.format.pattern(),
                        })
                    }),
                    since: None,
                    poa: poa.clone(),
                });
            }
        }
        Claim {
            place: self.place,
            kept: columns
                .also_kept
                .iter()
                .map(|at| text(*at).replace(Separators::OF_LISTS, " "))
                .collect(),
            cents: self.cents(),
            codes,
            remarks: Vec::new(),
            nulls,
            parts: ClaimParts::default(),
        }
    }
}
