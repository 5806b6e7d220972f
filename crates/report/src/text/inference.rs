//! What was inferred of a file of claims without dates.

use super::{heading, line};
use crate::render::wrapped;
use crate::{Style, counted, grouped, share};
use codeyear_claims::{Inference, Window};
use codeyear_core::model::day_before;

/// Writes what was inferred.
pub fn inference(inference: &Inference, style: Style) -> String {
    const MAX_WINDOWS: usize = 5;
    let mut out = String::new();
    let Some(best) = inference.windows.first() else {
        return out;
    };
    let releases = |window: &Window| {
        let names: Vec<String> = window
            .releases
            .iter()
            .map(|(code_set, release)| format!("{} {release}", code_set.name()))
            .collect();
        names.join(", ")
    };
    let days = |window: &Window| format!("{} to {}", window.from, day_before(window.until));
    let first = format!("{}, {}", days(best), releases(best));
    line(&mut out, 0, &style.good(&first));
    let text = format!(
        "{} of {} ({}) are billable on these dates",
        grouped(best.billable),
        counted(inference.codes, "code"),
        share(best.billable, inference.codes)
    );
    line(&mut out, 0, &text);
    if inference.never_billable > 0 {
        let text = format!("{} never billable", grouped(inference.never_billable));
        line(&mut out, 0, &text);
    }
    for (title, evidence) in [
        (
            "not earlier: billable on these dates and not just before",
            &inference.not_before,
        ),
        (
            "not later: billable on these dates and not just after",
            &inference.not_after,
        ),
        (
            "not explained: billable on other dates only",
            &inference.unexplained,
        ),
    ] {
        if evidence.is_empty() {
            continue;
        }
        heading(&mut out, title, style);
        for evidence in evidence {
            let code = style.code(&evidence.code);
            line(
                &mut out,
                2,
                &format!("{code:<9} {}", counted(evidence.count, "time")),
            );
        }
    }
    if inference.windows.len() > 1 {
        heading(&mut out, "next best", style);
        for window in inference.windows.iter().skip(1).take(MAX_WINDOWS) {
            let text = format!(
                "{}  {}  {}",
                days(window),
                share(window.billable, inference.codes),
                releases(window)
            );
            line(&mut out, 2, &text);
        }
    }
    wrapped(out, style)
}
