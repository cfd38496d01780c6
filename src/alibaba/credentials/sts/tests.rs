//! Mutated answers of STS: none panics, and no refusal repeats a secret that was sent.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use super::*;
use crate::feed;

#[test]
fn mutated_answers_of_sts_are_credentials_or_refusals_without_what_was_sent() {
    let success = br#"{"RequestId":"R","AssumedRoleUser":{"Arn":"a"},"Credentials":{"AccessKeyId":"STS.a",
        "AccessKeySecret":"s","SecurityToken":"t","Expiration":"2026-11-29T00:00:00Z"}}"#;
    let refused = br#"{"RequestId":"R","Code":"SignatureDoesNotMatch","Message":"no zzqx/1+ zzqx%2F1%2B zzqx%252F1%252B
        server string to sign is:zzqx/1+"}"#;
    let secret = SecretString::from("zzqx/1+");
    feed::feed("sts", &[success.to_vec(), refused.to_vec()], |bytes| {
        let Ok(body) = std::str::from_utf8(bytes) else { return false };
        // What a change made of the secret is not it any more.
        let is_whole = ["zzqx/1+", "zzqx%2F1%2B", "zzqx%252F1%252B"].map(|form| body.contains(form));
        let text = Refusal::read(403, body, &[Some(&secret), None]).text;
        assert!(!is_whole.contains(&true) || !text.contains("zzqx/1+"), "{text}: {body}");
        issued(body).is_ok()
    });
}
