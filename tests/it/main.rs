//! Whole-program and whole-library tests, one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test ends at the first surprise, and says so"
)]

mod world;

mod claims;
mod documents;
#[cfg(feature = "fetch")]
mod fetch;
mod fhir;
mod fuzz;
mod hostile;
mod laws;
mod layers;
mod migrations;
mod notes;
mod official;
mod pack;
mod pages;
mod reliability;
mod reports;
mod sample;
#[cfg(feature = "serve")]
mod served;
mod soundness;
mod status;
mod trust;
mod typed;
#[cfg(feature = "serve")]
mod web;
