//! Plans, drift and runs as one pull-request comment: at most 65,536 characters, whatever is in them.
//!
//! Untrusted text appears in code spans only, where Markdown has no links, images, mentions, HTML or entities; the
//! pipe, which would end a table's cell even there, is written as an escape. What does not fit is counted.

use std::io::{self, Write};

use super::escape::escape_terminal;
use super::history::{self, PastRun};
use super::plan::{by_address, waves};
use super::report::next;
use super::words::drift::{cause, last_applied, live, note, verdict};
use super::words::plan::{self as said, because, counts_line, intention, plan_line, rollout};
use super::words::report::{detail, incomplete, last_line, outcome, reasons, remark, took};
use super::words::run::{label, run_outcome};
use crate::drift::Drift;
use crate::plan::{Plan, ResourceChange, Step, Warning};
use crate::resource::Address;
use crate::run::RunOutcome;

/// The most characters of a comment on the large forges.
const LIMIT: usize = 65_536;

/// Kept free for headings, closing tags and the note that something was left out.
const RESERVE: usize = 4_096;

/// The most rows before a table is folded.
const UNFOLDED: usize = 20;

/// The most steps of a wave in one line: what does not fit is left out by lines.
const STEPS_A_LINE: usize = 8;

/// The most characters of one untrusted text.
const LONGEST: usize = 400;

/// Writes a plan.
pub fn plan<W: Write + ?Sized>(out: &mut W, plan: &Plan) -> io::Result<()> {
    let mut page = Page::new(&format!("rictl plan for {}", code(&plan.target.to_string())));
    if plan.is_empty() && plan.is_complete() {
        page.always("**No changes.** Your infrastructure matches the configuration.\n");
    } else {
        let summary = plan.summary();
        page.always(&format!("**{}**  \n{}\n", plan_line(summary), counts_line(summary)));
        page.always(&format!("\nDigest: `{}`\n", plan.digest()));
    }
    page.section(
        "Blocked",
        plan.blocked.iter().map(|blocked| {
            let (why, detail) = (blocked.code().as_str(), said::blocked(plan, blocked));
            format!("- {} **{why}**: {}\n", code(blocked.address.as_str()), code(&detail))
        }),
    );
    page.section(
        "Left alone",
        plan.left_alone.iter().map(|left| {
            let (why, detail) = (left.reason.code().as_str(), said::left_alone(plan, left));
            format!("- {} **{why}**: {}\n", code(left.address.as_str()), code(&detail))
        }),
    );
    page.section(
        "Could not be read",
        plan.failures
            .iter()
            .map(|failure| format!("- {}: {}\n", code(&failure.scope.to_string()), code(&failure.detail))),
    );
    page.section(
        "In doubt",
        plan.doubts.iter().map(|doubt| {
            format!("- {} of run {}: {}\n", code(&doubt.step.0), code(&doubt.run_id), code(&said::doubt(doubt)))
        }),
    );
    page.section("Warnings", warnings(plan));
    let groups = by_address(&plan.steps);
    page.table(
        "Changes",
        &["Interface", "Change", "Status", "Why", "Guards"],
        groups.iter().map(|(address, steps)| change_row(plan.change(address), address, steps)),
    );
    page.section(
        "Changed outside of rictl",
        plan.resource_drift.iter().map(|drift| {
            let status = |values: &Option<crate::plan::Values>| {
                values.as_ref().map_or_else(|| "absent".to_owned(), |values| code(values.status.as_str()))
            };
            let (before, after) = (status(&drift.change.before), status(&drift.change.after));
            format!("- {}: was {before}, is {after}\n", code(drift.address.as_str()))
        }),
    );
    if plan.steps.len() > 1 {
        let between = plan.rollout.iter().map(|waves| format!("- {}\n", code(&rollout(waves))));
        let order = waves(plan).into_iter().flat_map(|(wave, steps)| {
            let row = |steps: &[&str]| {
                let names: Vec<String> = steps.iter().map(|step| code(step)).collect();
                format!("- wave {wave}: {}\n", names.join(", "))
            };
            steps.chunks(STEPS_A_LINE).map(row).collect::<Vec<_>>()
        });
        page.folded("Order", plan.steps.len(), between.chain(order).collect());
    }
    page.write(out)
}

/// Writes what drifted.
pub fn drift<W: Write + ?Sized>(out: &mut W, drift: &Drift) -> io::Result<()> {
    let mut page = Page::new(&format!("rictl drift for {}", code(&drift.target.to_string())));
    page.always(&format!("**{}**\n", verdict(drift)));
    page.section("Warnings", drift.warnings.iter().map(warning));
    page.section(
        "Could not be read",
        drift
            .failures
            .iter()
            .map(|failure| format!("- {}: {}\n", code(&failure.scope.to_string()), code(&failure.detail))),
    );
    page.table(
        "Findings",
        &["Interface", "Finding", "Spec", "Last applied", "Live", "Since", "Note"],
        drift.items.iter().map(|item| {
            [
                code(item.address.as_str()),
                cause(item.cause).to_owned(),
                item.spec.to_string(),
                last_applied(item),
                code(live(item)),
                item.since.map(|since| format!("{since:.0}")).unwrap_or_default(),
                note(item).map(|note| code(&note)).unwrap_or_default(),
            ]
            .to_vec()
        }),
    );
    page.write(out)
}

/// Writes a run.
pub fn run<W: Write + ?Sized>(out: &mut W, past: &PastRun) -> io::Result<()> {
    let run = &past.report;
    let mut page = Page::new(&format!("rictl {} {}", history::operation(run.operation), code(&run.run_id.0)));
    match past.outcome() {
        None | Some(RunOutcome::Died) => page.always(&format!("**The run {}.**\n", past.verdict().1)),
        Some(RunOutcome::Complete) => page.always(&format!("**{}**\n", last_line(run))),
        Some(outcome) => page.always(&format!(
            "**{}** ({}: {})\n\nNext: {}\n",
            last_line(run),
            run_outcome(outcome),
            incomplete(run),
            next(run.exit(), &inert(&run.run_id.0).replace('`', "\\x60"))
        )),
    }
    page.always(&format!("\n{}, by {}\n", code(&run.target.to_string()), code(&run.who)));
    page.section("Reasons", reasons(run).map(|reason| format!("- {}{}\n", label(reason), code(&remark(run, reason)))));
    page.table(
        "Steps",
        &["Step", "Outcome", "Status", "Took", "RequestId", "Detail"],
        run.results.iter().map(|result| {
            [
                code(&result.step.id.0),
                code(&outcome(result)),
                result.status.as_ref().map(|status| code(status.as_str())).unwrap_or_default(),
                took(result).unwrap_or_default(),
                result.request_id.as_ref().map(|id| code(&id.0)).unwrap_or_default(),
                result.because.as_ref().map(|_| code(&detail(result))).unwrap_or_default(),
            ]
            .to_vec()
        }),
    );
    page.write(out)
}

fn change_row(change: Option<&ResourceChange>, address: &Address, steps: &[&Step]) -> Vec<String> {
    let expect = steps.first().map(|step| code(&step.expect.to_string())).unwrap_or_default();
    let goal = steps.last().map(|step| step.goal.to_string()).unwrap_or_default();
    let why = change.and_then(|change| change.action_reason).map(because).unwrap_or_default();
    let reason = change.and_then(|change| change.reason.as_ref()).map(|reason| format!(": {}", code(reason)));
    let guards: Vec<String> =
        steps.iter().flat_map(|step| &step.guards).map(|guard| code(&said::guard(guard))).collect();
    vec![
        code(address.as_str()),
        intention(steps).to_owned(),
        format!("{expect} to `{goal}`"),
        format!("{why}{}", reason.unwrap_or_default()),
        guards.join(" "),
    ]
}

fn warnings(plan: &Plan) -> impl Iterator<Item = String> {
    let scope = [("looked at only", &plan.targeted), ("left out", &plan.excluded)];
    let scope = scope.into_iter().filter(|(_, addresses)| !addresses.is_empty()).map(|(what, addresses)| {
        let names: Vec<String> = addresses.iter().take(UNFOLDED).map(|address| code(address.as_str())).collect();
        let more = addresses.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("- {what}: {}{more}\n", names.join(", "))
    });
    scope.chain(plan.warnings.iter().map(warning))
}

fn warning(warning: &Warning) -> String {
    let said::Said { summary, detail } = said::warning(warning);
    let detail = detail.map(|detail| format!(": {}", code(&detail))).unwrap_or_default();
    format!("- {}{detail}\n", code(&summary))
}

/// Returns untrusted text as a code span that it cannot leave: a span ends at a run of exactly as many backticks as it
/// began with, and there is none so long in the text.
fn code(text: &str) -> String {
    let text = inert(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    match text.split(|character| character != '`').map(str::len).max() {
        None | Some(0) => format!("`{text}`"),
        Some(longest) => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

/// Returns untrusted text in one line that ends no cell of a table and is no command to a log.
fn inert(text: &str) -> String {
    let clipped: String = text.chars().take(LONGEST).collect();
    let more = if clipped.len() < text.len() { "…" } else { "" };
    escape_terminal(&clipped).replace('|', "\\x7c").replace("##[", "\\x23#[") + more
}

/// A comment while it grows.
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    fn new(title: &str) -> Self {
        Self { text: format!("### {title}\n\n"), left_out: 0 }
    }

    /// Adds what must not be missing; small by construction.
    fn always(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a line if there is room. Bytes are counted, of which there are at least as many as characters.
    fn line(&mut self, line: &str) {
        if self.left_out == 0 && self.text.len() + line.len() + RESERVE <= LIMIT {
            self.text.push_str(line);
        } else {
            self.left_out += 1;
        }
    }

    fn section(&mut self, title: &str, lines: impl Iterator<Item = String>) {
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return;
        }
        if lines.len() > UNFOLDED {
            return self.folded(title, lines.len(), lines);
        }
        self.always(&format!("\n**{title}**\n\n"));
        lines.iter().for_each(|line| self.line(line));
    }

    fn folded(&mut self, title: &str, count: usize, lines: Vec<String>) {
        self.always(&format!("\n<details><summary>{title} ({count})</summary>\n\n"));
        lines.iter().for_each(|line| self.line(line));
        self.always("\n</details>\n");
    }

    fn table(&mut self, title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let rows: Vec<String> = rows.map(|cells| format!("| {} |\n", cells.join(" | "))).collect();
        if rows.is_empty() {
            return;
        }
        let head = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
        if rows.len() > UNFOLDED {
            self.always(&format!("\n<details><summary>{title} ({})</summary>\n\n{head}", rows.len()));
            rows.iter().for_each(|row| self.line(row));
            self.always("\n</details>\n");
        } else {
            self.always(&format!("\n**{title}**\n\n{head}"));
            rows.iter().for_each(|row| self.line(row));
        }
    }

    fn write<W: Write + ?Sized>(mut self, out: &mut W) -> io::Result<()> {
        if self.left_out > 0 {
            let left_out = self.left_out;
            self.always(&format!(
                "\n**{left_out} lines are left out**: a comment holds {LIMIT} characters. `--json` has everything.\n"
            ));
        }
        out.write_all(self.text.as_bytes())
    }
}

#[cfg(test)]
mod tests;
