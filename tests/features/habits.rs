//! Flags and commands as the users of other tools type them.

use super::scene::{SPEC, Scene};

fn drained() -> Scene {
    Scene::with_spec(&SPEC.replace("{id: ri-a, status: Active", "{id: ri-a, status: Inactive"))
}

#[test]
fn takes_what_wrappers_of_terraform_send() {
    let scene = drained();
    let sent = "-input=false -no-color -lock=true -lock-timeout=0 -refresh=true -compact-warnings";
    scene.rictl(&format!("plan {sent} -parallelism=10 -detailed-exitcode=true")).with_code(2);
    let document = scene.rictl("plan -json=true").with_code(0).stdout;
    serde_json::from_str::<serde_json::Value>(&document).unwrap();
    assert!(!scene.rictl("plan -json=false").with_code(0).stdout.starts_with('{'));
    let unread = scene.rictl("plan -refresh=false").with_code(0);
    assert!(unread.stderr.contains("every plan reads the live cloud"), "{unread:#?}");
    let refused = scene.rictl("apply -auto-approve -lock=false").with_code(1);
    assert!(refused.stderr.contains("always locks"), "{refused:#?}");
    let declined = scene.rictl("apply -auto-approve=true -auto-approve=false -input=false");
    assert!(!declined.stdout.contains("Apply complete!"), "{declined:#?}");
    let applied = scene.rictl(&format!("apply {sent} -parallelism=10 -auto-approve=true")).with_code(0);
    assert!(applied.stdout.contains("1 changed"), "{applied:#?}");
}

#[test]
fn whoever_types_no_command_gets_help_whatever_the_variables() {
    let scene = Scene::empty();
    for words in [vec![], vec!["state"], vec!["change"], vec!["emulator"]] {
        let mut command = scene.command(&words);
        let output = command.env("RICTL_POLL_INTERVAL", "5s").env("RICTL_LOG", "").output().unwrap();
        let help = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{help}");
        assert!(help.contains("Usage: rictl") && help.contains("Commands:"), "{help}");
    }
}

#[test]
fn takes_a_digest_without_what_stands_before_it_and_refuses_what_is_none() {
    let scene = drained();
    let document = scene.rictl("plan --json").with_code(0).stdout;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let digest = document["digest"].as_str().unwrap();
    for none in ["", "sha256:", "sha256:c514", "latest", &digest[..70]] {
        let refused = scene.run(&["apply", "--approve-digest", none]).with_code(1);
        assert!(refused.stderr.contains("64 hexadecimal digits"), "{none}: {refused:#?}");
    }
    let other = "0".repeat(64);
    scene.run(&["apply", "--approve-digest", &other]).with_code(4);
    scene.run(&["apply", "--approve-digest", digest.trim_start_matches("sha256:")]).with_code(0);
}

#[test]
fn points_to_what_does_it_here() {
    let scene = Scene::empty();
    for (word, what) in [
        ("destroy", "status: Inactive"),
        ("drain", "status: Inactive"),
        ("activate", "status: Active"),
        ("undo", "rictl rollback"),
        ("import", "rictl init --from-tfstate"),
        ("refresh", "rictl drift"),
        ("get", "rictl state list"),
        ("run", "rictl show last"),
        ("undrain", "status: Active"),
        ("sync", "rictl apply"),
        ("plan --refresh-only", "rictl drift"),
        ("plan --dry-run", "rictl plan"),
        ("plan -o json", "--format"),
        ("apply --yes", "--auto-approve"),
        ("apply --approve", "--approve-digest"),
        ("apply --approve sha256:c514", "--approved"),
        ("change list", "rictl history change:NAME"),
        ("change ls", "`changes`"),
        ("change rm CHG-1", "rictl rollback --change NAME"),
        ("change close CHG-1", "`until`"),
        ("change new CHG-1", "rictl change add NAME"),
        ("state delete primary", "rictl state rm ADDRESS"),
        ("state ls", "rictl state show ADDRESS"),
        ("emulator start", "rictl emulator serve"),
        ("rollback --last", "rictl rollback last"),
        ("plan help", "rictl plan --help"),
        ("drift help", "rictl drift --help"),
        ("apply -y", "--auto-approve"),
        ("apply --plan p", "rictl apply FILE"),
        ("plan -var=x", "no variables"),
        ("-v", "--log debug"),
    ] {
        let refused = scene.rictl(word).with_code(1);
        assert!(refused.stderr.contains(what), "{word}: {refused:#?}");
        assert!(!refused.stderr.contains("similar") && !refused.stderr.contains("as a value"), "{refused:#?}");
    }
}

#[test]
fn a_spec_that_is_named_before_the_command_is_not_passed_over_in_silence() {
    let scene = Scene::with_spec(SPEC);
    scene.write("b.yaml", SPEC);
    let refused = scene.rictl("-f rictl.yaml drift -f b.yaml").with_code(1);
    assert!(refused.stderr.contains("--file was given before the command and after it"), "{refused:#?}");
    scene.rictl("validate -f rictl.yaml").with_code(0);
    scene.rictl("-f rictl.yaml validate").with_code(0);
}
