//! Whether a diagnosis was present on admission (POA), as a claim says it, against the list of exempt codes of the day: a
//! remark, and never a change of verdict.
//!
//! The indicators and the list are those of the ICD-10-CM Official Guidelines, appendix I, and of CMS: a hospital reports
//! Y, N, U or W of each diagnosis, but for the codes on the POA-exempt list, of which it reports none, or 1 before 2011
//! and in some systems.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::index::Index;
use codeyear_core::answer::poa_spans;
use codeyear_core::error::Result;
use codeyear_core::model::{Code, CodeSet, DocumentKind, PoaSpan};

/// What is noted of an indicator that does not agree with the list of the day, or is none.
const EXEMPT: &str = "a POA indicator for a code that is exempt from POA reporting on its date";
const NOT_EXEMPT: &str = "a POA indicator of exempt for a code that is not exempt on its date";
const UNKNOWN: &str = "a POA indicator other than Y, N, U, W or 1";

/// The exemptions of codes that were asked for.
#[derive(Debug, Default)]
pub(super) struct PoaCache(HashMap<Code, Vec<PoaSpan>>);

impl PoaCache {
    /// Returns what is to be noted of the indicator of a billable code on its day.
    pub(super) fn remark(
        &mut self,
        index: &Index,
        (code_set, text): (CodeSet, &str),
        date: NaiveDate,
        indicator: &str,
    ) -> Result<Option<&'static str>> {
        let indicator = indicator.trim();
        if indicator.is_empty() || !code_set.has(DocumentKind::PoaExemptList) {
            return Ok(None);
        }
        let says_exempt = match indicator.to_ascii_uppercase().as_str() {
            "Y" | "N" | "U" | "W" => false,
            "1" | "E" => true,
            _ => return Ok(Some(UNKNOWN)),
        };
        let Ok(code) = code_set.parse_code(text) else {
            return Ok(None);
        };
        let spans = match self.0.get(&code) {
            Some(spans) => spans,
            None => {
                let spans = poa_spans(&index.codes(code_set), &code)?;
                self.0.entry(code).or_insert(spans)
            }
        };
        // Where no list governs the day nothing is known.
        let span = spans.iter().find(|span| span.contains(date));
        Ok(span.and_then(|span| match (span.exempt, says_exempt) {
            (true, false) => Some(EXEMPT),
            (false, true) => Some(NOT_EXEMPT),
            _ => None,
        }))
    }
}
