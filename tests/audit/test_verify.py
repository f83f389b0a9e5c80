"""The independent verifier against honest logs and every forgery we could think of."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from forge import DECISION, OUTCOME, VERIFIER, Log, Signer, root_of, sha256


def check(verifier, folder, vkey, olds=(), receipts=()):
    """What the program does, without a process for each of some thousand forgeries."""
    key = verifier.Key(vkey)
    v = verifier.Verifier(str(folder), key)
    v.run([verifier.Checkpoint(old, key, "older checkpoint") for old in olds], receipts)
    return v.report


def refused(verifier, folder, vkey, because, **more):
    with pytest.raises(verifier.Fault, match=because):
        check(verifier, folder, vkey, **more)


def run(*arguments):
    return subprocess.run([sys.executable, VERIFIER, *map(str, arguments)], capture_output=True, text=True, check=False)


# --- what the program wrote ---

def test_export_of_the_program_verifies(exported):
    result = run(exported / "log", "--vkey", exported / "vkey", "--old", exported / "older" / "checkpoint", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["ok"] and report["older_checkpoints"] == 1 and not report["key_from_export"]
    assert report["bodies"] == report["leaves"] == report["size"] > 512
    assert report["decisions"] == 700
    assert report["decisions_without_outcome"] == 466


def test_records_for_people_are_json(exported):
    with open(exported / "log" / "records.jsonl", encoding="utf-8") as f:
        records = [json.loads(line) for line in f]
    assert [r["sequence"] for r in records] == list(range(len(records)))
    assert records[0]["kind"] == "start" and records[1]["body"]["facts"]["app.id"] == "claims"


def test_receipts_of_the_program_are_found(exported):
    with open(exported / "log" / "records.jsonl", encoding="utf-8") as f:
        record = json.loads(f.readlines()[300])
    receipt = f"{record['sequence']}:{record['leaf_hash']}"
    assert run(exported / "log", "--vkey", exported / "vkey", "--receipt", receipt).returncode == 0
    wrong = f"{record['sequence'] + 1}:{record['leaf_hash']}"
    result = run(exported / "log", "--vkey", exported / "vkey", "--receipt", wrong)
    assert result.returncode == 1 and "receipt" in result.stdout


def test_newer_checkpoint_exposes_an_older_export(exported):
    result = run(exported / "older", "--vkey", exported / "vkey", "--old", exported / "log" / "checkpoint")
    assert result.returncode == 1 and "rolled back" in result.stdout


def test_key_of_the_export_is_trusted_only_on_request(exported):
    assert run(exported / "log").returncode == 2
    assert run(exported / "log", "--trust-export", "--vkey", "x").returncode == 2
    result = run(exported / "log", "--trust-export")
    assert result.returncode == 0 and "came with the export" in result.stdout
    assert run(exported / "log", "--vkey", Signer().vkey()).returncode == 1
    assert run(exported / "nothing", "--vkey", exported / "vkey").returncode == 1


def test_full_tiles_count_too(verifier, exported, tmp_path):
    """One bit in each file of the export, at a place that differs from file to file."""
    vkey = (exported / "vkey").read_text()
    copy = tmp_path / "log"
    shutil.copytree(exported / "log", copy)
    changed = 0
    for folder, _, names in os.walk(copy):
        for name in names:
            path = os.path.join(folder, name)
            if name in ("log.vkey", "policy", "records.jsonl"):
                continue
            with open(path, "r+b") as f:
                data = bytearray(f.read())
                for at in range(len(data) // 3 % 50, len(data), max(1, len(data) // 6)):
                    data[at] ^= 4
                    f.seek(0)
                    f.write(data)
                    f.flush()
                    with pytest.raises(verifier.Fault):
                        check(verifier, copy, vkey)
                    data[at] ^= 4
                    changed += 1
                f.seek(0)
                f.write(data)
    assert changed > 50
    check(verifier, copy, vkey)


# --- forgeries ---

def test_the_forge_makes_honest_logs(verifier, log, tmp_path):
    report = check(verifier, log.write(tmp_path), log.signer.vkey())
    assert report["leaves"] == 13 and report["decisions"] == 7 and report["decisions_without_outcome"] == 1


def test_every_byte_counts(verifier, log, tmp_path):
    log.write(tmp_path)
    vkey = log.signer.vkey()
    for name in ("checkpoint", "tile/0/000.p/13", "tile/entries/000.p/13", "body/000.p/13"):
        path = tmp_path / name
        data = path.read_bytes()
        for at in range(len(data)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            with pytest.raises(verifier.Fault):
                check(verifier, tmp_path, vkey)
        for at in range(len(data)):
            path.write_bytes(data[:at])
            with pytest.raises(verifier.Fault):
                check(verifier, tmp_path, vkey)
        path.write_bytes(data + b"\0")
        with pytest.raises(verifier.Fault):
            check(verifier, tmp_path, vkey)
        path.write_bytes(data)
    check(verifier, tmp_path, vkey)


def test_a_missing_file_is_noticed(verifier, log, tmp_path):
    log.write(tmp_path)
    for name in ("checkpoint", "tile/0/000.p/13", "tile/entries/000.p/13", "body/000.p/13"):
        os.rename(tmp_path / name, tmp_path / "away")
        refused(verifier, tmp_path, log.signer.vkey(), "missing")
        os.rename(tmp_path / "away", tmp_path / name)


@pytest.mark.parametrize("at", [0, 5, 12])
def test_a_dropped_leaf_leaves_a_gap(verifier, log, tmp_path, at):
    """The signer's key helps nobody: sequences tell."""
    del log.leaves[at], log.salted[at]
    if at == 12:
        check(verifier, log.write(tmp_path), log.signer.vkey())  # cutting the end shows only against what was seen …
    else:
        refused(verifier, log.write(tmp_path), log.signer.vkey(), "gap")


def test_a_cut_end_shows_against_an_older_checkpoint(verifier, log, tmp_path):
    old = log.checkpoint()
    del log.leaves[12], log.salted[12]
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "cut or rolled back", olds=[old])


def test_a_cut_end_shows_against_a_receipt(verifier, log, tmp_path):
    receipt = (12, log.hashes()[12])
    del log.leaves[12], log.salted[12]
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "receipt 12", receipts=[receipt])


def test_reordered_and_repeated_leaves_are_noticed(verifier, log, tmp_path):
    for lists in (log.leaves, log.salted):
        lists[2], lists[4] = lists[4], lists[2]
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "reordered")
    for lists in (log.leaves, log.salted):
        lists[2], lists[4] = lists[4], lists[2]
        lists[4] = lists[2]
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "reordered")


def test_a_rewritten_past_is_a_fork(verifier, log, tmp_path):
    """The forger holds the key, rewrites a decision and signs anew: the checkpoint seen before convicts."""
    old = log.checkpoint()
    receipt = (2, log.hashes()[2])
    log.salted[2] = b"\xee" * 32 + b"\xa0"
    log.leaves[2] = log.leaf(2, DECISION)
    folder = log.write(tmp_path)
    check(verifier, folder, log.signer.vkey())
    refused(verifier, folder, log.signer.vkey(), "history was rewritten", olds=[old])
    refused(verifier, folder, log.signer.vkey(), "receipt 2", receipts=[receipt])


def test_an_extension_is_no_fork(verifier, tmp_path):
    signer = Signer()
    olds = [Log([DECISION] * n, signer).checkpoint() for n in range(1, 13)]
    log = Log([DECISION] * 12, signer)
    assert check(verifier, log.write(tmp_path), signer.vkey(), olds=olds)["older_checkpoints"] == 12


def test_checkpoints_must_be_signed_with_the_key_given(verifier, log, tmp_path):
    other = Signer()
    refused(verifier, log.write(tmp_path), other.vkey(), "not signed with the key given")
    good = log.checkpoint()
    text = good.split(b"\n\n")[0] + b"\n"
    (tmp_path / "checkpoint").write_bytes(text + b"\n")
    refused(verifier, tmp_path, log.signer.vkey(), "not a signed note|malformed signature")
    (tmp_path / "checkpoint").write_bytes(text)
    refused(verifier, tmp_path, log.signer.vkey(), "not a signed note")
    # Old entries sealed by a newer key are not this key's.
    (tmp_path / "checkpoint").write_bytes(other.sign(text.decode()))
    refused(verifier, tmp_path, log.signer.vkey(), "not signed with the key given")
    # A second, foreign signature does no harm; a second one of ours must fit.
    (tmp_path / "checkpoint").write_bytes(good + other.sign(text.decode()).split(b"\n\n")[1])
    check(verifier, tmp_path, log.signer.vkey())
    forged = log.signer.sign("another text\n").split(b"\n\n")[1]
    (tmp_path / "checkpoint").write_bytes(good + forged)
    refused(verifier, tmp_path, log.signer.vkey(), "signature does not fit")


def test_checkpoints_have_one_form(verifier, log, tmp_path):
    log.write(tmp_path)
    root = log.checkpoint().decode().split("\n")[2]
    for text in (f"{log.signer.name}\n13\n{root}\nextension\n", f"{log.signer.name}\n013\n{root}\n",
                 f"{log.signer.name}\n13\n{root[:-4]}\n", f"somebody.else\n13\n{root}\n", f"{log.signer.name}\n13\n",
                 f"{log.signer.name}\n-13\n{root}\n", f"{log.signer.name}\n99999999999999999999\n{root}\n"):
        (tmp_path / "checkpoint").write_bytes(log.signer.sign(text))
        with pytest.raises(verifier.Fault):
            check(verifier, tmp_path, log.signer.vkey())


def test_a_checkpoint_that_lies_is_noticed(verifier, log, tmp_path):
    log.root = sha256(b"whatever")
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "do not give the checkpoint's root")
    log.root, log.size = root_of(log.hashes()), 12
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "missing|beyond")


def test_bodies_must_fit_their_leaves(verifier, log, tmp_path):
    good = log.salted[3]
    log.salted[3] = b""  # erased: fine
    assert check(verifier, log.write(tmp_path), log.signer.vkey())["absent"] == 1
    for bad in (good[:-1], good + b"\0", log.salted[5], b"\0" * 32 + good[32:], b"short"):
        log.salted[3] = bad
        refused(verifier, log.write(tmp_path), log.signer.vkey(), "body 3: does not fit")


@pytest.mark.parametrize("body", [b"", b"\x01", b"\xa0\x00", b"\xa1\x01", b"\xbf\xff", b"\xa1\x18\x01\x00", b"\xa2\x02\x00\x01\x00",
                                  b"\xa2\x01\x00\x01\x00", b"\xa1\x61a\x00", b"\xa1\x01\xf6", b"\xa1\x01\xf9\x00\x00",
                                  b"\xa1\x01\x61\xff", b"\xa1\x01\x5f\xff", b"\xa1\x01\xc1\x00", b"\xa1\x01" * 40])
def test_bodies_must_be_deterministic_cbor(verifier, log, tmp_path, body):
    log.salted[2] = b"\2" * 32 + body
    log.leaves[2] = log.leaf(2, DECISION)
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "CBOR")


@pytest.mark.parametrize("named", [b"\x03", b"\x18\x64", b"\x01", b"\x20", b"\x60"])
def test_outcomes_must_name_a_decision_before_them(verifier, log, tmp_path, named):
    """Itself, one to come, another outcome, less than nothing, no number at all."""
    log.salted[3] = b"\3" * 32 + b"\xa2\x01" + named + b"\x02\x60"
    log.leaves[3] = log.leaf(3, OUTCOME)
    refused(verifier, log.write(tmp_path), log.signer.vkey(), "does not name a decision")


def test_leaves_must_be_of_a_known_form(verifier, log, tmp_path):
    good = log.leaves[4]
    for bad in (b"\x02" + good[1:], good[:1] + b"\x63" + good[2:], good[:2] + b"\0\1" + good[4:], good + b"\0", good[:-1], b""):
        log.leaves[4] = bad
        refused(verifier, log.write(tmp_path), log.signer.vkey(), "leaf 4")


def test_files_nobody_asked_for_are_noticed(verifier, log, tmp_path):
    """Partial tiles of earlier exports may lie about, if they fit; anything else may not."""
    log.write(tmp_path)
    vkey = log.signer.vkey()
    tile = tmp_path / "tile" / "0" / "000.p" / "5"
    tile.write_bytes(b"".join(log.hashes()[:5]))
    check(verifier, tmp_path, vkey)
    tile.write_bytes(b"".join(log.hashes()[1:6]))
    refused(verifier, tmp_path, vkey, "does not fit the leaves")
    tile.unlink()
    for name, because in (("tile/0/001", "beyond"), ("tile/1/000", "beyond"), ("tile/0/000.p/14", "beyond"), ("tile/0/x", "name"),
                          ("tile/00/000", "name"), ("tile/entries/000.p/14", "beyond"), ("body/001", "beyond"), ("body/x", "name"),
                          ("tile/0/000.p/256", "name"), ("tile/0/0000", "name")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\0" * 32)
        refused(verifier, tmp_path, vkey, because)
        path.unlink()
    check(verifier, tmp_path, vkey)


@pytest.mark.parametrize("spoil", [lambda k: k[:-1], lambda k: k.replace("+", " ", 1), lambda k: "x" + k, lambda k: k.upper(), lambda k: ""])
def test_verifier_keys_have_one_form(verifier, log, tmp_path, spoil):
    log.write(tmp_path)
    with pytest.raises(verifier.Fault):
        check(verifier, tmp_path, spoil(log.signer.vkey()))


def test_the_empty_log_verifies(verifier, tmp_path):
    log = Log([])
    (tmp_path / "checkpoint").write_bytes(log.checkpoint())
    assert check(verifier, tmp_path, log.signer.vkey())["leaves"] == 0


def test_known_answers(verifier):
    """A note and a root of other implementations."""
    key = verifier.Key("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    note = ("example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n\u2014 example.com/log/testdata "
            "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n")
    checkpoint = verifier.Checkpoint(note.encode(), key, "checkpoint")
    tree = verifier.Tree()
    for entry in "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split():
        tree.add(entry.encode())
    tree.finish()
    assert tree.root(15) == checkpoint.root


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 300, 511, 512, 513, 1000])
def test_roots_are_those_of_the_book(verifier, size):
    tree = verifier.Tree()
    hashes = []
    for i in range(size):
        tree.add(b"%d" % i)
        hashes.append(sha256(b"\0%d" % i))
    tree.finish()
    for n in {1, size // 2 + 1, size}:
        assert tree.root(n) == root_of(hashes[:n])
