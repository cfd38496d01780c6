//! Who is told what is news of a check, and what of it was printed.

use anyhow::{Error, Result};

use crate::drift::DriftCheck;
use crate::ops::notify::{self, Channel, Heard, Rules, Watched};
use crate::render::drift::Ended;
use crate::robot::Robot;
use crate::store::Place;

use super::super::super::args::DriftArgs;
use super::super::Invocation;

/// The channels of a check.
pub(super) struct Listening<'c> {
    channels: Vec<Channel<'c>>,
    rules: Rules,
}

/// What there is to tell each of them.
pub(super) struct AllHeard<'c> {
    heard: Vec<(Channel<'c>, Heard)>,
}

/// Refuses to remember where nothing may be remembered.
pub(super) fn check_place(arguments: &DriftArgs, place: &Place) -> Result<()> {
    let channels = &arguments.channels;
    let flags = [(channels.notify.is_some(), "--notify"), (channels.quiet, "--quiet")];
    let is_recorded = arguments.record;
    let mut given = flags.into_iter().filter(|(is_given, _)| *is_given);
    Ok(given.try_for_each(|(_, flag)| notify::check_place(place, is_recorded, flag))?)
}

impl<'c> Listening<'c> {
    pub(super) fn new(arguments: &'c DriftArgs, invocation: &'c Invocation, robot: Option<&'c Robot>) -> Self {
        let channels = &arguments.channels;
        let children = invocation.environment.children();
        let command = channels.notify_command.as_ref().map(|words| Channel::Command(words, children));
        let print = channels.quiet.then_some(Channel::Print);
        let rules = Rules {
            settle: arguments.when.notify_settle,
            repeat: arguments.when.notify_repeat,
            now: invocation.clock.now(),
        };
        Self { channels: [command, robot.map(Channel::Robot), print].into_iter().flatten().collect(), rules }
    }

    /// Decides what there is to tell, and says of what was found since when it is so.
    pub(super) fn hear(self, checks: &mut [DriftCheck], watched: &mut [Watched]) -> AllHeard<'c> {
        let Self { channels, rules } = self;
        let hear = |channel: Channel<'c>| {
            let heard = channel.hear(checks, watched, rules);
            (channel, heard)
        };
        let heard: Vec<_> = channels.into_iter().map(hear).collect();
        heard.iter().for_each(|(_, heard)| heard.date(checks));
        AllHeard { heard }
    }
}

impl AllHeard<'_> {
    /// Returns whether whoever reads what is printed has not read it yet.
    pub(super) fn is_news_to_reader(&self) -> bool {
        self.of_reader().is_some_and(Heard::is_news)
    }

    /// Lists what is over and was not printed yet; `None` where it is not remembered what was.
    pub(super) fn over_for_reader(&self, checks: &[DriftCheck]) -> Option<Vec<Ended>> {
        self.of_reader().map(|heard| heard.ended(checks))
    }

    fn of_reader(&self) -> Option<&Heard> {
        self.heard.iter().find(|(channel, _)| matches!(channel, Channel::Print)).map(|(_, heard)| heard)
    }

    /// Tells everybody what is news to them, and remembers it; returns what went wrong.
    pub(super) async fn tell(self, checks: &[DriftCheck], watched: &[Watched]) -> Vec<Error> {
        let mut errors = Vec::new();
        for (channel, heard) in self.heard {
            let is_news = heard.is_news();
            let told = if is_news { channel.tell(&heard, checks).await } else { Ok(()) };
            let was_told = is_news && told.is_ok();
            errors.extend(told.err());
            errors.extend(heard.remember(watched, was_told));
        }
        errors
    }
}
