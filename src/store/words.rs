//! How it is told why history could not be read or written, and what to do next; in the language in force.

use std::fmt;
use std::io::ErrorKind;

use super::{StoreError, Writer};
use crate::diagnostic::quoted;
use crate::language::{self, say, sentence, word};

/// What is being done when a file or a store fails, as [`StoreError::Io`] and [`StoreError::Unreachable`] have it, and how that
/// is told in a language that has the verb elsewhere.
const DOINGS: &[(&str, &str)] = &[
    ("append to", sentence!("cannot append to {path}")),
    ("append to, or cut back,", sentence!("cannot append to, or cut back, {path}")),
    ("ask", sentence!("cannot ask {path}")),
    ("claim", sentence!("cannot claim {path}")),
    ("connect to", sentence!("cannot connect to {path}")),
    ("create", sentence!("cannot create {path}")),
    ("free", sentence!("cannot free {path}")),
    ("keep", sentence!("cannot keep {path}")),
    ("keep a new file in", sentence!("cannot keep a new file in {path}")),
    ("list", sentence!("cannot list {path}")),
    ("lock", sentence!("cannot lock {path}")),
    ("look at", sentence!("cannot look at {path}")),
    ("make a file beside", sentence!("cannot make a file beside {path}")),
    ("make the schema in", sentence!("cannot make the schema in {path}")),
    ("make the schema rictl in", sentence!("cannot make the schema rictl in {path}")),
    ("mend", sentence!("cannot mend {path}")),
    ("move", sentence!("cannot move {path}")),
    ("open", sentence!("cannot open {path}")),
    ("probe", sentence!("cannot probe {path}")),
    ("read", sentence!("cannot read {path}")),
    ("release", sentence!("cannot release {path}")),
    ("remove", sentence!("cannot remove {path}")),
    ("replace", sentence!("cannot replace {path}")),
    ("reserve space beside", sentence!("cannot reserve space beside {path}")),
    ("reserve space in", sentence!("cannot reserve space in {path}")),
    ("start a thread for", sentence!("cannot start a thread for {path}")),
    ("sync", sentence!("cannot sync {path}")),
    ("write", sentence!("cannot write {path}")),
    ("write a new file beside", sentence!("cannot write a new file beside {path}")),
    ("write a new file in", sentence!("cannot write a new file in {path}")),
    ("write to", sentence!("cannot write to {path}")),
];

fn cannot(doing: &str, path: &str) -> String {
    let sentence = DOINGS.iter().find(|(known, _)| *known == doing).map(|(_, sentence)| *sentence);
    debug_assert!(sentence.is_some(), "bug: no language but English has a sentence for {doing:?}");
    match sentence.and_then(language::template) {
        None => format!("cannot {doing} {path}"),
        Some(template) => language::filled(template, &[("path", &path)]),
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Io { doing, path, .. } | Self::Unreachable { doing, path, .. } => cannot(doing, path),
            Self::Damaged { path, detail, .. } => say!("{path} is damaged: {detail}", path, detail),
            Self::NotOurs { path, detail } => say!("{path} is no state of rictl: {detail}", path, detail),
            Self::Newer { path, found, supported } => say!(
                "{path} has format version {found}, and this rictl reads versions up to {supported}",
                path,
                found,
                supported
            ),
            Self::Moved { path, detail } => say!("{path} was changed by somebody else: {detail}", path, detail),
            Self::NotAFile { path, what } | Self::NoLockFile { path, what } => {
                say!("{path} is {what}, not a regular file", path, what = word(what))
            }
            Self::NotADirectory { path, what } => say!("{path} is {what}, not a directory", path, what = word(what)),
            Self::Locked { holder, .. } => say!("the state is locked by {holder}", holder),
            Self::AccountLocked { holder, .. } => say!("the account is locked by {holder}", holder),
            Self::NotLocked { path } => say!("{path} is not locked", path),
            Self::Exposed { path, by } => say!("{path} can be written by {by}", path, by),
            Self::Unlockable { path, why } => {
                say!("locks do not work on the file system of {path}: {why}", path, why)
            }
            Self::Broken { path } => say!("nothing more can be recorded in {path} after a failed write", path),
            Self::Stalled => say!("the disk does not answer").to_owned(),
            Self::Fenced { path, by, since, epoch } => say!(
                "{path} was taken over by {by} at {since}, epoch {epoch}",
                path,
                by,
                since = format!("{since:.0}"),
                epoch
            ),
            Self::Gone { path, to, at, .. } => {
                say!("the state {path} was moved to {to} at {at}", path, to, at = format!("{at:.0}"))
            }
            Self::Foreign { path, of, by } => {
                say!("{path} is the state of {of}, and this spec is {by}", path, of, by)
            }
            Self::Unsuitable { path, why, .. } => say!("{path} cannot be used: {why}", path, why),
            Self::Bug(what) => say!("bug: {what}", what),
        })
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Everybody => say!("everybody").to_owned(),
            Self::Group(id) => say!("another group ({id})", id),
            Self::User(id) => say!("another user ({id}), whom its access control list names", id),
            Self::Owner(id) => say!("its owner, another user ({id})", id),
        })
    }
}

impl StoreError {
    /// Says what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Damaged { hint, .. } | Self::Unsuitable { hint, .. } => hint.to_string(),
            Self::NotOurs { path, .. } => {
                say!("it is left as it is: choose another `state.path`, or move {path} away if it is in the way", path)
            }
            Self::NotAFile { path, .. } | Self::NotADirectory { path, .. } => {
                say!("move {path} away, or choose another `state.path`", path)
            }
            Self::NoLockFile { path, .. } => say!("move {path} away, or name another directory with --lock-dir", path),
            Self::Locked { id, .. } if !id.is_empty() => say!(
                "wait for it, with `--lock-timeout 5m` for as long as that; stop a rollout that pauses with Ctrl-C; or free the lock with `rictl force-unlock {id}` if you know that it is dead",
                id
            ),
            Self::AccountLocked { path, .. } => {
                say!("wait for it with `--lock-timeout 5m`, or end that process: its lock ({path}) ends with it", path)
            }
            Self::Exposed { path, by: Writer::Owner(_) } => {
                say!("if what is in it is yours, run `chown` on {path}; else choose another `state.path`", path)
            }
            Self::Exposed { path, .. } => say!("run `chmod go-w {path}`", path),
            Self::Gone { address: Some(address), .. } => {
                say!("use `--state {address}`, or set RICTL_STATE to that", address = quoted(address))
            }
            _ => return self.plain_hint().map(str::to_owned),
        })
    }

    /// Says what to do next where that names nothing.
    fn plain_hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Newer { .. } => say!("use the rictl that wrote it, or a newer one"),
            Self::Moved { .. } => say!("run `rictl plan` again"),
            Self::Locked { .. } => say!("wait for it: it says who it is in a moment"),
            Self::Unlockable { .. } => {
                say!("keep the state elsewhere, or go without: `--lock=none`, which the run records")
            }
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    say!("make room there, then run it again")
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    say!("make it accessible to you, or work in another directory")
                }
                ErrorKind::NotFound => {
                    say!("part of that path is not there, or a link on it leads nowhere: make it, or name another")
                }
                ErrorKind::NotADirectory => {
                    say!("part of that path is a file, and no directory: move it away, or name another")
                }
                _ => return None,
            },
            Self::NotLocked { .. } => say!("nothing has to be freed"),
            Self::Gone { .. } => say!("name that store with --state, or RICTL_STATE"),
            Self::Foreign { .. } => {
                say!("give the spec a `state.name` of its own; or, where it was renamed, say so once with `--adopt`")
            }
            Self::Fenced { .. } => say!("`rictl state lock` says who holds it, `rictl plan` what is left"),
            Self::Unreachable { .. } => say!("see whether it is up and reachable from here, then run it again"),
            _ => return None,
        })
    }
}
