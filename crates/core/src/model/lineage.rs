//! Where a code came from and what became of it, by the conversion tables.
//!
//! A table names new codes and what was reported before them. It does not say whether the previous code
//! is retired: M54.5 became a header when M54.50, M54.51 and M54.59 came, while B97.29 stays billable
//! beside U07.1, which was split off from it. That the releases say, and [`ListedAs`] brings it in.

use serde::Serialize;
use serde::Serializer;
use strum::IntoStaticStr;

use chrono::NaiveDate;

use crate::model::{Code, Entry, PoaSpan, PreviousGroup, ReleaseId, day_before, named};

named!(Fate, LineageKind, ListedAs);

/// Writes `true` if the list is not empty.
fn is_any<T, S: Serializer>(all: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(!all.is_empty())
}

/// What the release in force on a day says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ListedAs {
    /// Listed with flag 1.
    Billable,
    /// Listed with flag 0.
    Header,
    /// Not listed.
    #[strum(serialize = "not-listed")]
    Unlisted,
    /// No loaded release governs that day.
    NotCovered,
}

/// That one code came from another, with the row that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = LinkJson))]
pub struct LineageLink {
    /// The previous code.
    pub old: Code,
    /// The current code.
    pub new: Code,
    /// The first day of the current code.
    pub effective_from: NaiveDate,
    /// The release whose table says so.
    pub table: ReleaseId,
    /// The row in that table, counted from 1.
    pub row: u32,
    /// The third cell of that row, verbatim.
    pub cell: String,
    /// Whether the cell names the old code itself, rather than a range that it lies in.
    #[serde(rename = "named")]
    pub is_named: bool,
    /// What was reported together with the old code, as the cell has it. Where this is not empty, the old
    /// code alone does not make the new one: G56.03 was `G56.01 and G56.02`.
    #[serde(rename = "combination", serialize_with = "is_any")]
    #[cfg_attr(feature = "schema", schema(value_type = bool))]
    pub together_with: Vec<PreviousGroup>,
    /// What became of the old code on that day.
    pub fate: Fate,
    /// How the new code is listed on that day; anything but billable shows a slip of the table
    /// (E11.3X11) or a release that is not loaded.
    pub new_listed: ListedAs,
}

/// What became of a previous code on the day of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Fate {
    /// It stays billable: the new code was split off.
    StaysBillable,
    /// It became a header.
    BecameHeader,
    /// It is no longer listed.
    Deleted,
    /// It was not billable on the eve either: the table names a header (C44.19) or slipped (V29.80XA).
    WasNotBillable,
    /// A release that would tell is not loaded.
    NotCovered,
}

impl Fate {
    /// Checks whether the code could be reported before and cannot be since.
    pub fn is_retired(self) -> bool {
        matches!(self, Fate::BecameHeader | Fate::Deleted)
    }
}

/// How a previous code and its new codes go together on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum LineageKind {
    /// One code for one: nothing else went into the new code.
    OneToOne,
    /// Several new codes, into which nothing else went.
    Split,
    /// One new code, into which others went as well.
    Merge,
    /// Several new codes, into some of which others went as well.
    SplitAndMerge,
    /// The old code stays billable; new codes were taken out of it.
    SplitOff,
}

/// All that the tables say became of one code on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ConversionJson))]
pub struct Conversion {
    /// The day.
    pub effective_from: NaiveDate,
    /// What became of the code.
    pub fate: Fate,
    /// How it and the new codes go together.
    pub kind: LineageKind,
    /// The new codes, by code.
    pub successors: Vec<LineageLink>,
}

/// Where a code came from and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The code.
    pub code: Code,
    /// What it came from, by day and code. Empty for a code that the tables do not list, and for one of
    /// which they say that nothing came before.
    pub predecessors: Vec<LineageLink>,
    /// The rows that say that nothing came before it (`None`): day, table and row.
    pub from_nothing: Vec<(NaiveDate, ReleaseId, u32)>,
    /// What became of it, by day.
    pub conversions: Vec<Conversion>,
}

/// One way forward from a code, to where it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = WayJson))]
pub struct TraceEnd {
    /// The code in which it ends.
    #[serde(flatten, serialize_with = "crate::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::model::BothForms))]
    pub code: Code,
    /// How that code is listed on the last day. Billable: the way leads to a code that can be reported.
    /// Otherwise the tables name no successor that would.
    pub listed: ListedAs,
    /// The steps, oldest first. Empty if the code itself is still billable or has no successor.
    pub steps: Vec<LineageLink>,
}

/// A code that a retired one leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = SuccessorJson))]
pub struct Successor {
    /// The code.
    #[serde(flatten, serialize_with = "crate::model::both_forms")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::model::BothForms))]
    pub code: Code,
    /// How it is listed on the day asked for, if it is.
    pub entry: Option<Entry>,
    /// The steps that lead to it, oldest first, each with the row that says so; never empty.
    pub steps: Vec<LineageLink>,
}

/// What became of a code that could be reported and no longer can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RetirementJson))]
pub struct Retirement {
    /// The first day on which it could no longer be reported, as far as releases are loaded.
    pub retired_from: NaiveDate,
    /// The last day on which a loaded release says that it could be reported.
    pub last_day: NaiveDate,
    /// What became of it on that day: [`Fate::BecameHeader`] or [`Fate::Deleted`].
    pub fate: Fate,
    /// How it and its successors go together, if the tables name any for that day.
    pub kind: Option<LineageKind>,
    /// The newest loaded conversion table that reaches that day; `None` if none does, so that nothing can
    /// be said.
    pub table: Option<ReleaseId>,
    /// The codes that the conversion tables lead to by the day asked for.
    pub successors: Vec<Successor>,
    /// Where no successor is named: billable codes that came in below or beside it on that day, as far as
    /// they are billable on the day asked for. A guess from the tree, and to be called so.
    pub guess: Vec<Entry>,
}

impl Retirement {
    /// Checks whether no release is missing between the two days.
    pub fn is_exact(&self) -> bool {
        self.last_day == day_before(self.retired_from)
    }

    /// Returns in the words that all formats use that a release is missing between the two days; `None` if none is.
    pub fn missing_between(&self) -> Option<String> {
        (!self.is_exact()).then(|| {
            format!(
                "billable through {}, no longer by {}: a release between the two is not loaded",
                self.last_day, self.retired_from
            )
        })
    }
}

/// Where a code came from, what became of it, and when it was exempt from POA reporting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLineage {
    /// What the conversion tables say.
    pub lineage: Lineage,
    /// The releases whose conversion tables are loaded, oldest first.
    pub tables: Vec<ReleaseId>,
    /// The POA exemptions by the loaded lists on the days on which the code is billable, oldest first; empty
    /// if there is no such day or no list is loaded.
    pub poa: Vec<PoaSpan>,
}
