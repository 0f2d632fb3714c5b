"""A real application with Periskop's Python client, pulled by the real server: every exception is counted once.

The application is restarted twice and the server is killed in the middle. A process that ends takes with it what nobody
scraped, so each one ends only when the server has its last counts.
"""

import collections
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).parent
SERVER = os.environ["HYDROPHONE"]
SECONDS_MAX = 60
KINDS = 20

# Requests to loopback go there and not to a proxy that the environment names.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """The server, over one or more processes with the same data directory."""

    def __init__(self, directory, target):
        self.directory = directory
        config = directory / "hydrophone.yaml"
        config.write_text(
            "global: {scrape_interval: 1s}\n"
            f"services:\n  - name: shop\n    static_configs: [{{targets: ['{target}']}}]\n"
        )
        self.command = [
            SERVER,
            f"--config.file={config}",
            f"--storage.path={directory / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        found = queue.Queue()
        threading.Thread(target=self.read, args=(self.process, found), daemon=True).start()
        self.url = found.get(timeout=SECONDS_MAX)

    @staticmethod
    def read(process, found):
        for line in process.stderr:
            listening = re.search(r"listening.*url=\"?(http://[^\s\"]+)", line)
            if listening:
                found.put(listening.group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def get(self, path):
        with opener.open(self.url + path, timeout=SECONDS_MAX) as answer:
            return json.load(answer)

    def total(self):
        return self.get("/api/v1/top?by=service&start=now-1h")["total"]

    def wait_for(self, total):
        deadline = time.monotonic() + SECONDS_MAX
        while (known := self.total()) != total:
            assert known < total, f"the server counted {known}, and only {total} were raised"
            assert time.monotonic() < deadline, f"the server knows {known} of {total}"
            time.sleep(0.05)


class Application:
    """One process of the application."""

    def __init__(self, port):
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(HERE / "application.py"), str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.counts = json.loads(self.process.stdout.readline())

    def fail(self, times):
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        self.counts = json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class RealClient(unittest.TestCase):
    def test_every_exception_of_a_real_application_is_counted_once(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        server = Server(pathlib.Path(directory.name), f"127.0.0.1:{port}")
        self.addCleanup(lambda: server.kill())
        truth = collections.Counter()
        for life, bursts in enumerate([[80] * 5, [60] * 5, [60] * 5]):
            application = Application(port)
            self.addCleanup(application.process.kill)
            for burst, times in enumerate(bursts):
                application.fail(times)
                if burst == 1:
                    # Some of it is scraped, some is not yet.
                    server.wait_for(truth.total() + sum(bursts[:2]))
                if (life, burst) == (1, 2):
                    server.kill()
                if (life, burst) == (1, 3):
                    server.start()
            truth.update(application.counts)
            server.wait_for(truth.total())
            application.stop()

        self.assertEqual((truth.total(), len(truth)), (1000, KINDS))
        self.compare(server, truth)
        server.kill()
        server.start()
        self.compare(server, truth)

    def compare(self, server, truth):
        """The server knows the truth, however it is asked."""
        listed = server.get("/api/v1/aggregates?limit=1000&start=now-1h")["aggregates"]
        self.assertEqual(len({one["aggregation_key"] for one in listed}), KINDS)
        for count in ["count", "total_count"]:
            self.assertEqual({one["class"]: one[count] for one in listed}, truth)
        for by in ["service", "aggregate", "severity", "target.instance"]:
            top = server.get(f"/api/v1/top?by={by}&limit=1000&start=now-1h")
            self.assertEqual(sum(group["count"] for group in top["groups"]), 1000, by)
        series = server.get("/api/v1/range?by=aggregate&top=100&step=1s&start=now-30m")
        self.assertEqual(sum(sum(one["counts"]) for one in series["series"]), 1000)

        errors = server.get("/services/shop/errors/")
        of_class = {one["aggregation_key"].rsplit("@", 1)[0]: one["total_count"] for one in errors}
        self.assertEqual(of_class, truth)
        for one in errors:
            newest = one["latest_errors"][0]
            self.assertEqual(newest["error"]["class"], one["aggregation_key"].rsplit("@", 1)[0])
            self.assertIn("Traceback", "\n".join(newest["error"]["stacktrace"]))

        # What was raised is what can be read, whatever stood in it.
        messages = {}
        for one in listed:
            page = server.get(f"/api/v1/aggregates/{one['id']}/occurrences?limit=100")["occurrences"]
            self.assertEqual(len({occurrence["uuid"] for occurrence in page}), len(page))
            messages[one["class"]] = page[0]["message"]
        self.assertEqual(messages["ÜberlaufFehler"], "größer als erlaubt: 💥")
        # NUL is no text.
        self.assertIn("back\\slash and \ufffd too", messages["AssertionError"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
