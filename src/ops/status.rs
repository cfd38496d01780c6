//! `status`: how every group and every link stands, read live; and `whatif`, which asks what stays up without some.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::cloud::{CloudRead, listing};
use crate::diagnostic::Diagnostics;
use crate::history::Recorded;
use crate::language::{Wording, worded};
use crate::overview::{self, AtWork, Down, Overview, Unread};
use crate::plan::{Approval, PlanOptions};
use crate::resource::{Address, LiveState, Reading, RouterInterfaceId, Scope, Target};
use crate::selector::Selector;
use crate::spec::Spec;
use crate::state::RunId;
use crate::store::recorder;

use super::approval;
use super::beside::{self, Elsewhere};
use super::failure::{Exit, Refusal};
use super::live;
use super::part::Sight;
use super::project::Project;

/// What was read of a spec's interfaces: of each the newest reading that there is.
#[derive(Clone, Debug)]
pub struct Shown {
    live: LiveState,
    /// When each scope was last read.
    read_at: BTreeMap<Scope, Timestamp>,
}

impl Shown {
    /// Begins with a first reading.
    pub fn new(spec: &Spec, live: LiveState) -> Self {
        let mut shown = Self { live, read_at: BTreeMap::new() };
        shown.date(spec);
        shown
    }

    /// Returns what was read last.
    pub fn live(&self) -> &LiveState {
        &self.live
    }

    /// Takes in a further reading; of what it could not read, the one before stays.
    pub fn take_in(&mut self, spec: &Spec, live: LiveState) {
        let LiveState { read_at, readings, failures, others } = live;
        self.live.read_at = read_at;
        self.live.failures = failures;
        self.live.others = others;
        for (address, reading) in readings {
            let is_news = !matches!(reading, Reading::Unreadable);
            if is_news || !self.live.readings.contains_key(&address) {
                self.live.readings.insert(address, reading);
            }
        }
        self.date(spec);
    }

    /// Notes which scopes were read this time.
    fn date(&mut self, spec: &Spec) {
        let failed: BTreeSet<&Scope> = self.live.failures.iter().map(|failure| &failure.scope).collect();
        let read = spec.interfaces.values().map(|entry| &entry.scope).filter(|scope| !failed.contains(scope));
        let read: BTreeSet<Scope> = read.cloned().collect();
        self.read_at.extend(read.into_iter().map(|scope| (scope, self.live.read_at)));
    }

    fn unread(&self) -> Vec<Unread> {
        let unread = |failure: &crate::resource::ScopeFailure| Unread {
            failure: failure.clone(),
            shown_of: self.read_at.get(&failure.scope).copied(),
        };
        self.live.failures.iter().map(unread).collect()
    }
}

/// Says how everything stands as of the moment of `options`, from what was read and what is recorded.
///
/// # Errors
/// A state of another target, and an archive that cannot be read.
pub fn overview(
    project: &Project,
    recorded: &Recorded,
    (target, shown): (&Target, &Shown),
    options: &PlanOptions,
) -> Result<Overview> {
    let closed = recorded.state_as_closed(target);
    live::check_target(closed.as_deref(), target, project)?;
    let with = beside::with_others(closed.as_deref(), project, target)?;
    let seen = live::as_of(&project.spec, shown.live.clone(), options);
    let standing = overview::standing(&project.spec, &seen, with.as_deref(), options.moment());
    let mut links = standing.links;
    let elsewhere = Elsewhere::of(project, Some(target));
    let mut names: BTreeMap<RunId, Option<String>> = BTreeMap::new();
    for link in &mut links {
        let Some(run_id) = &link.run_id else { continue };
        if !names.contains_key(run_id) {
            names.insert(run_id.clone(), who(project, recorded, &elsewhere, run_id)?);
        }
        link.who = names.get(run_id).cloned().flatten();
    }
    let (approvals, unusable) = approved(project, recorded, shown.live.read_at);
    Ok(Overview {
        spec: project.name.clone(),
        timestamp: shown.live.read_at,
        at: options.at,
        target: target.clone(),
        time_zone: project.spec.time_zone.clone(),
        groups: standing.groups,
        links,
        awaiting: with.as_ref().map(|state| state.awaiting.clone()).unwrap_or_default(),
        approvals,
        unusable,
        in_transition: standing.in_transition,
        upcoming: standing.upcoming,
        at_work: at_work(recorded),
        unread: shown.unread(),
        traffic: Vec::new(),
    })
}

/// Lists what was approved and may still run, and why the rest of it cannot be used: neither keeps anybody from looking.
fn approved(project: &Project, recorded: &Recorded, now: Timestamp) -> (Vec<Approval>, Vec<String>) {
    let medium = project.place.medium();
    // What was run by other means is not run again.
    let is_used = |kept: &approval::Kept| matches!(approval::run_of(&medium, recorded, &kept.plan), Ok(Some(_)));
    match approval::waiting(&project.place) {
        Ok(approval::Waiting { kept, unusable }) => {
            let waits =
                kept.iter().filter(|kept| kept.expires > now && !is_used(kept)).map(approval::Kept::told).collect();
            (waits, unusable.iter().map(|error| format!("{error:#}")).collect())
        }
        Err(error) => (Vec::new(), vec![format!("{error:#}")]),
    }
}

/// Returns who ran a run, where that is recorded here or beside.
fn who(project: &Project, recorded: &Recorded, elsewhere: &Elsewhere<'_>, id: &RunId) -> Result<Option<String>> {
    let own = recorder::run_in(&project.place.medium(), recorded.journal.replay(), id)?;
    let run = own.map_or_else(|| elsewhere.run(id), |run| Ok(Some(run)))?;
    Ok(run.map(|run| run.started.who))
}

/// Says who is at work on what is recorded here.
fn at_work(recorded: &Recorded) -> Option<AtWork> {
    let holder = recorded.running.as_ref()?;
    let run = recorded.journal.replay().open_run();
    let addresses: BTreeSet<Address> =
        run.iter().flat_map(|run| &run.started.steps).map(|step| step.address.clone()).collect();
    Some(AtWork {
        run_id: run.map(|run| run.id().clone()),
        who: Wording::new(|| holder.to_string()),
        addresses: addresses.into_iter().collect(),
    })
}

/// Returns what `whatif --down` means: declared interfaces, and by their ids those that are not declared.
///
/// # Errors
/// Exit 1 with every selector that selects nothing.
pub fn down(project: &Project, selectors: &[Selector]) -> Result<Down> {
    let interfaces = &project.spec.interfaces;
    let declared: BTreeSet<&str> = interfaces.values().map(|entry| entry.id.value.as_str()).collect();
    let is_foreign = |selector: &&Selector| {
        let text = selector.as_str();
        selector.is_name() && text.starts_with("ri-") && !declared.contains(text) && !interfaces.contains_key(text)
    };
    let foreign = selectors.iter().filter(is_foreign).map(|selector| RouterInterfaceId::from(selector.as_str()));
    let own: Vec<Selector> = selectors.iter().filter(|selector| !is_foreign(selector)).cloned().collect();
    let addresses = if own.is_empty() { BTreeSet::new() } else { selected(project, &own)? };
    Ok(Down { addresses, ids: foreign.collect() })
}

/// Returns what has to be read to tell what stays up: whose other end an interface is that is not declared, only that end tells.
pub fn sight(project: &Project, recorded: &Recorded, down: &Down) -> Sight {
    let addresses: Vec<Address> = down.addresses.iter().cloned().collect();
    if down.ids.is_empty() { Sight::of_tied(project, recorded, &addresses) } else { Sight::Whole }
}

fn selected(project: &Project, selectors: &[Selector]) -> Result<BTreeSet<Address>, Diagnostics> {
    Ok(project.select(selectors)?.into_iter().collect())
}

/// Fails for an id that nothing live has: neither the other end of what is declared, nor an interface of the spec's regions.
///
/// # Errors
/// Exit 1 with the id, and a region that cannot be read.
pub async fn find(
    project: &Project,
    ids: &BTreeSet<RouterInterfaceId>,
    live: &LiveState,
    cloud: &impl CloudRead,
) -> Result<()> {
    let seen = live.readings.values().filter_map(|reading| reading.found()?.opposite.interface_id.as_ref());
    let seen: BTreeSet<&RouterInterfaceId> = seen.collect();
    let mut missing: BTreeSet<RouterInterfaceId> = ids.iter().filter(|id| !seen.contains(id)).cloned().collect();
    let scopes: BTreeSet<&Scope> = project.spec.interfaces.values().map(|entry| &entry.scope).collect();
    for scope in scopes {
        if missing.is_empty() {
            return Ok(());
        }
        let found = listing::read(cloud, scope, &missing, None).await?.interfaces;
        missing.retain(|id| !found.contains_key(id));
    }
    match missing.into_iter().next() {
        None => Ok(()),
        Some(id) => {
            let summary = worded!("no region of {spec} has an interface {id}", spec = project.name, id);
            let hint = worded!("`rictl status` lists what is declared, `rictl drift --unmanaged` what is not");
            Err(Refusal::new(Exit::Error, summary).hint(hint).into())
        }
    }
}
