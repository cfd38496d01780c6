//! The two ends of a link, whether a call on one of them moves the other or not: the real binary under both settings of
//! the emulator.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

fn world(pairs: &str, a: &str, b: &str) -> Emulator {
    Emulator::serve(&format!(
        "regions: [cn-shanghai, cn-beijing]
pairs: {pairs}
settle: {{ activate: 200ms, deactivate: 200ms }}
interfaces:
  - {{ id: ri-a, status: {a}, role: InitiatingSide }}
  - {{ id: ri-b, region: cn-beijing, status: {b}, opposite: ri-a, role: AcceptingSide }}
"
    ))
}

fn desk(a: &str, b: &str) -> Desk {
    Desk::new(&format!(
        "version: 1
cloud: {{ provider: emulator, region: cn-shanghai }}
interfaces:
  a: {{ id: ri-a, status: {a} }}
  b: {{ id: ri-b, region: cn-beijing, status: {b} }}
"
    ))
    .with_the_usual_key()
}

fn actions(emulator: &Emulator) -> Vec<String> {
    emulator.mutating_calls().into_iter().map(|call| format!("{} {}", call.action, call.interface.unwrap())).collect()
}

#[test]
fn a_drained_end_stays_drained_whatever_the_spec_says_of_the_other_end() {
    for (pairs, other) in [("apart", "Active"), ("together", "Inactive")] {
        let emulator = world(pairs, "Active", "Active");
        let desk = desk("Inactive", "Active");
        let drain = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
        assert_eq!(drain.code, 0, "{pairs}: {}", drain.text());
        for _ in 0..2 {
            let again = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
            assert_eq!(again.code, 0, "{pairs}: {}", again.text());
            let is_said = again.flat().contains("b (ri-b in cn-beijing) is not activated: its other end a is declared");
            assert_eq!(is_said, other == "Inactive", "{pairs}: {}", again.text());
            let lines = "its two sides are declared Inactive at rictl.yaml:4:26 and Active at rictl.yaml:5:46";
            assert!(again.flat().contains(lines), "{pairs}: {}", again.text());
        }
        assert_eq!(actions(&emulator), ["DeactivateRouterInterface ri-a"], "{pairs}");
        assert_eq!([emulator.status("ri-a"), emulator.status("ri-b")], ["Inactive", other], "{pairs}");
    }
}

#[test]
fn what_the_other_ends_step_has_moved_is_already_there() {
    for (pairs, calls) in [("apart", 2), ("together", 1)] {
        for (before, wanted) in [("Active", "Inactive"), ("Inactive", "Active")] {
            let emulator = world(pairs, before, before);
            let desk = desk(wanted, wanted);
            let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
            assert_eq!(applied.code, 0, "{pairs}: {}", applied.text());
            assert_eq!(applied.out.contains("Already"), pairs == "together", "{pairs}: {}", applied.text());
            assert_eq!(actions(&emulator).len(), calls, "{pairs}");
            let plan = desk.quick(&emulator.url(), &["plan"]);
            assert!(plan.out.contains("No changes."), "{pairs}: {}", plan.text());
            let back = desk.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]);
            assert_eq!(back.code, 0, "{pairs}: {}", back.text());
            assert_eq!([emulator.status("ri-a"), emulator.status("ri-b")], [before, before], "{pairs}");
        }
    }
}
