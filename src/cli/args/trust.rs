//! What a spec may choose: everything, or of credentials what is listed here.

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::ops::trust::Trust;

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct TrustArgs {
    /// 0 for specs of pull requests: a spec then chooses no credentials but those listed, and `apply` runs no check of it
    #[arg(long, value_name = "0|1", global = true, hide_short_help = true, env = "RICTL_TRUST_SPEC", default_value = "1", hide_possible_values = true, value_parser = BoolishValueParser::new(), action = clap::ArgAction::Set)]
    trust_spec: bool,
    /// The profiles that a spec may name although it is not trusted
    #[arg(
        long,
        value_name = "NAME,...",
        global = true,
        hide_short_help = true,
        env = "RICTL_ALLOW_PROFILES",
        value_delimiter = ','
    )]
    allow_profiles: Vec<String>,
    /// The roles that a spec may name although it is not trusted
    #[arg(
        long,
        value_name = "ARN,...",
        global = true,
        hide_short_help = true,
        env = "RICTL_ALLOW_ROLES",
        value_delimiter = ','
    )]
    allow_roles: Vec<String>,
}

impl TrustArgs {
    pub(in crate::cli) fn trust(&self) -> Trust {
        let trimmed = |names: &[String]| names.iter().map(|name| name.trim().to_owned()).collect();
        Trust {
            is_withdrawn: !self.trust_spec,
            profiles: trimmed(&self.allow_profiles),
            roles: trimmed(&self.allow_roles),
        }
    }
}
