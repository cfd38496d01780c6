//! Which states, and what of each, selectors mean.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Declared;
use super::row::StateRow;
use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::resource::Address;
use crate::selector::{Candidate, Fault, Field, Selector};

/// A selector that means nothing in any state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unselected {
    /// The selector.
    pub selector: Selector,
    /// What to write instead, where something is near.
    pub hint: Option<String>,
}

/// What is meant of one state.
#[derive(Clone, Debug, Default)]
struct Meant {
    places: BTreeSet<usize>,
    is_whole: bool,
}

/// Keeps to what selectors mean, as [`super::Fleet::keep_to`].
pub(super) fn keep_to(states: &mut Vec<StateRow>, selectors: &[Selector]) -> Result<(), Vec<Unselected>> {
    if selectors.is_empty() {
        return Ok(());
    }
    let mut meant: Vec<Meant> = vec![Meant::default(); states.len()];
    let (mut unselected, mut is_about_interfaces) = (Vec::new(), false);
    for selector in selectors {
        match select(states, selector, &mut meant) {
            Means::Interfaces => is_about_interfaces = true,
            Means::States => {}
            Means::Nothing(hint) => unselected.push(Unselected { selector: selector.clone(), hint }),
        }
    }
    if !unselected.is_empty() {
        return Err(unselected);
    }
    let mut meant = meant.into_iter();
    states.retain_mut(|state| {
        let Meant { places, is_whole } = meant.next().unwrap_or_default();
        if !is_whole && !places.is_empty() {
            state.keep_to(&places);
        }
        // What nobody has read, or has ever checked, may declare anything.
        let is_unknown = state.error.is_some() || (is_about_interfaces && state.checked_at.is_none());
        is_whole || !places.is_empty() || is_unknown
    });
    Ok(())
}

/// What a selector turned out to mean.
enum Means {
    Interfaces,
    States,
    /// Nothing, and what may have been meant.
    Nothing(Option<String>),
}

/// Adds what a selector means.
fn select(states: &[StateRow], selector: &Selector, meant: &mut [Meant]) -> Means {
    let (mut is_something, mut hint) = (false, None);
    for (state, meant) in states.iter().zip(meant.iter_mut()) {
        let changes = changes(state);
        let field = field(state, &changes);
        let places = match field.select(selector) {
            Ok(places) => places,
            // The beginning of several ids: on a page all of them can be looked at.
            Err(Fault::Ambiguous { addresses, .. }) => {
                addresses.iter().filter_map(|address| field.place(address.as_str())).collect()
            }
            Err(fault) => {
                hint = hint.or_else(|| fault.hint());
                continue;
            }
        };
        is_something = true;
        meant.places.extend(places);
    }
    if is_something {
        return Means::Interfaces;
    }
    for (_, meant) in states.iter().zip(meant.iter_mut()).filter(|(state, _)| selector.names(&state.name)) {
        (is_something, meant.is_whole) = (true, true);
    }
    if is_something {
        return Means::States;
    }
    let near = nearest(selector.as_str(), states.iter().map(|state| state.name.as_str())).map(did_you_mean);
    Means::Nothing(near.or(hint))
}

/// Returns what each change of a state is about.
fn changes(state: &StateRow) -> BTreeMap<&str, Vec<Address>> {
    let mut changes: BTreeMap<&str, Vec<Address>> = BTreeMap::new();
    for one in &state.declared {
        one.changes.iter().for_each(|change| changes.entry(change.as_str()).or_default().push(one.address.clone()));
    }
    changes
}

/// Returns what a state declares, as selectors see it.
fn field<'s>(state: &'s StateRow, changes: &'s BTreeMap<&'s str, Vec<Address>>) -> Field<'s> {
    let candidate = |one: &'s Declared| Candidate {
        address: &one.address,
        id: &one.id,
        group: one.group.as_ref().map(|group| group.as_str()),
        labels: one.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        region: one.scope.region.as_str(),
        accounts: [Some(one.scope.account.as_str()), one.account_id.as_deref()],
    };
    let changes = changes.iter().map(|(name, addresses)| (*name, addresses.as_slice()));
    Field::new(state.declared.iter().map(candidate).collect()).with_changes(changes)
}
