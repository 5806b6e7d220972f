//! The coder's page of a code: its place in the book, its notes, and what leads to it, as of a day.

use chrono::NaiveDate;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::model::{
    Answer, Code, CodeHistory, DocumentKind, DocumentSource, Entry, FileRef, IndexKind, NodeKind,
    NoteGroup, NoteKind, PcsPage, PoaSpan, Proof, ReferenceKind, ReleaseId, SeventhCharacter,
    TabularNode, Verdict, VisualCategory, named,
};

named!(PlaceKind);

/// What a level of the book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum PlaceKind {
    /// A chapter of ICD-10-CM, or a section of ICD-10-PCS.
    Chapter,
    /// A block of categories.
    Block,
    /// A category, subcategory or code; of ICD-10-PCS a table.
    Code,
}

impl PlaceKind {
    /// Returns what a node of the tabular list is.
    pub fn of(node: NodeKind) -> PlaceKind {
        match node {
            NodeKind::Introduction | NodeKind::Chapter => PlaceKind::Chapter,
            NodeKind::Block => PlaceKind::Block,
            NodeKind::Code => PlaceKind::Code,
        }
    }
}

/// A level of the book above a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PlaceJson))]
pub struct PlaceInBook {
    /// What it is.
    pub kind: PlaceKind,
    /// Chapter number, block id, or code without dot.
    pub name: String,
    /// Its title.
    pub title: String,
}

impl PlaceInBook {
    /// Returns the level that a node of the tabular list is.
    pub fn of(node: &TabularNode) -> PlaceInBook {
        PlaceInBook {
            kind: PlaceKind::of(node.kind),
            name: node.name.clone(),
            title: node.title.clone(),
        }
    }
}

/// The notes that stand at one level of the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = NoteJson))]
pub struct NotesAt {
    /// The level.
    pub place: PlaceInBook,
    /// Its notes, in their order.
    pub groups: Vec<NoteGroup>,
}

/// A note elsewhere in the tabular list that names a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = NamingNoteJson))]
pub struct NotesNaming {
    /// The level of the book that has the note.
    pub place: PlaceInBook,
    /// The kind of note.
    pub kind: NoteKind,
    /// The note.
    pub note: String,
}

/// What stands before and after a code in the book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = NeighborsJson))]
pub struct Neighbors {
    /// The category, or table of ICD-10-PCS, before that of the code.
    pub previous_category: Option<Entry>,
    /// The one after it.
    pub next_category: Option<Entry>,
    /// The block before that of the code, in the same chapter.
    pub previous_block: Option<PlaceInBook>,
    /// The block after it.
    pub next_block: Option<PlaceInBook>,
}

/// How a code differs from the one that is most like it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = DifferenceJson))]
pub struct Difference {
    /// The other code: of those below the same level, of a category of those before and after it, the one whose title
    /// is most like its own.
    pub other: Entry,
    /// The levels that both stand below.
    pub common: Vec<PlaceInBook>,
    /// The first level that only the code stands below.
    pub only_own: Option<PlaceInBook>,
    /// The first level that only the other one stands below.
    pub only_other: Option<PlaceInBook>,
    /// The notes at or above one of the two that name the other.
    pub mentions: Vec<Mention>,
    /// Whether a tabular list of the day was consulted for notes.
    pub has_notes: bool,
}

/// The last change of anything in the category of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RecentChangeJson))]
pub struct RecentChange {
    /// The release before it.
    pub old: ReleaseId,
    /// The release that made it.
    pub new: ReleaseId,
    /// The first day of that release.
    pub day: NaiveDate,
}

/// The 7th characters that a code takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = SeventhJson))]
pub struct SeventhCharacters {
    /// The level that defines them.
    pub defined_at: Code,
    /// The characters.
    pub characters: Vec<SeventhCharacter>,
}

/// What in an index leads to a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexLink {
    /// The term's path: `Tumor > carcinoid > secondary > liver`.
    pub path: String,
    /// What of the term leads to it.
    pub by: LinkedBy,
    /// The reference, verbatim.
    pub reference: String,
}

/// What of a term of an index leads to a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkedBy {
    /// A reference.
    Reference(ReferenceKind),
    /// A cell of a table of drugs or neoplasms.
    Cell {
        /// The heading of its column.
        heading: String,
    },
}

impl LinkedBy {
    /// Returns the fixed name: the element's name in the official XML.
    pub fn name(&self) -> &'static str {
        match self {
            LinkedBy::Reference(kind) => kind.name(),
            LinkedBy::Cell { .. } => "cell",
        }
    }

    /// Returns the heading of the column, of a cell.
    pub fn heading(&self) -> Option<&str> {
        match self {
            LinkedBy::Reference(_) => None,
            LinkedBy::Cell { heading } => Some(heading),
        }
    }
}

/// What an index, or a table of drugs or neoplasms, says of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntries {
    /// Which index.
    pub kind: IndexKind,
    /// The document.
    pub consulted: DocumentSource,
    /// What leads to the code, in the order of the index.
    pub links: Vec<IndexLink>,
}

/// All that is known of a code on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePage {
    /// The verdict, with its basis.
    pub answer: Answer,
    /// The code.
    pub code: Code,
    /// Its entry on that day, or the nearest one in time.
    pub entry: Option<Entry>,
    /// The levels above it, the chapter first.
    pub breadcrumb: Vec<PlaceInBook>,
    /// The tabular list; `None` of ICD-10-PCS.
    pub tabular: Option<DocumentSource>,
    /// The notes that hold for it: the chapter's first, its own last. Empty without a tabular list.
    pub notes: Vec<NotesAt>,
    /// The 7th characters that it takes.
    pub seventh_characters: Option<SeventhCharacters>,
    /// The table of visual impairment, under H54 only.
    pub visual_impairment: Vec<VisualCategory>,
    /// What stands directly below it.
    pub children: Vec<Entry>,
    /// What stands beside it, itself left out.
    pub siblings: Vec<Entry>,
    /// What the indexes say of it.
    pub index: Vec<IndexEntries>,
    /// Whether it is exempt from POA reporting on that day; `None` if it is not billable on that day, or if no
    /// loaded list governs the day.
    pub poa: Option<PoaSpan>,
    /// Its life with its lineage; `None` if no loaded release lists it.
    pub history: Option<CodeHistory>,
    /// When what the releases say of it last changed, up to the day asked for; `None` if no loaded release
    /// lists it by then.
    pub last_change: Option<LastChange>,
    /// What the tables of ICD-10-PCS say of it.
    pub pcs: Option<PcsPage>,
    /// What stands before and after it in the book.
    pub neighbors: Neighbors,
    /// Notes elsewhere in the tabular list that name it, those that name it most closely first.
    pub named_in: Vec<NotesNaming>,
    /// How it differs from the code that is most like it; `None` if it is not listed on the day, and of a page that is
    /// one side of a comparison.
    pub difference: Option<Difference>,
    /// The last change in its category up to the day; `None` if nothing changed in the loaded releases.
    pub recent_change: Option<RecentChange>,
    /// The outcome of the last `codeyear verify` that decides for the release in force; `None` if it was never verified.
    pub verified: Option<Proof>,
}

/// When what the releases say of a code last changed, up to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastChange {
    /// A release brought the code in, dropped it or listed it in another way than the one before.
    On {
        /// The first day of the change.
        day: NaiveDate,
        /// The release that made it.
        release: ReleaseId,
    },
    /// The first loaded release lists the code in the same way. That is where the loaded releases begin, and
    /// no change.
    UnchangedSince {
        /// The first loaded release.
        release: ReleaseId,
        /// Whether a release after the day asked for does change it.
        changes_later: bool,
    },
}

/// A document that a page rests on, beside the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageDocument<'p> {
    /// What it is called.
    pub label: &'static str,
    /// The release that it belongs to: the one in force, or the nearest.
    pub release: ReleaseId,
    /// The official file.
    pub file: &'p FileRef,
}

impl CodePage {
    /// Checks whether POA reporting is a question at all: of a code of ICD-10-CM that is billable on the day.
    pub fn asks_for_poa(&self) -> bool {
        self.answer.code_set.has(DocumentKind::PoaExemptList)
            && matches!(self.answer.verdict, Verdict::Billable { .. })
    }

    /// Lists the documents that the page rests on, beside the listing: those that were consulted, indexes only if
    /// they lead to the code.
    pub fn documents(&self) -> Vec<PageDocument<'_>> {
        let tabular = self.tabular.iter();
        let tabular = tabular.map(|consulted| (DocumentKind::Tabular.label(), consulted));
        let index = self
            .index
            .iter()
            .filter(|entries| !entries.links.is_empty());
        let index = index.map(|entries| {
            (
                DocumentKind::Index(entries.kind).label(),
                &entries.consulted,
            )
        });
        let pcs = self.pcs.iter();
        let pcs = pcs.flat_map(|pcs| [("tables", &pcs.tables), ("definitions", &pcs.definitions)]);
        let consulted = tabular.chain(index).chain(pcs);
        let documents = consulted.filter_map(|(label, consulted)| match consulted {
            DocumentSource::Own { release, file } | DocumentSource::Other { release, file, .. } => {
                Some(PageDocument {
                    label,
                    release: *release,
                    file,
                })
            }
            DocumentSource::Missing { .. } => None,
        });
        documents.collect()
    }
}

/// How two codes differ on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The first code.
    pub left: CodePage,
    /// The second code.
    pub right: CodePage,
    /// The levels that both stand below.
    pub common: Vec<PlaceInBook>,
    /// Notes at or above one code that name the other.
    pub mentions: Vec<Mention>,
}

/// A note that names a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = MentionJson))]
pub struct Mention {
    /// The code that the note stands at.
    pub at: Code,
    /// The kind of document that it stands in.
    #[serde(skip)]
    pub document: DocumentKind,
    /// The kind of note.
    pub kind: NoteKind,
    /// The note.
    pub note: String,
}
