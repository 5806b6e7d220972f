//! Output: answers on stdout, and files that are written whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// Writes an answer. A reader that has gone away has seen enough: the exit code still tells the outcome.
pub(super) fn write_all(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if has_no_reader(&error) => Ok(()),
        written => written.map_err(unwritable_output),
    }
}

pub(super) fn unwritable_output(error: std::io::Error) -> Error {
    Error::io(format!("cannot write the output: {error}"))
        .with_hint("check where the output goes, and try again")
        .caused_by(error)
}

/// Recognises data whose reader went away before its end (`codeyear export spans -o - | head`): it is not
/// whole, which the exit code says, and nobody is left to read a message.
pub(super) fn is_broken_pipe(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(has_no_reader)
}

/// Recognises a pipe whose reader went away.
pub(super) fn has_no_reader(error: &std::io::Error) -> bool {
    /// `ERROR_PIPE_NOT_CONNECTED` of Windows, for pipes that have a name.
    const NOT_CONNECTED: i32 = 233;
    let is_not_connected = cfg!(windows) && error.raw_os_error() == Some(NOT_CONNECTED);
    is_not_connected || error.kind() == std::io::ErrorKind::BrokenPipe
}

/// Writes bytes to a file, whole or not at all.
pub(super) fn write_file(path: &Path, contents: &[u8]) -> Result<()> {
    write_whole(path, &mut |out| {
        out.write_all(contents)
            .map_err(|error| crate::error::io_error("write", path, error))
    })
}

/// Writes a file whole or not at all.
pub(super) fn write_whole<T>(
    path: &Path,
    write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<T>,
) -> Result<T> {
    let (file, value) = OutputFile::write(path, write)?;
    file.put()?;
    Ok(value)
}

/// A file that is written whole and stands beside its place. It is removed if it is never put there.
pub(super) struct OutputFile {
    path: PathBuf,
    /// `None` if it is in its place.
    beside: Option<PathBuf>,
}

impl OutputFile {
    pub(super) fn write<T>(
        path: &Path,
        write: &mut dyn FnMut(&mut (dyn Write + Send)) -> Result<T>,
    ) -> Result<(OutputFile, T)> {
        let fail = |error| crate::error::io_error("write", path, error);
        let mut new = OutputFile {
            path: path.to_path_buf(),
            beside: None,
        };
        // What is no regular file (a device, a pipe) can only be written in place.
        let file = if path.exists() && !path.is_file() {
            std::fs::OpenOptions::new().write(true).open(path)
        } else {
            let mut beside = path.as_os_str().to_owned();
            beside.push(format!(".{}.part", std::process::id()));
            let beside = PathBuf::from(beside);
            let file = std::fs::File::create(&beside);
            new.beside = Some(beside);
            file
        };
        let mut out = BufWriter::with_capacity(1 << 16, file.map_err(fail)?);
        let written = write(&mut out)
            // The writer does not know where its output goes.
            .map_err(|error| match (error.place(), error.kind()) {
                (None, ErrorKind::Io) => error.in_file(path.display().to_string()),
                _ => error,
            })
            .and_then(|value| out.flush().map(|()| value).map_err(fail));
        // What is left in the buffer of a failed writer is not to be tried again.
        drop(out.into_parts());
        written.map(|value| (new, value))
    }

    pub(super) fn put(mut self) -> Result<()> {
        match self.beside.take() {
            None => Ok(()),
            Some(beside) => std::fs::rename(&beside, &self.path).map_err(|error| {
                self.beside = Some(beside);
                crate::error::io_error("write", &self.path, error)
            }),
        }
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // The failure to tell of is the one that kept it from its place.
            let _ = std::fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that fails in its own way.
    struct Broken(std::io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_away_is_no_failure_and_a_full_disk_is() {
        let write = |kind| write_all(&mut Broken(kind), b"answer");
        write(std::io::ErrorKind::BrokenPipe).unwrap();
        let full = write(std::io::ErrorKind::StorageFull).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::Io);
        assert!(!is_broken_pipe(&full));
        let gone = unwritable_output(std::io::ErrorKind::BrokenPipe.into());
        assert!(is_broken_pipe(&gone));
    }

    #[test]
    fn a_file_is_written_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        write_file(&path, b"first").unwrap();
        let failed = write_whole(&path, &mut |out| -> Result<()> {
            out.write_all(b"half").unwrap();
            Err(Error::conflict("it ends here"))
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write_file(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
    }
}
