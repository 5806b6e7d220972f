//! What stands around the rows of an order file.

use crate::model::named;
use strum::{EnumString, IntoStaticStr};

named!(LineEnding, Numbering);

/// How the lines of a file end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum LineEnding {
    /// Carriage return and line feed, as in the official files.
    Crlf,
    /// Line feed alone.
    Lf,
}

impl LineEnding {
    /// Returns the bytes.
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnding::Crlf => "\r\n",
            LineEnding::Lf => "\n",
        }
    }
}

/// The last order number that five columns hold.
pub(super) const LAST_OF_FIVE: usize = 99_999;

/// The last order number that six digits hold.
pub(super) const LAST_OF_SIX: usize = 999_999;

/// How the rows after the 99,999th are numbered. No official file has so many rows yet (98,403 in
/// ICD-10-CM FY2027), so the publisher's choice is not known: each of these loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Numbering {
    /// There are no such rows.
    #[default]
    FiveColumns,
    /// Six digits, and the columns behind them are shifted by one.
    SixDigits,
    /// 00000 follows 99999.
    #[strum(serialize = "again_from_0")]
    AgainFromZero,
    /// 00001 follows 99999.
    #[strum(serialize = "again_from_1")]
    AgainFromOne,
}

impl Numbering {
    /// Returns what stands as the order number of a row, the first being 1.
    pub(super) fn order_number(self, row: u64) -> u64 {
        let last = LAST_OF_FIVE as u64;
        match self {
            Numbering::FiveColumns | Numbering::SixDigits => row,
            Numbering::AgainFromZero => row % (last + 1),
            Numbering::AgainFromOne if row > last => (row - 1) % last + 1,
            Numbering::AgainFromOne => row,
        }
    }
}

/// What stands around the rows of an order file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Whether a UTF-8 byte order mark stands before the first row.
    pub byte_order_mark: bool,
    /// How the rows end.
    pub line_ending: LineEnding,
    /// All bytes after the last row's long title: CR LF in the official files.
    pub tail: String,
    /// How the rows after the 99,999th are numbered.
    pub numbering: Numbering,
}

impl Envelope {
    /// Returns what differs from the official files, in words parted by commas; nothing if nothing does.
    pub fn describe(&self) -> String {
        let mut differs = Vec::new();
        if self.byte_order_mark {
            differs.push("begins with a byte order mark");
        }
        if self.line_ending == LineEnding::Lf {
            differs.push("lines end with LF");
        }
        if self.ends_without_line_end() {
            differs.push("no line end after the last row");
        }
        match self.tail.matches('\n').count() {
            0 => {}
            1 if self.tail.ends_with('\n') => {}
            1 | 2 => differs.push("a blank line at the end"),
            _ => differs.push("blank lines at the end"),
        }
        match self.numbering {
            Numbering::FiveColumns => {}
            Numbering::SixDigits => {
                differs.push("the order number has six digits from row 100000 on");
            }
            Numbering::AgainFromZero => differs.push("order number 00000 follows 99999"),
            Numbering::AgainFromOne => differs.push("order number 00001 follows 99999"),
        }
        differs.join(", ")
    }

    /// Checks whether the file ends with its last row, or within that row's line end. Every official file
    /// ends its last line, and a title that is cut off looks like a shorter one: so such a file is whole
    /// only if its rows are known.
    pub fn ends_without_line_end(&self) -> bool {
        !self.tail.contains('\n')
    }
}
