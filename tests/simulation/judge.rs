//! The world's own judge: what the server did and had answered, and whether that was allowed.
//!
//! It knows nothing of executors, journals or reports but how a process ended. Floors, freshness and repeats are judged
//! from the world's truth, from when the world saw each request arrive and from what it had answered to whom, over all
//! runs and processes of an account. What the ledger checks from the durable bytes is checked there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rictl::clock::Clock;
use rictl::cloud::Call;
use rictl::emulator::{FaultKind, OppositeSeed, World, WorldSeed};
use rictl::ops::session::{Applied, Back, Came, Ran};
use rictl::resource::{
    Address, BusinessStatus, DesiredStatus, GroupName, HealthCheckStatus, Observed, RouterInterfaceId, Scope, Status,
};
use rictl::run::{Exit, StepResult};
use rictl::spec::{HealthPolicy, Spec};
use rictl::state::RunId;
use tokio::time::{Duration, Instant};

use super::ledger::{About, Leniency};
use super::scenario::{Errand, Life as Process, Seams};

/// How long ago a page may have been asked for that a call rests on (the default of `--max-read-age`).
const MAX_READ_AGE: Duration = Duration::from_secs(2);

/// For how long an accepted call that no read has shown yet may still show.
const SETTLED_BY: Duration = Duration::from_secs(600);

/// What the judge knows to be a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// A Deactivate left fewer links truly up than a declared floor wants.
    Floor,
    /// A call left on a page that was asked for too long ago.
    Fresh,
    /// A call left against what the last answers had shown.
    News,
    /// A call was sent again that was accepted, or whose answer was lost just before.
    Repeat,
    /// Something was brought up before what it depends on.
    Order,
    /// An end was brought up whose other end shall be down.
    BothEnds,
    /// The exit code does not say what happened.
    Exit,
    /// A report calls a step untouched that this run's call has moved.
    Told,
    /// What another run has changed since is taken back.
    Superseded,
    /// What was taken back is taken back once more.
    Twice,
    /// What is kept is taken back, or the other way round.
    Kept,
    /// What awaits confirmation is changed by another run.
    Awaits,
    /// What nobody confirmed stays.
    Lost,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) rule: Rule,
    pub(crate) text: String,
}

/// What a process was last answered about one interface.
#[derive(Clone, Debug)]
struct Shown {
    /// When the world saw the question.
    asked: Instant,
    is_up: bool,
    /// `None` where the answer contradicts itself, or says that it is not there.
    status: Option<Status>,
}

/// What came back for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Accepted,
    Refused,
    Lost,
}

/// One mutating call, from when it left.
#[derive(Clone, Debug)]
struct Sent {
    about: About,
    /// Which of all calls that took effect it was.
    order: u64,
    life: usize,
    id: RouterInterfaceId,
    call: Call,
    at: Instant,
    /// Which groups were below their floors when it left.
    below: BTreeSet<GroupName>,
    answer: Option<(Instant, Answered)>,
    /// Something was made durable after the answer: the next process can know of it.
    is_known: bool,
    /// An answer has shown its goal since: what a later one shows is news.
    is_seen: bool,
    took_effect: bool,
    effect_at: Option<Instant>,
}

/// One process.
#[derive(Debug)]
struct Life {
    checkout: usize,
    spec: Spec,
    /// It takes back what a run did, and brings up what was up, whatever the spec says of its neighbours.
    is_way_back: bool,
    /// Somebody asks for it, by name.
    is_asked: bool,
    /// What a newer run has changed since is wanted back, too.
    is_forced: bool,
    has_run: bool,
    shown: BTreeMap<(Scope, RouterInterfaceId), Shown>,
    last_asked: Option<Instant>,
    /// The code that it ended with, if it says that nothing was done.
    says_nothing_done: Option<u8>,
}

/// A floor with who keeps it, how many of its links are up, and how many have to be.
pub(crate) type Kept = (GroupName, BTreeSet<RouterInterfaceId>, usize, usize);

/// What one link of a group is made of: ids that all have to be up.
type Link = BTreeSet<RouterInterfaceId>;

/// The judge of one world.
#[derive(Debug)]
pub(crate) struct Judge {
    world: Rc<RefCell<World>>,
    clock: Clock,
    began: Instant,
    leniency: Leniency,
    /// Answers show interfaces under the names of others: nobody can know whose end or status a row tells.
    are_misnamed: bool,
    has_companion: bool,
    /// One answer shows what is on its way as arrived.
    has_early_reads: bool,
    doubt_window: Duration,
    longest_settling: Duration,
    opposites: BTreeMap<RouterInterfaceId, RouterInterfaceId>,
    locked: BTreeSet<RouterInterfaceId>,
    /// What says Abnormal of its fibre.
    ill: BTreeSet<RouterInterfaceId>,
    lives: Vec<Life>,
    sent: Vec<Sent>,
    /// Runs that somebody has confirmed, or what a way back had left of them.
    kept: BTreeSet<RunId>,
    orders: u64,
    pub(crate) charges: Vec<Charge>,
}

impl Judge {
    pub(crate) fn new(
        seed: &WorldSeed,
        world: Rc<RefCell<World>>,
        clock: Clock,
        leniency: Leniency,
        seams: &Seams,
        doubt_window: Duration,
    ) -> Self {
        let mut opposites = BTreeMap::new();
        for interface in &seed.interfaces {
            if let Some(OppositeSeed::Here(other)) = &interface.opposite {
                opposites.insert(interface.id.clone(), other.clone());
                opposites.entry(other.clone()).or_insert_with(|| interface.id.clone());
            }
        }
        let is_locked = |status: &BusinessStatus| *status != BusinessStatus::Normal;
        let locked =
            seed.interfaces.iter().filter(|interface| interface.business_status.as_ref().is_some_and(is_locked));
        let is_ill = |word: &HealthCheckStatus| *word == HealthCheckStatus::Abnormal;
        let ill = seed.interfaces.iter().filter(|interface| interface.health_check_status.as_ref().is_some_and(is_ill));
        Self {
            locked: locked.map(|interface| interface.id.clone()).collect(),
            ill: ill.map(|interface| interface.id.clone()).collect(),
            world,
            clock,
            began: Instant::now(),
            leniency,
            are_misnamed: seed.faults.iter().any(|fault| matches!(fault.fault, FaultKind::OtherId)),
            has_companion: seams.companion.is_some(),
            has_early_reads: seams.tricks.early.is_some(),
            doubt_window,
            longest_settling: seed.settle.activate.max(seed.settle.deactivate),
            opposites,
            lives: Vec::new(),
            sent: Vec::new(),
            kept: BTreeSet::new(),
            orders: 0,
            charges: Vec::new(),
        }
    }

    fn charge(&mut self, rule: Rule, text: &str) {
        let at = self.began.elapsed().as_millis();
        if self.charges.len() < 20 {
            self.charges.push(Charge { rule, text: format!("{at} ms, life {}: {text}", self.lives.len()) });
        }
    }

    /// Nobody but our own processes moves anything, and nothing is shown that never was.
    fn is_alone(&self) -> bool {
        !self.leniency.foreign && !self.leniency.distorted
    }

    /// A process of `checkout` begins to work; returns its number.
    pub(crate) fn begins(&mut self, checkout: usize, spec: &Spec, is_way_back: bool, life: &Process) -> usize {
        self.lives.push(Life {
            checkout,
            spec: spec.clone(),
            is_way_back,
            is_asked: is_way_back && life.errand == Errand::Work,
            is_forced: life.is_forced,
            has_run: false,
            shown: BTreeMap::new(),
            last_asked: None,
            says_nothing_done: None,
        });
        self.lives.len() - 1
    }

    /// A run begins in a process; a second one is the way back of the first.
    pub(crate) fn begins_run(&mut self, life: usize) {
        let life = &mut self.lives[life];
        life.is_way_back |= life.has_run;
        life.has_run = true;
    }

    /// Takes in an answer that was handed over: when the world saw the question, what it shows, and what it says is not
    /// there. A page counts from when it was asked for, also where the rest of its listing never comes.
    pub(crate) fn answered(
        &mut self,
        life: usize,
        asked: Instant,
        scope: &Scope,
        missing: &[RouterInterfaceId],
        rows: &[Observed],
    ) {
        let shown = &mut self.lives[life].shown;
        let mut page: BTreeMap<&RouterInterfaceId, Shown> = BTreeMap::new();
        for row in rows {
            let status = Some(row.status.clone());
            let next = Shown { asked, is_up: row.counts_as_up(), status };
            page.entry(&row.id)
                .and_modify(|first| {
                    first.is_up &= next.is_up;
                    first.status = first.status.take().filter(|status| Some(status) == next.status.as_ref());
                })
                .or_insert(next);
        }
        let absent = missing.iter().map(|id| (id, Shown { asked, is_up: false, status: None }));
        for (id, next) in page.into_iter().chain(absent) {
            let key = (scope.clone(), id.clone());
            if shown.get(&key).is_none_or(|known| known.asked <= asked) {
                shown.insert(key, next);
            }
        }
        let checkout = self.lives[life].checkout;
        for sent in self.sent.iter_mut().filter(|sent| self.lives[sent.life].checkout == checkout && sent.at <= asked) {
            let goal = match sent.call {
                Call::Activate => Status::Active,
                Call::Deactivate => Status::Inactive,
            };
            sent.is_seen |= rows.iter().any(|row| row.id == sent.id && row.status == goal);
        }
        let last = &mut self.lives[life].last_asked;
        *last = (*last).max(Some(asked));
    }

    /// Judges a call that leaves a process, and returns its number.
    pub(crate) fn leaves(
        &mut self,
        life: usize,
        scope: &Scope,
        (call, id): (Call, &RouterInterfaceId),
        about: About,
    ) -> usize {
        self.check_page(life, scope, call, id);
        self.check_ways_back(life, call, id, &about);
        if call == Call::Deactivate {
            self.check_floor_pages(life, id);
        } else if !self.lives[life].is_way_back && about.takes_back.is_empty() {
            self.check_order(life, id);
            self.check_other_end(life, id);
        }
        self.check_repeat(life, call, id);
        let at = Instant::now();
        let below = self.up().into_iter().filter(|(.., up, floor)| up < floor);
        self.sent.push(Sent {
            about,
            order: 0,
            life,
            id: id.clone(),
            call,
            at,
            below: below.map(|(group, ..)| group).collect(),
            answer: None,
            is_known: false,
            is_seen: false,
            took_effect: false,
            effect_at: None,
        });
        self.sent.len() - 1
    }

    /// Returns the last call of a checkout's runs to an interface that took effect.
    fn last_effect(&self, checkout: usize, id: &RouterInterfaceId) -> Option<&Sent> {
        let of_it = self.sent.iter().filter(|sent| sent.id == *id && self.lives[sent.life].checkout == checkout);
        of_it.filter(|sent| sent.took_effect).max_by_key(|sent| sent.order)
    }

    /// What is taken back was changed last by what it takes back, and is not kept; what awaits confirmation nobody else changes.
    fn check_ways_back(&mut self, life: usize, call: Call, id: &RouterInterfaceId, about: &About) {
        let Life { checkout, is_asked, is_forced, .. } = self.lives[life];
        let Some(run) = about.run.as_ref().filter(|_| self.is_alone()) else { return };
        let Some(last) = self.last_effect(checkout, id) else { return };
        let (last, since) = (last.about.clone(), last.effect_at);
        let Some(before) = &last.run else { return };
        let is_of = |run: &RunId| about.takes_back.contains(run);
        if about.takes_back.is_empty() {
            let awaits = last.is_confirmable && last.takes_back.is_empty() && !self.kept.contains(before);
            if awaits && before != run {
                self.charge(Rule::Awaits, &format!("{call} {id} is of another run, and {before} awaits confirmation"));
            }
            return;
        }
        // One that came after that and was refused may have been done, as far as lagging reads tell.
        let may_be_of =
            |sent: &&Sent| sent.id == *id && Some(sent.at) >= since && sent.about.run.as_ref().is_some_and(is_of);
        let is_doubtful = self.sent.iter().any(|sent| may_be_of(&sent));
        if last.takes_back.is_empty() && !is_of(before) && !is_forced && !is_doubtful {
            self.charge(Rule::Superseded, &format!("{call} {id} takes back what {before} has changed since"));
        }
        let is_back = last.takes_back.iter().any(is_of);
        if is_back && before != run && !is_forced && !self.leniency.stale {
            self.charge(Rule::Twice, &format!("{call} {id} takes back what {before} has taken back"));
        }
        if let Some(kept) = about.takes_back.iter().find(|run| self.kept.contains(*run))
            && !is_asked
        {
            let text = format!("{call} {id} takes {kept} back, which is kept");
            self.charge(Rule::Kept, &text);
        }
    }

    /// Somebody is told that a run is kept; `whole` where no way back of it had begun.
    pub(crate) fn keeps(&mut self, run: &RunId, whole: bool) {
        if whole && self.sent.iter().any(|sent| sent.about.takes_back.contains(run)) {
            self.charge(Rule::Kept, &format!("{run} is said to be kept, and a call of its way back had left"));
        }
        self.kept.insert(run.clone());
    }

    /// Lists an interface, and those that depend on it by what a checkout declares now, however far away.
    fn that_need(&self, checkout: usize, id: &RouterInterfaceId) -> BTreeSet<RouterInterfaceId> {
        let mut found = BTreeSet::from([id.clone()]);
        let Some(life) = self.lives.iter().rev().find(|life| life.checkout == checkout) else { return found };
        let declared = &life.spec.interfaces;
        loop {
            let needs_one =
                |needed: &Address| declared.get(needed).is_some_and(|needed| found.contains(&needed.id.value));
            let more: Vec<RouterInterfaceId> = declared
                .values()
                .filter(|entry| !found.contains(&entry.id.value) && entry.needed().any(needs_one))
                .map(|entry| entry.id.value.clone())
                .collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    /// Every deadline is past, and nothing troubles anybody any more: what nobody confirmed is taken back, but for what keeps a
    /// floor.
    pub(crate) fn close_ways_back(&mut self) {
        // A read that shows the past may show what looks as if others had brought it back.
        if !self.is_alone() || self.leniency.stale {
            return;
        }
        let places: BTreeSet<(usize, RouterInterfaceId)> =
            self.sent.iter().map(|sent| (self.lives[sent.life].checkout, sent.id.clone())).collect();
        for (checkout, id) in places {
            let Some(Sent { about, call, .. }) = self.last_effect(checkout, &id).cloned() else { continue };
            let Some(run) = about.run.filter(|_| about.is_confirmable && about.takes_back.is_empty()) else { continue };
            let up = self.up();
            let keeps_a_floor =
                |id: &RouterInterfaceId| up.iter().any(|(_, members, up, floor)| members.contains(id) && *up <= *floor);
            // What a floor keeps up needs what it depends on.
            let is_excused = call == Call::Activate && self.that_need(checkout, &id).iter().any(keeps_a_floor);
            if !self.kept.contains(&run) && !is_excused {
                self.charge(Rule::Lost, &format!("{call} {id} of {run} stays, and nobody has confirmed it"));
            }
        }
    }

    fn check_page(&mut self, life: usize, scope: &Scope, call: Call, id: &RouterInterfaceId) {
        let shown = self.lives[life].shown.get(&(scope.clone(), id.clone()));
        let age = shown.map(|shown| shown.asked.elapsed());
        if age.is_none_or(|age| age > MAX_READ_AGE) {
            self.charge(Rule::Fresh, &format!("{call} {id} rests on a page asked for {age:?} ago"));
            return;
        }
        let from = match call {
            Call::Activate => Status::Inactive,
            Call::Deactivate => Status::Active,
        };
        let status = shown.and_then(|shown| shown.status.clone());
        if !self.leniency.distorted && status.as_ref() != Some(&from) {
            self.charge(Rule::News, &format!("{call} {id} although the last answer shows {status:?}"));
        }
    }

    /// Every floor around `id` is kept by links of which the last answers say that they are up, and none of these was
    /// asked for too long ago.
    fn check_floor_pages(&mut self, life: usize, id: &RouterInterfaceId) {
        let spec = self.lives[life].spec.clone();
        for (group, links, floor) in self.floors(&spec) {
            if !links.iter().any(|link| link.contains(id)) {
                continue;
            }
            let others = || links.iter().filter(|link| !link.contains(id));
            let count = |youngest: Duration| {
                let is_up = |id: &RouterInterfaceId| {
                    let scope = spec.interfaces.values().find(|declared| declared.id.value == *id);
                    let shown =
                        scope.and_then(|declared| self.lives[life].shown.get(&(declared.scope.clone(), id.clone())));
                    shown.is_some_and(|shown| shown.is_up && shown.asked.elapsed() <= youngest)
                };
                others().filter(|link| link.iter().all(is_up)).count()
            };
            let (seen, fresh) = (count(Duration::MAX), count(MAX_READ_AGE));
            // What is not up already takes nothing from the floor.
            let is_out = |id: &RouterInterfaceId| {
                let shown = self.lives[life].shown.iter().find(|((_, known), _)| known == id);
                shown.is_some_and(|(_, shown)| !shown.is_up && shown.asked.elapsed() <= MAX_READ_AGE)
            };
            if links.iter().filter(|link| link.contains(id)).all(|link| link.iter().any(is_out)) {
                continue;
            }
            if seen < floor && !self.leniency.distorted {
                self.charge(Rule::News, &format!("Deactivate {id}: {group} was last shown with {seen} others up"));
            } else if fresh < floor && !self.are_misnamed {
                let text = format!("Deactivate {id}: only {fresh} others of {group} were asked for just now");
                self.charge(Rule::Fresh, &text);
            }
        }
    }

    /// What `id` depends on was last shown as up, and is.
    fn check_order(&mut self, life: usize, id: &RouterInterfaceId) {
        let Life { spec, shown, .. } = &self.lives[life];
        let Some(declared) = spec.interfaces.values().find(|declared| declared.id.value == *id) else { return };
        let mut wrong = Vec::new();
        for needed in declared.needed().filter_map(|address| spec.interfaces.get(address)) {
            let key = (needed.scope.clone(), needed.id.value.clone());
            let seen = shown.get(&key).map(|shown| shown.status.clone());
            let truth = self.world.borrow().status(&needed.id.value, self.clock.now()).cloned();
            let is_known_down = seen.as_ref().is_some_and(|status| *status != Some(Status::Active));
            let is_raised_by =
                |sent: &Sent| sent.life == life && sent.id == needed.id.value && sent.call == Call::Activate;
            // Two answers have to show what this process brings up; of what others do, one is enough, and may come too early.
            let is_shown_early = self.has_early_reads
                && truth.as_ref().is_some_and(Status::is_rising)
                && !self.sent.iter().any(is_raised_by);
            // What another's hand has done since it was asked for cannot be known; what it had done before, the answer shows.
            let is_told_the_truth = !self.leniency.distorted && !self.leniency.stale && !self.leniency.foreign;
            let is_truly_down = is_told_the_truth && !is_shown_early && truth != Some(Status::Active);
            // Reads that lag may go back behind what others have shown.
            if (is_known_down && !self.leniency.distorted && !self.leniency.stale) || is_truly_down {
                wrong.push(format!("{}, shown {seen:?}, truly {truth:?}", needed.id.value));
            }
        }
        if !wrong.is_empty() {
            self.charge(Rule::Order, &format!("Activate {id} before {}", wrong.join("; ")));
        }
    }

    /// Lists what shall be up and whose other end shall be down: whether it comes up is not for its own line to say.
    pub(crate) fn held_down_by_other_ends(&self, spec: &Spec) -> BTreeSet<Address> {
        let is_down = |id: &RouterInterfaceId| {
            let declared = spec.interfaces.values().find(|declared| declared.id.value == *id);
            declared.is_some_and(|declared| declared.status.value == DesiredStatus::Inactive)
        };
        let held = spec.interfaces.iter().filter(|(_, declared)| {
            declared.status.value == DesiredStatus::Active
                && self.opposites.get(&declared.id.value).is_some_and(is_down)
        });
        held.map(|(address, _)| address.clone()).collect()
    }

    fn check_other_end(&mut self, life: usize, id: &RouterInterfaceId) {
        let Some(other) = self.opposites.get(id) else { return };
        let declared = self.lives[life].spec.interfaces.values().find(|declared| declared.id.value == *other);
        let is_down = declared.is_some_and(|declared| declared.status.value == DesiredStatus::Inactive);
        if is_down && !self.are_misnamed {
            self.charge(Rule::BothEnds, &format!("Activate {id}, whose other end {other} shall be Inactive"));
        }
    }

    /// What was sent before to the same interface, newest first, and was not taken back.
    fn check_repeat(&mut self, life: usize, call: Call, id: &RouterInterfaceId) {
        if !self.is_alone() {
            return;
        }
        let checkout = self.lives[life].checkout;
        let mut lost_in_this_life = 0;
        let mut why = None;
        for before in self.sent.iter().rev().filter(|sent| sent.id == *id) {
            let is_ours = self.lives[before.life].checkout == checkout || !self.leniency.stale;
            if !is_ours {
                continue;
            }
            // The other way, or taken back since, by whichever copy came last.
            let is_taken_back = self
                .sent
                .iter()
                .any(|other| other.id == *id && other.call != call && other.effect_at > Some(before.at));
            if before.call != call || is_taken_back {
                continue;
            }
            let since = before.answer.map_or(before.at, |(at, _)| at).elapsed();
            match before.answer.map(|(_, answer)| answer) {
                Some(Answered::Accepted)
                    if (before.is_known || before.life == life) && !before.is_seen && since < SETTLED_BY =>
                {
                    why = Some(format!("was accepted {since:?} ago"));
                }
                _ if before.is_seen => {}
                Some(Answered::Refused) if !before.took_effect => {}
                _ => {
                    // What another checkout does not know of and no read shows, nobody can tell it.
                    if self.lives[before.life].checkout != checkout {
                        continue;
                    }
                    lost_in_this_life += usize::from(before.life == life);
                    if since < self.doubt_window {
                        why = Some(format!("may have been done {since:?} ago"));
                    } else if lost_in_this_life > 1 {
                        why = Some("was sent twice before".to_owned());
                    }
                }
            }
        }
        if let Some(why) = why {
            self.charge(Rule::Repeat, &format!("{call} {id} goes out again: it {why}"));
        }
    }

    /// Takes in what came back for a call.
    pub(crate) fn came_back(&mut self, number: usize, answer: Answered) {
        self.sent[number].answer = Some((Instant::now(), answer));
    }

    /// Something was made durable: what a process had been answered before is known to the next.
    pub(crate) fn recorded(&mut self, life: usize) {
        for sent in self.sent.iter_mut().filter(|sent| sent.life == life && sent.answer.is_some()) {
            sent.is_known = true;
        }
    }

    /// Counts how many links of each declared floor are truly up now.
    pub(crate) fn up(&self) -> Vec<Kept> {
        let truth = self.world.borrow().statuses(self.clock.now());
        let mut counts = Vec::new();
        let mut specs: Vec<&Spec> = Vec::new();
        // The present wish of each checkout.
        for checkout in self.lives.iter().map(|life| life.checkout).collect::<BTreeSet<_>>() {
            specs.extend(self.lives.iter().rev().find(|life| life.checkout == checkout).map(|life| &life.spec));
        }
        for spec in specs {
            for (group, links, floor) in self.floors(spec) {
                let keeps = |link: &&Link| self.is_up(link, &truth) && self.is_well(link, spec);
                let up = links.iter().filter(keeps).count();
                counts.push((group, links.into_iter().flatten().collect(), up, floor));
            }
        }
        counts
    }

    /// Takes in that a call was carried out, with what was up just before.
    pub(crate) fn took_effect(&mut self, number: usize, before: &[Kept]) {
        self.orders += 1;
        self.sent[number].took_effect = true;
        self.sent[number].order = self.orders;
        self.sent[number].effect_at = Some(Instant::now());
        if self.sent[number].call == Call::Activate || !self.is_alone() {
            return;
        }
        let (id, at) = (self.sent[number].id.clone(), self.sent[number].at);
        for ((group, members, before, _), (_, _, up, floor)) in before.iter().zip(self.up()) {
            // What was below its floor when a call was sent that comes late, and rose meanwhile, rested on no doubt.
            let was_below = self.sent[number].below.contains(group);
            let took_nothing_then = was_below && !self.has_taken_down(members, at, number);
            if up < *before && up < floor && !took_nothing_then {
                self.charge(Rule::Floor, &format!("{up} of {group} truly up after Deactivate {id}, floor {floor}"));
            }
        }
    }

    /// Returns whether a Deactivate other than this one took effect on `members` or their other ends since then.
    fn has_taken_down(&self, members: &BTreeSet<RouterInterfaceId>, since: Instant, but: usize) -> bool {
        let is_about = |id: &RouterInterfaceId| {
            members.contains(id) || self.opposites.get(id).is_some_and(|other| members.contains(other))
        };
        let mut others = self.sent.iter().enumerate().filter(|(number, _)| *number != but);
        others.any(|(_, sent)| sent.call == Call::Deactivate && sent.effect_at > Some(since) && is_about(&sent.id))
    }

    /// Judges how a process says that it ended.
    pub(crate) fn ends(&mut self, life: usize, applied: Option<&Applied>, code: u8) {
        self.check_told(life, applied);
        let has_taken_back = |backs: &[Back]| backs.iter().any(|back| matches!(back.came, Came::Ran(_)));
        let took_back = matches!(applied, Some(Applied::TookBack(backs)) if has_taken_back(backs));
        let is_run = matches!(applied, Some(Applied::Ran(_))) || took_back;
        if matches!(code, 1 | 3 | 4) || !is_run {
            self.lives[life].says_nothing_done = Some(code);
        }
        if is_run && code == Exit::Done.code() {
            self.check_done(life, applied);
        }
    }

    /// No step that this run's call moved is told as untouched.
    fn check_told(&mut self, life: usize, applied: Option<&Applied>) {
        let rans: Vec<&Ran> = match applied {
            Some(Applied::Ran(ran)) => std::iter::once(&**ran).chain(ran.rollback.as_deref()).collect(),
            Some(Applied::TookBack(backs)) => backs.iter().filter_map(ran).collect(),
            _ => return,
        };
        if !self.is_alone() {
            return;
        }
        let told: Vec<&StepResult> = rans.iter().flat_map(|ran| &ran.report.results).collect();
        let untold: Vec<String> = self
            .sent
            .iter()
            .filter(|sent| sent.life == life && sent.took_effect)
            .filter(|sent| {
                !told.iter().any(|result| {
                    result.step.interface_id == sent.id
                        && result.step.call == Some(sent.call)
                        && result.may_have_changed_something()
                })
            })
            .map(|sent| format!("{} {}", sent.call, sent.id))
            .collect();
        if !untold.is_empty() {
            self.charge(Rule::Told, &format!("took effect and is told as untouched: {}", untold.join(", ")));
        }
    }

    /// Code 0: every goal stood when the process looked last, and so did the floors around what it touched.
    fn check_done(&mut self, life: usize, applied: Option<&Applied>) {
        let Some(Applied::Ran(ran)) = applied else { return };
        let is_moved_by_others = self.has_companion || self.leniency.foreign || self.is_overtaken(life);
        let is_misled = self.leniency.distorted || (self.leniency.stale && is_moved_by_others);
        let Some(looked) = self.lives[life].last_asked.filter(|_| !is_misled) else { return };
        let truth = self.truth_as_looked_at(life, looked);
        // What was refused touched nothing.
        let is_refused = |sent: &Sent| !sent.took_effect && matches!(sent.answer, Some((_, Answered::Refused)));
        let own = self.sent.iter().filter(|sent| sent.life == life && !is_refused(sent));
        let touched: BTreeSet<RouterInterfaceId> = own.map(|sent| sent.id.clone()).collect();
        let mut last: BTreeMap<&Address, &StepResult> = BTreeMap::new();
        last.extend(ran.report.results.iter().map(|result| (&result.step.address, result)));
        let wrong: Vec<String> = last
            .values()
            .filter(|result| touched.contains(&result.step.interface_id))
            .filter(|result| {
                let status = truth.get(&result.step.interface_id);
                let is_there = status.is_some_and(|status| result.step.goal.is_reached_by(status));
                !is_there && !self.is_turned_round(life, result, status)
            })
            .map(|result| format!("{} is {:?}", result.step.address, truth.get(&result.step.interface_id)))
            .collect();
        if !wrong.is_empty() {
            self.charge(Rule::Exit, &format!("0 although {}", wrong.join(", ")));
        }
        let spec = self.lives[life].spec.clone();
        for (group, links, floor) in self.floors(&spec) {
            let is_touched = links.iter().flatten().any(|id| touched.contains(id));
            let up = links.iter().filter(|link| self.is_up(link, &truth)).count();
            if is_touched && up < floor {
                self.charge(Rule::Exit, &format!("0 although {up} of {group} were up at the last look, floor {floor}"));
            }
        }
    }

    /// Returns whether a call of another process arrived after one of this process to the same interface.
    fn is_overtaken(&self, life: usize) -> bool {
        let by_another = |own: &Sent, other: &Sent| other.id == own.id && other.effect_at > Some(own.at);
        let (own, others): (Vec<&Sent>, Vec<&Sent>) = self.sent.iter().partition(|sent| sent.life == life);
        own.iter().any(|own| others.iter().any(|other| by_another(own, other)))
    }

    /// Returns what was true of each interface when its process asked for it last.
    /// Returns whether an accepted call of a run is bringing an interface back that an earlier run has moved within a doubt window,
    /// where reads lag: they show the goal from before, and no reader can tell that from the goal reached.
    fn is_turned_round(&self, life: usize, result: &StepResult, status: Option<&Status>) -> bool {
        let of_it = |sent: &&Sent| sent.id == result.step.interface_id && sent.took_effect;
        let Some(last) = self.sent.iter().rev().find(|sent| of_it(sent) && sent.life == life) else { return false };
        let is_on_its_way = status == Some(last.call.transition().through);
        let turns_round = |sent: &&Sent| {
            sent.call != last.call
                && sent.life < life
                && last.at.saturating_duration_since(sent.at) < self.turns_within()
        };
        self.leniency.stale && is_on_its_way && self.sent.iter().filter(of_it).any(|sent| turns_round(&sent))
    }

    /// Returns for how long after a call was sent reads of a doubt window may show what was before it.
    fn turns_within(&self) -> Duration {
        self.doubt_window + self.longest_settling
    }

    fn truth_as_looked_at(&self, life: usize, looked: Instant) -> BTreeMap<RouterInterfaceId, Status> {
        let world = self.world.borrow();
        let mut truth = world.statuses(self.clock.at(looked));
        for ((_, id), shown) in &self.lives[life].shown {
            if let Some(status) = world.status(id, self.clock.at(shown.asked)) {
                truth.insert(id.clone(), status.clone());
            }
        }
        truth
    }

    /// Everything that was on its way has arrived: judges who said that nothing was done.
    pub(crate) fn close(&mut self) {
        let mut wrong = Vec::new();
        for (number, life) in self.lives.iter().enumerate() {
            let Some(code) = life.says_nothing_done else { continue };
            let did: Vec<String> = self
                .sent
                .iter()
                .filter(|sent| sent.life == number && sent.took_effect)
                .map(|sent| format!("{} {}", sent.call, sent.id))
                .collect();
            if !did.is_empty() {
                wrong.push(format!("{code} says that nothing was done, and done was: {}", did.join(", ")));
            }
        }
        for text in wrong {
            self.charge(Rule::Exit, &text);
        }
    }

    /// Whether health has a say in what keeps a floor, and says yes.
    fn is_well(&self, link: &Link, spec: &Spec) -> bool {
        let has_a_say = spec.limits.health == HealthPolicy::Block;
        !has_a_say || link.iter().all(|id| !self.ill.contains(id))
    }

    fn is_up(&self, link: &Link, truth: &BTreeMap<RouterInterfaceId, Status>) -> bool {
        // What others bring up may have been shown as up already.
        let is_shown_early = |id: &RouterInterfaceId| {
            let is_ours = |sent: &Sent| sent.id == *id && sent.call == Call::Activate;
            self.has_early_reads && truth.get(id).is_some_and(Status::is_rising) && !self.sent.iter().any(is_ours)
        };
        let is_active = |id: &RouterInterfaceId| truth.get(id) == Some(&Status::Active) || is_shown_early(id);
        link.iter()
            .all(|id| is_active(id) && !self.locked.contains(id) && self.opposites.get(id).is_none_or(&is_active))
    }

    /// Lists each group with its links and its floor, from what the spec declares and who is whose other end.
    fn floors(&self, spec: &Spec) -> Vec<(GroupName, Vec<Link>, usize)> {
        let id = |address: &Address| spec.interfaces.get(address).map(|declared| declared.id.value.clone());
        let declared: BTreeSet<RouterInterfaceId> =
            spec.interfaces.values().map(|declared| declared.id.value.clone()).collect();
        let mut floors = Vec::new();
        for (name, group) in &spec.groups {
            let links: BTreeSet<Link> = group
                .members
                .iter()
                .filter_map(id)
                .map(|id| {
                    let other = self.opposites.get(&id).filter(|other| declared.contains(*other)).cloned();
                    std::iter::once(id).chain(other).collect()
                })
                .collect();
            let from_min = group.min_active.as_ref().map_or(0, |floor| floor.value as usize);
            let from_max =
                group.max_unavailable.as_ref().map_or(0, |most| links.len().saturating_sub(most.value as usize));
            floors.push((name.clone(), links.into_iter().collect(), from_min.max(from_max)));
        }
        floors
    }
}

/// Returns the way back that took place.
fn ran(back: &Back) -> Option<&Ran> {
    match &back.came {
        Came::Ran(ran) => Some(ran),
        Came::Kept | Came::Settled | Came::Closed | Came::Left(_) | Came::Unbegun(_) => None,
    }
}
