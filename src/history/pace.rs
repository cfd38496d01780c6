//! How long a step may be expected to take, from the records.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::{Action, Step, StepId};
use crate::resource::Call;
use crate::state::{Identity, Records};

/// Says how long each step may be expected to take: as the last calls of that interface did, else as all calls of that
/// kind did. Each is a median; a step of which nothing is known is left out.
pub fn expected_durations(steps: &[Step], records: &Records) -> BTreeMap<StepId, Duration> {
    let pace = Pace::of(records);
    let expected = |step: &Step| {
        let Action::Call(call) = step.action else { return None };
        Some((step.id.clone(), pace.expected(&Identity::of(&step.scope, &step.interface_id), call)?))
    };
    steps.iter().filter_map(expected).collect()
}

/// What the records say of how long calls take.
#[derive(Debug)]
pub struct Pace<'r> {
    records: &'r Records,
    of_all: BTreeMap<Call, Option<Duration>>,
}

impl<'r> Pace<'r> {
    /// Looks through the records.
    pub fn of(records: &'r Records) -> Self {
        let taken = |call| records.values().flat_map(|record| record.durations.of(call)).copied().collect();
        Self { records, of_all: Call::ALL.into_iter().map(|call| (call, median(taken(call)))).collect() }
    }

    /// Returns how long a call may be expected to take of one interface, as [`expected_durations`] does of a step.
    pub fn expected(&self, identity: &Identity, call: Call) -> Option<Duration> {
        let own = self.records.of(identity).and_then(|(_, record)| median(record.durations.of(call).to_vec()));
        own.or(self.of_all[&call])
    }
}

fn median(mut taken: Vec<u64>) -> Option<Duration> {
    taken.sort_unstable();
    taken.get(taken.len() / 2).copied().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fold::first_record;
    use crate::plan::Goal;
    use crate::resource::{AccountName, Scope, Status};
    use crate::state::Sighting;

    fn step(address: &str, call: Call) -> Step {
        let action = Action::Call(call);
        Step {
            id: StepId::new(&address.into(), action),
            address: address.into(),
            action,
            interface_id: format!("ri-{address}").into(),
            scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
            expect: Status::Active.into(),
            goal: Goal::Inactive,
            after: Vec::new(),
            wave: 1,
            guards: Vec::new(),
            settle_timeout_ms: None,
            change_id: None,
            valid_until: None,
        }
    }

    #[test]
    fn expects_what_the_interface_took_else_what_all_did_else_nothing() {
        let mut records = Records::default();
        for (address, taken) in [("a", vec![9, 1, 5]), ("b", vec![100])] {
            let step = step(address, Call::Deactivate);
            let identity = Identity::of(&step.scope, &step.interface_id);
            let mut record = first_record(&identity, Sighting::first(None, jiff::Timestamp::UNIX_EPOCH));
            taken.into_iter().for_each(|taken| record.durations.add(Call::Deactivate, Duration::from_millis(taken)));
            records.insert(address.into(), record);
        }
        let steps = [
            step("a", Call::Deactivate),
            step("b", Call::Deactivate),
            step("c", Call::Deactivate),
            step("a", Call::Activate),
        ];
        let expected = expected_durations(&steps, &records);
        let of = |step: &Step| expected.get(&step.id).map(Duration::as_millis);
        assert_eq!(steps.each_ref().map(of), [Some(5), Some(100), Some(9), None]);
    }
}
