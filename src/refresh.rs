//! The refresh: what the cloud says of every declared interface, in bulk, scope by scope.
//!
//! It is handed a [`CloudRead`], so it cannot change anything. A scope that cannot be read is kept as data and never
//! read as "absent"; what its own region does not know is looked for in the other regions that the spec names.

mod health;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::cloud::listing::{self, Listing, ScopeRead};
use crate::cloud::{CloudRead, ErrorKind};
use crate::resource::{Address, LiveState, Reading, RouterInterfaceId, Scope, ScopeFailure};

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
    read(cloud, clock, wanted).await.live
}

/// Reads every interface of `wanted`, all scopes at once, and keeps the reads.
pub async fn read(cloud: &impl CloudRead, clock: &Clock, wanted: &[Wanted]) -> Refresh {
    let begun = Instant::now();
    let mut by_scope: BTreeMap<&Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
    for interface in wanted {
        by_scope.entry(&interface.scope).or_default().insert(interface.id.clone());
    }
    let reads = by_scope.iter().map(|(scope, ids)| async { (*scope, listing::read(cloud, scope, ids, None).await) });
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
    let mut readings: BTreeMap<Address, Reading> = BTreeMap::new();
    let mut lost: Vec<&Wanted> = Vec::new();
    for interface in wanted {
        let reading = match listings.get(&interface.scope) {
            None => Reading::Unreadable,
            Some(listing) => match listing.interfaces.get(&interface.id) {
                Some(row) => Reading::Found(row.observed.clone()),
                None => {
                    lost.push(interface);
                    Reading::Absent
                }
            },
        };
        readings.insert(interface.address.clone(), reading);
    }
    search_elsewhere(cloud, &listings, &lost, &mut readings).await;
    let reads = listings
        .into_iter()
        .map(|(scope, listing)| ScopeRead {
            scope: scope.clone(),
            ids: by_scope.get(scope).cloned().unwrap_or_default(),
            begun,
            listing,
        })
        .collect();
    Refresh { live: LiveState { read_at: clock.now(), readings, failures }, reads }
}

/// Looks for lost interfaces in the other regions of their account. A region that cannot be asked finds nothing:
/// the interface is absent where it was declared either way.
async fn search_elsewhere(
    cloud: &impl CloudRead,
    listings: &BTreeMap<&Scope, Listing>,
    lost: &[&Wanted],
    readings: &mut BTreeMap<Address, Reading>,
) {
    let searches = listings.iter().map(|(scope, listing)| async move {
        let ids: BTreeSet<RouterInterfaceId> = lost
            .iter()
            .filter(|wanted| wanted.scope.account == scope.account && wanted.scope != **scope)
            .map(|wanted| wanted.id.clone())
            .collect();
        listing::read(cloud, scope, &ids, listing.total).await.unwrap_or_default().interfaces
    });
    for found in join_all(searches).await {
        for wanted in lost {
            if let Some(row) = found.get(&wanted.id) {
                readings.insert(wanted.address.clone(), Reading::Elsewhere(row.observed.clone()));
            }
        }
    }
}
