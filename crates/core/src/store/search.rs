//! The full-text index: kept in step with what is stored, and asked.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::book::item_position;
use super::database::Store;
use super::rows::{code_set_id, date, entry};
use super::runs::RunSet;
use crate::error::Result;
use crate::model::{Code, CodeSet, DocumentKind, Entry, IndexKind, StoredDocument};

/// Where the items of a kind begin among the rows of the full-text index, as the view `searchable` has it.
const REGION: i64 = 1 << 40;

/// Where the terms of the index of ICD-10-PCS begin: the last ones.
pub(super) const PCS_INDEX: i64 = 4 * REGION;

/// How far the tables that are searched had been filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searchable {
    entry: i64,
    note: i64,
    term: i64,
    pcs_term: i64,
}

impl Searchable {
    /// Reads how far they are filled now.
    pub(super) fn stored(connection: &Connection) -> rusqlite::Result<Searchable> {
        let last = |table: &str| {
            connection.query_row(
                &format!("SELECT coalesce(max(id), 0) FROM {table}"),
                [],
                |row| row.get(0),
            )
        };
        Ok(Searchable {
            entry: last("entry")?,
            note: last("tabular_note")?,
            term: last("index_term")?,
            pcs_term: last("pcs_index_term")?,
        })
    }

    /// Makes one piece of the full-text index, which each import adds pieces to: a search asks each piece.
    pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
        let pieces: i64 =
            connection.query_row("SELECT count(DISTINCT segid) FROM search_idx", [], |row| {
                row.get(0)
            })?;
        if pieces > 1 {
            connection.execute("INSERT INTO search (search) VALUES ('optimize')", [])?;
        }
        Ok(())
    }

    /// Returns the numbers up to which they are filled.
    pub(super) fn numbers(self) -> [i64; 4] {
        [self.entry, self.note, self.term, self.pcs_term]
    }

    /// Writes what has come since into the full-text index, and returns how far the tables are filled by then.
    pub(super) fn add_new(self, connection: &Connection) -> rusqlite::Result<Searchable> {
        connection.execute(
            "INSERT INTO search (rowid, words)
             SELECT id, long_title FROM entry
             WHERE id > ?1 AND NOT (code_set = 1 AND length(code) = 7)",
            [self.entry],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words)
             SELECT id + ?2, long_title FROM entry
             WHERE id > ?1 AND code_set = 1 AND length(code) = 7",
            [self.entry, REGION],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words)
             SELECT id + ?2, note FROM tabular_note WHERE id > ?1 AND kind = 'inclusionTerm'",
            [self.note, 2 * REGION],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words) SELECT id + ?2, path FROM index_term WHERE id > ?1",
            [self.term, 3 * REGION],
        )?;
        connection.execute(
            "INSERT INTO search (rowid, words) SELECT id + ?2, path FROM pcs_index_term WHERE id > ?1",
            [self.pcs_term, PCS_INDEX],
        )?;
        Searchable::stored(connection)
    }
}

/// Returns where the rows end that a search of a code set looks in.
fn end_for(code_set: CodeSet) -> i64 {
    match code_set.has(DocumentKind::PcsIndex) {
        true => PCS_INDEX + REGION,
        false => PCS_INDEX,
    }
}

/// An item that the full-text index found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundItem {
    /// A title: the entry and its number.
    Entry {
        /// The number of the entry.
        number: i64,
        /// The entry.
        entry: Entry,
    },
    /// An inclusion term of a node.
    InclusionTerm {
        /// The number of the node.
        node: i64,
        /// The code of the node.
        code: Code,
        /// The term.
        term: String,
    },
    /// A term of an index, with a code that it names.
    Index {
        /// The number of the term.
        term: i64,
        /// The code: as the index has it, without 7th character.
        code: Code,
        /// The path of the term.
        path: String,
        /// How deep the term stands: a main term 0.
        depth: u32,
        /// The column, if this is a row of a table of drugs or neoplasms; else 0.
        cell: u32,
    },
}

/// A row of a conversion table by which a code gave a part of its meaning to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenPart {
    /// The code that has it now.
    pub(crate) code: Code,
    /// Its first day.
    pub(crate) from: NaiveDate,
    /// The number of the row.
    pub(crate) item: i64,
}

/// The entries that are listed on a day.
#[derive(Debug)]
pub(crate) struct ListedEntries(RunSet);

impl ListedEntries {
    /// Returns the place of an entry in the order of the book; `None` if it is not listed. A patch has no
    /// place of its own and comes last.
    pub(crate) fn position(&self, number: i64) -> Option<i64> {
        self.0.position(number)
    }
}

/// Which words a search looks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Titles, but for those of 7-character codes of ICD-10-CM.
    Titles,
    /// Titles of 7-character codes of ICD-10-CM.
    LongCodes,
    /// Inclusion terms and terms of indexes.
    Terms,
    /// Main terms of indexes only.
    MainTerms,
}

impl Store {
    /// Finds what holds all of some words, in the language of the full-text index: in the first so many rows.
    pub(crate) fn search_items(
        &self,
        code_set: CodeSet,
        query: &str,
        words: Words,
        most: usize,
        listed: &dyn Fn(i64) -> bool,
    ) -> Result<Vec<FoundItem>> {
        let (from, to) = match words {
            Words::Titles => (0, REGION),
            Words::LongCodes => (REGION, 2 * REGION),
            Words::Terms => (2 * REGION, 4 * REGION),
            Words::MainTerms => (3 * REGION, 4 * REGION),
        };
        let find = || -> rusqlite::Result<Vec<FoundItem>> {
            let rows: Vec<i64> = self
                .connection
                .prepare_cached(
                    "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid > ?2 AND rowid < ?3",
                )?
                .query_map(params![query, from, to], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut found = Vec::new();
            let mut looked_at = 0;
            let mut entries = self.connection.prepare_cached(
                "SELECT code, billable, short_title, long_title FROM entry WHERE id = ?1 AND code_set = ?2",
            )?;
            let mut depths = self
                .connection
                .prepare_cached("SELECT depth FROM index_term WHERE id = ?1")?;
            for row in rows {
                if looked_at >= most {
                    break;
                }
                let (region, item) = (row / REGION, row % REGION);
                if region < 2 && !listed(item) {
                    continue;
                }
                if words == Words::MainTerms {
                    let depth: u32 = depths.query_row([item], |row| row.get(0))?;
                    if depth > 0 {
                        continue;
                    }
                }
                looked_at += 1;
                match region {
                    0 | 1 => {
                        let entry = entries
                            .query_row((item, code_set_id(code_set)), |row| entry(code_set, row, 0))
                            .optional()?;
                        found.extend(entry.map(|entry| FoundItem::Entry {
                            number: item,
                            entry,
                        }));
                    }
                    2 => found.extend(self.found_note(item)?),
                    _ => self.found_term(item, &mut found)?,
                }
            }
            Ok(found)
        };
        find().map_err(|error| self.error(error))
    }

    /// Finds terms of indexes that hold all of some words and only say where to look: the path and the
    /// reference.
    pub(crate) fn search_see(&self, query: &str) -> Result<Vec<(String, String)>> {
        let find = || -> rusqlite::Result<Vec<(String, String)>> {
            self.connection
                .prepare_cached(
                    "SELECT DISTINCT path, reference FROM search
                     JOIN index_term ON index_term.id = search.rowid - ?2
                     JOIN index_reference ON term = index_term.id
                     WHERE search MATCH ?1 AND search.rowid > ?2 AND kind = 'see' AND target = 'term'
                     ORDER BY depth, path LIMIT 8",
                )?
                .query_map(params![query, 3 * REGION], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        find().map_err(|error| self.error(error))
    }

    /// Checks whether anything that a search of a code set looks in holds what a query in the language of the full-text
    /// index asks for.
    pub(crate) fn holds(&self, code_set: CodeSet, query: &str) -> Result<bool> {
        let find = || -> rusqlite::Result<bool> {
            self.connection
                .prepare_cached(
                    "SELECT 1 FROM search WHERE search MATCH ?1 AND rowid < ?2 LIMIT 1",
                )?
                .exists(params![query, end_for(code_set)])
        };
        find().map_err(|error| self.error(error))
    }

    /// Lists the rows of the full-text index that hold what a query asks for, but titles that are not listed and terms that
    /// a code set does not have.
    pub(crate) fn rows_with(
        &self,
        code_set: CodeSet,
        query: &str,
        listed: &dyn Fn(i64) -> bool,
    ) -> Result<Vec<i64>> {
        let find = || -> rusqlite::Result<Vec<i64>> {
            let mut statement = self
                .connection
                .prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2")?;
            let rows = statement.query_map(params![query, end_for(code_set)], |row| row.get(0))?;
            let has_terms = code_set.has(DocumentKind::Index(IndexKind::Diseases));
            let is_kept = |row: &rusqlite::Result<i64>| match row {
                Ok(row) => match row / REGION {
                    0 | 1 => listed(row % REGION),
                    2 | 3 => has_terms,
                    _ => true,
                },
                Err(_) => true,
            };
            rows.filter(is_kept).collect()
        };
        find().map_err(|error| self.error(error))
    }

    /// Lists the headings of the columns of an index that is a table: the column, from 1, and its heading.
    pub(crate) fn headings(&self, document: &StoredDocument) -> Result<Vec<(u32, String)>> {
        let find = || -> rusqlite::Result<Vec<(u32, String)>> {
            self.connection
                .prepare_cached(
                    "SELECT cell, heading FROM index_heading WHERE document = ?1 ORDER BY cell",
                )?
                .query_map([document.number], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        find().map_err(|error| self.error(error))
    }

    /// Returns some of the texts that a query in the language of the full-text index finds.
    pub(crate) fn texts_with(
        &self,
        code_set: CodeSet,
        query: &str,
        most: usize,
    ) -> Result<Vec<String>> {
        let find = || -> rusqlite::Result<Vec<String>> {
            let rows: Vec<i64> = self
                .connection
                .prepare_cached(
                    "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2 LIMIT ?3",
                )?
                .query_map(params![query, end_for(code_set), most as i64], |row| {
                    row.get(0)
                })?
                .collect::<rusqlite::Result<_>>()?;
            let text = |row: i64| {
                let sql = match row / REGION {
                    0 | 1 => "SELECT long_title FROM entry WHERE id = ?1",
                    2 => "SELECT note FROM tabular_note WHERE id = ?1",
                    3 => "SELECT path FROM index_term WHERE id = ?1",
                    _ => "SELECT path FROM pcs_index_term WHERE id = ?1",
                };
                self.connection
                    .prepare_cached(sql)?
                    .query_row([row % REGION], |row| row.get(0))
            };
            rows.into_iter().map(text).collect()
        };
        find().map_err(|error| self.error(error))
    }

    /// Lists what stands below a code on a day, on the next level that has any, in the order of the characters.
    pub(crate) fn next_below(
        &self,
        code_set: CodeSet,
        on: NaiveDate,
        header: &Code,
    ) -> Result<Vec<Entry>> {
        let find = || -> rusqlite::Result<Vec<Entry>> {
            let set = code_set_id(code_set);
            let (above, on) = (header.as_str(), on.to_string());
            let mut statement = self.connection.prepare_cached(
                "SELECT entry.code, billable, short_title, long_title
                 FROM span JOIN entry ON entry.id = span.entry
                 WHERE span.code_set = ?1 AND span.code > ?2 AND span.code < ?2 || '{'
                   AND length(span.code) = ?4
                   AND listed_from <= ?3 AND (delisted_from IS NULL OR delisted_from > ?3)
                 ORDER BY span.code",
            )?;
            for length in header.len() + 1..=7 {
                let below: Vec<Entry> = statement
                    .query_map(params![set, above, on, length as i64], |row| {
                        entry(code_set, row, 0)
                    })?
                    .collect::<rusqlite::Result<_>>()?;
                if !below.is_empty() {
                    return Ok(below);
                }
            }
            Ok(Vec::new())
        };
        find().map_err(|error| self.error(error))
    }

    /// Lists by which rows of conversion tables a code, or those below it, gave a part of their meaning away after a
    /// day, if one is named, and by another.
    pub(crate) fn given_parts(
        &self,
        code: &Code,
        after: Option<NaiveDate>,
        by: NaiveDate,
    ) -> Result<Vec<GivenPart>> {
        let after = after.map_or(String::new(), |day| day.to_string());
        let find = || -> rusqlite::Result<Vec<GivenPart>> {
            self.connection
                .prepare_cached(
                    "SELECT DISTINCT code, effective_from, conversion_row.id
                     FROM conversion_part JOIN conversion_row ON conversion_row.id = conversion_row
                     WHERE first >= ?1 AND first < ?1 || '{' AND kind = 'code'
                       AND code IS NOT NULL AND effective_from > ?2 AND effective_from <= ?3
                     ORDER BY 2, 1, 3",
                )?
                .query_map(params![code.as_str(), after, by.to_string()], |row| {
                    let plain = row.get_ref(0)?.as_bytes()?;
                    let code = Code::from_plain(code.code_set(), plain);
                    let (from, item) = (date(row, 1)?, row.get(2)?);
                    Ok(code.map(|code| GivenPart { code, from, item }))
                })?
                .filter_map(Result::transpose)
                .collect()
        };
        find().map_err(|error| self.error(error))
    }

    /// Returns the row of an item in a document.
    pub(crate) fn row_of(&self, document: &StoredDocument, item: i64) -> Result<Option<i64>> {
        item_position(&self.connection, document.number, item).map_err(|error| self.error(error))
    }

    fn found_note(&self, number: i64) -> rusqlite::Result<Option<FoundItem>> {
        self.connection
            .prepare_cached(
                "SELECT node, name, note FROM tabular_note JOIN tabular_node ON tabular_node.id = node
                 WHERE tabular_note.id = ?1 AND tabular_node.kind = 'code'",
            )?
            .query_row([number], |row| {
                let code = Code::from_plain(DocumentKind::Tabular.code_set(), row.get_ref(1)?.as_bytes()?);
                let (node, term) = (row.get(0)?, row.get(2)?);
                Ok(code.map(|code| FoundItem::InclusionTerm { node, code, term }))
            })
            .optional()
            .map(Option::flatten)
    }

    fn found_term(&self, term: i64, found: &mut Vec<FoundItem>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT first, path, depth, cell FROM index_term JOIN index_reference ON term = index_term.id
             WHERE index_term.id = ?1 AND target IN ('code', 'below') AND kind IN ('code', 'manif', 'cell')
             ORDER BY position",
        )?;
        let code_set = DocumentKind::Index(IndexKind::Diseases).code_set();
        let mut rows = statement.query([term])?;
        while let Some(row) = rows.next()? {
            if let Some(code) = Code::from_plain(code_set, row.get_ref(0)?.as_bytes()?) {
                found.push(FoundItem::Index {
                    term,
                    code,
                    path: row.get(1)?,
                    depth: row.get(2)?,
                    cell: row.get(3)?,
                });
            }
        }
        Ok(())
    }

    /// Returns the entries that are listed on a day, by number.
    pub(crate) fn listed_on(&self, code_set: CodeSet, on: NaiveDate) -> Result<ListedEntries> {
        super::spans::patched_runs(&self.connection, code_set, &on.to_string(), None)
            .map(ListedEntries)
            .map_err(|error| self.error(error))
    }

    /// Finds the first of some documents that holds an item.
    pub(crate) fn first_with<'d>(
        &self,
        documents: &'d [StoredDocument],
        item: i64,
    ) -> Result<Option<&'d StoredDocument>> {
        for document in documents {
            let held = item_position(&self.connection, document.number, item)
                .map_err(|error| self.error(error))?;
            if held.is_some() {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }
}
