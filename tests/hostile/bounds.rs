//! Every bound is met by a message that names it, and the table of bounds is the one in the reference.

use std::fmt::Write as _;
use std::fs;

use rictl::bounds;
use rictl::emulator::{Fault, Format, WorldSeed};
use rictl::journal::Journal;
use rictl::plan::Plan;
use rictl::spec::{self, SpecFile};

use super::{Place, WORLD, spec as spec_of};
use crate::golden;

#[test]
fn the_reference_lists_every_bound() {
    let mut page = "# Bounds\n\nHow much of each input is read. What is larger is refused, with a message that names the bound, before it costs more than\n\
                    the bound allows; the cost of what is read grows with its size and no faster. Made from `src/bounds.rs`.\n\n\
                    | input | what | at most |\n|---|---|---:|\n"
        .to_owned();
    for bound in bounds::ALL {
        writeln!(page, "| {} | {} | {} |", bound.input, bound.what, bound.shown()).unwrap();
    }
    page.push_str(
        "\nA journal and the archive of its runs have no bound: a journal of any size is read. Brackets in a YAML text nest 255 deep, JSON 128.\n",
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/bounds.md");
    if golden::updates() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == page, "run the test with UPDATE=1");
}

#[test]
fn the_files_of_a_directory_are_bounded_together() {
    let place = Place::new();
    let blanks = "#".repeat(bounds::SPEC_BYTES / 2 + 1);
    place.write("checkout/net/a.yaml", &blanks);
    place.write("checkout/net/b.yaml", &blanks);
    let ended = place.rictl(&["validate", "-f", "net"]);
    assert!(
        ended.code == Some(1) && ended.text.contains("with net/b.yaml the spec is larger than 64 MiB"),
        "{ended:?}"
    );
    fs::remove_dir_all(place.path("checkout/net")).unwrap();
    for number in 0..=bounds::SPEC_FILES {
        place.write(&format!("checkout/net/{number}.yaml"), "");
    }
    let ended = place.rictl(&["validate", "-f", "net"]);
    assert!(ended.code == Some(1) && ended.text.contains("net holds more than 1,000 *.yaml and *.yml"), "{ended:?}");
}

#[test]
fn a_file_that_is_too_large_is_not_read_whatever_it_is() {
    let place = Place::new();
    let sparse = |name: &str| fs::File::create(place.path(name)).unwrap().set_len(1 << 40).unwrap();
    sparse("checkout/huge.yaml");
    let cases: [(&[&str], &str); 4] = [
        (&["validate", "-f", "huge.yaml"], "it is larger than 64 MiB"),
        (
            &["init", "--world", "world.yaml", "--output", "-", "--from-tfstate", "huge.yaml"],
            "it is larger than 256 MiB",
        ),
        (&["show", "huge.yaml"], "larger than 256 MiB"),
        (&["emulator", "serve", "--world", "world.yaml", "--faults", "huge.yaml"], "it is larger than 64 MiB"),
    ];
    for (command, reason) in cases {
        let ended = place.rictl(command);
        assert!(ended.code == Some(1) && ended.text.contains(reason), "{command:?}: {ended:?}");
    }
    sparse("checkout/world.yaml");
    let ended = place.rictl(&["plan"]);
    assert!(ended.text.contains("it is larger than 64 MiB"), "{ended:?}");
    place.write("checkout/world.yaml", WORLD);
    sparse("checkout/world.yaml.log.jsonl");
    for command in [&["plan"][..], &["apply", "-auto-approve"]] {
        let ended = place.rictl(command);
        assert!(ended.code == Some(1) && ended.text.contains("line 1 of world.yaml.log.jsonl is damaged"), "{ended:?}");
    }
    assert_eq!(fs::metadata(place.path("checkout/world.yaml.log.jsonl")).unwrap().len(), 1 << 40, "nor is it emptied");
    fs::remove_file(place.path("checkout/world.yaml.log.jsonl")).unwrap();
    fs::create_dir_all(place.path("checkout/state")).unwrap();
    sparse("checkout/state/rictl.json");
    let ended = place.rictl(&["plan"]);
    assert!(ended.code == Some(1) && ended.text.contains("it is larger than 256 MiB"), "{ended:?}");
}

/// Parses and returns the summaries of what is wrong.
fn summaries(text: String) -> Vec<String> {
    let files = vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }];
    spec::parse(files).unwrap_err().findings.into_iter().map(|finding| finding.summary).collect()
}

#[test]
fn every_bound_of_a_spec_is_named() {
    let head = spec_of("w", "");
    let said = |more: String| summaries(format!("{head}{more}")).join("\n");
    let many: String =
        (0..=bounds::SPEC_ENTRIES).map(|n| format!("  b{n}: {{id: ri-{n}, status: Active}}\n")).collect();
    assert!(said(many).contains("250000"));
    assert!(said(format!("  b: {}1{}\n", "[".repeat(200), "]".repeat(200))).contains("16"));
    assert!(
        said(format!("  b: {{id: ri-b, status: Active, depends_on: [{}]}}\n", "a,".repeat(60_000))).contains("50000")
    );
    assert!(said(format!("  b: {{id: ri-b, status: Active, reason: \"{}\"}}\n", "x".repeat(5000))).contains("4096"));
    assert!(said(format!("  b: {{id: ri-b, status: Active, reason: \"{}\"}}\n", "x".repeat(300_000))).contains("256"));
    let wrong: String = (0..1000).map(|n| format!("  b{n}: {{id: ri-{n}, status: x}}\n")).collect();
    assert_eq!(said(wrong).lines().count(), bounds::SPEC_FINDINGS + 1, "the first ones, and how many more there are");
}

#[test]
fn deep_nesting_is_refused_by_every_reader() {
    for open in ["[", "{\"a\":", "{\"format_version\":", "- ", "{a: "] {
        let deep = open.repeat(100_000);
        let bytes = deep.as_bytes();
        for name in ["rictl.yaml", "rictl.json"] {
            assert!(spec::parse(vec![SpecFile { name: name.to_owned(), bytes: bytes.to_vec() }]).is_err());
        }
        assert!(rictl::state::decode(bytes).is_err());
        assert!(Plan::from_any_file(bytes).is_err());
        assert!(rictl::survey::terraform::read(bytes).is_err());
        // Lists of lists over one line are YAML, however many.
        assert_eq!(rictl::spec::format::format(&[bytes, b" \n"].concat()).is_ok(), open == "- ");
        assert!(rictl::journal::decode_run(bytes).is_err());
        for format in [Format::Yaml, Format::Json] {
            assert!(WorldSeed::parse(&deep, format).is_err());
        }
        assert!(Fault::parse_schedule(&deep).is_err());
        // Without its end a first line is what a crash left of one.
        let torn = Journal::decode(&[bytes, b"\n{}\n"].concat());
        assert!(torn.is_err(), "{open}: {torn:?}");
    }
}

#[test]
fn what_everything_depends_on_is_planned_like_anything_else() {
    let count = 30_000;
    let place = Place::new();
    let mut spec = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.json}\nlimits: {max_changes: 50000}\n\
                    interfaces:\n  hub: {id: ri-hub, status: Active}\n"
        .to_owned();
    let mut world = r#"{"regions": ["cn-shanghai"], "quota": {"kind": "unlimited"}, "interfaces": [{"id": "ri-hub", "status": "Inactive"}"#.to_owned();
    for number in 0..count {
        writeln!(spec, "  a{number}: {{id: ri-{number}, status: Active, depends_on: [hub]}}").unwrap();
        write!(world, r#", {{"id": "ri-{number}", "status": "Inactive"}}"#).unwrap();
    }
    place.write("checkout/rictl.yaml", &spec);
    place.write("checkout/world.json", &(world + "]}"));
    let planned = place.rictl(&["plan", "--quota", "10000/1s"]);
    assert_eq!(planned.code, Some(0), "{:.2000}", planned.text);
    assert!(planned.text.contains("Plan: 0 to add, 30001 to change, 0 to destroy."));
}

#[test]
fn a_circle_of_all_interfaces_is_one_finding() {
    let count = 40_000;
    let mut text = "version: 1\ncloud: {region: cn-a}\ninterfaces:\n".to_owned();
    for number in 0..count {
        let next = (number + 1) % count;
        writeln!(text, "  a{number}: {{id: ri-{number}, status: Active, depends_on: [a{next}]}}").unwrap();
    }
    assert_eq!(summaries(text).len(), 1);
}
