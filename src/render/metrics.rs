//! Drift checks as metrics in Prometheus' text format, for a textfile collector.
//!
//! Every cause has its line, zero or not, so that an alert on one never meets a missing series.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::drift::{DriftCause, DriftCheck, DriftItem};
use crate::plan::GroupHealth;
use crate::resource::Status;

/// Writes the metrics of one run over several specs.
///
/// A spec that was given twice is written once, and nothing is counted of one that could not be looked at.
pub fn drift<W: Write + ?Sized>(out: &mut W, checks: &[DriftCheck]) -> io::Result<()> {
    let mut written = BTreeSet::new();
    let checks: Vec<&DriftCheck> = checks.iter().filter(|check| written.insert(&check.spec)).collect();
    head(out, "rictl_drift_check_success", "1 if everything that the spec declares could be read.")?;
    for check in &checks {
        let whole = check.outcome.as_ref().is_ok_and(|drift| drift.failures.is_empty());
        let spec = label(&check.spec);
        writeln!(out, "rictl_drift_check_success{{spec=\"{spec}\"}} {}", u8::from(whole))?;
    }
    head(out, "rictl_drift_check_timestamp_seconds", "When the spec was last checked.")?;
    for check in &checks {
        let (spec, at) = (label(&check.spec), check.at.as_second());
        writeln!(out, "rictl_drift_check_timestamp_seconds{{spec=\"{spec}\"}} {at}")?;
    }
    head(out, "rictl_drift_declared_interfaces", "How many interfaces the spec declares.")?;
    for check in &checks {
        if check.outcome.is_err() {
            continue;
        }
        let (spec, count) = (label(&check.spec), check.declared.len());
        writeln!(out, "rictl_drift_declared_interfaces{{spec=\"{spec}\"}} {count}")?;
    }
    head(out, "rictl_drift_interfaces", "How many interfaces are not where they were, by cause.")?;
    for check in &checks {
        let Ok(drift) = &check.outcome else { continue };
        for cause in DriftCause::ALL {
            let count = drift.items.iter().filter(|item| item.cause == cause).count();
            let (spec, cause) = (label(&check.spec), cause.as_str());
            writeln!(out, "rictl_drift_interfaces{{spec=\"{spec}\",cause=\"{cause}\"}} {count}")?;
        }
    }
    head(out, "rictl_drift_interface", "1 for each interface that is not where it was.")?;
    for check in &checks {
        let items = check.outcome.iter().flat_map(|drift| &drift.items);
        items.into_iter().try_for_each(|item| interface(out, &check.spec, item))?;
    }
    head(out, "rictl_group_links", "How many links a group has, how many are up, how many have to be.")?;
    for check in &checks {
        let groups = check.outcome.iter().flat_map(|drift| &drift.groups);
        groups.into_iter().try_for_each(|health| group(out, &check.spec, health))?;
    }
    head(
        out,
        "rictl_group_down",
        "1 if nothing of a group is up though something of it is to be, whatever its floor.",
    )?;
    for check in checks {
        let groups = check.outcome.iter().flat_map(|drift| &drift.groups);
        for health in groups.filter(|health| health.up.is_some()) {
            let (spec, name, down) = (label(&check.spec), label(health.name.as_str()), u8::from(health.down));
            writeln!(out, "rictl_group_down{{spec=\"{spec}\",group=\"{name}\"}} {down}")?;
        }
    }
    Ok(())
}

/// Writes the gauges of one group; how many are up only where that is known.
fn group<W: Write + ?Sized>(out: &mut W, spec: &str, health: &GroupHealth) -> io::Result<()> {
    let (spec, name) = (label(spec), label(health.name.as_str()));
    for (kind, value) in [("declared", Some(health.declared)), ("up", health.up), ("floor", Some(health.floor))] {
        let Some(value) = value else { continue };
        writeln!(out, "rictl_group_links{{spec=\"{spec}\",group=\"{name}\",kind=\"{kind}\"}} {value}")?;
    }
    Ok(())
}

fn interface<W: Write + ?Sized>(out: &mut W, spec: &str, item: &DriftItem) -> io::Result<()> {
    let live = item.live.as_ref().map_or("absent", Status::as_str);
    let labels = [
        ("spec", spec),
        ("address", item.address.as_str()),
        ("id", item.id.as_str()),
        ("region", item.scope.region.as_str()),
        ("cause", item.cause.as_str()),
        ("live", live),
    ];
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect();
    writeln!(out, "rictl_drift_interface{{{}}} 1", labels.join(","))
}

fn head<W: Write + ?Sized>(out: &mut W, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

/// Escapes what the format gives a meaning inside a label's quotes.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
