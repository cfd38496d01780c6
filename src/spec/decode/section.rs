//! The sections that bound a change: `limits`, `groups` and `rollout`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::diagnostic::Place;
use crate::spec::decode::labels;
use crate::spec::fields::{Fields, Path};
use crate::spec::findings::Findings;
use crate::spec::keys;
use crate::spec::read;
use crate::spec::syntax::Node;
use crate::spec::{ApprovalPolicy, Group, HealthPolicy, Limits, ReturningTraffic, Rollout};

/// A probe that takes longer than this is stuck.
const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// What is measured can be read 3 to 4 minutes later (docs/reference/api.md#metrics).
const RETURNS_WITHIN: Duration = Duration::from_secs(600);

pub(super) fn limits(mut fields: Fields<'_>, findings: &mut Findings) -> Limits {
    let path = Path::root("limits");
    Limits {
        max_changes: fields.number(path, "max_changes", findings),
        max_changes_percent: fields.number(path, "max_changes_percent", findings),
        per_group: fields.number(path, "per_group", findings),
        per_region: fields.number(path, "per_region", findings),
        max_forgotten: fields.number(path, "max_forgotten", findings),
        approvals: fields
            .choice(path, "approvals", |word| word.parse().ok(), findings)
            .map_or_else(ApprovalPolicy::default, |word| word.value),
        health: fields
            .choice(path, "health", |word| word.parse().ok(), findings)
            .map_or_else(HealthPolicy::default, |word| word.value),
        quiet_below: fields.rate(path, "quiet_below", findings),
        last_route: fields.choice(path, "last_route", |word| word.parse().ok(), findings),
    }
}

pub(super) fn group(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> Group {
    let mut fields = Fields::of(path, place, node, keys::GROUP, findings);
    Group {
        min_active: fields.number(path, "min_active", findings),
        max_unavailable: fields.number(path, "max_unavailable", findings),
        labels: labels::decode(&mut fields, path, findings),
        place,
        members: BTreeSet::new(),
    }
}

pub(super) fn rollout(mut fields: Fields<'_>, findings: &mut Findings) -> Option<Rollout> {
    let path = Path::root("rollout");
    let place = fields.place()?;
    Some(Rollout {
        canary: fields.number(path, "canary", findings).map_or(0, |canary| canary.value),
        // Without a size, the second wave is all the rest.
        batch: fields.number(path, "batch", findings).map_or(u32::MAX, |batch| batch.value),
        pause: fields.duration(path, "pause", findings).unwrap_or_default(),
        check_place: fields.place_of("check").unwrap_or(place),
        check: command(&mut fields, path, "check", findings),
        check_timeout: fields.duration(path, "check_timeout", findings).unwrap_or(CHECK_TIMEOUT),
        traffic: returning(&mut fields, path, findings),
        place,
    })
}

fn returning(fields: &mut Fields<'_>, path: Path<'_>, findings: &mut Findings) -> Option<ReturningTraffic> {
    let place = fields.place_of("traffic")?;
    let (key, node) = fields.take("traffic")?;
    let path = path.then(key.name);
    let mut fields = Fields::of(path, place, node, keys::ROLLOUT_TRAFFIC, findings);
    let within = fields.duration(path, "within", findings).unwrap_or(RETURNS_WITHIN);
    let percent = fields.share(path, "returns", findings)?.value;
    Some(ReturningTraffic { percent, within })
}

fn command(fields: &mut Fields<'_>, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Vec<String>> {
    let (key, node) = fields.take(name)?;
    let path = path.then(key.name);
    let words = read::full_list(path, node, key, findings)?
        .into_iter()
        .map(|node| read::text(path, node, findings).map(|word| word.value));
    words.collect()
}
