//! The one place with SQL: facts in, history out.
//!
//! A [`Store`] is one SQLite file. Releases go in through a [`Writer`], which is one transaction:
//! whatever ends it early leaves the file as it was. Spans are derived in that same transaction.

mod addenda;
mod backup;
mod book;
mod create;
mod database;
mod days;
mod derive;
mod digests;
mod documents;
mod documents_proof;
mod earlier;
mod entries;
mod files;
mod fresh;
mod histories;
mod lineage;
mod listing;
mod new_documents;
mod note_codes;
mod orders;
mod pcs_terms;
mod proof;
mod query;
mod remove;
mod rows;
mod runs;
mod schema;
mod search;
mod soundness;
mod source;
mod spans;
mod sqlite;
mod tree;
mod vocabulary;
mod write;

pub use addenda::NewAddenda;
pub use database::Store;
pub use files::NewFile;
pub use listing::Listing;
pub(crate) use listing::{Differences, FoundCode};
pub use new_documents::{Contents, NewDocument};
pub(crate) use pcs_terms::PcsTerms;
#[doc(hidden)]
pub use query::StoredPatch;
pub use schema::SCHEMA_VERSION;
pub(crate) use search::{GivenPart, ListedEntries};
pub use source::{CodeSource, StoreRef, StoredCodes, first_billable};
pub(crate) use vocabulary::{Vocabulary, letters_of};
pub use write::{NewRelease, Rows, Writer};

#[doc(hidden)]
pub use histories::Histories;
#[doc(hidden)]
pub use search::{FoundItem, Words};
