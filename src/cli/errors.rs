//! How an error looks: what, where, why, what to run next; as text, or as one JSON line.

use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::ops::failure::{Exit, Refusal, exit_of, hint_of};
use crate::render;
use crate::render::diagnostic::write_findings;

use super::output::Output;

/// Prints clap's words; help and version are no errors.
pub(super) fn usage(error: &clap::Error) -> u8 {
    if let Err(gone) = error.print() {
        tracing::debug!("the terminal is gone: {gone}");
    }
    u8::from(error.use_stderr())
}

/// Prints an error and returns its exit code. `json` is for those who read standard output line by line.
pub(super) fn report(output: &mut Output, error: &anyhow::Error, json: bool) -> u8 {
    let diagnostics = diagnose(error);
    if json {
        let now = Timestamp::now();
        output.show(|out| {
            diagnostics
                .findings
                .iter()
                .try_for_each(|finding| render::events::diagnostic(out, now, &diagnostics.sources, finding))
        });
    }
    draw(output, &diagnostics.sources, &diagnostics.findings);
    exit_of(error) as u8
}

/// Draws findings on standard error.
pub(super) fn draw(output: &Output, sources: &Sources, findings: &[Diagnostic]) {
    let style = output.draw_style();
    output.complain(|mut out| write_findings(&mut out, sources, findings, style));
}

/// Turns any error into findings.
pub(super) fn diagnose(error: &anyhow::Error) -> Diagnostics {
    if let Some(diagnostics) = error.downcast_ref::<Diagnostics>() {
        return diagnostics.clone();
    }
    let mut finding = Diagnostic::error(error.to_string());
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        finding.causes.clone_from(&refusal.causes);
    } else {
        finding.causes = error.chain().skip(1).map(ToString::to_string).collect();
    }
    finding.hint = hint_of(error);
    Diagnostics { sources: Sources::default(), findings: vec![finding] }
}

/// The code for "refused by a guard".
pub(super) const GUARDED: u8 = Exit::Guarded as u8;
