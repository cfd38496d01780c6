//! All that a run asks of the cloud: its calls, and what it has to hear right before them.

use super::Cloud;
use super::routes::RoutesRead;
use super::traffic::TrafficRead;

/// A cloud that a run can act on.
pub trait Acting: Cloud + RoutesRead + TrafficRead {}

impl<C: Cloud + RoutesRead + TrafficRead> Acting for C {}
