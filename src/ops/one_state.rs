//! One interface, one state of a shared store: the store keeps of each id which state has it, so that a second spec which declares it is
//! refused by one read, before anything is sent. A state gives an id up by an apply of its spec without it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::failure::{Exit, Refusal};
use super::project::Project;
use crate::resource::{Address, RouterInterfaceId, Scope, Target};
use crate::signature::sha256_hex;
use crate::state;
use crate::store::Shared;
use crate::store::remote::StateName;

/// What a store knows interfaces by, and which of ours each is.
type Keys<'p> = BTreeMap<String, &'p Address>;

/// Makes sure that no other state of the store has what the spec declares, and that whoever asks next is told so of this one. Whoever asks
/// holds the claim. Where the store was told of the same ids before, that is one read.
///
/// # Errors
/// Exit 3 where another state has records of some of it that it has not given up; a store that cannot be reached.
pub(super) fn take(project: &Project, target: &Target) -> Result<()> {
    let Some(far) = project.place.far() else { return Ok(()) };
    let store = &far.store;
    let keys = keys(project, target);
    let told = sha256_hex(keys.keys().cloned().collect::<Vec<_>>().join("\n").as_bytes());
    if store.told_ids()?.as_deref() == Some(told.as_bytes()) {
        return Ok(());
    }
    let elsewhere = store.own(keys.keys().cloned().collect(), false)?;
    let mut given_up: Vec<String> = Vec::new();
    let mut held: BTreeMap<StateName, BTreeSet<&Address>> = BTreeMap::new();
    for (name, of_it) in by_state(elsewhere) {
        let has = held_by(store, &name)?;
        for key in of_it {
            match keys.get(&key).filter(|_| has.contains(&key)) {
                Some(address) => drop(held.entry(name.clone()).or_default().insert(address)),
                None => given_up.push(key),
            }
        }
    }
    if let Some((name, addresses)) = held.first_key_value() {
        return Err(refused(name, addresses).into());
    }
    if !given_up.is_empty() {
        store.own(given_up, true)?;
    }
    Ok(store.tell_ids(told.as_bytes())?)
}

fn keys<'p>(project: &'p Project, target: &Target) -> Keys<'p> {
    let interfaces = project.spec.interfaces.iter();
    interfaces.map(|(address, entry)| (key(target, &entry.scope, &entry.id.value), address)).collect()
}

/// Returns the name of an interface in a store: what its account is called, or is where it is the main one, its region and its id.
fn key(target: &Target, scope: &Scope, id: &RouterInterfaceId) -> String {
    let account = if scope.account.is_default_account() { target.account_id.as_str() } else { scope.account.as_str() };
    sha256_hex(format!("{}/{account}/{}/{id}", target.provider, scope.region).as_bytes())
}

fn by_state(elsewhere: Vec<(String, StateName)>) -> BTreeMap<StateName, Vec<String>> {
    let mut by_state: BTreeMap<StateName, Vec<String>> = BTreeMap::new();
    for (key, name) in elsewhere {
        by_state.entry(name).or_default().push(key);
    }
    by_state
}

/// Returns what another state has records of and has not given up; one that cannot be read may have anything.
fn held_by(store: &Shared, name: &StateName) -> Result<BTreeSet<String>> {
    let Some(bytes) = store.state_of(name)? else { return Ok(BTreeSet::new()) };
    let state = state::decode(&bytes).map_err(|reason| {
        let refusal = Refusal::new(Exit::Refused, format!("the state {name} of the same store cannot be read"));
        refusal.cause(reason.to_string()).hint("it may have interfaces that this spec declares; mend it first")
    })?;
    let records = state.interfaces.by_address().values().filter(|record| !record.forgotten);
    Ok(records.map(|record| key(&state.target, &record.scope, &record.id)).collect())
}

fn refused(name: &StateName, addresses: &BTreeSet<&Address>) -> Refusal {
    let some: Vec<&str> = addresses.iter().take(8).map(|address| address.as_str()).collect();
    let more = addresses.len().saturating_sub(some.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let summary = format!("the state {name} of the same store has {}{more}", some.join(", "));
    Refusal::new(Exit::Refused, summary)
        .hint(format!("apply the spec of {name} first, without that: then it is given up; or take it out of this spec"))
}
