//! An interface that moves from one spec to another in one store keeps its records, and its runs are found from there: as on files, but that
//! the one that gave it up has to be applied first.

use rictl::signature::v4::Dialect;
use serde_json::{Value, json};

use super::{WORLD, exits, says};
use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;
use crate::objects::commands::{bucket, reaching};

/// A spec of such interfaces: what it calls each, its id, its status.
pub(super) fn spec(name: &str, entries: &[(&str, &str, &str)]) -> String {
    let head = format!("version: 1\nname: {name}\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n");
    let entry = |(address, id, status): &(&str, &str, &str)| format!("  {address}: {{ id: {id}, status: {status} }}\n");
    head + &entries.iter().map(entry).collect::<String>()
}

/// Two or three specs of one store, and a cloud.
struct Store<'e> {
    emulator: &'e Emulator,
    a: Desk,
    b: Desk,
}

impl<'e> Store<'e> {
    /// `site-a` has drained `ri-a` and then gave it up in the files; `site-b` declares it from now on, as it is.
    fn after_a_split(emulator: &'e Emulator, desk: impl Fn(&str) -> Desk) -> Self {
        let a = desk(&spec("site-a", &[("primary", "ri-a", "Inactive"), ("backup", "ri-b", "Active")]));
        let b = desk(&spec("site-b", &[("moved", "ri-a", "Inactive"), ("other", "ri-c", "Active")]));
        let store = Self { emulator, a, b };
        exits(&store.apply(&store.a), 0);
        store.a.file("rictl.yaml", &spec("site-a", &[("backup", "ri-b", "Active")]));
        store
    }

    fn asks(&self, desk: &Desk, words: &str) -> Ran {
        desk.quick(&self.emulator.url(), &words.split(' ').collect::<Vec<_>>())
    }

    fn apply(&self, desk: &Desk) -> Ran {
        self.asks(desk, "apply --auto-approve")
    }

    fn document(&self, desk: &Desk, words: &str) -> Value {
        let ran = self.asks(desk, &format!("{words} --json"));
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
    }

    fn runs(&self, desk: &Desk) -> Vec<String> {
        let listed = self.document(desk, "history");
        listed["runs"].as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
    }
}

const TAKEN: &str = "the history of moved is taken from site-a";

fn keeps_its_history(emulator: &Emulator, desk: impl Fn(&str) -> Desk) {
    let store = Store::after_a_split(emulator, desk);
    let (a, b) = (&store.a, &store.b);
    let drained = store.runs(a).remove(0);
    // Known there before anybody applied, and no more than known while the other still has it.
    let planned = store.document(b, "plan");
    assert_eq!(planned["warnings"][0]["code"], "taken_along", "{planned}");
    says(&store.asks(b, "plan"), 0, "site-a still has it: apply its spec without it first");
    says(&store.apply(b), 3, "the state site-a of the same store has moved");
    exits(&store.apply(a), 0);
    says(&store.asks(b, "plan"), 0, "the next apply keeps it here");
    says(&b.run(&["state", "list"]), 0, TAKEN);
    assert_eq!(store.document(b, "state show moved")["record"]["last_action"]["run_id"], json!(drained));
    assert_eq!(store.runs(b), [drained.as_str()]);
    for words in ["show last", "history --run last", "report last --format markdown", "explain moved"] {
        says(&store.asks(b, words), 0, &drained);
    }
    says(&store.apply(b), 0, TAKEN);
    let again = store.apply(b);
    assert!(again.code == 0 && !again.flat().contains("is taken from"), "{}", again.text());
    // And after: what was done there is taken back here, once.
    assert_eq!(store.runs(b), [drained.as_str()]);
    says(&store.asks(b, &format!("rollback {drained} --auto-approve")), 0, "1 changed");
    assert_eq!(emulator.status("ri-a"), "Active");
    let listed = store.document(b, "history");
    assert_eq!(listed["runs"][1]["taken_back_by"], listed["runs"][0]["run_id"], "{listed}");
    assert_eq!(store.document(b, "plan")["left_alone"][0]["code"], "rolled_back");
    // Back where it came from: the newer record counts, and that a change was taken back is known there, too.
    b.file("rictl.yaml", &spec("site-b", &[("other", "ri-c", "Active")]));
    exits(&store.apply(b), 0);
    a.file("rictl.yaml", &spec("site-a", &[("again", "ri-a", "Inactive"), ("backup", "ri-b", "Active")]));
    says(&store.apply(a), 0, "the history of again is taken from site-b");
    let record = store.document(a, "state show again");
    assert_eq!(record["record"]["last_action"]["action"], "ActivateRouterInterface", "{record}");
    assert_eq!(store.runs(a).len(), 2, "both are told from here");
}

fn is_taken_back_before_the_first_apply(emulator: &Emulator, desk: impl Fn(&str) -> Desk) {
    let store = Store::after_a_split(emulator, desk);
    let (a, b) = (&store.a, &store.b);
    // Whoever still has it decides.
    says(&store.asks(b, "rollback last --auto-approve"), 3, "which still has ri-a");
    assert_eq!(emulator.status("ri-a"), "Inactive");
    exits(&store.apply(a), 0);
    says(&store.asks(b, "rollback last --auto-approve"), 0, "1 changed");
    assert_eq!(emulator.status("ri-a"), "Active");
    // From then on it is of the state that did it.
    a.file("rictl.yaml", &spec("site-a", &[("primary", "ri-a", "Active"), ("backup", "ri-b", "Active")]));
    says(&store.apply(a), 3, "the state site-b of the same store has primary");
}

#[test]
fn what_moves_between_states_of_a_bucket_keeps_its_history() {
    for dialect in [Dialect::Oss, Dialect::Aws] {
        let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
        keeps_its_history(&emulator, |text| reaching(Desk::new(text), &mock, dialect));
    }
}

#[test]
fn what_moved_between_states_of_a_bucket_is_taken_back_before_the_first_apply() {
    let (mock, emulator) = (bucket(Dialect::Oss), Emulator::serve(WORLD));
    is_taken_back_before_the_first_apply(&emulator, |text| reaching(Desk::new(text), &mock, Dialect::Oss));
}

#[cfg(feature = "postgres")]
mod in_a_postgres {
    use super::*;
    use crate::postgres::Server;

    fn desk(url: &str) -> impl Fn(&str) -> Desk {
        |text| Desk::new(text).with_the_usual_key().variable("RICTL_STATE", url)
    }

    #[test]
    fn what_moves_between_states_keeps_its_history() {
        let Some(server) = Server::shared() else { return };
        keeps_its_history(&Emulator::serve(WORLD), desk(&server.url(&server.database())));
    }

    #[test]
    fn what_moved_is_taken_back_before_the_first_apply() {
        let Some(server) = Server::shared() else { return };
        is_taken_back_before_the_first_apply(&Emulator::serve(WORLD), desk(&server.url(&server.database())));
    }

    /// Of three specs of one store the third finds what the first did, whose record the second took along.
    #[test]
    fn what_moves_on_is_known_from_its_first_run() {
        let Some(server) = Server::shared() else { return };
        let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
        let desk = desk(&url);
        let store = Store::after_a_split(&emulator, &desk);
        exits(&store.apply(&store.a), 0);
        exits(&store.apply(&store.b), 0);
        store.b.file("rictl.yaml", &spec("site-b", &[("other", "ri-c", "Active")]));
        exits(&store.apply(&store.b), 0);
        let c = desk(&spec("site-c", &[("last", "ri-a", "Active")]));
        let drained = store.runs(&store.a);
        assert_eq!(store.runs(&c), drained, "before");
        says(&store.apply(&c), 0, "the history of last is taken from site-");
        assert_eq!(store.runs(&c)[1..], drained, "after");
    }

    #[test]
    fn a_damaged_state_beside_tells_nothing_and_one_that_moved_away_neither() {
        let Some(server) = Server::shared() else { return };
        let database = server.database();
        let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
        let store = Store::after_a_split(&emulator, desk(&url));
        exits(&store.apply(&store.a), 0);
        server.run(&database, "UPDATE rictl.states SET position = position + 1 WHERE name = 'site-a'");
        let planned = store.document(&store.b, "plan");
        assert!(planned["warnings"].as_array().unwrap().is_empty(), "{planned}");
        assert_eq!(store.runs(&store.b), Vec::<String>::new());
        server.run(&database, "UPDATE rictl.states SET position = position - 1 WHERE name = 'site-a'");
        assert_eq!(store.runs(&store.b).len(), 1);
        exits(&store.a.run(&["state", "move", "file:elsewhere/site-a.json"]), 0);
        assert_eq!(store.runs(&store.b), Vec::<String>::new());
        assert!(!store.apply(&store.b).flat().contains("is taken from"));
    }
}
