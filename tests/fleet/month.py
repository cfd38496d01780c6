#!/usr/bin/env python3
"""A month of a fleet's cron in minutes: 24 specs of 6 accounts, their states in one Postgres, a check of each account every hour of 30 days.

    python3 tests/fleet/month.py --rictl target/release/rictl > docs/receipts/DATE-a-fleets-month.txt

The emulator, the Postgres and every rictl run on one clock that this script moves (a library before the C library's clock_gettime,
as in tests/wall_clock.rs; the file that it maps says how far ahead it is). Every hour each account's jobs run as packaging/kubernetes has them:
`apply --approved`, `confirm --expired`, then `drift --record --quiet --notify slack --notify-repeat 1d`. Between them a handful of things
happens; who was told of what is compared with what should have been. Needs: Python 3.9, a C compiler, a Postgres (12 or newer). Exit 1 where
something is not as it should be. It is no part of `cargo test`.
"""

import argparse
import collections
import concurrent.futures
import http.server
import json
import mmap
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead;
static int moves_all;

__attribute__((constructor)) static void map(void) {
    const char *path = getenv("WALL_CLOCK_FILE");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *at = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (at != MAP_FAILED) ahead = at;
    moves_all = getenv("WALL_CLOCK_ALL") != NULL;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = syscall(SYS_clock_gettime, clock, out);
    int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (result == 0 && ahead != NULL && (is_wall || moves_all)) out->tv_sec += *ahead;
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) *out = now.tv_sec;
    return now.tv_sec;
}
"""

BEGIN = 1796083200  # 2026-12-01T00:00:00Z
HOUR = 3600
ACCOUNTS = [str(1_111_000_000_000_000 + number) for number in range(6)]
SPECS = 24
REGIONS = ["cn-shanghai", "cn-beijing"]
MAY_BE_DUE = [(296, 325), (500, 525)]
LINKS = 8  # of a spec: two sites of four


def iso(second):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def link(spec, number):
    return f"ri-{spec:02}-{number}"


class Clock:
    """The clock of everything that is started with `variables`."""

    def __init__(self, directory):
        self.path = directory / "clock"
        self.path.write_bytes(struct.pack("q", 0))
        os.chmod(self.path, 0o644)
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)
        source, self.library = directory / "clock.c", directory / "clock.so"
        source.write_text(CLOCK)
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", self.library, source], check=True)
        os.chmod(self.library, 0o755)

    def show(self, second):
        self.map[:] = struct.pack("q", second - int(time.time()))

    def variables(self, moves_all=True):
        """Whoever counts from its start is to see that move as well; a database need not."""
        variables = {"LD_PRELOAD": str(self.library), "WALL_CLOCK_FILE": str(self.path)}
        return {**variables, "WALL_CLOCK_ALL": "1"} if moves_all else variables


class Postgres:
    def __init__(self, directory, clock):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin")) or [pathlib.Path(shutil.which("initdb")).parent]
        self.bin, self.data, self.port = found[-1], directory / "postgres", free_port()
        self.data.mkdir()
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.data, "postgres")
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **clock.variables(moves_all=False)}
        self.ask_server([self.bin / "initdb", "-D", self.data / "data", "-A", "trust", "-U", "rictl", "--no-sync"])
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} -c fsync=off"
        log = self.data / "log"
        self.ask_server([self.bin / "pg_ctl", "-D", self.data / "data", "-l", log, "-w", "-o", options, "start"])
        self.pid = int((self.data / "data/postmaster.pid").read_text().split()[0])
        self.url = f"postgres://rictl@127.0.0.1:{self.port}/postgres"

    def ask_server(self, command):
        subprocess.run(
            self.user + command, check=True, cwd="/", env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    def rows(self, sql):
        command = [self.bin / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "rictl", "-d", "postgres", "-qAtF", "|", "-c", sql]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [line.split("|") for line in out.splitlines()]

    def seconds(self):
        """Of its processes, those that have ended included."""
        ticks = os.sysconf("SC_CLK_TCK")
        total = 0
        for stat in [pathlib.Path(f"/proc/{self.pid}/stat")] + [
            path for path in pathlib.Path("/proc").glob("[0-9]*/stat") if parent_of(path) == self.pid
        ]:
            try:
                fields = stat.read_text().rsplit(") ", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            total += sum(int(field) for field in fields[11:15]) if stat.parent.name == str(self.pid) else int(fields[11]) + int(fields[12])
        return total / ticks

    def stop(self):
        self.ask_server([self.bin / "pg_ctl", "-D", self.data / "data", "-m", "immediate", "stop"])


def parent_of(stat):
    try:
        return int(stat.read_text().rsplit(") ", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Robot:
    """A chat robot that keeps what it is sent."""

    def __init__(self):
        self.received = []
        robot = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                robot.received.append((int(self.path.rsplit("/", 1)[1]), json.loads(body)["text"], len(body)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, account):
        return f"http://127.0.0.1:{self.server.server_port}/{account}"

    def take(self):
        taken, self.received = self.received, []
        return taken


class Fleet:
    def __init__(self, rictl, directory):
        self.rictl, self.directory = rictl, directory
        self.clock = Clock(directory)
        self.clock.show(BEGIN)
        self.postgres = Postgres(directory, self.clock)
        self.robot = Robot()
        self.port = free_port()
        self.calls_path = directory / "calls.jsonl"
        self.emulator = None
        self.cpu, self.ran, self.codes = collections.Counter(), collections.Counter(), collections.defaultdict(collections.Counter)
        self.bad_keys = set()
        self.lock = threading.Lock()
        self.hour = 0
        (directory / "world.yaml").write_text(self.world())
        self.texts = {spec: self.spec(spec) for spec in range(SPECS)}
        for account in range(len(ACCOUNTS)):
            (directory / f"account-{account}").mkdir()
        for spec in range(SPECS):
            self.write(spec)
        self.serve()

    def world(self):
        lines = ["regions: [cn-shanghai, cn-beijing]", "settle: { activate: 300ms, deactivate: 300ms }", "accounts:"]
        lines += [f'  - {{ id: "{account}" }}' for account in ACCOUNTS] + ["interfaces:"]
        for spec in range(SPECS):
            for number in range(LINKS):
                region, account = REGIONS[number % 2], ACCOUNTS[spec % len(ACCOUNTS)]
                lines.append(f'  - {{ id: {link(spec, number)}, region: {region}, account: "{account}" }}')
        return "\n".join(lines) + "\n"

    def spec(self, spec):
        account = ACCOUNTS[spec % len(ACCOUNTS)]
        lines = [
            "version: 1",
            f"name: site-{spec:02}",
            f'cloud: {{ region: cn-shanghai, account_id: "{account}" }}',
            f"groups: {{ east-{spec:02}: {{ min_active: 1 }}, west-{spec:02}: {{ min_active: 1 }} }}",
            "interfaces:",
        ]
        for number in range(LINKS):
            group = ["east", "west"][number // 4]
            lines.append(
                f"  i{number}: {{ id: {link(spec, number)}, region: {REGIONS[number % 2]}, status: Active, group: {group}-{spec:02} }}"
            )
        return "\n".join(lines) + "\n"

    def path(self, spec):
        return self.directory / f"account-{spec % len(ACCOUNTS)}" / f"site-{spec:02}.yaml"

    def write(self, spec, edit=lambda text: text):
        self.path(spec).write_text(edit(self.texts[spec]))

    def serve(self):
        command = [self.rictl, "emulator", "serve", "--world", "world.yaml", "--listen", f"127.0.0.1:{self.port}"]
        command += ["--call-log", str(self.calls_path)]
        environment = {"PATH": os.environ["PATH"], **self.clock.variables()}
        self.emulator = subprocess.Popen(command, cwd=self.directory, env=environment, stdout=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit("the emulator does not listen")

    def end_emulator(self):
        if self.emulator is None:
            return
        self.emulator.terminate()
        _, _, usage = os.wait4(self.emulator.pid, 0)
        self.cpu["emulator"] += usage.ru_utime + usage.ru_stime
        self.emulator = None

    def environment(self, account, state=True):
        key = "emulator" if account == 0 else f"emulator-{ACCOUNTS[account]}"
        secret = "no-longer-this-one" if account in self.bad_keys else "emulator-secret"
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "RICTL_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "RICTL_NOTIFY_URL": self.robot.url(account),
            "RICTL_LOCK_DIR": str(self.directory),
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            **self.clock.variables(),
        }
        return {**variables, "RICTL_STATE": self.postgres.url} if state else variables

    def start(self, account, words, state=True, cwd=None):
        cwd = cwd or self.directory / f"account-{account}"
        pipe = subprocess.PIPE
        return subprocess.Popen([self.rictl, *words], cwd=cwd, env=self.environment(account, state), stdout=pipe, stderr=pipe, text=True)

    def run(self, account, words, kind=None, state=True, cwd=None):
        child = self.start(account, words, state, cwd)
        out, err = [], []
        readers = [threading.Thread(target=lambda into=into, pipe=pipe: into.append(pipe.read())) for into, pipe in [(out, child.stdout), (err, child.stderr)]]
        [reader.start() for reader in readers]
        _, status, usage = os.wait4(child.pid, 0)
        [reader.join() for reader in readers]
        child.returncode = code = os.waitstatus_to_exitcode(status)
        with self.lock:
            kind = kind or words[0]
            self.cpu[kind] += usage.ru_utime + usage.ru_stime
            self.ran[kind] += 1
            self.codes[kind][code] += 1
        return code, out[0], err[0]

    def must(self, account, words, code=0, **more):
        ran = self.run(account, words, **more)
        if ran[0] != code:
            raise SystemExit(f"hour {self.hour}: rictl {' '.join(words)} exits {ran[0]}, not {code}\n{ran[1]}{ran[2]}")
        return ran

    def apply(self, spec, *more, code=0):
        return self.must(spec % len(ACCOUNTS), ["apply", "-f", f"site-{spec:02}.yaml", "--auto-approve", "--poll-interval", "100ms", *more], code)

    def console(self, spec, statuses):
        """Somebody acts with a spec and a state that nobody else knows of."""
        desk = self.directory / "console" / f"{self.hour}-{spec}"
        desk.mkdir(parents=True)
        account = spec % len(ACCOUNTS)
        entries = "".join(
            f"  x{number}: {{ id: {link(spec, number)}, region: {REGIONS[number % 2]}, status: {status} }}\n" for number, status in statuses.items()
        )
        (desk / "rictl.yaml").write_text(f"version: 1\ncloud: {{ region: cn-shanghai }}\ninterfaces:\n{entries}")
        self.must(account, ["apply", "--auto-approve", "--poll-interval", "100ms"], kind="console", state=False, cwd=desk)

    def jobs(self, account):
        """What the timers of an account run."""
        specs = [word for spec in range(account, SPECS, len(ACCOUNTS)) for word in ["-f", f"site-{spec:02}.yaml"]]
        told = ["--quiet", "--notify", "slack", "--notify-repeat", "1d"]
        jobs = [("drift", ["drift", "--record", *told])]
        # Theirs every minute is the same minute for minute: they run where something may be due, and once a day.
        if self.hour % 24 == 12 or any(self.hour in range(*span) for span in MAY_BE_DUE):
            jobs = [("approved", ["apply", "--approved"]), ("confirm", ["confirm", "--expired"]), *jobs]
        return {kind: self.run(account, [*words, *specs, "--poll-interval", "100ms"], kind=kind) for kind, words in jobs}

    def sizes(self):
        """Rows and bytes of each table, and where the log of writes stands."""
        sql = """SELECT c.relname, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM rictl.' || c.relname, true, true, '')))[1]::text,
          pg_total_relation_size(c.oid), pg_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = 'rictl' AND c.relkind = 'r' ORDER BY 1"""
        tables = {name: (int(rows), int(total), int(heap)) for name, rows, total, heap in self.postgres.rows(sql)}
        wal = int(self.postgres.rows("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")[0][0])
        content = int(self.postgres.rows("SELECT (SELECT coalesce(sum(length(bytes)), 0) FROM rictl.notes) + (SELECT coalesce(sum(length(bytes)), 0) FROM rictl.journal) + (SELECT coalesce(sum(length(state)), 0) FROM rictl.states)")[0][0])
        return tables, wal, content


class Script:
    """What happens in the month, and who has to be told of it: `expect(hour, account, what)`."""

    def __init__(self, fleet):
        self.fleet, self.expected, self.children = fleet, collections.Counter(), {}

    def expect(self, hour, account, *what):
        for word in what:
            self.expected[(hour, account, word)] += 1

    def remind(self, account, first, over):
        """What is found at `first` is told of again once a day until it is over."""
        for hour in range(first + 24, over, 24):
            self.expect(hour, account, "reminder")

    def is_due(self, hour):
        return hasattr(self, f"hour_{hour}") or any(due == hour for due, *_ in self.expected)

    def at(self, hour):
        happens = getattr(self, f"hour_{hour}", None)
        if happens is not None:
            happens()

    # A drain at the console, mended after two days and six hours.
    def hour_30(self):
        self.fleet.console(0, {0: "Inactive"})
        self.expect(30, 0, "news")
        self.remind(0, 30, 84)

    def hour_84(self):
        self.fleet.console(0, {0: "Active"})
        self.expect(84, 0, "normal")

    # A site that is down for three hours.
    def hour_100(self):
        self.fleet.console(7, {number: "Inactive" for number in range(4)})
        self.expect(100, 1, "news")

    def hour_103(self):
        self.fleet.console(7, {number: "Active" for number in range(4)})
        self.expect(103, 1, "normal")

    # Keys that are no good for a night.
    def hour_188(self):
        self.fleet.bad_keys.add(2)
        self.expect(188, 2, "news")

    def hour_197(self):
        self.fleet.bad_keys.discard(2)
        self.expect(197, 2, "normal")

    # A run whose process dies in mid-run, and the one that finds out and ends it.
    def hour_250(self):
        fleet = self.fleet
        fleet.write(3, lambda text: text.replace("status: Active", "status: Inactive", 1))
        begun = fleet.calls_path.stat().st_size
        child = fleet.start(3, ["apply", "-f", "site-03.yaml", "--auto-approve", "--poll-interval", "5s"])
        for _ in range(1200):
            with open(fleet.calls_path, "rb") as calls:
                calls.seek(begun)
                if b"DeactivateRouterInterface" in calls.read():
                    break
            time.sleep(0.05)
        child.kill()
        child.communicate()

    def hour_256(self):
        self.fleet.apply(3)

    def hour_280(self):
        self.fleet.write(3)
        self.fleet.apply(3)

    # A change that was approved beforehand begins and ends by itself.
    def hour_296(self):
        fleet, begins, ends = self.fleet, iso(BEGIN + 300 * HOUR), iso(BEGIN + 304 * HOUR)
        change = f"changes:\n  CHG-1: {{ reason: works, select: [i1], status: Inactive, from: {begins}, until: {ends} }}\n"
        fleet.write(4, lambda text: text + change)
        for at in [begins, ends]:
            choice = ["-f", "site-04.yaml", "--at", at, "--target", "change:CHG-1"]
            fleet.must(4, ["plan", *choice, "--out", f"{at}.plan"])
            fleet.must(4, ["approve", f"{at}.plan", "-f", "site-04.yaml"])

    def hour_320(self):
        self.fleet.write(4)
        self.fleet.apply(4)

    # Nobody answers for an hour.
    def hour_400(self):
        self.fleet.end_emulator()
        for account in range(len(ACCOUNTS)):
            self.expect(400, account, "news")

    def hour_401(self):
        self.fleet.serve()
        for account in range(len(ACCOUNTS)):
            self.expect(401, account, "normal")

    # A run that somebody confirms, and one that nobody does.
    def begin_to_confirm(self, spec, within):
        fleet, account = self.fleet, spec % len(ACCOUNTS)
        fleet.write(spec, lambda text: text.replace("status: Active", "status: Inactive", 1))
        file = f"site-{spec:02}.yaml"
        child = fleet.start(account, ["apply", "-f", file, "--auto-approve", "--poll-interval", "100ms", "--confirm-within", within])
        for _ in range(600):
            _, out, _ = fleet.run(account, ["confirm", "-f", file, "--json"], kind="asked")
            awaiting = json.loads(out or "{}").get("awaiting") or []
            if awaiting:
                return child, awaiting[0]["run_id"]
        raise SystemExit("nothing awaits confirmation")

    def hour_500(self):
        child, run = self.begin_to_confirm(5, "30m")
        self.fleet.must(5, ["confirm", run, "-f", "site-05.yaml"])
        child.communicate()
        if child.returncode != 0:
            raise SystemExit(f"a run that was confirmed exits {child.returncode}")

    def hour_520(self):
        # Deadlines go by the clock of the boot, which nobody moves.
        child, _ = self.begin_to_confirm(11, "8s")
        child.kill()
        child.communicate()
        time.sleep(9)
        # Taken back by this hour's job: from then on the spec asks for what is not so.
        self.expect(520, 5, "news")
        self.remind(5, 520, 570)

    def hour_570(self):
        self.fleet.write(11)
        self.fleet.apply(11)
        self.expect(570, 5, "normal")


def words_of(text):
    """What a message is about, by its first line."""
    head = text.splitlines()[0]
    if "reminder" in head:
        return ["reminder"]
    words = {"news": ["found", "down"], "normal": ["back to normal"]}
    return [word for word, marks in words.items() if any(mark in head for mark in marks)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rictl", required=True, type=pathlib.Path)
    arguments.add_argument("--hours", type=int, default=720)
    arguments.add_argument("--every", type=int, default=1, help="hours between two checks, but where something happens")
    arguments.add_argument("--keep", action="store_true", help="leave the directory, and say where it is")
    arguments = arguments.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="rictl-month-"))
    os.chmod(directory, 0o755)
    fleet = Fleet(arguments.rictl.resolve(), directory)
    try:
        wrong = month(fleet, arguments)
    finally:
        fleet.end_emulator()
        fleet.postgres.stop()
        if arguments.keep:
            print(directory, file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    if wrong:
        raise SystemExit(1)


def month(fleet, arguments):
    begun, hours = time.time(), arguments.hours
    for spec in range(SPECS):
        fleet.apply(spec)
    fleet.robot.take()
    script, messages, odd, sizes, seconds = Script(fleet), [], collections.Counter(), [(0, *fleet.sizes())], fleet.postgres.seconds()
    first, is_after = {}, False
    with concurrent.futures.ThreadPoolExecutor(len(ACCOUNTS)) as pool:
        for hour in range(1, hours + 1):
            is_due = script.is_due(hour)
            if hour % arguments.every and not is_due and not is_after:
                continue
            is_after, fleet.hour = is_due, hour
            fleet.clock.show(BEGIN + hour * HOUR)
            script.at(hour)
            for account, ran in enumerate(pool.map(fleet.jobs, range(len(ACCOUNTS)))):
                for kind, (code, out, err) in ran.items():
                    if code not in (0, 2):
                        odd[(kind, code)] += 1
                        says = ((err or out).strip().splitlines() or ["(nothing is printed, since it is no news)"])[0]
                        first.setdefault((kind, code), f"hour {hour}, account {account}: {says}")
            messages += [(hour, *message) for message in fleet.robot.take()]
            if hour % 24 == 0:
                sizes.append((hour // 24, *fleet.sizes()))
                fleet.run(0, ["fleet", "--json"])
                print(f"day {hour // 24}: {time.time() - begun:.0f} s", file=sys.stderr)
    seconds = fleet.postgres.seconds() - seconds
    fleet.end_emulator()
    print(f"{iso(int(begun))[:10]}, commit {commit()}")
    print(f"python3 tests/fleet/month.py --rictl {arguments.rictl.name} --hours {hours} --every {arguments.every}")
    print(f"{SPECS} specs of {LINKS} links, {len(ACCOUNTS)} accounts, {len(REGIONS)} regions; {hours} hours, a check of each account every {arguments.every} h")
    wrong = tell_messages(script, messages, hours)
    tell_calls(fleet)
    tell_sizes(sizes)
    tell_cpu(fleet, seconds, time.time() - begun)
    print("\nexits other than 0 and 2")
    for key, count in sorted(odd.items()):
        print(f"  {key[0]:10} {key[1]:4} {count:6} times, first {first[key]}")
    return wrong


def commit():
    def git(*words):
        return subprocess.run(["git", *words], cwd=pathlib.Path(__file__).parent, stdout=subprocess.PIPE, text=True).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD") + (" and what is not committed" if git("status", "--porcelain", "-uno") else "")


def tell_messages(script, messages, hours):
    """Compares who was told of what with what should have been; returns whether they differ."""
    told, sizes = collections.Counter(), [size for *_, size in messages]
    for hour, account, text, _ in messages:
        told.update((hour, account, word) for word in words_of(text))
    expected = collections.Counter({key: count for key, count in script.expected.items() if key[0] <= hours})
    kinds = collections.Counter(word for _, _, word in told.elements())
    print(f"\nmessages: {len(messages)}, of {min(sizes, default=0)} to {max(sizes, default=0)} bytes; " + ", ".join(f"{count} {word}" for word, count in sorted(kinds.items())))
    for hour, account, text, _ in messages:
        print(f"  hour {hour:3}, account {account}: {text.splitlines()[0]}")
    for title, difference in [("missing", expected - told), ("too many", told - expected)]:
        for hour, account, word in sorted(difference.elements()):
            print(f"  {title}: hour {hour}, account {account}, {word}")
    return expected != told


def tell_calls(fleet):
    calls = collections.Counter()
    for line in open(fleet.calls_path):
        call = json.loads(line)
        calls[(call["action"], call.get("code") or "ok")] += 1
    print(f"\nAPI calls: {sum(calls.values())}, throttled {sum(count for (_, code), count in calls.items() if 'hrottling' in code)}")
    for (action, code), count in sorted(calls.items()):
        print(f"  {action:32} {code:28} {count:7}")


def tell_sizes(sizes):
    print("\nPostgres: rows, bytes of table and indexes (bytes of the table alone)")
    names = sorted(sizes[-1][1])
    print("  day " + "".join(f"{name:>34}" for name in names) + f"{'what is in it':>16}{'log of writes':>16}")
    wal_before = sizes[0][2]
    for day, tables, wal, content in sizes:
        if day in (0, 1, 2, 3, 5, 10, 15, 20, 25, 30) or day == sizes[-1][0]:
            cells = "".join(f"{rows:>9} {total:>11} ({heap:>9})" for rows, total, heap in (tables[name] for name in names))
            print(f"  {day:3} {cells}{content:>16}{wal - wal_before:>16}")
    if len(sizes) > 3:
        (first, before, *_), (last, after, *_) = sizes[2], sizes[-1]
        growth = {name: [(new - old) / (last - first) for old, new in zip(before[name], after[name])] for name in names}
        print("  a day, from the second on: " + ", ".join(f"{name} {rows:+.1f} rows {total:+.0f} bytes" for name, (rows, total, _) in growth.items()))


def tell_cpu(fleet, postgres, took):
    total = sum(fleet.cpu.values()) + postgres
    print(f"\nprocessor time: {total:.0f} s in {took:.0f} s; Postgres {postgres:.1f} s, emulator {fleet.cpu['emulator']:.1f} s")
    for kind, count in sorted(fleet.ran.items()):
        codes = ", ".join(f"{code}: {times}" for code, times in sorted(fleet.codes[kind].items()))
        print(f"  {kind:10} {count:6} runs, {1000 * fleet.cpu[kind] / count:6.1f} ms each, exits {codes}")


if __name__ == "__main__":
    main()
