"""Runs every suite, counts test cases, and ends with the one line `N passed, N failed`.

usage: run_tests.py TEST_BUILD RELEASE_BUILD

A suite is a program: a gtest binary `*_test` of the test build, or the rules of the house (tools/tidy.py), or a
folder of Node tests against the release. A suite that
crashes, hangs for ten minutes or runs no test counts as one failure.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

SUITE_TIMEOUT_SECONDS = 600
ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command, **environment):
    """Returns (exit code, output); a hang is exit code 124, as of timeout(1)."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=SUITE_TIMEOUT_SECONDS, check=False,
                              env={**os.environ, **environment})
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as hang:
        return 124, (hang.stdout or b"").decode(errors="replace") + "\n(killed after ten minutes)"


def run_gtest(program):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        code, output = run([str(program), f"--gtest_output=json:{report}"])
        if not report.exists():
            return 0, 1, output
        counts = json.loads(report.read_text())
    failed = counts["failures"]
    passed = counts["tests"] - failed - counts.get("disabled", 0)
    if (code != 0 or passed == 0) and failed == 0:
        failed = 1
    return passed, failed, output


def run_script(script):
    code, output = run([sys.executable, str(script)])
    return (1, 0, output) if code == 0 else (0, 1, output)


def run_node(files, release):
    code, output = run(["node", "--test", "--test-reporter=tap", *map(str, files)], OFFHOOKD=str(release / "offhookd"))
    count = {word: int(number) for word, number in re.findall(r"^# (pass|fail|cancelled) (\d+)$", output, re.MULTILINE)}
    failed = count.get("fail", 0) + count.get("cancelled", 0)
    return count.get("pass", 0), failed or (1 if code != 0 or not count else 0), output


def suites(build, release):
    scripts = [s for s in (ROOT / "tools" / "tidy.py", ROOT / "tools" / "tidy_test.py") if s.exists()]
    for script in scripts:
        yield script.stem, run_script, script
    for program in sorted(build.rglob("*_test")):
        if program.is_file() and os.access(program, os.X_OK):
            yield program.name, run_gtest, program
    yield "integration", lambda files: run_node(files, release), sorted((ROOT / "tests" / "integration").glob("*.test.mjs"))


def main():
    passed_total = failed_total = 0
    for name, runner, target in suites(*(pathlib.Path(folder).resolve() for folder in sys.argv[1:3])):
        began = time.monotonic()
        passed, failed, output = runner(target)
        passed_total += passed
        failed_total += failed
        print(f"{name:24} {passed:5} passed {failed:3} failed {time.monotonic() - began:6.1f} s", flush=True)
        if failed:
            print(output)
    if passed_total == 0:
        failed_total = max(failed_total, 1)
    print(f"{passed_total} passed, {failed_total} failed")
    sys.exit(1 if failed_total else 0)


if __name__ == "__main__":
    main()
