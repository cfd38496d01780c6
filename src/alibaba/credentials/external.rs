//! An external command that prints a profile.
//!
//! No shell is involved: the words are split here, the child gets `PATH` and `HOME` only, and its standard error
//! goes nowhere, since it may name secrets. It runs in a process group of its own, which is killed when we stop
//! waiting for it, for whichever reason.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::zeroize::Zeroizing;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::environment::Environment;
use super::profile::Profile;

/// How long the command may take, as long as the official libraries wait.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The most that it may print.
const MAX_BYTES: u64 = crate::bounds::EXTERNAL_BYTES as u64;

/// Runs a command and reads the profile that it prints.
pub(super) async fn run(command: &str, environment: &Environment) -> Result<Profile, String> {
    if environment.is_on("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS") {
        return Err("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids the external command".to_owned());
    }
    let words = split(command)?;
    let (program, arguments) = words.split_first().ok_or("process_command is empty")?;
    // The program alone: arguments may be secrets.
    tracing::debug!("running the external credentials command {program}");
    let mut child = Command::new(program);
    child.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(path) = environment.get("PATH") {
        child.env("PATH", path);
    }
    if let Some(home) = environment.home() {
        child.env("HOME", home);
    }
    let output = tokio::time::timeout(TIMEOUT, capture(child))
        .await
        .map_err(|_| format!("the command {program} did not end within {} s", TIMEOUT.as_secs()))?
        .map_err(|reason| format!("the command {program} {reason}"))?;
    let text = std::str::from_utf8(&output).map_err(|_| format!("the command {program} printed no UTF-8 text"))?;
    Profile::parse(text).map_err(|reason| format!("what the command {program} printed is no profile: {reason}"))
}

async fn capture(mut command: Command) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut child =
        command.process_group(0).kill_on_drop(true).spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let stdout = child.stdout.take().expect("standard output is piped");
    let capacity = usize::try_from(MAX_BYTES + 1).expect("the limit is small");
    let mut output = Zeroizing::new(Vec::with_capacity(capacity));
    stdout
        .take(MAX_BYTES + 1)
        .read_to_end(&mut output)
        .await
        .map_err(|error| format!("cannot be read from: {error}"))?;
    if output.len() == capacity {
        return Err("printed more than 64 KiB".to_owned());
    }
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    group.0 = None;
    if status.success() { Ok(output) } else { Err(format!("failed with {status}; run it by hand to see why")) }
}

/// A process group that does not outlive this value while its leader has not ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0
            && let Err(error) = kill_process_group(leader, Signal::KILL)
        {
            tracing::debug!("the external command's process group could not be killed: {error}");
        }
    }
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
