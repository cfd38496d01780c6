//! What the API refuses, as a user reads it: signatures, clocks, regions, permissions.

use super::{APPLY, WORLD, spec};
use crate::harness::binary::Desk;
use crate::harness::emulator::{ACCOUNT, Emulator};

/// A world with a key that may read, one that may not do one thing, and one that may do all.
fn guarded() -> String {
    format!(
        "{WORLD}accounts:
  - id: \"{ACCOUNT}\"
    access_keys:
      - {{id: emulator}}
      - {{id: reader, user: auditor, deny: [ActivateRouterInterface, DeactivateRouterInterface]}}
      - {{id: blind, user: newcomer, deny: [DescribeRouterInterfaces]}}
"
    )
}

fn desk_of(key: &str) -> Desk {
    Desk::new(&spec()).with_the_usual_key().variable("ALIBABA_CLOUD_ACCESS_KEY_ID", key)
}

#[test]
fn a_read_only_key_plans_and_watches() {
    let emulator = Emulator::serve(&guarded());
    let desk = desk_of("reader");
    let plan = desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{}", plan.text());
    let drift = desk.quick(&emulator.url(), &["drift"]);
    assert!(drift.code == 2 || drift.code == 0, "{}", drift.text());
    assert!(emulator.mutating_calls().is_empty());
}

#[test]
fn a_read_only_key_is_refused_target_by_target() {
    let emulator = Emulator::serve(&guarded());
    let ran = desk_of("reader").quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 1, "{}", ran.text());
    let calls = emulator.mutating_calls();
    assert_eq!(calls.len(), 2, "each target was tried, once");
    for (id, call) in ["ri-1", "ri-2"].iter().zip(&calls) {
        let said = format!("{id} in cn-shanghai: DeactivateRouterInterface answered Forbidden.RAM");
        assert!(ran.flat().contains(&said), "{}", ran.text());
        assert!(ran.flat().contains(&call.request_id), "{}", ran.text());
    }
    assert!(ran.flat().contains("vpc:DeactivateRouterInterface"), "{}", ran.text());
}

#[test]
fn what_is_denied_for_one_target_does_not_stop_the_others() {
    let world = format!("{WORLD}faults: [{{fault: denied, action: DeactivateRouterInterface, interface: ri-1}}]\n");
    let emulator = Emulator::serve(&world);
    let ran = desk_of("emulator").quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 5, "{}", ran.text());
    assert_eq!((emulator.status("ri-1"), emulator.status("ri-2")), ("Active".to_owned(), "Inactive".to_owned()));
}

#[test]
fn a_key_that_may_not_read_says_which_permission_is_missing() {
    let emulator = Emulator::serve(&guarded());
    let ran = desk_of("blind").quick(&emulator.url(), &["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    for said in ["cn-shanghai", "Forbidden.RAM", "vpc:DescribeRouterInterfaces", "RequestId"] {
        assert!(ran.flat().contains(said), "{said}: {}", ran.text());
    }
}

#[test]
fn a_wrong_secret_is_told_from_a_request_that_was_changed() {
    for signature in ["v1", "v3"] {
        let emulator = Emulator::serve(WORLD);
        let desk = desk_of("emulator")
            .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "not-the-secret")
            .variable("RICTL_SIGNATURE", signature);
        let ran = desk.quick(&emulator.url(), &["plan"]);
        assert_eq!(ran.code, 1, "{}", ran.text());
        for said in ["SignatureDoesNotMatch", "so the access key secret is wrong: check it", "RequestId"] {
            assert!(ran.flat().contains(said), "{signature} {said}: {}", ran.text());
        }
    }
}

#[test]
fn an_unknown_key_is_told() {
    let emulator = Emulator::serve(WORLD);
    let ran = desk_of("LTAI5tNobody").quick(&emulator.url(), &["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    for said in ["InvalidAccessKeyId.NotFound", "key LTAI****body, mode AK", "RequestId"] {
        assert!(ran.flat().contains(said), "{said}: {}", ran.text());
    }
}

#[test]
fn a_clock_that_is_wrong_is_told_by_how_much() {
    for (ahead, said) in [("19m", "19 min ahead of"), ("-3h", "3 h behind")] {
        let emulator = Emulator::serve(&format!("{WORLD}faults: [{{fault: {{clock_skew: {ahead}}}}}]\n"));
        let ran = desk_of("emulator").quick(&emulator.url(), &APPLY);
        assert_eq!(ran.code, 1, "{}", ran.text());
        assert!(ran.flat().contains(said), "{}", ran.text());
        assert!(ran.flat().contains("NTP"), "{}", ran.text());
        assert_eq!(emulator.calls().len(), 1, "no call is repeated");
    }
}

#[test]
fn an_unknown_region_is_told_and_the_rest_goes_on() {
    let emulator = Emulator::serve(WORLD);
    let text = spec().replace("ri-2,", "ri-2, region: cn-shanghia,");
    let desk = desk_of("emulator");
    desk.file("rictl.yaml", &text);
    let ran = desk.quick(&emulator.url(), &["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    for said in
        ["cn-shanghia", "InvalidRegionId.NotFound", "check the region's spelling", "RequestId", "a will be deactivated"]
    {
        assert!(ran.flat().contains(said), "{said}: {}", ran.text());
    }
}
