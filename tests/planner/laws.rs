//! What holds of every plan, whatever the world.

use std::collections::{BTreeMap, BTreeSet};

use rictl::plan::{Action, BlockCode, Expectation, Goal, Plan, PlanOptions};
use rictl::render::plan::to_json;
use rictl::resource::Call;
use rictl::resource::{Address, BusinessStatus, DesiredStatus, Status};
use rictl::selector::{BadChoice, Selector};

use super::random::Random;
use super::world::{Far, Presence, World, options, small};

/// How many worlds each law is tried on.
const SEEDS: u64 = 1_000;

/// Worlds with every kind of guard, a failing one named by its seed.
fn worlds(mut law: impl FnMut(World, &mut Random)) {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut world = small(&mut random);
        for interface in &mut world.interfaces {
            if random.chance(60) {
                let declared = random.pick(&[None, Some(DesiredStatus::Active), Some(DesiredStatus::Inactive)]);
                let seen = random.pick(&[Status::Active, Status::Inactive, Status::Deactivating]);
                interface.record = Some((declared, Some(seen)));
                interface.was_protected = random.chance(20);
            }
            if random.chance(4) {
                interface.lines.push("hands_off: {reason: on site, until: 2026-11-22}".to_owned());
            }
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| law(world, &mut random)));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}

fn steps(plan: &Plan) -> BTreeSet<String> {
    plan.steps.iter().map(|step| step.id.to_string()).collect()
}

fn codes(plan: &Plan) -> BTreeMap<&str, BlockCode> {
    plan.blocked.iter().map(|blocked| (blocked.address.as_str(), blocked.code())).collect()
}

fn changed(plan: &Plan) -> BTreeSet<&Address> {
    plan.steps.iter().filter(|step| step.action != Action::Wait).map(|step| &step.address).collect()
}

#[test]
fn an_applied_world_plans_empty() {
    worlds(|mut world, _| {
        for interface in &mut world.interfaces {
            interface.status = interface.desired.status();
            interface.presence = Presence::Found;
            interface.business = BusinessStatus::Normal;
        }
        let plan = world.plan();
        assert!(plan.is_empty() && plan.is_complete() && !plan.is_applyable(), "{plan:?}");
    });
}

#[test]
fn equal_inputs_give_equal_bytes_in_whatever_order_they_are_written() {
    worlds(|world, random| {
        assert_eq!(to_json(&world.plan()), to_json(&world.plan()));
        let mut order: Vec<usize> = (0..world.interfaces.len()).collect();
        random.shuffle(&mut order);
        let place = |old: usize| order.iter().position(|number| *number == old).unwrap();
        let mut shuffled = world.clone();
        shuffled.interfaces = order.iter().map(|number| world.interfaces[*number].clone()).collect();
        for interface in &mut shuffled.interfaces {
            interface.depends_on.iter_mut().for_each(|other| *other = place(*other));
            interface.depends_on.reverse();
            if let Far::Declared { peer, .. } = &mut interface.opposite {
                *peer = place(*peer);
            }
        }
        let (plan, same) = (world.plan(), shuffled.plan());
        assert_eq!(plan.digest(), same.digest());
        assert_eq!((&plan.steps, codes(&plan)), (&same.steps, codes(&same)));
    });
}

#[test]
fn every_allowed_order_leads_from_live_to_declared() {
    worlds(|world, random| {
        let plan = world.plan();
        let mut live: BTreeMap<&Address, Status> = BTreeMap::new();
        let addresses: Vec<Address> = world.interfaces.iter().map(|interface| interface.address()).collect();
        live.extend(addresses.iter().zip(world.interfaces.iter().map(|interface| interface.status.clone())));
        let mut open: Vec<_> = plan.steps.iter().collect();
        let mut done = BTreeSet::new();
        while !open.is_empty() {
            let ready: Vec<usize> =
                (0..open.len()).filter(|number| open[*number].after.iter().all(|id| done.contains(id))).collect();
            let step = open.remove(random.pick(&ready));
            let status = live.get_mut(&step.address).unwrap();
            match step.action {
                Action::Wait if step.goal == Goal::Stable => {
                    *status = random.pick(&[Status::Active, Status::Inactive]);
                }
                Action::Wait => *status = if step.goal == Goal::Inactive { Status::Inactive } else { Status::Active },
                // The end of Modifying may be the goal already.
                Action::Call(_)
                    if step.goal.is_reached_by(status) && step.after.iter().any(|id| id.0.ends_with("/wait")) => {}
                Action::Call(call) => {
                    assert_eq!(Expectation::Status(status.clone()), step.expect);
                    *status = if call == Call::Activate { Status::Active } else { Status::Inactive };
                }
            }
            assert!(step.goal.is_reached_by(status));
            done.insert(step.id.clone());
        }
        let blocked = codes(&plan);
        for (interface, address) in world.interfaces.iter().zip(&addresses) {
            let is_held =
                blocked.contains_key(address.as_str()) || plan.left_alone.iter().any(|left| left.address == *address);
            assert!(is_held || live[address] == interface.desired.status(), "{address}");
        }
    });
}

#[test]
fn no_step_touches_what_is_at_its_goal_or_blocked() {
    worlds(|world, _| {
        let plan = world.plan();
        let blocked = codes(&plan);
        for step in &plan.steps {
            let interface = world.interfaces.iter().find(|known| known.address() == step.address).unwrap();
            assert_ne!(interface.status, interface.desired.status());
            assert!(!blocked.contains_key(step.address.as_str()));
            assert!(plan.left_alone.iter().all(|left| left.address != step.address));
        }
        assert_eq!(steps(&plan).len(), plan.steps.len());
    });
}

#[test]
fn a_blocked_interface_blocks_only_what_needs_it() {
    worlds(|mut world, random| {
        world.groups.clear();
        world.interfaces.iter_mut().for_each(|interface| interface.group = None);
        let before = world.plan();
        let victim = random.below(world.interfaces.len());
        world.interfaces[victim].presence = Presence::Absent;
        let mut lost = BTreeSet::from([victim]);
        for _ in 0..world.interfaces.len() {
            for number in 0..world.interfaces.len() {
                let interface = &world.interfaces[number];
                for needed in &interface.depends_on {
                    let other = &world.interfaces[*needed];
                    if other.desired == interface.desired {
                        let (waits, first) = if interface.desired == DesiredStatus::Active {
                            (number, *needed)
                        } else {
                            (*needed, number)
                        };
                        // What only waits for a transition sends nothing that could be held back.
                        let calls = changed(&before).contains(&world.interfaces[waits].address());
                        if lost.contains(&first) && calls {
                            lost.insert(waits);
                        }
                    }
                }
            }
        }
        let lost: BTreeSet<Address> = lost.iter().map(|number| world.interfaces[*number].address()).collect();
        let kept: BTreeSet<String> =
            before.steps.iter().filter(|step| !lost.contains(&step.address)).map(|step| step.id.to_string()).collect();
        assert_eq!(steps(&world.plan()), kept);
    });
}

/// Adds one guard of any kind.
fn tighten(world: &mut World, options: &mut PlanOptions, random: &mut Random) {
    let interface = random.below(world.interfaces.len());
    match random.below(6) {
        0 => world.interfaces[interface].protect = true,
        1 if world.interfaces[interface].lines.is_empty() => {
            world.interfaces[interface].lines.push("hands_off: {reason: on site}".to_owned());
        }
        2 => world.sections = format!("limits: {{max_changes: {}}}\n", random.below(4)),
        3 | 4 if !world.groups.is_empty() => {
            let group = random.below(world.groups.len());
            let members = || world.interfaces.iter().filter(|interface| interface.group == Some(group));
            let active = members().filter(|interface| interface.desired == DesiredStatus::Active).count();
            let total = members().count();
            let floors = &mut world.groups[group];
            if random.chance(50) {
                floors.min_active = Some((floors.min_active.unwrap_or(0) + 1).min(active));
            } else {
                floors.max_unavailable =
                    Some(floors.max_unavailable.map_or(total, |cap| cap.saturating_sub(1)).max(total - active));
            }
        }
        _ => options.excludes.push(Selector::of(&world.interfaces[interface].address())),
    }
}

#[test]
fn a_guard_adds_no_step_but_one_that_was_refused_for_want_of_room() {
    worlds(|mut world, random| {
        let mut options = options();
        if random.chance(30) {
            world.sections = format!("limits: {{max_changes: {}}}\n", random.between(4, 8));
        }
        let before = world.plan_with(&options);
        tighten(&mut world, &mut options, random);
        let after = world.plan_with(&options);
        let refused = codes(&before);
        for step in after.steps.iter().filter(|step| !steps(&before).contains(&*step.id.0)) {
            let code = refused.get(step.address.as_str());
            let made_room = matches!(code, Some(BlockCode::Floor | BlockCode::Cap | BlockCode::Dependency));
            assert!(
                made_room
                    && before.blocked.iter().any(|blocked| matches!(blocked.code(), BlockCode::Floor | BlockCode::Cap)),
                "{}: {code:?}",
                step.id
            );
        }
    });
}

#[test]
fn caps_hold_but_for_the_exact_number() {
    worlds(|mut world, random| {
        let uncapped = world.plan();
        let count = u32::try_from(uncapped.summary().to_change).unwrap();
        let declared = world.interfaces.len();
        let (knob, cap) = match random.below(4) {
            0 => ("max_changes", random.below(4)),
            1 => ("max_changes_percent", random.between(1, 100)),
            2 => ("per_group", random.between(1, 3)),
            _ => ("per_region", random.between(1, 3)),
        };
        world.sections = format!("limits: {{{knob}: {cap}}}\n");
        let most = |key: &dyn Fn(usize) -> Option<String>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            let touched = changed(&uncapped);
            let numbers = (0..declared).filter(|number| touched.contains(&world.interfaces[*number].address()));
            numbers.filter_map(key).for_each(|key| *counts.entry(key).or_default() += 1);
            counts.into_values().max().unwrap_or(0)
        };
        let exceeded = match knob {
            "max_changes" => count as usize > cap,
            "max_changes_percent" => count as usize > (declared * cap / 100).max(1),
            "per_group" => most(&|number| world.interfaces[number].group.map(|group| group.to_string())) > cap,
            _ => most(&|number| Some(world.interfaces[number].region.to_owned())) > cap,
        };
        let plan = world.plan();
        let refused = plan.blocked.iter().filter(|blocked| blocked.code() == BlockCode::Cap).count();
        if exceeded {
            assert_eq!((plan.summary().to_change, refused), (0, count as usize));
        } else {
            assert_eq!((&plan.steps, refused), (&uncapped.steps, 0));
        }
        for given in [count.saturating_sub(1), count, count + 1] {
            let plan = world.plan_with(&PlanOptions { allow_changes: Some(given), ..options() });
            let expected = if given == count || !exceeded { count as usize } else { 0 };
            assert_eq!(plan.summary().to_change, expected, "{knob}: {cap}, --allow-changes {given}");
        }
    });
}

/// What has to change before `target`, and so on: up, what it depends on; down, what depends on it.
fn closure(world: &World, target: usize) -> BTreeSet<usize> {
    let interfaces = &world.interfaces;
    let mut closure = BTreeSet::from([target]);
    for _ in interfaces {
        for (number, interface) in interfaces.iter().enumerate() {
            for &needed in &interface.depends_on {
                let desired = interface.desired;
                let (waits, first) = if desired == DesiredStatus::Active { (number, needed) } else { (needed, number) };
                let is_due =
                    interfaces[first].status != desired.status() || interfaces[first].presence != Presence::Found;
                if interfaces[needed].desired == desired && closure.contains(&waits) && is_due {
                    closure.insert(first);
                }
            }
        }
    }
    closure
}

#[test]
fn a_target_brings_along_what_it_needs_and_an_exclusion_stays_out() {
    worlds(|world, random| {
        let address = |number: &usize| world.interfaces[*number].address();
        let target = random.below(world.interfaces.len());
        let plan = world.plan_with(&PlanOptions { targets: vec![Selector::of(&address(&target))], ..options() });
        let allowed: BTreeSet<Address> = closure(&world, target).iter().map(address).collect();
        assert!(plan.steps.iter().all(|step| allowed.contains(&step.address)));
        assert!(plan.blocked.iter().all(|blocked| allowed.contains(&blocked.address)));

        let excluded = address(&random.below(world.interfaces.len()));
        let plan = world.try_plan(&PlanOptions { excludes: vec![Selector::of(&excluded)], ..options() });
        match plan {
            Ok(plan) => assert!(plan.steps.iter().all(|step| step.address != excluded)),
            Err(bad) => assert_eq!((world.interfaces.len(), bad), (1, vec![BadChoice::NothingLeft])),
        }

        let unknown = PlanOptions { targets: vec![Selector::of(&"nobody".into())], ..options() };
        assert!(world.try_plan(&unknown).is_err());
    });
}

#[test]
fn waves_hold_everything_once_and_never_go_against_the_order() {
    worlds(|mut world, random| {
        let (canary, batch) = (random.below(3), random.between(1, 3));
        world.sections = format!("rollout: {{canary: {canary}, batch: {batch}, pause: 1s}}\n");
        let plan = world.plan();
        let waves = &plan.rollout.as_ref().unwrap().waves;
        let stepping: BTreeSet<&Address> = plan.steps.iter().map(|step| &step.address).collect();
        assert_eq!(waves.iter().flatten().collect::<BTreeSet<_>>(), stepping);
        assert_eq!(waves.iter().map(Vec::len).sum::<usize>(), stepping.len());
        for (number, wave) in waves.iter().enumerate() {
            assert!(wave.len() <= if number == 0 && canary > 0 { canary } else { batch });
        }
        let wave_of = |id: &rictl::plan::StepId| plan.steps.iter().find(|step| step.id == *id).unwrap().wave;
        for step in &plan.steps {
            assert!(waves[step.wave as usize - 1].contains(&step.address));
            assert!(step.after.iter().all(|id| wave_of(id) <= step.wave));
        }
        plan.check().unwrap();
    });
}
