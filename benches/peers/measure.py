"""What the scripts here measure with: processes with their CPU time and memory, servers, files, a table."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, **more):
    """Runs a command; gives its CPU seconds, wall seconds and peak memory in bytes."""
    began = time.monotonic()
    process = subprocess.Popen(command, **more)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024


def disk_bytes(path):
    """What a directory really takes, holes left out; files that go meanwhile are not counted."""
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
    return total


def forget_pages(path):
    """Takes a directory's files out of the page cache."""
    for root, _, names in os.walk(path):
        for name in names:
            file = os.open(os.path.join(root, name), os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


class Server:
    """A process that answers HTTP on a port of its own."""

    def __init__(self, command, port, ready):
        self.port = port
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        while True:
            if self.process.poll() is not None:
                sys.exit(f"{command[0]} ended with {self.process.returncode}: {' '.join(command)}")
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
                if self.get(ready)[2] == 200:
                    break
            except OSError:
                pass
            if time.monotonic() - began > 300:
                sys.exit(f"{command[0]} did not become ready")
            time.sleep(0.005)
        self.ready_after = time.monotonic() - began

    def get(self, path, body=None):
        method = "POST" if body is not None else "GET"
        began = time.perf_counter()
        try:
            self.connection.request(method, path, body)
            response = self.connection.getresponse()
        except ConnectionError:
            # Servers end connections that were idle for long.
            self.connection.close()
            began = time.perf_counter()
            self.connection.request(method, path, body)
            response = self.connection.getresponse()
        content = response.read()
        return (time.perf_counter() - began) * 1000, content, response.status

    def ask(self, path):
        millis, content, status = self.get(path)
        if status != 200:
            sys.exit(f"{path}: {status} {content[:400]}")
        return millis, json.loads(content)

    def status(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_seconds_exactly(self):
        """To the nanosecond and not to the tick, of the threads that there are."""
        tasks = f"/proc/{self.process.pid}/task"
        nanos = 0
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/schedstat", encoding="ascii") as file:
                    nanos += int(file.read().split()[0])
            except FileNotFoundError:
                pass
        return nanos / 1e9

    def stop(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait()


def query(path, **parameters):
    return path + "?" + urllib.parse.urlencode(parameters)


def generator(work):
    """The program that writes counters, built."""
    binary = os.path.join(work, "counters")
    run(["rustc", "-O", "-o", binary, os.path.join(HERE, "counters.rs")])
    return binary


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("| " + " | ".join("-" * width for width in widths) + " |")
