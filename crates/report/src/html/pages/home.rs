//! The first page, the help, and the page of an error.

use askama::Template;
use chrono::NaiveDate;

use super::{Frame, PageRequest, Site, address, render};
use crate::grouped;
use crate::verdict::{VerdictWords, words};
use codeyear_core::answer::ReleaseStatus;
use codeyear_core::error::Result;
use codeyear_core::model::{CodeSet, VerdictKind};

/// Writes the first page.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no site makes it do.
pub fn home(site: &Site, asked: PageRequest<'_>) -> Result<String> {
    render(&HomeHtml {
        frame: Frame::new(site, asked, "/", "Codes and their dates".to_owned()),
        sets: CodeSet::ALL
            .into_iter()
            .map(|code_set| Loaded::new(site, code_set, asked.on))
            .collect(),
    })
}

/// Writes the help.
///
/// # Errors
/// As [`home`].
pub fn help(site: &Site, asked: PageRequest<'_>) -> Result<String> {
    render(&HelpHtml {
        frame: Frame::new(site, asked, "/about", "Help".to_owned()),
        verdicts: VerdictKind::ALL,
    })
}

/// Writes the page of a request that cannot be answered, in the frame of the others.
///
/// # Errors
/// As [`home`].
pub fn error_page(
    site: &Site,
    asked: PageRequest<'_>,
    status: u16,
    message: &str,
    hint: Option<&str>,
) -> Result<String> {
    let heading = match status {
        400 => "Please check your entry",
        404 => "Not found",
        413 => "The file is too large",
        429 => "Too many requests",
        503 => "Busy",
        _ => "Something went wrong",
    };
    render(&ErrorHtml {
        frame: Frame::new(site, asked, "", heading.to_owned()),
        status,
        heading,
        message: sentence(message),
        hint: hint.map(sentence),
        search: (!asked.words.is_empty()).then(|| {
            let set = asked.code_set.id();
            let on = asked.on.to_string();
            address::with_fields("/search", &[("q", asked.words), ("set", set), ("on", &on)])
        }),
    })
}

/// Writes the page of a code set on a day that no loaded release of it governs. Unlike a failure it is what a
/// link to the book on that day leads to.
///
/// # Errors
/// As [`home`].
pub fn uncovered(site: &Site, asked: PageRequest<'_>) -> Result<String> {
    let part = asked.code_set.facts().path;
    render(&UncoveredHtml {
        frame: Frame::new(site, asked, part, asked.code_set.name().to_owned()),
    })
}

/// Makes a sentence of the text of an error, which begins in lower case and has no full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let mut written: String = characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default();
    if !written.ends_with(['.', '?', '!']) {
        written.push('.');
    }
    written
}

#[derive(Template)]
#[template(path = "pages/home.html", whitespace = "minimize")]
struct HomeHtml<'a> {
    frame: Frame<'a>,
    sets: Vec<Loaded>,
}

/// What is loaded of a code set.
struct Loaded {
    name: &'static str,
    href: String,
    releases: usize,
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    in_force: Option<(String, NaiveDate)>,
    codes: String,
    missing: Vec<String>,
    changes: Option<(String, String)>,
}

impl Loaded {
    fn new(site: &Site, code_set: CodeSet, day: NaiveDate) -> Loaded {
        let governing = site.governing(code_set);
        let in_force = site.in_force(code_set, day);
        let newest = in_force
            .map(|(id, _)| id)
            .or_else(|| governing.last().map(|(id, _, _)| *id));
        let missing = site
            .lines(code_set)
            .filter(|line| matches!(line.status, ReleaseStatus::Missing { .. }))
            .filter(|line| newest.is_none_or(|newest| line.id > newest))
            .map(|line| line.id.to_string())
            .collect();
        let last_two = match governing.as_slice() {
            [.., (old, _, _), (new, _, _)] => Some((old.to_string(), new.to_string())),
            _ => None,
        };
        Loaded {
            name: code_set.name(),
            href: address::on(&format!("/{}", code_set.id()), day),
            releases: site.loaded(code_set).len(),
            first: governing.first().map(|(_, from, _)| *from),
            last: governing.last().map(|(_, _, through)| *through),
            in_force: in_force.map(|(id, through)| (id.to_string(), through)),
            codes: newest
                .and_then(|id| site.stored(code_set, id))
                .map(|stored| grouped(stored.release.billable))
                .unwrap_or_default(),
            missing,
            changes: last_two.map(|(old, new)| {
                let fields = [
                    ("set", code_set.id()),
                    ("old", &old),
                    ("new", &new),
                    ("on", &day.to_string()),
                ];
                (
                    address::with_fields("/diff", &fields),
                    format!("What changed from {old} to {new}"),
                )
            }),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/help.html", whitespace = "minimize")]
struct HelpHtml<'a> {
    frame: Frame<'a>,
    verdicts: [VerdictKind; 7],
}

impl HelpHtml<'_> {
    fn words(&self, kind: &VerdictKind) -> VerdictWords {
        words(*kind)
    }
}

#[derive(Template)]
#[template(path = "pages/error.html", whitespace = "minimize")]
struct ErrorHtml<'a> {
    frame: Frame<'a>,
    status: u16,
    heading: &'static str,
    message: String,
    hint: Option<String>,
    /// The address of a search for what was typed.
    search: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/no_release.html", whitespace = "minimize")]
struct UncoveredHtml<'a> {
    frame: Frame<'a>,
}
