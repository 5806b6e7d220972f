//! Finds the page of the repository that is compiled in. Writes which types are texts in JSON, for its schemas.

use std::env::VarError;
use std::path::{Path, PathBuf};

fn main() -> Result<(), VarError> {
    println!("cargo::rerun-if-changed=build.rs");
    let page = linked("json.md");
    println!("cargo::rustc-env=CODEYEAR_JSON_PAGE={}", page.display());
    #[cfg(feature = "schema")]
    name_texts()?;
    Ok(())
}

/// Returns what a link of this package leads to. Where links cannot be made, as on most machines with Windows, Git writes a
/// file with the path in its place. A published package has the page itself.
fn linked(name: &str) -> PathBuf {
    println!("cargo::rerun-if-changed={name}");
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(package.join(name)).unwrap_or_default();
    let is_path = !text.is_empty() && text.lines().count() == 1;
    match is_path {
        true => package.join(text.trim_end()),
        false => package.join(name),
    }
}

/// Writes for the derivation of schemas which types are texts, as the build script of the core says.
#[cfg(feature = "schema")]
fn name_texts() -> Result<(), VarError> {
    let texts = std::env::var("DEP_CODEYEAR_CORE_TEXTS")?;
    let config = texts
        .split_whitespace()
        .fold(utoipa_config::Config::new(), |config, name| {
            config.alias_for(name, "String")
        });
    config.write_to_file();
    Ok(())
}
