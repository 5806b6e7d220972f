//! The program as a Python extension: the package `codeyear` has one script, which calls [`main`].
//!
//! A wheel could hold the program itself. As an extension it holds it once, and whatever Python asks of the library
//! can stand beside it.

use std::ffi::OsString;

use pyo3::prelude::*;

/// The exit code of a program that ended by a defect of its own, as Rust gives it.
const DEFECT: u8 = 101;

/// Runs the program with its arguments, its own name first, and returns its exit code.
#[pyfunction]
fn main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| {
        // The hook has said what there is to say of a defect. Python would write the panic's own message, which may hold
        // what was worked on.
        std::panic::catch_unwind(|| codeyear::cli::main(args)).unwrap_or(DEFECT)
    })
}

/// What `codeyear/__init__.py` has from Rust.
#[pymodule]
mod _codeyear {
    #[pymodule_export]
    use super::main;
    #[pymodule_export]
    const __VERSION__: &str = env!("CARGO_PKG_VERSION");
}
