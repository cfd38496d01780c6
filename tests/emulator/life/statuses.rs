//! From which statuses each call is let through, what it leads to, and what the others are refused with.

use rictl::resource::{RouterInterfaceId, Status};

use super::super::support::{after, code, epoch, world};
use super::{accepted, call};

/// The words of the API's own table, `Deleted` apart, which is no status that a call meets.
const ALL: [&str; 9] = [
    "Idle",
    "Connecting",
    "AcceptingConnecting",
    "Activating",
    "Active",
    "Modifying",
    "Deactivating",
    "Inactive",
    "Deleting",
];

/// One row of the table: the call, from where it is let through and what follows, and how it is refused elsewhere.
struct Row {
    action: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    /// From, at once, in the end.
    from: &'static [(&'static str, &'static str, &'static str)],
    refused: &'static str,
    refused_of_old: &'static str,
}

const ID: (&str, &str) = ("RouterInterfaceId", "ri-i");

const TABLE: [Row; 8] = [
    Row {
        action: "ActivateRouterInterface",
        parameters: &[ID],
        from: &[("Inactive", "Activating", "Active")],
        refused: "IncorrectRIStatus",
        refused_of_old: "IncorrectStatus",
    },
    Row {
        action: "DeactivateRouterInterface",
        parameters: &[ID],
        from: &[("Active", "Deactivating", "Inactive")],
        refused: "IncorrectRIStatus",
        refused_of_old: "IncorrectStatus",
    },
    Row {
        action: "ConnectRouterInterface",
        parameters: &[ID],
        from: &[("Idle", "Connecting", "Active")],
        refused: "IncorrectRIStatus",
        refused_of_old: "IncorrectStatus",
    },
    Row {
        action: "ModifyRouterInterfaceAttribute",
        parameters: &[ID, ("Name", "another")],
        from: &[("Idle", "Idle", "Idle"), ("Active", "Active", "Active"), ("Inactive", "Inactive", "Inactive")],
        refused: "IncorrectStatus.RouterInterface",
        refused_of_old: "IncorrectStatus",
    },
    Row {
        action: "ModifyRouterInterfaceAttribute",
        parameters: &[ID, ("OppositeInterfaceId", "ri-other")],
        from: &[("Idle", "Modifying", "Idle")],
        refused: "IncorrectStatus.RouterInterface",
        refused_of_old: "",
    },
    Row {
        action: "ModifyRouterInterfaceSpec",
        parameters: &[ID, ("Spec", "Small.2")],
        from: &[("Active", "Activating", "Active")],
        refused: "InvalidInstance.StatusError",
        refused_of_old: "InvalidInstance.StatusError",
    },
    Row {
        action: "DeleteRouterInterface",
        parameters: &[ID],
        from: &[("Idle", "Deleting", "gone"), ("Inactive", "Deleting", "gone")],
        refused: "InvalidInstance.StatusError",
        refused_of_old: "IncorrectStatus",
    },
    Row {
        action: "DeleteExpressConnect",
        parameters: &[ID],
        from: &[("Idle", "Deleting", "gone"), ("Active", "Deleting", "gone"), ("Inactive", "Deleting", "gone")],
        refused: "IncorrectStatus.RouterInterface",
        refused_of_old: "IncorrectStatus.RouterInterface",
    },
];

fn seen(world: &rictl::emulator::World, seconds: i64) -> String {
    let status = world.status(&RouterInterfaceId::from("ri-i"), after(seconds)).map(Status::to_string);
    status.unwrap_or_else(|| "gone".to_owned())
}

#[test]
fn each_call_is_let_through_from_where_the_pages_say_and_from_nowhere_else() {
    for codes in ["new", "old"] {
        for Row { action, parameters, from, refused, refused_of_old } in TABLE {
            for status in ALL {
                let mut world = world(&format!(
                    "{{error_codes: {codes}, regions: [cn-shanghai], interfaces: [
                      {{id: ri-i, status: {status}, role: InitiatingSide, router: vbr-1, opposite: ri-a, settle: {{activate: 20s, deactivate: 20s}}}},
                      {{id: ri-a, status: Idle, role: AcceptingSide, router: vrt-1}}]}}"
                ));
                // The other side is where the call needs it, and no call is about it.
                let reply = call(&mut world, epoch(), action, parameters);
                let what = format!("{action} of {status}, {codes} codes");
                match from.iter().find(|(from, ..)| *from == status) {
                    Some((_, at_once, in_the_end)) => {
                        assert!(
                            !matches!(reply.answer, rictl::emulator::Answer::Refused(_)),
                            "{what}: {:?}",
                            reply.answer
                        );
                        let found = [0, 19, 21].map(|seconds| seen(&world, seconds));
                        assert_eq!(found, [*at_once, *at_once, *in_the_end], "{what}");
                        assert_eq!(world.count(action).mutated, 1, "{what}");
                    }
                    None => {
                        let expected = if codes == "new" { refused } else { refused_of_old };
                        let (http_status, found) = code(reply);
                        if !expected.is_empty() {
                            assert_eq!((http_status, found.as_str()), (400, expected), "{what}");
                        }
                        assert_eq!(world.count(action).mutated, 0, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn tags_and_groups_change_in_any_status_and_move_nothing() {
    for status in ALL {
        let mut world = world(&format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-i, status: {status}, settle: {{activate: 1h, deactivate: 1h}}}}]}}"
        ));
        let of =
            [("ResourceType", "ROUTERINTERFACE"), ("ResourceId.1", "ri-i"), ("Tag.1.Key", "k"), ("Tag.1.Value", "v")];
        accepted(&call(&mut world, epoch(), "TagResourcesForExpressConnect", &of));
        let group = [("ResourceType", "ROUTERINTERFACE"), ("ResourceId", "ri-i"), ("NewResourceGroupId", "rg-2")];
        accepted(&call(&mut world, epoch(), "ChangeResourceGroup", &group));
        assert_eq!(seen(&world, 1), status);
    }
}

#[test]
fn what_the_vendor_locked_is_refused_as_each_page_says() {
    for (business_status, action, more, expected) in [
        ("FinancialLocked", "ModifyRouterInterfaceAttribute", ("Name", "another"), Some("Forbidden.FinancialLocked")),
        ("FinancialLocked", "ModifyRouterInterfaceSpec", ("Spec", "Small.2"), Some("Forbidden.FinancialLocked")),
        ("FinancialLocked", "ConnectRouterInterface", ("x", "y"), Some("Forbidden.BillsOutstanding")),
        ("FinancialLocked", "DeleteExpressConnect", ("x", "y"), None),
        (
            "SecurityLocked",
            "ModifyRouterInterfaceAttribute",
            ("Name", "another"),
            Some("OperationFailed.OperationLocked"),
        ),
        ("SecurityLocked", "DeleteRouterInterface", ("x", "y"), Some("OperationFailed.OperationLocked")),
        ("SecurityLocked", "DeleteExpressConnect", ("x", "y"), Some("OperationFailed.OperationLocked")),
    ] {
        let mut world = world(&format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-i, business_status: {business_status}}}]}}"
        ));
        let reply = call(&mut world, epoch(), action, &[ID, more]);
        match expected {
            Some(expected) => assert_eq!(code(reply), (400, expected.to_owned()), "{action} while {business_status}"),
            None => accepted(&reply),
        }
    }
    let mut world =
        world("{regions: [cn-shanghai, cn-beijing], interfaces: [{id: ri-i, business_status: FinancialLocked}]}");
    let reply = call(&mut world, epoch(), "CreateRouterInterface", &super::PLAIN);
    assert_eq!(code(reply), (400, "Forbidden.BillsOutstanding".to_owned()));
}

#[test]
fn another_accounts_interface_is_refused_as_each_page_says() {
    for (action, more, expected) in [
        ("ConnectRouterInterface", ("x", "y"), (400, "IllegalParam.InstanceOwner")),
        ("ModifyRouterInterfaceAttribute", ("Name", "another"), (400, "Forbbiden")),
        ("ModifyRouterInterfaceSpec", ("Spec", "Small.2"), (400, "InvalidInstanceOwner.Error")),
        ("DeleteRouterInterface", ("x", "y"), (400, "Forbbiden.InvaildOwner")),
        ("DeleteExpressConnect", ("x", "y"), (404, "InvalidRouterInterfaceId.NotFound")),
    ] {
        let mut world = world(
            "{regions: [cn-shanghai], accounts: [{id: '1'}, {id: '2'}], interfaces: [{id: ri-i, account: '2', status: Idle}]}",
        );
        let (status, found) = code(call(&mut world, epoch(), action, &[ID, more]));
        assert_eq!((status, found.as_str()), expected, "{action}");
        let (status, found) = code(call(&mut world, epoch(), action, &[("RouterInterfaceId", "ri-none"), more]));
        assert_eq!((status, found.as_str()), (404, "InvalidRouterInterfaceId.NotFound"), "{action}");
    }
}
