//! What was told stands beside the state, and what comes of it where that is damaged, unreadable or cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::Site;
use crate::harness::binary::Ran;

const DRIFT: &str = "--notify-command ./tell";

fn memory(site: &Site) -> std::path::PathBuf {
    site.desk.path().join("state/rictl.notified")
}

#[test]
fn it_is_private_and_holds_what_was_told() {
    let site = Site::new();
    site.console(&["bravo"]);
    site.drift(DRIFT);
    assert_eq!(fs::metadata(memory(&site)).unwrap().permissions().mode() & 0o777, 0o600);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(memory(&site)).unwrap()).unwrap();
    assert_eq!(kept["format_version"], 1);
    assert_eq!(kept["matters"][0]["matter"], serde_json::json!({"interface": "bravo"}));
}

#[test]
fn a_damaged_one_is_said_and_all_is_told_anew() {
    let site = Site::new();
    site.console(&["bravo"]);
    site.drift(DRIFT);
    assert_eq!(site.told().len(), 1);
    for damage in ["", "{", "\u{0}\u{0}", "[]", "{\"format_version\": 1, \"said_at\": 7}"] {
        fs::write(memory(&site), damage).unwrap();
        let ran = site.drift(DRIFT);
        assert!(ran.code == 2 && ran.err.contains("rictl.notified is damaged"), "{damage:?}: {ran:#?}");
        assert_eq!((site.told().len(), site.drift(DRIFT).code, site.told().len()), (1, 2, 0), "{damage:?}");
    }
}

#[test]
fn what_an_older_version_kept_is_no_damage() {
    let site = Site::new();
    site.console(&["bravo"]);
    site.drift(DRIFT);
    site.told();
    fs::write(memory(&site), "sha256:0b5f\n").unwrap();
    let ran = site.drift(DRIFT);
    assert_eq!((ran.code, ran.err.as_str(), site.told().len()), (2, "", 1));
}

#[test]
fn a_newer_one_is_left_alone_and_what_is_found_is_told_all_the_same() {
    let site = Site::new();
    site.console(&["bravo"]);
    fs::write(memory(&site), "{\"format_version\": 2}").unwrap();
    let ran = site.drift(DRIFT);
    assert!(ran.code == 1 && ran.err.contains("is of version 2, and this rictl knows 1"), "{ran:#?}");
    assert_eq!(site.told().len(), 1, "an alarm is better told twice than never");
    assert_eq!(fs::read_to_string(memory(&site)).unwrap(), "{\"format_version\": 2}");
}

#[test]
fn one_that_cannot_be_read_keeps_nobody_from_being_told() {
    let site = Site::new();
    site.console(&["bravo"]);
    fs::create_dir(memory(&site)).unwrap();
    for _ in 0..2 {
        let ran = site.drift(DRIFT);
        assert!(ran.code == 1 && ran.err.contains("rictl.notified"), "{ran:#?}");
        assert_eq!(site.told().len(), 1);
    }
}

/// Runs a check that can write no file.
fn on_a_full_disk(site: &Site, flags: &str) -> Ran {
    let command = format!("ulimit -f 0; exec \"$0\" drift --poll-interval 20ms {flags}");
    let mut child = Command::new("sh");
    child.args(["-c", &command, env!("CARGO_BIN_EXE_rictl")]).current_dir(site.desk.path());
    let output = child.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn on_a_full_disk_it_is_told_again_and_said_why() {
    let site = Site::new();
    site.console(&["bravo"]);
    site.drift("--quiet");
    let ran = on_a_full_disk(&site, "--notify-command true");
    assert!(ran.code == 1 && ran.err.contains("cannot remember what was told"), "{ran:#?}");
    assert!(!memory(&site).exists(), "nothing is left half written");
    let quiet = on_a_full_disk(&site, "--quiet");
    assert!(quiet.code == 1 && quiet.out.is_empty() && quiet.err.contains("File too large"), "{quiet:#?}");
    let leftovers: Vec<_> = fs::read_dir(site.desk.path().join("state"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
    site.drift(DRIFT);
    assert_eq!(site.told().len(), 1, "the next run tells it");
}
