//! The machine: every decision of a run, and nothing of its doing.
//!
//! A plain value that is told what has happened, with the time, and answers with what is to be done: no clock, no
//! futures, no disk, no cloud, no chance. What a test has to show it is a list of inputs; what it has to look at, a list
//! of effects. [`port`] is the whole border; the driver beside this file carries effects out.
//!
//! `admission` decides what may be sent: `timing` whether it is the time, `needs` what it waits for, `floors` what the
//! redundancy guard says. `recording` appends and sends what is durable, `answers` takes in what came back, `reading` asks for
//! what is due, `settling` judges what was read, `ending` closes steps, `waves` stands between the waves of a rollout,
//! `last_look` says what stayed, `pace` how long to wait for the next read. `phase` and `stage` hold where a step and the run
//! stand, `tally` how many steps of each region stand where, `sightings` what was read, `health` what health checks said, `routes` what
//! route tables said, `hops` what is left of them, `traffic` what interfaces carry, `returning` what a wave has to carry before it is good. It
//! makes no choice that the plan left open: it does a step, or stops and says what moved.

mod admission;
mod answers;
mod brought;
mod ending;
mod floors;
mod health;
mod hops;
mod last_look;
mod meter;
mod needs;
mod pace;
mod phase;
mod poll;
pub(super) mod port;
mod reading;
mod recording;
mod returning;
mod routes;
mod settling;
pub(super) mod sightings;
mod signals;
mod stage;
mod tally;
pub(super) mod time;
mod timing;
mod traffic;
mod waves;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use self::brought::Wave;
use self::floors::Floors;
use self::health::Checks;
use self::meter::Meter;
use self::pace::Pace;
use self::phase::{Phase, Tracked};
use self::poll::Poll;
use self::port::{Effect, Input};
use self::routes::Routes;
use self::sightings::{Answer, Question, Sightings};
use self::stage::Stage;
use self::tally::Tallies;
use self::time::{Moment, Now};
use super::earlier::{Earlier, Leftover};
use super::settings::Settings;
use crate::journal::{Entry, RunStarted};
use crate::plan::{Action, FloorMember, Plan, Step, StepId};
use crate::resource::{Address, Call, Observed, RouterInterfaceId, Scope};
use crate::run::{Event, LastLook, Report, StopReason};
use crate::store::StoreError;

/// What a run knows before it begins.
#[derive(Debug)]
pub(super) struct Background<'a> {
    /// What the plan was made from.
    pub(super) reads: Vec<(Question, Answer)>,
    /// What earlier runs sent and did not see to its end.
    pub(super) earlier: &'a [Earlier],
    /// What each interface needs to be up before it comes up.
    pub(super) needs: &'a BTreeMap<Address, Vec<FloorMember>>,
    /// How long each step may be expected to take.
    pub(super) expected: &'a BTreeMap<StepId, Duration>,
}

/// What a run leaves behind.
pub(super) struct Left {
    pub(super) report: Report,
    pub(super) last_look: LastLook,
    pub(super) interrupted: bool,
    pub(super) is_open: bool,
    pub(super) failure: Option<StoreError>,
    pub(super) seen: Vec<Seen>,
}

/// An interface as this run has seen it last; `None` where it was told that there is none.
pub(super) struct Seen {
    pub(super) scope: Scope,
    pub(super) id: RouterInterfaceId,
    pub(super) observed: Option<Observed>,
    /// When the answer came.
    pub(super) arrived: Moment,
}

/// What an earlier run left on its way.
struct OnItsWay<'a> {
    call: &'a Earlier,
    /// Until when it may still show.
    until: Moment,
    /// When the same may be sent again, if nobody knows whether it was done.
    again_at: Moment,
    /// A read that was begun from then on and shows the status before it tells that it came to nothing.
    falls_back_from: Option<Moment>,
}

/// What is being recorded.
#[derive(Default)]
struct Books {
    /// Results and intents in line for the next append.
    pending: Vec<Entry>,
    /// The steps whose intents are among them.
    intents: Vec<usize>,
    /// The append on its way, as the steps whose intents are in it.
    appending: Option<Vec<usize>>,
    /// Why something could not be recorded; nothing is sent after that.
    failure: Option<StoreError>,
    /// Somebody else has the state.
    is_taken_over: bool,
}

/// A run, decided step by step.
pub(super) struct Machine<'a> {
    plan: &'a Plan,
    settings: &'a Settings,
    floors: Floors<'a>,
    report: Report,
    stage: Stage<'a>,
    steps: Vec<Tracked>,
    dependants: Vec<Vec<usize>>,
    /// The steps that each waits for.
    before: Vec<Vec<usize>>,
    sightings: Sightings,
    /// What health checks said.
    checks: Checks,
    /// What interfaces carry, as far as that was asked for.
    meter: Meter,
    /// What the wave has to carry before it is good.
    returns: Wave<'a>,
    /// What route tables said.
    routes: Routes<'a>,
    /// When the plan's refresh was begun: whatever was asked for after it is this run's own reading.
    planned_from: Option<Moment>,
    polls: BTreeMap<Scope, Poll>,
    pace: Pace<'a>,
    /// The steps by their phase: [`Machine::enter`] alone keeps these.
    startable: BTreeSet<usize>,
    ready: BTreeSet<usize>,
    polled: BTreeSet<usize>,
    /// Those whose call is on its way, or leaves once its intent is durable.
    sending: BTreeSet<usize>,
    /// How many of each account and region stand where.
    tallies: Tallies<'a>,
    in_flight: BTreeSet<usize>,
    /// Interfaces with a Deactivate that was sent or is about to be, and was not refused.
    going_down: BTreeSet<&'a Address>,
    /// What earlier runs sent and no read has shown at its goal yet.
    earlier: BTreeMap<&'a Address, Vec<OnItsWay<'a>>>,
    /// The last call of an earlier run to an interface, and until when reads may still show what was before it.
    just_done: BTreeMap<&'a Address, (Call, Moment)>,
    /// What each interface needs to be up before it comes up.
    needs: &'a BTreeMap<Address, Vec<FloorMember>>,
    /// The steps that take an interface down.
    deactivations: BTreeMap<&'a RouterInterfaceId, usize>,
    books: Books,
    unfinished: usize,
    wave: u32,
    /// How many signals have come.
    signals: u32,
    /// A signal came, and nothing new is started.
    interrupted: bool,
    grace_ends: Option<Moment>,
    /// What is in flight is waited for no longer.
    abandoned: bool,
    /// A call that nobody watched to its end stays open in the journal.
    is_open: bool,
    /// The time of the step that is being taken.
    now: Now,
    /// What the step that is being taken has asked for so far.
    effects: Vec<Effect>,
}

impl<'a> Machine<'a> {
    /// Returns a run that has not begun: its first effect is the append that says so.
    pub(super) fn new(
        plan: &'a Plan,
        header: RunStarted,
        settings: &'a Settings,
        background: Background<'a>,
        now: Now,
    ) -> Self {
        let index: BTreeMap<_, usize> =
            plan.steps.iter().enumerate().map(|(number, step)| (&step.id, number)).collect();
        let mut dependants = vec![Vec::new(); plan.steps.len()];
        let mut steps = Vec::with_capacity(plan.steps.len());
        let mut all_before = Vec::with_capacity(plan.steps.len());
        for (number, step) in plan.steps.iter().enumerate() {
            let before: BTreeSet<usize> = step.after.iter().filter_map(|id| index.get(id).copied()).collect();
            before.iter().for_each(|other| dependants[*other].push(number));
            steps.push(Tracked::waiting_for(before.len()));
            all_before.push(before.into_iter().collect());
        }
        let report = Report::begun(&header);
        let mut machine = Self {
            plan,
            settings,
            floors: Floors::new(&plan.floors),
            report,
            stage: Stage::Beginning,
            unfinished: steps.len(),
            steps,
            dependants,
            before: all_before,
            sightings: Sightings::default(),
            checks: Checks::default(),
            meter: Meter::default(),
            returns: Wave::default(),
            routes: Routes::new(plan),
            planned_from: None,
            polls: BTreeMap::new(),
            pace: Pace::of(background.expected),
            startable: BTreeSet::new(),
            ready: BTreeSet::new(),
            polled: BTreeSet::new(),
            sending: BTreeSet::new(),
            tallies: Tallies::of(&plan.steps),
            in_flight: BTreeSet::new(),
            going_down: BTreeSet::new(),
            earlier: BTreeMap::new(),
            just_done: BTreeMap::new(),
            needs: background.needs,
            deactivations: deactivations(plan),
            books: Books { pending: vec![Entry::RunStarted(Box::new(header))], ..Books::default() },
            wave: 0,
            signals: 0,
            interrupted: false,
            grace_ends: None,
            abandoned: false,
            is_open: false,
            now,
            effects: Vec::new(),
        };
        machine.learn(background.reads);
        machine.remember(background.earlier);
        machine
    }

    /// Takes in what the plan was made from.
    fn learn(&mut self, reads: Vec<(Question, Answer)>) {
        self.planned_from = reads.iter().map(|(question, _)| question.begun).max();
        for (question, answer) in reads {
            let poll = self.polls.entry(question.scope.clone()).or_default();
            poll.begin(question.begun);
            poll.total = answer.total;
            let number = self.sightings.begin_read();
            self.sightings.record(number, question, answer, self.now);
        }
    }

    /// Takes in what earlier runs left on its way, as far as no read shows how it ended.
    fn remember(&mut self, earlier: &'a [Earlier]) {
        if earlier.is_empty() {
            return;
        }
        let now = self.now;
        let declared = self.plan.resource_changes.iter();
        let addresses: HashMap<_, _> = declared.map(|change| ((&change.scope, &change.id), &change.address)).collect();
        for call in earlier {
            if let Some(address) = addresses.get(&(&call.scope, &call.id)) {
                let again_at = now.instant + self.settings.doubt_window.saturating_sub(call.age(now));
                let until = match call.kind {
                    Leftover::OnItsWay | Leftover::Straggler => now.instant + call.remaining(now),
                    Leftover::JustDone => {
                        self.just_done.insert(address, (call.call, again_at));
                        again_at
                    }
                };
                let falls_back_from = call.tells_its_end.map(|after| now.instant + after.saturating_sub(call.age(now)));
                self.earlier.entry(address).or_default().push(OnItsWay { call, until, again_at, falls_back_from });
            }
        }
        self.forget_what_has_ended();
    }

    /// Takes in what has happened by `now`, and returns what is to be done, in this order.
    pub(super) fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Permit { step } => self.on_permit(step),
            Input::Sent { step } => self.on_sent(step),
            Input::NotSent { step } => self.hold_back(step),
            Input::Answered { step, answer } => self.on_answer(step, answer),
            Input::Page { read, scope, page } => self.on_page(read, &scope, page),
            Input::Contradicted { read, scope, ids } => self.on_contradiction(read, &scope, &ids),
            Input::ReadDone { read, scope, answer, outcome } => self.on_read(read, &scope, answer, outcome),
            Input::Health { id, answer } => self.checks.hear(id, answer),
            Input::Traffic { ids, asked, answer } => self.meter.hear(ids, asked, answer),
            Input::Routes { router, asked, answer } => self.routes.hear(router, asked, answer),
            Input::Appended => self.on_appended(),
            Input::Unappended(error) => self.on_unappended(error),
            Input::TakenOver(error) => self.on_taken_over(error),
            Input::Signal { count } => self.on_signal(count),
            Input::AccountHeld { by } => self.tell(Event::WaitingForAccount { holder: by }),
            Input::SteppedBack(taken) => self.on_stepped_back(taken),
            Input::Checked(answer) => self.on_checked(answer),
            Input::Woken => self.go_on(),
        }
        debug_assert!(self.startable.len() + self.in_flight.len() <= self.unfinished, "what has ended is in no set");
        std::mem::take(&mut self.effects)
    }

    /// Begins what follows from everything that was told.
    fn go_on(&mut self) {
        match self.stage {
            Stage::Beginning => self.append(),
            Stage::Walking => self.walk(),
            Stage::Between(_) => self.look_between_waves(),
            Stage::Looking(_) => self.look_once_more(),
            Stage::Closing | Stage::Over(_) => {}
        }
        // Every step may have ended just now, without anything that would wake the run once more.
        if matches!(self.stage, Stage::Closing) {
            self.append();
            if self.is_recorded() {
                self.begin_last_look();
            }
        }
    }

    /// That the run has begun is durable.
    fn begin(&mut self) {
        self.tell(Event::RunStarted { run_id: self.report.run_id.clone(), steps: self.plan.steps.len() });
        self.begin_wave();
        self.on_signal(self.signals);
    }

    /// Goes on until every step has ended, or nothing more may be started and nothing is in flight.
    fn walk(&mut self) {
        self.check_deadlines();
        loop {
            if self.unfinished == 0 && self.has_to_return() {
                break;
            }
            if self.unfinished == 0 || self.abandoned {
                return self.close();
            }
            self.ask_permits();
            // What has ended may have released or stopped others, and nothing else would wake the run for them.
            if !self.admit() {
                break;
            }
        }
        self.append();
        if !self.is_idle() {
            // What an append makes durable at once is to leave before anything else is asked for.
            if !self.effects.iter().any(|effect| matches!(effect, Effect::Append(_))) {
                self.start_reads();
            }
        } else if self.is_recorded() && (self.is_stopped() || !self.leave_wave()) {
            self.close();
        }
    }

    /// Returns whether nothing new is started.
    fn is_stopped(&self) -> bool {
        self.interrupted || self.report.stopped.is_some() || self.books.failure.is_some()
    }

    fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.startable.is_empty()
    }

    fn stop(&mut self, because: StopReason) {
        if self.report.stopped.is_none() {
            self.tell(Event::Stopping { because: because.clone() });
            self.report.stopped = Some(because);
        }
    }

    /// Forgets what a read shows at its goal or fallen back, and what has not shown for longer than it could take.
    fn forget_what_has_ended(&mut self) {
        let (sightings, now) = (&self.sightings, self.now.instant);
        self.earlier.retain(|_, on_its_way| {
            on_its_way.retain(|OnItsWay { call, until, falls_back_from, .. }| {
                let seen = sightings.get(&call.scope, &call.id).map(|observed| &observed.status);
                let is_shown = call.kind == Leftover::OnItsWay && seen == Some(call.call.transition().to);
                let begun = sightings.begun(&call.scope, &call.id);
                let is_believed = falls_back_from.zip(begun).is_some_and(|(from, begun)| begun >= from);
                let has_fallen_back = is_believed && seen == Some(call.call.transition().from);
                !is_shown && !has_fallen_back && *until > now
            });
            !on_its_way.is_empty()
        });
    }

    /// Returns whether a Deactivate of this run or of an earlier one may take it down at any moment.
    fn is_going_down(&self, address: &Address) -> bool {
        self.going_down.contains(address) || self.is_on_its_way_to(address, Call::Deactivate)
    }

    /// Returns whether one of these was moved by an earlier run so recently that reads may still show what was before.
    fn is_any_just_moved<'s>(&self, mut addresses: impl Iterator<Item = &'s Address>) -> bool {
        addresses.any(|address| {
            self.earlier.get(address).into_iter().flatten().any(|one| one.call.kind == Leftover::JustDone)
        })
    }

    /// Takes in that a call of this run moves it: what an earlier one did before says nothing more, but that reads may still
    /// show it up from before it was taken down.
    fn is_moved_anew(&mut self, address: &Address) {
        if let Some(on_its_way) = self.earlier.get_mut(address) {
            on_its_way.retain(|one| one.call.kind != Leftover::JustDone || one.call.call == Call::Deactivate);
        }
    }

    /// Returns whether what was last read of a step's interface may be how it was before the last call of an earlier run. A read
    /// that lags shows that as what this step wants, whatever became of the step's own call.
    fn may_be_of_before(&self, number: usize) -> bool {
        self.believed_from(number).is_some()
    }

    /// Returns when a read has to be begun to be believed where the last one is not; `None` where it is.
    fn believed_from(&self, number: usize) -> Option<Moment> {
        let step = self.planned(number);
        let (call, until) = self.just_done.get(&step.address)?;
        let before = call.transition().from;
        let is_as_before = step.goal.is_reached_by(before) && self.last_status(number).as_ref() == Some(before);
        let begun = self.sightings.begun(&step.scope, &step.interface_id)?;
        (is_as_before && begun < *until).then_some(*until)
    }

    /// Returns whether an Activate of an earlier run may bring it up at any moment.
    fn is_coming_up(&self, address: &Address) -> bool {
        self.is_on_its_way_to(address, Call::Activate)
    }

    fn is_on_its_way_to(&self, address: &Address, call: Call) -> bool {
        self.earlier.get(address).into_iter().flatten().any(|on_its_way| on_its_way.call.call == call)
    }

    /// Puts a step into a phase, and into the sets that go with it.
    fn enter(&mut self, number: usize, phase: Phase) {
        let place = |set: &mut BTreeSet<usize>, belongs: bool| {
            if belongs {
                set.insert(number)
            } else {
                set.remove(&number)
            };
        };
        place(&mut self.startable, matches!(phase, Phase::Startable));
        place(&mut self.ready, matches!(phase, Phase::Ready(_)));
        place(&mut self.polled, phase.is_polled());
        place(&mut self.sending, phase.is_sending());
        place(&mut self.in_flight, phase.is_in_flight());
        self.tallies.turn(number, &self.plan.steps[number], &self.steps[number].phase, &phase);
        self.steps[number].phase = phase;
    }

    fn planned(&self, number: usize) -> &'a Step {
        &self.plan.steps[number]
    }

    fn is_deactivation(step: &Step) -> bool {
        step.action == Action::Call(Call::Deactivate)
    }

    fn tell(&mut self, event: Event) {
        self.effects.push(Effect::Tell(event));
    }

    /// Gives everything up to whoever drove the run.
    pub(super) fn hand_over(self) -> Left {
        let seen = self.sightings.since(self.planned_from).map(|(scope, id, observed, arrived)| Seen {
            scope: scope.clone(),
            id: id.clone(),
            observed: observed.cloned(),
            arrived,
        });
        Left {
            seen: seen.collect(),
            report: self.report,
            last_look: match self.stage {
                Stage::Over(look) => look,
                _ => LastLook::default(),
            },
            interrupted: self.interrupted,
            is_open: self.is_open,
            failure: self.books.failure,
        }
    }
}

fn deactivations(plan: &Plan) -> BTreeMap<&RouterInterfaceId, usize> {
    let all = plan.steps.iter().enumerate().filter(|(_, step)| Machine::is_deactivation(step));
    all.map(|(number, step)| (&step.interface_id, number)).collect()
}

#[cfg(test)]
mod tests;
