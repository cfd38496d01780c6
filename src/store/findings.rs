//! The row that is kept beside a state of its checks: read, and put in the place of the one before. It needs no claim, fences nobody, and
//! of two that are put at once the one counts that the store took last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::local::Paths;
use super::place::{Place, is_away};
use super::remote::{Folder, NoteName};
use super::{StoreError, files};

/// Under which name a shared store keeps it.
const CHECK: &str = "check";

impl Place {
    /// Returns the row that is kept beside the state.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn finding(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Files(paths) => of_files(paths),
            Self::Far(far) => far.store.noted(name()),
        }
    }

    /// Puts a row in the place of the one that is kept.
    ///
    /// # Errors
    /// A directory that others can write to, and writes that fail.
    pub fn put_finding(&self, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Files(paths) => {
                files::prepare_dir(&paths.state, paths.spec_owner)?;
                let path = path_of(paths);
                files::refuse_exposed(&path, paths.spec_owner)?;
                super::replace_file(&path, bytes)
            }
            Self::Far(far) => far.store.replace(name(), bytes),
        }
    }

    /// Names the row for people.
    pub fn finding_name(&self) -> String {
        match self {
            Self::Files(paths) => path_of(paths).display().to_string(),
            Self::Far(far) => format!("the finding of {}", far.store.label()),
        }
    }
}

/// Returns the row beside a state in files.
///
/// # Errors
/// As [`Place::finding`].
pub fn of_files(paths: &Paths) -> Result<Option<Vec<u8>>, StoreError> {
    files::read(&path_of(paths))
}

/// Lists the states in a directory, by their stems: whatever ends in `.json`, and what is kept beside a state that is not there (yet, or
/// any more). A state that was moved elsewhere is left out.
///
/// # Errors
/// A directory that cannot be read.
pub fn states_in(directory: &Path) -> Result<BTreeSet<String>, StoreError> {
    const BESIDE: [&str; 6] = [".json", ".json.backup", ".finding", ".journal.jsonl", ".runs", ".approvals"];
    let listed = std::fs::read_dir(directory).map_err(files::io_error("list", directory))?;
    let mut names = BTreeSet::new();
    for entry in listed {
        let name = entry.map_err(files::io_error("list", directory))?.file_name();
        names.extend(name.into_string().ok());
    }
    let stem = |name: &String| BESIDE.iter().find_map(|end| name.strip_suffix(end)).map(str::to_owned);
    let stems: BTreeSet<String> = names.iter().filter_map(stem).filter(|stem| !stem.is_empty()).collect();
    let is_here = |stem: &String| {
        let moved = format!("{stem}.json.moved");
        // One that cannot be read says nothing: the state is shown.
        let marker = names.contains(&moved).then(|| files::read(&directory.join(&moved)).ok().flatten()).flatten();
        !marker.is_some_and(|marker| is_away(&marker))
    };
    Ok(stems.into_iter().filter(is_here).collect())
}

/// Returns the directory that a state lies in, and by which stem it is listed there.
pub fn listed_as(paths: &Paths) -> (PathBuf, String) {
    let directory = paths.state.parent().filter(|parent| !parent.as_os_str().is_empty());
    let stem = paths.runs.with_extension("");
    let stem = stem.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (directory.unwrap_or(Path::new(".")).to_owned(), stem)
}

/// Names the file of the row beside a state: for `state/rictl.json` that is `state/rictl.finding`.
pub fn path_of(paths: &Paths) -> PathBuf {
    paths.runs.with_extension("finding")
}

/// Returns the name of the row in a shared store.
pub(super) fn name() -> NoteName {
    NoteName::new(Folder::Findings, CHECK).expect("a word of letters is a name")
}
