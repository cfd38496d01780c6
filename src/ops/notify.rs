//! Telling somebody what drifted: a program, a chat robot, a webhook, or whoever reads what is printed. Each is a channel with
//! a memory of its own for each set of specs; what is news to it is decided in [`crate::news`].
//!
//! What a channel did not take is told at the next run. What it took and nobody could write down is told again: twice is better
//! than never.

mod memory;
mod robots;
mod words;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::child::Children;
use crate::drift::{Drift, DriftCheck};
use crate::fleet::Kept;
use crate::language::{Wording, sentence, worded};
use crate::news::{Judged, Look, Matter, Told};
use crate::render::alert::{self, Part};
use crate::render::drift::Ended;
use crate::robot::{Robot, Untold};
use crate::store::Place;

use super::command;
use super::failure::{Exit, Refusal};

pub use memory::check_place;
use memory::{COMMAND, Key};
pub use robots::{RobotSettings, robot};
pub use words::Words;

/// A program that takes longer is stuck, and a timer's next run is near.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Who is told.
#[derive(Clone, Debug)]
pub enum Channel<'c> {
    /// A program, with the document on its standard input.
    Command(&'c Words, &'c Children),
    /// A chat robot or a webhook.
    Robot(&'c Robot),
    /// Whoever reads standard output.
    Print,
}

/// When a channel is told.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// After how many equal runs.
    pub settle: u32,
    /// After how long what is still so is told again.
    pub repeat: Option<Duration>,
    /// This run's time.
    pub now: Timestamp,
}

/// One spec of a check.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Where its history is; `None` where nobody knows, so that nothing is remembered of it.
    pub place: Option<Place>,
    /// How everything stands; `None` where it could not be checked.
    pub look: Option<Look>,
    /// The row in a store that machines share, in which every channel's memory lies, once it was read.
    pub row: Option<Kept>,
}

/// What there is to tell a channel, and what it knew before.
#[derive(Debug)]
pub struct Heard {
    key: Key,
    /// Of each spec what was remembered before.
    before: Vec<Told>,
    /// Of each spec.
    judged: Vec<Judged>,
    /// What of their memories could not be read, each an error of its own; such a one is not written.
    unread: Vec<Option<anyhow::Error>>,
    is_reminder: bool,
    rules: Rules,
}

impl Channel<'_> {
    /// Decides what there is to tell of a check of several specs, in their order.
    pub fn hear(&self, checks: &[DriftCheck], watched: &mut [Watched], rules: Rules) -> Heard {
        let (kind, identity) = match self {
            Self::Command(..) => (COMMAND, String::new()),
            Self::Robot(robot) => (robot.kind.word(), robot.url.identity()),
            Self::Print => ("print", String::new()),
        };
        let places: Vec<Option<&Place>> = watched.iter().map(|watched| watched.place.as_ref()).collect();
        let key = Key::of((kind, &identity), checks, &places);
        let (mut known_before, mut judged, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for Watched { place, look, row } in watched {
            let (before, error) = match place.as_ref().map(|place| memory::read(place, &key, row)) {
                None => (Told::default(), None),
                Some(Ok(told)) => (told, None),
                Some(Err(error)) => (Told::default(), Some(error)),
            };
            let known = || before.matters.iter().map(|kept| &kept.matter);
            let look = match look {
                Some(look) => look.clone(),
                // Without a place every run would tell it again; the exit code and standard error say it all the same.
                None if place.is_none() => Look::default(),
                None => Look::unchecked(known()),
            };
            judged.push(before.judge(&look, rules.settle, rules.now));
            known_before.push(before);
            unread.push(error);
        }
        let said_at = judged.iter().filter_map(Judged::said_at).max();
        let is_open = judged.iter().any(|judged| !judged.open.is_empty());
        let is_due = |repeat| Told::is_reminder_due(said_at, repeat, rules.now);
        let has_news = judged.iter().any(|judged| !judged.news.is_empty());
        let is_reminder = !has_news && is_open && rules.repeat.is_some_and(is_due);
        Heard { key, before: known_before, judged, unread, is_reminder, rules }
    }

    /// Tells a channel what there is to tell.
    ///
    /// # Errors
    /// It did not take it: nothing of it counts as told.
    pub async fn tell(&self, heard: &Heard, checks: &[DriftCheck]) -> Result<()> {
        let told: Vec<DriftCheck> =
            checks.iter().zip(&heard.judged).map(|(check, judged)| what_is_told(check, judged)).collect();
        let parts: Vec<Part<'_>> =
            told.iter().zip(&heard.judged).map(|(check, judged)| Part { check, judged }).collect();
        match self {
            Self::Command(words, children) => {
                let document = alert::document(&parts)?;
                let what = sentence!("notify command");
                let run = command::run(what, &words.0, (Path::new(""), children), Some(&document), TIMEOUT);
                run.await
                    .map_err(|error| Refusal::new(Exit::Error, error).hint(worded!("the next run tries again")))?;
                Ok(())
            }
            Self::Robot(robot) => {
                let message = alert::message(&parts, heard.is_reminder)?;
                robot.say(&message, heard.rules.now).await.map_err(|untold| refused(&untold).into())
            }
            Self::Print => Ok(()),
        }
    }
}

impl Heard {
    /// Returns whether there is anything to tell.
    pub fn is_news(&self) -> bool {
        self.is_reminder || self.judged.iter().any(|judged| !judged.news.is_empty())
    }

    /// Lists what is over and not told yet.
    pub fn ended(&self, checks: &[DriftCheck]) -> Vec<Ended> {
        let parts = checks.iter().zip(&self.judged).map(|(check, judged)| Part { check, judged });
        alert::ended(&parts.collect::<Vec<_>>())
    }

    /// Says since when everything is away that a check found, where another channel does not know it for longer.
    pub fn date(&self, checks: &mut [DriftCheck]) {
        for (check, judged) in checks.iter_mut().zip(&self.judged) {
            if let Ok(drift) = &mut check.outcome {
                date(drift, judged);
            }
        }
    }

    /// Remembers what a channel was told, or that it was told nothing; returns what went wrong with any of the memories.
    pub fn remember(self, watched: &[Watched], was_told: bool) -> Vec<anyhow::Error> {
        let Self { key, before, judged, unread, rules, .. } = self;
        let mut errors = Vec::new();
        for (((judged, before), unread), watched) in judged.into_iter().zip(before).zip(unread).zip(watched) {
            let Some(place) = &watched.place else { continue };
            if let Some(error) = unread {
                errors.push(error);
                continue;
            }
            let told = if was_told { judged.told(rules.now) } else { judged.untold() };
            // Where nothing was told and all is as it was, a store that is far away is not asked.
            if told != before || place.far().is_none() {
                errors.extend(memory::write(place, &key, &told).err());
            }
        }
        errors
    }
}

/// Says since when everything is away.
fn date(drift: &mut Drift, judged: &Judged) {
    let first_seen = judged.first_seen();
    let earlier = |known: Option<Timestamp>, matter: &Matter| match (known, first_seen.get(matter).copied()) {
        (Some(known), Some(seen)) => Some(known.min(seen)),
        (known, seen) => known.or(seen),
    };
    for item in &mut drift.items {
        item.first_seen = earlier(item.first_seen, &Matter::Interface(item.address.clone()));
    }
    let groups: Vec<_> = drift.broken_groups().map(|group| group.name.clone()).collect();
    for group in groups {
        let known = drift.groups_first_seen.get(&group).copied();
        let seen = earlier(known, &Matter::Group(group.clone()));
        drift.groups_first_seen.extend(seen.map(|seen| (group, seen)));
    }
}

/// Returns a check without what was not seen often enough to be told.
fn what_is_told(check: &DriftCheck, judged: &Judged) -> DriftCheck {
    let mut told = check.clone();
    if let Ok(drift) = &mut told.outcome {
        let is_told = |matter: Matter| !judged.pending.contains_key(&matter);
        drift.items.retain(|item| is_told(Matter::Interface(item.address.clone())));
        drift.unsettled = drift.broken_groups().map(|group| group.name.clone()).collect();
        drift.unsettled.retain(|group| !is_told(Matter::Group(group.clone())));
        drift.failures.retain(|failure| is_told(Matter::Scope(failure.scope.clone())));
    }
    told
}

/// Says that a robot did not take a message.
pub fn refused(untold: &Untold) -> Refusal {
    let refusal = Refusal::new(Exit::Error, Wording::new(|| untold.to_string()));
    match untold {
        Untold::Refused { clocks: Some((ours, theirs)), .. } => {
            let [ours, theirs] = [ours, theirs].map(|time| format!("{time:.0}"));
            let cause = worded!("this machine's clock says {ours}, the robot's {theirs}", ours, theirs);
            refusal.cause(cause).hint(worded!(
                "compare RICTL_NOTIFY_SECRET and the clock of this machine with the robot's; the next run tells it again"
            ))
        }
        Untold::Refused { .. } => {
            refusal.hint(worded!("compare RICTL_NOTIFY_URL and the robot's settings; the next run tells it again"))
        }
        Untold::NoAnswer { .. } => {
            refusal.hint(worded!("check the network and the proxy; the next run tells it again"))
        }
        Untold::Strange { .. } => {
            refusal.hint(worded!("does RICTL_NOTIFY_URL lead to such a robot? the next run tells it again"))
        }
    }
}
