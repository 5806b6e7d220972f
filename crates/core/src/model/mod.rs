//! Nouns and pure rules of the field: codes, releases, entries, verdicts, changes.
//!
//! Nothing here reads a file, a clock or a database. How a value stands in JSON is derived here, and written elsewhere.

mod addenda;
mod answer;

mod browse;
mod calendar;
mod change;
mod change_lineage;
mod change_set;
mod chapter;
mod code;
mod code_set;
mod conversion;
mod date_format;
mod document;
mod entry;
mod export;
mod found;
mod impact;
mod index;
mod lineage;
mod named;
mod note_change;
mod note_codes;
mod note_pairs;
mod ohdsi;
mod page;
mod part;
mod pcs;
mod pcs_page;
mod poa;
mod proof;
mod release;
mod sets;
mod span;
mod stored;
mod tabular;
mod tabular_pairs;
mod timeline;
mod trace;
mod typed;
mod unread;
mod verdict;
mod warning;

pub use addenda::{Addenda, AddendaAction, AddendaCounts, AddendaRow, FooterBlock, Replay, replay};
pub use answer::{Answer, Basis, CodeHistory, HistorySpan};
pub use browse::{Browse, BrowsedCode, BrowsedPlace, Holding};
pub use calendar::{Calendar, ReleaseId, ReleaseName};
pub use change::{Change, ChangeKind, TitleChange, compare_titles};
pub use change_lineage::{ChangeLineage, LineageWay};
pub use change_set::{ChangeSet, CmsCounts, CmsFooter, Counts, OnlyList, count_by_kind};
pub use chapter::{Chapter, chapter_of, chapters};
pub use code::{BothForms, Code, CodeRange, Malformed, MalformedCode};
#[doc(hidden)]
pub use code::{CodeHash, both_forms};
pub use code_set::{
    Book, CodeSet, CodeSetFacts, DaysOf, FhirSystem, Label, LabelMeaning, LevelName, Levels,
    OtherCodeSet, TakenIn, WordFile, X12Qualifiers,
};
pub use conversion::{
    ConversionRow, ConversionTable, Expansion, Previous, PreviousGroup, PreviousPart, RowFlaw,
    TabularOrder,
};
pub use date_format::{DateFormat, DateParts, DatePattern, UnknownDateFormat};
pub use document::{Document, DocumentSource, OtherBecause};
pub use entry::{Entry, RowRef, ValidDays};
pub use export::{CodeFlag, ExportedPeriod, ExportedSpan, Listings};
pub use found::{
    FoundEntry, FoundIn, FoundStanding, LookElsewhere, ReadAs, ReadAsKind, SearchReport,
};
pub use impact::{
    Effect, Impact, Relation, Severity, Touch, Usage, UseCount, UsedCode, UsedStanding, weigh,
};
pub use index::{
    AlphabeticIndex, IndexCell, IndexHeading, IndexReference, IndexTarget, IndexTerm, IndexTitle,
    ReferenceKind, path_text,
};
pub use lineage::{
    CodeLineage, Conversion, Fate, Lineage, LineageKind, LineageLink, ListedAs, Retirement,
    Successor, TraceEnd,
};
#[doc(hidden)]
pub use named::named;
pub use note_change::{
    NodeName, NodeStanding, NoteChange, NoteChangeKind, NoteCounts, NoteEdit, NotePlace,
    NotesReport, RowChange, SeventhCharacterChange,
};
pub use note_codes::{NamedCode, codes_in, named_codes};
pub use ohdsi::{
    Concept, ConceptPair, InvalidReason, Relationship, Vocabulary, concept_id, ohdsi_open_end,
};
pub use page::{
    CodePage, Comparison, Difference, IndexEntries, IndexLink, LastChange, LinkedBy, Mention,
    Neighbors, NotesAt, NotesNaming, PlaceInBook, PlaceKind, RecentChange, SeventhCharacters,
};
pub use part::{DocumentKind, FileRef, IndexKind, ReleasePart};
pub use pcs::{
    DeviceAggregate, PcsAxis, PcsCharacter, PcsClosestRow, PcsDefinitions, PcsIndex, PcsIndexTerm,
    PcsLabel, PcsPointer, PcsPointerKind, PcsReference, PcsRefusal, PcsRow, PcsSection, PcsStop,
    PcsTable, PcsTables, PcsTerm,
};
pub use pcs_page::{ExplainedCharacter, PcsDefinition, PcsPage};
pub use poa::{PoaAction, PoaKind, PoaList, PoaRow, PoaSpan};
pub use proof::{Proof, ProofOutcome, ProofSubject, StoreFault, StoreProof};
pub use release::{ListedBy, LoadedRelease, Provenance, Trust};
pub use sets::Sets;
pub use span::{Span, Spans, merge_by};
#[doc(hidden)]
pub use span::{day_before, ended_by, is_within, push_merged};
pub use stored::{Added, SourceFile, StoreKind, StoredDocument, StoredRelease};
pub use tabular::{
    BlockReference, DifferenceKind, ExpandedCode, ListedRow, NodeKind, NoteGroup, NoteKind,
    SeventhCharacter, Tabular, TabularDifference, TabularNode, VisualCategory, VisualRange,
};
pub use tabular_pairs::{TabularPairs, compare_tabular};
pub use timeline::{ListedDays, Period, Timeline};
pub use trace::{ConversionFact, Conversions, ListedOn};
pub use typed::{
    TypedCode, TypedDay, TypedRelease, TypedReleases, TypedYear, typed_code, typed_codes,
};
pub use unread::{Unread, UnreadKind, UnreadList};
pub use verdict::{Status, UnknownReason, Verdict, VerdictKind, judge, judge_listing};
pub use warning::Warning;
