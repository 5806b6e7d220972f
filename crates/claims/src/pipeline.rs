//! The way of every claim: a reader gives it, the auditor judges its codes, a sink shapes what was found.
//!
//! Formats differ in their readers and sinks only. What is counted and reported, and what ends the audit, is said here.

use super::auditor::{AuditedCode, Auditor, CodeOutcome, Standing};
use super::claim::{Claim, ClaimPlace, ClaimProblem, ProblemKind};
use super::not_judged::NotJudged;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{DateFormat, DateParts};

/// A claim as it is audited: a row of a table, or a [`Claim`].
pub(super) trait AuditedClaim {
    /// Returns what it charges, or why that cannot be read.
    fn cents(&self) -> std::result::Result<Option<i64>, ClaimProblem>;

    /// Returns how many codes it may have.
    fn count(&self) -> usize;

    /// Checks whether a code is the first one: the principal diagnosis, where a claim has one.
    fn is_first(&self, at: usize) -> bool {
        at == 0
    }

    /// Counts its fields that hold a marker in place of a code.
    fn nulls(&self) -> u64 {
        0
    }

    /// Lists what was read although it is not written as the format wants it.
    fn remarks(&self) -> &[&'static str] {
        &[]
    }

    /// Returns its number, if what it points to counts as its own; else 0.
    fn number(&self) -> u32 {
        0
    }

    /// Checks whether it counts with the claims that refer to it.
    fn is_part(&self) -> bool {
        false
    }

    /// Lists the numbers of the claims that one of its codes is a code of.
    fn claims_of(&self, _at: usize) -> &[(usize, u32)] {
        &[]
    }

    /// Returns one of them; `None` for a field without a code.
    fn code(&self, at: usize) -> Option<AuditedCode<'_>>;

    /// Returns what of one of them cannot be read.
    fn problem(&self, at: usize, kind: ProblemKind) -> ClaimProblem;
}

impl AuditedClaim for Claim {
    fn cents(&self) -> std::result::Result<Option<i64>, ClaimProblem> {
        self.cents.clone()
    }

    fn count(&self) -> usize {
        self.codes.len()
    }

    fn is_first(&self, at: usize) -> bool {
        // On several days one code stands there several times.
        let field = |at: usize| self.codes.get(at).map(|code| &code.field);
        field(at) == field(0)
    }

    fn nulls(&self) -> u64 {
        self.nulls
    }

    fn remarks(&self) -> &[&'static str] {
        &self.remarks
    }

    fn number(&self) -> u32 {
        self.parts.number
    }

    fn is_part(&self) -> bool {
        self.parts.is_part
    }

    fn claims_of(&self, at: usize) -> &[(usize, u32)] {
        let of = &self.parts.of;
        let from = of.partition_point(|(place, _)| *place < at);
        let to = of.partition_point(|(place, _)| *place <= at);
        of.get(from..to).unwrap_or_default()
    }

    fn code(&self, at: usize) -> Option<AuditedCode<'_>> {
        self.codes.get(at).map(|code| AuditedCode {
            system: code.system,
            text: code.text.as_bytes(),
            label: code.label.as_bytes(),
            day: code.day.as_ref().map(|day| DateParts::of(*day)),
            since: code.since,
            poa: code.poa.as_bytes(),
            format: DateFormat::Iso,
            known: None,
        })
    }

    fn problem(&self, at: usize, kind: ProblemKind) -> ClaimProblem {
        let field = self.codes.get(at).map(|code| code.field.clone());
        ClaimProblem::new(self.place, field, kind)
    }
}

/// What shapes the findings of a kind of claims.
pub(super) trait Sink<C> {
    /// What it writes to.
    type Out;

    /// Begins a claim.
    fn begin(&mut self, _: &C, _: &mut Self::Out) -> Result<()> {
        Ok(())
    }

    /// Shapes one code after another. Of a row nothing follows a code whose day cannot be read: it is that of all.
    fn code(
        &mut self,
        code: (&C, usize),
        outcome: &CodeOutcome,
        auditor: &mut Auditor<'_>,
        out: &mut Self::Out,
    ) -> Result<()>;

    /// Ends the claim.
    fn end(&mut self, _fails: bool, _: &mut Self::Out) {}

    /// Writes what a reader could make no claim of.
    fn problem(&mut self, problem: &ClaimProblem, out: &mut Self::Out) -> Result<()>;
}

impl Auditor<'_> {
    /// Audits what a reader gives. Without a sink it is only counted.
    pub(super) fn audit<C: AuditedClaim, S: Sink<C> + ?Sized>(
        &mut self,
        item: std::result::Result<C, ClaimProblem>,
        sink: Option<&mut S>,
        out: &mut S::Out,
    ) -> Result<()> {
        match item {
            Ok(claim) => self.claim(&claim, sink, out),
            Err(problem) => self.problem(problem, sink, out),
        }
    }

    /// Reports what a reader could make no claim of.
    pub(super) fn problem<C, S: Sink<C> + ?Sized>(
        &mut self,
        problem: ClaimProblem,
        sink: Option<&mut S>,
        out: &mut S::Out,
    ) -> Result<()> {
        self.tally_mut().count_rows(u64::from(problem.is_claim));
        self.tally_mut().claims.undetermined += u64::from(problem.is_claim);
        let problem = self.without_value(problem);
        if let Some(sink) = sink {
            sink.problem(&problem, out)?;
        }
        self.report(problem)
    }

    /// Audits a claim. Inlined, so that what a reader says of a row is never written to memory only to be read again.
    #[inline(always)]
    pub(super) fn claim<C: AuditedClaim, S: Sink<C> + ?Sized>(
        &mut self,
        claim: &C,
        mut sink: Option<&mut S>,
        out: &mut S::Out,
    ) -> Result<()> {
        // A part of other claims is none of its own.
        self.tally_mut().count_rows(u64::from(!claim.is_part()));
        self.tally_mut().nulls += claim.nulls();
        for remark in claim.remarks() {
            self.tally_mut().remark(remark);
        }
        if let Some(sink) = &mut sink {
            sink.begin(claim, out)?;
        }
        let cents = match claim.cents() {
            Ok(cents) => cents,
            Err(problem) => {
                self.report(problem)?;
                None
            }
        };
        // What is written of a claim if it has any code that is not billable; and what becomes of it.
        let mut fails = false;
        let mut rejected = None;
        let mut is_open = false;
        for at in 0..claim.count() {
            let outcome = match claim.code(at) {
                Some(code) => self.judge(&code, cents)?,
                None => CodeOutcome::Nothing,
            };
            if self.rules.are_rows {
                self.count_column(at, &outcome);
            }
            let standing = self.standing(&outcome);
            if standing != Standing::Good {
                for (_, whole) in claim.claims_of(at) {
                    if self.tally_mut().fail_linked_claim(*whole, standing) {
                        self.count_first_failure(&outcome);
                    }
                }
            }
            match standing {
                Standing::Good => {}
                Standing::Open => is_open = true,
                Standing::Fails => {
                    if rejected.is_none() && !claim.is_part() {
                        self.count_first_failure(&outcome);
                    }
                    rejected.get_or_insert(at);
                }
            }
            if let Some(sink) = &mut sink {
                fails |= self.is_failure(&outcome);
                sink.code((claim, at), &outcome, self, out)?;
            }
            if let CodeOutcome::Unreadable(kind) = outcome {
                // A day that cannot be read is that of the whole row.
                let ends_row = self.rules.are_rows && *kind != ProblemKind::NotUtf8;
                self.report(claim.problem(at, *kind))?;
                let mut unread = 1;
                if ends_row {
                    let others = at + 1..claim.count();
                    unread += others.filter(|at| claim.code(*at).is_some()).count() as u64;
                }
                self.tally_mut().not_judged.add(NotJudged::NotRead, unread);
                if ends_row {
                    break;
                }
            }
        }
        let claim_is_first = rejected.is_some_and(|first| claim.is_first(first));
        let tally = self.tally_mut();
        if claim.number() != 0 {
            let standing = match (rejected, is_open) {
                (Some(_), _) => Standing::Fails,
                (None, true) => Standing::Open,
                (None, false) => Standing::Good,
            };
            tally.note_linked_claim(claim.number(), standing, cents);
        }
        let claims = &mut tally.claims;
        match rejected {
            _ if claim.is_part() => {}
            Some(_) => {
                claims.failing += 1;
                claims.principal += u64::from(claim_is_first);
                let cents = cents.unwrap_or_default();
                claims.failing_cents = claims.failing_cents.saturating_add(cents);
            }
            None => claims.undetermined += u64::from(is_open),
        }
        if let Some(sink) = sink {
            sink.end(fails, out);
        }
        Ok(())
    }

    /// Removes the value from a problem, unless the user asked to see it.
    fn without_value(&self, problem: ClaimProblem) -> ClaimProblem {
        let value = problem.value.filter(|_| self.rules.options.show_values);
        ClaimProblem { value, ..problem }
    }

    /// Counts what cannot be read; with `strict` it ends the audit.
    fn report(&mut self, problem: ClaimProblem) -> Result<()> {
        let rules = self.rules;
        let problem = self.without_value(problem);
        if !rules.options.strict {
            self.tally_mut().problem(problem);
            return Ok(());
        }
        let error = match problem.place {
            ClaimPlace::Line(line) if rules.are_rows => Error::format(problem.to_string())
                .in_file(rules.file)
                .at_line(line),
            place => Error::format(format!("{place}: {problem}")).in_file(rules.file),
        };
        let what = if rules.are_rows { "rows" } else { "claims" };
        Err(error.with_hint(format!(
            "without --strict such {what} are reported and counted, and the rest is checked"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auditor::AuditRules;
    use crate::sinks::CodeRows;
    use crate::{ClaimCode, ClaimParts, CodeSystem, Index, RowOptions};
    use codeyear_core::ingest::import_sample;
    use codeyear_core::store::Store;

    fn claim() -> Claim {
        let code = |field: &str, day| ClaimCode {
            field: field.to_owned(),
            system: CodeSystem::Detected,
            label: String::new(),
            text: "C7B.00".to_owned(),
            day,
            since: None,
            poa: String::new(),
        };
        Claim {
            place: ClaimPlace::Line(3),
            kept: Vec::new(),
            cents: Ok(None),
            remarks: Vec::new(),
            nulls: 0,
            parts: ClaimParts::default(),
            codes: vec![
                code("dx1", Ok("2026-03-01".parse().unwrap())),
                code("dx2", Err(ProblemKind::NoDate)),
                code("dx3", Err(ProblemKind::NoDate)),
            ],
        }
    }

    fn audited(are_rows: bool, strict: bool) -> Result<crate::AuditSummary> {
        let mut store = Store::in_memory()?;
        import_sample(&mut store, "2026-03-01".parse().unwrap())?;
        let index = Index::open(store)?;
        let rules = AuditRules {
            file: "claims",
            options: RowOptions {
                strict,
                ..RowOptions::default()
            },
            are_rows,
            writes: false,
        };
        let mut auditor = Auditor::new(&index, rules);
        auditor.audit(Ok(claim()), None::<&mut CodeRows>, &mut Vec::new())?;
        auditor.into_tally().into_summary(&index)
    }

    #[test]
    fn a_row_that_cannot_be_read_is_reported_once_and_of_a_claim_each_code() {
        for (are_rows, unread) in [(true, 1), (false, 2)] {
            let summary = audited(are_rows, false).unwrap();
            assert_eq!((summary.rows, summary.total.total()), (1, 1));
            assert_eq!(summary.unread(), unread);
        }
    }

    #[test]
    fn a_strict_audit_ends_where_something_cannot_be_read() {
        for (are_rows, message) in [
            (true, "claims, line 3: dx2: no date"),
            (false, "claims: line 3: dx2: no date"),
        ] {
            let error = audited(are_rows, true).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
