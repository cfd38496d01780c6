//! The signatures of object stores, one scheme in two dialects: `OSS4-HMAC-SHA256` and `AWS4-HMAC-SHA256`.
//!
//! The key is derived from the secret, the day, the region and the service, so that what signs is of no use elsewhere.
//! Both are pinned by vectors made with the official SDKs (`tests/signature.rs`).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{hex, percent_encode, sha256_hex};

/// Whose words the scheme is spoken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Alibaba Cloud OSS.
    Oss,
    /// Amazon S3, and what speaks like it.
    Aws,
}

/// The hash of a body that is not signed, which OSS takes.
pub const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What is signed of a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The method, upper case.
    pub method: &'r str,
    /// The path, not encoded. For OSS it begins with the bucket, wherever that stands in the URL.
    pub path: &'r str,
    /// The query, in any order.
    pub query: &'r [(&'r str, &'r str)],
    /// The headers that are signed, names in lower case, in any order.
    pub headers: &'r [(&'r str, &'r str)],
    /// The SHA-256 of the body in hex, or [`UNSIGNED`].
    pub payload_hash: &'r str,
}

/// Which day, region and dialect a signature is for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    /// Whose words.
    pub dialect: Dialect,
    /// When, as `20261130T080910Z`.
    pub at: &'s str,
    /// In which region.
    pub region: &'s str,
}

impl Dialect {
    const fn algorithm(self) -> &'static str {
        match self {
            Self::Oss => "OSS4-HMAC-SHA256",
            Self::Aws => "AWS4-HMAC-SHA256",
        }
    }

    /// What stands before the secret in the first key.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Oss => "aliyun_v4",
            Self::Aws => "AWS4",
        }
    }

    const fn service(self) -> &'static str {
        match self {
            Self::Oss => "oss",
            Self::Aws => "s3",
        }
    }

    const fn terminator(self) -> &'static str {
        match self {
            Self::Oss => "aliyun_v4_request",
            Self::Aws => "aws4_request",
        }
    }

    /// Returns whether a signed header has to be listed: OSS signs its own, and these two, wherever they are.
    fn lists(self, header: &str) -> bool {
        match self {
            Self::Oss => !header.starts_with("x-oss-") && !["content-type", "content-md5"].contains(&header),
            Self::Aws => true,
        }
    }

    fn query(self, parameters: &[(&str, &str)]) -> String {
        let mut pairs: Vec<(String, String)> =
            parameters.iter().map(|(key, value)| (percent_encode(key), percent_encode(value))).collect();
        pairs.sort_unstable();
        let pair = |(key, value): (String, String)| match self {
            Self::Oss if value.is_empty() => key,
            _ => format!("{key}={value}"),
        };
        pairs.into_iter().map(pair).collect::<Vec<_>>().join("&")
    }
}

/// Percent-encodes a path, slashes apart.
pub fn encode_path(path: &str) -> String {
    path.split('/').map(percent_encode).collect::<Vec<_>>().join("/")
}

impl Request<'_> {
    /// Builds the canonical request.
    pub fn canonical(&self, dialect: Dialect) -> String {
        let mut headers = self.headers.to_vec();
        headers.sort_unstable();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        format!(
            "{}\n{}\n{}\n{lines}\n{}\n{}",
            self.method,
            encode_path(self.path),
            dialect.query(self.query),
            self.listed(dialect),
            self.payload_hash
        )
    }

    /// Joins the names of the signed headers that have to be listed: sorted, `;` between.
    fn listed(&self, dialect: Dialect) -> String {
        let mut names: Vec<&str> =
            self.headers.iter().map(|(name, _)| *name).filter(|name| dialect.lists(name)).collect();
        names.sort_unstable();
        names.join(";")
    }

    /// Signs, and writes the Authorization header.
    pub fn authorization(&self, scope: &Scope<'_>, access_key_id: &str, access_key_secret: &str) -> String {
        let dialect = scope.dialect;
        let (algorithm, listed) = (dialect.algorithm(), self.listed(dialect));
        let signature = scope.sign(access_key_secret, &self.canonical(dialect));
        let credential = format!("{algorithm} Credential={access_key_id}/{}", scope.text());
        match dialect {
            Dialect::Oss if listed.is_empty() => format!("{credential}, Signature={signature}"),
            Dialect::Oss => format!("{credential}, Signature={signature}, AdditionalHeaders={listed}"),
            Dialect::Aws => format!("{credential}, SignedHeaders={listed}, Signature={signature}"),
        }
    }
}

impl Scope<'_> {
    fn day(&self) -> &str {
        self.at.split('T').next().unwrap_or_default()
    }

    fn text(&self) -> String {
        format!("{}/{}/{}/{}", self.day(), self.region, self.dialect.service(), self.dialect.terminator())
    }

    fn sign(&self, secret: &str, canonical_request: &str) -> String {
        let dialect = self.dialect;
        let (algorithm, hash) = (dialect.algorithm(), sha256_hex(canonical_request.as_bytes()));
        let string_to_sign = format!("{algorithm}\n{}\n{}\n{hash}", self.at, self.text());
        let key = format!("{}{secret}", dialect.prefix()).into_bytes();
        let parts = [self.day(), self.region, dialect.service(), dialect.terminator(), &string_to_sign];
        hex(&parts.iter().fold(key, |key, part| mac(&key, part)))
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
