//! The tables, definitions and index of ICD-10-PCS in XML (`ICD10PCS.tabular`, `ICD10PCS.definitions`,
//! `ICD10PCS.index`, CMS).
//!
//! An element or attribute that is not known is kept as it stands. What a table counts of itself is
//! checked: the values of an axis and the codes of a row.

mod definitions;
mod index;
#[cfg(test)]
mod tests;

pub use definitions::parse_pcs_definitions;
pub use index::parse_pcs_index;
#[cfg(test)]
pub(crate) use tests::X2U;

use crate::error::{Error, Result};
use crate::model::{Code, CodeSet, PcsAxis, PcsLabel, PcsRow, PcsTable, PcsTables, UnreadList};
use crate::parse::xml::{Element, Vocabulary, Xml};

const VOCABULARY: Vocabulary = Vocabulary {
    known: &[
        "ICD10PCS.tabular",
        "version",
        "title",
        "pcsTable",
        "axis",
        "label",
        "definition",
        "pcsRow",
    ],
    structure: &["pcsTable", "axis", "label", "pcsRow"],
};

/// Parses the tables.
///
/// # Errors
/// [`crate::ErrorKind::Format`] with the line, for malformed XML, for a known element out of its place, for a row whose count of codes is not the product of its axes, an axis whose count
/// of values is not that of its labels, and a value or table that stands twice.
pub fn parse_pcs_tables(bytes: &[u8]) -> Result<PcsTables> {
    const ROOT: &str = "ICD10PCS.tabular";
    let (mut xml, _) = Xml::open(bytes, &[ROOT], &VOCABULARY)?;
    let mut tables = PcsTables {
        version: String::new(),
        title: String::new(),
        tables: Vec::new(),
        unread: UnreadList::default(),
    };
    while let Some(element) = xml.child(ROOT)? {
        match element.name.as_str() {
            "version" => xml.set(&mut tables.version, &element)?,
            "title" => xml.set(&mut tables.title, &element)?,
            "pcsTable" => {
                let begins_at = xml.position();
                let table = parse_table(&mut xml, &element)?;
                if tables.table(&table.code).is_some() {
                    let code = table.code.as_str();
                    return Err(broken(
                        &xml,
                        begins_at,
                        format!("expected one table {code}, found two"),
                    ));
                }
                tables.tables.push(table);
            }
            _ => xml.unknown(&element, ROOT)?,
        }
    }
    xml.end()?;
    tables.unread = xml.take_unread();
    if tables.tables.is_empty() {
        return Err(Error::format("the file has no tables")
            .with_hint("the file is cut off or holds no tables of ICD-10-PCS; download it again"));
    }
    Ok(tables)
}

fn broken(xml: &Xml<'_>, position: usize, message: String) -> Error {
    Error::format(message)
        .at_line(xml.line_of(position))
        .with_hint("the file is damaged or not as it was published; download it again")
}

fn parse_table(xml: &mut Xml<'_>, parent: &Element) -> Result<PcsTable> {
    let begins_at = xml.position();
    xml.no_attributes(parent);
    let mut axes: Vec<PcsAxis> = Vec::new();
    let mut definition = None;
    let mut rows = Vec::new();
    while let Some(element) = xml.child("pcsTable")? {
        match element.name.as_str() {
            "axis" if axes.len() < 3 && rows.is_empty() => {
                let position = axes.len() + 1;
                let slot = (position == 3).then_some(&mut definition);
                let axis = parse_axis(xml, &element, position, slot)?;
                if axis.labels.len() != 1 {
                    return Err(xml.fail(format!(
                        "expected one value of axis {position}, found {}",
                        axis.labels.len()
                    )));
                }
                axes.push(axis);
            }
            "axis" => return Err(xml.fail("expected three axes and then rows in <pcsTable>")),
            "pcsRow" => rows.push(parse_row(xml, &element)?),
            _ => xml.unknown(&element, "pcsTable")?,
        }
    }
    let code: String = axes
        .iter()
        .flat_map(|axis| &axis.labels)
        .map(|label| label.character)
        .collect();
    match (
        <[PcsAxis; 3]>::try_from(axes),
        Code::from_plain(CodeSet::Icd10Pcs, code.as_bytes()),
    ) {
        (Ok(axes), Some(code)) if !rows.is_empty() => Ok(PcsTable {
            code,
            axes,
            definition,
            rows,
        }),
        _ => Err(broken(
            xml,
            begins_at,
            "expected three axes and at least one row in <pcsTable>, found less".to_owned(),
        )),
    }
}

fn parse_row(xml: &mut Xml<'_>, parent: &Element) -> Result<PcsRow> {
    let begins_at = xml.position();
    let codes = xml.only_number(parent, "codes")?;
    let mut axes = Vec::new();
    while let Some(element) = xml.child("pcsRow")? {
        if element.name != "axis" {
            xml.unknown(&element, "pcsRow")?;
            continue;
        }
        let axis = parse_axis(xml, &element, axes.len() + 4, None)?;
        axes.push(axis);
    }
    let found = axes.len();
    let Ok(axes) = <[PcsAxis; 4]>::try_from(axes) else {
        return Err(broken(
            xml,
            begins_at,
            format!("expected four axes in <pcsRow>, found {found}"),
        ));
    };
    let row = PcsRow { axes };
    if usize::try_from(codes).ok() != Some(row.code_count()) {
        return Err(broken(
            xml,
            begins_at,
            format!(
                "the row says that it has {codes} codes, and its axes give {}",
                row.code_count()
            ),
        ));
    }
    Ok(row)
}

/// Reads the axis of a position; a definition may stand in it only if there is a place for it.
fn parse_axis(
    xml: &mut Xml<'_>,
    parent: &Element,
    position: usize,
    mut definition: Option<&mut Option<String>>,
) -> Result<PcsAxis> {
    let begins_at = xml.position();
    let [found, values] = xml.attributes(parent, ["pos", "values"])?;
    let values = xml.number(parent, "values", &values)?;
    let position = match u8::try_from(position) {
        Ok(position) if position <= 7 && found == position.to_string() => position,
        _ => {
            return Err(xml.fail(format!(
                "expected the axes in their order, and here axis {position} at most 7, found {:?}",
                found.chars().take(8).collect::<String>()
            )));
        }
    };
    let mut axis = PcsAxis {
        position,
        title: String::new(),
        labels: Vec::new(),
    };
    while let Some(element) = xml.child("axis")? {
        match element.name.as_str() {
            "title" => xml.set(&mut axis.title, &element)?,
            "label" => {
                let [code] = xml.attributes(&element, ["code"])?;
                let character = character(xml, "code", &code)?;
                if axis.label(character).is_some() {
                    return Err(xml.fail(format!(
                        "expected the value {character} once, found it twice"
                    )));
                }
                let text = xml.raw_text(&element)?;
                axis.labels.push(PcsLabel { character, text });
            }
            "definition" => match &mut definition {
                Some(slot) if slot.is_none() => **slot = Some(xml.text(&element)?),
                Some(_) => return Err(xml.twice(&element)),
                None => xml.unknown(&element, "axis")?,
            },
            _ => xml.unknown(&element, "axis")?,
        }
    }
    if axis.title.is_empty() {
        return Err(broken(
            xml,
            begins_at,
            "expected a title in <axis>, found none".to_owned(),
        ));
    }
    if usize::try_from(values).ok() != Some(axis.labels.len()) {
        return Err(broken(
            xml,
            begins_at,
            format!(
                "the axis says that it has {values} values, and it has {}",
                axis.labels.len()
            ),
        ));
    }
    Ok(axis)
}

/// Reads a character of a code: a digit or a capital letter, not I and not O.
fn character(xml: &Xml<'_>, attribute: &str, text: &str) -> Result<char> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) if is_of_a_code(one) => Ok(one),
        _ => Err(xml.fail(format!(
            "expected in {attribute} one character of an ICD-10-PCS code, found {:?}",
            text.chars().take(8).collect::<String>()
        ))),
    }
}

fn is_of_a_code(character: char) -> bool {
    (character.is_ascii_digit() || character.is_ascii_uppercase())
        && !matches!(character, 'I' | 'O')
}
