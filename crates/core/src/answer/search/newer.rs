//! Newer codes before the older ones that older words lead to.
//!
//! A term of an index or of a tabular list leads to a code as that release had it. Where the conversion tables say that
//! the code has given a part of its meaning to another one since, that one is shown first.

use chrono::NaiveDate;

use super::{Place, Query, weigh};
use crate::error::Result;
use crate::model::{Code, DocumentKind, FoundStanding, Status, StoredDocument, judge};
use crate::store::GivenPart;

/// How many of the codes that were found are looked at.
const MAX_LOOKED_AT: usize = 12;

/// How many newer codes of one are shown.
const MAX_NEWER: usize = 3;

impl Query<'_> {
    /// Adds the newer codes of the best that older words led to, each before its older one.
    pub(super) fn add_newer(&mut self) -> Result<()> {
        if !self.timeline.code_set().has(DocumentKind::ConversionTable) {
            return Ok(());
        }
        for code in self.order().into_iter().take(MAX_LOOKED_AT) {
            let Some(candidate) = self.found.get(&code) else {
                continue;
            };
            let (score, lacks, current) = (candidate.score, candidate.lacks, candidate.current);
            let given = self.store.given_parts(&code, None, self.date)?;
            if given.is_empty() {
                continue;
            }
            // What the day's own title says holds on the day; and a newer code that stands before it is told as one.
            if current.title {
                self.tell_newer(&code, score, given);
                continue;
            }
            let since = match &candidate.found_in {
                Place::InclusionTerm { node, .. } => {
                    self.last_with(&self.documents.tabular, *node)?
                }
                Place::Index { term, .. } => self.last_with(&self.documents.indexes, *term)?,
                _ => None,
            };
            let by_term = match current.term {
                Some(node) => self.last_with(&self.documents.tabular, node)?,
                None => None,
            };
            let Some(since) = since.max(by_term) else {
                continue;
            };
            if since < self.date {
                self.add_newer_of(&code, since, score, lacks)?;
            }
        }
        Ok(())
    }

    /// Marks the codes that stand before an older one with the day from which they have a part of its meaning.
    fn tell_newer(&mut self, older: &Code, score: f64, given: Vec<GivenPart>) {
        for GivenPart { code, from, item } in given {
            let newer = self.found.get_mut(&code).filter(|newer| {
                let is_told = matches!(newer.found_in, Place::Code | Place::NewerCode { .. });
                newer.score < score && !is_told && code != *older
            });
            if let Some(newer) = newer {
                let of = *older;
                newer.found_in = Place::NewerCode { of, from, item };
            }
        }
    }

    /// Returns the first day of the newest release by the day whose document holds an item.
    fn last_with(&self, documents: &[StoredDocument], item: i64) -> Result<Option<NaiveDate>> {
        let mut last = None;
        for document in documents {
            let from = document.release.effective_from();
            if from > self.date || last.is_some_and(|last| from <= last) {
                continue;
            }
            if self.store.row_of(document, item)?.is_some() {
                last = Some(from);
            }
        }
        // One that only later releases have is as new as can be.
        Ok(last.or(Some(self.date)))
    }

    fn add_newer_of(
        &mut self,
        code: &Code,
        since: NaiveDate,
        score: f64,
        lacks: u32,
    ) -> Result<()> {
        // How many of the concepts a title says nothing of.
        let core = self.core();
        let lacking = |title: &str| {
            let weighed = weigh(title, &self.concepts, &[]);
            ((weighed.lacks & core).count_ones(), weighed)
        };
        let older = self.found.get(code);
        let most_lacking = older.map_or(0, |older| lacking(&older.entry.long_title).0);
        let most_lacking = most_lacking.min(core.count_ones().saturating_sub(1));
        let mut newer = Vec::new();
        for given in self.store.given_parts(code, Some(since), self.date)? {
            if given.code == *code {
                continue;
            }
            let life = self.store.spans(self.timeline.code_set(), &given.code)?;
            if let Status::Listed { entry, .. } = judge(self.date, self.timeline, &life)
                && entry.billable
            {
                let (lacking, weighed) = lacking(&entry.long_title);
                // Nor where it is of something that was not asked for: of hyperemesis that of cannabis.
                let is_other = lacking > most_lacking || (lacking == 0 && weighed.extra > 1.0);
                newer.push((is_other, weighed.score, given, entry));
            }
        }
        newer.sort_by(|a, b| {
            let by_score = a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
            by_score.then(a.2.code.cmp(&b.2.code))
        });
        newer.dedup_by_key(|(_, _, given, _)| given.code);
        newer.truncate(MAX_NEWER);
        let count = newer.len() as f64;
        for (at, (is_other, _, given, entry)) in newer.into_iter().enumerate() {
            // Right before the older one; behind it where the older one says more of what was asked for: who asks for
            // COPD means no rejection of a lung.
            let before = match is_other {
                false => score - 0.001 * (count - at as f64),
                true => score + 0.001 * (at as f64 + 1.0),
            };
            let place = Place::NewerCode {
                of: *code,
                from: given.from,
                item: given.item,
            };
            // Where it was found better by itself it stays, and says since when the meaning is its own.
            if let Some(there) = self.found.get_mut(&given.code) {
                there.score = there.score.min(before);
                // Of several older ones the best that was found.
                if !matches!(there.found_in, Place::NewerCode { .. }) {
                    there.found_in = place;
                }
                there.standing = FoundStanding::Billable;
                continue;
            }
            self.offer(entry, before, lacks, i64::MAX, None, place);
        }
        Ok(())
    }
}
