//! The list of diagnoses exempt from reporting whether they were present on admission (POA), and its
//! changes from one release to the next.

use std::collections::BTreeMap;
use strum::IntoStaticStr;

use crate::model::{Code, ReleaseId, is_within, named};
use chrono::NaiveDate;

named!(PoaKind);

/// Which of the files of a POA release it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum PoaKind {
    /// The whole list.
    Full,
    /// Codes added since the list before.
    Add,
    /// Codes deleted since the list before.
    Delete,
    /// Codes whose titles were revised since the list before.
    Revise,
}

/// What a row of a POA file says of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoaAction {
    /// The code is on the list.
    Listed,
    /// The code was added to the list.
    Added,
    /// The code was deleted from the list.
    Deleted,
    /// The title before the revision.
    RevisedFrom,
    /// The title after the revision.
    RevisedTo,
}

/// One row of a POA file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoaRow {
    /// The line in the file, counted from 1.
    pub line: u32,
    /// The order number with its leading zeros, where the file has that column. It is the code's place
    /// in the order file of the same release, and is renumbered every year: never a key.
    pub order: Option<String>,
    /// What the row says of the code.
    pub action: PoaAction,
    /// The code.
    pub code: Code,
    /// The long title, verbatim but for the quotes that the file puts around a comma. Some
    /// titles of FY2017 to FY2019 end with a blank.
    pub title: String,
}

/// A POA file as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoaList {
    /// Which file of its release it is.
    pub kind: PoaKind,
    /// The rows, in the file's order; a revision is two rows, `RevisedFrom` before `RevisedTo`.
    pub rows: Vec<PoaRow>,
}

/// What remains when the changes of a POA release are replayed on the list before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PoaReplay {
    /// Codes of the list that the list before and the changes do not give.
    pub missing: Vec<Code>,
    /// Codes that the list before and the changes give and the list lacks.
    pub surplus: Vec<Code>,
    /// Codes that both give with another title: as replayed, as listed.
    pub differing: Vec<(Code, String, String)>,
    /// Rows that do not fit the list before: the file and the line. An addition of a listed code, a
    /// deletion or revision of an unlisted one or of one with another title.
    pub misfits: Vec<(PoaKind, u32)>,
}

impl PoaReplay {
    /// Checks whether the list before and the changes give the list exactly, titles and all.
    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.differing.is_empty()
    }
}

/// Replays the changes of a POA release on the list before, and compares the outcome with the list.
///
/// Deletions go first, then additions, then revisions, whatever the order of the files.
pub fn replay_poa(before: &PoaList, changes: &[PoaList], release: &PoaList) -> PoaReplay {
    let mut outcome = PoaReplay::default();
    let mut titles: BTreeMap<Code, &str> = before
        .rows
        .iter()
        .map(|row| (row.code, row.title.as_str()))
        .collect();
    for kind in [PoaKind::Delete, PoaKind::Add, PoaKind::Revise] {
        for row in changes
            .iter()
            .filter(|list| list.kind == kind)
            .flat_map(|list| &list.rows)
        {
            let title = row.title.as_str();
            let fits = match row.action {
                PoaAction::Listed => continue,
                PoaAction::Added => titles.insert(row.code, title).is_none(),
                PoaAction::Deleted => titles.remove(&row.code) == Some(title),
                PoaAction::RevisedFrom => titles.get(&row.code) == Some(&title),
                // A code that is not on the list does not come onto it by a new title.
                PoaAction::RevisedTo => titles
                    .get_mut(&row.code)
                    .map(|listed| *listed = title)
                    .is_some(),
            };
            if !fits {
                outcome.misfits.push((kind, row.line));
            }
        }
    }
    for row in &release.rows {
        match titles.remove(&row.code) {
            None => outcome.missing.push(row.code),
            Some(replayed) if replayed != row.title => {
                outcome
                    .differing
                    .push((row.code, replayed.to_owned(), row.title.clone()));
            }
            Some(_) => {}
        }
    }
    outcome.surplus = titles.into_keys().collect();
    outcome
}

/// A stretch of days on which a billable code was, or was not, exempt from reporting whether it was present
/// on admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoaSpan {
    /// Whether it was on the list.
    pub exempt: bool,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub until: NaiveDate,
    /// The release whose list begins the stretch.
    pub first_list: ReleaseId,
    /// The release whose list ends it.
    pub last_list: ReleaseId,
}

impl PoaSpan {
    /// Checks whether a day lies in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        is_within(day, self.from, Some(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;

    fn list(kind: PoaKind, rows: &[(PoaAction, &str, &str)]) -> PoaList {
        let row = |(line, (action, code, title)): (u32, &(PoaAction, &str, &str))| PoaRow {
            line,
            order: None,
            action: *action,
            code: CodeSet::Icd10Cm.parse_code(code).unwrap(),
            title: (*title).to_owned(),
        };
        PoaList {
            kind,
            rows: (2..).zip(rows).map(row).collect(),
        }
    }

    const Z283: (PoaAction, &str, &str) = (PoaAction::Listed, "Z28.3", "Underimmunization status");
    const Z28310: &str = "Unvaccinated for COVID-19";

    #[test]
    fn the_changes_of_a_release_give_its_list() {
        let before = list(PoaKind::Full, &[Z283]);
        let changes = [
            list(PoaKind::Add, &[(PoaAction::Added, "Z28.310", Z28310)]),
            list(PoaKind::Delete, &[(PoaAction::Deleted, "Z28.3", Z283.2)]),
        ];
        let release = list(PoaKind::Full, &[(PoaAction::Listed, "Z28.310", Z28310)]);
        let outcome = replay_poa(&before, &changes, &release);
        assert_eq!(outcome, PoaReplay::default());
        assert!(outcome.is_exact());
    }

    #[test]
    fn what_the_changes_do_not_explain_remains() {
        let before = list(PoaKind::Full, &[Z283]);
        let changes = [list(
            PoaKind::Revise,
            &[(PoaAction::RevisedTo, "Z28.310", Z28310)],
        )];
        let release = list(PoaKind::Full, &[(PoaAction::Listed, "Z28.310", Z28310)]);
        let outcome = replay_poa(&before, &changes, &release);
        let texts = |codes: &[Code]| codes.iter().map(Code::to_owned).collect::<Vec<_>>();
        let code = |text: &str| CodeSet::Icd10Cm.parse_code(text).unwrap();
        assert_eq!(texts(&outcome.missing), [code("Z28.310")]);
        assert_eq!(texts(&outcome.surplus), [code("Z28.3")]);
        assert_eq!(outcome.misfits, [(PoaKind::Revise, 2)]);
    }
}
