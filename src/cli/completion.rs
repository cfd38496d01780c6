//! What Tab offers: subcommands and flags from the grammar, addresses from the spec that `-f F`, `--file F` or `--file=F` names, else
//! from rictl.yaml, runs from its history; RICTL_FILE is not seen. It asks no cloud, and says nothing where something cannot be read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _};
use clap_complete::env::{CompleteEnv, Shells};

use crate::history;
use crate::history::dossier::changes_of;
use crate::ops::project::{DEFAULT_SPEC, Project};
use crate::spec::Spec;

use super::args::Cli;

/// What a shell's script sets when it asks.
const VARIABLE: &str = "RICTL_COMPLETE";

/// The script for bash: that of clap_complete hands over the words as readline has split them.
const BASH: &str = include_str!("completion.bash");

/// The most runs that are offered, the newest.
const MOST_RUNS: usize = 20;

/// Answers a shell that asks what could stand there; returns whether one did.
pub(super) fn answered() -> bool {
    let asked = CompleteEnv::with_factory(Cli::command).var(VARIABLE).bin("rictl").completer("rictl");
    // There is nobody to tell of an error but the prompt that somebody is typing at.
    std::env::var_os(VARIABLE).is_some()
        && asked.try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref()).unwrap_or(true)
}

/// Writes the script that has a shell ask.
pub(super) fn script<W: Write>(out: &mut W, shell: Shell) -> io::Result<()> {
    if shell == Shell::Bash {
        return out.write_all(BASH.as_bytes());
    }
    let shells = Shells::builtins();
    match shells.completer(&shell.to_string()) {
        Some(completer) => completer.write_registration(VARIABLE, "rictl", "rictl", "rictl", out),
        None => {
            clap_complete::generate(shell, &mut Cli::command(), "rictl", out);
            Ok(())
        }
    }
}

/// Offers the addresses that the spec declares.
pub(super) fn addresses() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let Some(project) = project() else { return Vec::new() };
        candidates(typed, declared(&project.spec))
    })
}

/// Offers what selects something: addresses, groups and labels, the last term of several.
pub(super) fn selectors() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let Some(project) = project() else { return Vec::new() };
        let spec = &project.spec;
        let groups = spec.groups.keys().map(|group| (format!("group:{group}"), String::new()));
        let labels = spec.interfaces.values().flat_map(|interface| spec.labels_of(interface));
        let labels: BTreeSet<String> = labels.map(|(key, value, _)| format!("label:{key}={}", value.value)).collect();
        let labels = labels.into_iter().map(|label| (label, String::new()));
        let typed = typed.to_string_lossy();
        let before = typed.rfind(',').map_or("", |comma| &typed[..=comma]);
        let changes = spec.changes.iter().map(|(name, change)| (format!("change:{name}"), change.reason.clone()));
        let terms = declared(spec).chain(groups).chain(labels).chain(changes);
        candidates(OsStr::new(&*typed), terms.map(|(term, help)| (format!("{before}{term}"), help)))
    })
}

/// Lists the declared addresses, each with its id.
fn declared(spec: &Spec) -> impl Iterator<Item = (String, String)> {
    spec.interfaces.iter().map(|(address, interface)| (address.to_string(), interface.id.value.to_string()))
}

/// Offers the newest runs.
pub(super) fn runs() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let newest = newest_runs().unwrap_or_default().into_iter();
        candidates(typed, newest.chain(["last".to_owned()]).map(|id| (id, String::new())))
    })
}

/// Offers the changes that the spec declares, and those of the newest runs.
pub(super) fn changes() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| candidates(typed, all_changes().into_iter()))
}

/// Offers changes and the newest runs.
pub(super) fn changes_and_runs() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let newest = newest_runs().unwrap_or_default().into_iter();
        let runs = newest.chain(["last".to_owned()]).map(|id| (id, String::new()));
        candidates(typed, all_changes().into_iter().chain(runs))
    })
}

/// Lists changes, each with its reason where the spec declares it.
fn all_changes() -> BTreeMap<String, String> {
    let Some(project) = project() else { return BTreeMap::new() };
    let declared = project.spec.changes.iter().map(|(name, change)| (name.to_string(), change.reason.clone()));
    let mut changes: BTreeMap<String, String> = declared.collect();
    let medium = project.place.medium();
    let Ok(recorded) = history::read(&medium) else { return changes };
    let replay = recorded.journal.replay();
    for id in history::all_ids(&medium, replay).unwrap_or_default().iter().rev().take(MOST_RUNS) {
        let Ok(Ok(run)) = history::find(&medium, replay, &id.0) else { continue };
        for change in changes_of(&run) {
            changes.entry(change.to_owned()).or_default();
        }
    }
    changes
}

/// Offers the newest runs and the files that may be saved plans.
pub(super) fn runs_and_plans() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let newest = newest_runs().unwrap_or_default().into_iter();
        let mut all = candidates(typed, newest.chain(["last".to_owned()]).map(|id| (id, String::new())));
        all.extend(PathCompleter::file().complete(typed));
        all
    })
}

fn newest_runs() -> Option<Vec<String>> {
    let medium = project()?.place.medium();
    let recorded = history::read(&medium).ok()?;
    let ids = history::all_ids(&medium, recorded.journal.replay()).ok()?;
    Some(ids.into_iter().rev().take(MOST_RUNS).map(|id| id.to_string()).collect())
}

fn candidates(typed: &OsStr, all: impl Iterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    all.filter(|(value, _)| value.starts_with(&*typed))
        .map(|(value, help)| CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.into())))
        .collect()
}

/// Loads the spec that the line being typed is about.
fn project() -> Option<Project> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let named = |[short, long]: [&str; 2]| {
        let apart = words.windows(2).find(|pair| pair[0] == *short || pair[0] == *long);
        let apart = apart.map(|pair| PathBuf::from(&pair[1]));
        let inside = |word: &OsString| Some(PathBuf::from(word.to_str()?.strip_prefix(long)?.strip_prefix('=')?));
        apart.or_else(|| words.iter().find_map(inside))
    };
    let spec = named(["-f", "--file"]).unwrap_or_else(|| PathBuf::from(DEFAULT_SPEC));
    let spec = named(["-C", "--chdir"]).map_or(spec.clone(), |directory| directory.join(spec));
    Project::load(&spec, Path::new(".")).ok()
}
