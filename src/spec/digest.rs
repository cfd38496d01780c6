//! The digest of the files of a spec.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::{BYTE_ORDER_MARK, SpecFile};
use crate::diagnostic::Sources;
use crate::signature::sha256_hex;

/// Returns `sha256:…` over what the files say, whatever their names and order.
pub fn digest(files: &[SpecFile]) -> String {
    digest_of(files.iter().map(|file| Sha256::digest(&file.bytes).into()).collect())
}

fn digest_of(mut digests: Vec<[u8; 32]>) -> String {
    digests.sort_unstable();
    format!("sha256:{}", sha256_hex(&digests.concat()))
}

/// The digest of a spec's files, worked out once somebody asks for it: that takes as long as a fifth of the parsing.
#[derive(Clone, Debug, Default)]
pub struct SpecDigest {
    /// The texts, and whether a byte order mark stood before each.
    texts: Vec<(bool, Arc<str>)>,
    known: OnceLock<String>,
}

impl SpecDigest {
    /// Returns the digest of the files behind the sources of a spec; `marked` says which begin with a byte order mark.
    pub fn of(sources: &Sources, marked: impl IntoIterator<Item = bool>) -> Self {
        let texts = sources.iter().map(|source| Arc::clone(&source.text));
        Self { texts: marked.into_iter().zip(texts).collect(), known: OnceLock::new() }
    }

    /// Returns `sha256:…`, as [`digest`] does.
    pub fn as_str(&self) -> &str {
        self.known.get_or_init(|| {
            let digest = |(is_marked, text): &(bool, Arc<str>)| {
                let hash = Sha256::new().chain_update(if *is_marked { BYTE_ORDER_MARK } else { b"" });
                hash.chain_update(text.as_bytes()).finalize().into()
            };
            digest_of(self.texts.iter().map(digest).collect())
        })
    }
}

impl From<String> for SpecDigest {
    fn from(known: String) -> Self {
        Self { texts: Vec::new(), known: known.into() }
    }
}
