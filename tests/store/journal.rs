//! The journal: its lines under damage, legal and illegal histories, what a dead run leaves, what is folded.

use proptest::prelude::*;
use rictl::cloud::Call;
use rictl::cloud::{Receipt, RequestId};
use rictl::history::fold;
use rictl::journal::{
    Answer, Base, Died, Entry, Evidence, Ground, Journal, LineHash, Outcome, PlannedStep, Reserved, decode_run,
    encode_run, runs_in,
};
use rictl::plan::{Goal, Guard};
use rictl::resource::Status;
use rictl::run::{Exit, RunOutcome, StepReason};
use rictl::state::Sighting;
use rictl::uptime::Uptime;

use super::arrange::{
    BOOT, accepted, at, closed, doubtful, drain, ended, intent, new_state, refused, run_id, started, step,
};

/// Writes each entry as its own durable write.
fn written(entries: &[Entry]) -> Vec<u8> {
    let mut journal = Journal::default();
    entries.iter().flat_map(|entry| journal.encode(std::slice::from_ref(entry)).unwrap()).collect()
}

fn replayed(entries: &[Entry]) -> Result<Journal, String> {
    let mut journal = Journal::default();
    journal.encode(entries).map_err(|illegal| illegal.to_string())?;
    Ok(journal)
}

fn two_runs() -> Vec<Entry> {
    let mut entries = drain(1, 0, "sh-primary");
    entries.push(Entry::Folded { serial: 1 });
    entries.extend(drain(2, 1, "sh-backup"));
    entries.push(Entry::Folded { serial: 2 });
    entries
}

#[test]
fn lines_read_as_what_happened() {
    insta::assert_snapshot!(String::from_utf8(written(&two_runs()[..6])).unwrap(), @r#"
        {"n":1,"run_started":{"format_version":3,"run_id":"20261123T120000.001Z-1a2b3c","at":"2026-11-23T12:00:00.25Z","operation":"apply","who":"ops@bastion","pid":4711,"target":{"provider":"emulator","account_id":"1234567890123456","endpoint":"http://127.0.0.1:4020"},"lineage":"lineage-1","serial":0,"digest":"sha256:00","steps":{"on":[["sh-primary","ri-2zeo3xzyf38r4ursh-primary"]],"call":{"of":["DeactivateRouterInterface"]},"scope":{"of":[{"region":"cn-shanghai"}]}}},"prev":"00000000000000000000000000000000","crc":"f8c716cb"}
        {"n":2,"at":10,"intent":[0],"prev":"14d6fd183560f3fa451d6f440bccc888","crc":"9d067523"}
        {"n":3,"at":90,"accepted":[[0,0,"4EC47282-1B74-4534-BD0E-403F3EE64CAF"]],"prev":"ddc642dfb68bafe1d68bf85fc2a6cccd","crc":"4cbac792"}
        {"n":4,"at":5000,"closed":[0],"prev":"5eff0e921e727482699d89b067fc46d4","crc":"20d51b7c"}
        {"n":5,"run_ended":{"at":"2026-11-23T12:00:05.251Z","exit":0,"outcome":"complete"},"prev":"6e0bf7636206893613bdcf8add333b9a","crc":"72887adc"}
        {"n":6,"folded":{"serial":1},"prev":"1292a10e49cbc6fa2aeed8954581b45f","crc":"39c3770d"}
        "#);
}

#[test]
fn a_step_costs_the_same_in_a_run_of_any_size() {
    let steps: Vec<_> = (0..100_000).map(|n| step(&format!("site-{n:06}-primary"), Some(Call::Deactivate))).collect();
    let last = steps.last().unwrap().clone();
    let mut journal = Journal::default();
    journal.encode(&[started(1, 0, steps)]).unwrap();
    let hour = 3_600_000;
    let lines = journal
        .encode(&[intent(&last, hour), accepted(&last, hour), closed(&last, hour, Outcome::Done, Status::Inactive)])
        .unwrap();
    assert!(lines.len() <= 280, "{} bytes: {}", lines.len(), String::from_utf8_lossy(&lines));
}

#[test]
fn a_step_of_a_run_of_two_hundred_costs_at_most_256_bytes_with_its_part_of_the_first_line() {
    let mut steps: Vec<_> = (0..200).map(|n| step(&format!("site-{n:06}-primary"), Some(Call::Deactivate))).collect();
    let told = |step: &PlannedStep| {
        let group = &step.guards[0].group;
        serde_json::json!({ "id": step.interface_id, "region": "cn-shanghai", "status": "Inactive", "group": group, "reason": step.reason })
    };
    for (number, step) in steps.iter_mut().enumerate() {
        step.reason = Some("CHG-1042 the carrier replaces its fibre".into());
        step.change_id = Some("fibre".into());
        let group = format!("site-{}", number / 4).into();
        step.guards = vec![Guard { group, lowest: Some(3), of: 4, end: 3, floor: 2, takes_nothing: false }];
    }
    let interfaces: serde_json::Map<_, _> = steps.iter().map(|step| (step.address.to_string(), told(step))).collect();
    let Entry::RunStarted(mut run) = started(1, 0, steps.clone()) else { panic!("the beginning of a run") };
    run.evidence.stood_under = Some(serde_json::json!({ "version": 1, "interfaces": interfaces }));
    run.evidence.grounds = steps
        .iter()
        .map(|step| Ground {
            interface_id: step.interface_id.clone(),
            scope: step.scope.clone(),
            follows: Some(run_id(7)),
            entry: None,
        })
        .collect();
    let mut journal = Journal::default();
    let mut bytes = journal.encode(&[Entry::RunStarted(run)]).unwrap();
    // As few things in a write as an apply of a server that takes its time has.
    for (number, few) in (0..).zip(steps.chunks(4)) {
        let millis = 100 * number;
        bytes.extend(journal.encode(&few.iter().map(|step| intent(step, millis)).collect::<Vec<_>>()).unwrap());
        bytes.extend(journal.encode(&few.iter().map(|step| accepted(step, millis + 50)).collect::<Vec<_>>()).unwrap());
        let uptime = Some(Uptime { boot: BOOT.to_owned(), ms: 86_400_000 + millis as u64 });
        let ends = few.iter().map(|step| match closed(step, millis + 90, Outcome::Done, Status::Inactive) {
            Entry::Closed { step, at, outcome, status, because, .. } => {
                Entry::Closed { step, at, outcome, status, because, uptime: uptime.clone() }
            }
            _ => panic!("the end of a step"),
        });
        bytes.extend(journal.encode(&ends.collect::<Vec<_>>()).unwrap());
    }
    bytes.extend(journal.encode(&[ended(20_000)]).unwrap());
    assert!(bytes.len() / steps.len() <= 256, "{} bytes a step", bytes.len() / steps.len());
    assert_eq!(Journal::decode(&bytes).unwrap().0, journal);
}

#[test]
fn a_run_that_version_2_began_is_told_to_its_end_in_version_2_and_the_next_in_this() {
    let (mut journal, torn) = Journal::decode(SECOND_VERSION).unwrap();
    assert!(torn.is_none() && !journal.is_first_version());
    let open = journal.replay().open_run().unwrap().clone();
    assert_eq!(open.steps().map(|(step, _)| step.id.to_string()).collect::<Vec<_>>(), OPEN_STEPS);
    let left: Vec<_> = open.open_steps().map(|(step, _)| step.clone()).collect();
    assert!(!left.is_empty());
    let mut bytes = SECOND_VERSION.to_vec();
    for step in &left {
        let line = journal.encode(&[closed(step, 9_000_000, Outcome::Moved, Status::Active)]).unwrap();
        let object: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(object["closed"]["step"], step.id.to_string(), "as the version before reads it");
        bytes.extend(line);
    }
    bytes.extend(journal.encode(&[Entry::Died(Died { at: at(9_000_000), resolved_by: run_id(1) })]).unwrap());
    bytes.extend(journal.encode(&[Entry::Folded { serial: 9 }]).unwrap());
    bytes.extend(journal.encode(&drain(1, 9, "a")).unwrap());
    let (read, _) = Journal::decode(&bytes).unwrap();
    assert_eq!(read, journal);
    assert_eq!(read.replay().runs().last().unwrap().id(), &run_id(1));
    assert!(String::from_utf8(bytes).unwrap().contains(r#""run_started":{"format_version":3,"#));
}

#[test]
fn what_is_written_is_what_is_read() {
    let mut steps = vec![step("a", Some(Call::Activate)), step("b/c", None), step("d", Some(Call::Deactivate))];
    steps[0].scope.account = "partner".into();
    steps[0].expect = Status::Unknown("Odd \u{202e}\n".into()).into();
    steps[2].reason = Some("CHG-1042 \"fibre\"\n\u{1b}[31m".into());
    let entries = [
        started(1, 0, steps.clone()),
        intent(&steps[0], 1),
        doubtful(&steps[0], 2),
        intent(&steps[0], 3),
        refused(&steps[0], 4),
        closed(&steps[0], 5, Outcome::DoneUnknown, Status::Active),
        closed(&steps[1], -6, Outcome::Done, Status::Inactive),
        ended(7),
        Entry::Folded { serial: 3 },
    ];
    let mut journal = Journal::default();
    let bytes = journal.encode(&entries).unwrap();
    assert_eq!(Journal::decode(&bytes), Ok((journal, None)));
}

/// Rewrites the first line, seal included.
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let content = first.rsplit_once(",\"crc\"").unwrap().0.replacen(from, to, 1);
    assert!(!first.starts_with(&content), "{from} is not there");
    format!("{content},\"crc\":\"{:08x}\"}}\n{rest}", crc32c::crc32c(content.as_bytes())).into_bytes()
}

#[test]
fn a_run_of_a_newer_version_is_told_from_damage() {
    let bytes = written(&two_runs());
    let newer = edited(&bytes, r#""format_version":3,"#, r#""format_version":7,"more":[1],"#);
    let error = Journal::decode(&newer).unwrap_err();
    assert_eq!((error.line, error.newer), (1, Some(7)), "{error}");
    let damaged = edited(&bytes, r#""format_version":3,"#, r#""format_version":1,"more":[1],"#);
    assert_eq!(Journal::decode(&damaged).unwrap_err().newer, None);
}

/// What the release before this format left when it was killed: two ended runs and an open one.
const FIRST_VERSION: &[u8] = include_bytes!("../fixtures/state/killed/rictl.journal.jsonl");

/// What the release before this format left when it was killed: a base, and a run with one step done and one accepted call.
const SECOND_VERSION: &[u8] = include_bytes!("../fixtures/state/killed-v2/rictl.journal.jsonl");
const OPEN_STEPS: [&str; 2] = ["a/activate", "b/deactivate"];

#[test]
fn lines_of_the_first_version_are_read() {
    let (journal, torn) = Journal::decode(FIRST_VERSION).unwrap();
    assert!(torn.is_none() && journal.is_first_version());
    let unversioned = edited(FIRST_VERSION, r#""format_version":1,"#, "");
    assert_eq!(Journal::decode(&unversioned).unwrap().0.replay(), journal.replay());
    let runs = journal.replay().runs();
    assert_eq!(runs.iter().map(|run| run.folded).collect::<Vec<_>>(), [Some(1), Some(2), None]);
    let end = runs[0].end().unwrap();
    assert_eq!((end.exit, end.outcome), (Exit::Done, RunOutcome::Complete));
    let (step, call) = journal.replay().open_run().unwrap().open_steps().next().unwrap();
    assert_eq!((step.id.to_string().as_str(), step.call), ("a/deactivate", Some(Call::Deactivate)));
    assert!(matches!(call.answer, Answer::Accepted { .. }));
}

#[test]
fn a_run_of_the_first_version_is_the_same_run_in_lines_of_this_one() {
    for run in Journal::decode(FIRST_VERSION).unwrap().0.replay().runs() {
        let lines = encode_run(run).unwrap();
        assert_eq!(Journal::decode(&lines).unwrap().0.replay().runs(), std::slice::from_ref(run));
        assert_eq!(decode_run(&lines).is_ok(), run.folded.is_some(), "only what is over is taken from a journal");
    }
}

#[test]
fn a_line_that_was_replaced_by_another_good_one_is_refused() {
    let mut other = two_runs();
    let Entry::Accepted { receipt, .. } = &mut other[2] else { panic!("the third entry") };
    receipt.request_id.0 = "another".into();
    let (bytes, other) = (written(&two_runs()), written(&other));
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect() };
    let mut mixed = lines(&bytes);
    mixed[2] = lines(&other)[2].clone();
    let error = Journal::decode(&mixed.concat()).unwrap_err();
    assert_eq!(error.to_string(), "line 4: it does not follow the line before it: a line is missing or was replaced");
}

#[test]
fn keys_and_entries_that_a_coming_version_writes_are_kept_in_the_chain() {
    let mut entries = drain(1, 0, "a");
    let body = serde_json::json!({ "until": "2026-11-23T12:05:00Z", "more": [1] });
    let kinds = [Reserved::ConfirmBy, Reserved::Confirmed, Reserved::TakenBack, Reserved::Claimed, Reserved::Released];
    for kind in kinds.into_iter().chain([Reserved::Beat]) {
        entries.insert(1, Entry::Reserved { kind, body: body.as_object().unwrap().clone() });
    }
    let bytes = written(&entries);
    let (journal, _) = Journal::decode(&bytes).unwrap();
    let without: Vec<Entry> = drain(1, 0, "a");
    assert_eq!(journal.replay(), replayed(&without).unwrap().replay(), "they have no effect yet");

    let more =
        edited(&bytes[..bytes.iter().position(|b| *b == b'\n').unwrap() + 1], r#""pid":"#, r#""cloud":{"x":1},"pid":"#);
    let (mut journal, _) = Journal::decode(&more).unwrap();
    let next = journal.encode(&without[1..]).unwrap();
    assert_eq!(Journal::decode(&[more, next].concat()).unwrap().0, journal, "the chain is over the bytes");
}

#[test]
fn a_journal_goes_on_from_its_base() {
    let (target, head) = (super::arrange::target(), LineHash::of(b"a line"));
    let base = Base { lineage: "lineage-1".into(), target, serial: 4, head };
    let (mut journal, mut bytes) = Journal::begin(base.clone(), LineHash::of(b"the line before"));
    bytes.extend(journal.encode(&drain(1, 4, "a")).unwrap());
    let (read, _) = Journal::decode(&bytes).unwrap();
    assert_eq!((read.base(), read.replay().last_serial()), (Some(&base), 4));
    assert_eq!(read, journal);
    assert!(journal.is_in(journal.head()) && !journal.is_in(head));
    assert!(read.clone().encode(&[Entry::Folded { serial: 4 }]).is_err(), "a serial is never used twice");
    let mut journal = read.clone();
    bytes.extend(journal.encode(&[Entry::Folded { serial: 5 }]).unwrap());
    let run = runs_in(&bytes).pop().unwrap();
    assert_eq!((&run.0, decode_run(run.1).unwrap()), (&run_id(1), journal.replay().runs()[0].clone()));
}

#[test]
fn a_journal_cut_anywhere_keeps_its_whole_lines() {
    let bytes = written(&two_runs());
    for length in 0..=bytes.len() {
        let cut = &bytes[..length];
        let whole = cut.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (journal, torn) = Journal::decode(cut).unwrap();
        assert_eq!(
            torn.map(|torn| (torn.good_length, torn.torn_length)),
            (whole < length).then_some((whole, length - whole))
        );
        assert_eq!(journal, Journal::decode(&bytes[..whole]).unwrap().0);
    }
}

#[test]
fn no_flipped_bit_passes_unseen() {
    let bytes = written(&two_runs());
    let last_line = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            match Journal::decode(&flipped) {
                // Damage to the last line, or to the line break before it, looks like a torn write: it is noted, and
                // the call it told of is open again and read about.
                Ok((_, torn)) => {
                    assert!(position >= last_line - 1, "bit {bit} of byte {position} passed");
                    assert!(torn.is_some_and(|torn| torn.good_length <= last_line));
                }
                Err(damaged) => assert!(damaged.line >= 1),
            }
        }
    }
}

#[test]
fn a_lost_repeated_or_swapped_line_is_refused_by_its_number() {
    let bytes = written(&two_runs());
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let lost = [&lines[..2], &lines[3..]].concat().concat();
    let repeated = [&lines[..3], &lines[2..]].concat().concat();
    let swapped = [&lines[..2], &[lines[3], lines[2]], &lines[4..]].concat().concat();
    let messages = [lost, repeated, swapped].map(|bytes| Journal::decode(&bytes).unwrap_err().to_string());
    insta::assert_snapshot!(messages.join("\n"), @r#"
        line 3: it has the number 4: a line is missing, repeated or moved
        line 4: it has the number 3: a line is missing, repeated or moved
        line 3: it has the number 4: a line is missing, repeated or moved
        "#);
}

#[test]
fn a_hole_in_the_last_write_is_torn_and_a_hole_before_it_is_damage() {
    let entries = two_runs();
    let mut journal = Journal::default();
    let mut bytes = journal.encode(&entries[..6]).unwrap();
    let durable = bytes.len();
    bytes.extend(journal.encode(&entries[6..]).unwrap());

    let mut torn = bytes.clone();
    torn[durable + 10..durable + 60].fill(0);
    let (kept, tail) = Journal::decode(&torn).unwrap();
    assert_eq!(tail.unwrap().good_length, durable);
    assert_eq!(kept.replay().runs().len(), 1);

    let mut damaged = bytes;
    damaged[durable - 30..durable - 10].fill(0);
    assert_eq!(Journal::decode(&damaged).unwrap_err().line, 5);
}

#[test]
fn illegal_histories_are_errors() {
    let (a, b) = (step("a", Some(Call::Deactivate)), step("b", None));
    let begin = started(1, 0, vec![a.clone(), b.clone()]);
    let end = [closed(&a, 3, Outcome::Done, Status::Inactive), ended(4)];
    let cases: &[(&str, Vec<Entry>)] = &[
        ("intent before a run", vec![intent(&a, 1)]),
        ("answer before an intent", vec![begin.clone(), accepted(&a, 1)]),
        ("two intents", vec![begin.clone(), intent(&a, 1), intent(&a, 2)]),
        ("intent after acceptance", vec![begin.clone(), intent(&a, 1), accepted(&a, 2), intent(&a, 3)]),
        ("two answers", vec![begin.clone(), intent(&a, 1), doubtful(&a, 2), accepted(&a, 3)]),
        ("a wait that sends", vec![begin.clone(), intent(&b, 1)]),
        ("unknown step", vec![begin.clone(), intent(&step("c", Some(Call::Activate)), 1)]),
        ("done without acceptance", vec![begin.clone(), intent(&a, 1), end[0].clone()]),
        ("skipped while open", vec![begin.clone(), intent(&a, 1), closed(&a, 2, Outcome::Skipped, Status::Active)]),
        ("doubt without a call", vec![begin.clone(), closed(&a, 2, Outcome::InDoubt, Status::Active)]),
        ("closed twice", vec![begin.clone(), intent(&a, 1), accepted(&a, 2), end[0].clone(), end[0].clone()]),
        ("end over an open call", vec![begin.clone(), intent(&a, 1), accepted(&a, 2), ended(3)]),
        ("entry after the end", vec![begin.clone(), ended(3), intent(&a, 4)]),
        ("two ends", vec![begin.clone(), ended(3), ended(4)]),
        ("run in a run", vec![begin.clone(), started(2, 0, vec![])]),
        ("run before folding", vec![begin.clone(), ended(1), started(2, 0, vec![])]),
        ("same run twice", vec![begin.clone(), ended(1), Entry::Folded { serial: 1 }, begin.clone()]),
        ("folded before its end", vec![begin.clone(), Entry::Folded { serial: 1 }]),
        ("serial 0", vec![begin.clone(), ended(1), Entry::Folded { serial: 0 }]),
        ("step twice in a run", vec![started(1, 0, vec![a.clone(), a.clone()])]),
    ];
    let messages: Vec<String> =
        cases.iter().map(|(case, entries)| format!("{case}: {}", replayed(entries).expect_err(case))).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
        intent before a run: step a/deactivate is recorded while no run is open
        answer before an intent: step a/deactivate got an answer without an open intent
        two intents: step a/deactivate is to be sent again before anything came back
        intent after acceptance: step a/deactivate is to be sent again after it was accepted
        two answers: step a/deactivate got an answer without an open intent
        a wait that sends: step b/wait is a wait and sends nothing
        unknown step: step c/activate is not one of run 20261123T120000.001Z-1a2b3c
        done without acceptance: step a/deactivate is closed with an outcome that its answers do not allow
        skipped while open: step a/deactivate is closed with an outcome that its answers do not allow
        doubt without a call: step a/deactivate is closed with an outcome that its answers do not allow
        closed twice: step a/deactivate is closed a second time
        end over an open call: run 20261123T120000.001Z-1a2b3c ends while step a/deactivate is open
        entry after the end: step a/deactivate is recorded while no run is open
        two ends: the end of a run is recorded while no run is open
        run in a run: run 20261123T120000.002Z-1a2b3c starts while run 20261123T120000.001Z-1a2b3c has not ended
        run before folding: run 20261123T120000.002Z-1a2b3c starts while run 20261123T120000.001Z-1a2b3c is not in the state yet
        same run twice: run 20261123T120000.001Z-1a2b3c starts a second time
        folded before its end: serial 1 has no ended run to fold
        serial 0: serial 0 does not follow serial 0
        step twice in a run: run 20261123T120000.001Z-1a2b3c has step a/deactivate twice
        "#);
}

#[test]
fn a_dead_run_shows_what_is_known_of_its_open_steps() {
    let steps: Vec<PlannedStep> = ["a", "b", "c", "d", "e"].map(|name| step(name, Some(Call::Deactivate))).into();
    let entries = [
        started(1, 0, steps.clone()),
        intent(&steps[0], 1),
        intent(&steps[1], 2),
        accepted(&steps[1], 3),
        intent(&steps[2], 4),
        doubtful(&steps[2], 5),
        intent(&steps[3], 6),
        refused(&steps[3], 7),
    ];
    let journal = replayed(&entries).unwrap();
    let run = journal.replay().open_run().unwrap();
    let open: Vec<_> = run.open_steps().map(|(step, call)| (step.id.to_string(), call.answer.clone())).collect();
    assert_eq!(open.len(), 3);
    assert_eq!(open[0], ("a/deactivate".into(), Answer::Unrecorded));
    assert!(matches!(open[1].1, Answer::Accepted { .. }));
    assert!(matches!(open[2].1, Answer::Doubtful { .. }));
}

#[test]
fn a_later_run_closes_what_a_dead_one_left_open_and_the_state_says_so() {
    let a = step("a", Some(Call::Deactivate));
    let entries = [
        started(1, 0, vec![a.clone()]),
        intent(&a, 10),
        closed(&a, 60_000, Outcome::DoneUnknown, Status::Inactive),
        ended(60_001),
    ];
    let journal = replayed(&entries).unwrap();
    let mut state = new_state();
    fold(&mut state, journal.replay().unfolded().first().unwrap());
    assert!(state.interfaces["a"].durations.is_empty());
    let action = state.interfaces["a"].last_action.clone().unwrap();
    assert_eq!((action.outcome, action.found), (Some(Outcome::DoneUnknown), Some(Status::Inactive)));
    assert_eq!(action.request_id, None);
    assert_eq!((action.started_at, action.finished_at), (at(10), at(60_000)));
}

#[test]
fn a_record_claims_no_more_than_was_read() {
    let steps = [step("done", Some(Call::Deactivate)), step("stuck", Some(Call::Activate)), step("never", None)];
    let entries = [
        started(1, 0, steps.to_vec()),
        intent(&steps[0], 10),
        accepted(&steps[0], 20),
        intent(&steps[1], 30),
        accepted(&steps[1], 40),
        closed(&steps[0], 50, Outcome::Done, Status::Inactive),
        closed(&steps[1], 60, Outcome::Unsettled, Status::Activating),
        ended(70),
    ];
    let journal = replayed(&entries).unwrap();
    let mut state = new_state();
    let run = journal.replay().unfolded().first().unwrap();
    fold(&mut state, run);
    let once = state.clone();
    fold(&mut state, run);
    assert_eq!(state, once, "folding twice changes nothing");
    assert_eq!(state.last_run, Some(run_id(1)));
    insta::assert_snapshot!(serde_json::to_string_pretty(&state.interfaces).unwrap(), @r#"
        [
          {
            "address": "done",
            "id": "ri-2zeo3xzyf38r4urdone",
            "region": "cn-shanghai",
            "declared": "Inactive",
            "observed": {
              "status": "Inactive",
              "since": "2026-11-23T12:00:00.3Z",
              "at": "2026-11-23T12:00:00.3Z"
            },
            "durations": {
              "deactivate": [
                40
              ]
            },
            "last_action": {
              "run_id": "20261123T120000.001Z-1a2b3c",
              "step": "done/deactivate",
              "action": "DeactivateRouterInterface",
              "request_id": "4EC47282-1B74-4534-BD0E-403F3EE64CAF",
              "started_at": "2026-11-23T12:00:00.26Z",
              "finished_at": "2026-11-23T12:00:00.3Z",
              "outcome": "done",
              "found": "Inactive"
            },
            "changed_by": "20261123T120000.001Z-1a2b3c"
          },
          {
            "address": "stuck",
            "id": "ri-2zeo3xzyf38r4urstuck",
            "region": "cn-shanghai",
            "declared": null,
            "observed": {
              "status": "Activating",
              "since": "2026-11-23T12:00:00.29Z",
              "at": "2026-11-23T12:00:00.31Z"
            },
            "last_action": {
              "run_id": "20261123T120000.001Z-1a2b3c",
              "step": "stuck/activate",
              "action": "ActivateRouterInterface",
              "request_id": "4EC47282-1B74-4534-BD0E-403F3EE64CAF",
              "started_at": "2026-11-23T12:00:00.28Z",
              "finished_at": "2026-11-23T12:00:00.31Z",
              "outcome": "unsettled",
              "found": "Activating"
            },
            "changed_by": "20261123T120000.001Z-1a2b3c"
          }
        ]
        "#);
}

#[test]
fn a_transition_is_known_since_its_call_was_accepted_and_not_since_the_run_gave_up() {
    let a = step("a", Some(Call::Deactivate));
    let entries = [
        started(1, 0, vec![a.clone()]),
        intent(&a, 10),
        accepted(&a, 20),
        closed(&a, 600_000, Outcome::Unsettled, Status::Deactivating),
        ended(600_001),
    ];
    let mut state = new_state();
    fold(&mut state, replayed(&entries).unwrap().replay().unfolded().first().unwrap());
    let seen = Sighting { status: Some(Status::Deactivating), since: at(20), at: at(600_000), from_the_first: false };
    assert_eq!(state.interfaces["a"].observed, seen);
}

#[test]
fn an_older_run_never_overwrites_what_is_known_since() {
    let a = step("a", Some(Call::Deactivate));
    let journal = replayed(&drain(1, 0, "a")).unwrap();
    let mut state = new_state();
    fold(&mut state, journal.replay().unfolded().first().unwrap());
    let record = state.interfaces.get_mut("a").unwrap();
    record.observed.update(Some(Status::Active), at(90_000), None);
    record.declared = Some(rictl::resource::DesiredStatus::Active);
    record.last_action.as_mut().unwrap().started_at = at(80_000);
    record.last_action.as_mut().unwrap().run_id = run_id(9);
    let before = state.interfaces.clone();
    fold(&mut state, journal.replay().unfolded().first().unwrap());
    assert_eq!(state.interfaces, before, "{}", a.id);
}

#[test]
fn a_status_is_known_since_the_first_read_that_saw_it_after_one_that_saw_another() {
    let mut seen = Sighting::first(Some(Status::Inactive), at(0));
    seen.update(Some(Status::Active), at(5_000), None);
    seen.update(Some(Status::Active), at(6_000), None);
    seen.update(Some(Status::Inactive), at(5_500), None);
    assert_eq!(seen, Sighting { status: Some(Status::Active), since: at(5_000), at: at(6_000), from_the_first: false });
    seen.update(Some(Status::Deactivating), at(9_000), Some(at(5_999)));
    assert_eq!(seen.since, at(9_000), "what is proven to have begun before another was seen is no proof");
}

/// What may come next in a legal history of three steps.
fn next_entries(entries: &[Entry], steps: &[PlannedStep], run: u32, millis: i64) -> Vec<Entry> {
    let mut candidates = vec![started(run, 0, steps.to_vec()), ended(millis), Entry::Folded { serial: u64::from(run) }];
    for step in steps {
        candidates.extend([
            intent(step, millis),
            accepted(step, millis),
            refused(step, millis),
            doubtful(step, millis),
        ]);
        candidates.extend(
            [Outcome::Done, Outcome::DoneUnknown, Outcome::InDoubt, Outcome::Failed, Outcome::Moved, Outcome::Skipped]
                .map(|outcome| closed(step, millis, outcome, Status::Inactive)),
        );
    }
    let journal = replayed(entries).expect("the history is legal so far");
    candidates.retain(|entry| journal.clone().encode(std::slice::from_ref(entry)).is_ok());
    candidates
}

/// A moment within the run, or near the ends of time.
fn moment() -> impl Strategy<Value = jiff::Timestamp> {
    let near = (-5_000i64..90_000).prop_map(at);
    let exact = (0i64..3_000_000_000).prop_map(|nanos| at(0) + jiff::SignedDuration::from_nanos(nanos));
    prop_oneof![6 => near, 2 => exact, 1 => Just(jiff::Timestamp::MIN), 1 => Just(jiff::Timestamp::MAX)]
}

fn receipt() -> impl Strategy<Value = Receipt> {
    let second = (-9i64..9).prop_map(|second| jiff::Timestamp::from_second(at(0).as_second() + second).unwrap());
    let date = prop::option::of(prop_oneof![4 => second, 1 => moment()]);
    ("[A-F0-9-]{0,36}", date).prop_map(|(id, cloud_date)| Receipt { request_id: RequestId(id.into()), cloud_date })
}

fn uptime() -> impl Strategy<Value = Option<Uptime>> {
    let ms = prop_oneof![(0u64..100_000), Just(u64::MAX)];
    prop::option::of(("[ab]", ms).prop_map(|(boot, ms)| Uptime { boot, ms }))
}

/// What came of a step of [`every_step`], as entries: perhaps nothing, an answer, an end.
fn what_came(step: PlannedStep) -> impl Strategy<Value = Vec<Entry>> {
    let status = prop_oneof![Just(Status::Active), Just(Status::Inactive), Just(Status::Unknown("Odd".into()))];
    let because = prop_oneof![3 => Just(None), 1 => Just(Some(StepReason::Stopped)), 1 => ".*".prop_map(|text| Some(StepReason::Told { text }))];
    let answer = (moment(), moment(), 0..4, ".{0,9}", receipt(), any::<bool>());
    let end = (prop::option::of(moment()), any::<bool>(), prop::option::of(status), because, uptime());
    (answer, end).prop_map(
        move |((sent, at, kind, detail, receipt, has_receipt), (over, is_done, status, because, uptime))| {
            let id = step.id.clone();
            let some = Some(receipt.clone()).filter(|_| has_receipt);
            let waits = step.call.is_none();
            let answer = match kind {
                0 => None,
                1 => Some(Entry::Refused { step: id.clone(), at, detail, receipt: some }),
                2 => Some(Entry::Doubtful { step: id.clone(), at, detail, receipt: some }),
                _ => Some(Entry::Accepted { step: id.clone(), at, receipt }),
            };
            let can_be_done = waits || kind == 3;
            let outcome = if can_be_done && is_done { Outcome::Done } else { Outcome::Moved };
            let end = over.map(|at| Entry::Closed { step: id.clone(), at, outcome, status, because, uptime });
            let sent = (!waits).then_some(Entry::Intent { step: id, at: sent });
            sent.into_iter().chain(answer.filter(|_| !waits)).chain(end).collect()
        },
    )
}

/// Steps of every kind, with everything that can be said of one.
fn every_step() -> Vec<PlannedStep> {
    let mut steps: Vec<_> = (0..4).map(|n| step(&format!("link-{n}"), Some(Call::Deactivate))).collect();
    steps.extend([step("up", Some(Call::Activate)), step("waits", None), step("odd", Some(Call::Activate))]);
    steps[1].scope.account = "partner".into();
    steps[1].reason = Some("CHG-1042 \"fibre\"\n\u{1b}[31m".into());
    steps[2].change_id = Some("fibre".into());
    steps[2].scope.region = "cn-beijing".into();
    steps[3].guards = vec![Guard { group: "site".into(), lowest: None, of: 4, end: 3, floor: 2, takes_nothing: true }];
    steps[5].goal = Goal::Stable;
    steps[6].expect = Status::Unknown("Odd \u{202e}\n".into()).into();
    steps[6].goal = Goal::Connected;
    steps
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let stood_under = prop_oneof![
        Just(None),
        Just(Some(serde_json::json!({ "interfaces": { "link-0": { "id": "ri-0", "status": null } } }))),
        Just(Some(
            serde_json::json!({ "version": 1, "interfaces": { "up": { "group": "site" }, "more": { "id": "ri-9" } } })
        )),
        Just(Some(serde_json::json!("a word"))),
    ];
    let ground = |(number, follows, entry): (usize, Option<u32>, Option<String>)| {
        let steps = every_step();
        let interface_id = steps.get(number).map_or("ri-of-no-step".into(), |step| step.interface_id.clone());
        let scope = steps[number.min(2)].scope.clone();
        Ground { interface_id, scope, follows: follows.map(run_id), entry }
    };
    let grounds = prop::collection::vec((0usize..9, prop::option::of(1u32..3), prop::option::of("[ab]")), 0..9);
    (stood_under, grounds, uptime()).prop_map(move |(stood_under, grounds, uptime)| {
        let grounds = grounds.into_iter().map(ground).collect();
        Evidence { stood_under, grounds, uptime, host: Some("bastion".into()), ..Evidence::default() }
    })
}

proptest! {
    #[test]
    fn what_is_told_of_steps_is_read_as_it_was_whatever_it_is_and_however_it_is_written(
        evidence in evidence(),
        came in every_step().into_iter().map(what_came).collect::<Vec<_>>(),
        turns in prop::collection::vec(0usize..7, 30),
        writes in prop::collection::vec(1usize..9, 30),
        body in prop::option::of(0..9),
    ) {
        let Entry::RunStarted(mut run) = started(1, 0, every_step()) else { panic!("the beginning of a run") };
        run.evidence = evidence;
        let mut entries = vec![Entry::RunStarted(run)];
        // The steps take turns.
        let mut came: Vec<_> = came.into_iter().map(Vec::into_iter).collect();
        entries.extend(turns.into_iter().filter_map(|step| came[step].next()));
        if let Some(number) = body {
            let body = serde_json::json!({ "more": number }).as_object().unwrap().clone();
            entries.insert(entries.len() / 2 + 1, Entry::Reserved { kind: Reserved::Beat, body });
        }
        let (mut journal, mut bytes, mut rest) = (Journal::default(), Vec::new(), entries.as_slice());
        for many in writes {
            let (write, later) = rest.split_at(many.min(rest.len()));
            bytes.extend(journal.encode(write).unwrap());
            rest = later;
        }
        bytes.extend(journal.encode(rest).unwrap());
        let mut replay = rictl::journal::Replay::default();
        for entry in entries {
            replay.apply(entry).unwrap();
        }
        let (read, torn) = Journal::decode(&bytes).unwrap();
        prop_assert!(torn.is_none());
        prop_assert_eq!(read.replay(), &replay);
        prop_assert_eq!(read, journal);
        let again = encode_run(&replay.runs()[0]).unwrap();
        let (again, _) = Journal::decode(&again).unwrap();
        prop_assert_eq!(again.replay(), &replay);
    }

    #[test]
    fn every_prefix_of_a_legal_history_replays_and_shows_every_open_call(choices in prop::collection::vec(any::<prop::sample::Index>(), 1..25)) {
        let steps = [step("a", Some(Call::Deactivate)), step("b", Some(Call::Activate)), step("c", None)];
        let (mut entries, mut run) = (Vec::new(), 1);
        for (millis, choice) in (0..).zip(choices) {
            let legal = next_entries(&entries, &steps, run, millis);
            let entry = choice.get(&legal).clone();
            run += u32::from(matches!(entry, Entry::Folded { .. }));
            entries.push(entry);
        }
        for length in 0..=entries.len() {
            let prefix = &entries[..length];
            let journal = replayed(prefix).expect("a prefix of a legal history is legal");
            let bytes = written(prefix);
            let (decoded, torn) = Journal::decode(&bytes).unwrap();
            prop_assert!(torn.is_none());
            prop_assert_eq!(decoded.replay(), journal.replay());
            let since_start = prefix.iter().rposition(|entry| matches!(entry, Entry::RunStarted(_))).unwrap_or(0);
            for step in &steps {
                let mine = |entry: &&Entry| entry_step(entry) == Some(&step.id);
                let (sent, over) = prefix[since_start..].iter().filter(mine).fold((false, false), |(sent, over), entry| match entry {
                    Entry::Accepted { .. } | Entry::Doubtful { .. } => (true, over),
                    Entry::Closed { .. } => (sent, true),
                    _ => (sent, over),
                });
                let shown = journal.replay().open_run().is_some_and(|run| run.open_steps().any(|(open, _)| open.id == step.id));
                prop_assert!(!sent || over || shown, "{} was sent and is not shown", step.id);
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Journal::decode(&bytes).is_ok_and(|(journal, _)| journal == Journal::default()) || Journal::decode(&bytes).is_err());
    }
}

fn entry_step(entry: &Entry) -> Option<&rictl::plan::StepId> {
    match entry {
        Entry::Intent { step, .. }
        | Entry::Accepted { step, .. }
        | Entry::Refused { step, .. }
        | Entry::Doubtful { step, .. }
        | Entry::Closed { step, .. } => Some(step),
        _ => None,
    }
}

/// Looked at by hand (`--ignored --nocapture`, release); what is asserted is only that it is whole.
#[test]
#[ignore = "a measurement"]
fn measures_a_large_run() {
    for count in [1_000, 10_000, 100_000] {
        let steps: Vec<_> = (0..count).map(|n| step(&format!("link-{n:06}"), Some(Call::Deactivate))).collect();
        let mut entries = vec![started(1, 0, steps.clone())];
        for step in &steps {
            entries.extend([intent(step, 1), accepted(step, 2), closed(step, 3, Outcome::Done, Status::Inactive)]);
        }
        entries.push(ended(4));
        let begin = std::time::Instant::now();
        let bytes = written(&entries);
        let encoded = begin.elapsed();
        let begin = std::time::Instant::now();
        let (journal, _) = Journal::decode(&bytes).unwrap();
        eprintln!("{count} steps, {} bytes: encode {encoded:?}, decode {:?}", bytes.len(), begin.elapsed());
        let mut state = new_state();
        fold(&mut state, journal.replay().unfolded().first().unwrap());
        assert_eq!(state.interfaces.len(), count);
    }
}

/// Which outcomes each history of answers allows: no more may be claimed than was answered.
#[test]
fn an_outcome_claims_no_more_than_the_answers_allow() {
    use Outcome::{Already, Done, DoneUnknown, Failed, Guarded, InDoubt, Moved, NotStarted, Skipped, Unsettled};
    let all = [Done, Already, DoneUnknown, Guarded, Moved, Failed, Unsettled, InDoubt, Skipped, NotStarted];
    let (call, wait) = (step("a", Some(Call::Deactivate)), step("a", None));
    let untouched = [Already, Guarded, Moved, Failed, Skipped, NotStarted];
    let cases: [(&str, &PlannedStep, Vec<Entry>, &[Outcome]); 6] = [
        ("never sent", &call, vec![], &untouched),
        ("a wait", &wait, vec![], &[Done, Already, Guarded, Moved, Failed, Unsettled, Skipped, NotStarted]),
        ("refused", &call, vec![intent(&call, 1), refused(&call, 2)], &untouched),
        ("accepted", &call, vec![intent(&call, 1), accepted(&call, 2)], &[Done, Moved, Unsettled]),
        ("no answer recorded", &call, vec![intent(&call, 1)], &[DoneUnknown, Moved, Failed, Unsettled, InDoubt]),
        (
            "lost, then accepted",
            &call,
            vec![intent(&call, 1), doubtful(&call, 2), intent(&call, 3), accepted(&call, 4)],
            &[Done, DoneUnknown, Moved, Unsettled, InDoubt],
        ),
    ];
    for (name, step, history, allowed) in cases {
        for outcome in all {
            let mut entries = vec![started(1, 0, vec![step.clone()])];
            entries.extend(history.clone());
            entries.push(closed(step, 9, outcome, Status::Inactive));
            assert_eq!(replayed(&entries).is_ok(), allowed.contains(&outcome), "{name}: {outcome:?}");
        }
    }
}

#[test]
fn only_what_was_seen_at_its_goal_counts_as_there() {
    use Outcome::{Already, Done, DoneUnknown, Failed, Guarded, InDoubt, Moved, NotStarted, Skipped, Unsettled};
    assert!([Done, Already, DoneUnknown].into_iter().all(Outcome::is_at_goal));
    assert!(![Guarded, Moved, Failed, Unsettled, InDoubt, Skipped, NotStarted].into_iter().any(Outcome::is_at_goal));
}

#[test]
fn a_run_waits_to_be_folded_from_its_end_until_its_serial_is_written() {
    let mut entries = drain(1, 0, "a");
    let is_unfolded = |entries: &[Entry]| !replayed(entries).unwrap().replay().unfolded().is_empty();
    for length in 1..=entries.len() {
        assert_eq!(is_unfolded(&entries[..length]), length == entries.len(), "{:?}", entries[length - 1]);
    }
    assert_eq!(replayed(&entries).unwrap().replay().last_serial(), 0);
    entries.push(Entry::Folded { serial: 7 });
    assert!(!is_unfolded(&entries));
    entries.extend(drain(2, 7, "a"));
    assert_eq!(replayed(&entries).unwrap().replay().last_serial(), 7, "a run that is not folded has no serial yet");
}

#[test]
fn a_record_of_another_interface_under_the_same_key_starts_anew() {
    let entries = drain(1, 0, "a");
    let journal = replayed(&entries).unwrap();
    let mut state = new_state();
    fold(&mut state, journal.replay().unfolded().first().unwrap());
    let mut record = state.interfaces.remove(&"a".into()).unwrap();
    (record.id, record.group) = ("ri-other".into(), Some("its-group".into()));
    record.observed.at = at(0);
    state.interfaces.insert("a".into(), record);
    fold(&mut state, journal.replay().unfolded().first().unwrap());
    let record = &state.interfaces["a"];
    assert_eq!((record.id.as_str(), record.group.as_ref()), ("ri-2zeo3xzyf38r4ura", None));
}

#[test]
fn a_way_back_begins_and_ends_within_the_run_that_it_takes_back() {
    let (mut first, end) = (drain(1, 0, "sh-primary"), ended(9_000));
    first.pop();
    let mut back = drain(2, 0, "sh-backup");
    if let Entry::RunStarted(started) = &mut back[0] {
        started.evidence.takes_back = vec![run_id(1)];
    }
    let told: Vec<Entry> = first.iter().chain(&back).cloned().chain([end]).collect();
    let is_open = |entries: &[Entry]| replayed(entries).unwrap().replay().open_run().map(|run| run.id().clone());
    assert_eq!(is_open(&told[..first.len()]), Some(run_id(1)));
    assert_eq!(is_open(&told[..=first.len()]), Some(run_id(2)), "what is recorded now is of the way back");
    assert_eq!(is_open(&told[..told.len() - 1]), Some(run_id(1)), "the way back has ended");
    let mut whole = told.clone();
    whole.push(Entry::Folded { serial: 1 });
    let journal = replayed(&whole).unwrap();
    assert!(journal.replay().runs().iter().all(|run| run.folded == Some(1)), "both are in one state");

    let refused = |entries: &[&[Entry]]| replayed(&entries.concat()).unwrap_err();
    assert!(refused(&[&first, &drain(2, 0, "b")]).contains("has not ended"), "it names no run");
    assert!(refused(&[&first[..3], &back]).contains("has not ended"), "a call of the run is open");
    assert!(refused(&[&told[..told.len() - 1], &[Entry::Folded { serial: 1 }]]).contains("serial 1"));
}
