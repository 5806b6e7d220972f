//! Which notes of a tabular list name a code.
//!
//! The notes of a list are read once for each state of a database, when the first page asks; several handles on one
//! state share what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::database::Store;
use super::rows::parsed;
use super::tree::node_position;
use crate::error::Result;
use crate::model::{
    Code, CodeSet, NodeKind, NoteKind, NotesNaming, PlaceInBook, PlaceKind, StoredDocument,
    codes_in,
};

/// A code, or a range of them, that a note names.
#[derive(Debug)]
struct Naming {
    note: i64,
    code: Code,
    /// The last code of a range, and the positions of both in the list.
    through: Option<(Code, i64, i64)>,
}

/// What the notes of the lists name, by the number of the document; with how far the tables had been filled.
type Known = BTreeMap<i64, ([i64; 4], Arc<Vec<Naming>>)>;

/// The codes that notes name, of each list that was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedNoteCodes(Arc<Mutex<Known>>);

/// How closely a note names a code: exactly, by a level above it, by something below it, by a range.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Exact,
    Above { levels: usize },
    Below,
    Range { positions: i64 },
}

impl Store {
    /// Lists the notes of a tabular list that name a code, a level above it, something below it or a range that holds
    /// it, those that name it most closely first. Notes at the code, above it and below it are left out. `position` is
    /// that of the code in the list.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn notes_naming(
        &self,
        document: &StoredDocument,
        code: &Code,
        position: i64,
    ) -> Result<Vec<NotesNaming>> {
        let namings = self.namings(document, code.code_set())?;
        let mut found: Vec<(Closeness, i64)> = Vec::new();
        for naming in namings.iter() {
            if let Some(closeness) = closeness(naming, code, position) {
                found.push((closeness, naming.note));
            }
        }
        found.sort();
        let mut seen = BTreeSet::new();
        found.retain(|(_, note)| seen.insert(*note));
        let read = || -> rusqlite::Result<Vec<NotesNaming>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT tabular_node.kind, name, title, tabular_note.kind, note
                 FROM tabular_note JOIN tabular_node ON tabular_node.id = tabular_note.node
                 WHERE tabular_note.id = ?1",
            )?;
            let mut notes = Vec::with_capacity(found.len());
            for (_, note) in &found {
                notes.push(statement.query_row([note], |row| {
                    Ok(NotesNaming {
                        place: PlaceInBook {
                            kind: PlaceKind::of(parsed::<NodeKind>(row, 0)?),
                            name: row.get(1)?,
                            title: row.get(2)?,
                        },
                        kind: parsed::<NoteKind>(row, 3)?,
                        note: row.get(4)?,
                    })
                })?);
            }
            Ok(notes)
        };
        let mut notes = read().map_err(|error| self.error(error))?;
        notes.retain(|naming| {
            let at = Code::from_plain(code.code_set(), naming.place.name.as_bytes())
                .filter(|_| naming.place.kind == PlaceKind::Code);
            at.is_none_or(|at| !at.is_under(code) && !code.is_under(&at))
        });
        Ok(notes)
    }

    fn namings(&self, document: &StoredDocument, code_set: CodeSet) -> Result<Arc<Vec<Naming>>> {
        let filled = super::search::Searchable::stored(&self.connection)
            .map_err(|error| self.error(error))?
            .numbers();
        let mut known = self
            .note_codes
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((at, namings)) = known.get(&document.number)
            && *at == filled
        {
            return Ok(Arc::clone(namings));
        }
        // What was read of another state is of no use.
        known.retain(|_, (at, _)| *at == filled);
        let read = read_namings(&self.connection, document, code_set);
        let namings = Arc::new(read.map_err(|error| self.error(error))?);
        known.insert(document.number, (filled, Arc::clone(&namings)));
        Ok(namings)
    }
}

fn closeness(naming: &Naming, code: &Code, position: i64) -> Option<Closeness> {
    if let Some((through, first, last)) = naming.through {
        if naming.code != *code && naming.code.is_under(code) {
            return Some(Closeness::Below);
        }
        let is_within = first <= position && (position <= last || code.is_under(&through));
        return is_within.then_some(Closeness::Range {
            positions: last - first,
        });
    }
    if naming.code == *code {
        Some(Closeness::Exact)
    } else if code.is_under(&naming.code) {
        let levels = code.len() - naming.code.len();
        Some(Closeness::Above { levels })
    } else {
        naming.code.is_under(code).then_some(Closeness::Below)
    }
}

/// Reads what the notes of a list name: codes in brackets, and beyond them those that the list has, as in `conditions
/// classifiable to E08-E13`.
fn read_namings(
    connection: &Connection,
    document: &StoredDocument,
    code_set: CodeSet,
) -> rusqlite::Result<Vec<Naming>> {
    let mut statement = connection.prepare(
        "SELECT tabular_note.id, note FROM document_run
         JOIN tabular_note ON node >= first_item AND node < first_item + length
         WHERE document = ?1",
    )?;
    let mut rows = statement.query([document.number])?;
    let mut namings = Vec::new();
    let mut positions: BTreeMap<Code, Option<i64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (note, text): (i64, &str) = (row.get(0)?, row.get_ref(1)?.as_str()?);
        let mut last_of_range = false;
        for named in codes_in(code_set, text) {
            // The last code of a range is named with the first.
            if std::mem::take(&mut last_of_range) {
                continue;
            }
            let mut at = |code: Code| -> rusqlite::Result<Option<i64>> {
                if let Some(at) = positions.get(&code) {
                    return Ok(*at);
                }
                let found = node_position(connection, document, NodeKind::Code, code.as_str())?;
                let at = found.map(|(at, _)| at);
                positions.insert(code, at);
                Ok(at)
            };
            if !named.in_brackets && at(named.code)?.is_none() {
                continue;
            }
            let through = match named.through {
                None => None,
                // An end that the list does not have bounds nothing: then both are named as they are.
                Some(through) => match (at(named.code)?, at(through)?) {
                    (Some(first), Some(last)) => Some((through, first, last)),
                    _ => None,
                },
            };
            last_of_range = through.is_some();
            namings.push(Naming {
                note,
                code: named.code,
                through,
            });
        }
    }
    Ok(namings)
}
