//! What a document holds and this version does not know.

use rusqlite::Connection;

use crate::model::{Unread, UnreadList};
use crate::store::rows::parsed;

/// Stores what is not known of a document.
pub(super) fn insert(
    connection: &Connection,
    document: i64,
    unread: &UnreadList,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO document_unread (document, position, line, kind, parent, name, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (thing, position) in unread.things.iter().zip(1i64..) {
        insert.execute((
            document,
            position,
            thing.line as i64,
            thing.kind.name(),
            &thing.parent,
            &thing.name,
            &thing.content,
        ))?;
    }
    if unread.beyond > 0 {
        connection.execute(
            "UPDATE document SET unread_beyond = ?2 WHERE id = ?1",
            (document, unread.beyond as i64),
        )?;
    }
    Ok(())
}

/// Reads what is not known of a document.
pub(in crate::store) fn read(
    connection: &Connection,
    document: i64,
) -> rusqlite::Result<UnreadList> {
    let beyond: i64 = connection
        .prepare_cached("SELECT unread_beyond FROM document WHERE id = ?1")?
        .query_row([document], |row| row.get(0))?;
    let things = connection
        .prepare_cached(
            "SELECT line, kind, parent, name, content FROM document_unread
             WHERE document = ?1 ORDER BY position",
        )?
        .query_map([document], |row| {
            Ok(Unread {
                line: row.get::<_, i64>(0)?.unsigned_abs(),
                kind: parsed(row, 1)?,
                parent: row.get(2)?,
                name: row.get(3)?,
                content: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<Unread>>>()?;
    Ok(UnreadList {
        things,
        beyond: beyond.unsigned_abs(),
    })
}
