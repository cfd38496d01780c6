//! How an answer reaches the caller: whole, or as a fault would have it, cut connections included.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;

use super::line::Line;
use super::page::{HTML, JSON, plain};
use crate::emulator::answer::Delivery;

const HUGE_CHUNK: u64 = 64 << 10;

/// Makes of an answer what arrives of it. One that hangs waits until `ending` closes.
pub(super) async fn deliver(
    delivery: Delivery,
    line: &Line,
    answer: Response<String>,
    mut ending: watch::Receiver<()>,
) -> Response {
    let (parts, text) = answer.into_parts();
    match delivery {
        Delivery::Whole => Response::from_parts(parts, Body::from(text)),
        Delivery::EmptyBody => Response::from_parts(parts, Body::empty()),
        Delivery::EmptyObject => plain(StatusCode::OK, JSON, "{}"),
        Delivery::Garbage => plain(StatusCode::OK, JSON, "\u{1}\u{2}]]>{\"RequestId\":\u{0}"),
        Delivery::Html(status) => html(status),
        Delivery::Redirect => redirect(),
        Delivery::Huge(bytes) => Response::from_parts(parts, blanks(bytes)),
        Delivery::Slow(gap) => Response::from_parts(parts, byte_by_byte(text, gap)),
        Delivery::Truncated => truncated(parts, text),
        Delivery::Dropped => {
            line.cut();
            Response::from_parts(parts, Body::empty())
        }
        Delivery::Hung => {
            // Ends with an error: nothing is ever sent on it.
            let ended = ending.changed().await;
            debug_assert!(ended.is_err(), "bug: somebody sent on a channel that only closes");
            line.cut();
            Response::from_parts(parts, Body::empty())
        }
    }
}

fn html(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    plain(status, HTML, format!("<html><body><h1>{status}</h1></body></html>\n"))
}

fn redirect() -> Response {
    let mut response = plain(StatusCode::FOUND, HTML, "");
    // A name that cannot exist (RFC 2606): whoever follows it gets nowhere.
    let elsewhere = HeaderValue::from_static("http://elsewhere.invalid/");
    response.headers_mut().insert(header::LOCATION, elsewhere);
    response
}

fn blanks(bytes: u64) -> Body {
    Body::from_stream(stream::unfold(bytes, |left| async move {
        let size = left.min(HUGE_CHUNK);
        let chunk = Bytes::from(vec![b' '; usize::try_from(size).unwrap_or(0)]);
        (size > 0).then(|| (Ok::<_, Infallible>(chunk), left - size))
    }))
}

fn byte_by_byte(text: String, gap: Duration) -> Body {
    Body::from_stream(stream::unfold(Bytes::from(text), move |mut rest| async move {
        tokio::time::sleep(gap).await;
        (!rest.is_empty()).then(|| (Ok::<_, Infallible>(rest.split_to(1)), rest))
    }))
}

/// Promises the whole and ends in the middle.
fn truncated(parts: Parts, text: String) -> Response {
    let length = text.len();
    let half = Bytes::from(text).slice(..length / 2);
    let end = async {
        // What came before goes out while this waits.
        tokio::task::yield_now().await;
        Err(io::Error::other("cut by a fault"))
    };
    let pieces = stream::once(async { Ok(half) }).chain(stream::once(end));
    let mut response = Response::from_parts(parts, Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}
