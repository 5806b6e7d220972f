//! The change report as one HTML page that needs nothing but itself.
//!
//! The page is `templates/changes.html` with its style sheet and script beside it; here a
//! [`ChangeSet`] is cut into what the template shows. Neither counts what the model can count, and
//! neither ever writes a value unescaped. The page loads nothing from a network, so that it can be
//! mailed, archived and printed; without its script only the filter is missing.

use askama::Template;
use chrono::NaiveDate;

use super::counts::{Bar, CmsLine, KindLine, bars, cms_lines, cms_source, difference, short_label};
use super::impact::ImpactReport;
use super::notes::{NotesView, Wording};
use super::rows::{ChapterGroup, Line, chapter_word, group};
use super::title::{Mark, Run};
use crate::changes::{CMS_RULE, in_words};
use crate::render::{chapter_heading, plain_words};
use crate::tree::{Block, SourceFile};
use crate::{Style, changes, grouped};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{ChangeKind, ChangeSet};

/// Writes the change report: one page with its style sheet and script in it.
///
/// The same changes and day give the same bytes.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no change set makes it do.
///
/// ```
/// # use codeyear_report::html;
/// # use codeyear_core::{answer, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # let today = "2026-03-01".parse().unwrap();
/// # ingest::import_sample(&mut store, today)?;
/// let (old, new) = ("FY2025-04".parse().unwrap(), "FY2026".parse().unwrap());
/// let changes = answer::diff(&store, CodeSet::Icd10Cm, old, new, &Default::default())?;
/// let page = html::change_report(&changes, today)?;
/// assert!(page.contains("<h1>What changed from FY2025-04 to FY2026</h1>"));
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn change_report(changes: &ChangeSet, generated_on: NaiveDate) -> Result<String> {
    match &changes.impact {
        Some(weighed) => ImpactReport::new(changes, weighed, generated_on).render(),
        None => Report::new(changes, generated_on).render(),
    }
    .map_err(|error| Error::format("cannot write the HTML report").caused_by(error))
}

/// What the template shows.
#[derive(Template)]
#[template(path = "changes.html", whitespace = "minimize")]
struct Report<'a> {
    set: &'a ChangeSet,
    generated_on: NaiveDate,
    version: &'static str,
    css: &'static str,
    js: &'static str,
    /// What a coder of this set might look for.
    placeholder: &'static str,
    /// What the book's coarse places are called.
    chapter_word: &'static str,
    kinds: Vec<KindLine>,
    total: u64,
    total_billable: u64,
    cms: [CmsLine; 3],
    cms_source: String,
    /// Changes of headers, which CMS does not count.
    not_in_cms: u64,
    bars: Vec<Bar>,
    chapters: Vec<ChapterGroup<'a>>,
    notes: Option<NotesView<'a>>,
}

impl<'a> Report<'a> {
    fn new(set: &'a ChangeSet, generated_on: NaiveDate) -> Report<'a> {
        let kinds: Vec<KindLine> = ChangeKind::ALL
            .into_iter()
            .map(|kind| KindLine::new(set, kind))
            .collect();
        let total = set.changes.len() as u64;
        let chapters = group(set);
        let cms = set.cms_counts();
        Report {
            set,
            generated_on,
            version: env!("CARGO_PKG_VERSION"),
            css: include_str!("../../templates/changes.css"),
            js: include_str!("../../templates/changes.js"),
            placeholder: set.code_set.facts().example,
            chapter_word: chapter_word(set.code_set),
            total,
            total_billable: kinds.iter().map(|kind| kind.counts.billable).sum(),
            cms: cms_lines(set),
            cms_source: cms_source(set),
            not_in_cms: total.saturating_sub(cms.new + cms.deleted + cms.revised),
            bars: bars(&chapters),
            chapters,
            notes: NotesView::of(set),
            kinds,
        }
    }

    fn narrowed(&self) -> bool {
        !self.set.under.is_empty() || self.set.only.is_some()
    }

    /// Returns the ranges that the question was narrowed to: `C7A, C76–C80`.
    fn under(&self) -> String {
        changes::ranges(self.set, "\u{2013}", Style::PLAIN)
    }

    /// Counts the codes of the user's list that neither release has.
    fn in_neither(&self) -> String {
        grouped(
            self.set
                .only
                .as_ref()
                .map_or(0, |only| only.in_neither.len() as u64),
        )
    }

    fn same_bytes(&self) -> bool {
        let [old, new] = &self.set.sources;
        old.sha256 == new.sha256
    }

    fn sources(&self) -> Vec<SourceFile<'_>> {
        changes::sources(self.set)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
