//! The blast radius: `limits` of the spec, refused as a whole and overridden only by the exact number.

use std::collections::BTreeMap;

use crate::diagnostic::Place;
use crate::plan::{BlockCode, PlanOptions};
use crate::spec::Spec;

use super::{Draft, Subject};

/// Blocks every change if any cap is exceeded: a plan that is too large is a plan to look at again.
pub(super) fn enforce(spec: &Spec, subjects: &[Subject<'_>], options: &PlanOptions, draft: &mut Draft) {
    let changing: Vec<usize> = (0..subjects.len()).filter(|number| draft.changes(*number)).collect();
    let count = u32::try_from(changing.len()).unwrap_or(u32::MAX);
    if options.allow_changes == Some(count) {
        return;
    }
    let Some(exceeded) = exceeded(spec, subjects, &changing) else { return };
    let given = options.allow_changes.map(|given| format!(" (--allow-changes {given} is not the exact number)"));
    let detail = format!(
        "{exceeded}; all {count} changes are refused{}; to run exactly these: --allow-changes {count}",
        given.unwrap_or_default()
    );
    for number in changing {
        draft.block(&subjects[number], number, BlockCode::Cap, detail.clone());
    }
}

fn exceeded(spec: &Spec, subjects: &[Subject<'_>], changing: &[usize]) -> Option<String> {
    let count = changing.len();
    let at = |place: Place| spec.sources.locate(place);
    let limits = &spec.limits;
    if let Some(cap) = &limits.max_changes
        && count > cap.value as usize
    {
        return Some(format!("{count} changes, and limits.max_changes is {} ({})", cap.value, at(cap.place)));
    }
    if let Some(percent) = &limits.max_changes_percent {
        let cap = (subjects.len() * percent.value as usize / 100).max(1);
        if count > cap {
            return Some(format!(
                "{count} of {} interfaces change, and limits.max_changes_percent is {} ({}), which allows {cap}",
                subjects.len(),
                percent.value,
                at(percent.place)
            ));
        }
    }
    let mut per_group: BTreeMap<&str, usize> = BTreeMap::new();
    let mut per_region: BTreeMap<&str, usize> = BTreeMap::new();
    for number in changing {
        let declared = subjects[*number].declared;
        if let Some(group) = &declared.group {
            *per_group.entry(group.value.as_str()).or_default() += 1;
        }
        *per_region.entry(declared.scope.region.as_str()).or_default() += 1;
    }
    for (knob, cap, counts) in
        [("per_group", &limits.per_group, per_group), ("per_region", &limits.per_region, per_region)]
    {
        if let Some(cap) = cap
            && let Some((name, count)) = counts.into_iter().find(|(_, count)| *count > cap.value as usize)
        {
            return Some(format!("{count} changes in {name}, and limits.{knob} is {} ({})", cap.value, at(cap.place)));
        }
    }
    None
}
