//! What the user named, opened: zips as CMS and NCHS post them, folders, single files.
//!
//! Nothing is ever unpacked to disk. A member's path, its stated size and the size it really has are
//! all distrusted: an archive that is not what the publishers post is refused whole.

use std::fs::{File, Metadata};
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::error::{Error, Result, io_error, printable};
use crate::model::DocumentKind;
use crate::parse::conversion::is_conversion_workbook;
use crate::source::kind::FileKind;
use crate::source::recognise::{HEAD, SPREADSHEET, recognise};

/// The most bytes that an order file or addenda may unpack to. The largest official one has 15 MB.
const MAX_BYTES: u64 = 128 << 20;
/// The largest workbook that is opened to see what it is. The largest conversion table has 0.2 MB.
const MAX_OF_WORKBOOK: u64 = 2 << 20;
/// The most members of an archive. The largest official one has 20.
const MAX_MEMBERS: usize = 10_000;
/// The first bytes of a file packed with gzip.
const GZIP: &[u8] = b"\x1f\x8b";
/// The most bytes that one packed byte may unpack to. Official order files reach 15.
const MAX_RATIO: u64 = 500;

/// A file found in what the user named.
#[derive(Debug, Clone)]
pub struct FoundFile {
    /// What it is.
    pub kind: FileKind,
    /// The name to show: `archive.zip > folder/member.txt`.
    pub shown: String,
    /// Its own name with its folders, as the archive or the folder gives it.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The archive it was in, if it was in one.
    pub archive: Option<Arc<ArchiveFile>>,
    /// Files of one group were posted together: members of one archive folder, or one folder on disk.
    pub group: String,
    location: Location,
}

/// An archive on disk or within another.
#[derive(Debug, Clone)]
pub struct ArchiveFile {
    /// Its file name.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

#[derive(Debug, Clone)]
enum Location {
    File(PathBuf),
    Member { zip: PathBuf, index: usize },
    NestedMember { zip: Arc<Vec<u8>>, index: usize },
    Unpacked(Arc<Vec<u8>>),
    Supplied { by: Arc<dyn Supply>, number: usize },
}

/// What gives files that are neither on disk nor in a zip archive, such as those of a pack.
pub trait Supply: std::fmt::Debug + Send + Sync {
    /// Reads a file whole, and checks its SHA-256, which is returned with it. To read them in the order of
    /// their numbers is the fastest way.
    ///
    /// # Errors
    /// As [`FoundFile::read`].
    fn read(&self, number: usize) -> Result<(Vec<u8>, String)>;
}

/// What is known of a file that is supplied.
#[derive(Debug)]
pub struct SuppliedFile {
    /// What it is.
    pub kind: FileKind,
    /// The name to show.
    pub shown: String,
    /// Its own name with its folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The archive that it was published in.
    pub archive: Option<ArchiveFile>,
    /// Files of one group were posted together.
    pub group: String,
    /// Who reads it.
    pub by: Arc<dyn Supply>,
    /// Its number there.
    pub number: usize,
}

impl From<SuppliedFile> for FoundFile {
    fn from(file: SuppliedFile) -> FoundFile {
        FoundFile {
            kind: file.kind,
            shown: file.shown,
            name: file.name,
            bytes: file.bytes,
            archive: file.archive.map(Arc::new),
            group: file.group,
            location: Location::Supplied {
                by: file.by,
                number: file.number,
            },
        }
    }
}

impl FoundFile {
    /// Reads the whole file.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Io`] if it cannot be read, [`crate::ErrorKind::Format`] if its archive is damaged or it
    /// unpacks to more than an official file can have.
    pub fn read(&self) -> Result<Vec<u8>> {
        match &self.location {
            Location::Supplied { by, number } => by.read(*number).map(|(bytes, _)| bytes),
            Location::File(path) => {
                let file = File::open(path).map_err(|error| io_error("open", path, error))?;
                read_limited(file, self.bytes, &self.shown)
            }
            Location::Unpacked(bytes) => Ok(bytes.to_vec()),
            Location::Member { zip, index } => {
                let file = File::open(zip).map_err(|error| io_error("open", zip, error))?;
                read_member(BufReader::new(file), *index, &self.shown)
            }
            Location::NestedMember { zip, index } => {
                read_member(Cursor::new(zip.as_slice()), *index, &self.shown)
            }
        }
    }
}

impl FoundFile {
    /// Reads the whole file, and returns its SHA-256 with it.
    ///
    /// # Errors
    /// As [`FoundFile::read`].
    pub fn read_hashed(&self) -> Result<(Vec<u8>, String)> {
        if let Location::Supplied { by, number } = &self.location {
            return by.read(*number);
        }
        let bytes = self.read()?;
        let sha256 = super::sha256_hex(&bytes);
        Ok((bytes, sha256))
    }
}

/// What was found in what the user named.
#[derive(Debug, Default)]
pub struct Findings {
    /// The files, in a stable order.
    pub found: Vec<FoundFile>,
    /// What cannot be opened: damaged and unsafe archives, what stands in the place of a file and is not it, files
    /// that cannot be read. Nothing of such an archive is among the files.
    pub damaged: Vec<Error>,
}

/// Returns the files in what the user named, archives and folders opened.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] for a path that is not there, [`crate::ErrorKind::Usage`] for a pipe or a device.
pub fn find(paths: &[PathBuf]) -> Result<Findings> {
    let mut findings = Findings::default();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|error| io_error("open", path, error))?;
        if !metadata.is_file() && !metadata.is_dir() {
            return Err(
                Error::usage("expected a file or a folder, found a pipe or a device")
                    .in_file(path.display().to_string())
                    .with_hint("save what it gives to a file and import that"),
            );
        }
        find_in(path, &metadata, &mut findings);
    }
    for file in &mut findings.found {
        // The first bytes of a workbook say nothing of it.
        if file.kind == FileKind::Other(SPREADSHEET)
            && file.bytes <= MAX_OF_WORKBOOK
            && file
                .read()
                .is_ok_and(|bytes| is_conversion_workbook(&bytes))
        {
            file.kind = FileKind::Document(DocumentKind::ConversionTable);
        }
    }
    let (broken, found): (Vec<FoundFile>, Vec<FoundFile>) = findings
        .found
        .into_iter()
        .partition(|file| matches!(file.kind, FileKind::Broken(_)));
    findings.found = found;
    for file in broken {
        if let FileKind::Broken(why) = file.kind {
            findings.damaged.push(damaged(&file.shown, why));
        }
    }
    Ok(findings)
}

/// Returns the files in one path. What cannot be opened is noted, and the rest goes on.
fn find_in(path: &Path, metadata: &Metadata, findings: &mut Findings) {
    if metadata.is_file() {
        let before = findings.found.len();
        if let Err(error) = find_file(path, metadata.len(), &mut findings.found) {
            findings.found.truncate(before);
            findings.damaged.push(error);
        }
        return;
    }
    match children(path) {
        Ok(children) => {
            for (child, metadata) in children {
                find_in(&child, &metadata, findings);
            }
        }
        Err(error) => findings.damaged.push(error),
    }
}

/// Returns what is in a folder, in a stable order.
fn children(path: &Path) -> Result<Vec<(PathBuf, Metadata)>> {
    let mut children = Vec::new();
    for child in std::fs::read_dir(path).map_err(|error| io_error("read", path, error))? {
        let child = child.map_err(|error| io_error("read", path, error))?;
        // A link is not followed: it could lead out of the folder or round in a circle.
        let metadata = child
            .metadata()
            .map_err(|error| io_error("read", path, error))?;
        // A pipe would be waited for without end.
        if (metadata.is_file() || metadata.is_dir()) && !is_hidden(&child.path()) {
            children.push((child.path(), metadata));
        }
    }
    children.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(children)
}

/// Checks whether a file or folder is hidden from its user, by a dot before its name; on Windows by its attribute as well,
/// as the files that the system itself keeps in a folder.
pub fn is_hidden(path: &Path) -> bool {
    file_name(path).starts_with('.') || has_hidden_attribute(path)
}

#[cfg(windows)]
fn has_hidden_attribute(path: &Path) -> bool {
    use std::os::windows::fs::MetadataExt;
    /// `FILE_ATTRIBUTE_HIDDEN`.
    const HIDDEN: u32 = 2;
    path.symlink_metadata()
        .is_ok_and(|file| file.file_attributes() & HIDDEN != 0)
}

#[cfg(not(windows))]
fn has_hidden_attribute(_: &Path) -> bool {
    false
}

/// Checks whether a name from an archive or a pack holds no control character and leads to no other folder.
pub(crate) fn is_safe_name(name: &str) -> bool {
    let is_absolute = name.starts_with(['/', '\\']) || name.as_bytes().get(1) == Some(&b':');
    !is_absolute
        && !name.contains(char::is_control)
        && !name.split(['/', '\\']).any(|part| part == "..")
}

fn find_file(path: &Path, bytes: u64, found: &mut Vec<FoundFile>) -> Result<()> {
    let shown = printable(&path.display().to_string());
    let name = printable(&file_name(path));
    let mut file = File::open(path).map_err(|error| io_error("open", path, error))?;
    let head = read_head(&mut file).map_err(|error| io_error("read", path, error))?;
    if head.starts_with(GZIP) {
        return find_packed(path, &shown, &name, file, found);
    }
    let kind = recognise(&name, &head);
    if kind != FileKind::Zip {
        if !matches!(kind, FileKind::Broken(_)) && name.to_ascii_lowercase().ends_with(".zip") {
            return Err(damaged(
                &shown,
                "expected a zip archive, found something else",
            ));
        }
        let parent = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let folder = std::path::absolute(&parent)
            .ok()
            .as_deref()
            .map(file_name)
            .unwrap_or_default();
        found.push(FoundFile {
            kind,
            shown,
            name: if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            },
            bytes,
            archive: None,
            group: parent.display().to_string(),
            location: Location::File(path.to_path_buf()),
        });
        return Ok(());
    }
    file.rewind()
        .map_err(|error| io_error("read", path, error))?;
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut Hashing(&mut hasher))
        .map_err(|error| io_error("read", path, error))?;
    let archive = Arc::new(ArchiveFile {
        name,
        sha256: super::hex(&hasher.finalize()),
    });
    file.rewind()
        .map_err(|error| io_error("read", path, error))?;
    let zip = path.to_path_buf();
    find_members(
        BufReader::new(file),
        &shown,
        &archive,
        Some(MAX_BYTES),
        found,
        &|index| Location::Member {
            zip: zip.clone(),
            index,
        },
    )
}

/// Reads a file that was packed by itself, as gzip does. Its own name is that before the ending.
fn find_packed(
    path: &Path,
    shown: &str,
    name: &str,
    mut file: File,
    found: &mut Vec<FoundFile>,
) -> Result<()> {
    file.rewind()
        .map_err(|error| io_error("read", path, error))?;
    let unpacked = read_to_limit(flate2::read::MultiGzDecoder::new(file), 0, shown)?;
    let name = match name
        .len()
        .checked_sub(3)
        .and_then(|at| name.split_at_checked(at))
    {
        Some((stem, end)) if end.eq_ignore_ascii_case(".gz") => stem.to_owned(),
        _ => name.to_owned(),
    };
    let kind = match recognise(&name, unpacked.get(..HEAD).unwrap_or(&unpacked)) {
        FileKind::Zip => FileKind::Other("a zip archive within a gzip file; unpack it first"),
        kind => kind,
    };
    found.push(FoundFile {
        kind,
        shown: shown.to_owned(),
        name,
        bytes: unpacked.len() as u64,
        archive: None,
        group: path
            .parent()
            .map(|parent| parent.display().to_string())
            .unwrap_or_default(),
        location: Location::Unpacked(Arc::new(unpacked)),
    });
    Ok(())
}

/// `Sha256` takes bytes, `io::copy` wants a writer.
struct Hashing<'a>(&'a mut Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn find_members<R: Read + Seek>(
    reader: R,
    shown: &str,
    archive: &Arc<ArchiveFile>,
    mut nested: Option<u64>,
    found: &mut Vec<FoundFile>,
    locate: &dyn Fn(usize) -> Location,
) -> Result<()> {
    let mut zip = ZipArchive::new(reader).map_err(|error| {
        damaged(
            shown,
            &format!("the zip archive is damaged or cut off: {error}"),
        )
        .caused_by(error)
    })?;
    if zip.len() > MAX_MEMBERS {
        return Err(damaged(
            shown,
            &format!(
                "the archive has {} members; official ones have at most 20",
                zip.len()
            ),
        ));
    }
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).map_err(|error| {
            damaged(
                shown,
                &format!("member {} cannot be read: {error}", index + 1),
            )
        })?;
        let name = member
            .name()
            .map_err(|error| {
                damaged(
                    shown,
                    &format!("the name of member {} cannot be read: {error}", index + 1),
                )
            })?
            .into_owned();
        if name.contains(char::is_control) {
            return Err(damaged(
                shown,
                &format!("the name of member {} holds a control character", index + 1),
            )
            .with_hint("this archive was not made by CMS or NCHS; download it again"));
        }
        let shown_member = format!("{shown} > {name}");
        if !is_safe_name(&name) || member.enclosed_name().is_none() {
            return Err(
                damaged(&shown_member, "the member's path leads out of the archive")
                    .with_hint("this archive was not made by CMS or NCHS; download it again"),
            );
        }
        if member.is_dir() {
            continue;
        }
        check_size(&shown_member, member.size(), member.compressed_size())?;
        let head = read_head(&mut member).map_err(|error| {
            damaged(
                &shown_member,
                &format!("the member cannot be unpacked: {error}"),
            )
        })?;
        let bytes = member.size();
        drop(member);
        let kind = recognise(&name, &head);
        if kind == FileKind::Zip {
            let Some(room) = nested else {
                return Err(damaged(
                    &shown_member,
                    "an archive within an archive within an archive",
                ));
            };
            let inner = read_open_member(&mut zip, index, &shown_member)?;
            // Inner archives are kept in memory until they are read.
            nested = room.checked_sub(inner.len() as u64);
            if nested.is_none() {
                return Err(damaged(
                    &shown_member,
                    &format!(
                        "the archives in this archive have more than {} MB together",
                        MAX_BYTES >> 20
                    ),
                ));
            }
            let inner_archive = Arc::new(ArchiveFile {
                name: file_name(Path::new(&name)),
                sha256: super::sha256_hex(&inner),
            });
            let inner = Arc::new(inner);
            find_members(
                Cursor::new(inner.as_slice()),
                &shown_member,
                &inner_archive,
                None,
                found,
                &|index| Location::NestedMember {
                    zip: Arc::clone(&inner),
                    index,
                },
            )?;
            continue;
        }
        let folder = name
            .rsplit_once('/')
            .map(|(folder, _)| folder)
            .unwrap_or_default();
        found.push(FoundFile {
            kind,
            group: format!("{shown} > {folder}"),
            shown: shown_member,
            name,
            bytes,
            archive: Some(Arc::clone(archive)),
            location: locate(index),
        });
    }
    Ok(())
}

fn check_size(shown: &str, size: u64, packed: u64) -> Result<()> {
    // Small members pack to almost nothing; only a large one can be a bomb.
    if size > 1 << 20 && size / packed.max(1) > MAX_RATIO {
        return Err(damaged(
            shown,
            &format!("the member unpacks from {packed} to {size} bytes, as no official file does"),
        )
        .with_hint("this looks like a zip bomb; download the archive again"));
    }
    Ok(())
}

fn read_head(reader: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    reader.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn read_member<R: Read + Seek>(reader: R, index: usize, shown: &str) -> Result<Vec<u8>> {
    let mut zip = ZipArchive::new(reader).map_err(|error| damaged(shown, &error.to_string()))?;
    read_open_member(&mut zip, index, shown)
}

fn read_open_member<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    shown: &str,
) -> Result<Vec<u8>> {
    let member = zip
        .by_index(index)
        .map_err(|error| damaged(shown, &format!("the member cannot be read: {error}")))?;
    let size = member.size();
    read_limited(member, size, shown)
}

/// Reads to the end, but never more than an official file can have, whatever size is stated.
fn read_limited(reader: impl Read, stated: u64, shown: &str) -> Result<Vec<u8>> {
    if stated > MAX_BYTES {
        return Err(too_large(shown));
    }
    let bytes = read_to_limit(reader, stated, shown)?;
    if bytes.len() as u64 != stated {
        return Err(damaged(
            shown,
            &format!("expected {stated} bytes, found {}", bytes.len()),
        ));
    }
    Ok(bytes)
}

/// Reads to the end, but never more than an official file can have.
fn read_to_limit(reader: impl Read, likely: u64, shown: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(likely).unwrap_or_default());
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            damaged(shown, &format!("the file cannot be read: {error}")).caused_by(error)
        })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(shown));
    }
    Ok(bytes)
}

fn too_large(shown: &str) -> Error {
    damaged(
        shown,
        &format!(
            "the file has more than {} MB; the largest official one has 15",
            MAX_BYTES >> 20
        ),
    )
    .with_hint("this is not an official file; download it again")
}

fn damaged(shown: &str, message: &str) -> Error {
    Error::format(message)
        .in_file(shown)
        .with_hint("download the archive again and compare its size with the publisher's page")
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
