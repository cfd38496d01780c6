//! A run to try the machine with: a plan of a few lines, a cloud that shows what it is told to, effects in words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::calendar::Zone;
use crate::clock::BootTime;
use crate::cloud::carried::{Carried, Rate};
use crate::cloud::{CloudError, ErrorKind, Health, Page, Receipt, RequestId};
use crate::executor::earlier::{Earlier, Leftover};
use crate::executor::machine::port::{Effect, Input, ReadOf};
use crate::executor::machine::sightings::{Answer, Row};
use crate::executor::machine::time::{Moment, Now};
use crate::executor::machine::{Background, Left, Machine};
use crate::executor::settings::Settings;
use crate::journal::{Entry, Evidence, Operation, RunStarted};
use crate::plan::{
    Action, Basis, Change, ChangeAction, Floor, FloorLink, FloorMember, Goal, HealthEnd, Plan, ResourceChange,
    ResourceType, Returning, RolloutPlan, RouteEnd, Step, StepId, TrafficUnread,
};
use crate::resource::{
    AccountName, Address, Call, HealthCheckStatus, NextHop, Observed, Provider, Route, Router, RouterInterfaceId,
    Scope, Status, Target,
};
use crate::run::{Event, planned_step};
use crate::state::RunId;
use crate::windows::{Gate, Verdict, When, Window};

pub(super) const DOWN: &str = "DeactivateRouterInterface";

pub(super) fn scope(region: &str) -> Scope {
    Scope { account: AccountName::default_account(), region: region.into() }
}

fn step(name: &str, action: Action, expect: Status, goal: Goal) -> Step {
    let address = Address::from(name);
    Step {
        id: StepId::new(&address, action),
        address,
        action,
        interface_id: name.into(),
        scope: scope("here"),
        expect: expect.into(),
        goal,
        after: Vec::new(),
        wave: 1,
        guards: Vec::new(),
        settle_timeout_ms: None,
        change_id: None,
        valid_until: None,
    }
}

/// A step that takes an interface down. Its id is its address, its region `here`.
pub(super) fn drain(name: &str) -> Step {
    step(name, Action::Call(Call::Deactivate), Status::Active, Goal::Inactive)
}

pub(super) fn raise(name: &str) -> Step {
    step(name, Action::Call(Call::Activate), Status::Inactive, Goal::Active)
}

pub(super) fn await_up(name: &str) -> Step {
    step(name, Action::Wait, Status::Activating, Goal::Active)
}

pub(super) fn member(name: &str) -> FloorMember {
    FloorMember { address: name.into(), interface_id: name.into(), scope: scope("here") }
}

/// What a run is made from.
pub(super) struct Scene {
    plan: Plan,
    settings: Settings,
    earlier: Vec<Earlier>,
    needs: BTreeMap<Address, Vec<FloorMember>>,
    expected: BTreeMap<StepId, Duration>,
}

impl Scene {
    pub(super) fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let target = Target { provider: Provider::Emulator, account_id: "1".into(), endpoint: String::new() };
        let basis = Basis { lineage: None, serial: 0, spec: None, spec_digest: String::new() };
        let plan = Plan { steps: steps.into_iter().collect(), ..Plan::of_nothing(wall(Duration::ZERO), target, basis) };
        Self {
            plan,
            settings: Settings::default(),
            earlier: Vec::new(),
            needs: BTreeMap::new(),
            expected: BTreeMap::new(),
        }
    }

    /// Lets a step wait for another one.
    pub(super) fn after(mut self, step: usize, other: usize) -> Self {
        let other = self.plan.steps[other].id.clone();
        self.plan.steps[step].after.push(other);
        self
    }

    pub(super) fn floor(mut self, members: &[&str], min_up: u32) -> Self {
        let link =
            |name: &&str| FloorLink { sides: vec![member(name)], up: true, rises: false, out: false, check: None };
        let links = members.iter().map(link).collect();
        self.plan.floors.push(Floor { group: "g".into(), links, min_up, knob: None });
        self
    }

    /// Lets a link of every floor have another end.
    pub(super) fn both_ends(mut self, name: &str, other: &str) -> Self {
        for link in self.plan.floors.iter_mut().flat_map(|floor| &mut floor.links) {
            if link.sides[0].address == name.into() {
                link.sides.push(member(other));
            }
        }
        self
    }

    /// Lets the health checks of every floor bind.
    pub(super) fn checked(mut self) -> Self {
        for link in self.plan.floors.iter_mut().flat_map(|floor| &mut floor.links) {
            let FloorMember { interface_id, scope, .. } = link.sides[0].clone();
            link.check = Some(HealthEnd { interface_id, scope: Some(scope) });
        }
        self
    }

    /// Lets only what carries so little go down.
    pub(super) fn quiet_below(mut self, limit: u64) -> Self {
        self.plan.quiet_below = Some(limit);
        self
    }

    /// A group of links that come up and of links that are up.
    pub(super) fn rising(mut self, rising: &[&str], up: &[&str]) -> Self {
        let link = |name: &&str, rises: bool| FloorLink {
            sides: vec![member(name)],
            up: !rises,
            rises,
            out: false,
            check: None,
        };
        let links = rising.iter().map(|name| link(name, true)).chain(up.iter().map(|name| link(name, false)));
        self.plan.floors.push(Floor { group: "g".into(), links: links.collect(), min_up: 0, knob: None });
        self
    }

    /// Lets a wave be good only once traffic has come back.
    pub(super) fn returning(mut self, traffic: Returning) -> Self {
        if let Some(rollout) = &mut self.plan.rollout {
            rollout.traffic = Some(traffic);
        }
        self
    }

    /// Lets the routes over some interfaces bind, all of one router.
    pub(super) fn routed(mut self, names: &[&str]) -> Self {
        for name in names {
            let end = RouteEnd { router: router("vrt"), hop: (*name).into() };
            self.plan.route_guards.ends.entry((*name).into()).or_default().push(end);
            self.plan.resource_changes.push(declared(name));
        }
        self
    }

    /// Lets the routes at the other end of a link bind, which know it by another interface.
    pub(super) fn routed_beyond(mut self, name: &str, hop: &str) -> Self {
        let end = RouteEnd { router: router("beyond"), hop: hop.into() };
        self.plan.route_guards.ends.entry(name.into()).or_default().push(end);
        self
    }

    /// Lets a deny window over a step's call be open from one second of the run up to another.
    pub(super) fn closed(mut self, name: &str, from: u64, to: u64) -> Self {
        let at = |second| wall(Duration::from_secs(second));
        let when = When::Once { start: at(from), end: at(to) };
        let window = Window { name: "works".into(), verdict: Verdict::Deny, when, calls: None };
        self.plan.gates.insert(name.into(), Gate::new(Zone::utc(), vec![Arc::new(window)]));
        self
    }

    /// Lets a change about a step's interface end at a second of the run.
    pub(super) fn valid_until(mut self, step: usize, second: u64) -> Self {
        self.plan.steps[step].valid_until = Some(wall(Duration::from_secs(second)));
        self
    }

    /// Lets an earlier run have ended such a call to an interface when this one begins.
    pub(super) fn just_done(self, name: &str, call: Call) -> Self {
        self.left(name, call, Leftover::JustDone, None)
    }

    /// Lets an earlier run have had such a call accepted when this one begins, and not seen its end; where it was seen on its
    /// way, a read tells after some time that it came to nothing.
    pub(super) fn on_its_way(self, name: &str, call: Call, tells_its_end: Option<Duration>) -> Self {
        self.left(name, call, Leftover::OnItsWay, tells_its_end)
    }

    fn left(mut self, name: &str, call: Call, kind: Leftover, tells_its_end: Option<Duration>) -> Self {
        let (id, at) = (name.into(), wall(Duration::ZERO));
        let scope = scope("here");
        self.earlier.push(Earlier { scope, id, call, at, uptime: None, accepted: true, kind, tells_its_end });
        self.plan.resource_changes.push(declared(name));
        self
    }

    pub(super) fn needs(mut self, name: &str, other: &str) -> Self {
        self.needs.entry(name.into()).or_default().push(member(other));
        self
    }

    /// One wave a step, in their order.
    pub(super) fn waves(mut self, pause: Duration, check: Option<&[&str]>) -> Self {
        for (number, step) in self.plan.steps.iter_mut().enumerate() {
            step.wave = u32::try_from(number).unwrap() + 1;
        }
        self.plan.rollout = Some(RolloutPlan {
            waves: self.plan.steps.iter().map(|step| vec![step.address.clone()]).collect(),
            pause_ms: u64::try_from(pause.as_millis()).unwrap(),
            check: check.map(|check| check.iter().map(|&word| word.to_owned()).collect()),
            check_timeout_ms: 1000,
            traffic: None,
        });
        self
    }

    /// Lets the records say how long a step takes.
    pub(super) fn takes(mut self, step: usize, expected: Duration) -> Self {
        self.expected.insert(self.plan.steps[step].id.clone(), expected);
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Returns the run, of which nothing is recorded yet.
    pub(super) fn run(self) -> Run {
        let header = RunStarted {
            run_id: RunId("run".into()),
            at: wall(Duration::ZERO),
            operation: Operation::Apply,
            who: String::new(),
            pid: 1,
            target: self.plan.target.clone(),
            lineage: String::new(),
            serial: 0,
            digest: String::new(),
            evidence: Evidence::default(),
            steps: self.plan.steps.iter().map(|step| planned_step(step, None)).collect(),
        };
        // The machine borrows what it is made from; a test is short.
        let (plan, settings): (&'static Plan, &'static Settings) =
            (Box::leak(Box::new(self.plan)), Box::leak(Box::new(self.settings)));
        let background = Background {
            reads: Vec::new(),
            earlier: Box::leak(self.earlier.into_boxed_slice()),
            needs: Box::leak(Box::new(self.needs)),
            expected: Box::leak(Box::new(self.expected)),
        };
        let base = BootTime::now();
        let now = Now { instant: Moment::default(), boot: base, wall: wall(Duration::ZERO) };
        let shows = plan.steps.iter().map(|step| (step.interface_id.as_str(), expected(step)));
        let others = plan.floors.iter().flat_map(|floor| &floor.links).flat_map(|link| &link.sides);
        let others = others.map(|side| (side.interface_id.as_str(), Status::Active));
        let shows: BTreeMap<_, _> = others.chain(shows).collect();
        Run {
            machine: Machine::new(plan, header, settings, background, now),
            plan,
            base,
            passed: Duration::ZERO,
            shows,
            reads: Vec::new(),
        }
    }

    /// Returns the run once that it has begun is durable: its first steps have asked for their places.
    pub(super) fn begin(self) -> Run {
        let mut run = self.run();
        run.tell(Input::Woken);
        run.tell(Input::Appended);
        run
    }
}

fn declared(name: &str) -> ResourceChange {
    ResourceChange {
        address: name.into(),
        kind: ResourceType::RouterInterface,
        name: name.into(),
        id: name.into(),
        scope: scope("here"),
        action_reason: None,
        taken_back_by: None,
        is_there_already: false,
        change: Change { actions: [ChangeAction::Update], before: None, after: None },
        change_id: None,
        reason: None,
        since: None,
        declared_at: None,
    }
}

fn router(id: &str) -> Router {
    let region = if id == "beyond" { "there" } else { "here" };
    Router { scope: scope(region), id: id.into(), kind: None }
}

fn expected(step: &Step) -> Status {
    match &step.expect {
        crate::plan::Expectation::Status(status) => status.clone(),
    }
}

fn wall(passed: Duration) -> jiff::Timestamp {
    "2026-11-23T12:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::try_from(passed).unwrap()
}

pub(super) fn accepted() -> Result<Receipt, CloudError> {
    Ok(Receipt { request_id: RequestId("R".into()), cloud_date: None })
}

pub(super) fn lost() -> Result<Receipt, CloudError> {
    Err(CloudError::new(ErrorKind::Interrupted, crate::cloud::Effect::InDoubt, DOWN, "reset"))
}

pub(super) fn refused(kind: ErrorKind) -> Result<Receipt, CloudError> {
    Err(CloudError::new(kind, crate::cloud::Effect::Refused, DOWN, "no"))
}

/// A run, its time, and the cloud around it.
pub(super) struct Run {
    machine: Machine<'static>,
    plan: &'static Plan,
    base: BootTime,
    passed: Duration,
    /// What a read shows of each interface.
    shows: BTreeMap<&'static str, Status>,
    /// The reads that are not answered yet, with when each was asked.
    reads: Vec<(ReadOf, BootTime)>,
}

impl Run {
    fn now(&self) -> Now {
        let instant = Moment::after_origin(self.passed);
        Now { instant, boot: self.base.after(self.passed), wall: wall(self.passed) }
    }

    /// Tells the machine one thing, and that it has happened; returns in words what comes of it.
    pub(super) fn tell(&mut self, input: Input) -> Vec<String> {
        let mut effects = self.machine.step(self.now(), input);
        loop {
            let more = self.machine.step(self.now(), Input::Woken);
            if more.is_empty() {
                break;
            }
            effects.extend(more);
        }
        let words = effects.iter().map(|effect| self.words(effect)).collect();
        for effect in effects {
            match effect {
                Effect::Read(read) => self.reads.push((read, self.base.after(self.passed))),
                Effect::DropReads => self.reads.clear(),
                _ => {}
            }
        }
        words
    }

    pub(super) fn permit(&mut self, step: usize) -> Vec<String> {
        self.tell(Input::Permit { step })
    }

    pub(super) fn appended(&mut self) -> Vec<String> {
        self.tell(Input::Appended)
    }

    pub(super) fn answer(&mut self, step: usize, answer: Result<Receipt, CloudError>) -> Vec<String> {
        self.tell(Input::Answered { step, answer })
    }

    /// Lets a health check say a word now.
    pub(super) fn health(&mut self, name: &str, status: HealthCheckStatus) -> Vec<String> {
        let (request_id, asked) = (RequestId("h".into()), self.now().boot);
        self.tell(Input::Health { id: name.into(), answer: Ok(Health { status, request_id, asked }) })
    }

    /// Answers what was asked of the traffic of some interfaces.
    pub(super) fn meter(
        &mut self,
        names: &[&str],
        answer: Result<BTreeMap<RouterInterfaceId, Carried>, TrafficUnread>,
    ) -> Vec<String> {
        let (ids, asked) = (names.iter().map(|name| RouterInterfaceId::from(*name)).collect(), self.now().boot);
        self.tell(Input::Traffic { ids, asked, answer })
    }

    /// Lets an interface carry so much in and out, by figures of now.
    pub(super) fn carry(&mut self, name: &str, carried: (u64, u64)) -> Vec<String> {
        self.carry_at(name, carried, 0)
    }

    /// The same by figures of so many seconds after now.
    pub(super) fn carry_at(&mut self, name: &str, carried: (u64, u64), seconds: i64) -> Vec<String> {
        let flow = self.flow(carried, seconds);
        self.meter(&[name], Ok([(name.into(), flow)].into()))
    }

    /// Lets two interfaces that were asked for together carry the same.
    pub(super) fn carry_both(&mut self, names: [&str; 2], carried: (u64, u64)) -> Vec<String> {
        let flow = self.flow(carried, 0);
        self.meter(&names, Ok(names.map(|name| (name.into(), flow)).into()))
    }

    fn flow(&self, (into, out): (u64, u64), seconds: i64) -> Carried {
        let at = self.now().wall + jiff::SignedDuration::from_secs(seconds);
        let figure = |bits_per_second| Some(Rate { at, bits_per_second });
        Carried { inward: figure(into), outward: figure(out) }
    }

    /// Lets the tables of the router have entries with these next hops, all Enabled.
    pub(super) fn routes(&mut self, entries: &[&[&str]]) -> Vec<String> {
        self.routes_of("vrt", entries)
    }

    /// The same of another router.
    pub(super) fn routes_of(&mut self, id: &str, entries: &[&[&str]]) -> Vec<String> {
        let entry = |(number, hops): (usize, &&[&str])| Route {
            table: "vtb".into(),
            prefix: format!("10.{number}.0.0/16").into(),
            next_hops: hops.iter().map(|hop| NextHop { id: (*hop).into(), is_enabled: true, weight: None }).collect(),
        };
        let (asked, answer) = (self.now().boot, Ok(entries.iter().enumerate().map(entry).collect()));
        self.tell(Input::Routes { router: router(id), asked, answer })
    }

    /// Lets them fail to be read.
    pub(super) fn no_routes(&mut self, kind: ErrorKind) -> Vec<String> {
        let error = CloudError::new(kind, crate::cloud::Effect::None, "DescribeRouteTableList", "no");
        let asked = self.now().boot;
        self.tell(Input::Routes { router: router("vrt"), asked, answer: Err(error) })
    }

    pub(super) fn signal(&mut self, count: u32) -> Vec<String> {
        self.tell(Input::Signal { count })
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, seconds: f64) -> Vec<String> {
        self.passed += Duration::from_secs_f64(seconds);
        self.tell(Input::Woken)
    }

    /// Lets time pass up to a moment of the run.
    pub(super) fn pass_to(&mut self, moment: Duration) -> Vec<String> {
        self.passed = moment;
        self.tell(Input::Woken)
    }

    /// Lists what the reads on their way ask for.
    pub(super) fn reading(&self) -> Vec<String> {
        let ids = |read: &ReadOf| read.ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" ");
        self.reads.iter().map(|(read, _)| ids(read)).collect()
    }

    pub(super) fn show(&mut self, name: &'static str, status: Status) -> &mut Self {
        self.shows.insert(name, status);
        self
    }

    /// Answers every read that is on its way with what the cloud shows now.
    pub(super) fn read(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        for (read, asked) in std::mem::take(&mut self.reads) {
            let rows = read.ids.iter().filter_map(|id| {
                let status = self.shows.get(id.as_str())?.clone();
                let arrived = self.now().instant;
                Some((id.clone(), Row { observed: observed(id.as_str(), status), asked, arrived }))
            });
            let answer = Answer { rows: rows.collect(), ..Answer::default() };
            let (number, scope) = (read.number, read.scope);
            words.extend(self.tell(Input::ReadDone { read: number, scope, answer, outcome: Ok(()) }));
        }
        words
    }

    /// Shows a page of the first read that is on its way, which goes on.
    pub(super) fn page(&mut self, names: &[&'static str]) -> Vec<String> {
        let interfaces: Vec<Observed> = names.iter().map(|name| observed(name, self.shows[name].clone())).collect();
        let total_count = u32::try_from(interfaces.len()).unwrap();
        let (request_id, asked) = (RequestId("p".into()), self.now().boot);
        let (read, scope) = (self.reads[0].0.number, self.reads[0].0.scope.clone());
        self.tell(Input::Page { read, scope, page: Page { total_count, interfaces, request_id, asked } })
    }

    /// Lets a page of that read say two things of an interface.
    pub(super) fn contradict(&mut self, name: &str) -> Vec<String> {
        let (read, scope) = (self.reads[0].0.number, self.reads[0].0.scope.clone());
        self.tell(Input::Contradicted { read, scope, ids: [name.into()].into() })
    }

    /// Fails every read that is on its way, after a page that showed something.
    pub(super) fn fail_reads(&mut self, page: &[&'static str]) -> Vec<String> {
        self.fail_reads_with(ErrorKind::Unavailable, page)
    }

    /// Lets the reads on their way fail for this reason, after a page that shows some interfaces.
    pub(super) fn fail_reads_with(&mut self, kind: ErrorKind, page: &[&'static str]) -> Vec<String> {
        let mut words = Vec::new();
        for (read, asked) in std::mem::take(&mut self.reads) {
            let arrived = self.now().instant;
            let row = |name: &&'static str| {
                let observed = observed(name, self.shows[*name].clone());
                (observed.id.clone(), Row { observed, asked, arrived })
            };
            let answer = Answer { rows: page.iter().map(row).collect(), ..Answer::default() };
            let error = CloudError::new(kind, crate::cloud::Effect::None, "Describe", "no");
            let (number, scope) = (read.number, read.scope);
            words.extend(self.tell(Input::ReadDone { read: number, scope, answer, outcome: Err(error) }));
        }
        words
    }

    /// Lets intervals pass and answers the polls of each.
    pub(super) fn poll(&mut self, times: usize) -> Vec<String> {
        let mut words = Vec::new();
        for _ in 0..times {
            words.extend(self.pass(2.0));
            words.extend(self.read());
        }
        words
    }

    /// Brings a step that has asked for its place to where its call has left.
    pub(super) fn send(&mut self, step: usize) {
        self.permit(step);
        self.read();
        let words = self.appended();
        assert!(words.iter().any(|word| word.starts_with("send")), "{words:?}");
        self.tell(Input::Sent { step });
    }

    /// Brings a step to where its call was accepted, and that is durable.
    pub(super) fn accept(&mut self, step: usize) {
        self.send(step);
        self.answer(step, accepted());
        self.appended();
    }

    /// Says why every read that is on its way has no answer.
    pub(super) fn hear_why(&mut self, said: &str) {
        self.machine.hear_why(|_| Some(said.into()));
    }

    pub(super) fn next_wake_up(&self) -> Option<Duration> {
        self.machine.next_wake_up().map(Moment::since_origin)
    }

    pub(super) fn left(self) -> Left {
        self.machine.hand_over()
    }

    fn words(&self, effect: &Effect) -> String {
        let name = |step: &usize| self.plan.steps[*step].id.to_string();
        match effect {
            Effect::Append(entries) => {
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("append {}", entries.join(", "))
            }
            Effect::AskPermit { step, after, .. } if after.is_zero() => format!("ask {}", name(step)),
            Effect::AskPermit { step, after, .. } => format!("ask {} in {} ms", name(step), after.as_millis()),
            Effect::FreePermit { step } => format!("free {}", name(step)),
            Effect::Send { step, call, until } => {
                assert_eq!(Some(call), self.plan.steps[*step].mutation().as_ref());
                format!("send {} until {} ms", name(step), until.since(self.base).as_millis())
            }
            Effect::Read(read) => {
                let ids: Vec<&str> = read.ids.iter().map(|id| id.as_str()).collect();
                format!("read {}", ids.join(" "))
            }
            Effect::AskHealth(end) => format!("ask health {}", end.interface_id),
            Effect::AskTraffic { ids, .. } => {
                format!("ask traffic {}", ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" "))
            }
            Effect::AskRoutes(router) => format!("ask routes {}", router.id),
            Effect::DropReads => "drop reads".to_owned(),
            Effect::Tell(event) => told(event),
            Effect::StepAside => "step aside".to_owned(),
            Effect::StepBack => "step back".to_owned(),
            Effect::Check { arguments, .. } => format!("check {}", arguments.join(" ")),
            Effect::LeaveGate => "leave the gate".to_owned(),
            Effect::Finish => "finish".to_owned(),
        }
    }
}

fn observed(name: &str, status: Status) -> Observed {
    Observed::of(name.into(), "here".into(), status)
}

fn entry(entry: &Entry) -> String {
    match entry {
        Entry::RunStarted(_) => "run".to_owned(),
        Entry::Intent { step, .. } => format!("intent {step}"),
        Entry::Accepted { step, .. } => format!("accepted {step}"),
        Entry::Refused { step, detail, .. } => format!("refused {step} ({detail})"),
        Entry::Doubtful { step, .. } => format!("doubtful {step}"),
        Entry::Closed { step, outcome, .. } => format!("closed {step} {outcome:?}"),
        other => format!("{other:?}"),
    }
}

fn told(event: &Event) -> String {
    match event {
        Event::StepFinished { step, outcome, .. } => format!("told {step} {outcome:?}"),
        other => {
            let words = format!("{other:?}");
            format!("told {}", words.split([' ', '{', '(']).next().unwrap())
        }
    }
}
