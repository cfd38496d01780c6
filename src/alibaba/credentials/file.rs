//! Reads a file that holds a secret: a regular file, of me or root, of bounded size.
//!
//! Symlinks are followed, since dotfiles and mounted secrets are made of them; what is checked is the file that
//! was opened, not the name.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::bounds;
use crate::language::worded;

/// Whether others may be able to read the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privacy {
    /// A file of keys: others reading it is worth a warning.
    Private,
    /// A token that the platform mounts, often readable by all: only its owner matters.
    Mounted,
}

/// Returns the text of a file, `None` where there is none, or why it cannot be used.
pub(super) fn read(path: &Path, privacy: Privacy) -> Result<Option<SecretString>, String> {
    // Without O_NONBLOCK a FIFO at this name would hang us before we could see what it is.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut file = match OpenOptions::new().read(true).custom_flags(nonblocking).open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(format!("it cannot be opened: {error}")),
    };
    let metadata = file.metadata().map_err(|error| format!("it cannot be examined: {error}"))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    check_owner(metadata.uid(), rustix::process::geteuid().as_raw())?;
    if privacy == Privacy::Private {
        warn_if_shared(path, &metadata);
    }
    read_bounded(&mut file).map(Some)
}

fn check_owner(owner: u32, me: u32) -> Result<(), String> {
    if owner == me || owner == 0 {
        return Ok(());
    }
    Err(format!(
        "it belongs to user {owner}, not to user {me} or root, so its keys cannot be trusted: \
         chown it, copy it for this user, or set the keys as variables"
    ))
}

fn warn_if_shared(path: &Path, metadata: &Metadata) {
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        let said = worded!(
            "{path} has mode {mode}, so others can reach the keys in it: run `chmod 600 {path}`",
            path,
            mode = format!("{mode:04o}")
        );
        tracing::warn!("{said}");
    }
}

fn read_bounded(file: &mut File) -> Result<SecretString, String> {
    // Room for everything from the start: a vector that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bounds::CREDENTIALS_BYTES + 1));
    let limit = u64::try_from(bounds::CREDENTIALS_BYTES + 1).expect("the limit is small");
    file.take(limit).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() > bounds::CREDENTIALS_BYTES {
        return Err(format!("it is larger than {}", bounds::size(bounds::CREDENTIALS_BYTES as u64)));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8 text")?;
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests;
