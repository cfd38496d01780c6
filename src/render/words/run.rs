//! How a run is spoken of: why steps and runs ended as they did, and what happens meanwhile.
//!
//! Everything that comes from the API is handed on as it is: whoever shows it escapes it.

use std::time::Duration;

use super::super::text::and_more;
use super::plan::{blocked_address, closed, health_unread, not_quiet, route_loss, traffic_unread, would_keep};
use crate::calendar::Zone;
use crate::duration;
use crate::resource::{BusinessStatus, Rate, Status};
use crate::run::{
    GroupTraffic, NotUp, OldPage, Reason, RunOutcome, Shortfall, StepReason, StopReason, Subject, Unrecorded,
    WaveFailure, WhyNotUp,
};

/// Returns why a step ended as it did.
pub(crate) fn step_reason(reason: &StepReason, zone: &Zone) -> String {
    match reason {
        StepReason::Moved { expected, found } => format!("expected {expected}, found {}", or_gone(found.as_ref())),
        StepReason::InTransition { .. } => "still in transition after its settle timeout".to_owned(),
        StepReason::Floor(shortfall) => short(shortfall, "active"),
        StepReason::Health(shortfall) => short(shortfall, "healthy"),
        StepReason::Traffic { in_bps, out_bps, limit_bps, unread } => {
            not_quiet("it", (*in_bps, *out_bps), (*limit_bps, None), unread.as_ref())
        }
        StepReason::Route(loss) => route_loss(loss),
        StepReason::Window { window, opens_at } => closed("its call", window, *opens_at, zone),
        StepReason::ChangeOver { at } => {
            format!("a change about it began or ended at {}, before its call was sent", zone.shown(*at))
        }
        StepReason::BusinessLocked { business_status } => format!("it is {business_status}"),
        StepReason::PeerDeleted => "its opposite side was deleted: it can never be activated again".to_owned(),
        StepReason::Failed { error, hint: Some(hint), .. } => format!("{error}; {hint}"),
        StepReason::Failed { error, hint: None, .. } => error.clone(),
        StepReason::Unread { scope, error, is_sent: false } => format!("not sent, {scope} could not be read: {error}"),
        StepReason::Unread { scope, error, is_sent: true } => {
            format!(
                "sent, and not watched to its end: {scope} cannot be read any more, and waiting does not help: {error}"
            )
        }
        StepReason::TooOld { pages, max_age_ms, rounds } => too_old(pages, *max_age_ms, *rounds),
        StepReason::NeededIsDown { address, found } => {
            format!("it depends on {address}, which is {}", or_gone(found.as_ref()))
        }
        StepReason::NotSettled { found, waited_ms, unread } => {
            let waited = duration::format(Duration::from_millis(*waited_ms));
            let last = found.as_ref().map_or("not seen", Status::as_str);
            match unread {
                false => format!("still {last} after {waited}"),
                true => format!("no read succeeded in the {waited} since; last seen {last}"),
            }
        }
        StepReason::Diverted { found } => format!("somebody else acts: found {}", or_gone(found.as_ref())),
        StepReason::AnswerLost { found, error, diverted } => {
            let found = found.as_ref().map_or("nothing there", Status::as_str);
            let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let others = if *diverted { ": somebody else acts" } else { "" };
            format!("unknown, found {found}{error}{others}")
        }
        StepReason::RepeatRefused { found, error } => {
            let found = found.as_ref().map_or("nothing there", Status::as_str);
            format!("unknown, found {found}: no answer to the first call, and its repeat was refused: {error}")
        }
        StepReason::NeverArrived { found } => {
            let found = found.as_ref().map_or("nothing there", Status::as_str);
            format!("it never arrived: found {found}, and the API refuses it by now")
        }
        StepReason::Unwatched => "stopped before a read could tell".to_owned(),
        StepReason::Abandoned => "abandoned, outcome unknown".to_owned(),
        StepReason::Dependency { step } => format!("{step} did not reach its goal"),
        StepReason::Interrupted => "interrupted".to_owned(),
        StepReason::Stopped => "the run stopped".to_owned(),
        StepReason::Told { text } => text.clone(),
    }
}

/// Says what a group would keep, as far as that is `up`.
fn short(shortfall: &Shortfall, up: &str) -> String {
    let Shortfall { group, kept, links, floor, knob, down } = shortfall;
    let kept = would_keep(group, &format!("{kept} of {links} {up}"), *floor, knob.as_ref());
    format!("{kept}; {}", all_not_up(down))
}

/// Returns what was read too long ago, and what to do about it.
fn too_old(pages: &[OldPage], max_age_ms: u64, rounds: u32) -> String {
    const SHOWN: usize = 3;
    let limit = duration::format(Duration::from_millis(max_age_ms));
    let seconds = |age_ms: u64| Duration::from_millis(age_ms).as_secs_f64();
    let what = |page: &OldPage| match (page.is_check, page.is_traffic) {
        (true, _) => "the health check of ",
        (_, true) => "the traffic of ",
        _ => "",
    };
    let page =
        |page: &OldPage| format!("{}{} in {} {:.1} s ago", what(page), page.address, page.scope, seconds(page.age_ms));
    let mut named: Vec<String> = pages.iter().take(SHOWN).map(page).collect();
    named.extend(and_more(pages.len().saturating_sub(SHOWN), "", ""));
    format!(
        "not sent: {rounds} times what it rests on was not all read within {limit}; asked for was {}; \
         if reads take so long, give --max-read-age",
        named.join(", ")
    )
}

fn or_gone(found: Option<&Status>) -> &str {
    found.map_or("gone", Status::as_str)
}

/// Returns which members are not up, and why.
fn all_not_up(down: &[NotUp]) -> String {
    down.iter().map(not_up).collect::<Vec<_>>().join(", ")
}

/// Returns why a member is not up.
pub(crate) fn not_up(member: &NotUp) -> String {
    let address = &member.address;
    match &member.why {
        WhyNotUp::Read { status, opposite, business_status } => {
            let opposite = opposite.as_ref().map(|status| format!(" (opposite side {status})")).unwrap_or_default();
            let held = match business_status {
                BusinessStatus::Normal => String::new(),
                other => format!(" ({other})"),
            };
            format!("{address} is {status}{opposite}{held}")
        }
        WhyNotUp::GoingDown => format!("{address} is on its way down"),
        WhyNotUp::Unhealthy => format!("the health check of {address} is Abnormal"),
        WhyNotUp::HealthUnread { why } => {
            format!("the health check of {address} could not be read: {}", health_unread(why))
        }
        WhyNotUp::Unseen => format!("{address} was not seen"),
    }
}

/// Returns why a run began no further steps.
pub(crate) fn stop_reason(reason: &StopReason) -> String {
    match reason {
        StopReason::Failed { step } => format!("{step} did not reach its goal"),
        StopReason::Wave { wave, waves, because: because @ WaveFailure::Unmeasured { .. } } => {
            format!("before wave {wave} of {waves}: {}", wave_failure(because))
        }
        StopReason::Wave { wave, waves, because } => format!("after wave {wave} of {waves}: {}", wave_failure(because)),
        StopReason::ClockSkew => "the clocks disagree; no call is repeated".to_owned(),
        StopReason::OtherAccount => "the credentials belong to another account now".to_owned(),
    }
}

/// Returns why the next wave may not begin.
pub(crate) fn wave_failure(failure: &WaveFailure) -> String {
    match failure {
        WaveFailure::Failed { step } => format!("{step} did not reach its goal"),
        WaveFailure::Unread { scope, error } => format!("cannot read {scope}: {error}"),
        WaveFailure::Lost { down } => all_not_up(down),
        WaveFailure::Locked { error } => format!("the account's lock cannot be taken again: {error}"),
        WaveFailure::Check { said } => said.clone(),
        WaveFailure::Unmeasured { address, unread } => {
            let why = unread.as_ref().map_or("no figure of the last 10 minutes", traffic_unread);
            format!("what {address} carries could not be told before the wave: {why}")
        }
        WaveFailure::Traffic { groups, within_ms } => {
            let within = duration::format(Duration::from_millis(*within_ms));
            let groups: Vec<String> = groups.iter().map(group_traffic).collect();
            format!("too little traffic came back within {within}: {}", groups.join(", "))
        }
    }
}

/// Says how much came back into a group.
fn group_traffic(group: &GroupTraffic) -> String {
    let GroupTraffic { group, before_bps, wanted_bps, now_bps, unread } = group;
    let now = match (now_bps, unread) {
        // Rounded, it would seem to be enough.
        (Some(now), _) if Rate::of(*now).rounded() >= Rate::of(*wanted_bps).rounded() => Rate::of(*now).exact(),
        (Some(now), _) => Rate::of(*now).to_string(),
        (None, Some(why)) => format!("could not be read ({})", traffic_unread(why)),
        (None, None) => "no figure since".to_owned(),
    };
    format!("{group} {now}, wanted {} of {} before", Rate::of(*wanted_bps).exact(), Rate::of(*before_bps))
}

/// Returns what could not be recorded, and where it is instead.
pub(crate) fn unrecorded(unrecorded: &Unrecorded) -> String {
    let error = &unrecorded.error;
    match &unrecorded.rescued {
        Ok(path) => {
            format!("{error}; what is missing was written to {path}: `rictl state rescue FILE` adds it to the history")
        }
        Err(why) => format!("{error}; and to no second place: {why}"),
    }
}

/// Returns one reason of a run, for where its subject is named beside it.
pub(crate) fn reason(reason: &Reason, zone: &Zone) -> String {
    match reason {
        Reason::Step { because: Some(because), .. } => step_reason(because, zone),
        Reason::Step { because: None, .. } => "did not reach its goal".to_owned(),
        Reason::Blocked(blocked) => blocked_address(blocked, zone),
        Reason::Unread(failure) => format!("cannot read {}: {}", failure.scope, failure.detail),
        Reason::DidNotStay { goal, found, .. } => match found {
            Some(found) => format!("reached {goal} and is {found} again"),
            None => format!("reached {goal} and is gone"),
        },
        Reason::BelowFloor { up, links, floor, down, .. } => {
            format!("{up} of {links} up, floor {floor}; {}", all_not_up(down))
        }
        Reason::Stopped { because } => stop_reason(because),
        Reason::Unrecorded(what) => unrecorded(what),
        Reason::Unconfirmed { until } => format!("nobody confirmed it until {}", zone.shown(*until)),
        Reason::TakenBack { by } => format!("taken back by run {by}"),
        Reason::LeftOver { by } => format!("run {by} has not taken all of it back"),
        Reason::Interrupted => "a signal ended the run".to_owned(),
    }
}

/// Returns one reason of a run with what it is about.
pub(crate) fn reason_line(reason_of_run: &Reason, zone: &Zone) -> String {
    let detail = reason(reason_of_run, zone);
    match reason_of_run.subject() {
        // What the plan says of an interface begins with its name.
        Subject::Address(address) if detail.starts_with(address.as_str()) => detail,
        // Most of what is said of a block begins with the interface already.
        Subject::Address(address) if detail.starts_with(address.as_str()) => detail,
        Subject::Address(address) => format!("{address}: {detail}"),
        Subject::Group(group) => format!("group {group}: {detail}"),
        Subject::Run => detail,
    }
}

/// Returns the label that a reason has as a line of its own.
pub(crate) fn label(reason: &Reason) -> &'static str {
    match reason {
        Reason::Step { .. } => "Not done: ",
        Reason::Blocked(_) => "Blocked: ",
        Reason::Unread(_) => "Not read: ",
        Reason::DidNotStay { .. } => "Did not stay: ",
        Reason::BelowFloor { .. } => "Below its floor: ",
        Reason::Stopped { .. } => "Stopped: ",
        Reason::Unrecorded(_) => "Not recorded: ",
        Reason::Unconfirmed { .. } => "Not confirmed: ",
        Reason::TakenBack { .. } => "Taken back: ",
        Reason::LeftOver { .. } => "Left over: ",
        Reason::Interrupted => "Interrupted: ",
    }
}

/// Returns how a run came out, as one word or two.
pub(crate) fn run_outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Complete => "complete",
        RunOutcome::Incomplete => "incomplete",
        RunOutcome::Refused => "refused",
        RunOutcome::Interrupted => "interrupted",
        RunOutcome::Died => "died",
        RunOutcome::AwaitingConfirmation => "awaits confirmation",
        RunOutcome::TakenBack => "taken back",
    }
}
