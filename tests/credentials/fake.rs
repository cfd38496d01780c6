//! STS, the metadata service and a credentials address on loopback, in a few lines.
//!
//! Keys follow a rule, so that a test can tell who gave them: the secret of `X` is `secret-of-X`, its token
//! `token-of-X`. STS checks the signature against that rule and gives `STS.<role>.<X>`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rictl::signature::v1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// When the keys that the fakes give end.
pub(crate) const EXPIRATION: &str = "2099-01-01T00:00:00Z";

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// The form in the body.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (decode(key), decode(value))).collect()
    }
}

/// A service that answers each request by a function, and remembers it.
pub(crate) struct Fake {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    pub(crate) async fn start(answer: impl Fn(&Request) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &answer, &seen).await;
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while it holds the lock").clone()
    }
}

/// Status 0 means: close the connection without an answer.
async fn serve(mut stream: TcpStream, answer: &impl Fn(&Request) -> (u16, String), seen: &Mutex<Vec<Request>>) {
    let Some(request) = read(&mut stream).await else { return };
    let (status, body) = answer(&request);
    seen.lock().expect("no test panics while it holds the lock").push(request);
    if status == 0 {
        return;
    }
    let location = if status == 302 { "location: http://127.0.0.1:1/elsewhere\r\n" } else { "" };
    let head = format!("HTTP/1.1 {status} X\r\n{location}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // A client that has gone away is what some tests are about.
    if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
        return;
    }
    stream.shutdown().await.ok();
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let (head, length) = loop {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes.drain(..end + 4).collect()).ok()?;
            let length = header(&head, "content-length").map_or(0, |text| text.parse().expect("a number"));
            break (head, length);
        }
    };
    while bytes.len() < length {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Request { method, path, headers, body: String::from_utf8(bytes).ok()? })
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}

fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex: Vec<u8> = bytes.by_ref().take(2).collect();
            let hex = std::str::from_utf8(&hex).expect("hex is ASCII");
            decoded.push(u8::from_str_radix(hex, 16).expect("two hex digits"));
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).expect("the client sends UTF-8")
}

/// The JSON of keys by the rule.
pub(crate) fn keys(id: &str, expiration: &str) -> String {
    format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","AccessKeySecret":"secret-of-{id}","SecurityToken":"token-of-{id}","Expiration":"{expiration}"}}"#
    )
}

/// What STS answers, its refusals included.
pub(crate) fn sts(request: &Request, expiration: &str) -> (u16, String) {
    let mut form = request.form();
    let signature = form.remove("Signature");
    let role = form["RoleArn"].rsplit('/').next().expect("an ARN ends in the role").to_owned();
    let giver = match form["Action"].as_str() {
        "AssumeRole" => {
            let id = form["AccessKeyId"].clone();
            let parameters: Vec<_> = form.iter().collect();
            let expected = v1::sign(&format!("secret-of-{id}"), &v1::string_to_sign("POST", &parameters));
            let token = id.starts_with("STS.").then(|| format!("token-of-{id}"));
            if signature != Some(expected) || form.get("SecurityToken").cloned() != token {
                return refusal(400, "SignatureDoesNotMatch", "server string to sign is:POST&%2F&…");
            }
            id
        }
        "AssumeRoleWithOIDC" if signature.is_none() && !form.contains_key("AccessKeyId") => form["OIDCToken"].clone(),
        _ => return refusal(400, "InvalidAction", "no such action"),
    };
    let keys = keys(&format!("STS.{role}.{giver}"), expiration);
    (200, format!(r#"{{"RequestId":"R-1","Credentials":{keys}}}"#))
}

/// The error body of the API.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> (u16, String) {
    (status, format!(r#"{{"RequestId":"R-0","Code":"{code}","Message":"{message}"}}"#))
}

/// What the metadata service answers; `mode` is `hardened`, `v1` (knows no token), `refuses` or `none`.
pub(crate) fn metadata(request: &Request, mode: &str) -> (u16, String) {
    const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
    let token = request.headers.get("x-aliyun-ecs-metadata-token").map(String::as_str);
    match (mode, request.method.as_str(), request.path.strip_prefix(ROLES)) {
        ("none", _, _) | ("v1", "PUT", _) => (404, String::new()),
        ("refuses", "PUT", _) => (403, String::new()),
        ("hardened", "PUT", None) if request.path == "/latest/api/token" => (200, "metadata-token".to_owned()),
        ("hardened", "GET", _) if token != Some("metadata-token") => (403, String::new()),
        (_, "GET", Some("")) => (200, "instance-role".to_owned()),
        (_, "GET", Some(role)) => (200, keys(&format!("STS.{role}.ecs"), EXPIRATION)),
        _ => (404, String::new()),
    }
}

/// All three services in one, as the table of cases wants them.
pub(crate) fn cloud(request: &Request, metadata_mode: &str) -> (u16, String) {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/") => sts(request, EXPIRATION),
        ("GET", "/credentials") => (200, keys("STS.uri", EXPIRATION)),
        _ => metadata(request, metadata_mode),
    }
}
