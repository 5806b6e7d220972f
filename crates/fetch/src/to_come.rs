//! Releases to come: addresses by the publishers' own patterns.
//!
//! The addresses of a release that the catalogue does not know are those of the last ones of the same month, with
//! the years in them moved on. CMS names April's files as October's with `april-1-` before them, so that a file that
//! got another name in April has it in October too.

use chrono::{Datelike, Months, NaiveDate};

use super::plan::{Known, Source, file_name, sources};
use codeyear_core::model::{CodeSet, ReleaseId};
use codeyear_core::source::catalogue::Catalogue;

/// How many releases of the same month are taken for the pattern.
const MODELS: usize = 3;

/// Returns the releases that the catalogue does not know and that may be posted by a day: the next one, and all that
/// take effect within a year.
pub fn expected_releases(
    catalogue: &Catalogue,
    code_set: CodeSet,
    today: NaiveDate,
) -> Vec<ReleaseId> {
    let until = today.checked_add_months(Months::new(12)).unwrap_or(today);
    let newest = catalogue.of(code_set).next_back().map(|known| known.id);
    let mut next = newest.map(|newest| newest.edition().next_possible());
    let mut ids = Vec::new();
    while let Some(id) = next.filter(|id| ids.is_empty() || id.effective_from() <= until) {
        ids.push(id);
        next = Some(id.next_possible());
    }
    ids
}

/// Returns the addresses where a release is likely, by those of the last releases of the same month.
pub fn guesses(catalogue: &Catalogue, code_set: CodeSet, id: ReleaseId) -> Vec<Source> {
    let month = |id: ReleaseId| id.effective_from().month();
    let mut models: Vec<_> = catalogue
        .of(code_set)
        .filter(|known| known.id.edition() != id.edition() && known.id.revision() == 0)
        .map(|known| (known.id, sources(known)))
        .filter(|(_, sources)| !sources.is_empty())
        .collect();
    models.sort_by_key(|(model, _)| (model.days_from(id), *model));
    let of_month = |is_same: bool| {
        let models = models.iter();
        models.filter(move |(model, _)| (month(*model) == month(id)) == is_same)
    };
    let mut guessed: Vec<Source> = Vec::new();
    for (model, sources) in of_month(true).take(MODELS).chain(of_month(false).take(1)) {
        for source in sources {
            let url = match month(*model) == month(id) {
                true => moved(&source.url, *model, id),
                false => renamed(&source.url, *model, id).and_then(|url| moved(&url, *model, id)),
            };
            let Some(url) = url else {
                continue;
            };
            if guessed.iter().any(|one| one.url == url) {
                continue;
            }
            let name = decoded(url.rsplit('/').next().unwrap_or_default());
            guessed.push(Source {
                file: file_name(&name),
                url,
                bytes: None,
                sha256: None,
                known: Known::Guess,
                ..source.clone()
            });
        }
    }
    guessed
}

/// Writes an address of CMS as that of the same file of the other month: `april-1-2026-titles.zip` of April is
/// `2026-titles.zip` of October. `None` if it is of another form.
fn renamed(url: &str, from: ReleaseId, to: ReleaseId) -> Option<String> {
    let (folder, name) = url.rsplit_once('/')?;
    let year = from.year();
    let (old, new) = match (from.effective_from().month(), to.effective_from().month()) {
        (4, 10) => (format!("april-1-{year}-"), format!("{year}-")),
        (10, 4) => (format!("{year}-"), format!("april-1-{year}-")),
        _ => return None,
    };
    let rest = name.strip_prefix(&old)?;
    Some(format!("{folder}/{new}{rest}"))
}

/// Moves the years in an address on from one release to another. `None` if it has no year, or has the day of a
/// posting, which no one can know beforehand.
fn moved(url: &str, from: ReleaseId, to: ReleaseId) -> Option<String> {
    if url.contains("updated") {
        return None;
    }
    let (start, path) = url.split_at(url.find("://")? + 3);
    let by = to.year() - from.year();
    let years = [from.year(), from.effective_from().year()];
    let mut out = start.to_owned();
    let mut is_moved = false;
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        // What stands behind a percent sign is no number.
        let escape = rest.get(..3).filter(|text| text.starts_with('%'));
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let taken = match (escape, digits) {
            (Some(escape), _) => escape.len(),
            (None, 0) => first.len_utf8(),
            (None, digits) => digits,
        };
        let (word, after) = rest.split_at(taken);
        rest = after;
        let is_glued = out.ends_with(|c: char| c.is_ascii_alphabetic());
        let number: Option<i32> = word.parse().ok().filter(|_| digits > 0);
        let year = number.filter(|number| match word.len() {
            4 => years.contains(number),
            // FY27, Apr22; and never the 10 of icd10cm.
            2 => is_glued && *number > 10 && years.iter().any(|year| year % 100 == *number),
            _ => false,
        });
        match year {
            Some(year) if word.len() == 4 => out.push_str(&(year + by).to_string()),
            Some(year) => out.push_str(&format!("{:02}", (year + by).rem_euclid(100))),
            None => out.push_str(word),
        }
        is_moved |= year.is_some();
    }
    is_moved.then_some(out)
}

/// Reads a part of an address as a file name.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escape = rest.strip_prefix('%').and_then(|rest| rest.get(..2));
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                let (one, after) = rest.split_at(first.len_utf8());
                bytes.extend_from_slice(one.as_bytes());
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(code_set: CodeSet, id: &str) -> Vec<String> {
        let catalogue = Catalogue::bundled().unwrap();
        guesses(catalogue, code_set, id.parse().unwrap())
            .into_iter()
            .map(|source| source.url)
            .collect()
    }

    #[test]
    fn a_release_to_come_is_looked_for_where_the_last_ones_were() {
        let october = urls(CodeSet::Icd10Cm, "FY2028");
        let nchs = "https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM";
        let cms = "https://www.cms.gov/files/zip";
        for expected in [
            format!("{nchs}/2028/icd10cm-code-descriptions-2028.zip"),
            format!("{nchs}/2028/icd10cm-Code%20Descriptions-2028.zip"),
            format!("{nchs}/2028/POAexemptCodesFY28.zip"),
            format!("{nchs}/2028/ICD-10-CM-CONVERSION-TABLE-FY2028.xlsx"),
            format!("{cms}/2028-code-descriptions-tabular-order.zip"),
            format!("{cms}/2028-code-tables-tabular-index.zip"),
        ] {
            assert!(
                october.contains(&expected),
                "{expected} not in {october:#?}"
            );
        }
        let april = urls(CodeSet::Icd10Cm, "FY2027-04");
        for expected in [
            format!("{nchs}/2027-update/icd10cm-Code%20Descriptions-April-1-2027.zip"),
            format!("{nchs}/2027-Update/Code-desciptions-April-2027.zip"),
            format!("{cms}/april-1-2027-code-descriptions-tabular-order.zip"),
        ] {
            assert!(april.contains(&expected), "{expected} not in {april:#?}");
        }
        let procedures = urls(CodeSet::Icd10Pcs, "FY2028");
        let expected = format!("{cms}/2028-icd-10-pcs-order-file-long-abbreviated-titles.zip");
        assert!(procedures.contains(&expected), "{procedures:#?}");
        for url in october.iter().chain(&april).chain(&procedures) {
            assert!(!url.contains("updated") && !url.ends_with(".pdf"), "{url}");
        }
    }

    #[test]
    fn the_releases_of_the_last_year_would_have_been_found() {
        // By the addresses of one release alone the next one's are found.
        let catalogue = Catalogue::bundled().unwrap();
        let moved_on = |set: CodeSet, from: &str, to: &str| {
            let id = |text: &str| text.parse::<ReleaseId>().unwrap();
            let from = catalogue.find(set, id(from)).unwrap();
            let to = catalogue.find(set, id(to)).unwrap();
            let urls = |known| sources(known).into_iter().map(|one| one.url);
            let real: Vec<String> = urls(to).collect();
            let mut guessed = urls(from).filter_map(|url| {
                let is_april = from.id.is_mid_year() != to.id.is_mid_year();
                let url = match is_april {
                    true => renamed(&url, from.id, to.id)?,
                    false => url,
                };
                moved(&url, from.id, to.id)
            });
            guessed.any(|url| real.contains(&url))
        };
        for (set, from, to) in [
            (CodeSet::Icd10Cm, "FY2025", "FY2026"),
            (CodeSet::Icd10Cm, "FY2026", "FY2027"),
            (CodeSet::Icd10Pcs, "FY2025", "FY2026"),
            // CMS left a word out of the name in April.
            (CodeSet::Icd10Pcs, "FY2026-04", "FY2027"),
            (CodeSet::Icd10Cm, "FY2026-04", "FY2027"),
        ] {
            assert!(moved_on(set, from, to), "{set:?} {from} {to}");
        }
    }

    #[test]
    fn a_year_is_a_number_of_its_own() {
        let id = |text: &str| text.parse::<ReleaseId>().unwrap();
        for (url, expected) in [
            (
                "https://h/2026/icd10cm%202026.zip",
                Some("https://h/2027/icd10cm%202027.zip"),
            ),
            ("https://h/a%2026.zip", None),
            (
                "https://h/Oct-1-2025-FY26.zip",
                Some("https://h/Oct-1-2026-FY27.zip"),
            ),
            ("https://h/12026.zip", None),
            ("https://h/x-26.zip", None),
            ("https://h/2026-updated-01/11/2026.zip", None),
        ] {
            let found = moved(url, id("FY2026"), id("FY2027"));
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn what_is_expected_is_what_the_catalogue_does_not_know_and_a_year_may_bring() {
        let catalogue = Catalogue::bundled().unwrap();
        let expected = |day: &str| -> Vec<String> {
            expected_releases(catalogue, CodeSet::Icd10Cm, day.parse().unwrap())
                .iter()
                .map(ReleaseId::to_string)
                .collect()
        };
        assert_eq!(expected("2026-03-01"), ["FY2027-04"]);
        assert_eq!(expected("2026-11-28"), ["FY2027-04", "FY2028"]);
        assert_eq!(expected("2027-05-01"), ["FY2027-04", "FY2028", "FY2028-04"]);
    }
}
