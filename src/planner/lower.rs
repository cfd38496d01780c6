//! The status table: from a live status and a wish to the steps that lead there, or to the reason why none does.

use crate::diagnostic::Sources;
use crate::plan::{Action, BlockCode, Blocked, Goal};
use crate::resource::{BusinessStatus, Call, DesiredStatus, Observed, Reading, Status};

use super::Subject;

/// A step before it has a name, an order and guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lowered {
    pub(super) action: Action,
    pub(super) expect: Status,
    pub(super) goal: Goal,
}

/// Lowers one interface.
pub(super) fn lower(subject: &Subject<'_>, sources: &Sources) -> Result<Vec<Lowered>, Blocked> {
    let blocked = |code, detail| Err(Blocked { address: subject.address.clone(), code, detail });
    let observed = match subject.reading {
        Reading::Found(observed) => observed,
        Reading::Absent => {
            let detail = format!("the API says there is no {}; correct the id, or remove the entry", subject.title());
            return blocked(BlockCode::NotFound, detail);
        }
        Reading::Elsewhere(observed) => {
            let detail = format!(
                "{} is not there: it lives in {}; correct its region in the spec",
                subject.title(),
                observed.region
            );
            return blocked(BlockCode::WrongRegion, detail);
        }
        Reading::Unreadable => {
            let detail = format!("{} could not be read; see the errors", subject.declared.scope);
            return blocked(BlockCode::Unreadable, detail);
        }
    };
    let steps = match table(&observed.status, subject.desired()) {
        Ok(steps) => steps,
        Err((code, why)) => return blocked(code, format!("{} {why}", subject.title())),
    };
    match steps.iter().find_map(|step| forbidden(subject, observed, step, sources)) {
        Some((code, detail)) => blocked(code, detail),
        None => Ok(steps),
    }
}

/// What each live status asks for: docs/explanation/plans.md#from-status-to-step.
fn table(live: &Status, desired: DesiredStatus) -> Result<Vec<Lowered>, (BlockCode, String)> {
    let call = match desired {
        DesiredStatus::Active => {
            Lowered { action: Action::Call(Call::Activate), expect: Status::Inactive, goal: Goal::Active }
        }
        DesiredStatus::Inactive => {
            Lowered { action: Action::Call(Call::Deactivate), expect: Status::Active, goal: Goal::Inactive }
        }
    };
    let wait = |goal| Lowered { action: Action::Wait, expect: live.clone(), goal };
    Ok(match (live, desired) {
        (Status::Active, DesiredStatus::Active) | (Status::Inactive, DesiredStatus::Inactive) => vec![],
        (Status::Active, DesiredStatus::Inactive) | (Status::Inactive, DesiredStatus::Active) => vec![call],
        (Status::Deactivating, DesiredStatus::Inactive) => vec![wait(Goal::Inactive)],
        (Status::Deactivating, DesiredStatus::Active) => vec![wait(Goal::Inactive), call],
        (Status::Activating, DesiredStatus::Active) => vec![wait(Goal::Active)],
        (Status::Activating, DesiredStatus::Inactive) => vec![wait(Goal::Active), call],
        // Ends Active or Inactive; the call then finds its expectation, or its goal.
        (Status::Modifying, _) => vec![wait(Goal::Stable), call],
        (Status::Idle, _) => {
            return Err((BlockCode::Idle, "is Idle: it was never connected; connect it first".into()));
        }
        (Status::Connecting | Status::AcceptingConnecting, _) => {
            return Err((
                BlockCode::Connecting,
                format!("is {live}: it is connecting for the first time; plan again later"),
            ));
        }
        (Status::Deleting | Status::Deleted, _) => {
            return Err((BlockCode::Deleting, format!("is {live}; remove the entry once it is gone")));
        }
        (Status::Unknown(word), _) => {
            return Err((BlockCode::UnknownStatus, format!("has a status that is not documented: \"{word}\"")));
        }
    })
}

/// Why a step may not be taken: first what the spec forbids, then what the API would refuse.
fn forbidden(
    subject: &Subject<'_>,
    observed: &Observed,
    step: &Lowered,
    sources: &Sources,
) -> Option<(BlockCode, String)> {
    let Action::Call(call) = step.action else { return None };
    let title = subject.title();
    if let Some(hands_off) = &subject.declared.hands_off {
        let until = hands_off.until.map(|date| format!(" until {date}")).unwrap_or_default();
        return Some((BlockCode::HandsOff, format!("{title} is hands off{until}: {}", hands_off.reason)));
    }
    if call == Call::Deactivate
        && let Some(place) = subject.declared.protect
    {
        let at = sources.locate(place);
        let detail = format!("{title} is protected ({at}); remove `protect` in a reviewed change to deactivate it");
        return Some((BlockCode::Protected, detail));
    }
    match &observed.business_status {
        BusinessStatus::Normal => {}
        BusinessStatus::FinancialLocked => {
            let detail = format!("{title} is FinancialLocked: the account has bills outstanding; settle them first");
            return Some((BlockCode::FinancialLocked, detail));
        }
        BusinessStatus::SecurityLocked => {
            let detail = format!("{title} is SecurityLocked by the vendor; open a ticket");
            return Some((BlockCode::SecurityLocked, detail));
        }
        BusinessStatus::Unknown(word) => {
            let detail = format!("{title} has a business status that is not documented: \"{word}\"");
            return Some((BlockCode::BusinessLocked, detail));
        }
    }
    if call == Call::Activate && observed.opposite.status == Some(Status::Deleted) {
        let detail = format!("the opposite side of {title} was deleted: it can never be activated again");
        return Some((BlockCode::PeerDeleted, detail));
    }
    None
}
