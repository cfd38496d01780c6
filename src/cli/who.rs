//! Who runs this, for the lock and the journal: the person's login name, also under sudo and without USER.

use std::fs;

use crate::ops::approval::speaking_for;

/// The variables in which a CI system names whose change a job runs. Source: their documentations.
const ACTORS: [&str; 6] = [
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_USER_ID",
    "BUILD_REQUESTEDFOREMAIL",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "BUILDKITE_BUILD_CREATOR_EMAIL",
];

/// The variables in which a login or a change of user names somebody.
const USERS: [&str; 2] = ["USER", "LOGNAME"];
const BEHIND_ROOT: [&str; 2] = ["SUDO_USER", "DOAS_USER"];

/// How long a name may be; more is nobody's.
const LONGEST: usize = 64;

/// Returns the name of the user of this process.
pub(super) fn who() -> String {
    let variable = |name: &str| std::env::var(name).ok();
    let id = rustix::process::getuid().as_raw();
    name(id, variable, || fs::read_to_string("/etc/passwd").unwrap_or_default())
}

/// Decides on a name from what is known: the user id, the environment, the system's list of users.
fn name(id: u32, variable: impl Fn(&str) -> Option<String>, passwd: impl FnOnce() -> String) -> String {
    let variable = |name: &str| variable(name).as_deref().map(plain).filter(|value| !value.is_empty());
    let first = |names: &[&str]| names.iter().find_map(|name| variable(name));
    let behind_root = if id == 0 { first(&BEHIND_ROOT).filter(|name| name != "root") } else { None };
    let name = behind_root.or_else(|| first(&USERS)).or_else(|| listed(id, &passwd()));
    let name = name.unwrap_or_else(|| format!("uid {id}"));
    match first(&ACTORS).filter(|actor| *actor != name) {
        Some(actor) => speaking_for(&name, &actor),
        None => name,
    }
}

/// Finds a user's name in the text of /etc/passwd: `name:password:uid:...`.
fn listed(id: u32, passwd: &str) -> Option<String> {
    let id = id.to_string();
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number == id && !name.is_empty()).then(|| plain(name))
    })
}

/// One word of a name, whatever a variable holds: it stands in journals and on terminals.
fn plain(text: &str) -> String {
    text.trim().chars().filter(|character| !character.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: u32, variables: &[(&str, &str)]) -> String {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        name(id, find, || "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n".to_owned())
    }

    #[test]
    fn names_the_person_as_far_as_the_system_knows() {
        for (id, variables, who) in [
            (1000, &[("USER", "ann")][..], "ann"),
            (1000, &[("USER", ""), ("LOGNAME", "ann")], "ann"),
            (1000, &[], "ann"),
            (1001, &[], "uid 1001"),
            (0, &[("USER", "root"), ("SUDO_USER", "ann")], "ann"),
            (0, &[("USER", "root"), ("SUDO_USER", "root")], "root"),
            (0, &[], "root"),
            (1000, &[("USER", "ann"), ("SUDO_USER", "bob")], "ann"),
            (1000, &[("USER", "runner"), ("GITHUB_ACTOR", "octocat")], "runner for octocat"),
            (1000, &[("USER", "a\u{1b}[2Jb")], "a[2Jb"),
        ] {
            assert_eq!(named(id, variables), who, "{id} {variables:?}");
        }
    }
}
