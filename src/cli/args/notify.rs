//! Who is told, and when.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::robot::Kind;

use super::value;

/// `--notify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RobotArg {
    /// A robot of a DingTalk group
    Dingtalk,
    /// A robot of a Feishu group
    Feishu,
    /// A robot of a WeCom group
    Wecom,
    /// An incoming webhook of Slack
    Slack,
    /// Anything that takes the JSON document itself
    Webhook,
}

impl RobotArg {
    /// Returns what it stands for.
    pub(in crate::cli) fn kind(self) -> Kind {
        match self {
            Self::Dingtalk => Kind::Dingtalk,
            Self::Feishu => Kind::Feishu,
            Self::Wecom => Kind::Wecom,
            Self::Slack => Kind::Slack,
            Self::Webhook => Kind::Webhook,
        }
    }
}

/// When news are told.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct WhenArgs {
    /// Tell a finding, and its end, after N equal runs
    #[arg(long, value_name = "N", requires = "channels", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) notify_settle: u32,
    /// Tell again what is still so after this time, such as 12h or 1d
    #[arg(long, value_name = "DURATION", requires = "channels", value_parser = value::positive_days)]
    pub(in crate::cli) notify_repeat: Option<Duration>,
}
