//! The command line: arguments to an operation, its value to a stream, its end to an exit code.
//!
//! Only here are the process's arguments, environment, streams, terminal and signals touched, each once, at the
//! start. `args` is the grammar, `commands` what each command does with what `ops` returns, `front` what an apply
//! shows and asks, `output` the streams, `outlet` the threads that write them, `errors` how an error looks, `habits` what other tools' users type.

mod args;
mod commands;
mod completion;
mod errors;
mod front;
mod habits;
mod log;
mod man;
mod outlet;
mod output;
mod prompt;
mod signals;
mod streams;
mod watching;
mod who;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::alibaba::credentials::Environment;
use crate::child::{self, Children};
use crate::clock::Clock;
use crate::language::{self, worded};
use crate::ops::buckets::Buckets;
use crate::ops::failure::Refusal;
use crate::ops::notify::RobotSettings;
use crate::ops::stores::{Opened, Stores};
use crate::run::Exit;
use crate::store::named;
use crate::store::objects::aws::AwsEnvironment;
#[cfg(feature = "postgres")]
use crate::store::postgres::Login;
use crate::store::shared::Terms;

use args::{Cli, Global};
use commands::Invocation;
use errors::Machine;
use outlet::Untaken;
use output::Output;
use signals::Signals;

/// Runs the tool and returns its exit code.
pub fn run() -> Exit {
    if let Some(program) = supervised() {
        child::supervise(&program, std::io::stdin());
        return Exit::Done;
    }
    if completion::answered() {
        return Exit::Done;
    }
    let build = |()| tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match signals::can_be_caught().and_then(build) {
        Ok(runtime) => runtime,
        Err(error) => {
            let hint = "  hint: see how many files this process may open: `ulimit -n`";
            let told = writeln!(std::io::stderr(), "error: cannot start: {error}\n{hint}");
            debug_assert!(told.is_ok(), "nobody is there to hear it");
            return Exit::Error;
        }
    };
    let exit = work(&runtime);
    let exit = runtime.block_on(leave(exit));
    // Threads that still read the terminal must not hold the process.
    runtime.shutdown_background();
    exit
}

fn work(runtime: &Runtime) -> Exit {
    // Made once: what it is made of is most of what a small command does.
    let grammar = Cli::command();
    let arguments = habits::translated(std::env::args_os(), &grammar);
    let no_color = arguments.iter().any(|argument| argument == "--no-color");
    let specs = habits::specs_named(&arguments);
    let cli = match parse(arguments, grammar) {
        Ok(cli) => cli,
        Err(error) => return errors::usage(&Output::new(no_color), error),
    };
    let output = Output::new(cli.global.no_color);
    log::start(cli.global.log, output.language());
    let is_linked = cli.global.chdir.as_deref().is_some_and(named::is_linked);
    if let Some(directory) = &cli.global.chdir
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let refusal = language::for_reader(output.language(), || {
            Refusal::new(Exit::Error, worded!("cannot change to {directory}", directory = directory.display()))
                .cause(error.to_string())
                .hint(worded!("-C names a directory that this user may enter"))
        });
        return errors::report(&output, &refusal.into(), Machine::None);
    }
    let machine = cli.command.machine();
    // What follows the command takes the place of what stands before it.
    if specs > cli.global.file.len() {
        let refusal = language::for_reader(output.language(), || {
            Refusal::new(Exit::Error, worded!("--file was given before the command and after it"))
                .hint(worded!("give all of them on one side of it"))
        });
        return errors::report(&output, &refusal.into(), machine);
    }
    let environment = environment().with_children(children());
    let clock = clock();
    let stores = stores(&cli.global, &environment, clock);
    let robot = robot();
    let invocation = Invocation { global: cli.global, environment, stores, robot, clock, is_linked };
    let output = output.given(invocation.given_to(&cli.command));
    let outcome = language::for_reader(output.language(), || {
        runtime.block_on(async {
            signals::outlive_file_limits();
            commands::dispatch(cli.command, &invocation, &output).await
        })
    });
    match outcome {
        Ok(code) => code,
        Err(error) => errors::report(&output, &error, machine),
    }
}

/// Returns the program that this process was started to supervise, by itself.
fn supervised() -> Option<Vec<OsString>> {
    let mut arguments = std::env::args_os().skip(1);
    (arguments.next()? == child::SUPERVISE).then(|| arguments.collect())
}

/// What children are started with. The name of the running program is one that leads to it although its file was replaced.
fn children() -> Children {
    Children::new(std::env::vars_os(), PathBuf::from("/proc/self/exe"))
}

/// Waits until everything is written that was to be, or until a signal says that nobody will read it; returns the exit
/// code. What was asked for and could not be written is an error; what is told of a run is a warning.
async fn leave(exit: Exit) -> Exit {
    let Ok(Signals { count: mut signals, .. }) = signals::listen() else { return exit };
    let failed = tokio::select! {
        biased;
        failed = outlet::drained() => failed,
        Ok(_) = signals.wait_for(|count| *count > 0) => {
            return if outlet::owes_a_result() { Exit::Interrupted } else { exit };
        }
    };
    match failed {
        None => exit,
        // What is told of a run bears nothing; that it is missing is said.
        Some(Untaken { error, is_result: false }) => {
            Output::new(false)
                .say(&format!("warning: standard output: {error}; not all of what happened could be written"));
            outlet::drained().await;
            exit
        }
        Some(Untaken { error, is_result: true }) => {
            let error = anyhow::Error::from(error).context("cannot write to standard output");
            let exit = errors::report(&Output::new(false), &error, Machine::None);
            outlet::drained().await;
            exit
        }
    }
}

/// Below this many columns the help of a flag stands under it: beside it there is no room.
const NARROW: usize = 60;

fn parse(arguments: Vec<OsString>, grammar: clap::Command) -> Result<Cli, clap::Error> {
    // A pipeline sets the variables that it has no value for to nothing. Of trust nothing is no answer.
    let is_out =
        |name: &OsStr| name != "RICTL_TRUST_SPEC" && std::env::var_os(name).is_some_and(|value| value.is_empty());
    match parse_without(arguments.clone(), grammar, is_out) {
        // What a variable sets counts as typed, and whoever typed no more than a command wants its help.
        Err(error) if error.kind() == ErrorKind::MissingSubcommand => {
            parse_without(arguments, Cli::command(), |_| true)
        }
        parsed => parsed,
    }
}

/// Reads a command line, the program's name first, and does nothing: what documents tell to type is held to the grammar by it.
///
/// # Errors
/// What the grammar refuses.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<(), clap::Error> {
    let grammar = Cli::command();
    let arguments = habits::translated(arguments, &grammar);
    parse(arguments, grammar).map(drop)
}

/// Parses what was typed, and the variables but for some.
fn parse_without(
    arguments: Vec<OsString>,
    grammar: clap::Command,
    is_out: impl Fn(&OsStr) -> bool,
) -> Result<Cli, clap::Error> {
    let width = output::help_width();
    let grammar = grammar.term_width(width).next_line_help(width < NARROW);
    let mut grammar = grammar.mut_args(|argument| match argument.get_env() {
        Some(name) if is_out(name) => argument.env(Resettable::Reset),
        _ => argument,
    });
    let matches = grammar.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut grammar))
}

/// The one read of the wall clock.
fn clock() -> Clock {
    Clock::starting_at(Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// What the environment says of the robot that is told; nothing else may say it.
fn robot() -> RobotSettings {
    let secret = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).map(Into::into);
    RobotSettings { url: secret("RICTL_NOTIFY_URL"), secret: secret("RICTL_NOTIFY_SECRET") }
}

/// What the environment says of stores.
fn stores(global: &Global, environment: &Environment, clock: Clock) -> Stores {
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let cache = path("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")));
    let rescue = [rescue_directory(), Some(PathBuf::from(".")), Some(std::env::temp_dir())];
    Stores {
        asked: global.state.clone(),
        terms: Terms { ttl: global.lease, rescue: rescue.into_iter().flatten().collect() },
        #[cfg(feature = "postgres")]
        login: Login {
            password: text("PGPASSWORD").map(Into::into),
            password_file: path("PGPASSFILE"),
            root_certificate: path("PGSSLROOTCERT"),
        },
        buckets: Buckets {
            aws: AwsEnvironment::new(variables(), home()),
            oss_endpoint: text("OSS_ENDPOINT"),
            oss_region: text("OSS_REGION"),
            environment: environment.clone(),
            profile: global.profile.clone(),
            clock,
        },
        adopts: global.adopt,
        cache: cache.map(|cache| cache.join("rictl/states")),
        opened: Opened::default(),
    }
}

fn environment() -> Environment {
    Environment::new(variables(), home()).with_illegible(illegible_variables())
}

fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Returns the names of the variables that are set to what is not UTF-8.
fn illegible_variables() -> impl Iterator<Item = String> {
    let is_illegible = |value: &OsString| value.to_str().is_none();
    std::env::vars_os().filter(move |(_, value)| is_illegible(value)).filter_map(|(name, _)| name.into_string().ok())
}

fn home() -> Option<PathBuf> {
    path("HOME")
}

/// Returns where lines are put that could not be recorded, where somebody says.
fn rescue_directory() -> Option<PathBuf> {
    path("RICTL_RESCUE_DIR")
}

/// Returns the path that a variable holds.
fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
