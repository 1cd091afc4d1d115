"""Plants faults in a copy of the engines, one by one, and says which check of the simulator finds each, and after how many calls.

usage: mutate.py [--seeds A..B] [NAME…]      exit code 1 if one is not found

The copy and its build live in build/mutations. Each fault costs a build of what it touches and a run until it is found.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import time

from mutations import MUTATIONS

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "mutations"
BUILD = COPY / "build"


def run(command, **options):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)


def copy_tree():
    """Everything that git knows or would know, only where it differs, so that a second run builds little."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, COPY / name
        if not source.is_file() or (target.exists() and target.read_bytes() == source.read_bytes()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    modules = COPY / "node_modules"
    if not modules.exists() and (ROOT / "node_modules").exists():
        modules.symlink_to(ROOT / "node_modules")


def build():
    if not (BUILD / "build.ninja").exists():
        done = run(["cmake", "-S", COPY, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DOFFHOOK_TESTS=OFF",
                    *(["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else [])])
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    done = run(["cmake", "--build", BUILD, "--target", "offhook_sim"])
    return None if done.returncode == 0 else done.stdout + done.stderr


def mutated(name):
    """Yields the texts as they were, by file."""
    before = {}
    for file, text, replacement in MUTATIONS[name][1]:
        path = COPY / file
        whole = path.read_text()
        before.setdefault(path, whole)
        if whole.count(text) != 1:
            sys.exit(f"{name}: its text occurs {whole.count(text)} times in {file}; mend tests/sim/mutations.py")
        path.write_text(whole.replace(text, replacement))
    return before


def try_one(name, seeds):
    before = mutated(name)
    try:
        problem = build()
        if problem:
            sys.exit(f"{name} does not build:\n{problem}")
        began = time.monotonic()
        done = run([BUILD / "tests" / "sim" / "offhook_sim", "--seeds", seeds])
    finally:
        for path, whole in before.items():
            path.write_text(whole)
    return done, time.monotonic() - began


def verdict_of(done, first_seed):
    found = re.findall(r"^FOUND by (\S+) in seed (\d+) after (\d+) calls: (.*)$", done.stdout, re.MULTILINE)
    if found:
        check, seed, calls, what = found[-1]
        return f"found by {check} after {2000 * (int(seed) - first_seed) + int(calls)} calls (seed {seed}): {what}"
    if done.returncode not in (0, 1):
        return f"found: the program ends with {done.returncode}: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    return None


def main():
    words, seeds = sys.argv[1:], "1..40"
    if words[:1] == ["--seeds"]:
        seeds, words = words[1], words[2:]
    unknown = [word for word in words if word not in MUTATIONS]
    if unknown:
        sys.exit(f"There is no mutation {unknown[0]}; there are: {', '.join(MUTATIONS)}")
    copy_tree()
    missed = 0
    for name in words or MUTATIONS:
        done, seconds = try_one(name, seeds)
        verdict = verdict_of(done, int(seeds.split("..")[0]))
        missed += verdict is None
        print(f"{name:24} {verdict or 'NOT FOUND in seeds ' + seeds} ({seconds:.0f} s)", flush=True)
    print(f"{len(words or MUTATIONS) - missed} found, {missed} not found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
