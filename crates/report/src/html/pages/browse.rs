//! The book, one level a page.

use askama::Template;

use super::notes::{Group, NotePart, groups};
use super::place::{Crumb, Message, crumb, said};
use super::verdict::CodeLine;
use super::{Frame, PageRequest, Site, address, render};
use crate::grouped;
use codeyear_core::error::Result;
use codeyear_core::model::{Book, Browse, DocumentSource, Holding};

/// Writes one level of the book.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no level makes it do.
pub fn browse(site: &Site, level: &Browse) -> Result<String> {
    let (code_set, day) = (level.code_set, level.date);
    let here = level.breadcrumb.last();
    let title = match here {
        Some(place) => {
            let crumb = crumb(code_set, place, day);
            format!("{} {}", crumb.name, crumb.title)
        }
        None => code_set.name().to_owned(),
    };
    let part = code_set.facts().path;
    let above = level.breadcrumb.len().saturating_sub(1);
    render(&BrowseHtml {
        frame: Frame::new(site, PageRequest::on(day, code_set), part, title),
        path: match here {
            Some(place) => {
                let full = address::place(code_set, place, day);
                full.split('?').next().unwrap_or_default().to_owned()
            }
            None => part.to_owned(),
        },
        crumbs: level
            .breadcrumb
            .iter()
            .take(above)
            .map(|place| crumb(code_set, place, day))
            .collect(),
        here: here.map(|place| crumb(code_set, place, day)),
        said: consulted(level),
        groups: groups(code_set, &level.notes, day),
        places: level
            .places
            .iter()
            .map(|below| PlaceRow {
                crumb: crumb(code_set, &below.place, day),
                range: if below.place.name == below.range {
                    String::new()
                } else {
                    below.range.clone()
                },
                depth: depth(level, below.within.as_deref()),
                holds: HoldingView::new(below.holds),
            })
            .collect(),
        categories: level
            .categories
            .iter()
            .map(|below| CategoryRow {
                line: CodeLine::new(code_set, &below.entry, day).standing(below.entry.billable),
                holds: HoldingView::new(below.holds),
            })
            .collect(),
        file: level.basis.file.file_name(),
        warnings: level.warnings.iter().map(ToString::to_string).collect(),
        level,
    })
}

/// Returns where blocks and titles of body systems come from, if not from the release in force.
fn consulted(level: &Browse) -> Option<Message> {
    let facts = level.code_set.facts();
    let missing = level
        .consulted
        .as_ref()
        .filter(|consulted| matches!(consulted, DocumentSource::Missing { .. }))?;
    let mut text = said(missing, facts.levels.document, "")?.text;
    text.push_str(match facts.book {
        Book::Tabular => {
            " Blocks and notes are only in that list, so categories follow the chapter directly."
        }
        Book::Tables => " Without it body systems have no titles.",
        Book::List => "",
    });
    Some(Message { text, link: None })
}

/// Draws a dash for each block that reaches over a place.
fn depth(level: &Browse, within: Option<&str>) -> String {
    let mut dashes = String::new();
    let mut above = within;
    while let Some(name) = above {
        dashes.push_str("\u{2013} ");
        above = level
            .places
            .iter()
            .find(|place| place.place.name == name)
            // No block reaches over itself; were it so, the way up would not end.
            .filter(|_| dashes.len() < 40)
            .and_then(|place| place.within.as_deref());
    }
    dashes
}

#[derive(Template)]
#[template(path = "pages/browse.html", whitespace = "minimize")]
struct BrowseHtml<'a> {
    frame: Frame<'a>,
    path: String,
    level: &'a Browse,
    crumbs: Vec<Crumb>,
    here: Option<Crumb>,
    said: Option<Message>,
    groups: Vec<Group>,
    places: Vec<PlaceRow>,
    categories: Vec<CategoryRow>,
    file: &'a str,
    warnings: Vec<String>,
}

struct PlaceRow {
    crumb: Crumb,
    range: String,
    /// A dash for each block that reaches over it.
    depth: String,
    holds: HoldingView,
}

struct CategoryRow {
    line: CodeLine,
    holds: HoldingView,
}

struct HoldingView {
    codes: String,
    billable: String,
}

impl HoldingView {
    fn new(holds: Holding) -> HoldingView {
        HoldingView {
            codes: grouped(holds.codes),
            billable: grouped(holds.billable),
        }
    }
}

impl BrowseHtml<'_> {
    /// Returns what the levels below are called.
    fn places_word(&self) -> &'static str {
        let levels = &self.level.code_set.facts().levels;
        match self.here {
            None => levels.chapter.several,
            Some(_) => levels.block.several,
        }
    }

    fn categories_word(&self) -> &'static str {
        self.level.code_set.facts().levels.category.several
    }
}
