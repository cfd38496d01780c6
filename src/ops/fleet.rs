//! Every state of a store: read at once, each within the time that a request may take. A state that cannot be read is a row all the same.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use crate::fleet::{Fleet, Found, HeldBy, Kept, StateRow};
use crate::history::{self, Note, Recorded};
use crate::plan::Approval;
use crate::render::words;
use crate::state::RunId;
use crate::store::approvals::{self, Waiting};
use crate::store::glance::{Glance, Listed};
use crate::store::local::{Files, Paths};
use crate::store::lock::Holder;
use crate::store::memory::Memory;
use crate::store::objects::Way;
#[cfg(feature = "postgres")]
use crate::store::remote::StateName;
use crate::store::{Place, StoreError, explain, findings};

use super::approval;
use super::failure::{Exit, Refusal};
use super::stores::Shelf;

/// How many states are read at once: as many as connections do any good.
const ABREAST: usize = 64;

/// For how long what was decided about a run is read: after that it is in the state.
const DECIDED: SignedDuration = SignedDuration::from_hours(31 * 24);

/// How the states are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Now.
    pub now: Timestamp,
    /// After how long without a check a state is stale.
    pub stale_after: Duration,
    /// How long one may take.
    pub within: Duration,
}

/// A state that was named.
#[derive(Clone, Debug)]
pub struct Named {
    /// Where it is.
    pub place: Place,
    /// Why the spec that named it cannot be read.
    pub error: Option<String>,
}

impl From<Place> for Named {
    fn from(place: Place) -> Self {
        Self { place, error: None }
    }
}

/// Reads every state of a store, and those that were named, there or not: of one that is not, nothing is known, and one that was moved
/// elsewhere says where.
///
/// # Errors
/// A store that cannot be reached or listed.
pub async fn fleet(shelf: &Shelf, named: &[Named], look: Look) -> Result<Fleet> {
    let since = look.now.saturating_sub(DECIDED).unwrap_or(Timestamp::MIN);
    let since = RunId::made(since, "").to_string();
    let (store, mut states) = match shelf {
        Shelf::Directories(directories) => of_files(directories, named, look).await?,
        #[cfg(feature = "postgres")]
        Shelf::Postgres(address, login) => {
            let glanced = crate::store::postgres::fleet(address, login, &since, look.within).await?;
            let row = |(name, glance): (StateName, Glance)| row(name.to_string(), glance, None, look);
            (address.to_string(), glanced.into_iter().map(row).collect())
        }
        Shelf::Bucket(way) => (way.site.address(), of_bucket(way, &since, look).await?),
    };
    for Named { place, error } in named {
        let Some(far) = place.far() else { continue };
        if states.iter().all(|row| row.name != far.name.as_str()) {
            states.push(of_nothing(place, far.name.to_string(), look).await);
        }
        let row = states.iter_mut().find(|row| row.name == far.name.as_str());
        row.into_iter().for_each(|row| note_unread(row, error.as_ref()));
    }
    states.sort_by(|one: &StateRow, other| one.name.cmp(&other.name));
    Ok(Fleet { store, timestamp: look.now, states })
}

async fn of_bucket(way: &Way, since: &str, look: Look) -> Result<Vec<StateRow>> {
    let states = timeout(look.within, way.states()).await.map_err(|_| late(look.within))??;
    let read = states.into_iter().map(|Listed { name, lost }| async move {
        match way.glance(name.clone(), since, look.within).await {
            Ok(glance) => row(name.to_string(), glance, lost, look),
            Err(error) => broken(name.to_string(), explain(&error), look),
        }
    });
    Ok(stream::iter(read).buffer_unordered(ABREAST).collect().await)
}

/// Returns the row of a state far away that is not there: nothing is known of it, unless it is known where it went.
async fn of_nothing(place: &Place, name: String, look: Look) -> StateRow {
    let place = place.clone();
    match timeout(look.within, tokio::task::spawn_blocking(move || place.refuse_moved())).await {
        Ok(Ok(Ok(()))) => StateRow::new(name, Found::default(), look.now, look.stale_after),
        Ok(Ok(Err(error))) => broken(name, explain(&error), look),
        Ok(Err(error)) => broken(name, format!("bug: {error}"), look),
        Err(_) => broken(name, silent(look.within), look),
    }
}

/// Says of a state that the spec which named it cannot be read; what cannot be read of the state itself comes first.
fn note_unread(row: &mut StateRow, error: Option<&String>) {
    if row.error.is_none() {
        row.error = error.cloned();
    }
}

/// The files of a state, whether somebody has named it, and why the spec cannot be read that did.
struct InFiles {
    paths: Paths,
    is_named: bool,
    error: Option<String>,
}

/// Reads the states in directories. A disk that does not answer is not waited for.
async fn of_files(directories: &[PathBuf], named: &[Named], look: Look) -> Result<(String, Vec<StateRow>)> {
    let mut all: BTreeMap<(PathBuf, String), InFiles> = BTreeMap::new();
    for Named { place, error } in named {
        let Some(paths) = place.files() else { continue };
        let files = InFiles { paths: paths.clone(), is_named: true, error: error.clone() };
        all.insert(findings::listed_as(paths), files);
    }
    for directory in directories {
        let stems = match findings::states_in(directory) {
            Ok(stems) => stems,
            // Nobody has applied or checked anything: what was named is told of all the same.
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound && !all.is_empty() => continue,
            Err(error) => return Err(unlisted(directory, error)),
        };
        for stem in stems {
            let paths = Paths::new(directory.join(format!("{stem}.json")), "");
            all.entry((directory.clone(), stem)).or_insert(InFiles { paths, is_named: false, error: None });
        }
    }
    let is_alone = directories.len() == 1;
    let read = all.into_iter().map(|((directory, stem), files)| async move {
        // In several directories two may have one name.
        let name = if is_alone { stem } else { directory.join(stem).display().to_string() };
        let of_file = {
            let name = name.clone();
            move || of_file(name, files, look)
        };
        match timeout(look.within, tokio::task::spawn_blocking(of_file)).await {
            Ok(Ok(row)) => row,
            Ok(Err(error)) => Some(broken(name, format!("bug: {error}"), look)),
            Err(_) => Some(broken(name, silent(look.within), look)),
        }
    });
    let rows: Vec<Option<StateRow>> = stream::iter(read).buffer_unordered(ABREAST).collect().await;
    let names: Vec<String> = directories.iter().map(|directory| directory.display().to_string()).collect();
    Ok((names.join(", "), rows.into_iter().flatten().collect()))
}

/// Reads one state in files; `None` for a file that is something else altogether.
fn of_file(name: String, files: InFiles, look: Look) -> Option<StateRow> {
    let InFiles { paths, is_named, error } = files;
    let is_ours = || [&paths.journal, &findings::path_of(&paths), &paths.runs].iter().any(|path| path.exists());
    if !is_named && !is_ours() && [&paths.state, &paths.backup].iter().any(|path| is_something_else(path)) {
        return None;
    }
    let lost = match Place::from(paths.clone()).refuse_moved() {
        Ok(()) => None,
        // What is left of it here counts no more.
        Err(error @ StoreError::Gone { .. }) => return Some(broken(name, explain(&error), look)),
        Err(error) => Some(explain(&error)),
    };
    let reading = Reading {
        recorded: history::read(&Files::new(paths.clone())),
        finding: findings::of_files(&paths),
        age: None,
        approvals: approvals::waiting(&paths),
        lost,
    };
    let mut row = reading.row(name, look);
    note_unread(&mut row, error.as_ref());
    Some(row)
}

/// Returns whether a file is JSON of somebody else's.
fn is_something_else(path: &Path) -> bool {
    let bytes = crate::store::read_file(path).ok().flatten();
    let document = bytes.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    document.is_some_and(|document| ["lineage", "serial", "interfaces"].iter().all(|key| document.get(key).is_none()))
}

fn unlisted(directory: &Path, error: StoreError) -> anyhow::Error {
    let refusal = Refusal::new(Exit::Error, format!("there are no states in {}", directory.display()));
    let hint = "--state names a store: a directory of states, postgres://..., oss://... or s3://...";
    refusal.cause(explain(&error)).hint(hint).into()
}

fn late(within: Duration) -> Refusal {
    let refusal = Refusal::new(Exit::Error, format!("the store did not answer: {}", silent(within)));
    refusal.hint("see whether it is up and reachable from here, or give it more time with --request-timeout")
}

fn silent(within: Duration) -> String {
    format!("there was no answer within {}", crate::duration::format(within))
}

/// What was read of a state, part by part.
struct Reading {
    recorded: Result<Recorded, StoreError>,
    finding: Result<Option<Vec<u8>>, StoreError>,
    age: Option<SignedDuration>,
    approvals: Result<Vec<Waiting>, StoreError>,
    /// Why it does not stand where it should, where that is lost.
    lost: Option<String>,
}

fn row(name: String, glance: Glance, lost: Option<String>, look: Look) -> StateRow {
    let Glance { disk, finding, age, approvals } = glance;
    let recorded = disk.and_then(|disk| history::read(&Memory::new(disk)));
    Reading { recorded, finding, age, approvals, lost }.row(name, look)
}

/// Returns the row of a state of which nothing could be read.
fn broken(name: String, error: String, look: Look) -> StateRow {
    StateRow::new(name, Found { error: Some(error), ..Found::default() }, look.now, look.stale_after)
}

impl Reading {
    /// Says how the state stands, as far as could be read; of several things that could not be the first is told.
    fn row(self, name: String, look: Look) -> StateRow {
        let mut found = Found { age: self.age, ..Found::default() };
        let mut errors: Vec<String> = self.lost.into_iter().collect();
        match self.recorded {
            Ok(recorded) => {
                errors.extend(recorded.notes.iter().filter(|note| is_loss(note)).map(words::history::note));
                let open_run = recorded.journal.replay().open_run();
                found.open_run = open_run.map(|run| run.id().clone());
                found.has_open_calls = open_run.is_some_and(|run| run.open_steps().next().is_some());
                found.holder = recorded.running.map(|Holder { who, host, .. }| HeldBy { who, host });
                found.state = recorded.state;
            }
            Err(error) => errors.push(explain(&error)),
        }
        match self.finding.map(|bytes| bytes.map(|bytes| Kept::decode(&bytes))) {
            Ok(Some(Ok(Kept { finding, failed, .. }))) => (found.finding, found.failed) = (finding, failed),
            Ok(Some(Err(unreadable))) => errors.push(format!("its finding cannot be read: {unreadable}")),
            Ok(None) => {}
            Err(error) => errors.push(explain(&error)),
        }
        match self.approvals {
            Ok(waiting) => {
                for (name, bytes) in waiting {
                    match approval(name, bytes) {
                        Ok(approval) => found.approvals.push(approval),
                        Err(error) => errors.push(error),
                    }
                }
            }
            Err(error) => errors.push(explain(&error)),
        }
        found.error = errors.into_iter().next();
        StateRow::new(name, found, look.now, look.stale_after)
    }
}

/// Returns whether a note says that something is gone; others are about what a crash left, which the next apply tidies up.
fn is_loss(note: &Note) -> bool {
    matches!(note, Note::StateMissing { .. } | Note::StateOlder { .. } | Note::OtherLineage { .. })
}

fn approval(name: String, bytes: Result<Vec<u8>, StoreError>) -> Result<Approval, String> {
    let bytes = bytes.map_err(|error| explain(&error))?;
    let kept = approval::Kept::read(name.clone(), &bytes, &name).map_err(|refusal| refusal.to_string())?;
    Ok(kept.told())
}
