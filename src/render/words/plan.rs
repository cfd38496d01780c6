//! How the typed facts of a plan and of a drift check read: blocks, what is left alone, warnings, guards, doubts.

mod amounts;
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
use crate::language::{self, Language, say};
use crate::plan::{
    About, Action, DeclaredSide, Doubt, Guard, HealthAnswer, Plan, PlanFileError, Renamed, RolloutPlan, Step, Upcoming,
    Warning, What,
};
use crate::resource::{Address, GroupName, HealthCheckStatus};
use crate::selector::Selector;

use super::confirmation::Stands;

pub(crate) use self::amounts::{because, counts_of, intention_of, plan_line};
pub use self::blocked::{blocked, blocked_address, health_unread, knob};
pub(crate) use self::blocked::{closed, would_keep};
use self::difference::arguments;
pub(crate) use self::difference::difference;
pub(crate) use self::guards::{GuardTold, guard_weakened};
pub(crate) use self::left_alone::has_run_out;
pub use self::left_alone::left_alone;
pub(crate) use self::routes::{Alike, alike, named_prefixes, route_loss};
pub use self::routes::{no_routes, routers_unread, routes_unread};
pub(crate) use self::traffic::{carried, carried_by_all, not_quiet, returning, traffic_is_of, traffic_unread};

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
            let parts = [("", targets), (say!("left out: "), excluded)];
            let parts = parts.into_iter().filter(|(_, selectors)| !selectors.is_empty());
            let parts: Vec<String> = parts.map(|(what, selectors)| format!("{what}{}", names(selectors))).collect();
            said(say!("this plan looks at a part of the spec only").to_owned(), parts.join(say!("; ")))
        }
        Warning::RunDied { run_id, steps } => said(
            say!(
                "run {run_id} has no end on record, and {calls} of it may still show",
                run_id,
                calls = counted(steps.len(), say!("call"))
            ),
            say!("{steps}: the next `rictl apply` looks what became of it", steps = some(steps)),
        ),
        Warning::RunGoingOn { run_id, who, addresses } => said(
            match run_id {
                Some(run_id) => say!("run {run_id} is going on: {who}", run_id, who),
                None => say!("an apply is about to begin: {who}", who),
            },
            match addresses.as_slice() {
                [] => say!("look again when it has ended").to_owned(),
                addresses => {
                    say!("it is at work on {addresses}; look again when it has ended", addresses = listed(addresses))
                }
            },
        ),
        Warning::RolloutStopped { run_id, wave, waves, reason } => said(
            say!(
                "the last apply stopped after wave {wave} of {waves} ({reason}): run {run_id}",
                wave,
                waves,
                reason,
                run_id
            ),
            say!(
                "this is a rollout of its own: it begins with its first wave, before which nothing is asked; `rictl show {run_id}` has what was said",
                run_id
            ),
        ),
        Warning::CheckMissing { program, is_found } => said(
            match is_found {
                true => say!("the rollout's check `{program}` cannot be run: it is no program, or nobody may run it", program),
                false => say!("the rollout's check `{program}` cannot be started: there is no such program here", program),
            },
            say!("an apply from here stops after its first wave, with that wave done; a path is taken from the spec's directory")
                .to_owned(),
        ),
        Warning::Unconfirmed { run_id, until, is_due, left_by, in_doubt } => {
            let (until, is_due, left_by) = (*until, *is_due, left_by.as_ref());
            let (summary, detail) =
                super::confirmation::warning(&Stands { run_id, until, left_by, is_due, in_doubt }, zone);
            said(summary, detail)
        }
        Warning::TakenAlong { state, addresses, is_held } => said(
            taken_along(state, addresses),
            match is_held {
                false => say!("the next apply keeps it here; that state stays as it is").to_owned(),
                true => say!(
                    "{state} still has it: apply its spec without it first; until then an apply here is refused",
                    state
                ),
            },
        ),
        Warning::Forgotten { addresses, given_away } => {
            let name = |address: &Address| match given_away.get(address) {
                Some(id) => say!("{id}, which was {address} until that key was given to another", id, address),
                None => address.to_string(),
            };
            let names: Vec<String> = addresses.iter().map(name).collect();
            let them = if addresses.len() == 1 { say!("it") } else { say!("them") };
            said(
                say!(
                    "{interfaces} recorded and no longer declared: {names}",
                    interfaces = counted(addresses.len(), say!("interface")),
                    names = some(&names)
                ),
                say!("nothing is done to {them}, and the next apply forgets {them}", them),
            )
        }
        Warning::Renamed { renamed } => {
            let one = |Renamed { address, from }: &Renamed| say!("{address} renamed from {from}", address, from);
            let mut names: Vec<String> = renamed.iter().take(NAMED).map(one).collect();
            names.extend(and_more(renamed.len().saturating_sub(NAMED), "", ""));
            said(names.join(", "), say!("what is recorded follows the id").to_owned())
        }
        Warning::GuardsWeakened { guards } => {
            let one = |told: GuardTold| format!("{} {} -> {}", told.what, told.before, told.after);
            let guards: Vec<String> = guards.iter().map(guard_weakened).map(one).collect();
            Said { summary: say!("guards weakened: {guards}", guards = guards.join(", ")), detail: None }
        }
        Warning::HandsOffExpired { address, until, at } => said(
            say!("hands_off of {address} has expired: it was meant to stand until {until}", address, until),
            say!("{at}; no step is planned for it while it stands: take it out of the spec, or give it a new date", at),
        ),
        Warning::ProtectionDropped { address, at } => said(
            say!("{address} was protected when last applied, and is now to be deactivated", address),
            say!("the protection and the status changed in one go: {at}", at),
        ),
        Warning::InTransition { address, status, since, settle_timeout_ms } => said(
            say!("{address} is {status}, in transition since {since}", address, status, since = zone.stamp(*since)),
            say!(
                "longer than its settle timeout of {timeout}",
                timeout = duration::format(Duration::from_millis(*settle_timeout_ms))
            ),
        ),
        Warning::WindowsOverridden { windows, reason } => {
            said(say!("windows overridden: {windows}", windows = windows.join(", ")), say!("reason: {reason}", reason))
        }
        Warning::HalfUp { one, other, left } => said(
            say!("the link of {one} and {other} will be half up", one = one.address, other = other.address),
            match left {
                false => say!("its two sides are declared {one} and {other}", one = side(one), other = side(other)),
                true => say!(
                    "this plan leaves {one} {one_status} and {other} {other_status}",
                    one = one.address,
                    one_status = one.status,
                    other = other.address,
                    other_status = other.status
                ),
            },
        ),
        Warning::OtherAccount { account_id, declared, at } => said(
            say!("these credentials belong to account {account_id}, and apply will refuse them", account_id),
            say!("cloud.account_id is {declared} at {at}", declared, at),
        ),
        Warning::Unguarded { deactivations: 1 } => {
            Said { summary: say!("1 deactivation in no group: nothing guards it").to_owned(), detail: None }
        }
        Warning::Unguarded { deactivations } => Said {
            summary: say!("{deactivations} deactivations in no group: nothing guards them", deactivations),
            detail: None,
        },
        Warning::Health { group, status, members } => health(group, status, members),
        Warning::HealthUnread { group, members, why } => said(
            say!("the health checks of {members} in {group} could not be read", members = some(members), group),
            health_unread(why).to_owned(),
        ),
        Warning::HealthDenied { links, detail } => said(
            say!(
                "the health checks of {links} were not read: no permission",
                links = counted(*links as usize, say!("link"))
            ),
            detail.to_string(),
        ),
        Warning::HealthNotAsked { group, asked, more } => Said {
            summary: say!(
                "{asked} links of {group} were asked for their health checks, {more} more were not asked",
                asked,
                group,
                more
            ),
            detail: None,
        },
        Warning::TrafficUnread { interfaces, unread } => said(
            say!(
                "what {interfaces} carry could not be read",
                interfaces = counted(*interfaces as usize, say!("interface"))
            ),
            traffic_unread(unread).to_owned(),
        ),
        Warning::EventsUnread { interfaces, detail } => said(
            say!(
                "who moved {interfaces} could not be read",
                interfaces = counted(*interfaces as usize, say!("interface"))
            ),
            detail.to_string(),
        ),
        Warning::LastRoute { address, prefixes, unread_hops } => told(routes::last(address, prefixes, unread_hops)),
        Warning::LastRouteUnproven { address, prefixes } => told(routes::unproven(address, prefixes)),
        Warning::RoutesDenied { interfaces, detail } => said(
            say!(
                "the routes over {interfaces} were not read: no permission",
                interfaces = counted(*interfaces as usize, say!("interface"))
            ),
            detail.to_string(),
        ),
        Warning::RoutesUnread { addresses, why } => said(
            say!("the routes over {addresses} could not be read", addresses = some(addresses)),
            routes_unread(why).to_owned(),
        ),
        Warning::Spec { finding, at, translated } => {
            let said = translated.as_ref().filter(|_| language::in_force() != Language::English);
            Said { summary: said.unwrap_or(finding).clone(), detail: at.clone() }
        }
        Warning::Told { summary, detail } => Said { summary: summary.clone(), detail: detail.clone() },
    }
}

fn told((summary, detail): (String, Option<String>)) -> Said {
    Said { summary, detail }
}

/// Says what the health checks of some links of a group say.
fn health(group: &GroupName, status: &HealthCheckStatus, members: &[Address]) -> Said {
    let (is_one, members) = (members.len() == 1, some(members));
    let summary = |what: &str| match is_one {
        true => say!("{members} {what} and keeps the floor of {group}", members, what, group),
        false => say!("{members} {what} and keep the floor of {group}", members, what, group),
    };
    let says = match status {
        HealthCheckStatus::Abnormal => {
            return Said {
                summary: match is_one {
                    true => say!("{members}: its health check is Abnormal", members),
                    false => say!("{members}: their health checks are Abnormal", members),
                },
                detail: Some(match is_one {
                    true => say!("keeps the floor of {group}, and may carry nothing", group),
                    false => say!("keep the floor of {group}, and may carry nothing", group),
                }),
            };
        }
        HealthCheckStatus::NoHealthCheckConfig => summary(say!("without a health check (NoHealthCheckConfig)")),
        HealthCheckStatus::NoRedundantRoute => summary(say!("without a redundant route (NoRedundantRoute)")),
        HealthCheckStatus::Normal | HealthCheckStatus::Unknown(_) => {
            summary(&say!("with a health check that says \"{status}\"", status))
        }
    };
    Said { summary: says, detail: None }
}

/// Says what a health check answered.
pub fn health_answer(answer: &HealthAnswer) -> String {
    match answer {
        HealthAnswer::Status(status) => status.to_string(),
        HealthAnswer::Unread(why) => say!("could not be read: {why}", why = health_unread(why)),
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
    say!("the history of {addresses} is taken from {state}", addresses = listed(addresses), state)
}

fn listed(addresses: &[Address]) -> String {
    addresses.iter().map(Address::as_str).collect::<Vec<_>>().join(", ")
}

fn side(side: &DeclaredSide) -> String {
    say!("{status} at {at}", status = side.status, at = side.at)
}

/// Returns what happens to a change, in a word.
pub(crate) fn what(what: What) -> &'static str {
    match what {
        What::Begins => say!("begins"),
        What::Ends => say!("ends"),
    }
}

/// Says what begins or ends, when, and how long that is from a moment on: now, or the one that `--at` names.
pub(crate) fn upcoming(upcoming: &Upcoming, moment: Timestamp, zone: &Zone) -> String {
    let Upcoming { change_id, at, what: happens, interfaces, status } = upcoming;
    let about = match status {
        Some(status) => say!("{interfaces} to {status}", interfaces, status),
        None => counted(*interfaces as usize, say!("interface")),
    };
    let ahead = span(at.duration_since(moment));
    say!(
        "{change_id} {what} {at} (in {ahead}): {about}",
        change_id,
        what = what(*happens),
        at = zone.shown(*at),
        ahead,
        about
    )
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
        return say!("{group} is at {end} of {of}, floor {floor}, with or without it", group, end, of, floor);
    }
    say!("{group}: {keeps}", group = guard.group, keeps = keeps(guard))
}

/// Says the same without the group's name.
pub(super) fn keeps(guard: &Guard) -> String {
    let Guard { group: _, lowest, of, end, floor, takes_nothing: _ } = guard;
    match lowest {
        Some(lowest) => {
            say!("at least {lowest} of {of} up at any moment, {end} at the end, floor {floor}", lowest, of, end, floor)
        }
        None => say!("{end} of {of} up at the end, floor {floor}", end, of, floor),
    }
}

/// Says what a read makes of a step that a dead run left open.
pub fn doubt(doubt: &Doubt) -> String {
    match (doubt.is_clear, &doubt.found) {
        (true, Some(status)) => say!("unknown, found {status}", status),
        (true, None) => say!("unknown, found nothing there").to_owned(),
        (false, Some(status)) => say!("not clear yet, found {status}", status),
        (false, None) => say!("not clear yet, not seen").to_owned(),
    }
}

/// Says what to do about a plan file that cannot be used.
pub fn plan_file_hint(error: &PlanFileError) -> &'static str {
    match error {
        PlanFileError::Damaged(_) => say!("make the plan again with `rictl plan --out FILE` and review it"),
        PlanFileError::Newer { .. } => {
            say!("apply it with the rictl that made it, or make the plan again with this one")
        }
        PlanFileError::Older { .. } | PlanFileError::WithoutInputs => {
            say!("plan again: `rictl plan --out FILE`, and review it")
        }
        PlanFileError::NotAPlan => say!("saved plans are made with `rictl plan --out FILE`; a spec is named with -f"),
    }
}

/// Returns what follows `No changes.`: Terraform's words, byte for byte, unless something differs and is left alone, or the
/// spec was not asked.
pub(crate) fn no_changes(plan: &Plan) -> String {
    match (plan.about, plan.left_alone.len()) {
        (About::SavedWithoutSteps, _) => return say!(" The saved plan has no steps.").to_owned(),
        (About::SavedSteps, _) => return say!(" Every step of the saved plan is at its goal already.").to_owned(),
        (About::WayBack, 0) => return say!(" Everything is where it was before what is to be taken back.").to_owned(),
        (About::WayBack | About::Spec, _) => {}
    }
    match plan.left_alone.len() {
        0 => say!(" Your infrastructure matches the configuration.").to_owned(),
        1 => say!(" 1 interface differs from the configuration, and is left alone.").to_owned(),
        more => say!(" {more} interfaces differ from the configuration, and are left alone.", more),
    }
}

/// Returns what stands between two waves, in words; of a check its arguments one by one.
pub(crate) fn rollout(rollout: &RolloutPlan, waves: usize) -> String {
    let pause = crate::render::duration(Duration::from_millis(rollout.pause_ms));
    let between = match &rollout.check {
        Some(check) if waves < 2 => say!(
            "one wave, and nothing between waves: only of a plan of several this runs at apply: {arguments}",
            arguments = arguments(check)
        ),
        Some(check) => {
            let arguments = arguments(check);
            say!(
                "between waves: {pause} pause, then this must succeed, and runs at apply: {arguments}",
                pause,
                arguments
            )
        }
        None => say!("between waves: {pause} pause", pause),
    };
    let back = rollout.traffic.as_ref();
    let back =
        back.map(|traffic| say!("; what a wave brings up has to carry {returning}", returning = returning(traffic)));
    between + &back.unwrap_or_default()
}

/// Returns what the steps of a wave do, by number: `12 to activate, 3 to wait for`.
pub(crate) fn wave(steps: &[&Step]) -> String {
    let kinds = [
        (Action::Call(Call::Deactivate), say!("to deactivate")),
        (Action::Call(Call::Activate), say!("to activate")),
        (Action::Wait, say!("to wait for")),
    ];
    let count = |action| steps.iter().filter(|step| step.action == action).count();
    let counted = kinds.map(|(action, what)| (count(action), what));
    let told = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    told.collect::<Vec<_>>().join(say!(", "))
}
