//! Whether a spec may say whose credentials are used and what is run: `RICTL_TRUST_SPEC=0` for specs of pull requests.
//!
//! A spec under review is text of whoever asks for the review. With the trust withdrawn it chooses no credentials but
//! those that whoever started the process has named.

use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::language::{say, sentence, word};
use crate::spec::{SignatureVersion, Spec};

/// What a spec may choose. The default trusts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The trust is withdrawn (`RICTL_TRUST_SPEC=0`).
    pub is_withdrawn: bool,
    /// The profiles that a spec may name all the same (`RICTL_ALLOW_PROFILES`).
    pub profiles: Vec<String>,
    /// The roles that it may name (`RICTL_ALLOW_ROLES`).
    pub roles: Vec<String>,
}

impl Trust {
    /// Refuses a spec that steers credentials and may not. What the command line names, `profile` and `signature`, goes before
    /// what the spec says, which then steers nothing.
    ///
    /// # Errors
    /// Every line that does, with the variable that would allow it.
    pub fn check_credentials(
        &self,
        spec: &Spec,
        profile: Option<&str>,
        signature: Option<SignatureVersion>,
    ) -> Result<(), Diagnostics> {
        if !self.is_withdrawn {
            return Ok(());
        }
        let mut findings = Vec::new();
        let mut refuse = |what: String, place: Place, hint: &'static str| {
            findings.push(Diagnostic::worded(|| {
                let error = Diagnostic::error(say!("{what} cannot be chosen by a spec that is not trusted", what));
                error.at(place).label(say!("RICTL_TRUST_SPEC is 0")).hint(word(hint))
            }));
        };
        let cloud = &spec.cloud;
        let may_name = |named: &str| self.profiles.iter().any(|known| known == named) || profile == Some(named);
        if let Some(named) = cloud.profile.as_ref().filter(|_| profile.is_none())
            && !may_name(&named.value)
        {
            refuse(
                "`cloud.profile`".to_owned(),
                named.place,
                sentence!("list it in RICTL_ALLOW_PROFILES, or name it with --profile"),
            );
        }
        if let Some(named) = cloud.signature.as_ref().filter(|_| signature.is_none())
            && named.value == SignatureVersion::V1
        {
            let hint =
                sentence!("v1 puts the key's id into URLs; whoever wants it gives --signature v1 or RICTL_SIGNATURE");
            refuse("`cloud.signature: v1`".to_owned(), named.place, hint);
        }
        for (name, account) in &cloud.accounts {
            if let Some(profile) = account.profile.as_ref().filter(|named| !may_name(&named.value)) {
                refuse(
                    format!("`cloud.accounts.{name}.profile`"),
                    profile.place,
                    sentence!("list it in RICTL_ALLOW_PROFILES"),
                );
            }
            if let Some(role) = account.role_arn.as_ref().filter(|role| !self.roles.contains(&role.value)) {
                refuse(
                    format!("`cloud.accounts.{name}.role_arn`"),
                    role.place,
                    sentence!("list it in RICTL_ALLOW_ROLES"),
                );
            }
        }
        refused(spec, findings)
    }

    /// Refuses to apply a spec that names a program to run.
    ///
    /// # Errors
    /// The place of the check.
    pub fn check_programs(&self, spec: &Spec) -> Result<(), Diagnostics> {
        let rollout = spec.rollout.as_ref().filter(|rollout| self.is_withdrawn && rollout.check.is_some());
        let finding = rollout.map(|rollout| {
            Diagnostic::worded(|| {
                Diagnostic::error(say!("`rollout.check` is not run for a spec that is not trusted"))
                    .at(rollout.check_place)
                    .label(say!("RICTL_TRUST_SPEC is 0"))
                    .hint(say!("apply what was reviewed and merged, without RICTL_TRUST_SPEC=0; a plan runs no check"))
            })
        });
        refused(spec, finding.into_iter().collect())
    }
}

fn refused(spec: &Spec, findings: Vec<Diagnostic>) -> Result<(), Diagnostics> {
    if findings.is_empty() { Ok(()) } else { Err(Diagnostics { sources: spec.sources.clone(), findings }) }
}
