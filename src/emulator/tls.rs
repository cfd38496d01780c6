//! The emulator's own authority, and the certificate that it shows for this machine.
//!
//! A directory holds both: `ca.pem`, which clients are told to trust, and `server.pem`, the certificate for localhost and
//! its addresses with its key. The authority's key is used once and kept nowhere: whoever trusts `ca.pem` trusts this one
//! certificate. What is there is used again while it is valid; files that this program did not make are refused and stay.
//! What certificates are made of stands in `tls/certificate`.

mod certificate;

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};

use self::certificate::Subjects;
use crate::bounds;
use crate::store::named::{self, Links, NamedError};
use crate::store::{self, Mode, StoreError};

/// What the two certificates are called: by that the program knows its own again.
const AUTHORITY_NAME: &str = "rictl emulator authority";
const SERVER_NAME: &str = "rictl emulator";
/// Whom the certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// As long as public authorities give; some clients take no longer one.
const LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// A certificate that ends within this time is made anew: it should not end while it is served.
const LAST_DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Why HTTPS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Something that this program did not make stands at one of the names.
    #[error("{} is there, and `rictl emulator serve` did not make it", .0.display())]
    Foreign(PathBuf),
    /// Something else than a regular file stands at one of the names.
    #[error("cannot use {}", .path.display())]
    File {
        /// The name.
        path: PathBuf,
        /// What stands there.
        source: NamedError,
    },
    /// The directory cannot be made.
    #[error("cannot make the directory {}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error("cannot make a key: the system gives no random numbers")]
    Making,
    /// What was made or found cannot be served.
    #[error("cannot set up TLS")]
    Setup(#[from] rustls::Error),
}

/// What a server shows by TLS, and where clients find whom to trust.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    authority: PathBuf,
    is_new: bool,
}

impl Tls {
    /// Takes the certificate of a directory, or makes one where there is none, or none that lasts.
    ///
    /// # Errors
    ///
    /// A directory that cannot be used, or files of somebody else in it.
    pub fn of(directory: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let authority = directory.join("ca.pem");
        let server = directory.join("server.pem");
        let found = Found::read(&authority, &server)?;
        let lasting = found.filter(|found| found.lasts(now));
        let is_new = lasting.is_none();
        let Found { leaf, key, .. } = match lasting {
            Some(found) => found,
            None => {
                write(directory, [&authority, &server], now)?;
                Found::read(&authority, &server)?.ok_or_else(|| TlsError::Foreign(server.clone()))?
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), authority, is_new })
    }

    /// Returns the file that clients are to trust.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// Returns whether the certificate was made just now: whoever trusted another one has to read the file again.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

/// What stands in a directory, all of it made by this program.
struct Found {
    authority: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Found {
    /// Reads the files; `None` where one of them is missing or incomplete, as a start that was cut short leaves them.
    fn read(authority: &Path, server: &Path) -> Result<Option<Self>, TlsError> {
        let authority = ours(authority, AUTHORITY_NAME, false)?;
        let server = ours(server, SERVER_NAME, true)?;
        let (Some((authority, _)), Some((leaf, Some(key)))) = (authority, server) else { return Ok(None) };
        Ok(Some(Self { authority, leaf, key }))
    }

    /// Returns whether a client that trusts the authority would take the certificate for every name, some days on too.
    fn lasts(&self, now: Timestamp) -> bool {
        let mut roots = RootCertStore::empty();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = roots
            .add(self.authority.clone())
            .ok()
            .and_then(|()| WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().ok());
        let Some(verifier) = verifier else { return false };
        let end = now.checked_add(LAST_DAYS).unwrap_or(Timestamp::MAX);
        [now, end].into_iter().all(|at| {
            let at = UnixTime::since_unix_epoch(Duration::from_secs(at.as_second().try_into().unwrap_or_default()));
            NAMES.iter().all(|name| {
                let name = ServerName::try_from(*name).expect("localhost and its addresses are names");
                verifier.verify_server_cert(&self.leaf, &[], &name, &[], at).is_ok()
            })
        })
    }
}

/// A certificate, and the key beside it where there is to be one.
type Pieces = (CertificateDer<'static>, Option<PrivateKeyDer<'static>>);

/// Reads one of our files; `None` where there is none. Nothing but what was written may stand in it.
fn ours(path: &Path, subject: &str, has_key: bool) -> Result<Option<Pieces>, TlsError> {
    let text = match named::read(path, Links::Refused, bounds::CERTIFICATE_BYTES) {
        Ok(text) => text,
        Err(NamedError::Absent) => return Ok(None),
        Err(source) => return Err(TlsError::File { path: path.to_owned(), source }),
    };
    let foreign = || TlsError::Foreign(path.to_owned());
    let certificate = CertificateDer::from_pem_slice(&text).map_err(|_| foreign())?;
    let mut written = pem("CERTIFICATE", &certificate);
    let key = if has_key { Some(PrivateKeyDer::from_pem_slice(&text).map_err(|_| foreign())?) } else { None };
    if let Some(key) = &key {
        written.push_str(&pem("PRIVATE KEY", key.secret_der()));
    }
    let is_named = certificate.windows(subject.len()).any(|part| part == subject.as_bytes());
    if is_named && written.as_bytes() == text { Ok(Some((certificate, key))) } else { Err(foreign()) }
}

/// Makes both certificates and writes them, each in one step; the key is its owner's alone.
fn write(directory: &Path, [authority, server]: [&Path; 2], now: Timestamp) -> Result<(), TlsError> {
    // From yesterday on, since clocks differ.
    let start = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
    let span = [start, now.checked_add(LIFE).unwrap_or(Timestamp::MAX)];
    let subjects = Subjects { authority: AUTHORITY_NAME, leaf: SERVER_NAME, span };
    let made = certificate::make(&subjects).map_err(|_| TlsError::Making)?;
    let doing = |source| TlsError::Directory { path: directory.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(doing)?;
    let private = format!("{}{}", pem("CERTIFICATE", &made.leaf), pem("PRIVATE KEY", &made.key));
    store::put_file(server, private.as_bytes(), &Mode::Exactly(Permissions::from_mode(0o600)), true)?;
    let public = pem("CERTIFICATE", &made.authority);
    store::put_file(authority, public.as_bytes(), &Mode::Exactly(Permissions::from_mode(0o644)), true)?;
    Ok(())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut lines = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        lines.push_str(&String::from_utf8_lossy(line));
        lines.push('\n');
    }
    lines.push_str(&format!("-----END {label}-----\n"));
    lines
}

#[cfg(test)]
mod tests;
