//! What a mutating call moves, and why it may be refused.

use jiff::Timestamp;

use super::World;
use crate::emulator::caller::Caller;
use crate::emulator::faults::Strike;
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::seed::Pairs;
use crate::emulator::timeline::Event;
use crate::emulator::trail::Deed;
use crate::resource::{BusinessStatus, Call, Status, Transition};

impl World {
    /// Activates or deactivates, and moves the other end along where ends move together.
    pub(super) fn change(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Vec<Event>, Refusal> {
        let call = mutating_call(request).ok_or_else(Refusal::unknown_action)?;
        let named = self.allowed(now, call, caller, request)?;
        let Transition { from, through, .. } = call.transition();
        let mate = self.mate(request).filter(|mate| mate.timeline.status_at(now) == *from);
        let moved = |interface: &Interface| {
            let id = interface.facts.id.clone();
            // The other end follows: nobody called for it.
            let is_named = id == named.facts.id;
            Event {
                deed: is_named.then(|| Box::new(Deed::of_call(caller, request, None))),
                request_id: Some(request.request_id.clone()),
                // Both ends take the time of the one that was named.
                moments: named.moments_from(now, (*through).clone(), strike.sticks(&id), strike.flapping(&id)),
                ..Event::of(&id, &request.action, now)
            }
        };
        let events: Vec<Event> = [named].into_iter().chain(mate).map(moved).collect();
        events.iter().try_for_each(|event| self.replay(event)).ok_or_else(Refusal::unknown_interface)?;
        Ok(events)
    }

    /// Returns the other end of the interface that a mutating call names, if the call moves it along.
    pub(super) fn mate(&self, request: &Request) -> Option<&Interface> {
        mutating_call(request).filter(|_| self.pairs == Pairs::Together)?;
        let named = self.population.get(request.interface()?)?;
        self.population.get(named.facts.opposite.interface_id.as_ref()?.as_str())
    }

    /// Returns the other end of the interface that a call names, if the call moves both ends.
    pub(super) fn moved_along(&self, request: &Request) -> Option<&Interface> {
        if !["ConnectRouterInterface", "DeleteExpressConnect"].contains(&request.action.as_str()) {
            return self.mate(request);
        }
        let named = self.population.get(request.interface()?)?;
        self.population.get(named.facts.opposite.interface_id.as_ref()?.as_str())
    }

    /// Returns the interface that a call names, if it may be moved (docs/reference/api.md#deactivate,
    /// docs/reference/api.md#activate). The pages do not say which of several reasons to refuse is given.
    fn allowed(&self, now: Timestamp, call: Call, caller: &Caller, request: &Request) -> Result<&Interface, Refusal> {
        let region = self.region(request)?;
        let id = request.parameter("RouterInterfaceId").ok_or_else(|| Refusal::missing("RouterInterfaceId"))?;
        let interface = self.population.get(id).ok_or_else(Refusal::unknown_interface)?;
        let status = interface.timeline.status_at(now);
        if interface.facts.region.as_str() != region || *status == Status::Deleted {
            return Err(Refusal::unknown_interface());
        }
        if interface.owner != caller.account {
            return Err(match call {
                Call::Activate => Refusal::wrong_owner_of_activated(),
                Call::Deactivate => Refusal::wrong_owner_of_deactivated(),
            });
        }
        match interface.facts.business_status {
            BusinessStatus::Normal => {}
            BusinessStatus::FinancialLocked => return Err(Refusal::financial_locked(self.error_codes)),
            // What a security lock blocks is not documented; this is the code for a lock by the vendor's staff.
            BusinessStatus::SecurityLocked | BusinessStatus::Unknown(_) => return Err(Refusal::operation_locked()),
        }
        let from = call.transition().from;
        if status != from {
            return Err(Refusal::wrong_status(self.error_codes, from.as_str()));
        }
        if call == Call::Activate && self.row(interface, now).observed.opposite.status == Some(Status::Deleted) {
            return Err(Refusal::opposite_deleted());
        }
        Ok(interface)
    }
}

pub(super) fn mutating_call(request: &Request) -> Option<Call> {
    Call::ALL.into_iter().find(|call| call.action() == request.action)
}
