"""The rules of ARCHITECTURE.md and STYLE.md as a test: arrows between modules, words that do not belong, sizes.

usage: tidy.py [ROOT]      exit code 1 and one line per violation
"""

import pathlib
import re
import sys

# Module folder → what its files may include. A test may include anything.
ARROWS = {
    "src/base": [],
    "src/wire": ["base"],
    "src/core": ["base", "wire"],
    "src/adapters/net": ["base"],
    "src/adapters/store": ["base", "core"],
    "src/server": ["base", "wire", "core", "adapters"],
}
WIRE_FOR_CORE = {"messages.hpp", "token.hpp", "limits.hpp"}  # structs only: the core never sees bytes

PURE = ("src/base/", "src/wire/", "src/core/")
BANNED_IN_PURE = {
    r"\b(system_clock|steady_clock|high_resolution_clock|gettimeofday|clock_gettime)\b": "reads a clock: take `now` as an argument",
    r"\b(random_device|mt19937|getrandom|getentropy)\b|\brand\(": "draws chance: use base/random.hpp with the engine's seed",
    r"\bstd::(jthread|thread|mutex|condition_variable|async)\b": "starts a thread or takes a lock: that is for adapters",
    r"\bgetenv\b": "reads the environment: that is for the server",
    r"\b(fstream|ifstream|ofstream)\b|boost/asio": "touches a file or socket: that is for adapters",
}
BANNED_EVERYWHERE = {
    r"\b(sleep_for|sleep_until|usleep|nanosleep)\b": "sleeps: wait for a condition instead",
}

FUNCTION_STOP = 70
FILE_STOP = 800


def is_test(path):
    return path.endswith(("_test.cpp", "_testing.hpp"))


def check_includes(path, text, report):
    module = next((m for m in sorted(ARROWS, key=len, reverse=True) if path.startswith(m + "/")), None)
    if module is None or is_test(path):
        return
    own = module.removeprefix("src/")
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r'#include "([^"]+)"', line)
        if not found:
            continue
        target = found.group(1)
        if target.startswith(own + "/") or any(target.startswith(allowed + "/") for allowed in ARROWS[module]):
            if module == "src/core" and target.startswith("wire/") and target.removeprefix("wire/") not in WIRE_FOR_CORE:
                report(path, number, f"core may use the structs of wire only, not {target}")
            continue
        report(path, number, f"{module} must not include {target} (arrows: ARCHITECTURE.md)")


def check_words(path, text, report):
    rules = dict(BANNED_EVERYWHERE)
    if path.startswith(PURE) and not is_test(path):
        rules.update(BANNED_IN_PURE)
    for number, line in enumerate(text.split("\n"), 1):
        code = line.split("//")[0]
        for pattern, why in rules.items():
            if re.search(pattern, code):
                report(path, number, why)


def check_sizes(path, text, report):
    lines = text.split("\n")
    if len(lines) - 1 > FILE_STOP:
        report(path, 1, f"{len(lines) - 1} lines; split it below {FILE_STOP}")
    if not path.endswith(".cpp"):
        return
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"^(  )?\S.*\{$", line) and not re.match(r"^\s*(namespace|class|struct|enum|}|TEST|using)", line):
            start = start or number
        elif line in ("}", "  }") and start:
            if number - start + 1 > FUNCTION_STOP:
                report(path, start, f"a function of {number - start + 1} lines; split it below {FUNCTION_STOP}")
            start = None


def check_form(path, text, report):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            report(path, number, "trailing space")
        if "\t" in line:
            report(path, number, "tab: indent with spaces")
    if not text.endswith("\n") or text.endswith("\n\n"):
        report(path, text.count("\n"), "end the file with exactly one newline")
    if path.endswith(".hpp") and "#pragma once" not in text:
        report(path, 1, "add #pragma once")
    if path.endswith((".cpp", ".hpp")) and not re.fullmatch(r"[a-z0-9_/.]+", path):
        report(path, 1, "name files in snake_case")


def check_links(root, path, text, report):
    for number, line in enumerate(text.split("\n"), 1):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
            if "://" not in target and not (root / path).parent.joinpath(target).exists():
                report(path, number, f"the link {target} leads nowhere")


def check_tree(root):
    problems = []

    def report(path, number, what):
        problems.append(f"{path}:{number}: {what}")

    skip = {"node_modules", "build", "dist", ".git"}
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if not file.is_file() or skip & set(path.split("/")):
            continue
        if file.suffix in (".cpp", ".hpp"):
            text = file.read_text()
            for check in (check_includes, check_words, check_sizes, check_form):
                check(path, text, report)
        elif file.suffix == ".md":
            text = file.read_text()
            check_links(root, path, text, report)
    return problems


if __name__ == "__main__":
    found = check_tree(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve())
    print("\n".join(found) or "tidy: nothing to complain about")
    sys.exit(1 if found else 0)
