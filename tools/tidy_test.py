"""Plants a violation of each rule of tidy.py in a tree of its own and sees it found, and its lawful twin pass."""

import pathlib
import tempfile
import unittest

import tidy


class TidyTest(unittest.TestCase):
    def found(self, path, text, **more):
        """The problems of a tree with this one file; `more` are further files, with __ for / and _DOT_ for a dot."""
        files = {path: text, **{name.replace("__", "/").replace("_DOT_", "."): body for name, body in more.items()}}
        with tempfile.TemporaryDirectory() as folder:
            for name, body in files.items():
                file = pathlib.Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(body, encoding="utf-8")
            return "\n".join(tidy.check_tree(pathlib.Path(folder)))

    def includes(self, path, target):
        return self.found(path, f'#include "{target}"\n')

    def test_each_arrow_that_does_not_exist_is_found(self):
        for path, target in (
            ("src/base/a.cpp", "wire/messages.hpp"),
            ("src/wire/a.cpp", "core/engine.hpp"),
            ("src/core/a.cpp", "adapters/net/net.hpp"),
            ("src/adapters/net/a.cpp", "wire/codec.hpp"),
            ("src/adapters/net/a.cpp", "adapters/store/store.hpp"),
            ("src/adapters/store/a.cpp", "adapters/net/net.hpp"),
            ("src/cli/a.cpp", "core/engine.hpp"),
            ("sdk/cpp/src/a.cpp", "core/engine.hpp"),
        ):
            self.assertIn(f"must not include {target}", self.includes(path, target), (path, target))

    def test_each_arrow_that_exists_passes(self):
        for path, target in (
            ("src/base/a.cpp", "base/ids.hpp"),
            ("src/wire/a.cpp", "base/ids.hpp"),
            ("src/core/a.cpp", "wire/messages.hpp"),
            ("src/adapters/store/a.cpp", "core/records.hpp"),
            ("src/server/a.cpp", "adapters/store/store.hpp"),
            ("src/cli/a.cpp", "offhook/client.hpp"),
            ("sdk/cpp/src/a.cpp", "wire/codec.hpp"),
            ("src/core/a_test.cpp", "wire/codec.hpp"),
            ("tests/sim/a.cpp", "server/loop.hpp"),
        ):
            self.assertEqual("", self.includes(path, target), (path, target))

    def test_nobody_includes_the_server(self):
        for path in ("src/core/a.cpp", "src/cli/a.cpp", "sdk/cpp/a.cpp", "examples/a.cpp"):
            self.assertIn("nobody includes the server", self.includes(path, "server/loop.hpp"), path)

    def test_core_and_store_see_structs_not_bytes(self):
        self.assertIn("structs of wire only", self.includes("src/core/a.cpp", "wire/codec.hpp"))
        self.assertIn("structs of wire only", self.includes("src/adapters/store/a.cpp", "wire/codec.hpp"))

    def test_a_header_beside_the_file_is_its_own(self):
        self.assertEqual("", self.found("sdk/cpp/src/a.cpp", '#include "b.hpp"\n', sdk__cpp__src__b_DOT_hpp="#pragma once\n"))
        self.assertIn("must not include", self.found("sdk/cpp/src/a.cpp", '#include "b.hpp"\n'))

    def test_imports_of_scripts(self):
        self.assertIn("its own files only, not ws", self.found("sdk/js/src/a.ts", "import { WebSocket } from 'ws';\n"))
        self.assertIn("not ../../../web/a.js", self.found("sdk/js/src/a.ts", "import '../../../web/a.js';\n"))
        self.assertIn("@offhook/client only", self.found("web/a.ts", "const x = await import('lodash');\n"))
        self.assertEqual("", self.found("sdk/js/src/a.ts", "import { b } from './b.js';\n"))
        self.assertEqual("", self.found("web/a.ts", "import { Client } from '@offhook/client';\n"))
        self.assertEqual("", self.found("sdk/js/src/a.test.ts", "import test from 'node:test';\n"))

    def test_words_that_do_not_belong_in_pure_modules(self):
        for line, why in (
            ("auto t = std::chrono::steady_clock::now();", "reads a clock"),
            ("auto t = time(nullptr);", "reads a clock"),
            ("std::random_device d;", "draws chance"),
            ("int n = rand();", "draws chance"),
            ("std::thread t;", "starts a thread"),
            ("auto f = std::async(g);", "starts a thread"),
            ('auto* home = getenv("HOME");', "reads the environment"),
            ("std::ifstream file;", "touches a file"),
            ("#include <fstream>", "touches a file"),
            ("int s = socket(1, 2, 3);", "touches a file or socket"),
            ("#include <boost/asio/io_context.hpp>", "touches a file or socket"),
        ):
            for module in ("base", "wire", "core"):
                self.assertIn(why, self.found(f"src/{module}/a.cpp", line + "\n"), line)
            self.assertEqual("", self.found("src/server/a.cpp", line + "\n"), line)

    def test_locks_need_a_listed_file(self):
        for line in ("std::mutex m;", "std::shared_mutex m;", "std::lock_guard lock(m);"):
            self.assertIn("takes a lock", self.found("src/server/a.cpp", line + "\n"), line)
        self.assertEqual("", self.found("src/server/a_test.cpp", "std::mutex m;\n"))

    def test_nobody_sleeps_not_even_tests(self):
        for path in ("src/server/a.cpp", "src/server/a_test.cpp"):
            for call in ("std::this_thread::sleep_for(1s)", "sleep_until(t)", "usleep(1)", "sleep(1)"):
                self.assertIn("sleeps", self.found(path, call + ";\n"), call)
        self.assertIn("sleeps", self.found("tests/a.test.mjs", "await new Promise((done) => setTimeout(done, 100));\n"))
        self.assertIn("sleeps", self.found("tests/a.test.mjs", "import { setTimeout as wait } from 'node:timers/promises';\n"))
        self.assertEqual("", self.found("tests/a.test.mjs", "const limit = setTimeout(() => stop(), 100);\n"))

    def test_words_that_do_not_belong_in_a_script_engine(self):
        for code in ("Date.now()", "new Date()", "performance.now()", "Math.random()", "setTimeout(f, 1)", "new WebSocket(u)",
                     "document.body", "window.name"):
            self.assertNotEqual("", self.found("sdk/js/src/engine.ts", code + ";\n"), code)
            self.assertEqual("", self.found("sdk/js/src/client.ts", code + ";\n"), code)

    def test_comments_and_texts_are_not_code(self):
        self.assertEqual("", self.found("src/core/a.cpp", "// steady_clock\n/* std::mutex\n */\nauto t = \"rand()\";\n"))

    def test_functions_stop(self):
        self.assertIn("a function of 72 lines", self.found("src/core/a.cpp", "void f() {\n" + "  g();\n" * 70 + "}\n"))
        self.assertEqual("", self.found("src/core/a.cpp", "void f() {\n" + "  g();\n" * 68 + "}\n"))

    def test_functions_are_found_wherever_they_stand(self):
        body = "  g();\n" * 70 + "}\n"
        for head in ("int f(int a,\n      int b) const {\n", "TEST_F(Calls, End) {\n", "template <class T> void f(T t) {\n",
                     "X::X() : a_{1}, b_{2} {\n", "X::X()\n    : a_{1},\n      b_(2) {\n", "struct S g() {\n"):
            self.assertIn("a function of", self.found("src/core/a.cpp", head + body), head)
        self.assertIn("a function of", self.found("src/core/a.cpp", "namespace n {\nclass C {\n void f() {\n" + body + "};\n}\n"))
        self.assertIn("a function of", self.found("sdk/js/src/a.ts", "export const f = (a: number) => {\n" + body))
        self.assertEqual("", self.found("src/core/a.cpp", "const int k_list[] = {\n" + "  1,\n" * 100 + "};\n"))
        self.assertEqual("", self.found("src/core/a.cpp", "namespace n {\n" + "void f() { g(); }\n" * 100 + "}\n"))

    def test_a_tenth_of_the_functions_may_be_long(self):
        small, large = "void f() {\n  g();\n}\n", "void f() {\n" + "  g();\n" * 45 + "}\n"
        self.assertEqual("", self.found("src/core/a.cpp", small * 27 + large * 3))
        self.assertIn("a tenth of the functions", self.found("src/core/a.cpp", small * 26 + large * 4))

    def test_files(self):
        self.assertIn("split it below 800", self.found("src/core/a.cpp", "int a;\n" * 801))
        self.assertEqual("", self.found("src/core/a.cpp", "int a;\n" * 800))
        many = {f"src__core__a{n}_DOT_cpp": "int a;\n" * (500 if n < 3 else 5) for n in range(25)}
        self.assertIn("a tenth of the files", self.found("src/core/b.cpp", "int a;\n", **many))

    def test_form(self):
        self.assertIn("trailing space", self.found("src/core/a.cpp", "int a; \n"))
        self.assertIn("trailing space", self.found("README.md", "text \n"))
        self.assertIn("tab", self.found("src/core/a.cpp", "\tint a;\n"))
        self.assertIn("exactly one newline", self.found("tools/a.py", "a = 1"))
        self.assertIn("exactly one newline", self.found("src/core/a.cpp", "int a;\n\n"))
        self.assertIn("#pragma once", self.found("src/core/a.hpp", "int a;\n"))
        self.assertIn("snake_case", self.found("src/core/MyFile.cpp", "int a;\n"))

    def test_links(self):
        self.assertIn("the link missing.md leads nowhere", self.found("docs/a.md", "[x](missing.md)\n"))
        self.assertEqual("", self.found("docs/a.md", "[x](b.md#part) [y](https://example.org)\n", docs__b_DOT_md="b\n"))

    def test_what_was_built_or_installed_is_not_looked_at(self):
        for folder in ("node_modules", "build", "web/dist", "sdk/js/dist-test"):
            self.assertEqual("", self.found(f"{folder}/a.cpp", "int a; \n"), folder)


if __name__ == "__main__":
    unittest.main()
