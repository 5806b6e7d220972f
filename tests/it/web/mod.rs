//! `codeyear serve`, the real program on a socket of this machine.

mod api;
mod changes;
mod fhir;
mod hostile;
mod operation;

pub use crate::served::Served;
