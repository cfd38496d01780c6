//! How a drift check reads: its verdict, the causes, and what stands beside an item.

use crate::calendar::Zone;
use crate::drift::{Causes, Drift, DriftCause, DriftItem, Mover, UnknownCause, Who, WhoUnknown};
use crate::language::say;
use crate::plan::{ActionReason, Blocked, GroupHealth};
use crate::render::words::aside;
use crate::render::words::groups::standing;
use crate::render::words::plan::{blocked_address, span};
use crate::resource::{DesiredStatus, Status};

/// Returns the sentence that says it all.
pub(crate) fn verdict(drift: &Drift) -> String {
    let count = |cause| drift.items.iter().filter(|item| item.cause == cause).count();
    let moving = count(DriftCause::InTransition);
    let known = count(DriftCause::HandsOff) + count(DriftCause::OtherEnd);
    let blocked = |was_applied: bool, what: &str| {
        let is_such =
            |item: &&DriftItem| item.cause == DriftCause::Blocked && item.last_applied.is_some() == was_applied;
        match drift.items.iter().filter(is_such).count() {
            0 => String::new(),
            blocked => say!("; {blocked} {what}", blocked, what),
        }
    };
    let blocked = blocked(false, say!("never applied and blocked")) + &blocked(true, say!("held back"));
    let unread = match (drift.unread.len(), drift.failures.is_empty()) {
        (0, true) => String::new(),
        (0, false) => say!("; not everything could be read").to_owned(),
        (unread, _) => say!("; {unread} could not be read", unread),
    };
    let rest = match (moving, known) {
        (0, 0) => String::new(),
        _ => say!(" ({moving} in transition, {known} known and left alone)", moving, known),
    };
    let broken = match drift.broken_groups().count() {
        0 => String::new(),
        1 => say!("; 1 group is below its floor or DOWN").to_owned(),
        more => say!("; {more} groups are below their floor or DOWN", more),
    };
    let is_found = drift.findings().next().is_some() || !broken.is_empty();
    match drift.checked() {
        0 if drift.declared > 0 && !is_found => {
            say!("Nothing is known of drift: 0 of {declared} checked{unread}.", declared = drift.declared, unread)
        }
        checked if !is_found => {
            say!("No drift: {checked} checked{rest}{blocked}{unread}.", checked, rest, blocked, unread)
        }
        checked => say!(
            "Drift: {found}{rest}{blocked}{broken}{unread}.",
            found = found(drift, checked),
            rest,
            blocked,
            broken,
            unread
        ),
    }
}

/// Says how many interfaces are drift, and of what kind where that is another than that they moved.
fn found(drift: &Drift, checked: usize) -> String {
    let all = drift.findings().count();
    let moved = drift.findings().filter(|item| item.has_moved()).count();
    if moved == all {
        return say!("{moved} of {checked} moved", moved, checked);
    }
    let count = |wanted: fn(DriftCause) -> bool| drift.findings().filter(|item| wanted(item.cause)).count();
    let kinds = [
        (moved, say!("moved")),
        (count(|cause| cause == DriftCause::Differs(ActionReason::New)), say!("never applied")),
        (count(|cause| cause == DriftCause::Differs(ActionReason::SpecChanged)), say!("changed in the spec")),
        (count(|cause| cause == DriftCause::Differs(ActionReason::ChangeBegun)), say!("of a change that has begun")),
        (count(is_overdue), say!("overdue")),
        (count(|cause| cause == DriftCause::RolledBack), say!("taken back")),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let kinds = kinds.collect::<Vec<_>>().join(say!(", "));
    match all {
        1 => say!("{all} of {checked} differs: {kinds}", all, checked, kinds),
        _ => say!("{all} of {checked} differ: {kinds}", all, checked, kinds),
    }
}

fn is_overdue(cause: DriftCause) -> bool {
    matches!(cause, DriftCause::Overdue | DriftCause::Differs(ActionReason::ChangeEnded))
}

/// Returns in words why an item is listed.
pub(crate) fn why(item: &DriftItem) -> &'static str {
    match item.cause {
        // Applied it was, and this is not.
        DriftCause::Blocked if item.last_applied.is_some() => say!("held back"),
        listed => cause(listed),
    }
}

/// Returns a cause in words.
pub(crate) fn cause(cause: DriftCause) -> &'static str {
    match cause {
        DriftCause::Differs(ActionReason::SpecChanged) => say!("spec changed"),
        DriftCause::Differs(ActionReason::Drift) => say!("drifted"),
        DriftCause::Differs(ActionReason::Both) => say!("spec changed and drifted"),
        DriftCause::Differs(ActionReason::New) => say!("never applied"),
        DriftCause::Differs(ActionReason::ChangeBegun) => say!("change begun"),
        DriftCause::Differs(ActionReason::ChangeEnded) | DriftCause::Overdue => say!("overdue"),
        DriftCause::InTransition => say!("in transition"),
        DriftCause::HandsOff => say!("left alone (hands off)"),
        DriftCause::OtherEnd => say!("left alone (its other end is declared Inactive)"),
        DriftCause::RolledBack => say!("taken back"),
        DriftCause::Blocked => say!("never applied, blocked"),
    }
}

/// Returns what was last applied, in words.
pub(crate) fn last_applied(item: &DriftItem) -> String {
    item.last_applied.as_ref().map_or_else(|| say!("never").to_owned(), DesiredStatus::to_string)
}

/// Returns what is live, in words.
pub(crate) fn live(item: &DriftItem) -> &str {
    item.live.as_ref().map_or(say!("absent"), Status::as_str)
}

/// Says that a word is no cause.
pub(crate) fn unknown_cause(unknown: &UnknownCause) -> String {
    let UnknownCause { word, near } = unknown;
    match near {
        _ if word.is_empty() => say!("a cause is missing").to_owned(),
        Some(near) => say!("there is no cause `{word}`; did you mean `{near}`?", word, near),
        None => say!(
            "there is no cause `{word}`; there are {words}",
            word,
            words = Causes::words().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Returns all that is to be said of an item, as one line.
pub(crate) fn line(item: &DriftItem, drift: &Drift) -> String {
    let DriftItem { address, id, scope, spec, .. } = item;
    let note = note(item, drift).map(|note| format!("{and}{note}", and = say!("; "))).unwrap_or_default();
    let (why, last, live) = (why(item), last_applied(item), live(item));
    one_line(&say!(
        "{address}: {why}: spec {spec}, last applied {last}, live {live} ({id} in {scope}){note}",
        address,
        why,
        spec,
        last,
        live,
        id,
        scope,
        note
    ))
}

/// Returns all that is to be said of a group that is below its floor, or DOWN, as one line.
pub(crate) fn group_line(group: &GroupHealth) -> String {
    one_line(&say!("group {name}: {says}", name = group.name, says = standing(group).says))
}

/// Returns a text without its line ends, whoever wrote it.
pub(crate) fn one_line(text: &str) -> String {
    text.split(['\n', '\r', '\u{2028}', '\u{2029}']).map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Returns what else is to be said of an item, who moved it last.
pub(crate) fn note(item: &DriftItem, drift: &Drift) -> Option<String> {
    let parts = [remark(item, drift), who(item, &drift.time_zone)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(say!("; ")))
}

/// Says who moved an item, where somebody asked.
fn who(item: &DriftItem, zone: &Zone) -> Option<String> {
    match item.who.as_ref()? {
        Some(Who::Run { run }) => Some(say!("moved by run {run}", run)),
        Some(Who::Somebody(Mover { name, kind, event, time, request_id, is_rictl })) => {
            let name = name.as_deref().unwrap_or(say!("somebody without a name"));
            let kind = kind.as_ref().map(aside).unwrap_or_default();
            let with = if *is_rictl { say!(" with another rictl") } else { "" };
            let request = request_id.as_ref().map(|id| say!(", RequestId {id}", id)).unwrap_or_default();
            Some(say!(
                "moved by {name}{kind}{with}: {event} at {time}{request}",
                name,
                kind,
                with,
                event,
                time = zone.shown(*time),
                request
            ))
        }
        None => item.who_unknown.map(|why| {
            let says = match why {
                WhoUnknown::NotYet => say!("who moved it is not in ActionTrail yet"),
                WhoUnknown::NotThere => say!("ActionTrail has nobody who moved it"),
                WhoUnknown::Unread => say!("who moved it could not be read"),
            };
            says.to_owned()
        }),
    }
}

/// Returns what stands beside an item, whoever moved it.
fn remark(item: &DriftItem, drift: &Drift) -> Option<String> {
    if let (Some(since), Some(change)) = (item.overdue_since, &item.change_id) {
        let ended = drift.time_zone.shown(since);
        return Some(say!(
            "overdue for {overdue} ({change} ended {ended})",
            overdue = span(drift.moment().duration_since(since)),
            change,
            ended
        ));
    }
    if let (DriftCause::Overdue, Some(change)) = (item.cause, &item.change_id) {
        return Some(say!("overdue ({change} asks for nothing here any more)", change));
    }
    if let Some(run_id) = &item.taken_back_by {
        let reason = item.reason.as_ref().map(|reason| format!("{reason}{}", say!("; "))).unwrap_or_default();
        return Some(say!(
            "{reason}taken back by run {run_id}, and left alone by apply without --redo",
            reason,
            run_id
        ));
    }
    if let Some(reason) = &item.blocked {
        return Some(blocked_address(
            &Blocked { address: item.address.clone(), reason: reason.clone() },
            &drift.time_zone,
        ));
    }
    if let Some(lock) = &item.business_status {
        return Some(say!("it is {lock}, and carries nothing", lock));
    }
    let reason = item.reason.as_deref();
    match item.hands_off_until {
        Some(until) => {
            let reason = reason.unwrap_or(say!("no reason given"));
            Some(match item.hands_off_expired {
                true => say!("its hands_off ran out on {until}: {reason}", until, reason),
                false => say!("until {until}: {reason}", until, reason),
            })
        }
        None => reason.map(str::to_owned),
    }
}
