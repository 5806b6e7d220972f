//! What a search found.

use super::line;
use crate::Style;
use codeyear_core::model::{DocumentKind, FoundIn, FoundStanding, Provenance, SearchReport};

/// Writes what a search found, one code a line.
pub fn search(report: &SearchReport, style: Style) -> String {
    let mut out = String::new();
    if report.found.is_empty() {
        line(
            &mut out,
            0,
            &format!(
                "nothing listed on {} ({}) holds all of these words",
                report.date, report.release
            ),
        );
    }
    let width = report
        .found
        .iter()
        .map(|found| style.code(&found.code).len())
        .max()
        .unwrap_or_default();
    for found in &report.found {
        let code = style.code(&found.code);
        let standing = match found.standing {
            FoundStanding::Billable => style.good("billable"),
            FoundStanding::Header => style.bad("header  "),
            FoundStanding::Deleted(last_day) => style.bad(&format!("deleted after {last_day}")),
            FoundStanding::NotYetEffective(first_day) => {
                style.bad(&format!("not before {first_day}"))
            }
        };
        let why = match &found.found_in {
            FoundIn::Code | FoundIn::Title => String::new(),
            FoundIn::InclusionTerm { term, release } => {
                format!("  (inclusion term of {release}: {})", term.trim())
            }
            FoundIn::Index {
                kind,
                path,
                release,
            } => format!(
                "  ({} of {release}: {path})",
                DocumentKind::Index(*kind).label()
            ),
        };
        line(
            &mut out,
            0,
            &format!(
                "{}  {standing}  {}{}",
                style.bold(&format!("{code:<width$}")),
                found.entry.long_title,
                style.dim(&why)
            ),
        );
    }
    if report.more {
        line(&mut out, 0, &style.dim("... and more (--most shows more)"));
    }
    if report.provenance == Provenance::Rebuilt {
        let rests = format!(
            "rests on {} ({})",
            report.release,
            report.provenance.label()
        );
        line(&mut out, 0, &style.dim(&rests));
    }
    for warning in &report.warnings {
        line(
            &mut out,
            0,
            &format!("{} {}", style.doubtful("warning:"), warning),
        );
    }
    out
}
