//! What really happened, seen from outside, and whether it was allowed to.
//!
//! The ledger hears of every effect from the wires around cloud and disk. It believes only two things: what the world
//! answered, and which bytes are durable. From these it judges each call and each record at the moment it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rictl::cloud::Call;
use rictl::executor::Settings;
use rictl::journal::{Answer, Entry, Journal, Outcome, PlannedStep, Replay, Run, decode_run, runs_in};
use rictl::plan::{Action, FloorMember, Plan, Step};
use rictl::resource::{Address, DesiredStatus, Observed, RouterInterfaceId, Scope, Status};
use rictl::run::StepResult;
use rictl::spec::Spec;
use rictl::state::{RunId, State};
use rictl::store::memory::Disk;
use tokio::time::{Duration, Instant};

/// More effects than any scenario needs: one that has more does not end.
const MOST_EFFECTS: u64 = 50_000;

/// How many equal reads a lost answer needs before its call may be sent again.
const EQUAL_READS: usize = 3;

/// One reading of one interface, as it was handed over.
#[derive(Clone, Debug)]
struct Sighting {
    /// How many effects there had been when it was asked for: many happen in one instant.
    asked_after: u64,
    at: Instant,
    status: Status,
    is_up: bool,
}

/// One mutating call.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    run_id: String,
    step: String,
    pub(crate) id: RouterInterfaceId,
    pub(crate) call: Call,
    at: Instant,
    /// When its answer was lost.
    lost_at: Option<Instant>,
    /// After how many effects; in another process it is lost from the beginning.
    lost_after: u64,
    /// The world carried it out.
    pub(crate) took_effect: bool,
    /// After how many effects.
    effects: u64,
    /// Which of all calls that took effect it was: many happen in one instant.
    order: u64,
}

/// What a scenario forgives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leniency {
    /// Others move interfaces too.
    pub(crate) foreign: bool,
    /// Reads may be old.
    pub(crate) stale: bool,
    /// Reads may be wrong.
    pub(crate) distorted: bool,
}

/// The record of one scenario.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) spec: Spec,
    pub(crate) leniency: Leniency,
    /// How old the read may be that a call rests on, and how long a lost answer is watched.
    pub(crate) settings: Settings,
    pub(crate) effects: u64,
    pub(crate) crashes: u64,
    pub(crate) lives: u64,
    /// What is durable.
    pub(crate) disk: Disk,
    /// The journal of `disk`, as it was read when it last grew.
    journal: Option<Journal>,
    /// The plan that the present life runs.
    pub(crate) plan: Option<Plan>,
    /// When an append failed in this life; nothing may be sent after that.
    pub(crate) append_failed: bool,
    /// When a signal arrived in this life.
    pub(crate) signalled: Option<Instant>,
    pub(crate) is_reading_only: bool,
    pub(crate) sent: Vec<Sent>,
    pub(crate) violations: Vec<String>,
    seen: BTreeMap<RouterInterfaceId, Vec<Sighting>>,
    last_seen: BTreeMap<(Scope, RouterInterfaceId), Option<Sighting>>,
    request_ids: BTreeSet<String>,
    refused_ids: BTreeSet<String>,
    began: Instant,
    life_began: Instant,
    /// How many calls have taken effect.
    orders: u64,
    hash: u64,
    trace: Option<String>,
}

impl Ledger {
    pub(crate) fn new(spec: Spec, leniency: Leniency, settings: Settings, is_traced: bool) -> Self {
        Self {
            spec,
            leniency,
            settings,
            effects: 0,
            crashes: 0,
            lives: 0,
            disk: Disk::default(),
            journal: None,
            plan: None,
            append_failed: false,
            signalled: None,
            is_reading_only: false,
            sent: Vec::new(),
            violations: Vec::new(),
            seen: BTreeMap::new(),
            last_seen: BTreeMap::new(),
            request_ids: BTreeSet::new(),
            refused_ids: BTreeSet::new(),
            began: Instant::now(),
            life_began: Instant::now(),
            orders: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            trace: is_traced.then(String::new),
        }
    }

    pub(crate) fn begin_life(&mut self) {
        self.lives += 1;
        let effects = self.effects;
        self.sent.iter_mut().for_each(|sent| sent.lost_after = sent.lost_after.min(effects));
        self.plan = None;
        self.append_failed = false;
        self.signalled = None;
        self.life_began = Instant::now();
        // A new process knows nothing.
        self.last_seen.clear();
    }

    /// Notes one line of what happens.
    pub(crate) fn note(&mut self, what: &str) {
        let at = self.began.elapsed().as_millis();
        let line = format!("{at:>9} ms, life {}, effect {}: {what}\n", self.lives, self.effects);
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(trace) = &mut self.trace {
            trace.push_str(&line);
        }
    }

    pub(crate) fn effect(&mut self, what: &str) {
        self.effects += 1;
        self.note(what);
        if self.effects == MOST_EFFECTS {
            self.violate("termination", "the scenario does not end");
        }
    }

    /// Returns a fingerprint of everything that was noted.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn trace(&self) -> &str {
        self.trace.as_deref().unwrap_or_default()
    }

    pub(crate) fn violate(&mut self, invariant: &str, what: &str) {
        let text = format!("{invariant}: {what} (life {}, effect {})", self.lives, self.effects);
        self.note(&format!("VIOLATED {text}"));
        if self.violations.len() < 10 {
            self.violations.push(text);
        }
    }

    fn check(&mut self, holds: bool, invariant: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(invariant, &what());
        }
    }

    /// Takes in an answer to a read: what it shows, and what it was asked for and is not there.
    pub(crate) fn read(&mut self, scope: &Scope, asked_after: u64, missing: &[RouterInterfaceId], shown: &[Observed]) {
        let at = Instant::now();
        for id in missing {
            self.last_seen.insert((scope.clone(), id.clone()), None);
        }
        for observed in shown {
            let sighting =
                Sighting { asked_after, at, status: observed.status.clone(), is_up: observed.counts_as_up() };
            self.seen.entry(observed.id.clone()).or_default().push(sighting.clone());
            self.last_seen.insert((scope.clone(), observed.id.clone()), Some(sighting));
        }
    }

    /// Takes in an id under which the world did as it was asked.
    pub(crate) fn accepted(&mut self, request_id: &str) {
        self.request_ids.insert(request_id.to_owned());
    }

    /// Takes in that the world refused a call.
    pub(crate) fn refused(&mut self, request_id: &str) {
        self.refused_ids.insert(request_id.to_owned());
    }

    /// Takes in that the answer to a call was lost.
    pub(crate) fn lost(&mut self, number: usize) {
        self.sent[number].lost_at = Some(Instant::now());
        self.sent[number].lost_after = self.effects;
    }

    fn last_seen(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<&Sighting> {
        self.last_seen.get(&(scope.clone(), id.clone()))?.as_ref()
    }

    /// Judges a call that is about to leave, and returns its number.
    pub(crate) fn call(&mut self, scope: &Scope, call: Call, id: &RouterInterfaceId) -> usize {
        let what = format!("{call} {id}");
        let read_only = self.is_reading_only;
        self.check(!read_only, "reading never writes", || what.clone());
        let failed = self.append_failed;
        self.check(!failed, "nothing after a failed write", || what.clone());
        let now = Instant::now();
        let signalled = self.signalled.is_some_and(|signalled| now > signalled);
        self.check(!signalled, "nothing new after a signal", || what.clone());
        self.check_declared(call, id);
        let read = || Journal::decode(&self.disk.journal).map(|(journal, _)| journal).unwrap_or_default();
        let journal = self.journal.take().unwrap_or_else(read);
        let mut sent = Sent {
            run_id: String::new(),
            step: String::new(),
            id: id.clone(),
            call,
            at: now,
            lost_at: None,
            lost_after: u64::MAX,
            took_effect: false,
            effects: 0,
            order: 0,
        };
        match journal.replay().open_run() {
            None => self.violate("intent first", &format!("{what} without an open run")),
            Some(run) => {
                if let Some(step) = self.check_intent(run, scope, call, id) {
                    sent.run_id = run.started.run_id.to_string();
                    sent.step = step.id.to_string();
                    self.check_planned(run, &step);
                }
            }
        }
        self.journal = Some(journal);
        self.check_fresh(scope, id, &what);
        self.check_once(&sent, &what);
        self.sent.push(sent);
        self.sent.len() - 1
    }

    /// Only what the spec declares, and only as far as it lets.
    fn check_declared(&mut self, call: Call, id: &RouterInterfaceId) {
        let declared = self.spec.interfaces.values().find(|interface| interface.id.value == *id);
        let problem = match declared {
            None => Some("it is not declared"),
            Some(declared) if declared.hands_off.is_some() => Some("it is hands_off"),
            Some(declared) if call == Call::Deactivate && declared.protect.is_some() => Some("it is protected"),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            self.violate("guarded means never", &format!("{call} {id}: {problem}"));
        }
    }

    /// The intent is durable, and nothing has come back for it yet.
    fn check_intent(&mut self, run: &Run, scope: &Scope, call: Call, id: &RouterInterfaceId) -> Option<PlannedStep> {
        let found =
            run.steps().find(|(step, _)| step.call == Some(call) && step.interface_id == *id && step.scope == *scope);
        let Some((step, trace)) = found else {
            self.violate("only planned calls", &format!("{call} {id} is no step of the run"));
            return None;
        };
        let is_intended =
            trace.closed.is_none() && trace.attempts.last().is_some_and(|attempt| attempt.answer == Answer::Unrecorded);
        self.check(is_intended, "intent first", || format!("{} has no open intent on disk", step.id));
        Some(step.clone())
    }

    /// It is a step of the approved plan, everything before it is at its goal, and no floor breaks.
    fn check_planned(&mut self, run: &Run, step: &PlannedStep) {
        let Some(plan) = self.plan.clone() else {
            self.violate("only planned calls", &format!("{} before any plan", step.id));
            return;
        };
        self.check(run.started.digest == plan.digest(), "only planned calls", || {
            "the run is another plan's".to_owned()
        });
        let Some(planned) = plan.steps.iter().find(|planned| planned.id == step.id) else {
            self.violate("only planned calls", &format!("{} is not in the plan", step.id));
            return;
        };
        for before in &planned.after {
            let at_goal = run.steps().any(|(step, trace)| {
                let outcome = trace.closed.as_ref().map(|closed| closed.outcome);
                step.id == *before && matches!(outcome, Some(Outcome::Done | Outcome::Already | Outcome::DoneUnknown))
            });
            self.check(at_goal, "order", || format!("{} before {before} is at its goal", planned.id));
        }
        if planned.action == Action::Call(Call::Deactivate) {
            self.check_floors(&plan, planned, run);
        }
    }

    /// From what the last reads showed, with everything down that this run took or takes down.
    fn check_floors(&mut self, plan: &Plan, planned: &Step, run: &Run) {
        let going_down: BTreeSet<&Address> = run
            .steps()
            .filter(|(step, trace)| {
                let is_open = trace.open_call().is_some();
                let is_over = trace.closed.as_ref().is_some_and(|closed| {
                    matches!(
                        closed.outcome,
                        Outcome::InDoubt | Outcome::Unsettled | Outcome::Done | Outcome::DoneUnknown
                    )
                });
                step.call == Some(Call::Deactivate) && (is_open || is_over)
            })
            .map(|(step, _)| &step.address)
            .collect();
        for floor in &plan.floors {
            let (own, others): (Vec<_>, Vec<_>) =
                floor.links.iter().partition(|link| link.sides.iter().any(|side| side.address == planned.address));
            // What was last seen as not up takes nothing from a floor.
            let is_out = |side: &FloorMember| {
                self.last_seen(&side.scope, &side.interface_id).is_some_and(|sighting| !sighting.is_up)
            };
            if own.iter().all(|link| link.sides.iter().any(is_out)) {
                continue;
            }
            let is_up = |side: &FloorMember| {
                !going_down.contains(&side.address)
                    && self.last_seen(&side.scope, &side.interface_id).is_some_and(|sighting| sighting.is_up)
            };
            let up = others.iter().filter(|link| link.sides.iter().all(is_up)).count();
            self.check(up >= floor.min_up as usize, "floor", || {
                format!("{} leaves {up} up in {}, floor {}", planned.id, floor.group, floor.min_up)
            });
        }
    }

    /// Takes in that a call was carried out. What that does to the floors, the judge knows.
    pub(crate) fn took_effect(&mut self, number: usize) {
        self.sent[number].took_effect = true;
        self.sent[number].effects = self.effects;
        self.orders += 1;
        self.sent[number].order = self.orders;
        let Sent { id, call, .. } = self.sent[number].clone();
        self.note(&format!("{call} {id} takes effect"));
    }

    /// It rests on a read that is young enough to send on.
    fn check_fresh(&mut self, scope: &Scope, id: &RouterInterfaceId, what: &str) {
        let age = self.last_seen(scope, id).map(|sighting| sighting.at.elapsed());
        let most = self.settings.max_read_age;
        self.check(age.is_some_and(|age| age <= most), "fresh read", || format!("{what} rests on a read {age:?} old"));
    }

    /// A call is sent again only after its answer was lost, once, and only where no read could tell that it took effect.
    fn check_once(&mut self, next: &Sent, what: &str) {
        let before: Vec<Sent> =
            self.sent.iter().filter(|sent| sent.run_id == next.run_id && sent.step == next.step).cloned().collect();
        let lost = before.iter().filter(|sent| sent.lost_at.is_some()).count();
        self.check(lost <= 1, "no second call", || format!("{what} goes out again after {lost} lost answers"));
        if self.leniency.foreign || self.leniency.distorted {
            return;
        }
        // A request may be on its way and reads may look back, each for less than the doubt window, and together for
        // longer: then every read of a whole window shows the world before the call, and nobody can tell.
        let again = before
            .iter()
            .filter(|sent| sent.took_effect && !self.is_taken_back(sent) && self.is_shown_by_the_last_page(sent))
            .any(|sent| !self.leniency.stale || !self.seems_untouched(sent));
        self.check(!again, "no second call", || format!("{what} took effect before, in the same run"));
        if !self.leniency.stale {
            let before = self.sent.iter().filter(|sent| sent.id == next.id && sent.took_effect);
            let before = before.max_by_key(|sent| sent.order);
            let again = before.is_some_and(|before| before.call == next.call && self.is_shown_by_the_last_page(before));
            self.check(!again, "no second call", || format!("{what} took effect before, and nobody took it back"));
        }
    }

    /// Returns whether a call the other way took effect after it, however late that came.
    fn is_taken_back(&self, sent: &Sent) -> bool {
        self.sent.iter().any(|other| other.id == sent.id && other.call != sent.call && other.order > sent.order)
    }

    /// Returns whether the next call could know of the effect: the page that it rests on was asked for after that, or not since
    /// the answer was lost. What comes between a page and a call, nobody can know.
    fn is_shown_by_the_last_page(&self, sent: &Sent) -> bool {
        let seen = self.seen.get(&sent.id).and_then(|seen| seen.last());
        seen.is_none_or(|page| sent.effects < page.asked_after || page.asked_after <= sent.lost_after)
    }

    /// Returns whether every read since a call was sent shows its interface untouched, and enough of them for long enough
    /// after its answer was lost.
    fn seems_untouched(&self, sent: &Sent) -> bool {
        let Some(lost_at) = sent.lost_at else { return false };
        let untouched = match sent.call {
            Call::Activate => Status::Inactive,
            Call::Deactivate => Status::Active,
        };
        let since: Vec<&Sighting> =
            self.seen.get(&sent.id).into_iter().flatten().filter(|sighting| sighting.at >= sent.at).collect();
        let watched = since.last().map_or(Duration::ZERO, |last| last.at.saturating_duration_since(lost_at));
        since.iter().all(|sighting| sighting.status == untouched)
            && since.iter().filter(|sighting| sighting.at >= lost_at).count() >= EQUAL_READS
            && watched >= self.settings.doubt_window
    }

    /// Takes in what is durable now.
    pub(crate) fn keep(&mut self, disk: &Disk) {
        self.disk = disk.clone();
        self.journal = None;
    }

    /// Judges what an append has made durable.
    pub(crate) fn appended(&mut self, entries: &[Entry], disk: &Disk) {
        let is_kept = disk.journal.starts_with(&self.disk.journal);
        self.check(is_kept, "nothing is lost", || "the journal has lost what was durable".to_owned());
        let is_apart = disk.state == self.disk.state && disk.runs == self.disk.runs;
        self.check(is_apart, "nothing is lost", || "an append changed the state or an ended run".to_owned());
        self.disk.journal.clone_from(&disk.journal);
        let Ok((journal, None)) = Journal::decode(&disk.journal) else {
            self.violate("nothing is lost", "the journal cannot be read back");
            return;
        };
        for entry in entries {
            self.check_entry(entry, journal.replay());
        }
        self.journal = Some(journal);
    }

    fn check_entry(&mut self, entry: &Entry, replay: &Replay) {
        match entry {
            Entry::Accepted { receipt, step, .. } => {
                let request_id = &receipt.request_id;
                let is_real = self.request_ids.contains(&*request_id.0);
                self.check(is_real, "no invention", || format!("{step}: RequestId {request_id}"));
            }
            Entry::Closed { step, outcome, status, .. } => {
                let planned = replay.runs().last().and_then(|run| run.steps().find(|(planned, _)| planned.id == *step));
                let Some((planned, _)) = planned else { return };
                let id = planned.interface_id.clone();
                if let Some(status) = status {
                    self.check_seen(&id, status, "a result");
                }
                if matches!(outcome, Outcome::Done | Outcome::Already | Outcome::DoneUnknown) {
                    // A slow disk has it after what was read since.
                    let goal = planned.goal;
                    let mut seen = self.seen.get(&id).into_iter().flatten().filter(|seen| seen.at >= self.life_began);
                    let is_at_goal = seen.any(|seen| goal.is_reached_by(&seen.status));
                    self.check(is_at_goal, "no invention", || {
                        format!("{step} is said to be at {goal}, and no read of this process said so")
                    });
                }
            }
            _ => {}
        }
    }

    /// Judges what a report says of a step.
    pub(crate) fn check_result(&mut self, result: &StepResult) {
        if let Some(status) = &result.status {
            self.check_seen(&result.step.interface_id, status, "a report");
        }
        if let Some(request_id) = &result.request_id {
            let is_real = self.request_ids.contains(&*request_id.0) || self.refused_ids.contains(&*request_id.0);
            self.check(is_real, "no invention", || format!("a report: RequestId {request_id}"));
        }
    }

    fn check_seen(&mut self, id: &RouterInterfaceId, status: &Status, where_: &str) {
        let was_seen = self.seen.get(id).is_some_and(|seen| seen.iter().any(|sighting| sighting.status == *status));
        self.check(was_seen, "no invention", || format!("{where_} says {id} was {status}, and no read said so"));
    }

    /// Judges a state that was committed.
    pub(crate) fn committed(&mut self, state: &State, disk: &Disk) {
        self.check(disk.journal == self.disk.journal, "nothing is lost", || "a commit changed the journal".to_owned());
        self.keep(disk);
        for record in state.interfaces.values() {
            if let Some(status) = &record.observed.status {
                self.check_seen(&record.id, status, "the state");
            }
            if let Some(declared) = record.declared {
                self.check_seen(&record.id, &declared.status(), "the state's declared");
            }
            let request_id = record.last_action.as_ref().and_then(|action| action.request_id.as_ref());
            if let Some(request_id) = request_id {
                let is_real = self.request_ids.contains(&*request_id.0);
                self.check(is_real, "no invention", || format!("the state: RequestId {request_id}"));
            }
        }
    }

    /// Judges what became of a journal from which ended runs were taken: each is kept, or still there.
    pub(crate) fn archived(&mut self, disk: &Disk) {
        let ids = |disk: &Disk| -> BTreeSet<RunId> {
            let lines: Vec<u8> = disk.runs.values().flatten().chain(&disk.journal).copied().collect();
            runs_in(&lines).into_iter().map(|(id, _)| id).collect()
        };
        let lost: Vec<RunId> = ids(&self.disk).difference(&ids(disk)).cloned().collect();
        self.check(lost.is_empty(), "nothing is lost", || format!("runs were lost: {lost:?}"));
        for (id, bytes) in &disk.runs {
            let is_whole = decode_run(bytes).is_ok_and(|run| run.started.run_id == *id && run.folded.is_some());
            self.check(is_whole, "nothing is lost", || format!("the archived run {id} cannot be read back"));
        }
        self.keep(disk);
    }

    /// Every call that the world received has its intent in the journal or the archive, to the end.
    pub(crate) fn check_nothing_lost(&mut self) {
        let journal = Journal::decode(&self.disk.journal).map(|(journal, _)| journal).unwrap_or_default();
        let mut runs: Vec<Run> = self.disk.runs.values().filter_map(|bytes| decode_run(bytes).ok()).collect();
        runs.extend(journal.into_runs());
        let recorded: BTreeSet<(String, String)> = runs
            .iter()
            .flat_map(|run| run.steps().map(move |(step, trace)| (run, step, trace)))
            .filter(|(_, _, trace)| !trace.attempts.is_empty())
            .map(|(run, step, _)| (run.started.run_id.to_string(), step.id.to_string()))
            .collect();
        let lost: Vec<String> = self
            .sent
            .iter()
            .filter(|sent| !recorded.contains(&(sent.run_id.clone(), sent.step.clone())))
            .map(|sent| format!("{} {}", sent.call, sent.id))
            .collect();
        self.check(lost.is_empty(), "nothing is lost", || format!("not in the journal: {}", lost.join(", ")));
    }

    /// Without anybody else's hand an interface is called as often as it takes, however many processes died.
    pub(crate) fn check_effects(&mut self) {
        let mut effects: BTreeMap<(&RouterInterfaceId, Call), u32> = BTreeMap::new();
        for sent in self.sent.iter().filter(|sent| sent.took_effect) {
            *effects.entry((&sent.id, sent.call)).or_default() += 1;
        }
        let mut text = String::new();
        for ((id, call), count) in effects.iter().filter(|(_, count)| **count > 1) {
            write!(text, "{call} {id} took effect {count} times; ").unwrap();
        }
        self.check(text.is_empty(), "at most one effect", || text.clone());
    }

    /// Every declared interface is where the spec wants it, but for `blocked` ones.
    pub(crate) fn check_goals(&mut self, blocked: &BTreeSet<Address>, truth: &BTreeMap<RouterInterfaceId, Status>) {
        let wrong: Vec<String> = self
            .spec
            .interfaces
            .iter()
            .filter(|(address, declared)| {
                let wanted = DesiredStatus::status(declared.status.value);
                !blocked.contains(*address) && truth.get(&declared.id.value) != Some(&wanted)
            })
            .map(|(address, declared)| format!("{address} is {:?}", truth.get(&declared.id.value)))
            .collect();
        self.check(wrong.is_empty(), "convergence", || wrong.join(", "));
    }
}
