//! What a status means for a step, pure: before its call, while it settles, and while its answer is in doubt.

use crate::attribute::Goal;
use crate::cloud::Call;
use crate::plan::{Action, Step};
use crate::resource::Status;

/// How many equal reads a doubt needs before what they show is believed.
pub(in crate::executor) const EQUAL_READS: u32 = 3;

/// What a read right before a call says (compare and swap).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::executor) enum Before {
    /// The expected status: the call may be sent.
    AsExpected,
    /// The goal is there already.
    AtGoal,
    /// The cloud is at work; look again.
    InTransition,
    /// Somebody else moved it.
    Moved,
}

/// Compares what a step expects with what was read.
pub(in crate::executor) fn before(step: &Step, status: Option<&Status>) -> Before {
    match status {
        None => Before::Moved,
        Some(status) if step.goal.is_reached_by(status) && step.goal.desired().is_some() => Before::AtGoal,
        Some(status) if step.action == Action::Wait => match settling(step, status) {
            Settling::Reached => Before::AtGoal,
            Settling::NotYet => Before::InTransition,
            Settling::Contrary | Settling::Never => Before::Moved,
        },
        Some(status) if step.expect.is_met_by(status) => Before::AsExpected,
        Some(status) if status.is_transitional() => Before::InTransition,
        Some(_) => Before::Moved,
    }
}

/// What a read says of a step that waits for its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::executor) enum Settling {
    /// There.
    Reached,
    /// On its way, or a read that has not caught up with the accepted call.
    NotYet,
    /// Somewhere that the call, or what is waited for, does not lead: somebody else acts, or a stale read shows how it came to where
    /// that began.
    Contrary,
    /// From here it does not get there by itself.
    Never,
}

/// Judges a step whose call was accepted, or that only waits.
pub(in crate::executor) fn settling(step: &Step, status: &Status) -> Settling {
    if step.goal.is_reached_by(status) {
        return Settling::Reached;
    }
    let is_on_its_way = match (step.action, step.goal) {
        (Action::Call(call), _) => return accepted(call, status),
        (Action::Wait, Goal::Stable) => status.is_transitional(),
        (Action::Wait, Goal::Connected) => is_connecting(status),
        (Action::Wait, goal) => {
            let mut leading_there = Call::ALL.into_iter().map(Call::transition);
            *status == Status::Modifying
                || leading_there.any(|way| goal.is_reached_by(way.to) && status == way.through)
                || (goal.is_reached_by(&Status::Active) && is_connecting(status))
        }
    };
    match is_on_its_way {
        true => Settling::NotYet,
        // What is waited for was seen on its way; a read that lags shows how it came there.
        false if is_final(status) => Settling::Never,
        false => Settling::Contrary,
    }
}

/// Returns whether a first connection is being made: it ends Active, or Idle if it does not come about.
fn is_connecting(status: &Status) -> bool {
    matches!(status, Status::Connecting | Status::AcceptingConnecting)
}

/// Returns whether nothing is known to lead back from there: the interface is on its way out or gone, or the word is
/// documented nowhere.
fn is_final(status: &Status) -> bool {
    matches!(status, Status::Deleting | Status::Deleted | Status::Unknown(_))
}

/// Judges a call that was accepted.
///
/// The status that it came from is a stale read then, not a failure: reads lag behind writes, and sending again would be a
/// second cut (docs/reference/faults.md#doubt).
pub(in crate::executor) fn accepted(call: Call, status: &Status) -> Settling {
    let way = call.transition();
    if status == way.to {
        Settling::Reached
    } else if status == way.from || status == way.through || *status == Status::Modifying {
        Settling::NotYet
    } else if is_final(status) {
        Settling::Never
    } else {
        Settling::Contrary
    }
}

/// What a read says of a call whose answer was lost (docs/reference/faults.md#doubt).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::executor) enum Doubtful {
    /// The goal is there.
    Reached,
    /// It took effect, ours or another's: wait.
    TookEffect,
    /// Not done, or a stale read, or the request is still on its way: only more reads can tell.
    Untouched,
    /// Somewhere that the call does not lead: somebody else acts, or a stale read; only more reads can tell.
    Contrary,
    /// Where nothing is known to lead back from.
    Final,
}

/// Judges a call that may or may not have been done.
pub(in crate::executor) fn doubtful(call: Call, status: Option<&Status>) -> Doubtful {
    let way = call.transition();
    match status {
        Some(status) if status == way.to => Doubtful::Reached,
        Some(status) if status == way.through => Doubtful::TookEffect,
        Some(status) if status == way.from => Doubtful::Untouched,
        Some(status) if !is_final(status) => Doubtful::Contrary,
        _ => Doubtful::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::StepId;
    use crate::resource::{AccountName, Address, Scope};

    fn wait(expect: Status, goal: Goal) -> Step {
        let address = Address::from("a");
        Step {
            id: StepId::new(&address, Action::Wait),
            address,
            action: Action::Wait,
            interface_id: "ri-a".into(),
            scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
            expect: expect.into(),
            goal,
            after: Vec::new(),
            wave: 1,
            guards: Vec::new(),
            settle_timeout_ms: None,
            change_id: None,
            valid_until: None,
        }
    }

    #[test]
    fn a_first_connection_is_waited_for_until_it_is_up_or_never_came_about() {
        for connecting in [Status::Connecting, Status::AcceptingConnecting] {
            let (up, either) = (wait(connecting.clone(), Goal::Active), wait(connecting.clone(), Goal::Connected));
            for step in [&up, &either] {
                assert_eq!(before(step, Some(&connecting)), Before::InTransition);
                assert_eq!(settling(step, &Status::Active), Settling::Reached);
                assert_eq!(settling(step, &Status::Inactive), Settling::Contrary);
            }
            assert_eq!(settling(&either, &Status::Idle), Settling::Reached);
            assert_eq!(settling(&up, &Status::Idle), Settling::Contrary);
        }
    }
}
