//! Whether the rows of a release, and the entries of a document, are all there, beside those of the nearest release
//! that the catalogue knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::model::{Code, CodeSet, Document, Entry, ReleaseId};
use crate::parse::order::OrderFile;
use crate::source::catalogue::{KnownDocument, OrderFileFacts};
use crate::source::{RowsHash, rows_sha256};

/// How many percent of the nearest release's rows a release has at least. The largest official fall is that of
/// ICD-10-PCS FY2020: 1.7 %.
const LEAST_PERCENT: u64 = 98;

/// How many percent of the length of the nearest release's titles those of a release have at least, on average. The
/// largest official fall is that of the long titles of ICD-10-CM FY2014: 2.3 %.
const LEAST_PERCENT_OF_TITLES: u64 = 95;

/// How many codes a sentence names one by one.
const MAX_NAMED: usize = 4;

/// How many codes a release lists at most without the header above them: ICD-10-CM FY2018 to FY2023 list one,
/// H54.512A. (FY2012 and FY2013, before the code set was in force, list no header with placeholders.)
const MAX_WITHOUT_HEADER: usize = 1;

/// What is there of a release.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    pub(super) code_set: CodeSet,
    /// Its rows.
    pub(super) rows: u64,
    /// Those with flag 1.
    pub(super) billable: u64,
    /// The hash of its rows.
    pub(super) rows_sha256: String,
    /// The bytes of its short and long titles; `None` of the short ones of a tabular list, which has none.
    title_bytes: [Option<u64>; 2],
    /// The headers with nothing below them.
    empty_headers: Vec<Code>,
    /// The codes whose header is not listed.
    without_header: Vec<Code>,
    /// The first characters of its codes.
    letters: BTreeSet<char>,
    /// Its categories or tables, with the number of their rows.
    categories: BTreeMap<Code, u64>,
}

/// A code that a release lists.
struct ListedCode {
    code: Code,
    billable: bool,
    title_bytes: [usize; 2],
}

impl Extent {
    /// Returns the extent of a parsed order file. Of bytes that the catalogue knows it takes the hash of the rows
    /// from there.
    pub(super) fn of_order_file(
        code_set: CodeSet,
        order: &OrderFile,
        known: Option<&OrderFileFacts>,
    ) -> Extent {
        Extent::new(
            code_set,
            order.rows().len() as u64,
            order.billable(),
            known.map_or_else(|| rows_sha256(order), |facts| facts.rows_sha256.clone()),
            order.rows().iter().map(|row| ListedCode {
                code: row.code,
                billable: row.billable,
                title_bytes: [order.short_title(row).len(), order.long_title(row).len()],
            }),
        )
    }

    /// Returns the extent of the rows that a tabular list expands to.
    pub(super) fn of_entries(code_set: CodeSet, entries: &[Entry]) -> Extent {
        let mut hash = RowsHash::new();
        for entry in entries {
            hash.add(&entry.as_row());
        }
        let extent = Extent::new(
            code_set,
            entries.len() as u64,
            entries.iter().filter(|entry| entry.billable).count() as u64,
            hash.finish(),
            entries.iter().map(|entry| ListedCode {
                code: entry.code,
                billable: entry.billable,
                title_bytes: [entry.short_title.len(), entry.long_title.len()],
            }),
        );
        let [_, long] = extent.title_bytes;
        Extent {
            title_bytes: [None, long],
            ..extent
        }
    }

    /// Returns the extent that the catalogue has of an order file with the same bytes.
    pub(super) fn of_known(code_set: CodeSet, facts: &OrderFileFacts) -> Extent {
        Extent {
            code_set,
            rows: facts.rows,
            billable: facts.billable,
            rows_sha256: facts.rows_sha256.clone(),
            title_bytes: facts.title_bytes.map(Some),
            empty_headers: Vec::new(),
            without_header: Vec::new(),
            letters: letters(facts.categories.iter().map(|(code, _)| code)),
            categories: facts.categories.iter().copied().collect(),
        }
    }

    fn new(
        code_set: CodeSet,
        rows: u64,
        billable: u64,
        rows_sha256: String,
        codes: impl Iterator<Item = ListedCode>,
    ) -> Extent {
        let mut categories = BTreeMap::new();
        // Codes of one category stand together: it is looked up once.
        let mut last: Option<(Code, u64)> = None;
        let mut empty_headers = Vec::new();
        let mut without_header = Vec::new();
        // The headers above the code at hand, and whether the last of them has nothing below it yet.
        let mut above: Vec<Code> = Vec::new();
        let mut is_empty = false;
        let mut title_bytes = [0; 2];
        let counted_by = code_set.facts().counted_by;
        for listed in codes {
            let ListedCode { code, billable, .. } = listed;
            for (all, bytes) in title_bytes.iter_mut().zip(listed.title_bytes) {
                *all += bytes as u64;
            }
            let is_below = |header: &Code| code.as_str().starts_with(header.as_str());
            if is_empty && !above.last().is_some_and(is_below) {
                empty_headers.extend(above.last());
            }
            while above.last().is_some_and(|header| !is_below(header)) {
                above.pop();
            }
            let category = code.category();
            if code != category && !is_complete(code_set, above.last(), &code) {
                without_header.push(code);
            }
            is_empty = !billable;
            if !billable {
                above.push(code);
            }
            let counted = code.prefix(counted_by);
            match &mut last {
                Some((same, rows)) if *same == counted => *rows += 1,
                _ => add_category(&mut categories, last.replace((counted, 1))),
            }
        }
        add_category(&mut categories, last);
        if is_empty {
            empty_headers.extend(above.last());
        }
        Extent {
            code_set,
            rows,
            billable,
            rows_sha256,
            title_bytes: title_bytes.map(Some),
            empty_headers,
            without_header,
            letters: letters(categories.keys()),
            categories,
        }
    }
}

fn add_category(categories: &mut BTreeMap<Code, u64>, counted: Option<(Code, u64)>) {
    if let Some((category, rows)) = counted {
        *categories.entry(category).or_default() += rows;
    }
}

/// Checks whether the header above a code is the one that it has in a whole release: in ICD-10-CM one character
/// shorter, but for the placeholders of codes with a 7th character, in ICD-10-PCS its table.
fn is_complete(code_set: CodeSet, header: Option<&Code>, code: &Code) -> bool {
    header.is_some_and(|header| (code_set.facts().is_directly_above)(header, code))
}

/// Returns what a release lacks: rows, a chapter letter, the last category or others that the nearest known one has,
/// more rows of its categories than official releases lost, the ends of its titles; the header above a code, the codes
/// below a header; `None` if it is whole. The losses are those since the nearest one that is not later (`before`). They
/// are not judged where addenda, the catalogue or the user account for them.
pub(super) fn lacks(
    extent: &Extent,
    (nearest, facts): Known<'_>,
    before: Option<Known<'_>>,
    losses_are_explained: bool,
) -> Option<String> {
    if extent.rows_sha256 == facts.rows_sha256 {
        return None;
    }
    let known_letters: String = letters(facts.categories.iter().map(|(code, _)| code))
        .into_iter()
        .collect();
    too_few("rows", extent.rows, facts.rows, nearest)
        .or_else(|| without_letters("code", &extent.letters, &known_letters, nearest))
        .or_else(|| {
            let (last, _) = facts.categories.last()?;
            let has_last = extent.categories.contains_key(last);
            (!has_last).then(|| {
                let level = extent.code_set.facts().levels.category.one.to_lowercase();
                without_last(last.as_str(), &level, nearest)
            })
        })
        .or_else(|| {
            let (before, facts) = before.filter(|_| !losses_are_explained)?;
            let losses = losses(extent, facts);
            let is_part = are_too_many(extent.code_set, &losses);
            is_part.then(|| losses_in_words(extent.code_set, &losses, before))
        })
        .or_else(|| short_titles(extent, nearest, facts))
        .or_else(|| {
            let first = extent.without_header.first()?;
            let others = extent.without_header.len() - 1;
            let others = match others {
                0 => String::new(),
                others => format!(", nor above {others} more"),
            };
            (extent.without_header.len() > MAX_WITHOUT_HEADER)
                .then(|| format!("there is no header above {}{others}", first))
        })
        .or_else(|| {
            let first = extent.empty_headers.first()?;
            Some(format!("there is nothing below {}, a header", first))
        })
}

/// Returns the error of a file that is only a part.
pub(super) fn looks_cut_off(reason: &str) -> Error {
    Error::format(format!("it looks cut off or changed: {reason}")).with_hint(
        "download it again; --allow-incomplete imports a part on purpose, and every answer will say so",
    )
}

/// A release whose rows the catalogue knows.
pub(super) type Known<'c> = (ReleaseId, &'c OrderFileFacts);

/// Returns that the titles of a release were cut off, by their length beside those of the nearest known one.
fn short_titles(extent: &Extent, nearest: ReleaseId, facts: &OrderFileFacts) -> Option<String> {
    let titles = extent.title_bytes.into_iter().zip(facts.title_bytes);
    let mut titles = titles.zip(["short", "long"]);
    titles.find_map(|((found, known), which)| {
        let found = found?;
        let is_short = found * facts.rows * 100 < known * extent.rows * LEAST_PERCENT_OF_TITLES;
        is_short.then(|| {
            format!(
                "its {which} titles have {} bytes on average, and those of {nearest} have {}",
                found / extent.rows.max(1),
                known / facts.rows.max(1)
            )
        })
    })
}

/// A category of which a release has fewer rows than one before it.
pub(super) struct Loss {
    category: Code,
    /// How many rows fewer.
    rows: u64,
    /// Whether it has none.
    is_gone: bool,
}

/// Returns the categories of which a release has fewer rows than one before it.
pub(super) fn losses(extent: &Extent, before: &OrderFileFacts) -> Vec<Loss> {
    let lost = before.categories.iter().filter_map(|(category, known)| {
        let found = extent.categories.get(category).copied();
        let rows = known.saturating_sub(found.unwrap_or(0));
        (rows > 0).then_some(Loss {
            category: *category,
            rows,
            is_gone: found.is_none(),
        })
    });
    lost.collect()
}

/// Checks whether a release has lost more than official ones do.
fn are_too_many(code_set: CodeSet, losses: &[Loss]) -> bool {
    let limits = &code_set.facts().losses;
    let gone = losses.iter().filter(|loss| loss.is_gone);
    let rows: u64 = losses.iter().map(|loss| loss.rows).sum();
    let is_too_much = |loss: &Loss| limits.rows_of_category.is_some_and(|most| loss.rows > most);
    !gone.clone().all(|loss| (limits.can_go)(&loss.category))
        || gone.count() > limits.categories
        || limits.rows.is_some_and(|most| rows > most)
        || losses.iter().any(is_too_much)
}

/// Returns in words what a release has lost: the categories that are gone, and those with fewer rows, most first.
pub(super) fn losses_in_words(code_set: CodeSet, losses: &[Loss], before: ReleaseId) -> String {
    let level = &code_set.facts().levels.category;
    let called = |count: usize| {
        let name = if count == 1 { level.one } else { level.several };
        name.to_lowercase()
    };
    let name = |names: Vec<String>| {
        let named = names.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>();
        match names.len().saturating_sub(MAX_NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    };
    let gone = losses.iter().filter(|loss| loss.is_gone);
    let gone: Vec<String> = gone.map(|loss| loss.category.to_string()).collect();
    let mut fewer: Vec<&Loss> = losses.iter().filter(|loss| !loss.is_gone).collect();
    fewer.sort_by_key(|loss| std::cmp::Reverse(loss.rows));
    let rows: u64 = fewer.iter().map(|loss| loss.rows).sum();
    let fewer = fewer.iter();
    let fewer: Vec<String> = fewer
        .map(|loss| format!("{} ({})", loss.category, loss.rows))
        .collect();
    let gone = (!gone.is_empty()).then(|| {
        format!(
            "it lists nothing of the {} {}, which {before} has",
            called(gone.len()),
            name(gone)
        )
    });
    let fewer = (!fewer.is_empty()).then(|| {
        format!(
            "it has {rows} {} fewer than {before} in the {} {}",
            if rows == 1 { "row" } else { "rows" },
            called(fewer.len()),
            name(fewer)
        )
    });
    let parts: Vec<String> = gone.into_iter().chain(fewer).collect();
    parts.join("; ")
}

/// Returns the characters that some categories begin with.
fn letters<'c>(categories: impl IntoIterator<Item = &'c Code>) -> BTreeSet<char> {
    let firsts = categories.into_iter();
    firsts
        .filter_map(|code| code.as_str().chars().next())
        .collect()
}

fn too_few(what: &str, found: u64, known: u64, nearest: ReleaseId) -> Option<String> {
    fewer(what, found, known, nearest).filter(|_| found * 100 < known * LEAST_PERCENT)
}

fn fewer(what: &str, found: u64, known: u64, nearest: ReleaseId) -> Option<String> {
    (found < known).then(|| format!("it has {found} {what} and {nearest} has {known}"))
}

fn without_letters(
    what: &str,
    found: &BTreeSet<char>,
    known: &str,
    nearest: ReleaseId,
) -> Option<String> {
    let missing = known.chars().filter(|letter| !found.contains(letter));
    let missing: Vec<String> = missing.map(String::from).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "no {what} begins with {} as in {nearest}",
            missing.join(", ")
        )
    })
}

fn without_last(last: &str, what: &str, nearest: ReleaseId) -> String {
    format!("it does not list {last}, the last {what} of {nearest}")
}

/// What a document lists, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    /// What its entries are.
    what: &'static str,
    /// What one of them is called.
    one: &'static str,
    entries: u64,
    /// What its entries begin with.
    letters: BTreeSet<char>,
    /// Its categories, tables, sections or letters.
    categories: BTreeSet<String>,
}

impl Outline {
    /// Returns what a document lists; `None` of a tabular list, which is measured by its rows.
    pub(super) fn of(document: &Document) -> Option<Outline> {
        let code = |code: &Code| code.category().as_str().to_owned();
        let outline = |what, one, heads: &mut dyn Iterator<Item = String>| {
            let mut entries = 0;
            let categories: BTreeSet<String> = heads.inspect(|_| entries += 1).collect();
            let letters = categories.iter().filter_map(|head| head.chars().next());
            Some(Outline {
                what,
                one,
                entries,
                letters: letters.collect(),
                categories,
            })
        };
        match document {
            Document::Tabular(_) => None,
            Document::ConversionTable(table) => {
                let codes = table.rows.iter().filter_map(|row| row.code.as_ref());
                outline("rows", "code", &mut codes.map(code))
            }
            Document::PoaExemptList(list) => outline(
                "codes",
                "code",
                &mut list.rows.iter().map(|row| code(&row.code)),
            ),
            Document::PcsTables(tables) => {
                let rows = tables.tables.iter().flat_map(|table| {
                    let code = table.code.as_str().to_owned();
                    table.rows.iter().map(move |_| code.clone())
                });
                outline("rows", "table", &mut { rows })
            }
            Document::PcsDefinitions(definitions) => {
                let terms = definitions.terms.iter();
                outline(
                    "terms",
                    "section",
                    &mut terms.map(|term| term.section.to_string()),
                )
            }
            Document::Index(index) => {
                let terms = index.terms.iter();
                outline(
                    "terms",
                    "term",
                    &mut terms.map(|term| term.letter.to_string()),
                )
            }
            Document::PcsIndex(index) => {
                let terms = index.terms.iter();
                outline(
                    "terms",
                    "term",
                    &mut terms.map(|term| term.letter.to_string()),
                )
            }
        }
    }

    /// Returns what its categories are called.
    fn head(&self) -> &'static str {
        match self.one {
            "code" => "category",
            "term" => "letter",
            table_or_section => table_or_section,
        }
    }

    /// Returns that the document has fewer entries than another of the same kind, if it has.
    pub(super) fn fewer(&self, nearest: ReleaseId, known: &KnownDocument) -> Option<String> {
        fewer(self.what, self.entries, known.entries?, nearest)
    }

    /// Returns what the document lacks beside one of the same kind that the catalogue knows. Beside one of a later
    /// release nothing can be said: they become more.
    pub(super) fn lacks(
        &self,
        id: ReleaseId,
        nearest: ReleaseId,
        known: &KnownDocument,
    ) -> Option<String> {
        if nearest > id {
            return None;
        }
        let fewer = known.entries.and_then(|entries| {
            match nearest == id {
                // In other bytes it may have more, and no less.
                true => self.fewer(nearest, known),
                false => too_few(self.what, self.entries, entries, nearest),
            }
        });
        let letters = known.letters.as_deref().unwrap_or_default();
        fewer
            .or_else(|| without_letters(self.one, &self.letters, letters, nearest))
            .or_else(|| {
                let last = known.last.as_ref()?;
                (!self.categories.contains(last)).then(|| without_last(last, self.head(), nearest))
            })
    }
}
