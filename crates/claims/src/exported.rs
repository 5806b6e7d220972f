//! What an audit writes of every code on every day, for engines that audit where the claims lie.
//!
//! Each row is a finding of [`Index::find`], so that nothing is worded twice. Only texts that no release lists, and that
//! are no stem of a listed code, are in no row: there is no end of them.

#![allow(
    clippy::indexing_slicing,
    reason = "segments are numbered by their places among all"
)]

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::finding::{Finding, MAX_USES, UseBasis};
use super::index::{Index, SegmentNumber, SetIndex, YEARS};
use super::packed::pack;
use codeyear_core::error::Result;
use codeyear_core::model::{Code, CodeSet, VerdictKind};
use codeyear_core::store::CodeSource;

/// The last year that is written with four digits.
const LAST_YEAR: i32 = 9999;

/// What an audit writes of a code, its release aside: that is the one that governs the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFinding {
    /// The verdict.
    pub verdict: VerdictKind,
    /// The day that goes with it.
    pub day: Option<NaiveDate>,
    /// Billable codes to use instead, at most ten.
    pub uses: Vec<Code>,
    /// How many there are in all.
    pub use_count: usize,
    /// Why these.
    pub use_basis: Option<UseBasis>,
    /// Why it fails, in words.
    pub why: String,
    /// Of a header the billable codes below it, at most ten: what `uses` has too, unless those are its successors.
    pub below: Vec<Code>,
}

/// Days on which an audit writes the same of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFinding {
    /// The code set.
    pub code_set: CodeSet,
    /// The code; `None` on days on which the same is written of every code.
    pub code: Option<Code>,
    /// The first day; `None` if there is none.
    pub from: Option<NaiveDate>,
    /// The day after the last one; `None` if there is none.
    pub to: Option<NaiveDate>,
    /// What is written.
    pub written: WrittenFinding,
}

/// Days between which nothing changes and that a release governs.
struct OpenSegment {
    number: SegmentNumber,
    from: NaiveDate,
    to: Option<NaiveDate>,
}

impl Index {
    /// Returns what an audit writes of every listed code on every day, and of every stem that lacks its 7th character
    /// and is not listed, by code set, code and day. Days on which it is the same for every code come last.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read, and whatever `take` fails with.
    ///
    /// ```
    /// # use codeyear_claims::Index;
    /// # use codeyear_core::{ingest, model::{CodeSet, VerdictKind}, store::Store};
    /// # let mut store = Store::in_memory()?;
    /// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
    /// let index = Index::open(store)?;
    /// let mut last = None;
    /// index.export_findings(&[CodeSet::Icd10Cm], &mut |row| {
    ///     if row.code.is_some_and(|code| code.as_str() == "M545") {
    ///         last = Some(row.clone());
    ///     }
    ///     Ok(())
    /// })?;
    /// let written = last.unwrap().written;
    /// assert_eq!((written.verdict, written.use_count), (VerdictKind::Header, 3));
    /// # Ok::<(), codeyear_core::Error>(())
    /// ```
    pub fn export_findings(
        &self,
        code_sets: &[CodeSet],
        take: &mut dyn FnMut(&ExportedFinding) -> Result<()>,
    ) -> Result<()> {
        for code_set in code_sets {
            let set = self.set(*code_set);
            let open = open_segments(set);
            let mut codes: BTreeSet<Code> = set.lives.codes.iter().copied().collect();
            codes.extend(stems(set));
            for code in codes {
                let mut rows = Merged::new(*code_set, Some(code));
                for segment in &open {
                    let written = self.written(set, &code, segment)?;
                    rows.add(Some(segment.from), segment.to, written, take)?;
                }
                rows.end(take)?;
            }
            self.days_of_all(set, take)?;
        }
        Ok(())
    }

    /// Returns what is written of a code on the days of a segment.
    fn written(
        &self,
        set: &SetIndex,
        code: &Code,
        segment: &OpenSegment,
    ) -> Result<WrittenFinding> {
        let life = pack(code.as_bytes(), false).and_then(|packed| set.find_packed(packed));
        if life.is_some_and(|life| set.class(life, segment.number) == VerdictKind::Billable) {
            return Ok(WrittenFinding::billable());
        }
        let finding = self.find(set.code_set, code.as_str(), segment.from)?;
        let below = match (finding.verdict, finding.use_basis, finding.release) {
            (VerdictKind::Header, Some(UseBasis::Below), _) => finding.uses.clone(),
            (VerdictKind::Header, _, Some(release)) => {
                let below = self
                    .codes(set.code_set)
                    .below(release, segment.from, code)?;
                let billable = below.into_iter().filter(|entry| entry.billable);
                billable.map(|entry| entry.code).take(MAX_USES).collect()
            }
            _ => Vec::new(),
        };
        Ok(WrittenFinding::of(finding, below))
    }

    /// Returns the days on which the same is written of every code: those that no loaded release governs, and those
    /// before the code set was in force.
    fn days_of_all(
        &self,
        set: &SetIndex,
        take: &mut dyn FnMut(&ExportedFinding) -> Result<()>,
    ) -> Result<()> {
        let Some(any) = set.lives.codes.first() else {
            return Ok(());
        };
        let calendar = set.code_set.facts().calendar;
        let later = (YEARS.end + 1..=LAST_YEAR + 1).flat_map(|year| calendar.certain_of_year(year));
        let later = later.map(|release| (release.effective_from(), true));
        let within = set.segments.iter();
        let within = within.map(|segment| (segment.from, segment.unlisted != VerdictKind::Unknown));
        let days: Vec<(NaiveDate, bool)> = within.chain(later).collect();
        let mut rows = Merged::new(set.code_set, None);
        for (at, (from, is_of_all)) in days.iter().enumerate() {
            if *is_of_all {
                let finding = self.find(set.code_set, any.as_str(), *from)?;
                let written = WrittenFinding::of(finding, Vec::new());
                let to = days.get(at + 1).map(|(next, _)| *next);
                let from = Some(*from).filter(|from| *from != NaiveDate::MIN);
                rows.add(from, to, written, take)?;
            }
        }
        rows.end(take)
    }
}

impl WrittenFinding {
    /// Returns what is written of a billable code.
    fn billable() -> WrittenFinding {
        WrittenFinding {
            verdict: VerdictKind::Billable,
            day: None,
            uses: Vec::new(),
            use_count: 0,
            use_basis: None,
            why: String::new(),
            below: Vec::new(),
        }
    }

    fn of(finding: Finding, below: Vec<Code>) -> WrittenFinding {
        WrittenFinding {
            verdict: finding.verdict,
            day: finding.day,
            uses: finding.uses,
            use_count: finding.use_count,
            use_basis: finding.use_basis,
            why: finding.why,
            below,
        }
    }
}

/// The rows of a code in the making: days that follow each other, and of which the same is written, are one.
struct Merged {
    code_set: CodeSet,
    code: Option<Code>,
    last: Option<ExportedFinding>,
}

impl Merged {
    fn new(code_set: CodeSet, code: Option<Code>) -> Merged {
        Merged {
            code_set,
            code,
            last: None,
        }
    }

    fn add(
        &mut self,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        written: WrittenFinding,
        take: &mut dyn FnMut(&ExportedFinding) -> Result<()>,
    ) -> Result<()> {
        match &mut self.last {
            Some(last) if last.to == from && last.written == written => last.to = to,
            last => {
                let next = ExportedFinding {
                    code_set: self.code_set,
                    code: self.code,
                    from,
                    to,
                    written,
                };
                if let Some(before) = last.replace(next) {
                    take(&before)?;
                }
            }
        }
        Ok(())
    }

    fn end(self, take: &mut dyn FnMut(&ExportedFinding) -> Result<()>) -> Result<()> {
        self.last.as_ref().map_or(Ok(()), take)
    }
}

/// Lists the segments on which it rests on the code what is written.
fn open_segments(set: &SetIndex) -> Vec<OpenSegment> {
    let all = set.segments.iter().enumerate();
    let open = all.filter(|(_, segment)| segment.unlisted == VerdictKind::Unknown);
    let open = open.filter_map(|(at, segment)| {
        Some(OpenSegment {
            number: SegmentNumber::try_from(at).ok()?,
            from: segment.from,
            to: set.segments.get(at + 1).map(|next| next.from),
        })
    });
    open.collect()
}

/// Lists the codes that no release lists and that lack nothing but the 7th character of a listed one, with and without
/// the placeholders X before it.
fn stems(set: &SetIndex) -> BTreeSet<Code> {
    let facts = set.code_set.facts();
    let mut stems = BTreeSet::new();
    if !facts.has_seventh_characters {
        return stems;
    }
    for code in set.lives.codes.iter().filter(|code| code.len() == 7) {
        let mut length = 6;
        while length >= facts.category_length {
            let stem = code.prefix(length);
            if set.life(&stem).is_none() && set.code_set.accepts(&stem) {
                stems.insert(stem);
            }
            // What is left without a placeholder is a stem too.
            match stem.as_bytes().last() {
                Some(b'X') => length -= 1,
                _ => break,
            }
        }
    }
    stems
}

#[cfg(test)]
mod tests {
    use super::*;
    use codeyear_core::ingest::import_sample;
    use codeyear_core::store::Store;

    fn index() -> Index {
        let mut store = Store::in_memory().unwrap();
        import_sample(&mut store, "2026-03-01".parse().unwrap()).unwrap();
        Index::open(store).unwrap()
    }

    fn rows(index: &Index) -> Vec<ExportedFinding> {
        let mut rows = Vec::new();
        index
            .export_findings(&CodeSet::ALL, &mut |row| {
                rows.push(row.clone());
                Ok(())
            })
            .unwrap();
        rows
    }

    fn shown(rows: &[ExportedFinding], code: Option<&str>) -> Vec<String> {
        let of_cm = rows.iter().filter(|row| row.code_set == CodeSet::Icd10Cm);
        let of_code = of_cm.filter(|row| row.code.as_ref().map(Code::as_str) == code);
        let text = |day: Option<NaiveDate>| day.map_or("-".to_owned(), |day| day.to_string());
        of_code
            .map(|row| {
                let written = &row.written;
                let uses: Vec<&str> = written.uses.iter().map(Code::as_str).collect();
                format!(
                    "{} {} {}: {} [{}]",
                    text(row.from),
                    text(row.to),
                    written.verdict.name(),
                    written.why,
                    uses.join(" ")
                )
            })
            .collect()
    }

    #[test]
    fn every_day_of_a_listed_code_is_in_one_row_that_says_what_an_audit_says() {
        let index = index();
        let rows = rows(&index);
        let codes: BTreeSet<(CodeSet, Code)> = rows
            .iter()
            .filter_map(|row| Some((row.code_set, row.code?)))
            .collect();
        assert!(codes.len() > 500);
        let mut date: NaiveDate = "2013-09-15".parse().unwrap();
        let mut compared = 0;
        while date < "2029-01-01".parse().unwrap() {
            for (code_set, code) in &codes {
                let holds = |row: &&ExportedFinding| {
                    row.code_set == *code_set
                        && row.code.is_none_or(|own| own == *code)
                        && row.from.is_none_or(|from| from <= date)
                        && row.to.is_none_or(|to| date < to)
                };
                let mut holding = rows.iter().filter(holds);
                let row = holding.next().unwrap();
                assert!(holding.next().is_none(), "{code} on {date}");
                let finding = index.find(*code_set, code.as_str(), date).unwrap();
                let expected = WrittenFinding::of(finding, row.written.below.clone());
                assert_eq!(row.written, expected, "{code} on {date}");
                compared += 1;
            }
            date = date + chrono::Days::new(397);
        }
        assert!(compared > 5_000);
    }

    #[test]
    fn a_code_that_became_a_header_has_successors_and_keeps_what_is_below_it() {
        let rows = rows(&index());
        let last = rows
            .iter()
            .rfind(|row| row.code.is_some_and(|code| code.as_str() == "M545"))
            .unwrap();
        assert_eq!(last.written.use_basis, Some(UseBasis::ConversionTable));
        assert_eq!(last.written.below.len(), 3);
    }

    #[test]
    fn a_stem_is_in_the_table_although_no_release_lists_it() {
        let rows = rows(&index());
        let stem = shown(&rows, Some("O401XX"));
        assert!(
            stem.last()
                .unwrap()
                .contains("unknown: 7th character missing"),
            "{stem:?}"
        );
        assert_eq!(shown(&rows, Some("O401X")).len(), stem.len());
    }

    #[test]
    fn days_of_all_codes_reach_from_the_first_to_the_last() {
        let rows = rows(&index());
        let days = shown(&rows, None);
        let first = "- 2015-10-01 not-in-force: ICD-10-CM is in force from 2015-10-01 []";
        assert_eq!(days[0], first);
        let last = "9999-10-01 - not-covered: ICD-10-CM FY10000 is not loaded []";
        assert_eq!(days.last().unwrap(), last);
    }
}
