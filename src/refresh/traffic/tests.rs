#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;

use super::*;
use crate::cloud::traffic::ACTION;
use crate::cloud::{Effect, ErrorKind};
use crate::resource::{AccountName, Region};

/// Carries what a function says of a direction and an interface, and notes what it is asked.
struct Measured<F> {
    point: F,
    asked: RefCell<Vec<(Direction, usize)>>,
}

impl<F: Fn(Direction, &RouterInterfaceId) -> Option<(SignedDuration, u64)>> TrafficRead for Measured<F> {
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        self.asked.borrow_mut().push((direction, ids.len()));
        if scope.region.as_str() == "cn-dark" {
            return Err(CloudError::new(ErrorKind::Denied, Effect::Refused, ACTION, "no"));
        }
        let points = ids.iter().filter_map(|id| {
            let (age, bits_per_second) = (self.point)(direction, id)?;
            Some(TrafficPoint { id: id.clone(), at: now() - age, bits_per_second })
        });
        Ok(points.collect())
    }
}

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn scope(region: &str) -> Scope {
    Scope { account: AccountName::default_account(), region: Region::from(region) }
}

fn ids(count: usize) -> BTreeSet<RouterInterfaceId> {
    (0..count).map(|number| RouterInterfaceId::from(format!("ri-{number:03}"))).collect()
}

#[tokio::test(start_paused = true)]
async fn one_call_a_direction_asks_for_fifty() {
    let cloud = Measured { point: |_, _: &RouterInterfaceId| None, asked: RefCell::default() };
    traffic(&cloud, &Clock::starting_at(now()), &[(scope("cn-a"), ids(101))].into()).await;
    let mut asked = cloud.asked.take();
    asked.sort_unstable();
    let each = |direction| [(direction, 1), (direction, 50), (direction, 50)];
    assert_eq!(asked, [each(Direction::In), each(Direction::Out)].concat());
}

#[tokio::test(start_paused = true)]
async fn a_point_older_than_ten_minutes_is_none() {
    let point = |direction, id: &RouterInterfaceId| {
        let age = if id.as_str() == "ri-001" { SignedDuration::from_mins(10) } else { SignedDuration::from_secs(601) };
        Some((age, if direction == Direction::In { 5 } else { 7 }))
    };
    let cloud = Measured { point, asked: RefCell::default() };
    let found = traffic(&cloud, &Clock::starting_at(now()), &[(scope("cn-a"), ids(2))].into()).await;
    let carried = found[0].carried.as_ref().unwrap();
    assert_eq!(carried[&RouterInterfaceId::from("ri-000")], Carried::default());
    assert_eq!(carried[&RouterInterfaceId::from("ri-000")].total(), None, "not known is not nothing");
    assert_eq!(carried[&RouterInterfaceId::from("ri-001")].total(), Some(12));
}

#[tokio::test(start_paused = true)]
async fn one_direction_alone_is_no_total() {
    let point = |direction, _: &RouterInterfaceId| (direction == Direction::In).then_some((SignedDuration::ZERO, 5));
    let cloud = Measured { point, asked: RefCell::default() };
    let found = traffic(&cloud, &Clock::starting_at(now()), &[(scope("cn-a"), ids(1))].into()).await;
    let carried = found[0].carried.as_ref().unwrap()[&RouterInterfaceId::from("ri-000")];
    assert_eq!((carried.inward.unwrap().bits_per_second, carried.outward, carried.total()), (5, None, None));
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_cannot_be_read_spoils_no_other() {
    let cloud =
        Measured { point: |_, _: &RouterInterfaceId| Some((SignedDuration::ZERO, 1)), asked: RefCell::default() };
    let wanted = [(scope("cn-a"), ids(1)), (scope("cn-dark"), ids(1))].into();
    let found = traffic(&cloud, &Clock::starting_at(now()), &wanted).await;
    assert_eq!(found[0].carried.as_ref().unwrap().len(), 1);
    assert_eq!(found[1].carried.as_ref().unwrap_err().kind, ErrorKind::Denied);
}
