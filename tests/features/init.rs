//! `init`: from what is live to a spec that plans to nothing.

use super::scene::{Scene, WORLD};

const NOTHING: &str = "No changes. Your infrastructure matches the configuration.";

#[track_caller]
fn plans_to_nothing(scene: &Scene, spec: &str) {
    let plan = scene.rictl(&format!("plan --detailed-exitcode -f {spec}")).with_code(0);
    assert!(plan.stdout.contains(NOTHING), "{plan:#?}\n{}", scene.read(spec));
    assert_eq!(plan.stderr, "", "{}", scene.read(spec));
}

#[test]
fn writes_what_is_live_and_plans_to_nothing() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    let init = scene.rictl("init --world world.yaml").with_code(0);
    assert_eq!(init.stderr, "Wrote rictl.yaml: 3 interfaces declared, 0 left out. Next: rictl plan\n");
    let text = scene.read("rictl.yaml");
    assert!(text.starts_with("# yaml-language-server: $schema="), "{text}");
    assert!(text.contains("the other side is bj-primary, Active"), "{text}");
    plans_to_nothing(&scene, "rictl.yaml");
}

#[test]
fn counts_one_interface_as_people_do() {
    let scene = Scene::empty();
    scene.write("w.yaml", "interfaces: [{id: ri-a}]\n");
    let init = scene.rictl("init --world w.yaml").with_code(0);
    assert_eq!(init.stderr, "Wrote rictl.yaml: 1 interface declared, 0 left out. Next: rictl plan\n");
}

#[test]
fn plans_to_nothing_from_whatever_is_live() {
    let scene = Scene::empty();
    for seed in 1..6 {
        scene.rictl(&format!("emulator generate --interfaces 60 --seed {seed} --output w.yaml --force")).with_code(0);
        scene.rictl("init --world w.yaml --output s.yaml --force").with_code(0);
        plans_to_nothing(&scene, "s.yaml");
    }
}

#[test]
fn comments_what_cannot_be_declared() {
    let scene = Scene::empty();
    scene.write(
        "w.yaml",
        "interfaces:\n  - {id: ri-a, name: never, status: Idle}\n  - {id: ri-b, name: \"on\", status: Inactive}\n  \
         - {id: ri-c, name: \"x\\ninterfaces: {}\\u001b[2J\"}\n  - {id: ri-d, name: gone, status: Inactive, opposite: {id: ri-x, region: cn-far, status: Deleted}}\n",
    );
    scene.rictl("init --world w.yaml").with_code(0);
    let text = scene.read("rictl.yaml");
    assert!(text.contains("  # Left out: it is Idle: never connected.\n  # never:\n  #   id: ri-a\n"), "{text}");
    assert!(text.contains("\n  \"on\":\n"), "{text}");
    assert!(text.contains("once Inactive it can never be activated again"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    plans_to_nothing(&scene, "rictl.yaml");
}

#[test]
fn enters_a_group_only_where_all_of_it_is_up_and_leads_to_one_router() {
    let scene = Scene::empty();
    let link = |id: &str, near: &str, far: &str| {
        format!("  - {{id: {id}, router: {near}, opposite: {{id: {id}x, region: cn-far, router: {far}}}}}\n")
    };
    let links = [
        link("ri-a", "vbr-1", "vrt-1"),
        link("ri-b", "vbr-1", "vrt-1"),
        link("ri-c", "vbr-2", "vrt-2"),
        link("ri-d", "vbr-3", "vrt-2").replace("{id", "{status: Inactive, id"),
        link("ri-e", "vbr-4", "vrt-3"),
        link("ri-f", "vbr-5", "vrt-3"),
        link("ri-g", "vbr-6", "vrt-3"),
    ];
    scene.write("w.yaml", &format!("interfaces:\n{}", links.concat()));
    scene.rictl("init --world w.yaml").with_code(0);
    let text = scene.read("rictl.yaml");
    assert!(text.contains("\n  # 2 links join vbr-1 and vrt-1.\n  vbr-1-vrt-1:\n    min_active: 1\n"), "{text}");
    assert!(text.contains("\n    group: vbr-1-vrt-1\n"), "{text}");
    assert!(
        text.contains("\n  # 3 links lead to vrt-3.\n  to-vrt-3:\n    min_active: 2\n"),
        "one less than are up: {text}"
    );
    assert!(text.contains("2 links lead to vrt-2, 1 of them up; if one"), "{text}");
    assert!(text.contains("\n#   to-vrt-2:\n#     min_active: 1\n"), "{text}");
    assert!(text.contains("\n  #   group: to-vrt-2\n"), "{text}");
    plans_to_nothing(&scene, "rictl.yaml");
}

#[test]
fn never_overwrites_without_force() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.write("rictl.yaml", "mine");
    let refused = scene.rictl("init --world world.yaml").with_code(1);
    assert!(refused.stderr.contains("--force"), "{refused:#?}");
    assert_eq!(scene.read("rictl.yaml"), "mine");
    scene.rictl("init --world world.yaml --force").with_code(0);
    plans_to_nothing(&scene, "rictl.yaml");
}

#[test]
fn writes_to_standard_output_or_elsewhere() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    let printed = scene.rictl("init --world world.yaml --output -").with_code(0);
    assert!(printed.stdout.contains("sh-primary:") && !scene.path("rictl.yaml").exists());
    std::fs::create_dir(scene.path("specs")).unwrap();
    scene.rictl("init --world world.yaml --output specs/net.yaml").with_code(0);
    plans_to_nothing(&scene, "specs/net.yaml");
}

#[test]
fn reads_the_regions_that_are_named() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    let text = scene.rictl("init --world world.yaml --region cn-shanghai --output -").with_code(0).stdout;
    assert!(text.contains("the other side is ri-b, not read here (--region cn-beijing), Active"), "{text}");
    let unknown = scene.rictl("init --world world.yaml --region cn-nowhere").with_code(1);
    assert!(unknown.stderr.contains("cn-nowhere"), "{unknown:#?}");
    let none = scene.run(&["init"]).with_code(1);
    assert!(none.stderr.contains("rictl init --region"), "{none:#?}");
}

#[test]
fn takes_the_interfaces_of_a_terraform_state_and_warns_of_fights() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.write(
        "terraform.tfstate",
        r#"{"version": 4, "resources": [
            {"mode": "managed", "type": "alicloud_router_interface", "name": "uplink", "instances": [
                {"attributes": {"id": "ri-b", "opposite_region": "cn-shanghai"}}]},
            {"mode": "managed", "type": "alicloud_router_interface", "name": "lost", "instances": [
                {"attributes": {"id": "ri-lost", "opposite_region": "cn-beijing"}}]},
            {"mode": "managed", "type": "alicloud_router_interface_connection", "name": "c", "instances": [
                {"attributes": {"id": "ri-b", "interface_id": "ri-b"}}]}]}"#,
    );
    let init = scene.rictl("init --world world.yaml --from-tfstate terraform.tfstate").with_code(0);
    assert!(init.stderr.contains("terraform state rm 'alicloud_router_interface_connection.c'"), "{init:#?}");
    assert!(
        init.stderr.contains("lost (ri-lost) of the Terraform state is left out: it is in none of the regions"),
        "{init:#?}"
    );
    assert!(init.stderr.contains("1 left out"), "{init:#?}");
    let text = scene.read("rictl.yaml");
    assert!(text.contains("\n  uplink:\n    id: ri-b\n") && !text.contains("sh-backup"), "{text}");
    plans_to_nothing(&scene, "rictl.yaml");
}

#[test]
fn leaves_out_what_terraform_is_about_to_destroy() {
    let scene = Scene::empty();
    scene.write("w.yaml", "regions: [cn-shanghai]\ninterfaces: [{id: ri-new}, {id: ri-old}]\n");
    scene.write(
        "t.tfstate",
        r#"{"version": 4, "resources": [{"mode": "managed", "type": "alicloud_router_interface", "name": "primary",
            "instances": [{"attributes": {"id": "ri-new"}}, {"deposed": "7f2c", "attributes": {"id": "ri-old"}}]}]}"#,
    );
    let init = scene.rictl("init --world w.yaml --from-tfstate t.tfstate").with_code(0);
    assert!(init.stderr.contains("ri-old is left out"), "{init:#?}");
    let text = scene.read("rictl.yaml");
    assert!(text.contains("\n  primary:\n    id: ri-new\n") && !text.contains("    id: ri-old"), "{text}");
}

#[test]
fn says_what_a_file_is_that_is_no_state() {
    let scene = Scene::empty();
    scene.write("w.yaml", "interfaces: [{id: ri-a}]\n");
    scene.write("enc", r#"{"encrypted_data": "eA==", "encryption_version": "v0"}"#);
    let refused = scene.rictl("init --world w.yaml --from-tfstate enc").with_code(1);
    assert!(refused.stderr.contains("OpenTofu has encrypted") && refused.stderr.contains("hint: "), "{refused:#?}");
}

#[test]
fn names_a_next_command_that_works_and_the_schema_beside_the_spec() {
    let scene = Scene::empty();
    scene.write("w.yaml", "interfaces: [{id: ri-a}]\n");
    std::fs::create_dir(scene.path("my specs")).unwrap();
    let init = scene.run(&["init", "--world", "w.yaml", "--output", "my specs/live.yaml"]).with_code(0);
    assert!(init.stderr.ends_with("Next: rictl -f 'my specs/live.yaml' plan\n"), "{init:#?}");
    let schema: serde_json::Value = serde_json::from_str(&scene.read("my specs/rictl.schema.json")).unwrap();
    assert!(schema["properties"]["interfaces"].is_object());
    assert!(scene.read("my specs/live.yaml").starts_with("# yaml-language-server: $schema=rictl.schema.json\n"));
    // What somebody else has put there stays.
    scene.write("rictl.schema.json", "mine");
    let init = scene.rictl("init --world w.yaml").with_code(0);
    assert!(init.stderr.contains("stays as it is") && init.stderr.ends_with("Next: rictl plan\n"), "{init:#?}");
    assert_eq!(scene.read("rictl.schema.json"), "mine");
    let elsewhere = scene.run(&["-C", "my specs", "init", "--world", "../w.yaml"]).with_code(0);
    assert!(elsewhere.stderr.ends_with("Next: rictl -C 'my specs' plan\n"), "{elsewhere:#?}");
    let piped = scene.rictl("init --world w.yaml --output /dev/stdout").with_code(0);
    assert!(piped.stdout.contains("ri-a"), "{piped:#?}");
}

#[test]
fn finds_the_near_side_of_a_link_from_its_far_side() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    // A state knows where the other side is, and not where its own is.
    scene.write(
        "t.tfstate",
        r#"{"version": 4, "resources": [{"mode": "managed", "type": "alicloud_router_interface", "name": "near",
            "instances": [{"attributes": {"id": "ri-a", "opposite_region": "cn-beijing"}}]}]}"#,
    );
    let init = scene.rictl("init --world world.yaml --region cn-beijing --from-tfstate t.tfstate").with_code(0);
    assert!(init.stderr.starts_with("Wrote rictl.yaml: 1 interface declared"), "{init:#?}");
    assert!(scene.read("rictl.yaml").contains("\n  near:\n    id: ri-a\n"));
    plans_to_nothing(&scene, "rictl.yaml");
}

#[test]
fn keeps_names_in_any_script_and_puts_a_limit_in_force() {
    let scene = Scene::empty();
    scene.write(
        "world.yaml",
        "regions: [cn-shanghai]\ninterfaces:\n  - {id: ri-a, name: 上海-主}\n  - {id: ri-b, name: 上海 备}\n  - {id: ri-c, name: Zürich 1}\n",
    );
    scene.rictl("init --world world.yaml").with_code(0);
    let spec = scene.read("rictl.yaml");
    for line in ["  \"上海-主\":", "  \"上海-备\":", "  Zurich-1:", "limits:\n  max_changes_percent: 30\n"] {
        assert!(spec.contains(line), "{spec}");
    }
    let plan = scene.rictl("plan --json").with_code(0).stdout;
    assert!(plan.contains("\"applyable\":false"), "{plan}");
}

#[test]
fn says_of_every_interface_of_a_terraform_state_what_became_of_it() {
    let scene = Scene::empty();
    scene.write("w.yaml", "regions: [cn-shanghai]\ninterfaces: [{id: ri-a}, {id: ri-b}]\n");
    let instance = |name: &str, instance: &str| {
        format!(
            r#"{{"mode": "managed", "type": "alicloud_router_interface", "name": "{name}", "instances": [{instance}]}}"#
        )
    };
    let state = |resources: &[String]| format!(r#"{{"version": 4, "resources": [{}]}}"#, resources.join(", "));
    let ids = [r#"{"attributes": null}"#, r#"{"attributes": {"id": ""}}"#, r#"{"attributes": {"id": 12}}"#];
    let without: Vec<String> = ids.iter().enumerate().map(|(n, id)| instance(&format!("x{n}"), id)).collect();
    let good = [
        instance("a", r#"{"status": "tainted", "attributes": {"id": "ri-a"}}"#),
        instance("b", r#"{"deposed": "7f2c", "attributes": {"id": "ri-b"}}"#),
    ];
    scene.write("t.tfstate", &state(&[&without[..], &good].concat()));
    let init = scene.rictl("init --world w.yaml --from-tfstate t.tfstate").with_code(0);
    for said in [
        "alicloud_router_interface.x0 of the Terraform state is left out: its id is missing",
        "alicloud_router_interface.x1 of the Terraform state is left out: its id is empty",
        "alicloud_router_interface.x2 of the Terraform state is left out: its id is a number",
        "ri-a is declared, and Terraform means to destroy it and make another (tainted); `terraform untaint 'alicloud_router_interface.a'`",
        "1 interface declared, 4 left out",
    ] {
        assert!(init.stderr.contains(said), "{said}: {init:#?}");
    }
    scene.write("none.tfstate", &state(&without));
    let refused = scene.rictl("init --world w.yaml --from-tfstate none.tfstate --force").with_code(1);
    assert!(refused.stderr.contains("none of its router interfaces can be declared"), "{refused:#?}");
}

#[test]
fn names_the_region_that_a_terraform_state_lacks_and_writes_nothing() {
    let scene = Scene::empty();
    scene.write("world.yaml", "regions: [cn-beijing]\ninterfaces: [{id: ri-far}]\n");
    scene.write(
        "t.tfstate",
        r#"{"version": 4, "resources": [{"mode": "managed", "type": "alicloud_router_interface", "name": "near",
            "instances": [{"attributes": {"id": "ri-near", "opposite_region": "cn-beijing"}}]}]}"#,
    );
    let refused = scene.rictl("init --world world.yaml --from-tfstate t.tfstate").with_code(1);
    for said in ["none of the regions that were read (cn-beijing)", "init --region REGION --from-tfstate t.tfstate`"] {
        assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
    }
    assert!(!scene.path("rictl.yaml").exists(), "the run that is advised is free to write it");
}

#[test]
fn writes_json_where_the_name_ends_so_and_names_places_that_commands_take() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.rictl("init --world world.yaml --output net.json").with_code(0);
    plans_to_nothing(&scene, "net.json");
    assert!(!scene.path("rictl.schema.json").exists(), "JSON has no line that would name it");
    let dashed = scene.rictl("init --world world.yaml --output=-x.yaml").with_code(0);
    assert!(dashed.stderr.contains("Next: rictl -f ./-x.yaml plan"), "{dashed:#?}");
    std::fs::create_dir(scene.path("d")).unwrap();
    let refused = scene.rictl("init --world nowhere.yaml --output d --force").with_code(1);
    assert!(
        refused.stderr.contains("d is a directory") && refused.stderr.contains("--output d/rictl.yaml"),
        "{refused:#?}"
    );
}

#[test]
fn names_the_variable_whose_region_is_none() {
    let scene = Scene::empty();
    for (name, value) in [
        ("ALIBABA_CLOUD_REGION", "cn-beijing "),
        ("ALIBABA_CLOUD_REGION_ID", "CN-Beijing"),
        ("REGION_ID", "cn-beijing\r"),
    ] {
        let output = scene.command(&["init"]).env(name, value).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("error: {name} is `")) && said.contains("write cn-beijing there"), "{said}");
        assert!(!said.contains("command line"), "{said}");
    }
}
