//! From an answer to success or to an error that says what to do: by the body first, by the HTTP status second.
//!
//! Success is a well-formed body with a RequestId and no error in it. An error is the API's only if it has a code and
//! a RequestId; anything else (HTML, XML, truncated, empty, a redirect) proves nothing about what happened, so a
//! mutating call that got it is in doubt.

use jiff::Timestamp;

use super::endpoint::Endpoint;
use super::request::{Action, mask};
use super::source::Credentials;
use super::transport::Answer;
use super::wire::{self, Envelope};
use crate::cloud::codes::{self, Meaning};
use crate::cloud::{CloudError, Effect, ErrorKind, LISTING_ACTION, Receipt, RequestId};
use crate::language::{Wording, word, worded};

/// What the answer is held against.
pub(super) struct Asked<'a> {
    pub(super) action: &'a Action,
    pub(super) endpoint: &'a Endpoint,
    pub(super) credentials: &'a Credentials,
    pub(super) string_to_sign: &'a str,
    /// Our clock when the answer had arrived.
    pub(super) now: Timestamp,
}

/// How many bytes of a body that cannot be read are quoted.
const QUOTED: usize = 200;

/// How many bytes of the API's own words are kept.
const LONGEST_WORDS: usize = 2000;

/// The words after which the API repeats what it signed, in lower case; V3 writes the second.
const SERVER_STRING: [&str; 2] = ["server string to sign is", "server stringtosign is"];

/// The codes that successes carry.
const SUCCESS_CODES: [&str; 3] = ["200", "OK", "Success"];

impl Asked<'_> {
    /// Returns the envelope and the RequestId of a success.
    pub(super) fn success(&self, answer: &Answer) -> Result<(Envelope, RequestId), CloudError> {
        if (300..400).contains(&answer.status) {
            return Err(self.unreadable(answer, "a redirect, which is never followed"));
        }
        // Its answers alone are long.
        let is_listing = self.action.name == LISTING_ACTION;
        let envelope = envelope(answer, is_listing).map_err(|problem| self.unreadable(answer, &problem))?;
        let Some(request_id) = envelope.request_id.clone() else {
            return Err(self.unreadable(answer, "JSON without RequestId"));
        };
        let code = envelope.code.as_deref().map(str::trim).filter(|code| !SUCCESS_CODES.contains(code));
        match code {
            Some(code) => Err(self.refusal(answer, &envelope, request_id, code)),
            None if answer.status >= 400 => Err(self.unreadable(answer, "an error without Code")),
            None if envelope.success == Some(false) => Err(self.unreadable(answer, "a failure without Code")),
            None => Ok((envelope, request_id)),
        }
    }

    /// Makes the error of an answer that cannot be read as the API's. `problem` finishes "answered with".
    pub(super) fn unreadable(&self, answer: &Answer, problem: &str) -> CloudError {
        let (kind, hint) = match answer.status {
            429 => (ErrorKind::Throttled, worded!("wait, then run again")),
            500.. => (ErrorKind::Unavailable, worded!("run again in a moment")),
            _ => {
                let hint = worded!("check the endpoint: a proxy or a portal may have answered in its place");
                (ErrorKind::Malformed, hint)
            }
        };
        let problem = self.repeat(problem, QUOTED);
        let body = match answer.body.as_slice() {
            [] => String::new(),
            body => format!(": {}", self.repeat(&String::from_utf8_lossy(body), QUOTED)),
        };
        let message = worded!(
            "{host} answered HTTP {status} with {problem}{body}",
            host = self.endpoint.authority(),
            status = answer.status,
            problem,
            body
        );
        CloudError {
            retry_after: answer.retry_after,
            hint: Some(hint),
            ..CloudError::new(kind, Effect::InDoubt, self.action.name, message)
        }
    }

    /// Returns the beginning of a text from outside, without our secrets. Masked first, since a secret that the cut
    /// leaves half would not be recognised.
    fn repeat(&self, text: &str, longest: usize) -> String {
        let mut repeated = mask(text, self.credentials);
        repeated.truncate(repeated.floor_char_boundary(longest));
        repeated
    }

    fn refusal(&self, answer: &Answer, envelope: &Envelope, request_id: RequestId, code: &str) -> CloudError {
        let Meaning { mut kind, effect, hint, .. } = codes::meaning(self.action.name, answer.status, code);
        if kind == ErrorKind::Other && answer.retry_after.is_some() {
            // The official clients take the header alone as flow control, whatever the code. What no page documents
            // proves nothing about a mutating call, so that stays in doubt.
            kind = ErrorKind::Throttled;
        }
        let api_message = envelope.message.as_deref().unwrap_or("no message");
        let quoted = || api_message.into();
        let (message, hint) = match kind {
            ErrorKind::Credentials => self.signature_verdict(api_message, hint),
            ErrorKind::ClockSkew => (self.with_skew(api_message, answer.date), Wording::new(|| word(hint))),
            ErrorKind::Denied if !code.contains("RiskControl") => {
                (quoted(), worded!("{hint} ({policy})", hint = word(hint), policy = self.action.policy()))
            }
            _ => (quoted(), Wording::new(|| word(hint))),
        };
        CloudError {
            kind,
            effect,
            action: self.action.name,
            code: Some(self.repeat(code, LONGEST_WORDS).into()),
            message: Wording::new(|| self.repeat(message.told(), LONGEST_WORDS)),
            receipt: Some(Box::new(Receipt { request_id, cloud_date: answer.date })),
            recommend: envelope.recommend.as_deref().map(|link| self.repeat(link, LONGEST_WORDS).into()),
            retry_after: answer.retry_after,
            hint: Some(hint),
        }
    }

    /// Says whether the secret or the signed text is at fault, where the API repeats what it signed.
    fn signature_verdict(&self, api_message: &str, hint: &'static str) -> (Wording, Wording) {
        let lower = api_message.to_ascii_lowercase();
        let Some((start, marker)) = SERVER_STRING.iter().find_map(|marker| Some((lower.find(marker)?, marker))) else {
            return (api_message.into(), Wording::new(|| word(hint)));
        };
        let server_string = api_message[start + marker.len()..].trim_start_matches([':', '[', ' ']);
        let verdict = if server_string.starts_with(self.string_to_sign) {
            worded!("the API signed the very text that rictl signed, so the access key secret is wrong: check it")
        } else {
            worded!(
                "the API signed another text than rictl did, so the secret may well be right: a proxy may have changed the \
                 request; if none is in between, report this as a bug with the RequestId"
            )
        };
        // What follows repeats the whole request.
        (api_message[..start].trim_end().into(), verdict)
    }

    fn with_skew(&self, api_message: &str, date: Option<Timestamp>) -> Wording {
        let Some(date) = date else { return api_message.into() };
        let seconds = self.now.as_second() - date.as_second();
        let amount = match seconds.unsigned_abs() {
            seconds @ 0..=119 => format!("{seconds} s"),
            seconds @ 120..=7199 => format!("{} min", seconds / 60),
            seconds => format!("{} h", seconds / 3600),
        };
        let said = api_message.strip_suffix('.').unwrap_or(api_message);
        match seconds {
            ..0 => worded!("{said}; this clock is {amount} behind the API's (Date header)", said, amount),
            0.. => worded!("{said}; this clock is {amount} ahead of the API's (Date header)", said, amount),
        }
    }
}

fn envelope(answer: &Answer, is_listing: bool) -> Result<Envelope, String> {
    if answer.body.is_empty() {
        return Err("an empty body".to_owned());
    }
    if let Some(content_type) = answer.content_type.as_deref().filter(|content_type| !is_json(content_type)) {
        return Err(format!("{content_type} instead of JSON"));
    }
    // The decoder would take an array for the fields in their order.
    if answer.body.trim_ascii_start().first().is_some_and(|byte| *byte == b'[') {
        return Err("a JSON array".to_owned());
    }
    let read = if is_listing { wire::listed_envelope } else { wire::envelope };
    read(&answer.body).map_err(|error| describe(&error))
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.ends_with("json")
}

/// Words a decoder's complaint so that it finishes "answered with".
pub(super) fn describe(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "JSON that ends too early".to_owned(),
        serde_json::error::Category::Data => format!("JSON of another shape ({error})"),
        _ => "something that is not JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests;
