use super::*;
use crate::journal::{Entry, Journal};
use crate::resource::Target;
use crate::run::{Exit, RunOutcome};

const RUN: &str = "20261123T120000.000Z-1a2b3c";
const BACK: &str = "20261123T121000.000Z-4d5e6f";

fn target() -> Target {
    serde_json::from_str(r#"{"provider":"emulator","account_id":"1","endpoint":"world w.yaml"}"#).unwrap()
}

fn started(id: &str, operation: &str, call: &str, more: &str) -> Entry {
    let (verb, to, from) =
        if call == "Deactivate" { ("deactivate", "Inactive", "Active") } else { ("activate", "Active", "Inactive") };
    let text = format!(
        r#"{{"run_id":"{id}","at":"2026-11-23T12:00:00Z","operation":"{operation}","who":"ann","pid":1,"target":{},"lineage":"l","serial":0,"digest":"d"{more},
        "steps":[{{"id":"a/{verb}","address":"a","call":"{call}RouterInterface","interface_id":"ri-a","region":"cn-shanghai","expect":"{from}","goal":"{to}"}}]}}"#,
        serde_json::to_string(&target()).unwrap()
    );
    Entry::RunStarted(Box::new(serde_json::from_str(&text).unwrap()))
}

fn at(second: i64) -> jiff::Timestamp {
    "2026-11-23T12:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(second)
}

fn done(verb: &str, second: i64, exit: Exit) -> Vec<Entry> {
    let step: crate::plan::StepId = serde_json::from_value(serde_json::json!(format!("a/{verb}"))).unwrap();
    let status = if verb == "activate" { crate::resource::Status::Active } else { crate::resource::Status::Inactive };
    let uptime = Some(crate::uptime::Uptime { boot: "one".into(), ms: 60_000 + 1000 * second as u64 + 5000 });
    let receipt = serde_json::from_value(serde_json::json!({"request_id": "R"})).unwrap();
    let outcome = crate::journal::Outcome::Done;
    let end = RunEnd { at: at(second + 6), exit, outcome: RunOutcome::Complete, reasons: Vec::new() };
    vec![
        Entry::Intent { step: step.clone(), at: at(second) },
        Entry::Accepted { step: step.clone(), at: at(second), receipt },
        Entry::Closed { step, at: at(second + 5), outcome, status: Some(status), because: None, uptime },
        Entry::RunEnded(end),
    ]
}

fn run_of(entries: Vec<Entry>) -> Run {
    let mut journal = Journal::default();
    journal.encode(&entries).unwrap();
    journal.into_runs().pop().unwrap()
}

fn applied() -> Run {
    let more = r#","confirm_within_ms":60000,"uptime":{"boot":"one","ms":60000}"#;
    run_of([vec![started(RUN, "apply", "Deactivate", more)], done("deactivate", 2, Exit::Done)].concat())
}

fn back(exit: Exit) -> Run {
    let more = format!(r#","takes_back":["{RUN}"]"#);
    run_of([vec![started(BACK, "rollback", "Activate", &more)], done("activate", 2, exit)].concat())
}

#[test]
fn the_deadline_counts_from_the_last_call_by_both_clocks() {
    let deadline = applied().deadline().unwrap();
    assert_eq!(deadline.until, at(62));
    assert_eq!(deadline.uptime.unwrap().ms, 60_000 + 2000 + 60_000);
    // A process that died leaves the beginning of the run to tell from.
    let more = r#","confirm_within_ms":60000,"uptime":{"boot":"one","ms":60000}"#;
    let dead = [vec![started(RUN, "apply", "Deactivate", more)], done("deactivate", 2, Exit::Done)[..1].to_vec()];
    assert_eq!(run_of(dead.concat()).deadline(), applied().deadline());
    // One that sent nothing, or need not be confirmed, awaits nothing.
    assert_eq!(run_of(vec![started(RUN, "apply", "Deactivate", more)]).deadline(), None);
    assert_eq!(back(Exit::Done).deadline(), None);
}

#[test]
fn a_run_awaits_until_a_way_back_has_left_nothing_of_it() {
    let mut state = State::new("l", target());
    note(&mut state, &applied());
    note(&mut state, &applied());
    assert_eq!(state.awaiting.len(), 1);
    note(&mut state, &back(Exit::Partial));
    assert_eq!(state.awaiting[0].left_by, Some(RunId(BACK.into())));
    assert!(state.awaiting[0].is_due(at(10), None), "it ended by itself: whoever comes next tries again");
    note(&mut state, &back(Exit::Interrupted));
    assert!(!state.awaiting[0].is_due(at(10), None) && state.awaiting[0].is_due(at(62), None));
    note(&mut state, &back(Exit::Done));
    assert_eq!(state.awaiting, []);
}

#[test]
fn what_was_kept_awaits_no_more() {
    let mut state = State::new("l", target());
    note(&mut state, &applied());
    let word = |decision| {
        move |_: &RunId, about: About| {
            let by = Decision { decision, id: RunId("c".into()), at: at(1), by: "ann".into(), host: "h".into() };
            Ok((about == About::Decision).then(|| bytes_of(&by)))
        }
    };
    drop_kept(&mut state, word(Verdict::TakenBack)).unwrap();
    assert_eq!(state.awaiting.len(), 1);
    drop_kept(&mut state, word(Verdict::Kept)).unwrap();
    assert_eq!(state.awaiting, []);
}

#[test]
fn a_decision_that_cannot_be_read_is_an_error_and_no_permission() {
    let broken = |_: &RunId, _: About| Ok(Some(b"{".to_vec()));
    assert!(matches!(Confirmation::read(&RunId(RUN.into()), broken), Err(StoreError::Damaged { .. })));
}
