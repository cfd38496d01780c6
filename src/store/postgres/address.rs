//! Where a Postgres is, and what is known for logging in: read strictly, so that nothing secret stands where it can be seen
//! and nothing is sent in the clear.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::loopback::is_this_machine;

/// A server, a database and a user; never a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) database: String,
    /// TLS with the server's certificate and name verified; else none at all, to this host only.
    pub(super) is_encrypted: bool,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// By its name or number.
    Tcp(String),
    /// By the directory of its socket.
    Socket(PathBuf),
}

/// What the environment knows for logging in.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// `PGPASSWORD`.
    pub password: Option<SecretString>,
    /// `PGPASSFILE`.
    pub password_file: Option<PathBuf>,
    /// `PGSSLROOTCERT`: whose certificates are trusted, in the place of the system's.
    pub root_certificate: Option<PathBuf>,
}

/// Why a URL is refused. It never shows what may be a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// There is a password in it.
    #[error("a password stands in the URL")]
    Password,
    /// It cannot be read, or asks for something unknown.
    #[error("{0}")]
    Malformed(String),
    /// It asks for less than verified TLS.
    #[error("sslmode={0} does not verify whom the state is sent to")]
    Weak(String),
}

impl BadAddress {
    /// Says what to write instead.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Password => "take it out, and set PGPASSWORD, or PGPASSFILE to a file like ~/.pgpass",
            Self::Malformed(_) => {
                "write postgres://USER@HOST[:PORT]/DATABASE, or postgres://USER@/DATABASE?host=/DIRECTORY for a socket"
            }
            Self::Weak(_) => "leave sslmode out: TLS is verified in full; PGSSLROOTCERT names another authority",
        }
    }
}

fn malformed(what: impl Into<String>) -> BadAddress {
    BadAddress::Malformed(what.into())
}

impl Address {
    /// Reads `postgres://USER@HOST[:PORT]/DATABASE[?sslmode=verify-full][?host=/DIRECTORY]`.
    ///
    /// # Errors
    /// What is wrong with it, without its words.
    pub fn parse(url: &str) -> Result<Self, BadAddress> {
        let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let rest = rest.ok_or_else(|| malformed("it does not begin with postgres://"))?;
        if rest.contains('#') {
            return Err(malformed("it contains `#`"));
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may contain anything: whatever stands before the last `@` is not shown.
        let (login, place) = place.rsplit_once('@').unwrap_or(("", place));
        if login.contains([':', '/']) {
            return Err(BadAddress::Password);
        }
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (name, port) = host_and_port(authority)?;
        let mut asked = Asked::default();
        asked.read(query)?;
        let (user, database) = (decoded(login)?, decoded(database)?);
        if user.contains(':') {
            return Err(BadAddress::Password);
        }
        if user.is_empty() {
            return Err(malformed("it names no user"));
        }
        if database.is_empty() || database.contains('/') {
            return Err(malformed("it names no database"));
        }
        let host = match (asked.socket, name.is_empty()) {
            (Some(directory), true) => Host::Socket(directory),
            (None, false) if name.starts_with('/') => Host::Socket(PathBuf::from(name)),
            (None, false) => Host::Tcp(name),
            (Some(_), false) => return Err(malformed("it names a host and a socket")),
            (None, true) => return Err(malformed("it names no host")),
        };
        let is_encrypted = encrypted(&host, asked.mode.as_deref())?;
        Ok(Self { host, port, user, database, is_encrypted })
    }

    /// Returns how the server is called where passwords are kept: sockets are `localhost`, as everywhere.
    pub(super) fn name_in_password_file(&self) -> &str {
        if let Host::Tcp(name) = &self.host { name } else { "localhost" }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, port, database, .. } = self;
        match &self.host {
            Host::Tcp(name) if name.contains(':') => write!(f, "postgres://{user}@[{name}]:{port}/{database}"),
            Host::Tcp(name) => write!(f, "postgres://{user}@{name}:{port}/{database}"),
            Host::Socket(directory) => {
                write!(f, "postgres://{user}@:{port}/{database}?host={}", directory.display())
            }
        }
    }
}

/// What the query of a URL asks for.
#[derive(Debug, Default)]
struct Asked {
    mode: Option<String>,
    socket: Option<PathBuf>,
}

impl Asked {
    fn read(&mut self, query: &str) -> Result<(), BadAddress> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(key)?.to_ascii_lowercase();
            match key.as_str() {
                "password" | "passfile" | "sslpassword" => return Err(BadAddress::Password),
                "sslmode" => self.mode = Some(decoded(value)?),
                "host" => {
                    let directory = decoded(value)?;
                    if !directory.starts_with('/') {
                        return Err(malformed("`host` is no directory of a socket"));
                    }
                    self.socket = Some(PathBuf::from(directory));
                }
                _ => return Err(malformed("it asks for something beside `sslmode` and `host`")),
            }
        }
        Ok(())
    }
}

/// Returns whether TLS is used, which off this host is always.
fn encrypted(host: &Host, mode: Option<&str>) -> Result<bool, BadAddress> {
    let is_here = match host {
        Host::Socket(_) => true,
        Host::Tcp(name) => is_this_machine(name),
    };
    let is_socket = matches!(host, Host::Socket(_));
    match mode {
        Some("verify-full") if !is_socket => Ok(true),
        None => Ok(!is_here),
        Some("disable" | "allow" | "prefer") if is_here => Ok(false),
        Some("disable" | "allow" | "prefer" | "require" | "verify-ca") => {
            Err(BadAddress::Weak(mode.unwrap_or_default().to_owned()))
        }
        Some(_) => Err(malformed("its sslmode is unknown")),
    }
}

fn host_and_port(authority: &str) -> Result<(String, u16), BadAddress> {
    /// Where Postgres listens.
    const PORT: u16 = 5432;
    if authority.contains(',') {
        return Err(malformed("it names several hosts; one state has one server"));
    }
    let (name, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, "")) => (name, None),
        Some((name, port)) => (name, Some(port.strip_prefix(':').ok_or_else(|| malformed("its host is malformed"))?)),
        None => authority.split_once(':').map_or((authority, None), |(name, port)| (name, Some(port))),
    };
    let port = port
        .filter(|port| !port.is_empty())
        .map_or(Ok(PORT), |port| port.parse().map_err(|_| malformed("its port is no number up to 65535")))?;
    Ok((decoded(name)?, port))
}

/// Takes the percent signs out of a part of a URL.
fn decoded(part: &str) -> Result<String, BadAddress> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            bytes.push(code.ok_or_else(|| malformed("a `%` in it is not followed by two digits"))?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
    if text.contains(char::is_control) { Err(malformed("it contains a control character")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<String, String> {
        let mode = |address: &Address| if address.is_encrypted { " verified" } else { "" };
        Address::parse(url).map(|address| format!("{address}{}", mode(&address))).map_err(|error| error.to_string())
    }

    #[test]
    fn off_this_host_tls_is_verified_in_full() {
        let good = |url: &str| read(url).unwrap();
        assert_eq!(good("postgres://net@db.example.com/rictl"), "postgres://net@db.example.com:5432/rictl verified");
        assert_eq!(good("postgresql://net@db:6432/x?sslmode=verify-full"), "postgres://net@db:6432/x verified");
        assert_eq!(good("postgres://net@127.0.0.1:5433/x"), "postgres://net@127.0.0.1:5433/x");
        assert_eq!(good("postgres://net@[::1]/x?sslmode=disable"), "postgres://net@[::1]:5432/x");
        assert_eq!(good("postgres://net@[::ffff:127.0.0.1]/x"), "postgres://net@[::ffff:127.0.0.1]:5432/x");
        assert_eq!(good("postgres://net@localhost/x?sslmode=verify-full"), "postgres://net@localhost:5432/x verified");
        assert_eq!(good("postgres://net@/x?host=/run/postgresql"), "postgres://net@:5432/x?host=/run/postgresql");
        assert_eq!(good("postgres://net@%2Frun%2Fpg/x"), "postgres://net@:5432/x?host=/run/pg");
        for weak in ["disable", "prefer", "require", "verify-ca"] {
            let said = read(&format!("postgres://net@db/x?sslmode={weak}")).unwrap_err();
            assert!(said.starts_with(&format!("sslmode={weak} ")), "{said}");
        }
    }

    #[test]
    fn a_password_is_refused_and_never_shown() {
        for url in [
            "postgres://net:hunter2@db/x",
            "postgres://net:hunter2/@x@db/x",
            "postgres://net@db/x?password=hunter2",
            "postgres://net@db/x?PassWord=hunter2",
            "postgres://net@db/x?pass%77ord=hunter2",
            "postgres://:hunter2@db/x",
            "postgres://net%3Ahunter2@db/x",
        ] {
            assert_eq!(Address::parse(url), Err(BadAddress::Password), "{url}");
        }
        for url in [
            "postgres://hunter2",
            "postgres://net@hunter2",
            "postgres://net@db/x?hunter2=1",
            "postgres://net@db,hunter2/x",
            "postgres://net@db:hunter2/x",
            "postgres://net@db/x#hunter2",
            "postgres://net@/x",
            "mysql://hunter2@db/x",
            "postgres://db/x",
            "postgres://net@db/x?host=relative",
            "postgres://net@db/x?sslmode=hunter2",
        ] {
            let said = read(url).unwrap_err();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
