//! The chain: each line of a journal names the line before it by its hash.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How many bytes of the SHA-256 are kept: enough that no other line is ever found for it, and a third of a line less.
const LENGTH: usize = 16;

/// The hash of one line; that of no line, before the first, is all zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct LineHash([u8; LENGTH]);

impl LineHash {
    /// Returns the hash of a line, given without its line end.
    pub fn of(line: &[u8]) -> Self {
        let whole = Sha256::digest(line);
        let mut kept = [0; LENGTH];
        kept.copy_from_slice(&whole[..LENGTH]);
        Self(kept)
    }

    /// Returns whether this is the hash of no line at all.
    pub fn is_of_nothing(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineHash({self})")
    }
}

impl From<LineHash> for String {
    fn from(hash: LineHash) -> Self {
        hash.to_string()
    }
}

/// A text that is no hash of a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no hash of a line: {expected} lowercase hexadecimal digits are wanted", expected = 2 * LENGTH)]
pub struct NoLineHash(String);

impl TryFrom<String> for LineHash {
    type Error = NoLineHash;

    fn try_from(text: String) -> Result<Self, NoLineHash> {
        let bad = || NoLineHash(text.clone());
        if text.len() != 2 * LENGTH || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(bad());
        }
        let mut bytes = [0; LENGTH];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}
