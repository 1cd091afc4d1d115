"""How many transitions of calls a second the durable store keeps, how long one takes, and what that costs.

The store is the one the server runs with a data folder: SQLite, WAL, synchronous = FULL, group commit on a thread of its own. Beside it,
in the same run and folder, are yardsticks: what the disk gives for one write and one sync, and what SQLite gives for plain rows of the
same size. Machines differ and are shared, so the bounds are processor time for each transition, and how long one takes as a multiple
of a sync.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from verdict import percentile

BENCH = pathlib.Path(__file__).resolve().parents[2] / "build/release/tests/bench/offhook_store_bench"
ROW_BYTES = 1000          # of a record in the middle of a call
MOST_CPU_US = 25          # 40 000 transitions a second of one core
MOST_P50_MS = 2
MOST_SYNCS = 4            # one commit that is under way, one's own, and work in between
YARDSTICK = "SQLite, plain rows, a commit for 100"


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measured(name, commit, count, of_each):
    """Calls `commit` `count` times, each of which makes `of_each` rows durable."""
    waits = []
    cpu, began = cpu_seconds(), time.perf_counter()
    for number in range(count):
        before = time.perf_counter()
        commit(number)
        waits.append(1000 * (time.perf_counter() - before))
    seconds = time.perf_counter() - began
    return {"what": name, "per_second": round(count * of_each / seconds), "p50_ms": round(percentile(waits, 0.5), 3),
            "p99_ms": round(percentile(waits, 0.99), 3), "cpu_us_each": round(1e6 * (cpu_seconds() - cpu) / (count * of_each), 1)}


def measure_disk(folder, count):
    file = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT)
    row = b"x" * ROW_BYTES

    def commit(_):
        os.write(file, row)
        os.fdatasync(file)

    try:
        return measured("the disk: write and fdatasync of 1000 bytes", commit, count, 1)
    finally:
        os.close(file)


def measure_sqlite(folder, name, count, of_each):
    database = sqlite3.connect(folder / f"{of_each}.db", isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;"
                           "CREATE TABLE rows (id BLOB PRIMARY KEY, body BLOB NOT NULL);")
    body = b"x" * ROW_BYTES

    def commit(number):
        rows = [((number * of_each + i).to_bytes(16, "little"), body) for i in range(of_each)]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO rows VALUES (?, ?)", rows)
        database.execute("COMMIT")

    try:
        return measured(name, commit, count, of_each)
    finally:
        database.close()


def measure_store(folder, transitions, outstanding):
    done = subprocess.run([BENCH, folder / f"store-{outstanding}", str(transitions), str(outstanding)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return {"what": f"Offhook's store, {outstanding} on their way", **{key: told[key] for key in ("per_second", "p50_ms", "p99_ms", "cpu_us_each")}}


def judged(rows):
    """Adds to each row its ratio to the yardstick, and to the store's rows whether they are within their bounds."""
    by_name = {row["what"]: row for row in rows}
    sync_ms = by_name["the disk: write and fdatasync of 1000 bytes"]["p50_ms"]
    for row in rows:
        row["ratio"] = round(row["per_second"] / by_name[YARDSTICK]["per_second"], 2)
        if not row["what"].startswith("Offhook"):
            continue
        is_cheap = row["cpu_us_each"] <= MOST_CPU_US
        is_quick = row["p50_ms"] <= max(MOST_P50_MS, MOST_SYNCS * sync_ms) or "1000" in row["what"]
        if "100" in row["what"]:
            row["bound"] = f"≤ {MOST_CPU_US} µs" + ("" if "1000" in row["what"] else f", p50 ≤ {MOST_P50_MS} ms or {MOST_SYNCS} syncs")
            row["verdict"] = "holds" if is_cheap and is_quick else "BROKEN"
    return rows


def table(rows):
    head = ("what", "a second", "p50", "p99", "CPU each", "of yardstick", "bound", "verdict")
    lines = [head]
    for row in rows:
        lines.append((row["what"], f"{row['per_second']:,}", f"{row['p50_ms']:.2f} ms", f"{row['p99_ms']:.2f} ms", f"{row['cpu_us_each']:.1f} µs",
                      f"{row['ratio']:.2f}", row.get("bound", ""), row.get("verdict", "")))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    texts.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(texts)


def measure(folder, transitions):
    commits = max(100, transitions // 100)
    rows = [measure_disk(folder, min(commits, 2000)),
            measure_sqlite(folder, "SQLite, plain rows, a commit for each", min(commits, 2000), 1),
            measure_sqlite(folder, YARDSTICK, commits, 100)]
    rows += [measure_store(folder, count, outstanding) for outstanding, count in ((1, commits), (100, transitions), (1000, transitions))]
    return judged(rows)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench store", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--transitions", type=int, default=200_000, help="of calls, for each number that is on its way (200000)")
    parser.add_argument("--folder", help="on the disk that is to be measured; else where temporary files go")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="offhook-bench-", dir=options.folder))
    try:
        rows = measure(folder, options.transitions)
    finally:
        shutil.rmtree(folder)
    print(json.dumps({"rows": rows}, indent=1, ensure_ascii=False) if options.json else table(rows))
    sys.exit(0 if all(row.get("verdict") != "BROKEN" for row in rows) else 1)


if __name__ == "__main__":
    main()
