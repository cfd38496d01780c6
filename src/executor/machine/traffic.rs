//! What interfaces carry, asked for right before the call that takes one down, and around a wave that brings some up.

use std::collections::{BTreeMap, BTreeSet};

use super::Machine;
use super::admission::Verdict;
use super::phase::Phase;
use super::port::Effect;
use super::time::Moment;
use crate::clock::BootTime;
use crate::journal::Outcome;
use crate::plan::Traffic;
use crate::resource::{RouterInterfaceId, Scope};
use crate::run::StepReason;

impl<'a> Machine<'a> {
    /// Asks for what some interfaces carry, but for those that have been asked for already.
    pub(super) fn ask_traffic(&mut self, wanted: BTreeMap<&'a Scope, BTreeSet<RouterInterfaceId>>) {
        let now = self.now.instant;
        for (scope, mut ids) in wanted {
            ids.retain(|id| self.meter.ask(id, now));
            if !ids.is_empty() {
                self.effects.push(Effect::AskTraffic { scope: scope.clone(), ids });
            }
        }
    }

    /// Returns when it was asked for what a Deactivate takes down carries, where that is limited and it carries no more.
    pub(super) fn examine_quiet(&mut self, number: usize, since: Moment) -> Result<Option<BootTime>, Option<Verdict>> {
        let Some(limit_bps) = self.plan.quiet_below else { return Ok(None) };
        let step = self.planned(number);
        let fresh = self.fresh(number, since);
        let Some(said) = self.meter.fresh(&step.interface_id, fresh) else {
            self.ask_traffic_of_ready(&step.scope);
            return Err(None);
        };
        let (in_bps, out_bps) =
            said.answer.as_ref().map_or((None, None), |carried| carried.fresh(self.now.wall).rates());
        let traffic = Traffic { address: step.address.clone(), in_bps, out_bps };
        if traffic.is_quiet(limit_bps) {
            return Ok(Some(said.asked));
        }
        if said.begun < since {
            // Only what was asked for after the step became ready may refuse it.
            self.ask_traffic_of_ready(&step.scope);
            return Err(None);
        }
        let unread = said.answer.clone().err();
        let because = StepReason::Traffic { in_bps, out_bps, limit_bps, unread };
        Err(Some(Verdict::Finish(Outcome::Guarded, Some(because))))
    }

    /// Asks together for everything in a scope that waits to go down and was not asked for since it became ready.
    fn ask_traffic_of_ready(&mut self, scope: &'a Scope) {
        let ids = self.ready.iter().filter_map(|number| {
            let (step, Phase::Ready(ready)) = (self.planned(*number), &self.steps[*number].phase) else { return None };
            let is_wanted = step.scope == *scope && Self::is_deactivation(step);
            (is_wanted && self.meter.heard(&step.interface_id, ready.since).is_none())
                .then(|| step.interface_id.clone())
        });
        let ids = ids.collect();
        self.ask_traffic(BTreeMap::from([(scope, ids)]));
    }
}
