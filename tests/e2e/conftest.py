"""Stand-in engines and a gateway in front of them."""

from __future__ import annotations

import pytest

from gateway import PROGRAM, Gateway, cloud, onprem
from standin.client import Standin


def pytest_addoption(parser: pytest.Parser) -> None:
    """--full: the whole no-leak campaign instead of a sample."""
    parser.addoption("--full", action="store_true", help="every position of the no-leak generator, not a sample")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Nothing here can pass without the program."""
    if not PROGRAM.exists():
        pytest.exit(f"{PROGRAM} is missing: build it first", returncode=1)


@pytest.fixture(scope="session")
def cloud_engine():
    """The provider in the cloud."""
    with Standin() as engine:
        yield engine


@pytest.fixture(scope="session")
def local_engine():
    """The engine on-prem."""
    with Standin() as engine:
        yield engine


@pytest.fixture(scope="session")
def shared_gateway(cloud_engine, local_engine):
    """One gateway for all tests that leave it as it is."""
    with Gateway({"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway, cloud_engine, local_engine):
    """The shared gateway, with engines that have seen nothing yet."""
    shared_gateway.check_alive()
    cloud_engine.mode("normal")
    local_engine.mode("normal")
    cloud_engine.reset()
    local_engine.reset()
    return shared_gateway
