//! The rows of the conversion tables that count, and the ways through them from one code to another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::NaiveDate;

use crate::model::{
    Code, Conversion, Fate, Lineage, LineageKind, LineageLink, ListedAs, Previous, ReleaseId,
    TraceEnd, day_before,
};

/// One row of a conversion table, read and expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionFact {
    /// The release whose table it stands in.
    pub table: ReleaseId,
    /// Its row in that table, counted from 1.
    pub row: u32,
    /// The current code.
    pub code: Code,
    /// The first day of the current code.
    pub effective_from: NaiveDate,
    /// What the third cell says.
    pub previous: Previous,
    /// The groups of [`ConversionFact::previous`], each expanded into codes: as many, in the same order.
    pub expanded: Vec<Vec<Code>>,
    /// The third cell, verbatim.
    pub cell: String,
}

/// What the loaded releases say of a code on a day.
pub type ListedOn<'a> = dyn Fn(&Code, NaiveDate) -> ListedAs + 'a;

/// The rows of several tables that count, found by their codes.
#[derive(Debug, Clone)]
pub struct Conversions {
    facts: Vec<ConversionFact>,
    /// Where a code is named as previous: the fact and the group.
    by_old: BTreeMap<Code, Vec<(usize, usize)>>,
    by_new: BTreeMap<Code, Vec<usize>>,
}

impl Conversions {
    /// Makes one of the rows of any tables, in any order.
    ///
    /// The tables are cumulative, and later ones correct earlier ones: I82.451 came from I80.491 by
    /// FY2020's table and from I82.491 by the next. So of one code and day the rows of the newest table
    /// that has any count; a row that only an older table has stays. Rows that say the same twice
    /// (O44.20) count once.
    pub fn new(mut facts: Vec<ConversionFact>) -> Conversions {
        let key = |fact: &ConversionFact| (fact.code, fact.effective_from);
        let mut newest: BTreeMap<(Code, NaiveDate), ReleaseId> = BTreeMap::new();
        for fact in &facts {
            let table = newest.entry(key(fact)).or_insert(fact.table);
            *table = (*table).max(fact.table);
        }
        facts.retain(|fact| newest.get(&key(fact)) == Some(&fact.table));
        facts.sort_by_key(|fact| (fact.code, fact.effective_from, fact.row));
        facts.dedup_by(|next, first| key(next) == key(first) && next.previous == first.previous);
        let mut by_old: BTreeMap<Code, Vec<(usize, usize)>> = BTreeMap::new();
        let mut by_new: BTreeMap<Code, Vec<usize>> = BTreeMap::new();
        for (index, fact) in facts.iter().enumerate() {
            by_new.entry(fact.code).or_default().push(index);
            for (group, codes) in fact.expanded.iter().enumerate() {
                for code in codes {
                    by_old.entry(*code).or_default().push((index, group));
                }
            }
        }
        Conversions {
            facts,
            by_old,
            by_new,
        }
    }

    /// Returns the rows that count, by code and day.
    pub fn facts(&self) -> &[ConversionFact] {
        &self.facts
    }

    /// Returns where a code came from and what became of it.
    pub fn lineage(&self, code: &Code, listed: &ListedOn<'_>) -> Lineage {
        Lineage {
            code: *code,
            predecessors: self.predecessors(code, listed),
            from_nothing: self
                .rows_of(code)
                .filter(|fact| fact.previous == Previous::None)
                .map(|fact| (fact.effective_from, fact.table, fact.row))
                .collect(),
            conversions: self.conversions_of(code, listed),
        }
    }

    /// Returns the days on which a code, or any that came of it, was converted.
    pub fn days_of(&self, code: &Code) -> BTreeSet<NaiveDate> {
        let mut days = BTreeSet::new();
        let mut entered = BTreeSet::from([*code]);
        let mut open = vec![*code];
        while let Some(code) = open.pop() {
            let found = self.by_old.get(&code).into_iter().flatten();
            for fact in found.filter_map(|(index, _)| self.facts.get(*index)) {
                days.insert(fact.effective_from);
                if entered.insert(fact.code) {
                    open.push(fact.code);
                }
            }
        }
        days
    }

    /// Returns the links to a code from those that came before it, by day and code.
    pub(super) fn predecessors(&self, code: &Code, listed: &ListedOn<'_>) -> Vec<LineageLink> {
        let mut links = Vec::new();
        for fact in self.rows_of(code) {
            for (group, codes) in fact.expanded.iter().enumerate() {
                links.extend(codes.iter().map(|old| link(fact, group, old, listed)));
            }
        }
        links.sort_by_key(|link| (link.effective_from, link.old, link.row));
        links
    }

    /// Lists the rows of a current code.
    pub(super) fn rows_of(&self, code: &Code) -> impl Iterator<Item = &ConversionFact> {
        let indexes = self.by_new.get(code).into_iter().flatten();
        indexes.filter_map(|index| self.facts.get(*index))
    }

    /// Returns the links from a code to the new codes, by day and code.
    fn successors(&self, code: &Code, listed: &ListedOn<'_>) -> Vec<LineageLink> {
        let found = self.by_old.get(code).into_iter().flatten();
        let mut links: Vec<LineageLink> = found
            .filter_map(|(index, group)| Some((self.facts.get(*index)?, *group)))
            .map(|(fact, group)| link(fact, group, code, listed))
            .collect();
        links.sort_by_key(|link| (link.effective_from, link.new, link.row));
        links
    }

    fn conversions_of(&self, code: &Code, listed: &ListedOn<'_>) -> Vec<Conversion> {
        let mut by_day: BTreeMap<NaiveDate, Vec<LineageLink>> = BTreeMap::new();
        for link in self.successors(code, listed) {
            by_day.entry(link.effective_from).or_default().push(link);
        }
        let conversion = |(effective_from, successors): (NaiveDate, Vec<LineageLink>)| Conversion {
            effective_from,
            fate: fate(code, effective_from, listed),
            kind: self.kind(code, effective_from, &successors, listed),
            successors,
        };
        by_day.into_iter().map(conversion).collect()
    }

    fn kind(
        &self,
        code: &Code,
        day: NaiveDate,
        successors: &[LineageLink],
        listed: &ListedOn<'_>,
    ) -> LineageKind {
        if fate(code, day, listed) == Fate::StaysBillable {
            return LineageKind::SplitOff;
        }
        let new: BTreeSet<Code> = successors.iter().map(|link| link.new).collect();
        let others_went_in = new
            .iter()
            .flat_map(|new| self.rows_of(new))
            .filter(|fact| fact.effective_from == day)
            .any(|fact| fact.expanded.iter().flatten().any(|old| old != code));
        match (new.len() > 1, others_went_in) {
            (false, false) => LineageKind::OneToOne,
            (true, false) => LineageKind::Split,
            (false, true) => LineageKind::Merge,
            (true, true) => LineageKind::SplitAndMerge,
        }
    }

    /// Returns the links to what was split off from a code after one day and up to another while it stayed
    /// billable, by day and code.
    pub fn split_off(
        &self,
        code: &Code,
        after: NaiveDate,
        until: NaiveDate,
        listed: &ListedOn<'_>,
    ) -> Vec<LineageLink> {
        let mut links = self.successors(code, listed);
        links.retain(|link| link.effective_from > after && link.effective_from <= until);
        links.retain(|link| link.fate == Fate::StaysBillable);
        links
    }

    /// Follows a code that was used on one day forward to a later day, through as many conversions as it
    /// takes, to every code in which a way ends.
    ///
    /// A code that is billable on the later day ends the way. A code that is not is followed to what it became
    /// when it was retired; what was split off while it stayed billable is no successor, and is in its
    /// [`Lineage`] and in [`Conversions::split_off`]. No code is entered twice, and a way that would only lead
    /// back ends where it would. Two rows of one day are not chained: a code that came in that day was never
    /// used before it.
    pub fn trace(
        &self,
        code: &Code,
        used: NaiveDate,
        until: NaiveDate,
        listed: &ListedOn<'_>,
    ) -> Vec<TraceEnd> {
        let mut ends = Vec::new();
        let mut entered = BTreeSet::from([*code]);
        let mut open: VecDeque<(Code, NaiveDate, Vec<LineageLink>)> =
            VecDeque::from([(*code, used, Vec::new())]);
        while let Some((code, since, steps)) = open.pop_front() {
            let now = listed(&code, until);
            let mut onward = self.successors(&code, listed);
            onward.retain(|link| link.effective_from > since && link.effective_from <= until);
            onward.retain(|link| link.fate != Fate::StaysBillable);
            let goes_back = |link: &LineageLink| {
                link.new == code || steps.iter().any(|step| step.old == link.new)
            };
            if now == ListedAs::Billable || onward.iter().all(goes_back) {
                ends.push(TraceEnd {
                    code,
                    listed: now,
                    steps,
                });
                continue;
            }
            for link in onward {
                if entered.insert(link.new) {
                    let (new, day) = (link.new, link.effective_from);
                    let mut steps = steps.clone();
                    steps.push(link);
                    open.push_back((new, day, steps));
                }
            }
        }
        ends
    }
}

fn link(fact: &ConversionFact, group: usize, old: &Code, listed: &ListedOn<'_>) -> LineageLink {
    let groups = fact.previous.groups().iter().enumerate();
    LineageLink {
        old: *old,
        new: fact.code,
        effective_from: fact.effective_from,
        table: fact.table,
        row: fact.row,
        cell: fact.cell.clone(),
        is_named: fact.previous.names(old),
        together_with: groups
            .filter(|(index, _)| *index != group)
            .map(|(_, group)| group.clone())
            .collect(),
        fate: fate(old, fact.effective_from, listed),
        new_listed: listed(&fact.code, fact.effective_from),
    }
}

fn fate(old: &Code, day: NaiveDate, listed: &ListedOn<'_>) -> Fate {
    match (listed(old, day_before(day)), listed(old, day)) {
        (ListedAs::NotCovered, _) | (_, ListedAs::NotCovered) => Fate::NotCovered,
        (ListedAs::Header | ListedAs::Unlisted, _) => Fate::WasNotBillable,
        (ListedAs::Billable, ListedAs::Billable) => Fate::StaysBillable,
        (ListedAs::Billable, ListedAs::Header) => Fate::BecameHeader,
        (ListedAs::Billable, ListedAs::Unlisted) => Fate::Deleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PreviousGroup;
    use crate::model::{CodeSet, PreviousPart};

    fn code(text: &str) -> Code {
        CodeSet::Icd10Cm.parse_code(text).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A row whose third cell joins codes by `and` or by commas.
    fn row(table: &str, row: u32, new: &str, from: &str, cell: &str) -> ConversionFact {
        let codes = |separator: &str| cell.split(separator).map(code).collect::<Vec<_>>();
        let expanded: Vec<Vec<Code>> = if cell == "None" {
            Vec::new()
        } else if cell.contains(" and ") {
            codes(" and ").into_iter().map(|one| vec![one]).collect()
        } else {
            vec![codes(", ")]
        };
        let group = |codes: &Vec<Code>| PreviousGroup {
            alternatives: codes.iter().copied().map(PreviousPart::Code).collect(),
        };
        ConversionFact {
            table: table.parse().unwrap(),
            row,
            code: code(new),
            effective_from: day(from),
            previous: if expanded.is_empty() {
                Previous::None
            } else {
                Previous::Codes {
                    groups: expanded.iter().map(group).collect(),
                }
            },
            expanded,
            cell: cell.to_owned(),
        }
    }

    fn news(links: &[LineageLink]) -> Vec<&str> {
        links.iter().map(|link| link.new.as_str()).collect()
    }

    fn olds(links: &[LineageLink]) -> Vec<&str> {
        links.iter().map(|link| link.old.as_str()).collect()
    }

    /// Low back pain and its like as the releases list them.
    fn listed(code: &Code, on: NaiveDate) -> ListedAs {
        let from = |first: &str| {
            if on >= day(first) {
                ListedAs::Billable
            } else {
                ListedAs::Unlisted
            }
        };
        let until = |end: &str, then: ListedAs| {
            if on < day(end) {
                ListedAs::Billable
            } else {
                then
            }
        };
        match code.as_str() {
            "M545" => until("2021-10-01", ListedAs::Header),
            "M5450" | "M5451" | "M5459" => from("2021-10-01"),
            "U071" => from("2020-04-01"),
            "B9729" | "G5601" | "G5602" | "G5603" => ListedAs::Billable,
            "I82451" => from("2019-10-01"),
            "I82491" => ListedAs::Billable,
            "T404X1A" => until("2020-10-01", ListedAs::Unlisted),
            "T40411A" | "T40491A" | "T40421A" => from("2020-10-01"),
            "K5903" => from("2016-10-01"),
            "Z408" => until("2025-10-01", ListedAs::Header),
            "Z4089" | "Z8044" => from("2025-10-01"),
            "Z283" => until("2022-04-01", ListedAs::Header),
            "Z28310" | "Z28311" | "Z2839" => from("2022-04-01"),
            _ => ListedAs::Unlisted,
        }
    }

    #[test]
    fn a_header_in_the_making_is_a_split_and_each_new_code_knows_where_it_came_from() {
        let conversions = Conversions::new(vec![
            row("FY2026", 1961, "M54.59", "2021-10-01", "M54.5"),
            row("FY2026", 1959, "M54.50", "2021-10-01", "M54.5"),
            row("FY2026", 1960, "M54.51", "2021-10-01", "M54.5"),
        ]);
        let lineage = conversions.lineage(&code("M54.5"), &listed);
        let [conversion] = lineage.conversions.as_slice() else {
            panic!("{lineage:?}");
        };
        assert_eq!(news(&conversion.successors), ["M5450", "M5451", "M5459"]);
        assert_eq!(conversion.kind, LineageKind::Split);
        assert_eq!(conversion.fate, Fate::BecameHeader);
        assert!(conversion.fate.is_retired());
        let lineage = conversions.lineage(&code("M54.51"), &listed);
        let [link] = lineage.predecessors.as_slice() else {
            panic!("{lineage:?}");
        };
        assert_eq!((link.old.as_str(), link.row), ("M545", 1960));
        assert!(link.is_named && link.together_with.is_empty());
        let ends = conversions.trace(
            &code("M54.5"),
            day("2020-03-01"),
            day("2026-01-01"),
            &listed,
        );
        assert_eq!(ends.len(), 3);
        assert!(ends.iter().all(|end| end.listed == ListedAs::Billable));
    }

    #[test]
    fn what_is_split_off_leaves_the_old_code_billable() {
        let conversions =
            Conversions::new(vec![row("FY2026", 4695, "U07.1", "2020-04-01", "B97.29")]);
        let lineage = conversions.lineage(&code("B97.29"), &listed);
        let conversion = lineage.conversions.first().unwrap();
        assert_eq!(conversion.fate, Fate::StaysBillable);
        assert_eq!(conversion.kind, LineageKind::SplitOff);
        assert_eq!(conversion.effective_from, day("2020-04-01"));
        // A code that is still billable needs no successor.
        let ends = conversions.trace(
            &code("B97.29"),
            day("2020-03-01"),
            day("2026-01-01"),
            &listed,
        );
        assert_eq!(ends.len(), 1);
        assert_eq!(ends.first().unwrap().steps, []);
    }

    #[test]
    fn what_was_split_off_while_a_code_stayed_valid_is_no_successor_of_it_when_it_is_retired() {
        let conversions = Conversions::new(vec![
            row("FY2021", 1, "K59.03", "2016-10-01", "T40.4X1A"),
            row("FY2021", 2, "T40.411A", "2020-10-01", "T40.4X1A"),
            row("FY2021", 3, "T40.421A", "2020-10-01", "T40.4X1A"),
        ]);
        let (old, from, to) = (code("T40.4X1A"), day("2015-10-01"), day("2021-10-01"));
        let ends = conversions.trace(&old, from, to, &listed);
        let ends: Vec<&str> = ends.iter().map(|end| end.code.as_str()).collect();
        assert_eq!(ends, ["T40411A", "T40421A"]);
        let split_off = conversions.split_off(&old, from, to, &listed);
        assert_eq!(news(&split_off), ["K5903"]);
        // What came before the stretch of days is not told for it.
        let later = conversions.split_off(&old, day("2016-10-01"), to, &listed);
        assert_eq!(later, []);
        assert_eq!(
            conversions
                .lineage(&old, &listed)
                .conversions
                .first()
                .map(|one| one.kind),
            Some(LineageKind::SplitOff)
        );
    }

    #[test]
    fn two_rows_of_one_day_are_not_chained_in_either_direction() {
        let conversions = Conversions::new(vec![
            row("FY2026", 5700, "Z40.89", "2025-10-01", "Z40.8"),
            row("FY2026", 5808, "Z80.44", "2025-10-01", "Z40.89"),
        ]);
        let (from, to) = (day("2025-04-01"), day("2025-10-01"));
        let back = conversions.trace_back(&code("Z80.44"), from, to, &listed);
        let [end] = back.as_slice() else {
            panic!("{back:?}");
        };
        assert_eq!((end.code.as_str(), end.steps.len()), ("Z4089", 1));
        assert_eq!(end.steps.first().unwrap().fate, Fate::WasNotBillable);
        let back = conversions.trace_back(&code("Z40.89"), from, to, &listed);
        assert_eq!(back.first().unwrap().code.as_str(), "Z408");
        let ends = conversions.trace(&code("Z40.8"), from, to, &listed);
        assert_eq!(ends.first().unwrap().code.as_str(), "Z4089");
    }

    #[test]
    fn codes_that_were_reported_together_say_so() {
        let cell = "G56.01 and G56.02";
        let conversions = Conversions::new(vec![row("FY2026", 821, "G56.03", "2016-10-01", cell)]);
        let lineage = conversions.lineage(&code("G56.03"), &listed);
        assert_eq!(olds(&lineage.predecessors), ["G5601", "G5602"]);
        let other = &lineage.predecessors.first().unwrap().together_with;
        assert_eq!(
            other.first().unwrap().alternatives,
            [PreviousPart::Code(code("G56.02"))]
        );
    }

    #[test]
    fn the_newest_table_that_has_a_row_counts_and_older_rows_stay() {
        let conversions = Conversions::new(vec![
            row("FY2021-01", 876, "I82.451", "2019-10-01", "I82.491"),
            row("FY2020", 746, "I82.451", "2019-10-01", "I80.491"),
            row("FY2020", 3, "A04.71", "2017-10-01", "A04.7"),
            row("FY2026", 2731, "O44.20", "2016-10-01", "O44.00"),
            row("FY2026", 2732, "O44.20", "2016-10-01", "O44.00"),
        ]);
        let old = |text: &str| {
            let lineage = conversions.lineage(&code(text), &listed);
            lineage.predecessors.first().unwrap().old
        };
        assert_eq!(conversions.facts().len(), 3);
        assert_eq!(old("I82.451").as_str(), "I82491");
        assert_eq!(old("A04.71").as_str(), "A047");
        assert!(
            conversions
                .lineage(&code("I80.491"), &listed)
                .conversions
                .is_empty()
        );
    }

    #[test]
    fn a_way_that_runs_in_a_circle_ends() {
        // No table has one; real codes, turned round.
        let conversions = Conversions::new(vec![
            row("FY2026", 3, "Z28.39", "2022-04-01", "Z28.3"),
            row("FY2026", 4, "Z28.3", "2023-10-01", "Z28.39"),
            row("FY2026", 5, "Z28.39", "2024-10-01", "Z28.3"),
        ]);
        let nowhere = |_: &Code, _: NaiveDate| ListedAs::Unlisted;
        let ends = conversions.trace(
            &code("Z28.3"),
            day("2020-01-01"),
            day("2026-01-01"),
            &nowhere,
        );
        let [end] = ends.as_slice() else {
            panic!("{ends:?}");
        };
        assert_eq!((end.code.as_str(), end.steps.len()), ("Z2839", 1));
        let ends = conversions.trace(
            &code("Z28.3"),
            day("2025-01-01"),
            day("2026-01-01"),
            &nowhere,
        );
        assert_eq!(ends.first().unwrap().listed, ListedAs::Unlisted);
    }

    #[test]
    fn a_code_from_nothing_says_which_row_says_so() {
        let conversions =
            Conversions::new(vec![row("FY2026", 1837, "M04.8", "2016-10-01", "None")]);
        let lineage = conversions.lineage(&code("M04.8"), &listed);
        assert_eq!(lineage.predecessors, []);
        let (from, _, row) = lineage.from_nothing.first().unwrap();
        assert_eq!((*from, *row), (day("2016-10-01"), 1837));
    }
}
