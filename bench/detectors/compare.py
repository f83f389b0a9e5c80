"""Runs the comparison; ./run prepares it and says how to call it."""

from __future__ import annotations

import argparse
import collections
import datetime
import importlib.metadata
import math
import os
import platform
import re
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import texts
from equivalents import KINDS, kind, presidio
from tools import LANGUAGES, Bailiwick, DetectSecrets, Finding, Presidio, Text, Tool, gitleaks

HERE = Path(__file__).resolve().parent
RELEASE = texts.ROOT / "build/release/bailiwick"
PAGE = HERE.parent / "DETECTORS.md"
MARK = "<!-- written by bench/detectors/run -->"
FLOOR = 0.4  # the least that Presidio gives a match with a word of context beside it
# What the annotation calls numbers, addresses and keys, as opposed to words.
STRUCTURED = {"EMAIL", "PHONE", "ID", "CARD", "BANK", "IP", "SECRET", "URL", "VEHICLE"}
Seen = dict[str, list[list[Finding]]]


def wilson(k: int, n: int) -> str:
    if not n:
        return "-"
    p, z = k / n, 1.96
    middle, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return f"{p:.3f} [{max(0.0, low):.3f}..{min(1.0, high):.3f}]"


def spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}..{max(values):.{digits}f}]"


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    head = list(columns)
    lines = [head, ["---"] * len(head), *([str(c) for c in row] for row in rows)]
    return ["", *("| " + " | ".join(line) + " |" for line in lines), ""]


def covered(found: list[Finding], start: int, end: int) -> bool:
    """Half of it lies in findings."""
    n, at = 0, start
    for f in sorted(found):
        n += max(0, min(f.end, end) - max(f.start, at))
        at = max(at, f.end)
    return 2 * n >= end - start


def look(tools: list[Tool], these: list[Text]) -> Seen:
    """What each tool finds; Presidio, with every recogniser on, also with a floor under its scores."""
    seen: Seen = {}
    for tool in tools:
        seen[tool.name] = tool.find(these)
        if isinstance(tool, Presidio) and tool.name.endswith("all"):
            seen[f"{tool.name}, score ≥ {FLOOR}"] = [[f for f in each if f.score >= FLOOR] for each in seen[tool.name]]
    return seen


class Comparison:
    def __init__(self, args: argparse.Namespace):
        models = dict(m.split("=", 1) for m in args.spacy)
        self.quick = args.quick
        self.ours, self.lexers = Bailiwick(args.program, True), Bailiwick(args.program, False)
        self.plain, self.whole = Presidio(models, False), Presidio(models, True)
        leaks = gitleaks(texts.ROOT / "build/bench/detectors")
        self.secrets: list[Tool] = [DetectSecrets(), *([leaks] if leaks else [])]
        self.personal: list[Tool] = [self.ours, self.plain, self.whole]
        self.all: list[Tool] = [self.ours, self.lexers, self.plain, self.whole, *self.secrets]

    # ---- coverage ----

    def identifiers(self) -> list[str]:
        """Presidio also gets each value in a sentence with a word that its own recogniser wants; the better one counts."""
        examples = [e for e in texts.examples() if not e.type.startswith("secret.")]
        known = self.whole.entities()
        hidden = [texts.hide(e, e.sentence, texts.value(e)) for e in examples]
        own = [self.own_sentence(h) for h in hidden]
        seen, again = look(self.personal, [Text(h.text) for h in hidden]), look(self.personal[1:], [Text(h.text) for h in own])
        families: dict[str, list[int]] = collections.defaultdict(list)
        for i, e in enumerate(examples):
            families[e.type.split(".")[0]].append(i)
            families["**all**"].append(i)

        def cell(name: str, members: list[int]) -> str:
            anything = typed = 0
            for i in members:
                e = examples[i]
                tries = [(seen[name][i], hidden[i])] + ([(again[name][i], own[i])] if name in again else [])
                anything += any(covered(found, h.start, h.end) for found, h in tries)
                typed += any(covered(self.of_type(name, e, found), h.start, h.end) for found, h in tries)
            return f"{typed} ({anything})"

        none = {k: sum(not presidio(examples[i].detector) & known for i in m) for k, m in families.items()}
        rows = [[k, len(m), *(cell(name, m) for name in seen), none[k]] for k, m in sorted(families.items())]
        others = known - {entity for e in examples for entity in presidio(e.detector)}
        reverse = f"The other way round, Presidio recognises {len(others)} kinds that have no example here: {', '.join(sorted(others))}."
        return table(["family", "n", *seen, "no recogniser in Presidio"], rows) + [reverse]

    def own_sentence(self, h: texts.Hidden) -> texts.Hidden:
        wanted = sorted(presidio(h.example.detector))
        word = self.whole.context(wanted[0]) if wanted else ""
        return texts.hide(h.example, f"The {word} is {{}} here", texts.value(h.example)) if word else h

    def credentials(self) -> list[str]:
        """Secret scanners find secrets and nothing else: any finding counts as the right type."""
        examples = [e for e in texts.examples() if e.type.startswith("secret.")]
        assigned = [texts.hide(e, f'{e.type.split(".")[1]} = "{{}}"', texts.value(e)) for e in examples]
        hidden = [texts.hide(e, e.sentence, texts.value(e)) for e in examples]
        rows = []
        sentence, code = (look([self.ours, *self.secrets], [Text(h.text) for h in hs]) for hs in (hidden, assigned))
        for name in sentence:
            first = [covered(f, h.start, h.end) for f, h in zip(sentence[name], hidden)]
            second = [covered(f, h.start, h.end) for f, h in zip(code[name], assigned)]
            rows.append([name, len(examples), sum(first), sum(second), sum(a or b for a, b in zip(first, second))])
        return table(["tool", "n", "in a sentence", "assigned in code, quoted", "either"], rows)

    # ---- disguises ----

    def disguises(self) -> list[str]:
        rows, columns = [], {}
        for name, change in texts.DISGUISES.items():
            cells: dict[str, str] = {}
            for tools, secret in ((self.personal, False), ([self.ours, *self.secrets], True)):
                examples = [e for e in texts.common() if e.type.startswith("secret.") == secret]
                hidden = [texts.hide(e, e.sentence, change(texts.value(e))) for e in examples]
                for tool, found in look(tools, [Text(h.text) for h in hidden]).items():
                    cells[tool + (": AWS key" if secret else "")] = self.hits(tool, hidden, found)
            rows.append([name, *cells.values()])
            columns = cells
        return table(["nine identifiers, and a key", *columns], rows)

    def hits(self, tool: str, hidden: list[texts.Hidden], found: list[list[Finding]]) -> str:
        """How many are found as what they are, and in brackets by anything at all."""
        typed = anything = 0
        for h, each in zip(hidden, found):
            anything += covered(each, h.start, h.end)
            typed += covered(self.of_type(tool, h.example, each), h.start, h.end)
        return f"{typed} ({anything})"

    def of_type(self, tool: str, e: texts.Example, found: list[Finding]) -> list[Finding]:
        if tool in {t.name for t in self.secrets}:
            return found
        wanted = {e.type} if tool == self.ours.name else presidio(e.detector)
        return [f for f in found if f.type in wanted]

    # ---- false alarms ----

    def alarms(self) -> list[str]:
        lines: list[str] = []
        for title, these in (
            ("`tests/data/benign`", texts.committed()),
            ("change logs and read-me files of `/usr/share/doc`", texts.documentation(100_000 if self.quick else 500_000)),
        ):
            size = sum(len(t.text.encode()) for t in these)
            seen = look(self.all, these)
            counts = {name: self.count(these, found) for name, found in seen.items()}
            rows = [[k, *(f"{c[k] / size * 1e5:.1f}" for c in counts.values())] for k in [*KINDS, "**anything else**"]]
            lines += ["", f"{title}, {size / 1000:.0f} kB, findings per 100 kB:"] + table(["kind", *seen], rows)
            lines += [f"- {name}, most frequent of “anything else”: {self.frequent(found)}" for name, found in seen.items()]
        return lines

    @staticmethod
    def count(these: list[Text], found: list[list[Finding]]) -> collections.Counter[str]:
        """Findings by kind. What calls itself an address and is none counts as anything else."""
        kinds: collections.Counter[str] = collections.Counter()
        for t, each in zip(these, found):
            for f in each:
                k = kind(f.type)
                wrong = k == "e-mail address" and not texts.is_address(t.text[f.start : f.end])
                kinds["**anything else**" if wrong or k == "anything else" else k] += 1
        return kinds

    @staticmethod
    def frequent(found: list[list[Finding]]) -> str:
        types = collections.Counter(f.type for each in found for f in each if kind(f.type) == "anything else")
        return ", ".join(f"{k} {n}" for k, n in types.most_common(6)) or "none"

    # ---- annotated prompts ----

    def prompts(self) -> list[str]:
        docs = texts.prompts(100, 20) if self.quick else texts.prompts(300, 50)
        seen = look([self.ours, self.lexers, self.plain, self.whole, *self.secrets], [Text(d.text, d.lang) for d in docs])
        lines = []
        for title, chosen in (("English", LANGUAGES[:1]), ("German, French, Spanish, Italian, Dutch, Polish, Portuguese", LANGUAGES[1:])):
            rows = []
            for name, found in seen.items():
                s = Score()
                for d, f in zip(docs, found):
                    if d.lang in chosen:
                        s.add(d, f)
                rows.append([name, *s.cells()])
            n = sum(d.lang in chosen for d in docs)
            lines += ["", f"{title}, {n} prompts, {s.spans} spans, {s.structured_spans} of them identifiers:"]
            lines += table(["tool", "recall", "recall of identifiers", "token precision", "F2"], rows)
        return lines

    # ---- speed ----

    def speed(self) -> list[str]:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        docs = texts.prompts(10_000, 0)
        loads = {
            "2 kB prompt": texts.cut(docs, texts.size_2k),
            "500 words": texts.cut(docs, texts.words_500),
            "documentation": texts.documentation(1_000_000),
        }
        lines: list[str] = []
        for title, these in loads.items():
            size = statistics.mean(len(t.text.encode()) for t in these)
            taken = self.rounds(these)
            reference = taken[self.ours.name]
            rows = []
            for name, us in taken.items():
                rate = [size / t for t in us]
                ratio = [t / r for t, r in zip(us, reference)]
                rows.append([name, spread(us, 0), spread(rate, 3 if max(rate) < 1 else 1), spread(ratio, 2)])
            lines += ["", f"{title} (mean {size:.0f} bytes):"]
            lines += table(["tool", "us of processor time each", "MB/s", "x Bailiwick"], rows)
        return lines

    def rounds(self, these: list[Text]) -> dict[str, list[float]]:
        """Microseconds a text, tools taking turns; slow ones see fewer texts, so that a round is a second or so."""
        taken: dict[str, list[float]] = collections.defaultdict(list)
        size = sum(len(t.text) for t in these) / len(these)
        for _ in range(3 if self.quick else 5):
            for tool in self.all:
                budget = 2e6 if isinstance(tool, Bailiwick) else 2e5 if tool.name == "gitleaks" else 3e4
                n = max(2, int(budget / size))
                some = (these * (1 + n // len(these)))[:n]
                taken[tool.name].append(tool.cpu(some) / n * 1e6)
        return taken

    # ---- the page ----

    def setting(self, command: str) -> list[str]:
        cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        load = os.getloadavg()
        packages = ["presidio-analyzer", "spacy", "phonenumbers", "detect-secrets"]
        peers = [f"{p} {importlib.metadata.version(p)}" for p in packages]
        leaks = re.search(r"^gitleaks=(\S+)", (HERE / "run").read_text(), re.MULTILINE)
        peers.append(f"gitleaks {leaks[1]}" if leaks and len(self.secrets) > 1 else "no gitleaks")
        counts = [len(p.recognizers()) for p in (self.plain, self.whole)]
        return [
            f"Command: `{command}`  ",
            f"Date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC  ",
            f"Machine: {cpu[1] if cpu else platform.machine()}, {os.cpu_count()} CPUs, one of them for the speed; load average {load[0]:.1f}  ",
            f"Versions: {self.ours.version()}; {', '.join(peers)}; Python {platform.python_version()}  ",
            f"Presidio: {counts[0]} recognisers as it comes, {counts[1] // len(LANGUAGES)} in each of {len(LANGUAGES)} languages with all on",
        ]

    def sections(self) -> list[tuple[str, Callable[[], list[str]]]]:
        return [
            ("Identifiers", self.identifiers),
            ("Secrets", self.credentials),
            ("Disguised", self.disguises),
            ("Text about nobody", self.alarms),
            ("Annotated prompts", self.prompts),
            ("Speed", self.speed),
        ]


class Score:
    """Recall of spans, and of tokens; a token is right when it lies in any span."""

    def __init__(self) -> None:
        self.spans = self.hits = self.structured_spans = self.structured_hits = 0
        self.right = self.wrong = self.missed = 0

    def add(self, d: texts.data.Doc, found: list[Finding]) -> None:
        spans = d.spans + d.others
        for start, end, name in spans:
            hit = covered(found, start, end)
            self.spans += 1
            self.hits += hit
            self.structured_spans += name in STRUCTURED
            self.structured_hits += hit and name in STRUCTURED
        if "PROFESSION" not in d.annotated:  # whoever wrote it left professions out
            found = [f for f in found if f.type != "person.profession"]
        for m in re.finditer(r"\w+", d.text):
            gold = any(s[0] < m.end() and m.start() < s[1] for s in spans)
            marked = any(f.start < m.end() and m.start() < f.end for f in found)
            self.right += gold and marked
            self.wrong += marked and not gold
            self.missed += gold and not marked

    def cells(self) -> list[str]:
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missed)
        f2 = 5 * precision * recall / max(1e-9, 4 * precision + recall)
        structured = wilson(self.structured_hits, self.structured_spans)
        return [wilson(self.hits, self.spans), structured, wilson(self.right, self.right + self.wrong), f"{f2:.3f}"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/detectors/run")
    parser.add_argument("--program", type=Path, default=RELEASE)
    parser.add_argument("--spacy", action="append", default=[], metavar="LANGUAGE=MODEL")
    parser.add_argument("--quick", action="store_true", help="fewer texts and rounds")
    parser.add_argument("--write", action="store_true", help=f"the tables into {PAGE.name}")
    args = parser.parse_args()
    comparison = Comparison(args)
    lines = comparison.setting("bench/detectors/run" + " --program FILE" * (args.program != RELEASE) + " --quick" * args.quick)
    for title, section in comparison.sections():
        lines += ["", f"### {title}", *section()]
    text = "\n".join(lines)
    print(text)
    if args.write:
        head = PAGE.read_text().split(MARK)[0]
        PAGE.write_text(head + MARK + "\n\n" + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")


if __name__ == "__main__":
    main()
