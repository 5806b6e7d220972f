//! Import: files as published, recognised, identified, parsed and stored in one transaction.
//!
//! One thread unpacks and hashes, the next parses and this one writes, each a file behind the one before, so that
//! memory does not grow with the number of releases. A release is the unit: what can be taken is taken, and what cannot
//! is named with its reason, unless the user wants all or nothing. What is taken goes in at once, or not at all.

mod ahead;
mod complete;
mod documents;
mod group;
mod identity;
mod import;
mod message;
mod packing;
mod prepare;
mod preparer;
mod report;
mod resolve;
mod rivals;
mod run;
mod write;

pub use import::{import, import_if_any, import_sample, remove};
pub use packing::{Packing, Removed, choose_for_pack, import_pack, pack_would_add};
pub use report::{Failed, ImportOptions, ImportProgress, ImportReport, Imported, Skipped};
