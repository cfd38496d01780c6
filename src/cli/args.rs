//! The command line as types. Help texts are written to be read by somebody who has the tool for the first time.

mod approve;
mod at;
mod change;
mod confirm;
mod rollback;
mod specs;
mod terraform;
mod trust;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::bounds;
use crate::plan::DigestAt;
use crate::resource::{Address, Region};
use crate::retry::Quota;
use crate::selector::Selector;
use crate::spec::keys::Grammar;
use crate::store::lock::Locking;

use super::completion;

pub(super) use approve::ApproveArgs;
pub(super) use at::AtArgs;
pub(super) use change::{ChangeAddArgs, ChangeCommand};
pub(super) use confirm::ConfirmArgs;
pub(super) use rollback::RollbackArgs;
pub(super) use specs::{InitArgs, SchemaFormat};
pub(super) use terraform::TerraformArgs;
pub(super) use watch::DriftArgs;

/// Keeps Alibaba Cloud VPC router interfaces in the states that a reviewed YAML spec declares.
#[derive(Debug, Parser)]
#[command(
    name = "rictl",
    version,
    about,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Start here:\n  rictl init                  write rictl.yaml from what is live\n  rictl validate              check rictl.yaml, offline\n  rictl plan                  show what apply would do; changes nothing\n  rictl apply                 plan, ask, and do it\n  rictl drift                 exit 2 when something moved\n\nLong flags also work with one dash, as in Terraform: -auto-approve, -out=FILE.\n`rictl COMMAND -h` is short; `--help` has every option, the global ones included.\nExit codes: 0 done or no changes, 1 error, 2 changes or drift, 3 refused by a guard,\n4 something moved since the plan, 5 partly applied, 6 locked, 130 interrupted."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The spec: a file, or a directory whose *.yaml and *.yml are merged [default: rictl.yaml]
    #[arg(short = 'f', long = "file", value_name = "PATH", global = true, env = "RICTL_FILE")]
    pub(super) file: Vec<PathBuf>,
    /// Change to this directory first
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(super) chdir: Option<PathBuf>,
    /// No colour; so do NO_COLOR and a pipe
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) no_color: bool,
    /// Say more on stderr: error, warn, info, debug or trace. Secrets and signatures are masked
    #[arg(
        long,
        value_name = "LEVEL",
        global = true,
        hide_short_help = true,
        env = "RICTL_LOG",
        default_value = "warn"
    )]
    pub(super) log: tracing::Level,
    /// Send every call here instead of the cloud's endpoints; plain http only to loopback
    #[arg(long, value_name = "URL", global = true, env = "RICTL_ENDPOINT")]
    pub(super) endpoint: Option<String>,
    /// The credentials profile, and only that one
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) profile: Option<String>,
    /// How requests are signed: v3 (the default; keys stay out of URLs) or v1
    #[arg(long, value_name = "VERSION", global = true, hide_short_help = true, env = "RICTL_SIGNATURE", value_enum)]
    pub(super) signature: Option<Signature>,
    /// Wait this long for the locks of the state and of the account
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_LOCK_TIMEOUT", default_value = "0s", value_parser = duration)]
    pub(super) lock_timeout: Duration,
    /// `none` goes on where locks do not work on the file system of the state; the run records it
    #[arg(long, value_name = "none", global = true, hide_short_help = true, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", hide_default_value = true, value_parser = locking)]
    pub(super) lock: Locking,
    /// Keep the accounts' locks here instead of where every user of this host looks: /run/lock or /tmp
    #[arg(long, value_name = "DIR", global = true, hide_short_help = true, env = "RICTL_LOCK_DIR")]
    pub(super) lock_dir: Option<PathBuf>,
    /// Ask questions where a terminal is there to answer
    #[arg(long, value_name = "BOOL", global = true, hide_short_help = true, default_value = "true", num_args = 0..=1, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(super) input: bool,
    /// The longest time between two reads of a region with something in flight; shorter where it may be expected to settle
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_POLL_INTERVAL", default_value = "2s", value_parser = positive_duration)]
    pub(super) poll_interval: Duration,
    /// How long ago what a call rests on may have been read when the call is sent
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_MAX_READ_AGE", default_value = "2s", value_parser = positive_duration)]
    pub(super) max_read_age: Duration,
    /// How long a step may take to reach its goal, where the spec's timeouts do not say
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_SETTLE_TIMEOUT", default_value = "10m", value_parser = positive_duration)]
    pub(super) settle_timeout: Duration,
    /// How long one request may take
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_REQUEST_TIMEOUT", default_value = "30s", value_parser = positive_duration)]
    pub(super) request_timeout: Duration,
    /// How long a call whose answer was lost is watched before it may be sent again, once
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_DOUBT_WINDOW", default_value = "15s", value_parser = positive_duration)]
    pub(super) doubt_window: Duration,
    /// At most N calls per account, region and action in any such window
    #[arg(long, value_name = "N/DURATION", global = true, hide_short_help = true, env = "RICTL_QUOTA", default_value = "300/60s", value_parser = quota)]
    pub(super) quota: Quota,
    #[command(flatten)]
    pub(super) trust: trust::TrustArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a starter spec from what is live; changes nothing in the cloud
    Init(InitArgs),
    /// Check the spec: no network, no credentials
    Validate {
        #[command(flatten)]
        at: AtArgs,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Give the spec's files one layout: line ends, trailing blanks, empty lines; comments and the rest stay
    Fmt {
        /// Write nothing; exit 1 if a file would change
        #[arg(long)]
        check: bool,
    },
    /// Show what apply would do; changes nothing
    Plan(PlanArgs),
    /// Plan, ask, and do it; or do exactly what a saved plan says
    Apply(ApplyArgs),
    /// Make a plan, and keep it for `apply --approved` if it is the one that is approved
    Approve(ApproveArgs),
    /// Write what is to be planned, approved and closed as one
    Change {
        #[command(subcommand)]
        command: ChangeCommand,
    },
    /// Compare the live cloud with what was last applied and with the spec; exit 2 when something moved
    Drift(DriftArgs),
    /// Print a saved plan or a past run
    Show(ShowArgs),
    /// List past runs, newest first
    History {
        /// Only the runs that touched these interfaces: addresses, ids, patterns, group:G, label:K=V and the like
        #[arg(value_name = "SELECTOR", add = completion::selectors())]
        selectors: Vec<Selector>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read or edit what was recorded
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Plan and do the inverse of what a past run did
    Rollback(RollbackArgs),
    /// Keep a run that is taken back unless somebody confirms it; or take back what nobody has confirmed in time
    Confirm(ConfirmArgs),
    /// Draw dependencies, groups and the steps of a plan; the spec alone where the cloud cannot be reached
    Graph(GraphArgs),
    /// Tell everything about interfaces: spec and line, live, last applied, and why it is or is not planned
    Explain(ExplainArgs),
    /// Say whose credentials would be used, and where they come from; never a secret
    Whoami {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Free a lock, after showing who holds it
    ForceUnlock {
        /// The lock's id, as the refusal showed it
        id: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
        /// The process that holds it, where that is at work on this host: its lock is not freed by mistake
        #[arg(long, value_name = "PID")]
        pid: Option<u32>,
    },
    /// The VPC API emulator on loopback
    Emulator {
        #[command(subcommand)]
        command: EmulatorCommand,
    },
    /// Print the JSON Schema of a format, for editors and other tools
    Schema {
        /// Of which format
        #[arg(value_enum, default_value = "spec")]
        format: SchemaFormat,
    },
    /// Print a completion script
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Write a man page per command into a directory
    Man {
        /// Where to; it is made if need be
        directory: PathBuf,
    },
    /// Print the version
    Version {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `rictl plan`.
#[derive(Clone, Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) choice: Choice,
    #[command(flatten)]
    pub(super) at: AtArgs,
    /// Save the plan, for `show` and `apply`
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Let --out replace a file that is not a plan
    #[arg(long)]
    pub(super) force: bool,
    /// Exit 2 when there are changes
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// A plan sends no calls that could run side by side
    #[arg(long, hide = true, value_name = "N")]
    parallelism: Option<u16>,
    #[command(flatten)]
    pub(super) terraform: TerraformArgs,
    #[command(flatten)]
    pub(super) format: FormatArgs,
}

/// What a plan looks at.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Choice {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Override the caps of `limits`: the exact number of changes
    #[arg(long, value_name = "N")]
    pub(super) allow_changes: Option<u32>,
    /// Send what windows hold back all the same, and say why: the reason is recorded, the windows are in the digest
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub(super) override_window: Option<String>,
    /// Do again what a rollback took back; without it that is left alone until its entry in the spec is altered
    #[arg(long)]
    pub(super) redo: bool,
    /// Run a saved plan or a digest once more that a run has used
    #[arg(long)]
    pub(super) again: bool,
    /// What becomes of an interface that only the cloud has moved since the last apply [default: what the spec says, else fix]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) drift: Option<DriftArg>,
    /// Override limits.max_forgotten: the exact number of recorded interfaces that are gone from the spec
    #[arg(long, value_name = "N")]
    pub(super) allow_forgotten: Option<u32>,
}

/// `--drift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DriftArg {
    /// Bring it back
    Fix,
    /// Leave it alone, and say so
    Leave,
}

/// Which interfaces a command looks at.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Selection {
    /// Look at these interfaces only: an address, an id, a pattern such as 'sh-*', group:G, label:K=V, region:R, account:A, change:C,
    /// or several of these joined by commas where all must hold; what must change before them blocks them unless it is
    /// selected too; may be given several times
    #[arg(long, value_name = "SELECTOR", add = completion::selectors())]
    pub(super) target: Vec<Selector>,
    /// Leave these interfaces out; may be given several times
    #[arg(long, value_name = "SELECTOR", add = completion::selectors())]
    pub(super) exclude: Vec<Selector>,
}

/// How to print.
#[derive(Clone, Debug, Args)]
pub(super) struct FormatArgs {
    /// Print one JSON document
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Cut nothing on a terminal, however long; elsewhere nothing is ever cut
    #[arg(long)]
    pub(super) full: bool,
}

impl FormatArgs {
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a terminal
    Text,
    /// One document
    Json,
    /// For a pull request
    Markdown,
    /// One self-contained page
    Html,
}

/// `rictl apply`.
#[derive(Clone, Debug, Args)]
pub(super) struct ApplyArgs {
    /// A plan that `plan --out` saved
    #[arg(value_name = "PLAN")]
    pub(super) plan: Option<PathBuf>,
    /// Run what `rictl approve` kept and what is due now; approves by itself
    #[arg(long, conflicts_with_all = ["plan", "target", "exclude", "approve_digest", "auto_approve", "max_age", "again"])]
    pub(super) approved: bool,
    /// Refuse a saved plan, or a digest by its @TIME, that is older than this, such as 2h or 7d
    #[arg(long, value_name = "DURATION", value_parser = days)]
    pub(super) max_age: Option<Duration>,
    /// Take it back unless `rictl confirm`, or `yes` at the terminal, keeps it within this time after its last call, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = positive_days)]
    pub(super) confirm_within: Option<Duration>,
    #[command(flatten)]
    pub(super) choice: Choice,
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) terraform: TerraformArgs,
}

/// How a run goes.
#[derive(Clone, Debug, Args)]
pub(super) struct RunArgs {
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Run only if the plan, made afresh, has this digest; approves by itself
    #[arg(long, value_name = "DIGEST[@TIME]")]
    pub(super) approve_digest: Option<DigestAt>,
    /// At most this many calls unsettled at a time in all; else as many in each account and region as --quota lets through in a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) parallelism: Option<u16>,
    /// What to do after a step that did not reach its goal
    #[arg(long, value_enum, default_value = "continue")]
    pub(super) on_error: OnErrorArg,
    /// Cut nothing of the plan on a terminal, however long; elsewhere nothing is ever cut
    #[arg(long)]
    pub(super) full: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    /// Write the JSON lines into this file as well
    #[arg(long, value_name = "FILE")]
    pub(super) json_into: Option<PathBuf>,
}

/// `--on-error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnErrorArg {
    /// Start nothing new
    Stop,
    /// Skip what needs it, go on with the rest
    Continue,
    /// Start nothing new, and undo what this run did
    Rollback,
}

/// `rictl show`.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowArgs {
    /// A saved plan's file or a run's id; the last run where neither is given
    #[arg(value_name = "PLAN|RUN_ID", add = completion::runs_and_plans())]
    pub(super) what: Option<String>,
    #[command(flatten)]
    pub(super) format: FormatArgs,
}

/// `rictl state …`.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List the recorded interfaces
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one record
    Show {
        /// The interface's key
        #[arg(add = completion::addresses())]
        address: Address,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Go on where state or journal was damaged, emptied, cut or replaced: it is kept aside, what is open is read from the cloud
    Accept,
    /// Forget one record; the interface itself is not touched
    Rm {
        /// The interface's key
        #[arg(add = completion::addresses())]
        address: Address,
    },
}

/// `rictl explain`.
#[derive(Clone, Debug, Args)]
pub(super) struct ExplainArgs {
    /// Which interfaces: addresses, ids, patterns, group:G, label:K=V and the like
    #[arg(value_name = "SELECTOR", required_unless_present = "key", add = completion::selectors())]
    pub(super) selectors: Vec<Selector>,
    /// Say what a key of the spec means instead, such as limits.max_changes or changes.*.expect
    #[arg(long, value_name = "KEY", conflicts_with = "selectors")]
    pub(super) key: Option<String>,
    #[command(flatten)]
    pub(super) at: AtArgs,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// `rictl graph`.
#[derive(Clone, Debug, Args)]
pub(super) struct GraphArgs {
    /// Draw these interfaces only: addresses, ids, patterns, group:G, label:K=V and the like
    #[arg(value_name = "SELECTOR", add = completion::selectors())]
    pub(super) selectors: Vec<Selector>,
    #[command(flatten)]
    pub(super) at: AtArgs,
    /// Draw the spec alone: no network, no credentials
    #[arg(long)]
    pub(super) offline: bool,
    /// How to draw
    #[arg(long, value_enum, default_value = "dot")]
    pub(super) format: GraphFormat,
}

/// `graph --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// A picture
    Svg,
    /// Data
    Json,
}

/// `rictl emulator …`.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum EmulatorCommand {
    /// Answer the API on loopback until interrupted
    Serve {
        /// The world: a YAML or JSON file. It is never rewritten; what happens to it goes into FILE.log.jsonl
        #[arg(long, value_name = "FILE")]
        world: PathBuf,
        /// Where to listen; loopback only
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: std::net::SocketAddr,
        /// A schedule of faults to play
        #[arg(long, value_name = "FILE")]
        faults: Option<PathBuf>,
        /// Write one JSON line per call into this file
        #[arg(long, value_name = "FILE")]
        call_log: Option<PathBuf>,
    },
    /// Make a world of any size
    Generate {
        /// How many interfaces
        #[arg(long, value_name = "N", default_value = "10", value_parser = interfaces)]
        interfaces: usize,
        /// In which regions
        #[arg(long, value_name = "REGION,...", value_delimiter = ',', default_value = "cn-shanghai,cn-beijing", value_parser = region)]
        regions: Vec<Region>,
        /// Equal seeds give equal worlds
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// Where to write; - for stdout. A name that ends in .json gets JSON
        #[arg(long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Forget what happened to a world: it starts again as its file says
    Reset {
        /// The world's file
        #[arg(long, value_name = "FILE")]
        world: PathBuf,
    },
}

/// `--signature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Signature {
    /// HMAC-SHA1 in the query
    V1,
    /// ACS3-HMAC-SHA256 in headers
    V3,
}

fn duration(text: &str) -> Result<Duration, String> {
    // As in Terraform, nothing needs no unit.
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    crate::duration::parse(text).map_err(|error| error.to_string())
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|duration| {
        if duration.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(duration) }
    })
}

fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("say why".to_owned()) } else { Ok(text.to_owned()) }
}

fn locking(text: &str) -> Result<Locking, String> {
    match text {
        "true" | "1" => Ok(Locking::Required),
        "none" => Ok(Locking::None),
        _ => Err("an apply always locks its state; --lock-timeout DURATION waits for it, and --lock=none is for file \
                  systems whose locks do not work"
            .to_owned()),
    }
}

fn days(text: &str) -> Result<Duration, String> {
    crate::duration::parse_with_days(text).map_err(|error| error.to_string())
}

fn positive_days(text: &str) -> Result<Duration, String> {
    days(text).and_then(
        |duration| {
            if duration.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(duration) }
        },
    )
}

fn interfaces(text: &str) -> Result<usize, String> {
    let most = || format!("a number of at most {}", bounds::grouped(bounds::WORLD_ENTRIES as u64));
    text.parse().ok().filter(|number| *number <= bounds::WORLD_ENTRIES).ok_or_else(most)
}

fn region(text: &str) -> Result<Region, String> {
    let is_region = !text.is_empty() && text.chars().all(|character| Grammar::Region.admits(character));
    if is_region { Ok(text.into()) } else { Err("a region is written as the API does, such as cn-shanghai".to_owned()) }
}

fn quota(text: &str) -> Result<Quota, String> {
    let (limit, window) = text.split_once('/').ok_or("expected N/DURATION, as in 300/60s")?;
    let limit = limit.parse().map_err(|_| "N must be a number above 0")?;
    Ok(Quota { limit, window: positive_duration(window)? })
}

#[cfg(test)]
mod tests;
