#!/usr/bin/env python3
"""What the classifiers look for, as regular expressions that other scanners understand.

    bench/patterns.py FILE        writes "name TAB regex" a line

Generated from the tables and lexers: pictures of detectors.def and vendor_keys.def, rules of lex_*.re. Checksums, context
and neighbourhood cannot be said in a regular expression and are left out, so the others find more and do less. Values
behind a word ("password: …") become the word and what may be a value.
"""

from __future__ import annotations

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLASSIFIERS = ROOT / "classifiers"
VALUE = r"""["']?[^\s"'`<;\\]{4,}"""
# In front of rules of lexers that start in the middle: from the '@', from the "://".
BEFORE = {"lex_email": r"[A-Za-z0-9._%+'-]+@", "lex_url": r"[A-Za-z0-9+]+://", "lex_profile": r"https?://"}


def literal(text: str) -> str:
    return "".join(c if c.isalnum() and ord(c) < 128 else f"\\x{b:02x}" if b >= 128 or b < 32 else "\\" + c
                   for c in text for b in c.encode("latin-1"))


def picture(text: str) -> str:
    """A layout of detectors.def."""
    kinds = {"#": "[0-9]", "@": "[A-Za-z]", "*": "[0-9A-Za-z]", "~": "[ -]?"}
    out, i = [], 0
    while i < len(text):
        if text[i] == "[":
            end = text.index("]", i)
            inside = text[i + 1 : end]
            out.append("[" + inside + "".join(c.lower() for c in inside if c.isupper() and "-" not in inside) + "]")
            i = end + 1
        else:
            out.append(kinds.get(text[i]) or literal(text[i]))
            i += 1
        if i < len(text) and text[i] == "?":
            out.append("?")
            i += 1
    return "".join(out)


def key(text: str) -> str:
    """A picture of vendor_keys.def."""
    kinds = {"h": "0-9a-f", "H": "0-9A-Fa-f", "d": "0-9", "u": "0-9A-Z", "l": "0-9a-z", "w": "0-9A-Za-z", "-": "0-9A-Za-z_-",
             "~": "0-9A-Za-z_=-", "b": "0-9A-Za-z+/", "=": "0-9A-Za-z+/="}

    def run(m: re.Match[str]) -> str:
        least, _, most = m[2].partition("-")
        return f"[{kinds[m[1]]}]{{{least}{',' + most if most else ''}}}"

    return "".join(run(m) if (m := re.fullmatch(r"\{(.)([0-9-]+)\}", part)) else literal(part)
                   for part in re.split(r"(\{.[0-9-]+\})", text))


class Rule:
    """A rule of re2c's language into one of everybody's."""

    TOKEN = re.compile(r"""\s+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[(?:\\.|[^\]\\])*\]|\{[0-9,]+\}|[A-Za-z_]\w*|[()|?*+]""")

    def __init__(self, definitions: dict[str, str]):
        self.definitions = definitions

    def string(self, body: str) -> str:
        return literal(re.sub(r"\\x([0-9a-fA-F]{2})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else
                              {"n": "\n", "r": "\r", "t": "\t"}.get(m[2], m[2]), body))

    def read(self, text: str) -> str:
        out, at = [], 0
        while at < len(text):
            m = self.TOKEN.match(text, at)
            if m is None:
                raise ValueError(text[at:])
            token, at = m[0], m.end()
            if token[0] == '"':
                out.append(f"(?:{self.string(token[1:-1])})")
            elif token[0] == "'":
                out.append(f"(?i:{self.string(token[1:-1])})")
            elif token[0].isalpha() or token[0] == "_":
                out.append(f"(?:{self.read(self.definitions[token])})")
            elif token == "(":
                out.append("(?:")
            elif not token.isspace():
                out.append(token)
        return "".join(out)


def rules(path: pathlib.Path):
    """(name, regex) of every rule of a lexer that offers something."""
    shared = (CLASSIFIERS / "lexer.re.inc").read_text()
    function, definitions = "", {}
    for m in re.finditer(r"(\w+) = ([^;\n]*);", shared.split("YYRESTORE")[1]):
        definitions[m[1]] = m[2]
    text = path.read_text()
    for block in re.finditer(r"void (lex_\w+)\((?:(?!^\}).)*?/\*!re2c(.*?)\*/", text, re.S | re.M):
        function, body = block[1], block[2]
        local = dict(definitions)
        lines = re.sub(r"\n\s+(?=[|('\"])", " ", body)
        for m in re.finditer(r"^\s*(\w+) = ((?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\[(?:\\.|[^\]\\])*\]|[^;])*);", lines, re.M):
            local[m[1]] = m[2]
        part = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\[(?:\\.|[^\]\\])*\]|\{[0-9,]+\}|[^{;\"'\[\n]"
        for m in re.finditer(rf"^\s*((?:{part}|\n(?!\n))+?)\s*\{{\s(.*?)\}}\s*$", body, re.M | re.S):
            source, action = m[1].strip(), m[2]
            name = re.search(r"D_(\w+)", action)
            if source.startswith("*") or "offer" not in action:
                continue
            try:
                regex = Rule(local).read(source.rsplit(";", 1)[-1])
            except (ValueError, KeyError):
                continue
            if path.stem == "lex_words":
                regex += VALUE
            yield f"{function}:{name[1] if name else '?'}", BEFORE.get(function, "") + regex


def bounded(regex: str) -> str:
    """As words: not from the middle of one, not into the middle of one."""
    starts = re.match(r"(?:\(\?i?:)*(?:[A-Za-z0-9]|\[[^\]]*[A-Za-z0-9])", regex) is not None
    return (r"\b" if starts else "") + f"(?:{regex})"


def patterns():
    for row in re.finditer(r'^DETECTOR\((\w+), \w+, SHAPE, "([^"]*)"', (CLASSIFIERS / "detectors.def").read_text(), re.M):
        yield row[1], rf"\b(?:{'|'.join(picture(p) for p in row[2].split('|'))})\b"
    keys = CLASSIFIERS / "vendor_keys.def"
    for row in re.finditer(r'^KEY\((\w+), \w+, "([^"]*)"', keys.read_text() if keys.exists() else "", re.M):
        yield f"KEY_{row[1]}", bounded(key(row[2]))
    for path in sorted(CLASSIFIERS.glob("lex_*.re")):
        for name, regex in rules(path):
            yield name, bounded(regex)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for name, regex in patterns():
            re.compile(regex.encode("latin-1"))
            out.write(f"{name}\t{regex}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
