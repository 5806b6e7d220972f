//! Where a code came from and what became of it, as a picture and in words.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::address;
use crate::counted;
use crate::lineage::{fate_words, kind_label, listed_words, row_named, row_of, together};
use crate::render::plain_words;
use crate::tree::Text;
use codeyear_core::model::{Code, CodeLineage, Conversion, LineageKind, LineageLink};

/// The most codes that the picture shows on each side; where there are more, a list has all.
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
    /// What is said where no later code is drawn.
    pub(super) none_after: &'static str,
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
    /// What became of it, as a sentence.
    pub(super) said: Text,
    /// The codes that neither the picture shows nor the page names above.
    pub(super) steps: Vec<Step>,
}

/// What the conversion tables say of a code.
pub(super) struct LineageView {
    pub(super) picture: Option<Picture>,
    /// That a table says that nothing came before.
    pub(super) from_nothing: Vec<(NaiveDate, String)>,
    /// The previous codes, if the picture does not say all of them.
    pub(super) before: Vec<Step>,
    pub(super) after: Vec<Became>,
    is_empty: bool,
    /// The tables that were asked: `FY2017 to FY2026`.
    pub(super) tables: String,
}

impl LineageView {
    /// Makes it of what the tables say. Codes that the page names above are not named again.
    pub(super) fn new(
        lineage: &CodeLineage,
        day: NaiveDate,
        named: &BTreeSet<String>,
    ) -> LineageView {
        let found = &lineage.lineage;
        let tables: Vec<String> = lineage.tables.iter().map(ToString::to_string).collect();
        let step = |link: &LineageLink, code: Code, said: String| Step {
            day: link.effective_from,
            href: address::code(code.code_set(), &code, day),
            code: code.to_string(),
            said,
            row: row_of(link),
        };
        let before = found.predecessors.iter();
        let before = before.map(|link| step(link, link.old, before_words(link)));
        let mut before: Vec<Step> = before.collect();
        let after = found.conversions.iter().map(|conversion| {
            let steps = conversion.successors.iter();
            let steps = steps.map(|link| step(link, link.new, after_words(link)));
            let steps: Vec<Step> = steps.filter(|step| !named.contains(&step.code)).collect();
            Became {
                said: became(found.code, conversion, steps.is_empty()),
                steps,
            }
        });
        let mut after: Vec<Became> = after.collect();
        let says_all = |steps: &[Step]| steps.iter().all(|step| step.said.is_empty());
        let picture = picture(lineage, day, named);
        // What the picture shows whole is not listed again.
        if let Some(picture) = &picture {
            if picture.more_before == 0 && says_all(&before) {
                before.clear();
            }
            for became in &mut after {
                if picture.more_after == 0 && says_all(&became.steps) {
                    became.steps.clear();
                }
            }
        }
        LineageView {
            is_empty: found.from_nothing.is_empty()
                && found.predecessors.is_empty()
                && found.conversions.is_empty(),
            picture,
            from_nothing: found
                .from_nothing
                .iter()
                .map(|(day, table, row)| (*day, row_named(*table, *row)))
                .collect(),
            before,
            after,
            tables: match (tables.first(), tables.last()) {
                (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
                (Some(only), _) => only.clone(),
                (None, _) => String::new(),
            },
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }
}

/// Returns what became of a code by the conversion tables: `Replaced by 3 codes on October 1, 2021 (split)`.
fn became(code: Code, conversion: &Conversion, is_named: bool) -> Text {
    let count = match conversion.successors.len() {
        1 => "another code".to_owned(),
        several => counted(several as u64, "code"),
    };
    let above = match (is_named, conversion.successors.len()) {
        (false, _) => "",
        (true, 1) => ", named above",
        (true, _) => ", all named above",
    };
    let day = conversion.effective_from;
    let said = match conversion.kind {
        LineageKind::SplitOff => Text::from(format!("Part of this code moved to {count} on "))
            .day(day)
            .words(format!("{above}; "))
            .code(code)
            .words(" stays valid"),
        kind => Text::from(format!("Replaced by {count} on "))
            .day(day)
            .words(format!(" ({}){above}", kind_label(kind))),
    };
    Text::prose(&[said])
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

/// Draws the codes before and after, but for those that the page names above.
fn picture(lineage: &CodeLineage, day: NaiveDate, named: &BTreeSet<String>) -> Option<Picture> {
    let found = &lineage.lineage;
    let before = boxes(found.predecessors.iter().map(|link| (link.old, link)));
    let after = boxes(
        found
            .conversions
            .iter()
            .flat_map(|conversion| &conversion.successors)
            .filter(|link| !named.contains(&link.new.to_string()))
            .map(|link| (link.new, link)),
    );
    let rows = before.len().max(after.len()).min(MAX_BOXES);
    // One code is said in a line.
    if before.len() + after.len() < 2 {
        return None;
    }
    let height = TOP + rows * ROW;
    let own = TOP + (height - TOP - ROW) / 2;
    let is_named = found
        .conversions
        .iter()
        .any(|conversion| !conversion.successors.is_empty());
    let none_after = if is_named {
        "named above"
    } else {
        "none listed"
    };
    let said = |all: &[(Code, &LineageLink)], none: &str| -> String {
        let codes: Vec<String> = all.iter().map(|(code, _)| code.to_string()).collect();
        if codes.is_empty() {
            none.to_owned()
        } else {
            codes.join(", ")
        }
    };
    Some(Picture {
        spoken: format!(
            "{}: previous codes {}; later codes {}",
            found.code,
            said(&before, "none listed"),
            said(&after, none_after)
        ),
        own: (own, own + 22),
        none_after,
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
                below: format!("{} row {}", link.table, link.row),
                y,
                middle: y + 22,
            }
        })
        .collect()
}
