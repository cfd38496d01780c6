//! Drift checks as a JUnit report: what moved and a group below its floor are failures, what could not be read an error, known drift is skipped.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::escape::escape;

use super::escape::escape_terminal;
use super::words::drift::{cause, last_applied, live, note};
use super::words::groups::standing;
use crate::drift::{Drift, DriftCheck, DriftItem};
use crate::plan::GroupHealth;

/// Writes one suite per spec, one case per declared interface and per group.
pub fn drift<W: Write + ?Sized>(out: &mut W, checks: &[DriftCheck]) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rictl drift\">")?;
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for check in checks {
        let class = class(&check.spec);
        // Paths that differ in a dot alone have one class, and readers tell cases by class and name.
        let count = classes.entry(class.clone()).or_default();
        *count += 1;
        let class = if *count > 1 { format!("{class}#{count}") } else { class };
        suite(out, check, &class)?;
    }
    writeln!(out, "</testsuites>")
}

fn suite<W: Write + ?Sized>(out: &mut W, check: &DriftCheck, class: &str) -> io::Result<()> {
    let (spec, at) = (text(&check.spec), check.at);
    let drift = match &check.outcome {
        Ok(drift) => drift,
        Err(error) => {
            writeln!(
                out,
                "<testsuite name=\"{spec}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" timestamp=\"{at}\">"
            )?;
            writeln!(
                out,
                "<testcase classname=\"{class}\" name=\"check\"><error message=\"{}\"/></testcase>",
                text(error)
            )?;
            return writeln!(out, "</testsuite>");
        }
    };
    let unknown = drift.groups.iter().filter(|group| !group.is_finding() && group.is_unknown()).count();
    let broken = drift.broken_groups().count();
    let of = |known: bool| drift.items.iter().filter(|item| item.cause.is_finding() != known).count();
    let unread = check.declared.values().filter(|was_read| !**was_read).count();
    writeln!(
        out,
        "<testsuite name=\"{spec}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" timestamp=\"{at}\">",
        check.declared.len() + drift.groups.len(),
        of(false) + broken,
        unread + unknown,
        of(true)
    )?;
    let items: BTreeMap<_, _> = drift.items.iter().map(|item| (&item.address, item)).collect();
    for (address, was_read) in &check.declared {
        let says = match items.get(address) {
            _ if !was_read => "<error message=\"its region could not be read\"/>".to_owned(),
            item => item.map(|item| finding(item, drift)).unwrap_or_default(),
        };
        writeln!(out, "<testcase classname=\"{class}\" name=\"{}\">{says}</testcase>", text(address.as_str()))?;
    }
    drift.groups.iter().try_for_each(|group| group_case(out, class, group, drift.hides_groups))?;
    if !drift.failures.is_empty() {
        let failures = drift.failures.iter().map(|failure| format!("{}: {}", failure.scope, failure.detail));
        writeln!(out, "<system-err>{}</system-err>", text(&failures.collect::<Vec<_>>().join("; ")))?;
    }
    writeln!(out, "</testsuite>")
}

fn finding(item: &DriftItem, drift: &Drift) -> String {
    let note = note(item, drift).map(|note| format!(" ({note})")).unwrap_or_default();
    let facts = format!("spec {}, last applied {}, live {}{note}", item.spec, last_applied(item), live(item));
    let message = text(&format!("{}: {facts}", cause(item.cause)));
    if item.cause.is_finding() {
        format!("<failure type=\"{}\" message=\"{message}\"/>", item.cause.as_str())
    } else {
        format!("<skipped message=\"{message}\"/>")
    }
}

fn group_case<W: Write + ?Sized>(out: &mut W, class: &str, group: &GroupHealth, is_hidden: bool) -> io::Result<()> {
    write!(out, "<testcase classname=\"{class}\" name=\"group {}\">", text(group.name.as_str()))?;
    let message = text(&standing(group).says);
    if group.is_finding() && !is_hidden {
        write!(out, "<failure type=\"group\" message=\"{message}\"/>")?;
    } else if group.is_unknown() && !group.is_finding() {
        write!(out, "<error message=\"{message}\"/>")?;
    }
    writeln!(out, "</testcase>")
}

/// Makes text fit for XML, which has no way to carry most control characters.
fn text(text: &str) -> String {
    let is_in_xml = |character: &char| !matches!(character, '\u{fffe}' | '\u{ffff}');
    let text: String = escape_terminal(text)
        .chars()
        .map(|character| if is_in_xml(&character) { character } else { '\u{fffd}' })
        .collect();
    escape(text).into_owned()
}

/// Names the class of a spec's cases. Readers take what is before the last dot for a package, so there is none.
fn class(spec: &str) -> String {
    text(&spec.strip_suffix(".yaml").unwrap_or(spec).replace('.', "_"))
}

#[cfg(test)]
mod tests;
