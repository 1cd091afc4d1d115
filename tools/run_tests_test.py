"""The test runner itself: whatever goes wrong in a program is counted, and nothing is counted as passed by mistake."""

import pathlib
import tempfile
import textwrap
import unittest

import run_tests


class RunTestsTest(unittest.TestCase):
    def with_script(self, body, runner, name="program"):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / name
            file.write_text(textwrap.dedent(body))
            file.chmod(0o755)
            return runner(file)

    def gtest(self, report, code=0):
        """A program that leaves this report, as GoogleTest does, and exits with `code`."""
        body = "#!/bin/sh\nfile=${1#--gtest_output=json:}\n" + (f"echo '{report}' > $file\n" if report else "") + f"exit {code}\n"
        return self.with_script(body, run_tests.run_gtest)[:2]

    def test_gtest(self):
        self.assertEqual((7, 0), self.gtest('{"tests": 7, "failures": 0, "disabled": 0}'))
        self.assertEqual((4, 2), self.gtest('{"tests": 7, "failures": 2, "disabled": 1}', code=1))

    def test_a_gtest_program_that_crashes_or_tests_nothing_is_a_failure(self):
        self.assertEqual((0, 1), self.gtest("", code=139))
        self.assertEqual((3, 1), self.gtest('{"tests": 3, "failures": 0}', code=139))
        self.assertEqual((0, 1), self.gtest('{"tests": 0, "failures": 0}'))

    def test_unittest(self):
        cases = """
            import unittest
            class T(unittest.TestCase):
                def test_a(self): pass
                def test_b(self): self.assertTrue(%s)
            unittest.main()
        """
        self.assertEqual((2, 0), self.with_script(cases % "True", run_tests.run_unittest)[:2])
        self.assertEqual((1, 1), self.with_script(cases % "False", run_tests.run_unittest)[:2])
        self.assertEqual((0, 1), self.with_script("import nowhere", run_tests.run_unittest)[:2])

    def test_node(self):
        cases = "import { test } from 'node:test'; test('a', () => {}); test('b', () => { if (%s) throw new Error('b'); });"
        node = lambda file: run_tests.run_node([file], {})
        self.assertEqual((2, 0), self.with_script(cases % "false", node, "a.test.mjs")[:2])
        self.assertEqual((1, 1), self.with_script(cases % "true", node, "a.test.mjs")[:2])

    def test_several_node_runs_in_one_output_are_added(self):
        twice = "# pass 3\n# fail 0\n# cancelled 0\n" + "# pass 4\n# fail 1\n# cancelled 2\n"
        self.assertEqual((7, 3), run_tests.count_tap(1, twice)[:2])
        self.assertEqual((7, 3), run_tests.count_tap(1, twice.replace("#", "ℹ"))[:2])
        self.assertEqual((0, 1), run_tests.count_tap(1, "sh: node: not found")[:2])
        self.assertEqual((0, 1), run_tests.count_tap(0, "")[:2])

    def test_a_hang_is_a_failure_and_leaves_nobody_behind(self):
        before = run_tests.SUITE_TIMEOUT_SECONDS
        run_tests.SUITE_TIMEOUT_SECONDS = 0.3
        try:
            # The grandchild holds the pipe open: only ending the whole group lets this return.
            code, output = run_tests.run(["sh", "-c", "echo began; cat /dev/zero > /dev/null & wait"])
        finally:
            run_tests.SUITE_TIMEOUT_SECONDS = before
        self.assertEqual(124, code)
        self.assertIn("began", output)
        self.assertIn("killed after", output)


if __name__ == "__main__":
    unittest.main()
