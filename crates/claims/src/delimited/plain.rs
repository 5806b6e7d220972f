//! Rows without quotes: by far the most, and the fastest.
//!
//! A row whose codes are all billable is answered on a fast path. Such rows are read some at a time, so that their codes
//! are looked up side by side: memory is waited for once and not for each. All that takes a closer look goes the
//! way of any row.

#![allow(
    clippy::indexing_slicing,
    reason = "what is cut lies between the ends of fields of the same row"
)]

use super::marks::Marks;
use crate::auditor::KnownCode;
use crate::blocks::Block;
use crate::claim::ClaimPlace;
use crate::claim::CodeSystem;
use crate::columns::{Columns, Fields};
use crate::index::{SegmentNumber, segment_at};
use crate::options::TableOptions;
use crate::packed::{pack, pack_short, trim};
use crate::rows::{KeptFields, RowAudit, RowOutput, append, write_cells};
use crate::tally::bit;
use codeyear_core::error::Result;
use codeyear_core::model::{CodeSet, DateParts, VerdictKind};

/// How many rows are read before their codes are looked up.
const ROWS_AT_ONCE: usize = 32;

/// A row without quotes: fields lie between delimiters.
struct Plain<'b> {
    bytes: &'b [u8],
    from: usize,
    ends: &'b [usize],
    to: usize,
}

impl Plain<'_> {
    fn count(&self) -> usize {
        self.ends.len() + 1
    }

    /// Returns where a field begins and ends.
    fn place(&self, at: usize) -> Option<(usize, usize)> {
        let from = match at.checked_sub(1) {
            None => self.from,
            Some(before) => self.ends.get(before)? + 1,
        };
        Some((from, self.ends.get(at).copied().unwrap_or(self.to)))
    }

    /// Packs the code of a field; 0 if it is empty, `None` if it takes a closer look.
    #[inline]
    fn packed(&self, at: usize, has_dot: bool) -> Option<u64> {
        let (from, to) = self.place(at)?;
        let eight = self.bytes.get(from..)?.first_chunk::<8>();
        if let Some(eight) = eight
            && let Some(packed) = pack_short(eight, to - from, has_dot)
        {
            return Some(packed);
        }
        match trim(self.field(at)) {
            [] => Some(0),
            text => pack(text, has_dot),
        }
    }
}

impl KeptFields for Plain<'_> {
    #[inline]
    fn write_kept(&self, columns: &Columns, delimiter: u8, out: &mut Vec<u8>) -> Result<()> {
        let kept = &columns.kept;
        if !columns.copies_rows {
            return write_cells(self, columns, b',', out);
        }
        if kept.len() == columns.count {
            append(out, self.bytes, (self.from, self.to));
            return Ok(());
        }
        for (at, column) in kept.iter().enumerate() {
            if at > 0 {
                out.push(delimiter);
            }
            out.extend_from_slice(self.field(*column));
        }
        Ok(())
    }
}

impl Fields for Plain<'_> {
    fn field(&self, at: usize) -> &[u8] {
        let place = self.place(at);
        place
            .and_then(|(from, to)| self.bytes.get(from..to))
            .unwrap_or_default()
    }
}

/// Which columns are enough to tell a billable row.
#[derive(Debug)]
struct FastPath {
    date: usize,
    codes: Vec<PlainColumn>,
}

/// A column of codes.
#[derive(Debug)]
struct PlainColumn {
    at: usize,
    /// The code set, or the first of those that it may be.
    code_set: CodeSet,
    /// Whether what that one does not list may be of another.
    is_detected: bool,
}

impl FastPath {
    /// Returns which; `None` where each row takes a closer look.
    fn of(columns: &Columns, options: &TableOptions) -> Option<FastPath> {
        let is_enough = columns.amount.is_none()
            && columns.code_set_by.is_none()
            && columns.poa.is_empty()
            && !columns.nulls.has_more()
            && options.split.is_none()
            && !options.rows.count_codes;
        let code_set = |system| match system {
            CodeSystem::Of(code_set) => Some(code_set),
            // What the first code set lists is one of its codes.
            CodeSystem::Detected => Some(CodeSet::default()),
            _ => None,
        };
        let codes = columns.codes.iter();
        let codes = codes.map(|code| {
            Some(PlainColumn {
                at: code.at,
                code_set: code_set(code.system)?,
                is_detected: code.system == CodeSystem::Detected,
            })
        });
        Some(FastPath {
            date: columns.only_date.filter(|_| is_enough)?,
            codes: codes.collect::<Option<Vec<_>>>()?,
        })
    }
}

/// Rows that have been read and wait for their codes to be looked up.
#[derive(Debug, Default)]
struct RowBatch {
    rows: Vec<Row>,
    /// Where the fields of these rows end, but the last of each.
    ends: Vec<usize>,
    /// The codes of these rows: of each row as many as there are columns of codes.
    codes: Vec<LookedUp>,
    /// Of each of them what was found before, if it is not billable.
    known: Vec<Option<KnownCode>>,
}

/// Where a row stands, and its day if it may be answered on the fast path.
#[derive(Debug)]
struct Row {
    from: usize,
    to: usize,
    /// Where its fields' ends begin and end among those of all.
    ends: (usize, usize),
    line: u64,
    day: Option<DateParts>,
}

/// A code that is looked up.
#[derive(Debug, Clone, Copy)]
struct LookedUp {
    packed: u64,
    slot: u64,
    plain: PlainCode,
}

/// What a field of codes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlainCode {
    Nothing,
    /// A marker in place of a code.
    Null,
    /// A code that is billable in this segment.
    Billable(SegmentNumber),
    /// What takes a closer look.
    Other,
}

/// The fast path of one thread, in front of what any row goes through.
#[derive(Debug)]
pub(super) struct PlainRows {
    /// `None` where each row takes a closer look.
    fast_path: Option<FastPath>,
    waiting: RowBatch,
}

impl PlainRows {
    pub(super) fn new(columns: &Columns, options: &TableOptions) -> PlainRows {
        PlainRows {
            fast_path: FastPath::of(columns, options),
            waiting: RowBatch::default(),
        }
    }

    /// Judges and writes the rows of a block.
    pub(super) fn work(
        &mut self,
        block: &Block,
        delimiter: u8,
        rows: &mut RowAudit<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let bytes = block.bytes.as_slice();
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut from = 0;
        let mut line = block.first_line;
        for at in Marks::new(bytes, delimiter).chain([bytes.len()]) {
            if bytes.get(at) == Some(&delimiter) {
                waiting.ends.push(at);
                continue;
            }
            let to = match at.checked_sub(1) {
                Some(last) if at > from && bytes.get(last) == Some(&b'\r') => last,
                _ => at,
            };
            self.wait(bytes, (from, to), line, rows, &mut waiting);
            if waiting.rows.len() == ROWS_AT_ONCE {
                self.judge_waiting(bytes, &mut waiting, (&mut *rows, delimiter), out)?;
            }
            from = at + 1;
            line += 1;
        }
        self.judge_waiting(bytes, &mut waiting, (&mut *rows, delimiter), out)?;
        self.waiting = waiting;
        Ok(())
    }

    /// Reads a row.
    #[inline]
    fn wait(
        &self,
        bytes: &[u8],
        (from, to): (usize, usize),
        line: u64,
        rows: &RowAudit<'_>,
        waiting: &mut RowBatch,
    ) {
        let first_end = waiting.rows.last().map_or(0, |row| row.ends.1);
        if from == to {
            // A blank line.
            waiting.ends.truncate(first_end);
            return;
        }
        let mut row = Row {
            from,
            to,
            ends: (first_end, waiting.ends.len()),
            line,
            day: None,
        };
        let fields = row.fields(bytes, &waiting.ends);
        if let Some(fast_path) = &self.fast_path
            && fields.count() == rows.columns.count
            && let Some(day) = rows.format.day(fields.field(fast_path.date))
        {
            row.day = Some(day);
            let first = waiting.codes.len();
            for column in &fast_path.codes {
                let has_dot = column.code_set.facts().dot_after.is_some();
                let (packed, plain) = match fields.packed(column.at, has_dot) {
                    Some(0) => (0, PlainCode::Nothing),
                    Some(packed) => (packed, PlainCode::Other),
                    None if rows.columns.nulls.are(fields.field(column.at)) => (0, PlainCode::Null),
                    None => {
                        row.day = None;
                        waiting.codes.truncate(first);
                        break;
                    }
                };
                waiting.codes.push(LookedUp {
                    packed,
                    slot: 0,
                    plain,
                });
            }
        }
        waiting.rows.push(row);
    }

    /// Judges the rows that have been read.
    fn judge_waiting(
        &self,
        bytes: &[u8],
        waiting: &mut RowBatch,
        (rows, delimiter): (&mut RowAudit<'_>, u8),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let columns = self.fast_path.as_ref();
        let columns = columns.map_or(&[][..], |fast_path| &fast_path.codes);
        // Nothing in these two steps rests on what was found just before, so that the processor can wait for many at once.
        for (asked, column) in waiting.codes.iter_mut().zip(columns.iter().cycle()) {
            asked.slot = rows.auditor.set(column.code_set).first_slot(asked.packed);
        }
        waiting.known.clear();
        let mut codes = waiting.codes.chunks_exact_mut(columns.len().max(1));
        for row in &waiting.rows {
            let Some((day, codes)) = row.day.and_then(|day| Some((day, codes.next()?))) else {
                continue;
            };
            let fields = row.fields(bytes, &waiting.ends);
            for (asked, column) in codes.iter_mut().zip(columns) {
                let known = look_up(asked, column, day, &fields, rows);
                waiting.known.push(known);
            }
        }
        let many = columns.len().max(1);
        let codes = waiting.codes.chunks_exact(many);
        let mut looked_up = codes.zip(waiting.known.chunks_exact(many));
        for row in &waiting.rows {
            let fields = row.fields(bytes, &waiting.ends);
            let Some((day, (codes, known))) =
                row.day.and_then(|day| Some((day, looked_up.next()?)))
            else {
                rows.row(&fields, fields.count(), ClaimPlace::Line(row.line), out)?;
                continue;
            };
            if codes.iter().any(|asked| asked.plain == PlainCode::Other) {
                rows.whole_row(&fields, known, ClaimPlace::Line(row.line), out)?;
            } else {
                billable_row(&fields, codes, columns, day, (&mut *rows, delimiter), out)?;
            }
        }
        waiting.rows.clear();
        waiting.ends.clear();
        waiting.codes.clear();
        Ok(())
    }
}

/// Looks up a code on a day. Returns what was found before of one that is not billable. A marker in place of a code may
/// look like one.
#[inline]
fn look_up(
    asked: &mut LookedUp,
    column: &PlainColumn,
    day: DateParts,
    fields: &Plain<'_>,
    rows: &RowAudit<'_>,
) -> Option<KnownCode> {
    if asked.plain != PlainCode::Other {
        return None;
    }
    let set = rows.auditor.set(column.code_set);
    let life = set.life_at(asked.packed, asked.slot);
    let segment = segment_at(&set.days, day)?;
    if life.is_some_and(|life| set.class(life, segment) == VerdictKind::Billable) {
        asked.plain = PlainCode::Billable(segment);
        return None;
    }
    if life.is_none() {
        if rows.columns.nulls.are(fields.field(column.at)) {
            asked.plain = PlainCode::Null;
        }
        if asked.plain == PlainCode::Null || column.is_detected {
            return None;
        }
    }
    rows.auditor
        .known(column.code_set, !column.is_detected, asked.packed, segment)
}

/// Counts and writes a row all of whose codes are billable.
#[inline]
fn billable_row(
    fields: &Plain<'_>,
    codes: &[LookedUp],
    columns: &[PlainColumn],
    day: DateParts,
    (rows, delimiter): (&mut RowAudit<'_>, u8),
    out: &mut Vec<u8>,
) -> Result<()> {
    let auditor = &mut rows.auditor;
    auditor.tally_mut().count_rows(1);
    let only_failures = auditor.rules.options.only_failures;
    let sink = match &rows.output {
        RowOutput::Rows(sink) if !only_failures => Some(sink),
        _ => None,
    };
    if let Some(sink) = sink {
        sink.write_prefix(out);
        fields.write_kept(rows.columns, delimiter, out)?;
    }
    let mut listed = 0;
    for (at, (asked, column)) in codes.iter().zip(columns).enumerate() {
        match asked.plain {
            PlainCode::Billable(segment) => {
                auditor.count_billable(column.code_set, segment, day);
                listed |= bit(at);
            }
            PlainCode::Null => auditor.tally_mut().nulls += 1,
            PlainCode::Nothing | PlainCode::Other => {}
        }
        if let Some(sink) = sink {
            let suffix = match asked.plain {
                PlainCode::Billable(segment) => sink.suffixes.billable(column.code_set, segment),
                _ => sink.suffixes.empty(),
            };
            suffix.append_to(out);
        }
    }
    auditor.tally_mut().listed_columns |= listed;
    if sink.is_some() {
        out.push(b'\n');
    }
    Ok(())
}

impl Row {
    fn fields<'b>(&self, bytes: &'b [u8], ends: &'b [usize]) -> Plain<'b> {
        let (from, to) = self.ends;
        Plain {
            bytes,
            from: self.from,
            ends: &ends[from..to],
            to: self.to,
        }
    }
}
