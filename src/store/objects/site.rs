//! Where a bucket is: its address as people give it, and the host that answers for it.

use std::fmt;

use reqwest::Url;

use crate::loopback::is_this_machine;
use crate::signature::v4::Dialect;

/// A prefix in a bucket, and the host that serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Whose words the store speaks.
    pub(super) dialect: Dialect,
    /// The bucket.
    pub(super) bucket: String,
    /// What every key begins with; empty, or it ends with `/`.
    pub(super) prefix: String,
    /// The region, for signatures.
    pub(super) region: String,
    /// Where requests go. The bucket stands before the host, on loopback in the path.
    endpoint: Url,
}

/// Why a text does not say where a bucket is. It never quotes an endpoint, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplaced {
    /// Neither `oss://BUCKET/PREFIX` nor `s3://BUCKET/PREFIX`.
    #[error("it is neither oss://BUCKET/PREFIX nor s3://BUCKET/PREFIX")]
    Scheme,
    /// Something stands before the bucket, or after a `?`, that may be a key.
    #[error("there is more in the URL than a bucket and a prefix, such as keys")]
    Keys,
    /// No bucket has such a name.
    #[error("`{0}` is no name of a bucket: 3 to 63 of a-z, 0-9 and `-`")]
    Bucket(String),
    /// A prefix with something else in it than names have.
    #[error("its prefix may contain a-z, A-Z, 0-9, `.`, `_`, `-` and single `/`")]
    Prefix,
    /// It is not known in which region the bucket is.
    #[error("the bucket's region is not known: set {0}")]
    NoRegion(&'static str),
    /// No region has such a name.
    #[error("`{0}` is no name of a region")]
    Region(String),
    /// An endpoint that is more, or less, than a host and a port.
    #[error("{variable} is not a URL or a host such as {example}")]
    Endpoint {
        /// The variable.
        variable: &'static str,
        /// What it may be.
        example: &'static str,
    },
    /// An endpoint in the clear that is not this machine.
    #[error("{0} is plain http, which only this machine may speak")]
    Plain(&'static str),
}

impl Site {
    /// Reads `oss://BUCKET/PREFIX` or `s3://BUCKET/PREFIX`. `endpoint` is the one that the environment names, with the name of
    /// its variable.
    ///
    /// # Errors
    /// What is wrong with it, or missing.
    pub fn parse(
        address: &str,
        region: Option<&str>,
        endpoint: Option<(&'static str, &str)>,
    ) -> Result<Self, Unplaced> {
        let (dialect, rest) = match address.split_once("://") {
            Some(("oss", rest)) => (Dialect::Oss, rest),
            Some(("s3", rest)) => (Dialect::Aws, rest),
            _ => return Err(Unplaced::Scheme),
        };
        // What may be a secret is not shown.
        if rest.contains(['@', '?', '#', ':']) {
            return Err(Unplaced::Keys);
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_label(bucket) || bucket.len() < 3 {
            return Err(Unplaced::Bucket(bucket.escape_debug().take(80).collect()));
        }
        let region = match (region, dialect) {
            (Some(region), _) => region.to_owned(),
            (None, Dialect::Oss) => return Err(Unplaced::NoRegion("OSS_REGION")),
            (None, Dialect::Aws) => return Err(Unplaced::NoRegion("AWS_REGION")),
        };
        if !is_label(&region) {
            return Err(Unplaced::Region(region.escape_debug().take(80).collect()));
        }
        let endpoint = match endpoint {
            Some((variable, text)) => named((variable, dialect), text)?,
            None => own(dialect, &region),
        };
        Ok(Self { dialect, bucket: bucket.to_owned(), prefix: prefix_of(prefix)?, region, endpoint })
    }

    /// Returns whether requests to it travel in the clear, on this machine.
    pub fn is_plain(&self) -> bool {
        self.endpoint.scheme() == "http"
    }

    /// Returns the bucket's address, as people give it.
    pub fn address(&self) -> String {
        let scheme = match self.dialect {
            Dialect::Oss => "oss",
            Dialect::Aws => "s3",
        };
        format!("{scheme}://{}/{}", self.bucket, self.prefix.trim_end_matches('/'))
    }

    /// The `Host` header.
    pub(super) fn host(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        let host = if self.is_in_path() { host.to_owned() } else { format!("{}.{host}", self.bucket) };
        match self.endpoint.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// The path in the URL, not encoded, of an object, or of the bucket where the key is empty.
    pub(super) fn path(&self, key: &str) -> String {
        if self.is_in_path() { format!("/{}/{key}", self.bucket) } else { format!("/{key}") }
    }

    /// The path that is signed: OSS wants the bucket in it wherever that stands.
    pub(super) fn signed_path(&self, key: &str) -> String {
        match self.dialect {
            Dialect::Oss => format!("/{}/{key}", self.bucket),
            Dialect::Aws => self.path(key),
        }
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.endpoint.scheme(), self.host())
    }

    /// Returns whether the bucket stands in the path: an address has no names below it.
    fn is_in_path(&self) -> bool {
        is_here(&self.endpoint)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

fn prefix_of(text: &str) -> Result<String, Unplaced> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.is_empty() {
        return Ok(String::new());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let good = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
    if text.len() > 256 || !text.split('/').all(good) {
        return Err(Unplaced::Prefix);
    }
    Ok(format!("{text}/"))
}

/// Reads the endpoint that a variable names; one without a scheme is https.
fn named((variable, dialect): (&'static str, Dialect), text: &str) -> Result<Url, Unplaced> {
    let example = match dialect {
        Dialect::Oss => "https://oss-cn-hangzhou.aliyuncs.com",
        Dialect::Aws => "https://s3.eu-central-1.amazonaws.com",
    };
    let wrong = || Unplaced::Endpoint { variable, example };
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(wrong());
    }
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_bare || !is_anonymous || url.host_str().is_none() {
        return Err(wrong());
    }
    if url.scheme() == "http" && !is_here(&url) {
        return Err(Unplaced::Plain(variable));
    }
    Ok(url)
}

/// Returns whether a URL leads to this machine.
fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(is_this_machine)
}

/// The vendor's own host in a region.
fn own(dialect: Dialect, region: &str) -> Url {
    let host = match dialect {
        Dialect::Oss => format!("oss-{region}.aliyuncs.com"),
        Dialect::Aws if region.starts_with("cn-") => format!("s3.{region}.amazonaws.com.cn"),
        Dialect::Aws => format!("s3.{region}.amazonaws.com"),
    };
    Url::parse(&format!("https://{host}")).expect("a host of labels parses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_the_vendors_host_unless_another_is_named() {
        let oss = Site::parse("oss://audit/net", Some("cn-hangzhou"), None).unwrap();
        assert_eq!(
            (oss.origin().as_str(), oss.prefix.as_str()),
            ("https://audit.oss-cn-hangzhou.aliyuncs.com", "net/")
        );
        assert_eq!((oss.path("k"), oss.signed_path("k")), ("/k".to_owned(), "/audit/k".to_owned()));
        let s3 = Site::parse("s3://audit", Some("eu-central-1"), None).unwrap();
        assert_eq!((s3.origin().as_str(), s3.prefix.as_str()), ("https://audit.s3.eu-central-1.amazonaws.com", ""));
        let inner = Some(("OSS_ENDPOINT", "oss-cn-hangzhou-internal.aliyuncs.com"));
        let inner = Site::parse("oss://audit/a/b/", Some("cn-hangzhou"), inner).unwrap();
        assert_eq!(inner.origin(), "https://audit.oss-cn-hangzhou-internal.aliyuncs.com");
        assert_eq!(inner.address(), "oss://audit/a/b");
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear_with_the_bucket_in_the_path() {
        let here = Site::parse("s3://audit", Some("r-1"), Some(("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"))).unwrap();
        assert_eq!((here.origin().as_str(), here.path("k").as_str()), ("http://127.0.0.1:5000", "/audit/k"));
        let there = Site::parse("s3://audit", Some("r-1"), Some(("AWS_ENDPOINT_URL", "http://10.0.0.1:5000")));
        assert_eq!(there, Err(Unplaced::Plain("AWS_ENDPOINT_URL")));
    }

    #[test]
    fn nothing_but_a_bucket_and_a_prefix_is_taken_from_an_address() {
        let parse = |text: &str| Site::parse(text, Some("r-1"), None).unwrap_err();
        assert_eq!(parse("gs://audit"), Unplaced::Scheme);
        for bad in ["oss://a", "oss://Audit", "s3://a.b.c", "s3://-audit"] {
            assert!(matches!(parse(bad), Unplaced::Bucket(_)), "{bad}");
        }
        for bad in ["oss://key:secret@audit", "s3://audit?secret=x", "oss://audit/x?y", "oss://audit/x#y"] {
            assert_eq!(parse(bad), Unplaced::Keys, "{bad}");
        }
        for bad in ["oss://audit//x", "oss://audit/../x", "oss://audit/a b"] {
            assert_eq!(parse(bad), Unplaced::Prefix, "{bad}");
        }
        let region = |text| Site::parse("oss://audit", Some(text), None).unwrap_err();
        assert_eq!(region("cn.evil.example/"), Unplaced::Region("cn.evil.example/".to_owned()));
        assert_eq!(Site::parse("oss://audit", None, None), Err(Unplaced::NoRegion("OSS_REGION")));
        for bad in ["https://u:p@host", "https://host/path", "https://host?x", "ftp://host", "https://", "a b"] {
            let endpoint = Some(("OSS_ENDPOINT", bad));
            let said = Site::parse("oss://audit", Some("r"), endpoint).unwrap_err().to_string();
            assert_eq!(
                said, "OSS_ENDPOINT is not a URL or a host such as https://oss-cn-hangzhou.aliyuncs.com",
                "{bad}"
            );
            let endpoint = Some(("AWS_ENDPOINT_URL_S3", bad));
            let said = Site::parse("s3://audit", Some("r"), endpoint).unwrap_err().to_string();
            assert_eq!(
                said, "AWS_ENDPOINT_URL_S3 is not a URL or a host such as https://s3.eu-central-1.amazonaws.com",
                "{bad}"
            );
        }
    }
}
