//! Tables and definitions of ICD-10-PCS.

use rusqlite::{Connection, params};

use super::items::{About, Fingerprint, Item, ItemDigest, KnownItems, insert_document};
use crate::model::{
    Code, DocumentKind, PcsAxis, PcsDefinitions, PcsLabel, PcsRow, PcsTable, PcsTables,
};
use crate::store::rows::malformed;

/// A row with its table.
struct StoredRow<'t> {
    table: &'t PcsTable,
    row: &'t PcsRow,
}

impl StoredRow<'_> {
    fn axes(&self) -> impl Iterator<Item = &PcsAxis> {
        self.table.axes.iter().chain(&self.row.axes)
    }
}

impl Item for StoredRow<'_> {
    const TABLE: &'static str = "pcs_row";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint
            .text(self.table.code.as_str())
            .text(self.table.definition.as_deref().unwrap_or_default());
        for axis in self.axes() {
            fingerprint
                .number(axis.position.into())
                .text(&axis.title)
                .number(axis.labels.len() as u64);
            for label in &axis.labels {
                fingerprint
                    .number(u32::from(label.character).into())
                    .text(&label.text);
            }
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
                "INSERT INTO pcs_row (id, table_code, definition, codes, digest) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                number,
                self.table.code.as_str(),
                self.table.definition,
                self.row.code_count() as i64,
                digest,
            ])?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO pcs_value (pcs_row, position, place, axis, character, label)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for axis in self.axes() {
            for (label, place) in axis.labels.iter().zip(1i64..) {
                insert.execute(params![
                    number,
                    axis.position,
                    place,
                    axis.title,
                    label.character.to_string(),
                    label.text,
                ])?;
            }
        }
        Ok(())
    }
}

/// Stores the tables of a release.
pub(super) fn insert_tables(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    tables: &PcsTables,
) -> rusqlite::Result<i64> {
    let rows: Vec<StoredRow<'_>> = tables
        .tables
        .iter()
        .flat_map(|table| table.rows.iter().map(move |row| StoredRow { table, row }))
        .collect();
    let about = About {
        kind: DocumentKind::PcsTables,
        sha256,
        version: &tables.version,
        title: &tables.title,
    };
    insert_document(connection, known, &about, &rows)
}

/// Reads rows of one table, given by their numbers in their order.
pub(in crate::store) fn read_table(
    connection: &Connection,
    code: Code,
    rows: &[i64],
) -> rusqlite::Result<Option<PcsTable>> {
    let mut table: Option<PcsTable> = None;
    for number in rows {
        let definition: Option<String> = connection
            .prepare_cached("SELECT definition FROM pcs_row WHERE id = ?1")?
            .query_row([number], |row| row.get(0))?;
        let axes = read_axes(connection, *number)?;
        let [first, second, third, rest @ ..] = axes.as_slice() else {
            return Err(malformed(0, code.as_str()));
        };
        let Ok(axes) = <[PcsAxis; 4]>::try_from(rest.to_vec()) else {
            return Err(malformed(0, code.as_str()));
        };
        let table = table.get_or_insert_with(|| PcsTable {
            code,
            axes: [first.clone(), second.clone(), third.clone()],
            definition,
            rows: Vec::new(),
        });
        table.rows.push(PcsRow { axes });
    }
    Ok(table)
}

fn read_axes(connection: &Connection, number: i64) -> rusqlite::Result<Vec<PcsAxis>> {
    let mut statement = connection.prepare_cached(
        "SELECT position, axis, character, label FROM pcs_value WHERE pcs_row = ?1 ORDER BY position, place",
    )?;
    let mut axes: Vec<PcsAxis> = Vec::new();
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        let position: u8 = row.get(0)?;
        if axes.last().is_none_or(|axis| axis.position != position) {
            axes.push(PcsAxis {
                position,
                title: row.get(1)?,
                labels: Vec::new(),
            });
        }
        let text = row.get_ref(2)?.as_str()?;
        let label = PcsLabel {
            character: text.chars().next().ok_or_else(|| malformed(2, text))?,
            text: row.get(3)?,
        };
        if let Some(axis) = axes.last_mut() {
            axis.labels.push(label);
        }
    }
    Ok(axes)
}

/// An entry of the definitions as it is stored.
struct Definition<'d> {
    kind: &'static str,
    section: String,
    position: u8,
    title: &'d str,
    definition: Option<&'d str>,
    explanation: Option<&'d str>,
    texts: Vec<(&'static str, String)>,
}

impl Item for Definition<'_> {
    const TABLE: &'static str = "pcs_definition";

    fn fingerprint(&self, fingerprint: &mut Fingerprint) {
        fingerprint
            .text(self.kind)
            .text(&self.section)
            .number(self.position.into())
            .text(self.title)
            .number(self.definition.is_some().into())
            .text(self.definition.unwrap_or_default())
            .number(self.explanation.is_some().into())
            .text(self.explanation.unwrap_or_default());
        for (kind, text) in &self.texts {
            fingerprint.text(kind).text(text);
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
                "INSERT INTO pcs_definition (id, kind, section, position, title, definition, explanation, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                number,
                self.kind,
                self.section,
                self.position,
                self.title,
                self.definition,
                self.explanation,
                digest,
            ])?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO pcs_definition_text (pcs_definition, place, kind, text) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for ((kind, text), place) in self.texts.iter().zip(1i64..) {
            insert.execute((number, place, kind, text))?;
        }
        Ok(())
    }
}

/// Stores the definitions of a release.
pub(super) fn insert_definitions(
    connection: &Connection,
    known: &mut KnownItems,
    sha256: &str,
    definitions: &PcsDefinitions,
) -> rusqlite::Result<i64> {
    let mut entries = Vec::new();
    let entry = |kind, section: String, position, title| Definition {
        kind,
        section,
        position,
        title,
        definition: None,
        explanation: None,
        texts: Vec::new(),
    };
    for section in &definitions.sections {
        let character = section.character.to_string();
        entries.push(entry("section", character.clone(), 0, &section.title));
        for (position, title) in &section.axes {
            entries.push(entry("axis", character.clone(), *position, title));
        }
    }
    for term in &definitions.terms {
        let title = term.titles.first().map_or("", String::as_str);
        let titles = term.titles.iter().map(|text| ("title", text.clone()));
        let includes = term.includes.iter().map(|text| ("includes", text.clone()));
        entries.push(Definition {
            definition: term.definition.as_deref(),
            explanation: term.explanation.as_deref(),
            texts: titles.chain(includes).collect(),
            ..entry("term", term.section.to_string(), term.position, title)
        });
    }
    for device in &definitions.aggregates {
        let mut texts = vec![("operation", device.operation.clone())];
        texts.extend(
            device
                .body_systems
                .iter()
                .map(|text| ("body_system", text.clone())),
        );
        texts.push(("parent_character", device.parent_character.to_string()));
        texts.push(("parent", device.parent.clone()));
        entries.push(Definition {
            texts,
            ..entry("device_aggregate", String::new(), 0, &device.device)
        });
    }
    let about = About {
        kind: DocumentKind::PcsDefinitions,
        sha256,
        version: &definitions.version,
        title: &definitions.title,
    };
    insert_document(connection, known, &about, &entries)
}
