//! The catalogue: which releases exist, where they were published, and what they must hold.
//!
//! It is the folder `releases/` of the repository, compiled in. It only recognises and warns: a
//! release that it does not know imports all the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{Code, CodeSet, DaysOf, DocumentKind, Entry, Provenance, ReleaseId, ValidDays};
use crate::source::kind::FileKind;

pub(crate) static FILES: Dir<'static> = include_dir!("$CODEYEAR_CATALOGUE_FOLDER");

/// The folders with the catalogues of code sets.
static CATALOGUES: &[&Dir<'static>] = &[
    &FILES,
    #[cfg(feature = "toy")]
    &include_dir!("$CARGO_MANIFEST_DIR/toy"),
];

/// The order file that a release must have.
#[derive(Debug, Clone)]
pub struct OrderFileFacts {
    /// Its official name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Its rows with flag 1.
    pub billable: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The hash of its rows, as [`crate::source::RowsHash`] computes it: the same rows in other bytes have it too.
    pub rows_sha256: String,
    /// The bytes of its short and of its long titles, without trailing blanks.
    pub title_bytes: [u64; 2],
    /// Its categories or tables, in the order of the book, each with the number of its rows.
    pub categories: Vec<(Code, u64)>,
    /// How well its bytes are known.
    pub provenance: Provenance,
    /// How it was made, if it is not the published file.
    pub made_from: Option<String>,
}

/// The order addenda that a release has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedAddenda {
    /// Its official name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of each edition of it that was published.
    pub sha256: Vec<String>,
}

/// A file around the order file of a release, as it was in hand when the catalogue was made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownDocument {
    /// What it is.
    #[serde(deserialize_with = "document_kind")]
    pub kind: DocumentKind,
    /// Its official name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// How many codes, rows of tables or terms it has; like the next two `None` of a tabular list, whose codes are
    /// those of the order file.
    pub entries: Option<u64>,
    /// The characters that these begin with; of an index its letters, `#` for what begins with a digit.
    pub letters: Option<String>,
    /// The category or table of the last one; of an index the last letter.
    pub last: Option<String>,
}

/// Who vouches for what the catalogue says of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum HashBasis {
    /// The archive was in hand when the catalogue was made: size and hash are its own.
    #[serde(rename = "bytes in hand")]
    Held,
    /// Others published the hash.
    #[serde(rename = "hash by others")]
    HashByOthers,
    /// Others published the address; no hash is known.
    #[serde(rename = "address by others")]
    AddressByOthers,
}

/// An archive or loose file as published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// `NCHS` or `CMS`.
    pub publisher: String,
    /// Its name.
    pub file: String,
    /// Its official address.
    pub url: String,
    /// Its size, where known.
    pub bytes: Option<u64>,
    /// Its SHA-256, where known.
    pub sha256: Option<String>,
    /// Who vouches for the hash and the address.
    pub basis: HashBasis,
    /// What it holds: `order_file`, `order_addenda`, `codes_file`, ...
    pub holds: Vec<String>,
}

/// A fact that no order file tells, with its citation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The first day of the entry.
    pub effective_from: NaiveDate,
    /// The entry.
    pub entry: Entry,
    /// The days that it is valid on, of a set whose rows name them.
    pub days: Option<ValidDays>,
    /// The official document that says so.
    pub citation: String,
}

/// What the catalogue knows of one release.
#[derive(Debug, Clone)]
pub struct KnownRelease {
    /// The code set.
    pub code_set: CodeSet,
    /// The release.
    pub id: ReleaseId,
    /// Its title.
    pub title: String,
    /// The release that its addenda is against.
    pub addenda_base: Option<ReleaseId>,
    /// Its order file; `None` of a release that is known to exist and whose files were never in hand.
    pub order_file: Option<OrderFileFacts>,
    /// Its order addenda, if one is known.
    pub order_addenda: Option<ExpectedAddenda>,
    /// The files around its order file whose bytes are known.
    pub documents: Vec<KnownDocument>,
    /// The archives that were published with it.
    pub archives: Vec<Archive>,
    /// Facts that its order file does not tell.
    pub patches: Vec<Patch>,
}

impl KnownRelease {
    /// Returns how well the bytes of an order file of this release are known, by their hash, that of their rows,
    /// and that of the archive that they were in.
    pub fn provenance_of(
        &self,
        sha256: &str,
        rows_sha256: &str,
        archive_sha256: Option<&str>,
    ) -> Provenance {
        // The archive came from the publisher. Bytes alone may have been rebuilt, as the catalogue then says.
        if self.has_archive(archive_sha256) {
            return Provenance::Official;
        }
        match &self.order_file {
            Some(facts) if facts.sha256 == sha256 => facts.provenance,
            _ if self.has_archive(Some(sha256)) => Provenance::Official,
            Some(facts) if facts.rows_sha256 == rows_sha256 => match facts.provenance {
                Provenance::Derived => Provenance::Derived,
                _ => Provenance::SameRows,
            },
            _ => Provenance::Unlisted,
        }
    }

    /// Returns the official addresses of archives that hold its order file.
    pub fn order_file_urls(&self) -> Vec<String> {
        self.archives
            .iter()
            .filter(|archive| archive.holds.iter().any(|held| held == "order_file"))
            .map(|archive| archive.url.clone())
            .collect()
    }

    /// Checks whether the bytes of a file are known as one of this release: by its own hash, or by that of the
    /// archive that it is in.
    pub fn knows_file(&self, kind: FileKind, sha256: &str, archive_sha256: Option<&str>) -> bool {
        let is_known = match kind {
            FileKind::OrderFile(_) => {
                let order = self.order_file.as_ref();
                order.is_some_and(|facts| facts.sha256 == sha256)
            }
            FileKind::OrderAddenda(_) => {
                let addenda = self.order_addenda.as_ref();
                addenda.is_some_and(|addenda| addenda.sha256.iter().any(|known| known == sha256))
            }
            FileKind::Document(kind) => {
                let mut documents = self.documents.iter();
                documents.any(|known| known.kind == kind && known.sha256 == sha256)
            }
            FileKind::Zip | FileKind::Broken(_) | FileKind::Other(_) => return false,
        };
        is_known || self.has_archive(archive_sha256) || self.has_archive(Some(sha256))
    }

    /// Checks whether a hash is that of one of its archives.
    pub fn has_archive(&self, sha256: Option<&str>) -> bool {
        sha256.is_some()
            && self
                .archives
                .iter()
                .any(|archive| archive.sha256.as_deref() == sha256)
    }
}

/// All known releases, by code set and first day.
#[derive(Debug)]
pub struct Catalogue {
    releases: Vec<KnownRelease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseFile {
    code_set: String,
    release: String,
    effective_from: String,
    title: String,
    addenda_base: Option<String>,
    corrects: Option<String>,
    order_file: Option<OrderFileTable>,
    order_addenda: Option<ExpectedAddenda>,
    #[serde(default)]
    document: Vec<KnownDocument>,
    #[serde(default)]
    archive: Vec<Archive>,
    #[serde(default)]
    patch: Vec<PatchTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderFileTable {
    name: String,
    bytes: u64,
    rows: u64,
    billable: u64,
    sha256: String,
    rows_sha256: String,
    title_bytes: [u64; 2],
    /// Those that begin with the same two characters together: `A0:01 A1:5` is A00, A01 and A15.
    categories: String,
    /// The number of rows of each category, in the same order.
    category_rows: String,
    #[serde(deserialize_with = "provenance")]
    provenance: Provenance,
    made_from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchTable {
    effective_from: String,
    code: String,
    billable: bool,
    short_title: String,
    long_title: String,
    /// The first valid day, of a set whose rows name it; left out, it is `effective_from`.
    first_day: Option<String>,
    /// The last valid day, of a set whose rows name it.
    last_day: Option<String>,
    citation: String,
}

impl Catalogue {
    /// Returns the catalogue that is compiled in.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Format`] if a file of it is malformed, which a test rules out.
    pub fn bundled() -> Result<&'static Catalogue> {
        static BUNDLED: OnceLock<Catalogue> = OnceLock::new();
        if let Some(catalogue) = BUNDLED.get() {
            return Ok(catalogue);
        }
        let mut releases = Vec::new();
        for code_set in CodeSet::ALL {
            for file in code_set_files(code_set) {
                let name = file.path().display().to_string();
                let text = file.contents_utf8().unwrap_or_default();
                releases
                    .push(parse(text).map_err(|error| error.in_file(format!("releases/{name}")))?);
            }
        }
        releases.sort_by_key(|known| (known.code_set, known.id));
        Ok(BUNDLED.get_or_init(|| Catalogue { releases }))
    }

    /// Lists the releases, by code set and first day.
    pub fn releases(&self) -> &[KnownRelease] {
        &self.releases
    }

    /// Returns the releases of a code set, oldest first.
    pub fn of(&self, code_set: CodeSet) -> impl DoubleEndedIterator<Item = &KnownRelease> {
        self.releases
            .iter()
            .filter(move |known| known.code_set == code_set)
    }

    /// Finds a release.
    pub fn find(&self, code_set: CodeSet, id: ReleaseId) -> Option<&KnownRelease> {
        self.releases
            .iter()
            .find(|known| known.code_set == code_set && known.id == id)
    }
}

/// Lists the releases of a code set that the catalogue knows, oldest first, without reading more
/// than the names of its files: a question about one code must not wait for the whole catalogue.
pub fn known_releases(code_set: CodeSet) -> &'static [ReleaseId] {
    static KNOWN: OnceLock<BTreeMap<CodeSet, Vec<ReleaseId>>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let of_set = |code_set: CodeSet| {
            let mut ids: Vec<ReleaseId> = code_set_files(code_set)
                .filter_map(|file| file.path().file_stem()?.to_str()?.parse().ok())
                .collect();
            ids.sort();
            (code_set, ids)
        };
        CodeSet::ALL.into_iter().map(of_set).collect()
    });
    known.get(&code_set).map_or(&[], Vec::as_slice)
}

/// Returns the hash of the rows that the catalogue knows of a release, reading one file of it alone; `None` where they
/// are those of a derived file, because the official ones may differ.
pub fn known_rows(code_set: CodeSet, id: ReleaseId) -> Option<String> {
    let known = read_one(code_set, id)?;
    let order = known.order_file.as_ref();
    order
        .filter(|order| order.provenance != Provenance::Derived)
        .map(|order| order.rows_sha256.clone())
}

/// Returns an official address of the order file of a release, if one is known, reading one file of the catalogue
/// alone.
pub fn order_file_url(code_set: CodeSet, id: ReleaseId) -> Option<String> {
    read_one(code_set, id)?.order_file_urls().into_iter().next()
}

/// Checks whether the hash of an archive with the order file of a release is known, reading one file of the catalogue
/// alone.
pub fn has_known_hash(code_set: CodeSet, id: ReleaseId) -> bool {
    read_one(code_set, id).is_some_and(|known| {
        let mut archives = known.archives.iter();
        archives.any(|archive| {
            archive.sha256.is_some() && archive.holds.iter().any(|held| held == "order_file")
        })
    })
}

/// Reads what the catalogue has of one release. A command with many codes asks for the same few again and again.
fn read_one(code_set: CodeSet, id: ReleaseId) -> Option<Arc<KnownRelease>> {
    type Read = BTreeMap<(CodeSet, ReleaseId), Option<Arc<KnownRelease>>>;
    static READ: Mutex<Read> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let known = read.entry((code_set, id)).or_insert_with(|| {
        let path = format!("{}/{id}.toml", code_set.id());
        let file = CATALOGUES.iter().find_map(|files| files.get_file(&path))?;
        parse(file.contents_utf8()?).ok().map(Arc::new)
    });
    known.clone()
}

fn provenance<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Provenance, D::Error> {
    let name = String::deserialize(from)?;
    name.parse()
        .ok()
        .ok_or_else(|| serde::de::Error::custom(format!("{name:?} is not a provenance")))
}

/// Reads the categories of an order file, each with the number of its rows.
fn categories(code_set: CodeSet, table: &OrderFileTable) -> Result<Vec<(Code, u64)>> {
    let wrong = |text: &str| Error::format(format!("{text:?} is no list of categories"));
    let mut names = Vec::new();
    for group in table.categories.split_whitespace() {
        let (start, ends) = group.split_once(':').ok_or_else(|| wrong(group))?;
        for end in ends.chars() {
            let category = Code::from_plain(code_set, format!("{start}{end}").as_bytes());
            names.push(
                category
                    .filter(|code| code.len() == code_set.facts().counted_by)
                    .ok_or_else(|| wrong(group))?,
            );
        }
    }
    let counts = table.category_rows.split_whitespace();
    let counts = counts.map(|count| {
        let count: Option<u64> = count.parse().ok();
        count.ok_or_else(|| Error::format("category_rows holds more than numbers"))
    });
    let counts = counts.collect::<Result<Vec<u64>>>()?;
    let sum: u64 = counts.iter().sum();
    if counts.len() != names.len() || sum != table.rows {
        return Err(Error::format(format!(
            "category_rows has {} numbers for {} categories, and {sum} rows of {}",
            counts.len(),
            names.len(),
            table.rows
        )));
    }
    Ok(names.into_iter().zip(counts).collect())
}

fn order_file_facts(code_set: CodeSet, table: OrderFileTable) -> Result<OrderFileFacts> {
    Ok(OrderFileFacts {
        categories: categories(code_set, &table)?,
        name: table.name,
        bytes: table.bytes,
        rows: table.rows,
        billable: table.billable,
        sha256: table.sha256,
        rows_sha256: table.rows_sha256,
        title_bytes: table.title_bytes,
        provenance: table.provenance,
        made_from: table.made_from,
    })
}

fn document_kind<'de, D: serde::Deserializer<'de>>(from: D) -> Result<DocumentKind, D::Error> {
    let name = String::deserialize(from)?;
    name.parse()
        .ok()
        .ok_or_else(|| serde::de::Error::custom(format!("{name:?} is not a kind of document")))
}

fn code_set_files(code_set: CodeSet) -> impl Iterator<Item = &'static include_dir::File<'static>> {
    CATALOGUES
        .iter()
        .filter_map(move |files| files.get_dir(code_set.id()))
        .flat_map(Dir::files)
        .filter(|file| file.path().extension().is_some_and(|end| end == "toml"))
}

fn parse(text: &str) -> Result<KnownRelease> {
    let fail = |message: String| Error::format(message);
    let file: ReleaseFile = toml::from_str(text).map_err(|error| fail(error.to_string()))?;
    let code_set: CodeSet = file.code_set.parse().map_err(fail)?;
    let id: ReleaseId = file.release.parse().map_err(fail)?;
    let date = |text: &String| {
        text.parse::<NaiveDate>()
            .map_err(|error| fail(format!("{text:?} is not a date: {error}")))
    };
    if date(&file.effective_from)? != id.effective_from() {
        return Err(fail(format!(
            "effective_from {} is not the first day of {id}",
            file.effective_from
        )));
    }
    if let Some(corrects) = &file.corrects
        && corrects.parse() != Ok(id.edition())
    {
        return Err(fail(format!("{id} cannot correct {corrects}")));
    }
    let mut patches = Vec::new();
    for patch in file.patch {
        patches.push(Patch {
            effective_from: date(&patch.effective_from)?,
            entry: Entry {
                code: parse_plain(code_set, &patch.code)?,
                billable: patch.billable,
                short_title: patch.short_title,
                long_title: patch.long_title,
            },
            days: match code_set.facts().days {
                DaysOf::Releases => None,
                DaysOf::Rows => Some(ValidDays {
                    first: date(patch.first_day.as_ref().unwrap_or(&patch.effective_from))?,
                    last: patch.last_day.as_ref().map(date).transpose()?,
                }),
            },
            citation: patch.citation,
        });
    }
    let order_file = file.order_file;
    let order_file = order_file
        .map(|table| order_file_facts(code_set, table))
        .transpose()?;
    Ok(KnownRelease {
        code_set,
        id,
        title: file.title,
        addenda_base: file
            .addenda_base
            .map(|base| base.parse().map_err(fail))
            .transpose()?,
        order_file,
        order_addenda: file.order_addenda,
        documents: file.document,
        archives: file.archive,
        patches,
    })
}

fn parse_plain(code_set: CodeSet, text: &str) -> Result<Code> {
    code_set
        .parse_code(text)
        .map_err(|error| Error::format(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_catalogue_is_well_formed() {
        let catalogue = Catalogue::bundled().unwrap();
        for code_set in CodeSet::ALL {
            let ids: Vec<ReleaseId> = catalogue
                .releases()
                .iter()
                .filter(|known| known.code_set == code_set)
                .map(|known| known.id)
                .collect();
            assert_eq!(
                ids,
                known_releases(code_set),
                "file names and contents agree"
            );
            assert!(ids.len() >= 18);
        }
    }

    #[test]
    fn codes_for_covid_treatments_are_patched_in_from_august_first_2020() {
        let known = Catalogue::bundled()
            .unwrap()
            .find(CodeSet::Icd10Pcs, ReleaseId::october(2020))
            .unwrap();
        let codes: Vec<&str> = known
            .patches
            .iter()
            .map(|patch| patch.entry.code.as_str())
            .collect();
        assert_eq!(
            codes,
            [
                "XW013F5", "XW033E5", "XW033F5", "XW033G5", "XW033H5", "XW043E5", "XW043F5",
                "XW043G5", "XW043H5", "XW0DXF5", "XW1", "XW13325", "XW14325"
            ]
        );
        for patch in &known.patches {
            assert_eq!(patch.effective_from.to_string(), "2020-08-01");
            assert_eq!(
                patch.entry.billable,
                patch.entry.code.as_str().len() == 7,
                "{}",
                patch.entry.code.as_str()
            );
            assert!(patch.citation.contains("line "), "{}", patch.citation);
        }
    }

    #[test]
    fn covid_codes_are_patched_in_from_april_first_2020() {
        let known = Catalogue::bundled()
            .unwrap()
            .find(CodeSet::Icd10Cm, ReleaseId::october(2020))
            .unwrap();
        let codes: Vec<&str> = known
            .patches
            .iter()
            .map(|patch| patch.entry.code.as_str())
            .collect();
        assert_eq!(codes, ["U07", "U070", "U071"]);
        assert!(
            known
                .patches
                .iter()
                .all(|patch| patch.effective_from.to_string() == "2020-04-01")
        );
        assert!(known.patches.iter().all(|patch| !patch.citation.is_empty()));
    }
}
