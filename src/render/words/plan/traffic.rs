//! What interfaces carry, in words.

use std::time::Duration;

use crate::language::say;
use crate::plan::{Returning, Traffic, TrafficUnread};
use crate::render::counted;
use crate::render::words::aside;
use crate::resource::Rate;

/// What figures are of, and what they count.
pub(crate) fn traffic_is_of() -> &'static str {
    say!("each of the newest minute of the last 10, 3 to 4 minutes old; health checks count")
}

/// Says what interfaces carry together, and of how many nobody knows.
pub(crate) fn carried_by_all<'t>(all: impl Iterator<Item = &'t Traffic>) -> String {
    let (mut into, mut out, mut count, mut unknown) = (0u64, 0u64, 0usize, 0usize);
    for traffic in all {
        count += 1;
        unknown += usize::from(traffic.total().is_none());
        into = into.saturating_add(traffic.in_bps.unwrap_or(0));
        out = out.saturating_add(traffic.out_bps.unwrap_or(0));
    }
    let of = if unknown > 0 { say!("; {unknown} unknown, and not counted", unknown) } else { String::new() };
    say!(
        "{interfaces} together: {into} in, {out} out{of}",
        interfaces = counted(count, say!("interface")),
        into = Rate::of(into),
        out = Rate::of(out),
        of
    )
}

/// Says what an interface carries; what nobody knows is never said to be nothing.
pub(crate) fn carried(in_bps: Option<u64>, out_bps: Option<u64>) -> String {
    let rate = |bps: Option<u64>| bps.map(|bps| Rate::of(bps).to_string());
    match (rate(in_bps), rate(out_bps)) {
        (None, None) => say!("unknown").to_owned(),
        (into, out) => {
            let told = |rate: Option<String>| rate.unwrap_or_else(|| say!("unknown").to_owned());
            say!("{into} in, {out} out", into = told(into), out = told(out))
        }
    }
}

/// Says why an interface does not go down for what it carries, both directions in bits per second; `limit` is what it may carry,
/// and where that stands.
pub(crate) fn not_quiet(
    title: &str,
    (in_bps, out_bps): (Option<u64>, Option<u64>),
    (limit_bps, at): (u64, Option<&str>),
    unread: Option<&TrafficUnread>,
) -> String {
    let at = at.map(aside).unwrap_or_default();
    let limit = format!("limits.quiet_below {}{at}", Rate::of(limit_bps).exact());
    let carried = carried(in_bps, out_bps);
    let both = [in_bps, out_bps].map(Option::unwrap_or_default);
    let together = both[0].saturating_add(both[1]);
    let is_known = together > limit_bps;
    let shown: u64 = both.iter().map(|bps| Rate::of(*bps).rounded().bits_per_second()).fold(0, u64::saturating_add);
    // Rounded, it would seem to be allowed.
    let exactly =
        if shown <= limit_bps { say!(", together {rate}", rate = Rate::of(together).exact()) } else { String::new() };
    match unread {
        _ if is_known => say!(
            "{title} carries {carried}{exactly}, and {limit} lets no more than that go down",
            title,
            carried,
            exactly,
            limit
        ),
        Some(why) => {
            say!(
                "what {title} carries could not be read, and {limit} asks for it: {why}",
                title,
                limit,
                why = traffic_unread(why)
            )
        }
        None => say!(
            "{title} has no figure of the last 10 minutes ({carried}), and {limit} asks for one",
            title,
            carried,
            limit
        ),
    }
}

/// Says how much traffic has to come back after a wave, and by when.
pub(crate) fn returning(Returning { percent, within_ms }: &Returning) -> String {
    let within = crate::render::duration(Duration::from_millis(*within_ms));
    say!("{percent}% of what the members of its groups carried before, within {within}", percent, within)
}

/// Says why what an interface carries could not be read.
pub(crate) fn traffic_unread(why: &TrafficUnread) -> &str {
    match why {
        TrafficUnread::Denied { detail } | TrafficUnread::Failed { detail } => detail.told(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_never_reads_as_if_it_were_not() {
        let said = |into, out| not_quiet("it", (Some(into), Some(out)), (1_000_000, None), None);
        let rest = "and limits.quiet_below 1 Mbit/s lets no more than that go down";
        assert_eq!(said(2_000_000, 0), format!("it carries 2 Mbit/s in, 0 bit/s out, {rest}"));
        let exact = "it carries 500 kbit/s in, 500 kbit/s out, together 1.000001 Mbit/s";
        assert_eq!(said(500_001, 500_000), format!("{exact}, {rest}"));
    }

    #[test]
    fn what_nobody_knows_is_not_said_to_be_nothing() {
        assert_eq!(carried(Some(0), Some(12_300_000)), "0 bit/s in, 12.3 Mbit/s out");
        assert_eq!(carried(None, Some(0)), "unknown in, 0 bit/s out");
        assert_eq!(carried(None, None), "unknown");
    }
}
