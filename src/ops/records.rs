//! What an apply leaves in the state about every declared interface, changed or not.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::executor::Seen;
use crate::resource::{Address, LiveState, Observed, Reading};
use crate::spec::{Interface, Spec};
use crate::state::{Record, Sighting, State};

/// What was read last of one interface, and when.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    reading: Reading,
    at: Timestamp,
}

/// What was read last of everything that a spec declares.
pub(super) type Observations = BTreeMap<Address, Observation>;

/// Puts together what a refresh read and what a run saw after it.
pub(super) fn observations(spec: &Spec, live: &LiveState, seen: &[Seen]) -> Observations {
    let later: BTreeMap<_, _> = seen.iter().map(|seen| ((&seen.scope, &seen.id), seen)).collect();
    let observe = |(address, declared): (&Address, &Interface)| {
        let is_elsewhere = matches!(live.readings.get(address), Some(Reading::Elsewhere(_)));
        let observation = match later.get(&(&declared.scope, &declared.id.value)) {
            Some(seen) if seen.observed.is_some() || !is_elsewhere => {
                Observation { reading: seen.observed.clone().map_or(Reading::Absent, Reading::Found), at: seen.at }
            }
            _ => Observation { reading: live.readings.get(address)?.clone(), at: live.read_at },
        };
        Some((address.clone(), observation))
    };
    spec.interfaces.iter().filter_map(observe).collect()
}

/// Brings the records up to what was read last. What the spec no longer declares is forgotten; what could not be read
/// keeps its record.
pub(super) fn update(state: &mut State, spec: &Spec, observations: &Observations) {
    state.interfaces.retain(|address, _| spec.interfaces.contains_key(address));
    for (address, declared) in &spec.interfaces {
        let Some(Observation { reading, at }) = observations.get(address) else { continue };
        match reading {
            Reading::Found(observed) => see(state, address, declared, observed, *at),
            Reading::Absent => {
                if let Some(record) = state.interfaces.get_mut(address) {
                    record.observed.update(None, *at);
                }
            }
            Reading::Elsewhere(_) | Reading::Unreadable => {}
        }
    }
}

fn see(state: &mut State, address: &Address, declared: &Interface, observed: &Observed, at: Timestamp) {
    let first = Record {
        id: declared.id.value.clone(),
        scope: declared.scope.clone(),
        declared: None,
        observed: Sighting { status: Some(observed.status.clone()), since: at },
        protected: false,
        group: None,
        last_action: None,
    };
    let record = state.interfaces.entry(address.clone()).or_insert_with(|| first.clone());
    if record.id != declared.id.value || record.scope != declared.scope {
        *record = first;
    }
    record.observed.update(Some(observed.status.clone()), at);
    if observed.status == declared.status.value.status() {
        record.declared = Some(declared.status.value);
    }
    // A protection that was taken away together with the status stays remembered until that change is done.
    record.protected =
        declared.protect.is_some() || (record.protected && observed.status != declared.status.value.status());
    record.group = declared.group.as_ref().map(|group| group.value.clone());
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::resource::{BusinessStatus, Opposite, Provider, Status, Target};
    use crate::spec::{SpecFile, parse};

    fn spec(lines: &str) -> Spec {
        let text = format!(
            "version: 1\ncloud: {{provider: emulator, region: cn-shanghai}}\ninterfaces:\n  a: {{id: ri-a, {lines}}}\n"
        );
        parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }]).unwrap()
    }

    fn live(status: Status) -> LiveState {
        let observed = Observed {
            id: "ri-a".into(),
            region: "cn-shanghai".into(),
            status,
            business_status: BusinessStatus::Normal,
            role: None,
            name: None,
            description: None,
            router_id: None,
            router_type: None,
            specification: None,
            opposite: Opposite::default(),
        };
        LiveState {
            read_at: "2026-11-23T12:00:00Z".parse().unwrap(),
            readings: [("a".into(), Reading::Found(observed))].into(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn remembers_a_protection_until_what_it_forbade_is_done() {
        let account_id = "1234567890123456".into();
        let target = Target { provider: Provider::Emulator, account_id, endpoint: "none".to_owned() };
        let mut state = State::new("lineage", target);
        let mut is_protected_after = |lines: &str, status| {
            let spec = spec(lines);
            update(&mut state, &spec, &observations(&spec, &live(status), &[]));
            state.interfaces["a"].protected
        };
        assert!(is_protected_after("status: Active, protect: true", Status::Active));
        assert!(is_protected_after("status: Inactive", Status::Active));
        assert!(!is_protected_after("status: Inactive", Status::Inactive));
    }
}
