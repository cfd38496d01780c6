//! What waits for its time beside the state: approvals, a file each, under names that mean nothing here.
//!
//! Each is put where nothing is, in one step, and never written again, so no claim is needed. One that is over is moved to
//! those of the past and stays there: whoever asks what waits never looks at them.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::local::Paths;
use super::{StoreError, files};

/// How the name of an approval's file ends.
const APPROVAL: &str = ".approval";

/// Keeps an approval under a name that sorts by its time.
///
/// # Errors
/// A directory that others can write to, and writes that fail.
pub fn keep(paths: &Paths, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    files::prepare_dir(&paths.state, paths.spec_owner)?;
    files::make_dir(&paths.approvals)?;
    files::refuse_exposed(&paths.approvals, paths.spec_owner)?;
    let path = path_of(paths, name);
    files::put_new(&path, bytes)?;
    files::sync_dir(&path)
}

/// An approval that waits: its name, and its bytes, or why they cannot be trusted.
pub type Waiting = (String, Result<Vec<u8>, StoreError>);

/// Returns the approvals that wait, by name.
///
/// # Errors
/// A directory that others can write to, or that cannot be read.
pub fn waiting(paths: &Paths) -> Result<Vec<Waiting>, StoreError> {
    files::refuse_exposed(&paths.approvals, paths.spec_owner)?;
    let mut names: Vec<String> = files::names(&paths.approvals)?
        .iter()
        .filter_map(|name| name.to_str()?.strip_suffix(APPROVAL))
        .filter(|name| !name.starts_with('.'))
        .map(ToOwned::to_owned)
        .collect();
    names.sort();
    let read = |name: &str| {
        let path = path_of(paths, name);
        files::refuse_exposed(&path, paths.spec_owner)?;
        // Another process may have moved it meanwhile.
        files::read(&path)
    };
    Ok(names.into_iter().filter_map(|name| read(&name).transpose().map(|read| (name, read))).collect())
}

/// Names the file of an approval that waits.
pub fn path_of(paths: &Paths, name: &str) -> PathBuf {
    paths.approvals.join(format!("{name}{APPROVAL}"))
}

/// Puts an approval that is over to those of the past.
///
/// # Errors
/// A move that fails; one that another process made is none.
pub fn put_by(paths: &Paths, name: &str) -> Result<(), StoreError> {
    let past = paths.approvals.join("past");
    files::make_dir(&past)?;
    let (from, to) = (path_of(paths, name), past.join(format!("{name}{APPROVAL}")));
    match files::move_to(&from, &to) {
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound && !from.exists() => Ok(()),
        moved => moved.and_then(|()| files::sync_dir(&to)).and_then(|()| files::sync_dir(&from)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_by_waits_no_more_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::new(directory.path().join("state/rictl.json"), directory.path());
        let waiting = |paths: &Paths| -> Vec<(String, Vec<u8>)> {
            waiting(paths).unwrap().into_iter().map(|(name, bytes)| (name, bytes.unwrap())).collect()
        };
        assert_eq!(waiting(&paths), []);
        keep(&paths, "b", b"two").unwrap();
        keep(&paths, "a", b"one").unwrap();
        assert!(keep(&paths, "a", b"another").is_err());
        let both = [("a".to_owned(), b"one".to_vec()), ("b".to_owned(), b"two".to_vec())];
        assert_eq!(waiting(&paths), both);
        put_by(&paths, "a").unwrap();
        put_by(&paths, "a").unwrap();
        assert_eq!(waiting(&paths), both[1..]);
        let past = paths.approvals.join("past/a.approval");
        assert_eq!(std::fs::read(past).unwrap(), b"one");
    }
}
