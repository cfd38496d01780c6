//! States in a bucket: OSS and S3.
//!
//! `site` says where a bucket is, `keys` what signs, `wire` sends one signed request, `bucket` knows the few operations that
//! are needed. Nothing is deleted but what a probe has put under `NAME/probe/`.

pub mod aws;
mod bucket;
mod error;
mod keys;
mod site;
mod wire;
mod xml;

pub use error::ObjectError;
pub use keys::{KeySource, Keys, KeysLater, NoKeys, StaticKeys};
pub use site::{Site, Unplaced};
