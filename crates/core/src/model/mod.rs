//! Nouns and pure rules of the field: codes, releases, entries, verdicts, changes.
//!
//! Nothing here reads a file, a clock or a database. How a value stands in JSON is derived here, and written elsewhere.

mod addenda;
mod answer;
mod browse;
mod calendar;
mod change;
mod change_lineage;
mod chapter;
mod code;
mod code_set;
mod conversion;
mod document;
mod entry;
mod export;
mod found;
mod impact;
mod index;
mod lineage;
mod named;
mod note_change;
mod note_pairs;
mod ohdsi;
mod page;
mod pcs;
mod poa;
mod release;
mod sets;
mod span;
mod tabular;
mod tabular_pairs;
mod timeline;
mod trace;
mod unread;
mod verdict;

pub use addenda::{Addenda, AddendaAction, AddendaCounts, AddendaRow, FooterBlock, Replay, replay};
pub use answer::{Answer, Basis, CodeHistory, HistorySpan, Warning};
pub use browse::{Browse, BrowsedCode, BrowsedPlace, Holding};
pub use calendar::{Calendar, ReleaseName};
pub use change::{
    Change, ChangeKind, ChangeSet, CmsCounts, CmsFooter, Counts, OnlyList, TitleChange,
    compare_titles, count_by_kind,
};
pub use change_lineage::{ChangeLineage, LineageWay};
pub use chapter::{Chapter, chapter_of, chapters};
pub use code::{BothForms, Code, CodeRange, Malformed, MalformedCode};
#[doc(hidden)]
pub use code::{CodeHash, both_forms};
pub use code_set::{
    Book, CodeSet, CodeSetFacts, DaysOf, FhirSystem, LevelName, Levels, X12Qualifiers,
};
pub use conversion::{
    ConversionRow, ConversionTable, Expansion, Previous, PreviousGroup, PreviousPart, RowFlaw,
    TabularOrder,
};
pub use document::{Document, DocumentKind, FileRef, ReleasePart};
pub use entry::{Entry, RowRef, ValidDays};
pub use export::{CodeFlag, ExportedPeriod, ExportedSpan, Listings};
pub use found::{FoundEntry, FoundIn, FoundStanding, SearchReport};
pub use impact::{
    Effect, Impact, Relation, Severity, Touch, Usage, UseCount, UsedCode, UsedStanding, weigh,
};
pub use index::{
    AlphabeticIndex, IndexCell, IndexHeading, IndexKind, IndexReference, IndexTarget, IndexTerm,
    IndexTitle, ReferenceKind, path_text,
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
pub use ohdsi::{
    Concept, ConceptPair, InvalidReason, Relationship, Vocabulary, concept_id, ohdsi_open_end,
};
pub use page::{
    CodePage, Comparison, DocumentSource, ExplainedCharacter, IndexEntries, IndexLink, LastChange,
    LinkedBy, Mention, NotesAt, PcsDefinition, PcsPage, PlaceInBook, PlaceKind, SeventhCharacters,
};
pub use pcs::{
    DeviceAggregate, PcsAxis, PcsCharacter, PcsClosestRow, PcsDefinitions, PcsIndex, PcsIndexTerm,
    PcsLabel, PcsPointer, PcsPointerKind, PcsReference, PcsRefusal, PcsRow, PcsSection, PcsStop,
    PcsTable, PcsTables, PcsTerm,
};
pub use poa::{PoaAction, PoaKind, PoaList, PoaRow, PoaSpan};
pub use release::{ListedBy, LoadedRelease, Provenance, ReleaseId, Trust};
pub use sets::Sets;
pub use span::{Span, Spans, merge_by};
#[doc(hidden)]
pub use span::{day_before, ended_by, is_within, push_merged};
pub use tabular::{
    BlockReference, DifferenceKind, ExpandedCode, ListedRow, NodeKind, NoteGroup, NoteKind,
    SeventhCharacter, Tabular, TabularDifference, TabularNode, VisualCategory, VisualRange,
};
pub use tabular_pairs::{TabularPairs, compare_tabular};
pub use timeline::{ListedDays, Period, Timeline};
pub use trace::{ConversionFact, Conversions, ListedOn};
pub use unread::{Unread, UnreadKind, UnreadList};
pub use verdict::{Status, UnknownReason, Verdict, VerdictKind, judge, judge_listing};
