//! How the machine is told: the time, and what was read, without a clock in either.

use tokio::time::Instant;

use crate::clock::{BootTime, Clock};
use crate::cloud::listing::{self, Listing};
use crate::executor::machine::sightings::{Answer, Row};
use crate::executor::machine::time::{Moment, Now};

/// Returns this moment, on every clock that counts.
pub(super) fn now(origin: Instant, clock: &Clock) -> Now {
    let instant = Instant::now();
    Now { instant: moment(origin, instant), boot: BootTime::now(), wall: clock.at(instant) }
}

/// Returns a moment as the machine is told of it.
pub(super) fn moment(origin: Instant, instant: Instant) -> Moment {
    Moment::after_origin(instant.saturating_duration_since(origin))
}

/// Returns a listing as the machine is told of it.
pub(super) fn answer(origin: Instant, listing: Listing) -> Answer {
    let row =
        |row: listing::Row| Row { observed: row.observed, asked: row.asked, arrived: moment(origin, row.arrived) };
    Answer {
        rows: listing.interfaces.into_iter().map(|(id, shown)| (id, row(shown))).collect(),
        total: listing.total,
        contradicted: listing.contradicted,
    }
}
