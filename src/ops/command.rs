//! Running somebody's program: an argument list, never a shell, its own process group, bounded in time and output.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, Command};

/// How much of its last words is kept.
const MAX_OUTPUT: u64 = crate::bounds::COMMAND_BYTES as u64;

/// Runs a program to its end and succeeds if it does; `what` is what people call it.
///
/// # Errors
/// In words: it could not be started, failed, or took longer than `timeout`.
pub(super) async fn run(
    what: &str,
    arguments: &[String],
    directory: &Path,
    input: Option<&[u8]>,
    timeout: Duration,
) -> Result<(), String> {
    let Some((program, rest)) = arguments.split_first() else { return Ok(()) };
    // The directory of a spec without one is the current one, which has a name here.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let mut child = Command::new(program)
        .args(rest)
        .current_dir(directory)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("the {what} `{program}` could not be started: {error}"))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let mut words = Vec::new();
    let finished = async {
        let hear = async {
            if let Some(stderr) = stderr {
                stderr.take(MAX_OUTPUT).read_to_end(&mut words).await.ok();
            }
        };
        futures_util::future::join(tell(stdin, input.unwrap_or_default()), hear).await;
        child.wait().await
    };
    let Ok(finished) = tokio::time::timeout(timeout, finished).await else {
        // Everything it started goes with it: what outlives its run would act on another one.
        if let Some(group) = group {
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        }
        let timeout = crate::duration::format(timeout);
        return Err(format!("the {what} `{program}` did not end within {timeout}"));
    };
    match finished {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let words = String::from_utf8_lossy(&words);
            let words = words.trim();
            let said = if words.is_empty() { String::new() } else { format!(": {words}") };
            Err(format!("the {what} `{program}` ended with {status}{said}"))
        }
        Err(error) => Err(format!("the {what} `{program}` could not be waited for: {error}")),
    }
}

/// A program that does not read its input to the end is judged by its exit code alone.
async fn tell(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin
        && let Err(error) = stdin.write_all(input).await
    {
        tracing::debug!("its input was not read to the end: {error}");
    }
}
