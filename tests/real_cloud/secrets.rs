//! No secret in anything that the binary writes, at the highest log level, whatever goes wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use rictl::signature::{hex, percent_encode};

use super::{APPLY, WORLD, spec};
use crate::harness::binary::{Desk, QUICK};
use crate::harness::emulator::{ACCOUNT, Emulator};

const KEY_SECRET: &str = "pL4nted+Secret/of=the*W0rld~key";
const BASE_SECRET: &str = "An0ther&planted=secr3t+of/a.role";
const OIDC_TOKEN: &str = "eyJhbGciOiJub25lIn0.cGxhbnRlZC10b2tlbg.c2lnbmF0dXJl";
const PROXY_PASSWORD: &str = "Pr0xy-planted-passw0rd";

/// Returns which secrets a text gives away, whole or by their ends, in any usual coding.
fn leaks<'s>(text: &str, secrets: &[&'s str]) -> Vec<&'s str> {
    let gives_away = |secret: &&&str| {
        let standard = base64::engine::general_purpose::STANDARD.encode(secret);
        let forms = [
            secret.to_string(),
            standard.trim_end_matches('=').to_owned(),
            hex(secret.as_bytes()),
            percent_encode(secret),
            percent_encode(&percent_encode(secret)),
            secret[..8].to_owned(),
            secret[secret.len() - 8..].to_owned(),
        ];
        forms.iter().any(|form| text.contains(form))
    };
    secrets.iter().filter(gives_away).copied().collect()
}

#[test]
fn the_check_finds_what_is_planted() {
    let coded = base64::engine::general_purpose::STANDARD.encode(KEY_SECRET);
    for text in
        [KEY_SECRET, &coded, &hex(KEY_SECRET.as_bytes()), &percent_encode(KEY_SECRET), "… pL4nted+ …", "… 0rld~key"]
    {
        assert_eq!(leaks(&format!("x{text}y"), &[KEY_SECRET, BASE_SECRET]), [KEY_SECRET], "{text}");
    }
    assert!(leaks("nothing", &[KEY_SECRET, BASE_SECRET, OIDC_TOKEN, PROXY_PASSWORD]).is_empty());
}

fn world(faults: &str) -> String {
    format!(
        "{WORLD}faults: [{faults}]
accounts:
  - id: \"{ACCOUNT}\"
    access_keys: [{{id: planted, secret: \"{KEY_SECRET}\"}}, {{id: base, secret: \"{BASE_SECRET}\"}}]
"
    )
}

/// All that the binary may have written: every file below a directory but those that hold the secrets by purpose.
fn written(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if !["config.json", "token"].contains(&path.file_name().unwrap().to_str().unwrap()) {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                files.push((path, text));
            }
        }
    }
    files
}

/// Runs everything that writes, and returns all of it.
fn run_everything(desk: &Desk, emulator: &Emulator) -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    let commands: [&[&str]; 13] = [
        &["whoami"],
        &["whoami", "--json"],
        &["plan", "--out", "saved.plan"],
        &["plan", "--format", "markdown"],
        &["plan", "--format", "html"],
        &["plan", "--json"],
        &["apply", "saved.plan", "--json-into", "events.jsonl"],
        &["apply", "--auto-approve", "--json"],
        &["drift", "--format", "html"],
        &["history", "--json"],
        &["show", "--json"],
        &["state", "list", "--json"],
        &["graph", "--format", "svg"],
    ];
    for command in commands {
        let arguments: Vec<&str> = command.iter().copied().chain(["--log", "trace"]).collect();
        let ran = desk.quick(&emulator.url(), &arguments);
        texts.push((PathBuf::from(command.join(" ")), ran.text()));
    }
    texts.extend(written(desk.path()));
    texts.push((emulator.call_log().to_owned(), fs::read_to_string(emulator.call_log()).unwrap()));
    texts
}

fn check(texts: &[(PathBuf, String)], secrets: &[&str]) {
    assert!(texts.iter().any(|(_, text)| text.contains("trace: ")), "the log is on");
    for (name, text) in texts {
        let found = leaks(text, secrets);
        assert!(found.is_empty(), "{} gives away {found:?}:\n{text}", name.display());
    }
}

fn planted(desk: Desk) -> Desk {
    desk.variable("ALIBABA_CLOUD_ACCESS_KEY_ID", "planted")
        .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY_SECRET)
        .variable("HTTPS_PROXY", &format!("http://net:{PROXY_PASSWORD}@127.0.0.1:9"))
}

#[test]
fn keys_of_the_environment_are_written_nowhere() {
    let faults = [
        "",
        "{fault: {throttled: 20ms}, every: 3}, {fault: garbage, every: 5}",
        "{fault: denied, action: DeactivateRouterInterface}",
        "{fault: {error: {code: Strange}}, action: DescribeRouterInterfaces, every: 2}",
    ];
    for faults in faults {
        for signature in ["v1", "v3"] {
            let emulator = Emulator::serve(&world(faults));
            let desk = planted(Desk::new(&spec())).variable("RICTL_SIGNATURE", signature);
            check(&run_everything(&desk, &emulator), &[KEY_SECRET, PROXY_PASSWORD]);
        }
    }
}

#[test]
fn a_wrong_secret_is_not_repeated_by_the_error_about_it() {
    for signature in ["v1", "v3"] {
        let emulator = Emulator::serve(WORLD);
        let desk = planted(Desk::new(&spec()))
            .variable("ALIBABA_CLOUD_ACCESS_KEY_ID", "emulator")
            .variable("ALIBABA_CLOUD_SECURITY_TOKEN", OIDC_TOKEN)
            .variable("RICTL_SIGNATURE", signature);
        check(&run_everything(&desk, &emulator), &[KEY_SECRET, OIDC_TOKEN, PROXY_PASSWORD]);
    }
}

#[test]
fn keys_of_profiles_and_tokens_of_roles_are_written_nowhere() {
    let emulator = Emulator::serve(&world("{fault: token_expired, action: DeactivateRouterInterface, nth: 1}"));
    let role = format!("acs:ram::{ACCOUNT}:role/net-ops");
    let desk = Desk::new(&spec());
    let token = desk.file("token", OIDC_TOKEN);
    for profile in [
        serde_json::json!({"name": "p", "mode": "RamRoleArn", "access_key_id": "base", "access_key_secret": BASE_SECRET,
            "ram_role_arn": role, "ram_session_name": "rictl"}),
        serde_json::json!({"name": "p", "mode": "OIDC", "oidc_provider_arn": format!("acs:ram::{ACCOUNT}:oidc-provider/p"),
            "oidc_token_file": token, "ram_role_arn": role, "ram_session_name": "rictl"}),
    ] {
        desk.file(".aliyun/config.json", &serde_json::json!({"current": "p", "profiles": [profile]}).to_string());
        check(&run_everything(&desk, &emulator), &[BASE_SECRET, OIDC_TOKEN]);
    }
}

#[test]
fn a_running_apply_shows_no_secret_and_dumps_no_core() {
    let emulator = Emulator::serve(&world("{fault: hang, action: DescribeRouterInterfaces}"));
    let desk = planted(Desk::new(&spec()));
    let url = emulator.url();
    let arguments: Vec<&str> = APPLY.iter().copied().chain(["--endpoint", &url]).chain(QUICK).collect();
    let mut child = desk.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while emulator.calls().is_empty() && begun.elapsed() < Duration::from_secs(30) {
        std::thread::yield_now();
    }
    let of_process = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id()));
    let (command_line, limits) = (of_process("cmdline").unwrap(), of_process("limits").unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(command_line.contains("--auto-approve"), "{command_line}");
    assert!(leaks(&command_line, &[KEY_SECRET, PROXY_PASSWORD]).is_empty(), "{command_line}");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}
