//! Writes which types are texts in JSON, for its schemas.

#[cfg(feature = "schema")]
include!("texts.rs");

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=texts.rs");
    #[cfg(feature = "schema")]
    name_texts();
}
