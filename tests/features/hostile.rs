//! What somebody can do who writes one of the things that rictl reads: the rows of SECURITY.md, each tried.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use rictl::resource::{DesiredStatus, Status};

use super::scene::{SPEC, Scene};
use crate::harness::binary::{Desk, QUICK};
use crate::harness::emulator::Emulator;

const WORLD: &str = "\
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b}
  - {id: ri-theirs}
";

const HEAD: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";

const HONEST: &str = "\
rollout: {canary: 1, batch: 1, pause: 10ms, check: [sh, -c, \"echo honest >> checks\"]}
interfaces:
  a: {id: ri-a, status: Inactive}
  b: {id: ri-b, status: Inactive}
";

fn desk(rest: &str) -> Desk {
    let desk = Desk::new(&format!("{HEAD}{rest}")).variable("RICTL_POLL_INTERVAL", "20ms");
    let desk = desk.variable("RICTL_DOUBT_WINDOW", "200ms");
    desk.file("world.yaml", WORLD);
    desk
}

/// The job that comments on a pull request.
fn plan_of_a_pull_request(desk: &Desk) -> crate::harness::binary::Ran {
    desk.run(&["plan", "--format", "markdown", "--trust-spec", "0"])
}

fn is_untouched(desk: &Desk) -> bool {
    let log = fs::read_to_string(desk.path().join("world.yaml.log.jsonl")).unwrap_or_default();
    !log.contains("\"interface\"") && !desk.path().join("checks").exists()
}

#[test]
fn the_plan_of_a_hostile_pull_request_runs_nothing_and_shows_what_an_apply_would_run() {
    let hidden = "; echo owned >> checks";
    let check = format!("[sh, -c, \"echo fine{}{hidden}\", \"a\\\", \\\"b\"]", " ".repeat(3_000));
    // Each of so many has a router of its own here, whose tables would be read.
    let limits = "limits: {last_route: ignore}";
    let mut spec = format!("{limits}\nrollout: {{canary: 1, batch: 1, check: {check}}}\ninterfaces:\n");
    let mut world = "regions: [cn-shanghai]\ninterfaces:\n  - {id: ri-a}\n".to_owned();
    for number in 0..400 {
        writeln!(world, "  - {{id: ri-{number:05}}}").unwrap();
        let reason = "a reason that fills the comment ".repeat(9);
        writeln!(spec, "  x{number}: {{id: ri-{number:05}, status: Inactive, reason: \"{reason}\"}}").unwrap();
    }
    writeln!(spec, "  a: {{id: ri-a, status: Inactive, reason: \"</details> [x](http://evil)\"}}").unwrap();
    let desk = desk(&spec);
    desk.file("world.yaml", &world);
    let ran = plan_of_a_pull_request(&desk);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.len() <= 65_536 && ran.out.contains("lines are left out"), "{}", ran.out.len());
    let shown = ran.out.find(hidden).expect("the check is shown whole");
    let folded = ran.out.find("<details>").unwrap_or(usize::MAX);
    assert!(shown < folded && ran.out[..shown].contains("runs at apply: [\"sh\", \"-c\", \"echo fine"), "{}", ran.out);
    assert!(ran.out.contains(r#""a\\", \\"b"]"#), "no argument can be taken for two");
    assert!(is_untouched(&desk));

    // Longer than a comment has room for: said, not cut in silence.
    let padding = format!("\"{}\", ", " ".repeat(3_000)).repeat(2) + "\"echo";
    let desk = self::desk(&HONEST.replace("\"echo", &padding));
    let ran = plan_of_a_pull_request(&desk);
    assert!(ran.out.contains("characters of what runs are not shown here: do not approve it"), "{}", ran.out);
    assert!(ran.out.len() <= 65_536);
}

#[test]
fn a_check_is_shown_in_a_plan_of_one_step_in_every_format() {
    let desk = desk(&HONEST.replace("b: {id: ri-b, status: Inactive}", "b: {id: ri-b, status: Active}"));
    for format in ["text", "json", "markdown", "html"] {
        let ran = desk.run(&["plan", "--format", format]);
        let shown = ran.out.replace("&quot;", "\"").replace("&gt;", ">");
        assert!(ran.code == 0 && shown.contains("echo honest >> checks"), "{format}: {}", ran.out);
        assert!(format == "json" || shown.contains("runs at apply: [\"sh\", \"-c\""), "{format}: {}", ran.out);
    }
}

#[test]
fn a_pull_request_chooses_no_credentials_and_an_honest_one_is_approved_by_its_digest() {
    let steering =
        "cloud: {provider: emulator, region: cn-shanghai, world: world.yaml, profile: net-prod, signature: v1}";
    let honest = desk(HONEST);
    let text = fs::read_to_string(honest.path().join("rictl.yaml")).unwrap();
    let hostile = text.replace("cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}", steering);
    honest.file("rictl.yaml", &hostile);
    let ran = plan_of_a_pull_request(&honest);
    assert!(ran.code == 1 && ran.err.contains("RICTL_ALLOW_PROFILES") && ran.err.contains("--signature"), "{ran:#?}");

    honest.file("rictl.yaml", &text);
    let ran = plan_of_a_pull_request(&honest);
    let digest = ran.out.split('`').find(|part| part.starts_with("sha256:")).expect("a digest").to_owned();
    // After the review: another check, another interface, a step more. None of it is what was approved.
    for swapped in [
        text.replace("echo honest", "echo forged"),
        text.replace("ri-b", "ri-theirs"),
        format!("{text}  c: {{id: ri-theirs, status: Inactive}}\n"),
    ] {
        honest.file("rictl.yaml", &swapped);
        let ran = honest.run(&["apply", "--approve-digest", &digest]);
        assert_eq!(ran.code, 4, "{ran:#?}");
        assert!(is_untouched(&honest));
    }
    honest.file("rictl.yaml", &text);
    let ran = honest.run(&["apply", "--approve-digest", &digest, "--trust-spec", "0"]);
    assert!(ran.code == 1 && ran.err.contains("rollout.check") && is_untouched(&honest), "{ran:#?}");
    let ran = honest.run(&["apply", "--approve-digest", &digest]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(fs::read_to_string(honest.path().join("checks")).unwrap(), "honest\n");
}

/// Puts a state with a fitting checksum in the place of the one that is there.
fn forge_state(desk: &Desk, forge: fn(&mut rictl::state::State)) {
    let path = desk.path().join("state/rictl.json");
    let mut state = rictl::state::decode(&fs::read(&path).unwrap()).unwrap();
    forge(&mut state);
    fs::write(path, rictl::state::encode(&state)).unwrap();
}

#[test]
fn whoever_writes_the_state_forges_history_and_no_call() {
    let plan = |desk: &Desk| -> serde_json::Value { serde_json::from_str(&desk.run(&["plan", "--json"]).out).unwrap() };
    let begun = || {
        let desk = desk(HONEST);
        assert_eq!(desk.run(&["apply", "--auto-approve"]).code, 0);
        desk
    };
    // Whatever was applied before: what is done is what differs between the spec and the live cloud.
    let desk = begun();
    forge_state(&desk, |state| {
        let mut record = state.interfaces.remove(&"a".into()).unwrap();
        (record.declared, record.observed.status) = (Some(DesiredStatus::Active), Some(Status::Active));
        state.interfaces.insert("a".into(), record);
    });
    assert_eq!(plan(&desk)["steps"].as_array().unwrap().len(), 0);
    let text = fs::read_to_string(desk.path().join("rictl.yaml")).unwrap();
    desk.file("rictl.yaml", &text.replace("ri-b, status: Inactive", "ri-b, status: Active"));
    let steps = plan(&desk)["steps"].clone();
    assert_eq!((steps.as_array().unwrap().len(), steps[0]["id"].as_str()), (1, Some("b/activate")));
    // Another target is refused; a record of an interface that nobody declares is never touched.
    forge_state(&desk, |state| {
        let record = state.interfaces["a"].clone();
        state.interfaces.insert("x".into(), rictl::state::Record { id: "ri-theirs".into(), ..record });
    });
    assert_eq!(plan(&desk)["steps"], steps);
    forge_state(&desk, |state| state.target.account_id = "1".into());
    assert_eq!(desk.run(&["plan"]).code, 3);
    // Its place in the journal is another matter.
    let desk = begun();
    forge_state(&desk, |state| state.anchor.as_mut().unwrap().head = rictl::journal::LineHash::of(b"another line"));
    let ran = desk.run(&["apply", "--auto-approve"]);
    assert!(ran.code == 1 && ran.err.contains("rictl state accept"), "{ran:#?}");
}

#[test]
fn whoever_writes_the_past_runs_decides_what_is_taken_back_and_only_of_what_is_declared() {
    let desk = desk(HONEST);
    assert_eq!(desk.run(&["apply", "--auto-approve"]).code, 0);
    let runs = desk.path().join("state/rictl.runs");
    let mut kept = fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().path());
    let path = kept.find(|path| path.extension().is_some_and(|extension| extension == "jsonl")).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    // Edited: the seals say so.
    fs::write(&path, whole.replace("ri-b", "ri-x")).unwrap();
    let ran = desk.run(&["rollback", "last", "--auto-approve"]);
    assert!(ran.code == 1 && ran.err.contains("is damaged"), "{ran:#?}");
    // Sealed again, about an interface that nobody declares.
    let theirs = "state: {path: other/rictl.json}\ninterfaces:\n  t: {id: ri-theirs, status: Inactive}\n";
    desk.file("theirs.yaml", &format!("{HEAD}{theirs}"));
    assert_eq!(desk.run(&["-f", "theirs.yaml", "apply", "--auto-approve"]).code, 0);
    let mut journal = rictl::journal::Journal::default();
    let run = rictl::journal::decode_run(whole.as_bytes()).unwrap();
    let mut entries = run.entries();
    if let rictl::journal::Entry::RunStarted(started) = &mut entries[0] {
        started.steps.iter_mut().for_each(|step| step.interface_id = "ri-theirs".into());
    }
    fs::write(&path, journal.encode(&entries).unwrap()).unwrap();
    let calls = fs::read_to_string(desk.path().join("world.yaml.log.jsonl")).unwrap();
    let ran = desk.run(&["rollback", "last", "--auto-approve"]);
    assert!(ran.code == 3 && ran.out.contains("is not declared any more"), "{ran:#?}");
    assert_eq!(fs::read_to_string(desk.path().join("world.yaml.log.jsonl")).unwrap(), calls);
}

#[test]
fn no_program_of_ours_is_looked_for_on_the_path() {
    let desk = desk(HONEST);
    let names = ["rictl", "supervise-child", "git", "id", "hostname"];
    for name in names {
        let path = desk.file(&format!("bin/{name}"), "#!/bin/sh\ntouch \"$HOME/taken-for-$(basename $0)\"\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}/bin:{}", desk.path().display(), std::env::var("PATH").unwrap());
    let desk = desk.variable("PATH", &path);
    assert_eq!(desk.run(&["apply", "--auto-approve"]).code, 0);
    assert_eq!(fs::read_to_string(desk.path().join("checks")).unwrap(), "honest\n");
    for name in names {
        assert!(!desk.path().join(format!("taken-for-{name}")).exists(), "{name}");
    }
}

#[test]
fn words_in_a_lock_reach_no_terminal_as_they_are() {
    let desk = desk(HONEST);
    assert_eq!(desk.run(&["apply", "--auto-approve"]).code, 0);
    let forged = serde_json::json!({
        "id": "x`rm -rf /`", "who": format!("\u{1b}]0;owned\u{7}{}", "w".repeat(2000)), "host": "else\u{202e}where",
        "pid": 1, "process_start": null, "boot_id": null, "operation": "apply\r\n", "run_id": null,
        "since": "2026-11-23T02:14:00Z",
    });
    desk.file("state/rictl.lock", &forged.to_string());
    let ran = desk.run(&["apply", "--auto-approve"]);
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(
        !ran.text().contains(['\u{1b}', '\u{7}', '\r', '\u{202e}', '`']) || !ran.text().contains("`rm"),
        "{ran:#?}"
    );
    assert!(ran.text().len() < 1000 && ran.err.contains("rictl force-unlock xrm-rf"), "{ran:#?}");
    desk.file("state/rictl.lock", &"w".repeat(1 << 20));
    let ran = desk.run(&["plan"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_run_without_a_lock_says_so() {
    let desk = desk(HONEST);
    assert_eq!(desk.run(&["apply", "--auto-approve", "--lock=none"]).code, 0);
    let runs: serde_json::Value = serde_json::from_str(&desk.run(&["history", "--json"]).out).unwrap();
    assert_eq!(runs["runs"][0]["lock"], "none");
    assert!(desk.run(&["show", "last"]).out.contains("none (--lock=none)"));
    let text = fs::read_to_string(desk.path().join("rictl.yaml")).unwrap();
    desk.file("rictl.yaml", &text.replace("Inactive", "Active"));
    assert_eq!(desk.run(&["apply", "--auto-approve", "--lock=true"]).code, 0);
    let runs: serde_json::Value = serde_json::from_str(&desk.run(&["history", "--json"]).out).unwrap();
    assert!(runs["runs"][0].get("lock").is_none(), "{runs}");
    assert_eq!(desk.run(&["apply", "--lock=false"]).code, 1);
}

#[test]
fn a_directory_of_somebody_else_is_read_and_not_written() {
    let desk = desk(HONEST);
    assert_eq!(desk.run(&["apply", "--auto-approve"]).code, 0);
    let state = desk.path().join("state");
    if std::os::unix::fs::chown(&state, Some(65534), None).is_err() {
        // Not root: nothing can be given to others.
        return;
    }
    assert_eq!(desk.run(&["plan"]).code, 0);
    assert_eq!(desk.run(&["history"]).code, 0);
    for command in [&["apply", "--auto-approve"][..], &["state", "rm", "a"]] {
        let ran = desk.run(command);
        assert!(ran.code == 1 && ran.err.contains("its owner, another user (65534)"), "{ran:#?}");
    }
    // Whose spec it is may keep its state.
    std::os::unix::fs::chown(desk.path().join("rictl.yaml"), Some(65534), None).unwrap();
    assert_eq!(desk.run(&["apply", "--auto-approve"]).code, 0);
}

#[test]
fn a_damaged_journal_of_a_killed_run_is_accepted_and_its_call_is_not_sent_again() {
    let emulator = Emulator::serve("regions: [cn-shanghai]\nsettle: {deactivate: 2s}\ninterfaces: [{id: ri-a}]\n");
    let desk = Desk::new(
        "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ninterfaces: {a: {id: ri-a, status: Inactive}}\n",
    )
    .with_the_usual_key();
    let url = emulator.url();
    let arguments = ["apply", "--auto-approve", "--endpoint", &url].into_iter().chain(QUICK);
    let mut run = desk.command(&arguments.collect::<Vec<_>>()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(run.stdout.take().unwrap()).lines();
    let called = lines.map(Result::unwrap).find(|line| line.contains("a: Deactivating..."));
    assert!(called.is_some());
    // The line is said once the answer is recorded, or about to be.
    let journal = desk.path().join("state/rictl.journal.jsonl");
    while !fs::read_to_string(&journal).unwrap().contains("\"accepted\"") {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let mut bytes = fs::read(&journal).unwrap();
    bytes.extend_from_slice(b"garbage\n{\"n\":99}\nmore\n");
    fs::write(&journal, &bytes).unwrap();
    for refused in [&["plan"][..], &["apply", "--auto-approve"], &["history"]] {
        let ran = desk.quick(&url, refused);
        assert!(ran.code == 1 && ran.err.contains("rictl state accept"), "{refused:?}: {ran:#?}");
    }
    assert_eq!(fs::read(&journal).unwrap(), bytes);
    let ran = desk.quick(&url, &["state", "accept"]);
    assert!(ran.code == 0 && ran.flat().contains("reading what became of its 1 open step"), "{ran:#?}");
    assert_eq!(fs::read(desk.path().join("state/rictl.journal.jsonl.aside-1")).unwrap(), bytes);
    let ran = desk.quick(&url, &["apply", "--auto-approve"]);
    assert!(ran.code == 0, "{ran:#?}");
    assert_eq!(emulator.mutating_calls().len(), 1);
    let history: serde_json::Value = serde_json::from_str(&desk.quick(&url, &["history", "--json"]).out).unwrap();
    let first = history["runs"].as_array().unwrap().last().unwrap();
    assert_eq!(first["outcome"], "died", "{history}");
}

#[test]
fn a_journal_that_is_taken_away_under_a_run_ends_it_and_is_missed_afterwards() {
    let world = "regions: [cn-shanghai]\nsettle: {deactivate: 1s}\ninterfaces: [{id: ri-a}, {id: ri-b}]\n";
    let emulator = Emulator::serve(world);
    let spec = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ninterfaces:\n  a: {id: ri-a, status: Active}\n  b: {id: ri-b, status: Active, depends_on: [a]}\n";
    let desk = Desk::new(spec).with_the_usual_key();
    let url = emulator.url();
    assert_eq!(desk.quick(&url, &["apply", "--auto-approve"]).code, 0);
    desk.file("rictl.yaml", &spec.replace("Active", "Inactive"));
    let arguments = ["apply", "--auto-approve", "--endpoint", &url].into_iter().chain(QUICK);
    let mut run =
        desk.command(&arguments.collect::<Vec<_>>()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("b: Deactivating...")));
    let journal = desk.path().join("state/rictl.journal.jsonl");
    fs::remove_file(&journal).unwrap();
    lines.for_each(drop);
    assert_eq!(run.wait().unwrap().code(), Some(5));
    assert_eq!(emulator.mutating_calls().len(), 1, "nothing is sent that cannot be recorded");
    assert!(!journal.exists());
    let ran = desk.quick(&url, &["plan"]);
    assert!(ran.code == 1 && ran.err.contains("it is gone") && ran.err.contains("rictl state accept"), "{ran:#?}");
    assert_eq!(desk.quick(&url, &["state", "accept"]).code, 0);
    assert_eq!(desk.quick(&url, &["apply", "--auto-approve"]).code, 0);
    assert_eq!(emulator.mutating_calls().len(), 2);
}

#[test]
fn a_run_that_is_refused_before_its_first_entry_makes_no_journal() {
    let scene = Scene::with_spec(SPEC);
    let has_journal = || scene.path("state/rictl.journal.jsonl").exists();
    scene.write("rictl.yaml", &SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    scene.rictl("apply --input=false").with_code(1);
    assert!(!has_journal());
    scene.rictl("apply --auto-approve").with_code(0);
    std::fs::remove_file(scene.path("state/rictl.journal.jsonl")).unwrap();
    // What is gone stays gone, and is told as that, until somebody accepts it.
    for words in ["apply --auto-approve", "plan", "apply --auto-approve", "rollback --auto-approve", "drift", "history"]
    {
        let refused = scene.rictl(words).with_code(1);
        assert!(refused.stderr.contains("it is gone, and its state rests on it"), "{words}: {refused:#?}");
        assert!(!has_journal(), "{words}");
    }
    let accepted = scene.rictl("state accept").with_code(0).stdout;
    assert!(accepted.contains("it is gone") && accepted.contains("The history goes on with serial"), "{accepted}");
    scene.rictl("apply --auto-approve").with_code(0);
}
