"""Whatever a test lets a function do, its role has to allow; that the role allows nothing else is test_least_privilege.py's to prove."""

import pytest
from lab.emulator import Emulator
from lab.privileges import calls_of_the_role
from lab.proxy import Proxy
from lab.stack import Stack
from lab.world import FUNCTIONS


@pytest.fixture(scope="session")
def _within_the_roles(_one_world):
    yield
    for function in FUNCTIONS:
        beyond = _one_world.made[function] - calls_of_the_role(function)
        assert not beyond, f"{function} made calls that its role does not allow: {sorted(beyond)}"


@pytest.fixture
def world(world, _within_the_roles):
    return world


@pytest.fixture(scope="session")
def _an_account():
    with Emulator(managed_policies=False) as account, Proxy(account.port) as proxy:
        yield account, proxy


@pytest.fixture
def stack(_an_account, request) -> Stack:
    """A deployed stack in which all is well; a parameter has options of it."""
    account, proxy = _an_account
    account.reset()
    proxy.forget()
    return Stack(account, proxy, **getattr(request, "param", {}))
