"""Searches the models of a call exhaustively: the rules must hold, and every rule taken away must be missed.

usage: check.py [--list] [--only NAME]... [--long] [--help]

A baseline must be searched to its end without a violation. A mutation takes one protecting rule out of a model (a switch, see the
models) and must be reported; its line names the assertion that caught it, which must be one of those expected. The last line is
`N passed, N failed`; the exit code is 0 only if none failed. An unexpected violation prints the end of its trail.

  --list        names all checks and runs none
  --only NAME   runs the checks whose name begins with NAME; may be given more than once
  --long        adds the baselines that need minutes or more than a gigabyte

Needs spin (6.5) and gcc; works in a temporary folder. SPIN and CC in the environment name other programs.
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
SPIN = os.environ.get("SPIN", "spin")
CC = os.environ.get("CC", "gcc")
MEMORY_LIMIT_MB = 2000
DEPTH_LIMIT = 100000
HANG_SECONDS = 600
TRAIL_LINES = 60

# expect: the assertions one of which must catch a mutation; empty for a baseline, where nothing may be caught
Check = collections.namedtuple("Check", "name model switches expect long level")


# A verifier is built for each check. The optimizer costs more than it saves but for the longest searches.
def baseline(name, model, switches, long=False, level="-O1"):
    return Check(name, model, switches.split(), (), long, level)


def mutation(switch, model, switches, expect):
    name = "mutation/" + switch.lower().replace("_", "-")
    return Check(name, model, switches.split() + [switch], tuple(expect.split()), False, "-O0")


BASELINES = (
    baseline("call/one-device-crashes", "call", "CALLEES=1"),
    baseline("call/one-device-half-open-links", "call", "CALLEES=1 LINKS=4"),
    baseline("call/one-device-late-copies", "call", "CALLEES=1 LATE"),
    baseline("call/one-device-pushes-and-kills", "call", "CALLEES=1 PUSH KILLS"),
    baseline("call/one-device-longest-call", "call", "CALLEES=1 T_MAX=3"),
    baseline("call/two-devices-links", "call", "CALLEES=2 OUTAGE=0", level="-O2"),
    baseline("call/two-devices-crashes", "call", "CALLEES=2 SHORT", long=True, level="-O2"),
    baseline("glare/one-device-crashes", "glare", "B_DEVICES=1 FAILING=0"),
    baseline("glare/one-device-links", "glare", "B_DEVICES=1 FAILING=1 OUTAGE=0"),
    baseline("glare/two-devices-links", "glare", "B_DEVICES=2 FAILING=1 OUTAGE=0"),
    baseline("glare/one-device-all-links", "glare", "B_DEVICES=1 OUTAGE=0", long=True),
    baseline("move/links", "move", "OUTAGE=0"),
    baseline("move/links-and-crashes", "move", "", long=True),
    baseline("call/every-call-ends", "call", "CALLEES=1 OUTAGE=0 T_MAX=3 LIVENESS"),
)

MUTATIONS = (
    mutation("SECOND_ANSWER_WINS", "call", "CALLEES=2 OUTAGE=0", "S2 S7"),
    mutation("CONNECTED_ON_OWN_TAP", "call", "CALLEES=2 OUTAGE=0", "S2 S7"),
    mutation("SPEAK_BEFORE_COMMIT", "call", "CALLEES=1", "S7"),
    mutation("CANCEL_AFTER_ANSWER", "call", "CALLEES=1", "S3"),
    mutation("DECLINE_AFTER_ANSWER", "call", "CALLEES=2 OUTAGE=0", "S3"),
    mutation("LOSER_HANGUP_HONOURED", "call", "CALLEES=2 OUTAGE=0", "S4"),
    mutation("NO_TOMBSTONE", "call", "CALLEES=1 KILLS", "S5 S6"),
    mutation("HANGUP_SHOWN_AT_ONCE", "call", "CALLEES=1", "S8 S9"),
    mutation("RING_WATCHDOG_SAYS_MISSED", "call", "CALLEES=2 OUTAGE=0", "S8 S9"),
    mutation("NO_VERSION_CHECK", "call", "CALLEES=1 CHECK_OLD", "S10"),
    mutation("INVITE_NOT_REMEMBERED", "call", "CALLEES=1 LATE", "S11"),
    mutation("SESSION_STAYS_OPEN", "call", "CALLEES=1", "S14"),
    mutation("PUSH_AFTER_END", "call", "CALLEES=1 PUSH", "S15"),
    mutation("TELL_ONCE", "call", "CALLEES=1", "L3"),
    mutation("NO_SETUP_TIMEOUT", "call", "CALLEES=1", "L1"),
    mutation("NO_CALLER_GRACE", "call", "CALLEES=1 OUTAGE=0 T_SETUP=6 T_RING=6", "L2"),
    mutation("NO_CONNECT_TIMEOUT", "call", "CALLEES=1 OUTAGE=0", "L5"),
    mutation("NO_DROP_GRACE", "call", "CALLEES=1", "L4"),
    mutation("NO_MAX_DURATION", "call", "CALLEES=1 T_MAX=3 LIVENESS OUTAGE=0", "liveness"),
    mutation("NO_CLIENT_WATCHDOGS", "call", "CALLEES=1", "L2 L3 L4"),
    mutation("NO_RING_WATCHDOG", "call", "CALLEES=1", "L2 L3"),
    mutation("CALLER_WATCHDOG_TOO_SHORT", "call", "CALLEES=1 CHECK_CALLER_GRACE_FIRST", "C1"),
    mutation("RESTART_RESETS_RING", "call", "CALLEES=1", "L1"),
    mutation("RESTART_RESETS_GRACE", "call", "CALLEES=1", "L4"),
    mutation("NO_GLARE_MERGE", "glare", "B_DEVICES=1 FAILING=0 OUTAGE=0", "S13"),
    mutation("RECALL_RINGS", "glare", "B_DEVICES=2 FAILING=1 OUTAGE=0", "S13"),
    mutation("BUSY_FLAG_STORED", "glare", "B_DEVICES=1 FAILING=0 OUTAGE=0", "S12"),
    mutation("MOVE_WITHOUT_MEDIA", "move", "OUTAGE=0", "S2"),
    mutation("NO_MOVE_TIMEOUT", "move", "OUTAGE=0", "S2"),
    mutation("OLD_DEVICE_NOT_TOLD", "move", "OUTAGE=0", "S2"),
    mutation("RESTART_RESETS_MOVE", "move", "", "S2"),
)

Result = collections.namedtuple("Result", "caught states complete output")


def run(command, folder):
    """Returns the output of a program, both streams; a program that cannot be built or hangs is an error of this script."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=HANG_SECONDS, check=False)
    return done.returncode, done.stdout


def must(command, folder):
    code, output = run(command, folder)
    if code != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {code}\n{output}")
    return output


def defines(check):
    return ["-D" + switch for switch in check.switches]


def build(check, folder):
    """A verifier of its own for each check: the switches are the preprocessor's. A mutation is searched by breadth: shortest trail."""
    for file in FOLDER.glob("*.pml"):
        shutil.copy(file, folder)
    must([SPIN, *defines(check), "-a", check.model + ".pml"], folder)
    kind = ["-DNFAIR=2"] if is_liveness(check) else ["-DSAFETY", "-DNOREDUCE"]
    if check.expect and not is_liveness(check):
        kind.append("-DBFS")
    must([CC, check.level, "-w", *kind, f"-DMEMLIM={MEMORY_LIMIT_MB}", "-o", "pan", "pan.c"], folder)


def is_liveness(check):
    return "LIVENESS" in check.switches


def search(check, folder):
    options = [f"-m{DEPTH_LIMIT}"] + (["-a"] if is_liveness(check) else [])
    _, output = run(["./pan", *options], folder)
    states = re.search(r"(\d+) states, stored", output)
    ended_well = "error: max search depth" not in output and "MEMLIM" not in output and "Search not completed" not in output
    errors = re.search(r"errors: (\d+)", output)
    caught = name_of(check, folder, output) if errors and int(errors.group(1)) > 0 else None
    return Result(caught, int(states.group(1)) if states else 0, bool(errors) and ended_well, output)


def name_of(check, folder, output):
    """What caught it: the word after VIOLATED in the replayed trail, or pan's own finding."""
    if re.search(r"^pan:\d+: acceptance cycle", output, re.M):
        return "liveness"
    if re.search(r"^pan:\d+: invalid end state", output, re.M):
        return "deadlock"
    _, trail = run([SPIN, *defines(check), "-t", check.model + ".pml"], folder)
    violated = re.findall(r"VIOLATED (\w+)", trail)
    return violated[0] if violated else "assertion"


def trail_of(check, folder):
    _, output = run([SPIN, *defines(check), "-t", "-p", check.model + ".pml"], folder)
    steps = [line for line in output.splitlines() if "[printf(" not in line]
    end = next((at for at, line in enumerate(steps) if line.startswith("#processes")), len(steps))
    return "\n".join(steps[max(0, end - TRAIL_LINES):end + TRAIL_LINES])


def judge(check, result):
    """Returns (passed, words for the line)."""
    if check.expect:
        if result.caught in check.expect:
            return True, "caught by " + result.caught
        if result.caught:
            return False, f"caught by {result.caught}, expected {' or '.join(check.expect)}"
        return False, "NOT CAUGHT" if result.complete else "search not completed"
    if result.caught:
        return False, "VIOLATED " + result.caught
    return (True, "holds") if result.complete else (False, "search not completed")


def perform(check):
    """Runs one check, prints its line, and says whether it passed."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        folder = pathlib.Path(name)
        build(check, folder)
        result = search(check, folder)
        passed, words = judge(check, result)
        seconds = time.monotonic() - started
        print(f"{'ok  ' if passed else 'FAIL'} {check.name:<36} {words:<20} {result.states:>9} states {seconds:6.1f} s", flush=True)
        if not passed:
            print(trail_of(check, folder) if result.caught else result.output, flush=True)
    return passed


def chosen(arguments):
    """Returns the checks to run; SystemExit for a word that is not understood."""
    names, long, rest = [], False, list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--long":
            long = True
        elif word == "--only" and rest:
            names.append(rest.pop(0))
        elif word != "--list":
            sys.exit(f"check.py: what is {word}? See --help.")
    checks = [check for check in BASELINES + MUTATIONS if long or not check.long or names]
    checks = [check for check in checks if not names or any(check.name.startswith(name) for name in names)]
    if not checks:
        sys.exit("check.py: no check has a name that begins so. See --list.")
    return checks


def main(arguments):
    if "--help" in arguments or "-h" in arguments:
        print(__doc__.strip())
        return 0
    checks = chosen(arguments)
    if "--list" in arguments:
        for check in checks:
            print(f"{check.name:<36} {check.model}.pml {' '.join(check.switches)}")
        return 0
    missing = [program for program in (SPIN, CC) if not shutil.which(program)]
    if missing:
        sys.exit(f"check.py: needs {' and '.join(missing)}, which is not installed")
    passed = sum(perform(check) for check in checks)
    print(f"{passed} passed, {len(checks) - passed} failed")
    return 0 if passed == len(checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
