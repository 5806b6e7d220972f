//! The bundled sample: small files in the official layouts, with real codes and titles.
//!
//! It exists so that a first run and the tests need no download. It is never the whole: a database
//! that holds it holds nothing else and says so in every answer.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{CodeSet, ReleaseId};
use crate::source::catalogue::FILES;
use crate::source::kind::FileKind;

/// A file of the sample.
#[derive(Debug, Clone)]
pub struct SampleFile {
    /// Its path below `releases/sample/`.
    pub path: String,
    /// Its code set.
    pub code_set: CodeSet,
    /// Its release.
    pub release: ReleaseId,
    /// What it is.
    pub kind: FileKind,
    /// Its SHA-256.
    pub sha256: String,
    /// The base of an order addenda.
    pub addenda_base: Option<ReleaseId>,
}

impl SampleFile {
    /// Checks whether it is an order file.
    pub fn is_order_file(&self) -> bool {
        matches!(self.kind, FileKind::OrderFile(_))
    }

    /// Checks whether it is an order addenda.
    pub fn is_addenda(&self) -> bool {
        matches!(self.kind, FileKind::OrderAddenda(_))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    file: Vec<FileTable>,
}

#[derive(Deserialize)]
struct FileTable {
    path: String,
    code_set: String,
    release: String,
    kind: String,
    sha256: String,
    addenda_base: Option<String>,
}

/// Lists the files of the sample.
///
/// # Errors
/// [`crate::ErrorKind::Format`] if the manifest is malformed, which a test rules out.
pub fn sample_files() -> Result<&'static [SampleFile]> {
    static LIST: OnceLock<Vec<SampleFile>> = OnceLock::new();
    if let Some(list) = LIST.get() {
        return Ok(list);
    }
    let fail = |message: String| Error::format(message).in_file("releases/sample/sample.toml");
    let text = FILES
        .get_file("sample/sample.toml")
        .and_then(include_dir::File::contents_utf8)
        .unwrap_or_default();
    let manifest: Manifest = toml::from_str(text).map_err(|error| fail(error.to_string()))?;
    let mut list = Vec::new();
    for file in manifest.file {
        let code_set = file.code_set.parse().map_err(fail)?;
        list.push(SampleFile {
            code_set,
            release: file.release.parse().map_err(fail)?,
            kind: match file.kind.parse() {
                Ok(part) => FileKind::of(part, code_set),
                Err(_) => return Err(fail(format!("unknown kind {:?}", file.kind))),
            },
            path: file.path,
            sha256: file.sha256,
            addenda_base: file
                .addenda_base
                .map(|base| base.parse().map_err(fail))
                .transpose()?,
        });
    }
    Ok(LIST.get_or_init(|| list))
}

/// Returns the bytes of a file of the sample.
pub fn sample_bytes(file: &SampleFile) -> &'static [u8] {
    FILES
        .get_file(format!("sample/{}", file.path))
        .map(include_dir::File::contents)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sha256_hex;

    #[test]
    fn the_manifest_names_every_file_with_its_hash() {
        let files = sample_files().unwrap();
        assert!(files.iter().filter(|file| file.is_order_file()).count() >= 8);
        for file in files {
            assert_eq!(sha256_hex(sample_bytes(file)), file.sha256, "{}", file.path);
        }
    }
}
