//! The official Python SDKs agree with the emulator: signatures V1 and V3, answers, errors.
//!
//! Installs them under the target directory, once; where that is not possible the test says so and passes.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test, and one that may have to say why it did nothing")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

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
faults:
  - {fault: {throttled: 1500ms}, action: ActivateRouterInterface}
";

#[test]
fn the_official_python_sdks_agree_with_the_emulator() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk");
    let python = match install(&here) {
        Ok(python) => python,
        Err(reason) => {
            eprintln!("SKIPPED: the official Python SDKs cannot be had here: {reason}");
            return;
        }
    };
    let world = World::new(WorldSeed::parse(WORLD, Format::Yaml).unwrap(), Timestamp::now()).unwrap();
    let host = Arc::new(Mutex::new(Host::in_memory(world)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let served = host.clone();
    let output = runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = ServeOptions { clock: Clock::starting_at(Timestamp::now()), call_log: None };
        let serving = tokio::spawn(serve(served, listener, options, std::future::pending()));
        let mut script = tokio::process::Command::new(python);
        // Nothing of the caller's environment may choose credentials, proxies or endpoints.
        script.arg(here.join("python_sdk.py")).arg(address.to_string()).env_clear();
        let output = script.output().await.unwrap();
        serving.abort();
        output
    });
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{shown}");
    let host = host.lock().unwrap();
    assert_eq!(host.world().count("DeactivateRouterInterface").mutated, 4);
}

/// Returns a Python that has the SDKs.
fn install(here: &Path) -> Result<PathBuf, String> {
    let requirements = here.join("requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-sdk");
    let python = home.join("bin/python");
    let installed = home.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))?;
    std::fs::write(&installed, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
