//! Drift as text and JSON: for each interface that is not where it was, the spec, the last apply and the live status.

pub(super) mod document;

use std::io::{self, Write};

use super::page;
use super::text::page::Steps;
use super::text::{self, Line, Screen, Tone, View};
use super::words::next::Given;
use crate::drift::Drift;
use crate::language::{self, say};

pub use document::{Ended, document, documents, told};

/// Writes what drifted as text.
pub fn text<W: Write + ?Sized>(out: &mut W, drift: &Drift, given: &Given, view: View) -> io::Result<()> {
    language::speak(view.language, || text::page::page(out, &page::drift::page(drift, given), Steps::Brief, view))
}

/// Writes what is over; with its spec, where there are several.
pub fn over<W: Write + ?Sized>(out: &mut W, ended: &Ended, is_one: bool, view: View) -> io::Result<()> {
    let spec = if is_one { String::new() } else { format!("# {}: ", ended.spec) };
    Screen::new(out, view).line(&Line::at(0).hang(4).with(Tone::Good, format!("{spec}{}", ended.text)))
}

/// Writes that a spec could not be checked, where others could.
pub fn unchecked<W: Write + ?Sized>(out: &mut W, error: &str, view: View) -> io::Result<()> {
    let label = language::speak(view.language, || say!("Not checked: "));
    Screen::new(out, view).line(&Line::at(0).hang(4).with(Tone::Bad, label).text(error))
}

#[cfg(test)]
mod tests;
