//! One interface, one state of a shared store. Whoever acts on an interface, or counts it in a floor, has told the store so before its first
//! call, and has looked then whether another state told the same: of two at once at least one sees the other, and stops.
//!
//! Another state has an interface that it has a record of and has not given up, that a run of its journal is about which no state has yet
//! (it is open, or died), or that whoever holds its claim has told of. A state gives one up by an apply of its spec without it. What a state
//! has all the time it need not ask for again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;

use super::failure::{Exit, Refusal};
use super::interface_key::{Accounts, declared_accounts, key};
use super::project::Project;
use crate::clock::BootTime;
use crate::journal::{Journal, Run};
use crate::language::{Wording, say, worded};
use crate::plan::{Plan, Step};
use crate::resource::{AccountName, Address, Region, RouterInterfaceId, Target};
use crate::spec::Spec;
use crate::state::{self, Identity, RunId, State};
use crate::store::lock::Holder;
use crate::store::place::Far;
use crate::store::remote::{Prefix, StateName};
use crate::store::shared::ToldIds;
use crate::store::{Place, StoreError};

/// What a store knows interfaces by, and which of ours each is.
type Keys<'p> = BTreeMap<String, &'p Address>;

/// What becomes of interfaces that another state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Whoever declares one is refused.
    Refused,
    /// They stay there: a way back of others is not in their way.
    LeftThere,
}

/// Makes sure that no other state of the store has what the spec declares, and that whoever asks next is told so of this one. Whoever asks
/// holds the claim; `state` is what is recorded here. Where the store was told of the same ids before and all are recorded, that is one read.
/// Returns what another state has and that is left there.
///
/// # Errors
/// Exit 3 where another state has some of it; a store that cannot be reached.
pub async fn take(
    project: &Project,
    target: &Target,
    accounts: &Accounts,
    state: Option<&State>,
    elsewhere: Held,
) -> Result<BTreeMap<Address, StateName>> {
    let Some(far) = project.place.far() else { return Ok(BTreeMap::new()) };
    let keys = keys(project, target, accounts);
    let told = far.store.told_ids()?;
    let all: BTreeSet<String> = keys.keys().cloned().collect();
    let is_ours = |key: &String| told.is_settled && told.keys.contains(key) && is_recorded(project, keys[key], state);
    let asked: Vec<String> = all.iter().filter(|key| !is_ours(key)).cloned().collect();
    let is_told = told.is_settled && told.keys == all;
    let named = match (is_told, asked.is_empty()) {
        (true, true) => return Ok(BTreeMap::new()),
        (true, false) => far.store.holders(asked.clone())?,
        (false, _) => {
            let asks = ToldIds { is_settled: false, keys: all.clone(), before: told.before.clone() };
            far.store.own(&asks, asked.clone())?
        }
    };
    let looking = Looking { project, far, keys: &keys };
    let had: BTreeSet<StateName> = named.iter().flat_map(|(_, names)| names.iter().cloned()).collect();
    let rivals = looking.until_nobody_asks(named, asked).await?;
    if let Some(rival) = rivals.first().filter(|_| elsewhere == Held::Refused) {
        return Err(rival.refused().into());
    }
    let held: BTreeMap<Address, StateName> = rivals
        .iter()
        .flat_map(|rival| rival.addresses.iter().map(|one| ((*one).clone(), rival.name.clone())))
        .collect();
    let has: BTreeSet<String> = all.into_iter().filter(|key| !held.contains_key(keys[key])).collect();
    let has_given_up = |name: &StateName| *name != far.name && rivals.iter().all(|rival| rival.name != *name);
    let before = told.before.iter().cloned().chain(had.into_iter().filter(has_given_up)).collect();
    let now = ToldIds { is_settled: true, keys: has, before };
    if now != told {
        far.store.tell_ids(&now)?;
    }
    Ok(held)
}

/// Refuses steps about what another state has, or about what is counted together with it: that one may be at work on it.
///
/// # Errors
/// Exit 3.
pub(super) fn refuse_steps(plan: &Plan, spec: &Spec, left: &BTreeMap<Address, StateName>) -> Result<(), Refusal> {
    let group = |address: &Address| spec.interfaces.get(address)?.group.as_ref().map(|group| &group.value);
    let is_of = |step: &Step, address: &Address| {
        step.address == *address || group(address).is_some_and(|group_of_it| group(&step.address) == Some(group_of_it))
    };
    let Some((_, name)) = left.iter().find(|(address, _)| plan.steps.iter().any(|step| is_of(step, address))) else {
        return Ok(());
    };
    let addresses = left.iter().filter(|(_, of)| *of == name).map(|(address, _)| address).collect();
    Err(Rival { name: name.clone(), addresses, by: By::Record }.refused())
}

/// Tells the store what a state has that was put there whole: moved there, or pushed. What another state has stays that one's, and an apply
/// says so.
///
/// # Errors
/// A store that cannot be reached.
pub(super) fn tell_whole(place: &Place, state: &State) -> Result<(), StoreError> {
    let Some(far) = place.far() else { return Ok(()) };
    let accounts = Accounts::from([(AccountName::default_account(), state.target.account_id.clone())]);
    let records = state.interfaces.values().filter(|record| !record.forgotten);
    let keys: BTreeSet<String> =
        records.map(|record| key(state.target.provider, &accounts, &record.scope, &record.id)).collect();
    // Whether another has some of it the next apply looks.
    let told = ToldIds { is_settled: false, ..far.store.told_ids()? };
    far.store.own(&told, keys.into_iter().collect()).map(drop)
}

/// Names what the spec declares. Whose account a name is that the spec does not say, only whoever acts finds out: whoever plans goes by
/// the name.
fn keys<'p>(project: &'p Project, target: &Target, accounts: &Accounts) -> Keys<'p> {
    let said = declared_accounts(project, target);
    let interfaces = project.spec.interfaces.iter();
    let both = interfaces.flat_map(|(address, entry)| {
        [accounts, &said].map(|accounts| (key(target.provider, accounts, &entry.scope, &entry.id.value), address))
    });
    both.collect()
}

fn is_recorded(project: &Project, address: &Address, state: Option<&State>) -> bool {
    let entry = &project.spec.interfaces[address];
    let record = state.and_then(|state| state.interfaces.of(&Identity::of(&entry.scope, &entry.id.value)));
    record.is_some_and(|(_, record)| !record.forgotten)
}

/// An interface as a state knows it that may call its account otherwise.
type RegionalId = (Region, RouterInterfaceId);

/// Somebody who looks what of a spec other states have.
struct Looking<'p> {
    project: &'p Project,
    far: &'p Far,
    keys: &'p Keys<'p>,
}

/// Another state, and what of ours it has.
struct Rival<'p> {
    name: StateName,
    addresses: BTreeSet<&'p Address>,
    by: By,
}

/// By what another state has something.
#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    /// A record that it has not given up.
    Record,
    /// A run that is not over, or died.
    Run(RunId),
    /// Whoever holds its claim has told of it, and found nobody else.
    Told(Holder),
    /// Whoever holds its claim has told of it, and looks as we do.
    Asks(Holder),
}

impl<'p> Looking<'p> {
    /// Looks who has what is asked for; of two that look at the same moment the first by its name waits for the other to give way.
    async fn until_nobody_asks(
        &self,
        mut named: Vec<(String, Vec<StateName>)>,
        asked: Vec<String>,
    ) -> Result<Vec<Rival<'p>>> {
        /// Longer than anybody looks who is alive.
        const LONGEST: Duration = Duration::from_secs(5);
        const INTERVAL: Duration = Duration::from_millis(100);
        let begun = BootTime::now();
        loop {
            let rivals = self.rivals(named)?;
            let gives_way = |rival: &Rival<'_>| matches!(rival.by, By::Asks(_)) && rival.name > self.far.name;
            if rivals.is_empty() || !rivals.iter().all(gives_way) || begun.elapsed() > LONGEST {
                return Ok(rivals);
            }
            tokio::time::sleep(INTERVAL).await;
            named = self.far.store.holders(asked.clone())?;
        }
    }

    /// Reads, at once, the states that have or had something of ours, and keeps those that have it.
    fn rivals(&self, named: Vec<(String, Vec<StateName>)>) -> Result<Vec<Rival<'p>>> {
        let mut of: BTreeMap<StateName, BTreeSet<String>> = BTreeMap::new();
        for (key, names) in named {
            for name in names.into_iter().filter(|name| *name != self.far.name) {
                of.entry(name).or_default().insert(key.clone());
            }
        }
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.far.store.read_all(of.keys().cloned().collect())?;
        let mut rivals = Vec::new();
        for ((name, keys), prefix) in of.into_iter().zip(read) {
            let found = self.held_by(&name, &keys, &prefix?)?;
            rivals.extend(found.map(|(by, addresses)| Rival { name, addresses, by }));
        }
        Ok(rivals)
    }

    /// Returns which of ours another state has, and by what; one that cannot be read may have anything. Its note is read after the rest: who
    /// claims it after that looks after us.
    fn held_by(
        &self,
        name: &StateName,
        keys: &BTreeSet<String>,
        prefix: &Prefix,
    ) -> Result<Option<(By, BTreeSet<&'p Address>)>> {
        let among = |has: &BTreeSet<RegionalId>| {
            let ours = keys.iter().filter_map(|key| self.keys.get(key).copied());
            Some(ours.filter(|address| has.contains(&self.regional(address))).collect::<BTreeSet<_>>())
                .filter(|found| !found.is_empty())
        };
        if let Some(found) = among(&recorded(name, prefix)?) {
            return Ok(Some((By::Record, found)));
        }
        for run in unfolded(name, prefix)? {
            let touched = run.started.steps.iter().map(|step| (step.scope.region.clone(), step.interface_id.clone()));
            if let Some(found) = among(&touched.collect()) {
                return Ok(Some((By::Run(run.id().clone()), found)));
            }
        }
        let Some(held) = &prefix.tip.held else { return Ok(None) };
        let told = self.far.store.beside(name)?.told_ids()?;
        let found: BTreeSet<&Address> =
            keys.intersection(&told.keys).filter_map(|key| self.keys.get(key).copied()).collect();
        let holder = held.holder.clone();
        let by = if told.is_settled { By::Told(holder) } else { By::Asks(holder) };
        Ok((!found.is_empty()).then_some((by, found)))
    }

    fn regional(&self, address: &Address) -> RegionalId {
        let entry = &self.project.spec.interfaces[address];
        (entry.scope.region.clone(), entry.id.value.clone())
    }
}

/// Returns what a state has records of and has not given up.
fn recorded(name: &StateName, prefix: &Prefix) -> Result<BTreeSet<RegionalId>> {
    let Some(bytes) = &prefix.state else { return Ok(BTreeSet::new()) };
    let state = state::decode(bytes).map_err(|reason| unreadable(name, &reason.to_string()))?;
    let records = state.interfaces.values().filter(|record| !record.forgotten);
    Ok(records.map(|record| (record.scope.region.clone(), record.id.clone())).collect())
}

/// Returns the runs of a journal that are in no state yet.
fn unfolded(name: &StateName, prefix: &Prefix) -> Result<Vec<Run>> {
    let bytes = prefix.journal.as_deref().unwrap_or_default();
    let (journal, _) = Journal::decode(bytes).map_err(|damaged| unreadable(name, &damaged.to_string()))?;
    Ok(journal.replay().runs().iter().filter(|run| run.folded.is_none()).cloned().collect())
}

fn unreadable(name: &StateName, reason: &str) -> Refusal {
    Refusal::new(Exit::Refused, worded!("the state {name} of the same store cannot be read", name))
        .cause(reason.to_owned())
        .hint(worded!("it may have interfaces that this spec declares; mend it first"))
}

impl Rival<'_> {
    fn refused(&self) -> Refusal {
        let refusal =
            Refusal::new(Exit::Refused, held(&self.name, self.addresses.iter().map(|address| address.as_str())));
        let name = &self.name;
        match &self.by {
            By::Record => refusal.hint(worded!(
                "apply the spec of {name} first, without that: then it is given up; or take it out of this spec. Where this is that spec under another name: `state: {{name: {name}}}`, and --adopt once",
                name
            )),
            By::Run(run) => refusal.cause(worded!("run {run} of it is not over, or died", run)).hint(Self::wait(name)),
            By::Told(holder) | By::Asks(holder) => {
                refusal.cause(worded!("{holder} is about to act on it", holder)).hint(Self::wait(name))
            }
        }
    }

    fn wait(name: &StateName) -> Wording {
        worded!("wait for its end; where its process died, an apply of the spec of {name} closes what it left", name)
    }
}

/// Says which interfaces another state has.
fn held<'a>(name: &StateName, addresses: impl ExactSizeIterator<Item = &'a str>) -> Wording {
    /// As many as a line names.
    const NAMED: usize = 8;
    let more = addresses.len().saturating_sub(NAMED);
    let some: Vec<&str> = addresses.take(NAMED).collect();
    Wording::new(|| {
        let more = if more == 0 { String::new() } else { say!(" and {more} more", more) };
        say!("the state {name} of the same store has {some}{more}", name, some = some.join(say!(", ")), more)
    })
}
