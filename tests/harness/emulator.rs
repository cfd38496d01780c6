//! A served world on a thread of its own, and what it says about the calls it got.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rictl::clock::Clock;
use rictl::emulator::http::{ServeOptions, serve};
use rictl::emulator::{
    CallLog, DEFAULT_ACCESS_KEY_ID, Fault, Format, Host, Origin, Reply, Request, VPC_VERSION, World, WorldSeed,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The account of a world that names none.
pub(crate) const ACCOUNT: &str = rictl::emulator::DEFAULT_ACCOUNT;

/// An emulated cloud on a loopback port; it ends with this value.
pub(crate) struct Emulator {
    address: SocketAddr,
    host: Arc<Mutex<Host>>,
    log: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _directory: TempDir,
}

/// One line of the call log.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) signature: String,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) interface: Option<String>,
    pub(crate) http_status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) mutated: bool,
    pub(crate) request_id: String,
}

impl Call {
    pub(crate) fn is_mutating(&self) -> bool {
        ["ActivateRouterInterface", "DeactivateRouterInterface"].contains(&self.action.as_str())
    }
}

impl Emulator {
    /// Serves the world that a YAML text describes.
    pub(crate) fn serve(world: &str) -> Self {
        let clock = Clock::starting_at(Timestamp::now());
        let seed = WorldSeed::parse(world, Format::Yaml).unwrap_or_else(|error| panic!("{error:?}\n{world}"));
        Self::host(World::new(seed, clock.now()).unwrap(), clock)
    }

    fn host(world: World, clock: Clock) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("calls.jsonl");
        let host = Arc::new(Mutex::new(Host::in_memory(world)));
        let (stop, stopped) = oneshot::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let options = ServeOptions { clock, call_log: Some(CallLog::open(&log).unwrap()) };
        let served = Arc::clone(&host);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stopped = async move { drop(stopped.await) };
                tokio::select! {
                    served = serve(served, listener, options, std::future::pending()) => served.unwrap(),
                    () = stopped => {}
                }
            });
        });
        Self { address, host, log, stop: Some(stop), thread: Some(thread), _directory: directory }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn call_log(&self) -> &Path {
        &self.log
    }

    /// Returns every call so far, in the order in which they arrived.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        whole_lines(&text)
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    pub(crate) fn mutating_calls(&self) -> Vec<Call> {
        self.calls().into_iter().filter(Call::is_mutating).collect()
    }

    /// Lets what a schedule of faults says go wrong from now on.
    pub(crate) fn breaks(&self, schedule: &str) {
        let faults = Fault::parse_schedule(schedule).unwrap_or_else(|error| panic!("{error:?}\n{schedule}"));
        self.host.lock().unwrap().add_faults(faults, Timestamp::now()).unwrap();
    }

    /// Does what somebody else does with the account's key, through the world itself.
    pub(crate) fn does(&self, action: &str, parameters: &[(&str, &str)]) -> Reply {
        let request = Request {
            action: action.to_owned(),
            version: VPC_VERSION.to_owned(),
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            request_id: format!("somebody-{action}"),
            origin: Origin { user_agent: "somebody".to_owned(), ..Origin::default() },
        };
        let now = Timestamp::now();
        let act = |world: &mut World| {
            let caller = world.caller(DEFAULT_ACCESS_KEY_ID).unwrap();
            let reply = world.handle(now, Some(&caller), &request);
            let events = reply.events.clone();
            (reply, events)
        };
        self.host.lock().unwrap().visit(now, act).unwrap()
    }

    /// Looks at the world itself.
    pub(crate) fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(self.host.lock().unwrap().world())
    }

    /// Returns the true status of an interface, `Gone` where it is not there.
    pub(crate) fn status(&self, id: &str) -> String {
        let host = self.host.lock().unwrap();
        host.world().status(&id.into(), Timestamp::now()).map_or_else(|| "Gone".to_owned(), ToString::to_string)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Returns the lines of a log that is being written: the last one may be there in part only.
pub(crate) fn whole_lines(text: &str) -> std::str::Lines<'_> {
    text.rsplit_once('\n').map_or("", |(whole, _)| whole).lines()
}
