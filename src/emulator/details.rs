//! What the API tells of an interface and rictl does not read: access points, the health check, how it is paid for.

use jiff::Timestamp;

use super::seed::{ChargeSeed, HealthCheckSeed, InterfaceSeed, OppositeSeed, ReservationSeed};
use crate::resource::Region;

/// When all interfaces were made that do not say otherwise, so that equal worlds give equal answers: with 2024.
pub(super) const CREATED: Timestamp = Timestamp::constant(1_704_067_200, 0);

/// The sizes of an interface and what each carries, in Mbit/s (docs/reference/api.md#specifications).
const SPECIFICATIONS: [(&str, u32); 12] = [
    ("Mini.2", 2),
    ("Mini.5", 5),
    ("Small.1", 10),
    ("Small.2", 20),
    ("Small.5", 50),
    ("Middle.1", 100),
    ("Middle.2", 200),
    ("Middle.5", 500),
    ("Large.1", 1000),
    ("Large.2", 2000),
    ("Large.5", 5000),
    ("Xlarge.1", 10_000),
];

/// The size of an accepting side.
pub(super) const NEGATIVE: &str = "Negative";

/// Returns what a size carries, in Mbit/s; `None` for a word that no page documents.
pub(super) fn bandwidth(specification: &str) -> Option<u32> {
    if specification == NEGATIVE {
        return Some(0);
    }
    SPECIFICATIONS.iter().find(|(word, _)| *word == specification).map(|(_, bandwidth)| *bandwidth)
}

/// Returns the access point of a region whose world names none.
pub(super) fn usual_access_point(region: &Region) -> String {
    format!("ap-{region}-1")
}

/// What the API tells of an interface and rictl does not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Where the circuit of its border router ends.
    pub access_point: Option<Box<str>>,
    /// Where the circuit of the other side's border router ends.
    pub opposite_access_point: Option<Box<str>>,
    /// How the link is probed.
    pub health_check: Option<Box<HealthCheckSeed>>,
    /// Whether it was made as one of a pair that connected by itself.
    pub is_fast_link: bool,
    /// How it is paid for.
    pub charge: ChargeSeed,
    /// What has been ordered of it for later.
    pub reservation: Option<Box<ReservationSeed>>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Until when it is paid for.
    pub ends: Option<Timestamp>,
}

impl Details {
    /// Takes them out of a seed.
    pub(super) fn of(seed: &mut InterfaceSeed) -> Self {
        let opposite_access_point = match &mut seed.opposite {
            Some(OppositeSeed::Elsewhere(elsewhere)) => elsewhere.access_point.take(),
            _ => None,
        };
        Self {
            access_point: seed.access_point.take().map(Box::from),
            opposite_access_point: opposite_access_point.map(Box::from),
            health_check: seed.health_check.take().map(Box::new),
            is_fast_link: seed.fast_link,
            charge: seed.charge,
            reservation: seed.reservation.take().map(Box::new),
            created: seed.created,
            ends: seed.ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_carries_what_its_word_says() {
        let found = ["Mini.2", "Small.5", "Middle.5", "Large.1", "Xlarge.1", NEGATIVE, "Huge.1"].map(bandwidth);
        assert_eq!(found, [Some(2), Some(50), Some(500), Some(1000), Some(10_000), Some(0), None]);
    }
}
