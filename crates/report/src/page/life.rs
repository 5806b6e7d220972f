//! The life of a code: what it was from when to when, where it came from and what became of it.

use super::items_cut;
use crate::lineage::{fate_words, kind_label, listed_words, row_named, row_of, together};
use crate::tree::{Item, Text, Tone};
use crate::{Style, cut};
use codeyear_core::model::{
    CodeHistory, CodeLineage, Conversion, HistorySpan, LineageKind, LineageLink, PoaSpan,
    Provenance, ReleaseId, day_before,
};

/// A stretch of a life: what a code was, and what is new in its titles.
pub(crate) struct Stretch<'a> {
    pub(crate) span: &'a HistorySpan,
    /// Whether its last day is only that of the releases that are loaded.
    pub(crate) is_open: bool,
    /// What the code was.
    pub(crate) state: &'static str,
    /// The releases that say so.
    pub(crate) releases: String,
    /// The title before it, where that was another one.
    pub(crate) old_title: Option<&'a str>,
    /// The short title, where it says something else than before and the long one does not.
    pub(crate) short: Option<&'a str>,
}

/// Lists the stretches of a life, oldest first.
pub(crate) fn stretches(history: &CodeHistory) -> Vec<Stretch<'_>> {
    let mut all = Vec::new();
    let mut before: Option<&HistorySpan> = None;
    for span in &history.spans {
        let old = before.map(|before| &before.entry);
        let entry = &span.entry;
        let old_title = old.map(|old| old.long_title.as_str());
        let is_short_new = old.is_some_and(|old| {
            old.long_title == entry.long_title && old.short_title != entry.short_title
        });
        all.push(Stretch {
            is_open: day_before(span.valid_to) == history.covered_through,
            state: state(span),
            releases: releases(span.first_release, span.last_release),
            old_title: old_title.filter(|old| *old != entry.long_title),
            short: is_short_new.then_some(entry.short_title.as_str()),
            span,
        });
        before = Some(span);
    }
    all
}

/// Returns what there is to say of a life, with its lineage, gaps and warnings.
pub(super) fn life(history: &CodeHistory, style: Style) -> Vec<Item> {
    let mut items = Vec::new();
    for stretch in stretches(history) {
        stretch_items(&stretch, &mut items);
    }
    if let Some((release, from)) = history.deleted_by {
        let deleted = Text::default()
            .day(from)
            .words("  ")
            .toned("deleted", Tone::Bad);
        let by = format!("not listed in {release}");
        items.push(Item::at(0, deleted.words("  ").toned(by, Tone::Quiet)));
    }
    items.extend(lineage(&history.lineage, style));
    for (from, through) in &history.gaps {
        let gap = Text::default().toned("gap:", Tone::Doubtful);
        let days = format!(" no release loaded for {from} - {through}");
        items.push(Item::at(0, gap.words(days)));
    }
    for release in &history.rebuilt {
        let rests = format!("source: {release} ({})", Provenance::Rebuilt.label());
        items.push(Item::at(0, Text::default().toned(rests, Tone::Quiet)));
    }
    items.extend(history.warnings.iter().map(|warning| {
        let word = Text::default().toned("warning:", Tone::Doubtful);
        Item::at(0, word.words(format!(" {warning}")))
    }));
    items
}

fn stretch_items(stretch: &Stretch<'_>, items: &mut Vec<Item>) {
    let span = stretch.span;
    let quiet = |words: String| Text::default().toned(words, Tone::Quiet);
    let tone = match (span.in_force, span.entry.billable) {
        (false, _) => Tone::Quiet,
        (true, true) => Tone::Good,
        (true, false) => Tone::Bad,
    };
    let open = if stretch.is_open {
        " (latest loaded release)"
    } else {
        ""
    };
    let days = Text::default().day(span.valid_from).words(" - ");
    let days = days.day(day_before(span.valid_to)).words(open);
    let state = days.words("  ").toned(stretch.state, tone).words("  ");
    items.push(Item::at(0, state.text(quiet(stretch.releases.clone()))));
    items.push(Item::at(
        1,
        match stretch.old_title {
            Some(old) => Text::reworded(old, &span.entry.long_title),
            None => span.entry.long_title.as_str().into(),
        },
    ));
    let short = stretch.short.map(|short| format!("short title: {short}"));
    let patch = span.patch.as_ref();
    let patch = patch.map(|citation| format!("correction from the catalogue: {citation}"));
    let more = short.into_iter().chain(patch);
    items.extend(more.map(|words| Item::at(1, quiet(words))));
}

/// Returns what a code was, in words.
pub(crate) fn state(span: &HistorySpan) -> &'static str {
    match (span.in_force, span.entry.billable) {
        (false, _) => "published, not in force",
        (true, true) => "billable",
        (true, false) => "header",
    }
}

/// Returns what a code was, as a coder says it.
pub(crate) fn state_words(span: &HistorySpan) -> &'static str {
    match (span.in_force, span.entry.billable) {
        (true, false) => "not billable",
        _ => state(span),
    }
}

/// Returns from which release to which: `FY2016 to FY2026`.
pub(crate) fn releases(first: ReleaseId, last: ReleaseId) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    }
}

/// Returns where a code came from and what became of it, and its POA exemptions.
fn lineage(lineage: &CodeLineage, style: Style) -> Vec<Item> {
    let found = &lineage.lineage;
    let quiet = |words: String| Text::default().toned(words, Tone::Quiet);
    let mut items = Vec::new();
    for (day, table, row) in &found.from_nothing {
        let new = Text::default()
            .day(*day)
            .words("  new code, no previous code  ");
        items.push(Item::at(0, new.text(quiet(row_named(*table, *row)))));
    }
    if !found.predecessors.is_empty() {
        let count = format!("previous codes ({}):", found.predecessors.len());
        items.push(Item::at(0, count));
        let lines = found.predecessors.iter().map(predecessor);
        items.extend(items_cut(1, lines, cut::LINES, style));
    }
    for conversion in &found.conversions {
        items.extend(conversion_items(conversion, style));
    }
    // Most codes never were exempt; that is said where a day is asked for.
    if lineage.poa.iter().any(|span| span.exempt) {
        items.push(Item::at(0, "present on admission (POA):"));
        items.extend(lineage.poa.iter().map(|span| Item::at(1, poa_span(span))));
    }
    items
}

fn predecessor(link: &LineageLink) -> Text {
    let mut text = Text::default()
        .day(link.effective_from)
        .words("  ")
        .code(link.old);
    if let Some(with) = together(link) {
        text = text.words(" together with ").text(with);
    }
    let fate = match fate_words(link.fate) {
        "" => String::new(),
        words => format!(", {words}"),
    };
    text.words(fate + "  ").toned(row_of(link), Tone::Quiet)
}

fn conversion_items(conversion: &Conversion, style: Style) -> Vec<Item> {
    let count = conversion.successors.len();
    let went = match conversion.kind {
        LineageKind::SplitOff => format!("  part of it moved to ({count}); it stays valid:"),
        kind => format!("  replaced by ({count}, {}):", kind_label(kind)),
    };
    let heading = Text::default().day(conversion.effective_from).words(went);
    let lines = conversion.successors.iter().map(|link| {
        let listed = listed_words(link.new_listed).map(|words| format!(" ({words})"));
        let mut text = Text::default()
            .code(link.new)
            .words(listed.unwrap_or_default());
        if let Some(with) = together(link) {
            text = text.words(", only together with ").text(with);
        }
        text.words("  ").toned(row_of(link), Tone::Quiet)
    });
    let lines = items_cut(1, lines, cut::LINES, style);
    [Item::at(0, heading)].into_iter().chain(lines).collect()
}

/// Returns the POA-exempt lists that say so: `lists of FY2017 to FY2026`.
pub(crate) fn poa_lists(span: &PoaSpan) -> String {
    if span.first_list == span.last_list {
        format!("list of {}", span.first_list)
    } else {
        format!("lists of {} to {}", span.first_list, span.last_list)
    }
}

/// Returns in one line whether a code was exempt from POA reporting.
pub(super) fn poa_span(span: &PoaSpan) -> Text {
    let days = Text::default().day(span.from).words(" - ");
    let days = days.day(day_before(span.until)).words("  ");
    let what = match span.exempt {
        true => days.toned("exempt", Tone::Good),
        false => days.words("not exempt"),
    };
    what.words("  ").toned(poa_lists(span), Tone::Quiet)
}
