//! The account's lock: one apply at a time for an account on one host, whatever state files are used.
//!
//! The kernel's lock decides, and ends with its process. Its file stands where every user of the host finds the same one
//! and is never removed; whoever may read it may lock it. What the holder wrote into it is for people, and is believed
//! only if the kernel shows the same process: of a file that somebody else made, nobody but its owner can say anything.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::lock::{Holder, MOST_WORDS, is_current};
use super::{Mode, StoreError, files};
use crate::language::{Wording, worded};
use crate::resource::{AccountId, Provider};
use crate::signature::sha256_hex;

/// How often a file that is replaced under our hands, or freed while its holder is looked for, is tried again.
const ATTEMPTS: usize = 10;

/// What an account's calls really reach, as far as locks care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The account itself: its lock is one for the whole host.
    Cloud,
    /// What answers on this loopback authority: of each such server an account is another one.
    Loopback(String),
    /// The world in this file, with all its accounts.
    World(PathBuf),
}

/// The name of a lock file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockName(String);

impl LockName {
    /// Returns the names that a run has to lock which acts on `accounts`: one an account, in the order of their ids.
    pub fn of<'a>(provider: Provider, accounts: impl IntoIterator<Item = &'a AccountId>, reach: &Reach) -> Vec<Self> {
        if let Reach::World(path) = reach {
            let digest = sha256_hex(path.as_os_str().as_encoded_bytes());
            return vec![Self(format!("rictl-{provider}-world-{}.lock", &digest[..16]))];
        }
        let mut accounts: Vec<&AccountId> = accounts.into_iter().collect();
        accounts.sort();
        accounts.dedup();
        let server = server_part(reach);
        let name =
            |account: &&AccountId| Self(format!("rictl-{provider}-{}{server}.lock", name_part(account.as_str())));
        accounts.iter().map(name).collect()
    }

    /// Returns the name of what stands beside the lock.
    pub(super) fn with_ending(&self, ending: &str) -> String {
        format!("{}{ending}", self.0.trim_end_matches(".lock"))
    }

    /// Returns whether this is the name of what stands beside the lock of one of a provider's accounts, as that is reached.
    pub(super) fn may_be_of(name: &str, provider: Provider, reach: &Reach, ending: &str) -> bool {
        let account = name.strip_prefix(&format!("rictl-{provider}-"));
        let account = account.and_then(|rest| rest.strip_suffix(&format!("{}{ending}", server_part(reach))));
        // Where no server is named the whole rest is an account, which the API numbers.
        account.is_some_and(|account| !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// Makes a part of a file's name of the server that is reached, if it is not the account's own.
fn server_part(reach: &Reach) -> String {
    match reach {
        Reach::Loopback(authority) => format!("-{}", name_part(authority)),
        Reach::Cloud | Reach::World(_) => String::new(),
    }
}

/// Makes a part of a file's name of a text that a server said.
fn name_part(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.len() <= 64 && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if text.len() <= 64 && text.chars().all(|c| is_plain(c) || matches!(c, '.' | ':' | '[' | ']')) {
        return text.replace(|c| !is_plain(c) && c != '.', "_").trim_matches(['.', '_']).to_owned();
    }
    sha256_hex(text.as_bytes())[..32].to_owned()
}

/// Returns the directory of these locks where nobody names one: the same for every user of the host.
pub fn shared_directory() -> PathBuf {
    /// Everybody may make files there, and nobody may remove or rename another's.
    const OPEN_AND_STICKY: u32 = 0o1002;
    let run = Path::new("/run/lock");
    let is_open =
        fs::metadata(run).is_ok_and(|found| found.is_dir() && found.mode() & OPEN_AND_STICKY == OPEN_AND_STICKY);
    if is_open { run.to_owned() } else { PathBuf::from("/tmp") }
}

/// The locks of the accounts that a run acts on: taken together, freed in its pauses and with its end.
#[derive(Debug)]
pub struct AccountLocks {
    paths: Vec<PathBuf>,
    holder: Holder,
    /// Those of the first paths that are held, in their order.
    held: RefCell<Vec<File>>,
}

impl AccountLocks {
    /// Names the locks; none is held yet.
    pub fn new(directory: &Path, names: Vec<LockName>, holder: Holder) -> Self {
        let paths = names.into_iter().map(|name| directory.join(name.0)).collect();
        Self { paths, holder, held: RefCell::default() }
    }

    /// Takes those that are not held, one after the other, and keeps what it got where one cannot be had: the order is
    /// the same for all, so nobody waits in a circle.
    ///
    /// # Errors
    /// [`StoreError::AccountLocked`] with who holds one; a file that cannot be used.
    pub fn try_take(&self) -> Result<(), StoreError> {
        let mut held = self.held.borrow_mut();
        while let Some(path) = self.paths.get(held.len()) {
            held.push(take(path, &self.holder)?);
        }
        Ok(())
    }

    /// Frees them all.
    pub fn free(&self) {
        for (file, path) in self.held.take().into_iter().zip(&self.paths) {
            say(&file, path, b"");
            // In words: a child of this process that has not come to its own program yet holds the file open for a moment.
            file.unlock().ok();
        }
    }
}

impl Drop for AccountLocks {
    fn drop(&mut self) {
        self.free();
    }
}

/// Locks one file and writes into it who did, if it is ours to write to.
fn take(path: &Path, holder: &Holder) -> Result<File, StoreError> {
    let mut by = None;
    for _ in 0..ATTEMPTS {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) if is_current(&file, path)? => {
                let words = serde_json::to_vec(holder).map_err(|error| StoreError::Bug(error.to_string()))?;
                say(&file, path, &words);
                return Ok(file);
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                by = who(&file);
                if by.is_some() {
                    break;
                }
            }
            Err(TryLockError::Error(error)) => return Err(files::io_error("lock", path)(error)),
        }
    }
    let holder = by.unwrap_or_else(|| worded!("a process that the kernel does not show here"));
    Err(StoreError::AccountLocked { holder, path: path.display().to_string() })
}

/// Opens the file for reading, which is all that a lock needs and all that everybody may; makes it where it is absent.
fn open(path: &Path) -> Result<File, StoreError> {
    for _ in 0..ATTEMPTS {
        let opened = files::open(path, OpenOptions::new().read(true), "open").map_err(|error| match error {
            StoreError::NotAFile { path, what } => StoreError::NoLockFile { path, what },
            error => error,
        });
        if let Some(file) = opened? {
            return Ok(file);
        }
        // Whole, with its mode, in one step: nobody meets a file that they may not open yet.
        match files::put(path, b"", &Mode::Exactly(Permissions::from_mode(0o644)), false) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Err(StoreError::Moved { path: path.display().to_string(), detail: worded!("it is removed again and again") })
}

/// Writes into the file that is locked, if we made it: another's could be a trap. The words are for people; without them
/// the kernel still tells which process it is.
fn say(file: &File, path: &Path, words: &[u8]) {
    let is_ours = |found: &fs::Metadata| found.uid() == rustix::process::geteuid().as_raw() && found.nlink() == 1;
    let written = (|| {
        if !is_ours(&file.metadata()?) {
            return Ok(());
        }
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut named = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
        let (locked, found) = (file.metadata()?, named.metadata()?);
        if (locked.dev(), locked.ino()) != (found.dev(), found.ino()) {
            return Ok(());
        }
        named.set_len(0)?;
        named.write_all(words)
    })();
    if let Err(error) = written {
        tracing::debug!("cannot write into {}: {error}", path.display());
    }
}

/// Returns who has locked a file: what they wrote, if the kernel shows the same process, else that process. `None` if the
/// kernel shows none.
fn who(file: &File) -> Option<Wording> {
    let pid = kernel_holder(&fs::read_to_string("/proc/locks").ok()?, &file.metadata().ok()?)?;
    let mut words = Vec::new();
    // The file may be anybody's.
    let said = file.take(MOST_WORDS as u64 + 1).read_to_end(&mut words).ok();
    let said = said.and_then(|_| Holder::parse(&words));
    match said.filter(|holder| holder.pid == pid) {
        Some(holder) => Some(Wording::new(|| holder.to_string())),
        None => Some(process(pid)),
    }
}

/// Names a process of which nothing but its number is sure.
fn process(pid: u32) -> Wording {
    match fs::metadata(format!("/proc/{pid}")) {
        Ok(found) => worded!("pid {pid} of uid {uid}", pid, uid = found.uid()),
        Err(_) => format!("pid {pid}").into(),
    }
}

/// Finds in the text of `/proc/locks` who has locked a file as a whole.
fn kernel_holder(locks: &str, file: &fs::Metadata) -> Option<u32> {
    let (major, minor) = (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()));
    let exact = format!("{major:02x}:{minor:02x}:{}", file.ino());
    let inode = format!(":{}", file.ino());
    // `1: FLOCK ADVISORY WRITE 1234 08:01:5678 0 EOF`; who waits has an arrow behind the number.
    let holders = |is_it: &dyn Fn(&str) -> bool| {
        let parts = |line: &str| {
            let mut words = line.split_ascii_whitespace().skip(1);
            let is_whole = words.next() == Some("FLOCK");
            let (pid, place) = (words.nth(2)?.parse::<u32>().ok()?, words.next()?);
            (is_whole && pid > 0 && is_it(place)).then_some(pid)
        };
        locks.lines().filter_map(parts).collect::<Vec<_>>()
    };
    // Layered file systems show another device there than to those who look at the file.
    let found = holders(&|place| place == exact);
    let found = if found.is_empty() { holders(&|place| place.ends_with(&inode)) } else { found };
    match found.as_slice() {
        [pid] => Some(*pid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{LockName, Reach, kernel_holder};
    use crate::resource::{AccountId, Provider};

    fn names(accounts: &[&str], reach: &Reach) -> Vec<String> {
        let accounts: Vec<AccountId> = accounts.iter().map(|id| AccountId::from(*id)).collect();
        LockName::of(Provider::Alibaba, &accounts, reach).into_iter().map(|name| name.0).collect()
    }

    #[test]
    fn a_lock_is_of_an_account_and_on_loopback_of_its_server_too() {
        let cloud = names(&["2", "1", "2"], &Reach::Cloud);
        assert_eq!(cloud, ["rictl-alibaba-1.lock", "rictl-alibaba-2.lock"]);
        let loopback = names(&["1"], &Reach::Loopback("127.0.0.1:8080".into()));
        assert_eq!(loopback, ["rictl-alibaba-1-127.0.0.1_8080.lock"]);
        assert_eq!(names(&["1", "2"], &Reach::World("/a/world.yaml".into())).len(), 1);
        let [hostile] = names(&["../../etc/passwd"], &Reach::Cloud).try_into().unwrap();
        assert!(hostile.starts_with("rictl-alibaba-") && !hostile.contains('/'), "{hostile}");
    }

    #[test]
    fn the_kernel_names_the_process_that_locked_a_file_and_not_one_that_waits() {
        let file = tempfile::tempfile().unwrap();
        file.lock().unwrap();
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let found = file.metadata().unwrap();
        assert_eq!(kernel_holder(&locks, &found), Some(std::process::id()));
        let waiting = locks.replace(": FLOCK", ": -> FLOCK");
        assert_eq!(kernel_holder(&waiting, &found), None);
    }
}
