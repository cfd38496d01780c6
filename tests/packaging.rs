//! The packages: built from the binary, installed where they touch nothing, used, and removed; and what a release refuses.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and says why it did nothing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What `packaging/try` ends with where a machine cannot.
const CANNOT: i32 = 77;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn script(name: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: there is no {program} here");
    }
    found
}

/// Builds a package from the binary with a script and its further arguments.
fn built(script_name: &str, further: &[&str]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    run(script(script_name).arg(env!("CARGO_BIN_EXE_rictl")).args(further).arg(directory.path()));
    let mut entries = fs::read_dir(directory.path()).expect("the output");
    let package = entries.next().expect("a package").expect("an entry").path();
    assert!(entries.next().is_none(), "{script_name} leaves more than a package");
    (directory, package)
}

/// Installs a package where it touches nothing, uses what it installed, and removes it.
fn try_out(package: &Path) {
    let mut command = script("try");
    let output = command.arg(package).output().expect("a shell");
    match output.status.code() {
        Some(0) => {}
        Some(CANNOT) => println!("skipped: {}", said(&output)),
        _ => panic!("{command:?}:\n{}", said(&output)),
    }
}

#[test]
#[ignore = "builds packages: cargo test -- --ignored packaging::"]
fn the_debian_package_is_installed_used_and_removed() {
    if !has("dpkg") || !has("readelf") {
        return;
    }
    let (_directory, package) = built("build-deb", &[]);
    let depends = run(Command::new("dpkg-deb").arg("--field").arg(&package).arg("Depends"));
    assert!(depends.starts_with("libc6 (>= 2."), "{depends}");
    try_out(&package);
    if has("lintian") {
        run(Command::new("lintian").args(["--allow-root", "--fail-on", "error"]).arg(&package));
    }
}

#[test]
#[ignore = "builds packages: cargo test -- --ignored packaging::"]
fn the_rpm_package_is_installed_used_and_removed() {
    if !has("rpmbuild") {
        return;
    }
    let (_directory, package) = built("build-rpm", &[]);
    let requires = run(Command::new("rpm").args(["--query", "--requires", "--package"]).arg(&package));
    assert!(requires.contains("libc.so.6(GLIBC_2."), "{requires}");
    try_out(&package);
}

#[test]
#[ignore = "builds packages: cargo test -- --ignored packaging::"]
fn the_tarball_is_the_same_each_time_runs_and_is_where_binstall_looks() {
    let target = "x86_64-unknown-linux-gnu";
    let (_first, package) = built("build-tarball", &[target]);
    let (_second, again) = built("build-tarball", &[target]);
    assert!(fs::read(&package).expect("a tarball") == fs::read(again).expect("a tarball"), "two tarballs differ");
    try_out(&package);

    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a manifest");
    let url = manifest.lines().find_map(|line| line.strip_prefix("pkg-url = ")).expect("where binstall looks");
    let url = url.replace("{ name }", "rictl").replace("{ version }", VERSION).replace("{ target }", target);
    let name = package.file_name().expect("a name").to_string_lossy();
    assert_eq!(url.trim_matches('"').rsplit('/').next(), Some(&*name));
}

#[test]
fn the_page_says_whether_binstall_finds_the_tarball() {
    let read = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a text");
    let manifest = read("Cargo.toml");
    let asks = manifest.lines().any(|line| line.starts_with("pkg-url = ") && line.contains("{ repo }"));
    let names = manifest.lines().any(|line| line.starts_with("repository = "));
    let says = read("docs/reference/platforms.md").contains("names no `repository`");
    assert_eq!(says, asks && !names, "docs/reference/platforms.md says otherwise than Cargo.toml");
}

#[test]
fn every_link_of_the_pages_that_are_packed_leads_somewhere() {
    let is_checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists();
    if !has("git") || !is_checkout {
        println!("skipped: pages are laid out from what is committed");
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    run(script("lay-out-pages").arg(directory.path()));
    let (mut dead, mut count) = (Vec::new(), 0);
    for page in crate::documents::markdown_below(directory.path()) {
        let text = fs::read_to_string(&page).expect("a page");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            count += 1;
            if !file.is_empty() && !file.contains("://") && !page.with_file_name(file).exists() {
                dead.push(format!("{}: {target}", page.strip_prefix(directory.path()).expect("below it").display()));
            }
        }
    }
    assert!(dead.is_empty(), "links of packed pages that lead nowhere:\n{}", dead.join("\n"));
    assert!(count > 300, "only {count} links were found");
}

/// A repository with what a release looks at before it builds.
struct Checkout(TempDir);

impl Checkout {
    fn new(changelog: &str) -> Self {
        let checkout = Self(tempfile::tempdir().expect("a temporary directory"));
        fs::write(checkout.path("Cargo.toml"), format!("[package]\nname = \"rictl\"\nversion = \"{VERSION}\"\n"))
            .expect("a manifest");
        fs::write(checkout.path("CHANGELOG.md"), changelog).expect("a changelog");
        fs::create_dir(checkout.path("packaging")).expect("a directory");
        let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/release");
        fs::copy(release, checkout.path("packaging/release")).expect("a copy");
        checkout.git(&["init", "--quiet"]);
        checkout.git(&["add", "--all"]);
        checkout.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message=all"]);
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn git(&self, arguments: &[&str]) {
        run(Command::new("git").current_dir(self.0.path()).args(arguments));
    }

    /// What a release refuses it for.
    fn refused(&self) -> String {
        let output = Command::new(self.path("packaging/release")).arg(self.path("out")).output().expect("a shell");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(!self.path("out").exists(), "something was made all the same");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn a_release_is_of_a_clean_tagged_commit_whose_changelog_has_its_version() {
    if !has("git") {
        return;
    }
    let unreleased = Checkout::new("## [Unreleased]\n");
    assert!(unreleased.refused().contains(&format!("CHANGELOG.md has no section [{VERSION}]")));

    let untagged = Checkout::new(&format!("## [{VERSION}] - 2026-12-01\n"));
    assert!(untagged.refused().contains(&format!("this commit is not tagged v{VERSION}")));

    fs::write(untagged.path("left"), "over").expect("a file");
    assert!(untagged.refused().contains("the checkout is not clean"));
}
