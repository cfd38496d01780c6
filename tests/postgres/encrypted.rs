//! TLS to a real Postgres: the certificate's authority and the server's name are verified, or nothing is sent.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::commands::{exits, machine, says, spec};
use super::server::Server;
use crate::harness::binary::Desk;

/// Runs openssl in a directory; `false` where there is none.
fn openssl(directory: &Path, arguments: &str) -> bool {
    let arguments = arguments.split(' ');
    let ran = Command::new("openssl").args(arguments).current_dir(directory).stdin(Stdio::null()).output();
    match ran {
        Ok(out) => {
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            true
        }
        Err(_) => false,
    }
}

/// Makes an authority, and with it a certificate for `localhost`.
fn certificates(directory: &Path) -> bool {
    let authority = |name: &str| {
        openssl(
            directory,
            &format!("req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name}"),
        )
    };
    fs::write(directory.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    authority("ours")
        && authority("theirs")
        && openssl(directory, "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost")
        && openssl(
            directory,
            "x509 -req -in server.csr -CA ours.pem -CAkey ours.key -CAcreateserial -out server.pem -days 2 -extfile names",
        )
}

/// Writes a file into the server's directory.
fn give(server: &Server, name: &str, bytes: &[u8]) {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let program = format!("base64 -d > {name} && chmod 600 {name}");
    server.run("postgres", &format!("COPY (SELECT '{text}') TO PROGRAM '{program}'"));
}

#[test]
fn a_server_is_spoken_to_in_tls_that_is_verified_in_full_or_not_at_all() {
    let Some(server) = Server::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    if !certificates(directory.path()) {
        println!("skipped: there is no openssl here");
        return;
    }
    let read = |name: &str| fs::read(directory.path().join(name)).unwrap();
    let database = server.database();
    give(&server, "server.crt", &read("server.pem"));
    give(&server, "server.key", &read("server.key"));
    // From now on nobody gets in without.
    give(&server, "pg_hba.conf", b"hostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n");
    server.run("postgres", "ALTER SYSTEM SET ssl = on");
    server.run("postgres", "SELECT pg_reload_conf()");
    let url = |host: &str, mode: &str| format!("postgres://rictl@{host}:{}/{database}{mode}", server.port);
    let of = |host: &str, mode: &str| machine(&url(host, mode), &spec("name: site-a", "Active"));
    let trusting = |desk: Desk, name: &str| {
        let path = directory.path().join(name);
        desk.variable("PGSSLROOTCERT", path.to_str().unwrap())
    };
    let (verified, init) = ("?sslmode=verify-full", ["state", "init"]);
    let good = trusting(of("localhost", verified), "ours.pem");
    exits(&good.run(&init), 0);
    says(&good.run(&["state", "lock"]), 0, "Nobody holds");
    // Nobody vouches for it; another authority than the one that does; not the name that was asked for.
    says(&of("localhost", verified).run(&init), 1, "certificate");
    says(&trusting(of("localhost", verified), "theirs.pem").run(&init), 1, "certificate");
    says(&trusting(of("127.0.0.1", verified), "ours.pem").run(&init), 1, "certificate");
    for nothing in ["missing.pem", "names"] {
        says(&trusting(of("localhost", verified), nothing).run(&init), 1, "PGSSLROOTCERT");
    }
    // Less than that is refused before anybody is asked, wherever the server is.
    for weak in ["require", "verify-ca"] {
        let said = trusting(of("localhost", &format!("?sslmode={weak}")), "ours.pem").run(&init);
        says(&said, 1, &format!("sslmode={weak} does not verify"));
        let said = trusting(of("db.example.com", &format!("?sslmode={weak}")), "ours.pem").run(&init);
        says(&said, 1, &format!("sslmode={weak} does not verify"));
    }
    // In the clear, which only this machine may ask for, this server does not answer.
    says(&of("127.0.0.1", "").run(&init), 1, "no encryption");
}
