//! What is live as a world of the emulator: every declared interface, and the other ends that are not declared; each takes the
//! time for its transitions that is recorded of it.
//!
//! The two ends of a link move apart, which is the longer way down of the two that the vendor's pages describe: what one end says
//! of the other counts either way. Answers take no time, and nobody else calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::clock::Clock;
use crate::cloud::routes::{RouteTablesPage, RoutesPage, RoutesRead, TABLES_ACTION};
use crate::cloud::traffic::{Direction, TrafficPoint, TrafficRead};
use crate::cloud::{
    Cloud, CloudError, CloudRead, DescribeQuery, Effect, ErrorKind, HEALTH_ACTION, Health, Identity, LISTING_ACTION,
    MAX_FILTER_VALUES, Mutation, Page, Permit, Receipt, RequestId, Selection, Stamped,
};
use crate::emulator::{
    AccountSeed, ElsewhereSeed, InProcess, InterfaceSeed, OppositeSeed, QuotaSeed, Settle, World, WorldSeed,
};
use crate::history::Pace;
use crate::plan::{HealthAnswer, HealthRead, HopAnswer, HopRead, RoutesAnswer, RoutesHeard};
use crate::resource::{
    AccountId, AccountName, Call, HealthCheckStatus, LiveState, Observed, Opposite, Reading, Region, Role, Route,
    Router, RouterInterfaceId, Scope, Status,
};
use crate::retry::Quota;
use crate::spec::Spec;
use crate::state;

/// Returns how long a call is taken to last of which nothing is recorded: as long as most, and well within what a step may take, so that no
/// rehearsal fails by a guess.
pub fn assumed_time(settle_timeout: Duration) -> Duration {
    Duration::from_secs(5).min(settle_timeout / 2)
}

/// What a world is made from.
pub(super) struct Ground<'a> {
    /// What is declared.
    pub(super) spec: &'a Spec,
    /// What was read of it.
    pub(super) live: &'a LiveState,
    /// What health checks said.
    pub(super) health: &'a [HealthRead],
    /// What was read of routes.
    pub(super) routes: &'a RoutesHeard,
    /// The accounts behind the names of the spec.
    pub(super) accounts: &'a BTreeMap<AccountName, AccountId>,
    /// What is recorded of how long calls take.
    pub(super) pace: &'a Pace<'a>,
    /// How long a call takes of which nothing is recorded.
    pub(super) assumed_time: Duration,
}

impl Ground<'_> {
    /// Describes the world.
    pub(super) fn seed(&self, quota: Quota) -> WorldSeed {
        let found: Vec<(&Scope, &Observed)> = self.found().collect();
        let mut known: BTreeSet<&RouterInterfaceId> = found.iter().map(|(_, observed)| &observed.id).collect();
        let mut interfaces: Vec<InterfaceSeed> = Vec::new();
        let mut others: Vec<InterfaceSeed> = Vec::new();
        for (scope, observed) in &found {
            let other = observed.opposite.interface_id.as_ref();
            let is_new = other.is_some_and(|id| !known.contains(id));
            let opposite = match self.other_end(scope, observed).filter(|_| is_new) {
                Some(end) => {
                    known.extend(other);
                    others.push(end);
                    other.cloned().map(OppositeSeed::Here)
                }
                None if is_new => elsewhere(&observed.opposite),
                None => other.cloned().map(OppositeSeed::Here),
            };
            interfaces.push(InterfaceSeed { opposite, ..self.interface(scope, observed) });
        }
        interfaces.extend(others);
        interfaces
            .extend(self.routes.hops.iter().filter(|hop| !known.contains(&hop.id)).filter_map(|hop| self.hop(hop)));
        let owners = interfaces.iter().filter_map(|interface| interface.account.clone());
        let main = self.accounts.get(&AccountName::default_account()).cloned();
        let mut accounts: Vec<AccountId> = main.into_iter().collect();
        for account in self.accounts.values().cloned().chain(owners) {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        let account = |id: AccountId| AccountSeed { id, access_keys: Vec::new(), deny: Vec::new() };
        WorldSeed {
            accounts: accounts.into_iter().map(account).collect(),
            regions: self.regions(),
            quota: QuotaSeed { limit: quota.limit.get(), window: quota.window, ..QuotaSeed::default() },
            interfaces,
            ..WorldSeed::default()
        }
    }

    /// Lets a face of the world sign for every account of the spec.
    pub(super) fn known_to(&self, face: InProcess, world: &World) -> InProcess {
        let keys = self.accounts.iter().filter_map(|(name, id)| Some((name, world.credentials_of(id)?.0)));
        keys.fold(face, |face, (name, key)| face.with_account(name.clone(), key))
    }

    fn found(&self) -> impl Iterator<Item = (&Scope, &Observed)> {
        let declared = self.spec.interfaces.iter();
        declared.filter_map(|(address, declared)| match self.live.readings.get(address)? {
            Reading::Found(observed) | Reading::Elsewhere(observed) => Some((&declared.scope, observed)),
            Reading::Absent | Reading::Unreadable | Reading::Unasked => None,
        })
    }

    fn regions(&self) -> Vec<Region> {
        let regions: BTreeSet<&Region> =
            self.spec.interfaces.values().map(|interface| &interface.scope.region).collect();
        regions.into_iter().cloned().collect()
    }

    fn account(&self, scope: &Scope) -> Option<AccountId> {
        self.accounts.get(&scope.account).cloned()
    }

    fn interface(&self, scope: &Scope, observed: &Observed) -> InterfaceSeed {
        InterfaceSeed {
            region: Some(observed.region.clone()),
            account: self.account(scope),
            status: Some(observed.status.clone()),
            role: observed.role,
            name: text(observed.name.as_deref()),
            description: text(observed.description.as_deref()),
            router: text(observed.router_id.as_deref()),
            router_type: text(observed.router_type.as_deref()),
            specification: text(observed.specification.as_deref()),
            business_status: Some(observed.business_status.clone()),
            health_check_status: self.health_of(&observed.id),
            settle: Some(self.settle(scope, &observed.id)),
            ..InterfaceSeed::new(observed.id.clone())
        }
    }

    /// Describes an end that is not declared, by what the declared one says of it; `None` where it says too little, or that it
    /// is gone.
    fn other_end(&self, scope: &Scope, observed: &Observed) -> Option<InterfaceSeed> {
        let Opposite { interface_id, region, router_id, router_type, owner_id, status, business_status } =
            &observed.opposite;
        let id = interface_id.as_ref()?;
        let status = status.as_ref().filter(|status| **status != Status::Deleted)?;
        Some(InterfaceSeed {
            region: Some(region.as_ref().unwrap_or(&observed.region).clone()),
            account: owner_id.clone().or_else(|| self.account(scope)),
            status: Some(status.clone()),
            role: observed.role.map(|role| match role {
                Role::InitiatingSide => Role::AcceptingSide,
                Role::AcceptingSide => Role::InitiatingSide,
            }),
            opposite: Some(OppositeSeed::Here(observed.id.clone())),
            router: text(router_id.as_deref()),
            router_type: text(router_type.as_deref()),
            business_status: business_status.clone(),
            health_check_status: self.health_of(id),
            settle: Some(self.settle(scope, id)),
            ..InterfaceSeed::new(id.clone())
        })
    }

    /// Describes a next hop that is not declared.
    fn hop(&self, hop: &HopRead) -> Option<InterfaceSeed> {
        let HopAnswer::Found { status, business_status, .. } = &hop.answer else { return None };
        Some(InterfaceSeed {
            region: Some(hop.scope.region.clone()),
            account: self.account(&hop.scope),
            status: Some(status.clone()),
            business_status: Some(business_status.clone()),
            health_check_status: self.health_of(&hop.id),
            ..InterfaceSeed::new(hop.id.clone())
        })
    }

    fn health_of(&self, id: &RouterInterfaceId) -> Option<HealthCheckStatus> {
        let read = self.health.iter().find(|read| read.interface_id == *id)?;
        if let HealthAnswer::Status(status) = &read.answer { Some(status.clone()) } else { None }
    }

    fn settle(&self, scope: &Scope, id: &RouterInterfaceId) -> Settle {
        let identity = state::Identity::of(scope, id);
        let of = |call| self.pace.expected(&identity, call).unwrap_or(self.assumed_time);
        Settle { activate: of(Call::Activate), deactivate: of(Call::Deactivate) }
    }
}

fn elsewhere(opposite: &Opposite) -> Option<OppositeSeed> {
    Some(OppositeSeed::Elsewhere(ElsewhereSeed {
        id: Some(opposite.interface_id.clone()?),
        region: opposite.region.clone(),
        account: opposite.owner_id.clone(),
        status: opposite.status.clone(),
        business_status: opposite.business_status.clone(),
        router: text(opposite.router_id.as_deref()),
        router_type: text(opposite.router_type.as_deref()),
        access_point: None,
    }))
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// What interfaces are taken to carry.
#[derive(Clone, Debug)]
pub enum Carried {
    /// Nothing: nobody knows what they carry at a later moment, and who comes to the last minute before a call waits for quiet.
    Nothing,
    /// What was measured: in, out.
    AsMeasured(BTreeMap<RouterInterfaceId, (Option<u64>, Option<u64>)>),
}

/// A face of the world that cannot read what could not be read when the world was made.
#[derive(Debug)]
pub(super) struct AsRead {
    face: InProcess,
    scopes: BTreeMap<Scope, String>,
    health: BTreeMap<RouterInterfaceId, HealthAnswer>,
    carried: Carried,
    clock: Clock,
    routes: BTreeMap<Router, RoutesAnswer>,
    /// What was Active when the world was made.
    was_up: BTreeSet<RouterInterfaceId>,
}

impl AsRead {
    /// Wraps a face.
    pub(super) fn of(
        face: InProcess,
        (live, health, routes): (&LiveState, &[HealthRead], &RoutesHeard),
        (carried, clock): (Carried, Clock),
    ) -> Self {
        let scopes = live.failures.iter().map(|failure| (failure.scope.clone(), failure.detail.english().to_owned()));
        let unread = health.iter().filter(|read| matches!(read.answer, HealthAnswer::Unread(_)));
        let health = unread.map(|read| (read.interface_id.clone(), read.answer.clone()));
        let is_active = |observed: &&Observed| observed.status == Status::Active;
        let declared = live.readings.values().filter_map(Reading::found).filter(is_active);
        let others = routes
            .hops
            .iter()
            .filter(|hop| matches!(&hop.answer, HopAnswer::Found { status, .. } if *status == Status::Active));
        let others = others.map(|hop| hop.id.clone());
        Self {
            face,
            scopes: scopes.collect(),
            health: health.collect(),
            routes: routes.routers.iter().map(|read| (read.router.clone(), read.answer.clone())).collect(),
            was_up: declared.map(|observed| observed.id.clone()).chain(others).collect(),
            carried,
            clock,
        }
    }

    /// Returns what a router's tables said; of one that nobody asked about, that they are empty.
    fn entries(&self, router: &Router) -> Result<&[Route], CloudError> {
        match self.routes.get(router) {
            Some(RoutesAnswer::Entries(entries)) => Ok(entries),
            Some(RoutesAnswer::Unread(_)) => {
                Err(CloudError::new(ErrorKind::Other, Effect::None, TABLES_ACTION, "they could not be read"))
            }
            None => Ok(&[]),
        }
    }

    fn readable(&self, scope: &Scope, action: &'static str) -> Result<(), CloudError> {
        match self.scopes.get(scope) {
            // Whatever it was, it was given up then.
            Some(detail) => Err(CloudError::new(ErrorKind::Other, Effect::None, action, detail.as_str())),
            None => Ok(()),
        }
    }
}

impl CloudRead for AsRead {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        self.readable(scope, LISTING_ACTION)?;
        self.face.describe(scope, query).await
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        self.readable(scope, HEALTH_ACTION)?;
        if self.health.contains_key(id) {
            return Err(CloudError::new(ErrorKind::Other, Effect::None, HEALTH_ACTION, "it could not be read"));
        }
        self.face.health(scope, id).await
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        self.face.identity(account).await
    }
}

impl TrafficRead for AsRead {
    async fn traffic(
        &self,
        _scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        let now = self.clock.now();
        let point = |id: &RouterInterfaceId| {
            let bits_per_second = match (&self.carried, direction) {
                (Carried::Nothing, _) => Some(0),
                (Carried::AsMeasured(carried), Direction::In) => carried.get(id)?.0,
                (Carried::AsMeasured(carried), Direction::Out) => carried.get(id)?.1,
            };
            Some(TrafficPoint { id: id.clone(), at: now, bits_per_second: bits_per_second? })
        };
        Ok(ids.iter().filter_map(point).collect())
    }
}

/// The routes as they were read; what has come up since is taken as Enabled.
impl RoutesRead for AsRead {
    async fn route_tables(&self, router: &Router, _: u32) -> Result<RouteTablesPage, CloudError> {
        self.readable(&router.scope, TABLES_ACTION)?;
        let tables: BTreeSet<Box<str>> = self.entries(router)?.iter().map(|route| route.table.clone()).collect();
        let total_count = u32::try_from(tables.len()).unwrap_or(u32::MAX);
        Ok(RouteTablesPage { tables: tables.into_iter().collect(), total_count, request_id: RequestId("read".into()) })
    }

    async fn routes(&self, router: &Router, table: &str, _: Option<&str>) -> Result<RoutesPage, CloudError> {
        let of_table = self.entries(router)?.iter().filter(|route| *route.table == *table);
        let ids: BTreeSet<&RouterInterfaceId> =
            of_table.clone().flat_map(|route| &route.next_hops).map(|hop| &hop.id).collect();
        let ids: Vec<RouterInterfaceId> = ids.into_iter().cloned().collect();
        let mut up: BTreeSet<RouterInterfaceId> = BTreeSet::new();
        for ids in ids.chunks(MAX_FILTER_VALUES) {
            let query = DescribeQuery { selection: Selection::Ids(ids.to_vec()), page_number: 1, page_size: 50 };
            let page = self.face.describe(&router.scope, &query).await?;
            let active = page.interfaces.into_iter().filter(|observed| observed.status == Status::Active);
            up.extend(active.map(|observed| observed.id));
        }
        let mut routes: Vec<Route> = of_table.cloned().collect();
        for hop in routes.iter_mut().flat_map(|route| &mut route.next_hops) {
            hop.is_enabled |= up.contains(&hop.id) && !self.was_up.contains(&hop.id);
        }
        Ok(RoutesPage {
            listed: routes.len(),
            total_count: None,
            routes,
            next_token: None,
            request_id: RequestId("read".into()),
        })
    }
}

/// Nobody is late in a rehearsal.
impl Stamped for AsRead {
    async fn takes_stamp(&self, scope: &Scope, back: Duration) -> Result<bool, CloudError> {
        self.face.takes_stamp(scope, back).await
    }
}

impl Cloud for AsRead {
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        self.face.call(scope, call, permit).await
    }
}
