use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn file(name: &str, text: impl Into<Vec<u8>>) -> SpecFile {
    SpecFile { name: name.to_owned(), bytes: text.into() }
}

fn parse_yaml(text: impl Into<Vec<u8>>) -> Result<Spec, Diagnostics> {
    parse(vec![file("rictl.yaml", text)])
}

fn summaries(parsed: &Result<Spec, Diagnostics>) -> Vec<String> {
    let findings = match parsed {
        Ok(spec) => &spec.warnings,
        Err(found) => &found.findings,
    };
    findings.iter().map(|finding| finding.summary.clone()).collect()
}

const BACKBONE: &str = "
version: 1
cloud: { region: cn-shanghai }
groups:
  idc: { min_active: 1 }
interfaces:
  primary:
    id: ri-1
    status: Inactive
    group: idc
    depends_on: [backup]
    hands_off: { reason: vendor, until: 2026-12-24 }
  backup:
    id: ri-2
    region: cn-beijing
    status: Active
    group: idc
    protect: true
    timeouts: { activate: 1h30m }
";

/// A spec of `count` chained interfaces, as YAML.
fn large_yaml(count: usize) -> String {
    let mut text = "version: 1\ncloud: { region: cn-shanghai }\ngroups: { idc: {} }\ninterfaces:\n".to_owned();
    for index in 0..count {
        writeln!(text, "  link-{index:06}:\n    id: ri-2zeo3xzyf38r4urzd{index:06}\n    status: Inactive")
            .expect("fits");
        writeln!(text, "    group: idc\n    reason: \"CHG-1042 fibre splice between the two sites\"").expect("fits");
        writeln!(text, "    timeouts: {{ deactivate: 10m, activate: 10m }}").expect("fits");
        if index > 0 {
            writeln!(text, "    depends_on: [link-{:06}]", index - 1).expect("fits");
        }
    }
    text
}

/// The same as JSON on one line.
fn large_json(count: usize) -> String {
    let mut text = r#"{"version":1,"cloud":{"region":"cn-shanghai"},"groups":{"idc":{}},"interfaces":{"#.to_owned();
    for index in 0..count {
        let comma = if index > 0 { "," } else { "" };
        write!(text, r#"{comma}"link-{index:06}":{{"id":"ri-2zeo3xzyf38r4urzd{index:06}","status":"Inactive","#)
            .expect("fits");
        write!(text, r#""group":"idc","reason":"CHG-1042 fibre splice between the two sites","#).expect("fits");
        write!(text, r#""timeouts":{{"deactivate":"10m","activate":"10m"}}"#).expect("fits");
        if index > 0 {
            write!(text, r#","depends_on":["link-{:06}"]"#, index - 1).expect("fits");
        }
        text.push('}');
    }
    text + "}}"
}

#[test]
fn reads_values_with_their_places() {
    let spec = parse_yaml(BACKBONE).expect("valid");
    let primary = &spec.interfaces[&Address::from("primary")];
    let backup = &spec.interfaces[&Address::from("backup")];
    let at = |place: Place| (place.line, place.column, place.length);
    assert_eq!(primary.scope.region.as_str(), "cn-shanghai");
    assert_eq!(backup.scope.region.as_str(), "cn-beijing");
    assert_eq!((at(primary.place), at(primary.status.place)), ((7, 3, 7), (9, 13, 8)));
    assert_eq!(backup.protect.map(at), Some((18, 14, 4)));
    assert_eq!(backup.activate_timeout, Some(Duration::from_secs(5400)));
    assert_eq!(primary.hands_off.as_ref().and_then(|hands_off| hands_off.until), Some(jiff::civil::date(2026, 12, 24)));
    let idc = &spec.groups[&GroupName::from("idc")];
    assert_eq!((at(idc.place), idc.members.len()), ((5, 3, 3), 2));
    assert_eq!(idc.min_active.as_ref().map(|floor| at(floor.place)), Some((5, 22, 1)));
}

#[test]
fn merges_files_and_names_both_places_of_what_is_set_twice() {
    let first = "version: 1\ncloud: { region: cn-a }\ninterfaces: { a: { id: ri-1, status: Active } }\n";
    let second = "version: 1\ninterfaces: { b: { id: ri-2, status: Active, depends_on: [a] } }\n";
    let spec = parse(vec![file("1.yaml", first), file("2.yaml", second)]).expect("they merge");
    assert_eq!(spec.interfaces.len(), 2);

    let third = "cloud: { region: cn-b }\ninterfaces: { a: { id: ri-3, status: Active } }\n";
    let found = parse(vec![file("1.yaml", first), file("3.yaml", third)]).expect_err("both are set twice");
    let located: Vec<_> = found
        .findings
        .iter()
        .map(|finding| {
            let places = finding.place.iter().chain(finding.related.iter().map(|(place, _)| place));
            (finding.summary.as_str(), places.map(|place| found.sources.locate(*place)).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        located,
        [
            ("`cloud.region` is set twice", vec!["3.yaml:1:10".to_owned(), "1.yaml:2:10".to_owned()]),
            ("`interfaces.a` is set twice", vec!["3.yaml:2:15".to_owned(), "1.yaml:3:15".to_owned()]),
        ]
    );
}

#[test]
fn says_nothing_of_references_when_a_file_breaks_off() {
    let broken = "interfaces: { a: { id: ri-1, status: Active } }\n\tgroups: {}\n";
    let whole = "version: 1\ninterfaces: { b: { id: ri-2, stat: Active, depends_on: [later] } }\n";
    let parsed = parse(vec![file("1.yaml", broken), file("2.yaml", whole)]);
    assert_eq!(summaries(&parsed), ["a tab is used as indentation", "unknown key `stat` in `interfaces.b`"]);
}

#[test]
fn describes_twenty_of_a_kind_and_counts_the_rest() {
    let mut text = "version: 1\ninterfaces:\n".to_owned();
    for index in 0..1000 {
        writeln!(text, "  a{index}: {{ id: ri-{index}, stats: Active, region: cn-a }}").expect("fits");
    }
    let found = summaries(&parse_yaml(text));
    assert_eq!(found.len(), 21);
    assert!(found.contains(&"and 980 more like these: unknown key".to_owned()), "{found:?}");
}

#[test]
fn many_warnings_are_warnings_still() {
    let mut text = "version: 1\ngroups:\n".to_owned();
    for index in 0..25 {
        writeln!(text, "  g{index}: {{}}").expect("fits");
    }
    let spec = parse_yaml(text + "interfaces: { a: { id: ri-1, status: Active, region: cn-a } }\n").expect("valid");
    assert_eq!(spec.warnings.len(), 21);
    assert!(spec.warnings.iter().any(|more| more.summary == "and 5 more like these: empty group"));
}

#[test]
fn says_nothing_of_what_a_misspelt_key_may_have_meant() {
    let head = "version: 1\ncloud: { region: cn-a }\n";
    let member = parse_yaml(format!(
        "{head}groups: {{ g: {{ min_active: 1 }} }}\ninterfaces: {{ a: {{ id: ri-1, status: Active, gruop: g }} }}\n"
    ));
    assert_eq!(summaries(&member), ["unknown key `gruop` in `interfaces.a`"]);
    let region = "version: 1\ncloud: { regoin: cn-a }\ninterfaces: { a: { id: ri-1, status: Active } }\n";
    assert_eq!(summaries(&parse_yaml(region)), ["unknown key `regoin` in `cloud`"]);
    let section = parse_yaml(format!("{head}interface: {{ a: {{ id: ri-1, status: Active }} }}\n"));
    assert_eq!(summaries(&section), ["unknown key `interface` in a spec"]);
    let groups = parse_yaml(format!(
        "{head}group: {{ g: {{}} }}\ninterfaces: {{ a: {{ id: ri-1, status: Active, group: g }} }}\n"
    ));
    assert_eq!(summaries(&groups), ["unknown key `group` in a spec"]);
}

#[test]
fn an_empty_entry_lacks_what_must_be_there() {
    let parsed = parse_yaml(
        "version: 1\ncloud: { region: cn-a, provider: \"\" }\ninterfaces: { a: { id: ri-1, status: Active, hands_off: } }\n",
    );
    assert_eq!(summaries(&parsed), ["`cloud.provider` cannot be ``", "`interfaces.a.hands_off` has no `reason`"]);
}

#[test]
fn every_finding_has_the_code_of_what_it_is_about() {
    let text =
        "version: 2\ncloud: { regoin: x, world: w }\ninterfaces: { a: { id: ri/1, status: Up, depends_on: [b] } }\n";
    let found = parse_yaml(text).expect_err("many faults");
    let codes: Vec<&str> = found.findings.iter().filter_map(|finding| finding.code).collect();
    assert_eq!(
        codes,
        [
            "other_version",
            "unknown_key",
            "world_without_emulator",
            "strange_character",
            "unknown_word",
            "unknown_interface"
        ]
    );
}

#[test]
fn codes_are_words_and_each_its_own() {
    let words: BTreeSet<&str> = finding::Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words.len(), finding::Code::ALL.len());
    for code in finding::Code::ALL {
        assert!(code.as_str().bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')), "{code:?}");
        assert!(code.meaning().ends_with('.'), "{code:?}");
    }
}

#[test]
fn yaml_and_json_mean_the_same() {
    let yaml = parse_yaml(large_yaml(30)).expect("valid");
    let json = parse(vec![file("rictl.json", large_json(30))]).expect("valid");
    let values = |spec: &Spec| {
        let interfaces = spec.interfaces.iter();
        interfaces
            .map(|(address, interface)| {
                let Interface { id, scope, status, group, depends_on, reason, .. } = interface.clone();
                let depends_on: Vec<_> = depends_on.into_iter().map(|needed| needed.value).collect();
                let group = group.map(|group| group.value);
                (address.clone(), id.value, scope, status.value, group, depends_on, reason, interface.activate_timeout)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&yaml), values(&json));
}

#[test]
fn yaml_and_json_have_the_same_faults() {
    let json = r#"{"version": 2, "cloud": {"account_id": 1, "endpoint": "x", "regoin": "r"}, "limits": {"max_changes": "x"},
        "interfaces": {"a": {"id": 1, "status": true, "depends_on": "b", "protect": "true", "group": null},
        "a": {}, "b/c": {"id": "ri-1", "status": "Activ", "depends_on": ["x", 3]}, "d": [], "on": 3},
        "rollout": {"pause": "5", "check": []}, "cloud": {}, "what": {"ever": [[1]]}}"#;
    // JSON is YAML in flow style.
    let (yaml, json) = (parse_yaml(json), parse(vec![file("rictl.json", json)]));
    let places = |parsed: &Result<Spec, Diagnostics>| match parsed {
        Ok(_) => Vec::new(),
        Err(found) => found.findings.iter().map(|finding| finding.place).collect(),
    };
    assert!(summaries(&yaml).len() > 15, "{yaml:?}");
    assert_eq!(summaries(&yaml), summaries(&json));
    assert_eq!(places(&yaml), places(&json));
}

#[test]
fn a_long_chain_and_a_long_cycle_are_no_deep_recursion() {
    let chain = large_yaml(20_000);
    assert_eq!(parse_yaml(chain.clone()).expect("valid").interfaces.len(), 20_000);
    let cycle = chain.replacen("    status: Inactive\n", "    status: Inactive\n    depends_on: [link-019999]\n", 1);
    let found = parse_yaml(cycle).expect_err("a cycle");
    assert!(found.findings[0].summary.ends_with("and 19985 more"), "{}", found.findings[0].summary);
}

/// Inputs made to cost more than they weigh. The bound is ten times what an unoptimised build takes.
#[test]
fn hostile_files_are_refused_soon() {
    let million = 1_000_000;
    let cases: [(&str, Vec<u8>); 18] = [
        ("oversized.yaml", vec![b'x'; MAX_FILE_BYTES + 1]),
        ("brackets.yaml", "[".repeat(million).into()),
        ("braces.yaml", "{".repeat(million).into()),
        ("keys.yaml", "? ".repeat(million).into()),
        ("dashes.yaml", "- ".repeat(million).into()),
        ("nested_in_section.yaml", ("a: ".to_owned() + &"[".repeat(million)).into()),
        ("brackets.json", "[".repeat(million).into()),
        ("objects.json", r#"{"a":"#.repeat(million).into()),
        ("nested.json", (r#"{"cloud":"#.to_owned() + &"[".repeat(million) + &"]".repeat(million) + "}").into()),
        ("flow.yaml", ("- [[".to_owned() + &"1,".repeat(million)).into()),
        ("scalar.yaml", ("a: ".to_owned() + &"x".repeat(4 * million)).into()),
        ("quoted.yaml", ("a: \"".to_owned() + &"\n".repeat(million)).into()),
        ("values.yaml", ("cloud:\n  profile:\n".to_owned() + &"  - x\n".repeat(100_000)).into()),
        ("values.json", (r#"{"cloud":{"profile":["#.to_owned() + &"1,".repeat(million) + "1]}}").into()),
        ("entries.yaml", ("groups:\n".to_owned() + &"  x: {}\n".repeat(300_000)).into()),
        ("entries.json", (r#"{"groups":{"#.to_owned() + &r#""x":1,"#.repeat(300_000) + r#""y":1}}"#).into()),
        ("bomb.yaml", "a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n".repeat(1000).into()),
        ("noise.yaml", vec![0xA7; 4 * million]),
    ];
    for (name, bytes) in cases {
        let start = Instant::now();
        let found = parse(vec![file(name, bytes)]).expect_err(name);
        assert!(!found.findings.is_empty() && found.findings.len() < 100, "{name}: {}", found.findings.len());
        assert!(start.elapsed() < Duration::from_secs(20), "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn digests_depend_on_content_alone() {
    let (a, b) = (file("a.yaml", "version: 1\n"), file("b.yaml", "groups: {}\n"));
    let renamed = SpecFile { name: "z.yaml".to_owned(), ..a.clone() };
    assert_eq!(digest(&[a.clone(), b.clone()]), digest(&[b.clone(), renamed]));
    assert_ne!(digest(std::slice::from_ref(&a)), digest(&[a, b]));
    assert_eq!(digest(&[]), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/// Scraps of specs, in any order.
fn soup() -> impl Strategy<Value = String> {
    let scraps = [
        "version: 1\n",
        "interfaces:\n",
        "  a:\n",
        "    id: ri-1\n",
        "    status: Active\n",
        "groups:",
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "- ",
        "? ",
        "\"",
        "'",
        "\\",
        "\\u",
        "d800",
        "|\n",
        ">-\n",
        "&a",
        "*a",
        "!!int",
        "!",
        "%",
        "@",
        "`",
        "<<: ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\t",
        "\n",
        "\r",
        " ",
        "  ",
        "~",
        "null",
        "#",
        "é",
        "光",
        "\u{feff}",
        "\u{202e}",
        "\u{85}",
        "\u{2028}",
        "1",
        "-1",
        "1e9",
        "depends_on: [a]\n",
        "\"a\":",
        "true",
        "x",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(scraps.to_vec()), 0..40).prop_map(|scraps| scraps.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_soup_panics(text in soup(), json: bool) {
        let name = if json { "x.json" } else { "x.yaml" };
        let parsed = parse(vec![file(name, text.clone())]);
        if let Err(found) = parsed {
            prop_assert!(!found.findings.is_empty());
            for place in found.findings.iter().filter_map(|finding| finding.place) {
                prop_assert!(place.line >= 1 && place.column >= 1 && place.length >= 1);
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, json: bool) {
        let name = if json { "x.json" } else { "x.yaml" };
        prop_assert!(parse(vec![file(name, bytes)]).map_or_else(|found| found.has_errors(), |_| true));
    }

    #[test]
    fn a_damaged_spec_does_not_panic(at in 0usize..600, byte: u8, cut: bool) {
        let mut bytes = BACKBONE.as_bytes().to_vec();
        let at = at.min(bytes.len() - 1);
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        prop_assert!(parse_yaml(bytes).map_or_else(|found| found.has_errors(), |_| true));
    }
}
