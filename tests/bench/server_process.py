"""A server of its own for a bench, and what the operating system says it uses."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "release"
# What a load generator needs that is no crowd of people; and no line for each call.
CONFIG = """[limits]
rings_per_caller = 100000
rings_per_pair = 100000
[log]
calls = false
"""


# A project for a server that is not in development mode, where no peer is exempt from limits.
KEY, SECRET = "1000002", "the secret of the benches"
PROJECT = f"""[[project]]
key = "{KEY}"
secret = "{SECRET}"
"""


@contextlib.contextmanager
def running_server(*options, config="", data=False, dev=True):
    """(URL, process id). `config` goes on where CONFIG ends; with `data` the server has a folder on this disk."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "offhook.toml"
        file.write_text(CONFIG + config)
        kept = ["--data", pathlib.Path(folder) / "data"] if data else ["--data", ":memory:"]
        mode = ["--dev"] if dev else []
        command = [BUILD / "offhookd", *mode, "--listen", "127.0.0.1:0", "--config", file, *kept, *options]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            for line in server.stdout:
                found = re.search(r"https?://127\.0\.0\.1:\d+", line)
                if found:
                    break
            else:
                raise SystemExit("the server did not start")
            yield found.group(0), server.pid
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()


def cpu_of(file):
    fields = pathlib.Path(file).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    return cpu_of(f"/proc/{pid}/stat")


def loop_cpu_seconds(pid):
    """Of the thread that decides, which is the first."""
    return cpu_of(f"/proc/{pid}/task/{pid}/stat")


def private_bytes(pid):
    """Memory that is no file's: heap, stacks, and pages of the program that it has written to."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"^Anonymous: +(\d+) kB", text, re.MULTILINE)[1])


@contextlib.contextmanager
def running_load(url, ca_file="", project=None, **options):
    """The events of `offhook load` as they come. `project`: variables of its environment that name one."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    environment = {**os.environ, "OFFHOOK_URL": url, "OFFHOOK_CA_FILE": ca_file, **(project or {})}
    child = subprocess.Popen([BUILD / "offhook", "load", "--json", *words], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield (json.loads(line) for line in child.stdout)
    finally:
        child.kill()
        child.wait()


def echo(*words):
    """What the yardstick tells (baselines/echo.cpp)."""
    done = subprocess.run([BUILD / "tests" / "bench" / "offhook_echo", *map(str, words)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
