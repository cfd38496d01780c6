//! `fleet`: every state of a store on one page, from what is kept there; the cloud is not asked.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::fleet::Unselected;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::fleet::{self as operation, Look, Named};
use crate::ops::project::{DEFAULT_SPEC, Project};
use crate::ops::stores::Shelf;
use crate::render;
use crate::store::Place;

use super::super::args::{FleetArgs, Format};
use super::super::output::Output;
use super::{Invocation, unread};

pub(super) async fn fleet(arguments: &FleetArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let look = Look {
        now: invocation.clock.now(),
        stale_after: arguments.stale_after,
        within: invocation.global.request_timeout,
    };
    let (shelf, named) = shelf(invocation)?;
    let mut fleet = operation::fleet(&shelf, &named, look).await?;
    if fleet.states.is_empty() && arguments.format.format() == Format::Json {
        output.say(&format!("note: there is no state in {}", fleet.store));
    }
    fleet.keep_to(&arguments.selectors).map_err(|unselected| refused(&unselected))?;
    let view = output.view_of(arguments.format.full);
    output.print(|out| match arguments.format.format() {
        Format::Text => render::fleet::text(out, &fleet, view),
        Format::Json => render::fleet::document(out, &fleet),
        Format::Markdown => render::markdown::fleet(out, &fleet),
        Format::Html => render::html::fleet(out, &fleet),
    })?;
    Ok(fleet.exit())
}

/// Returns the store that was named, else the directories of the states of the specs that were, and which states were named; a spec tells
/// the region of a bucket too.
fn shelf(invocation: &Invocation) -> Result<(Shelf, Vec<Named>)> {
    let longest = invocation.global.request_timeout;
    let is_named = invocation.stores.asked.as_deref().is_some_and(|asked| !asked.is_empty());
    let load = |path: &Path| Project::load_of(path, Path::new(""), |_| None);
    let region_of = |project: &Project| project.spec.cloud.region.as_ref().map(|region| region.value.to_string());
    if is_named {
        let paths = invocation.spec_paths();
        let region = paths.first().and_then(|path| region_of(&load(path).ok()?));
        let (shelf, named) = invocation.stores.shelf(Vec::new(), region.as_deref(), longest)?;
        if matches!(shelf, Shelf::Directories(_)) || invocation.global.file.is_empty() {
            return Ok((shelf, named.into_iter().map(Named::from).collect()));
        }
        let placed = |path: &Path| Ok(invocation.stores.placed(load(path)?, path)?.place);
        return Ok((shelf, named_by(&paths, placed, invocation)?));
    }
    if invocation.global.file.is_empty() && !Path::new(DEFAULT_SPEC).exists() {
        let refusal = Refusal::new(Exit::Error, "no store is named, and there is no rictl.yaml here");
        let hint =
            "name a store with --state or RICTL_STATE: a directory of states, postgres://..., oss://... or s3://...";
        return Err(refusal.hint(hint).into());
    }
    let named = named_by(&invocation.spec_paths(), |path| Ok(load(path)?.place), invocation)?;
    let places = named.iter().map(|named| named.place.clone()).collect();
    Ok((invocation.stores.shelf(places, None, longest)?.0, named))
}

/// Returns the states that specs name. Of one that cannot be read, what can be told of its place is a row with the reason.
///
/// # Errors
/// No spec can be read, or it cannot be told where the state of one is.
fn named_by(
    paths: &[PathBuf],
    place_of: impl Fn(&Path) -> Result<Place>,
    invocation: &Invocation,
) -> Result<Vec<Named>> {
    let (mut named, mut first) = (Vec::with_capacity(paths.len()), None);
    for path in paths {
        let error = match place_of(path) {
            Ok(place) => {
                named.push(Named::from(place));
                continue;
            }
            Err(error) => error,
        };
        let Ok(place) = unread::place(invocation, path) else { return Err(error) };
        named.push(Named { place, error: Some(format!("{} cannot be read: {error:#}", path.display())) });
        first.get_or_insert(error);
    }
    match first.filter(|_| named.iter().all(|named| named.error.is_some())) {
        Some(error) => Err(error),
        None => Ok(named),
    }
}

fn refused(unselected: &[Unselected]) -> anyhow::Error {
    let words: Vec<String> = unselected.iter().map(|one| format!("`{}`", one.selector)).collect();
    let refusal = Refusal::new(Exit::Error, format!("{} selects nothing in any state", words.join(", ")));
    match unselected.iter().find_map(|one| one.hint.clone()) {
        Some(hint) => refusal.hint(hint).into(),
        None => refusal.hint("`rictl fleet` without a selector lists all").into(),
    }
}
