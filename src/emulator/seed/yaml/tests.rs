#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::{Fault, Format, WorldSeed};
use super::*;

fn refused(text: &str) -> String {
    let error = WorldSeed::parse(text, Format::Yaml).unwrap_err();
    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[test]
fn a_refused_text_is_never_repeated() {
    for text in [
        "-----BEGIN SECRET-----\nSECRET\n",
        "SECRET: 1\n",
        "regions: SECRET\n",
        "regions: [a, {SECRET: b}]\n",
        "latency: SECRET\n",
        "pairs: SECRET\n",
        "account: {SECRET: SECRET}\n",
        "settle: {activate: SECRET}\n",
        "quota: {limit: SECRET}\n",
        "faults: [{fault: SECRET}]\n",
        "faults: [{fault: {SECRET: 1}}]\n",
        "faults: [{fault: {http_error: SECRET}}]\n",
        "faults: [{fault: {throttled: SECRET}}]\n",
        "faults: [{fault: {clock_skew: SECRET}}]\n",
        "faults: [{fault: drop, probability: SECRET}]\n",
        "interfaces: [{id: a, opposite: [{SECRET: 1}]}]\n",
        "interfaces: [{id: a, opposite: {SECRET: 1}}]\n",
        "interfaces: [{id: a, tags: {a: [SECRET]}}]\n",
        "interfaces: [{id: a, role: SECRET}]\n",
        "interfaces: [{id: &SECRET a}]\n",
        "interfaces: [{id: *SECRET }]\n",
        "interfaces: [{id: !SECRET a}]\n",
        "a: \"SECRET\n",
        "\tSECRET: [\n",
        "SECRET: %SECRET: @\n",
    ] {
        let said = refused(text);
        assert!(!said.to_lowercase().contains("secret") && said.contains("line "), "{text:?}: {said}");
        let json = serde_yaml::from_str::<serde_json::Value>(text).ok().map(|value| value.to_string());
        if let Some(Err(error)) = json.map(|json| WorldSeed::parse(&json, Format::Json)) {
            let said = crate::store::explain(&error);
            assert!(!said.to_lowercase().contains("secret"), "{text:?}: {said}");
        }
    }
}

#[test]
fn a_refusal_says_the_rule_and_the_place() {
    assert_eq!(
        refused("regions: [a]\nsettle:\n  activate: 5\n"),
        "line 3, column 13: a duration needs a unit: `500ms`, `5s`, `10m` or `1h30m`"
    );
    assert_eq!(refused("interfaces:\n  - {name: x}\n"), "line 2, column 5: the key `id` is missing");
    assert_eq!(
        refused("interfaces:\n  - {id: a}\nlatency: true\n"),
        "line 3, column 10: expected a duration such as `1h30m`"
    );
    assert_eq!(refused("pairs: both\n"), "line 1, column 8: unknown word, expected `apart` or `together`");
    assert_eq!(refused("{}\n---\n{}\n"), "line 2, column 1: one document is expected, and here begins another");
    assert_eq!(refused("regions: [a\n"), format!("line 2, column 1: {NOT_YAML}"));
    assert_eq!(
        refused("regions: [a]\npairs: apart\nregions: [b]\n"),
        "line 3, column 1: the key `regions` stands here for the second time"
    );
    assert_eq!(refused("quota:\n  limit: -1\n"), "line 2, column 10: expected a whole number, not negative");
}

#[test]
fn bounds_are_named_where_they_are_met() {
    let deep = format!("{}1{}", "{a: ".repeat(100_000), "}".repeat(100_000));
    assert!(
        refused(&deep).starts_with("line 1, ") && refused(&deep).ends_with("brackets nest more than 255 deep"),
        "{}",
        refused(&deep)
    );
    let deep = format!("interfaces: [{{id: a, opposite: {}}}]", "[".repeat(100) + &"]".repeat(100));
    assert!(
        refused(&deep).starts_with("line 1, ") && refused(&deep).ends_with("values nest more than 16 deep"),
        "{}",
        refused(&deep)
    );
    let deep = format!("interfaces:\n  {}1\n", "- ".repeat(100_000));
    assert!(refused(&deep).starts_with("line 2, column "), "{}", refused(&deep));
    let mut many = "interfaces:\n".to_owned();
    many.extend((0..=bounds::WORLD_ENTRIES).map(|number| format!("- {{id: r{number}}}\n")));
    assert_eq!(refused(&many), "line 250002, column 3: more than 250,000 entries");
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\ninterfaces: *b\n";
    assert!(refused(bomb).contains("unknown key"), "{}", refused(bomb));
    assert!(refused("regions: &a [x]\n").contains("an anchor cannot stand here"));
    let long = format!("{{regions: [{}]}}", "a, ".repeat(400_000));
    assert!(refused(&long).contains("a value in brackets or quotes is longer than 1 MiB"), "{}", refused(&long));
}

#[test]
fn a_json_world_under_a_yaml_name_is_as_large_as_any() {
    let rows: Vec<String> = (0..60_000).map(|number| format!(r#"{{"id":"ri-{number}"}}"#)).collect();
    let world = format!(r#"{{"regions":["cn-a"],"interfaces":[{}]}}"#, rows.join(","));
    assert!(world.len() > bounds::WORLD_LOOKAHEAD);
    assert_eq!(WorldSeed::parse(&world, Format::Yaml).unwrap().interfaces.len(), 60_000);
}

#[test]
fn reads_what_the_other_reader_reads() {
    for text in [
        "",
        "# nothing\n",
        "{}",
        "account: 1234567890123456\n",
        "regions: [cn-a, 'cn-b', \"cn-c\"]\nlatency: 5ms\npairs: together\nmetadata: {hardened: true}\n",
        "interfaces:\n- id: ri-a\n  tags: {a: 1, b: true, c: 'x', d: 1.5}\n  opposite: ri-b\n- id: ri-b\n  description: |\n    two\n    lines\n",
        "interfaces: [{id: ri-a, opposite: {id: ri-x, region: cn-b, status: Deleted}}]\n",
        "quota: {limit: 5, window: 1s, kind: bucket}\nerror_codes: old\n",
        "faults:\n- {fault: drop, nth: 1, after_effect: true}\n- {fault: {throttled: 2s}, every: 20, probability: 0.5}\n\
         - {fault: {console: {interface: ri-a, status: Idle, at: 3s}}}\n- {fault: {clock_skew: -5m}}\n\
         - {fault: {http_error: 503}, seed: 18446744073709551615}\n- fault: {error: {code: X, status: 400}}\n",
    ] {
        let there = serde_yaml::from_str::<Option<WorldSeed>>(text).unwrap().unwrap_or_default();
        assert_eq!(WorldSeed::parse(text, Format::Yaml).unwrap(), there, "{text}");
    }
    assert_eq!(Fault::parse_schedule("faults: []").unwrap(), []);
}
