//! The plan in the making: what each interface needs, and what is held back.

use std::collections::BTreeMap;

use crate::diagnostic::Sources;
use crate::plan::{Action, BlockReason, Blocked, Goal, LeftAlone, LeftAloneReason, PlanOptions, Unmet};
use crate::resource::Call;

use super::lower::{self, Held, Lowered};
use super::selection::Selection;
use super::subject::{PerSubject, Subject, SubjectNumber, Subjects};

/// The steps and blocks in the making.
pub(super) struct Draft {
    /// What each interface needs, in its own order; empty where it needs nothing or is held back.
    pub(super) steps: PerSubject<Vec<Lowered>>,
    /// Why an interface cannot have what it needs.
    blocked: BTreeMap<SubjectNumber, Blocked>,
    /// What differs and is not touched.
    left_alone: BTreeMap<SubjectNumber, LeftAlone>,
    /// Whether an interface is elsewhere than declared, or out of sight.
    unmet: PerSubject<bool>,
}

impl Draft {
    /// Lowers every interface that is selected and was asked for.
    pub(super) fn lower(
        subjects: &Subjects<'_>,
        selection: &Selection,
        sources: &Sources,
        options: &PlanOptions,
    ) -> Self {
        let (mut blocked, mut left_alone) = (BTreeMap::new(), BTreeMap::new());
        let steps = subjects.map(|(number, subject)| {
            let is_included = selection.includes(number) && subject.is_asked();
            let outcome = if is_included { lower::lower(subject, sources, options) } else { Ok(Vec::new()) };
            let address = || subject.address.clone();
            match outcome {
                Ok(steps) => return steps,
                Err(Held::Blocked(reason)) => {
                    blocked.insert(number, Blocked { address: address(), reason });
                }
                Err(Held::LeftAlone(reason)) => {
                    left_alone.insert(number, LeftAlone { address: address(), reason });
                }
            }
            Vec::new()
        });
        Self { steps, blocked, left_alone, unmet: subjects.map(|(_, subject)| subject.is_unmet()) }
    }

    /// Returns whether an interface is elsewhere than declared, or out of sight.
    pub(super) fn is_unmet(&self, number: SubjectNumber) -> bool {
        self.unmet[number]
    }

    /// Returns whether anything is to be done for it.
    pub(super) fn is_moving(&self, number: SubjectNumber) -> bool {
        !self.steps[number].is_empty()
    }

    /// Returns whether what is to be done for it takes traffic off its link or brings traffic onto it: what groups and
    /// pairs care for.
    pub(super) fn moves_traffic(&self, number: SubjectNumber) -> bool {
        self.steps[number].iter().any(|step| step.goal.attribute().moves_traffic())
    }

    /// Returns whether a change is wanted and is not going to happen.
    pub(super) fn is_undeliverable(&self, number: SubjectNumber) -> bool {
        self.blocked.contains_key(&number) || (self.unmet[number] && !self.is_moving(number))
    }

    /// Returns why a change that is wanted is not going to happen.
    pub(super) fn why_undeliverable(&self, number: SubjectNumber) -> Unmet {
        match (self.blocked.get(&number), self.left_alone.get(&number)) {
            (Some(blocked), _) => Unmet::Blocked(blocked.code()),
            (None, Some(left)) => Unmet::LeftAlone(left.reason.code()),
            (None, None) => Unmet::LeftOut,
        }
    }

    /// Returns whether an interface is where it should be: it needs nothing, and nothing has to wait for it.
    pub(super) fn is_settled(&self, number: SubjectNumber) -> bool {
        !self.is_moving(number) && !self.is_undeliverable(number)
    }

    /// Takes an interface's steps away and says why.
    pub(super) fn block(&mut self, subject: &Subject<'_>, number: SubjectNumber, reason: BlockReason) {
        self.steps[number].clear();
        self.blocked.insert(number, Blocked { address: subject.address.clone(), reason });
    }

    /// Takes an interface's steps away because it is not to be touched.
    pub(super) fn leave_alone(&mut self, subject: &Subject<'_>, number: SubjectNumber, reason: LeftAloneReason) {
        self.steps[number].clear();
        self.left_alone.insert(number, LeftAlone { address: subject.address.clone(), reason });
    }

    /// Returns whether it is deactivated.
    pub(super) fn deactivates(&self, number: SubjectNumber) -> bool {
        self.steps[number].iter().any(|step| step.action == Action::Call(Call::Deactivate))
    }

    /// Returns whether it is up once its steps are done, and is not before.
    pub(super) fn activates(&self, number: SubjectNumber) -> bool {
        self.steps[number].last().is_some_and(|step| step.goal == Goal::Active)
    }

    /// Returns whether a call is sent for it.
    pub(super) fn changes(&self, number: SubjectNumber) -> bool {
        self.steps[number].iter().any(|step| step.action != Action::Wait)
    }

    /// Lists what is blocked so far, in the order of addresses.
    pub(super) fn blocked(&self) -> impl Iterator<Item = &Blocked> {
        self.blocked.values()
    }

    /// Returns what is blocked and what is left alone, each in the order of addresses.
    pub(super) fn into_held(self) -> (Vec<Blocked>, Vec<LeftAlone>) {
        (self.blocked.into_values().collect(), self.left_alone.into_values().collect())
    }
}
