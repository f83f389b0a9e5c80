"""What the documents say is so: their commands run, their tables are complete, their links lead somewhere."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from gateway import HERE, PROGRAM, ROOT, Gateway, cloud, onprem, wait_for

GUIDES = ["README.md", "docs/developer.md", "docs/dpo.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
CLIENTS = HERE.parent / "clients"


def blocks(document: str, language: str) -> list[str]:
    """Fenced blocks. `sh` is what runs anywhere; what needs root, a network or a fresh system is marked `console`."""
    return [text for name, text in BLOCK.findall((ROOT / document).read_text()) if name == language]


@pytest.fixture(scope="module")
def office(cloud_engine, local_engine, tmp_path_factory):
    """A gateway with some records under a checkpoint, a folder to work in, and a shell that has the programs in its path."""
    folder = tmp_path_factory.mktemp("office")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "bailiwick").symlink_to(PROGRAM)
    (programs / "bailiwick-verify").symlink_to(ROOT / "audit/verifier/bailiwick-verify")
    with Gateway({"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}) as gateway:
        gateway.chat("Patient with diabetes asks about insulin")
        gateway.chat("hello")
        verify = ("audit", "verify", "--json", "-c", str(gateway.config))
        wait_for(lambda: json.loads(gateway.run(*verify).stdout)["signed_size"] > 5, "a checkpoint over the records")
        shutil.copy(gateway.log_key, folder / "log.vkey")
        path = os.pathsep.join([str(programs), str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
        keys = {"OPENAI_API_KEY": "test-key", "ANTHROPIC_API_KEY": "test-key"}
        yield gateway, folder, {**os.environ, **keys, "PATH": path}


def run_block(office, text: str, command: list[str], cwd: pathlib.Path | None = None) -> str:
    """Runs a block with the documents' paths and addresses replaced by those at hand."""
    gateway, folder, environment = office
    places = {"/etc/bailiwick/bailiwick.yaml": gateway.config, "http://127.0.0.1:8080": gateway.url, "/media/export": folder / "export"}
    for written, real in places.items():
        text = text.replace(written, str(real))
    done = subprocess.run(command, input=text, cwd=cwd or folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("document", GUIDES)
def test_shell_blocks_run(office, document):
    found = blocks(document, "sh")
    assert found
    assert "".join(run_block(office, text, ["bash", "-euo", "pipefail"]) for text in found)


def test_python_blocks_run(office):
    found = blocks("docs/developer.md", "python")
    assert len(found) == 2
    for text in found:
        assert run_block(office, text, [sys.executable, "-"])


def test_node_blocks_run(office):
    found = blocks("docs/developer.md", "js")
    assert len(found) == 1
    for text in found:
        assert run_block(office, text, ["node", "--input-type=module", "-"], CLIENTS)  # where the SDKs are installed


def test_every_error_is_explained():
    """Status and code of every row of the table of errors."""
    rows = set(re.findall(r'^ERR\(\w+, (\d+), "([^"]+)"', (ROOT / "base/err.def").read_text(), re.M))
    told = set()
    for status, codes in re.findall(r"^\| (\d{3}) \| ([^|]+) \|", (ROOT / "docs/developer.md").read_text(), re.M):
        told |= {(status, code) for code in re.findall(r"`([^`]+)`", codes)}
    assert told == rows


def test_every_kind_of_record_is_explained():
    kinds = re.findall(r'^LEAF\(\d+, \w+, "([^"]+)"', (ROOT / "audit/format/leaf.def").read_text(), re.M)
    text = (ROOT / "docs/dpo.md").read_text()
    assert [kind for kind in kinds if f"`{kind}`" not in text] == []


def test_every_dependency_has_its_reason():
    packages = [line.split()[0] for line in (ROOT / "deploy/packages").read_text().split("\n") if line and not line.startswith("#")]
    direct = (ROOT / "tests/requirements.txt").read_text().split("\n\n")[0]
    packages += re.findall(r"^([\w-]+)==", direct, re.M)
    packages += json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    told = re.findall(r"^\| `([^`]+)` \| [^|]+ \|$", (ROOT / "README.md").read_text(), re.M)
    assert sorted(told) == sorted(packages)


@pytest.mark.parametrize("document", sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))
def test_links_lead_somewhere(document):
    path = ROOT / document
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text())
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert missing == []
