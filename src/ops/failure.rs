//! Refusals: errors that have an exit code and a next step of their own.

use crate::cloud::{CloudError, ErrorKind};
use crate::language::{Wording, say};
use crate::store::StoreError;

pub use crate::run::Exit;

/// An error with an exit code and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{summary}")]
pub struct Refusal {
    /// The exit code.
    pub exit: Exit,
    /// What was being done, to what, and what is wrong.
    pub summary: Wording,
    /// More lines, each a cause or a difference.
    pub causes: Vec<Wording>,
    /// What to do or run next.
    pub hint: Option<Wording>,
    /// Its code among those of the spec, where it is about one.
    pub code: Option<&'static str>,
}

impl Refusal {
    /// Makes a refusal without causes or hint.
    pub fn new(exit: Exit, summary: impl Into<Wording>) -> Self {
        Self { exit, summary: summary.into(), causes: Vec::new(), hint: None, code: None }
    }

    /// Adds a cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<Wording>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Gives it a code of those that findings of a spec have.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Wording>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Returns the exit code of an error, whatever it is made of.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return refusal.exit;
    }
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Locked { .. } | StoreError::AccountLocked { .. }) => Exit::Locked,
        Some(StoreError::Moved { .. } | StoreError::Foreign { .. } | StoreError::Fenced { .. }) => Exit::Moved,
        _ => Exit::Error,
    }
}

/// Returns what to do about an error, where something is known, in the language in force.
pub fn hint_of(error: &anyhow::Error) -> Option<String> {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return refusal.hint.as_ref().map(ToString::to_string);
    }
    if let Some(store) = error.downcast_ref::<StoreError>() {
        return store.hint();
    }
    let cloud = error.chain().find_map(|cause| cause.downcast_ref::<CloudError>())?;
    cloud.next_step().or_else(|| {
        matches!(cloud.kind, ErrorKind::Unreachable | ErrorKind::Interrupted)
            .then(|| say!("check the network, the proxy and the region's name").to_owned())
    })
}
