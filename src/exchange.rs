//! One HTTP exchange: sent once, read up to a bound, and what went wrong told apart. Whoever asks makes the client, decides where
//! requests may go, and finds the words.

use std::error::Error;

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};

/// Why there is no whole answer.
#[derive(Debug)]
pub enum Failure {
    /// TLS said no, so nothing was sent.
    Untrusted(rustls::Error),
    /// No connection, so nothing was sent; `None` if time ran out.
    Unconnected(Option<String>),
    /// Something may have been sent, and time ran out.
    TimedOut,
    /// Something may have been sent, and the exchange broke off.
    CutOff(String),
    /// The answer is larger than this many bytes, which is all that its reader takes.
    TooLarge(usize),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        match (error.is_connect(), error.is_timeout()) {
            (true, is_timeout) => match tls_cause(&error) {
                Some(cause) => Self::Untrusted(cause.clone()),
                None => Self::Unconnected((!is_timeout).then(|| innermost(&error))),
            },
            (false, true) => Self::TimedOut,
            (false, false) => Self::CutOff(innermost(&error)),
        }
    }
}

/// Sends a request once and reads the answer's body to the end of `body`, of at most as many bytes as `limit` says for its
/// status. Returns the HTTP status and the headers.
///
/// # Errors
/// No whole answer.
pub async fn exchange(
    request: RequestBuilder,
    body: &mut Vec<u8>,
    limit: impl FnOnce(StatusCode) -> usize,
) -> Result<(StatusCode, HeaderMap), Failure> {
    let mut response = request.send().await?;
    let most = limit(response.status());
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(Failure::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), std::mem::take(response.headers_mut())))
}

/// Returns the cause that names the matter; the outer ones only say "error sending request", some with the URL.
pub fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Finds what TLS said, which hides inside an I/O error.
fn tls_cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        let inner = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = current.downcast_ref::<rustls::Error>().or(inner.and_then(|inner| inner.downcast_ref()));
        if tls.is_some() {
            return tls;
        }
        cause = match inner {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}
