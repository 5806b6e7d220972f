//! Nouns and pure rules of the field: codes, releases, entries, verdicts, changes.
//!
//! Nothing here reads a file, a clock or a database, and nothing here knows how a value is shown
//! as JSON or HTML.

mod addenda;
mod answer;
mod change;
mod chapter;
mod code;
mod entry;
mod index;
mod pcs;
mod release;
mod tabular;
mod timeline;

pub use addenda::{Addenda, AddendaAction, AddendaCounts, AddendaRow, FooterBlock, Replay, replay};
pub(crate) use answer::eve;
pub use answer::{
    Answer, Basis, CodeHistory, HistorySpan, Life, Listed, Standing, UnknownReason, Verdict,
    Warning, judge,
};
pub use change::{
    Change, ChangeKind, ChangeSet, CmsCounts, Counts, OnlyList, TitleChange, compare_titles,
    count_by_kind,
};
pub use chapter::{Chapter, chapter_of, chapters};
pub use code::{Code, CodeRange, CodeSet, MalformedCode};
pub use entry::Entry;
pub use index::{
    AlphabeticIndex, IndexCell, IndexHeading, IndexKind, IndexReference, IndexTarget, IndexTerm,
    IndexTitle, ReferenceKind, path_text,
};
pub use pcs::{
    DeviceAggregate, PcsAxis, PcsCharacter, PcsClosestRow, PcsDefinitions, PcsIndex, PcsIndexTerm,
    PcsLabel, PcsPointer, PcsPointerKind, PcsReference, PcsRefusal, PcsRow, PcsSection, PcsStop,
    PcsTable, PcsTables, PcsTerm,
};
pub use release::{LoadedRelease, ReleaseId};
pub use tabular::{
    BlockReference, ExpandedCode, IntroSection, NodeKind, NoteGroup, NoteKind, SeventhCharacter,
    Tabular, TabularNode, VisualCategory, VisualRange,
};
pub use timeline::{Period, Timeline};
