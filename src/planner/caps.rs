//! The blast radius: `limits` of the spec, refused as a whole and overridden only by the exact number.

use std::collections::BTreeMap;

use crate::plan::{BlockReason, Blocked, Exceeded, Forgotten, Knob, PlanOptions};
use crate::resource::{GroupName, Region};
use crate::spec::{Placed, Spec};

use super::draft::Draft;
use super::subject::{SubjectNumber, Subjects};

/// Blocks every change if any cap is exceeded: a plan that is too large is a plan to look at again. Returns the number of
/// changes where that is what was allowed all the same.
pub(super) fn enforce(spec: &Spec, subjects: &Subjects<'_>, options: &PlanOptions, draft: &mut Draft) -> Option<u32> {
    let changing: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.changes(*number)).collect();
    let changes = count(changing.len());
    let (exceeded, knob) = exceeded(spec, subjects, &changing)?;
    if options.allow_changes == Some(changes) {
        return Some(changes);
    }
    let reason = BlockReason::Cap { changes, exceeded, knob, allowed: options.allow_changes };
    for number in changing {
        draft.block(&subjects[number], number, reason.clone());
    }
    None
}

/// Returns whether more is to change than some cap allows.
pub(super) fn are_exceeded(spec: &Spec, subjects: &Subjects<'_>, draft: &Draft) -> bool {
    let changing: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.changes(*number)).collect();
    exceeded(spec, subjects, &changing).is_some()
}

/// Blocks everything if more is gone from the spec than may be: a bad merge must not read as no change. Returns the number where
/// that is what was allowed all the same.
pub(super) fn enforce_forgotten(
    spec: &Spec,
    forgotten: &[Forgotten],
    (subjects, draft): (&Subjects<'_>, &mut Draft),
    options: &PlanOptions,
) -> (Option<u32>, Vec<Blocked>) {
    let gone = count(forgotten.len());
    let cap = spec.limits.max_forgotten.as_ref().filter(|cap| gone > cap.value && !options.is_way_back());
    // Nothing is forgotten by a plan of a part.
    let Some(cap) = cap.filter(|_| options.targets.is_empty()) else { return (None, Vec::new()) };
    if options.allow_forgotten == Some(gone) {
        return (Some(gone), Vec::new());
    }
    let knob = Knob { key: "limits.max_forgotten".to_owned(), value: cap.value, at: spec.sources.locate(cap.place) };
    let (exceeded, allowed) = (Exceeded::Forgotten, options.allow_forgotten);
    let reason = BlockReason::Cap { changes: gone, exceeded, knob, allowed };
    let changing: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.is_moving(*number)).collect();
    for number in changing {
        draft.block(&subjects[number], number, reason.clone());
    }
    let blocked = |gone: &Forgotten| Blocked { address: gone.address.clone(), reason: reason.clone() };
    (None, forgotten.iter().map(blocked).collect())
}

fn exceeded(spec: &Spec, subjects: &Subjects<'_>, changing: &[SubjectNumber]) -> Option<(Exceeded, Knob)> {
    let changes = changing.len();
    let knob = |key: &str, cap: &Placed<u32>| Knob {
        key: format!("limits.{key}"),
        value: cap.value,
        at: spec.sources.locate(cap.place),
    };
    let limits = &spec.limits;
    if let Some(cap) = &limits.max_changes
        && changes > cap.value as usize
    {
        return Some((Exceeded::Changes, knob("max_changes", cap)));
    }
    if let (Some(percent), Some(allows)) = (&limits.max_changes_percent, limits.share(subjects.len()))
        && changes > allows
    {
        let share = Exceeded::Share { declared: count(subjects.len()), allows: count(allows) };
        return Some((share, knob("max_changes_percent", percent)));
    }
    let mut per_group: BTreeMap<&GroupName, usize> = BTreeMap::new();
    let mut per_region: BTreeMap<&Region, usize> = BTreeMap::new();
    for number in changing {
        let declared = subjects[*number].declared;
        if let Some(group) = &declared.group {
            *per_group.entry(&group.value).or_default() += 1;
        }
        *per_region.entry(&declared.scope.region).or_default() += 1;
    }
    let in_group = limits.per_group.as_ref().and_then(|cap| {
        let (name, changes) = first_above(per_group, cap)?;
        Some((Exceeded::Group { name: name.clone(), count: changes }, knob("per_group", cap)))
    });
    in_group.or_else(|| {
        let cap = limits.per_region.as_ref()?;
        let (name, changes) = first_above(per_region, cap)?;
        Some((Exceeded::Region { name: name.clone(), count: changes }, knob("per_region", cap)))
    })
}

fn first_above<K>(counts: BTreeMap<K, usize>, cap: &Placed<u32>) -> Option<(K, u32)> {
    counts.into_iter().find(|(_, changes)| *changes > cap.value as usize).map(|(name, changes)| (name, count(changes)))
}

/// Counts in the unit of the document.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
