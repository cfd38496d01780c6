//! How the typed facts of a plan and of a drift check read: blocks, what is left alone, warnings, guards, doubts.

mod left_alone;

use std::time::Duration;

use super::super::counted;
use super::super::text::and_more;
use crate::cloud::Call;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::duration;
use crate::plan::{
    Action, ActionReason, BlockReason, Blocked, DeclaredSide, Difference, Doubt, Exceeded, Guard, HealthAnswer,
    HealthUnread, Knob, NotUp, Plan, PlanFileError, RolloutPlan, Sides, Step, StepPart, Summary, Unmet, Warning,
    WhyNotUp,
};
use crate::planner::UnknownAddress;
use crate::resource::{Address, GroupName, HealthCheckStatus, Status};

pub use left_alone::left_alone;

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

/// Names an interface for people: key, id, region.
fn title(plan: &Plan, address: &Address) -> String {
    match plan.change(address) {
        Some(change) => format!("{address} ({} in {})", change.id, change.scope),
        None => address.to_string(),
    }
}

/// Says why a wanted change cannot be had: who, where, since when, and what to do.
pub fn blocked(plan: &Plan, blocked: &Blocked) -> String {
    let scope = || plan.change(&blocked.address).map(|change| change.scope.to_string());
    let why = why_blocked(blocked, &|| title(plan, &blocked.address), &scope);
    let missing = left_out(plan, blocked);
    if missing.is_empty() {
        return why;
    }
    let flags: Vec<String> = missing.iter().map(|address| format!("--target {address}")).collect();
    format!("{why}; this plan leaves out what must change before it: add {}", flags.join(" "))
}

/// Lists what a plan of a part of the spec would have to take in for a change to be had.
fn left_out<'p>(plan: &'p Plan, blocked: &'p Blocked) -> Vec<&'p Address> {
    if plan.targeted.is_empty() {
        return Vec::new();
    }
    match &blocked.reason {
        BlockReason::Dependency { needed, why: Unmet::LeftOut } => vec![needed],
        BlockReason::Floor { group, .. } => {
            let group = plan.groups.iter().find(|health| health.name == *group);
            let not_up = group.into_iter().flat_map(|health| &health.not_up).map(|member| &member.address);
            not_up.filter(|address| !plan.targeted.contains(address) && is_to_come_up(plan, address)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_to_come_up(plan: &Plan, address: &Address) -> bool {
    let wanted = plan.change(address).and_then(|change| change.change.after.as_ref());
    wanted.is_some_and(|wanted| wanted.status == Status::Active)
}

/// Says why a wanted change cannot be had where no plan tells more of the interface than its address.
pub fn blocked_address(blocked: &Blocked) -> String {
    why_blocked(blocked, &|| blocked.address.to_string(), &|| None)
}

fn why_blocked(blocked: &Blocked, title: &dyn Fn() -> String, scope: &dyn Fn() -> Option<String>) -> String {
    match &blocked.reason {
        BlockReason::Floor { group, left, of, floor, knob, not_up, more } => {
            let knob = self::knob(group, knob.as_ref());
            let kept = format!("group {group} would keep {left} of {of} active, floor {floor} ({knob})");
            format!("{kept} without {}{}", title(), who_is_down(not_up, *more))
        }
        BlockReason::Health { group, left, of, floor, knob, not_up, more } => {
            let knob = self::knob(group, knob.as_ref());
            let kept = format!("group {group} would keep {left} of {of} healthy, floor {floor} ({knob})");
            format!("{kept} without {}{}", title(), who_is_down(not_up, *more))
        }
        BlockReason::Protected { at } => {
            let todo = "remove `protect` in a reviewed change to deactivate it";
            format!("{} is protected ({at}); {todo}", title())
        }
        BlockReason::Cap { changes, exceeded, knob, allowed } => cap(*changes, exceeded, knob, *allowed),
        BlockReason::Dependency { needed, why } => {
            format!("{} has to wait for {needed}, which {}", title(), unmet(*why))
        }
        BlockReason::FinancialLocked => {
            format!("{} is FinancialLocked: the account has bills outstanding; settle them first", title())
        }
        BlockReason::SecurityLocked => format!("{} is SecurityLocked by the vendor; open a ticket", title()),
        BlockReason::BusinessLocked { word } => {
            format!("{} has a business status that is not documented: \"{word}\"", title())
        }
        BlockReason::NotFound => {
            format!("the API says there is no {}; correct the id, or remove the entry", title())
        }
        BlockReason::WrongRegion { found_in } => {
            format!("{} is not there: it lives in {found_in}; correct its region in the spec", title())
        }
        BlockReason::Idle => format!("{} is Idle: it was never connected; connect it first", title()),
        BlockReason::Deleting { status } => format!("{} is {status}; remove the entry once it is gone", title()),
        BlockReason::PeerDeleted => {
            format!("the opposite side of {} was deleted: it can never be activated again", title())
        }
        BlockReason::UnknownStatus { word } => {
            format!("{} has a status that is not documented: \"{word}\"", title())
        }
        BlockReason::Unreadable => {
            let what = scope().unwrap_or_else(|| blocked.address.to_string());
            format!("{what} could not be read; see the errors")
        }
        BlockReason::Superseded { run_id, change_id } => {
            let change = change_id.as_ref().map(|change| format!(" ({change})")).unwrap_or_default();
            let todo = "take that run back first, or use --force-superseded";
            format!("{} was changed since by run {run_id}{change}; {todo}", title())
        }
        BlockReason::Undeclared => {
            format!("{} is not declared any more; declare it again, or use --undeclared", title())
        }
        BlockReason::Told { text, .. } => text.clone(),
    }
}

/// Names what set the floor of a group.
pub fn knob(group: &GroupName, knob: Option<&Knob>) -> String {
    match knob {
        Some(Knob { key, value, at }) => format!("{key} {value} at {at}"),
        None => format!("groups.{group}"),
    }
}

fn who_is_down(not_up: &[NotUp], more: u32) -> String {
    if not_up.is_empty() {
        return String::new();
    }
    let mut down: Vec<String> = not_up.iter().map(why_not_up).collect();
    down.extend(and_more(more as usize, "", ""));
    format!("; {}; bring one of them up first, or change the floor", down.join(", "))
}

fn why_not_up(member: &NotUp) -> String {
    let address = &member.address;
    match &member.why {
        WhyNotUp::Unseen => format!("{address} could not be seen"),
        WhyNotUp::Is { status, since } => {
            let since = since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
            format!("{address} is {status}{since}")
        }
        WhyNotUp::Opposite { status } => {
            let status = status.as_ref().map_or("unknown", Status::as_str);
            format!("{address} is Active but its opposite side is {status}")
        }
        WhyNotUp::Locked { business_status } => {
            format!("{address} is Active but its business status is {business_status}")
        }
        WhyNotUp::Unhealthy => format!("{address} is Active but its health check is Abnormal"),
        WhyNotUp::HealthUnread { why } => {
            format!("{address} is Active but its health check could not be read: {}", health_unread(why))
        }
        WhyNotUp::ToGoDown => format!("{address} is to go down"),
    }
}

fn cap(changes: u32, exceeded: &Exceeded, knob: &Knob, allowed: Option<u32>) -> String {
    let Knob { key, value, at } = knob;
    let exceeded = match exceeded {
        Exceeded::Changes => format!("{changes} changes, and {key} is {value} ({at})"),
        Exceeded::Share { declared, allows } => {
            format!("{changes} of {declared} interfaces change, and {key} is {value} ({at}), which allows {allows}")
        }
        Exceeded::Group { name, count } => format!("{count} changes in {name}, and {key} is {value} ({at})"),
        Exceeded::Region { name, count } => format!("{count} changes in {name}, and {key} is {value} ({at})"),
    };
    let allowed = allowed.map(|given| format!(" (--allow-changes {given} is not the exact number)"));
    let allowed = allowed.unwrap_or_default();
    format!("{exceeded}; all {changes} changes are refused{allowed}; to run exactly these: --allow-changes {changes}")
}

fn unmet(why: Unmet) -> String {
    match why {
        Unmet::Blocked(code) => format!("is blocked ({})", code.as_str()),
        Unmet::LeftAlone(code) => format!("is left alone ({})", code.as_str()),
        Unmet::LeftOut => "is left out of this plan".to_owned(),
    }
}

/// Says a warning.
pub fn warning(warning: &Warning) -> Said {
    let said = |summary: String, detail: String| Said { summary, detail: Some(detail) };
    match warning {
        Warning::PartOfSpec { targets, excluded } => {
            let parts = [("", targets), ("left out: ", excluded)];
            let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
            let parts: Vec<String> = parts.map(|(what, names)| format!("{what}{}", listed(names))).collect();
            said("this plan looks at a part of the spec only".to_owned(), parts.join("; "))
        }
        Warning::RunGoingOn { run_id, who, addresses } => said(
            match run_id {
                Some(run_id) => format!("run {run_id} is going on: {who}"),
                None => format!("an apply is about to begin: {who}"),
            },
            match addresses.as_slice() {
                [] => "plan again when it has ended".to_owned(),
                addresses => format!("{} may be on the way; plan again when it has ended", listed(addresses)),
            },
        ),
        Warning::HandsOffExpired { address, until, at } => said(
            format!("hands_off of {address} has expired: it was meant to stand until {until}"),
            format!("{at}; no step is planned for it while it stands: take it out of the spec, or give it a new date"),
        ),
        Warning::ProtectionDropped { address, at } => said(
            format!("{address} was protected when last applied, and is now to be deactivated"),
            format!("the protection and the status changed in one go: {at}"),
        ),
        Warning::InTransition { address, status, since, settle_timeout_ms } => said(
            format!("{address} is {status}, in transition since {since:.0}"),
            format!(
                "longer than its settle timeout of {}",
                duration::format(Duration::from_millis(*settle_timeout_ms))
            ),
        ),
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
        Warning::Spec { finding, at } => Said { summary: finding.clone(), detail: at.clone() },
        Warning::Told { summary, detail } => Said { summary: summary.clone(), detail: detail.clone() },
    }
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

/// Says why a health check could not be read.
pub(super) fn health_unread(why: &HealthUnread) -> &str {
    match why {
        HealthUnread::Denied { detail } | HealthUnread::Failed { detail } => detail,
        HealthUnread::OtherAccount => {
            "it is at the end of another account; name that one under `cloud.accounts`, with its `account_id`"
        }
    }
}

/// Names the first few of many.
fn some(addresses: &[Address]) -> String {
    let mut names: Vec<String> = addresses.iter().take(NAMED).map(ToString::to_string).collect();
    names.extend(and_more(addresses.len().saturating_sub(NAMED), "", ""));
    names.join(", ")
}

fn listed(addresses: &[Address]) -> String {
    addresses.iter().map(Address::as_str).collect::<Vec<_>>().join(", ")
}

fn side(side: &DeclaredSide) -> String {
    format!("{} at {}", side.status, side.at)
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

/// Says that an address is none that the spec declares.
pub fn unknown_address(unknown: &UnknownAddress) -> Diagnostic {
    let hint = match &unknown.near {
        Some(near) => did_you_mean(near.as_str()),
        None => "`rictl graph` shows the declared interfaces".to_owned(),
    };
    Diagnostic::error(unknown.to_string()).hint(hint)
}

/// Says what to do about a plan file that cannot be used.
pub fn plan_file_hint(error: &PlanFileError) -> &'static str {
    match error {
        PlanFileError::Damaged(_) => "make the plan again with `rictl plan --out FILE` and review it",
        PlanFileError::Newer { .. } => "apply it with the rictl that made it, or make the plan again with this one",
        PlanFileError::Older { .. } | PlanFileError::WithoutInputs => {
            "plan again: `rictl plan --out FILE`, and review it"
        }
        PlanFileError::NotAPlan => "saved plans are made with `rictl plan --out FILE`",
    }
}

/// Says what a saved plan would do otherwise than the plan made again, and what each says.
pub(crate) fn difference(difference: &Difference) -> String {
    let ms = |ms: &u64| duration::format(Duration::from_millis(*ms));
    match difference {
        Difference::OnlySaved(step) => format!("the file has the step {step}, which the spec does not give now"),
        Difference::OnlyNow(step) => format!("the spec gives the step {step} now, which the file does not have"),
        Difference::Order => "the file has the steps in another order than the spec gives them now".to_owned(),
        Difference::Step(step, part) => format!("{step}: {}", step_part(part)),
        Difference::Floor(group, floor) => {
            let number = |floor: &Option<u32>| floor.map_or("none".to_owned(), |floor| floor.to_string());
            format!("{group}: floor {}", told(floor, number))
        }
        Difference::Links(group) => {
            format!("{group}: the file counts other links towards its floor than there are now")
        }
        Difference::Rollout(is_there) => {
            let word = |is_there: &bool| if *is_there { "some" } else { "none" }.to_owned();
            format!("rollout: {}", told(is_there, word))
        }
        Difference::Waves => "rollout: the file cuts the waves otherwise than the spec does now".to_owned(),
        Difference::Pause(pause) => format!("rollout: pause {}", told(pause, ms)),
        Difference::Check(check) => {
            let arguments = |check: &Option<Vec<String>>| check.as_deref().map_or("none".to_owned(), arguments);
            format!("rollout: check {}", told(check, arguments))
        }
        Difference::CheckTimeout(timeout) => format!("rollout: check_timeout {}", told(timeout, ms)),
        Difference::Unnamed => "the digest of what is made now is another one".to_owned(),
    }
}

fn step_part(part: &StepPart) -> String {
    match part {
        StepPart::Interface(interface) => told(interface, |(id, scope)| format!("{id} in {scope}")),
        StepPart::Action => "it does something else".to_owned(),
        StepPart::Expect(expect) => format!("it expects {}", told(expect, ToString::to_string)),
        StepPart::Goal(goal) => format!("it ends at {}", told(goal, ToString::to_string)),
        StepPart::After => "it waits for other steps".to_owned(),
        StepPart::Wave(wave) => format!("wave {}", told(wave, ToString::to_string)),
        StepPart::Timeout(timeout) => {
            let ms =
                |ms: &Option<u64>| ms.map_or("of the run".to_owned(), |ms| duration::format(Duration::from_millis(ms)));
            format!("timeout {}", told(timeout, ms))
        }
        StepPart::Reason(reason) => {
            format!(
                "reason {}",
                told(reason, |reason| reason.clone().map_or("none".to_owned(), |reason| format!("{reason:?}")))
            )
        }
    }
}

fn told<T>(sides: &Sides<T>, word: impl Fn(&T) -> String) -> String {
    format!("{} in the file, {} now", word(&sides.saved), word(&sides.now))
}

/// Writes an argument list so that no argument can be taken for two: as JSON.
fn arguments(arguments: &[String]) -> String {
    let arguments: Vec<String> =
        arguments.iter().map(|argument| serde_json::Value::from(argument.as_str()).to_string()).collect();
    format!("[{}]", arguments.join(", "))
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
    }
}

/// Returns what stands between two waves, in words; of a check its arguments one by one.
pub(crate) fn rollout(rollout: &RolloutPlan) -> String {
    let pause = crate::render::duration(Duration::from_millis(rollout.pause_ms));
    match &rollout.check {
        Some(check) => {
            let arguments = arguments(check);
            format!("between waves: {pause} pause, then this must succeed, and runs at apply: {arguments}")
        }
        None => format!("between waves: {pause} pause"),
    }
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
