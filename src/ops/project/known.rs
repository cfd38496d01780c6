//! What specs are known by where many meet: in metrics, reports and messages.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Project, of_run};

/// Returns the path of a spec from the root of the repository that it is in, if it is in one.
pub fn path_in_repository(path: &Path) -> Option<String> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let root = root_of(&real)?;
    real.strip_prefix(root).ok().map(|path| path.display().to_string())
}

/// Returns the root of the repository that a file lies in, if it lies in one.
pub fn root_of(real: &Path) -> Option<&Path> {
    real.ancestors().skip(1).find(|directory| directory.join(".git").exists())
}

/// Names specs, each by its `name`, else by its path in its repository, else by its whole path; no two are called the same. A spec
/// that is wrong is called as before, as far as that can be read of it.
pub fn names(specs: &[(&Path, Option<&Project>)]) -> Vec<String> {
    let name = |(path, project): &(&Path, Option<&Project>)| match project {
        Some(project) => project.spec.name.as_ref().map(|name| name.value.clone()),
        None => of_run::names(path).1,
    };
    let called = specs.iter().map(|spec| {
        let (path, own) = (spec.0, name(spec));
        let short = own.clone().or_else(|| path_in_repository(path)).unwrap_or_else(|| whole(path));
        (path, own, short)
    });
    let called: Vec<(&Path, Option<String>, String)> = called.collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    called.iter().for_each(|(_, _, short)| *counts.entry(short).or_default() += 1);
    let is_unlike_others = |own: &Option<String>, short: &String| own.is_some() || counts[short.as_str()] == 1;
    let named = called.iter().map(|(path, own, short)| match is_unlike_others(own, short) {
        true => short.clone(),
        false => whole(path),
    });
    named.collect()
}

/// Returns the one path that a file has, whichever way it was named.
fn whole(path: &Path) -> String {
    let real = path.canonicalize().or_else(|_| std::path::absolute(path));
    real.unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_specs_of_one_path_in_two_repositories_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let at = |repository: &str| directory.path().join(repository).join("sites/a.yaml");
        for repository in ["one", "two"] {
            std::fs::create_dir_all(at(repository).parent().unwrap()).unwrap();
            std::fs::create_dir(directory.path().join(repository).join(".git")).unwrap();
            std::fs::write(at(repository), "").unwrap();
        }
        let (one, two) = (at("one"), at("two"));
        assert_eq!(names(&[(&one, None)]), ["sites/a.yaml"]);
        let named = names(&[(&one, None), (&two, None)]);
        assert_eq!(named, [whole(&one), whole(&two)]);
    }

    #[test]
    fn a_spec_is_called_the_same_whichever_way_it_was_named_and_with_an_error_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("net")).unwrap();
        let (spec, around) = (real.join("a.yml"), real.join("net/../a.yml"));
        std::fs::write(&spec, "").unwrap();
        assert_eq!(names(&[(&around, None)]), names(&[(&spec, None)]));
        std::fs::write(&spec, "version: 1\nname: core\nzz: 1\n").unwrap();
        assert_eq!(names(&[(&around, None)]), ["core"]);
    }
}
