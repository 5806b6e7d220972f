//! The one error of the library: what went wrong, where, what was expected, and what to do.
//!
//! Every layer returns [`Error`]. Its [`ErrorKind`] is closed, so that a caller can tell a busy
//! database from a damaged file without reading the text. It never carries claim data.

use std::fmt;

/// What sort of failure an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request itself is wrong: a malformed date, an unknown release, options that exclude each other.
    Usage,
    /// A file or folder could not be read or written.
    Io,
    /// A file does not follow its official layout, or an archive is damaged or unsafe.
    Format,
    /// A file could belong to more than one release, and choosing one would be a guess.
    Ambiguous,
    /// The store already holds something else under the same name.
    Conflict,
    /// What was asked for is not in the store or not on disk.
    NotFound,
    /// The database is locked by another import.
    Busy,
    /// The database is not usable: not a codeyear file, of a newer schema, read-only, damaged.
    Store,
}

/// The place in a file that an [`Error`] speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user knows it; a member of an archive is written `archive.zip > member.txt`.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<u64>,
    /// The first column of the field, counted from 1 as the official layouts do.
    pub column: Option<u32>,
}

/// A failure: what, where, what was expected; [`Error::hint`] says what to do.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    place: Option<Place>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of a kind with its message (lower-case, no full stop).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            place: None,
            hint: None,
            source: None,
        }))
    }

    /// Makes an error of a request that is wrong: [`ErrorKind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Usage, message)
    }

    /// Makes an error of a file that cannot be read or written: [`ErrorKind::Io`].
    pub fn io(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Io, message)
    }

    /// Makes an error of a file that is not as it should be: [`ErrorKind::Format`].
    pub fn format(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Format, message)
    }

    /// Makes an error of a choice that would be a guess: [`ErrorKind::Ambiguous`].
    pub fn ambiguous(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Ambiguous, message)
    }

    /// Makes an error of something else that is there already: [`ErrorKind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Conflict, message)
    }

    /// Makes an error of what is not there: [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::NotFound, message)
    }

    /// Makes an error of a database that another program writes to: [`ErrorKind::Busy`].
    pub fn busy(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Busy, message)
    }

    /// Makes an error of a database that is not usable: [`ErrorKind::Store`].
    pub fn store(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Store, message)
    }

    /// Adds the file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        match &mut self.0.place {
            Some(place) => place.file = file.into(),
            None => {
                self.0.place = Some(Place {
                    file: file.into(),
                    line: None,
                    column: None,
                });
            }
        }
        self
    }

    /// Adds the line, counted from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.place_mut().line = Some(line);
        self
    }

    /// Adds the column, counted from 1.
    #[must_use]
    pub fn at_column(mut self, column: u32) -> Self {
        self.place_mut().column = Some(column);
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns what sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns where, if the failure has a place in a file.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// Returns what went wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns what to do about it, if something can be done.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    fn place_mut(&mut self) -> &mut Place {
        self.0.place.get_or_insert_with(|| Place {
            file: String::new(),
            line: None,
            column: None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            let mut separate = false;
            if !place.file.is_empty() {
                write!(f, "{}", printable(&place.file))?;
                separate = true;
            }
            if let Some(line) = place.line {
                write!(f, "{}line {line}", if separate { ", " } else { "" })?;
                separate = true;
            }
            if separate {
                f.write_str(": ")?;
            }
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Returns text from outside without letting it write to the terminal, break the line, or turn the
/// direction of writing so that it looks like other text.
#[doc(hidden)]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Returns the error of a release that is asked for and not loaded: `ICD-10-CM FY2026`.
#[doc(hidden)]
pub fn not_loaded(release: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{release} is not loaded"))
        .with_hint("codeyear releases lists what is loaded")
}

/// Returns the error of a file whose release is not stored: `tabular list`, `ICD-10-CM FY2026`.
pub(crate) fn without_release(kind: &str, release: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("this is the {kind} of {release}, which is not stored"),
    )
    .with_hint("import the release's order file with it, or before it")
}

/// Makes the error for a file that could not be read or written, with the system's reason.
#[doc(hidden)]
pub fn io_error(action: &str, path: &std::path::Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "check the path",
        std::io::ErrorKind::PermissionDenied => "check the permissions of the file",
        std::io::ErrorKind::StorageFull => "free some disk space and try again",
        std::io::ErrorKind::IsADirectory => "name a file; this is a folder",
        _ => "check the path and the disk, and try again",
    };
    let kind = if error.kind() == std::io::ErrorKind::NotFound {
        ErrorKind::NotFound
    } else {
        ErrorKind::Io
    };
    Error::new(kind, format!("cannot {action}: {error}"))
        .in_file(path.display().to_string())
        .with_hint(hint)
        .caused_by(error)
}
