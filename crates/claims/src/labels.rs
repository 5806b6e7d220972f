//! What the labels of code sets in a file mean: the table of the code sets, and what the user says.

use std::collections::BTreeMap;
use std::str::FromStr;

use codeyear_core::model::{CodeSet, LabelMeaning};

use super::claim::CodeSystem;

/// What the user says that a label means: `X=icd10cm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMapping {
    label: String,
    meaning: CodeSystem,
}

impl FromStr for LabelMapping {
    type Err = String;

    /// Reads `LABEL=icd10cm`, or `LABEL=other` for a code set that is not to be judged.
    fn from_str(text: &str) -> Result<LabelMapping, String> {
        let Some((label, code_set)) = text.rsplit_once('=') else {
            return Err(format!(
                "expected a label and what it means, such as X={}",
                CodeSet::default().id()
            ));
        };
        let meaning = match code_set.trim() {
            "other" => CodeSystem::Others,
            code_set => CodeSystem::Of(code_set.parse().map_err(|error: String| {
                format!("{error}, or other for one that is not checked")
            })?),
        };
        Ok(LabelMapping {
            label: key(label),
            meaning,
        })
    }
}

/// What labels mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, CodeSystem>);

impl Labels {
    /// Makes the table with what the user says; the last word on a label counts.
    pub fn new(mappings: impl IntoIterator<Item = LabelMapping>) -> Labels {
        let pairs = mappings.into_iter();
        Labels(
            pairs
                .map(|mapping| (mapping.label, mapping.meaning))
                .collect(),
        )
    }

    /// Returns the code set that a label means.
    pub(super) fn read(&self, label: &[u8]) -> CodeSystem {
        let label = String::from_utf8_lossy(label);
        self.mapped(&label)
            .or_else(|| LabelMeaning::in_claims(&label).map(CodeSystem::from))
            .unwrap_or(CodeSystem::Unknown)
    }

    /// Returns what the user says that a label means.
    pub(super) fn mapped(&self, label: &str) -> Option<CodeSystem> {
        match self.0.is_empty() {
            true => None,
            false => self.0.get(&key(label)).copied(),
        }
    }
}

fn key(label: &str) -> String {
    label.trim().to_lowercase()
}
