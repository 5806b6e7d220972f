//! Is this code valid on this date?

use chrono::{Days, NaiveDate};

use crate::answer::{ShowOptions, basis_of, missing_between, warnings};
use crate::error::Result;
use crate::model::{
    Answer, Basis, Code, CodeSet, Entry, ReleaseId, Spans, Status, Timeline, UnknownReason,
    Verdict, Warning, day_before, judge,
};
use crate::source::catalogue::{known_releases, order_file_url};
use crate::store::{CodeSource, Store, StoreKind};

/// The most suggestions for an unknown code.
const MAX_NEAREST: usize = 10;

/// Answers for one code on one day. Any text is answered: one that cannot be a code is `unknown`.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
///
/// ```
/// # use codeyear::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let codes = store.codes(CodeSet::Icd10Cm)?;
/// let answer = answer::check(&codes, "C7B", "2026-03-01".parse().unwrap())?;
/// assert_eq!(answer.verdict.name(), "header");
/// assert_eq!(answer.basis.unwrap().release.to_string(), "FY2026");
/// # Ok::<(), codeyear::Error>(())
/// ```
pub fn check(codes: &dyn CodeSource, text: &str, date: NaiveDate) -> Result<Answer> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    let (code, verdict, basis) = match code_set.parse_code(text) {
        Ok(code) => {
            let (verdict, release) = verdict(codes, &code, date)?;
            let basis = release
                .map(|release| -> Result<Basis> {
                    let patch = patch(codes, release, &code, &verdict, date)?;
                    basis(codes, release, patch)
                })
                .transpose()?;
            (Some(code), verdict, basis)
        }
        Err(malformed) => {
            let reason = UnknownReason::Malformed {
                reason: malformed.reason,
            };
            let release = timeline.governing(date).map(|period| period.release);
            let basis = release
                .map(|release| basis(codes, release, None))
                .transpose()?;
            (None, Verdict::Unknown { reason }, basis)
        }
    };
    let retirement = match code {
        Some(code) => super::retirement(codes, &code, &verdict, date)?,
        None => None,
    };
    let pcs = match (&verdict, code, &basis) {
        (Verdict::Unknown { .. }, Some(code), Some(basis)) if code_set == CodeSet::Icd10Pcs => {
            Some(super::explain(
                &*codes.store()?,
                &code,
                basis.release,
                ShowOptions::default(),
            )?)
        }
        _ => None,
    };
    let download = match &verdict {
        Verdict::NotCovered { needed, .. } => order_file_url(code_set, *needed),
        _ => None,
    };
    let mut answer = Answer {
        code_set,
        asked: text.trim().to_owned(),
        code,
        date,
        through: None,
        verdict,
        basis,
        later_bases: Vec::new(),
        retirement,
        pcs,
        download,
        warnings: Vec::new(),
    };
    answer.warnings = warnings_of(&answer, codes.kind()?, timeline, date);
    Ok(answer)
}

/// Returns the warnings about what could change an answer, on the days from its own to `through`: of the releases that
/// govern them, of those that tell the day on which a code came or went, and of those that are missing before that
/// day. An unknown code is valid on none of the days, whatever else is loaded.
fn warnings_of(
    answer: &Answer,
    kind: StoreKind,
    timeline: &Timeline,
    through: NaiveDate,
) -> Vec<Warning> {
    let mut found = warnings(kind, answer.code_set, timeline, answer.date, through);
    // A text that is no code is none whatever is loaded, and a code set is in force or not.
    if answer.code.is_none() || matches!(answer.verdict, Verdict::NotInForce { .. }) {
        found.retain(|warning| *warning == Warning::Sample);
        return found;
    }
    let came_or_went = match &answer.verdict {
        Verdict::NotYetEffective { first_day, .. } => Some(*first_day),
        Verdict::Deleted { last_day, .. } => {
            let mut after = timeline.periods().iter().map(|period| period.from);
            after.find(|from| from > last_day)
        }
        _ => answer.retirement.as_ref().map(|one| one.retired_from),
    };
    let Some(day) = came_or_went else {
        return found;
    };
    let before = timeline.before(day).map(|before| before.until);
    let until = before.unwrap_or(answer.code_set.in_force_from());
    let told_by = timeline.governing(day);
    let doubts = told_by.map_or_else(Vec::new, |period| timeline.doubts(period.release));
    let missing = missing_between(kind, timeline, until, day);
    for warning in missing.into_iter().chain(doubts) {
        if !found.contains(&warning) {
            found.push(warning);
        }
    }
    found
}

/// Answers for one code on every day from `from` to `through`: one answer for each stretch of days with
/// the same verdict with the same suggestions, so that an update within a year shows.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn check_span(
    codes: &dyn CodeSource,
    text: &str,
    from: NaiveDate,
    through: NaiveDate,
) -> Result<Vec<Answer>> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    // The verdict can change only where a release or an entry begins or ends.
    let mut days = vec![from];
    for period in timeline.periods() {
        days.extend([period.from, period.until]);
    }
    days.push(code_set.in_force_from());
    if let Ok(code) = code_set.parse_code(text) {
        for listed in codes.spans(&code)? {
            days.push(listed.from);
            days.extend(listed.until);
        }
    }
    days.retain(|day| from <= *day && *day <= through);
    days.sort();
    days.dedup();
    let kind = codes.kind()?;
    let mut answers: Vec<Answer> = Vec::new();
    for (index, day) in days.iter().enumerate() {
        let last = days
            .get(index + 1)
            .and_then(|next| next.checked_sub_days(Days::new(1)))
            .unwrap_or(through);
        let mut answer = check(codes, text, *day)?;
        match answers.last_mut() {
            Some(before)
                if before.verdict == answer.verdict && before.retirement == answer.retirement =>
            {
                // The same answer, resting on one more release.
                before.through = Some(last);
                before.later_bases.extend(answer.basis);
                before.warnings = warnings_of(before, kind, timeline, last);
            }
            _ => {
                answer.through = Some(last);
                answer.warnings = warnings_of(&answer, kind, timeline, last);
                answers.push(answer);
            }
        }
    }
    Ok(answers)
}

/// Returns the code set that the user states, or the one that a code is meant for.
///
/// # Errors
/// As [`detect_code_set`].
pub fn code_set_of(store: &Store, stated: Option<CodeSet>, code: &str) -> Result<CodeSet> {
    match stated {
        Some(code_set) => Ok(code_set),
        None => detect_code_set(
            &store.codes(CodeSet::Icd10Cm)?,
            &store.codes(CodeSet::Icd10Pcs)?,
            code,
        ),
    }
}

/// Returns which code set a text is meant for, where the user does not say, of ICD-10-CM and ICD-10-PCS: the first,
/// unless only the second can have, or has, such a code.
///
/// # Errors
/// [`crate::ErrorKind::Store`] if the database cannot be read.
pub fn detect_code_set(
    diagnoses: &dyn CodeSource,
    procedures: &dyn CodeSource,
    text: &str,
) -> Result<CodeSet> {
    let Ok(procedure) = CodeSet::Icd10Pcs.parse_code(text) else {
        // No diagnosis begins with a digit, so the other set has more to say of such a text.
        let begins_with_digit = text.trim().starts_with(|c: char| c.is_ascii_digit());
        return Ok(if begins_with_digit && !text.contains('.') {
            CodeSet::Icd10Pcs
        } else {
            CodeSet::Icd10Cm
        });
    };
    let Ok(diagnosis) = CodeSet::Icd10Cm.parse_code(text) else {
        return Ok(CodeSet::Icd10Pcs);
    };
    if diagnoses.lists(&diagnosis)? {
        return Ok(CodeSet::Icd10Cm);
    }
    let in_table_only = || -> Result<bool> {
        Ok(procedures.lists(&procedure.category())? && !diagnoses.lists(&diagnosis.category())?)
    };
    Ok(if procedures.lists(&procedure)? || in_table_only()? {
        CodeSet::Icd10Pcs
    } else {
        CodeSet::Icd10Cm
    })
}

fn basis(codes: &dyn CodeSource, release: ReleaseId, patch: Option<String>) -> Result<Basis> {
    let file = codes.listing_file(release)?;
    Ok(basis_of(codes.timeline(), release, file, patch))
}

/// Returns the citation of the patch that a verdict rests on, if it rests on one.
fn patch(
    codes: &dyn CodeSource,
    release: ReleaseId,
    code: &Code,
    verdict: &Verdict,
    date: NaiveDate,
) -> Result<Option<String>> {
    match verdict {
        Verdict::Billable { .. } | Verdict::Header { .. } => {
            codes.patch_citation(release, code, date)
        }
        // The day of a code that is to come may be a patch's.
        Verdict::NotYetEffective { first_day, .. } => {
            codes.patch_citation(release, code, *first_day)
        }
        _ => Ok(None),
    }
}

/// Returns the verdict on a code on a day, and the release in force.
pub(crate) fn verdict(
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
    for length in (3..code.len()).rev() {
        let above = codes.below(release, date, &code.prefix(length))?;
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
    if code_set == CodeSet::Icd10Cm && code.len() < 7 {
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
    for length in (3..code.len()).rev() {
        parent = codes.entry_on(&code.prefix(length), date)?;
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
        nearest = codes.below(release, date, &parent.code)?;
        nearest.retain(|entry| entry.billable);
    }
    nearest.truncate(MAX_NEAREST);
    Ok(UnknownReason::NotListed { parent, nearest })
}
