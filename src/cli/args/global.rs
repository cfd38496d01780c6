//! Flags that every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use crate::retry::Quota;
use crate::store::lock::Locking;

use super::{trust, value};

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// The spec: a file, or a directory whose *.yaml and *.yml are merged [default: rictl.yaml]
    #[arg(short = 'f', long = "file", value_name = "PATH", global = true, env = "RICTL_FILE")]
    pub(in crate::cli) file: Vec<PathBuf>,
    /// Where the history is kept: file:PATH, postgres://USER@HOST/DATABASE, oss://BUCKET/PREFIX or s3://BUCKET/PREFIX
    /// [default: the spec's state.path]
    #[arg(long, value_name = "URL", global = true, env = "RICTL_STATE", hide_env_values = true)]
    pub(in crate::cli) state: Option<String>,
    /// In a shared store, make the state this spec's own, where it was renamed
    #[arg(long, global = true, hide_short_help = true)]
    pub(in crate::cli) adopt: bool,
    /// How long a claim in a shared store outlives a holder that is gone; at least 10s
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_LEASE", default_value = "60s", value_parser = value::lease)]
    pub(in crate::cli) lease: Duration,
    /// Change to this directory first
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(in crate::cli) chdir: Option<PathBuf>,
    /// No colour; so do NO_COLOR and a pipe
    #[arg(long, global = true, hide_short_help = true)]
    pub(in crate::cli) no_color: bool,
    /// Say more on stderr: error, warn, info, debug or trace. Secrets and signatures are masked
    #[arg(
        long,
        value_name = "LEVEL",
        global = true,
        hide_short_help = true,
        env = "RICTL_LOG",
        default_value = "warn"
    )]
    pub(in crate::cli) log: tracing::Level,
    /// Send every call here instead of the cloud's endpoints, a URL or HOST:PORT; plain http only to loopback
    #[arg(long, value_name = "URL", global = true, env = "RICTL_ENDPOINT")]
    pub(in crate::cli) endpoint: Option<String>,
    /// The credentials profile, and only that one
    #[arg(long, value_name = "NAME", global = true)]
    pub(in crate::cli) profile: Option<String>,
    /// How requests are signed: v3 (the default; keys stay out of URLs) or v1
    #[arg(long, value_name = "VERSION", global = true, hide_short_help = true, env = "RICTL_SIGNATURE", value_enum)]
    pub(in crate::cli) signature: Option<Signature>,
    /// Wait this long for the locks of the state and of the account
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_LOCK_TIMEOUT", default_value = "0s", value_parser = value::duration)]
    pub(in crate::cli) lock_timeout: Duration,
    /// `none` goes on where locks do not work on the file system of the state; the run records it
    #[arg(long, value_name = "none", global = true, hide_short_help = true, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", hide_default_value = true, value_parser = value::locking)]
    pub(in crate::cli) lock: Locking,
    /// Keep the accounts' locks here instead of where every user of this host looks: /run/lock or /tmp
    #[arg(long, value_name = "DIR", global = true, hide_short_help = true, env = "RICTL_LOCK_DIR")]
    pub(in crate::cli) lock_dir: Option<PathBuf>,
    /// Ask questions; a terminal answers, or what is piped in, as in `echo yes | rictl apply`. With `false` nothing is asked
    #[arg(long, value_name = "BOOL", global = true, hide_short_help = true, default_value = "true", num_args = 0..=1, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(in crate::cli) input: bool,
    /// The longest time between two reads of a region with something in flight; shorter where it may be expected to settle
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_POLL_INTERVAL", default_value = "2s", value_parser = value::positive_duration)]
    pub(in crate::cli) poll_interval: Duration,
    /// How long ago what a call rests on may have been read when the call is sent
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_MAX_READ_AGE", default_value = "2s", value_parser = value::positive_duration)]
    pub(in crate::cli) max_read_age: Duration,
    /// How long a step may take to reach its goal, where the spec's timeouts do not say
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_SETTLE_TIMEOUT", default_value = "10m", value_parser = value::positive_duration)]
    pub(in crate::cli) settle_timeout: Duration,
    /// How long one request may take
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_REQUEST_TIMEOUT", default_value = "30s", value_parser = value::positive_duration)]
    pub(in crate::cli) request_timeout: Duration,
    /// How long a call whose answer was lost is watched before it may be sent again, once
    #[arg(long, value_name = "DURATION", global = true, hide_short_help = true, env = "RICTL_DOUBT_WINDOW", default_value = "15s", value_parser = value::positive_duration)]
    pub(in crate::cli) doubt_window: Duration,
    /// Go on although calls of a dead run may still arrive, where the API takes them however late: you know that they have ended
    #[arg(long, global = true, hide_short_help = true)]
    pub(in crate::cli) accept_doubt: bool,
    /// At most N calls per account, region and action in any such window
    #[arg(long, value_name = "N/DURATION", global = true, hide_short_help = true, env = "RICTL_QUOTA", default_value = "300/60s", value_parser = value::quota)]
    pub(in crate::cli) quota: Quota,
    #[command(flatten)]
    pub(in crate::cli) trust: trust::TrustArgs,
}

/// `--signature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Signature {
    /// HMAC-SHA1 in the query
    V1,
    /// ACS3-HMAC-SHA256 in headers
    V3,
}
