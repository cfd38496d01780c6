//! What interfaces carry, in bulk: both directions of many, and which figure still says something of now.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::CloudError;
use super::traffic::{Direction, MAX_INSTANCES, TrafficPoint, TrafficRead};
use crate::plan::TrafficUnread;
use crate::resource::{RouterInterfaceId, Scope};

/// How old a figure may be that is taken for what is carried now: the API's "last" may be two hours old
/// (docs/reference/api.md#metrics).
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How many calls are on their way at once.
const AT_ONCE: usize = 10;

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The minute that it is of.
    pub at: Timestamp,
    /// Bits per second.
    pub bits_per_second: u64,
}

/// The newest figures of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Towards its router; `None` where none is kept.
    pub inward: Option<Rate>,
    /// From its router, likewise.
    pub outward: Option<Rate>,
}

impl Carried {
    /// Returns what of it still says something at `now`.
    #[must_use]
    pub fn fresh(self, now: Timestamp) -> Self {
        self.since(now.checked_sub(FRESH_FOR).unwrap_or(Timestamp::MIN))
    }

    /// Returns what of it was measured at `earliest` or later.
    #[must_use]
    pub fn since(self, earliest: Timestamp) -> Self {
        let kept = |rate: Option<Rate>| rate.filter(|rate| rate.at >= earliest);
        Self { inward: kept(self.inward), outward: kept(self.outward) }
    }

    /// Returns what is known of both directions, in bits per second: in, out.
    pub fn rates(self) -> (Option<u64>, Option<u64>) {
        let told = |rate: Option<Rate>| rate.map(|rate| rate.bits_per_second);
        (told(self.inward), told(self.outward))
    }

    /// Returns both directions together, in bits per second, where both are known.
    pub fn total(&self) -> Option<u64> {
        Some(self.inward?.bits_per_second.saturating_add(self.outward?.bits_per_second))
    }
}

impl From<&CloudError> for TrafficUnread {
    fn from(error: &CloudError) -> Self {
        let detail = error.with_hint();
        match error.kind {
            super::ErrorKind::Denied => Self::Denied { detail },
            _ => Self::Failed { detail },
        }
    }
}

/// Asks for the newest figures of interfaces of a scope, both directions, as few calls as that takes. One without any is not
/// in the answer.
///
/// # Errors
/// The first call that failed.
pub async fn carried(
    cloud: &impl TrafficRead,
    scope: &Scope,
    ids: &[RouterInterfaceId],
) -> Result<BTreeMap<RouterInterfaceId, Carried>, CloudError> {
    let mut known: BTreeMap<RouterInterfaceId, Carried> = BTreeMap::new();
    let calls: Vec<(Direction, &[RouterInterfaceId])> =
        ids.chunks(MAX_INSTANCES).flat_map(|ids| [(Direction::In, ids), (Direction::Out, ids)]).collect();
    for calls in calls.chunks(AT_ONCE) {
        let asked = calls.iter().map(|(direction, ids)| cloud.traffic(scope, *direction, ids));
        for ((direction, _), points) in calls.iter().zip(join_all(asked).await) {
            for TrafficPoint { id, at, bits_per_second } in points? {
                let carried = known.entry(id).or_default();
                let figure = match direction {
                    Direction::In => &mut carried.inward,
                    Direction::Out => &mut carried.outward,
                };
                if figure.is_none_or(|known| known.at <= at) {
                    *figure = Some(Rate { at, bits_per_second });
                }
            }
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::cloud::{Effect, ErrorKind};

    /// Answers with what it was given, and counts the calls.
    #[derive(Default)]
    struct Meter {
        asked: RefCell<Vec<usize>>,
        points: Vec<(Direction, TrafficPoint)>,
        refuses: bool,
    }

    impl TrafficRead for Meter {
        async fn traffic(
            &self,
            _scope: &Scope,
            direction: Direction,
            ids: &[RouterInterfaceId],
        ) -> Result<Vec<TrafficPoint>, CloudError> {
            self.asked.borrow_mut().push(ids.len());
            if self.refuses {
                return Err(CloudError::new(ErrorKind::Denied, Effect::None, "DescribeMetricLast", "no"));
            }
            let own = self.points.iter().filter(|(way, point)| *way == direction && ids.contains(&point.id));
            Ok(own.map(|(_, point)| point.clone()).collect())
        }
    }

    fn scope() -> Scope {
        Scope { account: crate::resource::AccountName::default_account(), region: "cn-shanghai".into() }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn ask(meter: &Meter, ids: &[RouterInterfaceId]) -> Result<BTreeMap<RouterInterfaceId, Carried>, CloudError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(carried(meter, &scope(), ids))
    }

    #[test]
    fn fifty_interfaces_are_asked_for_at_once_in_each_direction() {
        let meter = Meter::default();
        let ids: Vec<RouterInterfaceId> = (0..120).map(|number| format!("ri-{number}").as_str().into()).collect();
        assert_eq!(ask(&meter, &ids), Ok(BTreeMap::new()));
        assert_eq!(meter.asked.into_inner(), [50, 50, 50, 50, 20, 20]);
    }

    #[test]
    fn the_newest_of_several_points_counts() {
        let point = |minute, bits_per_second| {
            (Direction::In, TrafficPoint { id: "ri-a".into(), at: at(minute), bits_per_second })
        };
        let meter = Meter { points: vec![point(1, 10), point(3, 30), point(2, 20)], ..Meter::default() };
        let flow = ask(&meter, &["ri-a".into()]).unwrap()[&RouterInterfaceId::from("ri-a")];
        assert_eq!(flow, Carried { inward: Some(Rate { at: at(3), bits_per_second: 30 }), outward: None });
    }

    #[test]
    fn a_figure_of_more_than_ten_minutes_ago_says_nothing_of_now() {
        let figure = |minute| Some(Rate { at: at(minute), bits_per_second: 7 });
        let flow = Carried { inward: figure(10), outward: figure(9) };
        assert_eq!(flow.fresh(at(20)).rates(), (Some(7), None));
        assert_eq!(Carried::default().fresh(at(20)).rates(), (None, None), "never 0");
    }

    #[test]
    fn what_may_not_be_asked_is_an_error() {
        let meter = Meter { refuses: true, ..Meter::default() };
        let error = ask(&meter, &["ri-a".into()]).unwrap_err();
        assert!(matches!(TrafficUnread::from(&error), TrafficUnread::Denied { .. }));
    }
}
