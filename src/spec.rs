//! The spec: what the user declares, and where each word of it stands.
//!
//! [`parse`] turns texts into a [`Spec`] or into every error at once, each with its place. It reads no
//! file and no environment; `ops` hands it the bytes. Syntax is in `spec/syntax` (YAML and JSON to one
//! tree with places; `spec/slips` knows what is easily mistyped), the keys in `spec/keys`, meaning in `spec/decode`, references between entries in `spec/check`;
//! what can be wrong is data in `spec/finding`, and its sentences are in `spec/words`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::Zone;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources};
use crate::resource::{
    AccountId, AccountName, Address, ChangeName, DesiredStatus, DriftPolicy, GroupName, LabelKey, LabelValue, Provider,
    Region, RouterInterfaceId, Scope,
};

pub mod addition;
mod change;
mod check;
mod confusable;
mod decode;
mod digest;
mod entry;
pub(crate) mod events;
mod fields;
pub mod finding;
mod findings;
pub mod footing;
pub mod format;
pub mod keys;
mod limits;
mod read;
mod resolve;
pub mod schema;
mod selection;
mod slips;
mod syntax;
#[cfg(test)]
mod tests;
mod window;
mod words;

pub use change::{Change, Ended, InForce, Planned};
pub use digest::{SpecDigest, digest};
use finding::{FileFault, Finding};
use findings::Findings;
pub use limits::{ApprovalPolicy, HealthPolicy, LastRoutePolicy, Limits, ReturningTraffic, Rollout};
use syntax::{Broken, json, text, yaml};
pub use window::DeclaredWindow;

/// How large one file may be; whoever reads files need not read more than one byte beyond. Room for 200,000 interfaces.
pub const MAX_FILE_BYTES: usize = crate::bounds::SPEC_BYTES;

/// The only version of the format that there is.
const SUPPORTED_VERSION: &str = "1";

/// One file of a spec.
#[derive(Clone, Debug)]
pub struct SpecFile {
    /// The name that the user knows it by; one that ends in `.json` is read as JSON.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Parses the files of one spec, merged, or returns everything that is wrong with them.
///
/// Findings are in the order of their places: of the files as given, then of lines. Of each kind the first twenty are
/// described and the rest counted. Time is near-linear in the size of the files; no input makes it panic or
/// recurse deeply. Where a file breaks off (its syntax is wrong), what it would have declared is unknown, so then
/// nothing is said about references.
pub fn parse(files: Vec<SpecFile>) -> Result<Spec, Diagnostics> {
    parse_and(files, |_| Vec::new())
}

/// Parses as [`parse`] does; where something is wrong, `also` says what else is, of what could be read all the same.
pub fn parse_and(files: Vec<SpecFile>, also: impl FnOnce(&Spec) -> Vec<Diagnostic>) -> Result<Spec, Diagnostics> {
    let mut findings = Findings::default();
    let mut sources = Sources::default();
    let mut is_whole = !files.is_empty();
    let texts: Vec<Option<Admitted>> = files.into_iter().map(|file| admit(file, &mut sources, &mut findings)).collect();
    let mut decoder = decode::Decoder::new();
    for entry in &texts {
        let Some(file) = entry else {
            is_whole = false;
            continue;
        };
        if let Some(mark) = slips::conflict_mark(&file.text) {
            refuse_slip(file.source, mark, &mut findings);
            is_whole = false;
            continue;
        }
        if file.read(&mut decoder, &mut findings).is_err() {
            is_whole = false;
            // What the last entry lacks may stand behind the place where reading stopped.
            findings.forget_guesses(file.source, decoder.last_entry());
        }
    }
    if texts.is_empty() {
        refuse(FileFault::None, Place::default(), &mut findings);
    }
    let start = Place { source: SourceId(0), line: 1, column: 1, length: 1 };
    let draft = is_whole.then(|| {
        let mut draft = decoder.finish(start, &mut findings);
        check::check(&mut draft, start, &mut findings);
        confusable::check(&draft, &mut findings);
        let resolved = resolve::resolve(&mut draft, &mut findings);
        (draft, resolved)
    });
    findings.look_at_remarks(&sources);
    let found = Diagnostics { sources, findings: findings.finish() };
    let Some((draft, resolved)) = draft else { return Err(found) };
    let has_errors = found.has_errors();
    let spec = spec_of(draft, resolved, found);
    if !has_errors {
        return Ok(spec);
    }
    let mut findings = also(&spec);
    findings.splice(0..0, spec.warnings);
    findings.sort_by_key(|finding| finding.place);
    Err(Diagnostics { sources: spec.sources, findings })
}

fn spec_of(draft: decode::Draft, resolved: resolve::Resolved, found: Diagnostics) -> Spec {
    Spec {
        time_zone: draft.zone(),
        drift: draft.drift,
        windows: resolved.windows,
        changes: resolved.changes,
        sources: found.sources,
        cloud: draft.cloud,
        state_path: draft.state_path,
        state_name: draft.state_name,
        name: draft.name,
        limits: draft.limits,
        groups: draft.groups,
        rollout: draft.rollout,
        interfaces: draft.interfaces,
        warnings: found.findings,
        extent: Extent::Whole,
    }
}

/// What some editors write before UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Takes out of findings whatever repeats a text, and the texts themselves: what is left is each place and its rule. For a
/// spec that was reached through a link, and so may be a file that whoever reads the findings could not read.
pub fn conceal(found: Diagnostics) -> Diagnostics {
    let findings = found.findings.iter().map(concealed).collect();
    Diagnostics { sources: found.sources.without_texts(), findings }
}

fn concealed(finding: &Diagnostic) -> Diagnostic {
    let code = finding::Code::ALL.iter().find(|code| finding.code == Some(code.as_str()));
    let meaning = code.map_or("a rule of the spec is broken", |code| code.meaning()).trim_end_matches('.');
    let mut summary = meaning.to_owned();
    if let Some(first) = summary.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Diagnostic {
        severity: finding.severity,
        code: finding.code,
        place: finding.place,
        related: finding.related.iter().map(|(place, _)| (*place, "has to do with it".to_owned())).collect(),
        ..Diagnostic::error(summary).hint("the spec was reached through a link, so nothing of its text is shown")
    }
}

/// A file whose text is among the sources.
struct Admitted {
    source: SourceId,
    text: Arc<str>,
    is_json: bool,
}

impl Admitted {
    /// Hands what it says to a decoder, as far as it can be read.
    fn read<'a>(&'a self, decoder: &mut decode::Decoder<'a>, findings: &mut Findings) -> Result<(), Broken> {
        decoder.next_file();
        let read = if self.is_json { json::read } else { yaml::read };
        read(self.source, &self.text, findings, &mut |item, findings| decoder.item(item, findings))
    }
}

/// Returns whether a file is read, and so has to be written, as JSON: by its name.
pub fn is_json(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".json")
}

/// Takes a file's text into the sources, unless it is none or too large.
fn admit(file: SpecFile, sources: &mut Sources, findings: &mut Findings) -> Option<Admitted> {
    let is_json = is_json(&file.name);
    let start = |source| Place { source, line: 1, column: 1, length: 1 };
    if file.bytes.len() > MAX_FILE_BYTES {
        let source = sources.add(file.name, "");
        refuse(FileFault::TooLarge { mebibytes: MAX_FILE_BYTES / 1024 / 1024 }, start(source), findings);
        return None;
    }
    match text::decode(file.bytes) {
        Ok(text) => {
            let text: Arc<str> = text.into();
            Some(Admitted { source: sources.add(file.name, Arc::clone(&text)), text, is_json })
        }
        Err(refused) => {
            let text::NotText { shown, offset, fault } = *refused;
            let text: Arc<str> = shown.into();
            let source = sources.add(file.name, Arc::clone(&text));
            let place = text::Cursor::new(source, &text).place(offset, 1);
            refuse(fault, place, findings);
            None
        }
    }
}

fn refuse_slip(source: SourceId, found: slips::Found, findings: &mut Findings) {
    let place = Place { source, line: found.line, column: found.column, length: found.length };
    let fault = finding::SyntaxFault::Slip(found.slip);
    findings.report(fault.code(), place, || Finding::Syntax(fault));
}

fn refuse(fault: FileFault, place: Place, findings: &mut Findings) {
    findings.report(fault.code(), place, || Finding::File(fault));
}

/// A value and the place that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A checked spec: every reference resolves, no cycle, no impossible floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The texts that places point into.
    pub sources: Sources,
    /// Who answers the calls, and as whom.
    pub cloud: CloudSettings,
    /// `state.path`, as written: relative to the spec file.
    pub state_path: Option<Placed<String>>,
    /// `state.name`: what the state is called in a store that many machines share.
    pub state_name: Option<Placed<String>>,
    /// `name`: what the spec is called where several are told apart.
    pub name: Option<Placed<String>>,
    /// Blast radius.
    pub limits: Limits,
    /// Redundancy groups.
    pub groups: BTreeMap<GroupName, Group>,
    /// `time_zone`, of times without an offset, and the one that times are shown in.
    pub time_zone: Zone,
    /// `drift`, fix where it does not say.
    pub drift: DriftPolicy,
    /// When calls may be sent, in the order of the text.
    pub windows: Vec<DeclaredWindow>,
    /// What is planned, approved and closed as one.
    pub changes: BTreeMap<ChangeName, Change>,
    /// How a large change is cut into waves.
    pub rollout: Option<Rollout>,
    /// The declared interfaces.
    pub interfaces: BTreeMap<Address, Interface>,
    /// Warnings that do not stop anything.
    pub warnings: Vec<crate::diagnostic::Diagnostic>,
    /// How much of what is declared it holds.
    pub extent: Extent,
}

impl Spec {
    /// Returns which day it is, in the spec's own zone.
    pub fn day(&self, at: Timestamp) -> Date {
        self.time_zone.local(at).date()
    }
}

/// How much of what is declared a spec holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not in it is not declared.
    #[default]
    Whole,
    /// What a past run stood under: what is not in it may well be declared.
    OfRun,
}

/// The section `cloud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudSettings {
    /// `provider`, Alibaba where the section does not say.
    pub provider: Provider,
    /// `region`, the default of the interfaces.
    pub region: Option<Placed<Region>>,
    /// `profile`, of the credentials.
    pub profile: Option<Placed<String>>,
    /// `signature`.
    pub signature: Option<Placed<SignatureVersion>>,
    /// `account_id`: apply refuses any other account.
    pub account_id: Option<Placed<AccountId>>,
    /// `world`, the emulator's file, as written: relative to the spec file.
    pub world: Option<Placed<String>>,
    /// `accounts`: further accounts by name.
    pub accounts: BTreeMap<AccountName, Account>,
}

/// Which signature the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureVersion {
    /// HMAC-SHA1 in the query.
    V1,
    /// ACS3-HMAC-SHA256 in headers.
    V3,
}

/// One entry of `cloud.accounts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// A profile of the credential files.
    pub profile: Option<Placed<String>>,
    /// A role to assume with the spec's own credentials.
    pub role_arn: Option<Placed<String>>,
    /// The account that these credentials must belong to.
    pub account_id: Option<Placed<AccountId>>,
    /// Where the entry's key stands.
    pub place: Place,
}

/// Words of the user's choice, by which selectors find interfaces.
pub type Labels = BTreeMap<LabelKey, Placed<LabelValue>>;

/// One entry of `groups`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `min_active`, a floor that no step may break; 0 where only `max_unavailable` is given.
    pub min_active: Option<Placed<u32>>,
    /// `max_unavailable`, the same floor from the other side.
    pub max_unavailable: Option<Placed<u32>>,
    /// `labels`, which its members inherit.
    pub labels: Labels,
    /// Where the entry's key stands.
    pub place: Place,
    /// Its members.
    pub members: BTreeSet<Address>,
}

impl Group {
    /// Returns how many of `links` have to be up: the stricter of `min_active` and `max_unavailable`, 0 without either.
    pub fn floor(&self, links: u32) -> u32 {
        let from_min = self.min_active.as_ref().map_or(0, |floor| floor.value);
        let from_max = self.max_unavailable.as_ref().map_or(0, |cap| links.saturating_sub(cap.value));
        from_min.max(from_max)
    }
}

/// Returns how many links are down at least where so many of their sides are. Where all members of the group lie in one place, each is
/// taken for a link of its own: who drains both sides there says so with one of them in the group. Else at best every two are one link.
pub(crate) fn fewest_links(sides: usize, are_in_one_place: bool) -> usize {
    if are_in_one_place { sides } else { sides.div_ceil(2) }
}

/// Returns whether all of these lie in one region of one account.
pub(crate) fn are_in_one_place<'s>(mut scopes: impl Iterator<Item = &'s Scope>) -> bool {
    let first = scopes.next();
    scopes.all(|scope| Some(scope) == first)
}

/// One entry of `interfaces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `id`.
    pub id: Placed<RouterInterfaceId>,
    /// `account` and `region`, defaults applied.
    pub scope: Scope,
    /// `status`.
    pub status: Placed<DesiredStatus>,
    /// `group`.
    pub group: Option<Placed<GroupName>>,
    /// `labels`, its own; what it inherits is its group's.
    pub labels: Labels,
    /// `depends_on`: up after these, down before them; each once, in the order of addresses.
    pub depends_on: Vec<Placed<Address>>,
    /// `reason`, untrusted text, carried into plan, history and reports.
    pub reason: Option<String>,
    /// `protect: true` and where it stands.
    pub protect: Option<Place>,
    /// `hands_off`, which few have.
    pub hands_off: Option<Box<HandsOff>>,
    /// `timeouts.activate`.
    pub activate_timeout: Option<Duration>,
    /// `timeouts.deactivate`.
    pub deactivate_timeout: Option<Duration>,
    /// What changes make of it; nothing in a spec that is of no moment yet.
    pub planned: Planned,
    /// Where the entry's key stands.
    pub place: Place,
    /// Where those of its values stand that carry no place of their own.
    pub places: InterfacePlaces,
}

impl Interface {
    /// Lists what it depends on.
    pub fn needed(&self) -> impl Iterator<Item = &Address> {
        self.depends_on.iter().map(|needed| &needed.value)
    }

    /// Returns where it says that it depends on `address`, if it does.
    pub fn needs(&self, address: &Address) -> Option<Place> {
        self.depends_on.iter().find(|needed| needed.value == *address).map(|needed| needed.place)
    }
}

/// Where values of an entry of `interfaces` stand; `None` for what the entry does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfacePlaces {
    /// `region`.
    pub region: Option<Place>,
    /// `account`.
    pub account: Option<Place>,
    /// `reason`.
    pub reason: Option<Place>,
    /// `timeouts.activate`.
    pub activate_timeout: Option<Place>,
    /// `timeouts.deactivate`.
    pub deactivate_timeout: Option<Place>,
}

/// `hands_off`: observed and shown, never acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandsOff {
    /// Why, untrusted text.
    pub reason: String,
    /// The last day it is meant to stand; past it plan and drift say so loudly.
    pub until: Option<Date>,
    /// Where it stands.
    pub place: Place,
}
