//! How files are opened, read and replaced: private, regular, bounded, durable.
//!
//! Every file of ours is created with mode 0600 and every directory with 0700, which no umask can widen. A symlink, FIFO,
//! directory or device at a name is refused and never followed, opened for good or replaced. Files where the user says
//! are put by [`put`] too; what they may be is for `ops` to look at.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, OFlags};

use super::StoreError;
use crate::bounds;

/// The most that is read of one file; a state of 500,000 interfaces fits.
const READ_LIMIT: u64 = bounds::STATE_BYTES as u64;

/// Says what failed on which file.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError::Io { doing, path, source }
}

/// Opens a regular file; `None` if the name does not exist.
pub(super) fn open(path: &Path, options: &mut OpenOptions, doing: &'static str) -> Result<Option<File>, StoreError> {
    // Opening alone can do something to a device.
    refuse_irregular(path)?;
    // NONBLOCK: a FIFO opens at once and is refused below instead of hanging.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.mode(0o600).custom_flags(flags.bits().cast_signed()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            refuse_irregular(path)?;
            return Err(io_error(doing, path)(error));
        }
    };
    let metadata = file.metadata().map_err(io_error(doing, path))?;
    let of_the_kernel = || super::named::is_of_the_kernel(&file).then_some(super::named::OF_THE_KERNEL);
    match kind(metadata.file_type()).or_else(of_the_kernel) {
        Some(what) => Err(StoreError::NotAFile { path: path.display().to_string(), what }),
        None => Ok(Some(file)),
    }
}

/// Opens a regular file for reading and writing and creates it if need be; its name is durable after [`sync_dir`].
pub(super) fn open_or_create(path: &Path, append: bool, doing: &'static str) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).append(append).create(true);
    open(path, &mut options, doing)?.ok_or_else(|| io_error(doing, path)(io::ErrorKind::NotFound.into()))
}

/// Fails if something that is not a regular file stands at `path`.
pub(super) fn refuse_irregular(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => match kind(metadata.file_type()) {
            Some(what) => Err(StoreError::NotAFile { path: path.display().to_string(), what }),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("look at", path)(error)),
    }
}

/// Names what is not a regular file.
pub(super) fn kind(file_type: fs::FileType) -> Option<&'static str> {
    Some(match file_type {
        kind if kind.is_file() => return None,
        kind if kind.is_symlink() => "a symlink",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    })
}

/// Reads a whole file of at most 256 MiB; `None` if the name does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match open(path, OpenOptions::new().read(true), "read")? {
        Some(file) => read_open(&file, path).map(Some),
        None => Ok(None),
    }
}

/// Reads a whole file of any size; `None` if the name does not exist.
pub(super) fn read_whole(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(mut file) = open(path, OpenOptions::new().read(true), "read")? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io_error("read", path))?;
    Ok(Some(bytes))
}

/// Reads the rest of an open file, under the same bound.
pub(super) fn read_open(file: &File, path: &Path) -> Result<Vec<u8>, StoreError> {
    let length = file.metadata().map_err(io_error("read", path))?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(READ_LIMIT)).unwrap_or(0));
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(StoreError::Damaged {
            path: path.display().to_string(),
            detail: "it is larger than 256 MiB".into(),
            hint: "move it away; it is kept for you, and rictl works without it".into(),
        });
    }
    Ok(bytes)
}

/// Puts a new file with these bytes at `path`, for its owner only and in one step: whoever reads sees the old or the new
/// one, whole. The rename itself is durable after [`sync_dir`].
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    refuse_irregular(path)?;
    put(path, bytes, &Mode::Exactly(Permissions::from_mode(0o600)), true)
}

/// The permissions of a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// These, which no umask narrows.
    Exactly(Permissions),
    /// Reading and writing for whomever the umask lets.
    ByUmask,
}

/// Puts a new file with these bytes at `path` in one step; a file that is there is replaced only if `replace` says so.
pub(super) fn put(path: &Path, bytes: &[u8], mode: &Mode, replace: bool) -> Result<(), StoreError> {
    let opened = match mode {
        Mode::Exactly(_) => temporary(directory(path), ".rictl-"),
        Mode::ByUmask => named(directory(path), ".rictl-", 0o666),
    };
    let mut file = opened.map_err(io_error("write a new file beside", path))?;
    if let Mode::Exactly(permissions) = mode {
        file.as_file().set_permissions(permissions.clone()).map_err(io_error("write", path))?;
    }
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io_error("write", path))?;
    let placed = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map(drop).map_err(|failed| io_error("replace", path)(failed.error))
}

/// Writes bytes to a new file with an unpredictable name and keeps it.
pub(super) fn write_aside(dir: &Path, prefix: &str, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let mut file = temporary(dir, prefix).map_err(io_error("write a new file in", dir))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io_error("write", file.path()))?;
    let (_, path) = file.keep().map_err(|failed| io_error("keep a new file in", dir)(failed.error))?;
    Ok(path)
}

fn temporary(dir: &Path, prefix: &str) -> io::Result<tempfile::NamedTempFile> {
    named(dir, prefix, 0o600)
}

fn named(dir: &Path, prefix: &str, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(mode)).tempfile_in(dir)
}

/// Fails if `length` more bytes do not fit in the directory of `path`, or no file can be made there.
pub(super) fn probe_space(path: &Path, length: u64) -> Result<(), StoreError> {
    let file = temporary(directory(path), ".rictl-").map_err(io_error("make a file beside", path))?;
    reserve(file.as_file(), 0, length).map_err(io_error("reserve space beside", path))
}

/// Reserves space in a file without changing its length, where the file system can.
pub(super) fn reserve(file: &File, offset: u64, length: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, offset, length) {
        Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Puts new files with these bytes at names in `dir` where nothing is, each whole or not at all, and durable together.
/// A file that is there already stays as it is.
pub(super) fn put_all(dir: &Path, files: &[(PathBuf, &[u8])]) -> Result<(), StoreError> {
    /// Beyond this many, one sync of the whole file system costs less than one for each.
    const FEW: usize = 16;
    let is_few = files.len() <= FEW;
    let mut written = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        refuse_irregular(path)?;
        let mut file = temporary(dir, ".rictl-").map_err(io_error("write a new file in", dir))?;
        file.write_all(bytes).map_err(io_error("write", path))?;
        if is_few {
            file.as_file().sync_all().map_err(io_error("write", path))?;
        }
        written.push((file.into_temp_path(), path));
    }
    let opened = File::open(dir).map_err(io_error("sync", dir))?;
    if !is_few {
        rustix::fs::syncfs(&opened).map_err(io::Error::from).map_err(io_error("sync", dir))?;
    }
    for (temporary, path) in written {
        match temporary.persist_noclobber(path) {
            Ok(()) => {}
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(failed) => return Err(io_error("keep", path)(failed.error)),
        }
    }
    opened.sync_all().map_err(io_error("sync", dir))
}

/// Creates a directory, private to us, where it is missing.
pub(super) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    refuse_other_directory(dir)?;
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => sync_dir(dir),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(io_error("create", dir)(error)),
    }
}

/// Fails if something that is not a directory stands at `dir`; a link to one is not followed.
pub(super) fn refuse_other_directory(dir: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(dir) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(metadata) => {
            let what = kind(metadata.file_type()).unwrap_or("a regular file");
            Err(StoreError::NotAFile { path: dir.display().to_string(), what })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("look at", dir)(error)),
    }
}

/// Lists the names in a directory; none where there is no directory.
pub(super) fn names(dir: &Path) -> Result<Vec<OsString>, StoreError> {
    refuse_other_directory(dir)?;
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("list", dir)(error)),
    };
    entries.map(|entry| entry.map(|entry| entry.file_name()).map_err(io_error("list", dir))).collect()
}

/// Makes the names in the directory of `path` durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    let dir = directory(path);
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error("sync", dir))
}

/// Creates the directory of `path`, private to us, where it is missing, and refuses one that others can write to:
/// they could put their files in place of ours.
pub(super) fn prepare_dir(path: &Path) -> Result<(), StoreError> {
    let dir = directory(path);
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error("create", dir))?;
    for created in missing {
        sync_dir(created)?;
    }
    let metadata = fs::metadata(dir).map_err(io_error("look at", dir))?;
    let mode = metadata.mode();
    let sticky = mode & 0o1000 != 0;
    let by = match () {
        () if mode & 0o002 != 0 && !sticky => "everybody",
        // With one group per user, the usual umask of 002 lets in nobody else.
        () if mode & 0o020 != 0 && !sticky && metadata.gid() != rustix::process::getegid().as_raw() => "another group",
        () => return Ok(()),
    };
    Err(StoreError::Exposed { path: dir.display().to_string(), by })
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}
