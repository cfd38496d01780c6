//! What interfaces carry: whom to ask, and what is not deactivated because it carries too much.
//!
//! The planner asks nobody: it says of which interfaces it has to hear ([`questions`]) and plans again once it has. Where
//! nobody can tell, nothing goes down. Figures of now say nothing of another moment, so a plan of one (`--at`) asks for none: they
//! are asked for before the call all the same.

use std::collections::BTreeMap;

use crate::plan::{BlockReason, PlanOptions, Traffic, TrafficEnd, TrafficHeard};
use crate::resource::{Address, Rate};
use crate::spec::{Placed, Spec};

use super::draft::Draft;
use super::selection::Selection;
use super::subject::{Subject, SubjectNumber, Subjects};

/// Returns the limit that holds of a plan, if one does. A way back is exempt.
pub(super) fn limit<'s>(spec: &'s Spec, options: &PlanOptions) -> Option<&'s Placed<Rate>> {
    spec.limits.quiet_below.as_ref().filter(|_| !options.is_way_back())
}

/// Blocks each deactivation of what was heard to carry more than the limit, or of which nobody could tell.
pub(super) fn hold(
    spec: &Spec,
    subjects: &Subjects<'_>,
    heard: &[TrafficHeard],
    options: &PlanOptions,
    draft: &mut Draft,
) {
    let Some(limit) = limit(spec, options).filter(|_| options.at.is_none()) else { return };
    let heard = by_address(heard);
    let falling: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.deactivates(*number)).collect();
    for number in falling {
        let Some(TrafficHeard { traffic, unread }) = heard.get(subjects[number].address) else { continue };
        let limit_bps = limit.value.bits_per_second();
        if !traffic.is_quiet(limit_bps) {
            let reason = BlockReason::Traffic {
                in_bps: traffic.in_bps,
                out_bps: traffic.out_bps,
                limit_bps,
                at: spec.sources.locate(limit.place),
                unread: unread.clone(),
            };
            draft.block(&subjects[number], number, reason);
        }
    }
}

/// Lists of which interfaces this plan has to hear: of all that it looks at where that is asked for, else of those that it
/// deactivates under a limit.
pub(super) fn questions(
    spec: &Spec,
    subjects: &Subjects<'_>,
    heard: &[TrafficHeard],
    (selection, options): (&Selection, &PlanOptions),
    draft: &Draft,
) -> Vec<TrafficEnd> {
    let is_limited = limit(spec, options).is_some() && options.at.is_none();
    if !is_limited && !options.traffic {
        return Vec::new();
    }
    let heard = by_address(heard);
    let is_wanted = |number: SubjectNumber, subject: &Subject<'_>| {
        let is_asked = options.traffic && selection.includes(number) && subject.live().is_some();
        (is_asked || is_limited && draft.deactivates(number)) && !heard.contains_key(subject.address)
    };
    let end = |(number, subject): (SubjectNumber, &Subject<'_>)| {
        is_wanted(number, subject).then(|| TrafficEnd {
            address: subject.address.clone(),
            scope: subject.declared.scope.clone(),
            interface_id: subject.declared.id.value.clone(),
        })
    };
    subjects.iter().filter_map(end).collect()
}

/// Returns what was heard, by address.
pub(super) fn carried(heard: &[TrafficHeard]) -> Vec<Traffic> {
    let mut carried: Vec<Traffic> = heard.iter().map(|heard| heard.traffic.clone()).collect();
    carried.sort_by(|one, other| one.address.cmp(&other.address));
    carried
}

fn by_address(heard: &[TrafficHeard]) -> BTreeMap<&Address, &TrafficHeard> {
    heard.iter().map(|heard| (&heard.traffic.address, heard)).collect()
}
