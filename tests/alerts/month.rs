//! Two and a half days of cron, every ten minutes, in virtual time: what is told is counted.

use jiff::{SignedDuration, Timestamp};

use super::Site;
use super::stub::{Received, Stub};
use crate::wall_clock::{self, WallClock};

/// How many runs: ten minutes apart, sixty hours.
const RUNS: i64 = 360;

/// Runs at which somebody takes links down or up, and which are down from then on.
const EVENTS: [(i64, &[&str]); 8] = [
    (5, &["bravo"]),
    (6, &[]),
    (20, &["bravo"]),
    (60, &["alfa", "bravo"]),
    (66, &["bravo"]),
    (250, &[]),
    (300, &["alfa"]),
    (305, &[]),
];

/// What each message was, by the number of its run.
fn heads(told: &[(i64, Received)]) -> Vec<(i64, String)> {
    told.iter().map(|(run, received)| (*run, received.text().lines().next().unwrap().to_owned())).collect()
}

fn watch(flags: &str) -> (Vec<(i64, String)>, usize) {
    let stub = Stub::at_any_time("dingtalk");
    let site = Site::new().with_robot(&stub.url(), Some(super::SECRET));
    let begin: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let (mut told, mut printed) = (Vec::new(), 0);
    for run in 0..RUNS {
        if let Some((_, down)) = EVENTS.iter().find(|(at, _)| *at == run) {
            site.console(down);
        }
        let now = begin.checked_add(SignedDuration::from_mins(10 * run)).unwrap();
        let clock = WallClock::showing(&now.to_string());
        let output = site.command(flags).envs(clock.variables()).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 2)), "{output:?}");
        printed += usize::from(!output.stdout.is_empty() || !output.stderr.is_empty());
        told.extend(
            stub.received().into_iter().inspect(|received| assert!(received.was_taken)).map(|received| (run, received)),
        );
    }
    (heads(&told), printed)
}

#[test]
fn sixty_hours_of_cron_tell_each_event_once_and_remind_once_a_day() {
    if !wall_clock::can_be_set() {
        println!("skipped: no C compiler, so no other clock");
        return;
    }
    let (told, printed) = watch("--notify dingtalk --quiet --notify-settle 2 --notify-repeat 1d");
    let of = |text: &str| format!("rictl drift in net-a: {text}");
    let expected = [
        // A link that was down for one run is nobody's news.
        (21, of("1 found")),
        // Both down, for an hour.
        (61, of("1 site down, 1 found, 1 still there")),
        (67, of("2 back to normal, 1 still there")),
        // A day after the last word of it.
        (211, of("reminder, 1 still there")),
        (251, of("1 back to normal")),
        (301, of("1 found")),
        (306, of("1 back to normal")),
    ];
    assert_eq!(told, expected);
    assert_eq!(printed, expected.len(), "and whoever reads mail has read as often");
}

#[test]
fn what_stays_is_told_once_and_once_a_day() {
    let Some((stub, site)) = super::down_on_another_clock() else { return };
    let begin: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let mut told = Vec::new();
    // Every hour for three days, a timer that wavers by seconds.
    for run in 0..3 * 24 {
        let wavers = [0, 7, -4, 11, -9][usize::try_from(run % 5).unwrap()];
        let now = begin.checked_add(SignedDuration::from_secs(3600 * run + wavers)).unwrap();
        let flags = "--notify feishu --notify-repeat 24h";
        let output = site.command(flags).envs(WallClock::showing(&now.to_string()).variables()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        told.extend(stub.received().into_iter().map(|_| run));
    }
    assert_eq!(told, [0, 24, 48]);
}
