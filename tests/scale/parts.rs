//! A part of a spec: what is read of it, and that a plan of it is the plan that would be made if everything were read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;
use std::time::Duration;

use rictl::clock::Clock;
use rictl::dice::Dice;
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::history::Recorded;
use rictl::ops::live;
use rictl::ops::part::Sight;
use rictl::ops::project::Project;
use rictl::plan::{GroupHealth, Plan, PlanOptions, RoutesHeard};
use rictl::planner::{Inputs, plan};
use rictl::resource::{Address, LiveState};
use serde_json::Value;

use crate::harness::emulator::Emulator;
use crate::harness::in_process::target;

/// A spec and a world that disagree here and there: groups with floors, links across groups and regions, what needs what.
fn generated(dice: &mut Dice) -> (String, String) {
    let mut spec = "version: 1\ncloud: {provider: emulator, region: r-0}\ngroups:\n".to_owned();
    let groups = 2 + dice.roll(5);
    (0..groups).for_each(|group| {
        writeln!(spec, "  g{group}: {{min_active: {}}}", dice.roll(2)).unwrap();
    });
    spec.push_str("interfaces:\n");
    let mut world = "regions: [r-0, r-1]\ninterfaces:\n".to_owned();
    for number in 0..4 + dice.roll(14) {
        let region = dice.roll(2);
        let status = if dice.roll(3) == 0 { "Inactive" } else { "Active" };
        write!(world, "  - {{id: ri-{number:02}, region: r-{region}, status: {status}").unwrap();
        // Each second one may be the other end of the one before.
        if number % 2 == 1 && dice.roll(2) == 0 {
            write!(world, ", opposite: ri-{:02}", number - 1).unwrap();
        }
        world.push_str("}\n");
        let declared = if dice.roll(8) == 0 { 1 - region } else { region };
        write!(spec, "  i{number:02}: {{id: ri-{number:02}, region: r-{declared}").unwrap();
        let wanted = if dice.roll(4) == 0 { "Inactive" } else { "Active" };
        write!(spec, ", status: {wanted}").unwrap();
        if dice.roll(3) > 0 {
            write!(spec, ", group: g{}", dice.roll(groups)).unwrap();
        }
        if number > 0 && dice.roll(3) == 0 {
            write!(spec, ", depends_on: [i{:02}]", dice.roll(number)).unwrap();
        }
        spec.push_str("}\n");
    }
    (spec, world)
}

struct Scene {
    project: Project,
    cloud: InProcess,
    clock: Clock,
}

impl Scene {
    /// Returns nothing where the spec alone is in error.
    fn generated(dice: &mut Dice) -> Option<Self> {
        let (spec, world) = generated(dice);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rictl.yaml");
        fs::write(&path, spec).unwrap();
        let project = Project::load(&path, directory.path()).ok()?;
        let clock = Clock::starting_at("2026-11-23T12:00:00Z".parse().unwrap());
        let seed = WorldSeed::parse(&world, Format::Yaml).unwrap();
        let world = Rc::new(RefCell::new(World::new(seed, clock.now()).unwrap()));
        Some(Self { project, cloud: InProcess::new(world, clock), clock })
    }

    fn options(&self, targets: &[&Address]) -> PlanOptions {
        let targets = targets.iter().map(|address| address.as_str().parse().unwrap()).collect();
        PlanOptions { targets, ..PlanOptions::of_all(self.clock.now(), Duration::from_secs(600)) }
    }

    fn plan(&self, live: &LiveState, options: &PlanOptions) -> Plan {
        let target = target("1234567890123456".into());
        let spec = &self.project.spec;
        let (state, doubts, health) = (None, &[], &[]);
        plan(
            &Inputs {
                spec,
                spec_digest: "sha256:0",
                live,
                state,
                target: &target,
                doubts,
                health,
                routes: &RoutesHeard::default(),
                traffic: &[],
            },
            options,
        )
        .unwrap()
    }

    async fn whole(&self) -> LiveState {
        live::refresh(&self.project.spec, &self.cloud, &self.clock).await
    }

    async fn part(&self, sight: &Sight) -> LiveState {
        sight.read(&self.project.spec, &self.cloud, &self.clock).await
    }
}

/// Keeps of a plan what it says of these interfaces.
fn of(plan: &Plan, addresses: &BTreeSet<&Address>) -> String {
    let is_its = |address: &Address| addresses.contains(address);
    let changes: Vec<_> = plan.resource_changes.iter().filter(|change| is_its(&change.address)).collect();
    let steps: Vec<_> = plan.steps.iter().filter(|step| is_its(&step.address)).collect();
    let blocked: Vec<_> = plan.blocked.iter().filter(|blocked| is_its(&blocked.address)).collect();
    let left: Vec<_> = plan.left_alone.iter().filter(|left| is_its(&left.address)).collect();
    format!("{changes:#?}\n{steps:#?}\n{blocked:#?}\n{left:#?}")
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_a_part_is_the_one_that_is_made_of_everything() {
    let (mut played, mut smaller) = (0, 0);
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let Some(scene) = Scene::generated(&mut dice) else { continue };
        let whole = scene.whole().await;
        let addresses: Vec<&Address> = scene.project.spec.interfaces.keys().collect();
        let chosen = addresses[usize::try_from(dice.roll(addresses.len() as u64)).unwrap()];
        let options = scene.options(&[chosen]);
        let sight = Sight::of_plan(&scene.project, &Recorded::default(), &options).unwrap();
        let part = scene.part(&sight).await;
        let (all, some) = (scene.plan(&whole, &options), scene.plan(&part, &options));
        assert_eq!(all.digest(), some.digest(), "seed {seed}");
        let said = |plan: &Plan| format!("{:#?}\n{:#?}\n{:#?}", plan.steps, plan.blocked, plan.left_alone);
        assert_eq!(said(&all), said(&some), "seed {seed}");
        assert_eq!(
            format!("{:#?}", all.floors),
            format!("{:#?}", some.floors),
            "seed {seed} {chosen} {:#?}",
            scene.project.spec.sources
        );
        let named = |group: &&GroupHealth| some.groups.iter().any(|own| own.name == group.name);
        assert_eq!(all.groups.iter().filter(named).cloned().collect::<Vec<_>>(), some.groups, "seed {seed}");
        let own = scene.project.spec.interfaces[chosen].group.as_ref();
        assert!(own.is_none_or(|own| some.groups.iter().any(|group| group.name == own.value)), "seed {seed}");
        (played, smaller) = (played + 1, smaller + usize::from(part.readings.len() < whole.readings.len()));
    }
    assert!(played > 200 && smaller > played / 2, "{smaller} of {played}");
}

#[tokio::test(start_paused = true)]
async fn what_is_explained_of_one_is_what_a_plan_of_everything_does_with_it() {
    let mut smaller = 0;
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let Some(scene) = Scene::generated(&mut dice) else { continue };
        let whole = scene.whole().await;
        let addresses: Vec<&Address> = scene.project.spec.interfaces.keys().collect();
        let chosen = addresses[usize::try_from(dice.roll(addresses.len() as u64)).unwrap()];
        let sight = Sight::of_tied(&scene.project, &Recorded::default(), std::slice::from_ref(chosen));
        let part = scene.part(&sight).await;
        let options = scene.options(&[]);
        let about = BTreeSet::from([chosen]);
        assert_eq!(of(&scene.plan(&whole, &options), &about), of(&scene.plan(&part, &options), &about), "seed {seed}");
        smaller += usize::from(part.readings.len() < whole.readings.len());
    }
    assert!(smaller > 50, "{smaller}");
}

const SIZE: usize = 1_000;

/// Groups of five, of which two are the ends of one link across regions, and a site that needs another.
fn large(limits: &str) -> (String, String) {
    let mut spec = format!("version: 1\ncloud: {{provider: emulator, region: cn-shanghai}}\n{limits}groups:\n");
    (0..SIZE / 5).for_each(|group| writeln!(spec, "  g{group:03}: {{min_active: 1}}").unwrap());
    spec.push_str("interfaces:\n");
    let mut world = "regions: [cn-shanghai, cn-beijing]\ninterfaces:\n".to_owned();
    for number in 0..SIZE {
        let (region, opposite) = match number % 5 {
            4 => ("cn-beijing", format!(", opposite: ri-{:04}", number - 1)),
            _ => ("cn-shanghai", String::new()),
        };
        writeln!(world, "  - {{id: ri-{number:04}, region: {region}{opposite}}}").unwrap();
        let status = if number % 100 == 0 { "Inactive" } else { "Active" };
        let group = number / 5;
        writeln!(
            spec,
            "  i{number:04}: {{id: ri-{number:04}, region: {region}, status: {status}, group: g{group:03}}}"
        )
        .unwrap();
    }
    (spec, world)
}

fn rictl(emulator: &Emulator, spec: &str, arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("rictl.yaml"), spec).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
    command.args(arguments).current_dir(directory.path()).env_clear().env("HOME", directory.path());
    command.stdin(Stdio::null()).env("RICTL_ENDPOINT", emulator.url()).output().unwrap()
}

fn lists(emulator: &Emulator) -> usize {
    emulator.calls().iter().filter(|call| call.action == "DescribeRouterInterfaces").count()
}

#[test]
fn a_plan_and_an_explanation_of_one_of_a_thousand_are_two_reads() {
    let (spec, world) = large("");
    for (arguments, changed) in [
        (vec!["plan", "--json", "--target", "i0100"], Some(1)),
        (vec!["plan", "--json", "--target", "i0104"], Some(0)),
        (vec!["explain", "i0100"], None),
        (vec!["explain", "i0104"], None),
    ] {
        let emulator = Emulator::serve(&world);
        let ran = rictl(&emulator, &spec, &arguments);
        assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
        // One of each region.
        assert_eq!(lists(&emulator), 2, "{arguments:?}");
        let Some(changed) = changed else { continue };
        let plan: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(plan["summary"]["to_change"], changed, "{plan:#}");
        assert_eq!(plan["groups"].as_array().unwrap().len(), 1, "{plan:#}");
        assert_eq!(plan["resource_changes"].as_array().unwrap().len(), 5, "{plan:#}");
    }
}

#[test]
fn an_explanation_of_a_change_counts_all_others_where_there_is_a_cap() {
    let (spec, world) = large("limits: {max_changes: 3}\n");
    let emulator = Emulator::serve(&world);
    let explained = rictl(&emulator, &spec, &["explain", "i0100"]);
    let text = String::from_utf8_lossy(&explained.stdout);
    assert!(text.contains("10 changes"), "{text}");
    assert!(lists(&emulator) > 2);
    let settled = Emulator::serve(&world);
    rictl(&settled, &spec, &["explain", "i0101"]);
    assert!(lists(&settled) > 2, "its group has a change");
    let settled = Emulator::serve(&world);
    rictl(&settled, &spec, &["explain", "i0105"]);
    assert_eq!(lists(&settled), 2, "nothing changes that it is tied to");
}
