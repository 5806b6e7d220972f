//! Places in the book: nodes of a tabular list by name, and what leads to a code in an index.

use rusqlite::{Connection, params};

use super::book::{self, item_position};
use super::database::Store;
use super::rows::parsed;
use super::runs::{Run, RunSet};
use crate::error::Result;
use crate::model::{
    Code, DocumentKind, IndexLink, LinkedBy, NodeKind, PcsAxis, PcsDefinition, PcsLabel, PcsTable,
    PcsTables, StoredDocument, TabularNode, UnreadList,
};

// Kinds are written out: an index of some rows serves no parameter.
const BLOCKS_BELOW: &str =
    "SELECT id FROM tabular_node WHERE parent = ?1 AND kind = 'block' ORDER BY id";
const CATEGORIES_BELOW: &str =
    "SELECT id FROM tabular_node WHERE parent = ?1 AND kind = 'code' AND depth = 2 ORDER BY id";

/// Finds a node of a tabular list by its kind and name: its position in the list, and its number.
pub(super) fn node_position(
    connection: &Connection,
    document: &StoredDocument,
    kind: NodeKind,
    name: &str,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let numbers: Vec<i64> = connection
        .prepare_cached("SELECT id FROM tabular_node WHERE name = ?1 AND kind = ?2")?
        .query_map((name, kind.name()), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for number in numbers {
        if let Some(position) = item_position(connection, document.number, number)? {
            return Ok(Some((position, number)));
        }
    }
    Ok(None)
}

impl Store {
    /// Finds the node of a tabular list with a kind and name, with its position in the list.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn tabular_node(
        &self,
        document: &StoredDocument,
        kind: NodeKind,
        name: &str,
    ) -> Result<Option<(i64, TabularNode)>> {
        let query = || -> rusqlite::Result<Option<(i64, TabularNode)>> {
            match node_position(&self.connection, document, kind, name)? {
                Some((position, number)) => self.node_at(position, number),
                None => Ok(None),
            }
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns where a tabular list has a node with a kind and name.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn tabular_position(
        &self,
        document: &StoredDocument,
        kind: NodeKind,
        name: &str,
    ) -> Result<Option<i64>> {
        node_position(&self.connection, document, kind, name)
            .map(|found| found.map(|(position, _)| position))
            .map_err(|error| self.error(error))
    }

    fn node_at(&self, position: i64, number: i64) -> rusqlite::Result<Option<(i64, TabularNode)>> {
        let one = RunSet::new(vec![Run {
            first: number,
            length: 1,
            position,
        }]);
        let nodes = book::tabular::read_nodes(&self.connection, &one)?;
        Ok(nodes.into_iter().next().map(|(_, node)| (position, node)))
    }

    /// Lists the blocks of a chapter in the order of the list, with their positions.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn blocks_of(
        &self,
        document: &StoredDocument,
        chapter: &str,
    ) -> Result<Vec<(i64, TabularNode)>> {
        self.nodes_below(document, BLOCKS_BELOW, chapter)
    }

    /// Lists the categories of a block in the order of the list, with their positions.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn categories_of(
        &self,
        document: &StoredDocument,
        block: &str,
    ) -> Result<Vec<(i64, TabularNode)>> {
        self.nodes_below(document, CATEGORIES_BELOW, block)
    }

    fn nodes_below(
        &self,
        document: &StoredDocument,
        sql: &str,
        parent: &str,
    ) -> Result<Vec<(i64, TabularNode)>> {
        let query = || -> rusqlite::Result<Vec<(i64, TabularNode)>> {
            let numbers: Vec<i64> = self
                .connection
                .prepare_cached(sql)?
                .query_map([parent], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut nodes = Vec::new();
            for number in numbers {
                if let Some(at) = item_position(&self.connection, document.number, number)? {
                    nodes.extend(self.node_at(at, number)?);
                }
            }
            nodes.sort_by_key(|(position, _)| *position);
            Ok(nodes)
        };
        query().map_err(|error| self.error(error))
    }

    /// Lists what in an index leads to a code, in the order of the index: references that name it, that
    /// name a level above it for what stands below, and ranges of categories that hold it. `stem` is the
    /// code as the tabular list names it: an index leaves out the 7th character.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn index_links(
        &self,
        document: &StoredDocument,
        code: &Code,
        stem: &Code,
    ) -> Result<Vec<IndexLink>> {
        let query = || -> rusqlite::Result<Vec<IndexLink>> {
            let mut found = Vec::new();
            let mut statement = self.connection.prepare_cached(
                "SELECT index_term.id, path, index_reference.kind, cell, reference, target, last,
                     (SELECT heading FROM index_heading WHERE document = ?2 AND index_heading.cell = index_reference.cell), first
                 FROM index_reference JOIN index_term ON index_term.id = index_reference.term
                 WHERE first = ?1 AND first <> ''",
            )?;
            // Levels above: they lead here only where the reference says that a code below is to be chosen.
            for length in 3..=code.len() {
                let level = code.prefix(length);
                let mut rows = statement.query(params![level.as_str(), document.number])?;
                while let Some(row) = rows.next()? {
                    let target = row.get_ref(5)?.as_str()?;
                    let direct = level == *code || level == *stem;
                    let leads_here = match target {
                        "code" => direct,
                        "below" => true,
                        // A range of one category; others are looked at below.
                        _ => false,
                    };
                    if leads_here && let Some(link) = link(row)? {
                        found.push((row.get::<_, i64>(0)?, link));
                    }
                }
            }
            let mut ranges = self.connection.prepare_cached(
                "SELECT index_term.id, path, index_reference.kind, cell, reference, target, last, '', first
                 FROM index_reference JOIN index_term ON index_term.id = index_reference.term
                 WHERE target = 'range' AND first <= ?1 AND substr(?1, 1, 3) <= last",
            )?;
            let mut rows = ranges.query([code.category().as_str()])?;
            while let Some(row) = rows.next()? {
                if let Some(link) = link(row)? {
                    found.push((row.get::<_, i64>(0)?, link));
                }
            }
            let mut placed = Vec::new();
            for (term, link) in found {
                if let Some(position) = item_position(&self.connection, document.number, term)? {
                    placed.push((position, link));
                }
            }
            placed.sort_by_key(|(position, _)| *position);
            placed.dedup_by(|next, first| next == first);
            Ok(placed.into_iter().map(|(_, link)| link).collect())
        };
        query().map_err(|error| self.error(error))
    }

    /// Reads the table of a code of ICD-10-PCS; `None` if the release's tables have none.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn pcs_table(&self, document: &StoredDocument, code: &Code) -> Result<Option<PcsTable>> {
        let query = || -> rusqlite::Result<Option<PcsTable>> {
            let table = code.category();
            let numbers: Vec<i64> = self
                .connection
                .prepare_cached("SELECT id FROM pcs_row WHERE table_code = ?1")?
                .query_map([table.as_str()], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut rows = Vec::new();
            for number in numbers {
                if let Some(position) = item_position(&self.connection, document.number, number)? {
                    rows.push((position, number));
                }
            }
            rows.sort_unstable();
            let rows: Vec<i64> = rows.into_iter().map(|(_, number)| number).collect();
            book::pcs::read_table(&self.connection, table, &rows)
        };
        query().map_err(|error| self.error(error))
    }

    /// Reads the first three characters of tables of ICD-10-PCS, without rows: of those that go on with the characters
    /// of a code as far as any does. That is enough to say which of its characters none goes on with.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn pcs_table_heads(&self, document: &StoredDocument, code: &Code) -> Result<PcsTables> {
        let query = || -> rusqlite::Result<PcsTables> {
            let runs = book::document_runs(&self.connection, document.number)?;
            let mut tables = Vec::new();
            for length in (0..3).rev() {
                let beginning = code.as_str().get(..length).unwrap_or_default();
                tables = self.heads_below(beginning, |row| runs.contains(row))?;
                if !tables.is_empty() {
                    break;
                }
            }
            Ok(PcsTables {
                version: String::new(),
                title: String::new(),
                tables,
                unread: UnreadList::default(),
            })
        };
        query().map_err(|error| self.error(error))
    }

    /// Reads the head of one table for each character with which those go on that begin so.
    fn heads_below(
        &self,
        beginning: &str,
        is_listed: impl Fn(i64) -> bool,
    ) -> rusqlite::Result<Vec<PcsTable>> {
        let mut rows = self.connection.prepare_cached(
            "SELECT id, table_code FROM pcs_row WHERE table_code > ?1 AND table_code < ?2 || '{'
             ORDER BY table_code, id",
        )?;
        let mut values = self.connection.prepare_cached(
            "SELECT position, axis, label FROM pcs_value WHERE pcs_row = ?1 AND position <= 3 AND place = 1
             ORDER BY position",
        )?;
        let mut tables = Vec::new();
        let mut last = beginning.to_owned();
        loop {
            let found = rows
                .query_map([&last, beginning], |row| {
                    Ok((row.get(0)?, row.get::<_, String>(1)?))
                })?
                .find(|row| row.as_ref().map_or(true, |(row, _)| is_listed(*row)));
            let Some((row, table)) = found.transpose()? else {
                return Ok(tables);
            };
            // The others that go on with the same character say nothing more.
            last = table.get(..=beginning.len()).unwrap_or(&table).to_owned() + "{";
            let code_set = DocumentKind::PcsTables.code_set();
            let Some(code) = Code::from_plain(code_set, table.as_bytes()) else {
                continue;
            };
            let mut characters = table.chars();
            let axes = values.query_map([row], |row| {
                let label = PcsLabel {
                    character: characters.next().unwrap_or('?'),
                    text: row.get(2)?,
                };
                Ok(PcsAxis {
                    position: row.get(0)?,
                    title: row.get(1)?,
                    labels: vec![label],
                })
            })?;
            let axes: Vec<PcsAxis> = axes.collect::<rusqlite::Result<_>>()?;
            // A row without the characters of its table is damage.
            let axes = <[PcsAxis; 3]>::try_from(axes);
            tables.push(PcsTable {
                code,
                axes: axes.map_err(|_| rusqlite::Error::QueryReturnedNoRows)?,
                definition: None,
                rows: Vec::new(),
            });
        }
    }

    /// Finds what the definitions of ICD-10-PCS say of a value: the terms of its section and axis with its
    /// title.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn pcs_definition(
        &self,
        document: &StoredDocument,
        section: char,
        position: u8,
        title: &str,
    ) -> Result<Option<PcsDefinition>> {
        let query = || -> rusqlite::Result<Option<PcsDefinition>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT DISTINCT pcs_definition.id, definition, explanation FROM pcs_definition
                 LEFT JOIN pcs_definition_text AS text ON text.pcs_definition = pcs_definition.id AND text.kind = 'title'
                 WHERE pcs_definition.kind = 'term' AND section = ?1 AND position = ?2
                   AND (pcs_definition.title = ?3 OR text.text = ?3)",
            )?;
            let mut rows = statement.query(params![section.to_string(), position, title])?;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                if item_position(&self.connection, document.number, number)?.is_none() {
                    continue;
                }
                let includes = self
                    .connection
                    .prepare_cached(
                        "SELECT text FROM pcs_definition_text WHERE pcs_definition = ?1 AND kind = 'includes' ORDER BY place",
                    )?
                    .query_map([number], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
                return Ok(Some(PcsDefinition {
                    definition: row.get(1)?,
                    explanation: row.get(2)?,
                    includes,
                }));
            }
            Ok(None)
        };
        query().map_err(|error| self.error(error))
    }
}

/// Reads what leads to a code; `None` for a cell whose column has no heading in the document: the term is another
/// document's.
fn link(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<IndexLink>> {
    let by = match (row.get::<_, u32>(3)?, row.get(7)?) {
        (0, _) => LinkedBy::Reference(parsed(row, 2)?),
        (_, Some(heading)) => LinkedBy::Cell { heading },
        (_, None) => return Ok(None),
    };
    Ok(Some(IndexLink {
        path: row.get(1)?,
        by,
        reference: row.get(4)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_is_found_by_an_index() {
        let store = Store::in_memory().unwrap();
        for sql in [BLOCKS_BELOW, CATEGORIES_BELOW] {
            let plan: String = store
                .connection
                .query_row(&format!("EXPLAIN QUERY PLAN {sql}"), ["C7B"], |row| {
                    row.get("detail")
                })
                .unwrap();
            assert!(
                plan.starts_with("SEARCH") && plan.contains("USING"),
                "{plan}"
            );
        }
    }
}
