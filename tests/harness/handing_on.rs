//! Wires that watch some calls and hand on the others.

/// Implements what a run asks for beside pages by handing it on to a field.
macro_rules! hands_on_what_rides {
    ($wire:ty, $to:ident) => {
        impl rictl::cloud::traffic::TrafficRead for $wire {
            async fn traffic(
                &self,
                scope: &rictl::resource::Scope,
                direction: rictl::cloud::traffic::Direction,
                ids: &[rictl::resource::RouterInterfaceId],
            ) -> Result<Vec<rictl::cloud::traffic::TrafficPoint>, rictl::cloud::CloudError> {
                self.$to.traffic(scope, direction, ids).await
            }
        }

        impl rictl::cloud::routes::RoutesRead for $wire {
            async fn route_tables(
                &self,
                router: &rictl::resource::Router,
                page_number: u32,
            ) -> Result<rictl::cloud::routes::RouteTablesPage, rictl::cloud::CloudError> {
                self.$to.route_tables(router, page_number).await
            }

            async fn routes(
                &self,
                router: &rictl::resource::Router,
                table: &str,
                next_token: Option<&str>,
            ) -> Result<rictl::cloud::routes::RoutesPage, rictl::cloud::CloudError> {
                self.$to.routes(router, table, next_token).await
            }
        }

        impl rictl::cloud::Stamped for $wire {
            async fn takes_stamp(
                &self,
                scope: &rictl::resource::Scope,
                back: std::time::Duration,
            ) -> Result<bool, rictl::cloud::CloudError> {
                self.$to.takes_stamp(scope, back).await
            }
        }
    };
}

/// Implements reading by handing it on to a field.
macro_rules! hands_on_reads {
    ($wire:ty, $to:ident) => {
        impl rictl::cloud::CloudRead for $wire {
            async fn describe(
                &self,
                scope: &rictl::resource::Scope,
                query: &rictl::cloud::DescribeQuery,
            ) -> Result<rictl::cloud::Page, rictl::cloud::CloudError> {
                self.$to.describe(scope, query).await
            }

            async fn health(
                &self,
                scope: &rictl::resource::Scope,
                id: &rictl::resource::RouterInterfaceId,
            ) -> Result<rictl::cloud::Health, rictl::cloud::CloudError> {
                self.$to.health(scope, id).await
            }

            async fn identity(
                &self,
                account: &rictl::resource::AccountName,
            ) -> Result<rictl::cloud::Identity, rictl::cloud::CloudError> {
                self.$to.identity(account).await
            }
        }
    };
}

pub(crate) use {hands_on_reads, hands_on_what_rides};
