//! What a mutating call moves, and why it may be refused.

use jiff::Timestamp;

use super::World;
use crate::emulator::caller::Caller;
use crate::emulator::faults::Strike;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::timeline::Event;
use crate::resource::{BusinessStatus, Status};

impl World {
    /// Activates or deactivates (vpc-api §1.1, §1.2). The pages do not say which of several reasons to refuse is given.
    pub(super) fn change(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Event, Refusal> {
        let region = self.region(request)?;
        let id = request.parameter("RouterInterfaceId").ok_or_else(|| Refusal::missing("RouterInterfaceId"))?;
        let interface = self.population.get(id).ok_or_else(Refusal::unknown_interface)?;
        let status = interface.timeline.status_at(now);
        if interface.facts.region.as_str() != region || *status == Status::Deleted {
            return Err(Refusal::unknown_interface());
        }
        let activates = request.action == "ActivateRouterInterface";
        if interface.owner != caller.account {
            return Err(if activates {
                Refusal::wrong_owner_of_activated()
            } else {
                Refusal::wrong_owner_of_deactivated()
            });
        }
        match interface.facts.business_status {
            BusinessStatus::Normal => {}
            BusinessStatus::FinancialLocked => return Err(Refusal::financial_locked(self.error_codes)),
            // What a security lock blocks is not documented; this is the code for a lock by the vendor's staff.
            BusinessStatus::SecurityLocked | BusinessStatus::Unknown(_) => return Err(Refusal::operation_locked()),
        }
        let (from, through) =
            if activates { (Status::Inactive, Status::Activating) } else { (Status::Active, Status::Deactivating) };
        if *status != from {
            return Err(Refusal::wrong_status(self.error_codes, from.as_str()));
        }
        if activates && self.row(interface, now).observed.opposite.status == Some(Status::Deleted) {
            return Err(Refusal::opposite_deleted());
        }
        let event = Event {
            at: now,
            interface: interface.facts.id.clone(),
            cause: request.action.clone(),
            request_id: Some(request.request_id.clone()),
            moments: interface.moments_from(now, through, strike.sticks(), strike.flapping()),
        };
        self.replay(&event).ok_or_else(Refusal::unknown_interface)?;
        Ok(event)
    }
}
