//! An archive, folder or file as published, and the catalogue that says what it is.
//!
//! [`archive`] walks what the user named and finds the files in it, [`recognise`] tells by content
//! what each is, [`identify`] tells which release it belongs to, and [`catalogue`] holds what is known
//! of every release. Nothing here touches the database, and nothing is unpacked to disk.

pub mod archive;
pub mod catalogue;
pub mod identify;
pub mod names;
pub mod recognise;
pub mod sample;

use sha2::{Digest, Sha256};

/// Gives the SHA-256 of bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(digest: &[u8]) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
