//! What an answer in full needs beside the verdict: titles, files and patches, in memory.
//!
//! An audit does without: ten million verdicts need no title. A server that answers each question in full
//! reads them once for all, some forty megabytes, and then asks the database nothing for a check.

#![allow(
    clippy::indexing_slicing,
    reason = "places are those that were written when the titles were read"
)]

use std::collections::BTreeMap;

use chrono::NaiveDate;

use codeyear_core::error::{Error, Result};
use codeyear_core::model::{Code, CodeSet, Entry, FileRef, ReleaseId, Span, Spans};
use codeyear_core::store::{Store, StoredPatch};

/// The titles of all codes of a code set with the days on which they stood, the files that the releases come
/// from, and the patches.
#[derive(Debug)]
pub(super) struct TitleIndex {
    /// For each code the number of its first span; one more at the end.
    starts: Vec<u32>,
    spans: Vec<Span<Titled>>,
    /// All titles, one after the other. A title that several spans have stands here once.
    titles: String,
    files: BTreeMap<ReleaseId, FileRef>,
    patches: Vec<StoredPatch>,
}

#[derive(Debug, Clone, Copy)]
struct Titled {
    billable: bool,
    short: TitleAt,
    long: TitleAt,
}

/// The place of a title among all.
#[derive(Debug, Clone, Copy)]
struct TitleAt {
    from: u32,
    length: u16,
}

impl TitleIndex {
    /// Reads them for the codes of an index, which are in the order of their characters.
    pub(super) fn read(store: &Store, code_set: CodeSet, codes: &[Code]) -> Result<TitleIndex> {
        let mut title_index = TitleIndex {
            starts: Vec::with_capacity(codes.len() + 1),
            spans: Vec::new(),
            titles: String::new(),
            files: BTreeMap::new(),
            patches: store.patches(code_set)?,
        };
        let mut known: BTreeMap<String, TitleAt> = BTreeMap::new();
        let mut expected = codes.iter();
        let mut current = None;
        store.each_listed(code_set, &mut |listed| {
            let code = listed.value.code;
            if current != Some(code) {
                if expected.next() != Some(&code) {
                    return Err(disagree());
                }
                title_index.starts.push(number(title_index.spans.len())?);
                current = Some(code);
            }
            let short = place(
                &mut title_index.titles,
                &mut known,
                listed.value.short_title,
            )?;
            let long = place(&mut title_index.titles, &mut known, listed.value.long_title)?;
            title_index.spans.push(Span {
                from: listed.from,
                until: listed.until,
                value: Titled {
                    billable: listed.value.billable,
                    short,
                    long,
                },
            });
            Ok(())
        })?;
        if expected.next().is_some() {
            return Err(disagree());
        }
        title_index.starts.push(number(title_index.spans.len())?);
        title_index.titles.shrink_to_fit();
        title_index.spans.shrink_to_fit();
        for stored in store.releases()? {
            if stored.release.code_set == code_set {
                title_index
                    .files
                    .insert(stored.release.id, stored.listing_file.published.clone());
            }
        }
        Ok(title_index)
    }

    /// Returns all that the releases say of the code at a place among the codes.
    pub(super) fn life(&self, at: usize, code: Code) -> Vec<Span<Entry>> {
        let spans = self.spans_at(at).iter();
        spans
            .map(|span| span.map(|titled| self.entry(titled, code)))
            .collect()
    }

    /// Returns the entry of the code at a place among the codes on a day.
    pub(super) fn entry_on(&self, at: usize, code: Code, date: NaiveDate) -> Option<Entry> {
        let span = self.spans_at(at).at(date)?;
        Some(self.entry(&span.value, code))
    }

    /// Returns the file that a release comes from.
    pub(super) fn file(&self, release: ReleaseId) -> Option<FileRef> {
        self.files.get(&release).cloned()
    }

    /// Returns the citation of the patch that a code's entry is taken from on a day.
    pub(super) fn citation(
        &self,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Option<String> {
        let patch = self.patches.iter().find(|patch| {
            patch.release == release && patch.code == *code && patch.effective_from <= on
        })?;
        Some(patch.citation.clone())
    }

    fn spans_at(&self, at: usize) -> &[Span<Titled>] {
        &self.spans[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    fn entry(&self, titled: &Titled, code: Code) -> Entry {
        Entry {
            code,
            billable: titled.billable,
            short_title: self.title(titled.short),
            long_title: self.title(titled.long),
        }
    }

    fn title(&self, at: TitleAt) -> String {
        let from = at.from as usize;
        self.titles[from..from + usize::from(at.length)].to_owned()
    }
}

/// Writes a title beside the others, if it is not there yet.
fn place(
    titles: &mut String,
    known: &mut BTreeMap<String, TitleAt>,
    title: String,
) -> Result<TitleAt> {
    if let Some(at) = known.get(&title) {
        return Ok(*at);
    }
    let at = TitleAt {
        from: number(titles.len())?,
        length: u16::try_from(title.len()).map_err(|_| too_much())?,
    };
    titles.push_str(&title);
    known.insert(title, at);
    Ok(at)
}

fn number(count: usize) -> Result<u32> {
    u32::try_from(count).map_err(|_| too_much())
}

fn too_much() -> Error {
    Error::store("the titles are more than fit in memory")
        .with_hint("this is a limit of codeyear: keep code sets in databases of their own")
}

fn disagree() -> Error {
    Error::store(
        "the spans of the database and what is derived from them are not of the same codes",
    )
    .with_hint("check the database with codeyear verify")
}
