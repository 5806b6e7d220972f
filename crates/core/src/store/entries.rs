//! Which entry has which number: every distinct entry of a code set, found by its contents.

use std::cell::Cell;
use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Statement};

use super::rows::{code_set_id, row_ref};
use crate::model::{Code, CodeHash, CodeSet, RowRef, ValidDays};

/// The entries of one code set, in memory while an import runs: about 15 MB for all of ICD-10-CM.
#[derive(Debug, Default)]
pub(super) struct EntryIndex {
    text: String,
    slots: Vec<Slot>,
    newest: HashMap<Code, usize, CodeHash>,
}

#[derive(Debug)]
struct Slot {
    number: i64,
    code: Code,
    billable: bool,
    days: Option<ValidDays>,
    short: (u32, u32),
    long: (u32, u32),
    /// The slot before this one with the same code.
    older: Option<usize>,
}

/// Returns the code of an entry, from the index if one is at hand.
pub(super) fn code_of(
    connection: &Connection,
    index: Option<&EntryIndex>,
    code_set: CodeSet,
    number: i64,
) -> rusqlite::Result<Option<Code>> {
    match index {
        Some(index) => Ok(index.code(number)),
        None => connection
            .prepare_cached("SELECT code FROM entry WHERE id = ?1")?
            .query_row([number], |row| {
                Ok(Code::from_plain(code_set, row.get_ref(0)?.as_bytes()?))
            })
            .optional()
            .map(Option::flatten),
    }
}

/// Lists the numbers of all entries of a code, from the index if one is at hand.
pub(super) fn numbers_of(
    connection: &Connection,
    index: Option<&EntryIndex>,
    code_set: CodeSet,
    code: &Code,
) -> rusqlite::Result<Vec<i64>> {
    match index {
        Some(index) => Ok(index.numbers_of(code)),
        None => connection
            .prepare_cached("SELECT id FROM entry WHERE code_set = ?1 AND code = ?2")?
            .query_map((code_set_id(code_set), code.as_str()), |row| row.get(0))?
            .collect(),
    }
}

impl EntryIndex {
    /// Reads the entries of a code set from the database.
    pub(super) fn load(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<EntryIndex> {
        let mut index = EntryIndex::default();
        // The plus keeps SQLite from going by the index on codes and sorting what it finds by number.
        let mut statement = connection.prepare(
            "SELECT id, code, billable, short_title, long_title, first_day, last_day FROM entry WHERE +code_set = ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([code_set_id(code_set)])?;
        while let Some(row) = rows.next()? {
            index.push(row.get(0)?, &row_ref(code_set, row, 1)?);
        }
        Ok(index)
    }

    /// Reads the codes of the entries only: an index that [`EntryIndex::number`] is not asked of.
    pub(super) fn load_codes(
        connection: &Connection,
        code_set: CodeSet,
    ) -> rusqlite::Result<EntryIndex> {
        let mut index = EntryIndex::default();
        let mut statement =
            connection.prepare("SELECT id, code FROM entry WHERE +code_set = ?1 ORDER BY id")?;
        let mut rows = statement.query([code_set_id(code_set)])?;
        while let Some(row) = rows.next()? {
            let entry = RowRef {
                code: Code::from_plain(code_set, row.get_ref(1)?.as_bytes()?)
                    .ok_or_else(|| super::rows::malformed_code(1))?,
                billable: false,
                days: None,
                short_title: "",
                long_title: "",
            };
            index.push(row.get(0)?, &entry);
        }
        Ok(index)
    }

    /// Finds the number of an entry, or stores it. `likely` is the number that it has if the listing
    /// goes on as an earlier one did.
    pub(super) fn number(
        &mut self,
        entry: &RowRef<'_>,
        likely: Option<usize>,
        next_number: &mut i64,
        insert: &mut Statement<'_>,
        code_set: CodeSet,
    ) -> rusqlite::Result<(i64, usize)> {
        if let Some(slot) = likely
            && let Some(found) = self.slots.get(slot)
            && self.same(found, entry)
        {
            return Ok((found.number, slot));
        }
        let mut at = self.newest.get(&entry.code).copied();
        while let Some(slot) = at {
            let Some(found) = self.slots.get(slot) else {
                break;
            };
            if self.same(found, entry) {
                return Ok((found.number, slot));
            }
            at = found.older;
        }
        let number = *next_number;
        *next_number += 1;
        insert.execute((
            number,
            code_set_id(code_set),
            entry.code.as_str(),
            entry.billable,
            entry.short_title,
            entry.long_title,
            entry.days.map(|days| days.first.to_string()),
            entry
                .days
                .and_then(|days| days.last)
                .map(|day| day.to_string()),
        ))?;
        Ok((number, self.push(number, entry)))
    }

    /// Returns the code of an entry number. `likely` is its slot if numbers are asked for one after the other, and
    /// is then that of the next.
    pub(super) fn code_in_turn(&self, number: i64, likely: &Cell<usize>) -> Option<Code> {
        let is_it = |slot: &&Slot| slot.number == number;
        let at = match self.slots.get(likely.get()).filter(is_it) {
            Some(_) => likely.get(),
            None => self.slots.partition_point(|slot| slot.number < number),
        };
        likely.set(at + 1);
        self.slots.get(at).filter(is_it).map(|slot| slot.code)
    }

    /// Returns the code of an entry number.
    pub(super) fn code(&self, number: i64) -> Option<Code> {
        let at = self.slots.partition_point(|slot| slot.number < number);
        self.slots
            .get(at)
            .filter(|slot| slot.number == number)
            .map(|slot| slot.code)
    }

    /// Lists the numbers of all entries of a code.
    fn numbers_of(&self, code: &Code) -> Vec<i64> {
        let mut numbers = Vec::new();
        let mut at = self.newest.get(code).copied();
        while let Some(slot) = at.and_then(|at| self.slots.get(at)) {
            numbers.push(slot.number);
            at = slot.older;
        }
        numbers
    }

    fn push(&mut self, number: i64, entry: &RowRef<'_>) -> usize {
        let short = self.keep(entry.short_title);
        // The long title is often the short one again.
        let long = if entry.long_title == entry.short_title {
            short
        } else {
            self.keep(entry.long_title)
        };
        let slot = self.slots.len();
        let older = self.newest.insert(entry.code, slot);
        self.slots.push(Slot {
            number,
            code: entry.code,
            billable: entry.billable,
            days: entry.days,
            short,
            long,
            older,
        });
        slot
    }

    fn keep(&mut self, text: &str) -> (u32, u32) {
        let from = self.text.len();
        self.text.push_str(text);
        // A code set has some 15 MB of titles; 4 GB are out of reach.
        (
            u32::try_from(from).unwrap_or(u32::MAX),
            u32::try_from(self.text.len()).unwrap_or(u32::MAX),
        )
    }

    fn same(&self, slot: &Slot, entry: &RowRef<'_>) -> bool {
        slot.code == entry.code
            && slot.billable == entry.billable
            && slot.days == entry.days
            && self.text(slot.short) == Some(entry.short_title)
            && self.text(slot.long) == Some(entry.long_title)
    }

    fn text(&self, (from, to): (u32, u32)) -> Option<&str> {
        self.text.get(from as usize..to as usize)
    }
}
