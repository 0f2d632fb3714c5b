#!/usr/bin/env python3
"""Finding occurrences: Hydrophone over HTTP beside SQLite FTS5, DuckDB and ClickHouse in process.

    benches/peers/search.py [--occurrences 1000000] [--work DIR]

Loads the same occurrences (corpus.rs) into all four, asks for the newest 50 of the same questions, and how many there are, and prints one
table: time, CPU time and peak memory of loading until everything is found, bytes of disk for each occurrence once files have stopped to
change, the median of 20 warm answers, and the first answer of a process whose files were not in the page cache when it started
(ClickHouse's library can be opened only once); in brackets the server's CPU time for each warm answer. Over HTTP an answer ends with its last byte, in process with its last row. Hydrophone's
answers hold snippets with what was found, as a page shows them; the others' the columns of a table. Where the others
cut words alike, all counts have to agree. DuckDB and ClickHouse (chdb) come from PyPI and need `pip install duckdb chdb`;
what is not installed is left out.
"""

import argparse
import json
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from multiprocessing import get_context

from measure import HERE, Server, disk_bytes, forget_pages, query, run, table

WARM = 20
COLUMNS = ("service", "class", "message", "stack", "url")


def rows(file):
    """The occurrences of a file: seconds, and the texts of COLUMNS."""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            yield (
                one["timestamp"],
                one["service"],
                one["class"],
                one["message"],
                "\n".join(one["stack"] or []),
                (one["http"] or {}).get("url", ""),
            )


def words_of(file, sample=20_000):
    """Words of messages by how many occurrences have them anywhere: most, about a fifth, few; and two that stand side by side."""
    counts, candidates, pair = {}, set(), None
    for number, (_, _, name, message, stack, url) in enumerate(rows(file)):
        if number == sample:
            break
        found = message.split()
        pair = found[:2] if number == sample // 2 else pair
        candidates.update(word for word in found if re.fullmatch("[a-z]+[0-9]*", word))
        for word in set(re.findall("[a-z0-9]+", " ".join((name, message, stack, url)).lower())):
            counts[word] = counts.get(word, 0) + 1
    by_count = sorted(candidates - {"for", "request"}, key=lambda word: (-counts[word], word))
    fifth = min(by_count, key=lambda word: abs(counts[word] - 0.2 * sample))
    return {"common": by_count[0], "fifth": fifth, "rare": by_count[-1], "first": pair[0], "second": pair[1]}


def questions(words):
    """Titles, and a question as words, phrase, prefix, excluded word, service and last day only."""
    return {
        "a word of nearly all": {"words": [words["common"]]},
        "a word of a fifth": {"words": [words["fifth"]]},
        "a rare word": {"words": [words["rare"]]},
        "two words and a service in 24 h": {"words": [words["first"], words["second"]], "service": "svc-03"},
        "a phrase": {"phrase": f"{words['first']} {words['second']}"},
        "a prefix": {"prefix": words["common"][:5]},
        "a shape of class": {"class": "Timeout"},
        "a word but not another": {"words": [words["fifth"]], "not": words["common"]},
    }


class Hydrophone:
    name = "Hydrophone"

    def __init__(self, work, binary):
        self.data, self.binary, self.config = os.path.join(work, "hydrophone"), binary, os.path.join(work, "search.yml")
        with open(self.config, "w", encoding="ascii") as file:
            file.write("services: []\nstorage: {retention: {time: 3650d, occurrences: 3650d}}\n")

    def load(self, file):
        cpu, wall, self.importing = run(
            [self.binary, "import", "occurrences", "--storage.path", self.data, file], stderr=subprocess.DEVNULL
        )
        began = time.monotonic()
        self.start()
        cpu += self.server.cpu_seconds()
        wall += time.monotonic() - began
        self.settle()
        return cpu, wall, max(self.importing, self.server.status("VmHWM"))

    def start(self):
        """Starts the server and waits until all is found."""
        flags = ["--config.file=" + self.config, "--storage.path=" + self.data]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.server = Server([self.binary, *flags, f"--web.listen-address=127.0.0.1:{port}"], port, "/-/ready")
        while True:
            state = self.server.ask("/api/v1/status")[1]["search"]
            if state["complete"] and state["occurrences"] > 0:
                return
            time.sleep(0.01)

    def settle(self):
        """Waits until days that are over were made one piece each: until nothing is written for three seconds."""
        size, since = None, time.monotonic()
        while time.monotonic() - since < 3:
            time.sleep(0.2)
            now = disk_bytes(self.data)
            if now != size:
                size, since = now, time.monotonic()

    def reopen(self):
        self.server.stop()
        forget_pages(self.data)
        self.start()

    def parameters(self, question):
        terms = list(question.get("words", []))
        if "phrase" in question:
            terms.append(f'"{question["phrase"]}"')
        if "prefix" in question:
            terms.append(question["prefix"] + "*")
        if "class" in question:
            terms.append(f'class:*{question["class"]}*')
        if "not" in question:
            terms.append("-" + question["not"])
        if "service" in question:
            terms.append("service:" + question["service"])
        start = 1_795_219_200 - (86_400 if "service" in question else 31 * 86_400)
        return {"q": " ".join(terms), "start": start, "end": 1_795_219_200 + 10}

    def get(self, **parameters):
        """An answer; `took` is how long it was on its way, without our reading its JSON."""
        self.took, answer = self.server.ask(query("/api/v1/occurrences", **parameters))
        return answer

    def newest(self, question):
        return len(self.get(limit=50, **self.parameters(question))["occurrences"])

    def page(self, question):
        """As the search page asks: with facets and matches over time."""
        more = {"facets": "service,class,severity,target.instance", "buckets": 60, "aggregates": 5}
        return len(self.get(limit=50, **more, **self.parameters(question)))

    def count(self, question):
        return self.get(limit=0, buckets=1, **self.parameters(question))["summary"]["total"]

    def cpu(self):
        return self.server.cpu_seconds_exactly()

    def memory(self):
        peak, now = self.server.status("VmHWM"), self.server.status("VmRSS")
        return {"import": self.importing, "server, loading and answering": peak, "server, after the questions": now}

    def close(self):
        self.server.stop()


class Sqlite:
    name = "SQLite FTS5"

    def __init__(self, work, _):
        import sqlite3

        self.data = os.path.join(work, "sqlite")
        os.makedirs(self.data)
        self.base = sqlite3.connect(os.path.join(self.data, "base"))

    def reopen(self):
        import sqlite3

        self.base.close()
        forget_pages(self.data)
        self.base = sqlite3.connect(os.path.join(self.data, "base"))

    def load(self, file):
        self.base.execute(f"create table o (id integer primary key, ts real, {', '.join(COLUMNS)})")
        self.base.execute(
            "create virtual table f using fts5(class, message, stack, url, content='o', content_rowid='id',"
            " tokenize=\"unicode61 remove_diacritics 0\")"
        )
        self.base.executemany(f"insert into o (ts, {', '.join(COLUMNS)}) values (?, ?, ?, ?, ?, ?)", rows(file))
        self.base.execute("insert into f (f) values ('rebuild')")
        self.base.execute("insert into f (f) values ('optimize')")
        self.base.commit()

    def where(self, question):
        terms = [f'"{word}"' for word in question.get("words", [])]
        if "phrase" in question:
            terms.append(f'"{question["phrase"]}"')
        if "prefix" in question:
            terms.append(f'"{question["prefix"]}" *')
        match = " AND ".join(terms) + (f' NOT "{question["not"]}"' if "not" in question else "")
        where, values = (["f match ?"], [match]) if match else ([], [])
        if "class" in question:
            where.append("o.class like ?")
            values.append(f"%{question['class']}%")
        if "service" in question:
            where.append("o.service = ? and o.ts >= ?")
            values += [question["service"], 1_795_219_200 - 86_400]
        source = "f join o on o.id = f.rowid" if match else "o"
        return f"from {source} where {' and '.join(where)}", values

    def newest(self, question):
        where, values = self.where(question)
        # By the index's own row ids, which it can walk backwards; by the table's it would sort all that are found.
        order = "f.rowid" if "match" in where else "o.id"
        return len(self.base.execute(f"select o.* {where} order by {order} desc limit 50", values).fetchall())

    def count(self, question):
        where, values = self.where(question)
        return self.base.execute(f"select count(*) {where}", values).fetchone()[0]

    def close(self):
        self.base.close()


def conditions(question, has):
    """SQL conditions; `has` says how one asks for a word or phrase in all texts."""
    where = [has(word) for word in question.get("words", [])]
    where += [has(question[kind]) for kind in ("phrase", "prefix") if kind in question]
    if "not" in question:
        where.append("not " + has(question["not"]))
    if "class" in question:
        where.append(f"class like '%{question['class']}%'")
    if "service" in question:
        where.append(f"service = '{question['service']}' and ts >= {1_795_219_200 - 86_400}")
    return " and ".join(where)


class Duckdb:
    name = "DuckDB"

    def __init__(self, work, _):
        import duckdb

        self.data = os.path.join(work, "duckdb")
        os.makedirs(self.data)
        self.base = duckdb.connect(os.path.join(self.data, "base"))

    def reopen(self):
        import duckdb

        self.base.close()
        forget_pages(self.data)
        self.base = duckdb.connect(os.path.join(self.data, "base"))

    def load(self, file):
        self.base.execute(
            "create table o as select timestamp as ts, service, class, message,"
            " array_to_string(stack, chr(10)) as stack, http.url as url"
            f" from read_json('{file}', columns={{timestamp: 'double', service: 'varchar', class: 'varchar',"
            " message: 'varchar', stack: 'varchar[]', http: 'struct(url varchar)'})"
        )
        self.base.execute("checkpoint")

    def where(self, question):
        return conditions(question, lambda text: f"(class || ' ' || message || ' ' || stack || ' ' || url) ilike '%{text}%'")

    def newest(self, question):
        return len(self.base.execute(f"select * from o where {self.where(question)} order by ts desc limit 50").fetchall())

    def count(self, question):
        return self.base.execute(f"select count(*) from o where {self.where(question)}").fetchone()[0]

    def close(self):
        self.base.close()


class Clickhouse:
    name = "ClickHouse"

    def __init__(self, work, _):
        from chdb import session

        self.data = os.path.join(work, "clickhouse")
        self.base = session.Session(self.data)

    def load(self, file):
        self.base.query("create database d engine = Atomic")
        self.base.query(
            "create table d.o (ts Float64, service LowCardinality(String), class LowCardinality(String), message String,"
            " stack String, url String, text String materialized concat(class, ' ', message, ' ', stack, ' ', url),"
            " index words text type tokenbf_v1(32768, 3, 0) granularity 1) engine = MergeTree order by ts"
        )
        self.base.query(
            "insert into d.o select timestamp, service, class, message, arrayStringConcat(stack, '\\n'), http.url"
            f" from file('{file}', JSONEachRow, 'timestamp Float64, service String, class String, message String,"
            " stack Array(String), http Tuple(url String)')"
        )
        self.base.query("optimize table d.o final")

    def disk(self):
        """Without what it has merged and removes minutes later."""
        return int(str(self.base.query("select sum(bytes_on_disk) from system.parts where active and database = 'd'", "CSV")))

    def where(self, question):
        phrase = lambda text: " and ".join([f"hasToken(text, '{word}')" for word in text.split()] + [f"position(text, '{text}') > 0"])
        if "prefix" in question:
            return conditions(question, lambda text: f"position(text, '{text}') > 0")
        return conditions(question, lambda text: "(" + phrase(text) + ")" if " " in text else f"hasToken(text, '{text}')")

    def newest(self, question):
        columns = "ts, service, class, message, stack, url"
        answer = self.base.query(
            f"select {columns} from d.o where {self.where(question)} order by ts desc limit 50", "JSONEachRow"
        )
        return len(str(answer).splitlines())

    def count(self, question):
        return int(str(self.base.query(f"select count() from d.o where {self.where(question)}", "CSV")).strip())

    def close(self):
        self.base.close()


def measure(peer_class, work, file, binary, asked, results):
    """All there is to say of one; in a process of its own, so that its CPU time and memory are."""
    peer = peer_class(work, binary)
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    loaded = peer.load(file)
    after = resource.getrusage(resource.RUSAGE_SELF)
    if loaded is None:
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        loaded = cpu, time.monotonic() - began, after.ru_maxrss * 1024
    disk = peer.disk() if hasattr(peer, "disk") else disk_bytes(peer.data)
    answer = {"loading": loaded, "disk": disk, "counts": {}}
    # Only Hydrophone has a page.
    asks = {"newest": peer.newest, "page": getattr(peer, "page", None), "count": peer.count}
    for kind, ask in asks.items():
        if ask is None:
            continue
        answer[kind] = {}
        for title, question in asked.items():
            times, used = [], peer.cpu() if hasattr(peer, "cpu") else 0
            for _ in range(WARM + 1):
                millis, found = clocked(peer, ask, question)
                times.append(millis)
                if sum(times) > 10_000:
                    break
            answer[kind][title] = statistics.median(times[1:] or times)
            answer["counts"][title] = found
            if hasattr(peer, "cpu"):
                answer.setdefault("cpu " + kind, {})[title] = (peer.cpu() - used) * 1000 / len(times)
    answer["memory"] = peer.memory() if hasattr(peer, "memory") else {}
    if hasattr(peer, "reopen"):
        for kind in ("newest", "page"):
            for title, question in asked.items():
                if asks[kind] is not None:
                    peer.reopen()
                    answer.setdefault("cold " + kind, {})[title] = clocked(peer, asks[kind], question)[0]
    peer.close()
    results.put(answer)


def clocked(peer, ask, question):
    """Asks; milliseconds, and the answer."""
    began = time.perf_counter()
    found = ask(question)
    millis = (time.perf_counter() - began) * 1000
    return getattr(peer, "took", millis), found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--occurrences", type=int, default=1_000_000)
    parser.add_argument("--work", default="target/peers-search", help="an empty directory with room for a few gigabytes")
    parser.add_argument("--binary", default=os.environ.get("CARGO_TARGET_DIR", "target") + "/release/hydrophone")
    parser.add_argument("--file", help="occurrences that were written before")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work)
    file = arguments.file or os.path.join(arguments.work, "occurrences.jsonl")
    if not arguments.file:
        with open(file, "wb") as out:
            command = ["cargo", "bench", "--quiet", "--locked", "--bench", "corpus", "--", str(arguments.occurrences)]
            run(command, stdout=out, cwd=os.path.join(HERE, "..", ".."))
    asked = questions(words_of(file))
    answers = {}
    for peer in (Hydrophone, Sqlite, Duckdb, Clickhouse):
        context = get_context("fork")
        results = context.Queue()
        process = context.Process(
            target=measure, args=(peer, arguments.work, file, os.path.abspath(arguments.binary), asked, results)
        )
        process.start()
        while process.is_alive() and results.empty():
            time.sleep(0.1)
        if results.empty():
            print(f"{peer.name} is left out", file=sys.stderr)
            continue
        answers[peer.name] = results.get()
        process.join()
        print(f"{peer.name} is done", file=sys.stderr)
    lines = [["", *answers]]
    each = answers.values()
    lines.append(["loading until all is found"] + [f"{answer['loading'][1]:.0f} s" for answer in each])
    lines.append(["loading, CPU"] + [f"{answer['loading'][0]:.0f} s" for answer in each])
    lines.append(["loading, peak memory"] + [f"{answer['loading'][2] / 1e6:.0f} MB" for answer in each])
    lines.append(["disk, each"] + [f"{answer['disk'] / arguments.occurrences:.0f} B" for answer in each])
    rows_of = (
        ("newest 50", "newest"),
        ("with facets and matches over time", "page"),
        ("how many", "count"),
        ("newest 50, cold", "cold newest"),
        ("with facets and matches over time, cold", "cold page"),
    )
    for title in asked:
        found = answers["Hydrophone"]["counts"][title]
        for name, kind in rows_of:
            cells = [f"{answer[kind][title]:.2f} ms" if kind in answer else "" for answer in each]
            if "cpu " + kind in answers["Hydrophone"]:
                cells[0] += f" ({answers['Hydrophone']['cpu ' + kind][title]:.2f})"
            lines.append([f"{title} ({found:,}), {name}" if kind == "newest" else "  " + name, *cells])
        sqlite = answers.get("SQLite FTS5", {}).get("counts", {}).get(title)
        if sqlite is not None and sqlite != found:
            print(f"{title}: Hydrophone finds {found:,}, SQLite {sqlite:,}", file=sys.stderr)
    table(lines)
    for name, size in answers["Hydrophone"]["memory"].items():
        print(f"Hydrophone, {name}: {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
