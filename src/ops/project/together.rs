//! Several specs of one command: none may declare what another declares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources};
use crate::language::say;
use crate::resource::{AccountId, Address, Provider, Region, RouterInterfaceId, Scope};
use crate::selector::Selector;

use super::Project;

/// Where an interface lives, as far as a spec tells: one whose account is not declared may be any account's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Whereabouts {
    provider: Provider,
    world: Option<PathBuf>,
    region: Region,
    id: RouterInterfaceId,
}

/// An interface that a spec declares.
struct Declared<'a> {
    project: usize,
    address: &'a Address,
    account: Option<&'a AccountId>,
    place: Place,
}

/// Drops the paths that lead to a spec that was named before.
pub fn once_each(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = std::collections::BTreeSet::new();
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    paths.into_iter().filter(|path| seen.insert(real(path))).collect()
}

/// Returns of each spec what selectors select of it. One that selects nothing in one spec may select something in another.
///
/// # Errors
/// Exit 1 with a selector that selects nothing in any of them.
pub fn select(projects: &[&Project], selectors: &[Selector]) -> Result<Vec<BTreeSet<Address>>, Diagnostics> {
    let mut chosen = vec![BTreeSet::new(); projects.len()];
    for selector in selectors {
        let (mut selects_something, mut nothing) = (false, None);
        for (project, chosen) in projects.iter().zip(&mut chosen) {
            match project.select(std::slice::from_ref(selector)) {
                Ok(selected) => {
                    selects_something = true;
                    chosen.extend(selected);
                }
                Err(unknown) => nothing = nothing.or(Some(unknown)),
            }
        }
        if let Some(unknown) = nothing.filter(|_| !selects_something) {
            return Err(unknown);
        }
    }
    Ok(chosen)
}

/// Finds what more than one of the specs declares, so that each apply would undo what the other has done, and specs of one name.
///
/// # Errors
/// Every such interface and name, with both places.
pub fn check(projects: &[&Project]) -> Result<(), Diagnostics> {
    if projects.len() < 2 {
        return Ok(());
    }
    let mut known: BTreeMap<Whereabouts, Vec<Declared<'_>>> = BTreeMap::new();
    let mut sources = Sources::default();
    let mut findings = Vec::new();
    let mut names: BTreeMap<&str, Place> = BTreeMap::new();
    for (number, project) in projects.iter().enumerate() {
        let first_source = u32::try_from(sources.iter().count()).unwrap_or(u32::MAX);
        let world = world_of(project);
        for source in project.spec.sources.iter() {
            sources.add(source.name.clone(), source.text.clone());
        }
        if let Some(name) = &project.spec.name {
            let again = placed(name.place, first_source);
            match names.get(name.value.as_str()) {
                Some(first) => findings.push(of_one_name(&name.value, *first, again)),
                None => drop(names.insert(&name.value, again)),
            }
        }
        for (address, interface) in &project.spec.interfaces {
            let declared = Declared {
                project: number,
                address,
                account: account_of(project, &interface.scope),
                place: placed(interface.id.place, first_source),
            };
            let whereabouts = Whereabouts {
                provider: project.spec.cloud.provider,
                world: world.clone(),
                region: interface.scope.region.clone(),
                id: interface.id.value.clone(),
            };
            let others = known.entry(whereabouts).or_default();
            let first = others.iter().find(|other| {
                let may_be_one = other.account.zip(declared.account).is_none_or(|(one, other)| one == other);
                other.project != number && may_be_one
            });
            findings.extend(first.map(|first| finding(&interface.id.value, first, &declared)));
            others.push(declared);
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(Diagnostics { sources, findings }) }
}

fn of_one_name(name: &str, first: Place, again: Place) -> Diagnostic {
    let said = || {
        Diagnostic::error(say!("two specs are called `{name}`", name))
            .at(again)
            .label(say!("called so again here"))
            .related(first, say!("called so first here"))
            .hint(say!("give each spec a `name` of its own: reports and metrics tell them apart by it"))
    };
    Diagnostic { code: Some("name_of_two_specs"), ..Diagnostic::worded(said) }
}

fn finding(id: &RouterInterfaceId, first: &Declared<'_>, again: &Declared<'_>) -> Diagnostic {
    let here = |declared: &Declared<'_>| say!("{address} here", address = declared.address);
    let said = || {
        Diagnostic::error(say!("two specs declare {id}", id))
            .at(again.place)
            .label(here(again))
            .related(first.place, here(first))
            .hint(say!("leave it in one of them: each apply would undo what the other has done"))
    };
    Diagnostic { code: Some("id_in_two_specs"), ..Diagnostic::worded(said) }
}

/// Returns which emulator's world a spec is about, if it says.
fn world_of(project: &Project) -> Option<PathBuf> {
    let world = project.directory.join(&project.spec.cloud.world.as_ref()?.value);
    Some(world.canonicalize().unwrap_or(world))
}

fn account_of<'a>(project: &'a Project, scope: &Scope) -> Option<&'a AccountId> {
    let cloud = &project.spec.cloud;
    let declared = match cloud.accounts.get(&scope.account) {
        Some(account) => account.account_id.as_ref(),
        None => cloud.account_id.as_ref(),
    };
    declared.map(|account_id| &account_id.value)
}

/// Returns a place where the sources of its spec begin at `first`.
fn placed(place: Place, first: u32) -> Place {
    Place { source: SourceId(place.source.0 + first), ..place }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn project(directory: &Path, name: &str, cloud: &str, id: &str) -> Project {
        let text = format!(
            "version: 1\ncloud: {{region: cn-shanghai{cloud}}}\ninterfaces:\n  {name}: {{id: {id}, status: Active}}\n"
        );
        let path = directory.join(format!("{name}.yaml"));
        fs::write(&path, text).unwrap();
        Project::load(&path, directory).unwrap()
    }

    #[test]
    fn what_two_specs_declare_is_found_with_both_places_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name, cloud, id| project(directory.path(), name, cloud, id);
        let (core, branch) = (at("core", "", "ri-a"), at("branch", "", "ri-a"));
        let found = check(&[&core, &branch]).unwrap_err();
        let [finding] = found.findings.as_slice() else { panic!("{found:?}") };
        assert!(found.sources.locate(finding.place.unwrap()).ends_with("branch.yaml:4:16"));
        assert!(found.sources.locate(finding.related[0].0).ends_with("core.yaml:4:14"));
        assert!(check(&[&core, &at("other", "", "ri-b")]).is_ok());
        let (one, other) = (", account_id: '1234567890123456'", ", account_id: '2234567890123456'");
        assert!(check(&[&at("x", one, "ri-a"), &at("w", other, "ri-a")]).is_ok(), "two accounts");
        assert!(check(&[&at("x", one, "ri-a"), &core]).is_err(), "it may be the same account");
        assert!(check(&[&core, &at("z", ", provider: emulator", "ri-a")]).is_ok(), "another cloud");
    }

    #[test]
    fn the_same_file_twice_is_one_spec() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "").unwrap();
        let again = directory.path().join(".").join("a.yaml");
        assert_eq!(once_each(vec![path.clone(), again]), [path]);
    }
}
