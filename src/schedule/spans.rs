//! What windows make of changes: whether they are open when one begins and ends, and how much of its span they leave.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::plan::What;
use crate::resource::{Address, Call, ChangeName, DesiredStatus};
use crate::spec::{Change, Spec};
use crate::windows::{Closed, Gate, Verdict, Window};

use super::timeline::{Walk, in_step};

/// A change that is shorter is hardly meant so.
const SHORT: SignedDuration = SignedDuration::from_mins(15);

/// Something about a change and the windows over its interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanRemark {
    /// The change.
    pub change: ChangeName,
    /// What.
    pub what: SpanFault,
}

/// What windows make of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanFault {
    /// It begins while a window is closed for it.
    BeginsClosed(Closed),
    /// It ends while a window is closed for its return, which comes when they open.
    EndsClosed(Closed),
    /// Windows are closed for all of it, whatever it is about.
    NeverOpen(Closed),
    /// It is short, or windows leave little of it.
    Short {
        /// How much of it calls may be sent in.
        open: SignedDuration,
    },
}

/// Lists what is to be said of the changes of a spec that have not ended by a moment.
pub fn remarks(spec: &Spec, now: Timestamp) -> Vec<SpanRemark> {
    let ahead: Vec<(&ChangeName, &Change)> = spec.changes.iter().filter(|(_, change)| !change.has_ended(now)).collect();
    if ahead.is_empty() {
        return Vec::new();
    }
    let classes = Classes::of(spec);
    // Few changes meet a closed window: the walk that tells whether that matters is made for them alone.
    let moving = OnceCell::new();
    let mut found = Vec::new();
    for (name, change) in ahead {
        let matters = |fault: &SpanFault| {
            let (goes, comes_back) = match fault {
                SpanFault::BeginsClosed(_) | SpanFault::EndsClosed(_) => {
                    moving.get_or_init(|| Moving::of(spec, now)).at(name)
                }
                SpanFault::NeverOpen(_) | SpanFault::Short { .. } => return true,
            };
            if matches!(fault, SpanFault::BeginsClosed(_)) { goes } else { comes_back }
        };
        let faults = of_change(spec, &classes, change, now).into_iter().filter(matters);
        found.extend(faults.map(|what| SpanRemark { change: name.clone(), what }));
    }
    found
}

/// The changes that ask for calls when they begin, and when they end: what another change has brought about already, or
/// wants the same of by then, stays as it is.
struct Moving<'s> {
    now: Timestamp,
    spec: &'s Spec,
    turns: BTreeSet<(What, &'s ChangeName)>,
}

impl<'s> Moving<'s> {
    fn of(spec: &'s Spec, now: Timestamp) -> Self {
        let mut walk = Walk::new(spec, now);
        let mut turns = BTreeSet::new();
        while let Some(turn) = walk.next_turn() {
            let about = turn.turned.iter().map(|(what, number)| (*what, walk.about_of(*number, &turn.altered)));
            turns.extend(about.filter(|(_, (_, is_about))| *is_about).map(|(what, (name, _))| (what, name)));
        }
        Self { now, spec, turns }
    }

    /// Returns whether the beginning of a change asks for calls, and its end. What has begun may still ask for some.
    fn at(&self, name: &'s ChangeName) -> (bool, bool) {
        let has_begun = self.spec.changes[name].has_begun(self.now);
        (has_begun || self.turns.contains(&(What::Begins, name)), self.turns.contains(&(What::Ends, name)))
    }
}

/// Lists what is to be said of a change; of several interfaces the worst.
fn of_change(spec: &Spec, classes: &Classes<'_>, change: &Change, now: Timestamp) -> Vec<SpanFault> {
    // Without `from` it begins now.
    let start = change.from.as_ref().map_or(now, |from| from.value);
    let until = change.until.as_ref().map(|until| until.value);
    let (go, back) = match change.status.value {
        DesiredStatus::Inactive => (Call::Deactivate, Call::Activate),
        DesiredStatus::Active => (Call::Activate, Call::Deactivate),
    };
    let mut open = until.map(|until| until.duration_since(start));
    let (mut begins, mut ends, mut never) = (None, None, None);
    let (over, mut closed_for) = (classes.over(change), 0);
    for class in &over {
        let class = *class;
        let gate = classes.gate(spec, class, go);
        let closed = gate.judge(start).err();
        if let Some(closed) = closed.as_ref().filter(|closed| !opens_within(closed, until)) {
            closed_for += 1;
            never.get_or_insert_with(|| closed.clone());
        }
        // Of one that is on already, only what still holds it back is worth a word.
        begins = begins.or(closed.filter(|closed| closed.opens_at.is_none_or(|opens| opens > now)));
        open = open.min(until.map(|until| open_time(&gate, start, until)));
        // A return waits for no allow window.
        let back = classes.gate(spec, class, back).without(|window| window.verdict == Verdict::Allow);
        ends = ends.or(until.and_then(|until| back.judge(until).err()));
    }
    if let Some(closed) = never.filter(|_| closed_for == over.len()) {
        return vec![SpanFault::NeverOpen(closed)];
    }
    // One that is on already is as long as it was.
    let short = open.filter(|open| *open < SHORT && start > now).map(|open| SpanFault::Short { open });
    let (begins, ends) = (begins.map(SpanFault::BeginsClosed), ends.map(SpanFault::EndsClosed));
    begins.into_iter().chain(ends).chain(short).collect()
}

/// Returns whether a gate opens before a change ends.
fn opens_within(closed: &Closed, until: Option<Timestamp>) -> bool {
    closed.opens_at.is_some_and(|opens| until.is_none_or(|until| opens < until))
}

/// Returns how much of a span a gate is open in, as far as that is little.
fn open_time(gate: &Gate, start: Timestamp, until: Timestamp) -> SignedDuration {
    let mut open = SignedDuration::ZERO;
    let mut moment = start;
    while let Some(opens) = gate.opens_at(moment).filter(|opens| *opens < until) {
        let closes = gate.closes_after(opens).unwrap_or(until).min(until);
        open += closes.duration_since(opens);
        if open >= SHORT || closes >= until {
            break;
        }
        moment = closes;
    }
    open
}

/// The interfaces, by which windows are over them: those of one class are covered by the same ones.
struct Classes<'s> {
    interfaces: Vec<(&'s Address, usize)>,
    windows: Vec<BTreeSet<usize>>,
}

impl<'s> Classes<'s> {
    fn of(spec: &'s Spec) -> Self {
        let everywhere: BTreeSet<usize> =
            (0..spec.windows.len()).filter(|number| spec.windows[*number].covered.is_none()).collect();
        let mut interfaces: Vec<(&Address, usize)> = spec.interfaces.keys().map(|address| (address, 0)).collect();
        let mut over: Vec<Vec<usize>> = vec![Vec::new(); interfaces.len()];
        for (number, window) in spec.windows.iter().enumerate() {
            let covered = in_step(&interfaces, window.covered.iter().flatten());
            covered.into_iter().for_each(|place| over[place].push(number));
        }
        let mut numbers = BTreeMap::from([(everywhere.clone(), 0)]);
        for (place, own) in over.into_iter().enumerate().filter(|(_, own)| !own.is_empty()) {
            let next = numbers.len();
            let windows = everywhere.iter().copied().chain(own).collect();
            interfaces[place].1 = *numbers.entry(windows).or_insert(next);
        }
        let mut windows = vec![BTreeSet::new(); numbers.len()];
        numbers.into_iter().for_each(|(of, number)| windows[number] = of);
        Self { interfaces, windows }
    }

    /// Lists the classes of the interfaces that a change is about.
    fn over(&self, change: &Change) -> BTreeSet<usize> {
        if self.windows.len() == 1 {
            return BTreeSet::from([0]);
        }
        in_step(&self.interfaces, &change.selected).into_iter().map(|place| self.interfaces[place].1).collect()
    }

    fn gate(&self, spec: &Spec, class: usize, call: Call) -> Gate {
        let windows = self.windows[class].iter().map(|number| &spec.windows[*number].window);
        let covering: Vec<Arc<Window>> = windows.filter(|window| window.covers(call)).cloned().collect();
        Gate::new(spec.time_zone.clone(), covering)
    }
}
