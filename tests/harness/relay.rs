//! A relay between the binary and an emulator that can go away, stop answering, change its certificate, or be a proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

/// The authority that all certificates of the tests are from.
pub(crate) const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");

/// A certificate of `tests/fixtures/tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Of the authority, for loopback and the cloud's hosts.
    Good,
    Expired,
    WrongHost,
    /// Of nobody.
    SelfSigned,
}

/// What is wrong with the way to the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody listens.
    Refused,
    /// Nobody answers a connection attempt.
    Unanswered,
    /// The server shows this certificate.
    Shows(Certificate),
    /// A page in plain text where TLS should begin.
    Portal,
    /// The server's newest protocol is TLS 1.1.
    OldTls,
    /// A kept connection is reset as soon as a request comes in.
    DeadConnection,
    /// The proxy answers CONNECT with this status.
    ProxySays(u16),
}

/// How the relay speaks when nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Http,
    Https,
    /// CONNECT, whatever the host, and HTTPS within.
    Proxy,
}

/// A request as the relay sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) action: String,
    pub(crate) query: String,
    pub(crate) host: String,
    /// What the proxy was asked for, if it was one.
    pub(crate) connect: Option<String>,
}

impl Seen {
    fn parse(head: &str, connect: Option<&str>) -> Self {
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let target = head.split(' ').nth(1).unwrap_or_default();
        let query = target.split_once('?').map_or("", |(_, query)| query).to_owned();
        let action = header("x-acs-action")
            .or_else(|| query.split('&').find_map(|pair| pair.strip_prefix("Action=").map(str::to_owned)));
        Self {
            action: action.unwrap_or_default(),
            query,
            host: header("host").unwrap_or_default(),
            connect: connect.map(str::to_owned),
        }
    }
}

/// Looks at a request that passes by.
pub(crate) type Watch = Box<dyn Fn(&Seen) -> bool + Send>;

/// When the trouble begins, what it is, and how long it lasts.
pub(crate) struct Script {
    /// Right after the first request of which this is true has been carried out, before its answer goes back; without
    /// one, from the start.
    pub(crate) after: Option<Watch>,
    pub(crate) trouble: Trouble,
    /// For good where it is `None`.
    pub(crate) lasts: Option<Duration>,
}

/// A running relay; it ends with this value.
pub(crate) struct Relay {
    address: SocketAddr,
    face: Face,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

struct Shared {
    face: Face,
    upstream: SocketAddr,
    seen: Mutex<Vec<Seen>>,
    script: Mutex<Option<Script>>,
    /// What is wrong now.
    trouble: Mutex<Option<Trouble>>,
    changes: mpsc::UnboundedSender<(Trouble, Option<Duration>, oneshot::Sender<()>)>,
}

impl Relay {
    /// Stands before an emulator.
    pub(crate) fn before(upstream: SocketAddr, face: Face, script: Option<Script>) -> Self {
        let (changes, mut requested) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let entered = runtime.enter();
        // Bound as long as the relay lives, so that the port is nobody else's while nobody listens.
        let held = bind(([127, 0, 0, 1], 0).into());
        let address = held.local_addr().unwrap();
        let listener = bind(address).listen(1024).unwrap();
        drop(entered);
        let (script, trouble) = match script {
            Some(Script { after: None, trouble, .. }) => (None, Some(trouble)),
            script => (script, None),
        };
        let shared = Arc::new(Shared {
            face,
            upstream,
            seen: Mutex::default(),
            script: Mutex::new(script),
            trouble: Mutex::new(trouble),
            changes,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let accepting = accept(listener, &serving, &mut requested);
                tokio::select! {
                    () = accepting => {}
                    _ = stopped => {}
                }
                drop(held);
            });
        });
        Self { address, face, shared, _stop: stop }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.face == Face::Https { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns every request that arrived here, carried out or not.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Claims that the script's trouble has begun.
    pub(crate) fn struck(&self) -> bool {
        self.shared.script.lock().unwrap().is_none()
    }
}

type Changes = mpsc::UnboundedReceiver<(Trouble, Option<Duration>, oneshot::Sender<()>)>;

async fn accept(listener: TcpListener, shared: &Arc<Shared>, changes: &mut Changes) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        tokio::select! {
            accepted = async { listener.as_ref().expect("a listener while nothing is wrong").accept().await } => {
                tokio::spawn(converse(accepted.unwrap().0, Arc::clone(shared)));
            }
            Some((trouble, lasts, begun)) = changes.recv() => {
                if !matches!(trouble, Trouble::Refused | Trouble::Unanswered) {
                    *shared.trouble.lock().unwrap() = Some(trouble);
                    begun.send(()).ok();
                    continue;
                }
                drop(listener.take());
                let crowd = if trouble == Trouble::Unanswered { Some(crowd(address).await) } else { None };
                begun.send(()).ok();
                match lasts {
                    None => std::future::pending().await,
                    Some(lasts) => tokio::time::sleep(lasts).await,
                }
                drop(crowd);
                listener = Some(bind(address).listen(1024).unwrap());
            }
        }
    }
}

/// Takes a port that other sockets of the relay may hold as well.
fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// Listens without accepting, and fills the queue, so that the kernel answers no further attempt.
async fn crowd(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
    let listener = bind(address).listen(1).unwrap();
    let mut crowd = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(50), TcpStream::connect(address)).await {
        crowd.push(stream);
    }
    (listener, crowd)
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let trouble = *shared.trouble.lock().unwrap();
    if trouble == Some(Trouble::Portal) {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlogin").await.ok();
        return;
    }
    if trouble == Some(Trouble::OldTls) {
        stream.read_buf(&mut Vec::with_capacity(1 << 14)).await.ok();
        stream.write_all(&hello_of_tls_1_1()).await.ok();
        // Until the client has read it, and gone.
        stream.read_buf(&mut Vec::with_capacity(1 << 14)).await.ok();
        return;
    }
    match shared.face {
        Face::Http => speak(&mut stream, &shared, None).await,
        Face::Https => secure(stream, &shared, trouble, None).await,
        Face::Proxy => {
            let Some((head, _)) = request(&mut stream).await else { return };
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            if let Some(Trouble::ProxySays(status)) = trouble {
                let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.ok();
                return;
            }
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok();
            secure(stream, &shared, trouble, Some(&target)).await;
        }
    }
}

/// Returns the ServerHello with which a server settles on TLS 1.1 (RFC 4346), as a record of its own.
fn hello_of_tls_1_1() -> Vec<u8> {
    const VERSION: [u8; 2] = [3, 2];
    // No session id, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let body = [&VERSION[..], &[7; 32], &[0], &[0, 0x2f], &[0]].concat();
    let handshake = [&[2, 0, 0, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    [&[22], &VERSION[..], &[0, u8::try_from(handshake.len()).unwrap()], &handshake].concat()
}

async fn secure(stream: TcpStream, shared: &Arc<Shared>, trouble: Option<Trouble>, connect: Option<&str>) {
    let certificate = if let Some(Trouble::Shows(shown)) = trouble { shown } else { Certificate::Good };
    if let Ok(mut stream) = acceptor(certificate).accept(stream).await {
        speak(&mut stream, shared, connect).await;
    }
}

fn acceptor(certificate: Certificate) -> TlsAcceptor {
    let server_key = include_bytes!("../fixtures/tls/server.key.der").as_slice();
    let (certificate, key) = match certificate {
        Certificate::Good => (include_bytes!("../fixtures/tls/good.crt.der").as_slice(), server_key),
        Certificate::Expired => (include_bytes!("../fixtures/tls/expired.crt.der").as_slice(), server_key),
        Certificate::WrongHost => (include_bytes!("../fixtures/tls/wrong_host.crt.der").as_slice(), server_key),
        Certificate::SelfSigned => (
            include_bytes!("../fixtures/self_signed.crt.der").as_slice(),
            include_bytes!("../fixtures/self_signed.key.der").as_slice(),
        ),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers requests on one connection; it is kept only where a kept one is to die.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, shared: &Shared, connect: Option<&str>) {
    loop {
        let Some((head, body)) = request(stream).await else { return };
        let seen = Seen::parse(&head, connect);
        shared.seen.lock().unwrap().push(seen.clone());
        let mut trouble = shared.trouble.lock().unwrap().take_if(|trouble| *trouble == Trouble::DeadConnection);
        if trouble.take().is_some() {
            return;
        }
        let Some(mut answer) = forward(shared.upstream, &head, &body).await else { return };
        let keeps = shared.keeps_connections();
        shared.strike(&seen).await;
        if keeps {
            answer = String::from_utf8_lossy(&answer).replacen("connection: close\r\n", "", 1).into_bytes();
        }
        if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() || !keeps {
            stream.shutdown().await.ok();
            return;
        }
    }
}

impl Shared {
    fn keeps_connections(&self) -> bool {
        self.script.lock().unwrap().as_ref().is_some_and(|script| script.trouble == Trouble::DeadConnection)
    }

    /// Begins the trouble if this was the request to begin it after.
    async fn strike(&self, seen: &Seen) {
        let due = self.script.lock().unwrap().take_if(|script| script.after.as_ref().is_some_and(|after| after(seen)));
        if let Some(Script { trouble, lasts, .. }) = due {
            let (begun, has_begun) = oneshot::channel();
            self.changes.send((trouble, lasts, begun)).ok();
            has_begun.await.ok();
        }
    }
}

/// Reads one request: its head and its body.
async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).ok()?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    while body.len() < length {
        stream.read_buf(&mut body).await.ok()?;
    }
    Some((head, body))
}

/// Has the emulator carry out a request as it came.
async fn forward(upstream: SocketAddr, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(upstream).await.ok()?;
    let head = head.trim_end().to_owned() + "\r\nConnection: close\r\n\r\n";
    stream.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}
