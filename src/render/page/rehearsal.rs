//! The sections of a rehearsal: what became of each step, what was blocked, how far down each group went.

use jiff::Timestamp;

use super::{Body, Entry, Fact, Lead, Page, Section, Verdict, plan, run, version};
use crate::plan::{Plan, StepId};
use crate::render::phrase::Phrase;
use crate::render::rehearsal::Rehearsal;
use crate::render::text::Tone;
use crate::render::words::next::Given;
use crate::render::words::rehearsal as words;
use crate::run::{Exit, Lowest, Report};

/// Builds the page of a rehearsal.
pub(crate) fn page(rehearsal: &Rehearsal<'_>, given: &Given) -> Page {
    let Rehearsal { plan, report, way_back, exit, .. } = *rehearsal;
    let is_run = report.is_some();
    let (strong, rest) = words::verdict(exit, rehearsal.duration, is_run);
    let tone = if exit == Exit::Done { Tone::Good } else { Tone::Bad };
    let steps = |report: &Report| vec![run::steps(report), run::reasons(report)];
    let mut sections: Vec<Section> = report.map(steps).unwrap_or_default();
    sections.extend(way_back.map(|report| Section { lead: Lead::Line("The way back:"), ..run::steps(report) }));
    sections.extend(plan.map(|plan| plan::blocked(plan, given)));
    sections.push(groups(rehearsal.groups));
    sections.extend(plan.map(|plan: &Plan| super::unread(&plan.failures)));
    sections.push(assumed(rehearsal));
    Page {
        title: Phrase::ours("rictl rehearsal"),
        facts: facts(rehearsal),
        verdict: Verdict::new(tone, strong, rest),
        sections,
        next: None,
    }
    .without_empty_sections()
}

fn facts(rehearsal: &Rehearsal<'_>) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Rehearsal", Phrase::ours(words::HEAD)).toned(Tone::Strong)];
    facts.extend(rehearsal.plan.map(|plan| Fact::new("Target", Phrase::theirs(plan.target.to_string()))));
    // As of a plan.
    let at = Timestamp::from_second(rehearsal.at.as_second()).unwrap_or(rehearsal.at);
    let at = rehearsal.zone.stamp(at);
    let when = match rehearsal.is_later {
        true => format!("{at}, with what begins or ends before taken as done"),
        false => at,
    };
    facts.push(Fact::new("As of", Phrase::ours(format!("{when}, {}", version()))));
    let check = rehearsal.plan.and_then(|plan| plan.rollout.as_ref()?.check.as_ref());
    facts.extend(check.map(|_| Fact::new("Check", Phrase::ours(words::NO_CHECK))));
    facts
}

fn groups(groups: &[Lowest]) -> Section {
    let entry = |group: &Lowest| {
        let (tone, mark) = if group.is_below() { (Tone::Bad, "! ") } else { (Tone::Plain, "- ") };
        Entry::new(tone, mark, group.name.to_string(), Some(words::lowest(group)))
    };
    let body = Body::List(groups.iter().map(entry).collect());
    Section::new("Groups", Lead::Line("Groups:"), body)
}

fn assumed(rehearsal: &Rehearsal<'_>) -> Section {
    let steps: &[StepId] = rehearsal.assumed;
    let said = (!steps.is_empty()).then(|| words::assumed(steps, rehearsal.assumed_time));
    let entries = said.map(|said| Entry::new(Tone::Change, "Assumed: ", said, None)).into_iter().collect();
    Section::new("Assumed", Lead::Labels { are_own: false }, Body::List(entries))
}
