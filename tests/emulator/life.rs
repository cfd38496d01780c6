//! The rest of an interface's life: made, connected, altered, tagged, deleted; at the world and over HTTP.

mod calls;
mod statuses;
mod tokens;
mod whole;

use jiff::Timestamp;
use rictl::emulator::{Answer, Reply, World};

use super::support::{REGION, request, send};

/// A border router's side and a VPC's side that name each other and are not connected yet.
pub(crate) const UNCONNECTED: &str = "
regions: [cn-shanghai, cn-beijing]
interfaces:
  - {id: ri-i, status: Idle, role: InitiatingSide, router: vbr-1, opposite: ri-a}
  - {id: ri-a, status: Idle, role: AcceptingSide, router: vrt-1, specification: Negative}
";

/// What Create needs of a VPC's initiating side.
pub(crate) const PLAIN: [(&str, &str); 6] = [
    ("RegionId", REGION),
    ("Role", "InitiatingSide"),
    ("RouterType", "VRouter"),
    ("RouterId", "vrt-new"),
    ("Spec", "Small.1"),
    ("OppositeRegionId", "cn-beijing"),
];

/// What Create needs of a link that connects by itself.
pub(crate) const FAST: [(&str, &str); 11] = [
    ("RegionId", REGION),
    ("Role", "InitiatingSide"),
    ("RouterType", "VBR"),
    ("RouterId", "vbr-new"),
    ("AccessPointId", "ap-cn-shanghai-x"),
    ("Spec", "Large.2"),
    ("OppositeRegionId", REGION),
    ("OppositeRouterType", "VRouter"),
    ("OppositeRouterId", "vrt-new"),
    ("OppositeInterfaceOwnerId", "1234567890123456"),
    ("FastLinkMode", "true"),
];

/// Calls an action with its parameters, in Shanghai.
pub(crate) fn call(world: &mut World, now: Timestamp, action: &str, parameters: &[(&str, &str)]) -> Reply {
    let mut asked = request(action, parameters);
    asked.parameters.entry("RegionId".to_owned()).or_insert(REGION.to_owned());
    // Each request has an id of its own; it is what a new interface is named after.
    asked.request_id = format!("R-{action}-{}", world.count(action).received);
    send(world, now, &asked)
}

pub(crate) fn accepted(reply: &Reply) {
    assert!(!matches!(reply.answer, Answer::Refused(_)), "{:?}", reply.answer);
}

/// Returns the id of what was made.
pub(crate) fn made(reply: &Reply) -> String {
    match &reply.answer {
        Answer::Created { id, .. } => id.to_string(),
        other => panic!("not made: {other:?}"),
    }
}

/// Returns parameters with some of them said otherwise; an empty value leaves one out.
pub(crate) fn with<'a>(known: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut parameters: Vec<(&str, &str)> = known.to_vec();
    for (name, value) in other {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    parameters
}
