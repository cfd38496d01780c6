//! The Debian package: built from the binary, installed into a root of its own, and run from there.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and says why it did nothing")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_debian_package_installs_a_rictl_that_runs() {
    if Command::new("dpkg").arg("--version").output().is_err() {
        println!("skipped: there is no dpkg here");
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(Command::new(repository.join("packaging/build-deb")).arg(env!("CARGO_BIN_EXE_rictl")).arg(directory.path()));
    let package = fs::read_dir(directory.path()).expect("the output").next().expect("a package").expect("an entry");

    let root = directory.path().join("root");
    fs::create_dir_all(root.join("var/lib/dpkg/info")).expect("a database");
    fs::create_dir_all(root.join("var/lib/dpkg/updates")).expect("a database");
    fs::write(root.join("var/lib/dpkg/status"), "").expect("a database");
    run(Command::new("dpkg")
        .args(["--force-not-root", "--force-depends", "--force-bad-path", "--log=/dev/null"])
        .arg(format!("--root={}", root.display()))
        .arg("--install")
        .arg(package.path()));

    let version = run(Command::new(root.join("usr/bin/rictl")).arg("version"));
    let said = String::from_utf8_lossy(&version.stdout).into_owned();
    assert!(said.starts_with(concat!("rictl ", env!("CARGO_PKG_VERSION"))), "{said}");
    for file in [
        "usr/lib/systemd/system/rictl-drift.service",
        "usr/lib/systemd/system/rictl-drift.timer",
        "usr/lib/sysusers.d/rictl.conf",
        "usr/share/bash-completion/completions/rictl",
        "usr/share/zsh/vendor-completions/_rictl",
        "usr/share/fish/vendor_completions.d/rictl.fish",
        "usr/share/man/man1/rictl.1.gz",
        "usr/share/man/man1/rictl-state-show.1.gz",
        "usr/share/doc/rictl/copyright",
    ] {
        assert!(root.join(file).exists(), "{file} is not installed");
    }
}
