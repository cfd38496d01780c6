//! A watch: what is drawn in place again and again, and what ends it: a key, a signal, a reader that is gone.

use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::FutureExt as _;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpgrp};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::Notify;

use crate::overview::Overview;
use crate::render::View;
use crate::render::status::{Extent, Watch};

use super::output::{self, Output};
use super::{outlet, signals};

/// The key that ends a watch, as in `top`.
const QUIT: [u8; 2] = [b'q', b'Q'];

/// Waits until somebody ends the watch.
///
/// # Errors
/// Signals cannot be listened to.
pub(super) async fn ended() -> Result<()> {
    let signals::Signals { count: mut signals, .. } = signals::listen().context("cannot listen for signals")?;
    tokio::select! {
        _ = signals.wait_for(|count| *count > 0) => Ok(()),
        ended = quit() => ended,
        () = reader_gone() => Ok(()),
    }
}

/// How often it is looked whether this process has come to the foreground.
const LOOK: Duration = Duration::from_millis(500);

/// Waits for the key that ends a watch. A process that was stopped, or begun in the background, hears keys once it is in the
/// foreground.
async fn quit() -> Result<()> {
    let pressed = Arc::new(Notify::new());
    let mut keys = Keys::listen(&pressed);
    let mut goes_on = signal(SignalKind::from_raw(Signal::CONT.as_raw())).context("cannot listen for signals")?;
    loop {
        tokio::select! {
            () = pressed.notified() => return Ok(()),
            _ = goes_on.recv() => {}
            () = tokio::time::sleep(LOOK), if keys.is_none() => {}
        }
        match &keys {
            Some(keys) => keys.take_again(),
            None => keys = Keys::listen(&pressed),
        }
    }
}

/// Waits until nobody reads standard output any more; for ever where that cannot be told, as of a file.
async fn reader_gone() {
    let gone = Arc::new(Notify::new());
    let seen = Arc::clone(&gone);
    // It ends with the process, as every thread that waits for somebody else.
    std::thread::spawn(move || {
        let output = io::stdout();
        // Nothing is asked for: that the other side is gone is always told.
        let mut watched = [PollFd::new(&output, PollFlags::empty())];
        while matches!(poll(&mut watched, None), Err(Errno::INTR) | Ok(0)) {}
        seen.notify_one();
    });
    gone.notified().await;
}

/// Returns whether a terminal lets this process draw and ask: one that runs in the background would be stopped for the asking, and
/// draws over what others write. A terminal that controls nobody stops nobody.
fn is_in_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group: Pid| group == getpgrp())
}

/// The keys of a terminal, each as it is pressed; the terminal is as it was once this is gone.
struct Keys {
    before: Termios,
}

impl Keys {
    /// Listens, where a person sits at a terminal that this process may ask.
    fn listen(pressed: &Arc<Notify>) -> Option<Self> {
        let input = io::stdin();
        if !input.is_terminal() || !io::stdout().is_terminal() || !is_in_foreground(&input) {
            return None;
        }
        let keys = Self { before: tcgetattr(&input).ok()? };
        keys.take_again();
        let pressed = Arc::clone(pressed);
        // It ends with the process: a read of a terminal cannot be taken back.
        std::thread::spawn(move || {
            let mut keys = io::stdin().lock().bytes().map_while(Result::ok);
            if keys.any(|key| QUIT.contains(&key)) {
                pressed.notify_one();
            }
        });
        Some(keys)
    }

    /// Has the terminal hand over each key, also after a shell has set it otherwise.
    fn take_again(&self) {
        let mut modes = self.before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        set(&modes);
    }
}

fn set(modes: &Termios) {
    if !is_in_foreground(io::stdin()) {
        return;
    }
    if let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, modes) {
        tracing::debug!("cannot set the terminal: {error}");
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        set(&self.before);
    }
}

/// What is drawn in place again and again; it makes room for whatever else is written, and stays when it is over.
pub(super) struct Picture {
    watch: Arc<Mutex<Watch>>,
    /// The process was stopped and goes on.
    goes_on: Signals,
    /// It was in the background when it was to draw last.
    was_away: bool,
}

impl Picture {
    /// Begins a picture, where standard output can show one.
    ///
    /// # Errors
    /// Signals cannot be listened to.
    pub(super) fn begin(output: &Output) -> Result<Option<Self>> {
        if !output::draws_in_place() {
            return Ok(None);
        }
        let goes_on = signal(SignalKind::from_raw(Signal::CONT.as_raw())).context("cannot listen for signals")?;
        let watch = Arc::new(Mutex::new(Watch::default()));
        let (shared, view) = (Arc::clone(&watch), output.view());
        output::set_make_room(Some(Box::new(move || {
            if let Ok(mut watch) = shared.try_lock() {
                output::show(|out| watch.clear(out, view));
            }
        })));
        Ok(Some(Self { watch, goes_on, was_away: false }))
    }

    /// Draws how everything stands over what was drawn last.
    pub(super) fn draw(&mut self, overview: &Overview, extent: Extent, output: &Output) {
        if !is_in_foreground(io::stdout()) {
            self.was_away = true;
            return;
        }
        // Nobody sees it while the terminal is stopped, and what would be drawn piles up.
        if outlet::is_stalled() {
            return;
        }
        let (columns, rows) = output::size();
        let view = output.view();
        let view = View { width: columns.unwrap_or(view.width), ..view };
        // A picture that was being drawn when its thread panicked is still a picture.
        let was_stopped = self.goes_on.recv().now_or_never().is_some();
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if was_stopped || std::mem::take(&mut self.was_away) {
            // A shell and others have written below what was drawn.
            watch.leave();
        }
        output::show(|out| watch.draw(out, (overview, extent), (view, rows)));
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        output::set_make_room(None);
    }
}
