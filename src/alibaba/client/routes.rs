//! The route tables of a router, and the entries of a table that lead over router interfaces.

use super::{Body, Client};
use crate::alibaba::request::{Action, Service};
use crate::alibaba::source::CredentialSource;
use crate::alibaba::wire;
use crate::cloud::routes::{
    ENTRIES_ACTION, MAX_ENTRIES, MAX_TABLES, RouteTablesPage, RoutesPage, RoutesRead, TABLES_ACTION,
};
use crate::cloud::{CloudError, Receipt};
use crate::resource::Router;

impl<S: CredentialSource> RoutesRead for Client<S> {
    async fn route_tables(&self, router: &Router, page_number: u32) -> Result<RouteTablesPage, CloudError> {
        let parameters = vec![
            ("RegionId".to_owned(), router.scope.region.to_string()),
            ("RouterType".to_owned(), router.asked_as().to_owned()),
            ("RouterId".to_owned(), router.id.to_string()),
            ("PageNumber".to_owned(), page_number.to_string()),
            ("PageSize".to_owned(), MAX_TABLES.to_string()),
        ];
        let action = Action::new(Service::Vpc, TABLES_ACTION, parameters);
        let endpoint = self.endpoint_of(&router.scope.region, TABLES_ACTION)?;
        let read = |body: Body<'_>, receipt: Receipt| wire::routes::tables(body.bytes, router, receipt.request_id);
        self.ask(&router.scope.account, &endpoint, &action, read).await
    }

    async fn routes(&self, router: &Router, table: &str, next_token: Option<&str>) -> Result<RoutesPage, CloudError> {
        let mut parameters = vec![
            ("RegionId".to_owned(), router.scope.region.to_string()),
            ("RouteTableId".to_owned(), table.to_owned()),
            // Left out it would mean Instance, and the answer would be empty (docs/reference/api.md#route-entries).
            ("NextHopType".to_owned(), wire::routes::ROUTER_INTERFACE.to_owned()),
            ("MaxResult".to_owned(), MAX_ENTRIES.to_string()),
        ];
        parameters.extend(next_token.map(|token| ("NextToken".to_owned(), token.to_owned())));
        let action = Action::new(Service::Vpc, ENTRIES_ACTION, parameters);
        let endpoint = self.endpoint_of(&router.scope.region, ENTRIES_ACTION)?;
        let read = |body: Body<'_>, receipt: Receipt| wire::routes::entries(body.bytes, table, receipt.request_id);
        self.ask(&router.scope.account, &endpoint, &action, read).await
    }
}
