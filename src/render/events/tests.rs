#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::render::samples::{HOSTILE, at, events, hostile_events, report, rich_plan, written};

#[test]
fn a_run_is_one_object_a_line() {
    let plan = rich_plan();
    let writer = Events::new(&plan);
    let mut sources = Sources::default();
    let source = sources.add("rictl.yaml", "version: 1\n");
    let place = crate::diagnostic::Place { source, line: 1, column: 1, length: 7 };
    let shown = written(|out| {
        version(out, at("02:13:59"))?;
        diagnostic(out, at("02:13:59"), &sources, &Diagnostic::warning("old").at(place).hint("renew it"))?;
        Events::plan(out, at("02:13:59"), &plan)?;
        events().iter().try_for_each(|(at, event)| writer.event(out, *at, event))?;
        finished(out, at("02:14:20"), &report())
    });
    for line in shown.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["@level", "@message", "@module", "@timestamp", "type"] {
            assert!(object[key].is_string(), "{key} of {line}");
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_hostile_text_stays_inside_its_line() {
    let plan = rich_plan();
    let writer = Events::new(&plan);
    for text in HOSTILE {
        for event in hostile_events(text) {
            let shown = written(|out| writer.event(out, at("02:14:00"), &event));
            assert_eq!(shown.matches('\n').count(), 1);
            serde_json::from_str::<serde_json::Value>(&shown).unwrap();
        }
    }
}

#[test]
fn has_a_schema() {
    let schema = serde_json::to_string(&schemars::schema_for!(EventLine<'_>)).unwrap();
    for word in ["apply_start", "change_summary", "@timestamp", "run_finished"] {
        assert!(schema.contains(word), "{word}");
    }
}
