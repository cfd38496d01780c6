//! What a chat robot or a webhook hears of a run: that it begins, that it awaits confirmation, how it ended.
//!
//! Messages are sent beside the run and in order: no call waits for a robot. One that was not taken is a warning and never
//! alters what becomes of the run.

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::language::say;
use crate::ops::notify::refused;
use crate::ops::session::Front;
use crate::plan::Plan;
use crate::render;
use crate::render::alert::run as words;
use crate::robot::{Message, Robot, Untold};
use crate::run::{Event, Report};
use crate::state::Awaiting;

use super::super::output::Output;
use super::Screen;

/// A screen, and whoever is told beside it.
pub(in crate::cli) struct Herald<'o> {
    pub(in crate::cli) screen: Screen<'o>,
    output: &'o Output,
    clock: Clock,
    /// What the spec is known by.
    spec: String,
    /// The plan that is run.
    plan: Option<Plan>,
    mouth: Option<Mouth>,
}

/// Where messages go, and what comes back.
struct Mouth {
    messages: mpsc::UnboundedSender<Message>,
    untold: mpsc::UnboundedReceiver<Untold>,
    work: JoinHandle<()>,
}

impl Mouth {
    fn new(robot: Robot, clock: Clock) -> Self {
        let (messages, mut waiting) = mpsc::unbounded_channel::<Message>();
        let (failed, untold) = mpsc::unbounded_channel();
        let work = tokio::spawn(async move {
            while let Some(message) = waiting.recv().await {
                if let Err(error) = robot.say(&message, clock.now()).await
                    && failed.send(error).is_err()
                {
                    return;
                }
            }
        });
        Self { messages, untold, work }
    }
}

impl<'o> Herald<'o> {
    /// Tells a robot, if there is one, what the screen shows of the runs of a spec.
    pub(in crate::cli) fn new(
        screen: Screen<'o>,
        robot: Option<Robot>,
        spec: String,
        (output, clock): (&'o Output, Clock),
    ) -> Self {
        let mouth = robot.map(|robot| Mouth::new(robot, clock));
        Self { screen, output, clock, spec, plan: None, mouth }
    }

    /// Waits until everything was said, or a signal comes; what nobody took is a warning.
    pub(in crate::cli) async fn close(mut self, signals: &watch::Receiver<u32>) -> Screen<'o> {
        self.complain();
        if let Some(Mouth { messages, mut untold, mut work }) = self.mouth.take() {
            drop(messages);
            let mut signals = signals.clone();
            signals.mark_unchanged();
            tokio::select! {
                ended = &mut work => debug_assert!(ended.is_ok(), "telling a robot does not panic"),
                Ok(()) = signals.changed() => work.abort(),
            }
            while let Ok(error) = untold.try_recv() {
                warn(&error, self.output);
            }
        }
        self.screen
    }

    fn say(&mut self, message: std::io::Result<Message>) {
        self.complain();
        let Some(Mouth { messages, .. }) = &self.mouth else { return };
        // Nobody listens once the process is leaving.
        if let Ok(message) = message
            && messages.send(message).is_err()
        {
            tracing::debug!("a message came too late to be told");
        }
    }

    fn complain(&mut self) {
        while let Some(error) = self.mouth.as_mut().and_then(|mouth| mouth.untold.try_recv().ok()) {
            warn(&error, self.output);
        }
    }
}

fn warn(untold: &Untold, output: &Output) {
    let refusal = refused(untold);
    output.say(&output.spoken(|| {
        let causes = refusal.causes.iter().map(ToString::to_string);
        let why: Vec<String> = std::iter::once(refusal.to_string()).chain(causes).collect();
        let said = say!("{why}; the run goes by what it does", why = why.join(say!(": ")));
        render::words::report::warned(&said)
    }));
}

impl Front for Herald<'_> {
    fn note(&mut self, say: &dyn Fn() -> String) {
        self.screen.note(say);
    }

    fn identities(&mut self, used: &str, passed_over: &str) {
        self.screen.identities(used, passed_over);
    }

    fn planned(&mut self, plan: &Plan) {
        self.screen.planned(plan);
    }

    async fn approve(&mut self) -> Result<bool> {
        self.screen.approve().await
    }

    fn begin(&mut self, plan: &Plan) {
        self.plan = self.mouth.is_some().then(|| plan.clone());
        self.screen.begin(plan);
    }

    fn event(&mut self, at: Timestamp, event: &Event) {
        self.screen.event(at, event);
        if let (Event::RunStarted { run_id, .. }, Some(plan)) = (event, &self.plan) {
            let begins = words::begins(plan, &self.spec, run_id, (at, event));
            self.say(begins);
        }
    }

    fn end(&mut self, plan: &Plan, report: &Report) {
        self.screen.end(plan, report);
        let ends = words::ends(report, &self.spec, self.clock.now());
        self.say(ends);
    }

    fn awaits(&mut self, plan: &Plan, awaiting: &Awaiting) {
        self.screen.awaits(plan, awaiting);
        let commands = self.screen.deciding(awaiting);
        let awaits = words::awaits((plan, &self.spec), awaiting, (&commands.0, &commands.1), self.clock.now());
        self.say(awaits);
    }

    async fn confirms(&mut self) {
        self.screen.confirms().await;
    }
}
