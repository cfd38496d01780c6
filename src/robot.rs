//! Chat robots and webhooks: one message out, signed as each wants it, and what its answer means.
//!
//! DingTalk, Feishu and WeCom refuse with HTTP 200 and a code (docs/reference/api.md#robots). Nothing is sent twice and no redirect
//! is followed: the HTTP client is made by whoever asks. The address holds a token, so neither it nor the secret is ever in an
//! error: what a robot says is shown without them.

mod address;
mod answer;
mod kind;
mod message;

use std::fmt;

use jiff::Timestamp;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, DATE};
use secrecy::{ExposeSecret as _, SecretString};

use crate::bounds;
use crate::exchange::{self, Failure};
use crate::language::say;
use crate::signature::robot as signature;

pub use address::{RobotUrl, Unaddressed};
pub use kind::Kind;
pub use message::Message;

/// A robot, and how it is reached.
#[derive(Clone, Debug)]
pub struct Robot {
    /// What it speaks.
    pub kind: Kind,
    /// Where it is.
    pub url: RobotUrl,
    /// What messages are signed with.
    pub secret: Option<SecretString>,
    /// Follows no redirect, sends nothing twice, has deadlines.
    pub http: Client,
}

/// Why a message was not taken. It names the robot and its host, never the rest of the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// The robot said no.
    Refused {
        /// Which, and where.
        robot: String,
        /// Its words.
        words: String,
        /// What this machine's clock said and what the robot's, where it may be about that.
        clocks: Option<(Timestamp, Timestamp)>,
    },
    /// Nothing came back; it may have been taken.
    NoAnswer {
        /// Which, and where.
        robot: String,
        /// Why.
        cause: String,
    },
    /// Something else answered.
    Strange {
        /// Which, and where.
        robot: String,
        /// What came.
        words: String,
    },
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Refused { robot, words, .. } => say!("{robot} refused the message: {words}", robot, words),
            Self::NoAnswer { robot, cause } => say!("{robot} cannot be reached: {cause}", robot, cause),
            Self::Strange { robot, words } => say!("{robot} gave no answer of such a robot: {words}", robot, words),
        })
    }
}

/// How much of what somebody says is shown.
const MOST_WORDS: usize = 300;

impl Robot {
    /// Sends a message once, signed at `now`.
    ///
    /// # Errors
    /// It was not taken, as far as is known.
    pub async fn say(&self, message: &Message, now: Timestamp) -> Result<(), Untold> {
        let secret = self.secret.as_ref().map(|secret| secret.expose_secret());
        let (body, mut url) = (message.body(self.kind, secret, now), self.url.exposed().clone());
        if let (Kind::Dingtalk, Some(secret)) = (self.kind, secret) {
            let at = now.as_millisecond();
            let mut query = url.query_pairs_mut();
            query.append_pair("timestamp", &at.to_string()).append_pair("sign", &signature::dingtalk(secret, at));
        }
        let mut request = self.http.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        if let (Kind::Webhook, Some(secret)) = (self.kind, secret) {
            request = request.header("X-Rictl-Signature", signature::webhook(secret, &body));
        }
        let mut answer = Vec::new();
        let (status, headers) = exchange::exchange(request.body(body), &mut answer, |_| bounds::ROBOT_ANSWER_BYTES)
            .await
            .map_err(|failure| self.no_answer(failure))?;
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        match answer::verdict(self.kind, status, &answer) {
            answer::Verdict::Taken => Ok(()),
            answer::Verdict::Refused { words, is_about_signature } => Err(Untold::Refused {
                robot: self.name(),
                words: self.shown(&words),
                clocks: date.filter(|_| is_about_signature).map(|theirs| (now, theirs)),
            }),
            answer::Verdict::Strange(words) => Err(Untold::Strange { robot: self.name(), words: self.shown(&words) }),
        }
    }

    /// Names it for people.
    fn name(&self) -> String {
        format!("{} at {}", self.kind.word(), self.url.host())
    }

    fn no_answer(&self, failure: Failure) -> Untold {
        let cause = match failure {
            Failure::Untrusted(cause) => cause.to_string(),
            Failure::Unconnected(Some(cause)) | Failure::CutOff(cause) => cause,
            Failure::Unconnected(None) | Failure::TimedOut => "time ran out".to_owned(),
            Failure::TooLarge(most) => format!("its answer is larger than {}", bounds::size(most as u64)),
        };
        Untold::NoAnswer { robot: self.name(), cause: self.shown(&cause) }
    }

    /// Returns somebody's words on one line, without what nobody is to see.
    fn shown(&self, words: &str) -> String {
        let secret = self.secret.iter().map(|secret| secret.expose_secret().to_owned());
        let masked = self.url.secrets().into_iter().chain(secret).filter(|secret| !secret.is_empty());
        let words = masked.fold(words.to_owned(), |words, secret| words.replace(&secret, "***"));
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = words.chars().take(MOST_WORDS).collect();
        if shown.len() < words.len() { format!("{shown}...") } else { shown }
    }
}
