//! Places in the book as links, and what a part of a page rests on.

use chrono::NaiveDate;

use super::address;
use codeyear_core::model::{CodeSet, DocumentSource, PlaceInBook, PlaceKind};

/// A level above the code.
pub(super) struct Crumb {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) title: String,
}

/// A sentence with a link.
pub(super) struct Message {
    pub(super) text: String,
    pub(super) link: Option<(String, String)>,
}

/// Returns the link to a level of the book.
pub(super) fn crumb(code_set: CodeSet, place: &PlaceInBook, day: NaiveDate) -> Crumb {
    let levels = &code_set.facts().levels;
    let name = match place.kind {
        PlaceKind::Chapter => format!("{} {}", levels.chapter.one, place.name),
        PlaceKind::Block => format!("{} {}", levels.block.one, place.name),
        PlaceKind::Code => match code_set.parse_code(&place.name) {
            Ok(code) => code.to_string(),
            Err(_) => place.name.clone(),
        },
    };
    Crumb {
        href: address::place(code_set, place, day),
        name,
        title: place.title.clone(),
    }
}

/// Returns what a part of the page rests on, where it is not simply the release in force.
pub(super) fn said(consulted: &DocumentSource, what: &str, nearest_at: &str) -> Option<Message> {
    match consulted {
        DocumentSource::Own { .. } => None,
        DocumentSource::Nearest {
            missing, release, ..
        } => Some(Message {
            text: format!("No {what} is loaded for {missing}; this is {release}\u{2019}s."),
            link: None,
        }),
        DocumentSource::Missing { missing, nearest } => Some(Message {
            text: format!("No {what} is loaded for {missing}."),
            link: nearest.map(|nearest| {
                (
                    nearest_at.to_owned(),
                    format!("Show the nearest instead, {nearest}\u{2019}s"),
                )
            }),
        }),
    }
}
