//! Repeated as every read is: what a plan asks of the cloud beside the interfaces themselves.

use super::{Retrying, read_may_repeat};
use crate::cloud::CloudError;
use crate::cloud::events::{self, EventsPage, EventsQuery, EventsRead};
use crate::cloud::routes::{ENTRIES_ACTION, RouteTablesPage, RoutesPage, RoutesRead, TABLES_ACTION};
use crate::cloud::traffic::{self, Direction, TrafficPoint, TrafficRead};
use crate::resource::{Router, RouterInterfaceId, Scope};

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

impl<C: TrafficRead> TrafficRead for Retrying<C> {
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        let attempt = async || {
            let _line = self.lines.take().await;
            self.inner.traffic(scope, direction, ids).await
        };
        self.run(scope, traffic::ACTION, None, read_may_repeat, attempt).await
    }
}

impl<C: EventsRead> EventsRead for Retrying<C> {
    async fn events(&self, scope: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError> {
        let attempt = async || {
            let _line = self.lines.take().await;
            self.inner.events(scope, query).await
        };
        self.run(scope, events::ACTION, None, read_may_repeat, attempt).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::cell::RefCell;
    use std::time::Duration;

    use futures_util::future::join_all;
    use jiff::Timestamp;
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::cloud::{Effect, ErrorKind};
    use crate::resource::{AccountName, Region};
    use crate::retry::{Policy, Quota};

    /// A trail that takes its time, and refuses as the real one does what comes too fast.
    #[derive(Default)]
    struct Trail(RefCell<Vec<Instant>>);

    impl EventsRead for Trail {
        async fn events(&self, _: &Scope, _: &EventsQuery) -> Result<EventsPage, CloudError> {
            let now = Instant::now();
            let recent = self.0.borrow().iter().filter(|at| now - **at < Duration::from_secs(1)).count();
            if recent >= 2 {
                return Err(CloudError::new(ErrorKind::Throttled, Effect::None, events::ACTION, "too fast"));
            }
            self.0.borrow_mut().push(now);
            sleep(Duration::from_millis(70)).await;
            Ok(EventsPage { events: vec![], next_token: None })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_looked_up_twice_a_second_however_large_the_quota() {
        let cloud = Retrying::new(Trail::default(), Policy::default(), Quota::default(), 1);
        let scope = Scope { account: AccountName::default_account(), region: Region::from("cn-a") };
        let query = EventsQuery { id: "ri-1".into(), from: Timestamp::MIN, to: Timestamp::MAX, next_token: None };
        let begun = Instant::now();
        let outcomes = join_all((0..20).map(|_| cloud.events(&scope, &query))).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(cloud.inner().0.borrow().len(), 20, "none was refused");
        assert!(begun.elapsed() < Duration::from_secs(15), "and no time was lost: {:?}", begun.elapsed());
    }

    #[test]
    fn only_two_actions_have_quotas_of_their_own() {
        let of = |action| Quota::of_action(action).map(|quota| (quota.limit.get(), quota.window));
        assert_eq!(of("LookupEvents"), Some((2, Duration::from_secs(1))));
        assert_eq!(of("DescribeMetricLast"), Some((50, Duration::from_secs(1))));
        assert_eq!(of("DescribeRouteEntryList"), None);
    }
}
