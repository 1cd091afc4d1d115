"""Plants faults in the engines, one by one, and says which check of the simulator finds each, and after how many calls.

usage: mutate.py [--seeds A..B] [NAME…]      exit code 1 if one is not found

REQUIRES: build/mutations is configured, each source by itself. It is brought up to date first; then each fault costs the compilation of the files it touches, whose objects
are linked in front of the libraries of that build, and a run until it is found. The sources themselves stay as they are.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import time

from mutations import MUTATIONS

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "mutations"
FOLDER = BUILD / "planted"
CALLS_OF_A_SEED = 2000
RUN_TIMEOUT_SECONDS = 900


def run(command, folder=BUILD, **options):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, cwd=folder, **options)


def must(command):
    done = run(command)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def mutated(name):
    """The text of each file that the fault touches, with the fault."""
    texts = {}
    for file, text, replacement in MUTATIONS[name][1]:
        whole = texts.get(file) or (ROOT / file).read_text()
        if whole.count(text) != 1:
            sys.exit(f"{name}: its text occurs {whole.count(text)} times in {file}; mend tests/sim/mutations.py")
        texts[file] = whole.replace(text, replacement)
    return texts


def compile_command(file, source, target):
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    words = shlex.split(next(entry["command"] for entry in entries if entry["file"] == str(ROOT / file)))
    words[words.index("-o") + 1] = target
    words[words.index("-c") + 1] = source
    return [*words, "-I", (ROOT / file).parent, "-O1", "-Wno-error"]  # -O1 compiles in half the time


def link_command(objects, target):
    """The last command of the simulator's own build, with these objects first: what they define is not taken from the libraries."""
    words = shlex.split(must(["ninja", "-t", "commands", "offhook_sim"]).splitlines()[-1])
    words = words[words.index("&&") + 1:len(words) - words[::-1].index("&&") - 1]
    output = words.index("-o") + 1
    words[output] = target
    return words[:output - 1] + objects + words[output - 1:]


def build(name):
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for file, text in mutated(name).items():
        source = folder / pathlib.Path(file).name
        source.write_text(text)
        objects.append(source.with_suffix(".o"))
        must(compile_command(file, source, objects[-1]))
    must(link_command(objects, folder / "offhook_sim"))
    return folder / "offhook_sim"


def try_one(name, seeds):
    program = build(name)
    began = time.monotonic()
    try:
        return verdict_of(run([program, "--seeds", seeds], timeout=RUN_TIMEOUT_SECONDS), int(seeds.split("..")[0])), time.monotonic() - began
    except subprocess.TimeoutExpired:
        return None, time.monotonic() - began


def verdict_of(done, first_seed):
    found = re.findall(r"^FOUND by (\S+) in seed (\d+) after (\d+) calls: (.*)$", done.stdout, re.MULTILINE)
    if found:
        check, seed, calls, what = found[-1]
        return f"found by {check} after {CALLS_OF_A_SEED * (int(seed) - first_seed) + int(calls)} calls (seed {seed}): {what}"
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
    must(["ninja", "offhook_sim"])
    missed = 0
    for name in words or MUTATIONS:
        verdict, seconds = try_one(name, seeds)
        missed += verdict is None
        print(f"{name:24} {verdict or 'NOT FOUND in seeds ' + seeds} ({seconds:.0f} s)", flush=True)
    print(f"{len(words or MUTATIONS) - missed} found, {missed} not found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
