#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::dice::Dice;
use crate::drift::OtherEnds;
use crate::plan::{Assumed, Meanwhile, What};
use crate::resource::{ChangeName, DesiredStatus, GroupName};
use crate::spec::{Change, Spec, SpecFile, parse};

const BEGIN: &str = "2026-12-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn minute(number: i64) -> Timestamp {
    at(BEGIN) + SignedDuration::from_mins(number)
}

fn meanwhile(after: Timestamp, before: Timestamp) -> Meanwhile {
    Meanwhile { after, before, allow_changes: None }
}

fn spec(text: &str) -> Spec {
    let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    parse(vec![file]).unwrap_or_else(|refused| panic!("{:#?}\n{text}", refused.findings))
}

const SITE: &str = "version: 1
cloud: { region: cn-a }
groups: { sh: { min_active: 1 } }
interfaces:
  a: { id: ri-a, status: Active, group: sh, reason: own, depends_on: [c] }
  b: { id: ri-b, status: Active, group: sh }
  c: { id: ri-c, status: Active, protect: true }
changes:
";

fn site(changes: &str) -> Spec {
    spec(&format!("{SITE}{changes}"))
}

fn status_of<'s>(spec: &'s Spec, address: &str) -> (DesiredStatus, Option<&'s str>) {
    let interface = &spec.interfaces[address];
    (interface.status.value, interface.planned.in_force.as_ref().map(|in_force| in_force.change.as_str()))
}

use DesiredStatus::{Active, Inactive};

#[test]
fn a_change_is_in_force_from_its_beginning_up_to_its_end() {
    let spec = site(
        "  CHG-1: { reason: works, select: [a], status: Inactive, from: 2026-12-02T01:00, until: 2026-12-02T03:00 }\n",
    );
    for (moment, wanted) in [
        ("2026-12-02T00:59:59.999Z", (Active, None)),
        ("2026-12-02T01:00:00Z", (Inactive, Some("CHG-1"))),
        ("2026-12-02T02:59:59.999Z", (Inactive, Some("CHG-1"))),
        ("2026-12-02T03:00:00Z", (Active, None)),
    ] {
        assert_eq!(status_of(&in_force(spec.clone(), at(moment)), "a"), wanted, "{moment}");
    }
    let during = in_force(spec.clone(), at("2026-12-02T02:00:00Z"));
    assert_eq!(during.interfaces["a"].reason.as_deref(), Some("works"));
    assert_eq!(during.interfaces["a"].planned.valid_until, Some(at("2026-12-02T03:00:00Z")));
    let after = in_force(during, at("2026-12-02T03:00:00Z"));
    assert_eq!(after.interfaces["a"].reason.as_deref(), Some("own"));
    let ended = after.interfaces["a"].planned.ended.clone().unwrap();
    assert_eq!((ended.change.as_str(), ended.status, ended.at), ("CHG-1", Inactive, at("2026-12-02T03:00:00Z")));
    assert_eq!(in_force(after, at("2026-12-02T00:00:00Z")).interfaces["a"].planned.in_force, None);
}

#[test]
fn where_one_change_hands_over_to_another_the_end_is_told_first() {
    let spec = site(
        "  CHG-1: { reason: one, select: [a], status: Inactive, from: 2026-12-02T02:00, until: 2026-12-02T05:00 }
  CHG-0: { reason: two, select: [a], status: Inactive, from: 2026-12-02T05:00, until: 2026-12-02T07:00 }
",
    );
    let soon = upcoming(&spec, at("2026-12-02T03:00:00Z"));
    let told: Vec<_> = soon.iter().map(|one| (one.change_id.as_str(), one.what)).collect();
    assert_eq!(told, [("CHG-1", What::Ends), ("CHG-0", What::Begins), ("CHG-0", What::Ends)]);
    assert_eq!(moments(&spec, at("2026-12-02T03:00:00Z")), [at("2026-12-02T07:00:00Z")]);
    assert!(clashes(&spec, Sides::Unknown, at("2026-12-02T05:00:00Z")).is_empty());
}

#[test]
fn where_changes_agree_the_one_begun_first_is_named_and_the_return_comes_when_the_last_ends() {
    let spec = site(
        "  CHG-1: { reason: one, select: [a], status: Inactive, from: 2026-12-02T02:00, until: 2026-12-02T05:00 }
  CHG-2: { reason: two, select: [a], status: Inactive, from: 2026-12-02T01:00, until: 2026-12-02T03:00 }
",
    );
    assert_eq!(moments(&spec, at(BEGIN)), [at("2026-12-02T01:00:00Z"), at("2026-12-02T05:00:00Z")]);
    let at = |moment: &str| in_force(spec.clone(), at(moment));
    assert_eq!(status_of(&at("2026-12-02T02:30:00Z"), "a"), (Inactive, Some("CHG-2")));
    assert_eq!(status_of(&at("2026-12-02T03:00:00Z"), "a"), (Inactive, Some("CHG-1")));
    assert!(contradictions(&spec, self::at(BEGIN)).is_empty());
}

#[test]
fn different_statuses_at_one_time_contradict() {
    let spec = site(
        "  CHG-1: { reason: one, select: [a, b], status: Inactive, from: 2026-12-02T02:00, until: 2026-12-02T05:00 }
  CHG-2: { reason: two, select: [b], status: Active, from: 2026-12-02T04:00 }
  CHG-3: { reason: three, select: [a], status: Active, from: 2026-12-02T05:00 }
",
    );
    let found = contradictions(&spec, at(BEGIN));
    let names = |found: &Contradiction| (found.one.to_string(), found.other.to_string(), found.address.to_string());
    assert_eq!(found.iter().map(names).collect::<Vec<_>>(), [("CHG-1".into(), "CHG-2".into(), "b".into())]);
    assert_eq!(found[0].from, at("2026-12-02T04:00:00Z"));
    assert!(contradictions(&spec, at("2026-12-02T05:00:00Z")).is_empty());
}

#[test]
fn what_two_reviewed_changes_would_break_together_is_found_before_either_begins() {
    let spec = site(
        "  CHG-1: { reason: one, select: [a], status: Inactive, from: 2026-12-02T02:00, until: 2026-12-02T05:00 }
  CHG-2: { reason: two, select: [b], status: Inactive, from: 2026-12-02T02:20, until: 2026-12-02T03:00 }
  CHG-3: { reason: three, select: [c], status: Inactive, from: 2026-12-02T06:00 }
",
    );
    let found = clashes(&spec, Sides::Unknown, at(BEGIN));
    let names = |names: &[&str]| names.iter().map(|name| ChangeName::from(*name)).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            Clash {
                from: at("2026-12-02T02:20:00Z"),
                guarded: Guarded::Floor { group: GroupName::from("sh"), up: 0, of: 2, floor: 1 },
                changes: names(&["CHG-1", "CHG-2"]),
            },
            Clash {
                from: at("2026-12-02T06:00:00Z"),
                guarded: Guarded::Dependency { address: "a".into(), needed: "c".into() },
                changes: names(&["CHG-3"]),
            },
            Clash {
                from: at("2026-12-02T06:00:00Z"),
                guarded: Guarded::Protected { address: "c".into() },
                changes: names(&["CHG-3"]),
            },
        ]
    );
    assert_eq!(clashes(&spec, Sides::Unknown, at("2026-12-02T02:30:00Z"))[0].from, at("2026-12-02T02:30:00Z"));
    assert_eq!(clashes(&spec, Sides::Unknown, at("2026-12-02T03:00:00Z")).len(), 2);
}

#[test]
fn more_changes_at_one_moment_than_a_cap_allows_are_found() {
    let spec = spec(&format!(
        "limits: {{ max_changes: 1 }}\n{SITE}  CHG-1: {{ reason: one, select: [a], status: Inactive, from: 2026-12-02, until: 2026-12-03 }}
  CHG-2: {{ reason: two, select: [b], status: Inactive, from: 2026-12-03 }}\n"
    ));
    let found = clashes(&spec, Sides::Unknown, at(BEGIN));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].guarded, Guarded::Cap { key: "max_changes", value: 1, changes: 2, is_return: false });
    assert_eq!(found[0].changes, ["CHG-1".into(), "CHG-2".into()]);
}

#[test]
fn what_comes_back_together_is_told_from_what_begins_together_and_names_who_ends() {
    let spec = spec(&format!(
        "limits: {{ max_changes: 1 }}\n{SITE}  CHG-1: {{ reason: one, select: [a], status: Inactive, from: 2026-12-02, until: 2026-12-04 }}
  CHG-2: {{ reason: two, select: [b], status: Inactive, from: 2026-12-03, until: 2026-12-04 }}\n"
    ));
    let found: Vec<Clash> = clashes(&spec, Sides::Unknown, at(BEGIN));
    let caps: Vec<&Clash> = found.iter().filter(|clash| matches!(clash.guarded, Guarded::Cap { .. })).collect();
    assert_eq!(caps.len(), 1);
    assert_eq!(caps[0].guarded, Guarded::Cap { key: "max_changes", value: 1, changes: 2, is_return: true });
    assert_eq!(caps[0].changes, ["CHG-1".into(), "CHG-2".into()]);
}

#[test]
fn a_plan_says_what_begins_or_ends_within_a_day_and_what_it_takes_as_done() {
    let spec = site(
        "  CHG-1: { reason: works, select: [a], status: Inactive, from: 2026-12-02T01:00, until: 2026-12-02T03:00 }\n",
    );
    let soon = upcoming(&spec, at("2026-12-01T02:00:00Z"));
    assert_eq!(soon.len(), 1);
    assert_eq!((soon[0].what, soon[0].interfaces, soon[0].status), (What::Begins, 1, Some(Inactive)));
    let (begin, end) = (at("2026-12-02T01:00:00Z"), at("2026-12-02T03:00:00Z"));
    assert_eq!(assumed(&spec, &OtherEnds::default(), meanwhile(at(BEGIN), begin)), Default::default());
    let (done, statuses) = assumed(&spec, &OtherEnds::default(), meanwhile(at(BEGIN), end));
    assert_eq!(done, [Assumed { change_id: "CHG-1".into(), at: begin, what: What::Begins }]);
    assert_eq!(statuses, [("a".into(), Inactive)].into());
}

/// A spec of a few interfaces and changes, all within three hours.
fn random(dice: &mut Dice) -> String {
    let interfaces = 1 + dice.roll(5);
    let mut text =
        "version: 1\ncloud: { region: cn-a }\ngroups:\n  g0: {}\n  g1: { max_unavailable: 9 }\ninterfaces:\n"
            .to_owned();
    for number in 0..interfaces {
        let status = if dice.roll(4) == 0 { "Inactive" } else { "Active" };
        writeln!(text, "  i{number}: {{ id: ri-{number}, status: {status}, group: g{} }}", number % 2).unwrap();
    }
    text.push_str("changes:\n");
    for number in 0..dice.roll(6) {
        let mut select: Vec<String> = (0..interfaces).filter(|_| dice.roll(2) == 0).map(|i| format!("i{i}")).collect();
        select.push("i0".to_owned());
        let status = if dice.roll(3) == 0 { "Active" } else { "Inactive" };
        let (begin, length) = (dice.roll(150), 1 + dice.roll(30));
        let moment = |minutes: u64| minute(i64::try_from(minutes).unwrap());
        let from = if dice.roll(6) == 0 { String::new() } else { format!(", from: {}", moment(begin)) };
        let until = if dice.roll(6) == 0 { String::new() } else { format!(", until: {}", moment(begin + length)) };
        writeln!(
            text,
            "  CHG-{number}: {{ reason: r, select: [{}], status: {status}{from}{until} }}",
            select.join(", ")
        )
        .unwrap();
    }
    text
}

/// The definition: of the changes that are in force and about an interface, the one begun first, then by name.
fn naive(spec: &Spec, moment: Timestamp) -> Vec<(DesiredStatus, Option<&ChangeName>)> {
    let begun = |change: &Change| change.from.as_ref().map(|from| from.value);
    let wanted = spec.interfaces.iter().map(|(address, interface)| {
        let about = spec.changes.iter().filter(|(_, change)| {
            let has_begun = begun(change).is_none_or(|from| moment >= from);
            let has_ended = change.until.as_ref().is_some_and(|until| moment >= until.value);
            has_begun && !has_ended && change.selected.contains(address)
        });
        let first = about.min_by_key(|(name, change)| (begun(change), *name));
        first.map_or((interface.status.value, None), |(name, change)| (change.status.value, Some(name)))
    });
    wanted.collect()
}

/// Walks the timeline minute by minute, and finds what the room finds.
#[test]
fn every_moment_is_one_that_a_walk_minute_by_minute_finds() {
    for seed in 0..10_000 {
        let mut dice = Dice::new(seed);
        let text = random(&mut dice);
        let spec = spec(&text);
        let from = i64::try_from(dice.roll(60)).unwrap();
        let walked: Vec<_> = (from..200).map(|number| naive(&spec, minute(number))).collect();
        let statuses =
            |at: &[(DesiredStatus, Option<&ChangeName>)]| at.iter().map(|(status, _)| *status).collect::<Vec<_>>();
        let altered: Vec<Timestamp> = (1..walked.len())
            .filter(|place| statuses(&walked[*place]) != statuses(&walked[*place - 1]))
            .map(|place| minute(from + i64::try_from(place).unwrap()))
            .collect();
        assert_eq!(moments(&spec, minute(from)), altered, "seed {seed}\n{text}");
        for place in [0, walked.len() / 3, walked.len() / 2, walked.len() - 1] {
            let then = in_force(spec.clone(), minute(from + i64::try_from(place).unwrap()));
            let told: Vec<_> = then
                .interfaces
                .values()
                .map(|interface| (interface.status.value, interface.planned.in_force.as_ref().map(|one| &one.change)))
                .collect();
            assert_eq!(told, walked[place], "seed {seed}, minute {place}\n{text}");
            let (_, reached) = assumed(
                &spec,
                &OtherEnds::default(),
                meanwhile(minute(from), minute(from + i64::try_from(place).unwrap())),
            );
            let before = |number: usize| walked[place - 1][number].0;
            for (number, status) in
                spec.interfaces.keys().enumerate().filter_map(|(number, address)| Some((number, reached.get(address)?)))
            {
                assert_eq!(*status, before(number), "seed {seed}, before minute {place}\n{text}");
            }
        }
        floors(&spec, from, &walked, seed);
    }
}

/// A group is below a floor at a minute of the walk if and only if a clash of it has begun and not ended.
fn floors(spec: &Spec, from: i64, walked: &[Vec<(DesiredStatus, Option<&ChangeName>)>], seed: u64) {
    let mut spec = spec.clone();
    let group = spec.groups.get_mut("g0").unwrap();
    let members: Vec<usize> = (0..spec.interfaces.len()).filter(|number| number % 2 == 0).collect();
    let base = spec.interfaces.values().map(|interface| interface.status.value).collect::<Vec<_>>();
    let up_in =
        |statuses: &dyn Fn(usize) -> DesiredStatus| members.iter().filter(|place| statuses(**place) == Active).count();
    let floor = up_in(&|place| base[place]);
    group.min_active = Some(crate::spec::Placed { value: u32::try_from(floor).unwrap(), place: Default::default() });
    let mut begun = Vec::new();
    let mut was_below = false;
    for (place, statuses) in walked.iter().enumerate() {
        let is_below = up_in(&|place| statuses[place].0) < floor;
        if is_below && !was_below {
            begun.push(minute(from + i64::try_from(place).unwrap()));
        }
        was_below = is_below;
    }
    let found = clashes(&spec, Sides::Unknown, minute(from)).into_iter();
    let standing: Vec<Clash> = found.clone().filter(|clash| clash.from == minute(from)).collect();
    assert_eq!(clashes_now(&spec, Sides::Unknown, minute(from)), standing, "seed {seed}");
    let found: Vec<Timestamp> =
        found.filter(|clash| matches!(clash.guarded, Guarded::Floor { .. })).map(|clash| clash.from).collect();
    assert_eq!(found, begun, "seed {seed}");
}

const WINDOWS: &str = "windows:
  - { deny: Friday night, days: [fri], from: \"18:00\", for: [a] }
  - { allow: nightly works, from: \"01:00\", to: \"05:00\", for: [b] }
";

fn remarked(changes: &str) -> Vec<(String, &'static str)> {
    let spec = spec(&format!("{WINDOWS}{SITE}{changes}"));
    remarks(&spec, at(BEGIN)).into_iter().map(|remark| (remark.change.to_string(), word(&remark.what))).collect()
}

fn word(what: &SpanFault) -> &'static str {
    match what {
        SpanFault::BeginsClosed(_) => "begins closed",
        SpanFault::EndsClosed(_) => "ends closed",
        SpanFault::NeverOpen(_) => "never open",
        SpanFault::Short { .. } => "short",
    }
}

#[test]
fn a_change_is_compared_with_the_windows_over_its_interfaces() {
    let change = |select: &str, from: &str, until: &str| {
        format!("  CHG-1: {{ reason: r, select: [{select}], status: Inactive, from: {from}, until: {until} }}\n")
    };
    let of = |select: &str, from: &str, until: &str| {
        remarked(&change(select, from, until)).into_iter().map(|(_, what)| what).collect::<Vec<_>>()
    };
    // 2026-12-04 is a Friday.
    assert_eq!(of("a", "2026-12-04T16:00", "2026-12-04T17:00"), [""; 0]);
    assert_eq!(of("a", "2026-12-04T19:00", "2026-12-05T06:00"), ["begins closed"]);
    assert_eq!(of("a", "2026-12-04T17:00", "2026-12-04T19:00"), ["ends closed"]);
    assert_eq!(of("a", "2026-12-04T19:00", "2026-12-04T20:00"), ["never open"]);
    assert_eq!(of("a", "2026-12-04T17:50", "2026-12-04T19:00"), ["ends closed", "short"]);
    assert_eq!(of("a", "2026-12-03T10:00", "2026-12-03T10:14"), ["short"]);
    // The return waits for no allow window.
    assert_eq!(of("b", "2026-12-03T04:00", "2026-12-03T06:00"), [""; 0]);
    assert_eq!(of("b", "2026-12-03T04:50", "2026-12-03T06:00"), ["short"]);
    assert_eq!(of("b", "2026-12-03T06:00", "2026-12-04T01:10"), ["begins closed", "short"]);
    assert_eq!(of("b", "2026-12-03T06:00", "2026-12-04T01:00"), ["never open"]);
    assert_eq!(of("c, a", "2026-12-04T19:00", "2026-12-05T06:00"), ["begins closed"]);
    assert_eq!(of("b", "2026-11-03T06:00", "2026-11-04T01:00"), [""; 0]);
}

/// It is Tuesday, midnight, UTC, 2026-12-01.
#[test]
fn a_change_that_has_begun_or_has_no_end_is_compared_with_windows_too() {
    let windows = "windows:
  - { deny: Tuesday, days: [tue], for: [a] }
  - { deny: for good, start: 2026-11-01, end: 2999-01-01, for: [b] }
";
    let of = |change: &str| {
        let spec = spec(&format!("{windows}{SITE}  CHG-1: {{ reason: r, status: Inactive, {change} }}\n"));
        remarks(&spec, at(BEGIN)).into_iter().map(|remark| word(&remark.what)).collect::<Vec<_>>()
    };
    assert_eq!(of("select: [a]"), ["begins closed"]);
    assert_eq!(of("select: [a], until: 2026-12-03"), ["begins closed"]);
    assert_eq!(of("select: [a], until: 2026-12-01T12:00"), ["never open"]);
    assert_eq!(of("select: [a], from: 2026-12-08"), ["begins closed"]);
    assert_eq!(of("select: [b]"), ["never open"]);
    assert_eq!(of("select: [b], from: 2026-12-08"), ["never open"]);
    // It began while the windows were open, or they have opened since.
    assert_eq!(of("select: [a], from: 2026-11-30T23:00, until: 2026-12-03"), [""; 0]);
    assert_eq!(of("select: [a], from: 2026-11-24T12:00, until: 2026-12-03"), [""; 0]);
}

#[test]
fn a_change_that_hands_its_interfaces_over_brings_nothing_back() {
    let spec = spec(&format!(
        "{WINDOWS}{SITE}  CHG-1: {{ reason: r, select: [a], status: Inactive, from: 2026-12-04T17:00, until: 2026-12-04T19:00 }}
  CHG-2: {{ reason: r, select: [a], status: Inactive, from: 2026-12-04T19:00, until: 2026-12-06 }}\n"
    ));
    let of: Vec<_> = remarks(&spec, at(BEGIN)).into_iter().map(|remark| remark.change.to_string()).collect();
    assert_eq!(of, [""; 0]);
}

/// What `validate` costs: 10,000 interfaces, 200 changes, 50 windows, against the interfaces alone.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
fn a_large_schedule_costs_no_more_than_its_spec() {
    let mut text = "version: 1\ncloud: { region: cn-a }\ngroups:\n".to_owned();
    (0..500).for_each(|group| writeln!(text, "  g{group}: {{ min_active: 1 }}").unwrap());
    text.push_str("interfaces:\n");
    for number in 0..10_000 {
        let (group, carrier) = (number / 20, number % 40);
        writeln!(text, "  i{number:05}: {{ id: ri-2zeo3xzyf38r4urzd{number:06}, status: Active, group: g{group}, labels: {{ carrier: c{carrier} }} }}").unwrap();
    }
    let alone = text.clone();
    text.push_str("changes:\n");
    for number in 0..200 {
        let (day, carrier) = (1 + number % 28, number % 40);
        writeln!(text, "  CHG-{number}: {{ reason: works, select: [\"label:carrier=c{carrier}\"], expect: 250, status: Inactive, from: 2026-12-{day:02}T01:00, until: 2026-12-{day:02}T03:00 }}").unwrap();
    }
    text.push_str("windows:\n");
    for number in 0..50 {
        writeln!(
            text,
            "  - {{ deny: w{number}, days: [fri], from: \"18:00\", for: [\"label:carrier=c{}\"] }}",
            number % 40
        )
        .unwrap();
    }
    for (name, text) in [("alone", &alone), ("with changes and windows", &text)] {
        let begun = std::time::Instant::now();
        let spec = spec(text);
        let parsed = begun.elapsed();
        let found = judge(&spec, at(BEGIN)).len() + remarks(&spec, at(BEGIN)).len();
        println!("{name}: parsed in {parsed:?}, judged as well in {:?}, {found} findings", begun.elapsed());
    }
}

/// What windows hold back up to the moment that a plan is of is still to be done then.
#[test]
fn a_plan_takes_nothing_as_done_that_windows_hold_back_until_then() {
    let spec = spec(
        "version: 1
cloud: { region: cn-a }
windows:
  - { deny: freeze, start: 2026-12-02T00:30, end: 2026-12-02T02:00, for: [a] }
  - { allow: morning, from: \"00:00\", to: \"02:30\", for: [b] }
changes:
  CHG-1: { reason: works, select: [a, b], status: Inactive, from: 2026-12-02T01:00, until: 2026-12-02T03:00 }
interfaces:
  a: { id: ri-a, status: Active }
  b: { id: ri-b, status: Active }
",
    );
    let reached = |moment: &str| assumed(&spec, &OtherEnds::default(), meanwhile(at(BEGIN), at(moment))).1;
    assert_eq!(reached("2026-12-02T02:00:00Z"), [("b".into(), Inactive)].into());
    assert_eq!(reached("2026-12-02T02:00:01Z"), [("a".into(), Inactive), ("b".into(), Inactive)].into());
    // The return waits for no allow window.
    assert_eq!(reached("2026-12-02T03:00:01Z"), [("a".into(), Active), ("b".into(), Active)].into());
}

const PAIRS: &str = "version: 1
cloud: { region: cn-a }
groups: { g: { max_unavailable: 1 } }
interfaces:
  a1: { id: ri-a1, status: Active, group: g }
  a2: { id: ri-a2, region: cn-b, status: Active, group: g }
  b1: { id: ri-b1, status: Active, group: g }
  b2: { id: ri-b2, region: cn-b, status: Active, group: g }
changes:
";

#[test]
fn a_floor_counts_links_and_offline_only_what_no_pairing_keeps_is_broken() {
    let change = |select: &str| {
        spec(&format!(
            "{PAIRS}  CHG-1: {{ reason: works, select: [{select}], status: Inactive, from: 2026-12-02T01:00Z }}\n"
        ))
    };
    let mut other_ends = OtherEnds { ends: vec![Some(1), Some(0), Some(3), Some(2)], unread: Default::default() };
    let floors = |select: &str, sides: Sides<'_>| {
        let found = clashes(&change(select), sides, at(BEGIN)).into_iter();
        let floor = |clash: Clash| match clash.guarded {
            Guarded::Floor { up, of, floor, .. } => (up, of, floor),
            other => panic!("{other:?}"),
        };
        found.map(floor).collect::<Vec<_>>()
    };
    // A whole link is one, and two sides of two are two: offline either may be so.
    assert_eq!(floors("a1, a2", Sides::Known(&other_ends)), []);
    assert_eq!(floors("a1, b1", Sides::Known(&other_ends)), [(0, 2, 1)]);
    assert_eq!(floors("a1, b1", Sides::Unknown), []);
    let doubtful = doubts(&change("a1, b1"), at(BEGIN));
    let begins = Some(at("2026-12-02T01:00:00Z"));
    assert_eq!((doubtful[0].about, doubtful[0].of, doubtful[0].from), (Counted::Down(2), 4, begins));
    // What stays up of `min_active` may be the two sides of one link: no error, but worth a word.
    let least = spec(&format!(
        "{}  CHG-1: {{ reason: works, select: [a1, a2], status: Inactive, from: 2026-12-02T01:00Z }}\n",
        PAIRS.replace("max_unavailable: 1", "min_active: 2")
    ));
    assert_eq!(clashes(&least, Sides::Unknown, at(BEGIN)), []);
    assert_eq!(
        doubts(&least, at(BEGIN)).iter().map(|doubt| (doubt.about, doubt.from)).collect::<Vec<_>>(),
        [(Counted::Up(2), begins)]
    );
    assert_eq!(clashes(&least, Sides::Known(&other_ends), at(BEGIN)).len(), 1);
    // Three sides are of two links at least, and then nothing is in doubt.
    assert_eq!(floors("a1, a2, b1", Sides::Unknown), [(1, 4, 3)]);
    assert_eq!(doubts(&change("a1, a2, b1"), at(BEGIN)), []);
    // All in one place: each is taken for a link of its own.
    let here = spec(&format!(
        "{}  CHG-1: {{ reason: works, select: [a1, b1], status: Inactive, from: 2026-12-02T01:00Z }}\n",
        PAIRS.replace("region: cn-b, ", "")
    ));
    assert_eq!((clashes(&here, Sides::Unknown, at(BEGIN)).len(), doubts(&here, at(BEGIN))), (1, vec![]));
    // What was not read is as good as not asked.
    other_ends.unread.insert(3);
    assert_eq!(floors("a1, b1", Sides::Known(&other_ends)), []);
}
