//! Route tables and their entries, from outside: what a world says, what each face shows, what is refused.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rictl::cloud::ErrorKind;
use rictl::cloud::routes::RoutesRead;
use rictl::cloud::routes::reading::routes;
use rictl::emulator::{Answer, RouteRows, World};
use rictl::resource::{AccountName, NextHop, Route, Router, Scope};

use super::faces::{Faces, known};
use super::support::{REGION, after, code, deactivate, epoch, request, send, world};

const TABLES: &str = "DescribeRouteTableList";
const ENTRIES: &str = "DescribeRouteEntryList";

/// A VPC's router with two tables, the router of a border with one that nobody has written anything into.
const ROUTED: &str = "
regions: [cn-shanghai, cn-beijing]
interfaces:
  - {id: ri-a, router: vrt-1, opposite: {id: ri-z, region: cn-beijing, router: vbr-z, status: Active}}
  - {id: ri-b, router: vrt-1}
  - {id: ri-v, router: vbr-1}
routes:
  - {table: vtb-1, router: vrt-1, prefix: 10.8.0.0/16, next_hops: [{id: ri-a, weight: 100}, {id: ri-b, weight: 0}]}
  - {table: vtb-1, router: vrt-1, prefix: 10.9.0.0/16, next_hops: [{id: ri-a, enabled: false}]}
  - {table: vtb-1, router: vrt-1, prefix: 0.0.0.0/0, next_hops: [{id: ngw-1, type: NatGateway}]}
  - {table: vtb-1, router: vrt-1, prefix: 192.168.0.0/24, next_hops: [{id: i-1, type: Instance}]}
  - {table: vtb-2, router: vrt-1, prefix: '2001:db8::/32', next_hops: [{id: ri-b}]}
";

pub(crate) fn router(id: &str) -> Router {
    let scope = Scope { account: AccountName::default_account(), region: REGION.into() };
    Router { scope, id: id.into(), kind: None }
}

/// What the tables of one router say, or why that is not known.
type Found = Result<Vec<Route>, (ErrorKind, Option<Box<str>>)>;

async fn read(cloud: &impl RoutesRead, ids: &[&str]) -> Vec<Found> {
    let routers: BTreeSet<Router> = ids.iter().map(|id| router(id)).collect();
    routes(cloud, &routers).await.into_iter().map(|read| read.routes.map_err(known)).collect()
}

fn entries(world: &mut World, more: &[(&str, &str)]) -> RouteRows {
    let mut asked = request(ENTRIES, more);
    asked.parameters.entry("RegionId".to_owned()).or_insert(REGION.to_owned());
    asked.parameters.entry("RouteTableId".to_owned()).or_insert("vtb-1".to_owned());
    match send(world, epoch(), &asked).answer {
        Answer::RouteEntries(rows) => rows,
        other => panic!("no entries: {other:?}"),
    }
}

fn prefixes(rows: &RouteRows) -> Vec<&str> {
    rows.rows.iter().map(|row| &*row.prefix).collect()
}

fn refused(world: &mut World, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
    let mut asked = request(action, parameters);
    asked.parameters.entry("RegionId".to_owned()).or_insert(REGION.to_owned());
    code(send(world, epoch(), &asked))
}

#[tokio::test(start_paused = true)]
async fn both_faces_show_the_routes_of_a_router() {
    let faces = Faces::of(ROUTED).await;
    let found = faces.same(async |cloud| read(cloud, &["vrt-1", "vbr-1"]).await).await;
    let [border, vpc] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*border, Ok(vec![]), "a router has a table whether or not the world says so");
    let hop = |id: &str, is_enabled, weight| NextHop { id: id.into(), is_enabled, weight };
    let route = |table: &str, prefix: &str, next_hops| Route { table: table.into(), prefix: prefix.into(), next_hops };
    let expected = vec![
        route("vtb-1", "10.8.0.0/16", vec![hop("ri-a", true, Some(100)), hop("ri-b", true, Some(0))]),
        route("vtb-1", "10.9.0.0/16", vec![hop("ri-a", false, None)]),
        route("vtb-2", "2001:db8::/32", vec![hop("ri-b", true, None)]),
    ];
    assert_eq!(*vpc, Ok(expected));
    for world in [&*faces.inside.borrow(), faces.server.host.lock().unwrap().world()] {
        assert_eq!(world.count(TABLES).received, 2);
        assert_eq!(world.count(ENTRIES).received, 3);
    }
}

#[test]
fn a_type_that_is_left_out_means_instance() {
    let mut world = world(ROUTED);
    assert_eq!(prefixes(&entries(&mut world, &[])), ["192.168.0.0/24"]);
    assert_eq!(prefixes(&entries(&mut world, &[("NextHopType", "RouterInterface")])), ["10.8.0.0/16", "10.9.0.0/16"]);
    assert_eq!(prefixes(&entries(&mut world, &[("NextHopType", "NatGateway")])), ["0.0.0.0/0"]);
}

#[test]
fn entries_are_narrowed_as_the_pages_say() {
    let mut world = world(ROUTED);
    let mut with = |more: &[(&str, &str)]| {
        let asked = [&[("NextHopType", "RouterInterface")], more].concat();
        let rows = entries(&mut world, &asked);
        assert_eq!(rows.total_count, rows.rows.len());
        prefixes(&rows).join(" ")
    };
    assert_eq!(with(&[("NextHopId", "ri-b")]), "10.8.0.0/16");
    assert_eq!(with(&[("DestinationCidrBlock", "10.9.0.0/16")]), "10.9.0.0/16");
    assert_eq!(
        with(&[("DestCidrBlockList.1", "10.9.0.0/16"), ("DestCidrBlockList.2", "10.8.0.0/16")]),
        "10.8.0.0/16 10.9.0.0/16"
    );
    assert_eq!(with(&[("IpVersion", "ipv6")]), "");
    assert_eq!(with(&[("RouteTableId", "vtb-2"), ("IpVersion", "ipv6")]), "2001:db8::/32");
    assert_eq!(with(&[("RouteEntryType", "Custom"), ("NextHopId", "ri-b")]), "10.8.0.0/16");
    assert_eq!(with(&[("RouteEntryType", "BGP")]), "");
}

#[test]
fn pages_of_entries_begin_at_a_token_of_their_own_list() {
    let mut world = world(ROUTED);
    let first = [("NextHopType", "RouterInterface"), ("MaxResult", "1")];
    let rows = entries(&mut world, &first);
    let token = rows.next_token.clone().unwrap();
    assert_eq!((prefixes(&rows), rows.total_count), (vec!["10.8.0.0/16"], 2));
    let rows = entries(&mut world, &[&first[..], &[("NextToken", &token)]].concat());
    assert_eq!((prefixes(&rows), rows.next_token.as_deref()), (vec!["10.9.0.0/16"], None));
    for (name, value) in [("MaxResult", "2"), ("NextHopId", "ri-a"), ("RouteTableId", "vtb-2"), ("NextToken", "ffff")] {
        let mut asked = vec![("RouteTableId", "vtb-1"), first[0], first[1], ("NextToken", &*token)];
        asked.retain(|(known, _)| *known != name);
        asked.push((name, value));
        assert_eq!(refused(&mut world, ENTRIES, &asked), (400, "IllegalParam.NextToken".to_owned()), "{name}");
    }
}

#[test]
fn what_the_pages_refuse_is_refused() {
    let mut world = world(ROUTED);
    let mut entries = |name: &str, value: &str| {
        let mut asked = vec![("RouteTableId", "vtb-1")];
        asked.retain(|(known, _)| *known != name);
        asked.push((name, value));
        refused(&mut world, ENTRIES, &asked).1
    };
    assert_eq!(entries("RouteTableId", "vtb-9"), "InvalidRouteTable.NotFound");
    assert_eq!(entries("RegionId", "cn-beijing"), "InvalidRouteTable.NotFound", "it is elsewhere");
    assert_eq!(entries("RegionId", "cn-nowhere"), "InvalidRegionId.NotFound");
    assert_eq!(entries("NextHopId", "ri-9"), "InvalidNextHop.NotFound");
    assert_eq!(entries("NextHopType", "Carrier"), "Parameter.Illegal");
    assert_eq!(entries("RouteEntryType", "Static"), "IllegalParam.RouteEntryType");
    assert_eq!(entries("IpVersion", "ipv5"), "IllegalParam.IpVersion");
    assert_eq!(entries("MaxResult", "101"), "Parameter.Illegal");
    assert_eq!(entries("MaxResult", "0"), "Parameter.Illegal");
    assert_eq!(refused(&mut world, ENTRIES, &[]).1, "MissingRouteTableId");
    assert_eq!(refused(&mut world, TABLES, &[("PageSize", "51")]), (404, "InvalidRegionId.NotFound".to_owned()));
    assert_eq!(refused(&mut world, TABLES, &[("RouterType", "Switch")]).1, "Parameter.Illegal");
}

#[test]
fn a_router_is_found_under_its_own_type_only() {
    let mut world = world(ROUTED);
    let mut tables = |parameters: &[(&str, &str)]| {
        let mut asked = request(TABLES, parameters);
        asked.parameters.insert("RegionId".to_owned(), REGION.to_owned());
        match send(&mut world, epoch(), &asked).answer {
            Answer::RouteTables(page) => {
                page.tables.iter().map(|table| table.id.to_string()).collect::<Vec<_>>().join(" ")
            }
            other => panic!("no tables: {other:?}"),
        }
    };
    assert_eq!(tables(&[]), "vtb-1 vtb-2", "a type that is left out means VRouter");
    assert_eq!(tables(&[("RouterId", "vbr-1")]), "");
    assert_eq!(tables(&[("RouterId", "vbr-1"), ("RouterType", "VBR")]), "vtb-vbr-1");
    assert_eq!(tables(&[("VpcId", "vpc-1"), ("RouterType", "VBR")]), "vtb-1 vtb-2", "a VPC forces its type");
    assert_eq!(tables(&[("RouteTableType", "Custom")]), "vtb-2");
    assert_eq!(tables(&[("PageSize", "1"), ("PageNumber", "2")]), "vtb-2");
    assert_eq!(tables(&[("RouterId", "vrt-9")]), "");
}

#[test]
fn an_interface_that_is_down_clears_enabled_where_the_world_says_so() {
    let enabled = |text: &str| {
        let mut world = world(text);
        deactivate(&mut world, epoch(), "ri-a");
        let mut asked =
            request(ENTRIES, &[("RegionId", REGION), ("RouteTableId", "vtb-1"), ("NextHopType", "RouterInterface")]);
        asked.parameters.insert("DestinationCidrBlock".to_owned(), "10.8.0.0/16".to_owned());
        let Answer::RouteEntries(rows) = send(&mut world, after(60), &asked).answer else { panic!("no entries") };
        rows.rows[0].next_hops.iter().map(|hop| hop.is_enabled.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(enabled(ROUTED), [true, true]);
    assert_eq!(enabled(&format!("{ROUTED}inactive_next_hops: enabled\n")), [true, true]);
    assert_eq!(enabled(&format!("{ROUTED}inactive_next_hops: disabled\n")), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_reads_of_routes() {
    let outcome = async |fault: &str| {
        let faces = Faces::of(&format!("{ROUTED}faults: [{{{fault}}}]\n")).await;
        let mut reads = faces.same(async |cloud| read(cloud, &["vrt-1"]).await).await;
        reads.remove(0)
    };
    let kind = async |fault: &str| outcome(fault).await.unwrap_err().0;
    assert_eq!(kind("fault: denied, action: DescribeRouteEntryList").await, ErrorKind::Denied);
    assert_eq!(kind("fault: garbage, action: DescribeRouteTableList").await, ErrorKind::Malformed);
    assert_eq!(kind("fault: {total_count: 9}, action: DescribeRouteTableList").await, ErrorKind::Malformed);
    assert_eq!(kind("fault: {short_page: 1}, action: DescribeRouteTableList").await, ErrorKind::Malformed);
    let expired = "fault: {error: {code: IllegalParam.NextTokenExpired}}, action: DescribeRouteEntryList";
    assert_eq!(kind(expired).await, ErrorKind::CursorExpired);
    assert_eq!(outcome(&format!("{expired}, nth: 1")).await.unwrap().len(), 3, "the table was begun anew");
    assert_eq!(kind(&format!("{expired}, interface: ri-b, region: cn-shanghai")).await, ErrorKind::CursorExpired);
    assert_eq!(outcome(&format!("{expired}, interface: ri-v")).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_may_not_look_at_routes_is_denied() {
    let deny = "accounts: [{id: '1234567890123456', deny: [DescribeRouteTableList]}]\n";
    let faces = Faces::of(&format!("{ROUTED}{deny}")).await;
    let reads = faces.same(async |cloud| read(cloud, &["vrt-1"]).await).await;
    assert_eq!(reads, [Err((ErrorKind::Denied, Some("Forbidden.RAM".into())))]);
}

#[tokio::test(start_paused = true)]
async fn a_longer_table_takes_a_call_per_hundred_entries() {
    let lines: Vec<String> = (0..250)
        .map(|number| {
            format!("  - {{table: vtb-1, router: vrt-1, prefix: 10.{number}.0.0/16, next_hops: [{{id: ri-a}}]}}")
        })
        .collect();
    let text =
        format!("regions: [cn-shanghai]\ninterfaces: [{{id: ri-a, router: vrt-1}}]\nroutes:\n{}\n", lines.join("\n"));
    let faces = Faces::of(&text).await;
    let reads = faces.same(async |cloud| read(cloud, &["vrt-1"]).await).await;
    assert_eq!(reads[0].as_ref().unwrap().len(), 250);
    assert_eq!(faces.inside.borrow().count(ENTRIES).received, 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    /// Whatever the routes: both faces say the same of them, and it is what the world's file says.
    #[test]
    fn routes_are_read_as_they_were_written(
        written in prop::collection::vec(
            (0_usize..3, 0_u8..40, prop::collection::btree_map(0_usize..4, (prop::option::of(0_u8..=255), prop::option::of(prop::bool::ANY)), 1..4)),
            0..30,
        ),
    ) {
        let mut text = String::from("regions: [cn-shanghai]\ninterfaces:\n");
        (0..4).for_each(|id| text.push_str(&format!("  - {{id: ri-{id}, router: vrt-1}}\n")));
        let mut expected: Vec<Route> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut lines = String::new();
        for (table, number, hops) in &written {
            if !seen.insert((table, number)) {
                continue;
            }
            let prefix = format!("10.{number}.0.0/16");
            let one = |(id, (weight, enabled)): (&usize, &(Option<u8>, Option<bool>))| {
                let weight = weight.map(|weight| format!(", weight: {weight}")).unwrap_or_default();
                let enabled = enabled.map(|enabled| format!(", enabled: {enabled}")).unwrap_or_default();
                format!("{{id: ri-{id}{weight}{enabled}}}")
            };
            let listed: Vec<String> = hops.iter().map(one).collect();
            lines.push_str(&format!("  - {{table: vtb-{table}, router: vrt-1, prefix: {prefix}, next_hops: [{}]}}\n", listed.join(", ")));
            let hop = |(id, (weight, enabled)): (&usize, &(Option<u8>, Option<bool>))| NextHop {
                id: format!("ri-{id}").into(),
                is_enabled: enabled.unwrap_or(true),
                weight: weight.map(u32::from),
            };
            expected.push(Route { table: format!("vtb-{table}").into(), prefix: prefix.into(), next_hops: hops.iter().map(hop).collect() });
        }
        if !lines.is_empty() {
            text.push_str(&format!("routes:\n{lines}"));
        }
        expected.sort_by(|a, b| (&a.table, &a.prefix).cmp(&(&b.table, &b.prefix)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let reads: Vec<Found> = runtime.block_on(async {
            let faces = Faces::of(&text).await;
            faces.same(async |cloud| read(cloud, &["vrt-1"]).await).await
        });
        let mut found = reads[0].clone().unwrap();
        found.sort_by(|a, b| (&a.table, &a.prefix).cmp(&(&b.table, &b.prefix)));
        prop_assert_eq!(found, expected);
    }
}
