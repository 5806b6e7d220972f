//! Libraries that read files: one that panics on a damaged file ends neither the program nor what it is doing.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs what reads a file by a library of others. Returns `None` if it panicked: the file is not as the library expects
/// it, and what it was reading is not to be used again.
pub(super) fn contained<T>(read: impl FnOnce() -> T) -> Option<T> {
    let before = IS_CONTAINED.replace(true);
    let read = catch_unwind(AssertUnwindSafe(read)).ok();
    IS_CONTAINED.set(before);
    read
}

/// Checks whether this thread is reading a file by a library whose panic becomes an error of that file.
pub fn is_contained() -> bool {
    IS_CONTAINED.get()
}
