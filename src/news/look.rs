//! How everything stands that could be told of one check.

use std::collections::{BTreeMap, BTreeSet};

use super::matter::{Matter, Standing};
use crate::drift::{Causes, Drift, DriftCause, DriftItem, scopes_of};
use crate::plan::GroupHealth;
use crate::resource::{Address, GroupName};
use crate::spec::Spec;

/// How everything stands that a spec declares; what it does not name is declared no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// By matter.
    pub standing: BTreeMap<Matter, Standing>,
}

impl Look {
    /// Says how everything stands after a check; `chosen` is what was looked at, where that is not everything, and `causes` what
    /// is wanted of it, which was not left out yet.
    pub fn of(spec: &Spec, drift: &Drift, chosen: Option<&BTreeSet<Address>>, causes: Option<&Causes>) -> Self {
        let items: BTreeMap<&Address, &DriftItem> = drift.items.iter().map(|item| (&item.address, item)).collect();
        let of_interface = |address: &Address| match items.get(address) {
            _ if chosen.is_some_and(|chosen| !chosen.contains(address)) => Standing::Unknown,
            _ if drift.unread.contains(address) => Standing::Unknown,
            Some(item) => of_item(item, causes),
            None => Standing::Normal,
        };
        let groups: BTreeMap<&GroupName, &GroupHealth> =
            drift.groups.iter().map(|group| (&group.name, group)).collect();
        let of_group = |name: &GroupName| match groups.get(name) {
            Some(group) if group.is_finding() && causes.is_some_and(|causes| !causes.groups) => Standing::Hidden,
            Some(group) if group.is_finding() => Standing::Found(finding_of_group(group)),
            Some(group) if !group.is_unknown() => Standing::Normal,
            _ => Standing::Unknown,
        };
        let interfaces = spec.interfaces.keys();
        let interfaces = interfaces.map(|address| (Matter::Interface(address.clone()), of_interface(address)));
        let named = spec.groups.keys().map(|name| (Matter::Group(name.clone()), of_group(name)));
        let standing = interfaces.chain(named).chain(scopes(spec, drift, chosen));
        Self { standing: standing.chain([(Matter::Check, Standing::Normal)]).collect() }
    }

    /// Says how everything stands of a spec that could not be checked: nothing is known but that. Without the spec itself what
    /// it declares is `known` from before.
    pub fn unchecked<'k>(known: impl IntoIterator<Item = &'k Matter>) -> Self {
        let unknown = known.into_iter().map(|matter| (matter.clone(), Standing::Unknown));
        let check = (Matter::Check, Standing::Found("unchecked".to_owned()));
        Self { standing: unknown.chain([check]).collect() }
    }
}

fn of_item(item: &DriftItem, causes: Option<&Causes>) -> Standing {
    match item.cause {
        DriftCause::HandsOff | DriftCause::OtherEnd => Standing::Hidden,
        cause if !cause.is_finding() => Standing::Aside,
        cause if causes.is_some_and(|causes| !causes.of.contains(&cause)) => Standing::Hidden,
        _ => Standing::Found(finding_of_item(item)),
    }
}

/// Covers what a person would call the finding: times are no part of it.
fn finding_of_item(item: &DriftItem) -> String {
    let DriftItem { id, cause, spec, last_applied, live, business_status, .. } = item;
    serde_json::json!([id, cause, spec, last_applied, live, business_status]).to_string()
}

fn finding_of_group(group: &GroupHealth) -> String {
    serde_json::json!([group.up, group.down]).to_string()
}

/// Says which of the regions that were to be read could be.
fn scopes(spec: &Spec, drift: &Drift, chosen: Option<&BTreeSet<Address>>) -> Vec<(Matter, Standing)> {
    let told: BTreeSet<&GroupName> = drift.groups.iter().map(|group| &group.name).collect();
    let read = chosen.map(|chosen| scopes_of(spec, chosen, |group| told.contains(group)));
    let failed: BTreeSet<_> = drift.failures.iter().map(|failure| &failure.scope).collect();
    let all: BTreeSet<_> = spec.interfaces.values().map(|interface| &interface.scope).collect();
    let of = |scope: &&_| match &read {
        _ if failed.contains(scope) => Standing::Found("unread".to_owned()),
        Some(read) if !read.contains(scope) => Standing::Unknown,
        _ => Standing::Normal,
    };
    all.into_iter().map(|scope| (Matter::Scope(scope.clone()), of(&scope))).collect()
}
