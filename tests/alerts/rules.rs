//! The alert rules that are shipped for Prometheus name metrics and labels that rictl writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;

use super::Site;

#[test]
fn every_metric_that_a_rule_names_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prometheus/rules.yaml");
    let text = fs::read_to_string(path).unwrap();
    let rules: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let rules: Vec<&serde_json::Value> =
        rules["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(rules.len() >= 5, "{text}");
    let site = Site::new();
    site.console(&["alfa", "bravo"]);
    assert_eq!(site.drift("--metrics-file m.prom").code, 2);
    let written = fs::read_to_string(site.desk.path().join("m.prom")).unwrap();
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (series, label) =
        (Regex::new(r"^(rictl_[a-z_]+)\{([^}]*)\}").unwrap(), Regex::new(r#"([a-z_]+)[=!~]+""#).unwrap());
    for line in written.lines() {
        let Some(found) = series.captures(line) else { continue };
        let of = labels.entry(found.get(1).unwrap().as_str()).or_default();
        of.extend(label.captures_iter(found.get(2).unwrap().as_str()).map(|label| label.get(1).unwrap().as_str()));
    }
    let (name, selected) = (Regex::new(r"rictl_[a-z_]+").unwrap(), Regex::new(r"(rictl_[a-z_]+)\{([^}]*)\}").unwrap());
    for rule in &rules {
        let expression = rule["expr"].as_str().unwrap();
        let named: Vec<&str> = name.find_iter(expression).map(|found| found.as_str()).collect();
        assert!(!named.is_empty(), "{rule}");
        for metric in named {
            assert!(labels.contains_key(metric), "{metric} of {rule} is not written");
        }
        for found in selected.captures_iter(expression) {
            let of = &labels[found.get(1).unwrap().as_str()];
            for wanted in label.captures_iter(found.get(2).unwrap().as_str()) {
                let wanted = wanted.get(1).unwrap().as_str();
                assert!(of.contains(wanted), "{wanted} of {rule} is no label");
            }
        }
        let summary = rule["annotations"]["summary"].as_str().unwrap();
        assert!(summary.contains("$labels.spec"), "{rule} does not say of which spec");
    }
    let says_staleness = |rule: &&serde_json::Value| rule["expr"].as_str().unwrap().contains("timestamp_seconds");
    assert!(rules.iter().any(says_staleness), "a check that runs no more is said by nobody else");
}
