//! Whole code systems and concept maps as resources, for other terminology servers.
//!
//! A code system has every concept of its release as published, each below the nearest listed one above it. What
//! a patch adds within a release (U07.1 from 2020-04-01) has a first day and so is in no release: `$lookup` with
//! a date knows it, and the next release has it.

use std::io::Write;

use serde::Serialize;

use super::codesystem::{self, Content};
use super::conceptmap::{self, Transition, resource, transitions};
use super::context::FhirVersion;
use super::expand::identifier;
use super::lookup::has_short_title;
use super::outcome::to_bytes;
use super::snapshot::{id_of, system_of};
use codeyear_core::answer::{find_release, with_listings};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    CodeSet, Conversions, DocumentKind, Entry, LoadedRelease, ReleaseId, ReleaseName, Sets,
    StoreKind,
};
use codeyear_core::store::{CodeSource, Store, StoredCodes};

/// What is to be written.
#[derive(Debug, Clone)]
pub struct ExportScope {
    /// The version of FHIR.
    pub version: FhirVersion,
    /// The code sets.
    pub code_sets: Vec<CodeSet>,
    /// One release only, with the maps of the days that it governs.
    pub release: Option<ReleaseName>,
}

/// One resource that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FhirFile {
    /// The type of the resource: `CodeSystem` or `ConceptMap`.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Release(LoadedRelease),
    Transition(usize),
}

/// Resources of a store, to be written one after the other.
pub struct FhirExport<'s> {
    store: &'s Store,
    version: FhirVersion,
    is_sample: bool,
    codes: Sets<StoredCodes<'s>>,
    conversions: Conversions,
    transitions: Vec<Transition>,
    files: Vec<FhirFile>,
}

impl std::fmt::Debug for FhirExport<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FhirExport")
            .field("version", &self.version)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl FhirFile {
    /// Returns the name of the file, without its end: `CodeSystem-icd-10-cm-2026`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.kind, self.id)
    }

    /// Returns the address of the resource within a bundle.
    pub fn full_url(&self) -> String {
        identifier(&["codeyear", self.kind, &self.id])
    }
}

impl<'s> FhirExport<'s> {
    /// Gathers what is to be written, in the order of code sets and days: code systems first.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::NotFound`] if the release is not loaded, [`codeyear_core::ErrorKind::Store`] if the database cannot be
    /// read.
    pub fn new(store: &'s Store, scope: &ExportScope) -> Result<FhirExport<'s>> {
        let mut export = FhirExport {
            store,
            version: scope.version,
            is_sample: store.kind()? == StoreKind::Sample,
            codes: Sets::try_new(|code_set| store.codes(code_set))?,
            conversions: Conversions::new(Vec::new()),
            transitions: Vec::new(),
            files: Vec::new(),
        };
        let mut wanted = Vec::new();
        for code_set in &scope.code_sets {
            let release = match scope.release {
                None => None,
                Some(name) => match find_release(store, *code_set, name.of(*code_set)) {
                    Ok(release) => Some(release),
                    // With several code sets it has to be a release of one.
                    Err(_) if scope.code_sets.len() > 1 => continue,
                    Err(error) => return Err(error),
                },
            };
            wanted.push((*code_set, release));
        }
        if let (Some(name), true) = (scope.release, wanted.is_empty()) {
            let id = name.of(scope.code_sets.first().copied().unwrap_or_default());
            return Err(Error::not_found(format!("{id} is not loaded"))
                .with_hint("list the loaded releases with codeyear releases"));
        }
        for stored in store.releases()? {
            let release = stored.release;
            let is_wanted = |(code_set, id): &(CodeSet, Option<ReleaseId>)| {
                *code_set == release.code_set && id.is_none_or(|id| id == release.id)
            };
            if wanted.iter().any(is_wanted) {
                export.files.push(FhirFile {
                    kind: "CodeSystem",
                    id: id_of(system_of(release.code_set), release.id),
                    what: What::Release(release),
                });
            }
        }
        let converted = wanted
            .iter()
            .find(|(code_set, _)| code_set.has(DocumentKind::ConversionTable));
        if let Some((_, release)) = converted {
            export.gather_transitions(*release)?;
        }
        Ok(export)
    }

    fn gather_transitions(&mut self, release: Option<ReleaseId>) -> Result<()> {
        let timeline = self.converted().timeline().clone();
        self.conversions = Conversions::new(self.store.all_conversion_facts(&timeline)?);
        let all = with_listings(self.converted(), |listed| {
            transitions(&self.conversions, listed)
        })?;
        self.transitions = all
            .into_iter()
            .filter(|one| {
                release.is_none_or(|release| {
                    timeline
                        .governing(one.day)
                        .is_some_and(|period| period.release == release)
                })
            })
            .collect();
        let files = self.transitions.iter().enumerate();
        self.files.extend(files.map(|(index, one)| FhirFile {
            kind: "ConceptMap",
            id: one.id(),
            what: What::Transition(index),
        }));
        Ok(())
    }

    /// Returns the codes whose conversion tables are written.
    fn converted(&self) -> &StoredCodes<'s> {
        &self.codes[conceptmap::system().code_set]
    }

    /// Returns what is to be written.
    pub fn files(&self) -> &[FhirFile] {
        &self.files
    }

    /// Writes a resource on one line without an end, and gives the number of its concepts or rows.
    ///
    /// # Errors
    /// [`codeyear_core::ErrorKind::Store`] if the database cannot be read, [`codeyear_core::ErrorKind::Io`] if the writer fails.
    ///
    /// ```
    /// # use codeyear_fhir as fhir;
    /// # use codeyear_core::{ingest, model::CodeSet, store::Store};
    /// # let mut store = Store::in_memory()?;
    /// # ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
    /// let scope = fhir::ExportScope {
    ///     version: fhir::FhirVersion::R5,
    ///     code_sets: vec![CodeSet::Icd10Cm],
    ///     release: Some("FY2026".parse().unwrap()),
    /// };
    /// let export = fhir::FhirExport::new(&store, &scope)?;
    /// let first = export.files().first().unwrap();
    /// let mut out = Vec::new();
    /// assert_eq!(first.name(), "CodeSystem-icd-10-cm-2026");
    /// assert_eq!(export.write(first, &mut out)?, 505);
    /// # Ok::<(), codeyear_core::Error>(())
    /// ```
    pub fn write(&self, file: &FhirFile, out: &mut dyn Write) -> Result<u64> {
        match &file.what {
            What::Release(release) => self.write_code_system(release, out),
            What::Transition(index) => {
                let Some(transition) = self.transitions.get(*index) else {
                    return Ok(0);
                };
                let resource = with_listings(self.converted(), |listed| {
                    resource(
                        self.version,
                        self.converted(),
                        &self.conversions,
                        transition,
                        true,
                        listed,
                    )
                })??;
                out.write_all(&to_bytes(&resource)).map_err(unwritable)?;
                Ok(transition.links.len() as u64)
            }
        }
    }

    fn write_code_system(&self, release: &LoadedRelease, out: &mut dyn Write) -> Result<u64> {
        let system = system_of(release.code_set);
        let source = &self.codes[release.code_set];
        let content = if self.is_sample {
            Content::Fragment
        } else {
            Content::Complete
        };
        let head = codesystem::resource(self.version, system, source.timeline(), release, content);
        let entries = self.store.codes_of_release(release.code_set, release.id)?;
        let mut head = to_bytes(&head);
        // The concepts follow in the same object.
        head.pop();
        write_concepts(&head, &entries, out).map_err(unwritable)?;
        Ok(entries.len() as u64)
    }
}

#[derive(Serialize)]
struct Concept<'e> {
    code: String,
    display: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    designation: Option<[Designation<'e>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<[Property; 1]>,
}

#[derive(Serialize)]
struct Designation<'e> {
    language: &'static str,
    #[serde(rename = "use")]
    meaning: Meaning,
    value: &'e str,
}

/// A short title stands beside the long one as a synonym.
#[derive(Serialize)]
struct Meaning {
    system: &'static str,
    code: &'static str,
    display: &'static str,
}

#[derive(Serialize)]
struct Property {
    code: &'static str,
    #[serde(rename = "valueBoolean")]
    value: bool,
}

fn concept<'e>(entry: &'e Entry) -> Concept<'e> {
    Concept {
        code: entry.code.to_string(),
        display: &entry.long_title,
        designation: has_short_title(entry).then_some([Designation {
            language: "en",
            meaning: Meaning {
                system: "http://snomed.info/sct",
                code: "900000000000013009",
                display: "Synonym",
            },
            value: &entry.short_title,
        }]),
        property: (!entry.billable).then_some([Property {
            code: "notSelectable",
            value: true,
        }]),
    }
}

/// Writes the concepts of a release into its resource, each within the nearest one above it.
fn write_concepts(head: &[u8], entries: &[Entry], out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(head)?;
    // The codes that stand open, and whether one below them was written.
    let mut open: Vec<(&Entry, bool)> = Vec::new();
    let mut is_first = true;
    let close = |(_, has_below): (&Entry, bool), out: &mut dyn Write| {
        out.write_all(if has_below { b"]}" } else { b"}" })
    };
    for entry in entries {
        while let Some(last) = open.pop_if(|(last, _)| !entry.code.is_under(&last.code)) {
            close(last, out)?;
        }
        let begins: &[u8] = match open.last_mut() {
            Some((_, has_below)) if !*has_below => {
                *has_below = true;
                b",\"concept\":["
            }
            None if is_first => b",\"concept\":[",
            _ => b",",
        };
        is_first = false;
        out.write_all(begins)?;
        let mut text = serde_json::to_vec(&concept(entry))?;
        text.pop();
        out.write_all(&text)?;
        open.push((entry, false));
    }
    while let Some(last) = open.pop() {
        close(last, out)?;
    }
    out.write_all(if is_first { b"}" } else { b"]}" })
}

fn unwritable(error: std::io::Error) -> Error {
    Error::io(format!("cannot write the output: {error}"))
        .with_hint("check where the output goes, and try again")
        .caused_by(error)
}
