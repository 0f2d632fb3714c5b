"""A fleet that knows what it exposed: thousands of targets at paths of one port on loopback, in this process.

A process behind a target counts only when it is scraped, so what it exposed is what it counted. Before it restarts it stands
still until that was scraped; so not one count is lost that nobody could know of, and the server can be held to the unit.
"""

import argparse
import asyncio
import json
import os
import shutil
import threading
import time

from measure import Server

SKIPPED, SCRAPES = "hydrophone_scrape_skipped_ticks_total", "hydrophone_scrapes_total"


class Process:
    """What runs at one target until it restarts."""

    def __init__(self, target, life, aggregates):
        self.uuid = f"00000000-0000-4000-8000-{life:04x}{target:08x}"
        self.born = stamp(time.time())
        self.totals = [0] * aggregates
        self.samples = [None] * aggregates
        self.counted = 0
        self.turn = target


class Fleet:
    """Answers scrapes in a thread of its own."""

    def __init__(self, targets, aggregates, services, moved, seed_counts=1):
        self.targets, self.aggregates, self.services, self.moved = targets, aggregates, services, moved
        self.life = 0
        self.ended = 0
        self.frozen = False
        self.seed_counts = seed_counts
        # Target -> how it misbehaves: refuse, hang, drip, junk, huge.
        self.moods = {}
        # What each process ever showed, in all.
        self.shown = {}
        self.answered = [0.0] * targets
        self.answers = 0
        self.writers = set()
        self.processes = [Process(target, 0, aggregates) for target in range(targets)]
        self.stack = [f"com.example.Handler{line}.run(Handler.java:{line})" for line in range(15)]
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096, limit=1 << 16)
        )
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = int(head.split(b" ", 2)[1].rsplit(b"/", 1)[1].split(b"?")[0])
                if not await self._answer(target, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, IndexError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _answer(self, target, writer):
        mood = self.moods.get(target)
        if mood == "refuse":
            return False
        if mood == "hang":
            await asyncio.sleep(30)
            return False
        body = self.body(target) if mood is None else b"{" * 1000 if mood == "junk" else None
        if mood == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(60):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.5)
            return False
        if mood == "huge":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(4096):
                writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
                await writer.drain()
            return False
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
        if mood is None:
            self.answered[target] = time.monotonic()
            self.answers += 1
        return True

    def body(self, target):
        process = self.processes[target]
        if not self.frozen:
            now = stamp(time.time())
            first = process.samples[0] is None
            count = self.aggregates if first else max(1, int(self.aggregates * self.moved))
            for _ in range(count):
                at = process.turn % self.aggregates
                process.turn += 1
                process.totals[at] += self.seed_counts
                process.counted += self.seed_counts
                process.samples[at] = self.aggregate(target, process, at, now)
        self.shown.setdefault(process.uuid, set()).add(process.counted)
        return b'{"target_uuid":"%s","aggregated_errors":[%s]}' % (
            process.uuid.encode(),
            b",".join(sample for sample in process.samples if sample),
        )

    def aggregate(self, target, process, at, now):
        name = f"com.example.Failure{at}"
        sample = {
            "uuid": f"{process.uuid[:24]}{at:04x}{process.totals[at]:08x}"[-36:],
            "timestamp": now,
            "severity": "error",
            "error": {"class": name, "message": f"request {process.turn} failed", "stacktrace": self.stack, "cause": None},
            "http_context": None,
        }
        return json.dumps(
            {
                "aggregation_key": f"{name}@{at:08x}",
                "total_count": process.totals[at],
                "severity": "error",
                "created_at": process.born,
                "latest_errors": [sample],
            }
        ).encode()

    def counted(self):
        """What all processes that there ever were have counted."""
        return self.ended + sum(process.counted for process in self.processes)

    def settle(self, timeout):
        """Stands still until every target that answers was scraped with what it counted."""
        self.frozen = True
        began = time.monotonic() + 0.5
        waiting = [target for target in range(self.targets) if target not in self.moods]
        while time.monotonic() - began < timeout:
            waiting = [target for target in waiting if self.answered[target] < began]
            if not waiting:
                return
            time.sleep(0.2)
        raise SystemExit(f"{len(waiting)} targets were not scraped within {timeout} s")

    def restart(self, targets):
        """New processes, whose counters begin at zero; whoever is connected has nobody any more."""

        def work():
            self.life += 1
            for target in targets:
                self.ended += self.processes[target].counted
                self.processes[target] = Process(target, self.life, self.aggregates)
            for writer in list(self.writers):
                writer.transport.abort()

        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (work(), done.set()))
        done.wait()

    def write_config(self, path, interval, timeout, more=""):
        """A configuration that finds all targets in files beside it."""
        with open(path, "w", encoding="ascii") as out:
            out.write(f"global: {{scrape_interval: {interval}, scrape_timeout: {timeout}}}\n{more}services:\n")
            for service in range(self.services):
                out.write(f"  - name: service-{service}\n    file_sd_configs: [{{files: [{path}.{service}.json]}}]\n")
        for service in range(self.services):
            groups = [
                {
                    "targets": [f"127.0.0.1:{self.port}"],
                    "labels": {"instance": f"target-{target}", "__metrics_path__": f"/t/{target}"},
                }
                for target in range(service, self.targets, self.services)
            ]
            with open(f"{path}.{service}.json", "w", encoding="ascii") as out:
                json.dump(groups, out)


def stamp(seconds):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03}Z"


def metrics(server, names):
    """The sums of counters and gauges over their labels."""
    found = dict.fromkeys(names, 0.0)
    for line in server.get("/metrics")[1].decode().splitlines():
        name = line.split("{")[0].split(" ")[0]
        if name in found:
            found[name] += float(line.rsplit(" ", 1)[1])
    return found


def total(server):
    """Everything that the server has counted."""
    return server.ask("/api/v1/range?start=now-2d&end=now&step=1d")[1]["total"]["total"]


def parser_of(doc, targets, aggregates, services, interval, port, work):
    """What every run with a fleet is asked with, and what it is by default."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--targets", type=int, default=targets)
    parser.add_argument(
        "--aggregates", type=int, default=aggregates, help="of each target; those of a service share their keys"
    )
    parser.add_argument("--services", type=int, default=services)
    parser.add_argument("--interval", type=int, default=interval, help="seconds between two scrapes of a target")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--work", default=work, help="a directory that may be removed")
    parser.add_argument("--binary", default=os.environ.get("CARGO_TARGET_DIR", "target") + "/release/hydrophone")
    return parser


def begin(arguments, timeout_max, *more):
    """A fleet, a server that scrapes it with an empty data directory, and that directory."""
    shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work)
    config, data = (os.path.abspath(os.path.join(arguments.work, name)) for name in ("config.yaml", "data"))
    fleet = Fleet(arguments.targets, arguments.aggregates, arguments.services, moved=0.05)
    fleet.write_config(config, f"{arguments.interval}s", f"{min(timeout_max, arguments.interval)}s")
    flags = [f"--config.file={config}", f"--storage.path={data}", f"--web.listen-address=127.0.0.1:{arguments.port}"]
    return fleet, Server([os.path.abspath(arguments.binary), *flags, *more], arguments.port, "/-/ready"), data
