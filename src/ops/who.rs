//! `drift --who`: asks the cloud's log of calls who moved what is not where it was, and finds our own runs in the answer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::cloud::CloudError;
use crate::cloud::events::{Event, EventsPage, EventsQuery, EventsRead};
use crate::drift::{Drift, Mover, Who, WhoUnknown, can_move};
use crate::history::{self, Recorded};
use crate::language::Wording;
use crate::plan::Warning;
use crate::refresh::events::{EventsWanted, newest};
use crate::resource::{RequestId, RouterInterfaceId, Scope};
use crate::state::RunId;

use super::project::Project;

/// How many calls may be begun in [`SPAN`], wherever they go (docs/reference/api.md#trail).
const MOST: usize = 2;
const SPAN: Duration = Duration::from_secs(1);

/// The pace at which the log is asked: one for all specs and regions of a command.
#[derive(Debug, Default)]
pub struct Lookups(RefCell<VecDeque<Instant>>);

impl Lookups {
    /// Waits until one more call may be begun.
    async fn wait(&self) {
        let first = {
            let mut begun = self.0.borrow_mut();
            let first = if begun.len() >= MOST { begun.pop_front() } else { None };
            let next = first.map_or_else(Instant::now, |first| (first + SPAN).max(Instant::now()));
            begun.push_back(next);
            next
        };
        tokio::time::sleep_until(first).await;
    }
}

/// A log that is asked no faster than may be.
struct Paced<'c, C> {
    log: &'c C,
    lookups: &'c Lookups,
}

impl<C: EventsRead> EventsRead for Paced<'_, C> {
    async fn events(&self, scope: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError> {
        self.lookups.wait().await;
        self.log.events(scope, query).await
    }
}

/// Says of each finding who moved it. What cannot be told is said in a warning, and is no failure.
///
/// # Errors
/// An archive that cannot be read.
pub async fn who(
    drift: &mut Drift,
    (project, recorded): (&Project, &Recorded),
    log: &impl EventsRead,
    lookups: &Lookups,
) -> Result<()> {
    let now = drift.timestamp;
    let asked = drift.items.iter().filter(|item| item.may_have_been_moved());
    let wanted: Vec<EventsWanted> = asked
        .map(|item| EventsWanted { scope: item.scope.clone(), id: item.id.clone(), from: item.moved_after(now) })
        .collect();
    // What was made in the very moment at which the old status was seen cannot have ended it.
    let is_later = |id: &RouterInterfaceId, event: &Event| {
        wanted.iter().any(|one| one.id == *id && event.at > one.from) && can_move(&event.name)
    };
    let found = newest(&Paced { log, lookups }, now, &wanted, is_later).await;
    let mut unread: Vec<Wording> = Vec::new();
    for item in &mut drift.items {
        item.who = Some(None);
        let Some(found) = found.iter().find(|found| found.id == item.id && found.scope == item.scope) else { continue };
        match &found.event {
            Ok(Some(event)) => item.who = Some(Some(told(event, project, recorded)?)),
            Ok(None) => item.who_unknown = Some(item.nobody(now)),
            Err(error) => {
                item.who_unknown = Some(WhoUnknown::Unread);
                unread.push(error.with_hint());
            }
        }
    }
    let interfaces = u32::try_from(unread.len()).unwrap_or(u32::MAX);
    let first = unread.into_iter().next();
    drift.warnings.extend(first.map(|detail| Warning::EventsUnread { interfaces, detail }));
    Ok(())
}

/// Says who made a call: a run of ours, if its RequestId is recorded.
fn told(event: &Event, project: &Project, recorded: &Recorded) -> Result<Who> {
    if let Some(request_id) = &event.request_id
        && let Some(run) = own(request_id, event.at, project, recorded)?
    {
        return Ok(Who::Run { run });
    }
    let text = |text: &Option<Box<str>>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    let is_rictl = event.user_agent.as_deref().is_some_and(|agent| agent.starts_with("rictl/"));
    Ok(Who::Somebody(Mover {
        name: text(&event.user_name).or_else(|| text(&event.principal_id)),
        kind: text(&event.identity_type),
        event: event.name.to_string(),
        time: event.at,
        request_id: event.request_id.clone(),
        is_rictl,
    }))
}

/// Returns our run that was answered with a RequestId, by the records of interfaces first, which take no search.
fn own(request_id: &RequestId, at: Timestamp, project: &Project, recorded: &Recorded) -> Result<Option<RunId>> {
    let records = recorded.state.iter().flat_map(|state| state.interfaces.values());
    let mut actions = records.filter_map(|record| record.last_action.as_ref());
    if let Some(action) = actions.find(|action| action.request_id.as_ref() == Some(request_id)) {
        return Ok(Some(action.run_id.clone()));
    }
    let files = project.place.medium();
    Ok(history::answered_with(&files, recorded.journal.replay(), request_id, at)?)
}
