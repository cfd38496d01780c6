//! How a drift check reads: its verdict, the causes, and what stands beside an item.

use crate::drift::{Drift, DriftCause, DriftItem};
use crate::plan::{ActionReason, Blocked};
use crate::render::words::plan::{blocked_address, span};
use crate::resource::{DesiredStatus, Status};

/// Returns the sentence that says it all.
pub(crate) fn verdict(drift: &Drift) -> String {
    let count = |cause| drift.items.iter().filter(|item| item.cause == cause).count();
    let (moving, known) = (count(DriftCause::InTransition), count(DriftCause::HandsOff));
    let blocked = match count(DriftCause::Blocked) {
        0 => String::new(),
        blocked => format!("; {blocked} never applied and blocked"),
    };
    let moved = drift.findings().count();
    let unread = if drift.failures.is_empty() { "" } else { "; not everything could be read" };
    let rest = match (moving, known) {
        (0, 0) => String::new(),
        _ => format!(" ({moving} in transition, {known} known and left alone)"),
    };
    let broken = match drift.broken_groups().count() {
        0 => String::new(),
        1 => "; 1 group is below its floor or DOWN".to_owned(),
        more => format!("; {more} groups are below their floor or DOWN"),
    };
    if moved == 0 && broken.is_empty() {
        format!("No drift: {} checked{rest}{blocked}{unread}.", drift.checked)
    } else {
        format!("Drift: {moved} of {} moved{rest}{blocked}{broken}{unread}.", drift.checked)
    }
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

/// Returns what else is to be said of an item.
pub(crate) fn note(item: &DriftItem, drift: &Drift) -> Option<String> {
    if let (Some(since), Some(change)) = (item.overdue_since, &item.change_id) {
        let ended = drift.time_zone.shown(since);
        return Some(format!("overdue for {} ({change} ended {ended})", span(drift.moment().duration_since(since))));
    }
    if let (DriftCause::Overdue, Some(change)) = (item.cause, &item.change_id) {
        return Some(format!("overdue ({change} asks for nothing here any more)"));
    }
    if let Some(run_id) = &item.taken_back_by {
        let reason = item.reason.as_ref().map(|reason| format!("{reason}; ")).unwrap_or_default();
        return Some(format!("{reason}taken back by run {run_id}, and left alone by apply"));
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
