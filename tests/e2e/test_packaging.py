"""What is installed is whole and works from where it lands: package, service, container, cluster, manual, completion."""

from __future__ import annotations

import configparser
import os
import pathlib
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys

import pytest
import yaml

from gateway import PROGRAM, ROOT, Gateway, onprem, wait_for

MANIFEST = ROOT / "deploy/kubernetes/bailiwick.yaml"
CONTAINERFILE = ROOT / "deploy/container/Containerfile"
MACROS = {".TH", ".SH", ".SS", ".PP", ".TP", ".IP", ".B", ".I", ".BR", ".RB", ".BI", ".RI", ".IR", ".EX", ".EE", ".br", ".ad", '.\\"'}


def run(*command: object, **more) -> subprocess.CompletedProcess:
    """A finished program, with what it said."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300, **more)


def must(*command: object, **more) -> str:
    """The output of a program that succeeds."""
    done = run(*command, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# The Debian package.


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> pathlib.Path:
    """The package of the build under test."""
    folder = tmp_path_factory.mktemp("package")
    must("cpack", "--config", PROGRAM.parent / "CPackConfig.cmake", "-B", folder, cwd=PROGRAM.parent)
    (deb,) = folder.glob("*.deb")
    return deb


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory) -> pathlib.Path:
    """The package unpacked."""
    folder = tmp_path_factory.mktemp("tree")
    must("dpkg", "-x", package, folder)
    return folder


def test_package_runs_from_where_it_lands(tree):
    version = re.search(r"project\(bailiwick VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert must(tree / "usr/bin/bailiwick", "--version") == f"bailiwick {version}\n"
    assert "log verified" in must(tree / "usr/bin/bailiwick", "demo")  # so the signer was found
    assert run(sys.executable, tree / "usr/bin/bailiwick-verify", "--help").returncode == 0


def test_package_holds_what_it_should(tree):
    names = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    for page in [*(ROOT / "docs/man").glob("*.[158]")]:
        assert f"usr/share/man/man{page.suffix[1:]}/{page.name}" in names
    for pack in (ROOT / "rules/packs").glob("*.rules"):
        assert f"usr/share/bailiwick/packs/{pack.name}" in names
    for name in ["lib/systemd/system/bailiwick.service", "lib/sysusers.d/bailiwick.conf", "lib/tmpfiles.d/bailiwick.conf", "bin/bailiwick-signer",
                 "share/bash-completion/completions/bailiwick", "share/doc/bailiwick/examples/bailiwick.yaml", "share/doc/bailiwick/copyright"]:
        assert f"usr/{name}" in names
    assert all(name.startswith("usr/") for name in names)  # nothing that an upgrade could overwrite in /etc or /var


def test_package_names_its_libraries(package):
    depends = must("dpkg-deb", "-f", package, "Depends")
    for library in ["libevent-core", "libssl", "liblmdb", "libseccomp", "ca-certificates"]:
        assert library in depends


def test_maintainer_scripts_are_shell(package, tmp_path):
    must("dpkg", "-e", package, tmp_path)
    for name in ["postinst", "prerm", "postrm"]:
        must("sh", "-n", tmp_path / name)
        assert "rm " not in (tmp_path / name).read_text()  # the log outlives the package


def test_installed_program_gives_no_build_paths_away(tree):
    for name in ["bailiwick", "bailiwick-signer"]:
        unit = (tree / "usr/bin" / name).read_bytes()
        assert unit[:4] == b"\x7fELF"
    unit = (tree / "usr/lib/systemd/system/bailiwick.service").read_text()
    assert "ExecStart=/usr/bin/bailiwick " in unit


def test_setup_makes_what_check_finds_in_order(tree, tmp_path):
    setup = tree / "usr/sbin/bailiwick-setup"
    must(setup, "--country", "DE", "--site", "test-1", "--root", tmp_path)
    config = tmp_path / "etc/bailiwick/bailiwick.yaml"
    read = yaml.safe_load(config.read_text())
    assert read["audit"]["path"] == f"{tmp_path}/var/lib/bailiwick/audit"
    assert f"unix:{tmp_path}/run/bailiwick/admin.sock" in [listener["address"] for listener in read["listeners"]]
    must(tree / "usr/bin/bailiwick", "check", "-c", config)
    again = run(setup, "--country", "DE", "--root", tmp_path)
    assert again.returncode == 1
    assert "exists" in again.stderr
    assert run(setup).returncode == 2


# The service.


@pytest.fixture
def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(ROOT / "deploy/systemd/bailiwick.service")
    return parser


def test_whoever_says_ready_is_heard(unit, local_engine, tmp_path, monkeypatch):
    """The unit must let the very process speak that does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        manager.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with Gateway({"local": onprem(local_engine.url)}) as gateway:
            text, extra, _flags, _address = manager.recvmsg(1024, socket.CMSG_SPACE(struct.calcsize("3i")))
            (sender, _uid, _gid) = struct.unpack("3i", extra[0][2])
            main = gateway._process.pid
        assert text == b"READY=1"
        assert unit["Service"]["Type"] == "notify"
        assert unit["Service"]["NotifyAccess"] == ("main" if sender == main else "all")
        assert manager.recv(1024) == b"STOPPING=1"


def test_service_may_write_where_it_has_to(unit):
    service = unit["Service"]
    assert service["ExecStart"].endswith("serve -c /etc/bailiwick/bailiwick.yaml")
    sample = yaml.safe_load((ROOT / "deploy/bailiwick.yaml").read_text())
    assert sample["audit"]["path"].startswith(f"/var/lib/{service['StateDirectory']}/")
    assert f"unix:/run/{service['RuntimeDirectory']}/admin.sock" in [one["address"] for one in sample["listeners"]]
    assert f"u {service['User']} " in (ROOT / "deploy/systemd/sysusers.conf").read_text()
    assert int(service["TimeoutStopSec"]) > int(re.search(r"STOP_SECONDS = (\d+)", (ROOT / "cmd/cmd_serve.c").read_text()).group(1))


def test_sample_configuration_is_in_order():
    must(PROGRAM, "rules", "check", "-c", ROOT / "deploy/bailiwick.yaml")


# The container.


def instructions() -> list[list[str]]:
    """The Containerfile, an instruction a row, continued lines joined."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.M).replace("\\\n", " ")
    return [line.split(None, 1) for line in text.split("\n") if line.strip()]


def test_container_copies_all_that_the_build_needs(tmp_path):
    stages = [words.split()[-1] for name, words in instructions() if name == "FROM" and " AS " in words]
    for name, words in instructions():
        if name == "RUN":
            must("bash", "-n", "-c", words)
        if name != "COPY":
            continue
        *sources, target = words.split()
        if sources[0].startswith("--from="):
            assert sources[0].removeprefix("--from=") in stages
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            place = tmp_path / target / (source if target == "./" else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, dirs_exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    must("cmake", "--preset", "release", "-DBW_TESTS=OFF", cwd=tmp_path)
    must("ninja", "-C", tmp_path / "build/release", "-n", "bailiwick", "bailiwick-signer")  # every source is there


def test_program_builds_without_the_packages_of_the_tests(tmp_path):
    """What deploy/quickstart does on a fresh system: pkg-config knows of no library that only tests need."""
    folders = must("pkg-config", "--variable", "pc_path", "pkg-config").strip().split(":")
    for path in [path for folder in folders for path in pathlib.Path(folder).glob("*.pc")]:
        if path.stem not in {"cmocka", "jansson"} and not (tmp_path / path.name).exists():
            shutil.copy(path, tmp_path / path.name)
    flags = re.search(r"cmake --preset release (.*?) >", (ROOT / "deploy/quickstart").read_text()).group(1).split()
    must("cmake", "-S", ROOT, "-B", tmp_path / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *flags, env={**os.environ, "PKG_CONFIG_LIBDIR": str(tmp_path)})


def test_container_starts_what_the_package_installs(tree):
    rows = dict(reversed(instructions()))
    (program,) = yaml.safe_load(rows["ENTRYPOINT"])
    assert (tree / program.lstrip("/")).exists()
    assert yaml.safe_load(rows["CMD"]) == ["serve", "-c", "/etc/bailiwick/bailiwick.yaml"]


# The cluster.


@pytest.fixture(scope="module")
def manifests() -> dict[str, dict]:
    return {one["kind"]: one for one in yaml.safe_load_all(MANIFEST.read_text())}


def test_cluster_pieces_fit(manifests):
    workload = manifests["StatefulSet"]["spec"]
    pod = workload["template"]["spec"]
    (container,) = pod["containers"]
    labels = workload["template"]["metadata"]["labels"]
    assert workload["selector"]["matchLabels"] == manifests["Service"]["spec"]["selector"] == labels
    assert workload["serviceName"] == manifests["Service"]["metadata"]["name"]
    volumes = {one["name"] for one in pod["volumes"]} | {one["metadata"]["name"] for one in workload["volumeClaimTemplates"]}
    for one in [*pod["initContainers"], container]:
        assert {mount["name"] for mount in one["volumeMounts"]} == volumes
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in manifests["Service"]["spec"]["ports"]} <= ports
    uid = re.search(r"--uid (\d+)", CONTAINERFILE.read_text()).group(1)
    assert pod["securityContext"]["runAsUser"] == int(uid)


def test_cluster_preparation_runs_and_repeats(manifests, tmp_path):
    """The init container's script, with folders of ours: keys once, configuration each time, in order."""
    pod = manifests["StatefulSet"]["spec"]["template"]["spec"]
    (script,) = pod["initContainers"][0]["args"]
    places = {path: tmp_path / path.lstrip("/") for path in ["/var/lib/bailiwick", "/run/bailiwick", "/etc/bailiwick"]}
    config = manifests["ConfigMap"]["data"]["bailiwick.yaml"]
    for path, place in places.items():
        place.mkdir(parents=True)
        script, config = script.replace(path, str(place)), config.replace(path, str(place))
    (places["/etc/bailiwick"] / "bailiwick.yaml").write_text(config)
    environment = {**os.environ, "HOSTNAME": "bailiwick-0", "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    must("sh", "-ec", script, env=environment)
    key = (places["/var/lib/bailiwick"] / "audit/signer.key").read_bytes()
    must("sh", "-ec", script, env=environment)
    assert (places["/var/lib/bailiwick"] / "audit/signer.key").read_bytes() == key
    assert b"bailiwick/bailiwick-0/0" in key
    assert yaml.safe_load((places["/run/bailiwick"] / "bailiwick.yaml").read_text())["site"]["name"] == "bailiwick-0"


def test_probes_tell_life_from_death(manifests, local_engine):
    (container,) = manifests["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    probes = [container[name]["exec"]["command"] for name in ["startupProbe", "readinessProbe", "livenessProbe"]]
    probes.append(yaml.safe_load(dict(instructions())["HEALTHCHECK"].removeprefix("CMD ")))
    gateway = Gateway({"local": onprem(local_engine.url)})
    here = [[word.replace("/run/bailiwick/admin.sock", gateway.admin) for word in probe] for probe in probes]
    assert all(run(*probe).returncode != 0 for probe in here)
    with gateway:
        assert all(run(*probe).returncode == 0 for probe in here)


# Manual and completion.


def test_generated_files_are_current():
    done = run(sys.executable, ROOT / "docs/man/generate.py", "--check", PROGRAM)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run docs/man/generate.py PROGRAM"


@pytest.mark.parametrize("page", sorted((ROOT / "docs/man").glob("*.[158]")), ids=lambda page: page.name)
def test_manual_pages_use_plain_macros(page):
    lines = page.read_text().split("\n")
    assert any(line.startswith(".TH ") for line in lines)
    assert ".SH NAME" in lines
    assert [line for line in lines if line.startswith((".", "'")) and line.split()[0] not in MACROS] == []
    assert "@" not in "".join(re.findall(r"@[A-Z]{3,}@", page.read_text()))


def complete(*words: str, cwd: pathlib.Path | None = None) -> set[str]:
    """What bash offers for the last word."""
    script = f"""source {shlex.quote(str(ROOT / "deploy/completion/bailiwick.bash"))}
COMP_WORDS=({shlex.join(["bailiwick", *words])}) COMP_CWORD={len(words)}
_bailiwick
printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(must("bash", "-uc", script, cwd=cwd or ROOT).split("\n")) - {""}


def test_completion_offers_commands():
    told = set(re.findall(r"^  (\w+) ", must(PROGRAM, "--help"), re.M))
    assert complete("") == told | {"--help", "--version"}
    assert complete("de") == {name for name in told if name.startswith("de")}


def test_completion_offers_options_and_verbs(tmp_path):
    assert "--request" in complete("decide", "--")
    assert {"list", "verify", "export"} <= complete("audit", "")
    assert complete("audit", "list", "--kind", "out") == {"outcome"}
    assert "config" in complete("help", "c")
    (tmp_path / "house.yaml").touch()
    assert complete("check", "-c", "ho", cwd=tmp_path) == {"house.yaml"}
    assert complete("nonsense", "") == set()


def test_completion_offers_what_the_program_takes():
    """Every verb is known to the program: it then asks for a configuration, and does not call the verb unknown."""
    for command in ["audit", "rules"]:
        offered = complete(command, "")
        helped = must(PROGRAM, command, "--help")
        assert offered
        assert [verb for verb in offered if not re.search(rf"\b{verb}\b", helped)] == []
