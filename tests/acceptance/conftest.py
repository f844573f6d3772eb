"""Whatever a test lets a function do, its role has to allow; that the role allows nothing else is test_least_privilege.py's to prove."""

import pytest
from lab.privileges import calls_of_the_role
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
