//! Editing what is recorded: under the lock, as one commit.

use anyhow::Result;
use jiff::Timestamp;

use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::history;
use crate::journal;
use crate::resource::Address;
use crate::state::{Record, Records, RunId};
use crate::store::lock::Holder;
use crate::store::{Place, Store as _, recorder};

use super::claim::Patience;
use super::failure::{Exit, Refusal};
use super::project::Project;

/// Forgets one record, and returns it with its address. The interface itself is not touched.
///
/// # Errors
/// No such record, a lock that somebody holds, a run that has not been closed.
pub async fn forget(
    project: &Project,
    address: &Address,
    (who, now): (String, Timestamp),
    mut patience: Patience<'_>,
) -> Result<(Address, Record)> {
    let holder = Holder::this_process(who, "state rm".to_owned(), None, now);
    let (mut store, recorded) = patience.open(&project.place, &holder).await?;
    if store.replay().open_run().is_some() || !store.replay().unfolded().is_empty() {
        let refusal = Refusal::new(Exit::Error, "the last run has not been closed");
        return Err(refusal.hint("run `rictl apply` first: it reads what became of it").into());
    }
    let mut state = recorded.state.ok_or_else(|| unknown(address, None))?;
    let found = recorded_as(Some(&state.interfaces), address).map(|(address, _)| address.clone());
    let named = found.ok_or_else(|| unknown(address, Some(&state.interfaces)))?;
    let record = state.interfaces.remove(&named).ok_or_else(|| unknown(&named, None))?;
    // What only could not be tidied is tidied by the next writer.
    history::commit(&mut store, &mut state)?;
    Ok((named, record))
}

/// Keeps lines that a run could not append beside the history that they are of; nothing of them is believed.
///
/// # Errors
/// Bytes that are no such lines, or are of another history; a write that fails.
pub fn bring_rescued(place: &Place, bytes: &[u8]) -> Result<(String, RunId)> {
    const HINT: &str = "a run that cannot record what it does names the file that it writes; nothing was kept";
    place.check()?;
    let rescued = journal::rescued(bytes)
        .map_err(|cause| Refusal::new(Exit::Error, "what was given is no rescue file").cause(cause).hint(HINT))?;
    let found = recorder::found(&place.medium())?;
    let of_state = found.state.map(|state| state.lineage);
    let known = of_state.or_else(|| Some(found.journal.origin()?.0.to_owned()));
    match known {
        Some(known) if known == rescued.lineage => Ok((place.keep_rescued(bytes)?, rescued.run_id)),
        Some(known) => {
            let refusal = Refusal::new(Exit::Error, format!("the rescue file is not of {}", place.label()));
            let refusal = refusal.cause(format!("stored: {known}")).cause(format!("given:  {}", rescued.lineage));
            Err(refusal.hint("name the store and the spec of its run; nothing was kept").into())
        }
        None => {
            let refusal = Refusal::new(Exit::Error, format!("nothing is recorded in {}", place.label()));
            Err(refusal.hint("name the store of its run with --state; nothing was kept").into())
        }
    }
}

/// Names what was kept of a run beside its history. It decides nothing, so what cannot be read is passed over.
pub fn rescued_of(place: &Place, run_id: &RunId) -> Vec<String> {
    let kept = place.rescued().unwrap_or_else(|error| {
        tracing::debug!("cannot list what was rescued: {error}");
        Vec::new()
    });
    let is_of_it = |bytes: &[u8]| journal::rescued(bytes).is_ok_and(|rescued| rescued.run_id == *run_id);
    kept.into_iter().filter(|(_, bytes)| is_of_it(bytes)).map(|(name, _)| name).collect()
}

/// Finds what is recorded under a name: an address, else an id that one record has.
pub fn recorded_as<'r>(records: Option<&'r Records>, name: &Address) -> Option<(&'r Address, &'r Record)> {
    let records = records?;
    let mut of_id = records.iter().filter(|(_, record)| record.id.as_str() == name.as_str());
    let only = || Some(of_id.next()?).filter(|_| of_id.next().is_none());
    records.by_address().get_key_value(name).or_else(only)
}

/// Says that nothing is recorded under this name, and which is near.
pub fn unknown(name: &Address, records: Option<&Records>) -> Refusal {
    let names = records.into_iter().flat_map(Records::iter).map(|(address, _)| address.as_str());
    let near = nearest(name.as_str(), names).map(|near| format!("{}; ", did_you_mean(near)));
    let hint = format!("{}`rictl state list` shows what is", near.unwrap_or_default());
    Refusal::new(Exit::Error, format!("nothing is recorded of {name}")).hint(hint)
}
