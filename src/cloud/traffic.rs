//! The port to what CloudMonitor measured.

use jiff::Timestamp;

use crate::resource::{RouterInterfaceId, Scope};

use super::CloudError;

/// The action behind [`TrafficRead::traffic`].
pub const ACTION: &str = "DescribeMetricLast";

/// The namespace of router interfaces.
pub const NAMESPACE: &str = "acs_express_connect";

/// Of a minute each, in seconds.
pub const PERIOD: &str = "60";

/// The most interfaces that one DescribeMetricLast is asked for.
pub const MAX_INSTANCES: usize = 50;

/// Which way traffic goes, as the router of the interface sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// ReceiveBandwidth.
    In,
    /// TransportedBandwidth.
    Out,
}

impl Direction {
    /// Returns the metric that measures it, in bits per second.
    pub fn metric(self) -> &'static str {
        match self {
            Self::In => "ReceiveBandwidth",
            Self::Out => "TransportedBandwidth",
        }
    }
}

/// The newest point that was kept of one interface, in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficPoint {
    /// The interface.
    pub id: RouterInterfaceId,
    /// The minute that it is of. The API's "last" may be two hours old.
    pub at: Timestamp,
    /// Bits per second.
    pub bits_per_second: u64,
}

/// Reading what interfaces carry.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait TrafficRead {
    /// Asks for the newest point of each of these interfaces, at most [`MAX_INSTANCES`] (DescribeMetricLast). One without
    /// a point is not listed, which does not mean that it carries nothing.
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError>;
}
