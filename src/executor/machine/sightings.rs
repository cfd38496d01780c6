//! What was last read of each interface, when that read began, and when the answer came.
//!
//! What an answer shows was true at some moment in between, so nothing is newer than the beginning of its read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::time::{Moment, Now};
use crate::clock::BootTime;
use crate::cloud::Page;
use crate::resource::{Observed, RouterInterfaceId, Scope};

/// One interface as it was last read; `None` where the API said it is not there.
struct Sighting {
    observed: Option<Observed>,
    read: ReadNumber,
    begun: Moment,
    /// When its page was asked for; `None` for what is on no page, being absent, and for what is not fresh any more.
    asked: Option<BootTime>,
    arrived: Moment,
    /// How many reads in a row, this one included, showed this status.
    alike: u32,
}

/// Some interfaces of a scope, that were asked for together.
#[derive(Clone, Debug)]
pub(in crate::executor) struct Question {
    pub(in crate::executor) scope: Scope,
    pub(in crate::executor) ids: BTreeSet<RouterInterfaceId>,
    /// When: what the answer shows is no newer.
    pub(in crate::executor) begun: Moment,
}

/// The answer to a question.
#[derive(Debug, Default)]
pub(in crate::executor) struct Answer {
    /// The interfaces that were seen, those not asked for included.
    pub(in crate::executor) rows: BTreeMap<RouterInterfaceId, Row>,
    /// How many interfaces the scope has, where a page told.
    pub(in crate::executor) total: Option<u32>,
    /// Those of which it said two things: nothing of them is believed.
    pub(in crate::executor) contradicted: BTreeSet<RouterInterfaceId>,
}

/// One interface of an answer.
#[derive(Debug)]
pub(in crate::executor) struct Row {
    pub(in crate::executor) observed: Observed,
    /// When its page was asked for.
    pub(in crate::executor) asked: BootTime,
    /// When that page arrived.
    pub(in crate::executor) arrived: Moment,
}

/// Tells one read from another, however quickly they follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::executor) struct ReadNumber(u64);

/// The last read of everything a run looks at.
#[derive(Default)]
pub(super) struct Sightings {
    reads: u64,
    seen: BTreeMap<Scope, BTreeMap<RouterInterfaceId, Sighting>>,
}

impl Sightings {
    /// Returns the number of a read that begins.
    pub(super) fn begin_read(&mut self) -> ReadNumber {
        self.reads += 1;
        ReadNumber(self.reads)
    }

    /// Takes in the answer to a question, of which pages may have been taken in before, and which is complete now. Pages
    /// show others as well; what is known of those is brought up to date too, for nothing may be decided on less than was
    /// read.
    pub(super) fn record(&mut self, number: ReadNumber, question: Question, answer: Answer, now: Now) {
        let Question { scope, ids, begun } = question;
        let seen = self.seen.entry(scope).or_default();
        for id in &answer.contradicted {
            seen.remove(id);
        }
        for id in ids.iter().filter(|id| !answer.rows.contains_key(*id)) {
            see(seen, id.clone(), None, Seen { read: number, begun, asked: None, arrived: now.instant });
        }
        for (id, Row { observed, asked, arrived }) in answer.rows {
            if ids.contains(&id) || seen.contains_key(&id) {
                see(seen, id, Some(observed), Seen { read: number, begun, asked: Some(asked), arrived });
            }
        }
    }

    /// Takes in one page of the answer to a question, while others are still to come: of those that were seen before.
    pub(super) fn record_page(&mut self, number: ReadNumber, question: &Question, page: Page, now: Now) {
        let begun = question.begun;
        let when = Seen { read: number, begun, asked: Some(page.asked), arrived: now.instant };
        let seen = self.seen.entry(question.scope.clone()).or_default();
        for observed in page.interfaces {
            let is_news = |known: &Sighting| known.begun <= begun && known.asked <= when.asked;
            if seen.get(&observed.id).is_some_and(is_news) {
                see(seen, observed.id.clone(), Some(observed), when);
            }
        }
    }

    /// Takes in what a read showed before it failed, as far as it is bad news: who is not up, and of whom it said two
    /// things. That somebody is up is for a whole listing to say.
    pub(super) fn record_bad_news(&mut self, number: ReadNumber, question: Question, answer: Answer) {
        let Question { scope, ids, begun } = question;
        let seen = self.seen.entry(scope).or_default();
        for id in &answer.contradicted {
            seen.remove(id);
        }
        for (id, Row { observed, asked, arrived }) in answer.rows {
            if !observed.counts_as_up() && (ids.contains(&id) || seen.contains_key(&id)) {
                see(seen, id, Some(observed), Seen { read: number, begun, asked: Some(asked), arrived });
            }
        }
    }

    /// From here on nothing that was read before is young: others may have been at work meanwhile.
    pub(super) fn age_all(&mut self) {
        self.seen.values_mut().flat_map(BTreeMap::values_mut).for_each(|sighting| sighting.asked = None);
    }

    /// What was seen of these rests on nothing that is new or young any more.
    pub(super) fn doubt(&mut self, scope: &Scope, ids: &BTreeSet<RouterInterfaceId>) {
        let seen = self.seen.get_mut(scope).into_iter().flatten();
        for (_, sighting) in seen.filter(|(id, _)| ids.contains(*id)) {
            (sighting.begun, sighting.asked) = (Moment::default(), None);
        }
    }

    pub(super) fn get(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<&Observed> {
        self.sighting(scope, id)?.observed.as_ref()
    }

    /// Returns whether the last read said that it is not there.
    pub(super) fn is_absent(&self, scope: &Scope, id: &RouterInterfaceId) -> bool {
        self.sighting(scope, id).is_some_and(|sighting| sighting.observed.is_none())
    }

    /// Returns whether a read of it was begun at `since` or later.
    pub(super) fn is_newer(&self, scope: &Scope, id: &RouterInterfaceId, since: Moment) -> bool {
        self.sighting(scope, id).is_some_and(|sighting| sighting.begun >= since)
    }

    /// Returns when the page was asked for that showed it last; `None` where none did.
    pub(super) fn asked(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<BootTime> {
        self.sighting(scope, id)?.asked
    }

    /// Returns whether the page that showed it last was asked for at most `age` before `now`.
    pub(super) fn is_young(&self, scope: &Scope, id: &RouterInterfaceId, age: Duration, now: BootTime) -> bool {
        self.asked(scope, id).is_some_and(|asked| now.since(asked) <= age)
    }

    /// Returns when the last read of it began.
    pub(super) fn begun(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<Moment> {
        self.sighting(scope, id).map(|sighting| sighting.begun)
    }

    /// Returns how many reads in a row, the last one included, showed the status that it has.
    pub(super) fn alike(&self, scope: &Scope, id: &RouterInterfaceId) -> u32 {
        self.sighting(scope, id).map_or(0, |sighting| sighting.alike)
    }

    /// Returns everything whose last read was begun after `since`, with when its answer came.
    pub(super) fn since(
        &self,
        since: Option<Moment>,
    ) -> impl Iterator<Item = (&Scope, &RouterInterfaceId, Option<&Observed>, Moment)> {
        let all =
            self.seen.iter().flat_map(|(scope, seen)| seen.iter().map(move |(id, sighting)| (scope, id, sighting)));
        all.filter(move |(_, _, sighting)| Some(sighting.begun) > since)
            .map(|(scope, id, sighting)| (scope, id, sighting.observed.as_ref(), sighting.arrived))
    }

    fn sighting(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<&Sighting> {
        self.seen.get(scope)?.get(id)
    }
}

/// When something was seen.
#[derive(Clone, Copy)]
struct Seen {
    read: ReadNumber,
    begun: Moment,
    asked: Option<BootTime>,
    arrived: Moment,
}

/// Takes in one row of a read.
fn see(
    seen: &mut BTreeMap<RouterInterfaceId, Sighting>,
    id: RouterInterfaceId,
    observed: Option<Observed>,
    when: Seen,
) {
    let status = |observed: &Option<Observed>| observed.as_ref().map(|observed| observed.status.clone());
    let before = seen.get(&id).filter(|before| status(&before.observed) == status(&observed));
    let Seen { read, begun, asked, arrived } = when;
    // The same page, first by itself and then in its listing, is one read.
    let is_same = before.is_some_and(|before| before.read == read);
    let alike = before.map_or(0, |before| before.alike) + u32::from(!is_same);
    seen.insert(id, Sighting { observed, read, begun, asked, arrived, alike });
}
