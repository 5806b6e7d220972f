//! Which release a file belongs to: by hash, then by content, last by name, and never by a guess.

use chrono::{Datelike, Month};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Addenda, CodeSet, ReleaseId};
use crate::source::catalogue::{Catalogue, KnownRelease};
use crate::source::sample::SampleFile;

/// How a release was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifiedBy {
    /// The user stated it.
    Statement,
    /// The catalogue knows the SHA-256 of the order file.
    Hash,
    /// The catalogue knows the SHA-256 of the archive or of the addenda.
    Archive,
    /// The names of the file, its folder and its archive.
    Name,
    /// It is a file of the bundled sample.
    Sample,
}

impl IdentifiedBy {
    /// Gives the fixed name: `statement`, `hash`, `archive`, `name`, `sample`.
    pub fn name(self) -> &'static str {
        match self {
            IdentifiedBy::Statement => "statement",
            IdentifiedBy::Hash => "hash",
            IdentifiedBy::Archive => "archive",
            IdentifiedBy::Name => "name",
            IdentifiedBy::Sample => "sample",
        }
    }
}

/// What is known of an order file or addenda before its release is.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Its code set, by content.
    pub code_set: CodeSet,
    /// SHA-256 of the order file; `None` if only an addenda is there.
    pub order_sha256: Option<&'a str>,
    /// SHA-256 of the addenda posted with it.
    pub addenda_sha256: Option<&'a str>,
    /// SHA-256 of a file around the order file; `None` if an order file or an addenda is there.
    pub document_sha256: Option<&'a str>,
    /// The addenda posted with it.
    pub addenda: Option<&'a Addenda>,
    /// SHA-256 of the archive that it is in.
    pub archive_sha256: Option<&'a str>,
    /// The file's own name with its folder.
    pub name: &'a str,
    /// The archive's name.
    pub archive_name: Option<&'a str>,
    /// The name to show in an error.
    pub shown: &'a str,
}

/// Tells which release of the bundled sample a file is, if it is one. What the user states can choose
/// among releases with the same bytes, but never make a sample of one thing into another.
///
/// # Errors
/// [`ErrorKind::Ambiguous`] if names and statement leave more than one release,
/// [`ErrorKind::Conflict`] if the statement contradicts the file.
pub fn identify_sample(
    evidence: &Evidence<'_>,
    stated: Option<ReleaseId>,
    sample: &[SampleFile],
) -> Result<Option<ReleaseId>> {
    let files: Vec<&SampleFile> = sample
        .iter()
        .filter(|file| match evidence.order_sha256 {
            Some(sha256) => file.is_order_file() && file.sha256 == sha256,
            None => match evidence.document_sha256 {
                Some(sha256) => file.sha256 == sha256,
                None => file.is_addenda() && Some(file.sha256.as_str()) == evidence.addenda_sha256,
            },
        })
        .collect();
    let matching: Vec<ReleaseId> = files.iter().map(|file| file.release).collect();
    let contradicts = stated.is_some_and(|stated| !matching.contains(&stated))
        || files.iter().any(|file| file.code_set != evidence.code_set);
    if let Some(file) = files.first()
        && contradicts
    {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "this is a file of the bundled sample, {} {}",
                file.code_set.name(),
                file.release
            ),
        )
        .in_file(evidence.shown)
        .with_hint(
            "import it without --release and --code-set, into a file of its own: --db sample.db",
        ));
    }
    match matching.as_slice() {
        [] => Ok(None),
        _ if stated.is_some() => Ok(stated),
        [one] => Ok(Some(*one)),
        several => {
            let hints = Hints::read(evidence);
            let fitting: Vec<ReleaseId> = several
                .iter()
                .copied()
                .filter(|id| hints.fits(*id))
                .collect();
            match fitting.as_slice() {
                [one] => Ok(Some(*one)),
                _ => Err(ambiguous(evidence, several)),
            }
        }
    }
}

/// Tells which release a file belongs to.
///
/// # Errors
/// [`ErrorKind::Ambiguous`] if more than one release is possible: CMS gives the April file the name of
/// the October file, and some releases have the same bytes.
pub fn identify(
    catalogue: &Catalogue,
    evidence: &Evidence<'_>,
) -> Result<(ReleaseId, IdentifiedBy)> {
    let known: Vec<&KnownRelease> = catalogue
        .releases()
        .iter()
        .filter(|known| known.code_set == evidence.code_set)
        .collect();
    let by_order: Vec<&KnownRelease> = known
        .iter()
        .copied()
        .filter(|known| Some(known.order_file.sha256.as_str()) == evidence.order_sha256)
        .collect();
    if let [one] = by_order.as_slice() {
        return Ok((one.id, IdentifiedBy::Hash));
    }
    let pool = if by_order.is_empty() {
        &known
    } else {
        &by_order
    };
    let by_archive: Vec<ReleaseId> = pool
        .iter()
        .filter(|known| {
            known.archives.iter().any(|archive| {
                Some(archive.sha256.as_str()) == evidence.archive_sha256
                    || Some(archive.sha256.as_str()) == evidence.addenda_sha256
            })
        })
        .map(|known| known.id)
        .collect();
    if let [one] = by_archive.as_slice() {
        return Ok((*one, IdentifiedBy::Archive));
    }
    let by_addenda: Vec<ReleaseId> = pool
        .iter()
        .filter(|known| {
            known.order_addenda.as_ref().is_some_and(|addenda| {
                addenda
                    .sha256
                    .iter()
                    .any(|sha256| Some(sha256.as_str()) == evidence.addenda_sha256)
            })
        })
        .map(|known| known.id)
        .collect();
    if let [one] = by_addenda.as_slice() {
        return Ok((*one, IdentifiedBy::Archive));
    }
    let hints = Hints::read(evidence);
    if !by_order.is_empty() {
        let same: Vec<ReleaseId> = by_order.iter().map(|known| known.id).collect();
        let fitting: Vec<ReleaseId> = same.iter().copied().filter(|id| hints.fits(*id)).collect();
        return match fitting.as_slice() {
            [one] => Ok((*one, IdentifiedBy::Hash)),
            [] => Err(ambiguous(evidence, &same)),
            several => Err(ambiguous(evidence, several)),
        };
    }
    hints.decide(evidence).map(|id| (id, IdentifiedBy::Name))
}

/// What names say of a release.
#[derive(Debug, Default)]
struct Hints {
    /// A release id spelled out in the name: `FY2024-04`.
    exact: Option<ReleaseId>,
    fiscal_year: Option<i32>,
    month: Option<u32>,
    errata: bool,
}

impl Hints {
    fn read(evidence: &Evidence<'_>) -> Hints {
        let mut hints = Hints::default();
        // The file's own name says more than its archive's.
        for name in [Some(evidence.name), evidence.archive_name]
            .into_iter()
            .flatten()
        {
            for part in name.rsplit(['/', '\\']) {
                hints.add(part);
            }
        }
        hints
    }

    fn add(&mut self, name: &str) {
        let stem = name
            .rsplit_once('.')
            .map_or(name, |(stem, end)| if end.len() <= 4 { stem } else { name });
        let words: Vec<String> = stem
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        if words.iter().any(|word| word.contains("errata")) {
            self.errata = true;
        }
        for (index, word) in words.iter().enumerate() {
            if self.exact.is_none()
                && let Some(year) = word.strip_prefix("fy")
                && year.len() == 4
            {
                // The most words that are a release id together: fy2022-04-errata, fy2022-04, fy2022.
                let rest = words.get(index..).unwrap_or_default();
                self.exact = (1..=rest.len())
                    .rev()
                    .find_map(|count| rest.get(..count)?.join("-").parse().ok());
            }
            if self.month.is_none() {
                self.month = release_month(word);
            }
            if self.fiscal_year.is_none()
                && let Some(year) = year_in(word)
            {
                self.fiscal_year = Some(year);
            }
        }
    }

    /// Tells whether a release is among those that the names allow.
    fn fits(&self, id: ReleaseId) -> bool {
        if let Some(exact) = self.exact
            && self.month.is_none()
        {
            return exact == id;
        }
        let year = self
            .fiscal_year
            .or(self.exact.map(|exact| exact.fiscal_year()));
        let month = self
            .month
            .map(|month| if month == 10 { None } else { Some(month) });
        year == Some(id.fiscal_year())
            && month
                .is_none_or(|month| month == id.is_mid_year().then(|| id.effective_from().month()))
    }

    fn decide(&self, evidence: &Evidence<'_>) -> Result<ReleaseId> {
        let revision = u32::from(self.errata);
        if let Some(exact) = self.exact
            && self.month.is_none()
        {
            return Ok(exact);
        }
        let Some(year) = self
            .fiscal_year
            .or(self.exact.map(|exact| exact.fiscal_year()))
        else {
            return Err(Error::new(
                ErrorKind::Ambiguous,
                "nothing in the file, its name or the catalogue tells which release this is",
            )
            .in_file(evidence.shown)
            .with_hint("state it with --release, for example --release FY2027"));
        };
        if let Some(month) = self.month {
            return Ok(ReleaseId::mid_year(year, month).with_revision(revision));
        }
        // The footer of an addenda names the order files that it goes from and to.
        if let Some([_, codes]) = evidence.addenda.and_then(|addenda| addenda.footer.as_ref())
            && year_in_text(&codes.old_file) == Some(year - 1)
            && year_in_text(&codes.new_file) == Some(year)
            && !codes.new_file.to_ascii_lowercase().contains("jan")
        {
            return Ok(ReleaseId::october(year).with_revision(revision));
        }
        Err(ambiguous(
            evidence,
            &[ReleaseId::october(year), ReleaseId::mid_year(year, 4)],
        ))
    }
}

/// Reads a month from a word such as `April` or `2021jan`: January, April or October, in which releases
/// take effect. Another month is the day of a posting, and tells nothing.
fn release_month(word: &str) -> Option<u32> {
    let letters: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    match letters.parse().ok()? {
        Month::January => Some(1),
        Month::April => Some(4),
        Month::October => Some(10),
        _ => None,
    }
}

/// Reads a year from a word such as `2026`, `fy26` or `2021jan`.
fn year_in(word: &str) -> Option<i32> {
    let digits: String = word
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    match digits.len() {
        4 if !word.starts_with("icd") => digits
            .parse()
            .ok()
            .filter(|year| (2009..=2100).contains(year)),
        2 if word.starts_with("fy") || word.starts_with("apr") || word.starts_with("jan") => {
            digits.parse::<i32>().ok().map(|year| 2000 + year)
        }
        _ => None,
    }
}

fn year_in_text(text: &str) -> Option<i32> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(year_in)
}

fn ambiguous(evidence: &Evidence<'_>, ids: &[ReleaseId]) -> Error {
    let list: Vec<String> = ids.iter().map(ReleaseId::to_string).collect();
    let list = list.join(" or ");
    let first = ids.first().map(ReleaseId::to_string).unwrap_or_default();
    Error::new(
        ErrorKind::Ambiguous,
        format!("this {} file could be {list}: the publisher gives them the same name or the same bytes", evidence.code_set.name()),
    )
    .in_file(evidence.shown)
    .with_hint(format!("state which with --release, for example --release {first}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence<'a>(
        name: &'a str,
        archive: Option<&'a str>,
        order: Option<&'a str>,
    ) -> Evidence<'a> {
        Evidence {
            code_set: CodeSet::Icd10Cm,
            order_sha256: order,
            addenda_sha256: None,
            document_sha256: None,
            addenda: None,
            archive_sha256: None,
            name,
            archive_name: archive,
            shown: name,
        }
    }

    fn told(name: &str, archive: Option<&str>, order: Option<&str>) -> Result<String> {
        identify(
            Catalogue::bundled().unwrap(),
            &evidence(name, archive, order),
        )
        .map(|(id, _)| id.to_string())
    }

    #[test]
    fn a_name_with_a_month_tells_the_release() {
        for (name, id) in [
            ("icd10cm-order-April-2027.txt", "FY2027-04"),
            ("icd10cm-order- April 1 2027.txt", "FY2027-04"),
            ("icd10cm-order-Jan-2029.txt", "FY2029-01"),
            ("x/icd10cm-FY2027-04.txt", "FY2027-04"),
            ("icd10cm-FY2027.txt", "FY2027"),
        ] {
            assert_eq!(told(name, None, None).unwrap(), id, "{name}");
        }
        assert_eq!(
            told(
                "icd10cm_order_2027.txt",
                Some("icd10cm-FY2027-04.zip"),
                None
            )
            .unwrap(),
            "FY2027-04"
        );
    }

    #[test]
    fn a_name_with_a_year_alone_is_ambiguous() {
        let error = told("icd10cm_order_2027.txt", None, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Ambiguous);
        assert!(error.to_string().contains("FY2027 or FY2027-04"), "{error}");
        // The month of a posting is not the month of a release.
        let posted = told(
            "icd10cm_order_2027.txt",
            Some("updated-July-2026.zip"),
            None,
        );
        assert_eq!(posted.unwrap_err().kind(), ErrorKind::Ambiguous);
        assert_eq!(
            told("order.txt", None, None).unwrap_err().kind(),
            ErrorKind::Ambiguous
        );
    }

    #[test]
    fn releases_with_the_same_bytes_are_told_apart_by_name_or_not_at_all() {
        let catalogue = Catalogue::bundled().unwrap();
        let sha256 = |id: &str| {
            catalogue
                .find(CodeSet::Icd10Cm, id.parse().unwrap())
                .unwrap()
                .order_file
                .sha256
                .as_str()
        };
        assert_eq!(sha256("FY2024"), sha256("FY2024-04"));
        let same = Some(sha256("FY2024"));
        assert!(told("icd10cm_order_2024.txt", None, same).is_err());
        assert_eq!(
            told(
                "icd10cm_order_2024.txt",
                Some("icd10cm-FY2024-04.zip"),
                same
            )
            .unwrap(),
            "FY2024-04"
        );
        assert_eq!(
            told("icd10cm-order-2024.txt", Some("icd10cm-FY2024.zip"), same).unwrap(),
            "FY2024"
        );
        assert_eq!(
            told("icd10cm-order-April-2024.txt", None, same).unwrap(),
            "FY2024-04"
        );
        assert_eq!(
            told("icd10cm_order_2015.txt", None, Some(sha256("FY2014"))).unwrap(),
            "FY2015"
        );
        assert_eq!(
            told("anything.txt", None, Some(sha256("FY2020"))).unwrap(),
            "FY2020"
        );
    }
}
