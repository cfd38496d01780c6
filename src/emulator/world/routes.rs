//! What reads of route tables show (docs/reference/api.md#route-tables, docs/reference/api.md#route-entries).

use jiff::Timestamp;

use super::World;
use super::reads::earlier;
use crate::emulator::answer::{Answer, RouteHop, RouteRow, RouteRows, RouteTable, RouteTables};
use crate::emulator::caller::Caller;
use crate::emulator::faults::Strike;
use crate::emulator::paging::{self, page};
use crate::emulator::population::Population;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::routes::{Entry, Place, Tables, vpc_of};
use crate::emulator::seed::{FaultKind, InactiveNextHops, NextHopKind, NextHopSeed};
use crate::resource::{Region, RouterInterfaceId, Status};

/// The documented page of entries; the schema would take 500. The stricter reading stands.
const MAX_ENTRIES: usize = 100;
const DEFAULT_ENTRIES: usize = 10;
/// How many prefixes `DestCidrBlockList` takes.
const MAX_PREFIXES: usize = 20;

impl World {
    /// Shows one page of the tables of a router, or of all routers of a kind.
    pub(super) fn route_tables(&self, caller: &Caller, request: &Request, strike: &Strike) -> Result<Answer, Refusal> {
        let region = self.region(request)?;
        let (page_number, page_size) = page(&request.parameters)?;
        let asked = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
        let vpc = asked("VpcId");
        let kind = if vpc.is_some() { "VRouter" } else { asked("RouterType").unwrap_or("VRouter") };
        if !["VRouter", "VBR"].contains(&kind) {
            return Err(Refusal::illegal_parameter());
        }
        let mut routers: Vec<&str> = Vec::new();
        let mut found: Vec<RouteTable> = Vec::new();
        for interface in self.population.iter() {
            let facts = &interface.facts;
            let (Some(router), Some(of_kind)) = (facts.router_id.as_deref(), facts.router_type.as_deref()) else {
                continue;
            };
            let is_asked_for = of_kind == kind
                && interface.owner == caller.account
                && facts.region.as_str() == region
                && asked("RouterId").is_none_or(|id| id == router)
                && vpc.is_none_or(|vpc| vpc == vpc_of(router));
            if !is_asked_for || routers.contains(&router) {
                continue;
            }
            routers.push(router);
            let tables = self.tables.of_router(router).into_iter().enumerate();
            found.extend(tables.map(|(index, id)| RouteTable {
                id,
                router: router.into(),
                router_type: of_kind.into(),
                vpc: (of_kind == "VRouter").then(|| vpc_of(router).into()),
                is_system: index == 0,
                owner: interface.owner.clone(),
            }));
        }
        let kind_of_table = asked("RouteTableType");
        found.retain(|table| {
            asked("RouteTableId").is_none_or(|id| id == &*table.id)
                && kind_of_table.is_none_or(|kind| (kind == "System") == table.is_system)
        });
        let mut total_count = found.len();
        let mut tables: Vec<RouteTable> =
            found.into_iter().skip((page_number - 1).saturating_mul(page_size)).take(page_size).collect();
        for (fault, _) in strike.of_reads() {
            match fault {
                FaultKind::TotalCount(count) => total_count = *count as usize,
                FaultKind::ShortPage(missing) => tables.truncate(tables.len().saturating_sub(*missing)),
                _ => {}
            }
        }
        Ok(Answer::RouteTables(RouteTables { tables, page_number, page_size, total_count }))
    }

    /// Shows one page of the entries of a table that have a next hop of the type that is asked for.
    pub(super) fn route_entries(
        &self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Answer, Refusal> {
        let region = self.region(request)?;
        let table = request.parameter("RouteTableId").ok_or_else(|| Refusal::missing("RouteTableId"))?;
        let place = (caller.account.clone(), Region::from(region));
        let entries = self.entries_of(table, &place).ok_or_else(Refusal::unknown_route_table)?;
        let query = EntryQuery::parse(request)?;
        if query.next_hop.is_some_and(|id| !self.is_a_next_hop(id)) {
            return Err(Refusal::unknown_next_hop());
        }
        let size = paging::size(request, "MaxResult", DEFAULT_ENTRIES, MAX_ENTRIES)?;
        let mark = paging::Mark::of(caller, request);
        let begin = mark.begin(request).ok_or_else(Refusal::bad_route_token)?;
        let seen_at = earlier(now, strike.staleness());
        let selected: Vec<&Entry> = entries.iter().filter(|entry| query.selects(entry)).collect();
        let rows = selected.iter().skip(begin).take(size).map(|entry| self.route_row(table, entry, seen_at));
        let mut answer = RouteRows {
            rows: rows.collect(),
            total_count: selected.len(),
            next_token: (begin + size < selected.len()).then(|| mark.token(begin + size)),
        };
        for (fault, target) in strike.of_reads() {
            match fault {
                FaultKind::TotalCount(count) => answer.total_count = *count as usize,
                FaultKind::ShortPage(missing) => {
                    answer.rows.truncate(answer.rows.len().saturating_sub(*missing));
                }
                FaultKind::OtherId => {
                    let hops = answer.rows.iter_mut().flat_map(|row| &mut row.next_hops);
                    let struck = hops.filter(|hop| target.is_none_or(|id| *hop.id == *id.as_str()));
                    struck.for_each(|hop| hop.id = format!("{}x", hop.id).into());
                }
                _ => {}
            }
        }
        Ok(Answer::RouteEntries(answer))
    }

    /// Returns what stands in a table of a place; `None` where there is no such table.
    fn entries_of(&self, table: &str, place: &Place) -> Option<&[Entry]> {
        self.tables.entries(table, place).or_else(|| {
            let mut here = self
                .population
                .iter()
                .filter(|interface| interface.owner == place.0 && interface.facts.region == place.1)
                .filter_map(|interface| interface.facts.router_id.as_deref());
            here.any(|router| self.tables.is_unsaid(table, router)).then_some([].as_slice())
        })
    }

    fn is_a_next_hop(&self, id: &str) -> bool {
        self.population.get(id).is_some() || self.tables.is_next_hop(id)
    }

    fn route_row(&self, table: &str, entry: &Entry, at: Timestamp) -> RouteRow {
        RouteRow {
            table: table.into(),
            prefix: entry.prefix.as_str().into(),
            is_ipv6: entry.prefix.is_ipv6(),
            next_hops: entry.next_hops.iter().map(|hop| self.route_hop(hop, at)).collect(),
        }
    }

    fn route_hop(&self, hop: &NextHopSeed, at: Timestamp) -> RouteHop {
        let interface = self.population.get(&hop.id).filter(|_| hop.kind == NextHopKind::RouterInterface);
        let is_cleared = self.inactive_next_hops == InactiveNextHops::Disabled
            && interface.is_none_or(|interface| *interface.timeline.status_at(at) != Status::Active);
        RouteHop {
            id: hop.id.as_str().into(),
            kind: hop.kind,
            is_enabled: (hop.kind == NextHopKind::RouterInterface).then(|| hop.enabled.unwrap_or(true) && !is_cleared),
            weight: hop.weight,
            region: interface.map(|interface| interface.facts.region.clone()),
            behind: interface.and_then(|interface| {
                let opposite = &interface.facts.opposite;
                Some((opposite.router_id.clone()?, opposite.router_type.clone()?, opposite.region.clone()?))
            }),
        }
    }
}

/// Returns whether a read of routes is about an interface: as a next hop of the table, or as one of the router.
pub(super) fn is_about(
    (population, tables): (&Population, &Tables),
    request: &Request,
    id: &RouterInterfaceId,
) -> bool {
    if let Some(hop) = request.parameter("NextHopId") {
        return hop == id.as_str();
    }
    match request.parameter("RouteTableId") {
        Some(table) => tables.leads_over(table, id),
        None => {
            let router = population.get(id.as_str()).and_then(|interface| interface.facts.router_id.as_deref());
            router.is_some() && router == request.parameter("RouterId")
        }
    }
}

/// Which entries are asked for.
struct EntryQuery<'r> {
    kind: NextHopKind,
    next_hop: Option<&'r str>,
    prefixes: Vec<&'r str>,
    /// Whether one type of entries is asked for that the emulator has none of.
    is_of_none: bool,
    is_ipv6: Option<bool>,
}

impl<'r> EntryQuery<'r> {
    fn parse(request: &'r Request) -> Result<Self, Refusal> {
        let asked = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
        let kind = asked("NextHopType")
            .map_or(Ok(NextHopKind::Instance), |word| word.parse().map_err(|_| Refusal::illegal_parameter()))?;
        let is_of_none = match asked("RouteEntryType") {
            None | Some("Custom") => false,
            Some("System" | "BGP" | "CEN" | "ECR") => true,
            Some(_) => return Err(Refusal::bad_route_parameter("RouteEntryType")),
        };
        let is_ipv6 = match asked("IpVersion") {
            None => None,
            Some(word) if word.eq_ignore_ascii_case("ipv4") => Some(false),
            Some(word) if word.eq_ignore_ascii_case("ipv6") => Some(true),
            Some(_) => return Err(Refusal::bad_route_parameter("IpVersion")),
        };
        let listed = request.parameters.iter().filter(|(name, _)| name.starts_with("DestCidrBlockList."));
        let prefixes: Vec<&str> =
            listed.map(|(_, value)| value.as_str()).chain(asked("DestinationCidrBlock")).collect();
        if prefixes.len() > MAX_PREFIXES {
            return Err(Refusal::illegal_parameter());
        }
        Ok(Self { kind, next_hop: asked("NextHopId"), prefixes, is_of_none, is_ipv6 })
    }

    fn selects(&self, entry: &Entry) -> bool {
        let is_over = |hop: &NextHopSeed| hop.kind == self.kind && self.next_hop.is_none_or(|id| id == hop.id);
        !self.is_of_none
            && entry.next_hops.iter().any(is_over)
            && (self.prefixes.is_empty() || self.prefixes.contains(&entry.prefix.as_str()))
            && self.is_ipv6.is_none_or(|is_ipv6| is_ipv6 == entry.prefix.is_ipv6())
    }
}
