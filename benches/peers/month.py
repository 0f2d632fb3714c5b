#!/usr/bin/env python3
"""A month of a large fleet in Hydrophone alone: 10,000 aggregates, a scrape every 10 s, one in twenty changed.

    benches/peers/month.py [--days 30] [--targets 1] [--work DIR]

Writes 130 million deltas (counters.rs), imports them, and prints size on disk, time and memory of the import, the median of
20 warm answers and the first answer of a cold process to the questions people ask, memory afterwards, and the time from
the start of the process until it is ready after SIGTERM and after SIGKILL. `--targets 8` tells what the breakdown by target
costs. Standard library only; about 5 GB of free disk.
"""

import argparse
import os
import shutil
import signal
import statistics

from measure import Server, disk_bytes, forget_pages, generator, query, run, table

END = 1_795_132_800
DAY = 86_400
WARM = 20


def questions(service, key):
    """Titles, and paths to ask."""

    def ranged(q, days, step, before=0):
        end = END - before
        return query("/api/v1/range", q=q, start=end - days * DAY, end=end, step=step)

    def top(days, before=0):
        end = END - before
        return query("/api/v1/top", by="aggregate", limit=20, start=end - days * DAY, end=end)

    one = f'service:{service} key:"{key}"'
    # Three days and 17 minutes before the end: no hour or day is whole at the range's ends.
    odd = 3 * DAY + 17 * 60
    return {
        "one aggregate, 24 h at 1 m": ranged(one, 1, "1m"),
        "one aggregate, 30 d at 1 h": ranged(one, 30, "1h"),
        "a service of 1,000, 24 h at 1 m": ranged(f"service:{service}", 1, "1m"),
        "a service of 1,000, 30 d at 1 h": ranged(f"service:{service}", 30, "1h"),
        "top 20 of 10,000, 24 h": top(1),
        "top 20 of 10,000, 24 h, odd ends": top(1, odd),
        "top 20 of 10,000, 30 d": top(30),
        "50 sparklines, 24 h": query(
            "/api/v1/aggregates", start=END - DAY, end=END, limit=50, sparkline=48, sort="count"
        ),
        "filter by class, 24 h at 1 m": ranged("class:*Timeout*", 1, "1m"),
        "filter by severity, 24 h at 1 m": ranged("severity:warning", 1, "1m"),
        "filter by target label, 24 h at 1 m": ranged(f"target.instance:{service}-0:80", 1, "1m"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--targets", type=int, default=1, help="of each service")
    parser.add_argument("--work", default="target/peers", help="an empty directory with room for a few gigabytes")
    parser.add_argument("--binary", default=os.environ.get("CARGO_TARGET_DIR", "target") + "/release/hydrophone")
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    file, data = os.path.join(arguments.work, "month.jsonl"), os.path.join(arguments.work, "month")
    config = os.path.join(arguments.work, "month.yml")
    shutil.rmtree(data, ignore_errors=True)
    with open(config, "w", encoding="ascii") as out:
        out.write("services: []\nstorage: {retention: {time: 3650d, targets: 3650d}}\n")
    shape = ["--step", "10", "--days", str(arguments.days), "--targets", str(arguments.targets)]
    with open(file, "wb") as out:
        run([generator(arguments.work), "deltas", *shape], stdout=out)
    binary = os.path.abspath(arguments.binary)
    cpu, wall, peak = run([binary, "import", "deltas", "--storage.path", data, file])
    os.remove(file)
    print(f"import: {wall:.0f} s, {cpu:.0f} s of CPU, {peak / 1e6:.0f} MB of memory")
    print(f"disk: {disk_bytes(data):,} bytes")

    def start():
        flags = ["--config.file=" + config, "--storage.path=" + data, "--web.listen-address=127.0.0.1:7994"]
        return Server([binary, *flags], 7994, "/-/ready")

    server = start()
    page = query("/api/v1/aggregates", q="service:svc-03", start=END - 30 * DAY, end=END, limit=1, sort="count")
    asked = questions("svc-03", server.ask(page)[1]["aggregates"][0]["aggregation_key"])
    rows = [["", "warm", "cold"]]
    for title, path in asked.items():
        warm = statistics.median(server.ask(path)[0] for _ in range(WARM + 1))
        rows.append([title, f"{warm:.2f} ms"])
    print(f"resident: {server.status('VmRSS') / 1e6:.0f} MB, of it anonymous {server.status('RssAnon') / 1e6:.0f} MB")
    server.stop()
    for row, path in zip(rows[1:], asked.values()):
        forget_pages(data)
        server = start()
        row.append(f"{server.ask(path)[0]:.1f} ms")
        server.stop()
    server = start()
    print(f"ready after SIGTERM: {server.ready_after * 1000:.0f} ms")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    forget_pages(data)
    server = start()
    print(f"ready after SIGKILL, cold: {server.ready_after * 1000:.0f} ms")
    server.stop()
    table(rows)


if __name__ == "__main__":
    main()
