//! What each action does: [`World::handle`] and everything behind it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Caller, Counts, Listing, Reply, Request, Row, STS_VERSION, VPC_VERSION, World};
use crate::emulator::describe::Query;
use crate::emulator::faults::{ConsoleSeed, Delivery, Facts, FaultKind, Interruption, Strike};
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::sts::Assumption;
use crate::emulator::timeline::Event;
use crate::resource::{BusinessStatus, Region, RouterInterfaceId, Status};

impl World {
    /// Answers one call. `caller` is `None` for the one action that is not signed.
    pub fn handle(&mut self, now: Timestamp, caller: Option<&Caller>, request: &Request) -> Reply {
        // Processes that share a world read their clocks before they get their turn.
        let now = now.max(self.latest);
        let strike = self.strike(caller, request);
        let flips: Vec<ConsoleSeed> = strike.flips().cloned().collect();
        let mut events: Vec<Event> =
            flips.iter().filter_map(|flip| self.flip(now, now, &flip.interface, &flip.status)).collect();
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
                    .unwrap_or_else(Answer::Refused);
                match strike.interruption(true) {
                    Some(Interruption::Refuse(refusal)) => (Answer::Refused(refusal), Delivery::Whole),
                    Some(Interruption::Spoil(delivery)) => (answer, delivery),
                    None => (answer, Delivery::Whole),
                }
            }
        };
        let counts = self.counts_of(caller, request);
        counts.received += 1;
        counts.mutated += u64::from(events.len() > flipped);
        counts.refused += u64::from(matches!(answer, Answer::Refused(_)));
        counts.over_quota += u64::from(over_quota);
        Reply { answer, delivery, latency: self.latency + strike.delay(), events }
    }

    fn counts_of(&mut self, caller: Option<&Caller>, request: &Request) -> &mut Counts {
        let account = caller.map_or_else(|| self.main_account.clone(), |caller| caller.account.clone());
        let region = Region::from(request.parameter("RegionId").unwrap_or_default());
        self.counts.entry((account, region, request.action.clone())).or_default()
    }

    fn strike(&mut self, caller: Option<&Caller>, request: &Request) -> Strike {
        let named = match request.action.as_str() {
            "DescribeRouterInterfaces" => Query::ids(&request.parameters),
            _ => Some(request.interface().map(str::to_owned).into_iter().collect()),
        };
        let region = request.parameter("RegionId");
        let interfaces = &self.interfaces;
        let is_about = |id: &RouterInterfaceId| match &named {
            Some(ids) => ids.iter().any(|named| named == id.as_str()),
            None => interfaces.get(id).is_some_and(|interface| Some(interface.facts.region.as_str()) == region),
        };
        self.faults.strike(&Facts {
            account: caller.map(|caller| &caller.account),
            region,
            action: &request.action,
            is_about: &is_about,
        })
    }

    /// Checks permission and quota.
    fn admit(&mut self, now: Timestamp, caller: Option<&Caller>, request: &Request) -> Result<(), Refusal> {
        let Some(caller) = caller else { return Ok(()) };
        let denies = |actions: &Vec<String>| actions.iter().any(|action| *action == request.action || action == "*");
        if self.accounts.get(&caller.account).is_some_and(denies)
            || self.keys.get(&caller.access_key_id).is_some_and(|key| denies(&key.deny))
        {
            let service = if request.version == STS_VERSION { "sts" } else { "vpc" };
            return Err(Refusal::denied_to(caller, format!("{service}:{}", request.action)));
        }
        let region = request.parameter("RegionId").unwrap_or_default();
        if request.version == VPC_VERSION && !self.quota.admits(now, [caller.account.as_str(), region, &request.action])
        {
            return Err(Refusal::throttled(None));
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
            (VPC_VERSION, "DescribeRegions", Some(_)) => Ok(Answer::Regions(self.regions.iter().cloned().collect())),
            (VPC_VERSION, "DescribeRouterInterfaces", Some(caller)) => self.list(now, caller, request, strike),
            (VPC_VERSION, "DescribeRouterInterfaceAttribute", Some(caller)) => {
                self.attribute(now, caller, request, strike)
            }
            (VPC_VERSION, "ActivateRouterInterface" | "DeactivateRouterInterface", Some(caller)) => {
                events.push(self.change(now, caller, request, strike)?);
                Ok(Answer::Accepted)
            }
            (VPC_VERSION | STS_VERSION, _, _) => Err(Refusal::unknown_action()),
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

    fn region<'r>(&self, request: &'r Request) -> Result<&'r str, Refusal> {
        let region = request.parameter("RegionId").ok_or_else(|| Refusal::missing("RegionId"))?;
        self.regions.contains(region).then_some(region).ok_or_else(Refusal::unknown_region)
    }

    fn list(&self, now: Timestamp, caller: &Caller, request: &Request, strike: &Strike) -> Result<Answer, Refusal> {
        let region = Region::from(self.region(request)?);
        let query = Query::parse(&request.parameters)?;
        let seen_at = earlier(now, strike.staleness());
        let ids = self.listings.get(&(caller.account.clone(), region)).map_or(&[][..], Vec::as_slice);
        let matching: Vec<&Interface> = ids
            .iter()
            .filter_map(|id| self.interfaces.get(id))
            .filter(|interface| {
                let status = interface.timeline.status_at(seen_at);
                *status != Status::Deleted && query.selects(interface, status)
            })
            .collect();
        let start = (query.page_number - 1).saturating_mul(query.page_size).min(matching.len());
        let end = (start + query.page_size).min(matching.len());
        let mut listing = Listing {
            rows: matching[start..end].iter().map(|interface| self.row(interface, seen_at)).collect(),
            page_number: query.page_number,
            page_size: query.page_size,
            total_count: matching.len(),
        };
        for (kind, target) in strike.of_reads() {
            match kind {
                FaultKind::TotalCount(count) => listing.total_count = *count as usize,
                FaultKind::ShortPage(missing) => listing.rows.truncate(listing.rows.len().saturating_sub(*missing)),
                FaultKind::DuplicateRow if start > 0 => {
                    listing.rows.insert(0, self.row(matching[start - 1], seen_at));
                    listing.rows.truncate(query.page_size);
                }
                _ => listing.rows.iter_mut().for_each(|row| self.distort(row, kind, target)),
            }
        }
        Ok(Answer::Listing(listing))
    }

    fn attribute(
        &self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Answer, Refusal> {
        let region = self.region(request)?;
        let id = request.parameter("InstanceId").ok_or_else(|| Refusal::missing("InstanceId"))?;
        if id.is_empty() {
            return Err(Refusal::empty_parameter("InstanceId"));
        }
        let seen_at = earlier(now, strike.staleness());
        let found = self.interfaces.get(id).filter(|interface| {
            interface.owner == caller.account
                && interface.facts.region.as_str() == region
                && *interface.timeline.status_at(seen_at) != Status::Deleted
        });
        Ok(Answer::Attribute(found.map(|interface| {
            let mut row = self.row(interface, seen_at);
            strike.of_reads().for_each(|(kind, target)| self.distort(&mut row, kind, target));
            Box::new(row)
        })))
    }

    fn row(&self, interface: &Interface, at: Timestamp) -> Row {
        let mut observed = interface.facts.clone();
        observed.status = interface.timeline.status_at(at).clone();
        let opposite = observed.opposite.interface_id.as_ref().and_then(|id| self.interfaces.get(id));
        if let Some(opposite) = opposite {
            observed.opposite.status = Some(opposite.timeline.status_at(at).clone());
        }
        Row {
            observed,
            owner: interface.owner.clone(),
            resource_group: interface.resource_group.clone(),
            tags: interface.tags.clone(),
        }
    }

    fn distort(&self, row: &mut Row, kind: &FaultKind, target: Option<&RouterInterfaceId>) {
        if target.is_some_and(|target| *target != row.observed.id) {
            return;
        }
        match kind {
            FaultKind::StatusWord(word) => row.observed.status = Status::Unknown(word.as_str().into()),
            FaultKind::OtherId => {
                let mut others = self.interfaces.keys().filter(|id| **id != row.observed.id);
                row.observed.id =
                    others.next().cloned().unwrap_or_else(|| RouterInterfaceId::from(format!("{}x", row.observed.id)));
            }
            _ => {}
        }
    }

    /// Activates or deactivates (docs/reference/api.md#deactivate, docs/reference/api.md#activate). The pages do not
    /// say which of several reasons to refuse is given.
    fn change(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Event, Refusal> {
        let region = self.region(request)?;
        let id = request.parameter("RouterInterfaceId").ok_or_else(|| Refusal::missing("RouterInterfaceId"))?;
        let interface = self.interfaces.get(id).ok_or_else(Refusal::unknown_interface)?;
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

fn earlier(instant: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| instant.checked_sub(by).ok()).unwrap_or(Timestamp::MIN)
}
