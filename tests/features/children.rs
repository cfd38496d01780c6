//! Check and notify commands, and what they start: no credentials, and no life after the run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

const WORLD: &str = "\
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces: [{id: ri-a}, {id: ri-b}]
";

/// A desk whose check is the script `check`.
fn desk(check: &str) -> Desk {
    let desk = Desk::new(
        "version: 1
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
rollout: {canary: 1, batch: 1, check: [./check, one argument]}
interfaces:
  a: {id: ri-a, status: Inactive}
  b: {id: ri-b, status: Inactive}
",
    );
    desk.file("world.yaml", WORLD);
    script(&desk, "check", check);
    desk
}

fn script(desk: &Desk, name: &str, text: &str) {
    let path = desk.file(name, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn apply(desk: &Desk) -> Command {
    let mut command = desk.command(&["apply", "--auto-approve", "--poll-interval", "20ms"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Reads the number that a script wrote, once it is there.
fn pid(path: &Path) -> u32 {
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(pid) = text.strip_suffix('\n') {
            return pid.parse().unwrap();
        }
        std::thread::yield_now();
    }
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().next());
    state.is_some_and(|state| !matches!(state, "Z" | "X"))
}

/// A child in its process group, one that left it, and one that left its session and lost its parent.
const SPAWNING: &str = "\
sleep 1000 & echo $! > near
setsid sleep 1000 & echo $! > far
(setsid sh -c 'echo $$ > orphan; exec sleep 1000' &)
while [ ! -s orphan ]; do :; done
";

const SPAWNED: [&str; 3] = ["near", "far", "orphan"];

#[test]
fn what_a_check_starts_ends_with_a_run_that_is_killed() {
    let desk = desk(&format!("{SPAWNING}echo $$ > check.pid\nsleep 1000"));
    let mut run = apply(&desk).spawn().unwrap();
    let check = pid(&desk.path().join("check.pid"));
    let started: Vec<u32> = SPAWNED.iter().map(|name| pid(&desk.path().join(name))).collect();
    assert!(is_alive(check) && started.iter().all(|pid| is_alive(*pid)));
    // SIGKILL: nothing of the run can end anything.
    run.kill().unwrap();
    run.wait().unwrap();
    while is_alive(check) || started.iter().any(|pid| is_alive(*pid)) {
        std::thread::yield_now();
    }
}

#[test]
fn what_a_check_starts_ends_with_the_check() {
    let desk = desk(SPAWNING);
    assert!(apply(&desk).status().unwrap().success());
    let started = SPAWNED.map(|name| pid(&desk.path().join(name)));
    assert_eq!(started.map(is_alive), [false; 3]);
}

#[test]
fn a_check_that_takes_too_long_is_ended_with_what_it_started() {
    let desk = desk(&format!("{SPAWNING}sleep 1000"));
    let spec = fs::read_to_string(desk.path().join("rictl.yaml")).unwrap();
    desk.file("rictl.yaml", &spec.replace("one argument]", "one argument], check_timeout: 2s"));
    let ran = desk.run(&["apply", "--auto-approve", "--poll-interval", "20ms"]);
    assert!(ran.code == 5 && ran.flat().contains("the check `./check` did not end within 2s"), "{ran:#?}");
    let started = SPAWNED.map(|name| pid(&desk.path().join(name)));
    while started.iter().any(|pid| is_alive(*pid)) {
        std::thread::yield_now();
    }
}

#[test]
fn how_a_check_ended_is_told_as_it_was() {
    for (check, said) in [
        ("echo no >&2; exit 3", "ended with exit status: 3: no"),
        ("kill -TERM $$", "ended with signal: 15 (SIGTERM)"),
        ("[ \"$#:$1\" = '1:one argument' ] || exit 9; exit 4", "ended with exit status: 4"),
    ] {
        let ran = desk(check).run(&["apply", "--auto-approve", "--poll-interval", "20ms"]);
        assert!(ran.code == 5 && ran.flat().contains(said), "{check}: {ran:#?}");
    }
    let desk = desk("exit 0");
    fs::remove_file(desk.path().join("check")).unwrap();
    let ran = desk.run(&["apply", "--auto-approve", "--poll-interval", "20ms"]);
    assert!(ran.code == 5 && ran.flat().contains("the check `./check` could not be started: No such file"), "{ran:#?}");
}

/// What nobody else is to see, and what everybody may.
const VARIABLES: [(&str, bool); 12] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", false),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", false),
    ("ALIBABA_CLOUD_SECURITY_TOKEN", false),
    ("ALIBABA_CLOUD_CREDENTIALS_URI", false),
    ("ALICLOUD_SECRET_KEY", false),
    ("OSS_ACCESS_KEY_SECRET", false),
    ("AWS_SECRET_ACCESS_KEY", false),
    ("PGPASSWORD", false),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", false),
    ("RICTL_QUOTA", false),
    ("PROMETHEUS_URL", true),
    ("GITHUB_ACTOR", true),
];

fn with_variables(desk: Desk) -> Desk {
    let value = |name: &str| if name == "RICTL_QUOTA" { "300/60s".to_owned() } else { format!("planted-{name}") };
    let desk = VARIABLES.iter().fold(desk, |desk, (name, _)| desk.variable(name, &value(name)));
    desk.variable("HTTPS_PROXY", "http://ann:planted-proxy@127.0.0.1:1").variable("no_proxy", "localhost")
}

fn assert_clean(environment: &str) {
    for (name, is_given) in VARIABLES {
        assert_eq!(environment.contains(&format!("{name}=")), is_given, "{name}: {environment}");
    }
    assert!(!environment.contains("planted-proxy") && environment.contains("no_proxy=localhost"), "{environment}");
    assert!(environment.contains("PATH=") && environment.contains("HOME="), "{environment}");
}

#[test]
fn a_check_gets_no_credentials() {
    let desk = with_variables(desk("env > environment; tr '\\0' '\\n' < /proc/$PPID/environ > above"));
    assert!(apply(&desk).status().unwrap().success());
    assert_clean(&fs::read_to_string(desk.path().join("environment")).unwrap());
    assert_clean(&fs::read_to_string(desk.path().join("above")).unwrap());
}

#[test]
fn a_notify_command_gets_no_credentials_and_its_input_whole() {
    let desk = with_variables(desk("exit 0"));
    script(&desk, "notify", "env > environment; cat > input");
    let ran = desk.run(&["drift", "--notify-command", "./notify"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_clean(&fs::read_to_string(desk.path().join("environment")).unwrap());
    let input: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(desk.path().join("input")).unwrap()).unwrap();
    assert_eq!(input["items"].as_array().unwrap().len(), 2);
}

#[test]
fn an_external_command_gets_all_but_our_own_variables_and_ends_with_what_it_started() {
    let emulator = Emulator::serve(WORLD);
    let desk = with_variables(desk("exit 0")).variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "");
    desk.file("rictl.yaml", "version: 1\ncloud: {provider: alibaba, region: cn-shanghai}\ninterfaces: {}\n");
    let key = rictl::emulator::DEFAULT_ACCESS_KEY_ID;
    let secret = rictl::emulator::DEFAULT_ACCESS_KEY_SECRET;
    let profile = format!(
        "{{\\\"mode\\\":\\\"AK\\\",\\\"access_key_id\\\":\\\"{key}\\\",\\\"access_key_secret\\\":\\\"{secret}\\\"}}"
    );
    script(&desk, "show", &format!("env > environment\nsleep 1000 & echo $! > near\necho \"{profile}\""));
    let command = desk.path().join("show");
    let config = serde_json::json!({
        "current": "p",
        "profiles": [{"name": "p", "mode": "External", "process_command": command}],
    });
    desk.file(".aliyun/config.json", &config.to_string());
    let ran = desk.run(&["whoami", "--profile", "p", "--endpoint", &emulator.url()]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let environment = fs::read_to_string(desk.path().join("environment")).unwrap();
    for (name, _) in VARIABLES.iter().filter(|(name, _)| *name != "ALIBABA_CLOUD_ACCESS_KEY_SECRET") {
        assert_eq!(environment.contains(&format!("{name}=")), !name.starts_with("RICTL_"), "{name}: {environment}");
    }
    assert!(!environment.contains("RICTL_"), "{environment}");
    assert!(!is_alive(pid(&desk.path().join("near"))));
}
