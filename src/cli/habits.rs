//! Habits of other tools: flags and commands as Terraform's users, wrappers and scripts write them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command, CommandFactory as _};

use crate::diagnostic::nearest::nearest;

/// What other tools call a command, and what does it here.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["destroy", "drain", "deactivate", "down", "disable", "stop", "shutdown"],
        "a link is taken down in the spec: set its `status: Inactive`, then `rictl plan` and `rictl apply`; rictl never deletes an interface",
    ),
    (
        &["activate", "up", "enable", "start", "undrain", "restore"],
        "a link is brought up in the spec: set its `status: Active`, then `rictl plan` and `rictl apply`",
    ),
    (
        &["delete", "remove", "rm", "taint", "untaint", "replace"],
        "rictl never deletes or makes an interface; an entry that is removed from the spec is forgotten, `rictl state rm ADDRESS` forgets one record",
    ),
    (&["undo", "revert", "back", "cancel"], "`rictl rollback RUN_ID` takes a run back; `rictl history` lists the runs"),
    (
        &["import"],
        "`rictl init` writes a spec from what is live, `rictl init --from-tfstate FILE` from a Terraform state",
    ),
    (&["refresh"], "every `rictl plan` reads the live cloud; `rictl drift` says what moved"),
    (
        &["get", "list", "ls", "describe", "output"],
        "`rictl status` shows how every link stands, `rictl state list` what is recorded, `rictl explain ADDRESS` everything about one interface",
    ),
    (&["sync", "reconcile", "deploy", "execute"], "`rictl apply` plans, asks, and does it"),
    (&["create", "new", "add"], "`rictl init` writes a spec from what is live; rictl never makes an interface"),
    (&["edit"], "the spec is a file: edit it, then `rictl validate` and `rictl plan`"),
    (
        &["watch", "monitor", "top"],
        "`rictl status --watch 5s` shows every group and link again and again; `rictl drift` compares once, for a timer",
    ),
    (&["what-if", "simulate"], "`rictl whatif --down SELECTOR` says which groups would fall without some links"),
    (&["format"], "`rictl fmt` lays out the spec's files"),
    (&["diff", "preview"], "`rictl plan` shows what differs, `rictl drift` what moved and why"),
    (&["check", "lint", "test"], "`rictl validate` checks the spec, `rictl plan` against the live cloud"),
    (
        &["log", "logs", "run", "runs"],
        "`rictl history` lists the runs, `rictl show RUN_ID` prints one, `rictl show last` the last",
    ),
    (&["unlock"], "`rictl force-unlock ID` frees a lock"),
    (
        &["login", "configure", "providers", "workspace", "console"],
        "`rictl whoami` says whose credentials are used and where they come from",
    ),
    (&["delete-run", "mv"], "rename the key in the spec: the record follows the interface's id"),
];

/// What people ask of a command that has no such command below it, and what does it.
const BELOW: &[(&str, &[&str], &str)] = &[
    (
        "change",
        &["list", "ls", "show", "get", "describe", "status"],
        "the spec's `changes` hold them all; `rictl plan` says what begins or ends within 24 hours, `rictl history change:NAME` what its runs did",
    ),
    (
        "change",
        &["rm", "remove", "delete", "del", "drop", "cancel", "undo", "revert"],
        "remove its block under `changes` in the spec: the next plan brings back what it did; `rictl rollback --change NAME` takes its runs back now",
    ),
    (
        "change",
        &["edit", "update", "set", "end", "close", "stop", "finish", "extend"],
        "its block stands under `changes` in the spec: edit `from`, `until` or `select` there, then `rictl validate` and `rictl plan`",
    ),
    ("change", &["create", "new", "begin", "start"], "`rictl change add NAME` writes a change into the spec"),
    (
        "state",
        &["remove", "delete", "del", "forget", "replace"],
        "`rictl state rm ADDRESS` forgets one record; the interface itself is not touched",
    ),
    ("state", &["ls", "get", "describe"], "`rictl state list` lists the records, `rictl state show ADDRESS` shows one"),
    ("emulator", &["start", "run", "up"], "`rictl emulator serve --world FILE` answers until it is interrupted"),
    ("emulator", &["create", "new", "init"], "`rictl emulator generate --output FILE` writes a world"),
];

/// What other tools call a flag, and what does it here.
const FLAGS: &[(&[&str], &str)] = &[
    (
        &["--approve"],
        "`--auto-approve` does not ask; `--approve-digest DIGEST` runs that plan and no other, `--approved` what `rictl approve` kept",
    ),
    (&["--yes", "-y", "--force-yes", "--non-interactive", "--no-input"], "`--auto-approve` does not ask"),
    (&["--last"], "`last` is an argument: `rictl rollback last`, `rictl show last`"),
    (&["--select", "--selector", "--only"], "a part of the spec is named with `--target`"),
    (&["--dry-run", "--check", "--noop"], "`rictl plan` shows what an apply would do, and changes nothing"),
    (&["--refresh-only"], "`rictl drift` compares with what was last applied; every plan reads the live cloud"),
    (&["--destroy"], "set `status: Inactive` in the spec; rictl never deletes an interface"),
    (&["--replace"], "rictl never deletes or makes an interface"),
    (&["--var", "--var-file"], "a spec has no variables; several specs, or a directory of files, with -f"),
    (&["--state"], "the spec's `state.path` says where its state is"),
    (&["--plan"], "the file of a saved plan is an argument: `rictl apply FILE`"),
    (&["-o", "--output"], "`--format` says how to print: text, json, markdown or html; `plan --out FILE` saves a plan"),
    (&["-v", "--verbose", "--debug"], "`--log debug` says more on standard error; `rictl version` prints the version"),
    (&["-n", "--namespace", "--context"], "the spec says which account and which regions; -f names another spec"),
];

/// What people ask of a command with a flag that others have, and what does it.
const FLAGS_OF: &[(&str, &[&str], &str)] = &[
    (
        "apply",
        &["--at"],
        "an apply is of now: `rictl plan --at TIME` looks ahead, `rictl approve DIGEST --at TIME` keeps a plan that `rictl apply --approved` runs then",
    ),
    (
        "apply",
        &["--force"],
        "no flag goes around the guards; what each refusal can be overridden with stands in its hint",
    ),
    ("history", &["-n", "--max", "--last"], "`--limit N` lists the newest N runs"),
    (
        "fmt",
        &["--diff", "--dry-run", "--write", "--list"],
        "`rictl fmt --check` writes nothing and exits 1 where a file would change",
    ),
    (
        "approve",
        &["--list"],
        "approvals lie beside the state; `rictl apply --approved` says of each why it does not run",
    ),
    ("plan", &["--region"], "the spec says which regions; a part of it is named with `--target region:R`"),
    (
        "init",
        &["--backend", "--backend-config", "--reconfigure", "--migrate-state"],
        "where the state is kept `--state URL` says; `rictl state move URL` moves it",
    ),
];

/// Says of a command or a flag that there is not what does the same here.
pub(super) fn point_to(error: &mut clap::Error) {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let below = || {
                of_command(BELOW, error, ContextKind::InvalidSubcommand)
                    .or_else(|| known(COMMANDS, error, ContextKind::InvalidSubcommand))
            };
            let Some(what) = below() else { return };
            error.remove(ContextKind::SuggestedSubcommand);
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![what.into()]));
        }
        ErrorKind::UnknownArgument => {
            // Nobody means a flag as the name of a file.
            error.remove(ContextKind::Suggested);
            if let Some(what) = meant(error) {
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![what.into()]));
                return;
            }
            if let Some(what) = known(FLAGS, error, ContextKind::InvalidArg) {
                error.remove(ContextKind::SuggestedArg);
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![what.into()]));
                return;
            }
            if let Some(what) = of_command(FLAGS_OF, error, ContextKind::InvalidArg) {
                error.remove(ContextKind::SuggestedArg);
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![what.into()]));
                return;
            }
            suggest_flag(error);
        }
        _ => {}
    }
}

/// Suggests the flag that is spelt most like one that is none: of the command, else of one that has it.
fn suggest_flag(error: &mut clap::Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return };
    if word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) {
        let says = "a duration takes no sign; a time before now is written as one, such as 2026-12-02T01:00";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![says.into()]));
        return;
    }
    let Some(word) = word.strip_prefix("--").map(str::to_owned) else { return };
    error.remove(ContextKind::SuggestedArg);
    let grammar = super::args::Cli::command();
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let words = usage.split_whitespace().skip_while(|part| *part != "Usage:").skip(2);
    let mut own = &grammar;
    for word in words {
        let Some(below) = own.find_subcommand(word) else { break };
        own = below;
    }
    let globals = flags(&grammar).filter(|flag| grammar.get_arguments().any(|known| is_global(known, flag)));
    let near = nearest(&word, flags(own).chain(globals));
    if let Some(flag) = near {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{flag}")));
        return;
    }
    // What others have is told only of a word that begins as theirs does: it is farther to seek.
    let begins_so = |flag: &&str| flag.chars().next() == word.chars().next();
    let of_others = grammar.get_subcommands().filter_map(|one| {
        let flags = flags(one).filter(begins_so);
        Some((nearest(&word, flags)?, one.get_name()))
    });
    // Who asks for a flag that several have means the one that looks.
    if let Some((flag, command)) = of_others.min_by_key(|(flag, command)| (*flag != word, *command != "plan")) {
        let says = format!("`rictl {command}` has `--{flag}`");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![says.into()]));
    }
}

/// Lists the flags of a command that its help shows.
fn flags(command: &Command) -> impl Iterator<Item = &str> {
    command.get_arguments().filter(|argument| !argument.is_hide_set()).filter_map(|argument| argument.get_long())
}

fn is_global(argument: &clap::Arg, flag: &str) -> bool {
    argument.is_global_set() && argument.get_long() == Some(flag)
}

/// Says what somebody means by a word behind a command that takes none.
fn meant(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    if word.starts_with('-') || word.is_empty() {
        return None;
    }
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let command = usage.split_whitespace().skip_while(|part| *part != "Usage:").nth(2)?;
    if word == "help" {
        return Some(format!("`rictl {command} --help` has every option"));
    }
    let is_a_file = [".yaml", ".yml", ".json"].iter().any(|end| word.ends_with(end)) || word.contains('/');
    match command {
        "init" => Some(format!("a region is named with a flag: `rictl init --region {word}`")),
        "plan" | "drift" | "validate" | "fmt" | "whoami" if is_a_file => {
            Some(format!("a spec is named with a flag: `rictl {command} -f {word}`"))
        }
        "plan" | "drift" | "apply" => {
            let file = if command == "plan" {
                "; a file is saved with `--out FILE`, and shown by `rictl show FILE`"
            } else {
                ""
            };
            Some(format!(
                "a part of the spec is named with a flag, by address, id, pattern, group:G or label:K=V: `rictl {command} --target {word}`{file}"
            ))
        }
        "whatif" => Some(format!("what is to go down is named with a flag: `rictl whatif --down {word}`")),
        "validate" | "fmt" => Some(format!("the whole spec is looked at; `rictl {command} -f PATH` names another")),
        _ => None,
    }
}

/// Says what does what was asked of one command.
fn of_command(
    table: &[(&str, &[&str], &'static str)],
    error: &clap::Error,
    context: ContextKind,
) -> Option<&'static str> {
    let Some(ContextValue::String(word)) = error.get(context) else { return None };
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let command = usage.split_whitespace().skip_while(|part| *part != "Usage:").nth(2)?;
    let word = word.to_ascii_lowercase();
    table.iter().find(|(of, words, _)| *of == command && words.contains(&word.as_str())).map(|(.., what)| *what)
}

fn known(table: &[(&[&str], &'static str)], error: &clap::Error, context: ContextKind) -> Option<&'static str> {
    let Some(ContextValue::String(word)) = error.get(context) else { return None };
    let word = word.to_ascii_lowercase();
    table.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, what)| *what)
}

/// Rewrites arguments as Terraform's users type them into those of the grammar.
///
/// `-auto-approve`: a long flag with one dash gets its second one. So does a misspelt one, that it is told what it
/// resembles; only what begins with a short flag that takes a value is left alone. `--json=true` is `--json`, and
/// `--json=false` takes it back.
pub(super) fn translated(arguments: impl IntoIterator<Item = OsString>, grammar: &Command) -> Vec<OsString> {
    let (mut known, mut switches) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![grammar];
    while let Some(command) = open.pop() {
        for argument in command.get_arguments() {
            let Some(long) = argument.get_long() else { continue };
            known.insert(long.to_owned());
            if matches!(argument.get_action(), ArgAction::SetTrue) {
                switches.insert(long.to_owned());
            }
        }
        open.extend(command.get_subcommands());
    }
    known.extend(["help".to_owned(), "version".to_owned()]);
    let mut translated: Vec<OsString> = Vec::new();
    let mut only_values = false;
    for argument in arguments {
        let Some(text) = argument.to_str().filter(|_| !only_values) else {
            translated.push(argument);
            continue;
        };
        only_values = text == "--";
        let text = with_two_dashes(text, &known);
        match switched(&text, &switches) {
            None => translated.push(text.into()),
            Some((flag, is_on)) => {
                // As in Terraform, the last one counts.
                translated.retain(|earlier| *earlier != *flag);
                translated.extend(is_on.then(|| flag.into()));
            }
        }
    }
    translated
}

/// Counts how often a spec is named with `-f`.
pub(super) fn specs_named(arguments: &[OsString]) -> usize {
    let words = arguments.iter().map(|argument| argument.to_str().unwrap_or_default());
    let is_file = |word: &&str| {
        *word == "--file" || word.starts_with("--file=") || (word.starts_with("-f") && !word.starts_with("--"))
    };
    words.take_while(|word| *word != "--").filter(is_file).count()
}

fn with_two_dashes(text: &str, known: &BTreeSet<String>) -> String {
    let is_flag = |name: &&str| name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.len() > 1;
    let Some(name) = text.strip_prefix('-').filter(is_flag) else {
        return text.to_owned();
    };
    let long = name.split_once('=').map_or(name, |(long, _)| long);
    let is_long = known.contains(long) || !name.starts_with(['f', 'C']);
    if is_long { format!("-{text}") } else { text.to_owned() }
}

/// Returns the flag of a switch and whether it is turned on, in the words that Terraform takes.
fn switched(text: &str, switches: &BTreeSet<String>) -> Option<(String, bool)> {
    let (name, value) = text.strip_prefix("--").map(|name| name.split_once('=').unwrap_or((name, "true")))?;
    let is_on = match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
        "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
        _ => return None,
    };
    switches.contains(name).then(|| (format!("--{name}"), is_on))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn typed(words: &str) -> String {
        let words = words.split(' ').map(OsString::from);
        let words = translated(words, &super::super::args::Cli::command());
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn takes_flags_as_terraform_writes_them() {
        for (typed_in, taken) in [
            ("rictl apply -auto-approve", "rictl apply --auto-approve"),
            ("rictl apply -auto-approve=true -json=false", "rictl apply --auto-approve"),
            ("rictl apply -auto-approve -auto-approve=0", "rictl apply"),
            ("rictl plan -json -json", "rictl plan --json"),
            ("rictl plan -detailed-exitcode=maybe", "rictl plan --detailed-exitcode=maybe"),
            ("rictl plan -out=p -f spec.yaml -fspec.yaml", "rictl plan --out=p -f spec.yaml -fspec.yaml"),
            ("rictl -input=false show -- -json=true", "rictl --input=false show -- -json=true"),
        ] {
            assert_eq!(typed(typed_in), taken);
        }
    }
}
