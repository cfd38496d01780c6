//! A bucket of which something is lost or replaced: what it is, is named, by every command, and nothing is written.

use rictl::signature::v4::Dialect;

use super::DIALECTS;
use super::commands::{WORLD, bucket, machine, says};
use super::mock::Mock;
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

/// A state at rest with two runs.
fn at_rest(dialect: Dialect) -> (Mock, Desk, Emulator) {
    let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
    let desk = machine(&mock, dialect);
    says(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0, "1 changed");
    says(&desk.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]), 0, "1 changed");
    (mock, desk, emulator)
}

/// Every command refuses with these words; neither bucket nor cloud hear of it.
fn is_refused(mock: &Mock, desk: &Desk, emulator: &Emulator, words: &str) {
    let (calls, objects) = (emulator.mutating_calls().len(), mock.world().objects.len());
    for command in [&["history"][..], &["state", "list"], &["state", "lock"], &["state", "pull", "--all"], &["show"]] {
        says(&desk.run(command), 1, words);
    }
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["rollback", "last", "--auto-approve"], &["drift"]] {
        says(&desk.quick(&emulator.url(), command), 1, words);
    }
    assert_eq!((emulator.mutating_calls().len(), mock.world().objects.len()), (calls, objects));
}

const HEAD: &str = "net/network/site-a/head";

#[test]
fn junk_in_the_head_is_damage() {
    for dialect in DIALECTS {
        for junk in ["", "junk", "{}\n", "null\n", "{\"rictl_log\":1}\n", "\0\0\0\0"] {
            let (mock, desk, emulator) = at_rest(dialect);
            mock.world().objects.get_mut(HEAD).unwrap().bytes = junk.as_bytes().to_vec();
            is_refused(&mock, &desk, &emulator, "network/site-a/head is damaged");
        }
    }
}

#[test]
fn a_head_that_points_elsewhere_is_damage() {
    for dialect in DIALECTS {
        for (known, other) in [("\"since\":", "\"since\":9"), ("\"since\":", "\"since\":0,\"was\":")] {
            let (mock, desk, emulator) = at_rest(dialect);
            let head = String::from_utf8(mock.world().objects[HEAD].bytes.clone()).unwrap();
            mock.world().objects.get_mut(HEAD).unwrap().bytes = head.replacen(known, other, 1).into_bytes();
            is_refused(&mock, &desk, &emulator, "is damaged");
        }
    }
}

#[test]
fn what_is_missing_of_a_log_at_rest_is_named() {
    for dialect in DIALECTS {
        // The last object of it; the last two; all of them.
        for gone in [1, 2, usize::MAX] {
            let (mock, desk, emulator) = at_rest(dialect);
            let log: Vec<String> =
                mock.world().objects.keys().filter(|key| key.contains("/journal")).cloned().collect();
            for key in log.iter().rev().take(gone) {
                mock.world().objects.remove(key);
            }
            let newest = log.last().unwrap().trim_start_matches("net/");
            is_refused(&mock, &desk, &emulator, &format!("{newest} is damaged: it is missing"));
        }
        // The head, with the log, of a state that was never kept: its runs are there.
        let (mock, desk, emulator) = at_rest(dialect);
        mock.world().objects.retain(|key, _| !key.contains("/journal") && key != HEAD && !key.contains("/state/"));
        is_refused(&mock, &desk, &emulator, "network/site-a/head is damaged: it is missing");
    }
}

#[test]
fn one_run_that_is_damaged_hides_no_other() {
    for dialect in DIALECTS {
        let (mock, desk, _emulator) = at_rest(dialect);
        let run = mock.world().objects.keys().find(|key| key.contains("/runs/")).unwrap().clone();
        mock.world().objects.get_mut(&run).unwrap().bytes = b"junk".to_vec();
        let id = run.rsplit('/').next().unwrap();
        let said = desk.run(&["history"]);
        says(&said, 1, &format!("run {id} is damaged"));
        assert_eq!(said.out.lines().count(), 1, "{}", said.text());
    }
}
