//! A file of claims as a stream of bytes: plain, gzip or zstd, told by how it begins and not by its name.
//!
//! Nothing is held but what the decoder needs, so that a file may be larger than the memory. No error
//! holds anything of what was read.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use flate2::read::MultiGzDecoder;

use codeyear_core::error::{Error, Result, io_error};

/// How much is read from the disk at once.
const READ_AT_ONCE: usize = 1 << 17;

/// How gzip begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How a frame of zstd begins (RFC 8878).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Opens a file for reading, unpacked; the path `-` is the standard input, which is passed in.
///
/// # Errors
/// [`codeyear_core::ErrorKind::NotFound`] or [`codeyear_core::ErrorKind::Io`] if the file cannot be opened or its first bytes read. What
/// fails later is an [`io::Error`]; `read_error` makes the error of it that names the file.
pub fn open(path: &Path, stdin: Box<dyn Read + Send>) -> Result<Box<dyn Read + Send>> {
    let mut file: Box<dyn Read + Send> = if is_stdin(path) {
        stdin
    } else {
        Box::new(File::open(path).map_err(|error| io_error("read", path, error))?)
    };
    // A pipe may give fewer bytes than are asked for.
    let mut head = Vec::new();
    file.by_ref()
        .take(ZSTD.len() as u64)
        .read_to_end(&mut head)
        .map_err(|error| read_error(path, error))?;
    let packed = packing(&head);
    let whole = BufReader::with_capacity(READ_AT_ONCE, Cursor::new(head).chain(file));
    Ok(match packed {
        None => Box::new(whole),
        Some(Packing::Gzip) => Box::new(Unpacked {
            name: "gzip",
            inner: MultiGzDecoder::new(whole),
        }),
        Some(Packing::Zstd) => Box::new(Unpacked {
            name: "zstd",
            inner: zstd::Decoder::with_buffer(whole).map_err(|error| read_error(path, error))?,
        }),
    })
}

/// Returns how many bytes a file of a length may unpack to: tables pack well, and bombs better.
pub fn most_unpacked(length: u64) -> u64 {
    /// How many times its size, and what any may.
    const MAX_RATIO: u64 = 100;
    const MIN_UNPACKED: u64 = 64 << 20;
    length.saturating_mul(MAX_RATIO).max(MIN_UNPACKED)
}

/// Checks whether a path means the standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the name of a file as messages have it.
pub fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Makes the error for a file that [`open`] opened and that could not be read to its end.
pub(crate) fn read_error(path: &Path, error: io::Error) -> Error {
    if error
        .get_ref()
        .is_some_and(|inner| inner.is::<DamagedPacking>())
    {
        return Error::format(error.to_string())
            .in_file(name(path))
            .with_hint("pack or copy the file again; nothing of it was counted")
            .caused_by(error);
    }
    io_error("read", Path::new(&name(path)), error)
}

/// Refuses what is no text in UTF-8 or a code page that agrees with it in ASCII.
pub(super) fn refuse_other_text(start: &[u8], file: &str) -> Result<()> {
    let fail =
        |message: &str, hint: &str| Err(Error::format(message).in_file(file).with_hint(hint));
    if start.iter().all(u8::is_ascii_whitespace) {
        return fail(
            "the file is empty",
            "expected a header and a row for each claim",
        );
    }
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return fail("the file is in UTF-16", "save it as UTF-8 and try again");
    }
    Ok(())
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstd,
}

fn packing(head: &[u8]) -> Option<Packing> {
    if head.starts_with(&GZIP) {
        return Some(Packing::Gzip);
    }
    // Parallel writers of zstd begin with a frame to skip (0x184D2A50 to 0x184D2A5F).
    let skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18]);
    (head == ZSTD || skippable).then_some(Packing::Zstd)
}

/// A decoder whose failures say in plain words what is wrong with the file.
struct Unpacked<R> {
    name: &'static str,
    inner: R,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let cut_off = match error.kind() {
                io::ErrorKind::UnexpectedEof => true,
                io::ErrorKind::Interrupted => return error,
                // Failures of the disk have a number of the system; those of the decoder have none.
                _ if error.raw_os_error().is_some() => return error,
                _ => false,
            };
            let damage = DamagedPacking {
                name: self.name,
                cut_off,
            };
            io::Error::new(io::ErrorKind::InvalidData, damage)
        })
    }
}

/// A stream that ends where its packing is damaged or cut off, and keeps what is wrong: what stands before is read.
pub(super) struct Partial<R> {
    inner: R,
    flaw: Flaw,
    is_ended: bool,
}

/// What ended a stream before its end.
pub(super) type Flaw = Arc<Mutex<Option<String>>>;

impl<R> Partial<R> {
    pub(super) fn new(inner: R, flaw: Flaw) -> Partial<R> {
        Partial {
            inner,
            flaw,
            is_ended: false,
        }
    }
}

impl<R: Read> Read for Partial<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_ended {
            return Ok(0);
        }
        match self.inner.read(buffer) {
            Err(error)
                if error
                    .get_ref()
                    .is_some_and(|inner| inner.is::<DamagedPacking>()) =>
            {
                self.is_ended = true;
                if let Ok(mut flaw) = self.flaw.lock() {
                    *flaw = Some(error.to_string());
                }
                // No record may hold this byte: the one that is cut is not taken for whole.
                match buffer.first_mut() {
                    Some(first) => {
                        *first = 0;
                        Ok(1)
                    }
                    None => Ok(0),
                }
            }
            read => read,
        }
    }
}

/// What is wrong with a packed file.
#[derive(Debug, thiserror::Error)]
#[error("the {name} data {}", if *.cut_off { "is cut off before its end" } else { "is damaged" })]
struct DamagedPacking {
    name: &'static str,
    cut_off: bool,
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use codeyear_core::error::ErrorKind;

    const TEXT: &[u8] = b"claim,dx1\n1,C7A\n";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    /// Text that does not pack well, so that it can be cut in the middle.
    fn noise() -> Vec<u8> {
        (0..100_000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect()
    }

    /// Returns one byte at a time, as a slow pipe does.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match buffer.get_mut(..1) {
                Some(one) => self.0.read(one),
                None => Ok(0),
            }
        }
    }

    fn read_stdin(bytes: Vec<u8>) -> Result<Vec<u8>> {
        let path = Path::new("-");
        let mut reader = open(path, Box::new(Slow(Cursor::new(bytes))))?;
        let mut all = Vec::new();
        reader
            .read_to_end(&mut all)
            .map_err(|error| read_error(path, error))?;
        Ok(all)
    }

    fn read_file(bytes: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claims.csv");
        std::fs::write(&path, bytes).unwrap();
        let mut reader = open(&path, Box::new(io::empty()))?;
        let mut all = Vec::new();
        reader
            .read_to_end(&mut all)
            .map_err(|error| read_error(&path, error))?;
        Ok(all)
    }

    #[test]
    fn plain_gzip_and_zstd_give_the_same_bytes_from_a_file_and_from_the_standard_input() {
        for bytes in [TEXT.to_vec(), gzip(TEXT), zstd(TEXT)] {
            assert_eq!(read_file(&bytes).unwrap(), TEXT);
            assert_eq!(read_stdin(bytes).unwrap(), TEXT);
        }
    }

    #[test]
    fn members_and_frames_one_after_another_are_one_file() {
        let twice = [TEXT, TEXT].concat();
        assert_eq!(read_file(&gzip(TEXT).repeat(2)).unwrap(), twice);
        assert_eq!(read_file(&zstd(TEXT).repeat(2)).unwrap(), twice);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7];
        let parallel = [skippable.as_slice(), &zstd(TEXT)].concat();
        assert_eq!(read_file(&parallel).unwrap(), TEXT);
    }

    #[test]
    fn short_files_are_what_they_are() {
        for bytes in [b"".as_slice(), b"d", b"dx", b"dx1"] {
            assert_eq!(read_file(bytes).unwrap(), bytes);
            assert_eq!(read_stdin(bytes.to_vec()).unwrap(), bytes);
        }
    }

    #[test]
    fn a_packed_file_that_is_cut_off_or_damaged_is_named() {
        for (packing, whole) in [("gzip", gzip(&noise())), ("zstd", zstd(&noise()))] {
            for length in [5, whole.len() / 2, whole.len() - 1] {
                let error = read_file(&whole[..length]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Format, "{packing} {length}");
                let text = error.to_string();
                assert!(text.contains("claims.csv"), "{text}");
                assert!(
                    text.contains(&format!("{packing} data is cut off")),
                    "{text}"
                );
            }
            let mut damaged = whole.clone();
            for byte in damaged.iter_mut().skip(whole.len() / 2).take(64) {
                *byte ^= 0xff;
            }
            let error = read_file(&damaged).unwrap_err();
            assert!(error.to_string().contains(packing), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_and_a_folder_are_named() {
        let error = open(Path::new("no-such-claims.csv"), Box::new(io::empty())).err();
        assert_eq!(error.unwrap().kind(), ErrorKind::NotFound);
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path(), Box::new(io::empty())).err().unwrap();
        assert_eq!(error.hint(), Some("name a file; this is a folder"));
    }
}
