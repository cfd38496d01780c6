//! What people do with whole states, on every kind of store: files, Postgres, OSS, S3.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use rictl::signature::v4::Dialect;
use serde_json::Value;

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;
use crate::objects::commands::{bucket, in_bucket};
use crate::objects::mock::Mock;
use crate::postgres::Server;

const WORLD: &str = "regions: [cn-shanghai]
settle: { activate: 50ms, deactivate: 50ms }
interfaces: [{ id: ri-a }, { id: ri-b }]
";

fn spec(a: &str) -> String {
    format!(
        "version: 1
name: site-a
cloud: {{ provider: emulator, region: cn-shanghai }}
interfaces:
  a: {{ id: ri-a, status: {a} }}
  b: {{ id: ri-b, status: Active }}
"
    )
}

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Files,
    Postgres,
    Oss,
    S3,
}

const KINDS: [Kind; 4] = [Kind::Files, Kind::Postgres, Kind::Oss, Kind::S3];

/// A store with nothing in it.
struct Store {
    kind: Kind,
    /// What `--state` takes.
    url: String,
    mock: Option<Mock>,
}

impl Store {
    /// Makes one; `None`, with a message, where it cannot be had.
    fn new(kind: Kind) -> Option<Self> {
        let dialect = if kind == Kind::Oss { Dialect::Oss } else { Dialect::Aws };
        Some(match kind {
            Kind::Files => Self { kind, url: "file:kept/site.json".to_owned(), mock: None },
            Kind::Postgres => {
                let server = Server::shared()?;
                Self { kind, url: server.url(&server.database()), mock: None }
            }
            Kind::Oss | Kind::S3 => {
                let scheme = if kind == Kind::Oss { "oss" } else { "s3" };
                Self { kind, url: format!("{scheme}://audit/net"), mock: Some(bucket(dialect)) }
            }
        })
    }

    /// Gives a desk what it takes to reach it.
    fn reached_from(&self, desk: Desk) -> Desk {
        match &self.mock {
            Some(mock) if self.kind == Kind::Oss => in_bucket(desk, mock, Dialect::Oss),
            Some(mock) => in_bucket(desk, mock, Dialect::Aws),
            None => desk,
        }
    }

    /// A desk that works with it.
    fn desk(&self, a: &str) -> Desk {
        self.reached_from(Desk::new(&spec(a)).with_the_usual_key()).variable("RICTL_STATE", &self.url)
    }
}

fn exits(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{}", ran.text());
}

fn says(ran: &Ran, code: i32, text: &str) {
    exits(ran, code);
    assert!(ran.flat().contains(text), "{text:?} is not in {}", ran.text());
}

fn backup(desk: &Desk) -> Value {
    let pulled = desk.run(&["state", "pull", "--all"]);
    exits(&pulled, 0);
    let mut backup: Value = serde_json::from_str(&pulled.out).unwrap();
    backup["from"] = Value::Null;
    backup
}

#[test]
fn a_backup_that_is_put_back_is_all_that_was_there() {
    for kind in KINDS {
        let (Some(first), Some(second)) = (Store::new(kind), Store::new(kind)) else { continue };
        let emulator = Emulator::serve(WORLD);
        let desk = first.desk("Inactive");
        // A run that nobody confirms, its way back, and one that stays.
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve", "--confirm-within", "100ms"]), 5);
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve", "--redo"]), 0);
        let (whole, history) = (backup(&desk), desk.run(&["history", "--json"]).out);
        assert_eq!(whole["runs"].as_object().unwrap().len(), 3, "{kind:?}");
        assert!(whole["words"].as_object().is_some_and(|words| !words.is_empty()), "{kind:?}: {whole}");
        // Into a store that has nothing.
        let other = second.desk("Inactive");
        let text = desk.run(&["state", "pull", "--all"]).out;
        other.file("backup.json", &text);
        says(&other.run(&["state", "push", "backup.json"]), 0, "with 3 runs");
        assert_eq!(backup(&other), whole, "{kind:?}");
        assert_eq!(other.run(&["history", "--json"]).out, history, "{kind:?}");
        exits(&other.quick(&emulator.url(), &["plan", "--detailed-exitcode"]), 0);
        exits(&other.quick(&emulator.url(), &["drift"]), 0);
        // What is used is used there as well, and it goes on.
        says(&other.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]), 0, "1 changed");
        assert_eq!(emulator.status("ri-a"), "Active");
        // Once more it is older than what is there, and the store that lost what came after it takes that.
        says(&other.run(&["state", "push", "backup.json"]), 1, "is stored");
        let later = other.run(&["state", "pull", "--all"]).out;
        desk.file("later.json", &later);
        says(&desk.run(&["state", "push", "later.json"]), 0, "with 4 runs");
        assert_eq!(backup(&desk), backup(&other), "{kind:?}");
    }
}

#[test]
fn what_is_no_backup_of_this_state_is_refused_whole() {
    for kind in KINDS {
        let (Some(first), Some(second)) = (Store::new(kind), Store::new(kind)) else { continue };
        let emulator = Emulator::serve(WORLD);
        let (desk, other) = (first.desk("Inactive"), second.desk("Inactive"));
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let whole: Value = serde_json::from_str(&desk.run(&["state", "pull", "--all"]).out).unwrap();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut changed = whole.clone();
            change(&mut changed);
            other.file("given.json", &changed.to_string());
            other.run(&["state", "push", "given.json"])
        };
        says(&with(&|backup| backup["format_version"] = "2.0".into()), 1, "format version 2.0");
        says(&with(&|backup| backup["journal"] = Value::Array(Vec::new())), 1, "its journal: it is");
        says(&with(&|backup| backup["state"] = "{}".into()), 1, "its state:");
        says(
            &with(&|backup| (backup["state"], backup["journal"]) = (Value::Null, Value::Array(Vec::new()))),
            1,
            "no history",
        );
        says(&other.run(&["state", "pull"]), 1, "nothing is recorded");
        // Another history.
        exits(&other.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let before = backup(&other);
        other.file("backup.json", &whole.to_string());
        says(&other.run(&["state", "push", "backup.json"]), 1, "of another history");
        assert_eq!(backup(&other), before, "{kind:?}");
        for given in ["rictl.yaml", "backup.json", "given.json"] {
            says(&other.run(&["state", "rescue", given]), 1, "is no rescue file");
        }
    }
}

#[test]
fn a_state_that_was_moved_answers_nobody_until_it_comes_back() {
    for kind in [Kind::Postgres, Kind::Oss, Kind::S3] {
        let Some(store) = Store::new(kind) else { continue };
        let emulator = Emulator::serve(WORLD);
        let desk = store.reached_from(Desk::new(&spec("Inactive")).with_the_usual_key());
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let there = ["--state", store.url.as_str()];
        let (home, far) = (["--state", "file:state/rictl.json"], there);
        says(&desk.run(&["state", "move", &store.url]), 0, "1 run");
        desk.file("any.json", "{}");
        let refuses = |at: &[&str], address: &str| {
            for command in [
                &["history"][..],
                &["state", "list"],
                &["state", "lock"],
                &["state", "pull", "--all"],
                &["state", "push", "any.json"],
                &["state", "rescue", "any.json"],
                &["state", "init"],
                &["state", "rm", "a"],
                &["force-unlock", "0b5f", "--force"],
                &["plan"],
                &["apply", "--auto-approve"],
                &["confirm"],
            ] {
                let said = desk.run(&[command, at].concat());
                says(&said, 1, "was moved to");
                assert!(said.flat().contains(&format!("use `--state {address}`")), "{}", said.text());
            }
        };
        refuses(&home, &store.url);
        // It goes on there, and comes back with what it did.
        exits(&desk.quick(&emulator.url(), &[&["rollback", "last", "--auto-approve"], &far[..]].concat()), 0);
        let history = desk.run(&[&["history", "--json"], &far[..]].concat()).out;
        says(&desk.run(&[&["state", "move", "file:state/rictl.json"], &far[..]].concat()), 0, "2 runs");
        assert_eq!(desk.run(&["history", "--json"]).out, history, "{kind:?}");
        refuses(&far, "file:state/rictl.json");
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve", "--redo"]), 0);
        // And there once more, where it was.
        says(&desk.run(&["state", "move", &store.url]), 0, "3 runs");
        refuses(&home, &store.url);
        assert_eq!(desk.run(&[&["history", "--json"], &far[..]].concat()).code, 0);
        // Another history does not come to where this one was.
        let stranger = store.reached_from(Desk::new(&spec("Inactive")).with_the_usual_key());
        exits(&stranger.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let left = std::fs::read(desk.path().join("state/rictl.json")).unwrap();
        let moved = std::fs::read(desk.path().join("state/rictl.json.moved")).unwrap();
        let place = stranger.path().join("was");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("site.json"), left).unwrap();
        std::fs::write(place.join("site.json.moved"), moved).unwrap();
        says(&stranger.run(&["state", "move", "file:was/site.json"]), 1, "another history was moved away");
    }
}

#[test]
fn a_move_back_that_was_killed_before_its_last_word_is_finished_by_the_same_command() {
    let Some(store) = Store::new(Kind::S3) else { return };
    let emulator = Emulator::serve(WORLD);
    let desk = store.reached_from(Desk::new(&spec("Inactive")).with_the_usual_key());
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    let marker = desk.path().join("state/rictl.json.moved");
    says(&desk.run(&["state", "move", &store.url]), 0, "1 run");
    let left = std::fs::read(&marker).unwrap();
    let back = ["state", "move", "file:state/rictl.json", "--state", &store.url];
    says(&desk.run(&back), 0, "1 run");
    // Its last word was never written: each end says that the state is at the other.
    std::fs::write(&marker, &left).unwrap();
    says(&desk.run(&["history"]), 1, "was moved to");
    says(&desk.run(&["history", "--state", &store.url]), 1, "was moved to");
    says(&desk.run(&back), 0, "1 run");
    exits(&desk.run(&["history"]), 0);
    says(&desk.run(&["history", "--state", &store.url]), 1, "was moved to");
    // What says where it is cannot be read: nobody guesses.
    std::fs::write(&marker, "junk").unwrap();
    says(&desk.run(&["history"]), 1, "rictl.json.moved is damaged");
}

#[test]
fn an_apply_is_told_of_a_run_that_another_state_has_open_on_the_same_account() {
    for kind in [Kind::Postgres, Kind::Oss, Kind::S3] {
        let Some(store) = Store::new(kind) else { continue };
        let emulator = Emulator::serve(&WORLD.replace("deactivate: 50ms", "deactivate: 30m"));
        let named = |name: &str| spec("Inactive").replace("name: site-a", &format!("name: {name}"));
        let (one, other) = (store.desk("Inactive"), store.desk("Inactive"));
        other.file("rictl.yaml", &named("site-b").replace("ri-a, status: Inactive", "ri-a, status: Active"));
        let mut child = crate::harness::machines::start(
            &one,
            &["apply", "--auto-approve", "--endpoint", &emulator.url(), "--settle-timeout", "30m"],
        );
        crate::harness::machines::until(&one, || !emulator.mutating_calls().is_empty());
        let said = other.quick(&emulator.url(), &["apply", "--auto-approve"]);
        let words = "of site-a (";
        assert!(said.flat().contains(words) && said.flat().contains("is open on the same account"), "{}", said.text());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_file_without_a_name_is_no_state() {
    let desk = Desk::new(&spec("Active")).with_the_usual_key();
    for nothing in ["file:", "file://", "file:kept/", "file:."] {
        says(&desk.run(&["state", "list", "--state", nothing]), 1, "names no file for the state");
    }
    says(&desk.run(&["state", "move", "file:"]), 1, "names no file for the state");
}
