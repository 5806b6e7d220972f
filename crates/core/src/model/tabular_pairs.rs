//! Two tabular lists read as one book, and how they differ.
//!
//! The rules, which hold alike in both directions:
//!
//! - Nodes are the same by kind and name; a section of the introduction by its type and title. A block
//!   that one list lacks is the same as one that the other lacks if they share at least half of all their
//!   categories: then its range changed, and what stands in it has not moved.
//! - Notes are compared within a node, as [`super::note_pairs`] tells.
//! - The notes and 7th characters of a node that one list lacks are listed too, marked as such.
//! - A chapter's index of blocks repeats its blocks, and titles of codes are the order file's matter:
//!   neither is compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::note_pairs::{compare_notes, matched, share};
use crate::model::{
    Code, CodeRange, NodeKind, NodeName, NodeStanding, NoteChange, NoteEdit, NotePlace, RowChange,
    SeventhCharacter, SeventhCharacterChange, Tabular, TabularNode, VisualCategory,
};

/// Lists how two tabular lists differ, in the order of the book.
pub fn compare_tabular(old: &Tabular, new: &Tabular) -> Vec<NoteChange> {
    TabularPairs::new(old, new).changes()
}

/// Two tabular lists read as one book.
#[derive(Debug)]
pub struct TabularPairs<'t> {
    old: Book<'t>,
    new: Book<'t>,
    /// In the order of the new book; what is gone, after what stood before it.
    pairs: Vec<Pair>,
    by_code: HashMap<Code, usize>,
    /// For each node of a book its place in `pairs`.
    pair_of_old: Vec<usize>,
    pair_of_new: Vec<usize>,
}

/// A node in the two books; at least one has it.
#[derive(Debug, Clone, Copy)]
struct Pair {
    old: Option<usize>,
    new: Option<usize>,
}

/// The nodes of a tabular list with what they stand below.
#[derive(Debug)]
struct Book<'t> {
    nodes: &'t [TabularNode],
    parents: Vec<Option<usize>>,
    chapters: Vec<Option<usize>>,
}

impl<'t> Book<'t> {
    fn new(tabular: &'t Tabular) -> Book<'t> {
        let nodes = tabular.nodes.as_slice();
        let mut above: Vec<(u32, usize)> = Vec::new();
        let mut parents = Vec::with_capacity(nodes.len());
        let mut chapters = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            while above.last().is_some_and(|(depth, _)| *depth >= node.depth) {
                above.pop();
            }
            let is_apart = node.kind == NodeKind::Introduction;
            let parent = above.last().map(|(_, parent)| *parent);
            parents.push(parent.filter(|_| !is_apart));
            if !is_apart {
                above.push((node.depth, index));
            }
            let first = above.first().map(|(_, chapter)| *chapter);
            chapters.push(first.filter(|_| !is_apart));
        }
        Book {
            nodes,
            parents,
            chapters,
        }
    }

    fn node(&self, index: Option<usize>) -> Option<&'t TabularNode> {
        self.nodes.get(index?)
    }

    fn parent(&self, index: usize) -> Option<usize> {
        self.parents.get(index).copied().flatten()
    }

    fn chapter(&self, index: usize) -> Option<&'t TabularNode> {
        self.node(self.chapters.get(index).copied().flatten())
    }

    /// Lists the names of the categories of each block.
    fn categories(&self) -> BTreeMap<usize, BTreeSet<&'t str>> {
        let mut categories: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (node, parent) in self.nodes.iter().zip(&self.parents) {
            if let Some(block) = parent.filter(|_| node.kind == NodeKind::Code) {
                categories.entry(block).or_default().insert(&node.name);
            }
        }
        categories
    }
}

/// By what a node is the same in two books: kind and name; of the introduction also the title.
fn identity(node: &TabularNode) -> (NodeKind, &str, &str) {
    match node.kind {
        NodeKind::Introduction => (node.kind, &node.name, &node.title),
        NodeKind::Chapter | NodeKind::Block | NodeKind::Code => (node.kind, &node.name, ""),
    }
}

impl<'t> TabularPairs<'t> {
    /// Pairs the nodes of two lists.
    pub fn new(old: &'t Tabular, new: &'t Tabular) -> TabularPairs<'t> {
        let (old, new) = (Book::new(old), Book::new(new));
        let mut in_old: HashMap<(NodeKind, &str, &str), usize> = HashMap::new();
        for (index, node) in old.nodes.iter().enumerate() {
            in_old.entry(identity(node)).or_insert(index);
        }
        let mut old_of: Vec<Option<usize>> = Vec::with_capacity(new.nodes.len());
        let mut is_paired = vec![false; old.nodes.len()];
        for node in new.nodes {
            let found = in_old.remove(&identity(node));
            if let Some(paired) = found.and_then(|at| is_paired.get_mut(at)) {
                *paired = true;
            }
            old_of.push(found);
        }
        for (was, is) in blocks_with_another_range(&old, &new, &is_paired, &old_of) {
            if let (Some(paired), Some(of)) = (is_paired.get_mut(was), old_of.get_mut(is)) {
                *paired = true;
                *of = Some(was);
            }
        }
        let pairs = in_the_order_of_the_book(&old_of, old.nodes.len());
        let mut by_code = HashMap::with_capacity(pairs.len());
        let mut pair_of_old = vec![0; old.nodes.len()];
        let mut pair_of_new = vec![0; new.nodes.len()];
        for (place, pair) in pairs.iter().enumerate() {
            let note = |places: &mut Vec<usize>, at: Option<usize>| {
                if let Some(slot) = at.and_then(|at| places.get_mut(at)) {
                    *slot = place;
                }
            };
            note(&mut pair_of_old, pair.old);
            note(&mut pair_of_new, pair.new);
            let node = new.node(pair.new).or(old.node(pair.old));
            if let Some(code) = node.and_then(TabularNode::code) {
                by_code.insert(code, place);
            }
        }
        TabularPairs {
            old,
            new,
            pairs,
            by_code,
            pair_of_old,
            pair_of_new,
        }
    }

    /// Lists every difference.
    pub fn changes(&self) -> Vec<NoteChange> {
        let mut changes = Vec::new();
        for pair in &self.pairs {
            self.compare(*pair, &mut changes);
        }
        changes
    }

    /// Lists the differences that are about some codes: those of the ranges, or of the user's own codes,
    /// or of those of the latter that are in the ranges.
    ///
    /// What stands above a code is about it too, because a note holds for all that stands below it. A code
    /// with a 7th character is that of the node that gives it.
    pub fn changes_about(
        &self,
        under: &[CodeRange],
        only: Option<&BTreeSet<Code>>,
    ) -> Vec<NoteChange> {
        let mut wanted = vec![false; self.pairs.len()];
        let places: Vec<(&CodeRange, Option<usize>, Option<usize>)> = under
            .iter()
            .map(|range| (range, self.nearest(&range.first), self.nearest(&range.last)))
            .collect();
        let is_in_ranges = |code: &Code, place: usize| {
            let is_in = |(range, first, last): &(&CodeRange, Option<usize>, Option<usize>)| {
                let is_between = || {
                    first
                        .zip(*last)
                        .is_some_and(|(first, last)| first <= place && place <= last)
                };
                code.is_under(&range.first) || code.is_under(&range.last) || is_between()
            };
            places.is_empty() || places.iter().any(is_in)
        };
        match only {
            Some(own) => {
                for code in own {
                    if let Some(place) = self.nearest(code).filter(|at| is_in_ranges(code, *at)) {
                        self.want(place, &mut wanted);
                    }
                }
            }
            None => {
                for (code, place) in self.codes() {
                    if is_in_ranges(&code, place) {
                        self.want(place, &mut wanted);
                    }
                }
                let ends = places.iter().flat_map(|(_, first, last)| [first, last]);
                for place in ends.flatten() {
                    self.want(*place, &mut wanted);
                }
            }
        }
        let mut changes = Vec::new();
        for (pair, _) in self.pairs.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
            self.compare(*pair, &mut changes);
        }
        changes
    }

    /// Lists the codes that are nodes, with their places.
    fn codes(&self) -> impl Iterator<Item = (Code, usize)> {
        self.pairs
            .iter()
            .enumerate()
            .filter_map(|(place, pair)| Some((self.node(*pair)?.code()?, place)))
    }

    /// Finds the place of a code, or of the deepest node above it.
    fn nearest(&self, code: &Code) -> Option<usize> {
        std::iter::once(*code)
            .chain(code.above())
            .find_map(|code| self.by_code.get(&code).copied())
    }

    /// Marks a pair and all that stands above it, in either book.
    fn want(&self, place: usize, wanted: &mut [bool]) {
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            match wanted.get_mut(place) {
                Some(is_wanted) if !*is_wanted => *is_wanted = true,
                _ => continue,
            }
            let Some(pair) = self.pairs.get(place) else {
                continue;
            };
            let above_old = pair.old.and_then(|at| self.old.parent(at));
            let above_new = pair.new.and_then(|at| self.new.parent(at));
            open.extend(above_old.and_then(|at| self.pair_of_old.get(at)));
            open.extend(above_new.and_then(|at| self.pair_of_new.get(at)));
        }
    }

    fn node(&self, pair: Pair) -> Option<&'t TabularNode> {
        self.new.node(pair.new).or(self.old.node(pair.old))
    }

    fn place(&self, pair: Pair) -> Option<NotePlace> {
        let node = self.node(pair)?;
        let in_new = pair.new.and_then(|at| self.new.chapter(at));
        let chapter = in_new.or_else(|| pair.old.and_then(|at| self.old.chapter(at)));
        let category = node.code().map(|code| code.category());
        let category = category.and_then(|code| self.pairs.get(*self.by_code.get(&code)?));
        let category = category.and_then(|pair| self.node(*pair));
        Some(NotePlace {
            node: name_of(node),
            title: node.title.clone(),
            standing: match (pair.old, pair.new) {
                (Some(_), Some(_)) => NodeStanding::InBoth,
                (None, _) => NodeStanding::New,
                (Some(_), None) => NodeStanding::Gone,
            },
            chapter: chapter.map_or_else(String::new, |chapter| chapter.name.clone()),
            category_title: category.map_or_else(String::new, |node| node.title.clone()),
        })
    }

    fn compare(&self, pair: Pair, changes: &mut Vec<NoteChange>) {
        let (old, new) = (self.old.node(pair.old), self.new.node(pair.new));
        let mut edits = Vec::new();
        match (old, new) {
            (Some(old), Some(new)) => {
                if old.kind != NodeKind::Code {
                    compare_headings(old, new, &mut edits);
                }
                self.compare_parents(pair, &mut edits);
                if old.placeholder != new.placeholder {
                    edits.push(NoteEdit::Placeholder {
                        is_placeholder: new.placeholder,
                    });
                }
            }
            (None, Some(new)) if new.kind != NodeKind::Code => edits.push(NoteEdit::HeadingAdded),
            (Some(old), None) if old.kind != NodeKind::Code => edits.push(NoteEdit::HeadingRemoved),
            _ => {}
        }
        let groups =
            |node: Option<&'t TabularNode>| node.map_or(&[][..], |node| node.groups.as_slice());
        edits.extend(compare_notes(groups(old), groups(new)));
        let own = |node: Option<&'t TabularNode>| {
            node.map_or(&[][..], |node| node.seventh_characters.as_slice())
        };
        let of_seventh = seventh_character_changes(own(old), own(new));
        if !of_seventh.is_empty() {
            edits.push(NoteEdit::SeventhCharacters {
                changes: of_seventh,
            });
        }
        let table = |node: Option<&'t TabularNode>| {
            node.map_or(&[][..], |node| node.visual_impairment.as_slice())
        };
        let rows = row_changes(table(old), table(new));
        if !rows.is_empty() {
            edits.push(NoteEdit::VisualImpairment { rows });
        }
        if edits.is_empty() {
            return;
        }
        if let Some(place) = self.place(pair) {
            changes.extend(edits.into_iter().map(|edit| NoteChange {
                place: place.clone(),
                edit,
            }));
        }
    }

    /// Finds whether a node stands below another one than before. Both parents being known, they are the
    /// same if they are a pair.
    fn compare_parents(&self, pair: Pair, edits: &mut Vec<NoteEdit>) {
        let was = pair.old.and_then(|at| self.old.parent(at));
        let is = pair.new.and_then(|at| self.new.parent(at));
        let (Some(was), Some(is)) = (was, is) else {
            return;
        };
        if self.pair_of_old.get(was) == self.pair_of_new.get(is) {
            return;
        }
        if let (Some(from), Some(to)) = (self.old.nodes.get(was), self.new.nodes.get(is)) {
            edits.push(NoteEdit::PlaceMoved {
                from: name_of(from),
                to: name_of(to),
            });
        }
    }
}

fn name_of(node: &TabularNode) -> NodeName {
    NodeName {
        kind: node.kind,
        name: node.name.clone(),
    }
}

/// Pairs the blocks that only one book has and that share at least half of all their categories.
fn blocks_with_another_range(
    old: &Book<'_>,
    new: &Book<'_>,
    is_paired: &[bool],
    old_of: &[Option<usize>],
) -> Vec<(usize, usize)> {
    let is_block = |node: &TabularNode| node.kind == NodeKind::Block;
    let gone = old.nodes.iter().zip(is_paired).enumerate();
    let gone: Vec<usize> = gone
        .filter(|(_, (node, paired))| is_block(node) && !**paired)
        .map(|(index, _)| index)
        .collect();
    let came = new.nodes.iter().zip(old_of).enumerate();
    let came: Vec<usize> = came
        .filter(|(_, (node, of))| is_block(node) && of.is_none())
        .map(|(index, _)| index)
        .collect();
    if gone.is_empty() || came.is_empty() {
        return Vec::new();
    }
    let (in_old, in_new) = (old.categories(), new.categories());
    let score = |was: &usize, is: &usize| {
        let (was, is) = (in_old.get(was)?, in_new.get(is)?);
        let shared = was.intersection(is).count();
        share(shared, was.union(is).count(), 1, 2)
    };
    matched(&gone, &came, score)
        .into_iter()
        .filter_map(|(was, is)| Some((*gone.get(was)?, *came.get(is)?)))
        .collect()
}

/// Sorts the pairs into the order of the new book, and what is gone after what stood before it.
fn in_the_order_of_the_book(old_of: &[Option<usize>], old_count: usize) -> Vec<Pair> {
    let mut new_of: Vec<Option<usize>> = vec![None; old_count];
    for (new, old) in old_of.iter().enumerate() {
        if let Some(slot) = old.and_then(|old| new_of.get_mut(old)) {
            *slot = Some(new);
        }
    }
    let mut placed: Vec<((usize, usize), Pair)> = old_of
        .iter()
        .enumerate()
        .map(|(new, old)| {
            let pair = Pair {
                old: *old,
                new: Some(new),
            };
            ((new + 1, 0), pair)
        })
        .collect();
    let mut anchor = 0;
    for (old, new) in new_of.into_iter().enumerate() {
        match new {
            Some(new) => anchor = new + 1,
            None => placed.push((
                (anchor, old + 1),
                Pair {
                    old: Some(old),
                    new: None,
                },
            )),
        }
    }
    placed.sort_unstable_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, pair)| pair).collect()
}

fn compare_headings(old: &TabularNode, new: &TabularNode, edits: &mut Vec<NoteEdit>) {
    if old.name != new.name {
        edits.push(NoteEdit::RangeChanged {
            old: old.name.clone(),
            new: new.name.clone(),
        });
    }
    if old.title != new.title {
        edits.push(NoteEdit::TitleRevised {
            old: old.title.clone(),
            new: new.title.clone(),
        });
    }
}

/// Compares two sets of 7th characters; a character that stands twice is told apart by its turn.
fn seventh_character_changes(
    old: &[SeventhCharacter],
    new: &[SeventhCharacter],
) -> Vec<SeventhCharacterChange> {
    if old == new {
        return Vec::new();
    }
    let meanings = |set: &[SeventhCharacter]| -> BTreeMap<(char, usize), String> {
        let mut meanings = BTreeMap::new();
        for one in set {
            let parts: Vec<&str> = std::iter::once(&one.text)
                .chain(&one.continuations)
                .map(String::as_str)
                .collect();
            let turn = (0..).find(|turn| !meanings.contains_key(&(one.character, *turn)));
            meanings.insert((one.character, turn.unwrap_or(0)), parts.join("; "));
        }
        meanings
    };
    differing(meanings(old), meanings(new))
        .map(|((character, _), old, new)| SeventhCharacterChange {
            character,
            old,
            new,
        })
        .collect()
}

/// Compares two tables of visual impairment, row by row of the same category.
fn row_changes(old: &[VisualCategory], new: &[VisualCategory]) -> Vec<RowChange> {
    if old == new {
        return Vec::new();
    }
    let rows = |table: &[VisualCategory]| -> BTreeMap<(String, usize), String> {
        let mut rows = BTreeMap::new();
        for row in table {
            let ranges = row.ranges.iter().map(|range| {
                let parts = [&range.heading, &range.less_than, &range.at_least];
                let parts: Vec<&str> = parts
                    .into_iter()
                    .map(String::as_str)
                    .filter(|part| !part.is_empty())
                    .collect();
                parts.join(" to ")
            });
            let text: Vec<String> = std::iter::once(row.category.clone())
                .chain(ranges)
                .collect();
            let turn = (0..).find(|turn| !rows.contains_key(&(row.category.clone(), *turn)));
            rows.insert((row.category.clone(), turn.unwrap_or(0)), text.join(" | "));
        }
        rows
    };
    differing(rows(old), rows(new))
        .map(|(_, old, new)| RowChange { old, new })
        .collect()
}

/// Lists what two maps do not have in common, by key.
fn differing<K: Ord + Clone>(
    old: BTreeMap<K, String>,
    new: BTreeMap<K, String>,
) -> impl Iterator<Item = (K, Option<String>, Option<String>)> {
    let keys: BTreeSet<K> = old.keys().chain(new.keys()).cloned().collect();
    keys.into_iter()
        .map(move |key| {
            let (was, is) = (old.get(&key).cloned(), new.get(&key).cloned());
            (key, was, is)
        })
        .filter(|(_, was, is)| was != is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodeSet, NoteGroup, NoteKind};

    fn node(kind: NodeKind, name: &str, title: &str, depth: u32) -> TabularNode {
        TabularNode {
            kind,
            name: name.to_owned(),
            parent: String::new(),
            title: title.to_owned(),
            depth,
            placeholder: false,
            groups: Vec::new(),
            seventh_characters: Vec::new(),
            visual_impairment: Vec::new(),
            index: Vec::new(),
        }
    }

    fn note(mut node: TabularNode, kind: NoteKind, note: &str) -> TabularNode {
        node.groups.push(NoteGroup {
            kind,
            notes: vec![note.to_owned()],
        });
        node
    }

    /// Hypertension as FY2017 and FY2025-04 have it, in part.
    fn book(block: &str, title: &str, with_i1a: bool) -> Tabular {
        let mut nodes = vec![
            node(
                NodeKind::Chapter,
                "9",
                "Diseases of the circulatory system (I00-I99)",
                0,
            ),
            node(NodeKind::Block, block, title, 1),
            node(NodeKind::Code, "I10", "Essential (primary) hypertension", 2),
            node(NodeKind::Code, "I16", "Hypertensive crisis", 2),
            node(NodeKind::Code, "I160", "Hypertensive urgency", 3),
        ];
        if with_i1a {
            let i1a = node(NodeKind::Code, "I1A", "Other hypertension", 2);
            nodes.push(i1a);
            let below = node(NodeKind::Code, "I1A0", "Resistant hypertension", 3);
            let term = "Apparent treatment resistant hypertension";
            nodes.push(note(below, NoteKind::InclusionTerm, term));
        }
        nodes.push(node(
            NodeKind::Block,
            "I20-I25",
            "Ischemic heart diseases (I20-I25)",
            1,
        ));
        nodes.push(node(NodeKind::Code, "I20", "Angina pectoris", 2));
        Tabular {
            version: String::new(),
            nodes,
            unread: Default::default(),
        }
    }

    fn old() -> Tabular {
        book("I10-I16", "Hypertensive diseases (I10-I16)", false)
    }

    fn new() -> Tabular {
        book("I10-I1A", "Hypertensive diseases (I10-I1A)", true)
    }

    fn names(changes: &[NoteChange]) -> Vec<(&str, &str)> {
        changes
            .iter()
            .map(|change| (change.place.node.name.as_str(), change.edit.kind().name()))
            .collect()
    }

    #[test]
    fn a_block_that_took_a_category_more_has_another_range_and_nothing_moved() {
        let changes = compare_tabular(&old(), &new());
        let expected = [
            ("I10-I1A", "range-changed"),
            ("I10-I1A", "title-revised"),
            ("I1A0", "note-added"),
        ];
        assert_eq!(names(&changes), expected);
        let term = changes.last().unwrap();
        assert_eq!(term.place.standing, NodeStanding::New);
        assert_eq!(term.place.chapter, "9");
        assert_eq!(term.place.category_title, "Other hypertension");
    }

    #[test]
    fn a_category_in_another_block_has_moved() {
        let mut moved = new();
        let at = moved.nodes.iter().position(|node| node.name == "I16");
        let crisis: Vec<TabularNode> = moved.nodes.drain(at.unwrap()..at.unwrap() + 2).collect();
        moved.nodes.extend(crisis);
        let changes = compare_tabular(&new(), &moved);
        assert_eq!(names(&changes), [("I16", "place-moved")]);
        let block = |name: &str| NodeName {
            kind: NodeKind::Block,
            name: name.to_owned(),
        };
        let edit = NoteEdit::PlaceMoved {
            from: block("I10-I1A"),
            to: block("I20-I25"),
        };
        assert_eq!(changes.first().unwrap().edit, edit);
    }

    #[test]
    fn what_is_gone_stands_where_it_stood() {
        let changes = compare_tabular(&new(), &old());
        let expected = [
            ("I10-I16", "range-changed"),
            ("I10-I16", "title-revised"),
            ("I1A0", "note-removed"),
        ];
        assert_eq!(names(&changes), expected);
        assert_eq!(changes.last().unwrap().place.standing, NodeStanding::Gone);
    }

    #[test]
    fn what_stands_above_a_code_is_about_it() {
        let (old, new) = (old(), new());
        let pairs = TabularPairs::new(&old, &new);
        let code = |text: &str| CodeSet::Icd10Cm.parse_code(text).unwrap();
        let under = |first: &str, last: &str| {
            let range = CodeRange {
                first: code(first),
                last: code(last),
            };
            names(&pairs.changes_about(&[range], None)).len()
        };
        assert_eq!(under("I1A", "I1A"), 3);
        assert_eq!(under("I10", "I10"), 2);
        assert_eq!(under("I10", "I20"), 3);
        assert_eq!(under("I20", "I20"), 0);
        let only = |text: &str| {
            names(&pairs.changes_about(&[], Some(&BTreeSet::from([code(text)])))).len()
        };
        assert_eq!((only("I1A.0"), only("I16.0"), only("I20")), (3, 2, 0));
    }

    #[test]
    fn a_set_of_7th_characters_differs_in_characters_and_meanings() {
        let one = |character, text: &str, continuations: &[&str]| SeventhCharacter {
            character,
            text: text.to_owned(),
            continuations: continuations
                .iter()
                .map(|more| (*more).to_owned())
                .collect(),
        };
        let nos = "initial encounter for closed fracture NOS";
        let old = [
            one('A', "initial encounter", &[]),
            one('D', "subsequent encounter", &[]),
        ];
        let new = [
            one('A', "initial encounter", &[nos]),
            one('S', "sequela", &[]),
        ];
        let found: Vec<char> = seventh_character_changes(&old, &new)
            .iter()
            .map(|change| change.character)
            .collect();
        assert_eq!(found, ['A', 'D', 'S']);
        assert_eq!(seventh_character_changes(&old, &old), []);
    }
}
