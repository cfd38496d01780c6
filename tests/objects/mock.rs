//! A bucket on loopback, in the words of OSS or of S3, that is strict: what is signed, when, where an append goes. Faults
//! are set by whoever tests. What it says is checked against the official clients (`tests/objects/official.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, Response};
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use rictl::signature::sha256_hex;
use rictl::signature::v4::{self, Dialect, Scope};

pub(crate) const BUCKET: &str = "audit";
pub(crate) const REGION: &str = "cn-hangzhou";
pub(crate) const KEY: &str = "LTAIMOCKMOCKMOCK";
pub(crate) const SECRET: &str = "mock-secret";

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused, nothing done.
    Refused(u16, &'static str),
    /// Done, and the answer breaks off.
    Lost,
    /// Nothing done, and the answer breaks off.
    Dropped,
}

/// A request, as faults are chosen by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) key: String,
    pub(crate) query: BTreeMap<String, String>,
}

type Chooser = Box<dyn FnMut(&Seen) -> Option<Fault> + Send>;
type Held = Box<dyn Fn(&Seen) -> bool + Send>;

#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    appendable: bool,
    modified: Timestamp,
}

impl Object {
    pub(crate) fn age(&mut self, by: SignedDuration) {
        self.modified -= by;
    }
}

pub(crate) struct World {
    dialect: Dialect,
    pub(crate) objects: BTreeMap<String, Object>,
    /// A bucket with versions does not take `x-oss-forbid-overwrite` for a condition.
    pub(crate) versioned: bool,
    /// A store that takes every conditional write.
    pub(crate) careless: bool,
    /// How far its clock is from this machine's.
    pub(crate) offset: SignedDuration,
    /// Keys and tokens that sign.
    pub(crate) keys: BTreeMap<String, (String, Option<String>)>,
    /// Keys that have ended.
    pub(crate) expired: Vec<String>,
    pub(crate) fault: Option<Chooser>,
    /// What is never answered.
    silent: Option<Held>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) page: usize,
}

impl World {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.offset
    }
}

/// A bucket that is being served; it ends with this value.
pub(crate) struct Mock {
    pub(crate) address: SocketAddr,
    world: Arc<Mutex<World>>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Drop for Mock {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end.send(()).ok();
        }
    }
}

impl Mock {
    pub(crate) fn start(dialect: Dialect) -> Self {
        let keys = BTreeMap::from([(KEY.to_owned(), (SECRET.to_owned(), None))]);
        let world = World {
            dialect,
            objects: BTreeMap::new(),
            versioned: false,
            careless: false,
            offset: SignedDuration::ZERO,
            keys,
            expired: Vec::new(),
            fault: None,
            silent: None,
            seen: Vec::new(),
            page: 1000,
        };
        let world = Arc::new(Mutex::new(world));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&world);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let router = axum::Router::new().fallback(answer).with_state(served);
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let until = async { ended.await.unwrap_or_default() };
                tokio::select! {
                    served = axum::serve(listener, router).into_future() => served.unwrap(),
                    () = until => {}
                }
            });
        });
        Self { address, world, end: Some(end) }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn is_oss(&self) -> bool {
        self.world().dialect == Dialect::Oss
    }

    /// Lets requests go wrong as `choose` says, from now on.
    pub(crate) fn break_with(&self, choose: impl FnMut(&Seen) -> Option<Fault> + Send + 'static) {
        self.world().fault = Some(Box::new(choose));
    }

    /// Leaves such requests without an answer, from now on.
    pub(crate) fn hold(&self, is_held: impl Fn(&Seen) -> bool + Send + 'static) {
        self.world().silent = Some(Box::new(is_held));
    }

    pub(crate) fn mend(&self) {
        self.world().fault = None;
    }
}

/// What is answered.
struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Said {
    fn done(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    fn refused(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>{code}</Code>\n  <Message>the mock says {code} &amp; no more</Message>\n  <RequestId>MOCK{status}</RequestId>\n  <HostId>mock</HostId>\n</Error>\n"
        );
        Self { status, headers: vec![("content-type", "application/xml".to_owned())], body: body.into() }
    }
}

async fn answer(State(world): State<Arc<Mutex<World>>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let (said, is_broken, date, is_silent) = {
        let mut world = world.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let date = world.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let (said, is_broken) = said(&mut world, &parts, &body);
        let is_silent = world.seen.last().is_some_and(|seen| world.silent.as_ref().is_some_and(|held| held(seen)));
        (said, is_broken, date, is_silent)
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(said.status).header("date", date);
    response = response.header("x-oss-request-id", "MOCKHEAD");
    for (name, value) in said.headers {
        response = response.header(name, value);
    }
    if is_broken {
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("broken off"))]);
        return response.body(Body::from_stream(broken)).unwrap();
    }
    if parts.method == Method::HEAD {
        return response.header("content-length", said.body.len()).body(Body::empty()).unwrap();
    }
    response.body(Body::from(said.body)).unwrap()
}

fn said(world: &mut World, parts: &Parts, body: &[u8]) -> (Said, bool) {
    let query = pairs(parts.uri.query().unwrap_or_default());
    let path = decoded(parts.uri.path());
    let Some(key) = path.strip_prefix(&format!("/{BUCKET}")).map(|rest| rest.trim_start_matches('/').to_owned()) else {
        return (Said::refused(404, "NoSuchBucket"), false);
    };
    if let Err(refused) = signed(world, parts, &path, &query, body) {
        return (refused, false);
    }
    let seen = Seen { method: parts.method.to_string(), key: key.clone(), query: query.clone() };
    world.seen.push(seen.clone());
    let fault = world.fault.as_mut().and_then(|choose| choose(&seen));
    match fault {
        Some(Fault::Refused(status, code)) => (Said::refused(status, code), false),
        Some(Fault::Dropped) => (Said::done(""), true),
        Some(Fault::Lost) => (act(world, &parts.method, &key, &query, &parts.headers, body), true),
        None => (act(world, &parts.method, &key, &query, &parts.headers, body), false),
    }
}

fn act(
    world: &mut World,
    method: &Method,
    key: &str,
    query: &BTreeMap<String, String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Said {
    let is_oss = world.dialect == Dialect::Oss;
    match (method.as_str(), key) {
        ("GET", "") if query.get("list-type").is_some_and(|kind| kind == "2") => list(world, query),
        ("GET" | "HEAD", key) if !key.is_empty() && query.is_empty() => match world.objects.get(key) {
            None => Said::refused(404, "NoSuchKey"),
            Some(object) => {
                let modified = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
                let mut headers = vec![("last-modified", modified)];
                if is_oss {
                    let kind = if object.appendable { "Appendable" } else { "Normal" };
                    headers.push(("x-oss-object-type", kind.to_owned()));
                }
                if is_oss && object.appendable {
                    headers.push(("x-oss-next-append-position", object.bytes.len().to_string()));
                }
                Said { status: 200, headers, body: object.bytes.clone() }
            }
        },
        ("PUT", key) if !key.is_empty() && query.is_empty() => put(world, key, headers, body),
        ("POST", key) if is_oss && query.contains_key("append") => append(world, key, query, body),
        ("DELETE", key) if !key.is_empty() && query.is_empty() => {
            world.objects.remove(key);
            Said { status: 204, ..Said::done("") }
        }
        _ => Said::refused(501, "NotImplemented"),
    }
}

fn put(world: &mut World, key: &str, headers: &HeaderMap, body: &[u8]) -> Said {
    let is_there = world.objects.contains_key(key) && !world.careless;
    let forbids = headers.get("x-oss-forbid-overwrite").is_some_and(|value| value == "true") && !world.versioned;
    if is_there && forbids {
        return Said::refused(409, "FileAlreadyExists");
    }
    if is_there && world.dialect == Dialect::Aws && headers.get("if-none-match").is_some_and(|value| value == "*") {
        return Said::refused(412, "PreconditionFailed");
    }
    let modified = world.now();
    world.objects.insert(key.to_owned(), Object { bytes: body.to_vec(), appendable: false, modified });
    Said::done("")
}

fn append(world: &mut World, key: &str, query: &BTreeMap<String, String>, body: &[u8]) -> Said {
    let Some(position) = query.get("position").and_then(|position| position.parse::<usize>().ok()) else {
        return Said::refused(400, "InvalidArgument");
    };
    let (now, careless) = (world.now(), world.careless);
    let empty = Object { bytes: Vec::new(), appendable: true, modified: now };
    let length = world.objects.get(key).map_or(0, |object| object.bytes.len());
    if world.objects.get(key).is_some_and(|object| !object.appendable) {
        return Said::refused(409, "ObjectNotAppendable");
    }
    if position != length && !careless {
        let mut refused = Said::refused(409, "PositionNotEqualToLength");
        refused.headers.push(("x-oss-next-append-position", length.to_string()));
        return refused;
    }
    let object = world.objects.entry(key.to_owned()).or_insert(empty);
    object.bytes.extend_from_slice(body);
    object.modified = now;
    let next = object.bytes.len().to_string();
    Said { headers: vec![("x-oss-next-append-position", next)], ..Said::done("") }
}

fn list(world: &World, query: &BTreeMap<String, String>) -> Said {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let prefix = text("prefix");
    let from = if text("continuation-token").is_empty() { text("start-after") } else { text("continuation-token") };
    let most = text("max-keys").parse().unwrap_or(100).min(world.page);
    // With a delimiter, what begins alike up to the next one is told once.
    let told = |key: &String| match key[prefix.len()..].split_once('/') {
        Some((folder, _)) if text("delimiter") == "/" => format!("{prefix}{folder}/"),
        _ => key.clone(),
    };
    let all: BTreeSet<String> = world.objects.keys().filter(|key| key.starts_with(prefix)).map(told).collect();
    let mut keys = all.iter().filter(|key| key.as_str() > from);
    let page: Vec<&String> = keys.by_ref().take(most).collect();
    let is_cut = keys.next().is_some();
    let contents: String = page
        .iter()
        .map(|key| {
            let Some(object) = world.objects.get(*key) else {
                return format!("<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>");
            };
            let (modified, size) = (object.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z"), object.bytes.len());
            format!("<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><ETag>\"0\"</ETag><Type>Normal</Type><Size>{size}</Size><StorageClass>Standard</StorageClass></Contents>")
        })
        .collect();
    let next =
        page.last().filter(|_| is_cut).map(|last| format!("<NextContinuationToken>{last}</NextContinuationToken>"));
    Said::done(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><MaxKeys>{most}</MaxKeys><IsTruncated>{is_cut}</IsTruncated>{contents}<KeyCount>{}</KeyCount>{}</ListBucketResult>",
        page.len(),
        next.unwrap_or_default()
    ))
}

/// Checks who sent a request, and when.
fn signed(world: &World, parts: &Parts, path: &str, query: &BTreeMap<String, String>, body: &[u8]) -> Result<(), Said> {
    let denied = |code: &str| Said::refused(403, code);
    let (own, algorithm) = match world.dialect {
        Dialect::Oss => ("x-oss-", "OSS4-HMAC-SHA256 "),
        Dialect::Aws => ("x-amz-", "AWS4-HMAC-SHA256 "),
    };
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authorization = header("authorization");
    let fields = authorization.strip_prefix(algorithm).ok_or_else(|| denied("AccessDenied"))?;
    let fields: BTreeMap<&str, &str> = fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
    let credential: Vec<&str> = fields.get("Credential").copied().unwrap_or_default().split('/').collect();
    let (id, region) = (credential[0], credential.get(2).copied().unwrap_or_default());
    let Some((secret, token)) = world.keys.get(id) else { return Err(denied("InvalidAccessKeyId")) };
    if token.as_deref().unwrap_or_default() != header(&format!("{own}security-token")) {
        return Err(denied("InvalidSecurityToken"));
    }
    let at = header(&format!("{own}date"));
    let sent = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", at).map_err(|_| denied("AccessDenied"))?;
    let sent = sent.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    if world.now().duration_since(sent).abs() > SignedDuration::from_mins(15) {
        return Err(denied("RequestTimeTooSkewed"));
    }
    let listed: Vec<&str> = fields
        .get("SignedHeaders")
        .or(fields.get("AdditionalHeaders"))
        .map_or_else(Vec::new, |text| text.split(';').collect());
    let is_signed = |name: &str| match world.dialect {
        Dialect::Oss => {
            name.starts_with("x-oss-") || ["content-type", "content-md5"].contains(&name) || listed.contains(&name)
        }
        Dialect::Aws => listed.contains(&name),
    };
    let headers: Vec<(&str, &str)> = parts
        .headers
        .iter()
        .filter(|(name, _)| is_signed(name.as_str()))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let must: &[&str] = if own == "x-amz-" { &["host", "x-amz-date", "x-amz-content-sha256"] } else { &["x-oss-date"] };
    if must.iter().any(|name| headers.iter().all(|(signed, _)| signed != name)) || region != REGION {
        return Err(denied("AccessDenied"));
    }
    let payload_hash = header(&format!("{own}content-sha256"));
    if world.dialect == Dialect::Aws && payload_hash != sha256_hex(body) {
        return Err(Said::refused(400, "XAmzContentSHA256Mismatch"));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = v4::Request { method: parts.method.as_str(), path, query: &query, headers: &headers, payload_hash };
    let expected = request.authorization(&Scope { dialect: world.dialect, at, region }, id, secret);
    let signature = |text: &str| text.split("Signature=").nth(1).map(|rest| rest[..64.min(rest.len())].to_owned());
    if signature(&expected) != signature(authorization) {
        return Err(denied("SignatureDoesNotMatch"));
    }
    if world.expired.iter().any(|expired| expired == id) {
        let (oss, aws) = (denied("SecurityTokenExpired"), Said::refused(400, "ExpiredToken"));
        return Err(if world.dialect == Dialect::Oss { oss } else { aws });
    }
    Ok(())
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, more)) = rest.split_first() {
        let code = (byte == b'%').then(|| more.get(..2)).flatten();
        match code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(byte);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
