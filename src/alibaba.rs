//! The cloud over HTTPS: requests signed, sent once, and read.
//!
//! [`Client`] implements the port on top of any [`CredentialSource`]. A request goes through `request` (what is
//! signed), `transport` (one bounded exchange, by the HTTP client of `http`), `answer` (success, or what to do about it) and `wire` (JSON to the
//! vocabulary); where keys are found is in `credentials`. Nothing here repeats a call, waits or reads the environment:
//! policy is in `retry`, settings come from `cli`.

mod answer;
mod client;
pub mod credentials;
mod endpoint;
mod http;
mod proxy;
mod request;
mod source;
mod transport;
mod wire;

pub use client::{Client, Settings};
pub use endpoint::{Endpoint, EndpointError, Network};
pub use http::{Timeouts, http_client};
pub use proxy::Proxy;
pub use source::{CredentialSource, Credentials, StaticCredentials};
