//! A provider: how credentials are to be had, as data with nothing left to decide.
//!
//! Some origin gives the first keys, then each role is assumed with the keys before it. A chain of roles is
//! so a list and not a recursion, and a role that the spec names for an account is one more entry.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::alibaba::Credentials;
use crate::language::{Wording, worded};

/// How to get credentials.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    /// The mode in the words of the vendor's CLI, for people.
    pub(super) mode: &'static str,
    /// Where the first keys come from.
    pub(super) origin: Origin,
    /// The profile whose login the keys are of, where any command of the vendor's CLI renews them.
    pub(super) login: Option<String>,
    /// The roles to assume, in order.
    pub(super) roles: Vec<Role>,
}

/// Where the first keys come from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// They are written down.
    Keys(Credentials),
    /// STS gives them for a signed token in a file.
    Oidc {
        /// The identity provider that RAM knows.
        provider_arn: String,
        /// The file that the token is in; read each time, since it is rotated.
        token_file: PathBuf,
        /// The role that the token stands for.
        role: Role,
    },
    /// The metadata service of the machine gives them.
    EcsRole {
        /// The role; asked of the service where it is not given.
        name: Option<String>,
    },
    /// An address answers with them; its query may carry a secret.
    Uri(SecretString),
    /// A command prints them; its words, not yet split, may be secrets.
    External(SecretString),
}

/// A role and how to ask for it.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// `acs:ram::ACCOUNT:role/NAME`.
    pub(super) arn: String,
    /// The name under which the calls stand in the audit trail.
    pub(super) session_name: String,
    /// How long the credentials should last.
    pub(super) duration_seconds: u64,
    /// A policy that narrows the role.
    pub(super) policy: Option<String>,
    /// The secret that a third party's role may ask for.
    pub(super) external_id: Option<String>,
    /// The STS host.
    pub(super) sts_endpoint: String,
}

/// Says what gives the keys of a login anew.
pub(super) fn renewed_by(profile: &str) -> Wording {
    worded!("run any aliyun command with --profile {profile}: it renews them while the login holds", profile)
}

impl Provider {
    /// Starts a provider that assumes no role.
    pub(super) fn new(mode: &'static str, origin: Origin) -> Self {
        Self { mode, origin, login: None, roles: Vec::new() }
    }

    /// Adds a role to assume last.
    #[must_use]
    pub(super) fn assuming(mut self, mode: &'static str, role: Role) -> Self {
        self.mode = mode;
        self.roles.push(role);
        self
    }
}
