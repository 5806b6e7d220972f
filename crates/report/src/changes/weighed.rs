//! The changes weighed by the codes of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::subject::{self, banners, title};
use super::successors::{self, end_notes};
use crate::cut::Cut;
use crate::tree::{Banner, Block, ChangedCode, Column, Remark, Report, Table, Text, Tone, capital};
use crate::{Style, counted, grouped, rounded, share};
use codeyear_core::model::{
    Change, ChangeSet, Code, Effect, Impact, LineageWay, Relation, Severity, Touch, TraceEnd,
    UseCount,
};

/// The replacements of a code that a report names.
const REPLACEMENTS: Cut = Cut::after(12);

/// The codes of the file that a line names.
pub(super) const NAMED: Cut = Cut::after(12);

/// Returns in words what a severity means.
pub(crate) fn meaning(changes: &ChangeSet, severity: Severity) -> String {
    match severity {
        Severity::Breaking => format!("deleted or no longer billable in {}", changes.new),
        Severity::Review => "other changes: title, became billable, new".to_owned(),
        Severity::Info => "new codes that replace yours or are related to them".to_owned(),
    }
}

/// A line of the totals: what it counts, its fixed name, and the codes in use.
pub(crate) struct Total {
    pub label: &'static str,
    pub used: UseCount,
    /// The changes that say so, of a severity.
    pub changes: Option<u64>,
}

/// Lists the totals; those of codes outside the range only where there are ranges.
pub(crate) fn totals(changes: &ChangeSet, impact: &Impact) -> Vec<Total> {
    let mut totals: Vec<Total> = Severity::ALL
        .into_iter()
        .map(|severity| Total {
            label: severity.name(),
            used: impact.count(severity),
            changes: Some(impact.of(severity).len() as u64),
        })
        .collect();
    let mut more = |label, used| {
        totals.push(Total {
            label,
            used,
            changes: None,
        });
    };
    more("untouched", impact.untouched);
    if !changes.under.is_empty() {
        more("outside the range", impact.outside);
    }
    more("in neither release", impact.unknown());
    totals
}

/// Returns what the file held: `6 rows, 9 uses of 7 codes`.
pub(crate) fn file_line(impact: &Impact) -> String {
    let mut text = format!(
        "{} in your file, {} of {}",
        counted(impact.rows, "row"),
        counted(impact.all.uses, "use"),
        counted(impact.all.codes, "code"),
    );
    if impact.columns > 0 {
        let _ = write!(text, " in {}", counted(impact.columns, "column"));
    }
    if impact.no_codes > 0 {
        let _ = write!(
            text,
            "; not a valid code format, not counted: {}",
            counted(impact.no_codes, "value")
        );
    }
    if impact.of_other_sets > 0 {
        let _ = write!(
            text,
            "; of another code set or perhaps of one, not counted: {}",
            counted(impact.of_other_sets, "value")
        );
    }
    text
}

/// Lists what of the file was not counted, and which codes that no change touches can be reported in neither release.
pub(crate) fn file_notes(impact: &Impact, style: Style) -> Vec<String> {
    let ragged = (impact.ragged_rows > 0).then(|| {
        let first = impact.first_ragged_line;
        let first = first.map_or(String::new(), |line| format!(", first on line {line}"));
        format!(
            "{} not counted: the number of fields differs from the header{first}",
            counted(impact.ragged_rows, "row")
        )
    });
    let unread = (impact.unread > 0).then(|| {
        format!(
            "{} in the file cannot be read: codeyear audit says which",
            counted(impact.unread, "thing")
        )
    });
    let headers = (!impact.headers.is_empty()).then(|| {
        let used = impact.headers.iter();
        let used = used.map(|(code, uses)| used_words(code, *uses, style));
        headers_words(impact.headers.len() as u64, &NAMED.joined(used, style))
    });
    [ragged, unread, headers].into_iter().flatten().collect()
}

/// Returns that codes are headers in both releases: `2 are headers in both releases, not billable in either: C7B, E11`.
pub(super) fn headers_words(count: u64, codes: &str) -> String {
    let are = if count == 1 {
        "is a header"
    } else {
        "are headers"
    };
    format!(
        "{} {are} in both releases, not billable in either: {codes}",
        grouped(count)
    )
}

/// Returns the codes in neither release that other releases list, and the number of the rest.
fn unknown_line(impact: &Impact, style: Style) -> Option<String> {
    if impact.unknown().codes == 0 {
        return None;
    }
    let mut parts = Vec::new();
    if !impact.in_neither.is_empty() {
        let used = impact.in_neither.iter();
        let used = used.map(|(code, uses)| used_words(code, *uses, style));
        let codes = NAMED.joined(used, style);
        parts.push(format!("found in another loaded release: {codes}"));
    }
    if impact.never_listed.codes > 0 {
        parts.push(format!(
            "not found in any loaded release: {}, {}",
            counted(impact.never_listed.codes, "code"),
            counted(impact.never_listed.uses, "use"),
        ));
    }
    Some(parts.join("; "))
}

fn used_words(code: &Code, uses: u64, style: Style) -> String {
    format!("{} ({})", style.code(code), grouped(uses))
}

/// Returns which codes in use a new code is related to: `replaces E11.9 (12); related to E11.8 (2)`. Nothing
/// of a change of a code in use.
pub(crate) fn touches(effect: &Effect, style: Style) -> Option<String> {
    let mut parts = Vec::new();
    for of_one in effect.touches.chunk_by(|a, b| a.relation == b.relation) {
        let Some(Touch { relation, .. }) = of_one.first() else {
            continue;
        };
        if *relation == Relation::Itself {
            return None;
        }
        let used = of_one.iter();
        let used = used.map(|touch| used_words(&touch.code, touch.uses, style));
        let codes = Cut::after(6).joined(used, style);
        parts.push(format!("{} {codes}", relation.words()));
    }
    Some(parts.join("; "))
}

/// Lists the effects of a severity with their changes.
pub(crate) fn effects<'a>(
    changes: &'a ChangeSet,
    impact: &'a Impact,
    severity: Severity,
) -> impl Iterator<Item = (&'a Effect, &'a Change)> {
    let of_it = impact.of(severity).iter();
    of_it.filter_map(|effect| Some((effect, changes.changes.get(effect.change)?)))
}

/// Lists the effects of a severity with their changes as a person reads them: a new code that was named as the
/// replacement of a code that is no longer valid is not listed again.
pub(crate) fn effects_once<'a>(
    changes: &'a ChangeSet,
    impact: &'a Impact,
    severity: Severity,
) -> impl Iterator<Item = (&'a Effect, &'a Change)> {
    let named = named_replacements(changes, impact);
    effects(changes, impact, severity)
        .filter(move |(effect, change)| !is_named_above(&named, effect, change))
}

/// Returns how many new codes [`effects_once`] leaves out, as a sentence; nothing if it leaves out none.
pub(crate) fn named_above_line(changes: &ChangeSet, impact: &Impact) -> Option<String> {
    let named = named_replacements(changes, impact);
    let left_out = effects(changes, impact, Severity::Info)
        .filter(|(effect, change)| is_named_above(&named, effect, change))
        .count() as u64;
    match left_out {
        0 => None,
        1 => Some("1 new code is listed above, with the code that it replaces".to_owned()),
        _ => Some(format!(
            "{} new codes are listed above, with the codes that they replace",
            grouped(left_out)
        )),
    }
}

/// Returns the replacements that the list of codes that are no longer valid names.
fn named_replacements(changes: &ChangeSet, impact: &Impact) -> BTreeSet<Code> {
    let broken = effects(changes, impact, Severity::Breaking);
    let ends = broken.flat_map(|(_, change)| replacements(changes, &change.code));
    ends.map(|end| end.code).collect()
}

fn is_named_above(named: &BTreeSet<Code>, effect: &Effect, change: &Change) -> bool {
    let mut touches = effect.touches.iter();
    effect.severity == Severity::Info
        && touches.all(|touch| touch.relation == Relation::Successor)
        && named.contains(&change.code)
}

/// Lists the codes that replace a code that is no longer valid, as far as a report names them.
pub(crate) fn replacements<'a>(
    changes: &'a ChangeSet,
    code: &Code,
) -> impl Iterator<Item = &'a TraceEnd> {
    let lineage = changes.lineage.get(code);
    let lineage = lineage.filter(|lineage| lineage.way == LineageWay::Forward);
    let ends = lineage.map_or(&[][..], |lineage| &lineage.ends);
    let shown = REPLACEMENTS.shown(ends.len(), Style::PLAIN);
    ends.iter().take(shown)
}

/// Returns the heading of a report.
pub(crate) fn heading(changes: &ChangeSet) -> String {
    format!("Your codes affected: {}", title(changes))
}

/// Returns the ranges that the question was narrowed to.
pub(crate) fn under(changes: &ChangeSet, style: Style) -> Option<String> {
    let unweighed = subject::under(changes, style)?;
    Some(format!("{unweighed}; the other uses are outside the range"))
}

/// Returns the heading of a severity's list: `Breaking: deleted or no longer billable in FY2026`.
fn severity_heading(changes: &ChangeSet, severity: Severity) -> String {
    format!(
        "{}: {}",
        capital(severity.name()),
        meaning(changes, severity)
    )
}

/// Returns what was left out.
pub(crate) fn left_out_line(impact: &Impact) -> String {
    match impact.left_out {
        1 => "1 change does not affect your codes and is not shown".to_owned(),
        number => format!(
            "{} changes do not affect your codes and are not shown",
            grouped(number)
        ),
    }
}

/// Returns the report.
pub(super) fn report<'a>(changes: &'a ChangeSet, impact: &'a Impact, style: Style) -> Report<'a> {
    let mut blocks = vec![Block::Title(heading(changes))];
    blocks.extend(banners(changes));
    blocks.extend(under(changes, style).map(|under| Block::Line(under.into())));
    blocks.push(Block::Sentence(vec![file_line(impact).into()]));
    blocks.extend(file_notes(impact, style).into_iter().map(|words| {
        Block::Banner(Banner {
            is_warning: false,
            words,
        })
    }));
    blocks.push(Block::Table(counts(changes, impact)));
    if let Some(unknown) = unknown_line(impact, style) {
        let words = format!("in neither release: {unknown}");
        blocks.push(Block::Remark(words.into()));
    }
    let left_out = Text::default().toned(left_out_line(impact), Tone::Quiet);
    blocks.push(Block::Remark(left_out));
    let titles = new_titles(changes);
    for severity in Severity::ALL {
        let mut of_it = effects_once(changes, impact, severity).peekable();
        if of_it.peek().is_some() {
            let words = severity_heading(changes, severity);
            blocks.push(Block::Heading { level: 2, words });
        }
        blocks.extend(of_it.map(|(effect, change)| {
            let lineage = successors::line(changes, &change.code, style)
                .filter(|_| severity != Severity::Info || effect.touches.is_empty());
            let lineage = lineage.map(|(way, words)| Remark {
                way: Some(way),
                words,
            });
            let touches = touches(effect, style).map(|words| Remark { way: None, words });
            let mut titled: Vec<Remark> = match severity {
                Severity::Breaking => titled_replacements(changes, &titles, &change.code, style),
                Severity::Review | Severity::Info => Vec::new(),
            };
            if titled.is_empty() {
                titled.extend(lineage);
            }
            Block::Change(ChangedCode {
                change,
                uses: Some(effect.uses),
                remarks: titled.into_iter().chain(touches).collect(),
            })
        }));
    }
    if let Some(words) = named_above_line(changes, impact) {
        blocks.push(Block::Remark(words.into()));
    }
    if impact.effects.is_empty() {
        blocks.push(Block::Remark("None of your codes changed.".into()));
    }
    Report { blocks }
}

/// Returns the titles of the changed codes.
pub(crate) fn new_titles(changes: &ChangeSet) -> BTreeMap<Code, &str> {
    let entries = changes.changes.iter().filter_map(|change| {
        let entry = change.new.as_ref()?;
        Some((change.code, entry.long_title.as_str()))
    });
    entries.collect()
}

/// Returns the replacements of a code with their titles, a line each; nothing where one has no title among the changes,
/// or where the line of the table says more.
fn titled_replacements(
    changes: &ChangeSet,
    titles: &BTreeMap<Code, &str>,
    code: &Code,
    style: Style,
) -> Vec<Remark> {
    let Some(lineage) = changes.lineage.get(code) else {
        return Vec::new();
    };
    let ends: Vec<&TraceEnd> = replacements(changes, code).collect();
    if ends.len() < lineage.ends.len() || !lineage.split_off.is_empty() {
        return Vec::new();
    }
    let count = ends.len();
    let lines = ends.into_iter().enumerate().map(|(at, end)| {
        let mut words = format!("{} {}", style.code(&end.code), titles.get(&end.code)?);
        let notes = end_notes(changes, lineage.way, end);
        if !notes.is_empty() {
            words.push_str(&format!(", {}", notes.join(", ")));
        }
        if at + 1 == count {
            words.push_str(&format!(" ({} table)", lineage.table));
        }
        Some(Remark {
            way: Some(lineage.way),
            words,
        })
    });
    lines.collect::<Option<Vec<Remark>>>().unwrap_or_default()
}

fn counts(changes: &ChangeSet, impact: &Impact) -> Table {
    let row = |total: Total| {
        vec![
            total.label.to_owned(),
            grouped(total.used.codes),
            grouped(total.used.uses),
            share(total.used.uses, impact.all.uses),
            total.changes.map(grouped).unwrap_or_default(),
        ]
    };
    let all = vec![
        "all".to_owned(),
        grouped(impact.all.codes),
        grouped(impact.all.uses),
    ];
    Table {
        about: None,
        columns: vec![
            Column::rows("your codes", 20).obvious(),
            Column::number("codes", 8),
            Column::number("uses", 12),
            Column::number("share", 8),
            Column::number("changes", 9),
        ],
        rows: totals(changes, impact)
            .into_iter()
            .map(row)
            .chain([all])
            .collect(),
        more: None,
        note: None,
    }
}

/// The columns that a weighed report has after the others of a change.
pub const CSV_COLUMNS: [&str; 4] = ["severity", "uses", "share_of_uses", "touches"];

/// Returns the cells of these columns. The codes in use stand without dots, each with its relation and uses:
/// `successor:E119:12 beside:E118:2`.
pub(crate) fn csv_cells(impact: &Impact, effect: &Effect) -> [String; 4] {
    let touches: Vec<String> = effect
        .touches
        .iter()
        .map(|touch| {
            format!(
                "{}:{}:{}",
                touch.relation.name(),
                touch.code.as_str(),
                touch.uses
            )
        })
        .collect();
    [
        effect.severity.name().to_owned(),
        effect.uses.to_string(),
        fraction(effect.uses, impact.all.uses),
        touches.join(" "),
    ]
}

/// Returns a share as a fraction of 1 with six decimals.
pub(crate) fn fraction(part: u64, whole: u64) -> String {
    let millionths = rounded(part, whole, 1_000_000);
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}
