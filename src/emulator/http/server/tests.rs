#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

use super::*;

/// A server of a few places that answers `ok`, and on `/hang` never.
async fn served(most: usize) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let router = Router::new().fallback(|request: axum::extract::Request| async move {
        if request.uri().path() == "/hang" {
            std::future::pending::<()>().await;
        }
        "ok"
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, Service { router, tls: None }, most, async {
        stopped.await.ok();
    }));
    (address, stop, server)
}

async fn opened(address: std::net::SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn received(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

const WHOLE: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn one_connection_too_many_waits_until_another_has_ended() {
    let (address, _stop, _server) = served(2).await;
    let idle = [opened(address, "").await, opened(address, "GET").await];
    let third = opened(address, WHOLE).await;
    let mut first = [0; 1];
    let waits = tokio::time::timeout(Duration::from_secs(1), third.peek(&mut first)).await;
    assert!(waits.is_err(), "it was answered while both places were taken");
    drop(idle);
    assert!(received(third).await.ends_with("ok"));
}

#[tokio::test(start_paused = true)]
async fn headers_that_do_not_come_free_their_place() {
    let (address, _stop, _server) = served(1).await;
    let slow = opened(address, "GET / HTTP/1.1\r\nhost: x\r\n").await;
    // It gets the place only once the slow one has lost it: the clock of the test runs on while nothing happens.
    assert!(received(opened(address, WHOLE).await).await.ends_with("ok"));
    assert_eq!(received(slow).await, "");
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_whatever_clients_do() {
    let (address, stop, server) = served(9).await;
    let open = [
        opened(address, "").await,
        opened(address, "GET / HT").await,
        opened(address, "GET /hang HTTP/1.1\r\nhost: x\r\n\r\n").await,
        opened(address, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").await,
    ];
    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    drop(open);
}

#[tokio::test(start_paused = true)]
async fn garbage_and_crowds_of_headers_are_refused() {
    let (address, _stop, _server) = served(9).await;
    let answered = async |text: &str| received(opened(address, text).await).await;
    assert!(answered("\0\u{1}garbage\r\n\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let crowd = "a: b\r\n".repeat(bounds::REQUEST_HEADERS + 1);
    assert!(answered(&format!("GET / HTTP/1.1\r\n{crowd}\r\n")).await.starts_with("HTTP/1.1 431 "));
    let long = "b".repeat(2 * bounds::REQUEST_HEAD_BYTES);
    assert!(answered(&format!("GET / HTTP/1.1\r\na: {long}\r\n\r\n")).await.starts_with("HTTP/1.1 431 "));
    // What is asked before an answer is there is answered in turn; what follows and is no request ends the connection.
    let pipelined =
        answered("GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n\0\0\0\0\r\n\r\n").await;
    assert_eq!(pipelined.matches("HTTP/1.1 200 OK").count(), 2, "{pipelined}");
}
