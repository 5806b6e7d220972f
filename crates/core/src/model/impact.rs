//! What a release breaks for one user: the changes weighed by how often a file uses the codes.

#![allow(
    clippy::indexing_slicing,
    reason = "a partition point is never past the end"
)]

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use strum::IntoStaticStr;

use crate::model::{Change, ChangeKind, ChangeLineage, Code, LineageWay, named};

named!(Severity, Relation);

/// How much a change matters to somebody who uses a code, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Severity {
    /// A code in use was deleted or became a header: what was submitted is no longer valid.
    Breaking,
    /// A code in use changed in any other way: another title, became billable, is new.
    Review,
    /// A code that is not in use is new or became billable beside, below or in place of one that is.
    Info,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Severity; 3] = [Severity::Breaking, Severity::Review, Severity::Info];

    /// Returns the severity of a change of a code that is itself in use.
    pub fn of(kind: ChangeKind) -> Severity {
        match kind {
            ChangeKind::Deleted | ChangeKind::BecameHeader => Severity::Breaking,
            ChangeKind::New
            | ChangeKind::BecameBillable
            | ChangeKind::Revised
            | ChangeKind::ShortTitleOnly
            | ChangeKind::SpacingOnly => Severity::Review,
        }
    }
}

/// How often a file uses each code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Each text that has the shape of a code, normalised, with the number of cells that hold it.
    pub codes: BTreeMap<Code, u64>,
    /// Cells with a text that cannot be a code. They are counted and never kept.
    pub no_codes: u64,
    /// Codes of another code set, or that may be of one: counted, and not weighed.
    pub of_other_sets: u64,
    /// Rows that were counted, the header aside.
    pub rows: u64,
    /// Rows with more fields than the header, or too few for the columns of codes. Which of their fields is
    /// the code nobody knows, so none of them was counted.
    pub ragged_rows: u64,
    /// The line of the first of these.
    pub first_ragged_line: Option<u64>,
    /// What else could not be read: cells, records, claims.
    pub unread: u64,
    /// How many columns were counted; 0 of a format that has none.
    pub columns: u64,
}

impl Usage {
    /// Counts the uses of all codes.
    pub fn uses(&self) -> u64 {
        self.codes.values().sum()
    }
}

/// A code of the file, and where it stands in the two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedCode {
    /// The code.
    pub code: Code,
    /// How often it is used.
    pub uses: u64,
    /// Where it stands.
    pub standing: UsedStanding,
    /// Whether no release of the two that lists it has it as billable.
    pub is_header: bool,
}

/// Where a code of the file stands in the two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedStanding {
    /// At least one of the two lists it, within the ranges asked for.
    Listed,
    /// At least one of the two lists it, outside the ranges asked for.
    Outside,
    /// Neither lists it; another loaded release does.
    InNeither,
    /// No loaded release lists it.
    NeverListed,
}

/// Why a change matters to somebody who uses a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Relation {
    /// The changed code is the one in use.
    Itself,
    /// A conversion table leads from the code in use to the changed one.
    Successor,
    /// The changed code stands below the one in use.
    Below,
    /// Both stand directly under the same code: the nearest above each that one of the releases lists.
    Beside,
}

impl Relation {
    /// Returns the words that lead from the changed code to those in use: `previous code`.
    pub fn words(self) -> &'static str {
        match self {
            Relation::Itself => "is",
            Relation::Successor => "previous code",
            Relation::Below => "subcode of",
            Relation::Beside => "related to",
        }
    }
}

/// A code in use that a change touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = TouchJson))]
pub struct Touch {
    /// Why it is touched.
    pub relation: Relation,
    /// The code in use.
    #[serde(flatten, serialize_with = "crate::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::model::BothForms))]
    pub code: Code,
    /// How often it is used.
    pub uses: u64,
}

/// What one change means to the user of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The place of the change among the changes that were kept.
    pub change: usize,
    /// How grave it is.
    pub severity: Severity,
    /// Uses of the codes that it touches, together.
    pub uses: u64,
    /// These codes: by relation, then the most used first. Of a code in use itself only that one.
    pub touches: Vec<Touch>,
}

/// A number of distinct codes and of their uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = UseCountJson))]
pub struct UseCount {
    /// Distinct codes.
    pub codes: u64,
    /// Their uses.
    pub uses: u64,
}

impl UseCount {
    fn add(&mut self, uses: u64) {
        self.codes += 1;
        self.uses += uses;
    }
}

/// What a release breaks for one user.
///
/// Each code of the file counts once: by the gravest change that touches it, or as untouched, outside,
/// in neither release or never listed. So these add up to all uses of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// The changes that touch a code in use: the gravest first, then the most used, then as in the book.
    pub effects: Vec<Effect>,
    /// The codes in use that each severity touches, in the order of [`Severity::ALL`].
    pub severities: [UseCount; 3],
    /// Codes in use that no change touches.
    pub untouched: UseCount,
    /// Of these, those that are headers in both releases, with their uses: they can be reported in neither.
    pub headers: Vec<(Code, u64)>,
    /// Codes in use outside the ranges that the question was narrowed to.
    pub outside: UseCount,
    /// Codes in use that neither release lists and another loaded one does, with their uses.
    pub in_neither: Vec<(Code, u64)>,
    /// Texts with the shape of a code that no loaded release lists. They are counted and never shown: the
    /// wrong column of a file may hold patient data.
    pub never_listed: UseCount,
    /// All codes in use.
    pub all: UseCount,
    /// Changes that touch no code in use.
    pub left_out: u64,
    /// Cells with a text that cannot be a code.
    pub no_codes: u64,
    /// Codes of another code set: [`Usage::of_other_sets`].
    pub of_other_sets: u64,
    /// Rows that were counted.
    pub rows: u64,
    /// Rows that could not be counted, because they have another number of fields than the header.
    pub ragged_rows: u64,
    /// The line of the first of these.
    pub first_ragged_line: Option<u64>,
    /// What else could not be read: [`Usage::unread`].
    pub unread: u64,
    /// How many columns were counted; 0 of a format that has none.
    pub columns: u64,
}

impl Impact {
    /// Counts the codes in use that a severity touches and no graver one.
    pub fn count(&self, severity: Severity) -> UseCount {
        self.severities[severity as usize]
    }

    /// Counts the codes in use that neither release lists, named and not.
    pub fn unknown(&self) -> UseCount {
        let mut unknown = self.never_listed;
        for (_, uses) in &self.in_neither {
            unknown.add(*uses);
        }
        unknown
    }

    /// Returns the effects of one severity, in their order.
    pub fn of(&self, severity: Severity) -> &[Effect] {
        let first = self.effects.partition_point(|one| one.severity < severity);
        let after = self.effects.partition_point(|one| one.severity <= severity);
        &self.effects[first..after]
    }

    /// Checks whether a code in use is touched by this severity or a graver one.
    pub fn reaches(&self, severity: Severity) -> bool {
        self.effects.iter().any(|one| one.severity <= severity)
    }
}

/// Weighs changes by the codes in use: gives those that touch one, in the order of the book, and what they
/// mean.
///
/// A change of a code in use is [`Severity::Breaking`] or [`Severity::Review`] by its kind. A code that is
/// not in use and that is new, or became billable, is [`Severity::Info`] if it is related to one in use by
/// [`Relation`]. Every other change is left out and counted. `parent_of` gives the nearest code above
/// another one that either release lists; categories have none.
pub fn weigh(
    changes: Vec<Change>,
    lineage: &BTreeMap<Code, ChangeLineage>,
    usage: &Usage,
    used: &[UsedCode],
    parent_of: &dyn Fn(&Code) -> Option<Code>,
) -> (Vec<Change>, Impact) {
    let book = UsedBook::new(lineage, used, parent_of);
    let mut impact = Impact {
        no_codes: usage.no_codes,
        of_other_sets: usage.of_other_sets,
        rows: usage.rows,
        ragged_rows: usage.ragged_rows,
        first_ragged_line: usage.first_ragged_line,
        unread: usage.unread,
        columns: usage.columns,
        ..Impact::default()
    };
    let mut kept = Vec::new();
    let mut gravest: BTreeMap<Code, Severity> = BTreeMap::new();
    for change in changes {
        let (severity, touches) = book.touches(&change, parent_of);
        if touches.is_empty() {
            impact.left_out += 1;
            continue;
        }
        for touch in &touches {
            let known = gravest.entry(touch.code).or_insert(severity);
            *known = severity.min(*known);
        }
        impact.effects.push(Effect {
            change: kept.len(),
            severity,
            uses: touches.iter().map(|touch| touch.uses).sum(),
            touches,
        });
        kept.push(change);
    }
    impact
        .effects
        .sort_by_key(|one| (one.severity, std::cmp::Reverse(one.uses), one.change));
    for one in used {
        impact.all.add(one.uses);
        match (one.standing, gravest.get(&one.code)) {
            (UsedStanding::Listed, Some(severity)) => {
                if let Some(count) = impact.severities.get_mut(*severity as usize) {
                    count.add(one.uses);
                }
            }
            (UsedStanding::Listed, None) => {
                impact.untouched.add(one.uses);
                if one.is_header {
                    impact.headers.push((one.code, one.uses));
                }
            }
            (UsedStanding::Outside, _) => impact.outside.add(one.uses),
            (UsedStanding::InNeither, _) => impact.in_neither.push((one.code, one.uses)),
            (UsedStanding::NeverListed, _) => impact.never_listed.add(one.uses),
        }
    }
    for named in [&mut impact.in_neither, &mut impact.headers] {
        named.sort_by_key(|(code, uses)| (std::cmp::Reverse(*uses), *code));
    }
    (kept, impact)
}

/// The codes in use, to be found by what a changed code is to them.
struct UsedBook {
    uses: BTreeMap<Code, u64>,
    /// The codes in use from which conversion tables lead to a code.
    predecessors: BTreeMap<Code, BTreeSet<Code>>,
    /// The codes in use by the nearest code above them.
    children: BTreeMap<Code, Vec<Code>>,
}

impl UsedBook {
    fn new(
        lineage: &BTreeMap<Code, ChangeLineage>,
        used: &[UsedCode],
        parent_of: &dyn Fn(&Code) -> Option<Code>,
    ) -> UsedBook {
        let listed = used
            .iter()
            .filter(|one| one.standing == UsedStanding::Listed);
        let uses: BTreeMap<Code, u64> = listed.map(|one| (one.code, one.uses)).collect();
        let mut predecessors: BTreeMap<Code, BTreeSet<Code>> = BTreeMap::new();
        for (code, lineage) in lineage {
            for end in &lineage.ends {
                let (old, new) = match lineage.way {
                    LineageWay::Forward => (*code, end.code),
                    LineageWay::Back => (end.code, *code),
                };
                if uses.contains_key(&old) {
                    predecessors.entry(new).or_default().insert(old);
                }
            }
        }
        let mut children: BTreeMap<Code, Vec<Code>> = BTreeMap::new();
        for code in uses.keys() {
            if let Some(parent) = parent_of(code) {
                children.entry(parent).or_default().push(*code);
            }
        }
        UsedBook {
            uses,
            predecessors,
            children,
        }
    }

    fn touches(
        &self,
        change: &Change,
        parent_of: &dyn Fn(&Code) -> Option<Code>,
    ) -> (Severity, Vec<Touch>) {
        let code = change.code;
        if let Some(uses) = self.uses.get(&code) {
            let touch = Touch {
                relation: Relation::Itself,
                code,
                uses: *uses,
            };
            return (Severity::of(change.kind), vec![touch]);
        }
        if !matches!(change.kind, ChangeKind::New | ChangeKind::BecameBillable) {
            return (Severity::Info, Vec::new());
        }
        // A code in use is named once, by the nearest relation.
        let mut related: BTreeMap<Code, Relation> = BTreeMap::new();
        for old in self.predecessors.get(&code).into_iter().flatten() {
            related.insert(*old, Relation::Successor);
        }
        for above in code.above() {
            if self.uses.contains_key(&above) {
                related.entry(above).or_insert(Relation::Below);
            }
        }
        let beside = parent_of(&code).and_then(|parent| self.children.get(&parent));
        for sibling in beside.into_iter().flatten() {
            related.entry(*sibling).or_insert(Relation::Beside);
        }
        let mut touches: Vec<Touch> = related
            .into_iter()
            .filter_map(|(code, relation)| {
                let uses = *self.uses.get(&code)?;
                Some(Touch {
                    relation,
                    code,
                    uses,
                })
            })
            .collect();
        touches.sort_by_key(|one| (one.relation, std::cmp::Reverse(one.uses), one.code));
        (Severity::Info, touches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodeSet, Entry};

    fn code(text: &str) -> Code {
        CodeSet::Icd10Cm.parse_code(text).unwrap()
    }

    fn entry(text: &str, billable: bool, title: &str) -> Option<Entry> {
        Some(Entry {
            code: code(text),
            billable,
            short_title: title.to_owned(),
            long_title: title.to_owned(),
        })
    }

    /// One change of each kind, in a book of A00, B00 and C00.
    fn changes() -> Vec<Change> {
        let all = [
            (entry("A00.0", true, "a"), None),
            (entry("A00.1", true, "a"), entry("A00.1", false, "a")),
            (None, entry("A00.11", true, "a")),
            (None, entry("A00.2", true, "a")),
            (entry("B00.0", true, "a"), entry("B00.0", true, "b")),
            (entry("B00.1", false, "a"), entry("B00.1", true, "a")),
            (entry("B00.2", true, "a b"), entry("B00.2", true, "a, b")),
            (None, entry("C00.1", true, "a")),
        ];
        all.into_iter()
            .filter_map(|(old, new)| Change::classify(old, new))
            .collect()
    }

    fn weighed(uses: &[(&str, u64)]) -> (Vec<Change>, Impact) {
        let standing = |text: &str| match text {
            "Z00" => UsedStanding::Outside,
            "Y00" => UsedStanding::InNeither,
            "X00" => UsedStanding::NeverListed,
            _ => UsedStanding::Listed,
        };
        let used: Vec<UsedCode> = uses
            .iter()
            .map(|(text, uses)| UsedCode {
                code: code(text),
                uses: *uses,
                standing: standing(text),
                is_header: *text == "D00",
            })
            .collect();
        let usage = Usage {
            codes: used.iter().map(|one| (one.code, one.uses)).collect(),
            ..Usage::default()
        };
        let parent_of = |code: &Code| (code.len() > 3).then(|| code.prefix(code.len() - 1));
        weigh(changes(), &BTreeMap::new(), &usage, &used, &parent_of)
    }

    fn words(changes: &[Change], impact: &Impact) -> Vec<String> {
        let effects = impact.effects.iter().map(|effect| {
            let touches: Vec<String> = effect
                .touches
                .iter()
                .map(|touch| format!("{} {}", touch.relation.name(), touch.code.as_str()))
                .collect();
            let code = changes[effect.change].code;
            format!(
                "{} {} {} ({})",
                effect.severity.name(),
                code.as_str(),
                effect.uses,
                touches.join(", ")
            )
        });
        effects.collect()
    }

    #[test]
    fn the_kind_of_change_of_a_code_in_use_tells_how_grave_it_is() {
        let (kept, impact) = weighed(&[
            ("A00.0", 1),
            ("A00.1", 7),
            ("B00.0", 2),
            ("B00.1", 2),
            ("B00.2", 3),
            ("C00.1", 1),
        ]);
        assert_eq!(
            words(&kept, &impact),
            [
                "breaking A001 7 (itself A001)",
                "breaking A000 1 (itself A000)",
                "review B002 3 (itself B002)",
                "review B000 2 (itself B000)",
                "review B001 2 (itself B001)",
                "review C001 1 (itself C001)",
                "info A002 8 (beside A001, beside A000)",
                "info A0011 7 (below A001)",
            ]
        );
        let breaking = UseCount { codes: 2, uses: 8 };
        assert_eq!(impact.count(Severity::Breaking), breaking);
        assert_eq!(impact.count(Severity::Review).codes, 4);
        assert_eq!(impact.count(Severity::Info), UseCount::default());
        assert_eq!(impact.left_out, 0);
    }

    #[test]
    fn a_new_code_matters_below_or_beside_one_in_use_only() {
        let (kept, impact) = weighed(&[("A00", 5), ("B00.9", 1), ("D00", 1)]);
        assert_eq!(
            words(&kept, &impact),
            [
                "info A0011 5 (below A00)",
                "info A002 5 (below A00)",
                "info B001 1 (beside B009)",
            ]
        );
        assert_eq!(impact.left_out, 5);
        assert_eq!(impact.untouched, UseCount { codes: 1, uses: 1 });
        assert!(!impact.reaches(Severity::Review) && impact.reaches(Severity::Info));
    }

    #[test]
    fn every_use_counts_once() {
        let uses = [
            ("A00.0", 1),
            ("A00.9", 10),
            ("B00.0", 100),
            ("D00", 1000),
            ("X00", 10_000),
            ("Y00", 100_000),
            ("Z00", 1_000_000),
        ];
        let (_, impact) = weighed(&uses);
        let severities: u64 = impact.severities.iter().map(|one| one.uses).sum();
        assert_eq!(severities, 111);
        let others = [impact.untouched, impact.outside, impact.unknown()];
        assert_eq!(others.map(|one| one.uses), [1000, 1_000_000, 110_000]);
        assert_eq!(
            impact.all,
            UseCount {
                codes: 7,
                uses: 1_111_111
            }
        );
        assert_eq!(impact.in_neither, [(code("Y00"), 100_000)]);
        assert_eq!(impact.headers, [(code("D00"), 1000)]);
    }

    #[test]
    fn nothing_in_use_is_nothing_touched() {
        let (kept, impact) = weighed(&[]);
        assert!(kept.is_empty() && impact.effects.is_empty());
        assert_eq!(impact.left_out, 8);
    }
}
