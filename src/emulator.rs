//! The emulator: a world of router interfaces that answers as the VPC API does, and its two faces.
//!
//! [`World`] is plain data and a state machine: one request, one instant, one reply. A transition is a due-time, so
//! reading never advances it. [`http`] shows it on a loopback port to any client of the real API, [`InProcess`] to the
//! ports of this crate on virtual time. [`Host`] keeps a world beside its file, shared by any number of processes.
//!
//! **Modelled.** DescribeRouterInterfaces (pages, filters, tags), DescribeRouterInterfaceAttribute,
//! ActivateRouterInterface, DeactivateRouterInterface, DescribeRegions, DescribeRouteTableList, DescribeRouteEntryList;
//! DescribeMetricLast; LookupEvents; AssumeRole, AssumeRoleWithOIDC,
//! GetCallerIdentity; the metadata service's role credentials. Signatures V1 and V3, the clock, nonces, temporary keys;
//! documented codes and texts in both spellings; several accounts, denied actions, the quota per account, region and
//! action; locks by BusinessStatus; pairs across regions and accounts, whose ends move apart or together; every fault of
//! [`FaultKind`].
//!
//! **Not modelled.** Creating, connecting, modifying and deleting interfaces (a fault can make a third party do it);
//! routes that change or fail over, traffic that moves from one link to another; events of what reads; policies beyond lists of denied actions; an OIDC token's contents and a role's trust; STS's own
//! quota; HTTPS; what `Bandwidth` and `CreationTime` would really say; health checks that change. Where the pages are silent the
//! stricter reading was taken: at most 5 values a filter, a locked interface refuses before its status does, and a
//! security lock counts as a lock by the vendor's staff. Nonces, fault numbers and quota meters are per process.

mod accounts;
mod answer;
mod caller;
mod calls;
mod describe;
mod faults;
mod generate;
mod host;
pub mod http;
mod in_process;
mod interface;
mod paging;
mod population;
mod quota;
mod ranks;
mod refusal;
mod request;
mod roll;
mod routes;
mod seed;
mod sts;
mod timeline;
mod trail;
mod world;

pub use answer::{
    Answer, Delivery, Listing, MetricPoint, MetricPoints, Reply, RouteHop, RouteRow, RouteRows, RouteTable,
    RouteTables, Row,
};
pub use caller::{Caller, Issued, Principal};
pub use calls::CallLog;
pub use generate::{GenerateOptions, generate};
pub use host::{Host, HostError, Manner, log_path, reset};
pub use in_process::InProcess;
pub use refusal::{Denial, Refusal};
pub use request::{CMS_VERSION, Origin, Request, STS_VERSION, TRAIL_VERSION, VPC_VERSION};
pub use seed::{
    AccessKeySeed, AccountSeed, ConsoleSeed, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT,
    ElsewhereSeed, ErrorCodes, ErrorSeed, Fault, FaultKind, FlappingSeed, Format, InactiveNextHops, InterfaceSeed, Lag,
    LatencyTail, MetadataSeed, NextHopKind, NextHopSeed, OppositeSeed, Pairs, Prefix, QuotaKind, QuotaSeed, RouteSeed,
    Secret, SeedError, Settle, TrafficSeed, Unfit, WorldSeed,
};
pub use timeline::{Event, Moment};
pub use trail::{Deed, DeedError, TrailRow, TrailRows};
pub use world::{Counts, World};
