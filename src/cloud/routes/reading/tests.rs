#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::collections::VecDeque;

use super::*;
use crate::cloud::RequestId;
use crate::cloud::routes::{RouteTablesPage, RoutesPage};
use crate::resource::{AccountName, NextHop, Region, Scope};

/// What a cloud answers, in the order in which it is asked, and what it was asked.
#[derive(Default)]
struct Scripted {
    tables: RefCell<VecDeque<Result<RouteTablesPage, CloudError>>>,
    entries: RefCell<VecDeque<Result<RoutesPage, CloudError>>>,
    asked: RefCell<Vec<String>>,
}

impl RoutesRead for Scripted {
    async fn route_tables(&self, router: &Router, page_number: u32) -> Result<RouteTablesPage, CloudError> {
        self.asked.borrow_mut().push(format!("tables of {} page {page_number}", router.id));
        self.tables.borrow_mut().pop_front().unwrap()
    }

    async fn routes(&self, _: &Router, table: &str, next_token: Option<&str>) -> Result<RoutesPage, CloudError> {
        self.asked.borrow_mut().push(format!("{table} from {}", next_token.unwrap_or("the start")));
        self.entries.borrow_mut().pop_front().unwrap()
    }
}

fn router(id: &str) -> Router {
    let scope = Scope { account: AccountName::default_account(), region: Region::from("cn-shanghai") };
    Router { scope, id: id.into(), kind: None }
}

fn tables_page(tables: &[&str], total_count: u32) -> Result<RouteTablesPage, CloudError> {
    let tables = tables.iter().map(|table| Box::from(*table)).collect();
    Ok(RouteTablesPage { tables, total_count, request_id: RequestId("R".into()) })
}

fn route_to(prefix: &str) -> Route {
    let next_hops = vec![NextHop { id: "ri-1".into(), is_enabled: true, weight: None }];
    Route { table: "vtb-1".into(), prefix: prefix.into(), next_hops }
}

fn entries_page(prefixes: &[&str], next_token: Option<&str>) -> Result<RoutesPage, CloudError> {
    let routes = prefixes.iter().map(|prefix| route_to(prefix)).collect();
    Ok(RoutesPage {
        routes,
        listed: prefixes.len(),
        total_count: None,
        next_token: next_token.map(Box::from),
        request_id: RequestId("R".into()),
    })
}

fn expired() -> Result<RoutesPage, CloudError> {
    Err(CloudError::new(ErrorKind::CursorExpired, Effect::Refused, ENTRIES_ACTION, "expired"))
}

impl Scripted {
    fn of(
        tables: impl IntoIterator<Item = Result<RouteTablesPage, CloudError>>,
        entries: impl IntoIterator<Item = Result<RoutesPage, CloudError>>,
    ) -> Self {
        Self {
            tables: RefCell::new(tables.into_iter().collect()),
            entries: RefCell::new(entries.into_iter().collect()),
            asked: RefCell::default(),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

async fn read(cloud: &Scripted) -> Result<Vec<String>, CloudError> {
    let mut reads = routes(cloud, &[router("vrt-1")].into()).await;
    let read = reads.remove(0);
    read.routes.map(|routes| routes.iter().map(|route| route.prefix.to_string()).collect())
}

#[tokio::test]
async fn one_call_lists_the_tables_and_one_each_of_them() {
    let cloud = Scripted::of(
        [tables_page(&["vtb-1", "vtb-2"], 2)],
        [entries_page(&["10.8.0.0/16"], None), entries_page(&[], None)],
    );
    assert_eq!(read(&cloud).await.unwrap(), ["10.8.0.0/16"]);
    assert_eq!(cloud.asked(), ["tables of vrt-1 page 1", "vtb-1 from the start", "vtb-2 from the start"]);
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let cloud = Scripted::of(
        [tables_page(&["vtb-1"], 2), tables_page(&["vtb-2"], 2)],
        [
            entries_page(&["10.1.0.0/16"], Some("a")),
            entries_page(&["10.2.0.0/16"], None),
            entries_page(&[], Some("b")),
            entries_page(&["10.3.0.0/16"], None),
        ],
    );
    let mut found = read(&cloud).await.unwrap();
    found.sort();
    assert_eq!(found, ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]);
    assert!(cloud.asked().contains(&"tables of vrt-1 page 2".to_owned()));
}

#[tokio::test]
async fn an_expired_token_begins_the_table_anew() {
    let cloud = Scripted::of(
        [tables_page(&["vtb-1"], 1)],
        [
            entries_page(&["10.1.0.0/16"], Some("a")),
            expired(),
            entries_page(&["10.1.0.0/16"], Some("b")),
            entries_page(&["10.2.0.0/16"], None),
        ],
    );
    assert_eq!(read(&cloud).await.unwrap(), ["10.1.0.0/16", "10.2.0.0/16"], "nothing twice");
    assert_eq!(cloud.asked()[1..], ["vtb-1 from the start", "vtb-1 from a", "vtb-1 from the start", "vtb-1 from b"]);
}

#[tokio::test]
async fn tokens_that_always_expire_are_an_error() {
    let once = || [entries_page(&[], Some("a")), expired()];
    let cloud = Scripted::of([tables_page(&["vtb-1"], 1)], [once(), once(), once()].into_iter().flatten());
    assert_eq!(read(&cloud).await.unwrap_err().kind, ErrorKind::CursorExpired);
}

#[tokio::test]
async fn pages_in_a_circle_are_an_error() {
    let cloud = Scripted::of(
        [tables_page(&["vtb-1"], 1)],
        [entries_page(&[], Some("a")), entries_page(&[], Some("b")), entries_page(&[], Some("a"))],
    );
    let error = read(&cloud).await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.english()),
        (ErrorKind::Malformed, "the pages of vtb-1 go round in a circle")
    );
}

#[tokio::test]
async fn tables_that_are_not_as_many_as_counted_are_listed_again() {
    let cloud = Scripted::of(
        [tables_page(&["vtb-1"], 2), tables_page(&["vtb-1"], 2), tables_page(&["vtb-1"], 1)],
        [entries_page(&["10.1.0.0/16"], None)],
    );
    assert_eq!(read(&cloud).await.unwrap(), ["10.1.0.0/16"]);
    let always = || [tables_page(&["vtb-1"], 2), tables_page(&[], 2)];
    let cloud = Scripted::of([always(), always(), always()].into_iter().flatten(), []);
    let error = read(&cloud).await.unwrap_err();
    assert_eq!(error.message.english(), "vrt-1 lists another number of route tables than it counts");
}

#[tokio::test]
async fn a_router_that_cannot_be_read_spoils_no_other() {
    let denied = || Err(CloudError::new(ErrorKind::Denied, Effect::Refused, TABLES_ACTION, "no"));
    let cloud = Scripted::of([denied(), tables_page(&["vtb-1"], 1)], [entries_page(&["10.1.0.0/16"], None)]);
    let reads = routes(&cloud, &[router("vrt-1"), router("vrt-2")].into()).await;
    assert_eq!(reads[0].routes.as_ref().unwrap_err().kind, ErrorKind::Denied);
    assert_eq!((&*reads[1].router.id, reads[1].routes.as_ref().unwrap().len()), ("vrt-2", 1));
}

#[tokio::test]
async fn more_tables_than_a_router_can_have_are_an_error() {
    let many: Vec<String> = (0..=bounds::ROUTE_TABLES).map(|number| format!("vtb-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let cloud = Scripted::of([tables_page(&many, 1001)], []);
    assert_eq!(read(&cloud).await.unwrap_err().message.english(), "vrt-1 has more than 1,000 route tables");
}

#[tokio::test]
async fn a_table_that_lists_fewer_entries_than_it_counts_is_not_believed() {
    let short = || entries_page(&["10.8.0.0/16"], None).map(|page| RoutesPage { total_count: Some(2), ..page });
    let cloud = Scripted::default();
    cloud.tables.borrow_mut().push_back(tables_page(&["vtb-1"], 1));
    cloud.entries.borrow_mut().extend([short(), short(), short()]);
    let error = of(&cloud, &router("vrt-1")).await.unwrap_err();
    assert!(error.to_string().contains("another number of entries than it counts"), "{error}");
}
