//! `confirm`: keeps a run that is taken back unless somebody confirms it, lists what awaits, and takes back what nobody confirmed.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::calendar::Zone;
use crate::clock::BootTime;
use crate::ops::confirm::{self as operation, Confirmed, Confirming};
use crate::ops::failure::{Exit, exit_of as exit_of_error};
use crate::ops::session::{Back, Came, Session};
use crate::plan::StepId;
use crate::render::escape::escape_terminal;
use crate::render::words::confirmation as words;
use crate::state::{Awaiting, RunId};

use super::super::args::ConfirmArgs;
use super::super::errors::{self, Machine};
use super::super::front::Screen;
use super::super::output::Output;
use super::{Invocation, apply, unread};

pub(super) async fn confirm(arguments: &ConfirmArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    if arguments.expired {
        return expired(arguments, invocation, output).await;
    }
    let Some(name) = &arguments.run_id else { return list(arguments.json, invocation, output) };
    let path = invocation.spec_path()?;
    let place = unread::records_at(&path, invocation, output)?;
    let (id, by) = invocation.nobody();
    let confirming = Confirming { id, by, clock: invocation.clock, zone: zone(&path, invocation) };
    let confirmed = operation::confirm(&place, name, &confirming)?;
    let (run_id, in_doubt): (&RunId, &[StepId]) = match &confirmed {
        Confirmed::Now(run_id) | Confirmed::Already(run_id) => (run_id, &[]),
        Confirmed::Rest { run_id, in_doubt } => (run_id, in_doubt),
    };
    let said = output.spoken(|| match &confirmed {
        Confirmed::Now(_) | Confirmed::Already(_) => words::kept(run_id, matches!(confirmed, Confirmed::Already(_))),
        Confirmed::Rest { .. } => words::rest_kept(run_id, in_doubt),
    });
    output.print(|out| {
        if arguments.json {
            let mut document = serde_json::json!({"format_version": "1.0", "run_id": run_id, "confirmed": true});
            if !in_doubt.is_empty() {
                document["in_doubt"] = serde_json::json!(in_doubt);
            }
            writeln!(out, "{document}")
        } else {
            writeln!(out, "{}", escape_terminal(&said))
        }
    })?;
    Ok(Exit::Done)
}

/// Returns the zone that times are shown in: UTC where the spec cannot be read.
fn zone(path: &Path, invocation: &Invocation) -> Zone {
    invocation.load_from(path).map_or_else(|_| Zone::utc(), |project| project.spec.time_zone)
}

/// What awaits of one spec.
struct Listed {
    path: PathBuf,
    awaiting: Vec<Awaiting>,
}

/// Lists what awaits, of each spec: without a run there is nothing to confirm.
fn list(json: bool, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let paths = invocation.spec_paths();
    let (mut all, is_one) = (Vec::new(), paths.len() == 1);
    for path in paths {
        let about = invocation.output_about(&path, output);
        let awaiting = unread::records_at(&path, invocation, &about).and_then(|place| operation::awaiting(&place));
        match awaiting {
            Ok(awaiting) => all.push(Listed { path, awaiting }),
            Err(error) if is_one => return Err(error),
            // What is wrong with one spec keeps nobody from the others.
            Err(error) => drop(errors::report(&about, &error, Machine::None)),
        }
    }
    if json {
        let awaiting: Vec<serde_json::Value> = all.iter().flat_map(|listed| listed.documents(is_one)).collect();
        output.print(|out| writeln!(out, "{}", serde_json::json!({"format_version": "1.0", "awaiting": awaiting})))?;
    }
    all.iter().try_for_each(|listed| listed.show((json, is_one), invocation, output))?;
    // What awaits wants to be named; where nothing does, nothing is wrong.
    Ok(Exit::Error)
}

impl Listed {
    fn documents(&self, is_one: bool) -> impl Iterator<Item = serde_json::Value> {
        self.awaiting.iter().map(move |awaits| {
            let mut document =
                serde_json::json!({"run_id": awaits.run_id, "until": awaits.deadline.until, "left_by": awaits.left_by});
            if !is_one {
                document["spec"] = serde_json::json!(self.path.display().to_string());
            }
            document
        })
    }

    /// Shows what awaits to people, unless that is read by a machine, and what to do about it.
    fn show(&self, (json, is_one): (bool, bool), invocation: &Invocation, output: &Output) -> Result<()> {
        let (zone, given) = (zone(&self.path, invocation), invocation.given_about(&self.path));
        let (now, uptime) = (invocation.clock.now(), BootTime::now().uptime());
        let is_due = |awaits: &Awaiting| awaits.is_due(now, uptime.as_ref());
        if !json {
            output.print(|out| {
                if !is_one {
                    writeln!(out, "# {}", escape_terminal(&self.path.display().to_string()))?;
                }
                if self.awaiting.is_empty() {
                    return writeln!(out, "{}", output.spoken(words::nothing_awaits));
                }
                self.awaiting.iter().try_for_each(|awaits| {
                    let line = output.spoken(|| words::listed(awaits, is_due(awaits), &zone));
                    writeln!(out, "{}", escape_terminal(&line))
                })
            })?;
        }
        if self.awaiting.iter().any(|awaits| awaits.left_by.is_some() || !is_due(awaits)) {
            output.say(&output.spoken(|| words::keeps_one(&given.next("confirm RUN_ID"))));
        }
        if self.awaiting.iter().any(is_due) {
            output.say(&output.spoken(|| words::takes_back_due(&given.next("confirm --expired"))));
        }
        Ok(())
    }
}

/// Takes back what nobody has confirmed in time, of each spec.
async fn expired(arguments: &ConfirmArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let machine = if arguments.json { Machine::Lines } else { Machine::None };
    let (mut worst, mut is_any_due) = (Exit::Done, false);
    let paths = invocation.spec_paths();
    for path in &paths {
        if paths.len() > 1 {
            output.say(&format!("# {}", path.display()));
        }
        let about = invocation.output_about(path, output);
        match expired_of(path, arguments.json, invocation, &about).await {
            Ok(backs) => {
                is_any_due |= !backs.is_empty();
                worst = worst.worse(exit_of(&backs));
            }
            // What is wrong with one spec keeps nobody from the others.
            Err(error) if paths.len() > 1 => worst = worst.worse(errors::report(&about, &error, machine)),
            Err(error) => return Err(error),
        }
    }
    if !is_any_due && worst == Exit::Done {
        output.say(output.spoken(words::nothing_due));
    }
    Ok(worst)
}

async fn expired_of(path: &Path, json: bool, invocation: &Invocation, output: &Output) -> Result<Vec<Back>> {
    let mut backs = Vec::new();
    let place = unread::records_at(path, invocation, output)?;
    let due = operation::due(&place, invocation.clock.now())?;
    if due.is_empty() {
        return Ok(backs);
    }
    let signals = apply::listen()?;
    for run_id in due {
        let screen = Screen::new(output, invocation.clock, json, None, false);
        let mut screen = screen.outliving(signals.terminal.clone()).given(invocation.given_about(path));
        let taken = async {
            let project = unread::way_back(path, &place, &run_id, invocation, output)?;
            let session = invocation.session_of(project, invocation.patience());
            operation::take_back(&session, &run_id, &mut screen, signals.count.clone()).await
        };
        match taken.await {
            Ok(came) => backs.push(Back { run_id, came }),
            // What was done for others before is still to be told.
            Err(error) if !backs.is_empty() => {
                output.say(&output.spoken(|| words::not_taken_back(&run_id, &format!("{error:#}"))));
                backs.push(Back { run_id, came: Came::Unbegun(exit_of_error(&error)) });
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(backs)
}

/// Returns what a command ends with that took these runs back.
pub(super) fn exit_of(backs: &[Back]) -> Exit {
    let exit = |back: &Back| match &back.came {
        Came::Kept | Came::Settled => Exit::Done,
        Came::Closed => Exit::Moved,
        Came::Ran(ran) if back.came.is_whole() => ran.report.exit().map_or(Exit::Partial, |_| Exit::Moved),
        Came::Ran(ran) if ran.report.is_interrupted() => Exit::Interrupted,
        Came::Unbegun(exit) => *exit,
        Came::Ran(_) | Came::Left(_) => Exit::Partial,
    };
    backs.iter().map(exit).fold(Exit::Done, Exit::worse)
}

/// Returns the session that takes back a run of another one.
///
/// # Errors
/// A run that cannot be found any more.
pub(super) fn way_back(session: &Session, run_id: &RunId, invocation: &Invocation, output: &Output) -> Result<Session> {
    let path = Path::new(&session.project.name);
    let project = unread::way_back(path, &session.project.place, run_id, invocation, output)?;
    Ok(invocation.session_of(project, session.settings))
}
