//! What is wrong with the changes of a spec, in words.

use crate::diagnostic::Diagnostic;
use crate::resource::ChangeName;
use crate::schedule::{Clash, Contradiction, Finding, Guarded, SpanFault, SpanRemark};
use crate::spec::Spec;
use crate::spec::finding::Code;
use crate::windows::{Closed, HORIZON_DAYS};

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
            let said = of(*is_over, format!("`changes.{change}.select`: {fault}")).at(*place);
            match (is_over, fault.hint()) {
                (true, _) => said.hint(over(change)),
                (false, hint) => {
                    said.hint(hint.unwrap_or_else(|| "`rictl graph` shows the declared interfaces".to_owned()))
                }
            }
        }
        Finding::WrongExpect { change, expect, found, place, is_over } => {
            let said = of(*is_over, format!("`changes.{change}` expects {expect} and selects {found}")).at(*place);
            match is_over {
                true => said.hint(over(change)),
                false => said.hint(format!("if these are meant, write `expect: {found}`")),
            }
        }
        Finding::Contradiction(contradiction) => contradicts(spec, contradiction),
        Finding::Clash { clash, is_ahead } => clashes(spec, clash, *is_ahead && is_strict),
    }
}

fn of(is_over: bool, what: String) -> Diagnostic {
    if is_over { Diagnostic::warning(what) } else { Diagnostic::error(what) }
}

fn over(change: &ChangeName) -> String {
    format!("{change} has ended: its block can go")
}

fn contradicts(spec: &Spec, contradiction: &Contradiction) -> Diagnostic {
    let Contradiction { one, other, address, from } = contradiction;
    let from = spec.time_zone.stamp(*from);
    let status = |name: &ChangeName| spec.changes.get(name).map(|change| &change.status);
    let told = |name: &ChangeName| {
        status(name).map_or_else(|| name.to_string(), |status| format!("{name} wants it {}", status.value))
    };
    let what =
        format!("two changes want different statuses of `{address}` from {from}: {}, {}", told(one), told(other));
    let error = Diagnostic::error(what).hint("let one end before the other begins, or take the interface out of one");
    let error = status(other).into_iter().fold(error, |error, status| error.at(status.place));
    status(one)
        .into_iter()
        .fold(error, |error, first| error.related(first.place, format!("{one} wants it {}", first.value)))
}

fn clashes(spec: &Spec, clash: &Clash, is_error: bool) -> Diagnostic {
    let Clash { from, guarded, changes } = clash;
    let from = spec.time_zone.stamp(*from);
    let places = changes.iter().filter_map(|name| Some((name, spec.changes.get(name)?.place)));
    let names: Vec<String> = places.clone().map(|(name, place)| format!("{name} ({})", line(spec, place))).collect();
    let names = names.join(", ");
    let (what, hint) = match guarded {
        Guarded::Floor { group, up, of, floor } => (
            format!("group {group}: {up} of {of} up from {from}, floor {floor}: {names}"),
            "move one of them, or take a member out of it",
        ),
        Guarded::Dependency { address, needed } => (
            format!("{address} is to be up from {from} and needs {needed}, which is to be down: {names}"),
            "take both down, or correct `depends_on`",
        ),
        Guarded::Protected { address } => (
            format!("{address} is protected and is to go down from {from}: {names}"),
            "take it out of the change, or remove `protect` in a reviewed change",
        ),
        Guarded::Cap { key, value, changes } => (
            format!("{changes} interfaces change at {from}, and limits.{key} is {value}: {names}"),
            "let them begin and end at different times, or change the limit",
        ),
    };
    let said = if is_error { Diagnostic::error(what) } else { Diagnostic::warning(what) };
    let mut places: Vec<_> = places.collect();
    let last = places.pop();
    let said = last.into_iter().fold(said.hint(hint), |said, (_, place)| said.at(place));
    places.into_iter().fold(said, |said, (name, place)| said.related(place, name.to_string()))
}

/// Says what windows make of a change.
pub(crate) fn remark(spec: &Spec, remark: &SpanRemark) -> Diagnostic {
    let SpanRemark { change, what } = remark;
    let zone = &spec.time_zone;
    let opens = |closed: &Closed| match closed.opens_at {
        Some(at) => zone.shown(at),
        None => format!("not within {HORIZON_DAYS} days"),
    };
    let said = match what {
        SpanFault::NeverOpen(closed) => {
            Diagnostic::error(format!("the window `{}` is closed for all of {change}", closed.window))
                .hint("give it another time, or alter the window in a reviewed change")
        }
        SpanFault::BeginsClosed(closed) => Diagnostic::warning(format!(
            "{change} begins while the window `{}` is closed for it: its calls are held until {}",
            closed.window,
            opens(closed)
        )),
        SpanFault::EndsClosed(closed) => Diagnostic::warning(format!(
            "{change} ends while the window `{}` is closed for its return, which would come {}",
            closed.window,
            opens(closed)
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
fn line(spec: &Spec, place: crate::diagnostic::Place) -> String {
    let whole = spec.sources.locate(place);
    whole.rsplit_once(':').map_or(whole.clone(), |(line, _)| line.to_owned())
}
