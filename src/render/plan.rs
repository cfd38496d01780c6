//! The plan on one screen, and as the document that is saved: the words are Terraform's where Terraform has some.

pub(super) mod document;

use std::io::{self, Write};

use super::text::page::Steps;
use super::text::{self, View};
use super::words::next::Given;
use super::{json, page};
use crate::language;
use crate::plan::{self, Plan};

/// Writes the plan as text; `given` is what the command was typed with.
pub fn text<W: Write + ?Sized>(out: &mut W, plan: &Plan, given: &Given, view: View) -> io::Result<()> {
    language::speak(view.language, || text::page::page(out, &page::plan::page(plan, given), Steps::Brief, view))
}

/// Writes the plan as text where what to do next is asked or said right after it.
pub fn proposal<W: Write + ?Sized>(out: &mut W, plan: &Plan, view: View) -> io::Result<()> {
    language::speak(view.language, || {
        let page = page::Page { next: None, ..page::plan::page(plan, &Given::default()) };
        text::page::page(out, &page, Steps::Brief, view)
    })
}

/// Writes the document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, plan: &Plan) -> io::Result<()> {
    json::line(out, &document::Document::of(plan))
}

/// Returns the document on one line, without a line end.
pub fn to_json(plan: &Plan) -> String {
    serde_json::to_string(&document::Document::of(plan)).expect("a plan has only string keys and finite numbers")
}

/// Returns the file that `--out` saves: the document with its checksum, and a line end.
pub fn to_file(plan: &Plan) -> String {
    plan::seal(to_json(plan))
}

#[cfg(test)]
mod tests;
