//! The metadata service of an emulated machine: tokens of the hardened mode, and the credentials of its role.

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

use super::authentication::Wire;
use super::encode;
use super::page::{JSON, plain};
use crate::emulator::host::Host;

pub(super) const ROOT: &str = "/latest/";
const TOKEN: &str = "/latest/api/token";
const CREDENTIALS: &str = "/latest/meta-data/ram/security-credentials/";
const TEXT: &str = "text/plain; charset=utf-8";
/// The documented longest life of a token.
const LONGEST_TTL: i64 = 21600;

pub(super) fn respond(host: &Mutex<Host>, now: Timestamp, wire: &Wire<'_>, request_id: &str) -> Response {
    let path = wire.path();
    if path == TOKEN {
        return token(now, wire);
    }
    let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
    let found =
        host.visit(now, |world| ((world.metadata().clone(), world.machine_credentials(now, request_id)), vec![]));
    let (settings, issued) = match found {
        Ok(found) => found,
        Err(error) => return plain(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string()),
    };
    let presented = wire.header("x-aliyun-ecs-metadata-token");
    if presented.map_or(settings.hardened, |token| !holds(now, token)) {
        return plain(StatusCode::FORBIDDEN, TEXT, "403 - Forbidden");
    }
    match path.strip_prefix(CREDENTIALS) {
        Some("") => plain(StatusCode::OK, TEXT, settings.role),
        Some(role) if role == settings.role => {
            let body = json!({
                "Code": "Success",
                "AccessKeyId": issued.access_key_id,
                "AccessKeySecret": issued.secret.expose(),
                "SecurityToken": issued.security_token.expose(),
                "Expiration": encode::second(issued.expires),
                "LastUpdated": encode::second(now),
            });
            plain(StatusCode::OK, JSON, body.to_string())
        }
        _ => plain(StatusCode::NOT_FOUND, TEXT, "404 - Not Found"),
    }
}

/// A token says when it ends; it proves nothing more than that its holder could send a PUT, which is its purpose.
fn token(now: Timestamp, wire: &Wire<'_>) -> Response {
    let ttl = wire.header("x-aliyun-ecs-metadata-token-ttl-seconds").and_then(|ttl| ttl.parse().ok());
    match ttl.filter(|ttl| (1..=LONGEST_TTL).contains(ttl)) {
        Some(ttl) if *wire.method() == Method::PUT => {
            plain(StatusCode::OK, TEXT, URL_SAFE_NO_PAD.encode((now.as_second() + ttl).to_string()))
        }
        _ => plain(StatusCode::BAD_REQUEST, TEXT, "400 - Bad Request"),
    }
}

fn holds(now: Timestamp, token: &str) -> bool {
    let end = URL_SAFE_NO_PAD.decode(token).ok().and_then(|end| String::from_utf8(end).ok());
    end.and_then(|end| end.parse::<i64>().ok()).is_some_and(|end| now.as_second() < end)
}
