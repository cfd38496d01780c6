//! Buckets of both kinds: as few requests a state as can be, all states at once, none waited for longer than a request may take.

use std::time::{Duration, Instant};

use rictl::signature::v4::Dialect;
use serde_json::{Value, json};

use super::{WORLD, exits, has_all_keys, names, says, spec, states};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
use crate::objects::DIALECTS;
use crate::objects::commands::{bucket, reaching};
use crate::objects::mock::Mock;

fn machine(mock: &Mock, dialect: Dialect, name: &str, ids: [&str; 2]) -> Desk {
    reaching(Desk::new(&spec(name, ids)), mock, dialect)
}

#[test]
fn every_state_of_a_bucket_is_on_one_page_in_few_requests() {
    for dialect in DIALECTS {
        let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
        let a = machine(&mock, dialect, "site-a", ["ri-a", "ri-b"]);
        let b = machine(&mock, dialect, "net/site-b", ["ri-c", "ri-d"]);
        says(&a.run(&["fleet"]), 0, "There is no state here");
        exits(&a.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        exits(&a.quick(&emulator.url(), &["drift", "--record"]), 0);
        exits(&b.quick(&emulator.url(), &["drift", "--record"]), 0);
        let before = mock.world().seen.len();
        let found = states(&b, &[], 0);
        let asked = mock.world().seen.len() - before;
        assert_eq!(names(&found), ["net/site-b", "site-a"]);
        found.iter().for_each(has_all_keys);
        assert_eq!(found[0]["groups"][0]["up"], 2);
        // Two lists of states, one of folders and one of those in `net/`; of each state its log (where it begins, its newest object),
        // its state, its row and its approvals.
        assert!(asked <= 4 + 2 * 6, "{dialect:?}: {asked} requests: {:?}", &mock.world().seen[before..]);
        let writes = mock.world().seen[before..].iter().filter(|seen| seen.method != "GET").count();
        assert_eq!(writes, 0, "whoever looks writes nothing");
        // Without its mark a state is found by what it holds, and says what is lost; the next check makes it anew.
        for mark in ["net/STORE/states/site-a", "net/STORE/states/net/site-b"] {
            assert!(mock.world().objects.remove(mark).is_some(), "{mark}");
        }
        let found = states(&b, &[], 1);
        assert_eq!(names(&found), ["net/site-b", "site-a"]);
        for state in &found {
            assert!(state["error"].as_str().unwrap().contains("is damaged: it is missing, and"), "{state}");
            assert_eq!(state["groups"][0]["up"], 2);
        }
        for desk in [&a, &b] {
            exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
        }
        assert_eq!(states(&b, &[], 0).len(), 2);
    }
}

#[test]
fn a_check_is_recorded_while_somebody_else_holds_the_state_and_two_may_at_once() {
    for dialect in DIALECTS {
        let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
        let desks: Vec<Desk> = (0..3).map(|_| machine(&mock, dialect, "site-a", ["ri-a", "ri-b"])).collect();
        exits(&desks[0].run(&["state", "init"]), 0);
        let log = |mock: &Mock| -> Vec<(String, Vec<u8>)> {
            let world = mock.world();
            let of_log = world.objects.iter().filter(|(key, _)| key.contains("/journal"));
            of_log.map(|(key, object)| (key.clone(), object.bytes.clone())).collect()
        };
        let before = log(&mock);
        std::thread::scope(|scope| {
            let records = |desk: &Desk| exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
            desks.iter().for_each(|desk| drop(scope.spawn(move || records(desk))));
        });
        assert_eq!(log(&mock), before, "no claim");
        let rows = mock.world().objects.keys().filter(|key| key.contains("/findings/")).count();
        assert_eq!(rows, 1, "one row a state");
        assert_eq!(states(&desks[0], &[], 0)[0]["stale"], false);
        let aged = jiff::SignedDuration::from_hours(25);
        mock.world()
            .objects
            .iter_mut()
            .filter(|(key, _)| key.contains("/findings/"))
            .for_each(|(_, row)| row.age(aged));
        assert_eq!(states(&desks[0], &[], 2)[0]["stale"], true, "by the bucket's clock");
    }
}

#[test]
fn a_state_that_is_damaged_refused_or_silent_is_a_row_and_the_others_do_not_wait() {
    for dialect in DIALECTS {
        let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
        let all: Vec<Desk> = ["site-a", "site-b", "site-c", "site-d"]
            .iter()
            .map(|name| machine(&mock, dialect, name, ["ri-a", "ri-b"]))
            .collect();
        for desk in &all {
            exits(&desk.run(&["state", "init"]), 0);
            exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
        }
        assert_eq!(states(&all[0], &[], 0).len(), 4);
        mock.world().objects.get_mut("net/site-b/findings/check").unwrap().bytes = b"torn".to_vec();
        mock.world().objects.retain(|key, _| !key.starts_with("net/site-c/journal"));
        mock.hold(|seen| seen.key.starts_with("net/site-d/"));
        let begun = Instant::now();
        let found = states(&all[0], &["--request-timeout", "700ms"], 1);
        let took = begun.elapsed();
        mock.hold(|_| false);
        assert_eq!(names(&found), ["site-a", "site-b", "site-c", "site-d"]);
        let error = |number: usize| found[number]["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!((&found[0]["error"], &found[0]["drifted"]), (&Value::Null, &json!(false)));
        assert!(error(1).contains("its finding cannot be read"), "{}", error(1));
        assert!(error(2).contains("is damaged") || error(2).contains("missing"), "{}", error(2));
        assert_eq!(
            (&found[2]["groups"][0]["up"], &found[2]["stale"]),
            (&json!(2), &json!(false)),
            "its finding is there"
        );
        assert!(!error(3).is_empty(), "{}", found[3]);
        // Far below what would be waited for one after the other; no measure of how fast this machine is.
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn a_state_that_moved_away_is_not_on_the_page() {
    let (mock, emulator) = (bucket(Dialect::Oss), Emulator::serve(WORLD));
    let desk = machine(&mock, Dialect::Oss, "site-a", ["ri-a", "ri-b"]);
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    exits(&desk.run(&["state", "move", "file:back/site-a.json"]), 0);
    assert_eq!(states(&desk, &[], 0), Vec::<Value>::new());
    assert_eq!(names(&states(&desk, &["--state", "back"], 2)), ["site-a"]);
    says(&desk.run(&["-f", "rictl.yaml", "fleet"]), 1, "was moved to");
    // And back again.
    let url = format!("oss://{}/net", crate::objects::mock::BUCKET);
    exits(&desk.run(&["state", "move", &url, "--state", "file:back/site-a.json"]), 0);
    assert_eq!(names(&states(&desk, &[], 2)), ["site-a"]);
    assert_eq!(states(&desk, &["--state", "back"], 0), Vec::<Value>::new());
}
