//! All that a run asks of the cloud: its calls, how late they may come, and what it has to hear right before them.

use super::routes::RoutesRead;
use super::traffic::TrafficRead;
use super::{Cloud, Stamped};

/// A cloud that a run can act on.
pub trait Acting: Cloud + Stamped + RoutesRead + TrafficRead {}

impl<C: Cloud + Stamped + RoutesRead + TrafficRead> Acting for C {}
