//! What is wrong with a choice of interfaces, in words.

use crate::diagnostic::Diagnostic;
use crate::language::say;
use crate::resource::Address;
use crate::selector::{BadChoice, Fault};

/// How many names a message lists.
const LISTED: usize = 10;

/// Says what is wrong with a `--target` or an `--exclude`.
pub fn bad_flag(bad: &BadChoice) -> Diagnostic {
    Diagnostic::worded(|| flag(bad))
}

fn flag(bad: &BadChoice) -> Diagnostic {
    let (flag, selector, fault) = match bad {
        BadChoice::Selector { is_exclude: true, selector, fault } => ("--exclude", selector, fault),
        BadChoice::Selector { is_exclude: false, selector, fault } => ("--target", selector, fault),
        BadChoice::Allowed { named, fault } => ("--allow-last-route", named, fault),
        BadChoice::NothingLeft => return nothing_left(),
    };
    let what = match fault {
        Fault::Unknown { .. } if selector.is_name() => {
            say!("{flag} names `{selector}`, which the spec does not declare", flag, selector)
        }
        _ => say!("{flag}: {fault}", flag, fault),
    };
    Diagnostic::error(what).hint(hint(fault))
}

/// Says what to write instead of a selector, or where to look for it.
pub(crate) fn hint(fault: &Fault) -> String {
    fault.hint().unwrap_or_else(|| {
        say!("the keys below `interfaces`, `groups` and `changes` in the spec are what can be selected").to_owned()
    })
}

/// Says what is wrong with the argument of a command; `declared` is what it may have been.
pub fn bad_argument<'d>(bad: &BadChoice, declared: impl Iterator<Item = &'d Address>) -> Diagnostic {
    let names: Vec<&str> = declared.map(Address::as_str).take(LISTED + 1).collect();
    Diagnostic::worded(|| argument(bad, &names))
}

fn argument(bad: &BadChoice, names: &[&str]) -> Diagnostic {
    let BadChoice::Selector { selector, fault, .. } = bad else { return nothing_left() };
    let what = match fault {
        Fault::Unknown { .. } if selector.is_name() => say!("the spec declares no interface {selector}", selector),
        _ => fault.to_string(),
    };
    let declared = || match names.len() {
        0 => say!("the spec declares no interface; `rictl init` writes what is live as a spec").to_owned(),
        count if count > LISTED => say!("the spec declares {names}, ...", names = names[..LISTED].join(", ")),
        _ => say!("the spec declares {names}", names = names.join(", ")),
    };
    Diagnostic::error(what).hint(fault.hint().unwrap_or_else(declared))
}

/// Says that a choice that meant something when it was made means nothing now.
pub fn no_longer(bad: &BadChoice) -> String {
    match bad {
        BadChoice::Selector { selector, .. } if selector.is_name() => {
            say!("{selector} is no longer declared", selector)
        }
        BadChoice::Selector { fault, .. } | BadChoice::Allowed { fault, .. } => fault.to_string(),
        BadChoice::NothingLeft => say!("everything that was asked for is left out").to_owned(),
    }
}

fn nothing_left() -> Diagnostic {
    let error = Diagnostic::error(say!("--exclude leaves out everything that was asked for"));
    error.hint(say!("leave less out, or ask for more with --target"))
}
