//! Files of one command that say different things of one release.
//!
//! Which of them is right cannot be known, and the order of the arguments must not decide. An import that meets
//! such files begins again and takes none of them.

use crate::error::Error;
use crate::model::{CodeSet, ReleaseId, ReleasePart};

/// What a release has one of: its order file, its addenda, its document of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) code_set: CodeSet,
    pub(super) id: ReleaseId,
    pub(super) kind: ReleasePart,
}

impl Item {
    /// Returns the error of a file that is one of several for this.
    pub(super) fn error(self) -> Error {
        Error::conflict(format!(
                "another file of this command is the {} of {} {} as well, with other contents",
                self.kind.label(),
                self.code_set.name(),
                self.id
            ),
        )
        .with_hint(
            "name only the right one; a correction is imported after what it corrects, with --revision",
        )
    }
}
