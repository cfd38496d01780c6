//! Every state of a store: read at once, each within the time that a request may take. A state that cannot be read is a row all the same.

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
use crate::store::glance::{Glance, Glanced};
use crate::store::local::{Files, Paths};
use crate::store::lock::Holder;
use crate::store::memory::Memory;
use crate::store::objects::Way;
use crate::store::{StoreError, explain, findings};

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

/// Reads every state of a store.
///
/// # Errors
/// A store that cannot be reached or listed.
pub async fn fleet(shelf: &Shelf, look: Look) -> Result<Fleet> {
    let since = look.now.saturating_sub(DECIDED).unwrap_or(Timestamp::MIN);
    let since = RunId::made(since, "").to_string();
    let (store, mut states) = match shelf {
        Shelf::Directories(directories) => of_files(directories, look).await?,
        #[cfg(feature = "postgres")]
        Shelf::Postgres(address, login) => {
            let glanced = crate::store::postgres::fleet(address, login, &since, look.within).await?;
            (address.to_string(), glanced.into_iter().map(|glanced| row(glanced, look)).collect())
        }
        Shelf::Bucket(way) => (way.site.address(), of_bucket(way, &since, look).await?),
    };
    states.sort_by(|one: &StateRow, other| one.name.cmp(&other.name));
    Ok(Fleet { store, timestamp: look.now, states })
}

async fn of_bucket(way: &Way, since: &str, look: Look) -> Result<Vec<StateRow>> {
    let states = timeout(look.within, way.states()).await.map_err(|_| late(look.within))??;
    let read = states.into_iter().map(|name| async move {
        let read = timeout(look.within, way.glance(name.clone(), since)).await;
        (name, read)
    });
    let rows = stream::iter(read).buffer_unordered(ABREAST).map(|(name, read)| match read {
        Ok(glance) => row((name, glance), look),
        Err(_) => broken(name.to_string(), silent(look.within), look),
    });
    Ok(rows.collect().await)
}

/// Reads the states in directories. A disk that does not answer is not waited for.
async fn of_files(directories: &[PathBuf], look: Look) -> Result<(String, Vec<StateRow>)> {
    let mut paths = Vec::new();
    for directory in directories {
        let stems = findings::states_in(directory).map_err(|error| unlisted(directory, error))?;
        paths.extend(stems.into_iter().map(|stem| {
            let path = directory.join(format!("{stem}.json"));
            // In several directories two may have one name.
            let name = if directories.len() == 1 { stem } else { path.with_extension("").display().to_string() };
            (name, path)
        }));
    }
    let read = paths.into_iter().map(|(name, path)| async move {
        let of_file = {
            let name = name.clone();
            move || of_file(name, path, look)
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
fn of_file(name: String, path: PathBuf, look: Look) -> Option<StateRow> {
    let paths = Paths::new(path, "");
    if !paths.journal.exists() && !findings::path_of(&paths).exists() && is_something_else(&paths.state) {
        return None;
    }
    let reading = Reading {
        recorded: history::read(&Files::new(paths.clone())),
        finding: findings::of_files(&paths),
        age: None,
        approvals: approvals::waiting(&paths),
    };
    Some(reading.row(name, look))
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
}

fn row((name, glance): Glanced, look: Look) -> StateRow {
    match glance {
        Ok(Glance { disk, finding, age, approvals }) => {
            let recorded = history::read(&Memory::new(disk));
            Reading { recorded, finding: Ok(finding), age, approvals: Ok(approvals) }.row(name.to_string(), look)
        }
        Err(error) => broken(name.to_string(), explain(&error), look),
    }
}

/// Returns the row of a state of which nothing could be read.
fn broken(name: String, error: String, look: Look) -> StateRow {
    StateRow::new(name, Found { error: Some(error), ..Found::default() }, look.now, look.stale_after)
}

impl Reading {
    /// Says how the state stands, as far as could be read; of several things that could not be the first is told.
    fn row(self, name: String, look: Look) -> StateRow {
        let mut found = Found { age: self.age, ..Found::default() };
        let mut errors = Vec::new();
        match self.recorded {
            Ok(recorded) => {
                errors.extend(recorded.notes.iter().filter(|note| is_loss(note)).map(words::history::note));
                found.open_run = recorded.journal.replay().open_run().map(|run| run.id().clone());
                found.holder = recorded.running.map(|Holder { who, host, .. }| HeldBy { who, host });
                found.state = recorded.state;
            }
            Err(error) => errors.push(explain(&error)),
        }
        match self.finding.map(|bytes| bytes.map(|bytes| Kept::decode(&bytes))) {
            Ok(Some(Ok(kept))) => found.finding = kept.finding,
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
