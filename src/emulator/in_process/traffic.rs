//! What CloudMonitor measured, straight from the world.

use std::collections::BTreeMap;

use super::{InProcess, unexpected};
use crate::cloud::CloudError;
use crate::cloud::traffic::{ACTION, Direction, NAMESPACE, PERIOD, TrafficPoint, TrafficRead};
use crate::emulator::answer::Answer;
use crate::emulator::request::CMS_VERSION;
use crate::resource::{RouterInterfaceId, Scope};

impl TrafficRead for InProcess {
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        let dimensions: Vec<_> = ids.iter().map(|id| serde_json::json!({"instanceId": id.as_str()})).collect();
        let parameters = BTreeMap::from([
            ("RegionId".to_owned(), scope.region.to_string()),
            ("Namespace".to_owned(), NAMESPACE.to_owned()),
            ("MetricName".to_owned(), direction.metric().to_owned()),
            ("Period".to_owned(), PERIOD.to_owned()),
            ("Dimensions".to_owned(), serde_json::Value::Array(dimensions).to_string()),
        ]);
        let (answer, request_id) = self.send(&scope.account, ACTION, CMS_VERSION, parameters).await?;
        let Answer::Metrics(page) = answer else { return Err(unexpected(ACTION, request_id)) };
        let points = page.points.into_iter().filter(|point| ids.contains(&point.id));
        Ok(points.map(|point| TrafficPoint { id: point.id, at: point.at, bits_per_second: point.value }).collect())
    }
}
