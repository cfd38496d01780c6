//! A world and where it lives: in memory, or beside its file.
//!
//! The world file is never written. What happens to its world is appended to `<world file>.log.jsonl`: a header with
//! the digest of the file and the epoch, then one [`Event`] a line. Opening a world means reading the seed and
//! replaying the log; a log of another content is started afresh. Every visit holds a lock on the log and first reads
//! what other processes have appended, so that any number of them can share one world.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seed::{Fault, Format, SeedError, WorldSeed};
use super::timeline::Event;
use super::world::World;
use crate::signature::sha256_hex;

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
        let mut home = Home {
            world_file: world_file.to_owned(),
            log: log_path(world_file),
            header: Vec::new(),
            read_to: 0,
            faults: Vec::new(),
        };
        // Before a log is created beside a file that is not there.
        std::fs::metadata(world_file).map_err(failed("read", world_file))?;
        let log = home.lock()?;
        let world = home.load(&log, now)?;
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
        let log = home.lock()?;
        home.catch_up(&log, &mut self.world, now)?;
        let (result, events) = act(&mut self.world);
        home.append(&log, &events)?;
        Ok(result)
    }
}

impl Home {
    /// Opens and locks the log that stands at its path, however often it is replaced meanwhile.
    fn lock(&self) -> Result<File, HostError> {
        let fail = |doing| failed(doing, &self.log);
        loop {
            let file = OpenOptions::new().read(true).append(true).create(true).open(&self.log).map_err(fail("open"))?;
            file.lock().map_err(fail("lock"))?;
            let ours = file.metadata().map_err(fail("examine"))?;
            match std::fs::metadata(&self.log) {
                Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail("examine")(error)),
                _ => {}
            }
        }
    }

    /// Replays what has been appended since the last visit, or all of it if the log is another one.
    fn catch_up(&mut self, log: &File, world: &mut World, now: Timestamp) -> Result<(), HostError> {
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
            *world = self.load(log, now)?;
            Ok(())
        }
    }

    /// Reads the world file and replays its log from the start, which is started afresh if it is another content's.
    fn load(&mut self, log: &File, now: Timestamp) -> Result<World, HostError> {
        let text = std::fs::read_to_string(&self.world_file).map_err(failed("read", &self.world_file))?;
        let world_file = self.world_file.clone();
        let refuse = |source| HostError::Seed { path: world_file.clone(), source };
        let is_json = self.world_file.extension().is_some_and(|extension| extension == "json");
        let seed = WorldSeed::parse(&text, if is_json { Format::Json } else { Format::Yaml }).map_err(refuse)?;
        let digest = format!("sha256:{}", sha256_hex(text.as_bytes()));
        let found = self.read_header(log)?;
        let is_ours = found.as_ref().is_some_and(|(_, header)| header.world == digest);
        let epoch = found.as_ref().filter(|_| is_ours).map_or(now, |(_, header)| header.epoch);
        // Built before the log of another content goes.
        let mut world = World::new(seed, epoch).map_err(refuse)?;
        match found {
            Some((line, _)) if is_ours => self.header = line,
            found => {
                if found.is_some() {
                    tracing::info!(world = %self.world_file.display(), "the world file has changed: starting afresh");
                }
                self.start_log(log, digest, epoch)?;
            }
        }
        self.read_to = self.header.len() as u64;
        self.replay(log, &mut world)?;
        world.add_faults(self.faults.clone(), now).map_err(refuse)?;
        Ok(world)
    }

    fn read_header(&self, log: &File) -> Result<Option<(Vec<u8>, Header)>, HostError> {
        // A header is some 150 bytes.
        let mut start = vec![0; 512];
        let length = log.read_at(&mut start, 0).map_err(failed("read", &self.log))?;
        start.truncate(length);
        // Without its end, it is what a process left that died while it started the log.
        let Some(end) = start.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
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
        let length = log.metadata().map_err(fail("examine"))?.len();
        let mut fresh = vec![0; usize::try_from(length.saturating_sub(self.read_to)).unwrap_or(0)];
        log.read_exact_at(&mut fresh, self.read_to).map_err(fail("read"))?;
        let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < fresh.len() {
            // The last words of a process that died: its caller never got an answer.
            log.set_len(self.read_to + whole as u64).map_err(fail("write"))?;
        }
        for (index, line) in fresh[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            serde_json::from_slice::<Event>(line)
                .ok()
                .and_then(|event| world.replay(&event))
                .ok_or_else(|| HostError::Damaged { path: self.log.clone(), line: self.line_number(log, index) })?;
        }
        self.read_to += whole as u64;
        Ok(())
    }

    /// Returns which line of the file is the `index`th of those just read.
    fn line_number(&self, log: &File, index: usize) -> usize {
        let mut before = vec![0; usize::try_from(self.read_to).unwrap_or(0)];
        let read = log.read_at(&mut before, 0).unwrap_or(0);
        before[..read].iter().filter(|byte| **byte == b'\n').count() + index + 1
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

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HostError {
    let path = path.to_owned();
    move |source| HostError::Io { doing, path, source }
}

fn line(record: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("headers and events have text keys only");
    line.push(b'\n');
    line
}
