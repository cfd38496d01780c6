//! A spec that cannot be read: where its records are, and what a past run of it stood under.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::journal::Run;
use crate::ops::failure::{Exit, Refusal};
use crate::spec::{self, footing};
use crate::store::Place;
use crate::store::local::Paths;

use super::{Project, directory_of, files, usual_state};

/// Returns where the records of a spec are that cannot be read: where its files say as far as they can be read, else at the
/// usual place.
pub fn records(path: &Path, rescue_directory: &Path) -> Paths {
    let said = files(path).ok().and_then(footing::state_path).map(|state| directory_of(path).join(state));
    let state = said.unwrap_or_else(|| usual_state(path));
    let mut paths = Paths::new(state, rescue_directory);
    paths.spec_owner = fs::metadata(path).ok().map(|found| found.uid());
    paths
}

/// Returns `state.name` and `name` of a spec that cannot be read, as far as they can be.
pub fn names(path: &Path) -> (Option<String>, Option<String>) {
    files(path).ok().map(footing::names).unwrap_or_default()
}

impl Project {
    /// Puts together what a run stood under, in the place of the spec at `path`, which cannot be read.
    ///
    /// # Errors
    /// A run whose version did not record it yet.
    pub fn of_run(path: &Path, place: Place, run: &Run) -> Result<Self> {
        let evidence = &run.started.evidence;
        let Some(stood_under) = &evidence.stood_under else {
            let summary = format!("run {} is of a version that did not record what it stood under", run.id());
            let hint = format!("mend the spec {}, then take the run back", path.display());
            return Err(Refusal::new(Exit::Error, summary).hint(hint).into());
        };
        let spec: spec::Spec = footing::of_run(&format!("run {}", run.id()), stood_under)
            .with_context(|| format!("cannot read what run {} stood under", run.id()))?;
        Ok(Self {
            name: path.display().to_string(),
            spec,
            digest: evidence.spec_digest.clone().unwrap_or_default().into(),
            directory: directory_of(path),
            place,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_broken_spec_are_where_it_says_or_at_the_usual_place() {
        let directory = tempfile::tempdir().unwrap();
        let spec = directory.path().join("net.yaml");
        let state = || records(&spec, directory.path()).state;
        assert_eq!(state(), directory.path().join("state/net.json"));
        fs::write(&spec, "state: {path: kept/net.json}\ninterfaces: [\n").unwrap();
        assert_eq!(state(), directory.path().join("kept/net.json"));
    }
}
