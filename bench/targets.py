"""What bench/run measures: the proxies, their configurations and their processes."""

from __future__ import annotations

import http.client
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
UPSTREAM = {"plain": 9101, "tls": 9102}  # of the mock
PORTS = {
    "floor": {"plain": 9111, "tls": 9112},
    "net": {"plain": 9121, "tls": 9122},
    "haproxy": {"plain": 9131, "tls": 9132},
    "nginx": {"plain": 9141, "tls": 9142},
    "portkey": {"plain": 8787},
    "bailiwick": {"plain": 9151, "tls": 9152},
    "tagger": {"plain": 9161, "tls": 9162},
}
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Target:
    """One running program (with its children) that listens on one port."""

    name: str
    leg: str  # plain or tls, both towards client and upstream
    port: int
    process: subprocess.Popen[bytes] | None = None  # None: the mock itself
    headers: str = ""  # further request header lines
    pids: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http{'s' if self.leg == 'tls' else ''}://127.0.0.1:{self.port}/v1/chat/completions"

    def adopt(self) -> None:
        """Notes every process of the program; to be called once it answers."""
        self.pids = descendants(self.process.pid) if self.process else []

    def cpu(self) -> float:
        """Seconds of user and system time, all processes and threads."""
        return sum(cpu_seconds(pid) for pid in self.pids)

    def rss_anon(self) -> int:
        """Bytes of anonymous memory, all processes."""
        total = 0
        for pid in self.pids:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
        return total

    def move(self, cpu: int) -> None:
        for pid in self.pids:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {cpu})


def stat_fields(pid: int) -> list[str]:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(stat_fields(int(entry.name))[1]), []).append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [pid]
    for p in found:
        found += parents.get(p, [])
    return found


class Stage:
    """Starts and stops everything; files live in one folder."""

    def __init__(self, build: pathlib.Path, work: pathlib.Path):
        self.build, self.work = build, work
        self.running: list[subprocess.Popen[bytes]] = []
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.cert, self.key = work / "cert.pem", work / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7"]
            + ["-keyout", str(self.key), "-out", str(self.cert), "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        (work / "both.pem").write_bytes(self.cert.read_bytes() + self.key.read_bytes())

    def start(self, name: str, command: list[str], cpu: int, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        log = open(self.work / f"{name}.log", "ab")
        process = subprocess.Popen(
            command,
            cwd=self.work,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
        )
        log.close()
        self.running.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.running):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()

    def mock(self, gap_us: int) -> Target:
        args = [str(UPSTREAM["plain"]), str(UPSTREAM["tls"]), str(self.cert), str(self.key), str(gap_us)]
        process = self.start("mock", [str(self.build / "bench_mock"), *args], cpu=1)
        wait_for_port(UPSTREAM["tls"])
        return Target("mock", "plain", UPSTREAM["plain"], process, pids=[process.pid])

    def direct(self, leg: str) -> Target:
        return Target("direct", leg, UPSTREAM[leg])

    def target(self, name: str, leg: str) -> Target:
        command, env, headers = getattr(self, f"_{name}")(leg)
        port = PORTS[name][leg]
        t = Target(name, leg, port, self.start(f"{name}-{leg}", command, cpu=0, env=env), headers)
        wait_for_port(port)
        wait_for_answer(t)
        t.adopt()
        return t

    def _tls_files(self, leg: str) -> list[str]:
        return [str(self.cert), str(self.key)] if leg == "tls" else []

    def _floor(self, leg: str):
        port, up = str(PORTS["floor"][leg]), str(UPSTREAM[leg])
        return [str(self.build / "bench_floor"), port, up, *self._tls_files(leg)], None, ""

    def _net(self, leg: str):
        files = self._tls_files(leg) + ([str(self.cert)] if leg == "tls" else [])
        address = f"127.0.0.1:{PORTS['net'][leg]}"
        return [str(self.build / "bench_relay"), address, str(UPSTREAM[leg]), *files], None, ""

    def _haproxy(self, leg: str):
        bind = f"ssl crt {self.work}/both.pem" if leg == "tls" else ""
        server = f"ssl verify required ca-file {self.cert} sni str(localhost) verifyhost localhost" if leg == "tls" else ""
        conf = self.work / f"haproxy-{leg}.cfg"
        conf.write_text(
            "global\n  nbthread 1\n  maxconn 4000\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
            "  option http-keep-alive\n  http-reuse always\n"
            f"frontend f\n  bind 127.0.0.1:{PORTS['haproxy'][leg]} {bind}\n  default_backend b\n"
            f"backend b\n  server u 127.0.0.1:{UPSTREAM[leg]} maxconn 1000 {server}\n"
        )
        return ["haproxy", "-db", "-f", str(conf)], None, ""

    def _nginx(self, leg: str):
        tls = leg == "tls"
        serve = f"ssl_certificate {self.cert}; ssl_certificate_key {self.key}; ssl_protocols TLSv1.2 TLSv1.3;"
        verify = (
            f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.cert}; proxy_ssl_name localhost; "
            "proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.3;"
        )
        temp = " ".join(f"{kind}_temp_path {self.work}/nginx-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = self.work / f"nginx-{leg}.conf"
        conf.write_text(
            f"worker_processes 1; daemon off; pid {self.work}/nginx-{leg}.pid; user {os.environ.get('USER', 'root')};\n"
            "events { worker_connections 4000; }\n"
            f"http {{ access_log off; client_body_buffer_size 256k; client_max_body_size 10m; {temp}\n"
            "  keepalive_requests 1000000000; proxy_http_version 1.1; proxy_buffering off; tcp_nodelay on;\n"
            f"  upstream u {{ server 127.0.0.1:{UPSTREAM[leg]}; keepalive 256; keepalive_requests 1000000000; }}\n"
            f"  server {{ listen 127.0.0.1:{PORTS['nginx'][leg]} {'ssl' if tls else ''}; {serve if tls else ''}\n"
            f"    location / {{ proxy_pass http{'s' if tls else ''}://u; proxy_set_header Connection \"\"; "
            f"{verify if tls else ''} }} }} }}\n"
        )
        return ["nginx", "-e", f"{self.work}/nginx-{leg}.err", "-c", str(conf)], None, ""

    def _portkey(self, leg: str):
        script = ROOT / "build/bench/portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
        headers = f"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:{UPSTREAM[leg]}/v1\r\n"
        return ["node", str(script), f"--port={PORTS['portkey'][leg]}", "--headless"], {"NODE_ENV": "production"}, headers

    def _tagger(self, leg: str):
        return self._bailiwick(leg, "tagger", "model: models/tagger.bwm\n")

    def _bailiwick(self, leg: str, name: str = "bailiwick", more: str = ""):
        program, home = str(self.build / "bailiwick"), self.work / f"{name}-{leg}"
        subprocess.run([program, "init", "--country", "DE", str(home)], check=True, stdout=subprocess.DEVNULL)
        packs = sorted(p.name for p in (ROOT / "rules/packs").glob("*.rules"))
        serve = f", tls: {{ cert: {self.cert}, key: {self.key} }}" if leg == "tls" else ""
        if leg == "tls":  # "insecure" lets a cloud stand on loopback; its certificate is verified all the same
            where = (
                f'api: [openai], url: "https://127.0.0.1:{UPSTREAM[leg]}", ca_file: {self.cert}, insecure: true, '
                "processing: [US], networks: [127.0.0.1/32], "
                "contracts: { dpa: 2025-03-01, dpf: { status: active, checked: 2026-11-01 } }"
            )
        else:  # personal data goes over an open connection to an engine of one's own only
            where = (
                f'api: [openai], url: "http://127.0.0.1:{UPSTREAM[leg]}", on_prem: true, engine: other, '
                "health: none, concurrency: 4096"
            )
        (home / "bailiwick.yaml").write_text(
            "site: { name: site-1, country: DE }\n"
            f"networks: [ {{ cidr: 127.0.0.1/32, country: {'US' if leg == 'tls' else 'DE'} }} ]\n"
            "listeners:\n"
            f'  - {{ address: "127.0.0.1:{PORTS[name][leg]}", mode: base-url{serve} }}\n'
            f'  - {{ address: "unix:{home}/admin.sock", mode: admin }}\n'
            "destinations:\n"
            f"  upstream: {{ {where} }}\n"
            "routes: [ { match: /v1, candidates: [upstream] } ]\n"
            f"rules: [{', '.join('packs/' + p for p in packs)}]\n"
            "audit: { path: audit, map_size: 16 GiB }\n"
            f"limits: {{ loops: 1 }}\n{more}"
        )
        (home / "bailiwick.yaml").chmod(0o600)
        return [program, "serve", "-c", str(home / "bailiwick.yaml")], None, ""


def wait_for_port(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise SystemExit(f"bench: nothing listens on port {port}; see the logs in build/bench/run") from None
            time.sleep(0.05)


def tls_context() -> ssl.SSLContext:
    """Verifies nothing: the proxy is ours and on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


TLS = tls_context()


def connect(t: Target) -> http.client.HTTPConnection:
    if t.leg == "plain":
        return http.client.HTTPConnection("127.0.0.1", t.port, timeout=10)
    return http.client.HTTPSConnection("127.0.0.1", t.port, timeout=10, context=TLS)


def post(c: http.client.HTTPConnection, t: Target, body: bytes) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-bench-0123456789abcdef0123456789abcdef"}
    for line in t.headers.split("\r\n"):
        if line:
            name, _, value = line.partition(": ")
            headers[name] = value
    c.request("POST", "/v1/chat/completions", body, headers)
    answer = c.getresponse()
    return answer.status, answer.read()


def wait_for_answer(t: Target) -> None:
    """Until a request gets through: 200 with the mock's answer."""
    until = time.monotonic() + 20
    body = b'{"model":"gpt-5","messages":[{"role":"user","content":"Hello there."}],"stream":false}'
    status, text = 0, b""
    while time.monotonic() < until:
        try:
            c = connect(t)
            status, text = post(c, t, body)
            c.close()
        except OSError as e:
            text = str(e).encode()
        if status == 200 and b"chatcmpl" in text:
            return
        time.sleep(0.1)
    raise SystemExit(f"bench: {t.name} ({t.leg}) does not answer: {status} {text[:200]!r}")
