#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::collections::VecDeque;

use super::*;
use crate::cloud::events::EventsPage;
use crate::resource::{AccountName, Region};

struct Scripted {
    pages: RefCell<VecDeque<Result<EventsPage, CloudError>>>,
    asked: RefCell<Vec<EventsQuery>>,
}

impl EventsRead for Scripted {
    async fn events(&self, _: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError> {
        self.asked.borrow_mut().push(query.clone());
        self.pages.borrow_mut().pop_front().unwrap()
    }
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

fn event(name: &str, minutes: i64, error_code: Option<&str>) -> Event {
    Event {
        name: name.into(),
        at: ago(minutes),
        request_id: None,
        error_code: error_code.map(Box::from),
        identity_type: None,
        principal_id: None,
        user_name: None,
        user_agent: None,
        source_ip: None,
    }
}

fn page(events: Vec<Event>, next_token: Option<&str>) -> Result<EventsPage, CloudError> {
    Ok(EventsPage { events, next_token: next_token.map(Box::from) })
}

fn wanted(id: &str, minutes: i64) -> EventsWanted {
    let scope = Scope { account: AccountName::default_account(), region: Region::from("cn-a") };
    EventsWanted { scope, id: id.into(), from: ago(minutes) }
}

async fn look(
    pages: impl IntoIterator<Item = Result<EventsPage, CloudError>>,
    wanted: &[EventsWanted],
) -> (Vec<Result<Option<String>, ErrorKind>>, Vec<EventsQuery>) {
    let cloud = Scripted { pages: RefCell::new(pages.into_iter().collect()), asked: RefCell::default() };
    let found = newest(&cloud, now(), wanted, |_, event| &*event.name != "Rename").await;
    let told = |found: EventFound| {
        found.event.map(|event| event.map(|event| event.name.to_string())).map_err(|error| error.kind)
    };
    (found.into_iter().map(told).collect(), cloud.asked.take())
}

#[tokio::test]
async fn the_newest_successful_write_is_found() {
    let events = vec![
        event("Rename", 1, None),
        event("Refused", 2, Some("IncorrectRIStatus")),
        event("Down", 3, None),
        event("Up", 4, None),
    ];
    let (found, asked) = look([page(events, Some("more"))], &[wanted("ri-1", 60)]).await;
    assert_eq!(found, [Ok(Some("Down".to_owned()))]);
    assert_eq!((asked.len(), asked[0].from, asked[0].to), (1, ago(60), now()));
}

#[tokio::test]
async fn pages_are_followed_until_one_is_meant() {
    let pages = [
        page(vec![event("Rename", 1, None)], Some("a")),
        page(vec![], Some("b")),
        page(vec![event("Down", 9, None)], None),
    ];
    let (found, asked) = look(pages, &[wanted("ri-1", 60)]).await;
    assert_eq!(found, [Ok(Some("Down".to_owned()))]);
    let tokens: Vec<Option<&str>> = asked.iter().map(|query| query.next_token.as_deref()).collect();
    assert_eq!(tokens, [None, Some("a"), Some("b")]);
}

#[tokio::test]
async fn what_is_older_than_asked_for_is_not_meant() {
    let (found, _) = look([page(vec![event("Down", 61, None)], None)], &[wanted("ri-1", 60)]).await;
    assert_eq!(found, [Ok(None)]);
}

#[tokio::test]
async fn ninety_days_are_looked_at_and_no_future() {
    let (_, asked) = look([page(vec![], None)], &[wanted("ri-1", 200 * 24 * 60), wanted("ri-2", -5)]).await;
    assert_eq!(asked.len(), 1, "nothing can be newer than now");
    assert_eq!(asked[0].from, now() - LONGEST_AGO);
}

#[tokio::test]
async fn a_scope_that_may_not_be_asked_is_asked_once() {
    let denied = Err(CloudError::new(ErrorKind::Denied, Effect::Refused, ACTION, "no"));
    let (found, asked) = look([denied], &[wanted("ri-1", 60), wanted("ri-2", 60)]).await;
    assert_eq!((found, asked.len()), (vec![Err(ErrorKind::Denied), Err(ErrorKind::Denied)], 1));
}

#[tokio::test]
async fn pages_in_a_circle_are_an_error() {
    let pages = [page(vec![], Some("a")), page(vec![], Some("a"))];
    let (found, _) = look(pages, &[wanted("ri-1", 60)]).await;
    assert_eq!(found, [Err(ErrorKind::Malformed)]);
}
