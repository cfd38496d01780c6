//! How an error looks: what, where, why, what to run next; as text, or as one JSON line.

use clap::error::{ContextKind, ErrorKind};
use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, Sources};
use crate::language;
use crate::ops::failure::{Exit, Refusal, exit_of, hint_of};
use crate::ops::project::Project;
use crate::render;
use crate::render::diagnostic::write_findings;
use crate::resource::LiveState;

use super::commands::offline;
use super::habits;
use super::output::Output;

/// Prints clap's words; help and version are no errors.
pub(super) fn usage(output: &Output, mut error: clap::Error) -> Exit {
    if error.kind() == ErrorKind::DisplayVersion {
        return offline::version(output, false).unwrap_or_else(|error| report(output, &error, Machine::None));
    }
    if !error.use_stderr() {
        let text = error.render();
        let text = if output.view().color { text.ansi().to_string() } else { text.to_string() };
        return match output.print(|out| out.write_all(text.as_bytes())) {
            Ok(()) => Exit::Done,
            Err(error) => report(output, &error, Machine::None),
        };
    }
    if error.kind() == ErrorKind::InvalidUtf8
        && let Some(name) = illegible_setting()
    {
        let told =
            format!("error: the environment variable {name} is not UTF-8 text\n  hint: set it anew, or unset it\n");
        output.complain(|out| out.write_all(told.as_bytes()));
        return Exit::Error;
    }
    habits::point_to(&mut error);
    // It lists what the environment sets as if it had been typed.
    error.remove(ContextKind::Usage);
    let text = error.render();
    let text = if output.draw_style().color { text.ansi().to_string() } else { text.to_string() };
    output.complain(|out| out.write_all(text.as_bytes()));
    Exit::Error
}

/// Returns the first of our variables that is no text: the grammar only knows that something was none.
fn illegible_setting() -> Option<String> {
    let ours = |name: &str| name.starts_with("RICTL_") && !PATHS.contains(&name);
    super::illegible_variables().filter(|name| ours(name)).min()
}

/// The variables that hold paths, which need not be text.
const PATHS: [&str; 3] = ["RICTL_FILE", "RICTL_LOCK_DIR", "RICTL_RESCUE_DIR"];

/// What a machine that reads standard output expects there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// None does.
    None,
    /// One document.
    Document,
    /// One object a line.
    Lines,
}

/// Prints an error and returns its exit code.
pub(super) fn report(output: &Output, error: &anyhow::Error, machine: Machine) -> Exit {
    let mut diagnostics = language::for_reader(output.language(), || diagnose(error));
    for finding in &mut diagnostics.findings {
        finding.map_hint(&|hint| output.retold(hint));
    }
    match machine {
        Machine::None => {}
        Machine::Document => {
            let document = serde_json::json!({
                "format_version": "1.0", "errored": true, "diagnostics": findings(&diagnostics),
            });
            output.show(|out| writeln!(out, "{document}"));
        }
        Machine::Lines => {
            let now = Timestamp::now();
            output.show(|out| {
                diagnostics
                    .findings
                    .iter()
                    .try_for_each(|finding| render::events::diagnostic(out, now, &diagnostics.sources, finding))
            });
        }
    }
    draw(output, &diagnostics.sources, &diagnostics.findings);
    exit_of(error)
}

/// Draws findings on standard error.
pub(super) fn draw(output: &Output, sources: &Sources, findings: &[Diagnostic]) {
    let style = output.draw_style();
    output.complain(|mut out| write_findings(&mut out, sources, findings, style));
}

/// Warns of what changes break together.
pub(super) fn clashes(output: &Output, project: &Project) {
    draw(output, &project.spec.sources, &project.clashes());
}

/// Warns of what changes break together ahead of a moment, as only the links that were read show.
pub(super) fn clashes_of_links(output: &Output, project: &Project, live: &LiveState, moment: Timestamp) {
    draw(output, &project.spec.sources, &project.clashes_of_links(live, moment));
}

/// Turns any error into findings, for whoever reads them as well.
pub(super) fn diagnose(error: &anyhow::Error) -> Diagnostics {
    if let Some(diagnostics) = error.downcast_ref::<Diagnostics>() {
        return diagnostics.clone();
    }
    let finding = Diagnostic::worded(|| {
        let refusal = error.downcast_ref::<Refusal>();
        let causes = match refusal {
            Some(refusal) => refusal.causes.iter().map(ToString::to_string).collect(),
            None => error.chain().skip(1).map(ToString::to_string).collect(),
        };
        let code = refusal.and_then(|refusal| refusal.code);
        Diagnostic { code, causes, hint: hint_of(error), ..Diagnostic::error(error.to_string()) }
    });
    Diagnostics { sources: Sources::default(), findings: vec![finding] }
}

/// The findings in the shape of `terraform validate -json`.
pub(super) fn findings(diagnostics: &Diagnostics) -> Vec<serde_json::Value> {
    let place = |place: Place| {
        serde_json::json!({
            "filename": diagnostics.sources.get(place.source).map(|source| source.name.clone()),
            "start": {"line": place.line, "column": place.column},
            "end": {"line": place.line, "column": place.column + place.length},
        })
    };
    diagnostics
        .findings
        .iter()
        .map(|finding| {
            serde_json::json!({
                "severity": if finding.severity == Severity::Error { "error" } else { "warning" },
                "code": finding.code,
                "summary": finding.summary,
                "detail": finding.label,
                "range": finding.place.map(place),
                "related": finding.related.iter().map(|(at, what)| serde_json::json!({"range": place(*at), "detail": what})).collect::<Vec<_>>(),
                "causes": finding.causes,
                "hint": finding.hint,
            })
        })
        .collect()
}
