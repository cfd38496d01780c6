//! What CloudMonitor shows of interfaces (docs/reference/api.md#metrics): of each the newest point of the last two hours.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::World;
use super::reads::earlier;
use crate::emulator::answer::{Answer, MetricPoint, MetricPoints};
use crate::emulator::caller::Caller;
use crate::emulator::faults::Strike;
use crate::emulator::paging::Mark;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::seed::FaultKind;
use crate::resource::{RouterInterfaceId, Status};

const NAMESPACE: &str = "acs_express_connect";
const DEFAULT_LENGTH: usize = 1000;
const MAX_LENGTH: usize = 1440;
const MAX_INSTANCES: usize = 50;
const PERIODS: [&str; 4] = ["15", "60", "900", "3600"];
/// How far the "last" point of a minute's data may lie back.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(2);

#[derive(Deserialize)]
struct Dimension {
    #[serde(rename = "instanceId")]
    instance_id: Option<String>,
}

/// Lists the instances that a request names; `None` where it names none and means all.
pub(super) fn instances(request: &Request) -> Result<Option<Vec<String>>, Refusal> {
    let Some(text) = request.parameter("Dimensions").filter(|text| !text.is_empty()) else { return Ok(None) };
    let listed: Vec<Dimension> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text).map_err(|_| Refusal::bad_metric_parameter("Dimensions"))?,
        false => vec![serde_json::from_str(text).map_err(|_| Refusal::bad_metric_parameter("Dimensions"))?],
    };
    if listed.len() > MAX_INSTANCES {
        return Err(Refusal::bad_metric_parameter("Dimensions"));
    }
    Ok(listed.into_iter().map(|dimension| dimension.instance_id).collect())
}

impl World {
    /// Shows the newest point of each interface that is asked for.
    pub(super) fn metric_last(
        &self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Answer, Refusal> {
        let asked = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
        let namespace = asked("Namespace").ok_or_else(|| Refusal::bad_metric_parameter("Namespace"))?;
        let metric = asked("MetricName").ok_or_else(|| Refusal::bad_metric_parameter("MetricName"))?;
        let is_inward = match (namespace, metric) {
            (NAMESPACE, "ReceiveBandwidth") => true,
            (NAMESPACE, "TransportedBandwidth") => false,
            _ => return Err(Refusal::unknown_metric()),
        };
        let period = asked("Period").unwrap_or("60");
        if !PERIODS.contains(&period) {
            return Err(Refusal::bad_metric_parameter("Period"));
        }
        let instances = instances(request)?;
        let length = asked("Length").map_or(Some(DEFAULT_LENGTH), |text| text.parse().ok());
        let length = length.filter(|length| (1..=MAX_LENGTH).contains(length));
        let length = length.ok_or_else(|| Refusal::bad_metric_parameter("Length"))?;
        let mark = Mark::of(caller, request);
        let begin = mark.begin(request).ok_or_else(|| Refusal::bad_metric_parameter("NextToken"))?;
        let seen_at = earlier(now, strike.staleness());
        let is_asked_for = |id: &str| instances.as_ref().is_none_or(|listed| listed.iter().any(|one| one == id));
        let named = self.traffic.keys().filter(|id| period == "60" && is_asked_for(id.as_str()));
        let found: Vec<MetricPoint> = named
            .filter_map(|id| self.point(id, seen_at, is_inward).filter(|point| point.owner == caller.account))
            .collect();
        let next_token = (begin.saturating_add(length) < found.len()).then(|| mark.token(begin + length));
        let mut points: Vec<MetricPoint> = found.into_iter().skip(begin).take(length).collect();
        for (kind, target) in strike.of_reads() {
            match kind {
                FaultKind::ShortPage(missing) => points.truncate(points.len().saturating_sub(*missing)),
                FaultKind::OtherId => {
                    let struck = points.iter_mut().filter(|point| target.is_none_or(|id| *id == point.id));
                    struck.for_each(|point| point.id = RouterInterfaceId::from(format!("{}x", point.id)));
                }
                _ => {}
            }
        }
        Ok(Answer::Metrics(MetricPoints { points, period: period.into(), next_token }))
    }

    /// Returns the newest point of an interface that is seen at an instant, if that is not too old.
    fn point(&self, id: &RouterInterfaceId, seen_at: Timestamp, is_inward: bool) -> Option<MetricPoint> {
        let carried = self.traffic.get(id)?;
        let interface = self.population.get(id.as_str())?;
        let measured = earlier(earlier(seen_at, self.lag.cloud_monitor), carried.age);
        let minute = Timestamp::from_second(measured.as_second().div_euclid(60).checked_mul(60)?).ok()?;
        if seen_at.duration_since(minute) > LOOKS_BACK {
            return None;
        }
        let is_up = *interface.timeline.status_at(measured) == Status::Active;
        let value = if is_inward { carried.inward } else { carried.outward };
        Some(MetricPoint {
            id: id.clone(),
            owner: interface.owner.clone(),
            at: minute,
            value: if is_up { value } else { 0 },
        })
    }
}
