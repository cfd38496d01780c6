//! Repeated as every read is: what a plan asks of the cloud beside the interfaces themselves.

use super::{Retrying, read_may_repeat};
use crate::cloud::CloudError;
use crate::cloud::routes::{ENTRIES_ACTION, RouteTablesPage, RoutesPage, RoutesRead, TABLES_ACTION};
use crate::resource::Router;

impl<C: RoutesRead> RoutesRead for Retrying<C> {
    async fn route_tables(&self, router: &Router, page_number: u32) -> Result<RouteTablesPage, CloudError> {
        let attempt = async || {
            let _line = self.lines.take().await;
            self.inner.route_tables(router, page_number).await
        };
        self.run(&router.scope, TABLES_ACTION, None, read_may_repeat, attempt).await
    }

    async fn routes(&self, router: &Router, table: &str, next_token: Option<&str>) -> Result<RoutesPage, CloudError> {
        let attempt = async || {
            let _line = self.lines.take().await;
            self.inner.routes(router, table, next_token).await
        };
        self.run(&router.scope, ENTRIES_ACTION, None, read_may_repeat, attempt).await
    }
}
