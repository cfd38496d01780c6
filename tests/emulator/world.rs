//! The status machine, listings, permissions, quotas, keys: the pure world.

use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::{Strategy, prop, proptest};
use rictl::emulator::{Answer, Principal, Request, STS_VERSION, World};
use rictl::resource::{Role, RouterInterfaceId, Status};

use super::support::{
    PAIR, REGION, after, caller, code, deactivate, epoch, ids, in_region, list, refusal, request, seed, send, world,
};

const ACTIVATE: &str = "ActivateRouterInterface";
const DEACTIVATE: &str = "DeactivateRouterInterface";

fn status(world: &World, id: &str, seconds: i64) -> Option<String> {
    world.status(&RouterInterfaceId::from(id), after(seconds)).map(ToString::to_string)
}

#[test]
fn a_deactivation_settles_at_its_due_time() {
    let mut world = world(PAIR);
    assert_eq!(deactivate(&mut world, epoch(), "ri-a").answer, Answer::Accepted);
    assert_eq!(status(&world, "ri-a", -1).as_deref(), Some("Active"));
    assert_eq!(status(&world, "ri-a", 1).as_deref(), Some("Deactivating"));
    assert_eq!(status(&world, "ri-a", 2).as_deref(), Some("Inactive"));
}

#[test]
fn settle_times_can_be_set_per_interface() {
    let mut world = world(
        "{regions: [cn-shanghai], settle: {activate: 1m}, interfaces: [{id: ri-a, status: Inactive}, {id: ri-b, settle: {deactivate: 1h30m}}]}",
    );
    send(&mut world, epoch(), &in_region(ACTIVATE, REGION, "ri-a"));
    deactivate(&mut world, epoch(), "ri-b");
    assert_eq!(status(&world, "ri-a", 59).as_deref(), Some("Activating"));
    assert_eq!(status(&world, "ri-a", 60).as_deref(), Some("Active"));
    assert_eq!(status(&world, "ri-b", 5399).as_deref(), Some("Deactivating"));
    assert_eq!(status(&world, "ri-b", 5400).as_deref(), Some("Inactive"));
}

#[test]
fn a_world_that_starts_in_transition_settles_by_itself() {
    let world = world(
        "interfaces: [{id: a, status: Deactivating}, {id: b, status: modifying}, {id: c, status: Connecting}, {id: d, status: Deleting}, {id: e, status: Idle}]",
    );
    let now: Vec<_> = world.statuses(after(1)).into_values().map(|status| status.to_string()).collect();
    assert_eq!(now, ["Deactivating", "Modifying", "Connecting", "Deleting", "Idle"]);
    let then: Vec<_> = world.statuses(after(2)).into_values().map(|status| status.to_string()).collect();
    assert_eq!(then, ["Inactive", "Active", "Active", "Deleted", "Idle"]);
    assert_eq!(world.status(&RouterInterfaceId::from("d"), after(2)), None);
}

#[test]
fn each_status_refuses_as_documented() {
    let words =
        ["Idle", "AcceptingConnecting", "Connecting", "Activating", "Modifying", "Deactivating", "Deleting", "Odd"];
    for (spelling, expected) in [("new", "IncorrectRIStatus"), ("old", "IncorrectStatus")] {
        for (action, allowed) in [(ACTIVATE, "Inactive"), (DEACTIVATE, "Active")] {
            let other = if allowed == "Active" { "Inactive" } else { "Active" };
            for word in words.iter().chain([&other]) {
                let mut world = world(&format!(
                    "{{error_codes: {spelling}, regions: [cn-shanghai], interfaces: [{{id: ri-a, status: {word}}}]}}"
                ));
                let refused = refusal(send(&mut world, epoch(), &in_region(action, REGION, "ri-a")));
                assert_eq!((refused.http_status, refused.code.as_ref()), (400, expected), "{action} of {word}");
                assert_eq!(
                    refused.message,
                    format!("RouterInterface can be operated by this action only when it's status is {allowed}.")
                );
            }
        }
    }
}

#[test]
fn locks_and_owners_and_lost_peers_refuse_as_documented() {
    let text = |codes: &str| {
        format!(
            "
error_codes: {codes}
regions: [cn-shanghai, cn-beijing]
accounts: [{{id: '1'}}, {{id: '2'}}]
interfaces:
  - {{id: broke, business_status: FinancialLocked}}
  - {{id: seized, business_status: SecurityLocked}}
  - {{id: theirs, account: '2'}}
  - {{id: lone, status: Inactive, opposite: {{id: ri-x, status: Deleted}}}}
  - {{id: widow, status: Inactive, opposite: late}}
  - {{id: late, status: Deleted}}
  - {{id: far, region: cn-beijing}}
"
        )
    };
    let cases = [
        (DEACTIVATE, REGION, "broke", 400, "Forbidden.FinancialLocked", "Forbidden.FinancileLocked"),
        (ACTIVATE, REGION, "broke", 400, "Forbidden.FinancialLocked", "Forbidden.FinancileLocked"),
        (DEACTIVATE, REGION, "seized", 400, "OperationFailed.OperationLocked", "OperationFailed.OperationLocked"),
        (DEACTIVATE, REGION, "theirs", 400, "Forbbiden.InvaildOwner", "Forbbiden.InvaildOwner"),
        (ACTIVATE, REGION, "theirs", 400, "Forbbiden", "Forbbiden"),
        (ACTIVATE, REGION, "lone", 400, "OppositeRouterInterfaceIsDeleted", "OppositeRouterInterfaceIsDeleted"),
        (ACTIVATE, REGION, "widow", 400, "OppositeRouterInterfaceIsDeleted", "OppositeRouterInterfaceIsDeleted"),
        (DEACTIVATE, REGION, "late", 404, "InvalidRouterInterfaceId.NotFound", "InvalidRouterInterfaceId.NotFound"),
        (DEACTIVATE, REGION, "far", 404, "InvalidRouterInterfaceId.NotFound", "InvalidRouterInterfaceId.NotFound"),
        (DEACTIVATE, REGION, "none", 404, "InvalidRouterInterfaceId.NotFound", "InvalidRouterInterfaceId.NotFound"),
        (DEACTIVATE, "cn-nowhere", "broke", 404, "InvalidRegionId.NotFound", "InvalidRegionId.NotFound"),
    ];
    for (action, region, id, http_status, new, old) in cases {
        for (codes, expected) in [("new", new), ("old", old)] {
            let mut world = world(&text(codes));
            let before = world.statuses(epoch());
            let reply = send(&mut world, epoch(), &in_region(action, region, id));
            assert!(reply.events.iter().all(|event| !event.moves()));
            assert_eq!(code(reply), (http_status, expected.to_owned()), "{action} {id}");
            assert_eq!(world.statuses(after(99)), before);
        }
    }
}

#[test]
fn transitions_that_can_end_in_two_ways_end_as_the_world_says() {
    let cases = [
        ("Connecting", "", "Active"),
        ("Connecting", ", settles_as: Active", "Active"),
        ("Connecting", ", settles_as: Idle", "Idle"),
        ("AcceptingConnecting", ", settles_as: Idle", "Idle"),
        ("Modifying", "", "Active"),
        ("Modifying", ", settles_as: Inactive", "Inactive"),
    ];
    for (word, more, end) in cases {
        let world = world(&format!("{{regions: [{REGION}], interfaces: [{{id: ri-a, status: {word}{more}}}]}}"));
        assert_eq!(status(&world, "ri-a", 1).as_deref(), Some(word));
        assert_eq!(status(&world, "ri-a", 2).as_deref(), Some(end), "{word}{more}");
    }
    let moved = "{interfaces: [{id: ri-a, settles_as: Idle}], faults: [{fault: {console: {interface: ri-a, status: Connecting, at: 1s}}}]}";
    assert_eq!(status(&world(moved), "ri-a", 3).as_deref(), Some("Idle"));
    for (word, end) in
        [("Connecting", "Inactive"), ("Modifying", "Idle"), ("Activating", "Idle"), ("Active", "Deleted")]
    {
        let seed = seed(&format!("interfaces: [{{id: ri-a, status: {word}, settles_as: {end}}}]"));
        let message = World::new(seed, epoch()).unwrap_err().to_string();
        assert!(message.contains(&format!("ri-a is {word}, which cannot settle as {end}")), "{message}");
    }
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let mut world = world(PAIR);
    let cases = [
        (request(DEACTIVATE, &[("RouterInterfaceId", "ri-a")]), 400, "MissingRegionId"),
        (request(DEACTIVATE, &[("RegionId", REGION)]), 400, "MissingRouterInterfaceId"),
        (request("DescribeRouterInterfaceAttribute", &[("RegionId", REGION)]), 400, "MissingInstanceId"),
        (
            request("DescribeRouterInterfaceAttribute", &[("RegionId", REGION), ("InstanceId", "")]),
            400,
            "InvalidParam.NotNull",
        ),
        (request("DeleteVpc", &[]), 404, "InvalidAction.NotFound"),
        (request("GetCallerIdentity", &[]), 404, "InvalidAction.NotFound"),
        (Request { version: "2000-01-01".to_owned(), ..request(DEACTIVATE, &[]) }, 400, "InvalidVersion"),
    ];
    for (asked, http_status, expected) in cases {
        assert_eq!(code(send(&mut world, epoch(), &asked)), (http_status, expected.to_owned()));
    }
}

#[test]
fn each_side_of_a_link_sees_the_other_as_it_is() {
    let mut world = world(PAIR);
    let left = list(&mut world, epoch(), &[]).0.remove(0).observed;
    assert_eq!(left.role, Some(Role::InitiatingSide));
    assert_eq!(left.opposite.interface_id, Some(RouterInterfaceId::from("ri-b")));
    assert_eq!(left.opposite.region.unwrap().as_str(), "cn-beijing");
    assert_eq!(left.opposite.status, Some(Status::Active));

    deactivate(&mut world, epoch(), "ri-a");
    let right = list(&mut world, after(1), &[("RegionId", "cn-beijing")]).0.remove(0).observed;
    assert_eq!((right.role, right.status), (Some(Role::AcceptingSide), Status::Active));
    assert_eq!(right.opposite.status, Some(Status::Deactivating));
}

#[test]
fn an_attribute_of_an_unknown_id_is_an_empty_object() {
    let mut world = world(PAIR);
    let asked = |id| request("DescribeRouterInterfaceAttribute", &[("RegionId", REGION), ("InstanceId", id)]);
    assert_eq!(send(&mut world, epoch(), &asked("ri-none")).answer, Answer::Attribute(None));
    assert_eq!(send(&mut world, epoch(), &asked("ri-b")).answer, Answer::Attribute(None), "it is in another region");
    let Answer::Attribute(Some(row)) = send(&mut world, epoch(), &asked("ri-a")).answer else { panic!("no row") };
    assert_eq!(row.observed.name.as_deref(), Some("left"));
}

#[test]
fn pages_have_10_rows_and_at_most_50() {
    let many: Vec<String> = (0..60).map(|number| format!("{{id: ri-{number:02}}}")).collect();
    let mut world = world(&format!("{{regions: [{REGION}], interfaces: [{}]}}", many.join(", ")));
    let (rows, total) = list(&mut world, epoch(), &[]);
    assert_eq!((rows.len(), total), (10, 60));
    let (rows, total) = list(&mut world, epoch(), &[("PageNumber", "2"), ("PageSize", "50")]);
    assert_eq!((ids(&rows)[0], rows.len(), total), ("ri-50", 10, 60));
    let (rows, total) = list(&mut world, epoch(), &[("PageNumber", "9")]);
    assert_eq!((rows.len(), total), (0, 60));
    for bad in [("PageSize", "51"), ("PageSize", "0"), ("PageNumber", "0"), ("PageNumber", "-1"), ("PageNumber", "x")] {
        let refused =
            refusal(send(&mut world, epoch(), &request("DescribeRouterInterfaces", &[("RegionId", REGION), bad])));
        assert_eq!((refused.http_status, refused.code.as_ref()), (404, "InvalidRegionId.NotFound"));
        assert_eq!(refused.message, "The parameter wrong, pageNum or pageSize.");
    }
}

const FILTERED: &str = "
regions: [cn-shanghai]
account: '7'
interfaces:
  - {id: ri-a, name: one, router: vbr-1, tags: {env: prod}}
  - {id: ri-b, name: two, router: vrt-2, status: Inactive, tags: {env: test}, resource_group: rg-1}
  - {id: ri-c, name: two, router: vbr-3, status: Idle, opposite: {id: ri-z, router: vrt-9, account: '8'}}
";

type Parameters = &'static [(&'static str, &'static str)];

#[test]
fn filters_join_values_by_or_and_keys_by_and() {
    let cases: &[(Parameters, &[&str])] = &[
        (
            &[("Filter.1.Key", "RouterInterfaceId"), ("Filter.1.Value.1", "ri-c"), ("Filter.1.Value.2", "ri-a")],
            &["ri-a", "ri-c"],
        ),
        (
            &[
                ("Filter.1.Key", "Name"),
                ("Filter.1.Value.1", "two"),
                ("Filter.2.Key", "Status"),
                ("Filter.2.Value.1", "idle"),
            ],
            &["ri-c"],
        ),
        (
            &[("Filter.5.Key", "Status"), ("Filter.5.Value.3", "Inactive"), ("Filter.5.Value.1", "Active")],
            &["ri-a", "ri-b"],
        ),
        (&[("Filter.1.Key", "RouterId"), ("Filter.1.Value.1", "vbr-1")], &["ri-a"]),
        (&[("Filter.1.Key", "RouterType"), ("Filter.1.Value.1", "VRouter")], &["ri-b"]),
        (&[("Filter.1.Key", "RouterInterfaceOwnerId"), ("Filter.1.Value.1", "7")], &["ri-a", "ri-b", "ri-c"]),
        (&[("Filter.1.Key", "OppositeInterfaceId"), ("Filter.1.Value.1", "ri-z")], &["ri-c"]),
        (&[("Filter.1.Key", "OppositeRouterId"), ("Filter.1.Value.1", "vrt-9")], &["ri-c"]),
        (&[("Filter.1.Key", "OppositeRouterType"), ("Filter.1.Value.1", "VRouter")], &["ri-c"]),
        (&[("Filter.1.Key", "OppositeInterfaceOwnerId"), ("Filter.1.Value.1", "8")], &["ri-c"]),
        (&[("Filter.1.Key", "RouterInterfaceId"), ("Filter.1.Value.1", "ri-none")], &[]),
        (&[("Tags.1.Key", "env")], &["ri-a", "ri-b"]),
        (&[("Tags.1.Key", "env"), ("Tags.1.Value", "test")], &["ri-b"]),
        (&[("ResourceGroupId", "rg-1")], &["ri-b"]),
        (&[("Unheard", "of")], &["ri-a", "ri-b", "ri-c"]),
    ];
    for (parameters, expected) in cases {
        let (rows, total) = list(&mut world(FILTERED), epoch(), parameters);
        assert_eq!((ids(&rows).as_slice(), total), (*expected, expected.len()), "{parameters:?}");
    }
}

#[test]
fn filters_outside_the_documented_form_are_refused() {
    let cases: &[(Parameters, u16, &str)] = &[
        (&[("Filter.1.Key", "Role"), ("Filter.1.Value.1", "x")], 404, "InvalidFilterKey.ValueNotSupported"),
        (&[("Filter.6.Key", "Name"), ("Filter.6.Value.1", "x")], 400, "Parameter.Illegal"),
        (&[("Filter.1.Key", "Name"), ("Filter.1.Value.6", "x")], 400, "Parameter.Illegal"),
        (&[("Filter.1.Key", "Name"), ("Filter.0.Value.1", "x")], 400, "Parameter.Illegal"),
        (&[("Filter.1.Status", "Active")], 400, "Parameter.Illegal"),
        (&[("Filter.1.Key", "Name")], 400, "InvalidParam.NotNull"),
        (&[("Tags.21.Key", "env")], 400, "Parameter.Illegal"),
    ];
    for (parameters, http_status, expected) in cases {
        let mut asked = request("DescribeRouterInterfaces", parameters);
        asked.parameters.insert("RegionId".to_owned(), REGION.to_owned());
        let found = code(send(&mut world(FILTERED), epoch(), &asked));
        assert_eq!(found, (*http_status, (*expected).to_owned()), "{parameters:?}");
    }
}

#[test]
fn regions_are_those_that_are_listed_or_lived_in() {
    let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-a, region: cn-beijing}]}");
    let Answer::Regions(regions) = send(&mut world, epoch(), &request("DescribeRegions", &[])).answer else { panic!() };
    assert_eq!(regions.iter().map(|region| region.as_str()).collect::<Vec<_>>(), ["cn-beijing", "cn-shanghai"]);
}

#[test]
fn actions_can_be_denied_per_account_and_per_key() {
    let mut world = world(
        "
regions: [cn-shanghai]
accounts:
  - {id: '1', access_keys: [{id: reader, user: eve, deny: [DeactivateRouterInterface]}, {id: writer}]}
  - {id: '2', deny: ['*']}
interfaces: [{id: ri-a}]
",
    );
    let asked = in_region(DEACTIVATE, REGION, "ri-a");
    for (key, refused) in [("reader", true), ("emulator-2", true), ("writer", false)] {
        let caller = world.caller(key).unwrap();
        let reply = world.handle(epoch(), Some(&caller), &asked);
        assert_eq!(matches!(reply.answer, Answer::Refused(_)), refused, "{key}");
        if refused {
            let refusal = refusal(reply);
            assert_eq!((refusal.http_status, refusal.code.as_ref()), (403, "Forbidden.RAM"));
            assert_eq!(refusal.denied.unwrap().action, "vpc:DeactivateRouterInterface");
        }
    }
    assert_eq!(world.caller("reader").unwrap().arn(), "acs:ram::1:user/eve");
}

/// Returns which of the calls at the given instants get through.
fn admitted(kind: &str, milliseconds: &[i64]) -> Vec<bool> {
    let mut world = world(&format!("{{regions: [cn-shanghai], quota: {{limit: 2, window: 10s, kind: {kind}}}}}"));
    let asked = request("DescribeRouterInterfaces", &[("RegionId", REGION)]);
    milliseconds
        .iter()
        .map(|at| {
            let reply = send(&mut world, epoch() + SignedDuration::from_millis(*at), &asked);
            if let Answer::Refused(refused) = &reply.answer {
                assert_eq!((refused.http_status, refused.code.as_ref()), (400, "Throttling.User"));
            }
            matches!(reply.answer, Answer::Listing(_))
        })
        .collect()
}

#[test]
fn quotas_count_by_fixed_and_sliding_windows_and_by_bucket() {
    let at = [0, 9000, 9001, 10_000, 10_001, 15_000, 19_000];
    assert_eq!(admitted("fixed", &at), [true, true, false, true, true, false, false]);
    assert_eq!(admitted("sliding", &at), [true, true, false, true, false, false, true]);
    assert_eq!(
        admitted("bucket", &[0, 0, 0, 4999, 5000, 5001, 15_000, 15_000, 15_000]),
        [true, true, false, false, true, false, true, true, false]
    );
    assert_eq!(admitted("unlimited", &[0; 9]), [true; 9]);
}

#[test]
fn a_bucket_holds_its_burst_however_long_its_window_is() {
    let mut world = world("{regions: [cn-shanghai], quota: {limit: 300, window: 60s, kind: bucket, burst: 2}}");
    let asked = request("DescribeRouterInterfaces", &[("RegionId", REGION)]);
    let admitted = [0, 0, 0, 199, 200, 10_000, 10_000, 10_000].map(|at| {
        let reply = send(&mut world, epoch() + SignedDuration::from_millis(at), &asked);
        matches!(reply.answer, Answer::Listing(_))
    });
    assert_eq!(admitted, [true, true, false, false, true, true, true, false]);
}

#[test]
fn a_refusal_of_the_quota_tells_when_there_is_room_if_the_world_says_so() {
    for (kind, told) in [("fixed", 7_001), ("sliding", 7_001), ("bucket", 2_001), ("unlimited", 0)] {
        for hint in [true, false] {
            let quota = format!("{{limit: 2, window: 10s, kind: {kind}, hint: {hint}}}");
            let mut world = world(&format!("{{regions: [cn-shanghai], quota: {quota}}}"));
            let asked = request("DescribeRouterInterfaces", &[("RegionId", REGION)]);
            for at in [0, 1000] {
                send(&mut world, epoch() + SignedDuration::from_millis(at), &asked);
            }
            let told = Some(Duration::from_millis(told)).filter(|told| hint && !told.is_zero());
            if let Answer::Refused(refused) = send(&mut world, after(3), &asked).answer {
                assert_eq!(refused.retry_after, told, "{kind}");
            }
        }
    }
}

#[test]
fn a_filter_takes_as_many_values_as_the_world_says() {
    let mut world = world("{regions: [cn-shanghai], max_filter_values: 2, interfaces: [{id: ri-a}, {id: ri-b}]}");
    let filter = |ids: &[&str]| {
        let mut asked =
            request("DescribeRouterInterfaces", &[("RegionId", REGION), ("Filter.1.Key", "RouterInterfaceId")]);
        for (number, id) in ids.iter().enumerate() {
            asked.parameters.insert(format!("Filter.1.Value.{}", number + 1), (*id).to_owned());
        }
        asked
    };
    assert!(matches!(send(&mut world, epoch(), &filter(&["ri-a", "ri-b"])).answer, Answer::Listing(_)));
    assert_eq!(code(send(&mut world, epoch(), &filter(&["ri-a", "ri-b", "ri-c"]))).1, "Parameter.Illegal");
}

#[test]
fn every_so_many_answers_take_longer() {
    let mut world = world("{regions: [cn-shanghai], latency: 5ms, latency_tail: {every: 3, latency: 2s}}");
    let asked = request("DescribeRouterInterfaces", &[("RegionId", REGION)]);
    let took = [(); 6].map(|()| send(&mut world, epoch(), &asked).latency.as_millis());
    assert_eq!(took, [5, 5, 2000, 5, 5, 2000]);
}

#[test]
fn a_quota_is_per_region_and_action() {
    let mut world = world("{regions: [cn-shanghai, cn-beijing], quota: {limit: 1}, interfaces: [{id: ri-a}]}");
    let listing = |region| request("DescribeRouterInterfaces", &[("RegionId", region)]);
    assert!(matches!(send(&mut world, epoch(), &listing(REGION)).answer, Answer::Listing(_)));
    assert!(matches!(send(&mut world, epoch(), &listing("cn-beijing")).answer, Answer::Listing(_)));
    assert_eq!(deactivate(&mut world, epoch(), "ri-a").answer, Answer::Accepted);
    assert_eq!(code(send(&mut world, epoch(), &listing(REGION))).1, "Throttling.User");
    let counts = world.count("DescribeRouterInterfaces");
    assert_eq!((counts.received, counts.refused, counts.over_quota, counts.mutated), (3, 1, 1, 0));
    assert_eq!(world.count(DEACTIVATE).mutated, 1);
}

#[test]
fn a_role_can_be_assumed_until_it_expires() {
    let mut world = world("{regions: [cn-shanghai], accounts: [{id: '1'}, {id: '2'}]}");
    let sts = |action: &str, parameters: &[(&str, &str)]| Request {
        version: STS_VERSION.to_owned(),
        ..request(action, parameters)
    };
    let role = [("RoleArn", "acs:ram::2:role/ops"), ("RoleSessionName", "me@host"), ("DurationSeconds", "900")];
    let Answer::Credentials(issued) = send(&mut world, epoch(), &sts("AssumeRole", &role)).answer else { panic!() };
    assert_eq!(issued.expires, after(900));
    assert_eq!(issued.caller.arn(), "acs:sts::2:assumed-role/ops/me@host");
    assert!(!format!("{issued:?}").contains(issued.secret.expose()));

    let Answer::Identity(identity) = world.handle(epoch(), Some(&issued.caller), &sts("GetCallerIdentity", &[])).answer
    else {
        panic!()
    };
    assert!(matches!(identity.principal, Principal::AssumedRole { .. }));

    let oidc = [role.as_slice(), &[("OIDCProviderArn", "p"), ("OIDCToken", "t")]].concat();
    assert!(matches!(world.handle(epoch(), None, &sts("AssumeRoleWithOIDC", &oidc)).answer, Answer::Credentials(_)));
    let refused = |world: &mut World, asked| code(world.handle(epoch(), Some(&caller(world)), &asked));
    assert_eq!(refused(&mut world, sts("AssumeRole", &role[..1])).1, "MissingRoleSessionName");
    assert_eq!(refused(&mut world, sts("AssumeRoleWithOIDC", &role)).1, "MissingOIDCProviderArn");
    let stranger = [("RoleArn", "acs:ram::3:role/ops"), role[1]];
    assert_eq!(refused(&mut world, sts("AssumeRole", &stranger)), (404, "EntityNotExist.Role".to_owned()));
    let short = [role[0], role[1], ("DurationSeconds", "899")];
    assert_eq!(refused(&mut world, sts("AssumeRole", &short)).1, "InvalidParameter.DurationSeconds");
    assert_eq!(world.handle(epoch(), None, &sts("GetCallerIdentity", &[])).events, []);
}

#[test]
fn a_clock_that_steps_back_cannot_act_before_what_has_happened() {
    let mut world = world(PAIR);
    deactivate(&mut world, after(10), "ri-a");
    assert_eq!(code(deactivate(&mut world, after(5), "ri-a")).1, "IncorrectRIStatus");
}

#[derive(Clone, Debug)]
enum Act {
    Wait(u8),
    Change(bool, u8),
    Read,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop::strategy::Union::new([
        (0_u8..4).prop_map(Act::Wait).boxed(),
        (proptest::bool::ANY, 0_u8..3).prop_map(|(activates, which)| Act::Change(activates, which)).boxed(),
        proptest::strategy::Just(Act::Read).boxed(),
    ]);
    prop::collection::vec(act, 1..40)
}

proptest! {
    /// The machine of docs/reference/api.md#status, kept by hand beside the world, and every read thrown in changes
    /// nothing.
    #[test]
    fn the_status_machine_agrees_with_a_model_that_is_stepped(acts in acts()) {
        let text = "{regions: [cn-shanghai], interfaces: [{id: ri-0}, {id: ri-1, status: Inactive}, {id: ri-2, status: Idle}]}";
        let mut subject = world(text);
        let mut unread = world(text);
        let mut now = 0;
        let mut model = [("Active", 0), ("Inactive", 0), ("Idle", 0)];
        for act in acts {
            match act {
                Act::Wait(seconds) => now += i64::from(seconds),
                Act::Read => {
                    let before = subject.statuses(after(now));
                    list(&mut subject, after(now), &[]);
                    assert_eq!(subject.statuses(after(now)), before);
                }
                Act::Change(activates, which) => {
                    let asked = in_region(if activates { ACTIVATE } else { DEACTIVATE }, REGION, &format!("ri-{which}"));
                    let reply = send(&mut subject, after(now), &asked);
                    assert_eq!(send(&mut unread, after(now), &asked).answer, reply.answer);
                    let (status, _) = &mut model[usize::from(which)];
                    let (from, to) = if activates { ("Inactive", "Activating") } else { ("Active", "Deactivating") };
                    assert_eq!(matches!(reply.answer, Answer::Accepted), *status == from);
                    let moved = reply.events.iter().filter(|event| event.moves()).count();
                    assert_eq!(moved, usize::from(*status == from));
                    if *status == from {
                        model[usize::from(which)] = (to, now + 2);
                    }
                }
            }
            for (status, due) in &mut model {
                *status = match *status {
                    "Activating" if *due <= now => "Active",
                    "Deactivating" if *due <= now => "Inactive",
                    same => same,
                };
            }
            for (which, (expected, _)) in model.iter().enumerate() {
                assert_eq!(status(&subject, &format!("ri-{which}"), now).as_deref(), Some(*expected));
            }
        }
        assert_eq!(subject.statuses(after(now)), unread.statuses(after(now)));
    }
}
