"""A link's life through the vendor's command line: prints one line an operation, `NAME ok` or `NAME failed: WHY`.

Usage: cli.py ALIYUN SCHEME HOST:PORT. See run.py beside this file. Waits are the command line's own (`--waiter`).
"""

import json
import subprocess
import sys
import time

ALIYUN, SCHEME, ENDPOINT = sys.argv[1:4]
REGION, ACCOUNT = "cn-shanghai", "1234567890123456"
KEYS = ["--mode", "AK", "--access-key-id", "emulator", "--access-key-secret", "emulator-secret", "--region", REGION]
OVER = ["--endpoint", ENDPOINT, "--secure" if SCHEME == "https" else "--insecure"]


def call(action, *parameters, waits_for=None):
    waiter = ["--waiter", "expr=Status", f"to={waits_for}", "timeout=30", "interval=2"] if waits_for is not None else []
    command = [ALIYUN, "vpc", action, "--RegionId", REGION, *parameters, *KEYS, *OVER, *waiter]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip())
    return json.loads(done.stdout)


def wait(interface, wanted):
    call("DescribeRouterInterfaceAttribute", "--InstanceId", interface, waits_for=wanted)


def operation(name, act):
    try:
        found = act()
        print(f"{name} ok", flush=True)
        return found
    except Exception as error:  # whatever goes wrong is what is reported
        print(f"{name} failed: {type(error).__name__}: {error}".replace("\n", " "), flush=True)
        sys.exit(0)


def create():
    border = [
        "--Role", "InitiatingSide", "--RouterType", "VBR", "--RouterId", "vbr-cli", "--AccessPointId", "ap-1", "--Spec", "Small.1",
        "--OppositeRegionId", REGION, "--OppositeRouterType", "VRouter", "--OppositeRouterId", "vrt-cli", "--ClientToken", "cli",
    ]
    vpc = [
        "--Role", "AcceptingSide", "--RouterType", "VRouter", "--RouterId", "vrt-cli", "--Spec", "Negative", "--OppositeRegionId", REGION,
        "--OppositeRouterType", "VBR", "--OppositeRouterId", "vbr-cli", "--OppositeAccessPointId", "ap-1",
    ]
    first = call("CreateRouterInterface", *border)["RouterInterfaceId"]
    assert call("CreateRouterInterface", *border)["RouterInterfaceId"] == first, "a ClientToken made two"
    return first, call("CreateRouterInterface", *vpc)["RouterInterfaceId"]


def modify():
    for interface, other, kind, router in [(acceptor, initiator, "VBR", "vbr-cli"), (initiator, acceptor, "VRouter", "vrt-cli")]:
        told = ["--OppositeInterfaceId", other, "--OppositeRouterId", router, "--OppositeRouterType", kind, "--OppositeInterfaceOwnerId", ACCOUNT]
        call("ModifyRouterInterfaceAttribute", "--RouterInterfaceId", interface, "--Name", "from-the-cli", *told)
        wait(interface, "Idle")


def connect():
    call("ConnectRouterInterface", "--RouterInterfaceId", initiator)
    wait(initiator, "Active")
    wait(acceptor, "Active")


def describe():
    asked = ["--Filter.1.Key", "RouterInterfaceId", "--Filter.1.Value.1", initiator, "--Filter.1.Value.2", acceptor, "--PageSize", "50"]
    rows = call("DescribeRouterInterfaces", *asked)["RouterInterfaceSet"]["RouterInterfaceType"]
    assert sorted(row["Status"] for row in rows) == ["Active", "Active"], rows
    assert {row["Bandwidth"] for row in rows} == {10, 0}, rows


def deactivate():
    call("DeactivateRouterInterface", "--RouterInterfaceId", initiator)
    wait(initiator, "Inactive")


def activate():
    call("ActivateRouterInterface", "--RouterInterfaceId", initiator)
    wait(initiator, "Active")


def delete():
    deactivate()
    call("DeactivateRouterInterface", "--RouterInterfaceId", acceptor)
    wait(acceptor, "Inactive")
    for interface in (initiator, acceptor):
        call("DeleteRouterInterface", "--RouterInterfaceId", interface)
    asked = ["--Filter.1.Key", "RouterInterfaceId", "--Filter.1.Value.1", initiator, "--Filter.1.Value.2", acceptor]
    for _ in range(30):
        if call("DescribeRouterInterfaces", *asked)["TotalCount"] == 0:
            return
        time.sleep(0.2)
    raise TimeoutError("something is left")


initiator, acceptor = operation("create", create)
for name, act in [("modify", modify), ("connect", connect), ("describe", describe), ("deactivate", deactivate), ("activate", activate), ("delete", delete)]:
    operation(name, act)
