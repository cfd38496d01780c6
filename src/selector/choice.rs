//! `--target` and `--exclude`: what is looked at, and what is left out.

use std::collections::BTreeSet;

use super::field::{Fault, Field};
use super::grammar::Selector;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'c> {
    /// `--target`, or the arguments of a command; empty for everything.
    pub targets: &'c [Selector],
    /// `--exclude`.
    pub excludes: &'c [Selector],
}

/// Which interfaces that means, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// What was asked for; `None` for everything.
    pub included: Option<BTreeSet<usize>>,
    /// What is left out.
    pub excluded: BTreeSet<usize>,
    /// The selectors of `included`; an id is replaced by the address that it is of.
    pub targets: Vec<Selector>,
    /// The selectors of `excluded`, likewise.
    pub excludes: Vec<Selector>,
}

impl Chosen {
    /// Returns whether the interface at a place is looked at.
    pub fn includes(&self, place: usize) -> bool {
        !self.excluded.contains(&place) && self.included.as_ref().is_none_or(|included| included.contains(&place))
    }

    /// Returns whether everything is looked at.
    pub fn is_all(&self) -> bool {
        self.included.is_none() && self.excluded.is_empty()
    }
}

/// Why a choice makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadChoice {
    /// A selector that means nothing.
    Selector {
        /// Whether it says what is left out.
        is_exclude: bool,
        /// The selector.
        selector: Selector,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Everything that was asked for is left out.
    NothingLeft,
    /// What was allowed about an interface is about none.
    Allowed {
        /// What was named.
        named: Selector,
        /// What is wrong with it.
        fault: Fault,
    },
}

impl Field<'_> {
    /// Returns what a choice means.
    ///
    /// # Errors
    /// Every selector that means nothing, and a choice of which nothing is left.
    pub fn choose(&self, choice: Choice<'_>) -> Result<Chosen, Vec<BadChoice>> {
        let mut bad = Vec::new();
        let mut resolve = |is_exclude: bool, selectors: &[Selector]| {
            let (mut places, mut named) = (BTreeSet::new(), Vec::new());
            for selector in selectors {
                match self.select(selector) {
                    Ok(found) => {
                        let is_name = selector.is_name() && found.len() == 1;
                        named.push(if is_name { Selector::of(self.address(found[0])) } else { selector.clone() });
                        places.extend(found);
                    }
                    Err(fault) => bad.push(BadChoice::Selector { is_exclude, selector: selector.clone(), fault }),
                }
            }
            (places, named)
        };
        let (included, targets) = resolve(false, choice.targets);
        let (excluded, excludes) = resolve(true, choice.excludes);
        if !bad.is_empty() {
            return Err(bad);
        }
        let included = (!choice.targets.is_empty()).then_some(included);
        let chosen = Chosen { included, excluded, targets, excludes };
        let is_left = (0..self.len()).any(|place| chosen.includes(place));
        if choice.excludes.is_empty() || is_left { Ok(chosen) } else { Err(vec![BadChoice::NothingLeft]) }
    }
}
