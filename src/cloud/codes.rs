//! The API's error codes, old and new spellings, and what each means for the caller.

use super::{Effect, ErrorKind};

/// What a documented code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What the caller can do.
    pub kind: ErrorKind,
    /// Whether a mutating call that got it may have had an effect.
    pub effect: Effect,
    /// What happened, in plain words.
    pub explanation: &'static str,
    /// What to do next.
    pub hint: &'static str,
}

/// Looks up a code; one that no page documents is classified by the HTTP status alone.
pub fn meaning(http_status: u16, code: &str) -> Meaning {
    let (kind, effect) = match code {
        "IncorrectRIStatus" | "IncorrectStatus" => (ErrorKind::IncorrectStatus, Effect::Refused),
        "InvalidRouterInterfaceId.NotFound" => (ErrorKind::NotFound, Effect::Refused),
        code if code.starts_with("Throttling") => (ErrorKind::Throttled, Effect::None),
        _ if http_status >= 500 => (ErrorKind::Unavailable, Effect::InDoubt),
        _ => (ErrorKind::Other, Effect::Refused),
    };
    Meaning { kind, effect, explanation: "", hint: "" }
}
