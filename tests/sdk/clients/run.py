#!/usr/bin/env python3
"""Real clients against the emulator: installs the official SDKs, and has each of them live a link's life over http and https.

Usage: run.py RICTL [--work DIR] [--only WORD]

RICTL is the binary; DIR, by default `clients` beside it, keeps what was installed from run to run; WORD is in the row of the clients that are
tried. Prints a table of client and
operation in Markdown. A client that cannot be had here is skipped, and the table says why. Exits 1 if an operation failed.
Nothing but the package managers' own clients asks for anything beyond loopback.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OPERATIONS = ["create", "modify", "connect", "describe", "deactivate", "activate", "delete"]
WORLD = "regions: [cn-shanghai]\nsettle: {activate: 200ms, deactivate: 200ms}\nquota: {kind: unlimited}\ninterfaces: []\n"
INSTALL_SECONDS, LIFE_SECONDS = 1800, 180


class Unavailable(Exception):
    """Why a client cannot be had here."""


def run(command, **more):
    """Runs an installer; what it says is shown only where it fails."""
    if shutil.which(str(command[0])) is None:
        raise Unavailable(f"{command[0]} is not installed")
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=INSTALL_SECONDS, **more)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{Path(command[0]).name} took more than {INSTALL_SECONDS} s") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it failed and said nothing"]
        raise Unavailable(f"{Path(command[0]).name}: {lines[-1].strip()[:200]}")


def python_sdk(work):
    home = work / "python"
    python = home / "bin/python"
    if not python.exists():
        run(["python3", "-m", "venv", home])
    run([python, "-m", "pip", "install", "--quiet", "alibabacloud_vpc20160428==7.2.2"])
    return lambda scheme, address, authority: [python, HERE / "life.py", scheme, address, authority]


def node_sdk(kind):
    def install(work):
        home = work / "node"
        home.mkdir(exist_ok=True)
        packages = ["@alicloud/vpc20160428@7.3.2", "@alicloud/openapi-core@1.0.8", "@alicloud/pop-core@1.8.0"]
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", home, *packages], cwd=home)
        return lambda scheme, address, authority: ["node", HERE / "node/life.js", kind, scheme, address]
    return install, "node"


def go_sdk(kind):
    def install(work):
        home = work / "go"
        shutil.copytree(HERE / "go", home, dirs_exist_ok=True)
        environment = {**os.environ, "GOFLAGS": "-mod=mod"}
        run(["go", "build", "-o", "clients", "."], cwd=home, env=environment)
        return lambda scheme, address, authority: [home / "clients", kind, scheme, address]
    return install, "go"


def java_sdk(work):
    home = work / "java"
    shutil.copytree(HERE / "java", home, dirs_exist_ok=True)
    run(["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=libraries"], cwd=home)
    run(["javac", "-cp", "libraries/*", "-d", "classes", "Life.java"], cwd=home)

    def command(scheme, address, authority):
        store = home / "trusted.p12"
        if scheme == "https":
            store.unlink(missing_ok=True)
            run(["keytool", "-importcert", "-noprompt", "-alias", "emulator", "-file", authority, "-keystore", store, "-storepass", "emulator"])
        trust = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=emulator"] if scheme == "https" else []
        return ["java", *trust, "-cp", f"{home}/classes:{home}/libraries/*", "Life", scheme, address]
    return command


def command_line(work):
    # No package manager has it: whoever wants it tried puts it on PATH.
    aliyun = shutil.which("aliyun")
    if aliyun is None:
        raise Unavailable("no aliyun is on PATH")
    (work / "cli").mkdir(exist_ok=True)
    return lambda scheme, address, authority: ["python3", HERE / "cli.py", aliyun, scheme, address]


CLIENTS = [
    ("Python", "alibabacloud_vpc20160428 7.2.2", "V3", python_sdk, "."),
    ("Node", "@alicloud/vpc20160428 7.3.2", "V3", *node_sdk("vpc20160428")),
    ("Node", "@alicloud/pop-core 1.8.0", "V1", *node_sdk("pop-core")),
    ("Go", "vpc-20160428/v6 6.12.8", "V3", *go_sdk("vpc-20160428")),
    ("Go", "alibaba-cloud-sdk-go 1.63.107", "V1", *go_sdk("alibaba-cloud-sdk-go")),
    ("Java", "com.aliyun:vpc20160428 3.2.24", "V3", java_sdk, "."),
    ("Command line", "aliyun of PATH", "V1", command_line, "cli"),
]


class Emulator:
    """A served world of its own."""

    def __init__(self, rictl, scheme, directory):
        world = directory / f"{scheme}.yaml"
        world.write_text(WORLD)
        tls = ["--tls", directory / "tls"] if scheme == "https" else []
        command = [rictl, "emulator", "serve", "--world", world, *tls]
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip().split("//")[1]
        self.authority = directory / "tls/ca.pem"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)


def live(command, home, authority):
    """Runs one life and returns what became of each operation."""
    # Nothing of the caller's environment chooses keys, proxies or endpoints; the authority is named as each runtime wants it.
    trust = {name: str(authority) for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **trust}
    try:
        done = subprocess.run([str(part) for part in command], cwd=home, env=environment, capture_output=True, text=True, timeout=LIFE_SECONDS)
        printed, complaint = done.stdout, done.stderr
    except subprocess.TimeoutExpired as error:
        printed, complaint = (error.stdout or b"").decode(), f"took more than {LIFE_SECONDS} s"
    found = {}
    for line in printed.splitlines():
        name, _, outcome = line.partition(" ")
        if name in OPERATIONS:
            found[name] = outcome
    failed = [f"{name}: {outcome}" for name, outcome in found.items() if outcome != "ok"]
    if not failed and len(found) < len(OPERATIONS):
        failed = [(complaint.strip().splitlines() or ["it ended early"])[-1]]
    return [{"ok": "yes"}.get(found.get(name), "no" if name in found else "-") for name in OPERATIONS], failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rictl", type=lambda path: Path(path).resolve())
    parser.add_argument("--work", type=lambda path: Path(path).resolve())
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    work = arguments.work or arguments.rictl.parent / "clients"
    work.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([arguments.rictl, "version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{version}, {platform.system()} {platform.machine()}\n")
    print("| client | signature | over | " + " | ".join(OPERATIONS) + " |")
    print("|---|---|---|" + "---|" * len(OPERATIONS))
    remarks, has_failed = [], False
    with tempfile.TemporaryDirectory() as directory:
        for language, name, signature, install, home in CLIENTS:
            if arguments.only not in f"{language} {name}":
                continue
            try:
                command = install(work)
            except Unavailable as reason:
                print(f"| {language} {name} | {signature} | - |" + " - |" * len(OPERATIONS), flush=True)
                remarks.append(f"skipped: {language} {name}: {reason}")
                continue
            for scheme in ("http", "https"):
                with Emulator(arguments.rictl, scheme, Path(directory)) as emulator:
                    cells, failed = live(command(scheme, emulator.address, emulator.authority), work / home, emulator.authority)
                print(f"| {language} {name} | {signature} | {scheme} | " + " | ".join(cells) + " |", flush=True)
                remarks += [f"failed: {language} {name} over {scheme}: {what}" for what in failed]
                has_failed |= bool(failed)
    print()
    print("\n".join(remarks) if remarks else "every operation of every client was done")
    return 1 if has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
