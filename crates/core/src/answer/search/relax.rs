//! What is left out where no text has all that was asked for.

use super::Query;
use super::asked::FILLER;
use crate::error::Result;

/// The most concepts that are left out one by one; of more the last ones are left out together.
const MAX_RELAXED: usize = 8;

/// The most where words are left out.
const MAX_ROWS_RELAXED: usize = 250;

/// The most ways to leave out as many words that are tried.
const MAX_CHOICES: usize = 16;

/// After so many choices that found nothing no more are tried.
const MAX_TRIED: usize = 40;

impl Query<'_> {
    /// Leaves out ever more of the concepts, until something is found.
    pub(super) fn relax(&mut self, core: u32) -> Result<()> {
        let all: Vec<(u32, f64)> = self
            .concepts
            .iter()
            .enumerate()
            .filter(|(at, _)| core & (1 << at) != 0)
            .map(|(at, concept)| (1 << at, concept.importance))
            .collect();
        // What nothing has is left out in any case, and so are the words of every sentence.
        let mut known = Vec::new();
        let says_something = all.iter().any(|(_, importance)| *importance > FILLER);
        let meaningful = all
            .iter()
            .filter(|(_, importance)| !says_something || *importance > FILLER);
        for (bit, importance) in meaningful.copied().take(MAX_RELAXED) {
            let query = self.query(bit, false).unwrap_or_default();
            if self.store.holds(self.timeline.code_set(), &query)? {
                known.push((bit, importance));
            }
        }
        let all = known;
        let is_whole = all.len() == core.count_ones() as usize;
        self.rows = MAX_ROWS_RELAXED;
        let mut tried = 0;
        let count = all.len();
        for left_out in usize::from(is_whole)..count {
            let mut choices: Vec<(f64, u32)> = (0u32..1 << count)
                .filter(|bits| bits.count_ones() as usize == left_out)
                .map(|bits| {
                    let left = all
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| bits & (1 << at) != 0);
                    let lost: f64 = left.map(|(_, (_, importance))| importance).sum();
                    let kept = all
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| bits & (1 << at) == 0);
                    (lost, kept.fold(0, |chosen, (_, (bit, _))| chosen | bit))
                })
                .collect();
            choices.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut least = f64::INFINITY;
            for (lost, chosen) in choices.into_iter().take(MAX_CHOICES) {
                // What loses more than is needed is not what was meant.
                if lost > least + 0.01 {
                    break;
                }
                self.add_chosen(chosen)?;
                if !self.is_empty() {
                    least = least.min(lost);
                }
                tried += 1;
            }
            if !self.is_empty() || tried > MAX_TRIED {
                break;
            }
        }
        // Of very many words those that say most, each by itself.
        let mut alone = all;
        alone.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (bit, _) in alone {
            if self.is_empty() {
                self.add_chosen(bit)?;
            }
        }
        Ok(())
    }
}
