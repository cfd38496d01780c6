//! What reads show: pages of a listing, one interface's attributes, and what faults make of both.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::World;
use crate::emulator::answer::{Answer, Listing, Row};
use crate::emulator::caller::Caller;
use crate::emulator::describe::Query;
use crate::emulator::details::CREATED;
use crate::emulator::faults::Strike;
use crate::emulator::interface::Interface;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::seed::FaultKind;
use crate::resource::{Observed, Region, RouterInterfaceId, Status};

impl World {
    /// Shows one page of a listing.
    pub(super) fn list(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Answer, Refusal> {
        let region = Region::from(self.region(request)?);
        let query = Query::parse(&request.parameters, self.max_filter_values)?;
        let tells_reservations = request.parameter("IncludeReservationData").is_some_and(|word| word == "true");
        let seen_at = earlier(now, strike.staleness());
        let selected = self.population.select((caller.account.clone(), region), &query, seen_at);
        let row = |rank: usize| {
            let interface = self.population.nth(&selected, rank)?;
            let mut row = self.row(interface, seen_at);
            row.details.reservation = row.details.reservation.filter(|_| tells_reservations);
            Some(row)
        };
        let start = (query.page_number - 1).saturating_mul(query.page_size).min(selected.count);
        let end = (start + query.page_size).min(selected.count);
        let mut listing = Listing {
            rows: (start..end).filter_map(row).collect(),
            page_number: query.page_number,
            page_size: query.page_size,
            total_count: selected.count,
        };
        let looked_at = selected.looked_at + listing.rows.len();
        for (kind, target) in strike.of_reads() {
            match kind {
                FaultKind::TotalCount(count) => listing.total_count = *count as usize,
                FaultKind::ShortPage(missing) => listing.rows.truncate(listing.rows.len().saturating_sub(*missing)),
                FaultKind::DuplicateRow => {
                    if let Some(row) = start.checked_sub(1).and_then(row) {
                        listing.rows.insert(0, row);
                        listing.rows.truncate(query.page_size);
                    }
                }
                _ => listing.rows.iter_mut().for_each(|row| self.distort(row, kind, target)),
            }
        }
        self.counts_of(Some(caller), request).looked_at += looked_at as u64;
        Ok(Answer::Listing(listing))
    }

    /// Shows one interface, or that there is none.
    pub(super) fn attribute(
        &self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Answer, Refusal> {
        let region = self.region(request)?;
        let id = request.parameter("InstanceId").ok_or_else(|| Refusal::missing("InstanceId"))?;
        if id.is_empty() {
            return Err(Refusal::empty_parameter());
        }
        let seen_at = earlier(now, strike.staleness());
        let found = self.population.get(id).filter(|interface| {
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

    /// Shows an interface as it is at an instant, and its other end as that is then.
    pub(super) fn row(&self, interface: &Interface, at: Timestamp) -> Row {
        let shown = interface.as_of(at);
        let mut observed = shown.facts.clone();
        observed.status = interface.timeline.status_at(at).clone();
        let opposite = observed.opposite.interface_id.as_ref().and_then(|id| self.population.get(id.as_str()));
        let mut opposite_specification = None;
        if let Some(opposite) = opposite {
            let facts = &opposite.as_of(at).facts;
            opposite_specification = facts.specification.clone();
            observed.opposite.business_status = Some(facts.business_status.clone());
            // Nothing is told of it while the two are not connected.
            let is_connected = observed.status != Status::Idle;
            observed.opposite.status = is_connected.then(|| opposite.timeline.status_at(at).clone());
        }
        let mut details = shown.details.clone();
        if let (None, Some(opposite)) = (&details.opposite_access_point, opposite) {
            details.opposite_access_point = opposite.as_of(at).details.access_point.clone();
        }
        let created = shown.details.created.unwrap_or(CREATED);
        let changed = interface.past.iter().map(|(until, _)| *until).rfind(|until| *until <= at);
        let turned = interface.timeline.last_turn(at);
        Row {
            observed,
            owner: interface.owner.clone(),
            resource_group: shown.resource_group.clone(),
            tags: shown.tags.clone(),
            health: shown.health.clone(),
            details,
            connected: connected(interface, at, created),
            modified: changed.max(turned).unwrap_or(created),
            opposite_specification,
        }
    }

    /// Returns what a read without a fault would show of an interface at an instant, be it past; `None` where it is not there.
    pub fn observed(&self, id: &RouterInterfaceId, at: Timestamp) -> Option<Observed> {
        let interface = self.population.get(id.as_str())?;
        (*interface.timeline.status_at(at) != Status::Deleted).then(|| self.row(interface, at).observed)
    }

    fn distort(&self, row: &mut Row, kind: &FaultKind, target: Option<&RouterInterfaceId>) {
        if target.is_some_and(|target| *target != row.observed.id) {
            return;
        }
        match kind {
            FaultKind::StatusWord(word) => row.observed.status = Status::Unknown(word.as_str().into()),
            FaultKind::HealthCheck(word) => row.health = word.clone(),
            FaultKind::OtherId => {
                let mut others = self.population.ids().filter(|id| **id != row.observed.id);
                row.observed.id =
                    others.next().cloned().unwrap_or_else(|| RouterInterfaceId::from(format!("{}x", row.observed.id)));
            }
            _ => {}
        }
    }
}

/// Returns when an interface first was Active, up to an instant; one that the world began with was always connected unless its
/// status says that it was not.
fn connected(interface: &Interface, at: Timestamp, created: Timestamp) -> Option<Timestamp> {
    match interface.timeline.origin() {
        Status::Idle | Status::Connecting | Status::AcceptingConnecting | Status::Deleted => {
            interface.timeline.first(&Status::Active, at)
        }
        _ => Some(created),
    }
}

pub(super) fn earlier(instant: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| instant.checked_sub(by).ok()).unwrap_or(Timestamp::MIN)
}
