//! A raw HTTP server on loopback: one scripted reply per connection, every request recorded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rictl::signature::v3;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a connection gets before it is closed.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What a function makes of the request.
    Computed(Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>),
    /// Nothing, for ever.
    Hang,
    /// Headers, then a byte now and then, for ever.
    Drip,
    /// A reset instead of an answer.
    Reset,
    /// A TLS handshake with a certificate that no root has signed.
    SelfSigned,
}

/// A well-formed HTTP reply with a JSON body.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    Reply::Bytes([head.as_bytes(), body.as_bytes()].concat())
}

/// The same, with the time of the API.
pub(crate) fn dated(date: &str, body: &str) -> Reply {
    let head = format!(
        "HTTP/1.1 200 Status\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    Reply::Bytes([head.as_bytes(), body.as_bytes()].concat())
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Recorded {
    fn parse(head: &str) -> Self {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let url = reqwest::Url::parse(&format!("http://host{target}")).unwrap();
        Self {
            method: method.to_owned(),
            path: url.path().to_owned(),
            raw_query: url.query().unwrap_or_default().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no header {name}")).1
    }

    pub(crate) fn query_without(&self, name: &str) -> Vec<(String, String)> {
        self.query.iter().filter(|(key, _)| key != name).cloned().collect()
    }

    pub(crate) fn signed_headers(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        headers.filter(|(name, _)| *name == "host" || name.starts_with("x-acs-")).collect()
    }

    pub(crate) fn canonical_v3(&self) -> String {
        let hash = self.header("x-acs-content-sha256");
        v3::canonical_request(&self.method, &self.query, &self.signed_headers(), hash)
    }
}

/// The server; it ends with the test's runtime.
pub(crate) struct Server {
    authority: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Server {
    /// Starts a server that gives these replies, one a connection, and then closes every further one at once.
    pub(crate) async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (record, mut replies) = (Arc::clone(&requests), replies.into_iter().collect::<Vec<_>>().into_iter());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let reply = replies.next().unwrap_or(Reply::Bytes(Vec::new()));
                tokio::spawn(serve(stream, reply, Arc::clone(&record)));
            }
        });
        Self { authority, requests }
    }

    /// Returns an address that nobody listens on.
    pub(crate) async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { authority: listener.local_addr().unwrap().to_string(), requests: Arc::default() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn only_request(&self) -> Recorded {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, record: Arc<Mutex<Vec<Recorded>>>) {
    if matches!(reply, Reply::SelfSigned) {
        let stream = stream.into_std().unwrap();
        return tokio::task::spawn_blocking(|| shake_hands(stream)).await.unwrap();
    }
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
        }
        // A TLS handshake has no head to wait for.
        if head.first() == Some(&0x16) {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut reply = reply;
    if head.starts_with("POST ") {
        let request = Recorded::parse(&head);
        if let Reply::Computed(compute) = &reply {
            reply = compute(&request);
        }
        record.lock().unwrap().push(request);
    }
    match reply {
        // The client may have given up before it has read all of a large body.
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Reply::Hang => std::future::pending().await,
        Reply::Reset => stream.set_zero_linger().unwrap(),
        Reply::Drip => {
            let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".as_slice();
            while stream.write_all(bytes).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                bytes = b" ";
            }
        }
        Reply::Computed(_) | Reply::SelfSigned => unreachable!("answered above"),
    }
}

fn shake_hands(mut stream: std::net::TcpStream) {
    stream.set_nonblocking(false).unwrap();
    let certificate = include_bytes!("../fixtures/self_signed.crt.der").as_slice().into();
    let key = PrivatePkcs8KeyDer::from(include_bytes!("../fixtures/self_signed.key.der").as_slice());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
    while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
}
