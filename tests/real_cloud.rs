//! `provider: alibaba`, the real binary and the real client, against a served emulator: everything between an engineer
//! with an account and the first call that works.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and the figures are what it is run for"
)]

mod accounts;
mod credentials;
mod hosts;
mod refusals;
mod rehearsal;
mod secrets;
mod soak;

use crate::harness::emulator::ACCOUNT;

/// Two links that one region holds.
const WORLD: &str = "
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-1}
  - {id: ri-2}
";

/// A spec that wants both down.
fn spec() -> String {
    spec_of(ACCOUNT)
}

fn spec_of(account: &str) -> String {
    format!(
        "version: 1
cloud: {{provider: alibaba, region: cn-shanghai, account_id: \"{account}\"}}
interfaces:
  a: {{id: ri-1, status: Inactive}}
  b: {{id: ri-2, status: Inactive}}
"
    )
}

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
