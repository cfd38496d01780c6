//! The ready-made CI files: their scripts are run as a runner would, and what they may do is looked at.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_yaml::Value;

use super::repository;

/// Stands for GitHub's command line: comments are files, each `LOGIN` in its first line and the body behind it.
const GH: &str = r#"#!/bin/bash
set -euo pipefail
[ "$1" = api ]; shift
method=GET body=""
while [ $# -gt 0 ]; do
  case $1 in
    --paginate|--silent) shift ;;
    --method) method=$2; shift 2 ;;
    --jq) query=$2; shift 2 ;;
    --field) body=${2#body=@}; shift 2 ;;
    *) path=$1; shift ;;
  esac
done
case $method:$path in
  GET:repos/o/r/issues/7/comments)
    for f in comments/*; do
      [ -e "$f" ] || continue
      jq --null-input --arg id "${f#comments/}" --arg login "$(head -1 "$f")" --rawfile text <(tail -n +2 "$f") '{id: ($id | tonumber), user: {login: $login}, body: $text}'
    done | jq --slurp . | jq --raw-output "$query" ;;
  POST:repos/o/r/issues/7/comments) n=$(ls comments | wc -l); { echo 'github-actions[bot]'; cat "$body"; } > "comments/$((n + 1))" ;;
  PATCH:repos/o/r/issues/comments/*) { echo 'github-actions[bot]'; cat "$body"; } > "comments/${path##*/}" ;;
  *) echo "no such call: $method $path" >&2; exit 1 ;;
esac
"#;

/// Stands for curl, and for GitLab behind it: notes are kept in one JSON file.
const CURL: &str = r#"#!/bin/bash
set -euo pipefail
method=GET data=""
while [ $# -gt 0 ]; do
  case $1 in
    --config) grep -q 'PRIVATE-TOKEN: glpat-notes' "$2"; shift 2 ;;
    --request) method=$2; shift 2 ;;
    --data) data=${2#@}; shift 2 ;;
    *) url=$1; shift ;;
  esac
done
[ -e notes-kept.json ] || echo '[{"id": 1, "author": {"id": 5}, "body": "<!-- rictl plan of network/rictl.yaml --> of somebody else"}]' > notes-kept.json
api=https://gitlab.example.com/api/v4
case $method:$url in
  GET:$api/user) echo '{"id": 42}' ;;
  GET:$api/projects/3/merge_requests/9/notes\?per_page=100\&page=1) cat notes-kept.json ;;
  POST:$api/projects/3/merge_requests/9/notes) jq --slurpfile new "$data" '. + [{id: (length + 1), author: {id: 42}, body: $new[0].body}]' notes-kept.json > n && mv n notes-kept.json ;;
  PUT:$api/projects/3/merge_requests/9/notes/*) jq --slurpfile new "$data" --argjson id "${url##*/}" 'map(if .id == $id then .body = $new[0].body else . end)' notes-kept.json > n && mv n notes-kept.json ;;
  *) echo "no such call: $method $url" >&2; exit 1 ;;
esac
"#;

fn text(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn parse(file: &str, text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A step of the action.
fn step<'a>(action: &'a Value, name: &str) -> &'a str {
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    let step = steps.iter().find(|step| step["name"] == name).expect("a step of that name");
    step["run"].as_str().expect("a script")
}

/// A checkout with the maintenance drain as its `network/`.
fn checkout() -> tempfile::TempDir {
    let checkout = tempfile::tempdir().expect("a temporary directory");
    for directory in ["network", "bin", "comments"] {
        fs::create_dir(checkout.path().join(directory)).expect("a directory");
    }
    for file in ["rictl.yaml", "world.yaml"] {
        let text = text(&format!("examples/maintenance-drain/{file}"));
        fs::write(checkout.path().join("network").join(file), text).expect("a copy");
    }
    for (name, script) in [("gh", GH), ("curl", CURL)] {
        let path = checkout.path().join("bin").join(name);
        fs::write(&path, script).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    checkout
}

/// Runs a script as the runner of a checkout would.
fn run(script: &str, directory: &Path, variables: &[(&str, &str)]) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_rictl")).parent().expect("a directory");
    let own = directory.join("bin");
    let path = format!("{}:{}:{}", own.display(), binary.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-e", "-c", script])
        .current_dir(directory)
        .env_clear()
        .env("PATH", path)
        .env("HOME", directory)
        .env("RUNNER_TEMP", directory)
        .env("GITHUB_OUTPUT", directory.join("outputs"))
        .env("GITHUB_STEP_SUMMARY", directory.join("summary.md"))
        .env("GITHUB_REPOSITORY", "o/r")
        .env("RICTL_POLL_INTERVAL", "100ms")
        .envs(variables.iter().copied())
        .output();
    output.expect("bash")
}

fn can_run(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        println!("skipped: {program} cannot be run");
    }
    is_there
}

/// The action's script that runs rictl.
fn act(directory: &Path, command: &str, digest: &str) -> (Option<i32>, String) {
    let action = parse("action.yml", &text("action.yml"));
    fs::write(directory.join("outputs"), "").expect("an empty file");
    let variables = [
        ("COMMAND", command),
        ("DIRECTORY", "network"),
        ("SPEC", "rictl.yaml"),
        ("DIGEST", digest),
        ("STATE", ""),
        ("ROLE", ""),
        ("RICTL", "rictl"),
    ];
    let output = run(step(&action, "Run"), directory, &variables);
    (output.status.code(), fs::read_to_string(directory.join("outputs")).unwrap_or_default())
}

fn comment(directory: &Path) {
    let action = parse("action.yml", &text("action.yml"));
    let variables = [("PULL_REQUEST", "7"), ("COMMIT", "c0ffee"), ("SPEC", "network/rictl.yaml")];
    let output = run(step(&action, "Comment"), directory, &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn digest_in(comment: &str) -> String {
    let start = comment.find("sha256:").expect("a digest in the comment");
    comment[start..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == ':').collect()
}

#[test]
fn the_action_applies_by_the_digest_of_its_comment_and_reports_what_it_did_alone() {
    if !can_run("jq") {
        return;
    }
    let checkout = checkout();
    let directory = checkout.path();
    assert_eq!(act(directory, "plan", ""), (Some(0), "code=0\nrun=\n".to_owned()));
    // Whoever plants the marker first is not written over.
    fs::write(directory.join("comments/1"), "mallory\n<!-- rictl plan of network/rictl.yaml -->\nmine\n").unwrap();
    comment(directory);
    comment(directory);
    let comments = fs::read_dir(directory.join("comments")).unwrap().count();
    assert_eq!(comments, 2, "one comment a spec, and somebody else's");
    let said = fs::read_to_string(directory.join("comments/2")).unwrap();
    assert!(said.contains("at commit c0ffee") && said.contains("Next: merge"), "{said}");
    let digest = digest_in(&said);

    let wrong = format!("sha256:{}", "0".repeat(64));
    assert_eq!(act(directory, "apply", &wrong), (Some(0), "code=4\nrun=\n".to_owned()));
    assert!(!fs::read_to_string(directory.join("summary.md")).unwrap().contains("RequestId"));
    let (_, outputs) = act(directory, "apply", &digest);
    assert!(outputs.starts_with("code=0\nrun=20"), "{outputs}");
    let summary = fs::read_to_string(directory.join("summary.md")).unwrap();
    assert!(summary.contains("sh-primary"), "{summary}");
    // A job that did nothing reports nothing of the run before it.
    fs::write(directory.join("summary.md"), "").unwrap();
    assert_eq!(act(directory, "apply", &digest).1, "code=0\nrun=\n");
    assert_eq!(fs::read_to_string(directory.join("summary.md")).unwrap(), "");
    assert_eq!(act(directory, "approved", "").1, "code=0\nrun=\n");
}

#[test]
fn the_action_hands_its_token_over_in_a_file_of_its_own_and_takes_it_away() {
    if !can_run("jq") {
        return;
    }
    let checkout = checkout();
    let directory = checkout.path();
    let fake = directory.join("bin/rictl");
    let script = "#!/bin/bash\n[ \"$(cat \"$ALIBABA_CLOUD_OIDC_TOKEN_FILE\")\" = jwt ] && stat -c %a \"$ALIBABA_CLOUD_OIDC_TOKEN_FILE\" > mode && echo \"$ALIBABA_CLOUD_ROLE_ARN\" > role\n";
    let curl = "#!/bin/bash\n[[ \"$*\" == *'https://tokens.example.com?x=1&audience=sts.aliyuncs.com' ]] && echo '{\"value\": \"jwt\"}'\n";
    for (path, script) in [(fake, script), (directory.join("bin/curl"), curl)] {
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let action = parse("action.yml", &text("action.yml"));
    let variables = [
        ("COMMAND", "approved"),
        ("DIRECTORY", "network"),
        ("SPEC", "rictl.yaml"),
        ("DIGEST", ""),
        ("STATE", "oss://b/p"),
        ("ROLE", "acs:ram::1:role/r"),
        ("OIDC_PROVIDER", "acs:ram::1:oidc-provider/github"),
        ("AUDIENCE", "sts.aliyuncs.com"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://tokens.example.com?x=1"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"),
        ("RICTL", "rictl"),
    ];
    let output = run(step(&action, "Run"), directory, &variables);
    assert!(output.status.success(), "{output:?}");
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    assert_eq!((read("mode").trim(), read("role").trim()), ("600", "acs:ram::1:role/r"));
    assert!(!directory.join("rictl-oidc-token").exists());
}

/// The jobs of the component, with what its inputs are by default.
fn component() -> Value {
    let whole = text("templates/rictl.yml");
    let (head, mut body) =
        whole.split_once("\n---\n").map(|(head, body)| (head, body.to_owned())).expect("two documents");
    let head = parse("templates/rictl.yml", head);
    for (name, input) in head["spec"]["inputs"].as_mapping().expect("inputs") {
        let (name, default) = (name.as_str().expect("a name"), input["default"].as_str().expect("a default"));
        body = body.replace(&format!("$[[ inputs.{name} ]]"), default);
    }
    assert!(!body.contains("$[["), "an input that nobody declares");
    parse("templates/rictl.yml", &body)
}

fn lines(job: &Value, key: &str) -> String {
    let script = job[key].as_sequence().expect("a script");
    script.iter().map(|line| line.as_str().expect("a line")).collect::<Vec<_>>().join("\n")
}

#[test]
fn gitlab_plans_in_one_note_and_applies_by_its_digest() {
    if !can_run("jq") {
        return;
    }
    let (checkout, pipeline) = (checkout(), component());
    let directory = checkout.path();
    let common = [("DIRECTORY", "network"), ("SPEC", "rictl.yaml"), ("STATE", ""), ("ROLE", "")];
    let before = lines(&pipeline[".rictl"], "before_script");
    let script = format!("{before}\n{}", lines(&pipeline["rictl-plan"], "script"));
    let note = [
        ("RICTL_COMMENT_TOKEN", "glpat-notes"),
        ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
        ("CI_PROJECT_ID", "3"),
        ("CI_MERGE_REQUEST_IID", "9"),
        ("CI_COMMIT_SHA", "c0ffee"),
        ("RICTL_TRUST_SPEC", "0"),
    ];
    for _ in 0..2 {
        let output = run(&script, directory, &[&common[..], &note[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let notes: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(directory.join("notes-kept.json")).unwrap()).unwrap();
    let notes = notes.as_array().unwrap();
    assert_eq!(notes.len(), 2, "one note a spec, and somebody else's: {notes:?}");
    let digest = digest_in(notes[1]["body"].as_str().unwrap());

    let script = format!("{before}\n{}", lines(&pipeline[".rictl-apply"], "script"));
    let apply = |what, digest: &str| {
        let more = [("WHAT", what), ("DIGEST", digest), ("CI_PROJECT_DIR", directory.to_str().unwrap())];
        run(&script, directory, &[&common[..], &more[..]].concat())
    };
    assert_eq!(apply("digest", "").status.code(), Some(1));
    assert_eq!(apply("digest", &digest).status.code(), Some(0));
    assert!(fs::read_to_string(directory.join("report.md")).unwrap().contains("sh-primary"));
    fs::remove_file(directory.join("report.md")).unwrap();
    assert_eq!(apply("approved", "").status.code(), Some(0));
    assert!(!directory.join("report.md").exists(), "a job that did nothing reports nothing");
}

/// Runs a checker of others on files of ours; where it is not installed, that is said.
fn check(program: &str, arguments: &[&str], files: &[&str]) {
    let paths = files.iter().map(|file| repository().join(file));
    match Command::new(program).args(arguments).args(paths).output() {
        Ok(output) => {
            let [stdout, stderr] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
            assert!(output.status.success(), "{program}: {stdout}{stderr}");
        }
        Err(error) => println!("skipped: {program} cannot be run: {error}"),
    }
}

const WORKFLOWS: [&str; 4] = [
    "examples/ci/github/plan.yml",
    "examples/ci/github/apply.yml",
    "examples/ci/github/approved.yml",
    "examples/ci/github/hosted.yml",
];

#[test]
fn the_files_are_what_their_checkers_take() {
    // The runners' own labels are for whoever copies the files to declare.
    check("actionlint", &["-ignore", "label .+ is unknown"], &WORKFLOWS);
    check("zizmor", &["--offline", "--no-progress"], &[&WORKFLOWS[..], &["action.yml"]].concat());
    check("check-jsonschema", &["--builtin-schema", "vendor.github-workflows"], &WORKFLOWS);
    check("check-jsonschema", &["--builtin-schema", "vendor.github-actions"], &["action.yml"]);
    check("check-jsonschema", &["--builtin-schema", "vendor.gitlab-ci"], &["examples/ci/gitlab/.gitlab-ci.yml"]);
    let directory = tempfile::tempdir().unwrap();
    let jobs = directory.path().join("jobs.yml");
    fs::write(&jobs, serde_yaml::to_string(&component()).unwrap()).unwrap();
    check("check-jsonschema", &["--builtin-schema", "vendor.gitlab-ci"], &[jobs.to_str().unwrap()]);
    check("opa", &["check", "--strict"], &["examples/policy/rictl.rego"]);
}

#[test]
fn the_workflows_pin_what_they_use_and_may_do_little() {
    for file in WORKFLOWS {
        let workflow = parse(file, &text(file));
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

#[test]
fn workflows_give_the_action_what_it_takes_and_no_script_holds_an_expression() {
    let action = parse("action.yml", &text("action.yml"));
    let inputs = action["inputs"].as_mapping().expect("inputs");
    for file in WORKFLOWS {
        let workflow = parse(file, &text(file));
        for (_, job) in workflow["jobs"].as_mapping().expect("jobs") {
            let ours = job["steps"]
                .as_sequence()
                .unwrap()
                .iter()
                .filter(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("your-org/rictl@")));
            for step in ours {
                for (name, _) in step["with"].as_mapping().expect("what it is given") {
                    assert!(inputs.contains_key(name), "{file}: {name:?}");
                }
            }
        }
    }
    // What a pull request can choose reaches a script as a variable, never as text of it.
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step:?}");
    }
}

#[test]
fn the_hooks_and_atlantis_call_commands_that_there_are() {
    let checkout = checkout();
    let hooks = parse(".pre-commit-hooks.yaml", &text(".pre-commit-hooks.yaml"));
    for hook in hooks.as_sequence().expect("hooks") {
        let entry = format!("{} network/rictl.yaml", hook["entry"].as_str().expect("a command"));
        assert!(run(&entry, checkout.path(), &[]).status.success(), "{entry}");
    }
    let server = parse("repos.yaml", &text("examples/ci/atlantis/repos.yaml"));
    let steps = |stage: &str| -> Vec<String> {
        let steps = server["workflows"]["rictl"][stage]["steps"].as_sequence().expect("steps");
        steps.iter().filter_map(|step| step["run"].as_str().map(str::to_owned)).collect()
    };
    let network = checkout.path().join("network");
    fs::create_dir(network.join("bin")).unwrap();
    for stage in ["plan", "apply"] {
        for script in steps(stage) {
            let output = run(&script, &network, &[("PLANFILE", "network.tfplan")]);
            assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn the_policy_judges_a_plan() {
    let checkout = checkout();
    let network = checkout.path().join("network");
    let plan =
        Command::new(env!("CARGO_BIN_EXE_rictl")).args(["plan", "--json"]).current_dir(&network).output().unwrap();
    fs::write(checkout.path().join("plan.json"), &plan.stdout).unwrap();
    let policy = repository().join("examples/policy/rictl.rego");
    let judged = Command::new("opa")
        .args(["eval", "--format", "raw", "--input", "plan.json", "--data"])
        .arg(policy)
        .arg("data.main.deny")
        .current_dir(checkout.path())
        .output();
    match judged {
        Ok(judged) => {
            let said = String::from_utf8_lossy(&judged.stdout).into_owned();
            assert!(judged.status.success() && said.contains("goes down without a change"), "{said} {judged:?}");
        }
        Err(error) => println!("skipped: opa cannot be run: {error}"),
    }
}
