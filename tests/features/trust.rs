//! `RICTL_TRUST_SPEC=0`: a spec under review chooses no credentials.

use super::scene::{Ended, Scene};

const WORLD: &str = "regions: [cn-shanghai]\ninterfaces: [{id: ri-a}]\n";
const STEERING: &str = "\
version: 1
cloud:
  provider: emulator
  region: cn-shanghai
  world: world.yaml
  profile: net-prod
  signature: v1
  accounts:
    other: {profile: net-other}
    third: {role_arn: \"acs:ram::1987654321098765:role/rictl\"}
interfaces:
  a: {id: ri-a, status: Inactive}
";

fn scene(spec: &str) -> Scene {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.write("rictl.yaml", spec);
    scene
}

fn words<'w>(text: &'w str, before: &[&'w str]) -> Vec<&'w str> {
    before.iter().copied().chain(text.split(' ')).collect()
}

fn plan(scene: &Scene, flags: &[&str]) -> Ended {
    scene.run(&words("plan", flags))
}

#[test]
fn names_every_line_that_steers_credentials_and_what_would_allow_it() {
    let scene = scene(STEERING);
    plan(&scene, &[]).with_code(0);
    let refused = plan(&scene, &["--trust-spec", "0"]).with_code(1);
    for (place, variable) in [
        ("rictl.yaml:6:12", "RICTL_ALLOW_PROFILES"),
        ("rictl.yaml:7:14", "--signature"),
        ("rictl.yaml:9:22", "RICTL_ALLOW_PROFILES"),
        ("rictl.yaml:10:23", "RICTL_ALLOW_ROLES"),
    ] {
        assert!(refused.stderr.contains(place) && refused.stderr.contains(variable), "{place}: {refused:#?}");
    }
    for reading in ["drift", "whoami", "explain a"] {
        scene.run(&words(reading, &["--trust-spec", "0"])).with_code(1);
    }
    scene.rictl("validate --trust-spec 0").with_code(0);
}

#[test]
fn lets_through_what_whoever_starts_it_has_named() {
    let scene = scene(STEERING);
    let role = "acs:ram::1987654321098765:role/rictl";
    let listed = ["--trust-spec", "0", "--allow-profiles", "net-prod, net-other", "--allow-roles", role];
    let refused = plan(&scene, &listed).with_code(1);
    assert!(refused.stderr.contains("cloud.signature") && !refused.stderr.contains("profile` cannot"), "{refused:#?}");
    plan(&scene, &[&listed[..], &["--signature", "v1"]].concat()).with_code(0);
    // What the command line says goes before the spec's own profile, and says nothing of other accounts.
    let flags = ["--trust-spec", "0", "--profile", "mine", "--signature", "v3", "--allow-roles", role];
    let refused = plan(&scene, &flags).with_code(1);
    assert!(refused.stderr.contains("cloud.accounts.other.profile"), "{refused:#?}");
    assert!(!refused.stderr.contains("`cloud.profile`"), "{refused:#?}");
}

#[test]
fn applies_no_spec_that_names_a_program() {
    let head = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";
    let scene = scene(&format!(
        "{head}rollout: {{canary: 1, check: [\"touch\", \"ran\"]}}\ninterfaces: {{a: {{id: ri-a, status: Inactive}}}}\n"
    ));
    plan(&scene, &["--trust-spec", "0"]).with_code(0);
    let refused = scene.rictl("apply --auto-approve --trust-spec 0").with_code(1);
    assert!(refused.stderr.contains("rollout.check") && refused.stderr.contains("rictl.yaml:3:"), "{refused:#?}");
    assert!(!scene.path("ran").exists());
    scene.rictl("apply --auto-approve --trust-spec 1").with_code(0);
    scene.rictl("plan --trust-spec maybe").with_code(1);
}
