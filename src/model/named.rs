//! Names of enums: each value has one, fixed for ever, in files, JSON, tables and on the command line.

/// Gives enums the name that `strum` derives for each value.
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
