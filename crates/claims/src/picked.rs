//! Columns that were picked from those of a file: by their places, so that names that stand twice, are empty or look
//! like patterns mean what was picked.

use super::columns::ColumnsAsked;
use super::likely::is_plain_name;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{CodeSet, DateFormat};

/// The longest label.
const LONGEST_LABEL: usize = 200;

/// Returns a column's name as it is shown and compared: in one line, and no longer than a line may be.
///
/// ```
/// assert_eq!(codeyear_claims::column_label(" dx\r\n 1 "), "dx 1");
/// ```
pub fn column_label(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let label: String = words.join(" ").chars().take(LONGEST_LABEL).collect();
    // A form sends it back without blanks at its end.
    label.trim_end().to_owned()
}

/// A column that was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickedColumn {
    /// Its place, from 0.
    pub at: usize,
    /// What it was called there, as [`column_label`] has it: another file may have come since.
    pub label: String,
}

/// The columns that were picked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PickedColumns {
    /// Those with codes, with the code set where it was stated.
    pub codes: Vec<(PickedColumn, Option<CodeSet>)>,
    /// That with the date of service.
    pub date: Option<PickedColumn>,
    /// That with the admission date.
    pub admit: Option<PickedColumn>,
    /// That with the discharge date.
    pub discharge: Option<PickedColumn>,
}

impl PickedColumns {
    /// Checks that the columns of a file are those that were picked from.
    pub(super) fn check(&self, names: &[String], file: &str) -> Result<()> {
        let codes = self.codes.iter().map(|(column, _)| column);
        let dates = self.date.iter().chain(&self.admit).chain(&self.discharge);
        let is_there = |column: &PickedColumn| {
            let name = names.get(column.at);
            name.is_some_and(|name| column_label(name) == column.label)
        };
        match codes.chain(dates).all(is_there) {
            true => Ok(()),
            false => Err(Error::usage(
                "the columns of this file are not those that were chosen from",
            )
            .in_file(file)
            .with_hint("look at the columns of this file, and choose again")),
        }
    }
}

/// Which columns hold codes and dates, by their places.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) codes: Vec<(usize, Option<CodeSet>)>,
    pub(super) date: Option<usize>,
    pub(super) admit: Option<usize>,
    pub(super) discharge: Option<usize>,
    /// A note on those that nobody named.
    pub(super) note: Option<String>,
}

impl ColumnsAsked {
    /// Lists the names of the columns with dates.
    pub(super) fn date_names(&self) -> Vec<&str> {
        let named = self.dates.iter().chain(&self.admit).chain(&self.discharge);
        named.map(String::as_str).collect()
    }

    /// Returns the columns that were picked, or that are likely where none is named and that is asked for.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Usage`] if the file has other columns than were picked from, or none is likely.
    pub(super) fn chosen(&self, names: &[String], file: &str) -> Result<Chosen> {
        if let Some(picked) = &self.picked {
            picked.check(names, file)?;
            let at = |column: &Option<PickedColumn>| column.as_ref().map(|column| column.at);
            let mut codes: Vec<(usize, Option<CodeSet>)> = Vec::new();
            for (column, code_set) in &picked.codes {
                // A form may send the same column twice.
                if codes.iter().all(|(at, _)| *at != column.at) {
                    codes.push((column.at, *code_set));
                }
            }
            return Ok(Chosen {
                codes,
                date: at(&picked.date),
                admit: at(&picked.admit),
                discharge: at(&picked.discharge),
                note: None,
            });
        }
        if !self.guess {
            return Ok(Chosen::default());
        }
        self.likely(names, file)
    }

    /// Returns the likely columns of what nobody named.
    fn likely(&self, names: &[String], file: &str) -> Result<Chosen> {
        let likely = super::likely::LikelyColumns::of(names);
        let label = |at: &usize| match names.get(*at) {
            Some(name) if is_plain_name(name) => column_label(name),
            _ => format!("column {}", at + 1),
        };
        let mut chosen = Chosen::default();
        let mut detected = Vec::new();
        if self.codes.is_empty() {
            if likely.codes.is_empty() {
                return Err(Error::usage("no column name suggests codes")
                    .in_file(file)
                    .with_hint(
                        no_header(names).unwrap_or_else(|| self.wording.of_no_codes(names.len())),
                    ));
            }
            let labels: Vec<String> = likely.codes.iter().map(label).collect();
            detected.push(format!("codes in {}", labels.join(", ")));
            chosen.codes = likely.codes.iter().map(|at| (*at, None)).collect();
        }
        let is_dated = !self.dates.is_empty() || self.discharge.is_some() || self.on.is_some();
        if !is_dated {
            if !likely.has_date() {
                return Err(Error::usage("no column name suggests a date of service")
                    .in_file(file)
                    .with_hint(self.wording.of_no_date()));
            }
            (chosen.date, chosen.admit) = (likely.date, likely.admit);
            chosen.discharge = likely.discharge;
            let dates = [
                ("dates", likely.date),
                ("admissions", likely.admit),
                ("discharges", likely.discharge),
            ];
            let dates = dates
                .iter()
                .filter_map(|(what, at)| Some((what, at.as_ref()?)));
            detected.extend(dates.map(|(what, at)| format!("{what} in {}", label(at))));
        }
        let detected = detected.join("; ");
        chosen.note =
            (!detected.is_empty()).then(|| format!("columns detected by name: {detected}"));
        Ok(chosen)
    }

    /// Returns what is asked of objects, which have these fields: by name what was picked or is likely.
    pub(super) fn by_name(
        &self,
        fields: &[String],
        file: &str,
    ) -> Result<(ColumnsAsked, Option<String>)> {
        let chosen = self.chosen(fields, file)?;
        let name = |at: usize| fields.get(at).cloned().unwrap_or_default();
        let mut asked = self.clone();
        asked.codes.extend(
            chosen
                .codes
                .iter()
                .map(|(at, code_set)| super::columns::CodeColumn {
                    name: name(*at),
                    code_set: *code_set,
                }),
        );
        asked.dates.extend(chosen.date.map(name));
        asked.admit = asked.admit.or_else(|| chosen.admit.map(name));
        asked.discharge = asked.discharge.or_else(|| chosen.discharge.map(name));
        Ok((asked, chosen.note))
    }
}

/// Returns what to do about a first line that is no header: a title above it, or a row of data. Of one column a list of
/// codes is likelier.
pub(super) fn no_header(names: &[String]) -> Option<&'static str> {
    let filled = names.iter().filter(|name| !name.trim().is_empty());
    let is_data = |name: &String| {
        let name = name.trim().as_bytes();
        let is_code = |set: CodeSet| {
            let text = std::str::from_utf8(name);
            text.is_ok_and(|text| set.parse_code(text).is_ok()) && (set.facts().looks_usual)(name)
        };
        DateFormat::sniff([name]).is_ok() || CodeSet::ALL.into_iter().any(is_code)
    };
    match names.len() {
        0 | 1 => None,
        _ if filled.clone().count() <= 1 => Some(
            "the first line has one field that is not empty: is it a title? remove it, so that the column names come first",
        ),
        _ if filled.clone().any(is_data) => Some(
            "is the first line a claim? it seems to hold a code or a date: add a first line with the column names",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn column(at: usize, label: &str) -> PickedColumn {
        PickedColumn {
            at,
            label: label.to_owned(),
        }
    }

    fn picked(codes: &[(usize, &str)], date: (usize, &str)) -> ColumnsAsked {
        let codes = codes.iter().map(|(at, label)| (column(*at, label), None));
        ColumnsAsked {
            picked: Some(PickedColumns {
                codes: codes.collect(),
                date: Some(column(date.0, date.1)),
                ..PickedColumns::default()
            }),
            ..ColumnsAsked::default()
        }
    }

    #[test]
    fn a_first_line_that_is_no_header_is_known_by_what_it_holds() {
        let hint = |line: &[&str]| no_header(&names(line)).map(|hint| hint.contains("title"));
        assert_eq!(hint(&["Denials October", "", ""]), Some(true));
        assert_eq!(hint(&["1", "2025-10-01", "G35"]), Some(false));
        assert_eq!(hint(&["claim", "amount", "E11.9"]), Some(false));
        assert_eq!(hint(&["claim", "amount", "day"]), None);
        assert_eq!(hint(&["G35"]), None);
    }

    #[test]
    fn a_place_means_its_column_whatever_it_is_called() {
        let names = names(&["", "dx", "dx", "2", "!a*=b"]);
        let chosen = picked(&[(2, "dx"), (0, ""), (4, "!a*=b")], (3, "2"));
        let chosen = chosen.chosen(&names, "f").unwrap();
        assert_eq!(chosen.codes, [(2, None), (0, None), (4, None)]);
        assert_eq!(chosen.date, Some(3));
    }

    #[test]
    fn another_file_than_was_picked_from_is_refused() {
        let asked = picked(&[(0, "dx")], (1, "dos"));
        assert!(asked.chosen(&names(&["dx", "dos"]), "f").is_ok());
        for others in [&["dx"][..], &["dos", "dx"], &[], &["dx1", "dos"]] {
            let error = asked.chosen(&names(others), "f").unwrap_err();
            assert!(error.message().contains("not those"), "{others:?}");
        }
    }

    #[test]
    fn what_is_likely_is_named_and_what_is_named_is_left() {
        let guess = ColumnsAsked {
            guess: true,
            ..ColumnsAsked::default()
        };
        let chosen = guess.chosen(&names(&["dx", "admit date", "discharged"]), "f");
        let chosen = chosen.unwrap();
        assert_eq!((chosen.date, chosen.admit), (None, Some(1)));
        assert_eq!(
            chosen.note.unwrap(),
            "columns detected by name: codes in dx; admissions in admit date; discharges in discharged"
        );
        let dated = ColumnsAsked {
            dates: names(&["when"]),
            ..guess.clone()
        };
        let (asked, note) = dated.by_name(&names(&["dx[].code", "when"]), "f").unwrap();
        assert_eq!(asked.codes.len(), 1);
        assert_eq!(asked.dates, ["when"]);
        assert_eq!(
            note.unwrap(),
            "columns detected by name: codes in dx[].code"
        );
        // The first line of a file without a header may be a patient's.
        let claim = names(&["1001", "Diagnosis discussed with J. Doe", "service date"]);
        assert_eq!(
            guess.chosen(&claim, "f").unwrap().note.unwrap(),
            "columns detected by name: codes in column 2; dates in service date"
        );
        assert!(guess.chosen(&names(&["a"]), "f").is_err());
        assert!(guess.chosen(&names(&["dx"]), "f").is_err());
    }
}
