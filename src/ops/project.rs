//! The spec on disk and the files that belong to it. No network, no credentials.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::spec::{self, Spec, SpecFile};
use crate::store::local::Paths;

use super::failure::{Exit, Refusal};

mod beside;
mod names;
pub mod together;

/// The name of the spec where none is given.
pub const DEFAULT_SPEC: &str = "rictl.yaml";

/// More than any spec; a file that is larger is not read to its end.
const MAX_BYTES: u64 = 65 * 1024 * 1024;

/// A spec that has been read and checked, and where its history is.
#[derive(Clone, Debug)]
pub struct Project {
    /// What the user calls it: the path that was given.
    pub name: String,
    /// The spec.
    pub spec: Spec,
    /// The digest of its text.
    pub digest: String,
    /// The directory that its relative paths start from.
    pub directory: PathBuf,
    /// Its state, journal and lock.
    pub paths: Paths,
}

impl Project {
    /// Reads the spec at `path`: a file, or a directory whose `*.yaml` and `*.yml` are merged.
    ///
    /// # Errors
    /// A file that cannot be read, or [`crate::diagnostic::Diagnostics`] with every error of the spec.
    pub fn load(path: &Path, rescue_directory: &Path) -> Result<Self> {
        let is_directory = is_directory(path);
        let files = files(path)?;
        let digest = spec::digest(&files);
        let mut spec = spec::parse(files)?;
        let directory = if is_directory { path.to_owned() } else { parent(path) };
        let state = match &spec.state_path {
            Some(state) => directory.join(&state.value),
            None => directory.join("state").join(format!("{}.json", stem(path))),
        };
        if is_directory {
            spec.warnings.extend(beside::passed_over(&directory, &spec, &state));
        }
        let name = path.display().to_string();
        Ok(Self { name, spec, digest, paths: Paths::new(state, rescue_directory), directory })
    }
}

/// Reads the files of the spec at `path`, in the order of their names.
///
/// # Errors
/// A file that cannot be read.
pub fn files(path: &Path) -> Result<Vec<SpecFile>> {
    if is_directory(path) { read_directory(path) } else { Ok(vec![read_file(path)?]) }
}

fn is_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// The name of a file without its extension; of a directory, its own name even where it is given as `.`.
fn stem(path: &Path) -> String {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let stem = if resolved.is_dir() { resolved.file_name() } else { path.file_stem() };
    stem.map_or("rictl".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn read_directory(path: &Path) -> Result<Vec<SpecFile>> {
    let doing = || format!("cannot read the directory {}", path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(path).with_context(doing)? {
        let name = entry.with_context(doing)?.path();
        if beside::is_merged(&name) {
            names.push(name);
        }
    }
    names.sort();
    if names.is_empty() {
        let refusal = Refusal::new(Exit::Error, format!("{} holds no *.yaml or *.yml", path.display()));
        return Err(refusal.hint(elsewhere(path)).into());
    }
    names.iter().map(|name| read_file(name)).collect()
}

/// Says where the spec of a directory that holds none may be.
fn elsewhere(path: &Path) -> String {
    match beside::below(path).as_slice() {
        [] => "name a spec with --file, or start one with `rictl init`".to_owned(),
        below => format!("the files of {} are not merged; name one of these with --file", below.join(", ")),
    }
}

fn read_file(path: &Path) -> Result<SpecFile> {
    let doing = || format!("cannot read the spec {}", path.display());
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let refusal = Refusal::new(Exit::Error, format!("there is no spec {}", path.display()));
            let hint = match beside::meant(path) {
                Some(meant) => format!("there is {meant}: `--file {meant}`"),
                None => "name one with --file, or start one with `rictl init`".to_owned(),
            };
            return Err(refusal.hint(hint).into());
        }
        Err(error) => return Err(error).with_context(doing),
    };
    if !metadata.is_file() {
        let refusal = Refusal::new(Exit::Error, format!("the spec {} is not a regular file", path.display()));
        return Err(refusal.hint("name a file or a directory with --file").into());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).with_context(doing)?;
    file.take(MAX_BYTES).read_to_end(&mut bytes).with_context(doing)?;
    Ok(SpecFile { name: path.display().to_string(), bytes })
}
