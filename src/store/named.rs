//! Files that somebody named: opened without waiting, only if they are regular, and read up to a bound.
//!
//! A spec under review names files (`cloud.world`), and so do people (a plan, a state of Terraform). What a spec names
//! is never followed through a link at its last component: whoever writes the spec may not be the one who may read the
//! file. A device is not even opened, since opening alone can do something.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::files::kind;
use crate::bounds;
use crate::language::{say, sentence, word};

/// What a link at the last component of a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// It is refused: the name stands in a spec.
    Refused,
    /// It is followed: a person gave the name.
    Followed,
}

/// Why a named file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    /// It is not there.
    Absent,
    /// A link, FIFO, directory, socket or device.
    NotRegular(&'static str),
    /// There is more than may be read.
    TooLarge(u64),
    /// The operating system said no.
    Io(#[from] io::Error),
}

impl fmt::Display for NamedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Absent => say!("it is not there").to_owned(),
            Self::NotRegular(what) => say!("it is {what}, not a regular file", what = word(what)),
            Self::TooLarge(most) => say!("it is larger than {most}", most = bounds::size(*most)),
            Self::Io(_) => say!("it cannot be read").to_owned(),
        })
    }
}

/// Opens a regular file for reading; never waits for whoever is at the other end of a name.
///
/// # Errors
/// What stands there instead, or what the operating system says.
pub fn open(path: &Path, links: Links) -> Result<File, NamedError> {
    let looked_at = match links {
        Links::Refused => fs::symlink_metadata(path),
        Links::Followed => fs::metadata(path),
    };
    refuse_irregular(&looked_at.map_err(absent)?)?;
    // What stands there may be another thing by now: NONBLOCK opens a FIFO at once, and it is refused below.
    let flags = match links {
        Links::Refused => OFlags::NOFOLLOW | OFlags::NONBLOCK,
        Links::Followed => OFlags::NONBLOCK,
    };
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).map_err(absent)?;
    refuse_irregular(&file.metadata()?)?;
    if links == Links::Refused && is_of_the_kernel(&file) {
        return Err(NamedError::NotRegular(OF_THE_KERNEL));
    }
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`open`], and a file that is larger, however large it said it was.
pub fn read(path: &Path, links: Links, limit: usize) -> Result<Vec<u8>, NamedError> {
    let file = open(path, links)?;
    let promised = file.metadata()?.len();
    read_bounded(file, promised, limit as u64)
}

/// Reads what a person gave, at most `limit` bytes of it: a file, or a pipe for which there is somebody at the other end.
///
/// # Errors
/// A directory, what the operating system says, and more than `limit` bytes, however much was promised.
pub fn read_given(path: &Path, limit: usize) -> Result<Vec<u8>, NamedError> {
    let file = File::open(path).map_err(absent)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(NamedError::NotRegular(sentence!("a directory")));
    }
    read_bounded(file, metadata.len(), limit as u64)
}

fn read_bounded(file: File, promised: u64, limit: u64) -> Result<Vec<u8>, NamedError> {
    if promised > limit {
        return Err(NamedError::TooLarge(limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(promised).unwrap_or(0));
    // One more: a file of /proc says that it is empty, and one that grows says what it was.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(NamedError::TooLarge(limit)) } else { Ok(bytes) }
}

/// What a file of the kernel is called.
pub(super) const OF_THE_KERNEL: &str = sentence!("a file of the kernel");

/// Returns whether a file is no file but what the kernel says just now, such as `/proc/kmsg`: reading it may wait, take it away
/// from whoever it was for, or tell about the process.
pub(super) fn is_of_the_kernel(file: &File) -> bool {
    /// procfs, sysfs, debugfs, tracefs (linux/magic.h).
    const MAGIC: [u32; 4] = [0x9fa0, 0x6265_6572, 0x6462_6720, 0x7472_6163];
    rustix::fs::fstatfs(file).is_ok_and(|system| MAGIC.contains(&(system.f_type as u32)))
}

/// Returns whether a component of a name, or of the way to it, is a link.
pub fn is_linked(path: &Path) -> bool {
    let mut way = PathBuf::new();
    path.components().any(|component| {
        way.push(component);
        way.is_symlink()
    })
}

fn refuse_irregular(metadata: &fs::Metadata) -> Result<(), NamedError> {
    kind(metadata.file_type()).map_or(Ok(()), |what| Err(NamedError::NotRegular(what)))
}

fn absent(error: io::Error) -> NamedError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => NamedError::Absent,
        _ => NamedError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn opens_nothing_but_regular_files_and_waits_for_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("file"), "text").unwrap();
        symlink(path("file"), path("link")).unwrap();
        symlink("/dev/zero", path("zero")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let _listener = UnixListener::bind(path("socket")).unwrap();
        let said = |name: &str, links| match read(&path(name), links, 100) {
            Ok(bytes) => String::from_utf8(bytes).unwrap(),
            Err(error) => error.to_string(),
        };
        let both = |name: &str| [said(name, Links::Refused), said(name, Links::Followed)];
        assert_eq!(both("file"), ["text", "text"]);
        assert_eq!(both("link"), ["it is a symlink, not a regular file", "text"]);
        assert_eq!(both("zero"), ["it is a symlink, not a regular file", "it is a device, not a regular file"]);
        assert_eq!(both("fifo"), ["it is a FIFO, not a regular file"; 2]);
        assert_eq!(both("socket"), ["it is a socket, not a regular file"; 2]);
        assert_eq!(both("."), ["it is a directory, not a regular file"; 2]);
        assert_eq!(both("none"), ["it is not there"; 2]);
        assert_eq!(both("file/none"), ["it is not there"; 2]);
        assert_eq!(both("/dev/zero"), ["it is a device, not a regular file"; 2]);
    }

    #[test]
    fn reads_no_more_than_the_bound_whatever_a_file_says_of_its_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(read(&path, Links::Refused, 1 << 20), Err(NamedError::TooLarge(limit)) if limit == 1 << 20));
        // Says that it is empty.
        let cpuinfo = Path::new("/proc/cpuinfo");
        assert!(matches!(read(cpuinfo, Links::Followed, 10), Err(NamedError::TooLarge(10))));
        assert!(matches!(read(cpuinfo, Links::Refused, 1 << 20), Err(NamedError::NotRegular(OF_THE_KERNEL))));
    }

    #[test]
    fn what_a_person_gives_may_be_a_pipe_and_is_bounded_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "text").unwrap();
        assert_eq!(read_given(&path, 4).unwrap(), b"text");
        assert!(matches!(read_given(&path, 3), Err(NamedError::TooLarge(3))));
        assert!(matches!(read_given(Path::new("/dev/zero"), 1 << 16), Err(NamedError::TooLarge(_))));
        assert!(matches!(read_given(directory.path(), 3), Err(NamedError::NotRegular(_))));
        assert!(matches!(read_given(&directory.path().join("none"), 3), Err(NamedError::Absent)));
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, b"piped").unwrap();
        drop(writer);
        let name = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        assert_eq!(read_given(Path::new(&name), 9).unwrap(), b"piped");
    }

    #[test]
    fn a_link_anywhere_on_the_way_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        fs::create_dir(base.join("real")).unwrap();
        fs::write(base.join("real/file"), "").unwrap();
        symlink("real", base.join("way")).unwrap();
        symlink("file", base.join("real/last")).unwrap();
        let seen = |name: &str| is_linked(&base.join(name));
        assert_eq!(["real/file", "way/file", "real/last", "way/../real/file"].map(seen), [false, true, true, true]);
    }
}
