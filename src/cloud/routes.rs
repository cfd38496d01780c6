//! The port to route tables. What reads them has no call that changes anything.

pub mod reading;

use crate::resource::{RequestId, Route, Router};

use super::CloudError;

/// The action behind [`RoutesRead::route_tables`].
pub const TABLES_ACTION: &str = "DescribeRouteTableList";

/// The action behind [`RoutesRead::routes`].
pub const ENTRIES_ACTION: &str = "DescribeRouteEntryList";

/// The largest page that DescribeRouteTableList gives.
pub const MAX_TABLES: u32 = 50;

/// The largest page of DescribeRouteEntryList that is documented.
pub const MAX_ENTRIES: u32 = 100;

/// One page of the tables of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTablesPage {
    /// The ids of the tables, in the API's order.
    pub tables: Vec<Box<str>>,
    /// The API's count of all tables of the router.
    pub total_count: u32,
    /// The RequestId of the answer.
    pub request_id: RequestId,
}

/// One page of the entries of a table that lead over router interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutesPage {
    /// The entries, in the API's order.
    pub routes: Vec<Route>,
    /// How many entries the page lists, those included that lead over no router interface.
    pub listed: usize,
    /// The API's count of all entries that it was asked for, where it says that.
    pub total_count: Option<usize>,
    /// Where the next page begins; `None` after the last one.
    pub next_token: Option<Box<str>>,
    /// The RequestId of the answer.
    pub request_id: RequestId,
}

/// Reading route tables.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait RoutesRead {
    /// Lists one page, from 1, of the tables of a router (DescribeRouteTableList).
    async fn route_tables(&self, router: &Router, page_number: u32) -> Result<RouteTablesPage, CloudError>;

    /// Lists one page of the entries of a router's table whose next hops are router interfaces (DescribeRouteEntryList).
    async fn routes(&self, router: &Router, table: &str, next_token: Option<&str>) -> Result<RoutesPage, CloudError>;
}
