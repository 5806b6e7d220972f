//! Builds the pack that `CODEYEAR_EMBED_PACK` names into the program; without it nothing is built in. Finds the folders of
//! the repository that are compiled in. Writes which types are texts in JSON, for its schemas.

use std::path::{Path, PathBuf};

/// How every pack begins, as in `src/pack/format.rs`.
const MAGIC: &[u8] = b"\x89CYPACK\n";

/// The types that JSON has as texts: codes, days, releases, and enums, which are written as their fixed name. No type with
/// another shape in JSON may have one of these names.
#[cfg(feature = "schema")]
const TEXTS: &[&str] = &[
    "ChangeKind",
    "Code",
    "CodeSet",
    "DocumentKind",
    "Fate",
    "LineageKind",
    "ListedAs",
    "ListedBy",
    "NaiveDate",
    "NodeKind",
    "NodeStanding",
    "NoteChangeKind",
    "NoteKind",
    "PlaceKind",
    "ProofOutcome",
    "ProofSubject",
    "Provenance",
    "Relation",
    "ReleaseId",
    "Severity",
    "VerdictKind",
];

fn main() -> Result<(), String> {
    #[cfg(feature = "schema")]
    name_texts();
    println!("cargo::rustc-check-cfg=cfg(codeyear_embedded_pack)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CODEYEAR_EMBED_PACK");
    for (name, variable) in [
        ("releases", "CODEYEAR_CATALOGUE_FOLDER"),
        ("migrations", "CODEYEAR_MIGRATIONS_FOLDER"),
    ] {
        println!("cargo::rustc-env={variable}={}", linked(name).display());
    }
    let Some(file) = std::env::var_os("CODEYEAR_EMBED_PACK").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let fail = |error: &dyn std::fmt::Display| {
        format!(
            "CODEYEAR_EMBED_PACK={}: {error}",
            Path::new(&file).display()
        )
    };
    // A path is meant from the top of the repository, and this runs in the folder of the package. One that begins at the
    // root of the disk stays as it is.
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = top
        .join(&file)
        .canonicalize()
        .map_err(|error| fail(&error))?;
    let bytes = std::fs::read(&path).map_err(|error| fail(&error))?;
    if !bytes.starts_with(MAGIC) {
        return Err(fail(&"this is not a pack; codeyear pack writes one"));
    }
    let path = path
        .to_str()
        .ok_or_else(|| fail(&"its path is not UTF-8"))?;
    println!("cargo::rerun-if-changed={path}");
    println!("cargo::rustc-env=CODEYEAR_EMBEDDED_PACK={path}");
    println!("cargo::rustc-cfg=codeyear_embedded_pack");
    Ok(())
}

/// Returns what a link of this package leads to. Where links cannot be made, as on most machines with Windows, Git writes a
/// file with the path in its place. A published package has the folder itself.
fn linked(name: &str) -> PathBuf {
    println!("cargo::rerun-if-changed={name}");
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    match std::fs::read_to_string(package.join(name)) {
        Ok(path) => package.join(path.trim_end()),
        Err(_) => package.join(name),
    }
}

/// Writes for the derivation of schemas which types are texts, and tells the build script of the package that writes
/// reports.
#[cfg(feature = "schema")]
fn name_texts() {
    let config = TEXTS
        .iter()
        .fold(utoipa_config::Config::new(), |config, name| {
            config.alias_for(name, "String")
        });
    config.write_to_file();
    println!("cargo::metadata=TEXTS={}", TEXTS.join(" "));
}
