//! `emulator serve --tls`: the real binary serves https, and the real binary trusts it by the file that it is told of.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use crate::harness::binary::Desk;

const SPEC: &str = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
interfaces:
  a: { id: ri-a, status: Inactive }
";
const WORLD: &str = "regions: [cn-shanghai]\nsettle: { deactivate: 50ms }\ninterfaces: [{ id: ri-a }]\n";

/// A server of its own process, which ends with this value.
struct Served(Child, String);

impl Served {
    fn start(desk: &Desk, arguments: &[&str]) -> Self {
        let serve = ["emulator", "serve", "--world", "world.yaml"];
        let mut command = desk.command(&[&serve[..], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_default().to_owned();
        Self(child, url)
    }

    /// Ends it, and returns what it said.
    fn said(mut self) -> String {
        self.0.kill().unwrap();
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn what_is_served_by_https_is_trusted_by_the_file_that_is_named() {
    let desk = Desk::new(SPEC).with_the_usual_key();
    desk.file("world.yaml", WORLD);
    let served = Served::start(&desk, &["--tls", "tls"]);
    assert!(served.1.starts_with("https://127.0.0.1:"), "{}", served.1);
    let stranger = desk.quick(&served.1, &["plan"]);
    assert!(stranger.code == 1 && stranger.flat().contains("SSL_CERT_FILE"), "{}", stranger.text());
    let plain = desk.quick(&served.1.replace("https", "http"), &["plan"]);
    assert_eq!(plain.code, 1, "{}", plain.text());

    let authority = desk.path().join("tls/ca.pem");
    let desk = desk.variable("SSL_CERT_FILE", authority.to_str().unwrap());
    let applied = desk.quick(&served.1, &["apply", "--auto-approve"]);
    assert_eq!(applied.code, 0, "{}", applied.text());
    let by_name = desk.quick(&served.1.replace("127.0.0.1", "localhost"), &["plan"]);
    assert!(by_name.code == 0 && by_name.out.contains("No changes."), "{}", by_name.text());
    let said = served.said();
    assert!(said.contains("tls/ca.pem (made just now): SSL_CERT_FILE names it to rictl"), "{said}");

    let again = Served::start(&desk, &["--tls", "tls"]);
    assert_eq!(desk.quick(&again.1, &["plan"]).code, 0);
    assert!(!again.said().contains("just now"), "the same certificate serves again");
}

#[test]
fn a_directory_of_somebody_elses_is_refused() {
    let desk = Desk::new(SPEC);
    desk.file("world.yaml", WORLD);
    desk.file("theirs/ca.pem", "their authority\n");
    let refused = desk.run(&["emulator", "serve", "--world", "world.yaml", "--tls", "theirs"]);
    assert_eq!(refused.code, 1, "{}", refused.text());
    for part in ["cannot serve https from theirs", "theirs/ca.pem is there, and", "hint: name a directory of its own"] {
        assert!(refused.flat().contains(part), "{part}: {}", refused.text());
    }
    assert_eq!(std::fs::read_to_string(desk.path().join("theirs/ca.pem")).unwrap(), "their authority\n");
}
