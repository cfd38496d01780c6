//! The official SDKs agree with the emulator: signatures V1 and V3, answers, errors.
//!
//! Each is installed under the target directory, once; where that is not possible the test says so and passes.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests, and some may have to say why they did nothing")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rictl::clock::Clock;
use rictl::emulator::http::{ServeOptions, serve};
use rictl::emulator::{Format, Host, World, WorldSeed};

const WORLD: &str = "
regions: [cn-shanghai]
settle: {deactivate: 1h}
interfaces:
  - {id: ri-0}
  - {id: ri-1, name: 'uplink ä+*~/1', tags: {env: prod}}
  - {id: ri-core-GET}
  - {id: ri-core-POST}
  - {id: ri-v3}
  - {id: ri-v1}
  - {id: ri-node-v3}
  - {id: ri-node-v1}
  - {id: ri-r1, router: vrt-1}
  - {id: ri-r2, router: vrt-1}
routes:
  - {table: vtb-1, router: vrt-1, prefix: 10.8.0.0/16, next_hops: [{id: ri-r1, weight: 100}, {id: ri-r2, weight: 0, enabled: false}]}
  - {table: vtb-1, router: vrt-1, prefix: 10.9.0.0/16, next_hops: [{id: ri-r1}]}
  - {table: vtb-1, router: vrt-1, prefix: 0.0.0.0/0, next_hops: [{id: i-1, type: Instance}]}
traffic:
  ri-r1: {in: 1500000, out: 800}
faults:
  - {fault: {throttled: 1500ms}, action: ActivateRouterInterface}
";

#[test]
#[ignore = "installs from a registry: cargo test -- --ignored sdk:: official moto"]
fn the_official_python_sdks_agree_with_the_emulator() {
    let Some((home, python)) = python("python-sdk", "requirements.txt", "Python SDKs") else { return };
    let deactivated = judge(&home, &python, "python_sdk.py");
    assert_eq!(deactivated, 4, "two by each signature");
}

#[test]
#[ignore = "installs from a registry: cargo test -- --ignored sdk:: official moto"]
fn the_official_node_sdk_agrees_with_the_emulator() {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-sdk");
    let installed = install(&home, "package.json", |_| {
        run(Command::new("npm").args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(&home))
    });
    if is_there("Node SDK", installed) {
        // By its path, since the script's environment is empty.
        let node = Command::new("node").args(["-p", "process.execPath"]).output().unwrap();
        let node = PathBuf::from(String::from_utf8(node.stdout).unwrap().trim());
        assert_eq!(judge(&home, &node, "node_sdk.js"), 2, "one by each signature");
    }
}

/// Runs a script against a world of its own and returns how many interfaces it deactivated.
fn judge(home: &Path, interpreter: &Path, script: &str) -> u64 {
    let world = World::new(WorldSeed::parse(WORLD, Format::Yaml).unwrap(), Timestamp::now()).unwrap();
    let host = Arc::new(Mutex::new(Host::in_memory(world)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let output = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = ServeOptions { clock: Clock::starting_at(Timestamp::now()), call_log: None };
        let serving = tokio::spawn(serve(host.clone(), listener, options, std::future::pending()));
        let mut command = tokio::process::Command::new(interpreter);
        command.arg(here().join(script)).arg(address.to_string()).current_dir(home);
        // Nothing of the caller's environment may choose credentials, proxies or endpoints.
        let output = command.env_clear().output().await.unwrap();
        serving.abort();
        output
    });
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{shown}");
    let host = host.lock().unwrap();
    host.world().count("DeactivateRouterInterface").mutated
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// Returns a directory of its own and a Python in it that has what a manifest wants, unless that cannot be had.
pub(crate) fn python(directory: &str, manifest: &str, what: &str) -> Option<(PathBuf, PathBuf)> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    let python = home.join("bin/python");
    let installed = install(&home, manifest, |requirements| {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))
    });
    is_there(what, installed).then_some((home, python))
}

/// Lets `install` fill `home` with what a manifest wants, unless it has been done before.
fn install(home: &Path, manifest: &str, install: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let marker = home.join("installed");
    let copy = home.join(manifest);
    let wanted = std::fs::read(here().join(manifest)).map_err(|error| error.to_string())?;
    if marker.exists() && std::fs::read(&copy).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if home.exists() {
        std::fs::remove_dir_all(home).map_err(|error| error.to_string())?;
    }
    std::fs::create_dir_all(home).and_then(|()| std::fs::write(&copy, wanted)).map_err(|error| error.to_string())?;
    install(&copy)?;
    std::fs::write(marker, "").map_err(|error| error.to_string())
}

fn is_there(what: &str, installed: Result<(), String>) -> bool {
    installed.inspect_err(|reason| eprintln!("SKIPPED: the official {what} cannot be had here: {reason}")).is_ok()
}

/// Runs what installs, for as long as a registry that answers takes at most: one that hangs is one that there is not.
fn run(command: &mut Command) -> Result<(), String> {
    let mut bounded = Command::new("timeout");
    bounded.args(["--kill-after", "5", "150"]).arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        bounded.current_dir(directory);
    }
    let output = bounded.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
