//! What is wrong with a choice of interfaces, in words.

use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::resource::Address;
use crate::selector::{BadChoice, Fault, Selector};

/// How many names a message lists.
const LISTED: usize = 10;

/// Says what is wrong with a `--target` or an `--exclude`.
pub fn bad_flag(bad: &BadChoice) -> Diagnostic {
    let BadChoice::Selector { is_exclude, selector, fault } = bad else { return nothing_left() };
    let flag = if *is_exclude { "--exclude" } else { "--target" };
    let unknown = match fault {
        Fault::Unknown { .. } if selector.is_name() => {
            format!("{flag} names `{selector}`, which the spec does not declare")
        }
        _ => format!("{flag} `{selector}`: {}", fault_of(selector, fault)),
    };
    Diagnostic::error(unknown)
        .hint(hint(fault).unwrap_or_else(|| "`rictl graph` shows the declared interfaces".to_owned()))
}

/// Says what is wrong with the argument of a command; `declared` is what it may have been.
pub fn bad_argument<'d>(bad: &BadChoice, declared: impl Iterator<Item = &'d Address>) -> Diagnostic {
    let BadChoice::Selector { selector, fault, .. } = bad else { return nothing_left() };
    let what = match fault {
        Fault::Unknown { .. } if selector.is_name() => format!("the spec declares no interface {selector}"),
        Fault::Ambiguous { .. } => fault_of(selector, fault),
        _ => format!("`{selector}`: {}", fault_of(selector, fault)),
    };
    let names = || {
        let names: Vec<&str> = declared.map(Address::as_str).take(LISTED + 1).collect();
        match names.len() {
            0 => "it declares none; `rictl init` writes what is live as a spec".to_owned(),
            count => format!("it declares {}{}", names[..count.min(LISTED)].join(", "), more(count)),
        }
    };
    Diagnostic::error(what).hint(hint(fault).unwrap_or_else(names))
}

/// Says that a choice that meant something when it was made means nothing now.
pub fn no_longer(bad: &BadChoice) -> String {
    match bad {
        BadChoice::Selector { selector, .. } if selector.is_name() => format!("{selector} is no longer declared"),
        BadChoice::Selector { selector, fault, .. } => format!("`{selector}`: {}", fault_of(selector, fault)),
        BadChoice::NothingLeft => "everything that was asked for is left out".to_owned(),
    }
}

fn nothing_left() -> Diagnostic {
    let error = Diagnostic::error("--exclude leaves out everything that was asked for");
    error.hint("leave less out, or ask for more with --target")
}

/// Says why a selector means nothing.
fn fault_of(selector: &Selector, fault: &Fault) -> String {
    match fault {
        Fault::Unknown { term, .. } if term == selector.as_str() => "selects nothing".to_owned(),
        Fault::Unknown { term, .. } => format!("`{term}` selects nothing"),
        Fault::Together => "no interface is all of that".to_owned(),
        Fault::Ambiguous { word, addresses } => format!("{word} is the beginning of {} ids", addresses.len()),
    }
}

fn hint(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Unknown { near, .. } => near.as_deref().map(did_you_mean),
        Fault::Together => {
            Some("each term selects something, and `,` means that all must hold; give several for a union".to_owned())
        }
        Fault::Ambiguous { addresses, .. } => {
            let names: Vec<&str> = addresses.iter().take(LISTED).map(Address::as_str).collect();
            Some(format!("name one of {}{}", names.join(", "), more(addresses.len())))
        }
    }
}

fn more(count: usize) -> &'static str {
    if count > LISTED { ", ..." } else { "" }
}
