//! Builders, and a client that shares nothing with the crate's own but the signature code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rictl::clock::Clock;
use rictl::emulator::http::{ServeOptions, serve};
use rictl::emulator::{
    Answer, CallLog, Caller, Format, Host, Origin, Refusal, Reply, Request, Row, VPC_VERSION, World, WorldSeed,
};
use rictl::signature::{percent_encode, sha256_hex, v1, v3};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) const KEY: &str = "emulator";
pub(crate) const SECRET: &str = "emulator-secret";
pub(crate) const REGION: &str = "cn-shanghai";

pub(crate) fn epoch() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    epoch() + SignedDuration::from_secs(seconds)
}

pub(crate) fn seed(text: &str) -> WorldSeed {
    WorldSeed::parse(text, Format::Yaml).unwrap()
}

pub(crate) fn world(text: &str) -> World {
    World::new(seed(text), epoch()).unwrap()
}

/// Two sides of one link, one of them in another region.
pub(crate) const PAIR: &str = "
regions: [cn-shanghai, cn-beijing]
interfaces:
  - {id: ri-a, name: left}
  - {id: ri-b, region: cn-beijing, opposite: ri-a}
";

pub(crate) fn request(action: &str, parameters: &[(&str, &str)]) -> Request {
    Request {
        action: action.to_owned(),
        version: VPC_VERSION.to_owned(),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        request_id: "R".to_owned(),
        origin: Origin::default(),
    }
}

pub(crate) fn in_region(action: &str, region: &str, id: &str) -> Request {
    request(action, &[("RegionId", region), ("RouterInterfaceId", id)])
}

pub(crate) fn caller(world: &World) -> Caller {
    world.caller(KEY).unwrap()
}

pub(crate) fn send(world: &mut World, now: Timestamp, request: &Request) -> Reply {
    let caller = caller(world);
    world.handle(now, Some(&caller), request)
}

pub(crate) fn deactivate(world: &mut World, now: Timestamp, id: &str) -> Reply {
    send(world, now, &in_region("DeactivateRouterInterface", REGION, id))
}

pub(crate) fn list(world: &mut World, now: Timestamp, more: &[(&str, &str)]) -> (Vec<Row>, usize) {
    let mut asked = request("DescribeRouterInterfaces", more);
    asked.parameters.entry("RegionId".to_owned()).or_insert(REGION.to_owned());
    match send(world, now, &asked).answer {
        Answer::Listing(page) => (page.rows, page.total_count),
        other => panic!("no listing: {other:?}"),
    }
}

pub(crate) fn ids(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.observed.id.as_str()).collect()
}

pub(crate) fn refusal(reply: Reply) -> Refusal {
    match reply.answer {
        Answer::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn code(reply: Reply) -> (u16, String) {
    let refusal = refusal(reply);
    (refusal.http_status, refusal.code.into_owned())
}

/// A served world and the time that it lives in.
pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) host: Arc<Mutex<Host>>,
    pub(crate) clock: Clock,
    nonce: std::cell::Cell<u64>,
}

/// What came back: nothing at all, or a head and as much of a body as arrived.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Server {
    pub(crate) async fn of(text: &str) -> Self {
        Self::start(Host::in_memory(world(text)), None).await
    }

    pub(crate) async fn start(host: Host, call_log: Option<CallLog>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::starting_at(epoch());
        let host = Arc::new(Mutex::new(host));
        let serving = serve(host.clone(), listener, ServeOptions { clock, call_log }, std::future::pending());
        tokio::spawn(async move { serving.await.unwrap() });
        Self::beside(address, host, clock)
    }

    /// Talks to a server that somebody else has started.
    pub(crate) fn beside(address: std::net::SocketAddr, host: Arc<Mutex<Host>>, clock: Clock) -> Self {
        Self { address, host, clock, nonce: 0.into() }
    }

    pub(crate) fn nonce(&self) -> String {
        self.nonce.set(self.nonce.get() + 1);
        format!("nonce-{}", self.nonce.get())
    }

    /// Returns the common parameters of V1, not signed yet.
    pub(crate) fn v1(&self, action: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let now = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let nonce = self.nonce();
        let common = [
            ("Action", action),
            ("Version", VPC_VERSION),
            ("Format", "JSON"),
            ("AccessKeyId", KEY),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &now),
        ];
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in common.iter().chain(more) {
            parameters.retain(|(known, _)| known != name);
            parameters.push(((*name).to_owned(), (*value).to_owned()));
        }
        parameters
    }

    /// Signs with V1 and sends everything in the query of a GET.
    pub(crate) async fn get(&self, parameters: Vec<(String, String)>) -> Received {
        self.try_get(parameters).await.expect("an answer")
    }

    pub(crate) async fn try_get(&self, mut parameters: Vec<(String, String)>) -> Option<Received> {
        sign(&mut parameters, "GET", SECRET);
        self.raw(&format!("GET /?{} HTTP/1.1\r\n", form(&parameters)), "").await
    }

    /// Calls by V1.
    pub(crate) async fn call(&self, action: &str, more: &[(&str, &str)]) -> Received {
        self.get(self.v1(action, more)).await
    }

    /// Sends a request head (its lines but the last) and a body; `None` if not one byte came back.
    pub(crate) async fn raw(&self, head: &str, body: &str) -> Option<Received> {
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let message = format!(
            "{head}Host: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(message.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A cut connection may end in a reset; what came before it counts.
        let mut chunk = vec![0; 1 << 16];
        while let Ok(length @ 1..) = stream.read(&mut chunk).await {
            bytes.extend_from_slice(&chunk[..length]);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Some(Received { status, headers, body: body.to_owned() })
    }

    /// Calls by V3, with what `tamper` makes of the signed headers.
    pub(crate) async fn v3(
        &self,
        action: &str,
        query: &[(&str, &str)],
        tamper: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Received {
        let mut headers: BTreeMap<String, String> = [
            ("host", self.address.to_string()),
            ("x-acs-action", action.to_owned()),
            ("x-acs-version", VPC_VERSION.to_owned()),
            ("x-acs-date", self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("x-acs-signature-nonce", self.nonce()),
            ("x-acs-content-sha256", sha256_hex(b"")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let authorization = authorize(query, &headers, KEY, SECRET);
        headers.insert("authorization".to_owned(), authorization);
        tamper(&mut headers);
        let query: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut head = format!("POST /?{} HTTP/1.1\r\n", form(&query));
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(&head, "").await.expect("an answer")
    }
}

pub(crate) fn authorize(query: &[(&str, &str)], headers: &BTreeMap<String, String>, key: &str, secret: &str) -> String {
    let signed: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let canonical = v3::canonical_request("POST", query, &signed, &headers["x-acs-content-sha256"]);
    v3::authorization(key, &signed, &v3::sign(secret, &v3::string_to_sign(&canonical)))
}

pub(crate) fn sign(parameters: &mut Vec<(String, String)>, method: &str, secret: &str) {
    let signature = v1::sign(secret, &v1::string_to_sign(method, parameters));
    parameters.push(("Signature".to_owned(), signature));
}

pub(crate) fn form(parameters: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect();
    pairs.join("&")
}

pub(crate) async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}
