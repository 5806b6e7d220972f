//! What the conversion tables say of the codes that changed between two releases.

use std::collections::{BTreeSet, VecDeque};

use chrono::NaiveDate;

use crate::model::{
    Code, Conversions, LineageLink, ListedAs, ListedOn, Previous, ReleaseId, TraceEnd,
};

/// Which way the lineage of a changed code leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineageWay {
    /// The code could be reported before and no longer can: to what it became.
    Forward,
    /// The code can be reported and could not be before: to what it came from.
    Back,
}

/// What the conversion tables say of a changed code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLineage {
    /// Which way it leads.
    pub way: LineageWay,
    /// The codes that it leads to, each with the rows that say so. Empty if no table names one: then
    /// `table` is the newest that could have.
    pub ends: Vec<TraceEnd>,
    /// Of a code that can no longer be reported, what was split off from it between the two sides while it
    /// stayed valid: no successors, because the code itself was still to be used.
    pub split_off: Vec<LineageLink>,
    /// Whether a table says in a row of its own that nothing came before the code.
    pub says_none: bool,
    /// The newest loaded table that reaches the day on which the code changed; of a code with ends, the
    /// newest whose rows say so.
    pub table: ReleaseId,
}

impl ChangeLineage {
    /// Checks whether a code that it leads to is so only together with another one.
    pub fn is_combined(end: &TraceEnd) -> bool {
        end.steps.iter().any(|step| !step.together_with.is_empty())
    }
}

impl Conversions {
    /// Checks whether a row says that nothing came before a code.
    pub fn says_none(&self, code: &Code) -> bool {
        self.rows_of(code)
            .any(|fact| fact.previous == Previous::None)
    }

    /// Follows a code back from a day to codes that could be reported on an earlier day, through conversions
    /// that took effect after that one.
    ///
    /// A code that could not be reported on the earlier day is followed further back where a table names
    /// what came before it on an earlier day: two rows of one day are not chained, because what came in that
    /// day was never used before it (Z80.44 came from Z40.89, which came in with it). No code is entered twice.
    pub fn trace_back(
        &self,
        code: &Code,
        after: NaiveDate,
        until: NaiveDate,
        listed: &ListedOn<'_>,
    ) -> Vec<TraceEnd> {
        let mut ends = Vec::new();
        let mut entered = BTreeSet::from([*code]);
        let mut open: VecDeque<(Code, NaiveDate, Vec<LineageLink>)> =
            VecDeque::from([(*code, until, Vec::new())]);
        while let Some((code, until, steps)) = open.pop_front() {
            let was = listed(&code, after);
            let mut back = if was == ListedAs::Billable {
                Vec::new()
            } else {
                self.predecessors(&code, listed)
            };
            let is_first = steps.is_empty();
            back.retain(|link| {
                let day = link.effective_from;
                after < day && (day < until || (is_first && day == until))
            });
            back.retain(|link| !entered.contains(&link.old));
            if back.is_empty() {
                ends.push(TraceEnd {
                    code,
                    listed: was,
                    steps,
                });
                continue;
            }
            for link in back {
                if entered.insert(link.old) {
                    let (old, day) = (link.old, link.effective_from);
                    let mut steps = steps.clone();
                    steps.insert(0, link);
                    open.push_back((old, day, steps));
                }
            }
        }
        ends
    }
}
