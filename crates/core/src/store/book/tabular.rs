//! Tabular lists: nodes with their notes.

use rusqlite::{Connection, Row, params};

use super::items::{
    About, Fingerprint, Item, ItemDigest, KnownItems, document_runs, insert_document,
};
use crate::model::{
    BlockReference, DocumentKind, NoteGroup, SeventhCharacter, Tabular, TabularNode,
    VisualCategory, VisualRange,
};
use crate::store::rows::{malformed, parsed};
use crate::store::runs::RunSet;

impl Item for TabularNode {
    const TABLE: &'static str = "tabular_node";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint
            .text(self.kind.name())
            .text(&self.name)
            .text(&self.parent)
            .text(&self.title)
            .number(self.depth.into())
            .number(self.placeholder.into())
            .number(self.groups.len() as u64);
        for group in &self.groups {
            fingerprint
                .text(group.kind.name())
                .number(group.notes.len() as u64);
            for note in &group.notes {
                fingerprint.text(note);
            }
        }
        fingerprint.number(self.seventh_characters.len() as u64);
        for seventh in &self.seventh_characters {
            fingerprint
                .number(u32::from(seventh.character).into())
                .text(&seventh.text)
                .number(seventh.continuations.len() as u64);
            for continuation in &seventh.continuations {
                fingerprint.text(continuation);
            }
        }
        fingerprint.number(self.visual_impairment.len() as u64);
        for category in &self.visual_impairment {
            fingerprint
                .text(&category.category)
                .number(category.ranges.len() as u64);
            for range in &category.ranges {
                fingerprint
                    .text(&range.heading)
                    .text(&range.less_than)
                    .text(&range.at_least);
            }
        }
        fingerprint.number(self.index.len() as u64);
        for reference in &self.index {
            fingerprint
                .text(&reference.first)
                .text(&reference.last)
                .text(&reference.id)
                .text(&reference.title);
        }
    }

    fn insert(
        &self,
        connection: &Connection,
        number: i64,
        digest: &ItemDigest,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO tabular_node (id, kind, name, parent, title, depth, placeholder, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                number,
                self.kind.name(),
                self.name,
                self.parent,
                self.title,
                self.depth,
                self.placeholder,
                digest,
            ])?;
        for (group, at) in self.groups.iter().zip(1i64..) {
            for note in &group.notes {
                connection
                    .prepare_cached(
                        "INSERT INTO tabular_note (node, note_group, kind, note) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute((number, at, group.kind.name(), note))?;
            }
        }
        let meanings = self.seventh_characters.iter().flat_map(|seventh| {
            std::iter::once((seventh.character, &seventh.text, false)).chain(
                seventh
                    .continuations
                    .iter()
                    .map(|text| (seventh.character, text, true)),
            )
        });
        for ((character, meaning, continues), at) in meanings.zip(1i64..) {
            connection
                .prepare_cached(
                    "INSERT INTO seventh_character (node, position, character, meaning, continues)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((number, at, character.to_string(), meaning, continues))?;
        }
        for (category, line) in self.visual_impairment.iter().zip(1i64..) {
            let none = [VisualRange::default()];
            // A category without a scale is a row as well.
            let (ranges, first) = match category.ranges.as_slice() {
                [] => (none.as_slice(), 0i64),
                ranges => (ranges, 1),
            };
            for (range, scale) in ranges.iter().zip(first..) {
                connection
                    .prepare_cached(
                        "INSERT INTO visual_impairment (node, line, scale, category, heading, less_than, at_least)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute(params![
                        number,
                        line,
                        scale,
                        category.category,
                        range.heading,
                        range.less_than,
                        range.at_least,
                    ])?;
            }
        }
        for (reference, at) in self.index.iter().zip(1i64..) {
            connection
                .prepare_cached(
                    "INSERT INTO block_reference (node, position, first, last, block, title)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    number,
                    at,
                    reference.first,
                    reference.last,
                    reference.id,
                    reference.title,
                ])?;
        }
        Ok(())
    }
}

/// Stores a tabular list.
pub(super) fn insert(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    tabular: &Tabular,
) -> rusqlite::Result<i64> {
    let about = About {
        kind: DocumentKind::Tabular,
        sha256,
        version: &tabular.version,
        title: "",
    };
    insert_document(connection, known, &about, &tabular.nodes)
}

/// Reads a tabular list whole.
pub(in crate::store) fn read(connection: &Connection, document: i64) -> rusqlite::Result<Tabular> {
    let runs = document_runs(connection, document)?;
    let version = connection.query_row(
        "SELECT version FROM document WHERE id = ?1",
        [document],
        |row| row.get(0),
    )?;
    let mut nodes = read_nodes(connection, &runs)?;
    nodes.sort_by_key(|(number, _)| runs.position(*number));
    Ok(Tabular {
        version,
        nodes: nodes.into_iter().map(|(_, node)| node).collect(),
        unread: super::unread::read(connection, document)?,
    })
}

/// Reads the nodes with some numbers, and all that stands in them, by number.
pub(in crate::store) fn read_nodes(
    connection: &Connection,
    runs: &RunSet,
) -> rusqlite::Result<Vec<(i64, TabularNode)>> {
    let mut nodes: Vec<(i64, TabularNode)> = Vec::new();
    for run in runs.runs() {
        let range = (run.first, run.first + run.length - 1);
        connection
            .prepare_cached(
                "SELECT id, kind, name, parent, title, depth, placeholder FROM tabular_node
                 WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
            )?
            .query_map(range, |row| Ok((row.get(0)?, node(row)?)))?
            .try_for_each(|node| node.map(|node| nodes.push(node)))?;
        read_notes(connection, range, &mut nodes)?;
        read_seventh_characters(connection, range, &mut nodes)?;
        read_visual_impairment(connection, range, &mut nodes)?;
        read_block_references(connection, range, &mut nodes)?;
    }
    Ok(nodes)
}

fn node(row: &Row<'_>) -> rusqlite::Result<TabularNode> {
    Ok(TabularNode {
        kind: parsed(row, 1)?,
        name: row.get(2)?,
        parent: row.get(3)?,
        title: row.get(4)?,
        depth: row.get(5)?,
        placeholder: row.get(6)?,
        groups: Vec::new(),
        seventh_characters: Vec::new(),
        visual_impairment: Vec::new(),
        index: Vec::new(),
    })
}

/// Finds a node by its number among nodes in the order of their numbers.
fn own(nodes: &mut [(i64, TabularNode)], number: i64) -> rusqlite::Result<&mut TabularNode> {
    let place = nodes
        .binary_search_by_key(&number, |(number, _)| *number)
        .map_err(|_| rusqlite::Error::QueryReturnedNoRows)?;
    match nodes.get_mut(place) {
        Some((_, node)) => Ok(node),
        None => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

fn read_notes(
    connection: &Connection,
    range: (i64, i64),
    nodes: &mut [(i64, TabularNode)],
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT node, note_group, kind, note FROM tabular_note
         WHERE node BETWEEN ?1 AND ?2 ORDER BY node, id",
    )?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        let node = own(nodes, row.get(0)?)?;
        let group: i64 = row.get(1)?;
        if (node.groups.len() as i64) < group {
            node.groups.push(NoteGroup {
                kind: parsed(row, 2)?,
                notes: Vec::new(),
            });
        }
        if let Some(last) = node.groups.last_mut() {
            last.notes.push(row.get(3)?);
        }
    }
    Ok(())
}

fn read_seventh_characters(
    connection: &Connection,
    range: (i64, i64),
    nodes: &mut [(i64, TabularNode)],
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT node, character, meaning, continues FROM seventh_character
         WHERE node BETWEEN ?1 AND ?2 ORDER BY node, position",
    )?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        let node = own(nodes, row.get(0)?)?;
        let text = row.get_ref(1)?.as_str()?;
        let character = text.chars().next().ok_or_else(|| malformed(1, text))?;
        match (row.get(3)?, node.seventh_characters.last_mut()) {
            (true, Some(last)) => last.continuations.push(row.get(2)?),
            _ => node.seventh_characters.push(SeventhCharacter {
                character,
                text: row.get(2)?,
                continuations: Vec::new(),
            }),
        }
    }
    Ok(())
}

fn read_visual_impairment(
    connection: &Connection,
    range: (i64, i64),
    nodes: &mut [(i64, TabularNode)],
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT node, line, scale, category, heading, less_than, at_least FROM visual_impairment
         WHERE node BETWEEN ?1 AND ?2 ORDER BY node, line, scale",
    )?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        let node = own(nodes, row.get(0)?)?;
        let line: i64 = row.get(1)?;
        if (node.visual_impairment.len() as i64) < line {
            node.visual_impairment.push(VisualCategory {
                category: row.get(3)?,
                ranges: Vec::new(),
            });
        }
        let scale: i64 = row.get(2)?;
        if let Some(last) = node.visual_impairment.last_mut().filter(|_| scale > 0) {
            last.ranges.push(VisualRange {
                heading: row.get(4)?,
                less_than: row.get(5)?,
                at_least: row.get(6)?,
            });
        }
    }
    Ok(())
}

fn read_block_references(
    connection: &Connection,
    range: (i64, i64),
    nodes: &mut [(i64, TabularNode)],
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT node, first, last, block, title FROM block_reference
         WHERE node BETWEEN ?1 AND ?2 ORDER BY node, position",
    )?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        own(nodes, row.get(0)?)?.index.push(BlockReference {
            first: row.get(1)?,
            last: row.get(2)?,
            id: row.get(3)?,
            title: row.get(4)?,
        });
    }
    Ok(())
}
