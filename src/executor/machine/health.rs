//! What the health checks say of the links that keep a floor: asked for right before the calls that rest on them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::time::Moment;
use crate::clock::BootTime;
use crate::cloud::{CloudError, Health};
use crate::plan::{HealthEnd, HealthUnread};
use crate::resource::{HealthCheckStatus, RouterInterfaceId};
use crate::run::WhyNotUp;

/// What was said last of each end that was asked.
#[derive(Default)]
pub(super) struct Checks {
    said: BTreeMap<RouterInterfaceId, Said>,
    /// Who has been asked and has not answered, and when.
    asking: BTreeMap<RouterInterfaceId, Moment>,
}

struct Said {
    begun: Moment,
    /// When it was asked for, of what was answered; or why it counts as not up.
    answer: Result<BootTime, WhyNotUp>,
}

/// What is known of the health of a link.
pub(super) enum Checkup {
    /// It says something else than Abnormal, and was asked for then.
    Good(BootTime),
    /// It counts as not up.
    Bad(WhyNotUp),
    /// Nobody has asked, or too long ago.
    Unknown {
        /// It counted as not up when it was asked last.
        was_bad: bool,
    },
}

/// What counts for a step.
#[derive(Clone, Copy)]
pub(super) struct Fresh {
    /// Only what was asked for after this may refuse it.
    pub(super) since: Moment,
    pub(super) now: BootTime,
    /// How old an answer may be that lets it go on.
    pub(super) max_age: Duration,
}

impl Checks {
    pub(super) fn of(&self, end: &HealthEnd, fresh: Fresh) -> Checkup {
        if end.scope.is_none() {
            return Checkup::Bad(WhyNotUp::HealthUnread { why: HealthUnread::OtherAccount });
        }
        let Some(said) = self.said.get(&end.interface_id) else { return Checkup::Unknown { was_bad: false } };
        let is_new = said.begun >= fresh.since;
        match &said.answer {
            Ok(asked) if is_new || fresh.now.since(*asked) <= fresh.max_age => Checkup::Good(*asked),
            Err(why) if is_new => Checkup::Bad(why.clone()),
            answer => Checkup::Unknown { was_bad: answer.is_err() },
        }
    }

    /// Returns when an end was asked last that said something good.
    pub(super) fn asked(&self, id: &RouterInterfaceId) -> Option<BootTime> {
        self.said.get(id)?.answer.as_ref().ok().copied()
    }

    /// From here on nothing that was said before counts: others may have been at work meanwhile.
    pub(super) fn forget(&mut self) {
        self.said.clear();
    }

    /// Takes in that an end is asked; returns whether it was not asked already.
    pub(super) fn ask(&mut self, id: &RouterInterfaceId, now: Moment) -> bool {
        let is_news = !self.asking.contains_key(id);
        if is_news {
            self.asking.insert(id.clone(), now);
        }
        is_news
    }

    /// Takes in what a health check said, or that it could not be read.
    pub(super) fn hear(&mut self, id: RouterInterfaceId, answer: Result<Health, CloudError>) {
        let Some(begun) = self.asking.remove(&id) else { return };
        let answer = match answer {
            Ok(health) if health.status == HealthCheckStatus::Abnormal => Err(WhyNotUp::Unhealthy),
            Ok(health) => Ok(health.asked),
            Err(error) => Err(WhyNotUp::HealthUnread { why: HealthUnread::from(&error) }),
        };
        self.said.insert(id, Said { begun, answer });
    }
}
