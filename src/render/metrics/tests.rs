#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::render::samples::{HOSTILE, at, drift as sample, hostile_drift, written};

fn check(spec: &str, outcome: Result<crate::drift::Drift, String>) -> DriftCheck {
    let declared = [("a".into(), true), ("b".into(), false)].into();
    DriftCheck { spec: spec.to_owned(), path: spec.to_owned(), at: at("02:14:00"), declared, outcome }
}

#[test]
fn counts_every_cause_and_names_every_interface() {
    let checks = [check("net.yaml", Ok(sample())), check("down.yaml", Err("no credentials".to_owned()))];
    insta::assert_snapshot!(written(|out| drift(out, &checks)));
}

#[test]
fn stays_one_sample_a_line_whatever_anybody_wrote() {
    for text in HOSTILE {
        let shown = written(|out| drift(out, &[check(text, Ok(hostile_drift(text)))]));
        for line in shown.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
            assert!(
                ["rictl_drift_", "rictl_group_links{", "rictl_group_down{"].iter().any(|name| line.starts_with(name))
                    && line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(),
                "{line:?}"
            );
        }
    }
}

#[test]
fn writes_no_series_twice_and_counts_nothing_of_what_was_not_looked_at() {
    let checks = [check("a", Ok(sample())), check("a", Ok(sample())), check("down", Err("away".to_owned()))];
    let shown = written(|out| drift(out, &checks));
    let mut series: Vec<&str> = shown.lines().filter(|line| !line.starts_with('#')).collect();
    series.sort_unstable();
    assert!(series.windows(2).all(|pair| pair[0] != pair[1]), "{shown}");
    assert!(!shown.contains("rictl_drift_declared_interfaces{spec=\"down\"}"), "{shown}");
}
