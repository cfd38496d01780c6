//! The interfaces that there are, and which of them a selector means.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::language::say;
use crate::resource::{Address, RouterInterfaceId};

use super::grammar::{Kind, Selector, Term};
use super::pattern::Pattern;

/// How short the beginning of an id may be: `ri-` and enough to mean one.
const SHORTEST: usize = 6;

/// One interface as selectors see it.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Its key in the spec.
    pub address: &'a Address,
    /// The cloud's id.
    pub id: &'a RouterInterfaceId,
    /// Its group.
    pub group: Option<&'a str>,
    /// Its labels, each key once, those of its group included.
    pub labels: Vec<(&'a str, &'a str)>,
    /// Where it lives.
    pub region: &'a str,
    /// What its account is called: the key, and the number where that is known.
    pub accounts: [Option<&'a str>; 2],
}

/// Why a selector means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such interface.
    #[error("{}", say!("`{term}` selects nothing", term))]
    Unknown {
        /// The term that selects nothing.
        term: String,
        /// A term that reads much the same and selects something.
        near: Option<String>,
        /// The first few terms of its kind that select something, where it says its kind.
        known: Vec<String>,
    },
    /// It names an account by its number, and the spec does not say the numbers of all.
    #[error("{}", say!("`{term}` selects nothing: the spec does not say the number of each account", term))]
    UnknownAccount {
        /// The term.
        term: String,
    },
    /// Each term selects something, and nothing fits them all.
    #[error("{}", say!("no interface is all of `{selector}`", selector))]
    Together {
        /// The selector.
        selector: Selector,
    },
    /// It is the beginning of several ids.
    #[error("{}", say!("{word} is the beginning of {ids} ids", word, ids = addresses.len()))]
    Ambiguous {
        /// The beginning.
        word: String,
        /// Whose ids these are.
        addresses: Vec<Address>,
    },
}

/// How many names a hint lists.
const LISTED: usize = 10;

impl Fault {
    /// Returns what to write instead, where something is near.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { near: Some(near), .. } => Some(did_you_mean(near)),
            Self::Unknown { known, .. } => (!known.is_empty()).then(|| {
                let more = if known.len() > LISTED { ", ..." } else { "" };
                let known = known[..known.len().min(LISTED)].join(", ");
                say!("there is {known}{more}", known, more)
            }),
            Self::UnknownAccount { .. } => {
                Some(say!("write `account_id` under `cloud`, or under the account in `cloud.accounts`").to_owned())
            }
            Self::Together { .. } => Some(
                say!("each term selects something, and `,` means that all must hold; give several for a union")
                    .to_owned(),
            ),
            Self::Ambiguous { addresses, .. } => {
                let names: Vec<&str> = addresses.iter().take(LISTED).map(Address::as_str).collect();
                let more = if addresses.len() > LISTED { ", ..." } else { "" };
                Some(say!("name one of {names}{more}", names = names.join(", "), more))
            }
        }
    }
}

/// The words of one kind, and which places they are said of.
type Index<'a> = BTreeMap<&'a str, Vec<usize>>;

/// The interfaces, in the order of their addresses. What is said of them is looked up, not searched: an index is made when it
/// is first asked for.
#[derive(Debug)]
pub struct Field<'a> {
    candidates: Vec<Candidate<'a>>,
    /// Of each change, the places of the interfaces that it is about.
    changes: Index<'a>,
    ids: OnceCell<BTreeMap<&'a str, usize>>,
    groups: OnceCell<Index<'a>>,
    labels: OnceCell<BTreeMap<&'a str, Index<'a>>>,
    regions: OnceCell<Index<'a>>,
    accounts: OnceCell<Index<'a>>,
}

impl<'a> Field<'a> {
    /// Makes a field of interfaces that come in the order of their addresses.
    pub fn new(candidates: Vec<Candidate<'a>>) -> Self {
        debug_assert!(candidates.is_sorted_by(|one, other| one.address < other.address), "addresses come in order");
        Self {
            candidates,
            changes: Index::new(),
            ids: OnceCell::new(),
            groups: OnceCell::new(),
            labels: OnceCell::new(),
            regions: OnceCell::new(),
            accounts: OnceCell::new(),
        }
    }

    /// Takes in more interfaces, under addresses that are not taken; before it is said what changes are about.
    #[must_use]
    pub fn with(self, more: impl IntoIterator<Item = Candidate<'a>>) -> Self {
        debug_assert!(self.changes.is_empty(), "places of changes would move");
        let mut candidates = self.candidates;
        candidates.extend(more);
        candidates.sort_by(|one, other| one.address.cmp(other.address));
        candidates.dedup_by(|one, other| one.address == other.address);
        Self::new(candidates)
    }

    /// Says which interfaces each change is about.
    #[must_use]
    pub fn with_changes(self, changes: impl IntoIterator<Item = (&'a str, &'a [Address])>) -> Self {
        let places =
            |about: &[Address]| about.iter().filter_map(|address| self.place(address.as_str())).collect::<Vec<usize>>();
        let changes = changes.into_iter().map(|(name, about)| (name, places(about))).collect();
        Self { changes, ..self }
    }

    /// Returns how many interfaces there are.
    pub fn len(&self) -> usize {
        self.candidates.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Returns the interfaces, in the order of their addresses.
    pub fn candidates(&self) -> &[Candidate<'a>] {
        &self.candidates
    }

    /// Returns the address at a place.
    pub fn address(&self, place: usize) -> &'a Address {
        self.candidates[place].address
    }

    /// Returns the place of an address.
    pub fn place(&self, address: &str) -> Option<usize> {
        self.candidates.binary_search_by(|candidate| candidate.address.as_str().cmp(address)).ok()
    }

    /// Returns the places of the interfaces that a selector means, in order, at least one.
    ///
    /// # Errors
    /// A selector that means nothing, and the beginning of several ids.
    pub fn select(&self, selector: &Selector) -> Result<Vec<usize>, Fault> {
        let mut chosen: Option<Vec<usize>> = None;
        for term in &selector.terms {
            let found = self.fitting(term)?;
            if found.is_empty() && self.is_unknown_account(term) {
                return Err(Fault::UnknownAccount { term: term.to_string() });
            }
            if found.is_empty() {
                return Err(Fault::Unknown { term: term.to_string(), near: self.near(term), known: self.known(term) });
            }
            chosen = Some(match chosen {
                Some(before) => common(&before, &found),
                None => found,
            });
        }
        chosen.filter(|chosen| !chosen.is_empty()).ok_or_else(|| Fault::Together { selector: selector.clone() })
    }

    fn fitting(&self, term: &Term) -> Result<Vec<usize>, Fault> {
        Ok(match term {
            Term::Name(name) => return self.named(name),
            Term::Addresses(pattern) => {
                let fits = |place: &usize| pattern.matches(self.candidates[*place].address.as_str());
                (0..self.candidates.len()).filter(fits).collect()
            }
            Term::Said(Kind::Label, key) => {
                let values = entries(self.labels(), key).flat_map(BTreeMap::values);
                union(values)
            }
            Term::Said(kind, pattern) => union(entries(self.index(*kind), pattern)),
            Term::Label(key, value) => {
                let found = entries(self.labels(), key).flat_map(|values| entries(values, value));
                union(found)
            }
        })
    }

    fn named(&self, name: &str) -> Result<Vec<usize>, Fault> {
        if let Some(place) = self.place(name) {
            return Ok(vec![place]);
        }
        if let Some(place) = self.ids().get(name) {
            return Ok(vec![*place]);
        }
        if name.len() < SHORTEST {
            return Ok(Vec::new());
        }
        let from = (Bound::Included(name), Bound::Unbounded);
        let begun = self.ids().range::<str, _>(from).take_while(|(id, _)| id.starts_with(name));
        let mut places: Vec<usize> = begun.map(|(_, place)| *place).collect();
        if places.len() > 1 {
            places.sort_unstable();
            let addresses = places.into_iter().map(|place| self.address(place).clone()).collect();
            return Err(Fault::Ambiguous { word: name.to_owned(), addresses });
        }
        Ok(places)
    }

    /// Returns a term that reads much like one that selects nothing.
    fn near(&self, term: &Term) -> Option<String> {
        match term {
            Term::Name(name) => self.near_name(name),
            Term::Addresses(pattern) => {
                nearest(&pattern.to_string(), self.candidates.iter().map(|candidate| candidate.address.as_str()))
                    .map(str::to_owned)
            }
            Term::Said(Kind::Label, key) => near_in(self.labels(), key).map(|key| format!("label:{key}")),
            Term::Said(kind, pattern) => {
                near_in(self.index(*kind), pattern).map(|word| format!("{}:{word}", kind.as_str()))
            }
            Term::Label(key, value) => {
                let known = entries(self.labels(), key).next();
                match known {
                    Some(values) => near_in(values, value).map(|value| format!("label:{key}={value}")),
                    None => near_in(self.labels(), key).map(|key| format!("label:{key}={value}")),
                }
            }
        }
    }

    /// Lists the first few terms of the kind of a term, and one more.
    fn known(&self, term: &Term) -> Vec<String> {
        let of = |kind: Kind, words: &mut dyn Iterator<Item = &str>| {
            words.take(LISTED + 1).map(|word| format!("{}:{word}", kind.as_str())).collect()
        };
        match term {
            Term::Name(_) | Term::Addresses(_) => Vec::new(),
            Term::Said(Kind::Label, _) | Term::Label(..) => of(Kind::Label, &mut self.labels().keys().copied()),
            Term::Said(kind, _) => of(*kind, &mut self.index(*kind).keys().copied()),
        }
    }

    /// What a word that is no address may have meant: a group without its `group:`, a label without its `label:`, the nearest
    /// address or id.
    fn near_name(&self, name: &str) -> Option<String> {
        for kind in [Kind::Group, Kind::Change, Kind::Region, Kind::Account] {
            if self.index(kind).contains_key(name) {
                return Some(format!("{}:{name}", kind.as_str()));
            }
        }
        if let Some((key, value)) = name.split_once('=')
            && self.labels().get(key).is_some_and(|values| values.contains_key(value))
        {
            return Some(format!("label:{name}"));
        }
        // Terraform's address, whose last word may be ours.
        if let Some((_, last)) = name.rsplit_once('.')
            && self.place(last).is_some()
        {
            return Some(last.to_owned());
        }
        let names = self.candidates.iter().flat_map(|candidate| [candidate.address.as_str(), candidate.id.as_str()]);
        let near = nearest(name, names).map(str::to_owned);
        near.or_else(|| {
            let kinds = [Kind::Group, Kind::Change].into_iter();
            let mut near = kinds.filter_map(|kind| Some((kind, nearest(name, self.index(kind).keys().copied())?)));
            near.next().map(|(kind, word)| format!("{}:{word}", kind.as_str()))
        })
    }

    /// Returns whether a term is the number of an account, and some interface is of one whose number is not known.
    fn is_unknown_account(&self, term: &Term) -> bool {
        let Term::Said(Kind::Account, pattern) = term else { return false };
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        pattern.plain().is_some_and(is_number)
            && self.candidates.iter().any(|candidate| candidate.accounts[1].is_none())
    }

    fn ids(&self) -> &BTreeMap<&'a str, usize> {
        let ids = || self.candidates.iter().enumerate().map(|(place, candidate)| (candidate.id.as_str(), place));
        self.ids.get_or_init(|| ids().collect())
    }

    fn labels(&self) -> &BTreeMap<&'a str, Index<'a>> {
        self.labels.get_or_init(|| {
            let mut labels: BTreeMap<&str, Index<'a>> = BTreeMap::new();
            for (place, candidate) in self.candidates.iter().enumerate() {
                for (key, value) in &candidate.labels {
                    labels.entry(key).or_default().entry(value).or_default().push(place);
                }
            }
            labels
        })
    }

    /// Returns which interfaces each word of a kind is said of; of labels there is more to say.
    fn index(&self, kind: Kind) -> &Index<'a> {
        let by = |words: fn(&Candidate<'a>) -> [Option<&'a str>; 2]| {
            let mut index = Index::new();
            for (place, candidate) in self.candidates.iter().enumerate() {
                words(candidate).into_iter().flatten().for_each(|word| index.entry(word).or_default().push(place));
            }
            index
        };
        match kind {
            Kind::Group => self.groups.get_or_init(|| by(|candidate| [candidate.group, None])),
            Kind::Region => self.regions.get_or_init(|| by(|candidate| [Some(candidate.region), None])),
            Kind::Account => self.accounts.get_or_init(|| by(|candidate| candidate.accounts)),
            Kind::Change | Kind::Label => &self.changes,
        }
    }
}

/// Returns the values of the keys that a pattern matches.
fn entries<'i, V>(index: &'i BTreeMap<&str, V>, pattern: &'i Pattern) -> Box<dyn Iterator<Item = &'i V> + 'i> {
    match pattern.plain() {
        Some(word) => Box::new(index.get(word).into_iter()),
        None => Box::new(index.iter().filter(|(word, _)| pattern.matches(word)).map(|(_, value)| value)),
    }
}

fn near_in<V>(index: &BTreeMap<&str, V>, pattern: &Pattern) -> Option<String> {
    nearest(&pattern.to_string(), index.keys().copied()).map(str::to_owned)
}

/// Returns the places of all lists, in order, each once.
fn union<'i>(lists: impl Iterator<Item = &'i Vec<usize>>) -> Vec<usize> {
    let lists: Vec<&Vec<usize>> = lists.collect();
    match lists.as_slice() {
        [one] => (*one).clone(),
        several => several.iter().copied().flatten().copied().collect::<BTreeSet<usize>>().into_iter().collect(),
    }
}

/// Returns what two lists, each in order, have in common.
fn common(one: &[usize], other: &[usize]) -> Vec<usize> {
    one.iter().copied().filter(|place| other.binary_search(place).is_ok()).collect()
}
