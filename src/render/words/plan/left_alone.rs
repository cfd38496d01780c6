//! How what differs and is not touched reads.

use super::blocked::title;
use crate::language::say;
use crate::plan::{LeftAlone, LeftAloneReason, Plan, Warning};
use crate::resource::Address;

/// Returns whether the day of an interface's `hands_off` is over.
pub(crate) fn has_run_out(plan: &Plan, of: &Address) -> bool {
    plan.warnings.iter().any(|warning| matches!(warning, Warning::HandsOffExpired { address, .. } if address == of))
}

/// Says why something that differs is not touched.
pub fn left_alone(plan: &Plan, left: &LeftAlone) -> String {
    match &left.reason {
        LeftAloneReason::HandsOff { reason, until, .. } => {
            let until = until.map(|until| match has_run_out(plan, &left.address) {
                true => say!(", which ran out on {until}", until),
                false => say!(" until {until}", until),
            });
            let until = until.unwrap_or_default();
            say!("{title} is hands off{until}: {reason}", title = title(plan, &left.address), until, reason)
        }
        LeftAloneReason::OtherEnd { other, at } => {
            let title = title(plan, &left.address);
            say!(
                "{title} is not activated: its other end {other} is declared Inactive ({at}), and both may come up together",
                title,
                other,
                at
            )
        }
        LeftAloneReason::RolledBack { run_id, other: Some(other) } => {
            let title = title(plan, &left.address);
            say!(
                "{title} stays as it is with its other end {other}, which was taken back by run {run_id}: until the entry of {other} is altered, or with --redo",
                title,
                other,
                run_id
            )
        }
        LeftAloneReason::RolledBack { run_id, other: None } => {
            let title = title(plan, &left.address);
            say!(
                "{title} was taken back by run {run_id}: it stays so until its entry is altered, or with --redo",
                title,
                run_id
            )
        }
        LeftAloneReason::Drift => {
            let title = title(plan, &left.address);
            say!(
                "{title} was moved by somebody else since the last apply, and drift is left alone: `--drift fix` brings it back",
                title
            )
        }
        LeftAloneReason::Told { text, .. } => text.clone(),
    }
}
