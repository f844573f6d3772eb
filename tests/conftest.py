"""What every test may ask for. The world itself is in `lab`."""

import os

import pytest
from lab import processes
from lab.binaries import RELEASE
from lab.world import FUNCTIONS, World


def pytest_configure() -> None:
    processes.exit_on_signals()


@pytest.fixture(scope="session")
def _one_world():
    """One emulated account and its function processes for the whole run: starting them anew for each test would take minutes."""
    for function in FUNCTIONS:
        if not os.access(RELEASE / function, os.X_OK):
            pytest.fail(f"{RELEASE / function} is not there: `make build` makes it", pytrace=False)
    with World() as world:
        yield world


@pytest.fixture
def world(_one_world):
    """An account with bystanders in it, who hold what is forbidden and whom nothing may happen to."""
    _one_world.start_over()
    return _one_world
