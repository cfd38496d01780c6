//! What a client may cost the emulator's server: bodies, answers that nobody takes, few files, signals.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use rictl::bounds;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{PAIR, Server};

async fn sent(server: &Server, begin: &str, pieces: usize, piece: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    stream.write_all(begin.as_bytes()).await.unwrap();
    for _ in 0..pieces {
        // The server may have heard enough.
        if stream.write_all(piece).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let mut byte = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut byte).await {
        answer.extend_from_slice(&byte[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_body_without_end_is_refused_at_its_bound() {
    let server = Server::of(PAIR).await;
    let begin = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"1000\r\n".as_slice(), &[b'a'; 4096], b"\r\n"].concat();
    let answer = sent(&server, begin, bounds::REQUEST_BYTES / 4096 + 1, &chunk).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let server = Server::of(PAIR).await;
    let begin = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n";
    let answer = sent(&server, begin, 1, b"half").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// The real server, and the address that it tells.
fn serve(before: &str) -> (tempfile::TempDir, Child, Option<String>) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("world.yaml"), PAIR).unwrap();
    let binary = env!("CARGO_BIN_EXE_rictl");
    let mut child = Command::new("sh")
        .args(["-c", &format!("{before} exec {binary} emulator serve --world world.yaml")])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
    (directory, child, address)
}

#[test]
fn a_signal_ends_the_server_with_connections_open() {
    let (_directory, mut child, address) = serve("");
    let address = address.unwrap();
    let mut open: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(&address).unwrap()).collect();
    open[1].write_all(b"GET / HT").unwrap();
    open[2].write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(open);
}

#[test]
fn too_few_files_are_an_error_and_no_panic() {
    for limit in 4..12 {
        let (_directory, mut child, address) = serve(&format!("ulimit -n {limit};"));
        if address.is_some() {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        }
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = child.wait().unwrap().code();
        assert!(code == Some(1) || address.is_some() && code == Some(0), "{limit}: {code:?}: {said}");
        assert!(!said.contains("panicked"), "{limit}: {said}");
    }
}
