//! A pooler that gives every transaction another connection stands before the server: nothing depends on a session.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::commands::{WORLD, exits, machine, says, spec};
use super::server::{Server, free_port};
use super::{Database, remotes};
use crate::harness::emulator::Emulator;

/// A pgbouncer in transaction mode; it ends with this value.
struct Pooler {
    port: u16,
    child: Child,
    _directory: TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn number(of: &str) -> Option<u32> {
    let out = Command::new("id").args([of, "postgres"]).output().ok()?;
    String::from_utf8(out.stdout).ok()?.trim().parse().ok()
}

impl Pooler {
    /// Starts one; `None`, with a message, where it cannot be had.
    fn before(server: &Server) -> Option<Self> {
        let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let Some(program) = places.into_iter().find(|place| Path::new(place).exists()) else {
            println!("skipped: there is no pgbouncer here; `apt-get install pgbouncer` brings one");
            return None;
        };
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let path = |name: &str| directory.path().join(name);
        fs::write(path("users"), "\"rictl\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 3\n",
            server.port,
            path("users").display()
        );
        fs::write(path("settings.ini"), settings).unwrap();
        let mut command = Command::new(program);
        command.arg(path("settings.ini")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // It does not run as root.
            let (Some(user), Some(group)) = (number("-u"), number("-g")) else {
                println!("skipped: there is no user postgres to run pgbouncer");
                return None;
            };
            std::os::unix::fs::chown(directory.path(), Some(user), Some(group)).unwrap();
            for name in ["users", "settings.ini"] {
                std::os::unix::fs::chown(path(name), Some(user), Some(group)).unwrap();
            }
            command.uid(user).gid(group);
        }
        let pooler = Self { port, child: command.spawn().unwrap(), _directory: directory };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "pgbouncer does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://rictl@127.0.0.1:{}/{database}", self.port)
    }
}

#[tokio::test]
async fn through_a_pooler_of_transactions_the_contract_holds() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::before(server) else { return };
    let database = Database(pooler.url(&server.database()));
    remotes::keeps_the_contract(&database, "remote").await;
    remotes::is_a_medium(&database, "medium", true).await;
}

#[test]
fn through_a_pooler_of_transactions_two_machines_work_on_one_state() {
    let Some(server) = Server::shared() else { return };
    let Some(pooler) = Pooler::before(server) else { return };
    let (emulator, url) = (Emulator::serve(WORLD), pooler.url(&server.database()));
    let (one, other) =
        (machine(&url, &spec("name: site-a", "Inactive")), machine(&url, &spec("name: site-a", "Inactive")));
    says(&one.quick(&emulator.url(), &["apply", "--auto-approve"]), 0, "1 changed");
    says(&other.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]), 0, "1 changed");
    exits(&one.quick(&emulator.url(), &["drift"]), 2);
    says(&one.run(&["history"]), 0, "rollback");
}
