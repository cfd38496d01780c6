//! Retries and quotas around any cloud: policy here, classification in the [`CloudError`]s.
//!
//! A read is repeated when repeating may help. A mutating call is sent once: whatever its failure, what has to be true at
//! the moment of sending is for the caller to check again. Every wait ends: attempts are counted, time is bounded,
//! and a budget per account and region keeps a dead one from being asked over and over. Randomness comes from a seed
//! and time from tokio, so that a simulation replays byte for byte.

mod gate;
mod lines;
mod neighbours;
mod quota;
mod reads;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

pub use neighbours::Place;
pub use quota::Quota;

use self::gate::{Fate, Gate, LONGEST_PAUSE, Slot};
use self::lines::Lines;
use self::neighbours::{Neighbours, Street};
use crate::cloud::{
    Call, Cloud, CloudError, CloudRead, DescribeQuery, ErrorKind, HEALTH_ACTION, Health, Identity, LISTING_ACTION,
    Mutation, Page, Permit, Receipt, Stamped,
};
use crate::dice::Dice;
use crate::language::{Wording, say, worded};
use crate::resource::{AccountName, Region, RouterInterfaceId, Scope};

/// How often and how long a call is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The most attempts of a call whose failures may pass by themselves.
    pub attempts: u32,
    /// The most attempts of a read whose answers cannot be read: a portal rarely goes away.
    pub malformed_attempts: u32,
    /// The most attempts of a call that is throttled, which costs patience but no harm.
    pub throttled_attempts: u32,
    /// The longest first wait; each further one may be twice as long.
    pub first_delay: Duration,
    /// The longest of all waits.
    pub longest_delay: Duration,
    /// No attempt starts after this much time in attempts and waits, those that the API asked for apart.
    pub patience: Duration,
    /// How many repeats an account and region has to spend; a success earns one back.
    pub budget: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 5,
            malformed_attempts: 3,
            throttled_attempts: 10,
            first_delay: Duration::from_millis(300),
            longest_delay: Duration::from_secs(5),
            patience: Duration::from_secs(20),
            budget: 20,
        }
    }
}

/// A cloud whose calls are repeated by a [`Policy`] and kept within a [`Quota`], for all tasks that share it.
///
/// The vendor counts per main account. Two account names that lead to the same one are counted apart here, unless they are counted
/// [beside others](Self::beside_others); what that lets through, throttled answers teach.
#[derive(Debug)]
pub struct Retrying<C> {
    inner: C,
    policy: Policy,
    quota: Quota,
    gates: RefCell<BTreeMap<(Scope, &'static str), Rc<Gate>>>,
    budgets: RefCell<BTreeMap<Scope, u32>>,
    /// What the listings were throttled with last that are still waited for.
    waits: RefCell<BTreeMap<Scope, Wording>>,
    lines: Lines,
    dice: Cell<Dice>,
    /// Where other processes of this host are met.
    street: Option<Rc<Street>>,
    waits_unseen: bool,
}

impl<C> Retrying<C> {
    /// Wraps a cloud. Equal seeds draw equal delays.
    pub fn new(inner: C, policy: Policy, quota: Quota, seed: u64) -> Self {
        Self {
            inner,
            policy,
            quota,
            gates: RefCell::default(),
            budgets: RefCell::default(),
            waits: RefCell::default(),
            lines: Lines::new(),
            dice: Cell::new(Dice::new(seed)),
            street: None,
            waits_unseen: false,
        }
    }

    /// Says nothing of the throttling that it waits out: nobody waits with it.
    #[must_use]
    pub fn unseen(self) -> Self {
        Self { waits_unseen: true, ..self }
    }

    /// Counts the calls of other processes that meet at `place` as well, and lets them count ours.
    #[must_use]
    pub fn beside_others(self, place: Place) -> Self {
        Self { street: Some(Rc::new(Street::new(place))), ..self }
    }

    /// Returns the wrapped cloud.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    /// Runs `attempt` until it succeeds, fails in a way that `may_repeat` excludes, or nothing is left to spend. The first
    /// attempt takes `slot`, if there is one.
    async fn run<T>(
        &self,
        scope: &Scope,
        action: &'static str,
        mut slot: Option<Slot>,
        may_repeat: fn(&CloudError) -> bool,
        attempt: impl AsyncFn() -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        let gate = self.gate(scope, action);
        let (mut failures, mut throttled, mut spent) = (0, 0, Duration::ZERO);
        loop {
            let mut slot = match slot.take() {
                Some(slot) => slot,
                None => gate.enter().await,
            };
            let sent = Instant::now();
            slot.fate = Fate::Used;
            let outcome = attempt().await;
            slot.fate = fate(&outcome);
            drop(slot);
            let error = match outcome {
                Ok(value) => {
                    gate.accepted();
                    self.earn(scope);
                    return Ok(value);
                }
                Err(error) => error,
            };
            let attempts = failures + throttled + 1;
            if error.kind == ErrorKind::Throttled {
                throttled += 1;
                // Even a call that is not repeated teaches the others to wait.
                let pause = gate.throttled(sent, error.retry_after);
                // Of a call that is not repeated here, whoever sent it tells.
                if let Some(pause) = pause.filter(|_| may_repeat(&error) && !self.waits_unseen)
                    && let Some(said) = told_of_wait(scope, pause, &error, attempts)
                {
                    warn!("{said}");
                }
                if !may_repeat(&error) || throttled >= self.policy.throttled_attempts {
                    return Err(given_up(error, attempts));
                }
                if action == LISTING_ACTION {
                    self.waits.borrow_mut().insert(scope.clone(), Wording::new(|| error.to_string()));
                }
                continue;
            }
            failures += 1;
            spent += sent.elapsed();
            let told = error.retry_after.map(|told| told.min(LONGEST_PAUSE));
            let delay = told.unwrap_or_else(|| self.backoff(failures));
            spent += if told.is_some() { Duration::ZERO } else { delay };
            let exhausted = failures >= self.attempts(error.kind) || spent > self.policy.patience;
            if !may_repeat(&error) || exhausted || !self.spend(scope) {
                return Err(given_up(error, attempts));
            }
            debug!("{action} in {scope} failed, waiting {:.1} s (attempt {attempts})", delay.as_secs_f64());
            sleep(delay).await;
        }
    }

    fn gate(&self, scope: &Scope, action: &'static str) -> Rc<Gate> {
        let mut gates = self.gates.borrow_mut();
        let quota = Quota::of_action(action).unwrap_or(self.quota);
        let new = || {
            // Whose account it is asks another service, before anybody knows whom to count with.
            let street = self.street.as_ref().filter(|_| action != IDENTITY_ACTION);
            Rc::new(Gate::new(quota, street.map(|street| Neighbours::of(street, scope, action, quota))))
        };
        Rc::clone(gates.entry((scope.clone(), action)).or_insert_with(new))
    }

    fn attempts(&self, kind: ErrorKind) -> u32 {
        match kind {
            ErrorKind::Malformed => self.policy.malformed_attempts,
            _ => self.policy.attempts,
        }
    }

    /// Draws a wait between nothing and the exponential bound, so that calls that failed together come back apart.
    fn backoff(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let bound = self.policy.first_delay.saturating_mul(1 << doublings).min(self.policy.longest_delay);
        bound.mul_f64(self.draw())
    }

    /// Draws from [0, 1).
    fn draw(&self) -> f64 {
        let mut dice = self.dice.get();
        let drawn = dice.fraction();
        self.dice.set(dice);
        drawn
    }

    fn spend(&self, scope: &Scope) -> bool {
        let mut budgets = self.budgets.borrow_mut();
        let left = budgets.entry(scope.clone()).or_insert(self.policy.budget);
        let can_pay = *left > 0;
        *left = left.saturating_sub(1);
        can_pay
    }

    fn earn(&self, scope: &Scope) {
        if let Some(left) = self.budgets.borrow_mut().get_mut(scope) {
            *left = left.saturating_add(1).min(self.policy.budget);
        }
    }
}

/// Waits after a first one that are shorter are not worth a line.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// Says that a throttled call waits: at first with the API's own words, then only of what is worth it.
fn told_of_wait(scope: &Scope, pause: Duration, error: &CloudError, attempts: u32) -> Option<Wording> {
    let (action, wait) = (error.action, format!("{:.1}", pause.as_secs_f64()));
    let said =
        worded!("{action} in {scope} throttled, waiting {wait} s (attempt {attempts})", action, scope, wait, attempts);
    match attempts {
        1 => Some(worded!("{said}: {error}", said, error)),
        _ => (pause >= LONG_WAIT).then_some(said),
    }
}

const IDENTITY_ACTION: &str = "GetCallerIdentity";

impl<C: CloudRead> CloudRead for Retrying<C> {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        let attempt = async || {
            let _line = self.lines.take().await;
            self.inner.describe(scope, query).await
        };
        let page = self.run(scope, LISTING_ACTION, None, read_may_repeat, attempt).await;
        self.waits.borrow_mut().remove(scope);
        page
    }

    fn waits_because(&self, scope: &Scope) -> Option<Wording> {
        self.waits.borrow().get(scope).cloned()
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        let attempt = async || {
            let _line = self.lines.take().await;
            self.inner.health(scope, id).await
        };
        self.run(scope, HEALTH_ACTION, None, read_may_repeat, attempt).await
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        // The service has no region.
        let scope = Scope { account: account.clone(), region: Region::from("STS") };
        let attempt = async || self.inner.identity(account).await;
        let identity = self.run(&scope, IDENTITY_ACTION, None, read_may_repeat, attempt).await?;
        if let Some(street) = &self.street {
            street.know(account, &identity.account_id);
        }
        Ok(identity)
    }
}

impl<C: Stamped> Stamped for Retrying<C> {
    async fn takes_stamp(&self, scope: &Scope, back: Duration) -> Result<bool, CloudError> {
        let attempt = async || self.inner.takes_stamp(scope, back).await;
        self.run(scope, LISTING_ACTION, None, read_may_repeat, attempt).await
    }
}

impl<C: Cloud> Cloud for Retrying<C> {
    async fn permit(&self, scope: &Scope, call: Call) -> Permit {
        self.lines.begin_to_act();
        Permit::holding(self.gate(scope, call.action()).enter().await)
    }

    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        let terms = permit.terms();
        let attempt = async || self.inner.call(scope, call, Permit::free().under(terms)).await;
        self.run(scope, call.call().action(), permit.take(), |_| false, attempt).await
    }
}

fn read_may_repeat(error: &CloudError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Unreachable
            | ErrorKind::Interrupted
            | ErrorKind::Unavailable
            | ErrorKind::Throttled
            | ErrorKind::Malformed
            | ErrorKind::NonceUsed
    )
}

/// Returns what an attempt has made of its slot: what never left was not counted.
fn fate<T>(outcome: &Result<T, CloudError>) -> Fate {
    match outcome.as_ref().map_err(|error| error.kind) {
        Err(ErrorKind::Unreachable | ErrorKind::TooLate) => Fate::Unused,
        Err(ErrorKind::Throttled | ErrorKind::Interrupted) => Fate::Used,
        _ => Fate::LetThrough,
    }
}

fn given_up(error: CloudError, attempts: u32) -> CloudError {
    if attempts == 1 {
        return error;
    }
    let message = Wording::new(|| {
        let said = error.message.told();
        let said = said.strip_suffix('.').unwrap_or(said);
        say!("{said} (gave up after {attempts} attempts)", said, attempts)
    });
    CloudError { message, ..error }
}

#[cfg(test)]
mod tests;
