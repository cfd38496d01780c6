//! How far down the groups went: counted from what the world did, at every moment at which a status turned.
//!
//! The executor's own idea of it is not asked, or a rehearsal could not find it wrong.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::drift;
use crate::duration::milliseconds;
use crate::emulator::World;
use crate::plan::GroupHealth;
use crate::resource::{Address, LiveState, Observed, Reading, RouterInterfaceId};
use crate::run::Lowest;
use crate::spec::Spec;

/// Counts every group of the spec at the beginning of a span and whenever a status turned in it, and returns the lowest moment of
/// each, by name. `read` says which interfaces could be read; their statuses are the world's.
pub fn lowest(spec: &Spec, read: &LiveState, world: &World, span: (Timestamp, Timestamp)) -> Vec<Lowest> {
    let (from, until) = span;
    let mut scene = Scene::at(from, read, world);
    // What is sent at once turns at that very moment: how many were up before is what was read.
    let before = drift::groups(spec, read, None).into_iter().map(|group| group.up);
    let at_once = drift::groups(spec, &scene.live, None).into_iter();
    let mut lowest: Vec<Lowest> = at_once.zip(before).map(|(group, start)| at_first(group, start)).collect();
    for (at, ids) in world.turns(from, until) {
        if !scene.turn(at, &ids) {
            continue;
        }
        let at_ms = milliseconds(at.duration_since(from).unsigned_abs());
        for (group, lowest) in drift::groups(spec, &scene.live, None).into_iter().zip(&mut lowest) {
            take_in(lowest, &group, at_ms);
        }
    }
    lowest
}

fn at_first(group: GroupHealth, start: Option<u32>) -> Lowest {
    let GroupHealth { name, declared, up, floor, .. } = group;
    Lowest { name, declared, start, lowest: up, at_ms: up.map(|_| 0), end: up, floor }
}

fn take_in(lowest: &mut Lowest, group: &GroupHealth, at_ms: u64) {
    lowest.end = group.up;
    if group.up < lowest.lowest {
        (lowest.lowest, lowest.at_ms) = (group.up, Some(at_ms));
    }
}

/// What a read of everything would show.
struct Scene<'w> {
    world: &'w World,
    live: LiveState,
    own: BTreeMap<Address, RouterInterfaceId>,
    /// In which readings an interface is seen: its own, and that of its other end.
    seen_in: BTreeMap<RouterInterfaceId, BTreeSet<Address>>,
}

impl<'w> Scene<'w> {
    fn at(at: Timestamp, read: &LiveState, world: &'w World) -> Self {
        let mut own = BTreeMap::new();
        let mut seen_in: BTreeMap<RouterInterfaceId, BTreeSet<Address>> = BTreeMap::new();
        for (address, reading) in &read.readings {
            let Some(observed) = reading.found() else { continue };
            own.insert(address.clone(), observed.id.clone());
            for id in std::iter::once(&observed.id).chain(&observed.opposite.interface_id) {
                seen_in.entry(id.clone()).or_default().insert(address.clone());
            }
        }
        let all: Vec<RouterInterfaceId> = own.values().cloned().collect();
        let mut scene = Self { world, live: read.clone(), own, seen_in };
        scene.turn(at, &all);
        scene
    }

    /// Shows what turned, and returns whether anything came up or went down by that: of what did neither no group hears.
    fn turn(&mut self, at: Timestamp, ids: &[RouterInterfaceId]) -> bool {
        let is_up = |reading: &Reading| reading.found().is_some_and(Observed::counts_as_up);
        let mut has_moved = false;
        for address in ids.iter().filter_map(|id| self.seen_in.get(id)).flatten() {
            let reading = self.world.observed(&self.own[address], at).map_or(Reading::Absent, Reading::Found);
            let now_up = is_up(&reading);
            let before = self.live.readings.insert(address.clone(), reading);
            has_moved |= before.is_none_or(|before| is_up(&before) != now_up);
        }
        has_moved
    }
}
