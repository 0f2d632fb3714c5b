"""An application that fails in twenty ways and exposes it with Periskop's client, as its README shows.

    application.py PORT

Each line on standard input is a number: so many exceptions are raised, one kind after the other, and then a line with
the counts by class so far in this process is printed as JSON.
"""

import collections
import decimal
import importlib
import json
import socket
import sqlite3
import struct
import sys
import threading
from http.server import ThreadingHTTPServer

from periskop_client.collector import ExceptionCollector
from periskop_client.exporter import ExceptionExporter
from periskop_client.handler import exception_http_handler
from periskop_client.models import HTTPContext


class PaymentDeclined(Exception):
    """A domain error with a cause."""


class ÜberlaufFehler(Exception):
    """Names are not ASCII everywhere."""


def missing_key():
    return {"a": 1}["b"]


def bad_number():
    return int("forty-two")


def division():
    return 1 // 0


def truncated_json():
    return json.loads('{"id":')


def missing_file():
    return open("/nonexistent/file")


def missing_attribute():
    return object().color


def wrong_type():
    return "1" + 1


def beyond_the_end():
    return [1, 2, 3][7]


def bad_bytes():
    return b"\xff\xfe".decode("utf-8")


def endless():
    return endless()


def refused():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return socket.create_connection(closed.getsockname(), timeout=1)


def broken_promise():
    assert 1 + 1 == 3, "sums are wrong: \"quotes\", back\\slash and \x00 too"


def missing_module():
    return importlib.import_module("no_such_module_anywhere")


def unknown_name():
    return no_such_name  # noqa: F821


def too_large():
    return 2.0**10_000


def bad_source():
    return compile("def broken(:", "<string>", "exec")


def bad_sql():
    return sqlite3.connect(":memory:").execute("select * from nowhere")


def short_struct():
    return struct.unpack(">I", b"\x00")


def declined():
    try:
        missing_key()
    except KeyError as error:
        raise PaymentDeclined("card 4242 was declined") from error


def overflow():
    raise ÜberlaufFehler("größer als erlaubt: 💥")


KINDS = [
    missing_key, bad_number, division, truncated_json, missing_file, missing_attribute, wrong_type, beyond_the_end,
    bad_bytes, endless, refused, broken_promise, missing_module, unknown_name, too_large, bad_source, bad_sql,
    short_struct, declined, overflow,
]  # fmt: skip


def main():
    collector = ExceptionCollector()
    handler = exception_http_handler("/-/exceptions", ExceptionExporter(collector))
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    counts = collections.Counter()
    raised = 0
    print("{}", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            kind = KINDS[raised % len(KINDS)]
            raised += 1
            try:
                kind()
            except Exception as error:
                if raised % 3 == 0:
                    context = HTTPContext("POST", f"http://shop/pay/{raised}", {"X-Request": str(raised)}, None)
                    collector.report_with_context(error, context)
                else:
                    collector.report(error)
                counts[type(error).__name__] += 1
        print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
