#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::history::Resolved;
use crate::render::samples::{HOSTILE, assert_inert, hostile_report, past, report, view, written};

#[test]
fn lists_runs_one_a_line() {
    let mut died = report();
    died.end = None;
    let (at, by) = ("2026-11-23T03:00:00Z".parse().unwrap(), RunId("20261123T030000.000Z-4d5e6f".into()));
    let resolved = |by| PastRun { resolved: Some(Resolved { at, by }), ..past(died.clone()) };
    let all = [past(report()), past(died.clone()), resolved(Some(by)), resolved(None)];
    insta::assert_snapshot!(written(|out| list(out, &all, Extent::All, view(120))));
    assert_eq!(written(|out| list(out, &[], Extent::All, view(80))), "No runs are recorded.\n");
}

#[test]
fn shows_a_run_whole() {
    insta::assert_snapshot!(written(|out| run(out, &past(report()), &Given::default(), view(100))));
}

#[test]
fn a_digest_stands_beside_its_name_on_any_screen() {
    assert!(written(|out| run(out, &past(report()), &Given::default(), view(60))).contains("\nDigest:  sha256:"));
}

#[test]
fn says_what_settles_a_run_that_died() {
    let mut died = report();
    died.end = None;
    died.results[0].outcome = None;
    let shown = written(|out| run(out, &past(died.clone()), &Given::default(), view(100)));
    assert!(shown.contains("Outcome: died\n"), "{shown}");
    assert!(shown.ends_with("Next: `rictl apply` settles what is open before anything else\n"), "{shown}");
}

#[test]
fn writes_the_same_facts_as_documents() {
    insta::assert_snapshot!(written(|out| run_document(out, &past(report()))));
    let document: serde_json::Value =
        serde_json::from_str(&written(|out| list_document(out, &[past(report())], &BTreeSet::new(), &[]))).unwrap();
    assert_eq!(document["runs"][0]["run_id"], "20261123T021400.000Z-1a2b3c");
    assert_eq!(document["runs"][0]["exit_code"], 5);
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for input in HOSTILE {
        assert_inert(&written(|out| run(out, &past(hostile_report(input)), &Given::default(), view(60))), input);
        assert_inert(&written(|out| list(out, &[past(hostile_report(input))], Extent::All, view(60))), input);
    }
}
