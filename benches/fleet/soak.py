#!/usr/bin/env python3
"""A soak: full load with faults for as long as it is asked to last, and what grows meanwhile.

    benches/fleet/soak.py [--minutes 60] [--targets 200] [--aggregates 1000] [--interval 5] [--work DIR]

Some targets refuse, hang, drip, send junk or a body without end, others restart; somebody asks, and a backup is made every
now and then. Prints a line every ten seconds (memory, points that are not sealed and therefore in it, scrapes left out, time of the
answers) and at the end the slope of memory, by least squares over the second half, with its standard error, missed scrapes beside
those that are counted, and whether the counts are exact. Standard library only.
"""

import http.client
import os
import random
import shutil
import statistics
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "peers")]

from measure import disk_bytes
from targets import SCRAPES, SKIPPED, begin, metrics, parser_of, total

MOODS = ["refuse", "hang", "drip", "junk", "huge"]
QUESTIONS = [
    "/api/v1/services",
    "/api/v1/aggregates?limit=50&sparkline=48&start=now-1h",
    "/api/v1/range?by=service&start=now-1h&end=now&step=1m",
    "/api/v1/top?by=aggregate&limit=20&start=now-1h",
    "/api/v1/occurrences?q=failed&limit=50&start=now-1h",
    "/api/v1/targets",
]
SAMPLE_SECONDS = 10


def slope(points):
    """Of y over x, and its standard error; unknown from fewer than three points."""
    if len(points) < 3:
        return float("nan"), float("nan")
    xs, ys = zip(*points)
    x, y = statistics.fmean(xs), statistics.fmean(ys)
    spread = sum((at - x) ** 2 for at in xs)
    rise = sum((at - x) * (value - y) for at, value in points) / spread
    rest = sum((value - y - rise * (at - x)) ** 2 for at, value in points)
    return rise, (rest / max(len(points) - 2, 1) / spread) ** 0.5


def back_up(port, outcomes, stop):
    while not stop.wait(60):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        try:
            connection.request("POST", "/api/v1/admin/backup")
            answer = connection.getresponse()
            size = 0
            while piece := answer.read(1 << 16):
                size += len(piece)
            outcomes.append((answer.status, size))
        except (OSError, http.client.HTTPException) as error:
            outcomes.append((0, str(error)))
        finally:
            connection.close()


def misbehave(fleet, chance):
    """Another tenth of the targets behaves badly, and some restart."""
    some = chance.sample(range(fleet.targets), fleet.targets // 10)
    fleet.moods = {target: chance.choice(MOODS) for target in some}


def main():
    parser = parser_of(__doc__, targets=200, aggregates=1000, services=10, interval=5, port=47994, work="target/soak")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    fleet, server, data = begin(arguments, 4, "--web.enable-admin-api")
    chance, stop, backups = random.Random(arguments.seed), threading.Event(), []
    threading.Thread(target=back_up, args=(arguments.port, backups, stop), daemon=True).start()
    first, began, cpu = metrics(server, [SKIPPED, SCRAPES]), time.monotonic(), server.cpu_seconds()
    samples, answers, wrong = [], [], False
    print("minute | memory MB | not sealed, 1000 points | scrapes | left out | answers: median, slowest ms | disk MB")
    try:
        turn = 0
        while (at := time.monotonic() - began) < arguments.minutes * 60:
            times = []
            while time.monotonic() - began < at + SAMPLE_SECONDS:
                times.append(server.ask(chance.choice(QUESTIONS))[0])
                time.sleep(0.5)
            turn += 1
            if turn % 3 == 1:
                misbehave(fleet, chance)
            if turn % 6 == 0:
                # Only whoever was scraped to the last count may go: the others are left alone meanwhile.
                fleet.moods = {}
                fleet.settle(20 * arguments.interval)
                fleet.restart(chance.sample(range(fleet.targets), fleet.targets // 4))
                fleet.frozen = False
            now = metrics(server, [SKIPPED, SCRAPES])
            memory = server.status("VmRSS") / 1e6
            points = server.ask("/api/v1/status")[1]["storage"]["head_points"]
            samples.append((time.monotonic() - began, memory))
            answers += times
            print(
                f"{samples[-1][0] / 60:.1f} | {memory:.0f} | {points / 1000:.0f} | {now[SCRAPES] - first[SCRAPES]:.0f} |"
                f" {now[SKIPPED] - first[SKIPPED]:.0f} | {statistics.median(times):.1f}, {max(times):.1f} |"
                f" {disk_bytes(data) / 1e6:.0f}",
                flush=True,
            )
        lasted = time.monotonic() - began
        now = metrics(server, [SKIPPED, SCRAPES])
        fleet.moods = {}
        fleet.settle(20 * arguments.interval)
        until = time.monotonic() + 60
        while total(server) != fleet.counted() and time.monotonic() < until:
            time.sleep(0.5)
        counted, thrown = total(server), fleet.counted()
        due = lasted / arguments.interval * arguments.targets
        seen = now[SCRAPES] - first[SCRAPES] + now[SKIPPED] - first[SKIPPED]
        rise, error = slope(samples[len(samples) // 2 :])
        answers.sort()
        print(f"{lasted / 60:.1f} minutes, {(server.cpu_seconds() - cpu) / lasted:.2f} cores")
        print(f"memory: {rise * 3600:+.1f} MB an hour, standard error {error * 3600:.1f}; most {server.status('VmHWM') / 1e6:.0f} MB")
        print(f"scrapes due {due:.0f}, done or counted as left out {seen:.0f}")
        print(f"answers: median {statistics.median(answers):.1f} ms, 99 of 100 within {answers[len(answers) * 99 // 100]:.1f} ms")
        print(f"backups: {len(backups)}, of which went well {sum(status == 200 for status, _ in backups)}")
        print(f"counts: {counted} of {thrown}, {'exact' if counted == thrown else 'WRONG'}")
        wrong = counted != thrown
    finally:
        stop.set()
        server.stop()
        shutil.rmtree(arguments.work, ignore_errors=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
