//! ModifyRouterInterfaceAttribute, ModifyRouterInterfaceSpec, ChangeResourceGroup.

use std::time::Duration;

use super::create::router_type_of_opposite;
use super::{Act, Deal, can_be_probed};
use crate::emulator::answer::Answer;
use crate::emulator::details::{NEGATIVE, bandwidth};
use crate::emulator::interface::{Interface, later};
use crate::emulator::refusal::Refusal;
use crate::emulator::seed::{ElsewhereSeed, InterfaceSeed, OppositeSeed};
use crate::emulator::timeline::{Event, Moment};
use crate::emulator::world::World;
use crate::resource::{AccountId, HealthCheckStatus, Role, RouterInterfaceId, Status};

/// The longest that probes can be apart.
const SLOWEST_PROBES: u64 = 60_000;

impl World {
    pub(super) fn modify(&self, act: &Act<'_>) -> Deal {
        let interface = self.named(act, "RouterInterfaceId")?;
        if interface.owner != act.caller.account {
            return Err(Refusal::wrong_owner_of_activated());
        }
        self.refuse_locked(interface)?;
        let status = interface.timeline.status_at(act.now).clone();
        if ![Status::Active, Status::Idle, Status::Inactive].contains(&status) {
            return Err(Refusal::wrong_status_to_modify(self.error_codes));
        }
        let before = interface.to_seed();
        let mut seed = before.clone();
        if let Some(name) = act.name()? {
            seed.name = Some(name.to_owned());
        }
        if let Some(description) = act.description()? {
            seed.description = Some(description.to_owned());
        }
        seed.opposite = opposite(act, &before, &status)?;
        probe(act, interface, &mut seed)?;
        let id = &interface.facts.id;
        if seed == before {
            return Ok((Answer::Accepted, vec![act.event(id, true)]));
        }
        let mut moments = Vec::new();
        // Words alone move nothing: the vendor's own clients go on at once after a new name.
        let is_of_words = (&seed.opposite, &seed.health_check) == (&before.opposite, &before.health_check);
        if !is_of_words {
            moments.push(Moment { at: act.now, status: Status::Modifying });
        }
        if !is_of_words && !act.strike.sticks(id) {
            moments.push(Moment { at: later(act.now, interface.settle.activate), status });
        }
        Ok((Answer::Accepted, vec![Event { moments, ..act.became(id, seed) }]))
    }

    pub(super) fn resize(&self, act: &Act<'_>) -> Deal {
        let interface = self.named(act, "RouterInterfaceId")?;
        let word = act.required("Spec")?;
        if interface.owner != act.caller.account {
            return Err(Refusal::bad("InvalidInstanceOwner.Error", "The router instance owner error."));
        }
        self.refuse_locked(interface)?;
        let is_acceptor = interface.facts.role == Some(Role::AcceptingSide);
        if bandwidth(word).is_none() || is_acceptor != (word == NEGATIVE) {
            return Err(Refusal::bad("InvalidSpec.ValueNotSupported", "The specified Spec is not supported."));
        }
        // The pages say where it ends and not where it begins; the vendor's clients do it to Active ones.
        if *interface.timeline.status_at(act.now) != Status::Active {
            return Err(Refusal::wrong_instance_status());
        }
        if interface.facts.opposite.interface_id.is_some() && self.is_other_side_gone(interface, act) {
            return Err(Refusal::bad("InvalidOpposite.NotFound", "The opposite RouterInterface does not exist."));
        }
        let seed = InterfaceSeed { specification: Some(word.to_owned()), ..interface.to_seed() };
        let moments = act.moments(interface, Status::Activating);
        let event = Event { moments, ..act.became(&interface.facts.id, seed) };
        Ok((Answer::Resized(word.to_owned()), vec![event]))
    }

    pub(super) fn change_group(&self, act: &Act<'_>) -> Deal {
        if act.required("ResourceType")? != "ROUTERINTERFACE" {
            return Err(Refusal::bad("ResourceType.Unknown", "The specified ResourceType is not supported."));
        }
        let group = act.required("NewResourceGroupId")?;
        let unknown = |_| Refusal::unknown_resources("InvalidResourceId.NotFound");
        let interface = self.named(act, "ResourceId").map_err(unknown)?;
        if interface.owner != act.caller.account {
            return Err(unknown(Refusal::unknown_interface()));
        }
        if !group.starts_with("rg-") {
            return Err(Refusal::bad("IllegalParam.ResourceGroupId", "The parameter ResourceGroupId is illegal."));
        }
        let seed = InterfaceSeed { resource_group: Some(group.to_owned()), ..interface.to_seed() };
        Ok((Answer::Accepted, vec![act.became(&interface.facts.id, seed)]))
    }

    /// Returns whether the other side was deleted; one that the world never had is not.
    fn is_other_side_gone(&self, interface: &Interface, act: &Act<'_>) -> bool {
        let opposite = &interface.facts.opposite;
        let is_here = opposite.interface_id.as_ref().and_then(|id| self.population.get(id.as_str())).is_some();
        if is_here { self.other_side(interface, act.now).is_none() } else { opposite.status == Some(Status::Deleted) }
    }
}

/// Returns what an interface is told of its other side; that can change only before they are connected.
fn opposite(act: &Act<'_>, before: &InterfaceSeed, status: &Status) -> Result<Option<OppositeSeed>, Refusal> {
    let known = match &before.opposite {
        Some(OppositeSeed::Elsewhere(known)) => known.clone(),
        _ => ElsewhereSeed::default(),
    };
    let mut told = known.clone();
    if let Some(id) = act.asked("OppositeInterfaceId") {
        told.id = Some(RouterInterfaceId::from(id));
    }
    if let Some(router) = act.asked("OppositeRouterId") {
        told.router = Some(router.to_owned());
        // The pages give a type where none is said, and it is not the one that Create gives.
        told.router_type.get_or_insert_with(|| "VBR".to_owned());
    }
    if let Some(word) = act.asked("OppositeRouterType") {
        told.router_type = Some(router_type_of_opposite(word)?.to_owned());
    }
    if let Some(owner) = act.asked("OppositeInterfaceOwnerId") {
        told.account = Some(AccountId::from(owner));
    }
    if told == known {
        return Ok(before.opposite.clone());
    }
    if *status != Status::Idle {
        let is_border = known.router_type.as_deref() == Some("VBR");
        let code = if is_border { "Forbbiden.ModifyIdAndType" } else { "IncorrectStatus.RouterInterface" };
        return Err(Refusal::bad(code, "The opposite RouterInterface can be set only when the status is Idle."));
    }
    Ok(Some(OppositeSeed::Elsewhere(told)))
}

/// Reads how the link is to be probed.
fn probe(act: &Act<'_>, interface: &Interface, seed: &mut InterfaceSeed) -> Result<(), Refusal> {
    let number = |name: &'static str, most: u64| {
        let read = |text: &str| text.parse().ok().filter(|number| (1..=most).contains(number));
        let illegal = || Refusal::new(400, format!("IllegalParam.{name}"), format!("The parameter {name} is illegal."));
        act.asked(name).map(|text| read(text).ok_or_else(illegal)).transpose()
    };
    let threshold = number("HcThreshold", u64::from(u8::MAX))?;
    let rate = number("HcRate", SLOWEST_PROBES)?;
    let wanted = act.health_check("InvalidHealthCheckIP.Malformd", "IllegalParam.HcSourceIp")?;
    let deletes = act.flag("DeleteHealthCheckIp")?;
    if deletes && wanted.is_some() {
        let text = "The health check cannot be deleted and set in one request.";
        return Err(Refusal::bad("InvalidParam.ModifyRouterInterface", text));
    }
    let facts = &interface.facts;
    if wanted.is_some() && !can_be_probed(facts.router_type.as_deref(), facts.opposite.router_type.as_deref()) {
        return Err(Refusal::bad("LinkRole.NotSupport", "The RouterInterface does not support a health check."));
    }
    match (&mut seed.health_check, wanted) {
        (Some(known), Some(wanted)) => (known.source, known.target) = (wanted.source, wanted.target),
        (known @ None, Some(wanted)) => {
            *known = Some(wanted);
            seed.health_check_status = Some(HealthCheckStatus::Normal);
        }
        _ => {}
    }
    if deletes {
        seed.health_check = None;
        seed.health_check_status = Some(HealthCheckStatus::NoHealthCheckConfig);
    }
    if let Some(check) = &mut seed.health_check {
        check.threshold = threshold.and_then(|number| number.try_into().ok()).unwrap_or(check.threshold);
        check.rate = rate.map_or(check.rate, Duration::from_millis);
    }
    Ok(())
}
