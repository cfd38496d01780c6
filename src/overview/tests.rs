#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::*;
use crate::resource::{BusinessStatus, Observed, Reading};
use crate::spec::SpecFile;

const SPEC: &str = "
version: 1
cloud: {provider: emulator, region: cn-shanghai, world: w.yaml}
groups: {site: {min_active: 2}, dark: {}}
interfaces:
  a: {id: ri-a, status: Active, group: site}
  b: {id: ri-b, status: Active, group: site}
  c: {id: ri-c, status: Active, group: site}
  d: {id: ri-d, status: Active, group: dark}
";

fn spec() -> Spec {
    let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: SPEC.as_bytes().to_vec() };
    crate::spec::parse(vec![file]).unwrap()
}

/// A live state in which each interface has this status; one with none could not be read.
fn live(statuses: [(&str, Option<Status>); 4]) -> LiveState {
    let reading = |(address, status): (&str, Option<Status>)| {
        let observed = |status| Observed::of(format!("ri-{address}").as_str().into(), "cn-shanghai".into(), status);
        (Address::from(address), status.map_or(Reading::Unreadable, |status| Reading::Found(observed(status))))
    };
    LiveState {
        read_at: Timestamp::UNIX_EPOCH,
        readings: statuses.into_iter().map(reading).collect(),
        failures: Vec::new(),
        others: Default::default(),
    }
}

fn all_up() -> LiveState {
    live(["a", "b", "c", "d"].map(|address| (address, Some(Status::Active))))
}

fn down(addresses: &[&str]) -> Down {
    Down { addresses: addresses.iter().map(|address| Address::from(*address)).collect(), ids: BTreeSet::new() }
}

/// The groups that fall, and what would be up of each.
fn falls(live: &LiveState, taken: &[&str]) -> Vec<(String, Option<u32>)> {
    let groups = without(&spec(), live, &down(taken)).into_iter().filter(GroupWithout::falls);
    groups.map(|group| (group.now.name.to_string(), group.then.up)).collect()
}

#[test]
fn a_group_falls_below_its_floor_or_goes_dark() {
    assert_eq!(falls(&all_up(), &["a"]), []);
    assert_eq!(falls(&all_up(), &["a", "b"]), [("site".to_owned(), Some(1))]);
    assert_eq!(
        falls(&all_up(), &["d"]),
        [("dark".to_owned(), Some(0))],
        "a site without a floor goes dark all the same"
    );
}

#[test]
fn what_was_not_asked_for_is_not_counted_and_hides_nothing() {
    let mut live = all_up();
    live.readings.remove("d");
    let groups = without(&spec(), &live, &down(&["a", "b"]));
    let names: Vec<&str> = groups.iter().map(|group| group.now.name.as_str()).collect();
    assert_eq!(names, ["site"], "a group of which nobody asked is not told");
    assert_eq!(falls(&live, &["a", "b"]), [("site".to_owned(), Some(1))]);
}

#[test]
fn what_is_down_already_takes_nothing_along() {
    let live = live([
        ("a", Some(Status::Inactive)),
        ("b", Some(Status::Inactive)),
        ("c", Some(Status::Active)),
        ("d", Some(Status::Active)),
    ]);
    assert_eq!(falls(&live, &["a"]), [], "it is below its floor with or without it");
    assert_eq!(falls(&live, &["c"]), [("site".to_owned(), Some(0))]);
}

#[test]
fn what_could_not_be_read_may_be_up_and_falls_only_if_it_would_even_then() {
    let live =
        live([("a", Some(Status::Active)), ("b", Some(Status::Active)), ("c", None), ("d", Some(Status::Active))]);
    assert_eq!(falls(&live, &["a"]), []);
    assert_eq!(falls(&live, &["a", "b"]), [("site".to_owned(), None)]);
}

fn prospect(live: &LiveState, address: &str) -> Prospect {
    let spec = spec();
    Prospects::new(&spec, live, None, Timestamp::UNIX_EPOCH).of(&address.into()).unwrap()
}

#[test]
fn a_link_can_go_down_while_its_group_can_spare_one() {
    let may = prospect(&all_up(), "a");
    assert_eq!((may.is_possible(), may.spare_after, may.needs.len()), (true, Some(0), 0));
}

#[test]
fn one_that_cannot_go_down_says_what_would_have_to_be_up() {
    let live = live([
        ("a", Some(Status::Active)),
        ("b", Some(Status::Inactive)),
        ("c", Some(Status::Active)),
        ("d", Some(Status::Active)),
    ]);
    let refused = prospect(&live, "a");
    assert_eq!((refused.is_possible(), refused.spare_after, refused.needs), (false, Some(-1), vec!["b".into()]));
    // What is down takes nothing along, though its group is at its floor.
    assert!(prospect(&live, "b").is_possible());
}

#[test]
fn nobody_knows_where_a_member_could_not_be_read() {
    let live =
        live([("a", Some(Status::Active)), ("b", Some(Status::Active)), ("c", None), ("d", Some(Status::Active))]);
    let unknown = prospect(&live, "a");
    assert_eq!((unknown.is_possible(), unknown.spare_after), (false, None));
    assert!(matches!(&unknown.obstacles[..], [Obstacle::Unknown { group }] if group.as_str() == "site"));
}

#[test]
fn what_the_vendor_has_locked_cannot_be_asked_to_go_down() {
    let mut live = all_up();
    if let Some(Reading::Found(observed)) = live.readings.get_mut("d") {
        observed.business_status = BusinessStatus::FinancialLocked;
    }
    assert!(matches!(&prospect(&live, "d").obstacles[..], [Obstacle::Refused(_)]));
}
