//! Files: a directory is the store.

use std::fs;

use serde_json::{Value, json};

use super::{WORLD, at_the_console, exits, has_all_keys, names, says, spec, states};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

/// Two specs, each with a state in `state/`.
fn desk() -> Desk {
    let desk = Desk::new(&spec("x", ["ri-a", "ri-b"])).with_the_usual_key();
    fs::remove_file(desk.path().join("rictl.yaml")).unwrap();
    desk.file("site-a.yaml", &spec("site-a", ["ri-a", "ri-b"]));
    desk.file("site-b.yaml", &spec("site-b", ["ri-c", "ri-d"]));
    desk
}

fn record(desk: &Desk, emulator: &Emulator, of: &str) -> i32 {
    desk.quick(&emulator.url(), &["-f", of, "drift", "--record"]).code
}

#[test]
fn a_check_is_recorded_beside_its_state_and_shown_with_all_others() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    for site in ["site-a.yaml", "site-b.yaml"] {
        exits(&desk.quick(&emulator.url(), &["-f", site, "apply", "--auto-approve"]), 0);
    }
    let never = states(&desk, &["--state", "state"], 2);
    assert_eq!(names(&never), ["site-a", "site-b"]);
    for state in &never {
        has_all_keys(state);
        let nothing = (&state["checked_at"], &state["drifted"], &state["stale"]);
        assert_eq!(nothing, (&Value::Null, &Value::Null, &json!(true)), "{state}");
    }
    let before = desk.run(&["-f", "site-a.yaml", "state", "list", "--json"]).out;
    assert_eq!(record(&desk, &emulator, "site-a.yaml"), 0);
    assert_eq!(desk.run(&["-f", "site-a.yaml", "state", "list", "--json"]).out, before, "nothing else is written");
    assert_eq!(record(&desk, &emulator, "site-b.yaml"), 0);
    let well = states(&desk, &["--state", "state"], 0);
    assert_eq!(well[0]["target"]["account_id"], crate::harness::emulator::ACCOUNT);
    assert_eq!(
        (&well[0]["drifted"], &well[0]["stale"], &well[0]["error"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    assert_eq!(well[0]["groups"][0]["up"], 2);
    // A path to one of the states, a spec, and the variable mean the same store.
    assert_eq!(names(&states(&desk, &["--state", "file:state/site-a.json"], 0)).len(), 2);
    assert_eq!(names(&states(&desk, &["-f", "site-b.yaml"], 0)).len(), 2);
    at_the_console(&emulator, "ri-c", "Inactive");
    assert_eq!(record(&desk, &emulator, "site-b.yaml"), 2);
    let moved = states(&desk, &["--state", "state"], 2);
    assert_eq!((&moved[0]["drifted"], &moved[1]["drifted"]), (&json!(false), &json!(true)));
    assert_eq!(moved[1]["below_floor"], json!([]));
    at_the_console(&emulator, "ri-d", "Inactive");
    record(&desk, &emulator, "site-b.yaml");
    assert_eq!(states(&desk, &["--state", "state"], 2)[1]["below_floor"], json!(["idc-ri-d"]));
    let text = desk.run(&["fleet", "--state", "state"]);
    says(&text, 2, "2 states: 1 below a floor or DOWN, 1 drifted.");
    says(&text, 2, "idc-ri-d: 0 of 2 up, floor 1: DOWN, below its floor");
}

#[test]
fn selectors_keep_to_what_rows_carry() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    at_the_console(&emulator, "ri-c", "Inactive");
    record(&desk, &emulator, "site-a.yaml");
    record(&desk, &emulator, "site-b.yaml");
    let at = |selector: &'static str, code| {
        let found = states(&desk, &["--state", "state", selector], code);
        names(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(at("group:idc-ri-b", 0), ["site-a"]);
    // Of one that was never checked nobody knows what it declares.
    fs::create_dir(desk.path().join("state/site-c.approvals")).unwrap();
    assert_eq!(at("label:carrier=alfa", 2), ["site-a", "site-b", "site-c"]);
    assert_eq!(at("site-a", 0), ["site-a"]);
    fs::remove_dir(desk.path().join("state/site-c.approvals")).unwrap();
    assert_eq!(at("ri-c", 2), ["site-b"]);
    assert_eq!(at("ri-d", 0), ["site-b"], "what moved is not what is asked for");
    assert_eq!(at("label:carrier=alfa", 2), ["site-a", "site-b"]);
    assert_eq!(at("account:1234567890123456", 2), ["site-a", "site-b"]);
    assert_eq!(at("site-a", 0), ["site-a"]);
    assert_eq!(at("*-b", 2), ["site-b"]);
    says(
        &desk.run(&["fleet", "--state", "state", "group:idc-ri-x"]),
        1,
        "`group:idc-ri-x` selects nothing in any state",
    );
    says(&desk.run(&["fleet", "--state", "state", "site-c"]), 1, "did you mean `site-a`?");
}

#[test]
fn what_cannot_be_read_is_a_row_and_the_others_are_shown() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    for site in ["site-a.yaml", "site-b.yaml"] {
        exits(&desk.quick(&emulator.url(), &["-f", site, "apply", "--auto-approve"]), 0);
        record(&desk, &emulator, site);
    }
    desk.file("state/package.json", r#"{"name": "somebody else's"}"#);
    assert_eq!(names(&states(&desk, &["--state", "state"], 0)), ["site-a", "site-b"]);
    let good = fs::read(desk.path().join("state/site-b.finding")).unwrap();
    for (bytes, why) in [
        (&b"not json"[..], "its finding cannot be read: expected ident"),
        (br#"{"format_version": 9}"#, "it has format version 9, and versions up to 1 can be read"),
        (br#"{"finding": {}}"#, "it has no format_version"),
    ] {
        desk.file("state/site-b.finding", &String::from_utf8_lossy(bytes));
        let found = states(&desk, &["--state", "state"], 1);
        assert_eq!((&found[0]["error"], &found[1]["stale"]), (&Value::Null, &json!(true)));
        assert!(found[1]["error"].as_str().unwrap().contains(why), "{}", found[1]);
        assert_eq!(found[1]["target"]["provider"], "emulator", "the state tells whose it is");
    }
    fs::write(desk.path().join("state/site-b.finding"), good).unwrap();
    desk.file("state/site-b.json", "{");
    let found = states(&desk, &["--state", "state"], 1);
    assert!(found[1]["error"].as_str().unwrap().contains("damaged"), "{}", found[1]);
    assert_eq!(found[1]["groups"][0]["up"], 2, "its finding is shown all the same");
    says(&desk.run(&["fleet", "--state", "nowhere/x"]), 1, "there are no states in nowhere");
    let nothing = Desk::new("").run(&["fleet", "--state", "."]);
    says(&nothing, 0, "There is no state here: nothing is known");
    let page = Desk::new("").run(&["fleet", "--state", ".", "--format", "html"]);
    assert!(page.out.contains("<p class=\"change\"><strong>There is no state here"), "{}", page.text());
    assert!(states(&Desk::new(""), &["--state", "."], 0).is_empty());
}

#[test]
fn a_spec_with_an_error_keeps_no_state_green_and_no_other_from_the_page() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    for site in ["site-a.yaml", "site-b.yaml"] {
        assert_eq!(record(&desk, &emulator, site), 0);
    }
    let well = spec("site-b", ["ri-c", "ri-d"]);
    desk.file("site-b.yaml", &well.replace("min_active: 1", "min_active: one"));
    // The spec that is named and cannot be read is a row.
    let named = states(&desk, &["-f", "site-a.yaml", "-f", "site-b.yaml"], 1);
    assert_eq!((names(&named), &named[0]["error"]), (vec!["site-a", "site-b"], &Value::Null));
    assert!(named[1]["error"].as_str().unwrap().contains("site-b.yaml cannot be read: 1 error"), "{}", named[1]);
    assert_eq!(named[1]["groups"][0]["up"], 2, "what was found before is shown");
    says(&desk.run(&["fleet", "-f", "site-b.yaml"]), 1, "is a string, not a whole number");
    // A check that failed is no check that found nothing.
    assert_eq!(record(&desk, &emulator, "site-b.yaml"), 1);
    let failed = states(&desk, &["--state", "state"], 1);
    assert!(failed[1]["error"].as_str().unwrap().starts_with("the check at "), "{}", failed[1]);
    assert_eq!((&failed[0]["error"], &failed[1]["drifted"]), (&Value::Null, &json!(false)));
    desk.file("site-b.yaml", &well);
    assert_eq!(record(&desk, &emulator, "site-b.yaml"), 0);
    assert_eq!(states(&desk, &["--state", "state"], 0)[1]["error"], Value::Null);
    // One that nobody has checked leaves nothing behind.
    desk.file("site-c.yaml", "version: 1\nname: site-c\ninterfaces: 3\n");
    assert_eq!(record(&desk, &emulator, "site-c.yaml"), 1);
    assert_eq!(names(&states(&desk, &["--state", "state"], 0)), ["site-a", "site-b"]);
}

#[test]
fn what_is_lost_or_named_or_was_moved_is_a_row_too() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    let here = |name: &str| desk.path().join("state").join(name);
    // Named, and never applied or checked; not even a directory is there.
    let never = states(&desk, &["-f", "site-a.yaml", "-f", "site-b.yaml"], 2);
    assert_eq!((names(&never), &never[0]["stale"]), (vec!["site-a", "site-b"], &json!(true)));
    exits(&desk.quick(&emulator.url(), &["-f", "site-a.yaml", "apply", "--auto-approve"]), 0);
    assert_eq!(record(&desk, &emulator, "site-a.yaml"), 0);
    at_the_console(&emulator, "ri-c", "Inactive");
    exits(&desk.quick(&emulator.url(), &["-f", "site-b.yaml", "apply", "--auto-approve"]), 0);
    for lost in ["site-b.json", "site-b.journal.jsonl"] {
        fs::remove_file(here(lost)).unwrap();
    }
    let found = states(&desk, &["--state", "state"], 1);
    assert_eq!(names(&found), ["site-a", "site-b"]);
    assert!(found[1]["error"].as_str().unwrap().contains("is missing although it was written"), "{}", found[1]);
    // A name that begins with a dot is a name.
    fs::remove_dir_all(here("site-b.runs")).unwrap();
    fs::remove_file(here("site-b.json.backup")).unwrap();
    fs::rename(here("site-a.finding"), here(".site-a.finding")).unwrap();
    assert_eq!(names(&states(&desk, &["--state", "state"], 2)), [".site-a", "site-a"]);
    fs::rename(here(".site-a.finding"), here("site-a.finding")).unwrap();
    exits(&desk.run(&["-f", "site-a.yaml", "state", "move", "file:elsewhere/x.json"]), 0);
    says(&desk.run(&["-f", "site-a.yaml", "fleet"]), 1, "was moved to elsewhere/x.json");
    says(&desk.run(&["fleet", "--state", "state/site-a.json"]), 1, "was moved to elsewhere/x.json");
    assert!(states(&desk, &["--state", "state"], 0).is_empty(), "it is on the page of where it is");
    assert_eq!(names(&states(&desk, &["--state", "elsewhere"], 2)), ["x"]);
}

#[test]
fn a_row_is_replaced_unless_it_is_newer_and_is_never_about_a_part() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    desk.file("state/site-a.finding", "torn");
    let mended = desk.quick(&emulator.url(), &["-f", "site-a.yaml", "drift", "--record"]);
    says(&mended, 0, "could not be read");
    assert_eq!(states(&desk, &["--state", "state"], 0)[0]["stale"], false);
    desk.file("state/site-a.finding", "{\"format_version\": 2}");
    says(&desk.quick(&emulator.url(), &["-f", "site-a.yaml", "drift", "--record"]), 1, "format version 2");
    assert_eq!(fs::read_to_string(desk.path().join("state/site-a.finding")).unwrap(), "{\"format_version\": 2}");
    for part in [["--target", "primary"], ["--exclude", "primary"], ["--at", "7d"]] {
        let refused = desk.quick(&emulator.url(), &["-f", "site-a.yaml", "drift", "--record", part[0], part[1]]);
        says(&refused, 1, part[0]);
    }
    let unrecorded = desk.quick(&emulator.url(), &["-f", "site-b.yaml", "drift"]);
    exits(&unrecorded, 0);
    assert!(!desk.path().join("state/site-b.finding").exists(), "only with --record");
}

#[test]
fn what_is_old_is_stale() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    record(&desk, &emulator, "site-a.yaml");
    let path = desk.path().join("state/site-a.finding");
    let mut row: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let checked: jiff::Timestamp = row["finding"]["checked_at"].as_str().unwrap().parse().unwrap();
    let ago = |hours| json!((checked - jiff::SignedDuration::from_hours(hours)).to_string());
    row["finding"]["checked_at"] = ago(23);
    fs::write(&path, row.to_string()).unwrap();
    assert_eq!(states(&desk, &["--state", "state"], 0)[0]["stale"], false);
    assert_eq!(states(&desk, &["--state", "state", "--stale-after", "2h"], 2)[0]["stale"], true);
    row["finding"]["checked_at"] = ago(25);
    fs::write(&path, row.to_string()).unwrap();
    assert_eq!(states(&desk, &["--state", "state"], 2)[0]["stale"], true);
    assert_eq!(states(&desk, &["--state", "state", "--stale-after", "2d"], 0)[0]["stale"], false);
    says(&desk.run(&["fleet", "--state", "state"]), 2, "not checked for 25h");
    row["finding"]["checked_at"] = ago(-48);
    fs::write(&path, row.to_string()).unwrap();
    assert_eq!(states(&desk, &["--state", "state"], 2)[0]["stale"], true, "nobody knows how old it is");
    says(&desk.run(&["fleet", "--state", "state"]), 2, "ahead of this clock");
    row["finding"]["checked_at"] = ago(72);
    fs::write(&path, row.to_string()).unwrap();
    says(&desk.run(&["fleet", "--state", "state", "--stale-after", "7d"]), 0, "what begins and ends is known up to");
}

#[test]
fn a_region_that_was_not_read_is_no_good_news() {
    let emulator = Emulator::serve("regions: [cn-shanghai]\ninterfaces: [{ id: ri-a }]\n");
    let desk = desk();
    desk.file(
        "site-c.yaml",
        "version: 1\ncloud: { provider: emulator, region: cn-shanghai }\ninterfaces:\n  a: { id: ri-a, status: Active }\n  b: { id: ri-b, region: cn-nowhere, status: Active }\n",
    );
    exits(&desk.quick(&emulator.url(), &["-f", "site-c.yaml", "drift", "--record"]), 1);
    let found = states(&desk, &["--state", "state"], 1);
    assert!(found[0]["error"].as_str().unwrap().contains("cn-nowhere"), "{}", found[0]);
    assert_eq!(found[0]["stale"], false);
    assert_eq!(found[0]["drifted"], Value::Null, "nobody knows that nothing moved");
    says(&desk.run(&["fleet", "--state", "state", "--format", "markdown"]), 1, "| unknown |");
}

#[test]
fn approvals_runs_and_changes_are_on_the_page() {
    let (desk, emulator) = (desk(), Emulator::serve(WORLD));
    let now = jiff::Timestamp::now();
    let (soon, later) = (now + jiff::SignedDuration::from_hours(3), now + jiff::SignedDuration::from_hours(40));
    let change = format!(
        "changes:\n  CHG-1: {{ reason: works, select: [backup], status: Inactive, from: {soon}, until: {later} }}\n"
    );
    desk.file("site-a.yaml", &(spec("site-a", ["ri-a", "ri-b"]) + &change));
    at_the_console(&emulator, "ri-b", "Inactive");
    let plan = desk.quick(&emulator.url(), &["-f", "site-a.yaml", "plan", "--out", "a.plan"]);
    exits(&plan, 0);
    exits(&desk.quick(&emulator.url(), &["-f", "site-a.yaml", "approve", "a.plan"]), 0);
    record(&desk, &emulator, "site-a.yaml");
    let found = states(&desk, &["--state", "state"], 2);
    let soon = &found[0]["upcoming"];
    assert_eq!(
        (soon.as_array().unwrap().len(), &soon[0]["change_id"], &soon[0]["what"]),
        (1, &json!("CHG-1"), &json!("begins"))
    );
    let approval = &found[0]["approvals"][0];
    assert!(approval["digest"].as_str().unwrap().starts_with("sha256:"), "{approval}");
    assert!(["by", "approved_at", "at", "expires"].iter().all(|key| approval[key].is_string()), "{approval}");
    for (format, holds) in [("html", "<h2>Approved and waiting</h2>"), ("markdown", "CHG-1"), ("text", "CHG-1 begins")]
    {
        says(&desk.run(&["fleet", "--state", "state", "--format", format]), 2, holds);
    }
    // Awaiting: the process that waits is gone, and so is the approval.
    let confirm = ["-f", "site-a.yaml", "apply", "--auto-approve", "--confirm-within", "10m"];
    let mut waiting = desk.command(&[&confirm[..], &["--endpoint", &emulator.url()]].concat()).spawn().unwrap();
    let awaits = || !states_of(&desk)[0]["awaiting"].as_array().unwrap().is_empty();
    let begun = std::time::Instant::now();
    while !awaits() && begun.elapsed() < std::time::Duration::from_secs(30) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let found = states_of(&desk);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(found[0]["awaiting"][0]["left_by"], Value::Null, "{}", found[0]);
    let run = found[0]["awaiting"][0]["run_id"].as_str().unwrap().to_owned();
    exits(&desk.run(&["-f", "site-a.yaml", "confirm", &run]), 0);
    assert_eq!(states_of(&desk)[0]["awaiting"], json!([]));
}

fn states_of(desk: &Desk) -> Vec<Value> {
    let ran = desk.run(&["fleet", "--json", "--state", "state"]);
    serde_json::from_str::<Value>(&ran.out).unwrap()["states"].as_array().unwrap().clone()
}

#[test]
fn a_spec_that_names_no_state_needs_a_store() {
    let desk = desk();
    says(&desk.run(&["fleet"]), 1, "no store is named");
}
