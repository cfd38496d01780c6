//! Where text leaves: threads that write what they are handed, so that a reader who stalls holds up nobody but itself.
//!
//! An apply goes on, and hears signals, while nobody reads its pipe or a terminal is stopped; what was handed over is
//! written in order once somebody reads on. [`drained`] waits for that, and whoever waits may give up.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{FileType, OFlags};
use tokio::sync::Notify;

/// One place that text is written to, by a thread of its own.
#[derive(Debug)]
pub(super) struct Outlet {
    sender: Sender<(Sink, Worth, Vec<u8>)>,
    progress: Arc<Progress>,
}

/// How far the thread has come.
#[derive(Debug, Default)]
struct Progress {
    known: Mutex<Known>,
    /// Somebody waits for everything to be written.
    idle: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// How many texts are not written yet.
    waiting: usize,
    /// How many of them hold what was asked for.
    results: usize,
    /// Why writing ended; what comes after it is dropped.
    failed: Option<Arc<io::Error>>,
    /// Something that was asked for was dropped.
    is_short: bool,
}

/// What a text is to whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// What was asked for: without it the command has failed.
    Result,
    /// What happens meanwhile: nothing depends on it.
    News,
}

/// What an outlet writes into.
#[derive(Debug)]
enum Sink {
    Output,
    Errors,
    File(Arc<File>),
}

/// A file that lines are written into.
#[derive(Debug)]
pub(super) struct Lines {
    outlet: Outlet,
    file: Arc<File>,
}

/// The process's streams. The two share a thread where they end in the same place, so that what is said in turn stands
/// in turn.
static STREAMS: OnceLock<Streams> = OnceLock::new();

#[derive(Debug)]
struct Streams {
    output: Outlet,
    /// None where it is the same as standard output.
    errors: Option<Outlet>,
}

fn streams() -> &'static Streams {
    STREAMS.get_or_init(|| {
        append(io::stdout());
        append(io::stderr());
        let errors = (!are_the_same()).then(Outlet::start);
        Streams { output: Outlet::start(), errors }
    })
}

/// Has what a stream writes into a file come after what is in it by then: the file may be named as `/dev/stdout` too, or be
/// shared with others, and each would write over the other.
fn append(stream: impl AsFd) {
    let is_file = rustix::fs::fstat(&stream).is_ok_and(|found| FileType::from_raw_mode(found.st_mode).is_file());
    if is_file
        && let Ok(flags) = rustix::fs::fcntl_getfl(&stream)
        && let Err(error) = rustix::fs::fcntl_setfl(&stream, flags | OFlags::APPEND)
    {
        tracing::debug!(%error, "a stream does not append");
    }
}

/// Returns whether standard output and error are one pipe, terminal or file.
fn are_the_same() -> bool {
    match (rustix::fs::fstat(io::stdout()), rustix::fs::fstat(io::stderr())) {
        (Ok(output), Ok(errors)) => {
            (output.st_dev, output.st_ino, output.st_rdev) == (errors.st_dev, errors.st_ino, errors.st_rdev)
        }
        _ => false,
    }
}

/// Hands text to standard output.
pub(super) fn to_output(worth: Worth, text: Vec<u8>) {
    streams().output.hand(Sink::Output, worth, text);
}

/// Hands text to standard error.
pub(super) fn to_errors(text: Vec<u8>) {
    let Streams { output, errors } = streams();
    errors.as_ref().unwrap_or(output).hand(Sink::Errors, Worth::News, text);
}

/// How many texts may wait before their reader is taken to have stalled; one that reads takes each within microseconds.
const MOST_WAITING: usize = 16;

/// Returns whether nobody seems to take what standard output was handed.
pub(super) fn is_stalled() -> bool {
    streams().output.progress.known().waiting > MOST_WAITING
}

/// Returns whether standard output could not be written to, and takes nothing more.
pub(super) fn has_failed() -> bool {
    streams().output.progress.known().failed.is_some()
}

/// Returns whether standard output has not taken yet what was asked for.
pub(super) fn owes_a_result() -> bool {
    streams().output.progress.known().results > 0
}

/// Why standard output has not taken everything.
#[derive(Debug)]
pub(super) struct Untaken {
    /// Why not.
    pub(super) error: Arc<io::Error>,
    /// Something that was asked for is among it.
    pub(super) is_result: bool,
}

/// Waits until both streams have taken everything, and returns why standard output could not. A reader that has gone away is
/// no reason: it has read what it wanted.
pub(super) async fn drained() -> Option<Untaken> {
    let Streams { output, errors } = streams();
    if let Some(errors) = errors {
        errors.drained().await;
    }
    let error = output.drained().await.filter(|error| error.kind() != io::ErrorKind::BrokenPipe)?;
    Some(Untaken { error, is_result: output.progress.known().is_short })
}

impl Outlet {
    fn start() -> Self {
        let (sender, receiver) = channel();
        let progress = Arc::new(Progress::default());
        let shared = Arc::clone(&progress);
        // It ends with the process: a write that nobody reads cannot be taken back.
        std::thread::spawn(move || write_on(&receiver, &shared));
        Self { sender, progress }
    }

    fn hand(&self, sink: Sink, worth: Worth, text: Vec<u8>) {
        if text.is_empty() {
            return;
        }
        {
            let mut known = self.progress.known();
            known.waiting += 1;
            known.results += usize::from(worth == Worth::Result);
        }
        self.sender.send((sink, worth, text)).expect("the thread goes on for as long as there is an outlet");
    }

    async fn drained(&self) -> Option<Arc<io::Error>> {
        loop {
            let idle = self.progress.idle.notified();
            {
                let known = self.progress.known();
                if known.waiting == 0 {
                    return known.failed.clone();
                }
            }
            idle.await;
        }
    }
}

impl Progress {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_on(receiver: &Receiver<(Sink, Worth, Vec<u8>)>, progress: &Progress) {
    for (sink, worth, text) in receiver {
        let is_over = progress.known().failed.is_some();
        let outcome = if is_over { Ok(()) } else { sink.write(&text) };
        let mut known = progress.known();
        known.waiting -= 1;
        if let Err(error) = outcome {
            known.failed = Some(Arc::new(error));
        }
        if worth == Worth::Result {
            known.results -= 1;
            known.is_short |= known.failed.is_some();
        }
        if known.waiting == 0 {
            progress.idle.notify_one();
        }
    }
}

impl Sink {
    fn write(&self, text: &[u8]) -> io::Result<()> {
        fn whole(mut out: impl Write, text: &[u8]) -> io::Result<()> {
            out.write_all(text)?;
            out.flush()
        }
        match self {
            Self::Output => whole(io::stdout().lock(), text),
            Self::Errors => match whole(io::stderr().lock(), text) {
                // Nobody is there to hear it; standard output may well be read on.
                Err(_) => Ok(()),
                ok => ok,
            },
            Self::File(file) => whole(&**file, text),
        }
    }
}

impl Lines {
    pub(super) fn into_file(file: File) -> Self {
        Self { outlet: Outlet::start(), file: Arc::new(file) }
    }

    /// Hands lines over, or returns why an earlier one could not be written.
    pub(super) fn hand(&self, text: Vec<u8>) -> Result<(), Arc<io::Error>> {
        if let Some(error) = &self.outlet.progress.known().failed {
            return Err(Arc::clone(error));
        }
        self.outlet.hand(Sink::File(Arc::clone(&self.file)), Worth::News, text);
        Ok(())
    }

    /// Waits until everything is written, and returns why it could not be.
    pub(super) async fn drained(&self) -> Option<Arc<io::Error>> {
        self.outlet.drained().await
    }
}
