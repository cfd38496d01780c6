//! All that a run asks of the cloud: its calls, and what it has to hear right before them.

use super::Cloud;
use super::traffic::TrafficRead;

/// A cloud that a run can act on.
pub trait Acting: Cloud + TrafficRead {}

impl<C: Cloud + TrafficRead> Acting for C {}
