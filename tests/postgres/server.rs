//! A real Postgres, started from what is installed; one for the whole program, and others for whoever stops theirs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

/// Starts a server as a user that may, says when it is up, and ends it with whoever holds the other end of its input:
/// a signal to the whole group (Ctrl-C) ends the tests, and by that the input, and not this before it has cleared up.
const SCRIPT: &str = r#"
set -eu
trap '' HUP INT TERM
as=''; D=$(mktemp -d "${TMPDIR:-/tmp}/rictl-postgres-XXXXXX"); trap 'rm -rf "$D"' EXIT
if [ "$(id -u)" = 0 ]; then chown postgres "$D"; as='runuser -u postgres --'; fi
cd "$D"
$as "$BIN/initdb" -D "$D/data" -A trust -U rictl --no-sync >"$D/log" 2>&1 || { cat "$D/log" >&2; exit 1; }
start() {
  $as "$BIN/pg_ctl" -D "$D/data" -l "$D/server.log" -w -o "-p $PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories=$D -c fsync=off -c max_connections=200" start >/dev/null 2>&1 || { cat "$D/server.log" >&2; exit 1; }
}
start
echo up
while read -r word; do
  case "$word" in
    stop) $as "$BIN/pg_ctl" -D "$D/data" -m immediate -w stop >/dev/null 2>&1 ;;
    start) start ;;
    standby) $as touch "$D/data/standby.signal" ;;
  esac
  echo "done $word"
done
$as "$BIN/pg_ctl" -D "$D/data" -m immediate stop >/dev/null 2>&1 || true
"#;

/// A server on loopback.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    bin: PathBuf,
    input: ChildStdin,
    said: BufReader<std::process::ChildStdout>,
    _child: Child,
}

/// Returns where the programs of a server are.
fn programs() -> Option<PathBuf> {
    let has = |directory: &Path| directory.join("initdb").exists() && directory.join("pg_ctl").exists();
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).filter(|at| has(at)).collect();
    installed.sort();
    let on_path = env::var_os("PATH").and_then(|path| env::split_paths(&path).find(|at| has(at)));
    installed.pop().or(on_path)
}

pub(super) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    /// Starts one; `None`, with a message, where none can be had.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            println!("skipped: there is no Postgres here; `apt-get install postgresql` brings one");
            return None;
        };
        let port = free_port();
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT])
            .env("BIN", &bin)
            .env("PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, mut said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        if line != "up\n" {
            println!("skipped: Postgres does not start here (see above)");
            child.wait().unwrap();
            return None;
        }
        Some(Self { port, bin, input, said, _child: child })
    }

    /// Returns the one that all share.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        SERVER.get_or_init(Self::start).as_ref()
    }

    /// `stop`, `start`, or `standby`: it only reads after its next start.
    pub(crate) fn tell(&mut self, word: &str) {
        use std::io::Write as _;
        writeln!(self.input, "{word}").unwrap();
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        assert_eq!(line, format!("done {word}\n"));
    }

    /// Runs statements.
    pub(crate) fn run(&self, database: &str, sql: &str) -> String {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-h", "127.0.0.1", "-U", "rictl", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", sql]);
        let out = command.arg("-p").arg(self.port.to_string()).env("PGCONNECT_TIMEOUT", "10").output().unwrap();
        assert!(out.status.success(), "{sql}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// Makes a database, and returns its name.
    pub(crate) fn database(&self) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", MADE.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Returns where a database is.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://rictl@127.0.0.1:{}/{database}", self.port)
    }
}
