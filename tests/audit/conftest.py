"""Logs for the tests of the independent verifier: one written by the program, and a small forged one."""

import glob
import importlib.machinery
import importlib.util
import os
import subprocess

import pytest

from forge import DECISION, OUTCOME, ROOT, VERIFIER, Log



def load_verifier():
    loader = importlib.machinery.SourceFileLoader("bailiwick_verify", VERIFIER)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bailiwick_verify", loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def verifier():
    return load_verifier()


def exporter():
    """The test program that writes an export: in the build folder given, or in the newest one there is."""
    build = os.environ.get("BW_BUILD")
    found = glob.glob(os.path.join(build or os.path.join(ROOT, "build", "*"), "audit_test_export"))
    assert found, "build the tests first, or say with BW_BUILD where they are"
    return max(found, key=os.path.getmtime)


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A folder with log/ and older/ (exports), and vkey."""
    folder = tmp_path_factory.mktemp("exported")
    program = exporter()
    subprocess.run([program], env={**os.environ, "BW_EXPORT_DIR": str(folder)}, cwd=os.path.dirname(program),
                   check=True, capture_output=True)
    return folder


@pytest.fixture
def log():
    return Log([DECISION, OUTCOME] * 6 + [DECISION])
