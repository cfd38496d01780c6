//! What a bucket's refusal means: what can be waited for, what cannot, and which request it was.

use jiff::Timestamp;

use super::keys::NoKeys;
use crate::store::StoreError;

/// Why a request to a bucket came to nothing, as far as is known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ObjectError {
    /// No whole answer: it may have been done.
    #[error("{host} does not answer: {cause}")]
    NoAnswer {
        /// Who was asked.
        host: String,
        /// What broke.
        cause: String,
    },
    /// The store refused.
    #[error("{host} refuses: {} (HTTP {status}{})", describe(.code, .message), id(.request_id))]
    Refused {
        /// Who was asked.
        host: String,
        /// The status.
        status: u16,
        /// The store's code; empty where it gave none.
        code: String,
        /// Its words, cut and cleaned.
        message: String,
        /// The store's name for the request; empty where it gave none.
        request_id: String,
    },
    /// Our clock and the store's are too far apart.
    #[error("this machine's clock shows {ours:.0}, and that of {host} {theirs:.0}")]
    Skewed {
        /// Who was asked.
        host: String,
        /// By our clock.
        ours: Timestamp,
        /// By theirs.
        theirs: Timestamp,
    },
    /// There is nothing to sign with.
    #[error(transparent)]
    Keys(#[from] NoKeys),
    /// What was answered is not what such a store says.
    #[error("{host} answers something else than a store of objects: {detail}")]
    Strange {
        /// Who was asked.
        host: String,
        /// What is odd.
        detail: String,
    },
}

fn describe(code: &str, message: &str) -> String {
    match (code, message) {
        ("", "") => "it does not say why".to_owned(),
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    }
}

fn id(request_id: &str) -> String {
    if request_id.is_empty() { String::new() } else { format!(", RequestId {request_id}") }
}

/// Refusals that pass, beside every status of 500 and above.
const PASSING: [&str; 7] = [
    "ConditionalRequestConflict",
    "OperationAborted",
    "FileImmutable.Conflict",
    "RequestTimeout",
    "SlowDown",
    "ServiceUnavailable",
    "QpsLimitExceeded",
];

/// Temporary keys that have ended.
const EXPIRED: [&str; 4] = ["SecurityTokenExpired", "ExpiredToken", "TokenRefreshRequired", "InvalidSecurityToken"];

impl ObjectError {
    /// Returns whether the same request may be answered otherwise in a while. Of a write nobody knows then whether it is done.
    pub fn can_wait(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused { status, code, .. } => *status >= 500 || *status == 429 || PASSING.contains(&code.as_str()),
            Self::Skewed { .. } | Self::Keys(_) | Self::Strange { .. } => false,
        }
    }

    /// Returns whether the keys have ended, so that surely nothing was done.
    pub(super) fn is_expired(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if EXPIRED.contains(&code.as_str()))
    }

    /// Returns whether there is no such object.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { status: 404, code, .. } if code.is_empty() || code == "NoSuchKey")
    }

    /// Returns whether something stands already where something was to be put, or appended.
    pub(super) fn is_taken(&self) -> bool {
        const TAKEN: [&str; 3] = ["PositionNotEqualToLength", "ObjectNotAppendable", "FileAlreadyExists"];
        match self {
            Self::Refused { status: 412, .. } => true,
            Self::Refused { status: 409, code, .. } => TAKEN.contains(&code.as_str()),
            _ => false,
        }
    }

    /// Says what to do, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Skewed { .. } => "set this machine's clock; signatures hold for 15 minutes".to_owned(),
            Self::Keys(none) => return none.hint.clone(),
            Self::Refused { code, .. } if code == "NoSuchBucket" => "make the bucket first, in that region".to_owned(),
            Self::Refused { status: 403, .. } => {
                "let these keys list, read and write below the prefix; docs/reference/store-oss.md and store-s3.md have the policy".to_owned()
            }
            Self::Refused { status: 301 | 307, .. } => "name the region that the bucket is in".to_owned(),
            _ => return None,
        })
    }

    /// Says of which object it is, and what was being done.
    pub(super) fn at(self, doing: &'static str, path: impl Into<String>) -> StoreError {
        let path = path.into();
        if self.can_wait() {
            return StoreError::Unreachable { doing, path, source: Box::new(self) };
        }
        let hint = self.hint().unwrap_or_else(|| "see what the store's own console says of that request".to_owned());
        StoreError::Unsuitable { path, why: format!("it is asked to {doing} it, and {self}").into(), hint: hint.into() }
    }
}
