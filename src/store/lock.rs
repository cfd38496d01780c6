//! The lock: a file of its own that the kernel locks and that says who holds it.
//!
//! The kernel's lock decides on one host and ends with its process; the identity in the file is for people and for
//! other hosts. The file is never removed, so nobody waits on a name that is gone; freeing a lock by force puts a
//! fresh file in its place, and the old holder notices that at its next write.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StoreError, files};
use crate::state::RunId;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The lock's id, made once per acquisition, for `force-unlock`.
    pub id: String,
    /// The user, untrusted text.
    pub who: String,
    /// The host, untrusted text.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// When the process started, in clock ticks after boot: tells it from a later one with the same pid.
    pub process_start: Option<u64>,
    /// Which boot of which machine that was.
    pub boot_id: Option<String>,
    /// What the user ran, e.g. `apply`.
    pub operation: String,
    /// The run, if it is one.
    pub run_id: Option<RunId>,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// Describes this process under a fresh lock id.
    pub fn this_process(who: String, operation: String, run_id: Option<RunId>, since: Timestamp) -> Self {
        let pid = std::process::id();
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            who,
            host: Self::host_name(),
            pid,
            process_start: process_start(pid),
            boot_id: boot_id(),
            operation,
            run_id,
            since,
        }
    }

    /// Returns what this machine calls itself.
    pub fn host_name() -> String {
        kernel_word("hostname").unwrap_or_else(|| "this host".into())
    }

    /// Returns whether the kernel here would know the holder: the same boot, or an earlier one of the same host.
    fn is_of_this_host(&self, us: &Self) -> bool {
        self.host == us.host || (self.boot_id.is_some() && self.boot_id == us.boot_id)
    }

    /// Returns whether the holder's process is at work on this host: the same process, not a later one with its number.
    pub fn is_alive_here(&self) -> bool {
        self.boot_id.is_some()
            && self.boot_id == boot_id()
            && process_start(self.pid).is_some_and(|start| self.process_start.is_none_or(|known| known == start))
    }

    /// Returns whether the holder may still be at work: on another host nobody can tell.
    fn may_be_alive(&self) -> bool {
        let ended_with_its_boot = self.boot_id != boot_id();
        let on_this_host = !ended_with_its_boot || kernel_word("hostname").as_deref() == Some(self.host.as_str());
        !on_this_host || (!ended_with_its_boot && process_start(self.pid) == self.process_start)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} (pid {}), {} since {:.0}", self.who, self.host, self.pid, self.operation, self.since)
    }
}

fn kernel_word(name: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).ok()?;
    Some(text.trim().to_owned())
}

fn boot_id() -> Option<String> {
    kernel_word("random/boot_id")
}

/// Returns when the process started, in ticks after boot; `None` if none with this pid is alive.
fn process_start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name is in parentheses and may hold anything; the state is next, `starttime` the 20th after it.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    // A zombie is dead; it may wait for long until its parent asks.
    let starttime = fields.next().filter(|state| *state != "Z").and_then(|_| fields.nth(18));
    starttime?.parse().ok()
}

/// A held lock; freed when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at once or says who has it. Also returns the dead holder that it was taken over from.
    pub(super) fn try_acquire(path: &Path, holder: &Holder) -> Result<(Self, Option<String>), StoreError> {
        // A file that was replaced between our opening and our locking it protects nothing: open the new one.
        for _ in 0..100 {
            let file = files::open_or_create(path, false, "lock")?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(locked(read_holder(&file, path)?.flatten())),
                Err(TryLockError::Error(error)) => return Err(files::io_error("lock", path)(error)),
            }
            if !is_current(&file, path)? {
                continue;
            }
            let before = read_holder(&file, path)?;
            if let Some(Some(before)) = &before
                && !before.is_of_this_host(holder)
            {
                return Err(locked(Some(before.clone())));
            }
            // From here on the identity is ours to clear.
            let mut lock = Self { file, path: path.to_owned() };
            lock.write(holder).map_err(files::io_error("write", path))?;
            let note = before.map(|before| match before {
                Some(before) => format!("took over the lock of a process that is gone: {before}"),
                None => "took over the lock of a process that died while taking it".into(),
            });
            return Ok((lock, note));
        }
        Err(StoreError::Moved { path: path.display().to_string(), detail: "it is replaced again and again".into() })
    }

    /// Fails if the lock was freed by force, or its file replaced or removed.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if is_current(&self.file, &self.path)? {
            return Ok(());
        }
        let detail = "the lock is no longer ours, it was freed by force".into();
        Err(StoreError::Moved { path: self.path.display().to_string(), detail })
    }

    fn write(&mut self, holder: &Holder) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&serde_json::to_vec(holder)?)?;
        self.file.sync_all()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An identity that stays behind costs the next holder a note, nothing else.
        self.file.set_len(0).ok();
    }
}

/// Returns whether `path` still names the file that is open.
pub(super) fn is_current(file: &File, path: &Path) -> Result<bool, StoreError> {
    let ours = file.metadata().map_err(files::io_error("look at", path))?;
    match fs::symlink_metadata(path) {
        // The open file keeps its inode number from being used again.
        Ok(named) => Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(files::io_error("look at", path)(error)),
    }
}

fn locked(holder: Option<Holder>) -> StoreError {
    match holder {
        Some(holder) => StoreError::Locked { holder: holder.to_string(), id: holder.id },
        None => StoreError::Locked { holder: "a process that has not said who it is yet".into(), id: String::new() },
    }
}

/// Reads who the file names: `None` for nobody, `Some(None)` for words that cannot be read.
fn read_holder(file: &File, path: &Path) -> Result<Option<Option<Holder>>, StoreError> {
    let bytes = files::read_open(file, path)?;
    Ok((!bytes.is_empty()).then(|| serde_json::from_slice(&bytes).ok()))
}

/// Returns who is at work, as far as the lock file tells; takes no lock and so disturbs nobody.
pub(super) fn running(path: &Path) -> Result<Option<Holder>, StoreError> {
    let Some(file) = files::open(path, OpenOptions::new().read(true), "read")? else { return Ok(None) };
    Ok(read_holder(&file, path)?.flatten().filter(Holder::may_be_alive))
}

/// Returns who the lock file names, dead or alive.
pub(super) fn named(path: &Path) -> Result<Holder, StoreError> {
    let not_locked = || StoreError::NotLocked { path: path.display().to_string() };
    let file = files::open(path, OpenOptions::new().read(true), "read")?.ok_or_else(not_locked)?;
    read_holder(&file, path)?.ok_or_else(not_locked)?.ok_or_else(|| locked(None))
}

/// Frees the lock with this id, whoever holds it, and returns the holder.
pub(super) fn free(path: &Path, id: &str) -> Result<Holder, StoreError> {
    let holder = named(path)?;
    if holder.id != id {
        return Err(locked(Some(holder)));
    }
    files::replace(path, b"")?;
    files::sync_dir(path)?;
    Ok(holder)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::process_start;

    #[test]
    fn a_process_that_waits_for_its_parent_only_is_dead() {
        assert!(process_start(std::process::id()).is_some());
        let mut child = Command::new("true").spawn().unwrap();
        while process_start(child.id()).is_some() {
            std::thread::yield_now();
        }
        assert!(std::path::Path::new(&format!("/proc/{}/stat", child.id())).exists());
        child.wait().unwrap();
    }
}
