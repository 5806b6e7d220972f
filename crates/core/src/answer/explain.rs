//! What the tables and definitions of ICD-10-PCS say of each character of a code.

use super::consult::{ShowOptions, consult};
use crate::error::Result;
use crate::model::{
    Code, DocumentKind, ExplainedCharacter, PcsPage, PcsTables, ReleaseId, UnreadList,
};
use crate::store::Store;

/// Explains the characters of a code of ICD-10-PCS by the tables of a release, up to the first that is
/// not allowed.
pub fn explain(
    store: &Store,
    code: &Code,
    release: ReleaseId,
    options: ShowOptions,
) -> Result<PcsPage> {
    let (tables, tables_document) = consult(store, release, DocumentKind::PcsTables, options)?;
    let (definitions, definitions_document) =
        consult(store, release, DocumentKind::PcsDefinitions, options)?;
    let mut pcs = PcsPage {
        tables,
        definitions,
        characters: Vec::new(),
        allowed: Vec::new(),
    };
    let Some(document) = tables_document else {
        return Ok(pcs);
    };
    let tables = match store.pcs_table(&document, code)? {
        Some(table) => PcsTables {
            version: String::new(),
            title: String::new(),
            tables: vec![table],
            unread: UnreadList::default(),
        },
        None => store.pcs_table_heads(&document, code)?,
    };
    let named =
        |position: u8, axis: &str, character: char, label: Option<&str>| ExplainedCharacter {
            position,
            axis: axis.to_owned(),
            character,
            label: label.map(str::to_owned),
            definition: None,
        };
    if *code == code.category() {
        let axes = tables.table(code).map(|table| &table.axes);
        for (axis, character) in axes.into_iter().flatten().zip(code.as_str().chars()) {
            let label = axis.label(character).map(|label| label.text.as_str());
            pcs.characters
                .push(named(axis.position, &axis.title, character, label));
        }
    } else if let Some(characters) = tables.explain(code) {
        for found in characters {
            pcs.characters.push(named(
                found.position,
                found.axis,
                found.character,
                Some(found.label),
            ));
        }
    } else if let Some(refusal) = tables.refusal(code)
        && let Some(stop) = refusal.stop()
    {
        pcs.characters = before_stop(&tables, code, stop.position);
        pcs.characters
            .push(named(stop.position, stop.axis, stop.character, None));
        pcs.allowed = stop
            .allowed
            .iter()
            .map(|label| (label.character, label.text.clone()))
            .collect();
    }
    if let Some(document) = definitions_document {
        let section = code.as_str().chars().next().unwrap_or('0');
        for character in &mut pcs.characters {
            if let Some(label) = &character.label {
                character.definition =
                    store.pcs_definition(&document, section, character.position, label)?;
            }
        }
    }
    Ok(pcs)
}

/// Explains the characters before the first that is not allowed.
fn before_stop(tables: &PcsTables, code: &Code, stop: u8) -> Vec<ExplainedCharacter> {
    let mut explained = Vec::new();
    let characters: Vec<char> = code.as_str().chars().collect();
    let follows = |axes: &[&crate::model::PcsAxis], to: usize| {
        axes.iter()
            .zip(&characters)
            .take(to)
            .all(|(axis, character)| axis.label(*character).is_some())
    };
    for table in &tables.tables {
        let heads: Vec<&crate::model::PcsAxis> = table.axes.iter().collect();
        let mut candidates = vec![heads.clone()];
        for row in &table.rows {
            candidates.push(heads.iter().copied().chain(&row.axes).collect());
        }
        let before = usize::from(stop).saturating_sub(1);
        let fitting = candidates
            .into_iter()
            .find(|axes| axes.len() >= before && follows(axes, before));
        if let Some(axes) = fitting {
            for (axis, character) in axes.iter().zip(&characters).take(before) {
                explained.push(ExplainedCharacter {
                    position: axis.position,
                    axis: axis.title.clone(),
                    character: *character,
                    label: axis.label(*character).map(|label| label.text.clone()),
                    definition: None,
                });
            }
            break;
        }
    }
    explained
}
