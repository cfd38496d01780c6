#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::overview::{AtWork, End};
use crate::plan::TrafficUnread;
use crate::render::samples::{HOSTILE, assert_inert, at, drift, view, written};
use crate::resource::{ScopeFailure, Status};

/// One link that is down, in which every text is `text`, and what else can be said.
fn overview(text: &str) -> Overview {
    let sample = drift();
    let link = Link {
        group: sample.groups.first().map(|group| group.name.clone()),
        ends: vec![End {
            address: "sh-primary".into(),
            id: "ri-sh-primary".into(),
            status: Some(Status::Inactive),
            since: Some(at("02:00:00")),
            why: None,
        }],
        up: Some(false),
        change_id: None,
        owner: Some(text.to_owned()),
        who: Some(text.to_owned()),
        run_id: Some(RunId(text.into())),
        until: None,
        changes: Vec::new(),
        reason: Some(text.to_owned()),
        hands_off: true,
        hands_off_until: None,
        hands_off_expired: false,
        since: Some(at("02:00:00")),
    };
    let failure = ScopeFailure {
        scope: crate::render::samples::scope("cn-beijing"),
        detail: text.into(),
        may_be_misspelt: false,
    };
    Overview {
        spec: text.to_owned(),
        timestamp: at("02:14:00"),
        at: None,
        target: sample.target.clone(),
        time_zone: sample.time_zone.clone(),
        groups: sample.groups.clone(),
        links: vec![link; 5],
        awaiting: Vec::new(),
        approvals: vec![Approval {
            digest: text.to_owned(),
            by: text.to_owned(),
            approved_at: at("02:00:00"),
            at: at("02:30:00"),
            expires: at("03:30:00"),
        }],
        unusable: vec![text.to_owned()],
        in_transition: Vec::new(),
        upcoming: Vec::new(),
        at_work: Some(AtWork { run_id: None, who: text.into(), addresses: Vec::new() }),
        unread: vec![Unread { failure, shown_of: Some(at("02:13:20")) }],
        traffic: vec![TrafficHeard {
            traffic: Traffic { address: "sh-primary".into(), in_bps: Some(12_000_000), out_bps: None },
            unread: Some(TrafficUnread::Denied { detail: text.into() }),
        }],
    }
}

#[test]
fn stays_inert_whatever_anybody_wrote() {
    for hostile in HOSTILE {
        assert_inert(&written(|out| text(out, &overview(hostile), Extent::Selected, view(60))), hostile);
    }
}

#[test]
fn says_how_old_what_is_shown_is_where_it_could_not_be_read_again() {
    let told = written(|out| text(out, &overview("throttled"), Extent::Selected, view(200)));
    assert!(told.contains("Error: cannot read cn-beijing: throttled; shown as it was 40s ago\n"), "{told}");
}

#[test]
fn a_picture_fits_its_window_and_keeps_what_it_comes_to() {
    for (rows, columns) in [(2, 80), (4, 20), (6, 40), (12, 60), (40, 120)] {
        let mut watch = Watch::default();
        let overview = overview("a reason that is long enough to be wider than most windows are, and wider still");
        let drawn = written(|out| watch.draw(out, (&overview, Extent::Selected), (view(columns), rows)));
        assert!(drawn.lines().count() < usize::from(rows).max(2), "{rows}x{columns}\n{drawn}");
        assert!(drawn.lines().all(|line| line.width() < usize::from(columns)), "{rows}x{columns}\n{drawn}");
        assert!(drawn.contains("0 of 5 links"), "{rows}x{columns}\n{drawn}");
        assert_eq!(written(|out| watch.draw(out, (&overview, Extent::Selected), (view(columns), rows))), "");
    }
}
