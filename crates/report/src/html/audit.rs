//! The summary of an audit as one HTML page: what fails, since when, and which release made it fail.

use askama::Template;
use chrono::{Datelike, Months, NaiveDate};

use crate::tree::Table;
use crate::verdict::words;
use crate::{Style, audit, counted, dollars, grouped, share};
use codeyear_claims::{AuditSummary, FailingCode, NotJudged, UseBasis, VerdictCounts, Wording};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{Code, ReleaseId, StoreKind, VerdictKind};

/// The most failing codes that the page lists.
const MAX_FAILURES: usize = 40;
/// The most codes that a row names.
const MAX_USES: usize = 4;
/// The most releases that are named above the chart.
const MAX_MARKS: usize = 6;
/// The chart's size and margins, in its own units.
const WIDTH: u32 = 960;
const HEIGHT: u32 = 300;
const LEFT: u32 = 64;
const TOP: u32 = 24;
const BASE: u32 = 270;

/// Writes the summary of an audit: one page with its style sheet in it, fit for print.
///
/// The same summary and day give the same bytes. No value of a claim stands in it but codes that can be codes.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no summary makes it do.
pub fn audit_report(summary: &AuditSummary, generated_on: NaiveDate) -> Result<String> {
    AuditPage::new(summary, generated_on)
        .render()
        .map_err(|error| Error::format("cannot write the HTML report").caused_by(error))
}

#[derive(Template)]
#[template(path = "audit.html", whitespace = "minimize")]
struct AuditPage {
    version: &'static str,
    css: &'static str,
    generated_on: NaiveDate,
    title: String,
    span: String,
    sample: bool,
    warnings: Vec<String>,
    body: AuditBody,
}

/// What an audit found, without the frame of a page.
#[derive(Template)]
#[template(path = "audit_body.html", whitespace = "minimize")]
pub(super) struct AuditBody {
    figures: Vec<Figure>,
    has_amounts: bool,
    /// The rows of [`audit::verdicts`], each with its verdict.
    verdicts: Vec<(VerdictKind, Vec<String>)>,
    chart: Option<Chart>,
    months: Table,
    causes: Vec<Cause>,
    failures: Vec<FailureRow>,
    more_failures: u64,
    problems: Vec<(String, String)>,
    /// Why codes were not judged.
    reasons: Vec<String>,
    /// What is to be noted of the file.
    noted: Vec<String>,
}

struct Figure {
    class: &'static str,
    value: String,
    label: String,
}

struct Cause {
    name: String,
    meaning: String,
    width: u64,
    codes: String,
}

/// Returns the address of a code on a day.
pub(super) type CodeLink = fn(&Code, &NaiveDate) -> String;

struct FailureRow {
    verdict: &'static str,
    code: String,
    /// The address of the page of the code on its day, if it is on a page.
    href: Option<String>,
    codes: String,
    charges: String,
    first: NaiveDate,
    last: NaiveDate,
    why: String,
    uses: String,
    basis: &'static str,
}

struct Chart {
    width: u32,
    height: u32,
    left: u32,
    base: u32,
    label: String,
    grid: Vec<GridLine>,
    columns: Vec<Column>,
    marks: Vec<Mark>,
    legend: Vec<&'static str>,
}

struct GridLine {
    y: u32,
    label: String,
}

struct Column {
    x: String,
    width: String,
    parts: Vec<Part>,
    label: Option<String>,
}

struct Part {
    class: &'static str,
    y: String,
    height: String,
    title: String,
}

struct Mark {
    x: u32,
    y: u32,
    label: String,
}

impl AuditPage {
    fn new(summary: &AuditSummary, generated_on: NaiveDate) -> AuditPage {
        AuditPage {
            version: env!("CARGO_PKG_VERSION"),
            css: include_str!("../../templates/audit.css"),
            generated_on,
            title: audit::title(summary),
            span: span(summary),
            sample: summary.store_kind == StoreKind::Sample,
            warnings: warnings(summary),
            body: AuditBody::new(summary, None),
        }
    }
}

/// Returns what could make an audit's verdicts other than they are.
pub(super) fn warnings(summary: &AuditSummary) -> Vec<String> {
    summary
        .warnings
        .iter()
        .map(|(code_set, warning)| format!("{}: {}", code_set.name(), warning))
        .collect()
}

impl AuditBody {
    pub(super) fn new(summary: &AuditSummary, link: Option<CodeLink>) -> AuditBody {
        let verdicts = audit::verdicts(summary).rows;
        // Codes lead to their pages where there are pages, and beside them a form.
        let wording = link.map_or(Wording::Options, |_| Wording::Form);
        AuditBody {
            figures: figures(summary),
            has_amounts: summary.has_amounts,
            verdicts: audit::found_verdicts(summary).zip(verdicts).collect(),
            chart: chart(summary),
            months: audit::months(summary, usize::MAX),
            causes: causes(summary),
            failures: summary
                .failures
                .iter()
                .take(MAX_FAILURES)
                .map(|failure| FailureRow::new(failure, link))
                .collect(),
            more_failures: summary.more_failures
                + summary.failures.len().saturating_sub(MAX_FAILURES) as u64,
            problems: summary
                .problem_counts
                .iter()
                .map(|(kind, count)| (kind.to_string(), grouped(*count)))
                .collect(),
            reasons: audit::reasons(summary).collect(),
            noted: audit::rejected(summary)
                .into_iter()
                .chain(audit::unread(summary))
                .chain(audit::noted(summary, wording))
                .collect(),
        }
    }
}

/// Returns what was looked at: `10,000 codes in 8,000 rows, of January 2024 to March 2026.`
pub(super) fn span(summary: &AuditSummary) -> String {
    let mut text = format!(
        "{} in {}",
        counted(summary.total.total(), "code"),
        counted(summary.rows, "row")
    );
    if let Some((first, last)) = summary.span() {
        let month = |day: NaiveDate| day.format("%B %Y").to_string();
        if first == last {
            text.push_str(&format!(", of {}", month(first)));
        } else {
            text.push_str(&format!(", of {} to {}", month(first), month(last)));
        }
    }
    text.push('.');
    text
}

fn figures(summary: &AuditSummary) -> Vec<Figure> {
    let total = summary.total.total();
    let failing = summary.total.failing();
    let mut figures = vec![match summary.judged_nothing() {
        true => Figure {
            class: "bad",
            value: "0".to_owned(),
            label: "codes were checked".to_owned(),
        },
        false => Figure {
            class: if failing == 0 { "good" } else { "bad" },
            value: share(failing, total),
            label: "of codes are not billable on their dates".to_owned(),
        },
    }];
    if summary.has_amounts {
        figures.push(Figure {
            class: "bad",
            value: dollars(summary.total.failing_cents()),
            label: format!(
                "charged on claims with these codes; a claim counts once per code{}",
                audit::unread_amounts(summary)
            ),
        });
    }
    let fixable: u64 = summary
        .failures
        .iter()
        .filter(|failure| failure.finding.use_count > 0)
        .map(|failure| failure.codes)
        .sum();
    if failing > 0 {
        figures.push(Figure {
            class: "",
            value: share(fixable, failing),
            label: "have a suggested replacement".to_owned(),
        });
    }
    let untold = summary.total.of(VerdictKind::NotCovered);
    if untold > 0 {
        figures.push(Figure {
            class: "",
            value: grouped(untold),
            label: "not covered: no release loaded for the date".to_owned(),
        });
    }
    if summary.unread() > 0 {
        figures.push(Figure {
            class: "bad",
            value: grouped(summary.unread()),
            label: "could not be read".to_owned(),
        });
    }
    if summary.not_judged_count() > 0 {
        let class = match summary.not_judged.keys().any(NotJudged::is_undetermined) {
            true => "bad",
            false => "",
        };
        figures.push(Figure {
            class,
            value: grouped(summary.not_judged_count()),
            label: "not checked".to_owned(),
        });
    }
    figures
}

fn causes(summary: &AuditSummary) -> Vec<Cause> {
    let causes = &summary.causes;
    let named = causes
        .iter()
        .filter_map(|(code_set, release, codes)| Some((code_set, (*release)?, *codes)));
    let most = named.clone().map(|(_, _, codes)| codes).max().unwrap_or(1);
    named
        .map(|(code_set, release, codes)| Cause {
            name: release.to_string(),
            meaning: format!(
                "{}, from {}",
                code_set.name(),
                release.effective_from().format("%B %-d, %Y")
            ),
            width: (codes * 100).div_ceil(most),
            codes: grouped(codes),
        })
        .collect()
}

impl FailureRow {
    fn new(failure: &FailingCode, link: Option<CodeLink>) -> FailureRow {
        let finding = &failure.finding;
        let code = finding.code.as_ref();
        FailureRow {
            href: link.zip(code).map(|(link, code)| link(code, &failure.last)),
            verdict: finding.verdict.name(),
            code: match &finding.code {
                Some(code) => code.to_string(),
                None => audit::no_code(finding.code_set),
            },
            codes: grouped(failure.codes),
            charges: dollars(failure.cents),
            first: failure.first,
            last: failure.last,
            why: finding.why.clone(),
            uses: audit::codes_to_use(finding, MAX_USES, Style::PLAIN),
            basis: match finding.use_basis {
                None => "",
                Some(UseBasis::Below) => "billable subcodes",
                Some(UseBasis::ConversionTable) => "from the official conversion table",
                Some(UseBasis::SeventhCharacter) => "with its 7th character",
                Some(UseBasis::Guess) => "suggestion only: not in a conversion table",
                Some(UseBasis::Similar) => "valid codes that differ by one character",
            },
        }
    }
}

/// Draws the failing codes of each month, one column a month without gaps.
fn chart(summary: &AuditSummary) -> Option<Chart> {
    let (first, last) = summary.span()?;
    let mut months: Vec<(NaiveDate, VerdictCounts)> = Vec::new();
    let mut month = first;
    // A date far off would stretch the chart beyond use; then the months stand as they come.
    let all = summary.months.len();
    while month <= last && months.len() <= all * 4 {
        let counts = summary.months.iter().find(|(of, _)| *of == month);
        months.push((month, counts.map(|(_, counts)| *counts).unwrap_or_default()));
        month = month.checked_add_months(Months::new(1))?;
    }
    if months.len() > all * 4 {
        months.clone_from(&summary.months);
    }
    let most = months.iter().map(|(_, counts)| counts.failing()).max()?;
    if most == 0 || months.len() < 2 {
        return None;
    }
    let step = nice_step(most);
    let top = most.div_ceil(step) * step;
    let tall = f64::from(BASE - TOP);
    let height = |codes: u64| tall * codes as f64 / top as f64;
    let wide = f64::from(WIDTH - LEFT) / months.len() as f64;
    let grid = (0..=top / step)
        .map(|line| {
            let codes = line * step;
            GridLine {
                y: (f64::from(BASE) - height(codes)).round() as u32,
                label: grouped(codes),
            }
        })
        .collect();
    let mut legend: Vec<&'static str> = Vec::new();
    let mut columns = Vec::new();
    for (at, (month, counts)) in months.iter().enumerate() {
        let mut y = f64::from(BASE);
        let mut parts = Vec::new();
        for kind in VerdictKind::ALL
            .into_iter()
            .filter(|kind| kind.is_failure())
        {
            let codes = counts.of(kind);
            if codes == 0 {
                continue;
            }
            if !legend.contains(&kind.name()) {
                legend.push(kind.name());
            }
            y -= height(codes);
            parts.push(Part {
                class: kind.name(),
                y: format!("{y:.1}"),
                height: format!("{:.1}", height(codes)),
                title: format!(
                    "{}: {} {}",
                    month.format("%B %Y"),
                    grouped(codes),
                    kind.name()
                ),
            });
        }
        let is_labelled = if months.len() > 36 {
            // A year needs room for its figures.
            month.month() == 1 && at + 5 < months.len()
        } else {
            at % months.len().div_ceil(12) == 0
        };
        let pattern = if months.len() > 36 { "%Y" } else { "%Y-%m" };
        columns.push(Column {
            x: format!("{:.1}", f64::from(LEFT) + at as f64 * wide),
            width: format!("{:.1}", (wide - 1.0).max(wide * 0.7)),
            parts,
            label: is_labelled.then(|| month.format(pattern).to_string()),
        });
    }
    Some(Chart {
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        base: BASE,
        label: format!(
            "Codes not billable by month, {} to {}; highest month {}",
            first.format("%B %Y"),
            last.format("%B %Y"),
            grouped(most)
        ),
        grid,
        columns,
        marks: marks(summary, &months, wide),
        legend,
    })
}

/// Marks the releases that made most codes fail, where they take effect within the chart.
fn marks(summary: &AuditSummary, months: &[(NaiveDate, VerdictCounts)], wide: f64) -> Vec<Mark> {
    let mut releases: Vec<ReleaseId> = Vec::new();
    for (_, release, _) in &summary.causes {
        if let Some(release) = release
            && !releases
                .iter()
                .any(|other| other.effective_from() == release.effective_from())
            && releases.len() < MAX_MARKS
        {
            releases.push(*release);
        }
    }
    releases.sort();
    let place = |(at, release): (usize, ReleaseId)| {
        let day = release.effective_from();
        let column = months.iter().position(|(month, _)| *month == day)?;
        Some(Mark {
            x: (f64::from(LEFT) + column as f64 * wide).round() as u32,
            // Neighbours take turns, so that their names do not meet.
            y: if at % 2 == 0 { 2 } else { 14 },
            label: release.to_string(),
        })
    };
    releases.into_iter().enumerate().filter_map(place).collect()
}

/// Returns a round distance of lines, so that there are three to six up to a number.
fn nice_step(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if most.div_ceil(step * factor) <= 5 {
                return step * factor;
            }
        }
        step *= 10;
    }
}
