#!/usr/bin/env python3
"""Backups in a row over HTTP at full load, the client killed in the middle of one and the server in the middle of another.

    benches/fleet/backups.py [--backups 20] [--targets 200] [--aggregates 1000] [--interval 5] [--work DIR]

Each is restored, verified and exported. What the export says is held against the fleet, which knows what it showed (the counts of a
process are those of one of its answers, and the points add up to them), and against the export of the server's own directory at the
end: everything that was final at the backup's commit is there alike. Prints a line for each and what commits took meanwhile. Standard
library only.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "peers")]

from measure import Server, disk_bytes, table
from targets import begin, parser_of

CLIENT_DIES, SERVER_DIES = 7, 13
# Bytes a second of the backups that are cut, so that there is a middle.
SLOWLY = "256KiB"


class Export:
    """What a directory says: counts of processes, points and samples by when they were."""

    def __init__(self, binary, data):
        command = [binary, "export", "--storage.path", data]
        self.processes, self.points, self.samples, self.final_before = {}, {}, {}, float("inf")
        self.total = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            for line in process.stdout:
                self.read(line)
        if process.returncode != 0:
            sys.exit(f"export of {data} ended with {process.returncode}")

    def read(self, line):
        said = json.loads(line)
        if "points" in said:
            who = (said["service"], said["key"], said["labels"]["instance"])
            for at, count in said["points"]:
                self.total += count
                self.points[at] = (self.points.get(at, 0) + hash((who, at, count))) % (1 << 64)
        elif "baselines" in said:
            self.processes[said["uuid"]] = sum(one["total"] for one in said["baselines"])
        elif said["kind"] == "target":
            # A later scrape spreads its counts over the time since the last good one.
            self.final_before = min(self.final_before, said["last_success"])
        elif said["kind"] == "occurrence":
            self.samples.setdefault(int(said["timestamp"]), set()).add(hash(line))

    def differs(self, later, fleet):
        """What is not as the fleet and a later export have it, and how many seconds of points could be compared."""
        shown = sum(1 for uuid, total in self.processes.items() if total not in fleet.shown.get(uuid, ()))
        if shown:
            return f"{shown} processes never showed that", 0
        if self.total != sum(self.processes.values()):
            return f"points of {self.total} for {sum(self.processes.values())}", 0
        until = int(self.final_before)
        for name, mine, its in (("points", self.points, later.points), ("samples", self.samples, later.samples)):
            both = {at for at in mine.keys() | its.keys() if at < until}
            wrong = sum(1 for at in both if mine.get(at) != its.get(at))
            if wrong:
                return f"{name} of {wrong} of {len(both)} seconds", len(both)
        return None, len(both)


def bucket_bounds(server, name):
    """Cumulative counts of a histogram, by its upper bounds."""
    lines = server.get("/metrics")[1].decode().splitlines()
    found = (line.split('le="')[1].split('"} ') for line in lines if line.startswith(name + "_bucket"))
    return {float(bound): float(count) for bound, count in found}


def within(before, after, share):
    """The upper bound of the bucket that holds this share of what came between."""
    gained = {bound: after[bound] - before.get(bound, 0) for bound in after}
    most = max(gained.values())
    return min(bound for bound, count in gained.items() if count >= share * most), most


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.fleet, self.server, self.data = begin(arguments, 4, "--web.enable-admin-api")
        self.binary = os.path.abspath(arguments.binary)
        self.directory = os.path.join(arguments.work, "backups", "")
        self.kills = []

    def command(self, to, *more):
        return [self.binary, "backup", "--server", f"http://127.0.0.1:{self.arguments.port}", "--to", to, *more]

    def cut(self, to, kill):
        """Kills somebody while a backup is being made."""
        client = subprocess.Popen(self.command(to, "--rate", SLOWLY), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait(True)
        time.sleep(0.5)
        kill(client)
        killed = time.monotonic()
        client.wait()
        self.wait(False)
        left = "a file is left" if os.path.isfile(to) else "no file is left"
        seconds = time.monotonic() - killed
        self.kills.append(f"client ended with {client.returncode}, {left}, the next could begin {seconds:.2f} s later")

    def wait(self, running):
        until = time.monotonic() + 60
        while self.server.ask("/api/v1/status")[1]["backup"]["running"] != running:
            if time.monotonic() > until:
                sys.exit(f"running backups: not {running}")
            time.sleep(0.02)

    def kill_server(self, _):
        process = self.server.process
        command = process.args
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.server.connection.close()
        self.server = Server(command, self.arguments.port, "/-/ready")

    def make(self, number):
        if number == CLIENT_DIES:
            self.cut(os.path.join(self.arguments.work, "cut.tar.zst"), lambda client: client.send_signal(signal.SIGKILL))
        if number == SERVER_DIES:
            self.cut(self.directory, self.kill_server)
        to = self.directory if number % 2 else os.path.join(self.arguments.work, f"{number}.tar.zst")
        before = bucket_bounds(self.server, "hydrophone_ingest_commit_seconds")
        began = time.monotonic()
        subprocess.run(self.command(to), check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        time.sleep(max(0, 1 - seconds))
        slow, commits = within(before, bucket_bounds(self.server, "hydrophone_ingest_commit_seconds"), 0.99)
        return [str(number), f"{seconds:.2f} s", f"{commits:.0f}", f"{slow * 1000:.0f} ms"], to, time.time()

    def restored(self, number, source, at):
        """What a backup says once it is restored, and what verifying it says."""
        copy = os.path.join(self.arguments.work, "copy")
        shutil.rmtree(copy, ignore_errors=True)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at + 1))
        chosen = ["--at", stamp] if os.path.isdir(source) else []
        began = time.monotonic()
        subprocess.run([self.binary, "restore", source, *chosen, "--storage.path", copy], check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        verified = subprocess.run([self.binary, "verify", "--storage.path", copy], capture_output=True, text=True)
        if verified.returncode != 0:
            sys.exit(f"backup {number}: {verified.stdout}{verified.stderr}")
        return Export(self.binary, copy), seconds


def main():
    parser = parser_of(__doc__, targets=200, aggregates=1000, services=10, interval=5, port=47992, work="target/backups")
    parser.add_argument("--backups", type=int, default=20)
    arguments = parser.parse_args()
    run = Run(arguments)
    try:
        time.sleep(8 * arguments.interval)
        made = []
        for number in range(arguments.backups):
            made.append(run.make(number))
            time.sleep(2)
        said = subprocess.run([run.binary, "verify", "--server", f"http://127.0.0.1:{arguments.port}"], capture_output=True, text=True)
        print(f"the server that runs: {(said.stdout + said.stderr).strip().splitlines()[-1]}")
        run.server.stop()
        final = Export(run.binary, run.data)
        rows = [("backup", "made in", "commits meanwhile", "99 of 100 within", "restored in", "counted", "is it that", "alike at the end")]
        wrong = 0
        for number, (row, source, at) in enumerate(made):
            export, seconds = run.restored(number, source, at)
            different, compared = export.differs(final, run.fleet)
            wrong += different is not None or compared == 0
            rows.append((*row, f"{seconds:.2f} s", str(export.total), different or "yes", f"{compared} s"))
        table(rows)
        print("\n".join(run.kills))
        print(f"the directory at the end: {disk_bytes(run.data) / 1e6:.0f} MB, counted {final.total}, {final.differs(final, run.fleet)[0] or 'exact'}")
    finally:
        if run.server.process.poll() is None:
            run.server.stop()
        shutil.rmtree(arguments.work, ignore_errors=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
