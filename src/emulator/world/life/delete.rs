//! DeleteRouterInterface and DeleteExpressConnect.

use super::{Act, Deal, is_prepaid};
use crate::emulator::answer::Answer;
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::timeline::Event;
use crate::emulator::world::World;
use crate::resource::{BusinessStatus, Status};

impl World {
    pub(super) fn delete(&self, act: &Act<'_>) -> Deal {
        let interface = self.named(act, "RouterInterfaceId")?;
        if interface.owner != act.caller.account {
            return Err(Refusal::wrong_owner_of_deleted());
        }
        refuse_watched(interface)?;
        if ![Status::Idle, Status::Inactive].contains(interface.timeline.status_at(act.now)) {
            return Err(Refusal::wrong_status_to_delete(self.error_codes));
        }
        if is_prepaid(&interface.details) {
            return Err(Refusal::prepaid(""));
        }
        if self.tables.is_next_hop(interface.facts.id.as_str()) {
            return Err(Refusal::still_routed(self.error_codes));
        }
        let moments = act.moments(interface, Status::Deleting);
        Ok((Answer::Accepted, vec![Event { moments, ..act.event(&interface.facts.id, true) }]))
    }

    /// Deletes both sides of a link; from which statuses is not printed. What is on its way somewhere is refused, and of the
    /// others none is, since the vendor's own clients delete Active pairs so.
    pub(super) fn delete_pair(&self, act: &Act<'_>) -> Deal {
        let named = self.named(act, "RouterInterfaceId")?;
        if named.owner != act.caller.account {
            return Err(Refusal::unknown_interface());
        }
        let is_forced = act.flag("Force")?;
        let other = self.other_side(named, act.now);
        let sides: Vec<(&Interface, bool)> =
            [(Some(named), true), (other, false)].into_iter().filter_map(|(side, it)| Some((side?, it))).collect();
        for (side, is_named) in &sides {
            refuse_watched(side)?;
            if ![Status::Idle, Status::Active, Status::Inactive].contains(side.timeline.status_at(act.now)) {
                return Err(Refusal::wrong_status_of_pair());
            }
            if is_prepaid(&side.details) {
                return Err(Refusal::prepaid(if *is_named { "" } else { "Opposite" }));
            }
            if !is_forced && self.tables.is_next_hop(side.facts.id.as_str()) {
                return Err(Refusal::pair_still_routed());
            }
        }
        let events = sides.into_iter().map(|(side, is_named)| {
            let moments = act.moments(side, Status::Deleting);
            Event { moments, unrouted: is_forced, ..act.event(&side.facts.id, is_named) }
        });
        Ok((Answer::Accepted, events.collect()))
    }
}

/// Refuses what the vendor's staff holds. What is not paid for can be deleted.
fn refuse_watched(interface: &Interface) -> Result<(), Refusal> {
    match interface.facts.business_status {
        BusinessStatus::Normal | BusinessStatus::FinancialLocked => Ok(()),
        BusinessStatus::SecurityLocked | BusinessStatus::Unknown(_) => Err(Refusal::operation_locked()),
    }
}
