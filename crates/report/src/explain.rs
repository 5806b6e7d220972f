//! What a verdict says: its sentences, and the codes to use instead. Every format renders these blocks.

use crate::lineage::{groups, kind_label, row_of};
use crate::tree::{Block, CodeLine, CodeList, Text, Tone};
use crate::verdict::in_force;
use codeyear_core::answer::{how_to_get, last_state};
use codeyear_core::model::{
    Answer, Entry, Fate, LineageLink, PcsPage, Retirement, Successor, UnknownReason, Verdict,
};

/// Returns what there is to say of an answer beside its verdict: in which order, and which codes to use or to look at.
pub(crate) fn explain(answer: &Answer) -> Vec<Block<'static>> {
    let mut said = Explanation::default();
    match &answer.verdict {
        Verdict::Billable { .. } => {}
        Verdict::Header { billable_below, .. } => {
            let mut heading = "billable subcodes";
            if let Some(retirement) = &answer.retirement {
                said.retirement(retirement);
                heading = "other billable subcodes";
            }
            said.entries(heading, &answer.not_named(billable_below));
        }
        Verdict::NotYetEffective {
            first_day, exact, ..
        } => {
            if *exact {
                said.sentence(Text::from("it takes effect on ").day(*first_day));
            } else {
                let first = Text::from("first found in the release effective ");
                let before = "an earlier release is not loaded and may list it sooner";
                said.clauses(vec![first.day(*first_day), before.into()]);
            }
        }
        Verdict::Deleted {
            last_day,
            exact,
            listed_again,
            new_beside,
            siblings,
            ..
        } => {
            said.sentence(if *exact {
                Text::from("last valid date: ").day(*last_day)
            } else {
                Text::from("last found in the release in force through ")
                    .day(*last_day)
                    .words("; the next release is not loaded")
            });
            if let Some(day) = listed_again {
                said.sentence(Text::from("it is listed again from ").day(*day));
            }
            let mut others = answer.not_named(siblings);
            if let Some(retirement) = &answer.retirement {
                said.retirement(retirement);
            } else {
                said.entries(
                    "new codes in the same category when it was deleted",
                    new_beside,
                );
                others.retain(|entry| !new_beside.contains(entry));
            }
            said.entries("related codes in the same category", &others);
        }
        Verdict::Unknown { reason } => said.unknown(reason),
        Verdict::NotInForce {
            in_force_from,
            listed_by,
        } => {
            said.sentence(in_force(answer.code_set, *in_force_from));
            if let Some((release, entry)) = listed_by {
                let what = if entry.billable {
                    "a billable code"
                } else {
                    "a header"
                };
                said.sentence(format!(
                    "{release} was published for this date and lists it as {what}, but was not valid for HIPAA transactions"
                ));
            }
        }
        Verdict::NotCovered {
            needed,
            previous,
            last,
        } => {
            if let Some((release, last_day)) = previous {
                let newest =
                    format!("latest release loaded before this date: {release}, in force through ");
                let state = format!("; {}", last_state(last.as_ref()));
                said.sentence(Text::from(newest).day(*last_day).words(state));
            }
            let how = how_to_get(answer.code_set, *needed, answer.download.as_deref());
            said.sentence(format!("to answer this date, import {needed}: {how}"));
        }
    }
    said.blocks
}

/// Returns that a character of a code of ICD-10-PCS cannot be what it is.
pub(crate) fn refused_character(pcs: &PcsPage) -> Option<Text> {
    let last = pcs.characters.last().filter(|last| last.label.is_none())?;
    let cannot = format!(
        "not a valid value for character {} ({}): ",
        last.position, last.axis
    );
    Some(Text::from(cannot).toned(last.character.to_string(), Tone::Strong))
}

#[derive(Default)]
struct Explanation {
    blocks: Vec<Block<'static>>,
}

impl Explanation {
    fn clauses(&mut self, clauses: Vec<Text>) {
        self.blocks.push(Block::Sentence(clauses));
    }

    fn sentence(&mut self, text: impl Into<Text>) {
        self.clauses(vec![text.into()]);
    }

    fn entries(&mut self, heading: impl Into<Text>, entries: &[Entry]) {
        if !entries.is_empty() {
            let list = CodeList::of_entries(heading, entries);
            self.blocks.push(Block::Codes(list));
        }
    }

    fn unknown(&mut self, reason: &UnknownReason) {
        match reason {
            UnknownReason::Malformed { reason } => self.sentence(reason.to_string()),
            UnknownReason::MissingSeventhCharacter { options } => {
                self.entries("7th character missing; complete codes", options);
            }
            UnknownReason::NotListed { parent, nearest } => {
                if let Some(parent) = parent {
                    let what = if parent.billable {
                        "billable, no subcodes"
                    } else {
                        "a header"
                    };
                    let above = Text::from("next level up: ").code(parent.code);
                    self.sentence(above.words(format!(" ({what}): {}", parent.long_title)));
                }
                self.entries("nearest codes", nearest);
            }
        }
    }

    /// Writes what became of a code that can no longer be reported.
    fn retirement(&mut self, retirement: &Retirement) {
        // Of a deleted code the last day has been said.
        if retirement.fate == Fate::BecameHeader {
            self.sentence(match retirement.missing_between() {
                Some(missing) => Text::default().toned(format!("it was {missing}"), Tone::Doubtful),
                None => Text::from("it was billable through ").day(retirement.last_day),
            });
        }
        if !retirement.successors.is_empty() {
            self.blocks.push(Block::Codes(CodeList {
                heading: "replaced by".into(),
                manner: retirement.kind.map(kind_label),
                lines: retirement.successors.iter().map(successor).collect(),
                is_whole: false,
            }));
            return;
        }
        self.sentence(match retirement.table {
            Some(table) => format!("no replacement listed in the {table} conversion table"),
            None => "no conversion table loaded for this date: replacement not known".to_owned(),
        });
        if !retirement.guess.is_empty() {
            let guess = Text::default().toned("suggestion:", Tone::Doubtful);
            let heading = guess.words(" codes added at the same location on that date");
            self.blocks.push(Block::Codes(CodeList {
                is_whole: true,
                ..CodeList::of_entries(heading, &retirement.guess)
            }));
        }
    }
}

fn successor(successor: &Successor) -> CodeLine {
    let steps = successor.steps.iter();
    let from = |step: &LineageLink| Text::from(format!("{} from ", row_of(step))).code(step.old);
    let with = successor
        .steps
        .iter()
        .filter(|step| !step.together_with.is_empty());
    let with = with.map(|step| Text::from("only together with ").text(groups(&step.together_with)));
    let (title, billable) = match &successor.entry {
        Some(entry) => (entry.long_title.clone(), Some(entry.billable)),
        None => ("not listed on this date".to_owned(), None),
    };
    CodeLine {
        code: successor.code,
        title,
        billable,
        remark: Text::joined(steps.map(from).chain(with), "; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;
    use crate::render::text;
    use crate::testing::day;
    use crate::tree::Report;
    use codeyear_core::model::CodeSet;

    #[test]
    fn a_guess_of_a_procedure_has_no_dot() {
        let mut said = Explanation::default();
        said.retirement(&Retirement {
            retired_from: day("2017-10-01"),
            last_day: day("2017-09-30"),
            fate: Fate::Deleted,
            kind: None,
            table: None,
            successors: Vec::new(),
            guess: vec![Entry {
                code: CodeSet::Icd10Pcs.parse_code("0D9U00Z").unwrap(),
                billable: true,
                short_title: String::new(),
                long_title: "Drainage of Omentum with Drainage Device, Open Approach".to_owned(),
            }],
        });
        let report = Report {
            blocks: said.blocks,
        };
        insta::assert_snapshot!(text(&report, Style::PLAIN), @"
        no conversion table loaded for this date: replacement not known
        suggestion: codes added at the same location on that date (1):
          0D9U00Z  Drainage of Omentum with Drainage Device, Open Approach
        ");
    }
}
