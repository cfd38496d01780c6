//! The meaning of each key, entry by entry, from all files into one draft.
//!
//! A value that cannot be read is reported and replaced by one that provokes no further finding, so that the checks
//! in `spec/check` run over everything that was declared. A draft with errors never leaves `spec`.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Place};
use crate::resource::{AccountName, Address, DesiredStatus, GroupName, Region, RouterInterfaceId, Scope};
use crate::spec::fields::{self, Fields, Grammar, ID, NAME, Path, REGION};
use crate::spec::findings::Findings;
use crate::spec::syntax::{Item, Node, Word};
use crate::spec::{
    CloudSettings, Group, HandsOff, Interface, InterfacePlaces, Limits, Placed, Rollout, SUPPORTED_VERSION,
};

mod cloud;

const SECTIONS: [&str; 7] = ["version", "cloud", "state", "limits", "groups", "rollout", "interfaces"];
const STATUSES: [(&str, DesiredStatus); 2] = [("Active", DesiredStatus::Active), ("Inactive", DesiredStatus::Inactive)];
/// Without these the nearest word to `Deactivated` would be `Active`.
const STATUS_SYNONYMS: [(&str, &str); 10] = [
    ("Activate", "Active"),
    ("Activated", "Active"),
    ("Up", "Active"),
    ("On", "Active"),
    ("Deactivate", "Inactive"),
    ("Deactivated", "Inactive"),
    ("Inactivated", "Inactive"),
    ("Down", "Inactive"),
    ("Off", "Inactive"),
    ("Drained", "Inactive"),
];
/// A probe that takes longer than this is stuck.
const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// Stands for a name that could not be read; no name looks like it.
pub(super) const UNREADABLE: &str = "?";

/// What the files declare, before anything is resolved.
pub(super) struct Draft {
    pub(super) cloud: CloudSettings,
    pub(super) state_path: Option<Placed<String>>,
    pub(super) limits: Limits,
    pub(super) groups: BTreeMap<GroupName, Group>,
    pub(super) rollout: Option<Rollout>,
    /// A region that is neither given nor set by default yet is empty.
    pub(super) interfaces: BTreeMap<Address, Interface>,
}

/// Gathers the items of all files.
pub(super) struct Decoder<'a> {
    /// The section that the next items belong to; none while they belong to an unknown one.
    section: Option<&'static str>,
    /// The sections of the current file.
    sections: BTreeMap<&'static str, Place>,
    has_version: bool,
    cloud: Fields<'a, 7>,
    state: Fields<'a, 1>,
    limits: Fields<'a, 4>,
    rollout: Fields<'a, 5>,
    groups: BTreeMap<GroupName, Group>,
    interfaces: BTreeMap<Address, Interface>,
    regions: BTreeSet<Region>,
    group_names: BTreeSet<GroupName>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new() -> Self {
        Self {
            section: None,
            sections: BTreeMap::new(),
            has_version: false,
            cloud: Fields::new(["provider", "region", "profile", "signature", "account_id", "world", "accounts"]),
            state: Fields::new(["path"]),
            limits: Fields::new(["max_changes", "max_changes_percent", "per_group", "per_region"]),
            rollout: Fields::new(["canary", "batch", "pause", "check", "check_timeout"]),
            groups: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            regions: BTreeSet::new(),
            group_names: BTreeSet::new(),
        }
    }

    /// Begins another file: a section may stand in each file once.
    pub(super) fn next_file(&mut self) {
        self.section = None;
        self.sections.clear();
    }

    /// Takes the next item of the current file.
    pub(super) fn item(&mut self, item: Item<'a>, findings: &mut Findings) {
        match item {
            Item::Section(key) => self.enter(&key, findings),
            Item::Value(node) => match self.section {
                Some("version") => self.version(&node, findings),
                // A section whose entries are all commented out.
                Some(_) if node.is_null() => {}
                Some(section) => fields::wrong_type(Path::root(section), &node, "a mapping", findings),
                None => {}
            },
            Item::Entry(key, node) => self.entry(key, node, findings),
        }
    }

    fn enter(&mut self, key: &Word<'_>, findings: &mut Findings) {
        self.section = SECTIONS.into_iter().find(|known| *known == key.text);
        let Some(section) = self.section else {
            return fields::unknown_key(None, key, &SECTIONS, findings);
        };
        match self.sections.get(section) {
            Some(first) => fields::duplicate(Path::root(section), key.place, *first, findings),
            None => {
                self.sections.insert(section, key.place);
            }
        }
    }

    fn entry(&mut self, key: Word<'a>, node: Node<'a>, findings: &mut Findings) {
        let Some(section) = self.section else { return };
        let path = Path::root(section);
        match section {
            "version" => {
                self.has_version = true;
                fields::bad_value(path, key.place, "is a mapping, not a number", "write `version: 1`", findings);
            }
            "cloud" if key.text == "endpoint" => findings.report("endpoint", key.place, || {
                Diagnostic::error("an endpoint cannot be set in a spec")
                    .label("whoever edits the spec could redirect signed requests")
                    .hint("give it on the command line: `--endpoint URL`, or in RICTL_ENDPOINT")
            }),
            "cloud" => self.cloud.put(path, key, node, findings),
            "state" => self.state.put(path, key, node, findings),
            "limits" => self.limits.put(path, key, node, findings),
            "rollout" => self.rollout.put(path, key, node, findings),
            "groups" => {
                let group = group(path.then(&key.text), key.place, node, findings);
                let name = NAME.read_key(path, key, findings);
                insert_once(&mut self.groups, name, group, |group| group.place, path, findings);
            }
            _ => {
                let mut interface = interface(path.then(&key.text), key.place, node, findings);
                share(&mut self.regions, &mut interface.scope.region);
                if let Some(group) = &mut interface.group {
                    share(&mut self.group_names, &mut group.value);
                }
                let address = NAME.read_key::<Address>(path, key, findings);
                insert_once(&mut self.interfaces, address, interface, |interface| interface.place, path, findings);
            }
        }
    }

    fn version(&mut self, node: &Node<'_>, findings: &mut Findings) {
        self.has_version = true;
        let path = Path::root("version");
        match node {
            Node::Word(word) if !word.quoted && word.text == SUPPORTED_VERSION => {}
            Node::Word(word) if !word.quoted && !node.is_null() => findings.report("version", word.place, || {
                let found = fields::shorten(&word.text);
                Diagnostic::error(format!(
                    "the spec is of version {found}, this rictl reads version {SUPPORTED_VERSION}"
                ))
                .hint(format!("write `version: {SUPPORTED_VERSION}`, or use the rictl that reads version {found}"))
            }),
            other => fields::wrong_type(path, other, "the number 1", findings),
        }
    }

    /// Reads what was gathered; `start` is where a missing version belongs.
    pub(super) fn finish(self, start: Place, findings: &mut Findings) -> Draft {
        if !self.has_version {
            findings.report("version", start, || {
                Diagnostic::error(format!("the spec names no version, this rictl reads version {SUPPORTED_VERSION}"))
                    .hint(format!("write `version: {SUPPORTED_VERSION}` on the first line"))
            });
        }
        let state = Path::root("state");
        let [path] = self.state.take();
        Draft {
            cloud: cloud::decode(self.cloud, findings),
            state_path: path.and_then(|node| fields::line(state.then("path"), node, findings)),
            limits: limits(self.limits, findings),
            groups: self.groups,
            rollout: rollout(self.rollout, findings),
            interfaces: self.interfaces,
        }
    }
}

/// Makes equal words one: a large spec says few of them many times, and what is shared stays in the processor's caches.
fn share<T: Ord + Clone>(known: &mut BTreeSet<T>, word: &mut T) {
    match known.get(word) {
        Some(same) => *word = same.clone(),
        None => {
            known.insert(word.clone());
        }
    }
}

/// Inserts an entry under its name, unless the name was no name or is taken.
fn insert_once<K: Ord + Borrow<str>, V>(
    entries: &mut BTreeMap<K, V>,
    name: Option<Placed<K>>,
    value: V,
    place_of: fn(&V) -> Place,
    path: Path<'_>,
    findings: &mut Findings,
) {
    let Some(Placed { value: name, place }) = name else { return };
    match entries.get::<str>(name.borrow()) {
        Some(first) => fields::duplicate(path.then(name.borrow()), place, place_of(first), findings),
        None => {
            entries.insert(name, value);
        }
    }
}

fn limits(fields: Fields<'_, 4>, findings: &mut Findings) -> Limits {
    let path = Path::root("limits");
    let [max_changes, max_changes_percent, per_group, per_region] = fields.take();
    let mut number = |key, node: Option<Node<'_>>, least| {
        node.and_then(|node| fields::number(path.then(key), node, least, findings))
    };
    let limits = Limits {
        max_changes: number("max_changes", max_changes, 0),
        max_changes_percent: number("max_changes_percent", max_changes_percent, 1),
        per_group: number("per_group", per_group, 0),
        per_region: number("per_region", per_region, 0),
    };
    if let Some(percent) = limits.max_changes_percent.as_ref().filter(|percent| percent.value > 100) {
        let path = path.then("max_changes_percent");
        fields::bad_value(path, percent.place, "is above 100", "write a percentage from 1 to 100", findings);
    }
    limits
}

fn rollout(fields: Fields<'_, 5>, findings: &mut Findings) -> Option<Rollout> {
    let path = Path::root("rollout");
    let place = fields.place()?;
    let [canary, batch, pause, check, check_timeout] = fields.take();
    let canary = canary.and_then(|node| fields::number(path.then("canary"), node, 0, findings));
    let batch = batch.and_then(|node| fields::number(path.then("batch"), node, 1, findings));
    let pause = pause.and_then(|node| fields::duration(path.then("pause"), node, findings));
    Some(Rollout {
        canary: canary.map_or(0, |canary| canary.value),
        // Without a size, the second wave is all the rest.
        batch: batch.map_or(u32::MAX, |batch| batch.value),
        pause: pause.map_or(Duration::ZERO, |pause| pause.value),
        check: check.and_then(|node| command(path.then("check"), node, findings)),
        check_timeout: check_timeout
            .and_then(|node| fields::timeout(path.then("check_timeout"), node, findings))
            .unwrap_or(CHECK_TIMEOUT),
        place,
    })
}

fn command(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Vec<String>> {
    let place = node.place();
    let words = fields::list(path, node, "an argument list, never shell text: [\"./probe\", \"--fast\"]", findings)?;
    if words.is_empty() {
        fields::bad_value(path, place, "is an empty list", "name a program, or remove `check`", findings);
        return None;
    }
    let words = words.into_iter().map(|node| fields::text(path, node, findings).map(|word| word.value));
    words.collect()
}

fn group(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> Group {
    let [min_active, max_unavailable] = Fields::of(path, node, ["min_active", "max_unavailable"], findings).take();
    let mut number =
        |key, node: Option<Node<'_>>| node.and_then(|node| fields::number(path.then(key), node, 0, findings));
    Group {
        min_active: number("min_active", min_active),
        max_unavailable: number("max_unavailable", max_unavailable),
        place,
        members: BTreeSet::new(),
    }
}

/// Reads an interface.
fn interface(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> Interface {
    const KEYS: [&str; 10] =
        ["id", "status", "region", "account", "group", "depends_on", "reason", "protect", "hands_off", "timeouts"];
    let is_mapping = matches!(node, Node::Mapping(..)) || node.is_null();
    let [id, status, region, account, group, depends_on, reason, protect, hands_off, timeouts] =
        Fields::of(path, node, KEYS, findings).take();
    if is_mapping {
        required(path, place, "id", &id, "write the cloud's id, `id: ri-...`", findings);
        required(path, place, "status", &status, "write `status: Active` or `status: Inactive`", findings);
    }
    let account = account.and_then(|node| NAME.read::<AccountName>(path.then("account"), node, findings));
    let region = region.map(|node| name::<Region>(REGION, path.then("region"), node, findings));
    let [activate, deactivate] = match timeouts {
        Some(node) => Fields::of(path.then("timeouts"), node, ["activate", "deactivate"], findings).take(),
        None => [None, None],
    };
    let places = InterfacePlaces {
        region: region.as_ref().map(|region| region.place),
        account: account.as_ref().map(|account| account.place),
        reason: reason.as_ref().map(Node::place),
        activate_timeout: activate.as_ref().map(Node::place),
        deactivate_timeout: deactivate.as_ref().map(Node::place),
    };
    let mut timeout = |key, node: Option<Node<'_>>| {
        node.and_then(|node| fields::timeout(path.then("timeouts").then(key), node, findings))
    };
    let (activate_timeout, deactivate_timeout) = (timeout("activate", activate), timeout("deactivate", deactivate));
    Interface {
        id: id
            .map(|node| name(ID, path.then("id"), node, findings))
            .unwrap_or_else(|| Placed { value: RouterInterfaceId::from(UNREADABLE), place }),
        scope: Scope {
            account: account.map_or_else(AccountName::default_account, |account| account.value),
            region: region.map_or_else(|| Region::from(""), |region| region.value),
        },
        status: status
            .and_then(|node| fields::choice(path.then("status"), node, &STATUSES, &STATUS_SYNONYMS, findings))
            .unwrap_or(Placed { value: DesiredStatus::Active, place }),
        group: group.map(|node| name(NAME, path.then("group"), node, findings)),
        depends_on: depends_on.map(|node| self::depends_on(path, node, findings)).unwrap_or_default(),
        reason: reason.and_then(|node| fields::text(path.then("reason"), node, findings)).map(|reason| reason.value),
        protect: protect
            .and_then(|node| fields::boolean(path.then("protect"), node, findings))
            .and_then(|protect| protect.value.then_some(protect.place)),
        hands_off: hands_off.map(|node| self::hands_off(path.then("hands_off"), node, findings)),
        activate_timeout,
        deactivate_timeout,
        place,
        places,
    }
}

/// Reads a name, or one that stands for it where it cannot be read.
fn name<T: for<'t> From<&'t str>>(
    grammar: Grammar,
    path: Path<'_>,
    node: Node<'_>,
    findings: &mut Findings,
) -> Placed<T> {
    let place = node.place();
    grammar.read(path, node, findings).unwrap_or_else(|| Placed { value: T::from(UNREADABLE), place })
}

fn required(path: Path<'_>, place: Place, key: &str, value: &Option<Node<'_>>, hint: &str, findings: &mut Findings) {
    if value.is_none() {
        findings.report("missing key", place, || Diagnostic::error(format!("`{path}` has no `{key}`")).hint(hint));
    }
}

fn depends_on(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Vec<Placed<Address>> {
    let path = path.then("depends_on");
    let mut addresses = BTreeMap::new();
    for node in fields::list(path, node, "a list of addresses: [sh-backup]", findings).into_iter().flatten() {
        let address = NAME.read::<Address>(path, node, findings);
        let place = address.as_ref().map_or_else(Place::default, |address| address.place);
        insert_once(&mut addresses, address, place, |place| *place, path, findings);
    }
    addresses.into_iter().map(|(value, place)| Placed { value, place }).collect()
}

fn hands_off(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> HandsOff {
    let place = node.place();
    let is_mapping = matches!(node, Node::Mapping(..));
    let [reason, until] = Fields::of(path, node, ["reason", "until"], findings).take();
    if is_mapping {
        required(path, place, "reason", &reason, "say why nobody may touch it", findings);
    }
    HandsOff {
        reason: reason
            .and_then(|node| fields::text(path.then("reason"), node, findings))
            .map(|reason| reason.value)
            .unwrap_or_default(),
        until: until.and_then(|node| fields::date(path.then("until"), node, findings)),
        place,
    }
}
