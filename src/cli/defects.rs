//! What is said of a defect of the program itself.

use std::io::Write;

/// Sets the message of a defect: its place in the source, and nothing of what was worked on, which may be a claim. A library that fails at a damaged file is no defect; the file is named then, as any that cannot be read.
pub(super) fn report_defects() {
    std::panic::set_hook(Box::new(|defect| {
        if crate::claims::is_contained() {
            return;
        }
        let place = defect.location().map_or_else(String::new, |place| {
            format!(" at {}, line {}", place.file(), place.line())
        });
        // Where nobody listens there is nobody to tell.
        let _ = writeln!(
            std::io::stderr(),
            "this is a defect of codeyear{place}\nhint: report it with this line"
        );
    }));
}
