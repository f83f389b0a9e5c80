"""House lists in the whole program: exact-data lists tell nobody who is on them, hashed lists need no terms, thresholds hold."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from gateway import PROGRAM, ROOT, Gateway, cloud, onprem
from load import openai as ask_openai
from load import send
from raw import Reply

RULES = """regime lists "Lists of the end-to-end tests" version 2026-01-01 {
  applies always

  rule customers-never-leave "house 9" {
    when data has any of {house}
    then place none because "a customer was named"
  }
  rule secrets-never-leave "house 10" {
    when data has any of {secret}
    then place none because "a secret was found"
  }
}

default { place any because "nothing was found" }
"""
TERMS = "Jana Nováková\nAcme 4711\n"


@pytest.fixture
def make(cloud_engine, local_engine, tmp_path):
    made = []

    def start(**settings) -> Gateway:
        rules = tmp_path / "lists.rules"
        rules.write_text(RULES)
        destinations = {"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}
        made.append(Gateway(destinations, rules=(rules,), **settings).start())
        return made[-1]

    yield start
    for gateway in made:
        gateway.stop()
        gateway.remove()


def house(path: pathlib.Path, **more) -> list[dict]:
    return [{"type": "house.customer", "file": str(path), **more}]


def ask(gateway: Gateway, text: str) -> Reply:
    return send(gateway.address, ask_openai(text)).reply


def test_exact_lists_are_no_oracle(make, tmp_path):
    """A refusal over an ordinary list names its rule; over an exact-data list it does not."""
    terms = tmp_path / "customers"
    terms.write_text(TERMS)
    named = ask(make(house=house(terms)), "Write to Jana Nováková.")
    silent = ask(make(house=house(terms, exact=True)), "Write to JANA  novakova.")
    assert named.status == silent.status >= 400
    assert "customers-never-leave" in named.body.decode()
    assert b"customer" not in silent.body


def test_hashed_lists_need_no_terms(make, tmp_path):
    hashed = tmp_path / "customers.hashed"
    done = subprocess.run(
        [str(PROGRAM), "classify", "--hash-list"], input=TERMS.encode(), stdout=subprocess.PIPE, check=True, timeout=60
    )
    assert b"Jana" not in done.stdout and b"4711" not in done.stdout
    hashed.write_bytes(done.stdout)
    gateway = make(house=house(hashed, exact=True))
    assert ask(gateway, "What about acme-4711?").status >= 400
    assert ask(gateway, "What about Acme 4712?").status == 200


def test_thresholds_decide_what_counts(make):
    text = "The password: hunter2!Blue works."
    assert ask(make(), text).status >= 400
    assert ask(make(thresholds=[{"match": "secret.password", "score": 99}]), text).status == 200


def test_explanations_say_why(tmp_path):
    done = subprocess.run(
        [str(PROGRAM), "classify", "--json", "--explain", "--no-model"],
        input=b"PESEL 85031512344",
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    finding = json.loads(done.stdout)["findings"][0]
    assert finding["detector"] == "PL_PESEL" and finding["why"]["context"] == "PESEL"
    assert finding["score"] == finding["why"]["prior"]


def test_the_page_of_types_is_current():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/campaigns/types_table.py"), "--check"], check=False, timeout=60
    )
    assert done.returncode == 0, "run tests/campaigns/types_table.py"
