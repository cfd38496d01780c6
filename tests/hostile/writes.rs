//! Reading commands write nothing where spec, world and state lie.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{Ended, Place, ended};

/// Every command that reads.
const READING: [&[&str]; 20] = [
    &["validate"],
    &["plan"],
    &["plan", "-json"],
    &["plan", "--format", "markdown"],
    &["plan", "--format", "html"],
    &["drift"],
    &["drift", "-json"],
    &["drift", "--format", "html"],
    &["explain", "a"],
    &["graph"],
    &["graph", "--offline"],
    &["whoami"],
    &["show"],
    &["history"],
    &["state", "list"],
    &["state", "show", "a"],
    &["fmt", "--check"],
    &["init", "--world", "world.yaml", "--region", "cn-shanghai", "--output", "-"],
    &["schema"],
    &["version"],
];

/// Everything below a directory: what it is, its bytes, when it was written.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = path.symlink_metadata().unwrap();
        let content = match metadata.file_type() {
            kind if kind.is_dir() => {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                String::new()
            }
            kind if kind.is_symlink() => fs::read_link(&path).unwrap().display().to_string(),
            kind if kind.is_file() => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
            _ => String::new(),
        };
        let (inode, mode, links) = (metadata.ino(), metadata.mode(), metadata.nlink());
        let times = (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
        found.insert(path, format!("{inode} {mode:o} {links} {times:?} {content}"));
    }
    found
}

/// Directories that somebody may have prepared, each with what is recorded, a log of the world included.
fn places() -> Vec<(&'static str, Place)> {
    let with = |name, prepare: fn(&Place)| {
        let place = Place::new();
        prepare(&place);
        (name, place)
    };
    vec![
        with("never applied", |_| {}),
        with("applied", |place| {
            let applied = place.rictl(&["apply", "-auto-approve"]);
            assert_eq!(applied.code, Some(0), "{applied:?}");
        }),
        with("its log is a link", |place| {
            place.write("home/victim", "precious\n");
            place.link("../home/victim", "checkout/world.yaml.log.jsonl");
        }),
        with("its log is a link to nothing", |place| place.link("../home/made", "checkout/world.yaml.log.jsonl")),
        with("its log is a FIFO", |place| place.fifo("checkout/world.yaml.log.jsonl")),
        with("its log is of another world", |place| {
            assert_eq!(place.rictl(&["apply", "-auto-approve"]).code, Some(0));
            place.write("checkout/world.yaml", &format!("{}latency: 1ms\n", super::WORLD));
        }),
        with("its log ends in the middle of a line", |place| {
            assert_eq!(place.rictl(&["apply", "-auto-approve"]).code, Some(0));
            let log = place.path("checkout/world.yaml.log.jsonl");
            let bytes = fs::read(&log).unwrap();
            fs::write(&log, &bytes[..bytes.len() - 5]).unwrap();
        }),
        with("its state lies behind a link", |place| {
            place.write("home/state/rictl.json", "precious\n");
            place.link("../home/state", "checkout/state");
        }),
        with("its state, journal, lock and memory are links", |place| {
            place.write("home/victim", "precious\n");
            fs::create_dir(place.path("checkout/state")).unwrap();
            for name in ["rictl.json", "rictl.journal.jsonl", "rictl.lock", "rictl.notified", "rictl.runs"] {
                place.link("../../home/victim", &format!("checkout/state/{name}"));
            }
        }),
        with("its journal ends in the middle of a line", |place| {
            assert_eq!(place.rictl(&["apply", "-auto-approve"]).code, Some(0));
            let journal = place.path("checkout/state/rictl.journal.jsonl");
            let text = fs::read_to_string(&journal).unwrap();
            fs::write(&journal, format!("{text}{{\"n\":")).unwrap();
        }),
    ]
}

#[test]
fn reading_commands_leave_everything_as_it_is() {
    for (name, place) in places() {
        let before = snapshot(&place.path("."));
        for command in READING {
            let ended = place.rictl(command);
            assert!(ended.code.is_some(), "{name}: {command:?} hangs");
            let after = snapshot(&place.path("."));
            assert_eq!(before, after, "{name}: {command:?}: {ended:?}");
        }
    }
}

#[test]
fn a_reading_command_sees_what_an_apply_did_to_the_world() {
    let place = Place::new();
    assert_eq!(place.rictl(&["apply", "-auto-approve"]).code, Some(0));
    let plan = place.rictl(&["plan", "--detailed-exitcode"]);
    assert!(plan.code == Some(0) && plan.text.contains("No changes"), "{plan:?}");
    fs::remove_dir_all(place.path("checkout/state")).unwrap();
    assert_eq!(place.rictl(&["plan", "--detailed-exitcode"]).code, Some(0), "the log alone tells");
}

#[test]
fn an_apply_follows_no_link_to_a_log_either() {
    for act in [&["apply", "-auto-approve"][..], &["emulator", "serve", "--world", "world.yaml"]] {
        let place = Place::new();
        place.write("home/victim", "precious\n");
        place.link("../home/victim", "checkout/world.yaml.log.jsonl");
        let ended = place.rictl(act);
        assert!(ended.code == Some(1) && ended.text.contains("it is a symlink, not a regular file"), "{ended:?}");
        assert_eq!(fs::read_to_string(place.path("home/victim")).unwrap(), "precious\n");
    }
}

#[test]
fn the_memory_of_drift_is_written_beside_the_state_and_never_through_a_link() {
    let place = Place::new();
    let notify = ["drift", "--notify-command", "true"];
    let told = place.rictl(&notify);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(place.path("checkout/state/rictl.notified").is_file());
    place.write("home/victim", "precious\n");
    place.link("../../home/victim", "checkout/state/rictl.notified");
    let refused = place.rictl(&notify);
    assert!(refused.code == Some(1) && refused.text.contains("is a symlink"), "{refused:?}");
    assert_eq!(fs::read_to_string(place.path("home/victim")).unwrap(), "precious\n");
    assert!(place.path("checkout/state/rictl.notified").is_symlink());
}

/// What may be opened for writing by any command: it keeps nothing.
const NOTHING: [&str; 2] = ["/dev/null", "/dev/tty"];

/// Runs the binary under `strace` and returns every call that opens for writing, makes, moves, removes or alters a file.
fn traced(place: &Place, arguments: &[&str]) -> (Ended, Vec<String>) {
    const CALLS: &str = "open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,unlink,unlinkat,\
                         rmdir,link,linkat,symlink,symlinkat,truncate,ftruncate,fallocate,chmod,fchmod,fchmodat,chown,\
                         lchown,fchown,fchownat,utime,utimes,futimesat,utimensat,setxattr,lsetxattr,fsetxattr";
    let trace = place.path("trace");
    let mut command = place.command("strace");
    // The socket of a name service or of the proxy is none of these; calls that failed altered nothing.
    command.args(["-f", "-qq", "-y", "-s", "4096", "-e", &format!("trace={CALLS}"), "-o"]).arg(&trace);
    let ended = ended(command.arg(env!("CARGO_BIN_EXE_rictl")).args(arguments));
    let lines = fs::read_to_string(&trace).unwrap();
    let alters = |line: &&str| {
        let call = line.split_once(' ').map_or(*line, |(_, call)| call.trim_start());
        let opens = call.starts_with("open");
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"].iter().any(|flag| call.contains(flag));
        let is_nothing = NOTHING.iter().any(|name| call.contains(&format!("\"{name}\"")));
        call.contains('(') && (!opens || writes && !is_nothing)
    };
    (ended, lines.lines().filter(alters).map(str::to_owned).collect())
}

fn has_strace() -> bool {
    let works = std::process::Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: strace is not installed here, or may not trace");
    }
    works
}

#[test]
fn plan_and_drift_open_nothing_for_writing() {
    if !has_strace() {
        return;
    }
    for (name, place) in places() {
        for arguments in [&["plan"][..], &["drift"]] {
            let (ended, calls) = traced(&place, arguments);
            assert!(ended.code.is_some(), "{name}: {arguments:?} hangs");
            assert!(calls.is_empty(), "{name}: {arguments:?}: {calls:#?}");
        }
    }
}

#[test]
fn the_memory_of_drift_is_all_that_telling_writes() {
    if !has_strace() {
        return;
    }
    let place = Place::new();
    let (ended, calls) = traced(&place, &["drift", "--notify-command", "true"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let is_beside = |call: &&String| {
        call.contains("\"state\"")
            || call.contains("state/rictl.notified")
            || call.contains("/checkout/state/.rictl-")
            || call.contains("\"state/.rictl-")
    };
    let elsewhere: Vec<&String> = calls.iter().filter(|call| !is_beside(call)).collect();
    assert!(!calls.is_empty() && elsewhere.is_empty(), "{elsewhere:#?}");
}

#[test]
fn what_a_flag_names_is_all_that_is_written() {
    if !has_strace() {
        return;
    }
    let place = Place::new();
    fs::create_dir(place.path("reports")).unwrap();
    for arguments in [
        &["plan", "-out", "../reports/saved"][..],
        &["drift", "--metrics-file", "../reports/m", "--junit", "../reports/j"],
    ] {
        let (ended, calls) = traced(&place, arguments);
        assert!(matches!(ended.code, Some(0 | 2)), "{ended:?}");
        let elsewhere: Vec<&String> = calls.iter().filter(|call| !call.contains("/reports")).collect();
        assert!(!calls.is_empty() && elsewhere.is_empty(), "{arguments:?}: {elsewhere:#?}");
    }
}
