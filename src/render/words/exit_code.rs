//! What exit codes mean, in words.

use crate::run::Exit;

/// Says what a code means.
pub fn meaning(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "Done, or nothing to do.",
        Exit::Error => "An error, or wrong usage.",
        Exit::Changes => "Changes (plan --detailed-exitcode), or drift.",
        Exit::Refused => "Refused by a guard: nothing was sent.",
        Exit::Moved => {
            "The live cloud, the state or the target moved since the plan, or a run that nobody confirmed came first: nothing of the plan was sent."
        }
        Exit::Partial => "Something was done or is in doubt, and something was not.",
        Exit::Locked => "Somebody else is at work: the state, or the account, is locked.",
        Exit::Interrupted => "A signal ended it early.",
    }
}
