"""Plants one violation of each rule of tidy.py in a tree of its own and sees it found."""

import pathlib
import tempfile
import unittest

import tidy


class TidyTest(unittest.TestCase):
    def found(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return "\n".join(tidy.check_tree(pathlib.Path(folder)))

    def test_arrows(self):
        self.assertIn("must not include core/engine.hpp", self.found("src/wire/a.cpp", '#include "core/engine.hpp"\n'))
        self.assertIn("structs of wire only", self.found("src/core/a.cpp", '#include "wire/codec.hpp"\n'))
        self.assertIn("must not include", self.found("src/adapters/net/a.cpp", '#include "adapters/store/store.hpp"\n'))
        self.assertEqual("", self.found("src/core/a.cpp", '#include "wire/messages.hpp"\n'))
        self.assertEqual("", self.found("src/core/a_test.cpp", '#include "wire/codec.hpp"\n'))

    def test_words(self):
        self.assertIn("reads a clock", self.found("src/core/a.cpp", "auto t = std::chrono::steady_clock::now();\n"))
        self.assertIn("draws chance", self.found("src/core/a.cpp", "std::random_device d;\n"))
        self.assertIn("takes a lock", self.found("src/base/a.hpp", "#pragma once\nstd::mutex m;\n"))
        self.assertIn("sleeps", self.found("src/server/a_test.cpp", "std::this_thread::sleep_for(1s);\n"))
        self.assertEqual("", self.found("src/server/a.cpp", "auto t = std::chrono::steady_clock::now();\n"))

    def test_sizes(self):
        self.assertIn("a function of", self.found("src/core/a.cpp", "void f() {\n" + "  g();\n" * 70 + "}\n"))
        self.assertEqual("", self.found("src/core/a.cpp", "void f() {\n" + "  g();\n" * 60 + "}\n"))
        self.assertIn("split it below 800", self.found("src/core/a.cpp", "int a;\n" * 801))

    def test_form_and_links(self):
        self.assertIn("trailing space", self.found("src/core/a.cpp", "int a; \n"))
        self.assertIn("#pragma once", self.found("src/core/a.hpp", "int a;\n"))
        self.assertIn("leads nowhere", self.found("docs/a.md", "[x](missing.md)\n"))


if __name__ == "__main__":
    unittest.main()
