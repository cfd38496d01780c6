//! Holds the house to its plan: which room may know which, and what the lower floors may not name.
//!
//! The table is that of `src/lib.rs` and `architecture.md`. It reads the source as text: `use crate::room` and
//! `crate::room::` both count, tests and comments do not.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room and its floor. A room imports from floors below its own; F4's rooms do not know each other, while the
/// vocabularies of one lower floor may.
const ROOMS: [(&str, u8); 24] = [
    ("resource", 0),
    ("diagnostic", 0),
    ("signature", 0),
    ("spec", 1),
    ("plan", 1),
    ("state", 1),
    ("journal", 1),
    ("report", 1),
    ("run", 1),
    ("survey", 1),
    ("planner", 2),
    ("cloud", 3),
    ("store", 3),
    ("clock", 3),
    ("refresh", 4),
    ("executor", 4),
    ("history", 4),
    ("alibaba", 4),
    ("emulator", 4),
    ("retry", 4),
    ("render", 5),
    ("ops", 6),
    ("cli", 7),
    ("main", 7),
];

/// What the functional core must not name: with any of these, equal input need not give equal output.
const EFFECTS: [&str; 7] = ["tokio", "reqwest", "std::fs", "std::env", "SystemTime", "Instant", "println!"];

/// A file past this answers more than one question.
const MAX_LINES: usize = 450;

struct Source {
    path: PathBuf,
    room: String,
    /// Without comments and without the tests at the end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let path_in = path.strip_prefix(&root).expect("a file of the source").to_owned();
            let is_test = path_in.iter().any(|part| part == "tests.rs" || part == "tests" || part == "samples.rs");
            let is_source = path_in.extension().is_some_and(|extension| extension == "rs");
            if !is_source || is_test || path_in == Path::new("lib.rs") {
                continue;
            }
            let room = path_in.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("source is text");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            sources.push(Source { path: path_in, room, code });
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn floor(room: &str) -> u8 {
    let found = ROOMS.iter().find(|(name, _)| *name == room);
    assert!(found.is_some(), "src/{room} has no floor: add it to the table here and to the map in src/lib.rs");
    found.map_or(0, |(_, floor)| *floor)
}

fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The rooms that a text names as `crate::room`.
fn imports(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).filter_map(|rest| {
        let room = rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next()?;
        (!room.is_empty()).then_some(room)
    })
}

#[test]
fn no_room_knows_what_is_above_it() {
    let mut broken = Vec::new();
    for source in sources() {
        let own = floor(&source.room);
        for room in imports(&source.code).filter(|room| *room != source.room) {
            let other = floor(room);
            let path = source.path.display();
            if other > own {
                broken
                    .push(format!("src/{path} (F{own}) imports {room} (F{other}): a room knows only what is below it"));
            } else if other == own && own == 4 {
                broken.push(format!("src/{path} imports its sibling {room}: rooms of F4 meet in ops, not each other"));
            }
        }
    }
    broken.dedup();
    assert_none(&broken);
}

#[test]
fn the_core_names_no_effect() {
    let mut broken = Vec::new();
    for source in sources().into_iter().filter(|source| floor(&source.room) <= 2) {
        for effect in EFFECTS.iter().filter(|effect| names(&source.code, effect)) {
            broken.push(format!(
                "src/{} names {effect}: F0 to F2 are plain functions, and what they need is handed to them",
                source.path.display()
            ));
        }
    }
    assert_none(&broken);
}

/// Claims that the word stands in the text on its own.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        !is_part(before) && !is_part(after)
    })
}

#[test]
fn only_the_command_line_touches_the_process() {
    let mut broken = Vec::new();
    for source in sources().into_iter().filter(|source| floor(&source.room) < 7) {
        for word in ["std::env::var", "std::env::args", "std::process::exit", "io::stdin", "io::stdout"] {
            if source.code.contains(word) {
                broken.push(format!("src/{} uses {word}: only cli owns the process", source.path.display()));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn what_a_terminal_may_be_told_is_ascii() {
    // These write for browsers and forges, or ask first whether more than ASCII can be shown.
    let others = ["render/html.rs", "render/markdown.rs", "render/svg.rs", "render/text.rs"];
    let mut broken = Vec::new();
    for source in sources().into_iter().filter(|source| others.iter().all(|other| source.path != Path::new(other))) {
        for line in source.code.lines().filter(|line| !line.is_ascii()) {
            broken.push(format!("src/{}: {}: not every terminal can show this", source.path.display(), line.trim()));
        }
    }
    assert_none(&broken);
}

#[test]
fn files_are_short_and_named_after_what_they_hold() {
    let mut broken = Vec::new();
    for source in sources() {
        let lines = source.code.lines().count();
        if lines > MAX_LINES {
            broken.push(format!("src/{} has {lines} lines: split it by the question answered", source.path.display()));
        }
        if source.path.ends_with("mod.rs") {
            broken.push(format!("src/{}: write foo.rs beside foo/", source.path.display()));
        }
    }
    assert_none(&broken);
}

#[test]
fn the_map_in_lib_rs_names_every_room() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("src/lib.rs");
    let missing: Vec<String> = ROOMS
        .iter()
        .filter(|(room, _)| *room != "main")
        .filter(|(room, _)| !map.lines().any(|line| line.starts_with("//!") && names(line, room)))
        .map(|(room, floor)| format!("the map in src/lib.rs does not show {room} (F{floor})"))
        .collect();
    assert_none(&missing);
}
