//! The sections of a plan: what changed outside, what is done and in which order, what cannot be had, the worries.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Block, Changes, GroupRow, Keeps, Kind, Wave};
use super::{
    Body, Card, Entry, FULL_WIDTH_COLON, Fact, Lead, Page, Place, Section, Verdict, by_trouble, spec_fact, split_behind,
};
use crate::cloud::Call;
use crate::language::say;
use crate::plan::{
    Action, ActionReason, Assumed, Blocked, Floor, GroupHealth, Guard, Plan, ResourceChange, RolloutPlan, Step,
    Traffic, Upcoming, Values,
};
use crate::render::phrase::Phrase;
use crate::render::text::Tone;
use crate::render::words::groups::{lowest, of_plan};
use crate::render::words::next::{Given, after_plan};
use crate::render::words::plan as words;
use crate::resource::Address;

/// Builds the page of a plan; `given` is what the command was typed with.
pub(crate) fn page(plan: &Plan, given: &Given) -> Page {
    let spec = plan.basis.spec.as_deref();
    let mut title = Phrase::ours("rictl plan");
    if let Some(spec) = spec {
        title = title.and(" of ").and_theirs(spec);
    }
    let is_done = plan.is_empty() && plan.is_complete();
    let target = Fact::new(say!("Target"), Phrase::theirs(plan.target.to_string()));
    let mut facts = vec![target, spec_fact(spec, plan.timestamp, &plan.time_zone)];
    if !is_done {
        let (label, word) = match plan.is_applyable() {
            true => (say!("Approve with"), plan.approve_with().to_string()),
            false => (say!("Digest"), plan.digest()),
        };
        facts.push(Fact::new(label, Phrase::theirs(word)).toned(Tone::Faint).at(Place::Foot));
    }
    let page = Page {
        title,
        facts,
        verdict: verdict(plan, is_done),
        sections: vec![
            assumed(plan),
            drifted(plan),
            changes(plan),
            order(plan),
            blocked(plan, given),
            left_alone(plan),
            super::groups(&of_plan(plan)),
            traffic(plan),
            routes(plan),
            upcoming(plan),
        ],
        next: after_plan(plan, given),
    };
    Page { sections: page.sections.into_iter().chain(remarks(plan, given)).collect(), ..page }.without_empty_sections()
}

fn verdict(plan: &Plan, is_done: bool) -> Verdict {
    if is_done {
        return Verdict::new(Tone::Good, say!("No changes."), words::no_changes(plan));
    }
    let line = words::plan_line(plan.summary());
    let (strong, rest) = split_behind(&line, [':', FULL_WIDTH_COLON]);
    Verdict { lines: vec![words::counts_of(plan)], ..Verdict::new(Tone::Strong, strong, rest) }
}

/// What a plan of a later moment takes as done, said first.
fn assumed(plan: &Plan) -> Section {
    let zone = &plan.time_zone;
    let entry = |assumed: &Assumed| {
        let says = say!(
            "{change} {begins_or_ends} {at}",
            change = assumed.change_id,
            begins_or_ends = words::what(assumed.what),
            at = zone.shown(assumed.at)
        );
        Entry::plain(Tone::Faint, says)
    };
    let mut entries: Vec<Entry> = plan.assumed.iter().map(entry).collect();
    if let Some(at) = plan.at {
        let over = if plan.looks_back() { say!(", which is over") } else { "" };
        let says = if entries.is_empty() {
            say!("nothing is taken as done by then")
        } else {
            say!("these are taken as done by then")
        };
        entries.insert(
            0,
            Entry::new(Tone::Strong, "", say!("As of {at}{over}", at = zone.shown(at), over), Some(says.to_owned())),
        );
    }
    Section::new("As of", Lead::Nothing, Body::List(entries))
}

/// Says what interfaces carry, where that was asked for.
fn traffic(plan: &Plan) -> Section {
    let entry = |traffic: &Traffic| {
        let says = words::carried(traffic.in_bps, traffic.out_bps);
        Entry::new(Tone::Plain, "", traffic.address.to_string(), Some(says))
    };
    let mut entries: Vec<Entry> = plan.traffic.iter().map(entry).collect();
    if !entries.is_empty() {
        entries.push(Entry::plain(Tone::Faint, words::traffic_is_of().to_owned()));
    }
    Section::new("Traffic", Lead::Line(say!("Traffic:")), Body::List(entries))
}

fn upcoming(plan: &Plan) -> Section {
    let moment = plan.moment();
    let entry = |upcoming: &Upcoming| Entry::plain(Tone::Faint, words::upcoming(upcoming, moment, &plan.time_zone));
    let (title, lead) = match plan.at {
        Some(_) => ("Coming up, counted from --at on", say!("Coming up, counted from --at on:")),
        None => ("Coming up", say!("Coming up:")),
    };
    Section::new(title, Lead::Line(lead), Body::List(plan.upcoming.iter().map(entry).collect()))
}

fn drifted(plan: &Plan) -> Section {
    let status = |values: &Option<Values>| match values {
        Some(values) => format!("\"{}\"", values.status),
        None => say!("absent").to_owned(),
    };
    let entry = |drift: &ResourceChange| {
        let (before, after) = (status(&drift.change.before), status(&drift.change.after));
        let since =
            drift.since.map(|since| say!(" since {since}", since = plan.time_zone.stamp(since))).unwrap_or_default();
        let says = match drift.action_reason {
            Some(ActionReason::New) => say!("was {before} when last seen, is {after}{since}", before, after, since),
            _ => say!("was {before} when last applied, is {after}{since}", before, after, since),
        };
        Entry::new(Tone::Change, "~ ", drift.address.to_string(), Some(says))
    };
    let entries = plan.resource_drift.iter().map(entry).collect();
    Section::new(
        "Changed outside of rictl",
        Lead::Line(say!("Note: Objects have changed outside of rictl")),
        Body::List(entries),
    )
}

fn changes(plan: &Plan) -> Section {
    let by_address = by_address(&plan.steps);
    let blocks = by_address.iter().map(|(address, steps)| block(address, steps, plan)).collect();
    let changes = Changes { blocks, groups: groups(plan, &by_address) };
    Section::new("Changes", Lead::Line(say!("rictl will perform the following actions:")), Body::Changes(changes))
}

/// Groups the steps by interface, interfaces in the order of their first steps.
pub(crate) fn by_address(steps: &[Step]) -> Vec<(&Address, Vec<&Step>)> {
    let mut index: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut groups: Vec<(&Address, Vec<&Step>)> = Vec::new();
    for step in steps {
        let at = *index.entry(&step.address).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, group)) => group.push(step),
            None => groups.push((&step.address, vec![step])),
        }
    }
    groups
}

fn block(address: &Address, steps: &[&Step], plan: &Plan) -> Block {
    let change = plan.change(address);
    // What is there already has its way behind it, and takes nothing from its groups.
    let is_there = plan.is_there_already(address);
    let passed = if is_there { steps.len() } else { 0 };
    let guards = steps.iter().flat_map(|step| &step.guards).filter(|_| !is_there);
    let guards: BTreeSet<&Guard> = guards.collect();
    let from = steps.first().map(|step| step.expect.to_string());
    let moving = change.and_then(|change| {
        let (since, before) = (change.since?, change.change.before.as_ref()?);
        let since = || plan.time_zone.stamp(since);
        before
            .status
            .is_transitional()
            .then(|| say!("{status}, in transition since {since}", status = before.status, since = since()))
    });
    Block {
        address: address.to_string(),
        intention: words::intention_of(address, steps, plan),
        kind: kind(steps),
        why: change.and_then(words::because),
        reason: change.and_then(|change| change.reason.clone()),
        id: steps.first().map(|step| step.interface_id.to_string()).unwrap_or_default(),
        scope: steps.first().map(|step| step.scope.to_string()).unwrap_or_default(),
        path: from.into_iter().chain(steps.iter().map(|step| step.goal.to_string())).skip(passed).collect(),
        moving,
        guards: guards.into_iter().map(words::guard).collect(),
    }
}

fn kind(steps: &[&Step]) -> Kind {
    let has = |call| steps.iter().any(|step| step.action == Action::Call(call));
    match (has(Call::Deactivate), has(Call::Activate)) {
        (true, _) => Kind::Down,
        (false, true) => Kind::Up,
        (false, false) => Kind::Wait,
    }
}

fn groups(plan: &Plan, by_address: &[(&Address, Vec<&Step>)]) -> Vec<GroupRow> {
    let changing = by_address.iter().filter(|(address, _)| !plan.is_there_already(address));
    let kinds: BTreeMap<&Address, Kind> = changing.map(|(address, steps)| (*address, kind(steps))).collect();
    let guards = lowest(plan.steps.iter().flat_map(|step| &step.guards));
    let mut lone = kinds.clone();
    let mut rows: Vec<GroupRow> = Vec::new();
    for floor in &plan.floors {
        let links = links(floor, &kinds);
        for side in floor.links.iter().flat_map(|link| &link.sides) {
            lone.remove(&side.address);
        }
        let keeps = Some(keeps(floor, guards.get(&floor.group).copied()));
        rows.push(GroupRow { group: Some(floor.group.to_string()), links, keeps });
    }
    let links: Vec<(Kind, String)> = lone.into_iter().map(|(address, kind)| (kind, address.to_string())).collect();
    rows.push(GroupRow { group: None, links, keeps: None });
    rows.retain(|row| !row.links.is_empty());
    rows
}

/// Makes a card of each group: what it keeps, how it stands, and which links of it change.
pub(crate) fn cards(plan: &Plan) -> Vec<Card> {
    let guards = lowest(plan.steps.iter().flat_map(|step| &step.guards));
    let rows = groups(plan, &by_address(&plan.steps));
    let touched: BTreeMap<&str, &GroupRow> = rows.iter().filter_map(|row| Some((row.group.as_deref()?, row))).collect();
    let card = |group: &GroupHealth| {
        let mut card = super::card(group, guards.get(&group.name).copied(), "Now");
        let changes = touched.get(group.name.as_str()).map(|row| ("Changes", row.links_named().to_string()));
        card.rows.extend(changes);
        card
    };
    by_trouble(plan.groups.iter().map(card).collect())
}

/// Lists the links of a group that change, those that go down first.
fn links(floor: &Floor, kinds: &BTreeMap<&Address, Kind>) -> Vec<(Kind, String)> {
    let changing = floor.links.iter().filter_map(|link| {
        let ends: Vec<(&Address, Kind)> =
            link.sides.iter().filter_map(|side| Some((&side.address, *kinds.get(&side.address)?))).collect();
        let kind = ends.iter().map(|(_, kind)| *kind).min()?;
        Some((kind, ends.iter().map(|(address, _)| address.as_str()).collect::<Vec<_>>().join("/")))
    });
    let mut links: Vec<(Kind, String)> = changing.collect();
    links.sort_by_key(|(kind, _)| *kind);
    links
}

fn keeps(floor: &Floor, guard: Option<&Guard>) -> Keeps {
    let count = |is_wanted: fn(&crate::plan::FloorLink) -> bool| {
        u32::try_from(floor.links.iter().filter(|link| is_wanted(link)).count()).unwrap_or(u32::MAX)
    };
    match guard {
        Some(Guard { lowest, of, end, floor, .. }) => Keeps { lowest: *lowest, end: *end, of: *of, floor: *floor },
        // Nothing goes down in it: the lowest moment is now.
        None => Keeps {
            lowest: Some(count(|link| link.up)),
            end: count(|link| link.up || link.rises),
            of: count(|_| true),
            floor: floor.min_up,
        },
    }
}

fn order(plan: &Plan) -> Section {
    let mut waves: BTreeMap<u32, Vec<&Step>> = BTreeMap::new();
    if plan.steps.len() > 1 {
        plan.steps.iter().for_each(|step| waves.entry(step.wave).or_default().push(step));
    }
    let wave = |(number, steps): (u32, Vec<&Step>)| Wave {
        number,
        counts: words::wave(&steps),
        steps: steps.iter().map(|step| step.id.to_string()).collect(),
    };
    // A check is shown even where there is nothing between: whoever approves sees what may run.
    let is_told = |rollout: &&RolloutPlan| !waves.is_empty() || (rollout.check.is_some() && !plan.steps.is_empty());
    let rollout = plan.rollout.as_ref().filter(is_told);
    let rollout = rollout.map(|rollout| Phrase::theirs(words::rollout(rollout, waves.len())));
    let body = Body::Order(waves.into_iter().map(wave).collect(), rollout);
    Section::new("Order", Lead::Line(say!("Order:")), body)
}

/// Says what cannot be had.
pub(super) fn blocked(plan: &Plan, given: &Given) -> Section {
    // A cap blocks everything with the same words: they are said once.
    let details: Vec<(&Blocked, String)> =
        plan.blocked.iter().map(|blocked| (blocked, given.in_text(&words::blocked(plan, blocked)))).collect();
    let alike = details.chunk_by(|(one, said), (next, other)| one.code() == next.code() && said == other);
    let entry = |alike: &[(&Blocked, String)]| {
        let about = alike.iter().map(|(blocked, _)| blocked.address.to_string()).collect();
        let (first, detail) = &alike[0];
        let entry = Entry::new(Tone::Bad, "! ", String::new(), Some(detail.clone())).coded(first.code().as_str());
        Entry { about, ..entry }
    };
    Section::new("Blocked", Lead::Line(say!("Blocked:")), Body::List(alike.map(entry).collect())).urgent().whole()
}

/// Says of what goes down which prefixes lead elsewhere then; those that lead nowhere are among the worries.
fn routes(plan: &Plan) -> Section {
    let of_each = plan.routes.chunk_by(|one, other| one.address == other.address);
    let entries = of_each.flat_map(|routes| {
        let address = routes.first().map(|route| route.address.to_string()).unwrap_or_default();
        let kept = words::alike(routes).into_iter().filter(|alike| !alike.remains.is_empty());
        kept.map(move |alike| Entry::new(Tone::Faint, "", address.clone(), Some(alike.said())))
    });
    Section::new("Routes", Lead::Line(say!("Routes over what goes down:")), Body::List(entries.collect()))
}

fn left_alone(plan: &Plan) -> Section {
    let entries = plan.left_alone.iter().map(|left| {
        let detail = words::left_alone(plan, left);
        Entry::new(Tone::Faint, "= ", left.address.to_string(), Some(detail)).coded(left.reason.code().as_str())
    });
    Section::new("Left alone", Lead::Line(say!("Left alone:")), Body::List(entries.collect())).urgent()
}

fn remarks(plan: &Plan, given: &Given) -> [Section; 3] {
    let doubts = plan.doubts.iter().map(|doubt| {
        let says = say!("{doubt}; the next apply settles it first", doubt = words::doubt(doubt));
        let about = say!("{step} of run {run_id}", step = doubt.step, run_id = doubt.run_id);
        Entry::new(Tone::Change, say!("In doubt: "), about, Some(says))
    });
    let doubts = Section::new("In doubt", Lead::Labels { are_own: false }, Body::List(doubts.collect()));
    [super::unread(&plan.failures), doubts.urgent(), super::warnings(&plan.warnings, &plan.time_zone, given)]
}
