//! Changes that together would break a floor: the later one waits.

use crate::plan::{BlockReason, PlanOptions};
use crate::resource::ChangeName;
use crate::schedule::{Clash, Guarded, clashes_now};
use crate::spec::Spec;

use super::draft::Draft;
use super::subject::{SubjectNumber, Subjects};

/// Blocks what the later change of each clash asks for. What a way back does is no change's.
pub(super) fn block(spec: &Spec, subjects: &Subjects<'_>, options: &PlanOptions, draft: &mut Draft) {
    if spec.changes.is_empty() || options.way_back {
        return;
    }
    for Clash { guarded, changes, .. } in clashes_now(spec, options.moment()) {
        let Guarded::Floor { group, up, of, floor } = guarded else { continue };
        let Some((later, others)) = changes.split_last() else { continue };
        let is_its = |number: &SubjectNumber| {
            let in_force = subjects[*number].declared.planned.in_force.as_ref();
            draft.changes(*number) && in_force.is_some_and(|in_force| in_force.change == *later)
        };
        for number in subjects.numbers().filter(is_its).collect::<Vec<_>>() {
            let (change, others): (ChangeName, Vec<ChangeName>) = (later.clone(), others.to_vec());
            let reason = BlockReason::Clash { change, others, group: group.clone(), up, of, floor };
            draft.block(&subjects[number], number, reason);
        }
    }
}
