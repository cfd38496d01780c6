//! Where the history of a spec is: in files beside it, or in a store that many machines share.

mod home;
mod moved;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::approvals::{self, Waiting};
use super::local::{Files, Paths};
use super::lock::{Holder, Locking};
use super::remote::{Folder, NoteName, Noted, StateName};
use super::shared::{Shared, named};
use super::{StoreError, files, local};
use crate::language::worded;
use crate::signature::sha256_hex;

pub use home::Home;
pub use moved::Moved;
pub(super) use moved::is_away;

/// Where the history of a spec is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In files.
    Files(Paths),
    /// Far away.
    Far(Far),
}

/// A state in a store that many machines share, and what is known here of its spec.
#[derive(Clone, Debug)]
pub struct Far {
    /// The state.
    pub store: Shared,
    /// Its name.
    pub name: StateName,
    /// What `--state` takes for its store.
    pub url: String,
    /// Which spec it is of: another one may not use it.
    pub spec: String,
    /// `--adopt`: it is of this spec from now on.
    pub adopts: bool,
    /// The directory in which the newest serials that were seen are kept, so that a store that was restored is noticed.
    pub cache: Option<PathBuf>,
}

/// The newest that was seen of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its lineage.
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
}

impl Far {
    /// Returns another state of the same store; whose it is is not asked, and nothing that is seen of it is remembered.
    ///
    /// # Errors
    /// As [`Shared::beside`].
    pub fn beside(&self, name: &StateName) -> Result<Self, StoreError> {
        let (store, url) = (self.store.beside(name)?, self.url.clone());
        Ok(Self { store, name: name.clone(), url, spec: String::new(), adopts: false, cache: None })
    }
}

impl From<Paths> for Place {
    fn from(paths: Paths) -> Self {
        Self::Files(paths)
    }
}

impl Place {
    /// Returns a medium on what is here; nothing is claimed.
    pub fn medium(&self) -> Home {
        match self {
            Self::Files(paths) => Home::Files(Files::new(paths.clone())),
            Self::Far(far) => Home::Far(far.store.clone()),
        }
    }

    /// Returns the files, where it is files.
    pub fn files(&self) -> Option<&Paths> {
        match self {
            Self::Files(paths) => Some(paths),
            Self::Far(_) => None,
        }
    }

    /// Returns the state far away, where it is one.
    pub fn far(&self) -> Option<&Far> {
        match self {
            Self::Files(_) => None,
            Self::Far(far) => Some(far),
        }
    }

    /// Names the state for people: the path of its file as it was given, or the store and its name.
    pub fn label(&self) -> String {
        match self {
            Self::Files(paths) => paths.state.display().to_string(),
            Self::Far(far) => far.store.label().to_owned(),
        }
    }

    /// Returns what to do where locks do not work.
    pub fn locking(&self) -> Locking {
        self.files().map_or(Locking::Required, |paths| paths.locking)
    }

    /// Returns how long to wait before a claim that somebody holds is asked for again.
    pub fn interval(&self) -> Duration {
        match self {
            Self::Files(_) => Duration::from_millis(200),
            // Every wait of every runner is a request.
            Self::Far(_) => Duration::from_secs(2),
        }
    }

    /// Refuses a state that was moved elsewhere, or is of another spec; needs no claim.
    ///
    /// # Errors
    /// [`StoreError::Gone`], [`StoreError::Foreign`], a store that cannot be reached.
    pub fn check(&self) -> Result<(), StoreError> {
        self.refuse_moved()?;
        self.refuse_foreign()
    }

    /// Refuses a state of another spec; needs no claim.
    ///
    /// # Errors
    /// [`StoreError::Foreign`], a store that cannot be reached.
    pub fn refuse_foreign(&self) -> Result<(), StoreError> {
        let Self::Far(far) = self else { return Ok(()) };
        let of = far.store.noted(about("spec")?)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match of.filter(|of| *of != far.spec && !far.adopts) {
            Some(of) => Err(StoreError::Foreign { path: self.label(), of, by: far.spec.clone() }),
            None => Ok(()),
        }
    }

    /// Remembers which spec the state is of, for whoever holds the claim.
    ///
    /// # Errors
    /// As [`Place::check`].
    pub fn settle(&self) -> Result<(), StoreError> {
        let Self::Far(far) = self else { return Ok(()) };
        let name = about("spec")?;
        match far.store.note(name.clone(), far.spec.as_bytes())? {
            Noted::Earlier(of) if of != far.spec.as_bytes() && far.adopts => {
                far.store.replace(name, far.spec.as_bytes())
            }
            Noted::Earlier(of) if of != far.spec.as_bytes() => self.refuse_foreign(),
            _ => Ok(()),
        }
    }

    /// Returns the newest that this user has seen of the state; only of one far away is it kept.
    pub fn seen(&self) -> Option<Seen> {
        serde_json::from_slice(&files::read(&self.seen_path()?).ok()??).ok()
    }

    /// Remembers what was seen. A cache that cannot be written costs a warning that may have been, nothing else.
    pub fn see(&self, seen: &Seen) {
        let Some(path) = self.seen_path() else { return };
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        if made.is_ok()
            && let Ok(bytes) = serde_json::to_vec(seen)
        {
            files::replace(&path, &bytes).ok();
        }
    }

    fn seen_path(&self) -> Option<PathBuf> {
        let cache = self.far()?.cache.as_ref()?;
        Some(cache.join(format!("{}.json", &sha256_hex(self.label().as_bytes())[..32])))
    }

    /// Keeps an approval under a name that sorts by its time.
    ///
    /// # Errors
    /// A directory that others can write to, and writes that fail.
    pub fn keep_approval(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Files(paths) => approvals::keep(paths, name, bytes),
            Self::Far(far) => match far.store.note(named(Folder::Approvals, name)?, bytes)? {
                Noted::Earlier(there) if there != bytes => Err(StoreError::Moved {
                    path: self.label(),
                    detail: worded!("there is an approval {name} already", name),
                }),
                _ => Ok(()),
            },
        }
    }

    /// Returns the approvals that wait, by name.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn approvals(&self) -> Result<Vec<Waiting>, StoreError> {
        let far = match self {
            Self::Files(paths) => return approvals::waiting(paths),
            Self::Far(far) => far,
        };
        let over = far.store.names(Folder::Over)?;
        let is_over = |name: &NoteName| over.iter().any(|over| over.name() == name.name());
        let waiting = far.store.names(Folder::Approvals)?.into_iter().filter(|name| !is_over(name));
        let read = |name: NoteName| {
            let text = name.name().to_owned();
            far.store.noted(name).transpose().map(|read| (text, read))
        };
        Ok(waiting.filter_map(read).collect())
    }

    /// Puts an approval that is over to those of the past.
    ///
    /// # Errors
    /// A move that fails; one that another process made is none.
    pub fn put_approval_by(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Files(paths) => approvals::put_by(paths, name),
            Self::Far(far) => far.store.note(named(Folder::Over, name)?, b"").map(drop),
        }
    }

    /// Names an approval for people.
    pub fn approval_name(&self, name: &str) -> String {
        match self {
            Self::Files(paths) => approvals::path_of(paths, name).display().to_string(),
            Self::Far(far) => format!("{name} in {}", far.store.label()),
        }
    }

    /// Keeps lines that could not be appended beside the history, as notes: nothing of them is believed.
    ///
    /// # Errors
    /// A write that fails.
    pub fn keep_rescued(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let name = format!("{}.jsonl", &sha256_hex(bytes)[..16]);
        match self {
            Self::Files(paths) => {
                let directory = rescued_directory(paths);
                files::prepare_dir(&paths.state, paths.spec_owner)?;
                files::make_dir(&directory)?;
                let path = directory.join(name);
                super::replace_file(&path, bytes)?;
                Ok(path.display().to_string())
            }
            Self::Far(far) => {
                far.store.note(named(Folder::Rescued, name.clone())?, bytes)?;
                Ok(format!("{name} in {}", far.store.label()))
            }
        }
    }

    /// Returns the lines that were kept so, each with what people know it by.
    ///
    /// # Errors
    /// What cannot be listed or read.
    pub fn rescued(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut kept = Vec::new();
        match self {
            Self::Files(paths) => {
                let directory = rescued_directory(paths);
                for name in files::names(&directory)? {
                    let path = directory.join(name);
                    kept.extend(files::read(&path)?.map(|bytes| (path.display().to_string(), bytes)));
                }
            }
            Self::Far(far) => {
                for name in far.store.names(Folder::Rescued)? {
                    let label = format!("{} in {}", name.name(), far.store.label());
                    kept.extend(far.store.noted(name)?.map(|bytes| (label, bytes)));
                }
            }
        }
        kept.sort();
        Ok(kept)
    }

    /// Returns who holds the claim, dead or alive.
    ///
    /// # Errors
    /// [`StoreError::NotLocked`].
    pub fn holder(&self) -> Result<Holder, StoreError> {
        match self {
            Self::Files(paths) => local::lock_holder(paths),
            Self::Far(far) => {
                let held = far.store.tip()?.held;
                held.map(|held| held.holder).ok_or_else(|| StoreError::NotLocked { path: self.label() })
            }
        }
    }

    /// Frees the claim with this id, whoever holds it, and returns the holder; who that is notices before the next write.
    ///
    /// # Errors
    /// No claim, or another one.
    pub fn force_unlock(&self, id: &str) -> Result<Holder, StoreError> {
        match self {
            Self::Files(paths) => local::force_unlock(paths, id),
            Self::Far(far) => far.store.free(id),
        }
    }
}

fn about(name: &str) -> Result<NoteName, StoreError> {
    named(Folder::About, name)
}

/// Names the directory of what runs could not record.
fn rescued_directory(paths: &Paths) -> PathBuf {
    paths.runs.with_extension("rescued")
}
