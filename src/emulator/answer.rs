//! What a call gets: the API's answer, how much of it arrives, and what has changed.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::caller::{Caller, Issued};
use super::details::Details;
use super::refusal::Refusal;
use super::seed::NextHopKind;
use super::timeline::Event;
use super::trail::TrailRows;
use crate::resource::{AccountId, HealthCheckStatus, Observed, Region, RouterInterfaceId};

/// What a call gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the API says.
    pub answer: Answer,
    /// How much of that reaches the caller.
    pub delivery: Delivery,
    /// How long it takes.
    pub latency: Duration,
    /// What changed, to be written down before the answer leaves.
    pub events: Vec<Event>,
}

/// What the API says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No.
    Refused(Refusal),
    /// Yes; the status moves later.
    Accepted,
    /// CreateRouterInterface: yes.
    Created {
        /// The new interface.
        id: RouterInterfaceId,
        /// The order, of a prepaid one.
        order: Option<u64>,
    },
    /// ModifyRouterInterfaceSpec: yes, to this size.
    Resized(String),
    /// ListTagResourcesForExpressConnect.
    Tags(TagRows),
    /// DescribeRouterInterfaces.
    Listing(Listing),
    /// DescribeRouterInterfaceAttribute; an unknown id gets an empty object.
    Attribute(Option<Box<Row>>),
    /// DescribeRouteTableList.
    RouteTables(RouteTables),
    /// DescribeRouteEntryList.
    RouteEntries(RouteRows),
    /// DescribeMetricLast.
    Metrics(MetricPoints),
    /// LookupEvents.
    Events(TrailRows),
    /// DescribeRegions.
    Regions(Vec<Region>),
    /// GetCallerIdentity.
    Identity(Caller),
    /// AssumeRole, AssumeRoleWithOIDC.
    Credentials(Box<Issued>),
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The page.
    pub rows: Vec<Row>,
    /// Its number, from 1.
    pub page_number: usize,
    /// How many rows a page has.
    pub page_size: usize,
    /// How many rows all pages have.
    pub total_count: usize,
}

/// One interface as a read shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is, statuses of both sides included.
    pub observed: Observed,
    /// Its account.
    pub owner: AccountId,
    /// Its resource group.
    pub resource_group: Option<Box<str>>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What its health check says.
    pub health: HealthCheckStatus,
    /// What else the API tells of it.
    pub details: Details,
    /// When it first was Active; `None` while it never was.
    pub connected: Option<Timestamp>,
    /// When it last became another, or was made.
    pub modified: Timestamp,
    /// The other side's size.
    pub opposite_specification: Option<Box<str>>,
}

/// One page of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRows {
    /// The page.
    pub rows: Vec<TagRow>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// One tag of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// The interface.
    pub id: RouterInterfaceId,
    /// The tag's key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// One page of route tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTables {
    /// The page.
    pub tables: Vec<RouteTable>,
    /// Its number, from 1.
    pub page_number: usize,
    /// How many tables a page has.
    pub page_size: usize,
    /// How many tables all pages have.
    pub total_count: usize,
}

/// One route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// Its id.
    pub id: Box<str>,
    /// The router that it belongs to.
    pub router: Box<str>,
    /// `VRouter` or `VBR`.
    pub router_type: Box<str>,
    /// The VPC of a VRouter.
    pub vpc: Option<Box<str>>,
    /// Whether it is the router's own table, and not one that somebody added.
    pub is_system: bool,
    /// Its account.
    pub owner: AccountId,
}

/// One page of the entries of a route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRows {
    /// The page.
    pub rows: Vec<RouteRow>,
    /// How many entries all pages have.
    pub total_count: usize,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// One entry as a read shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRow {
    /// The table that it stands in.
    pub table: Box<str>,
    /// The destination.
    pub prefix: Box<str>,
    /// Whether that is of IPv6.
    pub is_ipv6: bool,
    /// Where it leads.
    pub next_hops: Vec<RouteHop>,
}

/// One next hop as a read shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteHop {
    /// What it is.
    pub id: Box<str>,
    /// What kind of thing it is.
    pub kind: NextHopKind,
    /// Whether the route is available over it; told of router interfaces only.
    pub is_enabled: Option<bool>,
    /// Its weight, where the entry has one.
    pub weight: Option<u8>,
    /// The region of a router interface.
    pub region: Option<Region>,
    /// The router behind a router interface: id, type, region.
    pub behind: Option<(Box<str>, Box<str>, Region)>,
}

/// One page of points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPoints {
    /// The page.
    pub points: Vec<MetricPoint>,
    /// The period that was asked for, in seconds.
    pub period: Box<str>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPoint {
    /// The interface.
    pub id: RouterInterfaceId,
    /// Its account.
    pub owner: AccountId,
    /// The minute.
    pub at: Timestamp,
    /// Bits per second.
    pub value: u64,
}

/// How an answer reaches the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As it is.
    Whole,
    /// Not at all: the connection is cut.
    Dropped,
    /// Never.
    Hung,
    /// One byte at a time, this far apart.
    Slow(Duration),
    /// Half of the body, then the connection is cut.
    Truncated,
    /// Bytes without a meaning instead of it.
    Garbage,
    /// An HTML page with this status instead of it.
    Html(u16),
    /// No body.
    EmptyBody,
    /// `{}`.
    EmptyObject,
    /// This many bytes instead of it.
    Huge(u64),
    /// A redirect instead of it.
    Redirect,
}
