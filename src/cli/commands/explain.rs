//! Commands that show how a plan comes about: explain, graph.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;

use crate::cloud::CloudError;
use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::history::Recorded;
use crate::ops::beside;
use crate::ops::connection::{Connection, connect_and_look};
use crate::ops::failure::{Exit, Refusal};
use crate::ops::live::{self, Known};
use crate::ops::part::Sight;
use crate::ops::project::Project;
use crate::ops::prospects::riding;
use crate::overview::{Obstacle, Prospect, Prospects};
use crate::plan::{Plan, PlanOptions};
use crate::render;
use crate::render::explain::Explanation;
use crate::render::graph::Graph;
use crate::resource::{Address, LiveState, Reading};
use crate::schedule;
use crate::spec::keys::{self, Key};
use crate::spec::{Limits, Spec};
use crate::state::Identity;

use super::super::args::{Choice, ExplainArgs, GraphArgs, GraphFormat};
use super::super::errors;
use super::super::output::Output;
use super::{Invocation, plan};

pub(super) async fn explain(arguments: &ExplainArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    if let Some(path) = &arguments.key {
        return key(path, arguments.json, output);
    }
    let (project, at) = invocation.load_as_of(&invocation.spec_path()?, &arguments.at, false)?;
    let addresses = project.select(&arguments.selectors)?;
    errors::clashes(output, &project);
    let recorded = plan::read(&project.place, output)?;
    let sight = Sight::of_tied(&project, &recorded, &addresses);
    let (connection, plan, seen) = planned(&project, &recorded, at, (&sight, invocation)).await?;
    let moment = plan.moment();
    errors::clashes_of_links(output, &project, &seen, moment);
    let reached = live::reached(&project.spec, &seen, &of_all(at, invocation));
    let closed = recorded.state_as_closed(&plan.target);
    let state = beside::with_others(closed.as_deref(), &project, &plan.target)?;
    let as_of = match reached.is_empty() {
        true => Cow::Borrowed(&seen),
        false => Cow::Owned(schedule::as_assumed(seen.clone(), &project.spec, &reached)),
    };
    let prospects = Prospects::new(&project.spec, &as_of, state.as_deref(), moment);
    let mut prospects: Vec<Prospect> =
        addresses.iter().map(|address| prospects.of(address).unwrap_or_default()).collect();
    let known = Known { project: &project, state: None, live: &as_of, doubts: &[], target: &plan.target };
    let asked = addresses.iter().zip(&prospects).filter(|(_, prospect)| prospect.is_possible());
    let options = of_all(at, invocation);
    let mut rides = riding(&known, &connection.cloud, asked.map(|(address, _)| address), (&plan, &options)).await?;
    for (address, prospect) in addresses.iter().zip(&mut prospects) {
        prospect.obstacles.extend(rides.remove(address).map(Obstacle::Refused));
    }
    let explained = |(address, prospect)| {
        let declared = &project.spec.interfaces[address];
        let identity = Identity::of(&declared.scope, &declared.id.value);
        let known = state.as_ref().and_then(|state| state.interfaces.of(&identity));
        Explanation {
            spec: &project.spec,
            address,
            declared,
            reading: seen.readings.get(address).unwrap_or(&Reading::Unreadable),
            record: known.map(|(_, record)| record),
            renamed_from: known.map(|(name, _)| name).filter(|name| *name != address),
            dead: recorded.dead_run().map(|run| run.id()),
            plan: &plan,
            assumed: reached.get(address).copied(),
            prospect,
        }
    };
    let facts: Vec<Explanation<'_>> = addresses.iter().zip(&prospects).map(explained).collect();
    let (view, given) = (output.view(), invocation.given());
    // What is asked decides the shape of the document, never how many there are.
    let asks_for_one = matches!(arguments.selectors.as_slice(), [one] if one.is_name());
    output.print(|out| match (arguments.json, facts.as_slice()) {
        (true, [one]) if asks_for_one => render::explain::document(out, one),
        (true, all) => render::explain::documents(out, all),
        (false, all) => all.iter().enumerate().try_for_each(|(number, one)| {
            if number > 0 {
                writeln!(out)?;
            }
            render::explain::text(out, one, &given, view)
        }),
    })?;
    let is_unread = |facts: &Explanation<'_>| matches!(facts.reading, Reading::Unreadable);
    Ok(if facts.iter().any(is_unread) { Exit::Error } else { Exit::Done })
}

/// Says what a key of the spec means.
fn key(path: &str, json: bool, output: &Output) -> Result<Exit> {
    let keys: Vec<&'static Key> = keys::matching(path).collect();
    if keys.is_empty() {
        let refusal = Refusal::new(Exit::Error, format!("the spec has no key `{path}`"));
        let named: Vec<&str> = keys::called(path.rsplit('.').next().unwrap_or(path)).map(|key| key.path).collect();
        let near = || nearest(path, keys::KEYS.iter().map(|key| key.path)).into_iter().collect();
        let meant: Vec<&str> = if named.is_empty() { near() } else { named };
        let hint = if meant.is_empty() {
            "docs/reference/spec.md lists them".to_owned()
        } else {
            did_you_mean(&meant.join("`, `"))
        };
        return Err(refusal.hint(hint).into());
    }
    let view = output.view();
    output.print(|out| if json { render::key::document(out, &keys) } else { render::key::text(out, &keys, view) })?;
    Ok(Exit::Done)
}

pub(super) async fn graph(arguments: &GraphArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let (project, at) = invocation.load_as_of(&invocation.spec_path()?, &arguments.at, false)?;
    errors::clashes(output, &project);
    let chosen: BTreeSet<Address> = project.select(&arguments.selectors)?.into_iter().collect();
    let format = match arguments.format {
        GraphFormat::Dot => render::graph::Format::Dot,
        GraphFormat::Mermaid => render::graph::Format::Mermaid,
        GraphFormat::Svg => render::graph::Format::Svg,
        GraphFormat::Json => render::graph::Format::Json,
    };
    let plan = if arguments.offline {
        None
    } else {
        let recorded = plan::read(&project.place, output)?;
        match planned(&project, &recorded, at, (&Sight::Whole, invocation)).await {
            Ok((_, plan, seen)) => {
                errors::clashes_of_links(output, &project, &seen, plan.moment());
                Some(plan)
            }
            // Dependencies and groups are worth a picture without the cloud; whatever else is wrong is an error.
            Err(error) if error.chain().any(|cause| cause.is::<CloudError>()) => {
                output.say(&format!("note: the spec alone is drawn, without statuses and steps: {error:#}"));
                None
            }
            Err(error) => return Err(error),
        }
    };
    if let Some(at) = at.filter(|_| plan.is_some()) {
        let at = project.spec.time_zone.shown(at);
        output.say(&format!("note: drawn as of {at}, with what begins or ends before taken as done"));
    }
    output.print(|out| Graph::new(&project.spec, plan.as_ref()).only(&chosen).write(out, format))?;
    Ok(Exit::Done)
}

/// Returns the options of a plan of everything, as of a moment.
fn of_all(at: Option<Timestamp>, invocation: &Invocation) -> PlanOptions {
    PlanOptions { at, ..plan::options(&Choice::default(), invocation) }
}

async fn planned(
    project: &Project,
    recorded: &Recorded,
    at: Option<Timestamp>,
    (sight, invocation): (&Sight, &Invocation),
) -> Result<(Connection, Plan, LiveState)> {
    let (connection, read) = connect_and_look(project, &invocation.access(), invocation.clock, sight).await?;
    let (cloud, target) = (&connection.cloud, &connection.target);
    let options = of_all(at, invocation);
    let (mut plan, mut seen) = live::plan_of(project, recorded, cloud, (target, read), &options).await?;
    if *sight != Sight::Whole && !plan.is_empty() && counts_everything(&project.spec) {
        let read = live::refresh(&project.spec, cloud, &invocation.clock).await;
        (plan, seen) = live::plan_of(project, recorded, cloud, (target, read), &options).await?;
    }
    Ok((connection, plan, seen))
}

/// Returns whether what becomes of a change depends on how many others there are, tied to it or not.
fn counts_everything(spec: &Spec) -> bool {
    let Limits { max_changes, max_changes_percent, per_group, per_region, .. } = &spec.limits;
    [max_changes, max_changes_percent, per_group, per_region].into_iter().any(Option::is_some) || spec.rollout.is_some()
}
