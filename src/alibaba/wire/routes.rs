//! Route tables and their entries. What a verdict over a route hangs on must be there: a next hop of which the answer
//! does not say whether it is available is an error, never a guess. Field names: docs/reference/api.md#route-entries.

use serde::Deserialize;
use serde::de::Error as _;

use super::{Loose, said};
use crate::cloud::RequestId;
use crate::cloud::routes::{RouteTablesPage, RoutesPage};
use crate::resource::{NextHop, Route, Router, RouterInterfaceId};

/// The NextHopType of what this crate is about.
pub(in crate::alibaba) const ROUTER_INTERFACE: &str = "RouterInterface";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tables {
    total_count: Loose,
    router_table_list: TableList,
}

#[derive(Deserialize)]
struct TableList {
    #[serde(rename = "RouterTableListType")]
    tables: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    route_table_id: Option<Loose>,
    router_id: Option<Loose>,
}

/// Reads one page of the tables of a router. One that is another router's proves that the filter was ignored.
pub(in crate::alibaba) fn tables(
    body: &[u8],
    router: &Router,
    request_id: RequestId,
) -> Result<RouteTablesPage, serde_json::Error> {
    let page: Tables = serde_json::from_slice(body)?;
    let total_count = page.total_count.0.parse().map_err(|_| serde_json::Error::custom("TotalCount is no count"))?;
    let mut tables = Vec::with_capacity(page.router_table_list.tables.len());
    for table in page.router_table_list.tables {
        if let Some(other) = said(table.router_id).filter(|other| *other != *router.id) {
            return Err(serde_json::Error::custom(format_args!(
                "a table of router {other:?}, which was not asked for"
            )));
        }
        let id = said(table.route_table_id).ok_or_else(|| serde_json::Error::custom("a table without RouteTableId"))?;
        tables.push(id.into());
    }
    Ok(RouteTablesPage { tables, total_count, request_id })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entries {
    route_entrys: EntryList,
    total_count: Option<Loose>,
    next_token: Option<Loose>,
}

#[derive(Deserialize)]
struct EntryList {
    #[serde(rename = "RouteEntry")]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    route_table_id: Option<Loose>,
    destination_cidr_block: Option<Loose>,
    next_hops: HopList,
}

#[derive(Deserialize)]
struct HopList {
    #[serde(rename = "NextHop")]
    hops: Vec<Hop>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hop {
    next_hop_id: Option<Loose>,
    next_hop_type: Option<Loose>,
    enabled: Option<Loose>,
    weight: Option<Loose>,
}

/// Reads one page of the entries of `table`. Entries without a router interface among their next hops are left out.
pub(in crate::alibaba) fn entries(
    body: &[u8],
    table: &str,
    request_id: RequestId,
) -> Result<RoutesPage, serde_json::Error> {
    let page: Entries = serde_json::from_slice(body)?;
    let count = said(page.total_count).map(|count| count.parse());
    let total_count = count.transpose().map_err(|_| serde_json::Error::custom("TotalCount is no count"))?;
    let (mut routes, listed) = (Vec::new(), page.route_entrys.entries.len());
    for entry in page.route_entrys.entries {
        let route = route(entry, table)?;
        if !route.next_hops.is_empty() {
            routes.push(route);
        }
    }
    Ok(RoutesPage { routes, listed, total_count, next_token: said(page.next_token).map(Box::from), request_id })
}

fn route(entry: Entry, table: &str) -> Result<Route, serde_json::Error> {
    if let Some(other) = said(entry.route_table_id).filter(|other| other != table) {
        return Err(serde_json::Error::custom(format_args!("an entry of table {other:?}, which was not asked for")));
    }
    let prefix = said(entry.destination_cidr_block)
        .ok_or_else(|| serde_json::Error::custom("an entry without DestinationCidrBlock"))?;
    let next_hops = entry.next_hops.hops.into_iter().filter_map(|hop| next_hop(hop, &prefix).transpose());
    Ok(Route { table: table.into(), next_hops: next_hops.collect::<Result<_, _>>()?, prefix: prefix.into() })
}

/// Reads a next hop; `None` for one that is no router interface.
fn next_hop(hop: Hop, prefix: &str) -> Result<Option<NextHop>, serde_json::Error> {
    let lacks = |field: &str| serde_json::Error::custom(format_args!("a next hop of {prefix:?} without {field}"));
    let kind = said(hop.next_hop_type).ok_or_else(|| lacks("NextHopType"))?;
    if !kind.eq_ignore_ascii_case(ROUTER_INTERFACE) {
        return Ok(None);
    }
    let id = said(hop.next_hop_id).ok_or_else(|| lacks("NextHopId"))?;
    let enabled = said(hop.enabled).ok_or_else(|| lacks("Enabled"))?;
    let is_enabled = match enabled.to_ascii_lowercase().as_str() {
        "1" | "true" => true,
        "0" | "false" => false,
        _ => return Err(serde_json::Error::custom(format_args!("a next hop of {prefix:?} with Enabled {enabled:?}"))),
    };
    let weight = said(hop.weight).map(|text| {
        text.parse()
            .map_err(|_| serde_json::Error::custom(format_args!("a next hop of {prefix:?} with Weight {text:?}")))
    });
    Ok(Some(NextHop { id: RouterInterfaceId::from(id), is_enabled, weight: weight.transpose()? }))
}

#[cfg(test)]
mod tests;
