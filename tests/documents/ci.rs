//! The ready-made CI files: their scripts are run as a runner would, and what they may do is looked at.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use super::repository;

fn read(file: &str) -> Value {
    let text = fs::read_to_string(repository().join("examples/ci").join(file)).expect("a CI file");
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The script of a step of a GitHub job.
fn script<'w>(workflow: &'w Value, job: &str, step: &str) -> &'w str {
    let steps = workflow["jobs"][job]["steps"].as_sequence().expect("steps");
    let step = steps.iter().find(|candidate| candidate["name"] == step).expect("a step of that name");
    step["run"].as_str().expect("a script")
}

/// Runs a script beside a spec in `network/` and returns its exit code.
fn run(script: &str, directory: &Path, digest: &str) -> Option<i32> {
    let binary = Path::new(env!("CARGO_BIN_EXE_rictl")).parent().expect("a directory");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-e", "-c", script])
        .current_dir(directory)
        .env_clear()
        .env("PATH", path)
        .env("HOME", directory)
        .env("RUNNER_TEMP", directory)
        .env("GITHUB_OUTPUT", directory.join("outputs"))
        .env("GITHUB_STEP_SUMMARY", directory.join("summary.md"))
        .env("DIGEST", digest)
        .env("RICTL_POLL_INTERVAL", "100ms")
        .output();
    output.expect("bash").status.code()
}

/// A checkout with the maintenance drain as its `network/`.
fn checkout() -> tempfile::TempDir {
    let checkout = tempfile::tempdir().expect("a temporary directory");
    let network = checkout.path().join("network");
    fs::create_dir(&network).expect("a directory");
    for file in ["rictl.yaml", "world.yaml"] {
        let text = fs::read_to_string(repository().join("examples/maintenance-drain").join(file)).expect("an example");
        fs::write(network.join(file), text).expect("a copy");
    }
    checkout
}

fn digest_in(comment: &str) -> String {
    let start = comment.find("sha256:").expect("a digest in the comment");
    comment[start..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == ':').collect()
}

#[test]
fn the_digest_of_the_comment_is_the_one_that_the_apply_takes() {
    let checkout = checkout();
    let (plan, apply) = (read("github/plan.yml"), read("github/apply.yml"));

    assert_eq!(run(script(&plan, "plan", "Plan"), checkout.path(), ""), Some(0));
    let comment = fs::read_to_string(checkout.path().join("plan.md")).expect("a comment");
    assert_eq!(fs::read_to_string(checkout.path().join("outputs")).expect("outputs"), "code=0\n");
    let digest = digest_in(&comment);

    assert_eq!(run(script(&apply, "apply", "Apply"), checkout.path(), &format!("sha256:{}", "0".repeat(64))), Some(4));
    assert_eq!(run(script(&apply, "apply", "Apply"), checkout.path(), &digest), Some(0));
    assert_eq!(run(script(&apply, "apply", "Report"), checkout.path(), ""), Some(0));
    let summary = fs::read_to_string(checkout.path().join("summary.md")).expect("a summary");
    assert!(summary.contains("sh-primary/deactivate"), "{summary}");
}

#[test]
fn gitlab_plans_and_applies_alike() {
    let checkout = checkout();
    let pipeline = read("gitlab/.gitlab-ci.yml");
    let lines = |job: &str| -> Vec<String> {
        let script = pipeline[job]["script"].as_sequence().expect("a script");
        script.iter().map(|line| line.as_str().expect("a line").to_owned()).collect()
    };
    let offline: Vec<String> = lines("rictl-plan").into_iter().filter(|line| !line.contains("curl")).collect();
    assert_eq!(run(&offline.join("\n"), checkout.path(), ""), Some(0));
    let digest = digest_in(&fs::read_to_string(checkout.path().join("plan.md")).expect("a comment"));
    assert_eq!(run(&lines("rictl-apply").join("\n"), checkout.path(), &digest), Some(0));
}

#[test]
fn the_workflows_are_what_actionlint_takes() {
    let files = ["plan.yml", "apply.yml"].map(|file| repository().join("examples/ci/github").join(file));
    // The runners' own labels are for whoever copies the files to declare.
    match Command::new("actionlint").args(["-ignore", "label .+ is unknown"]).args(files).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => println!("skipped: actionlint cannot be run: {error}"),
    }
}

#[test]
fn the_workflows_pin_what_they_use_and_may_do_little() {
    for file in ["github/plan.yml", "github/apply.yml"] {
        let workflow = read(file);
        assert_eq!(workflow["permissions"], Value::Mapping(Default::default()), "{file}");
        for (_, job) in workflow["jobs"].as_mapping().expect("jobs") {
            assert_eq!(job["permissions"]["contents"], "read", "{file}");
            for step in job["steps"].as_sequence().expect("steps") {
                let Some(action) = step["uses"].as_str() else { continue };
                let commit = action.split_once('@').map_or("", |(_, commit)| commit);
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{file}: {action}");
            }
        }
    }
}
