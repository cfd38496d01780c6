//! Which guards became weaker since the last apply that ended well: in a review, a guard that is gone must not read as nothing.

use std::collections::BTreeMap;

use crate::plan::{GuardWeakened, Warning};
use crate::resource::Address;
use crate::signature::sha256_hex;
use crate::spec::{Extent, Interface, Limits, Placed, Spec};
use crate::state::{Guards, Touched};
use crate::windows::Verdict;

/// Returns the guards of a spec.
pub fn guards(spec: &Spec) -> Guards {
    let Limits { max_changes, max_changes_percent, per_group, per_region, max_forgotten, approvals: _, health } =
        &spec.limits;
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
    let windows = |verdict: Verdict| {
        let of_it = spec.windows.iter().filter(move |declared| declared.window.verdict == verdict);
        of_it.map(|declared| {
            let text = format!("{:?} {:?}", declared.window, declared.covered);
            (declared.window.name.to_string(), sha256_hex(text.as_bytes())[..16].to_owned())
        })
    };
    let those = |is_it: fn(&Interface) -> bool| {
        spec.interfaces.values().filter(move |entry| is_it(entry)).map(touched).collect::<Vec<_>>()
    };
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
        words: [
            ("limits.health".to_owned(), <&str>::from(*health).to_owned()),
            ("drift".to_owned(), <&str>::from(spec.drift).to_owned()),
        ]
        .into(),
        denies: windows(Verdict::Deny).collect(),
        allows: windows(Verdict::Allow).collect(),
        check: spec.rollout.as_ref().and_then(|rollout| rollout.check.clone()),
    }
}

/// Lists the guards of a spec that are weaker than they were.
pub(super) fn weakened(spec: &Spec, before: Option<&Guards>) -> Vec<GuardWeakened> {
    let Some(before) = before.filter(|_| spec.extent == Extent::Whole) else { return Vec::new() };
    let now = guards(spec);
    let names = names(spec);
    let mut found = Vec::new();
    for (group, was) in &before.floors {
        let is = now.floors.get(group).copied().unwrap_or(0);
        found.extend((is < *was).then(|| weaker(of(group, "floor"), was, is)));
    }
    for (group, was) in &before.members {
        let is = now.members.get(group).map(Vec::as_slice).unwrap_or_default();
        // One that has left the spec is forgotten, and said there.
        let gone = was.iter().filter(|member| !is.contains(member)).filter_map(|member| names.get(&key(member)));
        found.extend(gone.map(|address| weaker(of(group, address), "member", "gone")));
    }
    let still = |touched: &&Touched| names.contains_key(&key(touched));
    for was in before.protected.iter().filter(still).filter(|was| !now.protected.contains(was)) {
        found.push(weaker(of(names[&key(was)], "protect"), "on", "off"));
    }
    for is in now.hands_off.iter().filter(|is| !before.hands_off.contains(is)) {
        found.extend(names.get(&key(is)).map(|address| weaker(of(address, "hands_off"), "off", "on")));
    }
    for (cap, was) in &before.caps {
        match now.caps.get(cap) {
            Some(is) if is > was => found.push(weaker(cap.clone(), was, is)),
            Some(_) => {}
            None => found.push(weaker(cap.clone(), was, "none")),
        }
    }
    for (word, was) in &before.words {
        let is = now.words.get(word).unwrap_or(was);
        found.extend((strength(is) < strength(was)).then(|| weaker(word.clone(), was, is)));
    }
    found.extend(of_windows(before, &now));
    if let Some(was) = before.check.as_ref().filter(|was| now.check.as_ref() != Some(was)) {
        let is = now.check.as_ref().map_or("none".to_owned(), |check| format!("{check:?}"));
        found.push(weaker("rollout.check".to_owned(), format!("{was:?}"), is));
    }
    found
}

/// Lists the windows that let more through than before, or other calls.
fn of_windows(before: &Guards, now: &Guards) -> Vec<GuardWeakened> {
    let denies = before.denies.iter().filter_map(|(name, was)| match now.denies.get(name) {
        None => Some(weaker(of(name, "deny"), "there", "gone")),
        Some(is) if is != was => Some(weaker(of(name, "deny"), "unchanged", "changed")),
        Some(_) => None,
    });
    let allows = now.allows.iter().filter_map(|(name, is)| match before.allows.get(name) {
        None => Some(weaker(of(name, "allow"), "absent", "new")),
        Some(was) if is != was => Some(weaker(of(name, "allow"), "unchanged", "changed")),
        Some(_) => None,
    });
    denies.chain(allows).collect()
}

/// Warns of guards that became weaker.
pub(super) fn warning(weakened: &[GuardWeakened]) -> Option<Warning> {
    (!weakened.is_empty()).then(|| Warning::GuardsWeakened { guards: weakened.to_vec() })
}

/// Names a guard of a group, an interface or a window.
fn of(subject: impl ToString, guard: impl ToString) -> String {
    [subject.to_string(), guard.to_string()].join(": ")
}

fn weaker(what: String, before: impl ToString, after: impl ToString) -> GuardWeakened {
    GuardWeakened { what, before: before.to_string(), after: after.to_string() }
}

fn touched(entry: &Interface) -> Touched {
    Touched { id: entry.id.value.clone(), scope: entry.scope.clone() }
}

fn key(touched: &Touched) -> (String, String) {
    (touched.scope.to_string(), touched.id.to_string())
}

/// Returns what each declared interface is called.
fn names(spec: &Spec) -> BTreeMap<(String, String), &Address> {
    spec.interfaces.iter().map(|(address, entry)| (key(&touched(entry)), address)).collect()
}

/// Orders the words of guards by what they hold back.
fn strength(word: &str) -> u8 {
    match word {
        "block" => 3,
        "warn" | "fix" => 2,
        _ => 1,
    }
}
