//! Changes that together would break something: the later one waits.

use crate::drift::OtherEnds;
use crate::plan::{BlockReason, PlanOptions, Unmet};
use crate::resource::{Address, ChangeName};
use crate::schedule::{Clash, Guarded, Sides, Waits, clashes_now};
use crate::spec::Spec;

use super::draft::Draft;
use super::pairs::Pairs;
use super::subject::{SubjectNumber, Subjects};

/// Blocks what the later change of each clash asks for: all of it where a floor would break, and one step where something
/// needs what is to go down. What is protected and caps block by themselves. What a way back does is no change's.
pub(super) fn block(spec: &Spec, (subjects, pairs): (&Subjects<'_>, &Pairs), options: &PlanOptions, draft: &mut Draft) {
    if spec.changes.is_empty() || options.is_way_back() {
        return;
    }
    let ends = subjects.numbers().map(|number| pairs.peer(number).map(SubjectNumber::place));
    let other_ends = OtherEnds::of(subjects.iter().map(|(_, subject)| subject), ends.collect());
    for Clash { guarded, changes, .. } in clashes_now(spec, Sides::Known(&other_ends), options.moment()) {
        let Some((later, others)) = changes.split_last() else { continue };
        match guarded {
            Guarded::Floor { group, up, of, floor } => {
                let (change, others) = (later.clone(), others.to_vec());
                let reason = BlockReason::Clash { change, others, group, up, of, floor };
                block_all(subjects, later, &reason, draft);
            }
            Guarded::Dependency { address, needed } => block_one(subjects, [&address, &needed], later, draft),
            Guarded::Protected { .. } | Guarded::Cap { .. } => {}
        }
    }
}

fn is_of(subjects: &Subjects<'_>, number: SubjectNumber, change: &ChangeName) -> bool {
    subjects[number].declared.planned.in_force.as_ref().is_some_and(|in_force| in_force.change == *change)
}

fn block_all(subjects: &Subjects<'_>, change: &ChangeName, reason: &BlockReason, draft: &mut Draft) {
    let is_its = |number: &SubjectNumber| draft.changes(*number) && is_of(subjects, *number, change);
    for number in subjects.numbers().filter(is_its).collect::<Vec<_>>() {
        draft.block(&subjects[number], number, reason.clone());
    }
}

/// Blocks the step that would leave an interface up without the one that it needs.
fn block_one(subjects: &Subjects<'_>, [address, needed]: [&Address; 2], later: &ChangeName, draft: &mut Draft) {
    let Some((above, below)) = subjects.number_of(address).zip(subjects.number_of(needed)) else { return };
    let (falls, rises) = (draft.deactivates(below), draft.activates(above));
    match Waits::of(falls, rises, is_of(subjects, below, later)) {
        Some(Waits::Needed) => {
            let reason = BlockReason::Dependency { needed: address.clone(), why: Unmet::StaysUp };
            draft.block(&subjects[below], below, reason);
        }
        Some(Waits::Dependant) => {
            let reason = BlockReason::Dependency { needed: needed.clone(), why: Unmet::StaysDown };
            draft.block(&subjects[above], above, reason);
        }
        None => {}
    }
}
