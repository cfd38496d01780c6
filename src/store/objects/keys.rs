//! The keys that requests to a bucket are signed with, and where they come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

/// Keys that sign. The secrets in it cannot be printed.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The public half.
    pub id: String,
    /// The half that signs.
    pub secret: SecretString,
    /// The token of temporary keys.
    pub token: Option<SecretString>,
}

/// No keys: why, for people, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoKeys {
    /// Why.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Keys, when they are there.
pub type KeysLater<'a> = Pin<Box<dyn Future<Output = Result<Keys, NoKeys>> + 'a>>;

/// Finds the keys of a bucket: the same ones until they end.
pub trait KeySource: fmt::Debug + Send + Sync {
    /// Returns keys that work now; with `renewed` fresh ones, since the store said that the last ones have expired.
    fn keys(&self, renewed: bool) -> KeysLater<'_>;
}

/// The same keys always.
#[derive(Clone, Debug)]
pub struct StaticKeys(pub Keys);

impl KeySource for StaticKeys {
    fn keys(&self, _: bool) -> KeysLater<'_> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}
