//! Holds the house to its plan: which room may know which, and what the lower floors may not name.
//!
//! The table is that of `src/lib.rs` and docs/explanation/architecture.md. It reads the source as text: `use crate::room` and
//! `crate::room::` both count, tests and comments do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every room and its floor. A room imports from floors below its own; F4's rooms do not know each other, while the
/// vocabularies of one lower floor may.
const ROOMS: &[(&str, u8)] = &[
    ("resource", 0),
    ("attribute", 0),
    ("bounds", 0),
    ("diagnostic", 0),
    ("language", 0),
    ("duration", 0),
    ("uptime", 0),
    ("loopback", 0),
    ("signature", 0),
    ("dice", 0),
    ("selector", 0),
    ("calendar", 0),
    ("windows", 0),
    ("spec", 1),
    ("plan", 1),
    ("state", 1),
    ("journal", 1),
    ("run", 1),
    ("survey", 1),
    ("planner", 2),
    ("drift", 2),
    ("schedule", 2),
    ("overview", 2),
    ("fleet", 2),
    ("news", 2),
    ("cloud", 3),
    ("store", 3),
    ("clock", 3),
    ("child", 3),
    ("exchange", 3),
    ("robot", 3),
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

/// What the functional core must not name: with any of these, equal input need not give equal output. Clocks, environment,
/// streams and the process are lints (`clippy.toml`); that a room may not name a crate is nothing that a lint can say.
const EFFECTS: [&str; 3] = ["tokio", "reqwest", "std::fs"];

/// What the machine of the executor must not name either: it decides, and whoever drives it has futures, clocks and ports. Of
/// time it knows what it is handed: `Moment`, `BootTime`, `Timestamp`, which are data.
const DOINGS: [&str; 12] = [
    "tokio",
    "futures_util",
    "std::fs",
    "std::thread",
    "async",
    "await",
    "Instant",
    "Clock",
    "Cloud",
    "Store",
    "Gate",
    "driver",
];

/// What would read a clock in passing.
const READ_CLOCKS: [&str; 2] = ["::now()", ".elapsed()"];

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

#[test]
fn the_machine_of_the_executor_decides_and_does_nothing() {
    let mut broken = Vec::new();
    for source in sources()
        .into_iter()
        .filter(|source| source.path.starts_with("executor/machine") || source.path == Path::new("executor/machine.rs"))
    {
        let named = DOINGS.iter().filter(|doing| names(&source.code, doing));
        for what in named.chain(READ_CLOCKS.iter().filter(|read| source.code.contains(**read))) {
            broken.push(format!(
                "src/{} names {what}: the machine is told what has happened and when, and answers with what is to be done",
                source.path.display()
            ));
        }
    }
    assert_none(&broken);
}

/// Returns whether the word stands in the text on its own.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        !is_part(before) && !is_part(after)
    })
}

/// Rooms that hand on typed facts; how these read is for `render/words` to say.
const WITHOUT_PROSE: [&str; 5] = ["planner", "plan", "drift", "history", "journal"];

/// What reads bytes says, as the text of an error, what is wrong with them.
const READERS: [&str; 9] = [
    "plan/document/old.rs",
    "journal/column.rs",
    "journal/first.rs",
    "journal/frame.rs",
    "journal/head.rs",
    "journal/line.rs",
    "journal/rescued.rs",
    "journal/told.rs",
    "journal/wire.rs",
];

/// No string of these rooms holds words with spaces between them, but for the `Display` of errors (attributes of
/// `thiserror`, errors of serde), the invariants that `expect` states, and the reader of the sentences of old plan files.
#[test]
fn the_rooms_of_facts_build_no_prose() {
    let mut broken = Vec::new();
    let speaks = |source: &Source| {
        WITHOUT_PROSE.contains(&source.room.as_str()) && READERS.iter().all(|reader| source.path != Path::new(reader))
    };
    for source in sources().into_iter().filter(speaks) {
        let is_exempt =
            |line: &str| line.starts_with("#[") || line.contains(".expect(") || line.contains("Error::custom(");
        for line in source.code.lines().map(str::trim).filter(|line| !is_exempt(line)) {
            let strings = line.split('"').skip(1).step_by(2);
            if strings
                .into_iter()
                .any(|text| text.contains(' ') && text.contains(|letter: char| letter.is_alphabetic()))
            {
                broken.push(format!("src/{}: {line}: the words for it belong to render/words", source.path.display()));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn what_a_terminal_may_be_told_is_ascii() {
    // These write for browsers, forges and chats, or ask first whether more than ASCII can be shown.
    let others = ["render/html.rs", "render/markdown.rs", "render/svg.rs", "render/text.rs", "robot/message.rs"];
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

/// Rooms whose files still know each other both ways. Whoever opens a room's circle takes the room off this list.
const ROOMS_WITH_CIRCLES: [&str; 8] = ["alibaba", "cli", "journal", "plan", "planner", "spec", "state", "store"];

/// The modules of the crate, as paths from its root.
type Modules = BTreeSet<Vec<String>>;

impl Source {
    fn module(&self) -> Vec<String> {
        self.path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect()
    }

    /// The other files of the same room whose items this one names.
    fn neighbours(&self, modules: &Modules) -> BTreeSet<Vec<String>> {
        let own = self.module();
        let named = paths(&self.code).into_iter().filter_map(|path| file_of(&path, &own, modules));
        named.filter(|other| *other != own && other.first() == own.first()).collect()
    }
}

/// The paths that a text names, those of its `use` trees one by one.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let Some((_, tree)) = line.split_once("use ").filter(|(before, _)| is_visibility(before)) else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.contains(';') {
            tree.push_str(lines.next().unwrap_or(";").trim());
        }
        expand("", tree.trim_end_matches(';'), &mut paths);
    }
    // Who may see a thing is no import.
    let rest: String =
        rest.split("pub(in ").enumerate().map(|(n, part)| if n == 0 { part } else { after(part, ')') }).collect();
    let is_end = |letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':';
    let words = rest.split(is_end).filter(|word| word.contains("::") && !word.starts_with("::"));
    paths.extend(words.map(|word| word.split("::").map(str::to_owned).collect()));
    paths
}

fn after(text: &str, letter: char) -> &str {
    text.split_once(letter).map_or("", |(_, after)| after)
}

fn is_visibility(before: &str) -> bool {
    ["", "pub"].contains(&before.trim()) || before.trim_start().starts_with("pub(")
}

fn expand(before: &str, tree: &str, paths: &mut Vec<Vec<String>>) {
    let Some((stem, branches)) = tree.split_once('{') else {
        let whole = format!("{before}{}", tree.split(" as ").next().unwrap_or_default().trim());
        return paths.push(whole.split("::").map(str::to_owned).collect());
    };
    let mut depth = 0;
    let inside = branches.trim_end().strip_suffix('}').unwrap_or(branches);
    let at_comma = |letter: char| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0 && letter == ','
    };
    for branch in inside.split(at_comma).filter(|branch| !branch.trim().is_empty()) {
        expand(&format!("{before}{}", stem.trim()), branch.trim(), paths);
    }
}

/// The file that a path leads to, if it leads into the crate.
fn file_of(path: &[String], own: &[String], modules: &Modules) -> Option<Vec<String>> {
    let (mut file, mut rest) = match path.split_first()? {
        (first, rest) if first == "crate" => (Vec::new(), rest),
        (first, rest) if first == "self" => (own.to_vec(), rest),
        (first, _) if first == "super" => (own.to_vec(), path),
        (first, _) if modules.contains(&[own, std::slice::from_ref(first)].concat()) => (own.to_vec(), path),
        _ => return None,
    };
    while let Some((first, after)) = rest.split_first() {
        let next = [file.as_slice(), std::slice::from_ref(first)].concat();
        if first == "super" {
            file.pop();
        } else if modules.contains(&next) {
            file = next;
        } else {
            break;
        }
        rest = after;
    }
    (!file.is_empty()).then_some(file)
}

#[test]
fn the_files_of_a_room_know_each_other_in_one_direction() {
    let sources = sources();
    let modules: Modules = sources.iter().map(Source::module).collect();
    let mut graph = petgraph::Graph::<Vec<String>, ()>::new();
    let places: BTreeMap<_, _> =
        modules.iter().map(|module| (module.clone(), graph.add_node(module.clone()))).collect();
    for source in &sources {
        for other in source.neighbours(&modules) {
            graph.add_edge(places[&source.module()], places[&other], ());
        }
    }
    let circles = petgraph::algo::tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    let mut broken: Vec<String> = circles
        .map(|files| files.into_iter().map(|file| graph[file].join("/")).collect::<BTreeSet<_>>())
        .filter(|files| files.iter().all(|file| ROOMS_WITH_CIRCLES.iter().all(|room| !is_of(file, room))))
        .map(|files| {
            format!("these import each other in a circle: {}", files.into_iter().collect::<Vec<_>>().join(", "))
        })
        .collect();
    broken.sort();
    assert_none(&broken);
}

fn is_of(file: &str, room: &str) -> bool {
    file.split('/').next() == Some(room)
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let modules: Modules =
        ["a", "a/b", "a/b/c", "a/d"].iter().map(|module| module.split('/').map(str::to_owned).collect()).collect();
    let code = "use super::d::{Leaf, self as other};\npub(super) use c::Thing;\nuse crate::a::{\n    b::{c::One},\n    Two,\n};\nfn f() -> super::super::a::d::Leaf {}\nuse std::fs;\npub(in super::super) fn g() {}\n";
    let own = ["a".to_owned(), "b".to_owned()];
    let found: Vec<String> =
        paths(code).iter().filter_map(|path| file_of(path, &own, &modules)).map(|file| file.join("/")).collect();
    assert_eq!(found, ["a/d", "a/d", "a/b/c", "a/b/c", "a", "a/d"]);
}

#[test]
fn every_file_of_the_tests_belongs_to_their_program() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let is_source = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    let entries = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).expect("a directory of the tests");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut left_out = Vec::new();
    for directory in entries(&tests).into_iter().filter(|path| path.is_dir()).chain([tests.clone()]) {
        let parent = if directory == tests { tests.join("all.rs") } else { directory.with_extension("rs") };
        for file in entries(&directory).into_iter().filter(|path| is_source(path) && *path != parent) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&parent).unwrap_or_default();
            if !text.lines().any(|line| line.trim_start_matches("pub(crate) ") == format!("mod {name};")) {
                left_out.push(format!("{}: `mod {name};` is missing in {}", file.display(), parent.display()));
            }
        }
    }
    assert_none(&left_out);
}

#[test]
fn the_executor_and_the_run_build_no_prose() {
    // What names errors for those who match on them, and what says which promise of ours was broken.
    let spared = ["#[error(", "expect(", "debug_assert", "reason = \""];
    let mut broken = Vec::new();
    for source in sources().into_iter().filter(|source| ["executor", "run"].contains(&source.room.as_str())) {
        for line in source.code.lines().filter(|line| spared.iter().all(|spared| !line.contains(spared))) {
            let is_prose = |text: &str| text.contains(' ') && text.chars().any(char::is_alphabetic);
            let is_worded = !line.trim_start().starts_with("#[") && line.split('"').skip(1).step_by(2).any(is_prose);
            if line.contains("format!(") || is_worded {
                broken.push(format!(
                    "src/{}: {}: a fact with a type of its own, worded in render/words",
                    source.path.display(),
                    line.trim()
                ));
            }
        }
    }
    assert_none(&broken);
}
