//! What each action does: [`World::handle`] and everything behind it.

use std::time::Duration;

use jiff::Timestamp;

use super::change::mutating_call;
use super::life::Act;
use super::{Counts, World, events, metrics, routes};
use crate::emulator::answer::{Answer, Delivery, Reply};
use crate::emulator::caller::Caller;
use crate::emulator::describe::Query;
use crate::emulator::faults::{Facts, Interruption, Strike};
use crate::emulator::refusal::Refusal;
use crate::emulator::request::{CMS_VERSION, ECS_VERSION, LIFE, Request, STS_VERSION, TRAIL_VERSION, VPC_VERSION};
use crate::emulator::seed::ConsoleSeed;
use crate::emulator::sts::Assumption;
use crate::emulator::timeline::Event;
use crate::emulator::trail::Deed;
use crate::resource::{Region, RouterInterfaceId};

impl World {
    /// Answers one call. `caller` is `None` for the one action that is not signed.
    pub fn handle(&mut self, now: Timestamp, caller: Option<&Caller>, request: &Request) -> Reply {
        // Processes that share a world read their clocks before they get their turn.
        let now = now.max(self.latest);
        let strike = self.strike(caller, request);
        let flips: Vec<ConsoleSeed> = strike.flips().cloned().collect();
        let mut events: Vec<Event> = flips.iter().filter_map(|flip| self.flip(now, now, flip)).collect();
        let flipped = events.len();
        let mut over_quota = false;
        let (answer, delivery) = match strike.interruption(false) {
            Some(Interruption::Refuse(refusal)) => (Answer::Refused(refusal), Delivery::Whole),
            Some(Interruption::Spoil(delivery)) => (Answer::Accepted, delivery),
            None => {
                let answer = self
                    .admit(now, caller, request)
                    .inspect_err(|refusal| over_quota = refusal.code == "Throttling.User")
                    .and_then(|()| self.answer(now, caller, request, &strike, &mut events))
                    .unwrap_or_else(|refusal| Answer::Refused(refusal.worded_for(&request.action)));
                match strike.interruption(true) {
                    Some(Interruption::Refuse(refusal)) => (Answer::Refused(refusal), Delivery::Whole),
                    Some(Interruption::Spoil(delivery)) => (answer, delivery),
                    None => (answer, Delivery::Whole),
                }
            }
        };
        let is_done = events.len() > flipped;
        let has_moved = events[flipped..].iter().any(Event::moves);
        if let (Answer::Refused(refusal), Some(caller), false) = (&answer, caller, is_done) {
            events.extend(self.refused_deed(now, caller, request, refusal));
        }
        let counts = self.counts_of(caller, request);
        counts.received += 1;
        counts.mutated += u64::from(has_moved);
        counts.refused += u64::from(matches!(answer, Answer::Refused(_)));
        counts.over_quota += u64::from(over_quota);
        Reply { answer, delivery, latency: self.next_latency() + strike.delay(), events }
    }

    /// Notes that a mutating call was refused, which moves nothing and is told by ActionTrail all the same.
    fn refused_deed(&mut self, now: Timestamp, caller: &Caller, request: &Request, refusal: &Refusal) -> Option<Event> {
        let is_mutating = mutating_call(request).is_some() || LIFE.contains(&request.action.as_str());
        if !is_mutating || request.version != VPC_VERSION {
            return None;
        }
        let id = RouterInterfaceId::from(request.interface().unwrap_or_default());
        let event = Event {
            request_id: Some(request.request_id.clone()),
            deed: Some(Box::new(Deed::of_call(caller, request, Some(refusal)))),
            ..Event::of(&id, &request.action, now)
        };
        self.replay(&event)?;
        Some(event)
    }

    /// Returns the region that a call is about: the one that it names, or that of the first interface that it names.
    fn region_meant<'r>(&'r self, request: &'r Request) -> &'r str {
        let of_interface = || {
            let id = events::interface_of(request)?;
            Some(self.population.get(id)?.facts.region.as_str())
        };
        request.parameter("RegionId").or_else(of_interface).unwrap_or_default()
    }

    /// Returns how long the next answer takes.
    fn next_latency(&mut self) -> Duration {
        self.answers += 1;
        let tail = self.latency_tail.filter(|tail| self.answers.is_multiple_of(tail.every.max(1)));
        tail.map_or(self.latency, |tail| tail.latency)
    }

    pub(super) fn counts_of(&mut self, caller: Option<&Caller>, request: &Request) -> &mut Counts {
        let account = caller.map_or_else(|| self.main_account.clone(), |caller| caller.account.clone());
        let region = Region::from(self.region_meant(request));
        self.counts.entry((account, region, request.action.clone())).or_default()
    }

    fn strike(&mut self, caller: Option<&Caller>, request: &Request) -> Strike {
        let named = match request.action.as_str() {
            "DescribeRouterInterfaces" => Query::ids(&request.parameters),
            "DescribeMetricLast" => metrics::instances(request).ok().flatten(),
            "LookupEvents" => Some(events::interface_of(request).map(str::to_owned).into_iter().collect()),
            _ => Some(request.interfaces().into_iter().map(str::to_owned).collect()),
        };
        let region = Some(self.region_meant(request).to_owned()).filter(|region| !region.is_empty());
        let region = region.as_deref();
        let (population, tables) = (&self.population, &self.tables);
        let is_of_routes = ["DescribeRouteTableList", "DescribeRouteEntryList"].contains(&request.action.as_str());
        let is_about = |id: &RouterInterfaceId| match &named {
            _ if is_of_routes => routes::is_about((population, tables), request, id),
            Some(ids) => ids.iter().any(|named| named == id.as_str()),
            None => {
                population.get(id.as_str()).is_some_and(|interface| Some(interface.facts.region.as_str()) == region)
            }
        };
        let moved_along = self.moved_along(request).map(|mate| mate.facts.id.clone());
        self.faults.strike(&Facts {
            account: caller.map(|caller| &caller.account),
            region,
            action: &request.action,
            is_about: &is_about,
            moved_along: moved_along.as_ref(),
        })
    }

    /// Checks permission and quota.
    fn admit(&mut self, now: Timestamp, caller: Option<&Caller>, request: &Request) -> Result<(), Refusal> {
        let Some(caller) = caller else { return Ok(()) };
        let denies = |actions: &Vec<String>| actions.iter().any(|action| *action == request.action || action == "*");
        if self.accounts.get(&caller.account).is_some_and(denies)
            || self.keys.get(&caller.access_key_id).is_some_and(|key| denies(&key.deny))
        {
            return Err(match request.action.as_str() {
                // As policies name it, which is not as the API does.
                "DescribeMetricLast" => Refusal::forbidden_to(caller, "cms:QueryMetricLast".to_owned()),
                action => Refusal::denied_to(caller, format!("{}:{action}", request.service())),
            });
        }
        // STS's own quota is not modelled.
        if request.version != STS_VERSION {
            let region = self.region_meant(request).to_owned();
            let counted = self.quota.admit(now, [caller.account.as_str(), &region, &request.action]);
            counted.map_err(Refusal::throttled)?;
        }
        Ok(())
    }

    fn answer(
        &mut self,
        now: Timestamp,
        caller: Option<&Caller>,
        request: &Request,
        strike: &Strike,
        events: &mut Vec<Event>,
    ) -> Result<Answer, Refusal> {
        match (request.version.as_str(), request.action.as_str(), caller) {
            (STS_VERSION, "AssumeRoleWithOIDC", _) => {
                for name in ["OIDCProviderArn", "OIDCToken"] {
                    request.parameter(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::missing(name))?;
                }
                self.assume_role(now, request)
            }
            (STS_VERSION, "AssumeRole", Some(_)) => self.assume_role(now, request),
            (STS_VERSION, "GetCallerIdentity", Some(caller)) => Ok(Answer::Identity(caller.clone())),
            (VPC_VERSION | ECS_VERSION, "DescribeRegions", Some(_)) => {
                Ok(Answer::Regions(self.regions.iter().cloned().collect()))
            }
            (VPC_VERSION, "DescribeRouterInterfaces", Some(caller)) => self.list(now, caller, request, strike),
            (VPC_VERSION, "DescribeRouterInterfaceAttribute", Some(caller)) => {
                self.attribute(now, caller, request, strike)
            }
            (VPC_VERSION, "DescribeRouteTableList", Some(caller)) => self.route_tables(caller, request, strike),
            (VPC_VERSION, "DescribeRouteEntryList", Some(caller)) => self.route_entries(now, caller, request, strike),
            (VPC_VERSION, "ActivateRouterInterface" | "DeactivateRouterInterface", Some(caller)) => {
                events.extend(self.change(now, caller, request, strike)?);
                Ok(Answer::Accepted)
            }
            (VPC_VERSION, "ListTagResourcesForExpressConnect", Some(caller)) => {
                self.list_tags(&Act { now, caller, request, strike })
            }
            (VPC_VERSION, action, Some(caller)) if LIFE.contains(&action) => {
                let (answer, caused) = self.live(Act { now, caller, request, strike })?;
                events.extend(caused);
                Ok(answer)
            }
            (CMS_VERSION, "DescribeMetricLast", Some(caller)) => self.metric_last(now, caller, request, strike),
            (TRAIL_VERSION, "LookupEvents", Some(caller)) => self.lookup_events(now, caller, request, strike),
            (VPC_VERSION | ECS_VERSION | STS_VERSION | CMS_VERSION | TRAIL_VERSION, _, _) => {
                Err(Refusal::unknown_action())
            }
            _ => Err(Refusal::unknown_version()),
        }
    }

    fn assume_role(&self, now: Timestamp, request: &Request) -> Result<Answer, Refusal> {
        let assumption = Assumption::parse(&request.parameters)?;
        if !self.accounts.contains_key(&assumption.account) {
            return Err(Refusal::unknown_role(&assumption.arn));
        }
        Ok(Answer::Credentials(Box::new(assumption.issue(now, &request.request_id))))
    }

    /// Returns the region that a request names, if it exists.
    pub(super) fn region<'r>(&self, request: &'r Request) -> Result<&'r str, Refusal> {
        let region = request.parameter("RegionId").ok_or_else(|| Refusal::missing("RegionId"))?;
        self.regions.contains(region).then_some(region).ok_or_else(Refusal::unknown_region)
    }
}
