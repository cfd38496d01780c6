//! Commands about what was recorded: show, state, force-unlock.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::bounds;
use crate::calendar::Zone;
use crate::clock::BootTime;
use crate::history::{self, Aside};
use crate::language::Wording;
use crate::ops::accept::{self, Accepted};
use crate::ops::claim::Patience;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::project::Project;
use crate::ops::{approval, beside, state_backup, state_edit, state_transfer};
use crate::plan::Plan;
use crate::render;
use crate::render::html::Around;
use crate::render::past::PastRun;
use crate::render::state::Shown;
use crate::render::words::next::Given;
use crate::resource::Address;
use crate::state::{Identity, Record, RunId, State};
use crate::store::lock::Holder;
use crate::store::{Medium as _, Place, named};

use super::super::args::{Format, ShowArgs, StateCommand};
use super::super::front::Screen;
use super::super::output::Output;
use super::super::prompt;
use super::super::who::who;
use super::{Invocation, apply, history as listed, plan, unread};

pub(super) fn show(arguments: &ShowArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let format = arguments.format.format();
    if let Some(what) = &arguments.what
        && Path::new(what).exists()
    {
        let saved = apply::read_any_plan(Path::new(what))?;
        let used_by = used_by(&saved, invocation);
        let given = Given { saved: Some(what.clone()), used_by, ..invocation.given() };
        plan::print(output, &arguments.format, &saved, &given, Around::default())?;
        return Ok(Exit::Done);
    }
    let what = arguments.what.as_deref().unwrap_or("last");
    let unknown = || {
        Refusal::new(Exit::Error, format!("there is neither a file nor a run {what}"))
            .hint("`rictl history` lists the runs; saved plans are made with `rictl plan --out FILE`")
    };
    // The ids of runs begin with their day: what does not is no run, whichever spec is meant.
    if what != "last" && !what.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(unknown().into());
    }
    let source = listed::source(&invocation.spec_path()?, invocation, output, false)?;
    let place = source.place.clone();
    let run = source.find(what)?.ok_or_else(|| match what {
        "last" => {
            Refusal::new(Exit::Error, "nothing has been applied yet").hint("name a saved plan, or run `rictl apply`")
        }
        _ => unknown(),
    })?;
    let (now, uptime) = (invocation.clock.now(), BootTime::now().uptime());
    // A spec that cannot be read takes no zone away: the run has recorded under which it stood.
    let of_run = || Project::of_run(Path::new(""), source.place.clone(), &run.run).ok();
    let zone = source.project.or_else(of_run).map(|project| project.spec.time_zone);
    let notes = state_edit::rescued_of(&place, run.run.id());
    let run = PastRun::from(run).in_zone(&zone.unwrap_or_default()).as_of(now, uptime.as_ref()).with_notes(notes);
    let (view, given) = (output.view_of(arguments.format.full), invocation.given());
    output.print(|out| match format {
        Format::Text => render::history::run(out, &run, &given, view),
        Format::Json => render::history::run_document(out, &run),
        Format::Markdown => render::markdown::run(out, &run, &given),
        Format::Html => render::html::run(out, &run, &given, None),
    })?;
    Ok(Exit::Done)
}

/// Returns the run that has used a saved plan, as far as what is recorded beside its spec can be read: a plan file is shown
/// wherever it lies.
fn used_by(saved: &Plan, invocation: &Invocation) -> Option<RunId> {
    let project = match (invocation.global.file.is_empty(), &saved.basis.spec) {
        (true, Some(spec)) => invocation.load_from(Path::new(spec)),
        _ => invocation.load(),
    };
    let place = project.ok()?.place;
    let recorded = history::read_at(&place).ok()?;
    approval::run_of(&place.medium(), &recorded, saved).ok()?
}

/// Returns the zone that times are shown in: UTC where the spec cannot be read.
fn zone(invocation: &Invocation) -> Zone {
    invocation.load().map(|project| project.spec.time_zone).unwrap_or_default()
}

pub(super) async fn state(command: StateCommand, invocation: &Invocation, output: &Output) -> Result<Exit> {
    match command {
        StateCommand::List { json } => {
            let recorded = plan::read(&unread::records(invocation, output)?, output)?;
            let project = invocation.load().ok();
            let view = output.view();
            let dead = recorded.dead_run().map(|run| run.id());
            dead.iter().for_each(|dead| output.say(&format!("note: {}", render::words::history::died(dead))));
            let state = recorded.any_state_as_closed();
            let state = with_others(state.as_deref(), project.as_ref(), output)?;
            output.print(|out| match state.as_deref() {
                Some(state) if json => render::state::list_document(out, state, dead),
                None if json => writeln!(out, "{}", serde_json::json!({"format_version": "1.0", "interfaces": {}})),
                Some(state) => render::state::list(out, state, &zone(invocation), view),
                None => writeln!(out, "Nothing is recorded."),
            })?;
        }
        StateCommand::Show { address, json } => {
            let recorded = plan::read(&unread::records(invocation, output)?, output)?;
            let project = invocation.load().ok();
            let state = recorded.any_state_as_closed();
            let state = with_others(state.as_deref(), project.as_ref(), output)?;
            let (name, record) = record(state.as_deref(), &address, project.as_ref())?;
            let is_id = record.id.as_str() == address.as_str();
            let address = if is_id { name.clone() } else { address };
            let renamed_from = Some(name).filter(|name| **name != address);
            let dead = recorded.dead_run().map(|run| run.id());
            let shown = Shown { address: &address, record, renamed_from, dead };
            let zone = project.as_ref().map(|project| project.spec.time_zone.clone()).unwrap_or_default();
            let view = output.view();
            output.print(|out| {
                if json {
                    render::state::show_document(out, &shown)
                } else {
                    render::state::show(out, &shown, &zone, view)
                }
            })?;
        }
        StateCommand::Accept => {}
        StateCommand::Lock { json } => held(json, invocation, output)?,
        StateCommand::Init { print_sql } => init(print_sql, invocation, output).await?,
        StateCommand::Move { url } => move_to(&url, invocation, output).await?,
        StateCommand::Pull { all } => {
            let place = unread::records(invocation, output)?;
            let bytes = match all {
                true => serde_json::to_vec(&state_backup::backup(&place)?)?,
                false => state_backup::state_of(&place)?,
            };
            output.print(|out| out.write_all(&bytes))?;
        }
        StateCommand::Push { given: file } => {
            let place = invocation.load()?.place;
            let bytes = given(&file, bounds::BACKUP_BYTES)?;
            let mut waiting = waiting(output);
            let patience = Patience::of(invocation.global.lock_timeout, &mut waiting);
            let pushed = state_backup::push(&place, &bytes, (&who(), invocation.clock.now()), patience).await?;
            let runs = pushed.runs.map(|runs| format!(", with {}", render::counted(runs, "run"))).unwrap_or_default();
            say(output, &format!("{} has serial {} now{runs}.", place.label(), pushed.serial))?;
        }
        StateCommand::Rescue { given: file } => {
            let place = unread::records(invocation, output)?;
            let (kept, run) = state_edit::bring_rescued(&place, &given(&file, bounds::STATE_BYTES)?)?;
            say(output, &render::words::history::rescued(&kept, &run))?;
        }
        StateCommand::Rm { address } => {
            let project = invocation.load()?;
            let mut waiting = waiting(output);
            let patience = Patience::of(invocation.global.lock_timeout, &mut waiting);
            let (address, gone) =
                state_edit::forget(&project, &address, (who(), invocation.clock.now()), patience).await?;
            let lines = render::state::forgot(&address, &gone);
            output.print(|out| {
                lines.iter().try_for_each(|line| writeln!(out, "{}", render::escape::escape_terminal(line)))
            })?;
        }
    }
    Ok(Exit::Done)
}

/// Says for whom a command waits.
fn waiting(output: &Output) -> impl FnMut(&Wording) {
    |holder| output.say(&output.spoken(|| render::words::history::waits_for_lock(holder)))
}

fn say(output: &Output, text: &str) -> Result<()> {
    output.print(|out| writeln!(out, "{}", render::escape::escape_terminal(text)))?;
    Ok(())
}

/// Reads a file that was given.
fn given(file: &Path, most: usize) -> Result<Vec<u8>> {
    named::read_given(file, most).with_context(|| format!("cannot read {}", file.display()))
}

/// Takes the history from the store of `--state` or RICTL_STATE; from the files of the spec where that variable names the new
/// store already, as in a shell that is set up for it.
async fn move_to(url: &str, invocation: &Invocation, output: &Output) -> Result<()> {
    let (project, path) = (invocation.load()?, invocation.spec_path()?);
    let to = invocation.stores.other(url, &project, &path)?;
    let is_set_up = project.place.label() == to.label() && !invocation.types_state();
    let from = if is_set_up { invocation.load_with_own_place()?.place } else { project.place };
    let mut waiting = waiting(output);
    let patience = Patience::of(invocation.global.lock_timeout, &mut waiting);
    let taken = state_transfer::take(&from, &to, (&who(), invocation.clock.now()), patience).await?;
    let text = format!(
        "The state is in {} now, with {} and {}; {} says so to whoever asks there.",
        to.label(),
        render::counted(taken.runs, "run"),
        render::counted(taken.approvals, "approval"),
        from.label()
    );
    say(output, &text)
}

/// Says who holds the state.
fn held(json: bool, invocation: &Invocation, output: &Output) -> Result<()> {
    let place = unread::records(invocation, output)?;
    place.check()?;
    let (holder, term) = match &place {
        Place::Far(far) => {
            let tip = far.store.tip()?;
            let term = tip.held.as_ref().map(|held| (tip.epoch, held.lease));
            (tip.held.map(|held| held.holder), term)
        }
        Place::Files(_) => (place.medium().running()?, None),
    };
    output.print(|out| match json {
        true => render::lock::lock_document(out, holder.as_ref(), term),
        false => render::lock::lock(out, &place.label(), holder.as_ref(), term),
    })?;
    Ok(())
}

async fn init(print_sql: bool, invocation: &Invocation, output: &Output) -> Result<()> {
    if print_sql {
        return print_schema(output);
    }
    let place = invocation.load()?.place;
    let holder = Holder::this_process(who(), "state init".to_owned(), None, invocation.clock.now());
    let mut waiting = waiting(output);
    drop(Patience::of(invocation.global.lock_timeout, &mut waiting).open(&place, &holder).await?);
    say(output, &format!("{} is ready.", place.label()))
}

#[cfg(feature = "postgres")]
fn print_schema(output: &Output) -> Result<()> {
    output.print(|out| out.write_all(crate::store::postgres::SCHEMA.as_bytes()))
}

/// A build without that store has no tables to make.
#[cfg(not(feature = "postgres"))]
fn print_schema(_: &Output) -> Result<()> {
    let refusal = Refusal::new(Exit::Error, "this rictl was built without Postgres");
    Err(refusal.hint("the tables are those of a build with the feature `postgres`").into())
}

/// Goes on where state or journal cannot be trusted.
pub(super) async fn accept(invocation: &Invocation, output: &Output) -> Result<Exit> {
    let session = invocation.session(invocation.patience())?;
    let mut screen = Screen::new(output, invocation.clock, false, None, false);
    let lines = match accept::accept(&session, &mut screen).await? {
        Accepted::Nothing => vec![
            "There is nothing to accept: what is recorded here, if anything is, fits together. Nothing was changed."
                .to_owned(),
        ],
        Accepted::Restarted { aside, serial } => {
            let of_file = |Aside { why, kept }: Aside| {
                let kept = kept.map(|kept| format!("It is kept as {kept}."));
                [format!("{why}."), kept.unwrap_or_else(|| "There was nothing in it to keep.".to_owned())]
            };
            let goes_on = format!("The history goes on with serial {serial}; run `rictl plan`.");
            aside.into_iter().flat_map(of_file).chain([goes_on]).collect()
        }
    };
    output.print(|out| lines.iter().try_for_each(|line| writeln!(out, "{}", render::escape::escape_terminal(line))))?;
    Ok(Exit::Done)
}

/// Returns what is recorded here, with what the next apply takes along from the states beside, which is said.
fn with_others<'s>(
    state: Option<&'s State>,
    project: Option<&Project>,
    output: &Output,
) -> Result<Option<Cow<'s, State>>> {
    let Some(project) = project else { return Ok(state.map(Cow::Borrowed)) };
    let with = beside::told_offline(state, project)?;
    for (name, taken) in &with.taken_along {
        output.say(&format!("note: {}", render::words::plan::taken_along(name, &taken.addresses)));
    }
    Ok(with.state)
}

/// Finds a record by the name that it has, or by that which the spec gives its interface now; with the name that it has.
fn record<'a>(
    state: Option<&'a State>,
    address: &Address,
    project: Option<&Project>,
) -> Result<(&'a Address, &'a Record)> {
    let records = state.map(|state| &state.interfaces);
    let named = state_edit::recorded_as(records, address);
    let declared = project.and_then(|project| project.spec.interfaces.get(address));
    let identity = declared.map(|entry| Identity::of(&entry.scope, &entry.id.value));
    let renamed = || records?.of(&identity?);
    Ok(named.or_else(renamed).ok_or_else(|| state_edit::unknown(address, records))?)
}

pub(super) async fn force_unlock(
    id: &str,
    force: bool,
    pid: Option<u32>,
    invocation: &Invocation,
    output: &Output,
) -> Result<Exit> {
    let place = unread::records(invocation, output)?;
    place.check()?;
    let holder = place.holder()?;
    output.say(&format!("the lock {} is held by {holder}", holder.id));
    if holder.id != id {
        let refusal = Refusal::new(Exit::Error, format!("{id} is not the id of the lock"));
        return Err(refusal.hint("nothing was freed; see above for its id and its holder").into());
    }
    if holder.is_alive_here() && pid != Some(holder.pid) {
        let holder_pid = holder.pid;
        let summary = format!("the process that holds the lock is running: pid {holder_pid} on this host");
        let refusal = Refusal::new(Exit::Error, summary).cause("nothing was freed");
        let hint = format!("wait for it, or end it with Ctrl-C; if it hangs for ever, add --pid {holder_pid}");
        return Err(refusal.hint(hint).into());
    }
    if !force {
        let refusal = || {
            Refusal::new(Exit::Error, "nobody can be asked whether the lock may be freed")
                .hint("use --force if you know that its holder is dead")
        };
        if !invocation.global.input {
            return Err(refusal().into());
        }
        let question = "Do you really want to force-unlock?\n  Only 'yes' will be accepted to confirm.";
        if prompt::ask(output, question).await?.ok_or_else(refusal)? != "yes" {
            output.show(|out| writeln!(out, "force-unlock cancelled."));
            return Ok(Exit::Done);
        }
    }
    let holder = place.force_unlock(id)?;
    let text = format!("The lock of {holder} is free.");
    output.print(|out| writeln!(out, "{}", render::escape::escape_terminal(&text)))?;
    Ok(Exit::Done)
}
