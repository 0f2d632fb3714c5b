"""Starts a target with some errors and a server that scrapes it, and lets schemathesis ask the server everything.

The seed is fixed, so that a run that passed passes again; CONTRACT_SEED takes another.
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def error(number):
    happened = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sample = {
        "error": {"class": f"Boom{number}", "message": f"it went {number}", "stacktrace": ["at a.b(C.java:1)"], "cause": None},
        "uuid": f"sample-{number}-{time.time_ns()}",
        "timestamp": happened,
        "severity": "error",
        "http_context": {"request_method": "GET", "request_url": "http://shop/pay", "request_headers": {"a": "b"}},
    }
    return {
        "aggregation_key": f"Boom{number}@1",
        "total_count": int(time.time()) % 100000 + number,
        "severity": "error",
        "created_at": happened,
        "latest_errors": [sample],
    }


class Target(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"target_uuid": "contract", "aggregated_errors": [error(n) for n in range(5)]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def ask(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def started(server):
    """The address that the server says it listens at."""
    for line in server.stderr:
        found = re.search(r'url="?(http://[^\s"]+)', line)
        if found:
            # What it logs later must not fill the pipe.
            threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
            return found.group(1)
    sys.exit("the server did not start")


def filled(url):
    for _ in range(300):
        if ask(f"{url}/api/v1/aggregates?all=true")["total"] >= 5:
            return
        time.sleep(0.1)
    sys.exit("the server did not scrape its target")


def main(schemathesis):
    target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory, "hydrophone.yaml")
        address = f"127.0.0.1:{target.server_address[1]}"
        config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            f"services: [{{name: shop, static_configs: [{{targets: ['{address}']}}]}}]\n"
        )
        flags = [
            f"--config.file={config}", f"--storage.path={directory}/data",
            "--web.listen-address=127.0.0.1:0", "--web.enable-admin-api",
        ]  # fmt: skip
        environment = {**os.environ, "NO_COLOR": "1"}
        command = [os.environ["HYDROPHONE"], "serve", *flags]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            url = started(server)
            filled(url)
            run = [
                schemathesis, "run", "docs/openapi.json", f"--url={url}", f"--checks={CHECKS}", "--no-color",
                f"--max-examples={os.environ.get('CONTRACT_EXAMPLES', '5')}", "--phases=examples,coverage,fuzzing",
                f"--seed={os.environ.get('CONTRACT_SEED', '7')}", "--max-failures=20", "--request-timeout=20",
                "--generation-database=none", "--max-time=45",
            ]  # fmt: skip
            outcome = subprocess.run(run, cwd=os.getcwd(), check=False).returncode
            if server.poll() is not None:
                sys.exit(f"the server ended with {server.returncode}")
            sys.exit(outcome)
        finally:
            server.terminate()
            server.wait(timeout=30)


main(sys.argv[1])
