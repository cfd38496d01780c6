//! Signals: what each costs, by where the run stands.

use std::time::Duration;

use super::Machine;
use super::port::Effect;
use super::stage::Stage;
use crate::run::{Event, LastLook};

impl Machine<'_> {
    /// The first signal stops, the second abandons; once every step has ended, one costs the last look.
    pub(super) fn on_signal(&mut self, count: u32) {
        self.signals = self.signals.max(count);
        if self.signals == 0 {
            return;
        }
        match self.stage {
            // Heard once the run has begun.
            Stage::Beginning | Stage::Over(_) => {}
            Stage::Walking => self.interrupt(),
            Stage::Between(_) => {
                self.interrupt();
                self.effects.push(Effect::LeaveGate);
                self.close();
            }
            Stage::Closing => self.interrupted = true,
            Stage::Looking(_) => {
                self.interrupted = true;
                self.end_run(LastLook::default());
            }
        }
    }

    /// Lets what was sent have so much time still to settle.
    pub(super) fn watch_no_longer_than(&mut self, grace: Duration) {
        let ends = self.now.instant + grace;
        self.grace_ends = Some(self.grace_ends.map_or(ends, |known| known.min(ends)));
        // What only waits has sent nothing that has to be settled.
        self.abandoned |= !self.in_flight.iter().any(|number| self.steps[*number].phase.has_sent());
    }

    pub(super) fn interrupt(&mut self) {
        if !self.interrupted {
            self.interrupted = true;
            let grace = self.settings.interrupt_grace;
            self.watch_no_longer_than(grace);
            let grace = if self.abandoned { Duration::ZERO } else { grace };
            self.tell(Event::Interrupted { in_flight: self.in_flight.len(), grace });
        }
        self.abandoned |= self.signals > 1;
    }
}
