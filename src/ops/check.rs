//! What stands between waves: the check command as it is written in the spec, and the account's lock.

use std::path::Path;
use std::time::Duration;

use crate::child::{Children, Unstartable};
use crate::executor::Gate;
use crate::language::{Wording, sentence};
use crate::plan::{Plan, Warning};
use crate::store::account::AccountLocks;

use super::project::Project;
use super::{account_lock, command};

/// Warns of a check that is asked for between waves and could not be started from here: it would be found out once the first
/// wave is done.
pub fn missing(plan: &Plan, project: &Project, children: &Children) -> Option<Warning> {
    let rollout = plan.rollout.as_ref().filter(|rollout| plan.is_rollout() && rollout.waves.len() > 1)?;
    let program = rollout.check.as_ref()?.first()?;
    let is_found = match children.would_not_start(program, command::place(&project.directory))? {
        Unstartable::NotFound => false,
        Unstartable::NotExecutable => true,
    };
    Some(Warning::CheckMissing { program: program.clone(), is_found })
}

/// Runs check commands where the spec's other relative paths start from, and frees the account in pauses.
pub(super) struct CheckCommand<'p> {
    directory: &'p Path,
    children: &'p Children,
    account: Option<&'p AccountLocks>,
    is_rehearsal: bool,
}

impl<'p> CheckCommand<'p> {
    pub(super) fn beside(project: &'p Project, children: &'p Children, account: Option<&'p AccountLocks>) -> Self {
        Self { directory: &project.directory, children, account, is_rehearsal: false }
    }

    /// Says whether no command is run, and each taken as passed.
    pub(super) fn rehearsed(self, is_rehearsal: bool) -> Self {
        Self { is_rehearsal, ..self }
    }
}

impl Gate for CheckCommand<'_> {
    async fn check(&self, arguments: &[String], timeout: Duration) -> Result<(), String> {
        if self.is_rehearsal {
            return Ok(());
        }
        let surroundings = (self.directory, self.children);
        let ended = command::run(sentence!("check"), arguments, surroundings, None, timeout).await;
        ended.map_err(|failure| failure.english().to_owned())
    }

    fn step_aside(&self) {
        self.account.inspect(|account| account.free());
    }

    async fn step_back(&self, waiting: &mut dyn FnMut(&Wording)) -> Result<(), Wording> {
        match self.account {
            Some(account) => account_lock::retake(account, waiting).await,
            None => Ok(()),
        }
    }
}
