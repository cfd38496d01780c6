//! Values of flags, as they are typed.

use std::time::Duration;

use crate::bounds;
use crate::drift::Causes;
use crate::render::words;
use crate::resource::Region;
use crate::retry::Quota;
use crate::spec::keys::Grammar;
use crate::store::lock::Locking;
use crate::store::shared::Terms;

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    // As in Terraform, nothing needs no unit.
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    crate::duration::parse(text).map_err(|error| error.to_string())
}

pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|duration| {
        if duration.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(duration) }
    })
}

pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let least = Terms::LEAST_TTL;
    duration(text)
        .and_then(|lease| if lease < least { Err(format!("must be at least {}s", least.as_secs())) } else { Ok(lease) })
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("say why".to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn causes(text: &str) -> Result<Causes, String> {
    text.parse().map_err(|unknown| words::drift::unknown_cause(&unknown))
}

pub(super) fn locking(text: &str) -> Result<Locking, String> {
    match text {
        "true" | "1" => Ok(Locking::Required),
        "none" => Ok(Locking::None),
        _ => Err("an apply always locks its state; --lock-timeout DURATION waits for it, and --lock=none is for file \
                  systems whose locks do not work"
            .to_owned()),
    }
}

pub(super) fn days(text: &str) -> Result<Duration, String> {
    crate::duration::parse_with_days(text).map_err(|error| error.to_string())
}

pub(super) fn positive_days(text: &str) -> Result<Duration, String> {
    days(text).and_then(
        |duration| {
            if duration.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(duration) }
        },
    )
}

pub(super) fn interfaces(text: &str) -> Result<usize, String> {
    let most = || format!("a number of at most {}", bounds::grouped(bounds::WORLD_ENTRIES as u64));
    text.parse().ok().filter(|number| *number <= bounds::WORLD_ENTRIES).ok_or_else(most)
}

/// A table has a few hundred.
const MOST_ROUTES: usize = 1000;

pub(super) fn routes(text: &str) -> Result<usize, String> {
    let most = || format!("a number of at most {}", bounds::grouped(MOST_ROUTES as u64));
    text.parse().ok().filter(|number| *number <= MOST_ROUTES).ok_or_else(most)
}

pub(super) fn region(text: &str) -> Result<Region, String> {
    if Grammar::Region.holds(text) {
        Ok(text.into())
    } else {
        Err("a region is written as the API does, such as cn-shanghai".to_owned())
    }
}

pub(super) fn quota(text: &str) -> Result<Quota, String> {
    let (limit, window) = text.split_once('/').ok_or("expected N/DURATION, as in 300/60s")?;
    let limit = limit.parse().map_err(|_| "N must be a number above 0")?;
    Ok(Quota { limit, window: positive_duration(window)? })
}

#[cfg(test)]
mod tests;
