//! The tables, definitions and index of ICD-10-PCS in XML (`ICD10PCS.tabular`, `ICD10PCS.definitions`,
//! `ICD10PCS.index`, CMS).
//!
//! Every element and attribute is either kept or refused by name. What a table counts of itself is
//! checked: the values of an axis and the codes of a row.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Code, DeviceAggregate, PcsAxis, PcsDefinitions, PcsIndex, PcsIndexTerm, PcsLabel, PcsPointer,
    PcsPointerKind, PcsReference, PcsRow, PcsSection, PcsTable, PcsTables, PcsTerm,
};
use crate::parse::xml::{Content, Element, Xml};

/// Parses the tables.
///
/// # Errors
/// [`ErrorKind::Format`] with the line, for malformed XML, for an element or attribute that the official
/// files do not have, for a row whose count of codes is not the product of its axes, an axis whose count
/// of values is not that of its labels, and a value or table that stands twice.
pub fn parse_pcs_tables(bytes: &[u8]) -> Result<PcsTables> {
    const ROOT: &str = "ICD10PCS.tabular";
    let (mut xml, _) = Xml::open(bytes, &[ROOT])?;
    let mut tables = PcsTables {
        version: String::new(),
        title: String::new(),
        tables: Vec::new(),
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
            _ => return Err(xml.unknown(&element, ROOT)),
        }
    }
    xml.end()?;
    if tables.tables.is_empty() {
        return Err(Error::new(ErrorKind::Format, "the file has no tables")
            .with_hint("the file is cut off or holds no tables of ICD-10-PCS; download it again"));
    }
    Ok(tables)
}

fn broken(xml: &Xml<'_>, position: usize, message: String) -> Error {
    Error::new(ErrorKind::Format, message)
        .at_line(xml.line_of(position))
        .with_hint("the file is damaged or not as it was published; download it again")
}

fn parse_table(xml: &mut Xml<'_>, parent: &Element) -> Result<PcsTable> {
    let begins_at = xml.position();
    xml.no_attributes(parent)?;
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
            _ => return Err(xml.unknown(&element, "pcsTable")),
        }
    }
    let code: String = axes
        .iter()
        .flat_map(|axis| &axis.labels)
        .map(|label| label.character)
        .collect();
    match (
        <[PcsAxis; 3]>::try_from(axes),
        Code::from_plain(code.as_bytes()),
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
            return Err(xml.unknown(&element, "pcsRow"));
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
                None => return Err(xml.unknown(&element, "axis")),
            },
            _ => return Err(xml.unknown(&element, "axis")),
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

/// Parses the definitions.
///
/// # Errors
/// [`ErrorKind::Format`] with the line, for malformed XML and for an element or attribute that the
/// official files do not have.
pub fn parse_pcs_definitions(bytes: &[u8]) -> Result<PcsDefinitions> {
    const ROOT: &str = "ICD10PCS.definitions";
    let (mut xml, _) = Xml::open(bytes, &[ROOT])?;
    let mut definitions = PcsDefinitions {
        version: String::new(),
        title: String::new(),
        sections: Vec::new(),
        terms: Vec::new(),
        aggregates: Vec::new(),
    };
    while let Some(element) = xml.child(ROOT)? {
        match element.name.as_str() {
            "version" => xml.set(&mut definitions.version, &element)?,
            "title" => xml.set(&mut definitions.title, &element)?,
            "section" => {
                let begins_at = xml.position();
                let section = parse_section(&mut xml, &element, &mut definitions.terms)?;
                let character = section.character;
                let mut others = definitions.sections.iter();
                if others.any(|other| other.character == character) {
                    return Err(broken(
                        &xml,
                        begins_at,
                        format!("expected one section {character}, found two"),
                    ));
                }
                definitions.sections.push(section);
            }
            "deviceAggregation" if definitions.aggregates.is_empty() => {
                xml.no_attributes(&element)?;
                while let Some(child) = xml.child("deviceAggregation")? {
                    xml.expect(&child, "aggregate", "deviceAggregation")?;
                    definitions.aggregates.push(parse_aggregate(&mut xml)?);
                }
            }
            "deviceAggregation" => return Err(xml.twice(&element)),
            _ => return Err(xml.unknown(&element, ROOT)),
        }
    }
    xml.end()?;
    if definitions.terms.is_empty() {
        return Err(
            Error::new(ErrorKind::Format, "the file defines no terms").with_hint(
                "the file is cut off or holds no definitions of ICD-10-PCS; download it again",
            ),
        );
    }
    Ok(definitions)
}

fn parse_section(
    xml: &mut Xml<'_>,
    parent: &Element,
    terms: &mut Vec<PcsTerm>,
) -> Result<PcsSection> {
    let [code] = xml.attributes(parent, ["code"])?;
    let mut section = PcsSection {
        character: character(xml, "code", &code)?,
        title: String::new(),
        axes: Vec::new(),
    };
    while let Some(element) = xml.child("section")? {
        match element.name.as_str() {
            "title" => xml.set(&mut section.title, &element)?,
            "axis" => {
                let [found] = xml.attributes(&element, ["pos"])?;
                let position = match found.parse() {
                    Ok(position @ 1..=7) if found.len() == 1 => position,
                    _ => {
                        return Err(xml.fail(format!(
                            "expected a position from 1 to 7 in pos of <axis>, found {:?}",
                            found.chars().take(8).collect::<String>()
                        )));
                    }
                };
                if section.axes.iter().any(|(other, _)| *other == position) {
                    return Err(xml.fail(format!("expected one axis {position}, found two")));
                }
                let mut title = String::new();
                while let Some(child) = xml.child("axis")? {
                    match child.name.as_str() {
                        "title" => xml.set(&mut title, &child)?,
                        "terms" => {
                            terms.push(parse_terms(xml, &child, section.character, position)?);
                        }
                        _ => return Err(xml.unknown(&child, "axis")),
                    }
                }
                section.axes.push((position, title));
            }
            _ => return Err(xml.unknown(&element, "section")),
        }
    }
    Ok(section)
}

fn parse_terms(
    xml: &mut Xml<'_>,
    parent: &Element,
    section: char,
    position: u8,
) -> Result<PcsTerm> {
    let begins_at = xml.position();
    xml.no_attributes(parent)?;
    let mut term = PcsTerm {
        section,
        position,
        titles: Vec::new(),
        definition: None,
        explanation: None,
        includes: Vec::new(),
    };
    while let Some(element) = xml.child("terms")? {
        let text = match element.name.as_str() {
            "title" | "includes" | "definition" | "explanation" => xml.text(&element)?,
            _ => return Err(xml.unknown(&element, "terms")),
        };
        let single = match element.name.as_str() {
            "title" => {
                term.titles.push(text);
                continue;
            }
            "includes" => {
                term.includes.push(text);
                continue;
            }
            "definition" => &mut term.definition,
            _ => &mut term.explanation,
        };
        if single.replace(text).is_some() {
            return Err(xml.twice(&element));
        }
    }
    if term.titles.is_empty() {
        return Err(broken(
            xml,
            begins_at,
            "expected a title in <terms>, found none".to_owned(),
        ));
    }
    Ok(term)
}

fn parse_aggregate(xml: &mut Xml<'_>) -> Result<DeviceAggregate> {
    let begins_at = xml.position();
    let mut aggregate = DeviceAggregate {
        device: String::new(),
        operation: String::new(),
        body_systems: Vec::new(),
        parent_character: '?',
        parent: String::new(),
    };
    while let Some(element) = xml.child("aggregate")? {
        match element.name.as_str() {
            "device" => xml.set(&mut aggregate.device, &element)?,
            "operation" => xml.set(&mut aggregate.operation, &element)?,
            "bodySys" => aggregate.body_systems.push(xml.text(&element)?),
            "parent" if aggregate.parent.is_empty() => {
                let [value] = xml.attributes(&element, ["value"])?;
                aggregate.parent_character = character(xml, "value", &value)?;
                aggregate.parent = xml.raw_text(&element)?;
            }
            "parent" => return Err(xml.twice(&element)),
            _ => return Err(xml.unknown(&element, "aggregate")),
        }
    }
    let texts = [&aggregate.device, &aggregate.operation, &aggregate.parent];
    if aggregate.body_systems.is_empty() || texts.iter().any(|text| text.is_empty()) {
        return Err(broken(
            xml,
            begins_at,
            "expected <device>, <operation>, <bodySys> and <parent> in <aggregate>, found less"
                .to_owned(),
        ));
    }
    Ok(aggregate)
}

/// Parses the index.
///
/// # Errors
/// [`ErrorKind::Format`] with the line, for malformed XML, for an element or attribute that the official
/// files do not have, and for a code of another length than its element says.
pub fn parse_pcs_index(bytes: &[u8]) -> Result<PcsIndex> {
    const ROOT: &str = "ICD10PCS.index";
    let (mut xml, _) = Xml::open(bytes, &[ROOT])?;
    let mut index = PcsIndex {
        version: String::new(),
        title: String::new(),
        letters: Vec::new(),
        terms: Vec::new(),
    };
    while let Some(element) = xml.child(ROOT)? {
        match element.name.as_str() {
            "version" => xml.set(&mut index.version, &element)?,
            "title" => xml.set(&mut index.title, &element)?,
            "letter" => {
                xml.no_attributes(&element)?;
                let letter = xml.letter_title()?;
                index.letters.push(letter);
                while let Some(child) = xml.child("letter")? {
                    xml.expect(&child, "mainTerm", "letter")?;
                    parse_index_term(&mut xml, &child, letter, 0, &mut index.terms)?;
                }
            }
            _ => return Err(xml.unknown(&element, ROOT)),
        }
    }
    xml.end()?;
    if index.terms.is_empty() {
        return Err(Error::new(ErrorKind::Format, "the index has no terms")
            .with_hint("the file is cut off or holds no index; download it again"));
    }
    Ok(index)
}

fn parse_index_term(
    xml: &mut Xml<'_>,
    parent: &Element,
    letter: char,
    depth: u32,
    terms: &mut Vec<PcsIndexTerm>,
) -> Result<()> {
    let at = terms.len();
    let begins_at = xml.position();
    terms.push(PcsIndexTerm {
        letter,
        depth,
        title: None,
        references: Vec::new(),
    });
    while let Some(element) = xml.child(&parent.name)? {
        match element.name.as_str() {
            "title" => {
                let title = xml.text(&element)?;
                if own(terms, at).title.replace(title).is_some() {
                    return Err(xml.twice(&element));
                }
            }
            "term" => {
                xml.level(&element, depth + 1)?;
                parse_index_term(xml, &element, letter, depth + 1, terms)?;
            }
            "use" => {
                let (text, pointer) = parse_words(xml, &element)?;
                own(terms, at)
                    .references
                    .push(PcsReference::Use(text, pointer));
            }
            "see" => {
                let (text, pointer) = parse_words(xml, &element)?;
                own(terms, at)
                    .references
                    .push(PcsReference::See(text, pointer));
            }
            name => {
                let Some(kind) = PcsPointerKind::from_name(name) else {
                    return Err(xml.unknown(&element, &parent.name));
                };
                let pointer = parse_pointer(xml, &element, kind)?;
                own(terms, at)
                    .references
                    .push(PcsReference::Pointer(pointer));
            }
        }
    }
    let term = own(terms, at);
    if term.title.is_none() && (depth == 0 || term.references.is_empty()) {
        return Err(broken(
            xml,
            begins_at,
            format!("expected a title in <{}>, found none", parent.name),
        ));
    }
    Ok(())
}

/// Reads a text with at most one code at its end.
fn parse_words(xml: &mut Xml<'_>, parent: &Element) -> Result<(String, Option<PcsPointer>)> {
    xml.no_attributes(parent)?;
    let mut text = String::new();
    let mut pointer = None;
    while let Some(content) = xml.content(&parent.name)? {
        match content {
            Content::Text(_) if pointer.is_some() => {
                return Err(xml.fail(format!(
                    "expected nothing after the code in <{}>, found text",
                    parent.name
                )));
            }
            Content::Text(piece) => text.push_str(&piece),
            Content::Child(child) => match PcsPointerKind::from_name(&child.name) {
                Some(_) if pointer.is_some() => return Err(xml.twice(&child)),
                Some(kind) => pointer = Some(parse_pointer(xml, &child, kind)?),
                None => return Err(xml.unknown(&child, &parent.name)),
            },
        }
    }
    Ok((text, pointer))
}

fn parse_pointer(xml: &mut Xml<'_>, element: &Element, kind: PcsPointerKind) -> Result<PcsPointer> {
    let text = xml.text(element)?;
    let lengths = match kind {
        PcsPointerKind::Code => 7..=7,
        PcsPointerKind::Codes => 4..=6,
        PcsPointerKind::Table => 3..=3,
    };
    match Code::from_plain(text.as_bytes()) {
        Some(code) if lengths.contains(&code.len()) && text.chars().all(is_of_a_code) => {
            Ok(PcsPointer { kind, code })
        }
        _ => Err(xml.fail(format!(
            "expected {} to {} characters of an ICD-10-PCS code in <{}>, found {:?}",
            lengths.start(),
            lengths.end(),
            element.name,
            text.chars().take(20).collect::<String>()
        ))),
    }
}

/// The term that was pushed at this place; it stays where it is while the terms below it follow.
#[allow(
    clippy::indexing_slicing,
    reason = "`at` is the place of a term that was pushed"
)]
fn own(terms: &mut [PcsIndexTerm], at: usize) -> &mut PcsIndexTerm {
    &mut terms[at]
}

/// The tables file of FY2025, cut down to table X2U.
#[cfg(test)]
pub(crate) const X2U: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.tabular>
  <version>2025</version>
  <title>2025 ICD-10-PCS Tables</title>
  <pcsTable>
    <axis pos="1" values="1">
      <title>Section</title>
      <label code="X">New Technology</label>
    </axis>
    <axis pos="2" values="1">
      <title>Body System</title>
      <label code="2">Cardiovascular System</label>
    </axis>
    <axis pos="3" values="1">
      <title>Operation</title>
      <label code="U">Supplement</label>
      <definition>Putting in or on biological or synthetic material that physically reinforces and/or augments the function of a portion of a body part</definition>
    </axis>
    <pcsRow codes="1">
      <axis pos="4" values="1">
        <title>Body Part</title>
        <label code="4">Coronary Artery/Arteries</label>
      </axis>
      <axis pos="5" values="1">
        <title>Approach</title>
        <label code="0">Open</label>
      </axis>
      <axis pos="6" values="1">
        <title>Device / Substance / Technology</title>
        <label code="7">Vein Graft Extraluminal Support Device(s)</label>
      </axis>
      <axis pos="7" values="1">
        <title>Qualifier</title>
        <label code="9">New Technology Group 9</label>
      </axis>
    </pcsRow>
    <pcsRow codes="2">
      <axis pos="4" values="2">
        <title>Body Part</title>
        <label code="Q">Upper Extremity Vein, Right</label>
        <label code="R">Upper Extremity Vein, Left</label>
      </axis>
      <axis pos="5" values="1">
        <title>Approach</title>
        <label code="0">Open</label>
      </axis>
      <axis pos="6" values="1">
        <title>Device / Substance / Technology</title>
        <label code="P">Synthetic Substitute, Extraluminal Support Device</label>
      </axis>
      <axis pos="7" values="1">
        <title>Qualifier</title>
        <label code="9">New Technology Group 9</label>
      </axis>
    </pcsRow>
  </pcsTable>
</ICD10PCS.tabular>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of the definitions of FY2025.
    const DEFINITIONS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.definitions>
  <version>2025</version>
  <title>2025 ICD-10-PCS Definitions</title>
  <section code="0">
    <title>Medical and Surgical</title>
    <axis pos="3">
      <title>Operation</title>
      <terms>
        <title>Alteration</title>
        <definition>Modifying the anatomic structure of a body part without affecting the function of the body part</definition>
        <explanation>Principal purpose is to improve appearance</explanation>
        <includes>Face lift, breast augmentation</includes>
      </terms>
    </axis>
    <axis pos="4">
      <title>Body Part</title>
      <terms>
        <title>1st Toe, Left</title>
        <title>1st Toe, Right</title>
        <includes>Hallux</includes>
      </terms>
    </axis>
  </section>
  <deviceAggregation>
    <aggregate>
      <device>Autologous Venous Tissue</device>
      <operation>All applicable</operation>
      <bodySys>Heart and Great Vessels</bodySys>
      <bodySys>Lower Arteries</bodySys>
      <parent value="7">Autologous Tissue Substitute</parent>
    </aggregate>
  </deviceAggregation>
</ICD10PCS.definitions>
"#;

    /// Parts of the index of FY2025.
    const INDEX: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.index>
  <version>2025</version>
  <title>2025 ICD-10-PCS Index</title>
  <letter>
    <title>3</title>
    <mainTerm>
      <title>3f (Aortic) Bioprosthesis valve</title>
      <use>Zooplastic Tissue in Heart and Great Vessels</use>
    </mainTerm>
  </letter>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abdominoplasty</title>
      <term level="1">
        <see>Alteration, Abdominal Wall<codes>0W0F</codes></see>
      </term>
    </mainTerm>
    <mainTerm>
      <title>Bypass, cardiopulmonary</title>
      <code>5A1221Z</code>
    </mainTerm>
  </letter>
</ICD10PCS.index>
"#;

    #[test]
    fn a_table_is_read_with_its_axes_and_rows() {
        let tables = parse_pcs_tables(X2U.as_bytes()).unwrap();
        assert_eq!(tables.title, "2025 ICD-10-PCS Tables");
        let table = &tables.tables[0];
        assert_eq!(table.code.as_str(), "X2U");
        assert!(
            table
                .definition
                .as_ref()
                .unwrap()
                .starts_with("Putting in or on")
        );
        let counts: Vec<usize> = table.rows.iter().map(PcsRow::code_count).collect();
        assert_eq!(counts, [1, 2]);
        assert_eq!(table.rows[1].axes[0].title, "Body Part");
    }

    #[test]
    fn terms_are_defined_with_all_that_is_said_of_them() {
        let definitions = parse_pcs_definitions(DEFINITIONS.as_bytes()).unwrap();
        let [alteration, toe] = definitions.terms.as_slice() else {
            panic!("{:?}", definitions.terms);
        };
        assert_eq!(definitions.axis_title(alteration), Some("Operation"));
        assert_eq!(
            alteration.explanation.as_deref(),
            Some("Principal purpose is to improve appearance")
        );
        assert_eq!(definitions.axis_title(toe), Some("Body Part"));
        assert_eq!(toe.titles, ["1st Toe, Left", "1st Toe, Right"]);
        assert_eq!(toe.includes, ["Hallux"]);
        let aggregate = &definitions.aggregates[0];
        assert_eq!(aggregate.body_systems.len(), 2);
        assert_eq!(
            (aggregate.parent_character, aggregate.parent.as_str()),
            ('7', "Autologous Tissue Substitute")
        );
    }

    #[test]
    fn a_term_of_the_index_leads_to_codes_and_words() {
        let index = parse_pcs_index(INDEX.as_bytes()).unwrap();
        assert_eq!(index.letters, ['3', 'A']);
        let pointer = |kind, code: &str| PcsPointer {
            kind,
            code: Code::from_plain(code.as_bytes()).unwrap(),
        };
        assert_eq!(
            index.terms[2].references,
            [PcsReference::See(
                "Alteration, Abdominal Wall".into(),
                Some(pointer(PcsPointerKind::Codes, "0W0F"))
            )]
        );
        let path: Vec<Option<&str>> = index
            .path(2)
            .iter()
            .map(|term| term.title.as_deref())
            .collect();
        assert_eq!(path, [Some("Abdominoplasty"), None]);
        assert_eq!(
            index.terms[3].references,
            [PcsReference::Pointer(pointer(
                PcsPointerKind::Code,
                "5A1221Z"
            ))]
        );
    }

    /// Asserts of each change to a file that it is refused in these words.
    fn refused<T: std::fmt::Debug>(
        file: &str,
        parse: fn(&[u8]) -> Result<T>,
        changes: &[(&str, &str, &str)],
    ) {
        for (from, to, part) in changes {
            assert!(file.contains(from), "{from}");
            let error = parse(file.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(
                error.to_string().contains(part),
                "expected {part:?} in {error}"
            );
        }
    }

    #[test]
    fn a_count_that_does_not_hold_is_refused_with_its_line() {
        refused(
            X2U,
            parse_pcs_tables,
            &[
                (
                    "codes=\"2\"",
                    "codes=\"3\"",
                    "line 37: the row says that it has 3 codes, and its axes give 2",
                ),
                (
                    "codes=\"2\"",
                    "codes=\"two\"",
                    "line 37: expected a number in codes of <pcsRow>, found \"two\"",
                ),
                (
                    "pos=\"4\" values=\"2\"",
                    "pos=\"4\" values=\"3\"",
                    "line 38: the axis says that it has 3 values, and it has 2",
                ),
                (
                    "code=\"R\"",
                    "code=\"Q\"",
                    "line 41: expected the value Q once, found it twice",
                ),
                (
                    "<pcsTable>",
                    &format!("{}  <pcsTable>", table()),
                    "line 57: expected one table X2U, found two",
                ),
            ],
        );
    }

    fn table() -> &'static str {
        let from = X2U.find("<pcsTable>").unwrap();
        let to = X2U.find("</ICD10PCS.tabular>").unwrap();
        &X2U[from..to]
    }

    #[test]
    fn what_the_layout_of_the_tables_does_not_allow_is_refused_with_its_line() {
        refused(
            X2U,
            parse_pcs_tables,
            &[
                (
                    "<label code=\"4\">",
                    "<lable code=\"4\">",
                    "line 22: unknown element <lable> in <axis>",
                ),
                (
                    "<label code=\"4\">",
                    "<label code=\"4\" x=\"1\">",
                    "line 22: unknown attribute x of <label>",
                ),
                (
                    "<label code=\"4\">",
                    "<label code=\"O\">",
                    "line 22: expected in code one character of an ICD-10-PCS code, found \"O\"",
                ),
                (
                    "<label code=\"4\">",
                    "<label code=\"44\">",
                    "line 22: expected in code one character",
                ),
                (
                    "<title>Body Part</title>",
                    "<title>Body Part</title><definition>x</definition>",
                    "line 21: unknown element <definition> in <axis>",
                ),
                (
                    "<title>Body Part</title>",
                    "",
                    "line 20: expected a title in <axis>, found none",
                ),
                (
                    "<axis pos=\"5\"",
                    "<axis pos=\"6\"",
                    "line 24: expected the axes in their order, and here axis 5",
                ),
                (
                    "<axis pos=\"3\" values=\"1\">",
                    "<axis pos=\"3\" values=\"1\"><label code=\"U\"/>",
                    "line 16: expected the value U once",
                ),
                (
                    "<axis pos=\"1\" values=\"1\">",
                    "<axis pos=\"1\" values=\"2\"><label code=\"0\"/>",
                    "line 9: expected one value of axis 1, found 2",
                ),
                (
                    "<pcsRow codes=\"1\">",
                    "<pcsRow codes=\"1\"><title/>",
                    "line 19: unknown element <title> in <pcsRow>",
                ),
                (
                    "</pcsRow>",
                    "</pcsRow><axis pos=\"4\" values=\"1\"/>",
                    "line 36: expected three axes and then rows in <pcsTable>",
                ),
                (
                    "<pcsTable>",
                    "<pcsTable><pcsRow codes=\"1\"/>",
                    "line 5: expected four axes in <pcsRow>, found 0",
                ),
                (
                    "<pcsTable>",
                    "<pcsTable/><pcsTable>",
                    "line 5: expected three axes and at least one row in <pcsTable>",
                ),
                (
                    "<pcsTable>",
                    "&lol9;<pcsTable>",
                    "line 5: expected elements only in <ICD10PCS.tabular>, found text",
                ),
                ("Cardiovascular", "&lol9;", "line 12: unknown entity &lol9;"),
                (
                    "<ICD10PCS.tabular>",
                    "<!DOCTYPE x [<!ENTITY a \"b\">]><ICD10PCS.tabular>",
                    "line 2: expected no document type",
                ),
                (table(), "", "the file has no tables"),
            ],
        );
    }

    #[test]
    fn what_the_layout_of_the_definitions_does_not_allow_is_refused_with_its_line() {
        refused(
            DEFINITIONS,
            parse_pcs_definitions,
            &[
                (
                    "<axis pos=\"4\">",
                    "<axis pos=\"8\">",
                    "line 16: expected a position from 1 to 7 in pos of <axis>, found \"8\"",
                ),
                (
                    "<axis pos=\"4\">",
                    "<axis pos=\"3\">",
                    "line 16: expected one axis 3, found two",
                ),
                (
                    "<axis pos=\"4\">",
                    "<axis pos=\"4\" values=\"1\">",
                    "line 16: unknown attribute values of <axis>",
                ),
                (
                    "<section code=\"0\">",
                    "<section code=\"i\">",
                    "line 5: expected in code one character",
                ),
                (
                    "<title>Alteration</title>",
                    "",
                    "line 9: expected a title in <terms>, found none",
                ),
                (
                    "<includes>Hallux",
                    "<include>Hallux",
                    "line 21: unknown element <include> in <terms>",
                ),
                (
                    "<explanation>",
                    "<definition>x</definition><explanation>",
                    "line 12: expected one <definition>, found two",
                ),
                (
                    "<bodySys>Heart",
                    "<body>Heart",
                    "line 29: unknown element <body> in <aggregate>",
                ),
                (
                    "<device>Autologous Venous Tissue</device>",
                    "",
                    "line 26: expected <device>, <operation>, <bodySys> and <parent> in <aggregate>",
                ),
                (
                    "<parent value=\"7\">",
                    "<parent>",
                    "line 31: expected the attribute value of <parent>",
                ),
                (
                    "<deviceAggregation>",
                    "<section code=\"0\"/><deviceAggregation>",
                    "line 25: expected one section 0, found two",
                ),
                (
                    "</deviceAggregation>",
                    "</deviceAggregation><deviceAggregation/>",
                    "line 33: expected one <deviceAggregation>, found two",
                ),
            ],
        );
    }

    #[test]
    fn what_the_layout_of_the_index_does_not_allow_is_refused_with_its_line() {
        refused(
            INDEX,
            parse_pcs_index,
            &[
                (
                    "<codes>0W0F",
                    "<codes>0W0",
                    "line 17: expected 4 to 6 characters of an ICD-10-PCS code in <codes>, found \"0W0\"",
                ),
                (
                    "<code>5A1221Z",
                    "<code>5A1221O",
                    "line 22: expected 7 to 7 characters",
                ),
                (
                    "</codes>",
                    "</codes> or",
                    "line 17: expected nothing after the code in <see>, found text",
                ),
                (
                    "</codes>",
                    "</codes><tab>0W0</tab>",
                    "line 17: expected one <tab>, found two",
                ),
                (
                    "<codes>0W0F</codes>",
                    "<term/>",
                    "line 17: unknown element <term> in <see>",
                ),
                (
                    "<term level=\"1\">",
                    "<term level=\"3\">",
                    "line 16: expected level 1 of <term>, found 3",
                ),
                (
                    "<title>Abdominoplasty</title>",
                    "",
                    "line 14: expected a title in <mainTerm>, found none",
                ),
                (
                    "<title>3</title>",
                    "<title>3f</title>",
                    "line 6: expected one letter, found \"3f\"",
                ),
                (
                    "<use>",
                    "<uses>",
                    "line 9: unknown element <uses> in <mainTerm>",
                ),
            ],
        );
    }
}
