//! What a search found.

use super::line;
use crate::Style;
use crate::render::wrapped;
use codeyear_core::model::{FoundStanding, LookElsewhere, Provenance, SearchReport};

/// Writes what a search found, one code a line.
pub fn search(report: &SearchReport, style: Style) -> String {
    let mut out = String::new();
    if report.found.is_empty() {
        line(
            &mut out,
            0,
            &format!("no codes match on {} ({})", report.date, report.release),
        );
    }
    for place in &report.elsewhere {
        let mut text = crate::found::elsewhere(*place);
        match place {
            LookElsewhere::CodeSet(set) => {
                text.push_str(&format!(" (--code-set {})", set.facts().id));
            }
            LookElsewhere::NotCovered(set, last) => {
                text.push_str(&format!(" (--code-set {} --on {last})", set.facts().id));
            }
            LookElsewhere::Unlisted => text.push_str(" (--unlisted)"),
            LookElsewhere::NotKept(_) | LookElsewhere::Above(_) => {}
        }
        line(&mut out, 0, &text);
    }
    let said = report.read_as.iter().map(crate::found::read_as);
    for said in said.chain(crate::found::left_out(report)) {
        line(&mut out, 0, &style.dim(&said));
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
            FoundStanding::NotInForce => style.bad("not in force"),
            FoundStanding::Deleted(last_day) => style.bad(&format!("deleted after {last_day}")),
            FoundStanding::NotYetEffective(first_day) => {
                style.bad(&format!("effective {first_day}"))
            }
        };
        let why = match crate::found::why(found) {
            why if why.is_empty() => why,
            why => format!("  ({why})"),
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
        line(&mut out, 0, &style.dim("... and more (--limit shows more)"));
    }
    if report.provenance == Provenance::Rebuilt {
        let rests = format!("source: {} ({})", report.release, report.provenance.label());
        line(&mut out, 0, &style.dim(&rests));
    }
    for warning in &report.warnings {
        line(
            &mut out,
            0,
            &format!("{} {}", style.doubtful("warning:"), warning),
        );
    }
    wrapped(out, style)
}
