//! What CloudMonitor shows of a world, from outside.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use rictl::cloud::ErrorKind;
use rictl::cloud::traffic::{Direction, TrafficPoint, TrafficRead};
use rictl::emulator::{Answer, CMS_VERSION, MetricPoints, Request, World};
use rictl::refresh::traffic::{Carried, traffic};
use rictl::resource::{AccountName, RouterInterfaceId, Scope};

use super::faces::{Faces, known};
use super::support::{REGION, after, code, deactivate, epoch, pass, request, send, world};

const LAST: &str = "DescribeMetricLast";

/// One that carries, one that is quiet, one of which nothing was measured for long, one of which nothing ever was.
const BUSY: &str = "
regions: [cn-shanghai]
interfaces: [{id: ri-a}, {id: ri-b}, {id: ri-c}, {id: ri-d}]
traffic:
  ri-a: {in: 1500000, out: 800}
  ri-b: {in: 0, out: 0}
  ri-c: {in: 5, out: 6, age: 30m}
";

fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: REGION.into() }
}

/// What each interface carries, both directions, as a plan hears of it.
type Found = Result<BTreeMap<String, (Option<u64>, Option<u64>)>, (ErrorKind, Option<Box<str>>)>;

async fn carried(cloud: &impl TrafficRead, ids: &[&str]) -> Found {
    let wanted = [(scope(), ids.iter().map(|id| RouterInterfaceId::from(*id)).collect())].into();
    let found = traffic(cloud, epoch(), &wanted).await.remove(0);
    let told = |carried: Carried| {
        (carried.inward.map(|rate| rate.bits_per_second), carried.outward.map(|rate| rate.bits_per_second))
    };
    let all = found.carried.map_err(known)?;
    Ok(all.into_iter().map(|(id, carried)| (id.to_string(), told(carried))).collect())
}

fn last(world: &mut World, seconds: i64, more: &[(&str, &str)]) -> Result<MetricPoints, (u16, String)> {
    let reply = send(world, after(seconds), &asked(more));
    match reply.answer {
        Answer::Metrics(points) => Ok(points),
        Answer::Refused(_) => Err(code(reply)),
        other => panic!("no points: {other:?}"),
    }
}

fn asked(more: &[(&str, &str)]) -> Request {
    let common = [("Namespace", "acs_express_connect"), ("MetricName", "ReceiveBandwidth"), ("Period", "60")];
    let mut asked = Request { version: CMS_VERSION.to_owned(), ..request(LAST, &common) };
    asked.parameters.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    asked.parameters.retain(|_, value| !value.is_empty());
    asked
}

#[tokio::test(start_paused = true)]
async fn both_faces_show_what_links_carry() {
    let faces = Faces::of(BUSY).await;
    let found = faces.same(async |cloud| carried(cloud, &["ri-a", "ri-b", "ri-c", "ri-d"]).await).await.unwrap();
    assert_eq!(found["ri-a"], (Some(1_500_000), Some(800)));
    assert_eq!(found["ri-b"], (Some(0), Some(0)), "quiet is a number");
    assert_eq!(found["ri-c"], (None, None), "what was half an hour ago is not now");
    assert_eq!(found["ri-d"], (None, None), "nothing is known, which is not nothing");
    assert_eq!(faces.inside.borrow().count(LAST).received, 2);
}

#[tokio::test(start_paused = true)]
async fn a_point_has_the_minute_that_it_is_of() {
    let faces = Faces::of(BUSY).await;
    pass(Duration::from_secs(95)).await;
    let read = async |cloud: &super::faces::Face| {
        cloud.traffic(&scope(), Direction::Out, &["ri-a".into(), "ri-c".into()]).await.map_err(known)
    };
    let points = faces.same(read).await.unwrap();
    let point =
        |id: &str, seconds, bits_per_second| TrafficPoint { id: id.into(), at: after(seconds), bits_per_second };
    assert_eq!(points, [point("ri-a", 60, 800), point("ri-c", 60 - 1800, 6)]);
}

#[test]
fn what_is_down_carries_nothing_once_the_lag_is_over() {
    let mut world = world(&format!("{BUSY}lag: {{cloud_monitor: 3m}}\n"));
    deactivate(&mut world, epoch(), "ri-a");
    let mut at = |seconds| {
        let points = last(&mut world, seconds, &[("Dimensions", r#"[{"instanceId":"ri-a"}]"#)]).unwrap();
        points.points.iter().map(|point| (point.at.duration_since(epoch()).as_secs(), point.value)).collect::<Vec<_>>()
    };
    assert_eq!(at(0), [(-180, 1_500_000)]);
    assert_eq!(at(179), [(-60, 1_500_000)]);
    assert_eq!(at(180), [(0, 0)]);
}

#[test]
fn the_last_point_may_be_two_hours_old_and_no_older() {
    let of = |age: &str| {
        let text = format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-a}}], traffic: {{ri-a: {{in: 1, out: 1, age: {age}}}}}}}"
        );
        last(&mut world(&text), 0, &[]).unwrap().points.len()
    };
    assert_eq!((of("2h"), of("2h1s")), (1, 0));
}

#[test]
fn what_the_pages_refuse_is_refused() {
    let mut world = world(BUSY);
    let mut refused = |name: &str, value: &str| last(&mut world, 0, &[(name, value)]).unwrap_err();
    let invalid = (400, "ParameterInvalid".to_owned());
    let unknown = (404, "ResourceNotFound".to_owned());
    assert_eq!(refused("Namespace", ""), invalid);
    assert_eq!(refused("MetricName", ""), invalid);
    assert_eq!(refused("Namespace", "acs_ecs_dashboard"), unknown);
    assert_eq!(refused("MetricName", "CPUUtilization"), unknown);
    assert_eq!(refused("Period", "61"), invalid);
    assert_eq!(refused("Length", "1441"), invalid);
    assert_eq!(refused("NextToken", "x"), invalid);
    assert_eq!(refused("Dimensions", "ri-a"), invalid);
    let many: Vec<_> = (0..51).map(|id| serde_json::json!({"instanceId": format!("ri-{id}")})).collect();
    assert_eq!(refused("Dimensions", &serde_json::Value::Array(many).to_string()), invalid);
}

#[test]
fn points_come_in_pages_of_their_length() {
    let mut world = world(BUSY);
    let first = last(&mut world, 0, &[("Length", "2")]).unwrap();
    let token = first.next_token.unwrap();
    let second = last(&mut world, 0, &[("Length", "2"), ("NextToken", &token)]).unwrap();
    assert_eq!((first.points.len(), second.points.len(), second.next_token), (2, 1, None));
    assert_eq!(last(&mut world, 0, &[("Dimensions", r#"{"instanceId":"ri-b"}"#)]).unwrap().points.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_may_not_look_at_traffic_is_denied() {
    let deny = "accounts: [{id: '1234567890123456', deny: [DescribeMetricLast]}]\n";
    let faces = Faces::of(&format!("{BUSY}{deny}")).await;
    let found = faces.same(async |cloud| carried(cloud, &["ri-a"]).await).await;
    assert_eq!(found, Err((ErrorKind::Denied, Some("AccessForbidden".into()))));
    let error = faces.signed().traffic(&scope(), Direction::In, &["ri-a".into()]).await.unwrap_err();
    assert!(error.with_hint().english().contains("(cms:QueryMetricLast)"), "{}", error.with_hint());
}

#[tokio::test(start_paused = true)]
async fn faults_and_the_quota_strike_reads_of_traffic() {
    let kind = async |fault: &str| {
        let faces = Faces::of(&format!("{BUSY}faults: [{{{fault}, action: DescribeMetricLast}}]\n")).await;
        faces.same(async |cloud| carried(cloud, &["ri-a"]).await).await.map_err(|(kind, _)| kind)
    };
    assert_eq!(kind("fault: {throttled: 1s}").await, Err(ErrorKind::Throttled));
    assert_eq!(kind("fault: garbage").await, Err(ErrorKind::Malformed));
    assert_eq!(kind("fault: denied, interface: ri-a, region: cn-shanghai").await, Err(ErrorKind::Denied));
    assert!(kind("fault: denied, interface: ri-b").await.is_ok());
    assert_eq!(kind("fault: {short_page: 1}").await.unwrap()["ri-a"], (None, None));

    let mut world = world(BUSY);
    let mut at = |seconds| last(&mut world, seconds, &[]);
    assert!((0..50).all(|_| at(0).is_ok()));
    assert_eq!(at(0), Err((400, "Throttling.User".to_owned())));
    assert!(at(1).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 16, ..ProptestConfig::default() })]

    /// Whatever is carried: both faces say so, for any number of links and up to any number of bits.
    #[test]
    fn traffic_is_read_as_it_was_written(
        written in prop::collection::btree_map(0_usize..130, (0_u64..1 << 50, 0_u64..1 << 50, 0_u64..1200), 1..120),
    ) {
        let interfaces: Vec<String> = (0..130).map(|id| format!("{{id: ri-{id:03}}}")).collect();
        let lines: Vec<String> = written
            .iter()
            .map(|(id, (inward, outward, age))| format!("  ri-{id:03}: {{in: {inward}, out: {outward}, age: {age}s}}"))
            .collect();
        let text = format!("regions: [cn-shanghai]\ninterfaces: [{}]\ntraffic:\n{}\n", interfaces.join(", "), lines.join("\n"));
        let ids: Vec<String> = (0..130).map(|id| format!("ri-{id:03}")).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let found = runtime.block_on(async {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let faces = Faces::of(&text).await;
            faces.same(async |cloud| carried(cloud, &ids).await).await.unwrap()
        });
        for (number, id) in ids.iter().enumerate() {
            // The minute of a point begins up to a minute before it.
            let fresh = written.get(&number).filter(|(_, _, age)| age.div_ceil(60) * 60 <= 600);
            prop_assert_eq!(found[id], (fresh.map(|point| point.0), fresh.map(|point| point.1)), "{}", id);
        }
    }
}
