//! The world: plain data and a state machine. No clock, no task, no file in here.
//!
//! [`World::handle`] answers one request at one instant. The only things that it changes are the timelines of the
//! interfaces that the request was allowed to change (each change is an [`Event`] in the `Reply`) and the traffic
//! counters: quota meters, fault numbers, [`Counts`]. What a read shows is a function of world and time.
//! `world/handle` says which action does what,
//! `world/reads` what reads show, `world/change` what Activate and Deactivate move, and `world/life` what all other calls do.

mod change;
mod events;
mod handle;
mod life;
mod metrics;
mod reads;
mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::accounts::{AccessKey, account_seeds, accounts};
use super::answer::Answer;
use super::caller::{Caller, Issued};
use super::describe::MAX_FILTER_VALUES;
use super::faults::Schedule;
use super::interface::{Interface, Surroundings, later, populate};
use super::population::Population;
use super::quota::Quota;
use super::refusal::Refusal;
use super::request::ACTIONS;
use super::routes::Tables;
use super::seed::{
    ConsoleSeed, ErrorCodes, Fault, FaultKind, InactiveNextHops, Lag, LatencyTail, MetadataSeed, Pairs, QuotaKind,
    Secret, SeedError, Settle, TrafficSeed, WorldSeed,
};
use super::sts;
use super::timeline::Event;
use super::trail::{CONSOLE, Deed, TrailRow};
use crate::resource::{AccountId, Region, RouterInterfaceId, Status};

const DEFAULT_REGION: &str = "cn-hangzhou";

/// How often one action was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All calls.
    pub received: u64,
    /// Those that changed something.
    pub mutated: u64,
    /// Those that got an error.
    pub refused: u64,
    /// Those of them that met the quota.
    pub over_quota: u64,
    /// How many interfaces listings had to look at: what they cost, whatever the machine.
    pub looked_at: u64,
}

/// An emulated cloud.
#[derive(Clone, Debug)]
pub struct World {
    latest: Timestamp,
    error_codes: ErrorCodes,
    latency: Duration,
    latency_tail: Option<LatencyTail>,
    /// How many answers were given.
    answers: u64,
    max_filter_values: usize,
    pairs: Pairs,
    /// How long transitions take of interfaces that are made here.
    settle: Settle,
    metadata: MetadataSeed,
    main_account: AccountId,
    accounts: BTreeMap<AccountId, Vec<String>>,
    keys: BTreeMap<String, AccessKey>,
    regions: BTreeSet<Region>,
    /// Where interfaces are of which nothing says so.
    unsaid_region: Option<Region>,
    population: Population,
    tables: Tables,
    inactive_next_hops: InactiveNextHops,
    traffic: BTreeMap<RouterInterfaceId, TrafficSeed>,
    lag: Lag,
    /// Who did what, in the order in which it was noted.
    trail: Vec<TrailRow>,
    /// By account, action and ClientToken: what was asked for, and what was answered.
    tokens: BTreeMap<(AccountId, String, String), (String, Answer)>,
    faults: Schedule,
    quota: Quota,
    counts: BTreeMap<(AccountId, Region, String), Counts>,
}

impl World {
    /// Builds the world that a seed describes, as it is at `epoch`.
    ///
    /// # Errors
    ///
    /// Every contradiction in the seed.
    pub fn new(seed: WorldSeed, epoch: Timestamp) -> Result<Self, SeedError> {
        let mut problems = Vec::new();
        let account_seeds = account_seeds(seed.account, seed.accounts, &mut problems);
        let main_account = account_seeds[0].id.clone();
        let account_ids: BTreeSet<AccountId> = account_seeds.iter().map(|account| account.id.clone()).collect();
        if seed.quota.limit == 0 || seed.quota.window.is_zero() {
            problems.push("a quota needs a limit of at least 1 and a window (or kind: unlimited)".to_owned());
        }
        if seed.quota.burst.is_some_and(|burst| burst == 0 || seed.quota.kind != QuotaKind::Bucket) {
            problems.push("a burst is of `kind: bucket`, and at least 1".to_owned());
        }
        if seed.max_filter_values == Some(0) || seed.latency_tail.is_some_and(|tail| tail.every == 0) {
            problems.push("max_filter_values and latency_tail.every are at least 1".to_owned());
        }
        let default_region = seed.regions.first().cloned().unwrap_or_else(|| Region::from(DEFAULT_REGION));
        let is_nowhere = seed.interfaces.iter().any(|interface| interface.region.is_none());
        let unsaid_region = (seed.regions.is_empty() && is_nowhere).then(|| default_region.clone());
        let around = Surroundings {
            accounts: &account_ids,
            main_account: &main_account,
            default_region: &default_region,
            settle: seed.settle,
            epoch,
        };
        let interfaces = populate(seed.interfaces, &around, &mut problems);
        let tables = Tables::new(seed.routes, &interfaces, &mut problems);
        let (accounts, keys) = accounts(account_seeds, &mut problems);
        let regions = regions(seed.regions, &interfaces);
        let mut world = Self {
            latest: epoch,
            error_codes: seed.error_codes,
            latency: seed.latency,
            latency_tail: seed.latency_tail,
            answers: 0,
            max_filter_values: seed.max_filter_values.unwrap_or(MAX_FILTER_VALUES),
            pairs: seed.pairs,
            settle: seed.settle,
            metadata: seed.metadata,
            accounts,
            keys,
            regions,
            unsaid_region,
            population: Population::new(interfaces, epoch),
            tables,
            inactive_next_hops: seed.inactive_next_hops,
            traffic: seed.traffic,
            lag: seed.lag,
            trail: Vec::new(),
            tokens: BTreeMap::new(),
            faults: Schedule::default(),
            quota: Quota::new(seed.quota),
            counts: BTreeMap::new(),
            main_account,
        };
        let strangers = world.traffic.keys().filter(|id| world.population.get(id.as_str()).is_none());
        problems.extend(strangers.map(|id| format!("traffic names interface {id}, which the world does not have")));
        if let Err(SeedError::Contradictions(more)) = world.add_faults(seed.faults, epoch) {
            problems.extend(more);
        }
        if problems.is_empty() { Ok(world) } else { Err(SeedError::Contradictions(problems)) }
    }

    /// Returns where interfaces are that name no region, in a world that names none either.
    pub fn unsaid_region(&self) -> Option<&Region> {
        self.unsaid_region.as_ref()
    }

    /// Adds faults; what a third party does at a time is written down at once, counted from `now`.
    ///
    /// # Errors
    ///
    /// Everything that a fault names and the world does not have; then nothing is added.
    pub fn add_faults(&mut self, faults: Vec<Fault>, now: Timestamp) -> Result<Vec<Event>, SeedError> {
        let problems: Vec<String> = faults.iter().flat_map(|fault| self.strangers_in(fault)).collect();
        if !problems.is_empty() {
            return Err(SeedError::Contradictions(problems));
        }
        let mut events = Vec::new();
        for fault in &faults {
            if let FaultKind::Console(flip @ ConsoleSeed { at: Some(at), .. }) = &fault.fault {
                events.extend(self.flip(now, later(now, *at), flip));
            }
        }
        self.faults.add(faults);
        Ok(events)
    }

    /// Says what a fault names that the world does not have, so that a slip of the pen is not a fault that never strikes.
    fn strangers_in(&self, fault: &Fault) -> Vec<String> {
        let flipped = if let FaultKind::Console(flip) = &fault.fault { Some(&flip.interface) } else { None };
        let interfaces = fault.interface.iter().chain(flipped).filter(|id| self.population.get(id.as_str()).is_none());
        let regions = fault.region.iter().filter(|region| !self.regions.contains(*region));
        let accounts = fault.account.iter().filter(|account| !self.accounts.contains_key(*account));
        let actions = fault.action.iter().filter(|action| !ACTIONS.contains(&action.as_str()));
        interfaces
            .map(|id| format!("interface {id}"))
            .chain(regions.map(|region| format!("region {region}")))
            .chain(accounts.map(|account| format!("account {account}")))
            .chain(actions.map(|action| format!("action {action}")))
            .map(|what| format!("a fault names {what}, which the world does not have"))
            .collect()
    }

    /// Lists the regions that exist.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.regions.iter()
    }

    /// Returns the account of callers and interfaces that name none.
    pub fn main_account(&self) -> &AccountId {
        &self.main_account
    }

    /// Returns the first key of an account, for a client that runs beside the emulator.
    pub fn credentials_of(&self, account: &AccountId) -> Option<(&str, &Secret)> {
        let found = self.keys.iter().find(|(_, key)| key.caller.account == *account)?;
        Some((found.0.as_str(), &found.1.secret))
    }

    /// Returns the first key of each account, as [`World::credentials_of`] does for one.
    pub fn credentials(&self) -> BTreeMap<&AccountId, (&str, &Secret)> {
        let mut first = BTreeMap::new();
        for (id, key) in &self.keys {
            first.entry(&key.caller.account).or_insert((id.as_str(), &key.secret));
        }
        first
    }

    /// Returns the settings of the metadata service.
    pub fn metadata(&self) -> &MetadataSeed {
        &self.metadata
    }

    /// Issues what the machine's role gets from the metadata service.
    pub fn machine_credentials(&self, now: Timestamp, salt: &str) -> Issued {
        let expires = now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
        sts::issue(&self.main_account, &self.metadata.role, "machine", expires, salt)
    }

    /// Finds out who a key belongs to, and what it signs with.
    pub(super) fn identify(
        &self,
        now: Timestamp,
        access_key_id: &str,
        token: Option<&str>,
    ) -> Result<(Caller, String), Refusal> {
        if let Some(temporary) = sts::redeem(now, access_key_id, token)? {
            return Ok(temporary);
        }
        let key = self.keys.get(access_key_id).ok_or_else(Refusal::unknown_access_key)?;
        if token.is_some_and(|token| !token.is_empty()) {
            return Err(Refusal::token_of_another_key());
        }
        Ok((key.caller.clone(), key.secret.expose().to_owned()))
    }

    /// Returns the caller that a key of the world stands for.
    pub fn caller(&self, access_key_id: &str) -> Option<Caller> {
        self.keys.get(access_key_id).map(|key| key.caller.clone())
    }

    /// Returns the true status of an interface; `None` once it is gone.
    pub fn status(&self, id: &RouterInterfaceId, now: Timestamp) -> Option<&Status> {
        let status = self.population.get(id.as_str())?.timeline.status_at(now);
        (*status != Status::Deleted).then_some(status)
    }

    /// Returns every interface's true status.
    pub fn statuses(&self, now: Timestamp) -> BTreeMap<RouterInterfaceId, Status> {
        let all = self.population.iter();
        all.map(|interface| (interface.facts.id.clone(), interface.timeline.status_at(now).clone())).collect()
    }

    /// Returns whose status turned when, after `from` and up to `until`: what was cancelled before its time is not among it.
    pub fn turns(&self, from: Timestamp, until: Timestamp) -> BTreeMap<Timestamp, Vec<RouterInterfaceId>> {
        let mut turns: BTreeMap<Timestamp, Vec<RouterInterfaceId>> = BTreeMap::new();
        for interface in self.population.iter() {
            for at in interface.timeline.turns().filter(|at| *at > from && *at <= until) {
                turns.entry(at).or_default().push(interface.facts.id.clone());
            }
        }
        turns
    }

    /// Returns how often each action was called, per account and region, by this process.
    pub fn counts(&self) -> &BTreeMap<(AccountId, Region, String), Counts> {
        &self.counts
    }

    /// Returns how often an action was called in all accounts and regions.
    pub fn count(&self, action: &str) -> Counts {
        let matching = self.counts.iter().filter(|((_, _, name), _)| name == action);
        matching.fold(Counts::default(), |sum, (_, counts)| Counts {
            received: sum.received + counts.received,
            mutated: sum.mutated + counts.mutated,
            refused: sum.refused + counts.refused,
            over_quota: sum.over_quota + counts.over_quota,
            looked_at: sum.looked_at + counts.looked_at,
        })
    }

    /// Does what a third party does: sets a status at `at`, which is `now` or later.
    fn flip(&mut self, now: Timestamp, at: Timestamp, flip: &ConsoleSeed) -> Option<Event> {
        let interface = self.population.get(flip.interface.as_str())?;
        let deed = Deed::of_console(&interface.owner, &interface.facts.region, flip.by.as_deref());
        let event = Event {
            moments: interface.moments_from(at, flip.status.clone(), false, None),
            deed: Some(Box::new(deed)),
            ..Event::of(&flip.interface, CONSOLE, now)
        };
        self.replay(&event)?;
        Some(event)
    }

    /// Writes down what a log says has happened.
    pub(super) fn replay(&mut self, event: &Event) -> Option<()> {
        self.latest = self.latest.max(event.at);
        if let Some(seed) = &event.became {
            let region = seed.region.clone().unwrap_or_else(|| Region::from(DEFAULT_REGION));
            let interface = Interface::of_log((**seed).clone(), &self.main_account, &region);
            self.population.put(interface, event.at);
        }
        if !event.moments.is_empty() {
            self.population.write(&event.interface, &event.moments)?;
        }
        if event.unrouted {
            self.tables.remove(&event.interface);
        }
        self.remember(event);
        self.note(event);
        Some(())
    }
}

/// Returns the regions that are listed or lived in; there is always one.
fn regions(listed: Vec<Region>, interfaces: &[Interface]) -> BTreeSet<Region> {
    let mut regions: BTreeSet<Region> = listed.into_iter().collect();
    regions.extend(interfaces.iter().map(|interface| interface.facts.region.clone()));
    if regions.is_empty() {
        regions.insert(Region::from(DEFAULT_REGION));
    }
    regions
}
