//! The verdict on a code, and lists of codes.

use crate::verdict::in_force;
use chrono::NaiveDate;

use super::{address, long_day};
use crate::text::lineage as words;
use crate::{counted, verdict};
use codeyear_core::model::{
    Answer, CodeSet, Conversion, Entry, Fate, LineageLink, Retirement, Successor, UnknownReason,
    Verdict,
};

/// The most codes that a list shows at once.
const SHORT_LIST: usize = 12;
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
        self.word = self.standing.to_owned();
        self
    }
}

/// Codes under a heading, the first of them shown at once.
pub(super) struct CodeList {
    pub(super) heading: String,
    pub(super) lines: Vec<CodeLine>,
    pub(super) rest: Vec<CodeLine>,
    pub(super) left_out: usize,
}

impl CodeList {
    pub(super) fn new(heading: impl Into<String>, mut lines: Vec<CodeLine>) -> CodeList {
        let left_out = lines.len().saturating_sub(LONG_LIST);
        lines.truncate(LONG_LIST);
        let rest = if lines.len() > SHORT_LIST + 2 {
            lines.split_off(SHORT_LIST)
        } else {
            Vec::new()
        };
        CodeList {
            heading: heading.into(),
            lines,
            rest,
            left_out,
        }
    }

    fn of(heading: &str, code_set: CodeSet, entries: &[Entry], day: NaiveDate) -> Option<CodeList> {
        let lines: Vec<CodeLine> = entries
            .iter()
            .map(|entry| CodeLine::new(code_set, entry, day))
            .collect();
        (!lines.is_empty()).then(|| CodeList::new(heading, lines))
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
    pub(super) said: Vec<String>,
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
        view.describe(answer);
        let stop = answer.pcs.as_ref().and_then(|pcs| pcs.characters.last());
        if let Some(stop) = stop.filter(|last| last.label.is_none()) {
            view.said.push(format!(
                "Character {} ({}) cannot be {}.",
                stop.position, stop.axis, stop.character
            ));
        }
        view
    }

    fn describe(&mut self, answer: &Answer) {
        let (code_set, day) = (answer.code_set, answer.date);
        match &answer.verdict {
            Verdict::Billable { .. } => {
                self.said
                    .push("A claim with this date may report it.".to_owned());
            }
            Verdict::Header { billable_below, .. } => {
                let mut heading = "Use a billable code below it";
                if let Some(retirement) = &answer.retirement {
                    self.retirement(retirement, answer);
                    heading = "Other billable codes below it";
                }
                let below = answer.not_named(billable_below);
                self.lists
                    .extend(CodeList::of(heading, code_set, &below, day));
            }
            Verdict::NotYetEffective {
                first_day, exact, ..
            } => {
                self.said.push(if *exact {
                    format!("It takes effect on {}.", long_day(*first_day))
                } else {
                    format!(
                        "The first loaded release that lists it takes effect on {}; a release before that one is not loaded and may list it earlier.",
                        long_day(*first_day)
                    )
                });
                self.link_to_day(answer, *first_day);
            }
            Verdict::Deleted {
                last_day,
                exact,
                listed_again,
                new_beside,
                siblings,
                ..
            } => {
                self.said.push(if *exact {
                    format!("Its last day was {}.", long_day(*last_day))
                } else {
                    format!(
                        "The last loaded release that lists it governed through {}; a release after it is not loaded.",
                        long_day(*last_day)
                    )
                });
                if let Some(again) = listed_again {
                    self.said
                        .push(format!("It is listed again from {}.", long_day(*again)));
                }
                if let Some(retirement) = &answer.retirement {
                    self.retirement(retirement, answer);
                } else {
                    self.lists.extend(CodeList::of(
                        "Codes that came in beside it when it went",
                        code_set,
                        new_beside,
                        day,
                    ));
                }
                let mut others = answer.not_named(siblings);
                if answer.retirement.is_none() {
                    others.retain(|entry| !new_beside.contains(entry));
                }
                self.lists.extend(CodeList::of(
                    "Other billable codes beside it",
                    code_set,
                    &others,
                    day,
                ));
                self.link_to_day(answer, *last_day);
            }
            Verdict::Unknown { reason } => self.unknown(answer, reason),
            Verdict::NotInForce {
                in_force_from,
                listed_by,
            } => {
                let day = long_day(*in_force_from);
                self.said.push(format!("{}.", in_force(code_set, &day)));
                if let Some((release, entry)) = listed_by {
                    let what = if entry.billable {
                        "a billable code"
                    } else {
                        "a header"
                    };
                    self.said.push(format!(
                        "{release} was published for that day and lists it as {what}, but was not valid for HIPAA transactions."
                    ));
                }
                self.link_to_day(answer, *in_force_from);
            }
            Verdict::NotCovered {
                needed,
                previous,
                last,
            } => {
                if let Some((release, last_day)) = previous {
                    self.said.push(format!(
                        "The newest release loaded before it, {release}, governs through {}; {}.",
                        long_day(*last_day),
                        codeyear_core::answer::last_state(last.as_ref())
                    ));
                    self.link_to_day(answer, *last_day);
                }
                self.said.push(match &answer.download {
                    Some(url) => format!("{needed} would answer: it is at {url}."),
                    None => format!(
                        "{needed} would answer: {}.",
                        codeyear_core::answer::how_to_get(answer.code_set, *needed, None)
                    ),
                });
            }
        }
    }

    fn unknown(&mut self, answer: &Answer, reason: &UnknownReason) {
        let (code_set, day) = (answer.code_set, answer.date);
        match reason {
            UnknownReason::Malformed { reason } => self.said.push(format!("{reason}.")),
            UnknownReason::MissingSeventhCharacter { options } => {
                self.lists.extend(CodeList::of(
                    "It lacks its 7th character; with it",
                    code_set,
                    options,
                    day,
                ));
            }
            UnknownReason::NotListed { parent, nearest } => {
                if let Some(parent) = parent {
                    let line = CodeLine::new(code_set, parent, day).standing(parent.billable);
                    self.lists
                        .push(CodeList::new("The code above it", vec![line]));
                }
                self.lists
                    .extend(CodeList::of("Nearest codes", code_set, nearest, day));
            }
        }
    }

    /// Leads to another day.
    fn link_to_day(&mut self, answer: &Answer, day: NaiveDate) {
        if let Some(code) = &answer.code {
            self.elsewhere.push((
                address::code(answer.code_set, code, day),
                format!("See it on {}", long_day(day)),
            ));
        }
    }

    fn retirement(&mut self, retirement: &Retirement, answer: &Answer) {
        let (code_set, day) = (answer.code_set, answer.date);
        if retirement.fate == Fate::BecameHeader {
            self.said.push(match retirement.missing_between() {
                Some(missing) => format!("It was {missing}."),
                None => format!("It was billable through {}.", long_day(retirement.last_day)),
            });
        }
        if !retirement.successors.is_empty() {
            let kind = retirement.kind.map(words::kind_label);
            let heading = match kind {
                Some(kind) => format!("Use instead, by the official conversion tables ({kind})"),
                None => "Use instead, by the official conversion tables".to_owned(),
            };
            let lines = retirement
                .successors
                .iter()
                .map(|successor| successor_line(code_set, successor, day))
                .collect();
            self.lists.push(CodeList::new(heading, lines));
            return;
        }
        self.said.push(match retirement.table {
            Some(table) => format!("The conversion table of {table} names no successor."),
            None => "No conversion table that reaches this day is loaded: no successor is known."
                .to_owned(),
        });
        self.lists.extend(CodeList::of(
            "A guess: codes that came in that day at its place in the tree",
            code_set,
            &retirement.guess,
            day,
        ));
    }
}

fn successor_line(code_set: CodeSet, successor: &Successor, day: NaiveDate) -> CodeLine {
    let (title, standing) = match &successor.entry {
        Some(entry) if entry.billable => (entry.long_title.clone(), "billable"),
        Some(entry) => (entry.long_title.clone(), "header"),
        None => ("not listed on this day".to_owned(), ""),
    };
    let mut remarks: Vec<String> = successor
        .steps
        .iter()
        .map(|step| format!("{} from {}", row_of(step), step.old))
        .collect();
    remarks.extend(
        successor
            .steps
            .iter()
            .filter_map(|step| together(step).map(|with| format!("only together with {with}"))),
    );
    CodeLine {
        href: address::code(code_set, &successor.code, day),
        code: successor.code.to_string(),
        title,
        standing,
        word: standing.to_owned(),
        remark: remarks.join("; "),
    }
}

/// Names the row that says so.
pub(super) fn row_of(link: &LineageLink) -> String {
    format!("{} table row {}", link.table, link.row)
}

/// Names what was reported together with the old code, if anything was.
pub(super) fn together(link: &LineageLink) -> Option<String> {
    (!link.together_with.is_empty())
        .then(|| words::groups(&link.together_with, crate::Style::PLAIN))
}

/// Returns how many codes a conversion led to, and how: `3 codes, split`.
pub(super) fn conversion_words(conversion: &Conversion) -> String {
    format!(
        "{}, {}",
        counted(conversion.successors.len() as u64, "code"),
        words::kind_label(conversion.kind)
    )
}
