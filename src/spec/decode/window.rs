//! An entry of `windows`.

use crate::calendar::Written;
use crate::diagnostic::Place;
use crate::resource::Call;
use crate::selector::Selector;
use crate::spec::Placed;
use crate::spec::fields::{Fields, Path};
use crate::spec::finding::{ValueFault, WindowFault};
use crate::spec::findings::Findings;
use crate::spec::keys;
use crate::spec::read;
use crate::spec::syntax::Node;
use crate::windows::{Clock, Days, Verdict};

/// A window before it is known what its selectors and times mean.
pub(in crate::spec) struct WindowDraft {
    pub(in crate::spec) name: Box<str>,
    pub(in crate::spec) verdict: Verdict,
    pub(in crate::spec) when: WhenDraft,
    /// `for`, where it is given.
    pub(in crate::spec) covered: Option<Vec<Placed<Selector>>>,
    pub(in crate::spec) calls: Option<Call>,
    pub(in crate::spec) place: Place,
}

/// When it is open, as it is written.
pub(in crate::spec) enum WhenDraft {
    Daily { days: Days, from: Clock, to: Clock },
    Once { start: Placed<Written>, end: Placed<Written> },
}

/// Reads a window; nothing where what is wrong leaves none.
pub(super) fn decode(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<WindowDraft> {
    let place = node.place();
    let mut fields = Fields::of(path, place, node, keys::WINDOW, findings);
    let name = name(&mut fields, path, place, findings);
    let calls = fields.choices(path, "calls", call, findings);
    let covered = fields.selectors(path, "for", findings);
    let when = when(&mut fields, path, place, findings);
    let (verdict, name) = name?;
    Some(WindowDraft { name: name.into(), verdict, when: when?, covered, calls: calls.and_then(only), place })
}

fn name(fields: &mut Fields<'_>, path: Path<'_>, place: Place, findings: &mut Findings) -> Option<(Verdict, String)> {
    let refuse = |fault, findings: &mut Findings| {
        read::refuse(path, place, ValueFault::Window(fault), findings);
        None
    };
    let knows = !fields.misspelt.may_mean("deny") && !fields.misspelt.may_mean("allow");
    match (fields.place_of("deny"), fields.place_of("allow")) {
        (Some(_), Some(_)) => refuse(WindowFault::TwoNames, findings),
        (None, None) if knows => refuse(WindowFault::NoName, findings),
        (None, None) => None,
        (Some(_), None) => fields.line(path, "deny", findings).map(|name| (Verdict::Deny, name.value)),
        (None, Some(_)) => fields.line(path, "allow", findings).map(|name| (Verdict::Allow, name.value)),
    }
}

fn when(fields: &mut Fields<'_>, path: Path<'_>, place: Place, findings: &mut Findings) -> Option<WhenDraft> {
    let is_given = |fields: &Fields<'_>, names: &[&str]| names.iter().any(|name| fields.place_of(name).is_some());
    let is_once = is_given(fields, &["start", "end"]);
    if is_once && is_given(fields, &["days", "from", "to"]) {
        read::refuse(path, place, ValueFault::Window(WindowFault::DailyAndOnce), findings);
        return None;
    }
    if is_once {
        if !(is_given(fields, &["start"]) && is_given(fields, &["end"])) {
            let knows = !fields.misspelt.may_mean("start") && !fields.misspelt.may_mean("end");
            if knows {
                read::refuse(path, place, ValueFault::Window(WindowFault::HalfASpan), findings);
            }
            return None;
        }
        let (start, end) = (fields.moment(path, "start", findings), fields.moment(path, "end", findings));
        return Some(WhenDraft::Once { start: start?, end: end? });
    }
    let names_days = is_given(fields, &["days"]);
    let days = fields.choices(path, "days", Days::word, findings);
    let (names_from, from) = (is_given(fields, &["from"]), fields.clock(path, "from", findings));
    let (names_to, to) = (is_given(fields, &["to"]), fields.clock(path, "to", findings));
    // What was given and could not be read was reported.
    if names_days && days.is_none() || names_from && from.is_none() || names_to && to.is_none() {
        return None;
    }
    let at = from.as_ref().or(to.as_ref()).map_or(place, |clock| clock.place);
    let from = from.map_or(Clock::MIDNIGHT, |from| from.value);
    let to = to.map_or(Clock::END, |to| to.value);
    let fault = if from == to {
        WindowFault::SameTimes
    } else if from == Clock::END {
        WindowFault::BeginsAtTheEnd
    } else {
        let days = days.into_iter().flatten().reduce(Days::and).unwrap_or(Days::ALL);
        return Some(WhenDraft::Daily { days, from, to });
    };
    read::refuse(path, at, ValueFault::Window(fault), findings);
    None
}

fn call(word: &str) -> Option<Call> {
    match word {
        "deactivate" => Some(Call::Deactivate),
        "activate" => Some(Call::Activate),
        _ => None,
    }
}

/// Returns the one call that a list names; none where it names both.
fn only(calls: Vec<Call>) -> Option<Call> {
    let first = *calls.first()?;
    calls.iter().all(|call| *call == first).then_some(first)
}
