//! Files of fixed widths: where each field stands, and which of them hold codes and days.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;

use super::audited::Audited;
use super::cells::{Cell, CellRow, audit_cells};
use super::claim::ClaimPlace;
use super::columns::{CodeColumn, Columns, ColumnsAsked};
use super::index::Index;
use super::options::{Annotated, TableOptions};
use codeyear_core::error::{Error, Result};

/// The layouts that are known by name: public record descriptions of CMS.
const KNOWN: [&str; 4] = [
    include_str!("../layouts/cclf1.toml"),
    include_str!("../layouts/cclf3.toml"),
    include_str!("../layouts/cclf4.toml"),
    include_str!("../layouts/cclf5.toml"),
];

/// The column that says on which day a row is judged, where the layout tells it.
const JUDGED_ON: &str = "judged_on";

/// The longest line.
const MAX_LINE: u64 = 1 << 20;

/// Where the fields of a file of fixed widths stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Its name: `cclf4`.
    pub name: String,
    /// What files have it.
    #[serde(default)]
    pub title: String,
    /// The fields with codes.
    #[serde(default)]
    codes: Vec<String>,
    /// The field that says their code set.
    code_set_by: Option<String>,
    /// The field with the first day, by which a row goes.
    from: Option<String>,
    /// The field with the last day, by which rows of some kinds go instead.
    through: Option<String>,
    /// The field that says the kind, and those kinds.
    kind: Option<String>,
    #[serde(default)]
    through_kinds: Vec<String>,
    fields: Vec<LayoutField>,
}

/// A field: from its first to its last character, both counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayoutField {
    name: String,
    start: usize,
    end: usize,
}

impl Layout {
    /// Returns the layout of a name; `None` if none is known by it.
    ///
    /// # Errors
    /// As [`Layout::read`]; none is expected.
    pub fn known(name: &str) -> Option<Result<Layout>> {
        let of_name = |layout: &Result<Layout>| {
            layout
                .as_ref()
                .is_ok_and(|layout| layout.name.eq_ignore_ascii_case(name))
        };
        KNOWN.into_iter().map(Layout::read).find(of_name)
    }

    /// Lists the names that are known.
    pub fn names() -> Vec<String> {
        let all = KNOWN.into_iter().filter_map(|text| Layout::read(text).ok());
        all.map(|layout| layout.name).collect()
    }

    /// Reads a layout in TOML.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Format`] if it is none, or names a field that it does not have.
    pub fn read(text: &str) -> Result<Layout> {
        let fail = |message: String| {
            Error::format(message).with_hint(
                "a layout has name, fields with name, start and end, and may have codes, code_set_by, from, through, kind and through_kinds",
            )
        };
        let layout: Layout = toml::from_str(text)
            .map_err(|error| fail(format!("no layout: {}", error.message())))?;
        for field in &layout.fields {
            if field.start == 0 || field.end < field.start {
                return Err(fail(format!(
                    "the field {:?} ends before it begins",
                    field.name
                )));
            }
        }
        let single = [
            &layout.code_set_by,
            &layout.from,
            &layout.through,
            &layout.kind,
        ];
        let named = single.into_iter().flatten().chain(&layout.codes);
        for name in named {
            if layout.at(name).is_none() {
                return Err(fail(format!("there is no field {name:?}")));
            }
        }
        Ok(layout)
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Checks whether it says by itself where codes and days stand.
    pub fn is_whole(&self) -> bool {
        !self.codes.is_empty() && self.from.is_some()
    }

    /// Returns what is asked of the table: as the user says, and where he does not as the layout does.
    fn asked(&self, asked: &ColumnsAsked) -> ColumnsAsked {
        let mut asked = asked.clone();
        if asked.codes.is_empty() {
            let column = |name: &String| CodeColumn {
                name: name.clone(),
                code_set: None,
            };
            asked.codes = self.codes.iter().map(column).collect();
        }
        let is_dated = !asked.dates.is_empty() || asked.discharge.is_some() || asked.on.is_some();
        if !is_dated && self.from.is_some() {
            asked.dates = vec![JUDGED_ON.to_owned()];
        }
        // What files of CMS write where there is no value.
        asked.nulls.add("~");
        if asked.code_set_by.is_none() && asked.code_set.is_none() {
            asked.code_set_by = self.code_set_by.clone();
        }
        asked
    }

    /// Cuts a line into its fields, with the day that it is judged on behind them.
    fn cells(&self, line: &[u8]) -> Vec<Cell> {
        let text = |field: &LayoutField| {
            let end = field.end.min(line.len());
            let bytes = line.get(field.start - 1..end).unwrap_or_default();
            String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
        };
        let mut cells: Vec<Cell> = self
            .fields
            .iter()
            .map(|field| Cell {
                text: text(field),
                is_day: false,
            })
            .collect();
        let of = |name: &Option<String>| {
            let at = self.at(name.as_deref()?)?;
            cells.get(at).cloned()
        };
        let kind = of(&self.kind).unwrap_or_default().text;
        let through = of(&self.through).filter(|_| self.through_kinds.contains(&kind));
        let day = through.or_else(|| of(&self.from)).unwrap_or_default();
        cells.push(day);
        cells
    }
}

/// Audits a file of fixed widths as [`audit_delimited`](super::audit_delimited) audits a table. What is written is CSV.
///
/// # Errors
/// As `audit_delimited`.
pub(super) fn audit_layout<'i>(
    index: &'i Index,
    input: &mut dyn Read,
    file: &str,
    (layout, options): (&Layout, &TableOptions),
    annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let names = layout.fields.iter().map(|field| field.name.clone());
    let names = names.chain([JUDGED_ON.to_owned()]).collect();
    let columns = Columns::find(&layout.asked(&options.columns), names, file)?;
    let ends = layout.fields.iter().map(|field| field.end);
    let width = ends.max().unwrap_or(1);
    let mut lines = BufReader::with_capacity(1 << 16, input);
    let mut number = 0;
    let mut line = Vec::new();
    let rows = std::iter::from_fn(|| {
        loop {
            line.clear();
            number += 1;
            let read = match (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(read) => read as u64,
                Err(error) => {
                    return Some(Err(super::input::read_error(
                        std::path::Path::new(file),
                        error,
                    )));
                }
            };
            let whole = line.trim_ascii_end();
            let whole = whole.strip_prefix(b"\xef\xbb\xbf").unwrap_or(whole);
            if whole.len() >= width * 2 {
                return Some(Err(Error::format(format!(
                    "a line is {} characters long, and the layout {width}",
                    whole.len()
                ))
                .in_file(file)
                .at_line(number)
                .with_hint("is it this layout? a record is a line: do line ends lack?")));
            }
            if !whole.is_empty() {
                return Some(Ok(CellRow {
                    place: ClaimPlace::Line(number),
                    bytes: read,
                    cells: layout.cells(whole),
                }));
            }
        }
    });
    let mut audited = audit_cells(index, file, &columns, rows, options, annotated, progress)?;
    audited.note([format!("read by the layout {}", layout.name)]);
    Ok(audited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_layout_is_whole_and_its_fields_do_not_meet() {
        assert_eq!(Layout::names(), ["cclf1", "cclf3", "cclf4", "cclf5"]);
        for name in Layout::names() {
            let layout = Layout::known(&name).unwrap().unwrap();
            assert!(layout.is_whole(), "{name}");
            for pair in layout.fields.windows(2) {
                assert!(pair[0].end < pair[1].start, "{name}: {pair:?}");
            }
        }
        assert!(Layout::known("cclf9").is_none());
    }

    #[test]
    fn a_row_goes_by_the_day_that_its_kind_says() {
        let layout = Layout::known("CCLF4").unwrap().unwrap();
        let line = |kind: &str| {
            let mut line = vec![b' '; 92];
            for (at, text) in [
                (36, kind),
                (41, "M545"),
                (65, "2021-09-28"),
                (75, "2021-10-02"),
                (92, "0"),
            ] {
                line[at - 1..at - 1 + text.len()].copy_from_slice(text.as_bytes());
            }
            line
        };
        for (kind, day) in [
            ("60", "2021-10-02"),
            ("40", "2021-09-28"),
            ("20", "2021-10-02"),
        ] {
            let cells = layout.cells(&line(kind));
            assert_eq!(cells.last().unwrap().text, day, "{kind}");
            assert_eq!(cells[6].text, "M545");
        }
        // A line that is cut short has empty fields.
        assert!(
            layout
                .cells(b"1")
                .iter()
                .skip(1)
                .all(|cell| cell.text.is_empty())
        );
    }

    #[test]
    fn what_is_no_layout_is_refused_with_a_word_on_why() {
        for (text, part) in [
            ("name = 1", "no layout"),
            (
                "name = \"x\"\nfields = [{ name = \"a\", start = 2, end = 1 }]",
                "ends before it begins",
            ),
            (
                "name = \"x\"\ncodes = [\"b\"]\nfields = [{ name = \"a\", start = 1, end = 1 }]",
                "no field \"b\"",
            ),
            ("name = \"x\"\nodd = 1\nfields = []", "no layout"),
        ] {
            let error = Layout::read(text).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
