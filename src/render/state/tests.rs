use super::*;
use crate::calendar::Zone;
use crate::cloud::{Call, RequestId};
use crate::plan::StepId;
use crate::render::samples::{HOSTILE, assert_inert, at, scope, target, view, written};
use crate::run::StepReason;
use crate::state::{Durations, RunId, Sighting};

fn shown<'a>(address: &'a Address, record: &'a Record) -> Shown<'a> {
    Shown { address, record, renamed_from: None, dead: None }
}

fn state(text: &str) -> State {
    let record = Record {
        id: "ri-2zeo3xzyf38r4urzdpvfs".into(),
        scope: scope("cn-shanghai"),
        declared: Some(DesiredStatus::Inactive),
        change_id: None,
        observed: Sighting {
            status: Some(Status::Inactive),
            since: at("02:14:13"),
            at: at("02:15:00"),
            from_the_first: false,
        },
        forgotten: false,
        protected: true,
        group: Some("idc-shanghai".into()),
        durations: Durations::default(),
        straggler: None,
        changed_by: None,
        taken_back: None,
        last_action: Some(LastAction {
            run_id: RunId("20261123T021400.000Z-1a2b3c".into()),
            step: StepId("sh-primary/deactivate".into()),
            action: Call::Deactivate,
            request_id: Some(RequestId("4F7B2C9E-0001".into())),
            started_at: at("02:14:01"),
            finished_at: at("02:14:13"),
            outcome: Some(Outcome::Done),
            found: None,
            because: (!text.is_empty()).then(|| StepReason::Told { text: text.to_owned() }),
            uptime: None,
            has_moved_since: false,
        }),
    };
    let gone = Record {
        id: "ri-gone".into(),
        observed: Sighting::first(None, at("01:00:00")),
        declared: None,
        change_id: None,
        protected: false,
        group: None,
        last_action: None,
        changed_by: None,
        taken_back: None,
        ..record.clone()
    };
    State {
        awaiting: Vec::new(),
        guards: None,
        lineage: "l".to_owned(),
        serial: 7,
        target: target(),
        last_run: None,
        anchor: None,
        interfaces: [("sh-primary".into(), record), ("gone".into(), gone)].into(),
    }
}

#[test]
fn lists_and_shows_records() {
    let state = state("");
    insta::assert_snapshot!("list", written(|out| list(out, &state, &Zone::utc(), view(100))));
    let shown = state
        .interfaces
        .iter()
        .map(|(address, record)| written(|out| show(out, &shown(address, record), &Zone::utc(), view(80))));
    insta::assert_snapshot!("show", shown.collect::<String>());
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for text in HOSTILE {
        let state = state(text);
        for (address, record) in &state.interfaces {
            assert_inert(&written(|out| show(out, &shown(address, record), &Zone::utc(), view(60))), text);
        }
    }
}
