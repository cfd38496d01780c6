//! The generated pages of the reference, and that the spec's page is a spec.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use rictl::diagnostic::Severity;
use rictl::emulator::{Fault, Format, WorldSeed};
use rictl::spec::finding::Code;
use rictl::spec::keys::{KEYS, Presence};
use rictl::spec::{self, SpecFile};

use super::{expect_page, repository};

/// What a command prints for `--help`.
fn help(command: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rictl"))
        .args(command)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .expect("rictl runs");
    let text = String::from_utf8(output.stdout).expect("help is text");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_readme_names_every_command_that_prints_json() {
    let read = |name: &str| fs::read_to_string(repository().join(name)).expect("it is there");
    let (commands, readme) = (read("docs/reference/commands.md"), read("README.md"));
    let sections = commands.split("\n## `rictl ").skip(1).filter_map(|section| section.split_once('`'));
    let takes: Vec<&str> =
        sections.filter(|(_, text)| text.contains("\n      --json\n")).map(|(name, _)| name).collect();
    let sentence = readme.lines().find(|line| line.contains(" take `--json`, ")).expect("it says which");
    let named = sentence.split(" take `--json`, ").next().expect("a line has a beginning");
    let mut named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
    // These print one event a line.
    named.extend(["apply", "rollback"]);
    named.sort_unstable();
    assert_eq!(named, std::collections::BTreeSet::from_iter(takes).into_iter().collect::<Vec<_>>());
}

#[test]
fn every_command_and_flag_is_described() {
    let mut page = "# Commands\n\nAs `--help` prints it. The global options are shown once, at the top.\n".to_owned();
    let mut open = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let help = help(&command);
        let own = if command.is_empty() { &help } else { help.split("\nGlobal options:").next().unwrap_or(&help) };
        writeln!(
            page,
            "\n## `{}`\n\n```text\n{}\n```",
            [&["rictl".to_owned()], command.as_slice()].concat().join(" "),
            own.trim_end()
        )
        .expect("a page grows");
        open.extend(subcommands(&help).into_iter().rev().map(|name| [command.as_slice(), &[name]].concat()));
    }
    expect_page("docs/reference/commands.md", &page);
}

#[test]
fn the_json_page_names_every_key_and_every_event() {
    let repository = repository();
    let page = fs::read_to_string(repository.join("docs/reference/json.md")).expect("a page");
    let schema = |name: &str| -> serde_json::Value {
        let text = fs::read_to_string(repository.join("schemas").join(name)).expect("a schema");
        serde_json::from_str(&text).expect("a schema is JSON")
    };
    let mut names: Vec<String> = Vec::new();
    let (plan, drift) = (schema("plan.json"), schema("drift.json"));
    for document in [&plan, &drift["$defs"]["DriftOfOne"], &drift["$defs"]["DriftOfSeveral"]] {
        names.extend(document["properties"].as_object().expect("keys").keys().cloned());
    }
    let events = schema("events.json").to_string();
    let types = events.split("\"type\":{\"const\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let before = names.len();
    names.extend(types.map(str::to_owned));
    assert!(names.len() > before + 10, "the schema of the events is of another shape: {names:?}");
    let missing: Vec<&String> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/reference/json.md does not name {missing:?}");
}

/// Writes a table between the two comments that frame it: `<!-- keys: cloud -->` and `<!-- end -->`.
fn framed(page: &str, name: &str, table: &str) -> String {
    let start = format!("<!-- {name} -->\n");
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has no {start}"));
    let (_, after) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("the table {name} has no end"));
    format!("{before}{start}{table}<!-- end -->{after}")
}

/// The keys below a section, as a table.
fn table_of_keys(section: &str) -> String {
    let mut table = "| key | holds | default | means |\n|---|---|---|---|\n".to_owned();
    let entry = format!("{section}.*.");
    let above = if KEYS.iter().any(|key| key.path.starts_with(&entry)) { entry } else { format!("{section}.") };
    let is_alone = !KEYS.iter().any(|key| key.path.starts_with(&above));
    for key in KEYS.iter().filter(|key| key.name != "*") {
        let own = (is_alone && key.path == section).then_some(section);
        let Some(path) = own.or_else(|| key.path.strip_prefix(&above)) else { continue };
        let default = match key.presence {
            Presence::Required(_) => "required".to_owned(),
            Presence::Default(value) => format!("`{value}`"),
            Presence::Otherwise(what) => what.to_owned(),
            Presence::Optional => String::new(),
        };
        writeln!(table, "| `{path}` | {} | {default} | {} |", key.kind, key.meaning.trim_end_matches('.'))
            .expect("a page grows");
    }
    table
}

#[test]
fn the_spec_page_has_every_key_and_every_code() {
    let path = repository().join("docs/reference/spec.md");
    let mut page = fs::read_to_string(path).expect("a page");
    for section in KEYS.iter().filter(|key| !key.path.contains('.') && key.path != "version") {
        page = framed(&page, &format!("keys: {}", section.path), &table_of_keys(section.path));
    }
    let mut codes = "| code | | means |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let severity = if code.severity() == Severity::Error { "error" } else { "warning" };
        let means = code.meaning().trim_end_matches('.');
        writeln!(codes, "| `{}` | {severity} | {means} |", code.as_str()).expect("a page grows");
    }
    expect_page("docs/reference/spec.md", &framed(&page, "codes", &codes));
}

#[test]
fn the_specs_that_the_pages_show_are_specs() {
    for page in ["docs/reference/spec.md", "README.md", "README.zh-CN.md"] {
        let text = fs::read_to_string(repository().join(page)).expect("a page");
        let specs: Vec<&str> = text
            .split("```yaml\n")
            .skip(1)
            .filter(|block| block.contains("version: 1") || block.contains("\nversion:"))
            .collect();
        let first = text.split("```yaml\n").nth(1);
        assert!(first.is_some_and(|block| specs.contains(&block)), "{page} shows no spec first");
        for block in specs {
            let bytes = block.split("```").next().unwrap_or_default().as_bytes().to_vec();
            if let Err(found) = spec::parse(vec![SpecFile { name: page.to_owned(), bytes }]) {
                panic!("{page}: {:?}", found.findings);
            }
        }
    }
}

#[test]
fn the_worlds_that_the_pages_show_are_worlds() {
    let text = fs::read_to_string(repository().join("docs/reference/emulator.md")).expect("a page");
    let block = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a world");
    WorldSeed::parse(block, Format::Yaml).unwrap_or_else(|error| panic!("{error:?}"));
    let cells = text.lines().skip_while(|line| *line != "| fault | what happens |").skip(2);
    for cell in cells.map(|line| line.split('|').nth(1).expect("a first cell")) {
        for fault in cell.split('`').skip(1).step_by(2) {
            let fault = fault.replace('…', "x");
            Fault::parse_schedule(&format!("faults: [{{fault: {fault}}}]"))
                .unwrap_or_else(|error| panic!("{fault}: {error:?}"));
        }
    }
}
