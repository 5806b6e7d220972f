//! Which columns of a table hold what: names as the user gave them, found in the header.

use chrono::NaiveDate;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::auditor::Day;
use super::claim::{CodeSystem, ProblemKind};
use super::day::DateFormat;
use codeyear_core::error::Error;
use codeyear_core::model::CodeSet;

/// A column of codes, as asked for: a name that may hold `*`, and the code set of its codes if stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeColumn {
    /// The name, or a pattern such as `dx*`.
    pub name: String,
    /// The code set, if the user says.
    pub code_set: Option<CodeSet>,
}

impl std::str::FromStr for CodeColumn {
    type Err = String;

    /// Reads `dx1`, `dx*` or `px*=icd10pcs`.
    fn from_str(text: &str) -> Result<CodeColumn, String> {
        let (name, code_set) = match text.rsplit_once('=') {
            Some((name, code_set)) => (name, Some(code_set.parse()?)),
            None => (text, None),
        };
        if name.trim().is_empty() {
            return Err("a column needs a name".to_owned());
        }
        Ok(CodeColumn {
            name: name.to_owned(),
            code_set,
        })
    }
}

/// Which columns of the claims leave the program beside the codes and dates that it judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// These, by name or pattern.
    Named(Vec<String>),
    /// All of them.
    All,
}

/// What the user asks of a table of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnsAsked {
    /// The columns with codes.
    pub codes: Vec<CodeColumn>,
    /// The columns with the date of service; the first that is not empty counts.
    pub dates: Vec<String>,
    /// The column with the admission date, which makes a claim an inpatient one.
    pub admit: Option<String>,
    /// The column with the discharge date.
    pub discharge: Option<String>,
    /// The column that says the code set of each row's codes.
    pub code_set_by: Option<String>,
    /// The column with what the claim charges.
    pub amount: Option<String>,
    /// The columns to keep.
    pub keep: Keep,
    /// The code set of all codes whose column does not say otherwise.
    pub code_set: Option<CodeSet>,
    /// The one day on which all codes are judged, whatever the columns say.
    pub on: Option<NaiveDate>,
}

/// A column of codes, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundCodes {
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) system: CodeSystem,
}

/// The columns of a table, found by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) names: Vec<String>,
    pub(super) codes: Vec<FoundCodes>,
    pub(super) dates: Vec<usize>,
    pub(super) admit: Option<usize>,
    pub(super) discharge: Option<usize>,
    pub(super) code_set_by: Option<usize>,
    pub(super) amount: Option<usize>,
    /// What leaves the program, in the order of the table.
    pub(super) kept: Vec<usize>,
    /// The one day for all.
    pub(super) on: Option<Day>,
}

/// The fields of one row.
pub(super) trait Fields {
    fn field(&self, at: usize) -> &[u8];
}

impl Columns {
    pub(super) fn find(
        asked: &ColumnsAsked,
        names: Vec<String>,
        file: &str,
    ) -> codeyear_core::error::Result<Columns> {
        if let Some(twice) = repeated(&names) {
            let is_used = asked.codes.iter().any(|code| matches(&code.name, &twice))
                || asked.dates.contains(&twice)
                || asked.discharge.as_ref() == Some(&twice)
                || asked.admit.as_ref() == Some(&twice);
            if is_used {
                return Err(Error::usage(format!("two columns are called {twice:?}"))
                    .in_file(file)
                    .with_hint("give each column a name of its own"));
            }
        }
        let one = |name: &String| one_column(&names, name, file);
        let mut codes: Vec<FoundCodes> = Vec::new();
        for asked_for in &asked.codes {
            let found = matching(&names, &asked_for.name);
            if found.is_empty() {
                return Err(no_column(&names, &asked_for.name, file));
            }
            for at in found {
                if codes.iter().any(|code| code.at == at) {
                    continue;
                }
                let system = asked_for
                    .code_set
                    .or(asked.code_set)
                    .map_or(CodeSystem::Detected, CodeSystem::Of);
                let name = names.get(at).cloned().unwrap_or_default();
                codes.push(FoundCodes { at, name, system });
            }
        }
        let dates = asked
            .dates
            .iter()
            .map(one)
            .collect::<codeyear_core::error::Result<Vec<usize>>>()?;
        let admit = asked.admit.as_ref().map(one).transpose()?;
        let discharge = asked.discharge.as_ref().map(one).transpose()?;
        let mut kept: Vec<usize> = match &asked.keep {
            Keep::All => (0..names.len()).collect(),
            Keep::Named(asked_for) => {
                let mut kept = Vec::new();
                for name in asked_for {
                    let found = matching(&names, name);
                    if found.is_empty() {
                        return Err(no_column(&names, name, file));
                    }
                    kept.extend(found);
                }
                kept
            }
        };
        kept.extend(codes.iter().map(|code| code.at));
        kept.extend(dates.iter().chain(&admit).chain(&discharge));
        kept.sort_unstable();
        kept.dedup();
        Ok(Columns {
            count: names.len(),
            codes,
            dates,
            admit,
            discharge,
            code_set_by: asked.code_set_by.as_ref().map(one).transpose()?,
            amount: asked.amount.as_ref().map(one).transpose()?,
            kept,
            on: asked.on.map(Day::of),
            names,
        })
    }

    /// Lists the columns with dates.
    pub(super) fn date_columns(&self) -> impl Iterator<Item = usize> {
        let inpatient = self.admit.into_iter().chain(self.discharge);
        self.dates.iter().copied().chain(inpatient)
    }

    /// Checks whether nothing but the first date column has a say.
    pub(super) fn has_one_date(&self) -> bool {
        self.dates.len() == 1
            && self.admit.is_none()
            && self.discharge.is_none()
            && self.on.is_none()
    }

    /// Returns the day on which the codes of a row have to be valid, as [`day_of`] tells it.
    pub(super) fn day(&self, fields: &impl Fields, format: DateFormat) -> Result<Day, ProblemKind> {
        if let Some(day) = self.on {
            return Ok(day);
        }
        let column = |at: Option<usize>| at.map_or(&[][..], |at| fields.field(at));
        let dates = self.dates.iter().map(|at| fields.field(*at));
        day_of(column(self.admit), column(self.discharge), dates, format)
    }

    /// Returns the code set of a row's code.
    pub(super) fn system(&self, code: &FoundCodes, fields: &impl Fields) -> CodeSystem {
        match self.code_set_by {
            Some(at) => system_of(fields.field(at)),
            None => code.system,
        }
    }
}

/// Returns the day on which the codes of a claim have to be valid: an inpatient's discharge date, else the
/// first date of service that is not empty. A claim is an inpatient's if it has an admission or a discharge
/// date; one that was admitted and not discharged has no such day yet.
pub(super) fn day_of<'t>(
    admit: &[u8],
    discharge: &[u8],
    dates: impl Iterator<Item = &'t [u8]>,
    format: DateFormat,
) -> Result<Day, ProblemKind> {
    let read = |text: &[u8]| -> Result<Option<Day>, ProblemKind> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(None);
        }
        let bad = ProblemKind::BadDate {
            expected: format.pattern(),
        };
        let (year, month, day) = format.parts(text).ok_or(bad)?;
        Ok(Some(Day { year, month, day }))
    };
    let (admitted, discharged) = (read(admit)?, read(discharge)?);
    if let (Some(admitted), Some(discharged)) = (admitted, discharged)
        && let (Some(admitted), Some(discharged)) = (admitted.date(), discharged.date())
        && discharged < admitted
    {
        return Err(ProblemKind::DischargeBeforeAdmission);
    }
    if let Some(discharged) = discharged {
        return Ok(discharged);
    }
    if admitted.is_some() {
        return Err(ProblemKind::NoDischarge);
    }
    for date in dates {
        if let Some(day) = read(date)? {
            return Ok(day);
        }
    }
    Err(ProblemKind::NoDate)
}

/// Reads what files write for a code set: names, X12 qualifiers, FHIR systems and OIDs.
pub(super) fn system_of(text: &[u8]) -> CodeSystem {
    let plain = plain(&String::from_utf8_lossy(text));
    match plain.as_str() {
        // "10" and its like say the edition and leave the set to the code.
        "" | "10" | "0" | "ICD10" => CodeSystem::Detected,
        name => NAMES
            .get(name)
            .map_or(CodeSystem::Other, |code_set| CodeSystem::Of(*code_set)),
    }
}

/// What files write for each code set, in capitals without punctuation.
static NAMES: LazyLock<HashMap<String, CodeSet>> = LazyLock::new(|| {
    let names = CodeSet::ALL.into_iter().flat_map(|code_set| {
        let facts = code_set.facts();
        let own = [facts.id, facts.short_name, facts.fhir.uri, facts.fhir.oid];
        let number = facts.fhir.oid.rsplit(':').take(1);
        let qualifiers = facts.x12.pointed_to.iter().chain(facts.x12.others);
        let others = facts.fhir.other_uris.iter().chain(qualifiers).copied();
        own.into_iter()
            .chain(number)
            .chain(others)
            .map(move |name| (plain(name), code_set))
    });
    names.collect()
});

/// Returns the letters and digits of a name, in capitals.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_ascii_uppercase()
}

/// Reads an amount in dollars, in cents: `1234.5`, `$1,234.50`, `-3`.
pub(super) fn cents(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let text = text.strip_prefix('$').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    if part.len() > 2 && part.bytes().skip(2).any(|byte| byte != b'0')
        || !part.bytes().all(|byte| byte.is_ascii_digit())
        || !whole.bytes().all(|byte| byte.is_ascii_digit())
        || (whole.is_empty() && part.is_empty())
    {
        return None;
    }
    let mut digits = part.bytes().map(|byte| i64::from(byte - b'0'));
    let part = digits.next().unwrap_or(0) * 10 + digits.next().unwrap_or(0);
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    whole.checked_mul(100)?.checked_add(part)?.checked_mul(sign)
}

fn matching(names: &[String], pattern: &str) -> Vec<usize> {
    // A column that is called just so is meant, even if its name holds a star or is a number.
    if let Some(at) = one_of(names, pattern) {
        return vec![at];
    }
    let matching = |(at, name): (usize, &String)| matches(pattern, name).then_some(at);
    names.iter().enumerate().filter_map(matching).collect()
}

/// Checks whether a name is what a pattern says, in which `*` stands for any characters or none.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle.iter().copied().filter(|part| !part.is_empty()) {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(*last)
}

fn one_column(names: &[String], name: &str, file: &str) -> codeyear_core::error::Result<usize> {
    one_of(names, name).ok_or_else(|| no_column(names, name, file))
}

/// Finds a column by its name, or by its number from 1.
fn one_of(names: &[String], name: &str) -> Option<usize> {
    let named = names.iter().position(|other| other == name);
    named.or_else(|| {
        let number: usize = name.parse().ok()?;
        number.checked_sub(1).filter(|at| *at < names.len())
    })
}

fn repeated(names: &[String]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.iter().find(|name| !seen.insert(*name)).cloned()
}

/// Returns the error that a column is not there. The names of the others are not told: the first line of a file
/// without a
/// header is a patient's.
fn no_column(names: &[String], name: &str, file: &str) -> Error {
    let count = names.len();
    let alike = names
        .iter()
        .find(|other| other.eq_ignore_ascii_case(name.trim()));
    let hint = match alike {
        Some(alike) => format!("is it {alike:?}?"),
        None => format!(
            "the first line has to hold the names of the columns; it has {count} fields. A column may also be named by its number, from 1"
        ),
    };
    Error::usage(format!("there is no column {name:?}"))
        .in_file(file)
        .with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent() {
        for (text, expected) in [
            ("1234.5", Some(123_450)),
            ("$1,234.50", Some(123_450)),
            ("-3", Some(-300)),
            (".07", Some(7)),
            ("12.500", Some(1250)),
            ("12.505", None),
            ("", None),
            ("12x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(cents(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn patterns_take_any_characters() {
        for (pattern, name, expected) in [
            ("dx*", "dx1", true),
            ("dx*", "dx", true),
            ("dx*", "adx", false),
            ("*dx*", "adx9", true),
            ("d*x*1", "dabx31", true),
            ("d*x*1", "dab31", false),
            ("dx", "dx1", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            let found = matches(pattern, name);
            assert_eq!(found, expected, "{pattern} {name}");
        }
    }
}
