//! Many claims at once: what is read from them, and what each of their codes meant on its own date.
//!
//! Readers turn a file of claims into [`Claim`]s; the compact index answers for each code as
//! [`check`](codeyear_core::answer::check) does, from memory; sinks write what was found. Nothing here logs, and no
//! error text holds a value of a claim: claims are about patients.

mod amount;
mod audit;
mod audited;
mod auditor;
mod blocks;
mod cells;
mod claim;
mod clean;
mod columns;
mod contained;
mod counts;
mod delimited;
mod exported;
mod fhir;
mod file_columns;
mod finding;
mod found;
mod index;
mod infer;
mod input;
mod kept;
mod labels;
mod layout;
mod likely;
mod memory;
mod ndjson;
mod not_judged;
mod nulls;
mod options;
mod packed;
#[cfg(feature = "parquet")]
mod parquet;
mod picked;
mod pipeline;
mod poa;
mod poa_columns;
mod rows;
mod sinks;
mod stretch;
mod summary;
mod table;
mod tally;
mod title_index;
mod told;
mod usage;
mod wording;
mod workbook;
mod x12;

pub use audit::{AuditOptions, ClaimsFile, InputFormat, audit};
pub use audited::Audited;
pub use claim::{
    Claim, ClaimCode, ClaimItem, ClaimParts, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind,
};
pub use clean::Writing;
pub use codeyear_core::model::DateFormat;
pub use columns::{CodeColumn, ColumnsAsked, Keep};
pub use contained::is_contained;

pub use counts::{ClaimCounts, VerdictCounts};
pub use delimited::audit_delimited;
pub use exported::{ExportedFinding, WrittenFinding};
pub use fhir::{FhirClaims, FhirOptions};
pub use file_columns::FileColumns;
pub use finding::{Finding, UseBasis};
pub use found::FoundColumns;
pub use index::Index;
pub use infer::{ColumnEvidence, Inference, Window, infer};
pub use input::{is_stdin, most_unpacked, name as input_name, open as open_input};
pub use labels::{LabelMapping, Labels};
pub use layout::Layout;
pub use likely::LikelyColumns;
pub use memory::InMemory;
pub use not_judged::NotJudged;
pub use nulls::Nulls;
pub use options::{Annotated, OutputForm, RowOptions, Separators, TableOptions};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetOutput, audit_parquet};
pub use picked::{PickedColumn, PickedColumns, column_label};
pub use summary::AuditSummary;
pub use tally::FailingCode;
pub use usage::{UsageOptions, has_several_columns, read_usage};
pub use wording::Wording;
pub use workbook::MostTexts;
pub use x12::{X12Claims, X12Options};
