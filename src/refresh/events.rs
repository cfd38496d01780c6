//! Who moved an interface: the newest event that is meant, pages followed, one interface after the other, since
//! ActionTrail takes two calls a second. What is said of a scope once (no permission) is not asked for again.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::bounds;
use crate::cloud::events::{ACTION, Event, EventsQuery, EventsRead};
use crate::cloud::{CloudError, Effect, ErrorKind};
use crate::resource::{RouterInterfaceId, Scope};

/// How far back events are looked for.
pub const LONGEST_AGO: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Whose events to look for, and from when on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsWanted {
    /// Where the interface is.
    pub scope: Scope,
    /// The interface.
    pub id: RouterInterfaceId,
    /// What is older is not meant; the last 90 days at most are looked at.
    pub from: Timestamp,
}

/// What was found of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFound {
    /// Where the interface is.
    pub scope: Scope,
    /// The interface.
    pub id: RouterInterfaceId,
    /// The newest event that is meant, if there is one yet, or why that is not known.
    pub event: Result<Option<Event>, CloudError>,
}

/// Looks for the newest event of each interface up to `now` that `is_meant`; calls that failed never are.
pub async fn newest(
    cloud: &impl EventsRead,
    now: Timestamp,
    wanted: &[EventsWanted],
    is_meant: impl Fn(&RouterInterfaceId, &Event) -> bool,
) -> Vec<EventFound> {
    let mut by_scope: BTreeMap<&Scope, Vec<&EventsWanted>> = BTreeMap::new();
    wanted.iter().for_each(|one| by_scope.entry(&one.scope).or_default().push(one));
    let is_meant = &is_meant;
    let reads = by_scope.into_values().map(async |wanted| of_scope(cloud, now, wanted, is_meant).await);
    join_all(reads).await.into_iter().flatten().collect()
}

async fn of_scope(
    cloud: &impl EventsRead,
    now: Timestamp,
    wanted: Vec<&EventsWanted>,
    is_meant: &impl Fn(&RouterInterfaceId, &Event) -> bool,
) -> Vec<EventFound> {
    let mut found = Vec::new();
    let mut refusal: Option<CloudError> = None;
    for one in wanted {
        let event = match &refusal {
            Some(error) => Err(error.clone()),
            None => of_interface(cloud, now, one, is_meant).await,
        };
        refusal = event.as_ref().err().filter(|error| !error.kind.can_pass()).cloned();
        found.push(EventFound { scope: one.scope.clone(), id: one.id.clone(), event });
    }
    found
}

async fn of_interface(
    cloud: &impl EventsRead,
    now: Timestamp,
    wanted: &EventsWanted,
    is_meant: &impl Fn(&RouterInterfaceId, &Event) -> bool,
) -> Result<Option<Event>, CloudError> {
    let from = wanted.from.max(now.checked_sub(LONGEST_AGO).unwrap_or(Timestamp::MIN));
    if from >= now {
        return Ok(None);
    }
    let mut query = EventsQuery { id: wanted.id.clone(), from, to: now, next_token: None };
    let mut begun = BTreeSet::new();
    for _ in 0..bounds::EVENT_PAGES {
        let page = cloud.events(&wanted.scope, &query).await?;
        let meant = page.events.into_iter().filter(|event| event.at >= from && event.error_code.is_none());
        // Within a page the order is the API's; nothing here hangs on it.
        let newest = meant.filter(|event| is_meant(&wanted.id, event)).max_by_key(|event| event.at);
        if newest.is_some() {
            return Ok(newest);
        }
        let Some(token) = page.next_token else { return Ok(None) };
        if !begun.insert(token.clone()) {
            let message = format!("the pages of events of {} go round in a circle", wanted.id);
            return Err(CloudError::new(ErrorKind::Malformed, Effect::None, ACTION, message));
        }
        query.next_token = Some(token);
    }
    let message = format!("the events of {} take more than {} pages", wanted.id, bounds::EVENT_PAGES);
    Err(CloudError::new(ErrorKind::Malformed, Effect::None, ACTION, message))
}

#[cfg(test)]
mod tests;
