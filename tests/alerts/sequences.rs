//! What is news, run after run: settling, reminders, causes, quiet, hands off, several specs.

use std::fs;

use serde_json::Value;

use super::stub::{Mood, Stub};
use super::{SPEC, Site, items};
use crate::harness::binary::Ran;
use crate::wall_clock::WallClock;

/// Runs a check at a time on the wall.
fn at(site: &Site, time: &str, flags: &str) -> Ran {
    let output = site.command(flags).envs(WallClock::showing(time).variables()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn ended(document: &Value) -> Vec<String> {
    let texts = document["ended"].as_array().unwrap().iter();
    texts.map(|ended| ended["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_finding_and_its_end_are_told_after_so_many_equal_runs() {
    let site = Site::new();
    let drift = "--notify-command ./tell --notify-settle 3";
    let mut told: Vec<Vec<(usize, usize)>> = Vec::new();
    // Down for one run, up, down for good, up for one run, up for good.
    for is_down in [true, false, true, true, true, true, false, true, false, false, false, false] {
        site.console(if is_down { &["bravo"] } else { &[] });
        assert_eq!(site.drift(drift).code, if is_down { 2 } else { 0 });
        told.push(site.told().into_iter().map(|document| (items(&document).len(), ended(&document).len())).collect());
    }
    let mut expected: Vec<Vec<(usize, usize)>> = vec![Vec::new(); 12];
    expected[4] = vec![(1, 0)];
    expected[10] = vec![(0, 1)];
    assert_eq!(told, expected);
}

#[test]
fn what_has_not_settled_is_in_no_message() {
    let site = Site::new();
    let drift = "--notify-command ./tell --notify-settle 2";
    site.console(&["bravo"]);
    site.drift(drift);
    site.console(&["alfa", "bravo"]);
    assert_eq!(site.drift(drift).code, 2);
    assert_eq!(items(&site.told()[0]), ["drift bravo"], "alfa and the site were seen once");
    site.drift(drift);
    assert_eq!(items(&site.told()[0]), ["group idc", "drift alfa", "drift bravo"]);
}

#[test]
fn what_comes_back_keeps_when_it_was_first_seen_until_its_end_was_told() {
    let site = Site::new();
    let drift = "--json --notify-command ./tell --notify-settle 2";
    let first_seen = |ran: &Ran| serde_json::from_str::<Value>(&ran.out).unwrap()["items"][0]["first_seen"].clone();
    site.console(&["bravo"]);
    let first = first_seen(&site.drift(drift));
    assert!(first.is_string(), "{first}");
    site.drift(drift);
    assert_eq!(site.told()[0]["items"][0]["first_seen"], first);
    site.console(&[]);
    site.drift(drift);
    site.console(&["bravo"]);
    assert_eq!((first_seen(&site.drift(drift)), site.told().len()), (first, 0));
    let plain = site.drift("--json");
    assert_eq!(first_seen(&plain), Value::Null, "no memory is kept");
}

#[test]
fn a_reminder_comes_once_a_day_and_says_that_it_is_one() {
    let Some((stub, site)) = super::down_on_another_clock() else { return };
    let drift = "--notify feishu --notify-repeat 1d";
    let mut heads = Vec::new();
    for time in [
        "2026-12-01T08:00:00Z",
        "2026-12-01T20:00:00Z",
        "2026-12-02T08:00:00Z",
        "2026-12-02T08:10:00Z",
        "2026-12-03T09:00:00Z",
    ] {
        assert_eq!(at(&site, time, drift).code, 2);
        heads.extend(stub.received().iter().map(|received| received.text().lines().next().unwrap().to_owned()));
    }
    let reminder = "rictl drift in net-a: reminder, 1 still there";
    assert_eq!(heads, ["rictl drift in net-a: 1 found", reminder, reminder]);
    site.console(&[]);
    at(&site, "2026-12-03T10:14:30Z", drift);
    let over = stub.received()[0].text();
    assert_eq!(over, "rictl drift in net-a: 1 back to normal\nbravo: back to normal after 50h 14m");
}

#[test]
fn causes_that_nobody_asked_for_are_not_printed_told_or_counted() {
    let site = Site::new();
    site.console(&["alfa", "bravo"]);
    let groups = site.drift("--causes group --notify-command ./tell");
    assert!(
        groups.code == 2 && groups.out.contains("idc: 0 of 2 up") && !groups.out.contains("bravo: drifted"),
        "{groups:#?}"
    );
    assert_eq!(items(&site.told()[0]), ["group idc"]);
    let drift = site.drift("--json --causes drift");
    assert_eq!(items(&serde_json::from_str(&drift.out).unwrap()), ["drift alfa", "drift bravo"]);
    let nothing = site.drift("--causes overdue,rolled_back --notify-command ./tell");
    assert!(
        nothing.code == 0 && nothing.out.contains("No drift: 2 checked") && !nothing.out.contains("idc"),
        "{nothing:#?}"
    );
    assert_eq!(site.told().len(), 0, "what is hidden is not over");
    assert_eq!(site.drift("--notify-command ./tell").code, 2);
    assert_eq!(items(&site.told()[0]), ["group idc", "drift alfa", "drift bravo"], "it is hidden no more");
    let unknown = site.drift("--causes drfit");
    assert!(unknown.code == 1 && unknown.err.contains("did you mean `drift`?"), "{unknown:#?}");
}

#[test]
fn what_hands_off_hid_is_news_once_it_no_longer_is() {
    let site = Site::new();
    let (entry, hidden) = ("reason: CHG-7}", "hands_off: {reason: carrier works}}");
    site.console(&["bravo"]);
    site.drift("--notify-command ./tell");
    assert_eq!(site.told().len(), 1);
    site.spec(entry, hidden);
    assert_eq!((site.drift("--notify-command ./tell").code, site.told().len()), (0, 0), "it is not back to normal");
    site.spec(hidden, entry);
    assert_eq!(site.drift("--notify-command ./tell").code, 2);
    assert_eq!(items(&site.told()[0]), ["drift bravo"]);
    site.spec(entry, hidden);
    site.drift("--notify-command ./tell");
    site.console(&[]);
    site.drift("--notify-command ./tell");
    assert_eq!(ended(&site.told()[0]).len(), 1, "who was told that it is away is told that it is back");
}

#[test]
fn quiet_prints_what_is_news_and_nothing_else() {
    let site = Site::new();
    let drift = "--quiet";
    let quiet = |ran: &Ran| (ran.code, ran.text().is_empty());
    assert_eq!(quiet(&site.drift(drift)), (0, true));
    site.console(&["bravo"]);
    let news = site.drift(drift);
    assert!(news.code == 2 && news.out.contains("bravo: drifted"), "{news:#?}");
    assert_eq!(quiet(&site.drift(drift)), (2, true), "the code says it all the same");
    site.console(&[]);
    let over = site.drift(drift);
    assert!(over.code == 0 && over.out.contains("No drift: 2 checked"), "{over:#?}");
    assert!(over.out.ends_with("\nbravo: back to normal after 0s\n"), "{over:#?}");
    assert_eq!(quiet(&site.drift(drift)), (0, true));
    // A region that cannot be read, and a spec that cannot be checked, are news once as well.
    let spec = fs::read_to_string(site.desk.path().join("rictl.yaml")).unwrap();
    site.spec("interfaces:\n", "interfaces:\n  charlie: {id: ri-c, status: Activ}\n");
    let broken = site.drift(drift);
    assert!(broken.code == 1 && broken.err.contains("cannot be `Activ`"), "{broken:#?}");
    assert_eq!(quiet(&site.drift(drift)), (1, true));
    fs::write(site.desk.path().join("rictl.yaml"), spec).unwrap();
    assert!(site.drift(drift).out.contains("No drift"), "that it can be checked again is news");
    assert_eq!(quiet(&site.drift(drift)), (0, true));
    let mistyped = ["-f", "nope.yaml", "drift", "--quiet"];
    for _ in 0..2 {
        assert!(site.desk.run(&mistyped).err.contains("there is no spec nope.yaml"));
    }
    assert!(!site.desk.path().join("state/nope.notified").exists());
}

#[test]
fn the_cron_line_prints_each_event_once() {
    let site = Site::new();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/cron-drift/crontab");
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with("*/10 ")).unwrap();
    let line = line.strip_prefix("*/10 * * * * rictl --file /etc/rictl/rictl.yaml ").unwrap();
    let mut printed = Vec::new();
    for (run, down) in [false, true, true, true, false, false, false].into_iter().enumerate() {
        site.console(if down { &["bravo"] } else { &[] });
        let ran = site.desk.run(&super::words(line));
        assert_eq!(ran.code, if down { 2 } else { 0 }, "{ran:#?}");
        printed.extend((!ran.text().is_empty()).then_some(run));
    }
    assert_eq!(printed, [2, 5], "after two equal runs each");
}

#[test]
fn two_specs_are_one_message_and_one_document() {
    let stub = Stub::new("wecom");
    let site = Site::new().with_robot(&stub.url(), None);
    let other = SPEC.replace("net-a", "net-b").replace("world.yaml", "other.yaml");
    site.desk.file("b.yaml", &other);
    site.desk.file("other.yaml", &super::WORLD.replace("ri-bravo}", "ri-bravo, status: Inactive}"));
    site.console(&["alfa", "bravo"]);
    let drift = "-f rictl.yaml -f b.yaml -f gone.yaml --notify wecom --notify-command ./tell --json";
    let ran = site.drift(drift);
    assert_eq!(ran.code, 1, "one could not be checked: {ran:#?}");
    let received = stub.received();
    assert_eq!(received.len(), 1);
    let text = received[0].text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "rictl drift in net-a, net-b: 1 site down, 3 found");
    assert!(
        lines[1].starts_with("[net-a] group idc: 0 of 2 up") && lines[4].starts_with("[net-b] bravo: drifted"),
        "{text}"
    );
    let printed: Value = serde_json::from_str(&ran.out).unwrap();
    let told = site.told();
    assert_eq!((told.len(), &told[0]["items"]), (1, &printed["items"]));
    let specs: Vec<&str> =
        printed["items"].as_array().unwrap().iter().map(|item| item["spec"].as_str().unwrap()).collect();
    assert_eq!(specs, ["rictl.yaml", "rictl.yaml", "rictl.yaml", "b.yaml"]);
    assert_eq!(items(&printed), ["group idc", "drift alfa", "drift bravo", "drift bravo"]);
    assert_eq!(printed["items"][3]["groups"], serde_json::json!(["idc"]));
    assert_eq!((&printed["drifted"], &printed["errored"]), (&Value::Bool(true), &Value::Bool(true)));
    let of = |key: &str| printed["specs"].as_array().unwrap().iter().map(|spec| spec[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("name")[..2], ["net-a", "net-b"]);
    assert!(of("error")[2].as_str().unwrap().contains("there is no spec gone.yaml"));
    assert_eq!(printed["groups"].as_array().unwrap().len(), 2);
    site.drift(drift);
    assert_eq!((stub.received().len(), site.told().len()), (0, 0));
    // Another set of specs has another memory.
    site.drift("--notify wecom");
    assert_eq!(stub.received()[0].text().lines().next().unwrap(), "rictl drift in net-a: 1 site down, 2 found");
}

#[test]
fn two_specs_of_one_name_are_an_error() {
    let site = Site::new();
    site.desk.file("b.yaml", &SPEC.replace("ri-", "rj-"));
    let ran = site.drift("-f rictl.yaml -f b.yaml");
    assert!(ran.code == 1 && ran.err.contains("two specs are called `net-a`"), "{ran:#?}");
    assert!(ran.err.contains("b.yaml:2:7") && ran.err.contains("called so first here: rictl.yaml:2:7"), "{ran:#?}");
}

#[test]
fn each_channel_has_a_memory_of_its_own() {
    let (one, two) = (Stub::new("slack"), Stub::new("webhook"));
    let site = Site::new().with_robot(&one.url(), None);
    site.console(&["bravo"]);
    site.drift("--notify slack --quiet");
    let site = site.with_robot(&two.url(), None);
    let ran = site.drift("--notify webhook --quiet --notify-command ./tell");
    assert_eq!((one.received().len(), two.received().len(), site.told().len()), (1, 1, 1));
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "it was printed before");
    // Two robots of one kind are two.
    let site = site.with_robot(&format!("{}0", two.url()), None);
    assert_eq!((site.drift("--notify webhook").code, two.received().len()), (2, 1));
}

#[test]
fn what_one_channel_did_not_take_the_others_have_been_told() {
    let stub = Stub::new("slack");
    let site = Site::new().with_robot(&stub.url(), None);
    site.console(&["bravo"]);
    stub.mood(Mood::Always("500 Internal Server Error", String::new(), "fatal_error"));
    let drift = "--notify slack --notify-command ./tell --quiet";
    let ran = site.drift(drift);
    assert!(ran.code == 1 && ran.out.contains("bravo: drifted") && site.told().len() == 1, "{ran:#?}");
    let again = site.drift(drift);
    assert!(again.code == 1 && again.out.is_empty() && again.err.contains("fatal_error"), "{again:#?}");
    assert_eq!((stub.received().len(), site.told().len()), (2, 0));
}

#[test]
fn when_to_tell_needs_somebody_to_tell() {
    let site = Site::new();
    for flags in ["--notify-settle 2", "--notify-repeat 1d"] {
        let ran = site.drift(flags);
        assert!(ran.code == 1 && ran.err.contains("required"), "{ran:#?}");
    }
    assert!(site.drift("--quiet --notify-settle 0").code == 1 && site.drift("--quiet --notify-repeat 0s").code == 1);
    for flags in [["drift", "--quiet"].as_slice(), &["drift", "--notify", "webhook"]] {
        let shared = crate::harness::binary::Desk::new(SPEC)
            .variable("RICTL_STATE", "postgres://nobody@127.0.0.1:1/none")
            .variable("RICTL_NOTIFY_URL", "http://127.0.0.1:1/hook");
        let ran = shared.run(flags);
        assert!(ran.code == 1 && ran.err.contains("add --record"), "{ran:#?}");
    }
}
