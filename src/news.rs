//! What of a drift check is news to a channel, by what it was told before. Pure: the time is handed in, and nothing is sent here.
//!
//! A [`Matter`] is anything that can be told: an interface, a group, a region that cannot be read, a spec that cannot be checked.
//! A [`Look`] says how each stands now, [`Told`] what is remembered of each, [`Told::judge`] what comes of both. What could not
//! be seen has neither ended nor come; what is hidden, or on its way, has not ended.

mod look;
mod matter;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::look::Look;
pub use self::matter::{Matter, Standing};

/// The version of what is remembered.
pub const FORMAT_VERSION: u32 = 1;

/// A timer comes a little early or late: a reminder that is due by so much is due.
const SLACK: Duration = Duration::from_secs(30);

/// What is remembered of one spec for one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The version of the format.
    pub format_version: u32,
    /// When the channel was told last.
    pub said_at: Option<Timestamp>,
    /// What is away, or was told and not yet taken back; by [`Matter`].
    pub matters: Vec<Kept>,
}

/// What is remembered of one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What.
    pub matter: Matter,
    /// When it was first seen away, since it was last seen to be normal.
    pub first_seen: Timestamp,
    /// How it was seen last.
    pub seen: Seen,
    /// How often in a row.
    pub runs: u32,
    /// The finding that the channel knows.
    pub told: Option<String>,
    /// The channel was told of it: its end is news.
    pub owes_end: bool,
}

/// How something was seen last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// As a finding.
    Found(String),
    /// As it should be.
    Normal,
    /// Neither.
    Aside,
}

/// What is news of a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It was not known.
    New,
    /// It is away in another way than was told.
    Changed,
    /// It is normal again.
    Over {
        /// Since when it had been away.
        first_seen: Timestamp,
        /// It is still declared.
        is_declared: bool,
    },
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What is news.
    pub news: BTreeMap<Matter, News>,
    /// What the channel knows and what is still so.
    pub open: BTreeMap<Matter, Timestamp>,
    /// Findings that were not seen often enough yet.
    pub pending: BTreeMap<Matter, Timestamp>,
    /// What is to be remembered once the channel was told; what is news is not in it as told.
    kept: Vec<Kept>,
    said_at: Option<Timestamp>,
}

impl Default for Told {
    fn default() -> Self {
        Self { format_version: FORMAT_VERSION, said_at: None, matters: Vec::new() }
    }
}

impl Told {
    /// Judges what is news of a look; a finding, or its end, is after it was seen `settle` times in a row.
    pub fn judge(&self, look: &Look, settle: u32, now: Timestamp) -> Judged {
        let mut before: BTreeMap<&Matter, &Kept> = self.matters.iter().map(|kept| (&kept.matter, kept)).collect();
        let mut judged = Judged {
            news: BTreeMap::new(),
            open: BTreeMap::new(),
            pending: BTreeMap::new(),
            kept: Vec::new(),
            said_at: self.said_at,
        };
        for (matter, standing) in &look.standing {
            judged.take(matter, standing, before.remove(matter), (settle, now));
        }
        for (matter, kept) in before {
            judged.end(matter, kept, false, settle);
        }
        judged
    }

    /// Returns whether what is open is to be told again, where nothing was told for so long.
    pub fn is_reminder_due(said_at: Option<Timestamp>, repeat: Duration, now: Timestamp) -> bool {
        let Some(said_at) = said_at else { return true };
        let slack = SLACK.min(repeat / 10);
        let passed = Duration::try_from(now.duration_since(said_at));
        // A clock that was set back says nothing of how long it is.
        passed.map_or(true, |passed| passed + slack >= repeat)
    }
}

impl Judged {
    fn take(&mut self, matter: &Matter, standing: &Standing, before: Option<&Kept>, (settle, now): (u32, Timestamp)) {
        let first = || Kept {
            matter: matter.clone(),
            first_seen: now,
            seen: Seen::Aside,
            runs: 0,
            told: None,
            owes_end: false,
        };
        match (standing, before) {
            (Standing::Normal, Some(before)) => self.end(matter, before, true, settle),
            (Standing::Unknown, Some(before)) => {
                if before.told.is_some() && before.seen != Seen::Normal {
                    self.open.insert(matter.clone(), before.first_seen);
                }
                self.kept.push(before.clone());
            }
            (Standing::Normal | Standing::Unknown, None) => {}
            (Standing::Hidden, before) => {
                let before = before.cloned().unwrap_or_else(first);
                // Once it is hidden no more, it is news again.
                self.kept.push(Kept { seen: Seen::Aside, runs: 0, told: None, ..before });
            }
            (Standing::Aside, before) => {
                let before = before.cloned().unwrap_or_else(first);
                self.kept.push(Kept { seen: Seen::Aside, runs: 0, ..before });
            }
            (Standing::Found(finding), before) => {
                let before = before.cloned().unwrap_or_else(first);
                self.find(matter, finding, before, settle);
            }
        }
    }

    fn find(&mut self, matter: &Matter, finding: &str, before: Kept, settle: u32) {
        let seen = Seen::Found(finding.to_owned());
        let runs = if before.seen == seen { before.runs.saturating_add(1) } else { 1 };
        let first_seen = before.first_seen;
        match &before.told {
            Some(told) if told == finding => {
                self.open.insert(matter.clone(), first_seen);
            }
            told if runs >= settle => {
                self.news.insert(matter.clone(), if told.is_some() { News::Changed } else { News::New });
            }
            Some(_) => {
                self.open.insert(matter.clone(), first_seen);
            }
            None => {
                self.pending.insert(matter.clone(), first_seen);
            }
        }
        self.kept.push(Kept { seen, runs, ..before });
    }

    fn end(&mut self, matter: &Matter, before: &Kept, is_declared: bool, settle: u32) {
        if !before.owes_end {
            return;
        }
        let runs = if before.seen == Seen::Normal { before.runs.saturating_add(1) } else { 1 };
        if runs >= settle {
            self.news.insert(matter.clone(), News::Over { first_seen: before.first_seen, is_declared });
        }
        self.kept.push(Kept { seen: Seen::Normal, runs, ..before.clone() });
    }

    /// Returns since when each matter has been away that is.
    pub fn first_seen(&self) -> BTreeMap<&Matter, Timestamp> {
        let away = self.kept.iter().filter(|kept| kept.seen != Seen::Normal);
        away.map(|kept| (&kept.matter, kept.first_seen)).collect()
    }

    /// Returns when the channel was told last.
    pub fn said_at(&self) -> Option<Timestamp> {
        self.said_at
    }

    /// Returns what is to be remembered where the channel was told nothing: there was no news, or it did not take it.
    pub fn untold(self) -> Told {
        Told { said_at: self.said_at, matters: self.kept, ..Told::default() }
    }

    /// Returns what is to be remembered once the channel was told all of it.
    pub fn told(self, now: Timestamp) -> Told {
        let Self { news, kept, .. } = self;
        let known = |kept: Kept| match news.get(&kept.matter) {
            Some(News::Over { .. }) => None,
            Some(News::New | News::Changed) => {
                let Seen::Found(finding) = &kept.seen else { return Some(kept) };
                Some(Kept { told: Some(finding.clone()), owes_end: true, ..kept })
            }
            None => Some(kept),
        };
        Told { said_at: Some(now), matters: kept.into_iter().filter_map(known).collect(), ..Told::default() }
    }
}

#[cfg(test)]
mod tests;
