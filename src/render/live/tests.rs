#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::render::samples::{
    HOSTILE, assert_inert, at, events, hostile_events, hostile_plan, large_plan, rich_plan, small_plan, view, written,
};

/// Plays what was written on a screen that knows the two sequences of the table, and returns what it shows.
fn screen(bytes: &str) -> String {
    let mut rows: Vec<String> = vec![String::new()];
    let mut rest = bytes;
    while let Some(next) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let end = sequence.find(|character: char| character.is_ascii_alphabetic()).unwrap();
            match &sequence[end..=end] {
                "A" => rows.truncate(rows.len() - sequence[..end].parse::<usize>().unwrap()),
                "J" => {
                    rows.pop();
                    rows.push(String::new());
                }
                other => panic!("unexpected sequence {other}"),
            }
            rest = &sequence[end + 1..];
            continue;
        }
        match next {
            '\n' => rows.push(String::new()),
            '\r' => {}
            _ => rows.last_mut().unwrap().push(next),
        }
        rest = &rest[next.len_utf8()..];
    }
    rows.join("\n")
}

#[test]
fn keeps_what_is_in_flight_and_lets_the_rest_scroll_away() {
    let plan = rich_plan();
    let typical = [(plan.steps[0].id.clone(), Duration::from_secs(15))].into();
    let mut table = Table::new(&plan, typical, view(100));
    let mut shown = String::new();
    let mut frames = String::new();
    for (now, event) in events() {
        shown += &written(|out| {
            table.event(out, now, &event)?;
            table.draw(out, now, 24)
        });
        if matches!(event, Event::Progress { .. }) {
            frames += &format!("--- {now}\n{}\n", screen(&shown));
        }
    }
    shown += &written(|out| table.clear(out));
    frames += &format!("--- end\n{}", screen(&shown));
    insta::assert_snapshot!(frames);
}

#[test]
fn what_was_sent_counts_as_down_before_anything_is_seen_of_it() {
    let plan = rich_plan();
    let mut table = Table::new(&plan, BTreeMap::new(), view(100));
    let frame = written(|out| {
        table.event(out, at("02:14:00"), &Event::CallSent { step: plan.steps[1].id.clone() })?;
        table.draw(out, at("02:14:01"), 24)
    });
    assert!(frame.contains("sh-primary  sent -> Inactive"), "{frame}");
    assert!(frame.contains("idc-shanghai: 0 of 2 up, floor 1, 0 to spare"), "{frame}");
}

#[test]
fn never_draws_more_rows_or_columns_than_there_are() {
    for (text, width) in HOSTILE.iter().flat_map(|text| [(text, 20), (text, 60)]) {
        let plan = hostile_plan(text);
        let mut table = Table::new(&plan, BTreeMap::new(), view(width));
        let frame = written(|out| {
            plan.steps
                .iter()
                .try_for_each(|step| table.event(out, at("02:14:00"), &Event::CallSent { step: step.id.clone() }))?;
            table.draw(out, at("02:14:10"), 4)
        });
        // The cursor ends in a row of its own: a table as high as the screen would lose its first row for good.
        assert!(frame.lines().count() < 4, "{frame}");
        assert!(frame.lines().all(|line| line.width() < usize::from(width)), "{frame}");
        assert_inert(&frame, text);
    }
}

#[test]
fn counts_what_has_no_row_and_keeps_the_rest_in_columns() {
    let plan = large_plan(50);
    let mut table = Table::new(&plan, BTreeMap::new(), view(60));
    let frame = written(|out| {
        for (number, step) in plan.steps.iter().enumerate() {
            table.event(out, at("02:14:00"), &Event::CallSent { step: step.id.clone() })?;
            let status = (number % 2 == 0).then_some(Status::Deactivating);
            let progress = Event::Progress { step: step.id.clone(), status, elapsed: Duration::ZERO };
            table.event(out, at("02:14:00"), &progress)?;
        }
        table.draw(out, at("02:14:10"), 6)
    });
    assert_eq!(
        frame,
        "0 of 50 finished, 50 in flight (wave 2 of 2)\n  ri00000  Deactivating -> Inactive  10s  wave 1\n  \
         ri00001  sent -> Inactive          10s  wave 1\n  ri00002  Deactivating -> Inactive  10s  wave 1\n  \
         … and 47 more in flight\n"
    );
}

#[test]
fn a_long_name_leaves_room_for_what_happens_to_it() {
    let mut plan = small_plan();
    plan.steps[0].address = "shanghai-idc-pudong-primary-uplink-number-16-of-many-many-links".into();
    let mut table = Table::new(&plan, BTreeMap::new(), view(60));
    let frame = written(|out| {
        table.event(out, at("02:14:00"), &Event::CallSent { step: plan.steps[0].id.clone() })?;
        table.draw(out, at("02:14:10"), 24)
    });
    assert!(frame.contains("  shanghai-idc…-many-links  sent -> "), "{frame}");
}

#[test]
fn a_long_group_leaves_room_for_what_it_can_spare() {
    let mut plan = rich_plan();
    plan.floors[0].group = "every-link-to-the-data-centre-in-shanghai-pudong".into();
    let mut table = Table::new(&plan, BTreeMap::new(), view(60));
    let frame = written(|out| table.draw(out, at("02:14:00"), 24));
    assert!(frame.contains("  every-link-t…nghai-pudong: 1 of 2 up, floor 1, 0 to spare\n"), "{frame}");
}

#[test]
fn hostile_events_move_no_cursor() {
    let plan = rich_plan();
    for text in HOSTILE {
        let mut table = Table::new(&plan, BTreeMap::new(), view(60));
        for event in hostile_events(text) {
            assert_inert(&written(|out| table.event(out, at("02:14:00"), &event)), text);
        }
    }
}

#[test]
fn takes_away_what_a_narrower_terminal_has_broken_into_more_rows() {
    let plan = rich_plan();
    let mut table = Table::new(&plan, BTreeMap::new(), view(80));
    let frame = written(|out| table.draw(out, at("02:14:00"), 24));
    table.resize(20);
    let rows: usize = frame.lines().map(|line| line.width().div_ceil(20)).sum();
    assert!(rows > frame.lines().count());
    assert_eq!(written(|out| table.clear(out)), format!("\x1b[{rows}A\r\x1b[J"));
}

#[test]
fn draws_nothing_where_nothing_changed() {
    let plan = rich_plan();
    let mut table = Table::new(&plan, BTreeMap::new(), view(80));
    assert!(!written(|out| table.draw(out, at("02:14:00"), 24)).is_empty());
    assert_eq!(written(|out| table.draw(out, at("02:14:00"), 24)), "");
}
