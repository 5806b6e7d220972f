//! An archive, folder or file as published, and the catalogue that says what it is.
//!
//! `archive` walks what the user named and finds the files in it, `recognise` tells by content
//! what each is, `identify` tells which release it belongs to, and [`catalogue`] holds what is known
//! of every release. Nothing here touches the database, and nothing is unpacked to disk.

#[cfg(feature = "import")]
pub mod archive;
pub mod catalogue;
#[cfg(feature = "import")]
pub mod identify;
pub mod kind;
#[cfg(feature = "import")]
pub mod names;
#[cfg(feature = "import")]
pub mod recognise;
pub mod sample;

use sha2::{Digest, Sha256};

use chrono::NaiveDate;

use crate::model::RowRef;
use crate::parse::order::OrderFile;

/// Returns the SHA-256 of bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Returns the hexadecimal digits of a digest.
#[doc(hidden)]
pub fn hex(digest: &[u8]) -> String {
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// A SHA-256 over the rows of a release, by which the same contents in other bytes are known.
///
/// The rows are taken in tabular order, each as code, tab, `0` for a header or `1`, tab, short title, tab,
/// long title, line feed. Blanks at the end of a title do not count: editors strip them. Where rows name their valid
/// days, the first and the last one (or nothing) stand before the titles, each with a tab behind it.
#[derive(Debug, Clone, Default)]
pub struct RowsHash(Sha256);

impl RowsHash {
    /// Returns the hash of no rows.
    pub fn new() -> RowsHash {
        RowsHash::default()
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &RowRef<'_>) {
        let day = |day: NaiveDate| format!("{day}\t");
        let first = row.days.map(|days| day(days.first));
        let last = row.days.map(|days| days.last.map_or("\t".to_owned(), day));
        for part in [
            row.code.as_str(),
            if row.billable { "\t1\t" } else { "\t0\t" },
            first.as_deref().unwrap_or_default(),
            last.as_deref().unwrap_or_default(),
            row.short_title.trim_end_matches(' '),
            "\t",
            row.long_title.trim_end_matches(' '),
            "\n",
        ] {
            self.0.update(part.as_bytes());
        }
    }

    /// Returns the hash in lower-case hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Returns the [`RowsHash`] of an order file.
pub fn rows_sha256(order: &OrderFile) -> String {
    let mut hash = RowsHash::new();
    for row in order.rows() {
        hash.add(&order.row(row));
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;

    const ROWS: &str = concat!(
        "00001 L70     0 Acne                                                         Acne\r\n",
        "00002 L705    1 Acne excoriee                                                Acne excoriee\r\n",
    );

    fn hash(text: &str) -> String {
        rows_sha256(&OrderFile::parse(CodeSet::Icd10Cm, text.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn the_hash_of_the_rows_is_that_of_a_plain_text_of_them() {
        let plain = "L70\t0\tAcne\tAcne\nL705\t1\tAcne excoriee\tAcne excoriee\n";
        assert_eq!(hash(ROWS), sha256_hex(plain.as_bytes()));
        assert_eq!(RowsHash::new().finish(), sha256_hex(b""));
    }

    #[test]
    fn the_same_rows_in_other_bytes_have_the_same_hash_and_other_rows_have_another() {
        for same in [
            ROWS.replace("\r\n", "\n"),
            format!("\u{feff}{ROWS}"),
            format!("{ROWS}\r\n"),
            ROWS.trim_end().to_owned(),
            ROWS.replace("\r\n", "  \r\n"),
        ] {
            assert_eq!(hash(&same), hash(ROWS), "{same:?}");
        }
        for other in [
            ROWS.replace("L705    1", "L705    0"),
            ROWS.replace("     Acne excoriee", "     Acne Excoriee"),
            ROWS.replace("L705 ", "L706 "),
        ] {
            assert_ne!(hash(&other), hash(ROWS), "{other:?}");
        }
    }
}
