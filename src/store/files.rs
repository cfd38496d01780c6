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

use super::acl::{self, Named};
use super::medium::Mark;
use super::{StoreError, Writer};
use crate::bounds;
use crate::language::{sentence, worded};

/// The most that is read of one file.
const READ_LIMIT: u64 = bounds::STATE_BYTES as u64;

/// Says what failed on which file.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| {
        let at = if source.kind() == io::ErrorKind::PermissionDenied { closed_to_us(&path) } else { &path };
        StoreError::Io { doing, path: at.display().to_string(), source }
    }
}

/// Returns the directory on the way to a file that lets nobody like us in; the file where all do. Of what lies behind such a
/// directory nobody can tell whether it is there.
fn closed_to_us(path: &Path) -> &Path {
    let is_closed =
        |path: &Path| fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    let mut at = path;
    while is_closed(at) {
        match at.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => at = parent,
            None => return path,
        }
    }
    at
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
    let file = open(path, &mut options, doing)?.ok_or_else(|| io_error(doing, path)(io::ErrorKind::NotFound.into()))?;
    let found = file.metadata().map_err(io_error("look at", path))?;
    let is_new = found.len() == 0 && found.uid() == rustix::process::geteuid().as_raw();
    if is_new {
        let permissions = private(directory(path));
        if found.mode() & 0o777 != permissions.mode() {
            file.set_permissions(permissions).map_err(io_error("open", path))?;
        }
    }
    Ok(file)
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
        kind if kind.is_symlink() => sentence!("a symlink"),
        kind if kind.is_dir() => sentence!("a directory"),
        kind if kind.is_fifo() => sentence!("a FIFO"),
        kind if kind.is_socket() => sentence!("a socket"),
        _ => sentence!("a device"),
    })
}

/// Reads a whole file of at most [`READ_LIMIT`]; `None` if the name does not exist.
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
            detail: worded!("it is larger than {most}", most = bounds::size(READ_LIMIT)),
            hint: worded!("move it away; it is kept for you, and rictl works without it"),
        });
    }
    Ok(bytes)
}

/// Puts a new file with these bytes at `path`, for its owner only and in one step: whoever reads sees the old or the new
/// one, whole. The rename itself is durable after [`sync_dir`].
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    refuse_irregular(path)?;
    put(path, bytes, &Mode::Exactly(private(directory(path))), true)
}

/// Gives the file at `path` a second name, in the place of what is there, so that it outlives what takes its own place; without
/// a file nothing happens. Nothing of it is read or written, where the file system has hard links.
pub(super) fn keep_as(path: &Path, name: &Path) -> Result<(), StoreError> {
    refuse_irregular(path)?;
    refuse_irregular(name)?;
    // A crash may have left it with both names; putting one in the place of the other would do nothing, and say so of neither.
    let is_kept = |known: &fs::Metadata, kept: &fs::Metadata| (known.dev(), known.ino()) == (kept.dev(), kept.ino());
    if let (Ok(known), Ok(kept)) = (fs::symlink_metadata(path), fs::symlink_metadata(name))
        && is_kept(&known, &kept)
    {
        return Ok(());
    }
    let link = |at: &Path| fs::hard_link(path, at);
    match tempfile::Builder::new().prefix(".rictl-").make_in(directory(path), link) {
        Ok(linked) => linked.into_temp_path().persist(name).map_err(|failed| io_error("replace", name)(failed.error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Not every file system has them, nor may everybody make one.
        Err(_) => read(path)?.map_or(Ok(()), |bytes| replace(name, &bytes)),
    }
}

/// Returns by what a file is known from any other, and from itself with another content; `None` if the name does not exist.
pub(super) fn mark(path: &Path) -> Result<Option<Mark>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) => {
            let numbers = [found.dev(), found.ino(), found.len()].map(u64::cast_signed);
            let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
            Ok(Some(Mark(numbers.into_iter().chain(times).collect())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("look at", path)(error)),
    }
}

/// Puts a new file of ours with these bytes at `path`, where nothing is, in one step.
pub(super) fn put_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    put(path, bytes, &Mode::Exactly(private(directory(path))), false)
}

/// Returns the permissions of a file of ours in `dir`: for its owner, and in a directory that is setgid for the group that
/// it is shared with to read.
fn private(dir: &Path) -> Permissions {
    Permissions::from_mode(if stands_shared(dir) { 0o640 } else { 0o600 })
}

/// Returns whether there is a directory that is shared with its group.
fn stands_shared(dir: &Path) -> bool {
    fs::metadata(dir).is_ok_and(|found| is_shared(&found))
}

/// Returns whether a directory is shared with its group.
fn is_shared(dir: &fs::Metadata) -> bool {
    /// Files in it are of its group.
    const SETGID: u32 = 0o2000;
    dir.mode() & SETGID != 0
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
    let permissions = private(dir);
    let mut written = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        refuse_irregular(path)?;
        let mut file = temporary(dir, ".rictl-").map_err(io_error("write a new file in", dir))?;
        file.as_file().set_permissions(permissions.clone()).map_err(io_error("write", path))?;
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

/// Creates a directory, private to us; for the group to read too, whatever the umask, where the one above is shared with it.
fn create_dir(dir: &Path) -> io::Result<()> {
    if !stands_shared(directory(dir)) {
        return DirBuilder::new().mode(0o700).create(dir);
    }
    DirBuilder::new().mode(0o750).create(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(0o2750))
}

/// Creates a directory, as [`create_dir`] does, where it is missing.
pub(super) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    refuse_other_directory(dir)?;
    match create_dir(dir) {
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
            let what = kind(metadata.file_type()).unwrap_or(sentence!("a regular file"));
            Err(StoreError::NotADirectory { path: dir.display().to_string(), what })
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

/// Returns whether there is nothing in the file at `path`, or no file.
pub(super) fn is_empty(path: &Path) -> Result<bool, StoreError> {
    match open(path, OpenOptions::new().read(true), "look at")? {
        Some(file) => Ok(file.metadata().map_err(io_error("look at", path))?.len() == 0),
        None => Ok(true),
    }
}

/// Gives a file another name beside its own, which nothing has yet, in one step.
pub(super) fn move_to(path: &Path, name: &Path) -> Result<(), StoreError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, path, CWD, name, RenameFlags::NOREPLACE) {
        // Not every file system can; with a link in between, a crash leaves both names.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(path, name).and_then(|()| fs::remove_file(path)).map_err(io_error("move", path))
        }
        moved => moved.map_err(|error| io_error("move", path)(error.into())),
    }
}

/// Takes a file away, if there is one, durably.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => sync_dir(path),
    }
}

/// Makes the names in the directory of `path` durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    let dir = directory(path);
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error("sync", dir))
}

/// Creates the directory of `path`, as [`create_dir`] does, where it is missing, and refuses one that others can write to:
/// they could put their files in place of ours.
pub(super) fn prepare_dir(path: &Path, spec_owner: Option<u32>) -> Result<(), StoreError> {
    let dir = directory(path);
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    for missing in missing.into_iter().rev() {
        match create_dir(missing) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io_error("create", missing)(error));
            }
            _ => sync_dir(missing)?,
        }
    }
    let found = fs::metadata(dir).map_err(io_error("look at", dir))?;
    // Who owns a sticky directory, or may make files in it, cannot replace ours: those are looked at one by one.
    let is_sticky = found.mode() & 0o1000 != 0 && is_known(found.uid(), spec_owner);
    if is_sticky { Ok(()) } else { refuse_writers(dir, &found, spec_owner, is_shared(&found)) }
}

/// Refuses a file or directory of ours that somebody else can write to, if something stands there.
pub(super) fn refuse_exposed(path: &Path, spec_owner: Option<u32>) -> Result<(), StoreError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("look at", path)(error)),
    };
    if found.is_symlink() {
        // Nobody writes to a link; it is refused where it is opened.
        return Ok(());
    }
    let is_shared = fs::metadata(directory(path)).is_ok_and(|dir| is_shared(&dir) && dir.gid() == found.gid());
    // Whoever could put it there may write to the directory, which was looked at.
    let owner = if is_shared { Some(found.uid()) } else { spec_owner };
    refuse_writers(path, &found, owner, is_shared)
}

/// Returns whether an owner is trusted: this process, root, whoever owns the spec.
fn is_known(owner: u32, spec_owner: Option<u32>) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw() || Some(owner) == spec_owner
}

/// Refuses what others than those can write to. `is_shared` says that its group is the one that a setgid directory is
/// shared with.
fn refuse_writers(
    path: &Path,
    found: &fs::Metadata,
    spec_owner: Option<u32>,
    is_shared: bool,
) -> Result<(), StoreError> {
    let mode = found.mode();
    let by = match () {
        () if !is_known(found.uid(), spec_owner) => Writer::Owner(found.uid()),
        () if mode & 0o002 != 0 => Writer::Everybody,
        // With one group per user, the usual umask of 002 lets in nobody else.
        () if mode & 0o020 != 0 && !is_shared && found.gid() != rustix::process::getegid().as_raw() => {
            Writer::Group(found.gid())
        }
        () => {
            let own = is_shared.then_some(found.gid());
            let named = acl::writers(path).map_err(|error| io_error("look at", path)(error.into()))?;
            match named.into_iter().find_map(|named| stranger(named, spec_owner, own)) {
                Some(by) => by,
                None => return Ok(()),
            }
        }
    };
    Err(StoreError::Exposed { path: path.display().to_string(), by })
}

/// Returns whom an access control list names, unless that is somebody who is trusted or a group that the file is shared with.
fn stranger(named: Named, spec_owner: Option<u32>, shared_with: Option<u32>) -> Option<Writer> {
    match named {
        Named::User(id) => (!is_known(id, spec_owner)).then_some(Writer::User(id)),
        Named::Group(id) => {
            let is_ours = Some(id) == shared_with || id == rustix::process::getegid().as_raw();
            (!is_ours).then_some(Writer::Group(id))
        }
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}
