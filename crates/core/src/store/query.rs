//! Reading: releases, lives of codes, addenda, the content hash.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::database::Store;
use super::files;
use super::rows::{
    code_set_id, date, entry, listing_number, malformed_code, parsed, release_number, timeline,
    trust,
};
use crate::error::Result;
use crate::model::{
    Addenda, AddendaCounts, AddendaRow, BrowsedCode, Code, CodeFlag, CodeSet, Entry, FileRef,
    FooterBlock, Holding, ListedBy, LoadedRelease, Proof, ReleaseId, Span, StoreKind,
    StoredRelease, Timeline,
};

/// Where no order file tells what holds, and the catalogue cites what does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPatch {
    /// The release in which it holds.
    pub release: ReleaseId,
    /// The code.
    pub code: Code,
    /// The day from which it holds.
    pub effective_from: NaiveDate,
    /// Who says so.
    pub citation: String,
}

impl Store {
    /// Lists the stored releases, by code set, first day and revision.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn releases(&self) -> Result<Vec<StoredRelease>> {
        releases(&self.connection).map_err(|error| self.error(error))
    }

    /// Checks whether the database has full releases or the sample.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn kind(&self) -> Result<StoreKind> {
        kind(&self.connection).map_err(|error| self.error(error))
    }

    /// Lists the releases that are stored.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn release_ids(&self) -> Result<Vec<(CodeSet, ReleaseId)>> {
        let mut all = Vec::new();
        for code_set in CodeSet::ALL {
            let ids = super::rows::release_ids(&self.connection, code_set);
            let ids = ids.map_err(|error| self.error(error))?;
            all.extend(ids.into_iter().map(|id| (code_set, id)));
        }
        Ok(all)
    }

    /// Returns the timeline of a code set.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn timeline(&self, code_set: CodeSet) -> Result<Timeline> {
        timeline(&self.connection, code_set).map_err(|error| self.error(error))
    }

    /// Returns the file that the rows of a stored release come from.
    #[doc(hidden)]
    pub fn listing_file(&self, code_set: CodeSet, id: ReleaseId) -> Result<FileRef> {
        self.connection
            .prepare_cached(
                "SELECT source_file.name, sha256 FROM source_file JOIN release ON release.id = source_file.release
                 WHERE release.code_set = ?1 AND release.name = ?2 AND kind = release.listed_by",
            )
            .and_then(|mut statement| {
                statement.query_row(params![code_set_id(code_set), id.to_string()], |row| {
                    Ok(FileRef {
                        name: row.get(0)?,
                        sha256: row.get(1)?,
                    })
                })
            })
            .map_err(|error| self.error(error))
    }

    /// Returns all that the loaded releases say of a code.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn spans(&self, code_set: CodeSet, code: &Code) -> Result<Vec<Span<Entry>>> {
        let query = || -> rusqlite::Result<Vec<Span<Entry>>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT entry.code, billable, short_title, long_title, listed_from, delisted_from
                 FROM span JOIN entry ON entry.id = span.entry
                 WHERE span.code_set = ?1 AND span.code = ?2 ORDER BY listed_from",
            )?;
            let rows = statement
                .query_map(params![code_set_id(code_set), code.as_str()], |row| {
                    listed(code_set, row)
                })?;
            rows.collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns the spans of all codes of a code set without their titles, by code and first day.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn code_spans(&self, code_set: CodeSet) -> Result<Vec<Span<CodeFlag>>> {
        let query = || -> rusqlite::Result<Vec<Span<CodeFlag>>> {
            self.connection
                .prepare_cached(
                    "SELECT span.code, billable, listed_from, delisted_from
                     FROM span JOIN entry ON entry.id = span.entry
                     WHERE span.code_set = ?1 ORDER BY span.code, listed_from",
                )?
                .query_map([code_set_id(code_set)], |row| {
                    Ok(Span {
                        from: date(row, 2)?,
                        until: optional_date(row, 3)?,
                        value: CodeFlag {
                            code: Code::from_plain(code_set, row.get_ref(0)?.as_bytes()?)
                                .ok_or_else(|| malformed_code(0))?,
                            billable: row.get(1)?,
                        },
                    })
                })?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns all that the loaded releases say of all codes of a code set, one span after the other, by code
    /// and first day. Nothing is kept in memory.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read, and whatever `take` fails with.
    pub fn each_listed(
        &self,
        code_set: CodeSet,
        take: &mut dyn FnMut(Span<Entry>) -> Result<()>,
    ) -> Result<()> {
        let fail = |error| self.error(error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT entry.code, billable, short_title, long_title, listed_from, delisted_from
                 FROM span JOIN entry ON entry.id = span.entry
                 WHERE span.code_set = ?1 ORDER BY span.code, listed_from",
            )
            .map_err(fail)?;
        let mut rows = statement.query([code_set_id(code_set)]).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            take(listed(code_set, row).map_err(fail)?)?;
        }
        Ok(())
    }

    /// Returns the citation of the patch from which a code's entry is taken on a day, if it is one.
    #[doc(hidden)]
    pub fn patch_citation(
        &self,
        code_set: CodeSet,
        release: ReleaseId,
        code: &Code,
        on: NaiveDate,
    ) -> Result<Option<String>> {
        self.connection
            .prepare_cached(
                "SELECT citation FROM patch JOIN release ON release.id = patch.release JOIN entry ON entry.id = patch.entry
                 WHERE release.code_set = ?1 AND release.name = ?2 AND entry.code = ?3 AND patch.effective_from <= ?4",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![code_set_id(code_set), release.to_string(), code.as_str(), on.to_string()], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.error(error))
    }

    /// Lists the patches of the releases of a code set that are loaded.
    #[doc(hidden)]
    pub fn patches(&self, code_set: CodeSet) -> Result<Vec<StoredPatch>> {
        let query = || -> rusqlite::Result<Vec<StoredPatch>> {
            self.connection
                .prepare_cached(
                    "SELECT release.name, entry.code, patch.effective_from, citation
                     FROM patch JOIN release ON release.id = patch.release JOIN entry ON entry.id = patch.entry
                     WHERE release.code_set = ?1 ORDER BY 1, 2, 3",
                )?
                .query_map([code_set_id(code_set)], |row| {
                    Ok(StoredPatch {
                        release: parsed(row, 0)?,
                        code: Code::from_plain(code_set, row.get_ref(1)?.as_bytes()?)
                            .ok_or_else(|| malformed_code(1))?,
                        effective_from: date(row, 2)?,
                        citation: row.get(3)?,
                    })
                })?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Lists what stands below a code on a day, the code itself included, in tabular order of the
    /// release that governs the day.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn below(
        &self,
        code_set: CodeSet,
        release: ReleaseId,
        on: NaiveDate,
        prefix: &Code,
    ) -> Result<Vec<Entry>> {
        let query = || -> rusqlite::Result<Vec<Entry>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT entry.code, billable, short_title, long_title, entry.id
                 FROM span JOIN entry ON entry.id = span.entry
                 WHERE span.code_set = ?1 AND span.code >= ?2 AND span.code < ?2 || '{'
                   AND listed_from <= ?3 AND (delisted_from IS NULL OR delisted_from > ?3)",
            )?;
            let found: Vec<(Entry, i64)> = statement
                .query_map(
                    params![code_set_id(code_set), prefix.as_str(), on.to_string()],
                    |row| Ok((entry(code_set, row, 0)?, row.get(4)?)),
                )?
                .collect::<rusqlite::Result<_>>()?;
            let listing = listing_number(&self.connection, code_set, release)?;
            let mut position = self.connection.prepare_cached(
                "SELECT position + ?2 - first_entry FROM listing_run
                 WHERE listing = ?1 AND first_entry <= ?2 AND ?2 < first_entry + length ORDER BY first_entry DESC LIMIT 1",
            )?;
            let mut placed = Vec::with_capacity(found.len());
            for (entry, number) in found {
                // A patch has no place in the order file; it comes last.
                let at: Option<i64> = position
                    .query_row((listing, number), |row| row.get(0))
                    .optional()?;
                placed.push((at.unwrap_or(i64::MAX), entry));
            }
            placed.sort_by_key(|(at, entry)| (*at, entry.code));
            Ok(placed.into_iter().map(|(_, entry)| entry).collect())
        };
        query().map_err(|error| self.error(error))
    }

    /// Lists the categories, or tables, from one beginning of a code to another, with the number of their
    /// rows and of the billable ones, in tabular order of the release that governs the day.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn categories(
        &self,
        code_set: CodeSet,
        release: ReleaseId,
        on: NaiveDate,
        (first, last): (&str, &str),
    ) -> Result<Vec<BrowsedCode>> {
        let query = || -> rusqlite::Result<Vec<BrowsedCode>> {
            let on = on.to_string();
            let length = code_set.facts().category_length as i64;
            let counted: Vec<(String, Holding)> = self
                .connection
                .prepare_cached(
                    "SELECT substr(span.code, 1, ?5), count(*), sum(billable)
                     FROM span JOIN entry ON entry.id = span.entry
                     WHERE span.code_set = ?1 AND span.code >= ?2 AND span.code < ?3 || '{'
                       AND listed_from <= ?4 AND (delisted_from IS NULL OR delisted_from > ?4)
                     GROUP BY 1",
                )?
                .query_map(
                    params![code_set_id(code_set), first, last, on, length],
                    |row| {
                        let holds = Holding {
                            codes: row.get::<_, i64>(1)?.unsigned_abs(),
                            billable: row.get::<_, i64>(2)?.unsigned_abs(),
                        };
                        Ok((row.get(0)?, holds))
                    },
                )?
                .collect::<rusqlite::Result<_>>()?;
            let listing = listing_number(&self.connection, code_set, release)?;
            let mut entry_of = self.connection.prepare_cached(
                "SELECT entry.code, billable, short_title, long_title,
                     (SELECT position + entry.id - first_entry FROM listing_run
                      WHERE listing = ?4 AND first_entry <= entry.id AND entry.id < first_entry + length
                      ORDER BY first_entry DESC LIMIT 1)
                 FROM span JOIN entry ON entry.id = span.entry
                 WHERE span.code_set = ?1 AND span.code = ?2
                   AND listed_from <= ?3 AND (delisted_from IS NULL OR delisted_from > ?3)",
            )?;
            let mut placed: Vec<(i64, BrowsedCode)> = Vec::with_capacity(counted.len());
            for (category, holds) in counted {
                let found = entry_of
                    .query_row(
                        params![code_set_id(code_set), category, on, listing],
                        |row| Ok((row.get::<_, Option<i64>>(4)?, entry(code_set, row, 0)?)),
                    )
                    .optional()?;
                if let Some((at, entry)) = found {
                    placed.push((at.unwrap_or(i64::MAX), BrowsedCode { entry, holds }));
                }
            }
            placed.sort_by_key(|(at, browsed)| (*at, browsed.entry.code));
            Ok(placed.into_iter().map(|(_, browsed)| browsed).collect())
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns the outcomes of the last verification of a release.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn proofs_of(&self, code_set: CodeSet, id: ReleaseId) -> Result<Vec<Proof>> {
        let query = || -> rusqlite::Result<Vec<Proof>> {
            let number = release_number(&self.connection, code_set, id)?;
            self.connection
                .prepare_cached(
                    "SELECT subject, base, outcome, detail, checked_on FROM proof
                     WHERE release = ?1 ORDER BY subject",
                )?
                .query_map([number], proof)?
                .collect()
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns the codes before and after what stands below a category, in tabular order of a release. A category that
    /// has no place in the listing, such as one of a patch, has none.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn codes_around(&self, release: ReleaseId, category: &Code) -> Result<[Option<Code>; 2]> {
        let code_set = category.code_set();
        let query = || -> rusqlite::Result<[Option<Code>; 2]> {
            let listing = listing_number(&self.connection, code_set, release)?;
            let (first, last): (Option<i64>, Option<i64>) = self
                .connection
                .prepare_cached(
                    "SELECT min(at), max(at) FROM (
                         SELECT (SELECT position + entry.id - first_entry FROM listing_run
                                 WHERE listing = ?1 AND first_entry <= entry.id AND entry.id < first_entry + length
                                 ORDER BY first_entry DESC LIMIT 1) AS at
                         FROM entry WHERE code_set = ?2 AND code >= ?3 AND code < ?3 || '{')",
                )?
                .query_row(
                    params![listing, code_set_id(code_set), category.as_str()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
            let mut code_at = self.connection.prepare_cached(
                "SELECT code FROM listing_run JOIN entry ON entry.id = first_entry + ?2 - position
                 WHERE listing = ?1 AND position <= ?2 AND ?2 < position + length",
            )?;
            let mut found = [None, None];
            for (found, at) in found
                .iter_mut()
                .zip([first.map(|at| at - 1), last.map(|at| at + 1)])
            {
                let text: Option<String> = match at {
                    Some(at) => code_at
                        .query_row((listing, at), |row| row.get(0))
                        .optional()?,
                    None => None,
                };
                *found = text.and_then(|text| Code::from_plain(code_set, text.as_bytes()));
            }
            Ok(found)
        };
        query().map_err(|error| self.error(error))
    }

    /// Returns the last day, up to another one and after a first one, on which a release changed anything below a code:
    /// listed it first, no longer or in another way. What a patch of the catalogue changes is in no release.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn last_change_below(
        &self,
        code: &Code,
        after: NaiveDate,
        through: NaiveDate,
    ) -> Result<Option<NaiveDate>> {
        let query = || -> rusqlite::Result<Option<NaiveDate>> {
            self
                .connection
                .prepare_cached(
                    "SELECT max(day) FROM (
                         SELECT listed_from AS day FROM span WHERE code_set = ?1 AND code >= ?2 AND code < ?2 || '{'
                         UNION ALL
                         SELECT delisted_from FROM span WHERE code_set = ?1 AND code >= ?2 AND code < ?2 || '{')
                     WHERE day > ?3 AND day <= ?4 AND day IN (SELECT governs_from FROM period WHERE code_set = ?1)",
                )?
                .query_row(
                    params![
                        code_set_id(code.code_set()),
                        code.as_str(),
                        after.to_string(),
                        through.to_string()
                    ],
                    |row| match row.get_ref(0)? {
                        ValueRef::Null => Ok(None),
                        _ => date(row, 0).map(Some),
                    },
                )
        };
        query().map_err(|error| self.error(error))
    }

    /// Reads the order addenda of a release; `None` if it was imported without one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn addenda(&self, code_set: CodeSet, id: ReleaseId) -> Result<Option<Addenda>> {
        addenda(&self.connection, code_set, id).map_err(|error| self.error(error))
    }

    /// Returns the content hash: the same releases give the same one, whatever the order of import.
    ///
    /// It covers the facts (each release with the hashes of its files, and the patches) and the
    /// derived spans with their titles. It is of one state of the database, whatever is imported meanwhile.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn content_hash(&self) -> Result<String> {
        let query = || -> rusqlite::Result<String> {
            let mut hasher = Sha256::new();
            for sql in [
                // The same rows are the same release, whichever bytes of them came first.
                "SELECT code_set.name, release.name, source_file.kind,
                     CASE source_file.kind WHEN 'order_file' THEN release.rows_sha256 ELSE source_file.sha256 END,
                     incomplete
                 FROM source_file JOIN release ON release.id = source_file.release JOIN code_set ON code_set.id = release.code_set
                 ORDER BY 1, 2, 3",
                "SELECT code_set.name, release.name, patch.effective_from, entry.code, entry.billable, entry.short_title, entry.long_title, citation
                 FROM patch JOIN release ON release.id = patch.release JOIN code_set ON code_set.id = release.code_set
                 JOIN entry ON entry.id = patch.entry ORDER BY 1, 2, 3, 4",
                "SELECT code_set, governs_from, governs_until, (SELECT name FROM release WHERE id = period.release) FROM period ORDER BY 1, 2",
                "SELECT span.code_set, span.code, listed_from, delisted_from, billable, short_title, long_title
                 FROM span JOIN entry ON entry.id = span.entry ORDER BY 1, 2, 3",
            ] {
                let mut statement = self.connection.prepare(sql)?;
                let columns = statement.column_count();
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    for column in 0..columns {
                        match row.get_ref(column)? {
                            ValueRef::Null => hasher.update(b"\x00"),
                            ValueRef::Integer(number) => hasher.update(number.to_string().as_bytes()),
                            ValueRef::Text(text) => hasher.update(text),
                            ValueRef::Real(_) | ValueRef::Blob(_) => {}
                        }
                        hasher.update(b"\x1f");
                    }
                    hasher.update(b"\n");
                }
            }
            Ok(crate::source::hex(&hasher.finalize()))
        };
        self.in_one_state(|| query().map_err(|error| self.error(error)))
    }
}

/// Reads an entry with the days of its span, from the first column on.
fn listed(code_set: CodeSet, row: &Row<'_>) -> rusqlite::Result<Span<Entry>> {
    Ok(Span {
        from: date(row, 4)?,
        until: optional_date(row, 5)?,
        value: entry(code_set, row, 0)?,
    })
}

fn optional_date(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<NaiveDate>> {
    match row.get_ref(at)? {
        ValueRef::Null => Ok(None),
        _ => date(row, at).map(Some),
    }
}

pub(super) fn releases(connection: &Connection) -> rusqlite::Result<Vec<StoredRelease>> {
    let mut statement = connection.prepare(
        "SELECT release.id, code_set.name, release.name, row_count, billable_count, identified_by, listed_by,
             rows_sha256, provenance, incomplete, forced
         FROM release JOIN code_set ON code_set.id = release.code_set
         ORDER BY code_set.id, effective_from, revision",
    )?;
    let mut files = files::by_release(connection)?;
    let mut documents = super::documents::by_release(connection)?;
    let mut proofs = proofs(connection)?;
    let mut rows = statement.query([])?;
    let mut releases = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let listed_by: ListedBy = parsed(row, 6)?;
        let mut file = |kind: &str| files.remove(&(number, kind.to_owned()));
        let listing_file = file(listed_by.name()).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        releases.push(StoredRelease {
            release: LoadedRelease {
                code_set: parsed(row, 1)?,
                id: parsed(row, 2)?,
                listed_by,
                rows: row.get::<_, i64>(3)?.unsigned_abs(),
                billable: row.get::<_, i64>(4)?.unsigned_abs(),
                sha256: listing_file.published.sha256.clone(),
                trust: trust(row, 7)?,
            },
            identified_by: row.get(5)?,
            listing_file,
            addenda: file("order_addenda"),
            documents: documents.remove(&number).unwrap_or_default(),
            proofs: proofs.remove(&number).unwrap_or_default(),
        });
    }
    Ok(releases)
}

fn proof(row: &Row<'_>) -> rusqlite::Result<Proof> {
    Ok(Proof {
        subject: parsed(row, 0)?,
        base: match row.get_ref(1)? {
            ValueRef::Null => None,
            _ => Some(parsed(row, 1)?),
        },
        outcome: parsed(row, 2)?,
        detail: row.get(3)?,
        checked_on: date(row, 4)?,
    })
}

/// Reads all proofs, by the number of their release.
fn proofs(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, Vec<Proof>>> {
    let mut proofs: BTreeMap<i64, Vec<Proof>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT subject, base, outcome, detail, checked_on, release FROM proof ORDER BY release, subject",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let proof = proof(row)?;
        proofs.entry(row.get(5)?).or_default().push(proof);
    }
    Ok(proofs)
}

pub(super) fn kind(connection: &Connection) -> rusqlite::Result<StoreKind> {
    let kind: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = 'kind'", [], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(match kind.as_deref() {
        Some("sample") => StoreKind::Sample,
        Some(_) => StoreKind::Full,
        // Without its kind a database with releases is damaged, as a verification finds, and not empty.
        None => match connection.query_row("SELECT EXISTS (SELECT 1 FROM release)", [], |row| {
            row.get(0)
        })? {
            true => StoreKind::Full,
            false => StoreKind::Empty,
        },
    })
}

fn addenda(
    connection: &Connection,
    code_set: CodeSet,
    id: ReleaseId,
) -> rusqlite::Result<Option<Addenda>> {
    let release = release_number(connection, code_set, id)?;
    let file: Option<i64> = connection
        .query_row(
            "SELECT id FROM source_file WHERE release = ?1 AND kind = 'order_addenda'",
            [release],
            |row| row.get(0),
        )
        .optional()?;
    let Some(file) = file else { return Ok(None) };
    let rows = connection
        .prepare(
            "SELECT code, billable, short_title, long_title, line, action FROM addenda_row WHERE source_file = ?1 ORDER BY line",
        )?
        .query_map([file], |row| {
            Ok(AddendaRow {
                line: row.get(4)?,
                action: parsed(row, 5)?,
                entry: entry(code_set, row, 0)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<AddendaRow>>>()?;
    // Headers sort after codes; the footer has headers first.
    let blocks = connection
        .prepare(
            "SELECT old_rows, old_file, new_rows, new_file, additions, deletions, revisions, both_titles, long_only, short_only
             FROM addenda_footer WHERE source_file = ?1 ORDER BY block DESC",
        )?
        .query_map([file], |row| {
            let count = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(FooterBlock {
                old_rows: count(0)?,
                old_file: row.get(1)?,
                new_rows: count(2)?,
                new_file: row.get(3)?,
                counts: AddendaCounts {
                    additions: count(4)?,
                    deletions: count(5)?,
                    revisions: count(6)?,
                    both_titles: count(7)?,
                    long_only: count(8)?,
                    short_only: count(9)?,
                },
            })
        })?
        .collect::<rusqlite::Result<Vec<FooterBlock>>>()?;
    Ok(Some(Addenda {
        rows,
        footer: <[FooterBlock; 2]>::try_from(blocks).ok(),
    }))
}
