"""The rules of ARCHITECTURE.md and STYLE.md as a test: arrows between modules, words that do not belong, sizes, form, links.

usage: tidy.py [ROOT]      exit code 1 and one line per violation
"""

import os
import pathlib
import re
import sys

# --- modules and what they may include (ARCHITECTURE.md); the own module is always allowed, tests may include anything

ARROWS = {
    "src/base": (),
    "src/wire": ("base",),
    "src/core": ("base", "wire"),
    "src/adapters/net": ("base",),
    "src/adapters/bus": ("base",),
    "src/adapters/store": ("base", "wire", "core"),
    "src/adapters/webhook": ("base",),
    "src/adapters/metrics": ("base",),
    "src/adapters/password": ("base",),
    "src/server": ("base", "wire", "core", "adapters/net", "adapters/bus", "adapters/store", "adapters/webhook", "adapters/metrics", "adapters/password", "web"),
    "src/cli": ("base", "wire", "sdk/cpp"),
    "sdk/cpp": ("base", "wire"),
}
# Whoever deals in messages but never in bytes sees only these of wire.
WIRE_STRUCTS = {"wire/messages.hpp", "wire/token.hpp", "wire/limits.hpp"}
STRUCTS_ONLY = ("src/core", "src/adapters/store")

# --- words that do not belong: pattern → what it does, and what to do instead

PURE = ("src/base/", "src/wire/", "src/core/")
CLOCK = r"\b(system_clock|steady_clock|high_resolution_clock|gettimeofday|clock_gettime)\b|\btime\((nullptr|NULL|0)\)"
BANNED_IN_PURE = {
    CLOCK: "reads a clock: take `now` as an argument",
    r"\b(random_device|mt19937|getrandom|getentropy)\b|\brand\(": "draws chance: use base/random.hpp with the engine's seed",
    r"\bstd::(jthread|thread|condition_variable|async)\b": "starts a thread: that is for adapters",
    r"\bgetenv\b": "reads the environment: that is for the server",
    r"\b(fstream|ifstream|ofstream)\b|\bsocket\(|boost/asio": "touches a file or socket: that is for adapters",
}
LOCK = r"\bstd::(\w*mutex|lock_guard|scoped_lock|unique_lock)\b"
MAY_LOCK = ("src/adapters/store/mailbox.hpp", "src/adapters/webhook/client.cpp", "src/adapters/net/hub.hpp", "src/adapters/net/hub.cpp", "src/server/failures.hpp")  # files outside tests that hold a lock, each for a reason its header gives
SLEEP = r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\("
SLEEP_IN_SCRIPTS = r"=>\s*\{?\s*setTimeout\(\w+,|timers/promises"
BANNED_IN_SCRIPT_ENGINE = {
    r"\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b": "reads a clock: take `now` as an argument",
    r"\bMath\.random\b": "draws chance: take it as an argument",
    r"\bset(Timeout|Interval)\b": "starts a timer: tell the next deadline instead",
    r"\bWebSocket\b|\bdocument\.|\bwindow\.": "touches the browser: that is for the layer around the engine",
}

# --- sizes, in lines: nothing above the stop; of each language's files together nine of ten at most p90

FUNCTION_STOP, FUNCTION_P90 = 70, 40
FILE_STOP, FILE_P90 = 800, 450
ENOUGH_FOR_P90 = 20  # of fewer items the largest would decide

SKIP = {"node_modules", "build", "dist", "dist-test", "artifacts", "__pycache__", ".git"}
CPP, SCRIPT = (".cpp", ".hpp"), (".ts", ".mjs")
PLAIN = (*CPP, *SCRIPT, ".py", ".md", ".html", ".css", ".toml", ".txt", ".yaml", ".yml")


def is_test(path):
    return path.endswith(("_test.cpp", "_testing.hpp", ".test.ts", ".test.mjs")) or path.startswith("tests/")


def module_of(path):
    return next((module for module in sorted(ARROWS, key=len, reverse=True) if path.startswith(module + "/")), None)


NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def code_of(text):
    """The text with comments and the insides of literals blanked; every line stays where it was."""
    return NOISE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def numbered(text):
    return enumerate(text.split("\n"), 1)


class Tree:
    """What is known of the tree while it is walked: the problems, and the figures for the end."""

    def __init__(self, root):
        self.root = root
        self.problems = []
        self.functions = []  # (lines, path, first line)
        self.files = []      # (lines, path)
        self.comment_lines = self.code_lines = 0

    def report(self, path, number, what):
        self.problems.append(f"{path}:{number}: {what}")


# --- arrows

def check_includes(tree, path, text):
    module = module_of(path)
    if is_test(path):
        return
    for number, line in numbered(text):
        found = re.match(r'\s*#\s*include "([^"]+)"', line)
        if found:
            problem = include_problem(tree.root, path, module, found.group(1))
            if problem:
                tree.report(path, number, problem)


def include_problem(root, path, module, target):
    own = (module or "").removeprefix("src/")
    if target.startswith("server/") and module != "src/server":
        return f"nobody includes the server: move what is needed of {target} to the module it belongs to"
    if module is None or target.startswith(own + "/") or is_own_header(root, path, module, target):
        return None
    if not any(belongs_to(target, allowed) for allowed in ARROWS[module]):
        return f"{module} must not include {target} (arrows: ARCHITECTURE.md)"
    if module in STRUCTS_ONLY and target.startswith("wire/") and target not in WIRE_STRUCTS:
        return f"{own} may use the structs of wire only, not {target}"
    return None


def is_own_header(root, path, module, target):
    """A header named relative to the file, or to one of the include folders of its own module."""
    beside = (root / path).parent / target
    return any(folder.exists() for folder in (beside, root / module / "include" / target, root / module / "src" / target))


def belongs_to(target, allowed):
    return target.startswith("offhook/" if allowed == "sdk/cpp" else allowed + "/")


def check_imports(tree, path, text):
    own = next((folder for folder in ("sdk/js", "web") if path.startswith(folder + "/")), None)
    if own is None or is_test(path) or path.endswith(".mjs"):
        return
    for number, line in numbered(text):
        for target in re.findall(r"""(?:\bfrom|\bimport|\bimport\()\s*["']([^"']+)["']""", line):
            if target.startswith("."):
                inside = (tree.root / path).parent.joinpath(target).resolve().is_relative_to((tree.root / own).resolve())
            else:
                inside = own == "web" and (target == "@offhook/client" or target.startswith("@offhook/client/"))
            if not inside:
                allowed = "its own files" if own == "sdk/js" else "its own files and @offhook/client"
                tree.report(path, number, f"{own} imports {allowed} only, not {target}")


# --- words

def check_words(tree, path, text):
    rules = {}
    if path.endswith(CPP):
        rules[SLEEP] = "sleeps: wait for a condition instead"
        if not is_test(path):
            if path.startswith(PURE):
                rules.update(BANNED_IN_PURE)
            if path not in MAY_LOCK:
                rules[LOCK] = "takes a lock: post to the loop instead, or list the file in MAY_LOCK of tools/tidy.py with its reason"
    else:
        rules[SLEEP_IN_SCRIPTS] = "sleeps: wait for a condition instead"
        if path.startswith("sdk/js/src/") and "engine" in path and not is_test(path):
            rules.update(BANNED_IN_SCRIPT_ENGINE)
    # Includes and imports name things in literals, so those lines are looked at whole.
    for (number, line), whole in zip(numbered(code_of(text)), text.split("\n")):
        looked_at = whole if re.match(r"\s*(#\s*include|import\b)", whole) else line
        for pattern, why in rules.items():
            if re.search(pattern, looked_at):
                tree.report(path, number, why)


# --- sizes

IN_SCOPE, INNER = "scope", "inner"
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|interface|extern)\b(?!.*\))", re.DOTALL)


def functions_of(code):
    """(first line, last line) of every outermost function: a brace block with a parameter list, inside scopes only."""
    found, stack = [], []  # stack: SCOPE, INNER, or the place where the function begins
    header_begins, just_ended = 0, None
    for match in re.finditer(r"[{};]", code):
        place, header = match.start(), code[header_begins:match.start()]
        if match.group() == "{":
            # A member initialised with braces ends a block in the middle of a constructor: X() : a_{1}, b_{2} { ... }
            continues = just_ended is not None and re.match(r"\s*(,|$)", header)
            if any(kind is not IN_SCOPE for kind in stack):
                stack.append(INNER)
            elif continues:
                stack.append(found.pop()[0])
            elif "(" in header and not SCOPE.search(header):
                stack.append(header_begins + len(header) - len(header.lstrip()))
            else:
                stack.append(IN_SCOPE if SCOPE.search(header) else INNER)
        just_ended = None
        if match.group() == "}" and stack:
            begun = stack.pop()
            if begun not in (IN_SCOPE, INNER):
                found.append((begun, place))
                just_ended = begun
        header_begins = match.end()
    return [(code.count("\n", 0, first) + 1, code.count("\n", 0, last) + 1) for first, last in found]


def check_sizes(tree, path, text):
    lines = text.count("\n")
    tree.files.append((lines, path))
    if lines > FILE_STOP:
        tree.report(path, 1, f"{lines} lines; split it below {FILE_STOP}")
    code = code_of(text)
    for first, last in functions_of(code):
        size = last - first + 1
        if not is_test(path):
            tree.functions.append((size, path, first))
        if size > FUNCTION_STOP and not path.endswith(".test.mjs"):
            tree.report(path, first, f"a function of {size} lines; split it below {FUNCTION_STOP}")
    if path.endswith(CPP) and not is_test(path):
        count_comments(tree, text, code)


def count_comments(tree, text, code):
    for whole, without in zip(text.split("\n"), code.split("\n")):
        tree.code_lines += bool(without.strip())
        tree.comment_lines += "//" in whole and '"' not in whole.split("//")[0]


def check_p90(tree):
    for items, limit, noun in ((tree.functions, FUNCTION_P90, "functions"), (tree.files, FILE_P90, "files")):
        if len(items) >= ENOUGH_FOR_P90 and p90(items) > limit:
            size, path = sorted(items)[-1][:2]
            tree.report(path, 1, f"more than a tenth of the {noun} have over {limit} lines; begin with this one of {size}")


def p90(items):
    return sorted(items)[max(0, -(-len(items) * 9 // 10) - 1)][0] if items else 0


def figures(tree):
    share = 100 * tree.comment_lines / max(1, tree.comment_lines + tree.code_lines)
    largest = [max(items, default=(0,))[0] for items in (tree.functions, tree.files)]
    return (f"tidy: functions p90 {p90(tree.functions)}, largest {largest[0]}; files p90 {p90(tree.files)}, largest {largest[1]}; "
            f"comments {share:.0f} % of C++ lines outside tests (goal 12 to 20)")


# --- form

def check_form(tree, path, text):
    for number, line in numbered(text):
        if line != line.rstrip():
            tree.report(path, number, "trailing space: take it away")
        if "\t" in line:
            tree.report(path, number, "tab: indent with spaces")
    if not text.endswith("\n") or text.endswith("\n\n"):
        tree.report(path, text.count("\n"), "end the file with exactly one newline")
    if path.endswith(".hpp") and "#pragma once" not in text:
        tree.report(path, 1, "add #pragma once")
    if path.endswith(CPP) and not re.fullmatch(r"[a-z0-9_/.]+", path):
        tree.report(path, 1, "name files in snake_case")


def check_links(tree, path, text):
    for number, line in numbered(text):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
            if "://" not in target and not (tree.root / path).parent.joinpath(target).exists():
                tree.report(path, number, f"the link {target} leads nowhere")


# --- the walk

CHECKS = {
    ".md": (check_links,),
    ".ts": (check_imports, check_words, check_sizes),
    ".mjs": (check_words, check_sizes),
    ".cpp": (check_includes, check_words, check_sizes),
    ".hpp": (check_includes, check_words, check_sizes),
}


def files_below(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIP)
        for name in sorted(names):
            yield pathlib.Path(folder) / name


def look_at(root):
    tree = Tree(root)
    for file in files_below(root):
        if not file.name.endswith(PLAIN):
            continue
        path, text = file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
        check_form(tree, path, text)
        for check in CHECKS.get(file.suffix, ()):
            check(tree, path, text)
    check_p90(tree)
    return tree


def check_tree(root):
    return look_at(root).problems


def main():
    tree = look_at(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve())
    print("\n".join(tree.problems) or "tidy: nothing to complain about")
    print(figures(tree))
    sys.exit(1 if tree.problems else 0)


if __name__ == "__main__":
    main()
