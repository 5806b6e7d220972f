//! Finds the folders of the repository that are compiled in. Writes which types are texts in JSON, for its schemas.

use std::path::{Path, PathBuf};

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

fn main() {
    #[cfg(feature = "schema")]
    name_texts();
    println!("cargo::rerun-if-changed=build.rs");
    for (name, variable) in [
        ("releases", "CODEYEAR_CATALOGUE_FOLDER"),
        ("migrations", "CODEYEAR_MIGRATIONS_FOLDER"),
    ] {
        println!("cargo::rustc-env={variable}={}", linked(name).display());
    }
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

/// Writes for the derivation of schemas which types are texts, and passes them to the build script of the package that
/// writes reports.
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
