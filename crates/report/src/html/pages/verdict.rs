//! The verdict on a code, and lists of codes.

use chrono::NaiveDate;

use super::{address, long_day};
use crate::explain::{explain, refused_character};
use crate::render::plain_words;
use crate::tree::{self, Block, Text, capital};
use crate::{cut, verdict};
use codeyear_core::model::{Answer, Code, CodeSet, Entry, Verdict};

/// The most codes that a list has at all: what is left out stands below the codes of the page.
const LONG_LIST: usize = 200;

/// A code that leads to its page.
pub(super) struct CodeLine {
    pub(super) href: String,
    pub(super) code: String,
    pub(super) title: String,
    /// The name of a verdict, if its standing is to be said.
    pub(super) standing: &'static str,
    /// The standing in words.
    pub(super) word: String,
    pub(super) remark: String,
}

impl CodeLine {
    pub(super) fn new(code_set: CodeSet, entry: &Entry, day: NaiveDate) -> CodeLine {
        CodeLine {
            href: address::code(code_set, &entry.code, day),
            code: entry.code.to_string(),
            title: entry.long_title.clone(),
            standing: "",
            word: String::new(),
            remark: String::new(),
        }
    }

    /// Returns whether it is billable.
    pub(super) fn standing(mut self, billable: bool) -> CodeLine {
        self.standing = if billable { "billable" } else { "header" };
        self.word = standing_words(billable).to_owned();
        self
    }
}

/// Returns whether a code is billable, in the words of a coder.
fn standing_words(billable: bool) -> &'static str {
    if billable { "billable" } else { "not billable" }
}

/// Codes under a heading, the first of them shown at once.
pub(super) struct CodeList {
    pub(super) heading: String,
    /// What is said beside their number: `, split`.
    pub(super) manner: String,
    pub(super) lines: Vec<CodeLine>,
    pub(super) rest: Vec<CodeLine>,
    pub(super) left_out: usize,
}

impl CodeList {
    pub(super) fn new(heading: impl Into<String>, mut lines: Vec<CodeLine>) -> CodeList {
        let left_out = lines.len().saturating_sub(LONG_LIST);
        lines.truncate(LONG_LIST);
        let (lines, rest) = cut::LINES.split(lines);
        CodeList {
            heading: heading.into(),
            manner: String::new(),
            lines,
            rest,
            left_out,
        }
    }

    /// Makes a list of the tree one of links.
    fn of(list: tree::CodeList, day: NaiveDate) -> CodeList {
        let heading = capital(&plain_words(&list.heading));
        let manner = list.manner.map(|manner| format!(", {manner}"));
        let line = |line: tree::CodeLine| {
            let (standing, word) = match line.billable {
                Some(true) => ("billable", standing_words(true)),
                Some(false) => ("header", standing_words(false)),
                None => ("", ""),
            };
            CodeLine {
                href: address::code(line.code.code_set(), &line.code, day),
                code: line.code.to_string(),
                title: line.title,
                standing,
                word: word.to_owned(),
                remark: plain_words(&line.remark),
            }
        };
        CodeList {
            manner: manner.unwrap_or_default(),
            ..CodeList::new(heading, list.lines.into_iter().map(line).collect())
        }
    }

    pub(super) fn count(&self) -> usize {
        self.lines.len() + self.rest.len() + self.left_out
    }
}

/// The verdict as a page shows it.
pub(super) struct VerdictView {
    pub(super) name: &'static str,
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
    pub(super) day: NaiveDate,
    /// What there is to say, a sentence each.
    pub(super) said: Vec<Text>,
    /// What to use, or to look at, instead.
    pub(super) lists: Vec<CodeList>,
    /// A day on which the answer is another, with its address and words.
    pub(super) elsewhere: Vec<(String, String)>,
    pub(super) warnings: Vec<String>,
}

impl VerdictView {
    pub(super) fn new(answer: &Answer) -> VerdictView {
        let mut view = VerdictView {
            name: answer.verdict.name(),
            word: verdict::words(answer.verdict.kind()).headline,
            meaning: verdict::meaning(&answer.verdict),
            day: answer.date,
            said: Vec::new(),
            lists: Vec::new(),
            elsewhere: Vec::new(),
            warnings: answer.warnings.iter().map(ToString::to_string).collect(),
        };
        if matches!(answer.verdict, Verdict::Billable { .. }) {
            view.said
                .push("May be reported on a claim with this date of service.".into());
        }
        let refused = answer.pcs.as_ref().and_then(refused_character);
        view.said.extend(refused.map(|said| Text::prose(&[said])));
        for block in explain(answer) {
            match block {
                Block::Sentence(clauses) => view.said.push(Text::prose(&clauses)),
                Block::Codes(list) => view.lists.push(CodeList::of(list, answer.date)),
                other => debug_assert!(false, "a page does not say {other:?}"),
            }
        }
        if let (Some(code), Some(day)) = (&answer.code, other_day(&answer.verdict)) {
            let href = address::code(answer.code_set, code, day);
            view.elsewhere
                .push((href, format!("See it on {}", long_day(day))));
        }
        view
    }
}

/// Returns the address of a code that a sentence names, on the day of the page.
pub(super) fn code_href(code: &Code, day: &NaiveDate) -> String {
    address::code(code.code_set(), code, *day)
}

/// Returns a day on which the answer is another.
fn other_day(verdict: &Verdict) -> Option<NaiveDate> {
    match verdict {
        Verdict::NotYetEffective { first_day, .. } => Some(*first_day),
        Verdict::Deleted { last_day, .. } => Some(*last_day),
        Verdict::NotInForce { in_force_from, .. } => Some(*in_force_from),
        Verdict::NotCovered { previous, .. } => previous.as_ref().map(|(_, last_day)| *last_day),
        Verdict::Billable { .. } | Verdict::Header { .. } | Verdict::Unknown { .. } => None,
    }
}
