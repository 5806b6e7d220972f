//! Two codes side by side.

use askama::Template;

use super::home::sentence;
use super::notes::{Level, NotePart, groups};
use super::place::{Crumb, Message, crumb, said};
use super::verdict::{CodeLine, CodeList, VerdictView, code_href};
use super::{Frame, PageRequest, Site, address, long_day, render};
use crate::note::note_label;
use crate::page::last_change_words;
use crate::tree::What;
use codeyear_core::error::Result;
use codeyear_core::model::{CodePage, Comparison, DocumentKind, PlaceKind, Verdict};

/// Writes the comparison of two codes; without one, the page on which to ask.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no comparison makes it do.
pub fn compare(
    site: &Site,
    asked: PageRequest<'_>,
    comparison: Option<&Comparison>,
) -> Result<String> {
    let title = match comparison {
        Some(found) => {
            format!("{} and {}", found.left.code, found.right.code)
        }
        None => "Compare two codes".to_owned(),
    };
    render(&CompareHtml {
        frame: Frame::new(site, asked, "/compare", title),
        found: comparison.map(Found::new),
    })
}

#[derive(Template)]
#[template(path = "pages/compare.html", whitespace = "minimize")]
struct CompareHtml<'a> {
    frame: Frame<'a>,
    found: Option<Found>,
}

struct Found {
    sides: [Side; 2],
    common: Vec<Crumb>,
    mentions: Vec<MentionView>,
    has_notes: bool,
    basis: Option<String>,
    warnings: Vec<String>,
}

struct MentionView {
    at: CodeLine,
    label: &'static str,
    note: String,
}

/// What only one of the two has.
struct Side {
    href: String,
    code: String,
    title: String,
    verdict: VerdictView,
    places: Vec<Crumb>,
    said: Option<Message>,
    notes: Vec<Level>,
    below: Option<CodeList>,
    last_changed: Option<String>,
}

impl Found {
    fn new(found: &Comparison) -> Found {
        let (set, day) = (found.left.answer.code_set, found.left.answer.date);
        Found {
            sides: [
                Side::new(&found.left, &found.right, found.common.len()),
                Side::new(&found.right, &found.left, found.common.len()),
            ],
            common: found
                .common
                .iter()
                .map(|place| crumb(set, place, day))
                .collect(),
            mentions: found
                .mentions
                .iter()
                .map(|mention| MentionView {
                    at: CodeLine {
                        href: address::code(set, &mention.at, day),
                        code: mention.at.to_string(),
                        title: String::new(),
                        standing: "",
                        word: String::new(),
                        remark: String::new(),
                    },
                    label: note_label(mention.kind),
                    note: mention.note.trim().to_owned(),
                })
                .collect(),
            has_notes: found
                .left
                .tabular
                .as_ref()
                .is_some_and(|consulted| consulted.release().is_some()),
            basis: found.left.answer.basis.as_ref().map(|basis| {
                let file = basis.file.file_name();
                format!("{}: {file} ({})", basis.release, basis.provenance.label())
            }),
            warnings: found
                .left
                .answer
                .warnings
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

impl Side {
    fn new(page: &CodePage, other: &CodePage, common: usize) -> Side {
        let (set, day) = (page.answer.code_set, page.answer.date);
        let mut verdict = VerdictView::new(&page.answer);
        verdict.lists.clear();
        Side {
            href: address::code(set, &page.code, day),
            code: page.code.to_string(),
            title: page
                .entry
                .as_ref()
                .map_or("In no release loaded".to_owned(), |entry| {
                    entry.long_title.clone()
                }),
            verdict,
            places: page
                .breadcrumb
                .iter()
                .skip(common)
                .map(|place| crumb(set, place, day))
                .collect(),
            said: page
                .tabular
                .as_ref()
                .and_then(|consulted| said(consulted, DocumentKind::Tabular.label(), ""))
                .map(|said| Message {
                    text: said.text,
                    link: None,
                }),
            notes: page
                .notes
                .iter()
                .filter(|notes| !other.notes.contains(notes))
                .map(|notes| Level {
                    crumb: crumb(set, &notes.place, day),
                    is_own: notes.place.kind == PlaceKind::Code
                        && notes.place.name == page.code.as_str(),
                    groups: groups(set, &notes.groups, day),
                })
                .collect(),
            below: match &page.answer.verdict {
                Verdict::Header { billable_below, .. } if !billable_below.is_empty() => {
                    let lines = billable_below
                        .iter()
                        .map(|entry| CodeLine::new(set, entry, day))
                        .collect();
                    Some(CodeList::new("Billable subcodes", lines))
                }
                _ => None,
            },
            last_changed: page
                .last_change
                .as_ref()
                .map(|change| sentence(&last_change_words(change, crate::long_day))),
        }
    }
}
