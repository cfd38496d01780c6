//! What the documents show is what happens: every command in them is typed and its output compared.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and says why it did nothing")]

mod blocks;
mod ci;
mod error_codes;
mod hops;
mod languages;
mod links;
mod pictures;
mod reference;
mod transcript;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use languages::Page;
use transcript::Reader;

use crate::{golden, wall_clock};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The pages below a directory.
pub(crate) fn markdown_below(directory: &Path) -> Vec<PathBuf> {
    links::files(directory, ".md")
}

/// Compares a generated page with what it should be, or writes it.
fn expect_page(name: &str, expected: &str) {
    let path = repository().join(name);
    if golden::updates() {
        fs::write(&path, expected).expect("a page can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{name} is out of date: run the test with UPDATE=1");
}

/// Follows a document from a directory of the repository.
fn follow(path: &Path, directory: &str) {
    compare(path, Reader::in_copy_of_repository(directory));
}

fn compare(path: &Path, mut reader: Reader) {
    let document = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(document.contains("```console\n$ "), "{} shows no command", path.display());
    let (differences, corrected) = reader.follow(&document);
    if golden::updates() {
        fs::write(path, corrected).expect("a document can be written");
        return;
    }
    let differences = differences.join("\n");
    assert!(differences.is_empty(), "{} does not show what happens:\n{differences}", path.display());
}

#[test]
fn every_example_does_what_its_readme_shows() {
    let names: Vec<String> = fs::read_dir(repository().join("examples"))
        .expect("examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("rictl.yaml").exists())
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(names.len() >= 10, "only these examples were found: {names:?}");
    std::thread::scope(|scope| {
        for name in &names {
            let directory = format!("examples/{name}");
            scope.spawn(move || follow(&repository().join(&directory).join("README.md"), &directory));
        }
    });
}

#[test]
fn the_timer_and_its_service_are_what_systemd_takes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let units = [
        ("cron-drift", "rictl-drift.service"),
        ("cron-drift", "rictl-drift.timer"),
        ("approved-change", "rictl-approved.service"),
        ("approved-change", "rictl-approved.timer"),
        ("commit-confirmed", "rictl-confirm.service"),
        ("commit-confirmed", "rictl-confirm.timer"),
    ];
    for (example, unit) in units {
        let text = fs::read_to_string(repository().join("examples").join(example).join(unit)).expect("a unit");
        let text = text.replace("/usr/bin/rictl", env!("CARGO_BIN_EXE_rictl"));
        fs::write(directory.path().join(unit), text).expect("a copy of the unit");
    }
    let units = units.map(|(_, unit)| directory.path().join(unit));
    let verified = Command::new("systemd-analyze").arg("verify").args(units).output();
    match verified {
        Ok(output) => {
            let complaints = String::from_utf8_lossy(&output.stderr);
            let about_ours: Vec<&str> = complaints
                .lines()
                .filter(|line| {
                    ["rictl-drift", "rictl-approved", "rictl-confirm"].iter().any(|ours| line.contains(ours))
                })
                .collect();
            assert!(about_ours.is_empty(), "{complaints}");
        }
        Err(error) => println!("skipped: systemd-analyze cannot be run: {error}"),
    }
}

#[test]
fn a_check_is_found_beside_its_spec_from_anywhere() {
    let mut reader = Reader::in_copy_of_repository("state");
    let document = "```console\n$ rictl -f ../examples/rollout-canary/rictl.yaml apply --auto-approve\n...\n\
                    Apply complete! Resources: 0 added, 5 changed, 0 destroyed.\n...\n```\n";
    assert_eq!(reader.follow(document).0, Vec::<String>::new());
}

/// A served world of an example; it ends with this value.
struct Served(std::process::Child, String);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().expect("it is ours");
        self.0.wait().expect("it ends");
    }
}

/// Types a command of a document that serves a world; the port that it prints is another one each time.
fn serve(command: &str, directory: &Path) -> Served {
    let words = command.trim_end_matches(" &").replace("127.0.0.1:8080", "127.0.0.1:0");
    let mut child = Command::new(env!("CARGO_BIN_EXE_rictl"))
        .args(words.split(' ').skip(1))
        .current_dir(directory)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("rictl runs");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("text");
    let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
    Served(child, url)
}

#[test]
fn the_rehearsals_run_as_they_are_printed() {
    let text = fs::read_to_string(repository().join("examples/faults/README.md")).expect("a page");
    let block = text.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("commands");
    let commands: Vec<&str> = block.lines().collect();
    for (schedule, code) in [("throttled-and-stuck.yaml", 5), ("answers-lost.yaml", 0), ("console.yaml", 5)] {
        let copy = tempfile::tempdir().expect("a temporary directory");
        for file in ["rictl.yaml", "world.yaml", schedule] {
            fs::copy(repository().join("examples/faults").join(file), copy.path().join(file)).expect("a copy");
        }
        let served = serve(&commands[0].replace("throttled-and-stuck.yaml", schedule), copy.path());
        let apply = commands[1].replace("http://127.0.0.1:8080", &served.1);
        let output = Command::new(env!("CARGO_BIN_EXE_rictl"))
            .args(apply.split(' ').skip(1))
            .current_dir(copy.path())
            .env("RICTL_POLL_INTERVAL", "100ms")
            .output()
            .expect("rictl runs");
        assert_eq!(output.status.code(), Some(code), "{schedule}: {output:?}");
    }
}

#[test]
fn a_copied_example_keeps_what_it_records_in_its_folder() {
    for entry in fs::read_dir(repository().join("examples")).expect("examples") {
        let directory = entry.expect("an entry").path();
        for file in fs::read_dir(&directory).into_iter().flatten() {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = fs::read_to_string(&path).expect("text");
                assert!(!text.contains(": ../"), "{} leads out of its folder", path.display());
            }
        }
    }
}

#[test]
fn every_how_to_page_goes_as_it_says() {
    let pages: Vec<Page> =
        languages::pages().into_iter().filter(|page| page.english.starts_with("docs/how-to/")).collect();
    assert!(pages.len() >= 4, "only these pages were found: {pages:?}");
    if !wall_clock::can_be_set() {
        println!("skipped: no C compiler, so no other clock");
        return;
    }
    std::thread::scope(|scope| {
        for page in &pages {
            scope.spawn(move || {
                let set_up = repository().join(&page.english).with_extension("");
                for name in [&page.english, &page.chinese] {
                    compare(&repository().join(name), Reader::in_copy_of(&set_up));
                }
            });
        }
    });
}

#[test]
fn the_tutorial_goes_as_it_says() {
    std::thread::scope(|scope| {
        for name in ["docs/tutorial.md", "docs/zh-CN/tutorial.md"] {
            scope.spawn(move || follow(&repository().join(name), "."));
        }
    });
}
