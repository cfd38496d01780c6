#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use jiff::civil::{DateTime, Weekday};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::calendar::Zone;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn daily(verdict: Verdict, days: &[&str], from: &str, to: &str) -> Arc<Window> {
    let days = days.iter().map(|day| Days::word(day).unwrap()).reduce(Days::and).unwrap_or(Days::ALL);
    let (from, to) = (Clock::parse(from).unwrap(), Clock::parse(to).unwrap());
    let name = format!("{verdict:?} {from}").into();
    Arc::new(Window { name, verdict, when: When::Daily { days, from, to }, calls: None })
}

fn gate(zone: &str, windows: &[Arc<Window>]) -> Gate {
    Gate::new(Zone::named(zone).unwrap(), windows.to_vec())
}

#[test]
fn a_beginning_belongs_to_a_window_and_its_end_does_not() {
    let friday = gate("Asia/Shanghai", &[daily(Verdict::Deny, &["fri"], "18:00", "24:00")]);
    assert!(friday.is_open(at("2026-12-04T17:59:59.999+08:00")));
    assert!(!friday.is_open(at("2026-12-04T18:00:00+08:00")));
    assert!(!friday.is_open(at("2026-12-04T23:59:59.999999999+08:00")));
    assert!(friday.is_open(at("2026-12-05T00:00:00+08:00")));
}

#[test]
fn an_opening_passes_every_window_that_follows_at_once() {
    let windows = [
        daily(Verdict::Deny, &["fri"], "18:00", "24:00"),
        daily(Verdict::Deny, &["sat", "sun"], "00:00", "24:00"),
        daily(Verdict::Allow, &[], "01:00", "05:00"),
    ];
    let closed = gate("Asia/Shanghai", &windows).judge(at("2026-12-04T19:00:00+08:00")).unwrap_err();
    assert_eq!(closed, Closed { window: "Deny 18:00".into(), opens_at: Some(at("2026-12-07T01:00:00+08:00")) });
    let closes = gate("Asia/Shanghai", &windows).closes_after(at("2026-12-07T01:00:00+08:00"));
    assert_eq!(closes, Some(at("2026-12-07T05:00:00+08:00")));
    let closed = gate("Asia/Shanghai", &windows).judge(at("2026-12-02T12:00:00+08:00")).unwrap_err();
    assert_eq!(closed, Closed { window: "Allow 01:00".into(), opens_at: Some(at("2026-12-03T01:00:00+08:00")) });
}

#[test]
fn a_window_that_spans_midnight_belongs_to_the_day_on_which_it_begins() {
    let night = gate("UTC", &[daily(Verdict::Deny, &["fri"], "22:00", "06:00")]);
    for (moment, is_open) in [
        ("2026-12-04T05:59:00Z", true),
        ("2026-12-04T22:00:00Z", false),
        ("2026-12-05T05:59:59Z", false),
        ("2026-12-05T06:00:00Z", true),
        ("2026-12-05T22:00:00Z", true),
    ] {
        assert_eq!(night.is_open(at(moment)), is_open, "{moment}");
    }
}

#[test]
fn what_never_opens_within_four_hundred_days_says_so() {
    let once = |verdict, start: &str, end: &str| {
        let when = When::Once { start: at(start), end: at(end) };
        Arc::new(Window { name: "once".into(), verdict, when, calls: None })
    };
    let always = gate("UTC", &[daily(Verdict::Deny, &[], "00:00", "24:00")]);
    assert_eq!(always.judge(at("2026-12-04T05:59:00Z")).unwrap_err().opens_at, None);
    let over = gate("UTC", &[once(Verdict::Allow, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")]);
    let closed = over.judge(at("2026-12-04T05:59:00Z")).unwrap_err();
    assert_eq!(closed, Closed { window: "once".into(), opens_at: None });
    let long = gate("UTC", &[once(Verdict::Deny, "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z")]);
    assert_eq!(long.opens_at(at("2026-11-26T23:59:59Z")), None);
    assert_eq!(long.opens_at(at("2026-11-27T00:00:00Z")), Some(at("2028-01-01T00:00:00Z")));
}

#[test]
fn an_hour_that_occurs_twice_makes_a_deny_longer_and_an_allow_shorter() {
    // On 2026-10-25 the hour from 02:00 occurs twice in Berlin, at 00:00Z and 01:00Z.
    let deny = gate("Europe/Berlin", &[daily(Verdict::Deny, &[], "02:15", "02:45")]);
    let allow = gate("Europe/Berlin", &[daily(Verdict::Allow, &[], "01:00", "02:45")]);
    assert!(deny.is_open(at("2026-10-25T00:14:59Z")));
    for moment in ["2026-10-25T00:15:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:44:59Z"] {
        assert!(!deny.is_open(at(moment)), "{moment}");
    }
    assert!(deny.is_open(at("2026-10-25T01:45:00Z")));
    assert!(allow.is_open(at("2026-10-25T00:44:59Z")) && !allow.is_open(at("2026-10-25T01:15:00Z")));
    // On 2026-03-29 the hour from 02:00 is skipped.
    let skipped = gate("Europe/Berlin", &[daily(Verdict::Deny, &[], "02:15", "04:00")]);
    assert!(skipped.is_open(at("2026-03-29T00:59:59Z")) && !skipped.is_open(at("2026-03-29T01:00:00Z")));
    let within = gate("Europe/Berlin", &[daily(Verdict::Deny, &[], "02:15", "02:45")]);
    assert!(within.is_open(at("2026-03-29T01:00:00Z")));
}

#[test]
fn times_of_day_are_read_and_nothing_else() {
    for (text, shown) in [("00:00", "00:00"), ("24:00", "24:00"), ("18:30", "18:30"), ("01:02:03", "01:02:03")] {
        assert_eq!(Clock::parse(text).unwrap().to_string(), shown);
    }
    for text in ["", "7", "7-24", "7:00", "24:01", "25:00", "12:60", "12:00:60", "12:00:00:00", "+1:00", "noon"] {
        assert_eq!(Clock::parse(text), Err(NotAClock), "{text:?}");
    }
}

/// A daily window as a naive walk sees it: what the clock on the wall shows, minute by minute.
#[derive(Clone, Debug)]
struct Naive {
    verdict: Verdict,
    days: Vec<usize>,
    from: i64,
    to: i64,
}

impl Naive {
    fn window(&self) -> Arc<Window> {
        let clock = |minutes: i64| Clock::parse(&format!("{:02}:{:02}", minutes / 60, minutes % 60)).unwrap();
        let days = self.days.iter().map(|day| Days::word(Days::WORDS[*day]).unwrap()).reduce(Days::and).unwrap();
        let when = When::Daily { days, from: clock(self.from), to: clock(self.to) };
        Arc::new(Window { name: "w".into(), verdict: self.verdict, when, calls: None })
    }

    /// Returns whether the wall clock is in it: only for days on which no clock is changed.
    fn is_open(&self, local: DateTime) -> bool {
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let is_day = |day: Weekday| self.days.contains(&usize::try_from(day.to_monday_zero_offset()).unwrap());
        let today = is_day(local.weekday());
        let yesterday = is_day(local.date().yesterday().unwrap().weekday());
        if self.to > self.from {
            today && (self.from..self.to).contains(&minute)
        } else {
            today && minute >= self.from || yesterday && minute < self.to
        }
    }
}

fn naive() -> impl Strategy<Value = Naive> {
    let verdict = prop_oneof![Just(Verdict::Deny), Just(Verdict::Allow)];
    let days = prop::sample::subsequence((0usize..7).collect::<Vec<_>>(), 1..=7);
    (verdict, days, 0i64..96, 1i64..=96).prop_filter_map("equal", |(verdict, days, from, to)| {
        (from != to).then_some(Naive { verdict, days, from: from * 15, to: to * 15 })
    })
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// By the clocks of a zone that never changes them, over the ends of months and years.
    #[test]
    fn is_open_when_a_walk_by_the_wall_clock_says_so(
        windows in prop::collection::vec(naive(), 0..4),
        day in 0i64..800,
        zone in prop_oneof![Just("UTC"), Just("Asia/Shanghai"), Just("Asia/Kathmandu")],
    ) {
        let compiled: Vec<Arc<Window>> = windows.iter().map(Naive::window).collect();
        let (zone, gate) = (Zone::named(zone).unwrap(), gate(zone, &compiled));
        let begin = at("2026-11-29T16:00:00Z") + SignedDuration::from_hours(24 * day);
        let is_open = |moment: Timestamp| {
            let local = zone.local(moment);
            let open = |verdict| windows.iter().any(|window| window.verdict == verdict && window.is_open(local));
            let has_allows = windows.iter().any(|window| window.verdict == Verdict::Allow);
            !open(Verdict::Deny) && (!has_allows || open(Verdict::Allow))
        };
        // Eight days and a night: every day of the week begins in it, with its night before and after.
        let minutes: Vec<Timestamp> = (0..12_000).map(|minute| begin + MINUTE * minute).collect();
        let (mut opens_at, mut closes_at) = (None, None);
        for moment in minutes.iter().rev() {
            let naive = is_open(*moment);
            opens_at = if naive { Some(*moment) } else { opens_at };
            prop_assert_eq!(gate.is_open(*moment), naive, "at {}", moment);
            closes_at = if naive { closes_at } else { Some(*moment) };
            if let Some(wanted) = closes_at && naive && moment.as_second() / 60 % 89 == 0 {
                prop_assert_eq!(gate.closes_after(*moment), Some(wanted), "from {}", moment);
            }
            if let Some(wanted) = opens_at && moment.as_second() / 60 % 97 == 0 {
                prop_assert_eq!(gate.opens_at(*moment), Some(wanted), "from {}", moment);
            }
        }
        if windows.iter().all(|window| window.verdict == Verdict::Deny) && !is_open(begin) {
            let before = gate.opens_at(begin).map(|opens| opens - SignedDuration::from_nanos(1));
            prop_assert!(before.is_none_or(|before| !gate.is_open(before)));
        }
    }

    /// Where clocks change: a window is open from the first moment at which the wall clock has passed its beginning, up to the
    /// last (deny) or first (allow) at which it has passed its end.
    #[test]
    fn is_open_by_the_rule_where_clocks_change(
        window in naive(),
        (zone, around) in prop_oneof![
            Just(("Europe/Berlin", "2026-03-29T00:00:00Z")),
            Just(("Europe/Berlin", "2026-10-25T00:00:00Z")),
            Just(("America/New_York", "2026-11-01T06:00:00Z")),
            Just(("America/Sao_Paulo", "2018-11-04T03:00:00Z")),
            Just(("America/Sao_Paulo", "2018-02-18T02:00:00Z")),
            Just(("Australia/Lord_Howe", "2026-04-04T15:00:00Z")),
            Just(("Pacific/Apia", "2011-12-30T10:00:00Z")),
        ],
    ) {
        let compiled = window.window();
        let (zone, gate) = (Zone::named(zone).unwrap(), gate(zone, &[Arc::clone(&compiled)]));
        let begin = at(around) - SignedDuration::from_hours(60);
        let minutes: Vec<Timestamp> = (0..120 * 60).map(|minute| begin + MINUTE * minute).collect();
        // The first and the last minute at which the clock shows a local time, or the first after it where it shows it never.
        let bounds = |wanted: DateTime| {
            let shown = |moment: &&Timestamp| zone.local(**moment) == wanted;
            let after = || minutes.iter().find(|moment| zone.local(**moment) > wanted);
            (minutes.iter().find(shown).or_else(after), minutes.iter().rev().find(shown).or_else(after))
        };
        let first = zone.local(minutes[24 * 60]).date();
        let mut open = vec![false; minutes.len()];
        for day in first.series(jiff::Span::new().days(1)).take(4) {
            let number = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap();
            if !window.days.contains(&number) {
                continue;
            }
            let local = |day: jiff::civil::Date, minutes: i64| {
                day.at(0, 0, 0, 0) + jiff::Span::new().minutes(minutes)
            };
            let next = day.tomorrow().unwrap();
            let (from, to) = (bounds(local(day, window.from)), bounds(local(if window.to > window.from { day } else { next }, window.to)));
            let (from, to) = match window.verdict {
                Verdict::Deny => (from.0, to.1),
                Verdict::Allow => (from.1, to.0),
            };
            for (moment, open) in minutes.iter().zip(&mut open) {
                *open |= from.is_some_and(|from| from <= moment) && to.is_none_or(|to| moment < to);
            }
        }
        // Two days in the middle, whose windows all begin within what was walked.
        for (moment, open) in minutes.iter().zip(&open).skip(49 * 60).take(22 * 60) {
            prop_assert_eq!(gate.is_open(*moment), *open == (window.verdict == Verdict::Allow), "at {}", moment);
        }
    }
}
