//! What each command does: read what it needs, call the operation, print its value, choose the exit code.

mod apply;
mod approve;
mod change;
mod confirm;
mod drift;
mod emulator;
mod explain;
mod fleet;
mod history;
mod init;
pub(super) mod offline;
mod plan;
mod recorded;
mod rehearse;
mod status;
mod unread;
mod whoami;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::alibaba::credentials::Environment;
use crate::clock::Clock;
use crate::diagnostic::Diagnostics;
use crate::executor::{self, OnError};
use crate::language::{Wording, say, worded};
use crate::ops::connection::Access;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::notify::{self, RobotSettings};
use crate::ops::project::{DEFAULT_SPEC, Project, together};
use crate::ops::session::Session;
use crate::ops::stores::{self, Stores};
use crate::render::words::next::Given;
use crate::robot::Robot;
use crate::spec::{SignatureVersion, Spec};
use crate::state::RunId;
use crate::store::Place;

use super::args::{
    ApplyArgs, AtArgs, ChangeCommand, Choice, Command, DriftArg, Format, Global, GraphFormat, HistoryFormat,
    OnErrorArg, PlanArgs, ReportFormat, RobotArg, RunArgs, Selection, Signature, StateCommand, StatusArgs,
};
use super::errors::Machine;
use super::output::Output;
use super::signals;
use super::who::who;

/// The commands that take several specs.
const OF_SEVERAL: [&str; 10] = [
    "drift",
    "status",
    "history",
    "report",
    "validate",
    "fmt",
    "fleet",
    "confirm",
    "confirm --expired",
    "apply --approved",
];

/// The command line and the process, read once.
pub(super) struct Invocation {
    pub(super) global: Global,
    pub(super) environment: Environment,
    pub(super) stores: Stores,
    pub(super) robot: RobotSettings,
    pub(super) clock: Clock,
    /// Whether `--chdir` led through a link.
    pub(super) is_linked: bool,
}

impl Command {
    /// Returns whether the command may wait for the cloud and leaves nothing half done wherever it is ended.
    fn only_reads_the_cloud(&self) -> bool {
        matches!(
            self,
            Self::Plan(_)
                | Self::Rehearse(_)
                | Self::Drift(_)
                | Self::Graph(_)
                | Self::Whoami { .. }
                | Self::Explain(_)
                | Self::Status(StatusArgs { watch: None, .. })
                | Self::WhatIf(_)
                | Self::Fleet(_)
                | Self::Init(_)
        )
    }

    /// Returns whether a wrapper asks for a plan without a look at the cloud.
    fn asks_not_to_refresh(&self) -> bool {
        let flags = match self {
            Self::Plan(PlanArgs { terraform, .. }) | Self::Apply(ApplyArgs { terraform, .. }) => terraform,
            _ => return false,
        };
        flags.refresh == Some(false)
    }

    /// Says who reads standard output.
    pub(super) fn machine(&self) -> Machine {
        let (lines, document) = match self {
            Self::Apply(arguments) => (arguments.run.json, false),
            Self::Rollback(arguments) => (arguments.run.json, false),
            Self::Confirm(arguments) => (arguments.json && arguments.expired, arguments.json && !arguments.expired),
            Self::Plan(arguments) => (false, arguments.format.format() == Format::Json),
            Self::Drift(arguments) => (false, arguments.format.format() == Format::Json),
            Self::Fleet(arguments) => (false, arguments.format.format() == Format::Json),
            Self::Show(arguments) => (false, arguments.format.format() == Format::Json),
            Self::Graph(arguments) => (false, arguments.format == GraphFormat::Json),
            Self::State {
                command: StateCommand::List { json } | StateCommand::Show { json, .. } | StateCommand::Lock { json },
            }
            | Self::Whoami { json } => (false, *json),
            Self::History(arguments) => {
                (arguments.format() == HistoryFormat::Ndjson, arguments.format() == HistoryFormat::Json)
            }
            Self::Report(arguments) => (
                false,
                arguments.output().is_none() && arguments.format().is_ok_and(|format| format == ReportFormat::Json),
            ),
            Self::Explain(arguments) => (false, arguments.json),
            Self::Status(arguments) => (false, arguments.json),
            Self::WhatIf(arguments) => (false, arguments.json),
            Self::Rehearse(arguments) => (false, arguments.json),
            _ => (false, false),
        };
        if lines {
            Machine::Lines
        } else if document {
            Machine::Document
        } else {
            Machine::None
        }
    }
}

/// Runs one command and returns its exit code.
pub(super) async fn dispatch(command: Command, invocation: &Invocation, output: &Output) -> Result<Exit> {
    if !command.only_reads_the_cloud() {
        return run(command, invocation, output).await;
    }
    let signals::Signals { count: mut signals, .. } =
        signals::listen().with_context(|| worded!("cannot listen for signals"))?;
    tokio::select! {
        outcome = run(command, invocation, output) => outcome,
        Ok(_) = signals.wait_for(|count| *count > 0) => Err(Refusal::new(Exit::Interrupted, worded!("interrupted")).into()),
    }
}

async fn run(command: Command, invocation: &Invocation, output: &Output) -> Result<Exit> {
    if command.asks_not_to_refresh() {
        output.say(
            &output
                .spoken(|| say!("note: --refresh=false changes nothing: every plan reads the live cloud").to_owned()),
        );
    }
    match command {
        Command::Init(arguments) => init::init(&arguments, invocation, output).await,
        Command::Validate { at, live, json } => offline::validate(&at, (live, json), invocation, output).await,
        Command::Fmt { check } => offline::fmt(invocation, output, check),
        Command::Plan(arguments) => plan::plan(&arguments, invocation, output).await,
        Command::Rehearse(arguments) => rehearse::rehearse(&arguments, invocation, output).await,
        Command::Apply(arguments) if arguments.approved => approve::approved(&arguments, invocation, output).await,
        Command::Approve(arguments) => approve::approve(&arguments, invocation, output).await,
        Command::Change { command: ChangeCommand::Add(arguments) } => change::add(&arguments, invocation, output),
        Command::Apply(arguments) => apply::apply(&arguments, invocation, output).await,
        Command::Rollback(arguments) => apply::rollback(&arguments, invocation, output).await,
        Command::Confirm(arguments) => confirm::confirm(&arguments, invocation, output).await,
        Command::Drift(arguments) => drift::drift(&arguments, invocation, output).await,
        Command::Show(arguments) => recorded::show(&arguments, invocation, output),
        Command::History(arguments) => history::history(&arguments, invocation, output),
        Command::Report(arguments) => history::report(&arguments, invocation, output).await,
        Command::State { command: StateCommand::Accept } => recorded::accept(invocation, output).await,
        Command::State { command } => recorded::state(command, invocation, output).await,
        Command::ForceUnlock { id, force, pid } => recorded::force_unlock(&id, force, pid, invocation, output).await,
        Command::Whoami { json } => whoami::whoami(invocation, output, json).await,
        Command::Explain(arguments) => explain::explain(&arguments, invocation, output).await,
        Command::Status(arguments) => status::status(&arguments, invocation, output).await,
        Command::Fleet(arguments) => fleet::fleet(&arguments, invocation, output).await,
        Command::WhatIf(arguments) => status::what_if(&arguments, invocation, output).await,
        Command::Graph(arguments) => explain::graph(&arguments, invocation, output).await,
        Command::Emulator { command } => emulator::run(command, invocation, output).await,
        Command::Schema { format } => offline::schema(format, output),
        Command::Completions { shell } => offline::completions(shell, output),
        Command::Man { directory } => offline::man(&directory),
        Command::Version { json } => offline::version(output, json),
    }
}

/// Returns where lines of files are put that could not be appended: RICTL_RESCUE_DIR, else where temporary files are.
/// Returns whether a value was typed: one that the environment gives, it gives the next command as well.
fn is_typed(variable: &str, value: &str) -> bool {
    std::env::var(variable).ok().as_deref() != Some(value)
}

fn rescue_directory() -> PathBuf {
    super::rescue_directory().unwrap_or_else(std::env::temp_dir)
}

impl Invocation {
    /// The one spec of most commands.
    fn spec_path(&self) -> Result<PathBuf> {
        match self.global.file.as_slice() {
            [] => Ok(PathBuf::from(DEFAULT_SPEC)),
            [one] => Ok(one.clone()),
            _ => {
                let hint = Wording::new(|| {
                    let commands = OF_SEVERAL.map(|command| format!("`{command}`")).join(say!(", "));
                    say!(
                        "only {commands} take several specs, `confirm` where it lists what awaits; a directory merges its files",
                        commands
                    )
                });
                Err(Refusal::new(Exit::Error, worded!("--file was given several times")).hint(hint).into())
            }
        }
    }

    /// What the command was typed with.
    fn given(&self) -> Given {
        let text = |path: &PathBuf| path.display().to_string();
        Given {
            chdir: self.global.chdir.as_ref().map(text),
            file: self.global.file.first().map(text),
            cloud: self.cloud(),
            ..Given::default()
        }
    }

    /// The same for what is said of one of the specs that were given: that is the one which the next command is about.
    fn given_about(&self, spec: &Path) -> Given {
        let file = self.global.file.first().map(|_| spec.display().to_string());
        Given { file, ..self.given() }
    }

    /// Returns what says things of one of the specs that were given; where none or one was, every command is about that already.
    fn output_about(&self, spec: &Path, output: &Output) -> Output {
        if self.global.file.len() > 1 { output.about(spec) } else { output.clone() }
    }

    /// What a command was typed with that looks at a part of the spec, or as of a moment.
    fn given_choice(&self, selection: &Selection, at: &AtArgs) -> Given {
        let Selection { target, exclude } = selection;
        let flags = [("--target", target), ("--exclude", exclude)];
        let typed = flags.into_iter().flat_map(|(flag, all)| all.iter().map(move |one| (flag, one.to_string())));
        Given { selection: typed.collect(), at: at.typed().map(str::to_owned), ..self.given() }
    }

    /// What a command was typed with that makes a plan.
    fn given_plan(&self, choice: &Choice, at: &AtArgs) -> Given {
        // An exact number of changes is meant for one plan alone.
        let Choice { override_window, redo, drift, allow_last_route, .. } = choice;
        let drift = drift.map(|drift| match drift {
            DriftArg::Fix => "fix",
            DriftArg::Leave => "leave",
        });
        let planning = [
            redo.then_some(("--redo", None)),
            drift.map(|drift| ("--drift", Some(drift.to_owned()))),
            override_window.clone().map(|reason| ("--override-window", Some(reason))),
        ];
        let routes = allow_last_route.iter().map(|address| ("--allow-last-route", Some(address.to_string())));
        Given {
            planning: planning.into_iter().flatten().chain(routes).collect(),
            ..self.given_choice(&choice.selection, at)
        }
    }

    /// What a command was typed with: the next one, which a hint names, is typed with the same.
    pub(super) fn given_to(&self, command: &Command) -> Given {
        let given = match command {
            // What is wrong with its --at is not seen by the same command.
            Command::Plan(arguments) => self.given_plan(&arguments.choice, &AtArgs::default()),
            Command::Apply(arguments) => self.given_plan(&arguments.choice, &AtArgs::default()),
            Command::Approve(arguments) => self.given_plan(&arguments.choice, &arguments.at),
            _ => self.given(),
        };
        // What is said of several specs is about any of them.
        if self.global.file.len() > 1 { Given { file: None, ..given } } else { given }
    }

    /// What chose the cloud on the command line; what the environment says it says the next command as well.
    fn cloud(&self) -> Vec<(&'static str, String)> {
        let Global { endpoint, profile, signature, lock_dir, state, .. } = &self.global;
        let signature = signature.map(|signature| match signature {
            Signature::V1 => "v1".to_owned(),
            Signature::V3 => "v3".to_owned(),
        });
        let lock_dir = lock_dir.as_ref().map(|directory| directory.display().to_string());
        let flags = [
            ("--endpoint", "RICTL_ENDPOINT", endpoint.clone()),
            ("--profile", "ALIBABA_CLOUD_PROFILE", profile.clone()),
            ("--signature", "RICTL_SIGNATURE", signature),
            ("--lock-dir", "RICTL_LOCK_DIR", lock_dir),
            ("--state", "RICTL_STATE", state.clone().filter(|state| stores::may_be_said(state))),
        ];
        let flags = flags.into_iter().filter_map(|(flag, variable, value)| Some((flag, variable, value?)));
        flags.filter(|(_, variable, value)| is_typed(variable, value)).map(|(flag, _, value)| (flag, value)).collect()
    }

    /// Returns whether the command line says where the history is; a shell that is set up for a store says it for every command.
    fn types_state(&self) -> bool {
        self.global.state.as_deref().is_some_and(|state| is_typed("RICTL_STATE", state))
    }

    /// Returns the robot that is to be told; what is wrong with its address is said before anything is done.
    fn robot_of(&self, robot: Option<RobotArg>) -> Result<Option<Robot>> {
        let timeout = self.global.request_timeout;
        let robot = robot.map(|robot| notify::robot(robot.kind(), &self.robot, &self.environment, timeout));
        Ok(robot.transpose()?)
    }

    /// The specs of the commands that take several, each once.
    fn spec_paths(&self) -> Vec<PathBuf> {
        match self.global.file.as_slice() {
            [] => vec![PathBuf::from(DEFAULT_SPEC)],
            given => together::once_each(given.to_vec()),
        }
    }

    fn load(&self) -> Result<Project> {
        self.load_from(&self.spec_path()?)
    }

    fn load_from(&self, path: &Path) -> Result<Project> {
        Ok(self.load_as_of(path, &AtArgs::default(), false)?.0)
    }

    /// Loads a spec as it is at the moment that was asked for, which is returned as well, else now. What lies ahead is an
    /// error where `is_strict`.
    fn load_as_of(&self, path: &Path, asked: &AtArgs, is_strict: bool) -> Result<(Project, Option<Timestamp>)> {
        self.load_judged(path, asked, |project, moment| project.at(moment, is_strict))
    }

    /// Loads a spec to look at it alone: as it is at the moment that was asked for, with all that is to be said of it.
    fn load_to_validate(&self, path: &Path, asked: &AtArgs) -> Result<Project> {
        Ok(self.load_judged(path, asked, Project::validated)?.0)
    }

    fn load_judged(
        &self,
        path: &Path,
        asked: &AtArgs,
        judge: impl FnOnce(Project, Timestamp) -> Result<Project, Diagnostics>,
    ) -> Result<(Project, Option<Timestamp>)> {
        let (project, at) = self.load_where_it_says(path, asked, judge)?;
        Ok((self.stores.placed(project, path)?, at))
    }

    fn load_where_it_says(
        &self,
        path: &Path,
        asked: &AtArgs,
        judge: impl FnOnce(Project, Timestamp) -> Result<Project, Diagnostics>,
    ) -> Result<(Project, Option<Timestamp>)> {
        let load = || {
            let now = self.clock.now();
            let moment = |spec: &Spec| asked.moment(&spec.time_zone, now).ok().map(|at| at.unwrap_or(now));
            let project = Project::load_of(path, &rescue_directory(), moment)?;
            let at = asked.moment(&project.spec.time_zone, now)?;
            Ok((judge(project, at.unwrap_or(now))?, at))
        };
        let (loaded, at) = match load() {
            Ok((project, at)) => (Ok(project), at),
            Err(error) => (Err(error), None),
        };
        let mut project = if self.is_linked { Project::conceal(loaded) } else { loaded }?;
        if let Place::Files(paths) = &mut project.place {
            paths.locking = self.global.lock;
        }
        Ok((project, at))
    }

    /// Loads the spec with the place that it names itself, whatever store was asked for.
    fn load_with_own_place(&self) -> Result<Project> {
        let judge = |project: Project, moment| project.at(moment, false);
        Ok(self.load_where_it_says(&self.spec_path()?, &AtArgs::default(), judge)?.0)
    }

    /// Loads the spec for a plan of the moment that was asked for; of now where windows are to say when.
    fn load_planned(&self, asked: &AtArgs) -> Result<(Project, Option<Timestamp>)> {
        let now = AtArgs::default();
        self.load_as_of(&self.spec_path()?, if asked.is_open() { &now } else { asked }, true)
    }

    fn session(&self, settings: executor::Settings) -> Result<Session> {
        self.load().map(|project| self.session_of(project, settings))
    }

    fn session_of(&self, project: Project, settings: executor::Settings) -> Session {
        Session {
            project,
            access: self.access(),
            clock: self.clock,
            settings,
            confirm_within: None,
            lock_timeout: self.global.lock_timeout,
            lock_dir: self.global.lock_dir.clone(),
            who: who(),
            salt: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// Returns an id for what is no run, and who this is.
    fn nobody(&self) -> (RunId, String) {
        let salt = uuid::Uuid::new_v4().simple().to_string();
        (RunId::made(self.clock.now(), &salt[..6]), who())
    }

    fn access(&self) -> Access {
        Access {
            environment: self.environment.clone(),
            endpoint: self.global.endpoint.clone(),
            profile: self.global.profile.clone(),
            signature: self.global.signature.map(|signature| match signature {
                Signature::V1 => SignatureVersion::V1,
                Signature::V3 => SignatureVersion::V3,
            }),
            request_timeout: self.global.request_timeout,
            lock_dir: self.global.lock_dir.clone(),
            quota: self.global.quota,
            trust: self.global.trust.trust(),
        }
    }

    /// What operators tune of every command that reads until something is clear.
    fn patience(&self) -> executor::Settings {
        executor::Settings {
            poll_interval: self.global.poll_interval,
            max_read_age: self.global.max_read_age,
            settle_timeout: self.global.settle_timeout,
            doubt_window: self.global.doubt_window,
            accepts_doubt: self.global.accept_doubt,
            ..executor::Settings::default()
        }
    }

    fn settings(&self, arguments: &RunArgs) -> executor::Settings {
        self.settings_of(arguments.parallelism, arguments.on_error)
    }

    fn settings_of(&self, parallelism: Option<u16>, on_error: OnErrorArg) -> executor::Settings {
        executor::Settings {
            parallelism: parallelism.map(usize::from),
            per_scope: self.global.quota.in_a_minute(),
            on_error: match on_error {
                OnErrorArg::Stop => OnError::Stop,
                OnErrorArg::Continue => OnError::Continue,
                OnErrorArg::Rollback => OnError::Rollback,
            },
            ..self.patience()
        }
    }
}
