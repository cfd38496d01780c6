//! The journal of a run: what is in line for it, the one append that is on its way, and what may be sent once that is
//! durable.

use super::Machine;
use super::phase::Phase;
use super::port::Effect;
use super::stage::Stage;
use crate::journal::Entry;
use crate::language::Wording;
use crate::plan::Action;
use crate::run::{Event, LastLook};
use crate::store::{StoreError, explain};

impl Machine<'_> {
    /// Puts an entry in line for the next append.
    pub(super) fn record(&mut self, entry: Entry) {
        self.books.pending.push(entry);
    }

    /// Puts the intent of a step in line: its call leaves when that is durable.
    pub(super) fn record_intent(&mut self, number: usize) {
        self.record(Entry::Intent { step: self.planned(number).id.clone(), at: self.now.wall });
        self.books.intents.push(number);
    }

    /// Makes everything in line durable, unless an append is on its way: then it is for the next. After a failure the
    /// store keeps what it is given for a second place.
    pub(super) fn append(&mut self) {
        if self.books.appending.is_some() || self.books.pending.is_empty() {
            return;
        }
        let entries = std::mem::take(&mut self.books.pending);
        self.books.appending = Some(std::mem::take(&mut self.books.intents));
        self.effects.push(Effect::Append(entries));
    }

    /// Returns whether nothing is in line or on its way to the disk.
    pub(super) fn is_recorded(&self) -> bool {
        self.books.appending.is_none() && self.books.pending.is_empty()
    }

    /// What was on its way is durable: sends what waited for that.
    pub(super) fn on_appended(&mut self) {
        let intents = self.books.appending.take();
        debug_assert!(intents.is_some(), "an append is answered once");
        for number in intents.into_iter().flatten() {
            self.send(number);
        }
        if matches!(self.stage, Stage::Beginning) {
            self.begin();
        }
    }

    /// Nothing is recorded any more, so nothing more is sent.
    pub(super) fn on_unappended(&mut self, error: StoreError) {
        let mut intents = self.books.appending.take().unwrap_or_default();
        intents.append(&mut self.books.intents);
        let error_text = explain(&error);
        self.fail(error);
        // Their intents are not on disk, so these calls are not made.
        for number in intents {
            if matches!(self.steps[number].phase, Phase::Recording { .. }) {
                let (step, at) = (self.planned(number).id.clone(), self.now.wall);
                self.record(Entry::Refused { step, at, detail: error_text.clone(), receipt: None });
                self.withdraw(number);
            }
        }
        if matches!(self.stage, Stage::Beginning) {
            self.interrupted |= self.signals > 0;
            self.close();
        }
    }

    /// Somebody else has the state. What was sent is watched for as long as after a signal, and no longer: whoever took over reads
    /// what becomes of it. What is recorded already is: then only the end of the run is missing.
    pub(super) fn on_taken_over(&mut self, error: StoreError) {
        match self.stage {
            Stage::Over(_) => {}
            Stage::Looking(_) => self.end_run(LastLook::default()),
            // What is on its way to the store decides.
            Stage::Closing => self.books.is_taken_over = true,
            Stage::Beginning | Stage::Walking => self.fail(error),
            Stage::Between(_) => {
                self.fail(error);
                self.effects.push(Effect::LeaveGate);
                self.close();
            }
        }
    }

    /// Takes note that nothing more is recorded, and tells it once.
    fn fail(&mut self, error: StoreError) {
        if self.books.failure.is_some() {
            return;
        }
        self.tell(Event::CannotRecord { error: Wording::new(|| explain(&error)) });
        if matches!(error, StoreError::Fenced { .. }) {
            self.books.is_taken_over = true;
            self.watch_no_longer_than(self.settings.interrupt_grace);
        }
        self.books.failure = Some(error);
    }

    /// Sends a call: the one place where they leave. Only a step whose intent is durable gets here, and of those only
    /// what was not withdrawn while it became so.
    ///
    /// What was read while the intent became durable may forbid it. What took its time since it was admitted, the disk, another
    /// region, a process that stood still, may have made old what it rests on: the driver does not send past `until`.
    fn send(&mut self, number: usize) {
        let Phase::Recording { attempts, until } = self.steps[number].phase else { return };
        if self.is_stopped() || !self.is_still_allowed(number) {
            self.hold_back(number);
            return;
        }
        let step = self.planned(number);
        let call = step.mutation();
        let is_meant = call
            .as_ref()
            .is_some_and(|call| Action::Call(call.call()) == step.action && *call.interface() == step.interface_id);
        debug_assert!(is_meant, "a call is that of its step");
        let Some(call) = call.filter(|_| is_meant) else { return self.hold_back(number) };
        self.enter(number, Phase::Calling(attempts));
        self.effects.push(Effect::Send { step: number, call, until });
    }
}
