//! The file by which the processes of one account on one host share a gate: it stands beside the account's lock.
//!
//! What it holds is the gate's business, and worth nothing once the host has started anew. It is locked for as long as it is read
//! and written, and never waited for: where it cannot be used, whoever asks counts alone. Like the lock it is made with the mode 0644, and
//! written only if it is ours: what another user's processes do is seen there, and they do not see ours.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::account::{LockName, Reach};
use super::lock::is_current;
use super::{Mode, StoreError, files};
use crate::resource::{AccountId, Provider};

/// The most that is read of one.
const LARGEST: u64 = 256 * 1024;

/// How often a lock that somebody holds for a moment is tried before that moment is over for us.
const ATTEMPTS: usize = 50;

/// How a gate's file ends.
const ENDING: &str = ".gate";

/// Such a file.
#[derive(Debug)]
pub struct GateFile {
    path: PathBuf,
    open: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    is_ours: bool,
}

/// What kept a file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Somebody holds it just now.
    Busy,
    /// It cannot be made, opened or locked.
    Closed,
}

impl GateFile {
    /// Names the file of an account; it is not there before it is used.
    pub fn of(directory: &Path, provider: Provider, account: &AccountId, reach: &Reach) -> Option<Self> {
        let name = LockName::of(provider, std::slice::from_ref(account), reach).pop()?;
        Some(Self::at(directory.join(name.with_ending(ENDING))))
    }

    /// Finds the files of all accounts of one provider and server that are there.
    pub fn all(directory: &Path, provider: Provider, reach: &Reach) -> Vec<Self> {
        let Ok(names) = files::names(directory) else { return Vec::new() };
        let is_one = |name: &&std::ffi::OsString| {
            name.to_str().is_some_and(|name| LockName::may_be_of(name, provider, reach, ENDING))
        };
        names.iter().filter(is_one).map(|name| Self::at(directory.join(name))).collect()
    }

    fn at(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Reads the file and, where it is ours, writes what `change` makes of it, while nobody else does either.
    ///
    /// # Errors
    /// Whatever kept it from being used: nothing was read then.
    pub fn with<T>(&mut self, change: impl FnOnce(&[u8]) -> (Option<Vec<u8>>, T)) -> Result<T, Unusable> {
        let Opened { file, is_ours } = self.locked()?;
        let mut bytes = Vec::new();
        // One that cannot be read, or was made too large, is begun anew.
        let read = file.rewind().and_then(|()| (&*file).take(LARGEST).read_to_end(&mut bytes));
        if read.is_err() {
            bytes.clear();
        }
        let (changed, told) = change(&bytes);
        if let Some(changed) = changed.filter(|_| *is_ours) {
            let length = changed.len() as u64;
            // Half of it is no sheet that anybody believes.
            let written = file.rewind().and_then(|()| file.write_all(&changed)).and_then(|()| file.set_len(length));
            if let Err(error) = written {
                tracing::debug!("cannot write into a gate's file: {error}");
            }
        }
        if file.unlock().is_err() {
            self.open = None;
        }
        Ok(told)
    }

    fn locked(&mut self) -> Result<&mut Opened, Unusable> {
        for _ in 0..ATTEMPTS {
            if self.open.is_none() {
                self.open = open(&self.path).map_err(|error| {
                    tracing::debug!("a gate is not shared: {error}");
                    Unusable::Closed
                })?;
            }
            let is_had = match self.open.as_ref().map(|opened| opened.file.try_lock()) {
                Some(Ok(())) => true,
                Some(Err(TryLockError::WouldBlock)) | None => false,
                Some(Err(TryLockError::Error(_))) => return Err(Unusable::Closed),
            };
            let is_there = |opened: &Opened| is_current(&opened.file, &self.path).unwrap_or(false);
            if is_had && self.open.as_ref().is_some_and(is_there) {
                return self.open.as_mut().ok_or(Unusable::Closed);
            }
            if is_had {
                // It was taken away since it was opened.
                self.open = None;
            } else {
                std::thread::yield_now();
            }
        }
        Err(Unusable::Busy)
    }
}

/// Opens the file, and makes it where it is absent; another user's to read only.
fn open(path: &Path) -> Result<Option<Opened>, StoreError> {
    let made = files::put(path, b"", &Mode::Exactly(Permissions::from_mode(0o644)), false);
    if let Err(error) = made
        && !path.try_exists().unwrap_or(false)
    {
        return Err(error);
    }
    let us = rustix::process::geteuid().as_raw();
    let Some(file) = files::open(path, OpenOptions::new().read(true), "open")? else { return Ok(None) };
    let found = file.metadata().map_err(files::io_error("look at", path))?;
    if found.uid() != us || found.nlink() != 1 {
        return Ok(Some(Opened { file, is_ours: false }));
    }
    let file = files::open(path, OpenOptions::new().read(true).write(true), "open")?;
    Ok(file.map(|file| Opened { file, is_ours: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_in(directory: &Path) -> GateFile {
        GateFile::of(directory, Provider::Alibaba, &AccountId::from("1234"), &Reach::Cloud).unwrap()
    }

    #[test]
    fn what_one_writes_the_other_reads() {
        let directory = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (file_in(directory.path()), file_in(directory.path()));
        assert_eq!(one.with(|bytes| (Some(b"longer than that".to_vec()), bytes.len())), Ok(0));
        assert_eq!(other.with(|bytes| (Some(b"short".to_vec()), bytes.to_vec())), Ok(b"longer than that".to_vec()));
        assert_eq!(one.with(|bytes| (None, bytes.to_vec())), Ok(b"short".to_vec()));
        std::fs::remove_file(&one.path).unwrap();
        assert_eq!(one.with(|bytes| (None, bytes.len())), Ok(0), "one that was taken away is made anew");
        assert!(other.path.exists());
    }

    #[test]
    fn one_that_is_held_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (file_in(directory.path()), file_in(directory.path()));
        let told = one.with(|_| (None, other.with(|_| (None, ()))));
        assert_eq!(told, Ok(Err(Unusable::Busy)));
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = file_in(directory.path());
        std::fs::write(directory.path().join("victim"), "precious").unwrap();
        std::os::unix::fs::symlink("victim", &file.path).unwrap();
        assert_eq!(file.with(|_| (Some(b"x".to_vec()), ())), Err(Unusable::Closed));
        assert_eq!(std::fs::read(directory.path().join("victim")).unwrap(), b"precious");
        assert_eq!(file_in(Path::new("/nonexistent")).with(|_| (None, ())), Err(Unusable::Closed));
    }

    #[test]
    fn the_files_of_a_server_are_told_from_those_of_others() {
        let directory = tempfile::tempdir().unwrap();
        let loopback = |port: u16| Reach::Loopback(format!("127.0.0.1:{port}"));
        let reaches = [Reach::Cloud, loopback(80), loopback(8080)];
        for reach in &reaches {
            let mut file = GateFile::of(directory.path(), Provider::Alibaba, &AccountId::from("1234"), reach).unwrap();
            file.with(|_| (None, ())).unwrap();
        }
        for reach in &reaches {
            assert_eq!(GateFile::all(directory.path(), Provider::Alibaba, reach).len(), 1, "{reach:?}");
            assert!(GateFile::all(directory.path(), Provider::Emulator, reach).is_empty());
        }
    }
}
