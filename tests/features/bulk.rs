//! A drain of a hundred interfaces, as its reviewers and whoever plans it see it.

use std::fmt::Write as _;

use super::scene::Scene;
use super::terminal::on_terminal;

/// Twenty-five sites, each with eight links of four carriers, both ends declared.
const SITES: std::ops::Range<usize> = 10..35;

fn four_hundred() -> Scene {
    let scene = Scene::empty();
    let (mut world, mut groups, mut interfaces) = (String::new(), String::new(), String::new());
    for site in SITES {
        writeln!(groups, "  site-{site}: {{min_active: 4}}").unwrap();
        for link in ["alfa-1", "alfa-2", "bravo-1", "bravo-2", "charlie-1", "charlie-2", "delta-1", "delta-2"] {
            let (near, far) = (format!("{link}-{site}"), format!("{link}-{site}-idc"));
            writeln!(world, "  - {{id: ri-{near}, opposite: ri-{far}}}\n  - {{id: ri-{far}, region: cn-beijing, opposite: ri-{near}}}").unwrap();
            let carrier = &link[..link.len() - 2];
            let entry = format!("status: Active, group: site-{site}, labels: {{carrier: {carrier}}}}}");
            writeln!(
                interfaces,
                "  {near}: {{id: ri-{near}, {entry}\n  {far}: {{id: ri-{far}, region: cn-beijing, {entry}"
            )
            .unwrap();
        }
    }
    scene.write("world.yaml", &format!("regions: [cn-shanghai, cn-beijing]\ninterfaces:\n{world}"));
    let cloud = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";
    scene.write("rictl.yaml", &format!("{cloud}groups:\n{groups}interfaces:\n{interfaces}"));
    scene
}

#[test]
fn a_hundred_of_four_hundred_are_ten_lines_to_review_and_sixty_to_plan_with_the_lowest_moment_of_every_group() {
    let scene = four_hundred();
    let before = scene.read("rictl.yaml");
    let arguments = ["change", "add", "CHG-20418", "--select", "label:carrier=alfa", "--status", "Inactive"];
    let more =
        ["--reason", "alfa backbone works", "--owner", "net-oncall", "--from", "2998-12-31", "--until", "2999-01-01"];
    scene.run(&[&arguments[..], &more[..]].concat()).with_code(0);
    let after = scene.read("rictl.yaml");
    let added = after.strip_prefix(&before).unwrap();
    assert!(added.lines().count() <= 10, "{added}");
    let shown = on_terminal(&scene, "plan --target change:CHG-20418 --at 2998-12-31T00:00", 80, true, &[]);
    assert!(shown.contains("100 to deactivate"), "{shown}");
    assert!(shown.lines().count() <= 60, "{} lines: {shown}", shown.lines().count());
    for site in SITES {
        assert!(shown.contains(&format!("site-{site}  6 of 8  6    4")), "site-{site}: {shown}");
    }
}
