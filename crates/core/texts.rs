// Part of the build scripts of this crate and of the one that writes reports.

/// The types that JSON has as texts: codes, days, releases, and the enums that are their fixed name.
const TEXTS: &[&str] = &[
    "ChangeKind",
    "Code",
    "CodeSet",
    "DocumentKind",
    "Fate",
    "IdentifiedBy",
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
    "ReleasePart",
    "Severity",
    "VerdictKind",
];

/// Tells the derivation of schemas which types are texts.
fn name_texts() {
    let config = TEXTS.iter().fold(utoipa_config::Config::new(), |config, name| {
        config.alias_for(name, "String")
    });
    config.write_to_file();
}
