"""The same call by Kamailio, a SIP proxy that keeps dialogs in memory, and by Offhook, in memory and durable: processor time of each.

Kamailio and SIPp (Debian packages kamailio and sip-tester) are installed on demand; without them there is a sentence and no figure. SIP over UDP
on the loopback, no TLS, no authentication, nothing on a disk; Offhook with its WebSockets, tokens and records. Processor time is that of the server's
processes alone.
"""

import argparse
import contextlib
import csv
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from calls import devices_for, load
from server_process import cpu_seconds, running_server
from verdict import columns

CONFIG = pathlib.Path(__file__).parent / "baselines" / "kamailio"
PATIENCE_SECONDS = 300


def missing():
    return [name for name, program in (("kamailio", "kamailio"), ("sip-tester", "sipp")) if shutil.which(program) is None]


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, **options):
    child = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def processes_of(pid):
    """It and all below it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in processes_of(int(child)))]


def wait_for_answer(port):
    """Kamailio says no to an OPTIONS, which says that it is there."""
    question = (f"OPTIONS sip:x@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
                "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", port))
        probe.settimeout(0.2)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                probe.send(question.encode())
                probe.recv(65536)
                return
    raise SystemExit("Kamailio does not answer; kamailio -c -f tests/bench/baselines/kamailio/kamailio.cfg says what is wrong")


def figures_of(folder):
    """The last line of what SIPp has counted."""
    with (folder / "figures.csv").open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    return int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])


def measure_kamailio(calls, live):
    port, callee_port, caller_port = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        defines = ("-A", f"PORT={port}", "-A", f'CALLEE="sip:127.0.0.1:{callee_port}"')
        kamailio = stack.enter_context(running(("kamailio", "-DD", "-E", "-m", 512, "-Y", folder, "-P", folder / "pid", *defines, "-f", CONFIG / "kamailio.cfg")))
        stack.enter_context(running(("sipp", "-sf", CONFIG / "callee.xml", "-i", "127.0.0.1", "-p", callee_port, "-nostdin"), cwd=folder))
        wait_for_answer(port)
        pids = processes_of(kamailio.pid)
        used = lambda: sum(cpu_seconds(pid) for pid in pids)
        before, began = used(), time.monotonic()
        caller = ("sipp", f"127.0.0.1:{port}", "-sf", CONFIG / "caller.xml", "-i", "127.0.0.1", "-p", caller_port, "-nostdin", "-m", calls, "-l", live, "-r", live * 100,
                  "-trace_stat", "-stf", folder / "figures.csv", "-fd", "1")
        subprocess.run([*map(str, caller)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, check=False)
        took, cpu = time.monotonic() - began, used() - before
        done, failed = figures_of(folder)
    return {"what": "Kamailio, dialogs in memory, UDP", "calls": done, "calls_per_s": round(done / took, 1), "cpu_ms_per_call": round(cpu * 1000 / max(1, done), 4), "wrong": failed}


def measure_offhook(calls, live, durable):
    with running_server("--network-threads", "0", data=durable) as (url, pid):
        done, cpu, _ = load(url, pid, calls=calls, rate=0, devices=devices_for(calls, live), live=live)
    return {"what": f"Offhook, {'durable' if durable else 'in memory'}, WebSockets", "calls": done["done"], "calls_per_s": done["calls_per_second"],
            "cpu_ms_per_call": round(cpu * 1000 / max(1, done["done"]), 4), "wrong": done["wrong"] + done["unfinished"]}


def measure(options):
    absent = missing()
    rows = [] if absent else [measure_kamailio(options.calls, options.live)]
    rows += [measure_offhook(options.calls, options.live, durable) for durable in (False, True)]
    for row in rows:
        row["of_kamailio"] = None if absent else round(row["cpu_ms_per_call"] / rows[0]["cpu_ms_per_call"], 2)
    return {"missing": absent, "rows": rows}


def table(result):
    lines = [("what", "calls", "calls/s", "CPU-ms/call", "of Kamailio", "wrong")]
    lines += [(row["what"], str(row["calls"]), f"{row['calls_per_s']:.0f}", f"{row['cpu_ms_per_call']:.3f}", "–" if row["of_kamailio"] is None else f"{row['of_kamailio']:.2f}",
               str(row["wrong"])) for row in result["rows"]]
    absent = f"\nKamailio is left out: install {' and '.join(result['missing'])} to have it measured." if result["missing"] else ""
    return f"{columns(lines)}\n{absent}\nWhat makes the calls shares the machine's cores, so calls/s are of both together; CPU is the server's."


def main():
    parser = argparse.ArgumentParser(prog="./dev bench kamailio", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--calls", type=int, default=20000, help="how many calls for each row (20000)")
    parser.add_argument("--live", type=int, default=100, help="how many at a time (100)")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(1 if any(row["wrong"] for row in result["rows"] if row["what"].startswith("Offhook")) else 0)


if __name__ == "__main__":
    main()
