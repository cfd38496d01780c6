#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::pattern::Pattern;
use super::*;
use crate::resource::{Address, RouterInterfaceId};

/// Labels of a test.
type Pairs = &'static [(&'static str, &'static str)];
/// An interface of a test: address, id, group, labels, region, accounts.
type Given = (Address, RouterInterfaceId, Option<&'static str>, Vec<(&'static str, &'static str)>, &'static str);

fn given() -> Vec<Given> {
    let rows: [(&str, &str, Option<&'static str>, Pairs, &'static str); 5] = [
        ("bj-1", "ri-2zebj0001", Some("idc-bj"), &[("carrier", "alfa")], "cn-beijing"),
        ("ri-odd", "ri-2zebj0002", None, &[], "cn-beijing"),
        ("sh-1", "ri-2zesh0001", Some("idc-sh"), &[("carrier", "alfa"), ("tier", "0100")], "cn-shanghai"),
        ("sh-2", "ri-2zesh0002", Some("idc-sh"), &[("carrier", "bravo")], "cn-shanghai"),
        ("\u{4e0a}\u{6d77}", "ri-odd", Some("idc-sh"), &[("carrier", "bravo"), ("prod", "yes")], "cn-shanghai"),
    ];
    rows.map(|(address, id, group, labels, region)| (address.into(), id.into(), group, labels.to_vec(), region)).into()
}

/// What the one change of the tests is about.
fn about() -> [Address; 2] {
    ["bj-1".into(), "sh-1".into()]
}

fn field<'g>(given: &'g [Given], about: &'g [Address]) -> Field<'g> {
    let candidates = given.iter().map(|(address, id, group, labels, region)| {
        let accounts = [Some("default"), Some("1234567890123456")];
        Candidate { address, id, group: *group, labels: labels.clone(), region, accounts }
    });
    Field::new(candidates.collect()).with_changes([("CHG-1", about)])
}

fn selected(text: &str) -> Result<Vec<String>, Fault> {
    let (given, about) = (given(), about());
    let field = field(&given, &about);
    let places = field.select(&Selector::parse(text).unwrap())?;
    Ok(places.into_iter().map(|place| field.address(place).to_string()).collect())
}

#[test]
fn a_term_is_an_address_an_id_a_pattern_or_says_what_it_is_about() {
    let cases: &[(&str, &[&str])] = &[
        ("sh-1", &["sh-1"]),
        ("ri-2zesh0002", &["sh-2"]),
        ("ri-2zesh0001,group:idc-sh", &["sh-1"]),
        // One is called so, although another one has it for its id.
        ("ri-odd", &["ri-odd"]),
        ("sh-*", &["sh-1", "sh-2"]),
        ("?h-1", &["sh-1"]),
        ("*", &["bj-1", "ri-odd", "sh-1", "sh-2", "\u{4e0a}\u{6d77}"]),
        ("\u{4e0a}?", &["\u{4e0a}\u{6d77}"]),
        ("group:idc-bj", &["bj-1"]),
        ("group:idc-*", &["bj-1", "sh-1", "sh-2", "\u{4e0a}\u{6d77}"]),
        ("label:carrier", &["bj-1", "sh-1", "sh-2", "\u{4e0a}\u{6d77}"]),
        ("label:carrier=alfa", &["bj-1", "sh-1"]),
        ("label:carrier=*a*", &["bj-1", "sh-1", "sh-2", "\u{4e0a}\u{6d77}"]),
        ("label:tier=0100", &["sh-1"]),
        ("label:*=yes", &["\u{4e0a}\u{6d77}"]),
        ("label:carrier=alfa,region:cn-shanghai", &["sh-1"]),
        ("region:*jing , label:carrier=alfa", &["bj-1"]),
        ("account:default,sh-2", &["sh-2"]),
        ("account:1234567890123456,sh-2", &["sh-2"]),
        ("change:CHG-1", &["bj-1", "sh-1"]),
        ("change:CHG-?,group:idc-sh", &["sh-1"]),
    ];
    for (text, wanted) in cases {
        assert_eq!(selected(text).unwrap(), *wanted, "{text}");
    }
}

#[test]
fn names_are_equal_however_their_letters_were_typed() {
    assert_eq!(Selector::parse("Mu\u{308}nchen"), Selector::parse("M\u{fc}nchen"));
    assert_ne!(Selector::parse("muc"), Selector::parse("MUC"));
}

#[test]
fn what_selects_nothing_is_answered_with_the_nearest() {
    let cases = [
        ("sh-11", Some("sh-1")),
        ("ri-2zesh0003", Some("ri-2zesh0001")),
        ("SH-1", Some("sh-1")),
        ("idc-sh", Some("group:idc-sh")),
        ("carrier=alfa", Some("label:carrier=alfa")),
        ("CHG-1", Some("change:CHG-1")),
        ("group:idc-sha", Some("group:idc-sh")),
        ("label:carier=alfa", Some("label:carrier=alfa")),
        ("label:carrier=alpha", Some("label:carrier=alfa")),
        ("label:carier", Some("label:carrier")),
        ("region:cn-shangai", Some("region:cn-shanghai")),
        ("change:CHG-2", Some("change:CHG-1")),
        ("zzz", None),
    ];
    for (text, near) in cases {
        let Err(Fault::Unknown { term, near: found, .. }) = selected(text) else { panic!("{text}") };
        assert_eq!((term.as_str(), found.as_deref()), (text, near));
    }
    assert_eq!(
        selected("label:carrier=alfa,sh-2"),
        Err(Fault::Together { selector: Selector::parse("label:carrier=alfa,sh-2").unwrap() })
    );
    let several = ["sh-1".into(), "sh-2".into()].to_vec();
    assert_eq!(selected("ri-2zesh"), Err(Fault::Ambiguous { word: "ri-2zesh".to_owned(), addresses: several }));
}

#[test]
fn an_empty_term_or_value_and_an_unknown_kind_are_no_selectors() {
    for text in ["", " ", ",", "a,", ",a", "a,,b", "label:a=b, ,c"] {
        assert_eq!(Selector::parse(text), Err(SelectorError::EmptyTerm), "{text:?}");
    }
    for text in ["group:", "label:", "label:=", "label:a=", "label:=b", "change:"] {
        assert_eq!(Selector::parse(text), Err(SelectorError::NoValue { term: text.to_owned() }), "{text:?}");
    }
    let unknown = |word: &str, near| Err(SelectorError::UnknownKind { word: word.to_owned(), near });
    assert_eq!(Selector::parse("lable:a=b"), unknown("lable", Some("label")));
    assert_eq!(Selector::parse("tag:a"), unknown("tag", None));
}

#[test]
fn a_choice_is_what_is_asked_for_less_what_is_left_out() {
    let (given, about) = (given(), about());
    let field = field(&given, &about);
    let selectors = |texts: &[&str]| texts.iter().map(|text| Selector::parse(text).unwrap()).collect::<Vec<_>>();
    let choose = |targets: &[&str], excludes: &[&str]| {
        field.choose(Choice { targets: &selectors(targets), excludes: &selectors(excludes) })
    };
    let included = |chosen: Chosen| (0..field.len()).filter(|place| chosen.includes(*place)).collect::<Vec<_>>();
    assert_eq!(included(choose(&[], &[]).unwrap()), [0, 1, 2, 3, 4]);
    assert_eq!(included(choose(&["bj-1", "group:idc-sh"], &["label:prod"]).unwrap()), [0, 2, 3]);
    assert_eq!(included(choose(&[], &["*-1"]).unwrap()), [1, 3, 4]);
    assert_eq!(choose(&["ri-2zesh0002"], &[]).unwrap().targets, selectors(&["sh-2"]));
    assert_eq!(choose(&["sh-*"], &["group:idc-sh"]), Err(vec![BadChoice::NothingLeft]));
    assert_eq!(choose(&["nothing"], &["group:none"]).unwrap_err().len(), 2);
}

proptest! {
    /// The indices find what asking every interface finds.
    #[test]
    fn the_field_selects_what_fits_one_by_one(
        rows in prop::collection::btree_map("[ab]{1,3}", ("[xy]", prop::collection::btree_map("[kl]", "[vw]", 0..3)), 1..12),
        key in "[kl*?]", value in "[vw*?]", group in "[xy*]",
    ) {
        let rows: Vec<(Address, RouterInterfaceId, String, BTreeMap<String, String>)> = rows
            .into_iter()
            .map(|(address, (group, labels))| (address.as_str().into(), format!("ri-{address}").into(), group, labels))
            .collect();
        let candidates = rows.iter().map(|(address, id, group, labels)| Candidate {
            address,
            id,
            group: Some(group),
            labels: labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            region: "cn-a",
            accounts: [None, None],
        });
        let field = Field::new(candidates.collect());
        let fits = |pattern: &str, text: &str| Pattern::new(pattern).matches(text);
        let wanted: Vec<usize> = (0..rows.len())
            .filter(|place| {
                let (_, _, own, labels) = &rows[*place];
                fits(&group, own) && labels.iter().any(|(k, v)| fits(&key, k) && fits(&value, v))
            })
            .collect();
        let found = field.select(&Selector::parse(&format!("label:{key}={value},group:{group}")).unwrap());
        prop_assert_eq!(found.unwrap_or_default(), wanted);
    }
}

#[test]
fn the_number_of_an_account_that_the_spec_does_not_say_is_told_so() {
    let (address, id) = (Address::from("a"), RouterInterfaceId::from("ri-a"));
    let candidate = |number| Candidate {
        address: &address,
        id: &id,
        group: Some("idc-shanghai"),
        labels: Vec::new(),
        region: "cn-a",
        accounts: [Some("default"), number],
    };
    let select = |number, text: &str| Field::new(vec![candidate(number)]).select(&text.parse().unwrap()).unwrap_err();
    let text = "account:1234567890123456";
    assert!(matches!(select(None, text), Fault::UnknownAccount { .. }));
    assert!(select(None, text).hint().unwrap().contains("account_id"));
    assert!(matches!(select(Some("2234567890123456"), text), Fault::Unknown { .. }));
}

#[test]
fn a_group_that_is_misspelt_without_its_kind_is_suggested_with_it() {
    let (address, id) = (Address::from("a"), RouterInterfaceId::from("ri-a"));
    let candidate = Candidate {
        address: &address,
        id: &id,
        group: Some("idc-shanghai"),
        labels: Vec::new(),
        region: "cn-a",
        accounts: [Some("default"), None],
    };
    let fault = Field::new(vec![candidate]).select(&"idc-shangai".parse().unwrap()).unwrap_err();
    assert_eq!(fault.hint().as_deref(), Some("did you mean `group:idc-shanghai`?"));
}

#[test]
fn what_is_near_nothing_is_told_what_there_is_of_its_kind() {
    let (address, id) = (Address::from("a"), RouterInterfaceId::from("ri-a"));
    let candidate = Candidate {
        address: &address,
        id: &id,
        group: Some("idc-shanghai"),
        labels: vec![("carrier", "alfa")],
        region: "cn-a",
        accounts: [Some("default"), None],
    };
    let field = Field::new(vec![candidate]);
    let hint = |text: &str| field.select(&text.parse().unwrap()).unwrap_err().hint();
    assert_eq!(hint("group:hk").as_deref(), Some("there is group:idc-shanghai"));
    assert_eq!(hint("label:x=y").as_deref(), Some("there is label:carrier"));
    assert_eq!(hint("change:CHG-1"), None);
}
