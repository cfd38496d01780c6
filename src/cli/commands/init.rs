//! `init`: a starter spec from what is live.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::ops::connection::connect;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::init as operation;
use crate::ops::project::DEFAULT_SPEC;
use crate::ops::shared_file::{self, Access};
use crate::render::{counted, starter};
use crate::survey::terraform::{self, Imported};

use super::super::args::InitArgs;
use super::super::output::Output;
use super::Invocation;

pub(super) async fn init(arguments: &InitArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let path = arguments.output.as_deref().unwrap_or(Path::new(DEFAULT_SPEC));
    let to_stdout = path == Path::new("-");
    if !to_stdout && !arguments.force && shared_file::is_there(path) {
        let refusal = Refusal::new(Exit::Error, format!("{} is there already", path.display()));
        return Err(refusal.hint("choose another name with --output, or replace it with --force").into());
    }
    let imported = arguments.from_tfstate.as_deref().map(read_terraform).transpose()?;
    let (world, environment) = (arguments.world.as_deref(), &invocation.environment);
    let regions = operation::regions(&arguments.region, imported.as_ref(), environment, world, invocation.clock)?;
    let profile = invocation.global.profile.as_deref();
    let project = operation::blank_project(&regions, profile, world)?;
    let connection = connect(&project, &invocation.access(), invocation.clock).await?;
    let (cloud, target) = (&connection.cloud, &connection.target);
    let survey = operation::read(cloud, target, regions, imported.as_ref(), &invocation.clock).await?;
    let directory = if to_stdout { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
    let settings = starter::Settings {
        profile: profile.map(str::to_owned),
        world: world.map(|world| relative(world, directory)).transpose()?,
    };
    survey.notes.iter().for_each(|note| output.say(&format!("warning: {note}")));
    for (address, entry) in &survey.entries {
        entry.notes.iter().for_each(|note| output.say(&format!("warning: {address}: {note}")));
    }
    if to_stdout {
        output.print(|out| starter::write(out, &survey, &settings))?;
        return Ok(Exit::Done);
    }
    let mut text = Vec::new();
    starter::write(&mut text, &survey, &settings)?;
    shared_file::write(path, &text, Access::Others, arguments.force)?;
    let declared = survey.entries.values().filter(|entry| entry.status().is_ok()).count();
    let left_out = survey.entries.len() - declared;
    output.say(&format!(
        "Wrote {}: {} declared, {left_out} left out. Next: rictl plan",
        path.display(),
        counted(declared, "interface")
    ));
    Ok(Exit::Done)
}

fn read_terraform(path: &Path) -> Result<Imported> {
    let doing = || format!("cannot use {}", path.display());
    let bytes = std::fs::read(path).with_context(doing)?;
    terraform::read(&bytes).with_context(doing)
}

/// Writes a path as seen from the directory of the spec.
fn relative(path: &Path, directory: &Path) -> Result<String> {
    let path = if directory.as_os_str().is_empty() || path.is_absolute() {
        path.to_owned()
    } else {
        std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?
    };
    path.into_os_string().into_string().map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}
