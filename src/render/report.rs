//! What an apply came to: a result table, then Terraform's last line and what to run next.

pub(crate) mod document;

use std::io::{self, Write};

use super::page;
use super::text::page::Steps;
use super::text::{self, View};
use super::words::next::Given;
use crate::language;
use crate::run::Report;

/// Writes the end of an apply; `given` is what it was typed with. `blocked` counts the interfaces that were blocked when it was planned.
pub fn text<W: Write + ?Sized>(
    out: &mut W,
    report: &Report,
    given: &Given,
    blocked: usize,
    view: View,
) -> io::Result<()> {
    language::speak(view.language, || {
        text::page::page(out, &page::run::end(report, given, blocked), Steps::Brief, view)
    })
}

#[cfg(test)]
mod tests;
