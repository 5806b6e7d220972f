//! Which code set a code of a claim is of, and what stands around it.

use super::auditor::AuditedCode;
use super::claim::CodeSystem;
use super::clean::{Writing, clean, with_zeros};
use super::index::Index;
use super::not_judged::{NotJudged, looks_like};
use codeyear_core::error::Result;
use codeyear_core::model::{CodeSet, DateParts};

/// Which code set a code is of.
pub(super) enum Told {
    /// This one.
    Of {
        code_set: CodeSet,
        /// The code set that the claim says instead, if that ended before the day.
        ended: Option<&'static str>,
    },
    /// None that is judged.
    NotJudged(NotJudged),
}

impl Told {
    fn of(code_set: CodeSet) -> Told {
        Told::Of {
            code_set,
            ended: None,
        }
    }
}

/// Checks whether one of our code sets took the place of another one.
pub(super) fn has_successor(name: &str) -> bool {
    CodeSet::successors_of(name).next().is_some()
}

impl Index {
    /// Returns which code set a code is of, by its label and, where that leaves it open, by itself.
    pub(super) fn told(
        &self,
        code: &AuditedCode<'_>,
        text: &str,
        day: DateParts,
        count_codes: bool,
    ) -> Result<Told> {
        let all = &CodeSet::ALL[..];
        match code.system {
            CodeSystem::Of(code_set) => Ok(Told::of(code_set)),
            CodeSystem::OneOf(code_sets) => self.among(code_sets, text).map(Told::of),
            CodeSystem::Detected => match self.listing(all, text) {
                Some(code_set) => Ok(Told::of(code_set)),
                // A code of another book never gets the verdict of one of ours.
                None => match looks_like(text) {
                    Some(names) => Ok(Told::NotJudged(NotJudged::LooksLike(names))),
                    None => self.among(all, text).map(Told::of),
                },
            },
            CodeSystem::Other(other) => {
                let in_force =
                    |set: &CodeSet| day.date().is_some_and(|day| set.in_force_from() <= day);
                let successors: Vec<CodeSet> = CodeSet::successors_of(other.name)
                    .filter(in_force)
                    .collect();
                if successors.is_empty() || count_codes {
                    return Ok(Told::NotJudged(NotJudged::OtherCodeSet(other.name)));
                }
                // What neither lists is booked where most such codes would be.
                let listing = self.listing(&successors, text);
                let first = successors.first().copied().unwrap_or_default();
                Ok(Told::Of {
                    code_set: listing.unwrap_or(first),
                    ended: Some(other.name),
                })
            }
            CodeSystem::Translation(other) => {
                Ok(Told::NotJudged(NotJudged::OtherCodeSet(other.name)))
            }
            CodeSystem::Others => Ok(Told::NotJudged(NotJudged::OtherCodeSet(
                "a code set that is not checked",
            ))),
            CodeSystem::Unknown => Ok(Told::NotJudged(NotJudged::unknown_label(code.label))),
        }
    }

    /// Returns the first of these code sets that lists a text in any release.
    fn listing(&self, among: &[CodeSet], text: &str) -> Option<CodeSet> {
        // Blanks of any kind may stand around a code.
        let lists = |set: &CodeSet| self.set(*set).find(text.trim().as_bytes()).is_some();
        among.iter().copied().find(lists)
    }

    /// Returns which of these code sets a text is meant for.
    fn among(&self, among: &[CodeSet], text: &str) -> Result<CodeSet> {
        match self.listing(among, text) {
            Some(code_set) => Ok(code_set),
            None => self.code_set_among(among, text),
        }
    }

    /// Returns what stands around a text that would be a code without, and that code; of several codes none.
    pub(super) fn writing_of(
        &self,
        code: &AuditedCode<'_>,
        code_set: CodeSet,
        text: &str,
        is_plain: bool,
    ) -> Option<(Writing, String)> {
        let all = match code.system {
            CodeSystem::Of(_) => std::slice::from_ref(&code_set),
            _ => &CodeSet::ALL[..],
        };
        // Around a plain code stands nothing.
        let found = match is_plain {
            true => None,
            false => clean(text, |text| self.listing(all, text).is_some()),
        };
        // Another book's code may be as short as what is left of one of ours.
        let zeros = || match code.system {
            CodeSystem::Of(_) => {
                with_zeros(text, 7).filter(|text| self.listing(all, text).is_some())
            }
            _ => None,
        };
        found.or_else(|| Some((Writing::Zeros, zeros()?)))
    }
}
