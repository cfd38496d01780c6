//! The three sides of one interface: declared, recorded, live.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::diagnostic::Sources;
use crate::plan::{ActionReason, BlockReason};
use crate::resource::{
    Address, BusinessStatus, Call, ChangeName, DesiredStatus, LiveState, Observed, Reading, RouterInterfaceId, Status,
};
use crate::spec::{Interface, Planned, Spec};
use crate::state::{Identity, LastAction, Record, State, TakenBack};

/// One declared interface with everything that is known of it.
pub(crate) struct Subject<'a> {
    pub(crate) address: &'a Address,
    pub(crate) declared: &'a Interface,
    pub(crate) reading: &'a Reading,
    pub(crate) record: Option<&'a Record>,
    /// The call of ours to its other end whose end nobody has seen, if there is one: it may take both ends along.
    pub(crate) open_at_other_end: Option<&'a LastAction>,
    /// The other end, where what the spec asks of it was taken back and it asks the same of both: a link is taken back as one.
    pub(crate) taken_back_at_other_end: Option<(&'a Address, &'a TakenBack)>,
    /// The status that it is taken to have reached by the moment of a plan that lies ahead.
    pub(crate) assumed: Option<DesiredStatus>,
}

/// What a change that is over has left behind.
#[derive(Clone, Copy)]
pub(crate) struct LeftBehind<'a> {
    /// The change.
    pub(crate) change: &'a ChangeName,
    /// When it ended; `None` where it asks for nothing here any more, since its block is gone or was altered.
    pub(crate) ended_at: Option<Timestamp>,
}

/// What left the status that it was last seen in.
pub(crate) struct Departure<'a> {
    /// What it was.
    pub(crate) before: &'a Status,
    /// What it is; `None` where there is no such interface.
    pub(crate) after: Option<&'a Status>,
    /// Whether the spec has changed as well.
    pub(crate) reason: ActionReason,
}

impl<'a> Subject<'a> {
    /// Returns what was read, where that is the interface that the spec means.
    pub(crate) fn live(&self) -> Option<&'a Observed> {
        self.reading.found()
    }

    /// Returns whether it was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        !matches!(self.reading, Reading::Unasked)
    }

    /// Returns the declared status.
    pub(crate) fn desired(&self) -> DesiredStatus {
        self.declared.status.value
    }

    /// Returns the status that was last applied and confirmed: by a run, or by what is read now, where a call of ours leads
    /// there whose end nobody has seen.
    pub(crate) fn last_applied(&self) -> Option<DesiredStatus> {
        self.assumed.or_else(|| self.brought()).or_else(|| self.record.and_then(|record| record.declared))
    }

    /// Returns where an open call of ours has brought it, if it has.
    fn brought(&self) -> Option<DesiredStatus> {
        let call = self.record?.open_action()?.action;
        let desired = match call {
            Call::Activate => DesiredStatus::Active,
            Call::Deactivate => DesiredStatus::Inactive,
        };
        (self.live()?.status == *call.transition().to).then_some(desired)
    }

    /// Returns whether an open call of ours, to either end, leads to or through this status: nobody else need have moved it.
    fn is_of_own_call(&self, status: Option<&Status>) -> bool {
        let open = self.record.and_then(Record::open_action).into_iter().chain(self.open_at_other_end);
        let mut ways = open.map(|action| action.action.transition());
        ways.any(|way| status == Some(way.through) || status == Some(way.to))
    }

    /// Returns what took back what the spec asks for, if that was taken back and is asked for by the same entry.
    pub(crate) fn taken_back(&self) -> Option<&'a TakenBack> {
        let own = self.record.and_then(|record| stands(record, self.declared));
        own.or_else(|| self.taken_back_at_other_end.map(|(_, taken_back)| taken_back))
    }

    /// Returns the other end, where that was taken back and not this one.
    pub(crate) fn taken_back_with(&self) -> Option<&'a Address> {
        let is_own = self.record.is_some_and(|record| stands(record, self.declared).is_some());
        self.taken_back_at_other_end.filter(|_| !is_own).map(|(other, _)| other)
    }

    /// Returns whether traffic can pass.
    pub(crate) fn is_up(&self) -> bool {
        self.live().is_some_and(Observed::counts_as_up)
    }

    /// Returns whether it is elsewhere than declared, or out of sight.
    pub(crate) fn is_unmet(&self) -> bool {
        self.live().is_none_or(|live| live.status != self.desired().status())
    }

    /// Returns what was read, or why there is nothing to change: the cloud does not say that it is where it is declared.
    pub(crate) fn within_reach(&self) -> Result<&'a Observed, BlockReason> {
        match self.reading {
            Reading::Found(observed) => Ok(observed),
            Reading::Absent => Err(BlockReason::NotFound),
            Reading::Elsewhere(observed) => Err(BlockReason::WrongRegion { found_in: observed.region.clone() }),
            Reading::Unreadable | Reading::Unasked => Err(BlockReason::Unreadable),
        }
    }

    /// Returns why the change that is wanted cannot be had, as far as the cloud and the entry alone decide that; of one
    /// that is out of sight, nothing is known.
    pub(super) fn obstacle(&self, sources: &Sources) -> Option<BlockReason> {
        let call = match self.desired() {
            DesiredStatus::Active => Call::Activate,
            DesiredStatus::Inactive => Call::Deactivate,
        };
        if !self.is_unmet() {
            return None;
        }
        match self.within_reach() {
            Ok(live) => unfit(&live.status).or_else(|| self.forbidden(live, call, sources)),
            Err(reason) => Some(reason),
        }
    }

    /// Returns why a call may not be sent: first what the spec forbids, then what the API would refuse.
    pub(crate) fn forbidden(&self, observed: &Observed, call: Call, sources: &Sources) -> Option<BlockReason> {
        if call == Call::Deactivate
            && let Some(place) = self.declared.protect
        {
            return Some(BlockReason::Protected { at: sources.locate(place) });
        }
        match &observed.business_status {
            BusinessStatus::Normal => {}
            BusinessStatus::FinancialLocked => return Some(BlockReason::FinancialLocked),
            BusinessStatus::SecurityLocked => return Some(BlockReason::SecurityLocked),
            BusinessStatus::Unknown(word) => return Some(BlockReason::BusinessLocked { word: word.to_string() }),
        }
        (call == Call::Activate && observed.opposite.status == Some(Status::Deleted))
            .then_some(BlockReason::PeerDeleted)
    }

    /// Returns how it is locked that was applied as Active: it stands there as declared, and carries nothing any more.
    pub(super) fn locked(&self) -> Option<&'a BusinessStatus> {
        let lock = &self.live()?.business_status;
        let was_applied = self.last_applied() == Some(DesiredStatus::Active) && self.desired() == DesiredStatus::Active;
        (was_applied && *lock != BusinessStatus::Normal).then_some(lock)
    }

    /// Returns our last call, if nobody saw how it ended and what is live may come of it: what was seen elsewhere after it was
    /// left open has begun once more, by whomever.
    pub(crate) fn open_call(&self) -> Option<&'a LastAction> {
        let (record, live) = (self.record?, self.live().map(|live| &live.status));
        let open = record.open_action()?;
        (record.observed.status.as_ref() == live || record.observed.at <= open.finished_at).then_some(open)
    }

    /// Returns since when the live status is known to be what it is.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        let (record, live) = (self.record?, self.live().map(|live| &live.status));
        if record.observed.status.as_ref() == live {
            return record.observed.proven_since();
        }
        // Nobody has seen it on its way yet; that the call was accepted proves since when it is.
        let open = self.open_call().filter(|action| action.request_id.is_some())?;
        (live == Some(open.action.transition().through)).then_some(open.finished_at)
    }

    /// Returns what the cloud says of it, `Some(None)` for nothing there; `None` where it could not be read.
    pub(crate) fn told(&self) -> Option<Option<&'a Status>> {
        match self.reading {
            Reading::Found(observed) => Some(Some(&observed.status)),
            Reading::Absent | Reading::Elsewhere(_) => Some(None),
            Reading::Unreadable | Reading::Unasked => None,
        }
    }

    /// Returns the change that asks for what it is to be: one in force, or one that has ended and left something behind.
    pub(crate) fn change(&self) -> Option<&'a ChangeName> {
        let planned = &self.declared.planned;
        let in_force = planned.in_force.as_ref().map(|in_force| &in_force.change);
        in_force.or_else(|| self.left_behind().map(|left| left.change))
    }

    /// Returns the change that is over and whose status was applied and not taken back, if there is one: one that has
    /// ended, or one that the records know and that asks for nothing here any more.
    pub(crate) fn left_behind(&self) -> Option<LeftBehind<'a>> {
        let Planned { in_force, ended, .. } = &self.declared.planned;
        let last = self.last_applied().filter(|last| in_force.is_none() && *last != self.desired())?;
        let ended = ended.as_ref().filter(|ended| ended.status == last);
        let ended = ended.map(|ended| LeftBehind { change: &ended.change, ended_at: Some(ended.at) });
        let is_recorded = |record: &&Record| self.assumed.is_none() && record.declared == Some(last);
        let recorded = || self.record.filter(is_recorded)?.change_id.as_ref();
        ended.or_else(|| recorded().map(|change| LeftBehind { change, ended_at: None }))
    }

    /// Returns why it changes: what a change has to do with it, else the three-way comparison of spec, last applied and live.
    pub(crate) fn reason(&self) -> ActionReason {
        if self.declared.planned.in_force.is_some() && self.last_applied() != Some(self.desired()) {
            return ActionReason::ChangeBegun;
        }
        if self.left_behind().is_some() {
            return ActionReason::ChangeEnded;
        }
        let Some(last) = self.last_applied() else { return ActionReason::New };
        let spec_changed = last != self.desired();
        // A transition is on its way from or to what was applied; it has left nothing yet.
        let drifted = self.live().is_none_or(|live| !live.status.is_transitional() && live.status != last.status());
        match (spec_changed, drifted) {
            (true, true) => ActionReason::Both,
            (true, false) => ActionReason::SpecChanged,
            (false, _) => ActionReason::Drift,
        }
    }

    /// Returns whether something new is asked of it, and nobody has moved it since what was asked last.
    pub(super) fn is_news(&self, live: Option<&Status>) -> bool {
        let is_new = matches!(self.reason(), ActionReason::New | ActionReason::SpecChanged | ActionReason::ChangeBegun);
        is_new && self.last_applied().is_none_or(|last| live == Some(&last.status()))
    }

    /// Returns whether it is as declared and as it was last applied, as far as the cloud tells.
    pub(super) fn is_settled(&self, live: Option<&Status>) -> bool {
        self.locked().is_none()
            && live == Some(&self.desired().status())
            && self.last_applied().is_none_or(|last| live == Some(&last.status()))
    }

    /// Returns what left the status it was last seen in. A recorded transition has no say: it was bound to move on.
    pub(crate) fn departure(&self) -> Option<Departure<'a>> {
        let before = self.record?.observed.status.as_ref().filter(|status| !status.is_transitional())?;
        let after = match self.reading {
            Reading::Found(observed) => Some(&observed.status),
            Reading::Absent => None,
            Reading::Elsewhere(_) | Reading::Unreadable | Reading::Unasked => return None,
        };
        if after == Some(before) || self.is_of_own_call(after) {
            return None;
        }
        let reason = match self.last_applied() {
            None => ActionReason::New,
            Some(applied) if applied == self.desired() => ActionReason::Drift,
            Some(_) => ActionReason::Both,
        };
        Some(Departure { before, after, reason })
    }
}

/// Returns why nothing can be asked of an interface in a status.
pub(crate) fn unfit(status: &Status) -> Option<BlockReason> {
    match status {
        Status::Idle => Some(BlockReason::Idle),
        Status::Deleting | Status::Deleted => Some(BlockReason::Deleting { status: status.clone() }),
        Status::Unknown(word) => Some(BlockReason::UnknownStatus { word: word.to_string() }),
        _ => None,
    }
}

/// Puts together what is known of every declared interface, in the order of addresses.
pub(crate) fn match_up<'a>(spec: &'a Spec, live: &'a LiveState, state: Option<&'a State>) -> Vec<Subject<'a>> {
    static NOTHING: BTreeMap<Address, Record> = BTreeMap::new();
    let records = state.map_or(&NOTHING, |state| state.interfaces.by_address());
    let (mut reading, mut record) = (in_step(&live.readings), in_step(records));
    let open: BTreeMap<&RouterInterfaceId, &LastAction> =
        records.values().filter_map(|record| Some((&record.id, record.open_action()?))).collect();
    let taken_back = taken_back(spec, records);
    let subject = |(address, declared): (&'a Address, &'a Interface)| {
        let reading = reading(address).unwrap_or(&Reading::Unasked);
        let other_end = reading.found().and_then(|live| live.opposite.interface_id.as_ref());
        Subject {
            address,
            declared,
            reading,
            record: record(address).filter(|record| is_of(record, declared)).or_else(|| renamed(state, declared)),
            open_at_other_end: other_end.and_then(|id| open.get(id).copied()),
            taken_back_at_other_end: other_end.and_then(|id| taken_back.get(&(id, declared.status.value)).copied()),
            assumed: None,
        }
    };
    spec.interfaces.iter().map(subject).collect()
}

/// Returns what took back what an entry asks for, if that was taken back and is asked for by the same entry.
fn stands<'a>(record: &'a Record, declared: &Interface) -> Option<&'a TakenBack> {
    record.taken_back.as_ref().filter(|taken_back| taken_back.entry == declared.digest())
}

/// Lists what was taken back of what the spec asks for, by the interface and the status that is asked of it.
fn taken_back<'a>(
    spec: &'a Spec,
    records: &'a BTreeMap<Address, Record>,
) -> BTreeMap<(&'a RouterInterfaceId, DesiredStatus), (&'a Address, &'a TakenBack)> {
    let was_taken_back = records.iter().filter(|(_, record)| record.taken_back.is_some());
    let found = was_taken_back.filter_map(|(recorded_as, record)| {
        let is_it = |(_, declared): &(&Address, &Interface)| is_of(record, declared);
        let named = spec.interfaces.get_key_value(recorded_as).filter(is_it);
        let (address, declared) = named.or_else(|| spec.interfaces.iter().find(is_it))?;
        Some(((&record.id, declared.status.value), (address, stands(record, declared)?)))
    });
    found.collect()
}

/// Returns whether a record is of what the entry means: another interface under the same key has a history of its own.
fn is_of(record: &Record, declared: &Interface) -> bool {
    record.id == declared.id.value && record.scope == declared.scope
}

/// Returns the record of an interface that was called otherwise when it was recorded.
fn renamed<'a>(state: Option<&'a State>, declared: &Interface) -> Option<&'a Record> {
    let records = &state?.interfaces;
    records.of(&Identity::of(&declared.scope, &declared.id.value)).map(|(_, record)| record)
}

/// Looks up keys that come in order: a step forward for each, where a search would go through the whole map.
fn in_step<'m, V>(map: &'m BTreeMap<Address, V>) -> impl FnMut(&Address) -> Option<&'m V> {
    let mut entries = map.iter().peekable();
    move |address| {
        while entries.next_if(|(key, _)| *key != address && *key < address).is_some() {}
        entries.next_if(|(key, _)| *key == address).map(|(_, value)| value)
    }
}
