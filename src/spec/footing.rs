//! What a run stands under, written in the spec's own language: what it takes to take the run back where the spec cannot be read.
//!
//! [`footing`] is written into the first line of a run, [`of_run`] reads it again. It holds the interfaces that the run
//! touches, the members of their groups and what depends on either, with every guard: floors, protection, `hands_off`,
//! limits, accounts. [`state_path`] finds in a broken spec where its state is, if that much can be read of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::{Diagnostics, Sources};
use crate::duration;
use crate::resource::{AccountName, Address, DesiredStatus, GroupName, Provider};

use super::findings::Findings;
use super::{
    Account, CloudSettings, Extent, Group, HandsOff, Interface, Limits, Placed, SignatureVersion, Spec, SpecFile,
    admit, decode, parse,
};

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    time_zone: &'a str,
    cloud: CloudEntry<'a>,
    limits: LimitsEntry,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<&'a GroupName, GroupEntry>,
    interfaces: BTreeMap<&'a Address, InterfaceEntry<'a>>,
}

#[derive(Serialize)]
struct CloudEntry<'a> {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    accounts: BTreeMap<&'a AccountName, AccountEntry<'a>>,
}

#[derive(Serialize)]
struct AccountEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

#[derive(Serialize)]
struct LimitsEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_changes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_group: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_region: Option<u32>,
    health: &'static str,
    last_route: &'static str,
}

#[derive(Serialize)]
struct GroupEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    min_active: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_unavailable: Option<u32>,
}

#[derive(Serialize)]
struct InterfaceEntry<'a> {
    id: &'a str,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a AccountName>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a GroupName>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    protect: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hands_off: Option<HandsOffEntry<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    timeouts: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct HandsOffEntry<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// Returns as much of `spec` as a run of `touched` stands under, as a document that [`of_run`] reads. A cap in percent is
/// kept as the number that it came to, since it is one of the whole spec.
pub fn footing(spec: &Spec, touched: &BTreeSet<Address>) -> Value {
    // Windows hold no way back, checks and pauses are not made, and what a change asks for is what is taken back.
    let Spec {
        cloud,
        limits,
        groups,
        interfaces,
        time_zone,
        drift: _,
        windows: _,
        changes: _,
        rollout: _,
        state_path: _,
        state_name: _,
        name: _,
        sources: _,
        warnings: _,
        extent: _,
    } = spec;
    let grouped: BTreeSet<&GroupName> = touched.iter().filter_map(|address| group_of(interfaces, address)).collect();
    let members = grouped.iter().filter_map(|name| groups.get(*name)).flat_map(|group| &group.members);
    let held: BTreeSet<&Address> =
        touched.iter().chain(members).filter(|address| interfaces.contains_key(*address)).collect();
    let needed = held.iter().flat_map(|address| interfaces[*address].needed());
    let needing = interfaces.iter().filter(|(_, entry)| entry.needed().any(|needed| held.contains(needed)));
    let all: BTreeSet<&Address> =
        held.iter().copied().chain(needed).chain(needing.map(|(address, _)| address)).collect();
    let document = Document {
        version: 1,
        time_zone: time_zone.name(),
        cloud: cloud_entry(cloud),
        limits: limits_entry(limits, interfaces.len()),
        groups: grouped.iter().filter_map(|name| Some((*name, group_entry(groups.get(*name)?)))).collect(),
        interfaces: all
            .iter()
            .filter_map(|address| Some((*address, interface_entry(interfaces.get(*address)?, &all, &grouped))))
            .collect(),
    };
    serde_json::to_value(document).expect("a spec has only string keys and finite numbers")
}

/// Reads what [`footing`] wrote; `name` is what its places are said to be in.
///
/// # Errors
/// What is wrong with it: nobody's mistake, but that of a version that wrote what this one does not read.
pub fn of_run(name: &str, footing: &Value) -> Result<Spec, Diagnostics> {
    let bytes = format!("{footing:#}\n").into_bytes();
    let spec = parse(vec![SpecFile { name: format!("{name}.json"), bytes }])?;
    Ok(Spec { extent: Extent::OfRun, ..spec })
}

/// Returns `state.path` of files of which not all can be read, as far as they say it before the place where reading stops.
pub fn state_path(files: Vec<SpecFile>) -> Option<String> {
    let (mut sources, mut findings) = (Sources::default(), Findings::default());
    let texts: Vec<_> = files.into_iter().filter_map(|file| admit(file, &mut sources, &mut findings)).collect();
    let mut decoder = decode::Decoder::new();
    for file in &texts {
        // What is wrong with it has been said.
        let _whole = file.read(&mut decoder, &mut findings).is_ok();
    }
    decoder.state_path(&mut findings)
}

/// Returns `state.name` and `name` of files of which not all can be read.
pub fn names(files: Vec<SpecFile>) -> (Option<String>, Option<String>) {
    let (mut sources, mut findings) = (Sources::default(), Findings::default());
    let texts: Vec<_> = files.into_iter().filter_map(|file| admit(file, &mut sources, &mut findings)).collect();
    let mut decoder = decode::Decoder::new();
    for file in &texts {
        // What is wrong with it has been said.
        let _whole = file.read(&mut decoder, &mut findings).is_ok();
    }
    decoder.names(&mut findings)
}

fn group_of<'a>(interfaces: &'a BTreeMap<Address, Interface>, address: &Address) -> Option<&'a GroupName> {
    Some(&interfaces.get(address)?.group.as_ref()?.value)
}

fn cloud_entry(cloud: &CloudSettings) -> CloudEntry<'_> {
    let CloudSettings { provider, region, profile, signature, account_id, world, accounts } = cloud;
    CloudEntry {
        provider: match provider {
            Provider::Alibaba => "alibaba",
            Provider::Emulator => "emulator",
        },
        region: region.as_ref().map(|region| region.value.as_str()),
        profile: text(profile),
        signature: signature.as_ref().map(|signature| match signature.value {
            SignatureVersion::V1 => "v1",
            SignatureVersion::V3 => "v3",
        }),
        account_id: account_id.as_ref().map(|id| id.value.as_str()),
        world: text(world),
        accounts: accounts.iter().map(|(name, account)| (name, account_entry(account))).collect(),
    }
}

fn account_entry(account: &Account) -> AccountEntry<'_> {
    let Account { profile, role_arn, account_id, place: _ } = account;
    AccountEntry {
        profile: text(profile),
        role_arn: text(role_arn),
        account_id: account_id.as_ref().map(|id| id.value.as_str()),
    }
}

fn text(placed: &Option<Placed<String>>) -> Option<&str> {
    placed.as_ref().map(|placed| placed.value.as_str())
}

fn limits_entry(limits: &Limits, declared: usize) -> LimitsEntry {
    // Who has to approve is no guard of a way back, nor is what its links carry.
    let Limits {
        max_changes,
        max_changes_percent: _,
        per_group,
        per_region,
        health,
        last_route: _,
        approvals: _,
        max_forgotten: _,
        quiet_below: _,
    } = limits;
    let share = limits.share(declared).map(|share| u32::try_from(share).unwrap_or(u32::MAX));
    LimitsEntry {
        max_changes: max_changes.as_ref().map(|cap| cap.value).into_iter().chain(share).min(),
        per_group: per_group.as_ref().map(|cap| cap.value),
        per_region: per_region.as_ref().map(|cap| cap.value),
        health: (*health).into(),
        last_route: limits.last_route().into(),
    }
}

fn group_entry(group: &Group) -> GroupEntry {
    let Group { min_active, max_unavailable, labels: _, place: _, members: _ } = group;
    let value = |number: &Option<Placed<u32>>| number.as_ref().map(|number| number.value);
    GroupEntry { min_active: value(min_active), max_unavailable: value(max_unavailable) }
}

/// Words an entry; what it names outside of `all` and `groups` is left out of it.
fn interface_entry<'a>(
    entry: &'a Interface,
    all: &BTreeSet<&Address>,
    groups: &BTreeSet<&GroupName>,
) -> InterfaceEntry<'a> {
    let Interface {
        id,
        scope,
        status,
        group,
        labels: _,
        planned: _,
        depends_on,
        reason,
        protect,
        hands_off,
        activate_timeout,
        deactivate_timeout,
        place: _,
        places: _,
    } = entry;
    let timeouts = [("activate", activate_timeout), ("deactivate", deactivate_timeout)];
    InterfaceEntry {
        id: id.value.as_str(),
        region: scope.region.as_str(),
        account: Some(&scope.account).filter(|account| !account.is_default_account()),
        status: match status.value {
            DesiredStatus::Active => "Active",
            DesiredStatus::Inactive => "Inactive",
        },
        group: group.as_ref().map(|group| &group.value).filter(|group| groups.contains(group)),
        depends_on: depends_on.iter().map(|needed| &needed.value).filter(|needed| all.contains(needed)).collect(),
        reason: reason.as_deref(),
        protect: protect.is_some(),
        hands_off: hands_off.as_deref().map(|HandsOff { reason, until, place: _ }| HandsOffEntry {
            reason,
            until: until.map(|until| until.to_string()),
        }),
        timeouts: timeouts
            .into_iter()
            .filter_map(|(call, timeout)| Some((call, duration::format((*timeout)?))))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use crate::spec::{HealthPolicy, LastRoutePolicy};

    fn spec(text: &str) -> Spec {
        parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.as_bytes().to_vec() }]).unwrap()
    }

    fn kept(spec: &Spec, touched: &[&str]) -> Spec {
        let touched = touched.iter().map(|address| Address::from(*address)).collect();
        of_run("run", &footing(spec, &touched)).unwrap()
    }

    const SITES: &str = "
version: 1
cloud: {region: cn-shanghai, account_id: '1234567890123456'}
limits: {max_changes_percent: 50, health: block, last_route: block}
groups: {sh: {min_active: 1}, bj: {max_unavailable: 0}}
interfaces:
  sh-a: {id: ri-a, status: Inactive, group: sh, depends_on: [base], reason: \"a \\\"quoted\\\" 原因\\u0001\"}
  sh-b: {id: ri-b, status: Active, group: sh, protect: true, hands_off: {reason: theirs, until: 2026-12-24}}
  base: {id: ri-base, status: Active, group: bj, region: cn-beijing, depends_on: [far], timeouts: {activate: 90s}}
  needs-b: {id: ri-n, status: Active, depends_on: [sh-b]}
  far: {id: ri-far, status: Active}
  other: {id: ri-o, status: Active, group: bj}
";

    #[test]
    fn everything_that_guards_what_is_touched_is_kept_and_nothing_else() {
        let whole = spec(SITES);
        let part = kept(&whole, &["sh-a"]);
        assert_eq!(part.extent, Extent::OfRun);
        let names: Vec<&str> = part.interfaces.keys().map(|address| address.as_str()).collect();
        assert_eq!(names, ["base", "needs-b", "sh-a", "sh-b"]);
        let group = &part.groups[&GroupName::from("sh")];
        assert_eq!((group.floor(2), group.members.len(), part.groups.len()), (1, 2, 1));
        assert_eq!(part.limits.max_changes.as_ref().map(|cap| cap.value), Some(3), "half of six");
        assert_eq!(part.limits.health, HealthPolicy::Block);
        assert_eq!(part.limits.last_route(), LastRoutePolicy::Block);
        assert_eq!(part.cloud.account_id.unwrap().value.as_str(), "1234567890123456");
        let guarded = &part.interfaces[&Address::from("sh-b")];
        assert!(guarded.protect.is_some() && guarded.hands_off.is_some());
    }

    #[test]
    fn what_is_touched_means_what_it_meant() {
        for (text, touched) in
            [(SITES, "sh-a"), (SITES, "sh-b"), (include_str!("../../tests/spec/everything.yaml"), "123")]
        {
            let whole = spec(text);
            let (address, part) = (Address::from(touched), kept(&whole, &[touched]));
            assert_eq!(part.interfaces[&address].digest(), whole.interfaces[&address].digest(), "{touched}");
        }
        let whole = spec(include_str!("../../tests/spec/everything.yaml"));
        let part = kept(&whole, &["a", "123"]);
        let bare = |cloud: &CloudSettings| serde_json::to_value(cloud_entry(cloud)).unwrap();
        assert_eq!(bare(&part.cloud), bare(&whole.cloud));
        assert_eq!(part.interfaces[&Address::from("a")].digest(), whole.interfaces[&Address::from("a")].digest());
    }

    #[test]
    fn the_state_of_a_broken_spec_is_found_where_it_is_said_before_the_break() {
        let path = |text: &str| state_path(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into() }]);
        let section = "state: {path: records/net.json}\n";
        assert_eq!(path(&format!("version: 1\n{section}interfaces: [broken\n")).as_deref(), Some("records/net.json"));
        assert_eq!(path(&format!("{section}interfaces: {{a: {{idd: ri-a}}}}\n")).as_deref(), Some("records/net.json"));
        assert_eq!(path("version: 1\ninterfaces: [broken\nstate: {path: records/net.json}\n"), None);
        assert_eq!(path(""), None);
    }
}
