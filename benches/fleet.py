#!/usr/bin/env python3
"""A fleet of 1,000 states and 100,000 interfaces in six accounts: one `drift --record` an account, all at once, then `fleet`.

    RICTL=target/release/rictl benches/fleet.py postgres://USER@HOST/DATABASE

The database is an empty one that may be filled. Prints calls by their answers, seconds, and what `fleet` says of all.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

STATES, EACH, ACCOUNTS = 1_000, 100, ["111", "222", "333", "444", "555", "666"]
RICTL = os.path.abspath(os.environ.get("RICTL", "target/release/rictl"))


def lay_out(place: pathlib.Path) -> dict[str, list[str]]:
    """Writes the world and the specs, and returns the specs of each account."""
    world = ["regions: [cn-shanghai]", "accounts:"]
    for account in ACCOUNTS:
        key = f"access_keys: [{{ id: key{account}, secret: secret{account}, user: ops }}]"
        world.append(f'  - {{ id: "{account}", {key} }}')
    world.append("interfaces:")
    specs = collections.defaultdict(list)
    for number in range(STATES):
        account = ACCOUNTS[number % len(ACCOUNTS)]
        spec = ["version: 1", f"name: site-{number:04}", "cloud: { region: cn-shanghai }"]
        spec += ["groups: { g: { min_active: 1 } }", "interfaces:"]
        for link in range(EACH):
            identity = f"ri-{number:04}{link:03}"
            world.append(f'  - {{ id: {identity}, account: "{account}" }}')
            spec.append(f"  l{link:03}: {{ id: {identity}, status: Active, group: g }}")
        path = place / f"site-{number:04}.yaml"
        path.write_text("\n".join(spec) + "\n")
        specs[account].append(str(path))
    (place / "world.yaml").write_text("\n".join(world) + "\n")
    return specs


def main(url: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        specs = lay_out(place)
        calls = place / "calls.jsonl"
        serve = [RICTL, "emulator", "serve", "--world", str(place / "world.yaml"), "--call-log", str(calls)]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as emulator:
            address = next(word for line in emulator.stdout for word in line.split() if word.startswith("http"))
            (place / "locks").mkdir()
            environment = os.environ | {"RICTL_STATE": url, "RICTL_LOCK_DIR": str(place / "locks")}
            environment["RICTL_ENDPOINT"] = address.strip("`'\",.")
            first = specs[ACCOUNTS[0]][0]
            subprocess.run([RICTL, "-f", first, "state", "init"], env=environment, check=True)
            begun = time.monotonic()
            checks = []
            for account, paths in specs.items():
                keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": f"key{account}"}
                keys["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = f"secret{account}"
                flags = [word for path in paths for word in ("-f", path)]
                command = [RICTL, *flags, "drift", "--record"]
                checks.append(subprocess.Popen(command, env=environment | keys, stdout=subprocess.DEVNULL))
            codes = [check.wait() for check in checks]
            print(f"{len(codes)} checks ended {codes} after {time.monotonic() - begun:.1f} s")
            answers = collections.Counter()
            for line in calls.read_text().splitlines():
                call = json.loads(line)
                answers[call["action"], call.get("code") or "OK"] += 1
            for (action, code), count in sorted(answers.items()):
                print(f"{count:6} {action} {code}")
            begun = time.monotonic()
            page = subprocess.run([RICTL, "fleet"], env=environment, check=True, capture_output=True, text=True)
            print(f"fleet after {time.monotonic() - begun:.2f} s: {page.stdout.splitlines()[-1]}")
            emulator.terminate()


if __name__ == "__main__":
    main(sys.argv[1])
