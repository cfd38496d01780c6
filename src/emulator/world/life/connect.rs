//! ConnectRouterInterface: the initiating side asks, and both sides come up if each names the other.

use super::{Act, Deal};
use crate::emulator::answer::Answer;
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::timeline::Event;
use crate::emulator::world::World;
use crate::resource::{BusinessStatus, Role, Status};

impl World {
    pub(super) fn connect(&self, act: &Act<'_>) -> Deal {
        let initiator = self.named(act, "RouterInterfaceId")?;
        if initiator.owner != act.caller.account {
            return Err(Refusal::bad("IllegalParam.InstanceOwner", "Incorrect RouterInterface owner."));
        }
        self.refuse_debtors(act.caller, act.now)?;
        if initiator.facts.business_status != BusinessStatus::Normal {
            return Err(Refusal::operation_locked());
        }
        if initiator.facts.role == Some(Role::AcceptingSide) {
            let text = "The specified RouterInterface is not InitiatingSide.";
            return Err(Refusal::bad("IncorrectRole.NotInitiatingSide", text));
        }
        if *initiator.timeline.status_at(act.now) != Status::Idle {
            return Err(Refusal::wrong_status(self.error_codes, Status::Idle.as_str()));
        }
        let acceptor = self.acceptor(act, initiator)?;
        let routers = [initiator, acceptor].map(|side| side.facts.router_id.as_deref());
        if routers[0] == routers[1] {
            return Err(Refusal::bad("IncorrectOppositeInterfaceInfo", "Cannot connect on the same router"));
        }
        if self.are_connected(routers, act.now) {
            let text = "The Specified routers have a connection already";
            return Err(Refusal::bad("Forbidden.OnlyOneConnection", text));
        }
        let sides = [(initiator, Status::Connecting, true), (acceptor, Status::AcceptingConnecting, false)];
        let moved = |(side, status, is_named): (&Interface, Status, bool)| {
            let id = &side.facts.id;
            // Both sides take the time of the one that asked.
            let moments = initiator.moments_from(act.now, status, act.strike.sticks(id), act.strike.flapping(id));
            Event { moments, ..act.event(id, is_named) }
        };
        Ok((Answer::Accepted, sides.map(moved).into()))
    }

    /// Returns the accepting side, if it is what the initiating side was told and names it in turn.
    fn acceptor(&self, act: &Act<'_>, initiator: &Interface) -> Result<&Interface, Refusal> {
        let told = &initiator.facts.opposite;
        let (Some(id), Some(router), Some(kind)) = (&told.interface_id, &told.router_id, &told.router_type) else {
            return Err(Refusal::opposite_not_set());
        };
        let found = self.population.get(id.as_str());
        let found = found.filter(|found| *found.timeline.status_at(act.now) != Status::Deleted);
        let acceptor = found.ok_or_else(|| Refusal::mismatch("InstanceId"))?;
        let (facts, back) = (&acceptor.facts, &acceptor.facts.opposite);
        if back.interface_id.is_none() || back.router_id.is_none() || back.router_type.is_none() {
            return Err(Refusal::opposite_not_set());
        }
        let ours = &initiator.facts;
        let owner_told = told.owner_id.as_ref().unwrap_or(&initiator.owner);
        let owner_back = back.owner_id.as_ref().unwrap_or(&acceptor.owner);
        let agree = [
            ("Role", facts.role == Some(Role::AcceptingSide)),
            ("RegionNo", told.region.as_ref().is_none_or(|region| *region == facts.region)),
            ("RouterId", facts.router_id.as_ref() == Some(router)),
            ("RouterType", facts.router_type.as_ref() == Some(kind)),
            ("AliUid", acceptor.owner == *owner_told),
            ("OppositeInterfaceOwnerId", initiator.owner == *owner_back),
            ("OppositeRegionNo", back.region.as_ref().is_none_or(|region| *region == ours.region)),
            ("OppositeInterfaceId", back.interface_id.as_ref() == Some(&ours.id)),
            ("OppositeRouterId", back.router_id == ours.router_id),
            ("OppositeRouterType", back.router_type == ours.router_type),
        ];
        if let Some((attribute, _)) = agree.iter().find(|(_, agrees)| !agrees) {
            return Err(Refusal::mismatch(attribute));
        }
        if *acceptor.timeline.status_at(act.now) != Status::Idle {
            return Err(Refusal::wrong_status(self.error_codes, Status::Idle.as_str()));
        }
        Ok(acceptor)
    }
}
