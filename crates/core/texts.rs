// Part of the build scripts of this crate and of the one that writes reports.

/// The types that JSON has as texts: codes, days, releases, and enums, which are written as their fixed name. No type with
/// another shape in JSON may have one of these names.
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

/// Writes for the derivation of schemas which types are texts.
fn name_texts() {
    let config = TEXTS.iter().fold(utoipa_config::Config::new(), |config, name| {
        config.alias_for(name, "String")
    });
    config.write_to_file();
}
