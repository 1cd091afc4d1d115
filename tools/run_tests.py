"""Runs the suites, counts test cases, and ends with the one line `N passed, N failed`.

usage: run_tests.py BUILD [SUITE…]

Suites: tidy (the rules of the house and their own test), unit (every GoogleTest program `*_test` of the build), js (the checks and
tests of the npm packages sdk/js and web), sim (a million calls in virtual time, tests/sim/run.py), integration (tests/integration
against the programs of the build), browser (tests/browser, likewise), interop (tests/interop:
official OpenTok server SDKs against the server), model (the life cycle searched by SPIN), process (real programs
that are killed and cut off, and the benches in short).
One that has no tests yet is skipped with a line that says so. A program that crashes, hangs for a quarter of an hour or runs no test counts
as one failure. Simulator and model have nobody who waits for them, nor have the fuzz targets (fuzz: tests/fuzz): they run beside the suites that mostly wait.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

SUITE_TIMEOUT_SECONDS = 900
ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITES = ("tidy", "unit", "js", "sim", "fuzz", "integration", "interop", "model", "browser", "process")
BESIDE = ("sim", "model", "fuzz")  # one after the other beside the others, which mostly wait and are served first,
ALONE = ("browser", "process")  # but not beside these, whose clocks and pictures need the machine


def run(command, folder=ROOT, stderr=subprocess.STDOUT, **environment):
    """Returns (exit code, output). A hang is exit code 124, as of timeout(1); whatever the command started is ended with it."""
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=stderr, text=True, errors="replace",
                             env={**os.environ, **environment}, start_new_session=True)
    try:
        output, _ = child.communicate(timeout=SUITE_TIMEOUT_SECONDS)
        return child.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, _ = child.communicate()
        return 124, output + f"\n(killed after {SUITE_TIMEOUT_SECONDS} s)"


def verdict(code, passed, failed):
    """A program that ran no test, or ended badly without naming a failed test, is itself one failure."""
    return passed, failed or int(code != 0 or passed == 0)


def run_script(script):
    code, output = run([sys.executable, str(script)])
    return *verdict(code, int(code == 0), 0), output


def run_unittest(script, **environment):
    code, output = run([sys.executable, str(script)], **environment)
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    failed = sum(int(number) for number in re.findall(r"(?:failures|errors)=(\d+)", output))
    return *verdict(code, max(0, int(ran.group(1)) - failed) if ran else 0, failed), output


def run_gtest(program):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        code, output = run([str(program), f"--gtest_output=json:{report}"])
        if not report.exists():
            return 0, 1, output
        counts = json.loads(report.read_text())
    failed = counts["failures"] + counts.get("errors", 0)
    return *verdict(code, counts["tests"] - failed - counts.get("disabled", 0), failed), output


def count_tap(code, output):
    """Sums the closing lines of every `node --test` in the output; newer versions of Node write ℹ in place of #."""
    count = {word: 0 for word in ("pass", "fail", "cancelled")}
    for word, number in re.findall(r"^[#ℹ] (pass|fail|cancelled) (\d+)$", output, re.MULTILINE):
        count[word] += int(number)
    return *verdict(code, count["pass"], count["fail"] + count["cancelled"]), output


def run_node(files, environment):
    return count_tap(*run(["node", "--test", "--test-reporter=tap", *map(str, files)], **environment))


def run_npm_check(package):
    code, output = run(["npm", "run", "--silent", "check"], package)
    return *verdict(code, int(code == 0), 0), output


def run_npm_test(package, environment):
    return count_tap(*run(["npm", "test", "--silent"], package, **environment))


def run_counting(script, *arguments, niceness=0, **environment):
    """A script that ends with a line of the same form as ours."""
    code, output = run(["nice", "-n", str(niceness), sys.executable, str(script), *arguments], **environment)
    closing = re.search(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    return *verdict(code, *((int(number) for number in closing.groups()) if closing else (0, 0))), output


def npm_scripts(package):
    file = package / "package.json"
    return json.loads(file.read_text()).get("scripts", {}) if file.exists() else {}


def steps_of(suite, build, environment):
    """(name, function) of each program of the suite; none if it has no tests yet."""
    if suite == "tidy":
        yield "tidy", lambda: run_script(ROOT / "tools" / "tidy.py")
        yield "tidy_test", lambda: run_unittest(ROOT / "tools" / "tidy_test.py")
        yield "run_tests_test", lambda: run_unittest(ROOT / "tools" / "run_tests_test.py")
    if suite == "unit":
        for program in sorted(build.rglob("*_test")):
            if program.is_file() and os.access(program, os.X_OK):
                yield program.name, lambda program=program: run_gtest(program)
    if suite in ("js", "browser"):
        for package in (ROOT / "sdk" / "js", ROOT / "web") if suite == "js" else (ROOT / "tests" / "browser",):
            name, scripts = package.relative_to(ROOT).as_posix(), npm_scripts(package)
            if "check" in scripts:
                yield f"{name} check", lambda package=package: run_npm_check(package)
            if "test" in scripts:
                yield f"{name} test", lambda package=package: run_npm_test(package, environment)
    if suite == "model":
        yield "check", lambda: run_counting(ROOT / "model" / "check.py", niceness=10)
    if suite == "sim":
        yield "run_test", lambda: run_unittest(ROOT / "tests" / "sim" / "run_test.py")
        script, program = ROOT / "tests" / "sim" / "run.py", str(build / "tests" / "sim" / "offhook_sim")
        cuts = ("--seeds", "1..1000", "--calls", "100", "--swarm", "crashes=60,loops=300,disks=30,slow_ms=300,commit_ms=120")
        yield "a million calls", lambda: run_counting(script, program, niceness=10, stderr=None)  # they say there how far they are
        yield "a thousand power cuts", lambda: run_counting(script, program, *cuts, niceness=10, stderr=None)
    if suite == "fuzz":
        folder, targets = ROOT / "tests" / "fuzz", ROOT / "build" / "fuzz" / "tests" / "fuzz"
        yield "run_test", lambda: run_unittest(folder / "run_test.py", FUZZ_BUILD=str(targets))
        yield "all targets", lambda: run_counting(folder / "run.py", "--seconds", "5", "--inputs", "3000", niceness=10)
    if suite == "process":
        folder = ROOT / "tests" / "process"
        yield "oracle_test", lambda: run_unittest(folder / "oracle_test.py")
        # Always the same calls, so that a run that fails can be repeated; half of them with a server that must go on with them.
        yield "calls", lambda: run_counting(folder / "run.py", "--seed", "22", "--calls", "1000", **environment)
        yield "calls that are kept", lambda: run_counting(folder / "run.py", "--seed", "22", "--calls", "1000", "--data", **environment)
        yield "calls over a relay", lambda: run_counting(folder / "run.py", "--seed", "22", "--network", "relay", "--calls", "200", **environment)
        yield "bench_test", lambda: run_unittest(ROOT / "tests" / "bench" / "bench_test.py", **environment)
    if suite in ("integration", "interop"):
        for file in sorted((ROOT / "tests" / suite).glob("*.test.mjs")):
            yield file.name.removesuffix(".test.mjs"), lambda file=file: run_node([file], environment)
    if suite == "integration":  # once more where sockets and engine are on threads of their own
        threaded = {**environment, "OFFHOOK_TEST_OPTIONS": "--network-threads 2"}
        files = [ROOT / "tests" / "integration" / f"{name}.test.mjs" for name in ("calls", "sessions", "lost", "input", "program")]
        yield "with network threads", lambda: run_node(files, threaded)


def run_suite(suite, build, environment):
    passed_here = failed_here = steps = 0
    for steps, (name, step) in enumerate(steps_of(suite, build, environment), 1):
        began = time.monotonic()
        passed, failed, output = step()
        passed_here, failed_here = passed_here + passed, failed_here + failed
        print(f"{suite:12} {name:24} {passed:5} passed {failed:3} failed {time.monotonic() - began:6.1f} s", flush=True)
        if failed:
            print(output, flush=True)
    if steps == 0:
        print(f"{suite:12} skipped: it has no tests yet", flush=True)
    return passed_here, failed_here


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    environment = {"OFFHOOKD": str(build / "offhookd"), "OFFHOOK": str(build / "offhook"),
                   "OFFHOOK_VISITOR": str(build / "tests" / "interop" / "offhook_visitor")}
    wanted = sys.argv[2:] or SUITES
    results = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        beside = pool.submit(lambda: [run_suite(suite, build, environment) for suite in BESIDE if suite in wanted])
        for suite in sorted(set(wanted) - set(BESIDE), key=SUITES.index):
            if suite in ALONE:
                beside.result()
            results.append(run_suite(suite, build, environment))
        results += beside.result()
    passed_total, failed_total = verdict(0, sum(passed for passed, _ in results), sum(failed for _, failed in results))
    print(f"{passed_total} passed, {failed_total} failed")
    sys.exit(1 if failed_total else 0)


if __name__ == "__main__":
    main()
