//! The lock: a file of its own that the kernel locks and that says who holds it.
//!
//! The kernel's lock decides on one host and ends with its process; the identity in the file is for people and for
//! other hosts. The file is never removed, so nobody waits on a name that is gone; freeing a lock by force puts a
//! fresh file in its place, and the old holder notices that at its next write. Whose words stand in a lock is not
//! known: they are cut and cleaned before anybody sees them.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mount::Mount;
use super::{StoreError, files};
use crate::clock::boot_id;
use crate::language::{Wording, say, worded};
use crate::state::RunId;

/// What to do where locks do not keep others out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locking {
    /// Refuse.
    #[default]
    Required,
    /// Go on without (`--lock=none`).
    None,
}

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
            boot_id: boot_id().map(str::to_owned),
            operation,
            run_id,
            since,
        }
    }

    /// Returns what this machine calls itself.
    pub fn host_name() -> String {
        kernel_word("hostname").unwrap_or_else(|| "this host".into())
    }

    /// Reads who wrote a lock: nobody's words are longer than `bounds::LOCK_BYTES`, and each is cut to what a line has room for,
    /// without what a terminal would act on.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        /// Longer than any name of a user or host.
        const LONGEST: usize = 128;
        let holder: Self = serde_json::from_slice(bytes).ok().filter(|_| bytes.len() <= MOST_WORDS)?;
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>();
        let plain = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
        // No holder is without an id, by which its lock is freed.
        let id = Some(plain(&holder.id)).filter(|id: &String| !id.is_empty())?;
        Some(Self {
            id,
            who: clean(&holder.who),
            host: clean(&holder.host),
            operation: clean(&holder.operation),
            boot_id: holder.boot_id.as_deref().map(clean),
            run_id: holder.run_id.map(|run_id| RunId(clean(&run_id.0).into())),
            ..holder
        })
    }

    /// Returns whether the kernel here would know the holder: it was written in this boot.
    fn is_of_this_boot(&self, us: &Self) -> bool {
        self.boot_id.is_some() && self.boot_id == us.boot_id
    }

    /// Returns whether the holder's process is at work on this host: the same process, not a later one with its number.
    pub fn is_alive_here(&self) -> bool {
        self.boot_id.is_some()
            && self.boot_id.as_deref() == boot_id()
            && process_start(self.pid).is_some_and(|start| self.process_start.is_none_or(|known| known == start))
    }

    /// Returns whether the holder may still be at work: on another host nobody can tell.
    fn may_be_alive(&self) -> bool {
        let ended_with_its_boot = self.boot_id.as_deref() != boot_id();
        let on_this_host = !ended_with_its_boot || kernel_word("hostname").as_deref() == Some(self.host.as_str());
        !on_this_host || (!ended_with_its_boot && process_start(self.pid) == self.process_start)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, host, pid, operation, since, .. } = self;
        let since = format!("{since:.0}");
        f.write_str(&say!("{who} on {host} (pid {pid}), {operation} since {since}", who, host, pid, operation, since))
    }
}

/// More than any holder writes.
pub(super) const MOST_WORDS: usize = crate::bounds::LOCK_BYTES;

fn kernel_word(name: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).ok()?;
    Some(text.trim().to_owned())
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
    pub(super) fn try_acquire(
        path: &Path,
        holder: &Holder,
        locking: Locking,
    ) -> Result<(Self, Option<Wording>), StoreError> {
        Self::acquire(path, holder, locking, &|file| Ok(Mount::of(file.metadata()?.dev())))
    }

    fn acquire(
        path: &Path,
        holder: &Holder,
        locking: Locking,
        mount_of: &dyn Fn(&File) -> io::Result<Mount>,
    ) -> Result<(Self, Option<Wording>), StoreError> {
        // A file that was replaced between our opening and our locking it protects nothing: open the new one.
        for _ in 0..100 {
            let file = files::open_or_create(path, false, "lock")?;
            let mount = mount_of(&file).map_err(files::io_error("look at", path))?;
            let broken = match file.try_lock() {
                Ok(()) => what_breaks(path, &file, &mount)?,
                Err(TryLockError::WouldBlock) => return Err(locked(read_holder(&file, path)?.flatten())),
                Err(TryLockError::Error(error)) if says_unsupported(&error) => Some(error.to_string().into()),
                Err(TryLockError::Error(error)) => return Err(files::io_error("lock", path)(error)),
            };
            if let Some(why) = broken.as_ref().filter(|_| locking == Locking::Required) {
                return Err(StoreError::Unlockable { path: path.display().to_string(), why: why.clone() });
            }
            if !is_current(&file, path)? {
                continue;
            }
            let before = read_holder(&file, path)?;
            if let Some(Some(before)) = &before {
                refuse_takeover(before, holder, &mount, broken.is_some())?;
            }
            // From here on the identity is ours to clear.
            let mut lock = Self { file, path: path.to_owned() };
            lock.write(holder).map_err(files::io_error("write", path))?;
            let note = before.map(|before| match before {
                Some(before) if !before.is_of_this_boot(holder) => {
                    worded!(
                        "took over the lock of a process that ended with an earlier boot of this host: {before}",
                        before
                    )
                }
                Some(before) => worded!("took over the lock of a process that is gone: {before}", before),
                None => worded!("took over the lock of a process that died while taking it"),
            });
            return Ok((lock, note));
        }
        Err(StoreError::Moved { path: path.display().to_string(), detail: worded!("it is replaced again and again") })
    }

    /// Fails if the lock was freed by force, or its file replaced or removed.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if is_current(&self.file, &self.path)? {
            return Ok(());
        }
        let detail = worded!("the lock is no longer ours, it was freed by force");
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
        // In words: a child of this process that has not come to its own program yet holds the file open for a moment.
        self.file.unlock().ok();
    }
}

/// Refuses to take a lock from somebody who may be alive: on another machine nobody can tell, and a machine of the same
/// name that was booted at another time is another one wherever machines share a disk.
fn refuse_takeover(before: &Holder, us: &Holder, mount: &Mount, is_broken: bool) -> Result<(), StoreError> {
    if before.is_of_this_boot(us) {
        return if is_broken && before.may_be_alive() { Err(locked(Some(before.clone()))) } else { Ok(()) };
    }
    if before.host != us.host {
        return Err(locked(Some(before.clone())));
    }
    if mount.is_shared() {
        let host = &before.host;
        let holder = worded!("{before}, in another boot of {host} or on another machine of that name", before, host);
        return Err(StoreError::Locked { holder, id: before.id.clone() });
    }
    Ok(())
}

/// Returns why a lock that was just taken keeps nobody out, if so.
fn what_breaks(path: &Path, file: &File, mount: &Mount) -> Result<Option<Wording>, StoreError> {
    if let Some(option) = mount.lock_breaker() {
        return Ok(Some(worded!("it is mounted with {option}, so that other machines do not see them", option)));
    }
    let Some(second) = files::open(path, OpenOptions::new().read(true), "open")? else { return Ok(None) };
    // Another file may have been put there meanwhile.
    let is_same = is_current(file, path)? && is_current(&second, path)?;
    Ok((is_same && second.try_lock().is_ok()).then(|| worded!("two can hold one at the same time")))
}

/// Returns whether the system says that there are no locks there, rather than that this one failed.
fn says_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let unsupported = [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS, Errno::NOTSUP, Errno::INVAL];
    unsupported.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
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

impl StoreError {
    /// Names who holds a lock.
    pub fn locked(holder: Holder) -> Self {
        let told = Wording::new(|| holder.to_string());
        Self::Locked { holder: told, id: holder.id }
    }
}

fn locked(holder: Option<Holder>) -> StoreError {
    match holder {
        Some(holder) => StoreError::locked(holder),
        None => {
            let holder = worded!("a process that has not said who it is yet");
            StoreError::Locked { holder, id: String::new() }
        }
    }
}

/// Reads who the file names: `None` for nobody, `Some(None)` for words that cannot be read.
fn read_holder(file: &File, path: &Path) -> Result<Option<Option<Holder>>, StoreError> {
    let mut bytes = Vec::new();
    let most = MOST_WORDS as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(files::io_error("read", path))?;
    Ok((!bytes.is_empty()).then(|| Holder::parse(&bytes)))
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
    use std::fs;
    use std::process::Command;

    use super::{Holder, Lock, Locking, Mount, StoreError, Wording, process_start};

    fn holder(who: &str) -> Holder {
        Holder::this_process(who.into(), "apply".into(), None, jiff::Timestamp::UNIX_EPOCH)
    }

    fn of_another_boot() -> Holder {
        Holder { boot_id: Some("00000000-0000-0000-0000-000000000000".to_owned()), ..holder("ann") }
    }

    fn take(words: &Holder, mount: &Mount, locking: Locking) -> Result<Option<Wording>, StoreError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        fs::write(&path, serde_json::to_vec(words).unwrap()).unwrap();
        Lock::acquire(&path, &holder("bob"), locking, &|_| Ok(mount.clone())).map(|(_, note)| note)
    }

    #[test]
    fn a_lock_that_was_given_back_is_free_although_somebody_has_its_file_open_still() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let (lock, _) = Lock::try_acquire(&path, &holder("ann"), Locking::Required).unwrap();
        // What a child has between its fork and its own program.
        let _inherited = lock.file.try_clone().unwrap();
        drop(lock);
        Lock::try_acquire(&path, &holder("bob"), Locking::Required).unwrap();
    }

    #[test]
    fn another_boot_of_the_same_host_name_is_taken_over_on_a_disk_of_ones_own_only() {
        let note = take(&of_another_boot(), &Mount::default(), Locking::Required).unwrap().unwrap();
        assert!(
            note.english().contains("an earlier boot of this host") && note.english().contains("ann on "),
            "{note}"
        );
        let elsewhere = of_another_boot();
        let refused = take(&elsewhere, &Mount::shared_for_tests(), Locking::Required).unwrap_err();
        assert!(refused.to_string().contains("or on another machine of that name"), "{refused}");
        assert!(refused.hint().unwrap().contains(&elsewhere.id), "{:?}", refused.hint());
        // A process of this boot that is gone is gone, wherever its lock lies.
        let gone = Holder { pid: 4_000_000, process_start: Some(1), ..holder("ann") };
        take(&gone, &Mount::shared_for_tests(), Locking::Required).unwrap();
    }

    #[test]
    fn a_file_system_whose_locks_do_not_work_is_refused_unless_that_is_wanted() {
        let gone = Holder { pid: 4_000_000, process_start: Some(1), ..holder("ann") };
        let refused = take(&gone, &Mount::unlockable_for_tests(), Locking::Required).unwrap_err();
        assert!(
            matches!(&refused, StoreError::Unlockable { why, .. } if why.english().contains("nolock")),
            "{refused:?}"
        );
        assert!(refused.hint().unwrap().contains("--lock=none"));
        take(&gone, &Mount::unlockable_for_tests(), Locking::None).unwrap();
        // Who is at work, as far as the words tell, is not passed over.
        let alive = take(&holder("ann"), &Mount::unlockable_for_tests(), Locking::None).unwrap_err();
        assert!(matches!(alive, StoreError::Locked { .. }), "{alive:?}");
    }

    #[test]
    fn what_stands_in_a_lock_is_cut_and_cleaned() {
        let hostile = Holder {
            id: format!("x; rm -rf / \u{1b}[2J{}", "i".repeat(500)),
            who: format!("\u{1b}]0;owned\u{7}\n{}", "w".repeat(3000)),
            host: "elsewhere\r\n".to_owned(),
            ..holder("ann")
        };
        let read = Holder::parse(&serde_json::to_vec(&hostile).unwrap()).unwrap();
        assert!(!read.to_string().contains(char::is_control) && read.to_string().len() < 400, "{read}");
        assert!(read.id.len() <= 64 && read.id.starts_with("xrm-rf"), "{}", read.id);
        let huge = Holder { who: "w".repeat(5000), ..holder("ann") };
        assert_eq!(Holder::parse(&serde_json::to_vec(&huge).unwrap()), None);
        let nameless = Holder { id: "; /".to_owned(), ..holder("ann") };
        assert_eq!(Holder::parse(&serde_json::to_vec(&nameless).unwrap()), None, "nobody could free it");
        assert_eq!(Holder::parse(&serde_json::to_vec(&holder("ann")).unwrap()).unwrap().who, "ann");
    }

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
