//! Whether a store keeps its word: of several conditional writes at once it lets one win.
//!
//! Some let two win, and only where they arrive together. So a store is asked once, under the first claim, in races; that
//! it passed is kept there.

use futures_util::future::join_all;

use super::bucket::Put;
use super::error::ObjectError;
use super::log::Log;
use crate::signature::v4::Dialect;
use crate::store::StoreError;

/// Races are run by the first claim of a prefix; this says that the store has passed. No state's name has capital letters.
const PASSED: &str = "STORE/probed-1";

const RACES: u64 = 3;
const RUNNERS: usize = 8;

/// Probes the store, unless it has passed before.
///
/// # Errors
/// A store that lets two win, or none; one that cannot be asked.
pub(super) async fn once(log: &Log) -> Result<(), StoreError> {
    let failed = |error: ObjectError, key: &str| error.at("probe", log.bucket.path(key));
    if log.bucket.get(PASSED).await.map_err(|error| failed(error, PASSED))?.is_some() {
        return Ok(());
    }
    let base = format!("{}probe/{}", log.name, uuid::Uuid::new_v4());
    let mut keys = Vec::new();
    let mut length = 0;
    for race in 0..RACES {
        // In OSS the races are for one position after the other of the same object.
        let key = if log.is_oss() { base.clone() } else { format!("{base}-{race}") };
        if race == 0 || !log.is_oss() {
            keys.push(key.clone());
        }
        let bodies: Vec<String> = (0..RUNNERS).map(|runner| format!("race {race} runner {runner}\n")).collect();
        let outcomes = join_all(bodies.iter().map(|body| run(log, &key, length, body.as_bytes()))).await;
        judge(log, &key, &outcomes).await?;
        length += bodies[0].len() as u64;
    }
    if log.bucket.dialect() == Dialect::Oss {
        for key in keys {
            if let Err(error) = log.bucket.remove_probe(&key).await {
                tracing::debug!("{key} stays: {error}");
            }
        }
    }
    let passed = format!("{RACES} races of {RUNNERS}: one winner each, rictl {}\n", env!("CARGO_PKG_VERSION"));
    log.bucket.create(PASSED, passed.as_bytes()).await.map(drop).map_err(|error| failed(error, PASSED))
}

async fn run(log: &Log, key: &str, position: u64, body: &[u8]) -> Result<Put, ObjectError> {
    let put =
        if log.is_oss() { log.bucket.append(key, position, body).await } else { log.bucket.create(key, body).await };
    put.map(|(put, _)| put)
}

/// Holds a store to one winner; where somebody got no answer, it may be among those.
async fn judge(log: &Log, key: &str, outcomes: &[Result<Put, ObjectError>]) -> Result<(), StoreError> {
    let winners = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Put::Done))).count();
    let unsuitable = |why: String| StoreError::Unsuitable {
        path: log.bucket.path(""),
        why: why.into(),
        hint: "keep states in another store: rictl needs conditional writes that hold when several arrive at once"
            .into(),
    };
    match (winners, outcomes.iter().find_map(|outcome| outcome.as_ref().err())) {
        (2.., _) => Err(unsuitable(format!("of {RUNNERS} conditional writes at once it let {winners} win"))),
        (1, _) => Ok(()),
        (_, Some(error)) => Err(error.clone().at("probe", log.bucket.path(key))),
        (_, None) => Err(unsuitable("it refuses a conditional write where nothing stands".to_owned())),
    }
}
