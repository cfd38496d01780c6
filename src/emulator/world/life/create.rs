//! CreateRouterInterface: an interface, or with FastLinkMode both sides of a link.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::tags::numbered_pairs;
use super::{Act, Deal, can_be_probed};
use crate::emulator::answer::Answer;
use crate::emulator::details::{NEGATIVE, bandwidth};
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::seed::{ChargeSeed, ElsewhereSeed, InterfaceSeed, OppositeSeed};
use crate::emulator::timeline::{Event, Moment};
use crate::emulator::world::World;
use crate::resource::{AccountId, HealthCheckStatus, Region, Role, RouterInterfaceId, Status};
use crate::signature::sha256_hex;

/// How many interfaces a router has at most.
const MOST_ON_ROUTER: usize = 5;

/// What is to be made, on what, towards what.
struct Sides<'a> {
    role: Role,
    router_type: &'a str,
    router: &'a str,
    specification: &'a str,
    opposite_region: &'a str,
    opposite_type: &'a str,
}

impl World {
    pub(super) fn create(&self, act: &Act<'_>) -> Deal {
        let seed = self.wanted(act)?;
        self.refuse_debtors(act.caller, act.now)?;
        self.refuse_routers(act, &seed)?;
        let id = RouterInterfaceId::from(format!("ri-{}", name_of(&act.request.request_id)));
        let is_prepaid = seed.charge == ChargeSeed::PrePaid;
        let order = is_prepaid.then(|| order_of(&id));
        let answer = Answer::Created { id: id.clone(), order };
        if is_prepaid && !act.flag("AutoPay")? {
            // An order that nobody has paid: the interface never comes.
            return Ok((answer, vec![act.event(&id, true)]));
        }
        if act.flag("FastLinkMode")? {
            return Ok((answer, self.fast_link(act, InterfaceSeed { id, ..seed })?));
        }
        let moments = vec![Moment { at: act.now, status: Status::Idle }];
        let created = act.became(&id, InterfaceSeed { id: id.clone(), ..seed });
        Ok((answer, vec![Event { moments, ..created }]))
    }

    /// Reads what is to be made; its id is not known yet.
    fn wanted(&self, act: &Act<'_>) -> Result<InterfaceSeed, Refusal> {
        let sides = self.sides(act)?;
        let access_point = access_point(act, "AccessPointId", sides.router_type)?;
        let opposite_access_point = access_point_of_opposite(act, sides.opposite_type)?;
        let health_check = act.health_check("IllegalParam.HealthcheckIp", "IllegalParam.HealthcheckIp")?;
        if health_check.is_some() && !can_be_probed(Some(sides.router_type), Some(sides.opposite_type)) {
            let text = "The health check is of the VPC's side of a link to a VBR.";
            return Err(Refusal::bad("OperationFailed.HcForInvalidRiType", text));
        }
        let (charge, ends) = charge(act, sides.role)?;
        let health = match health_check {
            Some(_) => HealthCheckStatus::Normal,
            None => HealthCheckStatus::NoHealthCheckConfig,
        };
        let opposite = ElsewhereSeed {
            id: act.asked("OppositeInterfaceId").map(RouterInterfaceId::from),
            region: Some(Region::from(sides.opposite_region)),
            account: act.asked("OppositeInterfaceOwnerId").map(AccountId::from),
            router: act.asked("OppositeRouterId").map(str::to_owned),
            router_type: Some(sides.opposite_type.to_owned()),
            access_point: opposite_access_point.map(str::to_owned),
            ..ElsewhereSeed::default()
        };
        Ok(InterfaceSeed {
            region: act.asked("RegionId").map(Region::from),
            account: Some(act.caller.account.clone()),
            role: Some(sides.role),
            opposite: Some(OppositeSeed::Elsewhere(opposite)),
            name: act.name()?.map(str::to_owned),
            description: act.description()?.map(str::to_owned),
            router: Some(sides.router.to_owned()),
            router_type: Some(sides.router_type.to_owned()),
            specification: Some(sides.specification.to_owned()),
            health_check_status: Some(health),
            resource_group: act.asked("ResourceGroupId").map(str::to_owned),
            tags: numbered_pairs(act, "Tags")?.into_iter().collect::<BTreeMap<_, _>>(),
            settle: Some(self.settle),
            access_point: access_point.map(str::to_owned),
            health_check,
            charge,
            created: Some(act.now),
            ends,
            ..InterfaceSeed::new("")
        })
    }

    /// Reads which side of what is to be made.
    fn sides<'a>(&self, act: &Act<'a>) -> Result<Sides<'a>, Refusal> {
        let wrong_role = || Refusal::bad("InvalidRole.ValueNotSupported", "The specified Role is not supported.");
        let role = match act.required("Role")? {
            "InitiatingSide" => Role::InitiatingSide,
            "AcceptingSide" => Role::AcceptingSide,
            _ => return Err(wrong_role()),
        };
        let router_type = router_type(act.required("RouterType")?)?;
        let router = act.required("RouterId")?;
        let specification = act.required("Spec")?;
        let opposite_region = act.required("OppositeRegionId")?;
        if !self.regions.contains(opposite_region) {
            return Err(Refusal::unknown_region());
        }
        let opposite_type = act.asked("OppositeRouterType").map_or(Ok("VRouter"), router_type_of_opposite)?;
        // A border router only begins a link.
        let needed = [(router_type, Role::InitiatingSide), (opposite_type, Role::AcceptingSide)];
        if needed.iter().any(|(kind, needed)| *kind == "VBR" && role != *needed) {
            return Err(wrong_role());
        }
        if bandwidth(specification).is_none() || (role == Role::AcceptingSide) != (specification == NEGATIVE) {
            return Err(Refusal::bad("InvalidSpec.ValudNotSupported", "The specified Spec is not supported."));
        }
        Ok(Sides { role, router_type, router, specification, opposite_region, opposite_type })
    }

    /// Refuses routers that are not there, have no room, or are connected already.
    fn refuse_routers(&self, act: &Act<'_>, seed: &InterfaceSeed) -> Result<(), Refusal> {
        let router = seed.router.as_deref().unwrap_or_default();
        let start = if seed.router_type.as_deref() == Some("VBR") { "vbr-" } else { "vrt-" };
        let is_named_so = router.strip_prefix(start).is_some_and(|stem| !stem.is_empty());
        // A router is known by its interfaces; any other may be there.
        let of_router =
            || self.population.iter().filter(|interface| interface.facts.router_id.as_deref() == Some(router));
        let is_elsewhere = of_router().any(|interface| {
            interface.owner != act.caller.account || Some(&interface.facts.region) != seed.region.as_ref()
        });
        if !is_named_so || is_elsewhere {
            return Err(Refusal::unknown_router());
        }
        let there = of_router().filter(|interface| *interface.timeline.status_at(act.now) != Status::Deleted);
        if there.count() >= MOST_ON_ROUTER {
            let text = "The number of router interfaces on the router exceeds the limit.";
            return Err(Refusal::bad("LimitationExceed.InterfaceNumberOnRouter", text));
        }
        let opposite = act.asked("OppositeRouterId");
        if opposite.is_some() && self.are_connected([Some(router), opposite], act.now) {
            let text = "The Specified routers have a connection already";
            return Err(Refusal::bad("HaveConnectionBetweenRouters", text));
        }
        Ok(())
    }

    /// Makes both sides of a link, which connect by themselves.
    fn fast_link(&self, act: &Act<'_>, seed: InterfaceSeed) -> Result<Vec<Event>, Refusal> {
        let needed = ["OppositeRouterType", "OppositeRouterId", "OppositeInterfaceOwnerId"];
        if let Some(name) = needed.iter().find(|name| act.asked(name).is_none()) {
            return Err(Refusal::null(name));
        }
        let Some(OppositeSeed::Elsewhere(opposite)) = seed.opposite.clone() else {
            return Err(Refusal::null("OppositeRouterId"));
        };
        if (seed.router_type.as_deref(), opposite.router_type.as_deref()) != (Some("VBR"), Some("VRouter")) {
            let text = "FastLinkMode is of a VBR that connects to a VRouter.";
            return Err(Refusal::bad("InvalidRouterType.ValueNotSupported", text));
        }
        if opposite.account.as_ref().is_some_and(|account| *account != act.caller.account) {
            let text = "The instance of another account cannot be connected.";
            return Err(Refusal::bad("OperationFailed.CannotConnectOtherOwnerInstance", text));
        }
        let other =
            RouterInterfaceId::from(format!("ri-{}", name_of(&format!("{} other side", act.request.request_id))));
        let acceptor = InterfaceSeed {
            id: other.clone(),
            region: opposite.region.clone(),
            role: Some(Role::AcceptingSide),
            opposite: Some(OppositeSeed::Elsewhere(ElsewhereSeed {
                id: Some(seed.id.clone()),
                region: seed.region.clone(),
                router: seed.router.clone(),
                router_type: seed.router_type.clone(),
                access_point: seed.access_point.clone(),
                ..ElsewhereSeed::default()
            })),
            router: opposite.router.clone(),
            router_type: opposite.router_type.clone(),
            specification: Some(NEGATIVE.to_owned()),
            charge: ChargeSeed::PostPaid,
            ends: None,
            access_point: None,
            fast_link: true,
            ..seed.clone()
        };
        self.refuse_routers(act, &acceptor)?;
        let opposite = Some(OppositeSeed::Elsewhere(ElsewhereSeed { id: Some(other), ..opposite }));
        let initiator = InterfaceSeed { opposite, fast_link: true, ..seed };
        let sides = [(initiator, Status::Connecting, true), (acceptor, Status::AcceptingConnecting, false)];
        Ok(sides.map(|(seed, status, is_named)| self.born(act, seed, status, is_named)).into())
    }

    fn born(&self, act: &Act<'_>, seed: InterfaceSeed, status: Status, is_named: bool) -> Event {
        let interface = Interface::of_log(seed.clone(), &self.main_account, &Region::from(""));
        let moments = act.moments(&interface, status);
        let became = Some(Box::new(seed));
        Event { became, moments, ..act.event(&interface.facts.id, is_named) }
    }
}

fn router_type(word: &str) -> Result<&str, Refusal> {
    let text = "The specified RouterType is not supported.";
    let is_known = ["VRouter", "VBR"].contains(&word);
    is_known.then_some(word).ok_or_else(|| Refusal::bad("InvalidRouterType.ValueNotSupported", text))
}

pub(super) fn router_type_of_opposite(word: &str) -> Result<&str, Refusal> {
    let text = "The specified OppositeRouterType is not supported.";
    router_type(word).map_err(|_| Refusal::bad("InvalidOppositeRouterType.ValueNotSupported", text))
}

/// Reads an access point: a border router needs one, a VPC's has none.
fn access_point<'a>(act: &Act<'a>, name: &str, router_type: &str) -> Result<Option<&'a str>, Refusal> {
    match (router_type, act.asked(name)) {
        ("VBR", None) => Err(Refusal::null(name)),
        ("VBR", Some(id)) if !id.starts_with("ap-") => {
            Err(Refusal::bad("InvalidAccessPoint.NotExist", "The specified access point does not exist."))
        }
        ("VRouter", Some(_)) => {
            let text = "The access point is not allowed for a VRouter.";
            Err(Refusal::bad("InvalidAccessPoint.ValueNotAllowed", text))
        }
        (_, found) => Ok(found),
    }
}

/// Reads the other side's access point, which counts only where a border router is there.
fn access_point_of_opposite<'a>(act: &Act<'a>, router_type: &str) -> Result<Option<&'a str>, Refusal> {
    if router_type == "VBR" { access_point(act, "OppositeAccessPointId", router_type) } else { Ok(None) }
}

/// Reads how it is paid for, and until when.
fn charge(act: &Act<'_>, role: Role) -> Result<(ChargeSeed, Option<Timestamp>), Refusal> {
    let malformed = || {
        let text = "The specified InstanceChargeType, Period or PricingCycle is not valid.";
        Refusal::bad("InvalidRouterInterfaceChargeType.Malformed", text)
    };
    match act.asked("InstanceChargeType") {
        None | Some("PostPaid") => return Ok((ChargeSeed::PostPaid, None)),
        Some("PrePaid") => {}
        Some(_) => return Err(malformed()),
    }
    if role == Role::AcceptingSide {
        let text = "The AcceptingSide does not support PrePaid.";
        return Err(Refusal::bad("Forbidden.AcceptRoleNotSupportPrePay", text));
    }
    let period: i64 = act.required("Period")?.parse().map_err(|_| malformed())?;
    let days = match act.asked("PricingCycle") {
        None | Some("Month") if (1..=9).contains(&period) => 30 * period,
        Some("Year") if (1..=3).contains(&period) => 365 * period,
        _ => return Err(malformed()),
    };
    let end = act.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
    Ok((ChargeSeed::PrePaid, Some(end)))
}

/// Makes what follows `ri-`, always the same for the same text.
fn name_of(text: &str) -> String {
    const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digest = sha256_hex(text.as_bytes());
    let letters = digest.as_bytes().chunks(3).take(18).map(|part| {
        let number = std::str::from_utf8(part).ok().and_then(|part| usize::from_str_radix(part, 16).ok());
        char::from(LETTERS[number.unwrap_or_default() % LETTERS.len()])
    });
    format!("2ze{}", letters.collect::<String>())
}

fn order_of(id: &RouterInterfaceId) -> u64 {
    let digest = sha256_hex(id.as_str().as_bytes());
    200_000_000_000_000 + u64::from_str_radix(&digest[..10], 16).unwrap_or_default()
}
