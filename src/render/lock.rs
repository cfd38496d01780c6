//! Who holds a state: text and JSON.

use std::io::{self, Write};

use super::escape::escape_terminal;
use crate::duration;
use crate::store::lock::Holder;
use crate::store::remote::Lapse;

/// The epoch of a claim in a shared store, and what is left of its lease.
pub type Term = (u64, Lapse);

/// Writes who holds a state.
///
/// # Errors
/// A writer that fails.
pub fn lock<W: Write + ?Sized>(
    out: &mut W,
    state: &str,
    holder: Option<&Holder>,
    term: Option<Term>,
) -> io::Result<()> {
    let Some(holder) = holder else { return writeln!(out, "Nobody holds {}.", escape_terminal(state)) };
    writeln!(out, "{}", escape_terminal(&format!("{state} is held by {holder}")))?;
    writeln!(out, "  id     {}", escape_terminal(&holder.id))?;
    if let Some(run) = &holder.run_id {
        writeln!(out, "  run    {}", escape_terminal(&run.0))?;
    }
    let Some((epoch, lease)) = term else { return Ok(()) };
    writeln!(out, "  epoch  {epoch}")?;
    match lease {
        Lapse::Left(left) => writeln!(out, "  lease  {} left", duration::format(left)),
        Lapse::Over => writeln!(out, "  lease  over: the next who asks takes it"),
        Lapse::Untold => writeln!(out, "  lease  the store has no clock to tell by"),
    }
}

/// Writes the same as JSON; `lease_left_ms` is null where nobody can tell.
///
/// # Errors
/// A writer that fails.
pub fn lock_document<W: Write + ?Sized>(out: &mut W, holder: Option<&Holder>, term: Option<Term>) -> io::Result<()> {
    let left = term.and_then(|(_, lease)| match lease {
        Lapse::Left(left) => Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
        Lapse::Over => Some(0),
        Lapse::Untold => None,
    });
    let document = serde_json::json!({
        "format_version": "1.0",
        "held": holder.is_some(),
        "id": holder.map(|holder| &holder.id),
        "who": holder.map(|holder| &holder.who),
        "host": holder.map(|holder| &holder.host),
        "operation": holder.map(|holder| &holder.operation),
        "run_id": holder.and_then(|holder| holder.run_id.as_ref()),
        "epoch": term.map(|(epoch, _)| epoch),
        "since": holder.map(|holder| holder.since),
        "lease_left_ms": left,
    });
    writeln!(out, "{document}")
}
