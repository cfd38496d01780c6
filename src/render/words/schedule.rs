//! What is wrong with the changes of a spec, in words.

use super::selection;
use crate::diagnostic::{Diagnostic, Place};
use crate::resource::ChangeName;
use crate::schedule::{Clash, Contradiction, Finding, Guarded, SpanFault, SpanRemark};
use crate::spec::Spec;
use crate::spec::finding::Code;
use crate::windows::HORIZON_DAYS;

/// Says what is wrong with changes. What lies ahead is an error where `is_strict`, else a warning.
pub(crate) fn finding(spec: &Spec, finding: &Finding, is_strict: bool) -> Diagnostic {
    let code = match finding {
        Finding::Missed { .. } => Code::SelectsNothing,
        Finding::WrongExpect { .. } => Code::WrongExpect,
        Finding::Contradiction(_) => Code::ConflictingChanges,
        Finding::Clash { .. } => Code::Clash,
    };
    Diagnostic { code: Some(code.as_str()), ..said(spec, finding, is_strict) }
}

fn said(spec: &Spec, finding: &Finding, is_strict: bool) -> Diagnostic {
    match finding {
        Finding::Missed { change, fault, place, is_over } => {
            let hint = if *is_over { over(change) } else { selection::hint(fault) };
            of(*is_over, format!("`changes.{change}.select`: {fault}")).at(*place).hint(hint)
        }
        Finding::WrongExpect { change, expect, found, place, is_over } => {
            let hint = if *is_over { over(change) } else { format!("if these are meant, write `expect: {found}`") };
            of(*is_over, format!("`changes.{change}` expects {expect} and selects {found}")).at(*place).hint(hint)
        }
        Finding::Contradiction(contradiction) => contradicts(spec, contradiction),
        Finding::Clash { clash, is_ahead } => clashes(spec, clash, *is_ahead && is_strict),
    }
}

fn of(is_warning: bool, what: String) -> Diagnostic {
    if is_warning { Diagnostic::warning(what) } else { Diagnostic::error(what) }
}

fn over(change: &ChangeName) -> String {
    format!("{change} has ended: its block can go")
}

fn contradicts(spec: &Spec, contradiction: &Contradiction) -> Diagnostic {
    let Contradiction { one, other, address, from } = contradiction;
    let from = spec.time_zone.stamp(*from);
    let status = |name: &ChangeName| spec.changes.get(name).map(|change| &change.status);
    let wants = |name: &ChangeName| match status(name) {
        Some(status) => format!("{name} wants it {}", status.value),
        None => name.to_string(),
    };
    let (first, second) = (wants(one), wants(other));
    let what = format!("two changes want different statuses of `{address}` from {from}: {first}, {second}");
    let mut error =
        Diagnostic::error(what).hint("let one end before the other begins, or take the interface out of one");
    if let Some(status) = status(other) {
        error = error.at(status.place);
    }
    if let Some(status) = status(one) {
        error = error.related(status.place, first);
    }
    error
}

fn clashes(spec: &Spec, clash: &Clash, is_error: bool) -> Diagnostic {
    let Clash { from, guarded, changes } = clash;
    let from = spec.time_zone.stamp(*from);
    let mut places: Vec<_> = changes.iter().filter_map(|name| Some((name, spec.changes.get(name)?.place))).collect();
    let names: Vec<String> = places.iter().map(|(name, place)| format!("{name} ({})", line(spec, *place))).collect();
    let names = names.join(", ");
    let (what, hint) = match guarded {
        Guarded::Floor { group, up, of, floor } => (
            format!("group {group}: {up} of {of} up from {from}, floor {floor}: {names}"),
            match places.as_slice() {
                [_] => "give it another time, or take a member out of it",
                _ => "move one of them, or take a member out of it",
            },
        ),
        Guarded::Dependency { address, needed } => (
            format!("{address} is to be up from {from} and needs {needed}, which is to be down: {names}"),
            "take both down, or correct `depends_on`",
        ),
        Guarded::Protected { address } => (
            format!("{address} is protected and is to go down from {from}: {names}"),
            "take it out of the change, or remove `protect` in a reviewed change",
        ),
        Guarded::Cap { key, value, changes, is_return: true } => (
            format!("{changes} interfaces come back at {from}, and limits.{key} is {value}: {names}"),
            "their return asks for --allow-changes, unless they end at different times",
        ),
        Guarded::Cap { key, value, changes, is_return: false } => (
            format!("{changes} interfaces change at {from}, and limits.{key} is {value}: {names}"),
            "let them begin and end at different times, or change the limit",
        ),
    };
    // Nobody is kept from planning by what comes back later.
    let is_return = matches!(guarded, Guarded::Cap { is_return: true, .. });
    let mut said = of(!is_error || is_return, what).hint(hint);
    if let Some((_, last)) = places.pop() {
        said = said.at(last);
    }
    places.into_iter().fold(said, |said, (name, place)| said.related(place, name.to_string()))
}

/// Says what windows make of a change.
pub(crate) fn remark(spec: &Spec, remark: &SpanRemark) -> Diagnostic {
    let SpanRemark { change, what } = remark;
    let zone = &spec.time_zone;
    // What is closed for all of it is said before.
    let never = || format!("which does not open within {HORIZON_DAYS} days");
    let said = match what {
        SpanFault::NeverOpen(closed) => {
            Diagnostic::error(format!("the window `{}` is closed for all of {change}", closed.window))
                .hint("give it another time, or alter the window in a reviewed change")
        }
        SpanFault::BeginsClosed(closed) => Diagnostic::warning(format!(
            "{change} begins while the window `{}` is closed for it{}",
            closed.window,
            match closed.opens_at {
                Some(at) => format!(": its calls are held until {}", zone.shown(at)),
                None => format!(", {}", never()),
            }
        )),
        SpanFault::EndsClosed(closed) => Diagnostic::warning(format!(
            "{change} ends while the window `{}` is closed for its return, {}",
            closed.window,
            closed.opens_at.map_or_else(never, |at| format!("which would come {}", zone.shown(at)))
        )),
        SpanFault::Short { open } => Diagnostic::warning(format!(
            "{change} is short: its calls may be sent for {} of it",
            super::plan::span(*open)
        )),
    };
    let Some(declared) = spec.changes.get(change) else { return said };
    let place = match what {
        SpanFault::EndsClosed(_) => declared.until.as_ref().map(|until| until.place),
        _ => declared.from.as_ref().map(|from| from.place),
    };
    let code = match what {
        SpanFault::NeverOpen(_) => Code::ClosedChange,
        SpanFault::BeginsClosed(_) | SpanFault::EndsClosed(_) => Code::ClosedWindow,
        SpanFault::Short { .. } => Code::ShortChange,
    };
    Diagnostic { code: Some(code.as_str()), ..said.at(place.unwrap_or(declared.place)) }
}

/// Returns `file:line` of a place.
fn line(spec: &Spec, place: Place) -> String {
    let whole = spec.sources.locate(place);
    whole.rsplit_once(':').map_or(whole.as_str(), |(line, _)| line).to_owned()
}
