//! `change add`: a change, written into the spec.

use anyhow::Result;

use crate::ops::change::{self as operation, Added, Adding, Asked};
use crate::ops::failure::Exit;
use crate::ops::project::Project;
use crate::render::escape::escape_terminal;
use crate::render::words::change as words;
use crate::spec;

use super::super::args::ChangeAddArgs;
use super::super::errors;
use super::super::output::Output;
use super::Invocation;

pub(super) fn add(arguments: &ChangeAddArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let asked = Asked {
        name: &arguments.name,
        select: &arguments.select,
        status: arguments.status,
        reason: &arguments.reason,
        from: arguments.from.as_deref(),
        until: arguments.until.as_deref(),
        expect: arguments.expect,
        owner: arguments.owner.as_deref(),
        output: arguments.output.as_deref(),
    };
    let path = invocation.spec_path()?;
    let now = invocation.clock.now();
    let adding = operation::add(&path, &asked, now, &super::rescue_directory());
    let hide = |error| if invocation.is_linked { Project::conceal_error(error) } else { error };
    match adding.map_err(hide)? {
        Adding::Invalid(found) => {
            let found = if invocation.is_linked { spec::conceal(found) } else { found };
            errors::draw(output, &found.sources, &found.findings);
            output.say(words::NOT_WRITTEN);
            Ok(Exit::Error)
        }
        Adding::Added(added) => {
            let Added { name, change, place, zone, warnings } = &*added;
            errors::draw(output, &warnings.sources, &warnings.findings);
            let chosen = arguments.expect.is_none();
            let said = words::added(name, change, place, (zone, now), chosen);
            let next = words::next(name, change, (zone, now), &invocation.given());
            let lines = said.into_iter().chain(next);
            output.print(|out| lines.into_iter().try_for_each(|line| writeln!(out, "{}", escape_terminal(&line))))?;
            Ok(Exit::Done)
        }
    }
}
