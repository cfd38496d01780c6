//! One interface, one state of a shared store: the store keeps of each id which state has it, so that a second spec which declares it is
//! refused by one read, before anything is sent. A state gives an id up by an apply of its spec without it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::failure::{Exit, Refusal};
use super::interface_key::{Accounts, declared_accounts, key};
use super::project::Project;
use crate::language::{Wording, say, worded};
use crate::resource::{AccountName, Address, Region, RouterInterfaceId, Target};
use crate::signature::sha256_hex;
use crate::state::{self, State};
use crate::store::remote::{Prefix, StateName};
use crate::store::shared::ToldIds;
use crate::store::{Place, Shared, StoreError};

/// What a store knows interfaces by, and which of ours each is.
type Keys<'p> = BTreeMap<String, &'p Address>;

/// What becomes of interfaces that another state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// Whoever declares one is refused.
    Refused,
    /// They stay there: a way back of others is not in their way.
    LeftThere,
}

/// Makes sure that no other state of the store has what the spec declares, and that whoever asks next is told so of this one. Whoever asks
/// holds the claim. Where the store was told of the same ids before, that is one read.
///
/// # Errors
/// Exit 3 where another state has records of some of it that it has not given up; a store that cannot be reached.
pub(super) fn take(project: &Project, target: &Target, accounts: &Accounts, elsewhere: Held) -> Result<()> {
    let Some(far) = project.place.far() else { return Ok(()) };
    let store = &far.store;
    let keys = keys(project, target, accounts);
    let digest = sha256_hex(keys.keys().cloned().collect::<Vec<_>>().join("\n").as_bytes());
    let told = store.told_ids()?;
    if told.digest == digest {
        return Ok(());
    }
    let mut given_up: Vec<String> = Vec::new();
    let mut held: BTreeMap<StateName, BTreeSet<&Address>> = BTreeMap::new();
    for (name, (of_it, has)) in others(store, store.own(keys.keys().cloned().collect(), false)?)? {
        for key in of_it {
            let address = keys.get(&key).copied();
            match address.filter(|address| has.contains(&regional_id(project, address))) {
                Some(address) => drop(held.entry(name.clone()).or_default().insert(address)),
                None => given_up.push(key),
            }
        }
    }
    if let Some((name, addresses)) = held.first_key_value().filter(|_| elsewhere == Held::Refused) {
        return Err(refused(name, addresses).into());
    }
    let mut before: BTreeSet<StateName> = told.before.into_iter().collect();
    if !given_up.is_empty() {
        let had = store.holders(given_up.clone())?.into_iter().flat_map(|(_, names)| names);
        before.extend(had.filter(|name| *name != far.name));
        store.own(given_up, true)?;
    }
    // What is not ours yet is asked for again by the next apply.
    let digest = if held.is_empty() { digest } else { String::new() };
    Ok(store.tell_ids(&ToldIds { digest, before: before.into_iter().collect() })?)
}

/// Tells the store what a state has that was put there whole: moved there, or pushed. What another state has stays that one's, and an apply
/// says so.
///
/// # Errors
/// A store that cannot be reached.
pub(super) fn tell_whole(place: &Place, state: &State) -> Result<(), StoreError> {
    let Some(far) = place.far() else { return Ok(()) };
    let accounts = Accounts::from([(AccountName::default_account(), state.target.account_id.clone())]);
    let records = state.interfaces.values().filter(|record| !record.forgotten);
    let keys = records.map(|record| key(state.target.provider, &accounts, &record.scope, &record.id)).collect();
    far.store.own(keys, false).map(drop)
}

/// Names what the spec declares. Whose account a name is that the spec does not say, only whoever acts finds out: whoever plans goes by
/// the name.
fn keys<'p>(project: &'p Project, target: &Target, accounts: &Accounts) -> Keys<'p> {
    let said = declared_accounts(project, target);
    let interfaces = project.spec.interfaces.iter();
    let both = interfaces.flat_map(|(address, entry)| {
        [accounts, &said].map(|accounts| (key(target.provider, accounts, &entry.scope, &entry.id.value), address))
    });
    both.collect()
}

/// An interface as a state knows it that may call its account otherwise.
type RegionalId = (Region, RouterInterfaceId);

fn regional_id(project: &Project, address: &Address) -> RegionalId {
    let entry = &project.spec.interfaces[address];
    (entry.scope.region.clone(), entry.id.value.clone())
}

/// Other states: of each which interfaces are said to be its own, and what it has and has not given up.
type Others = BTreeMap<StateName, (Vec<String>, BTreeSet<RegionalId>)>;

/// Reads, at once, the states that interfaces are said to be of: of each which those are, and what it has and has not given up.
fn others(store: &Shared, elsewhere: Vec<(String, StateName)>) -> Result<Others> {
    let by_state = by_state(elsewhere);
    if by_state.is_empty() {
        return Ok(BTreeMap::new());
    }
    let read = store.read_all(by_state.keys().cloned().collect())?;
    let other = |((name, keys), prefix): ((StateName, Vec<String>), Result<Prefix, StoreError>)| {
        let has = held_by(&name, prefix?)?;
        Ok((name, (keys, has)))
    };
    by_state.into_iter().zip(read).map(other).collect()
}

fn by_state(elsewhere: Vec<(String, StateName)>) -> BTreeMap<StateName, Vec<String>> {
    let mut by_state: BTreeMap<StateName, Vec<String>> = BTreeMap::new();
    for (key, name) in elsewhere {
        by_state.entry(name).or_default().push(key);
    }
    by_state
}

/// Returns what another state has records of and has not given up; one that cannot be read may have anything.
fn held_by(name: &StateName, prefix: Prefix) -> Result<BTreeSet<RegionalId>> {
    let Some(bytes) = prefix.state else { return Ok(BTreeSet::new()) };
    let state = state::decode(&bytes).map_err(|reason| {
        let refusal = Refusal::new(Exit::Refused, worded!("the state {name} of the same store cannot be read", name));
        refusal
            .cause(Wording::new(|| reason.to_string()))
            .hint(worded!("it may have interfaces that this spec declares; mend it first"))
    })?;
    let records = state.interfaces.values().filter(|record| !record.forgotten);
    Ok(records.map(|record| (record.scope.region.clone(), record.id.clone())).collect())
}

fn refused(name: &StateName, addresses: &BTreeSet<&Address>) -> Refusal {
    let some: Vec<&str> = addresses.iter().take(8).map(|address| address.as_str()).collect();
    let more = addresses.len().saturating_sub(some.len());
    let summary = Wording::new(|| {
        let more = if more == 0 { String::new() } else { say!(" and {more} more", more) };
        say!("the state {name} of the same store has {some}{more}", name, some = some.join(say!(", ")), more)
    });
    Refusal::new(Exit::Refused, summary).hint(worded!(
        "apply the spec of {name} first, without that: then it is given up; or take it out of this spec. Where this is that spec under another name: `state: {{name: {name}}}`, and --adopt once",
        name
    ))
}
