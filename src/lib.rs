//! codeyear keeps every release of the US medical code sets and answers what a code meant on a date.
//!
//! Each fiscal year, and some Aprils, CMS and NCHS publish new editions of ICD-10-CM and ICD-10-PCS.
//! codeyear imports each official release into one SQLite file, with the tabular list, indexes, tables,
//! conversion tables and POA-exempt lists around it, and keeps every version. It tells whether a code is
//! [valid on a date](answer::check), [what became of it](answer::history), what [stands around
//! it](answer::show) on that date, which codes [some words](answer::search) mean, and [what
//! changed](answer::diff) between any two releases, and [proves](answer::verify) what it holds against the
//! publishers' own addenda.
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
//! let answer = answer::check(&store.codes(CodeSet::Icd10Cm)?, "C7B", day)?;
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
//! zip, folder, file ─ source ─ recognised members ─ parse ─┬─ order files, addenda ─┐
//!                        │                                 └─ documents ────────────┤ ingest: one
//!                    catalogue ─ which release? ────────────────────────────────────┤ transaction
//!                                                                                   ▼
//!        present ◄─ values ◄─ answer ◄─┬─ facts: entries, listings, items, runs ◄─ store (SQLite)
//!           ▼                          └─ derived: spans, words to search by
//!   text, JSON, Markdown, CSV, HTML, XLSX, Parquet
//! ```
//!
//! # The packages
//!
//! Each package knows only those above it in this list; their manifests hold them to it. This one puts one namespace in
//! front of all.
//!
//! | package | module | what it is |
//! |---|---|---|
//! | `codeyear-core` | see below | what a code meant on a date: the store and every question of it |
//! | `codeyear-fetch` | `fetch` | official archives from their publishers, proven by their hash; the only part that connects to others |
//! | `codeyear-claims` | [`claims`] | many claims at once: readers, uses of codes, the compact index in memory, verdicts, summary |
//! | `codeyear-fhir` | [`fhir`] | a FHIR terminology server's answers without the server: a request as values in, a status and JSON out |
//! | `codeyear-report` | [`present`] | what is said, as blocks of a report; text, Markdown, AsciiDoc, HTML, CSV, JSON, Parquet, workbooks |
//! | `codeyear-server` | [`web`] | one server over one file: JSON, pages, FHIR |
//! | `codeyear` | [`cli`] | one verb a file |
//! | `codeyear-python` | | the program as a Python extension: what a wheel holds |
//!
//! Each layer of the core knows only those above it; a test reads the sources and holds them to it.
//!
//! | layer | what it is |
//! |---|---|
//! | [`error`] | the one error: what, where, what was expected, what to do |
//! | [`model`] | nouns and pure rules: codes, releases, verdicts, changes, and how they stand in JSON; no I/O, no clock, no SQL |
//! | [`parse`] | one file a format: bytes to values |
//! | [`source`] | archives, folders and files as published; recognising and identifying them; the catalogue |
//! | [`pack`] | the official files of all releases in one file, as a build ships it |
//! | [`store`] | the only place with SQL: facts, spans derived from them, queries |
//! | [`ingest`] | source, pack, parse and store joined: what can be taken is stored at once, what cannot is named |
//! | [`answer`] | questions joined from store and catalogue: check, history, show, browse, compare, search, diff, releases, verify, and all codes at once for an export |
//!
//! # Why it is cut so
//!
//! - **Packages are cut where the dependencies are.** Whoever asks what a code meant needs SQLite and neither a web server
//!   nor Parquet, and a change of a page is built without the core. The core is one package and not five, because its
//!   unit tests ask questions of a store that was filled by an import of the sample; `default-features = false` leaves
//!   the import out. Catalogue and schema stay at the top of the repository, where people look for them; the package
//!   links to them, and what is published holds the files themselves.
//! - **A wheel holds an extension and not the program.** Its one script calls [`cli::main`], so that the program is in it
//!   once, with the history, whatever Python is given to call beside it. It is no default member: everything else is
//!   built without a Python.
//! - **The history is built into the program and not into the core.** A program with another pack compiles this package
//!   alone, and other programs built on the library carry none.
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
//! - **A document is items stored once, and runs.** A tabular list, index, conversion table, POA-exempt list
//!   or PCS table is an ordered list of items (a node with its notes, a term with its references, a row), and
//!   most items are last year's: so each is stored once, whatever documents hold it, and a document is runs of
//!   consecutive items, exactly as a listing is runs of entries. A node holds what stands in it and not what
//!   stands below it, so that a note changed at one code costs that node and not its chapter.
//! - **Words are indexed beside the facts, not copied.** `search` is a full-text index without contents of its
//!   own over the view `searchable`: titles, inclusion terms, paths of the terms of both indexes. It indexes an item once
//!   however many releases hold it; which of what is found holds on the day asked for is told afterwards, by
//!   the runs. It is written in the import's own transaction, so that it is never behind.
//! - **What is found is weighed by what it says beyond.** `answer::search` reads what was typed (reviewed files of
//!   words, spelling by the words of the texts), finds texts that have all of it, and ranks by what a text says
//!   besides: `unspecified` costs least, who is a mother or a newborn or what was costs most, what a title denies is
//!   not meant. Of the table of drugs a row and a column together are such a text. So no code is named anywhere, and of
//!   whole queries only what people call one thing; sets of queries with a floor hold it.
//! - **What people type is read in one place.** [`model::typed_codes`], [`model::TypedDay`] and
//!   [`model::TypedReleases`] serve the command line, the pages and the JSON API alike. Claims are read to the letter:
//!   there a dot too many is an error that someone has to know of.
//! - **A database is asked as it is, and brought up to date by the next import.** What a later schema has
//!   more stands in empty temporary tables until then, so that a reader needs no permission to write.
//! - **Notes are the fiscal year's, and another year's only where that is said.** A page takes notes and index entries
//!   from the release in force, or from another release of the same fiscal year that lists the code in the same way, and
//!   names it. Where the year has no tabular list, a page folds the notes of the newest earlier one under its name, again
//!   only if flag and title are the same; nothing is compared or judged by them, and no other door has them.
//!   [`model::DocumentSource`] is a closed enum of the release's own document, another's with the reason why, and none. A
//!   search may find a code by another year's term, because it only leads to the code; it names the year.
//! - **Which notes name a code is read once.** The notes of a tabular list are read when the first page asks for them,
//!   [`model::named_codes`] finds the codes in them, and handles on one state of the database share what was found: a
//!   table of it would have to be kept true through every import, for one part of one page.
//! - **What a coder asks of a code is answered once**, by the questions of `codeyear-report`, from the page's value; what a
//!   question answers is not said again below it.
//! - **A release without order file is listed from its tabular list**, expanded by the rule of 7th characters;
//!   `release.listed_by` keeps which of the two it is, and the file that answers rest on is the list. When the
//!   order file comes it takes the listing's place, and what differs is kept in `tabular_difference`. So the
//!   end is the same whichever file came first.
//! - **Ranges of conversion tables are expanded when a question is asked.** A cell such as `Codes in Categories T15-T19` means the
//!   codes that were billable on the eve of the change, in tabular order; which they are depends on the
//!   releases that are loaded by then. Stored codes would depend on the order of import; stored ends do not.
//! - **An export is one pass, and everything else in memory.** Spans are read once in the order of codes and
//!   written as they come. What their rows need of other codes (how a successor is listed on a day) is told
//!   from [`model::Listings`], which holds the days of all codes without their titles, and all conversions
//!   are loaded once. So 270,000 rows take half a second, and an export holds no titles but those of a batch.
//! - **A local concept number is a digest, not a count.** Numbers given out in order would differ with what is
//!   loaded. OHDSI's tools take 32 bits, and no code of seven characters fits into what is left of those
//!   above 2,000,000,000: so codes are hashed, those that are known to collide have another number by a table
//!   that only grows, and a collision that no table knows stops the export.
//! - **Ten million questions are answered by the rules of one.** Every question of a code is asked of a
//!   [`store::CodeSource`], a code set as the loaded releases have it: [`store::StoredCodes`] in the database,
//!   [`claims::InMemory`] in a compact index. Both get the same verdict and the same codes to use, and a source gives
//!   the database that goes with it, so that no question takes one beside it. The index comes from the table `lives`, which is derived
//!   from the spans in the import's own transaction and proven by `verify`: a hundred thousand rows of spans take
//!   longer to read than many a file of claims.
//! - **Days are spans, and one rule judges them.** [`model::Span`] is a stretch of days with what holds on it, whatever
//!   that is: an entry, a flag, a title; it has the one test of a day. [`model::Timeline::cut`] is the one place where
//!   spans become true dates, and [`model::judge`] the one rule that makes a [`model::Status`] of them; `check`, the
//!   audit, FHIR and exports differ in what they ask for beside it, not in the rule. [`model::Period`] has an end of
//!   its own type, because a release always has one. Lookups are a trait on slices ([`model::Spans`]) and not a type
//!   of their own, because the index in memory keeps the spans of all codes in one vector.
//! - **One table says what is true of a code set**: [`model::CodeSetFacts`], a row for each, with its names, shape, dot,
//!   chapters, the words for the levels of its book, its documents, its calendar; [`model::Sets`] holds one value for
//!   each. What an answer does otherwise for one set than for another is asked of that row (has it conversion tables? is
//!   its book a tabular list or tables?), not of its name: only the table, the catalogue and the parsers name a set. A
//!   third one, of invented codes, is compiled in for a test alone (`tests/toy`) and shows it.
//! - **A release is named within a calendar.** [`model::Calendar`] says what the year and the month of a
//!   [`model::ReleaseId`] mean, when releases take effect and how long one governs; [`model::ReleaseName`] is what
//!   someone types who need not say whose calendar it is, and becomes a release once the code set is known. Where the
//!   rows of releases name the valid days themselves ([`model::DaysOf::Rows`]), the newest release tells the days of a
//!   code, those before it as well, and each release its titles; from there on spans are spans like any other.
//! - **A code knows its code set.** It is written as people of that set write it, dotted or not, without anything
//!   passed beside it, and a code of one set is never one of another.
//! - **A name is derived, a reason is a type.** The fixed name of a value without contents comes from `strum`, and
//!   where files or tables hold it, it is read back by `parse`; what is said of a code that cannot be one is [`model::Malformed`], which can leave the
//!   text out, as an audit must.
//! - **A value of the model is its JSON.** What an answer has as the model has it is serialized from there: an entry, a
//!   place in the book, a step of the lineage, what rests on which file. Names stay those of `docs/json.md`, which a
//!   test holds to the letter. A shape of its own, in `present`, has only what differs from its value: an answer, whose
//!   verdict stands beside the rest in a fixed order; a page, a change, an overview of releases, which add what is
//!   derived; what is counted for a reader. The schemas of the JSON are derived from the same types; that codes, days
//!   and names are texts there is said once, in `build.rs`.
//! - **A report is said once.** What is said of a code, the change report and the summary of an
//!   audit are blocks ([`present::tree`]): headings, sentences, tables, lists of codes, changes, sources; codes and days in
//!   them are values, so that a terminal writes `2025-09-30` where a page writes a long day and links the code. A format
//!   is a file of [`present::render`]. Pages take blocks and keep their own frame, pictures and links; the CSV and the
//!   workbook are tables of the values themselves. Answers that only a terminal words (imports, proofs, overviews) stay
//!   text: blocks would only copy them.
//! - **Which release a file is, evidence decides in an order.** [`source::identify`] asks for a hash that the
//!   catalogue knows (of the file, its rows, its archive), then the footer of the addenda, the file's own name, the
//!   archive's name; never for folders, into which people put what they like. What comes first outranks what
//!   follows, which only chooses among releases with the same bytes. Where two are left nothing is chosen, because
//!   a wrong release answers as confidently as a right one.
//! - **Rows have a hash beside their bytes.** `release.rows_sha256` is over the rows alone, so that the same contents
//!   with other line ends, a byte order mark or stripped blanks are known again, stored once, and still written back
//!   as they came: what stands around the rows is kept with the file.
//! - **A release is the unit of an import.** The order file is measured by the nearest release that the catalogue
//!   knows, and with it by its own addenda: a part is refused unless it is taken on purpose. What cannot be taken is
//!   in the report, with its reason; all that can goes into one transaction, so that a reader sees the state before
//!   or the state after. A dry run is that transaction, not committed.
//! - **Trust is stored with the release, and said where it answers.** [`model::Trust`] holds the provenance of the
//!   bytes, what a part lacks, and what the user insisted against. It travels with the [`model::Timeline`], which
//!   every answer asks for the release in force anyway, so that no answer can forget it; its words are said once, by
//!   [`model::Warning`].
//! - **A row is proven by its digest, what is derived by deriving it again.** `digest` has a hash of each table's rows,
//!   in segments by the growing key, one for what each import added: an import hashes what it adds, and `verify`
//!   hashes all. Spans and lives have none, because they are computed anew and compared; the full-text index has them by the
//!   groups in which it is written. A digest
//!   proves that rows are as they were stored, not that nobody rewrote both; for that there is the content hash.
//! - **What a document holds and no rule knows is kept.** An unknown attribute or element goes into `document_unread`
//!   as it stands and is counted in the report: next year's file must not fail for one new element, nor lose it.
//! - **Claims of every format go one way.** A reader gives a claim, or what of it cannot be read; the auditor judges its
//!   codes; a sink shapes what was found, as rows, objects or columns. Which code is judged on which day, what is
//!   counted, reported and refused is said once, between the two. Rows of CSV whose codes are all billable are
//!   answered before: that is a filter for speed, which hands every other row on.
//! - **Claims are read in blocks, and by lines only where nothing is quoted.** A block of whole rows goes to the next
//!   free thread and is written in its turn; as many go round as there are, so that memory does not grow with the
//!   file. A block without a quote is cut at delimiters and line ends, any other is read by the CSV library; a test
//!   holds the two to the same rows.
//! - **FHIR is answered without HTTP.** [`fhir`] takes a request as values and gives a status and JSON, so that
//!   a server only routes, and a test needs no port. It asks the same source as every other answer: what is
//!   asked a million times touches no database where a server holds the code sets in memory.
//!   A read of a code system names no concepts and says how many there are; the export has them all, one after
//!   the other.
//! - **The server answers from snapshots.** A snapshot is the index in memory and a few read-only handles, all
//!   pinned to one state of the database; a watch looks for another state, prepares the next snapshot whole and
//!   puts it in the place of the last. So no answer mixes two states, nobody waits for an import, and what an
//!   address gives can be tagged by the content hash. A check asks no database at all: the same rules run over
//!   the source in memory, now with titles, files and patches.
//! - **A pack is files, not a database.** What a program ships are the publishers' bytes, and the first question
//!   builds the database from them by the ordinary import: so a schema can change without a new pack, `verify`
//!   proves the result as it proves any import, and nobody has to believe a database that someone else made. A
//!   release shares nearly all of its bytes with the one before it, so that all of them together are smaller
//!   than the zips of two years.
//! - **The first import is another work than those after it.** It fills an empty database: the indexes by codes, the
//!   spans and the lives are made when all rows are there, whatever the order in which the files come, and nothing is
//!   written to be changed again. Where there is no database yet it is built beside its place, without a log, and put
//!   there whole; what ends the program before leaves none.
//! - **A patch is a point in time within its release**, not a change to the release: the order file written
//!   back stays the official one, and a diff compares what was published.

pub mod cli;

pub use codeyear_claims as claims;
pub use codeyear_core::{Error, ErrorKind, Result};
pub use codeyear_core::{answer, error, ingest, model, pack, parse, source, store};
#[cfg(feature = "fetch")]
pub use codeyear_fetch as fetch;
pub use codeyear_fhir as fhir;
pub use codeyear_report as present;
#[cfg(feature = "serve")]
pub use codeyear_server as web;

#[cfg(test)]
#[path = "../crates/testing.rs"]
mod testing;
