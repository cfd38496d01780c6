//! The values of one mapping: which keys of the table it has, and each value read as its row says.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;

use crate::calendar::Written;
use crate::diagnostic::Place;
use crate::diagnostic::nearest::nearest;
use crate::resource::Rate;
use crate::selector::Selector;
use crate::spec::Placed;
use crate::spec::finding::{Code, Finding, KeyFault};
use crate::spec::findings::Findings;
use crate::spec::keys::{Grammar, Key, Kind, Presence, Type};
use crate::spec::read;
use crate::spec::syntax::{Node, Word};
use crate::spec::words::shorten;
use crate::windows::Clock;

/// Stands for a name that could not be read; no name looks like it.
pub(super) const UNREADABLE: &str = "?";

/// The way to a value, as people write it: `interfaces.sh-primary.status`.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    key: &'p str,
}

impl<'p> Path<'p> {
    pub(super) const fn root(key: &'p str) -> Self {
        Self { parent: None, key }
    }

    pub(super) fn then(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), key }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(&shorten(if self.key.is_empty() { "\"\"" } else { self.key }))
    }
}

/// What unknown keys may have meant. What is said of a key's absence would be a guess where one of them is near it.
#[derive(Default)]
pub(super) struct Misspelt {
    near: Vec<&'static str>,
    /// Some were so many that they were not looked at.
    is_lost: bool,
}

impl Misspelt {
    /// Returns whether an unknown key may have meant `name`.
    pub(super) fn may_mean(&self, name: &str) -> bool {
        self.is_lost || self.near.contains(&name)
    }

    /// Takes note that something unread may be about `name`.
    pub(super) fn may_be(&mut self, name: &'static str) {
        self.near.push(name);
    }

    /// Takes note that something unread may be about anything.
    fn lose(&mut self) {
        self.is_lost = true;
    }

    /// Reports a key that means nothing at `path`, or at the top of the document.
    pub(super) fn report(
        &mut self,
        path: Option<Path<'_>>,
        key: &Word<'_>,
        known: &'static [Key],
        findings: &mut Findings,
    ) {
        if !key.quoted && read::slipped(&key.text, key.place, findings) {
            return self.lose();
        }
        let has_room = findings.has_room(Code::UnknownKey);
        let near = if has_room { nearest(&key.text, known.iter().map(|key| key.name)) } else { None };
        self.near.extend(near);
        self.is_lost |= !has_room;
        findings.report(Code::UnknownKey, key.place, || {
            let (key, at) = (shorten(&key.text).into_owned(), path.map(|path| path.to_string()));
            Finding::Key(KeyFault::Unknown { key, at, near, known })
        });
    }
}

/// The values of a mapping whose keys are known, each at most once.
pub(super) struct Fields<'a> {
    keys: &'static [Key],
    values: Vec<(&'static Key, Place, Node<'a>)>,
    pub(super) misspelt: Misspelt,
}

impl<'a> Fields<'a> {
    pub(super) fn new(keys: &'static [Key]) -> Self {
        Self { keys, values: Vec::new(), misspelt: Misspelt::default() }
    }

    /// Takes the entries of the mapping at `path`; anything but a mapping is reported, and at `place` each key that
    /// must be there and is not.
    pub(super) fn of(
        path: Path<'_>,
        place: Place,
        node: Node<'a>,
        keys: &'static [Key],
        findings: &mut Findings,
    ) -> Self {
        let mut fields = Self::new(keys);
        match node {
            Node::Mapping(_, entries) => {
                fields.values.reserve_exact(entries.len().min(keys.len()));
                for (key, value) in entries {
                    fields.put(path, key, value, findings);
                }
            }
            Node::Refused(_) => {
                fields.misspelt.lose();
                return fields;
            }
            other if other.is_null() => {}
            other => {
                read::wrong_type(path, &other, Type::Mapping, findings);
                fields.misspelt.lose();
                return fields;
            }
        }
        let is_missing = |key: &&Key| {
            matches!(key.presence, Presence::Required(_))
                && fields.of_name(key.name).is_none()
                && !fields.misspelt.may_mean(key.name)
        };
        for key in keys.iter().filter(is_missing) {
            let missing = || Finding::Key(KeyFault::Missing { path: path.to_string(), key });
            findings.report(Code::MissingKey, place, missing);
        }
        fields
    }

    /// Takes one entry; an unknown key and one that was set before are reported.
    pub(super) fn put(&mut self, path: Path<'_>, key: Word<'a>, value: Node<'a>, findings: &mut Findings) {
        let Some(known) = self.keys.iter().find(|known| known.name == key.text) else {
            return self.misspelt.report(Some(path), &key, self.keys, findings);
        };
        match self.of_name(known.name) {
            Some((_, first, _)) => {
                duplicate(path.then(&key.text), key.place, *first, findings);
                // Which of the two is meant is not known, so nothing follows from either.
                self.misspelt.may_be(known.name);
            }
            None => self.values.push((known, key.place, value)),
        }
    }

    /// Returns where the first key stands.
    pub(super) fn place(&self) -> Option<Place> {
        self.values.iter().map(|(_, place, _)| *place).min()
    }

    /// Returns where the value of a key stands.
    pub(super) fn place_of(&self, name: &str) -> Option<Place> {
        self.of_name(name).map(|(_, _, node)| node.place())
    }

    /// Returns the value of a key.
    pub(super) fn node_of(&self, name: &str) -> Option<&Node<'a>> {
        self.of_name(name).map(|(_, _, node)| node)
    }

    fn of_name(&self, name: &str) -> Option<&(&'static Key, Place, Node<'a>)> {
        self.values.iter().find(|(key, ..)| key.name == name)
    }

    /// Takes the value of a key out, if it is there.
    pub(super) fn take(&mut self, name: &str) -> Option<(&'static Key, Node<'a>)> {
        debug_assert!(self.keys.iter().any(|key| key.name == name), "the table has no row for {name}");
        let index = self.values.iter().position(|(key, ..)| key.name == name)?;
        let (key, _, node) = self.values.swap_remove(index);
        Some((key, node))
    }

    /// Reads a whole number within the bounds of its row.
    pub(super) fn number(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<u32>> {
        let (key, node) = self.take(name)?;
        read::number(path.then(key.name), node, key.kind, findings)
    }

    /// Reads a duration; zero only where its row admits that.
    pub(super) fn duration(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Duration> {
        let (key, node) = self.take(name)?;
        read::duration(path.then(key.name), node, key.kind, findings)
    }

    /// Reads a rate.
    pub(super) fn rate(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<Rate>> {
        let (key, node) = self.take(name)?;
        read::rate(path.then(key.name), node, findings)
    }

    /// Reads a share, in percent.
    pub(super) fn share(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<u32>> {
        let (key, node) = self.take(name)?;
        read::share(path.then(key.name), node, findings)
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<bool>> {
        let (key, node) = self.take(name)?;
        read::boolean(path.then(key.name), node, findings)
    }

    /// Reads a calendar day.
    pub(super) fn date(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Date> {
        let (key, node) = self.take(name)?;
        read::date(path.then(key.name), node, findings)
    }

    /// Reads a time.
    pub(super) fn moment(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<Written>> {
        let (key, node) = self.take(name)?;
        read::moment(path.then(key.name), node, findings)
    }

    /// Reads a time of day.
    pub(super) fn clock(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<Clock>> {
        let (key, node) = self.take(name)?;
        read::clock(path.then(key.name), node, findings)
    }

    /// Reads a list of selectors.
    pub(super) fn selectors(
        &mut self,
        path: Path<'_>,
        name: &str,
        findings: &mut Findings,
    ) -> Option<Vec<Placed<Selector>>> {
        let (key, node) = self.take(name)?;
        read::selectors(path.then(key.name), node, key, findings)
    }

    /// Reads a list of the words of its row; `meaning` has a value for each.
    pub(super) fn choices<T>(
        &mut self,
        path: Path<'_>,
        name: &str,
        meaning: fn(&str) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<Vec<T>> {
        let (key, node) = self.take(name)?;
        read::choices(path.then(key.name), node, key, meaning, findings)
    }

    /// Reads text for people.
    pub(super) fn text(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<String> {
        let (key, node) = self.take(name)?;
        read::said(path.then(key.name), node, findings).map(|text| text.value)
    }

    /// Reads a line that something else reads again.
    pub(super) fn line(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<String>> {
        let (key, node) = self.take(name)?;
        read::line(path.then(key.name), node, findings)
    }

    /// Reads a word of its row's grammar.
    pub(super) fn word<T>(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<T>>
    where
        T: for<'t> From<&'t str>,
    {
        let (key, node) = self.take(name)?;
        read::word(path.then(key.name), node, grammar(key), findings)
    }

    /// Reads the same, or what stands for a word that cannot be read.
    pub(super) fn name<T>(&mut self, path: Path<'_>, name: &str, findings: &mut Findings) -> Option<Placed<T>>
    where
        T: for<'t> From<&'t str>,
    {
        let place = self.place_of(name)?;
        Some(self.word(path, name, findings).unwrap_or_else(|| Placed { value: T::from(UNREADABLE), place }))
    }

    /// Reads the same, or what stands for it where an unknown key may have meant it.
    pub(super) fn name_or_misspelt<T>(
        &mut self,
        path: Path<'_>,
        name: &str,
        place: Place,
        findings: &mut Findings,
    ) -> Option<Placed<T>>
    where
        T: for<'t> From<&'t str>,
    {
        let misspelt = self.misspelt.may_mean(name).then(|| Placed { value: T::from(UNREADABLE), place });
        self.name(path, name, findings).or(misspelt)
    }

    /// Reads one of the words of its row; `meaning` has a value for each.
    pub(super) fn choice<T>(
        &mut self,
        path: Path<'_>,
        name: &str,
        meaning: fn(&str) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<Placed<T>> {
        let (key, node) = self.take(name)?;
        read::choice(path.then(key.name), node, key.kind, meaning, findings)
    }
}

fn grammar(key: &Key) -> Grammar {
    match key.kind {
        Kind::Word(grammar) => grammar,
        // Whatever a name may be, so that a wrong row narrows nothing; the tests read every row by its example.
        _ => Grammar::Name,
    }
}

/// Reports a key that was set before.
pub(super) fn duplicate(path: Path<'_>, place: Place, first: Place, findings: &mut Findings) {
    findings.report(Code::DuplicateKey, place, || Finding::Key(KeyFault::Duplicate { path: path.to_string(), first }));
}
