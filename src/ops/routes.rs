//! The routes that a plan has to hear of: the tables of the routers of what it deactivates, and the next hops that nobody declares.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::CloudRead;
use crate::cloud::listing;
use crate::cloud::routes::{RoutesRead, reading};
use crate::plan::{HopAnswer, HopRead, RouterRead, RoutesAnswer, RoutesHeard, RoutesUnread};
use crate::planner::Questions;
use crate::resource::{AccountName, LiveState, Router, RouterInterfaceId, Scope};

/// How many routers of an account are asked at once although it may not be allowed to ask.
const ASKED_IN_HOPE: usize = 8;

/// Gives every question for routers and next hops an answer. Where an answer binds nobody, an account that is not allowed to ask
/// is soon asked no more.
pub(super) async fn hear(
    cloud: &(impl CloudRead + RoutesRead),
    live: &LiveState,
    questions: &Questions,
    (binds, heard): (bool, &mut RoutesHeard),
) {
    let mut left: BTreeSet<Router> = questions.routers.iter().cloned().collect();
    let mut denied: BTreeMap<AccountName, RoutesUnread> = BTreeMap::new();
    while !left.is_empty() {
        let mut asked: BTreeMap<AccountName, usize> = BTreeMap::new();
        let mut next: BTreeSet<Router> = BTreeSet::new();
        for router in std::mem::take(&mut left) {
            let account = &router.scope.account;
            if let Some(why) = denied.get(account).filter(|_| !binds) {
                let answer = RoutesAnswer::Unread(why.clone());
                heard.routers.push(RouterRead { router, answer });
                continue;
            }
            let has_been_let = heard.routers.iter().any(|read| read.router.scope.account == *account);
            let number = asked.entry(account.clone()).or_default();
            *number += 1;
            if binds || has_been_let || *number <= ASKED_IN_HOPE {
                next.insert(router);
            } else {
                left.insert(router);
            }
        }
        for read in reading::routes(cloud, &next).await {
            let answer = match read.routes {
                Ok(routes) => RoutesAnswer::Entries(routes),
                Err(error) => RoutesAnswer::Unread(RoutesUnread::from(&error)),
            };
            if let RoutesAnswer::Unread(why @ RoutesUnread::Denied { .. }) = &answer {
                denied.entry(read.router.scope.account.clone()).or_insert_with(|| why.clone());
            }
            heard.routers.push(RouterRead { router: read.router, answer });
        }
    }
    heard.hops.extend(hops(cloud, live, &questions.hops).await);
    heard.routers.sort_by(|one, other| one.router.cmp(&other.router));
    heard.hops.sort_by(|one, other| (&one.scope, &one.id).cmp(&(&other.scope, &other.id)));
}

/// Looks at next hops: what the refresh showed beside what is declared, else what the cloud says of their ids.
async fn hops(cloud: &impl CloudRead, live: &LiveState, asked: &[(Scope, RouterInterfaceId)]) -> Vec<HopRead> {
    let mut read = Vec::with_capacity(asked.len());
    let mut unseen: BTreeMap<&Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
    for (scope, id) in asked {
        match live.others.get(scope).and_then(|others| others.get(id)) {
            Some(observed) => {
                let answer = HopAnswer::of(Some(observed));
                read.push(HopRead { id: id.clone(), scope: scope.clone(), answer });
            }
            None => {
                unseen.entry(scope).or_default().insert(id.clone());
            }
        }
    }
    for (scope, ids) in unseen {
        let listing = listing::read(cloud, scope, &ids, None).await;
        read.extend(ids.into_iter().map(|id| {
            let row = |listing: &listing::Listing| HopAnswer::of(listing.interfaces.get(&id).map(|row| &row.observed));
            let answer = listing.as_ref().map_or(HopAnswer::Unreadable, row);
            HopRead { id, scope: scope.clone(), answer }
        }));
    }
    read
}
