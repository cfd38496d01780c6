//! `fmt`: one layout for the spec's files. No network, no credentials, and nothing is written with `--check`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::spec::format;

use super::failure::{Exit, Refusal};
use super::project;
use super::shared_file::{self, Access};

/// Formats the files of the spec at `path` and returns those that were, or with `only_check` would be, changed.
///
/// # Errors
/// A file that cannot be read, formatted or written; those before it are done.
pub fn fmt(path: &Path, only_check: bool) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    let _turn = (!only_check).then(|| shared_file::turn(path));
    for file in project::files(path)?.into_iter().filter(|file| !file.name.ends_with(".json")) {
        let formatted = format::format(&file.bytes).map_err(|error| {
            let refusal = Refusal::new(Exit::Error, format!("cannot format {}: {error}", file.name));
            refusal.hint(match error {
                format::Unformattable::Meaningful => {
                    "blanks and empty lines at the end of such a text are part of it: write it in quotes, on one line"
                }
                _ => "`rictl validate` says what is wrong with a spec, and where",
            })
        })?;
        if formatted.as_bytes() == file.bytes {
            continue;
        }
        let name = PathBuf::from(&file.name);
        if !only_check {
            // A name that is not UTF-8 is known by another one here, which must not come into being.
            name.metadata().with_context(|| format!("cannot write {}", file.name))?;
            shared_file::write(&name, formatted.as_bytes(), Access::Others, true)?;
        }
        changed.push(name);
    }
    Ok(changed)
}
