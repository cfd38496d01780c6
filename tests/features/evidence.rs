//! What past runs tell: `history` as it is asked, and the report for a ticket.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::scene::{Ended, Scene, WORLD};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

const CLOUD: &str =
    "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\ntime_zone: Asia/Shanghai\n";

/// The spec, with CHG-1 in force or over.
fn spec(is_in_force: bool) -> String {
    let change = "changes:\n  CHG-1: {reason: \"=splice, works\", select: [primary], status: Inactive}\n";
    let interfaces = "\
groups:
  site: {min_active: 1}
interfaces:
  primary: {id: ri-a, status: Active, group: site}
  backup: {id: ri-c, status: Active, group: site}
";
    format!("{CLOUD}{}{interfaces}", if is_in_force { change } else { "" })
}

/// CHG-1 has begun and ended; between the two somebody took the backup's far end down for another reason.
fn drained_and_returned() -> Scene {
    let scene = Scene::with_spec(&spec(true));
    scene.rictl("apply --auto-approve").with_code(0);
    scene.write("rictl.yaml", &spec(false));
    let mut command = scene.command(&["apply", "--auto-approve"]);
    let ended = command.env("USER", "runner").env("GITHUB_ACTOR", "octocat").output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    scene
}

/// Lists the ids of the runs that a history lists, newest first.
fn ids(ended: Ended) -> Vec<String> {
    let document: Value = serde_json::from_str(&ended.with_code(0).stdout).unwrap();
    let runs = document["runs"].as_array().unwrap();
    runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_span_has_its_begin_and_not_its_end() {
    let scene = drained_and_returned();
    let all: Value = serde_json::from_str(&scene.rictl("history --json").with_code(0).stdout).unwrap();
    let [newest, oldest] = [0, 1].map(|run| all["runs"][run]["run_id"].as_str().unwrap().to_owned());
    let began = all["runs"][0]["started_at"].as_str().unwrap();
    let listed = |words: &str| ids(scene.rictl(&format!("history --json {words}")));
    assert_eq!(listed(&format!("--since {began}")), [newest.as_str()]);
    assert_eq!(listed(&format!("--until {began}")), [oldest.as_str()]);
    assert_eq!(listed("--since 1h"), [newest.as_str(), &oldest]);
    assert_eq!(listed("--until 1h"), [""; 0]);
    assert_eq!(listed("--since 2000-01-01"), [newest.as_str(), &oldest]);
    let never = scene.rictl("history --since 2000-01-02 --until 2000-01-02").with_code(1).stderr;
    assert!(never.contains("2000-01-02 00:00 +08:00"), "a date is its midnight in the spec's zone: {never}");
    let no_time = scene.rictl("history --since yesterday").with_code(1).stderr;
    assert!(no_time.contains("--since yesterday: a time is written"), "{no_time}");
}

#[test]
fn runs_are_found_by_change_by_name_by_actor_and_by_the_beginning_of_their_ids() {
    let scene = drained_and_returned();
    let listed = |words: &str| ids(scene.rictl(format!("history --format json {words}").trim_end()));
    let all = listed("");
    assert_eq!(listed("--change CHG-1"), all, "the return is of the change whose block is gone");
    assert_eq!(listed("--change CHG-10"), [""; 0]);
    assert_eq!(listed("--who runner"), all[..1]);
    assert_eq!(listed("--who octocat"), all[..1]);
    assert_eq!(listed("--who octo"), [""; 0], "the whole name");
    assert_eq!(listed("--limit 1"), all[..1]);
    assert_eq!(listed("--run last"), all[..1]);
    assert_eq!(listed(&format!("--run {}", &all[1][..all[1].len() - 3])), all[1..]);
    assert_eq!(listed("--run last --who nobody"), [""; 0]);
    assert_eq!(listed("primary --limit 1"), all[..1]);
    assert_eq!(listed("backup"), [""; 0]);
    let several = scene.rictl(&format!("history --run {}", &all[1][..4])).with_code(1).stderr;
    assert!(several.contains(&all[0]) && several.contains(&all[1]), "{several}");
    let near = format!("{}x", &all[0][..all[0].len() - 1]);
    let unknown = scene.rictl(&format!("history --run {near}")).with_code(1).stderr;
    assert!(unknown.contains(&format!("did you mean `{}`", all[0])), "{unknown}");
    scene.rictl("history --limit 0").with_code(1);
}

#[test]
fn a_line_of_the_history_says_when_what_for_which_change_who_and_about_what() {
    let scene = drained_and_returned();
    let text = scene.rictl("history").with_code(0).stdout;
    let [newest, oldest] = <[&str; 2]>::try_from(text.lines().collect::<Vec<_>>()).unwrap();
    let columns = |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).count();
    assert!(newest.ends_with("  CHG-1  runner for octocat  primary"), "{text}");
    assert!(newest.contains("+08:00  apply     complete, 1 changed"), "{text}");
    assert_eq!([columns(newest), columns(oldest)], [7, 7], "{text}");
    let lines = scene.rictl("history --format ndjson").with_code(0).stdout;
    let runs: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(runs.iter().all(|run| run["format_version"] == "1.0" && run["change_id"] == "CHG-1"), "{lines}");
    assert_eq!(runs.len(), 2);
    assert_eq!(scene.rictl("history --who nobody").with_code(0).stdout, "No run is like that.\n");
}

#[test]
fn several_specs_are_one_history_and_each_run_says_whose_it_is() {
    let scene = Scene::with_spec(&spec(true));
    let other = "interfaces:\n  beijing: {id: ri-b, region: cn-beijing, status: Inactive}\n";
    scene.write("other.yaml", &format!("{}{other}", CLOUD.replace("Asia/Shanghai", "UTC")));
    scene.rictl("apply --auto-approve").with_code(0);
    scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    let both = |words: &str| scene.rictl(&format!("-f rictl.yaml -f other.yaml {words}"));
    let document: Value = serde_json::from_str(&both("history --json").with_code(0).stdout).unwrap();
    let specs: Vec<&str> =
        document["runs"].as_array().unwrap().iter().map(|run| run["spec"].as_str().unwrap()).collect();
    assert_eq!(specs, ["other.yaml", "rictl.yaml"], "newest first");
    assert_eq!(document["specs"], serde_json::json!(["other.yaml", "rictl.yaml"]));
    let before = both("history --json --until 2000-01-01").with_code(0).stdout;
    let before: Value = serde_json::from_str(&before).unwrap();
    assert_eq!(before["specs"], document["specs"], "those without runs too: {before}");
    let text = both("history").with_code(0).stdout;
    assert!(text.lines().next().unwrap().ends_with("  beijing  other.yaml"), "{text}");
    assert!(text.lines().next().unwrap().contains("Z  apply "), "each in the zone of its spec: {text}");
    assert_eq!(ids(both("history --json primary")).len(), 1, "what means nothing in one spec may in the other");
    let nothing = both("history nowhere").with_code(1).stderr;
    assert!(nothing.contains("nowhere"), "{nothing}");
    assert_eq!(ids(both("history --json --limit 1")).len(), 1);
    assert_eq!(ids(both("history --json --run last")), ids(scene.rictl("-f other.yaml history --json")));
    let report: Value = serde_json::from_str(&both("report CHG-1 last --format json").with_code(0).stdout).unwrap();
    assert_eq!(report["runs"].as_array().unwrap().len(), 2, "{report}");
    let same = both("history -f again.yaml").with_code(1);
    assert!(same.stderr.contains("--file") || same.stderr.contains("again.yaml"), "{same:?}");
}

#[test]
fn what_is_not_asked_for_is_not_opened() {
    let scene = drained_and_returned();
    let runs = scene.path("state/rictl.runs");
    // Each opened would be an error: neither is a run.
    let (ancient, future) = ("20000101T000000.000Z-aaaaaa", "29990101T000000.000Z-bbbbbb");
    fs::write(runs.join(format!("{ancient}.jsonl")), "nonsense\n").unwrap();
    assert_eq!(ids(scene.rictl("history --json --limit 2")).len(), 2);
    assert_eq!(ids(scene.rictl("history --json --since 1h")).len(), 2);
    scene.rictl("history --json").with_code(1);
    fs::rename(runs.join(format!("{ancient}.jsonl")), runs.join(format!("{future}.jsonl"))).unwrap();
    assert_eq!(ids(scene.rictl("history --json --until 2998-01-01")).len(), 2);
    scene.rictl("history --json --limit 1").with_code(1);
    let report = scene.rictl("report CHG-1 --format json").with_code(1).stderr;
    assert!(report.contains(future), "nobody knows whether it is of the change: {report}");
}

#[test]
fn a_report_of_a_change_leaves_out_no_run_whose_lines_are_not_what_was_written() {
    let scene = drained_and_returned();
    let all = ids(scene.rictl("history --json"));
    let file = scene.path(&format!("state/rictl.runs/{}.jsonl", all[1]));
    let whole = fs::read_to_string(&file).unwrap();
    let headless = whole.split_once('\n').unwrap().1.to_owned();
    let endless: String = whole.lines().next().unwrap().to_owned() + "\n";
    for damaged in [whole.replace("CHG-1", "CHG-9"), headless, endless, String::new()] {
        fs::write(&file, &damaged).unwrap();
        let said = scene.rictl("report CHG-1").with_code(1).stderr;
        assert!(said.contains(&all[1]), "{said}");
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(scene.rictl("report CHG-1 --format json").with_code(0).stdout.matches("\"operation\"").count(), 2);
}

#[test]
fn of_several_specs_no_run_is_opened_that_a_limit_leaves_out() {
    let scene = drained_and_returned();
    scene.write(
        "other.yaml",
        &format!("{CLOUD}interfaces:\n  beijing: {{id: ri-b, region: cn-beijing, status: Inactive}}\n"),
    );
    scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    for spec in ["rictl", "other"] {
        // Opened it would be an error: it is no run.
        let ancient = scene.path(&format!("state/{spec}.runs/20000101T000000.000Z-aaaaaa.jsonl"));
        fs::write(ancient, "nonsense\n").unwrap();
    }
    assert_eq!(ids(scene.rictl("-f rictl.yaml -f other.yaml history --json --limit 3")).len(), 3);
    scene.rictl("-f rictl.yaml -f other.yaml history --json --limit 4").with_code(1);
}

#[test]
fn a_report_has_the_drain_and_the_return_with_what_proves_them() {
    let scene = drained_and_returned();
    let document: Value = serde_json::from_str(&scene.rictl("report CHG-1 --format json").with_code(0).stdout).unwrap();
    assert_eq!(document["about"][0]["change_id"], "CHG-1");
    let steps = |run: usize| &document["runs"][run]["results"][0];
    let word = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    assert_eq!([word(&steps(0)["before"]), word(&steps(0)["after"])], ["Active", "Inactive"]);
    assert_eq!([word(&steps(1)["before"]), word(&steps(1)["after"])], ["Inactive", "Active"]);
    assert_eq!(word(&steps(0)["guards"][0]), "site: at least 1 of 2 up at any moment, 1 at the end, floor 1");
    let down = &document["down"][0];
    assert_eq!([&down["down_at"], &down["up_at"]], [&steps(0)["settled_at"], &steps(1)["settled_at"]]);
    assert_eq!([&down["drain_request_id"], &down["return_request_id"]], [0, 1].map(|run| &steps(run)["request_id"]));
    let second = |at: &Value| {
        let at: jiff::Timestamp = word(at).parse().unwrap();
        at.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).strftime("%H:%M:%S+08:00").to_string()
    };
    for format in ["markdown", "html"] {
        let page = scene.rictl(&format!("report CHG-1 --format {format}")).with_code(0).stdout;
        for run in [0, 1] {
            let run_id = word(&document["runs"][run]["run_id"]);
            let digest = word(&document["runs"][run]["digest"]);
            let proofs = [run_id, digest, word(&steps(run)["request_id"])];
            let times = ["sent_at", "settled_at", "cloud_date"].map(|key| second(&steps(run)[key]));
            for proof in proofs.iter().chain(&times) {
                assert!(page.contains(proof.as_str()), "{format} does not say {proof}: {page}");
            }
        }
        for said in ["CHG-1", "=splice, works", "Drained and returned.", "site: at least 1 of 2 up", "octocat"] {
            assert!(page.contains(said), "{format} does not say {said}: {page}");
        }
    }
    let run = scene.rictl("report last").with_code(0).stdout;
    assert!(
        run.contains("No interface was taken down.") && !run.contains(&word(&document["runs"][0]["run_id"])),
        "{run}"
    );
}

#[test]
fn a_report_of_a_change_has_its_ways_back_and_why_not_all_went_well() {
    let scene = Scene::with_spec(&spec(true));
    scene.rictl("apply --auto-approve").with_code(0);
    scene
        .write("world.yaml", &format!("{WORLD}faults: [{{fault: denied, action: ActivateRouterInterface, nth: 1}}]\n"));
    scene.rictl("emulator reset --world world.yaml");
    scene.rictl("apply --auto-approve --again");
    scene.rictl("rollback last --auto-approve");
    let page = scene.rictl("report CHG-1").with_code(0).stdout;
    let document: Value = serde_json::from_str(&scene.rictl("report CHG-1 --format json").with_code(0).stdout).unwrap();
    let runs = document["runs"].as_array().unwrap();
    let back = runs.iter().find(|run| run["operation"] == "rollback").unwrap_or_else(|| panic!("{document}"));
    assert_ne!(back["exit_code"], 0, "{back}");
    assert!(page.contains("**Did not go well**") && page.contains("Forbidden"), "{page}");
}

/// Two changes that one run begins; `next.yaml` is without the first.
fn two_changes(faults: &str) -> Scene {
    let (first, second) = (
        "  OV-1: {reason: overhaul, select: [primary], status: Inactive}\n",
        "  HO: {reason: handover, select: [backup], status: Inactive}\n",
    );
    let interfaces = "interfaces:\n  primary: {id: ri-a, status: Active}\n  backup: {id: ri-c, status: Active}\n";
    let scene = Scene::with_spec(&format!("{CLOUD}changes:\n{first}{second}{interfaces}"));
    scene.write("next.yaml", &format!("{CLOUD}changes:\n{second}{interfaces}"));
    scene.write("world.yaml", &format!("{WORLD}{faults}"));
    scene
}

/// One run has begun both.
fn two_changes_in_one_run() -> Scene {
    let scene = two_changes("");
    scene.rictl("apply --auto-approve").with_code(0);
    scene
}

#[test]
fn a_report_of_a_change_is_about_its_own_steps_of_the_runs_that_it_shares() {
    let scene = two_changes_in_one_run();
    scene.write("rictl.yaml", &scene.read("next.yaml"));
    scene.rictl("apply --auto-approve").with_code(0);
    let page = scene.rictl("report HO").with_code(0).stdout;
    assert!(page.contains("**Drained, not returned. 1 interface was not brought back by these runs.**"), "{page}");
    assert!(page.contains("1 run, 1 step, 1 at its goal, 1 call with a RequestId."), "{page}");
    assert!(page.contains("1 step of these runs is not of HO and not told here."), "{page}");
    assert!(!page.contains("primary"), "{page}");
    let other = scene.rictl("report OV-1").with_code(0).stdout;
    assert!(other.contains("**Drained and returned. 1 interface was down for") && !other.contains("backup"), "{other}");
    let document: Value = serde_json::from_str(&scene.rictl("report HO --format json").with_code(0).stdout).unwrap();
    let down: Vec<&str> =
        document["down"].as_array().unwrap().iter().map(|down| down["address"].as_str().unwrap()).collect();
    assert_eq!(down, ["backup"]);
    let csv = scene.rictl("report HO --format csv").with_code(0).stdout;
    assert!(csv.split("\r\n").count() == 1 + 1 + 1 && !csv.contains("primary"), "{csv}");
    let first = document["runs"][0]["run_id"].as_str().unwrap();
    let whole = scene.rictl(&format!("report {first}")).with_code(0).stdout;
    assert!(whole.contains("| Step | Run | Change | Where |"), "{whole}");
    assert!(whole.contains("2 interfaces were not brought back") && !whole.contains("not told here"), "{whole}");
}

#[test]
fn what_another_change_of_the_run_failed_at_is_no_failure_of_this_one() {
    let scene = two_changes("faults: [{fault: denied, action: DeactivateRouterInterface, interface: ri-a}]\n");
    scene.rictl("apply --auto-approve").with_code(5);
    let page = scene.rictl("report HO").with_code(0).stdout;
    assert!(page.contains("**Drained, not returned. 1 interface"), "{page}");
    assert!(!page.contains("Did not go well"), "{page}");
    let page = scene.rictl("report OV-1").with_code(0).stdout;
    assert!(page.contains("**Incomplete. No interface was taken down.**"), "{page}");
    assert!(page.contains("Did not go well") && page.contains("Forbidden"), "{page}");
    let last = scene.rictl("report last").with_code(0).stdout;
    assert!(last.contains("**Drained, not returned; not all went well."), "what ended with 5 is not well: {last}");
}

#[test]
fn a_rollback_is_of_the_changes_of_the_steps_that_it_takes_back() {
    let scene = two_changes_in_one_run();
    scene.rictl("rollback last --auto-approve").with_code(0);
    for (change, address) in [("HO", "backup"), ("OV-1", "primary")] {
        assert_eq!(ids(scene.rictl(&format!("history --json --change {change}"))).len(), 2);
        let page = scene.rictl(&format!("report {change}")).with_code(0).stdout;
        assert!(page.contains("**Drained and returned. 1 interface was down for"), "{page}");
        let listed = scene.rictl(&format!("history --json --change {change}")).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let back = &listed["runs"][0];
        assert_eq!([&back["operation"], &back["change_id"]], [&Value::from("rollback"), &Value::Null]);
        let mut steps = back["results"].as_array().unwrap().iter();
        let step = steps.find(|step| step["address"] == address).unwrap();
        assert_eq!(step["change_id"], change, "{back}");
    }
}

#[test]
fn a_part_that_a_rollback_takes_back_of_a_run_is_of_its_change() {
    let scene = two_changes_in_one_run();
    scene.rictl("rollback --change HO --auto-approve").with_code(0);
    let listed: Value = serde_json::from_str(&scene.rictl("history --json --limit 1").stdout).unwrap();
    assert_eq!([&listed["runs"][0]["change_id"], &listed["runs"][0]["results"][0]["change_id"]], ["HO", "HO"]);
    let page = scene.rictl("report HO").with_code(0).stdout;
    assert!(page.contains("**Drained and returned. 1 interface was down for"), "{page}");
    let page = scene.rictl("report OV-1").with_code(0).stdout;
    assert!(page.contains("**Drained, not returned."), "{page}");
}

#[test]
fn a_report_of_a_run_that_goes_on_or_died_says_so_and_what_is_not_known() {
    let scene = Scene::with_spec(&spec(true));
    scene.write("world.yaml", &WORLD.replace("deactivate: 40ms", "deactivate: 10m"));
    let mut child = scene.begun("\"accepted\"", "apply --auto-approve");
    let page = scene.rictl("report CHG-1").with_code(0).stdout;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(page.contains("**Goes on. 1 call is on the way.**") && page.contains("| `goes on` |"), "{page}");
    let page = scene.rictl("report CHG-1").with_code(0).stdout;
    assert!(page.contains("**Died. What became of 1 call is not known.**"), "{page}");
    assert!(page.contains("| `not known` |") && page.contains("- Died: "), "{page}");
    let listed = scene.rictl("history").with_code(0).stdout;
    assert!(listed.contains("  died  "), "one word for one outcome: {listed}");
}

#[test]
fn an_interface_that_was_down_twice_is_one_interface() {
    let scene = drained_and_returned();
    scene.write("rictl.yaml", &spec(true));
    scene.rictl("apply --auto-approve").with_code(0);
    let page = scene.rictl("report CHG-1").with_code(0).stdout;
    assert!(page.contains("**Drained, not returned. 1 interface was not brought back by these runs.**"), "{page}");
    scene.write("rictl.yaml", &spec(false));
    scene.rictl("apply --auto-approve").with_code(0);
    let page = scene.rictl("report CHG-1").with_code(0).stdout;
    assert!(page.contains("**Drained and returned. 1 interface was down 2 times, the longest for"), "{page}");
}

#[test]
fn a_change_that_is_not_known_has_the_nearest_as_a_hint() {
    let scene = drained_and_returned();
    let none = scene.rictl("history --change CHG-2").with_code(0);
    assert_eq!(none.stdout, "No run is like that.\n");
    assert!(none.stderr.contains("no run of CHG-2 is recorded; did you mean `CHG-1`?"), "{none:?}");
    let filtered = scene.rictl("history --change CHG-1 --until 2000-01-01").with_code(0);
    assert_eq!(filtered.stderr, "", "it is known, and nothing of it is asked for");
}

#[test]
fn csv_is_for_a_spreadsheet_and_its_mark_for_a_file() {
    let scene = drained_and_returned();
    let shown = scene.rictl("report CHG-1 --format csv").with_code(0).stdout;
    assert!(shown.starts_with("run_id,operation,outcome,") && shown.ends_with("\r\n"), "{shown}");
    assert!(shown.contains(",\"'=splice, works\","), "{shown}");
    assert_eq!(shown.split("\r\n").count(), 1 + 2 + 1);
    assert_eq!(scene.rictl("report CHG-1 --output report.csv").with_code(0).stdout, "");
    assert_eq!(scene.read("report.csv"), format!("\u{feff}{shown}"));
    scene.rictl("report CHG-1 --output report.csv").with_code(0);
    assert!(scene.rictl("report CHG-1 --format csv --output -").with_code(0).stdout.starts_with("run_id"));
    scene.rictl("report CHG-1 --output report.html").with_code(0);
    assert!(scene.read("report.html").starts_with("<!doctype html>"), "the ending says which format");
    scene.rictl("report CHG-1 --output report.html --format json").with_code(0);
    assert!(scene.read("report.html").starts_with('{'));
    assert!(
        scene.rictl("report CHG-1 --output nowhere/report.md").with_code(1).stderr.contains("there is no directory")
    );
}

#[test]
fn what_is_neither_a_change_nor_a_run_is_an_error_with_what_is_near() {
    let scene = drained_and_returned();
    let said = |words: &str| scene.rictl(words).with_code(1).stderr;
    assert!(said("report CHG-2").contains("did you mean `CHG-1`?"), "its block is gone, its runs are not");
    assert!(said("report CHG-1 nonsense").contains("`rictl history` lists the runs"));
    scene.write("rictl.yaml", &spec(true).replace("CHG-1", "CHG-7"));
    assert!(said("report CHG-7").contains("no run of CHG-7 is recorded"));
    assert!(said("report chg-7").contains("did you mean `CHG-7`?"));
    let document = scene.run(&["report", "CHG-2", "--format", "json"]).with_code(1).stdout;
    assert!(serde_json::from_str::<Value>(&document).unwrap().is_object(), "{document}");
}

#[test]
fn a_report_goes_on_without_a_spec() {
    let scene = drained_and_returned();
    scene.write("rictl.yaml", "nonsense");
    let page = scene.rictl("report CHG-1").with_code(0);
    assert!(page.stdout.contains("Drained and returned.") && page.stderr.contains("cannot be used"), "{page:?}");
    assert_eq!(ids(scene.rictl("history --json --change CHG-1")).len(), 2);
}

/// How many changes there are, each about an interface of its own.
const CHANGES: usize = 10;

/// How often each begins and ends.
const ROUNDS: usize = 5;

/// Serves a world and begins and ends every change in turn: a hundred runs.
fn hundred_runs(emulator: &Emulator) -> Desk {
    let interfaces: String =
        (0..CHANGES).map(|number| format!("  link-{number}: {{id: ri-{number}, status: Active}}\n")).collect();
    let spec = |in_force: &BTreeSet<usize>| {
        let change = |number: &usize| {
            format!("  CHG-{number}: {{reason: works {number}, select: [link-{number}], status: Inactive}}\n")
        };
        let changes: String = in_force.iter().map(change).collect();
        let changes = if changes.is_empty() { String::new() } else { format!("changes:\n{changes}") };
        format!("version: 1\ncloud: {{provider: alibaba, region: cn-shanghai}}\n{changes}interfaces:\n{interfaces}")
    };
    let desk = Desk::new(&spec(&BTreeSet::new())).with_the_usual_key();
    let mut in_force = BTreeSet::new();
    for number in (0..2 * ROUNDS).flat_map(|_| 0..CHANGES) {
        if !in_force.insert(number) {
            in_force.remove(&number);
        }
        desk.file("rictl.yaml", &spec(&in_force));
        let url = emulator.url();
        let flags = ["--endpoint", &url, "--poll-interval", "5ms", "--quota", "100000/1s"];
        let applied = desk.run(&[&["apply", "--auto-approve"][..], &flags].concat());
        assert_eq!(applied.code, 0, "{applied:?}");
    }
    desk
}

#[test]
fn a_report_of_a_hundred_runs_is_one_page_a_change_and_all_of_it_is_in_the_log_of_the_api() {
    let interfaces: String = (0..CHANGES).map(|number| format!("  - {{id: ri-{number}}}\n")).collect();
    let world = "regions: [cn-shanghai]\nsettle: {activate: 1ms, deactivate: 1ms}\n";
    let emulator = Emulator::serve(&format!("{world}interfaces:\n{interfaces}"));
    let desk = hundred_runs(&emulator);
    let calls: BTreeMap<String, (String, Option<String>)> =
        emulator.mutating_calls().into_iter().map(|call| (call.request_id, (call.action, call.interface))).collect();
    let names: Vec<String> = (0..CHANGES).map(|number| format!("CHG-{number}")).collect();
    let report = |format: &str| {
        let all = ["report"].into_iter().chain(names.iter().map(String::as_str)).chain(["--format", format]);
        let ran = desk.run(&all.collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let [markdown, html, csv, json] = ["markdown", "html", "csv", "json"].map(report);
    let document: Value = serde_json::from_str(&json).unwrap();
    let runs = document["runs"].as_array().unwrap();
    assert_eq!([runs.len(), calls.len()], [2 * ROUNDS * CHANGES; 2]);
    for step in runs.iter().flat_map(|run| run["results"].as_array().unwrap()) {
        let request_id = step["request_id"].as_str().unwrap();
        let (action, interface) = &calls[request_id];
        let of_step = (step["action"].as_str().unwrap(), step["interface_id"].as_str());
        assert_eq!(of_step, (action.as_str(), interface.as_deref()), "{request_id}");
        for page in [&markdown, &html, &csv] {
            assert!(page.contains(request_id), "{request_id} is missing");
        }
    }
    assert_eq!(document["down"].as_array().unwrap().len(), ROUNDS * CHANGES);
    assert_eq!(markdown.matches("### rictl report of ").count(), CHANGES);
    assert_eq!(html.matches("<article").count(), CHANGES);
    assert_eq!(csv.lines().count(), 1 + 2 * ROUNDS * CHANGES);
    for page in [&markdown, &html, &csv, &json] {
        assert!(!page.contains(rictl::emulator::DEFAULT_ACCESS_KEY_SECRET));
    }
}
