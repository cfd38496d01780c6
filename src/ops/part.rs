//! A part of a spec: what has to be read so that what is said of a few interfaces is as true as if everything had been.
//!
//! Interfaces are tied to each other by their groups, by `depends_on` and by links. Which links there are is known once an end is
//! read, so a part is read in rounds: mostly one, or two.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::Clock;
use crate::cloud::CloudRead;
use crate::diagnostic::Diagnostics;
use crate::history::Recorded;
use crate::plan::PlanOptions;
use crate::refresh::{self, Wanted};
use crate::resource::{Address, LiveState, Reading, RouterInterfaceId, Scope};
use crate::spec::Spec;

use super::live;
use super::project::Project;

/// How much of a spec is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Whole,
    /// What concerns a part of it.
    Part(Part),
}

/// A part of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is asked about.
    about: BTreeSet<Address>,
    /// What is read as well: a run that died left it open.
    open: BTreeSet<Address>,
    reach: Reach,
}

/// What else may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Nothing but what is asked about, and the other ends of that.
    Alone,
    /// Everything that is tied to it.
    Tied,
}

impl Sight {
    /// Returns what a plan has to read: where it keeps to `--target`, what that changes, what could keep it from changing, and the
    /// groups that it is in.
    ///
    /// # Errors
    /// Exit 1 with every selector that means nothing, and a choice of which nothing is left.
    pub fn of_plan(project: &Project, recorded: &Recorded, options: &PlanOptions) -> Result<Self, Diagnostics> {
        if options.targets.is_empty() {
            return Ok(Self::Whole);
        }
        let about = project.chosen(&options.targets, &options.excludes)?;
        let part = |about| Self::Part(Part { about, open: open(project, recorded), reach: Reach::Alone });
        Ok(about.map_or(Self::Whole, part))
    }

    /// Returns what has to be read to tell how a plan of everything treats some interfaces, its caps and its rollout apart.
    pub fn of_tied(project: &Project, recorded: &Recorded, about: &[Address]) -> Self {
        let about = about.iter().cloned().collect();
        Self::Part(Part { about, open: open(project, recorded), reach: Reach::Tied })
    }

    /// Reads it. What is not read is in no reading.
    pub async fn read(&self, spec: &Spec, cloud: &impl CloudRead, clock: &Clock) -> LiveState {
        match self {
            Self::Whole => live::refresh(spec, cloud, clock).await,
            Self::Part(part) => part.read(spec, cloud, clock).await,
        }
    }
}

/// Lists what a run that died left open, as far as it is declared.
fn open(project: &Project, recorded: &Recorded) -> BTreeSet<Address> {
    let run = recorded.journal.replay().open_run().filter(|_| recorded.running.is_none());
    let steps = run.into_iter().flat_map(|run| run.open_steps());
    let ids: BTreeSet<&RouterInterfaceId> = steps.map(|(step, _)| &step.interface_id).collect();
    let interfaces = project.spec.interfaces.iter().filter(|(_, declared)| ids.contains(&declared.id.value));
    interfaces.map(|(address, _)| address.clone()).collect()
}

impl Part {
    async fn read(&self, spec: &Spec, cloud: &impl CloudRead, clock: &Clock) -> LiveState {
        let ties = Ties::of(spec);
        let mut declared: BTreeMap<&Scope, u32> = BTreeMap::new();
        spec.interfaces.values().for_each(|entry| *declared.entry(&entry.scope).or_default() += 1);
        let mut live = LiveState {
            read_at: clock.now(),
            readings: BTreeMap::new(),
            failures: Vec::new(),
            others: BTreeMap::new(),
        };
        loop {
            let concerned = self.concerned(&ties, &live).into_iter();
            let unread = concerned.filter(|address| !live.readings.contains_key(*address));
            let wanted: Vec<Wanted> =
                unread.map(|address| live::wanted_of(address, &spec.interfaces[address])).collect();
            // Of one that is gone nothing tells which interface was its other end, but that end.
            if live.readings.values().any(|reading| matches!(reading, Reading::Absent)) {
                return live::refresh(spec, cloud, clock).await;
            }
            if wanted.is_empty() {
                return live::located(spec, live);
            }
            let more = refresh::refresh_part(cloud, clock, &wanted, &declared).await;
            live.read_at = more.read_at;
            live.readings.extend(more.readings);
            for (scope, rows) in more.others {
                live.others.entry(scope).or_default().extend(rows);
            }
            for failure in more.failures {
                if live.failures.iter().all(|known| known.scope != failure.scope) {
                    live.failures.push(failure);
                }
            }
        }
    }

    /// Lists what it takes to tell what becomes of the part, as far as is known from what was read.
    fn concerned<'s>(&'s self, ties: &Ties<'s>, live: &LiveState) -> BTreeSet<&'s Address> {
        let about = self.about.iter().filter_map(|address| ties.declared(address));
        match self.reach {
            Reach::Alone => {
                let about: Vec<&Address> = about.collect();
                let ends = about.iter().filter_map(|address| ties.other_end(address, live));
                let movers: BTreeSet<&Address> = about.iter().copied().chain(ends).collect();
                let mut found = reached(about, |address| ties.needs(address));
                found.extend(movers.iter().flat_map(|address| ties.in_its_group(address)));
                found.extend(movers);
                found.extend(&self.open);
                // A link is up while both its ends are.
                let ends: Vec<&Address> = found.iter().filter_map(|address| ties.other_end(address, live)).collect();
                found.extend(ends);
                found
            }
            Reach::Tied => {
                let mut found = reached(about, |address| {
                    let tied = ties.needs(address).into_iter().chain(ties.in_its_group(address));
                    tied.chain(ties.other_end(address, live)).collect()
                });
                found.extend(&self.open);
                found
            }
        }
    }
}

/// Lists what is reached from some addresses, themselves included.
fn reached<'s>(
    from: impl IntoIterator<Item = &'s Address>,
    next: impl Fn(&Address) -> Vec<&'s Address>,
) -> BTreeSet<&'s Address> {
    let mut open: Vec<&Address> = from.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(address) = open.pop() {
        if found.insert(address) {
            open.extend(next(address));
        }
    }
    found
}

/// What is tied to what.
struct Ties<'s> {
    spec: &'s Spec,
    by_id: HashMap<&'s RouterInterfaceId, &'s Address>,
    needed_by: BTreeMap<&'s Address, Vec<&'s Address>>,
}

impl<'s> Ties<'s> {
    fn of(spec: &'s Spec) -> Self {
        let mut needed_by: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        for (address, declared) in &spec.interfaces {
            declared.needed().for_each(|needed| needed_by.entry(needed).or_default().push(address));
        }
        let by_id = spec.interfaces.iter().map(|(address, declared)| (&declared.id.value, address)).collect();
        Self { spec, by_id, needed_by }
    }

    fn declared(&self, address: &Address) -> Option<&'s Address> {
        self.spec.interfaces.get_key_value(address).map(|(address, _)| address)
    }

    /// Lists what it needs, and what needs it.
    fn needs(&self, address: &Address) -> Vec<&'s Address> {
        let needed = self.spec.interfaces.get(address).into_iter().flat_map(|declared| declared.needed());
        needed.chain(self.needed_by.get(address).into_iter().flatten().copied()).collect()
    }

    fn in_its_group(&self, address: &Address) -> impl Iterator<Item = &'s Address> {
        let group = self.spec.interfaces.get(address).and_then(|declared| declared.group.as_ref());
        group.and_then(|name| self.spec.groups.get(&name.value)).into_iter().flat_map(|group| &group.members)
    }

    /// Returns the other end of its link, where that is declared and its own row says so.
    fn other_end(&self, address: &Address, live: &LiveState) -> Option<&'s Address> {
        let (Reading::Found(observed) | Reading::Elsewhere(observed)) = live.readings.get(address)? else {
            return None;
        };
        self.by_id.get(observed.opposite.interface_id.as_ref()?).copied()
    }
}
