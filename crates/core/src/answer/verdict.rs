//! The verdict on a code on a day, with what a coder needs next.

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{
    Code, Entry, ReleaseId, Spans, Status, UnknownReason, Verdict, day_before, judge,
};
use crate::source::catalogue::known_releases;
use crate::store::CodeSource;

/// The most suggestions for an unknown code.
pub(super) const MAX_NEAREST: usize = 10;

/// Returns the verdict on a code on a day, and the release in force.
pub fn verdict(
    codes: &dyn CodeSource,
    code: &Code,
    date: NaiveDate,
) -> Result<(Verdict, Option<ReleaseId>)> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    let life = codes.spans(code)?;
    Ok(match judge(date, timeline, &life) {
        Status::NotInForce => {
            let listed_by = timeline
                .governing(date)
                .and_then(|period| Some((period.release, life.at(date)?.value.clone())));
            (
                Verdict::NotInForce {
                    in_force_from: code_set.in_force_from(),
                    listed_by,
                },
                None,
            )
        }
        Status::NotCovered => {
            let previous = timeline
                .latest_before(date)
                .map(|period| (period.release, day_before(period.until)));
            let last = previous.and_then(|(_, day)| Some(life.at(day)?.value.clone()));
            (
                Verdict::NotCovered {
                    needed: timeline.needed_for(date, known_releases(code_set)),
                    previous,
                    last,
                },
                None,
            )
        }
        Status::Listed { release, entry } if entry.billable => {
            (Verdict::Billable { entry }, Some(release))
        }
        Status::Listed { release, entry } => {
            let mut below = codes.below(release, date, code)?;
            below.retain(|entry| entry.billable);
            (
                Verdict::Header {
                    entry,
                    billable_below: below,
                },
                Some(release),
            )
        }
        Status::NotYet {
            release,
            entry,
            first_day,
            exact,
        } => (
            Verdict::NotYetEffective {
                entry,
                first_day,
                exact,
            },
            Some(release),
        ),
        Status::Deleted {
            release,
            entry,
            last_day,
            deleted_from,
            exact,
            listed_again,
        } => {
            let siblings = siblings(codes, release, date, code)?;
            let mut new_beside = Vec::new();
            for sibling in &siblings {
                if codes.first_listed(&sibling.code)? == Some(deleted_from) {
                    new_beside.push(sibling.clone());
                }
            }
            (
                Verdict::Deleted {
                    entry,
                    last_day,
                    exact,
                    listed_again,
                    new_beside,
                    siblings,
                },
                Some(release),
            )
        }
        Status::Unknown { release } => (
            Verdict::Unknown {
                reason: unknown(codes, release, date, code)?,
            },
            Some(release),
        ),
    })
}

/// Lists the billable codes below the nearest listed level above a code.
fn siblings(
    codes: &dyn CodeSource,
    release: ReleaseId,
    date: NaiveDate,
    code: &Code,
) -> Result<Vec<Entry>> {
    for above in code.above() {
        let above = codes.below(release, date, &above)?;
        let billable: Vec<Entry> = above
            .into_iter()
            .filter(|entry| entry.billable && entry.code != *code)
            .collect();
        if !billable.is_empty() {
            return Ok(billable);
        }
    }
    Ok(Vec::new())
}

fn unknown(
    codes: &dyn CodeSource,
    release: ReleaseId,
    date: NaiveDate,
    code: &Code,
) -> Result<UnknownReason> {
    let code_set = codes.timeline().code_set();
    if code_set.facts().has_seventh_characters && code.len() < 7 {
        // O40.1 with the placeholder X in the 5th and 6th place is the stem of O40.1XX0.
        let padded = format!("{:X<6}", code.as_str());
        if let Ok(stem) = code_set.parse_code(&padded) {
            let options: Vec<Entry> = codes
                .below(release, date, &stem)?
                .into_iter()
                .filter(|entry| entry.code.len() == 7)
                .collect();
            if !options.is_empty() {
                return Ok(UnknownReason::MissingSeventhCharacter { options });
            }
        }
    }
    let mut parent = None;
    for above in code.above() {
        parent = codes.entry_on(&above, date)?;
        if parent.is_some() {
            break;
        }
    }
    let mut nearest = Vec::new();
    for neighbour in codes.similar(code)? {
        nearest.extend(codes.entry_on(&neighbour, date)?);
    }
    nearest.sort_by_key(|entry| {
        // A slip at the end of a code is likelier than one at its beginning.
        let same = entry
            .code
            .as_str()
            .bytes()
            .zip(code.as_str().bytes())
            .take_while(|(a, b)| a == b)
            .count();
        (std::cmp::Reverse(same), entry.code)
    });
    // A header is no help to someone who needs a code to submit.
    nearest.retain(|entry| entry.billable);
    if nearest.is_empty()
        && let Some(parent) = &parent
        && !parent.billable
    {
        nearest = codes.first_below(release, date, &parent.code, MAX_NEAREST)?;
    }
    nearest.truncate(MAX_NEAREST);
    Ok(UnknownReason::NotListed { parent, nearest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;
    use crate::testing::{cm, codes_of, day, sample};

    fn asked(code: &str, date: &str) -> Verdict {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        verdict(&codes, &cm(code), day(date)).unwrap().0
    }

    #[test]
    fn a_header_names_the_billable_codes_below_it_and_no_header_among_them() {
        let Verdict::Header { billable_below, .. } = asked("C7B", "2026-03-01") else {
            panic!("not a header");
        };
        assert_eq!(billable_below.len(), 8);
        assert!(billable_below.iter().all(|entry| entry.billable));
        assert_eq!(billable_below.last().unwrap().code, cm("C7B.8"));
    }

    #[test]
    fn a_stem_lacks_its_seventh_character_with_and_without_placeholders() {
        for stem in ["O40.1X", "O40.1XX"] {
            let Verdict::Unknown {
                reason: UnknownReason::MissingSeventhCharacter { options },
            } = asked(stem, "2026-03-01")
            else {
                panic!("{stem} lacks nothing");
            };
            let last: String = options
                .iter()
                .map(|entry| &entry.code.as_str()[6..])
                .collect();
            assert_eq!(last, "0123459", "{stem}");
        }
    }

    #[test]
    fn a_code_that_is_not_listed_is_answered_with_the_codes_most_like_it() {
        let unlisted = |code: &str, date: &str| match asked(code, date) {
            Verdict::Unknown {
                reason: UnknownReason::NotListed { parent, nearest },
            } => (parent.map(|entry| entry.code), codes_of(&nearest)),
            other => panic!("{code} is {}", other.name()),
        };
        // One character off; a slip at the end is likelier than one before it.
        let (parent, nearest) = unlisted("C7B.11", "2026-03-01");
        assert_eq!(parent, Some(cm("C7B.1")));
        assert_eq!(nearest, ["C7B.1", "C7B.01"]);
        // G35.A is listed from that day on.
        assert_eq!(unlisted("G35.E", "2025-10-01").1, ["G35.A", "G35.D"]);
        assert_eq!(unlisted("G35.E", "2025-09-30").1, ["G35"]);
        // Nothing is one character off: what stands below the parent.
        let (parent, nearest) = unlisted("W44.9", "2026-03-01");
        assert_eq!(parent, Some(cm("W44")));
        assert_eq!(nearest.len(), 6);
        assert_eq!(unlisted("A01", "2026-03-01").0, None);
    }
}
