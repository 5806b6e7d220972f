//! `codeyear serve`, the real program on a socket of this machine.

mod api;
mod bounds;
mod changes;
mod claims;
mod fhir;
mod forms;
mod hostile;
mod operation;
mod rooms;
mod sites;

pub use crate::served::Served;
