#!/usr/bin/env python3
"""What whole runs of the release binary cost against its emulator, beside the least that the API would allow.

    cargo build --release && benches/whole.py [refresh] [plan] [drain] [start] [journal] [pages] [terraform]

Each part prints what it measured and the limit. Parts that need a tool that is not installed say so and are skipped.
Times are the clock's, except where CPU is said: then user and system time of the process itself, from wait4(2).
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RICTL = pathlib.Path(os.environ.get("RICTL", TARGET / "release" / "rictl"))
UNLIMITED = {"kind": "unlimited"}
# The gate lets this many reads through at first and one more with each answer, up to the connections (src/retry/gate.rs, src/cloud.rs).
FEW, CONNECTIONS = 4, 60


class Emulator:
    """`emulator serve` over a world of `size` interfaces, and a directory with a spec of them."""

    def __init__(self, size, world, down=0):
        self.directory = tempfile.TemporaryDirectory()
        self.size = size
        interfaces = [{"id": f"ri-{number:06}"} for number in range(size)]
        self.write("world.json", {"regions": ["cn-shanghai"], **world, "interfaces": interfaces})
        self.declare(down)
        self.server = subprocess.Popen(
            [RICTL, "emulator", "serve", "--world", "world.json", "--call-log", "calls"],
            cwd=self.directory.name, stdout=subprocess.PIPE, text=True)
        self.url = self.server.stdout.readline().strip().removeprefix("listening on ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        self.directory.cleanup()

    def path(self, name):
        return pathlib.Path(self.directory.name) / name

    def write(self, name, value):
        self.path(name).write_text(json.dumps(value))

    def declare(self, down):
        """Writes a spec that wants the first `down` interfaces down, as JSON and as YAML."""
        interface = lambda number: {
            "id": f"ri-{number:06}", "status": "Inactive" if number < down else "Active", "reason": "CHG-1042"}
        entries = {f"link-{number:06}": interface(number) for number in range(self.size)}
        self.write("rictl.json", {
            "version": 1, "cloud": {"provider": "emulator", "region": "cn-shanghai"}, "interfaces": entries})
        lines = ["version: 1", "cloud: {provider: emulator, region: cn-shanghai}", "interfaces:"]
        for name, entry in entries.items():
            lines += [f"  {name}:", *(f"    {key}: {value}" for key, value in entry.items())]
        self.path("rictl.yaml").write_text("\n".join(lines) + "\n")

    def run(self, *arguments, spec="rictl.json", under=()):
        """Runs the binary; returns its seconds by the clock, its CPU seconds and its peak memory in MiB."""
        environment = {"PATH": os.environ["PATH"], "HOME": self.directory.name, "RICTL_ENDPOINT": self.url,
                       "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
        return measured([*under, RICTL, "-f", spec, *arguments], self.directory.name, environment)

    def page(self, connection, number, **more):
        """Asks for one page of 50, signed by V1; returns its rows."""
        asked = {"Action": "DescribeRouterInterfaces", "Version": "2016-04-28", "Format": "JSON", "AccessKeyId": "emulator",
                 "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": os.urandom(12).hex(),
                 "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "RegionId": "cn-shanghai",
                 "PageNumber": str(number), "PageSize": "50", **more}
        encode = lambda text: urllib.parse.quote(text, safe="-_.~")
        query = "&".join(f"{encode(key)}={encode(value)}" for key, value in sorted(asked.items()))
        mac = hmac.new(b"emulator-secret&", f"GET&%2F&{encode(query)}".encode(), hashlib.sha1)
        connection.request("GET", f"/?{query}&Signature={encode(base64.b64encode(mac.digest()).decode())}")
        answer = json.loads(connection.getresponse().read())
        return answer["RouterInterfaceSet"]["RouterInterfaceType"]

    def cpu(self):
        """Returns the CPU seconds of the server until now."""
        fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def calls(self, action):
        lines = self.path("calls").read_text().splitlines()
        return sum(json.loads(line)["action"] == action for line in lines)


def measured(command, directory, environment=None):
    with tempfile.TemporaryFile() as output:
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode != 0:
            sys.exit(f"{command} ended with {process.returncode}:\n{output.read().decode()}")
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def say(what, value, limit):
    print(f"  {what:<62} {value:>12}   limit {limit}", flush=True)


def refresh():
    size, latency = 10_000, 0.05
    print(f"refresh: {size} interfaces of one region, {latency * 1000:.0f} ms an answer, quota 300 per 60 s")
    with Emulator(size, {"latency": "50ms"}) as emulator:
        took, cpu, memory = emulator.run("plan")
        calls = emulator.calls("DescribeRouterInterfaces")
        rounds, left, width = 1, calls - 1, FEW + 1
        while left > 0:
            rounds, left, width = rounds + 1, left - width, min(2 * width, CONNECTIONS)
        floor = rounds * latency
        say("calls", calls, size // 50)
        say(f"time, floor {floor:.2f} s", f"{took:.2f} s", "")
        say("time, all told", f"{took:.2f} s", "0.65 s")
        say("CPU", f"{cpu * 1000:.0f} ms", "")
        say("peak memory", f"{memory:.0f} MiB", "")


def plan():
    size = 100_000
    print(f"plan: {size} interfaces of one region, one of them to go down, no quota")
    with Emulator(size, {"quota": UNLIMITED}, down=1) as emulator:
        for spec, limit in (("rictl.json", "750 ms"), ("rictl.yaml", "950 ms")):
            runs = [emulator.run("plan", "--quota", "1000000/1s", spec=spec) for _ in range(3)]
            say(f"{spec}: CPU, the least of 3", f"{min(cpu for _, cpu, _ in runs) * 1000:.0f} ms", limit)
            say(f"{spec}: peak memory", f"{max(memory for *_, memory in runs):.0f} MiB", "160 MiB")


def drain():
    size, down, settle, interval = 1_000, 500, 10, 2
    floor = (down - 1) // 300 * 60 + settle + interval
    # The default, and what a cautious operator may choose.
    for parallelism in (300, 50):
        with Emulator(size, {"settle": {"deactivate": f"{settle}s"}}, down) as emulator:
            print(f"drain: {down} of {size}, {settle} s each, quota 300 per 60 s, polls every {interval} s,",
                  f"parallelism {parallelism}")
            took, cpu, _ = emulator.run("apply", "--auto-approve", "--parallelism", str(parallelism))
            say("mutating calls", emulator.calls("DeactivateRouterInterface"), down)
            say("describes", emulator.calls("DescribeRouterInterfaces"), "")
            say(f"time, floor {floor} s", f"{took:.1f} s", "")
            say("ratio", f"{took / floor:.2f}", "1.2")
            say("CPU", f"{cpu * 1000:.0f} ms", "")


def start():
    print("start: a plan of 10 interfaces against a warm emulator, the least of 20 runs")
    with Emulator(10, {}) as emulator:
        emulator.run("plan")
        runs = [emulator.run("plan") for _ in range(20)]
        say("CPU, start to exit", f"{min(cpu for _, cpu, _ in runs) * 1000:.1f} ms", "10 ms")
        say("time, start to exit", f"{min(took for took, _, _ in runs) * 1000:.1f} ms", "")
        say("peak memory", f"{max(memory for _, _, memory in runs):.0f} MiB", "")


def journal():
    if shutil.which("strace") is None:
        return print("journal: skipped, strace is not installed")
    steps = 250
    for size in (1_000, 100_000):
        print(f"journal: {steps} steps, {size} interfaces in the state")
        with Emulator(size, {"quota": UNLIMITED, "settle": {"deactivate": "2s"}}) as emulator:
            quota = ["--quota", "1000000/1s"]
            emulator.run("apply", "--auto-approve", *quota)
            emulator.declare(steps)
            traced = ["strace", "-f", "-y", "-o", "trace", "-e", "trace=write,pwrite64,writev,fsync,fdatasync"]
            emulator.run("apply", "--auto-approve", *quota, under=traced)
            trace = emulator.path("trace").read_text().splitlines()
            written = [re.search(r"write\w*\(\d+<(.*?)>.* = (\d+)$", line) for line in trace]
            to_journal = [int(line[2]) for line in written if line and line[1].endswith(".journal.jsonl")]
            # All that is not the journal is the state's commit, once a run.
            elsewhere = sum(int(line[2]) for line in written if line and "/state" in line[1]) - sum(to_journal)
            syncs = sum("sync(" in line for line in trace)
            head = max(to_journal)
            say("bytes of journal a step", f"{sum(to_journal) / steps:.0f}", "256")
            say("  of which the run's first write, which names its steps", f"{head / steps:.0f}", "")
            say("syncs a step, those of the commit included", f"{syncs / steps:.2f}", "2")
            say("bytes of the state's commit, once a run", elsewhere, "")


def pages():
    asked = 400
    by_id = {"Filter.1.Key": "RouterInterfaceId", "Filter.1.Value.1": "ri-000777"}
    for size in (1_000, 100_000):
        print(f"pages: {asked} pages of 50 from {size} interfaces of one region, all over it, one connection")
        with Emulator(size, {"quota": UNLIMITED}) as emulator:
            connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"))
            emulator.page(connection, 1)
            for what, more in (("a page", {}), ("one interface by its id", by_id)):
                begun, cpu = time.monotonic(), emulator.cpu()
                for number in range(asked):
                    last = size // 50
                    rows = emulator.page(connection, 1 if more else 1 + number * 7919 % last, **more)
                    assert len(rows) == (1 if more else 50)
                say(f"{what}, CPU of the emulator", f"{(emulator.cpu() - cpu) / asked * 1000:.2f} ms", "")
                say(f"{what}, time", f"{(time.monotonic() - begun) / asked * 1000:.2f} ms", "")


def terraform():
    if shutil.which("terraform") is None:
        return print("terraform: skipped, it is not installed")
    size = 10_000
    print(f"terraform: a plan of {size} terraform_data blocks, no provider; beside the engine at {size}, 5 % to change")
    with tempfile.TemporaryDirectory() as directory:
        blocks = (f'resource "terraform_data" "link_{number:05}" {{\n  input = "Active"\n}}\n' for number in range(size))
        pathlib.Path(directory, "main.tf").write_text("".join(blocks))
        environment = {"PATH": os.environ["PATH"], "HOME": directory, "CHECKPOINT_DISABLE": "1"}
        measured(["terraform", "init", "-input=false"], directory, environment)
        took, theirs, their_memory = measured(["terraform", "plan", "-input=false"], directory, environment)
        print(f"  terraform: {took:.1f} s, CPU {theirs:.1f} s, peak {their_memory:.0f} MiB")
    bench = subprocess.run(["cargo", "bench", "--quiet", "--bench", "engine", "--", "--measure", "yaml", "5", str(size)],
                           cwd=ROOT, capture_output=True, text=True, check=True)
    *stages, memory = bench.stdout.split()[-6:]
    ours = sum(map(int, stages)) / 1e9
    say("engine, CPU", f"{ours * 1000:.0f} ms", f"{theirs / 300 * 1000:.0f} ms, a 300th")
    say("CPU ratio", f"1 / {theirs / ours:.0f}", "1 / 300")
    say("engine, peak memory", f"{memory} MiB", f"{their_memory / 20:.0f} MiB, a 20th")
    with Emulator(size, {}, size // 20) as emulator:
        took, cpu, peak = emulator.run("plan")
        say("the whole binary, with 200 signed calls", f"{cpu * 1000:.0f} ms", "")
        say("the whole binary, peak memory", f"{peak:.0f} MiB", "")


PARTS = {part.__name__: part for part in (refresh, plan, drain, start, journal, pages, terraform)}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
