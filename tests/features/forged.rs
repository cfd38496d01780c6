//! A saved plan that somebody edited and sealed again: it is refused, or it runs exactly what the spec gives.

use std::time::Duration;

use rictl::plan::{Action, Blocked, Doubt, Floor, Goal, InterfaceRead, Plan, RolloutPlan, Step, StepId, Warning};
use rictl::render::plan::to_file;
use rictl::resource::{BusinessStatus, Call, Provider, Region, ScopeFailure, Status};

use super::scene::Scene;

const WORLD: &str = "\
regions: [cn-shanghai, cn-beijing]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b, region: cn-beijing, status: Inactive}
  - {id: ri-kept}
  - {id: ri-ours, status: Inactive}
  - {id: ri-theirs}
";

/// `kept` is protected, `ours` is hands off, and `ri-theirs` is nobody's here.
const SPEC: &str = "\
version: 1
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
limits: {max_changes: 2}
groups: {site: {min_active: 1}}
rollout: {canary: 1, batch: 1, pause: 10ms, check: [sh, -c, \"echo checked >> checks\"]}
interfaces:
  a: {id: ri-a, status: Inactive, group: site, reason: CHG-7, timeouts: {deactivate: 1m}}
  b: {id: ri-b, region: cn-beijing, status: Active, group: site}
  kept: {id: ri-kept, status: Inactive, protect: true}
  ours: {id: ri-ours, status: Active, hands_off: {reason: by hand, until: 2020-01-01}}
";

fn scene() -> Scene {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.write("rictl.yaml", SPEC);
    scene
}

/// What a run did: its calls in order, and how often its check ran.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    calls: Vec<(String, String)>,
    checks: usize,
}

fn done(scene: &Scene) -> Done {
    let lines = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap_or_default();
    let log = lines("world.yaml.log.jsonl");
    let moves = log.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        // What was refused is told there as well, and moves nothing.
        line["moments"].get(0)?;
        Some((line["interface"].as_str()?.to_owned(), line["cause"].as_str()?.to_owned()))
    });
    Done { calls: moves.collect(), checks: lines("checks").lines().count() }
}

/// Saves the plan of a fresh scene.
fn saved(scene: &Scene) -> Plan {
    scene.rictl("plan --out p.plan").with_code(3);
    Plan::from_file(scene.read("p.plan").as_bytes()).unwrap()
}

fn step(address: &str, id: &str, call: Call) -> Step {
    let action = Action::Call(call);
    let (expect, goal) = match call {
        Call::Activate => (Status::Inactive, Goal::Active),
        Call::Deactivate => (Status::Active, Goal::Inactive),
    };
    Step {
        id: StepId::new(&address.into(), action),
        address: address.into(),
        action,
        interface_id: id.into(),
        scope: rictl::resource::Scope {
            account: rictl::resource::AccountName::default_account(),
            region: Region::from("cn-shanghai"),
        },
        expect: expect.into(),
        goal,
        after: Vec::new(),
        wave: 1,
        guards: Vec::new(),
        settle_timeout_ms: None,
        change_id: None,
        valid_until: None,
    }
}

type Forgery = (&'static str, fn(&mut Plan));

/// Steps that the spec does not give.
const STEPS: &[Forgery] = &[
    ("an interface that nobody declares", |plan| plan.steps.push(step("x", "ri-theirs", Call::Deactivate))),
    ("the id of a step", |plan| plan.steps[1].interface_id = "ri-theirs".into()),
    ("what is protected", |plan| {
        plan.blocked.clear();
        plan.steps.push(step("kept", "ri-kept", Call::Deactivate));
    }),
    ("what is hands off", |plan| {
        plan.left_alone.clear();
        plan.steps.push(step("ours", "ri-ours", Call::Activate));
    }),
    ("the name of a step", |plan| plan.steps[0].id = StepId("b/wait".into())),
    ("its address", |plan| plan.steps[0].address = "a".into()),
    ("its action", |plan| plan.steps[0].action = Action::Wait),
    ("its region", |plan| plan.steps[0].scope.region = "cn-shanghai".into()),
    ("what it expects", |plan| plan.steps[0].expect = Status::Active.into()),
    ("its goal", |plan| plan.steps[0].goal = Goal::Stable),
    ("its order", |plan| plan.steps.iter_mut().for_each(|step| step.after.clear())),
    ("the order of steps", |plan| plan.steps.reverse()),
    ("its wave", |plan| plan.steps.iter_mut().for_each(|step| step.wave = 1)),
    ("its timeout", |plan| plan.steps[1].settle_timeout_ms = Some(1)),
    ("its margins", |plan| plan.steps[1].guards.clear()),
    ("a step less", |plan| drop(plan.steps.remove(0))),
];

/// What steps are held to.
const GUARDS: &[Forgery] = &[
    ("a floor of 0", |plan| plan.floors[0].min_up = 0),
    ("a floor without links", |plan| plan.floors[0].links.clear()),
    ("a link more", |plan| {
        let mut more = plan.floors[0].links[0].clone();
        more.sides[0].interface_id = "ri-theirs".into();
        plan.floors[0].links.push(more);
    }),
    ("links that are up", |plan| plan.floors[0].links.iter_mut().for_each(|link| link.up = true)),
    ("where a floor is set", |plan| plan.floors[0].knob = None),
    ("no floor", |plan| plan.floors.clear()),
    ("a floor more", |plan| {
        plan.floors.push(Floor { group: "other".into(), links: Vec::new(), min_up: 0, knob: None });
    }),
    ("another check", |plan| {
        rollout(plan).check = Some(["sh", "-c", "echo forged >> checks; touch forged"].map(str::to_owned).to_vec());
    }),
    ("no check", |plan| rollout(plan).check = None),
    ("its timeout", |plan| rollout(plan).check_timeout_ms += 1),
    ("the pause", |plan| rollout(plan).pause_ms = 0),
    ("one wave", |plan| {
        let all = rollout(plan).waves.concat();
        rollout(plan).waves = vec![all];
    }),
    ("no rollout", |plan| plan.rollout = None),
];

/// What it was made from.
const INPUTS: &[Forgery] = &[
    ("nothing read", |plan| plan.inputs.read.clear()),
    ("all is as it should be", |plan| set(plan, 0, Status::Inactive)),
    ("a standby that is up", |plan| set(plan, 1, Status::Active)),
    ("what is protected is down", |plan| set(plan, 2, Status::Inactive)),
    ("what is hands off is up", |plan| set(plan, 3, Status::Active)),
    ("a lock", |plan| {
        if let InterfaceRead::Found { business_status, .. } = &mut plan.inputs.read[0] {
            *business_status = BusinessStatus::FinancialLocked;
        }
    }),
    ("an opposite side", |plan| {
        if let InterfaceRead::Found { opposite_status, .. } = &mut plan.inputs.read[1] {
            *opposite_status = Some(Status::Deleted);
        }
    }),
    ("an interface elsewhere", |plan| {
        let (address, status) = (plan.inputs.read[0].address().clone(), Status::Active);
        plan.inputs.read[0] = InterfaceRead::Elsewhere { address, region: "cn-beijing".into(), status };
    }),
    ("an interface that is gone", |plan| {
        plan.inputs.read[2] = InterfaceRead::Absent { address: plan.inputs.read[2].address().clone() };
    }),
    ("one that was not read", |plan| {
        plan.inputs.read[1] = InterfaceRead::Unreadable { address: plan.inputs.read[1].address().clone() };
    }),
    ("one that nobody declares", |plan| plan.inputs.read.push(InterfaceRead::Absent { address: "x".into() })),
    ("a target", |plan| plan.targeted.push("b".into())),
    ("a target that nobody declares", |plan| plan.targeted.push("x".into())),
    ("something left out", |plan| plan.excluded.push("a".into())),
    ("something left out that does not change", |plan| plan.excluded.push("kept".into())),
    ("the state", |plan| plan.basis.serial += 1),
    ("its lineage", |plan| plan.basis.lineage = Some("another".to_owned())),
    ("the spec's digest", |plan| plan.basis.spec_digest = "sha256:00".to_owned()),
    ("the spec's name", |plan| plan.basis.spec = Some("/etc/passwd".to_owned())),
    ("another account", |plan| plan.target.account_id = "1".into()),
    ("another provider", |plan| plan.target.provider = Provider::Alibaba),
    ("another endpoint", |plan| plan.target.endpoint = "https://evil.example".to_owned()),
    ("caps that were overridden", |plan| plan.inputs.allow_changes = Some(2)),
    ("when", |plan| plan.timestamp += Duration::from_secs(3600)),
];

/// What it says of itself.
const WORDS: &[Forgery] = &[
    ("nothing blocked", |plan| plan.blocked.clear()),
    ("more blocked", |plan| {
        let reason = plan.blocked[0].reason.clone();
        plan.blocked.push(Blocked { address: "a".into(), reason });
    }),
    ("nothing left alone", |plan| plan.left_alone.clear()),
    ("no warnings", |plan| plan.warnings.clear()),
    ("a warning more", |plan| {
        plan.warnings.push(Warning::Told { summary: "all is well".to_owned(), detail: None });
    }),
    ("no groups", |plan| plan.groups.clear()),
    ("a failure", |plan| {
        let (scope, detail) = (plan.steps[0].scope.clone(), "it is down".into());
        plan.failures.push(ScopeFailure { scope, detail, may_be_misspelt: false });
    }),
    ("a doubt", |plan| {
        let (step, run_id) = (plan.steps[0].id.clone(), "20261123T120304.567Z-1a2b3c".to_owned());
        plan.doubts.push(Doubt { step, run_id, is_clear: false, found: None });
    }),
    ("drift", |plan| {
        let change = plan.resource_changes[0].clone();
        plan.resource_drift.push(change);
    }),
    ("a reason", |plan| plan.resource_changes[0].reason = Some("CHG-8".to_owned())),
    ("an id", |plan| plan.resource_changes[0].id = "ri-theirs".into()),
    ("no changes", |plan| plan.resource_changes.clear()),
];

fn rollout(plan: &mut Plan) -> &mut RolloutPlan {
    plan.rollout.as_mut().unwrap()
}

fn set(plan: &mut Plan, at: usize, to: Status) {
    if let InterfaceRead::Found { status, .. } = &mut plan.inputs.read[at] {
        *status = to;
    }
}

/// Runs every forgery on a scene of its own, and returns what ran although it should not, or otherwise than it should.
fn wrong(forgeries: &[Forgery]) -> Vec<String> {
    let honest = scene();
    saved(&honest);
    honest.rictl("apply p.plan").with_code(5);
    let honest = done(&honest);
    assert_eq!((honest.calls.len(), honest.checks), (2, 1), "{honest:?}");
    let mut wrong = Vec::new();
    for (name, forge) in forgeries {
        let scene = scene();
        let mut plan = saved(&scene);
        let before = plan.clone();
        forge(&mut plan);
        assert_ne!(plan, before, "{name}: nothing was forged");
        scene.write("p.plan", &to_file(&plan));
        let ended = scene.rictl("apply p.plan");
        let did = done(&scene);
        let is_refused = matches!(ended.code, 1 | 3 | 4) && did.calls.is_empty() && did.checks == 0;
        let is_honest = matches!(ended.code, 0 | 5) && did == honest;
        if !(is_refused || is_honest) || scene.path("forged").exists() {
            wrong.push(format!("{name}: {ended:#?} {did:?}"));
        }
    }
    wrong
}

#[test]
fn steps_that_the_spec_does_not_give_are_never_run() {
    assert_eq!(wrong(STEPS), Vec::<String>::new());
}

#[test]
fn guards_waves_and_checks_come_from_the_spec() {
    assert_eq!(wrong(GUARDS), Vec::<String>::new());
}

#[test]
fn what_a_file_says_it_was_made_from_leads_to_nothing_else() {
    assert_eq!(wrong(INPUTS), Vec::<String>::new());
}

#[test]
fn what_a_file_says_of_itself_is_without_effect() {
    assert_eq!(wrong(WORDS), Vec::<String>::new());
}

#[test]
fn the_first_difference_is_named() {
    let scene = scene();
    let plan = saved(&scene);
    let refusal = |forge: fn(&mut Plan)| {
        let mut forged = plan.clone();
        forge(&mut forged);
        scene.write("f.plan", &to_file(&forged));
        scene.rictl("apply f.plan").with_code(4).stderr
    };
    let check = refusal(|plan| rollout(plan).check = Some(vec!["curl".to_owned(), "a\", \"b".to_owned()]));
    assert!(check.contains("rollout: check") && check.contains(r#"["curl", "a\\", \\"b"] in the plan"#), "{check}");
    assert!(refusal(|plan| plan.floors[0].min_up = 0).contains("site: floor 0 in the plan, 1 now"));
    assert!(refusal(|plan| plan.steps[1].settle_timeout_ms = None).contains("timeout of the run in the plan, 1m now"));
    let added = refusal(|plan| plan.steps.push(step("x", "ri-theirs", Call::Deactivate)));
    assert!(added.contains("the saved plan has the step x/deactivate, which the spec does not give now"), "{added}");
    scene.write("rictl.yaml", &SPEC.replace("pause: 10ms", "pause: 20ms"));
    assert!(refusal(|_| ()).contains("rollout: pause 10ms in the plan, 20ms now"));
    scene.write(
        "rictl.yaml",
        &SPEC
            .replace("status: Active, group: site}", "status: Inactive, group: site}")
            .replace("min_active: 1", "min_active: 0"),
    );
    assert!(refusal(|_| ()).contains("the saved plan has the step b/activate"));
}

#[test]
fn a_comment_more_in_the_spec_is_no_other_plan() {
    let scene = scene();
    saved(&scene);
    scene.write("rictl.yaml", &format!("# reviewed\n{SPEC}"));
    scene.rictl("apply p.plan").with_code(5);
    assert_eq!(done(&scene).calls.len(), 2);
}

#[test]
fn a_cap_is_overridden_at_apply_and_never_by_a_file() {
    let scene = scene();
    scene.write("rictl.yaml", &SPEC.replace("max_changes: 2", "max_changes: 1"));
    let planned = scene.rictl("plan --out p.plan --allow-changes 2").with_code(3);
    assert!(planned.stdout.contains("`rictl apply p.plan --allow-changes 2` does exactly this"), "{planned:#?}");
    let refused = scene.rictl("apply p.plan").with_code(3);
    assert!(refused.stderr.contains("--allow-changes 2"), "{refused:#?}");
    scene.rictl("apply p.plan --allow-changes 3").with_code(3);
    assert_eq!(done(&scene).calls, []);
    scene.rictl("apply p.plan --allow-changes 2").with_code(5);
    assert_eq!(done(&scene).calls.len(), 2);
}

#[test]
fn a_file_that_does_not_say_what_it_read_is_shown_and_not_applied() {
    let scene = scene();
    saved(&scene);
    let text = scene.read("p.plan");
    let (from, to) = (text.find(",\"inputs\":").unwrap(), text.find(",\"checksum\"").unwrap());
    scene.write("p.plan", &rictl::plan::seal(format!("{}}}", &text[..from])));
    assert!(text[from..to].contains("\"reading\":\"found\""));
    scene.rictl("show p.plan").with_code(0);
    let refused = scene.rictl("apply p.plan").with_code(1);
    assert!(refused.stderr.contains("plan again"), "{refused:#?}");
}
