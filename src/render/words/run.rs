//! How a run is spoken of: why steps and runs ended as they did, and what happens meanwhile.
//!
//! Everything that comes from the API is handed on as it is: whoever shows it escapes it.

use std::time::Duration;

use super::super::text::and_more;
use super::plan::{blocked_address, closed, health_unread, not_quiet, route_loss, traffic_unread, would_keep};
use crate::calendar::Zone;
use crate::duration;
use crate::language::say;
use crate::render::words::aside;
use crate::resource::{BusinessStatus, Rate, Status};
use crate::run::{
    GroupTraffic, NotUp, OldPage, Reason, RunOutcome, Shortfall, StepReason, StopReason, Subject, Unrecorded,
    WaveFailure, WhyNotUp,
};

/// Returns why a step ended as it did.
pub(crate) fn step_reason(reason: &StepReason, zone: &Zone) -> String {
    match reason {
        StepReason::Moved { expected, found } => {
            say!("expected {expected}, found {found}", expected, found = or_gone(found.as_ref()))
        }
        StepReason::InTransition { found: Some(found) } if !found.is_transitional() => {
            say!("an earlier run's call may still show: {found} for its whole settle timeout", found)
        }
        StepReason::InTransition { .. } => say!("still in transition after its settle timeout").to_owned(),
        StepReason::Floor(shortfall) => short(shortfall, say!("active")),
        StepReason::Health(shortfall) => short(shortfall, say!("healthy")),
        StepReason::Traffic { in_bps, out_bps, limit_bps, unread } => {
            not_quiet(say!("it"), (*in_bps, *out_bps), (*limit_bps, None), unread.as_ref())
        }
        StepReason::Route(loss) => route_loss(loss),
        StepReason::Window { window, opens_at } => closed(say!("its call"), window, *opens_at, zone),
        StepReason::ChangeOver { at } => {
            say!("a change about it began or ended at {at}, before its call was sent", at = zone.shown(*at))
        }
        StepReason::BusinessLocked { business_status } => say!("it is {business_status}", business_status),
        StepReason::PeerDeleted => say!("its opposite side was deleted: it can never be activated again").to_owned(),
        StepReason::Failed { error, hint: Some(hint), .. } => format!("{error}{and}{hint}", and = say!("; ")),
        StepReason::Failed { error, hint: None, .. } => error.to_string(),
        StepReason::Unread { scope, error, is_sent: false } => {
            say!("not sent, {scope} could not be read: {error}", scope, error)
        }
        StepReason::Unread { scope, error, is_sent: true } => {
            say!(
                "sent, and not watched to its end: {scope} cannot be read any more, and waiting does not help: {error}",
                scope,
                error
            )
        }
        StepReason::TooOld { pages, max_age_ms, rounds } => too_old(pages, *max_age_ms, *rounds),
        StepReason::NeededIsDown { address, found } => {
            say!("it depends on {address}, which is {found}", address, found = or_gone(found.as_ref()))
        }
        StepReason::NotSettled { found, waited_ms, unread, unread_ms, error } => {
            let waited = duration::format(Duration::from_millis(*waited_ms));
            let last = found.as_ref().map_or(say!("not seen"), Status::as_str);
            let said = match (unread, unread_ms) {
                (false, Some(unread_ms)) => {
                    let since = duration::format(Duration::from_secs(unread_ms.div_ceil(1000)));
                    say!(
                        "last seen {last}, {since} before the {waited} were over; no read succeeded since",
                        last,
                        since,
                        waited
                    )
                }
                (false, None) => say!("still {last} after {waited}", last, waited),
                (true, _) => say!("no read succeeded in the {waited} since; last seen {last}", waited, last),
            };
            match error {
                Some(error) => say!("{said}: {error}", said, error),
                None => said,
            }
        }
        StepReason::Diverted { found } => say!("somebody else acts: found {found}", found = or_gone(found.as_ref())),
        StepReason::AnswerLost { found, error, diverted } => {
            let found = found.as_ref().map_or(say!("nothing there"), Status::as_str);
            let error = error.as_ref().map(|error| format!("{}{error}", say!(": "))).unwrap_or_default();
            let others = if *diverted { say!(": somebody else acts") } else { "" };
            say!("unknown, found {found}{error}{others}", found, error, others)
        }
        StepReason::RepeatRefused { found, error } => {
            let found = found.as_ref().map_or(say!("nothing there"), Status::as_str);
            say!(
                "unknown, found {found}: no answer to the first call, and its repeat was refused: {error}",
                found,
                error
            )
        }
        StepReason::NeverArrived { found } => {
            let found = found.as_ref().map_or(say!("nothing there"), Status::as_str);
            say!("it never arrived: found {found}, and the API refuses it by now", found)
        }
        StepReason::Unwatched => say!("stopped before a read could tell").to_owned(),
        StepReason::Abandoned => say!("abandoned, outcome unknown").to_owned(),
        StepReason::Dependency { step } => say!("{step} did not reach its goal", step),
        StepReason::Interrupted => say!("interrupted").to_owned(),
        StepReason::Stopped => say!("the run stopped").to_owned(),
        StepReason::Told { text } => text.clone(),
    }
}

/// Says what a group would keep, as far as that is `up`.
fn short(shortfall: &Shortfall, up: &str) -> String {
    let Shortfall { group, kept, links, floor, knob, down } = shortfall;
    let kept = would_keep(group, &say!("{kept} of {links} {up}", kept, links, up), *floor, knob.as_ref());
    say!("{kept}; {down}", kept, down = all_not_up(down))
}

/// Returns what was read too long ago, and what to do about it.
fn too_old(pages: &[OldPage], max_age_ms: u64, rounds: u32) -> String {
    const SHOWN: usize = 3;
    let limit = duration::format(Duration::from_millis(max_age_ms));
    let page = |page: &OldPage| {
        let OldPage { address, scope, .. } = page;
        let age = format!("{:.1}", Duration::from_millis(page.age_ms).as_secs_f64());
        match (page.is_check, page.is_traffic) {
            (true, _) => say!("the health check of {address} in {scope} {age} s ago", address, scope, age),
            (_, true) => say!("the traffic of {address} in {scope} {age} s ago", address, scope, age),
            _ => say!("{address} in {scope} {age} s ago", address, scope, age),
        }
    };
    let mut named: Vec<String> = pages.iter().take(SHOWN).map(page).collect();
    named.extend(and_more(pages.len().saturating_sub(SHOWN), "", ""));
    say!(
        "not sent: {rounds} times what it rests on was not all read within {limit}; asked for was {named}; if reads take so long, give --max-read-age",
        rounds,
        limit,
        named = named.join(", ")
    )
}

fn or_gone(found: Option<&Status>) -> &str {
    found.map_or(say!("gone"), Status::as_str)
}

/// Returns which members are not up, and why.
fn all_not_up(down: &[NotUp]) -> String {
    down.iter().map(not_up).collect::<Vec<_>>().join(say!(", "))
}

/// Returns why a member is not up.
pub(crate) fn not_up(member: &NotUp) -> String {
    let address = &member.address;
    match &member.why {
        WhyNotUp::Read { status, opposite, business_status } => {
            let opposite =
                opposite.as_ref().map(|status| say!(" (opposite side {status})", status)).unwrap_or_default();
            let held = match business_status {
                BusinessStatus::Normal => String::new(),
                other => aside(other),
            };
            say!("{address} is {status}{opposite}{held}", address, status, opposite, held)
        }
        WhyNotUp::GoingDown => say!("{address} is on its way down", address),
        WhyNotUp::Unhealthy => say!("the health check of {address} is Abnormal", address),
        WhyNotUp::HealthUnread { why } => {
            say!("the health check of {address} could not be read: {why}", address, why = health_unread(why))
        }
        WhyNotUp::Unseen => say!("{address} was not seen", address),
    }
}

/// Returns why a run began no further steps.
pub(crate) fn stop_reason(reason: &StopReason) -> String {
    match reason {
        StopReason::Failed { step } => say!("{step} did not reach its goal", step),
        StopReason::Wave { wave, waves, because: because @ WaveFailure::Unmeasured { .. } } => {
            say!("before wave {wave} of {waves}: {because}", wave, waves, because = wave_failure(because))
        }
        StopReason::Wave { wave, waves, because } => {
            say!("after wave {wave} of {waves}: {because}", wave, waves, because = wave_failure(because))
        }
        StopReason::ClockSkew => say!("the clocks disagree; no call is repeated").to_owned(),
        StopReason::OtherAccount => say!("the credentials belong to another account now").to_owned(),
    }
}

/// Returns why the next wave may not begin.
pub(crate) fn wave_failure(failure: &WaveFailure) -> String {
    match failure {
        WaveFailure::Failed { step } => say!("{step} did not reach its goal", step),
        WaveFailure::Unread { scope, error } => say!("cannot read {scope}: {error}", scope, error),
        WaveFailure::Lost { down } => all_not_up(down),
        WaveFailure::Locked { error } => say!("the account's lock cannot be taken again: {error}", error),
        WaveFailure::Check { said } => said.clone(),
        WaveFailure::Unmeasured { address, unread } => {
            let why = unread.as_ref().map_or(say!("no figure of the last 10 minutes"), traffic_unread);
            say!("what {address} carries could not be told before the wave: {why}", address, why)
        }
        WaveFailure::Traffic { groups, within_ms } => {
            let within = duration::format(Duration::from_millis(*within_ms));
            let groups: Vec<String> = groups.iter().map(group_traffic).collect();
            say!("too little traffic came back within {within}: {groups}", within, groups = groups.join(", "))
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
        (None, Some(why)) => say!("could not be read ({why})", why = traffic_unread(why)),
        (None, None) => say!("no figure since").to_owned(),
    };
    say!(
        "{group} {now}, wanted {wanted} of {before} before",
        group,
        now,
        wanted = Rate::of(*wanted_bps).exact(),
        before = Rate::of(*before_bps)
    )
}

/// Returns what could not be recorded, and where it is instead.
pub(crate) fn unrecorded(unrecorded: &Unrecorded) -> String {
    let error = &unrecorded.error;
    match &unrecorded.rescued {
        Ok(path) => {
            say!(
                "{error}; what is missing was written to {path}: `rictl state rescue FILE` keeps it beside the history, as notes",
                error,
                path
            )
        }
        Err(why) => say!("{error}; and to no second place: {why}", error, why),
    }
}

/// Returns one reason of a run, for where its subject is named beside it.
pub(crate) fn reason(reason: &Reason, zone: &Zone) -> String {
    match reason {
        Reason::Step { because: Some(because), .. } => step_reason(because, zone),
        Reason::Step { because: None, .. } => say!("did not reach its goal").to_owned(),
        Reason::Blocked(blocked) | Reason::NotTakenBack(blocked) => blocked_address(blocked, zone),
        Reason::Unread(failure) => {
            say!("cannot read {scope}: {detail}", scope = failure.scope, detail = failure.detail)
        }
        Reason::DidNotStay { goal, found, .. } => match found {
            Some(found) => say!("reached {goal} and is {found} again", goal, found),
            None => say!("reached {goal} and is gone", goal),
        },
        Reason::BelowFloor { up, links, floor, down, .. } => {
            say!("{up} of {links} up, floor {floor}; {down}", up, links, floor, down = all_not_up(down))
        }
        Reason::Stopped { because } => stop_reason(because),
        Reason::Unrecorded(what) => unrecorded(what),
        Reason::Unconfirmed { until } => say!("nobody confirmed it until {until}", until = zone.stamp(*until)),
        Reason::TakenBack { by } => say!("taken back by run {by}", by),
        Reason::LeftOver { by } => say!("run {by} has not taken all of it back", by),
        Reason::Interrupted => say!("a signal ended the run").to_owned(),
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
        Subject::Address(address) => format!("{address}{}{detail}", say!(": ")),
        Subject::Group(group) => say!("group {group}: {detail}", group, detail),
        Subject::Run => detail,
    }
}

/// Returns the label that a reason has as a line of its own.
pub(crate) fn label(reason: &Reason) -> &'static str {
    match reason {
        Reason::Step { .. } => say!("Not done: "),
        Reason::Blocked(_) => say!("Blocked: "),
        Reason::Unread(_) => say!("Not read: "),
        Reason::DidNotStay { .. } => say!("Did not stay: "),
        Reason::BelowFloor { .. } => say!("Below its floor: "),
        Reason::Stopped { .. } => say!("Stopped: "),
        Reason::Unrecorded(_) => say!("Not recorded: "),
        Reason::Unconfirmed { .. } => say!("Not confirmed: "),
        Reason::TakenBack { .. } => say!("Taken back: "),
        Reason::LeftOver { .. } => say!("Left over: "),
        Reason::NotTakenBack(_) => say!("Not taken back: "),
        Reason::Interrupted => say!("Interrupted: "),
    }
}

/// Returns how a run came out, as one word or two.
pub(crate) fn run_outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Complete => say!("complete"),
        RunOutcome::Incomplete => say!("incomplete"),
        RunOutcome::Refused => say!("refused"),
        RunOutcome::Interrupted => say!("interrupted"),
        RunOutcome::Died => say!("died"),
        RunOutcome::AwaitingConfirmation => say!("awaits confirmation"),
        RunOutcome::TakenBack => say!("taken back"),
    }
}
