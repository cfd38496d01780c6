#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::*;

const SPEC: &str = "version: 1\ncloud: { region: cn-shanghai }\ninterfaces:\n  a: { id: ri-a, status: Active }\n";

/// A checkout with a spec in a directory of it.
struct Checkout(tempfile::TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        checkout.git(&["init", "--quiet", "--initial-branch=main"]);
        fs::create_dir(checkout.path("net")).unwrap();
        checkout.write(SPEC);
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, text: &str) {
        fs::write(self.path("net/rictl.yaml"), text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        let name = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let ran = Command::new("git").args(name).args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything, and returns the commit.
    fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=all"]);
        self.git(&["rev-parse", "HEAD"])
    }

    async fn seen(&self) -> Option<(String, Option<bool>)> {
        let project = Project::load(&self.path("net/rictl.yaml"), Path::new("/tmp")).unwrap();
        commit_of(&project, &Children::default()).await.map(|commit| (commit.id, commit.is_altered))
    }

    fn told_by_files(&self) -> Option<String> {
        head_of(&self.path(".git"))
    }
}

#[tokio::test]
async fn tells_the_commit_and_whether_the_spec_is_as_committed() {
    let checkout = Checkout::new();
    assert_eq!(checkout.seen().await, None, "nothing is committed yet");
    let id = checkout.commit();
    assert_eq!(checkout.seen().await, Some((id.clone(), Some(false))));
    fs::write(checkout.path("other"), "not the spec").unwrap();
    assert_eq!(
        checkout.seen().await,
        Some((id.clone(), Some(false))),
        "another file of the checkout counts for nothing"
    );
    checkout.write(&SPEC.replace("Active", "Inactive"));
    assert_eq!(checkout.seen().await, Some((id.clone(), Some(true))));
    checkout.git(&["add", "net/rictl.yaml"]);
    assert_eq!(checkout.seen().await, Some((id.clone(), Some(true))), "what is staged is not committed");
    checkout.write(&SPEC.replace('\n', "\r\n"));
    assert_eq!(checkout.seen().await, Some((id, Some(false))), "a checkout may write the ends of lines its way");
}

#[tokio::test]
async fn a_spec_that_was_never_committed_differs() {
    let checkout = Checkout::new();
    fs::write(checkout.path("net/.gitignore"), "rictl.yaml\n").unwrap();
    let id = checkout.commit();
    assert_eq!(checkout.seen().await, Some((id, Some(true))));
}

#[test]
fn the_files_of_a_checkout_tell_its_commit_themselves() {
    let checkout = Checkout::new();
    assert_eq!(checkout.told_by_files(), None);
    let id = checkout.commit();
    assert_eq!(checkout.told_by_files().as_ref(), Some(&id), "a branch");
    checkout.git(&["pack-refs", "--all", "--prune"]);
    assert_eq!(checkout.told_by_files().as_ref(), Some(&id), "a branch that is packed");
    checkout.git(&["worktree", "add", "--quiet", "further", "-b", "further"]);
    assert_eq!(head_of(&checkout.path("further/.git")).as_ref(), Some(&id), "a further work tree");
    checkout.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(checkout.told_by_files().as_ref(), Some(&id), "no branch");
}

#[test]
fn what_a_checkout_names_outside_of_it_is_not_read() {
    let checkout = Checkout::new();
    checkout.commit();
    fs::write(checkout.path("id"), "0123456789012345678901234567890123456789\n").unwrap();
    fs::write(checkout.path(".git/HEAD"), "ref: refs/../../id\n").unwrap();
    assert_eq!(checkout.told_by_files(), None);
    fs::write(checkout.path(".git/HEAD"), "no id at all\n").unwrap();
    assert_eq!(checkout.told_by_files(), None);
}

#[test]
fn nobody_waits_at_a_pipe_that_stands_where_a_file_should() {
    let checkout = Checkout::new();
    checkout.commit();
    fs::remove_file(checkout.path(".git/HEAD")).unwrap();
    let made = Command::new("mkfifo").arg(checkout.path(".git/HEAD")).status().unwrap();
    assert!(made.success());
    assert_eq!(checkout.told_by_files(), None);
}
