//! How the states of a store read.

use jiff::{SignedDuration, Timestamp};

use super::super::counted;
use super::confirmation::Stands;
use super::groups::counts;
use super::plan::{some, span};
use crate::calendar::Zone;
use crate::fleet::{Awaits, Fleet, StateRow};
use crate::plan::{Approval, GroupHealth};
use crate::resource::Address;

/// How many groups of a state are told of that are well.
const TOLD: usize = 4;

/// Says what the whole comes to.
pub(crate) fn verdict(fleet: &Fleet) -> String {
    let count = |is: &dyn Fn(&StateRow) -> bool| fleet.states.iter().filter(|state| is(state)).count();
    let found = [
        (count(&|state| state.error.is_some()), "not read whole"),
        (count(&|state| !state.below_floor.is_empty()), "below a floor or DOWN"),
        (count(&|state| state.drifted == Some(true)), "drifted"),
        (count(&|state| !state.overdue.is_empty()), "not confirmed in time"),
        (count(&|state| state.died_run.is_some()), "left by a run that died"),
        (count(&|state| state.stale), "not checked lately"),
    ];
    let said: Vec<String> =
        found.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if fleet.states.is_empty() {
        return "There is no state here: nothing is known of any link.".to_owned();
    }
    let states = counted(fleet.states.len(), "state");
    if said.is_empty() { format!("{states}: nothing moved.") } else { format!("{states}: {}.", said.join(", ")) }
}

/// Says when a state was last checked.
pub(crate) fn checked(state: &StateRow) -> String {
    match (state.checked_at, state.age, state.ahead) {
        (Some(at), _, Some(ahead)) => format!("checked at {}, {}", Zone::utc().stamp(at), ahead_by(ahead)),
        (_, Some(age), _) if state.stale => format!("not checked for {}", age_of(age)),
        (_, Some(age), _) => format!("checked {} ago", age_of(age)),
        (_, None, _) => "never checked".to_owned(),
    }
}

/// Says the same in a column of its own, with the time: a page that hangs on a wall gets older.
pub(crate) fn age(state: &StateRow) -> String {
    let (Some(at), Some(age)) = (state.checked_at, state.age) else { return "never".to_owned() };
    let ago = || format!("{} ago", age_of(age));
    format!("{} ({})", Zone::utc().stamp(at), state.ahead.map_or_else(ago, ahead_by))
}

fn ahead_by(ahead: SignedDuration) -> String {
    format!("{} ahead of this clock", age_of(ahead))
}

/// Says up to when it is known what begins and ends, where that is less than a page shows.
pub(crate) fn known_until(state: &StateRow) -> Option<String> {
    let until = state.known_until?;
    Some(format!("what begins and ends is known up to {} only", Zone::utc().shown(until)))
}

fn age_of(age: SignedDuration) -> String {
    let days = age.as_hours() / 24;
    if days >= 2 { counted(usize::try_from(days).unwrap_or(usize::MAX), "day") } else { span(age) }
}

/// Says why somebody has to look at a state, one thing after the other; nothing where nobody has to.
pub(crate) fn worries(state: &StateRow, now: Timestamp) -> Vec<String> {
    let error = state.error.iter().map(|error| format!("error: {error}"));
    let broken = state.groups.iter().filter(|group| group.is_finding()).map(group);
    let overdue = state.awaiting.iter().filter(|awaits| state.overdue.contains(&awaits.run_id));
    let overdue = overdue.map(|left| awaiting(left, now));
    let died = at_work(state).filter(|_| state.died_run.is_some());
    let stale = state.stale.then(|| checked(state));
    error.chain(broken).chain(moved(state)).chain(overdue).chain(died).chain(stale).collect()
}

/// Says how a run stands that has to be confirmed.
pub(crate) fn awaiting(awaits: &Awaits, now: Timestamp) -> String {
    format!("run {} {}", awaits.run_id, self::awaits(awaits, now))
}

/// Says what is not where it was.
pub(crate) fn moved(state: &StateRow) -> Option<String> {
    let moved: Vec<Address> =
        state.items.iter().filter(|item| item.is_finding()).map(|item| item.address.clone()).collect();
    (!moved.is_empty()).then(|| format!("{} drifted: {}", moved.len(), some(&moved)))
}

/// Says how a group stood.
pub(crate) fn group(group: &GroupHealth) -> String {
    format!("{}: {}", group.name, counts(group))
}

/// Says how the groups of a state stood: those that were not well, and of the others a few.
pub(crate) fn groups(state: &StateRow) -> String {
    let (broken, well): (Vec<_>, Vec<_>) = state.groups.iter().partition(|group| group.is_finding());
    let more = well.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("{more} more, none below its floor"));
    broken.into_iter().chain(well.into_iter().take(TOLD)).map(group).chain(more).collect::<Vec<_>>().join("; ")
}

/// Says which run is open, and who holds the state.
pub(crate) fn at_work(state: &StateRow) -> Option<String> {
    let by = state.holder.as_ref().map(|holder| format!("{} on {}", holder.who, holder.host));
    match (&state.open_run, by) {
        (Some(run), Some(by)) => Some(format!("run {run} is open, held by {by}")),
        (Some(run), None) => Some(format!("run {run} was left open by a process that is gone")),
        (None, Some(by)) => Some(format!("held by {by}")),
        (None, None) => None,
    }
}

/// Says how a run stands that has to be confirmed, behind its name.
pub(crate) fn awaits(awaits: &Awaits, now: Timestamp) -> String {
    let Awaits { run_id, until, left_by } = awaits;
    let stands = Stands { run_id, until: *until, left_by: left_by.as_ref(), is_due: *until <= now, in_doubt: &[] };
    stands.said(&Zone::utc())
}

/// Says what was approved, by whom, and when it may run.
pub(crate) fn approval(approval: &Approval, now: Timestamp) -> String {
    let Approval { digest, by, at, expires, .. } = approval;
    let zone = Zone::utc();
    let due = if *at <= now { "due now".to_owned() } else { format!("due {}", zone.stamp(*at)) };
    format!("{digest} approved by {by}, {due}, until {}", zone.stamp(*expires))
}
