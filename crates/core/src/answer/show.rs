//! The coder's page of a code on a day: its place, notes, children, index entries, lineage.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::check::check;
use super::compare::difference;
use super::consult::{PageOf, ShowOptions, consult_for};
use super::explain::explain;
use super::history::history;
use super::lineage::poa_on;
use super::typed::typed_code_of;
use crate::error::{ErrorKind, Result};
use crate::model::{
    Book, Code, CodeHistory, CodePage, DocumentKind, Entry, HistorySpan, IndexEntries, IndexKind,
    LastChange, Neighbors, NodeKind, NotesAt, PlaceInBook, PlaceKind, Proof, RecentChange,
    ReleaseId, SeventhCharacters, StoredDocument, TabularNode, Timeline, chapter_of,
};
use crate::store::{CodeSource, Store};

/// The category whose note says "see table below", of all of its codes.
const VISUAL_IMPAIRMENT_OF: &str = "H54";
/// The code that the table stands under, the last of the category.
const VISUAL_IMPAIRMENT_AT: &str = "H548";

/// Returns when what the releases say of a code last changed, up to a day.
fn last_change(timeline: &Timeline, history: &CodeHistory, date: NaiveDate) -> Option<LastChange> {
    let first = timeline.periods().first()?;
    let mut before: Option<&HistorySpan> = None;
    let mut changes: Vec<(NaiveDate, ReleaseId)> = Vec::new();
    for span in &history.spans {
        let dropped = before.and_then(|before| {
            let mut periods = timeline.periods().iter();
            periods.find(|period| before.valid_to <= period.from && period.from < span.valid_from)
        });
        changes.extend(dropped.map(|period| (period.from, period.release)));
        // What the first loaded release lists was there before: that it is loaded is no change of the code.
        let is_change = match before {
            Some(before) => before.entry != span.entry || dropped.is_some(),
            None => span.valid_from > first.from,
        };
        if is_change {
            changes.push((span.valid_from, span.first_release));
        }
        before = Some(span);
    }
    changes.extend(history.deleted_by.map(|(release, day)| (day, release)));
    let last = changes.iter().filter(|(day, _)| *day <= date).max();
    match last {
        Some((day, release)) => Some(LastChange::On {
            day: *day,
            release: *release,
        }),
        None => {
            let begins = history.spans.first()?.valid_from;
            (begins <= first.from && first.from <= date).then_some(LastChange::UnchangedSince {
                release: first.release,
                changes_later: !changes.is_empty(),
            })
        }
    }
}

/// Returns the coder's page of a code on a day.
///
/// # Errors
/// [`ErrorKind::Usage`] if the text cannot be a code, [`ErrorKind::Store`] if the database cannot be read.
pub fn show(
    codes: &dyn CodeSource,
    text: &str,
    date: NaiveDate,
    options: ShowOptions,
) -> Result<CodePage> {
    let timeline = codes.timeline();
    let code_set = timeline.code_set();
    let code = typed_code_of(code_set, text)?;
    let answer = check(codes, text, date)?;
    let history = match history(codes, text) {
        Ok(history) => Some(history),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let entry = answer.verdict.entry().cloned().or_else(|| {
        let spans = &history.as_ref()?.spans;
        let span = spans
            .iter()
            .rev()
            .find(|span| span.valid_from <= date)
            .or(spans.first())?;
        Some(span.entry.clone())
    });
    let last_change = history
        .as_ref()
        .and_then(|history| last_change(timeline, history, date));
    let mut page = CodePage {
        answer,
        code,
        entry,
        breadcrumb: Vec::new(),
        tabular: None,
        notes: Vec::new(),
        seventh_characters: None,
        visual_impairment: Vec::new(),
        children: Vec::new(),
        siblings: Vec::new(),
        index: Vec::new(),
        poa: match code_set.has(DocumentKind::PoaExemptList) {
            true => poa_on(codes, &code, date)?,
            false => None,
        },
        history,
        last_change,
        pcs: None,
        neighbors: Neighbors::default(),
        named_in: Vec::new(),
        difference: None,
        recent_change: None,
        verified: None,
    };
    if let Some(chapter) = chapter_of(code_set, &code) {
        page.breadcrumb.push(PlaceInBook {
            kind: PlaceKind::Chapter,
            name: chapter.label.to_owned(),
            title: chapter.title.to_owned(),
        });
    }
    let Some(release) = timeline.governing(date).map(|period| period.release) else {
        return Ok(page);
    };
    place_in_family(&mut page, codes, release, date)?;
    {
        let store = codes.store()?;
        let of = PageOf {
            codes,
            store: &store,
            code,
            date,
            release,
            options,
        };
        page.verified = Proof::deciding(&store.proofs_of(code_set, release)?).cloned();
        match code_set.facts().book {
            Book::Tabular => {
                let stem = add_tabular(&of, &mut page)?;
                add_index(&of, &mut page, &stem)?;
            }
            Book::Tables => page.pcs = Some(explain(&store, &code, release, options)?),
            Book::List => {}
        }
        if options.around {
            add_around(&of, &mut page)?;
        }
    }
    if options.around {
        page.difference = difference(codes, &page, options.nearest)?;
    }
    Ok(page)
}

/// Fills in the levels above a code, and what is below and beside it.
fn place_in_family(
    page: &mut CodePage,
    codes: &dyn CodeSource,
    release: ReleaseId,
    date: NaiveDate,
) -> Result<()> {
    let code = page.code;
    let mut parent = None;
    for length in 3..code.len() {
        if let Some(above) = codes.entry_on(&code.prefix(length), date)? {
            parent = Some(above.code);
            page.breadcrumb.push(PlaceInBook {
                kind: PlaceKind::Code,
                name: above.code.as_str().to_owned(),
                title: above.long_title,
            });
        }
    }
    if codes.entry_on(&code, date)?.is_some() {
        page.children = directly_below(codes, release, date, &code)?;
    }
    if let Some(parent) = parent {
        page.siblings = directly_below(codes, release, date, &parent)?;
        page.siblings.retain(|entry| entry.code != code);
    }
    Ok(())
}

/// Lists what is below a listed code with no other level between.
fn directly_below(
    codes: &dyn CodeSource,
    release: ReleaseId,
    date: NaiveDate,
    above: &Code,
) -> Result<Vec<Entry>> {
    let mut below = codes.below(release, date, above)?;
    let listed: BTreeSet<Code> = below.iter().map(|entry| entry.code).collect();
    below.retain(|entry| {
        let mut between = above.len() + 1..entry.code.len();
        entry.code != *above && !between.any(|length| listed.contains(&entry.code.prefix(length)))
    });
    Ok(below)
}

/// Fills in what the tabular list says, and returns the code as the list names it.
fn add_tabular(of: &PageOf<'_>, page: &mut CodePage) -> Result<Code> {
    let (store, code) = (of.store, page.code);
    let (consulted, document) = consult_for(of, DocumentKind::Tabular)?;
    // An earlier year's list has no say in where a code is.
    let is_of_year = !consulted.is_earlier();
    page.tabular = Some(consulted);
    let Some(document) = document else {
        // The level above a 7-character code is the nearest listed one.
        let listed = page
            .breadcrumb
            .iter()
            .rev()
            .find(|place| place.kind == PlaceKind::Code);
        let above =
            listed.and_then(|place| Code::from_plain(code.code_set(), place.name.as_bytes()));
        return Ok(match above {
            Some(above) if code.len() == 7 => above,
            _ => code,
        });
    };
    let mut levels: Vec<TabularNode> = Vec::new();
    let mut stem = (code, None);
    let mut category_at = None;
    for level in std::iter::once(code).chain(code.above()) {
        let found = store.tabular_node(&document, NodeKind::Code, level.as_str())?;
        if let Some((position, node)) = found {
            if levels.is_empty() {
                stem = (level, Some(position));
            }
            if level == code.category() {
                category_at = Some(position);
            }
            levels.push(node);
        }
    }
    let block = match levels.last() {
        Some(category) => store.tabular_node(&document, NodeKind::Block, &category.parent)?,
        None => None,
    };
    let mut places = Vec::new();
    if let (Some((block_at, block)), Some(category_at)) = (block, category_at)
        && let Some((_, chapter)) =
            store.tabular_node(&document, NodeKind::Chapter, &block.parent)?
    {
        places.push(PlaceInBook::of(&chapter));
        let mut nodes = vec![chapter.clone()];
        for (at, other) in store.blocks_of(&document, &chapter.name)? {
            if at == block_at {
                continue;
            }
            if covers(store, &document, &other.name, category_at)? {
                places.push(PlaceInBook::of(&other));
                nodes.push(other);
            } else if at < block_at {
                page.neighbors.previous_block = Some(PlaceInBook::of(&other));
            } else if page.neighbors.next_block.is_none() {
                page.neighbors.next_block = Some(PlaceInBook::of(&other));
            }
        }
        places.push(PlaceInBook::of(&block));
        nodes.push(block);
        // Own notes last: a coder reads from the general to the particular.
        levels.extend(nodes.into_iter().rev());
    }
    if !is_of_year {
        page.neighbors = Neighbors::default();
    } else if !places.is_empty() {
        page.breadcrumb
            .retain(|place| place.kind == PlaceKind::Code);
        page.breadcrumb.splice(0..0, places);
    }
    page.seventh_characters = levels
        .iter()
        .filter(|node| !node.seventh_characters.is_empty())
        .find_map(|node| {
            Some(SeventhCharacters {
                defined_at: node.code()?,
                characters: node.seventh_characters.clone(),
            })
        });
    if code.category().as_str() == VISUAL_IMPAIRMENT_OF {
        page.visual_impairment = store
            .tabular_node(&document, NodeKind::Code, VISUAL_IMPAIRMENT_AT)?
            .map(|(_, node)| node.visual_impairment)
            .unwrap_or_default();
    }
    page.notes = levels
        .iter()
        .rev()
        .filter(|node| !node.groups.is_empty())
        .map(|node| NotesAt {
            place: PlaceInBook::of(node),
            groups: node.groups.clone(),
        })
        .collect();
    let (stem, position) = stem;
    if let Some(position) = position.filter(|_| of.options.around && is_of_year) {
        page.named_in = store.notes_naming(&document, &stem, position)?;
    }
    Ok(stem)
}

/// Checks whether a block reaches over a category that stands in another one: umbrella blocks such as
/// C00-C96 hold no category themselves.
fn covers(store: &Store, document: &StoredDocument, block: &str, category_at: i64) -> Result<bool> {
    let Some((first, last)) = block.split_once('-') else {
        return Ok(false);
    };
    let at = |name: &str| store.tabular_position(document, NodeKind::Code, name);
    Ok(match (at(first)?, at(last)?) {
        (Some(first), Some(last)) => first <= category_at && category_at <= last,
        _ => false,
    })
}

fn add_index(of: &PageOf<'_>, page: &mut CodePage, stem: &Code) -> Result<()> {
    for kind in IndexKind::ALL {
        let (consulted, document) = consult_for(of, DocumentKind::Index(kind))?;
        let links = match document {
            Some(document) => of.store.index_links(&document, &page.code, stem)?,
            None => Vec::new(),
        };
        page.index.push(IndexEntries {
            kind,
            consulted,
            links,
        });
    }
    Ok(())
}

/// Fills in the categories before and after that of a code, and the last change in its own.
fn add_around(of: &PageOf<'_>, page: &mut CodePage) -> Result<()> {
    let category = of.code.category();
    let around = of.store.codes_around(of.release, &category)?;
    let [previous, next] = around.map(|code| code.map(|code| code.category()));
    for (code, entry) in [
        (previous, &mut page.neighbors.previous_category),
        (next, &mut page.neighbors.next_category),
    ] {
        if let Some(code) = code {
            *entry = of.codes.entry_on(&code, of.date)?;
        }
    }
    let periods = of.codes.timeline().periods();
    if let Some(first) = periods.first() {
        let day = of.store.last_change_below(&category, first.from, of.date)?;
        page.recent_change = day.and_then(|day| {
            let at = periods.partition_point(|period| period.from <= day);
            let old = periods.get(at.checked_sub(2)?)?;
            let new = periods.get(at.checked_sub(1)?)?;
            Some(RecentChange {
                old: old.release,
                new: new.release,
                day: new.from,
            })
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodeSet, DocumentSource, OtherBecause};
    use crate::testing::{codes_of, day, release, sample};

    fn page(store: &Store, code: &str, date: &str) -> CodePage {
        let options = ShowOptions::default();
        show(
            &store.codes(CodeSet::Icd10Cm).unwrap(),
            code,
            day(date),
            options,
        )
        .unwrap()
    }

    #[test]
    fn poa_reporting_is_told_of_a_billable_code_only() {
        let store = sample();
        for (code, date) in [
            ("E11", "2025-11-01"),
            ("Z99.99", "2025-11-01"),
            ("E11.A", "2024-11-01"),
            ("M54.5", "2025-11-01"),
        ] {
            let page = page(&store, code, date);
            assert!(page.poa.is_none() && !page.asks_for_poa(), "{code}");
        }
        let span = page(&store, "M54.50", "2021-10-01").poa.unwrap();
        assert!(!span.exempt);
        assert_eq!(span.from, day("2021-10-01"), "its own first day");
    }

    #[test]
    fn what_the_first_loaded_release_lists_is_no_change() {
        let store = sample();
        let release = "FY2016".parse().unwrap();
        let change = |code: &str, date: &str| page(&store, code, date).last_change;
        let unchanged = |changes_later| {
            Some(LastChange::UnchangedSince {
                release,
                changes_later,
            })
        };
        assert_eq!(change("A00", "2026-03-01"), unchanged(false));
        assert_eq!(change("M54.5", "2020-11-01"), unchanged(true));
        let on = |day_of: &str, release: &str| {
            Some(LastChange::On {
                day: day(day_of),
                release: release.parse().unwrap(),
            })
        };
        assert_eq!(change("M54.5", "2026-03-01"), on("2021-10-01", "FY2022"));
        assert_eq!(change("M54.50", "2026-03-01"), on("2021-10-01", "FY2022"));
        assert_eq!(change("M54.50", "2020-11-01"), None);
    }

    #[test]
    fn notes_are_of_the_fiscal_year_and_of_another_only_if_that_is_asked_for() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let shown =
            |code: &str, date: &str, options| show(&codes, code, day(date), options).unwrap();
        let plain = ShowOptions::default();
        let own = shown("C7B.02", "2026-04-01", plain);
        assert!(matches!(
            own.tabular,
            Some(DocumentSource::Own { release: of, .. }) if of == release("FY2026-04")
        ));
        let of_year = shown("C7B.02", "2026-03-31", plain);
        assert!(matches!(
            of_year.tabular,
            Some(DocumentSource::Other { missing, release: of, because: OtherBecause::SameYear, .. })
                if (missing, of) == (release("FY2026"), release("FY2026-04"))
        ));
        assert_eq!(of_year.notes, own.notes);
        let missing = shown("C7B.02", "2026-10-01", plain);
        assert_eq!(
            missing.tabular,
            Some(DocumentSource::Missing {
                missing: release("FY2027"),
                nearest: Some(release("FY2026-04")),
            })
        );
        assert!(missing.notes.is_empty());
        let nearest = ShowOptions {
            nearest: true,
            ..plain
        };
        let asked = shown("C7B.02", "2026-10-01", nearest);
        assert!(matches!(
            asked.tabular,
            Some(DocumentSource::Other { missing, release: of, because: OtherBecause::Asked, .. })
                if (missing, of) == (release("FY2027"), release("FY2026-04"))
        ));
        let earlier = ShowOptions {
            earlier: true,
            ..plain
        };
        let folded = shown("C7B.02", "2026-10-01", earlier);
        assert!(folded.tabular.unwrap().is_earlier());
        assert_eq!(folded.notes, own.notes);
        // A later list is no earlier one.
        assert!(shown("M54.5", "2016-10-01", earlier).notes.is_empty());
    }

    #[test]
    fn around_a_code_are_its_neighbors_the_notes_that_name_it_and_the_code_most_like_it() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let around = ShowOptions {
            around: true,
            ..ShowOptions::default()
        };
        let page = show(&codes, "C7B", day("2026-04-01"), around).unwrap();
        let name = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.code.to_string());
        assert_eq!(
            name(&page.neighbors.previous_category).as_deref(),
            Some("C7A")
        );
        let difference = page.difference.unwrap();
        assert_eq!(difference.other.code.to_string(), "C7A");
        assert!(difference.has_notes);
        let plain = show(&codes, "C7B", day("2026-04-01"), ShowOptions::default()).unwrap();
        assert!(plain.difference.is_none() && plain.neighbors.next_category.is_none());
        let changed = show(&codes, "M54.50", day("2026-04-01"), around).unwrap();
        let recent = changed.recent_change.unwrap();
        assert_eq!(recent.new, release("FY2022"));
    }

    #[test]
    fn the_family_of_a_code_is_that_of_the_day() {
        let store = sample();
        let before = page(&store, "M54.5", "2021-09-30");
        let after = page(&store, "M54.5", "2021-10-01");
        assert_eq!(codes_of(&before.children), [""; 0]);
        assert_eq!(codes_of(&after.children), ["M54.50", "M54.51", "M54.59"]);
        assert!(!codes_of(&after.siblings).contains(&"M54.5".to_owned()));
        let levels: Vec<&str> = after
            .breadcrumb
            .iter()
            .map(|place| place.name.as_str())
            .collect();
        assert_eq!(levels, ["13", "M54"]);
    }

    #[test]
    fn the_entry_of_a_day_without_release_is_the_nearest_in_time() {
        let store = sample();
        let title = |date: &str| {
            let page = page(&store, "C7A.094", date);
            assert_eq!(page.answer.verdict.name(), "not-covered");
            page.entry.unwrap().long_title
        };
        // FY2016 governs last before the first day, FY2022-04 before the second.
        assert!(title("2018-01-01").ends_with("NOS"));
        assert!(title("2023-01-01").ends_with("unspecified"));
    }
}
