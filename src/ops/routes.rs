//! The routes that a plan has to hear of: the tables of the routers of what it deactivates, and the next hops that nobody declares.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::listing;
use crate::cloud::routes::RoutesRead;
use crate::cloud::{CloudError, CloudRead};
use crate::plan::{HopAnswer, HopRead, RouterRead, RoutesAnswer, RoutesHeard, RoutesUnread};
use crate::planner::Questions;
use crate::refresh;
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
        let mut of_account: BTreeMap<&AccountName, usize> = BTreeMap::new();
        let mut is_next = |router: &&Router| {
            let asked = of_account.entry(&router.scope.account).or_default();
            *asked += 1;
            binds || *asked <= ASKED_IN_HOPE || heard.routers.iter().any(|read| read.router.scope == router.scope)
        };
        let (known, next): (Vec<&Router>, Vec<&Router>) =
            left.iter().partition(|router| !binds && denied.contains_key(&router.scope.account));
        let next: BTreeSet<Router> = next.into_iter().filter(&mut is_next).cloned().collect();
        let refused = known.into_iter().map(|router| (router.clone(), denied[&router.scope.account].clone()));
        let refused: Vec<(Router, RoutesUnread)> = refused.collect();
        for (router, why) in refused {
            left.remove(&router);
            heard.routers.push(RouterRead { router, answer: RoutesAnswer::Unread(why) });
        }
        for read in refresh::routes::routes(cloud, &next).await {
            let answer = match read.routes {
                Ok(routes) => RoutesAnswer::Entries(routes),
                Err(error) => RoutesAnswer::Unread(why(&error)),
            };
            if let RoutesAnswer::Unread(why @ RoutesUnread::Denied { .. }) = &answer {
                denied.entry(read.router.scope.account.clone()).or_insert_with(|| why.clone());
            }
            left.remove(&read.router);
            heard.routers.push(RouterRead { router: read.router, answer });
        }
    }
    heard.hops.extend(hops(cloud, live, &questions.hops).await);
    heard.routers.sort_by(|one, other| one.router.cmp(&other.router));
    heard.hops.sort_by(|one, other| (&one.scope, &one.id).cmp(&(&other.scope, &other.id)));
}

/// Says why routes could not be read.
pub(super) fn why(error: &CloudError) -> RoutesUnread {
    RoutesUnread::from(error)
}

/// Looks at next hops: what the refresh showed beside what is declared, else what the cloud says of their ids.
async fn hops(
    cloud: &impl CloudRead,
    live: &LiveState,
    asked: &[(Scope, RouterInterfaceId)],
) -> Vec<HopRead> {
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
