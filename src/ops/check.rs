//! The check command between waves, as it is written in the spec.

use std::path::Path;
use std::time::Duration;

use crate::executor::Gate;

use super::command;
use super::project::Project;

/// Runs check commands where the spec's other relative paths start from.
pub(super) struct CheckCommand<'p> {
    directory: &'p Path,
}

impl<'p> CheckCommand<'p> {
    pub(super) fn beside(project: &'p Project) -> Self {
        Self { directory: &project.directory }
    }
}

impl Gate for CheckCommand<'_> {
    async fn check(&self, arguments: &[String], timeout: Duration) -> Result<(), String> {
        command::run("check", arguments, self.directory, None, timeout).await
    }
}
