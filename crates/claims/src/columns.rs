//! Which columns of a table hold what: names as the user gave them, found in the header.

use chrono::NaiveDate;

use super::claim::{CodeSystem, ProblemKind};
use super::found::FoundColumns;
use super::labels::Labels;
use super::likely::is_plain_name;
use super::nulls::Nulls;
use super::picked::{PickedColumns, no_header};
use super::poa_columns::{letters, poa_of_codes};
use super::wording::Wording;
use codeyear_core::error::Error;
use codeyear_core::model::{CodeSet, DateFormat, DateParts};

/// A column of codes, as asked for: a name that may hold `*`, and the code set of its codes if stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeColumn {
    /// The name, or a pattern such as `dx*`; with ! before it what is not to be taken.
    pub name: String,
    /// The code set, if the user says.
    pub code_set: Option<CodeSet>,
}

impl std::str::FromStr for CodeColumn {
    type Err = String;

    /// Reads `dx1`, `dx*`, `px*=icd10pcs`, or `!*_poa` for columns that are not to be taken.
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

impl CodeColumn {
    /// Checks whether it names columns that are not to be taken: `!*_poa`.
    pub(super) fn is_exclusion(&self) -> bool {
        self.name.starts_with('!')
    }

    /// Checks whether it says that a column is not to be taken.
    pub(super) fn excludes(&self, name: &str) -> bool {
        let pattern = self.name.strip_prefix('!');
        pattern.is_some_and(|pattern| matches(pattern, name))
    }
}

impl Default for Keep {
    /// Returns none.
    fn default() -> Keep {
        Keep::Named(Vec::new())
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// What it means. Claims that say it by themselves, in X12 and FHIR, are read by the same labels.
    pub labels: Labels,
    /// What stands where there is no value.
    pub nulls: Nulls,
    /// The columns that say of the columns of codes whether the diagnosis was present on admission: of that of the same
    /// name, or in their order.
    pub poa: Vec<String>,
    /// The column with what the claim charges.
    pub amount: Option<String>,
    /// The columns to keep.
    pub keep: Keep,
    /// The code set of all codes whose column does not say otherwise.
    pub code_set: Option<CodeSet>,
    /// The one day on which all codes are judged, whatever the columns say.
    pub on: Option<NaiveDate>,
    /// Whether columns of codes and of dates that nobody names are told by how they are called.
    pub guess: bool,
    /// The columns that were picked by their places; then no other of codes and dates is named.
    pub picked: Option<PickedColumns>,
    /// How what can be stated is called in hints.
    pub wording: Wording,
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
    /// The column of dates if no other has a say.
    pub(super) only_date: Option<usize>,
    pub(super) admit: Option<usize>,
    pub(super) discharge: Option<usize>,
    pub(super) code_set_by: Option<usize>,
    pub(super) labels: Labels,
    pub(super) nulls: Nulls,
    /// Of each column of codes that of its POA indicator, if it has one.
    pub(super) poa: Vec<Option<usize>>,
    pub(super) amount: Option<usize>,
    /// What leaves the program, in the order of the table.
    pub(super) kept: Vec<usize>,
    /// What of it is neither code nor date: what the user asked to keep.
    pub(super) also_kept: Vec<usize>,
    /// The one day for all.
    pub(super) on: Option<DateParts>,
    /// Whether what is kept of a row can be written as it stands there, with the delimiter that it has.
    pub(super) copies_rows: bool,
    /// A note on the columns that nobody named.
    pub(super) guessed: Option<String>,
    pub(super) wording: Wording,
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
            // A name that nobody typed may be a cell of a file without a header.
            let is_typed =
                asked.codes.iter().any(|code| code.name == twice) || asked.dates.contains(&twice);
            if is_used {
                let message = match is_typed {
                    true => format!("two columns have the name {twice:?}"),
                    false => "two of the columns have the same name".to_owned(),
                };
                return Err(Error::usage(message)
                    .in_file(file)
                    .with_hint("give each column a name of its own"));
            }
        }
        let chosen = asked.chosen(&names, file)?;
        let one = |name: &String| one_column(&names, name, file);
        let mut codes: Vec<FoundCodes> = Vec::new();
        let excluded = |at: usize| {
            let name = names.get(at).map_or("", String::as_str);
            let mut asked = asked.codes.iter();
            asked.any(|code| code.excludes(name))
        };
        let system = |code_set: Option<CodeSet>| {
            let code_set = code_set.or(asked.code_set);
            code_set.map_or(CodeSystem::Detected, CodeSystem::Of)
        };
        for (at, code_set) in &chosen.codes {
            codes.push(FoundCodes {
                at: *at,
                name: name_of(&names, *at),
                system: system(*code_set),
            });
        }
        let wanted = asked.codes.iter().filter(|code| !code.is_exclusion());
        for asked_for in wanted {
            let found = matching(&names, &asked_for.name);
            if found.is_empty() {
                return Err(no_column(&names, &asked_for.name, file));
            }
            for at in found {
                if codes.iter().any(|code| code.at == at) || excluded(at) {
                    continue;
                }
                let name = names.get(at).cloned().unwrap_or_default();
                codes.push(FoundCodes {
                    at,
                    name,
                    system: system(asked_for.code_set),
                });
            }
        }
        let mut dates = asked
            .dates
            .iter()
            .map(one)
            .collect::<codeyear_core::error::Result<Vec<usize>>>()?;
        dates.extend(chosen.date);
        let admit = asked.admit.as_ref().map(one).transpose()?;
        let admit = admit.or(chosen.admit);
        let discharge = asked.discharge.as_ref().map(one).transpose()?;
        let discharge = discharge.or(chosen.discharge);
        let mut kept: Vec<usize> = match &asked.keep {
            Keep::All => (0..names.len()).collect(),
            Keep::Named(asked_for) => all_matching(&names, asked_for, file)?,
        };
        let mut also_kept = kept.clone();
        also_kept.sort_unstable();
        also_kept.dedup();
        kept.extend(codes.iter().map(|code| code.at));
        kept.extend(dates.iter().chain(&admit).chain(&discharge));
        kept.sort_unstable();
        kept.dedup();
        let only_date = match dates.as_slice() {
            [only] if asked.on.is_none() && admit.is_none() && discharge.is_none() => Some(*only),
            _ => None,
        };
        let poa = match asked.poa.is_empty() {
            true => Vec::new(),
            false => {
                let indicators = all_matching(&names, &asked.poa, file)?;
                poa_of_codes(&names, &codes, &indicators).map_err(|error| error.in_file(file))?
            }
        };
        Ok(Columns {
            poa,
            count: names.len(),
            codes,
            dates,
            only_date,
            admit,
            discharge,
            code_set_by: asked.code_set_by.as_ref().map(one).transpose()?,
            labels: asked.labels.clone(),
            nulls: asked.nulls.clone(),
            amount: asked.amount.as_ref().map(one).transpose()?,
            kept,
            also_kept,
            on: asked.on.map(DateParts::of),
            copies_rows: true,
            guessed: chosen.note,
            wording: asked.wording,
            names,
        })
    }

    /// Lists the names of the columns with dates.
    pub(super) fn date_names(&self) -> Vec<&str> {
        let names = self.date_columns().filter_map(|at| self.names.get(at));
        names.map(String::as_str).collect()
    }

    /// Returns the column with the POA indicator of a column of codes.
    pub(super) fn poa_of(&self, at: usize) -> Option<usize> {
        self.poa.get(at).copied().flatten()
    }

    /// Returns what a column is called in a note: by its number where its name may be a value of a claim, in a file without
    /// a header.
    fn shown(&self, at: usize) -> String {
        match self.names.get(at) {
            Some(name) if is_plain_name(name) => name.clone(),
            _ => format!("column {}", at + 1),
        }
    }

    /// Returns a note on which column has the POA indicators of which codes.
    pub(super) fn note_of_poa(&self) -> Option<String> {
        let pairs = self.codes.iter().zip(&self.poa);
        let pairs: Vec<String> = pairs
            .map(|(code, poa)| match poa {
                Some(poa) => format!("{} of {}", self.shown(*poa), self.shown(code.at)),
                None => format!("none of {}", self.shown(code.at)),
            })
            .collect();
        (!pairs.is_empty()).then(|| format!("POA indicators: {}", pairs.join(", ")))
    }

    /// Returns the names of the columns that the user asked to keep.
    pub(super) fn also_kept_names(&self) -> Vec<String> {
        let kept = self.also_kept.iter();
        kept.filter_map(|at| self.names.get(*at).cloned()).collect()
    }

    /// Returns a note on the columns of codes that hold no code of any release.
    pub(super) fn note_without_codes(&self, without: &[(usize, u64)]) -> Option<String> {
        let name = |(at, _): &(usize, u64)| Some(self.codes.get(*at)?.name.as_str());
        let names: Vec<&str> = without.iter().filter_map(name).collect();
        let example = names.first()?;
        (names.len() < self.codes.len()).then(|| {
            let what = self.wording.of_empty_columns(example);
            format!("no codes in {}: {what}", names.join(", "))
        })
    }

    /// Lists the columns with dates.
    pub(super) fn date_columns(&self) -> impl Iterator<Item = usize> {
        let inpatient = self.admit.into_iter().chain(self.discharge);
        self.dates.iter().copied().chain(inpatient)
    }

    /// Returns the day on which the codes of a row have to be valid, as [`day_of`] tells it.
    #[inline]
    pub(super) fn day(
        &self,
        fields: &impl Fields,
        format: DateFormat,
    ) -> Result<DateParts, ProblemKind> {
        // Mostly it stands in one column.
        if let Some(only) = self.only_date
            && let Some(day) = format.day(fields.field(only))
            // All zeros are no date.
            && day.month != 0
        {
            return Ok(day);
        }
        self.any_day(fields, format)
    }

    fn any_day(&self, fields: &impl Fields, format: DateFormat) -> Result<DateParts, ProblemKind> {
        if let Some(day) = self.on {
            return Ok(day);
        }
        let column = |at: Option<usize>| at.map_or(&[][..], |at| fields.field(at));
        let dates = self.dates.iter().map(|at| fields.field(*at));
        let (admit, discharge) = (column(self.admit), column(self.discharge));
        day_of(admit, discharge, dates, format, &self.nulls)
    }

    /// Lists the columns that are added for the codes, in their order, each with which of [`FoundColumns::NAMES`] it is.
    pub(super) fn added(
        &self,
        columns: FoundColumns,
    ) -> impl Iterator<Item = (String, &'static str)> {
        let many = self.codes.len() > 1;
        let of_code = move |code: &FoundCodes| {
            let name = code.name.clone();
            columns.names().map(move |column| match many {
                true => (format!("{name}_{column}"), column),
                false => (column.to_owned(), column),
            })
        };
        self.codes.iter().flat_map(of_code)
    }

    /// Returns what a cell says of the code set; an empty one leaves it to the code.
    fn system_by(&self, cell: &[u8]) -> CodeSystem {
        match self.nulls.are(cell) {
            true => CodeSystem::Detected,
            false => self.labels.read(cell),
        }
    }

    /// Returns the code set of a row's code.
    pub(super) fn system(&self, code: &FoundCodes, fields: &impl Fields) -> CodeSystem {
        match self.code_set_by {
            Some(at) => self.system_by(fields.field(at)),
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
    nulls: &Nulls,
) -> Result<DateParts, ProblemKind> {
    let read = |text: &[u8]| -> Result<Option<DateParts>, ProblemKind> {
        let text = text.trim_ascii();
        if nulls.are(text) || is_zero_date(text) {
            return Ok(None);
        }
        let bad = ProblemKind::BadDate {
            expected: format.pattern(),
        };
        format.day(text).map(Some).ok_or(bad)
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

/// Checks whether a date is all zeros, as databases write none: `0`, `0000-00-00`.
fn is_zero_date(text: &[u8]) -> bool {
    text.contains(&b'0') && text.iter().all(|byte| b"0-/.".contains(byte))
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

/// Finds the columns that any of these patterns takes, each of which has to take one; those that begin with ! exclude.
fn all_matching(
    names: &[String],
    patterns: &[String],
    file: &str,
) -> codeyear_core::error::Result<Vec<usize>> {
    let (excluding, taking): (Vec<_>, Vec<_>) = patterns
        .iter()
        .partition(|pattern| pattern.starts_with('!'));
    let is_excluded = |at: &usize| {
        let name = names.get(*at).map_or("", String::as_str);
        let mut excluding = excluding
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('!'));
        excluding.any(|pattern| matches(pattern, name))
    };
    let mut all = Vec::new();
    for pattern in taking {
        let found = matching(names, pattern);
        if found.is_empty() {
            return Err(no_column(names, pattern, file));
        }
        all.extend(found.into_iter().filter(|at| !is_excluded(at)));
    }
    Ok(all)
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

/// Returns what a column is called in what is written: one whose name is not its own has its number behind it.
pub(super) fn name_of(names: &[String], at: usize) -> String {
    let name = names.get(at).map_or("", String::as_str);
    let alike = names.iter().filter(|other| *other == name).count();
    match name.is_empty() || alike > 1 {
        true => format!("{name} (column {})", at + 1).trim().to_owned(),
        false => name.to_owned(),
    }
}

fn repeated(names: &[String]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.iter().find(|name| !seen.insert(*name)).cloned()
}

/// Returns the error that a column is not there. Of the others those are named whose names are made of known words alone:
/// the first line of a file without a header is a patient's.
fn no_column(names: &[String], name: &str, file: &str) -> Error {
    if let Some(hint) = no_header(names) {
        return Error::usage(format!("there is no column {name:?}"))
            .in_file(file)
            .with_hint(hint);
    }
    /// The most names that an error shows.
    const MOST_NAMES: usize = 40;

    let count = names.len();
    let alike = names.iter().find(|other| letters(other).eq(letters(name)));
    let hint = match alike {
        Some(alike) => format!("is it {alike:?}?"),
        None => {
            let plain = names
                .iter()
                .filter(|name| is_plain_name(name))
                .take(MOST_NAMES);
            let plain: Vec<&str> = plain.map(String::as_str).collect();
            let its = match (plain.len(), count - plain.len()) {
                (0, _) => format!("it has {count} field{}", if count == 1 { "" } else { "s" }),
                (_, 0) => format!("it has {}", plain.join(", ")),
                (_, more) => format!("it has {} and {more} more", plain.join(", ")),
            };
            format!(
                "the first line has to be the column names; {its}. A column may also be named by its number, from 1"
            )
        }
    };
    Error::usage(format!("there is no column {name:?}"))
        .in_file(file)
        .with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

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
