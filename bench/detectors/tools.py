"""The programs that are compared, all behind find(): texts in, findings out, in code points."""

from __future__ import annotations

import inspect
import json
import logging
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Protocol

import detect_secrets.settings
import presidio_analyzer
import presidio_analyzer.predefined_recognizers as predefined
import spacy
from detect_secrets.core.scan import scan_file
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language

LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt"]


class Text(NamedTuple):
    text: str
    lang: str = "en"


class Finding(NamedTuple):
    start: int
    end: int
    type: str
    score: float


class Tool(Protocol):
    name: str

    def find(self, texts: list[Text]) -> list[list[Finding]]: ...

    def cpu(self, texts: list[Text]) -> float:
        """Seconds of processor time for the texts, without what starting costs."""
        ...


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def places(text: str) -> dict[int, int]:
    """From bytes to code points."""
    at, n = {}, 0
    for i, c in enumerate(text):
        at[n] = i
        n += len(c.encode())
    return at | {n: len(text)}


class Bailiwick:
    def __init__(self, program: Path, tagger: bool):
        self.name = "Bailiwick" if tagger else "Bailiwick, no tagger"
        self.command = [str(program), "classify", "--jsonl"] + ([] if tagger else ["--no-model"])

    def version(self) -> str:
        """Of the program and of the tagger inside it."""
        said = [subprocess.run([self.command[0], *what], check=True, capture_output=True).stdout for what in (["--version"], ["model", "info", "--json"])]
        model = json.loads(said[1])
        return f"{said[0].decode().strip()} with tagger {model['hash'][:16]} ({model['kernel']})"

    def run(self, texts: list[Text]) -> bytes:
        lines = "".join(json.dumps({"id": str(i), "text": t.text}) + "\n" for i, t in enumerate(texts))
        return subprocess.run(self.command, input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout

    def find(self, texts: list[Text]) -> list[list[Finding]]:
        answers = [json.loads(line)["findings"] for line in self.run(texts).splitlines()]
        assert len(answers) == len(texts)
        found = []
        for t, answer in zip(texts, answers):
            at = places(t.text)
            found.append([Finding(at[f["start"]], at[f["end"]], f["type"], f["score"] / 100) for f in answer])
        return found

    def cpu(self, texts: list[Text]) -> float:
        before = cpu_of_children()
        self.run(texts[:1])
        start = cpu_of_children()
        self.run(texts)
        return (cpu_of_children() - start - (start - before)) * len(texts) / (len(texts) - 1)


@Language.component("surface_as_lemma")
def surface_as_lemma(doc):  # type: ignore[no-untyped-def]
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class Tokens(SpacyNlpEngine):
    """spaCy's tokenisers, so that words of context work; names too, in languages for which a model was given."""

    def __init__(self, models: dict[str, str]):
        super().__init__()
        loaded: dict[str, Language] = {}
        for lang in LANGUAGES:
            loaded[lang] = spacy.load(models[lang]) if lang in models else spacy.blank(lang)
            if lang not in models:
                loaded[lang].add_pipe("surface_as_lemma")
        self.nlp = loaded  # type: ignore[assignment]


def everything(lang: str) -> list[EntityRecognizer]:
    """Each recogniser of the package that needs no service and no model."""
    made = []
    for _, kind in inspect.getmembers(predefined, inspect.isclass):
        by_model = issubclass(kind, (predefined.SpacyRecognizer, presidio_analyzer.RemoteRecognizer))
        if issubclass(kind, EntityRecognizer) and not by_model:
            try:
                made.append(kind(supported_language=lang))  # type: ignore[call-arg]
            except (TypeError, ValueError, ImportError):
                continue  # wants a model or a service that is not there
    return made


class Presidio:
    """As it comes: the recognisers that its own list switches on, in English. All: every one, in the language of the text."""

    def __init__(self, models: dict[str, str], whole: bool):
        for chatty in ("presidio-analyzer", "tldextract"):  # the latter asks the network for a list and has a copy
            logging.getLogger(chatty).setLevel(logging.CRITICAL)
        model = " and models" if models else ""
        self.name = f"Presidio{model}, {'all' if whole else 'as it comes'}"
        self.languages = LANGUAGES if whole else ["en"]
        nlp = Tokens(models)
        registry = RecognizerRegistry(supported_languages=self.languages)
        if whole:
            registry.recognizers = [r for lang in LANGUAGES for r in everything(lang)]
            registry.add_nlp_recognizer(nlp)
        else:
            registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
        self.registry = registry
        self.engine = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=self.languages)

    def recognizers(self) -> list[EntityRecognizer]:
        """Those that need no model."""
        return [r for r in self.registry.recognizers if not isinstance(r, predefined.SpacyRecognizer)]

    def entities(self) -> set[str]:
        return {e for r in self.recognizers() for e in r.supported_entities}

    def context(self, entity: str) -> str:
        """A word that this recogniser wants to see near."""
        words = [w for r in self.recognizers() if entity in r.supported_entities for w in r.context or []]
        return words[0] if words else ""

    def find(self, texts: list[Text]) -> list[list[Finding]]:
        found = []
        for text, lang in texts:
            results = self.engine.analyze(text, language=lang if lang in self.languages else "en")
            found.append([Finding(r.start, r.end, r.entity_type, r.score) for r in results])
        return found

    def cpu(self, texts: list[Text]) -> float:
        start = time.process_time()
        self.find(texts)
        return time.process_time() - start


def written(texts: list[Text], folder: str) -> list[Path]:
    paths = [Path(folder) / f"{i}.txt" for i in range(len(texts))]
    for path, t in zip(paths, texts):
        path.write_text(t.text)
    return paths


def located(text: str, value: str, kind: str) -> list[Finding]:
    """These tools name values, not spans."""
    return [Finding(m.start(), m.end(), kind, 1.0) for m in re.finditer(re.escape(value), text)] if value else []


class DetectSecrets:
    name = "detect-secrets"

    def scan(self, paths: list[Path]) -> list[list[tuple[str, str]]]:
        with detect_secrets.settings.default_settings():
            return [[(s.secret_value or "", s.type) for s in scan_file(str(p))] for p in paths]

    def find(self, texts: list[Text]) -> list[list[Finding]]:
        with tempfile.TemporaryDirectory() as folder:
            found = self.scan(written(texts, folder))
        return [[f for v, k in set(each) for f in located(t.text, v, k)] for t, each in zip(texts, found)]

    def cpu(self, texts: list[Text]) -> float:
        with tempfile.TemporaryDirectory() as folder:
            paths = written(texts, folder)
            start = time.process_time()
            self.scan(paths)
            return time.process_time() - start


class Gitleaks:
    name = "gitleaks"

    def __init__(self, program: Path):
        self.program = program

    def scan(self, folder: str) -> list[dict[str, str]]:
        report = folder + ".json"
        options = ["--no-banner", "--log-level", "error", "--exit-code", "0", "--report-format", "json", "--report-path", report]
        subprocess.run([self.program, "dir", folder, *options], check=True, env=os.environ | {"GOMAXPROCS": "1"})
        found: list[dict[str, str]] = json.loads(Path(report).read_text())
        os.unlink(report)
        return found

    def find(self, texts: list[Text]) -> list[list[Finding]]:
        found: list[list[Finding]] = [[] for _ in texts]
        with tempfile.TemporaryDirectory() as folder:
            written(texts, folder)
            for leak in self.scan(folder):
                i = int(Path(leak["File"]).stem)
                found[i] += located(texts[i].text, leak["Secret"], leak["RuleID"])
        return [sorted(set(f)) for f in found]

    def cpu(self, texts: list[Text]) -> float:
        used = []
        for some in (texts[:1], texts):
            with tempfile.TemporaryDirectory() as folder:
                written(some, folder)
                start = cpu_of_children()
                self.scan(folder)
                used.append(cpu_of_children() - start)
        return (used[1] - used[0]) * len(texts) / (len(texts) - 1)


def gitleaks(folder: Path) -> Gitleaks | None:
    found = shutil.which("gitleaks", path=str(folder))
    return Gitleaks(Path(found)) if found else None
