//! A row of a table as one JSON object on one line.

use serde::ser::{SerializeMap, Serializer};
use serde_json::Serializer as JsonSerializer;

use crate::table::{Cell, Column, ColumnKind};
use codeyear_core::error::{Error, Result};

/// Writes a row, without the end of the line.
pub(crate) fn row(columns: &[Column], cells: &[Cell<'_>], out: &mut Vec<u8>) -> Result<()> {
    let write = || -> serde_json::Result<()> {
        let mut serializer = JsonSerializer::new(out);
        let mut map = serializer.serialize_map(Some(columns.len()))?;
        for (column, cell) in columns.iter().zip(cells) {
            match cell {
                Cell::Text("") if column.kind == ColumnKind::OptionalText => {
                    map.serialize_entry(column.name, &())?;
                }
                Cell::Text(text) => map.serialize_entry(column.name, text)?,
                Cell::Flag(flag) => map.serialize_entry(column.name, flag)?,
                Cell::Day(day) => map.serialize_entry(column.name, &day.to_string())?,
                Cell::OptionalDay(day) => {
                    map.serialize_entry(column.name, &day.map(|day| day.to_string()))?;
                }
                Cell::OptionalCount(count) => map.serialize_entry(column.name, count)?,
            }
        }
        map.end()
    };
    write().map_err(|error| Error::io(format!("the JSON cannot be written: {error}")))
}
