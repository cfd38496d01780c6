//! Signatures, pure: those of the RPC API, with which the client signs and the emulator checks, and those of object stores and chat robots.
//!
//! V1 is HMAC-SHA1 over the sorted query ([`v1`]); V3 is ACS3-HMAC-SHA256 over the request with the keys in headers
//! ([`v3`]); object stores have a scheme of their own ([`v4`]), chat robots one each ([`robot`]). All are pinned by golden vectors made with the official SDKs
//! (`tests/signature.rs`). Source: docs/reference/api.md#v1 and docs/reference/api.md#v3.

pub mod robot;
pub mod v4;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Percent-encodes as RFC 3986 says: everything but `A-Za-z0-9-_.~`, in upper-case hex, space as `%20`.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    encoded
}

/// Joins parameters as both signatures want them: sorted by raw key, encoded, empty values kept as `Key=`.
pub fn canonical_query<K: AsRef<str>, V: AsRef<str>>(parameters: &[(K, V)]) -> String {
    let mut sorted: Vec<(&str, &str)> = parameters.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect();
    sorted.sort_unstable();
    let pairs: Vec<String> =
        sorted.iter().map(|(key, value)| format!("{}={}", percent_encode(key), percent_encode(value))).collect();
    pairs.join("&")
}

/// Writes bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

/// Hashes with SHA-256, as lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC-SHA1 over the sorted parameters (`SignatureVersion=1.0`).
pub mod v1 {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use sha1::Sha1;

    use super::{canonical_query, percent_encode};

    /// Builds what is signed. `method` is upper case; `parameters` are all of query and form but `Signature`.
    pub fn string_to_sign<K: AsRef<str>, V: AsRef<str>>(method: &str, parameters: &[(K, V)]) -> String {
        format!("{method}&%2F&{}", percent_encode(&canonical_query(parameters)))
    }

    /// Signs; the result is base64 and must be percent-encoded when it goes into a URL.
    pub fn sign(access_key_secret: &str, string_to_sign: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(format!("{access_key_secret}&").as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(string_to_sign.as_bytes());
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// ACS3-HMAC-SHA256 over the whole request, keys and tokens in headers.
pub mod v3 {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use sha2::Sha256;

    use super::{canonical_query, hex, sha256_hex};

    /// The name of the algorithm, first word of the Authorization header.
    pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

    /// Builds the canonical request. `headers` are the signed ones, names in lower case, in any order;
    /// `payload_hash` is the value of `x-acs-content-sha256`.
    pub fn canonical_request<K: AsRef<str>, V: AsRef<str>>(
        method: &str,
        query: &[(K, V)],
        headers: &[(&str, &str)],
        payload_hash: &str,
    ) -> String {
        let mut sorted = headers.to_vec();
        sorted.sort_unstable();
        let lines: String = sorted.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        format!("{method}\n/\n{}\n{lines}\n{}\n{payload_hash}", canonical_query(query), signed_headers(headers))
    }

    /// Joins the names of the signed headers: sorted, `;` between.
    pub fn signed_headers(headers: &[(&str, &str)]) -> String {
        let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.join(";")
    }

    /// Builds what is signed.
    pub fn string_to_sign(canonical_request: &str) -> String {
        format!("{ALGORITHM}\n{}", sha256_hex(canonical_request.as_bytes()))
    }

    /// Signs; the key is the bare secret.
    pub fn sign(access_key_secret: &str, string_to_sign: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(access_key_secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(string_to_sign.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// Writes the Authorization header.
    pub fn authorization(access_key_id: &str, headers: &[(&str, &str)], signature: &str) -> String {
        format!(
            "{ALGORITHM} Credential={access_key_id},SignedHeaders={},Signature={signature}",
            signed_headers(headers)
        )
    }
}
