//! The streams: what they can show, and writing that neither a closed nor a stalled pipe can turn into a failed apply.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use crate::language::{self, Language};
use crate::render::diagnostic::DrawStyle;
use crate::render::words::next::Given;
use crate::render::{self, View};

use super::outlet::{self, Worth};

/// What takes a live table away before something else is written; none while there is no table.
type MakeRoom = Box<dyn Fn() + Send>;

/// A log line comes from wherever something happens, so this is the process's, like the terminal itself.
static MAKE_ROOM: Mutex<Option<MakeRoom>> = Mutex::new(None);

/// Columns where the terminal does not say.
const DEFAULT_WIDTH: u16 = 80;

/// Standard output and error, and how they are to be written.
#[derive(Clone)]
pub(super) struct Output {
    colors_output: bool,
    colors_errors: bool,
    is_terminal: bool,
    width: u16,
    unicode: bool,
    language: Language,
    /// What the command was typed with, which the commands in hints are to have as well.
    given: Given,
}

impl Output {
    pub(super) fn new(no_color: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
        let refused = no_color || set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let wants = |is_terminal: bool| !refused && (forced || is_terminal);
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| set(name)).and_then(std::env::var_os);
        let unicode = locale.is_some_and(|locale| {
            let locale = locale.to_string_lossy().to_ascii_uppercase();
            locale.contains("UTF-8") || locale.contains("UTF8")
        });
        Self {
            colors_output: wants(io::stdout().is_terminal()),
            colors_errors: wants(io::stderr().is_terminal()),
            is_terminal: io::stdout().is_terminal(),
            width: width(),
            unicode,
            language: Language::of(|name| std::env::var(name).ok()),
            given: Given::default(),
        }
    }

    /// Takes in what the command was typed with.
    pub(super) fn given(self, given: Given) -> Self {
        Self { given, ..self }
    }

    /// Returns the same for what is said of one of the specs that were given.
    pub(super) fn about(&self, spec: &Path) -> Self {
        let given = Given { file: Some(spec.display().to_string()), ..self.given.clone() };
        Self { given, ..self.clone() }
    }

    /// Returns the language of whoever reads.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// Has something said in the language of whoever reads.
    pub(super) fn spoken<T>(&self, say: impl FnOnce() -> T) -> T {
        language::speak(self.language, say)
    }

    /// Returns a text whose commands can be typed as this one was.
    pub(super) fn retold(&self, text: &str) -> String {
        self.given.in_text(text)
    }

    /// How standard output is to look: what is not a terminal is read by programs, so that nothing is wrapped or cut.
    pub(super) fn view(&self) -> View {
        let (is_terminal, unicode) = (self.is_terminal, self.unicode);
        let width = if is_terminal { self.width } else { u16::MAX };
        View { color: self.colors_output, width, unicode, folds: is_terminal, language: self.language }
    }

    /// How standard output is to look where everything may be wanted (`--full`).
    pub(super) fn view_of(&self, full: bool) -> View {
        let view = self.view();
        View { folds: view.folds && !full, ..view }
    }

    pub(super) fn draw_style(&self) -> DrawStyle {
        DrawStyle {
            color: self.colors_errors,
            width: usize::from(self.width),
            wraps: io::stderr().is_terminal(),
            language: self.language,
        }
    }

    /// Returns whether one person sees both streams.
    pub(super) fn is_watched(&self) -> bool {
        io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// Writes what was asked for; whether it could be written is known at the end of the command.
    pub(super) fn print(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let mut text = Vec::new();
        write(&mut text).context("cannot put together what was asked for")?;
        outlet::to_output(Worth::Result, text);
        Ok(())
    }

    /// Writes what happens during a run: nothing may depend on it.
    pub(super) fn show(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        show(write);
    }

    /// Writes a line for people to standard error, escaped; wrapped only on a terminal, since pipes are grepped.
    pub(super) fn say(&self, text: &str) {
        let width = if io::stderr().is_terminal() { self.width } else { u16::MAX };
        let view = View { color: false, width, unicode: self.unicode, folds: false, language: self.language };
        // Where Chinese may be broken depends on the language.
        self.spoken(|| self.complain(|out| render::text::paragraph(out, &self.retold(text), view)));
    }

    /// Writes to standard error; if that is gone, so is the reader.
    pub(super) fn complain(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        make_room();
        outlet::to_errors(written(write));
    }
}

/// Says what makes room for messages from now on.
pub(super) fn set_make_room(with: Option<MakeRoom>) {
    *MAKE_ROOM.lock().unwrap_or_else(PoisonError::into_inner) = with;
}

/// Makes room for a message. One about the making of room finds the lock taken, and goes without.
pub(super) fn make_room() {
    if let Ok(make_room) = MAKE_ROOM.try_lock()
        && let Some(make_room) = &*make_room
    {
        make_room();
    }
}

/// Writes what happens during a run, from wherever that is seen.
pub(super) fn show(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    outlet::to_output(Worth::News, written(write));
}

/// Returns what is written, up to where that failed.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Err(error) = write(&mut text) {
        debug_assert!(false, "bug: nothing can go wrong in memory: {error}");
    }
    text
}

/// Returns whether standard output is a terminal that a person watches and that knows how to move its cursor.
pub(super) fn draws_in_place() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdout().is_terminal() && !is_dumb && !is_set("CI")
}

/// Rows where the terminal does not say.
const DEFAULT_ROWS: u16 = 24;

/// Returns the columns of the terminal now, where it tells, and its rows.
pub(super) fn size() -> (Option<u16>, u16) {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let rows = size.map(|size| size.ws_row).filter(|rows| *rows > 0).unwrap_or(DEFAULT_ROWS);
    (size.map(|size| size.ws_col).filter(|columns| *columns > 0), rows)
}

/// How wide help is at most.
const HELP_WIDTH: usize = 100;

/// Returns how wide help is: as wide as the terminal, and no wider than is read well.
pub(super) fn help_width() -> usize {
    if io::stdout().is_terminal() { usize::from(width()).min(HELP_WIDTH) } else { HELP_WIDTH }
}

fn width() -> u16 {
    let from_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col);
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    from_terminal.filter(|columns| *columns > 0).or_else(from_environment).unwrap_or(DEFAULT_WIDTH).max(20)
}
