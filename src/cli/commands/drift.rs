//! `drift`: for people, and for a timer that watches several specs.

use anyhow::Result;

use crate::ops::connection::connect;
use crate::ops::drift as operation;
use crate::render;
use crate::render::topology::Topology;

use super::super::args::{DriftArgs, Format};
use super::super::output::Output;
use super::{Invocation, plan};

pub(super) async fn drift(arguments: &DriftArgs, invocation: &Invocation, output: &Output) -> Result<u8> {
    let mut code = 0;
    for path in invocation.spec_paths() {
        let project = invocation.load_from(&path)?;
        let recorded = plan::read(&project, output)?;
        let connection = connect(&project, &invocation.access(), invocation.clock).await?;
        let interval = invocation.global.poll_interval;
        let (cloud, target) = (&connection.cloud, &connection.target);
        let (drift, seen) = operation::drift(&project, &recorded, cloud, target, &invocation.clock, interval).await?;
        let view = output.view();
        let topology = Topology::new(&project.spec, &seen);
        output.print(|out| match arguments.format.format() {
            Format::Text => render::drift::text(out, &drift, view),
            Format::Json => render::drift::document(out, &drift),
            Format::Markdown => render::markdown::drift(out, &drift),
            Format::Html => render::html::drift(out, &drift, Some(&topology)),
        })?;
        let found = if drift.has_moved() { 2 } else { u8::from(!drift.failures.is_empty()) };
        code = code.max(found);
    }
    Ok(code)
}
