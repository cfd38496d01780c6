//! Plans, drift and runs as one self-contained HTML file: no script, no request, readable on a phone.
//!
//! The content security policy forbids everything but the style sheet inside; every piece of untrusted text goes
//! through `escaped`. Very long tables are cut, and say so.

use std::io::{self, Write};

use super::history::{PastRun, operation};
use super::plan::{by_address, waves};
use super::report::next;
use super::svg::{self, escaped};
use super::text::and_more;
use super::topology::Topology;
use super::words::drift::{cause, last_applied, live, note, verdict};
use super::words::plan::{self as said, because, counts_line, intention, plan_line, rollout};
use super::words::report::{detail, outcome, reasons, remark, took};
use super::words::run::label;
use crate::drift::Drift;
use crate::plan::{Plan, ResourceChange, Step, Warning};
use crate::resource::{Address, Status};
use crate::run::RunOutcome;

/// The most rows of a table.
const MOST_ROWS: usize = 2_000;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"referrer\" content=\"no-referrer\">\n<style>\n\
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:12px;max-width:60rem;color:#1f2328;background:#fff}\n\
h1{font-size:1.3rem}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}.scroll{overflow-x:auto}\n\
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #d8dee4;padding:.3rem .5rem;text-align:left;\
vertical-align:top;overflow-wrap:break-word}\n\
th{white-space:nowrap}\n\
code,.mono{font:13px ui-monospace,monospace;overflow-wrap:anywhere}svg{width:100%;height:auto;max-width:32rem}\n\
.good{color:#1a7f37}.bad{color:#cf222e}.change{color:#9a6700}\n\
@media(max-width:40rem){thead{display:none}tr{display:block;border-bottom:2px solid #d8dee4}\
td{display:block;border:0;padding:.1rem .3rem;overflow-wrap:anywhere}td:first-child{font-weight:600}td:empty{display:none}td::before{content:attr(data-head)\": \";color:#656d76;font-weight:400}}\n\
</style>\n";

/// Writes a plan, with the topology where it is known.
pub fn plan<W: Write + ?Sized>(out: &mut W, plan: &Plan, topology: Option<&Topology>) -> io::Result<()> {
    let mut page = Page::new("rictl plan", &plan.target.to_string());
    if plan.is_empty() && plan.is_complete() {
        page.verdict("good", "No changes. Your infrastructure matches the configuration.");
    } else {
        page.verdict("change", &plan_line(plan.summary()));
        page.paragraph(&counts_line(plan.summary()));
        page.paragraph(&format!("Digest: {}", plan.digest()));
    }
    let blocked = plan.blocked.iter();
    page.table(
        "Blocked",
        &["Interface", "Code", "Detail"],
        blocked.map(|blocked| {
            let code = blocked.code().as_str().to_owned();
            vec![blocked.address.to_string(), code, said::blocked(plan, blocked)]
        }),
    );
    page.table(
        "Left alone",
        &["Interface", "Code", "Detail"],
        plan.left_alone.iter().map(|left| {
            let code = left.reason.code().as_str().to_owned();
            vec![left.address.to_string(), code, said::left_alone(plan, left)]
        }),
    );
    page.list(
        "Could not be read",
        plan.failures.iter().map(|failure| format!("{}: {}", failure.scope, failure.detail)),
    );
    page.list(
        "In doubt",
        plan.doubts.iter().map(|doubt| format!("{} of run {}: {}", doubt.step, doubt.run_id, said::doubt(doubt))),
    );
    page.list("Warnings", plan.warnings.iter().map(warning));
    let names = |list: &[Address]| list.iter().map(Address::to_string).collect::<Vec<_>>();
    page.list("Looked at only", names(&plan.targeted).into_iter());
    page.list("Left out", names(&plan.excluded).into_iter());
    let groups = by_address(&plan.steps);
    page.table(
        "Changes",
        &["Interface", "Change", "Status", "Where", "Why", "Guards"],
        groups.iter().map(|(address, steps)| change_row(plan.change(address), address, steps)),
    );
    page.list(
        "Changed outside of rictl",
        plan.resource_drift.iter().map(|drift| {
            let status = |values: &Option<crate::plan::Values>| {
                values.as_ref().map_or_else(|| "absent".to_owned(), |values| values.status.to_string())
            };
            format!("{}: was {}, is {}", drift.address, status(&drift.change.before), status(&drift.change.after))
        }),
    );
    if !plan.steps.is_empty() {
        page.table(
            "Waves",
            &["Wave", "Steps"],
            waves(plan).into_iter().map(|(wave, steps)| vec![wave.to_string(), steps.join(", ")]),
        );
        page.list("Rollout", plan.rollout.iter().map(rollout));
    }
    page.topology(topology);
    page.write(out)
}

/// Writes what drifted, with the topology where it is known.
pub fn drift<W: Write + ?Sized>(out: &mut W, drift: &Drift, topology: Option<&Topology>) -> io::Result<()> {
    let mut page = Page::new("rictl drift", &drift.target.to_string());
    page.verdict(if drift.has_moved() { "change" } else { "good" }, &verdict(drift));
    page.list("Warnings", drift.warnings.iter().map(warning));
    page.list(
        "Could not be read",
        drift.failures.iter().map(|failure| format!("{}: {}", failure.scope, failure.detail)),
    );
    page.table(
        "Findings",
        &["Interface", "Finding", "Spec", "Last applied", "Live", "Since", "Note"],
        drift.items.iter().map(|item| {
            vec![
                item.address.to_string(),
                cause(item.cause).to_owned(),
                item.spec.to_string(),
                last_applied(item),
                live(item).to_owned(),
                item.since.map(|since| format!("{since:.0}")).unwrap_or_default(),
                note(item).unwrap_or_default(),
            ]
        }),
    );
    page.topology(topology);
    page.write(out)
}

fn warning(warning: &Warning) -> String {
    let said::Said { summary, detail } = said::warning(warning);
    match detail {
        Some(detail) => format!("{summary}: {detail}"),
        None => summary,
    }
}

/// Writes a run with its timeline, and the topology where it is known.
pub fn run<W: Write + ?Sized>(out: &mut W, past: &PastRun, topology: Option<&Topology>) -> io::Result<()> {
    let run = &past.report;
    let mut page = Page::new(&format!("rictl {} {}", operation(run.operation), run.run_id), &run.target.to_string());
    let good = past.outcome() == Some(RunOutcome::Complete);
    page.verdict(if good { "good" } else { "bad" }, &past.verdict().1);
    let ended = run.finished_at().map_or_else(|| "not ended".to_owned(), |at| format!("to {at:.0}"));
    page.paragraph(&format!("By {}, {:.0} {ended}", run.who, run.started_at));
    if run.end.is_some() && !good {
        page.paragraph(&format!("Next: {}", next(run.exit(), &run.run_id.0)));
    }
    page.paragraph(&format!("Digest: {}", run.digest));
    page.list("Reasons", reasons(run).map(|reason| format!("{}{}", label(reason), remark(run, reason))));
    page.picture("Timeline", &svg::timeline(run));
    page.table(
        "Steps",
        &["Step", "Outcome", "Status", "Took", "RequestId", "Detail"],
        run.results.iter().map(|result| {
            vec![
                result.step.id.to_string(),
                outcome(result),
                result.status.as_ref().map(Status::to_string).unwrap_or_default(),
                took(result).unwrap_or_default(),
                result.request_id.as_ref().map(|id| id.to_string()).unwrap_or_default(),
                detail(result),
            ]
        }),
    );
    page.topology(topology);
    page.write(out)
}

fn change_row(change: Option<&ResourceChange>, address: &Address, steps: &[&Step]) -> Vec<String> {
    let expect = steps.first().map(|step| step.expect.to_string()).unwrap_or_default();
    let goal = steps.last().map(|step| step.goal.to_string()).unwrap_or_default();
    let place = steps.first().map(|step| format!("{} in {}", step.interface_id, step.scope));
    let why = change.and_then(|change| change.action_reason).map(|reason| because(reason).to_owned());
    let reason = change.and_then(|change| change.reason.clone());
    let guards: Vec<String> = steps.iter().flat_map(|step| &step.guards).map(said::guard).collect();
    vec![
        address.to_string(),
        intention(steps).to_owned(),
        format!("{expect} → {goal}"),
        place.unwrap_or_default(),
        why.into_iter().chain(reason).collect::<Vec<_>>().join("; "),
        guards.join("; "),
    ]
}

/// A page while it grows. Everything it is given is untrusted, but pictures, which escape their own texts.
struct Page {
    html: String,
}

impl Page {
    fn new(title: &str, target: &str) -> Self {
        let title = escaped(title);
        let target = escaped(target);
        let html = format!(
            "{HEAD}<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<p>Target: <code>{target}</code></p>\n"
        );
        Self { html }
    }

    fn verdict(&mut self, class: &str, text: &str) {
        self.html.push_str(&format!("<p class=\"{class}\"><strong>{}</strong></p>\n", escaped(text)));
    }

    fn paragraph(&mut self, text: &str) {
        self.html.push_str(&format!("<p class=\"mono\">{}</p>\n", escaped(text)));
    }

    fn picture(&mut self, title: &str, svg: &str) {
        self.html.push_str(&format!("<h2>{title}</h2>\n{svg}"));
    }

    fn topology(&mut self, topology: Option<&Topology>) {
        if let Some(topology) = topology {
            self.picture("Topology", &svg::topology(topology));
        }
    }

    fn list(&mut self, title: &str, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.map(|item| format!("<li>{}</li>\n", escaped(&item))).collect();
        self.rows(title, "<ul>\n", &items, "</ul>\n");
    }

    /// Adds a table without the columns that have nothing in them.
    fn table(&mut self, title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let rows: Vec<Vec<String>> = rows.collect();
        let says_something =
            |column: &usize| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
        let columns: Vec<usize> = (0..head.len()).filter(says_something).collect();
        let cells: String = columns.iter().map(|column| format!("<th>{}</th>", head[*column])).collect();
        let open = format!("<div class=\"scroll\"><table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n");
        let cell = |row: &[String], column: usize| {
            format!("<td data-head=\"{}\">{}</td>", head[column], escaped(row.get(column).map_or("", String::as_str)))
        };
        let row = |row: &Vec<String>| {
            format!("<tr>{}</tr>\n", columns.iter().map(|column| cell(row, *column)).collect::<String>())
        };
        self.rows(title, &open, &rows.iter().map(row).collect::<Vec<_>>(), "</tbody>\n</table></div>\n");
    }

    fn rows(&mut self, title: &str, open: &str, rows: &[String], close: &str) {
        if rows.is_empty() {
            return;
        }
        self.html.push_str(&format!("<h2>{title}</h2>\n{open}"));
        rows.iter().take(MOST_ROWS).for_each(|row| self.html.push_str(row));
        self.html.push_str(close);
        if let Some(text) = and_more(rows.len().saturating_sub(MOST_ROWS), "", "…") {
            self.paragraph(&format!("{text}; --json has everything."));
        }
    }

    fn write<W: Write + ?Sized>(mut self, out: &mut W) -> io::Result<()> {
        self.html.push_str("</body>\n</html>\n");
        out.write_all(self.html.as_bytes())
    }
}

#[cfg(test)]
mod tests;
