//! Answers as the gateway writes them: JSON or XML from one tree, scalars as loosely typed as the API's own.
//!
//! Sources: docs/reference/api.md#loose-scalars and docs/reference/api.md#describe for the fields and their forms,
//! docs/reference/api.md#errors for errors. An XML answer is the JSON one with its keys as elements and its lists as
//! repeated ones, under `<ActionResponse>` or `<Error>`.

mod events;
mod fields;
mod interfaces;
mod metrics;
mod routes;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use quick_xml::escape::escape;
use serde_json::{Map, Value, json};

use self::fields::object;
use super::authentication::{Signature, Wire};
use super::page::JSON;
use crate::emulator::answer::Answer;
use crate::emulator::caller::{Caller, Issued, Principal};
use crate::emulator::refusal::Refusal;
use crate::resource::Region;

pub(super) use self::fields::second;

const XML: &str = "text/xml;charset=utf-8";

/// The two languages of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Xml,
}

impl Encoding {
    /// Returns what a request asks for: by `Format`; without it XML, but JSON where the signature is V3.
    pub(super) fn asked_for(wire: &Wire<'_>) -> Self {
        let wants_xml = match wire.parameter("Format") {
            Some(format) => !format.eq_ignore_ascii_case("json"),
            None if Signature::of(wire) == Signature::V3 => {
                wire.header("accept").is_some_and(|accept| accept.contains("xml"))
            }
            None => true,
        };
        if wants_xml { Self::Xml } else { Self::Json }
    }
}

/// What an answer says of the request that it is for.
pub(super) struct About<'a> {
    pub(super) action: &'a str,
    /// The product's name, as the vendor's own pages of errors are called by it.
    pub(super) product: &'static str,
    pub(super) host: &'a str,
    pub(super) request_id: &'a str,
}

/// Writes an answer.
pub(super) fn answer(answer: &Answer, encoding: Encoding, about: &About<'_>) -> Response<String> {
    let (status, root, mut body) = match answer {
        Answer::Refused(refusal) => (refusal.http_status, "Error".to_owned(), error(refusal, about)),
        _ => (200, format!("{}Response", about.action), Map::new()),
    };
    body.insert("RequestId".to_owned(), json!(about.request_id));
    match answer {
        Answer::Refused(_) | Answer::Accepted => {}
        Answer::Created { id, order } => body.extend(interfaces::created(id, *order)),
        Answer::Resized(specification) => body.extend(object(json!({ "Spec": specification }))),
        Answer::Tags(page) => body.extend(interfaces::tags(page)),
        Answer::Listing(page) => body.extend(interfaces::listing(page)),
        Answer::Attribute(None) => {}
        Answer::Attribute(Some(found)) => body.extend(interfaces::attribute(found)),
        Answer::RouteTables(page) => body.extend(routes::tables(page)),
        Answer::RouteEntries(page) => body.extend(routes::entries(page)),
        Answer::Metrics(page) => body.extend(metrics::points(page)),
        Answer::Events(page) => body.extend(events::events(page)),
        Answer::Regions(regions) => body.extend(region_set(regions)),
        Answer::Identity(caller) => body.extend(identity(caller)),
        Answer::Credentials(issued) => body.extend(credentials(issued)),
    }
    let (content_type, text) = match encoding {
        Encoding::Json => (JSON, Value::Object(body).to_string()),
        Encoding::Xml => {
            let mut text = "<?xml version='1.0' encoding='UTF-8'?>".to_owned();
            element(&mut text, &escape(root.as_str()), &Value::Object(body));
            (XML, text)
        }
    };
    let mut response = Response::new(text);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn error(refusal: &Refusal, about: &About<'_>) -> Map<String, Value> {
    let About { product, host, request_id, .. } = about;
    let code = &refusal.code;
    let recommend = format!("https://api.aliyun.com/troubleshoot?q={code}&product={product}&requestId={request_id}");
    let mut body =
        object(json!({"HostId": host, "Code": refusal.code, "Message": refusal.message, "Recommend": recommend}));
    if let Some(denial) = &refusal.denied {
        let (kind, name) = match &denial.caller.principal {
            Principal::Root => ("Root", ""),
            Principal::User(name) => ("SubUser", name.as_str()),
            Principal::AssumedRole { role, .. } => ("AssumedRoleUser", role.as_str()),
        };
        let detail = json!({
            "AuthAction": denial.action,
            "AuthPrincipalType": kind,
            "AuthPrincipalOwnerId": denial.caller.account.as_str(),
            "AuthPrincipalDisplayName": name,
            "NoPermissionType": "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        });
        body.insert("AccessDeniedDetail".to_owned(), detail);
    }
    body
}

fn region_set(regions: &[Region]) -> Map<String, Value> {
    let regions: Vec<Value> = regions
        .iter()
        .map(|id| json!({"RegionId": id.as_str(), "LocalName": id.as_str(), "RegionEndpoint": format!("vpc.{id}.aliyuncs.com")}))
        .collect();
    object(json!({"Regions": {"Region": regions}}))
}

fn identity(caller: &Caller) -> Map<String, Value> {
    let (kind, user) = match &caller.principal {
        Principal::Root => ("Account", caller.account.as_str()),
        Principal::User(name) => ("RAMUser", name.as_str()),
        Principal::AssumedRole { role, .. } => ("AssumedRoleUser", role.as_str()),
    };
    object(json!({
        "IdentityType": kind,
        "AccountId": caller.account.as_str(),
        "PrincipalId": user,
        "UserId": user,
        "Arn": caller.arn(),
    }))
}

fn credentials(issued: &Issued) -> Map<String, Value> {
    let Principal::AssumedRole { role, session } = &issued.caller.principal else { return Map::new() };
    object(json!({
        "AssumedRoleUser": {"Arn": issued.caller.arn(), "AssumedRoleId": format!("{role}:{session}")},
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "AccessKeySecret": issued.secret.expose(),
            "SecurityToken": issued.security_token.expose(),
            "Expiration": second(issued.expires),
        },
    }))
}

fn element(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(text, name, item)),
        Value::Object(fields) => {
            text.push_str(&format!("<{name}>"));
            fields.iter().for_each(|(name, value)| element(text, name, value));
            text.push_str(&format!("</{name}>"));
        }
        Value::String(words) => text.push_str(&format!("<{name}>{}</{name}>", escape(words.as_str()))),
        other => text.push_str(&format!("<{name}>{other}</{name}>")),
    }
}
