//! `confirm`: keeps a run that is taken back unless somebody confirms it, lists what awaits, and takes back what nobody confirmed.

use std::path::Path;

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
use crate::store::Place;

use super::super::args::ConfirmArgs;
use super::super::errors::{self, Machine};
use super::super::front::Screen;
use super::super::output::Output;
use super::{Invocation, apply, unread};

pub(super) async fn confirm(arguments: &ConfirmArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    if arguments.expired {
        return expired(arguments, invocation, output).await;
    }
    let path = invocation.spec_path()?;
    let place = unread::records_at(&path, invocation, output)?;
    let Some(name) = &arguments.run_id else { return list(&place, arguments.json, invocation, output) };
    let (id, by) = invocation.nobody();
    let confirming = Confirming { id, by, clock: invocation.clock, zone: zone(invocation) };
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
fn zone(invocation: &Invocation) -> Zone {
    invocation.load().map_or_else(|_| Zone::utc(), |project| project.spec.time_zone)
}

/// Lists what awaits: without a run there is nothing to confirm.
fn list(place: &Place, json: bool, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let (awaiting, zone) = (operation::awaiting(place)?, zone(invocation));
    let (now, uptime) = (invocation.clock.now(), BootTime::now().uptime());
    let is_due = |awaits: &Awaiting| awaits.is_due(now, uptime.as_ref());
    output.print(|out| {
        if json {
            writeln!(out, "{}", serde_json::json!({"format_version": "1.0", "awaiting": documents(&awaiting)}))
        } else if awaiting.is_empty() {
            writeln!(out, "{}", output.spoken(words::nothing_awaits))
        } else {
            awaiting.iter().try_for_each(|awaits| {
                let line = output.spoken(|| words::listed(awaits, is_due(awaits), &zone));
                writeln!(out, "{}", escape_terminal(&line))
            })
        }
    })?;
    if awaiting.iter().any(|awaits| awaits.left_by.is_some() || !is_due(awaits)) {
        let next = invocation.given().next("confirm RUN_ID");
        output.say(&output.spoken(|| words::keeps_one(&next)));
    }
    if awaiting.iter().any(is_due) {
        let next = invocation.given().next("confirm --expired");
        output.say(&output.spoken(|| words::takes_back_due(&next)));
    }
    // What awaits wants to be named; where nothing does, nothing is wrong.
    Ok(Exit::Error)
}

fn documents(awaiting: &[Awaiting]) -> Vec<serde_json::Value> {
    let document = |awaits: &Awaiting| serde_json::json!({"run_id": awaits.run_id, "until": awaits.deadline.until, "left_by": awaits.left_by});
    awaiting.iter().map(document).collect()
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
        match expired_of(path, arguments.json, invocation, output).await {
            Ok(backs) => {
                is_any_due |= !backs.is_empty();
                worst = worst.worse(exit_of(&backs));
            }
            // What is wrong with one spec keeps nobody from the others.
            Err(error) if paths.len() > 1 => worst = worst.worse(errors::report(&output.about(path), &error, machine)),
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
        let mut screen = screen.outliving(signals.terminal.clone()).given(invocation.given());
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
