//! The meaning of each key, entry by entry, from all files into one draft.
//!
//! A value that cannot be read is reported and replaced by one that provokes no further finding, so that the checks
//! in `spec/check` run over everything that was declared. A draft with errors never leaves `spec`.

use std::borrow::Borrow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Zone;
use crate::diagnostic::Place;
use crate::resource::{Address, ChangeName, DriftPolicy, GroupName, Region};
use crate::spec::fields::{self, Fields, Misspelt, Path};
use crate::spec::finding::{Code, Finding, KeyFault, Spelling, ValueFault};
use crate::spec::findings::Findings;
use crate::spec::keys::{self, Key, Kind, Type};
use crate::spec::read;
use crate::spec::syntax::{Item, Node, NodeKind, Word};
use crate::spec::words::shorten;
use crate::spec::{CloudSettings, Group, Interface, Limits, Placed, Rollout, SUPPORTED_VERSION};

pub(in crate::spec) mod change;
mod cloud;
mod interface;
mod labels;
mod section;
pub(in crate::spec) mod window;

use change::ChangeDraft;
use window::WindowDraft;

/// What the files declare, before anything is resolved.
pub(super) struct Draft {
    pub(super) cloud: CloudSettings,
    /// Whether all that `cloud.accounts` says could be read.
    pub(super) knows_accounts: bool,
    pub(super) state_path: Option<Placed<String>>,
    pub(super) state_name: Option<Placed<String>>,
    pub(super) name: Option<Placed<String>>,
    pub(super) limits: Limits,
    pub(super) groups: BTreeMap<GroupName, Group>,
    pub(super) time_zone: Option<Placed<Zone>>,
    pub(super) drift: DriftPolicy,
    /// Each with the way to it, such as `windows[2]`.
    pub(super) windows: Vec<(String, WindowDraft)>,
    pub(super) changes: BTreeMap<ChangeName, ChangeDraft>,
    pub(super) rollout: Option<Rollout>,
    /// A region that is neither given nor set by default yet is empty.
    pub(super) interfaces: BTreeMap<Address, Interface>,
    /// Whether there are entries of `interfaces`, those without a name included.
    pub(super) has_interfaces: bool,
    /// What unknown sections may have meant.
    pub(super) misspelt: Misspelt,
}

impl Draft {
    /// Returns the zone of times without an offset.
    pub(super) fn zone(&self) -> Zone {
        self.time_zone.as_ref().map(|zone| zone.value.clone()).unwrap_or_default()
    }
}

/// Gathers the items of all files.
pub(super) struct Decoder<'a> {
    /// The section that the next items belong to; none while they belong to an unknown one.
    section: Option<&'static Key>,
    /// Whether the last known section takes a list.
    is_below_list: bool,
    /// The sections of the current file.
    sections: BTreeMap<&'static str, Place>,
    misspelt: Misspelt,
    has_version: bool,
    cloud: Fields<'a>,
    state: Fields<'a>,
    limits: Fields<'a>,
    rollout: Fields<'a>,
    groups: BTreeMap<GroupName, Group>,
    name: Option<Placed<String>>,
    time_zone: Option<Placed<Zone>>,
    drift: Option<Placed<DriftPolicy>>,
    windows: Vec<(String, WindowDraft)>,
    changes: BTreeMap<ChangeName, ChangeDraft>,
    /// In the order in which they stand: a map that is made of all of them at once takes half the room of one that grows.
    interfaces: Vec<(Address, Interface)>,
    /// Where each of them stands.
    addresses: BTreeMap<Address, Place>,
    regions: Shared<Region>,
    group_names: Shared<GroupName>,
    /// Whether there are entries of `interfaces`, be it without a name that can be read or at the left margin.
    has_interfaces: bool,
    /// Where the last entry begins.
    last_entry: Option<Place>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new() -> Self {
        Self {
            section: None,
            is_below_list: false,
            sections: BTreeMap::new(),
            misspelt: Misspelt::default(),
            has_version: false,
            cloud: Fields::new(keys::CLOUD),
            state: Fields::new(keys::STATE),
            limits: Fields::new(keys::LIMITS),
            rollout: Fields::new(keys::ROLLOUT),
            groups: BTreeMap::new(),
            name: None,
            time_zone: None,
            drift: None,
            windows: Vec::new(),
            changes: BTreeMap::new(),
            interfaces: Vec::new(),
            addresses: BTreeMap::new(),
            regions: Shared::new(),
            group_names: Shared::new(),
            has_interfaces: false,
            last_entry: None,
        }
    }

    /// Begins another file: a section may stand in each file once.
    pub(super) fn next_file(&mut self) {
        self.section = None;
        self.sections.clear();
    }

    /// Returns where the entry begins that was taken last.
    pub(super) fn last_entry(&self) -> Option<Place> {
        self.last_entry
    }

    /// Takes the next item of the current file.
    pub(super) fn item(&mut self, item: Item<'a>, findings: &mut Findings) {
        if let Item::Section(key) | Item::Entry(key, _) = &item {
            self.last_entry = Some(key.place);
        }
        match (item, self.section) {
            (Item::Section(key), _) => self.enter(&key, findings),
            (Item::Value(node), Some(section)) => self.value(section, node, findings),
            (Item::Entry(key, node), Some(section)) => self.entry(section, key, node, findings),
            (Item::Entry(key, _), None) => self.has_interfaces |= matches!(&*key.text, "id" | "status"),
            (Item::Value(_), None) => {}
        }
    }

    fn enter(&mut self, key: &Word<'_>, findings: &mut Findings) {
        self.section = keys::ROOT.iter().find(|known| known.name == key.text);
        let Some(section) = self.section else {
            if self.is_below_list && read::tight(key, findings) {
                return;
            }
            return self.misspelt.report(None, key, keys::ROOT, findings);
        };
        self.is_below_list = section.kind.value_type() == Type::List;
        match self.sections.get(section.name) {
            Some(first) => fields::duplicate(Path::root(section.name), key.place, *first, findings),
            None => {
                self.sections.insert(section.name, key.place);
            }
        }
    }

    fn value(&mut self, section: &'static Key, node: Node<'a>, findings: &mut Findings) {
        let path = Path::root(section.name);
        match (section.kind, node) {
            (Kind::Version, node) => {
                self.has_version = true;
                version(&node, findings);
            }
            (Kind::Zone, node) => self.zone(path, node, findings),
            (Kind::Line, node) => self.name(path, node, findings),
            (Kind::Choice { .. }, node) => self.drift(path, section, node, findings),
            // Null is a section whose entries are all commented out.
            (_, node) if node.is_null() => {}
            (Kind::Entries, Node::Sequence(_, nodes)) => {
                for (number, node) in nodes.into_iter().enumerate() {
                    let way = format!("{}[{number}]", section.name);
                    let window = window::decode(Path::root(&way), node, findings);
                    self.windows.extend(window.map(|window| (way, window)));
                }
            }
            (_, node) => {
                read::wrong_type(path, &node, section.kind.value_type(), findings);
                self.misspelt.may_be(section.name);
            }
        }
    }

    fn drift(&mut self, path: Path<'_>, section: &'static Key, node: Node<'a>, findings: &mut Findings) {
        let place = node.place();
        match &self.drift {
            Some(first) => fields::duplicate(path, place, first.place, findings),
            None => self.drift = read::choice(path, node, section.kind, |word| word.parse().ok(), findings),
        }
    }

    fn name(&mut self, path: Path<'_>, node: Node<'a>, findings: &mut Findings) {
        let place = node.place();
        match &self.name {
            Some(first) => fields::duplicate(path, place, first.place, findings),
            None => self.name = read::line(path, node, findings),
        }
    }

    fn zone(&mut self, path: Path<'_>, node: Node<'a>, findings: &mut Findings) {
        let place = node.place();
        match &self.time_zone {
            Some(first) => fields::duplicate(path, place, first.place, findings),
            None => self.time_zone = read::zone(path, node, findings),
        }
    }

    fn entry(&mut self, section: &'static Key, key: Word<'a>, node: Node<'a>, findings: &mut Findings) {
        let path = Path::root(section.name);
        let node =
            if matches!(section.name, "changes" | "groups" | "interfaces") { read::behind(&key, node) } else { node };
        match section.name {
            "version" | "name" | "time_zone" | "drift" | "windows" => {
                self.has_version |= section.name == "version";
                if section.kind.value_type() == Type::List && read::tight(&key, findings) {
                    return;
                }
                let (found, wanted) = (NodeKind::Mapping, section.kind.value_type());
                let fault = ValueFault::WrongType { found, wanted, spelling: Spelling::Structure };
                read::refuse(path, key.place, fault, findings);
            }
            "changes" => {
                let change = change::decode(path.then(&key.text), key.place, node, findings);
                let name = read::name_of_entry(path, key, findings);
                insert_once(&mut self.changes, name, change, |change| change.place, path, findings);
            }
            "cloud" if key.text == "endpoint" => {
                findings.report(Code::EndpointInSpec, key.place, || Finding::Key(KeyFault::Endpoint));
            }
            "cloud" => self.cloud.put(path, key, node, findings),
            "state" => self.state.put(path, key, node, findings),
            "limits" => self.limits.put(path, key, node, findings),
            "rollout" => self.rollout.put(path, key, node, findings),
            "groups" => {
                let group = section::group(path.then(&key.text), key.place, node, findings);
                let name = read::name_of_entry(path, key, findings);
                insert_once(&mut self.groups, name, group, |group| group.place, path, findings);
            }
            _ => self.interface(path, key, node, findings),
        }
    }

    fn interface(&mut self, path: Path<'_>, key: Word<'a>, node: Node<'a>, findings: &mut Findings) {
        self.has_interfaces = true;
        let mut interface = interface::decode(path.then(&key.text), key.place, node, findings);
        self.regions.share(&mut interface.scope.region);
        if let Some(group) = &mut interface.group {
            self.group_names.share(&mut group.value);
        }
        let Some(address) = read::name_of_entry::<Address>(path, key, findings) else { return };
        let (name, place) = (address.value.clone(), interface.place);
        if insert_once(&mut self.addresses, Some(address), place, |place| *place, path, findings) {
            self.interfaces.push((name, interface));
        }
    }

    /// Returns `state.path`, of whatever was gathered.
    pub(super) fn state_path(mut self, findings: &mut Findings) -> Option<String> {
        self.state.line(Path::root("state"), "path", findings).map(|path| path.value)
    }

    /// Returns `state.name` and `name`, of whatever was gathered.
    pub(super) fn names(mut self, findings: &mut Findings) -> (Option<String>, Option<String>) {
        let state = self.state.line(Path::root("state"), "name", findings).map(|name| name.value);
        (state, self.name.map(|name| name.value))
    }

    /// Reads what was gathered; `start` is where a missing version belongs.
    pub(super) fn finish(mut self, start: Place, findings: &mut Findings) -> Draft {
        if !self.has_version && !self.misspelt.may_mean("version") {
            findings.report(Code::NoVersion, start, || Finding::Key(KeyFault::NoVersion));
        }
        let cloud::Decoded { settings, knows_accounts } = cloud::decode(self.cloud, findings);
        Draft {
            knows_accounts: knows_accounts && !self.misspelt.may_mean("cloud"),
            cloud: settings,
            state_path: self.state.line(Path::root("state"), "path", findings),
            state_name: self.state.line(Path::root("state"), "name", findings),
            name: self.name,
            limits: section::limits(self.limits, findings),
            groups: self.groups,
            time_zone: self.time_zone,
            drift: self.drift.map(|drift| drift.value).unwrap_or_default(),
            windows: self.windows,
            changes: self.changes,
            rollout: section::rollout(self.rollout, findings),
            interfaces: self.interfaces.into_iter().collect(),
            has_interfaces: self.has_interfaces,
            misspelt: self.misspelt,
        }
    }
}

fn version(node: &Node<'_>, findings: &mut Findings) {
    let path = Path::root("version");
    match node {
        Node::Word(word) if !word.quoted && word.text == SUPPORTED_VERSION => {}
        Node::Word(word) if !word.quoted && read::slipped(&word.text, word.place, findings) => {}
        Node::Word(word) if !word.quoted && !node.is_null() => {
            let fault = ValueFault::OtherVersion { found: shorten(&word.text).into_owned() };
            read::refuse(path, word.place, fault, findings);
        }
        other => read::wrong_type(path, other, Type::Version, findings),
    }
}

/// Makes equal words one: a large spec says few of them many times, and what is shared stays in the processor's caches.
struct Shared<T> {
    known: BTreeSet<T>,
    /// Neighbours often say the same.
    last: Option<T>,
}

impl<T: Ord + Clone> Shared<T> {
    fn new() -> Self {
        Self { known: BTreeSet::new(), last: None }
    }

    fn share(&mut self, word: &mut T) {
        if let Some(last) = self.last.as_ref().filter(|last| *last == word) {
            *word = last.clone();
            return;
        }
        match self.known.get(word) {
            Some(same) => *word = same.clone(),
            None => {
                self.known.insert(word.clone());
            }
        }
        self.last = Some(word.clone());
    }
}

/// Inserts an entry under its name, unless the name was no name or is taken; returns whether it did.
fn insert_once<K: Ord + Borrow<str>, V>(
    entries: &mut BTreeMap<K, V>,
    name: Option<Placed<K>>,
    value: V,
    place_of: fn(&V) -> Place,
    path: Path<'_>,
    findings: &mut Findings,
) -> bool {
    let Some(Placed { value: name, place }) = name else { return false };
    match entries.entry(name) {
        Entry::Occupied(first) => {
            fields::duplicate(path.then(first.key().borrow()), place, place_of(first.get()), findings);
            false
        }
        Entry::Vacant(entry) => {
            entry.insert(value);
            true
        }
    }
}
