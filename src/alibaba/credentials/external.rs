//! An external command that prints a profile.
//!
//! No shell is involved: the words are split here, the child gets the environment without `RICTL_*`, as from the
//! vendor's own tools, and its standard error goes nowhere, since it may name secrets. It ends when we stop waiting for
//! it, for whichever reason, and all that it started with it.

use std::time::Duration;

use super::environment::Environment;
use super::profile::Profile;
use crate::bounds;
use crate::child::{Ear, Failure, Given, Program};

/// How long the command may take, as long as the official libraries wait.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The most that it may print.
const MAX_BYTES: u64 = bounds::EXTERNAL_BYTES as u64;

/// Runs a command and reads the profile that it prints.
pub(super) async fn run(command: &str, environment: &Environment) -> Result<Profile, String> {
    if environment.is_on("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS") {
        return Err("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids the external command".to_owned());
    }
    let words = split(command)?;
    let program = words.first().ok_or("process_command is empty")?;
    // The program alone: arguments may be secrets.
    tracing::debug!("running the external credentials command {program}");
    let path = environment.get("PATH").map(|path| ("PATH", path.into()));
    let home = environment.home().map(|home| ("HOME", home.into()));
    let run = environment.children().run(Program {
        arguments: &words,
        directory: None,
        input: None,
        given: Given::AllButOurs,
        set: path.into_iter().chain(home).collect(),
        unset: &[],
        ear: Ear::Output(MAX_BYTES),
    });
    let ended = tokio::time::timeout(TIMEOUT, run)
        .await
        .map_err(|_| format!("the command {program} did not end within {} s", TIMEOUT.as_secs()))?
        .map_err(|failure| match failure {
            Failure::NotStarted(error) => format!("the command {program} cannot be started: {error}"),
            Failure::TooMuch => format!("the command {program} printed more than {}", bounds::size(MAX_BYTES)),
            Failure::Lost(error) => format!("the command {program} cannot be waited for: {error}"),
        })?;
    if !ended.status.success() {
        return Err(format!("the command {program} failed with {}; run it by hand to see why", ended.status));
    }
    let text = std::str::from_utf8(&ended.heard).map_err(|_| format!("the command {program} printed no UTF-8 text"))?;
    Profile::parse(text).map_err(|reason| format!("what the command {program} printed is no profile: {reason}"))
}

/// Splits a command into words as a shell would, without anything else that a shell does: `'…'` is literal, in
/// `"…"` a backslash escapes `"` and `\`, elsewhere it escapes anything.
pub(super) fn split(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = command.chars().peekable();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (Some(open), _) if next == open => quote = None,
            (Some('"'), '\\') if matches!(rest.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(rest.next());
            }
            (None, '\\') => {
                let escaped = rest.next().ok_or("process_command ends in a backslash")?;
                word.get_or_insert_default().push(escaped);
            }
            (None, '\'' | '"') => {
                quote = Some(next);
                word.get_or_insert_default();
            }
            (None, _) if next.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(next),
        }
    }
    if quote.is_some() {
        return Err("process_command has a quote that is never closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests;
