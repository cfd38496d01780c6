//! What an apply shows and asks: lines and a live table for people, or one JSON object a line.

pub(super) mod herald;
mod live;

use std::io::{self, IsTerminal as _, Write};

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::history::expected_durations;
use crate::journal::Operation;
use crate::language::{say, worded};
use crate::ops::failure::{Exit, Refusal};
use crate::ops::session::Front;
use crate::plan::Plan;
use crate::render::escape::escape_terminal;
use crate::render::events::Events;
use crate::render::progress::Progress;
use crate::render::words::next::Given;
use crate::render::{self, View};
use crate::run::{Event, Report};
use crate::state::{Awaiting, Records, RunId};

use super::outlet::Lines;
use super::output::{self, Output};
use super::prompt;
use super::signals::Terminal;
use live::LiveTable;

/// Shows a run.
pub(super) struct Screen<'o> {
    output: &'o Output,
    clock: Clock,
    /// Standard output carries JSON lines.
    json: bool,
    /// The same lines for `--json-into`.
    into: Option<Lines>,
    /// Questions may be asked.
    asks: bool,
    /// Nothing is cut, however long.
    full: bool,
    /// What the command was typed with.
    given: Given,
    /// The records, from which it is known how long a step may take.
    records: Records,
    /// What a run outlives once it is approved.
    terminal: Terminal,
    /// What the JSON lines know of the plan that is run.
    events: Option<Events>,
    /// The question whether a run is to be kept, once it was asked.
    question: Option<JoinHandle<bool>>,
    showing: Showing,
}

/// How a run is shown to people.
enum Showing {
    Nothing,
    Lines(Box<Progress>),
    Table(LiveTable),
}

impl<'o> Screen<'o> {
    pub(super) fn new(output: &'o Output, clock: Clock, json: bool, into: Option<Lines>, asks: bool) -> Self {
        let terminal = Terminal::default();
        let mut screen = Self {
            terminal,
            output,
            clock,
            json,
            into,
            asks,
            full: false,
            given: Given::default(),
            records: Records::default(),
            events: None,
            question: None,
            showing: Showing::Nothing,
        };
        screen.lines(|out, at| render::events::version(out, at));
        screen
    }

    /// Takes in the records, if what is shown has a use for them.
    pub(super) fn with_records(mut self, records: impl FnOnce() -> Records) -> Self {
        if !self.json && output::draws_in_place() {
            self.records = records();
        }
        self
    }

    /// Says whether everything is wanted, however long.
    pub(super) fn full(mut self, full: bool) -> Self {
        self.full = full;
        self
    }

    /// Takes in what the command was typed with.
    pub(super) fn given(mut self, given: Given) -> Self {
        self.given = given;
        self
    }

    /// Has the run go on although the terminal is closed, once it is approved.
    pub(super) fn outliving(mut self, terminal: Terminal) -> Self {
        self.terminal = terminal;
        self
    }

    /// Says that there was nothing to do.
    pub(super) fn nothing_to_do(&mut self, operation: Operation) {
        if !self.json {
            let [complete, counts] = self.output.spoken(|| {
                [render::words::report::nothing_to_do(operation), render::words::report::counts_of_nothing()]
            });
            self.output.show(|out| writeln!(out, "\n{complete}\n{counts}"));
        }
        self.lines(|out, at| render::events::nothing_to_do(out, at, operation));
    }

    /// Says that what a rollback asks for was taken back already: one run, or every apply.
    pub(super) fn nothing_to_take_back(&mut self, run_id: Option<&RunId>) {
        if !self.json {
            let text = self.output.spoken(|| render::words::report::taken_back_already(run_id));
            self.output.show(|out| writeln!(out, "{text}"));
        }
        self.lines(|out, at| render::events::nothing_to_do(out, at, Operation::Rollback));
    }

    /// Returns the commands that keep a run and that take it back.
    fn deciding(&self, awaiting: &Awaiting) -> (String, String) {
        let run_id = &awaiting.run_id;
        (self.given.next(&format!("confirm {run_id}")), self.given.next(&format!("rollback {run_id}")))
    }

    fn view(&self) -> View {
        self.output.view_of(self.full)
    }

    /// Writes JSON lines wherever they are wanted.
    fn lines(&mut self, write: impl Fn(&mut dyn Write, Timestamp) -> io::Result<()>) {
        let now = self.clock.now();
        if self.json {
            self.output.show(|out| write(out, now));
        }
        let Some(lines) = &self.into else { return };
        let mut text = Vec::new();
        if write(&mut text, now).is_ok()
            && let Err(error) = lines.hand(text)
        {
            self.give_up_lines(&error);
        }
    }

    fn give_up_lines(&mut self, error: &io::Error) {
        self.output.say(&self.output.spoken(|| say!("--json-into: {error}; nothing more is written there", error)));
        self.into = None;
    }

    /// Waits until what `--json-into` names has taken every line, or until a signal comes.
    pub(super) async fn let_go(&mut self, mut signals: watch::Receiver<u32>) {
        let Some(lines) = &self.into else { return };
        signals.mark_unchanged();
        let failed = tokio::select! {
            failed = lines.drained() => failed,
            Ok(()) = signals.changed() => None,
        };
        if let Some(error) = failed {
            self.give_up_lines(&error);
        }
    }
}

impl Front for Screen<'_> {
    fn note(&mut self, say: &dyn Fn() -> String) {
        self.output.say(&self.output.spoken(say));
    }

    fn identities(&mut self, used: &str, passed_over: &str) {
        let line = self.output.spoken(|| render::words::identity::two(used, passed_over));
        if self.json {
            self.output.say(&line);
        } else {
            self.output.show(|out| writeln!(out, "{}", escape_terminal(&line)));
        }
    }

    fn planned(&mut self, plan: &Plan) {
        if !self.json {
            let view = self.view();
            self.output.show(|out| render::plan::proposal(out, plan, view));
        }
        self.lines(|out, at| Events::plan(out, at, plan));
    }

    async fn approve(&mut self) -> Result<bool> {
        let refusal = || {
            Refusal::new(Exit::Error, worded!("the plan is not approved, and nobody can be asked"))
                .hint(worded!("review the plan, then use --auto-approve or --approve-digest DIGEST"))
        };
        if !self.asks || self.json {
            return Err(refusal().into());
        }
        let question = self.output.spoken(render::words::report::question);
        let answer = prompt::ask(self.output, &question).await?.ok_or_else(refusal)?;
        Ok(answer == "yes")
    }

    fn begin(&mut self, plan: &Plan) {
        self.terminal.outlive();
        if !self.json {
            self.output.show(|out| writeln!(out));
        }
        self.events = Some(Events::new(plan));
        self.showing = if self.json {
            Showing::Nothing
        } else if output::draws_in_place() {
            let expected = expected_durations(&plan.steps, &self.records);
            Showing::Table(LiveTable::start(plan, expected, self.view(), self.clock))
        } else {
            Showing::Lines(Box::new(Progress::new(plan, self.view())))
        };
    }

    fn event(&mut self, at: Timestamp, event: &Event) {
        match &mut self.showing {
            Showing::Nothing => {}
            Showing::Lines(progress) => self.output.show(|out| progress.event(out, event)),
            Showing::Table(table) => table.event(at, event),
        }
        if let Some(events) = self.events.take() {
            self.lines(|out, _| events.event(out, at, event));
            self.events = Some(events);
        }
    }

    fn end(&mut self, plan: &Plan, report: &Report) {
        self.showing = Showing::Nothing;
        if !self.json {
            let view = self.view();
            let (blocked, given) = (plan.summary().blocked, &self.given);
            self.output.show(|out| render::report::text(out, report, given, blocked, view));
        }
        if self.json || !self.output.is_watched() {
            self.output.say(&self.output.spoken(|| render::words::report::outcome_line(report)));
        }
        self.lines(|out, at| render::events::finished(out, at, report));
    }

    fn awaits(&mut self, plan: &Plan, awaiting: &Awaiting) {
        self.showing = Showing::Nothing;
        let (run_id, until) = (&awaiting.run_id, awaiting.deadline.until);
        let (keep, back) = self.deciding(awaiting);
        if !self.json {
            let [awaits, deciding] = self.output.spoken(|| {
                use render::words::confirmation::{awaits, deciding};
                [awaits(until, &plan.time_zone), deciding(&keep, &back)]
            });
            self.output.show(|out| writeln!(out, "\n{awaits}\n{}", escape_terminal(&deciding)));
        }
        self.lines(|out, at| render::events::awaiting(out, at, run_id, until));
        if self.asks && !self.json && io::stdin().is_terminal() {
            let question = self.output.spoken(render::words::confirmation::question);
            self.question = Some(prompt::ask_aside(self.output, question));
        }
    }

    async fn confirms(&mut self) {
        if let Some(question) = &mut self.question {
            let is_confirmed = question.await.unwrap_or(false);
            self.question = None;
            if is_confirmed {
                return;
            }
        }
        std::future::pending().await
    }
}
