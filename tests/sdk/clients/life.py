"""A link's life through alibabacloud_vpc20160428: prints one line an operation, `NAME ok` or `NAME failed: WHY`.

Usage: life.py SCHEME HOST:PORT CA. See run.py beside this file.
"""

import sys
import time

from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models
from alibabacloud_vpc20160428.client import Client

SCHEME, ENDPOINT, AUTHORITY = sys.argv[1:4]
REGION, ACCOUNT = "cn-shanghai", "1234567890123456"
TRUST = {"ca": AUTHORITY} if SCHEME == "https" else {}
client = Client(
    Config(access_key_id="emulator", access_key_secret="emulator-secret", endpoint=ENDPOINT, protocol=SCHEME, region_id=REGION, **TRUST)
)


def operation(name, act):
    try:
        found = act()
        print(f"{name} ok", flush=True)
        return found
    except Exception as error:  # whatever the SDK raises is what is reported
        print(f"{name} failed: {type(error).__name__}: {error}".replace("\n", " "), flush=True)
        sys.exit(0)


def status(interface):
    asked = models.DescribeRouterInterfaceAttributeRequest(region_id=REGION, instance_id=interface)
    return client.describe_router_interface_attribute(asked).body.status


def wait(interface, wanted):
    for _ in range(100):
        if status(interface) == wanted:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{interface} is not {wanted}")


def of(kind, interface, **more):
    return kind(region_id=REGION, router_interface_id=interface, **more)


def create():
    border = models.CreateRouterInterfaceRequest(
        region_id=REGION, role="InitiatingSide", router_type="VBR", router_id=f"vbr-py{SCHEME}", access_point_id="ap-1", spec="Small.1",
        opposite_region_id=REGION, opposite_router_type="VRouter", opposite_router_id=f"vrt-py{SCHEME}", client_token=f"py-{SCHEME}",
    )
    vpc = models.CreateRouterInterfaceRequest(
        region_id=REGION, role="AcceptingSide", router_type="VRouter", router_id=f"vrt-py{SCHEME}", spec="Negative",
        opposite_region_id=REGION, opposite_router_type="VBR", opposite_router_id=f"vbr-py{SCHEME}", opposite_access_point_id="ap-1",
    )
    first = client.create_router_interface(border).body.router_interface_id
    assert client.create_router_interface(border).body.router_interface_id == first, "a ClientToken made two"
    return first, client.create_router_interface(vpc).body.router_interface_id


def modify():
    for interface, other, kind, router in [(acceptor, initiator, "VBR", "vbr"), (initiator, acceptor, "VRouter", "vrt")]:
        told = {"opposite_interface_id": other, "opposite_router_id": f"{router}-py{SCHEME}", "opposite_router_type": kind, "opposite_interface_owner_id": int(ACCOUNT)}
        client.modify_router_interface_attribute(of(models.ModifyRouterInterfaceAttributeRequest, interface, name="from-python", **told))
        wait(interface, "Idle")


def connect():
    client.connect_router_interface(of(models.ConnectRouterInterfaceRequest, initiator))
    wait(initiator, "Active")
    wait(acceptor, "Active")


def describe():
    name = models.DescribeRouterInterfacesRequestFilter(key="RouterInterfaceId", value=[initiator, acceptor])
    page = client.describe_router_interfaces(models.DescribeRouterInterfacesRequest(region_id=REGION, filter=[name], page_size=50)).body
    rows = page.router_interface_set.router_interface_type
    assert sorted(row.status for row in rows) == ["Active", "Active"], rows
    assert {row.bandwidth for row in rows} == {10, 0}, rows


def deactivate():
    client.deactivate_router_interface(of(models.DeactivateRouterInterfaceRequest, initiator))
    wait(initiator, "Inactive")


def activate():
    client.activate_router_interface(of(models.ActivateRouterInterfaceRequest, initiator))
    wait(initiator, "Active")


def delete():
    deactivate()
    client.deactivate_router_interface(of(models.DeactivateRouterInterfaceRequest, acceptor))
    wait(acceptor, "Inactive")
    for interface in (initiator, acceptor):
        client.delete_router_interface(of(models.DeleteRouterInterfaceRequest, interface))
        wait(interface, None)


initiator, acceptor = operation("create", create)
for name, act in [("modify", modify), ("connect", connect), ("describe", describe), ("deactivate", deactivate), ("activate", activate), ("delete", delete)]:
    operation(name, act)
