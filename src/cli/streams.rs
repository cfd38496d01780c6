//! One stream, one document: files that lead to where something else is written are refused before anything is read or done.

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use anyhow::Result;
use rustix::fs::fstat;

use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};

use super::args::{Format, FormatArgs};

/// Returns the flag that puts a document, or its lines, on standard output; `None` where text goes there.
pub(super) fn document_of(format: &FormatArgs) -> Option<&'static str> {
    match format.format() {
        Format::Text => None,
        Format::Json => Some("--json"),
        Format::Markdown => Some("--format markdown"),
        Format::Html => Some("--format html"),
    }
}

/// Refuses files of which one would be written into the other, or into what stands on standard output.
///
/// # Errors
/// Exit 1, naming both flags.
pub(super) fn check(document: Option<&str>, files: &[(&str, Option<&Path>)]) -> Result<()> {
    let given: Vec<(&str, &Path)> = files.iter().filter_map(|(flag, path)| Some((*flag, (*path)?))).collect();
    for (number, (flag, path)) in given.iter().enumerate() {
        if path.as_os_str() == "-" {
            let refusal = Refusal::new(Exit::Error, worded!("{flag} - names no file", flag));
            return Err(refusal.hint(worded!("`/dev/stdout` is standard output, `./-` a file of that name")).into());
        }
        if let Some(document) = document.filter(|_| is_standard_output(path)) {
            return Err(both(document, flag, &worded!("standard output")).into());
        }
        if let Some((other, _)) = given[..number].iter().find(|(_, other)| is_one_place(path, other)) {
            return Err(both(other, flag, &path.display()).into());
        }
    }
    Ok(())
}

fn both(one: &str, other: &str, place: &dyn Display) -> Refusal {
    let summary = worded!("{one} and {other} would both be written to {place}", one, other, place);
    let hint = worded!("nobody could tell them apart there: give {other} a file of its own", other);
    Refusal::new(Exit::Error, summary).hint(hint)
}

fn is_one_place(one: &Path, other: &Path) -> bool {
    one == other && !is_sink(one) || is_standard_output(one) && is_standard_output(other)
}

/// Returns whether a name leads to what standard output leads to; a device that keeps nothing is no place to meet.
fn is_standard_output(path: &Path) -> bool {
    let (Ok(there), Ok(ours)) = (fs::metadata(path), fstat(io::stdout())) else { return false };
    (there.dev(), there.ino()) == (ours.st_dev, ours.st_ino) && (!is_sink(path) || io::stdout().is_terminal())
}

fn is_sink(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device())
}
