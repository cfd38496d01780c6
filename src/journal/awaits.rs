//! Until when a run can be confirmed, told from its own lines: whoever finds them knows it, whatever became of the process.

use std::time::Duration;

use jiff::Timestamp;

use super::Operation;
use super::replay::{Over, Run};
use crate::uptime::{Deadline, Uptime};

impl Run {
    /// Returns until when the run can be confirmed; `None` for one that need not be, and for one that changed nothing.
    ///
    /// It counts from the last call of the run itself. When that was by the clock of the boot is told from the nearest moment that both
    /// clocks of one process showed: the end of that call's step, or where the process died, the run's beginning.
    pub fn deadline(&self) -> Option<Deadline> {
        let evidence = &self.started.evidence;
        let within = Duration::from_millis(evidence.confirm_within_ms?);
        let may_await = self.started.operation == Operation::Apply
            && self.traces.iter().any(super::Trace::may_have_changed_something);
        let (last, closed) = self.last_call().filter(|_| may_await)?;
        let began = || Some((evidence.uptime.clone()?, self.started.at));
        let shown = if matches!(self.over, Some(Over::Ended(_))) { closed.or_else(began) } else { began() };
        let uptime = shown.map(|(uptime, at)| moved(&uptime, at, last));
        Some(Deadline::after(last, uptime.as_ref(), within))
    }

    /// Returns when the last call of the run left, and the two clocks at the end of its step.
    fn last_call(&self) -> Option<(Timestamp, Option<(Uptime, Timestamp)>)> {
        let sent = |trace: &super::Trace| {
            let left = trace.attempts.iter().filter(|attempt| attempt.has_left());
            left.map(|attempt| attempt.intent_at).max()
        };
        let calls = self.traces.iter().filter_map(|trace| Some((sent(trace)?, trace)));
        let (last, trace) = calls.max_by_key(|(at, _)| *at)?;
        let closed = trace.closed.as_ref();
        Some((last, closed.and_then(|closed| Some((closed.uptime.clone()?, closed.at)))))
    }
}

/// Returns what the clock of the boot showed at `then`, if it showed `uptime` at `at`.
fn moved(uptime: &Uptime, at: Timestamp, then: Timestamp) -> Uptime {
    let span = |from: Timestamp, to: Timestamp| Duration::try_from(to.duration_since(from)).unwrap_or_default();
    uptime.before(span(then, at)).after(span(at, then))
}
