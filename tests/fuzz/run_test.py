"""The runner of the fuzz targets, seen with a fault that is there on purpose. usage: run_test.py, with FUZZ_BUILD in the environment"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

RUN = pathlib.Path(__file__).with_name("run.py")
BUILD = os.environ["FUZZ_BUILD"]


def run(*arguments):
    done = subprocess.run([sys.executable, RUN, "--build", BUILD, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Runner(unittest.TestCase):
    def test_a_fault_is_found_and_said_how_to_see_again(self):
        with tempfile.TemporaryDirectory() as corpus:
            seeds = pathlib.Path(corpus) / "planted"
            seeds.mkdir()
            (seeds / "seed").write_text("fault and more")
            code, output, _ = run("planted", "--seconds", "0", "--corpus", corpus)
        self.assertEqual(code, 1)
        self.assertIn("0 passed, 1 failed", output)
        self.assertIn("this does not hold", output)
        again = next(line.removeprefix("Again: ").split() for line in output.splitlines() if line.startswith("Again: "))
        self.assertNotEqual(subprocess.run(again, capture_output=True, check=False).returncode, 0)

    def test_one_that_is_sound_passes(self):
        code, output, _ = run("session_id", "--seconds", "0")
        self.assertEqual((code, output.splitlines()[-1]), (0, "1 passed, 0 failed"))

    def test_a_name_that_is_none_is_refused_with_those_there_are(self):
        code, _, said = run("nonsense")
        self.assertEqual(code, 2)
        self.assertIn("client_message", said)

    def test_the_list_leaves_the_planted_one_out(self):
        _, output, _ = run("--list")
        self.assertNotIn("planted", output)
        self.assertGreaterEqual(len(output.splitlines()), 17)


if __name__ == "__main__":
    unittest.main()
