//! The one error of the library: what went wrong, where, what was expected, and what to do.
//!
//! Every layer returns [`Error`]. Its [`ErrorKind`] is closed, so that a caller can tell a busy
//! database from a damaged file without reading the text. It never carries claim data.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

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
            message: printable(&message.into()),
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
        self.0.hint = Some(printable(&hint.into()));
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

/// Checks whether a character writes to a terminal, breaks the line, or turns the direction of writing so that text
/// looks like other text.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Checks whether a character lays out a text: lines, and the marks that begin a colour.
fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t' | '\u{1b}')
}

/// Checks whether a text holds nothing that is not seen but what lays it out. Most bytes tell it alone.
fn is_plain(text: &str) -> bool {
    let may_be_unseen = |byte: u8| match byte {
        b'\n' | b'\t' | 0x1b => false,
        byte => byte < 0x20 || matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2),
    };
    // Without a branch for each byte many are looked at in one step.
    let looks_plain = text.as_bytes().chunks(256).all(|bytes| {
        let unseen = bytes.iter().map(|byte| may_be_unseen(*byte));
        !unseen.fold(false, |any, one| any | one)
    });
    looks_plain || !text.chars().any(|c| is_unseen(c) && !is_layout(c))
}

/// Returns text from outside without letting it write to the terminal, break the line, or turn the
/// direction of writing so that it looks like other text.
#[doc(hidden)]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if is_unseen(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Returns a text that may have lines and colours of its own, with nothing else in it that is not seen.
#[doc(hidden)]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let replaced = text.chars().map(|c| match c {
        c if is_unseen(c) && !is_layout(c) => '\u{fffd}',
        c => c,
    });
    Cow::Owned(replaced.collect())
}

/// Returns a page with nothing in it that is not seen but its lines.
#[doc(hidden)]
pub fn printable_page(page: String) -> String {
    if is_plain(&page) && !page.contains('\u{1b}') {
        return page;
    }
    let replaced = page.chars().map(|c| match c {
        '\u{1b}' => '\u{fffd}',
        c if is_unseen(c) && !is_layout(c) => '\u{fffd}',
        c => c,
    });
    replaced.collect()
}

/// Returns JSON of the same value in which nothing stands that is not seen: such a character of a string is escaped.
#[doc(hidden)]
pub fn printable_json(json: String) -> String {
    if is_plain(&json) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            c if is_unseen(c) && !is_layout(c) => {
                // Those that a string of JSON cannot hold as they are were escaped when it was written.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns the error of a release that is asked for and not loaded: `ICD-10-CM FY2026`.
#[doc(hidden)]
pub fn not_loaded(release: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{release} is not loaded"))
        .with_hint("list the loaded releases with codeyear releases")
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
        _ if is_in_use(&error) => "close the program that has the file open, and try again",
        std::io::ErrorKind::NotFound => "check the path",
        // What Windows says of a folder that is opened as a file.
        std::io::ErrorKind::PermissionDenied if cfg!(windows) && path.read_dir().is_ok() => {
            "name a file; this is a folder"
        }
        // And of a file that cannot be replaced because a program has it open.
        std::io::ErrorKind::PermissionDenied if cfg!(windows) && path.is_file() => {
            "close the program that has the file open, or check the permissions of the file"
        }
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

/// Checks whether a file could not be opened or replaced because a program has it open: Windows refuses that with
/// `ERROR_SHARING_VIOLATION` or `ERROR_LOCK_VIOLATION`.
fn is_in_use(error: &std::io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(32 | 33))
}

/// Returns an argument in quotes, as a shell of this system reads it.
#[doc(hidden)]
pub fn in_quotes(argument: &str) -> String {
    match cfg!(windows) {
        true => format!("\"{}\"", argument.replace('"', "\\\"")),
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What writes to a terminal, breaks a line or turns the direction of writing.
    const UNSEEN: &str = "\u{1}\r\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}";

    #[test]
    fn nothing_from_outside_reaches_a_terminal_that_is_not_seen() {
        for unseen in UNSEEN.chars() {
            let text = format!("C7B{unseen}00 \u{e9}");
            let shown = "C7B\u{fffd}00 \u{e9}";
            assert_eq!(printable(&text), shown);
            assert_eq!(printable_lines(&text), shown);
            assert_eq!(printable_page(text.clone()), shown);
            let error = Error::usage(&text).with_hint(&text).in_file(&text);
            assert_eq!(error.message(), shown);
            assert_eq!(error.hint(), Some(shown));
            assert_eq!(error.to_string(), format!("{shown}: {shown}"));
        }
        assert_eq!(printable("a\nb\u{1b}[31m"), "a\u{fffd}b\u{fffd}[31m");
        let own = "a\n\u{1b}[31mb\tc\u{2014}";
        assert_eq!(printable_lines(own), own);
        assert_eq!(
            printable_page("a\n\u{1b}[31mb".to_owned()),
            "a\n\u{fffd}[31mb"
        );
    }

    #[test]
    fn an_argument_is_quoted_as_a_shell_of_the_system_reads_it() {
        let expected = match cfg!(windows) {
            true => ["\"my codes.db\"", "\"it's.db\""],
            false => ["'my codes.db'", "'it'\\''s.db'"],
        };
        assert_eq!(["my codes.db", "it's.db"].map(in_quotes), expected);
    }

    #[test]
    fn a_file_that_is_a_folder_is_reported_as_one() {
        let folder = std::env::temp_dir();
        let error = std::fs::read(&folder).unwrap_err();
        let error = io_error("read", &folder, error);
        assert_eq!(error.hint(), Some("name a file; this is a folder"));
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_a_program_has_open_is_reported_as_one() {
        use std::os::windows::fs::OpenOptionsExt;
        let path = std::env::temp_dir().join(format!("codeyear-{}.txt", std::process::id()));
        let mut options = std::fs::File::options();
        let open = options
            .create(true)
            .truncate(true)
            .write(true)
            .share_mode(0);
        let open = open.open(&path).unwrap();
        let beside = path.with_extension("part");
        std::fs::write(&beside, "new").unwrap();
        for failed in [
            std::fs::read(&path).map(drop),
            std::fs::rename(&beside, &path),
        ] {
            let error = io_error("write", &path, failed.unwrap_err());
            let hint = error.hint().unwrap();
            assert!(
                hint.starts_with("close the program that has the file open"),
                "{error}: {hint}"
            );
        }
        drop(open);
        std::fs::remove_file(&beside).unwrap();
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(feature = "import")]
    #[test]
    fn json_keeps_its_value_and_shows_nothing_unseen() {
        let value =
            serde_json::json!({ "code": UNSEEN, "title": "M\u{e9}ni\u{e8}re\u{2019}s", "n": 1 });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let printed = printable_json(text);
        assert!(
            !printed.chars().any(|c| is_unseen(c) && c != '\n'),
            "{printed:?}"
        );
        assert!(printed.contains("M\u{e9}ni\u{e8}re\u{2019}s"));
        let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(read, value);
    }
}
