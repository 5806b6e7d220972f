//! The pages of the web service: each a function from a value to a whole page.
//!
//! Nothing here opens a store, knows a clock or answers a request. A page loads the style sheet, the script
//! and the icon of [`asset`] and nothing else; it has no style, script or handler of its own, so that it
//! works under the strictest policy, and without its script every form of it works. Every link holds the day.

mod address;
mod assets;
mod audit;
mod browse;
mod code;
mod compare;
mod diff;
mod home;
mod life;
mod lineage;
mod notes;
mod place;
mod releases;
mod search;
mod verdict;

use std::cmp::Reverse;

use askama::Template;
use chrono::NaiveDate;

use crate::long_day;
use crate::tree::{Text, What};
use crate::verdict::in_force;
use codeyear_core::answer::{ReleaseLine, ReleaseStatus, ReleasesOverview};
use codeyear_core::error::{Error, Result, printable_page};
use codeyear_core::model::{CodeSet, ReleaseId, StoredRelease, Timeline};

pub use address::{BookLevel, book_levels, code as code_address};
pub use assets::{Asset, asset, asset_names};
pub use audit::{AuditAsk, audit_form, audit_result};
pub use browse::browse;
pub use code::code;
pub use compare::compare;
pub use diff::{DiffAsk, diff};
pub use home::{error_page, help, home, uncovered};
pub use releases::{release, releases};
pub use search::{search, search_results};

/// What every page says of the database: its releases, their proofs, its hash.
///
/// It costs a pass through the database; who serves pages keeps it as long as the database is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    overview: ReleasesOverview,
}

impl Site {
    /// Makes it of the overview of all code sets.
    pub fn new(overview: ReleasesOverview) -> Site {
        Site { overview }
    }

    /// Returns the loaded releases of a code set that govern some days: release, first and last day.
    fn governing(&self, code_set: CodeSet) -> Vec<(ReleaseId, NaiveDate, NaiveDate)> {
        self.lines(code_set)
            .filter_map(|line| line.governs.map(|(from, through)| (line.id, from, through)))
            .collect()
    }

    fn lines(&self, code_set: CodeSet) -> impl Iterator<Item = &ReleaseLine> {
        self.overview
            .lines
            .iter()
            .filter(move |line| line.code_set == code_set)
    }

    /// Returns the release that would have to be loaded for a day, and where its order file is.
    fn needed(&self, code_set: CodeSet, day: NaiveDate) -> (ReleaseId, Option<&str>) {
        let known: Vec<ReleaseId> = self.lines(code_set).map(|line| line.id).collect();
        let needed = Timeline::new(code_set, []).needed_for(day, &known);
        let mut lines = self.lines(code_set).filter(|line| line.id == needed);
        let url = lines.find_map(|line| match &line.status {
            ReleaseStatus::Missing { urls } => urls.first().map(String::as_str),
            ReleaseStatus::Loaded(_) => None,
        });
        (needed, url)
    }

    /// Lists what is loaded of a code set, the newest first.
    fn loaded(&self, code_set: CodeSet) -> Vec<&StoredRelease> {
        let mut loaded: Vec<&StoredRelease> = self
            .lines(code_set)
            .filter_map(|line| match &line.status {
                ReleaseStatus::Loaded(stored) => Some(stored.as_ref()),
                ReleaseStatus::Missing { .. } => None,
            })
            .collect();
        loaded.sort_by_key(|stored| Reverse(stored.release.id));
        loaded
    }

    fn stored(&self, code_set: CodeSet, id: ReleaseId) -> Option<&StoredRelease> {
        self.loaded(code_set)
            .into_iter()
            .find(|stored| stored.release.id == id)
    }

    /// Finds the release in force on a day, with its last day.
    fn in_force(&self, code_set: CodeSet, day: NaiveDate) -> Option<(ReleaseId, NaiveDate)> {
        self.governing(code_set)
            .into_iter()
            .find(|(_, from, through)| *from <= day && day <= *through)
            .map(|(id, _, through)| (id, through))
    }

    /// Returns the last day before another one, or else the first day after it, that a release governs.
    fn nearest_day(&self, code_set: CodeSet, day: NaiveDate) -> Option<NaiveDate> {
        let governing = self.governing(code_set);
        let before = governing.iter().map(|(_, _, through)| *through);
        let after = governing.iter().map(|(_, from, _)| *from);
        before
            .filter(|through| *through < day)
            .max()
            .or_else(|| after.filter(|from| *from > day).min())
    }
}

/// What a page was asked for, whatever it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<'a> {
    /// The day.
    pub on: NaiveDate,
    /// The code set.
    pub code_set: CodeSet,
    /// The words in the search field; empty if there are none.
    pub words: &'a str,
}

impl PageRequest<'_> {
    /// Asks for a day and a code set, without words.
    pub fn on(day: NaiveDate, code_set: CodeSet) -> PageRequest<'static> {
        PageRequest {
            on: day,
            code_set,
            words: "",
        }
    }
}

/// What the frame of a page shows, and the links that it makes.
struct Frame<'a> {
    /// The title of the page.
    title: String,
    /// The path of the part of the site that it belongs to.
    part: &'static str,
    site: &'a Site,
    asked: PageRequest<'a>,
    css: &'static str,
    js: &'static str,
    icon: &'static str,
    version: &'static str,
}

/// A part of the site in its navigation: its path and its name.
type Part = (&'static str, &'static str);

/// Lists the parts of the site: the book of each code set, then what can be asked of any.
fn parts() -> impl Iterator<Item = Part> {
    let book = |code_set: CodeSet| (code_set.facts().path, code_set.name());
    CodeSet::ALL.into_iter().map(book).chain([
        ("/diff", "What changed"),
        ("/compare", "Compare"),
        ("/audit", "Audit"),
        ("/releases", "Releases"),
        ("/about", "Help"),
    ])
}

/// A day that nothing loaded governs, with one that something does.
struct Uncovered {
    code_set: CodeSet,
    day: NaiveDate,
    /// Whether no loaded release begins after the day asked for.
    is_latest: bool,
    release: Option<ReleaseId>,
    /// The release that would govern the day asked for.
    needed: ReleaseId,
    /// Where its order file is, if that is known.
    url: Option<String>,
    /// How to get it, without its address.
    how: String,
    /// The same part of the site on that day.
    href: String,
    /// From when the code set is in force, where the day is before that.
    before_force: Option<String>,
}

impl<'a> Frame<'a> {
    fn new(site: &'a Site, asked: PageRequest<'a>, part: &'static str, title: String) -> Frame<'a> {
        let [css, js, icon] = asset_names();
        Frame {
            title,
            part,
            site,
            asked,
            css,
            js,
            icon,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        parts()
    }

    /// Returns the address of a page on the day asked for.
    fn at(&self, path: &str) -> String {
        address::on(path, self.asked.on)
    }

    /// Returns what the page is, for search engines and previews of links.
    fn description(&self) -> String {
        format!(
            "{}. {} by effective date, from the official files of CMS and NCHS.",
            self.title,
            CodeSet::all_names(" and ")
        )
    }

    fn code_sets(&self) -> impl Iterator<Item = CodeSet> {
        CodeSet::ALL.into_iter()
    }

    /// Returns which release of each code set is in force on the day: `ICD-10-CM FY2026-04, through September
    /// 30, 2026`.
    fn in_force(&self) -> Vec<String> {
        CodeSet::ALL
            .into_iter()
            .map(
                |code_set| match self.site.in_force(code_set, self.asked.on) {
                    Some((release, through)) => {
                        format!(
                            "{} {release}, through {}",
                            code_set.name(),
                            long_day(through)
                        )
                    }
                    None => format!("{}: no release loaded", code_set.name()),
                },
            )
            .collect()
    }

    /// Checks whether the day asked for is one that no release of the code set governs, and which day near it
    /// is.
    fn uncovered(&self) -> Option<Uncovered> {
        self.uncovered_by(self.asked.code_set)
    }

    /// Checks as [`Frame::uncovered`] does, of any code set.
    fn uncovered_by(&self, code_set: CodeSet) -> Option<Uncovered> {
        if self.site.in_force(code_set, self.asked.on).is_some() {
            return None;
        }
        let day = self.site.nearest_day(code_set, self.asked.on)?;
        let (needed, url) = self.site.needed(code_set, self.asked.on);
        let governing = self.site.governing(code_set);
        let is_latest = governing.iter().all(|(_, from, _)| *from <= self.asked.on);
        Some(Uncovered {
            before_force: (self.asked.on < code_set.in_force_from())
                .then(|| page_words(&in_force(code_set, code_set.in_force_from()))),
            code_set,
            day,
            is_latest,
            how: codeyear_core::answer::how_to_get(code_set, needed, None),
            needed,
            url: url.map(str::to_owned),
            release: self.site.in_force(code_set, day).map(|(id, _)| id),
            href: match self.part {
                part if is_book(part) => address::on(part, day),
                "/search" => address::with_fields(
                    "/search",
                    &[
                        ("q", self.asked.words),
                        ("set", code_set.id()),
                        ("on", &day.to_string()),
                    ],
                ),
                _ => address::on("/", day),
            },
        })
    }
}

/// Returns a text as a sentence with its days written out.
fn page_words(text: &Text) -> String {
    let text = Text::prose(std::slice::from_ref(text));
    let words = text.spans.iter().map(|span| match &span.what {
        What::Words(words) => words.clone(),
        What::Code(code) => code.to_string(),
        What::Day(day) => long_day(*day),
        What::Arrow => " \u{2192} ".to_owned(),
    });
    words.collect()
}

fn render(page: &impl Template) -> Result<String> {
    page.render()
        .map(printable_page)
        .map_err(|error| Error::format("cannot write the page").caused_by(error))
}

/// Checks whether a path is that of the book of a code set.
fn is_book(path: &str) -> bool {
    CodeSet::ALL
        .into_iter()
        .any(|code_set| code_set.facts().path == path)
}
