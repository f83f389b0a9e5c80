"""model: what info says, what eval counts, what install refuses, and that another model comes into use without a pause."""

from __future__ import annotations

import base64
import json
import pathlib
import signal
import subprocess
import threading
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import PROGRAM, ROOT, Gateway, onprem, sequence, wait_for

SMALL = ROOT / "fuzz/model.in/tiny"  # valid models of random weights: quick to load, with hashes of their own
OTHER = ROOT / "fuzz/model.in/one-type"
MAIL = '{"id":"%d","lang":"en","domain":"test","text":"Please write to «EMAIL|%s» today."}\n'
SELF_TEST = "".join(MAIL % (n, address) for n, address in enumerate(["anna@corp.example.de", "bo.li@mail.example.fr"]))


def run(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess:
    """The program's answer."""
    return subprocess.run(
        [str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300, input=stdin
    )


def fine(*arguments: object, stdin: str | None = None) -> str:
    """What it prints when all is well."""
    answer = run(*arguments, stdin=stdin)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def info(path: pathlib.Path) -> dict:
    """What a model is."""
    return json.loads(fine("model", "info", "--json", path))


# --- info ---


def test_info_tells_what_the_programs_own_model_is():
    """And `check` and records mean the same by its hash."""
    told = json.loads(fine("model", "info", "--json"))
    assert told["source"] == "program"
    assert len(bytes.fromhex(told["hash"])) == 32
    assert {"person.name", "health.condition"} <= {entry["type"] for entry in told["classes"]}
    assert all(entry["least_score"] is None or 1 <= entry["least_score"] <= 100 for entry in told["classes"])
    printed = fine("model", "info")
    assert told["hash"] in printed
    assert told["kernel"] in printed


@pytest.mark.parametrize("name", ["channels", "empty", "header-only", "short", "type", "version"])
def test_what_is_no_model_is_refused(name):
    """With a sentence, not a crash."""
    answer = run("model", "info", ROOT / "fuzz/model.in" / name)
    assert answer.returncode == 1
    assert "model" in answer.stderr


# --- eval ---

IBAN = "DE89 3704 0044 0532 0130 00"
TEXTS = [  # text, mentions: what the patterns find for certain, and one that they cannot
    ("Größe: Ωmega – schreib an anna@corp.example.de bitte", [("anna@corp.example.de", "EMAIL")]),
    (f"Please pay to IBAN {IBAN} by Friday", [(IBAN, "BANK")]),
    ("my neighbour at the lake is called Xqzzt", [("Xqzzt", "PERSON")]),
    ("nothing to see in this line", []),
]


def prompts(folder: pathlib.Path) -> pathlib.Path:
    """As marked-up text."""
    path = folder / "set.jsonl"
    with path.open("w", encoding="utf8") as file:
        for text, mentions in TEXTS:
            for surface, label in mentions:
                text = text.replace(surface, f"«{label}|{surface}»")
            file.write(json.dumps({"id": "x", "lang": "en", "domain": "d:x", "text": text}) + "\n")
    return path


def spans(folder: pathlib.Path, measure) -> pathlib.Path:
    """As texts with spans, in the unit that measure counts."""
    path = folder / f"spans-{len(measure('ä'))}.jsonl"
    with path.open("w", encoding="utf8") as file:
        for text, mentions in TEXTS:
            rows = []
            for surface, label in mentions:
                start = len(measure(text[: text.index(surface)]))
                rows.append({"start": start, "end": start + len(measure(surface)), "type": label})
            file.write(json.dumps({"spans": rows, "text": text, "lang": "en"}) + "\n")
    return path


def columns(folder: pathlib.Path) -> pathlib.Path:
    """A token a line."""
    path = folder / "set.conll"
    with path.open("w", encoding="utf8") as file:
        for text, mentions in TEXTS:
            tags = {}
            for surface, label in mentions:
                for n, word in enumerate(surface.split()):
                    tags[word] = ("B-" if n == 0 else "I-") + {"PERSON": "PER"}.get(label, label)
            for word in text.split():
                file.write(f"{word}\t_\t{tags.get(word, 'O')}\n")
            file.write("\n")
    return path


def standoff(folder: pathlib.Path) -> pathlib.Path:
    """brat: .ann beside .txt, in code points."""
    path = folder / "brat"
    path.mkdir()
    for n, (text, mentions) in enumerate(TEXTS):
        (path / f"{n}.txt").write_text(text, encoding="utf8")
        lines = ["#1\tAnnotatorNotes T1\tx\n"]
        for k, (surface, label) in enumerate(mentions):
            start = text.index(surface)
            lines.append(f"T{k}\t{label} {start} {start + len(surface)}\t{surface}\n")
        (path / f"{n}.ann").write_text("".join(lines), encoding="utf8")
    return path


def evaluate(*arguments: object) -> dict:
    """The figures, without the tagger."""
    return json.loads(fine("model", "eval", "--json", "--no-model", *arguments))


def check_figures(told: dict) -> None:
    """Four texts, three mentions of which two are found exactly, and no finding elsewhere."""
    everything = told["all"]
    assert (told["texts"], told["left_out"], everything["mentions"], everything["findings"]) == (4, 0, 3, 2)
    assert (everything["recall"]["k"], everything["recall_of_type"]["k"]) == (2, 2)
    assert everything["token_precision"]["value"] == 1
    assert everything["exact_f1"] == pytest.approx(0.8)
    assert (everything["benign_with_finding"]["k"], everything["benign_with_finding"]["n"]) == (0, 1)
    # Wilson's interval of two in three, from the textbook.
    assert everything["recall"]["low"] == pytest.approx(0.2077, abs=1e-3)
    assert everything["recall"]["high"] == pytest.approx(0.9385, abs=1e-3)
    assert {entry["name"]: entry["recall"]["k"] for entry in told["types"]} == {"EMAIL": 1, "BANK": 1, "PERSON": 0}


def test_eval_counts_the_same_in_every_format(tmp_path):
    """Found without being told, but for offsets in bytes."""
    check_figures(evaluate(prompts(tmp_path)))
    check_figures(evaluate(spans(tmp_path, str)))
    check_figures(evaluate("--offsets", "bytes", spans(tmp_path, str.encode)))
    check_figures(evaluate(columns(tmp_path)))
    folder = standoff(tmp_path)
    check_figures(evaluate(folder))
    assert evaluate(folder / "0.txt")["all"]["recall"]["k"] == 1
    assert evaluate("--sentences", "4", columns(tmp_path))["texts"] == 1
    assert "EMAIL" in fine("model", "eval", "--no-model", prompts(tmp_path))


def test_eval_counts_only_what_the_file_is_about(tmp_path):
    """A finding of a type that nobody marked says nothing; so does one in a label that is left out."""
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"text":"write to anna@corp.example.de","spans":[]}\n'
        '{"text":"or to bo.li@mail.example.fr","spans":[{"start":6,"end":27,"type":"KONTAKT"}]}\n'
    )
    answer = run("model", "eval", "--no-model", path)
    assert answer.returncode == 1
    assert "--map KONTAKT" in answer.stderr
    ignored = evaluate("--map", "KONTAKT=-", path)["all"]
    assert (ignored["mentions"], ignored["findings"], ignored["token_precision"]["value"]) == (0, 1, 0)
    mapped = evaluate("--map", "KONTAKT=EMAIL", path)["all"]
    assert (mapped["recall"]["k"], mapped["findings"], mapped["benign_with_finding"]["k"]) == (1, 2, 1)
    renamed = evaluate("--map", "KONTAKT=PHONE,EMAIL=PHONE", path)["all"]
    assert (renamed["recall_of_type"]["k"], renamed["findings"]) == (1, 2)
    silenced = evaluate("--map", "KONTAKT=PHONE,EMAIL=-", path)["all"]
    assert (silenced["recall"]["k"], silenced["findings"]) == (0, 0)
    others = evaluate("--map", "KONTAKT=-", "--types", "PERSON,HEALTH", path)["all"]
    assert (others["findings"], others["token_precision"]["n"], others["benign_with_finding"]["k"]) == (0, 0, 0)


def test_eval_leaves_out_what_it_cannot_read(tmp_path):
    """And says which line, and how many."""
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"text":"a «EMAIL|b"}\n{"text":"a » b"}\n{"text":"«EMAIL|«EMAIL|b»»"}\n{"text":"« b"}\n{"id":"x"}\nnot JSON\n'
        '{"text":"fine, «EMAIL|anna@corp.example.de»"}\n'
    )
    answer = run("model", "eval", "--json", "--no-model", "--format", "prompts", path)
    told = json.loads(answer.stdout)
    assert (told["texts"], told["left_out"]) == (1, 6)
    assert [line.split(":")[1] for line in answer.stderr.splitlines()] == ["1", "2", "3", "4", "5", "6"]
    path.write_text('{"text":"ä","spans":[{"start":1,"end":2,"type":"EMAIL"}]}\n')
    assert evaluate("--offsets", "bytes", path)["left_out"] == 1
    assert run("model", "eval", tmp_path / "none").returncode == 3
    assert run("model", "eval").returncode == 2


def test_broken_lines_do_no_harm(tmp_path):
    """Thousands of them, each a good one with some bytes changed: every one is read or left out."""
    random = Random(4)
    tagged = '{"id":"x","lang":"en","text":"ä «EMAIL|anna@corp.example.de» and «BANK|x\\u00e9\\ud83d\\ude00» b"}'.encode()
    listed = (
        '{"text":"ä anna é","spans":[{"start":2,"end":6,"type":"PERSON"}],"missed":[{"start":0,"end":1,"type":"ORG"}],'
        '"wrong":[{"start":2,"end":6,"type":"PERSON"}]}'
    ).encode()
    noise = [bytes([c]) for c in b'{}[]",:\\|0123456789.-e \x00\xff\xc2\xab\xbb'] + ["«".encode(), "»".encode(), b""]

    def broken(line: bytes) -> bytes:
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(line))
            labels = [line.find(label) for label in (b"EMAIL", b"BANK")]
            if any(label - 2 <= at < label + 5 for label in labels):
                continue  # a label that nobody knows ends the whole run, which is another test's
            line = line[:at] + random.choice(noise) + line[at + random.randint(0, 2) :]
        return line

    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join([tagged, *(broken(tagged) for _ in range(4000))]))
    answer = run("model", "eval", "--json", "--no-model", "--format", "prompts", path)
    assert answer.returncode == 0, answer.stderr[-500:]
    told = json.loads(answer.stdout)
    assert told["texts"] + told["left_out"] == 4001
    assert min(told["texts"], told["left_out"]) > 100
    path.write_bytes(b"\n".join([listed, *(broken(listed) for _ in range(4000))]))
    answer = run("model", "corrections", path)
    assert answer.returncode == 1
    written, left_out = (int(word) for word in answer.stderr.splitlines()[-1].split() if word.isdigit())
    assert written + left_out == 4001
    assert written == len(answer.stdout.splitlines()) > 100


def test_eval_in_lower_case(tmp_path):
    """The tagger that knows names by their capitals sees none."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"text":"«EMAIL|ANNA@CORP.EXAMPLE.DE», ÄÖÜ ẞ İ"}\n', encoding="utf8")
    assert evaluate("--lower", path)["all"]["exact_f1"] == 1


def test_bench_measures_every_kernel():
    """Gate on and off."""
    told = json.loads(fine("model", "bench", "--json", "--model", SMALL))
    assert told["words"] == 500
    rows = told["kernels"]
    assert {row["kernel"] for row in rows} >= {"reference", told["picked"]}
    assert all(row["tokens_per_second"] > 0 and row["classify_us"] > row["tag_us"] * 0.5 > 0 for row in rows)
    assert [row["gate"] for row in rows] == [False, True] * (len(rows) // 2)


# --- bundles ---


class Maker:
    """Somebody who makes bundles, with a key."""

    def __init__(self, folder: pathlib.Path, name: str = "maker") -> None:
        self.folder = folder
        self.key = folder / f"{name}.key"
        self.vkey = folder / f"{name}.vkey"
        self.vkey.write_text(fine("model", "key", name, self.key))
        self.test = folder / "self-test.jsonl"
        self.test.write_text(SELF_TEST, encoding="utf8")

    def bundle(self, number: int, model: pathlib.Path = SMALL, *more: object) -> pathlib.Path:
        """A bundle with that sequence."""
        path = self.folder / f"{self.key.stem}-{number}-{model.stem}.bundle"
        path.unlink(missing_ok=True)
        fine(
            *("model", "bundle", "--model", model, "--test", self.test, "--key", self.key),
            *("--version", f"1.{number}", "--sequence", number, "--languages", "de,en", "--recall", 1000, *more, path),
        )
        return path

    def sign_again(self, bundle: pathlib.Path, old: bytes, new: bytes) -> pathlib.Path:
        """The bundle with another word in its manifest, properly signed."""
        whole = bundle.read_bytes()
        size, length = (int.from_bytes(whole[at : at + 4], "little") for at in (12, 16))
        note = whole[64 + size : 64 + size + length]
        text, signature = note.split(b"\n\n")
        text = (text + b"\n").replace(old, new)
        _, _, name, hash_hex, secret = self.key.read_text().strip().split("+", 4)
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret)[1:])
        assert signature.startswith(f"— {name} ".encode())
        blob = base64.b64encode(bytes.fromhex(hash_hex) + key.sign(text))
        note = text + f"\n— {name} ".encode() + blob + b"\n"
        bundle.write_bytes(
            whole[:16] + len(note).to_bytes(4, "little") + whole[20 : 64 + size] + note + whole[64 + size + length :]
        )
        return bundle


@pytest.fixture
def maker(tmp_path):
    """One whose key the configuration names."""
    return Maker(tmp_path)


@pytest.fixture
def site(tmp_path, maker):
    """A configuration that asks for that key, and a model of its own in place."""
    folder = tmp_path / "site"
    fine("init", "--country", "DE", "--site", "test-1", folder)
    config = folder / "bailiwick.yaml"
    config.write_text(config.read_text() + f"model_keys: [ {maker.vkey} ]\n")
    return config


def model_of(config: pathlib.Path) -> pathlib.Path:
    """Where init's configuration has its model."""
    return config.parent / "models/tagger.bwm"


def install(config: pathlib.Path, bundle: pathlib.Path, *more: object) -> dict:
    """Puts it in place."""
    return json.loads(fine("model", "install", "-c", config, "--json", *more, bundle))


def refused(config: pathlib.Path, bundle: pathlib.Path, *more: object) -> str:
    """Why it is not put in place; what was there stays."""
    target = model_of(config)
    before = target.read_bytes() if target.exists() else None
    answer = run("model", "install", "-c", config, *more, bundle)
    assert answer.returncode == 1, answer.stderr
    assert (target.read_bytes() if target.exists() else None) == before
    assert [path.name for path in target.parent.iterdir()] == ["tagger.bwm"] if before else not target.parent.exists()
    return answer.stderr


def test_install_puts_a_bundle_in_place(site, maker):
    """Whole, named, and used by whoever loads the configuration."""
    told = install(site, maker.bundle(3))
    assert (told["name"], told["version"], told["sequence"], told["signer"]) == ("tagger", "1.3", 3, "maker")
    assert (told["recall"], told["rolled_back"]) == (1, False)
    there = info(model_of(site))
    assert (there["source"], there["version"], there["languages"]) == ("bundle", "1.3", ["de", "en"])
    assert there["hash"] == info(SMALL)["hash"]
    checks = json.loads(run("check", "--json", "-c", site).stdout)["checks"]
    checked = next(entry for entry in checks if entry["part"] == "model")
    assert checked["state"] == "ok"
    assert "tagger 1.3, sequence 3, signed by maker" in checked["text"]
    text = "write to anna@corp.example.de"
    own = fine("classify", "--json", "--model", SMALL, stdin=text)
    assert fine("classify", "--json", "--model", model_of(site), stdin=text) == own
    told = json.loads(fine("model", "eval", "--json", "-c", site, maker.test))
    assert (told["model"], told["all"]["recall"]["k"]) == (there["hash"], 2)


def test_damaged_bundles_are_refused(site, maker, tmp_path):
    """Whatever byte was changed, wherever it was cut."""
    install(site, maker.bundle(1))
    good = maker.bundle(2).read_bytes()
    size = int.from_bytes(good[12:16], "little")
    bad = tmp_path / "bad"
    for position in (64, 64 + size // 2, 64 + size + 20, 64 + size + 200, len(good) - 5):
        bad.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert "bundle" in refused(site, bad)
    for length in (0, 10, 63, 64, 1000, len(good) - 1):
        bad.write_bytes(good[:length])
        assert "model: " in refused(site, bad)
    bad.write_bytes(good + b"\0")
    assert "damaged" in refused(site, bad)
    bad.write_bytes(good[:8] + b"\2" + good[9:])
    assert "version" in refused(site, bad)


def test_unsigned_and_foreign_bundles_are_refused(site, maker, tmp_path):
    """Whoever else signed them."""
    stranger = Maker(tmp_path, "stranger")
    assert "not signed by a key" in refused(site, stranger.bundle(9))
    impostor = Maker(tmp_path / "away", "maker") if (tmp_path / "away").mkdir() is None else None
    assert "not signed by a key" in refused(site, impostor.bundle(9))
    assert "not signed" in refused(site, SMALL)
    good = maker.bundle(2).read_bytes()
    size, note = (int.from_bytes(good[at : at + 4], "little") for at in (12, 16))
    text = good[64 + size : 64 + size + note]
    bare = text[: text.index(b"\n\n") + 1]
    unsigned = good[:16] + len(bare).to_bytes(4, "little") + good[20 : 64 + size] + bare + good[64 + size + note :]
    path = tmp_path / "unsigned"
    path.write_bytes(unsigned)
    assert "not signed" in refused(site, path)
    # A signature of the right key under another text.
    path.write_bytes(good.replace(b"\nsequence 2\n", b"\nsequence 7\n"))
    assert "wrong" in refused(site, path)
    assert "--key is none" in refused(site, maker.bundle(3), "--key", stranger.vkey.read_text().strip())
    install(site, maker.bundle(3), "--key", maker.vkey.read_text().strip())


def test_older_bundles_need_a_reason(site, maker):
    """Which stays with them."""
    install(site, maker.bundle(5))
    assert "sequence is 4" in refused(site, maker.bundle(4))
    assert "sequence is 5" in refused(site, maker.bundle(5))
    assert run("model", "install", "-c", site, "--allow-rollback", " ", maker.bundle(4)).returncode == 2
    told = install(site, maker.bundle(4), "--allow-rollback", "too many alarms in ward 7")
    assert told["rolled_back"]
    assert info(model_of(site))["remark"] == "too many alarms in ward 7"
    install(site, maker.bundle(6), "--allow-rollback", "not needed, so not kept")
    assert info(model_of(site))["remark"] is None
    model_of(site).write_bytes(maker.bundle(6).read_bytes()[:-1])
    assert "damaged" in refused(site, maker.bundle(7))


def test_a_self_test_must_pass(site, maker, tmp_path):
    """Where the bundle is made, and where it is installed."""
    maker.test.write_text(SELF_TEST + '{"text":"«PERSON|---»"}\n', encoding="utf8")
    arguments = ["--model", OTHER, "--test", maker.test, "--key", maker.key, "--version", "1", "--sequence", "1"]
    answer = run("model", "bundle", *arguments, "--recall", "990", tmp_path / "x")
    assert answer.returncode == 1
    assert "self-test failed" in answer.stderr
    maker.test.write_text('{"text":"anna@corp.example.de and «EMAIL|bo.li@mail.example.fr»"}\n', encoding="utf8")
    answer = run("model", "bundle", *arguments, "--precision", "990", tmp_path / "x")
    assert "found tokens lie in mentions" in answer.stderr
    for text, why in [("", "no self-test"), ('{"text":"none"}\n', "no mentions"), ('{"text":"«X"}\n', "begins no tag")]:
        maker.test.write_text(text, encoding="utf8")
        assert why in run("model", "bundle", *arguments, tmp_path / "x").stderr
    assert not (tmp_path / "x").exists()


def test_a_maker_who_promises_too_much_is_refused(site, maker):
    """What is signed is not therefore true."""
    maker.test.write_text(SELF_TEST + '{"text":"«PERSON|---»"}\n', encoding="utf8")
    bundle = maker.bundle(1, SMALL, "--recall", 600)
    maker.sign_again(bundle, b"recall 600", b"recall 670")
    assert "self-test failed: 2 of 3 mentions found, 67.0 % are asked for" in refused(site, bundle)
    maker.sign_again(bundle, b"recall 670", b"recall 0670")
    assert "cannot be read" in refused(site, bundle)
    maker.sign_again(bundle, b"recall 0670", b"recall 600")
    size = info(bundle)["bytes"]
    maker.sign_again(bundle, f"model {size} ".encode(), f"model {size - 1} ".encode())
    assert "does not hold what was signed" in refused(site, bundle)
    maker.sign_again(bundle, f"model {size - 1} ".encode(), f"model {size} ".encode())
    install(site, bundle)


def test_an_unsigned_model_is_not_loaded(site, maker):
    """By a configuration that names keys, however it came to its place."""
    model_of(site).parent.mkdir()
    for content in (SMALL.read_bytes(), Maker(maker.folder, "stranger").bundle(1).read_bytes()):
        model_of(site).write_bytes(content)
        answer = run("check", "-c", site)
        assert answer.returncode == 1
        assert "not signed" in answer.stdout
    maker.vkey.write_text("nonsense\n")
    assert "verifier key" in run("check", "-c", site).stdout


# --- a running gateway ---


def policies(gateway: Gateway) -> list[dict]:
    """Policy changes in the log."""
    return [row for row in gateway.audit() if row["kind"] == "policy-change"]


def details(row: dict) -> dict:
    """What a policy change says."""
    return row["details"] if isinstance(row["details"], dict) else {d["key"]: d["value"] for d in row["details"]}


def counted(gateway: Gateway, name: str) -> int:
    """A metric."""
    return next(int(float(line.split()[-1])) for line in gateway.metrics().splitlines() if line.startswith(name + " "))


def reload(gateway: Gateway, failing: bool = False) -> None:
    """SIGHUP, until it was taken or refused."""
    name = "bailiwick_reloads_failed_total" if failing else "bailiwick_reloads_total"
    before = counted(gateway, name)
    gateway.signal(signal.SIGHUP)
    wait_for(lambda: counted(gateway, name) > before, "the reload")


@pytest.fixture
def running(local_engine, maker, tmp_path):
    """A gateway whose model is bundle 1. Models of random weights find anything anywhere, so all goes on-prem."""
    local_engine.mode("normal")
    local_engine.reset()
    gateway = Gateway(
        {"local": onprem(local_engine.url)},
        folder=tmp_path / "gateway",
        model="models/tagger.bwm",
        model_keys=[str(maker.vkey)],
    )
    install(gateway.config, maker.bundle(1))
    with gateway:
        yield gateway
    local_engine.mode("normal")


def test_another_model_comes_into_use_without_a_pause(running, local_engine, maker):
    """Who is under way keeps the old one; the log says what was replaced by what."""
    old, new = info(SMALL)["hash"], info(OTHER)["hash"]
    started = details(policies(running)[0])
    assert (started["model"], started["model_sequence"], started["model_signer"]) == (old, "1", "maker")
    local_engine.mode("hold")
    replies = []
    waiting = threading.Thread(target=lambda: replies.append(running.chat("a question")))
    waiting.start()
    local_engine.wait(lambda state: state["held"] == 1)
    install(running.config, maker.bundle(2, OTHER))
    reload(running)
    local_engine.mode("normal")
    local_engine.release(1)
    waiting.join(timeout=120)
    assert replies[0].status == 200
    after = running.chat("another question")
    assert after.status == 200
    wait_for(lambda: len(policies(running)) == 2, "the policy change in the log")
    assert running.decision(replies[0])["model_hash"] == old
    assert running.decision(after)["model_hash"] == new
    changed = details(policies(running)[1])
    assert (changed["model_before"], changed["model"]) == (old, new)
    assert (changed["model_name"], changed["model_version"], changed["model_sequence"]) == ("tagger", "1.2", "2")
    assert sequence(replies[0]) < policies(running)[1]["sequence"] < sequence(after)


def test_a_running_gateway_takes_no_older_model_without_a_reason(running, maker):
    """However it came to its place."""
    install(running.config, maker.bundle(3, OTHER))
    reload(running)
    newer = model_of(running.config).read_bytes()
    model_of(running.config).write_bytes(maker.bundle(2).read_bytes())
    reload(running, failing=True)
    assert "older than the one in use" in running.log()
    model_of(running.config).write_bytes(newer)
    install(running.config, maker.bundle(2), "--allow-rollback", "ticket 4711")
    reload(running)
    wait_for(lambda: len(policies(running)) == 3, "the policy change in the log")
    last = details(policies(running)[-1])
    assert (last["model_sequence"], last["model_remark"]) == ("2", "ticket 4711")


def test_a_running_gateway_keeps_its_model_when_the_new_one_is_bad(running, maker):
    """Damaged, foreign or unsigned."""
    old = info(SMALL)["hash"]
    good = maker.bundle(2, OTHER).read_bytes()
    for bad in (good[:-9], good[:100] + b"x" + good[101:], OTHER.read_bytes(), b""):
        model_of(running.config).write_bytes(bad)
        reload(running, failing=True)
        assert running.decision(running.chat("a question"))["model_hash"] == old


# --- corrections ---


def test_corrections_become_prompts(tmp_path):
    """Missed mentions are added, wrong ones taken away, and eval reads the result."""
    text = "Ümit wrote to anna@corp.example.de about Mercury"
    mail, planet = text.index("anna"), text.index("Mercury")
    kept = {
        "text": text,
        "lang": "en",
        "missed": [{"start": 0, "end": 4, "type": "person.name"}],
        "wrong": [{"start": planet, "end": planet + 7, "type": "PERSON"}],
        "spans": [
            {"start": planet, "end": planet + 7, "type": "PERSON"},
            {"start": mail, "end": mail + 20, "type": "contact.email"},
        ],
    }
    out = fine("model", "corrections", "--prefix", "ward7", stdin=json.dumps(kept) + "\n")
    row = json.loads(out)
    assert row["text"] == "«PERSON|Ümit» wrote to «EMAIL|anna@corp.example.de» about Mercury"
    assert row["id"].startswith("ward7-")
    path = tmp_path / "x.jsonl"
    path.write_text(out, encoding="utf8")
    told = evaluate(path)["all"]
    assert (told["mentions"], told["recall"]["k"]) == (2, 1)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"text":"a b","spans":[{"start":0,"end":2,"type":"PERSON"}]}', "space"),
        ('{"text":"abc","spans":[{"start":0,"end":2,"type":"PERSON"},{"start":1,"end":3,"type":"ORG"}]}', "overlap"),
        ('{"text":"«a»","spans":[]}', "mark mentions"),
        ('{"text":"abc","spans":[],"wrong":[{"start":0,"end":2,"type":"PERSON"}]}', "none of the spans"),
        ('{"text":"abc","spans":[{"start":0,"end":9,"type":"PERSON"}]}', "outside"),
        ('{"text":"abc","spans":[{"start":0,"end":2,"type":"WHAT"}]}', "no label"),
        ('{"text":"abc"}', "no spans"),
        ("[]", "not a JSON object"),
    ],
)
def test_what_is_wrong_in_corrections_is_left_out(line, why):
    """With the number of its line; the rest is written."""
    good = '{"text":"abc","spans":[]}'
    answer = run("model", "corrections", stdin=f"{good}\n{line}\n{good}\n")
    assert answer.returncode == 1
    assert why in answer.stderr
    assert ":2:" in answer.stderr
    assert len(answer.stdout.splitlines()) == 2
