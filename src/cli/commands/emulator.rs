//! The emulator's own commands.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::bounds;
use crate::clock::Clock;
use crate::emulator::http::ServeOptions;
use crate::emulator::{
    self, CallLog, Fault, Format, GenerateOptions, Host, HostError, Manner, SeedError, Tls, TlsError, WorldSeed,
};
use crate::language::worded;
use crate::loopback::is_here;
use crate::ops::connection::{open_world, unusable_faults, unusable_seed, world_exists};
use crate::ops::failure::{Exit, Refusal};
use crate::ops::shared_file::{self, Access};
use crate::store::named::{self, Links};

use super::super::args::EmulatorCommand;
use super::super::output::Output;
use super::super::signals;
use super::Invocation;

pub(super) async fn run(command: EmulatorCommand, invocation: &Invocation, output: &Output) -> Result<Exit> {
    match command {
        EmulatorCommand::Serve { world, listen, tls, faults, call_log } => {
            let serving = Serving { world, listen, tls, faults, call_log };
            serve(&serving, invocation, output).await
        }
        EmulatorCommand::Generate { interfaces, regions, routes, seed, output: path, force } => {
            let world = emulator::generate(&GenerateOptions { interfaces, regions, routes, seed });
            let is_json = path.extension().is_some_and(|extension| extension == "json");
            let text = world.to_text(if is_json { Format::Json } else { Format::Yaml });
            write_new(&path, text, force, output).await
        }
        EmulatorCommand::Reset { world } => {
            check_world(&world)?;
            emulator::reset(&world)?;
            output.print(|out| writeln!(out, "The world starts again as its file says."))?;
            Ok(Exit::Done)
        }
    }
}

/// What is served, where and how.
struct Serving {
    world: PathBuf,
    listen: std::net::SocketAddr,
    tls: Option<PathBuf>,
    faults: Option<PathBuf>,
    call_log: Option<PathBuf>,
}

async fn serve(serving: &Serving, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let listen = serving.listen;
    if !is_here(listen.ip()) {
        let refusal = Refusal::new(Exit::Error, format!("the emulator does not listen on {listen}: its key is public"));
        return Err(refusal.hint("listen on loopback, as 127.0.0.1:0 is").into());
    }
    let clock = invocation.clock;
    let host = Arc::new(Mutex::new(host(serving, clock, output)?));
    let tls = serving.tls.as_deref().map(|directory| secured(directory, clock)).transpose()?;
    let call_log = serving
        .call_log
        .as_deref()
        .map(|path| CallLog::open(path).with_context(|| format!("cannot write {}", path.display())))
        .transpose()?;
    let refusal = |error: std::io::Error| {
        let refusal = Refusal::new(Exit::Error, format!("cannot listen on {listen}")).cause(error.to_string());
        refusal.hint(format!("port 0 takes one that is free: --listen {}:0", listen.ip()))
    };
    let listener = TcpListener::bind(listen).await.map_err(refusal)?;
    let address = listener.local_addr()?;
    let mut signals = signals::listen()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    output.print(|out| writeln!(out, "listening on {scheme}://{address}"))?;
    let shutdown = async move {
        signals.count.wait_for(|count| *count > 0).await.ok();
    };
    let options = ServeOptions { clock, call_log };
    match tls {
        Some(tls) => {
            output.say(&whom_to_trust(&tls));
            emulator::http::serve_tls(&tls, host, listener, options, shutdown).await?;
        }
        None => emulator::http::serve(host, listener, options, shutdown).await?,
    }
    Ok(Exit::Done)
}

/// Opens the world, with the schedule that is to be played on it.
fn host(serving: &Serving, clock: Clock, output: &Output) -> Result<Host> {
    let mut host = open_world(&serving.world, Links::Followed, Manner::Acting, clock)?;
    if let Some(region) = host.world().unsaid_region() {
        output.say(&format!("note: the world does not say where its interfaces are (`regions`): they are in {region}"));
    }
    if let Some(path) = &serving.faults {
        let schedule = faults_in(path)?;
        let what = worded!("the schedule of faults {path}", path = path.display());
        host.add_faults(schedule, clock.now()).map_err(|error| match error {
            HostError::Seed { source, .. } => unusable_faults(&what, &source).into(),
            error => anyhow::Error::from(error),
        })?;
    }
    Ok(host)
}

/// Takes the certificate of a directory, or makes one.
fn secured(directory: &Path, clock: Clock) -> Result<Tls> {
    Tls::of(directory, clock.now()).map_err(|error| {
        let hint = match &error {
            TlsError::Foreign(_) | TlsError::File { .. } => {
                Some("name a directory of its own, or move the file away: it is left as it is")
            }
            TlsError::Directory { .. } => Some("name a directory that is there, or one that can be made"),
            _ => None,
        };
        let refusal = Refusal::new(Exit::Error, format!("cannot serve https from {}", directory.display()));
        let refusal = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
            .fold(refusal, |refusal, cause| refusal.cause(cause.to_string()));
        match hint {
            Some(hint) => refusal.hint(hint).into(),
            None => anyhow::Error::from(refusal),
        }
    })
}

/// Says how each kind of client comes to trust the certificate.
fn whom_to_trust(tls: &Tls) -> String {
    let authority = std::path::absolute(tls.authority()).unwrap_or_else(|_| tls.authority().to_owned());
    let authority = authority.display();
    let news = if tls.is_new() { " (made just now)" } else { "" };
    format!(
        "note: clients trust it by {authority}{news}: SSL_CERT_FILE names it to rictl, aliyun and terraform, \
         NODE_EXTRA_CA_CERTS to Node, `ca` of the Config to Python's SDK; `keytool -importcert` takes it for Java"
    )
}

/// Writes a file that is not there yet, or standard output for `-`.
async fn write_new(path: &Path, text: String, force: bool, output: &Output) -> Result<Exit> {
    if path == Path::new("-") {
        output.print(|out| out.write_all(text.as_bytes()))?;
        return Ok(Exit::Done);
    }
    if shared_file::is_there(path) && !force {
        let refusal = Refusal::new(Exit::Error, format!("{} is there already", path.display()));
        return Err(refusal.hint("choose another name, or use --force").into());
    }
    shared_file::hand_over(path, text.into_bytes(), Access::Others, force).await?;
    output.say(&format!("wrote {}", path.display()));
    Ok(Exit::Done)
}

/// Refuses what is no world; its log may be damaged.
fn check_world(path: &Path) -> Result<()> {
    world_exists(path)?;
    let doing = || format!("cannot use {}", path.display());
    let text = named::read_given(path, bounds::WORLD_BYTES).with_context(doing)?;
    let text = String::from_utf8(text).map_err(|_| SeedError::NotText).with_context(doing)?;
    let what = worded!("the world {path}", path = path.display());
    WorldSeed::parse(&text, Format::Yaml).map_err(|error| unusable_seed(&what, &error))?;
    Ok(())
}

/// Reads a file of faults.
pub(super) fn faults_in(path: &Path) -> Result<Vec<Fault>> {
    let doing = || format!("cannot use {}", path.display());
    let text = named::read_given(path, bounds::WORLD_BYTES).with_context(doing)?;
    let text = String::from_utf8(text).map_err(|_| SeedError::NotText).with_context(doing)?;
    let what = worded!("the schedule of faults {path}", path = path.display());
    Ok(Fault::parse_schedule(&text).map_err(|error| unusable_faults(&what, &error))?)
}
