//! Credentials by GET: from the metadata service of an ECS instance, or from an address that the user names.
//!
//! The metadata service is asked in its hardened mode first (a token by PUT). Only a service that does not know
//! the hardened mode, or whose answer to the PUT is lost, is asked without a token: a refused token call is an
//! answer, and going around it would undo the hardening.

use reqwest::{Client, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::http::{METADATA, NoAnswer, SERVICE, checked_url, client, send};
use super::issued::Issued;
use crate::alibaba::Credentials;
use crate::alibaba::proxy::{METADATA_ADDRESS, Proxy};
use crate::signature::percent_encode;

const TOKEN_PATH: &str = "/latest/api/token";
const ROLE_PATH: &str = "/latest/meta-data/ram/security-credentials/";

/// How long a metadata token is asked to last: six hours, the most there is and what the official libraries ask.
const TOKEN_SECONDS: &str = "21600";

/// How the metadata service is reached.
pub(super) struct MetadataService<'a> {
    /// Another base address, for tests.
    pub(super) endpoint: Option<&'a str>,
    /// Whether asking without a token is ruled out.
    pub(super) token_required: bool,
}

impl MetadataService<'_> {
    /// Gets the credentials of a role, or of the instance's only role.
    pub(super) async fn credentials(&self, role: Option<&str>) -> Result<Credentials, String> {
        let base = match self.endpoint {
            Some(endpoint) => checked_url(endpoint)?,
            None => checked_url(&format!("http://{METADATA_ADDRESS}"))?,
        };
        let client = client(&base, METADATA, None)?;
        let token = self.token(&client, &base).await?;
        let asked;
        let role = match role {
            Some(role) => role,
            None => {
                asked = get(&client, at(&base, ROLE_PATH), token.as_ref()).await.map_err(|f| f.of("its role"))?;
                asked.expose_secret().trim()
            }
        };
        if role.is_empty() || role.lines().count() > 1 {
            return Err("this instance has no role, or more than one".to_owned());
        }
        let url = at(&base, &format!("{ROLE_PATH}{}", percent_encode(role)));
        let body = get(&client, url, token.as_ref()).await.map_err(|failure| failure.of("its credentials"))?;
        Issued::parse(body.expose_secret())
    }

    /// Gets a token; `None` where the service is to be asked without one.
    async fn token(&self, client: &Client, base: &Url) -> Result<Option<SecretString>, String> {
        let request = client.put(at(base, TOKEN_PATH)).header("X-aliyun-ecs-metadata-token-ttl-seconds", TOKEN_SECONDS);
        let lacking = match send(request).await {
            Ok(answer) if answer.status == 200 => return Ok(Some(answer.body)),
            Ok(answer) if answer.status == 404 => "it does not know the hardened mode".to_owned(),
            Ok(answer) => return Err(format!("it refused a token with HTTP status {}", answer.status)),
            Err(NoAnswer::Interrupted(text)) => format!("the answer to the token call was lost: {text}"),
            // Where nothing listens, a second request would only wait again.
            Err(failure) => return Err(failure.into_text()),
        };
        if self.token_required {
            return Err(format!("{lacking}, and ALIBABA_CLOUD_IMDSV1_DISABLED forbids asking without a token"));
        }
        tracing::debug!("the metadata service is asked without a token: {lacking}");
        Ok(None)
    }
}

/// Gets credentials from an address of the user's.
pub(super) async fn from_uri(uri: &str, proxy: Option<&Proxy>) -> Result<Credentials, String> {
    let url = checked_url(uri)?;
    let client = client(&url, SERVICE, proxy)?;
    let body = get(&client, url, None).await.map_err(|failure| failure.of("credentials"))?;
    Issued::parse(body.expose_secret())
}

/// Why a GET gave nothing.
enum Failure {
    Status(u16),
    NoAnswer(NoAnswer),
}

impl Failure {
    fn of(self, what: &str) -> String {
        match self {
            Self::Status(status) => format!("it answered HTTP status {status} when asked for {what}"),
            Self::NoAnswer(failure) => failure.into_text(),
        }
    }
}

async fn get(client: &Client, url: Url, token: Option<&SecretString>) -> Result<SecretString, Failure> {
    let mut request = client.get(url);
    if let Some(token) = token {
        request = request.header("X-aliyun-ecs-metadata-token", token.expose_secret().trim());
    }
    match send(request).await {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(Failure::Status(answer.status)),
        Err(failure) => Err(Failure::NoAnswer(failure)),
    }
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}
