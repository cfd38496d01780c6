//! The real cloud over HTTPS.

pub mod credentials;
mod source;

pub use source::{CredentialSource, Credentials};
