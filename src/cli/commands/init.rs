//! `init`: a starter spec from what is live.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::bounds;
use crate::diagnostic::quoted;
use crate::ops::connection::connect;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::init as operation;
use crate::ops::project::DEFAULT_SPEC;
use crate::ops::shared_file::{self, Access};
use crate::ops::unmanaged;
use crate::render::words::next::Given;
use crate::render::{counted, schema, starter};
use crate::resource::Region;
use crate::spec;
use crate::store::named::{self, Links};
use crate::survey::terraform::{self, Imported};

use super::super::args::InitArgs;
use super::super::output::Output;
use super::Invocation;

pub(super) async fn init(arguments: &InitArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    if arguments.append {
        return append(arguments, invocation, output).await;
    }
    let given = invocation.spec_path()?;
    let path = arguments.output.as_deref().unwrap_or(&given);
    let to_stdout = path == Path::new("-");
    let is_stream = to_stdout || shared_file::is_stream(path);
    if !to_stdout {
        refuse_place(path, arguments.force)?;
    }
    let is_json = !is_stream && spec::is_json(&path.to_string_lossy());
    let imported = arguments.from_tfstate.as_deref().map(read_terraform).transpose()?;
    let (world, environment) = (arguments.world.as_deref(), &invocation.environment);
    let profile = invocation.global.profile.as_deref();
    let whose = (environment, profile);
    let regions = operation::regions(&arguments.region, imported.as_ref(), whose, world, invocation.clock)?;
    let project = operation::blank_project(&regions, profile, world)?;
    let connection = connect(&project, &invocation.access(), invocation.clock).await?;
    let (cloud, target) = (&connection.cloud, &connection.target);
    let survey = operation::read(cloud, target, regions, imported.as_ref(), &invocation.clock).await?;
    if let Some(imported) = imported.as_ref().filter(|_| survey.entries.is_empty()) {
        return Err(none_found(imported, &survey.regions, invocation, arguments).into());
    }
    let directory = if to_stdout { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
    let settings = starter::Settings {
        profile: profile.map(str::to_owned),
        world: world.map(|world| relative(world, directory)).transpose()?,
        has_schema: !is_stream && !is_json,
        is_part: imported.is_some(),
    };
    survey.notes.iter().for_each(|note| output.say(&format!("warning: {note}")));
    for (address, entry) in &survey.entries {
        entry.notes.iter().for_each(|note| output.say(&format!("warning: {address}: {note}")));
        // JSON has no comment to say it in.
        if let Some(why) = entry.status().err().filter(|_| is_json) {
            output.say(&format!("warning: {address} is left out: {why}"));
        }
    }
    if to_stdout {
        output.print(|out| starter::write(out, &survey, &settings))?;
        return Ok(Exit::Done);
    }
    let mut text = Vec::new();
    match is_json {
        true => starter::json::write(&mut text, &survey, &settings)?,
        false => starter::write(&mut text, &survey, &settings)?,
    }
    shared_file::hand_over(path, text, Access::Others, arguments.force).await?;
    if settings.has_schema {
        write_schema(path, arguments.force, output)?;
    }
    let declared = survey.entries.values().filter(|entry| entry.status().is_ok()).count();
    let found: BTreeSet<_> = survey.entries.values().map(|entry| &entry.observed.id).collect();
    let lost = imported.iter().flat_map(|imported| imported.names.keys()).filter(|id| !found.contains(id)).count();
    let in_no_spec = imported.as_ref().map_or(0, Imported::left_out);
    let left_out = survey.entries.len() - declared + lost + in_no_spec;
    let wrote = format!("Wrote {}: {} declared, {left_out} left out.", path.display(), counted(declared, "interface"));
    // What went into a pipe is planned from wherever it is put.
    let next = if is_stream { String::new() } else { format!(" Next: {}", next(path, invocation)) };
    output.say(&format!("{wrote}{next}"));
    Ok(Exit::Done)
}

/// Refuses to write where something is, before anything is read.
fn refuse_place(path: &Path, replace: bool) -> Result<()> {
    if path.is_dir() {
        let refusal = Refusal::new(Exit::Error, format!("{} is a directory, and a spec is a file", path.display()));
        let inside = quoted(&path.join(DEFAULT_SPEC).to_string_lossy());
        return Err(refusal.hint(format!("name a file in it: --output {inside}")).into());
    }
    if !replace && shared_file::is_there(path) {
        let refusal = Refusal::new(Exit::Error, format!("{} is there already", path.display()));
        return Err(refusal.hint("choose another name with --output, or replace it with --force").into());
    }
    Ok(())
}

/// Says which region nobody has named: a Terraform state knows where the other side of a link is, not where its own is.
fn none_found(imported: &Imported, read: &[Region], invocation: &Invocation, arguments: &InitArgs) -> Refusal {
    let read = read.iter().map(Region::as_str).collect::<Vec<_>>().join(", ");
    let count = imported.names.len();
    let summary = match count {
        1 => format!("the interface of the Terraform state is in none of the regions that were read ({read})"),
        _ => format!("none of the {count} interfaces of the Terraform state is in the regions that were read ({read})"),
    };
    let state = arguments.from_tfstate.as_deref().unwrap_or(Path::new("FILE"));
    let again = format!("init --region REGION --from-tfstate {}", quoted(&state.to_string_lossy()));
    Refusal::new(Exit::Error, summary)
        .cause("a state knows the region of the other side of a link, and not its own: that is the `region` of its provider")
        .hint(format!("nothing was written; name that region: `{}`", invocation.given().command(&again)))
}

/// Adds what no entry declares to a spec that is there.
async fn append(arguments: &InitArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let path = invocation.spec_path()?;
    let project = invocation.load_from(&path)?;
    let connection = connect(&project, &invocation.access(), invocation.clock).await?;
    let regions = if arguments.region.is_empty() { unmanaged::regions(&project) } else { arguments.region.clone() };
    let (cloud, target) = (&connection.cloud, &connection.target);
    let read = regions.clone();
    let survey = operation::read(cloud, target, regions, None, &invocation.clock).await?;
    let _turn = shared_file::turn(&path);
    // Reading the cloud took its time.
    let project = invocation.load_from(&path)?;
    let appended = unmanaged::append(&project, &path, arguments.output.as_deref(), survey)?;
    let file = appended.path.display();
    let read = read.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if appended.entries == 0 {
        output.say(&format!("Nothing is live in {read} that the spec does not declare; {file} stays as it is."));
        return Ok(Exit::Done);
    }
    shared_file::write(&appended.path, appended.text.as_bytes(), Access::Others, true)?;
    let entries = counted(appended.entries, "interface");
    output.say(&format!("Added {entries} of {read} to {file}. Next: {}", invocation.given().command("plan")));
    Ok(Exit::Done)
}

fn read_terraform(path: &Path) -> Result<Imported> {
    let doing = || format!("cannot use {}", path.display());
    let bytes = named::read_given(path, bounds::TERRAFORM_BYTES).with_context(doing)?;
    terraform::read(&bytes)
        .map_err(|error| Refusal::new(Exit::Error, format!("{}: {error}", doing())).hint(error.hint()).into())
}

/// Writes the schema that the first line of the spec names, beside it.
fn write_schema(spec: &Path, replace: bool, output: &Output) -> Result<()> {
    let path = spec.with_file_name(starter::SCHEMA_FILE);
    let mut text = Vec::new();
    schema::write(&mut text, schema::Format::Spec)?;
    let is_there = shared_file::is_there(&path);
    if is_there && named::read(&path, Links::Followed, text.len()).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if is_there && !replace {
        output.say(&format!("note: {} is there already and stays as it is; --force replaces it", path.display()));
        return Ok(());
    }
    shared_file::write(&path, &text, Access::Others, replace)
}

/// Returns the command that plans the spec at `path`, as it is typed where this one was.
fn next(path: &Path, invocation: &Invocation) -> String {
    let is_default = path == Path::new(DEFAULT_SPEC) && invocation.global.file.is_empty();
    let mut given = Given { file: (!is_default).then(|| path.display().to_string()), ..invocation.given() };
    // The spec names it now.
    given.cloud.retain(|(flag, _)| *flag != "--profile");
    given.command("plan")
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
