//! What ActionTrail tells of a world, from outside: who moved what, and who was refused.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rictl::cloud::events::{Event, EventsQuery, EventsRead};
use rictl::cloud::{Call, Cloud as _, ErrorKind, Mutation, Permit};
use rictl::emulator::{Answer, Host, Request, TRAIL_VERSION, TrailRows, World, reset};
use rictl::refresh::events::{EventsWanted, newest};
use rictl::resource::{AccountName, Scope};

use super::faces::{Face, Faces, known};
use super::support::{PAIR, REGION, after, code, deactivate, epoch, in_region, pass, request, send, world};

const LOOKUP: &str = "LookupEvents";

/// A world with users of its own.
const PEOPLE: &str = "
regions: [cn-shanghai]
accounts:
  - id: '1234567890123456'
    access_keys: [{id: emulator}, {id: key-a, user: alice}, {id: key-b, user: bob, deny: [DeactivateRouterInterface]}]
interfaces: [{id: ri-a}, {id: ri-b}, {id: ri-c, business_status: FinancialLocked}]
";

fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: REGION.into() }
}

fn query(id: &str, from: Timestamp, to: Timestamp) -> EventsQuery {
    EventsQuery { id: id.into(), from, to, next_token: None }
}

async fn told(cloud: &Face, id: &str, seconds: i64) -> Result<Vec<Event>, (ErrorKind, Option<Box<str>>)> {
    cloud.events(&scope(), &query(id, after(-3600), after(seconds))).await.map(|page| page.events).map_err(known)
}

fn by(world: &mut World, key: &str, seconds: i64, action: &str, id: &str) {
    let caller = world.caller(key).unwrap();
    world.handle(after(seconds), Some(&caller), &in_region(action, REGION, id));
}

fn lookup(world: &mut World, seconds: i64, more: &[(&str, &str)]) -> Result<TrailRows, (u16, String)> {
    let asked = Request { version: TRAIL_VERSION.to_owned(), ..request(LOOKUP, more) };
    let reply = send(world, after(seconds), &asked);
    match reply.answer {
        Answer::Events(rows) => Ok(rows),
        Answer::Refused(_) => Err(code(reply)),
        other => panic!("no events: {other:?}"),
    }
}

fn names(rows: &TrailRows) -> Vec<String> {
    rows.rows.iter().map(|row| format!("{} {} by {}", row.name, row.interface, row.deed.user)).collect()
}

#[tokio::test(start_paused = true)]
async fn both_faces_tell_who_moved_what() {
    let faces = Faces::of(PEOPLE).await;
    let calls = [
        (Call::Deactivate, "ri-a"),
        (Call::Deactivate, "ri-a"),
        (Call::Deactivate, "ri-c"),
        (Call::Deactivate, "ri-b"),
    ];
    for (call, id) in calls {
        faces.same(async |cloud| cloud.call(&scope(), &Mutation::of(call, id.into())).await.map_err(known)).await.ok();
        pass(Duration::from_secs(1)).await;
    }
    let events = faces.same(async |cloud| told(cloud, "ri-a", 60).await).await.unwrap();
    let expected = |at, error_code: Option<&str>| Event {
        name: "DeactivateRouterInterface".into(),
        at: after(at),
        request_id: None,
        error_code: error_code.map(Box::from),
        identity_type: Some("root-account".into()),
        principal_id: Some("1234567890123456".into()),
        user_name: Some("root".into()),
        user_agent: Some(concat!("rictl/", env!("CARGO_PKG_VERSION")).into()),
        source_ip: Some("127.0.0.1".into()),
    };
    assert_eq!(events, [expected(1, Some("IncorrectRIStatus")), expected(0, None)], "newest first");
    let events = faces.same(async |cloud| told(cloud, "ri-c", 60).await).await.unwrap();
    assert_eq!(events, [expected(2, Some("Forbidden.FinancialLocked"))]);
}

#[tokio::test(start_paused = true)]
async fn an_event_has_the_request_id_that_the_caller_was_answered_with() {
    let faces = Faces::of(PEOPLE).await;
    let mutation = Mutation::of(Call::Deactivate, "ri-a".into());
    let receipt = faces.signed().call(&scope(), &mutation, Permit::free()).await.unwrap();
    let page = faces.signed().events(&scope(), &query("ri-a", after(-60), after(60))).await.unwrap();
    assert_eq!(page.events[0].request_id, Some(receipt.request_id));
}

#[test]
fn whoever_signed_is_named() {
    let mut world = world(PEOPLE);
    by(&mut world, "key-a", 1, "DeactivateRouterInterface", "ri-a");
    by(&mut world, "key-b", 2, "DeactivateRouterInterface", "ri-b");
    let rows = lookup(&mut world, 9, &[]).unwrap();
    assert_eq!(names(&rows), ["DeactivateRouterInterface ri-b by bob", "DeactivateRouterInterface ri-a by alice"]);
    assert_eq!(rows.rows[0].deed.error.as_ref().unwrap().code, "Forbidden.RAM", "the denied one too");
    assert_eq!((rows.rows[1].deed.identity.as_str(), rows.rows[1].deed.error.as_ref()), ("ram-user", None));
}

#[test]
fn a_session_of_a_role_is_named_by_both() {
    let mut world = world(PEOPLE);
    let role = [("RoleArn", "acs:ram::1234567890123456:role/ops"), ("RoleSessionName", "night")];
    let asked = Request { version: rictl::emulator::STS_VERSION.to_owned(), ..request("AssumeRole", &role) };
    let Answer::Credentials(issued) = send(&mut world, epoch(), &asked).answer else { panic!("no credentials") };
    world.handle(after(1), Some(&issued.caller), &in_region("DeactivateRouterInterface", REGION, "ri-a"));
    let rows =
        lookup(&mut world, 9, &[("LookupAttribute.1.Key", "RoleName"), ("LookupAttribute.1.Value", "ops")]).unwrap();
    let deed = &rows.rows[0].deed;
    assert_eq!((deed.identity.as_str(), deed.user.as_str()), ("assumed-role", "ops:night"));
    assert!(deed.principal.ends_with(":night") && deed.access_key_id.starts_with("STS."), "{deed:?}");
}

#[test]
fn what_a_third_party_does_is_told_of_the_console_when_it_happens() {
    let fault = |more: &str| {
        format!("{PEOPLE}faults: [{{fault: {{console: {{interface: ri-a, status: Inactive, at: 30s{more}}}}}}}]\n")
    };
    let mut named = world(&fault(", by: mallory"));
    assert_eq!(names(&lookup(&mut named, 29, &[]).unwrap()), [] as [&str; 0]);
    let rows = lookup(
        &mut named,
        30,
        &[("LookupAttribute.1.Key", "EventType"), ("LookupAttribute.1.Value", "ConsoleOperation")],
    );
    assert_eq!(names(&rows.unwrap()), ["DeactivateRouterInterface ri-a by mallory"]);
    let mut unnamed = world(&fault(""));
    assert_eq!(names(&lookup(&mut unnamed, 30, &[]).unwrap()), ["DeactivateRouterInterface ri-a by root"]);
}

#[test]
fn the_other_end_of_a_pair_that_moves_along_is_nobodys_deed() {
    let mut world = world(&format!("{PAIR}pairs: together\n"));
    deactivate(&mut world, epoch(), "ri-a");
    assert_eq!(names(&lookup(&mut world, 1, &[]).unwrap()), ["DeactivateRouterInterface ri-a by root"]);
}

#[test]
fn an_event_is_seen_after_the_lag() {
    let mut world = world(&format!("{PEOPLE}lag: {{action_trail: 5m}}\n"));
    deactivate(&mut world, epoch(), "ri-a");
    let mut seen = |seconds| lookup(&mut world, seconds, &[]).unwrap().rows.len();
    assert_eq!((seen(299), seen(300)), (0, 1));
}

#[test]
fn a_call_whose_answer_was_lost_is_told_and_one_that_never_came_is_not() {
    for (fault, told) in [("drop, after_effect: true", 1), ("drop", 0), ("garbage", 1), ("{throttled: 0s}", 1)] {
        let mut world = world(&format!("{PEOPLE}faults: [{{fault: {fault}, action: DeactivateRouterInterface}}]\n"));
        deactivate(&mut world, epoch(), "ri-a");
        assert_eq!(lookup(&mut world, 1, &[]).unwrap().rows.len(), told, "{fault}");
    }
}

#[test]
fn two_attributes_are_heard_and_a_third_is_not() {
    let mut world = world(PEOPLE);
    by(&mut world, "key-a", 1, "DeactivateRouterInterface", "ri-a");
    by(&mut world, "key-a", 5, "ActivateRouterInterface", "ri-a");
    by(&mut world, "emulator", 9, "DeactivateRouterInterface", "ri-b");
    let mut seconds = 60;
    let mut with = |attributes: &[(&str, &str)]| {
        // Two a second are let through.
        seconds += 1;
        let parameters: Vec<(String, String)> = attributes
            .iter()
            .zip(1..)
            .flat_map(|((key, value), number)| {
                let name = |part: &str| format!("LookupAttribute.{number}.{part}");
                [(name("Key"), (*key).to_owned()), (name("Value"), (*value).to_owned())]
            })
            .collect();
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        lookup(&mut world, seconds, &parameters).unwrap().rows.len()
    };
    assert_eq!(with(&[]), 3);
    assert_eq!(with(&[("ResourceName", "ri-a")]), 2);
    assert_eq!(with(&[("ResourceName", "ri-a"), ("EventName", "ActivateRouterInterface")]), 1);
    assert_eq!(with(&[("ResourceName", "ri-a"), ("EventRW", "Write"), ("EventName", "ActivateRouterInterface")]), 2);
    assert_eq!(with(&[("ResourceName", "ri-a"), ("EventRW", "Read")]), 0);
    assert_eq!(with(&[("User", "alice")]), 2);
    assert_eq!(with(&[("EventAccessKeyId", "emulator")]), 1);
    assert_eq!(with(&[("ServiceName", "Ecs")]), 0);
}

#[test]
fn what_the_pages_refuse_is_refused() {
    let mut world = world(PEOPLE);
    let mut seconds = 0;
    let mut refused = |parameters: &[(&str, &str)]| {
        // Two a second are let through.
        seconds += 1;
        lookup(&mut world, seconds, parameters).unwrap_err().1
    };
    let time = "2026-01-01T00:00:00Z";
    assert_eq!(
        refused(&[("LookupAttribute.1.Key", "Colour"), ("LookupAttribute.1.Value", "x")]),
        "InvalidQueryParameter"
    );
    assert_eq!(refused(&[("LookupAttribute.1.Key", "User")]), "InvalidParameterCombination");
    assert_eq!(refused(&[("StartTime", time)]), "InvalidParameterCombination");
    assert_eq!(refused(&[("StartTime", time), ("EndTime", "2025-01-01T00:00:00Z")]), "InvalidParameterCombination");
    assert_eq!(refused(&[("StartTime", "yesterday"), ("EndTime", time)]), "InvalidParameterStartTime");
    assert_eq!(refused(&[("StartTime", time), ("EndTime", "2026-01-01")]), "InvalidParameterEndTime");
    assert_eq!(refused(&[("MaxResults", "51")]), "InvalidQueryParameter");
    assert_eq!(refused(&[("Direction", "SIDEWAYS")]), "InvalidQueryParameter");
    assert_eq!(refused(&[("NextToken", "x")]), "InvalidQueryParameter");
}

#[test]
fn two_lookups_a_second_are_let_through() {
    let mut world = world(PEOPLE);
    let mut at = |seconds| lookup(&mut world, seconds, &[]);
    assert!(at(0).is_ok() && at(0).is_ok());
    assert_eq!(at(0), Err((400, "Throttling.User".to_owned())));
    assert!(at(1).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_may_not_look_at_events_is_denied() {
    let text = PEOPLE.replace("- id: '1234567890123456'", "- id: '1234567890123456'\n    deny: [LookupEvents]");
    let faces = Faces::of(&text).await;
    let found = faces.same(async |cloud| told(cloud, "ri-a", 1).await).await;
    assert_eq!(found, Err((ErrorKind::Denied, Some("Forbidden.RAM".into()))));
    let error = faces.signed().events(&scope(), &query("ri-a", epoch(), after(1))).await.unwrap_err();
    assert!(error.with_hint().english().contains("(actiontrail:LookupEvents)"), "{}", error.with_hint());
}

#[test]
fn who_did_it_is_kept_beside_the_world_and_forgotten_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.yaml");
    std::fs::write(&file, PEOPLE).unwrap();
    let mut first = Host::open(&file, epoch()).unwrap();
    let refused_and_done = |world: &mut World| {
        let mut events = deactivate(world, after(1), "ri-a").events;
        events.extend(deactivate(world, after(2), "ri-a").events);
        ((), events)
    };
    first.visit(after(2), refused_and_done).unwrap();
    let told = |host: &mut Host| host.visit(after(9), |world| (lookup(world, 9, &[]).unwrap(), vec![])).unwrap();
    let (here, there) = (told(&mut first), told(&mut Host::open(&file, after(9)).unwrap()));
    assert_eq!((here.rows.len(), &here), (2, &there), "ids and all");
    reset(&file).unwrap();
    assert_eq!(told(&mut first).rows, []);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 12, ..ProptestConfig::default() })]

    /// Every call is told once, in its order, whatever the pages; both faces say the same.
    #[test]
    fn every_call_is_told_once(calls in prop::collection::vec((prop::bool::ANY, 0_usize..3, 1_u64..4), 0..70)) {
        let text = "{regions: [cn-shanghai], settle: {activate: 1s, deactivate: 1s}, interfaces: [{id: ri-0}, {id: ri-1}, {id: ri-2}]}";
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let faces = Faces::of(text).await;
            let mut expected: [Vec<(String, i64, bool)>; 3] = Default::default();
            let mut now = 0;
            for (activates, which, wait) in &calls {
                let call = if *activates { Call::Activate } else { Call::Deactivate };
                let mutation = Mutation::of(call, format!("ri-{which}").into());
                let outcome = faces.same(async |cloud| cloud.call(&scope(), &mutation).await.map_err(known)).await;
                expected[*which].insert(0, (call.action().to_owned(), now, outcome.is_ok()));
                pass(Duration::from_secs(*wait)).await;
                now += i64::try_from(*wait).unwrap();
            }
            for (which, expected) in expected.iter().enumerate() {
                let id = format!("ri-{which}");
                let mut found = Vec::new();
                let mut asked = query(&id, after(-1), after(now));
                loop {
                    // Two a second are let through.
                    pass(Duration::from_secs(1)).await;
                    let page = faces.same(async |cloud| cloud.events(&scope(), &asked).await.map_err(known)).await.unwrap();
                    let told = |event: &Event| {
                        let at = event.at.duration_since(epoch()).as_secs();
                        (event.name.to_string(), at, event.error_code.is_none())
                    };
                    found.extend(page.events.iter().map(told));
                    let Some(token) = page.next_token else { break };
                    asked.next_token = Some(token);
                }
                assert_eq!(&found, expected, "{id}");
                let wanted = EventsWanted { scope: scope(), id: id.into(), from: after(-1) };
                pass(Duration::from_secs(1)).await;
                let now = after(now) + SignedDuration::from_secs(60);
                let newest = faces.same(async |cloud| {
                    let mut found = newest(cloud, now, std::slice::from_ref(&wanted), |_, _| true).await;
                    found.remove(0).event.map_err(known)
                }).await.unwrap();
                let successful = expected.iter().find(|(_, _, is_ok)| *is_ok).map(|(name, ..)| name.as_str());
                assert_eq!(newest.as_ref().map(|event| &*event.name), successful);
            }
        });
    }
}

#[test]
fn the_trail_of_another_account_is_not_shown() {
    let mut world = world("{regions: [cn-shanghai], accounts: [{id: '1'}, {id: '2'}], interfaces: [{id: ri-a}]}");
    deactivate(&mut world, epoch(), "ri-a");
    let asked = Request { version: TRAIL_VERSION.to_owned(), ..request(LOOKUP, &[]) };
    let seen = |world: &mut World, key: &str| {
        let caller = world.caller(key).unwrap();
        let Answer::Events(rows) = world.handle(after(1), Some(&caller), &asked).answer else { panic!("no events") };
        rows.rows.len()
    };
    assert_eq!((seen(&mut world, "emulator"), seen(&mut world, "emulator-2")), (1, 0));
}
