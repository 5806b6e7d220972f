//! How far the releases of a database of an older schema can be trusted.

use rusqlite::{Connection, params};

use super::rows::parsed;
use super::{StoreKind, listing, query};
use crate::model::{CodeSet, Provenance, ReleaseId};
use crate::source::RowsHash;
use crate::source::catalogue::Catalogue;

/// Writes for each stored release the hash of its rows and how well its bytes are known.
pub(super) fn add(connection: &Connection) -> rusqlite::Result<()> {
    let is_sample = query::kind(connection)? == StoreKind::Sample;
    let releases = connection
        .prepare(
            "SELECT release.id, code_set.name, release.name, sha256, archive_sha256
             FROM release JOIN code_set ON code_set.id = release.code_set
             JOIN source_file ON source_file.release = release.id AND source_file.kind = listed_by",
        )?
        .query_map([], |row| {
            let code_set: CodeSet = parsed(row, 1)?;
            let id: ReleaseId = parsed(row, 2)?;
            let sha256: String = row.get(3)?;
            let archive: Option<String> = row.get(4)?;
            Ok((row.get::<_, i64>(0)?, code_set, id, sha256, archive))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (number, code_set, id, sha256, archive) in releases {
        let mut hash = RowsHash::new();
        for entry in listing::entries(connection, code_set, id)? {
            hash.add(
                &entry.code,
                entry.billable,
                &entry.short_title,
                &entry.long_title,
            );
        }
        let rows = hash.finish();
        let known = Catalogue::bundled()
            .ok()
            .and_then(|it| it.find(code_set, id));
        let provenance = match known {
            _ if is_sample => Provenance::Sample,
            Some(known) => known.provenance_of(&sha256, &rows, archive.as_deref()),
            None => Provenance::Unlisted,
        };
        connection.execute(
            "UPDATE release SET rows_sha256 = ?2, provenance = ?3 WHERE id = ?1",
            params![number, rows, provenance.name()],
        )?;
    }
    Ok(())
}
