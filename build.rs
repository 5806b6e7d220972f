//! Builds the pack that `CODEYEAR_EMBED_PACK` names into the program; without it nothing is built in.

use std::path::Path;

/// How every pack begins, as in `crates/core/src/pack/format.rs`.
const MAGIC: &[u8] = b"\x89CYPACK\n";

fn main() -> Result<(), String> {
    println!("cargo::rustc-check-cfg=cfg(codeyear_embedded_pack)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CODEYEAR_EMBED_PACK");
    let Some(file) = std::env::var_os("CODEYEAR_EMBED_PACK").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let fail = |error: &dyn std::fmt::Display| {
        format!(
            "CODEYEAR_EMBED_PACK={}: {error}",
            Path::new(&file).display()
        )
    };
    // A path is meant from the top of the repository; one that begins at the root of the disk stays as it is.
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
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
