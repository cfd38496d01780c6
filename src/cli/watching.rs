//! A watch: what is drawn in place again and again, and what ends it: a key, a signal, a reader that is gone.

use std::io::{self, IsTerminal as _, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getpgrp};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
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
    let keys = Keys::listen();
    tokio::select! {
        _ = signals.wait_for(|count| *count > 0) => {}
        () = quit(keys.as_ref()) => {}
        () = reader_gone() => {}
    }
    Ok(())
}

async fn quit(keys: Option<&Keys>) {
    match keys {
        Some(keys) => keys.quit.notified().await,
        None => std::future::pending().await,
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

/// The keys of a terminal, each as it is pressed; the terminal is as it was once this is gone.
struct Keys {
    before: Termios,
    quit: Arc<Notify>,
}

impl Keys {
    /// Listens, where a person sits at a terminal that this process may ask.
    fn listen() -> Option<Self> {
        let input = io::stdin();
        // One that runs in the background would be stopped for the asking; a terminal that controls nobody stops nobody.
        let is_ours = || tcgetpgrp(&input).map_or(true, |group: Pid| group == getpgrp());
        if !input.is_terminal() || !io::stdout().is_terminal() || !is_ours() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let mut modes = before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        tcsetattr(&input, OptionalActions::Now, &modes).ok()?;
        let quit = Arc::new(Notify::new());
        let pressed = Arc::clone(&quit);
        // It ends with the process: a read of a terminal cannot be taken back.
        std::thread::spawn(move || {
            let keys = io::stdin().lock().bytes().map_while(Result::ok);
            if keys.into_iter().any(|key| QUIT.contains(&key)) {
                pressed.notify_one();
            }
        });
        Some(Self { before, quit })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, &self.before) {
            tracing::debug!("cannot set the terminal back: {error}");
        }
    }
}

/// What is drawn in place again and again; it makes room for whatever else is written, and stays when it is over.
pub(super) struct Picture {
    watch: Arc<Mutex<Watch>>,
}

impl Picture {
    /// Begins a picture, where standard output can show one.
    pub(super) fn begin(output: &Output) -> Option<Self> {
        if !output::draws_in_place() {
            return None;
        }
        let watch = Arc::new(Mutex::new(Watch::default()));
        let (shared, view) = (Arc::clone(&watch), output.view());
        output::set_make_room(Some(Box::new(move || {
            if let Ok(mut watch) = shared.try_lock() {
                output::show(|out| watch.clear(out, view));
            }
        })));
        Some(Self { watch })
    }

    /// Draws how everything stands over what was drawn last.
    pub(super) fn draw(&self, overview: &Overview, extent: Extent, output: &Output) {
        // Nobody sees it while the terminal is stopped, and what would be drawn piles up.
        if outlet::is_stalled() {
            return;
        }
        let (columns, rows) = output::size();
        let view = output.view();
        let view = View { width: columns.unwrap_or(view.width), ..view };
        // A picture that was being drawn when its thread panicked is still a picture.
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        output::show(|out| watch.draw(out, (overview, extent), (view, rows)));
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        output::set_make_room(None);
    }
}
