//! Commands that show how a plan comes about: explain, graph.

use anyhow::Result;

use crate::cloud::CloudError;
use crate::history::Recorded;
use crate::ops::connection::connect;
use crate::ops::failure::Exit;
use crate::ops::live;
use crate::ops::project::Project;
use crate::plan::Plan;
use crate::render;
use crate::render::explain::Explanation;
use crate::render::graph::Graph;
use crate::resource::{Address, LiveState, Reading};

use super::super::args::{Choice, GraphArgs, GraphFormat};
use super::super::output::Output;
use super::{Invocation, plan};

pub(super) async fn explain(address: &Address, json: bool, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let project = invocation.load()?;
    let address = &project.address(address)?;
    let declared = &project.spec.interfaces[address];
    let recorded = plan::read(&project, output)?;
    let (plan, seen) = planned(&project, &recorded, invocation).await?;
    let record = recorded.state.as_ref().and_then(|state| state.interfaces.get(address));
    let reading = seen.readings.get(address).unwrap_or(&Reading::Unreadable);
    let facts = Explanation { spec: &project.spec, address, declared, reading, record, plan: &plan };
    let view = output.view();
    output.print(|out| {
        if json { render::explain::document(out, &facts) } else { render::explain::text(out, &facts, view) }
    })?;
    Ok(if matches!(reading, Reading::Unreadable) { Exit::Error } else { Exit::Done })
}

pub(super) async fn graph(arguments: &GraphArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let project = invocation.load()?;
    let format = match arguments.format {
        GraphFormat::Dot => render::graph::Format::Dot,
        GraphFormat::Mermaid => render::graph::Format::Mermaid,
        GraphFormat::Svg => render::graph::Format::Svg,
        GraphFormat::Json => render::graph::Format::Json,
    };
    let plan = if arguments.offline {
        None
    } else {
        let recorded = plan::read(&project, output)?;
        match planned(&project, &recorded, invocation).await {
            Ok((plan, _)) => Some(plan),
            // Dependencies and groups are worth a picture without the cloud; whatever else is wrong is an error.
            Err(error) if error.chain().any(|cause| cause.is::<CloudError>()) => {
                output.say(&format!("note: the spec alone is drawn, without statuses and steps: {error:#}"));
                None
            }
            Err(error) => return Err(error),
        }
    };
    output.print(|out| Graph::new(&project.spec, plan.as_ref()).write(out, format))?;
    Ok(Exit::Done)
}

async fn planned(project: &Project, recorded: &Recorded, invocation: &Invocation) -> Result<(Plan, LiveState)> {
    let connection = connect(project, &invocation.access(), invocation.clock).await?;
    let options = plan::options(&Choice::default(), invocation);
    live::plan(project, recorded, &connection.cloud, &connection.target, &invocation.clock, &options).await
}
