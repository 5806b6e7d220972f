//! The life of a code as a picture, and the days on which something about it changed.

use chrono::NaiveDate;

use super::{Site, address};
use crate::long_day;
use crate::marks::mark;
use crate::page::{releases, state_words, stretches};
use crate::percent;
use codeyear_core::model::{CodeHistory, HistorySpan, ReleaseId, day_before};

use super::super::title::{Mark, Title, marked, stretches as title_stretches};

/// A day on which something about a code changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LifeEvent {
    pub(super) day: NaiveDate,
    /// What changed: `became a header`.
    pub(super) what: String,
}

/// Lists the days on which something about a code changed, oldest first.
pub(super) fn turns(history: &CodeHistory) -> Vec<LifeEvent> {
    let mut turns = Vec::new();
    let mut before: Option<&HistorySpan> = None;
    let is_gap = |day: NaiveDate| history.gaps.iter().any(|(from, _)| *from == day);
    for span in &history.spans {
        let what = match before {
            None => Some("first listed".to_owned()),
            Some(last) => {
                let went = last.valid_to < span.valid_from && !is_gap(last.valid_to);
                if went {
                    turns.push(LifeEvent {
                        day: last.valid_to,
                        what: "deleted".to_owned(),
                    });
                }
                change(last, span, went)
            }
        };
        turns.extend(what.map(|what| LifeEvent {
            day: span.valid_from,
            what,
        }));
        before = Some(span);
    }
    turns.extend(history.deleted_by.map(|(_, day)| LifeEvent {
        day,
        what: "deleted".to_owned(),
    }));
    turns
}

fn change(before: &HistorySpan, span: &HistorySpan, went: bool) -> Option<String> {
    let mut what = Vec::new();
    if went {
        what.push("listed again");
    }
    match (before.entry.billable, span.entry.billable) {
        (true, false) => what.push("became not billable"),
        (false, true) => what.push("became billable"),
        _ => {}
    }
    if before.entry.long_title != span.entry.long_title {
        what.push("reworded");
    } else if before.entry.short_title != span.entry.short_title {
        what.push("short title reworded");
    }
    if !before.in_force && span.in_force {
        what.push("came into force");
    }
    (!what.is_empty()).then(|| what.join(", "))
}

/// A link to the change before or after a day.
pub(super) struct TurnLink {
    pub(super) href: String,
    pub(super) day: NaiveDate,
    pub(super) what: String,
}

/// A row of the table of titles.
pub(super) struct SpanRow {
    pub(super) from: NaiveDate,
    pub(super) through: NaiveDate,
    /// Whether the last day is only that of the releases that are loaded.
    pub(super) is_open: bool,
    pub(super) is_now: bool,
    pub(super) state: &'static str,
    pub(super) releases: String,
    pub(super) title: Title,
    /// The short title, where it says something else than before and the long one does not.
    pub(super) short: String,
    pub(super) patch: String,
    pub(super) href: String,
}

/// Lists the spans of a code, the newest first, with what is new in each title marked.
pub(super) fn spans(history: &CodeHistory, path: &str, day: NaiveDate) -> Vec<SpanRow> {
    let rows = stretches(history).into_iter().rev().map(|stretch| {
        let span = stretch.span;
        let through = day_before(span.valid_to);
        SpanRow {
            from: span.valid_from,
            through,
            is_open: stretch.is_open,
            is_now: span.valid_from <= day && day <= through,
            state: state_words(span),
            releases: stretch.releases,
            title: match stretch.old_title {
                Some(old) => marked(old, &span.entry.long_title).1,
                None => unmarked(&span.entry.long_title),
            },
            short: stretch.short.unwrap_or_default().to_owned(),
            patch: span.patch.clone().unwrap_or_default(),
            href: address::on(path, span.valid_from),
        }
    });
    rows.collect()
}

/// Returns a title in which nothing is marked.
fn unmarked(title: &str) -> Title {
    title_stretches(mark(title, title).1, Mark::Same)
}

fn class(span: &HistorySpan) -> &'static str {
    match (span.in_force, span.entry.billable) {
        (false, _) => "published",
        (true, true) => "billable",
        (true, false) => "header",
    }
}

/// The picture of a life: a bar along the days that the loaded releases reach over.
pub(super) struct LifeLine {
    /// The picture in words.
    pub(super) spoken: String,
    /// One cell a release, and one a gap.
    pub(super) cells: Vec<Cell>,
    /// What the code was.
    pub(super) bars: Vec<Bar>,
    /// The first days of releases, after the first.
    pub(super) cuts: Vec<String>,
    /// The days on which something changed.
    pub(super) turns: Vec<String>,
    /// The years, where there is room.
    pub(super) years: Vec<Year>,
    /// The day asked for, if it lies on the line.
    pub(super) here: Option<Here>,
}

/// A release, or days that none governs.
pub(super) struct Cell {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) is_gap: bool,
    pub(super) title: String,
}

/// A stretch on which the code was one thing.
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) width: String,
}

/// A fiscal year below the line.
pub(super) struct Year {
    pub(super) x: String,
    pub(super) text: String,
}

/// The day asked for.
pub(super) struct Here {
    pub(super) x: String,
    pub(super) text: String,
    pub(super) anchor: &'static str,
}

impl LifeLine {
    pub(super) fn new(site: &Site, history: &CodeHistory, day: NaiveDate) -> Option<LifeLine> {
        let governing = site.governing(history.code_set);
        let (_, first, _) = *governing.first()?;
        let (_, _, last) = *governing.last()?;
        let scale = Scale {
            first,
            days: (last - first).num_days() + 1,
        };
        let mut cells = Vec::new();
        let mut after: Option<NaiveDate> = None;
        for (id, from, through) in &governing {
            if let Some(after) = after
                && after < *from
            {
                cells.push(Cell {
                    x: scale.at(after),
                    width: scale.wide(after, *from),
                    is_gap: true,
                    title: format!("no release is loaded for {after} to {}", day_before(*from)),
                });
            }
            let end = through.succ_opt()?;
            cells.push(Cell {
                x: scale.at(*from),
                width: scale.wide(*from, end),
                is_gap: false,
                title: format!("{id}, {from} to {through}"),
            });
            after = Some(end);
        }
        let bars = history
            .spans
            .iter()
            .map(|span| Bar {
                class: class(span),
                x: scale.at(span.valid_from),
                width: scale.wide(span.valid_from, span.valid_to),
            })
            .collect();
        let years = governing
            .iter()
            .filter(|(id, _, _)| !id.is_mid_year())
            .map(|(id, from, _)| Year {
                x: scale.at(*from),
                text: format!("{:02}", id.year() % 100),
            })
            .collect();
        Some(LifeLine {
            spoken: spoken(history),
            cuts: governing
                .iter()
                .skip(1)
                .map(|(_, from, _)| scale.at(*from))
                .collect(),
            turns: turns(history)
                .iter()
                .map(|turn| scale.at(turn.day))
                .collect(),
            here: (first <= day && day <= last).then(|| Here {
                x: scale.at(day),
                text: long_day(day),
                anchor: scale.anchor(day),
            }),
            cells,
            bars,
            years,
        })
    }
}

/// Where a day lies on the line.
struct Scale {
    first: NaiveDate,
    days: i64,
}

impl Scale {
    fn at(&self, day: NaiveDate) -> String {
        self.share((day - self.first).num_days())
    }

    fn wide(&self, from: NaiveDate, until: NaiveDate) -> String {
        self.share((until - from).num_days())
    }

    /// Returns a number of days in percent of the line.
    fn share(&self, days: i64) -> String {
        let whole = u64::try_from(self.days).unwrap_or_default();
        format!(
            "{}%",
            percent(u64::try_from(days).unwrap_or_default(), whole)
        )
    }

    /// Returns the side on which a label is written, so that it stays in the picture.
    fn anchor(&self, day: NaiveDate) -> &'static str {
        let days = (day - self.first).num_days();
        if days * 5 < self.days {
            "start"
        } else if days * 5 > self.days * 4 {
            "end"
        } else {
            "middle"
        }
    }
}

/// Returns the life in words: `billable FY2016 to FY2021; header FY2022 to FY2026-04`.
fn spoken(history: &CodeHistory) -> String {
    let mut parts: Vec<(&'static str, ReleaseId, ReleaseId)> = Vec::new();
    for span in &history.spans {
        match parts.last_mut() {
            Some((what, _, last)) if *what == state_words(span) => *last = span.last_release,
            _ => parts.push((state_words(span), span.first_release, span.last_release)),
        }
    }
    let mut words: Vec<String> = parts
        .into_iter()
        .map(|(what, first, last)| format!("{what} {}", releases(first, last)))
        .collect();
    if let Some((release, _)) = history.deleted_by {
        words.push(format!("not listed from {release} on"));
    }
    for (from, through) in &history.gaps {
        words.push(format!("no release is loaded for {from} to {through}"));
    }
    format!("History of the code: {}", words.join("; "))
}
