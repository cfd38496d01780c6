//! What a step waits for: the interfaces that it needs to be up, the goals of the steps before it, the other ends of both.

use super::Machine;
use super::admission::{READS_OF_A_GOAL, Verdict};
use super::time::Moment;
use crate::clock::BootTime;
use crate::journal::Outcome;
use crate::resource::{Observed, Status};
use crate::run::StepReason;

impl Machine<'_> {
    /// Returns when the oldest page was asked for that shows what an Activate needs to be up, step of its own or not.
    pub(super) fn examine_needs(&mut self, number: usize, since: Moment) -> Result<Option<BootTime>, Option<Verdict>> {
        let mut oldest: Option<BootTime> = None;
        for needed in self.needs.get(&self.planned(number).address).into_iter().flatten() {
            let seen = self.sightings.get(&needed.scope, &needed.interface_id);
            let found = seen.map(|observed| observed.status.clone());
            let is_newer = self.sightings.is_newer(&needed.scope, &needed.interface_id, since);
            let other_end = self.deactivation_of_other_end(seen);
            if other_end.is_some_and(|other_end| self.steps[other_end].phase.is_in_flight()) {
                return Err(Some(self.hold(number)));
            }
            let is_known = is_newer || other_end.is_none_or(|other_end| !self.steps[other_end].is_finished());
            if found == Some(Status::Active) && is_known {
                let asked = self.sightings.asked(&needed.scope, &needed.interface_id).ok_or(None)?;
                oldest = Some(oldest.map_or(asked, |oldest| oldest.min(asked)));
            } else if !is_newer {
                return Err(None);
            } else if found.as_ref().is_some_and(Status::is_transitional) {
                return Err(Some(self.hold(number)));
            } else {
                let because = StepReason::NeededIsDown { address: needed.address.clone(), found };
                return Err(Some(Verdict::Finish(Outcome::Moved, Some(because))));
            }
        }
        Ok(oldest)
    }

    /// A goal that one read showed may be what a single replica dreams: what waits for it wants it shown by two reads in a
    /// row, of which the second is the one that is there anyway.
    pub(super) fn examine_predecessors(&mut self, number: usize) -> Result<(), Option<Verdict>> {
        for other in self.predecessors(number).collect::<Vec<_>>() {
            let step = self.planned(other);
            let found = self.last_status(other);
            if !found.is_some_and(|status| step.goal.is_reached_by(&status)) {
                return Err(Some(self.hold(number)));
            }
            if self.sightings.alike(&step.scope, &step.interface_id) < READS_OF_A_GOAL {
                return Err(None);
            }
        }
        Ok(())
    }

    /// Returns whether a step that this one waits for moved the other end of its link: both ends may move together, so
    /// what was read before that says nothing of this one.
    pub(super) fn may_have_moved_with_its_other_end(&self, number: usize) -> bool {
        let step = self.planned(number);
        let seen = self.sightings.get(&step.scope, &step.interface_id);
        let other_end = seen.and_then(|observed| observed.opposite.interface_id.as_ref());
        self.predecessors(number).any(|other| Some(&self.planned(other).interface_id) == other_end)
    }

    /// Returns the step of this run that takes the other end of a link down: both ends may go down together.
    fn deactivation_of_other_end(&self, end: Option<&Observed>) -> Option<usize> {
        self.deactivations.get(end?.opposite.interface_id.as_ref()?).copied()
    }

    /// Lists the steps of other interfaces that a step waits for and that brought them somewhere.
    pub(super) fn predecessors(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        let address = &self.planned(number).address;
        let before = self.before[number].iter().copied();
        before.filter(move |other| {
            let other = self.planned(*other);
            other.address != *address && other.goal.desired().is_some()
        })
    }
}
