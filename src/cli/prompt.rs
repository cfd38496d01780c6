//! Questions to whoever sits at standard input, or to what is piped into it.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;

use crate::language::{say, worded};
use crate::ops::failure::{Exit, Refusal};

use super::output::Output;

/// Asks for one line; `None` where standard input has ended, so that nobody answers.
///
/// A terminal's own end of input is an answer, an empty one; a terminal that is gone is none: whoever closed it has
/// cancelled. Dropping the future leaves a thread that waits for the line; it does not hold the process.
pub(super) async fn ask(output: &Output, question: &str) -> Result<Option<String>> {
    let enter = output.spoken(|| say!("Enter a value: "));
    output.show(|out| write!(out, "{question}\n\n  {enter}"));
    let unread = || worded!("cannot read the answer");
    let mut open_line = OpenLine(Some(output));
    let was_terminal = io::stdin().is_terminal();
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|length| (length, line))
    });
    let answer = answer.await.with_context(unread)?;
    let is_terminal = io::stdin().is_terminal();
    if was_terminal && !is_terminal {
        return Err(Refusal::new(Exit::Interrupted, worded!("the terminal was closed before anything was sent")).into());
    }
    let (length, mut line) = answer.with_context(unread)?;
    if line.ends_with('\n') {
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        if is_terminal {
            open_line.0 = None;
        }
    }
    Ok((length > 0 || is_terminal).then_some(line))
}

/// Asks a question whose answer nobody has to wait for: each line that is typed is looked at until one is `yes`, or none
/// comes any more.
pub(super) fn ask_aside(output: &Output, question: &str) -> JoinHandle<bool> {
    output.show(|out| writeln!(out, "{question}"));
    tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        while io::stdin().lock().read_line(&mut line).is_ok_and(|length| length > 0) {
            if line.trim_end_matches(['\r', '\n']) == "yes" {
                return true;
            }
            line.clear();
        }
        false
    })
}

/// A line that the cursor stands on; it is ended when nobody has pressed return, whatever came instead.
struct OpenLine<'o>(Option<&'o Output>);

impl Drop for OpenLine<'_> {
    fn drop(&mut self) {
        if let Some(output) = self.0 {
            output.show(|out| writeln!(out));
        }
    }
}
