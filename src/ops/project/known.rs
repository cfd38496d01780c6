//! What specs are known by where many meet: in metrics, reports and messages.

use std::collections::BTreeMap;
use std::path::Path;

use super::Project;

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

/// Names specs, each by its `name`, else by its path in its repository, else by its whole path; no two are called the same. Of a
/// spec that cannot be read only the path is known.
pub fn names(specs: &[(&Path, Option<&Project>)]) -> Vec<String> {
    let name = |project: &Project| project.spec.name.as_ref().map(|name| name.value.clone());
    let short = |(path, project): &(&Path, Option<&Project>)| {
        project.and_then(name).or_else(|| path_in_repository(path)).unwrap_or_else(|| whole(path))
    };
    let short: Vec<String> = specs.iter().map(short).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    short.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let unlike_others = |((path, project), short): (&(&Path, Option<&Project>), &String)| {
        let is_named = project.and_then(name).is_some();
        if counts[short.as_str()] > 1 && !is_named { whole(path) } else { short.clone() }
    };
    specs.iter().zip(&short).map(unlike_others).collect()
}

fn whole(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
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
}
