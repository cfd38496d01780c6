//! The refresh: what the cloud says of every declared interface, in bulk, scope by scope.
//!
//! It is handed a [`CloudRead`], so it cannot change anything. A scope that cannot be read is kept as data and never
//! read as "absent"; what its own region does not know is looked for in the other regions that the spec names.

pub mod events;
mod health;
pub mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::cloud::listing::{self, Listing, ScopeRead};
use crate::cloud::{CloudRead, ErrorKind};
use crate::resource::{Address, LiveState, Observed, Reading, RouterInterfaceId, Scope, ScopeFailure};

pub use health::health;

/// An interface to look for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its key in the spec.
    pub address: Address,
    /// Where it should be.
    pub scope: Scope,
    /// The cloud's id.
    pub id: RouterInterfaceId,
}

/// A refresh: what plans are made from, and the reads behind it, which whoever goes on need not ask for again.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// What the cloud said of every wanted interface.
    pub live: LiveState,
    /// The read of each scope that could be read.
    pub reads: Vec<ScopeRead>,
}

/// Reads every interface of `wanted`, all scopes at once.
pub async fn refresh(cloud: &impl CloudRead, clock: &Clock, wanted: &[Wanted]) -> LiveState {
    let mut read = Gathered::of(cloud, &[wanted], |_| None).await;
    let readings = read.readings(cloud, &[wanted], &[named(wanted)], moved).await.pop().unwrap_or_default();
    let live = read.live(clock, wanted, readings);
    LiveState { others: read.left_over(), ..live }
}

/// Reads a part of what a spec declares: of each scope that it names, `declared` says how many interfaces that has at least.
pub async fn refresh_part(
    cloud: &impl CloudRead,
    clock: &Clock,
    wanted: &[Wanted],
    declared: &BTreeMap<&Scope, u32>,
) -> LiveState {
    let total = |scope: &Scope| declared.get(scope).copied();
    let mut read = Gathered::of(cloud, &[wanted], total).await;
    let named = [declared.keys().copied().collect()];
    let readings = read.readings(cloud, &[wanted], &named, moved).await.pop().unwrap_or_default();
    let live = read.live(clock, wanted, readings);
    LiveState { others: read.left_over(), ..live }
}

/// Reads what each of several specs wants, every scope once for all of them, and says to each what it asked for. No two of them
/// want the same interface.
pub async fn refresh_each(cloud: &impl CloudRead, clock: &Clock, wanted: &[Vec<Wanted>]) -> Vec<LiveState> {
    let wanted: Vec<&[Wanted]> = wanted.iter().map(Vec::as_slice).collect();
    let names: Vec<BTreeSet<&Scope>> = wanted.iter().map(|wanted| named(wanted)).collect();
    let mut read = Gathered::of(cloud, &wanted, |_| None).await;
    let readings = read.readings(cloud, &wanted, &names, copied).await;
    wanted.iter().zip(readings).map(|(wanted, readings)| read.live(clock, wanted, readings)).collect()
}

/// Reads every interface of `wanted`, all scopes at once, and keeps the reads.
pub async fn read(cloud: &impl CloudRead, clock: &Clock, wanted: &[Wanted]) -> Refresh {
    let mut read = Gathered::of(cloud, &[wanted], |_| None).await;
    let readings = read.readings(cloud, &[wanted], &[named(wanted)], copied).await.pop().unwrap_or_default();
    let live = read.live(clock, wanted, readings);
    Refresh { live: LiveState { others: read.beside(), ..live }, reads: read.reads() }
}

fn named(wanted: &[Wanted]) -> BTreeSet<&Scope> {
    wanted.iter().map(|wanted| &wanted.scope).collect()
}

/// What the scopes of one or several specs said.
struct Gathered<'w> {
    begun: Instant,
    ids: BTreeMap<&'w Scope, BTreeSet<RouterInterfaceId>>,
    listings: BTreeMap<&'w Scope, Listing>,
    failures: Vec<ScopeFailure>,
}

/// How a reading comes out of a listing.
type Row = fn(&mut Listing, &RouterInterfaceId) -> Option<Observed>;

/// Takes what is known of an interface out of a listing that nobody else needs.
fn moved(listing: &mut Listing, id: &RouterInterfaceId) -> Option<Observed> {
    listing.interfaces.remove(id).map(|row| row.observed)
}

fn copied(listing: &mut Listing, id: &RouterInterfaceId) -> Option<Observed> {
    listing.interfaces.get(id).map(|row| row.observed.clone())
}

impl<'w> Gathered<'w> {
    /// Reads what is wanted; `total` says how many interfaces a scope has, as far as that is known.
    async fn of(cloud: &impl CloudRead, specs: &[&'w [Wanted]], total: impl Fn(&Scope) -> Option<u32>) -> Self {
        let begun = Instant::now();
        let mut ids: BTreeMap<&Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
        for interface in specs.iter().copied().flatten() {
            ids.entry(&interface.scope).or_default().insert(interface.id.clone());
        }
        let reads = ids.iter().map(|(scope, ids)| {
            let total = total(scope);
            async move { (*scope, listing::read(cloud, scope, ids, total).await) }
        });
        let mut listings: BTreeMap<&Scope, Listing> = BTreeMap::new();
        let mut failures = Vec::new();
        for (scope, outcome) in join_all(reads).await {
            match outcome {
                Ok(listing) => {
                    listings.insert(scope, listing);
                }
                Err(error) => {
                    let may_be_misspelt = matches!(error.kind, ErrorKind::InvalidRegion | ErrorKind::Unreachable);
                    failures.push(ScopeFailure { scope: scope.clone(), detail: error.with_hint(), may_be_misspelt });
                }
            }
        }
        Self { begun, ids, listings, failures }
    }

    /// Returns what was said of the interfaces of each spec; `named` are the scopes that each names.
    async fn readings(
        &mut self,
        cloud: &impl CloudRead,
        specs: &[&[Wanted]],
        named: &[BTreeSet<&Scope>],
        row: Row,
    ) -> Vec<BTreeMap<Address, Reading>> {
        let mut readings = Vec::new();
        let mut lost: Vec<(usize, &Wanted)> = Vec::new();
        for (number, wanted) in specs.iter().enumerate() {
            // One by one: a row that is taken out makes room for the next reading.
            let mut read = BTreeMap::new();
            for interface in *wanted {
                let reading = match self.listings.get_mut(&interface.scope) {
                    None => Reading::Unreadable,
                    Some(listing) => row(listing, &interface.id).map_or_else(
                        || {
                            lost.push((number, interface));
                            Reading::Absent
                        },
                        Reading::Found,
                    ),
                };
                read.insert(interface.address.clone(), reading);
            }
            readings.push(read);
        }
        self.search_elsewhere(cloud, named, &lost, &mut readings).await;
        readings
    }

    /// Looks for lost interfaces in the other regions of their account that their spec names. A region that cannot be asked
    /// finds nothing: the interface is absent where it was declared either way.
    async fn search_elsewhere(
        &self,
        cloud: &impl CloudRead,
        named: &[BTreeSet<&Scope>],
        lost: &[(usize, &Wanted)],
        readings: &mut [BTreeMap<Address, Reading>],
    ) {
        if lost.is_empty() {
            return;
        }
        let has_failed = |scope: &Scope| self.failures.iter().any(|failure| failure.scope == *scope);
        let scopes: BTreeSet<&Scope> = named.iter().flatten().copied().filter(|scope| !has_failed(scope)).collect();
        let may_be_in = |(spec, wanted): &(usize, &Wanted), scope: &Scope| {
            wanted.scope.account == scope.account && wanted.scope != *scope && named[*spec].contains(scope)
        };
        let searches = scopes.into_iter().map(|scope| async move {
            let lost = lost.iter().filter(|lost| may_be_in(lost, scope));
            let ids: BTreeSet<RouterInterfaceId> = lost.map(|(_, wanted)| wanted.id.clone()).collect();
            let total = self.listings.get(scope).and_then(|listing| listing.total);
            let found = listing::read(cloud, scope, &ids, total).await.unwrap_or_default();
            (scope, found.interfaces)
        });
        for (scope, found) in join_all(searches).await {
            for lost in lost.iter().filter(|lost| may_be_in(lost, scope)) {
                if let Some(row) = found.get(&lost.1.id) {
                    readings[lost.0].insert(lost.1.address.clone(), Reading::Elsewhere(row.observed.clone()));
                }
            }
        }
    }

    /// Says to one spec what is about it.
    fn live(&self, clock: &Clock, wanted: &[Wanted], readings: BTreeMap<Address, Reading>) -> LiveState {
        let named = if self.failures.is_empty() { BTreeSet::new() } else { named(wanted) };
        let failures = self.failures.iter().filter(|failure| named.contains(&failure.scope)).cloned().collect();
        LiveState { read_at: clock.now(), readings, failures, others: BTreeMap::new() }
    }

    /// Takes what nobody wanted out of listings from which everything else was taken.
    fn left_over(&mut self) -> BTreeMap<Scope, BTreeMap<RouterInterfaceId, Observed>> {
        let rows = |listing: Listing| listing.interfaces.into_iter().map(|(id, row)| (id, row.observed)).collect();
        std::mem::take(&mut self.listings).into_iter().map(|(scope, listing)| (scope.clone(), rows(listing))).collect()
    }

    /// Returns what nobody wanted.
    fn beside(&self) -> BTreeMap<Scope, BTreeMap<RouterInterfaceId, Observed>> {
        let others = |(scope, listing): (&&Scope, &Listing)| {
            let wanted = self.ids.get(*scope);
            let is_other = |id: &RouterInterfaceId| wanted.is_none_or(|wanted| !wanted.contains(id));
            let rows = listing.interfaces.iter().filter(|(id, _)| is_other(id));
            ((*scope).clone(), rows.map(|(id, row)| (id.clone(), row.observed.clone())).collect())
        };
        self.listings.iter().map(others).collect()
    }

    fn reads(self) -> Vec<ScopeRead> {
        let Self { begun, mut ids, listings, .. } = self;
        let read = |(scope, listing): (&Scope, Listing)| ScopeRead {
            scope: scope.clone(),
            ids: ids.remove(scope).unwrap_or_default(),
            begun,
            listing,
        };
        listings.into_iter().map(read).collect()
    }
}
