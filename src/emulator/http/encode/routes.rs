//! Route tables and their entries, with the fields of the official SDKs' models.

use serde_json::{Map, Value, json};

use super::fields::{created, object};
use crate::emulator::answer::{RouteHop, RouteRow, RouteRows, RouteTable, RouteTables};

pub(super) fn tables(page: &RouteTables) -> Map<String, Value> {
    object(json!({
        "PageNumber": page.page_number,
        "PageSize": page.page_size,
        "TotalCount": page.total_count,
        "RouterTableList": {"RouterTableListType": page.tables.iter().map(table).collect::<Vec<_>>()},
    }))
}

fn table(table: &RouteTable) -> Value {
    let owner =
        table.owner.as_str().parse::<u64>().map_or_else(|_| json!(table.owner.as_str()), |number| json!(number));
    json!({
        "RouteTableId": table.id,
        "RouteTableName": "",
        "Description": "",
        "RouterId": table.router,
        "RouterType": table.router_type,
        "RouteTableType": if table.is_system { "System" } else { "Custom" },
        "VpcId": table.vpc.as_deref().unwrap_or_default(),
        "AssociateType": "VSwitch",
        "Status": "Available",
        "RoutePropagationEnable": true,
        "OwnerId": owner,
        "ResourceGroupId": "",
        "CreationTime": created(),
        "VSwitchIds": {"VSwitchId": []},
        "GatewayIds": {"GatewayIds": []},
        "Tags": {"Tag": []},
    })
}

pub(super) fn entries(page: &RouteRows) -> Map<String, Value> {
    object(json!({
        "TotalCount": page.total_count,
        // Empty after the last page, as the vendor's samples have it.
        "NextToken": page.next_token.as_deref().unwrap_or_default(),
        "RouteEntrys": {"RouteEntry": page.rows.iter().map(entry).collect::<Vec<_>>()},
    }))
}

fn entry(row: &RouteRow) -> Value {
    let id: String =
        row.prefix.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let table = row.table.strip_prefix("vtb-").unwrap_or(&row.table);
    json!({
        "RouteEntryId": format!("rte-{table}-{id}"),
        "RouteEntryName": "",
        "Description": "",
        "RouteTableId": row.table,
        "DestinationCidrBlock": row.prefix,
        "IpVersion": if row.is_ipv6 { "ipv6" } else { "ipv4" },
        "Status": "Available",
        "Type": "Custom",
        "Origin": "CustomCreate",
        "GmtModified": created(),
        "NextHops": {"NextHop": row.next_hops.iter().map(hop).collect::<Vec<_>>()},
    })
}

fn hop(hop: &RouteHop) -> Value {
    let kind: &str = hop.kind.into();
    let mut fields = object(json!({"NextHopId": hop.id, "NextHopType": kind}));
    if let Some(is_enabled) = hop.is_enabled {
        fields.insert("Enabled".to_owned(), json!(u8::from(is_enabled)));
    }
    if let Some(weight) = hop.weight {
        fields.insert("Weight".to_owned(), json!(weight));
    }
    if let Some(region) = &hop.region {
        fields.insert("NextHopRegionId".to_owned(), json!(region.as_str()));
    }
    if let Some((router, kind, region)) = &hop.behind {
        let kind = if &**kind == "VBR" { "VBR" } else { "VPC" };
        let behind = json!({"InstanceId": router, "InstanceType": kind, "RegionId": region.as_str()});
        fields.insert("NextHopRelatedInfo".to_owned(), behind);
    }
    Value::Object(fields)
}
