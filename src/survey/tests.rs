#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::resource::{Opposite, Provider, is_letter_or_mark};

fn interface(id: &str, name: &str, near: &str, far: &str) -> Observed {
    let some = |text: &str| (!text.is_empty()).then(|| text.into());
    Observed {
        name: some(name),
        router_id: some(near),
        opposite: Opposite { router_id: some(far), ..Opposite::default() },
        ..Observed::of(id.into(), "cn-shanghai".into(), Status::Active)
    }
}

fn surveyed(observed: Vec<Observed>) -> Survey {
    let target = Target { provider: Provider::Emulator, account_id: "1".into(), endpoint: String::new() };
    survey(Timestamp::UNIX_EPOCH, target, vec!["cn-shanghai".into()], observed, (&BTreeMap::new(), &[]))
}

fn named(names: &[(&str, &str)]) -> Vec<String> {
    let survey = surveyed(names.iter().map(|(id, name)| interface(id, name, "", "")).collect());
    survey.entries.keys().map(Address::to_string).collect()
}

#[test]
fn makes_addresses_of_names() {
    assert_eq!(named(&[("ri-a", "SH primary (old)")]), ["SH-primary-old"]);
    assert_eq!(named(&[("ri-a", "上海-primary")]), ["上海-primary"]);
    assert_eq!(named(&[("ri-a", "Zürich–Málaga"), ("ri-b", "Malaga\u{301} 2")]), ["Malaga-2", "Zurich-Malaga"]);
    assert_eq!(named(&[("ri-a", "线路1"), ("ri-b", "линия 2"), ("ri-c", "3")]), ["3", "линия-2", "线路1"]);
    assert_eq!(named(&[("ri-a", "线路一"), ("ri-b", ""), ("ri-c", "..")]), ["ri-b", "ri-c", "线路一"]);
}

#[test]
fn tells_equal_names_apart_by_id() {
    assert_eq!(
        named(&[("ri-a", "link"), ("ri-b", "link"), ("ri-c", "link-ri-a")]),
        ["link-ri-a", "link-ri-a-2", "link-ri-b"]
    );
}

#[test]
fn prefers_the_names_that_it_is_given() {
    let target = Target { provider: Provider::Emulator, account_id: "1".into(), endpoint: String::new() };
    let names = BTreeMap::from([(RouterInterfaceId::from("ri-a"), "mine".to_owned())]);
    let survey =
        survey(Timestamp::UNIX_EPOCH, target, Vec::new(), vec![interface("ri-a", "theirs", "", "")], (&names, &[]));
    assert!(survey.entries.contains_key("mine"));
}

#[test]
fn is_certain_of_links_to_one_opposite_router_that_are_all_up() {
    let mut down = interface("ri-g", "g", "vbr-6", "vrt-7");
    down.status = Status::Inactive;
    let survey = surveyed(vec![
        interface("ri-f", "f", "vbr-6", "vrt-7"),
        down,
        interface("ri-a", "a", "vbr-1", "vrt-1"),
        interface("ri-b", "b", "vbr-1", "vrt-1"),
        interface("ri-c", "c", "vbr-2", "vrt-9"),
        interface("ri-d", "d", "vbr-3", "vrt-9"),
        interface("ri-e", "e", "vbr-4", "vrt-8"),
    ]);
    let groups: Vec<(&str, bool)> =
        survey.groups.iter().map(|(name, group)| (name.as_str(), group.is_certain)).collect();
    assert_eq!(groups, [("to-vrt-9", true), ("vbr-1-vrt-1", true), ("vbr-6-vrt-7", false)]);
    let group = |address: &str| survey.entries[address].group.as_ref().map(|name| name.as_str().to_owned());
    assert_eq!(group("a").as_deref(), Some("vbr-1-vrt-1"));
    assert_eq!(group("d").as_deref(), Some("to-vrt-9"));
    assert_eq!(group("e"), None);
}

#[test]
fn groups_what_is_next_hop_of_the_very_same_prefixes_the_most_first() {
    let observed = ["a", "b", "c", "d"].map(|name| interface(&format!("ri-{name}"), name, "vrt-1", "vbr-1"));
    let route = |prefix: &str, hops: &[&str]| Route {
        table: "vtb".into(),
        prefix: prefix.into(),
        next_hops: hops
            .iter()
            .map(|id| crate::resource::NextHop { id: (*id).into(), is_enabled: true, weight: None })
            .collect(),
    };
    let routes = [
        route("10.0.0.0/16", &["ri-a", "ri-b"]),
        route("10.1.0.0/16", &["ri-b", "ri-c", "ri-d"]),
        route("10.2.0.0/16", &["ri-b", "ri-c", "ri-d"]),
        route("10.3.0.0/16", &["ri-a"]),
    ];
    let target = Target { provider: Provider::Emulator, account_id: "1".into(), endpoint: String::new() };
    let survey = survey(Timestamp::UNIX_EPOCH, target, Vec::new(), observed.into(), (&BTreeMap::new(), &routes));
    let (name, group) = survey.groups.first_key_value().unwrap();
    assert_eq!(name.as_str(), "vrt-1-10.1.0.0-16");
    assert_eq!((group.why.as_str(), group.floor()), ("3 links are next hops of the same 2 prefixes", 2));
    assert_eq!((survey.groups.len(), survey.entries["a"].group.is_none()), (1, true));
}

#[test]
fn takes_the_two_sides_of_a_link_for_one_link() {
    let mut near = interface("ri-a", "a", "vrt-1", "vrt-2");
    near.opposite.interface_id = Some("ri-b".into());
    let mut far = interface("ri-b", "b", "vrt-2", "vrt-1");
    far.opposite.interface_id = Some("ri-a".into());
    let survey = surveyed(vec![near, far]);
    assert_eq!(survey.entries["a"].peer, Some("b".into()));
    assert!(survey.groups.is_empty());
}

#[test]
fn declares_stable_statuses_only() {
    for (word, declared) in
        [("Active", true), ("inactive", true), ("Idle", false), ("Deactivating", false), ("Odd", false)]
    {
        let mut observed = interface("ri-a", "a", "", "");
        observed.status = Status::parse(word);
        assert_eq!(surveyed(vec![observed]).entries["a"].status().is_ok(), declared, "{word}");
    }
}

proptest! {
    #[test]
    fn gives_every_interface_an_address_of_its_own(names in proptest::collection::vec("[a-b线-]{0,3}|\\PC{0,100}", 0..8)) {
        let observed: Vec<Observed> =
            names.iter().enumerate().map(|(at, name)| interface(&format!("ri-{at}"), name, "", "")).collect();
        let survey = surveyed(observed);
        prop_assert_eq!(survey.entries.len(), names.len());
        for address in survey.entries.keys() {
            let length = address.as_str().chars().count();
            prop_assert!((1..=128).contains(&length), "{address}");
            let is_of_a_name = |letter: char| is_letter_or_mark(letter) || letter.is_ascii_digit() || "._-".contains(letter);
            prop_assert!(address.as_str().chars().all(is_of_a_name), "{address}");
        }
    }
}
