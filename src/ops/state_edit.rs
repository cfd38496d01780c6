//! Editing what is recorded: under the lock, as one commit.

use anyhow::Result;
use jiff::Timestamp;

use crate::history;
use crate::resource::Address;
use crate::state::Record;
use crate::store::Store as _;
use crate::store::lock::Holder;

use super::failure::{Exit, Refusal};
use super::project::Project;

/// Forgets one record, and returns it. The interface itself is not touched.
///
/// # Errors
/// No such record, a lock that somebody holds, a run that has not been closed.
pub fn forget(project: &Project, address: &Address, who: String, now: Timestamp) -> Result<Record> {
    let holder = Holder::this_process(who, "state rm".to_owned(), None, now);
    let (mut store, recorded) = history::open_at(&project.place, &holder)?;
    if store.replay().open_run().is_some() || !store.replay().unfolded().is_empty() {
        let refusal = Refusal::new(Exit::Error, "the last run has not been closed");
        return Err(refusal.hint("run `rictl apply` first: it reads what became of it").into());
    }
    let mut state = recorded.state.ok_or_else(|| unknown(address))?;
    let record = state.interfaces.remove(address).ok_or_else(|| unknown(address))?;
    // What only could not be tidied is tidied by the next writer.
    history::commit(&mut store, &mut state)?;
    Ok(record)
}

/// Says that nothing is recorded under this address.
pub fn unknown(address: &Address) -> Refusal {
    Refusal::new(Exit::Error, format!("nothing is recorded of {address}")).hint("`rictl state list` shows what is")
}
