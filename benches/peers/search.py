#!/usr/bin/env python3
"""Finding occurrences: Hydrophone over HTTP beside SQLite FTS5, DuckDB and ClickHouse in process.

    benches/peers/search.py [--occurrences 1000000] [--work DIR]

Loads the same occurrences (corpus.rs) into all four, asks for the newest 50 of the same questions, and how many there are, and prints one
table: CPU time and peak memory of loading, bytes of disk for each occurrence, the median of 20 warm answers. Hydrophone's
answers hold whole occurrences with snippets, as a page shows them; the others' the columns of a table. Where the others
cut words alike, all counts have to agree. DuckDB and ClickHouse (chdb) come from PyPI and need `pip install duckdb chdb`;
what is not installed is left out.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from multiprocessing import get_context

from measure import HERE, Server, disk_bytes, query, run, table

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
    """A common word, one of about a fifth, a rare one, two that stand side by side, and a beginning of the common one."""
    counts, last = {}, None
    for number, (_, _, _, message, _, _) in enumerate(rows(file)):
        if number == sample:
            break
        found = message.split()
        last = found[:2] if number == sample // 2 else last
        for word in {word for word in found if re.fullmatch("[a-z]+[0-9]*", word)} - {"for", "request"}:
            counts[word] = counts.get(word, 0) + 1
    by_count = sorted(counts, key=lambda word: -counts[word])
    near = lambda share: min(by_count, key=lambda word: abs(counts[word] - share * sample))
    return {"common": by_count[0], "fifth": near(0.2), "rare": by_count[-1], "first": last[0], "second": last[1]}


def questions(words):
    """Titles, and a question as words, phrase, prefix, excluded word, service and last day only."""
    return {
        "a common word": {"words": [words["common"]]},
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
        cpu, wall, peak = run(
            [self.binary, "import", "occurrences", "--storage.path", self.data, file], stderr=subprocess.DEVNULL
        )
        began = time.monotonic()
        flags = ["--config.file=" + self.config, "--storage.path=" + self.data]
        self.server = Server([self.binary, *flags, "--web.listen-address=127.0.0.1:7995"], 7995, "/-/ready")
        while True:
            state = self.server.ask("/api/v1/status")[1]["search"]
            if state["complete"] and state["occurrences"] > 0:
                break
            time.sleep(0.2)
        cpu += self.server.cpu_seconds()
        return cpu, wall + time.monotonic() - began, max(peak, self.server.status("VmHWM"))

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

    def newest(self, question):
        path = query("/api/v1/occurrences", limit=50, **self.parameters(question))
        return len(self.server.ask(path)[1]["occurrences"])

    def page(self, question):
        """As the search page asks: with facets and matches over time."""
        more = {"facets": "service,class,severity,target.instance", "buckets": 60, "aggregates": 5}
        return len(self.server.ask(query("/api/v1/occurrences", limit=50, **more, **self.parameters(question)))[1])

    def count(self, question):
        path = query("/api/v1/occurrences", limit=0, buckets=1, **self.parameters(question))
        return self.server.ask(path)[1]["summary"]["total"]

    def memory(self):
        return self.server.status("VmRSS")

    def close(self):
        self.server.stop()


class Sqlite:
    name = "SQLite FTS5"

    def __init__(self, work, _):
        import sqlite3

        self.data = os.path.join(work, "sqlite")
        os.makedirs(self.data)
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
        return len(self.base.execute(f"select o.* {where} order by o.id desc limit 50", values).fetchall())

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
    answer = {"loading": loaded, "disk": disk_bytes(peer.data), "newest": {}, "page": {}, "count": {}, "counts": {}}
    for title, question in asked.items():
        # Only Hydrophone has a page.
        for kind, ask in (("newest", peer.newest), ("page", getattr(peer, "page", None)), ("count", peer.count)):
            if ask is None:
                continue
            times = []
            for _ in range(WARM + 1):
                start = time.perf_counter()
                found = ask(question)
                times.append((time.perf_counter() - start) * 1000)
                if sum(times) > 10_000:
                    break
            answer[kind][title] = statistics.median(times[1:] or times)
            answer["counts"][title] = found
    peer.close()
    results.put(answer)


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
    lines.append(["loading, CPU"] + [f"{answer['loading'][0]:.0f} s" for answer in each])
    lines.append(["loading, peak memory"] + [f"{answer['loading'][2] / 1e6:.0f} MB" for answer in each])
    lines.append(["disk, each"] + [f"{answer['disk'] / arguments.occurrences:.0f} B" for answer in each])
    for title in asked:
        found = answers["Hydrophone"]["counts"][title]
        lines.append([f"{title} ({found:,}), newest 50"] + [f"{answer['newest'][title]:.2f} ms" for answer in each])
        page = answers["Hydrophone"]["page"][title]
        lines.append(["  with facets and matches over time", f"{page:.2f} ms"] + [""] * (len(answers) - 1))
        lines.append(["  how many"] + [f"{answer['count'][title]:.2f} ms" for answer in each])
        sqlite = answers.get("SQLite FTS5", {}).get("counts", {}).get(title)
        if sqlite is not None and sqlite != found:
            print(f"{title}: Hydrophone finds {found:,}, SQLite {sqlite:,}", file=sys.stderr)
    table(lines)


if __name__ == "__main__":
    main()
