//! Drift as JSON: one document, of one spec or of several.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::drift::{Drift, DriftCheck, DriftItem, GROUP, Unmanaged};
use crate::plan::GroupHealth;
use crate::render::json;
use crate::render::plan::document::WarningLine;
use crate::render::words::drift as words;
use crate::resource::{DesiredStatus, GroupName, ScopeFailure, Target};

/// The version of the drift document.
const FORMAT_VERSION: &str = "1.0";

/// Writes what drifted as one JSON document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, drift: &Drift) -> io::Result<()> {
    json::line(out, &Printed::One(Box::new(Document::of(drift, None))))
}

/// Writes what became of several specs as one JSON document, on one line.
pub fn documents<W: Write + ?Sized>(out: &mut W, checks: &[DriftCheck]) -> io::Result<()> {
    json::line(out, &Printed::Several(Box::new(Several::of(checks, None))))
}

/// What has ended since it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ended {
    /// The spec, as the user named it.
    pub spec: String,
    /// The interface; null where it is something else.
    pub address: Option<String>,
    /// The group; null where it is something else.
    pub group: Option<String>,
    /// When it was first seen away.
    pub first_seen: Timestamp,
    /// In one line.
    pub text: String,
}

/// Writes what is told, with what has ended.
pub fn told<W: Write + ?Sized>(out: &mut W, checks: &[DriftCheck], ended: &[Ended]) -> io::Result<()> {
    match checks {
        [DriftCheck { outcome: Ok(drift), .. }] => {
            json::line(out, &Printed::One(Box::new(Document::of(drift, Some(ended)))))
        }
        checks => json::line(out, &Printed::Several(Box::new(Several::of(checks, Some(ended))))),
    }
}

/// What is printed: of one spec its document, of several one with all of them.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "rictl drift")]
pub(in crate::render) enum Printed<'a> {
    /// One spec.
    One(Box<Document<'a>>),
    /// Several.
    Several(Box<Several<'a>>),
}

/// The keys of the drift document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DriftOfOne")]
pub(in crate::render) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that looked.
    rictl_version: &'static str,
    /// The spec that was checked, as the user named it.
    spec: &'a str,
    /// When the cloud was read.
    timestamp: Timestamp,
    /// The moment that it is of, where `--at` gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// Whose interfaces.
    target: &'a Target,
    /// Something moved: exit code 2.
    drifted: bool,
    /// How many interfaces were compared.
    checked: usize,
    /// What is not where it is to be: first the groups that are DOWN, then interfaces by address, then the groups that are below
    /// their floor.
    items: Vec<ItemLine<'a>>,
    /// How every group stands, by name.
    groups: &'a [GroupHealth],
    /// The regions that could not be read.
    failures: &'a [ScopeFailure],
    /// What is to be looked at although it may not have moved.
    warnings: Vec<WarningLine<'a>>,
    /// What is live and no spec declares; only with `--unmanaged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmanaged: Option<&'a [Unmanaged]>,
    /// What was told before and is over; only in what is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a [Ended]>,
}

/// The keys of the document of several specs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DriftOfSeveral")]
pub(in crate::render) struct Several<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that looked.
    rictl_version: &'static str,
    /// When the last of them was checked.
    timestamp: Option<Timestamp>,
    /// Something moved.
    drifted: bool,
    /// A spec could not be checked.
    errored: bool,
    /// How many interfaces were compared.
    checked: usize,
    /// What is not where it is to be, each with its spec: first the groups that are DOWN.
    items: Vec<ItemLine<'a>>,
    /// How every group stands, each with its spec.
    groups: Vec<GroupOf<'a>>,
    /// The specs, as they were given.
    specs: Vec<SpecLine<'a>>,
    /// What was told before and is over; only in what is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a [Ended]>,
}

/// How a group of a spec stands.
#[derive(Serialize, JsonSchema)]
struct GroupOf<'a> {
    /// The spec, as the user named it.
    spec: &'a str,
    #[serde(flatten)]
    health: &'a GroupHealth,
}

/// One of several specs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DriftSpec")]
struct SpecLine<'a> {
    /// The spec, as the user named it.
    spec: &'a str,
    /// Its `name`, else its path in its repository, else its whole path.
    name: &'a str,
    /// When it was checked.
    timestamp: Timestamp,
    /// Why it could not be checked, in words; null where it could.
    error: Option<&'a str>,
    /// What was found, where it could be checked.
    #[serde(flatten)]
    found: Option<FoundLine<'a>>,
}

/// What was found of one of several specs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DriftSpecFound")]
struct FoundLine<'a> {
    /// The moment that it is of, where `--at` gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// Whose interfaces.
    target: &'a Target,
    /// Something moved.
    drifted: bool,
    /// How many interfaces were compared.
    checked: usize,
    /// The regions that could not be read.
    failures: &'a [ScopeFailure],
    /// What is to be looked at although it may not have moved.
    warnings: Vec<WarningLine<'a>>,
    /// What is live and no spec declares; only with `--unmanaged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmanaged: Option<&'a [Unmanaged]>,
}

/// What is not where it should be.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "DriftFinding")]
enum ItemLine<'a> {
    /// An interface.
    Interface(InterfaceLine<'a>),
    /// A group below its floor, or with nothing up.
    Group(GroupLine<'a>),
}

/// An interface that is not where it should be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DriftInterface")]
struct InterfaceLine<'a> {
    /// The declared status; in the document of several specs the spec, as the user named it.
    spec: SpecOf<'a>,
    #[serde(flatten)]
    item: &'a DriftItem,
    /// The declared status.
    declared: DesiredStatus,
    /// In one line.
    text: String,
}

/// What `spec` says of an item.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "DriftSpecOf")]
enum SpecOf<'a> {
    /// The declared status.
    Declared(DesiredStatus),
    /// The spec.
    Spec(&'a str),
}

/// A group that is below its floor, or has nothing up.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DriftGroup")]
struct GroupLine<'a> {
    /// The spec, as the user named it; only in the document of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<&'a str>,
    /// The group.
    group: &'a GroupName,
    /// Why it is listed: `group`.
    cause: &'static str,
    /// The same group.
    groups: [&'a GroupName; 1],
    /// When a check that keeps a memory first found it so; null where none is kept.
    first_seen: Option<Timestamp>,
    /// In one line.
    text: String,
}

/// Lists the items of a drift check, what is down first.
fn items<'a>(drift: &'a Drift, spec: Option<&'a str>) -> Vec<ItemLine<'a>> {
    let interface = |item: &'a DriftItem| {
        ItemLine::Interface(InterfaceLine {
            spec: spec.map_or(SpecOf::Declared(item.spec), SpecOf::Spec),
            item,
            declared: item.spec,
            text: words::line(item, drift),
        })
    };
    let group = |group: &'a GroupHealth| {
        ItemLine::Group(GroupLine {
            spec,
            group: &group.name,
            cause: GROUP,
            groups: [&group.name],
            first_seen: drift.groups_first_seen.get(&group.name).copied(),
            text: words::group_line(group),
        })
    };
    let down = drift.broken_groups().filter(|group| group.down).map(group);
    let below = drift.broken_groups().filter(|group| !group.down).map(group);
    down.chain(drift.items.iter().map(interface)).chain(below).collect()
}

impl ItemLine<'_> {
    fn is_down(&self, down: &BTreeSet<(&str, &GroupName)>) -> bool {
        match self {
            Self::Group(GroupLine { spec: Some(spec), group, .. }) => down.contains(&(*spec, *group)),
            _ => false,
        }
    }
}

fn warnings(drift: &Drift) -> Vec<WarningLine<'_>> {
    drift.warnings.iter().map(|warning| WarningLine::of(warning, &drift.time_zone)).collect()
}

impl<'a> Document<'a> {
    fn of(drift: &'a Drift, ended: Option<&'a [Ended]>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            spec: &drift.spec,
            timestamp: drift.timestamp,
            at: drift.at,
            target: &drift.target,
            drifted: drift.has_moved(),
            checked: drift.checked(),
            items: items(drift, None),
            groups: &drift.groups,
            failures: &drift.failures,
            warnings: warnings(drift),
            unmanaged: drift.unmanaged.as_deref(),
            ended,
        }
    }
}

impl<'a> Several<'a> {
    fn of(checks: &'a [DriftCheck], ended: Option<&'a [Ended]>) -> Self {
        let found: Vec<(&str, &Drift)> =
            checks.iter().filter_map(|check| Some((check.path.as_str(), check.outcome.as_ref().ok()?))).collect();
        let groups = || found.iter().flat_map(|(spec, drift)| drift.groups.iter().map(|group| (*spec, group)));
        let down: BTreeSet<(&str, &GroupName)> =
            groups().filter(|(_, group)| group.down).map(|(spec, group)| (spec, &group.name)).collect();
        let mut all: Vec<ItemLine<'_>> = found.iter().flat_map(|(spec, drift)| items(drift, Some(spec))).collect();
        all.sort_by_key(|item| !item.is_down(&down));
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            timestamp: checks.iter().map(|check| check.at).max(),
            drifted: found.iter().any(|(_, drift)| drift.has_moved()),
            errored: found.len() < checks.len(),
            checked: found.iter().map(|(_, drift)| drift.checked()).sum(),
            items: all,
            groups: groups().map(|(spec, health)| GroupOf { spec, health }).collect(),
            specs: checks.iter().map(SpecLine::of).collect(),
            ended,
        }
    }
}

impl<'a> SpecLine<'a> {
    fn of(check: &'a DriftCheck) -> Self {
        let found = |drift: &'a Drift| FoundLine {
            at: drift.at,
            target: &drift.target,
            drifted: drift.has_moved(),
            checked: drift.checked(),
            failures: &drift.failures,
            warnings: warnings(drift),
            unmanaged: drift.unmanaged.as_deref(),
        };
        Self {
            spec: &check.path,
            name: &check.spec,
            timestamp: check.at,
            error: check.outcome.as_ref().err().map(String::as_str),
            found: check.outcome.as_ref().ok().map(found),
        }
    }
}
