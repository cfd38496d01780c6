//! Which files are a spec, and how people name what is in it.

use super::scene::{SPEC, Scene};

#[test]
fn says_which_files_of_a_directory_are_not_read() {
    let scene = Scene::empty();
    std::fs::create_dir_all(scene.path("d/east")).unwrap();
    std::fs::create_dir_all(scene.path("d/state")).unwrap();
    scene.write("d/10.yaml", &SPEC.replace("world.yaml", "world.json"));
    scene.write("d/40.json", r#"{"interfaces": {"b": {"id": "ri-b", "status": "Active"}}}"#);
    scene.write("d/50.YAML", "interfaces: {}\n");
    // What an editor or a version control keeps beside is not.
    scene.write("d/.10.yaml", "interfaces: {b: {id: ri-b, status: Active}}\n");
    scene.write("d/.#10.yaml", "{");
    scene.write("d/east/60.yaml", "interfaces: {}\n");
    // These are nobody's spec: the world, a state, a package, a schema.
    scene.write("d/world.json", r#"{"regions": ["cn-shanghai"], "interfaces": [{"id": "ri-a"}, {"id": "ri-c"}]}"#);
    scene.write("d/10.yaml.bak", "interfaces: {}\n");
    scene.write("d/20.yml~", "");
    scene.write("d/70.json", "{ // no JSON");
    scene.write("d/state/d.json.bak", "");
    scene.write("d/old.json", r#"{"format_version": "1.0", "interfaces": {}}"#);
    scene.write("d/package.json", r#"{"name": "x"}"#);
    let checked = scene.rictl("validate -f d").with_code(0);
    assert!(checked.stdout.contains("2 interfaces"), "{checked:#?}");
    assert!(
        checked.stderr.contains("not read as a part of d: 10.yaml.bak, 20.yml~, 40.json, 50.YAML, 70.json and 1 more"),
        "{checked:#?}"
    );
    let plan = scene.rictl("plan -f d --json").with_code(0);
    assert!(
        plan.stdout.contains("not read as a part of d: 10.yaml.bak, 20.yml~, 40.json, 50.YAML, 70.json and 1 more"),
        "{plan:#?}"
    );
    let none = scene.rictl("validate -f d/state").with_code(1);
    assert!(none.stderr.contains("holds no *.yaml or *.yml"), "{none:#?}");
}

#[test]
fn points_to_the_spec_that_was_meant() {
    let scene = Scene::empty();
    scene.write("rictl.yml", SPEC);
    assert!(scene.run(&["plan"]).with_code(1).stderr.contains("there is rictl.yml: `--file rictl.yml`"));
    assert!(scene.rictl("plan -f ritcl.yml").with_code(1).stderr.contains("there is rictl.yml"));
    std::fs::create_dir_all(scene.path("net/east")).unwrap();
    scene.write("net/east/a.yaml", SPEC);
    let below = scene.rictl("plan -f net").with_code(1);
    assert!(below.stderr.contains("the files of net/east are not merged"), "{below:#?}");
}

#[test]
fn takes_the_id_that_the_console_shows_for_the_address() {
    let scene = Scene::with_spec(&SPEC.replace("{id: ri-c, status: Active", "{id: ri-c, status: Inactive"));
    assert!(scene.rictl("explain ri-c").with_code(0).stdout.contains("backup"));
    let plan = scene.rictl("plan --json --target ri-c").with_code(0);
    assert!(plan.stdout.contains("\"backup/deactivate\""), "{plan:#?}");
    let left = scene.rictl("plan --json --exclude ri-c").with_code(0);
    assert!(!left.stdout.contains("\"backup/deactivate\""), "{left:#?}");
    scene.rictl("apply --auto-approve --target ri-c").with_code(0);
    assert!(scene.rictl("explain bakup").with_code(1).stderr.contains("did you mean `backup`?"));
    assert!(scene.rictl("plan --target bakup").with_code(1).stderr.contains("did you mean `backup`?"));
}

#[test]
fn takes_the_beginning_of_one_id_and_of_no_two() {
    let spec = SPEC.replace("ri-a", "ri-2ze1aaaa").replace("ri-c", "ri-2ze2cccc");
    let scene = Scene::with_spec(&spec);
    scene.write("world.yaml", "regions: [cn-shanghai]\ninterfaces: [{id: ri-2ze1aaaa}, {id: ri-2ze2cccc}]\n");
    assert!(scene.rictl("explain ri-2ze2").with_code(0).stdout.contains("backup"));
    let both = scene.rictl("plan --target ri-2ze").with_code(1);
    assert!(both.stderr.contains("ri-2ze is the beginning of 2 ids") && both.stderr.contains("backup, primary"));
}
