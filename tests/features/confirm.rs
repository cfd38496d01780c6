//! Commit-confirmed: kept by whoever confirms in time, taken back by silence, and made good whatever dies meanwhile.

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::scene::{Ended, Scene};
use super::terminal::Attended;

const WORLD: &str = "
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b}
";

/// A spec of two interfaces.
fn spec(a: &str, b: &str) -> String {
    format!(
        "version: 1\ncloud: {{provider: emulator, region: cn-shanghai, world: world.yaml}}\ninterfaces:\n  a: {{id: ri-a, status: {a}}}\n  b: {{id: ri-b, status: {b}}}\n"
    )
}

fn scene(a: &str, b: &str) -> Scene {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.write("rictl.yaml", &spec(a, b));
    scene
}

/// Starts an apply and returns it, and the id of its run, once it awaits confirmation.
fn waiting(scene: &Scene, words: &str) -> (Child, String) {
    let arguments: Vec<&str> = ["apply", "--auto-approve"].into_iter().chain(words.split(' ')).collect();
    let output = fs::File::create(scene.path("waiter")).unwrap();
    let errors = fs::File::create(scene.path("waiter.errors")).unwrap();
    let mut child = scene.command(&arguments).stdout(output).stderr(errors).stdin(Stdio::null()).spawn().unwrap();
    while !scene.read("waiter").contains("awaits confirmation") {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("{status}: {}{}", scene.read("waiter"), scene.read("waiter.errors"));
        }
        std::thread::yield_now();
    }
    (child, run(scene, 0)["run_id"].as_str().unwrap().to_owned())
}

/// Waits for a waiter to end.
fn ended(scene: &Scene, mut child: Child) -> Ended {
    let code = child.wait().unwrap().code().unwrap();
    Ended { code, stdout: scene.read("waiter"), stderr: scene.read("waiter.errors") }
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn signal(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

/// Returns the newest run but for so many.
fn run(scene: &Scene, before: usize) -> Value {
    document(&scene.rictl("history --json"))["runs"][before].clone()
}

fn live(scene: &Scene) -> Vec<String> {
    let plan = document(&scene.rictl("plan --json"));
    let changes = plan["resource_changes"].as_array().unwrap();
    changes.iter().map(|change| change["change"]["before"]["status"].as_str().unwrap().to_owned()).collect()
}

fn came_to(run: &Value) -> (Value, Value) {
    (run["outcome"].clone(), run["exit_code"].clone())
}

#[test]
fn silence_takes_it_back_and_the_run_says_so_everywhere() {
    let scene = scene("Inactive", "Active");
    let ended = scene.rictl("apply --auto-approve --confirm-within 300ms").with_code(5);
    let (back, first) = (run(&scene, 0), run(&scene, 1));
    let id = first["run_id"].as_str().unwrap();
    for said in [
        "Applied; awaits confirmation until".to_owned(),
        format!("`rictl confirm {id}` keeps it, `rictl rollback {id}` takes it back"),
        "Rollback complete! Resources: 0 added, 1 changed, 0 destroyed.".to_owned(),
        "Apply incomplete! Resources: 0 added, 1 changed, 0 destroyed.".to_owned(),
    ] {
        assert!(ended.stdout.contains(&said), "{said}: {ended:#?}");
    }
    assert!(ended.stderr.contains(&format!("nobody confirmed run {id} in time")), "{ended:#?}");
    assert_eq!(came_to(&first), (json!("taken_back"), json!(5)));
    assert_eq!((&first["taken_back_by"], &back["takes_back"]), (&back["run_id"], &json!([id])));
    let codes: Vec<&str> =
        first["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unconfirmed", "taken_back"]);
    assert_eq!(live(&scene), ["Active", "Active"]);
    scene.rictl("confirm --expired").with_code(0);
    let late = scene.rictl(&format!("confirm {id}")).with_code(4);
    assert!(late.stderr.contains("is taken back"), "{late:#?}");
    // It is not done again by the next apply.
    scene.rictl("apply --auto-approve").with_code(0);
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn whoever_confirms_keeps_it_and_twice_is_once() {
    let scene = scene("Inactive", "Active");
    let (waiter, id) = waiting(&scene, "--confirm-within 1h");
    assert_eq!(came_to(&run(&scene, 0)), (json!("awaiting_confirmation"), Value::Null));
    for said in [scene.rictl("history").stdout, scene.rictl("plan").stdout, scene.rictl("show").stdout] {
        assert!(said.contains("awaits confirmation until"), "{said}");
    }
    let listed = scene.rictl("confirm").with_code(1);
    assert!(listed.stdout.contains(&id), "{listed:#?}");
    let mut confirm = scene.command(&["confirm", &id[..20]]);
    assert_eq!(confirm.env("USER", "alice").env("LOGNAME", "alice").status().unwrap().code(), Some(0));
    let kept = ended(&scene, waiter).with_code(0);
    assert!(scene.rictl("history").stdout.contains("complete, 1 changed; confirmed by alice"));
    for told in ["show last", "show last --format markdown", "report last", "report last --format html"] {
        let said = scene.rictl(told).with_code(0).stdout;
        assert!(said.contains("within 1h of its last call; confirmed by alice on "), "{told}: {said}");
    }
    let (within, decided) = (run(&scene, 0)["confirm_within_ms"].clone(), run(&scene, 0)["decided"].clone());
    assert_eq!((within, &decided["what"], &decided["by"]), (json!(3_600_000), &json!("kept"), &json!("alice")));
    assert!(kept.stdout.contains("Apply complete! Resources: 0 added, 1 changed, 0 destroyed."), "{kept:#?}");
    scene.rictl("confirm last").with_code(0);
    assert_eq!(came_to(&run(&scene, 0)), (json!("complete"), json!(0)));
    assert_eq!(run(&scene, 0)["resolved_by"], Value::Null);
    assert_eq!(scene.rictl("confirm").with_code(1).stdout, "Nothing awaits confirmation.\n");
    assert!(!scene.rictl("plan").stdout.contains("awaits"));
    assert_eq!(live(&scene), ["Inactive", "Active"]);
}

#[test]
fn while_it_waits_others_go_on_but_not_on_what_it_changed() {
    let scene = scene("Inactive", "Active");
    let (waiter, id) = waiting(&scene, "--confirm-within 1h");
    scene.write("rictl.yaml", &spec("Active", "Inactive"));
    let plan = document(&scene.rictl("plan --json").with_code(3));
    let blocked = &plan["blocked"][0];
    assert_eq!(
        (&blocked["address"], &blocked["code"], &blocked["run_id"]),
        (&json!("a"), &json!("unconfirmed"), &json!(id))
    );
    assert!(blocked["until"].is_string(), "{blocked}");
    scene.rictl("apply --auto-approve").with_code(5);
    assert_eq!(live(&scene), ["Inactive", "Inactive"]);
    // That of others stands, whatever becomes of it.
    signal(&waiter);
    ended(&scene, waiter).with_code(130);
    assert_eq!(live(&scene), ["Active", "Inactive"]);
    let first = document(&scene.rictl(&format!("show {id} --json")));
    assert_eq!(came_to(&first), (json!("taken_back"), json!(130)));
}

#[test]
fn what_a_dead_process_left_is_kept_by_whoever_confirms() {
    let scene = scene("Inactive", "Active");
    let (waiter, id) = waiting(&scene, "--confirm-within 1h");
    killed(waiter);
    assert_eq!(came_to(&run(&scene, 0)), (json!("awaiting_confirmation"), Value::Null));
    scene.rictl("confirm --expired").with_code(0);
    scene.rictl(&format!("confirm {id}")).with_code(0);
    let run = run(&scene, 0);
    assert_eq!(came_to(&run), (json!("complete"), Value::Null));
    assert!(run["resolved_by"].is_string(), "{run}");
    scene.rictl("apply --auto-approve").with_code(0);
    assert_eq!(live(&scene), ["Inactive", "Active"]);
}

#[test]
fn past_the_deadline_of_a_dead_process_the_next_apply_takes_back_first() {
    let scene = scene("Inactive", "Active");
    let (waiter, id) = waiting(&scene, "--confirm-within 1s");
    killed(waiter);
    scene.write("rictl.yaml", &spec("Inactive", "Inactive"));
    let applied = retried(&scene).with_code(4);
    assert!(applied.stderr.contains(&format!("taking back run {id}")), "{applied:#?}");
    assert!(live(&scene)[0] == "Active");
    let first = document(&scene.rictl(&format!("show {id} --json")));
    assert_eq!(
        (came_to(&first), first["resolved_by"].clone()),
        ((json!("taken_back"), Value::Null), first["taken_back_by"].clone())
    );
    scene.rictl("apply --auto-approve").with_code(0);
}

/// Applies until that is late.
fn retried(scene: &Scene) -> Ended {
    loop {
        let applied = scene.rictl("apply --auto-approve");
        if ![0, 3, 5].contains(&applied.code) {
            return applied;
        }
    }
}

/// Takes back what is due, once it is.
fn expired(scene: &Scene) -> Ended {
    loop {
        let ended = scene.rictl("confirm --expired --doubt-window 50ms");
        if ended.code != 0 {
            return ended;
        }
    }
}

/// Starts an apply and kills it once its journal says this, or once it waits.
fn killed_at(scene: &Scene, said: &str) {
    let words = ["apply", "--auto-approve", "--confirm-within", "500ms"];
    let output = fs::File::create(scene.path("waiter")).unwrap();
    let mut child = scene.command(&words).stdout(output).stderr(Stdio::null()).spawn().unwrap();
    let journal = scene.path("state/rictl.journal.jsonl");
    while !fs::read_to_string(&journal).unwrap_or_default().contains(said) && !scene.read("waiter").contains("awaits") {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it was killed");
        std::thread::yield_now();
    }
    killed(child);
}

#[test]
fn the_timer_takes_back_what_a_dead_process_left_wherever_it_died() {
    for at in ["\"accepted\"", "\"intent\"", "run_ended"] {
        let scene = scene("Inactive", "Active");
        killed_at(&scene, at);
        let ended = expired(&scene);
        assert_eq!((ended.code, live(&scene)), (4, vec!["Active".to_owned(); 2]), "{at}: {ended:#?}");
        scene.rictl("confirm --expired").with_code(0);
        let runs = document(&scene.rictl("history --json"))["runs"].clone();
        let first = &runs.as_array().unwrap().last().unwrap();
        assert_eq!(first["outcome"], "taken_back", "{at}: {runs}");
    }
}

#[test]
fn a_taker_back_that_dies_is_finished_by_the_next() {
    for at in ["takes_back", "\"intent\"", "\"accepted\"", "\"closed\""] {
        let scene = scene("Inactive", "Inactive");
        let (waiter, id) = waiting(&scene, "--confirm-within 300ms");
        killed(waiter);
        if !killed_once_due(&scene, at) {
            // It was faster.
            assert_eq!(live(&scene), ["Active", "Active"], "{at}");
            continue;
        }
        let ended = expired(&scene);
        assert_eq!((ended.code, live(&scene)), (4, vec!["Active".to_owned(); 2]), "{at}: {ended:#?}");
        scene.rictl("confirm --expired").with_code(0);
        scene.rictl(&format!("confirm {id}")).with_code(4);
    }
}

/// Starts takers-back until one finds something due, and kills that one once the journal says this; returns whether it was
/// still at work then.
fn killed_once_due(scene: &Scene, said: &str) -> bool {
    let journal = scene.path("state/rictl.journal.jsonl");
    let says = || {
        let text = fs::read_to_string(&journal).unwrap_or_default();
        text.rsplit_once("takes_back").is_some_and(|(_, rest)| said == "takes_back" || rest.contains(said))
    };
    loop {
        let mut command = scene.command(&["confirm", "--expired", "--doubt-window", "50ms"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            if says() {
                killed(child);
                return true;
            }
            match child.try_wait().unwrap() {
                Some(status) if status.code() == Some(0) => break,
                Some(_) => return false,
                None => std::thread::yield_now(),
            }
        }
    }
}

#[test]
fn a_spec_that_no_longer_loads_does_not_stop_the_way_back() {
    for broken in ["interfaces: [\n", ""] {
        let scene = scene("Inactive", "Active");
        let (waiter, _) = waiting(&scene, "--confirm-within 4s");
        scene.write("rictl.yaml", broken);
        let ended = ended(&scene, waiter).with_code(5);
        assert!(ended.stderr.contains("cannot be read") || ended.stderr.contains("stood under"), "{ended:#?}");
        scene.write("rictl.yaml", &spec("Active", "Active"));
        assert_eq!(live(&scene), ["Active", "Active"]);
    }
}

#[test]
fn the_timer_goes_by_what_the_run_stood_under_where_the_spec_is_broken() {
    let scene = scene("Inactive", "Active");
    let (waiter, _) = waiting(&scene, "--confirm-within 300ms");
    killed(waiter);
    scene.write("rictl.yaml", "interfaces: [\n");
    let ended = expired(&scene).with_code(4);
    assert!(ended.stderr.contains("stood under"), "{ended:#?}");
    scene.write("rictl.yaml", &spec("Active", "Active"));
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn a_rollback_by_hand_ends_the_wait() {
    let scene = scene("Inactive", "Active");
    let (waiter, id) = waiting(&scene, "--confirm-within 1h");
    scene.rictl(&format!("rollback {id} --auto-approve")).with_code(0);
    ended(&scene, waiter).with_code(5);
    let (back, first) = (run(&scene, 0), run(&scene, 1));
    assert_eq!((came_to(&first), &first["taken_back_by"]), ((json!("taken_back"), json!(5)), &back["run_id"]));
}

#[test]
fn what_cannot_be_taken_back_stays_due_until_somebody_keeps_it() {
    let scene = scene("Inactive", "Active");
    scene.rictl("apply --auto-approve").with_code(0);
    scene.write("rictl.yaml", &spec("Active", "Active"));
    let (waiter, id) = waiting(&scene, "--confirm-within 1s");
    let protected = spec("Active", "Active").replace("ri-a, ", "ri-a, protect: true, ");
    scene.write("rictl.yaml", &protected);
    ended(&scene, waiter).with_code(5);
    let first = document(&scene.rictl(&format!("show {id} --json")));
    assert_eq!(came_to(&first), (json!("incomplete"), json!(5)));
    assert_eq!(scene.rictl("confirm --expired").code, 5);
    assert!(scene.rictl("plan").stdout.contains(&id));
    scene.rictl(&format!("confirm {id}")).with_code(0);
    scene.rictl("confirm --expired").with_code(0);
    assert!(!scene.rictl("plan").stdout.contains(&id));
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn without_a_step_there_is_no_wait_and_a_run_that_need_not_be_confirmed_says_so() {
    let scene = scene("Active", "Active");
    scene.rictl("apply --auto-approve --confirm-within 1h").with_code(0);
    scene.write("rictl.yaml", &spec("Inactive", "Active"));
    scene.rictl("apply --auto-approve").with_code(0);
    let refused = scene.rictl("confirm last").with_code(1);
    assert!(refused.stderr.contains("need not be confirmed"), "{refused:#?}");
    scene.rictl("apply --auto-approve --confirm-within 0s").with_code(1);
}

#[test]
fn a_failed_run_is_taken_back_at_once_where_that_was_asked_for_and_else_it_waits_and_ends_with_5() {
    let scene = scene("Inactive", "Inactive");
    let check = "rollout: {canary: 1, batch: 1, check: [\"false\"]}\ninterfaces:";
    scene.write("rictl.yaml", &spec("Inactive", "Inactive").replace("interfaces:", check));
    scene.rictl("apply --auto-approve --confirm-within 1h --on-error rollback").with_code(5);
    assert_eq!(live(&scene), ["Active", "Active"]);
    assert_eq!(scene.rictl("confirm").stdout, "Nothing awaits confirmation.\n");
    let (waiter, id) = waiting(&scene, "--redo --confirm-within 1h");
    scene.rictl(&format!("confirm {id}")).with_code(0);
    let kept = ended(&scene, waiter).with_code(5);
    assert!(kept.stdout.contains("Apply incomplete!"), "{kept:#?}");
    assert_eq!(came_to(&run(&scene, 0)), (json!("incomplete"), json!(5)));
}

#[test]
fn the_events_say_that_it_awaits_and_end_with_the_run_that_waited() {
    let scene = scene("Inactive", "Active");
    let ended = scene.rictl("apply --auto-approve --json --confirm-within 300ms").with_code(5);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let id = run(&scene, 1)["run_id"].clone();
    let awaits = lines.iter().find(|line| line["type"] == "awaiting_confirmation").unwrap();
    assert_eq!(awaits["run_id"], id);
    assert!(awaits["until"].is_string(), "{awaits}");
    let ends: Vec<_> = lines.iter().filter(|line| line["type"] == "run_finished").collect();
    assert_eq!((ends.len(), &ends[1]["run_id"], &ends[1]["outcome"]), (2, &id, &json!("taken_back")));
    assert_eq!(lines.last().unwrap()["type"], "run_finished");
}

/// Has the world take another time.
fn slow(scene: &Scene, settle: &str, other: &str) {
    let world = scene.read("world.yaml");
    assert!(world.contains(settle), "{world}");
    scene.write("world.yaml", &world.replace(settle, other));
}

/// Arranges a run that awaits confirmation and whose process died, and a way back of it that died as well once its journal said
/// this; the world takes its time over everything.
fn dead_in_the_way_back(said: &str) -> (Scene, String) {
    let scene = scene("Inactive", "Inactive");
    slow(&scene, "{activate: 20ms", "{activate: 1h");
    let (waiter, id) = waiting(&scene, "--confirm-within 1h");
    killed(waiter);
    let journal = scene.path("state/rictl.journal.jsonl");
    let words = ["rollback", &id, "--auto-approve"];
    let mut child = scene.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let says = |text: &str| text.rsplit_once("takes_back").is_some_and(|(_, rest)| rest.contains(said));
    while !says(&fs::read_to_string(&journal).unwrap_or_default()) {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it was killed");
        std::thread::yield_now();
    }
    killed(child);
    (scene, id)
}

#[test]
fn what_a_dead_taker_back_has_sent_is_not_said_to_be_kept() {
    for said in ["\"intent\"", "\"accepted\""] {
        let (scene, id) = dead_in_the_way_back(said);
        for words in [format!("confirm {id}"), "confirm last".to_owned(), format!("confirm {id} --json")] {
            let refused = scene.rictl(&words).with_code(4);
            assert!(!refused.stdout.contains("kept"), "{refused:#?}");
            assert!(
                refused.stderr.contains("/activate") && refused.stderr.contains("confirm --expired"),
                "{refused:#?}"
            );
        }
        // What looks at it does not offer that, nor says that it awaits.
        for words in ["plan", "confirm", "history"] {
            let looked = scene.rictl(words);
            assert!(!looked.stdout.contains("awaits confirmation"), "{words}: {looked:#?}");
        }
        assert!(!scene.rictl("plan").stdout.contains(&format!("rictl confirm {id}")), "{}", scene.rictl("plan").stdout);
    }
}

#[test]
fn what_a_way_back_left_unsettled_is_named_by_whoever_keeps_the_rest() {
    let scene = scene("Inactive", "Active");
    slow(&scene, "{activate: 20ms", "{activate: 1h");
    let (waiter, id) = waiting(&scene, "--confirm-within 1h");
    killed(waiter);
    scene.rictl(&format!("rollback {id} --auto-approve --settle-timeout 300ms")).with_code(5);
    let kept = scene.rictl(&format!("confirm {id}")).with_code(0);
    let said = "is kept as far as it was not taken back; sent before, and not seen to end: a/activate.";
    assert!(kept.stdout.contains(said), "{kept:#?}");
}

#[test]
fn a_way_back_that_brought_nothing_back_is_not_said_to_have_taken_back() {
    let scene = scene("Inactive", "Active");
    slow(&scene, "deactivate: 20ms", "deactivate: 1h");
    let ended = scene.rictl("apply --auto-approve --confirm-within 400ms --settle-timeout 200ms").with_code(5);
    assert!(!ended.stdout.contains("Taken back"), "{ended:#?}");
    let (back, first) = (run(&scene, 0), run(&scene, 1));
    let codes: Vec<&str> =
        first["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    assert_eq!(
        (came_to(&first), codes),
        ((json!("incomplete"), json!(5)), vec!["unconfirmed", "failed", "not_settled"])
    );
    assert_eq!(first["taken_back_by"], Value::Null);
    let by = back["run_id"].as_str().unwrap();
    let text = scene.rictl(&format!("show {}", first["run_id"].as_str().unwrap())).stdout;
    assert!(text.contains(&format!("run {by} has not taken all of it back")), "{text}");
    for said in [scene.rictl("plan").stdout, scene.rictl("confirm").stdout] {
        assert!(said.contains(&format!("was not confirmed, and run {by} has not taken all of it back")), "{said}");
        assert!(!said.contains("awaits confirmation"), "{said}");
    }
}

#[test]
fn a_signal_ends_at_once_what_only_waits() {
    let scene = scene("Inactive", "Active");
    slow(&scene, "deactivate: 20ms", "deactivate: 1h");
    scene.rictl("apply --auto-approve --confirm-within 400ms --settle-timeout 200ms").with_code(5);
    let errors = fs::File::create(scene.path("taker.errors")).unwrap();
    let journal = scene.path("state/rictl.journal.jsonl");
    let mut taker =
        scene.command(&["confirm", "--expired"]).stdout(errors.try_clone().unwrap()).stderr(errors).spawn().unwrap();
    while !fs::read_to_string(&journal).unwrap().contains("takes_back") {
        std::thread::yield_now();
    }
    while !scene.read("taker.errors").contains("aiting") {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&taker), Signal::TERM).unwrap();
    assert_eq!(taker.wait().unwrap().code(), Some(130));
    let said = scene.read("taker.errors");
    assert!(said.contains("nothing that was sent has to be settled"), "{said}");
    assert!(!said.contains("for up to"), "{said}");
}

#[test]
fn past_the_deadline_nobody_is_told_to_confirm() {
    let scene = scene("Inactive", "Active");
    scene.write(
        "rictl.yaml",
        &spec("Inactive", "Active").replace("interfaces:", "time_zone: Asia/Shanghai\ninterfaces:"),
    );
    let (waiter, id) = waiting(&scene, "--confirm-within 300ms");
    killed(waiter);
    let listed = loop {
        let listed = scene.rictl("confirm").with_code(1);
        if !listed.stdout.contains("awaits") {
            break listed;
        }
    };
    let late = scene.rictl(&format!("confirm {id}")).with_code(4);
    assert!(late.stderr.contains("could be confirmed until") && late.stderr.contains("+08:00"), "{late:#?}");
    assert!(listed.stdout.contains("was not confirmed until") && listed.stdout.contains("+08:00"), "{listed:#?}");
    assert!(!listed.stderr.contains("keeps one of them") && listed.stderr.contains("confirm --expired"), "{listed:#?}");
    for words in ["plan", "history", "show"] {
        let said = scene.rictl(words).stdout;
        assert!(said.contains("was not confirmed until") && said.contains("+08:00"), "{words}: {said}");
        assert!(!said.contains("awaits") && !said.contains(&format!("rictl confirm {id}")), "{words}: {said}");
    }
    scene.rictl("confirm --expired").with_code(4);
    let (back, first) = (run(&scene, 0), run(&scene, 1));
    assert_eq!(first["resolved_at"], back["finished_at"], "{first}");
}

#[test]
fn of_several_specs_what_is_due_is_said_of_the_one_that_it_is_about() {
    let scene = scene("Inactive", "Active");
    let only = |one: &str| {
        spec("Inactive", "Active").lines().filter(|line| !line.contains(one)).collect::<Vec<_>>().join("\n")
    };
    scene.write("rictl.yaml", &only("ri-b"));
    scene.write("other.yaml", &only("ri-a"));
    let (waiter, id) = waiting(&scene, "--confirm-within 100ms");
    killed(waiter);
    let both = |words: &str| scene.rictl(&format!("-f other.yaml -f rictl.yaml {words}"));
    let listed = loop {
        let listed = both("confirm").with_code(1);
        if listed.stdout.contains("was not confirmed until") {
            break listed;
        }
    };
    assert!(listed.stdout.starts_with("# other.yaml\n") && listed.stdout.contains("\n# rictl.yaml\n"), "{listed:#?}");
    assert!(listed.stderr.contains("`rictl -f rictl.yaml confirm --expired`"), "{listed:#?}");
    let document = document(&both("confirm --json").with_code(1));
    assert_eq!(document["awaiting"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&document["awaiting"][0]["run_id"], &document["awaiting"][0]["spec"]),
        (&json!(id), &json!("rictl.yaml"))
    );
    let drift = both("drift --record");
    assert!(drift.stdout.contains("`rictl -f rictl.yaml confirm --expired`"), "{drift:#?}");
    assert!(!drift.stdout.contains("-f other.yaml confirm"), "{drift:#?}");
    // A page on which nothing has moved says so, too.
    let fleet = both("fleet").with_code(2);
    assert!(fleet.stdout.contains("1 not confirmed in time") && fleet.stdout.contains("\n- rictl"), "{fleet:#?}");
    let rows = self::document(&both("fleet --json").with_code(2));
    let overdue: Vec<&Value> = rows["states"].as_array().unwrap().iter().map(|row| &row["overdue"]).collect();
    assert_eq!(overdue, [&json!([]), &json!([id])]);
    both("confirm --expired").with_code(4);
    both("fleet").with_code(0);
}

#[test]
fn the_commands_that_take_several_specs_are_told_by_those_that_do_not() {
    let scene = scene("Active", "Active");
    let refused = scene.rictl("-f rictl.yaml -f other.yaml plan").with_code(1);
    let hint = refused.stderr.split("only ").nth(1).unwrap().split(" take several").next().unwrap().to_owned();
    let commands: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
    assert!(commands.contains(&"fleet") && commands.contains(&"confirm --expired"), "{commands:?}");
    for command in commands {
        let rest = if command == "report" { "report last" } else { command };
        let ran = scene.rictl(&format!("-f rictl.yaml -f other.yaml {rest}"));
        assert!(!ran.stderr.contains("--file was given several times"), "{command}: {ran:#?}");
    }
}

#[test]
fn where_nothing_was_applied_there_is_nothing_to_confirm() {
    let refused = scene("Active", "Active").rictl("confirm last").with_code(1);
    assert!(refused.stderr.contains("nothing to confirm") && !refused.stderr.contains("take back"), "{refused:#?}");
}

/// Starts an apply with somebody at its terminal, and returns it once it awaits confirmation.
fn attended(scene: &Scene) -> Attended {
    let mut waiter = Attended::start(scene, "apply --auto-approve --confirm-within 1h");
    waiter.wait_for("Only 'yes' keeps it now.");
    waiter
}

#[test]
fn yes_at_the_terminal_keeps_it_and_nothing_else_does() {
    let scene = scene("Inactive", "Active");
    let mut waiter = attended(&scene);
    waiter.type_in("no\nyes please\n");
    assert_eq!(came_to(&run(&scene, 0)), (json!("awaiting_confirmation"), Value::Null));
    waiter.type_in("yes\n");
    let (code, shown) = waiter.ended();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("Apply complete!"), "{shown}");
    assert_eq!(
        (came_to(&run(&scene, 0)), live(&scene)),
        ((json!("complete"), json!(0)), vec!["Inactive".to_owned(), "Active".to_owned()])
    );
}

#[test]
fn a_terminal_that_closes_in_the_wait_ends_nothing() {
    let scene = scene("Inactive", "Active");
    let waiter = attended(&scene);
    waiter.signal(Signal::HUP);
    let id = run(&scene, 0)["run_id"].as_str().unwrap().to_owned();
    assert_eq!(came_to(&run(&scene, 0)), (json!("awaiting_confirmation"), Value::Null));
    scene.rictl(&format!("confirm {id}")).with_code(0);
    let (code, shown) = waiter.ended();
    assert_eq!(code, Some(0), "{shown}");
}

#[test]
fn a_run_that_a_signal_ended_says_that_it_awaits_all_the_same() {
    let scene = scene("Inactive", "Inactive");
    slow(&scene, "deactivate: 20ms", "deactivate: 1h");
    let output = fs::File::create(scene.path("run")).unwrap();
    let arguments = ["apply", "--auto-approve", "--confirm-within", "1h", "--settle-timeout", "200ms"];
    let mut child = scene.command(&arguments).stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
    while !scene.read("run").contains("Deactivating...") {
        std::thread::yield_now();
    }
    signal(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let id = run(&scene, 0)["run_id"].as_str().unwrap().to_owned();
    let said = scene.read("run");
    assert!(
        said.contains("what was done awaits confirmation until")
            && said.contains(&format!("`rictl confirm {id}` keeps it")),
        "{said}"
    );
    assert!(scene.rictl("confirm").stdout.contains(&id));
}

#[test]
fn the_second_interrupt_leaves_it_to_the_deadline() {
    let scene = scene("Inactive", "Active");
    slow(&scene, "{activate: 20ms", "{activate: 1h");
    let mut waiter = attended(&scene);
    waiter.signal(Signal::INT);
    waiter.wait_for("Activating");
    waiter.signal(Signal::INT);
    // Two that come at once are one.
    waiter.wait_for("interrupt again to abandon");
    waiter.signal(Signal::INT);
    let (code, shown) = waiter.ended();
    assert_eq!(code, Some(130), "{shown}");
    let first = run(&scene, 1);
    assert_eq!((&first["taken_back_by"], &first["outcome"]), (&Value::Null, &json!("incomplete")), "{shown}");
    // What it had left is due at the deadline, and nobody says that it was taken back.
    assert!(scene.rictl("confirm").stdout.contains("was taken back in part, by run"));
    let early = scene.rictl("confirm --expired").with_code(0);
    assert!(early.stderr.contains("nothing is due"), "{early:#?}");
    assert!(!shown.contains("Taken back"), "{shown}");
}
