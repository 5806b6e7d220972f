//! What tools write where there is no value.

/// What stands in cells without a value: what databases, data frames and statistics packages write, in either case.
const MARKERS: [&[u8]; 12] = [
    b"null", b"na", b"n/a", b"#n/a", b"<na>", b"nan", b"nat", b"none", b"(null)", b"\\n", b".",
    b"-",
];

/// What stands in cells without a value, blanks aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nulls {
    /// What the user says, as it stands there.
    more: Vec<String>,
}

impl Nulls {
    /// Makes the markers with what the user says.
    pub fn new(more: Vec<String>) -> Nulls {
        Nulls { more }
    }

    /// Checks whether the user says of more markers: a code may be one of them.
    pub(super) fn has_more(&self) -> bool {
        !self.more.is_empty()
    }

    /// Adds a marker.
    pub(super) fn add(&mut self, marker: &str) {
        self.more.push(marker.to_owned());
    }

    /// Checks whether a cell holds no value: it is blank or one of the markers.
    pub(super) fn are(&self, cell: &[u8]) -> bool {
        let cell = cell.trim_ascii();
        cell.is_empty() || self.is_marker(cell)
    }

    /// Checks whether a text without blanks around it is a marker.
    #[inline]
    pub(super) fn is_marker(&self, text: &[u8]) -> bool {
        /// The longest of the markers.
        const LONGEST: usize = 6;
        // Nearly no code begins as a marker does: the others are told by one byte.
        let begins = matches!(
            text.first(),
            Some(b'n' | b'N' | b'#' | b'<' | b'(' | b'\\' | b'.' | b'-')
        );
        if !begins && self.more.is_empty() {
            return false;
        }
        let is_known = || {
            MARKERS
                .iter()
                .any(|marker| text.eq_ignore_ascii_case(marker))
        };
        (text.len() <= LONGEST && is_known())
            || self.more.iter().any(|more| more.as_bytes() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_known_in_either_case_and_codes_are_none() {
        let nulls = Nulls::new(vec!["missing".to_owned()]);
        for text in [
            "", " ", "NULL", "null", "NA", "\\N", "nan", "NaN", "None", "N/A", ".", "-", "<NA>",
            " NULL ", "missing",
        ] {
            assert!(nulls.are(text.as_bytes()), "{text:?}");
        }
        for text in ["I10", "N18", "NAN1", "Missing", "0", "~", "--"] {
            assert!(!nulls.are(text.as_bytes()), "{text:?}");
        }
        assert!(
            MARKERS
                .iter()
                .all(|marker| marker.len() <= 6 && Nulls::default().is_marker(marker))
        );
    }
}
