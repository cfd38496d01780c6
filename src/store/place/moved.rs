//! What stands where a state was moved from: every command says where it is now, until it comes back.

use std::io::ErrorKind;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Place, about};
use crate::language::worded;
use crate::store::local::Paths;
use crate::store::{StoreError, files, replace_file};

/// What the other end of a move is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Where the state is now, for people.
    pub to: String,
    /// What `--state` takes there. The first moves did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it was moved.
    pub at: Timestamp,
}

/// What is noted of moves; the last one counts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Marker {
    /// It is elsewhere.
    Moved(Moved),
    /// It came back.
    Back { back: Timestamp },
}

impl Place {
    /// Returns what `--state` takes for it.
    pub fn address(&self) -> String {
        match self {
            Self::Files(paths) => format!("file:{}", paths.state.display()),
            Self::Far(far) => far.url.clone(),
        }
    }

    /// Returns where the state was moved to, if it is not here any more; needs no claim.
    ///
    /// # Errors
    /// A note that cannot be read, a store that cannot be reached.
    pub fn moved(&self) -> Result<Option<Moved>, StoreError> {
        let (bytes, path) = match self {
            Self::Files(paths) => {
                let path = path_of(paths);
                let bytes = match files::read(&path) {
                    // Something else stands in the place of the directory: whoever needs it says so.
                    Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotADirectory => None,
                    read => read?,
                };
                (bytes, path.display().to_string())
            }
            Self::Far(far) => (far.store.noted(about("moved")?)?, format!("about/moved of {}", self.label())),
        };
        let Some(bytes) = bytes else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(Marker::Moved(moved)) => Ok(Some(moved)),
            Ok(Marker::Back { .. }) => Ok(None),
            Err(error) => {
                let hint = worded!(
                    "it says where the state was moved to: restore it from a copy; where the state was not moved, take it away"
                );
                Err(StoreError::Damaged { path, detail: error.to_string().into(), hint })
            }
        }
    }

    /// Refuses a state that was moved elsewhere; needs no claim, and under one nobody moves it any more.
    ///
    /// # Errors
    /// [`StoreError::Gone`], a store that cannot be reached.
    pub fn refuse_moved(&self) -> Result<(), StoreError> {
        match self.moved()? {
            Some(Moved { to, address, at }) => Err(StoreError::Gone { path: self.label(), to, address, at }),
            None => Ok(()),
        }
    }

    /// Says where the state was moved to; from now on every command says so.
    ///
    /// # Errors
    /// A write that fails.
    pub fn leave(&self, moved: Moved) -> Result<(), StoreError> {
        self.mark(&Marker::Moved(moved))
    }

    /// Says that the state is here again.
    ///
    /// # Errors
    /// A write that fails.
    pub fn come_back(&self, at: Timestamp) -> Result<(), StoreError> {
        self.mark(&Marker::Back { back: at })
    }

    fn mark(&self, marker: &Marker) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(marker).map_err(|error| StoreError::Bug(error.to_string()))?;
        match self {
            Self::Files(paths) => replace_file(&path_of(paths), &bytes),
            Self::Far(far) => far.store.replace(about("moved")?, &bytes),
        }
    }
}

/// Returns whether what stands where a state says that it moved says so: it may have come back since.
pub(in crate::store) fn is_away(marker: &[u8]) -> bool {
    matches!(serde_json::from_slice(marker), Ok(Marker::Moved(_)))
}

fn path_of(paths: &Paths) -> PathBuf {
    let mut name = paths.state.file_name().unwrap_or_default().to_owned();
    name.push(".moved");
    paths.state.with_file_name(name)
}
