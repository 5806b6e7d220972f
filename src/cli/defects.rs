//! What is said of a defect of the program itself.

use std::io::Write;

/// Sets what is said where the program fails by a defect: where that is, and nothing of what it worked on, which may be
/// a claim. A library that fails at a damaged file is no defect; the file is named then, as any that cannot be read.
pub fn tell_where_defects_are() {
    std::panic::set_hook(Box::new(|defect| {
        if crate::claims::is_contained() {
            return;
        }
        let place = defect.location().map_or_else(String::new, |place| {
            format!(" at {}, line {}", place.file(), place.line())
        });
        // Where nobody listens there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "this is a defect of codeyear{place}");
    }));
}
