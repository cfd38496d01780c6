//! What each call reads, and what it refuses.

use rictl::emulator::{Answer, TagRow, World};
use rictl::resource::RouterInterfaceId;

use super::super::support::{after, code, epoch, ids, list, world};
use super::{FAST, PLAIN, UNCONNECTED, accepted, call, made, with};

const CREATE: &str = "CreateRouterInterface";
const MODIFY: &str = "ModifyRouterInterfaceAttribute";
const ROUTERS: &str = "{regions: [cn-shanghai, cn-beijing], interfaces: []}";

#[test]
fn create_refuses_what_the_pages_do_not_allow() {
    let long = "x".repeat(129);
    for (other, expected) in [
        (vec![("Role", "")], "MissingRole"),
        (vec![("RouterType", "")], "MissingRouterType"),
        (vec![("RouterId", "")], "MissingRouterId"),
        (vec![("Spec", "")], "MissingSpec"),
        (vec![("OppositeRegionId", "")], "MissingOppositeRegionId"),
        (vec![("OppositeRegionId", "cn-nowhere")], "InvalidRegionId.NotFound"),
        (vec![("Role", "Both")], "InvalidRole.ValueNotSupported"),
        (vec![("RouterType", "Router")], "InvalidRouterType.ValueNotSupported"),
        (vec![("RouterId", "rtr-1")], "InvalidRouterId.NotFound"),
        (vec![("RouterId", "vbr-1")], "InvalidRouterId.NotFound"),
        (vec![("Spec", "Huge.1")], "InvalidSpec.ValudNotSupported"),
        (vec![("Spec", "Negative")], "InvalidSpec.ValudNotSupported"),
        (vec![("Role", "AcceptingSide")], "InvalidSpec.ValudNotSupported"),
        (vec![("OppositeRouterType", "VBR")], "InvalidRole.ValueNotSupported"),
        (vec![("OppositeRouterType", "Router")], "InvalidOppositeRouterType.ValueNotSupported"),
        (vec![("RouterType", "VBR"), ("RouterId", "vbr-1")], "InvalidParams.NotNull"),
        (vec![("AccessPointId", "ap-1")], "InvalidAccessPoint.ValueNotAllowed"),
        (vec![("RouterType", "VBR"), ("RouterId", "vbr-1"), ("AccessPointId", "x")], "InvalidAccessPoint.NotExist"),
        (vec![("HealthCheckSourceIp", "10.0.0.1")], "IllegalParam.HealthcheckIp"),
        (
            vec![("HealthCheckSourceIp", "10.0.0.1"), ("HealthCheckTargetIp", "10.1.0.1")],
            "OperationFailed.HcForInvalidRiType",
        ),
        (vec![("Name", "1st")], "InvalidName.Malformed"),
        (vec![("Name", "a")], "InvalidName.Malformed"),
        (vec![("Name", &long)], "InvalidName.Malformed"),
        (vec![("Description", "https://example.com")], "InvalidDescription.Malformed"),
        (vec![("InstanceChargeType", "Free")], "InvalidRouterInterfaceChargeType.Malformed"),
        (vec![("InstanceChargeType", "PrePaid")], "MissingPeriod"),
        (vec![("InstanceChargeType", "PrePaid"), ("Period", "10")], "InvalidRouterInterfaceChargeType.Malformed"),
        (
            vec![("InstanceChargeType", "PrePaid"), ("Period", "1"), ("Role", "AcceptingSide"), ("Spec", "Negative")],
            "Forbidden.AcceptRoleNotSupportPrePay",
        ),
        (vec![("Tags.1.Key", "acs:x")], "InvalidTagKey"),
        (vec![("FastLinkMode", "maybe")], "InvalidFastLinkMode"),
        (vec![("FastLinkMode", "true")], "InvalidParams.NotNull"),
    ] {
        let mut world = world(ROUTERS);
        let (_, found) = code(call(&mut world, epoch(), CREATE, &with(&PLAIN, &other)));
        assert_eq!(found, expected, "{other:?}");
        assert_eq!(list(&mut world, epoch(), &[]).1, 0);
    }
    for (other, expected) in [
        (vec![("OppositeInterfaceOwnerId", "")], "InvalidParams.NotNull"),
        (vec![("OppositeInterfaceOwnerId", "2")], "OperationFailed.CannotConnectOtherOwnerInstance"),
        (
            vec![("RouterType", "VRouter"), ("RouterId", "vrt-2"), ("AccessPointId", "")],
            "InvalidRouterType.ValueNotSupported",
        ),
    ] {
        let mut world = world(ROUTERS);
        let (_, found) = code(call(&mut world, epoch(), CREATE, &with(&FAST, &other)));
        assert_eq!(found, expected, "{other:?}");
    }
}

#[test]
fn a_router_has_five_interfaces_and_one_link_to_another() {
    let mut world = world(ROUTERS);
    for number in 0..5 {
        let opposite = format!("vrt-o{number}");
        accepted(&call(&mut world, epoch(), CREATE, &with(&PLAIN, &[("OppositeRouterId", &opposite)])));
    }
    let (_, found) = code(call(&mut world, epoch(), CREATE, &PLAIN));
    assert_eq!(found, "LimitationExceed.InterfaceNumberOnRouter");

    accepted(&call(&mut world, epoch(), CREATE, &with(&FAST, &[("OppositeRouterId", "vrt-other")])));
    let (_, found) = code(call(&mut world, epoch(), CREATE, &with(&FAST, &[("OppositeRouterId", "vrt-other")])));
    assert_eq!(found, "HaveConnectionBetweenRouters");
}

/// Tells an interface which other one it is to be connected to.
fn tell(world: &mut World, id: &str, told: &[(&str, &str)]) {
    let told = with(&[("RouterInterfaceId", id)], told);
    accepted(&call(world, epoch(), MODIFY, &told));
}

#[test]
fn connect_wants_both_sides_to_name_each_other() {
    const ACCEPTOR: [(&str, &str); 3] =
        [("OppositeInterfaceId", "ri-a"), ("OppositeRouterId", "vrt-1"), ("OppositeRouterType", "VRouter")];
    const INITIATOR: [(&str, &str); 3] =
        [("OppositeInterfaceId", "ri-i"), ("OppositeRouterId", "vbr-1"), ("OppositeRouterType", "VBR")];
    let is_accepting = "role: AcceptingSide, router: vrt-1, status: Idle";
    for (acceptor, of_initiator, of_acceptor, expected) in [
        (is_accepting, ("", ""), ("", ""), None),
        (is_accepting, ("OppositeRouterId", "vrt-2"), ("", ""), Some("RouterId")),
        (is_accepting, ("OppositeRouterType", "VBR"), ("", ""), Some("RouterType")),
        (is_accepting, ("OppositeInterfaceId", "ri-none"), ("", ""), Some("InstanceId")),
        (is_accepting, ("OppositeInterfaceOwnerId", "9"), ("", ""), Some("AliUid")),
        (is_accepting, ("", ""), ("OppositeInterfaceId", "ri-x"), Some("OppositeInterfaceId")),
        (is_accepting, ("", ""), ("OppositeRouterId", "vbr-2"), Some("OppositeRouterId")),
        (is_accepting, ("", ""), ("OppositeRouterType", "VRouter"), Some("OppositeRouterType")),
        (is_accepting, ("", ""), ("OppositeInterfaceOwnerId", "9"), Some("OppositeInterfaceOwnerId")),
        ("role: InitiatingSide, router: vrt-1, status: Idle", ("", ""), ("", ""), Some("Role")),
    ] {
        let mut world = world(&format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-i, status: Idle, router: vbr-1}}, {{id: ri-a, {acceptor}}}]}}"
        ));
        let connect = |world: &mut World, seconds| {
            call(world, after(seconds), "ConnectRouterInterface", &[("RouterInterfaceId", "ri-i")])
        };
        tell(&mut world, "ri-i", &with(&ACCEPTOR, &[of_initiator]));
        if of_initiator.0 != "OppositeInterfaceId" {
            assert_eq!(code(connect(&mut world, 5)).1, "IncorrectOppositeInterfaceInfo.NotSet", "{of_initiator:?}");
        }
        tell(&mut world, "ri-a", &with(&INITIATOR, &[of_acceptor]));
        let reply = connect(&mut world, 15);
        match expected {
            None => accepted(&reply),
            Some(attribute) => assert_eq!(code(reply).1, format!("AttrMismatching.AcceptingSide{attribute}")),
        }
    }
    let mut world = world(UNCONNECTED);
    let (_, found) = code(call(&mut world, epoch(), "ConnectRouterInterface", &[("RouterInterfaceId", "ri-a")]));
    assert_eq!(found, "IncorrectRole.NotInitiatingSide");
}

#[test]
fn routers_are_connected_once_and_not_with_themselves() {
    let connect = [("RouterInterfaceId", "ri-i")];
    for (other, router, expected) in [
        (
            "{id: ri-x, role: InitiatingSide, router: vbr-1, opposite: ri-y}, {id: ri-y, router: vrt-1}",
            "vrt-1",
            "Forbidden.OnlyOneConnection",
        ),
        ("{id: ri-x}", "vbr-1", "IncorrectOppositeInterfaceInfo"),
    ] {
        let mut world = world(&format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-i, status: Idle, role: InitiatingSide, router: vbr-1, opposite: ri-a}},
              {{id: ri-a, status: Idle, router: {router}}}, {other}]}}"
        ));
        assert_eq!(code(call(&mut world, epoch(), "ConnectRouterInterface", &connect)).1, expected);
    }
    // The other side has gone on alone.
    let mut world = world(
        "{regions: [cn-shanghai], interfaces: [{id: ri-i, status: Idle, router: vbr-1, opposite: ri-a}, {id: ri-a, router: vrt-1}]}",
    );
    assert_eq!(code(call(&mut world, epoch(), "ConnectRouterInterface", &connect)).1, "IncorrectRIStatus");
}

#[test]
fn modify_reads_every_field_and_refuses_what_is_none() {
    for (more, expected) in [
        (vec![("Name", "1st")], "InvalidName.Malformed"),
        (vec![("Description", "http://x")], "InvalidDescription.Malformed"),
        (vec![("OppositeRouterType", "Router")], "InvalidOppositeRouterType.ValueNotSupported"),
        (vec![("HcThreshold", "0")], "IllegalParam.HcThreshold"),
        (vec![("HcRate", "fast")], "IllegalParam.HcRate"),
        (vec![("HealthCheckSourceIp", "10.0.0.1")], "IllegalParam.HcSourceIp"),
        (vec![("HealthCheckSourceIp", "10.0.0"), ("HealthCheckTargetIp", "10.1.0.1")], "InvalidHealthCheckIP.Malformd"),
        (
            vec![
                ("HealthCheckSourceIp", "10.0.0.1"),
                ("HealthCheckTargetIp", "10.1.0.1"),
                ("DeleteHealthCheckIp", "true"),
            ],
            "InvalidParam.ModifyRouterInterface",
        ),
    ] {
        let mut world = world(UNCONNECTED);
        let (_, found) = code(call(&mut world, epoch(), MODIFY, &with(&[("RouterInterfaceId", "ri-a")], &more)));
        assert_eq!(found, expected, "{more:?}");
    }
    let mut world = world(UNCONNECTED);
    let check = [("HealthCheckSourceIp", "10.0.0.1"), ("HealthCheckTargetIp", "10.1.0.1")];
    let (_, found) = code(call(&mut world, epoch(), MODIFY, &with(&[("RouterInterfaceId", "ri-i")], &check)));
    assert_eq!(found, "LinkRole.NotSupport", "the border router's side");

    let more =
        with(&check, &[("RouterInterfaceId", "ri-a"), ("HcThreshold", "5"), ("HcRate", "3000"), ("Name", "fresh")]);
    accepted(&call(&mut world, epoch(), MODIFY, &more));
    let rows = list(&mut world, after(3), &[("Filter.1.Key", "Name"), ("Filter.1.Value.1", "fresh")]).0;
    assert_eq!(ids(&rows), ["ri-a"], "a filter finds the new name");
    let found = rows[0].details.health_check.clone().unwrap();
    assert_eq!((found.source.as_str(), found.threshold, found.rate.as_millis()), ("10.0.0.1", 5, 3000));
    accepted(&call(&mut world, after(3), MODIFY, &[("RouterInterfaceId", "ri-a"), ("DeleteHealthCheckIp", "true")]));
    let rows = list(&mut world, after(6), &[("Filter.1.Key", "Name"), ("Filter.1.Value.1", "fresh")]).0;
    assert_eq!(rows[0].details.health_check, None);
}

#[test]
fn the_other_side_is_told_only_while_idle() {
    let told = |opposite: &str| {
        world(&format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-i, opposite: {{id: ri-x, router: {opposite}}}}}]}}"
        ))
    };
    let other = [("RouterInterfaceId", "ri-i"), ("OppositeInterfaceId", "ri-y")];
    let (_, found) = code(call(&mut told("vbr-1"), epoch(), MODIFY, &other));
    assert_eq!(found, "Forbbiden.ModifyIdAndType");
    let (_, found) = code(call(&mut told("vrt-1"), epoch(), MODIFY, &other));
    assert_eq!(found, "IncorrectStatus.RouterInterface");
    // What is said again is not changed.
    accepted(&call(
        &mut told("vrt-1"),
        epoch(),
        MODIFY,
        &[("RouterInterfaceId", "ri-i"), ("OppositeInterfaceId", "ri-x")],
    ));
}

#[test]
fn a_size_is_one_of_the_list_and_fits_the_side() {
    for (side, word, expected) in [
        ("InitiatingSide", "Xlarge.1", None),
        ("InitiatingSide", "Large.9", Some("InvalidSpec.ValueNotSupported")),
        ("InitiatingSide", "Negative", Some("InvalidSpec.ValueNotSupported")),
        ("AcceptingSide", "Large.1", Some("InvalidSpec.ValueNotSupported")),
        ("AcceptingSide", "Negative", None),
    ] {
        let mut world = world(&format!("{{regions: [cn-shanghai], interfaces: [{{id: ri-i, role: {side}}}]}}"));
        let reply =
            call(&mut world, epoch(), "ModifyRouterInterfaceSpec", &[("RouterInterfaceId", "ri-i"), ("Spec", word)]);
        match expected {
            None => assert_eq!(reply.answer, Answer::Resized(word.to_owned())),
            Some(expected) => assert_eq!(code(reply).1, expected, "{side} {word}"),
        }
    }
    let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-i, opposite: {id: ri-x, status: Deleted}}]}");
    let (_, found) = code(call(
        &mut world,
        epoch(),
        "ModifyRouterInterfaceSpec",
        &[("RouterInterfaceId", "ri-i"), ("Spec", "Mini.2")],
    ));
    assert_eq!(found, "InvalidOpposite.NotFound");
}

const ROUTED: &str = "
regions: [cn-shanghai]
interfaces:
  - {id: ri-i, role: InitiatingSide, router: vbr-1, status: Inactive, opposite: ri-a}
  - {id: ri-a, role: AcceptingSide, router: vrt-1, status: Inactive}
routes:
  - {table: vtb-1, router: vrt-1, prefix: 10.8.0.0/16, next_hops: [{id: ri-a}]}
";

#[test]
fn what_a_route_leads_over_is_not_deleted_but_by_force() {
    for (codes, alone) in [
        ("new", "RouterInterfaceReferredByRouteEntry"),
        ("old", "DependencyViolation.RouterInterfaceReferedByRouteEntry"),
    ] {
        let mut world = world(&format!("error_codes: {codes}{ROUTED}"));
        let (_, found) = code(call(&mut world, epoch(), "DeleteRouterInterface", &[("RouterInterfaceId", "ri-a")]));
        assert_eq!(found, alone);
        let (_, found) = code(call(&mut world, epoch(), "DeleteExpressConnect", &[("RouterInterfaceId", "ri-i")]));
        assert_eq!(found, "DependencyViolation.RouterInterfaceReferedByRouteEntry");
        accepted(&call(
            &mut world,
            epoch(),
            "DeleteExpressConnect",
            &[("RouterInterfaceId", "ri-i"), ("Force", "true")],
        ));
        let routes = [("RouteTableId", "vtb-1"), ("NextHopType", "RouterInterface")];
        let Answer::RouteEntries(found) = call(&mut world, after(1), "DescribeRouteEntryList", &routes).answer else {
            panic!()
        };
        assert_eq!((found.rows.len(), found.total_count), (0, 0));
        assert_eq!(list(&mut world, after(3), &[]).1, 0, "both sides are gone");
    }
}

#[test]
fn what_is_paid_for_in_advance_is_not_deleted() {
    let prepaid = |side: &str| {
        world(&format!(
            "{{regions: [cn-shanghai], interfaces: [{{id: ri-i, status: Inactive, opposite: ri-a}}, {{id: ri-a, status: Inactive}}, {{id: {side}, charge: PrePaid, status: Inactive}}]}}"
        ))
    };
    let (_, found) =
        code(call(&mut prepaid("ri-p"), epoch(), "DeleteRouterInterface", &[("RouterInterfaceId", "ri-p")]));
    assert_eq!(found, "InvalidRouterInterfaceChargeType.Malformed");
    let (_, found) =
        code(call(&mut prepaid("ri-p"), epoch(), "DeleteExpressConnect", &[("RouterInterfaceId", "ri-p")]));
    assert_eq!(found, "InvalidRouterInterfaceChargeType.Malformed");
    let mut world =
        world("{regions: [cn-shanghai], interfaces: [{id: ri-i, opposite: ri-a}, {id: ri-a, charge: PrePaid}]}");
    let (_, found) = code(call(&mut world, epoch(), "DeleteExpressConnect", &[("RouterInterfaceId", "ri-i")]));
    assert_eq!(found, "InvalidRouterInterfaceOppositeChargeType.Malformed");
}

#[test]
fn an_order_that_nobody_pays_for_makes_nothing() {
    let mut world = world(ROUTERS);
    let prepaid = with(&PLAIN, &[("InstanceChargeType", "PrePaid"), ("Period", "1"), ("PricingCycle", "Month")]);
    let unpaid = call(&mut world, epoch(), CREATE, &prepaid);
    assert!(matches!(unpaid.answer, Answer::Created { order: Some(_), .. }), "{:?}", unpaid.answer);
    assert_eq!(list(&mut world, epoch(), &[]).1, 0);
    let id = made(&call(&mut world, epoch(), CREATE, &with(&prepaid, &[("AutoPay", "true")])));
    let rows = list(&mut world, epoch(), &[]).0;
    assert_eq!(ids(&rows), [id.as_str()]);
    assert_eq!(rows[0].details.ends, Some(after(30 * 24 * 3600)));
}

#[test]
fn tags_are_given_listed_and_taken() {
    let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-i, tags: {old: '1'}}, {id: ri-a}]}");
    let of = [("ResourceType", "ROUTERINTERFACE"), ("ResourceId.1", "ri-i"), ("ResourceId.2", "ri-a")];
    let tags = [("Tag.1.Key", "site"), ("Tag.1.Value", "sh"), ("Tag.2.Key", "bare")];
    accepted(&call(&mut world, epoch(), "TagResourcesForExpressConnect", &[&of[..], &tags[..]].concat()));
    let mut listed = |more: &[(&str, &str)]| {
        let asked = with(&[("ResourceType", "ROUTERINTERFACE")], more);
        match call(&mut world, epoch(), "ListTagResourcesForExpressConnect", &asked).answer {
            Answer::Tags(page) => (page.rows, page.next_token),
            other => panic!("{other:?}"),
        }
    };
    let row = |id: &str, key: &str, value: &str| TagRow {
        id: RouterInterfaceId::from(id),
        key: key.into(),
        value: value.into(),
    };
    let all = [row("ri-i", "bare", ""), row("ri-i", "old", "1"), row("ri-i", "site", "sh")];
    assert_eq!(listed(&of[1..2]), (all.to_vec(), None));
    let (first, token) = listed(&[("Tag.1.Key", "site"), ("Tag.1.Value", "sh"), ("MaxResults", "3")]);
    assert_eq!(first, all);
    let token = token.unwrap();
    let rest = listed(&[("Tag.1.Key", "site"), ("Tag.1.Value", "sh"), ("MaxResults", "3"), ("NextToken", &token)]);
    assert_eq!(rest, (vec![row("ri-a", "bare", ""), row("ri-a", "site", "sh")], None));
    assert_eq!(ids(&list(&mut world, epoch(), &[("Tags.1.Key", "old"), ("Tags.1.Value", "1")]).0), ["ri-i"]);

    accepted(&call(
        &mut world,
        epoch(),
        "UntagResourcesForExpressConnect",
        &[&of[..], &[("TagKey.1", "site")]].concat(),
    ));
    assert_eq!(list(&mut world, epoch(), &[("Tags.1.Key", "site")]).1, 0);
    accepted(&call(&mut world, epoch(), "UntagResourcesForExpressConnect", &[&of[..], &[("All", "true")]].concat()));
    assert_eq!(list(&mut world, epoch(), &[("Tags.1.Key", "old")]).1, 0);
}

#[test]
fn tags_that_are_none_are_refused() {
    let of = [("ResourceType", "ROUTERINTERFACE"), ("ResourceId.1", "ri-i"), ("Tag.1.Key", "k")];
    let many: Vec<(String, String)> =
        (1..=21).map(|number| (format!("Tag.{number}.Key"), format!("k{number}"))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (other, expected) in [
        (vec![("ResourceType", "VPC")], "InvalidInstanceType.NotFound"),
        (vec![("ResourceId.1", "ri-none")], "InvalidInstanceIds.NotFound"),
        (vec![("ResourceId.1", "")], "MissingParameter.ResourceId"),
        (vec![("Tag.1.Key", "")], "MissingParameter.TagKey"),
        (vec![("Tag.1.Key", "aliyun-x")], "InvalidTagKey"),
        (vec![("Tag.1.Value", "http://x")], "InvalidTagValue"),
        (vec![("Tag.2.Key", "k")], "Forbidden.TagKey.Duplicated"),
        (many, "SizeLimitExceeded.TagNum"),
    ] {
        let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-i}]}");
        let (_, found) = code(call(&mut world, epoch(), "TagResourcesForExpressConnect", &with(&of, &other)));
        assert_eq!(found, expected);
    }
    let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-i}]}");
    let found =
        code(call(&mut world, epoch(), "ListTagResourcesForExpressConnect", &[("ResourceType", "ROUTERINTERFACE")]));
    assert_eq!(found, (403, "BothEmpty.TagsAndResources".to_owned()));
    for (other, expected) in [
        (("ResourceType", "VPC"), "ResourceType.Unknown"),
        (("ResourceId", "ri-none"), "InvalidResourceId.NotFound"),
        (("NewResourceGroupId", "x"), "IllegalParam.ResourceGroupId"),
    ] {
        let asked = [("ResourceType", "ROUTERINTERFACE"), ("ResourceId", "ri-i"), ("NewResourceGroupId", "rg-1")];
        let (_, found) = code(call(&mut world, epoch(), "ChangeResourceGroup", &with(&asked, &[other])));
        assert_eq!(found, expected);
    }
}
