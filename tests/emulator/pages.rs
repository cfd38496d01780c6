//! What a page costs and what it shows, however large the world is and whatever has happened to it.

use jiff::Timestamp;
use proptest::prelude::*;
use rictl::emulator::{GenerateOptions, World, generate};
use rictl::resource::Status;

use super::support::{REGION, after, epoch, ids, in_region, list, send, world};

const LIST: &str = "DescribeRouterInterfaces";
const MANY: usize = 20_000;

fn large() -> World {
    let options = GenerateOptions { interfaces: MANY, regions: vec![REGION.into()], routes: 0, seed: 7 };
    World::new(generate(&options), epoch()).unwrap()
}

/// How many interfaces a listing has to look at, and the ids that it gives.
fn cost(world: &mut World, now: Timestamp, asked: &[(&str, &str)]) -> (u64, Vec<String>) {
    let before = world.count(LIST).looked_at;
    let rows = list(world, now, asked).0;
    (world.count(LIST).looked_at - before, ids(&rows).into_iter().map(str::to_owned).collect())
}

#[test]
fn a_page_costs_the_page_wherever_it_is() {
    let mut world = large();
    for number in ["1", "2", "200", "400"] {
        assert_eq!(cost(&mut world, epoch(), &[("PageNumber", number), ("PageSize", "50")]).0, 50, "page {number}");
    }
    assert_eq!(cost(&mut world, epoch(), &[("PageNumber", "401"), ("PageSize", "50")]).0, 0);
}

#[test]
fn filters_by_id_and_status_cost_what_they_find() {
    let mut world = large();
    let (_, some) = cost(&mut world, epoch(), &[("PageNumber", "31")]);
    let wanted = [
        ("Filter.1.Key", "RouterInterfaceId"),
        ("Filter.1.Value.1", some[7].as_str()),
        ("Filter.1.Value.2", &some[2]),
        ("Filter.1.Value.3", "ri-none"),
    ];
    assert_eq!(cost(&mut world, epoch(), &wanted), (5, vec![some[2].clone(), some[7].clone()]));
    let down = [("Filter.1.Key", "Status"), ("Filter.1.Value.1", "Inactive"), ("Filter.1.Value.2", "inactive")];
    assert_eq!(cost(&mut world, epoch(), &down).0, 10);
    let (_, total) = list(&mut world, epoch(), &down);
    let truth = world.statuses(epoch()).into_values().filter(|status| *status == Status::Inactive).count();
    assert_eq!(total, truth);
}

#[test]
fn a_name_is_sorted_once_and_then_found() {
    let mut world = large();
    let named = [("Filter.1.Key", "Name"), ("Filter.1.Value.1", "link-04711-b")];
    let (first, found) = cost(&mut world, epoch(), &named);
    assert!(first > MANY as u64 && found.len() == 1, "{first}");
    assert_eq!(cost(&mut world, epoch(), &named), (2, found));
}

#[test]
fn what_is_due_is_looked_at_once() {
    let mut world = large();
    let truth = world.statuses(epoch());
    let moving = truth.values().filter(|status| matches!(status, Status::Activating | Status::Deactivating)).count();
    assert!(moving > 100, "{moving}");
    let page = [("PageSize", "50")];
    assert_eq!(cost(&mut world, after(1), &page).0, 50);
    assert_eq!(cost(&mut world, after(3), &page).0, 50 + moving as u64);
    assert_eq!(cost(&mut world, after(999), &page).0, 50);
}

/// One thing that happens to a small world.
#[derive(Clone, Debug)]
enum Act {
    Wait(u8),
    Change(bool, u8),
    List(u8, u8, u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop::strategy::Union::new([
        (0_u8..4).prop_map(Act::Wait).boxed(),
        (proptest::bool::ANY, 0_u8..12).prop_map(|(activates, which)| Act::Change(activates, which)).boxed(),
        (0_u8..6, 1_u8..4, 1_u8..6).prop_map(|(filter, page, size)| Act::List(filter, page, size)).boxed(),
    ]);
    prop::collection::vec(act, 1..60)
}

const FILTERS: [&[&str]; 6] = [
    &[],
    &["Active"],
    &["Inactive", "Deactivating"],
    &["Activating", "inactive", "Inactive", "Strange"],
    &["Deleted", "Deleting"],
    &["Idle", "Connecting"],
];

/// Every second listing looks 3 s back; two interfaces are deleted by a third party, one comes back.
const SMALL: &str = "
regions: [cn-shanghai, cn-beijing]
faults:
  - {fault: {stale_reads: 3s}, every: 2, action: DescribeRouterInterfaces}
  - {fault: {console: {interface: ri-01, status: Deleting, at: 4s}}}
  - {fault: {console: {interface: ri-05, status: Deleted, at: 6s}}}
  - {fault: {console: {interface: ri-05, status: Activating, at: 9s}}}
  - {fault: {flapping: {period: 1s, times: 3}}, interface: ri-07}
";

fn small() -> World {
    let words = ["Active", "Inactive", "Idle", "Activating", "Connecting", "Strange"];
    let interfaces = (0..12).map(|number| {
        let region = if number % 3 == 2 { "cn-beijing" } else { REGION };
        format!("  - {{id: ri-{number:02}, region: {region}, status: {}}}\n", words[number % words.len()])
    });
    world(&format!("{SMALL}interfaces:\n{}", interfaces.collect::<String>()))
}

proptest! {
    /// The rolls beside the truth: all interfaces, gone through one by one.
    #[test]
    fn pages_show_what_going_through_the_whole_world_would(acts in acts()) {
        let mut subject = small();
        let (mut now, mut listings) = (0_i64, 0);
        for act in acts {
            match act {
                Act::Wait(seconds) => now += i64::from(seconds),
                Act::Change(activates, which) => {
                    let action = if activates { "ActivateRouterInterface" } else { "DeactivateRouterInterface" };
                    let region = if which % 3 == 2 { "cn-beijing" } else { REGION };
                    send(&mut subject, after(now), &in_region(action, region, &format!("ri-{which:02}")));
                }
                Act::List(filter, page, size) => {
                    listings += 1;
                    let words = FILTERS[usize::from(filter)];
                    let seen_at = after(if listings % 2 == 0 { now - 3 } else { now });
                    let truth = subject.statuses(seen_at);
                    let expected: Vec<&str> = truth
                        .iter()
                        .filter(|(id, status)| {
                            let number: usize = id.as_str()[3..].parse().unwrap();
                            let asked = words.iter().any(|word| Status::parse(word) == **status) || words.is_empty();
                            number % 3 != 2 && **status != Status::Deleted && asked
                        })
                        .map(|(id, _)| id.as_str())
                        .collect();
                    let (page, size) = (usize::from(page), usize::from(size));
                    let mut asked = vec![("PageNumber".to_owned(), page.to_string()), ("PageSize".to_owned(), size.to_string())];
                    if !words.is_empty() {
                        asked.push(("Filter.1.Key".to_owned(), "Status".to_owned()));
                    }
                    asked.extend(words.iter().zip(1..).map(|(word, n)| (format!("Filter.1.Value.{n}"), (*word).to_owned())));
                    let asked: Vec<(&str, &str)> = asked.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
                    let (rows, total) = list(&mut subject, after(now), &asked);
                    prop_assert_eq!(total, expected.len());
                    let shown: Vec<&str> = expected.into_iter().skip((page - 1) * size).take(size).collect();
                    prop_assert_eq!(ids(&rows), shown);
                    for row in &rows {
                        prop_assert_eq!(&row.observed.status, &truth[&row.observed.id]);
                    }
                }
            }
        }
    }
}
