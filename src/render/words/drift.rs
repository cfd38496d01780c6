//! How a drift check reads: its verdict, the causes, and what stands beside an item.

use crate::calendar::Zone;
use crate::drift::{Causes, Drift, DriftCause, DriftItem, Mover, UnknownCause, Who, WhoUnknown};
use crate::plan::{ActionReason, Blocked, GroupHealth};
use crate::render::words::groups::standing;
use crate::render::words::plan::{blocked_address, span};
use crate::resource::{DesiredStatus, Status};

/// Returns the sentence that says it all.
pub(crate) fn verdict(drift: &Drift) -> String {
    let count = |cause| drift.items.iter().filter(|item| item.cause == cause).count();
    let (moving, known) = (count(DriftCause::InTransition), count(DriftCause::HandsOff));
    let blocked = |was_applied: bool, what: &str| {
        let is_such =
            |item: &&DriftItem| item.cause == DriftCause::Blocked && item.last_applied.is_some() == was_applied;
        match drift.items.iter().filter(is_such).count() {
            0 => String::new(),
            blocked => format!("; {blocked} {what}"),
        }
    };
    let blocked = blocked(false, "never applied and blocked") + &blocked(true, "held back");
    let unread = match (drift.unread.len(), drift.failures.is_empty()) {
        (0, true) => String::new(),
        (0, false) => "; not everything could be read".to_owned(),
        (unread, _) => format!("; {unread} could not be read"),
    };
    let rest = match (moving, known) {
        (0, 0) => String::new(),
        _ => format!(" ({moving} in transition, {known} known and left alone)"),
    };
    let broken = match drift.broken_groups().count() {
        0 => String::new(),
        1 => "; 1 group is below its floor or DOWN".to_owned(),
        more => format!("; {more} groups are below their floor or DOWN"),
    };
    let is_found = drift.findings().next().is_some() || !broken.is_empty();
    match drift.checked() {
        0 if drift.declared > 0 && !is_found => {
            format!("Nothing is known of drift: 0 of {} checked{unread}.", drift.declared)
        }
        checked if !is_found => format!("No drift: {checked} checked{rest}{blocked}{unread}."),
        checked => format!("Drift: {}{rest}{blocked}{broken}{unread}.", found(drift, checked)),
    }
}

/// Says how many interfaces are drift, and of what kind where that is another than that they moved.
fn found(drift: &Drift, checked: usize) -> String {
    let all = drift.findings().count();
    let moved = drift.findings().filter(|item| item.has_moved()).count();
    if moved == all {
        return format!("{moved} of {checked} moved");
    }
    let count = |wanted: fn(DriftCause) -> bool| drift.findings().filter(|item| wanted(item.cause)).count();
    let kinds = [
        (moved, "moved"),
        (count(|cause| cause == DriftCause::Differs(ActionReason::New)), "never applied"),
        (count(|cause| cause == DriftCause::Differs(ActionReason::SpecChanged)), "changed in the spec"),
        (count(|cause| cause == DriftCause::Differs(ActionReason::ChangeBegun)), "of a change that has begun"),
        (count(is_overdue), "overdue"),
        (count(|cause| cause == DriftCause::RolledBack), "taken back"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let differ = if all == 1 { "differs" } else { "differ" };
    format!("{all} of {checked} {differ}: {}", kinds.collect::<Vec<_>>().join(", "))
}

fn is_overdue(cause: DriftCause) -> bool {
    matches!(cause, DriftCause::Overdue | DriftCause::Differs(ActionReason::ChangeEnded))
}

/// Returns in words why an item is listed.
pub(crate) fn why(item: &DriftItem) -> &'static str {
    match item.cause {
        // Applied it was, and this is not.
        DriftCause::Blocked if item.last_applied.is_some() => "held back",
        listed => cause(listed),
    }
}

/// Returns a cause in words.
pub(crate) fn cause(cause: DriftCause) -> &'static str {
    match cause {
        DriftCause::Differs(ActionReason::SpecChanged) => "spec changed",
        DriftCause::Differs(ActionReason::Drift) => "drifted",
        DriftCause::Differs(ActionReason::Both) => "spec changed and drifted",
        DriftCause::Differs(ActionReason::New) => "never applied",
        DriftCause::Differs(ActionReason::ChangeBegun) => "change begun",
        DriftCause::Differs(ActionReason::ChangeEnded) | DriftCause::Overdue => "overdue",
        DriftCause::InTransition => "in transition",
        DriftCause::HandsOff => "left alone (hands off)",
        DriftCause::RolledBack => "taken back",
        DriftCause::Blocked => "never applied, blocked",
    }
}

/// Returns what was last applied, in words.
pub(crate) fn last_applied(item: &DriftItem) -> String {
    item.last_applied.as_ref().map_or_else(|| "never".to_owned(), DesiredStatus::to_string)
}

/// Returns what is live, in words.
pub(crate) fn live(item: &DriftItem) -> &str {
    item.live.as_ref().map_or("absent", Status::as_str)
}

/// Says that a word is no cause.
pub(crate) fn unknown_cause(unknown: &UnknownCause) -> String {
    let UnknownCause { word, near } = unknown;
    match near {
        _ if word.is_empty() => "a cause is missing".to_owned(),
        Some(near) => format!("there is no cause `{word}`; did you mean `{near}`?"),
        None => format!("there is no cause `{word}`; there are {}", Causes::words().collect::<Vec<_>>().join(", ")),
    }
}

/// Returns all that is to be said of an item, as one line.
pub(crate) fn line(item: &DriftItem, drift: &Drift) -> String {
    let DriftItem { address, id, scope, spec, .. } = item;
    let note = note(item, drift).map(|note| format!("; {note}")).unwrap_or_default();
    let (why, last, live) = (why(item), last_applied(item), live(item));
    one_line(&format!("{address}: {why}: spec {spec}, last applied {last}, live {live} ({id} in {scope}){note}"))
}

/// Returns all that is to be said of a group that is below its floor, or DOWN, as one line.
pub(crate) fn group_line(group: &GroupHealth) -> String {
    one_line(&format!("group {}: {}", group.name, standing(group).says))
}

/// Returns a text without its line ends, whoever wrote it.
pub(crate) fn one_line(text: &str) -> String {
    text.split(['\n', '\r', '\u{2028}', '\u{2029}']).map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Returns what else is to be said of an item, who moved it last.
pub(crate) fn note(item: &DriftItem, drift: &Drift) -> Option<String> {
    let parts = [remark(item, drift), who(item, &drift.time_zone)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Says who moved an item, where somebody asked.
fn who(item: &DriftItem, zone: &Zone) -> Option<String> {
    match item.who.as_ref()? {
        Some(Who::Run { run }) => Some(format!("moved by run {run}")),
        Some(Who::Somebody(Mover { name, kind, event, time, request_id, is_rictl })) => {
            let name = name.as_deref().unwrap_or("somebody without a name");
            let kind = kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
            let with = if *is_rictl { " with another rictl" } else { "" };
            let request = request_id.as_ref().map(|id| format!(", RequestId {id}")).unwrap_or_default();
            Some(format!("moved by {name}{kind}{with}: {event} at {}{request}", zone.shown(*time)))
        }
        None => item.who_unknown.map(|why| {
            let says = match why {
                WhoUnknown::NotYet => "who moved it is not in ActionTrail yet",
                WhoUnknown::NotThere => "ActionTrail has nobody who moved it",
                WhoUnknown::Unread => "who moved it could not be read",
            };
            says.to_owned()
        }),
    }
}

/// Returns what stands beside an item, whoever moved it.
fn remark(item: &DriftItem, drift: &Drift) -> Option<String> {
    if let (Some(since), Some(change)) = (item.overdue_since, &item.change_id) {
        let ended = drift.time_zone.shown(since);
        return Some(format!("overdue for {} ({change} ended {ended})", span(drift.moment().duration_since(since))));
    }
    if let (DriftCause::Overdue, Some(change)) = (item.cause, &item.change_id) {
        return Some(format!("overdue ({change} asks for nothing here any more)"));
    }
    if let Some(run_id) = &item.taken_back_by {
        let reason = item.reason.as_ref().map(|reason| format!("{reason}; ")).unwrap_or_default();
        return Some(format!("{reason}taken back by run {run_id}, and left alone by apply without --redo"));
    }
    if let Some(reason) = &item.blocked {
        return Some(blocked_address(
            &Blocked { address: item.address.clone(), reason: reason.clone() },
            &drift.time_zone,
        ));
    }
    if let Some(lock) = &item.business_status {
        return Some(format!("it is {lock}, and carries nothing"));
    }
    let reason = item.reason.as_deref();
    match item.hands_off_until {
        Some(until) => {
            let stands = if item.hands_off_expired { "its hands_off ran out on" } else { "until" };
            Some(format!("{stands} {until}: {}", reason.unwrap_or("no reason given")))
        }
        None => reason.map(str::to_owned),
    }
}
