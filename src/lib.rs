//! codeyear keeps every release of the US medical code sets and answers what a code meant on a date.
//!
//! Each fiscal year, and some Aprils, CMS and NCHS publish new editions of ICD-10-CM and ICD-10-PCS.
//! codeyear imports each official release into one SQLite file, keeps every version, tells whether a
//! code is [valid on a date](answer::check) and [what changed](answer::diff) between any two releases,
//! and [proves](answer::verify) what it holds against the publishers' own addenda.
//!
//! # In a program
//!
//! ```
//! use codeyear::model::{CodeSet, Verdict};
//! use codeyear::store::Store;
//! use codeyear::{answer, ingest};
//!
//! // A real program opens a file (`Store::open_or_create`) and imports official archives
//! // (`ingest::import`); the bundled sample needs no download.
//! let mut store = Store::in_memory()?;
//! ingest::import_sample(&mut store, "2026-03-01".parse().unwrap())?;
//!
//! let day = "2026-03-01".parse().unwrap();
//! let answer = answer::check(&store, CodeSet::Icd10Cm, "C7B", day)?;
//! match answer.verdict {
//!     Verdict::Header { billable_below, .. } => {
//!         assert_eq!(billable_below.first().unwrap().code.as_str(), "C7B00");
//!     }
//!     other => panic!("C7B is a header, not {}", other.name()),
//! }
//! # Ok::<(), codeyear::Error>(())
//! ```
//!
//! More in `examples/`: importing and checking, and a change report for one specialty.
//!
//! # The flow
//!
//! ```text
//! zip, folder, file ─ source ─ recognised members ─ parse ─ values ─┐
//!                        │                                          │ ingest: one transaction
//!                    catalogue ─ which release? ────────────────────┤
//!                                                                   ▼
//!        present ◄─ values ◄─ answer ◄─ facts, spans ◄─────────── store (SQLite)
//!           ▼
//!   text, JSON, Markdown, CSV, HTML
//! ```
//!
//! # The layers
//!
//! Each layer knows only those above it in this list; a test reads the sources and holds them to it.
//!
//! | layer | what it is |
//! |---|---|
//! | [`error`] | the one error: what, where, what was expected, what to do |
//! | [`model`] | nouns and pure rules: codes, releases, verdicts, changes; no I/O, no clock, no SQL, no serde |
//! | [`parse`] | one file a format: bytes to values |
//! | [`source`] | archives, folders and files as published; recognising and identifying them; the catalogue |
//! | [`store`] | the only place with SQL: facts, spans derived from them, queries |
//! | [`ingest`] | source, parse and store joined: an import is all or nothing |
//! | [`answer`] | questions joined from store and catalogue: check, history, diff, releases, verify |
//! | [`present`] | a value to text, JSON, Markdown, CSV or HTML |
//! | [`cli`] | one verb a file |
//!
//! # Why it is cut so
//!
//! - **`answer` is a layer of its own.** The point-in-time rule and the classification of changes are
//!   pure and live in `model`; a question needs the store's facts *and* the catalogue's knowledge of
//!   what is missing. Joining them in `store` would teach SQL about the catalogue, joining them in `cli`
//!   would leave a web page or a Rust user without them.
//! - **A listing is stored as runs.** A release takes over most of its predecessor's entries in the same
//!   order, so `listing_run` holds a few thousand runs of consecutive entries where a row for each line
//!   would be a hundred thousand a release; the view `listing` gives those rows. What differs between two
//!   releases falls out of comparing runs, so a diff and an import cost what changed. Releases with the
//!   same order file, such as an April update without changes, share one listing.
//! - **A span does not end where a year is missing.** `span` says from which release to which an entry is
//!   listed; which days are covered at all is a matter of the releases, not of the code, and stands once in
//!   `period` and `coverage`. So an import between two others touches only the codes that differ, and the
//!   views `code_history` and `code_on` give true dates.
//! - **A patch is a point in time within its release**, not a change to the release: the order file written
//!   back stays the official one, and a diff compares what was published.

pub mod answer;
pub mod cli;
pub mod error;
pub mod ingest;
pub mod model;
pub mod parse;
pub mod present;
pub mod source;
pub mod store;

pub use error::{Error, ErrorKind, Result};
