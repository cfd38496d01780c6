//! Files where the user says: plans, specs, reports, lines of events. [`write()`] and [`lines`] look first at what is there.
//!
//! What is there and is a pipe, a device, or a link to one is written into. A regular file, or nothing, is replaced in
//! one step: whole or not at all. A link keeps pointing where it points; what it points at is replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};

use crate::language::worded;
use crate::store;

use super::failure::{Exit, Refusal};

/// How many links in a row are followed, as many as the kernel does.
const MOST_LINKS: usize = 40;

/// Who can read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone, whatever the file that was there before let in.
    Owner,
    /// Whoever could read the file that was there before, else whomever the umask lets.
    Others,
}

/// Writes a file. A regular one that is there is replaced only if `replace` says so.
///
/// # Errors
/// A file that is there and may not be replaced, or a place that cannot be written to.
pub fn write(path: &Path, bytes: &[u8], access: Access, replace: bool) -> Result<()> {
    let doing = || worded!("cannot write {path}", path = path.display());
    match place(path).with_context(doing)? {
        Place::Stream => {
            let mut stream = open_stream(path).with_context(doing)?;
            match stream.write_all(bytes).and_then(|()| stream.flush()) {
                // A reader that has gone away has read what it wanted.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).with_context(doing),
                _ => Ok(()),
            }
        }
        Place::File(target) => {
            let parent = directory(&target);
            if !parent.is_dir() {
                let refusal = Refusal::new(Exit::Error, doing());
                let refusal = refusal.cause(worded!("there is no directory {directory}", directory = parent.display()));
                return Err(refusal.hint(worded!("make it first")).into());
            }
            let permissions = match access {
                Access::Owner => store::Mode::Exactly(Permissions::from_mode(0o600)),
                Access::Others => match fs::metadata(&target) {
                    Ok(metadata) => store::Mode::Exactly(metadata.permissions()),
                    Err(_) => store::Mode::ByUmask,
                },
            };
            Ok(store::put_file(&target, bytes, &permissions, replace)?)
        }
    }
}

/// Writes a file as [`write()`] does. A pipe that waits for its reader is waited for on a thread of its own, so that signals are heard
/// meanwhile.
///
/// # Errors
/// As [`write()`].
pub async fn hand_over(path: &Path, bytes: Vec<u8>, access: Access, replace: bool) -> Result<()> {
    if !is_stream(path) {
        return write(path, &bytes, access, replace);
    }
    let name = path.to_owned();
    tokio::task::spawn_blocking(move || write(&name, &bytes, access, replace)).await?
}

/// A turn to edit what stands in a directory. Whoever else asks for one waits until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn(Option<File>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(directory) = &self.0
            && let Err(error) = flock(directory, FlockOperation::Unlock)
        {
            tracing::debug!(%error, "the turn ends with the process");
        }
    }
}

/// Waits for a turn to read, alter and write back the file or the directory at `path`. Where the file system has no locks nobody
/// waits, and what was written meanwhile is told by comparing.
pub fn turn(path: &Path) -> Turn {
    let target = match place(path) {
        Ok(Place::File(target)) => directory(&target).to_owned(),
        _ => path.to_owned(),
    };
    let locked = |directory: File| {
        flock(&directory, FlockOperation::LockExclusive)?;
        Ok(directory)
    };
    Turn(File::open(target).and_then(locked).ok())
}

/// What becomes of the lines that a regular file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It is emptied.
    Dropped,
    /// They stay: this command wrote them.
    Kept,
}

/// Opens a place that lines are to be written to one by one.
///
/// # Errors
/// A place that cannot be written to.
pub fn lines(path: &Path, before: Before) -> io::Result<File> {
    let mut file = OpenOptions::new();
    match (place(path)?, before) {
        (Place::Stream, _) => open_stream(path),
        (Place::File(target), Before::Dropped) => file.create(true).truncate(true).write(true).open(target),
        (Place::File(target), Before::Kept) => file.create(true).append(true).open(target),
    }
}

/// Returns whether a file is there that writing would replace; what is written into loses nothing.
pub fn is_there(path: &Path) -> bool {
    !is_stream(path) && path.symlink_metadata().is_ok()
}

/// Returns whether what is written to a place goes through it: nothing stands beside it, and nobody reads it again there.
pub fn is_stream(path: &Path) -> bool {
    matches!(place(path), Ok(Place::Stream))
}

/// What stands where the user said.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A pipe, a device, a terminal, or an open descriptor such as `/dev/stdout`, whatever that is.
    Stream,
    /// A regular file or nothing, under this name; links at its end are followed.
    File(PathBuf),
}

fn place(path: &Path) -> io::Result<Place> {
    let mut name = path.to_owned();
    for _ in 0..MOST_LINKS {
        let metadata = match name.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::File(name)),
            Err(error) => return Err(error),
        };
        let kind = metadata.file_type();
        if kind.is_symlink() {
            if is_descriptor(&name) {
                return Ok(Place::Stream);
            }
            name = directory(&name).join(fs::read_link(&name)?);
        } else if kind.is_file() {
            return Ok(Place::File(name));
        } else if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() {
            return Ok(Place::Stream);
        } else if kind.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        } else {
            return Err(io::Error::other("it is a socket"));
        }
    }
    Err(io::Error::other("too many links in a row"))
}

/// Returns whether `link` is the kernel's name of an open descriptor: what it leads to is in use, and never replaced.
fn is_descriptor(link: &Path) -> bool {
    let Ok(real) = directory(link).canonicalize() else { return false };
    let parts: Vec<Component<'_>> = real.components().collect();
    matches!(parts.as_slice(), [Component::RootDir, Component::Normal(proc), .., Component::Normal(fd)]
        if *proc == "proc" && *fd == "fd")
}

fn open_stream(path: &Path) -> io::Result<File> {
    // Appending matters to a descriptor of a regular file alone: what is in it stays.
    OpenOptions::new().append(true).open(path)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests;
