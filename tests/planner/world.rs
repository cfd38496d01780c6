//! Worlds to plan for: a spec as text, what is live, what was recorded.

use std::fmt::Write as _;

use rictl::ops::live::as_of;
use rictl::plan::{HealthAnswer, HealthRead, Plan, PlanOptions, RoutesHeard, TrafficHeard};
use rictl::planner::{Draw, Inputs, draw};
use rictl::resource::{
    Address, BusinessStatus, DesiredStatus, LiveState, Observed, Opposite, Provider, Reading, Role, Scope,
    ScopeFailure, Status, Target,
};
use rictl::schedule::in_force;
use rictl::selector::BadChoice;
use rictl::spec::{Spec, SpecFile, parse};
use rictl::state::{Durations, Record, Records, Sighting, State};

use super::random::Random;

pub(crate) const NOW: &str = "2026-11-23T12:00:00Z";
pub(crate) const EARLIER: &str = "2026-11-23T02:14:00Z";

/// One interface: declared, live and recorded.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) region: &'static str,
    pub(crate) desired: DesiredStatus,
    pub(crate) group: Option<usize>,
    pub(crate) depends_on: Vec<usize>,
    pub(crate) protect: bool,
    /// Further lines of the entry.
    pub(crate) lines: Vec<String>,
    pub(crate) presence: Presence,
    pub(crate) status: Status,
    pub(crate) business: BusinessStatus,
    pub(crate) opposite: Far,
    pub(crate) role: Option<Role>,
    /// What was last applied, and what was last seen.
    pub(crate) record: Option<(Option<DesiredStatus>, Option<Status>)>,
    pub(crate) was_protected: bool,
    /// The region of the record, if that is another one.
    pub(crate) was_in: Option<&'static str>,
    /// The change that the record says asked for it.
    pub(crate) by_change: Option<&'static str>,
    /// The router that the cloud names.
    pub(crate) router: Option<&'static str>,
}

/// Where a reading finds an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Found,
    Elsewhere,
    Absent,
    Unreadable,
}

/// What an interface says of its opposite side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Far {
    /// Not reported.
    Silent,
    /// One that the spec does not declare, with its status.
    Foreign(Status),
    /// A declared one; the API reports its status, or only its id.
    Declared { peer: usize, reports_status: bool },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) min_active: Option<usize>,
    pub(crate) max_unavailable: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) groups: Vec<Group>,
    /// Further sections of the spec.
    pub(crate) sections: String,
    /// What health checks said.
    pub(crate) health: Vec<HealthRead>,
    /// What was heard of the traffic of interfaces.
    pub(crate) traffic: Vec<TrafficHeard>,
    /// What was read of routes.
    pub(crate) routes: RoutesHeard,
}

impl Interface {
    /// Live at what is declared, alone, recorded nowhere.
    pub(crate) fn new(name: &str, live: Status, desired: DesiredStatus) -> Self {
        Self {
            name: name.to_owned(),
            region: "cn-shanghai",
            desired,
            group: None,
            depends_on: Vec::new(),
            protect: false,
            lines: Vec::new(),
            presence: Presence::Found,
            status: live,
            business: BusinessStatus::Normal,
            opposite: Far::Silent,
            role: None,
            record: None,
            was_protected: false,
            was_in: None,
            by_change: None,
            router: None,
        }
    }

    pub(crate) fn of(mut self, router: &'static str) -> Self {
        self.router = Some(router);
        self
    }

    pub(crate) fn in_group(mut self, group: usize) -> Self {
        self.group = Some(group);
        self
    }

    pub(crate) fn after(mut self, others: &[usize]) -> Self {
        self.depends_on = others.to_vec();
        self
    }

    pub(crate) fn recorded(mut self, declared: Option<DesiredStatus>, seen: Status) -> Self {
        self.record = Some((declared, Some(seen)));
        self
    }

    pub(crate) fn by_change(mut self, change: &'static str) -> Self {
        self.by_change = Some(change);
        self
    }

    pub(crate) fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    fn id(&self) -> String {
        format!("ri-{}", self.name)
    }

    pub(crate) fn address(&self) -> Address {
        Address::from(self.name.as_str())
    }
}

impl World {
    pub(crate) fn of(interfaces: Vec<Interface>) -> Self {
        Self { interfaces, ..Self::default() }
    }

    pub(crate) fn with_group(mut self, min_active: usize) -> Self {
        self.groups.push(Group { min_active: Some(min_active), max_unavailable: None });
        self
    }

    pub(crate) fn with(mut self, sections: &str) -> Self {
        self.sections.push_str(sections);
        self
    }

    /// Lets the health check of an interface say something.
    pub(crate) fn hears(mut self, name: &str, answer: HealthAnswer) -> Self {
        self.health.push(HealthRead { interface_id: format!("ri-{name}").into(), answer });
        self
    }

    /// Makes two interfaces the sides of one link, the first one initiating.
    pub(crate) fn pair(&mut self, initiating: usize, accepting: usize) {
        self.interfaces[initiating].opposite = Far::Declared { peer: accepting, reports_status: true };
        self.interfaces[accepting].opposite = Far::Declared { peer: initiating, reports_status: true };
        self.interfaces[initiating].role = Some(Role::InitiatingSide);
        self.interfaces[accepting].role = Some(Role::AcceptingSide);
    }

    pub(crate) fn yaml(&self) -> String {
        let mut text = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\n".to_owned();
        text.push_str(&self.sections);
        if !self.groups.is_empty() {
            text.push_str("groups:\n");
        }
        for (number, group) in self.groups.iter().enumerate() {
            let min = group.min_active.map(|floor| format!("min_active: {floor}"));
            let max = group.max_unavailable.map(|cap| format!("max_unavailable: {cap}"));
            let keys: Vec<String> = min.into_iter().chain(max).collect();
            writeln!(text, "  g{number}: {{{}}}", keys.join(", ")).unwrap();
        }
        text.push_str("interfaces:\n");
        for interface in &self.interfaces {
            let Interface { name, region, desired, .. } = interface;
            writeln!(text, "  {name}:\n    id: {}\n    region: {region}\n    status: {desired}", interface.id())
                .unwrap();
            if let Some(group) = interface.group {
                writeln!(text, "    group: g{group}").unwrap();
            }
            if !interface.depends_on.is_empty() {
                let names: Vec<&str> =
                    interface.depends_on.iter().map(|other| self.interfaces[*other].name.as_str()).collect();
                writeln!(text, "    depends_on: [{}]", names.join(", ")).unwrap();
            }
            if interface.protect {
                text.push_str("    protect: true\n");
            }
            for line in &interface.lines {
                writeln!(text, "    {line}").unwrap();
            }
        }
        text
    }

    pub(crate) fn spec(&self) -> Spec {
        let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: self.yaml().into_bytes() };
        parse(vec![file]).unwrap_or_else(|refused| panic!("{:#?}\n{}", refused.findings, self.yaml()))
    }

    fn observed(&self, interface: &Interface) -> Observed {
        let opposite = match &interface.opposite {
            Far::Silent => Opposite::default(),
            Far::Foreign(status) => Opposite {
                interface_id: Some("ri-foreign".into()),
                status: Some(status.clone()),
                ..Opposite::default()
            },
            Far::Declared { peer, reports_status } => {
                let peer = &self.interfaces[*peer];
                Opposite {
                    interface_id: Some(peer.id().into()),
                    region: Some(peer.region.into()),
                    status: reports_status.then(|| peer.status.clone()),
                    ..Opposite::default()
                }
            }
        };
        let region = if interface.presence == Presence::Elsewhere { "cn-hainan" } else { interface.region };
        Observed {
            business_status: interface.business.clone(),
            role: interface.role,
            opposite,
            router_id: interface.router.map(Into::into),
            router_type: interface.router.map(|_| "VRouter".into()),
            ..Observed::of(interface.id().into(), region.into(), interface.status.clone())
        }
    }

    pub(crate) fn live(&self) -> LiveState {
        let reading = |interface: &Interface| match interface.presence {
            Presence::Found => Reading::Found(self.observed(interface)),
            Presence::Elsewhere => Reading::Elsewhere(self.observed(interface)),
            Presence::Absent => Reading::Absent,
            Presence::Unreadable => Reading::Unreadable,
        };
        let is_unreadable = self.interfaces.iter().any(|interface| interface.presence == Presence::Unreadable);
        LiveState {
            read_at: NOW.parse().unwrap(),
            readings: self.interfaces.iter().map(|interface| (interface.address(), reading(interface))).collect(),
            failures: is_unreadable
                .then(|| ScopeFailure {
                    scope: scope("cn-shanghai"),
                    detail: "timed out".into(),
                    may_be_misspelt: false,
                })
                .into_iter()
                .collect(),
            others: Default::default(),
        }
    }

    pub(crate) fn state(&self) -> Option<State> {
        let record = |interface: &Interface| {
            let (declared, status) = interface.record.clone()?;
            let record = Record {
                id: interface.id().into(),
                scope: scope(interface.was_in.unwrap_or(interface.region)),
                declared,
                change_id: interface.by_change.map(Into::into),
                observed: Sighting::first(status, EARLIER.parse().unwrap()),
                forgotten: false,
                protected: interface.was_protected,
                group: None,
                durations: Durations::default(),
                last_action: None,
                straggler: None,
                changed_by: None,
                taken_back: None,
            };
            Some((interface.address(), record))
        };
        let interfaces: Records = self.interfaces.iter().filter_map(record).collect();
        (!interfaces.is_empty()).then(|| State { interfaces, ..State::new("lineage", target()) })
    }

    pub(crate) fn try_plan(&self, options: &PlanOptions) -> Result<Plan, Vec<BadChoice>> {
        self.draw(options).map(|drawn| drawn.plan)
    }

    pub(crate) fn draw(&self, options: &PlanOptions) -> Result<Draw, Vec<BadChoice>> {
        let (live, state, target) = (self.live(), self.state(), target());
        let spec = in_force(self.spec(), options.moment());
        let live = as_of(&spec, live, options);
        let inputs = Inputs {
            spec: &spec,
            spec_digest: "sha256:0",
            live: &live,
            state: state.as_ref(),
            target: &target,
            doubts: &[],
            health: &self.health,
            traffic: &self.traffic,
            routes: &self.routes,
        };
        draw(&inputs, options)
    }

    pub(crate) fn plan_with(&self, options: &PlanOptions) -> Plan {
        self.try_plan(options).unwrap_or_else(|refused| panic!("{refused:#?}"))
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan_with(&options())
    }
}

pub(crate) fn scope(region: &str) -> Scope {
    Scope { account: rictl::resource::AccountName::default_account(), region: region.into() }
}

pub(crate) fn target() -> Target {
    Target { provider: Provider::Emulator, account_id: "1234567890123456".into(), endpoint: "in process".to_owned() }
}

pub(crate) fn options() -> PlanOptions {
    PlanOptions::of_all(NOW.parse().unwrap(), std::time::Duration::from_secs(600))
}

/// A small world with a bit of everything that the floors have to do with.
pub(crate) fn small(random: &mut Random) -> World {
    let size = random.between(2, 8);
    let mut names: Vec<String> = (0..size).map(|number| format!("i{number}")).collect();
    // Dependencies run from later to earlier numbers; their names are in any order.
    random.shuffle(&mut names);
    let group_count = random.below(4);
    let mut world = World::of(names.iter().map(|name| interface(name, group_count, random)).collect());
    for number in 1..size {
        if random.chance(25) {
            let other = random.below(number);
            world.interfaces[number].depends_on.push(other);
        }
    }
    pair_up(&mut world, random);
    world.groups = (0..group_count).map(|group| floors(&world, group, random)).collect();
    world
}

fn interface(name: &str, group_count: usize, random: &mut Random) -> Interface {
    let status = match random.below(100) {
        0..48 => Status::Active,
        48..78 => Status::Inactive,
        78..84 => Status::Activating,
        84..90 => Status::Deactivating,
        90..95 => Status::Modifying,
        95..97 => Status::Idle,
        _ => Status::Unknown("Resting".into()),
    };
    let desired = if random.chance(55) { DesiredStatus::Active } else { DesiredStatus::Inactive };
    let mut interface = Interface::new(name, status, desired);
    interface.group = (group_count > 0 && random.chance(85)).then(|| random.below(group_count.max(1)));
    interface.protect = random.chance(4);
    interface.region = random.pick(&["cn-shanghai", "cn-beijing"]);
    interface.opposite = match random.below(10) {
        0..6 => Far::Silent,
        6..9 => Far::Foreign(Status::Active),
        _ => Far::Foreign(Status::Inactive),
    };
    if random.chance(4) {
        interface.business = BusinessStatus::FinancialLocked;
    }
    if random.chance(2) {
        interface.presence = random.pick(&[Presence::Absent, Presence::Elsewhere, Presence::Unreadable]);
    }
    interface
}

fn pair_up(world: &mut World, random: &mut Random) {
    let mut single: Vec<usize> = (0..world.interfaces.len()).collect();
    random.shuffle(&mut single);
    for sides in single.chunks_exact(2) {
        if random.chance(45) {
            world.pair(sides[0], sides[1]);
            if random.chance(20) {
                world.interfaces[sides[1]].opposite = Far::Silent;
            }
            if random.chance(20) {
                world.interfaces[sides[0]].role = None;
            }
            // Both sides of a link usually want the same.
            if random.chance(60) {
                world.interfaces[sides[1]].desired = world.interfaces[sides[0]].desired;
                world.interfaces[sides[1]].group = world.interfaces[sides[0]].group;
            }
            if let Far::Declared { reports_status, .. } = &mut world.interfaces[sides[0]].opposite {
                *reports_status = random.chance(80);
            }
        }
    }
}

/// Floors that the declared statuses alone can keep.
fn floors(world: &World, group: usize, random: &mut Random) -> Group {
    let members = world.interfaces.iter().filter(|interface| interface.group == Some(group));
    let (active, inactive): (Vec<_>, Vec<_>) =
        members.partition(|interface| interface.desired == DesiredStatus::Active);
    let total = active.len() + inactive.len();
    Group {
        min_active: random.chance(70).then(|| random.between(0, active.len())),
        max_unavailable: random.chance(40).then(|| random.between(inactive.len(), total)),
    }
}
