//! What is odd about what is recorded, in words.

use std::fmt::Display;

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::diagnostic::nearest::did_you_mean;
use crate::history::Note;
use crate::journal::Run;
use crate::language::say;
use crate::render::counted;
use crate::resource::{Address, Status};
use crate::state::{RunId, Sighting};

/// Returns a note as a sentence without its end.
pub(crate) fn note(note: &Note) -> String {
    match note {
        Note::TornEnd { journal, bytes } => {
            say!(
                "the end of {journal} was cut off by a crash: {bytes} bytes that were never durable are dropped",
                journal,
                bytes
            )
        }
        Note::TakenOver(said) => said.to_string(),
        Note::StateMissing { state, backup, records } => {
            let copy = backup.as_ref().map(|backup| say!("; {backup} holds an older copy", backup)).unwrap_or_default();
            let known = match records {
                0 => say!("the cause of drift is unknown until the next apply").to_owned(),
                _ => say!(
                    "what the past runs tell of {interfaces} is taken from them",
                    interfaces = counted(*records, say!("interface"))
                ),
            };
            say!("{state} is missing although it was written before: {known}{copy}", state, known, copy)
        }
        Note::StateAnew { state, records } => {
            let known = counted(*records, say!("interface"));
            say!("{state} is put aside: what the past runs tell of {known} takes its place", state, known)
        }
        Note::StateOlder { state, serial, told, runs } => say!(
            "{state} is older than its journal (serial {serial}, the journal says {told}): {runs} runs are taken from the journal",
            state,
            serial,
            told,
            runs
        ),
        Note::OtherLineage { state, run: Some(run) } => {
            say!("{state} has another lineage than its journal: run {run} was not its own", state, run)
        }
        Note::OtherLineage { state, run: None } => say!("{state} has another lineage than its journal", state),
        Note::WentBack { state, found, known } => say!(
            "{state} is at serial {found}, and serial {known} was seen there before: it was restored from a backup, or a replica took over that lagged behind. What ran since is not in it; `rictl plan` says what is live",
            state,
            found,
            known
        ),
        Note::NotArchived { error } => {
            say!("{error}; the run is recorded, and the next command that writes takes it into the history", error)
        }
    }
}

/// What is said where no state tells whether an approval was used.
pub(crate) fn unknown_uses() -> &'static str {
    say!("note: there is no state here: whether this was applied or taken back before is not known")
}

/// Says that a spec cannot be used, and what holds in its place.
pub(crate) fn run_for_spec(spec: &str, why: &str, run_id: &RunId) -> [String; 2] {
    [
        say!("the spec {spec} cannot be used: {why}", spec, why),
        say!(
            "what run {run_id} stood under holds in its place: floors, protection, hands-off, limits and account as its journal has them",
            run_id
        ),
    ]
}

/// Says that a spec cannot be used, and where its records were looked for.
pub(crate) fn records_without_spec(spec: &str, why: &str, state: &str) -> String {
    say!(
        "the spec {spec} cannot be used: {why}; what is recorded beside it in {state} is shown all the same",
        spec,
        why,
        state
    )
}

/// Says what is asked of a rollback without a spec that only a spec tells.
pub(crate) fn one_at_a_time() -> &'static str {
    say!("without the spec one run is taken back at a time: `rictl rollback RUN_ID`")
}

/// Says that there are no checks to run.
pub(crate) fn no_checks() -> &'static str {
    say!("--with-rollout asks for the checks of a spec that cannot be read")
}

/// Says that there is nothing to take back where the state of a spec would be.
pub(crate) fn nothing_recorded(state: &str) -> String {
    say!("nothing is recorded at {state}; `rollback --state FILE` names another state", state)
}

/// Says of a run that its process died, where nobody has looked yet what became of it.
pub(crate) fn died(run_id: &RunId) -> String {
    format!("run {run_id} has no end on record; the next `rictl apply` looks what became of it")
}

/// Says who holds the state that is waited for.
pub(crate) fn waits_for_lock(holder: &impl Display) -> String {
    say!("waiting for the lock of {holder}", holder)
}

/// Says who is at work in the account that is waited for.
pub(crate) fn waits_for_account(holder: &impl Display) -> String {
    say!("waiting for the account's lock of {holder}", holder)
}

/// Says until when calls of a run are waited for that nobody can take back.
pub(crate) fn waits_for_calls(run_id: &RunId, until: Timestamp, zone: &Zone) -> String {
    say!("waiting until {until} for calls of run {run_id} that may still arrive", until = zone.stamp(until), run_id)
}

/// Says where lines are kept that a run could not record, and what they are worth.
pub(crate) fn rescued(kept: &str, run_id: &RunId) -> String {
    format!("Kept as {kept}, a note to run {run_id}: `rictl show` names it, and nothing of it is believed.")
}

/// Hands out lines that could be recorded nowhere.
pub(crate) fn unrescued(lines: &str) -> String {
    say!("what could not be recorded, to be kept in a file for `rictl state rescue`:\n{lines}", lines)
}

/// How many interfaces a line of the history names before it counts them.
const NAMED: usize = 3;

/// Names what a run was about, or counts it.
pub(crate) fn addresses<'a>(addresses: impl ExactSizeIterator<Item = &'a Address>) -> String {
    match addresses.len() {
        count if count > NAMED => counted(count, "interface"),
        _ => addresses.map(Address::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// Says that there is nothing to list.
pub(crate) fn no_runs(is_filtered: bool) -> &'static str {
    if is_filtered { "No run is like that." } else { "No runs are recorded." }
}

/// Says that nothing is recorded of a change, and which name is near.
pub(crate) fn no_change(change: &str, near: &str) -> String {
    format!("no run of {change} is recorded; {}", did_you_mean(near))
}

/// Names the status that an interface was read in last; one that the cloud does not know is absent.
pub(crate) fn observed_status(seen: &Sighting) -> &str {
    seen.status.as_ref().map_or("absent", Status::as_str)
}

/// Says what was read of an interface last, and since when it is so, as far as anybody knows.
pub(crate) fn observed(seen: &Sighting, zone: &Zone) -> String {
    let status = observed_status(seen);
    match seen.proven_since() {
        Some(since) => format!("{status} since {}", zone.stamp(since)),
        None => format!("{status}, first read {}", zone.stamp(seen.since)),
    }
}

/// Says that another state of the same store has a run open on the same account.
pub(crate) fn open_beside(run: &Run, state: &str) -> String {
    let (id, who) = (run.id(), &run.started.who);
    let host = run.started.evidence.host.as_ref().map(|host| say!(" on {host}", host)).unwrap_or_default();
    say!(
        "run {id} of {state} ({who}{host}) is open on the same account, and nothing keeps it from acting beside this one on another machine; if its process is dead, `rictl apply` of that spec closes it",
        id,
        state,
        who,
        host
    )
}
