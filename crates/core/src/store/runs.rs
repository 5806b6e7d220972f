//! Sets of entries as runs of consecutive numbers.
//!
//! A release takes over most of its predecessor's entries, in the same order, so its listing is a few
//! hundred runs instead of a hundred thousand rows; and what differs between two releases falls out of
//! comparing runs, without looking at the rows that they share.

/// Consecutive entries at consecutive positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first entry.
    pub first: i64,
    /// The number of entries.
    pub length: i64,
    /// The position of the first entry, from 1.
    pub position: i64,
}

impl Run {
    fn end(&self) -> i64 {
        self.first + self.length
    }
}

/// The entries of one listing, by entry number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunSet {
    runs: Vec<Run>,
}

impl RunSet {
    /// Makes a set of runs in any order.
    pub(crate) fn new(mut runs: Vec<Run>) -> RunSet {
        runs.sort_by_key(|run| run.first);
        RunSet { runs }
    }

    /// Gathers the entries of a listing, given in tabular order, into runs.
    pub(crate) fn gather(entries: impl IntoIterator<Item = i64>) -> RunSet {
        RunSet::gather_at((1..).zip(entries))
    }

    /// Gathers entries at positions of their own, given in the order of their positions, into runs.
    pub(crate) fn gather_at(entries: impl IntoIterator<Item = (i64, i64)>) -> RunSet {
        let mut runs: Vec<Run> = Vec::new();
        for (position, entry) in entries {
            match runs.last_mut() {
                Some(run) if run.end() == entry && run.position + run.length == position => {
                    run.length += 1;
                }
                _ => runs.push(Run {
                    first: entry,
                    length: 1,
                    position,
                }),
            }
        }
        RunSet::new(runs)
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the runs in tabular order.
    pub(crate) fn by_position(&self) -> Vec<Run> {
        let mut runs = self.runs.clone();
        runs.sort_by_key(|run| run.position);
        runs
    }

    /// Returns the position of an entry; `None` if it is not in the set.
    pub(crate) fn position(&self, entry: i64) -> Option<i64> {
        let after = self.runs.partition_point(|run| run.first <= entry);
        let run = self.runs.get(after.checked_sub(1)?)?;
        (entry < run.end()).then(|| run.position + entry - run.first)
    }

    pub(crate) fn contains(&self, entry: i64) -> bool {
        self.position(entry).is_some()
    }

    /// Lists the entries that this set has and the other has not.
    pub(crate) fn minus(&self, other: &RunSet) -> Vec<i64> {
        let mut left = Vec::new();
        let mut others = other.runs.iter().peekable();
        for run in &self.runs {
            let mut at = run.first;
            while at < run.end() {
                while others.peek().is_some_and(|other| other.end() <= at) {
                    others.next();
                }
                match others.peek() {
                    Some(other) if other.first <= at => at = other.end().min(run.end()),
                    Some(other) => {
                        let to = other.first.min(run.end());
                        left.extend(at..to);
                        at = to;
                    }
                    None => {
                        left.extend(at..run.end());
                        at = run.end();
                    }
                }
            }
        }
        left
    }

    /// Adds an entry without a position in the book (a patch).
    pub(crate) fn insert(&mut self, entry: i64) {
        if !self.contains(entry) {
            self.runs.push(Run {
                first: entry,
                length: 1,
                position: i64::MAX / 2,
            });
            self.runs.sort_by_key(|run| run.first);
        }
    }

    /// Removes an entry.
    pub(crate) fn remove(&mut self, entry: i64) {
        let mut runs = Vec::with_capacity(self.runs.len() + 1);
        for run in &self.runs {
            if run.first <= entry && entry < run.end() {
                let before = entry - run.first;
                let after = run.length - before - 1;
                if before > 0 {
                    runs.push(Run {
                        length: before,
                        ..*run
                    });
                }
                if after > 0 {
                    runs.push(Run {
                        first: entry + 1,
                        length: after,
                        position: run.position + before + 1,
                    });
                }
            } else {
                runs.push(*run);
            }
        }
        self.runs = runs;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_the_set_that_they_were_gathered_from(
            a in proptest::collection::btree_set(0i64..60, 0..40),
            b in proptest::collection::btree_set(0i64..60, 0..40),
            out in 0i64..60,
        ) {
            let shuffled: Vec<i64> = a.iter().rev().copied().collect();
            let mut set = RunSet::gather(shuffled.iter().copied());
            let other = RunSet::gather(b.iter().copied());
            let expected: Vec<i64> = a.difference(&b).copied().collect();
            prop_assert_eq!(set.minus(&other), expected);
            for (index, entry) in shuffled.iter().enumerate() {
                prop_assert_eq!(set.position(*entry), Some(index as i64 + 1));
            }
            set.remove(out);
            let left: BTreeSet<i64> = a.iter().copied().filter(|entry| *entry != out).collect();
            let empty = RunSet::default();
            prop_assert_eq!(set.minus(&empty).into_iter().collect::<BTreeSet<_>>(), left);
            set.insert(out);
            prop_assert!(set.contains(out));
        }
    }
}
