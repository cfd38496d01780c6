//! The route tables, straight from the world.

use std::collections::BTreeMap;

use super::{InProcess, unexpected};
use crate::cloud::CloudError;
use crate::cloud::routes::{
    ENTRIES_ACTION, MAX_ENTRIES, MAX_TABLES, RouteTablesPage, RoutesPage, RoutesRead, TABLES_ACTION,
};
use crate::emulator::answer::{Answer, RouteRow};
use crate::emulator::request::VPC_VERSION;
use crate::emulator::seed::NextHopKind;
use crate::resource::{NextHop, Route, Router, RouterInterfaceId};

impl RoutesRead for InProcess {
    async fn route_tables(&self, router: &Router, page_number: u32) -> Result<RouteTablesPage, CloudError> {
        let parameters = BTreeMap::from([
            ("RegionId".to_owned(), router.scope.region.to_string()),
            ("RouterType".to_owned(), router.asked_as().to_owned()),
            ("RouterId".to_owned(), router.id.to_string()),
            ("PageNumber".to_owned(), page_number.to_string()),
            ("PageSize".to_owned(), MAX_TABLES.to_string()),
        ]);
        let (answer, request_id) = self.send(&router.scope.account, TABLES_ACTION, VPC_VERSION, parameters).await?;
        let Answer::RouteTables(page) = answer else { return Err(unexpected(TABLES_ACTION, request_id)) };
        Ok(RouteTablesPage {
            tables: page.tables.into_iter().map(|table| table.id).collect(),
            total_count: u32::try_from(page.total_count).unwrap_or(u32::MAX),
            request_id,
        })
    }

    async fn routes(&self, router: &Router, table: &str, next_token: Option<&str>) -> Result<RoutesPage, CloudError> {
        let mut parameters = BTreeMap::from([
            ("RegionId".to_owned(), router.scope.region.to_string()),
            ("RouteTableId".to_owned(), table.to_owned()),
            ("NextHopType".to_owned(), "RouterInterface".to_owned()),
            ("MaxResult".to_owned(), MAX_ENTRIES.to_string()),
        ]);
        parameters.extend(next_token.map(|token| ("NextToken".to_owned(), token.to_owned())));
        let (answer, request_id) = self.send(&router.scope.account, ENTRIES_ACTION, VPC_VERSION, parameters).await?;
        let Answer::RouteEntries(page) = answer else { return Err(unexpected(ENTRIES_ACTION, request_id)) };
        Ok(RoutesPage {
            listed: page.rows.len(),
            total_count: Some(page.total_count),
            routes: page.rows.into_iter().map(route).collect(),
            next_token: page.next_token.map(Box::from),
            request_id,
        })
    }
}

fn route(row: RouteRow) -> Route {
    let interfaces = row.next_hops.into_iter().filter(|hop| hop.kind == NextHopKind::RouterInterface);
    let next_hops = interfaces.map(|hop| NextHop {
        id: RouterInterfaceId::from(hop.id.into_string()),
        is_enabled: hop.is_enabled.unwrap_or_default(),
        weight: hop.weight.map(u32::from),
    });
    Route { table: row.table, prefix: row.prefix, next_hops: next_hops.collect() }
}
