//! A world and where it lives: in memory, or beside its file.
//!
//! The world file is never written. What happens to its world is appended to `<world file>.log.jsonl`: a header with
//! the digest of the file and the epoch, then one [`Event`] a line. Opening a world means reading the seed and
//! replaying the log; a log of another content is started afresh. Every visit holds a lock on the log and first reads
//! what other processes have appended, so that any number of them can share one world. Whoever only looks
//! ([`Manner::Looking`]) reads the log that is there, takes no lock and writes nothing: what happens to the world while it is
//! looked at is forgotten.
//!
//! Both files are opened as what a spec names is (`store::named`): never what is no regular file, and a log never through a
//! link; a world only where a person gave its name.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::seed::{Fault, Format, SeedError, WorldSeed};
use super::timeline::Event;
use super::world::World;
use crate::bounds;
use crate::signature::sha256_hex;
use crate::store::named::{self, Links, NamedError};

const LOG_FORMAT: &str = "1.0";

/// A world that cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The world file does not say what a world file says.
    #[error("cannot use {}", .path.display())]
    Seed {
        /// The world file.
        path: PathBuf,
        /// What is wrong with it.
        source: SeedError,
    },
    /// Something else than a regular file stands at the name, or more than is read of one.
    #[error("cannot use {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What stands there.
        source: NamedError,
    },
    /// A file cannot be read, written or locked.
    #[error("cannot {doing} {}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of the log is not one of ours; resetting the world starts a new one.
    #[error("line {line} of {} is damaged; `rictl emulator reset` starts the world afresh", .path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

/// What a world is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// To act: what happens to the world is kept.
    Acting,
    /// To look: nothing is written.
    Looking,
}

/// Returns where the log of a world file stands.
pub fn log_path(world_file: &Path) -> PathBuf {
    let mut path = OsString::from(world_file);
    path.push(".log.jsonl");
    PathBuf::from(path)
}

/// Forgets what has happened to the world of a file.
///
/// # Errors
///
/// The log is there and cannot be removed.
pub fn reset(world_file: &Path) -> Result<(), HostError> {
    let path = log_path(world_file);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path)(error)),
        _ => Ok(()),
    }
}

/// A world that can be visited.
#[derive(Debug)]
pub struct Host {
    world: World,
    home: Option<Home>,
}

#[derive(Debug)]
struct Home {
    manner: Manner,
    links: Links,
    world_file: PathBuf,
    log: PathBuf,
    /// The log's first line as we know it; another one means another world.
    header: Vec<u8>,
    /// How far we have read, header included.
    read_to: u64,
    /// Faults from elsewhere than the world file.
    faults: Vec<Fault>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format_version: String,
    world: String,
    epoch: Timestamp,
}

impl Host {
    /// Hosts a world that nobody else sees and that ends with the process.
    pub fn in_memory(world: World) -> Self {
        Self { world, home: None }
    }

    /// Opens the world of a file, as its log left it; `now` is the epoch of a world without a log.
    ///
    /// # Errors
    ///
    /// The file or its log cannot be read, understood or locked.
    pub fn open(world_file: &Path, now: Timestamp) -> Result<Self, HostError> {
        Self::open_named(world_file, Manner::Acting, Links::Refused, now)
    }

    /// Opens the world of a file to look at it: nothing is written, and what happens to it is seen by nobody else. `now` is
    /// the epoch of a world that nobody has acted on.
    ///
    /// # Errors
    ///
    /// As [`Host::open`].
    pub fn look(world_file: &Path, now: Timestamp) -> Result<Self, HostError> {
        Self::open_named(world_file, Manner::Looking, Links::Refused, now)
    }

    /// Opens the world of a file for what it is wanted; `links` says whether its name may be that of a link, as one that a
    /// person gives may. The name of its log never is.
    ///
    /// # Errors
    ///
    /// As [`Host::open`].
    pub fn open_named(world_file: &Path, manner: Manner, links: Links, now: Timestamp) -> Result<Self, HostError> {
        let mut home = Home {
            manner,
            links,
            world_file: world_file.to_owned(),
            log: log_path(world_file),
            header: Vec::new(),
            read_to: 0,
            faults: Vec::new(),
        };
        // Before a log is created beside what is no world.
        named::open(world_file, links).map_err(|source| unusable(world_file, source))?;
        let log = home.log()?;
        let world = home.load(log.as_ref(), now)?;
        Ok(Self { world, home: Some(home) })
    }

    /// Adds faults to those of the world file, for this process only.
    ///
    /// # Errors
    ///
    /// They name interfaces that the world does not have, or the world cannot be reached.
    pub fn add_faults(&mut self, faults: Vec<Fault>, now: Timestamp) -> Result<(), HostError> {
        if let Some(home) = &mut self.home {
            home.faults.extend(faults.iter().cloned());
        }
        let path = self.home.as_ref().map(|home| home.world_file.clone()).unwrap_or_default();
        self.visit(now, |world| match world.add_faults(faults, now) {
            Ok(events) => (Ok(()), events),
            Err(source) => (Err(HostError::Seed { path, source }), Vec::new()),
        })?
    }

    /// Returns the world as the last visit left it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Lets `act` meet the world of this moment, and writes down the events that it returns before it gives back the
    /// rest.
    ///
    /// # Errors
    ///
    /// The log cannot be read, locked or written; then nothing that `act` did is kept.
    pub fn visit<T>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut World) -> (T, Vec<Event>),
    ) -> Result<T, HostError> {
        let Some(home) = &mut self.home else { return Ok(act(&mut self.world).0) };
        let log = home.log()?;
        home.catch_up(log.as_ref(), &mut self.world, now)?;
        let (result, events) = act(&mut self.world);
        if let Some(log) = log.filter(|_| home.manner == Manner::Acting) {
            home.append(&log, &events)?;
        }
        Ok(result)
    }
}

impl Home {
    /// Opens the log: to act, as it stands locked; to look, as it is found, if there is one.
    fn log(&self) -> Result<Option<File>, HostError> {
        match self.manner {
            Manner::Acting => self.lock().map(Some),
            Manner::Looking => match named::open(&self.log, Links::Refused) {
                Ok(log) => Ok(Some(log)),
                Err(NamedError::Absent) => Ok(None),
                Err(source) => Err(unusable(&self.log, source)),
            },
        }
    }

    /// Opens and locks the log that stands at its path, however often it is replaced meanwhile.
    fn lock(&self) -> Result<File, HostError> {
        let fail = |doing| failed(doing, &self.log);
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        loop {
            // What is no regular file is not even opened; what is put there meanwhile is not followed.
            match named::open(&self.log, Links::Refused) {
                Ok(_) | Err(NamedError::Absent) => {}
                Err(source) => return Err(unusable(&self.log, source)),
            }
            let mut options = OpenOptions::new();
            let options = options.read(true).append(true).create(true).custom_flags(flags);
            let file = options.open(&self.log).map_err(fail("open"))?;
            file.lock().map_err(fail("lock"))?;
            let ours = file.metadata().map_err(fail("examine"))?;
            if !ours.is_file() {
                continue;
            }
            match std::fs::symlink_metadata(&self.log) {
                Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail("examine")(error)),
                _ => {}
            }
        }
    }

    /// Replays what has been appended since the last visit, or all of it if the log is another one.
    fn catch_up(&mut self, log: Option<&File>, world: &mut World, now: Timestamp) -> Result<(), HostError> {
        let Some(log) = log else {
            // To look at: nobody has acted on it yet, or its log was removed since.
            if !self.header.is_empty() {
                *world = self.load(None, now)?;
            }
            return Ok(());
        };
        let mut header = vec![0; self.header.len()];
        let known = !header.is_empty()
            && match log.read_exact_at(&mut header, 0) {
                Ok(()) => header == self.header,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                Err(error) => return Err(failed("read", &self.log)(error)),
            };
        if known {
            self.replay(log, world)
        } else {
            *world = self.load(Some(log), now)?;
            Ok(())
        }
    }

    /// Reads the world file and replays its log from the start, which is started afresh if it is another content's.
    fn load(&mut self, log: Option<&File>, now: Timestamp) -> Result<World, HostError> {
        let world_file = self.world_file.clone();
        let refuse = |source| HostError::Seed { path: world_file.clone(), source };
        let text = named::read(&world_file, self.links, bounds::WORLD_BYTES)
            .map_err(|source| unusable(&world_file, source))?;
        let text = String::from_utf8(text).map_err(|_| refuse(SeedError::NotText))?;
        let is_json = self.world_file.extension().is_some_and(|extension| extension == "json");
        let seed = WorldSeed::parse(&text, if is_json { Format::Json } else { Format::Yaml }).map_err(refuse)?;
        let digest = format!("sha256:{}", sha256_hex(text.as_bytes()));
        let found = log.map(|log| self.read_header(log)).transpose()?.flatten();
        let is_ours = found.as_ref().is_some_and(|(_, header)| header.world == digest);
        let epoch = found.as_ref().filter(|_| is_ours).map_or(now, |(_, header)| header.epoch);
        // Built before the log of another content goes.
        let mut world = World::new(seed, epoch).map_err(refuse)?;
        let has_changed = found.is_some() && !is_ours;
        self.header = found.filter(|_| is_ours).map(|(line, _)| line).unwrap_or_default();
        if let Some(log) = log.filter(|_| !is_ours && self.manner == Manner::Acting) {
            if has_changed {
                tracing::info!(world = %self.world_file.display(), "the world file has changed: starting afresh");
            }
            self.start_log(log, digest, epoch)?;
        }
        self.read_to = self.header.len() as u64;
        if let Some(log) = log.filter(|_| !self.header.is_empty()) {
            self.replay(log, &mut world)?;
        }
        world.add_faults(self.faults.clone(), now).map_err(refuse)?;
        Ok(world)
    }

    fn read_header(&self, log: &File) -> Result<Option<(Vec<u8>, Header)>, HostError> {
        /// A header is some 150 bytes.
        const MOST_HEADER: usize = 512;
        let mut start = vec![0; MOST_HEADER];
        let length = log.read_at(&mut start, 0).map_err(failed("read", &self.log))?;
        start.truncate(length);
        let Some(end) = start.iter().position(|byte| *byte == b'\n') else {
            // A short one is what a process left that died while it started the log; anything longer is not ours to empty.
            let is_begun = length < MOST_HEADER;
            return if is_begun { Ok(None) } else { Err(HostError::Damaged { path: self.log.clone(), line: 1 }) };
        };
        start.truncate(end + 1);
        match serde_json::from_slice::<Header>(&start) {
            Ok(header) if header.format_version == LOG_FORMAT => Ok(Some((start, header))),
            _ => Err(HostError::Damaged { path: self.log.clone(), line: 1 }),
        }
    }

    fn start_log(&mut self, mut log: &File, world: String, epoch: Timestamp) -> Result<(), HostError> {
        let header = Header { format_version: LOG_FORMAT.to_owned(), world, epoch };
        self.header = line(&header);
        log.set_len(0).and_then(|()| log.write_all(&self.header)).map_err(failed("write", &self.log))
    }

    fn replay(&mut self, log: &File, world: &mut World) -> Result<(), HostError> {
        let fail = |doing| failed(doing, &self.log);
        let mut lines = LogLines { log, at: self.read_to, held: Vec::new(), begin: 0 };
        let mut number = 0;
        let damaged = |number| HostError::Damaged { path: self.log.clone(), line: self.line_number(log, number) };
        while let Some(line) = lines.next().map_err(fail("read"))? {
            let Some(line) = line else { return Err(damaged(number)) };
            serde_json::from_slice::<Event>(line)
                .ok()
                .and_then(|event| world.replay(&event))
                .ok_or_else(|| damaged(number))?;
            number += 1;
        }
        let whole = lines.at;
        if lines.has_more() && self.manner == Manner::Acting {
            // The last words of a process that died: its caller never got an answer.
            log.set_len(whole).map_err(fail("write"))?;
        }
        self.read_to = whole;
        Ok(())
    }

    /// Returns which line of the file is the `index`th of those just read.
    fn line_number(&self, mut log: &File, index: usize) -> usize {
        let before = log.rewind().map(|()| io::BufReader::new(log.take(self.read_to)));
        let before = before.map_or(0, |before| before.split(b'\n').take_while(Result::is_ok).count());
        before + index + 1
    }

    fn append(&mut self, mut log: &File, events: &[Event]) -> Result<(), HostError> {
        if events.is_empty() {
            return Ok(());
        }
        let lines: Vec<u8> = events.iter().flat_map(line).collect();
        match log.write_all(&lines) {
            Ok(()) => {
                self.read_to += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // The world in memory is ahead of its log: the next visit loads it again.
                self.header.clear();
                Err(failed("write", &self.log)(error))
            }
        }
    }
}

/// The lines of a log that have an end, read piece by piece: a log is as long as its world has been used.
struct LogLines<'f> {
    log: &'f File,
    /// Where the next line begins.
    at: u64,
    /// What has been read, from before there on.
    held: Vec<u8>,
    /// Where in it the next line begins.
    begin: usize,
}

impl LogLines<'_> {
    /// Returns the next line, or within it nothing if it is longer than any event; what has no end is left.
    fn next(&mut self) -> io::Result<Option<Option<&[u8]>>> {
        let mut looked_at = self.begin;
        loop {
            if let Some(end) = self.held[looked_at..].iter().position(|byte| *byte == b'\n') {
                let line = self.begin..=looked_at + end;
                self.begin = looked_at + end + 1;
                self.at += (self.begin - line.start()) as u64;
                return Ok(Some(Some(&self.held[line])));
            }
            self.held.drain(..self.begin);
            self.begin = 0;
            looked_at = self.held.len();
            if looked_at > bounds::WORLD_LOG_LINE {
                return Ok(Some(None));
            }
            let mut piece = vec![0; 64 << 10];
            let read = self.log.read_at(&mut piece, self.at + looked_at as u64)?;
            if read == 0 {
                return Ok(None);
            }
            self.held.extend_from_slice(&piece[..read]);
        }
    }

    /// Returns whether there is something behind the last line that has an end.
    fn has_more(&self) -> bool {
        self.begin < self.held.len()
    }
}

fn unusable(path: &Path, source: NamedError) -> HostError {
    match source {
        NamedError::Absent => {
            HostError::Io { doing: "read", path: path.to_owned(), source: io::ErrorKind::NotFound.into() }
        }
        NamedError::Io(source) => HostError::Io { doing: "read", path: path.to_owned(), source },
        source => HostError::File { path: path.to_owned(), source },
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HostError {
    let path = path.to_owned();
    move |source| HostError::Io { doing, path, source }
}

fn line(record: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("headers and events have text keys only");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests;
