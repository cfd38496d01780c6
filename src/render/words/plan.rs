//! How the typed facts of a plan and of a drift check read: blocks, what is left alone, warnings, guards, doubts.

mod blocked;
mod difference;
mod guards;
mod left_alone;
mod routes;
mod traffic;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::counted;
use super::super::text::and_more;
use crate::calendar::Zone;
use crate::cloud::Call;
use crate::duration;
use crate::plan::{
    About, Action, ActionReason, DeclaredSide, Doubt, Guard, HealthAnswer, Plan, PlanFileError, Renamed, RolloutPlan,
    Step, Summary, Upcoming, Warning, What,
};
use crate::resource::{Address, GroupName, HealthCheckStatus};
use crate::selector::Selector;

use super::confirmation::Stands;

pub use self::blocked::{blocked, blocked_address, health_unread, knob};
pub(crate) use self::blocked::{closed, would_keep};
use self::difference::arguments;
pub(crate) use self::difference::difference;
pub(crate) use self::guards::{GuardTold, guard_weakened};
pub use self::left_alone::left_alone;
pub(crate) use self::routes::{Alike, alike, named_prefixes, route_loss};
pub use self::routes::{no_routes, routers_unread, routes_unread};
pub(crate) use self::traffic::{TRAFFIC_IS_OF, carried, carried_by_all, not_quiet, returning, traffic_unread};

/// How many links a warning names before it says how many more there are.
const NAMED: usize = 8;

/// A warning in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub summary: String,
    /// Where and why.
    pub detail: Option<String>,
}

/// Says a warning.
pub fn warning(warning: &Warning, zone: &Zone) -> Said {
    let said = |summary: String, detail: String| Said { summary, detail: Some(detail) };
    match warning {
        Warning::PartOfSpec { targets, excluded } => {
            let names = |selectors: &[Selector]| selectors.iter().map(Selector::as_str).collect::<Vec<_>>().join(", ");
            let parts = [("", targets), ("left out: ", excluded)];
            let parts = parts.into_iter().filter(|(_, selectors)| !selectors.is_empty());
            let parts: Vec<String> = parts.map(|(what, selectors)| format!("{what}{}", names(selectors))).collect();
            said("this plan looks at a part of the spec only".to_owned(), parts.join("; "))
        }
        Warning::RunDied { run_id, steps } => said(
            format!("run {run_id} has no end on record, and {} of it may still show", counted(steps.len(), "call")),
            format!("{}: the next `rictl apply` looks what became of it", some(steps)),
        ),
        Warning::RunGoingOn { run_id, who, addresses } => said(
            match run_id {
                Some(run_id) => format!("run {run_id} is going on: {who}"),
                None => format!("an apply is about to begin: {who}"),
            },
            match addresses.as_slice() {
                [] => "look again when it has ended".to_owned(),
                addresses => format!("it is at work on {}; look again when it has ended", listed(addresses)),
            },
        ),
        Warning::Unconfirmed { run_id, until, is_due, left_by, in_doubt } => {
            let (until, is_due, left_by) = (*until, *is_due, left_by.as_ref());
            let (summary, detail) =
                super::confirmation::warning(&Stands { run_id, until, left_by, is_due, in_doubt }, zone);
            said(summary, detail)
        }
        Warning::TakenAlong { state, addresses } => {
            said(taken_along(state, addresses), "the next apply keeps it here; that state stays as it is".to_owned())
        }
        Warning::Forgotten { addresses, given_away } => {
            let name = |address: &Address| match given_away.get(address) {
                Some(id) => format!("{id}, which was {address} until that key was given to another"),
                None => address.to_string(),
            };
            let names: Vec<String> = addresses.iter().map(name).collect();
            let them = if addresses.len() == 1 { "it" } else { "them" };
            said(
                format!("{} recorded and no longer declared: {}", counted(addresses.len(), "interface"), some(&names)),
                format!("nothing is done to {them}, and the next apply forgets {them}"),
            )
        }
        Warning::Renamed { renamed } => {
            let one = |Renamed { address, from }: &Renamed| format!("{address} renamed from {from}");
            let mut names: Vec<String> = renamed.iter().take(NAMED).map(one).collect();
            names.extend(and_more(renamed.len().saturating_sub(NAMED), "", ""));
            said(names.join(", "), "what is recorded follows the id".to_owned())
        }
        Warning::GuardsWeakened { guards } => {
            let one = |told: GuardTold| format!("{} {} -> {}", told.what, told.before, told.after);
            let guards: Vec<String> = guards.iter().map(guard_weakened).map(one).collect();
            Said { summary: format!("guards weakened: {}", guards.join(", ")), detail: None }
        }
        Warning::HandsOffExpired { address, until, at } => said(
            format!("hands_off of {address} has expired: it was meant to stand until {until}"),
            format!("{at}; no step is planned for it while it stands: take it out of the spec, or give it a new date"),
        ),
        Warning::ProtectionDropped { address, at } => said(
            format!("{address} was protected when last applied, and is now to be deactivated"),
            format!("the protection and the status changed in one go: {at}"),
        ),
        Warning::InTransition { address, status, since, settle_timeout_ms } => said(
            format!("{address} is {status}, in transition since {}", zone.stamp(*since)),
            format!(
                "longer than its settle timeout of {}",
                duration::format(Duration::from_millis(*settle_timeout_ms))
            ),
        ),
        Warning::WindowsOverridden { windows, reason } => {
            said(format!("windows overridden: {}", windows.join(", ")), format!("reason: {reason}"))
        }
        Warning::HalfUp { one, other } => said(
            format!("the link of {} and {} will be half up", one.address, other.address),
            format!("its two sides are declared {} and {}", side(one), side(other)),
        ),
        Warning::OtherAccount { account_id, declared, at } => said(
            format!("these credentials belong to account {account_id}, and apply will refuse them"),
            format!("cloud.account_id is {declared} at {at}"),
        ),
        Warning::Unguarded { deactivations: 1 } => {
            Said { summary: "1 deactivation in no group: nothing guards it".to_owned(), detail: None }
        }
        Warning::Unguarded { deactivations } => {
            Said { summary: format!("{deactivations} deactivations in no group: nothing guards them"), detail: None }
        }
        Warning::Health { group, status, members } => health(group, status, members),
        Warning::HealthUnread { group, members, why } => said(
            format!("the health checks of {} in {group} could not be read", some(members)),
            health_unread(why).to_owned(),
        ),
        Warning::HealthDenied { links, detail } => said(
            format!("the health checks of {} were not read: no permission", counted(*links as usize, "link")),
            detail.clone(),
        ),
        Warning::HealthNotAsked { group, asked, more } => Said {
            summary: format!("{asked} links of {group} were asked for their health checks, {more} more were not asked"),
            detail: None,
        },
        Warning::TrafficUnread { interfaces, unread } => said(
            format!("what {} carry could not be read", counted(*interfaces as usize, "interface")),
            traffic_unread(unread).to_owned(),
        ),
        Warning::EventsUnread { interfaces, detail } => {
            said(format!("who moved {} could not be read", counted(*interfaces as usize, "interface")), detail.clone())
        }
        Warning::LastRoute { address, prefixes, unread_hops } => told(routes::last(address, prefixes, unread_hops)),
        Warning::LastRouteUnproven { address, prefixes } => told(routes::unproven(address, prefixes)),
        Warning::RoutesDenied { interfaces, detail } => said(
            format!("the routes over {} were not read: no permission", counted(*interfaces as usize, "interface")),
            detail.clone(),
        ),
        Warning::RoutesUnread { addresses, why } => {
            said(format!("the routes over {} could not be read", some(addresses)), routes_unread(why).to_owned())
        }
        Warning::Spec { finding, at } => Said { summary: finding.clone(), detail: at.clone() },
        Warning::Told { summary, detail } => Said { summary: summary.clone(), detail: detail.clone() },
    }
}

fn told((summary, detail): (String, Option<String>)) -> Said {
    Said { summary, detail }
}

/// Says what the health checks of some links of a group say.
fn health(group: &GroupName, status: &HealthCheckStatus, members: &[Address]) -> Said {
    let (verb, checks) =
        if members.len() == 1 { ("keeps", "its health check") } else { ("keep", "their health checks") };
    let summary = |what: &str| format!("{} {what} and {verb} the floor of {group}", some(members));
    let says = match status {
        HealthCheckStatus::Abnormal => {
            return Said {
                summary: format!(
                    "{}: {checks} {} Abnormal",
                    some(members),
                    if members.len() == 1 { "is" } else { "are" }
                ),
                detail: Some(format!("{verb} the floor of {group}, and may carry nothing")),
            };
        }
        HealthCheckStatus::NoHealthCheckConfig => summary("without a health check (NoHealthCheckConfig)"),
        HealthCheckStatus::NoRedundantRoute => summary("without a redundant route (NoRedundantRoute)"),
        HealthCheckStatus::Normal | HealthCheckStatus::Unknown(_) => {
            summary(&format!("with a health check that says \"{status}\""))
        }
    };
    Said { summary: says, detail: None }
}

/// Says what a health check answered.
pub fn health_answer(answer: &HealthAnswer) -> String {
    match answer {
        HealthAnswer::Status(status) => status.to_string(),
        HealthAnswer::Unread(why) => format!("could not be read: {}", health_unread(why)),
    }
}

/// Names the first few of many.
pub(crate) fn some<T: ToString>(addresses: &[T]) -> String {
    let mut names: Vec<String> = addresses.iter().take(NAMED).map(ToString::to_string).collect();
    names.extend(and_more(addresses.len().saturating_sub(NAMED), "", ""));
    names.join(", ")
}

/// Says from which state the history of interfaces is taken that were declared elsewhere before.
pub(crate) fn taken_along(state: &str, addresses: &[Address]) -> String {
    format!("the history of {} is taken from {state}", listed(addresses))
}

fn listed(addresses: &[Address]) -> String {
    addresses.iter().map(Address::as_str).collect::<Vec<_>>().join(", ")
}

fn side(side: &DeclaredSide) -> String {
    format!("{} at {}", side.status, side.at)
}

/// Returns what happens to a change, in a word.
pub(crate) fn what(what: What) -> &'static str {
    match what {
        What::Begins => "begins",
        What::Ends => "ends",
    }
}

/// Says what begins or ends, when, and how long that is from a moment on: now, or the one that `--at` names.
pub(crate) fn upcoming(upcoming: &Upcoming, moment: Timestamp, zone: &Zone) -> String {
    let Upcoming { change_id, at, what: happens, interfaces, status } = upcoming;
    let about = match status {
        Some(status) => format!("{interfaces} to {status}"),
        None => counted(*interfaces as usize, "interface"),
    };
    let ahead = span(at.duration_since(moment));
    format!("{change_id} {} {} (in {ahead}): {about}", what(*happens), zone.shown(*at))
}

/// Writes how long something takes, to the minute: `6h 20m`; below one, to the second.
pub(crate) fn span(duration: SignedDuration) -> String {
    let (hours, minutes) = (duration.as_hours(), duration.as_mins() % 60);
    match (hours, minutes) {
        (0, 0) => format!("{}s", duration.as_secs()),
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

/// Says what a Deactivate leaves its group with, at the worst moment and at the end.
pub fn guard(guard: &Guard) -> String {
    if guard.takes_nothing && guard.end < guard.floor {
        let Guard { group, of, end, floor, .. } = guard;
        return format!("{group} is at {end} of {of}, floor {floor}, with or without it");
    }
    format!("{}: {}", guard.group, keeps(guard))
}

/// Says the same without the group's name.
pub(super) fn keeps(guard: &Guard) -> String {
    let Guard { group: _, lowest, of, end, floor, takes_nothing: _ } = guard;
    match lowest {
        Some(lowest) => format!("at least {lowest} of {of} up at any moment, {end} at the end, floor {floor}"),
        None => format!("{end} of {of} up at the end, floor {floor}"),
    }
}

/// Says what a read makes of a step that a dead run left open.
pub fn doubt(doubt: &Doubt) -> String {
    match (doubt.is_clear, &doubt.found) {
        (true, Some(status)) => format!("unknown, found {status}"),
        (true, None) => "unknown, found nothing there".to_owned(),
        (false, Some(status)) => format!("not clear yet, found {status}"),
        (false, None) => "not clear yet, not seen".to_owned(),
    }
}

/// Says what to do about a plan file that cannot be used.
pub fn plan_file_hint(error: &PlanFileError) -> &'static str {
    match error {
        PlanFileError::Damaged(_) => "make the plan again with `rictl plan --out FILE` and review it",
        PlanFileError::Newer { .. } => "apply it with the rictl that made it, or make the plan again with this one",
        PlanFileError::Older { .. } | PlanFileError::WithoutInputs => {
            "plan again: `rictl plan --out FILE`, and review it"
        }
        PlanFileError::NotAPlan => "saved plans are made with `rictl plan --out FILE`; a spec is named with -f",
    }
}

/// Returns what follows `No changes.`: Terraform's words, byte for byte, unless something differs and is left alone, or the
/// spec was not asked.
pub(crate) fn no_changes(plan: &Plan) -> String {
    match (plan.about, plan.left_alone.len()) {
        (About::SavedWithoutSteps, _) => return " The saved plan has no steps.".to_owned(),
        (About::SavedSteps, _) => return " Every step of the saved plan is at its goal already.".to_owned(),
        (About::WayBack, 0) => return " Everything is where it was before what is to be taken back.".to_owned(),
        (About::WayBack | About::Spec, _) => {}
    }
    match plan.left_alone.len() {
        0 => " Your infrastructure matches the configuration.".to_owned(),
        1 => " 1 interface differs from the configuration, and is left alone.".to_owned(),
        more => format!(" {more} interfaces differ from the configuration, and are left alone."),
    }
}

/// Returns Terraform's summary line, byte for byte.
pub(crate) fn plan_line(summary: Summary) -> String {
    format!("Plan: 0 to add, {} to change, 0 to destroy.", summary.to_change)
}

/// Returns our own line, which follows it.
pub(crate) fn counts_line(summary: Summary) -> String {
    let Summary { to_deactivate, to_activate, to_wait_for, blocked, .. } = summary;
    format!("{to_deactivate} to deactivate, {to_activate} to activate, {to_wait_for} to wait for; {blocked} blocked.")
}

/// Returns what an interface's steps amount to, e.g. `will be deactivated`.
pub(crate) fn intention(steps: &[&Step]) -> &'static str {
    let has = |action| steps.iter().any(|step| step.action == action);
    match (has(Action::Wait), has(Action::Call(Call::Activate)), has(Action::Call(Call::Deactivate))) {
        (false, true, _) => "will be activated",
        (false, false, _) => "will be deactivated",
        (true, true, _) => "will be waited for, then activated",
        (true, false, true) => "will be waited for, then deactivated",
        (true, false, false) => "will be waited for",
    }
}

/// Returns why an interface changes, in words.
pub(crate) fn because(reason: ActionReason) -> &'static str {
    match reason {
        ActionReason::SpecChanged => "spec changed",
        ActionReason::Drift => "drift",
        ActionReason::Both => "spec changed and drift",
        ActionReason::New => "never applied before",
        ActionReason::ChangeBegun => "change begun",
        ActionReason::ChangeEnded => "change ended",
    }
}

/// Returns what stands between two waves, in words; of a check its arguments one by one.
pub(crate) fn rollout(rollout: &RolloutPlan) -> String {
    let pause = crate::render::duration(Duration::from_millis(rollout.pause_ms));
    let between = match &rollout.check {
        Some(check) => {
            let arguments = arguments(check);
            format!("between waves: {pause} pause, then this must succeed, and runs at apply: {arguments}")
        }
        None => format!("between waves: {pause} pause"),
    };
    let back = rollout.traffic.as_ref();
    let back = back.map(|traffic| format!("; what a wave brings up has to carry {}", returning(traffic)));
    between + &back.unwrap_or_default()
}

/// Returns what the steps of a wave do, by number: `12 to activate, 3 to wait for`.
pub(crate) fn wave(steps: &[&Step]) -> String {
    let kinds = [
        (Action::Call(Call::Deactivate), "to deactivate"),
        (Action::Call(Call::Activate), "to activate"),
        (Action::Wait, "to wait for"),
    ];
    let count = |action| steps.iter().filter(|step| step.action == action).count();
    let counted = kinds.map(|(action, what)| (count(action), what));
    let told = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    told.collect::<Vec<_>>().join(", ")
}
