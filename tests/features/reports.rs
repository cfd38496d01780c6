//! What a report must say wherever it is pasted: which spec, when, by which version, and what to run next.

use super::scene::{SPEC, Scene, WORLD};

/// A spec in which at each of `count` sites a backup comes up and the primary goes down.
pub(crate) fn many_sites(count: usize) -> Scene {
    let scene = Scene::empty();
    let (mut world, mut groups, mut interfaces) = (String::new(), String::new(), String::new());
    for site in 11..11 + count {
        world += &format!("  - {{id: ri-p{site}}}\n  - {{id: ri-b{site}, status: Inactive}}\n");
        groups += &format!("  site-{site}: {{min_active: 1}}\n");
        interfaces += &format!("  primary-{site}: {{id: ri-p{site}, status: Inactive, group: site-{site}}}\n");
        interfaces += &format!("  backup-{site}: {{id: ri-b{site}, status: Active, group: site-{site}}}\n");
    }
    scene.write("world.yaml", &format!("regions: [cn-shanghai]\ninterfaces:\n{world}"));
    let cloud = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";
    scene.write("rictl.yaml", &format!("{cloud}groups:\n{groups}interfaces:\n{interfaces}"));
    scene
}

#[test]
fn a_plan_that_nobody_watches_is_shown_whole() {
    let scene = many_sites(20);
    let planned = scene.rictl("plan --out saved").with_code(0).stdout;
    let shown = scene.rictl("show saved").with_code(0).stdout;
    for text in [planned, shown] {
        assert_eq!(text.matches("router_interface \"").count(), 40, "{text}");
        assert_eq!(text.matches("# guard: site-").count(), 20, "{text}");
        assert!(text.contains("`rictl apply saved` does exactly this"), "{text}");
    }
}

#[test]
fn every_report_names_its_spec_the_time_the_version_and_what_to_run_next() {
    let scene = Scene::empty();
    scene.write("world.yaml", super::scene::WORLD);
    scene.write("office-1.yaml", &SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let begun = jiff::Timestamp::now().strftime("%Y-%m-%dT").to_string();
    for format in ["text", "markdown", "html"] {
        let reports = [(format!("plan --format {format}"), 0), (format!("drift --format {format}"), 2)];
        for (command, code) in reports {
            let report = scene.rictl(&format!("-f office-1.yaml {command}")).with_code(code).stdout;
            for said in ["office-1.yaml", &begun, "rictl 0.", "Next: ", "rictl -f office-1.yaml "] {
                assert!(report.contains(said), "{command} does not say {said}: {report}");
            }
        }
    }
}

#[test]
fn a_run_in_a_ticket_proves_what_was_done() {
    let spec = SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive");
    let scene = Scene::with_spec(&spec);
    scene.rictl("apply --auto-approve").with_code(0);
    let run: serde_json::Value = serde_json::from_str(&scene.rictl("show --json").with_code(0).stdout).unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let step = &run["results"][0];
    let second = |at: &serde_json::Value| word(at)[..19].to_owned();
    for format in ["text", "markdown", "html"] {
        let report = scene.rictl(&format!("show --format {format}")).with_code(0).stdout;
        let proofs = [
            "CHG-7".to_owned(),
            "ri-c".to_owned(),
            "rictl.yaml".to_owned(),
            second(&step["started_at"]),
            second(&step["finished_at"]),
            word(&step["request_id"]),
            word(&run["digest"]),
            format!("rictl rollback {}", word(&run["run_id"])),
        ];
        for proof in proofs {
            assert!(report.contains(&proof), "{format} does not say {proof}: {report}");
        }
        let path = ["Active -> Inactive", "`Active` -> `Inactive`", "Active -&gt; Inactive"];
        assert!(path.iter().any(|path| report.contains(path)), "{report}");
    }
}

#[test]
fn what_is_piped_has_one_line_a_record_in_columns() {
    let long = "a-link-whose-name-is-longer-than-forty-columns-by-far";
    let spec = SPEC.replace("backup:", &format!("{long}:")).replace("status: Active", "status: Inactive");
    let scene = Scene::with_spec(&spec.replace("min_active: 1", "min_active: 0"));
    scene.rictl("apply --auto-approve").with_code(0);
    let records = scene.rictl("state list").with_code(0).stdout;
    assert_eq!(records.lines().count(), 2, "{records}");
    let columns: Vec<Option<usize>> = records.lines().map(|line| line.find("Inactive")).collect();
    assert_eq!(columns, [Some(long.len() + 2); 2], "{records}");
    assert_eq!(scene.rictl("history").with_code(0).stdout.lines().count(), 1);
}

#[test]
fn a_run_knows_for_whom_ci_ran_it_and_why() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let mut apply = scene.command(&["apply", "--auto-approve", "--poll-interval", "10ms"]);
    let ended = apply.env("USER", "runner").env("GITHUB_ACTOR", "octocat").output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let runs = scene.rictl("history --json").with_code(0).stdout;
    for key in [r#""who":"runner""#, r#""actor":"octocat""#, r#""reason":"CHG-7""#] {
        assert!(runs.contains(key), "{key}: {runs}");
    }
    let text = scene.rictl("history").with_code(0).stdout;
    assert!(text.contains("runner for octocat"), "{text}");
}

#[test]
fn a_call_that_was_refused_can_be_found_in_the_vendors_log_as_well() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let fault = "faults: [{fault: denied, action: DeactivateRouterInterface, every: 1}]\n";
    scene.write("world.yaml", &format!("{WORLD}{fault}"));
    scene.rictl("apply --auto-approve --json-into run.jsonl").with_code(1);
    let said = scene.read("run.jsonl");
    let step = |text: &str| {
        let run: serde_json::Value = serde_json::from_str(text).unwrap();
        let run = if run["report"].is_object() { run["report"].clone() } else { run };
        let step = &run["results"][0];
        (step["outcome"].clone(), step["request_id"].clone(), step["cloud_date"].clone())
    };
    let then = step(said.lines().find(|line| line.contains("run_finished")).unwrap());
    assert!(then.0 == "failed" && then.1.is_string() && then.2.is_string(), "{then:?}");
    assert_eq!(step(&scene.rictl("show --json").with_code(0).stdout), then);
}
