//! Which guards became weaker since the last apply that ended well: in a review, a guard that is gone must not read as nothing.

mod windows;

use std::collections::BTreeMap;

use crate::plan::{GuardWeakened, Warning};
use crate::resource::Address;
use crate::spec::{Extent, Interface, Limits, Placed, Spec};
use crate::state::{Guards, Identity, State, Touched};

/// Returns the guards of a spec.
pub fn guards(spec: &Spec) -> Guards {
    let Limits {
        max_changes,
        max_changes_percent,
        per_group,
        per_region,
        max_forgotten,
        approvals,
        health,
        quiet_below,
        last_route: _,
    } = &spec.limits;
    let caps = [
        ("max_changes", max_changes),
        ("max_changes_percent", max_changes_percent),
        ("per_group", per_group),
        ("per_region", per_region),
        ("max_forgotten", max_forgotten),
    ];
    let cap = |(key, cap): (&str, &Option<Placed<u32>>)| Some((format!("limits.{key}"), cap.as_ref()?.value));
    let members = |group: &crate::spec::Group| {
        let touched = group.members.iter().filter_map(|address| spec.interfaces.get(address)).map(touched);
        touched.collect::<Vec<_>>()
    };
    let links = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let those = |is_it: fn(&Interface) -> bool| {
        spec.interfaces.values().filter(move |entry| is_it(entry)).map(touched).collect::<Vec<_>>()
    };
    let words = [
        ("limits.health", <&str>::from(*health)),
        ("limits.last_route", <&str>::from(spec.limits.last_route())),
        ("limits.approvals", <&str>::from(*approvals)),
        ("drift", <&str>::from(spec.drift)),
    ];
    Guards {
        floors: spec
            .groups
            .iter()
            .map(|(name, group)| (name.clone(), group.floor(links(group.members.len()))))
            .collect(),
        members: spec.groups.iter().map(|(name, group)| (name.clone(), members(group))).collect(),
        protected: those(|entry| entry.protect.is_some()),
        hands_off: those(|entry| entry.hands_off.is_some()),
        caps: caps.into_iter().filter_map(cap).collect(),
        words: words.map(|(key, word)| (key.to_owned(), word.to_owned())).into(),
        denies: BTreeMap::new(),
        allows: BTreeMap::new(),
        windows: windows::guards(spec),
        quiet_below: quiet_below.as_ref().map(|rate| rate.value.bits_per_second()),
        returning_percent: spec.rollout.as_ref().and_then(|rollout| rollout.traffic).map(|traffic| traffic.percent),
        check: spec.rollout.as_ref().and_then(|rollout| rollout.check.clone()),
    }
}

/// Lists the guards of a spec that are weaker than they were.
pub(super) fn weakened(spec: &Spec, state: Option<&State>) -> Vec<GuardWeakened> {
    let state = state.filter(|_| spec.extent == Extent::Whole);
    let Some((state, before)) = state.and_then(|state| Some((state, state.guards.as_ref()?))) else {
        return Vec::new();
    };
    let (now, names) = (guards(spec), Names::new(spec, state));
    let mut found = of_groups(before, &now, &names);
    for was in before.protected.iter().filter(|was| !now.protected.contains(was)) {
        found.push(GuardWeakened::Protect { address: names.of(was), is_declared: names.is_declared(was) });
    }
    let hands_off = now.hands_off.iter().filter(|is| !before.hands_off.contains(is));
    found.extend(hands_off.map(|is| GuardWeakened::HandsOff { address: names.of(is) }));
    for (cap, was) in &before.caps {
        let (key, was, is) = (cap.clone(), *was, now.caps.get(cap).copied());
        found.extend(is.is_none_or(|is| is > was).then_some(GuardWeakened::Cap { key, was, is }));
    }
    for (key, was) in &before.words {
        let is = now.words.get(key).unwrap_or(was);
        let setting = || GuardWeakened::Setting { key: key.clone(), was: was.clone(), is: is.clone() };
        found.extend((strength(is) < strength(was)).then(setting));
    }
    found.extend(windows::weakened(before, &now, &names));
    found.extend(of_traffic(before, &now));
    if let Some(was) = before.check.as_ref().filter(|was| now.check.as_ref() != Some(was)) {
        found.push(GuardWeakened::Check { was: was.clone(), is: now.check.clone() });
    }
    found
}

/// Lists what traffic counted for and counts for less.
fn of_traffic(before: &Guards, now: &Guards) -> Vec<GuardWeakened> {
    let quiet = before.quiet_below.filter(|was| now.quiet_below.is_none_or(|is| is > *was));
    let quiet = quiet.map(|was| GuardWeakened::QuietBelow { was, is: now.quiet_below });
    let returning = before.returning_percent.filter(|was| now.returning_percent.is_none_or(|is| is < *was));
    let returning = returning.map(|was| GuardWeakened::ReturningTraffic { was, is: now.returning_percent });
    quiet.into_iter().chain(returning).collect()
}

/// Lists the groups whose floor is lower, and what is a member no longer: what has left the spec as well.
fn of_groups(before: &Guards, now: &Guards, names: &Names<'_>) -> Vec<GuardWeakened> {
    let mut found = Vec::new();
    for (group, was) in &before.floors {
        let (group, was, is) = (group.clone(), *was, now.floors.get(group).copied().unwrap_or(0));
        found.extend((is < was).then_some(GuardWeakened::Floor { group, was, is }));
    }
    for (group, was) in &before.members {
        let is = now.members.get(group).map(Vec::as_slice).unwrap_or_default();
        let gone = was.iter().filter(|member| !is.contains(member));
        found.extend(gone.map(|gone| GuardWeakened::Member { group: group.clone(), address: names.of(gone) }));
    }
    found
}

/// Warns of guards that became weaker.
pub(super) fn warning(weakened: &[GuardWeakened]) -> Option<Warning> {
    (!weakened.is_empty()).then(|| Warning::GuardsWeakened { guards: weakened.to_vec() })
}

/// What interfaces are called: by the spec, else by what is recorded of them, else by their id.
struct Names<'s> {
    declared: BTreeMap<Identity, &'s Address>,
    state: &'s State,
}

impl<'s> Names<'s> {
    fn new(spec: &'s Spec, state: &'s State) -> Self {
        let name = |(address, entry): (&'s Address, &Interface)| (touched(entry).identity(), address);
        Self { declared: spec.interfaces.iter().map(name).collect(), state }
    }

    fn of(&self, touched: &Touched) -> Address {
        let identity = touched.identity();
        let recorded = || self.state.interfaces.of(&identity).map(|(address, _)| address.clone());
        let declared = self.declared.get(&identity).map(|address| (*address).clone());
        declared.or_else(recorded).unwrap_or_else(|| touched.id.as_str().into())
    }

    fn is_declared(&self, touched: &Touched) -> bool {
        self.declared.contains_key(&touched.identity())
    }

    /// Returns whether it was declared when the guards were recorded that are looked back to.
    fn was_declared(&self, touched: &Touched) -> bool {
        self.state.interfaces.of(&touched.identity()).is_some_and(|(_, record)| !record.forgotten)
    }
}

fn touched(entry: &Interface) -> Touched {
    Touched { id: entry.id.value.clone(), scope: entry.scope.clone() }
}

/// Orders the words of guards by what they hold back.
fn strength(word: &str) -> u8 {
    match word {
        "block" => 3,
        "warn" | "fix" | "other" => 2,
        _ => 1,
    }
}
