//! What stays up without some links.

use std::collections::BTreeSet;

use crate::drift;
use crate::plan::GroupHealth;
use crate::resource::{Address, GroupName, LiveState, Observed, Reading, RouterInterfaceId, Status};
use crate::spec::Spec;

/// What is taken not to be up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Down {
    /// Declared interfaces.
    pub addresses: BTreeSet<Address>,
    /// Interfaces that are live and not declared.
    pub ids: BTreeSet<RouterInterfaceId>,
}

/// How a group stands, and how it would without what is taken not to be up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupWithout {
    /// How it stands.
    pub now: GroupHealth,
    /// How it would stand.
    pub then: GroupHealth,
    /// It holds something of what is taken not to be up.
    pub is_touched: bool,
}

impl GroupWithout {
    /// Returns whether that is too much: it would be below its floor, or with nothing up.
    pub fn falls(&self) -> bool {
        self.is_touched && self.then.is_finding() && !self.stays_as_it_is()
    }

    /// Returns whether as many are up with what is taken away as without it: what was not up takes nothing along.
    fn stays_as_it_is(&self) -> bool {
        self.now.up.is_some() && self.now.up == self.then.up
    }
}

/// Says how every group that was read would stand without what is taken not to be up.
pub fn without(spec: &Spec, live: &LiveState, down: &Down) -> Vec<GroupWithout> {
    let ids: BTreeSet<&RouterInterfaceId> = down
        .addresses
        .iter()
        .filter_map(|address| Some(&spec.interfaces.get(address)?.id.value))
        .chain(&down.ids)
        .collect();
    // A link is down for both its ends, also for one that could not be read.
    let of_ends = down.addresses.iter().filter_map(|address| live.readings.get(address)?.found());
    let other_ends: BTreeSet<&RouterInterfaceId> =
        of_ends.filter_map(|observed| observed.opposite.interface_id.as_ref()).collect();
    let is_other_end =
        |address: &Address| spec.interfaces.get(address).is_some_and(|entry| other_ends.contains(&entry.id.value));
    let (mut then, mut touched) = (live.clone(), BTreeSet::new());
    for (address, reading) in &mut then.readings {
        let is_unread = matches!(reading, Reading::Unreadable);
        if down.addresses.contains(address) || (is_unread && is_other_end(address)) {
            take_down(reading);
            touched.insert(address.clone());
        } else if let Reading::Found(observed) = reading
            && observed.opposite.interface_id.as_ref().is_some_and(|id| ids.contains(id))
        {
            observed.opposite.status = Some(Status::Inactive);
            touched.insert(address.clone());
        }
    }
    let holds_one = |name: &GroupName| {
        spec.groups.get(name).is_some_and(|group| group.members.iter().any(|member| touched.contains(member)))
    };
    let (now, then) = (drift::groups(spec, live, None), drift::groups(spec, &then, None));
    let group = |(now, then): (GroupHealth, GroupHealth)| {
        let is_touched = holds_one(&now.name);
        GroupWithout { now, then, is_touched }
    };
    now.into_iter().zip(then).map(group).collect()
}

/// Takes one interface down. Of one that could not be read it is known now that it is not up.
fn take_down(reading: &mut Reading) {
    match reading {
        Reading::Found(observed) => *observed = Observed { status: Status::Inactive, ..observed.clone() },
        Reading::Unreadable | Reading::Unasked => *reading = Reading::Absent,
        Reading::Absent | Reading::Elsewhere(_) => {}
    }
}
