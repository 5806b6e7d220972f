//! The book from the top: what stands at each level on a day.
//!
//! Categories and tables are those of the listing in force. Blocks and the titles of body systems stand in
//! the documents around it; where the release in force has none, that is said, and no other release's are
//! taken in their place.

use chrono::NaiveDate;

use super::basis::{basis_of, not_covered, warnings};
use super::consult::{ShowOptions, consult};
use crate::error::{Error, Result};
use crate::model::{
    Book, Browse, BrowsedCode, BrowsedPlace, Chapter, Code, CodeSet, DocumentKind, Holding,
    NodeKind, PlaceInBook, PlaceKind, StoredDocument, TabularNode, chapter_of, chapters,
};
use crate::store::Store;

/// A level of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrowseAt {
    /// The whole book: its chapters or sections.
    Book,
    /// A chapter of ICD-10-CM (`2`) or a section of ICD-10-PCS (`0`).
    Chapter(String),
    /// A block of ICD-10-CM (`C7A`, `C00-C14`) or a body system of ICD-10-PCS (`02`).
    Block(String),
}

/// Returns one level of the book on a day, with what stands directly below it.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] if no loaded release governs the day or the book has no such level,
/// [`crate::ErrorKind::Store`] if the database cannot be read.
///
/// ```
/// # use codeyear_core::{answer::{self, BrowseAt}, ingest, model::CodeSet, store::Store};
/// # let mut store = Store::in_memory()?;
/// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
/// let day = "2026-03-01".parse().unwrap();
/// let chapter = answer::browse(&store, CodeSet::Icd10Cm, &BrowseAt::Chapter("2".into()), day)?;
/// assert_eq!(chapter.breadcrumb.last().unwrap().title, "Neoplasms (C00-D49)");
/// # Ok::<(), codeyear_core::Error>(())
/// ```
pub fn browse(store: &Store, code_set: CodeSet, at: &BrowseAt, date: NaiveDate) -> Result<Browse> {
    let timeline = store.timeline(code_set)?;
    let Some(release) = timeline.governing(date).map(|period| period.release) else {
        return Err(not_covered(&timeline, date));
    };
    let file = store.listing_file(code_set, release)?;
    let mut level = Browse {
        code_set,
        date,
        basis: basis_of(&timeline, release, file, None),
        breadcrumb: Vec::new(),
        consulted: None,
        notes: Vec::new(),
        places: Vec::new(),
        categories: Vec::new(),
        warnings: warnings(store.kind()?, code_set, &timeline, date, date),
    };
    match (code_set.facts().book, at) {
        (_, BrowseAt::Book) => whole_book(store, &mut level)?,
        (Book::Tabular, BrowseAt::Chapter(name)) => chapter(store, &mut level, name)?,
        (Book::Tabular, BrowseAt::Block(name)) => block(store, &mut level, name)?,
        (Book::Tables, BrowseAt::Chapter(name)) => section(store, &mut level, name)?,
        (Book::Tables, BrowseAt::Block(name)) => body_system(store, &mut level, name)?,
        (Book::List, BrowseAt::Chapter(name)) => listed_chapter(store, &mut level, name)?,
        (Book::List, BrowseAt::Block(name)) => return Err(not_found("level", name, &level)),
    }
    Ok(level)
}

fn not_found(what: &str, name: &str, level: &Browse) -> Error {
    Error::not_found(format!(
        "{} {} has no {what} {name:?}",
        level.code_set.name(),
        level.basis.release
    ))
    .with_hint("browse from all chapters")
}

/// Finds the chapter or section that the book calls so.
fn named(level: &Browse, what: &str, name: &str) -> Result<&'static Chapter> {
    chapters(level.code_set)
        .iter()
        .find(|chapter| chapter.label.eq_ignore_ascii_case(name))
        .ok_or_else(|| not_found(what, name, level))
}

fn place_of(chapter: &Chapter) -> PlaceInBook {
    PlaceInBook {
        kind: PlaceKind::Chapter,
        name: chapter.label.to_owned(),
        title: chapter.title.to_owned(),
    }
}

fn sum<'a>(categories: impl Iterator<Item = &'a BrowsedCode>) -> Holding {
    categories.fold(Holding::default(), |mut all, category| {
        all.add(category.holds);
        all
    })
}

fn whole_book(store: &Store, level: &mut Browse) -> Result<()> {
    let code_set = level.code_set;
    let categories = store.categories(code_set, level.basis.release, level.date, ("0", "Z"))?;
    for chapter in chapters(code_set) {
        let within = |browsed: &&BrowsedCode| {
            chapter_of(code_set, &browsed.entry.code).is_some_and(|found| found == chapter)
        };
        let holds = sum(categories.iter().filter(within));
        if holds.codes > 0 {
            level.places.push(BrowsedPlace {
                place: place_of(chapter),
                range: chapter.range.to_owned(),
                within: None,
                holds,
            });
        }
    }
    // A future book might have a chapter that is not known here; its codes are not to be lost.
    level.categories = categories
        .into_iter()
        .filter(|browsed| chapter_of(code_set, &browsed.entry.code).is_none())
        .collect();
    Ok(())
}

/// Lists the categories of a chapter as the listing in force has them.
fn categories_of_chapter(
    store: &Store,
    level: &Browse,
    chapter: &'static Chapter,
) -> Result<Vec<BrowsedCode>> {
    let first = chapter.range.get(..1).unwrap_or("A");
    let last = chapter.range.get(4..5).unwrap_or("Z");
    let mut found = store.categories(
        level.code_set,
        level.basis.release,
        level.date,
        (first, last),
    )?;
    found.retain(|browsed| {
        chapter_of(level.code_set, &browsed.entry.code).is_some_and(|of| of == chapter)
    });
    Ok(found)
}

fn chapter(store: &Store, level: &mut Browse, name: &str) -> Result<()> {
    let chapter = named(level, "chapter", name)?;
    let mut categories = categories_of_chapter(store, level, chapter)?;
    let document = consult_own(store, level, DocumentKind::Tabular)?;
    let Some(document) = document else {
        level.breadcrumb.push(place_of(chapter));
        level.categories = categories;
        return Ok(());
    };
    match store.tabular_node(&document, NodeKind::Chapter, chapter.label)? {
        Some((_, node)) => {
            level.breadcrumb.push(PlaceInBook::of(&node));
            level.notes = node.groups;
        }
        None => level.breadcrumb.push(place_of(chapter)),
    }
    let blocks = blocks(store, &document, chapter.label)?;
    for block in &blocks {
        let held = |browsed: &&BrowsedCode| block.holds(&blocks, browsed.entry.code.as_str());
        level.places.push(BrowsedPlace {
            place: PlaceInBook::of(&block.node),
            range: block.node.name.clone(),
            within: umbrella_of(&blocks, block).map(|above| above.node.name.clone()),
            holds: sum(categories.iter().filter(held)),
        });
    }
    // What the listing has and the list does not, such as a code of a patch, stands on its own.
    categories.retain(|browsed| {
        let code = browsed.entry.code.as_str();
        !blocks.iter().any(|block| block.has(code))
    });
    level.categories = categories;
    Ok(())
}

/// Lists the codes of a chapter of a book that has no levels between.
fn listed_chapter(store: &Store, level: &mut Browse, name: &str) -> Result<()> {
    let chapter = named(level, "chapter", name)?;
    level.breadcrumb.push(place_of(chapter));
    level.categories = categories_of_chapter(store, level, chapter)?;
    Ok(())
}

/// A block with its place in the list and the categories in it.
struct Block {
    position: i64,
    node: TabularNode,
    categories: Vec<String>,
    /// Of a block that reaches over others, the position of its last category.
    last: Option<i64>,
}

impl Block {
    fn has(&self, category: &str) -> bool {
        self.categories.iter().any(|own| own == category)
    }

    fn reaches_over(&self, other: &Block) -> bool {
        // A block stands before those that it reaches over.
        self.last
            .is_some_and(|last| self.position < other.position && other.position <= last)
    }

    fn holds(&self, all: &[Block], category: &str) -> bool {
        self.has(category)
            || all
                .iter()
                .any(|other| self.reaches_over(other) && other.has(category))
    }
}

/// Finds the block that reaches over another one, of several the closest.
fn umbrella_of<'b>(all: &'b [Block], block: &Block) -> Option<&'b Block> {
    all.iter().rfind(|above| above.reaches_over(block))
}

fn blocks(store: &Store, document: &StoredDocument, chapter: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for (position, node) in store.blocks_of(document, chapter)? {
        let categories: Vec<String> = store
            .categories_of(document, &node.name)?
            .into_iter()
            .map(|(_, node)| node.name)
            .collect();
        let last = match node.name.split_once('-') {
            Some((_, last)) if categories.is_empty() => store
                .tabular_node(document, NodeKind::Code, last)?
                .map(|(position, _)| position),
            _ => None,
        };
        blocks.push(Block {
            position,
            node,
            categories,
            last,
        });
    }
    Ok(blocks)
}

fn block(store: &Store, level: &mut Browse, name: &str) -> Result<()> {
    let Some(document) = consult_own(store, level, DocumentKind::Tabular)? else {
        return Err(Error::not_found(format!(
            "no tabular list is loaded for {}, and blocks stand there only",
            level.basis.release
        ))
        .with_hint("go down from the chapter, whose categories the listing has"));
    };
    let name = name.to_ascii_uppercase();
    // A block of one category is called by it, and written as a range as well.
    let name = match name.split_once('-') {
        Some((first, last)) if first == last => first.to_owned(),
        _ => name,
    };
    let Some((_, node)) = store.tabular_node(&document, NodeKind::Block, &name)? else {
        return Err(not_found("block", &name, level));
    };
    if let Some((_, chapter)) = store.tabular_node(&document, NodeKind::Chapter, &node.parent)? {
        level.breadcrumb.push(PlaceInBook::of(&chapter));
    }
    let all = blocks(store, &document, &node.parent)?;
    let chapter = named(level, "chapter", &node.parent)?;
    let mut categories = categories_of_chapter(store, level, chapter)?;
    if let Some(own) = all.iter().find(|block| block.node.name == node.name) {
        let above = all.iter().filter(|above| above.reaches_over(own));
        level
            .breadcrumb
            .extend(above.map(|above| PlaceInBook::of(&above.node)));
        for below in all.iter().filter(|other| own.reaches_over(other)) {
            let held = |browsed: &&BrowsedCode| below.holds(&all, browsed.entry.code.as_str());
            level.places.push(BrowsedPlace {
                place: PlaceInBook::of(&below.node),
                range: below.node.name.clone(),
                within: umbrella_of(&all, below)
                    .filter(|above| above.position != own.position)
                    .map(|above| above.node.name.clone()),
                holds: sum(categories.iter().filter(held)),
            });
        }
        categories.retain(|browsed| own.has(browsed.entry.code.as_str()));
        level.categories = categories;
    }
    level.breadcrumb.push(PlaceInBook::of(&node));
    level.notes = node.groups;
    Ok(())
}

/// Finds the document of the release in force, and keeps whether there is one.
fn consult_own(
    store: &Store,
    level: &mut Browse,
    kind: DocumentKind,
) -> Result<Option<StoredDocument>> {
    let (consulted, document) = consult(store, level.basis.release, kind, ShowOptions::default())?;
    level.consulted = Some(consulted);
    Ok(document)
}

fn section(store: &Store, level: &mut Browse, name: &str) -> Result<()> {
    let section = named(level, "section", name)?;
    level.breadcrumb.push(place_of(section));
    let tables = tables_below(store, level, section.label)?;
    let document = consult_own(store, level, DocumentKind::PcsTables)?;
    let mut systems: Vec<(Code, Holding)> = Vec::new();
    for table in &tables {
        let code = table.entry.code;
        match systems.last_mut() {
            Some((first, holds)) if first.prefix(2) == code.prefix(2) => holds.add(table.holds),
            _ => systems.push((code, table.holds)),
        }
    }
    for (table, holds) in systems {
        level.places.push(BrowsedPlace {
            place: system_place(store, document.as_ref(), &table)?,
            range: String::new(),
            within: None,
            holds,
        });
    }
    Ok(())
}

fn body_system(store: &Store, level: &mut Browse, name: &str) -> Result<()> {
    let name = name.to_ascii_uppercase();
    let section = named(level, "section", name.get(..1).unwrap_or_default())?;
    level.breadcrumb.push(place_of(section));
    let tables = tables_below(store, level, &name)?;
    let document = consult_own(store, level, DocumentKind::PcsTables)?;
    let first = tables.first().filter(|_| name.len() == 2);
    let Some(first) = first.map(|first| first.entry.code) else {
        return Err(not_found("body system", &name, level));
    };
    let place = system_place(store, document.as_ref(), &first)?;
    level.breadcrumb.push(place);
    level.categories = tables;
    Ok(())
}

fn tables_below(store: &Store, level: &Browse, beginning: &str) -> Result<Vec<BrowsedCode>> {
    store.categories(
        level.code_set,
        level.basis.release,
        level.date,
        (beginning, beginning),
    )
}

/// Returns the name of a body system by one of its tables.
fn system_place(
    store: &Store,
    document: Option<&StoredDocument>,
    table: &Code,
) -> Result<PlaceInBook> {
    let found = match document {
        Some(document) => store.pcs_table(document, table)?,
        None => None,
    };
    let title = found.and_then(|found| {
        let [_, system, _] = &found.axes;
        system.labels.first().map(|label| label.text.clone())
    });
    Ok(PlaceInBook {
        kind: PlaceKind::Block,
        name: table.prefix(2).as_str().to_owned(),
        title: title.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{day, release, sample};

    fn names(level: &Browse) -> Vec<&str> {
        let places = level.places.iter().map(|place| place.place.name.as_str());
        places.collect()
    }

    #[test]
    fn a_chapter_has_its_blocks_from_a_tabular_list_of_the_year_and_without_one_its_categories() {
        let store = sample();
        let neoplasms = |date: &str| {
            let at = BrowseAt::Chapter("2".to_owned());
            browse(&store, CodeSet::Icd10Cm, &at, day(date)).unwrap()
        };
        let with_list = neoplasms("2026-04-01");
        assert!(names(&with_list).contains(&"C7B"));
        assert!(!with_list.notes.is_empty());
        // FY2026 has none, and FY2026-04 is of the same fiscal year.
        let of_year = neoplasms("2026-03-31");
        assert_eq!(names(&of_year), names(&with_list));
        let consulted = of_year.consulted.as_ref().unwrap();
        assert_eq!(consulted.release(), Some(release("FY2026-04")));
        let without = neoplasms("2026-10-01");
        assert_eq!(names(&without), [""; 0]);
        assert!(without.notes.is_empty());
        assert_eq!(
            without.consulted,
            Some(crate::model::DocumentSource::Missing {
                missing: release("FY2027"),
                nearest: Some(release("FY2026-04")),
            })
        );
        assert!(!without.categories.is_empty());
        // Each category is in a block or stands alone.
        let categories = store.categories(
            CodeSet::Icd10Cm,
            release("FY2026-04"),
            day("2026-04-01"),
            ("C", "D"),
        );
        let mut categories = categories.unwrap();
        categories.retain(|found| {
            chapter_of(CodeSet::Icd10Cm, &found.entry.code).is_some_and(|of| of.label == "2")
        });
        let all = sum(categories.iter());
        let mut held = sum(with_list.categories.iter());
        for place in with_list
            .places
            .iter()
            .filter(|place| place.within.is_none())
        {
            held.add(place.holds);
        }
        assert_eq!(all, held);
    }

    #[test]
    fn a_chapter_without_a_code_on_the_day_is_left_out() {
        let store = sample();
        let has_u = |date: &str| {
            let book = browse(&store, CodeSet::Icd10Cm, &BrowseAt::Book, day(date)).unwrap();
            names(&book).contains(&"22")
        };
        // U07.1 came in within FY2020.
        assert!(!has_u("2016-09-30"));
        assert!(has_u("2020-10-01"));
    }

    #[test]
    fn a_level_that_the_book_has_not_is_not_found() {
        let store = sample();
        for at in [
            BrowseAt::Chapter("23".to_owned()),
            BrowseAt::Block("C00-C99".to_owned()),
        ] {
            let asked = browse(&store, CodeSet::Icd10Cm, &at, day("2026-04-01"));
            assert_eq!(asked.unwrap_err().kind(), ErrorKind::NotFound, "{at:?}");
        }
        let uncovered = browse(&store, CodeSet::Icd10Cm, &BrowseAt::Book, day("2018-04-01"));
        assert!(
            uncovered
                .unwrap_err()
                .hint()
                .unwrap()
                .starts_with("to answer this date, import FY2018")
        );
    }
}
