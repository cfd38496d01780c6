"""The official Python SDKs against the emulator: they sign, page, filter and parse errors as with the real API.

Usage: python_sdk.py HOST:PORT. The world is the one in tests/sdk.rs. Prints one line per check and fails on
the first that does not hold.
"""

import json
import sys

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkvpc.request.v20160428.ActivateRouterInterfaceRequest import ActivateRouterInterfaceRequest
from aliyunsdkvpc.request.v20160428.DeactivateRouterInterfaceRequest import DeactivateRouterInterfaceRequest
from aliyunsdkvpc.request.v20160428.DescribeRouterInterfacesRequest import DescribeRouterInterfacesRequest
from alibabacloud_actiontrail20200706 import models as trail_models
from alibabacloud_actiontrail20200706.client import Client as TrailClient
from alibabacloud_cms20190101 import models as cms_models
from alibabacloud_cms20190101.client import Client as CmsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models
from alibabacloud_vpc20160428.client import Client

REGION = "cn-shanghai"
ENDPOINT = sys.argv[1]
WRONG_STATUS = "RouterInterface can be operated by this action only when it's status is Active."


def check(what, found, expected):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"
    print(f"ok {what}")


def failure(call, kind):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("the call did not fail")


def core_sdk(method):
    """aliyun-python-sdk-core: V1, GET or POST, with an empty signed SignatureType and an x-acs-action header."""
    client = AcsClient("emulator", "emulator-secret", REGION)

    def send(request, through=client):
        request.set_endpoint(ENDPOINT)
        request.set_method(method)
        request.set_protocol_type("http")
        return json.loads(through.do_action_with_exception(request))

    def deactivate(interface, through=client):
        request = DeactivateRouterInterfaceRequest()
        request.set_RouterInterfaceId(interface)
        return send(request, through)

    name = f"core {method}"
    request = DescribeRouterInterfacesRequest()
    request.set_PageSize(50)
    request.set_Filters([{"Key": "RouterInterfaceId", "Value": ["ri-0", "ri-1", "ri-none"]}, {"Key": "Name", "Value": ["uplink ä+*~/1"]}])
    page = send(request)
    check(f"{name} lists", [row["RouterInterfaceId"] for row in page["RouterInterfaceSet"]["RouterInterfaceType"]], ["ri-1"])
    check(f"{name} is accepted", len(deactivate(f"ri-core-{method}")["RequestId"]), 36)

    error = failure(lambda: deactivate(f"ri-core-{method}"), ServerException)
    check(f"{name} parses an error", (error.get_http_status(), error.get_error_code(), error.get_error_msg()), (400, "IncorrectRIStatus", WRONG_STATUS))
    check(f"{name} finds the RequestId", len(error.get_request_id()), 36)
    error = failure(lambda: deactivate("ri-none"), ServerException)
    check(f"{name} parses a 404", (error.get_http_status(), error.get_error_code()), (404, "InvalidRouterInterfaceId.NotFound"))

    # The SDK compares the server's string to sign with its own: equal means that the secret is wrong.
    forger = AcsClient("emulator", "not the secret", REGION)
    error = failure(lambda: deactivate("ri-0", forger), ServerException)
    check(f"{name} blames the secret", error.get_error_code(), "InvalidAccessKeySecret")
    stranger = AcsClient("nobody", "emulator-secret", REGION)
    error = failure(lambda: deactivate("ri-0", stranger), ServerException)
    check(f"{name} parses an unknown key", (error.get_http_status(), error.get_error_code()), (404, "InvalidAccessKeyId.NotFound"))
    request = ActivateRouterInterfaceRequest()
    request.set_RouterInterfaceId("ri-0")
    error = failure(lambda: send(request), ServerException)
    check(f"{name} parses throttling", error.get_error_code(), "Throttling.User")

    request = CommonRequest(domain=ENDPOINT, version="2015-04-01", action_name="GetCallerIdentity")
    check(f"{name} asks who it is", send(request)["AccountId"], "1234567890123456")


def openapi_sdk(name, **config):
    """alibabacloud_vpc20160428 and its siblings: V3 by default, V1 by setting."""
    def client(secret="emulator-secret", kind=Client):
        return kind(Config(access_key_id="emulator", access_key_secret=secret, endpoint=ENDPOINT, protocol="http", region_id=REGION, **config))

    def deactivate(interface, through):
        return through.deactivate_router_interface(models.DeactivateRouterInterfaceRequest(region_id=REGION, router_interface_id=interface))

    ours = client()
    request = models.DescribeRouterInterfacesRequest(
        region_id=REGION,
        page_size=50,
        filter=[
            models.DescribeRouterInterfacesRequestFilter(key="RouterInterfaceId", value=["ri-0", "ri-1"]),
            models.DescribeRouterInterfacesRequestFilter(key="Name", value=["uplink ä+*~/1"]),
        ],
    )
    page = ours.describe_router_interfaces(request).body
    rows = page.router_interface_set.router_interface_type
    check(f"{name} lists", (page.total_count, [row.router_interface_id for row in rows]), (1, ["ri-1"]))
    check(f"{name} reads tags", [(tag.key, tag.value) for tag in rows[0].tags.tags], [("env", "prod")])
    attribute = ours.describe_router_interface_attribute(models.DescribeRouterInterfaceAttributeRequest(region_id=REGION, instance_id="ri-1")).body
    check(f"{name} reads an attribute", (attribute.status, attribute.success), ("Active", True))
    check(f"{name} is accepted", len(deactivate(f"ri-{name}", ours).body.request_id), 36)
    check(f"{name} reads regions", [region.region_id for region in ours.describe_regions(models.DescribeRegionsRequest()).body.regions.region], [REGION])

    error = failure(lambda: deactivate(f"ri-{name}", ours), AlibabaCloudException)
    check(f"{name} parses an error", (error.status_code, error.code, WRONG_STATUS in error.message), (400, "IncorrectRIStatus", True))
    check(f"{name} finds the diagnostics link", error.data["Recommend"].startswith("https://api.aliyun.com/troubleshoot?q=IncorrectRIStatus"), True)
    error = failure(lambda: deactivate("ri-none", ours), AlibabaCloudException)
    check(f"{name} parses a 404", (error.status_code, error.code), (404, "InvalidRouterInterfaceId.NotFound"))
    error = failure(lambda: deactivate("ri-0", client("not the secret")), AlibabaCloudException)
    check(f"{name} parses a wrong signature", (error.status_code, error.code), (400, "SignatureDoesNotMatch"))
    activate = models.ActivateRouterInterfaceRequest(region_id=REGION, router_interface_id="ri-0")
    error = failure(lambda: ours.activate_router_interface(activate), AlibabaCloudException)
    check(f"{name} parses throttling", (error.code, error.retry_after), ("Throttling.User", 1500))

    routes(name, ours)
    traffic(name, client(kind=CmsClient))
    events(name, client(kind=TrailClient))


def routes(name, client):
    def entries(**more):
        request = models.DescribeRouteEntryListRequest(region_id=REGION, **{"route_table_id": "vtb-1", **more})
        return client.describe_route_entry_list(request).body

    def shown(page):
        return [
            (entry.destination_cidr_block, [(hop.next_hop_id, hop.enabled, hop.weight) for hop in entry.next_hops.next_hop])
            for entry in page.route_entrys.route_entry
        ]

    request = models.DescribeRouteTableListRequest(region_id=REGION, router_id="vrt-1", router_type="VRouter", page_size=50)
    page = client.describe_route_table_list(request).body
    tables = [(table.route_table_id, table.router_id, table.route_table_type, table.owner_id) for table in page.router_table_list.router_table_list_type]
    check(f"{name} lists tables", (page.total_count, tables), (1, [("vtb-1", "vrt-1", "System", 1234567890123456)]))

    first = entries(next_hop_type="RouterInterface", max_result=1)
    check(f"{name} reads a route", (first.total_count, shown(first)), (2, [("10.8.0.0/16", [("ri-r1", 1, 100), ("ri-r2", 0, 0)])]))
    last = entries(next_hop_type="RouterInterface", max_result=1, next_token=first.next_token)
    check(f"{name} follows the token", (shown(last), last.next_token or ""), ([("10.9.0.0/16", [("ri-r1", 1, None)])], ""))
    check(f"{name} gets instances by default", shown(entries()), [("0.0.0.0/0", [("i-1", None, None)])])
    error = failure(lambda: entries(next_hop_type="RouterInterface", next_token="made up"), AlibabaCloudException)
    check(f"{name} parses a bad token", (error.status_code, error.code), (400, "IllegalParam.NextToken"))
    error = failure(lambda: entries(route_table_id="vtb-9"), AlibabaCloudException)
    check(f"{name} parses an unknown table", (error.status_code, error.code), (400, "InvalidRouteTable.NotFound"))


def traffic(name, client):
    def last(metric, *interfaces, **more):
        request = cms_models.DescribeMetricLastRequest(
            namespace="acs_express_connect",
            metric_name=metric,
            dimensions=json.dumps([{"instanceId": interface} for interface in interfaces]),
            **{"period": "60", **more},
        )
        return client.describe_metric_last(request).body

    answer = last("ReceiveBandwidth", "ri-r1", "ri-r2")
    points = [(point["instanceId"], point["Value"]) for point in json.loads(answer.datapoints)]
    check(f"{name} reads traffic", (answer.code, answer.success, answer.period, points), ("200", True, "60", [("ri-r1", 1500000)]))
    check(f"{name} reads the other direction", json.loads(last("TransportedBandwidth", "ri-r1").datapoints)[0]["Value"], 800)
    error = failure(lambda: last("ReceiveBandwidth", "ri-r1", period="61"), AlibabaCloudException)
    check(f"{name} parses a bad period", (error.status_code, error.code), (400, "ParameterInvalid"))


def events(name, client):
    def attribute(key, value):
        return trail_models.LookupEventsRequestLookupAttribute(key=key, value=value)

    # One call: two a second are let through.
    attributes = [attribute("ResourceName", f"ri-{name}"), attribute("EventRW", "Write")]
    answer = client.lookup_events(trail_models.LookupEventsRequest(lookup_attribute=attributes, max_results="50")).body
    told = [(event["eventName"], event.get("errorCode"), event["userIdentity"]["type"]) for event in answer.events]
    expected = [("DeactivateRouterInterface", code, "root-account") for code in ("IncorrectRIStatus", None)]
    check(f"{name} reads who did it", (told, answer.next_token), (expected, None))
    check(f"{name} is told of itself", "AlibabaCloud" in answer.events[0]["userAgent"], True)


core_sdk("GET")
core_sdk("POST")
openapi_sdk("v3")
openapi_sdk("v1", signature_algorithm="v2")
