//! All lives of a code set in one value: what a question to ten million codes is answered from.
//!
//! The spans of a code set are a hundred thousand rows, and reading them takes longer than many a file of
//! claims. Most codes share their life with thousands of others (listed and billable from the first release
//! on), so a life is stored once and a code is a key and the number of its life. The value is derived from
//! the spans in the import's own transaction.
//!
//! Layout, all numbers little-endian: `CYL3`; the number of lives (u32), each the number of its stretches
//! (u8), each stretch its first day, the day after its last (u16, days from 1950-01-01; 65535 while it lasts)
//! and its billable flag (u8); the number of codes (u32), their keys ascending (u64), the numbers of their
//! lives (u16); the number of distinct orders (u32), each how many codes (u32) and their places among the keys
//! (u32); the number of releases (u32), each its name (u8 and the name), how many orders it has (u32) and their
//! places among the orders (u32).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::TryFromIntError;

use chrono::{Days, NaiveDate};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Store;
use super::entries::EntryIndex;
use super::orders::Orders;
use super::rows::{code_set_id, date, parsed, runs_of};
use super::runs::RunSet;
use crate::error::Result;
use crate::model::{Code, CodeSet, ReleaseId, Span, push_merged};

const MAGIC: &[u8] = b"CYL3";
const OPEN: u16 = u16::MAX;
/// Day 0 of the layout.
const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1950, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// The lives of all codes of a code set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histories {
    /// The distinct lives: when a code is listed with which flag, whatever its titles.
    pub lives: Vec<Vec<Span<bool>>>,
    /// The codes, in the order of their characters.
    pub codes: Vec<Code>,
    /// For each code the number of its life.
    pub life_of: Vec<u16>,
    /// The categories that a release lists in another order than that of the characters.
    pub orders: Orders,
}

impl Store {
    /// Reads the lives of a code set.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    #[doc(hidden)]
    pub fn lives(&self, code_set: CodeSet) -> Result<Histories> {
        let query = || -> rusqlite::Result<Histories> {
            match stored(&self.connection, code_set)? {
                Some(bytes) => Histories::read(code_set, &bytes).ok_or_else(|| {
                    rusqlite::Error::FromSqlConversionFailure(
                        0,
                        rusqlite::types::Type::Blob,
                        "not the lives of a code set".into(),
                    )
                }),
                None => derive(&self.connection, code_set, None),
            }
        };
        query().map_err(|error| self.error(error))
    }
}

/// The most codes that are asked for one by one; of more it is faster to read all spans.
const MAX_CHANGED: usize = 20_000;

/// What an import has changed of a code set.
#[derive(Debug)]
pub(super) enum Changed {
    /// Anything may have changed.
    All,
    /// The spans of these codes, and the listings of these releases.
    Some {
        codes: BTreeSet<Code>,
        releases: BTreeSet<ReleaseId>,
    },
}

impl Default for Changed {
    /// Nothing.
    fn default() -> Changed {
        Changed::Some {
            codes: BTreeSet::new(),
            releases: BTreeSet::new(),
        }
    }
}

impl Changed {
    /// Adds the codes whose spans a release may have changed, or all of them.
    pub(super) fn add(&mut self, release: ReleaseId, changed: Option<Vec<Code>>) {
        match (&mut *self, changed) {
            (Changed::Some { codes, releases }, Some(changed))
                if codes.len() + changed.len() <= MAX_CHANGED =>
            {
                codes.extend(changed);
                releases.insert(release);
            }
            _ => *self = Changed::All,
        }
    }
}

/// Derives the lives of a code set from its spans and stores them. Of what is stored already only what has
/// changed is derived again, so that an import costs what it changes.
pub(super) fn write(
    connection: &Connection,
    code_set: CodeSet,
    changed: &Changed,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<()> {
    let known = match changed {
        Changed::Some { .. } => stored(connection, code_set)?,
        Changed::All => None,
    };
    let lives = match (
        known.and_then(|bytes| Histories::read(code_set, &bytes)),
        changed,
    ) {
        (Some(known), Changed::Some { codes, releases }) => {
            update(connection, code_set, known, codes, releases, index)?
        }
        _ => derive(connection, code_set, index)?,
    };
    connection.execute(
        "INSERT INTO lives (code_set, bytes) VALUES (?1, ?2)
         ON CONFLICT (code_set) DO UPDATE SET bytes = excluded.bytes",
        params![code_set_id(code_set), written(&lives)?],
    )?;
    Ok(())
}

/// Checks whether the stored lives are those that the spans give.
pub(super) fn is_derived(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<bool> {
    let lives = derive(connection, code_set, None)?;
    Ok(match stored(connection, code_set)? {
        Some(bytes) => bytes == written(&lives)?,
        None => lives.codes.is_empty(),
    })
}

fn written(lives: &Histories) -> rusqlite::Result<Vec<u8>> {
    let bytes = lives.to_bytes();
    bytes.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn stored(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .query_row(
            "SELECT bytes FROM lives WHERE code_set = ?1",
            [code_set_id(code_set)],
            |row| row.get(0),
        )
        .optional()
}

/// Gathers codes in their order, and numbers lives as they come.
#[derive(Default)]
struct Gathered {
    numbers: HashMap<Vec<Span<bool>>, u16>,
    lives: Vec<Vec<Span<bool>>>,
    codes: Vec<Code>,
    life_of: Vec<u16>,
}

impl Gathered {
    fn number(&mut self, life: &[Span<bool>]) -> rusqlite::Result<u16> {
        if let Some(number) = self.numbers.get(life) {
            return Ok(*number);
        }
        let number = u16::try_from(self.lives.len()).map_err(|_| too_many())?;
        self.numbers.insert(life.to_vec(), number);
        self.lives.push(life.to_vec());
        Ok(number)
    }

    fn add(&mut self, code: Code, number: u16) {
        self.codes.push(code);
        self.life_of.push(number);
    }

    fn into_lives(self, orders: Orders) -> Histories {
        Histories {
            lives: self.lives,
            codes: self.codes,
            life_of: self.life_of,
            orders,
        }
    }
}

/// Reads stretches; the days of all spans are few.
#[derive(Default)]
struct Stretches {
    days: HashMap<String, NaiveDate>,
}

impl Stretches {
    /// Adds a row of listed_from, delisted_from and billable to a life.
    fn add(
        &mut self,
        row: &Row<'_>,
        at: usize,
        life: &mut Vec<Span<bool>>,
    ) -> rusqlite::Result<()> {
        let until = match row.get_ref(at + 1)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(self.day(row, at + 1)?),
        };
        let from = self.day(row, at)?;
        let value = row.get(at + 2)?;
        // Where only a title changed it goes on.
        push_merged(life, Span { from, until, value });
        Ok(())
    }

    fn day(&mut self, row: &Row<'_>, at: usize) -> rusqlite::Result<NaiveDate> {
        let text = row.get_ref(at)?.as_str()?;
        if let Some(day) = self.days.get(text) {
            return Ok(*day);
        }
        let day = date(row, at)?;
        self.days.insert(text.to_owned(), day);
        Ok(day)
    }
}

/// Derives all lives.
fn derive(
    connection: &Connection,
    code_set: CodeSet,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<Histories> {
    let mut gathered = Gathered::default();
    let mut stretches = Stretches::default();
    let mut statement = connection.prepare(
        "SELECT span.code, listed_from, delisted_from, billable
         FROM span JOIN entry ON entry.id = span.entry
         WHERE span.code_set = ?1 ORDER BY span.code, listed_from",
    )?;
    let mut rows = statement.query([code_set_id(code_set)])?;
    let mut code: Option<Code> = None;
    let mut life: Vec<Span<bool>> = Vec::new();
    loop {
        let row = rows.next()?;
        let next = match row {
            Some(row) => Some(
                Code::from_plain(code_set, row.get_ref(0)?.as_bytes()?)
                    .ok_or_else(|| super::rows::malformed_code(0))?,
            ),
            None => None,
        };
        if next != code
            && let Some(code) = code
        {
            let number = gathered.number(&life)?;
            gathered.add(code, number);
            life.clear();
        }
        let Some(row) = row else { break };
        code = next;
        stretches.add(row, 1, &mut life)?;
    }
    let orders = Orders::gather(orders(connection, code_set, None, index)?);
    Ok(gathered.into_lives(orders))
}

/// Derives the lives of some codes and the orders of some releases again. What comes out is what deriving all
/// of them would give.
fn update(
    connection: &Connection,
    code_set: CodeSet,
    known: Histories,
    codes: &BTreeSet<Code>,
    releases: &BTreeSet<ReleaseId>,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<Histories> {
    let mut stretches = Stretches::default();
    let mut statement = connection.prepare(
        "SELECT listed_from, delisted_from, billable
         FROM span JOIN entry ON entry.id = span.entry
         WHERE span.code_set = ?1 AND span.code = ?2 ORDER BY listed_from",
    )?;
    let mut anew = Vec::with_capacity(codes.len());
    for code in codes {
        let mut life = Vec::new();
        let mut rows = statement.query(params![code_set_id(code_set), code.as_str()])?;
        while let Some(row) = rows.next()? {
            stretches.add(row, 0, &mut life)?;
        }
        anew.push((*code, life));
    }
    let mut gathered = Gathered::default();
    let mut renumbered: Vec<Option<u16>> = vec![None; known.lives.len()];
    let mut unchanged = known.codes.iter().zip(&known.life_of).peekable();
    let mut anew = anew.into_iter().peekable();
    loop {
        let is_changed = match (unchanged.peek(), anew.peek()) {
            (Some((old, _)), Some((new, _))) => new <= *old,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => break,
        };
        if is_changed {
            let Some((code, life)) = anew.next() else {
                break;
            };
            unchanged.next_if(|(old, _)| **old == code);
            if !life.is_empty() {
                let number = gathered.number(&life)?;
                gathered.add(code, number);
            }
        } else if let Some((code, old)) = unchanged.next() {
            let old = usize::from(*old);
            let number = match renumbered.get(old).copied().flatten() {
                Some(number) => number,
                None => gathered.number(known.lives.get(old).map_or(&[][..], Vec::as_slice))?,
            };
            if let Some(renumbered) = renumbered.get_mut(old) {
                *renumbered = Some(number);
            }
            gathered.add(*code, number);
        }
    }
    let governing = governing(connection, code_set)?;
    let keeps = |release: &ReleaseId| governing.contains(release) && !releases.contains(release);
    // A release with the listing of another has its orders.
    let mut alike = Vec::new();
    let mut own = BTreeSet::new();
    for release in releases {
        let listing = super::rows::listing_number(connection, code_set, *release)?;
        match listed_with(connection, listing)?.into_iter().find(keeps) {
            Some(other) => alike.push((*release, known.orders.of(other))),
            None => {
                own.insert(*release);
            }
        }
    }
    alike.retain(|(release, _)| governing.contains(release));
    if !own.is_empty() {
        alike.extend(orders(connection, code_set, Some(&own), index)?);
    }
    let orders = known.orders.update(keeps, alike);
    Ok(gathered.into_lives(orders))
}

fn too_many() -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        rusqlite::types::Type::Integer,
        "more distinct lives than the layout holds".into(),
    )
}

/// Returns the releases that govern days. One that a correction replaces governs none, and may list codes that
/// have no life.
fn governing(connection: &Connection, code_set: CodeSet) -> rusqlite::Result<BTreeSet<ReleaseId>> {
    connection
        .prepare_cached(
            "SELECT release.name FROM period JOIN release ON release.id = period.release
             WHERE period.code_set = ?1",
        )?
        .query_map([code_set_id(code_set)], |row| parsed(row, 0))?
        .collect()
}

/// Returns the releases that have a listing.
fn listed_with(connection: &Connection, listing: i64) -> rusqlite::Result<Vec<ReleaseId>> {
    connection
        .prepare_cached("SELECT name FROM release WHERE listing = ?1 ORDER BY id")?
        .query_map([listing], |row| parsed(row, 0))?
        .collect()
}

/// Returns the categories that a governing release lists in an order of their own; of all releases or of some.
fn orders(
    connection: &Connection,
    code_set: CodeSet,
    only: Option<&BTreeSet<ReleaseId>>,
    index: Option<&EntryIndex>,
) -> rusqlite::Result<Vec<(ReleaseId, Vec<Vec<Code>>)>> {
    let mut own = Vec::new();
    let likely = Cell::new(0);
    let codes: &dyn Fn(i64) -> Option<Code> = match index {
        Some(index) => &|number| index.code_in_turn(number, &likely),
        None => {
            let mut statement = connection
                .prepare("SELECT id, code FROM entry WHERE +code_set = ?1 ORDER BY id")?;
            let mut rows = statement.query([code_set_id(code_set)])?;
            while let Some(row) = rows.next()? {
                let code = Code::from_plain(code_set, row.get_ref(1)?.as_bytes()?)
                    .ok_or_else(|| super::rows::malformed_code(1))?;
                own.push((row.get::<_, i64>(0)?, code));
            }
            &|number| {
                let at = own.partition_point(|(other, _)| *other < number);
                own.get(at)
                    .filter(|(other, _)| *other == number)
                    .map(|(_, code)| *code)
            }
        }
    };
    let mut listings: BTreeMap<i64, Vec<ReleaseId>> = BTreeMap::new();
    for id in governing(connection, code_set)? {
        if only.is_some_and(|only| !only.contains(&id)) {
            continue;
        }
        let listing = super::rows::listing_number(connection, code_set, id)?;
        listings.entry(listing).or_default().push(id);
    }
    let mut orders = Vec::new();
    for (listing, releases) in listings {
        let categories = out_of_order(&runs_of(connection, listing)?, codes);
        orders.extend(releases.into_iter().map(|id| (id, categories.clone())));
    }
    Ok(orders)
}

/// Returns the codes of each category of a listing that are not in the order of their characters.
fn out_of_order(runs: &RunSet, code: &dyn Fn(i64) -> Option<Code>) -> Vec<Vec<Code>> {
    let mut found = Vec::new();
    let mut category: Vec<Code> = Vec::new();
    let mut current: Option<Code> = None;
    let mut ends = |category: &mut Vec<Code>| {
        if !category.is_sorted() {
            found.push(category.clone());
        }
        category.clear();
    };
    for run in runs.by_position() {
        for number in run.first..run.first + run.length {
            let Some(code) = code(number) else { continue };
            let of_code = Some(code.category());
            if current != of_code {
                ends(&mut category);
                current = of_code;
            }
            category.push(code);
        }
    }
    ends(&mut category);
    found
}

impl Histories {
    /// Writes it; an error if a life has more spans, or a release a longer name, than the format has room for.
    fn to_bytes(&self) -> std::result::Result<Vec<u8>, TryFromIntError> {
        let mut bytes = MAGIC.to_vec();
        let count = |number: usize| u32::try_from(number).map(u32::to_le_bytes);
        bytes.extend(count(self.lives.len())?);
        for life in &self.lives {
            bytes.push(u8::try_from(life.len())?);
            for stretch in life {
                bytes.extend(day_number(stretch.from).to_le_bytes());
                bytes.extend(stretch.until.map_or(OPEN, day_number).to_le_bytes());
                bytes.push(u8::from(stretch.value));
            }
        }
        bytes.extend(count(self.codes.len())?);
        bytes.extend(self.codes.iter().flat_map(|code| code.key().to_le_bytes()));
        bytes.extend(self.life_of.iter().flat_map(|life| life.to_le_bytes()));
        bytes.extend(count(self.orders.distinct().len())?);
        for order in self.orders.distinct() {
            bytes.extend(count(order.len())?);
            for code in order {
                bytes.extend(count(self.codes.partition_point(|other| other < code))?);
            }
        }
        bytes.extend(count(self.orders.releases().len())?);
        for (release, orders) in self.orders.releases() {
            let release = release.to_string();
            bytes.push(u8::try_from(release.len())?);
            bytes.extend(release.as_bytes());
            bytes.extend(count(orders.len())?);
            bytes.extend(orders.iter().flat_map(|order| order.to_le_bytes()));
        }
        Ok(bytes)
    }

    fn read(code_set: CodeSet, bytes: &[u8]) -> Option<Histories> {
        let mut rest = Bytes(bytes.strip_prefix(MAGIC)?);
        let lives = Histories::read_codes(code_set, &mut rest)?;
        let mut distinct = Vec::new();
        for _ in 0..rest.count()? {
            distinct.push(lives.read_order(&mut rest)?);
        }
        let mut of_release = BTreeMap::new();
        for _ in 0..rest.count()? {
            let release = rest.release()?;
            let count = rest.count()?;
            of_release.insert(release, rest.numbers(count)?.collect());
        }
        let orders = Orders::from_parts(distinct, of_release)?;
        rest.0.is_empty().then_some(Histories { orders, ..lives })
    }

    /// Reads the codes of a category in an order of their own.
    fn read_order(&self, rest: &mut Bytes<'_>) -> Option<Vec<Code>> {
        let count = rest.count()?;
        let places = rest.numbers(count)?;
        let codes = places.map(|place| self.codes.get(place as usize).copied());
        codes
            .collect::<Option<Vec<Code>>>()
            .filter(|codes| !codes.is_empty())
    }

    /// Reads what comes before the orders.
    fn read_codes(code_set: CodeSet, rest: &mut Bytes<'_>) -> Option<Histories> {
        let mut lives = Vec::new();
        for _ in 0..rest.count()? {
            let mut life = Vec::new();
            for _ in 0..rest.byte()? {
                let from = rest.u16()?;
                let until = rest.u16()?;
                life.push(Span {
                    from: day_of(from)?,
                    until: (until != OPEN).then(|| day_of(until)).flatten(),
                    value: rest.byte()? == 1,
                });
            }
            lives.push(life);
        }
        let count = rest.count()?;
        let codes = rest
            .take(count.checked_mul(8)?)?
            .as_chunks::<8>()
            .0
            .iter()
            .map(|key| Code::from_key(code_set, u64::from_le_bytes(*key)))
            .collect::<Option<Vec<Code>>>()?;
        let life_of: Vec<u16> = rest
            .take(count.checked_mul(2)?)?
            .as_chunks::<2>()
            .0
            .iter()
            .map(|number| u16::from_le_bytes(*number))
            .collect();
        if life_of.iter().any(|life| usize::from(*life) >= lives.len()) {
            return None;
        }
        Some(Histories {
            lives,
            codes,
            life_of,
            orders: Orders::default(),
        })
    }
}

fn day_number(day: NaiveDate) -> u16 {
    // 65534 is a day of the year 2179.
    u16::try_from(day.signed_duration_since(EPOCH).num_days())
        .unwrap_or(0)
        .min(OPEN - 1)
}

fn day_of(number: u16) -> Option<NaiveDate> {
    EPOCH.checked_add_days(Days::new(u64::from(number)))
}

/// What is left to read.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Reads the name of a release.
    fn release(&mut self) -> Option<ReleaseId> {
        let length = usize::from(self.byte()?);
        std::str::from_utf8(self.take(length)?).ok()?.parse().ok()
    }

    /// Reads some numbers of 32 bits.
    fn numbers(&mut self, count: usize) -> Option<impl Iterator<Item = u32> + 'b> {
        let (numbers, _) = self.take(count.checked_mul(4)?)?.as_chunks::<4>();
        Some(numbers.iter().map(|number| u32::from_le_bytes(*number)))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take(4)?.try_into().ok()?)).ok()
    }
}
