//! What is left out where no text has all that was asked for.

use std::collections::HashMap;

use super::Query;
use super::asked::FILLER;
use crate::error::Result;

/// The most rows that are looked at where words are left out.
const MAX_ROWS_RELAXED: usize = 250;

/// The most ways to leave out words that are tried, before the ones that led to a code stand.
const MAX_TRIED: usize = 40;

/// Two ways that say as much as each other differ by no more than this.
const AS_MUCH: f64 = 0.1;

/// Returns how much more a concept tells that so many texts have: a rattlesnake a little more than a bite. From 1.15 for
/// one text to 1 for a hundred thousand and more.
fn rarity(texts: usize) -> f64 {
    (1.15 - 0.03 * (texts.max(1) as f64).log10()).max(1.0)
}

impl Query<'_> {
    /// Leaves out as little of the concepts as can be, by what they say, so that something is found.
    pub(super) fn relax(&mut self, core: u32) -> Result<()> {
        self.rows = MAX_ROWS_RELAXED;
        let mut most = None;
        for (said, chosen) in self.choices(core)?.into_iter().take(MAX_TRIED) {
            if most.is_some_and(|most| said < most - AS_MUCH) {
                break;
            }
            self.add_chosen(chosen)?;
            if most.is_none() && !self.is_empty() {
                most = Some(said);
            }
        }
        Ok(())
    }

    /// Lists which concepts stand together in a text, with what they say, the most first. From then on rarer concepts say a
    /// little more, in what is ranked too.
    fn choices(&mut self, core: u32) -> Result<Vec<(f64, u32)>> {
        let all = self.concepts.iter().enumerate();
        let all = all.filter(|(at, _)| core & (1 << at) != 0);
        // The words of every sentence are left out in any case.
        let says_something = all.clone().any(|(_, concept)| concept.importance > FILLER);
        let meaningful = all.filter(|(_, one)| !says_something || one.importance > FILLER);
        let mut meaningful: Vec<(u32, f64)> = meaningful
            .map(|(at, concept)| (1 << at, concept.importance))
            .collect();
        let mut held: HashMap<i64, u32> = HashMap::new();
        for (bit, importance) in &mut meaningful {
            let Some(query) = self.query(*bit, false) else {
                continue;
            };
            let is_listed =
                |number| self.options.unlisted || self.listed.position(number).is_some();
            let code_set = self.timeline.code_set();
            let rows = self.store.rows_with(code_set, &query, &is_listed)?;
            *importance *= rarity(rows.len());
            for row in rows {
                *held.entry(row).or_default() |= *bit;
            }
        }
        for (at, concept) in self.concepts.iter_mut().enumerate() {
            let known = meaningful.iter().find(|(bit, _)| *bit == 1 << at);
            concept.importance = known.map_or(concept.importance, |(_, importance)| *importance);
        }
        let mut together: Vec<u32> = held.into_values().collect();
        together.sort_unstable();
        together.dedup();
        let said = |chosen: u32| -> f64 {
            let of = meaningful.iter().filter(|(bit, _)| chosen & bit != 0);
            of.map(|(_, importance)| importance).sum()
        };
        let mut choices: Vec<(f64, u32)> = together
            .into_iter()
            .map(|chosen| (said(chosen), chosen))
            .collect();
        choices.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        Ok(choices)
    }
}
