//! The page that says what breaks for whoever uses the codes of a file.

use std::collections::BTreeMap;

use askama::Template;
use chrono::NaiveDate;

use super::counts::short_label;
use super::notes::{NotesView, Wording};
use super::rows::{Below, Line, Row, row};
use super::title::{Mark, Run};
use crate::changes::{
    self, effects_once, file_line, file_notes, left_out_line, meaning, named_above_line,
    new_titles, title, touches,
};
use crate::render::{chapter_heading, plain_words};
use crate::tree::{Block, SourceFile};
use crate::{Style, grouped, percent, share};
use codeyear_core::model::{
    ChangeKind, ChangeSet, Code, Effect, Impact, LineageWay, Severity, UseCount,
};

/// What the template shows.
#[derive(Template)]
#[template(path = "impact.html", whitespace = "minimize")]
pub(super) struct ImpactReport<'a> {
    set: &'a ChangeSet,
    impact: &'a Impact,
    generated_on: NaiveDate,
    version: &'static str,
    css: &'static str,
    own_css: &'static str,
    breaking: UseCount,
    breaking_share: String,
    title: String,
    file: String,
    notes_of_file: Vec<String>,
    left_out: String,
    /// The new codes that are listed with the codes that they replace.
    named_above: Option<String>,
    parts: Vec<Part>,
    groups: Vec<Group<'a>>,
    notes: Option<NotesView<'a>>,
}

/// One share of the uses: a stretch of the bar, and a line of its legend.
struct Part {
    /// Its class: a severity, `untouched`, `outside` or `unknown`.
    name: &'static str,
    label: &'static str,
    meaning: String,
    used: UseCount,
    share: String,
    from: String,
    width: String,
    /// Whether a list of the changes follows below.
    has_list: bool,
}

/// The changes of one severity.
struct Group<'a> {
    name: &'static str,
    heading: &'static str,
    meaning: String,
    cards: Vec<Card<'a>>,
}

/// One change, and what it means.
struct Card<'a> {
    row: Row<'a>,
    uses: u64,
    share: String,
    /// The length of its bar: its part of the most used one's uses.
    width: String,
    touches: Option<String>,
    instead: Option<Instead<'a>>,
}

/// What can be submitted in place of a code that no longer can.
struct Instead<'a> {
    codes: Vec<Successor<'a>>,
    more: u64,
    /// The table that says so, or that says nothing.
    table: String,
}

/// A code that takes the place of another one.
struct Successor<'a> {
    code: String,
    title: &'a str,
    /// What to mind: `with another code`.
    note: String,
}

impl<'a> ImpactReport<'a> {
    pub(super) fn new(
        set: &'a ChangeSet,
        impact: &'a Impact,
        generated_on: NaiveDate,
    ) -> ImpactReport<'a> {
        let breaking = impact.count(Severity::Breaking);
        ImpactReport {
            set,
            impact,
            generated_on,
            version: env!("CARGO_PKG_VERSION"),
            css: include_str!("../../templates/changes.css"),
            own_css: include_str!("../../templates/impact.css"),
            breaking,
            breaking_share: share(breaking.uses, impact.all.uses),
            title: title(set),
            file: file_line(impact),
            notes_of_file: file_notes(impact, Style::PLAIN),
            left_out: left_out_line(impact),
            named_above: named_above_line(set, impact),
            parts: parts(set, impact),
            groups: groups(set, impact),
            notes: NotesView::of(set),
        }
    }

    /// The notes are those of the codes in use, and of what stands above them.
    fn narrowed(&self) -> bool {
        true
    }

    fn under(&self) -> Option<String> {
        changes::under(self.set, Style::PLAIN)
    }

    fn sources(&self) -> Vec<SourceFile<'_>> {
        changes::sources(self.set)
    }
}

fn parts(set: &ChangeSet, impact: &Impact) -> Vec<Part> {
    let count = |severity| impact.count(severity);
    let of_severity = |severity: Severity, label| (severity.name(), label, count(severity));
    let mut all = vec![
        (of_severity(Severity::Breaking, "Breaking"), true),
        (of_severity(Severity::Review, "Review"), true),
        (of_severity(Severity::Info, "Info"), true),
        (("untouched", "Untouched", impact.untouched), false),
    ];
    if !set.under.is_empty() {
        all.push((("outside", "Outside the range", impact.outside), false));
    }
    all.push((("unknown", "In neither release", impact.unknown()), false));
    let mut before = 0;
    all.into_iter()
        .map(|((name, label, used), is_severity)| {
            let from = percent(before, impact.all.uses);
            before += used.uses;
            Part {
                name,
                label,
                meaning: match name {
                    "breaking" => meaning(set, Severity::Breaking),
                    "review" => meaning(set, Severity::Review),
                    "info" => "unchanged, with new related codes".to_owned(),
                    "untouched" => "no changes".to_owned(),
                    "outside" => "not selected".to_owned(),
                    _ => format!("not found in {} or {}", set.old, set.new),
                },
                used,
                share: share(used.uses, impact.all.uses),
                from,
                width: percent(used.uses, impact.all.uses),
                has_list: is_severity
                    && Severity::ALL
                        .iter()
                        .any(|one| one.name() == name && !impact.of(*one).is_empty()),
            }
        })
        .collect()
}

fn groups<'a>(set: &'a ChangeSet, impact: &'a Impact) -> Vec<Group<'a>> {
    let below = Below::new(set);
    let titles = new_titles(set);
    let group = |severity: Severity| {
        let most = impact.of(severity).first().map_or(0, |first| first.uses);
        let cards: Vec<Card<'a>> = effects_once(set, impact, severity)
            .map(|(effect, change)| {
                let mut row = row(set, &below, change);
                let instead = match severity {
                    Severity::Breaking => instead(set, effect, &titles, &change.code),
                    Severity::Review | Severity::Info => None,
                };
                // What takes its place is said in full, and where a new code comes from by the codes in use.
                if instead.is_some() || severity == Severity::Info {
                    row.lineage = None;
                    row.note = None;
                }
                Card {
                    row,
                    uses: effect.uses,
                    share: share(effect.uses, impact.all.uses),
                    width: percent(effect.uses, most),
                    touches: touches(effect, Style::PLAIN),
                    instead,
                }
            })
            .collect();
        (!cards.is_empty()).then(|| Group {
            name: severity.name(),
            heading: match severity {
                Severity::Breaking => "No longer valid",
                Severity::Review => "To review",
                Severity::Info => "New codes related to yours",
            },
            meaning: meaning(set, severity),
            cards,
        })
    };
    Severity::ALL.into_iter().filter_map(group).collect()
}

/// Returns what the conversion tables give in place of a code that is no longer valid; nothing where none is
/// loaded that could say it.
fn instead<'a>(
    set: &ChangeSet,
    effect: &Effect,
    titles: &BTreeMap<Code, &'a str>,
    code: &Code,
) -> Option<Instead<'a>> {
    let lineage = set.lineage.get(code).filter(|lineage| {
        lineage.way == LineageWay::Forward && effect.severity == Severity::Breaking
    })?;
    let codes = changes::replacements(set, code).map(|end| Successor {
        code: end.code.to_string(),
        title: titles.get(&end.code).copied().unwrap_or_default(),
        note: changes::end_notes(set, lineage.way, end).join(", "),
    });
    let codes: Vec<Successor<'a>> = codes.collect();
    Some(Instead {
        more: (lineage.ends.len() - codes.len()) as u64,
        codes,
        table: lineage.table.to_string(),
    })
}
