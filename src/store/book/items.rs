//! What all kinds of documents have in common: items found by digest, documents as runs.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::model::DocumentKind;
use crate::store::runs::{Run, RunSet};

/// The digest of an item.
pub(super) type ItemDigest = [u8; 16];

/// Gathers what is stored of an item. Each piece is told from the next, so that `ab`, `c` and `a`, `bc`
/// differ.
#[derive(Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(number.to_le_bytes());
        self
    }

    pub(super) fn digest(&self) -> ItemDigest {
        let mut digest = [0; 16];
        let whole = self.0.clone().finalize();
        for (to, from) in digest.iter_mut().zip(whole.iter()) {
            *to = *from;
        }
        digest
    }
}

/// A kind of item: the table that holds it, and how one is written.
pub(super) trait Item {
    /// Its table, with the columns `id` and `digest`.
    const TABLE: &'static str;

    /// Takes the fingerprint of all that [`Item::insert`] writes.
    fn fingerprint(&self, fingerprint: &mut Fingerprint);

    /// Writes the item under a number.
    fn insert(
        &self,
        connection: &Connection,
        number: i64,
        digest: &ItemDigest,
    ) -> rusqlite::Result<()>;

    /// Gives its position in the document, where the file has one of its own (a row of a sheet, a line);
    /// else it is counted.
    fn position(&self) -> Option<u32> {
        None
    }
}

/// What is stored of a document beside its items.
pub(super) struct About<'a> {
    pub(super) kind: DocumentKind,
    pub(super) sha256: &'a str,
    pub(super) version: &'a str,
    pub(super) title: &'a str,
}

/// Stores the items of a document that are not there yet, and the document as runs of them.
pub(super) fn insert_document<'i, I: Item + 'i>(
    connection: &Connection,
    about: &About<'_>,
    items: impl IntoIterator<Item = &'i I>,
) -> rusqlite::Result<i64> {
    let mut numbers: HashMap<ItemDigest, i64> = HashMap::new();
    let mut next = 1;
    {
        let mut statement =
            connection.prepare(&format!("SELECT id, digest FROM {} ORDER BY id", I::TABLE))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            numbers.insert(row.get(1)?, number);
            next = number + 1;
        }
    }
    let mut occurrences: HashMap<ItemDigest, u64> = HashMap::new();
    let mut listed = Vec::new();
    for item in items {
        let mut fingerprint = Fingerprint::default();
        item.fingerprint(&mut fingerprint);
        let mut digest = fingerprint.digest();
        // The same item twice in one document is two items: a run cannot hold one in two places.
        let count = occurrences.entry(digest).or_default();
        *count += 1;
        if *count > 1 {
            digest = fingerprint.number(*count).digest();
        }
        let number = match numbers.get(&digest) {
            Some(number) => *number,
            None => {
                item.insert(connection, next, &digest)?;
                numbers.insert(digest, next);
                next += 1;
                next - 1
            }
        };
        let counted = listed.len() as i64 + 1;
        listed.push((item.position().map_or(counted, i64::from), number));
    }
    connection.execute(
        "INSERT INTO document (kind, sha256, version, title, item_count) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            about.kind.name(),
            about.sha256,
            about.version,
            about.title,
            listed.len() as i64
        ],
    )?;
    let document = connection.last_insert_rowid();
    let mut insert = connection.prepare(
        "INSERT INTO document_run (document, first_item, position, length) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for run in RunSet::gather_at(listed).runs() {
        insert.execute((document, run.first, run.position, run.length))?;
    }
    Ok(document)
}

/// Finds a stored document by the hash of its file.
pub(in crate::store) fn find_document(
    connection: &Connection,
    kind: DocumentKind,
    sha256: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM document WHERE kind = ?1 AND sha256 = ?2")?
        .query_row((kind.name(), sha256), |row| row.get(0))
        .optional()
}

/// Reads the items of a document as runs.
pub(in crate::store) fn document_runs(
    connection: &Connection,
    document: i64,
) -> rusqlite::Result<RunSet> {
    let runs = connection
        .prepare_cached(
            "SELECT first_item, length, position FROM document_run WHERE document = ?1",
        )?
        .query_map([document], |row| {
            Ok(Run {
                first: row.get(0)?,
                length: row.get(1)?,
                position: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<Run>>>()?;
    Ok(RunSet::new(runs))
}
