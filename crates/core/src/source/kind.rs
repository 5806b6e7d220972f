//! What a file turns out to be.

use crate::model::{CodeSet, DocumentKind, ReleasePart};

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The order file of a code set.
    OrderFile(CodeSet),
    /// The order addenda of a code set.
    OrderAddenda(CodeSet),
    /// A file around the order file.
    Document(DocumentKind),
    /// A zip archive, perhaps with the above in it.
    Zip,
    /// Something that stands where a file should be and is not it, in words: a web page under the name of a file of
    /// another kind, a text in UTF-16. It has failed, and is not merely left.
    Broken(&'static str),
    /// Something that this version does not take, in words.
    Other(&'static str),
}

impl FileKind {
    /// Returns the kind of a file of a release of a code set.
    pub fn of(part: ReleasePart, code_set: CodeSet) -> FileKind {
        match part {
            ReleasePart::OrderFile => FileKind::OrderFile(code_set),
            ReleasePart::OrderAddenda => FileKind::OrderAddenda(code_set),
            ReleasePart::Document(kind) => FileKind::Document(kind),
        }
    }

    /// Returns which file of a release it is; `None` if no import takes it.
    pub fn part(self) -> Option<ReleasePart> {
        match self {
            FileKind::OrderFile(_) => Some(ReleasePart::OrderFile),
            FileKind::OrderAddenda(_) => Some(ReleasePart::OrderAddenda),
            FileKind::Document(kind) => Some(ReleasePart::Document(kind)),
            FileKind::Zip | FileKind::Broken(_) | FileKind::Other(_) => None,
        }
    }
}
