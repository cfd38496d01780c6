//! Inputs whose seals hold: whoever can write a file can write its checksum, so what stands behind the seals is mutated
//! too, and sealed again.

use rictl::history::fold;
use rictl::journal::{Journal, LineHash, decode_run};
use rictl::plan::Plan;
use rictl::resource::Target;
use rictl::signature::sha256_hex;
use rictl::state::{self, State};

use super::feed::feed;
use super::{FIXTURES, fixture, real_files};

const STATE_SEAL: &str = "\n  \"checksum\": \"sha256:";
const PLAN_SEAL: &str = r#","checksum":"sha256:"#;

/// Returns what a checksum covers.
fn unsealed(sealed: &[u8], seal: &str) -> Vec<u8> {
    let end = sealed.windows(seal.len()).rposition(|part| part == seal.as_bytes()).unwrap();
    sealed[..end].to_vec()
}

fn seal_state(content: &[u8]) -> Vec<u8> {
    let checksum = sha256_hex(content);
    [content, STATE_SEAL.as_bytes(), checksum.as_bytes(), b"\"\n}\n"].concat()
}

/// Seals a plan: its checksum is that of the document without it.
fn seal_plan(content: &[u8]) -> Vec<u8> {
    let checksum = sha256_hex(&[content, b"}"].concat());
    [content, PLAN_SEAL.as_bytes(), checksum.as_bytes(), b"\"}\n"].concat()
}

/// Returns the lines of a journal without their numbers, hashes and checksums.
fn bodies(journal: &[u8]) -> Vec<u8> {
    let mut bodies = Vec::new();
    for line in std::str::from_utf8(journal).unwrap().lines() {
        let mut body = &line[..line.rfind(r#","crc":"#).unwrap()];
        body = body.rfind(r#","prev":"#).map_or(body, |end| &body[..end]);
        for key in [r#"{"n":"#, r#""b":"#] {
            let number = body.strip_prefix(key).and_then(|rest| rest.split_once(','));
            body = number.map_or(body, |(_, rest)| rest);
        }
        bodies.extend_from_slice(body.as_bytes());
        bodies.push(b'\n');
    }
    bodies
}

/// Makes a journal of such lines; those of version 1 name no line before them.
fn seal_lines(bodies: &[u8], is_chained: bool) -> Vec<u8> {
    let (mut journal, mut prev) = (Vec::with_capacity(2 * bodies.len()), LineHash::default());
    for (number, body) in bodies.split(|byte| *byte == b'\n').filter(|body| !body.is_empty()).enumerate() {
        let start = journal.len();
        journal.extend_from_slice(format!("{{\"n\":{},", number + 1).as_bytes());
        journal.extend_from_slice(body);
        if is_chained {
            journal.extend_from_slice(format!(r#","prev":"{prev}""#).as_bytes());
        }
        let crc = crc32c::crc32c(&journal[start..]);
        journal.extend_from_slice(format!(",\"crc\":\"{crc:08x}\"}}").as_bytes());
        prev = LineHash::of(&journal[start..]);
        journal.push(b'\n');
    }
    journal
}

/// A state that knows nothing yet, for runs to be folded into.
fn nothing() -> State {
    let target = r#"{"provider":"emulator","account_id":"1234567890123456","endpoint":"world world.yaml"}"#;
    State::new("lineage", serde_json::from_str::<Target>(target).unwrap())
}

#[test]
fn a_sealed_state_of_any_version_is_read_as_it_is_written_or_refused() {
    let now = unsealed(&real_files().state, STATE_SEAL);
    let second = unsealed(&fixture("state/v2.json"), STATE_SEAL);
    for (name, original) in [("sealed state", now), ("sealed state v2", second)] {
        feed(name, &[original], |bytes| match state::decode(&seal_state(bytes)) {
            Ok(state) => {
                assert_eq!(state::decode(&state::encode(&state)).as_ref(), Ok(&state));
                true
            }
            Err(_) => false,
        });
    }
    // Without a checksum.
    feed("state v1", &[fixture("state/v1.json")], |bytes| state::decode(bytes).is_ok());
}

#[test]
fn a_sealed_journal_of_any_version_tells_a_story_that_can_be_or_is_refused() {
    let first = bodies(&fixture("state/killed/rictl.journal.jsonl"));
    let second = bodies(&fixture("state/killed-v2/run.jsonl"));
    for (name, original, is_chained) in [
        ("sealed journal", bodies(&real_files().journal), true),
        ("sealed journal v2", second, true),
        ("sealed journal v1", first, false),
    ] {
        assert!(Journal::decode(&seal_lines(&original, is_chained)).is_ok(), "{FIXTURES}: {name}");
        let known = nothing();
        feed(name, &[original], |bytes| match Journal::decode(&seal_lines(bytes, is_chained)) {
            Ok((journal, _)) => {
                let mut state = known.clone();
                for run in journal.replay().runs().iter().filter(|run| run.over.is_some()) {
                    fold(&mut state, run);
                }
                true
            }
            Err(_) => false,
        });
    }
}

#[test]
fn a_sealed_past_run_is_one_whole_run_or_refused() {
    feed("sealed run", &[bodies(&real_files().journal)], |bytes| match decode_run(&seal_lines(bytes, true)) {
        Ok(run) => {
            assert!(run.folded.is_some());
            true
        }
        Err(_) => false,
    });
}

#[test]
fn a_sealed_plan_agrees_with_itself_or_is_refused() {
    let saved = unsealed(&real_files().plan, PLAN_SEAL);
    let digest = Plan::from_file(&seal_plan(&saved)).unwrap().digest();
    feed("sealed plan", &[saved], |bytes| match Plan::from_file(&seal_plan(bytes)) {
        Ok(plan) => {
            // Its digest stands in it: who alters what is covered has to alter that too.
            assert_eq!(plan.digest(), digest, "{}", String::from_utf8_lossy(bytes));
            true
        }
        Err(_) => false,
    });
    let old = unsealed(&fixture("plan/v1_0.json"), PLAN_SEAL);
    feed("sealed plan 1.0", &[old], |bytes| Plan::from_any_file(&seal_plan(bytes)).is_ok());
}
