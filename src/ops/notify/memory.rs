//! What channels were told: the one place where that is read and written. It stands beside the state, a file for each channel and set
//! of specs, private and replaced as a whole; in a store that machines share it lies in the row that a recorded check leaves.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::drift::DriftCheck;
use crate::fleet::Kept;
use crate::language::{Wording, worded};
use crate::news::{FORMAT_VERSION, Told};
use crate::signature::sha256_hex;
use crate::store::{Place, read_file, replace_file};

use crate::ops::failure::{Exit, Refusal};
use crate::ops::project::{Project, known};
use crate::ops::record;

/// The channel that older versions knew.
pub(super) const COMMAND: &str = "command";

/// Of which channel and which set of specs something is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(Option<String>);

impl Key {
    /// Returns the key of a channel for the specs of a check; `identity` is what tells two of its kind apart. `places` are
    /// where their states are.
    pub(super) fn of((kind, identity): (&str, &str), checks: &[DriftCheck], places: &[Option<&Place>]) -> Self {
        // As an older version kept it.
        if kind == COMMAND && checks.len() == 1 {
            return Self(None);
        }
        // By their paths: a name is not known of one that cannot be read.
        let paths: Vec<(&Path, Option<&Project>)> = checks.iter().map(|check| (Path::new(&check.path), None)).collect();
        let mut specs = known::names(&paths);
        // In a store that machines share by the name of the state: a checkout lies elsewhere on each.
        for (spec, place) in specs.iter_mut().zip(places) {
            if let Some(far) = place.and_then(Place::far) {
                *spec = format!("state {}", far.name);
            }
        }
        specs.sort_unstable();
        let of = sha256_hex(format!("{identity}\n{}", specs.join("\n")).as_bytes());
        Self(Some(format!("{kind}-{}", &of[..16])))
    }

    /// Returns the name of what is kept, behind the name of the state.
    fn name(&self) -> String {
        match &self.0 {
            Some(key) => format!("notified-{key}"),
            None => "notified".to_owned(),
        }
    }
}

/// Refuses to keep a memory in a store that many machines share, unless the check is kept there as well.
///
/// # Errors
/// Exit 1, naming the flag.
pub fn check_place(place: &Place, is_recorded: bool, flag: &str) -> Result<(), Refusal> {
    if place.far().is_none() || is_recorded {
        return Ok(());
    }
    let state = place.label();
    let summary = worded!("{flag} keeps what was told beside the state, and {state} is shared", flag, state);
    Err(Refusal::new(Exit::Error, summary).hint(worded!("add --record: the memory lies in what it records")))
}

/// Reads what is remembered; nothing where that cannot be understood, which is said. In a store the memories of all channels lie in one
/// `row`, which is read once.
///
/// # Errors
/// It cannot be read, or a newer version wrote it.
pub(super) fn read(place: &Place, key: &Key, row: &mut Option<Kept>) -> Result<Told> {
    let found = match place {
        Place::Files(paths) => read_file(&path(&paths.state, key))?,
        Place::Far(_) => {
            let kept = match row {
                Some(kept) => kept,
                None => row.insert(record::read(place)?.kept),
            };
            kept.told(&key.name()).map(serde_json::to_vec).transpose()?
        }
    };
    let Some(bytes) = found else { return Ok(Told::default()) };
    // A version that knew one channel and one finding kept its digest; what is found is told once more.
    if bytes.starts_with(b"sha256:") {
        return Ok(Told::default());
    }
    if let Some(version) = version(&bytes).filter(|version| *version > u64::from(FORMAT_VERSION)) {
        let (memory, known) = (label(place, key), FORMAT_VERSION);
        let summary = worded!("{memory} is of version {version}, and this rictl knows {known}", memory, version, known);
        let hint = worded!("use the rictl that wrote it, or a newer one");
        return Err(Refusal::new(Exit::Error, summary).hint(hint).into());
    }
    serde_json::from_slice(&bytes).or_else(|error| {
        let memory = label(place, key);
        let said = worded!("{memory} is damaged ({error}): all that is found is told anew", memory, error);
        tracing::warn!("{said}");
        Ok(Told::default())
    })
}

/// Remembers.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(place: &Place, key: &Key, told: &Told) -> Result<()> {
    let bytes = serde_json::to_vec(told).context("bug: what was told cannot be written as JSON")?;
    let unwritten = |error: anyhow::Error| {
        let refusal = Refusal::new(Exit::Error, worded!("cannot remember what was told: {error}", error));
        let causes = error.chain().skip(1).map(|cause| Wording::new(|| cause.to_string()));
        let refusal = causes.fold(refusal, Refusal::cause);
        refusal.hint(worded!("until it can be written, each run tells it again")).into()
    };
    let paths = match place {
        Place::Files(paths) => paths,
        Place::Far(_) => return put(place, key, told).map_err(unwritten),
    };
    let memory = path(&paths.state, key);
    if let Some(directory) = memory.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let doing = || format!("cannot make {}", directory.display());
        DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(doing).map_err(unwritten)?;
    }
    replace_file(&memory, &bytes).map_err(|error| unwritten(error.into()))
}

/// Puts it into the row that is kept now.
fn put(place: &Place, key: &Key, told: &Told) -> Result<()> {
    let mut kept = record::read(place)?.kept;
    kept.remember(&key.name(), Some(serde_json::to_value(told)?));
    Ok(place.put_finding(&kept.encode())?)
}

fn version(bytes: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(bytes).ok()?.get("format_version")?.as_u64()
}

fn label(place: &Place, key: &Key) -> String {
    match place {
        Place::Files(paths) => path(&paths.state, key).display().to_string(),
        Place::Far(far) => format!("{} in {}", key.name(), far.store.label()),
    }
}

fn path(state: &Path, key: &Key) -> PathBuf {
    let is_json = state.extension().is_some_and(|extension| extension == "json");
    let stem = if is_json { state.file_stem() } else { state.file_name() };
    let mut name = stem.unwrap_or_default().to_owned();
    name.push(".");
    name.push(key.name());
    state.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_beside_the_state() {
        let plain = Key(None);
        assert_eq!(path(Path::new("state/net.json"), &plain), Path::new("state/net.notified"));
        assert_eq!(path(Path::new("s/net.state"), &plain), Path::new("s/net.state.notified"));
        let robot = Key(Some("dingtalk-0123".to_owned()));
        assert_eq!(path(Path::new("state/net.json"), &robot), Path::new("state/net.notified-dingtalk-0123"));
    }
}
