//! What all kinds of documents have in common: items found by digest, documents as runs.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::model::DocumentKind;
use crate::store::runs::{Run, RunSet};

/// The digest of an item.
pub(super) type ItemDigest = [u8; 16];

/// Gathers what is stored of an item. Each piece is told from the next, so that `ab`, `c` and `a`, `bc`
/// differ.
#[derive(Default)]
pub(super) struct Fingerprint(Vec<u8>);

impl Fingerprint {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub(super) fn digest(&self) -> ItemDigest {
        let mut digest = [0; 16];
        let whole = Sha256::digest(&self.0);
        for (to, from) in digest.iter_mut().zip(whole.iter()) {
            *to = *from;
        }
        digest
    }
}

/// The items that are stored, by their digests, of the kinds of which a document came: read once an import, because
/// the history of a kind has many times as many items as one document has new ones.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownItems(BTreeMap<&'static str, KnownTable>);

/// The items of one table.
#[derive(Debug, Default)]
struct KnownTable {
    by_digest: HashMap<DigestKey, KnownItem, BuildHasherDefault<ByDigest>>,
    /// The number of the next item that is new.
    next: i64,
    /// How many documents were compared with it.
    documents: u32,
}

#[derive(Debug)]
struct KnownItem {
    number: i64,
    /// The last document that it was found in, and how often it was by then.
    document: u32,
    count: u32,
}

/// A digest in two halves.
type DigestKey = (u64, u64);

fn key(digest: &ItemDigest) -> DigestKey {
    let whole = u128::from_le_bytes(*digest);
    ((whole >> 64) as u64, whole as u64)
}

/// A digest is as good as random, so that it needs no hashing.
#[derive(Debug, Default)]
struct ByDigest(u64);

impl Hasher for ByDigest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 ^= half;
    }
}

impl KnownItems {
    fn of<I: Item>(&mut self, connection: &Connection) -> rusqlite::Result<&mut KnownTable> {
        match self.0.entry(I::TABLE) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(place) => {
                let mut table = KnownTable {
                    next: 1,
                    ..KnownTable::default()
                };
                let mut statement = connection
                    .prepare(&format!("SELECT id, digest FROM {} ORDER BY id", I::TABLE))?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    table.next = row.get(0)?;
                    table.add(&row.get(1)?, 0);
                }
                Ok(place.insert(table))
            }
        }
    }
}

impl KnownTable {
    /// Adds the next item, which was found in a document.
    fn add(&mut self, digest: &ItemDigest, document: u32) -> i64 {
        let number = self.next;
        let item = KnownItem {
            number,
            document,
            count: 1,
        };
        self.by_digest.insert(key(digest), item);
        self.next += 1;
        number
    }
}

/// A kind of item: the table that holds it, and how one is written.
pub(super) trait Item {
    /// Its table, with the columns `id` and `digest`.
    const TABLE: &'static str;

    /// Returns the fingerprint of all that [`Item::insert`] writes.
    fn fingerprint(&self, fingerprint: &mut Fingerprint);

    /// Writes the item under a number.
    fn insert(
        &self,
        connection: &Connection,
        number: i64,
        digest: &ItemDigest,
    ) -> rusqlite::Result<()>;

    /// Returns its position in the document, where the file has one of its own (a row of a sheet, a line);
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
    known: &mut KnownItems,
    about: &About<'_>,
    items: impl IntoIterator<Item = &'i I>,
) -> rusqlite::Result<i64> {
    let known = known.of::<I>(connection)?;
    known.documents += 1;
    let this = known.documents;
    let mut fingerprint = Fingerprint::default();
    let mut listed = Vec::new();
    for item in items {
        fingerprint.0.clear();
        item.fingerprint(&mut fingerprint);
        let mut digest = fingerprint.digest();
        let mut found = None;
        if let Some(there) = known.by_digest.get_mut(&key(&digest)) {
            if there.document == this {
                // The same item twice in one document is two items: a run cannot hold one in two places.
                there.count += 1;
                digest = fingerprint.number(there.count.into()).digest();
                found = known.by_digest.get(&key(&digest)).map(|item| item.number);
            } else {
                (there.document, there.count) = (this, 1);
                found = Some(there.number);
            }
        }
        let number = match found {
            Some(number) => number,
            None => {
                item.insert(connection, known.next, &digest)?;
                known.add(&digest, this)
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

/// Finds the position of an item in a document, without reading the document whole.
pub(in crate::store) fn item_position(
    connection: &Connection,
    document: i64,
    item: i64,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT position + ?2 - first_item FROM document_run
             WHERE document = ?1 AND first_item <= ?2 AND ?2 < first_item + length
             ORDER BY first_item DESC LIMIT 1",
        )?
        .query_row((document, item), |row| row.get(0))
        .optional()
}
