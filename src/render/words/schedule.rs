//! What is wrong with the changes of a spec, in words.

use super::selection;
use crate::diagnostic::{Diagnostic, Place};
use crate::language::say;
use crate::render::words::aside;
use crate::resource::ChangeName;
use crate::schedule::{Clash, Contradiction, Counted, Doubt, Finding, Guarded, SpanFault, SpanRemark};
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
    Diagnostic::worded(|| Diagnostic { code: Some(code.as_str()), ..said(spec, finding, is_strict) })
}

fn said(spec: &Spec, finding: &Finding, is_strict: bool) -> Diagnostic {
    match finding {
        Finding::Missed { change, fault, place, is_over } => {
            let hint = if *is_over { over(change) } else { selection::hint(fault) };
            of(*is_over, say!("`changes.{change}.select`: {fault}", change, fault)).at(*place).hint(hint)
        }
        Finding::WrongExpect { change, expect, found, place, is_over } => {
            let hint = if *is_over { over(change) } else { say!("if these are meant, write `expect: {found}`", found) };
            of(*is_over, say!("`changes.{change}` expects {expect} and selects {found}", change, expect, found))
                .at(*place)
                .hint(hint)
        }
        Finding::Contradiction(contradiction) => contradicts(spec, contradiction),
        Finding::Clash { clash, is_ahead } => clashes(spec, clash, *is_ahead && is_strict),
    }
}

fn of(is_warning: bool, what: String) -> Diagnostic {
    if is_warning { Diagnostic::warning(what) } else { Diagnostic::error(what) }
}

fn over(change: &ChangeName) -> String {
    say!("{change} has ended: its block can go", change)
}

fn contradicts(spec: &Spec, contradiction: &Contradiction) -> Diagnostic {
    let Contradiction { one, other, address, from } = contradiction;
    let from = spec.time_zone.stamp(*from);
    let status = |name: &ChangeName| spec.changes.get(name).map(|change| &change.status);
    let wants = |name: &ChangeName| match status(name) {
        Some(status) => say!("{name} wants it {value}", name, value = status.value),
        None => name.to_string(),
    };
    let (first, second) = (wants(one), wants(other));
    let what = say!(
        "two changes want different statuses of `{address}` from {from}: {first}, {second}",
        address,
        from,
        first,
        second
    );
    let mut error =
        Diagnostic::error(what).hint(say!("let one end before the other begins, or take the interface out of one"));
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
    let named = |(name, place): &(_, Place)| format!("{name}{}", aside(line(spec, *place)));
    let names: Vec<String> = places.iter().map(named).collect();
    let names = names.join(", ");
    let (what, hint) = match guarded {
        Guarded::Floor { group, up, of, floor } => (
            say!(
                "group {group}: {up} of {of} up from {from}, floor {floor}: {names}",
                group,
                up,
                of,
                from,
                floor,
                names
            ),
            match places.as_slice() {
                [_] => say!("give it another time, or take a member out of it"),
                _ => say!("move one of them, or take a member out of it"),
            },
        ),
        Guarded::Dependency { address, needed } => (
            say!(
                "{address} is to be up from {from} and needs {needed}, which is to be down: {names}",
                address,
                from,
                needed,
                names
            ),
            say!("take both down, or correct `depends_on`"),
        ),
        Guarded::Protected { address } => (
            say!("{address} is protected and is to go down from {from}: {names}", address, from, names),
            say!("take it out of the change, or remove `protect` in a reviewed change"),
        ),
        Guarded::Cap { key, value, changes, is_return: true } => (
            say!(
                "{changes} interfaces come back at {from}, and limits.{key} is {value}: {names}",
                changes,
                from,
                key,
                value,
                names
            ),
            say!("their return asks for --allow-changes, unless they end at different times"),
        ),
        Guarded::Cap { key, value, changes, is_return: false } => (
            say!(
                "{changes} interfaces change at {from}, and limits.{key} is {value}: {names}",
                changes,
                from,
                key,
                value,
                names
            ),
            say!("let them begin and end at different times, or change the limit"),
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

/// Says that a group keeps its `max_unavailable` only if some of its members are one link.
pub(crate) fn doubt(spec: &Spec, doubt: &Doubt) -> Diagnostic {
    Diagnostic::worded(|| doubted(spec, doubt))
}

fn doubted(spec: &Spec, doubt: &Doubt) -> Diagnostic {
    let Doubt { group, from, about, of, changes } = doubt;
    let declared = spec.groups.get(group);
    let most = declared.and_then(|group| group.max_unavailable.as_ref());
    let least = declared.and_then(|group| group.min_active.as_ref());
    let key = match about {
        Counted::Down(_) => most,
        Counted::Up(_) => least,
    };
    let (value, place) = key.map(|key| (key.value, key.place)).unwrap_or_default();
    let what = match (about, from.map(|from| spec.time_zone.stamp(from))) {
        (Counted::Down(down), None) => say!(
            "group {group}: {down} of {of} members are down as declared, and max_unavailable is {value}: that is kept only if some are two sides of one link",
            group,
            down,
            of,
            value
        ),
        (Counted::Down(down), Some(from)) => say!(
            "group {group}: {down} of {of} members are down from {from}, and max_unavailable is {value}: that is kept only if some are two sides of one link",
            group,
            down,
            of,
            from,
            value
        ),
        (Counted::Up(up), None) => say!(
            "group {group}: {up} of {of} members are up as declared, and min_active is {value}: that is kept only if they are sides of as many links",
            group,
            up,
            of,
            value
        ),
        (Counted::Up(up), Some(from)) => say!(
            "group {group}: {up} of {of} members are up from {from}, and min_active is {value}: that is kept only if they are sides of as many links",
            group,
            up,
            of,
            from,
            value
        ),
    };
    let said = Diagnostic::warning(what)
        .at(place)
        .hint(say!("links count once, and `rictl plan` reads which members are one"));
    let places = changes.iter().filter_map(|name| Some((name, spec.changes.get(name)?.place)));
    places.fold(said, |said, (name, place)| said.related(place, name.to_string()))
}

/// Says what windows make of a change.
pub(crate) fn remark(spec: &Spec, remark: &SpanRemark) -> Diagnostic {
    Diagnostic::worded(|| remarked(spec, remark))
}

fn remarked(spec: &Spec, remark: &SpanRemark) -> Diagnostic {
    let SpanRemark { change, what } = remark;
    let zone = &spec.time_zone;
    // What is closed for all of it is said before.
    let days = HORIZON_DAYS;
    let said = match what {
        SpanFault::NeverOpen(closed) => Diagnostic::error(say!(
            "the window `{window}` is closed for all of {change}",
            window = closed.window,
            change
        ))
        .hint(say!("give it another time, or alter the window in a reviewed change")),
        SpanFault::BeginsClosed(Closed { window, opens_at }) => Diagnostic::warning(match opens_at {
            Some(at) => say!(
                "{change} begins while the window `{window}` is closed for it: its calls are held until {opens}",
                change,
                window,
                opens = zone.shown(*at)
            ),
            None => say!(
                "{change} begins while the window `{window}` is closed for it, which does not open within {days} days",
                change,
                window,
                days
            ),
        }),
        SpanFault::EndsClosed(Closed { window, opens_at }) => Diagnostic::warning(match opens_at {
            Some(at) => say!(
                "{change} ends while the window `{window}` is closed for its return, which would come {opens}",
                change,
                window,
                opens = zone.shown(*at)
            ),
            None => say!(
                "{change} ends while the window `{window}` is closed for its return, which does not open within {days} days",
                change,
                window,
                days
            ),
        }),
        SpanFault::Short { open } => Diagnostic::warning(say!(
            "{change} is short: its calls may be sent for {span} of it",
            change,
            span = super::plan::span(*open)
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
