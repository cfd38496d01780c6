#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn an_id_tells_of_a_run_that_cannot_have_begun_in_a_span_and_of_no_other() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let id = |text: &str| RunId::made(at(text), "1a2b3c");
    let since = Wanted { since: Some(at("2026-11-23T12:00:00Z")), ..Wanted::default() };
    assert!(since.may_be(&id("2026-11-23T12:00:00Z")));
    assert!(since.may_be(&id("2026-11-23T11:00:00Z")), "it may have waited for a yes");
    assert!(!since.may_be(&id("2026-11-16T11:59:59.999Z")));
    let until = Wanted { until: Some(at("2026-11-23T12:00:00Z")), ..Wanted::default() };
    assert!(until.may_be(&id("2026-11-23T11:59:59.999Z")));
    assert!(!until.may_be(&id("2026-11-23T12:00:00Z")), "no run begins before its id is made");
    let both = Wanted { since: since.since, ..until };
    assert!(both.may_be(&RunId("by-hand".into())) && both.may_be(&RunId("線".into())), "an id that says no time");
}
