//! Every view for a terminal, as it looks at 80 and 120 columns, with and without colour.

use std::collections::BTreeMap;
use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::explain::Explanation;
use super::samples::{drift, events, live_state, past, report, rich_plan, spec, view, written};
use super::{View, drift as drifted, explain, history, live, plan, progress, report as ended};
use crate::language::{self, Language};
use crate::overview::Prospect;
use crate::render::words::next::Given;
use crate::resource::Address;

fn looks(name: &str, show: impl Fn(&mut Vec<u8>, View) -> io::Result<()>) {
    for width in [80, 120] {
        for color in [false, true] {
            let shown = written(|out| show(out, View { color, ..view(width) })).replace('\x1b', "␛");
            let ascii = written(|out| show(out, View { color, unicode: false, ..view(width) }));
            assert!(ascii.is_ascii(), "{name} has no ASCII fallback: {ascii}");
            let color = if color { "_color" } else { "" };
            insta::assert_snapshot!(format!("{name}_{width}{color}"), shown);
        }
    }
}

#[test]
fn plan_looks_like_this() {
    looks("plan", |out, view| plan::text(out, &rich_plan(), &Given::default(), view));
}

#[test]
fn drift_looks_like_this() {
    looks("drift", |out, view| drifted::text(out, &drift(), &Given::default(), view));
}

/// Asserts that no row is wider than the screen, but for the lines that are copied and so never broken.
fn assert_fits(shown: &str, width: u16) {
    let is_whole = |row: &&str| ["批准用", "冻结", "有漂移"].iter().any(|begin| row.starts_with(begin));
    for row in shown.lines().filter(|row| !is_whole(row)) {
        assert!(row.width() <= usize::from(width), "{} of {width} columns: {row}\n{shown}", row.width());
    }
}

#[test]
fn chinese_looks_like_this_and_fits_the_screen() {
    type Show = fn(&mut Vec<u8>, View) -> io::Result<()>;
    let views: [(&str, Show); 5] = [
        ("plan", |out, view| plan::text(out, &rich_plan(), &Given::default(), view)),
        ("drift", |out, view| drifted::text(out, &drift(), &Given::default(), view)),
        ("progress", |out, view| {
            let mut progress = progress::Progress::new(&rich_plan(), view).wrapped();
            events().iter().try_for_each(|(_, event)| progress.event(out, event))
        }),
        ("end", |out, view| ended::text(out, &report(), &Given::default(), 1, view)),
        ("live", |out, view| {
            let plan = rich_plan();
            let mut table = live::Table::new(&plan, BTreeMap::new(), view);
            let begun: Vec<_> = events().into_iter().take(6).collect();
            begun.iter().try_for_each(|(at, event)| table.event(&mut Vec::new(), *at, event))?;
            table.draw(out, begun[5].0, 24)
        }),
    ];
    for (name, show) in views {
        for width in [60, 80, 120] {
            let shown = written(|out| show(out, View { language: Language::Chinese, ..view(width) }));
            assert_fits(&shown, width);
            assert_eq!(language::in_force(), Language::English, "what comes after is in English");
            insta::assert_snapshot!(format!("chinese_{name}_{width}"), shown);
        }
    }
}

#[test]
fn history_and_a_run_look_like_this() {
    looks("history", |out, view| history::list(out, &[past(report()), past(report())], history::Extent::All, view));
    looks("run", |out, view| history::run(out, &past(report()), &Given::default(), view));
}

#[test]
fn explain_looks_like_this() {
    let (spec, live, plan) = (spec(), live_state(), rich_plan());
    let address = Address::from("sh-primary");
    let (declared, reading) = (&spec.interfaces[&address], &live.readings[&address]);
    let (record, plan, assumed) = (None, &plan, None);
    let prospect = &Prospect { spare_after: Some(1), ..Prospect::default() };
    let renamed_from = None;
    let facts = Explanation {
        spec: &spec,
        address: &address,
        declared,
        reading,
        record,
        renamed_from,
        dead: None,
        plan,
        assumed,
        prospect,
    };
    looks("explain", |out, view| explain::text(out, &facts, &Given::default(), view));
}

#[test]
fn an_apply_and_its_end_look_like_this() {
    looks("progress", |out, view| {
        let mut progress = progress::Progress::new(&rich_plan(), view);
        events().iter().try_for_each(|(_, event)| progress.event(out, event))
    });
    looks("end", |out, view| ended::text(out, &report(), &Given::default(), 1, view));
}

#[test]
fn a_frame_of_the_live_table_looks_like_this() {
    let plan = rich_plan();
    let typical = BTreeMap::from([(plan.steps[0].id.clone(), std::time::Duration::from_secs(15))]);
    looks("live", |out, view| {
        let mut table = live::Table::new(&plan, typical.clone(), view);
        let begun: Vec<_> = events().into_iter().take(6).collect();
        let now = begun[5].0;
        begun.iter().try_for_each(|(at, event)| table.event(&mut Vec::new(), *at, event))?;
        table.draw(out, now, 24)
    });
}
