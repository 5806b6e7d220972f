//! Workbooks of a spreadsheet program: the first sheet that has the columns asked for.

use std::io::{Cursor, Read, Write};

use calamine::{Data, DataRef, Reader, Xls, Xlsx, XlsxError};

use super::audited::Audited;
use super::cells::{Cell, CellRow, audit_cells};
use super::claim::ClaimPlace;
use super::columns::Columns;
use super::contained::contained;
use super::file_columns::refuse_claim_as_header;
use super::index::Index;
use super::likely::LikelyColumns;
use super::not_judged::NotJudged;
use super::options::{Annotated, TableOptions};
use codeyear_core::error::{Error, Result};

/// The most bytes of a workbook that are read.
const MAX_BYTES: u64 = 256 << 20;

/// The most columns that a sheet can have.
const MAX_COLUMNS: usize = 16_384;

/// Audits a workbook as [`audit_delimited`](super::audit_delimited) audits a table of text. What is written is CSV.
///
/// # Errors
/// As `audit_delimited`; also if it is no workbook, is larger than what is read of one, or if no sheet has the columns.
pub(super) fn audit_workbook<'i>(
    index: &'i Index,
    input: &mut dyn Read,
    (file, most_texts): (&str, MostTexts),
    options: &TableOptions,
    annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let bytes = read_whole(input, file, most_texts)?;
    let mut search = Search {
        index,
        file,
        options,
        length: bytes.len() as u64,
        no_columns: None,
    };
    let mut annotated = Some(annotated);
    let mut found: Option<Audited<'_>> = None;
    // Codes of other sheets with the same columns.
    let mut unread = 0;
    each_sheet(bytes, file, &mut |names, name, cells| {
        if let Some(audited) = &mut found {
            match search.codes_of_other(cells) {
                Ok(codes) => unread += codes,
                Err(_) => Audited::note(audited, [format!("the sheet {name:?} cannot be read")]),
            }
            return Ok(false);
        }
        let Some(mut audited) = search.sheet(cells, &mut annotated, progress)? else {
            return Ok(false);
        };
        let others = match names.len() - 1 {
            0 => None,
            1 => Some("the other was".to_owned()),
            others => Some(format!("{others} others were")),
        };
        let note = |others| format!("only the sheet {name:?} was read; {others} not");
        audited.note(others.map(note));
        found = Some(audited);
        Ok(false)
    })?;
    let found = found.map(|mut audited| {
        audited.count_not_judged(NotJudged::NotRead, unread);
        audited
    });
    found.ok_or_else(|| search.no_columns.unwrap_or_else(|| empty(file)))
}

/// Reads the names of the columns of the first sheet that is likely to have columns of codes, or else of the first that
/// has any.
///
/// # Errors
/// As [`audit_workbook`]; also if any name is a code or a date.
pub(super) fn workbook_names(
    index: &Index,
    input: &mut dyn Read,
    (file, most_texts): (&str, MostTexts),
) -> Result<Vec<String>> {
    let mut found: Option<Vec<String>> = None;
    each_sheet(
        read_whole(input, file, most_texts)?,
        file,
        &mut |_, _, cells| {
            let Some(header) = SheetRows::of(cells).next() else {
                return Ok(false);
            };
            let (_, header) = header.map_err(|()| broken(file))?;
            let names = names_of(&header);
            let is_likely = !LikelyColumns::of(&names).codes.is_empty();
            if is_likely || found.is_none() {
                found = Some(names);
            }
            Ok(is_likely)
        },
    )?;
    let names = found.ok_or_else(|| empty(file))?;
    let all = || names.iter().map(String::as_str);
    refuse_claim_as_header(index, all(), all(), file)?;
    Ok(names)
}

/// Reads a workbook into memory, once it is known that it does not unpack to far more.
fn read_whole(input: &mut dyn Read, file: &str, most: MostTexts) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| super::input::read_error(std::path::Path::new(file), error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("the workbook is larger than {} MB", MAX_BYTES >> 20);
        return Err(Error::format(message)
            .in_file(file)
            .with_hint("write its sheet as CSV"));
    }
    check_size(&bytes, most).map_err(|error| error.in_file(file))?;
    Ok(bytes)
}

/// Shows sheet after sheet, with the names of all and its own, until `visit` returns true.
fn each_sheet(bytes: Vec<u8>, file: &str, visit: VisitSheet<'_>) -> Result<()> {
    if bytes.starts_with(b"PK") {
        let workbook = contained(|| Xlsx::new(Cursor::new(bytes)));
        let workbook = workbook.and_then(std::result::Result::ok);
        let mut workbook: Xlsx<_> = workbook.ok_or_else(|| no_workbook(file))?;
        let names = workbook.sheet_names();
        for name in &names {
            let mut cells = match contained(|| workbook.worksheet_cells_reader(name)) {
                Some(Ok(cells)) => cells,
                // A sheet of a chart holds no claims.
                Some(Err(XlsxError::NotAWorksheet(_))) => continue,
                Some(Err(_)) | None => {
                    if visit(&names, name, &mut std::iter::once(Err(())))? {
                        break;
                    }
                    continue;
                }
            };
            let cells = std::iter::from_fn(|| {
                let read = || {
                    let cell = cells.next_cell().transpose()?.map_err(|_| ());
                    Some(cell.map(|cell| (cell.get_position(), cell_of(cell.get_value()))))
                };
                contained(read).unwrap_or(Some(Err(())))
            });
            if visit(&names, name, &mut cells.fuse())? {
                break;
            }
        }
    } else {
        let workbook = contained(|| Xls::new(Cursor::new(bytes)));
        let workbook = workbook.and_then(std::result::Result::ok);
        let mut workbook: Xls<_> = workbook.ok_or_else(|| no_workbook(file))?;
        let names = workbook.sheet_names();
        for name in &names {
            let sheet = contained(|| workbook.worksheet_range(name));
            let sheet = sheet.and_then(std::result::Result::ok);
            let sheet = sheet.ok_or_else(|| broken(file))?;
            let (top, left) = sheet.start().unwrap_or_default();
            let mut cells = sheet.used_cells().map(|(row, column, data)| {
                let (row, column) = (u32::try_from(row), u32::try_from(column));
                let place = (
                    top + row.unwrap_or(u32::MAX - top),
                    left + column.unwrap_or(0),
                );
                Ok((place, cell_of(&borrowed(data))))
            });
            if visit(&names, name, &mut cells)? {
                break;
            }
        }
    }
    Ok(())
}

/// Returns the error of a packed file that is no workbook.
fn no_workbook(file: &str) -> Error {
    Error::format("the file is compressed, and not a workbook")
        .in_file(file)
        .with_hint("a zip archive has to be unpacked before its files are audited; of a workbook with a password, and of any but .xlsx and .xls, write the sheet as CSV")
}

fn broken(file: &str) -> Error {
    Error::format("a sheet of the workbook cannot be read")
        .in_file(file)
        .with_hint("is the file complete? write the sheet as CSV")
}

fn empty(file: &str) -> Error {
    Error::format("the workbook is empty")
        .in_file(file)
        .with_hint("expected a header and a row for each claim")
}

/// Returns the names that stand in a header.
fn names_of(header: &[Cell]) -> Vec<String> {
    let names = header.iter().map(|cell| cell.text.trim().to_owned());
    names.collect()
}

/// A cell with its row and its column, from 0; or that the sheet cannot be read on.
type PlacedCell = Result<((u32, u32), Cell), ()>;

/// The cells of a sheet one after another: a sheet read whole would be laid out up to its furthest cell, wherever that is.
type Cells<'c> = &'c mut dyn Iterator<Item = PlacedCell>;

/// What is shown the names of all sheets, the name of one and its cells, and returns whether it has seen enough.
type VisitSheet<'v> = &'v mut dyn FnMut(&[String], &str, Cells<'_>) -> Result<bool>;

/// The search for the sheet that has the columns.
struct Search<'i, 's> {
    index: &'i Index,
    file: &'s str,
    options: &'s TableOptions,
    length: u64,
    /// What the first sheet lacks.
    no_columns: Option<Error>,
}

impl<'i> Search<'i, '_> {
    /// Counts the codes of a sheet that is not audited; none if it does not have the columns.
    fn codes_of_other(&self, cells: Cells<'_>) -> Result<u64> {
        let mut rows = SheetRows::of(cells);
        let Some(header) = rows.next() else {
            return Ok(0);
        };
        let (_, header) = header.map_err(|()| broken(self.file))?;
        let Ok(columns) = Columns::find(&self.options.columns, names_of(&header), self.file) else {
            return Ok(0);
        };
        let mut codes = 0;
        for row in rows {
            let (_, cells) = row.map_err(|()| broken(self.file))?;
            let of_row = columns.codes.iter().filter_map(|code| cells.get(code.at));
            codes += of_row
                .filter(|cell| !columns.nulls.are(cell.text.as_bytes()))
                .count() as u64;
        }
        Ok(codes)
    }

    /// Audits a sheet; `None` if it does not have the columns.
    fn sheet(
        &mut self,
        cells: Cells<'_>,
        annotated: &mut Option<Annotated<'_>>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Option<Audited<'i>>> {
        let mut rows = SheetRows::of(cells);
        let Some(header) = rows.next() else {
            return Ok(None);
        };
        let (_, header) = header.map_err(|()| broken(self.file))?;
        let columns = match Columns::find(&self.options.columns, names_of(&header), self.file) {
            Ok(columns) => columns,
            Err(error) => {
                self.no_columns.get_or_insert(error);
                return Ok(None);
            }
        };
        let name = |at: usize| columns.names.get(at).map_or("", String::as_str);
        let codes = columns.codes.iter().map(|code| name(code.at));
        let dates = columns.date_columns().map(name);
        if let Err(error) = refuse_claim_as_header(self.index, dates, codes, self.file) {
            self.no_columns.get_or_insert(error);
            return Ok(None);
        }
        let Some(annotated) = annotated.take() else {
            return Ok(None);
        };
        rows.width = columns.count;
        let (mut length, file) = (self.length, self.file);
        let rows = rows.map(|row| {
            let (number, cells) = row.map_err(|()| broken(file))?;
            Ok(CellRow {
                place: ClaimPlace::Row(u64::from(number) + 1),
                // How much of the file a row stands for is not known: the first one says it.
                bytes: std::mem::take(&mut length),
                cells,
            })
        });
        let audited = audit_cells(
            self.index,
            self.file,
            &columns,
            rows,
            self.options,
            annotated,
            progress,
        );
        audited.map(Some)
    }
}

/// The rows of a sheet that hold anything: each as long as the header, and one cell longer where it has more.
struct SheetRows<'c> {
    cells: Cells<'c>,
    /// The first cell of the next row.
    next: Option<((u32, u32), Cell)>,
    width: usize,
}

impl<'c> SheetRows<'c> {
    /// Returns the rows, the header among them.
    fn of(cells: Cells<'c>) -> SheetRows<'c> {
        SheetRows {
            cells,
            next: None,
            width: usize::MAX,
        }
    }
}

impl Iterator for SheetRows<'_> {
    type Item = Result<(u32, Vec<Cell>), ()>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut row: Option<(u32, Vec<Cell>)> = None;
        let whole = |mut row: (u32, Vec<Cell>), width: usize| {
            // Only the header's own width is not known.
            if width < usize::MAX && row.1.len() < width {
                row.1.resize(width, Cell::default());
            }
            Ok(row)
        };
        loop {
            let cell = match self.next.take() {
                Some(cell) => cell,
                None => match self.cells.next() {
                    Some(Ok(cell)) => cell,
                    Some(Err(())) => return Some(Err(())),
                    None => return row.map(|row| whole(row, self.width)),
                },
            };
            let ((at, column), cell) = cell;
            if cell.text.is_empty() {
                continue;
            }
            match &mut row {
                None => row = Some((at, Vec::new())),
                Some((of, _)) if *of != at => {
                    self.next = Some(((at, column), cell));
                    return row.map(|row| whole(row, self.width));
                }
                Some(_) => {}
            }
            if let Some((_, cells)) = &mut row {
                let column = usize::try_from(column)
                    .unwrap_or(usize::MAX)
                    .min(self.width)
                    .min(MAX_COLUMNS);
                if cells.len() <= column {
                    cells.resize(column + 1, Cell::default());
                }
                if let Some(slot) = cells.get_mut(column) {
                    *slot = cell;
                }
            }
        }
    }
}

/// Refuses a workbook that unpacks to far more than it holds, whatever sizes it states, or has more texts than are held.
fn check_size(bytes: &[u8], most: MostTexts) -> Result<()> {
    let refused = |message: &str| Err(Error::format(message).with_hint("write its sheet as CSV"));
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        // The older format is not packed.
        return Ok(());
    };
    let mut left = super::input::most_unpacked(bytes.len() as u64);
    let mut texts = TextCount::default();
    for at in 0..archive.len() {
        let Ok(member) = archive.by_index(at) else {
            // What is packed in a way that is not known is not read either.
            continue;
        };
        let is_held = member.name().is_ok_and(|name| is_held(&name));
        let mut member = member.take(left + 1);
        let read = match is_held {
            true => std::io::copy(&mut member, &mut texts),
            false => std::io::copy(&mut member, &mut std::io::sink()),
        };
        if texts.bytes > most.bytes || texts.elements > most.elements {
            return refused("the workbook has too many texts");
        }
        let Some(rest) = left.checked_sub(read.unwrap_or(0)) else {
            return refused("the workbook unpacks to far more than a table of claims");
        };
        left = rest;
    }
    Ok(())
}

/// Checks whether a member of a workbook is held in memory, in whichever folder it stands. Sheets are read row by row.
fn is_held(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
    matches!(
        own,
        "sharedstrings.xml" | "styles.xml" | "workbook.xml" | "[content_types].xml"
    ) || own.ends_with(".rels")
        || own.starts_with("table")
        || own.starts_with("pivot")
}

/// How many texts of a workbook are held in memory beside its sheets at most; no limit but that of what it unpacks to, if
/// nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostTexts {
    /// Their bytes.
    pub bytes: u64,
    /// The elements among them: a text has four, and takes memory also if it is empty.
    pub elements: u64,
}

impl Default for MostTexts {
    fn default() -> MostTexts {
        MostTexts {
            bytes: u64::MAX,
            elements: u64::MAX,
        }
    }
}

/// The texts of a workbook, counted.
#[derive(Debug, Default)]
struct TextCount {
    bytes: u64,
    elements: u64,
}

impl Write for TextCount {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes += bytes.len() as u64;
        self.elements += memchr::memchr_iter(b'<', bytes).count() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns a cell that was read whole as one that is read by itself.
fn borrowed(data: &Data) -> DataRef<'_> {
    match data {
        Data::Empty => DataRef::Empty,
        Data::String(text) => DataRef::SharedString(text),
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::Bool(truth) => DataRef::Bool(*truth),
        Data::DateTime(date) => DataRef::DateTime(*date),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
    }
}

/// Returns a cell as text: a day as YYYY-MM-DD, a whole number without a point.
fn cell_of(data: &DataRef<'_>) -> Cell {
    /// The days that a spreadsheet counts: to 9999-12-31.
    const DAYS: std::ops::Range<f64> = 1.0..2_958_466.0;
    let text = match data {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTimeIso(text) => text.clone(),
        DataRef::DurationIso(text) => text.clone(),
        // What a formula could not tell is no value.
        DataRef::Error(_) => "#N/A".to_owned(),
        DataRef::DateTime(date) => {
            let moment = DAYS
                .contains(&date.as_f64())
                .then(|| date.as_datetime())
                .flatten();
            return Cell {
                text: moment.map_or_else(
                    || date.as_f64().to_string(),
                    |moment| moment.date().to_string(),
                ),
                is_day: moment.is_some(),
            };
        }
    };
    Cell {
        text,
        is_day: false,
    }
}
