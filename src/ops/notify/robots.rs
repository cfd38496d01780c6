//! How a chat robot or a webhook is reached: what the environment says of it, and nothing that a spec says.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::alibaba::credentials::Environment;
use crate::alibaba::{Proxy, Timeouts, http_client};
use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};
use crate::robot::{Kind, Robot, RobotUrl};

/// What the environment says of the robot.
#[derive(Clone, Debug, Default)]
pub struct RobotSettings {
    /// `RICTL_NOTIFY_URL`.
    pub url: Option<SecretString>,
    /// `RICTL_NOTIFY_SECRET`.
    pub secret: Option<SecretString>,
}

/// Longer than a robot takes that works.
const LONGEST: Duration = Duration::from_secs(10);

/// Returns a robot of a kind, reached as everything else is; nothing is asked yet.
///
/// # Errors
/// No address, or one that nothing may be sent to; it is never quoted.
pub fn robot(
    kind: Kind,
    settings: &RobotSettings,
    environment: &Environment,
    timeout: Duration,
) -> Result<Robot, Refusal> {
    let Some(url) = &settings.url else {
        let summary = worded!("--notify {kind} needs RICTL_NOTIFY_URL, which is not set", kind = kind.word());
        return Err(Refusal::new(Exit::Error, summary)
            .hint(worded!("put the robot's address into that variable; a spec or a flag would show its token")));
    };
    let url = RobotUrl::parse(url.expose_secret()).map_err(|error| {
        let refusal = Refusal::new(Exit::Error, worded!("cannot use RICTL_NOTIFY_URL")).cause(error.to_string());
        refusal.hint(worded!("take the address from the robot's settings; plain http goes to this machine alone"))
    })?;
    let proxy = Proxy::of(environment);
    let http = http_client(Timeouts::within(LONGEST.min(timeout)), proxy.as_ref(), url.is_plain());
    let http = http.map_err(|cause| Refusal::new(Exit::Error, worded!("cannot set up HTTPS")).cause(cause))?;
    Ok(Robot { kind, url, secret: settings.secret.clone(), http })
}
