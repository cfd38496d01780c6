//! One small world for each promise about the seams: where a run hands over to the next, a process to another, an answer
//! to what is made of it. Each case is named after its promise in the issue that asked for it (`p01`..`p13`).
//!
//! `KNOWN` lists the cases that fail today. A listed case must fail, so that whoever mends it takes it off the list.
//!
//! ```text
//! SIM_KNOWN=none cargo test --test all simulation::seams::p01 -- --nocapture     as if nothing were listed, with a trace
//! ```

use std::time::Duration;

use rictl::emulator::{ConsoleSeed, ErrorSeed, Fault, FaultKind, Format, WorldSeed};
use rictl::executor::{OnError, Settings};
use rictl::resource::{RouterInterfaceId, Status};

use super::judge::Rule;
use super::life::{Outcome, simulate};
use super::scenario::{Companion, Life, Scenario, Seams};

/// A case that fails today.
pub(crate) struct Known {
    name: &'static str,
    /// What it breaks: a seed that breaks nothing else is counted and not failed.
    rules: &'static [Rule],
    /// The promise, and how it is broken.
    why: &'static str,
}

#[allow(dead_code, reason = "for as long as nothing is known to fail")]
const fn known(name: &'static str, rules: &'static [Rule], why: &'static str) -> Known {
    Known { name, rules, why }
}

/// What fails today. Take a line off with the mend.
pub(crate) const KNOWN: &[Known] = &[];

/// Returns whether a listed case breaks `rule`.
pub(crate) fn is_open(rule: Rule) -> bool {
    KNOWN.iter().any(|known| known.rules.contains(&rule))
}

/// How the ledger begins to say that a call left after a signal.
const SENT_AFTER_A_SIGNAL: &str = "nothing new after a signal";

/// Where the two links of most cases are.
const TWO: &str = "regions: [cn-shanghai, cn-beijing]\nsettle: {activate: 3s, deactivate: 3s}\ninterfaces:\n  \
                   - {id: ri-a, status: Active}\n  - {id: ri-b, status: Active, region: cn-beijing}\n";

/// The same, with the second one down.
const ONE_UP: &str = "regions: [cn-shanghai, cn-beijing]\nsettle: {activate: 3s, deactivate: 3s}\ninterfaces:\n  \
                      - {id: ri-a, status: Active, region: cn-beijing}\n  - {id: ri-b, status: Inactive}\n";

const HEAD: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: w.yaml}\n";

/// Takes `a` down and keeps `b` up.
const A_DOWN: &str = "groups:\n  g: {min_active: 1}\ninterfaces:\n  a: {id: ri-a, status: Inactive, group: g}\n  \
                      b: {id: ri-b, region: cn-beijing, status: Active, group: g}\n";

/// The other way round.
const B_DOWN: &str = "groups:\n  g: {min_active: 1}\ninterfaces:\n  a: {id: ri-a, status: Active, group: g}\n  \
                      b: {id: ri-b, region: cn-beijing, status: Inactive, group: g}\n";

/// Brings `b` up, and then takes `a` down.
const SWAP: &str = "groups:\n  g: {min_active: 1}\ninterfaces:\n  \
                    a: {id: ri-a, region: cn-beijing, status: Inactive, group: g}\n  \
                    b: {id: ri-b, status: Active, group: g}\n";

/// Two links are Active, and the fibre of one is cut.
const CUT_FIBRE: &str = "regions: [cn-shanghai]\nsettle: {activate: 3s, deactivate: 3s}\ninterfaces:\n  \
                         - {id: ri-a, status: Active}\n  - {id: ri-b, status: Active, health_check_status: Abnormal}\n";

/// Takes the good one of them down.
const ONLY_ILL_STAYS: &str = "limits: {health: block}\ngroups:\n  g: {min_active: 1}\ninterfaces:\n  \
                              a: {id: ri-a, status: Inactive, group: g}\n  b: {id: ri-b, status: Active, group: g}\n";

const READ: &str = "DescribeRouterInterfaces";
const DEACTIVATE: &str = "DeactivateRouterInterface";

pub(super) fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn scenario(world: &str, spec: &str, lives: Vec<Life>) -> Scenario {
    Scenario {
        seed: 0,
        spec: format!("{HEAD}{spec}"),
        world: WorldSeed::parse(world, Format::Yaml).unwrap(),
        settings: Settings::default(),
        lives,
        is_foreign: false,
        is_stale: false,
        is_distorted: false,
        late_percent: 0,
        seams: Seams::default(),
    }
}

impl Scenario {
    fn with(mut self, fault: Fault) -> Self {
        self.is_foreign |= matches!(fault.fault, FaultKind::Console(_));
        self.is_stale |= matches!(fault.fault, FaultKind::StaleReads(_));
        self.world.faults.push(fault);
        self
    }

    /// All reads of a region, or of all, show the past.
    fn lagging(self, region: Option<&str>, lag: u64) -> Self {
        let fault = Fault { region: region.map(Into::into), ..of(READ, FaultKind::StaleReads(seconds(lag))) };
        self.with(fault)
    }
}

fn of(action: &str, kind: FaultKind) -> Fault {
    Fault { action: Some(action.to_owned()), ..Fault::new(kind) }
}

fn console(id: &str, status: Status, at: Duration) -> Fault {
    Fault::new(FaultKind::Console(ConsoleSeed {
        interface: RouterInterfaceId::from(id),
        status,
        at: Some(at),
        by: None,
    }))
}

fn error(code: &str, status: u16) -> FaultKind {
    FaultKind::Error(ErrorSeed { code: code.to_owned(), status, message: "simulated".to_owned() })
}

fn life() -> Life {
    Life::default()
}

fn signalled(at: &[u64]) -> Life {
    Life { signals_at: at.to_vec(), ..life() }
}

fn way_back() -> Life {
    Life { is_way_back: true, ..life() }
}

fn turned() -> Life {
    Life { is_turned: true, ..life() }
}

/// Says what an outcome breaks.
pub(super) type Check = fn(&Outcome) -> Option<String>;

/// Anything that the judge or the ledger found.
pub(super) fn anything(outcome: &Outcome) -> Option<String> {
    let charges = outcome.charges.iter().map(|charge| format!("{:?}: {}", charge.rule, charge.text));
    let found: Vec<String> = charges.chain(outcome.violations.iter().cloned()).collect();
    (!found.is_empty()).then(|| found.join("\n"))
}

/// How a run told its end, whatever else happened.
pub(super) fn untrue_end(outcome: &Outcome) -> Option<String> {
    let charges = outcome.charges.iter().filter(|charge| charge.rule == Rule::Exit);
    let found: Vec<String> = charges.map(|charge| charge.text.clone()).collect();
    (!found.is_empty()).then(|| found.join("\n"))
}

/// Runs the scenarios of a case; one that is listed in `KNOWN` must break, any other must not.
fn judged(name: &str, scenarios: Vec<Scenario>, check: Check) {
    let is_strict = std::env::var("SIM_KNOWN").is_ok_and(|known| known == "none");
    let listed = KNOWN.iter().find(|known| known.name == name).filter(|_| !is_strict);
    let is_known = listed.is_some();
    let count = scenarios.len();
    for (number, scenario) in scenarios.into_iter().enumerate() {
        let outcome = simulate(&scenario, None, true).expect("the spec is good");
        if std::env::var_os("SIM_TRACE").is_some() {
            println!("{name}, scenario {number}: {:?}\n{}", scenario.lives, outcome.trace);
        }
        match check(&outcome) {
            Some(_) if is_known => return,
            Some(found) => panic!("{name}, scenario {number}: {:?}\n{}{found}", scenario.lives, outcome.trace),
            None => {}
        }
    }
    if let Some(Known { why, .. }) = listed {
        panic!("{name} ({why}) holds in all {count} scenarios: take it off KNOWN");
    }
}

fn each(numbers: std::ops::RangeInclusive<u64>, make: impl Fn(u64) -> Scenario) -> Vec<Scenario> {
    numbers.map(make).collect()
}

pub(super) fn two_interrupts() -> Vec<Scenario> {
    each(4..=14, |effect| scenario(TWO, A_DOWN, vec![signalled(&[effect, effect]), life()]).lagging(None, 60))
}

#[test]
fn p01_two_interrupts_and_the_same_again() {
    judged("p01_two_interrupts_and_the_same_again", two_interrupts(), anything);
}

pub(super) fn two_interrupts_and_turned() -> Vec<Scenario> {
    each(4..=14, |effect| {
        let mut scenario = scenario(TWO, A_DOWN, vec![signalled(&[effect, effect]), turned()]).lagging(None, 60);
        scenario.seams.turned = Some(format!("{HEAD}{B_DOWN}"));
        scenario
    })
}

#[test]
fn p01_two_interrupts_and_the_spec_turned_round() {
    judged("p01_two_interrupts_and_the_spec_turned_round", two_interrupts_and_turned(), anything);
}

#[test]
fn p01_one_signal_and_the_end_of_the_grace() {
    let scenarios = each(4..=14, |effect| scenario(TWO, A_DOWN, vec![signalled(&[effect]), life()]).lagging(None, 90));
    judged("p01_one_signal_and_the_end_of_the_grace", scenarios, anything);
}

fn impatient(mut scenario: Scenario, on_error: OnError) -> Scenario {
    scenario.settings.settle_timeout = seconds(30);
    scenario.settings.on_error = on_error;
    scenario
}

#[test]
fn p02_a_way_back_beside_an_accepted_call() {
    let swap = scenario(ONE_UP, SWAP, vec![life()]).lagging(Some("cn-beijing"), 300);
    judged("p02_a_way_back_beside_an_accepted_call", vec![impatient(swap, OnError::Rollback)], anything);
}

fn doubtful_swap(lives: Vec<Life>) -> Scenario {
    let mut swap = scenario(ONE_UP, SWAP, lives);
    // The first copy is on its way for long, the second is lost.
    swap.seams.tricks.late = Some((2, seconds(55)));
    swap.with(Fault { nth: Some(1), after_effect: Some(false), ..of(DEACTIVATE, FaultKind::Drop) })
}

#[test]
fn p02_a_way_back_beside_a_doubtful_call() {
    let mut swap = doubtful_swap(vec![life()]);
    swap.settings.on_error = OnError::Rollback;
    judged("p02_a_way_back_beside_a_doubtful_call", vec![swap], anything);
}

pub(super) fn later_way_back() -> Scenario {
    let swap = scenario(ONE_UP, SWAP, vec![life(), way_back()]).lagging(Some("cn-beijing"), 300);
    impatient(swap, OnError::Continue)
}

#[test]
fn p02_a_way_back_as_the_next_run() {
    judged("p02_a_way_back_as_the_next_run", vec![later_way_back()], anything);
}

#[test]
fn p02_a_way_back_after_a_kill() {
    judged("p02_a_way_back_after_a_kill", sound::killed_and_taken_back(), anything);
}

pub(super) fn refused_repeat() -> Scenario {
    let mut scenario = scenario(TWO, A_DOWN, vec![life()]);
    scenario.seams.tricks.late = Some((1, seconds(40)));
    scenario.with(Fault { nth: Some(1), ..of(DEACTIVATE, FaultKind::Denied) })
}

#[test]
fn p03_the_repeat_after_a_doubt_is_refused() {
    judged("p03_the_repeat_after_a_doubt_is_refused", vec![refused_repeat()], anything);
}

#[test]
fn p03_the_interface_moves_during_a_doubt() {
    let scenarios = each(20..=44, |half| {
        let mut scenario = scenario(TWO, A_DOWN, vec![life()]);
        scenario.world.latency = Duration::from_millis(700);
        scenario.seams.tricks.late = Some((1, seconds(60)));
        let moved = Duration::from_millis(half * 500);
        scenario.with(console("ri-a", Status::Idle, moved)).with(console("ri-a", Status::Active, seconds(50)))
    });
    judged("p03_the_interface_moves_during_a_doubt", scenarios, untrue_end);
}

/// Three links in three regions, of which two have to be up.
const REGIONS: &str = "regions: [cn-shanghai, cn-beijing, cn-hangzhou]\nsettle: {activate: 3s, deactivate: 3s}\n\
                       interfaces:\n  - {id: ri-a, status: Active}\n  - {id: ri-b, status: Active, region: cn-beijing}\n  \
                       - {id: ri-c, status: Active, region: cn-hangzhou}\n";

const TWO_OF_THREE: &str = "groups:\n  g: {min_active: 2}\ninterfaces:\n  \
                            a: {id: ri-a, status: Inactive, group: g}\n  \
                            b: {id: ri-b, region: cn-beijing, status: Active, group: g}\n  \
                            c: {id: ri-c, region: cn-hangzhou, status: Active, group: g}\n";

/// The answers to some reads of one region take their time.
fn slow_region(kind: &FaultKind) -> Vec<Scenario> {
    each(1..=4, |first| {
        let slow = Fault { region: Some("cn-beijing".into()), ..of(READ, kind.clone()) };
        let slow = Fault { from: Some(first), until: Some(first + 2), ..slow };
        scenario(REGIONS, TWO_OF_THREE, vec![life()]).with(slow)
    })
}

#[test]
fn p04_another_region_is_slow() {
    judged("p04_another_region_is_slow", slow_region(&FaultKind::Delay(seconds(8))), anything);
}

#[test]
fn p04_it_stands_still_between_answer_and_admission() {
    let scenarios =
        each(1..=12, |effect| scenario(TWO, A_DOWN, vec![Life { stalls: vec![(effect, seconds(5))], ..life() }]));
    judged("p04_it_stands_still_between_answer_and_admission", scenarios, anything);
}

#[test]
fn p04_it_is_stopped_at_some_turn() {
    let scenarios = each(1..=40, |number| {
        let (turn, more) = (1 + number / 4, 1 + number % 4);
        let stops = vec![(turn, seconds(5)), (turn + more, seconds(5))];
        let mut scenario = scenario(TWO, A_DOWN, vec![Life { stops, ..life() }]);
        scenario.world.latency = Duration::from_millis(300);
        scenario
    });
    judged("p04_it_is_stopped_at_some_turn", scenarios, anything);
}

pub(super) fn slow_disk() -> Scenario {
    scenario(TWO, A_DOWN, vec![Life { slow_disk: seconds(4), ..life() }])
}

#[test]
fn p04_a_slow_disk_under_the_intent() {
    // For ever too slow: nothing may be sent, and that is an end, too.
    let sent_on_old_pages: Check = |outcome| {
        let old = outcome.charges.iter().filter(|charge| charge.rule == Rule::Fresh);
        let old: Vec<String> = old.map(|charge| charge.text.clone()).collect();
        (!old.is_empty()).then(|| old.join("\n"))
    };
    judged("p04_a_slow_disk_under_the_intent", vec![slow_disk()], sent_on_old_pages);
}

#[test]
fn p04_reads_are_throttled() {
    let mut scenarios = slow_region(&FaultKind::Throttled(seconds(6)));
    let thrice =
        Fault { region: Some("cn-beijing".into()), every: Some(2), ..of(READ, FaultKind::Throttled(seconds(6))) };
    scenarios.push(scenario(REGIONS, TWO_OF_THREE, vec![life()]).with(thrice));
    judged("p04_reads_are_throttled", scenarios, anything);
}

#[test]
fn p04_whoever_listens_is_slow() {
    let scenarios = vec![scenario(TWO, A_DOWN, vec![Life { slow_reader: seconds(3), ..life() }])];
    judged("p04_whoever_listens_is_slow", scenarios, anything);
}

pub(super) fn beside_another(is_locked: bool, latency: u64, pause: u64) -> Scenario {
    let mut scenario = scenario(TWO, A_DOWN, vec![life()]);
    scenario.world.latency = Duration::from_millis(latency);
    let lives = vec![Life { pause: Duration::from_millis(pause), ..life() }];
    scenario.seams.companion = Some(Companion { spec: format!("{HEAD}{B_DOWN}"), lives, is_locked });
    scenario
}

#[test]
fn p05_two_checkouts_at_once_tell_what_they_left() {
    let scenarios = [(0, 0), (50, 0), (300, 0), (300, 200), (300, 900), (0, 1000), (0, 2500)];
    let scenarios = scenarios.map(|(latency, pause)| beside_another(false, latency, pause)).to_vec();
    judged("p05_two_checkouts_at_once_tell_what_they_left", scenarios, untrue_end);
}

#[test]
fn p05_two_checkouts_one_after_the_other() {
    let scenarios = [(0, 0), (50, 0), (300, 200), (0, 2500)];
    let scenarios = scenarios.map(|(latency, pause)| beside_another(true, latency, pause)).to_vec();
    let below: Check = |outcome| {
        let floor = outcome.charges.iter().find(|charge| charge.rule == Rule::Floor);
        floor.map(|charge| charge.text.clone()).or_else(|| untrue_end(outcome))
    };
    judged("p05_two_checkouts_one_after_the_other", scenarios, below);
}

#[test]
fn p06_an_undocumented_answer_after_the_effect() {
    let answers = [("RequestTimeout", 408), ("SomethingNew", 400), ("SomethingNew", 403), ("", 499), ("Conflict", 409)];
    let scenarios = answers.iter().map(|(code, status)| {
        let fault = Fault { nth: Some(1), after_effect: Some(true), ..of(DEACTIVATE, error(code, *status)) };
        scenario(TWO, A_DOWN, vec![life()]).with(fault)
    });
    judged("p06_an_undocumented_answer_after_the_effect", scenarios.collect(), anything);
}

pub(super) fn twice(lives: Vec<Life>) -> Scenario {
    let mut scenario = scenario(TWO, A_DOWN, lives);
    scenario.seams.tricks.twice_percent = 100;
    scenario
}

#[test]
fn p06_a_call_that_is_delivered_twice_is_done() {
    judged("p06_a_call_that_is_delivered_twice_is_done", vec![twice(vec![life()])], anything);
}

#[test]
fn p06_a_call_that_was_delivered_twice_can_be_taken_back() {
    let is_back: Check = |outcome| {
        let sent = sent_at(outcome, "Activate ri-a").is_some();
        (!sent).then(|| "nothing was taken back".to_owned())
    };
    let scenario = twice(vec![life(), way_back()]);
    judged("p06_a_call_that_was_delivered_twice_can_be_taken_back", vec![scenario], is_back);
}

const THREE: &str = "regions: [cn-shanghai, cn-beijing]\nsettle: {activate: 3s, deactivate: 3s}\ninterfaces:\n  \
                     - {id: ri-a, status: Active}\n  - {id: ri-b, status: Active, region: cn-beijing}\n  \
                     - {id: ri-c, status: Inactive}\n";

/// `a` goes down after `c` has come up.
const AFTER_C: &str = "groups:\n  g: {min_active: 2}\ninterfaces:\n  a: {id: ri-a, status: Inactive, group: g}\n  \
                       b: {id: ri-b, region: cn-beijing, status: Active, group: g}\n  \
                       c: {id: ri-c, status: Active, group: g}\n";

/// `b` goes down by another's hand while `c` comes up, which `a` waits for.
pub(super) fn contradicted() -> Scenario {
    let mut scenario = scenario(THREE, AFTER_C, vec![life()]);
    scenario.seams.tricks.contradicting_percent = 100;
    scenario.seams.tricks.contradicted = Some(RouterInterfaceId::from("ri-b"));
    scenario.with(console("ri-b", Status::Inactive, seconds(1)))
}

#[test]
fn p07_an_answer_that_contradicts_itself() {
    judged("p07_an_answer_that_contradicts_itself", vec![contradicted()], |outcome| {
        let news = outcome.charges.iter().filter(|charge| charge.rule == Rule::News);
        let news: Vec<String> = news.map(|charge| charge.text.clone()).collect();
        (!news.is_empty()).then(|| news.join("\n"))
    });
}

#[test]
fn p07_a_refused_status_beside_lagging_reads() {
    let scenario = twice(vec![life()]).lagging(None, 40);
    judged("p07_a_refused_status_beside_lagging_reads", vec![scenario], anything);
}

const CHAIN: &str = "interfaces:\n  d: {id: ri-b, region: cn-beijing, status: Active}\n  \
                     e: {id: ri-c, status: Active}\n  x: {id: ri-x, status: Active, depends_on: [d, e]}\n";

const CHAINED: &str = "regions: [cn-shanghai, cn-beijing]\nsettle: {activate: 12s, deactivate: 3s}\ninterfaces:\n  \
                       - {id: ri-x, status: Inactive}\n  - {id: ri-b, status: Active, region: cn-beijing}\n  \
                       - {id: ri-c, status: Inactive}\n";

#[test]
fn p08_a_dependency_without_a_step_goes_down() {
    let scenario = scenario(CHAINED, CHAIN, vec![life()]).with(console("ri-b", Status::Inactive, seconds(3)));
    judged("p08_a_dependency_without_a_step_goes_down", vec![scenario], anything);
}

pub(super) fn early(read: u64) -> Scenario {
    let mut scenario = scenario(CHAINED, CHAIN, vec![life()]);
    scenario.seams.tricks.early = Some(read);
    scenario
}

#[test]
fn p08_a_goal_that_only_one_read_shows() {
    judged("p08_a_goal_that_only_one_read_shows", each(4..=9, early), |outcome| {
        let order = outcome.charges.iter().find(|charge| charge.rule == Rule::Order);
        order.map(|charge| charge.text.clone())
    });
}

/// When a call was sent first, in milliseconds, by the trace.
fn sent_at(outcome: &Outcome, call: &str) -> Option<u64> {
    let (verb, id) = call.split_once(' ').unwrap();
    let sent = format!(": send {verb}RouterInterface {id}");
    let line = outcome.trace.lines().find(|line| line.contains(&sent))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn p09_floors_do_not_wait_for_another_region() {
    judged("p09_floors_do_not_wait_for_another_region", beside_a_slow_region(), late_for_another_region);
}

pub(super) fn beside_a_slow_region() -> Vec<Scenario> {
    let spec = "groups:\n  g: {min_active: 1}\ninterfaces:\n  a: {id: ri-a, status: Inactive, group: g}\n  \
                c: {id: ri-c, status: Active, group: g}\n  b: {id: ri-b, region: cn-beijing, status: Inactive}\n";
    let kinds = [FaultKind::Throttled(seconds(50)), FaultKind::Delay(seconds(20))];
    let slow = kinds.iter().flat_map(|kind| (3..=5).map(move |nth| (kind, nth)));
    slow.map(|(kind, nth)| {
        let slow = Fault { region: Some("cn-beijing".into()), nth: Some(nth), ..of(READ, kind.clone()) };
        scenario(THREE, spec, vec![life()]).with(slow)
    })
    .collect()
}

pub(super) fn late_for_another_region(outcome: &Outcome) -> Option<String> {
    let at = sent_at(outcome, "Deactivate ri-a").unwrap_or(u64::MAX);
    (at > 10_000).then(|| format!("Deactivate ri-a was sent at {at} ms"))
}

fn slow_and_signalled(effect: u64) -> Scenario {
    let slow = Life { slow_disk: Duration::from_millis(1500), ..signalled(&[effect]) };
    scenario(TWO, A_DOWN, vec![slow])
}

#[test]
fn p10_a_signal_while_the_intent_becomes_durable() {
    judged("p10_a_signal_while_the_intent_becomes_durable", each(5..=7, slow_and_signalled), sent_after_a_signal);
}

pub(super) fn sent_after_a_signal(outcome: &Outcome) -> Option<String> {
    outcome.violations.iter().find(|found| found.starts_with(SENT_AFTER_A_SIGNAL)).cloned()
}

const PAIR: &str = "interfaces:\n  - {id: ri-a, status: Active, opposite: ri-b}\n  - {id: ri-b, status: Active}\n";

pub(super) fn pair(pairs: &str, is_down: bool) -> Scenario {
    let interfaces = if is_down { PAIR.replace("Active", "Inactive") } else { PAIR.to_owned() };
    let spec = "interfaces:\n  a: {id: ri-a, status: Inactive}\n  b: {id: ri-b, status: Active}\n";
    let world = format!("regions: [cn-shanghai]\npairs: {pairs}\n{interfaces}");
    scenario(&world, spec, vec![life(), life()])
}

#[test]
fn p11_the_other_end_of_a_drained_link_stays_down() {
    let scenarios = [("together", false), ("together", true), ("apart", false), ("apart", true)];
    let scenarios = scenarios.map(|(pairs, is_down)| pair(pairs, is_down)).to_vec();
    judged("p11_the_other_end_of_a_drained_link_stays_down", scenarios, |outcome| {
        let ends = outcome.charges.iter().find(|charge| charge.rule == Rule::BothEnds);
        ends.map(|charge| charge.text.clone())
    });
}

#[test]
fn p11_connecting_is_waited_for() {
    let scenarios = ["Connecting", "AcceptingConnecting"].map(|status| {
        let world = format!("regions: [cn-shanghai]\ninterfaces:\n  - {{id: ri-a, status: {status}}}\n");
        scenario(&world, "interfaces:\n  a: {id: ri-a, status: Inactive}\n", vec![life()])
    });
    judged("p11_connecting_is_waited_for", scenarios.to_vec(), |outcome| {
        let sent = sent_at(outcome, "Deactivate ri-a").is_some();
        (!sent).then(|| "it was not waited for".to_owned()).or_else(|| anything(outcome))
    });
}

const ROLLOUT: &str = "rollout: {batch: 1, pause: 0s}\ninterfaces:\n  a: {id: ri-a, status: Inactive}\n  \
                       b: {id: ri-b, region: cn-beijing, status: Inactive}\n";

/// On the machine's clocks, in short steps.
fn real(world: &str, spec: &str, lives: Vec<Life>) -> Scenario {
    let world = world.replace("3s", "100ms");
    let mut scenario = scenario(&world, spec, lives);
    scenario.settings.poll_interval = Duration::from_millis(50);
    scenario.settings.doubt_window = Duration::from_millis(300);
    scenario.settings.settle_timeout = seconds(2);
    scenario.seams.is_real = true;
    scenario
}

#[test]
fn p13_a_wave_in_a_region_that_was_not_polled_yet() {
    let scenarios = vec![real(TWO, ROLLOUT, vec![life()]), sound::rollout()];
    judged("p13_a_wave_in_a_region_that_was_not_polled_yet", scenarios, unfinished);
}

pub(super) fn unfinished(outcome: &Outcome) -> Option<String> {
    let is_done = outcome.exits.iter().all(|exit| *exit == 0) && outcome.took[0] < seconds(60);
    (!is_done).then(|| format!("exits {:?} after {:?}", outcome.exits, outcome.took))
}

#[test]
fn p13_somebody_reactivates_what_we_took_down() {
    let scenarios =
        each(1..=5, |at| scenario(TWO, A_DOWN, vec![life()]).with(console("ri-a", Status::Active, seconds(at))));
    judged("p13_somebody_reactivates_what_we_took_down", scenarios, |outcome| {
        let took = outcome.took[0];
        (took > seconds(180)).then(|| format!("it waited {took:?}"))
    });
}

#[test]
fn p13_a_member_that_somebody_took_down_is_said() {
    let spec = A_DOWN.replace("b: {", "c: {id: ri-c, status: Active, group: g}\n  b: {");
    let world = THREE.replace("ri-c, status: Inactive", "ri-c, status: Active");
    let scenario = scenario(&world, &spec, vec![life()]).with(console("ri-b", Status::Inactive, seconds(2)));
    judged("p13_a_member_that_somebody_took_down_is_said", vec![scenario], |outcome| {
        let mut end = outcome.trace.lines().filter(|line| line.contains("Found") || line.contains(": report "));
        let is_said = end.any(|line| line.contains("\"b\""));
        (!is_said).then(|| "its going down is not said at the end".to_owned())
    });
}

#[test]
fn a_run_on_the_clocks_of_the_machine_keeps_every_promise() {
    let stalled = Life { stalls: vec![(3, Duration::from_millis(300))], ..life() };
    let scenarios = vec![
        real(ONE_UP, SWAP, vec![life()]),
        real(ONE_UP, SWAP, vec![stalled, life()]),
        real(ONE_UP, SWAP, vec![signalled(&[9]), life()]),
    ];
    judged("a_run_on_the_clocks_of_the_machine_keeps_every_promise", scenarios, anything);
}

#[test]
fn it_stands_still_on_the_clocks_of_the_machine() {
    let stalled = Life { stalls: vec![(6, Duration::from_millis(2200))], ..life() };
    judged("it_stands_still_on_the_clocks_of_the_machine", vec![real(TWO, A_DOWN, vec![stalled])], anything);
}

/// Runs that hold today without a planted defect, one for each promise that a defect on the wires can break.
pub(super) mod sound {
    use super::*;

    /// The process dies after an accepted call; reads lag.
    pub(in super::super) fn killed_after_an_accepted_call() -> Vec<Scenario> {
        each(8..=12, |effect| {
            let dies = Life { crash_at: Some(effect), torn: usize::MAX, ..life() };
            scenario(TWO, A_DOWN, vec![dies, life()]).lagging(None, 60)
        })
    }

    /// The same in the middle of a swap, and then the way back.
    pub(in super::super) fn killed_and_taken_back() -> Vec<Scenario> {
        each(14..=60, |effect| {
            let dies = Life { crash_at: Some(effect), torn: usize::MAX, ..life() };
            scenario(ONE_UP, SWAP, vec![dies, way_back()]).lagging(Some("cn-beijing"), 20)
        })
    }

    /// The first copy of a call comes after its repeat.
    pub(in super::super) fn late() -> Vec<Scenario> {
        let mut scenario = scenario(TWO, A_DOWN, vec![life()]);
        scenario.seams.tricks.late = Some((1, seconds(40)));
        vec![scenario]
    }

    pub(in super::super) fn swap() -> Vec<Scenario> {
        vec![scenario(ONE_UP, SWAP, vec![life()])]
    }

    pub(in super::super) fn undocumented() -> Vec<Scenario> {
        let fault = Fault { nth: Some(1), after_effect: Some(true), ..of(DEACTIVATE, error("RequestTimeout", 408)) };
        vec![scenario(TWO, A_DOWN, vec![life()]).with(fault)]
    }

    /// One wave here, and the next in another region.
    pub(in super::super) fn rollout() -> Scenario {
        scenario(TWO, ROLLOUT, vec![life()])
    }

    /// A signal comes before anything is sent, while the disk takes its time.
    pub(in super::super) fn signalled_at_once() -> Scenario {
        slow_and_signalled(5)
    }

    pub(in super::super) fn chain() -> Vec<Scenario> {
        vec![scenario(CHAINED, CHAIN, vec![life()])]
    }

    /// A link goes down, up and down again, and then the first of these runs is taken back.
    pub(in super::super) fn changed_since() -> Vec<Scenario> {
        let first = Life { back_by: 2, ..way_back() };
        let mut scenario = scenario(TWO, A_DOWN, vec![life(), turned(), turned(), first]);
        scenario.seams.turned = Some(format!("{HEAD}{}", A_DOWN.replace("Inactive", "Active")));
        vec![scenario]
    }

    /// Of two links one has its fibre cut, and the other shall go down.
    pub(in super::super) fn cut_fibre() -> Vec<Scenario> {
        vec![scenario(CUT_FIBRE, ONLY_ILL_STAYS, vec![life()])]
    }
}
