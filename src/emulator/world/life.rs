//! The rest of an interface's life: made, told who the other side is, connected, altered, tagged, deleted
//! (docs/reference/api.md#other-calls).
//!
//! Each call is checked against the world as it is and says what comes of it as [`Event`]s; they are written down here. A
//! ClientToken makes a call that was accepted the same call for good: it is answered again, and nothing happens.

mod connect;
mod create;
mod delete;
mod modify;
mod tags;

use jiff::Timestamp;

use super::World;
use crate::emulator::answer::Answer;
use crate::emulator::caller::Caller;
use crate::emulator::details::Details;
use crate::emulator::faults::Strike;
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::seed::{ChargeSeed, HealthCheckSeed, InterfaceSeed};
use crate::emulator::timeline::{Event, Moment, Token};
use crate::emulator::trail::Deed;
use crate::resource::{BusinessStatus, RouterInterfaceId, Status};
use crate::signature::sha256_hex;

/// The calls that a repeat of which can be told by its ClientToken.
const TAKE_TOKENS: [&str; 4] =
    ["CreateRouterInterface", "DeleteExpressConnect", "DeleteRouterInterface", "ModifyRouterInterfaceSpec"];

/// One call.
#[derive(Clone, Copy)]
pub(super) struct Act<'a> {
    pub(super) now: Timestamp,
    pub(super) caller: &'a Caller,
    pub(super) request: &'a Request,
    pub(super) strike: &'a Strike,
}

/// What becomes of a call: the answer, and what happens.
type Deal = Result<(Answer, Vec<Event>), Refusal>;

impl<'a> Act<'a> {
    /// Returns a parameter that says something.
    fn asked(&self, name: &str) -> Option<&'a str> {
        self.request.parameter(name).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&'a str, Refusal> {
        self.asked(name).ok_or_else(|| Refusal::missing(name))
    }

    /// Reads a parameter that is true or false, and false where it is left out.
    fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.asked(name) {
            None => Ok(false),
            Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
            Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Refusal::new(400, format!("Invalid{name}"), format!("The parameter {name} is not valid."))),
        }
    }

    /// Begins an event of this call about an interface; `is_named` where the caller asked for just that.
    fn event(&self, id: &RouterInterfaceId, is_named: bool) -> Event {
        Event {
            request_id: Some(self.request.request_id.clone()),
            deed: is_named.then(|| Box::new(Deed::of_call(self.caller, self.request, None))),
            ..Event::of(id, &self.request.action, self.now)
        }
    }

    /// Says that an interface is another from now on.
    fn became(&self, id: &RouterInterfaceId, seed: InterfaceSeed) -> Event {
        Event { became: Some(Box::new(seed)), ..self.event(id, true) }
    }

    /// Works out what follows when an interface becomes `status`.
    fn moments(&self, interface: &Interface, status: Status) -> Vec<Moment> {
        let id = &interface.facts.id;
        interface.moments_from(self.now, status, self.strike.sticks(id), self.strike.flapping(id))
    }

    /// Reads the addresses of a health check: both or neither, each one of IPv4.
    fn health_check(&self, malformed: &'static str, alone: &'static str) -> Result<Option<HealthCheckSeed>, Refusal> {
        let text = "The health check needs a source and a target, each an IPv4 address.";
        match (self.asked("HealthCheckSourceIp"), self.asked("HealthCheckTargetIp")) {
            (None, None) => Ok(None),
            (Some(source), Some(target)) => {
                let are_addresses = [source, target].iter().all(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
                let check = || HealthCheckSeed::new(source, target);
                are_addresses.then(check).map(Some).ok_or_else(|| Refusal::bad(malformed, text))
            }
            _ => Err(Refusal::bad(alone, text)),
        }
    }

    /// Reads a name: 2 to 128 characters, a letter first.
    fn name(&self) -> Result<Option<&'a str>, Refusal> {
        let Some(name) = self.asked("Name") else { return Ok(None) };
        let has_form = (2..=128).contains(&name.chars().count())
            && name.starts_with(char::is_alphabetic)
            && name.chars().all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
        if has_form { Ok(Some(name)) } else { Err(Refusal::malformed_name()) }
    }

    /// Reads a description: 2 to 256 characters, no address of a page.
    fn description(&self) -> Result<Option<&'a str>, Refusal> {
        let Some(text) = self.asked("Description") else { return Ok(None) };
        let is_page = ["http://", "https://"].iter().any(|start| text.starts_with(start));
        let has_form = (2..=256).contains(&text.chars().count()) && !is_page;
        if has_form { Ok(Some(text)) } else { Err(Refusal::malformed_description()) }
    }

    /// Returns what the call asks for, whatever it was signed with: equal for a repeat and for nothing else.
    fn digest(&self) -> String {
        /// What differs from one sending of a request to the next, or says nothing of what is asked for.
        const OF_ONE_SENDING: [&str; 8] = [
            "AccessKeyId",
            "Format",
            "SecurityToken",
            "Signature",
            "SignatureMethod",
            "SignatureNonce",
            "SignatureVersion",
            "Timestamp",
        ];
        let is_asked = |name: &str| !OF_ONE_SENDING.contains(&name) && name != "SignatureType";
        let asked = self.request.parameters.iter().filter(|(name, value)| is_asked(name) && !value.is_empty());
        let text: String = asked.map(|(name, value)| format!("{}{name}={}{value}", name.len(), value.len())).collect();
        sha256_hex(text.as_bytes())
    }

    fn token(&self) -> Option<&'a str> {
        self.asked("ClientToken").filter(|_| TAKE_TOKENS.contains(&self.request.action.as_str()))
    }
}

impl World {
    /// Carries out one call of an interface's life.
    pub(super) fn live(&mut self, act: Act<'_>) -> Deal {
        self.region(act.request)?;
        if let Some(answer) = self.answered_before(&act)? {
            return Ok((answer, Vec::new()));
        }
        let (answer, mut events) = match act.request.action.as_str() {
            "CreateRouterInterface" => self.create(&act),
            "ConnectRouterInterface" => self.connect(&act),
            "ModifyRouterInterfaceAttribute" => self.modify(&act),
            "ModifyRouterInterfaceSpec" => self.resize(&act),
            "DeleteRouterInterface" => self.delete(&act),
            "DeleteExpressConnect" => self.delete_pair(&act),
            "ChangeResourceGroup" => self.change_group(&act),
            "TagResourcesForExpressConnect" => self.tag(&act),
            "UntagResourcesForExpressConnect" => self.untag(&act),
            _ => Err(Refusal::unknown_action()),
        }?;
        if let (Some(token), Some(first)) = (act.token(), events.first_mut()) {
            let order = if let Answer::Created { order, .. } = &answer { *order } else { None };
            first.token = Some(Box::new(Token { token: token.to_owned(), asked: act.digest(), order }));
        }
        events.iter().try_for_each(|event| self.replay(event)).ok_or_else(Refusal::unknown_interface)?;
        Ok((answer, events))
    }

    /// Returns what a call was answered that was accepted under the same ClientToken.
    fn answered_before(&self, act: &Act<'_>) -> Result<Option<Answer>, Refusal> {
        let Some(token) = act.token() else { return Ok(None) };
        let key = (act.caller.account.clone(), act.request.action.clone(), token.to_owned());
        let Some((asked, answer)) = self.tokens.get(&key) else { return Ok(None) };
        if *asked == act.digest() { Ok(Some(answer.clone())) } else { Err(Refusal::other_request_of_token()) }
    }

    /// Keeps the ClientToken of an event, and what was answered.
    pub(super) fn remember(&mut self, event: &Event) {
        let (Some(token), Some(deed)) = (&event.token, &event.deed) else { return };
        let specification = event.became.as_ref().and_then(|seed| seed.specification.clone());
        let answer = match event.cause.as_str() {
            "CreateRouterInterface" => Answer::Created { id: event.interface.clone(), order: token.order },
            "ModifyRouterInterfaceSpec" => Answer::Resized(specification.unwrap_or_default()),
            _ => Answer::Accepted,
        };
        let key = (deed.account.clone(), event.cause.clone(), token.token.clone());
        self.tokens.insert(key, (token.asked.clone(), answer));
    }

    /// Returns the interface that a call names, whoever owns it, if it is in the region.
    fn named(&self, act: &Act<'_>, parameter: &str) -> Result<&Interface, Refusal> {
        let region = self.region(act.request)?;
        let id = act.required(parameter)?;
        let found = self.population.get(id).filter(|interface| {
            interface.facts.region.as_str() == region && *interface.timeline.status_at(act.now) != Status::Deleted
        });
        found.ok_or_else(Refusal::unknown_interface)
    }

    /// Returns the other side of an interface, if it is in the world and not gone.
    fn other_side(&self, interface: &Interface, now: Timestamp) -> Option<&Interface> {
        let other = self.population.get(interface.facts.opposite.interface_id.as_ref()?.as_str())?;
        (*other.timeline.status_at(now) != Status::Deleted).then_some(other)
    }

    /// Refuses where something of the account is not paid for.
    fn refuse_debtors(&self, caller: &Caller, now: Timestamp) -> Result<(), Refusal> {
        let owes = self.population.iter().any(|interface| {
            interface.owner == caller.account
                && interface.facts.business_status == BusinessStatus::FinancialLocked
                && *interface.timeline.status_at(now) != Status::Deleted
        });
        if owes { Err(Refusal::bills_outstanding()) } else { Ok(()) }
    }

    /// Refuses what the vendor has locked.
    fn refuse_locked(&self, interface: &Interface) -> Result<(), Refusal> {
        match interface.facts.business_status {
            BusinessStatus::Normal => Ok(()),
            BusinessStatus::FinancialLocked => Err(Refusal::financial_locked(self.error_codes)),
            BusinessStatus::SecurityLocked | BusinessStatus::Unknown(_) => Err(Refusal::operation_locked()),
        }
    }

    /// Returns whether anything but the named interfaces connects two routers.
    fn are_connected(&self, routers: [Option<&str>; 2], now: Timestamp) -> bool {
        self.population.iter().any(|interface| {
            let facts = &interface.facts;
            let ends = [facts.router_id.as_deref(), facts.opposite.router_id.as_deref()];
            let is_between = ends == routers || ends == [routers[1], routers[0]];
            is_between && !matches!(interface.timeline.status_at(now), Status::Idle | Status::Deleted)
        })
    }
}

/// Returns whether a health check can be had: it is of the VPC's side of a link to a border router.
fn can_be_probed(router_type: Option<&str>, opposite_router_type: Option<&str>) -> bool {
    (router_type, opposite_router_type) == (Some("VRouter"), Some("VBR"))
}

/// Tells whether details say that an interface is paid for in advance.
fn is_prepaid(details: &Details) -> bool {
    details.charge == ChargeSeed::PrePaid
}
