//! The plan as one JSON document: what `plan --json` prints, what `--out` saves, what `apply PLAN` reads.
//!
//! The saved file is the document on one line with a `checksum` over it as the last key. Reading accepts only
//! bytes that writing the same plan again would give, so no flipped bit, cut tail, added key or edited number
//! goes unnoticed, and every derived key (digest, counts, flags) agrees with the plan it stands beside.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Basis, Blocked, Doubt, FORMAT_VERSION, Floor, Plan, ResourceChange, RolloutPlan, Step, Summary, Warning};
use crate::resource::{Address, ScopeFailure, Target};
use crate::signature::sha256_hex;

/// The keys of the document, in its order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "rictl plan")]
pub struct Document<'a> {
    /// The version of the format.
    format_version: Cow<'a, str>,
    /// The rictl that made it.
    rictl_version: Cow<'a, str>,
    /// When it was made.
    timestamp: Timestamp,
    /// What it would do, as one word; see [`Plan::digest`].
    digest: String,
    /// Whose interfaces it is about.
    target: Cow<'a, Target>,
    /// Every declared interface.
    resource_changes: Cow<'a, [ResourceChange]>,
    /// What left the state it was last seen in.
    resource_drift: Cow<'a, [ResourceChange]>,
    /// What to do, in one allowed order.
    steps: Cow<'a, [Step]>,
    /// What cannot be had.
    blocked: Cow<'a, [Blocked]>,
    /// There is something to apply.
    applyable: bool,
    /// An apply would bring about everything that the spec declares.
    complete: bool,
    /// Part of the cloud could not be read.
    errored: bool,
    /// The counts.
    summary: Summary,
    /// What it was made from.
    basis: Cow<'a, Basis>,
    /// The floors that hold during the run.
    floors: Cow<'a, [Floor]>,
    /// The waves, where the spec asks for them.
    rollout: Option<Cow<'a, RolloutPlan>>,
    /// The worries.
    warnings: Cow<'a, [Warning]>,
    /// What a dead run left open.
    doubts: Cow<'a, [Doubt]>,
    /// The regions that could not be read.
    failures: Cow<'a, [ScopeFailure]>,
    /// The only interfaces looked at, empty for all.
    targeted: Cow<'a, [Address]>,
    /// The interfaces left out.
    excluded: Cow<'a, [Address]>,
}

/// Why a file cannot be applied or shown as a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// It was a plan once; its bytes are not the ones that were saved.
    #[error("the plan file is damaged or was edited: {detail}")]
    Damaged {
        /// What does not fit.
        detail: String,
    },
    /// Written by a newer rictl.
    #[error("the plan file has format version {found}, and this rictl reads version {FORMAT_VERSION}")]
    Newer {
        /// The file's version.
        found: String,
    },
    /// Something else.
    #[error("the file is not a saved plan")]
    NotAPlan,
}

impl PlanFileError {
    /// Returns what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "make the plan again with `rictl plan --out FILE` and review it",
            Self::Newer { .. } => "apply it with the rictl that made it, or make the plan again with this one",
            Self::NotAPlan => "saved plans are made with `rictl plan --out FILE`",
        }
    }
}

const OUR_VERSION: &str = env!("CARGO_PKG_VERSION");
const CHECKSUM_KEY: &str = r#","checksum":"sha256:"#;
const CHECKSUM_END: &str = "\"}\n";

impl<'a> Document<'a> {
    fn of(plan: &'a Plan, rictl_version: &'a str) -> Self {
        Self {
            format_version: FORMAT_VERSION.into(),
            rictl_version: rictl_version.into(),
            timestamp: plan.timestamp,
            digest: plan.digest(),
            target: Cow::Borrowed(&plan.target),
            resource_changes: (&plan.resource_changes).into(),
            resource_drift: (&plan.resource_drift).into(),
            steps: (&plan.steps).into(),
            blocked: (&plan.blocked).into(),
            applyable: plan.is_applyable(),
            complete: plan.is_complete(),
            errored: plan.is_errored(),
            summary: plan.summary(),
            basis: Cow::Borrowed(&plan.basis),
            floors: (&plan.floors).into(),
            rollout: plan.rollout.as_ref().map(Cow::Borrowed),
            warnings: (&plan.warnings).into(),
            doubts: (&plan.doubts).into(),
            failures: (&plan.failures).into(),
            targeted: (&plan.targeted).into(),
            excluded: (&plan.excluded).into(),
        }
    }

    fn into_plan(self) -> Plan {
        Plan {
            timestamp: self.timestamp,
            target: self.target.into_owned(),
            basis: self.basis.into_owned(),
            resource_changes: self.resource_changes.into_owned(),
            resource_drift: self.resource_drift.into_owned(),
            steps: self.steps.into_owned(),
            blocked: self.blocked.into_owned(),
            floors: self.floors.into_owned(),
            rollout: self.rollout.map(Cow::into_owned),
            warnings: self.warnings.into_owned(),
            doubts: self.doubts.into_owned(),
            failures: self.failures.into_owned(),
            targeted: self.targeted.into_owned(),
            excluded: self.excluded.into_owned(),
        }
    }

    fn encode(&self) -> String {
        serde_json::to_string(self).expect("a plan has only string keys and finite numbers")
    }
}

impl Plan {
    /// Returns the document.
    pub fn document(&self) -> Document<'_> {
        Document::of(self, OUR_VERSION)
    }

    /// Writes the document on one line, without a line end.
    pub fn to_json(&self) -> String {
        self.document().encode()
    }

    /// Writes the file that `--out` saves: the document with its checksum, and a line end.
    pub fn to_file(&self) -> String {
        seal(self.to_json())
    }

    /// Reads what [`Plan::to_file`] wrote, and nothing else.
    pub fn from_file(bytes: &[u8]) -> Result<Self, PlanFileError> {
        let version = sniff(bytes)?;
        if version != FORMAT_VERSION {
            return Err(PlanFileError::Newer { found: version });
        }
        let text = str::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
        let body = unseal(text)?;
        let document: Document<'_> = serde_json::from_str(&body).map_err(|error| damaged(error.to_string()))?;
        let rictl_version = document.rictl_version.to_string();
        let plan = document.into_plan();
        if Document::of(&plan, &rictl_version).encode() != body {
            return Err(damaged("its keys do not agree with each other"));
        }
        Ok(plan)
    }
}

fn damaged(detail: impl Into<String>) -> PlanFileError {
    PlanFileError::Damaged { detail: detail.into() }
}

/// Reads the version, which stands first, without trusting or parsing the rest: a newer format may differ in all else.
fn sniff(bytes: &[u8]) -> Result<String, PlanFileError> {
    const START: &[u8] = br#"{"format_version":""#;
    let Some(rest) = bytes.strip_prefix(START) else { return sniff_relaid(bytes) };
    let digits = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let version = str::from_utf8(&rest[..digits]).map_err(|_| PlanFileError::NotAPlan)?;
    if version.is_empty() || rest.get(digits) != Some(&b'"') {
        return Err(damaged("its format version cannot be read"));
    }
    // The state file starts the same way; only a plan has steps, and it says what made it right after.
    if !rest[digits..].starts_with(br#"","rictl_version":"#) {
        return Err(PlanFileError::NotAPlan);
    }
    Ok(version.to_owned())
}

/// Reads the version of a plan that another tool wrote again, its keys laid out or ordered in that tool's way.
fn sniff_relaid(bytes: &[u8]) -> Result<String, PlanFileError> {
    #[derive(Deserialize)]
    struct Head {
        format_version: serde_json::Value,
        #[serde(rename = "rictl_version")]
        _rictl_version: serde::de::IgnoredAny,
        #[serde(rename = "steps")]
        _steps: serde::de::IgnoredAny,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|_| PlanFileError::NotAPlan)?;
    match head.format_version {
        serde_json::Value::String(version) if version == FORMAT_VERSION => {
            Err(damaged("it is not laid out as rictl writes it"))
        }
        serde_json::Value::String(version) => Ok(version),
        other => Ok(other.to_string()),
    }
}

fn seal(mut document: String) -> String {
    let checksum = sha256_hex(document.as_bytes());
    document.pop();
    document + CHECKSUM_KEY + &checksum + CHECKSUM_END
}

/// Returns the document that [`seal`] was given.
fn unseal(text: &str) -> Result<String, PlanFileError> {
    let (content, checksum) = text
        .strip_suffix(CHECKSUM_END)
        .and_then(|text| text.rsplit_once(CHECKSUM_KEY))
        .ok_or_else(|| damaged("its end is missing"))?;
    let body = format!("{content}}}");
    if sha256_hex(body.as_bytes()) == checksum { Ok(body) } else { Err(damaged("its checksum does not fit")) }
}

#[cfg(test)]
mod tests;
