//! A saved plan read back: only what was saved, and nothing that was altered since.
//!
//! The file is the document that `render` writes, on one line, with a `checksum` over it as the last key. The typed facts
//! are what is read; sentences beside them are for people and for other tools. The checksum finds flipped bits, cut
//! tails and edits; an edit that was sealed again is found where the digest, the counts or the flags no longer agree with
//! what they stand beside. Plans of format 1.0 can be read to be shown, never to be applied.

mod old;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    About, Assumed, Basis, Blocked, Doubt, FORMAT_VERSION, Floor, Forgotten, GroupHealth, GuardWeakened, HealthRead,
    InterfaceRead, LeftAlone, OverriddenWindows, Plan, PlanInputs, ResourceChange, RolloutPlan, RouteGuards, RouteLeft,
    RoutesHeard, Step, Summary, Traffic, Upcoming, Warning,
};
use crate::calendar::Zone;
use crate::language::say;
use crate::resource::{Address, DriftPolicy, ScopeFailure, Target};
use crate::selector::Selector;
use crate::signature::sha256_hex;

/// Why a file cannot be applied or shown as a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// It was a plan once; its bytes are not the ones that were saved.
    #[error("{}", say!("the plan file is damaged or was edited: {damage}", damage = _0))]
    Damaged(Damage),
    /// Written by a newer rictl.
    #[error("{}", say!("the plan file has format version {found}, and this rictl reads version {known}", found, known = FORMAT_VERSION))]
    Newer {
        /// The file's version.
        found: String,
    },
    /// Written by an older rictl.
    #[error("{}", say!("the plan file has format version {found}; this rictl shows it, and applies {known}", found, known = FORMAT_VERSION))]
    Older {
        /// The file's version.
        found: &'static str,
    },
    /// It does not say what it was made from, so it cannot be made again.
    #[error("{}", say!("the plan file does not say what it read of the interfaces"))]
    WithoutInputs,
    /// Something else.
    #[error("{}", say!("the file is not a saved plan"))]
    NotAPlan,
}

/// What does not fit in a file that was a plan once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Bytes that are no text.
    #[error("{}", say!("it is not UTF-8"))]
    NotUtf8,
    /// No version where it belongs.
    #[error("{}", say!("its format version cannot be read"))]
    Version,
    /// Another tool wrote it again.
    #[error("{}", say!("it is not laid out as rictl writes it"))]
    Layout,
    /// It was cut off.
    #[error("{}", say!("its end is missing"))]
    Cut,
    /// The bytes are not those that were sealed.
    #[error("{}", say!("its checksum does not fit"))]
    Checksum,
    /// A key that is missing, unknown, or of another type.
    #[error("{0}")]
    Keys(String),
    /// The digest, the counts or the flags are not those of the plan.
    #[error("{}", say!("its keys do not agree with each other"))]
    Disagreement,
}

const CHECKSUM_KEY: &str = r#","checksum":"sha256:"#;
const CHECKSUM_END: &str = "\"}\n";

/// The keys of the document that are read back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decoded {
    #[serde(rename = "format_version")]
    _format_version: String,
    #[serde(rename = "rictl_version")]
    _rictl_version: String,
    timestamp: Timestamp,
    digest: String,
    #[serde(default)]
    approve_with: Option<String>,
    target: Target,
    resource_changes: Vec<ResourceChange>,
    resource_drift: Vec<ResourceChange>,
    steps: Vec<Step>,
    blocked: Vec<Blocked>,
    left_alone: Vec<LeftAlone>,
    #[serde(default)]
    forgotten: Vec<Forgotten>,
    #[serde(default)]
    guards_weakened: Vec<GuardWeakened>,
    applyable: bool,
    complete: bool,
    errored: bool,
    summary: Summary,
    basis: Basis,
    floors: Vec<Floor>,
    groups: Vec<GroupHealth>,
    rollout: Option<RolloutPlan>,
    warnings: Vec<Warning>,
    doubts: Vec<Doubt>,
    failures: Vec<ScopeFailure>,
    targeted: Vec<Address>,
    excluded: Vec<Address>,
    inputs: Option<DecodedInputs>,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    assumed: Vec<Assumed>,
    #[serde(default)]
    upcoming: Vec<Upcoming>,
    #[serde(default)]
    time_zone: Zone,
    #[serde(default)]
    override_window: Option<OverriddenWindows>,
    #[serde(default)]
    traffic: Vec<Traffic>,
    #[serde(default)]
    routes: Vec<RouteLeft>,
}

/// What it was made from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecodedInputs {
    target: Vec<Selector>,
    exclude: Vec<Selector>,
    allow_changes: Option<u32>,
    #[serde(default)]
    drift: Option<DriftPolicy>,
    #[serde(default)]
    allow_forgotten: Option<u32>,
    #[serde(default)]
    redo: bool,
    #[serde(default)]
    assumed_before: Option<Timestamp>,
    read: Vec<InterfaceRead>,
    #[serde(default)]
    health: Vec<HealthRead>,
    #[serde(default)]
    allow_last_route: Vec<Address>,
    #[serde(default)]
    routes: RoutesHeard,
}

impl DecodedInputs {
    fn into_inputs(self) -> PlanInputs {
        PlanInputs {
            target: self.target,
            exclude: self.exclude,
            allow_changes: self.allow_changes,
            drift: self.drift,
            allow_forgotten: self.allow_forgotten,
            redo: self.redo,
            assumed_before: self.assumed_before,
            read: self.read,
            health: self.health,
            allow_last_route: self.allow_last_route,
            routes: self.routes,
        }
    }
}

impl Decoded {
    /// Returns the plan if what is derived from it agrees with it.
    fn into_plan(self) -> Result<Plan, Damage> {
        let choices = (self.targeted.is_empty(), self.excluded.is_empty());
        let is_other = |inputs: &DecodedInputs| (inputs.target.is_empty(), inputs.exclude.is_empty()) != choices;
        if self.inputs.as_ref().is_some_and(is_other) {
            return Err(Damage::Disagreement);
        }
        let plan = Plan {
            about: About::Spec,
            timestamp: self.timestamp,
            target: self.target,
            basis: self.basis,
            resource_changes: self.resource_changes,
            resource_drift: self.resource_drift,
            steps: self.steps,
            blocked: self.blocked,
            left_alone: self.left_alone,
            forgotten: self.forgotten,
            guards_weakened: self.guards_weakened,
            floors: self.floors,
            groups: self.groups,
            rollout: self.rollout,
            warnings: self.warnings,
            doubts: self.doubts,
            failures: self.failures,
            targeted: self.targeted,
            excluded: self.excluded,
            inputs: self.inputs.map(DecodedInputs::into_inputs).unwrap_or_default(),
            at: self.at,
            assumed: self.assumed,
            upcoming: self.upcoming,
            time_zone: self.time_zone,
            gates: BTreeMap::new(),
            overridden: self.override_window,
            traffic: self.traffic,
            quiet_below: None,
            routes: self.routes,
            route_guards: RouteGuards::default(),
        };
        // Before, a plan of the past said of itself that it could be applied.
        let is_applyable = plan.is_applyable() || (plan.looks_back() && self.applyable && !plan.steps.is_empty());
        let flags = (self.applyable, self.complete, self.errored);
        let approval = plan.approve_with();
        let agrees = self.digest == approval.digest
            && self.approve_with.is_none_or(|word| word == approval.to_string())
            && self.summary == plan.summary()
            && flags == (is_applyable, plan.is_complete(), plan.is_errored());
        if agrees { Ok(plan) } else { Err(Damage::Disagreement) }
    }
}

impl Plan {
    /// Reads a saved plan that may be applied.
    ///
    /// # Errors
    /// Anything but an unaltered plan of this format version.
    pub fn from_file(bytes: &[u8]) -> Result<Self, PlanFileError> {
        let bytes = unmarked(bytes);
        match sniff(bytes)?.as_str() {
            old::VERSION => Err(PlanFileError::Older { found: old::VERSION }),
            _ => match read(bytes)? {
                (plan, true) => Ok(plan),
                (_, false) => Err(PlanFileError::WithoutInputs),
            },
        }
    }

    /// Reads a saved plan to show it; one of format 1.0 as well.
    ///
    /// # Errors
    /// Anything but an unaltered plan of a version that is known.
    pub fn from_any_file(bytes: &[u8]) -> Result<Self, PlanFileError> {
        Ok(read(unmarked(bytes))?.0)
    }
}

/// Returns a text without the byte order mark that a shell or an editor has written before it.
pub fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Reads a plan of any version that is known, and returns whether it says what it was made from.
fn read(bytes: &[u8]) -> Result<(Plan, bool), PlanFileError> {
    let version = sniff(bytes)?;
    if version != FORMAT_VERSION && version != old::VERSION {
        return Err(PlanFileError::Newer { found: version });
    }
    let read = || {
        let body = unseal(str::from_utf8(bytes).map_err(|_| Damage::NotUtf8)?)?;
        let keys = |error: serde_json::Error| Damage::Keys(error.to_string());
        if version == old::VERSION {
            return Ok((serde_json::from_str::<old::Document>(&body).map_err(keys)?.into_plan(), false));
        }
        let decoded: Decoded = serde_json::from_str(&body).map_err(keys)?;
        let has_inputs = decoded.inputs.is_some();
        Ok((decoded.into_plan()?, has_inputs))
    };
    read().map_err(PlanFileError::Damaged)
}

/// Reads the version, which stands first, without trusting or parsing the rest: a newer format may differ in all else.
fn sniff(bytes: &[u8]) -> Result<String, PlanFileError> {
    const START: &[u8] = br#"{"format_version":""#;
    let Some(rest) = bytes.strip_prefix(START) else { return sniff_relaid(bytes) };
    let digits = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let version = str::from_utf8(&rest[..digits]).map_err(|_| PlanFileError::NotAPlan)?;
    if version.is_empty() || rest.get(digits) != Some(&b'"') {
        return Err(PlanFileError::Damaged(Damage::Version));
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
        serde_json::Value::String(version) if version == FORMAT_VERSION || version == old::VERSION => {
            Err(PlanFileError::Damaged(Damage::Layout))
        }
        serde_json::Value::String(version) => Ok(version),
        other => Ok(other.to_string()),
    }
}

/// Makes the file that `--out` saves: a document with its checksum, and a line end.
pub fn seal(mut document: String) -> String {
    let checksum = sha256_hex(document.as_bytes());
    document.pop();
    document + CHECKSUM_KEY + &checksum + CHECKSUM_END
}

/// Returns the document that [`seal`] was given.
fn unseal(text: &str) -> Result<String, Damage> {
    // Its one line may have been given the line end of another system, by git or by an editor: that alters nothing of it.
    let own = text.strip_suffix("\r\n").map(|line| format!("{line}\n"));
    let text = own.as_deref().unwrap_or(text);
    let (content, checksum) =
        text.strip_suffix(CHECKSUM_END).and_then(|text| text.rsplit_once(CHECKSUM_KEY)).ok_or(Damage::Cut)?;
    let body = format!("{content}}}");
    if sha256_hex(body.as_bytes()) == checksum { Ok(body) } else { Err(Damage::Checksum) }
}
