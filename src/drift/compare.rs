//! The comparison itself: spec, last applied and live, interface by interface.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::item::{DriftCause, DriftItem};
use super::links::opposite_sides;
use super::subject::{Subject, match_up};
use super::who;
use crate::diagnostic::Sources;
use crate::plan::{ActionReason, BlockReason};
use crate::resource::{Address, DesiredStatus, LiveState, Status};
use crate::spec::Spec;
use crate::state::State;

/// Compares spec, last applied and live, interface by interface. What could not be read is left out: nothing is
/// known of it.
///
/// `held` is what windows and clashes of changes hold back: of what nobody moved and what was not applied yet, that is no
/// drift.
pub fn compare(
    spec: &Spec,
    live: &LiveState,
    state: Option<&State>,
    held: &BTreeMap<Address, BlockReason>,
    at: Timestamp,
) -> Vec<DriftItem> {
    let (subjects, today) = (match_up(spec, live, state), spec.day(at));
    let opposite = opposite_sides(&subjects);
    let group = |place: usize| subjects[place].declared.group.as_ref().map(|group| group.value.clone());
    let item = |(place, subject): (usize, &Subject<'_>)| {
        let other = opposite[place].map(|other| &subjects[other]);
        let item = item(subject, other, &spec.sources, (held, today))?;
        let groups = [Some(place), opposite[place]].into_iter().flatten().filter_map(group).collect();
        Some(DriftItem { groups, ..item })
    };
    subjects.iter().enumerate().filter_map(item).collect()
}

fn item(
    subject: &Subject<'_>,
    other: Option<&Subject<'_>>,
    sources: &Sources,
    (held, today): (&BTreeMap<Address, BlockReason>, Date),
) -> Option<DriftItem> {
    let live = subject.told()?;
    if subject.is_settled(live) {
        return None;
    }
    let obstacle = subject.obstacle(sources).filter(|_| subject.last_applied().is_none());
    let obstacle = obstacle.or_else(|| held.get(subject.address).filter(|_| subject.is_news(live)).cloned());
    let cause = cause(subject, other, live, obstacle.as_ref());
    let taken_back = subject.taken_back().filter(|_| cause == DriftCause::RolledBack);
    let hands_off = subject.declared.hands_off.as_ref();
    let until = hands_off.and_then(|hands_off| hands_off.until);
    Some(DriftItem {
        address: subject.address.clone(),
        id: subject.declared.id.value.clone(),
        scope: subject.declared.scope.clone(),
        cause,
        spec: subject.desired(),
        groups: BTreeSet::new(),
        first_seen: None,
        last_applied: subject.last_applied(),
        live: live.cloned(),
        since: subject.since(),
        reason: hands_off.map(|hands_off| hands_off.reason.clone()).or_else(|| subject.declared.reason.clone()),
        hands_off_until: until,
        hands_off_expired: until.is_some_and(|until| until < today),
        change_id: subject.change().cloned(),
        overdue_since: subject.left_behind().filter(|_| cause == DriftCause::Overdue).and_then(|left| left.ended_at),
        taken_back_by: taken_back.map(|taken_back| taken_back.by.clone()),
        business_status: subject.locked().cloned(),
        code: obstacle.as_ref().filter(|_| cause == DriftCause::Blocked).map(BlockReason::code),
        blocked: obstacle.filter(|_| cause == DriftCause::Blocked),
        who: None,
        who_unknown: None,
        last_seen_before: subject
            .record
            .and_then(|record| who::last_seen_before(record, record.observed.status.as_ref() != live)),
    })
}

fn cause(
    subject: &Subject<'_>,
    other: Option<&Subject<'_>>,
    live: Option<&Status>,
    obstacle: Option<&BlockReason>,
) -> DriftCause {
    if live.is_some_and(Status::is_transitional) {
        DriftCause::InTransition
    } else if subject.declared.hands_off.is_some() {
        DriftCause::HandsOff
    } else if other.is_some_and(|other| is_down_with(subject, other)) {
        DriftCause::OtherEnd
    } else if live.is_some() && subject.is_unmet() && subject.taken_back().is_some() {
        DriftCause::RolledBack
    } else if obstacle.is_some() {
        DriftCause::Blocked
    } else {
        match subject.reason() {
            // Somebody else has brought back what the change left behind.
            ActionReason::ChangeEnded if live == Some(&subject.desired().status()) => {
                DriftCause::Differs(ActionReason::Both)
            }
            ActionReason::ChangeEnded => DriftCause::Overdue,
            reason => DriftCause::Differs(reason),
        }
    }
}

/// Returns whether an end is down, and declared up, whose other end is down as declared: a plan leaves it alone, too.
fn is_down_with(subject: &Subject<'_>, other: &Subject<'_>) -> bool {
    let is_down = |end: &Subject<'_>| end.live().is_some_and(|live| live.status == Status::Inactive);
    let wishes = (subject.desired(), other.desired());
    wishes == (DesiredStatus::Active, DesiredStatus::Inactive) && is_down(subject) && is_down(other)
}
