//! Each kind of fault on both faces, and the schedule that says when.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rictl::clock::Clock;
use rictl::cloud::{
    Call, Cloud as _, CloudError, CloudRead as _, DescribeQuery, ErrorKind, Mutation, Page, Permit, Selection,
};
use rictl::emulator::{InProcess, World};
use rictl::resource::{AccountName, RouterInterfaceId, Scope, Status};
use tokio::time::Instant;

use super::faces::Faces;
use super::support::{PAIR, REGION, Server, after, deactivate, epoch, ids, list, pass, world};

const LIST: &str = "DescribeRouterInterfaces";
const DEACTIVATE: &str = "DeactivateRouterInterface";
const TARGET: [(&str, &str); 2] = [("RegionId", REGION), ("RouterInterfaceId", "ri-a")];

fn faulty(fault: &str) -> String {
    format!("{PAIR}\nfaults: [{{{fault}}}]\n")
}

struct Inside {
    world: Rc<RefCell<World>>,
    face: InProcess,
}

impl Inside {
    fn of(text: &str) -> Self {
        let world = Rc::new(RefCell::new(world(text)));
        let face = InProcess::new(world.clone(), Clock::starting_at(epoch()));
        Self { world, face }
    }

    fn scope() -> Scope {
        Scope { account: AccountName::default_account(), region: REGION.into() }
    }

    async fn describe(&self) -> Result<Page, CloudError> {
        let query = DescribeQuery { selection: Selection::All, page_number: 1, page_size: 50 };
        self.face.describe(&Self::scope(), &query).await
    }

    async fn deactivate(&self) -> Result<rictl::cloud::Receipt, CloudError> {
        self.face.call(&Self::scope(), &Mutation::of(Call::Deactivate, "ri-a".into()), Permit::free()).await
    }

    fn acted(&self) -> bool {
        self.world.borrow().count(DEACTIVATE).mutated == 1
    }
}

/// Kinds that spoil the answer: what a client in process sees of a deactivation, and whether it took effect.
#[tokio::test(start_paused = true)]
async fn spoiled_answers_are_told_apart_in_process() {
    use ErrorKind::{
        ClockSkew, Denied, Interrupted, Malformed, NonceUsed, Other, Throttled, TokenExpired, Unavailable,
    };
    let cases = [
        ("fault: drop", Interrupted, false),
        ("fault: drop, after_effect: true", Interrupted, true),
        ("fault: hang", Interrupted, true),
        ("fault: hang, after_effect: false", Interrupted, false),
        ("fault: {delay: 30s}", Interrupted, true),
        ("fault: {slow_body: 500ms}", Interrupted, true),
        ("fault: truncated_body", Interrupted, true),
        ("fault: garbage", Malformed, true),
        ("fault: html", Malformed, true),
        ("fault: empty_body", Malformed, true),
        ("fault: empty_object", Malformed, true),
        ("fault: {huge_body: 1000000000}", Malformed, true),
        ("fault: redirect", Malformed, false),
        ("fault: {http_error: 500}", Unavailable, false),
        ("fault: {http_error: 502}", Unavailable, false),
        ("fault: {http_error: 503}, after_effect: true", Unavailable, true),
        ("fault: {http_error: 504}, after_effect: true", Unavailable, true),
        ("fault: {throttled: 2s}", Throttled, false),
        ("fault: {error: {code: Strange}}", Other, false),
        ("fault: denied", Denied, false),
        ("fault: nonce_used", NonceUsed, false),
        ("fault: nonce_used, after_effect: true", NonceUsed, true),
        ("fault: {clock_skew: 19m}", ClockSkew, false),
        ("fault: token_expired", TokenExpired, false),
    ];
    for (fault, kind, effect) in cases {
        let inside = Inside::of(&faulty(fault));
        let error = inside.deactivate().await.expect_err(fault);
        assert_eq!(inside.acted(), effect, "{fault}");
        // The table of codes is another room's; here it is enough that a code is there to look up.
        if error.code.is_none() {
            assert_eq!(error.kind, kind, "{fault}");
        } else {
            assert!(matches!(kind, Unavailable | Throttled | Other | Denied | NonceUsed | ClockSkew | TokenExpired));
        }
    }
}

/// The same kinds on the wire: status, what the body is, whether it took effect.
#[tokio::test(start_paused = true)]
async fn spoiled_answers_are_spoiled_on_the_wire() {
    let cases: [(&str, Option<u16>, &str, bool); 19] = [
        ("fault: drop", None, "", false),
        ("fault: drop, after_effect: true", None, "", true),
        ("fault: garbage", Some(200), "\u{1}", true),
        ("fault: html", Some(200), "<html>", true),
        ("fault: empty_body", Some(200), "", true),
        ("fault: empty_object", Some(200), "{}", true),
        ("fault: redirect", Some(302), "", false),
        ("fault: {http_error: 500}", Some(500), "{\"Code\":\"InternalError\"", false),
        ("fault: {http_error: 502}", Some(502), "<html>", false),
        ("fault: {http_error: 503}, after_effect: true", Some(503), "{\"Code\":\"ServiceUnavailable\"", true),
        ("fault: {http_error: 504}", Some(504), "<html>", false),
        ("fault: {throttled: 0s}", Some(400), "{\"Code\":\"Throttling.User\"", false),
        ("fault: {error: {code: TaskConflict, status: 409}}", Some(409), "{\"Code\":\"TaskConflict\"", false),
        ("fault: denied", Some(403), "{\"Code\":\"Forbidden.RAM\"", false),
        ("fault: nonce_used, after_effect: true", Some(400), "{\"Code\":\"SignatureNonceUsed\"", true),
        ("fault: {clock_skew: 19m}", Some(400), "{\"Code\":\"InvalidTimeStamp.Expired\"", false),
        ("fault: token_expired", Some(400), "{\"Code\":\"InvalidSecurityToken.Expired\"", false),
        ("fault: {delay: 5s}", Some(200), "{\"RequestId\"", true),
        ("fault: {slow_body: 500ms}", Some(200), "1\r\n{\r\n1\r\n\"\r\n", true),
    ];
    for (fault, status, start, effect) in cases {
        let server = Server::of(&faulty(fault)).await;
        let received = server.try_get(server.v1(DEACTIVATE, &TARGET)).await;
        assert_eq!(received.as_ref().map(|received| received.status), status, "{fault}");
        let body = received.map(|received| received.body).unwrap_or_default();
        assert!(body.starts_with(start) && (!start.is_empty() || body.is_empty()), "{fault}: {body}");
        assert_eq!(server.host.lock().unwrap().world().count(DEACTIVATE).mutated == 1, effect, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn headers_tell_when_to_come_back_and_what_time_it_is() {
    let server = Server::of(&faulty("fault: {throttled: 1500ms}")).await;
    assert_eq!(server.call(LIST, &TARGET).await.headers["x-acs-retry-after"], "1500");
    let server = Server::of(&faulty("fault: {clock_skew: 19m}")).await;
    assert_eq!(server.call(LIST, &TARGET).await.headers["date"], "Wed, 31 Dec 2025 23:41:00 GMT");
    let server = Server::of(&faulty("fault: redirect")).await;
    assert_eq!(server.call(LIST, &TARGET).await.headers["location"], "http://elsewhere.invalid/");
    let inside = Inside::of(&faulty("fault: {throttled: 1500ms}"));
    assert_eq!(inside.describe().await.unwrap_err().retry_after, Some(Duration::from_millis(1500)));
}

#[tokio::test(start_paused = true)]
async fn a_truncated_body_ends_before_its_length() {
    let server = Server::of(&faulty("fault: truncated_body")).await;
    let received = server.call(LIST, &TARGET).await;
    let promised: usize = received.headers["content-length"].parse().unwrap();
    assert_eq!(received.body.len(), promised / 2);
}

#[tokio::test(start_paused = true)]
async fn a_huge_body_is_as_long_as_it_says() {
    let server = Server::of(&faulty("fault: {huge_body: 3000000}")).await;
    assert!(server.call(LIST, &TARGET).await.body.len() > 3_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_hung_answer_keeps_nobody_else_waiting() {
    let server = Server::of(&faulty("fault: hang, nth: 1")).await;
    let hung = server.try_get(server.v1(DEACTIVATE, &TARGET));
    let next = async {
        while server.host.lock().unwrap().world().count(DEACTIVATE).mutated == 0 {
            tokio::task::yield_now().await;
        }
        server.call(LIST, &TARGET).await
    };
    tokio::select! {
        biased;
        answer = hung => panic!("it came: {answer:?}"),
        answer = next => assert_eq!(answer.status, 200),
    }
}

#[tokio::test(start_paused = true)]
async fn latency_and_delay_take_their_time_on_both_faces() {
    let text = faulty("fault: {delay: 3s}, action: DescribeRouterInterfaces") + "latency: 250ms\n";
    let start = Instant::now();
    Inside::of(&text).describe().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(3250));
    let server = Server::of(&text).await;
    let start = Instant::now();
    server.call(LIST, &TARGET).await;
    assert!(start.elapsed() >= Duration::from_millis(3250));
}

#[tokio::test(start_paused = true)]
async fn stale_reads_show_the_past_but_calls_meet_the_present() {
    let inside = Inside::of(&faulty("fault: {stale_reads: 10s}, action: DescribeRouterInterfaces"));
    let status = async || inside.describe().await.unwrap().interfaces[0].status.clone();
    inside.deactivate().await.unwrap();
    pass(Duration::from_secs(9)).await;
    assert_eq!(status().await, Status::Active);
    assert_eq!(inside.deactivate().await.unwrap_err().code.as_deref(), Some("IncorrectRIStatus"));
    pass(Duration::from_secs(1)).await;
    assert_eq!(status().await, Status::Deactivating);
    pass(Duration::from_secs(2)).await;
    assert_eq!(status().await, Status::Inactive);
}

#[tokio::test(start_paused = true)]
async fn transitions_can_stick_and_flap() {
    let inside = Inside::of(&faulty("fault: stuck_transition, interface: ri-a"));
    inside.deactivate().await.unwrap();
    pass(Duration::from_secs(86_400)).await;
    assert_eq!(inside.describe().await.unwrap().interfaces[0].status, Status::Deactivating);

    let server = Server::of(&faulty("fault: {flapping: {period: 5s, times: 2}}")).await;
    server.call(DEACTIVATE, &TARGET).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let body = server.call(LIST, &TARGET).await.json();
        seen.push(body["RouterInterfaceSet"]["RouterInterfaceType"][0]["Status"].as_str().unwrap().to_owned());
        pass(Duration::from_secs(4)).await;
    }
    assert_eq!(seen, ["Deactivating", "Inactive", "Active", "Inactive"]);
}

#[test]
fn listings_can_lie() {
    let many: Vec<String> = (0..5).map(|number| format!("{{id: ri-{number}}}")).collect();
    let of = |fault: &str| {
        world(&format!("{{regions: [{REGION}], interfaces: [{}], faults: [{{{fault}}}]}}", many.join(", ")))
    };
    let page = [("PageNumber", "2"), ("PageSize", "2")];
    let read = |fault| {
        let (rows, total) = list(&mut of(fault), epoch(), &page);
        (ids(&rows).join(" "), total)
    };
    assert_eq!(read("fault: {total_count: 1}"), ("ri-2 ri-3".to_owned(), 1));
    assert_eq!(read("fault: {short_page: 1}"), ("ri-2".to_owned(), 5));
    assert_eq!(read("fault: duplicate_row"), ("ri-1 ri-2".to_owned(), 5));
    assert_eq!(read("fault: other_id, interface: ri-3"), ("ri-2 ri-0".to_owned(), 5));
    let mut odd = of("fault: {status_word: Frozen}, interface: ri-2");
    let words: Vec<_> =
        list(&mut odd, epoch(), &page).0.into_iter().map(|row| row.observed.status.to_string()).collect();
    assert_eq!(words, ["Frozen", "Active"]);
    assert_eq!(odd.status(&"ri-2".into(), epoch()), Some(&Status::Active));
    let mut ill = of("fault: {health_check: Abnormal}, interface: ri-2");
    let health: Vec<_> = list(&mut ill, epoch(), &page).0.into_iter().map(|row| row.health.to_string()).collect();
    assert_eq!(health, ["Abnormal", "Normal"]);
}

#[test]
fn a_third_party_acts_at_a_time_or_at_a_call() {
    let id = RouterInterfaceId::from("ri-a");
    let timed = world(&faulty("fault: {console: {interface: ri-a, status: Inactive, at: 30s}}"));
    assert_eq!(timed.status(&id, after(29)), Some(&Status::Active));
    assert_eq!(timed.status(&id, after(30)), Some(&Status::Inactive));

    let mut racing = world(&faulty(
        "fault: {console: {interface: ri-a, status: Deleted}}, action: DeactivateRouterInterface, nth: 1",
    ));
    assert_eq!(list(&mut racing, epoch(), &[]).0.len(), 1);
    let reply = deactivate(&mut racing, epoch(), "ri-a");
    assert_eq!(reply.events[0].cause, "console");
    assert_eq!(super::support::code(reply).1, "InvalidRouterInterfaceId.NotFound");
    assert_eq!(list(&mut racing, epoch(), &[]).0.len(), 0);
    assert_eq!(racing.count(DEACTIVATE).mutated, 0);
}

#[test]
fn what_a_third_party_will_do_cuts_a_transition_short() {
    let mut world = world(&faulty("fault: {console: {interface: ri-a, status: Active, at: 1s}}"));
    deactivate(&mut world, epoch(), "ri-a");
    let seen: Vec<String> = [0, 1, 2, 3].map(|at| world.status(&"ri-a".into(), after(at)).unwrap().to_string()).into();
    assert_eq!(seen, ["Deactivating", "Active", "Active", "Active"]);
}

#[test]
fn a_schedule_strikes_the_calls_that_it_names() {
    let strikes = |when: &str| {
        let mut world = world(&faulty(&format!("fault: {{total_count: 99}}, {when}")));
        let struck = (1..=8).filter(|_| list(&mut world, epoch(), &[]).1 == 99);
        struck.collect::<Vec<i32>>()
    };
    assert_eq!(strikes("nth: 3"), [3]);
    assert_eq!(strikes("every: 3"), [3, 6]);
    assert_eq!(strikes("from: 2, until: 4"), [2, 3, 4]);
    assert_eq!(strikes("every: 2, from: 5"), [6, 8]);
    assert_eq!(strikes("interface: ri-a, nth: 1"), [1]);
    assert_eq!(strikes("interface: ri-b, nth: 1"), [] as [i32; 0]);
    assert_eq!(strikes("region: cn-beijing"), [] as [i32; 0]);
    assert_eq!(strikes("account: '1234567890123456'").len(), 8);
    assert_eq!(strikes("action: DescribeRegions"), [] as [i32; 0]);
    assert_eq!(strikes("probability: 0.0"), [] as [i32; 0]);
    assert_eq!(strikes("probability: 1.0").len(), 8);
    assert_eq!(strikes("probability: 0.5, seed: 1"), strikes("probability: 0.5, seed: 1"));
    assert_ne!(strikes("probability: 0.5, seed: 1"), strikes("probability: 0.5, seed: 2"));
}

#[tokio::test(start_paused = true)]
async fn the_face_inside_asks_by_id_and_knows_its_accounts() {
    let text = "
regions: [cn-shanghai]
accounts: [{id: '1'}, {id: '2'}]
interfaces: [{id: ri-a}, {id: ri-b}, {id: ri-c, account: '2'}]
";
    let inside = Inside::of(text);
    let other = AccountName::from("other");
    let face = inside.face.clone().with_account(other.clone(), "emulator-2");
    let query =
        DescribeQuery { selection: Selection::Ids(vec!["ri-b".into(), "ri-c".into()]), page_number: 1, page_size: 50 };
    let found = |page: Page| page.interfaces.into_iter().map(|found| found.id.to_string()).collect::<Vec<_>>();
    assert_eq!(found(face.describe(&Inside::scope(), &query).await.unwrap()), ["ri-b"]);
    let theirs = Scope { account: other.clone(), region: REGION.into() };
    assert_eq!(found(face.describe(&theirs, &query).await.unwrap()), ["ri-c"]);
    assert_eq!(face.identity(&other).await.unwrap().account_id.as_str(), "2");
    let stranger = AccountName::from("stranger");
    let error = face.identity(&stranger).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("InvalidAccessKeyId.NotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_request_may_be_signed_fourteen_minutes_ago_and_not_sixteen() {
    let faces = Faces::of(PAIR).await;
    let taken = async |minutes: u64| {
        faces.same(async |cloud| cloud.takes_stamp(&Inside::scope(), Duration::from_secs(minutes * 60)).await).await
    };
    assert_eq!((taken(14).await, taken(16).await), (Ok(true), Ok(false)));
}
