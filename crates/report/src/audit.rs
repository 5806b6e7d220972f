//! The summary of an audit: what it says, in which order.

use crate::tree::{Banner, Block, Column, Report, Table, Text, Tone};
use crate::{Style, counted, dollars, grouped, share};
use codeyear_claims::{
    AuditSummary, FailingCode, Finding, NotJudged, VerdictCounts, Wording, Writing,
};
use codeyear_core::model::{CodeSet, ReleaseId, StoreKind, VerdictKind};

/// The most failing codes, and problems, that are listed unless the whole lists are asked for.
const MAX_LISTED: usize = 20;
/// The most months, likewise.
const MAX_MONTHS: usize = 24;
/// The most codes to use that a row names.
const MAX_USES: usize = 3;

/// Returns the report of an audit. Its lists are as long as the style says. No value of a claim stands in it but codes
/// that can be codes, and what the caller chose to show of what cannot be read.
pub fn report(summary: &AuditSummary, style: Style) -> Report<'static> {
    let mut blocks = Vec::new();
    let is_sample = summary.store_kind == StoreKind::Sample;
    if is_sample {
        blocks.push(Block::Banner(Banner {
            is_warning: false,
            words: "Checked against the bundled sample, not the whole code sets.".to_owned(),
        }));
    }
    blocks.extend(summary.warnings.iter().map(|(code_set, warning)| {
        Block::Banner(Banner {
            is_warning: true,
            words: format!("{}: {warning}", code_set.name()),
        })
    }));
    // What a sample judged stands apart from that it did.
    let found = found(summary);
    blocks.push(match is_sample {
        true => Block::Remark(found),
        false => Block::Sentence(vec![found]),
    });
    blocks.extend(rejected(summary).map(|words| Block::Sentence(vec![words.into()])));
    unread_files(&mut blocks, summary);
    let untold = summary.total.of(VerdictKind::NotCovered);
    if untold > 0 {
        let words = format!(
            "{} not covered: no release loaded for the date",
            counted(untold, "code")
        );
        blocks.push(Block::Sentence(vec![
            Text::default().toned(words, Tone::Doubtful),
        ]));
    }
    not_judged(&mut blocks, summary, style);
    let notes = noted(summary, Wording::Options).into_iter();
    blocks
        .extend(notes.map(|note| Block::Sentence(vec![Text::default().toned(note, Tone::Quiet)])));
    let has_verdicts = summary.total.total() > 0;
    part(
        &mut blocks,
        "results",
        has_verdicts.then(|| verdicts(summary)),
    );
    part(
        &mut blocks,
        "most frequent invalid codes and their replacements",
        failures(summary, style),
    );
    part(&mut blocks, "by the release in force", releases(summary));
    part(&mut blocks, "caused by which release", causes(summary));
    let most = if style.whole_lists {
        usize::MAX
    } else {
        MAX_MONTHS
    };
    let has_months = summary.months.len() > 1;
    part(
        &mut blocks,
        "invalid codes by month",
        has_months.then(|| months(summary, most)),
    );
    problems(&mut blocks, summary, style);
    Report { blocks }
}

/// Returns how many amounts of the file no sum of charges has.
pub(crate) fn unread_amounts(summary: &AuditSummary) -> String {
    match summary.unread_amounts() {
        0 => String::new(),
        unread => format!(
            "; {} in the file cannot be read, and no sum has them",
            counted(unread, "amount")
        ),
    }
}

/// Returns in a line how many claims would be rejected; `None` if none would.
pub(crate) fn rejected(summary: &AuditSummary) -> Option<String> {
    let claims = &summary.claims;
    (claims.failing > 0).then(|| {
        let charges = summary.has_amounts.then(|| {
            let charges = dollars(claims.failing_cents);
            format!("; charges {charges}, each counted once")
        });
        format!(
            "{} of {} ({}) would be rejected, {} of them for the first code{}",
            grouped(claims.failing),
            counted(summary.rows, "row"),
            share(claims.failing, summary.rows),
            grouped(claims.principal),
            charges.unwrap_or_default()
        )
    })
}

/// Lists the files that could not be read.
fn unread_files(blocks: &mut Vec<Block<'_>>, summary: &AuditSummary) {
    let unread = &summary.unread_files;
    if unread.is_empty() {
        return;
    }
    let read = counted(summary.files, "file");
    let words = format!(
        "{} could not be read; {read} read:",
        counted(unread.len() as u64, "file")
    );
    blocks.push(Block::Sentence(vec![
        Text::default().toned(words, Tone::Bad),
    ]));
    let lines = self::unread(summary).map(Text::from);
    blocks.push(Block::Sublist(lines.collect()));
}

/// Lists the files that could not be read, and why.
pub(crate) fn unread(summary: &AuditSummary) -> impl Iterator<Item = String> {
    let files = summary.unread_files.iter();
    files.map(|(file, why)| format!("{file}: {why}"))
}

/// Lists the codes without a verdict, by the reason.
fn not_judged(blocks: &mut Vec<Block<'_>>, summary: &AuditSummary, style: Style) {
    let count = summary.not_judged_count();
    if count == 0 {
        return;
    }
    let words = match count {
        1 => "1 code was not checked:".to_owned(),
        _ => format!("{} were not checked:", counted(count, "code")),
    };
    blocks.push(Block::Sentence(vec![words.into()]));
    let most = if style.whole_lists {
        usize::MAX
    } else {
        MAX_LISTED
    };
    let mut reasons: Vec<Text> = reasons(summary).take(most).map(Text::from).collect();
    let left = summary.not_judged.len().saturating_sub(reasons.len());
    if left > 0 {
        let more = format!("{} more reasons (--all lists them)", grouped(left as u64));
        reasons.push(Text::default().toned(more, Tone::Quiet));
    }
    blocks.push(Block::Sublist(reasons));
}

/// Lists why codes were not judged, the most frequent reason first.
pub(crate) fn reasons(summary: &AuditSummary) -> impl Iterator<Item = String> {
    let mut reasons: Vec<(&NotJudged, u64)> = summary
        .not_judged
        .iter()
        .map(|(reason, codes)| (reason, *codes))
        .collect();
    reasons.sort_by_key(|(_, codes)| std::cmp::Reverse(*codes));
    let words = |(reason, codes): (&NotJudged, u64)| format!("{} {reason}", grouped(codes));
    reasons.into_iter().map(words)
}

/// Lists what is to be noted of the file, and what could be done about codes that were not judged or are none.
pub(crate) fn noted(summary: &AuditSummary, wording: Wording) -> Vec<String> {
    let mut noted = summary.notes.clone();
    let has = |wanted: fn(&NotJudged) -> bool| summary.not_judged.keys().any(wanted);
    let code_set = CodeSet::default();
    if has(|reason| matches!(reason, NotJudged::UnknownLabel(_))) {
        noted.push(match wording {
            Wording::Options => format!(
                "to state what a label means: --system LABEL={}, or LABEL=other for a code set that is not checked",
                code_set.id()
            ),
            Wording::Form => "to state what a label means, run codeyear audit on your own machine".to_owned(),
        });
    }
    if has(|reason| matches!(reason, NotJudged::LooksLike(_))) {
        noted.push(match wording {
            Wording::Options => {
                let code_set = code_set.id();
                format!(
                    "to state their code set: of a column --code dx={code_set}, of all --code-set {code_set}, of each row --code-set-by COLUMN"
                )
            }
            Wording::Form => format!(
                "to state their code set: beside a column, or of all in “{}”",
                Wording::CODE_SET
            ),
        });
    }
    if summary.nulls > 0 {
        let cells = counted(summary.nulls, "cell");
        noted.push(format!(
            "{cells} with a placeholder such as NULL instead of a code"
        ));
    }
    for (writing, codes) in &summary.writings {
        let (cells, what) = (counted(*codes, "cell"), writing.words());
        let how = match (wording, writing) {
            (Wording::Options, Writing::List) => "--split splits such cells".to_owned(),
            (Wording::Options, _) => "--clean-codes reads such codes".to_owned(),
            (Wording::Form, Writing::List) => format!("check “{}”", Wording::SPLIT),
            (Wording::Form, _) => format!("check “{}”", Wording::CLEAN),
        };
        noted.push(format!("{cells} {what}: {how}"));
    }
    let remarks = summary.remarks.iter();
    noted.extend(remarks.map(|(remark, count)| match count {
        1 => format!("note: {remark}"),
        _ => format!("note ({} times): {remark}", grouped(*count)),
    }));
    noted
}

/// Returns in a few words what an audit found, for the title of a document.
pub(crate) fn title(summary: &AuditSummary) -> String {
    if summary.judged_nothing() {
        return "Nothing was checked".to_owned();
    }
    match summary.total.failing() {
        0 => "No invalid codes".to_owned(),
        1 => "1 code was not billable on its date".to_owned(),
        failing => format!(
            "{} were not billable on their dates",
            counted(failing, "code")
        ),
    }
}

/// Returns in a line how many codes fail.
fn found(summary: &AuditSummary) -> Text {
    let (total, failing) = (summary.total.total(), summary.total.failing());
    if summary.judged_nothing() {
        let codes = match (total, summary.not_judged_count()) {
            (0, 0) => "no codes in the columns or files".to_owned(),
            (0, 1) => "the only code was not checked".to_owned(),
            (0, count) => format!("none of the {} was checked", counted(count, "code")),
            (1, 0) => "no release loaded for the date of the only code".to_owned(),
            (count, 0) => {
                format!(
                    "no release loaded for the dates of the {}",
                    counted(count, "code")
                )
            }
            (count, others) => format!(
                "no release loaded for the dates of {}, and {} not checked",
                counted(count, "code"),
                match others {
                    1 => "1 other".to_owned(),
                    others => format!("{} others", grouped(others)),
                }
            ),
        };
        let words = format!(
            "nothing was checked: {codes}, in {}",
            counted(summary.rows, "row")
        );
        return Text::default().toned(words, Tone::Bad);
    }
    let charges = summary.has_amounts.then(|| {
        let charges = dollars(summary.total.failing_cents());
        format!(
            "; charges on their claims {charges}{}",
            unread_amounts(summary)
        )
    });
    let words = format!(
        "{} of {} ({}) not billable on their dates, in {}{}",
        grouped(failing),
        counted(total, "code"),
        share(failing, total),
        counted(summary.rows, "row"),
        charges.unwrap_or_default()
    );
    let tone = if failing == 0 { Tone::Good } else { Tone::Bad };
    Text::default().toned(words, tone)
}

fn part(blocks: &mut Vec<Block<'_>>, heading: &str, table: Option<Table>) {
    if let Some(table) = table {
        blocks.push(Block::Heading {
            level: 2,
            words: heading.to_owned(),
        });
        blocks.push(Block::Table(table));
    }
}

/// Returns how many codes have each verdict that there is.
pub(crate) fn verdicts(summary: &AuditSummary) -> Table {
    let total = summary.total.total();
    let charges = summary.has_amounts.then(|| Column::number("charges", 0));
    let columns = [
        Column::rows("verdict", 0),
        Column::number("codes", 0),
        Column::number("share", 0),
    ];
    let row = |kind: VerdictKind| {
        let codes = summary.total.of(kind);
        let charges = charges.map(|_| dollars(summary.total.cents_of(kind)));
        let cells = [kind.name().to_owned(), grouped(codes), share(codes, total)];
        cells.into_iter().chain(charges).collect()
    };
    Table::new(
        columns.into_iter().chain(charges),
        found_verdicts(summary).map(row),
    )
}

/// Lists the verdicts that any code has.
pub(crate) fn found_verdicts(summary: &AuditSummary) -> impl Iterator<Item = VerdictKind> {
    let kinds = VerdictKind::ALL.into_iter();
    kinds.filter(|kind| summary.total.of(*kind) > 0)
}

/// Returns what stands in place of a text that is not in the format of a code.
pub(crate) fn no_code(code_set: CodeSet) -> String {
    format!("Not an {} code", code_set.name())
}

fn failures(summary: &AuditSummary, style: Style) -> Option<Table> {
    let charges = summary.has_amounts.then(|| Column::number("charges", 0));
    let columns = [
        Column::rows("code", 0),
        Column::rows("verdict", 0),
        Column::number("codes", 0),
        Column::number("rejects", 0),
    ];
    let rest = ["first", "last", "why", "use"].map(|heading| Column::rows(heading, 0));
    let row = |failure: &FailingCode| {
        let finding = &failure.finding;
        let code = match &finding.code {
            Some(code) => style.code(code),
            None => no_code(finding.code_set),
        };
        let uses = codes_to_use(finding, MAX_USES, style);
        let uses = finding
            .use_basis
            .map(|basis| format!("{uses} ({})", basis.name()));
        let cells = [
            code,
            finding.verdict.name().to_owned(),
            grouped(failure.codes),
            grouped(failure.claims),
        ];
        let rest = [
            failure.first.to_string(),
            failure.last.to_string(),
            finding.why.clone(),
            uses.unwrap_or_default(),
        ];
        let charges = charges.map(|_| dollars(failure.cents));
        cells.into_iter().chain(charges).chain(rest).collect()
    };
    let most = if style.whole_lists {
        usize::MAX
    } else {
        MAX_LISTED
    };
    let mut table = Table::new(
        columns.into_iter().chain(charges).chain(rest),
        summary.failures.iter().take(most).map(row),
    );
    let unlisted = summary.failures.len().saturating_sub(most) as u64;
    let left = unlisted + summary.more_failures;
    let how = if style.whole_lists {
        ""
    } else {
        " (--all lists them)"
    };
    table.more = (left > 0).then(|| format!("{} more{how}", grouped(left)));
    (!summary.failures.is_empty()).then_some(table)
}

/// Returns the codes to use in place of a failing one, the first of them named and the rest counted.
pub(crate) fn codes_to_use(finding: &Finding, most: usize, style: Style) -> String {
    let named = finding.uses.iter().take(most);
    let mut uses: Vec<String> = named.map(|code| style.code(code)).collect();
    let more = finding.use_count.saturating_sub(uses.len());
    if more > 0 {
        uses.push(format!("and {} more", grouped(more as u64)));
    }
    uses.join(" ")
}

fn releases(summary: &AuditSummary) -> Option<Table> {
    let columns = ["code set", "release", "provenance"].map(|heading| Column::rows(heading, 0));
    let counts = ["codes", "not billable", "share"].map(|heading| Column::number(heading, 0));
    let rows = summary.releases.iter().map(|(code_set, release, counts)| {
        let known = release.and_then(|release| summary.provenance.get(&(*code_set, release)));
        let cells = [
            code_set.name().to_owned(),
            name_of(release.as_ref()),
            known.map_or(String::new(), |known| known.name().to_owned()),
        ];
        cells.into_iter().chain(counted_cells(counts)).collect()
    });
    (!summary.releases.is_empty()).then(|| Table::new(columns.into_iter().chain(counts), rows))
}

fn name_of(release: Option<&ReleaseId>) -> String {
    release.map_or("none".to_owned(), ReleaseId::to_string)
}

fn counted_cells(counts: &VerdictCounts) -> [String; 3] {
    let (total, failing) = (counts.total(), counts.failing());
    [grouped(total), grouped(failing), share(failing, total)]
}

fn causes(summary: &AuditSummary) -> Option<Table> {
    let columns = [
        Column::rows("code set", 0),
        Column::rows("release", 0),
        Column::number("codes", 0),
    ];
    let rows = summary.causes.iter().map(|(code_set, release, codes)| {
        let code_set = code_set.name().to_owned();
        vec![code_set, name_of(release.as_ref()), grouped(*codes)]
    });
    let is_known = summary
        .causes
        .iter()
        .any(|(_, release, _)| release.is_some());
    is_known.then(|| Table::new(columns, rows))
}

/// Returns the codes of the last months.
pub(crate) fn months(summary: &AuditSummary, most: usize) -> Table {
    let counts = ["codes", "not billable", "share"].map(|heading| Column::number(heading, 0));
    let columns = [Column::rows("month", 0)].into_iter().chain(counts);
    let skipped = summary.months.len().saturating_sub(most);
    let rows = summary.months.iter().skip(skipped).map(|(month, counts)| {
        let month = month.format("%Y-%m").to_string();
        [month].into_iter().chain(counted_cells(counts)).collect()
    });
    let mut table = Table::new(columns, rows);
    table.more = (skipped > 0).then(|| {
        let months = counted(skipped as u64, "month");
        format!("{months} before (--all lists them)")
    });
    table
}

fn problems(blocks: &mut Vec<Block<'_>>, summary: &AuditSummary, style: Style) {
    if summary.problem_counts.is_empty() {
        return;
    }
    blocks.push(Block::Heading {
        level: 2,
        words: "could not be read".to_owned(),
    });
    let counts = summary.problem_counts.iter().map(|(kind, count)| {
        let words = format!("{}: {kind}", grouped(*count));
        Text::default().toned(words, Tone::Bad)
    });
    blocks.push(Block::List(counts.collect()));
    let most = if style.whole_lists {
        usize::MAX
    } else {
        MAX_LISTED
    };
    let listed = summary.problems.iter().take(most);
    let mut lines: Vec<Text> = listed
        .map(|problem| {
            let file = problem.file.as_ref().map(|file| format!("{file}, "));
            format!("{}{}: {problem}", file.unwrap_or_default(), problem.place).into()
        })
        .collect();
    let left = summary.unread().saturating_sub(lines.len() as u64);
    if left > 0 {
        let more = format!("{} more", grouped(left));
        lines.push(Text::default().toned(more, Tone::Quiet));
    }
    blocks.push(Block::Sublist(lines));
}
