//! Who sent a request: both signatures, the clock, the nonce and the key, checked as the gateway does.
//!
//! V3 is announced by an Authorization header and by nothing else: V1 clients may send `x-acs-action` as well. What V1
//! signs is every parameter of query and form, empty ones included (docs/reference/api.md#requests). A nonce is
//! remembered for 31 minutes, per key, once its signature was right.

use std::collections::{BTreeMap, HashSet, VecDeque};

use axum::http::Method;
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};

use crate::emulator::caller::Caller;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::{LOOPBACK, Origin, Request, STAMP_WINDOW};
use crate::emulator::world::World;
use crate::signature::{sha256_hex, v1, v3};

const NONCE_MEMORY: SignedDuration = SignedDuration::from_mins(31);
const UNSIGNED_ACTION: &str = "AssumeRoleWithOIDC";
/// What a V3 signature must cover at least.
const SIGNED_AT_LEAST: [&str; 6] =
    ["host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"];

/// A request as it came: parameters decoded, order and repetitions kept.
pub(super) struct Wire<'a> {
    parts: &'a Parts,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    body: &'a [u8],
}

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub(super) enum Signature {
    V1,
    V3,
    #[strum(serialize = "none")]
    None,
}

impl Signature {
    /// Returns how a request claims to be signed.
    pub(super) fn of(wire: &Wire<'_>) -> Self {
        if wire.header("authorization").is_some() {
            Self::V3
        } else if wire.parameter("AccessKeyId").is_none()
            && wire.parameter("Signature").is_none()
            && wire.action() == Some(UNSIGNED_ACTION)
        {
            Self::None
        } else {
            Self::V1
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

/// A request whose signature was right, or that needs none.
pub(super) struct Signed {
    pub(super) caller: Option<Caller>,
    pub(super) request: Request,
    pub(super) signature: Signature,
}

impl<'a> Wire<'a> {
    pub(super) fn new(parts: &'a Parts, body: &'a [u8]) -> Self {
        let mut wire = Self { parts, query: pairs(parts.uri.query().unwrap_or_default()), form: Vec::new(), body };
        if wire.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            wire.form = pairs(&String::from_utf8_lossy(body));
        }
        wire
    }

    pub(super) fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(super) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Returns a parameter of query or form.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the action that is asked for; one without a V1 signature may name it in a header.
    pub(super) fn action(&self) -> Option<&str> {
        self.parameter("Action").or_else(|| self.header("x-acs-action"))
    }

    /// Returns the version of the product that is asked.
    pub(super) fn version(&self) -> Option<&str> {
        self.parameter("Version").or_else(|| self.header("x-acs-version"))
    }

    fn parameters(&self) -> impl Iterator<Item = &(String, String)> {
        self.query.iter().chain(&self.form)
    }

    fn request(&self, action: &str, version: &str, request_id: &str) -> Request {
        Request {
            action: action.to_owned(),
            version: version.to_owned(),
            parameters: self.parameters().cloned().collect::<BTreeMap<_, _>>(),
            request_id: request_id.to_owned(),
            origin: Origin {
                user_agent: self.header("user-agent").unwrap_or_default().to_owned(),
                address: LOOPBACK.to_owned(),
            },
        }
    }
}

/// Checks a request.
///
/// # Errors
///
/// The gateway's refusal.
pub(super) fn check(
    world: &World,
    nonces: &mut Nonces,
    now: Timestamp,
    wire: &Wire<'_>,
    request_id: &str,
) -> Result<Signed, Refusal> {
    if ![Method::GET, Method::POST].contains(wire.method()) {
        return Err(Refusal::unknown_method());
    }
    if wire.path() != "/" {
        return Err(Refusal::unknown_action());
    }
    if wire.parameter("Format").is_some_and(|format| !["json", "xml"].contains(&format.to_lowercase().as_str())) {
        return Err(Refusal::bad_format());
    }
    let signature = Signature::of(wire);
    let (caller, request) = match signature {
        Signature::V1 => check_v1(world, nonces, now, wire, request_id)?,
        Signature::V3 => check_v3(world, nonces, now, wire, request_id)?,
        Signature::None => {
            let version = wire.version().ok_or_else(|| Refusal::missing("Version"))?;
            (None, wire.request(UNSIGNED_ACTION, version, request_id))
        }
    };
    Ok(Signed { caller, request, signature })
}

type Checked = Result<(Option<Caller>, Request), Refusal>;

fn check_v1(world: &World, nonces: &mut Nonces, now: Timestamp, wire: &Wire<'_>, request_id: &str) -> Checked {
    let get = |name: &'static str| {
        wire.parameter(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::missing(name))
    };
    let action = get("Action")?;
    let version = get("Version")?;
    let access_key_id = get("AccessKeyId")?;
    let timestamp = get("Timestamp")?;
    let nonce = get("SignatureNonce")?;
    if get("SignatureMethod")? != "HMAC-SHA1" {
        return Err(Refusal::bad_signature_method());
    }
    if get("SignatureVersion")? != "1.0" {
        return Err(Refusal::bad_signature_version());
    }
    let signature = get("Signature")?;
    let (caller, secret) = world.identify(now, access_key_id, wire.parameter("SecurityToken"))?;
    check_timestamp(now, timestamp)?;
    let signed: Vec<(&str, &str)> = wire
        .parameters()
        .filter(|(key, _)| key != "Signature")
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let string_to_sign = v1::string_to_sign(wire.method().as_str(), &signed);
    if v1::sign(&secret, &string_to_sign) != signature {
        return Err(Refusal::wrong_signature(&string_to_sign));
    }
    nonces.take(now, access_key_id, nonce)?;
    Ok((Some(caller), wire.request(action, version, request_id)))
}

fn check_v3(world: &World, nonces: &mut Nonces, now: Timestamp, wire: &Wire<'_>, request_id: &str) -> Checked {
    let authorization = wire.header("authorization").unwrap_or_default();
    let Some((v3::ALGORITHM, fields)) = authorization.split_once(' ') else {
        return Err(Refusal::bad_signature_method());
    };
    let fields: BTreeMap<&str, &str> = fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
    let field = |name: &str| {
        fields.get(name).copied().ok_or_else(|| Refusal::incomplete_signature(&format!("{name} is missing.")))
    };
    let (access_key_id, names, signature) = (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let get = |header: &str, name: &'static str| {
        wire.header(header).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::missing(name))
    };
    let action = get("x-acs-action", "Action")?;
    let version = get("x-acs-version", "Version")?;
    let date = get("x-acs-date", "Timestamp")?;
    let nonce = get("x-acs-signature-nonce", "SignatureNonce")?;
    get("x-acs-content-sha256", "ContentSha256")?;
    let token = wire.header("x-acs-security-token");
    let (caller, secret) = world.identify(now, access_key_id, token)?;
    check_timestamp(now, date)?;

    let names: Vec<&str> = names.split(';').collect();
    let unsigned =
        SIGNED_AT_LEAST.iter().chain(token.map(|_| &"x-acs-security-token")).find(|name| !names.contains(name));
    if let Some(name) = unsigned {
        return Err(Refusal::incomplete_signature(&format!("The header {name} is not signed.")));
    }
    let headers: Vec<(&str, &str)> = names.iter().map(|name| (*name, wire.header(name).unwrap_or_default())).collect();
    // What the body is, not what the header says it is.
    let payload_hash = sha256_hex(wire.body);
    let canonical = v3::canonical_request(wire.method().as_str(), &wire.query, &headers, &payload_hash);
    let string_to_sign = v3::string_to_sign(&canonical);
    if v3::sign(&secret, &string_to_sign) != signature {
        return Err(Refusal::wrong_signature(&format!("{string_to_sign}, server canonical request is:{canonical}")));
    }
    nonces.take(now, access_key_id, nonce)?;
    Ok((Some(caller), wire.request(action, version, request_id)))
}

fn check_timestamp(now: Timestamp, text: &str) -> Result<(), Refusal> {
    let has_form = text.len() == "2016-04-28T00:00:00Z".len() && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    let stamp: Timestamp = text.parse().ok().filter(|_| has_form).ok_or_else(Refusal::bad_timestamp)?;
    if now.duration_since(stamp).unsigned_abs() > STAMP_WINDOW { Err(Refusal::expired()) } else { Ok(()) }
}

/// The nonces of the last half hour.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    used: HashSet<KeyAndNonce>,
    order: VecDeque<(Timestamp, KeyAndNonce)>,
}

type KeyAndNonce = (Box<str>, Box<str>);

impl Nonces {
    fn take(&mut self, now: Timestamp, access_key_id: &str, nonce: &str) -> Result<(), Refusal> {
        while let Some((_, oldest)) = self.order.pop_front_if(|(taken, _)| now.duration_since(*taken) > NONCE_MEMORY) {
            self.used.remove(&oldest);
        }
        let key = (Box::from(access_key_id), Box::from(nonce));
        if !self.used.insert(key.clone()) {
            return Err(Refusal::nonce_used());
        }
        self.order.push_back((now, key));
        Ok(())
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Decodes `%XX` and `+`; what is not an escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        let escaped = text.get(position + 1..position + 3).filter(|_| *byte == b'%');
        let escaped = escaped.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (byte, escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (_, Some(byte)) => {
                decoded.push(byte);
                position += 2;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(*byte),
        }
        position += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
