//! The release that an official addenda is against, and how it stands among the loaded ones.

use crate::error::Result;
use crate::model::{Addenda, CodeSet, ListedBy, ReleaseId, StoredRelease};
use crate::source::catalogue::{Catalogue, known_rows};
use crate::source::sample::sample_files;

/// The base of an addenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddendaBase {
    /// The release that the catalogue states, or that the footer's counts point to.
    pub stated: Option<ReleaseId>,
    /// The hash of that release's rows, if it is known.
    rows_sha256: Option<String>,
}

impl AddendaBase {
    /// Returns the base of the addenda of a release.
    ///
    /// The catalogue states it; of a release that it does not know, the footer's counts are compared with those
    /// of the loaded releases before it.
    pub(super) fn of(
        stored: &[StoredRelease],
        code_set: CodeSet,
        id: ReleaseId,
        addenda: &Addenda,
        sample: bool,
    ) -> Result<AddendaBase> {
        let of_set = || {
            stored
                .iter()
                .filter(move |one| one.release.code_set == code_set)
        };
        let known = if sample {
            let files = sample_files()?;
            let mut files = files.iter();
            let own = files
                .find(|file| file.is_addenda() && file.code_set == code_set && file.release == id);
            own.and_then(|file| file.addenda_base)
        } else {
            let known = Catalogue::bundled()?.find(code_set, id);
            known.and_then(|known| known.addenda_base)
        };
        let by_counts = || {
            let [headers, codes] = addenda.footer.as_ref()?;
            let mut earlier = of_set().filter(|one| one.release.id < id).rev();
            earlier
                .find(|one| {
                    one.release.billable == codes.old_rows
                        && one.release.rows == codes.old_rows + headers.old_rows
                })
                .map(|one| one.release.id)
        };
        let stated = known.or_else(by_counts);
        let rows_sha256 = match stated {
            None => None,
            Some(stated) => match of_set().find(|one| one.release.id == stated) {
                Some(loaded) => Some(loaded.release.trust.rows_sha256.clone()),
                // The sample's files are cut, so that the catalogue's hashes are not theirs.
                None if sample => None,
                None => known_rows(code_set, stated),
            },
        };
        Ok(AddendaBase {
            stated,
            rows_sha256,
        })
    }

    /// Checks whether a loaded release is the base: the stated one, or one with the same rows, as an April release without changes has.
    pub(super) fn is(&self, one: &StoredRelease) -> bool {
        Some(one.release.id) == self.stated
            || (one.release.listed_by == ListedBy::OrderFile
                && self.rows_sha256.as_ref() == Some(&one.release.trust.rows_sha256))
    }
}
