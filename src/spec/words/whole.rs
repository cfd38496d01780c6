//! What entries say of each other, in words.

use std::borrow::Borrow;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::spec::finding::{Circle, Members, WholeFault};

/// How many names a message lists before it says how many more there are.
const NAMED: usize = 16;

pub(super) fn words(fault: &WholeFault) -> Diagnostic {
    match fault {
        WholeFault::NoInterfaces => {
            Diagnostic::warning("the spec declares no interfaces").hint("`rictl init` writes what is live as a spec")
        }
        WholeFault::NoRegion { address } => {
            Diagnostic::error(format!("`interfaces.{address}` has no `region`, and there is no `cloud.region`"))
                .hint("set `cloud.region` for all interfaces, or `region` on each")
        }
        WholeFault::UnknownAccount { address, account, near } => {
            let what = format!("`interfaces.{address}.account` is `{account}`, which `cloud.accounts` has not");
            unknown(what, near).hint("declare the account under `cloud.accounts`")
        }
        WholeFault::UnknownGroup { address, group, near } => {
            let what = format!("`interfaces.{address}.group` is `{group}`, which `groups` has not");
            unknown(what, near).hint("declare the group under `groups`; it may be empty: `{}`")
        }
        WholeFault::UnknownInterface { address, needed, near } => {
            let what = format!("`interfaces.{address}` depends on `{needed}`, which `interfaces` has not");
            unknown(what, near).hint("`depends_on` lists keys of `interfaces`")
        }
        WholeFault::DuplicateId { id, first: (first, place), again } => {
            Diagnostic::error(format!("{id} is declared twice: `interfaces.{first}` and `interfaces.{again}`"))
                .label("declared again here")
                .related(*place, "first declared here")
                .hint("an interface has one entry; remove the other, or correct its id")
        }
        WholeFault::DependsOnItself { address } => {
            Diagnostic::error(format!("`interfaces.{address}` depends on itself"))
                .label("itself")
                .hint("remove it from `depends_on`")
        }
        WholeFault::Cycle(circle) => cycle(circle),
        WholeFault::Stranded { address, declared, needed } => Diagnostic::warning(format!(
            "`interfaces.{address}` is declared Active and depends on `{needed}`, which is declared Inactive"
        ))
        .related(*declared, "declared Active here")
        .hint("take both down, or correct `depends_on`"),
        WholeFault::EmptyGroup { group } => Diagnostic::warning(format!("`groups.{group}` has no members"))
            .hint("give interfaces `group:`, or remove it"),
        WholeFault::AlwaysDenied { window } => Diagnostic::warning(format!(
            "the window `{window}` denies at all times: what it covers is never let through"
        ))
        .hint("give it `days`, `from` and `to`, or `start` and `end`; `hands_off` leaves an interface alone"),
        WholeFault::ImpossibleMinActive { floor, members } => {
            let active = members.total - members.inactive.len();
            impossible(members, &format!("must keep {floor} active"), active, "Active")
        }
        WholeFault::SelectsNothing { at, fault } => {
            let error = Diagnostic::error(format!("`{at}`: {fault}"));
            error.hint(fault.hint().unwrap_or_else(|| {
                "write a name that stands under `interfaces`, or a pattern that fits one".to_owned()
            }))
        }
        WholeFault::SelectsByChange { at, selector } => {
            Diagnostic::error(format!("`{at}` is `{selector}`: a change cannot select by changes"))
                .hint("name the interfaces, their group or their labels")
        }
        WholeFault::NoExpect { change, found } => {
            Diagnostic::error(format!("`changes.{change}` does not say how many interfaces it is about"))
                .hint(format!("it selects {found} now; if these are meant, write `expect: {found}`"))
        }
        WholeFault::ImpossibleMaxUnavailable { most, members } => {
            impossible(members, &format!("may have {most} unavailable"), members.inactive.len(), "Inactive")
        }
    }
}

fn unknown(what: String, near: &Option<String>) -> Diagnostic {
    let label = near.as_ref().map_or_else(|| "not found".to_owned(), |near| did_you_mean(near));
    Diagnostic::error(what).label(label)
}

fn cycle(Circle { way, said, others }: &Circle) -> Diagnostic {
    let error = Diagnostic::error(format!("`depends_on` goes round in a circle: {}", listed(way, " -> ")))
        .label("this needs the next, and so on round")
        .hint("remove one of these from `depends_on`: neither order can satisfy all");
    let pairs = way.windows(2).zip(said).skip(1).take(NAMED);
    let error = pairs.fold(error, |error, (pair, said)| match said {
        Some(place) => error.related(*place, format!("{} needs {}", pair[0], pair[1])),
        None => error,
    });
    if others.is_empty() { error } else { error.cause(format!("tangled up in it: {}", listed(others, ", "))) }
}

/// A floor, and how many members are declared so that it cannot be kept.
fn impossible(members: &Members, floor: &str, declared: usize, status: &str) -> Diagnostic {
    let Members { group, total, inactive } = members;
    let what = format!("group {group} {floor}, but {declared} of {total} are declared {status}");
    let error = Diagnostic::error(what).hint("declare more members Active, or change the floor in a reviewed change");
    if inactive.is_empty() { error } else { error.cause(format!("declared Inactive: {}", listed(inactive, ", "))) }
}

fn listed<T: Borrow<str>>(names: &[T], separator: &str) -> String {
    let mut text = names[..names.len().min(NAMED)].join(separator);
    if names.len() > NAMED {
        text.push_str(&format!("{separator}and {} more", names.len() - NAMED));
    }
    text
}
