//! A connection to a Postgres, made when it is needed and made again when it is gone; and what its errors mean.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};

use super::address::{Address, Host, Login};
use super::idle::{Idle, Owner};
use super::schema;
use super::tls::Tls;
use crate::store::StoreError;
use crate::store::named::{self, Links};

/// A parameter of a statement: unnamed statements say the types themselves, which saves a round trip and works behind poolers.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A server, and the connection to it while there is one.
pub(super) struct Link {
    address: Address,
    login: Login,
    /// What is asked on, and kept while a state is held.
    client: Option<Client>,
    is_held: bool,
    /// Where the connection is kept meanwhile, as whose.
    idle: (Idle, Owner),
    /// Whether that is one to write to was asked on it.
    is_examined: bool,
    limit: Duration,
    connect: Duration,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.idle.0.take(self.idle.1);
    }
}

/// Why a statement has no answer that can be used.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// Nobody knows whether it was done.
    Unknown(StoreError),
    /// It was not done, and would not be another time.
    Refused(StoreError),
    /// There is no such table.
    NoSchema,
}

impl From<Unanswered> for StoreError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Unknown(error) | Unanswered::Refused(error) => error,
            Unanswered::NoSchema => Self::Damaged {
                path: "the schema rictl".to_owned(),
                detail: "a table of it was there and is gone".into(),
                hint: LOST.into(),
            },
        }
    }
}

/// What to do where something is lost.
pub(super) const LOST: &str = "restore the database from its backup; nothing in it is repaired";

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a statement may take where no lease is shorter.
const LIMIT: Duration = Duration::from_secs(20);

impl Link {
    pub(super) fn new(address: Address, login: Login) -> Self {
        Self::unconnected(address, login, Idle::default(), (LIMIT, CONNECT))
    }

    /// Returns a connection of its own to the same server, made when it is needed.
    pub(super) fn anew(&self) -> Self {
        let bounds = (self.limit, self.connect);
        Self::unconnected(self.address.clone(), self.login.clone(), self.idle.0.clone(), bounds)
    }

    fn unconnected(address: Address, login: Login, idle: Idle, (limit, connect): (Duration, Duration)) -> Self {
        let owner = idle.owner();
        let idle = (idle, owner);
        Self { address, login, client: None, is_held: false, is_examined: false, idle, limit, connect }
    }

    /// Keeps the connection from now on: a state is held by it.
    pub(super) fn hold(&mut self) {
        self.is_held = true;
        self.wake();
    }

    /// Keeps it among the others of the command.
    pub(super) fn let_go(&mut self) {
        self.is_held = false;
        self.rest();
    }

    /// Takes a connection that was put by, where there is none: what was asked on that nobody knows.
    fn wake(&mut self) {
        if self.client.is_none() {
            self.is_examined = false;
            self.client = self.idle.0.take(self.idle.1);
        }
    }

    /// Puts the connection by until it is asked on again.
    fn rest(&mut self) {
        if !self.is_held
            && let Some(client) = self.client.take()
        {
            self.idle.0.keep(self.idle.1, client);
        }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Bounds statements so that several fit into a lease.
    pub(super) fn limit_to(&mut self, ttl: Duration) {
        self.limit = (ttl / 3).clamp(Duration::from_secs(3), LIMIT);
    }

    /// Bounds a statement by what somebody asked for; connecting is bounded by it too.
    pub(super) fn limit_exactly_to(&mut self, limit: Duration) {
        (self.limit, self.connect) = (limit, limit.min(CONNECT));
    }

    /// Asks one statement.
    pub(super) async fn ask(
        &mut self,
        doing: &'static str,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Unanswered> {
        let limit = self.limit;
        let client = self.connected().await?;
        let answer = timeout(limit, client.query_typed(statement, parameters)).await;
        let answer = match answer {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(self.unanswered(doing, error)),
            Err(_) => {
                // What comes on this connection later is an answer to something else.
                self.client = None;
                Err(Unanswered::Unknown(self.unreachable(doing, "there was no answer in time".into())))
            }
        };
        self.rest();
        answer
    }

    /// Asks one statement that writes: on a connection that was found to keep what it is given.
    pub(super) async fn write(
        &mut self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Unanswered> {
        self.connected().await?;
        if !self.is_examined {
            self.examine().await?;
        }
        self.ask("write to", statement, parameters).await
    }

    /// Makes what is missing, in one transaction.
    pub(super) async fn create(&mut self) -> Result<(), Unanswered> {
        let limit = self.limit;
        let client = self.connected().await?;
        match timeout(limit, client.batch_execute(schema::CREATE)).await {
            Ok(Ok(())) => Ok(()),
            // Somebody else is just making it.
            Ok(Err(error)) if is_made_twice(&error) => Ok(()),
            Ok(Err(error)) => Err(self.unanswered("make the schema rictl in", error)),
            Err(_) => Err(Unanswered::Unknown(self.unreachable("make the schema in", "there was no answer".into()))),
        }
    }

    /// Returns whether the schema is there, which nobody has made yet where none of its tables is.
    ///
    /// # Errors
    /// Some of its tables are there and others are not: they were lost.
    pub(super) async fn has_schema(&mut self) -> Result<bool, Unanswered> {
        let rows = self.ask("read", schema::TABLES, &[]).await?;
        let (there, gone): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get(1));
        match (there.is_empty(), gone.first()) {
            (true, _) => Ok(false),
            (false, None) => Ok(true),
            (false, Some(row)) => {
                let table: &str = row.get(0);
                Err(Unanswered::Refused(StoreError::Damaged {
                    path: format!("the schema rictl in {}", self.address),
                    detail: format!("its table {table} is missing, and others are there").into(),
                    hint: LOST.into(),
                }))
            }
        }
    }

    /// Asks whether the server is one to write to.
    pub(super) async fn examine(&mut self) -> Result<(), Unanswered> {
        let rows = self.ask("ask", schema::EXAMINE, &[]).await?;
        let row = rows.first().ok_or_else(|| self.strange())?;
        let (is_standby, is_read_only): (bool, bool) = (row.get(0), row.get(1));
        let synchronous: &str = row.get(2);
        if is_standby {
            return Err(self.refused("it is a replica, which only reads", "name the primary"));
        }
        if is_read_only {
            let hint = "set default_transaction_read_only to off for the user, or name another server";
            return Err(self.refused("it is read-only", hint));
        }
        if synchronous == "off" {
            let why = "synchronous_commit is off: a crash would lose what it said it had kept";
            return Err(self.refused(why, "run `ALTER ROLE ... SET synchronous_commit = on` for the user"));
        }
        self.is_examined = true;
        Ok(())
    }

    fn strange(&self) -> Unanswered {
        Unanswered::Unknown(self.unreachable("ask", "it answered nothing".into()))
    }

    fn refused(&self, why: &str, hint: &str) -> Unanswered {
        let (path, why, hint) = (self.address.to_string(), why.into(), hint.into());
        Unanswered::Refused(StoreError::Unsuitable { path, why, hint })
    }

    async fn connected(&mut self) -> Result<&Client, Unanswered> {
        self.wake();
        if self.client.as_ref().is_none_or(Client::is_closed) {
            (self.client, self.is_examined) = (None, false);
            let client = match timeout(self.connect, self.connect()).await {
                Ok(client) => client?,
                Err(_) => return Err(Unanswered::Unknown(self.unreachable("connect to", "it does not answer".into()))),
            };
            self.client = Some(client);
        }
        self.client.as_ref().ok_or_else(|| self.strange())
    }

    async fn connect(&self) -> Result<Client, Unanswered> {
        let config = self.config()?;
        let failed = |error| self.unanswered_by("connect to", error);
        if self.address.is_encrypted {
            let tls = Tls::trusting(self.login.root_certificate.as_deref()).map_err(|error| {
                self.refused(&format!("PGSSLROOTCERT: {error}"), "name a PEM file with the authority's certificate")
            })?;
            let (client, connection) = config.connect(tls).await.map_err(failed)?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
        tokio::spawn(connection);
        Ok(client)
    }

    fn config(&self) -> Result<Config, Unanswered> {
        let mut config = Config::new();
        let Address { host, port, user, database, is_encrypted } = &self.address;
        match host {
            Host::Tcp(name) => config.host(name),
            Host::Socket(directory) => config.host_path(directory),
        };
        config.port(*port).user(user).dbname(database).application_name("rictl").connect_timeout(CONNECT);
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(LIMIT);
        config.ssl_mode(if *is_encrypted { SslMode::Require } else { SslMode::Disable });
        match (&self.login.password, &self.login.password_file) {
            (Some(password), _) => {
                config.password(password.expose_secret());
            }
            (None, Some(path)) => {
                if let Some(password) = self.password_in(path)? {
                    config.password(password);
                }
            }
            (None, None) => {}
        }
        Ok(config)
    }

    /// Finds the password for this server in a file of passwords.
    fn password_in(&self, path: &Path) -> Result<Option<String>, Unanswered> {
        use std::os::unix::fs::PermissionsExt as _;
        /// More than anybody writes.
        const LIMIT: usize = 1 << 20;
        let refused = |why: String| {
            self.refused(&format!("PGPASSFILE {}: {why}", path.display()), "make it a file of yours, with mode 0600")
        };
        let mode = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(refused("others can read it".to_owned()));
        }
        let bytes = named::read(path, Links::Followed, LIMIT).map_err(|error| refused(error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let Address { port, user, database, .. } = &self.address;
        let port = port.to_string();
        let wanted = [self.address.name_in_password_file(), &port, database, user];
        Ok(text.lines().find_map(|line| password_of(line, wanted)))
    }

    fn unreachable(&self, doing: &'static str, source: Box<dyn Error + Send + Sync>) -> StoreError {
        StoreError::Unreachable { doing, path: self.address.to_string(), source }
    }

    fn unanswered(&mut self, doing: &'static str, error: tokio_postgres::Error) -> Unanswered {
        if error.as_db_error().is_none_or(|error| is_passing(error.code())) {
            self.client = None;
        }
        self.unanswered_by(doing, error)
    }

    fn unanswered_by(&self, doing: &'static str, error: tokio_postgres::Error) -> Unanswered {
        let Some(said) = error.as_db_error() else {
            return Unanswered::Unknown(self.unreachable(doing, Box::new(error)));
        };
        let code = said.code();
        if [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(code) {
            return Unanswered::NoSchema;
        }
        let why = format!("{} ({})", said.message(), code.code());
        match code {
            code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => self.refused("it is read-only", "name the primary"),
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => self.refused(
                &why,
                "plan, drift and history need USAGE on the schema rictl and SELECT on its tables, the first claim CREATE on the database, or what `rictl state init --print-sql` prints",
            ),
            code if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) => {
                self.refused(&why, "set PGPASSWORD, or PGPASSFILE to a file like ~/.pgpass; PGHOST and the like are not read")
            }
            code if *code == SqlState::UNDEFINED_DATABASE => self.refused(&why, "make it with `createdb`, or name another"),
            // Not the error itself: it tells its details and hints on lines of their own.
            code if is_passing(code) => Unanswered::Unknown(self.unreachable(doing, why.into())),
            _ => self.refused(&why, "see the log of the server"),
        }
    }
}

/// Returns whether what a server says is over once it is up again, or was only about this connection.
fn is_passing(code: &SqlState) -> bool {
    /// Connections, conflicts of transactions, resources, an operator.
    const CLASSES: [&str; 5] = ["08", "40", "53", "57", "58"];
    CLASSES.iter().any(|class| code.code().starts_with(class))
}

/// Returns whether somebody else has made the same table or schema at the same moment.
fn is_made_twice(error: &tokio_postgres::Error) -> bool {
    let twice =
        [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_SCHEMA, SqlState::DUPLICATE_OBJECT];
    error.code().is_some_and(|code| twice.contains(code))
}

/// Returns the password of a line `host:port:database:user:password` that is about what is wanted.
fn password_of(line: &str, wanted: [&str; 4]) -> Option<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    if line.starts_with('#') {
        return None;
    }
    while let Some(letter) = letters.next() {
        match letter {
            // The password is the rest, whatever is in it.
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields.last_mut()?.extend(letters.next()),
            letter => fields.last_mut()?.push(letter),
        }
    }
    let password = fields.pop().filter(|_| fields.len() == 4)?;
    fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::password_of;

    #[test]
    fn a_line_of_passwords_is_about_one_server() {
        let wanted = ["db", "5432", "rictl", "net"];
        assert_eq!(password_of("db:5432:rictl:net:a:b\\\\c", wanted).unwrap(), "a:b\\c");
        assert_eq!(password_of("*:*:*:net:x", wanted).unwrap(), "x");
        assert_eq!(password_of("db:5433:rictl:net:x", wanted), None);
        assert_eq!(password_of("#db:5432:rictl:net:x", wanted), None);
        assert_eq!(password_of("db:5432:rictl", wanted), None);
    }
}
