//! What lies beside a spec and looks like a part of it, or like it: said, never read as one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::bounds;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::nearest;
use crate::language::say;
use crate::spec::Spec;
use crate::spec::keys::KEYS;
use crate::store::named::{self, Links, NamedError};

/// How many names are listed.
const NAMED: usize = 5;

/// How far down subdirectories are looked into.
const DEEPEST: usize = 3;

/// Returns whether a file in a directory is read as a part of its spec: what a shell's `*.yaml` and `*.yml` name, so no hidden
/// one, such as an editor keeps beside what it edits.
pub(in crate::ops) fn is_merged(path: &Path) -> bool {
    is_visible(path) && matches!(path.extension().and_then(|extension| extension.to_str()), Some("yaml" | "yml"))
}

fn is_visible(path: &Path) -> bool {
    path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
}

/// Says what a directory holds that may be meant as a part of the spec and is not read.
pub(super) fn passed_over(directory: &Path, spec: &Spec, state: &Path) -> Option<Diagnostic> {
    let world = spec.cloud.world.as_ref().map(|world| directory.join(&world.value));
    let is_known = |path: &Path| path == state || world.as_deref() == Some(path);
    let found = entries(directory).into_iter().filter(|path| !is_known(path) && looks_meant(path));
    let names: Vec<String> = found.map(|path| shown(&path)).collect();
    if names.is_empty() {
        return None;
    }
    let more = names.len().saturating_sub(NAMED);
    let listed = names[..names.len() - more].join(", ");
    let directory = directory.display();
    Some(Diagnostic::worded(|| {
        let more = if more > 0 { say!(" and {more} more", more) } else { String::new() };
        let summary = say!("not read as a part of {directory}: {listed}{more}", directory, listed, more);
        Diagnostic::warning(summary).hint(say!(
            "only *.yaml and *.yml right in the directory are merged; rename a file, or give it to a command of its own with --file"
        ))
    }))
}

/// Returns whether a file is, or would be, one of those of a spec that is a directory.
pub(in crate::ops) fn is_in(directory: &Path, file: &Path) -> bool {
    directory.is_dir() && file.parent().is_some_and(|parent| same(parent, directory)) && is_merged(file)
}

/// Returns whether two paths lead to one place.
pub(in crate::ops) fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    };
    real(one) == real(other)
}

/// Suggests what may have been meant by a spec that is not there.
pub(super) fn meant(missing: &Path) -> Option<String> {
    let directory = missing.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = missing.file_name()?.to_str()?;
    let candidates: Vec<String> = entries(directory)
        .into_iter()
        .filter(|path| {
            path.is_file() && ["yaml", "yml", "json"].iter().any(|end| has_extension(path, end)) && says_version(path)
        })
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    let stem = Path::new(name).file_stem();
    let twin = candidates.iter().find(|candidate| Path::new(candidate).file_stem() == stem).map(String::as_str);
    let near = twin.or_else(|| nearest(name, candidates.iter().map(String::as_str)));
    let only = || if let [only] = candidates.as_slice() { Some(only.as_str()) } else { None };
    let found = near.or_else(only).map(|near| missing.with_file_name(near));
    found.or_else(|| deeper(directory, name)).map(|path| path.display().to_string())
}

/// Finds a spec of this name in one subdirectory, where there is no other.
fn deeper(directory: &Path, name: &str) -> Option<PathBuf> {
    let found = entries(directory).into_iter().map(|inner| inner.join(name)).filter(|path| path.is_file());
    let found: Vec<PathBuf> = found.filter(|path| says_version(path)).collect();
    let [only] = found.as_slice() else { return None };
    Some(only.strip_prefix(".").unwrap_or(only).to_owned())
}

/// Says which file beside a spec of one file has its name with another ending, and is not read.
pub(super) fn twin(spec: &Path) -> Option<Diagnostic> {
    let is_spelt = |ending: &&str| !has_extension(spec, ending);
    let others = ["yaml", "yml", "json"].into_iter().filter(is_spelt).map(|ending| spec.with_extension(ending));
    let found: Vec<String> =
        others.filter(|path| path.is_file() && says_version(path)).map(|path| shown(&path)).collect();
    if found.is_empty() {
        return None;
    }
    Some(Diagnostic::worded(|| {
        let (spec, found) = (spec.display(), found.join(say!(" and ")));
        Diagnostic::warning(say!("beside {spec} lies {found}, which is not read", spec, found))
            .hint(say!("remove one of them, or name the one that is meant with --file"))
    }))
}

/// Returns whether a file may be a spec, and no world or other document: it says of which version it is.
fn says_version(path: &Path) -> bool {
    let bytes = match named::read(path, Links::Refused, bounds::NEIGHBOUR_BYTES) {
        Ok(bytes) => bytes,
        // Too large to be looked into, or a link, as mounted settings are.
        Err(error) => return matches!(error, NamedError::TooLarge(_) | NamedError::NotRegular(_)),
    };
    if has_extension(path, "json") {
        return has_sections(path);
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim_start_matches('\u{feff}').lines().any(|line| line.starts_with("version"))
}

/// Lists files of a directory without a spec that may be meant for one.
pub(super) fn spelt_otherwise(directory: &Path) -> Vec<String> {
    let found = entries(directory).into_iter().filter(|path| path.is_file() && looks_meant(path));
    found.map(|path| path.display().to_string()).take(NAMED).collect()
}

/// Lists subdirectories that hold files of a spec.
pub(super) fn below(directory: &Path) -> Vec<String> {
    let found = entries(directory).into_iter().filter(|path| path.is_dir() && looks_meant(path));
    found.map(|path| path.display().to_string()).take(NAMED).collect()
}

/// Returns the visible entries of a directory by name; what cannot be read holds nothing.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .take(bounds::DIRECTORY_ENTRIES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_visible(path))
        .collect();
    paths.sort();
    paths
}

fn looks_meant(path: &Path) -> bool {
    if is_merged(path) {
        return false;
    }
    if path.is_dir() {
        return holds_a_file(path, DEEPEST);
    }
    let is_spelt_otherwise = has_extension(path, "yaml") || has_extension(path, "yml");
    path.is_file() && (is_spelt_otherwise || is_a_copy(path) || has_extension(path, "json") && has_sections(path))
}

/// Returns whether a directory, or one below it, holds a file that would be merged. A link to a directory may lead back here.
fn holds_a_file(directory: &Path, levels: usize) -> bool {
    let is_below = |inner: &Path| levels > 0 && !inner.is_symlink() && inner.is_dir();
    entries(directory)
        .iter()
        .any(|inner| inner.is_file() && is_merged(inner) || is_below(inner) && holds_a_file(inner, levels - 1))
}

/// Returns whether a file is named as a copy of one that is read: `x.yaml.bak`, `x.yml.orig`, `x.yaml~`.
fn is_a_copy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    [".yaml.", ".yml."].iter().any(|inside| name.contains(inside))
        || [".yaml~", ".yml~"].iter().any(|end| name.ends_with(end))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Returns whether a JSON file has sections of a spec, or is broken so that nobody knows, and is none of our own documents.
fn has_sections(path: &Path) -> bool {
    let bytes = match named::read(path, Links::Refused, bounds::NEIGHBOUR_BYTES) {
        Ok(bytes) => bytes,
        // Too large to be looked into: it is named unseen.
        Err(error) => return matches!(error, NamedError::TooLarge(_)),
    };
    let Ok(document) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(&bytes) else {
        return serde_json::from_slice::<IgnoredAny>(&bytes).is_err();
    };
    // Documents of many kinds have a version and a name.
    let is_section = |name: &str| !matches!(name, "version" | "name") && KEYS.iter().any(|key| key.path == name);
    !document.contains_key("format_version") && document.keys().any(|name| is_section(name))
}

fn shown(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if path.is_dir() { format!("{name}/") } else { name }
}
