//! The official addenda of an order file, and its replay on a base release.

use std::collections::BTreeMap;
use strum::{EnumString, IntoStaticStr};

use crate::model::{Code, Entry, named};

named!(AddendaAction);

/// What an addenda line does to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum AddendaAction {
    /// `Add:`
    Add,
    /// `Delete:`
    Delete,
    /// `Revise from:`
    ReviseFrom,
    /// `Revise to:`
    ReviseTo,
}

/// One line of an addenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddendaRow {
    /// The line in the file, counted from 1.
    pub line: u32,
    /// What it does.
    pub action: AddendaAction,
    /// The entry that it adds, deletes, revises from or revises to. ICD-10-PCS addenda carry no
    /// flag: there 3 characters are a header and 7 are billable.
    pub entry: Entry,
}

/// The counts of one footer block, or the same counted from the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddendaCounts {
    /// `Add:` lines.
    pub additions: u64,
    /// `Delete:` lines.
    pub deletions: u64,
    /// `Revise from:` and `Revise to:` pairs.
    pub revisions: u64,
    /// Pairs in which both titles differ.
    pub both_titles: u64,
    /// Pairs in which only the long title differs.
    pub long_only: u64,
    /// Pairs in which only the short title differs.
    pub short_only: u64,
}

/// One block of the footer: of headers or of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FooterBlock {
    /// Rows with this flag in the base, as the footer states.
    pub old_rows: u64,
    /// The name that the footer gives to the base's order file.
    pub old_file: String,
    /// Rows with this flag in the release, as the footer states.
    pub new_rows: u64,
    /// The name that the footer gives to the release's order file.
    pub new_file: String,
    /// The changes.
    pub counts: AddendaCounts,
}

/// An order addenda: the official list of changes from one order file to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addenda {
    /// The lines, in their order.
    pub rows: Vec<AddendaRow>,
    /// The footer: headers, then codes. The ICD-10-PCS errata addenda has none.
    pub footer: Option<[FooterBlock; 2]>,
}

impl Addenda {
    /// Returns how the lines differ from what the footer counts; `None` if they do not. Without a footer nothing says
    /// where the file ends.
    pub fn lacks(&self) -> Option<String> {
        let Some(footer) = &self.footer else {
            return Some("it has no footer".to_owned());
        };
        let mut blocks = footer.iter().zip(self.count()).zip(["headers", "codes"]);
        blocks.find_map(|((block, found), name)| {
            (block.counts != found).then(|| {
                let sum =
                    |counts: &AddendaCounts| counts.additions + counts.deletions + counts.revisions;
                format!(
                    "its footer counts {} changes of {name}, and it has {}",
                    sum(&block.counts),
                    sum(&found)
                )
            })
        })
    }

    /// Counts the lines as the footer does: headers (flag 0), then codes (flag 1).
    pub fn count(&self) -> [AddendaCounts; 2] {
        let mut blocks = [AddendaCounts::default(); 2];
        let mut from: Option<&Entry> = None;
        for row in &self.rows {
            let [headers, codes] = &mut blocks;
            let counts = if row.entry.billable { codes } else { headers };
            match row.action {
                AddendaAction::Add => counts.additions += 1,
                AddendaAction::Delete => counts.deletions += 1,
                AddendaAction::ReviseFrom => from = Some(&row.entry),
                AddendaAction::ReviseTo => {
                    counts.revisions += 1;
                    if let Some(old) = from.take() {
                        let short = old.short_title != row.entry.short_title;
                        let long = old.long_title != row.entry.long_title;
                        match (short, long) {
                            (true, true) => counts.both_titles += 1,
                            (false, true) => counts.long_only += 1,
                            (true, false) => counts.short_only += 1,
                            (false, false) => {}
                        }
                    }
                }
            }
        }
        blocks
    }
}

/// What remains when an addenda is replayed on a base and compared with the release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    /// Codes of the release that base and addenda do not give: unexplained.
    pub missing: Vec<Code>,
    /// Codes that base and addenda give and the release does not list.
    pub surplus: Vec<Code>,
    /// Codes that both give, with another flag or title: as replayed, as the release has it.
    pub differing: Vec<(Entry, Entry)>,
    /// Lines that do not fit the base: an addition of a listed code, a deletion or revision of an
    /// unlisted one, or of one with another entry.
    pub misfits: Vec<u32>,
    /// Where the footer's counts differ from the lines, the base or the release, in words.
    pub footer_differences: Vec<String>,
}

impl Replay {
    /// Checks whether base and addenda give the release exactly, row for row.
    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.differing.is_empty()
    }

    /// Counts the rows that are off.
    pub fn rows_off(&self) -> usize {
        self.missing.len() + self.surplus.len() + self.differing.len()
    }
}

/// Replays an addenda on the rows of its base and compares the outcome with the release's rows.
pub fn replay(addenda: &Addenda, base: &[Entry], release: &[Entry]) -> Replay {
    let mut outcome = Replay::default();
    let mut rows: BTreeMap<Code, &Entry> = base.iter().map(|entry| (entry.code, entry)).collect();
    for row in &addenda.rows {
        let code = row.entry.code;
        let fits = match row.action {
            AddendaAction::Add => rows.insert(code, &row.entry).is_none(),
            AddendaAction::Delete => rows.remove(&code).is_some_and(|old| *old == row.entry),
            AddendaAction::ReviseFrom => rows.get(&code).is_some_and(|old| **old == row.entry),
            AddendaAction::ReviseTo => rows.insert(code, &row.entry).is_some(),
        };
        if !fits {
            outcome.misfits.push(row.line);
        }
    }
    for entry in release {
        match rows.remove(&entry.code) {
            None => outcome.missing.push(entry.code),
            Some(replayed) if replayed != entry => {
                outcome.differing.push((replayed.clone(), entry.clone()));
            }
            Some(_) => {}
        }
    }
    outcome.surplus = rows.into_keys().collect();
    outcome.footer_differences = footer_differences(addenda, base, release);
    outcome
}

fn footer_differences(addenda: &Addenda, base: &[Entry], release: &[Entry]) -> Vec<String> {
    let Some(footer) = &addenda.footer else {
        return Vec::new();
    };
    let count = |rows: &[Entry], billable: bool| {
        rows.iter()
            .filter(|entry| entry.billable == billable)
            .count() as u64
    };
    let counted = addenda.count();
    let mut differences = Vec::new();
    for ((block, counted), (name, billable)) in footer
        .iter()
        .zip(counted)
        .zip([("headers", false), ("codes", true)])
    {
        let pairs = [
            ("in the base", block.old_rows, count(base, billable)),
            ("in the release", block.new_rows, count(release, billable)),
            ("additions", block.counts.additions, counted.additions),
            ("deletions", block.counts.deletions, counted.deletions),
            ("revisions", block.counts.revisions, counted.revisions),
            (
                "revisions of both titles",
                block.counts.both_titles,
                counted.both_titles,
            ),
            (
                "revisions of the long title only",
                block.counts.long_only,
                counted.long_only,
            ),
            (
                "revisions of the short title only",
                block.counts.short_only,
                counted.short_only,
            ),
        ];
        for (what, stated, found) in pairs {
            if stated != found {
                differences.push(format!("{name} {what}: footer {stated}, found {found}"));
            }
        }
    }
    differences
}
