//! Connections within bounds: how many at once, how long for headers, how long for an answer to be taken.
//!
//! A client that stands still is cut off, and one that is one too many waits in the kernel's queue until another has gone.
//! The end comes within a few seconds whatever clients do.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::line::{Line, LineIo};
use crate::bounds;

/// How long to wait where no further file can be opened: until a connection has ended, as likely as not.
const BREATH: Duration = Duration::from_millis(50);

/// What a connection gets.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    /// How a connection is encrypted, if it is.
    pub(super) tls: Option<TlsAcceptor>,
}

/// Serves `most` connections at once until `shutdown` is there; then answers on their way are finished, if that does not
/// take long.
pub(super) async fn serve(listener: TcpListener, service: Service, most: usize, shutdown: impl Future<Output = ()>) {
    let (ended, ending) = watch::channel(false);
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (stream, place) = accept(&listener, &places) => {
                connections.spawn(connection(stream, service.clone(), ending.clone(), place));
            }
        }
    }
    drop(listener);
    ended.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let patience = Duration::from_secs(bounds::SHUTDOWN_SECONDS as u64);
    if tokio::time::timeout(patience, all).await.is_err() {
        tracing::info!("{} connections were cut", connections.len());
        connections.shutdown().await;
    }
}

/// Returns the next connection, and its place among those at once.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the places are never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Returns whether an error is about a client that has gone already.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection until it ends, or the server does.
async fn connection(
    stream: TcpStream,
    service: Service,
    mut ending: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let line = Line::default();
    let io = LineIo::new(stream, line.clone());
    let router = service.router.layer(Extension(line));
    let Some(tls) = service.tls else { return answer(io, router, ending).await };
    let patience = Duration::from_secs(bounds::REQUEST_HEAD_SECONDS as u64);
    let secured = tokio::select! {
        secured = tokio::time::timeout(patience, tls.accept(io)) => secured,
        _ = ending.changed() => return,
    };
    match secured {
        Ok(Ok(io)) => answer(io, router, ending).await,
        Ok(Err(error)) => tracing::info!("no TLS with a client: {error}"),
        Err(_) => tracing::debug!("a connection ended: no TLS within {patience:?}"),
    }
}

async fn answer(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    mut ending: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(router);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(bounds::REQUEST_HEAD_SECONDS as u64))
        .max_headers(bounds::REQUEST_HEADERS)
        .max_buf_size(bounds::REQUEST_HEAD_BYTES);
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(io), service));
    let outcome = tokio::select! {
        outcome = &mut served => outcome,
        _ = ending.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!("a connection ended: {error}");
    }
}

#[cfg(test)]
mod tests;
