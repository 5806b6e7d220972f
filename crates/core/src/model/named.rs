//! Writes the fixed names of enum values: the same in files, JSON, tables and on the command line, in every version.

/// Adds `name` to enums: it returns the name that `strum` derives for each value, which is the value in JSON too.
#[doc(hidden)]
#[macro_export]
macro_rules! __named {
    ($($type:ident),+ $(,)?) => {$(
        impl $type {
            /// Returns the fixed name.
            pub fn name(self) -> &'static str {
                self.into()
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    )+};
}
#[doc(hidden)]
pub use __named as named;
