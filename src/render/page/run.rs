//! The sections of a run: its circumstances, why it ended as it did, what became of each step.

use std::collections::BTreeMap;

use super::steps::StepRow;
use super::{
    Body, Card, Entry, FULL_WIDTH_EXCLAMATION, Fact, Lead, Page, Place, Section, Verdict, by_trouble, split_behind,
    version,
};
use crate::calendar::Zone;
use crate::journal::{Commit, Evidence, LockWord, Operation, Outcome};
use crate::plan::{GroupHealth, Guard};
use crate::render::past::PastRun;
use crate::render::phrase::Phrase;
use crate::render::text::Tone;
use crate::render::words::groups::{lowest, worrying};
use crate::render::words::next::{Given, after_run, after_show};
use crate::render::words::report as words;
use crate::render::words::run::label;
use crate::resource::{GroupName, Status};
use crate::run::{Exit, Reason, Report, RunOutcome, StepResult, Subject};

/// Builds the page of a past run; `given` is what the command was typed with.
pub(crate) fn page(past: &PastRun, given: &Given) -> Page {
    let report = &past.report;
    let verdict = match past.outcome() {
        Some(RunOutcome::Died) if past.resolved.is_none() => Verdict {
            lines: vec![words::NO_END.to_owned()],
            ..Verdict::new(Tone::Bad, format!("The run {}.", past.verdict().1), "")
        },
        None | Some(RunOutcome::Died) => Verdict::new(Tone::Bad, format!("The run {}.", past.verdict().1), ""),
        Some(_) => verdict(report, words::blocked(report)),
    };
    let title = format!("rictl {} ", words::verb(report.operation));
    Page {
        title: Phrase::ours(title).and_theirs(&*report.run_id.0),
        facts: facts(past),
        verdict,
        sections: vec![steps(report), reasons(report)],
        next: after_show(past, given),
    }
    .without_empty_sections()
}

/// Builds the page that ends an apply; `blocked` counts the interfaces that were blocked when it was planned.
pub(crate) fn end(report: &Report, given: &Given, blocked: usize) -> Page {
    Page {
        title: Phrase::default(),
        facts: Vec::new(),
        verdict: verdict(report, blocked),
        sections: vec![steps(report), groups(report), reasons(report)],
        next: after_run(report, given),
    }
    .without_empty_sections()
}

fn verdict(report: &Report, blocked: usize) -> Verdict {
    let is_complete = report.exit() == Some(Exit::Done);
    let line = words::last_line(report);
    let (strong, rest) = split_behind(&line, ['!', FULL_WIDTH_EXCLAMATION]);
    let mut lines = vec![words::counts_line(report, blocked)];
    if !is_complete {
        lines.push(words::incomplete(report));
    } else if report.operation == Operation::Rollback && report.results.is_empty() {
        lines.push(words::found_back().to_owned());
    }
    let tone = if is_complete { Tone::Good } else { Tone::Bad };
    Verdict { lines, ..Verdict::new(tone, strong, rest) }
}

fn facts(past: &PastRun) -> Vec<Fact> {
    let (report, evidence) = (&past.report, &past.evidence);
    let ended =
        report.finished_at().map_or_else(|| "not ended".to_owned(), |at| format!("to {}", report.time_zone.stamp(at)));
    let when = format!("{} {ended}, shown by {}", report.time_zone.stamp(report.started_at), version());
    let (tone, outcome) = past.verdict();
    let mut facts = vec![
        Fact::new("Run", Phrase::theirs(&*report.run_id.0)).toned(Tone::Strong),
        Fact::new("Target", Phrase::theirs(report.target.to_string())),
        Fact::new("Spec", spec(evidence)),
        Fact::new("By", who(report, evidence)),
        Fact::new("When", Phrase::ours(when)),
    ];
    let host = evidence.host.as_ref().map(|host| Fact::new("Host", Phrase::theirs(host.as_str())).at(Place::Document));
    facts.extend(host);
    let by = report.taken_back_by.as_ref();
    facts.extend(by.map(|by| Fact::new("Back", Phrase::ours("taken back by ").and_theirs(&*by.0))));
    facts.extend(past.confirmed().map(|says| Fact::new("Confirm", Phrase::theirs(says))));
    facts.extend(circumstances(evidence).into_iter().map(|(label, says)| Fact::new(label, says)));
    facts.extend(
        past.notes
            .iter()
            .map(|kept| Fact::new("Note", Phrase::ours("what it could not record is in ").and_theirs(kept.as_str()))),
    );
    // One word that a narrow screen breaks anyway gains nothing from a row of its own.
    facts.push(Fact::new("Digest", Phrase::theirs(&*report.digest)).toned(Tone::Faint).at(Place::HeadWhole));
    facts.push(Fact::new("Outcome", Phrase::theirs(outcome)).toned(tone));
    facts
}

pub(super) fn spec(evidence: &Evidence) -> Phrase {
    let Some(name) = &evidence.spec else { return Phrase::ours("not recorded") };
    let phrase = Phrase::theirs(name.as_str());
    let Some(id) = evidence.commit.clone() else { return phrase };
    at_commit(phrase.and(" at commit "), &Commit { id, is_altered: evidence.commit_dirty })
}

/// Names a commit behind what is said already, and says whether the spec differs from it.
pub(crate) fn at_commit(phrase: Phrase, commit: &Commit) -> Phrase {
    let phrase = phrase.and_theirs(commit.id.as_str());
    if commit.is_altered == Some(true) { phrase.and(", altered since") } else { phrase }
}

pub(super) fn who(report: &Report, evidence: &Evidence) -> Phrase {
    let mut phrase = Phrase::theirs(report.who.as_str());
    for (word, name) in [(" for ", &evidence.actor), (" as ", &evidence.principal)] {
        if let Some(name) = name {
            phrase = phrase.and(word).and_theirs(name.as_str());
        }
    }
    phrase.and(format!(" ({})", words::verb(report.operation)))
}

/// Lists what is known of the circumstances beside who and when.
fn circumstances(evidence: &Evidence) -> Vec<(&'static str, Phrase)> {
    let named = |label, name: &Option<String>| name.as_ref().map(|name| (label, Phrase::theirs(name.as_str())));
    let mut facts = Vec::new();
    facts.extend(named("Change", &evidence.change_id));
    facts.extend(named("Reason", &evidence.reason));
    if !evidence.takes_back.is_empty() {
        facts.push(("Back", Phrase::ours("takes back ").and_theirs(words::runs(&evidence.takes_back))));
    }
    facts.extend(evidence.approved.as_ref().map(|approved| {
        ("Agreed", Phrase::theirs(approved.by.as_str()).and(format!(" ({})", words::how(approved.how))))
    }));
    facts.extend(named("Windows overridden because", &evidence.override_window));
    facts.extend(named("Last routes allowed", &words::last_routes(evidence)));
    facts.extend(evidence.lock.map(|LockWord::None| ("Lock", Phrase::ours("none (--lock=none)"))));
    facts
}

/// Says why it did not end with code 0.
pub(super) fn reasons(report: &Report) -> Section {
    let entry = |reason: &Reason| {
        let tone = if matches!(reason, Reason::Interrupted) { Tone::Change } else { Tone::Bad };
        let is_repeated = matches!(reason, Reason::Step { .. });
        let says = Some(words::remark(report, reason));
        Entry { tone, label: label(reason), about: Vec::new(), code: None, says, is_repeated }
    };
    let entries = words::reasons(report).map(entry).collect();
    Section::new("Reasons", Lead::Labels { are_own: true }, Body::List(entries)).urgent()
}

/// Says which groups are in a bad way, but for those that are reasons themselves.
fn groups(report: &Report) -> Section {
    let is_told = |name: &GroupName| words::reasons(report).any(|reason| reason.subject() == Subject::Group(name));
    let mut standings = worrying(&report.groups);
    standings.retain(|standing| !is_told(standing.name));
    super::groups(&standings)
}

/// Makes a card of each group: what it was to keep, and how it stood at the end, where that was read.
pub(crate) fn cards(report: &Report) -> Vec<Card> {
    let guards = lowest(report.results.iter().flat_map(|result| &result.step.guards));
    cards_of(&guards, report.groups.iter().map(|group| (&group.name, group)).collect())
}

/// The same of the groups that some runs touched, by how each stood at the end of the last that read it.
pub(super) fn cards_of(guards: &BTreeMap<&GroupName, &Guard>, groups: BTreeMap<&GroupName, &GroupHealth>) -> Vec<Card> {
    let card = |group: &&GroupHealth| super::card(group, guards.get(&group.name).copied(), "At the end");
    let planned = guards.iter().filter(|(name, _)| !groups.contains_key(*name));
    let planned = planned.map(|(_, guard)| super::planned_card(guard));
    by_trouble(groups.values().map(card).chain(planned).collect())
}

/// Says what became of each step.
pub(super) fn steps(report: &Report) -> Section {
    Section::new(
        "Steps",
        Lead::Nothing,
        Body::Steps(report.results.iter().map(|result| row(result, &report.time_zone)).collect()),
    )
}

fn row(result: &StepResult, zone: &Zone) -> StepRow {
    let step = &result.step;
    let outcome = words::outcome(result);
    let detail = words::detail(result, zone);
    let is_at_goal = result.is_at_goal();
    let moment = |at: Option<jiff::Timestamp>| at.map(|at| zone.stamp(at));
    StepRow {
        id: step.id.to_string(),
        interface_id: step.interface_id.to_string(),
        scope: step.scope.to_string(),
        reason: step.reason.clone(),
        before: step.expect.to_string(),
        goal: step.goal.to_string(),
        status: result.status.as_ref().map(Status::to_string),
        tone: tone(result),
        began: moment(result.started_at),
        ended: moment(result.finished_at.filter(|_| result.started_at.is_some())),
        took: words::took(result),
        request_id: result.request_id.as_ref().map(ToString::to_string),
        detail: detail.filter(|detail| *detail != outcome),
        outcome,
        is_at_goal,
        is_located: !is_at_goal && !matches!(result.outcome, Some(Outcome::Skipped | Outcome::NotStarted)),
    }
}

/// Returns the colour of an outcome.
pub(crate) fn tone(result: &StepResult) -> Tone {
    match result.outcome {
        _ if result.is_at_goal() => Tone::Good,
        Some(Outcome::Skipped | Outcome::NotStarted) => Tone::Faint,
        None | Some(Outcome::InDoubt | Outcome::Unsettled) => Tone::Change,
        _ => Tone::Bad,
    }
}
