//! What is live and declared by no spec: listed by `drift --unmanaged`, added to a spec by `init --append`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::bounds;
use crate::cloud::{CloudRead, listing};
use crate::drift::Unmanaged;
use crate::render::starter;
use crate::resource::{AccountName, Observed, Region, Scope};
use crate::spec::{self, Interface, SpecFile};
use crate::state::Identity;
use crate::store::named::{self, Links};
use crate::survey::Survey;

use super::failure::{Exit, Refusal};
use super::project::{Project, beside, files};

/// What was listed already, for the specs before.
#[derive(Debug, Default)]
pub struct Listed {
    interfaces: BTreeSet<Identity>,
    /// The scopes of each of the clouds of the command.
    scopes: BTreeSet<(usize, Scope)>,
}

/// Lists what is live where a spec looks, and declared by none of `projects`, by scope and id. What was listed already is left
/// out, and not read again.
///
/// # Errors
/// A scope that cannot be read.
pub async fn unmanaged(
    project: &Project,
    projects: &[&Project],
    (number, cloud): (usize, &impl CloudRead),
    listed: &mut Listed,
) -> Result<Vec<Unmanaged>> {
    let declared: BTreeSet<Identity> =
        projects.iter().flat_map(|project| project.spec.interfaces.values()).map(identity).collect();
    let mut found = Vec::new();
    for scope in scopes(project) {
        let place = (number, scope.clone());
        if listed.scopes.contains(&place) {
            continue;
        }
        let listing = listing::read_all(cloud, &scope).await;
        let listing = listing.with_context(|| format!("cannot read the interfaces of {scope}"))?;
        listed.scopes.insert(place);
        for (id, row) in listing.interfaces {
            let identity = Identity::of(&scope, &id);
            if !declared.contains(&identity) && listed.interfaces.insert(identity) {
                found.push(one(row.observed, &scope));
            }
        }
    }
    Ok(found)
}

fn one(observed: Observed, scope: &Scope) -> Unmanaged {
    Unmanaged {
        id: observed.id,
        scope: scope.clone(),
        name: observed.name.map(|name| name.to_string()),
        status: observed.status,
        opposite: observed.opposite.interface_id,
    }
}

fn identity(declared: &Interface) -> Identity {
    Identity::of(&declared.scope, &declared.id.value)
}

/// Returns where a spec looks: the scopes of its interfaces and its own region.
fn scopes(project: &Project) -> BTreeSet<Scope> {
    let own = project
        .spec
        .cloud
        .region
        .as_ref()
        .map(|region| Scope { account: AccountName::default_account(), region: region.value.clone() });
    project.spec.interfaces.values().map(|entry| entry.scope.clone()).chain(own).collect()
}

/// Returns the regions of the spec's own account where it looks.
pub fn regions(project: &Project) -> Vec<Region> {
    let own = AccountName::default_account();
    scopes(project).into_iter().filter(|scope| scope.account == own).map(|scope| scope.region).collect()
}

/// What was appended to a spec.
#[derive(Debug)]
pub struct Appended {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// How many entries are new.
    pub entries: usize,
}

/// Adds to a file of the spec at `path` what was surveyed and is not declared; every other byte stays as it is.
///
/// # Errors
/// A spec of several files where none is named, one whose text has no place for entries, and a file that cannot be read.
pub fn append(project: &Project, path: &Path, output: Option<&Path>, mut survey: Survey) -> Result<Appended> {
    let is_directory = path.is_dir();
    if is_directory && output.is_none() {
        let refusal = Refusal::new(Exit::Error, format!("{} is a directory", path.display()));
        return Err(refusal.hint("name the file of it to append to with --output").into());
    }
    let file = output.unwrap_or(path);
    if is_directory && !beside::is_in(path, file) {
        let refusal =
            Refusal::new(Exit::Error, format!("{} is no file of the spec {}", file.display(), path.display()));
        return Err(refusal.hint("name one of its files, or a new *.yaml in its directory").into());
    }
    let before = match named::read(file, Links::Followed, bounds::SPEC_BYTES) {
        Ok(bytes) => String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", file.display()))?,
        Err(_) if is_directory && !file.exists() => "version: 1\ninterfaces:\n".to_owned(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let declared: BTreeSet<Identity> = project.spec.interfaces.values().map(identity).collect();
    let own = AccountName::default_account();
    let is_new = |observed: &Observed| {
        let scope = Scope { account: own.clone(), region: observed.region.clone() };
        !declared.contains(&Identity::of(&scope, &observed.id))
    };
    survey.entries.retain(|_, entry| is_new(&entry.observed));
    rename_taken(&mut survey, project);
    let entries = survey.entries.values().filter(|entry| entry.status().is_ok()).count();
    if entries == 0 {
        return Ok(Appended { path: file.to_owned(), text: before, entries });
    }
    let place = place_of_entries(&before).ok_or_else(|| no_place(file))?;
    let mut block = Vec::new();
    let home = project.spec.cloud.region.as_ref().map(|region| &region.value);
    starter::entries(&mut block, &survey, home, place.indent)?;
    let block = String::from_utf8(block).context("bug: entries are text")?;
    let end = if before[..place.at].ends_with('\n') || place.at == 0 { "" } else { "\n" };
    let text = format!("{}{end}{block}{}", &before[..place.at], &before[place.at..]);
    if !keeps_all(project, path, file, &text, entries) {
        return Err(no_place(file).into());
    }
    Ok(Appended { path: file.to_owned(), text, entries })
}

fn no_place(file: &Path) -> Refusal {
    let refusal = Refusal::new(Exit::Error, format!("{} has no block of entries to append to", file.display()));
    refusal
        .hint("give it a block `interfaces:` with its entries below it, or name another file of the spec with --output")
}

/// Names by their ids what is called as something that is declared.
fn rename_taken(survey: &mut Survey, project: &Project) {
    let taken: Vec<_> =
        survey.entries.keys().filter(|address| project.spec.interfaces.contains_key(*address)).cloned().collect();
    for address in taken {
        if let Some(entry) = survey.entries.remove(&address) {
            survey.entries.insert(entry.observed.id.as_str().into(), entry);
        }
    }
}

/// Where entries can be added.
struct Place {
    /// The byte before which they go.
    at: usize,
    /// How far they stand in.
    indent: usize,
}

/// Finds the end of the block `interfaces:`, before what stands after it at the left margin; `None` where there is no such block.
fn place_of_entries(text: &str) -> Option<Place> {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len();
        (start, line)
    });
    let is_head = |line: &str| {
        let rest = line.strip_prefix("interfaces:").map(|rest| rest.split(" #").next().unwrap_or(rest).trim());
        rest == Some("")
    };
    let (start, head) = lines.find(|(_, line)| is_head(line))?;
    let (mut end, mut indent) = (start + head.len(), None);
    for (start, line) in lines {
        let text = line.trim();
        if text.is_empty() || line.starts_with('#') {
            continue;
        }
        let margin = line.len() - line.trim_start_matches(' ').len();
        if margin == 0 {
            break;
        }
        if !text.starts_with('#') {
            indent.get_or_insert(margin);
        }
        end = start + line.len();
    }
    Some(Place { at: end, indent: indent.unwrap_or(2) })
}

/// Returns whether the spec says with the new text all that it said, and so many entries more.
fn keeps_all(project: &Project, path: &Path, file: &Path, text: &str, entries: usize) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Ok(mut sources) = files(path) else { return false };
    sources.retain(|source| real(Path::new(&source.name)) != real(file));
    sources.push(SpecFile { name: file.display().to_string(), bytes: text.as_bytes().to_vec() });
    let Ok(spec) = spec::parse(sources) else { return false };
    let said = &project.spec.interfaces;
    let is_kept = |address, entry: &Interface| {
        spec.interfaces.get(address).is_some_and(|now| now.id.value == entry.id.value && now.scope == entry.scope)
    };
    spec.interfaces.len() == said.len() + entries && said.iter().all(|(address, entry)| is_kept(address, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_behind_the_last_one_and_before_what_stands_after_the_block() {
        let text = "version: 1\ninterfaces:  # ours\n    a: {id: ri-a}\n    # the last\n\n# windows\nwindows: []\n";
        let place = place_of_entries(text).unwrap();
        assert_eq!((&text[place.at..], place.indent), ("\n# windows\nwindows: []\n", 4));
        assert_eq!(place_of_entries("interfaces:\n").map(|place| (place.at, place.indent)), Some((12, 2)));
        for none in ["interfaces: {}\n", "version: 1\n", "{\"interfaces\": {}}"] {
            assert!(place_of_entries(none).is_none(), "{none}");
        }
    }
}
