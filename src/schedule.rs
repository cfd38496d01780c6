//! Changes over time: which status each interface is to have at a moment, what begins and ends, and where reviewed changes
//! would together break a guard. Pure in the moment.
//!
//! [`in_force`] puts the statuses of the changes in force into a spec, so that whoever plans or compares sees what holds then.
//! [`moments`] lists every moment at which that alters; [`clashes`] walks over them.

mod clash;
mod doubts;
mod effective;
mod judge;
mod spans;
mod tally;
#[cfg(test)]
mod tests;
mod timeline;

pub use clash::{Clash, Guarded, Waits, clashes, clashes_now};
pub use doubts::{Counted, Doubt, doubts};
pub use effective::{as_assumed, assumed, in_force, upcoming, upcoming_within};
pub use judge::{Finding, judge, judge_each};
pub use spans::{SpanFault, SpanRemark, remarks};
pub use tally::Sides;
pub use timeline::{Contradiction, contradictions, moments};
