//! The command line: arguments to an operation, its value to a stream, its end to an exit code.
//!
//! Only here are the process's arguments, environment, streams, terminal and signals touched, each once, at the
//! start. `args` is the grammar, `commands` what each command does with what `ops` returns, `front` what an apply
//! shows and asks, `output` the streams, `errors` how an error looks.

mod args;
mod commands;
mod errors;
mod front;
mod log;
mod output;
mod prompt;
mod signals;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::SystemTime;

use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _};
use jiff::Timestamp;

use crate::alibaba::credentials::Environment;
use crate::clock::Clock;
use crate::run::Exit;

use args::Cli;
use commands::Invocation;
use errors::Machine;
use output::Output;

/// Runs the tool and returns its exit code.
pub fn run() -> Exit {
    let arguments = with_two_dashes(std::env::args_os());
    let no_color = arguments.iter().any(|argument| argument == "--no-color");
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(error) => return errors::usage(&Output::new(no_color), error),
    };
    let output = Output::new(cli.global.no_color);
    log::start(cli.global.log);
    if let Some(directory) = &cli.global.chdir
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let error = anyhow::Error::from(error).context(format!("cannot change to {}", directory.display()));
        return errors::report(&output, &error, Machine::None);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return errors::report(&output, &error.into(), Machine::None),
    };
    let machine = cli.command.machine();
    let outcome = runtime.block_on(async {
        signals::outlive_file_limits();
        let invocation = Invocation { global: cli.global, environment: environment(), clock: clock() };
        commands::dispatch(cli.command, &invocation, &output).await
    });
    // Threads that still read the terminal must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => errors::report(&output, &error, machine),
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    // A pipeline sets the variables that it has no value for to nothing.
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let mut grammar = Cli::command().mut_args(|argument| match argument.get_env() {
        Some(name) if is_empty(name) => argument.env(Resettable::Reset),
        _ => argument,
    });
    let matches = grammar.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut grammar))
}

/// Terraform's users write `-auto-approve`: a long flag with one dash gets its second one. So does a misspelt one, that
/// it is told what it resembles; only what begins with a short flag that takes a value is left alone.
fn with_two_dashes(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut known = std::collections::BTreeSet::new();
    let mut open = vec![Cli::command()];
    while let Some(command) = open.pop() {
        known.extend(command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)));
        open.extend(command.get_subcommands().cloned());
    }
    known.extend(["help".to_owned(), "version".to_owned()]);
    let mut only_values = false;
    let translate = |argument: OsString| {
        let Some(text) = argument.to_str() else { return argument };
        only_values |= text == "--";
        let Some(name) = text.strip_prefix('-').filter(|name| !name.starts_with('-') && name.len() > 1) else {
            return argument;
        };
        let long = name.split_once('=').map_or(name, |(long, _)| long);
        let is_long = known.contains(long) || !name.starts_with(['f', 'C']);
        if !only_values && is_long { OsString::from(format!("-{text}")) } else { argument }
    };
    arguments.into_iter().map(translate).collect()
}

/// The one read of the wall clock.
fn clock() -> Clock {
    Clock::starting_at(Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn environment() -> Environment {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    Environment::new(variables, home)
}
