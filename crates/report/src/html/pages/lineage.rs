//! Where a code came from and what became of it, as a picture and in words.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::address;
use super::verdict::conversion_words;
use crate::lineage::{fate_words, listed_words, row_named, row_of, together};
use crate::render::plain_words;
use codeyear_core::model::{Code, CodeLineage, LineageLink};

/// The most codes that the picture shows on each side; the list beside it has all.
const MAX_BOXES: usize = 7;
/// The height of a box with its margin.
const ROW: usize = 52;
/// The room above the boxes.
const TOP: usize = 24;

/// A code in the picture.
pub(super) struct Node {
    pub(super) href: String,
    pub(super) code: String,
    pub(super) below: String,
    pub(super) y: usize,
    pub(super) middle: usize,
}

/// The codes before, the code, the codes after.
pub(super) struct Picture {
    pub(super) spoken: String,
    pub(super) height: usize,
    /// The top of the code's own box, and its middle.
    pub(super) own: (usize, usize),
    pub(super) before: Vec<Node>,
    pub(super) after: Vec<Node>,
    pub(super) more_before: usize,
    pub(super) more_after: usize,
    pub(super) foot: usize,
}

/// A step to or from a code, in words.
pub(super) struct Step {
    pub(super) day: NaiveDate,
    pub(super) href: String,
    pub(super) code: String,
    pub(super) said: String,
    pub(super) row: String,
}

/// What became of the code on one day.
pub(super) struct Became {
    pub(super) day: NaiveDate,
    pub(super) words: String,
    pub(super) steps: Vec<Step>,
}

/// What the conversion tables say of a code.
pub(super) struct LineageView {
    pub(super) picture: Option<Picture>,
    /// That a table says that nothing came before.
    pub(super) from_nothing: Vec<(NaiveDate, String)>,
    pub(super) before: Vec<Step>,
    pub(super) after: Vec<Became>,
    /// The tables that were asked: `FY2017 to FY2026`.
    pub(super) tables: String,
}

impl LineageView {
    pub(super) fn new(lineage: &CodeLineage, day: NaiveDate) -> LineageView {
        let found = &lineage.lineage;
        let tables: Vec<String> = lineage.tables.iter().map(ToString::to_string).collect();
        LineageView {
            picture: picture(lineage, day),
            from_nothing: found
                .from_nothing
                .iter()
                .map(|(day, table, row)| (*day, row_named(*table, *row)))
                .collect(),
            before: found
                .predecessors
                .iter()
                .map(|link| Step {
                    day: link.effective_from,
                    href: address::code(link.old.code_set(), &link.old, day),
                    code: link.old.to_string(),
                    said: before_words(link),
                    row: row_of(link),
                })
                .collect(),
            after: found
                .conversions
                .iter()
                .map(|conversion| Became {
                    day: conversion.effective_from,
                    words: conversion_words(conversion),
                    steps: conversion
                        .successors
                        .iter()
                        .map(|link| Step {
                            day: link.effective_from,
                            href: address::code(link.new.code_set(), &link.new, day),
                            code: link.new.to_string(),
                            said: after_words(link),
                            row: row_of(link),
                        })
                        .collect(),
                })
                .collect(),
            tables: match (tables.first(), tables.last()) {
                (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
                (Some(only), _) => only.clone(),
                (None, _) => String::new(),
            },
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from_nothing.is_empty() && self.before.is_empty() && self.after.is_empty()
    }
}

fn before_words(link: &LineageLink) -> String {
    let with = together(link).map(|with| format!("together with {}", plain_words(&with)));
    let fate = Some(fate_words(link.fate)).filter(|words| !words.is_empty());
    let said = with.into_iter().chain(fate.map(str::to_owned));
    said.collect::<Vec<_>>().join(", ")
}

fn after_words(link: &LineageLink) -> String {
    let with = together(link).map(|with| format!("only together with {}", plain_words(&with)));
    let listed = listed_words(link.new_listed).map(str::to_owned);
    let said = listed.into_iter().chain(with);
    said.collect::<Vec<_>>().join(", ")
}

fn picture(lineage: &CodeLineage, day: NaiveDate) -> Option<Picture> {
    let found = &lineage.lineage;
    let before = boxes(found.predecessors.iter().map(|link| (link.old, link)));
    let after = boxes(
        found
            .conversions
            .iter()
            .flat_map(|conversion| &conversion.successors)
            .map(|link| (link.new, link)),
    );
    let rows = before.len().max(after.len()).min(MAX_BOXES);
    if rows == 0 {
        return None;
    }
    let height = TOP + rows * ROW;
    let own = TOP + (height - TOP - ROW) / 2;
    let said = |all: &[(Code, &LineageLink)]| -> String {
        let codes: Vec<String> = all.iter().map(|(code, _)| code.to_string()).collect();
        if codes.is_empty() {
            "nothing".to_owned()
        } else {
            codes.join(", ")
        }
    };
    Some(Picture {
        spoken: format!(
            "{} came from {} and went to {}",
            found.code,
            said(&before),
            said(&after)
        ),
        own: (own, own + 22),
        more_before: before.len().saturating_sub(MAX_BOXES),
        more_after: after.len().saturating_sub(MAX_BOXES),
        before: nodes(&before, height, day),
        after: nodes(&after, height, day),
        foot: height + 12,
        height: height + 18,
    })
}

/// Returns each code once, with the first link that names it.
fn boxes<'l>(links: impl Iterator<Item = (Code, &'l LineageLink)>) -> Vec<(Code, &'l LineageLink)> {
    let mut seen = BTreeSet::new();
    links.filter(|(code, _)| seen.insert(*code)).collect()
}

/// Places boxes in a column, in the middle of the height.
fn nodes(all: &[(Code, &LineageLink)], height: usize, day: NaiveDate) -> Vec<Node> {
    let shown = all.len().min(MAX_BOXES);
    let top = TOP + (height - TOP - shown * ROW) / 2;
    all.iter()
        .take(shown)
        .enumerate()
        .map(|(at, (code, link))| {
            let y = top + at * ROW;
            Node {
                href: address::code(code.code_set(), code, day),
                code: code.to_string(),
                below: link.effective_from.to_string(),
                y,
                middle: y + 22,
            }
        })
        .collect()
}
