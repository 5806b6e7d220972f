//! What the tables and definitions of ICD-10-PCS say of a code.

use crate::model::DocumentSource;

/// What the definitions of ICD-10-PCS say of a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PcsDefinition {
    /// What it means.
    pub definition: Option<String>,
    /// How it is meant.
    pub explanation: Option<String>,
    /// What else is coded so.
    pub includes: Vec<String>,
}

/// One character of a code of ICD-10-PCS, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedCharacter {
    /// Its position, from 1 to 7.
    pub position: u8,
    /// What it says: `Body Part`.
    pub axis: String,
    /// The character.
    pub character: char,
    /// What it stands for; `None` if the tables do not allow it here.
    pub label: Option<String>,
    /// What the definitions say of it.
    pub definition: Option<PcsDefinition>,
}

/// What the tables of ICD-10-PCS say of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcsPage {
    /// The tables.
    pub tables: DocumentSource,
    /// The definitions.
    pub definitions: DocumentSource,
    /// The characters up to the first that is not allowed, and that one.
    pub characters: Vec<ExplainedCharacter>,
    /// What may stand at the place of the first character that is not allowed: character and label.
    pub allowed: Vec<(char, String)>,
}
