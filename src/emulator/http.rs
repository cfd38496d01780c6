//! The HTTP face: VPC, STS and the metadata service on one loopback port.
//!
//! It checks signatures as strictly as the real gateway (`http/authentication`), answers in JSON or XML (`http/encode`) and
//! shows the world's faults on the wire, cut connections included. It keeps nothing but nonces.

mod authentication;
mod delivery;
mod encode;
mod line;
mod metadata;
mod page;
mod server;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Router};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::authentication::{Nonces, Signature, Signed, Wire};
use self::delivery::deliver;
use self::encode::{About, Encoding};
use self::line::Line;
use self::page::{JSON, plain};
use super::answer::{Answer, Delivery, Reply};
use super::calls::{CallLog, CallRecord};
use super::host::{Host, HostError};
use super::refusal::Refusal;
use super::request::{CMS_VERSION, ECS_VERSION, STS_VERSION, TRAIL_VERSION};
use super::tls::Tls;
use crate::bounds;
use crate::clock::Clock;
use crate::loopback::is_here;

/// How a server is set up.
#[derive(Debug)]
pub struct ServeOptions {
    /// What tells the time.
    pub clock: Clock,
    /// Where requests are recorded.
    pub call_log: Option<CallLog>,
}

struct Shared {
    host: Arc<Mutex<Host>>,
    options: ServeOptions,
    nonces: Mutex<Nonces>,
    /// Closes when the server ends, so that no hung answer outlives it.
    ending: watch::Receiver<()>,
}

/// Serves a world in the clear until `shutdown` is there; answers on their way are finished first, for a few seconds.
///
/// # Errors
///
/// The listener is not on loopback.
pub async fn serve(
    host: Arc<Mutex<Host>>,
    listener: TcpListener,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_by(None, host, listener, options, shutdown).await
}

/// Serves a world by HTTPS, and otherwise as [`serve`] does.
///
/// # Errors
///
/// The listener is not on loopback.
pub async fn serve_tls(
    tls: &Tls,
    host: Arc<Mutex<Host>>,
    listener: TcpListener,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_by(Some(tls.acceptor()), host, listener, options, shutdown).await
}

async fn serve_by(
    tls: Option<TlsAcceptor>,
    host: Arc<Mutex<Host>>,
    listener: TcpListener,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    if !is_here(listener.local_addr()?.ip()) {
        let message = "the emulator listens on loopback only: its default key is public";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let (alive, ending) = watch::channel(());
    let shared = Arc::new(Shared { host, options, nonces: Mutex::default(), ending });
    let router = Router::new().fallback(respond).with_state(shared);
    let shutdown = async move {
        shutdown.await;
        drop(alive);
    };
    server::serve(listener, server::Service { router, tls }, bounds::CONNECTIONS, shutdown).await;
    Ok(())
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Line>,
    request: HttpRequest,
) -> Response {
    let now = shared.options.clock.now();
    let request_id = uuid::Uuid::new_v4().to_string().to_uppercase();
    let (parts, body) = request.into_parts();
    let patience = Duration::from_secs(bounds::REQUEST_BODY_SECONDS as u64);
    let body = match tokio::time::timeout(patience, axum::body::to_bytes(body, bounds::REQUEST_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return last(plain(StatusCode::PAYLOAD_TOO_LARGE, JSON, "{}")),
        Err(_) => return last(plain(StatusCode::REQUEST_TIMEOUT, JSON, "{}")),
    };
    let wire = Wire::new(&parts, &body);
    if wire.path().starts_with(metadata::ROOT) {
        return metadata::respond(&shared.host, now, &wire, &request_id);
    }
    let encoding = Encoding::asked_for(&wire);
    let (action, answered) = shared.answer(now, &wire, &request_id);
    let reply = match answered {
        Ok(reply) => reply,
        Err(refusal) => Reply {
            answer: Answer::Refused(refusal),
            delivery: Delivery::Whole,
            latency: Duration::ZERO,
            events: vec![],
        },
    };
    if !reply.latency.is_zero() {
        tokio::time::sleep(reply.latency).await;
    }
    let about = About {
        action: &action,
        product: product(wire.version().unwrap_or_default()),
        host: wire.header("host").unwrap_or_default(),
        request_id: &request_id,
    };
    let answer = encode::answer(&reply.answer, encoding, &about);
    let mut response = deliver(reply.delivery, &line, answer, shared.ending.clone()).await;
    stamp(&mut response, now, &reply.answer, &request_id);
    response
}

/// Returns which product answers a version, as the vendor's pages call it.
fn product(version: &str) -> &'static str {
    match version {
        ECS_VERSION => "Ecs",
        STS_VERSION => "Sts",
        CMS_VERSION => "Cms",
        TRAIL_VERSION => "Actiontrail",
        _ => "Vpc",
    }
}

/// Makes an answer the last of its connection: what is left of the request is not read.
fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

impl Shared {
    /// Checks a request, puts it to the world and records it. Also returns the action's name, which XML answers carry.
    fn answer(&self, now: Timestamp, wire: &Wire<'_>, request_id: &str) -> (String, Result<Reply, Refusal>) {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        let visited = host.visit(now, |world| {
            let checked = authentication::check(world, &mut nonces, now, wire, request_id);
            let (signed, reply) = match checked {
                Ok(Signed { caller, request, signature }) => {
                    let reply = world.handle(now, caller.as_ref(), &request);
                    (Some((caller, request, signature)), Ok(reply))
                }
                Err(refusal) => (None, Err(refusal)),
            };
            let events = reply.as_ref().map_or_else(|_| Vec::new(), |reply| reply.events.clone());
            ((signed, reply), events)
        });
        let (signed, reply) = visited.unwrap_or_else(|error| (None, Err(unreachable_world(&error))));
        let claimed = wire.action().unwrap_or_default();
        if let Some(log) = &self.options.call_log {
            match (&signed, &reply) {
                (Some((caller, request, signature)), Ok(reply)) => {
                    let name = signature.name();
                    log.write(&CallRecord::answered(now, name, caller.as_ref(), request, reply));
                }
                (_, Err(refusal)) => {
                    let name = Signature::of(wire).name();
                    log.write(&CallRecord::turned_away(now, name, claimed, refusal, request_id));
                }
                (None, Ok(_)) => {}
            }
        }
        let action = signed.map_or_else(|| claimed.to_owned(), |(_, request, _)| request.action);
        (action, reply)
    }
}

fn unreachable_world(error: &HostError) -> Refusal {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    tracing::error!("the emulator's world cannot be reached: {text}");
    Refusal::new(500, "InternalError", text)
}

/// Adds what every answer of the gateway carries. The Date is the world's, not the machine's.
fn stamp(response: &mut Response, now: Timestamp, answer: &Answer, request_id: &str) {
    let headers = response.headers_mut();
    let (ahead, retry_after) = match answer {
        Answer::Refused(refusal) => (refusal.ahead, refusal.retry_after),
        _ => (jiff::SignedDuration::ZERO, None),
    };
    let date = now.checked_sub(ahead).unwrap_or(now).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut insert = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    insert("date", date);
    insert("x-acs-request-id", request_id.to_owned());
    if let Some(wait) = retry_after {
        insert("x-acs-retry-after", wait.as_millis().to_string());
    }
}

#[cfg(test)]
mod tests;
