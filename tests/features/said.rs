//! What is said is true: of what was used, taken back, left open, or could not be written.

use std::fs::OpenOptions;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::scene::{Ended, SPEC, Scene, WORLD};

const DRAINED: (&str, &str) = ("{id: ri-a, status: Active", "{id: ri-a, status: Inactive");

fn alter(scene: &Scene, file: &str, (before, after): (&str, &str)) {
    let text = scene.read(file);
    assert!(text.contains(before), "{text}");
    scene.write(file, &text.replace(before, after));
}

/// Links that take so long to go down.
fn slow(deactivate: &str) -> Scene {
    let scene = Scene::with_spec(SPEC);
    scene.write("world.yaml", &WORLD.replace("deactivate: 40ms", &format!("deactivate: {deactivate}")));
    scene.rictl("apply --auto-approve").with_code(0);
    alter(&scene, "rictl.yaml", DRAINED);
    scene
}

/// Plans until the link is at rest.
fn rested(scene: &Scene) -> Ended {
    loop {
        let plan = scene.rictl("plan").with_code(0);
        if !plan.stdout.contains("Deactivating") {
            return plan;
        }
        assert!(!plan.stdout.contains("outside of rictl"), "{plan:#?}");
    }
}

/// Nothing says that somebody moved what our own call has moved.
fn is_ours(scene: &Scene, plan: &Ended) {
    assert!(plan.stdout.contains("No changes. Your infrastructure matches"), "{plan:#?}");
    assert!(!plan.stdout.contains("outside of rictl"), "{plan:#?}");
    let document = scene.rictl("plan --json").with_code(0).stdout;
    assert!(document.contains("\"resource_drift\":[]"), "{document}");
    for format in ["text", "markdown", "json"] {
        let drift = scene.rictl(&format!("drift --format {format}")).with_code(0);
        assert!(!drift.stdout.contains("drifted\":true"), "{drift:#?}");
    }
}

#[test]
fn a_link_that_is_down_because_it_was_taken_back_needs_no_lower_floor() {
    let scene = Scene::with_spec(SPEC);
    scene.write("world.yaml", &WORLD.replace("name: sh-backup", "name: sh-backup, status: Inactive"));
    scene.rictl("apply --auto-approve").with_code(0);
    scene.rictl("rollback --auto-approve").with_code(0);
    // There and back, and no apply between: nobody has seen it.
    alter(&scene, "rictl.yaml", ("{id: ri-c, status: Active", "{id: ri-c, status: Inactive"));
    alter(&scene, "rictl.yaml", ("{id: ri-c, status: Inactive", "{id: ri-c, status: Active"));
    alter(&scene, "rictl.yaml", DRAINED);
    for words in ["plan", "plan --format markdown", "plan --format html", "plan --json"] {
        let plan = scene.rictl(words).with_code(3).stdout;
        assert!(plan.contains("backup was taken back: --redo brings it up first"), "{plan}");
        assert!(!plan.contains("change the floor"), "{plan}");
    }
    let explained = scene.rictl("explain primary").with_code(0).stdout;
    assert!(explained.contains("--redo brings it up first"), "{explained}");
    scene.rictl("apply --redo --auto-approve").with_code(0);
}

#[test]
fn what_waits_for_what_was_taken_back_says_how_that_is_done_again() {
    let spec = SPEC.replace("Active, group: site}", "Active, group: site, depends_on: [backup]}");
    let scene = Scene::with_spec(&spec.replace("{min_active: 1}", "{}"));
    scene.write("world.yaml", &WORLD.replace("name: sh-", "status: Inactive, name: sh-"));
    scene.rictl("apply --auto-approve --target backup").with_code(0);
    scene.rictl("rollback --auto-approve").with_code(0);
    let plan = scene.rictl("plan").with_code(3).stdout;
    assert!(
        plan.contains("has to wait for backup, which was taken back and is left alone: --redo does it again"),
        "{plan}"
    );
}

#[test]
fn a_link_that_is_down_because_drift_is_left_needs_no_lower_floor() {
    let scene = Scene::with_spec(SPEC);
    scene.rictl("apply --auto-approve").with_code(0);
    scene.write("world.yaml", &WORLD.replace("name: sh-backup", "name: sh-backup, status: Inactive"));
    alter(&scene, "rictl.yaml", DRAINED);
    let plan = scene.rictl("plan --drift leave").with_code(3).stdout;
    assert!(plan.contains("backup is left alone: --drift fix brings it up first"), "{plan}");
}

#[test]
fn a_used_plan_whose_steps_are_at_their_goals_says_nothing_of_the_spec_of_now() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    scene.rictl("plan --out p").with_code(0);
    let unused = scene.rictl("show p").with_code(0).stdout;
    assert!(unused.contains("`rictl apply p` does exactly this"), "{unused}");
    let applied = scene.rictl("apply p").with_code(0);
    assert!(applied.stdout.contains("Apply complete! Resources: 0 added, 1 changed"), "{applied:#?}");
    alter(&scene, "rictl.yaml", ("reason: CHG-7}", "reason: CHG-8, labels: {a: b}}"));
    alter(&scene, "rictl.yaml", DRAINED_BACK);
    let again = scene.rictl("apply p").with_code(0).stdout;
    assert!(again.contains("No changes. Every step of the saved plan is at its goal already."), "{again}");
    assert!(!again.contains("matches the configuration"), "{again}");
    let run = scene.rictl("history").stdout.split(' ').next().unwrap().to_owned();
    for words in ["show p", "show p --format markdown", "show p --format html"] {
        let shown = scene.rictl(words).with_code(0).stdout;
        assert!(shown.contains(&format!("rictl show {run}")) && shown.contains("rictl plan --out p"), "{shown}");
        assert!(!shown.contains("does exactly this"), "{shown}");
    }
}

const DRAINED_BACK: (&str, &str) = (DRAINED.1, DRAINED.0);

#[test]
fn a_plan_file_is_shown_where_there_is_no_spec() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    scene.rictl("plan --out p").with_code(0);
    std::fs::remove_file(scene.path("rictl.yaml")).unwrap();
    let shown = scene.rictl("show p").with_code(0);
    assert!(shown.stdout.contains("`rictl apply p` does exactly this") && shown.stderr.is_empty(), "{shown:#?}");
}

#[test]
fn what_our_own_unsettled_call_moves_was_not_changed_by_others() {
    let scene = slow("300ms");
    scene.rictl("apply --auto-approve --settle-timeout 100ms").with_code(5);
    is_ours(&scene, &rested(&scene));
    // Turned round it is asked for by the spec, and nobody's drift.
    alter(&scene, "rictl.yaml", DRAINED_BACK);
    let plan = scene.rictl("plan --drift leave").with_code(0).stdout;
    assert!(plan.contains("primary will be activated (spec changed)"), "{plan}");
}

#[test]
fn the_other_end_that_our_own_call_takes_along_was_not_changed_by_others() {
    let scene = slow("500ms");
    alter(&scene, "rictl.yaml", DRAINED_BACK);
    alter(&scene, "world.yaml", ("interfaces:", "pairs: together\ninterfaces:"));
    let far = "interfaces:\n  far: {id: ri-b, region: cn-beijing, status: Active}\n";
    alter(&scene, "rictl.yaml", ("interfaces:\n", far));
    scene.rictl("apply --auto-approve").with_code(0);
    alter(&scene, "rictl.yaml", DRAINED);
    scene.killed_at("\"accepted\"", "apply --auto-approve");
    let plan = rested(&scene).stdout;
    assert!(!plan.contains("outside of rictl") && plan.contains("far: other_end"), "{plan}");
}

#[test]
fn what_moves_once_the_call_is_over_is_not_taken_for_ours() {
    let scene = slow("300ms");
    scene.rictl("apply --auto-approve --settle-timeout 100ms").with_code(5);
    rested(&scene);
    alter(&scene, "rictl.yaml", DRAINED_BACK);
    scene.rictl("apply --auto-approve").with_code(0);
    scene.rictl("plan").with_code(0);
    std::fs::remove_file(scene.path("world.yaml.log.jsonl")).unwrap();
    alter(&scene, "world.yaml", ("name: sh-primary", "name: sh-primary, status: Inactive"));
    let plan = scene.rictl("plan").with_code(0).stdout;
    assert!(plan.contains("outside of rictl") && plan.contains("(drift)"), "{plan}");
}

#[test]
fn a_run_that_was_abandoned_is_not_said_to_have_been_killed_and_its_call_is_ours() {
    let scene = slow("600ms");
    let mut command = scene.command(&["apply", "--auto-approve"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let journal = scene.path("state/rictl.journal.jsonl");
    while !std::fs::read_to_string(&journal).unwrap_or_default().contains("\"accepted\"") {
        std::thread::yield_now();
    }
    let mut child = child;
    // The second one leaves; until it is heard, more do no harm.
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        kill_process(pid, Signal::INT).unwrap();
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(130));
    for format in ["text", "markdown", "html"] {
        let shown = scene.rictl(&format!("show last --format {format}")).with_code(0).stdout;
        assert!(
            shown.contains("its process was killed, told a second time to stop, or could not write its end"),
            "{shown}"
        );
    }
    let moving = scene.rictl("drift").stdout;
    assert!(!moving.contains("in transition") || moving.contains("in transition since"), "{moving}");
    let plan = rested(&scene);
    assert!(plan.stdout.contains("unknown, found Inactive"), "{plan:#?}");
    is_ours(&scene, &plan);
    let explained = scene.rictl("explain primary").with_code(0).stdout;
    assert!(explained.contains("last action   DeactivateRouterInterface"), "{explained}");
}

/// Runs a command whose standard output takes nothing.
fn full(scene: &Scene, words: &str) -> Ended {
    let mut command = scene.command(&words.split(' ').collect::<Vec<_>>());
    let output = command.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    Ended { code: output.status.code().unwrap(), stdout: String::new(), stderr }
}

#[test]
fn a_run_that_nobody_could_be_told_of_keeps_its_code_and_says_what_is_missing() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    for (words, outcome) in [
        ("apply --auto-approve --json", "Apply: complete (exit code 0)"),
        ("apply --auto-approve", ""),
        ("rollback --auto-approve", "Rollback: complete (exit code 0)"),
    ] {
        let ended = full(&scene, words).with_code(0);
        assert!(ended.stderr.contains("warning: standard output: No space left"), "{words}: {ended:#?}");
        assert!(ended.stderr.contains(outcome), "{words}: {ended:#?}");
    }
    for words in ["plan", "drift", "history", "show", "validate", "state list", "explain primary", "plan --help"] {
        let ended = full(&scene, words).with_code(1);
        assert!(ended.stderr.contains("error: cannot write to standard output"), "{words}: {ended:#?}");
    }
}

#[test]
fn a_plan_that_went_into_a_device_is_not_said_to_be_saved() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    for place in ["/dev/null", "/dev/stdout"] {
        let plan = scene.rictl(&format!("plan --out {place}")).with_code(0).stdout;
        assert!(plan.contains(&format!("Wrote the plan into {place}, which is no file to apply.")), "{plan}");
        assert!(!plan.contains("Saved") && !plan.contains(&format!("apply {place}")), "{plan}");
    }
}

#[test]
fn the_record_of_what_a_dead_run_did_is_shown_as_the_next_apply_will_find_it() {
    let scene = slow("1h");
    scene.killed_at("\"accepted\"", "apply --auto-approve");
    let before = scene.files();
    for words in ["state show primary", "explain primary"] {
        let shown = scene.rictl(words).with_code(0).stdout;
        assert!(shown.contains("in doubt: nobody has looked since"), "{shown}");
        assert!(shown.contains("has no end on record; the next `rictl apply` looks what became of it"), "{shown}");
    }
    for words in ["state show primary --json", "explain primary --json", "state list --json"] {
        let document: serde_json::Value = serde_json::from_str(&scene.rictl(words).with_code(0).stdout).unwrap();
        assert!(document["run_died"].is_string(), "{document}");
    }
    assert!(scene.rictl("state list").with_code(0).stderr.contains("has no end on record"));
    let other = scene.rictl("state show backup").stdout;
    assert!(!other.contains("no end on record"), "{other}");
    assert_eq!(scene.files(), before);
}

#[test]
fn a_plan_of_the_past_is_looked_at_and_never_offered_to_an_apply() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    for format in ["text", "markdown", "html"] {
        let plan = scene.rictl(&format!("plan --at 2020-01-01 --format {format}")).with_code(0).stdout;
        assert!(
            plan.contains("which is over") && plan.contains("rictl plan` plans as of now") || format == "html",
            "{plan}"
        );
        assert!(!plan.contains("Approve with") && !plan.contains("saves it for then"), "{plan}");
    }
    assert!(!scene.rictl("plan --at 2020-01-01 --json").with_code(0).stdout.contains("approve_with\":\"sha"));
    let drift = scene.rictl("drift --at 2020-01-01").with_code(2).stdout;
    assert!(!drift.contains("what apply would do"), "{drift}");
    for words in ["validate", "explain primary", "graph"] {
        scene.rictl(&format!("{words} --at 2020-01-01")).with_code(0);
    }
    let ahead = scene.rictl("plan --at 1h").with_code(0).stdout;
    assert!(ahead.contains("Approve with") && ahead.contains("saves it for then"), "{ahead}");
}

#[test]
fn a_saved_plan_of_the_past_is_neither_applied_nor_approved() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    let document = scene.rictl("plan --at 2020-01-01 --out p --json").with_code(0).stdout;
    assert!(document.contains("\"applyable\":false"), "{document}");
    let before = scene.read("world.yaml");
    for words in ["apply p", "apply p --auto-approve", "approve p"] {
        let refused = scene.rictl(words).with_code(4).stderr;
        assert!(refused.contains("as of a moment that was over when it was made"), "{refused}");
        assert!(refused.contains("plan again"), "{refused}");
    }
    assert_eq!(scene.read("world.yaml"), before);
    scene.rictl("show p").with_code(0);
}

#[test]
fn a_plan_for_when_windows_open_that_is_of_now_is_applied_now() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    let plan = scene.rictl("plan --at open").with_code(0).stdout;
    assert!(plan.contains("`rictl apply` does this") && !plan.contains("saves it for then"), "{plan}");
}

#[test]
fn the_commands_of_hints_are_typed_as_the_command_was() {
    let scene = Scene::with_spec(SPEC);
    scene.write("net.yaml", &scene.read("rictl.yaml"));
    std::fs::remove_file(scene.path("rictl.yaml")).unwrap();
    let unknown = scene.rictl("show nothing -f net.yaml").with_code(1).stderr;
    assert!(unknown.contains("`rictl -f net.yaml history` lists the runs"), "{unknown}");
    assert!(unknown.contains("`rictl -f net.yaml plan --out FILE`"), "{unknown}");
}

#[test]
fn what_is_no_world_is_not_reset() {
    let scene = Scene::with_spec(SPEC);
    for world in ["rictl.yaml", "."] {
        let refused = scene.rictl(&format!("emulator reset --world {world}")).with_code(1);
        assert!(refused.stdout.is_empty(), "{refused:#?}");
    }
    scene.rictl("emulator reset --world world.yaml").with_code(0);
}

#[test]
fn credentials_of_another_account_are_no_reason_to_apply() {
    let scene = Scene::with_spec(&SPEC.replace(DRAINED.0, DRAINED.1));
    let spec = scene.read("rictl.yaml");
    assert!(spec.contains("world: world.yaml"), "{spec}");
    scene
        .write("rictl.yaml", &spec.replace("world: world.yaml", "world: world.yaml, account_id: \"1999999999999999\""));
    let plan = scene.rictl("plan").with_code(0).stdout;
    assert!(plan.contains("use the credentials of account 1999999999999999"), "{plan}");
    assert!(plan.contains("apply will refuse them") && !plan.contains("does this"), "{plan}");
}

#[test]
fn a_time_zone_is_named_not_reckoned() {
    for zone in ["+08:00", "\"+08:00\"", "UTC+8"] {
        let scene = Scene::with_spec(&format!("{SPEC}\ntime_zone: {zone}\n"));
        let refused = scene.rictl("validate").with_code(1).stderr;
        assert!(refused.contains("`Asia/Shanghai`"), "{refused}");
    }
}

#[test]
fn one_stream_holds_one_document() {
    let scene = Scene::with_spec(SPEC);
    for words in [
        "drift --json --junit /dev/stdout",
        "drift --format markdown --metrics-file /proc/self/fd/1",
        "drift --metrics-file /dev/stdout --junit /dev/stdout",
        "drift --metrics-file one --junit one",
        "drift --json --metrics-file -",
        "plan --json --out /dev/stdout",
        "apply --json --auto-approve --json-into /dev/stdout",
        "rollback --json --auto-approve --json-into /dev/stdout",
    ] {
        let refused = scene.rictl(words).with_code(1);
        let why = format!("{}{}", refused.stdout, refused.stderr);
        assert!(why.contains("would both be written to") || why.contains("- names no file"), "{words}: {refused:#?}");
    }
    scene.rictl("drift --json --junit /dev/null --metrics-file /dev/null").with_code(0);
    scene.rictl("drift --junit /dev/stdout").with_code(0);
    let saved = scene.rictl("plan --json --out p").with_code(0).stdout;
    serde_json::from_str::<serde_json::Value>(&saved).unwrap();
}

#[test]
fn whose_history_is_taken_along_is_said_once() {
    let scene = Scene::with_spec(SPEC);
    scene.rictl("apply --auto-approve").with_code(0);
    let (before, entry) = SPEC.split_once("  primary:").unwrap();
    let (entry, rest) = entry.split_once('\n').unwrap();
    scene.write("rictl.yaml", &format!("{before}{rest}"));
    scene.write("other.yaml", &format!("{before}  moved:{entry}\n"));
    let plan = scene.rictl("-f other.yaml plan").with_code(0).stdout;
    assert!(plan.contains("the history of moved is taken from state/rictl.json"), "{plan}");
    let document = scene.rictl("-f other.yaml plan --json").with_code(0).stdout;
    assert!(document.contains(r#""code":"taken_along""#), "{document}");
    let applied = scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    assert!(applied.stderr.contains("the history of moved is taken from state/rictl.json"), "{applied:#?}");
    let again = scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    assert!(!again.stderr.contains("is taken from"), "{again:#?}");
}

#[test]
fn a_refusal_names_what_to_run_next() {
    let scene = Scene::with_spec(&SPEC.replace("cn-shanghai", "cn-shangai").replacen(
        "id: ri-c,",
        "id: ri-c, region: cn-shanghai,",
        1,
    ));
    let plan = scene.rictl("plan").with_code(1).stdout;
    assert!(plan.contains("it stands at rictl.yaml:2:37; did you mean `cn-shanghai`?"), "{plan}");
    for (words, tip) in [
        ("plan --ot x", "'--out'"),
        ("apply --ot x", "`rictl plan` has `--out`"),
        ("plan --targt x", "'--target'"),
        ("drift --chdr x", "'--chdir'"),
        ("plan --zzzzzz", "For more information"),
    ] {
        let said = scene.rictl(words).with_code(1).stderr;
        assert!(said.contains(tip) && !said.contains("doubt-window"), "{said}");
    }
    let windows = "windows: [{deny: long, start: 2020-01-01, end: 2027-12-01}]\n";
    scene.write("rictl.yaml", &format!("{}{windows}", SPEC.replace(DRAINED.0, DRAINED.1)));
    let plan = scene.rictl("plan");
    if plan.stdout.contains("opens at") {
        assert!(plan.stdout.contains("`rictl plan --at open` plans for when all goes through"), "{plan:#?}");
    }
}
