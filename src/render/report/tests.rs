use super::*;
use crate::journal::Outcome;
use crate::render::samples::{HOSTILE, assert_inert, end, hostile_report, report, view, written};
use crate::render::words::report::outcome;

#[test]
fn shows_a_run_that_was_partly_done() {
    insta::assert_snapshot!("partly_60", written(|out| text(out, &report(), &Given::default(), 1, view(60))));
}

#[test]
fn ends_a_complete_run_with_terraforms_line() {
    let mut report = report();
    report.results.remove(1);
    end(&mut report);
    let shown = written(|out| text(out, &report, &Given::default(), 0, view(120)));
    assert!(shown.ends_with(
        "\nApply complete! Resources: 0 added, 1 changed, 0 destroyed.\n0 deactivated, 1 activated, 1 waited for; 0 blocked.\n\
         Next: `rictl rollback 20261123T021400.000Z-1a2b3c` takes it back\n"
    ), "{shown}");
}

#[test]
fn folds_what_went_well_and_lists_every_problem() {
    let mut report = report();
    let (good, bad) = (report.results[0].clone(), report.results[1].clone());
    report.results = [vec![good; 100], vec![bad; 30]].concat();
    let shown = written(|out| text(out, &report, &Given::default(), 0, view(120)));
    assert!(shown.contains("… and 80 more at their goals"));
    assert_eq!(shown.matches("refused by a guard").count(), 30);
}

#[test]
fn a_lost_answer_is_told_by_what_was_found() {
    let mut report = report();
    report.results[0].outcome = Some(Outcome::DoneUnknown);
    assert_eq!(outcome(&report.results[0]), "unknown, found Active");
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for input in HOSTILE {
        assert_inert(&written(|out| text(out, &hostile_report(input), &Given::default(), 0, view(60))), input);
    }
}
