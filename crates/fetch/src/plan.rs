//! Which file to ask for next.

use std::collections::BTreeSet;

use codeyear_core::model::{CodeSet, DocumentKind, IndexKind, ReleaseId, ReleasePart};
use codeyear_core::source::catalogue::{Archive, HashBasis, KnownRelease};

/// How the hash of a file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// The file was in hand when the catalogue was made.
    InHand,
    /// Others published the hash.
    ByOthers,
    /// The hash of each file in it is known: of the whole release on a mirror.
    EachFile,
    /// No hash is known.
    NoHash,
    /// Not even the address: it is guessed from those of other years.
    Guess,
}

impl Known {
    /// Returns the fixed name: `bytes in hand`, `hash by others`, `hash of each file`, `no known hash`,
    /// `guessed address`.
    pub fn name(self) -> &'static str {
        match self {
            Known::InHand => "bytes in hand",
            Known::ByOthers => "hash by others",
            Known::EachFile => "hash of each file",
            Known::NoHash => "no known hash",
            Known::Guess => "guessed address",
        }
    }
}

/// A file that was published, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `NCHS`, `CMS`, or `mirror` for the whole release that a mirror may have.
    pub publisher: String,
    /// Its name, which has no folders.
    pub file: String,
    /// Its official address; of the whole release on a mirror, its place there.
    pub url: String,
    /// Its size, if it is known.
    pub bytes: Option<u64>,
    /// Its SHA-256, if it is known.
    pub sha256: Option<String>,
    /// How the hash is known.
    pub known: Known,
    /// What it holds.
    pub pieces: Vec<ReleasePart>,
}

impl Source {
    /// Reads an archive of the catalogue. `None` for a PDF and for what holds nothing that is taken.
    pub(super) fn of_archive(code_set: CodeSet, archive: &Archive) -> Option<Source> {
        let is_pdf = |name: &str| name.to_ascii_lowercase().ends_with(".pdf");
        if is_pdf(&archive.file) || is_pdf(&archive.url) {
            return None;
        }
        let mut pieces: Vec<ReleasePart> = archive
            .holds
            .iter()
            .flat_map(|held| pieces(code_set, held, &archive.file))
            .collect();
        pieces.sort_unstable();
        pieces.dedup();
        let known = match (&archive.sha256, archive.basis) {
            (None, _) => Known::NoHash,
            (Some(_), HashBasis::Held) => Known::InHand,
            (Some(_), HashBasis::HashByOthers | HashBasis::AddressByOthers) => Known::ByOthers,
        };
        (!pieces.is_empty()).then(|| Source {
            publisher: archive.publisher.clone(),
            file: file_name(&archive.file),
            url: archive.url.clone(),
            bytes: archive.bytes,
            sha256: archive.sha256.clone(),
            known,
            pieces,
        })
    }

    /// Returns the one zip of a release that a mirror may have: `icd10cm/icd10cm-FY2026.zip`. Its own hash is not
    /// known; those of its files are, where the catalogue knows the order file of the release.
    pub(super) fn whole_release(
        code_set: CodeSet,
        id: ReleaseId,
        known: Option<&KnownRelease>,
        pieces: &BTreeSet<ReleasePart>,
    ) -> Source {
        let has_files = known.is_some_and(|known| known.order_file.is_some());
        let set = code_set.id();
        Source {
            publisher: "mirror".to_owned(),
            file: format!("{set}-{id}.zip"),
            url: format!("/{set}/{set}-{id}.zip"),
            bytes: None,
            sha256: None,
            known: match has_files {
                true => Known::EachFile,
                false => Known::NoHash,
            },
            pieces: pieces.iter().copied().collect(),
        }
    }

    /// Returns the addresses to ask: the official one, or on a mirror its path and then its name alone.
    pub(super) fn urls(&self, mirror: Option<&str>) -> Vec<String> {
        let Some(mirror) = mirror else {
            return vec![self.url.clone()];
        };
        let mirror = mirror.trim_end_matches('/');
        let path = self.url.split_once("://").map_or(self.url.as_str(), |url| {
            url.1.find('/').map_or("/", |at| url.1.split_at(at).1)
        });
        let mut urls = vec![
            format!("{mirror}{path}"),
            format!("{mirror}/{}", escaped(&self.file)),
        ];
        urls.dedup();
        urls
    }

    /// Checks whether what it gives can be proven to be official: by its own hash, or by those of its files.
    pub fn is_provable(&self) -> bool {
        self.sha256.is_some() || self.known == Known::EachFile
    }

    fn is_nchs(&self) -> bool {
        self.publisher == "NCHS"
    }
}

/// Returns what the catalogue knows to fetch of a release.
pub fn sources(known: &KnownRelease) -> Vec<Source> {
    known
        .archives
        .iter()
        .filter_map(|archive| Source::of_archive(known.code_set, archive))
        .collect()
}

/// Chooses the next source for what is still wanted: one with a known hash before one without, then the one that
/// has the most of it, then NCHS before CMS, then the first in the catalogue.
pub(super) fn next(
    sources: &[Source],
    wanted: &BTreeSet<ReleasePart>,
    spent: &BTreeSet<usize>,
    unverified: bool,
) -> Option<usize> {
    let has = |source: &Source| {
        let pieces = source.pieces.iter();
        pieces.filter(|piece| wanted.contains(piece)).count()
    };
    sources
        .iter()
        .enumerate()
        .filter(|(at, source)| !spent.contains(at) && has(source) > 0)
        .filter(|(_, source)| unverified || source.is_provable())
        .min_by_key(|(_, source)| {
            (
                !source.is_provable(),
                source.sha256.is_none(),
                // What is guessed, and what a mirror made, comes after all that was published.
                source.known == Known::Guess,
                source.publisher == "mirror",
                usize::MAX - has(source),
                !source.is_nchs(),
            )
        })
        .map(|(at, _)| at)
}

/// Returns what an import takes of what an archive holds, by the catalogue's word for it.
fn pieces(code_set: CodeSet, held: &str, file: &str) -> Vec<ReleasePart> {
    let documents = code_set.facts().documents.iter();
    let documents = documents.filter(|kind| kind.held_as() == held && may_hold(file, **kind));
    let parts = [ReleasePart::OrderFile, ReleasePart::OrderAddenda];
    let parts = parts.into_iter().filter(|part| part.name() == held);
    parts
        .chain(documents.copied().map(ReleasePart::Document))
        .collect()
}

/// Checks whether a file can hold a document of a kind. An archive of indexes has all of them; a loose one is one, by its
/// name.
fn may_hold(file: &str, kind: DocumentKind) -> bool {
    use IndexKind::{Diseases, Drugs, ExternalCauses, Neoplasms};
    let lower = file.to_ascii_lowercase();
    let DocumentKind::Index(index) = kind else {
        return true;
    };
    match () {
        () if !lower.ends_with(".xml") => true,
        () if lower.contains("drug") => index == Drugs,
        () if lower.contains("neoplasm") => index == Neoplasms,
        () if lower.contains("eindex") => index == ExternalCauses,
        () => index == Diseases,
    }
}

/// Returns the file name for a name of the catalogue: CMS has dates with slashes in some.
pub(super) fn file_name(name: &str) -> String {
    name.replace(['/', '\\'], "-")
}

/// Writes a file name as a part of an address.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use codeyear_core::source::catalogue::Catalogue;

    fn chosen(code_set: CodeSet, id: &str, unverified: bool) -> Vec<String> {
        let known = Catalogue::bundled()
            .unwrap()
            .find(code_set, id.parse().unwrap())
            .unwrap();
        let sources = sources(known);
        let mut wanted: BTreeSet<ReleasePart> = sources
            .iter()
            .flat_map(|source| source.pieces.clone())
            .collect();
        let mut spent = BTreeSet::new();
        let mut files = Vec::new();
        while let Some(at) = next(&sources, &wanted, &spent, unverified) {
            spent.insert(at);
            wanted.retain(|piece| !sources[at].pieces.contains(piece));
            files.push(format!("{} {}", sources[at].publisher, sources[at].file));
        }
        files
    }

    #[test]
    fn an_address_with_a_hash_goes_first_then_nchs_and_the_fewest_files() {
        // NCHS has the conversion table and the POA-exempt list too, but no hash of them is known.
        assert_eq!(
            chosen(CodeSet::Icd10Cm, "FY2027", false),
            [
                "NCHS icd10cm-table-and-index-2027.zip",
                "NCHS icd10cm-code-descriptions-2027.zip",
                "CMS 2027-conversion-table.zip",
                "CMS 2027-poa-exempt-codes.zip",
            ]
        );
        // One zip of CMS has what two loose files of NCHS have.
        assert_eq!(
            chosen(CodeSet::Icd10Cm, "FY2020", false),
            [
                "CMS 2020-icd-10-cm-codes.zip",
                "NCHS icd10cm_drug_2020.xml",
                "NCHS icd10cm_eindex_2020.xml",
                "NCHS icd10cm_neoplasm_2020.xml",
                "NCHS ICD-10-CM-Conversion-Table-FY20-Effective-10-1-2019-corrected.csv",
                "NCHS POAexemptCodes2020.zip",
            ]
        );
    }

    #[test]
    fn what_has_no_known_hash_is_asked_for_on_request_only() {
        let with = chosen(CodeSet::Icd10Cm, "FY2026", true);
        let without = chosen(CodeSet::Icd10Cm, "FY2026", false);
        assert_eq!(with.len(), without.len() + 1);
        assert_eq!(
            with.last().unwrap(),
            "NCHS icd10cm-table and index-2026.zip"
        );
        assert_eq!(chosen(CodeSet::Icd10Pcs, "FY2017", false).len(), 1);
    }

    #[test]
    fn no_pdf_is_a_source_and_every_file_of_the_catalogue_has_a_name_of_its_own() {
        let mut seen: std::collections::BTreeMap<String, (Option<String>, String)> =
            std::collections::BTreeMap::new();
        for known in Catalogue::bundled().unwrap().releases() {
            for source in sources(known) {
                assert!(!source.url.to_lowercase().ends_with(".pdf"));
                assert!(!source.file.contains(['/', '\\']), "{}", source.file);
                let entry = (source.sha256.clone(), source.url.clone());
                let before = seen.insert(source.file.to_lowercase(), entry.clone());
                if let Some(before) = before {
                    assert!(before.0.is_some() && before.0 == entry.0, "{}", source.file);
                }
            }
        }
        assert!(seen.len() > 100);
    }

    #[test]
    fn a_mirror_is_asked_for_the_path_and_then_for_the_name() {
        let known = Catalogue::bundled().unwrap();
        let known = known
            .find(CodeSet::Icd10Cm, "FY2023-04".parse().unwrap())
            .unwrap();
        let sources = sources(known);
        let urls: Vec<_> = sources
            .iter()
            .filter(|source| source.pieces.contains(&ReleasePart::OrderFile))
            .map(|source| source.urls(Some("http://127.0.0.1:9/m/")))
            .collect();
        assert_eq!(
            urls,
            [
                [
                    "http://127.0.0.1:9/m/pub/Health_Statistics/NCHS/Publications/ICD10CM/April-1-2023-Update/icd10cm-code%20descriptions-%20April%201%202023.zip",
                    "http://127.0.0.1:9/m/icd10cm-code%20descriptions-%20April%201%202023.zip",
                ],
                [
                    "http://127.0.0.1:9/m/files/zip/2023-code-descriptions-tabular-order-updated-01/11/2023.zip",
                    "http://127.0.0.1:9/m/2023-code-descriptions-tabular-order-updated-01-11-2023.zip",
                ],
            ]
        );
    }
}
