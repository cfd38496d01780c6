//! The signatures against golden vectors made with the official SDKs.

use std::collections::BTreeMap;

use rictl::signature::{v1, v3, v4};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    v1: Vec<V1>,
    v3: Vec<V3>,
}

#[derive(Deserialize)]
struct V1 {
    name: String,
    method: String,
    access_key_secret: String,
    signed_params: BTreeMap<String, String>,
    string_to_sign: String,
    signature: String,
}

#[derive(Deserialize)]
struct V3 {
    name: String,
    method: String,
    access_key_id: String,
    access_key_secret: String,
    query: BTreeMap<String, String>,
    headers_signed: BTreeMap<String, String>,
    canonical_request: String,
    string_to_sign: String,
    authorization: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("fixtures/signature_vectors.json")).expect("the fixture is JSON")
}

#[test]
fn v1_signs_every_golden_vector() {
    let vectors = vectors().v1;
    assert_eq!(vectors.len(), 16);
    for vector in vectors {
        let parameters: Vec<_> = vector.signed_params.iter().collect();
        let string_to_sign = v1::string_to_sign(&vector.method, &parameters);
        assert_eq!(string_to_sign, vector.string_to_sign, "{}", vector.name);
        assert_eq!(v1::sign(&vector.access_key_secret, &string_to_sign), vector.signature, "{}", vector.name);
    }
}

#[test]
fn v3_signs_every_golden_vector() {
    let vectors = vectors().v3;
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let query: Vec<_> = vector.query.iter().collect();
        let headers: Vec<_> =
            vector.headers_signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let payload_hash = &vector.headers_signed["x-acs-content-sha256"];
        let request = v3::canonical_request(&vector.method, &query, &headers, payload_hash);
        assert_eq!(request, vector.canonical_request, "{}", vector.name);
        let string_to_sign = v3::string_to_sign(&request);
        assert_eq!(string_to_sign, vector.string_to_sign, "{}", vector.name);
        let signature = v3::sign(&vector.access_key_secret, &string_to_sign);
        assert_eq!(
            v3::authorization(&vector.access_key_id, &headers, &signature),
            vector.authorization,
            "{}",
            vector.name
        );
    }
}

#[derive(Deserialize)]
struct ObjectVectors {
    at: String,
    access_key_id: String,
    access_key_secret: String,
    oss_region: String,
    aws_region: String,
    oss: Vec<V4>,
    aws: Vec<V4>,
}

#[derive(Deserialize)]
struct V4 {
    name: String,
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    payload_hash: String,
    canonical_request: String,
    authorization: String,
}

#[test]
fn v4_signs_every_golden_vector_in_both_dialects() {
    let vectors: ObjectVectors =
        serde_json::from_str(include_str!("fixtures/object_signature_vectors.json")).expect("the fixture is JSON");
    assert_eq!((vectors.oss.len(), vectors.aws.len()), (10, 9));
    let oss = vectors.oss.iter().map(|vector| (v4::Dialect::Oss, &vectors.oss_region, vector));
    let aws = vectors.aws.iter().map(|vector| (v4::Dialect::Aws, &vectors.aws_region, vector));
    for (dialect, region, vector) in oss.chain(aws) {
        let query: Vec<_> = vector.query.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let headers: Vec<_> = vector.headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let request = v4::Request {
            method: &vector.method,
            path: &vector.path,
            query: &query,
            headers: &headers,
            payload_hash: &vector.payload_hash,
        };
        let name = format!("{dialect:?}: {}", vector.name);
        assert_eq!(request.canonical(dialect), vector.canonical_request, "{name}");
        let scope = v4::Scope { dialect, at: &vectors.at, region };
        let signed = request.authorization(&scope, &vectors.access_key_id, &vectors.access_key_secret);
        assert_eq!(signed, vector.authorization, "{name}");
    }
}
