//! What is looked at before a Parquet file from somebody unknown is read: a library takes sizes and depths at their
//! word, and a few bytes may stand for as much as fills a memory.

use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::super::input::most_unpacked;
use super::thrift::Thrift;
use codeyear_core::error::{Error, Result};

/// The longest directory of a file.
const MAX_DIRECTORY: usize = 8 << 20;
/// The most row groups.
const MAX_ROW_GROUPS: usize = 4096;
/// How deep columns may stand within one another.
const MAX_DEPTH: usize = 32;
/// The most bytes that the columns which are read may unpack to, whatever the size of the file.
const MAX_UNPACKED: u64 = 1 << 30;
/// The longest value of a column whose values are all of one length: they are written out for each row.
const MAX_FIXED: i32 = 4096;
/// The most values of a column of lists in a row group: a row is read whole.
const MAX_ITEMS: i64 = 16 << 20;
/// The encoding of texts by what they share with the one before (`DELTA_BYTE_ARRAY`), which unpacks without limit.
const SHARED_BEGINNINGS: i64 = 7;

/// How a file ends: the length of the directory before it, and the name of the format.
const MAGIC: &[u8] = b"PAR1";

/// Checks the directory of a file: how long it is, how deep its columns stand, how many row groups it has.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] for a file that is none, or more than is read of one.
pub(super) fn check_directory(bytes: &[u8]) -> Result<()> {
    let broken = || super::unreadable_as("its directory is damaged or cut off");
    let before = bytes.strip_suffix(MAGIC).ok_or_else(broken)?;
    let (before, length) = before.split_last_chunk::<4>().ok_or_else(broken)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_DIRECTORY {
        return Err(too_much(&format!(
            "its directory is longer than {} MB",
            MAX_DIRECTORY >> 20
        )));
    }
    let begins = before.len().checked_sub(length).ok_or_else(broken)?;
    let mut thrift = Thrift::new(before.get(begins..).unwrap_or_default());
    let mut is_too_much = None;
    let read = thrift.fields(|thrift, (number, _)| match number {
        2 => {
            let columns = schema(thrift)?;
            is_too_much = is_too_much.take().or(columns.err());
            Some(true)
        }
        4 => {
            let mut ahead = thrift.clone();
            let (groups, _) = ahead.list()?;
            if groups > MAX_ROW_GROUPS {
                is_too_much = Some(format!("it has more than {MAX_ROW_GROUPS} row groups"));
            }
            Some(false)
        }
        _ => Some(false),
    });
    match (read, is_too_much) {
        (_, Some(what)) => Err(too_much(&what)),
        (Some(()), None) => Ok(()),
        (None, None) => Err(broken()),
    }
}

/// Reads the columns, each before those within it; the error says what is too much of them.
fn schema(thrift: &mut Thrift<'_>) -> Option<std::result::Result<(), String>> {
    let (count, _) = thrift.list()?;
    // How many columns are to come within each that is open.
    let mut open: Vec<i64> = vec![1];
    for _ in 0..count {
        let mut within = 0;
        thrift.fields(|thrift, (number, _)| {
            if number == 5 {
                within = thrift.number()?;
            }
            Some(number == 5)
        })?;
        while open.last() == Some(&0) {
            open.pop();
        }
        *open.last_mut()? -= 1;
        if within < 0 || usize::try_from(within).ok()? >= count {
            return None;
        }
        if within > 0 {
            open.push(within);
        }
        if open.len() > MAX_DEPTH {
            return Some(Err(format!(
                "its columns are nested more than {MAX_DEPTH} deep"
            )));
        }
    }
    open.iter().all(|left| *left == 0).then_some(Ok(()))
}

/// Checks the pages of the columns that are read: what they unpack to, and how they are packed.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if they would take more than the memory that an upload may take, or are
/// packed in a way that does not let it be known.
pub(super) fn check_pages(
    bytes: &Bytes,
    metadata: &ParquetMetaData,
    mask: &ProjectionMask,
) -> Result<()> {
    let most = most_unpacked(bytes.len() as u64).min(MAX_UNPACKED);
    let mut unpacked = 0;
    for group in metadata.row_groups() {
        if group.num_rows() < 0 {
            return Err(super::unreadable_as("a row group has fewer rows than none"));
        }
        for (at, column) in group.columns().iter().enumerate() {
            if mask.leaf_included(at) {
                unpacked += Chunk::of(bytes, column)?.unpacked(most - unpacked)?;
            }
        }
    }
    Ok(())
}

/// The pages of one column in one row group.
struct Chunk<'b> {
    bytes: &'b [u8],
    is_gzip: bool,
    is_list: bool,
}

impl<'b> Chunk<'b> {
    fn of(bytes: &'b Bytes, column: &ColumnChunkMetaData) -> Result<Chunk<'b>> {
        let start = column.dictionary_page_offset();
        let start = usize::try_from(start.unwrap_or(column.data_page_offset()));
        let length = usize::try_from(column.compressed_size());
        let bytes = start.ok().zip(length.ok()).and_then(|(start, length)| {
            let end = start.checked_add(length)?;
            bytes.get(start..end)
        });
        let bytes = bytes.ok_or_else(|| super::unreadable_as("a column is outside the file"))?;
        let is_gzip = match column.compression() {
            Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::ZSTD(_)
            | Compression::LZ4_RAW => false,
            Compression::GZIP(_) => true,
            // What these unpack to is not known before it is done.
            Compression::BROTLI(_) | Compression::LZ4 | Compression::LZO => {
                return Err(Error::format(
                    "its columns are packed with Brotli, LZ4 or LZO, which are read from a file on your own machine only",
                )
                .with_hint("write it with zstd, snappy or gzip"));
            }
        };
        let kind = column.column_descr();
        if kind.type_length() > MAX_FIXED {
            return Err(too_much(&format!(
                "a column has values of more than {MAX_FIXED} bytes each"
            )));
        }
        Ok(Chunk {
            bytes,
            is_gzip,
            is_list: kind.max_rep_level() > 0,
        })
    }

    /// Returns what the pages unpack to; the error is that it is more than may be.
    fn unpacked(&self, most: u64) -> Result<u64> {
        let broken = || super::unreadable_as("the head of a page is damaged");
        let bomb = || too_much("it unpacks to far more than a table of claims");
        let (mut rest, mut unpacked, mut items) = (self.bytes, 0, 0_i64);
        while !rest.is_empty() {
            let (page, behind) = PageHead::read(rest).ok_or_else(broken)?;
            let packed = usize::try_from(page.packed).ok();
            let packed = packed.and_then(|length| behind.split_at_checked(length));
            let (packed, behind) = packed.ok_or_else(broken)?;
            rest = behind;
            let mut size = u64::try_from(page.unpacked).map_err(|_| broken())?;
            if self.is_gzip && page.is_packed {
                size = size.max(gzip_size(
                    packed.get(page.levels..).unwrap_or_default(),
                    most,
                ));
            }
            unpacked += size;
            if unpacked > most {
                return Err(bomb());
            }
            if page.encoding == SHARED_BEGINNINGS {
                return Err(Error::format(
                    "its texts are encoded by what they share (DELTA_BYTE_ARRAY), which is read from a file on your own machine only",
                )
                .with_hint("write it with dictionaries, as most programs do, or as CSV"));
            }
            items = items.saturating_add(page.values.max(0));
            if self.is_list && items > MAX_ITEMS {
                return Err(too_much(&format!(
                    "a column has lists of more than {} million codes",
                    MAX_ITEMS >> 20
                )));
            }
        }
        Ok(unpacked)
    }
}

/// Returns how long gzip's data is, or one more than the most.
fn gzip_size(packed: &[u8], most: u64) -> u64 {
    use std::io::Read;
    let mut unpacked = flate2::read::MultiGzDecoder::new(packed).take(most + 1);
    // Where it is damaged the library says so; it has not more memory by then.
    std::io::copy(&mut unpacked, &mut std::io::sink()).unwrap_or(0)
}

/// What the head of a page says.
#[derive(Debug, Default, PartialEq)]
struct PageHead {
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// How many bytes of levels stand before what is packed.
    levels: usize,
    is_packed: bool,
}

impl PageHead {
    /// Reads the head of a page: what it says, and the bytes behind it.
    fn read(bytes: &[u8]) -> Option<(PageHead, &[u8])> {
        let mut thrift = Thrift::new(bytes);
        let mut head = PageHead {
            is_packed: true,
            ..PageHead::default()
        };
        let mut levels = 0_i64;
        thrift.fields(|thrift, (number, _)| {
            match number {
                2 => head.unpacked = thrift.number()?,
                3 => head.packed = thrift.number()?,
                // A page of data, and one of a dictionary.
                5 | 7 => thrift.fields(|thrift, (number, _)| {
                    match number {
                        1 => head.values = thrift.number()?,
                        2 => head.encoding = thrift.number()?,
                        _ => return Some(false),
                    }
                    Some(true)
                })?,
                // A page of data of the second version.
                8 => thrift.fields(|thrift, (number, kind)| {
                    match number {
                        1 => head.values = thrift.number()?,
                        4 => head.encoding = thrift.number()?,
                        5 | 6 => levels = levels.checked_add(thrift.number()?.max(0))?,
                        7 => {
                            head.is_packed = kind == 1;
                            return Some(false);
                        }
                        _ => return Some(false),
                    }
                    Some(true)
                })?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        head.levels = usize::try_from(levels).ok()?;
        let behind = bytes.get(bytes.len().checked_sub(thrift.left())?..)?;
        Some((head, behind))
    }
}

/// Returns the error of a file that is more than is read of an upload.
fn too_much(what: &str) -> Error {
    Error::format(format!("the Parquet file is not read: {what}"))
        .with_hint("write it anew with the columns of the claims only, or as CSV")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, Encoding};
    use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};

    use super::super::load_held;
    use super::*;

    /// A file with a directory of these bytes.
    fn file(directory: &[u8]) -> Vec<u8> {
        let length = u32::try_from(directory.len()).unwrap();
        [b"PAR1", directory, &length.to_le_bytes(), b"PAR1"].concat()
    }

    /// A directory with columns within one another.
    fn nested(depth: usize, children: u8) -> Vec<u8> {
        let mut directory = vec![0x15, 2, 0x19, 0xfc];
        let mut count = depth + 1;
        while count >= 0x80 {
            directory.push((count & 0x7f) as u8 | 0x80);
            count >>= 7;
        }
        directory.push(count as u8);
        for _ in 0..depth {
            directory.extend([0x35, 0, 0x18, 1, b'a', 0x15, children * 2, 0]);
        }
        directory.extend([0x15, 12, 0x25, 0, 0x18, 1, b'a', 0]);
        // No rows, and no row groups.
        directory.extend([0x16, 0, 0x19, 0x0c, 0]);
        directory
    }

    fn said(bytes: &[u8]) -> String {
        match load_held(&Bytes::copy_from_slice(bytes)) {
            Ok(_) => "fine".to_owned(),
            Err(error) => error.message().to_owned(),
        }
    }

    fn written(
        texts: &[&str],
        set: impl FnOnce(WriterPropertiesBuilder) -> WriterPropertiesBuilder,
    ) -> Bytes {
        let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let batch = RecordBatch::try_from_iter([("dx", column)]).unwrap();
        let properties = set(WriterProperties::builder()).build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    fn pages(bytes: &Bytes) -> std::result::Result<(), String> {
        let metadata = load_held(bytes).unwrap();
        let checked = check_pages(bytes, metadata.metadata(), &ProjectionMask::all());
        checked.map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_directory_that_would_fill_the_stack_or_the_memory_is_refused() {
        assert_eq!(said(&file(&nested(3, 1))), "fine");
        for (bytes, part) in [
            (file(&nested(40, 1)), "32 deep"),
            (file(&nested(200_000, 1)), "32 deep"),
            // More columns than there are.
            (file(&nested(3, 60)), "damaged"),
            (b"PAR1\xff\xff\xff\x7fPAR1".to_vec(), "longer than 8 MB"),
            (b"PAR1\x10\0\0\0PAR1".to_vec(), "cut off"),
            (b"PAR1".to_vec(), "cut off"),
            (b"PAR1 no such thing".to_vec(), "cut off"),
            (file(&[0x19, 0xfc, 0xff, 0xff, 0x7f]), "damaged"),
            (file(&[0xff; 40]), "damaged"),
            // 65,536 row groups.
            (
                file(&[&[0x49, 0xfc, 0x80, 0x80, 4][..], &[0; 70_000]].concat()),
                "row groups",
            ),
        ] {
            let said = said(&bytes);
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn pages_of_every_packing_whose_size_is_known_are_taken() {
        let texts = vec!["C7B.00"; 1000];
        for packing in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::ZSTD(Default::default()),
            Compression::LZ4_RAW,
            Compression::GZIP(Default::default()),
        ] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                let bytes = written(&texts, |set| {
                    set.set_compression(packing).set_writer_version(version)
                });
                assert_eq!(pages(&bytes), Ok(()), "{packing} {version:?}");
            }
        }
        for packing in [Compression::BROTLI(Default::default()), Compression::LZ4] {
            let bytes = written(&texts, |set| set.set_compression(packing));
            assert!(pages(&bytes).unwrap_err().contains("Brotli"), "{packing}");
        }
    }

    #[test]
    fn a_file_that_unpacks_to_far_more_is_refused() {
        let long = "A".repeat(1 << 16);
        let texts = vec![long.as_str(); 1100];
        for packing in [
            Compression::ZSTD(Default::default()),
            Compression::GZIP(Default::default()),
        ] {
            let bytes = written(&texts, |set| {
                set.set_dictionary_enabled(false).set_compression(packing)
            });
            assert!(bytes.len() < 1 << 20, "{}", bytes.len());
            let said = pages(&bytes).unwrap_err();
            assert!(said.contains("unpacks to far more"), "{said}");
        }
        // The same text a thousand times in a dictionary is one text.
        let bytes = written(&texts, |set| set);
        assert_eq!(pages(&bytes), Ok(()));
    }

    #[test]
    fn gzip_that_holds_more_than_its_page_says_is_counted() {
        let bytes = written(&["C7B.00"; 10], |set| set);
        let metadata = load_held(&bytes).unwrap();
        let chunk = Chunk {
            is_gzip: true,
            ..Chunk::of(&bytes, metadata.metadata().row_group(0).column(0)).unwrap()
        };
        // What is no gzip counts as what its page says.
        assert!(chunk.unpacked(1 << 20).is_ok());
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(gzip_size(&packed, 1 << 30), 1 << 20);
        assert_eq!(gzip_size(&packed, 1000), 1001);
    }

    #[test]
    fn texts_that_share_their_beginnings_are_refused() {
        let bytes = written(&["C7B.00", "C7B.01"], |set| {
            set.set_dictionary_enabled(false)
                .set_encoding(Encoding::DELTA_BYTE_ARRAY)
        });
        let said = pages(&bytes).unwrap_err();
        assert!(said.contains("DELTA_BYTE_ARRAY"), "{said}");
        let others = [Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY];
        for encoding in others {
            let bytes = written(&["C7B.00"], |set| {
                set.set_dictionary_enabled(false).set_encoding(encoding)
            });
            assert_eq!(pages(&bytes), Ok(()), "{encoding}");
        }
    }

    #[test]
    fn no_byte_that_is_changed_makes_the_check_or_the_reader_panic() {
        use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
        let texts: Vec<String> = (0..300).map(|at| format!("C7B.{}", at % 7)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let whole = written(&texts, |set| set.set_compression(Compression::SNAPPY));
        let mut read = 0;
        for at in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = whole.to_vec();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= change;
                }
                let bytes = Bytes::from(bytes);
                let Ok(metadata) = load_held(&bytes) else {
                    continue;
                };
                if check_pages(&bytes, metadata.metadata(), &ProjectionMask::all()).is_err() {
                    continue;
                }
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
                // A file may now say that it has rows without end.
                read += builder.build().map_or(0, |batches| {
                    batches.take(9).map_while(|batch| batch.ok()).count()
                });
            }
        }
        assert!(read > 100, "{read}");
    }
}
