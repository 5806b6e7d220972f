//! How many codes and claims have which verdict.

#![allow(
    clippy::indexing_slicing,
    reason = "there is a count for every verdict"
)]

use codeyear_core::model::VerdictKind;

/// How many codes have each verdict, in the order of [`VerdictKind::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    pub(super) codes: [u64; 7],
    cents: [i64; 7],
}

impl VerdictCounts {
    /// Returns how many codes have a verdict.
    pub fn of(&self, kind: VerdictKind) -> u64 {
        self.codes[kind as usize]
    }

    /// Returns what the claims of these codes charge, in cents; a claim counts once for each of its codes.
    pub fn cents_of(&self, kind: VerdictKind) -> i64 {
        self.cents[kind as usize]
    }

    /// Returns how many codes there are.
    pub fn total(&self) -> u64 {
        self.codes.iter().sum()
    }

    /// Returns how many codes are known not to be billable: those on a day that no loaded release governs are
    /// not among them.
    pub fn failing(&self) -> u64 {
        let failing = VerdictKind::ALL
            .into_iter()
            .filter(|kind| kind.is_failure());
        failing.map(|kind| self.of(kind)).sum()
    }

    /// Returns what the claims of failing codes charge, in cents.
    pub fn failing_cents(&self) -> i64 {
        let failing = VerdictKind::ALL
            .into_iter()
            .filter(|kind| kind.is_failure());
        failing.map(|kind| self.cents_of(kind)).sum()
    }

    pub(super) fn count(&mut self, kind: VerdictKind, cents: Option<i64>) {
        self.codes[kind as usize] += 1;
        let sum = &mut self.cents[kind as usize];
        *sum = sum.saturating_add(cents.unwrap_or(0));
    }

    pub(super) fn add(&mut self, other: &VerdictCounts) {
        for (sum, count) in self.codes.iter_mut().zip(other.codes) {
            *sum += count;
        }
        for (sum, cents) in self.cents.iter_mut().zip(other.cents) {
            *sum = sum.saturating_add(cents);
        }
    }
}

/// How many claims would be rejected. A claim is a row of a table, an object, a claim of X12, a resource of FHIR.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClaimCounts {
    /// Claims with any code that is known not to be billable.
    pub failing: u64,
    /// Of them those whose first code fails: the principal diagnosis, where a claim has one.
    pub principal: u64,
    /// Claims without such a code, and with one that could not be judged or read.
    pub undetermined: u64,
    /// What the claims that fail charge, in cents, each once.
    pub failing_cents: i64,
}

impl ClaimCounts {
    pub(super) fn add(&mut self, other: ClaimCounts) {
        self.failing += other.failing;
        self.principal += other.principal;
        self.undetermined += other.undetermined;
        self.failing_cents = self.failing_cents.saturating_add(other.failing_cents);
    }
}
