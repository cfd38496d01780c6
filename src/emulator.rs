//! The emulator: a world of router interfaces that answers as the VPC API does, and its two faces.
//!
//! [`World`] is plain data and a state machine: one request, one instant, one reply. A transition is a due-time, so
//! reading never advances it. [`http`] shows it on a loopback port to any client of the real API, [`InProcess`] to the
//! ports of this crate on virtual time. [`Host`] keeps a world beside its file, shared by any number of processes.
//!
//! **Modelled.** DescribeRouterInterfaces (pages, filters, tags), DescribeRouterInterfaceAttribute,
//! ActivateRouterInterface, DeactivateRouterInterface; the rest of an interface's life, from CreateRouterInterface to
//! DeleteRouterInterface, with tags, groups and ClientTokens (`world/life`); DescribeRegions, DescribeRouteTableList, DescribeRouteEntryList;
//! DescribeMetricLast; LookupEvents; AssumeRole, AssumeRoleWithOIDC,
//! GetCallerIdentity; the metadata service's role credentials. Signatures V1 and V3, the clock, nonces, temporary keys;
//! documented codes and texts in both spellings; several accounts, denied actions, the quota per account, region and
//! action; locks by BusinessStatus; pairs across regions and accounts, whose ends move apart or together; every fault of
//! [`FaultKind`].
//!
//! **Not modelled.** Routers, circuits and grants; routes that are made or fail over, traffic that moves from one link to another; events of what reads; policies beyond lists of denied actions; an OIDC token's contents and a role's trust; STS's own
//! quota; what anything costs; health checks that change. Where the pages are silent the
//! stricter reading was taken: at most 5 values a filter, a locked interface refuses before its status does, and a
//! security lock counts as a lock by the vendor's staff. Nonces, fault numbers and quota meters are per process.

mod accounts;
mod answer;
mod caller;
mod calls;
mod describe;
mod details;
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
mod tls;
mod trail;
mod world;

pub use answer::{
    Answer, Delivery, Listing, MetricPoint, MetricPoints, Reply, RouteHop, RouteRow, RouteRows, RouteTable,
    RouteTables, Row, TagRow, TagRows,
};
pub use caller::{Caller, Issued, Principal};
pub use calls::CallLog;
pub use details::Details;
pub use generate::{GenerateOptions, generate};
pub use host::{Host, HostError, Manner, log_path, reset};
pub use in_process::InProcess;
pub use refusal::{Denial, Refusal};
pub use request::{CMS_VERSION, ECS_VERSION, Origin, Request, STS_VERSION, TRAIL_VERSION, VPC_VERSION};
pub use seed::{
    AccessKeySeed, AccountSeed, ChargeSeed, ConsoleSeed, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET,
    DEFAULT_ACCOUNT, ElsewhereSeed, ErrorCodes, ErrorSeed, Fault, FaultKind, FlappingSeed, Format, HealthCheckSeed,
    InactiveNextHops, InterfaceSeed, Lag, LatencyTail, MetadataSeed, NextHopKind, NextHopSeed, OppositeSeed, OrderSeed,
    Pairs, Prefix, QuotaKind, QuotaSeed, ReservationSeed, RouteSeed, Secret, SeedError, Settle, TrafficSeed, Unfit,
    WorldSeed,
};
pub use timeline::{Event, Moment, Token};
pub use tls::{Tls, TlsError};
pub use trail::{Deed, DeedError, TrailRow, TrailRows};
pub use world::{Counts, World};
