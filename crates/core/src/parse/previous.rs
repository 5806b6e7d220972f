//! What the cell "Previous Code(s) Assignment" says: codes, ranges, and how they are joined.

use crate::model::{Code, CodeSet, Previous, PreviousGroup, PreviousPart};

/// How two items of a cell are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    And,
    Or,
    Comma,
    Semicolon,
}

/// Reads the cell "Previous Code(s) Assignment"; [`Previous`] says by what convention.
pub fn read_previous(cell: &str) -> Previous {
    if cell.trim().eq_ignore_ascii_case("none") {
        return Previous::None;
    }
    match read_groups(cell) {
        Ok(groups) => Previous::Codes { groups },
        Err(reason) => Previous::Unreadable { reason },
    }
}

fn read_groups(cell: &str) -> Result<Vec<PreviousGroup>, String> {
    if cell.trim().is_empty() {
        return Err("the cell is blank, and would say None if nothing came before".to_owned());
    }
    let (items, joints) = split_items(cell);
    let parts = items
        .iter()
        .map(|item| read_part(item))
        .collect::<Result<Vec<_>, String>>()?;
    let together = |parts: Vec<PreviousPart>| {
        let group = |part| PreviousGroup {
            alternatives: vec![part],
        };
        Ok(parts.into_iter().map(group).collect())
    };
    let one_of = |alternatives| Ok(vec![PreviousGroup { alternatives }]);
    let all = |joint: Joint| joints.iter().all(|other| *other == joint);
    if all(Joint::And) && !joints.is_empty() {
        return together(parts);
    }
    if all(Joint::Comma) || all(Joint::Semicolon) || all(Joint::Or) {
        return one_of(parts);
    }
    if let Some((last, before)) = joints.split_last()
        && before.iter().all(|joint| *joint == Joint::Comma)
    {
        let codes_alone = parts
            .iter()
            .all(|part| matches!(part, PreviousPart::Code(_)));
        match last {
            Joint::And if codes_alone => return together(parts),
            Joint::Or => return one_of(parts),
            _ => {}
        }
    }
    Err(
        "it joins its codes both by \"and\" and as a list, and could mean more than one thing"
            .to_owned(),
    )
}

/// Cuts a cell at commas, semicolons, `and`, `&` and `or`.
fn split_items(cell: &str) -> (Vec<String>, Vec<Joint>) {
    let mut items = vec![String::new()];
    let mut joints = Vec::new();
    let spaced = cell
        .replace(',', " , ")
        .replace(';', " ; ")
        .replace('&', " & ");
    for word in spaced.split_whitespace() {
        let joint = match word.to_ascii_lowercase().as_str() {
            "," => Some(Joint::Comma),
            ";" => Some(Joint::Semicolon),
            "and" | "&" => Some(Joint::And),
            "or" => Some(Joint::Or),
            _ => None,
        };
        match (joint, items.last_mut()) {
            (Some(joint), _) => {
                joints.push(joint);
                items.push(String::new());
            }
            (None, Some(item)) => {
                if !item.is_empty() {
                    item.push(' ');
                }
                item.push_str(word);
            }
            (None, None) => {}
        }
    }
    (items, joints)
}

fn read_part(item: &str) -> Result<PreviousPart, String> {
    if item.is_empty() {
        return Err("a code is missing beside a comma, a semicolon or \"and\"".to_owned());
    }
    let code = |text: &str| -> Result<Code, String> {
        CodeSet::Icd10Cm
            .parse_code(text)
            .map_err(|error| error.to_string())
    };
    let lower = item.to_ascii_lowercase();
    let after = |words: &str| {
        lower
            .starts_with(words)
            .then(|| item.get(words.len()..).unwrap_or_default())
    };
    if let Some(range) = after("codes in categories ").or_else(|| after("code from categories ")) {
        let (first, last) = range
            .split_once(['-', '\u{2013}'])
            .ok_or("expected a range of categories")?;
        let (first, last) = (code(first)?, code(last)?);
        if first.len() != 3 || last.len() != 3 {
            return Err("a category has 3 characters".to_owned());
        }
        return Ok(PreviousPart::Categories { first, last });
    }
    let item = after("a code from ").unwrap_or(item);
    if let Some(above) = item.strip_suffix('-') {
        return Ok(PreviousPart::Below(code(
            above.strip_suffix('.').unwrap_or(above),
        )?));
    }
    match item.split_once(['-', '\u{2013}']) {
        Some((first, last)) => Ok(PreviousPart::Range {
            first: code(first)?,
            last: code(last)?,
        }),
        None => Ok(PreviousPart::Code(code(item)?)),
    }
}
