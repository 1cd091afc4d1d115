"""Runs the fuzz targets: what the corpus holds, and then new inputs for a while.

A finding is an input at which a sanitizer, a CHECK or a MUST stops the program. It is kept, and the run says how to see it again. The last
line is "N passed, M failed", a case for each target.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
DICTIONARY = ROOT / "tests" / "fuzz" / "words.dict"
PLANTED = "planted"  # the fault that run_test.py looks for
MOST_BYTES = 4096    # of an input: long enough for every branch, and short enough to try many
KEPT_BYTES = 1024    # of one in the corpus
ONE_INPUT_S = 20     # longer than that is a finding


def targets_in(build):
    names = sorted(file.name.removeprefix("fuzz_") for file in build.glob("fuzz_*") if os.access(file, os.X_OK) and file.is_file())
    return [name for name in names if name != PLANTED]


def said_first(path):
    """The sentence at the top of the target's source."""
    line = path.read_text().split("\n", 1)[0]
    return line.removeprefix("// ").split(": ")[0].rstrip(".")


class Target:
    def __init__(self, build, name, corpus=CORPUS):
        self.name = name
        self.program = build / f"fuzz_{name}"
        self.corpus = corpus / name
        self.found = build / "found" / name        # new inputs that reach new code
        self.findings = build / "findings" / name  # inputs that stop the program
        for folder in (self.found, self.findings):
            folder.mkdir(parents=True, exist_ok=True)

    def folders(self):
        return [folder for folder in (self.found, self.corpus) if folder.is_dir()]

    def run(self, seconds, inputs):
        """Gives (sound, how many inputs, output). `inputs`: so many, always the same, or None: whatever comes in that time."""
        options = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", f"-timeout={ONE_INPUT_S}", "-rss_limit_mb=2048", "-print_final_stats=1",
                   f"-artifact_prefix={self.findings}/", *([f"-dict={DICTIONARY}"] if DICTIONARY.is_file() else [])]
        if seconds == 0:
            options.append("-runs=0")
        elif inputs:
            options += [f"-runs={inputs}", "-seed=1"]
        done = subprocess.run([self.program, *options, *self.folders()], capture_output=True, text=True, errors="replace", check=False)
        counts = [line.split()[-1] for line in done.stderr.splitlines() if line.startswith("stat::number_of_executed_units")]
        return done.returncode == 0, int(counts[0]) if counts else 0, done.stderr

    def explain(self, output):
        inputs = sorted(self.findings.iterdir(), key=lambda file: file.stat().st_mtime)
        why = "\n".join(output.splitlines()[-60:])
        again = f"\nAgain: {self.program} {inputs[-1]}" if inputs else ""
        return f"{self.name}: a finding\n{why}{again}\nMend it, add a test beside the source, and keep the input in {self.corpus}."

    def keep(self):
        """The smallest set of short inputs that reaches all that they reach becomes the corpus; how often is not counted, or there would be thousands."""
        with tempfile.TemporaryDirectory(dir=self.found.parent) as fresh:
            subprocess.run([self.program, "-merge=1", "-use_counters=0", f"-max_len={KEPT_BYTES}", fresh, *self.folders()], capture_output=True, check=True)
            shutil.rmtree(self.corpus, ignore_errors=True)
            shutil.copytree(fresh, self.corpus)
        return len(list(self.corpus.iterdir()))


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("target", nargs="*", help="which; all of them unless you choose")
    parser.add_argument("--seconds", type=int, default=60, help="how long for each target (60); 0: what the corpus holds and nothing new")
    parser.add_argument("--inputs", type=int, help="no more than so many for each target, and the same ones in each run")
    parser.add_argument("--list", action="store_true", help="which targets there are")
    parser.add_argument("--keep", action="store_true", help="afterwards make the corpus the smallest that reaches as much, with what is new")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "fuzz" / "tests" / "fuzz", help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=pathlib.Path, default=CORPUS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    known = targets_in(options.build)
    if options.list:
        for name in known:
            print(f"{name:16} {said_first(ROOT / 'tests' / 'fuzz' / 'targets' / f'{name}.cpp')}")
        return 0
    for name in options.target:
        if name not in (*known, PLANTED):
            parser.error(f"there is no target \"{name}\"; there are: {', '.join(known)}")
    chosen = [Target(options.build, name, options.corpus) for name in options.target or known]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for target, (sound, inputs, output) in zip(chosen, pool.map(lambda target: target.run(options.seconds, options.inputs), chosen)):
            print(f"{target.name:16} {inputs:10,} inputs  {'sound' if sound else 'FINDING'}", flush=True)
            failed += not sound
            if not sound:
                print(target.explain(output), flush=True)
            elif options.keep:
                print(f"{target.name:16} {target.keep():10,} kept", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
