#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::resource::{AccountName, Region, Scope};

fn router() -> Router {
    let scope = Scope { account: AccountName::default_account(), region: Region::from("cn-shanghai") };
    Router { scope, id: "vrt-1".into(), kind: Some("VRouter".into()) }
}

fn entries_of(listed: &str) -> Result<RoutesPage, serde_json::Error> {
    let body = format!(r#"{{"RequestId":"R","NextToken":"","RouteEntrys":{{"RouteEntry":[{listed}]}}}}"#);
    entries(body.as_bytes(), "vtb-1", RequestId("R".into()))
}

#[test]
fn reads_the_tables_of_a_router() {
    let body = r#"{"Code":"200","Message":"successful","Success":true,"PageNumber":1,"PageSize":50,"TotalCount":"2","RequestId":"R",
        "RouterTableList":{"RouterTableListType":[
            {"RouteTableId":"vtb-1","RouterId":"vrt-1","RouterType":"VRouter","RouteTableType":"System","OwnerId":1234567890123456789},
            {"RouteTableId":"vtb-2","RouterId":"vrt-1","VSwitchIds":{"VSwitchId":["vsw-1"]}}]}}"#;
    let page = tables(body.as_bytes(), &router(), RequestId("R".into())).unwrap();
    assert_eq!(page.tables, ["vtb-1".into(), "vtb-2".into()]);
    assert_eq!(page.total_count, 2);
}

#[test]
fn a_table_of_another_router_proves_that_the_filter_was_ignored() {
    let body =
        r#"{"TotalCount":1,"RouterTableList":{"RouterTableListType":[{"RouteTableId":"vtb-1","RouterId":"vrt-2"}]}}"#;
    let error = tables(body.as_bytes(), &router(), RequestId("R".into())).unwrap_err();
    assert!(error.to_string().contains("a table of router \"vrt-2\", which was not asked for"), "{error}");
}

#[test]
fn reads_weights_and_what_is_available_in_whatever_type_they_come() {
    let page = entries_of(
        r#"{"RouteTableId":"vtb-1","DestinationCidrBlock":"10.8.0.0/16","Status":"Available","Type":"Custom","NextHops":{"NextHop":[
             {"NextHopId":"ri-1","NextHopType":"RouterInterface","Enabled":1,"Weight":100,"NextHopRelatedInfo":{"InstanceId":"vbr-1"}},
             {"NextHopId":"ri-2","NextHopType":"routerinterface","Enabled":"0","Weight":"0"},
             {"NextHopId":"ri-3","NextHopType":"RouterInterface","Enabled":true}]}},
           {"DestinationCidrBlock":"0.0.0.0/0","NextHops":{"NextHop":[{"NextHopId":"ngw-1","NextHopType":"NatGateway"}]}}"#,
    )
    .unwrap();
    let hop = |id: &str, is_enabled, weight| NextHop { id: id.into(), is_enabled, weight };
    let next_hops = vec![hop("ri-1", true, Some(100)), hop("ri-2", false, Some(0)), hop("ri-3", true, None)];
    assert_eq!(page.routes, [Route { table: "vtb-1".into(), prefix: "10.8.0.0/16".into(), next_hops }]);
    assert_eq!(page.next_token, None);
}

#[test]
fn what_a_verdict_hangs_on_must_be_there() {
    let hop =
        |fields: &str| format!(r#"{{"DestinationCidrBlock":"10.8.0.0/16","NextHops":{{"NextHop":[{{{fields}}}]}}}}"#);
    for (entry, complaint) in [
        (r#"{"NextHops":{"NextHop":[]}}"#.to_owned(), "without DestinationCidrBlock"),
        (r#"{"DestinationCidrBlock":"10.8.0.0/16"}"#.to_owned(), "NextHops"),
        (
            r#"{"RouteTableId":"vtb-9","DestinationCidrBlock":"10.8.0.0/16","NextHops":{"NextHop":[]}}"#.to_owned(),
            "table \"vtb-9\"",
        ),
        (hop(r#""NextHopId":"ri-1","Enabled":1"#), "without NextHopType"),
        (hop(r#""NextHopType":"RouterInterface","Enabled":1"#), "without NextHopId"),
        (hop(r#""NextHopType":"RouterInterface","NextHopId":"ri-1""#), "without Enabled"),
        (hop(r#""NextHopType":"RouterInterface","NextHopId":"ri-1","Enabled":"yes""#), "with Enabled \"yes\""),
        (hop(r#""NextHopType":"RouterInterface","NextHopId":"ri-1","Enabled":1,"Weight":-1"#), "with Weight \"-1\""),
    ] {
        let error = entries_of(&entry).unwrap_err().to_string();
        assert!(error.contains(complaint), "{entry}: {error}");
    }
}
