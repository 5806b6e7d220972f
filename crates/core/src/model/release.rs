//! Releases as they are loaded, and how far they can be trusted.

use strum::{EnumString, IntoStaticStr};

use crate::model::{CodeSet, ReleaseId, Warning, named};

named!(ListedBy, Provenance);

/// What the rows of a release come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ListedBy {
    /// Its order file.
    OrderFile,
    /// Its tabular list, expanded by the rule of 7th characters, because no order file of it is loaded.
    /// Such rows have no short titles, and their long titles have accents.
    Tabular,
}

impl ListedBy {
    /// Returns the words for people: `order file`, `tabular list`.
    pub fn label(self) -> &'static str {
        match self {
            ListedBy::OrderFile => "order file",
            ListedBy::Tabular => "tabular list",
        }
    }
}

/// How well the bytes are known that the rows of a release come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Provenance {
    /// The official file, by the hash that the catalogue has.
    Official,
    /// Rebuilt from the release before it and the official addenda; it has the official file's hash.
    Rebuilt,
    /// Derived from a neighbouring release; the official bytes may differ.
    Derived,
    /// The rows of the official file, in other bytes.
    SameRows,
    /// The catalogue does not know these rows.
    Unlisted,
    /// A file of the bundled sample, which is cut.
    Sample,
}

impl Provenance {
    /// Returns how well such bytes are known, the better the higher: bytes that are known better take the place of
    /// stored ones with the same rows.
    pub fn rank(self) -> u8 {
        match self {
            Provenance::Official => 3,
            Provenance::Rebuilt => 2,
            Provenance::Derived | Provenance::SameRows => 1,
            Provenance::Unlisted | Provenance::Sample => 0,
        }
    }

    /// Every kind.
    pub const ALL: [Provenance; 6] = [
        Provenance::Official,
        Provenance::Rebuilt,
        Provenance::Derived,
        Provenance::SameRows,
        Provenance::Unlisted,
        Provenance::Sample,
    ];

    /// Returns the words for people.
    pub fn label(self) -> &'static str {
        match self {
            Provenance::Official => "official file",
            Provenance::Rebuilt => {
                "rebuilt from official files, with the hash of the official file"
            }
            Provenance::Derived => "derived from another release; the official file may differ",
            Provenance::SameRows => "the rows of the official file, with another hash",
            Provenance::Unlisted => "not in the catalogue: its hash cannot be compared",
            Provenance::Sample => "bundled sample",
        }
    }
}

/// How far a stored release can be trusted, and by what its contents are known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The hash of its rows, which the same rows in other bytes have too.
    pub rows_sha256: String,
    /// How well its bytes are known.
    pub provenance: Provenance,
    /// Why it is a part only, taken on purpose; `None` of a whole release.
    pub incomplete: Option<String>,
    /// What speaks against its being this release, where the user insisted; else `None`.
    pub forced: Option<String>,
}

impl Trust {
    /// Returns what limits the trust in a release: that the user insisted on it, that it is a part, that its order
    /// file is derived.
    pub fn warnings(&self, release: ReleaseId) -> Vec<Warning> {
        let forced = self.forced.clone();
        let incomplete = self.incomplete.clone();
        let derived = self.provenance == Provenance::Derived;
        [
            forced.map(|why| Warning::Forced { release, why }),
            incomplete.map(|why| Warning::Incomplete { release, why }),
            derived.then_some(Warning::Derived { release }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A release that the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedRelease {
    /// Its code set.
    pub code_set: CodeSet,
    /// Its name.
    pub id: ReleaseId,
    /// What its rows come from.
    pub listed_by: ListedBy,
    /// The number of its rows.
    pub rows: u64,
    /// The number of those with flag 1.
    pub billable: u64,
    /// SHA-256 of the file that its rows come from.
    pub sha256: String,
    /// How far it can be trusted.
    pub trust: Trust,
}

impl LoadedRelease {
    /// Returns notes on trust, in words: how well its bytes are known, and what speaks against it.
    pub fn trust_notes(&self) -> Vec<String> {
        let label = self.listed_by.label();
        let mut notes = vec![format!("{label}: {}", self.trust.provenance.label())];
        let warnings = self.trust.warnings(self.id).into_iter();
        // That it is derived has been said.
        let others = warnings.filter(|warning| !matches!(warning, Warning::Derived { .. }));
        notes.extend(others.map(|warning| warning.to_string()));
        notes
    }
}
