#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::num::NonZeroU32;

use futures_util::future::join_all;
use proptest::prelude::*;

use super::*;
use crate::clock::BootTime;
use crate::cloud::routes::{RouteTablesPage, RoutesPage, RoutesRead};
use crate::cloud::traffic::{Direction, TrafficPoint, TrafficRead};
use crate::cloud::{CALLS_AT_ONCE, CONNECTIONS, Call, Effect, Mutation, Permit, Selection};
use crate::resource::{HealthCheckStatus, RequestId, Router};

/// A cloud that answers as it is told, and notes when each request arrived and which answers went back.
struct Scripted {
    answers: RefCell<VecDeque<Result<(), CloudError>>>,
    /// What it says when the script has ended.
    finally: Result<(), CloudError>,
    latency: Duration,
    arrivals: RefCell<Vec<Instant>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = CloudError>, finally: Result<(), CloudError>) -> Self {
        Self {
            answers: RefCell::new(answers.into_iter().map(Err).collect()),
            finally,
            latency: Duration::from_millis(50),
            arrivals: RefCell::default(),
        }
    }

    fn sends(&self) -> usize {
        self.arrivals.borrow().len()
    }

    async fn answer(&self) -> Result<RequestId, CloudError> {
        self.arrivals.borrow_mut().push(Instant::now());
        sleep(self.latency).await;
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| self.finally.clone()).map(|()| RequestId("R".into()))
    }
}

impl CloudRead for Scripted {
    async fn describe(&self, _: &Scope, _: &DescribeQuery) -> Result<Page, CloudError> {
        self.answer().await.map(|request_id| Page {
            interfaces: Vec::new(),
            total_count: 0,
            request_id,
            asked: BootTime::now(),
        })
    }

    async fn health(&self, _: &Scope, _: &RouterInterfaceId) -> Result<Health, CloudError> {
        let status = HealthCheckStatus::Normal;
        self.answer().await.map(|request_id| Health { status, request_id, asked: BootTime::now() })
    }

    async fn identity(&self, _: &AccountName) -> Result<Identity, CloudError> {
        self.answer().await.map(|_| Identity { account_id: "1".into(), arn: String::new() })
    }
}

impl TrafficRead for Scripted {
    async fn traffic(&self, _: &Scope, _: Direction, _: &[RouterInterfaceId]) -> Result<Vec<TrafficPoint>, CloudError> {
        self.answer().await.map(|_| Vec::new())
    }
}

impl RoutesRead for Scripted {
    async fn route_tables(&self, _: &Router, _: u32) -> Result<RouteTablesPage, CloudError> {
        self.answer().await.map(|request_id| RouteTablesPage { tables: Vec::new(), total_count: 0, request_id })
    }

    async fn routes(&self, _: &Router, _: &str, _: Option<&str>) -> Result<RoutesPage, CloudError> {
        self.answer().await.map(|request_id| RoutesPage {
            routes: Vec::new(),
            listed: 0,
            total_count: None,
            next_token: None,
            request_id,
        })
    }
}

impl Cloud for Scripted {
    async fn call(&self, _: &Scope, _: &Mutation, _: Permit) -> Result<Receipt, CloudError> {
        self.answer().await.map(|request_id| Receipt { request_id, cloud_date: None })
    }
}

fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: "cn-shanghai".into() }
}

fn query() -> DescribeQuery {
    DescribeQuery { selection: Selection::All, page_number: 1, page_size: 50 }
}

fn error(kind: ErrorKind, effect: Effect) -> CloudError {
    CloudError::new(kind, effect, "Action", "words")
}

fn throttled(told: Option<u64>) -> CloudError {
    CloudError { retry_after: told.map(Duration::from_secs), ..error(ErrorKind::Throttled, Effect::None) }
}

fn retrying<C>(cloud: C) -> Retrying<C> {
    Retrying::new(cloud, Policy::default(), Quota::default(), 7)
}

async fn describe<C: CloudRead>(cloud: &Retrying<C>) -> Result<Page, CloudError> {
    cloud.describe(&scope(), &query()).await
}

async fn deactivate<C: Cloud>(cloud: &Retrying<C>) -> Result<Receipt, CloudError> {
    cloud.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await
}

const KINDS: [ErrorKind; 22] = [
    ErrorKind::Unreachable,
    ErrorKind::Tls,
    ErrorKind::Interrupted,
    ErrorKind::Unavailable,
    ErrorKind::Throttled,
    ErrorKind::Malformed,
    ErrorKind::NonceUsed,
    ErrorKind::IncorrectStatus,
    ErrorKind::Conflict,
    ErrorKind::NotFound,
    ErrorKind::InvalidRegion,
    ErrorKind::FinancialLocked,
    ErrorKind::OperationLocked,
    ErrorKind::PeerGone,
    ErrorKind::WrongOwner,
    ErrorKind::Denied,
    ErrorKind::Credentials,
    ErrorKind::TokenExpired,
    ErrorKind::OtherAccount,
    ErrorKind::ClockSkew,
    ErrorKind::Invalid,
    ErrorKind::Other,
];

#[tokio::test(start_paused = true)]
async fn a_mutating_call_is_sent_once_whatever_becomes_of_it() {
    for kind in KINDS {
        for effect in [Effect::None, Effect::Refused, Effect::InDoubt] {
            let cloud = retrying(Scripted::new([error(kind, effect)], Ok(())));
            deactivate(&cloud).await.unwrap_err();
            assert_eq!(cloud.inner().sends(), 1, "{kind:?} {effect:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reads_are_repeated_when_that_may_help() {
    use ErrorKind::{Interrupted, Malformed, NonceUsed, Throttled, Unavailable, Unreachable};
    for kind in KINDS {
        let cloud = retrying(Scripted::new([error(kind, Effect::InDoubt)], Ok(())));
        let may_help = [Unreachable, Interrupted, Unavailable, Throttled, Malformed, NonceUsed].contains(&kind);
        let outcome = describe(&cloud).await;
        assert_eq!(outcome.is_ok(), may_help, "{kind:?}");
        let identity = retrying(Scripted::new([error(kind, Effect::InDoubt)], Ok(())));
        assert_eq!(identity.identity(&AccountName::default_account()).await.is_ok(), may_help, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_ends_however_long_the_cloud_fails() {
    for kind in KINDS {
        for told in [None, Some(Duration::from_secs(3600)), Some(Duration::ZERO)] {
            let failure = CloudError { retry_after: told, ..error(kind, Effect::None) };
            let cloud = retrying(Scripted::new([], Err(failure)));
            let start = Instant::now();
            assert_eq!(describe(&cloud).await.unwrap_err().kind, kind);
            assert_eq!(deactivate(&cloud).await.unwrap_err().kind, kind);
            assert!(start.elapsed() <= Duration::from_secs(2 * 10 * 61), "{kind:?} took {:?}", start.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_region_ends_within_20_seconds_and_says_how_often_it_was_asked() {
    let cloud = retrying(Scripted::new([], Err(error(ErrorKind::Unreachable, Effect::None))));
    let start = Instant::now();
    let failure = describe(&cloud).await.unwrap_err();
    assert_eq!(failure.message.english(), "words (gave up after 5 attempts)");
    assert!(start.elapsed() < Duration::from_secs(20));

    // Attempts that each take long are fewer.
    let slow = Scripted {
        latency: Duration::from_secs(10),
        ..Scripted::new([], Err(error(ErrorKind::Interrupted, Effect::InDoubt)))
    };
    let cloud = retrying(slow);
    let start = Instant::now();
    describe(&cloud).await.unwrap_err();
    assert!(start.elapsed() <= Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_a_dead_region_for_all_its_calls_together() {
    let cloud = retrying(Scripted::new([], Err(error(ErrorKind::Unreachable, Effect::None))));
    let start = Instant::now();
    for _ in 0..200 {
        describe(&cloud).await.unwrap_err();
    }
    assert_eq!(cloud.inner().sends(), 200 + Policy::default().budget as usize);
    assert!(start.elapsed() < Duration::from_secs(60));

    // Another region has its own.
    let elsewhere = Scope { region: "cn-beijing".into(), ..scope() };
    let before = cloud.inner().sends();
    cloud.describe(&elsewhere, &query()).await.unwrap_err();
    assert_eq!(cloud.inner().sends() - before, 5);
}

#[tokio::test(start_paused = true)]
async fn successes_earn_the_budget_back() {
    let failure = || error(ErrorKind::Unavailable, Effect::InDoubt);
    let cloud = retrying(Scripted::new([], Ok(())));
    for _ in 0..100 {
        cloud.inner().answers.borrow_mut().push_back(Err(failure()));
        describe(&cloud).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_told_and_no_longer_than_a_minute() {
    for (told, at_least, at_most) in [(12, 12, 13), (3600, 60, 61), (0, 0, 1)] {
        let cloud = retrying(Scripted::new([throttled(Some(told))], Ok(())));
        let start = Instant::now();
        describe(&cloud).await.unwrap();
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(at_least) && waited <= Duration::from_secs(at_most), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn says_what_a_listing_waits_for_while_it_waits() {
    let cloud = retrying(Scripted::new([throttled(Some(10))], Ok(())));
    let why = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cloud.waits_because(&scope())
    };
    let (page, why) = tokio::join!(describe(&cloud), why);
    assert!(page.is_ok() && why.is_some(), "{why:?}");
    assert_eq!(cloud.waits_because(&scope()), None);
}

#[tokio::test(start_paused = true)]
async fn equal_seeds_draw_equal_delays() {
    let mut traces = Vec::new();
    for seed in [1, 1, 2] {
        let failing = Scripted::new([], Err(error(ErrorKind::Unreachable, Effect::None)));
        let cloud = Retrying::new(failing, Policy::default(), Quota::default(), seed);
        let start = Instant::now();
        describe(&cloud).await.unwrap_err();
        traces.push(start.elapsed());
    }
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
}

#[tokio::test(start_paused = true)]
async fn begins_with_few_calls_at_once_and_doubles() {
    let cloud = retrying(Scripted::new([], Ok(())));
    let begun = Instant::now();
    for outcome in join_all((0..300).map(|_| describe(&cloud))).await {
        outcome.unwrap();
    }
    let mut rounds: BTreeMap<Duration, usize> = BTreeMap::new();
    for arrival in cloud.inner().arrivals.borrow().iter() {
        *rounds.entry(arrival.duration_since(begun)).or_default() += 1;
    }
    assert_eq!(rounds.into_values().collect::<Vec<_>>(), [4, 8, 16, 32, 60, 60, 60, 60]);
}

#[tokio::test(start_paused = true)]
async fn reads_leave_room_for_calls_once_somebody_acts() {
    for (acts, most) in [(false, CONNECTIONS), (true, CONNECTIONS - CALLS_AT_ONCE)] {
        let cloud = retrying(Scripted::new([], Ok(())));
        if acts {
            drop(cloud.permit(&scope(), Call::Activate).await);
        }
        for outcome in join_all((0..250).map(|_| describe(&cloud))).await {
            outcome.unwrap();
        }
        let mut rounds: BTreeMap<Instant, usize> = BTreeMap::new();
        for arrival in cloud.inner().arrivals.borrow().iter() {
            *rounds.entry(*arrival).or_default() += 1;
        }
        assert_eq!(rounds.into_values().max(), Some(most));
    }
}

#[tokio::test(start_paused = true)]
async fn one_refusal_that_tells_nothing_costs_seconds_and_is_forgotten() {
    let cloud = retrying(Scripted::new([], Ok(())));
    for _ in 0..10 {
        describe(&cloud).await.unwrap();
    }
    cloud.inner().answers.borrow_mut().push_back(Err(throttled(None)));
    let begun = Instant::now();
    for outcome in join_all((0..250).map(|_| describe(&cloud))).await {
        outcome.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_window_that_others_have_used_up_is_no_smaller_one() {
    let cloud = retrying(Scripted::new((0..5).map(|_| throttled(None)), Ok(())));
    let begun = Instant::now();
    for outcome in join_all((0..100).map(|_| describe(&cloud))).await {
        outcome.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_nothing_left_on_is_not_counted() {
    let quota = Quota { limit: NonZeroU32::MIN, window: Duration::from_secs(60) };
    let unreachable = error(ErrorKind::Unreachable, Effect::None);
    let cloud = Retrying::new(Scripted::new([unreachable], Ok(())), Policy::default(), quota, 0);
    let begun = Instant::now();
    deactivate(&cloud).await.unwrap_err();
    drop(cloud.permit(&scope(), Call::Deactivate).await);
    deactivate(&cloud).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_frees_its_slot() {
    let quota = Quota { limit: NonZeroU32::MIN, window: Duration::from_secs(1) };
    let cloud = Retrying::new(Scripted::new([], Ok(())), Policy::default(), quota, 0);
    for _ in 0..3 {
        assert!(tokio::time::timeout(Duration::from_millis(10), describe(&cloud)).await.is_err());
    }
    describe(&cloud).await.unwrap();
}

/// How a server counts.
#[derive(Clone, Copy, Debug)]
enum Counting {
    Fixed,
    Sliding,
    Bucket,
}

/// A server with a quota of its own, part of which somebody else has used already.
struct Limited {
    counting: Counting,
    quota: Quota,
    tells: bool,
    start: Instant,
    /// Arrivals that counted.
    counted: RefCell<Vec<Instant>>,
    /// Of every request: sent, answered, throttled.
    log: RefCell<Vec<(Instant, Instant, bool)>>,
    latencies: Vec<u64>,
    next: Cell<usize>,
}

impl Limited {
    /// Counts an arrival, or says how long to wait.
    fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut counted = self.counted.borrow_mut();
        let (limit, window) = (self.quota.limit.get() as usize, self.quota.window);
        let wait = match self.counting {
            Counting::Fixed => {
                let phase = Duration::from_nanos(
                    u64::try_from(now.duration_since(self.start).as_nanos() % window.as_nanos()).unwrap(),
                );
                let used = counted.iter().filter(|arrival| **arrival + phase >= now).count();
                (used >= limit).then_some(window - phase)
            }
            Counting::Sliding => {
                let recent: Vec<_> = counted.iter().filter(|arrival| **arrival + window > now).collect();
                (recent.len() >= limit).then(|| *recent[recent.len() - limit] + window - now)
            }
            Counting::Bucket => {
                let rate = limit as f64 / window.as_secs_f64();
                let (mut tokens, mut last) = (limit as f64, self.start);
                for arrival in counted.iter().chain([&now]) {
                    tokens = (tokens + arrival.duration_since(last).as_secs_f64() * rate).min(limit as f64) - 1.0;
                    last = *arrival;
                }
                (tokens < -1e-9).then(|| Duration::from_secs_f64(-tokens / rate))
            }
        };
        match wait {
            Some(wait) => Err(wait),
            None => {
                counted.push(now);
                Ok(())
            }
        }
    }
}

impl CloudRead for Limited {
    async fn describe(&self, _: &Scope, _: &DescribeQuery) -> Result<Page, CloudError> {
        let sent = Instant::now();
        let n = self.next.replace(self.next.get() + 1);
        sleep(Duration::from_millis(self.latencies[n % self.latencies.len()])).await;
        let admitted = self.admit(Instant::now());
        sleep(Duration::from_millis(self.latencies[(n + 1) % self.latencies.len()])).await;
        self.log.borrow_mut().push((sent, Instant::now(), admitted.is_err()));
        match admitted {
            Ok(()) => Ok(Page {
                interfaces: Vec::new(),
                total_count: 0,
                request_id: RequestId("R".into()),
                asked: BootTime::now(),
            }),
            Err(wait) => Err(CloudError {
                retry_after: self.tells.then_some(wait + Duration::from_millis(1)),
                ..error(ErrorKind::Throttled, Effect::None)
            }),
        }
    }

    async fn health(&self, _: &Scope, _: &RouterInterfaceId) -> Result<Health, CloudError> {
        Err(error(ErrorKind::Other, Effect::Refused))
    }

    async fn identity(&self, _: &AccountName) -> Result<Identity, CloudError> {
        Ok(Identity { account_id: "1234".into(), arn: String::new() })
    }
}

impl CloudRead for Rc<Limited> {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        self.as_ref().describe(scope, query).await
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        self.as_ref().health(scope, id).await
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        self.as_ref().identity(account).await
    }
}

fn limited(counting: Counting, quota: Quota, latencies: Vec<u64>) -> Rc<Limited> {
    let (counted, log) = (RefCell::default(), RefCell::default());
    Rc::new(Limited {
        counting,
        quota,
        tells: false,
        start: Instant::now(),
        counted,
        log,
        latencies,
        next: Cell::new(0),
    })
}

fn place(directory: &std::path::Path) -> Place {
    let (provider, reach) = (crate::resource::Provider::Alibaba, crate::store::account::Reach::Cloud);
    Place { directory: directory.to_owned(), provider, reach }
}

/// Makes `calls` calls at once, and asks whose account it is beside the first.
async fn calling(cloud: Retrying<Rc<Limited>>, calls: usize) {
    cloud.identity(&AccountName::default_account()).await.unwrap();
    for outcome in join_all((0..calls).map(|_| describe(&cloud))).await {
        outcome.unwrap();
    }
}

fn virtually<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

#[test]
fn who_calls_alone_is_not_held_up_by_looking_for_others() {
    let arrivals = |directory: Option<&std::path::Path>| {
        virtually(async {
            let quota = Quota { limit: NonZeroU32::new(10).unwrap(), window: Duration::from_secs(1) };
            let server = limited(Counting::Sliding, quota, vec![20, 50, 5]);
            let cloud = Retrying::new(Rc::clone(&server), Policy::default(), quota, 3);
            let cloud = match directory {
                Some(directory) => cloud.beside_others(place(directory)),
                None => cloud,
            };
            calling(cloud, 100).await;
            server.counted.borrow().iter().map(|at| at.duration_since(server.start)).collect::<Vec<_>>()
        })
    };
    let directory = tempfile::tempdir().unwrap();
    let alone = arrivals(None);
    assert_eq!(arrivals(Some(directory.path())), alone);
    std::fs::write(directory.path().join("rictl-alibaba-1234.gate"), b"{ no sheet").unwrap();
    assert_eq!(arrivals(Some(directory.path())), alone, "what is damaged is begun anew");
    assert_eq!(arrivals(Some(std::path::Path::new("/nonexistent"))), alone);
}

#[test]
fn a_dead_process_holds_nobody_up_for_longer_than_the_server_counts_its_calls() {
    let directory = tempfile::tempdir().unwrap();
    let took = virtually(async {
        let quota = Quota { limit: NonZeroU32::new(10).unwrap(), window: Duration::from_secs(1) };
        let server = limited(Counting::Sliding, quota, vec![20]);
        let now = BootTime::now().uptime().unwrap();
        let sheet = serde_json::json!({ "boot": now.boot, "gates": [{
            "pid": u32::MAX, "number": 0, "gate": "cn-shanghai DescribeRouterInterfaces", "at": now.ms, "in_flight": 10,
            "waits": true, "ended": [],
        }] });
        std::fs::write(directory.path().join("rictl-alibaba-1234.gate"), sheet.to_string()).unwrap();
        calling(Retrying::new(server, Policy::default(), quota, 3).beside_others(place(directory.path())), 5).await;
        BootTime::now().uptime().unwrap().since(&now).unwrap()
    });
    assert!((Duration::from_secs(1)..Duration::from_millis(1300)).contains(&took), "{took:?}");
}

/// Runs `calls` at once against a server on which somebody else has made `used` calls within `spread` just before.
async fn run(
    counting: Counting,
    tells: bool,
    limit: u32,
    used: u32,
    calls: usize,
    latencies: Vec<u64>,
) -> (Quota, Limited) {
    let quota = Quota { limit: NonZeroU32::new(limit).unwrap(), window: Duration::from_secs(10) };
    let start = Instant::now();
    let server = Limited {
        counting,
        quota,
        tells,
        start,
        counted: RefCell::default(),
        log: RefCell::default(),
        latencies,
        next: Cell::new(0),
    };
    for _ in 0..used {
        sleep(quota.window / 4 / limit).await;
        server.admit(Instant::now()).unwrap();
    }
    let cloud = Retrying::new(server, Policy::default(), quota, 3);
    for outcome in join_all((0..calls).map(|_| describe(&cloud))).await {
        outcome.unwrap();
    }
    (quota, cloud.inner)
}

/// Counts the calls that were refused although they left after the first refusal had come back.
fn refused_after_the_first(server: &Limited) -> usize {
    let log = server.log.borrow();
    let first = log.iter().filter(|(_, _, throttled)| *throttled).map(|(_, answered, _)| *answered).min();
    first.map_or(0, |first| log.iter().filter(|(sent, _, throttled)| *throttled && *sent > first).count())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_server_ever_counts_more_calls_than_the_quota(
        limit in 1_u32..12,
        calls in 1_usize..60,
        latencies in proptest::collection::vec(0_u64..4000, 1..20),
        counting in prop::sample::select(vec![Counting::Fixed, Counting::Sliding, Counting::Bucket]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (quota, server) = runtime.block_on(run(counting, false, limit, 0, calls, latencies));
        prop_assert!(server.log.borrow().iter().all(|(_, _, throttled)| !throttled), "throttled by a server with our quota");
        let mut arrivals = server.counted.borrow().clone();
        arrivals.sort_unstable();
        prop_assert_eq!(arrivals.len(), calls);
        for window in arrivals.windows(limit as usize + 1) {
            prop_assert!(window[limit as usize] - window[0] > quota.window);
        }
    }

    #[test]
    fn no_call_sent_after_a_throttled_answer_that_tells_when_is_throttled_again(
        limit in 2_u32..40,
        used_percent in 0_u32..=100,
        calls in 1_usize..120,
        latencies in proptest::collection::vec(0_u64..300, 1..20),
        counting in prop::sample::select(vec![Counting::Fixed, Counting::Sliding, Counting::Bucket]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let used = limit * used_percent / 100;
        let (_, server) = runtime.block_on(run(counting, true, limit, used, calls, latencies));
        prop_assert_eq!(refused_after_the_first(&server), 0);
    }

    #[test]
    fn a_server_that_tells_nothing_refuses_few_calls_after_the_first(
        limit in 2_u32..40,
        used_percent in 0_u32..=100,
        calls in 1_usize..120,
        latencies in proptest::collection::vec(0_u64..300, 1..20),
        counting in prop::sample::select(vec![Counting::Fixed, Counting::Sliding, Counting::Bucket]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let used = limit * used_percent / 100;
        let (_, server) = runtime.block_on(run(counting, false, limit, used, calls, latencies));
        let again = refused_after_the_first(&server);
        prop_assert!(again <= 12, "{} refusals", again);
    }

    #[test]
    fn processes_of_one_account_keep_one_quota_and_use_it(
        limit in 8_u32..40,
        calls in 20_usize..150,
        latencies in proptest::collection::vec(1_u64..300, 1..20),
        counting in prop::sample::select(vec![Counting::Fixed, Counting::Sliding]),
        others in 1_usize..3,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let window = Duration::from_secs(1);
        let (took, arrivals, throttled) = virtually(async {
            let quota = Quota { limit: NonZeroU32::new(limit).unwrap(), window };
            let server = limited(counting, quota, latencies);
            let all = (0..=others).map(|seed| {
                let cloud = Retrying::new(Rc::clone(&server), Policy::default(), quota, seed as u64);
                calling(cloud.beside_others(place(directory.path())), calls)
            });
            join_all(all).await;
            let throttled = server.log.borrow().iter().filter(|(_, _, throttled)| *throttled).count();
            let mut arrivals = server.counted.borrow().clone();
            arrivals.sort_unstable();
            (server.start.elapsed(), arrivals, throttled)
        });
        prop_assert_eq!(throttled, 0);
        for pair in arrivals.windows(limit as usize + 1) {
            prop_assert!(pair[limit as usize] - pair[0] > window);
        }
        // A window of ours is one of the server, a call's way and what is added to both.
        let windows = (calls * (1 + others)).div_ceil(limit as usize) as u32;
        let longest = (window + Duration::from_millis(300 + 300 + 200)) * (windows + 1);
        prop_assert!(took <= longest, "{took:?}, where {longest:?} is enough");
    }
}
