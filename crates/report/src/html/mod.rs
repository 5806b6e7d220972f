//! Reports and pages as HTML: the blocks of a report in their own frame, with pictures and links.

mod audit;
mod counts;
mod impact;
mod notes;
pub mod pages;
mod report;
mod rows;
mod title;

pub use audit::audit_report;
pub use report::change_report;
