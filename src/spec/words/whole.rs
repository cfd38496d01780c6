//! What entries say of each other, in words.

use std::borrow::Borrow;

use crate::diagnostic::nearest::did_you_mean;
use crate::diagnostic::{Diagnostic, Place};
use crate::language::say;
use crate::spec::finding::{Circle, Members, WholeFault};

/// How many names a message lists before it says how many more there are.
const NAMED: usize = 16;

fn confusable(
    (section, name): (&str, &str),
    (letter, latin): (char, char),
    twin: &Option<(String, Place)>,
) -> Diagnostic {
    let number = format!("{:04X}", u32::from(letter));
    let hint = say!("write it with Latin letters, or give it a name that cannot be taken for another");
    let Some((twin, place)) = twin else {
        let text = say!(
            "`{section}.{name}` mixes scripts: its {letter} (U+{number}) looks like the Latin `{latin}`",
            section,
            name,
            letter,
            number,
            latin
        );
        return Diagnostic::warning(text).hint(hint);
    };
    let text = say!(
        "`{section}.{name}` looks like `{section}.{twin}`: its {letter} (U+{number}) is no `{latin}`",
        section,
        name,
        twin,
        letter,
        number,
        latin
    );
    Diagnostic::warning(text).related(*place, say!("the other one")).hint(hint)
}

pub(super) fn words(fault: &WholeFault) -> Diagnostic {
    match fault {
        WholeFault::NoInterfaces => Diagnostic::warning(say!("the spec declares no interfaces"))
            .hint(say!("`rictl init` writes what is live as a spec")),
        WholeFault::NoRegion { address } => {
            Diagnostic::error(say!("`interfaces.{address}` has no `region`, and there is no `cloud.region`", address))
                .hint(say!("set `cloud.region` for all interfaces, or `region` on each"))
        }
        WholeFault::UnknownAccount { address, account, near } => {
            let what =
                say!("`interfaces.{address}.account` is `{account}`, which `cloud.accounts` has not", address, account);
            unknown(what, near).hint(say!("declare the account under `cloud.accounts`"))
        }
        WholeFault::UnknownGroup { address, group, near } => {
            let what = say!("`interfaces.{address}.group` is `{group}`, which `groups` has not", address, group);
            unknown(what, near).hint(say!("declare the group under `groups`; it may be empty: `{}`"))
        }
        WholeFault::UnknownInterface { address, needed, near } => {
            let what =
                say!("`interfaces.{address}` depends on `{needed}`, which `interfaces` has not", address, needed);
            unknown(what, near).hint(say!("`depends_on` lists keys of `interfaces`"))
        }
        WholeFault::DuplicateId { id, first: (first, place), again } => Diagnostic::error(say!(
            "{id} is declared twice: `interfaces.{first}` and `interfaces.{again}`",
            id,
            first,
            again
        ))
        .label(say!("declared again here"))
        .related(*place, say!("first declared here"))
        .hint(say!("an interface has one entry; remove the other, or correct its id")),
        WholeFault::DependsOnItself { address } => {
            Diagnostic::error(say!("`interfaces.{address}` depends on itself", address))
                .label(say!("itself"))
                .hint(say!("remove it from `depends_on`"))
        }
        WholeFault::Confusable { section, name, letter, latin, twin } => {
            confusable((section, name), (*letter, *latin), twin)
        }
        WholeFault::Cycle(circle) => cycle(circle),
        WholeFault::Stranded { address, declared, needed } => Diagnostic::warning(say!(
            "`interfaces.{address}` is declared Active and depends on `{needed}`, which is declared Inactive",
            address,
            needed
        ))
        .related(*declared, say!("declared Active here"))
        .hint(say!("take both down, or correct `depends_on`")),
        WholeFault::EmptyGroup { group } => Diagnostic::warning(say!("`groups.{group}` has no members", group))
            .hint(say!("give interfaces `group:`, or remove it")),
        WholeFault::AlwaysDenied { window } => Diagnostic::warning(say!(
            "the window `{window}` denies at all times: what it covers is never let through",
            window
        ))
        .hint(say!("give it `days`, `from` and `to`, or `start` and `end`; `hands_off` leaves an interface alone")),
        WholeFault::ImpossibleMinActive { floor, members } => {
            let active = members.total - members.inactive.len();
            let way_out = match members.total < *floor as usize {
                true => say!("add members to the group, or lower its floor in a reviewed change"),
                false => say!("declare more members Active, or change the floor in a reviewed change"),
            };
            impossible(members, &say!("must keep {floor} active", floor), (active, "Active"), way_out)
        }
        WholeFault::SelectsNothing { at, fault } => {
            let error = Diagnostic::error(say!("`{at}`: {fault}", at, fault));
            error.hint(fault.hint().unwrap_or_else(|| {
                say!("write a name that stands under `interfaces`, or a pattern that fits one").to_owned()
            }))
        }
        WholeFault::SelectsByChange { at, selector } => {
            Diagnostic::error(say!("`{at}` is `{selector}`: a change cannot select by changes", at, selector))
                .hint(say!("name the interfaces, their group or their labels"))
        }
        WholeFault::NoExpect { change, found } => {
            Diagnostic::error(say!("`changes.{change}` does not say how many interfaces it is about", change))
                .hint(say!("it selects {found} now; if these are meant, write `expect: {found}`", found))
        }
        WholeFault::ImpossibleMaxUnavailable { most, members } => {
            let way_out = say!("declare more members Active, or change the floor in a reviewed change");
            impossible(
                members,
                &say!("may have {most} unavailable", most),
                (members.inactive.len(), "Inactive"),
                way_out,
            )
        }
    }
}

fn unknown(what: String, near: &Option<String>) -> Diagnostic {
    let label = near.as_ref().map_or_else(|| say!("not found").to_owned(), |near| did_you_mean(near));
    Diagnostic::error(what).label(label)
}

fn cycle(Circle { way, said, others }: &Circle) -> Diagnostic {
    let error = Diagnostic::error(say!("`depends_on` goes round in a circle: {way}", way = listed(way, " -> ")))
        .label(say!("this needs the next, and so on round"))
        .hint(say!("remove one of these from `depends_on`: neither order can satisfy all"));
    let pairs = way.windows(2).zip(said).skip(1).take(NAMED);
    let error = pairs.fold(error, |error, (pair, said)| match said {
        Some(place) => error.related(*place, say!("{one} needs {needed}", one = pair[0], needed = pair[1])),
        None => error,
    });
    if others.is_empty() {
        error
    } else {
        error.cause(say!("tangled up in it: {others}", others = listed(others, ", ")))
    }
}

/// A floor, and how many members are declared so that it cannot be kept.
fn impossible(members: &Members, floor: &str, (declared, status): (usize, &str), way_out: &str) -> Diagnostic {
    let Members { group, total, inactive } = members;
    let what = say!(
        "group {group} {floor}, but {declared} of {total} are declared {status}",
        group,
        floor,
        declared,
        total,
        status
    );
    let error = Diagnostic::error(what).hint(way_out);
    if inactive.is_empty() {
        error
    } else {
        error.cause(say!("declared Inactive: {inactive}", inactive = listed(inactive, ", ")))
    }
}

fn listed<T: Borrow<str>>(names: &[T], separator: &str) -> String {
    let mut text = names[..names.len().min(NAMED)].join(separator);
    if names.len() > NAMED {
        text.push_str(&say!("{separator}and {left_out} more", separator, left_out = names.len() - NAMED));
    }
    text
}
