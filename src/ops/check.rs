//! The check command between waves: an argument list, its own process group, bounded in time and output.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::executor::Gate;

use super::project::Project;

/// How much of its last words is kept.
const MAX_OUTPUT: u64 = 4096;

/// Runs check commands as they are written, never through a shell, where the spec's other relative paths start from.
pub(super) struct CheckCommand<'p> {
    directory: &'p Path,
}

impl<'p> CheckCommand<'p> {
    pub(super) fn beside(project: &'p Project) -> Self {
        // The directory of a spec without one is the current one, which has a name here.
        let is_here = project.directory.as_os_str().is_empty();
        Self { directory: if is_here { Path::new(".") } else { &project.directory } }
    }
}

impl Gate for CheckCommand<'_> {
    async fn check(&self, arguments: &[String], timeout: Duration) -> Result<(), String> {
        let Some((program, rest)) = arguments.split_first() else { return Ok(()) };
        let mut child = Command::new(program)
            .args(rest)
            .current_dir(self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the check `{program}` could not be started: {error}"))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        let mut words = Vec::new();
        let stderr = child.stderr.take();
        let finished = async {
            if let Some(stderr) = stderr {
                stderr.take(MAX_OUTPUT).read_to_end(&mut words).await.ok();
            }
            child.wait().await
        };
        let Ok(finished) = tokio::time::timeout(timeout, finished).await else {
            // Everything it started goes with it: a check that outlives its run would act on another one.
            if let Some(group) = group {
                rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
            }
            return Err(format!("the check `{program}` did not end within {}", crate::spec::duration::format(timeout)));
        };
        match finished {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let words = String::from_utf8_lossy(&words);
                let words = words.trim();
                let said = if words.is_empty() { String::new() } else { format!(": {words}") };
                Err(format!("the check `{program}` ended with {status}{said}"))
            }
            Err(error) => Err(format!("the check `{program}` could not be waited for: {error}")),
        }
    }
}
