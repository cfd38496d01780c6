//! Guards that became weaker, in words.

use schemars::JsonSchema;
use serde::Serialize;

use crate::language::say;
use crate::plan::{GuardWeakened, WindowBecame};
use crate::resource::Rate;
use crate::windows::Verdict;

/// A guard that became weaker, in words.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GuardWeakened")]
pub(crate) struct GuardTold {
    /// Which, such as `sh: floor`.
    pub(crate) what: String,
    /// What it was.
    pub(crate) before: String,
    /// What it is.
    pub(crate) after: String,
}

/// Says how a guard became weaker.
pub(crate) fn guard_weakened(guard: &GuardWeakened) -> GuardTold {
    let told = |what: String, before: &str, after: &str| GuardTold {
        what,
        before: before.to_owned(),
        after: after.to_owned(),
    };
    match guard {
        GuardWeakened::Floor { group, was, is } => {
            told(say!("{group}: floor", group), &was.to_string(), &is.to_string())
        }
        GuardWeakened::Member { group, address } => told(format!("{group}: {address}"), say!("member"), say!("gone")),
        GuardWeakened::Protect { address, is_declared } => {
            told(say!("{address}: protect", address), say!("on"), if *is_declared { say!("off") } else { say!("gone") })
        }
        GuardWeakened::HandsOff { address } => told(say!("{address}: hands_off", address), say!("off"), say!("on")),
        GuardWeakened::Cap { key, was, is } => {
            told(key.clone(), &was.to_string(), &is.map_or_else(|| say!("none").to_owned(), |is| is.to_string()))
        }
        GuardWeakened::Setting { key, was, is } => told(key.clone(), was, is),
        GuardWeakened::Window { name, verdict, became } => {
            let (before, after) = match became {
                WindowBecame::New => (say!("absent"), say!("new")),
                WindowBecame::Changed => (say!("unchanged"), say!("changed")),
                WindowBecame::Gone => (say!("there"), say!("gone")),
            };
            let verdict = match verdict {
                Verdict::Deny => "deny",
                Verdict::Allow => "allow",
            };
            told(format!("{name}: {verdict}"), before, after)
        }
        GuardWeakened::QuietBelow { was, is } => {
            let is = is.map_or_else(|| say!("none").to_owned(), |is| Rate::of(is).exact());
            told("limits.quiet_below".to_owned(), &Rate::of(*was).exact(), &is)
        }
        GuardWeakened::ReturningTraffic { was, is } => {
            let is = is.map_or_else(|| say!("none").to_owned(), |is| format!("{is}%"));
            told("rollout.traffic".to_owned(), &format!("{was}%"), &is)
        }
        GuardWeakened::Check { was, is } => {
            let is = is.as_ref().map_or_else(|| say!("none").to_owned(), |check| format!("{check:?}"));
            told("rollout.check".to_owned(), &format!("{was:?}"), &is)
        }
        GuardWeakened::Told { what, before, after } => told(what.clone(), before, after),
    }
}
