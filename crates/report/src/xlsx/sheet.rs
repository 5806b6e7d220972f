//! A sheet of rows: a header that stays in sight, a filter, widths, and cells that are what they are.

use rust_xlsxwriter::{
    Color, Format, FormatAlign, FormatBorder, FormatUnderline, IgnoreError, Worksheet, XlsxError,
};

use crate::marks::Piece;

/// A column of a sheet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    width: u16,
}

impl Column {
    pub(super) const fn new(name: &'static str, width: u16) -> Column {
        Column { name, width }
    }
}

/// What stands in a cell.
#[derive(Debug)]
pub(super) enum Cell {
    Empty,
    Text(String),
    /// A code, which is text even if it could be a number.
    Code(String),
    Number(u64),
    /// A part of a whole, shown in percent.
    Share(u64, u64),
    /// The old wording, with what is gone struck through.
    Gone(Vec<Piece>),
    /// The new wording, with what was added in bold.
    Added(Vec<Piece>),
}

impl Cell {
    pub(super) fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    fn is_empty(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) | Cell::Code(text) => text.is_empty(),
            Cell::Number(_) | Cell::Share(..) => false,
            Cell::Gone(pieces) | Cell::Added(pieces) => pieces.is_empty(),
        }
    }
}

/// The formats of a workbook.
pub(super) struct Formats {
    pub head: Format,
    pub text: Format,
    pub code: Format,
    pub number: Format,
    pub share: Format,
    pub date: Format,
    pub title: Format,
    pub strong: Format,
    pub warning: Format,
    gone: Format,
    added: Format,
    plain: Format,
}

impl Formats {
    pub(super) fn new() -> Formats {
        let cell = || Format::new().set_align(FormatAlign::Top);
        Formats {
            head: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(Color::RGB(0xE7_EC_F1))
                .set_border_bottom(FormatBorder::Medium),
            text: cell().set_text_wrap(),
            // The format of text, so that a cell that is edited stays text.
            code: cell().set_bold().set_num_format("@"),
            number: cell().set_num_format("#,##0"),
            share: cell().set_num_format("0.00%"),
            date: cell()
                .set_num_format("yyyy-mm-dd")
                .set_align(FormatAlign::Left),
            title: Format::new().set_bold().set_font_size(16),
            strong: cell().set_bold(),
            warning: cell()
                .set_bold()
                .set_background_color(Color::RGB(0xFF_F4_D6)),
            gone: Format::new()
                .set_font_strikethrough()
                .set_font_color(Color::RGB(0x8C_34_00)),
            added: Format::new()
                .set_bold()
                .set_underline(FormatUnderline::Single)
                .set_font_color(Color::RGB(0x00_55_3D)),
            plain: Format::new(),
        }
    }
}

/// A sheet of rows under a header.
#[derive(Debug)]
pub(super) struct Sheet {
    name: &'static str,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

impl Sheet {
    pub(super) fn new(name: &'static str) -> Sheet {
        Sheet {
            name,
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Writes the sheet; a column that no row fills is left out.
    pub(super) fn write(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let formats = Formats::new();
        sheet.set_name(self.name)?;
        let is_filled = |at: &usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(*at));
            self.rows.is_empty() || cells.any(|cell| !cell.is_empty())
        };
        let shown: Vec<usize> = (0..self.columns.len()).filter(is_filled).collect();
        for (at, column) in shown.iter().filter_map(|at| self.columns.get(*at)).zip(0..) {
            sheet.set_column_width(column, at.width)?;
            sheet.write_string_with_format(0, column, at.name, &formats.head)?;
        }
        for (row, cells) in (1..).zip(&self.rows) {
            for (cell, column) in shown.iter().filter_map(|at| cells.get(*at)).zip(0..) {
                write_cell(sheet, row, column, cell, &formats)?;
            }
        }
        let last_row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let last_column = u16::try_from(shown.len().saturating_sub(1)).unwrap_or(u16::MAX);
        sheet.set_row_height(0, 32)?;
        sheet.set_freeze_panes(1, 1)?;
        sheet.autofilter(0, 0, last_row, last_column)?;
        if !self.rows.is_empty() {
            sheet.ignore_error_range(
                1,
                0,
                last_row,
                last_column,
                IgnoreError::NumberStoredAsText,
            )?;
        }
        sheet
            .set_landscape()
            .set_print_fit_to_pages(1, 0)
            .set_repeat_rows(0, 0)?;
        Ok(())
    }
}

/// Writes a cell with its format.
pub(super) fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        _ if cell.is_empty() => {
            sheet.write_blank(row, column, &formats.text)?;
        }
        Cell::Empty => {}
        Cell::Text(text) => {
            sheet.write_string_with_format(row, column, text, &formats.text)?;
        }
        Cell::Code(code) => {
            sheet.write_string_with_format(row, column, code, &formats.code)?;
        }
        Cell::Number(number) => {
            sheet.write_number_with_format(row, column, float(*number), &formats.number)?;
        }
        Cell::Share(part, whole) => {
            let share = if *whole == 0 {
                0.0
            } else {
                float(*part) / float(*whole)
            };
            sheet.write_number_with_format(row, column, share, &formats.share)?;
        }
        Cell::Gone(pieces) => write_pieces(sheet, row, column, pieces, (&formats.gone, formats))?,
        Cell::Added(pieces) => {
            write_pieces(sheet, row, column, pieces, (&formats.added, formats))?;
        }
    }
    Ok(())
}

fn write_pieces(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    pieces: &[Piece],
    (changed, formats): (&Format, &Formats),
) -> Result<(), XlsxError> {
    let rich: Vec<(&Format, &str)> = pieces
        .iter()
        .filter(|piece| !piece.text.is_empty())
        .map(|piece| {
            let format = if piece.changed {
                changed
            } else {
                &formats.plain
            };
            (format, piece.text.as_str())
        })
        .collect();
    sheet.write_rich_string_with_format(row, column, &rich, &formats.text)?;
    Ok(())
}

/// Returns a number as a cell holds it; a count of uses is far below 2^53.
#[allow(
    clippy::cast_precision_loss,
    reason = "a workbook holds numbers as floating point"
)]
fn float(number: u64) -> f64 {
    number as f64
}
