//! Running a check or a notify command: without credentials, bounded in time and output.

use std::path::Path;
use std::time::Duration;

use crate::child::{Children, Ear, Failure, Given, Program};
use crate::language::{Wording, word, worded};

/// How much of its last words is kept.
const MAX_OUTPUT: u64 = crate::bounds::COMMAND_BYTES as u64;

/// Runs a program to its end and succeeds if it does; `what` is what people call it. Everything that it started ends with
/// it: what outlives its run would act on another one.
///
/// # Errors
/// In words: it could not be started, failed, or took longer than `timeout`.
pub(super) async fn run(
    what: &'static str,
    arguments: &[String],
    surroundings: (&Path, &Children),
    input: Option<&[u8]>,
    timeout: Duration,
) -> Result<(), Wording> {
    let Some(program) = arguments.first() else { return Ok(()) };
    let (directory, children) = surroundings;
    let directory = place(directory);
    let run = children.run(Program {
        arguments,
        directory: Some(directory),
        input,
        given: Given::NoCredentials,
        set: Vec::new(),
        unset: &[],
        ear: Ear::Errors(MAX_OUTPUT),
    });
    match tokio::time::timeout(timeout, run).await {
        Err(_) => {
            let timeout = crate::duration::format(timeout);
            Err(worded!("the {what} `{program}` did not end within {timeout}", what = word(what), program, timeout))
        }
        Ok(Ok(ended)) if ended.status.success() => Ok(()),
        Ok(Ok(ended)) => {
            let words = String::from_utf8_lossy(&ended.heard);
            let words = words.trim();
            let said = if words.is_empty() { String::new() } else { format!(": {words}") };
            let status = ended.status;
            Err(worded!("the {what} `{program}` ended with {status}{said}", what = word(what), program, status, said))
        }
        Ok(Err(failure @ (Failure::NotStarted(_) | Failure::TooMuch | Failure::Lost(_)))) => {
            Err(worded!("the {what} `{program}` {failure}", what = word(what), program, failure))
        }
    }
}

/// Names the directory of a spec: that of one without is the current one.
pub(super) fn place(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() { Path::new(".") } else { directory }
}
