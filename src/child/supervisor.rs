//! The other side: this program again, between the run and somebody else's program.
//!
//! Its standard input is the socket to the run. The run sends how long the program's input is and the input itself, and
//! hears one word: how the program ended. While the program runs, all that is waited for on the socket is its end.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, wait};

/// The first argument of a supervisor. No command of this name is shown to anybody.
pub const SUPERVISE: &str = "supervise-child";

/// The longest word that a supervisor says.
pub(super) const LONGEST_WORD: u64 = 64;

/// The length that stands for no input at all.
const NOTHING: u64 = u64::MAX;

/// Returns what a run sends before the input of a program.
pub(super) fn head(input: Option<&[u8]>) -> [u8; 8] {
    input.map_or(NOTHING, |input| input.len() as u64).to_le_bytes()
}

/// What a supervisor says of its program.
pub(super) enum Word {
    /// It ended so.
    Ended(ExitStatus),
    /// It could not be started.
    Unstarted(io::Error),
}

impl Word {
    /// Reads what a supervisor said; `None` where it was ended before it said anything.
    pub(super) fn read(said: &[u8]) -> Option<Self> {
        let said = String::from_utf8_lossy(said);
        let number = |what: &str| said.trim().strip_prefix(what)?.trim().parse::<i32>().ok();
        let ended = number(ENDED).map(|raw| Self::Ended(ExitStatus::from_raw(raw)));
        ended.or_else(|| number(UNSTARTED).map(|code| Self::Unstarted(io::Error::from_raw_os_error(code))))
    }
}

const ENDED: &str = "ended";
const UNSTARTED: &str = "unstarted";

/// Runs the program that `arguments` name and returns once it and all that it started have ended; `link` is the socket.
pub fn supervise(arguments: &[OsString], mut link: impl Read + AsFd + Send + 'static) {
    let Ok(said) = link.as_fd().try_clone_to_owned() else { return };
    let mut said = fs::File::from(said);
    let Some(input) = input(&mut link) else { return };
    let word = match start(arguments, input) {
        Ok((mut child, group)) => {
            thread::spawn(move || {
                // Nothing more is ever sent: this returns when the run is gone.
                let mut nothing = [0; 1];
                while !matches!(link.read(&mut nothing), Ok(0) | Err(_)) {}
                kill_all(group);
            });
            let ended = child.wait();
            end_all(group);
            match ended {
                Ok(status) => format!("{ENDED} {}", status.into_raw()),
                Err(error) => format!("{UNSTARTED} {}", error.raw_os_error().unwrap_or(0)),
            }
        }
        Err(error) => format!("{UNSTARTED} {}", error.raw_os_error().unwrap_or(0)),
    };
    // Where the run is gone nobody hears it.
    said.write_all(word.as_bytes()).ok();
}

/// Reads the program's input; `None` if the run is gone before it is whole.
fn input(link: &mut impl Read) -> Option<Option<Vec<u8>>> {
    let mut length = [0; 8];
    link.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    if length == NOTHING {
        return Some(None);
    }
    let mut input = Vec::new();
    link.take(length).read_to_end(&mut input).ok()?;
    (input.len() as u64 == length).then_some(Some(input))
}

fn start(arguments: &[OsString], input: Option<Vec<u8>>) -> io::Result<(std::process::Child, Option<Pid>)> {
    let (name, rest) = arguments.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    // What leaves the program's process group and loses its parent becomes our child, and is found.
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        tracing::debug!("cannot adopt what a program leaves behind: {error}");
    }
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = Command::new(name).args(rest).stdin(stdin).process_group(0).spawn()?;
    let group = Pid::from_raw(child.id().cast_signed());
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        thread::spawn(move || stdin.write_all(&input));
    }
    Ok((child, group))
}

fn kill_all(group: Option<Pid>) {
    if let Some(group) = group {
        kill_process_group(group, Signal::KILL).ok();
    }
    for child in children() {
        kill_process(child, Signal::KILL).ok();
    }
}

/// Kills everything that is left until nothing is.
fn end_all(group: Option<Pid>) {
    loop {
        kill_all(group);
        if wait(WaitOptions::empty()).is_err() {
            return;
        }
        while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
    }
}

/// Lists our children, those that we adopted included.
fn children() -> Vec<Pid> {
    let us = getpid().as_raw_nonzero().get().to_string();
    let is_ours = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The command's name is in parentheses and may hold anything; the state and the parent are next.
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)) == Some(us.as_str())
    };
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && is_ours(name));
    pids.filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}
