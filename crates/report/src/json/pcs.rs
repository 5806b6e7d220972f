//! What explains a code of ICD-10-PCS, and which document says so.

use serde::Serialize;

use codeyear_core::model::{DocumentKind, DocumentSource, PcsDefinition, PcsPage, ReleaseId};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct ConsultedJson<'a> {
    document: DocumentKind,
    release: Option<ReleaseId>,
    missing: Option<ReleaseId>,
    nearest: Option<ReleaseId>,
    file: Option<&'a str>,
    sha256: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub(super) struct PcsJson<'a> {
    tables: ConsultedJson<'a>,
    definitions: ConsultedJson<'a>,
    characters: Vec<PcsCharacterJson<'a>>,
    allowed: Vec<AllowedJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct PcsCharacterJson<'a> {
    position: u8,
    axis: &'a str,
    character: char,
    label: Option<&'a str>,
    definition: Option<&'a str>,
    explanation: Option<&'a str>,
    includes: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
struct AllowedJson<'a> {
    character: char,
    label: &'a str,
}

pub(super) fn consulted(consulted: &DocumentSource, document: DocumentKind) -> ConsultedJson<'_> {
    match consulted {
        DocumentSource::Own { release, file } => ConsultedJson {
            document,
            release: Some(*release),
            missing: None,
            nearest: None,
            file: Some(&file.name),
            sha256: Some(&file.sha256),
        },
        DocumentSource::Other {
            missing,
            release,
            file,
            ..
        } => ConsultedJson {
            document,
            release: Some(*release),
            missing: Some(*missing),
            nearest: Some(*release),
            file: Some(&file.name),
            sha256: Some(&file.sha256),
        },
        DocumentSource::Missing { missing, nearest } => ConsultedJson {
            document,
            release: None,
            missing: Some(*missing),
            nearest: *nearest,
            file: None,
            sha256: None,
        },
    }
}

pub(super) fn pcs(page: &PcsPage) -> PcsJson<'_> {
    PcsJson {
        tables: consulted(&page.tables, DocumentKind::PcsTables),
        definitions: consulted(&page.definitions, DocumentKind::PcsDefinitions),
        characters: page
            .characters
            .iter()
            .map(|character| {
                let found = character.definition.as_ref();
                let text = |of: fn(&PcsDefinition) -> &Option<String>| {
                    found.and_then(|found| of(found).as_deref())
                };
                PcsCharacterJson {
                    position: character.position,
                    axis: &character.axis,
                    character: character.character,
                    label: character.label.as_deref(),
                    definition: text(|found| &found.definition),
                    explanation: text(|found| &found.explanation),
                    includes: found.map_or(&[], |found| found.includes.as_slice()),
                }
            })
            .collect(),
        allowed: page
            .allowed
            .iter()
            .map(|(character, label)| AllowedJson {
                character: *character,
                label,
            })
            .collect(),
    }
}
