//! States in a bucket: OSS and S3.
//!
//! `site` says where a bucket is, `keys` what signs, `wire` sends one signed request, `bucket` knows the few operations that
//! are needed. `log` is the log of one state in records of `frame`, and `remote` the port over it; `probe` asks once whether
//! a store keeps its word. `fleet` reads every state, those that `unmarked` finds too. Nothing is deleted but what a probe has put under `NAME/probe/`.

mod appending;
pub mod aws;
mod bucket;
mod claiming;
mod error;
mod fleet;
mod frame;
mod ids;
mod keys;
mod log;
mod probe;
mod remote;
mod site;
mod unmarked;
mod wire;
mod writing;
mod xml;

use std::sync::Arc;

use crate::clock::Clock;
use crate::store::StoreError;
use crate::store::remote::StateName;

pub use error::ObjectError;
pub use keys::{KeySource, Keys, KeysLater, NoKeys, StaticKeys};
pub use remote::Objects;
pub use site::{Site, Unplaced};

/// How a bucket is reached.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where it is.
    pub site: Site,
    /// Follows no redirect, sends nothing twice, and gives each request a deadline: a third of the lease at most.
    pub http: reqwest::Client,
    /// What signs.
    pub keys: Arc<dyn KeySource>,
    /// This machine's clock.
    pub clock: Clock,
}

impl Way {
    /// Returns the state of this name; nothing is asked yet.
    ///
    /// # Errors
    /// A name that is no name in a bucket.
    pub fn state(&self, name: StateName) -> Result<Objects, StoreError> {
        let Self { site, http, keys, clock } = self.clone();
        let wire = wire::Wire { http, site, keys, clock };
        Objects::over(bucket::Bucket::new(wire), name, clock)
    }
}
