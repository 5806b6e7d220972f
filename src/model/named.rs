//! Writes the fixed names of enum values: the same in files, JSON, tables and on the command line, in every version.

/// Adds `name` to enums: it returns the name that `strum` derives for each value.
macro_rules! named {
    ($($type:ident),+ $(,)?) => {$(
        impl $type {
            /// Returns the fixed name.
            pub fn name(self) -> &'static str {
                self.into()
            }
        }
    )+};
}
pub(crate) use named;
