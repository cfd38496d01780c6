//! What a run changed that awaits confirmation: nobody else touches it meanwhile.

use std::borrow::Cow;

use crate::plan::{BlockReason, PlanOptions, Warning};
use crate::resource::Address;
use crate::spec::Spec;
use crate::state::{Awaiting, Identity, State};

/// Holds back every interface that a run changed which awaits confirmation.
pub(super) fn hold<'o>(spec: &Spec, state: Option<&State>, options: &'o PlanOptions) -> Cow<'o, PlanOptions> {
    let awaiting = of(state);
    let reason = |identity: &Identity| {
        let awaits = awaiting.iter().find(|awaits| awaits.is_about(identity))?;
        Some(BlockReason::Unconfirmed { run_id: awaits.run_id.clone(), until: awaits.deadline.until })
    };
    let held: Vec<(&Address, BlockReason)> = if awaiting.is_empty() {
        Vec::new()
    } else {
        let identity = |entry: &crate::spec::Interface| Identity::of(&entry.scope, &entry.id.value);
        spec.interfaces.iter().filter_map(|(address, entry)| Some((address, reason(&identity(entry))?))).collect()
    };
    if held.is_empty() {
        return Cow::Borrowed(options);
    }
    let mut options = options.clone();
    for (address, reason) in held {
        options.held.entry(address.clone()).or_insert(reason);
    }
    Cow::Owned(options)
}

/// Names the runs that await confirmation.
pub(super) fn warnings(state: Option<&State>) -> impl Iterator<Item = Warning> {
    of(state).iter().map(|awaits| Warning::Unconfirmed {
        run_id: awaits.run_id.clone(),
        until: awaits.deadline.until,
        left_by: awaits.left_by.clone(),
    })
}

fn of(state: Option<&State>) -> &[Awaiting] {
    state.map(|state| state.awaiting.as_slice()).unwrap_or_default()
}
