#!/usr/bin/env python3
"""Counts over time in Prometheus, VictoriaMetrics and Hydrophone, side by side.

    benches/peers/counters.py [--days 30] [--aggregates 1000] [--services 10] [--work DIR]

Installs the other two from Debian's packages where they are missing, writes the same counters (counters.rs) into all three,
asks the same questions over HTTP and prints one table: disk, CPU time and peak memory of loading, the median of 20 warm answers,
the first answer of a cold process, resident memory afterwards. Hydrophone's answers are compared with what really
happened, to the unit. Standard library only; about 20 GB of free disk and half an hour for the whole month, most of it the
others' loading.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

from measure import Server, disk_bytes, forget_pages, generator, query, run, table

METRIC = "periskop_error_occurrences"
END = 1_795_132_800
DAY = 86_400
WARM = 20
# Enough of a question whose answers take so long together, in milliseconds.
PATIENCE = 30_000


class Prometheus:
    name = "Prometheus"
    range, instant = "/api/v1/query_range", "/api/v1/query"
    nocache = {}

    def __init__(self, work):
        self.data = os.path.join(work, "prometheus")
        self.config = os.path.join(work, "prometheus.yml")
        shutil.rmtree(self.data, ignore_errors=True)
        os.makedirs(self.data)
        with open(self.config, "w", encoding="ascii") as file:
            file.write("global: {scrape_interval: 60s}\n")
        self.loading = [0.0, 0.0, 0]

    def load(self, day, openmetrics, written):
        cpu, wall, peak = run(
            ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=18h", "openmetrics", openmetrics, self.data],
            stdout=subprocess.DEVNULL,
        )
        self.loading = [self.loading[0] + cpu, self.loading[1] + wall, max(self.loading[2], peak)]

    def finish(self):
        """Lets it compact the blocks as it would over time."""
        server = self.start()
        still, last = 0, None
        while still < 20:
            time.sleep(1)
            blocks = sorted(os.listdir(self.data))
            still, last = (still + 1 if blocks == last else 0), blocks
        self.loading[0] += server.cpu_seconds()
        server.stop()

    def start(self):
        return Server(
            [
                "prometheus",
                "--config.file=" + self.config,
                "--storage.tsdb.path=" + self.data,
                "--storage.tsdb.retention.time=10y",
                "--storage.tsdb.max-block-duration=31d",
                "--web.listen-address=127.0.0.1:7991",
                "--query.timeout=10m",
            ],
            7991,
            "/-/ready",
        )

    def queries(self, shape):
        one, service = shape.one_matcher, f'{METRIC}{{service_name="{shape.service}"}}'
        ranged = lambda text, start, step: query(
            self.range, query=text, start=start + step, end=shape.end, step=step, **self.nocache
        )
        day, month = shape.end - DAY, shape.start
        instant = lambda text: query(self.instant, query=text, time=shape.end, **self.nocache)
        return {
            "one aggregate, 24 h at 1 m": ranged(f"increase({one}[1m])", day, 60),
            "one aggregate, 30 d at 1 h": ranged(f"increase({one}[1h])", month, 3600),
            "a service, 24 h at 1 m": ranged(f"sum(rate({service}[5m]))", day, 60),
            "a service, 30 d at 1 h": ranged(f"sum(rate({service}[1h]))", month, 3600),
            "top 20 of all, 24 h": instant(f"topk(20, increase({METRIC}[24h]))"),
            "top 20 of all, 30 d": instant(f"topk(20, increase({METRIC}[{shape.days}d]))"),
        }


class VictoriaMetrics(Prometheus):
    name = "VictoriaMetrics"
    nocache = {"nocache": 1}

    def __init__(self, work):
        self.data = os.path.join(work, "victoria")
        shutil.rmtree(self.data, ignore_errors=True)
        self.loading = [0.0, 0.0, 0]
        self.server = self.start()

    def load(self, day, openmetrics, written):
        began = time.monotonic()
        # It ends connections that nobody used for a while, such as while the others loaded; the next request opens one.
        self.server.connection.close()
        lines = subprocess.Popen(written("victoria", "--day", str(day)), stdout=subprocess.PIPE)
        for line in lines.stdout:
            _, content, status = self.server.get("/api/v1/import", line)
            if status != 204:
                sys.exit(f"VictoriaMetrics refused a line: {status} {content[:400]}")
        if lines.wait() != 0:
            sys.exit("the generator failed")
        self.loading[1] += time.monotonic() - began

    def finish(self):
        self.server.get("/internal/force_flush")
        self.server.get("/internal/force_merge")
        still, last = 0, None
        while still < 10:
            time.sleep(1)
            size = disk_bytes(self.data)
            still, last = (still + 1 if size == last else 0), size
        self.loading[0] = self.server.cpu_seconds()
        self.loading[2] = self.server.status("VmHWM")
        self.server.stop()

    def start(self):
        return Server(
            [
                "victoria-metrics",
                "-storageDataPath=" + self.data,
                "-retentionPeriod=10y",
                "-httpListenAddr=127.0.0.1:7992",
                "-search.maxQueryDuration=10m",
            ],
            7992,
            "/health",
        )


class Hydrophone:
    name = "Hydrophone"

    def __init__(self, work, binary):
        self.data, self.binary = os.path.join(work, "hydrophone"), binary
        self.config = os.path.join(work, "hydrophone.yml")
        shutil.rmtree(self.data, ignore_errors=True)
        with open(self.config, "w", encoding="ascii") as file:
            file.write("services: []\nstorage: {retention: {time: 3650d, targets: 3650d}}\n")
        self.loading = [0.0, 0.0, 0]

    def load(self, day, openmetrics, written):
        # Its counters begin at 0 with the first day: what they stand at in the first sample has happened.
        cpu, wall, peak = run(
            [self.binary, "import", "openmetrics", "--count-first", "--storage.path", self.data, openmetrics],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.loading = [self.loading[0] + cpu, self.loading[1] + wall, max(self.loading[2], peak)]

    def finish(self):
        pass

    def start(self):
        return Server(
            [
                self.binary,
                "--config.file=" + self.config,
                "--storage.path=" + self.data,
                "--web.listen-address=127.0.0.1:7993",
            ],
            7993,
            "/-/ready",
        )

    def queries(self, shape):
        # A sample's time is the end of what it counts, (from, to]; our buckets are [from, to). A delta of a sample at 12:00:00 lies
        # in the bucket that begins there.
        ranged = lambda q, days, step: query(
            "/api/v1/range", q=q, start=shape.end - days * DAY, end=shape.end, step=step
        )
        top = lambda days: query(
            "/api/v1/top", by="aggregate", limit=20, start=shape.end - days * DAY, end=shape.end
        )
        one, service = f'service:{shape.service} key:"{shape.key}"', f"service:{shape.service}"
        return {
            "one aggregate, 24 h at 1 m": ranged(one, 1, "1m"),
            "one aggregate, 30 d at 1 h": ranged(one, shape.days, "1h"),
            "a service, 24 h at 1 m": ranged(service, 1, "1m"),
            "a service, 30 d at 1 h": ranged(service, shape.days, "1h"),
            "top 20 of all, 24 h": top(1),
            "top 20 of all, 30 d": top(shape.days),
        }


class Shape:
    def __init__(self, arguments, written):
        self.days, self.end = arguments.days, END
        self.start = END - arguments.days * DAY
        self.service = f"svc-{min(3, arguments.services - 1):02}"
        self.truth = {}
        for days in (1, arguments.days):
            # Points of [from, to): samples at `from` belong to it, samples at `to` do not.
            span = ["--from", str(END - days * DAY - 1), "--to", str(END - 1)]
            lines = subprocess.run(written("truth", *span), check=True, capture_output=True, text=True).stdout
            self.truth[days] = {tuple(line.split()[:2]): int(line.split()[2]) for line in lines.splitlines()}
        keys = [key for service, key in self.truth[1] if service == self.service and key != "*"]
        self.key = keys[len(keys) // 2]
        self.one_matcher = f'{METRIC}{{service_name="{self.service}",aggregation_key="{self.key}"}}'


def check(shape, answers):
    """Compares Hydrophone's sums with what really happened."""
    for question, (service, key), days in (
        ("one aggregate, 24 h at 1 m", (shape.service, shape.key), 1),
        ("one aggregate, 30 d at 1 h", (shape.service, shape.key), shape.days),
        ("a service, 24 h at 1 m", (shape.service, "*"), 1),
        ("a service, 30 d at 1 h", (shape.service, "*"), shape.days),
    ):
        counts = sum(answers[question]["total"]["counts"])
        truth = shape.truth[days][(service, key)]
        if counts != truth:
            sys.exit(f"{question}: Hydrophone says {counts}, the file {truth}")
    for question, days in (("top 20 of all, 24 h", 1), ("top 20 of all, 30 d", shape.days)):
        truth = sorted((n for (_, key), n in shape.truth[days].items() if key != "*"), reverse=True)[:20]
        counts = [group["count"] for group in answers[question]["groups"]]
        if counts != truth:
            sys.exit(f"{question}: Hydrophone says {counts}, the file {truth}")


def measure(peer, shape):
    """Warm medians, cold first answers, memory after the warm ones, and the answers."""
    server = peer.start()
    warm, answers = {}, {}
    for question, path in peer.queries(shape).items():
        times = []
        for _ in range(WARM + 1):
            millis, answers[question] = server.ask(path)
            times.append(millis)
            if sum(times) > PATIENCE:
                break
        warm[question] = statistics.median(times[1:] or times)
    memory = server.status("VmRSS"), server.status("RssAnon")
    server.stop()
    cold = {}
    for question, path in peer.queries(shape).items():
        forget_pages(peer.data)
        server = peer.start()
        cold[question] = server.ask(path)[0]
        server.stop()
    return warm, cold, memory, answers


def report(peers, results):
    """One table; in brackets how many times what Hydrophone takes."""
    ours = results["Hydrophone"]
    size = {peer.name: disk_bytes(peer.data) for peer in peers}
    rows = [["", *(peer.name for peer in peers)]]

    def row(title, values, show, reference):
        cells = [show(value) + (f" ({value / reference:.1f})" if reference else "") for value in values]
        rows.append([title, *cells])

    megabytes = lambda size: f"{size / 1e6:.0f} MB"
    seconds = lambda time: f"{time:.0f} s"
    millis = lambda time: f"{time:.2f} ms"
    loading = {peer.name: peer.loading for peer in peers}
    row("disk", size.values(), megabytes, size["Hydrophone"])
    row("loading, CPU", [loading[peer.name][0] for peer in peers], seconds, loading["Hydrophone"][0])
    row("loading, peak memory", [loading[peer.name][2] for peer in peers], megabytes, loading["Hydrophone"][2])
    for number, kind in ((0, "warm"), (1, "cold")):
        for question in ours[number]:
            values = [results[peer.name][number][question] for peer in peers]
            row(f"{question}, {kind}", values, millis, ours[number][question])
    row("resident after the questions", [results[peer.name][2][0] for peer in peers], megabytes, ours[2][0])
    row("  of it anonymous", [results[peer.name][2][1] for peer in peers], megabytes, ours[2][1])
    table(rows)
    print("\nHydrophone's answers agree with what the generator counted, to the unit.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--services", type=int, default=10)
    parser.add_argument("--aggregates", type=int, default=1000, help="of each service")
    parser.add_argument("--work", default="target/peers", help="an empty directory with room for a few gigabytes")
    parser.add_argument("--binary", default=os.environ.get("CARGO_TARGET_DIR", "target") + "/release/hydrophone")
    arguments = parser.parse_args()
    missing = [name for name in ("promtool", "victoria-metrics") if shutil.which(name) is None]
    if missing:
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "prometheus", "victoria-metrics"])
    os.makedirs(arguments.work, exist_ok=True)
    binary = generator(arguments.work)

    def written(what, *flags):
        size = {"--days": arguments.days, "--services": arguments.services, "--aggregates": arguments.aggregates}
        return [binary, what, *flags, *(str(word) for pair in size.items() for word in pair)]

    shape = Shape(arguments, written)
    peers = [
        Prometheus(arguments.work),
        VictoriaMetrics(arguments.work),
        Hydrophone(arguments.work, os.path.abspath(arguments.binary)),
    ]
    for day in range(arguments.days):
        file = os.path.join(arguments.work, "day.om")
        with open(file, "wb") as out:
            run(written("openmetrics", "--day", str(day)), stdout=out)
        for peer in peers:
            peer.load(day, file, written)
        os.remove(file)
        print(f"day {day + 1} of {arguments.days} loaded", file=sys.stderr)
    for peer in peers:
        peer.finish()
    results = {peer.name: measure(peer, shape) for peer in peers}
    check(shape, results["Hydrophone"][3])
    report(peers, results)


if __name__ == "__main__":
    main()
