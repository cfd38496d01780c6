#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::render::samples::{HOSTILE, at, drift as sample, hostile_drift, written};

fn check(spec: &str, outcome: Result<crate::drift::Drift, String>) -> DriftCheck {
    let items = outcome.iter().flat_map(|drift| &drift.items);
    let declared =
        items.map(|item| (item.address.clone(), true)).chain([("z-unread".into(), false), ("y-fine".into(), true)]);
    DriftCheck {
        spec: spec.to_owned(),
        path: spec.to_owned(),
        at: at("02:14:00"),
        declared: declared.collect(),
        outcome,
    }
}

#[test]
fn is_a_case_per_interface() {
    let checks = [check("net.yaml", Ok(sample())), check("down.yaml", Err("no credentials".to_owned()))];
    insta::assert_snapshot!(written(|out| drift(out, &checks)));
}

#[test]
fn is_well_formed_whatever_anybody_wrote() {
    for text in HOSTILE {
        let checks = [check(text, Ok(hostile_drift(text))), check(text, Err((*text).to_owned()))];
        let shown = written(|out| drift(out, &checks));
        let mut reader = quick_xml::Reader::from_str(&shown);
        let mut cases = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) if tag.name().as_ref() == "testcase" => cases += 1,
                _ => {}
            }
        }
        let groups = checks[0].outcome.as_ref().unwrap().groups.len();
        assert_eq!(cases, checks[0].declared.len() + groups + 1, "{shown}");
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown:?}");
    }
}

#[test]
fn holds_no_character_that_xml_has_not_and_no_class_with_a_dot() {
    let checks = [
        check("/etc/net.d/rictl.yaml", Ok(hostile_drift("odd \u{fffe}\u{ffff} one"))),
        check("a.yml", Err("x".to_owned())),
    ];
    let shown = written(|out| drift(out, &checks));
    assert!(!shown.contains(['\u{fffe}', '\u{ffff}']), "{shown}");
    assert!(shown.contains("classname=\"/etc/net_d/rictl\"") && shown.contains("classname=\"a_yml\""), "{shown}");
}

#[test]
fn specs_whose_paths_differ_in_a_dot_alone_have_a_class_each() {
    let checks =
        ["/net/sites.a.yaml", "/net/sites_a.yaml", "/net/sites_a"].map(|spec| check(spec, Err("x".to_owned())));
    let shown = written(|out| drift(out, &checks));
    for class in ["/net/sites_a", "/net/sites_a#2", "/net/sites_a#3"] {
        assert_eq!(shown.matches(&format!("classname=\"{class}\"")).count(), 1, "{shown}");
    }
}
