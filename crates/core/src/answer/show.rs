//! The coder's page of a code on a day: its place, notes, children, index entries, lineage.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::check::check;
use super::consult::{ShowOptions, consult};
use super::explain::explain;
use super::history::history;
use super::lineage::poa_on;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Book, Code, CodeHistory, CodePage, DocumentKind, Entry, HistorySpan, IndexEntries, IndexKind,
    LastChange, NodeKind, NotesAt, PlaceInBook, PlaceKind, ReleaseId, SeventhCharacters,
    StoredDocument, TabularNode, Timeline, chapter_of,
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
    let code = code_set.read_typed(text).map_err(|error| {
        Error::usage(error.to_string())
            .with_hint("write a code as in C7B.00, with or without its dot")
    })?;
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
    let store = codes.store()?;
    match code_set.facts().book {
        Book::Tabular => {
            let stem = add_tabular(&store, &mut page, release, options)?;
            add_index(&store, &mut page, release, options, &stem)?;
        }
        Book::Tables => add_pcs(&store, &mut page, release, options)?,
        Book::List => {}
    }
    Ok(page)
}

/// Fills in the levels above a code, and what stands below and beside it.
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

/// Lists what stands below a listed code with no other level between.
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

/// Fills in what the tabular list says, and gives the code as the list names it.
fn add_tabular(
    store: &Store,
    page: &mut CodePage,
    release: ReleaseId,
    options: ShowOptions,
) -> Result<Code> {
    let code = page.code;
    let (consulted, document) = consult(store, release, DocumentKind::Tabular, options)?;
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
    let mut stem = code;
    let mut category_at = None;
    for level in std::iter::once(code).chain(code.above()) {
        let found = store.tabular_node(&document, NodeKind::Code, level.as_str())?;
        if let Some((position, node)) = found {
            if levels.is_empty() {
                stem = level;
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
        places.push(place(&chapter));
        let mut nodes = vec![chapter.clone()];
        for (at, umbrella) in store.blocks_of(&document, &chapter.name)? {
            if at != block_at && covers(store, &document, &umbrella.name, category_at)? {
                places.push(place(&umbrella));
                nodes.push(umbrella);
            }
        }
        places.push(place(&block));
        nodes.push(block);
        // Own notes last: a coder reads from the general to the particular.
        levels.extend(nodes.into_iter().rev());
    }
    if !places.is_empty() {
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
            place: place(node),
            groups: node.groups.clone(),
        })
        .collect();
    Ok(stem)
}

fn place(node: &TabularNode) -> PlaceInBook {
    PlaceInBook {
        kind: match node.kind {
            NodeKind::Introduction | NodeKind::Chapter => PlaceKind::Chapter,
            NodeKind::Block => PlaceKind::Block,
            NodeKind::Code => PlaceKind::Code,
        },
        name: node.name.clone(),
        title: node.title.clone(),
    }
}

/// Checks whether a block reaches over a category that stands in another one: umbrella blocks such as
/// C00-C96 hold no category themselves.
fn covers(store: &Store, document: &StoredDocument, block: &str, category_at: i64) -> Result<bool> {
    let Some((first, last)) = block.split_once('-') else {
        return Ok(false);
    };
    let at = |name: &str| -> Result<Option<i64>> {
        Ok(store
            .tabular_node(document, NodeKind::Code, name)?
            .map(|(position, _)| position))
    };
    Ok(match (at(first)?, at(last)?) {
        (Some(first), Some(last)) => first <= category_at && category_at <= last,
        _ => false,
    })
}

fn add_index(
    store: &Store,
    page: &mut CodePage,
    release: ReleaseId,
    options: ShowOptions,
    stem: &Code,
) -> Result<()> {
    for kind in IndexKind::ALL {
        let (consulted, document) = consult(store, release, DocumentKind::Index(kind), options)?;
        let links = match document {
            Some(document) => store.index_links(&document, &page.code, stem)?,
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

fn add_pcs(
    store: &Store,
    page: &mut CodePage,
    release: ReleaseId,
    options: ShowOptions,
) -> Result<()> {
    page.pcs = Some(explain(store, &page.code, release, options)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodeSet, DocumentSource};
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
    fn notes_are_of_the_release_in_force_and_of_another_only_if_that_is_asked_for() {
        let store = sample();
        let codes = store.codes(CodeSet::Icd10Cm).unwrap();
        let shown = |date: &str, nearest: bool| {
            show(&codes, "C7B.02", day(date), ShowOptions { nearest }).unwrap()
        };
        let own = shown("2026-04-01", false);
        assert!(matches!(
            own.tabular,
            Some(DocumentSource::Own { release: of, .. }) if of == release("FY2026-04")
        ));
        let missing = shown("2026-03-31", false);
        assert_eq!(
            missing.tabular,
            Some(DocumentSource::Missing {
                missing: release("FY2026"),
                nearest: Some(release("FY2026-04")),
            })
        );
        assert_eq!((missing.notes.len(), own.notes.len()), (0, 2));
        let nearest = shown("2026-03-31", true);
        assert!(matches!(
            nearest.tabular,
            Some(DocumentSource::Nearest { missing, release: of, .. })
                if (missing, of) == (release("FY2026"), release("FY2026-04"))
        ));
        assert_eq!(nearest.notes, own.notes);
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
