//! How long the last calls of an interface took to settle: what the next one may be expected to take.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::milliseconds;
use crate::resource::Call;

/// How many of each call are kept: enough for a median that one slow night does not move.
const KEPT: usize = 10;

/// Settle times in milliseconds, oldest first, for each call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Durations {
    /// Of activations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    activate: Vec<u64>,
    /// Of deactivations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deactivate: Vec<u64>,
}

impl Durations {
    /// Returns whether nothing is known.
    pub fn is_empty(&self) -> bool {
        Call::ALL.into_iter().all(|call| self.of(call).is_empty())
    }

    /// Returns what is known of a call, oldest first, in milliseconds.
    pub fn of(&self, call: Call) -> &[u64] {
        match call {
            Call::Activate => &self.activate,
            Call::Deactivate => &self.deactivate,
        }
    }

    /// Takes in how long a call took; the oldest goes when there are too many.
    pub fn add(&mut self, call: Call, taken: Duration) {
        let kept = match call {
            Call::Activate => &mut self.activate,
            Call::Deactivate => &mut self.deactivate,
        };
        kept.push(milliseconds(taken));
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_ten_of_each_call() {
        let mut durations = Durations::default();
        assert!(durations.is_empty());
        for number in 1..=12 {
            durations.add(Call::Activate, Duration::from_millis(number));
        }
        assert_eq!(durations.of(Call::Activate), (3..=12).collect::<Vec<_>>());
        assert!(durations.of(Call::Deactivate).is_empty() && !durations.is_empty());
    }
}
