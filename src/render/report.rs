//! What an apply came to: a result table, then Terraform's last line and what to run next.

pub(crate) mod document;

use std::io::{self, Write};

use super::page;
use super::text::page::Steps;
use super::text::{self, View};
use crate::run::Report;

/// Writes the end of an apply of `spec`. `blocked` counts the interfaces that were blocked when it was planned.
pub fn text<W: Write + ?Sized>(
    out: &mut W,
    report: &Report,
    spec: Option<&str>,
    blocked: usize,
    view: View,
) -> io::Result<()> {
    text::page::page(out, &page::run::end(report, spec, blocked), Steps::Brief, view)
}

#[cfg(test)]
mod tests;
