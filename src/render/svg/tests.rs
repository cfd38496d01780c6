#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::plan::{HopLeft, RouteLeft};
use crate::render::samples::{HOSTILE, live_state, report, spec};
use crate::resource::Reading;

#[test]
fn draws_links_with_the_status_of_both_sides() {
    insta::assert_snapshot!(topology(&Topology::new(&spec(), &live_state())));
}

#[test]
fn what_the_api_says_is_absent_is_trouble_and_what_nobody_reports_is_a_guess() {
    let drawn = |reading: Reading| {
        let mut live = live_state();
        live.readings.insert("gz-lone".into(), reading);
        let drawn = topology(&Topology::new(&spec(), &live));
        drawn.lines().filter(|line| line.contains("M190") || line.contains("wants")).take(2).collect::<String>()
    };
    let absent = drawn(Reading::Absent);
    assert!(
        absent.contains("s-bad") && !absent.contains("dash") && absent.contains(">absent, wants Active<"),
        "{absent}"
    );
    let unread = drawn(Reading::Unreadable);
    assert!(unread.contains("s-idle") && unread.contains("dash"), "{unread}");
    assert!(unread.contains(">not reported, wants Active<"), "{unread}");
}

#[test]
fn a_picture_of_many_links_shows_first_what_is_to_change_and_counts_the_rest() {
    let mut picture = Topology::new(&spec(), &live_state());
    let (routers, links) = picture.links.pop_last().unwrap();
    let calm = Side { address: Some("calm".into()), ..Side::default() };
    let many = vec![Link { sides: [calm.clone(), calm] }; MOST_ROWS];
    let to_change = links.iter().filter(|link| link.is_to_change()).count();
    assert!(to_change > 0);
    picture.links = [(routers, [many, links.clone()].concat())].into();
    let drawn = topology(&picture);
    assert_eq!(drawn.matches("wants ").count() / 2, to_change, "{drawn}");
    assert!(drawn.contains(&format!("… and {} more links", links.len())), "{drawn}");
}

#[test]
fn a_wide_layer_goes_on_in_the_next_row() {
    let boxes = vec![Node { lines: ["name", "note", "group"].map(str::to_owned), is_step: false }; 100];
    let drawn = layered(&boxes, &[(0..99).collect(), vec![99]], &[Arrow { from: 0, to: 99, is_order: false }]);
    assert!(drawn.contains("viewBox=\"0 0 1220 1640\""), "{}", drawn.lines().next().unwrap_or_default());
}

#[test]
fn draws_a_run_over_time() {
    insta::assert_snapshot!(timeline(&report()));
}

#[test]
fn draws_what_rides_on_what_goes_down_and_what_remains_of_it() {
    let mut plan = crate::render::samples::small_plan();
    assert!(routes(&plan).is_empty(), "no route is known");
    let left = |prefix: &str, remains: Vec<HopLeft>| RouteLeft {
        address: "sh-primary".into(),
        table: "vtb-1".into(),
        prefix: prefix.into(),
        remains,
    };
    let standby = HopLeft { id: "ri-b".into(), address: Some("sh-backup".into()), weight: Some(0), unproven: false };
    plan.routes =
        vec![left("10.8.0.0/16", vec![standby.clone()]), left("10.9.0.0/16", vec![standby]), left("<b>", vec![])];
    let drawn = routes(&plan);
    for said in ["sh-primary", "10.8.0.0/16 and 1 more", "keeps sh-backup (standby)", "no other next hop", "&lt;b&gt;"]
    {
        assert!(drawn.contains(said), "{said}: {drawn}");
    }
}

#[test]
fn escapes_so_that_no_two_texts_look_alike() {
    let all: std::collections::BTreeSet<String> = HOSTILE.iter().map(|text| escaped(text)).collect();
    assert_eq!(all.len(), HOSTILE.len());
    assert!(all.iter().all(|text| !text.contains(['<', '>', '"', '\''])));
}
