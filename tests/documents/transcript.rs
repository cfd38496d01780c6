//! Runs the ```` ```console ```` blocks of a Markdown document and compares what they print with what they show.
//!
//! A line that begins with `$ ` is a command, the lines up to the next one are its output; `...` stands for any
//! lines. Ids, times and digests differ from run to run and the width of a line with them, so words are compared, not
//! bytes, and those words only by their kind. In a command, `RUN_ID` and `DIGEST` are the last that were printed, and
//! `$?` is the last exit code. `<!-- clock: 2026-12-01T15:00:30+08:00 -->` is what the clock on the wall shows to what follows. `UPDATE=1` writes what was really printed into the document.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::wall_clock::WallClock;

/// What a reader has typed so far.
pub(crate) struct Reader {
    home: TempDir,
    clock: Option<WallClock>,
    directory: PathBuf,
    exit_code: i32,
    run_id: String,
    digest: String,
}

impl Reader {
    /// Starts in `directory` of a fresh copy of the repository's examples.
    pub(crate) fn in_copy_of_repository(directory: &str) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&repository.join("examples"), &home.path().join("examples"));
        fs::create_dir(home.path().join("state")).expect("a directory for states");
        let directory = home.path().join(directory);
        Self { home, clock: None, directory, exit_code: 0, run_id: String::new(), digest: String::new() }
    }

    /// Starts in a fresh copy of a directory.
    pub(crate) fn in_copy_of(directory: &Path) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let copied = home.path().join("work");
        copy(directory, &copied);
        Self { home, clock: None, directory: copied, exit_code: 0, run_id: String::new(), digest: String::new() }
    }

    /// Types every command of the document and returns what differs, and the document as it should be.
    pub(crate) fn follow(&mut self, document: &str) -> (Vec<String>, String) {
        let mut differences = Vec::new();
        let mut corrected = String::new();
        for piece in pieces(document) {
            let (command, expected) = match piece {
                Piece::Text(line) => {
                    if let Some(time) = line.strip_prefix("<!-- clock: ") {
                        let time = time.trim_end().trim_end_matches("-->").trim();
                        self.clock = Some(WallClock::showing(time));
                    }
                    corrected.push_str(line);
                    continue;
                }
                Piece::Exchange { command, output } => (command, output),
            };
            let printed = self.type_in(command);
            corrected.push_str(&format!("$ {command}\n"));
            if matches(&words(&expected), &words(&printed)) {
                corrected.push_str(&expected);
            } else {
                differences.push(format!("$ {command}\n--- shown\n{expected}--- printed\n{printed}"));
                corrected.push_str(&elided_like(&expected, &printed));
            }
        }
        (differences, corrected)
    }

    fn type_in(&mut self, command: &str) -> String {
        let command = command
            .replace("RUN_ID", &self.run_id)
            .replace("DIGEST", &self.digest)
            .replace("$?", &self.exit_code.to_string());
        if let Some(directory) = command.strip_prefix("cd ") {
            self.directory.push(directory);
            return String::new();
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_rictl"));
        let path = std::env::join_paths(
            binary.parent().into_iter().map(PathBuf::from).chain(std::env::split_paths(&path_variable())),
        );
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", path.expect("no directory of PATH holds a colon"))
            .env("HOME", self.home.path())
            .env("USER", "you")
            .env("LANG", "C.UTF-8")
            .env("RICTL_POLL_INTERVAL", "100ms")
            .env("RICTL_DOUBT_WINDOW", "200ms")
            .envs(self.clock.iter().flat_map(WallClock::variables))
            .output()
            .expect("a shell");
        self.exit_code = output.status.code().unwrap_or(-1);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        for word in printed.split(|letter: char| letter.is_whitespace() || letter == '"') {
            if is_run_id(word.trim_end_matches(':')) {
                self.run_id = word.trim_end_matches(':').to_owned();
            } else if word.starts_with("sha256:") {
                self.digest = word.to_owned();
            }
        }
        printed
    }
}

fn path_variable() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory of the repository") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        // What somebody left who tried an example: git ignores it, and so does this.
        if name == "state" || name.to_string_lossy().ends_with(".log.jsonl") {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}

/// A part of a document.
enum Piece<'a> {
    Text(&'a str),
    Exchange { command: &'a str, output: String },
}

fn pieces(document: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut is_console = false;
    for line in document.split_inclusive('\n') {
        let text = line.trim_end();
        if text.starts_with("```") {
            is_console = text == "```console";
        } else if is_console {
            match (text.strip_prefix("$ "), pieces.last_mut()) {
                (Some(command), _) => pieces.push(Piece::Exchange { command, output: String::new() }),
                (None, Some(Piece::Exchange { output, .. })) => output.push_str(line),
                (None, _) => panic!("a console block begins with a command, not with {text:?}"),
            }
            continue;
        }
        pieces.push(Piece::Text(line));
    }
    pieces
}

/// The words of a text; those that differ from run to run by their kind.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            let value = word.rsplit('=').next().unwrap_or(word);
            let core = value.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            let kind = if is_run_id(core) {
                "<run id>"
            } else if core.rsplit('/').next().is_some_and(|name| name.ends_with(".approval")) {
                "<approval>"
            } else if uuid::Uuid::parse_str(core).is_ok() {
                "<id>"
            } else if core.parse::<jiff::Timestamp>().is_ok() || rictl::duration::parse(core).is_ok() {
                "<time>"
            } else if core.starts_with("sha256:") {
                "<digest>"
            } else if core.starts_with("127.0.0.1:") {
                "<address>"
            } else {
                return word.to_owned();
            };
            word.replace(core, kind)
        })
        .collect()
}

/// Claims that the word looks like `20261123T131853.373Z-44580b`.
fn is_run_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 27
        && bytes[8] == b'T'
        && bytes[19] == b'Z'
        && bytes[20] == b'-'
        && bytes[..8].iter().all(u8::is_ascii_digit)
}

/// What was printed, without its beginning where the document leaves that out and goes on with a line that is still there.
fn elided_like(expected: &str, printed: &str) -> String {
    let beginning = |line: &str| words(line).into_iter().take(2).collect::<Vec<_>>();
    let resumed = expected.strip_prefix("...\n").and_then(|rest| {
        let first = beginning(rest.lines().next()?);
        let lines: Vec<&str> = printed.split_inclusive('\n').collect();
        let at = lines.iter().position(|line| beginning(line) == first)?;
        Some(format!("...\n{}", lines[at..].concat()))
    });
    resumed.unwrap_or_else(|| printed.to_owned())
}

fn matches(expected: &[String], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((word, rest)) if word == "..." => (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..])),
        Some((word, rest)) => printed.split_first().is_some_and(|(first, more)| first == word && matches(rest, more)),
    }
}
