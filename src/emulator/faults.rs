//! What goes wrong, and when: a schedule inside the world, so that both faces show the same faults.
//!
//! Calls are counted per fault, from 1, since the world was opened by this process. Chance is a function of `seed` and
//! that number, so a schedule repeats itself exactly. What a schedule can say stands in `seed/fault`.

use std::time::Duration;

use super::answer::Delivery;
use super::refusal::Refusal;
use super::seed::{ConsoleSeed, Fault, FaultKind, FlappingSeed};
use crate::dice;
use crate::resource::{AccountId, RouterInterfaceId};

impl Fault {
    /// Returns whether the call takes effect although its answer is spoiled.
    fn acts_after_effect(&self) -> bool {
        self.after_effect.unwrap_or(matches!(
            self.fault,
            FaultKind::Hang
                | FaultKind::SlowBody(_)
                | FaultKind::TruncatedBody
                | FaultKind::Garbage
                | FaultKind::Html
                | FaultKind::EmptyBody
                | FaultKind::EmptyObject
                | FaultKind::HugeBody(_)
        ))
    }

    fn concerns(&self, call: &Facts<'_>) -> bool {
        self.account.as_ref().is_none_or(|account| Some(account) == call.account)
            && self.region.as_ref().is_none_or(|region| Some(region.as_str()) == call.region)
            && self.action.as_ref().is_none_or(|action| action == call.action)
            && self
                .interface
                .as_ref()
                .is_none_or(|id| (call.is_about)(id) || (self.is_of_transitions() && call.moved_along == Some(id)))
    }

    /// Returns whether it is the transition that goes wrong, not the call.
    fn is_of_transitions(&self) -> bool {
        matches!(self.fault, FaultKind::StuckTransition | FaultKind::Flapping(_))
    }

    fn strikes(&self, index: usize, number: u64) -> bool {
        if self.from.is_some_and(|from| number < from) || self.until.is_some_and(|until| number > until) {
            return false;
        }
        // A third party acts once unless told otherwise.
        let once = matches!(self.fault, FaultKind::Console(_)) && self.every.is_none() && self.probability.is_none();
        self.nth.or(once.then(|| self.from.unwrap_or(1))).is_none_or(|nth| number == nth)
            && self.every.is_none_or(|every| every > 0 && number.is_multiple_of(every))
            && self.probability.is_none_or(|chance| draw(self.seed.unwrap_or(0), index, number) < chance)
    }

    fn interruption(&self) -> Option<Interruption> {
        Some(match &self.fault {
            FaultKind::Drop => Interruption::Spoil(Delivery::Dropped),
            FaultKind::Hang => Interruption::Spoil(Delivery::Hung),
            FaultKind::SlowBody(gap) => Interruption::Spoil(Delivery::Slow(*gap)),
            FaultKind::TruncatedBody => Interruption::Spoil(Delivery::Truncated),
            FaultKind::Garbage => Interruption::Spoil(Delivery::Garbage),
            FaultKind::Html => Interruption::Spoil(Delivery::Html(200)),
            FaultKind::EmptyBody => Interruption::Spoil(Delivery::EmptyBody),
            FaultKind::EmptyObject => Interruption::Spoil(Delivery::EmptyObject),
            FaultKind::HugeBody(bytes) => Interruption::Spoil(Delivery::Huge(*bytes)),
            FaultKind::Redirect => Interruption::Spoil(Delivery::Redirect),
            FaultKind::HttpError(500) => Interruption::Refuse(Refusal::internal_error()),
            FaultKind::HttpError(503) => Interruption::Refuse(Refusal::service_unavailable()),
            FaultKind::HttpError(status) => Interruption::Spoil(Delivery::Html(*status)),
            FaultKind::Throttled(wait) => {
                Interruption::Refuse(Refusal::throttled(Some(*wait).filter(|w| !w.is_zero())))
            }
            FaultKind::Error(error) => {
                Interruption::Refuse(Refusal::new(error.status, error.code.clone(), error.message.clone()))
            }
            FaultKind::Denied => Interruption::Refuse(Refusal::denied()),
            FaultKind::NonceUsed => Interruption::Refuse(Refusal::nonce_used()),
            FaultKind::ClockSkew(ahead) => Interruption::Refuse(Refusal::skewed(*ahead)),
            FaultKind::TokenExpired => Interruption::Refuse(Refusal::token_expired()),
            _ => return None,
        })
    }
}

/// What takes the place of an answer.
#[derive(Clone, Debug)]
pub(super) enum Interruption {
    Refuse(Refusal),
    Spoil(Delivery),
}

/// What a fault can be about.
pub(super) struct Facts<'a> {
    pub(super) account: Option<&'a AccountId>,
    pub(super) region: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) is_about: &'a dyn Fn(&RouterInterfaceId) -> bool,
    /// The interface that an accepted call moves beside the one that it is about.
    pub(super) moved_along: Option<&'a RouterInterfaceId>,
}

/// The faults of a world, and how many calls each has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    faults: Vec<(Fault, u64)>,
}

impl Schedule {
    pub(super) fn add(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults.into_iter().map(|fault| (fault, 0)));
    }

    /// Counts a call and returns what strikes it.
    pub(super) fn strike(&mut self, call: &Facts<'_>) -> Strike {
        let mut struck = Vec::new();
        for (index, (fault, seen)) in self.faults.iter_mut().enumerate() {
            if fault.concerns(call) {
                *seen += 1;
                if fault.strikes(index, *seen) {
                    struck.push(fault.clone());
                }
            }
        }
        Strike(struck)
    }
}

/// The faults that one call meets.
#[derive(Clone, Debug)]
pub(super) struct Strike(Vec<Fault>);

impl Strike {
    /// Returns what takes the place of the answer, before or after the call is carried out.
    pub(super) fn interruption(&self, after_effect: bool) -> Option<Interruption> {
        self.0.iter().filter(|fault| fault.acts_after_effect() == after_effect).find_map(Fault::interruption)
    }

    /// Returns what third parties do just before the call.
    pub(super) fn flips(&self) -> impl Iterator<Item = &ConsoleSeed> {
        self.0.iter().filter_map(|fault| match &fault.fault {
            FaultKind::Console(flip) if flip.at.is_none() => Some(flip),
            _ => None,
        })
    }

    /// Returns how far back reads look.
    pub(super) fn staleness(&self) -> Duration {
        self.longest(|kind| if let FaultKind::StaleReads(age) = kind { Some(*age) } else { None })
    }

    /// Returns how much later the answer comes.
    pub(super) fn delay(&self) -> Duration {
        self.longest(|kind| if let FaultKind::Delay(wait) = kind { Some(*wait) } else { None })
    }

    /// Returns whether an accepted transition of this interface never ends.
    pub(super) fn sticks(&self, id: &RouterInterfaceId) -> bool {
        self.of_transitions(id).any(|kind| *kind == FaultKind::StuckTransition)
    }

    /// Returns how an accepted transition of this interface goes back and forth after its end.
    pub(super) fn flapping(&self, id: &RouterInterfaceId) -> Option<FlappingSeed> {
        self.of_transitions(id).find_map(|kind| if let FaultKind::Flapping(seed) = kind { Some(*seed) } else { None })
    }

    fn of_transitions(&self, id: &RouterInterfaceId) -> impl Iterator<Item = &FaultKind> {
        self.0
            .iter()
            .filter(move |fault| fault.interface.as_ref().is_none_or(|named| named == id))
            .map(|fault| &fault.fault)
    }

    /// Returns what spoils the rows or the page of a listing, each with the interface that it is about.
    pub(super) fn of_reads(&self) -> impl Iterator<Item = (&FaultKind, Option<&RouterInterfaceId>)> {
        self.0.iter().map(|fault| (&fault.fault, fault.interface.as_ref()))
    }

    fn longest(&self, pick: impl Fn(&FaultKind) -> Option<Duration>) -> Duration {
        self.0.iter().filter_map(|fault| pick(&fault.fault)).max().unwrap_or_default()
    }
}

/// Draws from 0 to 1, always the same for the same arguments.
fn draw(seed: u64, index: usize, number: u64) -> f64 {
    dice::fraction(dice::mix(dice::mix(dice::mix(seed) ^ index as u64) ^ number))
}
