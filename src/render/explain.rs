//! One interface explained: what the spec says of it and on which line, what is live, what was last applied, and why
//! the plan does or does not touch it.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::plan::document::{BlockedLine, LeftAloneLine, StepLine};
use super::text::{Line, Screen, Tone, View};
use super::words::groups::standing;
use super::words::history::{died, observed};
use super::words::next::Given;
use super::words::overview::can_go_down;
use super::words::plan::{self as said, because};
use crate::calendar::Zone;
use crate::diagnostic::Place;
use crate::duration;
use crate::overview::Prospect;
use crate::plan::{ActionReason, Floor, GroupHealth, Plan, ResourceChange, Step};
use crate::resource::{Address, DesiredStatus, Observed, Reading, RouterInterfaceId, Scope, Status};
use crate::spec::{Interface, Spec};
use crate::state::{Record, RunId};

/// The version of the documents.
const FORMAT_VERSION: &str = "1.0";

/// Everything that is known of one declared interface.
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// Its key in the spec.
    pub address: &'a Address,
    /// What the spec says of it.
    pub declared: &'a Interface,
    /// What was just read.
    pub reading: &'a Reading,
    /// What was recorded.
    pub record: Option<&'a Record>,
    /// What it is recorded as, where that is another name.
    pub renamed_from: Option<&'a Address>,
    /// The run that died and has no end yet, where there is one.
    pub dead: Option<&'a RunId>,
    /// The plan of the whole spec.
    pub plan: &'a Plan,
    /// The status that a plan of a later moment takes it to have reached by then.
    pub assumed: Option<DesiredStatus>,
    /// Whether its link can go down at the moment of the plan.
    pub prospect: &'a Prospect,
}

/// Writes the explanation as text.
pub fn text<W: Write + ?Sized>(out: &mut W, facts: &Explanation<'_>, given: &Given, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    let head = Line::at(0).with(Tone::Strong, facts.address.as_str());
    screen.line(&head.text(format!(": {} in {}", facts.declared.id.value, facts.declared.scope)))?;
    let sections: [(&str, Vec<Row>); 5] = [
        ("Spec", declared(facts)),
        ("Live", live(facts)),
        ("Last applied", applied(facts, &facts.spec.time_zone)),
        ("Plan", planned(facts, given)),
        ("Guards", guards(facts)),
    ];
    for (title, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
        screen.blank()?;
        screen.line(&Line::at(0).with(Tone::Strong, format!("{title}:")))?;
        for Row { label, tone, value, place } in rows {
            let line = Line::at(2).hang(16).text(format!("{label:<13} ")).with(*tone, value.as_str());
            let place = place.map(|place| format!("  {}", facts.spec.sources.locate(place))).unwrap_or_default();
            screen.line(&line.with(Tone::Faint, place))?;
        }
    }
    screen.blank()?;
    let tone = if facts.prospect.is_possible() { Tone::Good } else { Tone::Change };
    let answer = given.in_text(&can_go_down(facts.prospect, facts.address, &facts.spec.time_zone));
    screen.line(&Line::at(0).hang(2).with(Tone::Strong, "Can it go down now: ").with(tone, answer))
}

/// Writes the explanation as one JSON document, on one line: what the spec, the cloud and the guards say in the words
/// of the text, and the parts of the plan and the record as they are in their own documents.
pub fn document<W: Write + ?Sized>(out: &mut W, facts: &Explanation<'_>) -> io::Result<()> {
    json::line(out, &Document::of(facts))
}

/// Writes the explanations of several interfaces as one JSON document, on one line.
pub fn documents<W: Write + ?Sized>(out: &mut W, facts: &[Explanation<'_>]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Documents<'a> {
        format_version: &'static str,
        rictl_version: &'static str,
        interfaces: Vec<Document<'a>>,
    }
    let (format_version, rictl_version) = (FORMAT_VERSION, env!("CARGO_PKG_VERSION"));
    let interfaces = facts.iter().map(Document::of).collect();
    json::line(out, &Documents { format_version, rictl_version, interfaces })
}

impl<'a> Document<'a> {
    fn of(facts: &Explanation<'a>) -> Self {
        let Explanation { spec, address, declared: entry, record, plan, .. } = *facts;
        let told = |rows: Vec<Row>| rows.into_iter().map(|row| row.told(spec)).collect();
        let mine = |changes: &'_ [ResourceChange]| changes.iter().find(|change| change.address == *address).cloned();
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            address,
            id: &entry.id.value,
            scope: &entry.scope,
            spec: told(declared(facts)),
            live: told(live(facts)),
            record,
            renamed_from: facts.renamed_from,
            run_died: facts.record.and_then(|record| super::state::left_by(record, facts.dead)),
            change: mine(&plan.resource_changes),
            drift: mine(&plan.resource_drift),
            steps: plan.steps.iter().filter(|step| step.address == *address).map(StepLine::of).collect(),
            blocked: plan
                .blocked
                .iter()
                .filter(|blocked| blocked.address == *address)
                .map(|blocked| BlockedLine::of(plan, blocked))
                .collect(),
            left_alone: plan
                .left_alone
                .iter()
                .filter(|left| left.address == *address)
                .map(|left| LeftAloneLine::of(plan, left))
                .collect(),
            guards: told(guards(facts)),
            can_go_down: CanGoDown::of(facts),
        }
    }
}

/// The keys of the document.
#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    rictl_version: &'static str,
    address: &'a Address,
    id: &'a RouterInterfaceId,
    #[serde(flatten)]
    scope: &'a Scope,
    spec: Vec<Told>,
    live: Vec<Told>,
    record: Option<&'a Record>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renamed_from: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_died: Option<&'a RunId>,
    change: Option<ResourceChange>,
    drift: Option<ResourceChange>,
    steps: Vec<StepLine<'a>>,
    blocked: Vec<BlockedLine<'a>>,
    left_alone: Vec<LeftAloneLine<'a>>,
    guards: Vec<Told>,
    can_go_down: CanGoDown<'a>,
}

/// Whether its link can go down now.
#[derive(Serialize)]
struct CanGoDown<'a> {
    possible: bool,
    spare_after: Option<i64>,
    needs: &'a [Address],
    says: String,
}

impl<'a> CanGoDown<'a> {
    fn of(facts: &Explanation<'a>) -> Self {
        let prospect = facts.prospect;
        Self {
            possible: prospect.is_possible(),
            spare_after: prospect.spare_after,
            needs: &prospect.needs,
            says: can_go_down(prospect, facts.address, &facts.spec.time_zone),
        }
    }
}

/// A row as data: what it is about, what is said, and `file:line:column` where the spec says it.
#[derive(Serialize)]
struct Told {
    what: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

/// One fact, and where the spec says it.
struct Row {
    label: &'static str,
    tone: Tone,
    value: String,
    place: Option<Place>,
}

impl Row {
    fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, tone: Tone::Plain, value: value.into(), place: None }
    }

    fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = place.into();
        self
    }

    fn told(self, spec: &Spec) -> Told {
        Told { what: self.label, value: self.value, at: self.place.map(|place| spec.sources.locate(place)) }
    }
}

fn declared(facts: &Explanation<'_>) -> Vec<Row> {
    let Explanation { spec, declared, .. } = facts;
    let mut rows = vec![
        Row::new("address", facts.address.as_str()).at(declared.place),
        Row::new("id", declared.id.value.as_str()).at(declared.id.place),
        Row::new("status", status(declared)).at(declared.status.place),
    ];
    if let Some(in_force) = &declared.planned.in_force {
        let base = format!("{} without {}", in_force.base.value, in_force.change);
        rows.push(Row::new("own status", base).at(in_force.base.place));
    }
    rows.extend(changes(facts));
    let places = &declared.places;
    rows.push(match &spec.cloud.region {
        Some(region) if places.region.is_none() => {
            Row::new("region", format!("{}, as cloud.region says", region.value)).at(region.place)
        }
        _ => Row::new("region", declared.scope.region.as_str()).at(places.region),
    });
    if !declared.scope.account.is_default_account() {
        rows.push(Row::new("account", declared.scope.account.as_str()).at(places.account));
    }
    rows.extend(declared.group.as_ref().map(|group| Row::new("group", group.value.as_str()).at(group.place)));
    for (key, value, is_inherited) in spec.labels_of(declared) {
        let from = if is_inherited { ", as its group says" } else { "" };
        rows.push(Row::new("label", format!("{key}={}{from}", value.value)).at(value.place));
    }
    rows.extend(
        declared.depends_on.iter().map(|needed| Row::new("depends on", needed.value.as_str()).at(needed.place)),
    );
    rows.extend(declared.reason.as_ref().map(|reason| Row::new("reason", reason).at(places.reason)));
    for (label, timeout, place) in [
        ("activate in", declared.activate_timeout, places.activate_timeout),
        ("deactivate in", declared.deactivate_timeout, places.deactivate_timeout),
    ] {
        rows.extend(timeout.map(|timeout| Row::new(label, duration::format(timeout)).at(place)));
    }
    rows
}

/// Tells of each change about an interface that is not over, which status it asks for and when.
fn changes<'a>(facts: &Explanation<'a>) -> impl Iterator<Item = Row> + use<'a> {
    let Explanation { spec, address, plan, .. } = *facts;
    let now = plan.moment();
    let mine = spec
        .changes
        .iter()
        .filter(move |(_, change)| !change.has_ended(now) && change.selected.binary_search(address).is_ok());
    mine.map(move |(name, change)| {
        let ahead = change.from.as_ref().filter(|from| from.value > now);
        let begins = ahead.map(|from| {
            format!(" from {} (in {})", spec.time_zone.shown(from.value), said::span(from.value.duration_since(now)))
        });
        let ends = change.until.as_ref().map(|until| format!(" until {}", spec.time_zone.shown(until.value)));
        let (begins, ends) = (begins.unwrap_or_default(), ends.unwrap_or_default());
        Row::new("change", format!("{name}: {}{begins}{ends}", change.status.value)).at(change.place)
    })
}

/// Returns the status that an interface is to have, and the change that says so.
fn status(declared: &Interface) -> String {
    let change = declared.planned.in_force.as_ref().map(|in_force| format!(", as {} says", in_force.change));
    format!("{}{}", declared.status.value, change.unwrap_or_default())
}

fn live(facts: &Explanation<'_>) -> Vec<Row> {
    let mut rows = read(facts.reading);
    if let (Some(status), Some(at)) = (facts.assumed, facts.plan.at) {
        let by_then = facts.spec.time_zone.shown(at);
        rows.push(Row::new("assumed", format!("{status} by {by_then}, which the plan goes by")).toned(Tone::Change));
    }
    let opposite = facts.reading.found().and_then(|observed| observed.opposite.interface_id.as_ref());
    let is_its = |id: &RouterInterfaceId| *id == facts.declared.id.value || Some(id) == opposite;
    let heard = facts.plan.inputs.health.iter().find(|heard| is_its(&heard.interface_id));
    rows.extend(heard.map(|heard| Row::new("health check", said::health_answer(&heard.answer))));
    rows
}

fn read(reading: &Reading) -> Vec<Row> {
    let observed = match reading {
        Reading::Found(observed) => observed,
        Reading::Elsewhere(observed) => {
            let elsewhere = format!("it lives in {}, not where it is declared", observed.region);
            let mut rows = vec![Row::new("region", elsewhere).toned(Tone::Bad)];
            rows.extend(observed_rows(observed));
            return rows;
        }
        Reading::Absent => return vec![Row::new("status", "absent: the API knows no such interface").toned(Tone::Bad)],
        Reading::Unreadable | Reading::Unasked => {
            return vec![Row::new("status", "unknown: its region could not be read").toned(Tone::Bad)];
        }
    };
    observed_rows(observed)
}

fn observed_rows(observed: &Observed) -> Vec<Row> {
    let up = if observed.counts_as_up() { "counts as up" } else { "does not count as up" };
    let mut rows =
        vec![Row::new("status", format!("{} (BusinessStatus {}): {up}", observed.status, observed.business_status))];
    rows.extend(observed.name.as_ref().map(|name| Row::new("name", name.as_ref())));
    rows.extend(observed.router_id.as_ref().map(|router| Row::new("router", router.as_ref())));
    let opposite = &observed.opposite;
    if let Some(id) = &opposite.interface_id {
        let place = opposite.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
        let status = opposite.status.as_ref().map_or("status not reported", Status::as_str);
        rows.push(Row::new("opposite side", format!("{id}{place}: {status}")));
    }
    rows
}

fn applied(facts: &Explanation<'_>, zone: &Zone) -> Vec<Row> {
    let Some(record) = facts.record else { return vec![Row::new("declared", "never: nothing is recorded of it")] };
    let declared = record.declared.as_ref().map_or_else(|| "never confirmed".to_owned(), DesiredStatus::to_string);
    let of_change = record.change_id.as_ref().map(|change| format!(", as {change} said")).unwrap_or_default();
    let mut rows = vec![
        Row::new("declared", format!("{declared}{of_change}")),
        Row::new("observed", observed(&record.observed, zone)),
    ];
    rows.extend(facts.renamed_from.map(|from| Row::new("renamed from", from.as_str())));
    if let Some(last) = &record.last_action {
        let request =
            last.request_id.as_ref().map_or_else(|| "no RequestId".to_owned(), |id| format!("RequestId {id}"));
        let text = format!(
            "{} at {}: {} ({request}, run {})",
            last.action,
            zone.stamp(last.started_at),
            super::state::outcome(last, zone),
            last.run_id
        );
        rows.push(Row::new("last action", text));
    }
    rows.extend(super::state::left_by(record, facts.dead).map(|dead| Row::new("died", died(dead)).toned(Tone::Change)));
    rows
}

fn planned(facts: &Explanation<'_>, given: &Given) -> Vec<Row> {
    let Explanation { address, declared, plan, .. } = facts;
    let is_mine = |change: &&crate::plan::ResourceChange| change.address == **address;
    let mut rows = Vec::new();
    if let Some(drift) = plan.resource_drift.iter().find(is_mine) {
        let status = |values: &Option<crate::plan::Values>| {
            values.as_ref().map_or_else(|| "absent".to_owned(), |values| values.status.to_string())
        };
        let when = if drift.action_reason == Some(ActionReason::New) { "seen" } else { "applied" };
        let (before, after) = (status(&drift.change.before), status(&drift.change.after));
        let text = format!("was {before} when last {when}, is {after}");
        rows.push(Row::new("drift", text).toned(Tone::Change));
    }
    for step in plan.steps.iter().filter(|step| step.address == **address) {
        step_rows(step, &mut rows);
    }
    for blocked in plan.blocked.iter().filter(|blocked| blocked.address == **address) {
        let (code, detail) = (blocked.code().as_str(), given.in_text(&said::blocked(plan, blocked)));
        rows.push(Row::new("blocked", format!("{code}: {detail}")).toned(Tone::Bad));
    }
    for left in plan.left_alone.iter().filter(|left| left.address == **address) {
        let (code, detail) = (left.reason.code().as_str(), said::left_alone(plan, left));
        rows.push(Row::new("left alone", format!("{code}: {detail}")).toned(Tone::Faint));
    }
    let change = plan.resource_changes.iter().find(is_mine);
    rows.extend(change.and_then(because).map(|reason| Row::new("because", reason)));
    if rows.is_empty() {
        let text = match facts.reading {
            Reading::Unreadable | Reading::Unasked => "nothing is planned for what could not be read".to_owned(),
            _ => format!("nothing to do: it is {}, as declared", declared.status.value),
        };
        rows.push(Row::new("steps", text).toned(Tone::Good));
    }
    rows
}

fn step_rows(step: &Step, rows: &mut Vec<Row>) {
    let text = format!("{}: {} -> {}, wave {}", step.id, step.expect, step.goal, step.wave);
    rows.push(Row::new("step", text).toned(Tone::Change));
    if !step.after.is_empty() {
        let names: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        rows.push(Row::new("after", names.join(", ")));
    }
    rows.extend(step.guards.iter().map(|guard| Row::new("checked", said::guard(guard))));
}

fn guards(facts: &Explanation<'_>) -> Vec<Row> {
    let Explanation { spec, address, declared, plan, .. } = facts;
    let is_member =
        |floor: &&Floor| floor.links.iter().flat_map(|link| &link.sides).any(|side| side.address == **address);
    let mut rows: Vec<Row> = plan.floors.iter().filter(is_member).map(floor).collect();
    // A plan without steps has no use for floors; they stand all the same.
    let group = declared.group.as_ref().filter(|_| rows.is_empty()).and_then(|group| spec.groups.get(&group.value));
    if let Some(group) = group {
        let health =
            declared.group.as_ref().and_then(|name| plan.groups.iter().find(|health| health.name == name.value));
        rows.extend(health.map(health_row));
        for (knob, number) in [("min_active", &group.min_active), ("max_unavailable", &group.max_unavailable)] {
            rows.extend(
                number.as_ref().map(|number| Row::new("floor", format!("{knob} {}", number.value)).at(number.place)),
            );
        }
    }
    if let Some(place) = declared.protect {
        rows.push(Row::new("protect", "it is never deactivated").toned(Tone::Change).at(place));
    }
    if let Some(hands_off) = &declared.hands_off {
        let until = hands_off.until.map(|until| match said::has_run_out(plan, address) {
            true => format!(", though its hands_off ran out on {until}"),
            false => format!(" until {until}"),
        });
        let until = until.unwrap_or_default();
        let text = format!("it is left alone{until}: {}", hands_off.reason);
        rows.push(Row::new("hands_off", text).toned(Tone::Change).at(hands_off.place));
    }
    let needed_by = spec.interfaces.iter().filter_map(|(other, entry)| Some((other, entry.needs(address)?)));
    rows.extend(needed_by.map(|(other, place)| {
        Row::new("needed by", format!("{other}, which goes down before it and comes up after it")).at(place)
    }));
    let limits = &spec.limits;
    for (label, limit, unit) in [
        ("max_changes", &limits.max_changes, "changes in one run"),
        ("max_changes %", &limits.max_changes_percent, "percent of the declared interfaces in one run"),
        ("per_group", &limits.per_group, "changes in any one group"),
        ("per_region", &limits.per_region, "changes in any one region"),
    ] {
        rows.extend(limit.as_ref().map(|limit| Row::new(label, format!("{} {unit}", limit.value)).at(limit.place)));
    }
    rows
}

fn health_row(health: &GroupHealth) -> Row {
    let spare = health.spare.map(|spare| format!("{} to spare; ", spare.max(0))).unwrap_or_default();
    let tone = if health.is_finding() || health.spare == Some(0) { Tone::Change } else { Tone::Plain };
    Row::new("group", format!("{}: {spare}{}", health.name, standing(health).says)).toned(tone)
}

fn floor(floor: &Floor) -> Row {
    let up = floor.links.iter().filter(|link| link.up).count();
    let spare = up.saturating_sub(floor.min_up as usize);
    let text = format!(
        "{}: {up} of {} links up, floor {}, {spare} to spare ({})",
        floor.group,
        floor.links.len(),
        floor.min_up,
        said::knob(&floor.group, floor.knob.as_ref())
    );
    Row::new("floor", text).toned(if spare == 0 { Tone::Change } else { Tone::Plain })
}

#[cfg(test)]
mod tests;
