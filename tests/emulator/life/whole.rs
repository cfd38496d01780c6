//! A life from Create to Delete: by hand and by itself, at the world and over HTTP, in both languages and signatures.

use std::time::Duration;

use rictl::emulator::Fault;
use rictl::resource::RouterInterfaceId;
use serde_json::Value;

use super::super::support::{
    REGION, Received, SECRET, Server, after, code, deactivate, epoch, form, list, pass, sign, world,
};
use super::{FAST, PLAIN, UNCONNECTED, accepted, call, made, with};

const HERE: (&str, &str) = ("RegionId", REGION);

fn status(world: &rictl::emulator::World, id: &str, seconds: i64) -> String {
    let found = world.status(&RouterInterfaceId::from(id), after(seconds));
    found.map_or_else(|| "gone".to_owned(), ToString::to_string)
}

#[test]
fn both_sides_of_a_link_live_and_end() {
    let mut world =
        world("{regions: [cn-shanghai, cn-beijing], settle: {activate: 5s, deactivate: 3s}, interfaces: []}");
    let border =
        [("RouterType", "VBR"), ("RouterId", "vbr-1"), ("AccessPointId", "ap-x"), ("OppositeRegionId", REGION)];
    let initiator = made(&call(&mut world, epoch(), "CreateRouterInterface", &with(&PLAIN, &border)));
    let vpc = [
        ("Role", "AcceptingSide"),
        ("RouterId", "vrt-1"),
        ("Spec", "Negative"),
        ("OppositeRegionId", REGION),
        ("OppositeRouterType", "VBR"),
        ("OppositeAccessPointId", "ap-x"),
    ];
    let acceptor = made(&call(&mut world, epoch(), "CreateRouterInterface", &with(&PLAIN, &vpc)));
    assert_ne!(initiator, acceptor);
    assert_eq!([&initiator, &acceptor].map(|id| status(&world, id, 0)), ["Idle", "Idle"]);
    let connect = [("RouterInterfaceId", initiator.as_str())];
    let (_, found) = code(call(&mut world, after(1), "ConnectRouterInterface", &connect));
    assert_eq!(found, "IncorrectOppositeInterfaceInfo.NotSet");
    for (id, other, router, kind) in
        [(&acceptor, &initiator, "vbr-1", "VBR"), (&initiator, &acceptor, "vrt-1", "VRouter")]
    {
        let told = [
            ("RouterInterfaceId", id.as_str()),
            ("OppositeInterfaceId", other.as_str()),
            ("OppositeRouterId", router),
            ("OppositeRouterType", kind),
            ("OppositeInterfaceOwnerId", "1234567890123456"),
        ];
        accepted(&call(&mut world, after(1), "ModifyRouterInterfaceAttribute", &told));
    }
    accepted(&call(&mut world, after(10), "ConnectRouterInterface", &connect));
    let both = |world: &rictl::emulator::World, seconds| [&initiator, &acceptor].map(|id| status(world, id, seconds));
    assert_eq!(both(&world, 11), ["Connecting", "AcceptingConnecting"]);
    assert_eq!(both(&world, 16), ["Active", "Active"]);
    let rows = list(&mut world, after(16), &[]).0;
    assert_eq!(rows.iter().map(|row| row.connected).collect::<Vec<_>>(), [Some(after(15)), Some(after(15))]);
    accepted(&call(&mut world, after(20), "ModifyRouterInterfaceSpec", &[connect[0], ("Spec", "Large.1")]));
    for (seconds, id) in [(30, &initiator), (40, &acceptor)] {
        accepted(&deactivate(&mut world, after(seconds), id));
    }
    accepted(&call(&mut world, after(50), "DeleteRouterInterface", &connect));
    assert_eq!(both(&world, 51), ["Deleting", "Inactive"]);
    assert_eq!(both(&world, 54), ["gone", "Inactive"]);
    let rows = list(&mut world, after(54), &[]).0;
    let opposite = rows[0].observed.opposite.status.as_ref().map(ToString::to_string);
    assert_eq!((rows.len(), opposite.as_deref()), (1, Some("Deleted")));
    let (_, found) = code(call(&mut world, after(55), "ActivateRouterInterface", &[("RouterInterfaceId", &acceptor)]));
    assert_eq!(found, "OppositeRouterInterfaceIsDeleted");
    accepted(&call(&mut world, after(60), "DeleteRouterInterface", &[("RouterInterfaceId", &acceptor)]));
    assert_eq!(list(&mut world, after(64), &[]).1, 0);
}

#[test]
fn a_fast_link_connects_by_itself_and_is_deleted_whole() {
    let mut world = world("{regions: [cn-shanghai], settle: {activate: 5s, deactivate: 3s}, interfaces: []}");
    let id = made(&call(&mut world, epoch(), "CreateRouterInterface", &FAST));
    let rows = list(&mut world, after(6), &[]).0;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.observed.counts_as_up() && row.details.is_fast_link), "{rows:?}");
    let other = rows.iter().find(|row| row.observed.id.as_str() != id).unwrap();
    assert_eq!(other.observed.specification.as_deref(), Some("Negative"));
    assert_eq!(other.observed.opposite.interface_id.as_ref().unwrap().as_str(), id);
    accepted(&call(&mut world, after(10), "DeleteExpressConnect", &[("RouterInterfaceId", &id), ("Force", "true")]));
    assert_eq!(list(&mut world, after(14), &[]).1, 0);
}

#[test]
fn a_stale_read_shows_what_was() {
    let mut world = world(UNCONNECTED);
    accepted(&call(
        &mut world,
        after(100),
        "ModifyRouterInterfaceAttribute",
        &[("RouterInterfaceId", "ri-i"), ("Name", "later")],
    ));
    made(&call(&mut world, after(100), "CreateRouterInterface", &PLAIN));
    assert_eq!(list(&mut world, after(110), &[]).1, 3);
    let stale = "faults: [{fault: {stale_reads: 1m}, action: DescribeRouterInterfaces}]";
    world.add_faults(Fault::parse_schedule(stale).unwrap(), after(110)).unwrap();
    let (rows, total) = list(&mut world, after(110), &[]);
    assert_eq!((total, rows[0].observed.name.as_deref()), (2, None));
}

#[test]
fn a_transition_sticks_where_the_fault_says() {
    let mut world = world(UNCONNECTED);
    let stuck = "faults: [{fault: stuck_transition, action: ConnectRouterInterface, interface: ri-a}]";
    world.add_faults(Fault::parse_schedule(stuck).unwrap(), epoch()).unwrap();
    accepted(&call(&mut world, epoch(), "ConnectRouterInterface", &[("RouterInterfaceId", "ri-i")]));
    assert_eq!([status(&world, "ri-i", 3600), status(&world, "ri-a", 3600)], ["Active", "AcceptingConnecting"]);
}

#[test]
fn two_thousand_more_than_the_world_began_with_are_listed() {
    let mut world = world(
        "{regions: [cn-shanghai, cn-beijing], quota: {kind: unlimited}, interfaces: [{id: ri-0, router: vrt-0}]}",
    );
    for number in 0..2000 {
        let router = format!("vrt-{number}x");
        accepted(&call(&mut world, epoch(), "CreateRouterInterface", &with(&PLAIN, &[("RouterId", &router)])));
    }
    assert_eq!(list(&mut world, epoch(), &[("PageSize", "50"), ("PageNumber", "41")]).1, 2001);
    let idle = [("Filter.1.Key", "Status"), ("Filter.1.Value.1", "Idle"), ("PageSize", "50"), ("PageNumber", "40")];
    let (rows, total) = list(&mut world, epoch(), &idle);
    assert_eq!((rows.len(), total), (50, 2000));
    assert_eq!(rows[49].observed.router_id.as_deref(), Some("vrt-1999x"));
}

/// Sends one call in one of the ways that clients have.
async fn over(server: &Server, way: &str, action: &str, more: &[(&str, &str)]) -> Received {
    let asked = with(&[HERE], more);
    match way {
        "V1 GET" => server.call(action, &asked).await,
        "V3 POST" => server.v3(action, &asked, |_| {}).await,
        _ => {
            let mut parameters =
                server.v1(action, &with(&asked, &[("Format", if way == "V1 form, XML" { "XML" } else { "JSON" })]));
            sign(&mut parameters, "POST", SECRET);
            let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
            server.raw(&format!("POST / HTTP/1.1\r\n{kind}"), &form(&parameters)).await.unwrap()
        }
    }
}

/// Finds a field of an answer in either language.
fn field(received: &Received, name: &str) -> String {
    if received.body.starts_with('<') {
        let rest = received.body.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        return rest.and_then(|rest| rest.split_once('<')).map(|(value, _)| value.to_owned()).unwrap_or_default();
    }
    match &received.json()[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_is_the_same_in_every_way_to_say_it() {
    for way in ["V1 GET", "V1 form", "V1 form, XML", "V3 POST"] {
        let server = Server::of("{regions: [cn-shanghai, cn-beijing], interfaces: []}").await;
        let created = over(&server, way, "CreateRouterInterface", &FAST).await;
        assert_eq!(created.status, 200, "{way}: {}", created.body);
        let id = field(&created, "RouterInterfaceId");
        let of = [("RouterInterfaceId", id.as_str())];
        pass(Duration::from_secs(5)).await;
        let shown = async |name: &str| {
            let read = over(&server, way, "DescribeRouterInterfaceAttribute", &[("InstanceId", &id)]).await;
            field(&read, name)
        };
        assert_eq!(shown("Status").await, "Active", "{way}");
        let resized = over(&server, way, "ModifyRouterInterfaceSpec", &[of[0], ("Spec", "Middle.5")]).await;
        assert_eq!((resized.status, field(&resized, "Spec").as_str()), (200, "Middle.5"), "{way}");
        pass(Duration::from_secs(5)).await;
        assert_eq!(shown("Bandwidth").await, "500", "{way}");
        for (action, more) in [
            ("ModifyRouterInterfaceAttribute", vec![of[0], ("Name", "名字"), ("Description", "two words")]),
            ("DeactivateRouterInterface", of.to_vec()),
            ("ActivateRouterInterface", of.to_vec()),
            (
                "TagResourcesForExpressConnect",
                vec![
                    ("ResourceType", "ROUTERINTERFACE"),
                    ("ResourceId.1", &id),
                    ("Tag.1.Key", "a"),
                    ("Tag.1.Value", "b"),
                ],
            ),
            (
                "ChangeResourceGroup",
                vec![("ResourceType", "ROUTERINTERFACE"), ("ResourceId", &id), ("NewResourceGroupId", "rg-7")],
            ),
        ] {
            let done = over(&server, way, action, &more).await;
            assert_eq!(done.status, 200, "{way} {action}: {}", done.body);
            pass(Duration::from_secs(5)).await;
        }
        assert_eq!(
            [shown("Name").await, shown("ResourceGroupId").await, shown("Status").await],
            ["名字", "rg-7", "Active"]
        );
        let tags = over(
            &server,
            way,
            "ListTagResourcesForExpressConnect",
            &[("ResourceType", "ROUTERINTERFACE"), ("ResourceId.1", &id)],
        )
        .await;
        assert!(tags.body.contains("TagKey"), "{way}: {}", tags.body);
        let refused = over(&server, way, "DeleteRouterInterface", &of).await;
        assert_eq!((refused.status, field(&refused, "Code").as_str()), (400, "InvalidInstance.StatusError"), "{way}");
        let deleted = over(&server, way, "DeleteExpressConnect", &[of[0], ("Force", "true")]).await;
        assert_eq!(deleted.status, 200, "{way}: {}", deleted.body);
        pass(Duration::from_secs(5)).await;
        let list = over(&server, way, "DescribeRouterInterfaces", &[]).await;
        assert_eq!(field(&list, "TotalCount"), "0", "{way}");
        let events = server.host.lock().unwrap().world().count("ActivateRouterInterface");
        assert_eq!(events.mutated, 1, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_has_a_quota_of_its_own() {
    let server = Server::of("{quota: {limit: 1}, regions: [cn-shanghai], interfaces: [{id: ri-i}, {id: ri-j}]}").await;
    let of = |id| [HERE, ("RouterInterfaceId", id), ("Name", "another"), ("Spec", "Mini.2")];
    for action in [
        "ModifyRouterInterfaceAttribute",
        "DeleteExpressConnect",
        "ConnectRouterInterface",
        "ModifyRouterInterfaceSpec",
    ] {
        let first = server.call(action, &of("ri-i")).await.code();
        assert_ne!(first, "Throttling.User", "{action}");
        assert_eq!(server.call(action, &of("ri-j")).await.code(), "Throttling.User", "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_and_what_was_refused_is_told_afterwards() {
    let server = Server::of("{regions: [cn-shanghai, cn-beijing], interfaces: []}").await;
    let created = server.call("CreateRouterInterface", &PLAIN).await;
    let id = field(&created, "RouterInterfaceId");
    let of = [HERE, ("RouterInterfaceId", id.as_str())];
    server.call("ConnectRouterInterface", &of).await;
    server.call("DeleteRouterInterface", &of).await;
    let asked = [
        ("Version", rictl::emulator::TRAIL_VERSION),
        ("LookupAttribute.1.Key", "ResourceName"),
        ("LookupAttribute.1.Value", &id),
        ("Direction", "FORWARD"),
    ];
    let events = server.call("LookupEvents", &asked).await.json();
    let told: Vec<(&str, &str)> = events["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["eventName"].as_str().unwrap(), event["errorCode"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        ("CreateRouterInterface", ""),
        ("ConnectRouterInterface", "IncorrectOppositeInterfaceInfo.NotSet"),
        ("DeleteRouterInterface", ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(events["Events"][0]["requestId"], created.json()["RequestId"]);
}

#[tokio::test(start_paused = true)]
async fn each_side_is_told_of_the_other_what_the_real_ones_are() {
    let server = Server::of(
        "{regions: [cn-shanghai], interfaces: [
          {id: ri-i, role: InitiatingSide, router: vbr-1, specification: Large.2, access_point: ap-9, opposite: ri-a},
          {id: ri-a, role: AcceptingSide, router: vrt-1, health_check: {source: 10.0.0.1, target: 10.1.0.1, rate: 3s},
           reservation: {active: '2026-02-01T00:00:00Z', bandwidth: 50, order: RENEWCHANGE}}]}",
    )
    .await;
    let rows = |json: Value| json["RouterInterfaceSet"]["RouterInterfaceType"].clone();
    let found = rows(server.call("DescribeRouterInterfaces", &[HERE]).await.json());
    let shown =
        |row: &Value, names: &[&str]| names.iter().map(|name| row[*name].to_string()).collect::<Vec<_>>().join(" ");
    let names = [
        "Bandwidth",
        "AccessPointId",
        "VpcInstanceId",
        "OppositeInterfaceSpec",
        "OppositeBandwidth",
        "OppositeVpcInstanceId",
        "OppositeAccessPointId",
    ];
    assert_eq!(shown(&found[0], &names), r#"2000 "ap-9" null "Negative" 0 "vpc-1" null"#);
    assert_eq!(shown(&found[1], &names), r#"0 null "vpc-1" null null null "ap-9""#);
    let check = [
        "HealthCheckSourceIp",
        "HealthCheckTargetIp",
        "HcThreshold",
        "HcRate",
        "HasReservationData",
        "ReservationBandwidth",
    ];
    assert_eq!(shown(&found[1], &check), r#""10.0.0.1" "10.1.0.1" 8 3000 false null"#);
    let asked = [HERE, ("IncludeReservationData", "true")];
    let found = rows(server.call("DescribeRouterInterfaces", &asked).await.json());
    let reserved = ["HasReservationData", "ReservationActiveTime", "ReservationBandwidth", "ReservationOrderType"];
    assert_eq!(shown(&found[1], &reserved), r#"true "2026-02-01T00:00:00Z" 50 "RENEWCHANGE""#);
}

#[tokio::test(start_paused = true)]
async fn an_error_points_to_the_product_that_answered() {
    let server = Server::of("{interfaces: [{id: ri-a}]}").await;
    for (version, action, product) in [
        (rictl::emulator::VPC_VERSION, "Nonsense", "Vpc"),
        (rictl::emulator::ECS_VERSION, "Nonsense", "Ecs"),
        (rictl::emulator::STS_VERSION, "Nonsense", "Sts"),
        (rictl::emulator::CMS_VERSION, "DescribeMetricLast", "Cms"),
        (rictl::emulator::TRAIL_VERSION, "Nonsense", "Actiontrail"),
    ] {
        let body = server.call(action, &[("Version", version)]).await.json();
        let recommend = body["Recommend"].as_str().unwrap();
        assert!(recommend.contains(&format!("&product={product}&")), "{recommend}");
    }
}
