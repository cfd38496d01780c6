//! What CloudMonitor measured of interfaces.

use std::collections::BTreeMap;

use super::{Body, Client, bad_region};
use crate::alibaba::endpoint::Endpoint;
use crate::alibaba::request::{Action, Service};
use crate::alibaba::source::CredentialSource;
use crate::alibaba::wire;
use crate::bounds;
use crate::cloud::traffic::{ACTION, Direction, NAMESPACE, PERIOD, TrafficPoint, TrafficRead};
use crate::cloud::{CloudError, Effect, ErrorKind, Receipt};
use crate::resource::{RouterInterfaceId, Scope};

impl<S: CredentialSource> TrafficRead for Client<S> {
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        let endpoint = self.settings.endpoint.clone();
        let endpoint = endpoint
            .or_else(|| Endpoint::of_metrics(&scope.region, self.settings.network))
            .ok_or_else(|| bad_region(&scope.region, ACTION))?;
        let mut newest: BTreeMap<RouterInterfaceId, TrafficPoint> = BTreeMap::new();
        let mut next_token: Option<String> = None;
        for _ in 0..bounds::METRIC_PAGES {
            let action = asked(scope, direction, ids, next_token.as_deref());
            let read = |body: Body<'_>, _: Receipt| wire::traffic::points(body.bytes);
            let page = self.ask(&scope.account, &endpoint, &action, read).await?;
            // What was not asked for is nobody's business here.
            for point in page.points.into_iter().filter(|point| ids.contains(&point.id)) {
                let known = newest.entry(point.id.clone()).or_insert_with(|| point.clone());
                if known.at < point.at {
                    *known = point;
                }
            }
            match page.next_token {
                Some(token) => next_token = Some(token),
                None => return Ok(newest.into_values().collect()),
            }
        }
        let message = format!("the points of {} interfaces take more than {} pages", ids.len(), bounds::METRIC_PAGES);
        Err(CloudError::new(ErrorKind::Malformed, Effect::None, ACTION, message))
    }
}

fn asked(scope: &Scope, direction: Direction, ids: &[RouterInterfaceId], next_token: Option<&str>) -> Action {
    let dimensions: Vec<_> = ids.iter().map(|id| serde_json::json!({"instanceId": id.as_str()})).collect();
    let mut parameters = vec![
        ("RegionId".to_owned(), scope.region.to_string()),
        ("Namespace".to_owned(), NAMESPACE.to_owned()),
        ("MetricName".to_owned(), direction.metric().to_owned()),
        ("Period".to_owned(), PERIOD.to_owned()),
        ("Dimensions".to_owned(), serde_json::Value::Array(dimensions).to_string()),
    ];
    parameters.extend(next_token.map(|token| ("NextToken".to_owned(), token.to_owned())));
    Action::new(Service::CloudMonitor, ACTION, parameters)
}
