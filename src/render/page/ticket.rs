//! The pages of a report for a ticket: what came of it, how long each link was down, its runs, its steps.

use std::collections::{BTreeMap, BTreeSet};

use super::run::{at_commit, cards_of, spec, who};
use super::table::Table;
use super::{Body, Card, Entry, Fact, Lead, Page, Section, Verdict, version};
use crate::calendar::Zone;
use crate::history::dossier::{About, Down, Settled};
use crate::journal::Commit;
use crate::render::past::PastRun;
use crate::render::phrase::Phrase;
use crate::render::text::Tone;
use crate::render::ticket::{Ticket, TicketPart, length};
use crate::render::words::groups::lowest;
use crate::render::words::next::Given;
use crate::render::words::plan::guard;
use crate::render::words::report as words;
use crate::render::words::run::label;
use crate::render::words::ticket as told;
use crate::resource::Status;
use crate::run::StepResult;

/// Builds a page for each part of a report.
pub(crate) fn pages(ticket: &Ticket, given: &Given) -> Vec<Page> {
    ticket.parts.iter().map(|part| page(ticket, part, given)).collect()
}

/// Makes a card of each group that it is about: how low its steps took it, and how it stood at the end of the last of its runs.
pub(crate) fn cards(part: &TicketPart) -> Vec<Card> {
    let guards = lowest(part.steps().flat_map(|(_, result)| &result.step.guards));
    let touched = part.runs.iter().flat_map(|run| run.report.groups.iter().map(move |group| (run, group)));
    // What a run did for others besides, touched groups of theirs.
    let own = touched.filter(|(run, group)| !part.has_others(run) || guards.contains_key(&group.name));
    let groups: BTreeMap<_, _> = own.map(|(_, group)| (&group.name, group)).collect();
    cards_of(&guards, groups)
}

/// Returns what a report is called as a whole.
pub(crate) fn title(ticket: &Ticket) -> Phrase {
    let about: Vec<String> = ticket.parts.iter().map(|part| told::about(&part.about)).collect();
    Phrase::ours("rictl report of ").and_theirs(about.join(", "))
}

fn page(ticket: &Ticket, part: &TicketPart, given: &Given) -> Page {
    let zone = part.runs.first().map(|run| run.report.time_zone.clone()).unwrap_or_default();
    let (tone, strong, rest) = told::verdict(part);
    let lines = std::iter::once(told::counts(part)).chain(told::others(part)).collect();
    Page {
        title: Phrase::ours("rictl report of ").and_theirs(told::about(&part.about)),
        facts: facts(ticket, part, &zone),
        verdict: Verdict { lines, ..Verdict::new(tone, strong, rest) },
        sections: vec![
            reasons(part),
            section("Down", downs(&part.downs, &zone)),
            section("Runs", runs(&part.runs)),
            section("Steps", steps(part)),
        ],
        next: told::next(part, given),
    }
    .without_empty_sections()
}

fn section(title: &'static str, table: Table) -> Section {
    Section::new(title, Lead::Nothing, Body::Table(table))
}

fn facts(ticket: &Ticket, part: &TicketPart, zone: &Zone) -> Vec<Fact> {
    let all = |of: &dyn Fn(&PastRun) -> Option<String>| {
        let said: BTreeSet<String> = part.runs.iter().filter_map(of).collect();
        (!said.is_empty()).then(|| Phrase::joined(said, ", "))
    };
    let label = match part.about {
        About::Change(_) => "Change",
        About::Run(_) => "Run",
    };
    let about = Fact::new(label, Phrase::theirs(told::about(&part.about))).toned(Tone::Strong);
    let changes = |run: &PastRun| Some(run.changes().into_iter().collect::<Vec<_>>().join(", "));
    let of_run = matches!(part.about, About::Run(_)).then(|| all(&|run| changes(run).filter(|said| !said.is_empty())));
    let windows = all(&|run| run.evidence.override_window.clone());
    let last_routes = all(&|run| words::last_routes(&run.evidence));
    let facts = [
        of_run.flatten().map(|says| Fact::new("Change", says)),
        all(&|run| run.evidence.reason.clone()).map(|says| Fact::new("Reason", says)),
        all(&|run| Some(run.report.target.to_string())).map(|says| Fact::new("Target", says)),
        all(&|run| run.spec().map(str::to_owned)).map(|says| Fact::new("Spec", says)),
        all(&commit).map(|says| Fact::new("Commit", says)),
        all(&|run| Some(run.report.who.clone())).map(|says| Fact::new("By", says)),
        all(&|run| Some(run.evidence.approved.as_ref()?.by.clone())).map(|says| Fact::new("Agreed", says)),
        windows.map(|says| Fact::new("Windows overridden because", says)),
        last_routes.map(|says| Fact::new("Last routes allowed", says)),
        Some(Fact::new("When", when(part, zone))),
        Some(Fact::new("Made", Phrase::ours(format!("{}, {}", zone.stamp(ticket.made_at), version())))),
    ];
    std::iter::once(about).chain(facts.into_iter().flatten()).collect()
}

/// Returns what the spec of a run was checked out of.
fn commit(run: &PastRun) -> Option<String> {
    let commit = Commit { id: run.evidence.commit.clone()?, is_altered: run.evidence.commit_dirty };
    Some(at_commit(Phrase::default(), &commit).to_string())
}

/// Returns from when to when its runs went.
fn when(part: &TicketPart, zone: &Zone) -> Phrase {
    let Some(first) = part.runs.iter().map(|run| run.report.started_at).min() else { return Phrase::default() };
    let last = part.runs.iter().filter_map(|run| run.report.finished_at()).max();
    let last = last.map(|at| format!(" to {}", zone.stamp(at))).unwrap_or_default();
    Phrase::ours(format!("{}{last}", zone.stamp(first)))
}

/// Says of each run why it did not end well.
fn reasons(part: &TicketPart) -> Section {
    let entry = |run: &PastRun, label: &'static str, says: String| {
        Entry::new(Tone::Bad, label, run.report.run_id.to_string(), Some(says))
    };
    let mut entries = Vec::new();
    for run in &part.runs {
        let known = entries.len();
        let reasons = part.reasons(run).map(|reason| entry(run, label(reason), words::remark(&run.report, reason)));
        entries.extend(reasons);
        if entries.len() == known && !part.is_well(run) {
            entries.extend(told::without_reason(run).map(|(label, says)| entry(run, label, says)));
        }
    }
    Section::new("Did not go well", Lead::Labels { are_own: true }, Body::List(entries)).urgent()
}

fn downs(downs: &[Down], zone: &Zone) -> Table {
    let by = |settled: &Settled| {
        let request = settled.request_id.as_ref().map_or_else(|| "answer lost".to_owned(), ToString::to_string);
        Phrase::theirs(settled.by.to_string()).and(", ").and_theirs(request)
    };
    let row = |down: &Down| {
        let returned = down.returned.as_ref();
        let long = length(down).and_then(|length| length.try_into().ok()).map(crate::render::duration);
        [
            Phrase::theirs(down.address.to_string()),
            Phrase::theirs(down.interface_id.to_string()).and(" in ").and_theirs(down.scope.to_string()),
            Phrase::ours(zone.stamp(down.drained.at)),
            Phrase::ours(returned.map_or_else(|| "not by these runs".to_owned(), |returned| zone.stamp(returned.at))),
            long.map_or_else(Phrase::default, Phrase::ours),
            by(&down.drained),
            returned.map_or_else(Phrase::default, by),
        ]
    };
    let heads = ["Interface", "Where", "Down from", "Up again", "For", "Taken down by", "Brought back by"];
    Table::of(heads, downs.iter().map(row))
}

fn runs(runs: &[PastRun]) -> Table {
    let row = |run: &PastRun| {
        let (report, evidence, zone) = (&run.report, &run.evidence, &run.report.time_zone);
        let host = evidence.host.as_ref().map_or_else(Phrase::default, Phrase::theirs);
        let agreed = evidence.approved.as_ref().map_or_else(Phrase::default, |approved| {
            Phrase::theirs(approved.by.as_str()).and(format!(" ({})", words::how(approved.how)))
        });
        let confirmed = run.confirmed().map_or_else(Phrase::default, Phrase::theirs);
        let back = match evidence.takes_back.as_slice() {
            [] => Phrase::default(),
            taken => Phrase::theirs(words::runs(taken)),
        };
        let of_several = run.spec.as_deref().map_or_else(|| spec(evidence), Phrase::theirs);
        [
            Phrase::theirs(report.run_id.to_string()),
            Phrase::theirs(run.verdict().1),
            Phrase::ours(zone.stamp(report.started_at)),
            report.finished_at().map_or_else(Phrase::default, |at| Phrase::ours(zone.stamp(at))),
            who(report, evidence),
            host,
            agreed,
            confirmed,
            of_several,
            Phrase::theirs(report.digest.as_str()),
            evidence.override_window.as_ref().map_or_else(Phrase::default, Phrase::theirs),
            back,
        ]
    };
    let heads = [
        "Run",
        "Outcome",
        "Began",
        "Ended",
        "By",
        "Host",
        "Agreed",
        "Confirm",
        "Spec",
        "Digest",
        "Windows overridden because",
        "Takes back",
    ];
    Table::of(heads, runs.iter().map(row))
}

fn steps(part: &TicketPart) -> Table {
    let changes: BTreeSet<_> = part.steps().map(|(_, result)| &result.step.change_id).collect();
    let rows = part.steps().map(|(run, result)| step(run, result, changes.len() > 1));
    let heads = [
        "Step",
        "Run",
        "Change",
        "Where",
        "Why",
        "Before -> after",
        "Outcome",
        "Sent",
        "Settled",
        "Cloud's date",
        "RequestId",
        "Guards",
        "Detail",
    ];
    Table::of(heads, rows)
}

fn step(run: &PastRun, result: &StepResult, says_change: bool) -> [Phrase; 13] {
    let (step, zone) = (&result.step, &run.report.time_zone);
    let moment = |at: Option<jiff::Timestamp>| at.map_or_else(Phrase::default, |at| Phrase::ours(zone.stamp(at)));
    let theirs = |text: Option<String>| text.map_or_else(Phrase::default, Phrase::theirs);
    let status = |status: Option<&Status>| status.map_or_else(|| "unknown".to_owned(), Status::to_string);
    let outcome = told::outcome(run, result);
    let change = step.change_id.as_ref().filter(|_| says_change);
    let detail = words::detail(result, zone).filter(|detail| *detail != outcome);
    [
        Phrase::theirs(step.id.to_string()),
        Phrase::theirs(run.report.run_id.to_string()),
        theirs(change.map(ToString::to_string)),
        Phrase::theirs(step.interface_id.to_string()).and(" in ").and_theirs(step.scope.to_string()),
        theirs(step.reason.clone()),
        Phrase::theirs(status(result.before().as_ref())).and(" -> ").and_theirs(status(result.status.as_ref())),
        Phrase::theirs(outcome),
        moment(result.sent_at()),
        moment(result.finished_at.filter(|_| result.is_at_goal())),
        moment(result.cloud_date),
        theirs(result.request_id.as_ref().map(ToString::to_string)),
        Phrase::joined(step.guards.iter().map(guard), "; "),
        theirs(detail),
    ]
}
