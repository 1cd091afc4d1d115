"""The long run's own bookkeeping: what was never looked at, never happened or was found is a failure."""

import contextlib
import io
import pathlib
import tempfile
import textwrap
import unittest

import run


class RunTest(unittest.TestCase):
    def run_with(self, program, seeds=(1, 25), promised=None, options=()):
        """What run() makes of a program that is this Python; it has `first`, `last` and `report`, the lines to be reported."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "program"
            file.write_text(textwrap.dedent("""\
                #!/usr/bin/env python3
                import sys
                first, last = map(int, sys.argv[2].split(".."))
                report = ["calls %d" % (2000 * (last - first + 1)), "hours 2", "check S1 5", "pair 3 a + b"]
                """) + textwrap.dedent(program) + "\nopen(sys.argv[4], 'w').write('\\n'.join(report))\n")
            file.chmod(0o755)
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
                return run.run([str(file), *options], seeds, 2, promised or {}), said.getvalue()

    def test_every_seed_is_in_one_share(self):
        self.assertEqual([(1, 10), (11, 20), (21, 25)], run.shares(1, 25))
        self.assertEqual([(7, 7)], run.shares(7, 7))

    def test_shares_checks_and_pairs_are_cases(self):
        (passed, failed), said = self.run_with("")
        self.assertEqual((5, 0), (passed, failed))
        self.assertIn("50000 calls, 6 virtual hours, 1 checks, 1 kinds", said)

    def test_a_finding_is_a_failure_and_is_told(self):
        (_, failed), said = self.run_with("if first == 11: sys.exit('FOUND by S1')")
        self.assertEqual(1, failed)
        self.assertIn("FOUND by S1", said)

    def test_a_program_without_a_report_is_a_failure(self):
        self.assertEqual(1, self.run_with("sys.exit(0)")[0][1])

    def test_what_was_never_looked_at_or_never_happened_is_a_failure(self):
        (_, failed), said = self.run_with("report += ['check S2 0', 'missing c + d'] + (['missing e + f'] if first == 1 else ['pair 1 e + f'])")
        self.assertEqual(2, failed)
        self.assertIn("NEVER: check S2\nNEVER: c + d\n", said)

    def test_with_options_not_everything_has_to_happen(self):
        program = "report += ['missing c + d', 'check S2 %d' % (sys.argv[5:] == ['--calls', '9'])]"
        self.assertEqual(0, self.run_with(program, options=("--calls", "9"))[0][1])
        self.assertEqual(1, self.run_with(program, options=("--calls", "8"))[0][1])

    def test_too_few_calls_are_a_failure(self):
        self.assertEqual(1, self.run_with("", promised={"calls": 50_001, "hours": 6})[0][1])
        self.assertEqual(0, self.run_with("", promised={"calls": 50_000, "hours": 6})[0][1])


if __name__ == "__main__":
    unittest.main()
