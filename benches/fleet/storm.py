#!/usr/bin/env python3
"""A storm of targets: thousands, all restarting at once, their counters back at zero, again and again.

    benches/fleet/storm.py [--targets 5000] [--storms 3] [--interval 15] [--work DIR]

Prints, for the first round of scrapes and for each storm, how long it takes until every target was scraped again, CPU time and
memory, and scrapes that were left out; at the end whether the server counted exactly what the fleet did. Standard library only.
"""

import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "peers")]

from measure import disk_bytes, table
from targets import SCRAPES, SKIPPED, begin, metrics, parser_of, total

WAITS = "hydrophone_scrape_queue_waits_total"


def main():
    parser = parser_of(__doc__, targets=5000, aggregates=20, services=20, interval=15, port=47993, work="target/storm")
    parser.add_argument("--storms", type=int, default=3)
    arguments = parser.parse_args()
    fleet, server, data = begin(arguments, 10)
    rows = [("round", "all scraped again in", "CPU", "CPU a scrape", "memory", "left out", "queue waits", "exact")]
    patience = 20 * arguments.interval
    wrong = False
    try:
        for storm in range(arguments.storms + 1):
            before, cpu, began = metrics(server, [SKIPPED, SCRAPES, WAITS]), server.cpu_seconds(), time.monotonic()
            if storm > 0:
                fleet.restart(range(arguments.targets))
            fleet.frozen = False
            while min(fleet.answered) < began:
                time.sleep(0.05)
                if time.monotonic() - began > patience:
                    sys.exit("not every target was scraped")
            again = time.monotonic() - began
            time.sleep(2 * arguments.interval)
            fleet.settle(patience)
            # What was scraped last is on its way through the queue.
            exact, until = False, time.monotonic() + 30
            while not exact and time.monotonic() < until:
                exact = total(server) == fleet.counted()
                time.sleep(0.2)
            wrong |= not exact
            after = metrics(server, [SKIPPED, SCRAPES, WAITS])
            cpu, scrapes = server.cpu_seconds() - cpu, after[SCRAPES] - before[SCRAPES]
            rows.append(
                (
                    f"storm {storm}" if storm else "first",
                    f"{again:.1f} s",
                    f"{cpu:.1f} s",
                    f"{cpu * 1000 / max(scrapes, 1):.2f} ms",
                    f"{server.status('VmRSS') / 1e6:.0f} MB",
                    f"{after[SKIPPED] - before[SKIPPED]:.0f}",
                    f"{after[WAITS] - before[WAITS]:.0f}",
                    "yes" if exact else f"NO: {total(server)} of {fleet.counted()}",
                )
            )
        print(f"{arguments.targets} targets, {arguments.aggregates} aggregates each, every {arguments.interval} s")
        table(rows)
        print(f"most memory {server.status('VmHWM') / 1e6:.0f} MB, on disk {disk_bytes(data) / 1e6:.0f} MB")
        print(f"counted {fleet.counted()} in {fleet.answers} answers")
    finally:
        server.stop()
        shutil.rmtree(arguments.work, ignore_errors=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
