#!/usr/bin/env python3
"""Checks the sources against the layers of the house: tests/layers.py [--root DIR]

The table of modules is read from CMakeLists.txt (bw_module and bw_program lines). Every include must go along DEPS;
libraries are named only where they are at home; whatever parses or decides touches no clock, randomness or I/O; files and
functions stay short. A file or function that has to be longer says why in a comment of the form "Long: reason" (near the
top, or right above the function). Each run first checks itself against planted violations.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import tempfile
from dataclasses import dataclass, field

MAX_FILE, MAX_FUNCTION = 800, 60
VERIFIER = "audit/verifier/"  # a program that shares no line with the rest, so it is no module
SOURCES = (".c", ".h", ".re", ".inc")

# Library headers and the only modules that may name them.
HOMES = {
    re.compile(r"event2/|event\.h$|evdns"): {"net"},
    re.compile(r"openssl/(ssl|bio|err)\.h$"): {"net"},
    re.compile(r"lmdb\.h$"): {"store"},
    re.compile(r"ares\.h$"): {"net"},
    re.compile(r"yaml\.h$"): {"config"},
    re.compile(r"maxminddb\.h$"): {"residency"},
    re.compile(r"hs/|hs\.h$"): {"classifiers"},
}
# Modules without I/O, and what they may not include or call.
PURE = {"base", "classifiers", "local_model", "rules", "wire"}
NOT_PURE = re.compile(r"openssl/|event2/|lmdb\.h$|sys/socket\.h$|sys/epoll\.h$|netdb\.h$")
NO_CLOCK = {"classifiers", "local_model", "rules", "wire", "audit_format"}
CLOCK = re.compile(
    r"\b(clock_gettime|gettimeofday|time|getrandom|getentropy|rand|random|arc4random|socket|connect|fopen)\s*\("
)
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|alloca)\s*\(")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)
MODULE = re.compile(r"^\s*bw_(module|program)\(\s*([A-Za-z0-9_-]+)\s+DIR\s+([^\s)]+)([^)]*)\)", re.M)
LONG = re.compile(r"(?:/\*|//|\*).*\bLong: \S+")
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


@dataclass
class Module:
    """One row of the table."""

    name: str
    folder: str
    deps: set[str] = field(default_factory=set)


def read_table(root: pathlib.Path) -> dict[str, Module]:
    """Modules by folder."""
    text = re.sub(r"#[^\n]*", "", (root / "CMakeLists.txt").read_text())
    table = {}
    for _, name, folder, rest in MODULE.findall(text):
        deps = re.search(r"\bDEPS\b(.*?)(?=\b(?:PKGS|LIBS)\b|\Z)", rest, re.S)
        table[folder] = Module(name, folder, set(deps[1].split()) if deps else set())
    return table


def owner(table: dict[str, Module], path: str) -> Module | None:
    """The module a path belongs to: the longest folder that holds it. Unit tests belong to the module they test."""
    if path.startswith(VERIFIER):
        return None
    unit = re.match(r"tests/unit/([^/]+)/", path)
    if unit:
        return next((module for module in table.values() if module.name == unit[1]), None)
    folders = [folder for folder in table if path.startswith(folder + "/")]
    return table[max(folders, key=len)] if folders else None


class Check:
    """Collects what is wrong with one tree."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.table = read_table(root)
        self.problems: list[str] = []
        self.files = 0

    def problem(self, path: str, line: int, text: str) -> None:
        """Notes one finding."""
        self.problems.append(f"{path}:{line}: {text}")

    def run(self) -> None:
        """Checks every source of every module and its unit tests."""
        folders = sorted(self.table) + ["tests/unit", VERIFIER]
        seen = set()
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*")):
                name = path.relative_to(self.root).as_posix()
                if path.suffix in SOURCES and path.is_file() and name not in seen:
                    seen.add(name)
                    self._file(name, path)
        self.files = len(seen)

    def _file(self, name: str, path: pathlib.Path) -> None:
        text = path.read_text(encoding="utf-8", errors="replace")
        module = owner(self.table, name)
        is_test = name.startswith("tests/")
        if module is None and not name.startswith(VERIFIER):
            self.problem(name, 1, "belongs to no module of CMakeLists.txt")
            return
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if match[1]:
                self._own_include(name, line, match[1], module)
            else:
                self._library(name, line, match[2], module, is_test)
        if not is_test:
            self._calls(name, text, module)
            self._first_include(name, text, path)
        self._length(name, text, path)

    def _own_include(self, name: str, line: int, target: str, module: Module | None) -> None:
        here = name.rpartition("/")[0]
        if "/" not in target:
            if not (self.root / here / target).exists():
                self.problem(name, line, f'"{target}": includes name the path from the top of the tree')
            return
        if target.startswith(here + "/"):
            return
        if module is None:
            self.problem(name, line, f'"{target}": the verifier shares no line with the rest')
            return
        wanted = owner(self.table, target)
        if wanted is None:
            self.problem(name, line, f'"{target}": belongs to no module')
        elif wanted.name != module.name and wanted.name not in module.deps:
            self.problem(
                name, line, f'"{target}": {module.name} may not include {wanted.name} (DEPS in CMakeLists.txt)'
            )

    def _library(self, name: str, line: int, target: str, module: Module | None, is_test: bool) -> None:
        if module is None:
            return
        for pattern, homes in HOMES.items():
            if pattern.match(target) and module.name not in homes:
                self.problem(name, line, f"<{target}>: only {', '.join(sorted(homes))} may see it")
                return
        if module.name in PURE and NOT_PURE.match(target) and not is_test:
            self.problem(name, line, f"<{target}>: {module.name} has no I/O or cryptography")

    def _calls(self, name: str, text: str, module: Module | None) -> None:
        code = COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        for match in BANNED.finditer(code):
            self.problem(name, code.count("\n", 0, match.start()) + 1, f"{match[1]}() is not used here")
        if module is not None and module.name in NO_CLOCK:
            for match in CLOCK.finditer(code):
                self.problem(
                    name,
                    code.count("\n", 0, match.start()) + 1,
                    f"{match[1]}(): {module.name} has no clock, randomness or I/O",
                )

    def _first_include(self, name: str, text: str, path: pathlib.Path) -> None:
        header = path.with_suffix(".h")
        first = INCLUDE.search(text)
        if path.suffix != ".c" or not header.exists() or first is None:
            return
        if first[1] != name[:-2] + ".h":
            self.problem(name, text.count("\n", 0, first.start()) + 1, "a source includes its own header first")

    def _length(self, name: str, text: str, path: pathlib.Path) -> None:
        lines = text.splitlines()
        if len(lines) > MAX_FILE and not any(LONG.search(line) for line in lines[:20]):
            self.problem(
                name, len(lines), f'{len(lines)} lines; at most {MAX_FILE}, or a comment "Long: reason" near the top'
            )
        if path.suffix != ".c":
            return
        start = None
        for index, line in enumerate(lines):
            if line == "{":
                start = index
            elif start is not None and line.startswith("}"):
                if index - start - 1 > MAX_FUNCTION and not any(
                    LONG.search(above) for above in lines[max(0, start - 12) : start]
                ):
                    self.problem(
                        name,
                        start + 1,
                        f'a function of {index - start - 1} lines; at most {MAX_FUNCTION}, or "Long: reason" above it',
                    )
                start = None


PLANTED = {
    "CMakeLists.txt": "bw_module(base DIR base)\nbw_module(rules DIR rules DEPS base)\nbw_module(store DIR store DEPS base LIBS lmdb)\n"
    "bw_module(audit DIR audit DEPS base\n  store PKGS libcrypto) # more\nbw_program(tool DIR cmd DEPS base audit)\n",
    "base/span.h": "int x;\n",
    "store/segment.h": '#include "base/span.h"\n',
    "store/segment.c": '#include "store/segment.h"\n#include <lmdb.h>\n',
    "audit/writer.c": '#include "store/segment.h"\n',
    "rules/eval.c": '#include "base/span.h"\n/* time(0) in a comment */\nchar *s = "strcpy(a)";\n',
}
VIOLATIONS = {
    "rules/up.c": ('#include "store/segment.h"\n', "rules may not include store"),
    "base/up.c": ('#include "rules/eval.h"\n', "base may not include rules"),
    "cmd/deep.c": ('#include "store/segment.h"\n', "tool may not include store"),
    "audit/db.c": ("#include <lmdb.h>\n", "only store may see it"),
    "cmd/tls.c": ("#include <openssl/ssl.h>\n", "only net may see it"),
    "rules/hash.c": ("#include <openssl/sha.h>\n", "has no I/O or cryptography"),
    "store/loop.c": ("#include <event2/event.h>\n", "only net may see it"),
    "rules/clock.c": ("long f(void)\n{\n\treturn time(0);\n}\n", "has no clock"),
    "base/copy.c": ("void f(char *a)\n{\n\tstrcpy(a, a);\n}\n", "strcpy() is not used here"),
    "base/long.c": ("int x;\n" * 801, "801 lines"),
    "base/function.c": ("void f(void)\n{\n" + "\t;\n" * 61 + "}\n", "a function of 61 lines"),
    "base/near.c": ('#include "nowhere.h"\n', "path from the top"),
    "audit/verifier/main.c": ('#include "base/span.h"\n', "shares no line with the rest"),
    "store/order.c": ('#include <stdio.h>\n#include "store/order.h"\n', "its own header first"),
    "tests/unit/rules/test_up.c": ('#include "store/segment.h"\n', "rules may not include store"),
    "tests/unit/nobody/test_x.c": ("int x;\n", "belongs to no module"),
}


def self_test() -> None:
    """Plants each violation in a small good tree and expects exactly that one to be found."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)

        def plant(name: str, text: str) -> pathlib.Path:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return path

        def findings() -> list[str]:
            check = Check(root)
            check.run()
            return check.problems

        for name, text in PLANTED.items():
            plant(name, text)
        if findings():
            raise SystemExit(f"layers: self-test: a good tree was refused: {findings()}")
        header = plant("store/order.h", "")
        for name, (text, wanted) in VIOLATIONS.items():
            path = plant(name, text)
            found = findings()
            if len(found) != 1 or wanted not in found[0] or not found[0].startswith(name):
                raise SystemExit(f"layers: self-test: planted {name}, expected '{wanted}', found {found}")
            path.unlink()
        header.unlink()
        for text in (
            "/* Long: a table */\n" + "int x;\n" * 801,
            "/* Long: one switch */\nvoid f(void)\n{\n" + "\t;\n" * 61 + "}\n",
        ):
            path = plant("base/excused.c", text)
            if findings():
                raise SystemExit(f"layers: self-test: a reason was not accepted: {findings()}")
            path.unlink()


def main() -> int:
    """Checks itself, then the tree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    self_test()
    check = Check(options.root)
    check.run()
    for problem in check.problems:
        print(problem)
    print(f"layers: {check.files} files, {len(check.table)} modules, {len(check.problems)} problems")
    return 1 if check.problems else 0


if __name__ == "__main__":
    sys.exit(main())
