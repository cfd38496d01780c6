//! Mutated inputs: every reader of a file is fed what a disk, an editor or an attacker may make of it. None panics, none
//! takes long, and what carries a checksum is never read as something else.
//!
//! `MUTATIONS=10000000 cargo test --release --test all mutations:: -- --nocapture` for the long run, and the same with
//! `--lib mutated` for readers that nothing outside their room reaches: the API's answers, credentials, settings, the log
//! of a world, what the emulator is asked.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use std::fs;
use std::path::Path;
use std::process::Command;

use rictl::alibaba::Endpoint;
use rictl::calendar::{self, Toward, Zone};
use rictl::emulator::{Fault, Format, Host, WorldSeed, log_path};
use rictl::journal::{Journal, decode_run, encode_run};
use rictl::ops::notify::Words;
use rictl::plan::Plan;
use rictl::selector::Selector;
use rictl::spec::format::format;
use rictl::spec::{self, SpecFile};
use rictl::store::lock::Holder;
use rictl::survey::terraform;
use rictl::{duration, state};
use tempfile::TempDir;

mod feed;
mod sealed;

use feed::{feed, feed_few};

/// Where files of every version are kept.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(FIXTURES).join(name)).unwrap()
}

const WORLD: &str = "regions: [cn-shanghai]\nsettle: {activate: 10ms, deactivate: 10ms}\nfaults:\n  \
                     - {fault: {throttled: 1s}, nth: 90}\ninterfaces:\n  - {id: ri-a}\n  - {id: ri-b, status: Inactive}\n";

const SPEC: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\nlimits:\n  \
                    max_changes: 4\ngroups:\n  site: {min_active: 1}\ninterfaces:\n  primary:\n    id: ri-a\n    \
                    status: Inactive\n    group: site\n    depends_on: [backup]\n    reason: \"CHG-7 ünïcode\"\n  \
                    backup: {id: ri-b, status: Active, group: site, timeouts: {activate: 10m}}\n";

/// The files that a real apply leaves behind.
struct Files {
    state: Vec<u8>,
    /// The journal of its run, as it was before that was archived.
    journal: Vec<u8>,
    /// The journal since.
    base: Vec<u8>,
    plan: Vec<u8>,
}

fn real_files() -> Files {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("world.yaml"), WORLD).unwrap();
    fs::write(path("rictl.yaml"), SPEC).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
        command.current_dir(directory.path()).env_clear().args(arguments).args(["--poll-interval", "10ms"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    };
    run(&["plan", "--out", "saved"]);
    run(&["apply", "saved"]);
    let read = |name: &str| fs::read(path(name)).unwrap();
    // The run was taken out of the journal when it was over; it went on from the journal's first line.
    let mut kept = fs::read_dir(path("state/rictl.runs")).unwrap().map(|entry| entry.unwrap().path());
    let run = kept.find(|path| path.extension().is_some_and(|extension| extension == "jsonl")).unwrap();
    Files {
        state: read("state/rictl.json"),
        // Told from the first line on, as a journal of its own.
        journal: encode_run(&decode_run(&fs::read(run).unwrap()).unwrap()).unwrap(),
        base: read("state/rictl.journal.jsonl"),
        plan: read("saved"),
    }
}

/// What is wrong with a spec is as wrong in a short one, and a long one takes its time.
const LONGEST_SPEC: usize = 1000;

#[test]
fn a_mutated_spec_is_a_spec_or_an_error() {
    let mut specs = vec![SPEC.as_bytes().to_vec()];
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            specs.push(fs::read(path).unwrap());
        }
    }
    specs.retain(|spec| spec.len() < LONGEST_SPEC);
    specs.push(
        br#"{"version":1,"cloud":{"region":"cn-shanghai"},"interfaces":{"a":{"id":"ri-a","status":"Active"}}}"#
            .to_vec(),
    );
    specs.sort();
    let json: Vec<Vec<u8>> = specs.iter().filter(|spec| spec.starts_with(b"{")).cloned().collect();
    for (name, specs) in [("rictl.yaml", &specs), ("rictl.json", &json)] {
        feed(name, specs, |bytes| spec::parse(vec![SpecFile { name: name.to_owned(), bytes: bytes.to_vec() }]).is_ok());
    }
}

#[test]
fn a_mutated_state_is_the_same_state_or_refused() {
    let files = real_files();
    let original = state::decode(&files.state).unwrap();
    feed("state", &[files.state], |bytes| match state::decode(bytes) {
        Ok(state) => {
            assert_eq!(state, original, "{}", String::from_utf8_lossy(bytes));
            true
        }
        Err(_) => false,
    });
}

#[test]
fn a_mutated_journal_tells_a_beginning_of_the_same_story_or_is_refused() {
    let files = real_files();
    let (original, torn) = Journal::decode(&files.journal).unwrap();
    assert!(torn.is_none());
    let original = original.replay().clone();
    let journal = files.journal.clone();
    feed("journal", &[files.journal], |bytes| match Journal::decode(bytes) {
        Ok((decoded, torn)) => {
            let kept = torn.map_or(bytes.len(), |torn| torn.good_length);
            let is_beginning = journal.starts_with(&bytes[..kept]);
            assert!(is_beginning || *decoded.replay() == original, "{}", String::from_utf8_lossy(bytes));
            true
        }
        Err(_) => false,
    });
}

#[test]
fn a_mutated_past_run_is_the_same_run_or_refused() {
    let files = real_files();
    let original = decode_run(&files.journal).unwrap();
    feed("run", &[files.journal], |bytes| match decode_run(bytes) {
        Ok(run) => {
            assert_eq!(run, original, "{}", String::from_utf8_lossy(bytes));
            true
        }
        Err(_) => false,
    });
    let (original, _) = Journal::decode(&files.base).unwrap();
    feed("base", &[files.base], |bytes| match Journal::decode(bytes) {
        Ok((decoded, torn)) => {
            // One line only: where its beginning is damaged it looks torn, and leaves nothing.
            assert!(decoded == original || torn.is_some() || decoded == Journal::default());
            true
        }
        Err(_) => false,
    });
}

#[test]
fn a_mutated_plan_does_the_same_or_is_refused() {
    let files = real_files();
    let digest = Plan::from_file(&files.plan).unwrap().digest();
    feed("plan", &[files.plan], |bytes| match Plan::from_file(bytes) {
        Ok(plan) => {
            assert_eq!(plan.digest(), digest, "{}", String::from_utf8_lossy(bytes));
            true
        }
        Err(_) => false,
    });
}

/// Stands where nothing but a description does.
const UNSAID: &str = "zzqx";

#[test]
fn a_mutated_world_is_refused_without_its_words() {
    let text = format!(
        "regions: [cn-shanghai]\nmetadata: {{role: {UNSAID}}}\ninterfaces:\n  - {{id: ri-a, name: {UNSAID}, tags: {{k: {UNSAID}}}}}\n  \
         - id: ri-b\n    description: |\n      {UNSAID}\n    opposite: {{id: ri-x, region: cn-b, status: Deleted}}\n"
    );
    let world = WorldSeed::parse(&text, Format::Yaml).unwrap();
    for (format, text) in [(Format::Yaml, text.clone()), (Format::Json, world.to_text(Format::Json))] {
        feed(&format!("unsaid {format:?}"), &[text.into_bytes()], |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            match WorldSeed::parse(text, format) {
                Ok(_) => true,
                Err(error) => {
                    let said = rictl::store::explain(&error);
                    assert!(!said.contains(UNSAID), "{said}: {text}");
                    false
                }
            }
        });
    }
}

#[test]
fn a_mutated_text_of_any_other_reader_is_read_or_refused() {
    let terraform_state = br#"{"version": 4, "terraform_version": "1.5.0", "serial": 3, "resources": [{"mode": "managed",
        "type": "alicloud_router_interface", "name": "a", "provider": "p", "instances": [{"attributes":
        {"id": "ri-a", "router_type": "VRouter", "role": "InitiatingSide", "opposite_region": "cn-b", "name": "x"}}]}]}"#;
    feed("tfstate", &[terraform_state.to_vec()], |bytes| terraform::read(bytes).is_ok());
    feed("fmt", &[SPEC.as_bytes().to_vec(), WORLD.as_bytes().to_vec()], |bytes| match format(bytes) {
        Ok(formatted) => {
            assert_eq!(format(formatted.as_bytes()).ok().as_ref(), Some(&formatted), "once is enough");
            true
        }
        Err(_) => false,
    });
    let lengths = [&b"1h30m"[..], b"500ms", b"10m5s"].map(<[u8]>::to_vec);
    feed("duration", &lengths, |bytes| std::str::from_utf8(bytes).is_ok_and(|text| duration::parse(text).is_ok()));
    let times =
        [&b"2026-12-02T01:00:00.250+08:00"[..], b"2026-10-25", b"2026-10-25 02:30", b"3d12h"].map(<[u8]>::to_vec);
    let (zone, now) = (Zone::named("Europe/Berlin").unwrap(), jiff::Timestamp::UNIX_EPOCH);
    feed("time", &times, |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| calendar::read(text, &zone, now, Toward::Future).is_ok())
    });
    let selectors = [&b"group:idc-*,region:cn-shanghai"[..], b"label:role=c?re", b"sh-primary"].map(<[u8]>::to_vec);
    feed("selector", &selectors, |bytes| match std::str::from_utf8(bytes).map(Selector::parse) {
        Ok(Ok(selector)) => {
            assert_eq!(Selector::parse(selector.as_str()).as_ref(), Ok(&selector), "it is read as it is written");
            true
        }
        _ => false,
    });
    let holder = br#"{"id":"a","who":"ann","host":"h","pid":7,"process_start":5,"boot_id":"b","operation":"apply","run_id":"r","since":"2026-11-29T00:00:00Z"}"#;
    feed("lock", &[holder.to_vec()], |bytes| {
        Holder::parse(bytes).is_some_and(|it| it.to_string().chars().all(|c| !c.is_control()))
    });
    feed("notify command", &[br#"mail -s "it's moved" 'a "b"' x"#.to_vec()], |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<Words>().is_ok())
    });
    let endpoints = [&b"https://vpc.cn-shanghai.aliyuncs.com"[..], b"http://127.0.0.1:8080"].map(<[u8]>::to_vec);
    feed("endpoint", &endpoints, |bytes| match std::str::from_utf8(bytes).map(str::parse::<Endpoint>) {
        Ok(Ok(endpoint)) => {
            let shown = endpoint.to_string();
            assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()) && !shown.contains('@'), "{shown:?}");
            true
        }
        _ => false,
    });
}

#[test]
fn a_mutated_log_of_a_world_is_replayed_or_refused() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("world.yaml"), WORLD).unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut host = Host::open(&path("world.yaml"), now).unwrap();
    let flip = Fault::parse_schedule("faults: [{fault: {console: {interface: ri-a, status: Idle, at: 3s}}}]").unwrap();
    host.add_faults(flip, now).unwrap();
    let log = fs::read(log_path(&path("world.yaml"))).unwrap();
    feed_few("log", &[log], |bytes| {
        fs::write(log_path(&path("world.yaml")), bytes).unwrap();
        let looked = Host::look(&path("world.yaml"), now).is_ok();
        assert_eq!(fs::read(log_path(&path("world.yaml"))).unwrap(), bytes, "who looks writes nothing");
        looked
    });
}

#[test]
fn a_mutated_world_is_a_world_or_an_error() {
    let worlds = [WORLD.as_bytes().to_vec()];
    feed("world.yaml", &worlds, |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| WorldSeed::parse(text, Format::Yaml).is_ok())
    });
    let seed = WorldSeed::parse(WORLD, Format::Yaml).unwrap();
    feed("world.json", &[seed.to_text(Format::Json).into_bytes()], |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| WorldSeed::parse(text, Format::Json).is_ok())
    });
    feed(
        "faults",
        &[b"faults:\n  - {fault: drop, nth: 1}\n  - {fault: {console: {interface: ri-a, status: Idle}}}\n".to_vec()],
        |bytes| std::str::from_utf8(bytes).is_ok_and(|text| Fault::parse_schedule(text).is_ok()),
    );
}
