//! Questions answered from the store: one module a question, each giving a value of the model.
//!
//! The pure rules (which release governs, how a change is classified, how an addenda replays) are the
//! model's; here they are fed from the store and joined with what the catalogue knows is missing. The
//! command line, a web page and a Rust user all get these same values.

mod addenda_base;
mod basis;
mod browse;
mod check;
mod compare;
mod consult;
mod detect;
mod diff;
mod diff_footer;
mod diff_lineage;
mod diff_notes;
mod diff_usage;
mod explain;
mod export;
mod history;
mod lineage;
mod ohdsi;
mod releases;
mod search;
mod show;
mod typed;
mod verdict;
mod verify;
mod verify_documents;

pub use basis::{find_release, missing_releases};
pub use browse::{BrowseAt, browse};
pub use check::{check, check_span};
pub use compare::compare;
pub use consult::ShowOptions;
pub use detect::{code_set_of, detect_among, detect_code_set};
pub use diff::{DiffScope, diff};
pub use export::{export_order_file, export_periods, export_spans, exported_code_sets};
pub use history::history;
pub use lineage::{lineage, poa_on, poa_spans, retirement};
pub use ohdsi::ohdsi_vocabulary;
pub use releases::{
    CoverageOfDay, ReleaseLine, ReleaseStatus, ReleasesOverview, coverage_on, releases,
};
#[doc(hidden)]
pub use search::search_without;
pub use search::{SearchOptions, may_be_of_another_book, search};
pub use show::show;
pub use typed::{CodesOfRange, SpeltOut, TypedRanges, typed_release, typed_releases};
pub use verify::{
    AddendaProof, FilesKnown, OrderFileProof, ReleaseProof, VerifyOptions, VerifyReport, verify,
};
pub use verify_documents::DocumentProof;

#[doc(hidden)]
pub use basis::{how_to_get, last_state, missing_between, warnings};
#[doc(hidden)]
pub use explain::explain;
#[doc(hidden)]
pub use lineage::with_listings;
#[doc(hidden)]
pub use verdict::verdict;
