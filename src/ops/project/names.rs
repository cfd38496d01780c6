//! How people name an interface: by its address, or by the id that the cloud's console shows.

use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::ops::failure::{Exit, Refusal};
use crate::plan::PlanOptions;
use crate::resource::Address;
use crate::spec::Spec;

use super::Project;

/// How short the beginning of an id may be: `ri-` and enough to mean one.
const SHORTEST: usize = 6;
/// How many names a refusal lists.
const LISTED: usize = 10;

impl Project {
    /// Returns the address that a word names: the address itself, an id, or the beginning of one id alone.
    ///
    /// # Errors
    /// Exit 1 with what is near, or with what an ambiguous beginning may mean.
    pub fn address(&self, word: &Address) -> Result<Address, Refusal> {
        match named(&self.spec, word.as_str()).as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(self.undeclared(word)),
            several => Err(ambiguous(word, several)),
        }
    }

    /// Puts addresses for the ids that a plan's choice names; what is nothing at all is left for the planner to say.
    ///
    /// # Errors
    /// Exit 1 for the beginning of several ids.
    pub fn resolve(&self, options: &mut PlanOptions) -> Result<(), Refusal> {
        for word in options.targets.iter_mut().chain(&mut options.excludes) {
            match named(&self.spec, word.as_str()).as_slice() {
                [one] => *word = (*one).clone(),
                [] => {}
                several => return Err(ambiguous(word, several)),
            }
        }
        Ok(())
    }

    fn undeclared(&self, word: &Address) -> Refusal {
        let interfaces = &self.spec.interfaces;
        let refusal = Refusal::new(Exit::Error, format!("the spec declares no interface {word}"));
        if interfaces.is_empty() {
            return refusal.hint("it declares none; `rictl init` writes what is live as a spec");
        }
        let names = interfaces.keys().map(Address::as_str);
        let ids = interfaces.values().map(|interface| interface.id.value.as_str());
        if let Some(near) = nearest(word.as_str(), names.clone().chain(ids)) {
            return refusal.hint(did_you_mean(near));
        }
        let more = if interfaces.len() > LISTED { ", ..." } else { "" };
        refusal.hint(format!("it declares {}{more}", names.take(LISTED).collect::<Vec<_>>().join(", ")))
    }
}

/// Returns the interfaces that a word may mean: one by its address or whole id, else those whose ids begin with it.
fn named<'s>(spec: &'s Spec, word: &str) -> Vec<&'s Address> {
    if let Some((address, _)) = spec.interfaces.get_key_value(word) {
        return vec![address];
    }
    let with = |fits: &dyn Fn(&str) -> bool| -> Vec<&'s Address> {
        let found = spec.interfaces.iter().filter(|(_, interface)| fits(interface.id.value.as_str()));
        found.map(|(address, _)| address).collect()
    };
    let whole = with(&|id| id == word);
    if !whole.is_empty() || word.len() < SHORTEST {
        return whole;
    }
    with(&|id| id.starts_with(word))
}

fn ambiguous(word: &Address, several: &[&Address]) -> Refusal {
    let more = if several.len() > LISTED { ", ..." } else { "" };
    let names: Vec<&str> = several.iter().take(LISTED).map(|address| address.as_str()).collect();
    let summary = format!("{word} is the beginning of {} ids", several.len());
    Refusal::new(Exit::Error, summary).hint(format!("name one of {}{more}", names.join(", ")))
}
