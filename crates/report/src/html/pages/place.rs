//! Places in the book as links, and what a part of a page rests on.

use chrono::NaiveDate;

use super::address;
use crate::note::stands_in;
use crate::page::place_name;
use crate::tree::capital;
use codeyear_core::model::{CodeSet, DocumentSource, PlaceInBook};

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
    Crumb {
        href: address::place(code_set, place, day),
        name: place_name(code_set, place),
        title: place.title.clone(),
    }
}

/// Returns what a part of the page rests on, where it is not simply the release in force.
pub(super) fn said(consulted: &DocumentSource, what: &str, nearest_at: &str) -> Option<Message> {
    match consulted {
        DocumentSource::Own { .. } => None,
        DocumentSource::Other {
            missing, release, ..
        } => Some(Message {
            text: format!(
                "{}.",
                stands_in(&format!("{} of {release}", capital(what)), *missing)
            ),
            link: None,
        }),
        DocumentSource::Missing { missing, nearest } => Some(Message {
            text: format!("The {what} of {missing} is not loaded."),
            link: nearest.map(|nearest| {
                (
                    nearest_at.to_owned(),
                    format!("Show {nearest}\u{2019}s instead"),
                )
            }),
        }),
    }
}
