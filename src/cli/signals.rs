//! Signals as a number that grows: the first asks to stop, the second to leave at once.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Signals as they arrive.
pub(super) struct Signals {
    /// How many have arrived.
    pub(super) count: watch::Receiver<u32>,
    pub(super) terminal: Terminal,
}

/// What a closed terminal (SIGHUP) does.
#[derive(Clone, Default)]
pub(super) struct Terminal(Arc<AtomicBool>);

impl Terminal {
    /// Lets what goes on outlive its terminal: from now on a SIGHUP is no signal any more.
    pub(super) fn outlive(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_outlived(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Listens for SIGINT, SIGTERM and SIGHUP from now on; what `nohup` has the process ignore stays ignored.
pub(super) fn listen() -> std::io::Result<Signals> {
    let (sender, count) = watch::channel(0);
    let terminal = Terminal::default();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        if kind == SignalKind::hangup() && is_ignored(kind) {
            continue;
        }
        let mut signals = signal(kind)?;
        let (sender, terminal) = (sender.clone(), terminal.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if kind != SignalKind::hangup() || !terminal.is_outlived() {
                    sender.send_modify(|count| *count += 1);
                }
            }
        });
    }
    Ok(Signals { count, terminal })
}

/// Fails where so few files may be open that the signals of the process cannot be listened to, which would end in a panic.
/// What a command opens later fails as an error of its own.
///
/// # Errors
/// What the operating system says.
pub(super) fn can_be_caught() -> std::io::Result<()> {
    /// The runtime takes three for its events, and three for the signals.
    const PAIRS: usize = 3;
    let pairs: std::io::Result<Vec<_>> = (0..PAIRS).map(|_| UnixStream::pair()).collect();
    pairs.map(drop)
}

/// Makes a file that may not grow an error of the write, as a full disk is, instead of the end of the process.
pub(super) fn outlive_file_limits() {
    if let Err(error) = signal(SignalKind::from_raw(Signal::XFSZ.as_raw())) {
        tracing::debug!("cannot catch SIGXFSZ: {error}");
    }
}

/// Returns whether the process was started with a signal ignored (Linux; elsewhere nothing is known).
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (kind.as_raw_value() - 1)) != 0)
}
