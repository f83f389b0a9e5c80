"""init makes what check finds in order; check says what is wrong, where, and with which exit code."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import pathlib
import stat
import subprocess
import threading

import pytest
import yaml

from gateway import PROGRAM, Gateway, cloud, free_port

NO_LOCALE = {**os.environ, "LC_ALL": "C", "LC_ADDRESS": "C", "LANG": "C"}


def run(*arguments: object) -> subprocess.CompletedProcess:
    """The program's answer."""
    return subprocess.run(
        [str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120, env=NO_LOCALE
    )


def check(config: pathlib.Path) -> tuple[int, dict[str, dict]]:
    """Exit code, and the checks by part."""
    answer = run("check", "--json", "-c", config)
    report = json.loads(answer.stdout)
    assert report["ok"] == (report["problems"] == 0)
    return answer.returncode, {entry["part"]: entry for entry in report["checks"]}


@pytest.fixture
def made(tmp_path):
    """A folder that init has made."""
    folder = tmp_path / "bw"
    answer = run("init", "--country", "DE", "--site", "test-1", folder)
    assert answer.returncode == 0, answer.stderr
    return folder


class Engine(http.server.BaseHTTPRequestHandler):
    """Well on /health only."""

    def do_GET(self) -> None:  # noqa: N802  named by http.server
        """Answers."""
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments) -> None:
        """Says nothing."""


@pytest.fixture
def engine():
    """The port of an engine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_init_makes_what_check_accepts(made):
    """And keeps it private."""
    for path in [made, made / "audit"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for name in ["bailiwick.yaml", "app.key", "log.vkey", "audit/signer.key"]:
        assert stat.S_IMODE((made / name).stat().st_mode) == 0o600
    key = (made / "app.key").read_text().strip()
    assert hashlib.sha256(key.encode()).hexdigest() in (made / "bailiwick.yaml").read_text()
    assert (made / "log.vkey").read_text().startswith("bailiwick/test-1/0+")
    _code, parts = check(made / "bailiwick.yaml")
    assert (
        parts["configuration"]["state"] == parts["rules and tables"]["state"] == parts["signing key"]["state"] == "ok"
    )


def test_init_overwrites_nothing(made):
    """A second run leaves all as it was."""
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    assert run("init", "--country", "DE", made).returncode == 1
    (made / "bailiwick.yaml").unlink()
    assert run("init", "--country", "DE", made).returncode == 3
    before.pop(made / "bailiwick.yaml")
    assert before == {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("init",),
        ("init", "x", "y"),
        ("init", "--country", "Germany", "x"),
        ("init", "--country", "ZZ", "x"),
        ("init", "--site", "a b", "x"),
        ("init", "x"),
        ("check",),
        ("check", "-c"),
        ("check", "-c", "x", "y"),
        ("check", "--nope"),
    ],
)
def test_wrong_usage(arguments, tmp_path, monkeypatch):
    """Exit code 2, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    assert run(*arguments).returncode == 2
    assert not list(tmp_path.iterdir())


def test_check_finds_problems(made):
    """Unreadable is 3; a mistake is 1, with its place."""
    config = made / "bailiwick.yaml"
    assert check(made / "none.yaml")[0] == 3
    text = config.read_text()
    config.write_text(text.replace("listeners:", "lisetners:"))
    code, parts = check(config)
    assert code == 1
    assert "bailiwick.yaml:4:1:" in parts["configuration"]["text"]
    assert 'did you mean "listeners"' in parts["configuration"]["text"]
    config.write_text(text.replace("packs/gdpr.rules", "packs/gone.rules"))
    code, parts = check(config)
    assert code == 1 and "gone.rules" in parts["rules and tables"]["text"]
    (made / "own.groups").write_text("mine: DE UK\n")
    config.write_text(text + "groups: [own.groups]\n")
    code, parts = check(config)
    assert code == 1 and "UK in group mine" in parts["country groups"]["text"]
    config.write_text(text)
    (made / "audit/signer.key").chmod(0o644)
    code, parts = check(config)
    assert code == 1 and "chmod 600" in parts["signing key"]["text"]


def damage(key: pathlib.Path, how: str) -> None:
    """Spoils the signing key."""
    if how == "missing":
        key.unlink()
    elif how == "open":
        key.chmod(0o644)
    elif how == "empty":
        key.write_text("")
    else:
        key.unlink()
        key.mkdir()


@pytest.mark.parametrize(
    ("how", "words"),
    [("missing", "is missing"), ("open", "chmod 600"), ("empty", "holds no signing key"), ("folder", "a file")],
)
def test_an_unusable_signing_key_ends_serve(made, how, words):
    """At once, with the file's name and what to do; check says the same."""
    key, config = made / "audit/signer.key", made / "bailiwick.yaml"
    damage(key, how)
    answer = run("serve", "-c", config)
    assert answer.returncode == 1
    assert str(key) in answer.stderr and words in answer.stderr
    code, parts = check(config)
    assert code == 1 and parts["signing key"]["state"] == "problem"
    assert str(key) in parts["signing key"]["text"] and words in parts["signing key"]["text"]


def test_a_key_of_another_log_is_found_before_it_signs(made):
    """By check, and by serve."""
    config = made / "bailiwick.yaml"
    config.write_text(config.read_text().replace("name: test-1", "name: test-2"))
    answer = run("serve", "-c", config)
    assert answer.returncode == 1
    code, parts = check(config)
    assert code == 1
    for text in [answer.stderr, parts["signing key"]["text"]]:
        assert "bailiwick/test-1/0" in text and "bailiwick/test-2/0" in text and "audit.origin" in text


def test_the_signer_helps_and_is_as_quiet_as_asked(made):
    """--help is no error; log_level holds for the signer, too."""
    signer = PROGRAM.parent / "bailiwick-signer"
    answer = subprocess.run([str(signer), "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 0 and answer.stdout.startswith("usage: ") and answer.stderr == ""
    config = made / "bailiwick.yaml"
    text = config.read_text()
    for level, expected in [("info", True), ("warn", False)]:
        config.write_text(text + f"server: {{ log_level: {level} }}\n")
        program = subprocess.Popen(
            [str(PROGRAM), "serve", "-c", str(config)], stderr=subprocess.PIPE, text=True, env=NO_LOCALE
        )
        while not (made / "audit/signer.sock").is_socket():
            assert program.poll() is None
        program.terminate()
        assert ("signer-ready" in program.communicate(timeout=120)[1]) == expected
        (made / "audit/signer.sock").unlink(missing_ok=True)


def test_check_asks_engines(made, engine):
    """As the gateway would."""
    config = made / "bailiwick.yaml"
    head = config.read_text().replace(
        "destinations:\n",
        """destinations:
  well: { api: openai, url: "http://127.0.0.1:%d", on_prem: true }
  lost: { api: openai, url: "http://127.0.0.1:%d", on_prem: true, health: /elsewhere }
  dead: { api: openai, url: "http://127.0.0.1:%d", on_prem: true }
"""
        % (engine, engine, free_port()),
    )
    config.write_text(head)
    code, parts = check(config)
    assert code == 1
    assert [parts[f"engine {name}"]["state"] for name in ("well", "lost", "dead")] == ["ok", "warning", "problem"]


def test_check_says_what_would_be_refused(made, engine):
    """Without an engine of one's own there is no place for what must stay; with one there is."""
    config = made / "bailiwick.yaml"
    _code, parts = check(config)
    for endpoint in ("/v1/chat/completions", "/v1/messages"):
        assert parts[endpoint]["state"] == "warning"
        assert all(kind in parts[endpoint]["text"] for kind in ("card data", "secrets", "health data"))
    own = {"api": ["openai", "anthropic"], "engine": "vllm", "url": f"http://127.0.0.1:{engine}", "on_prem": True}
    settings = yaml.safe_load(config.read_text())
    settings["destinations"]["own"] = own | {"country": "DE"}
    for route in settings["routes"]:
        route["candidates"].append("own")
    config.write_text(yaml.safe_dump(settings))
    code, parts = check(config)
    assert code == 0
    assert {parts[endpoint]["state"] for endpoint in ("/v1/chat/completions", "/v1/messages")} == {"ok"}


def test_verify_without_the_key_is_no_verification(cloud_engine, tmp_path):
    """The hashes may fit and yet nobody has vouched for them: exit code 1, and the JSON says it."""
    gateway = Gateway({"cloud": cloud(cloud_engine.url)}, folder=tmp_path / "own").start()
    gateway.chat("A green hill.")
    gateway.stop()
    verify = ("audit", "verify", "--json", "--store", gateway.folder / "audit")
    assert run(*verify).returncode == 0
    for key in gateway.folder.rglob("log.vkey"):
        key.unlink()
    answer = run(*verify)
    report = json.loads(answer.stdout)
    assert answer.returncode == 1 and report["ok"] and not report["signatures_checked"]


def test_help_on_the_configuration_is_also_json():
    """The same keys as the table has lines."""
    keys = json.loads(run("help", "config", "--json").stdout)
    assert len(keys) == len(run("help", "config").stdout.splitlines()) - 1
    assert all(set(key) == {"key", "type", "default", "meaning"} for key in keys)
