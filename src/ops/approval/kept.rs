//! An approval as it is kept: who, when, until when, and the plan itself, as its file has it.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::language::{Wording, worded};
use crate::plan::{Approval, Plan, unmarked};
use crate::render;
use crate::render::words;
use crate::store::Place;

use super::super::failure::{Exit, Refusal};

/// The version of the first line. The plan after it has a version of its own.
const FORMAT_VERSION: &str = "1.0";

/// How long an approval holds where nobody says otherwise, from its plan's moment.
const HOLDS: SignedDuration = SignedDuration::from_hours(24);

/// A plan that somebody approved, and that waits for its time.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it is called beside the state; names sort by their time.
    pub name: String,
    /// Who approved it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// From when on it runs no more.
    pub expires: Timestamp,
    /// What was approved.
    pub plan: Plan,
}

/// The first line of its file; the plan's file follows as it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format_version: String,
    by: String,
    at: Timestamp,
    expires: Timestamp,
}

impl Kept {
    /// Makes an approval of `plan` by somebody; it never outlives a step's `valid_until`.
    ///
    /// # Errors
    /// Exit 1 where it would have expired before it is due.
    pub fn new(plan: Plan, by: String, now: Timestamp, expires: Option<Timestamp>) -> Result<Self, Refusal> {
        let due = plan.at.unwrap_or(now).max(now);
        let holds_from = plan.at.unwrap_or(now);
        let wanted = expires.unwrap_or_else(|| holds_from.checked_add(HOLDS).unwrap_or(Timestamp::MAX));
        // People are told seconds.
        let wanted = Timestamp::from_second(wanted.as_second()).unwrap_or(wanted);
        let bounds = plan.steps.iter().filter_map(|step| step.valid_until);
        let expires = bounds.fold(wanted, Timestamp::min);
        if expires <= due {
            let zone = &plan.time_zone;
            let summary = worded!("the approval would expire at {expires}", expires = zone.stamp(expires));
            let refusal =
                Refusal::new(Exit::Error, summary).cause(worded!("it is due at {due}", due = zone.stamp(due)));
            return Err(refusal.hint(worded!("give a later --expires, or approve a plan of an earlier moment")));
        }
        let digest = plan.digest();
        let short = digest.trim_start_matches("sha256:").get(..12).unwrap_or_default();
        let time = jiff::fmt::strtime::format("%Y%m%dT%H%M%S", now).expect("the format has only fixed fields");
        let name = format!("{time}.{:03}Z-{short}", now.subsec_millisecond());
        Ok(Self { name, by, at: now, expires, plan })
    }

    /// Returns when it may run.
    pub fn due(&self) -> Timestamp {
        self.plan.at.unwrap_or(self.at)
    }

    /// Tells it without its plan.
    pub fn told(&self) -> Approval {
        let (digest, by) = (self.plan.digest(), self.by.clone());
        Approval { digest, by, approved_at: self.at, at: self.due(), expires: self.expires }
    }

    /// Returns whether `later` is the same person's approval of the same, for the same time.
    pub fn is_said_again_by(&self, later: &Self) -> bool {
        let of = |kept: &Self| (kept.by.clone(), kept.plan.digest(), kept.plan.at);
        self.name < later.name && of(self) == of(later)
    }

    /// Keeps it beside the state.
    ///
    /// # Errors
    /// A write that fails.
    pub fn keep(&self, place: &Place) -> Result<()> {
        let head =
            Head { format_version: FORMAT_VERSION.into(), by: self.by.clone(), at: self.at, expires: self.expires };
        let text = format!("{}\n{}", serde_json::to_string(&head)?, render::plan::to_file(&self.plan));
        Ok(place.keep_approval(&self.name, text.as_bytes())?)
    }

    /// Puts it to those of the past.
    ///
    /// # Errors
    /// A move that fails.
    pub fn put_by(&self, place: &Place) -> Result<()> {
        Ok(place.put_approval_by(&self.name)?)
    }

    /// Reads an approval that people know by `path`.
    ///
    /// # Errors
    /// Bytes that are none, or of a newer version.
    pub fn read(name: String, bytes: &[u8], path: &str) -> Result<Self, Refusal> {
        let unusable = |why: Wording| {
            let refusal = Refusal::new(Exit::Error, worded!("cannot use the approval {path}: {why}", path, why));
            refusal.hint(worded!("move it away, and approve its plan again"))
        };
        let bytes = unmarked(bytes);
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (head, rest) = bytes.split_at(end);
        let head: Head =
            serde_json::from_slice(head).map_err(|error| unusable(worded!("it is damaged: {error}", error)))?;
        if head.format_version != FORMAT_VERSION {
            return Err(unusable(worded!(
                "it has format version {found}, and this rictl reads {known}",
                found = head.format_version,
                known = FORMAT_VERSION
            )));
        }
        let plan = Plan::from_file(rest.get(1..).unwrap_or_default()).map_err(|error| {
            let hint = Wording::new(|| words::plan::plan_file_hint(&error));
            unusable(Wording::new(|| error.to_string())).hint(hint)
        })?;
        Ok(Self { name, by: head.by, at: head.at, expires: head.expires, plan })
    }
}

/// The approvals that wait.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Those that can be read, in the order in which they are due.
    pub kept: Vec<Kept>,
    /// Of each that cannot be read or trusted, why. It keeps nobody from the others.
    pub unusable: Vec<anyhow::Error>,
}

/// Returns the approvals that wait.
///
/// # Errors
/// A directory of them that cannot be read or trusted.
pub fn waiting(place: &Place) -> Result<Waiting> {
    let mut waiting = Waiting::default();
    for (name, bytes) in place.approvals()? {
        match bytes
            .map_err(Into::into)
            .and_then(|bytes| Ok(Kept::read(name.clone(), &bytes, &place.approval_name(&name))?))
        {
            Ok(kept) => waiting.kept.push(kept),
            Err(error) => waiting.unusable.push(error),
        }
    }
    waiting.kept.sort_by(|one, other| (one.due(), &one.name).cmp(&(other.due(), &other.name)));
    Ok(waiting)
}
