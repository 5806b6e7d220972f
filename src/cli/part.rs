//! A file that is there whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A file written beside its place and put there when it is whole.
pub(super) struct PartFile {
    path: PathBuf,
    beside: Option<PathBuf>,
    file: Option<BufWriter<File>>,
}

impl PartFile {
    /// Begins a file. What is no regular file (a device, a pipe) can only be written in place.
    pub(super) fn create(path: &Path) -> Result<PartFile> {
        let fail = |error| crate::error::io_error("write", path, error);
        let beside = if path.exists() && !path.is_file() {
            None
        } else {
            let mut beside = path.as_os_str().to_owned();
            beside.push(format!(".{}.part", std::process::id()));
            Some(PathBuf::from(beside))
        };
        let file = File::create(beside.as_deref().unwrap_or(path)).map_err(fail)?;
        Ok(PartFile {
            path: path.to_path_buf(),
            beside,
            file: Some(BufWriter::new(file)),
        })
    }

    /// Puts the file in its place.
    pub(super) fn commit(mut self) -> Result<()> {
        let fail = |error| -> Error { crate::error::io_error("write", &self.path, error) };
        if let Some(mut file) = self.file.take() {
            file.flush().map_err(fail)?;
        }
        if let Some(beside) = self.beside.take() {
            std::fs::rename(beside, &self.path).map_err(fail)?;
        }
        Ok(())
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Ok(0),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        self.file = None;
        if let Some(beside) = &self.beside {
            // The failure to tell of is the one that ended the writing.
            let _ = std::fs::remove_file(beside);
        }
    }
}
