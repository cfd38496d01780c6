//! A report as data: what a plan, a drift check or a run says, section by section, decided once.
//!
//! [`plan`], [`drift`] and [`run`] build a [`Page`] from typed values, in the words of `words`; `text::page`, `markdown`
//! and `html` lay out what it holds, each with its own escaping. What may be folded away is said here and obeyed there.

pub(crate) mod changes;
pub(crate) mod drift;
pub(crate) mod findings;
pub(crate) mod fleet;
pub(crate) mod plan;
pub(crate) mod rehearsal;
pub(crate) mod run;
pub(crate) mod steps;
pub(crate) mod table;
pub(crate) mod ticket;

use self::changes::{Changes, Wave};
use self::findings::Finding;
use self::steps::StepRow;
use self::table::Table;
use super::phrase::Phrase;
use super::text::Tone;
use super::words::groups::{Standing, is_tight, kept, standing};
use super::words::next::Given;
use super::words::plan::{Said, warning};
use crate::calendar::Zone;
use crate::language::say;
use crate::plan::{GroupHealth, Guard, Warning};
use crate::resource::ScopeFailure;

/// The heading of what is said of groups.
pub(crate) const GROUPS: &str = "Groups";

/// One report.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// What it is, e.g. `rictl plan of rictl.yaml`.
    pub(crate) title: Phrase,
    /// What it is about: the target first, then spec, time and version, then the rest.
    pub(crate) facts: Vec<Fact>,
    /// What it comes to.
    pub(crate) verdict: Verdict,
    /// The sections, in the order in which they are read on a terminal, from above to the prompt.
    pub(crate) sections: Vec<Section>,
    /// What to run next, if there is something.
    pub(crate) next: Option<Phrase>,
}

/// One labelled fact of the whole.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    /// What it is.
    pub(crate) label: &'static str,
    /// How it is meant.
    pub(crate) tone: Tone,
    /// What is said.
    pub(crate) says: Phrase,
    /// Where a terminal shows it.
    pub(crate) place: Place,
}

/// Where a terminal shows a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Above everything, wrapped.
    Head,
    /// Above everything, on one line: it is copied.
    HeadWhole,
    /// Right above the verdict, on one line.
    Foot,
    /// Nowhere: a document has it.
    Document,
}

impl Fact {
    /// Makes a fact for the head of a page.
    pub(crate) fn new(label: &'static str, says: Phrase) -> Self {
        Self { label, tone: Tone::Plain, says, place: Place::Head }
    }

    /// Says how it is meant.
    pub(crate) fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// Says where a terminal shows it.
    pub(crate) fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }
}

/// What a report comes to.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// Good, a worry, or bad.
    pub(crate) tone: Tone,
    /// The words that carry the tone.
    pub(crate) strong: String,
    /// The rest of the sentence.
    pub(crate) rest: String,
    /// What follows on lines of its own.
    pub(crate) lines: Vec<String>,
}

impl Verdict {
    /// Makes a verdict of one sentence.
    pub(crate) fn new(tone: Tone, strong: impl Into<String>, rest: impl Into<String>) -> Self {
        Self { tone, strong: strong.into(), rest: rest.into(), lines: Vec::new() }
    }

    /// Returns the sentence.
    pub(crate) fn sentence(&self) -> String {
        format!("{}{}", self.strong, self.rest)
    }
}

/// A part of a page under a heading.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Its heading in a document.
    pub(crate) title: &'static str,
    /// How it begins on a terminal.
    pub(crate) lead: Lead,
    /// A reader of a document sees it before what is merely done.
    pub(crate) is_urgent: bool,
    /// A long list may be cut; what may not is shown whole on any screen.
    pub(crate) may_fold: bool,
    /// What it holds.
    pub(crate) body: Body,
}

/// How a section begins on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// With a line of its own.
    Line(&'static str),
    /// Each entry begins with a label; sections of such entries stand together.
    Labels {
        /// The labels differ, so that a document needs them too; else its heading says the same.
        are_own: bool,
    },
    /// At once.
    Nothing,
}

/// What a section holds.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Things said one by one.
    List(Vec<Entry>),
    /// What a plan does to each interface.
    Changes(Changes),
    /// In which order.
    Order(Vec<Wave>, Option<Phrase>),
    /// What is not where it was.
    Findings(Vec<Finding>),
    /// What became of each step.
    Steps(Vec<StepRow>),
    /// Rows under heads.
    Table(Table),
}

/// What a page shows of one group.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    /// The group.
    pub(crate) name: String,
    /// In a bad way, a worry, or neither.
    pub(crate) tone: Tone,
    /// What there is to say, each with what it is.
    pub(crate) rows: Vec<(&'static str, String)>,
}

/// One thing said.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// How it is meant.
    pub(crate) tone: Tone,
    /// The mark or the label before it.
    pub(crate) label: &'static str,
    /// What it is about; several where one thing is said of all of them.
    pub(crate) about: Vec<String>,
    /// The code that programs read.
    pub(crate) code: Option<&'static str>,
    /// What is said.
    pub(crate) says: Option<String>,
    /// A row of a table on the same page says it too: a terminal leaves it out here.
    pub(crate) is_repeated: bool,
}

impl Entry {
    /// Makes an entry about one thing.
    pub(crate) fn new(tone: Tone, label: &'static str, about: String, says: Option<String>) -> Self {
        Self { tone, label, about: vec![about], code: None, says, is_repeated: false }
    }

    /// Makes an entry that says it all itself.
    pub(crate) fn plain(tone: Tone, says: String) -> Self {
        Self { tone, label: "", about: Vec::new(), code: None, says: Some(says), is_repeated: false }
    }

    /// Says what it is called in documents.
    pub(crate) fn coded(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}

impl Section {
    /// Makes a section that is read in its turn.
    pub(crate) fn new(title: &'static str, lead: Lead, body: Body) -> Self {
        Self { title, lead, is_urgent: false, may_fold: true, body }
    }

    /// Puts it before what is merely done, where a document is read from its top.
    pub(crate) fn urgent(self) -> Self {
        Self { is_urgent: true, ..self }
    }

    /// Forbids to cut it.
    pub(crate) fn whole(self) -> Self {
        Self { may_fold: false, ..self }
    }

    /// Returns whether it has nothing to say.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.body {
            Body::List(entries) => entries.is_empty(),
            Body::Changes(changes) => changes.blocks.is_empty(),
            Body::Order(waves, between) => waves.is_empty() && between.is_none(),
            Body::Findings(findings) => findings.is_empty(),
            Body::Steps(rows) => rows.is_empty(),
            Body::Table(table) => table.rows.is_empty(),
        }
    }
}

impl Page {
    /// Returns the sections in the order of a document: what is urgent first.
    pub(crate) fn by_urgency(&self) -> impl Iterator<Item = &Section> {
        let of = |urgent: bool| self.sections.iter().filter(move |section| section.is_urgent == urgent);
        of(true).chain(of(false))
    }

    /// Takes out what has nothing to say.
    fn without_empty_sections(mut self) -> Self {
        self.sections.retain(|section| !section.is_empty());
        self
    }
}

/// How Chinese ends a sentence that is called out.
pub(crate) const FULL_WIDTH_EXCLAMATION: char = '\u{ff01}';

/// How Chinese announces what follows.
pub(crate) const FULL_WIDTH_COLON: char = '\u{ff1a}';

/// Splits a line behind the first of its marks, in either width: what is before it carries the tone.
fn split_behind(line: &str, marks: [char; 2]) -> (&str, &str) {
    line.split_at(line.find(marks).map_or(0, |at| at + line[at..].chars().next().map_or(0, char::len_utf8)))
}

/// Returns what every report says of its spec: which, when, and by which version.
fn spec_fact(spec: Option<&str>, at: jiff::Timestamp, zone: &Zone) -> Fact {
    let spec = spec.map_or_else(|| Phrase::ours(say!("not recorded")), Phrase::theirs);
    Fact::new(say!("Spec"), spec.and(format!(", {}, {}", zone.stamp(at), version())))
}

/// Returns the name of this version.
fn version() -> String {
    format!("rictl {}", env!("CARGO_PKG_VERSION"))
}

/// Says what could not be read.
fn unread(failures: &[ScopeFailure]) -> Section {
    let entry = |failure: &ScopeFailure| {
        Entry::new(Tone::Bad, say!("Error: cannot read "), failure.scope.to_string(), Some(failure.detail.to_string()))
    };
    let body = Body::List(failures.iter().map(entry).collect());
    Section::new("Could not be read", Lead::Labels { are_own: false }, body).urgent().whole()
}

/// Puts those first that are in a bad way, then the worries.
pub(crate) fn by_trouble(mut cards: Vec<Card>) -> Vec<Card> {
    cards.sort_by_key(|card| match card.tone {
        Tone::Bad => 0,
        Tone::Change => 1,
        _ => 2,
    });
    cards
}

/// Makes the card of a group: its lowest moment, where something goes down in it, and how it stands at some time.
fn card(group: &GroupHealth, guard: Option<&Guard>, when: &'static str) -> Card {
    let tone = match (group.is_finding(), group.is_unknown() || guard.is_some_and(is_tight)) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Change,
        (false, false) => Tone::Plain,
    };
    let mut rows: Vec<(&'static str, String)> = guard.map(lowest_row).into_iter().collect();
    rows.push((when, standing(group).says));
    Card { name: group.name.to_string(), tone, rows }
}

/// Makes the card of a group of which no more is known than what a plan was to leave it with.
fn planned_card(guard: &Guard) -> Card {
    let tone = if is_tight(guard) { Tone::Change } else { Tone::Plain };
    Card { name: guard.group.to_string(), tone, rows: vec![lowest_row(guard)] }
}

/// Says what a plan leaves a group with at its lowest moment.
fn lowest_row(guard: &Guard) -> (&'static str, String) {
    ("Lowest", kept(guard))
}

/// Says how groups stand that a reader has to know of.
fn groups(standings: &[Standing<'_>]) -> Section {
    let entry = |standing: &Standing<'_>| {
        let tone = if standing.is_finding { Tone::Bad } else { Tone::Change };
        let mark = if standing.is_finding { "! " } else { "- " };
        Entry::new(tone, mark, standing.name.to_string(), Some(standing.says.clone()))
    };
    let body = Body::List(standings.iter().map(entry).collect());
    Section::new(GROUPS, Lead::Line(say!("Groups:")), body).urgent()
}

/// Says the warnings.
fn warnings(warnings: &[Warning], zone: &Zone, given: &Given) -> Section {
    let entry = |said: &Warning| {
        let Said { summary, detail } = warning(said, zone);
        let detail = detail.map(|detail| given.in_text(&detail));
        Entry::new(Tone::Change, say!("Warning: "), given.in_text(&summary), detail)
    };
    let body = Body::List(warnings.iter().map(entry).collect());
    Section::new("Warnings", Lead::Labels { are_own: false }, body).urgent()
}
